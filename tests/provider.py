"""A channel for tests, over real HTTP, and the stand-in provider it talks to on loopback.

`TestChannel` is a `bot.channels.base.Channel` as small as one can be: one POST a message or edit, every answer mapped
to one of `bot.errors`. `Provider` is the other side; a test tells it what to do with the next requests of a chat, and
which limits it enforces.
"""

import asyncio
import json
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from bot.channels.base import Capabilities, Channel, Inbound, Unparsable
from bot.errors import Gone, NeedsPerson, Rejected, Throttled, Unavailable, Uncertain, Unreachable
from bot.rates import Rates
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
    """429 with `retry_after` seconds; `everybody`: the whole account is meant."""

    seconds: float
    everybody: bool = False


@dataclass(frozen=True)
class Limits:
    """What a provider takes: `total` in any second; to a chat `chat` a second with a burst; to a group so many in any
    `group_seconds`. 0: no limit. `jitter`: seconds by which some may be longer under way than others.
    """

    total: int = 0
    chat: float = 0.0
    chat_burst: int = 1
    group: int = 0
    group_seconds: float = 60.0
    jitter: float = 0.0


class Guard:
    """Enforces Limits on what arrives; counts what it refused."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self.refused = limits, 0
        self._all: deque[float] = deque()
        self._groups: dict[str, deque[float]] = defaultdict(deque)
        self._buckets: dict[str, tuple[float, float]] = {}

    def takes(self, chat: str, now: float) -> bool:
        """Whether a request that arrives now is within all limits; a refused one counts for nothing else."""
        limits = self._limits
        kept = [(self._all, limits.total, 1.0)]
        if chat.startswith("-"):
            kept.append((self._groups[chat], limits.group, limits.group_seconds))
        for times, most, seconds in kept:
            while times and times[0] <= now - seconds + limits.jitter:
                times.popleft()
            if most and len(times) >= most:
                self.refused += 1
                return False
        if limits.chat and not self._fits(chat, now):
            self.refused += 1
            return False
        for times, _most, _seconds in kept:
            times.append(now)
        return True

    def _fits(self, chat: str, now: float) -> bool:
        full = float(self._limits.chat_burst)
        tokens, at = self._buckets.get(chat, (full, now))
        tokens = min(full, tokens + (now - at) * self._limits.chat)
        self._buckets[chat] = (max(0.0, tokens - 1), now)
        return tokens >= 1


class TestChannel(Channel):
    """Sends a message as one POST of {"chat", "text"}; parses events of the form {"kind", "text", "token"}."""

    __test__ = False  # not a class of tests
    name = "test"
    account = "account"

    def __init__(self, url: str, capabilities: Capabilities | None = None, rates: Rates | None = None) -> None:
        self.url, self.capabilities = url, capabilities or Capabilities(text_length=4096, buttons=8)
        self.rates = rates or Rates()
        self.told: list[str] = []
        self.stubborn = 0  # how many calls of lead and follow fail first
        self.begun: list[str] = []  # words in the order in which they left us; networks may overtake
        self._http: aiohttp.ClientSession | None = None

    async def lead(self) -> None:
        self._hear("lead")

    async def follow(self) -> None:
        self._hear("follow")

    def _hear(self, what: str) -> None:
        self.told.append(what)
        if self.stubborn:
            self.stubborn -= 1
            raise OSError("not now")

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
        self.begun.append(message.body["text"])
        self._http = self._http or aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        body = {"chat": message.chat, "text": message.body["text"], "message": message.edits}
        where = "messages" if message.edits is None else "edits"
        try:
            async with self._http.post(f"{self.url}/{where}", json=body) as answer:
                return self._read(answer.status, await answer.json(), message.edits)
        except aiohttp.ClientConnectorError as error:
            raise Unavailable("the connection was refused") from error
        except aiohttp.ClientError as error:
            raise Uncertain("the connection was cut") from error

    @staticmethod
    def _read(status: int, said: dict[str, Any], edits: str | None) -> str:
        match status:
            case 200:
                return str(said["id"])
            case 401:
                raise NeedsPerson("the token of the test channel is not valid")
            case 403:
                raise Unreachable("blocked")
            case 404:
                raise Gone("no such message")
            case 409 if edits is not None:  # not modified
                return edits
            case 429:
                raise Throttled(said["retry_after"], said.get("everybody", False))
            case 400:
                raise Rejected("400", said["error"])
            case _:
                raise Uncertain(f"HTTP {status}")


@dataclass
class Provider:
    """A provider on loopback. `accepted` holds (chat, text) of every message it took, in order, repeats included;
    `shown` what stands in each chat now, by message id.
    """

    accepted: list[tuple[str, str]] = field(default_factory=list)
    edited: list[tuple[str, str]] = field(default_factory=list)
    shown: dict[tuple[str, str], str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    requests: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    most_in_a_chat: int = 0

    def __post_init__(self) -> None:
        self.guard = Guard(self.limits)
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

    def sees(self, chat: str) -> list[str]:
        """What stands in a chat now, oldest message first."""
        return [text for (each, _id), text in self.shown.items() if each == chat]

    def delete(self, chat: str) -> None:
        """Somebody deletes all messages of a chat."""
        self.shown = {key: text for key, text in self.shown.items() if key[0] != chat}

    async def start(self) -> None:
        """Listen; after `refuse`, on the same port as before."""
        self._closing.clear()
        server = web.Application()
        server.add_routes([web.post("/messages", self._request), web.post("/edits", self._request)])
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

    async def _request(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        arrived = time.monotonic()
        said = await request.json()
        chat = said["chat"]
        self.in_flight += 1
        self._chats[chat] += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.most_in_a_chat = max(self.most_in_a_chat, self._chats[chat])
        try:
            if not self.guard.takes(chat, arrived):
                return web.json_response({"retry_after": 1}, status=429)
            return await self._answer(request, chat, said["text"], said.get("message"))
        finally:
            self.in_flight -= 1
            self._chats[chat] -= 1

    async def _answer(self, request: web.Request, chat: str, text: str, edits: str | None) -> web.StreamResponse:
        plan = self._plans[chat].popleft() if self._plans[chat] else self._always.get(chat, ACCEPT)
        if isinstance(plan, Throttle):
            return web.json_response({"retry_after": plan.seconds, "everybody": plan.everybody}, status=429)
        if plan in (BLOCKED, REJECT, BROKEN, REVOKED):
            status = {BLOCKED: 403, REJECT: 400, BROKEN: 500, REVOKED: 401}[plan]
            return web.json_response({"error": plan}, status=status)
        answer = self._take(chat, text) if edits is None else self._edit(chat, text, edits)
        if plan == HANG:
            await self._closing.wait()
        if plan == DROP and request.transport is not None:
            request.transport.abort()
        if plan == LATER:
            await self._gate.wait()
        return answer

    def _take(self, chat: str, text: str) -> web.Response:
        self.accepted.append((chat, text))
        self.shown[chat, str(len(self.accepted))] = text
        return web.json_response({"id": len(self.accepted)})

    def _edit(self, chat: str, text: str, edits: str) -> web.Response:
        if (chat, edits) not in self.shown:
            return web.json_response({"error": "no such message"}, status=404)
        self.edited.append((chat, text))
        if self.shown[chat, edits] == text:
            return web.json_response({"error": "not modified"}, status=409)
        self.shown[chat, edits] = text
        return web.json_response({"id": int(edits)})
