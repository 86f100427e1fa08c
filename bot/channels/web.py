"""The web channel: a chat box for villagers, and /office for officials.

Limits are our own: 20 messages a minute a session, 60 an address, then 429; files up to 20 MB. The channel has no
sender and no lease: the outbox row is the message, a page asks for what is after its cursor (WebSocket, or a long
poll for old phones) and what it acknowledges is `sent`. The page names each message with a UUID, which is the event
id, and repeats it until it gets 200. Who may come in is `web_door`, what the pages are is `web_pages`.
"""

import asyncio
import contextlib
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import orjson
from aiohttp import WSMsgType, web

from bot import clips
from bot.channels.base import Capabilities, Channel, Inbound, Unparsable
from bot.channels.web_door import BODY_BYTES, COOKIE, NAME, OFFICE, VILLAGER, Desk, Door, TooLarge
from bot.channels.web_pages import Pages
from bot.files import LARGE, MOST_BYTES, WORDS, Refused, receive, write
from messages.reply import _
from storage import files, outbox
from storage.inbox import Event
from storage.outbox import Sending
from storage.sessions import Session

OFFICE_STREAM = "office"
"""The chat every official's page shows besides his own: the cards."""
CAPABILITIES = Capabilities(text_length=8000, buttons=100, draws=frozenset({"clock", "signature"}), sends=False)
LONGEST_WAIT = 25
SOCKET_POLL = 15.0
"""Seconds after which a socket looks by itself, should a wake have been lost."""
OVERLAP = 100
"""How far below its cursor a socket looks again: ids may commit out of order on PostgreSQL."""
KINDS = {"start", "text", "tap", "sticker", "photo", "file", "voice", "location"}
_UUID = re.compile(r"[0-9a-fA-F-]{8,64}")
_FILE = re.compile(r"[0-9a-f]{32}")
_SOUND = re.compile(r"audio/[\w.+-]+", re.ASCII)


class Web(Channel):
    """The channel and its routes."""

    name = NAME
    capabilities = CAPABILITIES

    def __init__(self, desk: Desk) -> None:
        self.desk, self.door = desk, Door(desk)
        self._sockets: set[web.WebSocketResponse] = set()

    def routes(self) -> list[web.RouteDef]:
        """Everything this channel serves."""
        pages = Pages(self.door)
        return [
            web.get("/", pages.home),
            web.get("/chat", pages.page("chat.html")),
            web.get("/office", pages.page("office.html")),
            web.get("/static/{name}", pages.static),
            web.get("/api/demo", pages.demo),
            web.post("/api/session", self.door.open_session),
            web.get("/api/clips/{name:.+}", self.clip),
            web.post("/office/api/enter", self.door.enter_office),
            web.post("/office/api/leave", self.door.leave_office),
            web.get("/office/api/session", self.door.office_session),
            *self._both("/api"),
            *self._both("/office/api"),
        ]

    def _both(self, base: str) -> list[web.RouteDef]:
        """What a villager's box and the office have in common."""
        return [
            web.post(f"{base}/messages", self.receive),
            web.post(f"{base}/files", self.receive_file),
            web.get(f"{base}/updates", self.updates),
            web.get(f"{base}/socket", self.socket),
            web.get(f"{base}/files/{{name}}", self.file),
            web.get(f"{base}/alive", self.alive),
        ]

    # --- receive ----------------------------------------------------------------------------------------------------
    #
    # {"id": "6f0c…", "kind": "text", "text": "Hồ sơ của tôi xong chưa?"}
    # {"id": "91d2…", "kind": "tap", "text": "1. Tra cứu hồ sơ", "token": "#lookup:"}

    async def receive(self, request: web.Request) -> web.Response:
        """One message; 200 once it is durable."""
        session = await self.door.session(request)
        self._count(session, request)
        raw = await self.door.body(request)
        account = account_of(session, request)
        try:
            body = self._read(raw)
        except Unparsable as error:
            await self.door.durably(self.desk.keep_broken(NAME, account, raw, str(error)))
            raise self.door.refuse(
                web.HTTPBadRequest, _("I could not read that message. Please send it again.")
            ) from None
        event = Event(NAME, account, session.chat, session.chat, body["id"], raw)
        await self.door.durably(self.desk.accept(event))
        return web.Response(body=b'{"ok": true}', content_type="application/json")

    def _count(self, session: Session, request: web.Request) -> None:
        self.door.count(f"session:{session.id}", self.desk.limits.session)
        self.door.count(f"address:{self.door.address(request)}", self.desk.limits.address)

    def _read(self, raw: bytes) -> dict[str, Any]:
        try:
            body = _json(raw)
        except (ValueError, RecursionError) as error:
            raise Unparsable("not JSON") from error
        if not isinstance(body, dict) or not isinstance(body.get("id"), str) or not _UUID.fullmatch(body["id"]):
            raise Unparsable("no message id")
        if not isinstance(body.get("kind"), str) or body["kind"] not in KINDS:
            raise Unparsable("unknown kind")
        return body

    def parse(self, raw: bytes) -> Inbound:
        """What a stored event says; raises Unparsable."""
        body = self._read(raw)
        given = body.get("files") or []
        names = tuple(name for name in given if _is_file(name)) if isinstance(given, list) else ()
        place = _place(body.get("place")) if body["kind"] == "location" else None
        return Inbound(body["kind"], _words(body.get("text")), _words(body.get("token")), names, place=place)

    async def receive_file(self, request: web.Request) -> web.Response:
        """One file, read whole before it is answered; the message that names it follows."""
        session = await self.door.session(request)
        self._count(session, request)
        raw = await self._file_bytes(request)
        name = secrets.token_hex(16)
        title = unquote(request.headers.get("X-File-Name", ""))[:200]
        try:
            kept = await asyncio.to_thread(receive, raw, request.content_type)
        except Refused as refused:
            raise self.door.refuse(web.HTTPUnprocessableEntity, WORDS[refused.why]) from None
        await asyncio.to_thread(write, self.desk.folder / name, kept.raw)
        account, now = account_of(session, request), self.desk.now()
        await self.door.durably(
            self.desk.database.write(
                files.add,
                self.desk.commune_id,
                name,
                NAME,
                account,
                session.chat,
                kept.kind,
                kept.media_type,
                len(kept.raw),
                title,
                now,
                kept.codes,
            )
        )
        return web.json_response({"file": name, "kind": kept.kind})

    async def _file_bytes(self, request: web.Request) -> bytes:
        chunks, size = [], 0
        async for chunk in request.content.iter_chunked(65536):
            size += len(chunk)
            if size > MOST_BYTES:
                raise self.door.refuse(TooLarge, WORDS[LARGE])
            chunks.append(chunk)
        return b"".join(chunks)

    # --- show -------------------------------------------------------------------------------------------------------

    async def updates(self, request: web.Request) -> web.Response:
        """What is after the page's cursor; waits for something when there is nothing."""
        session = await self.door.session(request)
        reader = self._reader(session, request)
        acknowledged = [int(part) for part in request.query.get("ack", "").split(",") if part.isdecimal()]
        if acknowledged:
            await self._acknowledge(reader, acknowledged)
        after, wait = _number(request.query.get("after")), min(_number(request.query.get("wait")), LONGEST_WAIT)
        with self.desk.watch(reader.chats) as woken:
            found = await self._shown(reader, after)
            if not found and wait:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await woken.wait()
                found = await self._shown(reader, after)
        return web.json_response({"messages": found}, dumps=_dumps)

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """The same over a WebSocket: the first frame says who and from where, then messages come as they arise."""
        self.door.check_origin(request)
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=BODY_BYTES)
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            first = await socket.receive_json(timeout=10)
            token = str(first.get("session") or "")
            reader = self._reader(await self.door.session(request, token), request)
            await socket.send_json({"ready": True, "now": self.desk.now().isoformat()})
            token = request.cookies.get(COOKIE, "") if reader.stream else token
            await self._serve(socket, reader, token, _number(str(first.get("after", 0))))
        except web.HTTPServiceUnavailable:
            await socket.close(code=1013)
        except web.HTTPException:
            await socket.close(code=4401)
        except (TypeError, ValueError, TimeoutError, AttributeError):
            await socket.close(code=1002)
        finally:
            self._sockets.discard(socket)
        return socket

    async def _serve(self, socket: web.WebSocketResponse, reader: "Reader", token: str, after: int) -> None:
        pushing = asyncio.create_task(self._push(socket, reader, token, after))
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

    async def _push(self, socket: web.WebSocketResponse, reader: "Reader", token: str, after: int) -> None:
        seen: set[int] = set()
        overlap = OVERLAP if self.desk.database.postgres else 0
        with self.desk.watch(reader.chats) as woken:
            while not socket.closed:
                woken.clear()
                try:
                    if await self.door.find(token) is None:  # signed out or removed since
                        await socket.close(code=4401)
                        return
                    found = [
                        message
                        for message in await self._shown(reader, max(0, after - overlap))
                        if message["id"] not in seen
                    ]
                except web.HTTPServiceUnavailable:
                    found = []
                if found:
                    await socket.send_str(_dumps({"messages": found}))
                    seen.update(message["id"] for message in found)
                    after = max(after, *seen)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(SOCKET_POLL):
                        await woken.wait()

    def _reader(self, session: Session, request: web.Request) -> "Reader":
        account = account_of(session, request)
        return Reader(account, session.chat, OFFICE_STREAM if account == OFFICE else "")

    async def _shown(self, reader: "Reader", after: int) -> list[dict[str, Any]]:
        rows = await self.door.read(
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

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A file: to whoever sent it or whom it is for, and to officials; never by path, never as a page."""
        session = await self.door.session(request)
        name = request.match_info["name"]
        found = await self.door.read(files.get, self.desk.commune_id, name) if _is_file(name) else None
        path = self.desk.folder / name
        if found is None or not await self._may_fetch(found, session, request) or not path.is_file():
            raise web.HTTPNotFound
        headers = {
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": _saved_as(found),
            "Cache-Control": "private, no-store",
        }
        plays = found.kind == "photo" or (found.kind == "voice" and _SOUND.fullmatch(found.media_type))
        kind = found.media_type if plays else "application/octet-stream"
        return web.Response(body=await asyncio.to_thread(path.read_bytes), content_type=kind, headers=headers)

    async def _may_fetch(self, found: files.File, session: Session, request: web.Request) -> bool:
        """Whoever sent it, whom a letter is for, and officials; what belongs to a case: officials who may read it."""
        account = account_of(session, request)
        decided: bool | None = await self.door.read(self.desk.may_see, found.name, account, session.chat)
        if decided is not None:
            return decided
        if found.chat == session.chat or account == OFFICE:
            return True
        shared: bool = await self.door.read(
            files.is_shared, self.desk.commune_id, found.name, NAME, account, session.chat
        )
        return shared

    async def clip(self, request: web.Request) -> web.StreamResponse:
        """A key message read aloud, in her language; nothing in it is anybody's."""
        await self.door.session(request)
        found = await asyncio.to_thread(clips.find, self.desk.folder.parent, request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        path, kind = found
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=3600"}
        return web.Response(body=await asyncio.to_thread(path.read_bytes), content_type=kind, headers=headers)

    async def alive(self, request: web.Request) -> web.Response:
        return web.Response(status=204)

    async def close(self) -> None:
        """Tell the open pages to come back in a moment."""
        for socket in list(self._sockets):
            with contextlib.suppress(Exception):
                await socket.close(code=1012)


def _json(raw: bytes) -> Any:
    """What orjson, which is faster, refuses and a page may send all the same: half an emoji (a lone surrogate)."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return json.loads(raw)


def account_of(session: Session, request: web.Request) -> str:
    """Which of the two pages a request came from."""
    return OFFICE if session.official_id is not None and request.path.startswith("/office/") else VILLAGER


@dataclass(frozen=True)
class Reader:
    """Whose page it is: its own chat, and the shared stream it also shows ("" for a villager)."""

    account: str
    chat: str
    stream: str

    @property
    def chats(self) -> list[str]:
        return [name for name in (self.chat, self.stream) if name]


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
        "documents": body.get("documents", []),
        "sounds": body.get("sounds", []),
        "loud": body.get("loud", False),
        "secret": body.get("secret", False),
    }


def _saved_as(found: files.File) -> str:
    """A paper keeps its name when it is saved (RFC 6266); a picture is shown."""
    named = found.kind == "file" and found.title
    return f"attachment; filename*=UTF-8''{quote(found.title, safe='')}" if named else "attachment"


def _words(value: object) -> str:
    """Text as it may be worked with: no NUL, no lone surrogates."""
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _place(value: object) -> tuple[float, float] | None:
    """Latitude and longitude, when it is a place on earth."""
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(each, int | float) for each in value):
        return None
    latitude, longitude = float(value[0]), float(value[1])
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def _is_file(name: object) -> bool:
    """Whether this could be a name that `receive_file` gave."""
    return isinstance(name, str) and _FILE.fullmatch(name) is not None


def _number(value: str | None) -> int:
    return int(value) if value and value.isdecimal() and len(value) < 19 else 0


def _dumps(value: object) -> str:
    return orjson.dumps(value).decode()
