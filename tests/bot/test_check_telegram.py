"""`check` says in Vietnamese what is wrong with Telegram, and how to mend it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.channels.telegram_receive import WEBHOOK
from bot.commands import check_telegram as checking
from bot.commands.check import check
from bot.commands.check_telegram import check_telegram
from bot.settings import Settings
from storage import inbox, migrate
from storage.db import create_engine_for
from tests import stores
from tests.telegram_server import BROKEN, HANG, Plan, TelegramServer, bad, throttle
from tests.telegram_world import Webhook

PUBLIC = "https://chat.xa.vn"
GROUP = {"TELEGRAM_ADMIN_CHAT_ID": "-4012"}


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as made:
        yield made


@pytest.fixture
def checked(server: TelegramServer, tmp_path: Path) -> Callable[..., Any]:
    """What is found with these settings: level and sentence."""

    async def run(**more: str) -> list[tuple[str, str]]:
        found = await asyncio.to_thread(check_telegram, settings(server, tmp_path, **more))
        return [(each.level, each.sentence) for each in found]

    return run


def settings(server: TelegramServer, folder: Path, **more: str) -> Settings:
    environ = {"DATA_DIR": str(folder), "TELEGRAM_BOT_TOKEN": server.token, "TELEGRAM_API_URL": server.url}
    return Settings.load(environ | more, env_file=None)


Checked = Callable[..., Any]


async def test_a_bot_in_order_has_no_findings(server: TelegramServer, checked: Checked) -> None:
    """Polling or webhook, with a group: nothing to say, and nothing was changed."""
    server.group(-4012)
    assert await checked(**GROUP) == []
    server.bot.webhook = Webhook(PUBLIC + WEBHOOK)
    assert await checked(PUBLIC_URL=PUBLIC, **GROUP) == []
    assert {each.method for each in server.requests} == {"getme", "getwebhookinfo", "getchat", "getchatmember"}
    assert await checked(TELEGRAM_BOT_TOKEN="") == []


async def test_a_wrong_token_is_told_with_where_to_get_a_new_one(server: TelegramServer, checked: Checked) -> None:
    """Revoked or misspelt; nothing else is asked then, and the token is not repeated."""
    for token in ("1:wrong", server.token):
        server.bot.revoked = token == server.token
        ((level, sentence),) = await checked(TELEGRAM_BOT_TOKEN=token)
        assert level == "error"
        assert "@BotFather" in sentence
        assert token.partition(":")[2] not in sentence
    assert {each.method for each in server.requests} == {"getme"}


async def test_privacy_mode_and_groups_are_switched_at_botfather(server: TelegramServer, checked: Checked) -> None:
    """Whoever reads everything in a group is told how to stop."""
    server.bot.privacy = False
    ((level, sentence),) = await checked()
    assert level == "warning"
    assert "/setprivacy" in sentence
    found = checking._me(settings(server, Path(), **GROUP), {"can_join_groups": False})
    assert ["/setjoingroups" in each.sentence for each in found] == [True]


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        ("Wrong response from the webhook: 403 Forbidden", "Mã bí mật"),
        ("Wrong response from the webhook: 404 Not Found", WEBHOOK),
        ("Wrong response from the webhook: 502 Bad Gateway", "Dịch vụ không chạy"),
        ("SSL error {error:0A000086:SSL routines::certificate verify failed}", "Chứng chỉ"),
        ("Connection timed out", "tường lửa"),
        ("Failed to resolve host: Name or service not known", "tên miền"),
        ("Something new", "Something new"),
    ],
)
async def test_what_the_webhook_met_is_explained(
    server: TelegramServer, checked: Checked, error: str, mend: str
) -> None:
    """Telegram's last error, and what to do about it."""
    server.bot.webhook = Webhook(PUBLIC + WEBHOOK, error=error, error_at=1)
    ((level, sentence),) = await checked(PUBLIC_URL=PUBLIC)
    assert level == "warning"
    assert error in sentence
    assert mend in sentence


async def test_a_webhook_that_is_not_ours_is_told(server: TelegramServer, checked: Checked) -> None:
    """None yet, another one, one while we poll; and people who wait behind it."""
    ((level, sentence),) = await checked(PUBLIC_URL=PUBLIC)
    assert (level, "Chưa đăng ký webhook" in sentence) == ("warning", True)
    server.bot.webhook = Webhook("https://other.vn/hook?key=secret")
    for number in range(100):
        server.user(7001).says(f"câu {number}")
    (level, sentence), (_warning, waiting) = await checked(PUBLIC_URL=PUBLIC)
    assert level == "error"
    assert "other.vn/hook" in sentence
    assert "chat.xa.vn/telegram/webhook" in sentence
    assert "100 tin" in waiting
    ((level, sentence),) = await checked()
    assert (level, "other.vn/hook" in sentence, "secret" in sentence) == ("warning", True, False)


async def test_addresses_that_telegram_never_delivers_to(tmp_path: Path, server: TelegramServer) -> None:
    """https, and one of four ports; a stand-in on this machine is not so strict."""
    for url, mend in (("https://chat.xa.vn:8080", "8443"), ("http://127.0.0.1:8080", "https"), (PUBLIC, "")):
        more = {"TELEGRAM_API_URL": "https://api.telegram.org", "PUBLIC_URL": url}
        found = list(checking._alone(settings(server, tmp_path, **more)))
        assert [mend in each.sentence for each in found] == ([True] if mend else [])
    assert list(checking._alone(settings(server, tmp_path, PUBLIC_URL="http://127.0.0.1:8080"))) == []
    (full,) = checking._alone(settings(server, tmp_path, TELEGRAM_PERSONAL_DATA="full"))
    assert "nước ngoài" in full.sentence


async def test_the_group_of_the_officials(server: TelegramServer, checked: Checked) -> None:
    """Not a member, removed, an administrator, upgraded, no group at all: each with what to do."""
    hoa = server.user(7001)
    hoa.chat.begun = True
    ((level, sentence),) = await checked(**GROUP)
    assert (level, "@gan_dan_bot" in sentence) == ("error", True)
    group = server.group(-4012, members=[hoa])
    group.status = "kicked"
    ((level, sentence),) = await checked(**GROUP)
    assert (level, "mời @gan_dan_bot" in sentence) == ("error", True)
    group.status = "administrator"
    ((level, sentence),) = await checked(**GROUP)
    assert (level, "quản trị" in sentence) == ("warning", True)
    group.status = "member"
    new = group.upgrade(hoa)
    ((level, sentence),) = await checked(**GROUP)
    assert (level, f"TELEGRAM_ADMIN_CHAT_ID={new.id}" in sentence) == ("warning", True)
    ((level, sentence),) = await checked(TELEGRAM_ADMIN_CHAT_ID="7001")
    assert (level, "số âm" in sentence) == ("error", True)


async def test_the_group_we_were_added_to_is_offered(server: TelegramServer, checked: Checked, tmp_path: Path) -> None:
    """Telegram shows nobody the id of a group, so we do; until one is named, and not for one that we have left."""
    hoa = server.user(7001)
    group, other = server.group(-4012, "Văn phòng xã", [hoa]), server.group(-5, "Khác")
    group.upgrade(hoa)
    other.status = "left"
    engine = create_engine_for(f"sqlite:///{tmp_path / 'gandan.db'}", stores.KEYS)
    with engine.begin() as db:
        migrate.tables().create_all(db)
        for chat in ("-4012", "-5", "7001"):
            inbox.open_lane(db, 1, "telegram", str(server.bot.id), chat)
    engine.dispose()
    said = list[str]()
    await asyncio.to_thread(check, settings(server, tmp_path), said.append)
    (offered,) = [each for each in said if "TELEGRAM_ADMIN_CHAT_ID" in each]
    assert offered.startswith("Nên xem: Trợ lý đang ở nhóm “Văn phòng xã”.")
    assert "TELEGRAM_ADMIN_CHAT_ID=-4012;" in offered
    said.clear()
    await asyncio.to_thread(check, settings(server, tmp_path, **GROUP), said.append)
    assert not [each for each in said if "đang ở nhóm" in each]


@pytest.mark.parametrize(
    ("group", "member", "mend"),
    [
        ({}, {"status": "left"}, "không còn trong nhóm"),
        ({}, {"status": "restricted", "is_member": True, "can_send_messages": False}, "không được viết"),
        ({"permissions": {"can_send_messages": False}}, {"status": "member"}, "không được viết"),
        ({"permissions": {"can_send_messages": False}}, {"status": "administrator"}, "quản trị"),
        ({"permissions": {"can_send_messages": True}}, {"status": "member"}, ""),
    ],
)
def test_what_we_may_do_in_the_group(group: dict[str, Any], member: dict[str, Any], mend: str) -> None:
    """Whether we are in it and may write."""
    found = list(checking._member("@gan_dan_bot", {"title": "Văn phòng"} | group, member))
    assert [mend in each.sentence for each in found] == ([True] if mend else [])


@pytest.mark.parametrize(
    ("where", "plan", "words"),
    [
        ("getMe", BROKEN, "từ chối trả lời (500"),
        ("getWebhookInfo", throttle(3), "từ chối trả lời (429"),
        ("getChat", BROKEN, "từ chối trả lời (500"),
        ("getChatMember", bad("nein"), "từ chối trả lời (400"),
        ("getMe", HANG, "Không liên lạc được"),
        ("getChat", "cut", "Không liên lạc được"),
    ],
)
async def test_what_telegram_does_not_answer_is_said(
    server: TelegramServer, checked: Checked, monkeypatch: pytest.MonkeyPatch, where: str, plan: Plan, words: str
) -> None:
    """Time-limited, and what was found before is still told."""
    monkeypatch.setattr(checking, "SECONDS", 0.2)
    server.bot.privacy = False
    server.group(-4012)
    server.next(where, plan)
    found = await checked(**GROUP)
    assert words in found[-1][1]
    assert len(found) == (1 if where == "getMe" else 2)


async def test_check_tells_it_all_in_one_list(server: TelegramServer, tmp_path: Path) -> None:
    """The command itself: Telegram away is one more thing to mend."""
    here, said = settings(server, tmp_path), list[str]()
    await server.refuse()
    assert await asyncio.to_thread(check, here, said.append) == 1
    assert [each for each in said if "Không liên lạc được với Telegram" in each and "TELEGRAM_API_URL" in each]
    await server.start()
