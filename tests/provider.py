"""A channel for tests, over real HTTP, and the stand-in provider it talks to on loopback.

`TestChannel` is a `bot.channels.base.Channel` as small as one can be: one POST a message, every answer mapped to one of
`bot.errors`. `Provider` is the other side; a test tells it what to do with the next requests of a chat.
"""

import asyncio
import json
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from bot.channels.base import Capabilities, Channel, Inbound, Unparsable
from bot.errors import NeedsPerson, Rejected, Throttled, Unavailable, Uncertain, Unreachable
from storage.outbox import Sending

ACCEPT = "accept"
HANG = "hang"  # accepted, then no answer
DROP = "drop"  # accepted, then the connection is cut
BLOCKED = "blocked"  # 403: she has blocked us
REJECT = "reject"  # 400: what we sent is wrong
BROKEN = "broken"  # 500: it may or may not have been accepted
REVOKED = "revoked"  # 401: our token is no longer good
LATER = "later"  # accepted and answered once `let_go` is called


@dataclass(frozen=True)
class Throttle:
    """429 with `retry_after` seconds."""

    seconds: float


class TestChannel(Channel):
    """Sends a message as one POST of {"chat", "text"}; parses events of the form {"kind", "text", "token"}."""

    __test__ = False  # not a class of tests
    name = "test"
    account = "account"

    def __init__(self, url: str, capabilities: Capabilities | None = None) -> None:
        self.url, self.capabilities = url, capabilities or Capabilities(text_length=4096, buttons=8)
        self._http: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    def parse(self, raw: bytes) -> Inbound:
        """What a stored event says."""
        try:
            said = json.loads(raw)
            return Inbound(said["kind"], said.get("text", ""), said.get("token", ""))
        except (ValueError, KeyError, TypeError) as error:
            raise Unparsable(type(error).__name__) from error

    async def send(self, message: Sending) -> str:
        """One POST; the provider's message id."""
        self._http = self._http or aiohttp.ClientSession()
        try:
            body = {"chat": message.chat, "text": message.body["text"]}
            async with self._http.post(f"{self.url}/messages", json=body) as answer:
                return self._read(answer.status, await answer.json())
        except aiohttp.ClientConnectorError as error:
            raise Unavailable("the connection was refused") from error
        except aiohttp.ClientError as error:
            raise Uncertain("the connection was cut") from error

    @staticmethod
    def _read(status: int, said: dict[str, Any]) -> str:
        match status:
            case 200:
                return str(said["id"])
            case 401:
                raise NeedsPerson("the token of the test channel is not valid")
            case 403:
                raise Unreachable("blocked")
            case 429:
                raise Throttled(said["retry_after"])
            case 400:
                raise Rejected("400", said["error"])
            case _:
                raise Uncertain(f"HTTP {status}")


@dataclass
class Provider:
    """A provider on loopback. `accepted` holds (chat, text) of every message it took, in order, repeats included."""

    accepted: list[tuple[str, str]] = field(default_factory=list)
    requests: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    most_in_a_chat: int = 0

    def __post_init__(self) -> None:
        self._plans: dict[str, deque[str | Throttle]] = defaultdict(deque)
        self._always: dict[str, str | Throttle] = {}
        self._chats: dict[str, int] = defaultdict(int)
        self._gate, self._closing = asyncio.Event(), asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def next(self, chat: str, *plan: str | Throttle) -> None:
        """What to do with the chat's next requests, one after the other; then it accepts again."""
        self._plans[chat].extend(plan)

    def always(self, chat: str, what: str | Throttle) -> None:
        """What to do with every request of the chat."""
        self._always[chat] = what

    def let_go(self) -> None:
        """Answer the requests that were kept for `LATER`, and all further ones at once."""
        self._gate.set()

    def got(self, chat: str) -> list[str]:
        """The texts a chat was sent."""
        return [text for each, text in self.accepted if each == chat]

    async def start(self) -> None:
        """Listen; after `refuse`, on the same port as before."""
        self._closing.clear()
        server = web.Application()
        server.add_routes([web.post("/messages", self._message)])
        self._runner = web.AppRunner(server, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()
        self._port = self._runner.addresses[0][1]

    async def refuse(self) -> None:
        """Close the door: connections are refused until `start`."""
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = None

    async def _message(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        said = await request.json()
        chat = said["chat"]
        self.in_flight += 1
        self._chats[chat] += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.most_in_a_chat = max(self.most_in_a_chat, self._chats[chat])
        try:
            return await self._answer(request, chat, said["text"])
        finally:
            self.in_flight -= 1
            self._chats[chat] -= 1

    async def _answer(self, request: web.Request, chat: str, text: str) -> web.StreamResponse:
        plan = self._plans[chat].popleft() if self._plans[chat] else self._always.get(chat, ACCEPT)
        if isinstance(plan, Throttle):
            return web.json_response({"retry_after": plan.seconds}, status=429)
        if plan in (BLOCKED, REJECT, BROKEN, REVOKED):
            status = {BLOCKED: 403, REJECT: 400, BROKEN: 500, REVOKED: 401}[plan]
            return web.json_response({"error": plan}, status=status)
        self.accepted.append((chat, text))
        if plan == HANG:
            await self._closing.wait()
        if plan == DROP and request.transport is not None:
            request.transport.abort()
        if plan == LATER:
            await self._gate.wait()
        return web.json_response({"id": len(self.accepted)})
