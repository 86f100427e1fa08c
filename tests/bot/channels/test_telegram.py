"""What leaves for Telegram, and what becomes of it; files both ways; signs; and that the token is never told."""

import io
import logging
import re
import traceback
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from PIL import Image
from sqlalchemy import Connection

from bot.channels import telegram
from bot.channels.base import Lost
from bot.channels.telegram import Telegram
from bot.channels.telegram_receive import Patience
from bot.channels.telegram_request import Refused, Wire, result
from bot.channels.telegram_words import COMMANDS, GROUP_COMMANDS
from bot.errors import Gone, NeedsPerson, Rejected, SendError, Throttled, Unavailable, Uncertain, Unreachable
from messages import render
from storage import files
from tests.bot.channels.telegram_desk import CATALOGS, NOW, SECRET, Desk, desk, eventually
from tests.logged import logged
from tests.telegram_server import (
    BLOCKED,
    BROKEN,
    CUT,
    DEACTIVATED,
    DROP,
    GATEWAY,
    HANG,
    KICKED,
    Plan,
    Request,
    TelegramServer,
    bad,
    throttle,
)
from tests.telegram_world import Refusal, User

HOA = 7001
PDF, NAME = b"%PDF-1.7 " + bytes(range(256)) * 40, "0123456789abcdef0123456789abcdef"
YES, NO = {"label": "Có", "token": "#yes:"}, {"label": "Không", "token": "#no:"}
LONG = {"label": "3. Gửi phản ánh, kiến nghị", "token": "#report:"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses as short as a test wants them."""
    for name in ("first", "longest", "slow"):
        monkeypatch.setattr(Patience, name, 0.01)


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as made:
        yield made


@pytest.fixture
async def here(server: TelegramServer, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path, server) as made:
        yield made


@pytest.fixture
def hoa(server: TelegramServer) -> User:
    """A villager who has written before."""
    user = server.user(HOA)
    user.chat.begun = True
    return user


def picture(width: int = 320, height: int = 200) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(out, "PNG")
    return out.getvalue()


async def keep(here: Desk, raw: bytes, title: str = "Giấy hẹn", media_type: str = "application/pdf") -> str:
    """A file of ours, on disk and in its table."""
    (here.folder / NAME).write_bytes(raw)

    def add(db: Connection) -> None:
        files.add(db, 1, NAME, "telegram", here.channel.account, str(HOA), "file", media_type, len(raw), title, NOW)

    await here.database.write(add)
    return NAME


def asked(here: Desk, method: str) -> Request:
    """The last call of a method."""
    return here.server.called(method)[-1]


# --- words and keyboards ----------------------------------------------------------------------------------------------


async def test_words_leave_as_they_are(here: Desk, hoa: User) -> None:
    """No markup, no preview; the message id comes back; an old keyboard below the input goes."""
    words = "Hồ sơ <b>H55.242</b> _đã_ có kết quả: https://xa.gov.vn/?a=1&b=2"
    assert await here.channel.send(here.sending(HOA, words)) == str(hoa.chat.sent[-1].id)
    assert asked(here, "sendMessage").params == {
        "chat_id": HOA,
        "text": words,
        "link_preview_options": {"is_disabled": True},
        "reply_markup": {"remove_keyboard": True},
    }


async def test_two_short_buttons_share_a_row(here: Desk, hoa: User) -> None:
    """Long labels have one of their own; the data is the token."""
    await here.channel.send(here.sending(HOA, buttons=[YES, NO, LONG, YES]))
    rows = [[(each.label, each.data) for each in row] for row in hoa.chat.sent[-1].rows]
    assert rows == [[("Có", "#yes:"), ("Không", "#no:")], [(LONG["label"], "#report:")], [("Có", "#yes:")]]


@pytest.mark.parametrize(("wants", "key"), [("phone", "request_contact"), ("place", "request_location")])
async def test_a_phone_and_a_place_are_shared_by_a_key(here: Desk, hoa: User, wants: str, key: str) -> None:
    """The choices stand below it as words she can tap; it goes once it was used, and with the next plain answer."""
    await here.channel.send(here.sending(HOA, wants=wants, buttons=[YES]))
    keyboard = asked(here, "sendMessage").params["reply_markup"]
    assert [[set(each) for each in row] for row in keyboard["keyboard"]] == [[{"text", key}], [{"text"}]]
    assert keyboard["one_time_keyboard"]
    hoa.presses(hoa.chat.sent[-1], keyboard["keyboard"][0][0]["text"])
    hoa.presses(hoa.chat.sent[-1], "Có")
    await here.channel.lead()
    await here.until(2)
    shared, chosen = await here.parsed()
    assert (shared.kind, shared.own, bool(shared.place)) == (
        ("contact", True, False) if wants == "phone" else ("location", False, True)
    )
    assert (chosen.kind, chosen.text) == ("text", "Có")


async def test_a_card_rings_only_when_it_is_loud(here: Desk, hoa: User) -> None:
    """Cards are many; what is urgent rings. A card can be edited later, so it takes no keyboard away."""
    await here.channel.send(here.sending(HOA, kind="card", card="request:1"))
    assert asked(here, "sendMessage").params["disable_notification"] is True
    assert "reply_markup" not in asked(here, "sendMessage").params
    await here.channel.send(here.sending(HOA, kind="card", card="request:1", loud=True))
    assert "disable_notification" not in asked(here, "sendMessage").params


async def test_in_a_group_a_question_is_for_its_addressee(here: Desk) -> None:
    """A forced reply under his message, in its topic; with buttons, or without a question, nothing is forced."""
    hoa = here.server.user(HOA)
    group = here.server.group(-1004012, members=[hoa], forum=True)
    topic = group.topic("Đề nghị", hoa)
    said = hoa.says("/hangdoi", chat=group, thread=topic)
    under = {"reply_to": str(said.id), "thread": str(topic)}
    await here.channel.send(here.sending(group.id, "Ông/bà trả lời thế nào?", **under, **{"for": str(HOA)}))
    sent = group.sent[-1]
    assert (sent.reply_to, sent.thread, sent.markup) == (said, topic, {"force_reply": True, "selective": True})
    await here.channel.send(here.sending(group.id, buttons=[YES], wants="phone", **under, **{"for": str(HOA)}))
    assert group.sent[-1].rows
    await here.channel.send(here.sending(group.id, **under))
    assert group.sent[-1].markup is None
    said.deleted = True
    await here.channel.send(here.sending(group.id, **under))
    assert group.sent[-1].reply_to is None


# --- edits ------------------------------------------------------------------------------------------------------------


async def test_an_edit_changes_the_message_and_its_buttons(here: Desk, hoa: User) -> None:
    """New words and buttons, buttons alone, and the same once more, which counts as done."""
    card = await here.channel.send(here.sending(HOA, "Đề nghị số 1", kind="card", buttons=[YES]))
    for _twice in range(2):
        assert (
            await here.channel.send(here.sending(HOA, "Đã có người nhận", kind="card", buttons=[NO], edits=card))
            == card
        )
    message = hoa.chat.sent[-1]
    assert (message.text, message.buttons[0].label, message.edits) == ("Đã có người nhận", "Không", ["Đề nghị số 1"])
    await here.channel.send(here.sending(HOA, None, kind="edit", edits=card))
    assert (message.text, message.buttons) == ("Đã có người nhận", [])


async def test_what_stands_under_a_picture_is_edited_too(here: Desk, hoa: User) -> None:
    """An edit does not know whether the message was a picture."""
    name = await keep(here, picture(), media_type="image/png")
    slip = await here.channel.send(here.sending(HOA, "Giấy hẹn", photo=name, buttons=[YES]))
    await here.channel.send(here.sending(HOA, "Giấy hẹn\n\n✓ Có", kind="edit", edits=slip))
    assert (hoa.chat.sent[-1].text, hoa.chat.sent[-1].kind) == ("Giấy hẹn\n\n✓ Có", "photo")


async def test_a_message_that_is_gone_cannot_be_edited(here: Desk, hoa: User) -> None:
    """Deleted, never there, or of a kind that Telegram never edits."""
    card = await here.channel.send(here.sending(HOA, "Đề nghị số 1", kind="card"))
    plain = await here.channel.send(here.sending(HOA))
    hoa.chat.messages[int(card)].deleted = True
    for message_id in (card, "4711", plain):
        with pytest.raises(Gone):
            await here.channel.send(here.sending(HOA, "Đã xong", kind="card", edits=message_id))


# --- what can become of a request -------------------------------------------------------------------------------------

FAILURES: list[tuple[Plan, type[SendError], str]] = [
    (throttle(7), Throttled, "wait 7 s"),
    (Refusal(429, "Too Many Requests"), Throttled, "wait 1 s"),
    (BLOCKED, Unreachable, "blocked"),
    (DEACTIVATED, Unreachable, "deactivated"),
    (KICKED, Unreachable, "kicked"),
    (Refusal(403, "Forbidden: bot can't initiate conversation with a user"), Unreachable, "initiate"),
    (bad("chat not found"), Unreachable, "chat not found"),
    (bad("PEER_ID_INVALID"), Unreachable, "PEER_ID_INVALID"),
    (bad("message to edit not found"), Gone, "not found"),
    (bad("message can't be edited"), Gone, "edited"),
    (bad("BUTTON_DATA_INVALID"), Rejected, "400 Bad Request: BUTTON_DATA_INVALID"),
    (bad("x" * 500), Rejected, "xxx"),
    (Refusal(413, "Request Entity Too Large"), Rejected, "413"),
    (Refusal(401, "Unauthorized"), NeedsPerson, "@BotFather"),
    (Refusal(404, "Not Found"), NeedsPerson, "@BotFather"),
    (BROKEN, Uncertain, "HTTP 500"),
    (GATEWAY, Uncertain, "HTTP 502"),
    (DROP, Uncertain, "Server"),
    (CUT, Uncertain, "Server"),
]


@pytest.mark.parametrize(("plan", "kind", "words"), FAILURES, ids=map(str, range(len(FAILURES))))
async def test_every_failure_has_its_name(here: Desk, hoa: User, plan: Plan, kind: type[SendError], words: str) -> None:
    """What Telegram answers, or does not, becomes one of `bot.errors`; the token is in neither words nor trace."""
    name = await keep(here, PDF)
    for body in ({}, {"document": name}):
        here.server.next(HOA, plan)
        with pytest.raises(SendError) as raised:
            await here.channel.send(here.sending(HOA, **body))
        assert type(raised.value) is kind
        assert words in str(raised.value)
        assert len(str(raised.value)) <= 200
        assert secret(here) not in "".join(traceback.format_exception(raised.value))


def secret(here: Desk) -> str:
    """The part of the token that nobody may see."""
    return here.server.token.partition(":")[2]


async def test_a_refused_connection_certainly_did_not_leave(here: Desk, hoa: User) -> None:
    """It may be tried again without asking whether it arrived."""
    await here.server.refuse()
    name = await keep(here, PDF)
    for body in ({}, {"document": name}):
        with pytest.raises(Unavailable) as raised:
            await here.channel.send(here.sending(HOA, **body))
        assert secret(here) not in "".join(traceback.format_exception(raised.value))
    await here.server.start()


async def test_no_answer_in_time_is_uncertain(here: Desk, hoa: User) -> None:
    """The request has left, and nobody knows."""
    here.server.next(HOA, HANG)
    with pytest.raises(Uncertain):
        await here.channel.wire.call("sendMessage", {"chat_id": HOA, "text": "Xin chào."}, seconds=0.05)
    assert hoa.chat.texts == ["Xin chào."]


async def test_an_answer_nobody_understands_is_uncertain(here: Desk, tmp_path: Path) -> None:
    """200 with a page, with half a message, with nothing: Telegram may have sent it. An "ok" of false never is one."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=answers[request.match_info["method"]], content_type="application/json")

    for raw in (b"<html>", b"[]", b'{"ok":true}', b"\xff"):
        with pytest.raises(Uncertain):
            result(200, raw)
    with pytest.raises(Refused, match="400 nein"):
        result(200, b'{"ok":false,"error_code":400,"description":"nein"}')
    with pytest.raises(Refused, match="403"):
        result(403, b"<html>")
    answers = dict.fromkeys(("sendMessage", "sendDocument", "getFile"), '{"ok":true,"result":{"message_id":[]}}')
    app = web.Application()
    app.add_routes([web.post("/bot{token}/{method}", answer)])
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    wire = Wire(f"http://127.0.0.1:{runner.addresses[0][1]}", here.server.token)
    here.channel._outgoing._wire = wire
    here.channel._bot._base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/bot{here.server.token}"
    name = await keep(here, PDF)
    for body in ({}, {"document": name}):
        with pytest.raises(Uncertain):
            await here.channel.send(here.sending(HOA, **body))
    with pytest.raises(Lost):
        await here.channel.fetch("any", 1000)
    await wire.close()
    await runner.cleanup()


async def test_the_token_stands_in_no_log(here: Desk, hoa: User, caplog: pytest.LogCaptureFixture) -> None:
    """Not ours and not the library's, whatever goes wrong and however much is logged."""
    caplog.set_level(logging.DEBUG)
    with logged(here.server.token, level=logging.DEBUG) as out:
        Telegram(here.channel.settings, SECRET)  # the library tells its address when it begins
        await here.channel.lead()
        name = await keep(here, PDF)
        for plan in (BROKEN, DROP, Refusal(401, "Unauthorized"), bad("nein"), GATEWAY):
            here.server.next("getUpdates", plan)
            hoa.says("phản ánh")
            here.server.next(HOA, plan, plan)
            for body in ({}, {"document": name}):
                with pytest.raises(SendError):
                    await here.channel.send(here.sending(HOA, **body))
            await here.channel.sign(str(HOA))
        await eventually(lambda: here.alerts)
        await here.server.refuse()
        await here.channel.sign(str(HOA))
        with pytest.raises(Unavailable):
            await here.channel.fetch("any", 1)
        await here.server.start()
    shown = out.getvalue() + caplog.text
    assert "telegram_waits" in shown
    assert "Xin chào" not in shown
    assert secret(here) not in shown
    assert secret(here) not in str(here.alerts)


# --- files ------------------------------------------------------------------------------------------------------------


async def test_a_document_arrives_whole_under_its_name(here: Desk, hoa: User) -> None:
    """Byte for byte, with the Vietnamese name and the words under it."""
    name = await keep(here, PDF, 'Giấy "hẹn" 1/2')
    await here.channel.send(here.sending(HOA, "Giấy hẹn của ông/bà", document=name, buttons=[YES]))
    message = hoa.chat.sent[-1]
    assert (message.kind, message.text, message.file.raw) == ("document", "Giấy hẹn của ông/bà", PDF)
    assert message.file.name == "Giấy _hẹn_ 1_2.pdf"
    assert message.buttons[0].label == "Có"


async def test_a_picture_is_a_picture_unless_telegram_cannot_show_it(here: Desk, hoa: User) -> None:
    """One that is too long goes as a document; without a row it keeps the name it has on disk."""
    name = await keep(here, picture(), "Giấy hẹn.png", "image/png")
    await here.channel.send(here.sending(HOA, "", photo=name))
    assert (hoa.chat.sent[-1].kind, hoa.chat.sent[-1].file.raw) == ("photo", picture())
    (here.folder / "long").write_bytes(picture(20, 2000))
    await here.channel.send(here.sending(HOA, "", photo="long"))
    assert (hoa.chat.sent[-1].kind, hoa.chat.sent[-1].file.name) == ("document", "long")
    here.server.next(HOA, bad("BUTTON_DATA_INVALID"))
    with pytest.raises(Rejected):
        await here.channel.send(here.sending(HOA, "", photo=name))


async def test_a_file_that_is_not_there_any_more_is_said_so(here: Desk, hoa: User) -> None:
    """Pruned meanwhile; and a name is never a path."""
    (here.folder.parent / "secret.key").write_bytes(b"key")
    for name in ("0" * 32, "../secret.key"):
        with pytest.raises(Rejected, match="not there"):
            await here.channel.send(here.sending(HOA, document=name))


async def test_what_people_send_is_fetched_whole(here: Desk, hoa: User) -> None:
    """A large file in pieces; one byte more than allowed is lost, by what is said of it and by what comes."""
    raw = bytes(range(256)) * 4000
    message = hoa.document(raw)
    assert await here.channel.fetch(message.file.id, len(raw)) == raw
    for size in (len(raw), 1):
        with pytest.raises(Lost, match="too large"):
            await here.channel.fetch(message.file.id, len(raw) - 1)
        here.server.bot.files[message.file.id] = message.file.__class__(
            message.file.id, raw, message.file.path, "x" * size
        )


@pytest.mark.parametrize(
    ("where", "plan", "kind"),
    [
        ("getFile", bad("file is too big"), Lost),
        ("getFile", bad("invalid file_id"), Lost),
        ("getFile", bad("wrong file_id or the file is temporarily unavailable"), Unavailable),
        ("getFile", throttle(3), Throttled),
        ("getFile", Refusal(401, "Unauthorized"), NeedsPerson),
        ("getFile", BROKEN, Unavailable),
        ("getFile", DROP, Unavailable),
        ("download", Refusal(404, "Not Found"), Lost),
        ("download", BROKEN, Unavailable),
        ("download", throttle(3), Throttled),
    ],
)
async def test_a_fetch_that_fails_is_lost_or_tried_again(
    here: Desk, hoa: User, where: str, plan: Plan, kind: type[Exception]
) -> None:
    """What can never be had is lost; everything else later."""
    message = hoa.voice(b"xin chao")
    here.server.next(where, plan)
    with pytest.raises(kind):
        await here.channel.fetch(message.file.id, 1000)
    assert await here.channel.fetch(message.file.id, 1000) == b"xin chao"


async def test_a_local_server_names_a_file_on_this_disk(here: Desk, hoa: User, tmp_path: Path) -> None:
    """It is read where it lies, if the server is on this machine; else somebody is told what to change."""
    path = tmp_path / "voice.oga"
    path.write_bytes(b"xin chao")
    message = hoa.voice(b"xin chao")
    here.server.bot.files[message.file.id] = type(message.file)(message.file.id, b"xin chao", str(path))
    assert await here.channel.fetch(message.file.id, 1000) == b"xin chao"
    path.write_bytes(b"x" * 2000)
    with pytest.raises(Lost, match="too large"):
        await here.channel.fetch(message.file.id, 1000)
    path.unlink()
    with pytest.raises(Lost, match="not readable"):
        await here.channel.fetch(message.file.id, 1000)
    here.channel._outgoing._is_local = False
    for _twice in range(2):
        with pytest.raises(Lost, match="another machine"):
            await here.channel.fetch(message.file.id, 1000)
    assert [re.sub(r"\W", "", each[:8]) for each in here.alerts] == ["Máychủ"]


# --- signs and names --------------------------------------------------------------------------------------------------


async def test_a_press_is_answered_once_it_is_stored(here: Desk, hoa: User) -> None:
    """The clock on her button stops; a press too old to be answered harms nobody."""
    await here.channel.send(here.sending(HOA, buttons=[YES]))
    await here.channel.lead()
    query = hoa.calls_back(hoa.chat.sent[-1], "#yes:")
    await here.server.until(lambda: here.server.bot.queries[query].answer is not None)
    assert here.accepts
    here.server.next("answerCallbackQuery", bad("query is too old"))
    hoa.calls_back(hoa.chat.sent[-1], "#yes:")
    await here.until(2)


async def test_a_slow_answer_shows_that_somebody_writes(here: Desk, hoa: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a second without an answer, once; not in a group, and not once an answer has left."""
    monkeypatch.setattr(telegram, "SLOW_ANSWER", 0.05)
    group = here.server.group(members=[hoa])
    await here.channel.lead()
    hoa.says("phản ánh")
    hoa.says("phản ánh")
    hoa.says("/hangdoi", chat=group)
    await here.server.until(lambda: hoa.chat.actions)
    assert (hoa.chat.actions, group.actions) == ([("typing", None)], [])
    monkeypatch.setattr(telegram, "SLOW_ANSWER", 60)
    hoa.says("phản ánh")
    await eventually(lambda: str(HOA) in here.channel._timers)
    await here.channel.send(here.sending(HOA))
    assert not here.channel._timers
    assert len(hoa.chat.actions) == 1


async def test_the_bot_is_introduced_where_it_differs(server: TelegramServer, tmp_path: Path) -> None:
    """In Vietnamese, for villagers and for the officials' group; a second start changes nothing, nobody its name."""
    group = server.group(-4012)
    async with desk(tmp_path, server, TELEGRAM_ADMIN_CHAT_ID="-4012") as here:
        changed = []
        server.next("getMyDescription", BROKEN)
        for _start in range(2):
            server.requests.clear()
            await here.channel.lead()
            await server.until(lambda: len(server.called("getMyCommands")) == 2 and len(server.bot.commands) == 2)
            await here.channel.follow()
            changed.append([each.method for each in server.requests if each.method.startswith("setmy")])
        assert sorted(changed[0]) == ["setmycommands", "setmycommands", "setmydescription", "setmyshortdescription"]
        assert changed[1] == []
        assert "Trợ lý của UBND xã Suối Lành" in server.bot.words["description", ""]
        assert len(server.bot.words["short_description", ""]) == 120  # the name of the commune is a long one
        shown = {scope: [each["command"] for each in they] for (scope, _l), they in server.bot.commands.items()}
        assert shown["all_private_chats"] == [name for name, _words in COMMANDS]
        assert shown[f"chat {group.id}"] == [name for name, _words in GROUP_COMMANDS]
        told = [each["description"] for each in server.bot.commands[("all_private_chats", "")]]
        assert told == [CATALOGS.text(words, "vi") for _name, words in COMMANDS]
        group.status = "left"
        await here.channel.lead()
        await server.until(lambda: server.called("getUpdates"))  # a group that we are not in keeps nobody up
        assert not here.alerts


def test_every_command_we_list_exists() -> None:
    """No entry of the list leads nowhere."""
    from bot.app import HANDLERS
    from bot.routes import Routes

    known = Routes.merge([each.routes for each in HANDLERS])
    for name, _words in (*COMMANDS, *GROUP_COMMANDS):
        found: Callable[..., Any] = known.by_command
        assert name == "huy" or any(found(f"/{name}", roles) for roles in ({*()}, {"official"})), name
    assert render.CAPTION <= 1024
