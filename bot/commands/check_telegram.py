"""What `python -m bot check` asks Telegram itself: the token, the webhook, privacy mode, the officials' group.

Through the same settings as the service, so it works with a local Bot API server, too. It changes nothing, takes at
most `SECONDS`, and says so when Telegram cannot be reached; what was found until then is still told.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from bot.channels.telegram_receive import WEBHOOK, by_webhook, is_in
from bot.channels.telegram_request import Refused, Wire
from bot.commune_setup import Finding
from bot.errors import SendError
from bot.settings import Settings, on_loopback

SECONDS = 15.0
REQUEST_SECONDS = 6.0
PORTS = (443, 80, 88, 8443)
"""Where Telegram delivers (core.telegram.org/bots/webhooks)."""
MANY_WAIT = 100
"""Updates that wait for the webhook, from which on something is wrong with it."""
_WHY_NOT: tuple[tuple[tuple[str, ...], str], ...] = (
    (("403",), "Mã bí mật đã đổi. Xin khởi động lại dịch vụ để đăng ký lại."),
    (("404",), f"Máy chủ https chưa chuyển {WEBHOOK} tới dịch vụ. Xin sửa cấu hình của nó."),
    (("502", "503", "504"), "Dịch vụ không chạy, hoặc cơ sở dữ liệu đang tắt. Xin khởi động lại."),
    (("ssl", "certificate"), "Chứng chỉ https không được tin. Xin dùng chứng chỉ đầy đủ, còn hạn."),
    (("refused", "timed out", "timeout", "unreachable"), "Telegram không vào được máy này. Xin mở cổng ở tường lửa."),
    (("resolve",), "Telegram không tìm thấy tên miền trong PUBLIC_URL. Xin xem lại tên miền."),
)


def check_telegram(settings: Settings, groups: Iterable[str] = ()) -> list[Finding]:
    """Every finding; none when Telegram is off. `groups`: those we have been added to, should none be the office's."""
    if not settings.telegram_bot_token:
        return []
    return asyncio.run(_everything(settings, groups))


async def _everything(settings: Settings, groups: Iterable[str]) -> list[Finding]:
    found = list(_alone(settings))
    wire = Wire(settings.telegram_api_url, settings.telegram_bot_token)
    try:
        async with asyncio.timeout(SECONDS):
            async for finding in _asked(settings, wire, groups):
                found.append(finding)
    except (SendError, TimeoutError):
        found.append(
            Finding(
                "error",
                f"Không liên lạc được với Telegram ({settings.telegram_api_url}). "
                "Xin xem mạng và TELEGRAM_API_URL; có nơi nhà mạng chặn Telegram.",
            )
        )
    except (Refused, KeyError, TypeError, AttributeError, ValueError) as error:
        why = str(error) if isinstance(error, Refused) else "câu trả lời lạ"
        found.append(Finding("error", f"Telegram từ chối trả lời ({why}). Xin thử lại sau ít phút."))
    finally:
        await wire.close()
    return found


def _alone(settings: Settings) -> Iterable[Finding]:
    """What is seen without asking anybody."""
    parts = urlsplit(settings.public_url)
    if by_webhook(settings) and not on_loopback(settings.telegram_api_url):
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme != "https":
            yield Finding("error", "Telegram chỉ giao tin tới địa chỉ https. Xin sửa PUBLIC_URL.")
        elif port not in PORTS:
            yield Finding("error", f"Telegram không giao tin tới cổng {port}. Xin dùng 443, 80, 88 hoặc 8443.")
    if settings.telegram_personal_data == "full":
        yield Finding(
            "warning", "Họ tên, số điện thoại đi nguyên văn qua máy chủ ở nước ngoài (TELEGRAM_PERSONAL_DATA=full)."
        )


async def _asked(settings: Settings, wire: Wire, groups: Iterable[str]) -> AsyncIterator[Finding]:
    try:
        me = await wire.call("getMe", seconds=REQUEST_SECONDS)
    except Refused as refused:
        if refused.status not in (401, 404):
            raise
        yield Finding(
            "error",
            "Telegram không nhận TELEGRAM_BOT_TOKEN. Xin mở @BotFather, gõ /mybots, chọn trợ lý, chọn API Token, "
            "rồi chép mã mới vào.",
        )
        return
    for finding in _me(settings, me):
        yield finding
    info = await wire.call("getWebhookInfo", seconds=REQUEST_SECONDS)
    for finding in _webhook(settings, info):
        yield finding
    if settings.telegram_admin_chat_id is not None:
        async for finding in _group(wire, settings.telegram_admin_chat_id, me):
            yield finding
        return
    for chat in groups:
        with suppress(Refused):  # we are not in it any more
            yield Finding(
                "warning",
                f"Trợ lý đang ở nhóm “{await _title(wire, chat)}”. Nếu là nhóm cán bộ, xin ghi "
                f"TELEGRAM_ADMIN_CHAT_ID={chat}; nếu không, xin đưa trợ lý ra.",
            )


def _me(settings: Settings, me: dict[str, Any]) -> Iterable[Finding]:
    if me.get("can_read_all_group_messages"):
        yield Finding(
            "warning",
            "Trợ lý đọc được mọi tin trong nhóm. Xin mở @BotFather, gõ /setprivacy, chọn trợ lý, chọn Enable, "
            "rồi đưa trợ lý ra và mời lại vào nhóm.",
        )
    if settings.telegram_admin_chat_id is not None and me.get("can_join_groups") is False:
        yield Finding(
            "error", "Trợ lý không vào nhóm được. Xin mở @BotFather, gõ /setjoingroups, chọn trợ lý, chọn Enable."
        )


def _webhook(settings: Settings, info: dict[str, Any]) -> Iterable[Finding]:
    url, waiting = str(info.get("url") or ""), int(info.get("pending_update_count") or 0)
    if not by_webhook(settings):
        if url:
            yield Finding(
                "warning",
                f"Telegram đang giao tin tới {_place(url)}. Dịch vụ sẽ gỡ địa chỉ đó khi chạy; "
                "nếu là của chương trình khác, xin tạo trợ lý riêng.",
            )
        return
    ours = settings.public_url + WEBHOOK
    if not url:
        yield Finding("warning", "Chưa đăng ký webhook. Dịch vụ tự đăng ký khi chạy; xin khởi động rồi kiểm tra lại.")
    elif url != ours:
        yield Finding(
            "error",
            f"Telegram giao tin tới {_place(url)}, không phải {_place(ours)}. Xin khởi động lại dịch vụ; "
            "nếu có chương trình khác dùng trợ lý này, xin dừng nó.",
        )
    elif why := str(info.get("last_error_message") or ""):
        mend = next((mend for words, mend in _WHY_NOT if any(each in why.lower() for each in words)), "")
        yield Finding("warning", f"Lần gần đây Telegram không giao được tin ({why}). {mend}".strip())
    if waiting >= MANY_WAIT:
        yield Finding("warning", f"{waiting} tin của bà con đang chờ ở Telegram. Xin xem dịch vụ có chạy không.")


def _place(url: str) -> str:
    """Host and path; what stands behind a "?" may be somebody's secret."""
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path}"


async def _title(wire: Wire, chat: str) -> str:
    try:
        return str((await wire.call("getChat", {"chat_id": int(chat)}, REQUEST_SECONDS)).get("title"))
    except Refused as refused:
        if not refused.moved_to:
            raise
        return await _title(wire, refused.moved_to)


async def _group(wire: Wire, chat: int, me: dict[str, Any]) -> AsyncIterator[Finding]:
    name = f"@{me.get('username')}"
    try:
        group = await wire.call("getChat", {"chat_id": chat}, REQUEST_SECONDS)
    except Refused as refused:
        if refused.moved_to:
            yield Finding(
                "warning", f"Nhóm cán bộ đã nâng cấp và có mã mới: xin ghi TELEGRAM_ADMIN_CHAT_ID={refused.moved_to}."
            )
            async for finding in _group(wire, int(refused.moved_to), me):
                yield finding
            return
        if refused.status not in (400, 403):
            raise
        yield Finding("error", f"Trợ lý chưa ở trong nhóm {chat}. Xin mời {name} vào nhóm, rồi kiểm tra lại.")
        return
    if group["type"] not in ("group", "supergroup"):
        yield Finding("error", f"TELEGRAM_ADMIN_CHAT_ID={chat} không phải một nhóm. Mã nhóm là số âm.")
        return
    member = await wire.call("getChatMember", {"chat_id": chat, "user_id": me["id"]}, REQUEST_SECONDS)
    for finding in _member(name, group, member):
        yield finding


def _member(name: str, group: dict[str, Any], member: dict[str, Any]) -> Iterable[Finding]:
    title = group.get("title")
    everybody = group.get("permissions") or {}
    mute = member["status"] == "restricted" and member.get("can_send_messages") is False
    mute = mute or (member["status"] == "member" and everybody.get("can_send_messages") is False)
    if not is_in(member):
        yield Finding("error", f"Trợ lý không còn trong nhóm “{title}”. Xin mời {name} vào lại.")
    elif mute:
        yield Finding("error", f"Trợ lý không được viết trong nhóm “{title}”. Xin cho thành viên quyền gửi tin.")
    elif member["status"] == "administrator":
        yield Finding(
            "warning", f"Trợ lý là quản trị viên của nhóm “{title}” nên đọc được mọi tin. Xin bỏ quyền quản trị."
        )
