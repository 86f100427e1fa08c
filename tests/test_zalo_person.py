"""Somebody on Zalo talks as the people of the other channels do; her bot here answers by the stand-in's own API."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, web

from tests.zalo_person import ZaloPerson
from tests.zalo_server import ZaloServer

LIST = "Về việc gì ạ?\n1. Đường\n2. Đèn"


class Bot:
    """Instead of a town: answers each event at once with what the test says."""

    def __init__(self, zalo: ZaloServer, http: ClientSession) -> None:
        self.zalo, self.http = zalo, http
        self.answers: list[dict[str, Any]] = []
        self.heard: list[tuple[str, str]] = []

    async def before_message(self) -> None:
        pass

    async def settle(self) -> None:
        pass

    async def take(self, request: web.Request) -> web.Response:
        event = await request.json()
        self.heard.append((event["event_name"], event.get("message", {}).get("text", "")))
        if event["event_name"].startswith(("user_send", "follow")) and self.answers:
            user = event.get("sender", event.get("follower"))["id"]
            body = {"recipient": {"user_id": user}, "message": self.answers.pop(0)}
            url = f"{self.zalo.url}/openapi/v3.0/oa/message/cs"
            async with self.http.post(url, json=body, headers={"access_token": self.zalo.oauth.access}) as answer:
                assert (await answer.json())["error"] == 0
        return web.Response()


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    async with ZaloServer(proof=False) as zalo, ClientSession() as http:
        made, app = Bot(zalo, http), web.Application()
        app.add_routes([web.post("/zalo/webhook", made.take)])
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        zalo.hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/zalo/webhook"
        yield made
        await runner.cleanup()


async def test_she_taps_a_button_a_number_or_a_line(bot: Bot) -> None:
    """Under five choices are buttons, more are lines; what she does reaches the bot before she looks."""
    person: Any = ZaloPerson(bot, zalo=bot.zalo, user=bot.zalo.user("2468458835296197922"))  # type: ignore[arg-type]
    button = {"title": "Có", "type": "oa.query.hide", "payload": "#v1:co"}
    with_button = {"attachment": {"type": "template", "payload": {"buttons": [button]}}}
    bot.answers = [
        {"text": "Chào bà"} | with_button,
        {"text": LIST},
        {"text": "Đèn nào ạ?\nĐèn đường"},
        {"text": "Vâng"},
    ]
    await person.opens()
    person.sees("Chào bà")
    assert person.buttons() == ["Có"]
    await person.taps("có")
    assert person.buttons() == ["Đường", "Đèn"]
    await person.taps("Đèn")
    person.sees("Đèn nào")
    await person.taps("Đèn đường")
    person.sees("Vâng")
    await person.presses({"label": "Có", "token": "co"})
    await person.presses({"label": "Cũ", "token": "#v0:cu"})
    said = [text for name, text in bot.heard if name == "user_send_text"]
    assert said == ["#v1:co", "2", "Đèn đường", "#v1:co", "#v0:cu"]
    with pytest.raises(AssertionError):
        person.button("Không có")
    assert [name for name, _text in bot.heard].count("user_seen_message") == 4


async def test_she_sends_and_gets_files(bot: Bot) -> None:
    person: Any = ZaloPerson(bot, zalo=bot.zalo, user=bot.zalo.user("2468458835296197922"))  # type: ignore[arg-type]
    kept = bot.zalo.oa.keep("image", b"\xff\xd8\xff slip").id, bot.zalo.oa.keep("file", b"%PDF-1").id
    media = {"template_type": "media", "elements": [{"media_type": "image", "attachment_id": kept[0]}]}
    bot.answers = [
        {"attachment": {"type": "template", "payload": media}},
        {"attachment": {"type": "file", "payload": {"token": kept[1]}}},
    ]
    await person.sends("photo", text="ổ gà")
    assert (await person.pictures(), await person.documents()) == ([b"\xff\xd8\xff slip"], [])
    await person.sends("file", b"%PDF-2", "application/pdf")
    assert (await person.pictures(), await person.documents()) == ([], [b"%PDF-1"])
    for kind in ("sticker", "location", "voice"):
        await person.sends(kind)
    await person.sends("file", b"\xff\xd8\xff", "image/jpeg")
    sent = [name for name, _text in bot.heard if name.startswith("user_send_")]
    assert sent == [f"user_send_{kind}" for kind in ("image", "file", "sticker", "location", "audio", "image")]
    assert (await person.address()).chat == person.user.id
