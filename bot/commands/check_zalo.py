"""What `python -m bot check` says of Zalo: settings, the right to act, the account and its plan, the webhook.

It asks Zalo one question, with the access token that the service has stored, and renews nothing: a refresh token is
good once, and only the service may spend it. At the end stands what nobody has confirmed on the real account yet.
"""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import Connection, inspect, select

from bot.channels.zalo_account import GETOA, STATE_AGENCY, About
from bot.channels.zalo_consent import verifier_file
from bot.channels.zalo_grant import CALLBACK, NAME, lost
from bot.channels.zalo_request import Kind, Refused, Wire, meaning, unknown
from bot.commune_setup import Finding
from bot.commune_zalo import ZaloTerms
from bot.errors import SendError
from bot.settings import Settings, on_loopback
from bot.zalo_assumptions import ASSUMED
from messages.render import ZONE, Catalogs
from messages.reply import Msg
from storage import grants
from storage.grants import Pair
from storage.inbox import lane
from storage.sealing import Unreadable

SECONDS = 6.0
SOON = timedelta(days=30)
PLANS = ("Tăng trưởng", "Toàn diện")
"""Those that include OpenAPI (price list of 2026-06-01)."""
WEBHOOK = "/zalo/webhook"
KINDS = {STATE_AGENCY: "cơ quan nhà nước", 2: "doanh nghiệp"}
_WEBHOOK = (
    "Chưa có sự kiện nào từ Zalo. Ở developers.zalo.me, mục Webhook: ghi {url}; bật mọi sự kiện user_send_…, "
    "oa_send_…, follow, unfollow, user_submit_info, user_click_chatnow, user_received_message, user_seen_message, "
    "user_withdraw, permission_revoked; bật Webhook Retry; tắt bộ lọc chỉ nhận tin bắt đầu bằng dấu #."
)


@dataclass(frozen=True)
class Known:
    """What stands in our tables: the grant (None: it cannot be read), and whether an event ever came."""

    pair: Pair | None = grants.NOTHING
    heard: bool = False


def known(db: Connection, commune_id: int, account: str) -> Known:
    """Read it; a database of an older version has no grants yet."""
    tables = inspect(db)
    if not tables.has_table(grants.grant.name):
        return Known()
    mine = (lane.c.commune_id == commune_id) & (lane.c.channel == NAME)
    heard = db.execute(select(lane.c.id).where(mine).limit(1)).first() is not None
    try:
        return Known(grants.find(db, grants.Account(commune_id, NAME, account)), heard)
    except Unreadable:  # told by the check of the key
        return Known(None, heard)


def check_zalo(settings: Settings, terms: ZaloTerms, found: Known, now: datetime) -> list[Finding]:
    """Every finding; none when Zalo is off."""
    if not settings.zalo_app_id:
        return []
    findings = [*_reached(settings), *_grant(settings, terms, found.pair, now)]
    if not found.heard:
        findings.append(Finding("warning", _WEBHOOK.format(url=(settings.public_url or "PUBLIC_URL") + WEBHOOK)))
    if found.pair is not None and found.pair.expires_at is not None and found.pair.expires_at > now:
        findings += asyncio.run(_asked(settings, found.pair.access, now.astimezone(ZONE).date()))
    return [*findings, *_unconfirmed(terms)]


def _reached(settings: Settings) -> Iterable[Finding]:
    """How Zalo comes to us."""
    if settings.zalo_signature == "log":
        yield Finding(
            "warning", "Sự kiện Zalo không có chữ ký cũng được nhận (ZALO_SIGNATURE=log). Xin chỉ dùng một ngày."
        )
    if on_loopback(settings.zalo_api_url):
        return  # a trial on this machine
    parts = urlsplit(settings.public_url)
    if not settings.public_url:
        yield Finding("error", "Zalo giao tin qua địa chỉ https của xã. Xin đặt PUBLIC_URL.")
    elif parts.scheme != "https" or parts.port is not None or re.fullmatch(r"[\d.]+|.*:.*", parts.hostname or ""):
        yield Finding("error", "Zalo chỉ nhận địa chỉ https có tên miền, không kèm số cổng. Xin sửa PUBLIC_URL.")
    elif not any(settings.data_dir.glob(verifier_file(settings.data_dir, "*").name)):
        yield Finding(
            "warning",
            f"Chưa có tệp xác thực tên miền của Zalo. Xin tải tệp zalo_verifier….html về {settings.data_dir}, "
            "rồi bấm xác thực ở developers.zalo.me.",
        )


def _grant(settings: Settings, terms: ZaloTerms, pair: Pair | None, now: datetime) -> Iterable[Finding]:
    """The right to act for the account."""
    if pair is None:
        return
    if pair.lost:
        yield Finding("error", _say(lost(pair)))
    elif pair.obtained_at is None:
        if settings.zalo_refresh_token:
            yield Finding("warning", "Khóa Zalo đầu tiên (ZALO_REFRESH_TOKEN) sẽ được đổi khi dịch vụ chạy.")
        else:
            back = f" Callback URL: {settings.public_url}{CALLBACK}." if settings.public_url else ""
            yield Finding("error", f"Chưa ai kết nối Official Account. Xin chạy: python -m bot zalo connect.{back}")
    elif pair.expires_at is None or pair.expires_at <= now:
        yield Finding("warning", "Khóa Zalo đã cũ, dịch vụ sẽ tự đổi khi chạy. Xin khởi động dịch vụ.")
    if pair.obtained_at is not None and not pair.lost:
        ends = pair.obtained_at + timedelta(days=terms.grant_days)
        if ends - now <= SOON:
            yield Finding(
                "warning",
                f"Zalo chỉ cho trợ lý dùng OA đến {_day(ends.astimezone(ZONE).date())}. "
                "Xin khởi động dịch vụ, hoặc chạy: python -m bot zalo connect",
            )


async def _asked(settings: Settings, token: str, today: date) -> list[Finding]:
    wire = Wire(settings)
    try:
        return list(_about(About.read(await wire.call("GET", GETOA, token, seconds=SECONDS)), today))
    except Refused as refused:
        found = meaning(refused.code)
        if found is not None and found.kind is Kind.REFRESH:
            return [Finding("warning", "Zalo không nhận khóa đang có. Dịch vụ tự đổi khi chạy; xin kiểm tra lại sau.")]
        return [Finding("error", _say((found and found.sentence) or unknown(refused.code)))]
    except SendError:
        return [
            Finding("error", f"Không liên lạc được với Zalo ({settings.zalo_api_url}). Xin xem mạng và ZALO_API_URL.")
        ]
    finally:
        await wire.close()


def _about(about: About, today: date) -> Iterable[Finding]:
    """The account as Zalo describes it."""
    ends = f"đến {_day(about.valid_until)}" if about.valid_until else "không rõ hạn"
    kind = KINDS.get(about.kind or 0, f"loại {about.kind}")
    path = "v2" if about.path == "v2_message" else "v3"
    yield Finding(
        "note", f"OA “{about.name}”: {kind}, gói {about.plan or 'không rõ'}, {ends}; gửi tin theo đường {path}."
    )
    if about.verified is False:
        yield Finding("error", "OA chưa được xác thực. Xin hoàn tất ở oa.zalo.me.")
    if about.plan not in PLANS:
        yield Finding(
            "warning",
            f"Gói “{about.plan}” có thể không kèm OpenAPI. Theo bảng giá 06/2026, cần gói {' hoặc '.join(PLANS)}.",
        )
    if about.valid_until is None:
        yield Finding("warning", "Zalo không cho biết hạn của gói. Xin xem ở oa.zalo.me và ghi lịch gia hạn.")
    elif about.valid_until < today:
        yield Finding("error", f"Gói OA đã hết hạn {_day(about.valid_until)}. Xin gia hạn ở oa.zalo.me.")
    elif about.valid_until - today <= SOON:
        yield Finding("warning", f"Gói OA hết hạn {_day(about.valid_until)}. Xin gia hạn trước ngày ấy.")
    if not about.cloud_account:
        yield Finding(
            "warning", "OA chưa liên kết Zalo Cloud Account, nên chưa gửi được tin mẫu. Xin làm ở zalo.cloud."
        )


def _unconfirmed(terms: ZaloTerms) -> Iterable[Finding]:
    for question, assumption in ASSUMED.items():
        if question not in terms.confirmed:
            yield Finding(
                "warning",
                f"Cần xác nhận trên OA thật ({question}, giả định từ {_day(assumption.since)}): {assumption.sentence} "
                f"Đúng rồi thì ghi {question} = NGÀY dưới [zalo.confirmed].",
            )


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _say(sentence: Msg) -> str:
    return Catalogs().text(sentence, "vi")
