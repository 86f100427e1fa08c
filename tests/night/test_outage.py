"""The database is away, the disk is full, a handler fails, bytes are broken: nothing accepted is missing afterwards."""

import asyncio
import contextlib
import re
import sqlite3
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, text

from bot.clock import Clock
from bot.commands.inbox import inbox as inbox_command
from storage import inbox
from tests import town as towns
from tests.conftest import BOTH
from tests.night import handler
from tests.telegram_server import TelegramServer
from tests.town import Databases, Looker, Person, Town


class Proxy:
    """A door to PostgreSQL on loopback that can be shut, with everybody in it."""

    def __init__(self) -> None:
        self.port = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._passing: set[asyncio.Task[None]] = set()

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._passing.add(task)
        try:
            behind, ahead = await asyncio.open_connection("127.0.0.1", 5432)
            self._open |= {writer, ahead}
            with contextlib.suppress(OSError):
                await asyncio.gather(self._pump(reader, ahead), self._pump(behind, writer))
            self._open -= {writer, ahead}
            writer.transport.abort()
            ahead.transport.abort()
        finally:
            self._passing.discard(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()


class Outage:
    """A town whose database can be away: behind a shut door (PostgreSQL), or held by somebody else (SQLite)."""

    def __init__(self, town: Town, proxy: Proxy | None) -> None:
        self.town, self._proxy = town, proxy
        self._holder: sqlite3.Connection | None = None

    async def begin(self) -> None:
        if self._proxy is not None:
            await self._proxy.cut()
            return
        file = self.town.settings.data_dir / "gandan.db"
        self._holder = sqlite3.connect(file, isolation_level=None, timeout=30)
        self._holder.execute("BEGIN EXCLUSIVE")

    async def end(self) -> None:
        if self._proxy is not None:
            await self._proxy.mend()
        elif self._holder is not None:
            self._holder.rollback()
            self._holder.close()
            self._holder = None


@asynccontextmanager
async def real_time_town(
    databases: Databases,
    kind: str,
    folder: Path,
    proxy: Proxy | None,
    telegram: TelegramServer | None = None,
    **more: str,
) -> AsyncIterator[Town]:
    data = folder / "data"
    url = await databases.fresh(kind, data)
    handler.prepare(data, url)
    if proxy is not None:
        await proxy.mend()
    through = url.replace(":5432", f":{proxy.port}") if proxy is not None else url
    settings = towns.settings(data, through, **more)
    # The test itself looks past the proxy, which runs on the same loop and so could not let it through.
    looker = Looker(settings, partial(databases.connection, url)) if url else None
    town = Town(settings, Clock(), handlers=handler.HANDLERS, telegram=telegram, looker=looker)
    await town.start()
    if not url:  # whoever waits for SQLite's lock waits five seconds; here a tenth of that will do
        event.listen(town.app.database.engine, "connect", _be_impatient)
        await town.write(lambda db: db.exec_driver_sql("PRAGMA busy_timeout=500"))
    try:
        yield town
    finally:
        await town.stop()
        if proxy is not None:
            await proxy.cut()


def _be_impatient(raw: Any, _record: Any = None) -> None:
    raw.execute("PRAGMA busy_timeout=500")


@pytest.fixture(params=BOTH)
async def outage(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[Outage]:
    """A town on the real clock, and a way to take its database away."""
    proxy = Proxy() if request.param == "postgres" else None
    async with real_time_town(databases, request.param, tmp_path, proxy) as town:
        made = Outage(town, proxy)
        try:
            yield made
        finally:
            await made.end() if made._holder is not None else None


@pytest.fixture(params=BOTH)
async def night_town(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[Town]:
    """A town on the real clock, with the routes of the night."""
    async with real_time_town(databases, request.param, tmp_path, None) as town:
        yield town


async def effects(town: Town) -> list[str]:
    def read(db: Any) -> list[str]:
        return list(db.execute(select(handler.effect.c.what).order_by(handler.effect.c.id)).scalars())

    return await town.read(read)


async def settled(town: Town) -> None:
    """Wait until nothing is left in the inbox, lanes that were made to wait included."""
    async with asyncio.timeout(60):
        while await town.read(inbox.waiting):  # noqa: ASYNC110  # lanes wait by the clock
            await asyncio.sleep(0.05)
    await town.settle()


def message(words: str, **more: Any) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "kind": "text", "text": words} | more


async def send(person: Person, body: dict[str, Any]) -> tuple[int, str | None]:
    """One POST: its status and Retry-After."""
    async with person.town.http.post(f"{person.base}/messages", json=body, headers=person.headers) as answer:
        await answer.read()
        return answer.status, answer.headers.get("Retry-After")


async def insist(person: Person, body: dict[str, Any]) -> int:
    """Repeat a message until it is accepted, as the page does; how often it was refused."""
    for refused in range(1000):
        status, _wait = await send(person, body)
        if status == 200:
            return refused
        assert status == 503
        await asyncio.sleep(0.1)
    raise AssertionError("never accepted")


# --- away -------------------------------------------------------------------------------------------------------------


async def test_while_the_database_is_away_messages_wait_and_then_arrive_in_order(outage: Outage) -> None:
    """A message gets 503 with Retry-After, /healthz says 503, the page repeats, and all arrive once and in order."""
    town = outage.town
    person = await towns.villager(town)
    await insist(person, message("/viec 0"))
    await settled(town)
    await outage.begin()
    first = message("/viec 1")
    assert await send(person, first) == (503, "2")
    async with town.http.get("/healthz") as answer:
        assert answer.status == 503
    waiting = asyncio.create_task(insist(person, first))
    await asyncio.sleep(0.3)
    await outage.end()
    await waiting
    for number in range(2, 6):
        await insist(person, message(f"/viec {number}"))
    await settled(town)
    assert await effects(town) == [str(number) for number in range(6)]
    async with town.http.get("/healthz") as answer:
        assert answer.status == 200
    await person.looks()
    person.sees(*(f"Việc {number} đã ghi." for number in range(6)))


async def test_a_stranger_who_comes_during_the_outage_gets_503_and_is_served_later(outage: Outage) -> None:
    """Opening a page, and a look with a session that this process has not seen, get 503 and not an error."""
    town = outage.town
    person = await towns.villager(town)
    await outage.begin()
    async with town.http.post("/api/session", json={}) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
    if town.app.database.postgres:  # SQLite goes on reading while somebody else writes
        async with town.http.get("/api/updates", headers=person.headers) as answer:
            assert answer.status == 503
    await outage.end()
    await insist(await towns.villager(town), message("/viec sau"))
    await settled(town)
    assert await effects(town) == ["sau"]


async def test_turns_in_hand_when_the_database_goes_away_happen_once_later(outage: Outage) -> None:
    """Accepted messages of six villagers whose turns the outage cuts short are each done once, in order."""
    town = outage.town
    people = [await towns.villager(town) for _person in range(6)]
    for number in range(3):
        for at, person in enumerate(people):
            await insist(person, message(f"/cham {at}.{number}"))
    await outage.begin()
    await asyncio.sleep(0.5)
    await outage.end()
    await settled(town)
    done = await effects(town)
    assert sorted(done) == sorted(f"{at}.{number}" for at in range(6) for number in range(3))
    assert all([what for what in done if what[0] == str(at)] == [f"{at}.{n}" for n in range(3)] for at in range(6))


@pytest.mark.parametrize(("kind", "mode"), [("sqlite", "poll"), ("sqlite", "webhook"), ("postgres", "poll")])
async def test_while_the_database_is_away_telegram_keeps_what_is_said(
    databases: Databases, tmp_path: Path, kind: str, mode: str
) -> None:
    """Nothing is confirmed before it is stored: what was said meanwhile comes again, in order, and acts once."""
    proxy = Proxy() if kind == "postgres" else None
    async with TelegramServer() as server:
        more = {"TELEGRAM_BOT_TOKEN": server.token, "TELEGRAM_API_URL": server.url, "TELEGRAM_MODE": mode}
        more |= {"PUBLIC_URL": towns.PUBLIC} if mode == "webhook" else {}
        async with real_time_town(databases, kind, tmp_path, proxy, server, **more) as town:
            hoa, outage = server.user(7001), Outage(town, proxy)
            hoa.says("/viec 0")
            await town.settle()
            await outage.begin()
            for number in range(1, 4):
                hoa.says(f"/viec {number}")
            await asyncio.sleep(0.3)
            assert len(server.bot.waiting()) == 3
            await outage.end()
            await server.until(lambda: len(hoa.chat.texts) == 4)
            assert hoa.chat.texts == [f"Việc {number} đã ghi." for number in range(4)]
            assert await effects(town) == [str(number) for number in range(4)]


# --- the disk is full -------------------------------------------------------------------------------------------------


@contextmanager
def full_disk(town: Town) -> Iterator[None]:
    """Let no later connection of the writer make the database any larger (SQLite: never below what it has)."""

    def limit(raw: Any, _record: Any = None) -> None:
        raw.execute("PRAGMA max_page_count=1")

    event.listen(town.app.database.engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(town.app.database.engine, "connect", limit)


async def test_on_a_full_disk_nothing_acknowledged_is_missing(databases: Databases, tmp_path: Path) -> None:
    """What is accepted while the disk is full is done once there is space; what is not accepted is told so (503)."""
    async with real_time_town(databases, "sqlite", tmp_path, None) as town:
        person = await towns.villager(town)
        with full_disk(town):
            await town.write(lambda db: db.exec_driver_sql("PRAGMA max_page_count=1"))
            bodies = [message(f"/viec {number}") | {"pad": "x" * 3000} for number in range(120)]
            refused = [body for body in bodies if (await send(person, body))[0] == 503]
            assert refused
        await town.write(lambda db: db.exec_driver_sql("PRAGMA max_page_count=4294967294"))
        await settled(town)
        accepted = [body["text"].removeprefix("/viec ") for body in bodies if body not in refused]
        assert await effects(town) == accepted
        for body in refused:
            await insist(person, body)
        await settled(town)
        assert await effects(town) == accepted + [body["text"].removeprefix("/viec ") for body in refused]


# --- a failing handler, broken bytes ----------------------------------------------------------------------------------


@pytest.fixture
def _broken() -> Iterator[None]:
    handler.broken.add("kẹt")
    yield
    handler.broken.clear()


@pytest.mark.usefixtures("_broken")
async def test_a_failing_handler_gives_a_reference_and_hinders_nobody(night_town: Town) -> None:
    """She reads a reference code that the operator's list shows too; her lane and the others go on, and a replay does
    what failed, once."""
    town = night_town
    person, other = await towns.villager(town), await towns.villager(town)
    await insist(person, message("/hong kẹt"))
    await insist(person, message("/viec của tôi"))
    await insist(other, message("/viec của người khác"))
    await settled(town)
    await person.looks()
    reference = re.search(r"[A-Z2-9]{4,}", person.text.split("kẹt")[0])
    assert reference is not None
    assert "Xin lỗi" in person.text
    assert sorted(await effects(town)) == ["của người khác", "của tôi"]
    said: list[str] = []
    await inbox_command(town.app, {}, said.append)
    line = next(line for line in said if reference[0] in line)
    handler.broken.clear()
    number = int(line.split()[0])
    assert await inbox_command(town.app, {"action": "replay", "id": number}, said.append) == 0
    assert await inbox_command(town.app, {"action": "replay", "id": number}, said.append) == 1
    await settled(town)
    assert sorted(await effects(town)) == ["của người khác", "của tôi", "kẹt"]


@pytest.mark.usefixtures("_broken")
async def test_a_replayed_event_never_answers_a_confirm(night_town: Town) -> None:
    """The words "có", sent again by an operator, do not say yes to a Confirm that is open by then."""
    town = night_town
    person = await towns.villager(town)
    await insist(person, message("có"))  # an event whose words would agree
    await settled(town)
    event_id = await town.read(lambda db: db.execute(text("SELECT max(id) FROM inbox")).scalar_one())
    await town.write(
        lambda db: db.execute(text(f"UPDATE inbox SET state = 'failed', reference = 'X' WHERE id = {event_id}"))
    )
    await insist(person, message("/don"))
    await insist(person, message("mái nhà dột"))
    await settled(town)
    assert await inbox_command(town.app, {"action": "replay", "id": event_id}, lambda _line: None) == 0
    await settled(town)
    assert await effects(town) == []
    await person.looks()
    assert person.text.rstrip().endswith("Gửi đơn này?")
    await insist(person, message("có"))
    await settled(town)
    assert await effects(town) == ["mái nhà dột"]


async def test_broken_bytes_stop_nothing_and_are_kept(night_town: Town) -> None:
    """A NUL, a lone surrogate and broken JSON among good messages: the good ones are answered, the broken are kept."""
    town = night_town
    person = await towns.villager(town)
    odd = [
        b'{"id":"00000001-aaaa","kind":"text","text":"a\\u0000b \\ud800 c"}',
        b'{"id":"00000002-aaaa","kind":"tap","text":"\\udfff","token":"\\u0000\\ud800"}',
    ]
    broken = [b'{"id":"00000003-aaaa","kind":"te', b'{"id":"\\u0000\\ud800","kind":"text"}', b"\xff\xfe\x00", b"[]"]

    async def post(raw: bytes) -> int:
        async with town.http.post("/api/messages", data=raw, headers=person.headers) as answer:
            return answer.status

    good = [message(f"/viec {number}") for number in range(6)]
    sent = [asyncio.create_task(post(raw)) for raw in [*odd, *broken]]
    assert [await insist(person, body) for body in good] == [0] * 6
    assert [await task for task in sent] == [200] * 2 + [400] * 4
    await settled(town)
    assert await effects(town) == [str(number) for number in range(6)]
    failed = await town.read(inbox.failed, 1)
    assert len([row for row in failed if row.lane_id is None]) == len(broken)
    assert len(failed) == len(broken)
