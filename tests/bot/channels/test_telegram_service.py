"""Telegram in the running service: the door on the one web server, and a token that is revoked under way."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.channels.telegram import Telegram
from bot.channels.telegram_receive import Patience
from bot.clock import FixedClock
from bot.rates import Rates
from storage import outbox
from tests import town as towns
from tests.telegram_server import TelegramServer
from tests.town import Databases, Town

OFFICE = -4012


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as made:
        made.group(OFFICE)
        yield made


@pytest.fixture
async def town(
    databases: Databases,
    server: TelegramServer,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Town]:
    """The service with the sample commune, pointed at the stand-in; how fast messages may leave is tested elsewhere."""
    monkeypatch.setattr(Telegram, "rates", Rates())
    await databases.fresh("sqlite", tmp_path)
    more = {"TELEGRAM_BOT_TOKEN": server.token, "TELEGRAM_API_URL": server.url, "TELEGRAM_ADMIN_CHAT_ID": str(OFFICE)}
    made = Town(towns.settings(tmp_path, "", **more, **request.param), FixedClock(towns.START))
    await made.start()
    server.reach["https://chat.xa.vn"] = f"http://127.0.0.1:{made.service.port}"
    try:
        yield made
    finally:
        await made.stop()


@pytest.mark.parametrize("town", [{"PUBLIC_URL": "https://chat.xa.vn"}], indirect=True)
async def test_she_is_answered_through_the_webhook(town: Town, server: TelegramServer) -> None:
    """What she writes and presses comes in by the door of the one web server, and is answered."""
    await server.until(lambda: server.bot.webhook)
    hoa = server.user(7001)
    hoa.starts()
    await server.until(lambda: hoa.chat.texts)
    hoa.presses(hoa.chat.sent[-1], "0. Gặp cán bộ")
    await server.until(lambda: len(hoa.chat.texts) > 1)
    assert not server.called("getUpdates")
    async with town.http.post("/telegram/webhook", json={}) as answer:
        assert answer.status == 403


@pytest.mark.parametrize("town", [{}], indirect=True)
async def test_a_revoked_token_is_told_the_office_and_nobody_is_flooded(
    town: Town, server: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The office's page hears of it; that its group cannot be told is no reason to tell it again."""
    for name in ("first", "longest", "slow"):
        monkeypatch.setattr(Patience, name, 0.02)
    await server.until(lambda: server.called("getUpdates"))
    server.bot.revoked = True
    server.user(7001).starts()  # ends the poll under way
    await server.until(lambda: server.called("sendMessage"))
    await asyncio.sleep(0.5)
    assert len(server.called("sendMessage")) <= 2
    shown = await town.read(outbox.shown, 1, "web", "office", ["office"], "office", 0, town.clock.now())
    told = [row.body["text"] for row in shown if "@BotFather" in row.body["text"]]
    assert told
    assert server.token.partition(":")[2] not in str(told)
