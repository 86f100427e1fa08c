"""The Official Account's grant in the running service: lost under way, told once, mended by `zalo connect`."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot import control
from bot.channels import zalo_grant
from bot.clock import FixedClock
from storage import outbox
from tests import stores
from tests import town as towns
from tests.town import Databases, Town
from tests.zalo_server import ZaloServer

HOA = "2468458835296197922"


@pytest.fixture(params=stores.BOTH)
async def town(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[Town]:
    """The service with the sample commune, pointed at the stand-in."""
    clock = FixedClock(towns.START)
    async with ZaloServer(now=lambda: clock.now().timestamp()) as server:
        url = await databases.fresh(request.param, tmp_path)
        async with towns.running(towns.settings(tmp_path, url, **server.environ), clock) as made:
            server.hook.url = f"http://127.0.0.1:{made.service.port}/zalo/webhook"
            made.zalo = server
            yield made
        if url:
            databases.drop(url)


async def office(town: Town) -> list[str]:
    """What the office was told about the grant."""
    shown = await town.read(outbox.shown, 1, "web", "office", [], "office", 0, town.clock.now())
    return [row.body["text"] for row in shown if "zalo connect" in row.body["text"]]


async def test_a_lost_grant_is_one_message_and_what_waits_goes_on_after_a_new_consent(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """She writes, is answered, and the account takes its consent back: her answers wait, the office hears it once, and
    the command mends it while the service runs."""
    monkeypatch.setattr(zalo_grant, "AGAIN", 0.2)
    server = town.zalo
    hoa = server.user(HOA, "Bà Hoa", "84912345678")
    hoa.follows()
    hoa.says("giờ làm việc")
    await server.until(lambda: len(hoa.chat.texts) > 1)
    server.oauth.kill()
    before = len(hoa.chat.texts)
    for number in range(3):
        hoa.says(f"giờ làm việc {number}")
    await server.until(lambda: any(each.body.get("refresh_token") for each in server.requests[-3:]))
    await server.settled()
    while not await office(town):  # noqa: ASYNC110  (the database tells nobody)
        await asyncio.sleep(0.01)
    assert len(hoa.chat.texts) == before
    said: list[str] = []
    token = server.oauth.pair()[1]
    code = await control.ask(town.service.app.settings.data_dir, "zalo connect", {"pasted": token}, said.append)
    assert (code, "“UBND xã Suối Lành”" in said[-1]) == (control.DONE, True)
    town.clock.advance(timedelta(minutes=1))
    await server.until(lambda: len(hoa.chat.texts) > before)
    assert len(await office(town)) == 1
