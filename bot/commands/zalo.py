"""`python -m bot zalo connect`: an administrator of the Official Account lets the assistant in, once.

Three ways lead to the same pair of tokens. With PUBLIC_URL the link leads back to the running service. Without it he
pastes the address that his browser was sent to, or a refresh token that Zalo's API Explorer shows.
"""

import asyncio
import getpass
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from bot.channels import zalo_consent
from bot.channels.zalo_account import OfficialAccount
from bot.channels.zalo_consent import NotConnected
from bot.channels.zalo_grant import CALLBACK, NAME, Grant
from bot.channels.zalo_request import Refused, Wire
from bot.control import DONE, FAILED, WRONG, Say
from bot.errors import SendError
from messages.reply import Msg
from storage import grants
from storage.db import Database

if TYPE_CHECKING:
    from bot.app import App

LOOK = 1.0
LISTENS = 2.0

_OFF = "Zalo đang tắt. Xin ghi ZALO_APP_ID, ZALO_APP_SECRET, ZALO_OA_SECRET_KEY, rồi chạy lại."
_NO_WAY_BACK = (
    "Chưa có PUBLIC_URL nên Zalo không tự quay về đây được. Có hai cách, xin chọn một:",
    "- Ở developers.zalo.me mở API Explorer, lấy refresh token. Rồi chạy: python -m bot zalo connect - và dán vào.",
    "- Khai một địa chỉ https của xã làm Callback URL. Rồi chạy: python -m bot zalo connect --redirect ĐỊA_CHỈ",
)


@dataclass(frozen=True)
class Home:
    """What the grant needs of the process."""

    database: Database
    commune_id: int
    now: Callable[[], datetime]


class _Desk:
    """One run of the command."""

    def __init__(self, app: "App", say: Say) -> None:
        self._app, self.say = app, say
        self.settings = app.settings
        self.home = Home(app.database, app.place.commune_id, app.clock.now)
        self.wire = Wire(app.settings)
        self.grant = Grant(app.settings, self.wire, self.home, self.tell)

    def tell(self, sentence: Msg) -> None:
        self.say(self._app.place.catalogs.text(sentence, self._app.place.language))

    async def generation(self) -> int:
        """How many pairs there have been."""
        whose = grants.Account(self.home.commune_id, NAME, self.settings.zalo_app_id)
        return (await self.home.database.read(grants.find, whose)).generation

    async def introduce(self) -> None:
        """Say which account it is now."""
        terms = self._app.place.commune.zalo
        account = OfficialAccount(self.grant, self.home, self.tell, self.settings.zalo_app_id, terms)
        try:
            about = await account.look()
        except (Refused, SendError) as why:
            self.say(f"Đã kết nối, nhưng Zalo chưa cho biết về OA ({why}). Xin chạy: python -m bot check")
            return
        self.say(f"Đã kết nối với Official Account “{about.name}”. Từ nay khóa tự đổi, không cần làm lại.")

    async def close(self) -> None:
        await self.grant.close()
        await self.wire.close()


async def connect(app: "App", arguments: dict[str, Any], say: Say) -> int:
    """Connect by what was `pasted`, else by a link that leads back to `redirect` or to our own address."""
    if not app.settings.zalo_app_id:
        say(_OFF)
        return WRONG
    desk = _Desk(app, say)
    try:
        if words := str(arguments.get("pasted") or "").strip():
            await _take(desk, words)
        elif not await _walk(desk, str(arguments.get("redirect") or "")):
            return DONE
        await desk.introduce()
        return DONE
    except NotConnected as why:
        desk.tell(why.sentence)
        return FAILED
    except _NoWay:
        return WRONG
    finally:
        await desk.close()


class _NoWay(Exception):
    """Nothing can be begun; what to do has been said."""


async def _take(desk: _Desk, words: str) -> None:
    if words.startswith(("http://", "https://")):
        query = dict(parse_qsl(urlsplit(words).query))
        await zalo_consent.finish(desk.grant, desk.home, desk.settings, query)
    else:
        await zalo_consent.spend(desk.grant.adopt(words))


async def _walk(desk: _Desk, redirect: str) -> bool:
    """Show the link; True when the service has got the pair, False when the operator has to bring the address."""
    ours = desk.settings.public_url + CALLBACK if desk.settings.public_url else ""
    redirect = redirect or ours
    if not redirect:
        for line in _NO_WAY_BACK:
            desk.say(line)
        raise _NoWay
    before = await desk.generation()
    link = await zalo_consent.begin(desk.grant, desk.home, desk.settings, redirect)
    desk.say("1. Ở developers.zalo.me, mở ứng dụng, mục Official Account, Thiết lập chung. Xin khai:")
    desk.say(f"   Callback URL: {redirect}")
    desk.say(f"   Code challenge: {await desk.grant.challenge()}")
    desk.say("   và tích mọi nhóm quyền. Đã khai rồi thì bỏ qua bước này.")
    desk.say("2. Quản trị viên của OA mở liên kết này trong 10 phút, chọn OA, bấm đồng ý:")
    desk.say(f"   {link}")
    if redirect != ours or not await _is_served(desk):
        desk.say("3. Trang hiện ra có thể báo lỗi, không sao. Xin chép cả địa chỉ của trang đó, rồi chạy:")
        desk.say("   python -m bot zalo connect - và dán vào.")
        return False
    desk.say("3. Đang đợi quản trị viên đồng ý…")
    for _second in range(int(zalo_consent.VALID.total_seconds() / LOOK)):
        if await desk.generation() > before:
            return True
        await asyncio.sleep(LOOK)
    raise NotConnected(zalo_consent.USED)


async def _is_served(desk: _Desk) -> bool:
    """Whether a service listens here, to which the browser can come back."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(desk.settings.http_host, desk.settings.http_host)
    try:
        async with asyncio.timeout(LISTENS):
            _reader, writer = await asyncio.open_connection(host, desk.settings.http_port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def pasted(words: str) -> str:
    """What stands on the command line, or for "-" what is pasted when asked: then no history of a shell keeps it."""
    if words != "-":
        return words
    asked = "Xin dán địa chỉ hoặc refresh token (không hiện ra), rồi bấm Enter: "
    return (getpass.getpass(asked) if sys.stdin.isatty() else sys.stdin.readline()).strip()
