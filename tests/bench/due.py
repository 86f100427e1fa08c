"""What has come due among very many dossiers: B12.

The product is the check of `storage.deadlines` in one transaction, every stage of it, with its rows in the queue of
happenings. The floor is a single INSERT … SELECT on the same table and index, by the driver alone.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from statistics import median
from typing import Any

from sqlalchemy import Connection, delete, text, update

from storage.db import EPOCH, MILLISECOND, create_engine_for, is_postgres
from storage.deadlines import PASSED, Stage, check
from storage.dossier_events import dossier_event
from storage.dossiers import dossier
from tests import stores
from tests.bench.dossiers import A_MILLION, fill, filled
from tests.bench.figures import Pair, Room, bar
from tests.town import START, settings

DUE = 50
FEW = 10_000
APART = 20
"""Ids between those that are due: they were received in the same weeks, among others that take longer."""
TIMES = 9
DAY = timedelta(days=1)
STAGES = (Stage(1, START + DAY), Stage(2, START), Stage(PASSED, START - DAY))
"""The first of them has come for those that are due, the deadlines of all others are further away."""
BY_HAND = """INSERT INTO due_by_hand (dossier_id, stage) SELECT id, 1 FROM dossier
    WHERE commune_id = 1 AND warned = 0 AND status IN (1, 2, 4) AND deadline IS NOT NULL AND paused_at IS NULL
    AND deadline <= %s ON CONFLICT DO NOTHING"""


class Office:
    """A database in which so many dossiers are due, and the two ways to find them."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine_for(url, stores.KEYS)
        self._db = self._engine.connect()
        self._due = [1 + APART * each for each in range(DUE)]
        with self._db.begin():
            self._prepare(self._db)
        if is_postgres(self._db):
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
                db.execute(text("VACUUM ANALYZE dossier"))

    def _prepare(self, db: Connection) -> None:
        later = update(dossier).where(dossier.c.deadline <= START + DAY)
        db.execute(later.values(deadline=START + 3 * DAY))
        db.execute(update(dossier).where(dossier.c.id.in_(self._due)).values(deadline=START + DAY / 2))
        db.execute(text("CREATE TABLE IF NOT EXISTS due_by_hand "
                        "(dossier_id bigint, stage integer, PRIMARY KEY (dossier_id, stage))"))  # fmt: skip

    def checked(self) -> float:
        """The product, in milliseconds: slice by slice, each a transaction."""
        return self._timed(lambda: check(self._db, 1, STAGES, START), self._forget)

    def by_hand(self) -> float:
        """The floor, in milliseconds."""
        raw: Any = self._db.connection.driver_connection
        until = int((START + DAY - EPOCH) / MILLISECOND)
        statement = BY_HAND if is_postgres(self._db) else BY_HAND.replace("%s", "?")
        return self._timed(
            lambda: raw.execute(statement, (until,)).rowcount, lambda: self._db.execute(text("DELETE FROM due_by_hand"))
        )

    def _forget(self) -> None:
        self._db.execute(delete(dossier_event))
        self._db.execute(update(dossier).where(dossier.c.id.in_(self._due)).values(warned=0))

    def _timed(self, work: Callable[[], int], undo: Callable[[], Any]) -> float:
        took = []
        for _each in range(TIMES):
            began, found = time.perf_counter(), 0
            while found < len(self._due):
                with self._db.begin():
                    found += work()
            took.append(time.perf_counter() - began)
            assert found == len(self._due), found
            with self._db.begin():
                undo()
        return median(took) * 1000

    def close(self) -> None:
        self._db.close()
        self._engine.dispose()


@asynccontextmanager
async def office(room: Room, kind: str, number: int) -> AsyncIterator[Office]:
    """A commune with so many dossiers; on SQLite the one that other benches look at, too."""
    if kind == "sqlite":
        url = settings(await filled(number)).database
    else:
        url = room.databases.empty_postgres()
        await fill(room.new_folder() / "data", number, url)
    made = await asyncio.to_thread(Office, url)
    try:
        yield made
    finally:
        made.close()


async def _beside_the_floor(room: Room, kind: str) -> AsyncGenerator[Pair, None]:
    async with office(room, kind, A_MILLION) as many:
        while True:
            yield Pair(await asyncio.to_thread(many.checked), await asyncio.to_thread(many.by_hand))


async def _beside_few(room: Room, kind: str) -> AsyncGenerator[Pair, None]:
    async with office(room, kind, A_MILLION) as many, office(room, kind, FEW) as few:
        while True:
            yield Pair(await asyncio.to_thread(many.checked), await asyncio.to_thread(few.checked))


for _kind, _spoken in (("sqlite", "SQLite"), ("postgres", "PostgreSQL")):
    for _measure, _what, _floor, _most in (
        (_beside_the_floor, f"the due check over 1,000,000 dossiers, {DUE} due; {_spoken}", "one INSERT … SELECT", 3.0),
        (_beside_few, f"the same over 1,000,000; {_spoken}", "over 10,000", 2.0),
    ):

        @bar("B12", _what, unit="ms", at_most=_most, floor=_floor)
        async def _due(room: Room, kind: str = _kind, measure: Any = _measure) -> AsyncGenerator[Pair, None]:
            async with contextlib.aclosing(measure(room, kind)) as pairs:
                async for pair in pairs:
                    yield pair
