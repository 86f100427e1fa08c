"""How the stand-in for Zalo brings events to the bot's webhook: signed, again when nobody answered, then never more.

Events are brought one after the other, each within `patience` seconds. One that nobody answered is brought again by
`retry` as soon as Zalo's clock says so (+30 s, then +5, +15, +30, +60 min, counted from the time before); after the
last the webhook is disabled and everything further is lost. Whether an answer other than 200 is tried again is not
known: here it is not, the worse reading, unless `retries_answers`.
"""

import asyncio
import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

RETRIES = (30.0, 300.0, 900.0, 1800.0, 3600.0)


def signature(first: str, raw: bytes, timestamp: str, key: str) -> str:
    """The header's value: no HMAC, but SHA-256 of app id, raw body, timestamp and the account's secret key."""
    return "mac=" + hashlib.sha256(first.encode() + raw + timestamp.encode() + key.encode()).hexdigest()


@dataclass(eq=False)
class Event:
    """One event. state: waiting, taken, unanswered (to be retried), refused (answered, but not 200), lost."""

    name: str
    body: dict[str, Any]
    raw: bytes
    headers: dict[str, str]
    state: str = "waiting"
    due: float = 0.0
    answers: list[int] = field(default_factory=list)  # HTTP status of each delivery; 0: none


class Hook:
    """The webhook as the console knows it. `events` is everything that ever happened, in order.

    held: nothing is brought until it is False again (see `release`). shuffled: in any order. repeat: chance that one
    which was taken comes once more. off: names of events that are switched off. first and key: what is signed with.
    """

    def __init__(self, app_id: str, key: str, now: Callable[[], float], dice: random.Random) -> None:
        self.url = ""
        self.app_id, self.first, self.key = app_id, app_id, key
        self.patience = 2.0
        self.held = self.shuffled = self.disabled = self.retries_answers = False
        self.repeat = 0.0
        self.off: set[str] = set()
        self.events: list[Event] = []
        self.moved: Callable[[], None] = lambda: None
        self._now, self._dice = now, dice
        self._last_ms = 0
        self._queue: list[Event] = []
        self._busy = 0
        self._woken = asyncio.Event()
        self._http: aiohttp.ClientSession | None = None
        self._task: asyncio.Task[None] | None = None

    def ms(self) -> int:
        """Zalo's clock in milliseconds; no two things happen in the same one."""
        self._last_ms = max(self._last_ms + 1, int(self._now() * 1000))
        return self._last_ms

    @property
    def quiet(self) -> bool:
        """Nothing is on its way to the bot, or will be before the clock moves."""
        return not self._busy and (self.held or not self._queue)

    # --- what happens ---

    def tell(self, name: str, body: dict[str, Any], zns: bool = False) -> Event | None:
        """One more event; None: it is switched off."""
        if name in self.off:
            return None
        stamp = str(self.ms())
        event = self.made({"app_id": self.app_id, "event_name": name, "timestamp": stamp} | body, zns)
        if self.disabled or not self.url:
            event.state = "lost"
        else:
            self._queue.append(event)
        self.events.append(event)
        self._woken.set()
        return event

    def made(self, body: dict[str, Any], zns: bool = False) -> Event:
        """An event as it will come: spaces, order of keys and escapes as they fall."""
        tight = self._dice.random() < 0.5
        raw = json.dumps(
            body, ensure_ascii=self._dice.random() < 0.5, separators=(",", ":") if tight else (", ", ": ")
        ).encode()
        headers = {"Content-Type": "application/json"} | ({"X-ZEvent-Server": "ZNS"} if zns else {})
        headers["X-ZEvent-Signature"] = signature(self.first, raw, str(body.get("timestamp", "")), self.key)
        return Event(str(body.get("event_name", "")), body, raw, headers)

    # --- bringing it ---

    def start(self) -> None:
        self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            (error,) = await asyncio.gather(self._task, return_exceptions=True)
            if isinstance(error, Exception):
                raise error
        if self._http is not None:
            await self._http.close()
        self._task = self._http = None

    async def save(self, url: str) -> bool:
        """An admin saves the address in the console: kept when the unsigned probe is answered with 200."""
        if await self.post(b"{}", {"Content-Type": "application/json"}, url) != 200:
            return False
        self.url, self.disabled = url, False
        return True

    async def bring(self, event: Event) -> int:
        """Bring it now, whatever has become of it; the HTTP status, 0 when nobody answered in time."""
        again = len(event.answers)
        status = await self.post(event.raw, event.headers | ({"num_retry": str(again)} if again else {}))
        event.answers.append(status)
        return status

    async def post(self, raw: bytes, headers: dict[str, str], url: str = "") -> int:
        """Post anything, signed or not; the HTTP status, 0 when nobody answered in time."""
        assert self._http is not None
        limit = aiohttp.ClientTimeout(self.patience)
        try:
            async with self._http.post(
                url or self.url, data=raw, headers=headers, timeout=limit, allow_redirects=False
            ) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0

    async def retry(self) -> int:
        """Bring again what is due by now; how many were."""
        due = [each for each in self.events if each.state == "unanswered" and each.due <= self._now()]
        for each in due:
            await self._try(each)
        return len(due)

    def release(self) -> None:
        """No longer hold events back."""
        self.held = False
        self._woken.set()

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            while self._queue and not self.held:
                await self._try(self._queue.pop(self._dice.randrange(len(self._queue)) if self.shuffled else 0))
            await self._woken.wait()

    async def _try(self, event: Event) -> None:
        self._busy += 1
        try:
            status = await self.bring(event)
            if status == 200 and self._dice.random() < self.repeat:
                await self.bring(event)
            self._judge(event, status)
        finally:
            self._busy -= 1
            self.moved()

    def _judge(self, event: Event, status: int) -> None:
        if status == 200:
            event.state = "taken"
        elif status and not self.retries_answers:
            event.state = "refused"
        elif len(event.answers) <= len(RETRIES):
            event.state, event.due = "unanswered", self._now() + RETRIES[len(event.answers) - 1]
        else:
            self._disable()

    def _disable(self) -> None:
        """Nothing more comes, and what has not come will not."""
        self.disabled = True
        self._queue.clear()
        for each in self.events:
            if each.state in ("waiting", "unanswered"):
                each.state = "lost"
