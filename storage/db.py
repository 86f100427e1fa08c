"""The database: one set of tables and storage functions, two engines, and the threads that own the connections.

A unit of work is a plain synchronous function that takes a Connection; a `Writer` runs it in a thread that owns the
connection and resolves an asyncio future only after COMMIT has returned. Why threads and not SQLAlchemy's async engine:
the same work runs 4-15 times faster, and there is no second, awaitable copy of every function.

Embedded (SQLite): exactly one connection writes and checkpoints, in one thread. All work of one class that waits is
taken together (up to 256) in one BEGIN IMMEDIATE ... COMMIT, without savepoints: on a full disk SQLite silently drops
the outer transaction and savepoints then lie (measured). On any exception the whole group is rolled back and each
piece runs alone. One connection is also the answer to the WAL-reset bug of SQLite before 3.51.3, which needs two.

Scale-out (PostgreSQL): accepts share a commit in one thread, marks and slices in another, turns run one a transaction
in several threads.
"""

import asyncio
import contextlib
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import psycopg
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Connection,
    Engine,
    Integer,
    MetaData,
    any_,
    bindparam,
    column,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool, QueuePool
from sqlalchemy.types import TypeDecorator

from storage.sealing import Keys

T = TypeVar("T")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")
"""Type of a surrogate key: 64 bits on both engines (SQLite only autoincrements INTEGER)."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
TURNS = 8
"""Threads that run turns on PostgreSQL."""


class UtcTime(TypeDecorator[datetime]):
    """An instant: an aware datetime in Python, milliseconds since 1970 UTC in the database, the same on both
    engines.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: object) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return (value - EPOCH) // MILLISECOND

    def process_result_value(self, value: int | None, dialect: object) -> datetime | None:
        return None if value is None else EPOCH + timedelta(milliseconds=value)


def insert(db: Connection, table: Any) -> Any:
    """INSERT with the ON CONFLICT clause of the engine at hand."""
    return postgresql.insert(table) if db.dialect.name == "postgresql" else sqlite.insert(table)


def is_postgres(db: Connection) -> bool:
    """Whether row locks exist; SQLite has one writer and needs none."""
    return db.dialect.name == "postgresql"


def among(db: Connection, values: Any, name: str, type_: Any) -> Any:
    """Whether a column is one of several values, given as one parameter so that the statement stays the same."""
    if is_postgres(db):
        return values == any_(bindparam(name, type_=ARRAY(type_)))
    return values.in_(select(column("value")).select_from(func.json_each(bindparam(name, type_=JSON))))


class Kind(IntEnum):
    """Classes of work. Every round takes one group of each, in this order, so none starves another."""

    ACCEPT = 0  # raw events into the inbox; acknowledged to the sender after commit
    MARK = 1  # what the sender loop records
    TURN = 2
    SLICE = 3  # a slice of a long write (import, pruning); one at a time


class Temporary(Exception):
    """The database is away, busy, full or chose us as a deadlock victim: the same work may succeed later."""


def temporary(error: BaseException) -> bool:
    """Whether `error` is the database's state and not a mistake of ours."""
    if isinstance(error, Temporary):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error  # storage.prepared lets the driver speak for itself
    if isinstance(cause, sqlite3.Error):
        name = getattr(cause, "sqlite_errorname", "") or ""
        return name.startswith(
            ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")
        )
    if not isinstance(cause, psycopg.Error):
        return False
    state = cause.sqlstate
    if state is None:  # the server said nothing: it is away, or psycopg refused our data itself (a NUL in a text)
        return isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
    # PostgreSQL appendix A: 08 connection, 40 rollback, 53 resources, 55P03 lock, 57 operator, 58 system.
    return state[:2] in {"08", "40", "53", "57", "58"} or state == "55P03"


@dataclass(slots=True)
class Job(Generic[T]):
    """One piece of work; `failed` runs in a transaction of its own when the work, run alone, raised."""

    work: Callable[[Connection], T]
    failed: Callable[[Connection, Exception], T] | None
    future: "asyncio.Future[T]"
    result: T | None = None
    error: BaseException | None = None


class Writer:
    """A thread that owns one connection and runs jobs from shared queues, a group per transaction."""

    def __init__(self, engine: Engine, queues: "Queues", group: int, name: str) -> None:
        self._engine, self._queues, self._group = engine, queues, group
        self._db: Connection | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        while jobs := self._queues.take(self._group):
            self._run_group(jobs)
            self._queues.resolve(jobs)
        self._drop()

    def _run_group(self, jobs: list[Job[Any]]) -> bool:
        """Run jobs in one transaction, or else each alone; False when no transaction could be begun."""
        begun = False
        try:
            with self._transaction() as db:
                begun = True
                for job in jobs:
                    job.result = job.work(db)
        except Exception as error:
            self._after(error)
            if not begun:
                for job in jobs:
                    job.error = error
            elif len(jobs) == 1:
                self._fail(jobs[0], error)
            else:
                self._run_alone(jobs)
        return begun

    def _run_alone(self, jobs: list[Job[Any]]) -> None:
        for place, job in enumerate(jobs):
            if not self._run_group([job]):
                # Away: every further try would wait as long again (a busy SQLite 5 s), and those who ask want a word.
                for later in jobs[place + 1 :]:
                    later.error = job.error
                return

    def _fail(self, job: Job[Any], error: Exception) -> None:
        if job.failed is None:
            job.error = error
            return
        try:
            with self._transaction() as db:
                job.result = job.failed(db, error)
        except Exception as second:
            self._after(second)
            job.error = second

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """BEGIN ... COMMIT; a connection whose COMMIT failed may still be inside it and is used no more."""
        db, worked = self._connection(), False
        try:
            with db.begin():
                yield db
                worked = True
        except BaseException:
            if worked:
                self._drop()
            raise

    def _connection(self) -> Connection:
        if self._db is None or self._db.closed or self._db.invalidated:
            self._drop()
            self._db = self._engine.connect()
        return self._db

    def _after(self, error: Exception) -> None:
        # A transaction SQLite ended on its own leaves the Connection in doubt; a new one costs little and is certain.
        if temporary(error):
            self._drop()

    def _drop(self) -> None:
        if self._db is not None:
            with contextlib.suppress(Exception):
                # Really closed, not given back to the pool: an advisory lock must end with the lease that it is.
                self._db.invalidate()
            with contextlib.suppress(Exception):
                self._db.close()
        self._db = None


class Queues:
    """Jobs waiting for the writers of one engine, a queue per kind, taken round robin."""

    def __init__(self, loop: asyncio.AbstractEventLoop, kinds: Iterable[Kind]) -> None:
        self._loop = loop
        self._waiting: dict[Kind, deque[Job[Any]]] = {kind: deque() for kind in kinds}
        self._order = list(self._waiting)
        self._next = 0
        self._changed = threading.Condition()
        self._closed = False

    def put(self, kind: Kind, job: Job[Any]) -> None:
        with self._changed:
            if self._closed:
                raise Temporary("the database is closed")
            self._waiting[kind].append(job)
            self._changed.notify()

    def take(self, most: int) -> list[Job[Any]]:
        """The next group, all of one kind; empty once closed and drained."""
        with self._changed:
            while True:
                for step in range(len(self._order)):
                    at = (self._next + step) % len(self._order)
                    waiting = self._waiting[self._order[at]]
                    if waiting:
                        self._next = at + 1
                        count = 1 if self._order[at] is Kind.SLICE else min(most, len(waiting))
                        return [waiting.popleft() for _ in range(count)]
                if self._closed:
                    return []
                self._changed.wait()

    def resolve(self, jobs: list[Job[Any]]) -> None:
        """Hand results to their futures, one hop to the loop for the whole group."""
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
            self._loop.call_soon_threadsafe(_resolve, jobs)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def _resolve(jobs: list[Job[Any]]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)


class Database:
    """Reads and writes of one process. `url`: SQLAlchemy's; `turns`: threads that run turns (PostgreSQL only)."""

    def __init__(self, url: str, keys: Keys, turns: int = TURNS) -> None:
        self.url, self.postgres = url, url.startswith("postgresql")
        self.engine = create_engine_for(url, keys)
        self.reading = create_reading_engine(url, keys)
        self._reads: set[asyncio.Task[Any]] = set()
        loop = asyncio.get_running_loop()
        if self.postgres:
            single = [Queues(loop, [Kind.ACCEPT]), Queues(loop, [Kind.MARK]), Queues(loop, [Kind.SLICE])]
            turn = Queues(loop, [Kind.TURN])
            self._queues = dict(zip([Kind.ACCEPT, Kind.MARK, Kind.SLICE, Kind.TURN], [*single, turn], strict=True))
            self._writers = [Writer(self.engine, queue, 256, "writer") for queue in single]
            self._writers += [Writer(self.engine, turn, 1, f"turn-{number}") for number in range(turns)]
        else:
            queue = Queues(loop, Kind)
            self._queues = dict.fromkeys(Kind, queue)
            self._writers = [Writer(self.engine, queue, 256, "writer")]

    def submit(
        self, work: Callable[[Connection], T], kind: Kind, failed: Callable[[Connection, Exception], T] | None = None
    ) -> "asyncio.Future[T]":
        """Queue work; the future resolves after COMMIT. `failed` records a failure in a transaction of its own."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queues[kind].put(kind, Job(work, failed, future))
        return future

    async def write(self, work: Callable[..., T], *args: Any, kind: Kind = Kind.MARK) -> T:
        """Run `work(db, *args)` in a transaction; raises what it raised, or Temporary errors as they come."""
        return await asyncio.shield(self.submit(lambda db: work(db, *args), kind))

    async def read(self, work: Callable[..., T], *args: Any) -> T:
        """Run `work(db, *args)` on a read-only connection, outside the writer: pages and figures.

        The caller is the event loop, so the driver is an asynchronous one; the storage functions are the same.
        """
        task = asyncio.ensure_future(self._read(work, args))
        self._reads.add(task)
        task.add_done_callback(self._reads.discard)
        # A page that goes away in the middle must not tear the connection out of the driver's hands.
        return await asyncio.shield(task)

    async def _read(self, work: Callable[..., T], args: tuple[Any, ...]) -> T:
        async with self.reading.connect() as db:
            return await db.run_sync(work, *args)

    async def close(self) -> None:
        """Finish what is queued, then close every connection.

        The readers go first: only a writer that is the last to close empties the write-ahead log into the database, so
        that a stopped office is one file.
        """
        loop = asyncio.get_running_loop()
        if self._reads:
            await asyncio.wait(self._reads)
        await self.reading.dispose()
        for queue in set(self._queues.values()):
            queue.close()
        for writer in self._writers:
            await loop.run_in_executor(None, writer.join)
        self.engine.dispose()


_KEEP_ALIVE = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "connect_timeout": 5,
}
"""A lease is an advisory lock on a connection, so a dead peer must be noticed (libpq's parameters)."""


def create_engine_for(url: str, keys: Keys, readonly: bool = False) -> Engine:
    """An engine with this project's pragmas, the keys on every connection, and no parameters in error texts."""
    return _postgres(url, keys, readonly) if url.startswith("postgresql") else _sqlite(url, keys, readonly)


def create_reading_engine(url: str, keys: Keys) -> AsyncEngine:
    """Read-only connections for the event loop: aiosqlite on SQLite, psycopg on PostgreSQL."""
    if url.startswith("postgresql"):
        engine = create_async_engine(
            url, hide_parameters=True, pool_size=6, pool_pre_ping=True, connect_args=_KEEP_ALIVE
        )
        event.listen(engine.sync_engine, "begin", lambda db: db.exec_driver_sql("SET TRANSACTION READ ONLY"))
    else:
        file = quote(str(sqlite_path(url).absolute()))
        engine = create_async_engine(
            f"sqlite+aiosqlite:///file:{file}?mode=ro&uri=true",
            hide_parameters=True,
            pool_size=4,
            connect_args={"timeout": 5},
        )
    event.listen(engine.sync_engine, "connect", lambda raw, record: record.info.update(keys=keys))
    return engine


def sqlite_path(url: str) -> Path:
    """The file behind a sqlite:/// address."""
    return Path(url.removeprefix("sqlite:///"))


def _sqlite(url: str, keys: Keys, readonly: bool) -> Engine:
    path = sqlite_path(url)

    def connect() -> sqlite3.Connection:
        address = f"{path.absolute().as_uri()}?mode={'ro' if readonly else 'rwc'}"
        # isolation_level=None: the driver must not begin transactions on its own, BEGIN IMMEDIATE below does.
        raw = sqlite3.connect(
            address, uri=True, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=5
        )
        pragmas = ["foreign_keys=ON", "cache_size=-32768", "temp_store=MEMORY"]
        if not readonly:
            pragmas += ["journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "journal_size_limit=67108864"]
        for pragma in pragmas:
            raw.execute(f"PRAGMA {pragma}")
        return raw

    pool: Any = {"poolclass": QueuePool, "pool_size": 4} if readonly else {"poolclass": NullPool}
    engine = create_engine("sqlite://", creator=connect, hide_parameters=True, **pool)
    event.listen(engine, "connect", lambda raw, record: record.info.update(keys=keys))
    if not readonly:
        event.listen(engine, "begin", lambda db: db.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _postgres(url: str, keys: Keys, readonly: bool) -> Engine:
    engine = create_engine(
        url, hide_parameters=True, pool_size=6 if readonly else 24, pool_pre_ping=readonly, connect_args=_KEEP_ALIVE
    )
    event.listen(engine, "connect", lambda raw, record: record.info.update(keys=keys))
    if readonly:
        event.listen(engine, "begin", lambda db: db.exec_driver_sql("SET TRANSACTION READ ONLY"))
    return engine
