"""Messages over the web channel: durable, once, whatever their letters; shown by poll and by socket until known."""

import asyncio
import json
import unicodedata
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from bot.turn import OFFICE_CHAT, Address, Work
from messages.reply import Button, Reply
from storage.inbox import inbox
from storage.outbox import outbox
from storage.sealing import unseal
from tests import town as towns
from tests.bot.channels.desk import ask, stored, vietnamese
from tests.town import Person, Town

pytestmark = pytest.mark.web_only("the page itself")

UUID = "3f0c1a52-77aa-4d0e-9a54-0d2f6f6a1b11"


@pytest.fixture
async def town(steady_town: Town) -> Town:
    return steady_town


@pytest.fixture
async def citizen(town: Town) -> Person:
    return await towns.villager(town)


async def chat_of(person: Person) -> str:
    token = person.headers.get("X-Session") or person.headers["Cookie"].partition("=")[2]
    return (await person.town.service.web.door.find(token)).chat


async def states(town: Town, chat: str) -> list[str]:
    """The states of all that was ever queued for a chat."""
    return await town.read(
        lambda db: list(db.execute(select(outbox.c.state).where(outbox.c.chat == chat).order_by(outbox.c.id)).scalars())
    )


async def until(true: Any) -> None:
    """Wait for what happens by itself."""
    for _look in range(500):
        if await true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never happened")


async def frame(socket: aiohttp.ClientWebSocketResponse) -> list[dict[str, Any]]:
    """The messages of the next frame."""
    return (await asyncio.wait_for(socket.receive_json(), 15))["messages"]


async def opened(person: Person, after: int = 0) -> aiohttp.ClientWebSocketResponse:
    """A socket as the page opens it, ready."""
    socket = await person.town.http.ws_connect(f"{person.base}/socket", headers=person.headers)
    await socket.send_json({"session": person.headers.get("X-Session"), "after": after})
    assert (await socket.receive_json())["ready"]
    return socket


# --- receiving --------------------------------------------------------------------------------------------------------


async def test_a_message_is_stored_before_it_is_acknowledged(town: Town, citizen: Person) -> None:
    """When 200 is read, the row is there for every other connection."""
    for count in range(1, 6):
        assert (await citizen.post({"kind": "text", "text": "chào"}))[0] == 200
        assert await stored(town) == count


async def test_the_same_id_has_one_effect(town: Town, citizen: Person) -> None:
    """Repeated in parallel, later, with other words, and after a restart: 200 each time, one row, one answer."""
    body = {"kind": "text", "text": "Mấy giờ mở cửa?"}
    answers = await asyncio.gather(*(citizen.post(body, UUID) for _each in range(5)))
    assert {status for status, _body in answers} == {200}
    await town.settle()
    assert (await citizen.post(body | {"text": "khác"}, UUID))[0] == 200
    await town.restart()
    assert (await citizen.post(body, UUID))[0] == 200
    await town.settle()
    assert await stored(town) == 1
    await citizen.looks()
    assert len(citizen.news) == 1


BROKEN = (
    b"", b"nonsense", b"{", b"[]", b'"text"', b"null", b"\xff\xfe\x00", b"[" * 60_000, b'{"a":' * 10_000,
    b'{"kind": "text", "text": "khong co id"}',
    b'{"id": 17, "kind": "text", "text": "x"}',
    b'{"id": "internal:talk:1", "kind": "text", "text": "x"}',
    b'{"id": "' + b"a" * 65 + b'", "kind": "text"}',
    *(json.dumps({"id": UUID, "text": "x"} | kind).encode() for kind in ({}, {"kind": "internal"}, {"kind": ["text"]})),
)  # fmt: skip


async def test_what_cannot_be_read_is_kept_and_stops_nobody(town: Town, citizen: Person) -> None:
    """400 with a sentence, the bytes kept as failed (once), and the next message has its turn."""
    for raw in BROKEN:
        for _twice in range(2):
            status, body, _headers = await ask(town, "POST", "/api/messages", data=raw, headers=citizen.headers)
            assert status == 400, raw[:60]
            assert vietnamese(body["error"])
    kept = await town.read(lambda db: [unseal(db, each) for each in db.execute(select(inbox.c.raw)).scalars()])
    assert sorted(kept) == sorted(BROKEN)
    assert await stored(town, "failed") == len(BROKEN)
    await citizen.says("Mấy giờ mở cửa?")
    citizen.sees("thứ Hai")


STRANGE = (
    "a\0b", "\ud800", "\udfff lẻ", "😀👨‍👩‍👧🇻🇳", "a" * 5000, "\u202eđảo\u202c", "\u200b", " ", "", "\n\n", "<b>&amp;",
    "#", "#a:", "#1.x=y", "/", "//", "/ 0", "٣", "9" * 23,
)  # fmt: skip


async def test_strange_letters_are_answered(town: Town) -> None:
    """NUL, lone surrogates, emoji, 5,000 letters, nothing at all: accepted, answered, nothing failed."""
    for words in STRANGE:
        citizen = await towns.villager(town)
        await citizen.says(words)
        assert citizen.text, words[:60]
        citizen.sees_not("trục trặc")
    assert await stored(town, "failed") == 0


async def test_strange_letters_reach_the_office_whole(town: Town, citizen: Person) -> None:
    """What can be shown arrives as she wrote it, composed or not; what cannot be stored is left out."""
    await citizen.says("0")
    await citizen.says(unicodedata.normalize("NFD", "Giấy khai sinh của cháu") + "\0 😀 \ud800 " + "đ" * 300)
    await citizen.says("bỏ qua")
    official = await towns.official(town)
    await official.looks()
    official.sees("Giấy khai sinh của cháu", "😀", "đ" * 300)
    official.sees_not("\0", "\ud800")


async def test_decomposed_letters_are_the_same_words(citizen: Person) -> None:
    """A phone that writes NFD is understood."""
    await citizen.says(unicodedata.normalize("NFD", "Hồ sơ của tôi xong chưa?"))
    citizen.sees("gõ mã hồ sơ")


async def test_unknown_fields_are_ignored(town: Town, citizen: Person) -> None:
    """A newer page may send more than this server knows, and nonsense where words belong."""
    await citizen.does(kind="text", text="Mấy giờ mở cửa?", later={"a": [1]}, shared=None)
    citizen.sees("thứ Hai")
    await citizen.does(kind="text", text=["x"], token={"a": 1}, files="x")
    await citizen.does(kind="photo", files=[1, None, "../../etc/passwd", "x" * 10_000, "\0"])
    assert await stored(town, "failed") == 0


async def test_each_chat_is_its_own(town: Town, citizen: Person) -> None:
    """What is said to one villager is shown to no other, and no other can acknowledge it."""
    other = await towns.villager(town)
    assert (await citizen.post({"kind": "start"}))[0] == 200
    await town.settle()
    await other.looks()
    assert other.heard == []
    ids = ",".join(str(number) for number in range(1, 50))
    await ask(town, "GET", f"/api/updates?ack={ids}", headers=other.headers)
    assert await states(town, await chat_of(citizen)) == ["queued"]


# --- showing: the poll ------------------------------------------------------------------------------------------------


async def test_a_poll_waits_and_is_woken(town: Town, citizen: Person) -> None:
    """A poll that finds nothing waits, and returns with the answer as soon as there is one."""
    poll = asyncio.create_task(ask(town, "GET", "/api/updates?wait=25", headers=citizen.headers))
    await until(lambda: _watched(town, citizen))
    assert not poll.done()
    await citizen.post({"kind": "start"})
    messages = (await asyncio.wait_for(poll, 15))[1]["messages"]
    assert len(messages) == 1


async def _watched(town: Town, person: Person) -> bool:
    return await chat_of(person) in town.service.hub._waiting


async def test_a_nonsense_cursor_is_the_beginning(town: Town, citizen: Person) -> None:
    """Whatever stands in the query, the page is answered, and what it has not acknowledged is shown."""
    await citizen.post({"kind": "start"})
    await town.settle()
    for query in ("after=x&wait=-1&ack=,,x", f"after={'9' * 20}", "after=&wait=0", f"ack={2**63}", "ack=٣"):
        status, body, _headers = await ask(town, "GET", f"/api/updates?{query}", headers=citizen.headers)
        assert status == 200, query
        assert len(body["messages"]) == 1, query


async def test_a_message_is_shown_until_it_is_acknowledged(town: Town, citizen: Person) -> None:
    """Unacknowledged it comes again with the same id, also below the cursor; then it is `sent`, and only the past."""
    await citizen.post({"kind": "start"})
    await town.settle()
    first, second = [
        (await ask(town, "GET", f"/api/updates?after={after}", headers=citizen.headers))[1]["messages"]
        for after in (0, 1_000_000)
    ]
    assert [each["id"] for each in first] == [each["id"] for each in second]
    number = first[0]["id"]
    await ask(town, "GET", f"/api/updates?after={number}&ack={number}", headers=citizen.headers)
    assert await states(town, await chat_of(citizen)) == ["sent"]
    later = await ask(town, "GET", f"/api/updates?after={number}", headers=citizen.headers)
    assert later[1]["messages"] == []
    reload = await ask(town, "GET", "/api/updates?after=0", headers=citizen.headers)
    assert [each["id"] for each in reload[1]["messages"]] == [number]


async def test_a_stale_answer_is_not_shown(town: Town, citizen: Person) -> None:
    """An answer nobody fetched for a day would only confuse."""
    await citizen.post({"kind": "start"})
    await town.settle()
    await town.later(hours=25)
    await citizen.looks()
    assert citizen.news == []
    assert await states(town, await chat_of(citizen)) == ["dropped"]


# --- showing: the socket ----------------------------------------------------------------------------------------------


async def test_a_socket_is_pushed_to(town: Town, citizen: Person) -> None:
    """An answer arises and is pushed; the page's acknowledgement makes it `sent`."""
    chat = await chat_of(citizen)
    socket = await opened(citizen)
    await citizen.post({"kind": "start"})
    messages = await frame(socket)
    assert len(messages) == 1
    assert await states(town, chat) == ["queued"]
    await socket.send_json({"ack": [each["id"] for each in messages]})

    async def sent() -> bool:
        return await states(town, chat) == ["sent"]

    await until(sent)
    await socket.close()


async def test_a_new_socket_gets_the_rest(town: Town, citizen: Person) -> None:
    """After a break it brings what is after the cursor, and again what was not acknowledged, under the same id."""
    socket = await opened(citizen)
    await citizen.post({"kind": "start"})
    known = (await frame(socket))[0]["id"]
    await socket.send_json({"ack": [known]})
    await citizen.post({"kind": "text", "text": "Mấy giờ mở cửa?"})
    lost = (await frame(socket))[0]["id"]
    await socket.close()
    await citizen.post({"kind": "text", "text": "/canhan"})
    await town.settle()
    again = await opened(citizen, after=known)
    found = [each["id"] for each in await frame(again) if each["id"] != known]  # PostgreSQL looks back a little
    assert found[0] == lost
    assert len(found) == 2
    await again.close()
    beyond = await opened(citizen, after=found[-1])  # read, never acknowledged: it comes a second time
    assert [each["id"] for each in await frame(beyond) if each["id"] != known] == found
    await beyond.close()


async def test_nonsense_in_a_socket_hurts_only_itself(town: Town, citizen: Person) -> None:
    """Frames that are not ours are ignored or end that socket; the page comes back and gets its answers."""
    for said in ("nonsense", "[]", '{"ack": 5}', '{"ack": ["x", null, 1.5]}', '{"other": 1}', '{"ack": [-1, 0, true]}'):
        socket = await opened(citizen)
        await socket.send_str(said)
        await socket.close()
    await citizen.says("Mấy giờ mở cửa?")
    citizen.sees("thứ Hai")


async def test_what_is_held_back_appears_when_it_is_due(town: Town, citizen: Person) -> None:
    """A message with a later time is not shown before; then it is pushed by itself."""
    chat = await chat_of(citizen)
    later = town.clock.now() + towns.timedelta(seconds=60)
    address = Address("web", "", chat, chat)
    await town.write(
        lambda db: Work(db, town.app.place, town.clock.now()).send(address, Reply("Giữ lại"), not_before=later)
    )
    await citizen.looks()
    assert citizen.news == []
    socket = await opened(citizen)
    town.clock.advance(towns.timedelta(seconds=61))
    messages = await frame(socket)
    assert [each["text"] for each in messages] == ["Giữ lại"]
    assert messages[0]["at"].startswith(later.isoformat()[:19])
    await socket.close()


async def test_pages_are_told_to_come_back_when_the_service_stops(town: Town, citizen: Person) -> None:
    """A restart closes the sockets with 1012, which the page takes as "in a moment"."""
    socket = await opened(citizen)
    await town.service.web.close()
    closed = await asyncio.wait_for(socket.receive(), 10)
    assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1012)


# --- the office -------------------------------------------------------------------------------------------------------


def card(words: str) -> Reply:
    return Reply("Việc 7", words, card="request:7", buttons=(Button("Nhận", "#take:7"),))


async def post_card(town: Town, words: str) -> None:
    await town.write(lambda db: Work(db, town.app.place, town.clock.now()).send(OFFICE_CHAT, card(words)))


async def test_the_stream_is_shown_to_every_official_and_never_sent(town: Town) -> None:
    """A card reaches each official's page, whoever acknowledged it before; it stays queued."""
    clerk, other = await towns.official(town), await towns.official(town, "Hoàng Đức Lâm")
    await post_card(town, "mới")
    for person in (clerk, other):
        await person.looks()
        person.sees("Việc 7", "mới")
        assert person.news[0]["card"] == "request:7"
    socket = await opened(other)
    shown = await frame(socket)
    await socket.send_json({"ack": [each["id"] for each in shown]})
    await socket.close()
    assert await states(town, "office") == ["queued"]
    late = await towns.official(town, "Lường Quang Mộc")
    await late.looks()
    late.sees("Việc 7")


async def test_only_the_newest_state_of_a_card_is_shown(town: Town) -> None:
    """Whoever opens the page late sees a card once, as it is now."""
    official = await towns.official(town)
    await post_card(town, "mới")
    await official.looks()
    await post_card(town, "đã nhận")
    await post_card(town, "đã trả lời")
    await official.looks()
    assert [each["text"].splitlines()[-1] for each in official.news] == ["đã trả lời"]
    late = await towns.official(town, "Lường Quang Mộc")
    await late.looks()
    assert [each["card"] for each in late.news] == ["request:7"]
    assert await states(town, "office") == ["dropped", "dropped", "queued"]


async def test_a_villager_sees_nothing_of_the_office(town: Town, citizen: Person) -> None:
    """The officials' stream is not among what a villager's box asks for, whatever it asks."""
    await post_card(town, "mới")
    for query in ("", "?after=0", "?chat=office", "?account=office"):
        found = await ask(town, "GET", f"/api/updates{query}", headers=citizen.headers | {"X-Office": "1"})
        assert found[1]["messages"] == []


async def test_a_message_has_all_its_parts(town: Town, citizen: Person) -> None:
    """The shape the pages are written against."""
    await citizen.opens()
    assert set(citizen.news[0]) == {
        "id", "at", "text", "buttons", "signature", "clock", "card", "replaces", "gone", "pictures", "documents",
        "sounds", "loud", "secret",
    }  # fmt: skip
