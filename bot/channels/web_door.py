"""The doors of the web channel: whose request this is, how much is too much, and how people get in.

A villager's session is a token in a header and in the first WebSocket frame, so that no other site can use it. Cookies
exist only at /office, where an official comes in with a one-time invitation. Origin is checked on all that writes.
"""

import asyncio
import json
import re
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from aiohttp import web
from sqlalchemy import Connection

from bot.files import MOST_BYTES
from messages.render import Catalogs
from messages.reply import Msg, _
from storage import officials, sessions
from storage.db import Database, temporary
from storage.inbox import Event
from storage.sessions import Session

NAME = "web"
VILLAGER, OFFICE = "", "office"
"""Accounts: the villagers' box, and the officials' page."""
COOKIE = "gandan_office"
BODY_BYTES = 64_000
TEXT_LENGTH = 4000
ENTRIES = 10
"""Tries a minute, from one address, to come in at /office."""


@dataclass(frozen=True)
class Limits:
    """Messages a minute; tests and the bench raise them."""

    session: int = 20
    address: int = 60


@dataclass(frozen=True)
class Demo:
    """The sample database's roles, offered on loopback only: sessions without an invitation."""

    official_id: int
    head_id: int
    codes: list[dict[str, str]]


@dataclass
class Desk:
    """What the web channel needs of the process around it."""

    database: Database
    commune_id: int
    commune_name: str
    catalogs: Catalogs
    now: Callable[[], datetime]
    accept: Callable[[Event], Awaitable[bool]]
    keep_broken: Callable[[str, str, bytes, str], Awaitable[None]]
    watch: Callable[[Iterable[str]], AbstractContextManager[asyncio.Event]]
    folder: Path
    public_url: str = ""
    embed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    limits: Limits = field(default_factory=Limits)
    demo: Demo | None = None
    language: str = "vi"
    may_see: Callable[[Connection, str, str, str], bool | None] = lambda db, name, account, chat: None
    """Whether a page may fetch a file of a case; None when its case does not decide (`bot.case_files`)."""


class Door:
    """Sessions, rates and refusals; every refusal is a Vietnamese sentence."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._known: OrderedDict[str, tuple[float, Session]] = OrderedDict()
        self._recent: dict[str, deque[float]] = {}

    async def session(self, request: web.Request, token: str | None = None) -> Session:
        """Whose request this is; 401 without a session, 403 from a foreign page."""
        in_office = request.path.startswith("/office/")
        if request.method != "GET" or in_office:
            self.check_origin(request)
        if in_office:
            if request.headers.get("X-Office") != "1" and not request.path.endswith(("/socket", "/alive")):
                raise self.refuse(web.HTTPForbidden, _("This request did not come from our page."))
            token = request.cookies.get(COOKIE)
        else:
            token = token or request.headers.get("X-Session")
        session = await self.find(token) if token else None
        if session is None or (in_office and session.official_id is None):
            raise self.refuse(web.HTTPUnauthorized, _("Please open the page again."))
        return session

    async def find(self, token: str) -> Session | None:
        known = self._known.get(token)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        session: Session | None = await self.read(sessions.find, self.desk.commune_id, token, self.desk.now())
        if session is not None:
            self._known[token] = (time.monotonic() + 5, session)
            while len(self._known) > 5000:
                self._known.popitem(last=False)
        return session

    def check_origin(self, request: web.Request) -> None:
        origin = request.headers.get("Origin")
        if origin is None:
            return
        ours = {request.host.lower(), urlsplit(self.desk.public_url).netloc.lower()}
        # A sandboxed frame of any site says "null", which has no host at all.
        if urlsplit(origin).netloc.lower() not in ours - {""}:
            raise self.refuse(web.HTTPForbidden, _("This request did not come from our page."))

    def on_loopback(self, request: web.Request) -> bool:
        """Whether both ends are this machine: the peer (no proxy), and the name the browser used (no DNS rebinding)."""
        try:
            host = urlsplit(f"//{request.host}").hostname
        except ValueError:
            return False
        proxied = "X-Forwarded-For" in request.headers
        here = not proxied and request.remote in ("127.0.0.1", "::1")
        return here and host in ("127.0.0.1", "localhost", "::1")

    def address(self, request: web.Request) -> str:
        """The client's address; a reverse proxy's word counts only when it is a trusted one."""
        peer = request.remote or "127.0.0.1"
        forwarded = request.headers.get("X-Forwarded-For")
        if forwarded and any(ip_address(peer) in network for network in self.desk.trusted_proxies):
            return forwarded.rsplit(",", 1)[-1].strip()
        return peer

    def count(self, key: str, most: int) -> None:
        now = time.monotonic()
        recent = self._recent.setdefault(key, deque())
        while recent and recent[0] <= now - 60:
            recent.popleft()
        if len(recent) >= most:
            raise self.refuse(
                web.HTTPTooManyRequests,
                _("You are writing faster than I can read. It goes on by itself in a moment."),
                {"Retry-After": str(int(recent[0] + 60 - now) + 1)},
            )
        recent.append(now)
        if len(self._recent) > 20_000:
            self._recent = {name: times for name, times in self._recent.items() if times and times[-1] > now - 60}

    def refuse(
        self, kind: type[web.HTTPException], sentence: Msg, headers: dict[str, str] | None = None
    ) -> web.HTTPException:
        said = orjson.dumps({"error": self.desk.catalogs.text(sentence, self.desk.language)}).decode()
        return kind(text=said, content_type="application/json", headers=headers)

    async def body(self, request: web.Request) -> bytes:
        """The whole body, whether its length was announced or not; 413 when it is too large."""
        chunks, size = [], request.content_length or 0
        if size <= BODY_BYTES:
            size = 0
            async for chunk in request.content.iter_any():
                size += len(chunk)
                if size > BODY_BYTES:
                    break
                chunks.append(chunk)
        if size > BODY_BYTES:
            raise self.refuse(TooLarge, _("That message is too long. Please send it in several parts."))
        return b"".join(chunks)

    async def read(self, work: Callable[..., Any], *args: Any) -> Any:
        """`work(db, *args)` on a read-only connection; 503 when the database is away."""
        try:
            return await self.desk.database.read(work, *args)
        except Exception as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> Exception:
        """What to raise instead: 503 with Retry-After when it will pass, else the error itself."""
        if not temporary(error):
            return error
        return self.refuse(
            web.HTTPServiceUnavailable,
            _("We cannot be reached at the moment. Please try again shortly."),
            {"Retry-After": "2"},
        )

    async def durably(self, storing: Awaitable[Any]) -> None:
        """Wait for COMMIT; 503 with Retry-After when the database is away, so that the page repeats."""
        try:
            await storing
        except Exception as error:
            if temporary(error):
                raise self.refuse(
                    web.HTTPServiceUnavailable,
                    _("We cannot store your message at the moment. It will be sent again by itself."),
                    {"Retry-After": "2"},
                ) from error
            raise

    async def open_session(self, request: web.Request) -> web.Response:
        """A villager's session; with a village head's one-time code it carries his role."""
        self.check_origin(request)
        self.count(f"sessions:{self.address(request)}", self.desk.limits.address)
        body = await self._json(request)
        wanted, code = body.get("demo"), body.get("invitation")
        demo = self.desk.demo if self.on_loopback(request) else None

        def create(db: Connection) -> str | None:
            now = self.desk.now()
            person = officials.accept_invitation(db, self.desk.commune_id, str(code), now) if code else None
            if code and (person is None or person.role != "village-head"):
                raise _UnknownCode
            token, session = sessions.create(db, self.desk.commune_id, now)
            head = person.id if person else demo.head_id if demo and wanted == "village-head" else None
            if head is not None:
                officials.bind(db, self.desk.commune_id, head, NAME, VILLAGER, session.chat)
            return token

        try:
            token = await self._stored(create)
        except _UnknownCode:
            raise self.refuse(
                web.HTTPForbidden, _("That code is not valid any more. Please ask for a new one.")
            ) from None
        facts = {
            "session": token,
            "commune": self.desk.commune_name,
            "name": self.desk.catalogs.text(
                _("Assistant of {commune}", commune=self.desk.commune_name), self.desk.language
            ),
            "file_bytes": MOST_BYTES,
            "text_length": TEXT_LENGTH,
        }
        return web.json_response(facts)

    async def enter_office(self, request: web.Request) -> web.Response:
        """An official comes in with a one-time code (in the demo: as the sample official)."""
        self.check_origin(request)
        self.count(f"enter:{self.address(request)}", ENTRIES if self.desk.demo is None else self.desk.limits.address)
        body = await self._json(request)
        demo = self.desk.demo if body.get("demo") is True and self.on_loopback(request) else None
        pin = str(body.get("pin") or "") if body.get("shared") else None
        if pin is not None and not re.fullmatch(r"\d{4,6}", pin):
            raise self.refuse(web.HTTPUnprocessableEntity, _("A PIN has 4 to 6 digits."))

        def enter(db: Connection) -> tuple[str, officials.Official]:
            now = self.desk.now()
            person = (
                officials.get(db, self.desk.commune_id, demo.official_id)
                if demo
                else officials.accept_invitation(db, self.desk.commune_id, str(body.get("invitation") or ""), now)
            )
            if person is None or person.role == "village-head":
                raise _UnknownCode
            token, session = sessions.create(db, self.desk.commune_id, now, person.id, pin)
            officials.bind(db, self.desk.commune_id, person.id, NAME, OFFICE, session.chat)
            return token, person

        try:
            token, person = await self._stored(enter)
        except _UnknownCode:
            raise self.refuse(
                web.HTTPForbidden, _("That code is not valid any more. Please ask for a new one.")
            ) from None
        response = web.json_response(self._who(person))
        response.set_cookie(
            COOKIE,
            token,
            httponly=True,
            samesite="Strict",
            secure=request.secure or self.desk.public_url.startswith("https"),
            max_age=sessions.OFFICE_DAYS * 86400,
            path="/office",
        )
        return response

    async def office_session(self, request: web.Request) -> web.Response:
        """Who is signed in at /office; 401 when nobody is, or his rights have been taken away."""
        session = await self.session(request)
        person = await self.read(officials.get, self.desk.commune_id, session.official_id)
        if person is None:
            raise self.refuse(web.HTTPUnauthorized, _("Please open the page again."))
        return web.json_response(self._who(person))

    async def leave_office(self, request: web.Request) -> web.Response:
        """Sign out; the cookie dies with the session."""
        session = await self.session(request)
        await self.desk.database.write(sessions.close, self.desk.commune_id, session.id)
        self._known.clear()
        response = web.json_response({"ok": True})
        response.del_cookie(COOKIE, path="/office")
        return response

    async def _stored(self, work: Callable[[Connection], Any]) -> Any:
        try:
            return await self.desk.database.write(work)
        except Exception as error:
            raise self._away(error) from error

    async def _json(self, request: web.Request) -> dict[str, Any]:
        try:
            body = json.loads(await self.body(request) or b"{}")
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise self.refuse(web.HTTPBadRequest, _("I could not read that message. Please send it again."))
        return body

    def _who(self, person: officials.Official) -> dict[str, Any]:
        return {
            "name": person.name,
            "post": person.post,
            "commune": self.desk.commune_name,
            "id": person.id,
            "file_bytes": MOST_BYTES,
            "text_length": TEXT_LENGTH,
        }


class TooLarge(web.HTTPClientError):
    """413; aiohttp's own wants to say the sizes itself."""

    status_code = 413


class _UnknownCode(Exception):
    pass
