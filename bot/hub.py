"""Who is waiting for what: pages for their chats, senders for the outbox, the dispatcher for the inbox.

Inside a process a wake is a call. Between processes on PostgreSQL a psycopg connection listens and another (a
connection that waits for notifies cannot send at the same moment) sends at most one coalesced NOTIFY per 20 ms, never
inside a turn (notifies inside transactions cost 10-29 %, one per 20 ms nothing: measured). A lost notify costs a slow
poll, nothing else.
"""

import asyncio
import contextlib
import os
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

import orjson
import psycopg
import structlog

log = structlog.get_logger()

CHANNEL = "gandan"
COALESCE = 0.02
LONGEST = 7000
"""Bytes of a payload; PostgreSQL refuses 8000 (its manual, NOTIFY)."""
RECONNECT = 1.0


class Hub:
    """Wakes waiters. `on_queued` and `on_events` are what the senders and the dispatcher do when something is new."""

    def __init__(self, conninfo: str | None) -> None:
        self._conninfo = conninfo
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self.on_queued: list[Callable[[], None]] = []
        self.on_events: list[Callable[[], None]] = []
        self._chats: set[str] = set()
        self._events = False
        self._all = False
        self._due = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        if self._conninfo is not None:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._notify())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def chats(self, chats: Iterable[str]) -> None:
        """These chats have something new; told here and to the other processes."""
        self._wake(chats)
        self._chats.update(chats)
        self._due.set()

    def everything(self) -> None:
        """A command has changed who knows what: everybody looks, here and in the other processes."""
        self._wake_all()
        self._all = self._events = True
        self._due.set()

    def events(self) -> None:
        """The inbox has something new, for the other processes."""
        self._events = True
        self._due.set()

    @contextlib.contextmanager
    def watch(self, chats: Iterable[str]) -> Iterator[asyncio.Event]:
        """An event that is set whenever one of these chats is woken."""
        event, names = asyncio.Event(), list(chats)
        for name in names:
            self._waiting[name].add(event)
        try:
            yield event
        finally:
            for name in names:
                self._waiting[name].discard(event)
                if not self._waiting[name]:
                    del self._waiting[name]

    def _wake(self, chats: Iterable[str]) -> None:
        for chat in list(chats):
            for event in self._waiting.get(chat, ()):
                event.set()
        for act in self.on_queued:
            act()

    def _wake_all(self) -> None:
        self._wake(list(self._waiting))

    async def _listen(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._conninfo or "", autocommit=True) as db:
                    await db.execute(f"LISTEN {CHANNEL}")
                    self._wake_all()  # whatever was missed while nobody listened
                    async for notify in db.notifies():
                        self._heard(notify.payload)
            except psycopg.Error as error:
                log.warning("listen_lost", error=type(error).__name__)
                await asyncio.sleep(RECONNECT)

    def _heard(self, payload: str) -> None:
        said = orjson.loads(payload)
        if said["from"] == self._name:
            return
        if said["chats"] is None:
            self._wake_all()
        elif said["chats"]:
            self._wake(said["chats"])
        if said["events"]:
            for act in self.on_events:
                act()

    async def _notify(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._conninfo or "", autocommit=True) as db:
                    while True:
                        await self._due.wait()
                        await asyncio.sleep(COALESCE)
                        await db.execute("SELECT pg_notify(%s, %s)", (CHANNEL, self._payload()))
            except psycopg.Error as error:
                log.warning("notify_lost", error=type(error).__name__)
                self._all = self._events = True  # nobody knows what was heard, so the next one says everything
                self._due.set()
                await asyncio.sleep(RECONNECT)

    def _payload(self) -> str:
        self._due.clear()
        chats, events, everybody = sorted(self._chats), self._events, self._all
        self._chats, self._events, self._all = set(), False, False
        payload = orjson.dumps({"from": self._name, "chats": chats, "events": events})
        if everybody or len(payload) > LONGEST:
            payload = orjson.dumps({"from": self._name, "chats": None, "events": events})
        return payload.decode()
