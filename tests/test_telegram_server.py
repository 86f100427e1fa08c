"""The stand-in for Telegram judged by an independent client: python-telegram-bot's own Bot and Updater."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import telegram
from aiohttp import web
from PIL import Image
from telegram import BotCommand, ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, ReplyKeyboardMarkup, error
from telegram.ext import Updater

from tests.sounds import M4A, MP3, OPUS, WAV
from tests.telegram_server import BLOCKED, BROKEN, CUT, DROP, GATEWAY, TelegramServer, throttle
from tests.telegram_world import DAY, PRESS, WEEK, Delivery, Limits


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 1_700_000_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(now=Hands()) as made:
        yield made


@pytest.fixture
async def bot(server: TelegramServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[telegram.Bot]:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # else it warns of its own future whenever it is throttled
    made = telegram.Bot(server.token, f"{server.url}/bot", f"{server.url}/file/bot")
    async with made:
        yield made


def picture(width: int = 40, height: int = 30) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "green").save(out, "PNG")
    return out.getvalue()


def keyboard(*labels: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=f"#x:{label}")] for label in labels])


async def test_a_talk_by_polling(server: TelegramServer, bot: telegram.Bot) -> None:
    """Updates come until they are confirmed; words, buttons, edits, presses and signs read as PTB expects them."""
    hoa = server.user(7001, "Bà Hoa")
    with pytest.raises(error.BadRequest, match="Chat not found"):
        await bot.send_message(7001, "Chào bà")
    hoa.starts("xin")
    hoa.says("Đường hỏng ở thôn Nà Lìu")
    first, second = await bot.get_updates()
    assert first.message.text == "/start xin"
    assert first.message.entities[0].type == "bot_command"
    assert [each.update_id for each in await bot.get_updates(offset=second.update_id)] == [second.update_id]
    sent = await bot.send_message(7001, "Về việc gì ạ?", reply_markup=keyboard("Đường", "Đèn"))
    assert [button.label for button in hoa.chat.sent[0].buttons] == ["Đường", "Đèn"]
    hoa.presses(hoa.chat.sent[0], "Đèn")
    (pressed,) = await bot.get_updates(offset=second.update_id + 1)
    assert (pressed.callback_query.data, pressed.callback_query.message.message_id) == ("#x:Đèn", sent.message_id)
    assert await pressed.callback_query.answer("Đã nhận")
    edited = await bot.edit_message_text("Về việc gì ạ? Đèn", 7001, sent.message_id)
    assert edited.text == hoa.chat.texts[0] == "Về việc gì ạ? Đèn"
    assert (hoa.chat.sent[0].edits, hoa.chat.sent[0].buttons) == (["Về việc gì ạ?"], [])
    with pytest.raises(error.BadRequest, match="Message is not modified"):
        await bot.edit_message_text("Về việc gì ạ? Đèn", 7001, sent.message_id)
    with pytest.raises(error.BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("Về", 7001, 99)
    await bot.send_chat_action(7001, "typing")
    assert hoa.chat.actions == [("typing", None)]
    assert await bot.delete_message(7001, sent.message_id)
    assert hoa.chat.sent == []


async def test_files_both_ways(server: TelegramServer, bot: telegram.Bot) -> None:
    """What is uploaded lies in the chat, what she sends can be downloaded, and what is no picture is refused."""
    hoa = server.user(7001)
    hoa.photo(b"a photo", "ổ gà")
    hoa.voice(b"a voice")
    hoa.document(b"a letter", "đơn.pdf")
    hoa.location(22.5, 103.5)
    hoa.sticker()
    hoa.contact("+84912345678")
    photo, voice, letter, place, sticker, contact = (each.message for each in await bot.get_updates())
    for file, raw in ((photo.photo[-1], b"a photo"), (voice.voice, b"a voice"), (letter.document, b"a letter")):
        assert bytes(await (await file.get_file()).download_as_bytearray()) == raw
    assert (photo.caption, letter.document.file_name, place.location.latitude) == ("ổ gà", "đơn.pdf", 22.5)
    assert sticker.sticker.emoji
    assert (contact.contact.phone_number, contact.contact.user_id) == ("+84912345678", 7001)
    sent = await bot.send_photo(7001, picture(), "Giấy hẹn", reply_markup=keyboard("PDF"))
    await bot.send_document(7001, io.BytesIO(b"%PDF-1.7"), filename="giay-hen.pdf")
    await bot.send_photo(7001, sent.photo[-1].file_id)
    assert [(each.kind, each.file.raw) for each in hoa.chat.sent] == [
        ("photo", picture()), ("document", b"%PDF-1.7"), ("photo", picture()),
    ]  # fmt: skip
    await bot.edit_message_caption(7001, sent.message_id, caption="Giấy hẹn mới", reply_markup=keyboard("PDF"))
    await bot.edit_message_reply_markup(7001, sent.message_id)
    assert (hoa.chat.sent[0].text, hoa.chat.sent[0].buttons) == ("Giấy hẹn mới", [])
    for raw, why in ((b"no picture", "Image_process_failed"), (picture(3, 90), "Photo_invalid_dimensions")):
        with pytest.raises(error.BadRequest, match=why):
            await bot.send_photo(7001, raw)


async def test_a_recording_is_what_its_bytes_are(server: TelegramServer, bot: telegram.Bot) -> None:
    """A voice message of OGG with Opus, MP3 or M4A, a track of MP3 or M4A; anything else silently becomes a file."""
    hoa = server.user(7001)
    hoa.starts()
    for raw in (OPUS, MP3, M4A, WAV):
        await bot.send_voice(7001, raw)
        await bot.send_audio(7001, raw)
    kinds = [each.kind for each in hoa.chat.sent]
    assert kinds == ["voice", "document", "voice", "audio", "voice", "audio", "document", "document"]
    sent = await bot.send_voice(7001, OPUS, caption="Mời nghe", reply_markup=keyboard("Tôi xong rồi"))
    assert sent.voice is not None
    await bot.edit_message_caption(7001, sent.message_id, caption="Mời ông/bà nghe")
    assert (hoa.chat.sent[-1].kind, hoa.chat.sent[-1].text) == ("voice", "Mời ông/bà nghe")
    with pytest.raises(error.BadRequest, match="non-empty"):
        await bot.send_voice(7001, b"")


async def test_it_is_as_strict_as_telegram(server: TelegramServer, bot: telegram.Bot) -> None:
    """Lengths, tokens over 64 bytes, keyboards out of place, replies to nothing, unknown methods and tokens."""
    hoa, group = server.user(7001), server.group(-4012)
    hoa.starts()
    asks_phone = ReplyKeyboardMarkup([[telegram.KeyboardButton("Gửi số", request_contact=True)]])
    refused: list[tuple[str, dict[str, Any]]] = [
        ("Message text is empty", {"text": "  "}),
        ("Message is too long", {"text": "x" * 4097}),
        ("Button_data_invalid", {"reply_markup": keyboard("đ" * 31)}),
        ("message to be replied not found", {"reply_to_message_id": 77}),
        ("message thread not found", {"message_thread_id": 5}),
        ("private chats only", {"chat_id": group.id, "reply_markup": asks_phone}),
        ("Chat not found", {"chat_id": 7002}),
    ]
    for why, how in refused:
        with pytest.raises(error.BadRequest, match=f"(?i){why}"):
            await bot.send_message(**{"chat_id": 7001, "text": "x"} | how)
    asked = await bot.send_message(7001, "Số của bà?", reply_markup=asks_phone)
    with pytest.raises(error.BadRequest, match="can't be edited"):
        await bot.edit_message_text("Số?", 7001, asked.message_id)
    hoa.presses(hoa.chat.sent[-1], "Gửi số")
    assert (await bot.get_updates())[-1].message.contact.user_id == 7001
    with pytest.raises(error.BadRequest, match="too old"):
        await bot.answer_callback_query("17")
    with pytest.raises(error.InvalidToken):
        await bot.send_dice(7001)
    assert await bot.set_my_commands([BotCommand("tracuu", "Tra hồ sơ")], language_code="vi")
    assert [each.command for each in await bot.get_my_commands(language_code="vi")] == ["tracuu"]
    assert await bot.get_my_commands() == ()
    await bot.set_my_description("Trợ lý của xã")
    assert (await bot.get_my_description("vi")).description == "Trợ lý của xã"


async def test_bad_days(server: TelegramServer, bot: telegram.Bot) -> None:
    """What a test plans for a chat or a method happens once each, in that order."""
    hoa = server.user(7001)
    hoa.starts()
    server.next(7001, throttle(7), BLOCKED, BROKEN, GATEWAY, CUT, DROP)
    seen = []
    for number in range(7):
        try:
            await bot.send_message(7001, f"lần {number}")
        except error.TelegramError as why:
            seen.append((type(why).__name__, getattr(why, "retry_after", None)))
    assert seen == [("RetryAfter", timedelta(seconds=7)), ("Forbidden", None), *[("NetworkError", None)] * 4]
    assert hoa.chat.texts == ["lần 5", "lần 6"]
    await server.refuse()
    with pytest.raises(error.NetworkError):
        await bot.send_message(7001, "không ai nghe")
    await server.start()
    hoa.blocks()
    with pytest.raises(error.Forbidden):
        await bot.send_message(7001, "bà ơi")
    assert [each.my_chat_member.new_chat_member.status for each in await bot.get_updates(-1)] == ["kicked"]


async def test_limits_are_enforced(server: TelegramServer, bot: telegram.Bot) -> None:
    """One a second to a person with a small burst, twenty a minute to a group, thirty a second over everything."""
    hands = Hands()
    server.flood[server.token].limits = Limits(seconds=hands)
    hoa, group = server.user(7001), server.group(-4012)
    hoa.starts()

    async def refused(chat: int, count: int) -> list[int]:
        waits = []
        for number in range(count):
            try:
                await bot.send_message(chat, f"tin {number}")
            except error.RetryAfter as why:
                waits.append(int(why.retry_after.total_seconds()))
        return waits

    assert await refused(7001, 5) == [1]
    assert await refused(group.id, 21) == [60]
    hands.at += 1
    assert await refused(7001, 2) == [1]
    hands.at += 60
    people = [server.user(8000 + number) for number in range(31)]
    for person in people:
        person.starts()
    assert [await refused(each.id, 1) for each in people] == [[]] * 30 + [[1]]
    assert server.violations == {"total": 1, "chat": 2, "group": 1}
    assert server.flood[server.token].peak == 30


async def test_old_presses_are_gone_and_ids_begin_anew(server: TelegramServer, bot: telegram.Bot) -> None:
    """A press waits 150 s, words a day; after a week ids are random, and an offset far ahead confirms nothing."""
    clock, hoa = server.now, server.user(7001)
    hoa.starts()
    await bot.send_message(7001, "Chọn đi ạ", reply_markup=keyboard("Có"))
    hoa.presses(hoa.chat.sent[0], "Có")
    query = next(iter(server.bot.queries))
    clock.at += PRESS
    assert [each.message.text for each in await bot.get_updates()] == ["/start"]
    clock.at += 1
    with pytest.raises(error.BadRequest, match="too old"):
        await bot.answer_callback_query(query)
    clock.at += DAY
    assert await bot.get_updates() == ()
    clock.at += WEEK
    hoa.says("Bà đây")
    (after,) = await bot.get_updates()
    assert not 0 <= after.update_id - 100_002 < 100
    await bot.get_updates(offset=after.update_id + 1)
    server.restart_ids(50)
    hoa.says("Còn ai không")
    (late,) = await bot.get_updates(offset=after.update_id + 1)
    assert late.update_id == 50
    await bot.get_updates(offset=51)
    assert await bot.get_updates() == ()


async def test_groups(server: TelegramServer, bot: telegram.Bot) -> None:
    """Privacy mode, anonymous administrators, topics, removal, and the upgrade to a supergroup."""
    lan, hung = server.user(7001, "Lan"), server.user(7002, "Hùng")
    group = server.group(-4012, members=[lan, hung], status="left")
    group.takes_bot(lan)
    sent = await bot.send_message(group.id, "Có việc mới")
    lan.says("trưa nay ăn gì", chat=group)
    lan.says("/hangdoi", chat=group)
    hung.says("@gan_dan_bot ơi", chat=group)
    hung.says("tôi nhận", chat=group, reply_to=group.messages[sent.message_id])
    lan.says("/hangdoi@another_bot", chat=group)
    group.hides(lan)
    lan.says("/hangdoi", chat=group)
    new = group.upgrade(hung, forum=True)
    joined, added, *said, hidden, to, from_ = await bot.get_updates()
    assert joined.my_chat_member.new_chat_member.status == "member"
    assert added.message.new_chat_members[0].id == bot.id
    assert [each.message.text for each in said] == ["/hangdoi", "@gan_dan_bot ơi", "tôi nhận"]
    assert said[-1].message.reply_to_message.text == "Có việc mới"
    assert (hidden.message.from_user.username, hidden.message.sender_chat.id) == ("GroupAnonymousBot", group.id)
    assert (to.message.migrate_to_chat_id, from_.message.migrate_from_chat_id) == (new.id, group.id)
    with pytest.raises(error.ChatMigrated) as moved:
        await bot.send_message(group.id, "còn đây không")
    assert moved.value.new_chat_id == new.id
    thread = new.topic("Đường sá", hung)
    await bot.send_message(new.id, "Ổ gà", message_thread_id=thread, reply_markup=ForceReply(selective=True))
    hung.says("đã xem", chat=new, reply_to=new.sent[-1])
    *_before, last = await bot.get_updates()
    assert (last.message.is_topic_message, last.message.message_thread_id) == (True, thread)
    assert (await bot.get_chat_member(new.id, bot.id)).status == "member"
    assert (await bot.get_chat(new.id)).is_forum
    new.drops_bot(hung)
    with pytest.raises(error.Forbidden, match="kicked"):
        await bot.send_message(new.id, "tạm biệt")


async def test_a_webhook(server: TelegramServer, bot: telegram.Bot) -> None:
    """Each update comes with the secret until it is answered with 2xx; in any order and twice when so planned."""
    hoa, got, answers = server.user(7001), [], [500, 503]

    async def door(request: web.Request) -> web.Response:
        assert request.headers["X-Telegram-Bot-Api-Secret-Token"] == "ours"
        status = answers.pop() if answers else 200
        if status == 200:
            got.append((await request.json())["message"]["text"])
        return web.Response(status=status)

    app = web.Application()
    app.add_routes([web.post("/telegram/webhook", door)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.reach["https://xa.example.vn"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
    for wrong in ("http://xa.example.vn/", "https://xa.example.vn:8080/"):
        with pytest.raises(error.BadRequest, match=r"(?i)bad webhook"):
            await bot.set_webhook(wrong)
    hoa.says("một")
    await bot.set_webhook("https://xa.example.vn/telegram/webhook", secret_token="ours")
    with pytest.raises(error.Conflict):
        await bot.get_updates()
    async with asyncio.timeout(10):
        while server.bot.updates:  # noqa: ASYNC110  # nothing tells when the stand-in has had its answer
            await asyncio.sleep(0.005)
        info = await bot.get_webhook_info()
        assert (info.pending_update_count, info.last_error_message) == (
            0,
            "Wrong response from the webhook: 500 Internal Server Error",
        )
        server.bot.delivery = Delivery(parallel=3, shuffled=True, repeat=0.5)
        for number in range(20):
            hoa.says(str(number))
        while server.bot.updates:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    assert got[0] == "một"
    assert set(got[1:]) == {str(number) for number in range(20)}
    assert len(got) > 21
    assert got[1:21] != [str(number) for number in range(20)]
    await bot.delete_webhook()
    assert await bot.get_updates() == ()
    await runner.cleanup()


async def test_two_pollers_disturb_each_other(server: TelegramServer, bot: telegram.Bot) -> None:
    """The earlier of two polls ends with 409; PTB's own Updater gets everything in order."""
    hoa = server.user(7001)
    first = asyncio.create_task(bot.get_updates(timeout=20))
    await server.until(lambda: server.called("getUpdates"))
    async with telegram.Bot(server.token, f"{server.url}/bot") as other:
        second = asyncio.create_task(other.get_updates(timeout=20))
        with pytest.raises(error.Conflict):
            await first
        hoa.says("một")
        assert [each.message.text for each in await second] == ["một"]
    queue: asyncio.Queue[Any] = asyncio.Queue()
    async with Updater(bot, queue) as updater:
        await updater.start_polling(poll_interval=0, timeout=1)
        hoa.says("hai")
        async with asyncio.timeout(10):
            assert [(await queue.get()).message.text for _update in range(2)] == ["một", "hai"]
        await updater.stop()


async def test_parameters_come_in_every_form(server: TelegramServer) -> None:
    """Query, form, JSON with strings as PTB sends it, and JSON with real values."""
    server.user(7001).starts()
    markup = {"inline_keyboard": [[{"text": "Có", "callback_data": "#x"}]]}
    async with aiohttp.ClientSession(f"{server.url}/bot{server.token}/") as http:
        url = "sendMessage"
        said = [
            await http.get(url, params={"chat_id": 7001, "text": "a"}),
            await http.post(url, data={"chat_id": "7001", "text": "b"}),
            await http.post(url, json={"chat_id": 7001, "text": "c", "reply_markup": markup}),
            await http.post(url, json={"chat_id": "7001", "text": "d", "reply_markup": '{"force_reply": true}'}),
        ]
        assert [(await each.json())["ok"] for each in said] == [True] * 4
        assert [(await http.get(f"/bot{wrong}/getMe")).status for wrong in ("1:wrong", "wrong")] == [401, 404]
