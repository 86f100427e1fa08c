"""Files a messenger keeps: fetched after the turn, kept as the page's are, told about; none is lost by a power cut."""

import asyncio
import itertools
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import Connection, select

from bot.app import HANDLERS
from bot.channels.base import Capabilities, Inbound, Lost, Media
from bot.clock import FixedClock
from bot.errors import Throttled, Unavailable
from bot.files import MOST_BYTES, ORPHAN, Fetcher
from bot.questions import Photos, Text
from bot.routes import Routes
from messages.reply import Reply, _
from storage import files, outbox, requests
from storage.inbox import Event
from storage.sealing import unseal_json
from tests import town as towns
from tests.bot.channels.test_pictures import CARD, from_a_phone, photo, qr
from tests.provider import TestChannel
from tests.town import Databases, Person, Town

MOST_LOOKS = 1000


class Messenger(TestChannel):
    """The test channel with files at its provider."""

    on_trial = True
    capabilities = Capabilities(text_length=4096, buttons=8, attachments="separate", shares=frozenset({"phone"}))

    def __init__(self, store: "Store") -> None:
        super().__init__("http://127.0.0.1:1", self.capabilities)
        self.store = store

    def parse(self, raw: bytes) -> Inbound:
        said = json.loads(raw)
        media = tuple(Media(**each) for each in said.pop("media", ()))
        place = said.pop("place", None)
        return Inbound(**said, media=media, place=place and tuple(place))

    async def fetch(self, source: str, most: int) -> bytes:
        async with aiohttp.request("GET", f"{self.store.url}/{source}") as answer:
            if answer.status == 404:
                raise Lost(source)
            if answer.status == 429:
                raise Throttled(60)
            if answer.status != 200:
                raise Unavailable
            return await answer.read()


@dataclass
class Store:
    """A provider's files over HTTP on loopback; a number instead of bytes is the status of the answer."""

    kept: dict[str, bytes | int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def __post_init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()

    async def start(self) -> None:
        server = web.Application()
        server.add_routes([web.get("/{source}", self._give)])
        self._runner = web.AppRunner(server, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        self.open.set()
        await self._runner.cleanup()

    async def _give(self, request: web.Request) -> web.Response:
        source = request.match_info["source"]
        self.asked.append(source)
        await self.open.wait()
        found = self.kept.get(source, 404)
        return web.Response(status=found) if isinstance(found, int) else web.Response(body=found)


class Leads:
    """A sender that holds the lease, or does not."""

    def __init__(self, leading: bool = True) -> None:
        self.leading = leading


@dataclass
class Friend:
    """Somebody on the messenger."""

    town: Town
    store: Store
    chat: str = "lan"
    seen: int = 0
    text: str = ""
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def says(self, text: str) -> None:
        await self.does(kind="text", text=text)

    async def sends(self, kind: str, source: str, kept: bytes | int | None, text: str = "", **media: Any) -> None:
        """A file the provider has (None: it has lost it)."""
        if kept is not None:
            self.store.kept[source] = kept
        what = {"photo": "photo", "voice": "voice"}.get(kind, "file")
        await self.does(kind=kind, text=text, media=[{"source": source, "kind": what} | media])

    async def does(self, event_id: str = "", **event: Any) -> None:
        event_id = event_id or f"{self.chat}-{next(self._numbers)}"
        raw = json.dumps(event).encode()
        await self.town.service.dispatcher.accept(Event("test", "account", self.chat, self.chat, event_id, raw))
        await self.town._turned()
        await self.looks()

    async def looks(self) -> None:
        """What the chat was sent since."""
        rows = await self.town.read(sent_to, self.chat, self.seen)
        self.seen = max([self.seen, *(number for number, _text in rows)])
        self.text = "\n".join(text for _number, text in rows)

    async def hears(self, *fragments: str) -> None:
        """Wait for words that come by themselves, after those of the last message or with them."""
        heard = self.text
        for _look in range(MOST_LOOKS):
            if all(fragment in heard for fragment in fragments):
                await self.town._turned()
                return
            await asyncio.sleep(0.01)
            await self.looks()
            heard += self.text
        raise AssertionError(f"{fragments} is not in:\n{heard}")

    def sees(self, *fragments: str) -> None:
        for fragment in fragments:
            assert fragment in self.text, f"{fragment!r} is not in:\n{self.text}"


def sent_to(db: Connection, chat: str, after: int) -> list[tuple[int, str]]:
    table = outbox.outbox
    wanted = select(table.c.id, table.c.body).where(table.c.chat == chat, table.c.id > after).order_by(table.c.id)
    return [(row.id, unseal_json(db, row.body)["text"]) for row in db.execute(wanted)]


album = Routes()


@album.conversation("album", title=_("Go on"), words=("gửi ảnh",))
def send_album(ask: Any, find: Any) -> tuple[Any, ...]:
    pictures = ask(
        Photos("pictures", _("Please send a picture here, or type “xong” when there are no more."), at_most=1)
    )
    return Album(pictures, ask(Text("words", _("Please type your answer in words."))))


class Album(tuple):
    def __new__(cls, *parts: Any) -> "Album":
        return super().__new__(cls, parts)


@album.does(Album)
def keep_album(command: Album, turn: Any) -> Reply:
    return Reply(f"{len(command[0])} ảnh: {command[1]}")


class Handler:
    routes = album


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    made = Store()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture(params=("sqlite", "postgres"))
async def town(
    request: pytest.FixtureRequest, databases: Databases, store: Store, tmp_path: Path
) -> AsyncIterator[Town]:
    """The service with a messenger, whose files this process fetches."""
    url = await databases.fresh(request.param, tmp_path / "data")
    settings = towns.settings(tmp_path / "data", url)
    clock = FixedClock(towns.START)
    async with towns.running(settings, clock, channels=[Messenger(store)], handlers=[*HANDLERS, Handler]) as made:
        await lead(made)
        yield made
    if url:
        databases.drop(url)


async def lead(town: Town) -> None:
    """Fetch at once: a new holder of the lease waits for what an earlier one may have left."""
    await town.service.fetcher.stop(0)
    town.service.fetcher = another(town)
    town.service.dispatcher.on_files = town.service.fetcher.wake
    town.service.fetcher.start()


def another(town: Town, leading: bool = True) -> Fetcher:
    app, folder = town.app, town.settings.data_dir / "files"
    channels = [(channel, Leads(leading)) for channel in app.channels]
    return Fetcher(app.database, app.place, app.clock, folder, channels, town.service._worked)


@pytest.fixture
def friend(town: Town, store: Store) -> Friend:
    return Friend(town, store)


async def rows(town: Town) -> list[Any]:
    return await town.read(lambda db: db.execute(select(files.file).order_by(files.file.c.id)).all())


async def until(town: Town, holds: Callable[[list[Any]], bool]) -> list[Any]:
    """Wait for what the fetcher does; the rows of files."""
    for _look in range(MOST_LOOKS):
        found = await rows(town)
        if holds(found):
            await town._turned()
            return found
        await asyncio.sleep(0.01)
    raise AssertionError([(row.state, row.why, row.attempts) for row in found])


def settled(found: list[Any]) -> bool:
    return all(row.state != "new" for row in found)


def on_disk(town: Town) -> list[str]:
    folder = town.settings.data_dir / "files"
    return sorted(each.name for each in folder.iterdir()) if folder.exists() else []


async def with_a_person(friend: Friend) -> None:
    for words in ("0", "Ổ gà trước chợ", "bỏ qua"):
        await friend.says(words)


# --- what comes -------------------------------------------------------------------------------------------------------


async def test_a_picture_comes_after_its_turn_and_shows_on_the_card(town: Town, friend: Friend, store: Store) -> None:
    """The official reads that there is one at once, and sees it, without its place, as soon as it is here; a place on
    the map is words of the request.
    """
    official: Person = await towns.official(town)
    await with_a_person(friend)
    store.open.clear()
    await friend.sends("photo", "hole", from_a_phone(6), "Đây ạ")
    friend.sees("đã chuyển thêm lời này")
    await official.looks()
    card = [each for each in official.news if each["card"]][-1]
    assert "Người dân: Đây ạ (một tấm ảnh)" in card["text"]
    assert card["pictures"] == []
    store.open.set()
    (row,) = await until(town, settled)
    assert (row.state, row.kind, row.media_type, row.source) == ("fetched", "photo", "image/jpeg", None)
    raw = (town.settings.data_dir / "files" / row.name).read_bytes()
    assert raw.startswith(b"\xff\xd8")
    assert b"Phone of Hoa" not in raw
    await official.looks()
    assert [each for each in official.news if each["card"]][-1]["pictures"] == [row.name]
    async with town.http.get(f"/office/api/files/{row.name}", headers=official.headers) as answer:
        assert (answer.status, await answer.read()) == (200, raw)
    await friend.does(kind="location", place=[21.0278, 105.8342])
    await official.looks()
    official.sees("(một vị trí trên bản đồ: 21.0278, 105.8342, geo:21.0278,105.8342)")
    request = await town.read(lambda db: requests.messages(db, 1, 1))
    assert (request[-1].kind, request[-1].text) == ("location", "21.0278, 105.8342")


async def test_the_same_event_makes_one_row_however_often_it_comes(town: Town, friend: Friend, store: Store) -> None:
    """A turn that runs again, and a provider that repeats itself, find the row that is there."""
    for _time in range(3):
        store.kept["a"] = photo()
        await friend.does("same", kind="photo", media=[{"source": "a", "kind": "photo"}])
    await until(town, settled)

    def expected(db: Connection) -> None:
        who = ("test", "account", "lan", "lan")
        for source in ("first", "again"):
            files.expect(db, 1, "0" * 32, who, "photo", "image/jpeg", 0, "", source, town.clock.now())

    store.kept["first"] = photo()
    await town.write(expected)
    town.service.fetcher.wake()
    found = await until(town, lambda rows: len(rows) == 2 and settled(rows))
    assert {row.state for row in found} == {"fetched"}
    assert store.asked == ["a", "first"]


async def test_what_is_brought_twice_stays(town: Town, friend: Friend, store: Store) -> None:
    """A look that began before the last commit has the same file brought once more; its bytes are not thrown away."""
    store.open.clear()
    await friend.sends("photo", "hole", photo())
    (wanted,) = await town.read(files.waiting, 1, "test", "account", town.clock.now(), 4)
    store.open.set()
    await until(town, settled)
    fetcher, (channel,) = town.service.fetcher, town.app.channels
    await fetcher._settle(wanted, await fetcher._fetch(channel, wanted))
    assert on_disk(town) == [wanted.name]


async def test_whatever_is_sent_is_kept_or_refused_in_clear_words(town: Town, friend: Friend, store: Store) -> None:
    """Voice, video, papers are kept as they are; an identity card, nothing, too much, and what is gone are told."""
    await with_a_person(friend)
    await friend.sends("voice", "ogg", b"OggS sound", media_type="audio/ogg")
    await friend.sends("file", "mp4", b"\0\0\0\x18ftypisom video", media_type="video/mp4", size=22)
    await friend.sends("file", "pdf", b"%PDF-1.7", media_type="application/pdf", title="đơn.pdf")
    await friend.sends("file", "scan", photo(kind="PNG"), media_type="image/png")
    found = await until(town, settled)
    assert [(row.kind, row.state) for row in found] == [
        ("voice", "fetched"), ("file", "fetched"), ("file", "fetched"), ("photo", "fetched"),
    ]  # fmt: skip
    assert (await town.read(files.get, 1, found[2].name)).title == "đơn.pdf"
    assert len(on_disk(town)) == 4
    await friend.sends("photo", "card", qr(CARD))
    await friend.hears("Đây có vẻ là ảnh thẻ căn cước.", "xóa luôn tấm ảnh ấy trong khung trò chuyện")
    await friend.sends("photo", "heic", b"\0\0\0\x18ftypheic" + b"\0" * 200)
    await friend.hears("chụp màn hình ảnh đó rồi gửi lại")
    await friend.sends("file", "empty", b"")
    await friend.hears("Tệp này không có gì bên trong.")
    await friend.sends("photo", "gone", None)
    await friend.hears("Xin lỗi ông/bà, ảnh hoặc tệp vừa gửi chưa đến nơi.", "hoặc mang tới: Trung tâm Phục vụ")
    await friend.sends("file", "film", b"", size=30_000_000)
    friend.sees("Tệp này lớn hơn 20 MB.")
    await friend.sends("file", "longer", b"x" * (MOST_BYTES + 1))
    await friend.hears("Tệp này lớn hơn 20 MB.", "Nơi nhận trực tiếp: Trung tâm")
    found = await until(town, settled)
    assert [(row.state, row.why) for row in found[4:]] == [
        ("refused", "card"), ("refused", "unopenable"), ("refused", "empty"), ("lost", "gone"), ("lost", "large"),
        ("refused", "large"),
    ]  # fmt: skip
    assert len(on_disk(town)) == 4
    assert "film" not in store.asked
    official = await towns.official(town)
    await official.says("/hangdoi")
    await official.taps("Mở số 1")
    assert official.text.count("(một tệp chưa đến nơi)") == 6


async def test_a_talk_goes_on_and_asks_again_for_what_did_not_come(town: Town, friend: Friend, store: Store) -> None:
    """The next question is there while the picture is on its way; one that is refused is asked for anew, with her other
    answers kept; a talk may end before its picture is here.
    """
    store.open.clear()
    await friend.says("gửi ảnh")
    await friend.sends("photo", "card", qr(CARD))
    friend.sees("Xin ông/bà gõ câu trả lời bằng chữ ạ.")
    store.open.set()
    await friend.hears("ảnh thẻ căn cước", "Xin ông/bà gửi ảnh")
    store.open.clear()
    await friend.sends("photo", "fine", photo())
    town.clock.advance(timedelta(seconds=1))
    await friend.says("xong việc")
    friend.sees("1 ảnh: xong việc")
    store.open.set()
    assert [row.state for row in await until(town, settled)] == ["refused", "fetched"]
    await friend.looks()
    assert friend.text == ""


# --- what goes wrong --------------------------------------------------------------------------------------------------


async def test_a_provider_that_is_away_is_tried_again_for_a_day(town: Town, friend: Friend, store: Store) -> None:
    """Later each time, as the provider asks; what comes back is kept, what stays away a day is lost and she is told."""
    await friend.sends("photo", "later", 503)
    (row,) = await until(town, lambda rows: rows[0].attempts == 1)
    assert row.not_before == town.clock.now() + timedelta(seconds=1)
    store.kept["later"] = 429
    await look(town, 1)
    (row,) = await until(town, lambda rows: rows[0].attempts == 2)
    assert row.not_before == town.clock.now() + timedelta(seconds=60)
    store.kept["later"] = photo()
    await look(town, 59)
    assert store.asked == ["later", "later"]
    await look(town, 1)
    assert (await until(town, settled))[0].state == "fetched"
    await friend.sends("photo", "never", 503)
    await until(town, lambda rows: rows[1].attempts == 1)
    await look(town, 86_400)
    await friend.hears("chưa đến nơi")
    assert (await rows(town))[1].why == "away"


async def look(town: Town, seconds: float) -> None:
    town.clock.advance(timedelta(seconds=seconds))
    await town.service.fetcher.look()
    await asyncio.sleep(0.05)


async def test_a_power_cut_in_the_middle_loses_nothing(town: Town, friend: Friend, store: Store) -> None:
    """Cut while it is being fetched, or when its bytes were written and the row was not: it is fetched again."""
    store.open.clear()
    await friend.sends("photo", "a", photo())
    for _look in range(MOST_LOOKS):
        if store.asked:
            break
        await asyncio.sleep(0.01)
    await cut(town.service.fetcher)
    (row,) = await rows(town)
    assert row.state == "new"
    folder = town.settings.data_dir / "files"
    folder.mkdir(exist_ok=True)
    (folder / row.name).write_bytes(b"written, and nobody knows")
    (folder / f"{row.name}.part").write_bytes(b"half")
    await lead(town)
    store.open.set()
    assert (await until(town, settled))[0].state == "fetched"
    assert (folder / row.name).read_bytes().startswith(b"\xff\xd8")
    assert on_disk(town) == [row.name]


async def cut(fetcher: Fetcher) -> None:
    """End as a power cut does: nothing in hand is recorded."""
    for task in (*fetcher._tasks, *fetcher._flying.values()):
        task.cancel()
    await asyncio.gather(*fetcher._tasks, *fetcher._flying.values(), return_exceptions=True)


async def test_only_the_holder_of_the_lease_fetches(town: Town, friend: Friend, store: Store) -> None:
    """Another process looks and leaves it."""
    await town.service.fetcher.stop(0)
    await friend.sends("photo", "a", photo())
    follower = another(town, leading=False)
    await follower.look()
    await follower.stop(1)
    assert store.asked == []
    assert [row.state for row in await rows(town)] == ["new"]


async def test_bytes_of_the_forgotten_and_of_nobody_are_deleted(town: Town, friend: Friend, store: Store) -> None:
    """Erased files go from the disk and then from the table, one that comes too late too; so does what has no row."""
    await friend.sends("photo", "a", photo())
    (kept,) = await until(town, settled)
    store.open.clear()
    await friend.sends("photo", "b", photo())
    await town.write(files.erase, 1, "test", "account", "lan", [kept.name])
    assert on_disk(town) == [kept.name]
    store.open.set()
    await until(town, lambda rows: not town.service.fetcher._flying)
    assert on_disk(town) == [kept.name]
    assert await town.write(files.erase, 1, "test", "account", "lan") == [kept.name]
    folder = town.settings.data_dir / "files"
    old = time.time() - ORPHAN - 1
    for name in ("e" * 32, "f" * 32 + ".part", "notes.txt"):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (old, old))
    (folder / ("d" * 32)).write_bytes(b"")
    await town.service.fetcher.sweep()
    await town.service.fetcher.tidy()
    assert await rows(town) == []
    assert on_disk(town) == ["d" * 32, "notes.txt"]
