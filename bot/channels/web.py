"""The web channel: a chat box for villagers, and /office for officials.

Limits are our own: 20 messages a minute a session, 60 an address, then 429; files up to 20 MB. The channel has no
sender and no lease: the outbox row is the message, a page asks for what is after its cursor (WebSocket, or a long
poll for old phones) and what it acknowledges is `sent`. The page names each message with a UUID, which is the event
id, and repeats it until it gets 200.

A villager's session is a token in a header and in the first WebSocket frame, so that no other site can use it; cookies
exist only at /office. Origin is checked on everything that writes.
"""

import asyncio
import contextlib
import json
import os
import re
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
from aiohttp import WSMsgType, web
from sqlalchemy import Connection

from bot.channels import pictures
from bot.channels.base import Capabilities, Inbound, Unparsable
from messages.render import Catalogs
from messages.reply import Msg, _
from storage import files, officials, outbox, sessions
from storage.db import Database, temporary
from storage.inbox import Event
from storage.outbox import Sending
from storage.sessions import Session

NAME = "web"
VILLAGER, OFFICE = "", "office"
"""Accounts: the villagers' box, and the officials' page."""
OFFICE_STREAM = "office"
"""The chat every official's page shows besides his own: the cards."""
CAPABILITIES = Capabilities(text_length=8000, buttons=100, edits=True, clocks=True, sends=False)

FILE_BYTES = 20_000_000
BODY_BYTES = 64_000
TEXT_LENGTH = 4000
LONGEST_WAIT = 25
SOCKET_POLL = 15.0
"""Seconds after which a socket looks by itself, should a wake have been lost."""
OVERLAP = 100
"""How far below its cursor a socket looks again: ids may commit out of order on PostgreSQL."""
KINDS = {"start", "text", "tap", "sticker", "photo", "file", "voice", "location"}
PAGES = Path(__file__).parent / "pages"
COOKIE = "gandan_office"
_UUID = re.compile(r"[0-9a-fA-F-]{8,64}")
_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".html": "text/html",
    ".png": "image/png",
}


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
    woken: Callable[[Iterable[str]], None]
    folder: Path
    public_url: str = ""
    embed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    limits: Limits = field(default_factory=Limits)
    demo: Demo | None = None
    language: str = "vi"


class Web:
    """The channel and its routes."""

    name = NAME
    capabilities = CAPABILITIES

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._known: OrderedDict[str, tuple[float, Session]] = OrderedDict()
        self._recent: dict[str, deque[float]] = {}
        self._sockets: set[web.WebSocketResponse] = set()
        self.closing = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        """Everything this channel serves."""
        return [
            web.get("/", self.home),
            web.get("/chat", self.page("chat.html")),
            web.get("/office", self.page("office.html")),
            web.get("/static/{name}", self.static),
            web.get("/api/demo", self.demo),
            web.post("/api/session", self.open_session),
            web.post("/office/api/enter", self.enter_office),
            web.post("/office/api/leave", self.leave_office),
            web.get("/office/api/session", self.office_session),
            *[
                route
                for base in ("/api", "/office/api")
                for route in (
                    web.post(f"{base}/messages", self.receive),
                    web.post(f"{base}/files", self.receive_file),
                    web.get(f"{base}/updates", self.updates),
                    web.get(f"{base}/socket", self.socket),
                    web.get(f"{base}/files/{{name}}", self.file),
                    web.get(f"{base}/alive", self.alive),
                )
            ],
        ]

    # --- verify -----------------------------------------------------------------------------------------------------

    async def _session(self, request: web.Request, token: str | None = None) -> Session:
        """Whose request this is; 401 without a session, 403 from a foreign page."""
        in_office = request.path.startswith("/office/")
        if request.method != "GET" or in_office:
            self._check_origin(request)
        if in_office:
            if request.headers.get("X-Office") != "1" and not request.path.endswith(("/socket", "/alive")):
                raise self._refuse(web.HTTPForbidden, _("This request did not come from our page."))
            token = request.cookies.get(COOKIE)
        else:
            token = token or request.headers.get("X-Session")
        session = await self._find(token) if token else None
        if session is None or (in_office and session.official_id is None):
            raise self._refuse(web.HTTPUnauthorized, _("Please open the page again."))
        return session

    async def _find(self, token: str) -> Session | None:
        known = self._known.get(token)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        session = await self.desk.database.read(sessions.find, self.desk.commune_id, token, self.desk.now())
        if session is not None:
            self._known[token] = (time.monotonic() + 5, session)
            while len(self._known) > 5000:
                self._known.popitem(last=False)
        return session

    def _check_origin(self, request: web.Request) -> None:
        origin = request.headers.get("Origin")
        if origin is None:
            return
        ours = {request.host.lower(), urlsplit(self.desk.public_url).netloc.lower()}
        if urlsplit(origin).netloc.lower() not in ours:
            raise self._refuse(web.HTTPForbidden, _("This request did not come from our page."))

    def _on_loopback(self, request: web.Request) -> bool:
        """Whether both ends are this machine: the peer, and the name the browser used (no DNS rebinding)."""
        host = urlsplit(f"//{request.host}").hostname or ""
        return self._address(request) in ("127.0.0.1", "::1") and host in ("127.0.0.1", "localhost", "::1")

    def _address(self, request: web.Request) -> str:
        """The client's address; a reverse proxy's word counts only when it is a trusted one."""
        peer = request.remote or "127.0.0.1"
        forwarded = request.headers.get("X-Forwarded-For")
        if forwarded and any(ip_address(peer) in network for network in self.desk.trusted_proxies):
            return forwarded.rsplit(",", 1)[-1].strip()
        return peer

    def _count(self, key: str, most: int) -> None:
        now = time.monotonic()
        recent = self._recent.setdefault(key, deque())
        while recent and recent[0] <= now - 60:
            recent.popleft()
        if len(recent) >= most:
            raise self._refuse(
                web.HTTPTooManyRequests,
                _("You are writing faster than I can read. It goes on by itself in a moment."),
                {"Retry-After": str(int(recent[0] + 60 - now) + 1)},
            )
        recent.append(now)
        if len(self._recent) > 20_000:
            self._recent = {name: times for name, times in self._recent.items() if times and times[-1] > now - 60}

    def _refuse(
        self, kind: type[web.HTTPException], sentence: Msg, headers: dict[str, str] | None = None
    ) -> web.HTTPException:
        body = orjson.dumps({"error": self.desk.catalogs.text(sentence, self.desk.language)})
        return kind(body=body, content_type="application/json", headers=headers)

    # --- receive ----------------------------------------------------------------------------------------------------
    #
    # {"id": "6f0c…", "kind": "text", "text": "Hồ sơ của tôi xong chưa?"}
    # {"id": "91d2…", "kind": "tap", "text": "1. Tra cứu hồ sơ", "token": "#lookup:"}

    async def receive(self, request: web.Request) -> web.Response:
        """One message; 200 once it is durable."""
        session = await self._session(request)
        raw = await self._body(request)
        account = self._account(session, request)
        try:
            body = self._read(raw)
        except Unparsable as error:
            await self._durably(self.desk.keep_broken(NAME, account, raw, str(error)))
            raise self._refuse(web.HTTPBadRequest, _("I could not read that message. Please send it again.")) from None
        event = Event(NAME, account, session.chat, session.chat, body["id"], raw)
        self._count(f"session:{session.id}", self.desk.limits.session)
        self._count(f"address:{self._address(request)}", self.desk.limits.address)
        await self._durably(self.desk.accept(event))
        return web.json_response({"ok": True})

    async def _body(self, request: web.Request) -> bytes:
        if (request.content_length or 0) > BODY_BYTES:
            raise self._refuse(
                web.HTTPRequestEntityTooLarge, _("That message is too long. Please send it in several parts.")
            )
        return await request.read()

    async def _durably(self, storing: Awaitable[Any]) -> None:
        """Wait for COMMIT; 503 with Retry-After when the database is away, so that the page repeats."""
        try:
            await storing
        except Exception as error:
            if temporary(error):
                raise self._refuse(
                    web.HTTPServiceUnavailable,
                    _("We cannot store your message at the moment. It will be sent again by itself."),
                    {"Retry-After": "2"},
                ) from error
            raise

    def _read(self, raw: bytes) -> dict[str, Any]:
        try:
            body = json.loads(raw)
        except ValueError as error:
            raise Unparsable("not JSON") from error
        if not isinstance(body, dict) or not isinstance(body.get("id"), str) or not _UUID.fullmatch(body["id"]):
            raise Unparsable("no message id")
        if body.get("kind") not in KINDS:
            raise Unparsable("unknown kind")
        return body

    def parse(self, raw: bytes) -> Inbound:
        """What a stored event says; raises Unparsable."""
        body = self._read(raw)
        given = body.get("files") or []
        names = tuple(name for name in given if isinstance(name, str)) if isinstance(given, list) else ()
        return Inbound(body["kind"], _words(body.get("text")), _words(body.get("token")), names)

    async def receive_file(self, request: web.Request) -> web.Response:
        """One file, read whole before it is answered; the message that names it follows."""
        session = await self._session(request)
        self._count(f"session:{session.id}", self.desk.limits.session)
        raw = await self._file_bytes(request)
        name = secrets.token_hex(16)
        title = unquote(request.headers.get("X-File-Name", ""))[:200]
        media_type = request.content_type
        kind = "photo" if media_type.startswith("image/") else "voice" if media_type.startswith("audio/") else "file"
        if kind == "photo":
            raw, kind = await asyncio.to_thread(self._picture, raw)
            media_type = "image/jpeg" if kind == "photo" else "application/octet-stream"
        await asyncio.to_thread(_write, self.desk.folder / name, raw)
        account, now = self._account(session, request), self.desk.now()
        await self._durably(
            self.desk.database.write(
                files.add,
                self.desk.commune_id,
                name,
                NAME,
                account,
                session.chat,
                kind,
                media_type,
                len(raw),
                title,
                now,
            )
        )
        return web.json_response({"file": name, "kind": kind})

    async def _file_bytes(self, request: web.Request) -> bytes:
        chunks, size = [], 0
        async for chunk in request.content.iter_chunked(65536):
            size += len(chunk)
            if size > FILE_BYTES:
                raise self._refuse(
                    web.HTTPRequestEntityTooLarge,
                    _(
                        "That file is larger than {most} MB. Please send a smaller one, or bring it to the office.",
                        most=FILE_BYTES // 1_000_000,
                    ),
                )
            chunks.append(chunk)
        if not size:
            raise self._refuse(web.HTTPUnprocessableEntity, _("That file is empty. Please choose it once more."))
        return b"".join(chunks)

    def _picture(self, raw: bytes) -> tuple[bytes, str]:
        try:
            return pictures.clean(raw), "photo"
        except pictures.IdentityCard:
            raise self._refuse(
                web.HTTPUnprocessableEntity,
                _(
                    "This looks like an identity card. Please do not send it here; I have not kept it. "
                    "We never need its picture."
                ),
            ) from None
        except pictures.NotAPicture:
            return raw, "file"

    def _account(self, session: Session, request: web.Request) -> str:
        return OFFICE if session.official_id is not None and request.path.startswith("/office/") else VILLAGER

    # --- show -------------------------------------------------------------------------------------------------------

    async def updates(self, request: web.Request) -> web.Response:
        """What is after the page's cursor; waits for something when there is nothing."""
        session = await self._session(request)
        reader = self._reader(session, request)
        acknowledged = [int(part) for part in request.query.get("ack", "").split(",") if part.isdecimal()]
        if acknowledged:
            await self._acknowledge(reader, acknowledged)
        after, wait = _number(request.query.get("after")), min(_number(request.query.get("wait")), LONGEST_WAIT)
        with self.desk.watch(reader.chats) as woken:
            found = await self._shown(reader, after)
            if not found and wait:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), wait)
                found = await self._shown(reader, after)
        return web.json_response({"messages": found}, dumps=_dumps)

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """The same over a WebSocket: the first frame says who and from where, then messages come as they arise."""
        self._check_origin(request)
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=BODY_BYTES)
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            first = await socket.receive_json(timeout=10)
            session = await self._session(request, str(first.get("session") or ""))
            await socket.send_json({"ready": True, "now": self.desk.now().isoformat()})
            await self._serve(socket, request, session, _number(str(first.get("after", 0))))
        except web.HTTPException:
            await socket.close(code=4401)
        except (TypeError, ValueError, TimeoutError, AttributeError):
            await socket.close(code=1002)
        finally:
            self._sockets.discard(socket)
        return socket

    async def _serve(self, socket: web.WebSocketResponse, request: web.Request, session: Session, after: int) -> None:
        reader = self._reader(session, request)
        pushing = asyncio.create_task(self._push(socket, reader, after))
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    said = orjson.loads(frame.data)
                    ids = [number for number in said.get("ack", []) if isinstance(number, int)]
                    if ids:
                        await self._acknowledge(reader, ids)
        finally:
            pushing.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await pushing

    async def _push(self, socket: web.WebSocketResponse, reader: "Reader", after: int) -> None:
        seen: set[int] = set()
        overlap = OVERLAP if self.desk.database.postgres else 0
        with self.desk.watch(reader.chats) as woken:
            while not socket.closed:
                woken.clear()
                try:
                    found = [
                        message
                        for message in await self._shown(reader, max(0, after - overlap))
                        if message["id"] not in seen
                    ]
                except Exception as error:
                    if not temporary(error):
                        raise
                    found = []
                if found:
                    await socket.send_str(_dumps({"messages": found}))
                    seen.update(message["id"] for message in found)
                    after = max(after, *seen)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), SOCKET_POLL)

    def _reader(self, session: Session, request: web.Request) -> "Reader":
        account = self._account(session, request)
        return Reader(account, session.chat, OFFICE_STREAM if account == OFFICE else "")

    async def _shown(self, reader: "Reader", after: int) -> list[dict[str, Any]]:
        rows = await self.desk.database.read(
            outbox.shown,
            self.desk.commune_id,
            NAME,
            reader.account,
            [reader.chat],
            reader.stream,
            after,
            self.desk.now(),
        )
        return [_message(row) for row in rows]

    async def _acknowledge(self, reader: "Reader", ids: list[int]) -> None:
        with contextlib.suppress(Exception):  # a lost acknowledgement only means that the page is shown it again
            await self.desk.database.write(
                outbox.acknowledge, self.desk.commune_id, NAME, reader.account, [reader.chat], ids, self.desk.now()
            )

    async def send(self, message: Sending) -> str:
        """Never called: the outbox row is the message."""
        raise AssertionError("the web channel has no sender")

    # --- sessions ---------------------------------------------------------------------------------------------------

    async def open_session(self, request: web.Request) -> web.Response:
        """A villager's session; with a village head's one-time code it carries his role."""
        self._check_origin(request)
        self._count(f"sessions:{self._address(request)}", self.desk.limits.address)
        body = await self._json(request)
        wanted, code = body.get("demo"), body.get("invitation")
        demo = self.desk.demo if self._on_loopback(request) else None

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
            raise self._refuse(
                web.HTTPForbidden, _("That code is not valid any more. Please ask for a new one.")
            ) from None
        facts = {
            "session": token,
            "commune": self.desk.commune_name,
            "name": self.desk.catalogs.text(
                _("Assistant of {commune}", commune=self.desk.commune_name), self.desk.language
            ),
            "file_bytes": FILE_BYTES,
            "text_length": TEXT_LENGTH,
        }
        return web.json_response(facts)

    async def enter_office(self, request: web.Request) -> web.Response:
        """An official comes in with a one-time code (in the demo: as the sample official)."""
        self._check_origin(request)
        self._count(f"enter:{self._address(request)}", 10 if self.desk.demo is None else self.desk.limits.address)
        body = await self._json(request)
        demo = self.desk.demo if body.get("demo") is True and self._on_loopback(request) else None
        pin = str(body.get("pin") or "") if body.get("shared") else None
        if pin is not None and not re.fullmatch(r"\d{4,6}", pin):
            raise self._refuse(web.HTTPUnprocessableEntity, _("A PIN has 4 to 6 digits."))

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
            raise self._refuse(
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
        session = await self._session(request)
        person = await self.desk.database.read(officials.get, self.desk.commune_id, session.official_id)
        if person is None:
            raise self._refuse(web.HTTPUnauthorized, _("Please open the page again."))
        return web.json_response(self._who(person))

    async def leave_office(self, request: web.Request) -> web.Response:
        """Sign out; the cookie dies with the session."""
        session = await self._session(request)
        await self.desk.database.write(sessions.close, self.desk.commune_id, session.id)
        self._known.clear()
        response = web.json_response({"ok": True})
        response.del_cookie(COOKIE, path="/office")
        return response

    async def _stored(self, work: Callable[[Connection], Any]) -> Any:
        try:
            return await self.desk.database.write(work)
        except Exception as error:
            if temporary(error):
                raise self._refuse(
                    web.HTTPServiceUnavailable,
                    _("We cannot be reached at the moment. Please try again shortly."),
                    {"Retry-After": "2"},
                ) from error
            raise

    async def _json(self, request: web.Request) -> dict[str, Any]:
        try:
            body = json.loads(await self._body(request) or b"{}")
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise self._refuse(web.HTTPBadRequest, _("I could not read that message. Please send it again."))
        return body

    def _who(self, person: officials.Official) -> dict[str, Any]:
        return {
            "name": person.name,
            "post": person.post,
            "commune": self.desk.commune_name,
            "id": person.id,
            "file_bytes": FILE_BYTES,
            "text_length": TEXT_LENGTH,
        }

    # --- pages ------------------------------------------------------------------------------------------------------

    async def home(self, request: web.Request) -> web.StreamResponse:
        """The demo's three phones on the sample database, else the villager's box alone."""
        shows_demo = self.desk.demo is not None and self._on_loopback(request)
        return _page("demo.html" if shows_demo else "chat.html", self._frame_ancestors("/chat"))

    def page(self, name: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """A handler for one page."""

        async def serve(request: web.Request) -> web.StreamResponse:
            return _page(name, self._frame_ancestors(request.path))

        return serve

    def _frame_ancestors(self, path: str) -> str:
        if path.startswith("/office"):
            return "'self'" if self.desk.demo is not None else "'none'"
        return " ".join(["'self'", *self.desk.embed_origins])

    async def static(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        path = PAGES / name
        if not re.fullmatch(r"[\w-]+\.(js|css|svg|png)", name) or not path.is_file():
            raise web.HTTPNotFound
        return web.Response(
            body=path.read_bytes(),
            content_type=_TYPES[path.suffix],
            charset="utf-8" if path.suffix != ".png" else None,
            headers={"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"},
        )

    async def demo(self, request: web.Request) -> web.Response:
        """Codes to try on the sample database."""
        if self.desk.demo is None or not self._on_loopback(request):
            raise web.HTTPNotFound
        return web.json_response({"commune": self.desk.commune_name, "codes": self.desk.demo.codes})

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A received file: to whoever sent it, and to officials; never by path, never as a page."""
        session = await self._session(request)
        found = await self.desk.database.read(files.get, self.desk.commune_id, request.match_info["name"])
        path = self.desk.folder / request.match_info["name"]
        if (
            found is None
            or not (found.chat == session.chat or self._account(session, request) == OFFICE)
            or not path.is_file()
        ):
            raise web.HTTPNotFound
        headers = {
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": "attachment",
            "Cache-Control": "private, no-store",
        }
        kind = found.media_type if found.kind == "photo" else "application/octet-stream"
        return web.Response(body=await asyncio.to_thread(path.read_bytes), content_type=kind, headers=headers)

    async def alive(self, request: web.Request) -> web.Response:
        return web.Response(status=204)

    async def close(self) -> None:
        """Tell the open pages to come back in a moment."""
        for socket in list(self._sockets):
            with contextlib.suppress(Exception):
                await socket.close(code=1012)


@dataclass(frozen=True)
class Reader:
    """Whose page it is: its own chat, and the shared stream it also shows ("" for a villager)."""

    account: str
    chat: str
    stream: str

    @property
    def chats(self) -> list[str]:
        return [name for name in (self.chat, self.stream) if name]


class _UnknownCode(Exception):
    pass


def _message(row: Sending) -> dict[str, Any]:
    body = row.body
    return {
        "id": row.id,
        "at": row.created_at.isoformat(),
        "text": body.get("text", ""),
        "buttons": body.get("buttons", []),
        "signature": body.get("signature"),
        "clock": body.get("clock"),
        "card": body.get("card"),
        "replaces": body.get("replaces"),
        "gone": body.get("gone", False),
        "pictures": body.get("pictures", []),
        "loud": body.get("loud", False),
    }


def _page(name: str, ancestors: str) -> web.Response:
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        f"media-src 'self' blob:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
    return web.Response(body=(PAGES / name).read_bytes(), content_type="text/html", charset="utf-8", headers=headers)


def _words(value: object) -> str:
    """Text as it may be worked with: no NUL, no lone surrogates."""
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _number(value: str | None) -> int:
    return int(value) if value and value.isdecimal() and len(value) < 19 else 0


def _dumps(value: object) -> str:
    return orjson.dumps(value).decode()


def _write(path: Path, raw: bytes) -> None:
    """On disk for certain, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    with partial.open("wb") as stream:
        stream.write(raw)
        stream.flush()
        os.fsync(stream.fileno())
    partial.rename(path)
