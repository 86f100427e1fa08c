"""How Telegram's events reach us: stored before they are acknowledged, each once, whatever happens on the way."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from bot.channels.telegram_receive import ALLOWED, SECRET_HEADER, WEBHOOK, Patience
from tests import stores
from tests.bot.channels.telegram_desk import CATALOGS, SECRET, Desk, desk, eventually, on
from tests.telegram_server import BROKEN, CUT, DROP, GATEWAY, TelegramServer

PUBLIC = {"PUBLIC_URL": "https://chat.xa.vn"}
REVOKED = "Telegram không nhận mã của trợ lý"
TWICE = "Một chương trình khác"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses as short as a test wants them."""
    for name, seconds in {"first": 0.01, "longest": 0.02, "slow": 0.02}.items():
        monkeypatch.setattr(Patience, name, seconds)


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as made:
        yield made


@pytest.fixture
async def here(server: TelegramServer, tmp_path: Path) -> AsyncIterator[Desk]:
    """A channel that polls."""
    async with desk(tmp_path, server) as made:
        yield made


@pytest.fixture
async def webhook(server: TelegramServer, tmp_path: Path) -> AsyncIterator[Desk]:
    """A channel that Telegram brings its updates to."""
    async with desk(tmp_path, server, **PUBLIC) as made:
        yield made


def offsets(server: TelegramServer) -> list[Any]:
    """What each poll confirmed."""
    return [each.params.get("offset") for each in server.called("getUpdates")]


# --- long polling -----------------------------------------------------------------------------------------------------


async def test_a_batch_is_stored_in_one_commit_and_confirmed_once(here: Desk) -> None:
    """What waits is stored together; the next poll confirms it, those after it say nothing of it."""
    hoa = here.server.user(7001)
    hoa.starts()
    hoa.says("Hồ sơ của tôi xong chưa?")
    here.channel._receiver._wait = 0.0
    await here.channel.lead()
    await here.server.until(lambda: len(offsets(here.server)) >= 4)
    assert here.accepts == [["100001:1", "100002:2"]]
    assert offsets(here.server)[:4] == [None, 100003, None, None]
    assert here.server.called("getUpdates")[0].params["allowed_updates"] == ALLOWED
    assert here.server.bot.confirmed == 2
    assert [(each.chat, each.sender) for each in await here.events()] == [("7001", "7001")] * 2


async def test_nothing_is_confirmed_while_the_database_is_away(here: Desk) -> None:
    """Telegram keeps what we could not store, and brings it again."""
    here.away = True
    here.server.user(7001).says("phản ánh")
    await here.channel.lead()
    await here.server.until(lambda: len(offsets(here.server)) >= 3)
    assert set(offsets(here.server)) == {None}
    assert here.server.bot.confirmed == 0
    here.away = False
    await here.until(1)
    await here.server.until(lambda: here.server.bot.confirmed == 1)


async def test_polls_that_break_lose_nothing_and_repeat_nothing(here: Desk) -> None:
    """Lost answers, gateways, errors and cut connections: everything said is stored once, in order."""
    hoa = here.server.user(7001)
    for plan in (DROP, CUT, GATEWAY, BROKEN, DROP):
        here.server.next("getUpdates", plan)
        hoa.says(plan if isinstance(plan, str) else "500")
    await here.channel.lead()
    await here.until(5)
    here.server.next("getUpdates", DROP)  # the confirmation itself gets through or not: both are well
    hoa.says("xong")
    await here.until(6)
    assert [said.text for said in await here.parsed()] == ["drop", "cut", "gateway", "500", "drop", "xong"]
    assert not here.alerts


async def test_what_was_stored_but_not_confirmed_comes_again_and_is_one_row(
    server: TelegramServer, tmp_path: Path
) -> None:
    """A process that dies between its commit and the confirmation leaves no second event."""
    with stores.fresh("sqlite", tmp_path) as url:
        async with on(url, tmp_path, server) as first:
            update = server.user(7001).says("phản ánh").json()
            await first.channel._receiver.take([(b"{}", {"update_id": 100001, "message": update})])
        async with on(url, tmp_path, server) as second:
            await second.channel.lead()
            await server.until(lambda: server.bot.confirmed == 1)
            assert len(await second.events()) == 1


async def test_ids_that_restart_at_random_are_never_skipped(here: Desk) -> None:
    """After a week of silence the next update has a lower id, or one that an old update had."""
    hoa = here.server.user(7001)
    await here.channel.lead()
    for at in (0, 5, 100_001):
        here.server.restart_ids(at or 100_001)
        hoa.says(f"lần {at}")
        await here.server.until(lambda: not here.server.bot.waiting())
    assert [said.text for said in await here.parsed()] == ["lần 0", "lần 5", "lần 100001"]


async def test_what_cannot_even_be_routed_is_kept_as_bytes(here: Desk) -> None:
    """One update that makes no sense neither stops the others nor comes for ever."""
    hoa = here.server.user(7001)
    hoa.says("một")
    here.server.bot.update("message", {"message_id": 3, "text": "ai?"})
    here.server.bot.update("message", hoa.chat.keep(hoa.json(), {"text": "nửa chữ \ud83d"}).json())
    hoa.says("hai")
    await here.channel.lead()
    await here.until(3)
    await here.server.until(lambda: here.server.bot.confirmed == 4)
    assert [said.text for said in await here.parsed()] == ["một", "nửa chữ \ufffd", "hai"]
    assert [why for _raw, why in here.broken] == ["KeyError"]
    assert b"ai?" in here.broken[0][0]


async def test_a_second_program_with_the_same_bot_is_told_once(server: TelegramServer, tmp_path: Path) -> None:
    """Two that poll disturb each other; both go on trying, and an operator hears of it once."""
    async with desk(tmp_path, server) as one, desk(tmp_path, server) as two:
        await one.channel.lead()
        await server.until(lambda: len(offsets(server)) >= 1)
        await two.channel.lead()
        await server.until(lambda: len(offsets(server)) >= 8)
        told = one.alerts + two.alerts
        assert told
        assert all(TWICE in each for each in told)
        assert max(len(one.alerts), len(two.alerts)) == 1


async def test_a_webhook_of_before_is_taken_away_without_what_waits(here: Desk) -> None:
    """Who changes to polling loses nothing; one that somebody sets meanwhile goes as well."""
    async with aiohttp.ClientSession() as http:
        for text in ("một", "hai"):
            asked = {"url": "https://chat.xa.vn/elsewhere"}
            await http.post(f"{here.server.url}/bot{here.server.token}/setWebhook", json=asked)
            here.server.user(7001).says(text)
            await here.channel.lead()
            await here.server.until(lambda: not here.server.bot.waiting())
    assert [said.text for said in await here.parsed()] == ["một", "hai"]
    assert all("true" not in str(each.params).lower() for each in here.server.called("deleteWebhook"))


async def test_a_token_that_is_revoked_is_told_once_and_may_be_mended(here: Desk) -> None:
    """Nothing else helps than a new token; with the same one accepted again it goes on by itself."""
    await here.channel.lead()
    await here.server.until(lambda: offsets(here.server))
    here.server.bot.revoked = True
    here.server.user(7001).says("phản ánh")
    await here.server.until(lambda: len(offsets(here.server)) >= 4)
    assert [REVOKED in each for each in here.alerts] == [True]
    here.server.bot.revoked = False
    await here.until(1)
    assert len(here.alerts) == 1


async def test_a_network_that_is_away_makes_no_storm_in_the_log(here: Desk) -> None:
    """One line when it begins, one when it is over, however often was tried."""
    with capture_logs() as logs:
        await here.channel.lead()
        await here.server.until(lambda: offsets(here.server))
        await eventually(lambda: not here.channel._tasks)  # it has introduced itself
        await here.server.refuse()
        await asyncio.sleep(0.2)
        await here.server.start()
        here.server.user(7001).says("phản ánh")
        await here.until(1)
    assert [each["event"] for each in logs] == ["telegram_waits", "telegram_works_again"]
    assert not here.alerts


async def test_the_pulse_beats_while_polls_succeed_and_not_more_than_twice_a_minute(here: Desk) -> None:
    """So that a gap in it is the time in which nothing reached us."""
    hoa = here.server.user(7001)
    await here.channel.lead()
    for seconds in (0, 10, 19, 31):
        here.now += timedelta(seconds=seconds)
        hoa.says("phản ánh")
        await here.server.until(lambda: not here.server.bot.waiting())
    assert here.beats == 2
    here.away, here.now = True, here.now + timedelta(minutes=5)
    hoa.says("phản ánh")
    await asyncio.sleep(0.1)
    assert here.beats == 2


async def test_polling_stops_with_the_lease_and_goes_on_with_it(here: Desk) -> None:
    """`follow` ends it; `lead` once or twice begins it once."""
    await here.channel.lead()
    await here.channel.lead()
    await here.server.until(lambda: offsets(here.server))
    await here.channel.follow()
    polls = len(offsets(here.server))
    here.server.user(7001).says("phản ánh")
    await asyncio.sleep(0.1)
    assert len(offsets(here.server)) == polls
    await here.channel.lead()
    await here.until(1)
    assert not here.alerts


# --- webhook ----------------------------------------------------------------------------------------------------------


async def test_the_webhook_is_registered_once_with_its_secret(webhook: Desk) -> None:
    """Our address and nothing dropped; not again while it is ours, again once it is not."""
    server = webhook.server
    await webhook.channel.lead()
    await server.until(lambda: server.bot.webhook)
    asked = server.called("setWebhook")[0].params
    assert (asked["url"], asked["secret_token"]) == ("https://chat.xa.vn/telegram/webhook", SECRET)
    assert (asked["allowed_updates"], asked["drop_pending_updates"], asked["max_connections"]) == (ALLOWED, False, 8)
    await webhook.channel.follow()
    assert server.bot.webhook is not None  # the other processes take what comes
    await webhook.channel.lead()
    await server.until(lambda: len(server.called("getWebhookInfo")) == 2)
    assert len(server.called("setWebhook")) == 1
    await eventually(lambda: webhook.beats == 1)
    server.bot.webhook.error, server.bot.webhook.error_at = "Wrong response from the webhook: 403 Forbidden", 1
    await webhook.channel._set_webhook()  # our secret has changed since
    assert len(server.called("setWebhook")) == 2


async def test_what_the_webhook_brings_is_stored_once_in_whatever_order(webhook: Desk) -> None:
    """Repeated, overtaken, several at a time: a row for each, by a process that does not lead, too."""
    server = webhook.server
    await webhook.channel.lead()
    await server.until(lambda: server.bot.webhook)
    await webhook.channel.follow()
    server.bot.delivery.parallel, server.bot.delivery.shuffled, server.bot.delivery.repeat = 4, True, 0.5
    hoa = server.user(7001)
    for number in range(20):
        hoa.says(f"câu {number}")
    await webhook.until(20)
    await asyncio.sleep(0.05)
    assert sorted(said.text for said in await webhook.parsed()) == sorted(f"câu {number}" for number in range(20))


async def test_while_the_database_is_away_telegram_keeps_it(webhook: Desk) -> None:
    """503 with Retry-After; then it comes again."""
    webhook.away = True
    async with aiohttp.ClientSession(webhook.url, headers={SECRET_HEADER: SECRET}) as http:
        update = {"update_id": 3, "message": webhook.server.user(7001).says("phản ánh").json()}
        async with http.post(WEBHOOK, json=update) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        async with http.post(WEBHOOK, data=b"no json") as answer:
            assert answer.status == 503
    await webhook.channel.lead()
    await eventually(lambda: webhook.server.bot.webhook and webhook.server.bot.webhook.error)
    webhook.away = False
    await webhook.until(1)


@pytest.mark.parametrize("given", [None, "", "the-secret-of-the-webhooK", "khóa bí mật"])
async def test_without_the_secret_nothing_is_stored(webhook: Desk, given: str | None) -> None:
    """403, whatever is in it, and nothing is kept of it."""
    update = {"update_id": 3, "message": webhook.server.user(7001).says("phản ánh").json()}
    headers = {} if given is None else {SECRET_HEADER: given}
    async with aiohttp.ClientSession(webhook.url) as http, http.post(WEBHOOK, json=update, headers=headers) as answer:
        assert answer.status == 403
    assert (webhook.accepts, webhook.broken) == ([], [])


async def test_what_makes_no_sense_is_kept_and_acknowledged(webhook: Desk) -> None:
    """Else Telegram would bring it for a day; what is too large is refused unread, what we never asked for ignored."""
    async with aiohttp.ClientSession(webhook.url, headers={SECRET_HEADER: SECRET}) as http:
        for body, status in (
            (b"no json", 200),
            (b"[]", 200),
            (b'{"update_id":1,"poll":{}}', 200),
            (io.BytesIO(b"x" * 2**21), 413),
        ):
            async with http.post(WEBHOOK, data=body) as answer:
                assert answer.status == status
    assert [raw for raw, _why in webhook.broken] == [b"no json", b"[]"]
    assert webhook.accepts == []


@pytest.mark.parametrize(
    ("mode", "public", "doors"),
    [("auto", True, 1), ("auto", False, 0), ("poll", True, 0), ("webhook", True, 1)],
)
async def test_the_mode_decides(server: TelegramServer, tmp_path: Path, mode: str, public: bool, doors: int) -> None:
    """`auto` is a webhook as soon as we can be reached; who polls has no door."""
    more = {"TELEGRAM_MODE": mode} | (PUBLIC if public else {})
    async with desk(tmp_path, server, **more) as made:
        assert len(made.channel.routes()) == doors
        await made.channel.lead()
        await server.until(lambda: server.bot.webhook if doors else offsets(server))


async def test_an_address_that_telegram_refuses_is_told(server: TelegramServer, tmp_path: Path) -> None:
    """A port that Telegram does not know: a sentence, once, and it is tried again."""
    async with desk(tmp_path, server, PUBLIC_URL="https://chat.xa.vn:8080") as made:
        await made.channel.lead()
        await server.until(lambda: len(server.called("setWebhook")) >= 3)
        assert made.alerts == ["Telegram không nhận địa chỉ webhook lấy từ PUBLIC_URL. Xin chạy: python -m bot check"]


def test_the_sentences_are_those_of_the_catalog() -> None:
    """What the tests look for is what is said."""
    assert REVOKED in str(CATALOGS._words["vi"].values())
