"""Answers while news of 10,000 dossiers become notices: a second row of B9.

The product is the whole service with its ticks, its sender and a provider; a villager asks ten times a second at the
chat box, and what is measured is the time from her words to her answer. Before it, 10,000 dossiers have moved, as an
import leaves them, each on a chat of Telegram's.
"""

import asyncio
import contextlib
import itertools
import json
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from statistics import quantiles
from typing import Any

import aiohttp
from sqlalchemy import Connection, func, insert, literal, select, text

from bot.app import App, open_app
from bot.channels.web_door import Limits
from bot.clock import FixedClock
from storage.citizens import address, citizen
from storage.db import Kind, UtcTime, is_postgres
from storage.dossier_events import dossier_event
from storage.dossiers import dossier
from storage.links import link
from storage.notices import delivery
from tests.bench.dossiers import fill
from tests.bench.figures import Pair, Room, bar
from tests.bench.message import SAID, process
from tests.bench.serve import UNTIL, Bench, villagers
from tests.town import START, settings

NEWS = 10_000
ALLOWED = 300
"""Milliseconds within which 99 of 100 answers come, as while a broadcast drains (B9)."""
EVERY = 0.1
ACCOUNT = "1"


def happen(db: Connection) -> None:
    """Every dossier is on the chat of somebody of her own, and has just moved."""
    at = literal(START, UtcTime)
    each = select(dossier.c.id).subquery()
    for table, values in (
        (citizen, {"id": each.c.id, "commune_id": 1, "created_at": at}),
        (address, {
            "commune_id": 1, "citizen_id": each.c.id, "channel": "telegram", "account": ACCOUNT,
            "sender": func.cast(each.c.id, address.c.sender.type), "last_at": at,
        }),
        (link, {"commune_id": 1, "citizen_id": each.c.id, "dossier_id": each.c.id, "since": at}),
        (dossier_event, {
            "commune_id": 1, "dossier_id": each.c.id, "kind": "moved", "once": "bench", "old": 1, "new": 4, "at": at,
        }),
    ):  # fmt: skip
        columns = [value if hasattr(value, "type") else literal(value) for value in values.values()]
        db.execute(insert(table).from_select(list(values), select(*columns).select_from(each)))
    if is_postgres(db):
        db.execute(text("SELECT setval(pg_get_serial_sequence('citizen', 'id'), max(id)) FROM citizen"))


def done(db: Connection) -> bool:
    """Whether everybody's way has been chosen."""
    states = dict(db.execute(select(delivery.c.state, func.count()).group_by(delivery.c.state)).tuples().all())
    return sum(states.values()) == NEWS and "waiting" not in states


class Office:
    """The service, and how long somebody waits for its answers meanwhile."""

    def __init__(self, app: App, service: Bench, people: list[tuple[str, str]], http: aiohttp.ClientSession) -> None:
        self._app, self._service, self._http = app, service, http
        self._people, self._said = itertools.cycle(people), itertools.cycle(SAID)
        self._took: list[float] = []

    async def answers(self) -> list[float]:
        """Seconds each answer took, from the first tick to the last notice on its way."""
        self._took.clear()
        asking = asyncio.create_task(self._ask())
        while not await self._app.database.read(done):
            self._app.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
            await self._service.scheduler.minute()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        return self._took

    async def _ask(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._one(*next(self._people), next(self._said)))
                await asyncio.sleep(EVERY)

    async def _one(self, token: str, chat: str, words: str) -> None:
        body = json.dumps({"id": str(uuid.uuid4()), "kind": "text", "text": words})
        headers = {"X-Session": token, UNTIL: chat, "Content-Type": "application/json"}
        began = time.perf_counter()
        async with self._http.post("/api/messages", data=body, headers=headers) as answer:
            assert answer.status == 200, answer.status
        self._took.append(time.perf_counter() - began)


@asynccontextmanager
async def office(room: Room, kind: str, port: int) -> AsyncIterator[Office]:
    """A commune in which 10,000 dossiers have moved."""
    folder = room.new_folder() / "data"
    url = "" if kind == "sqlite" else room.databases.empty_postgres()
    await fill(folder, NEWS, url)
    configured = settings(folder, url, TELEGRAM_BOT_TOKEN=f"{ACCOUNT}:x", TELEGRAM_API_URL=f"http://127.0.0.1:{port}")
    async with open_app(configured, clock=FixedClock(START), limits=Limits(10**9, 10**9)) as app:
        await app.database.write(happen, kind=Kind.SLICE)
        if url:
            await app.database.write(lambda db: db.execute(text("ANALYZE")))
        for channel in app.channels:
            channel.lead = channel.follow = _nothing  # type: ignore[method-assign]
        service = Bench(app)
        await service.start()
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{service.port}") as http:
                yield Office(app, service, await villagers(app), http)
        finally:
            await service.stop(5)


async def _nothing(*_args: Any) -> Any:
    return None


async def _answered(room: Room, kind: str) -> AsyncGenerator[Pair, None]:
    async with process("tests.bench.stub") as port:
        while True:
            async with office(room, kind, port) as here:
                yield Pair(1000 * quantiles(await here.answers(), n=100)[98], ALLOWED)


for _kind, _spoken in (("sqlite", "SQLite"), ("postgres", "PostgreSQL")):

    @bar(
        "B9", f"an answer (99 of 100) while {NEWS:,} dossiers' news become notices; {_spoken}", unit="ms", at_most=1.0,
        floor="allowed",
    )  # fmt: skip
    async def _told(room: Room, kind: str = _kind) -> AsyncGenerator[Pair, None]:
        async with contextlib.aclosing(_answered(room, kind)) as pairs:
            async for pair in pairs:
                yield pair
