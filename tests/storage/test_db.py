"""The writer and its queues: what a commit promises, on both databases."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, event, select, text
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError

from storage import inbox
from storage.db import EPOCH, Database, Kind, Queues, Temporary, UtcTime, temporary
from storage.inbox import Event
from tests import stores

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)


class Mistake(Exception):
    """What a handler raises that is simply wrong."""


@asynccontextmanager
async def opened(kind: str, folder: Path) -> AsyncIterator[Database]:
    with stores.fresh(kind, folder) as url:
        made = Database(url, stores.KEYS, turns=2)
        try:
            yield made
        finally:
            await made.close()


@pytest.fixture(params=stores.BOTH)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database of both kinds."""
    async with opened(request.param, tmp_path) as made:
        yield made


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty SQLite database."""
    async with opened("sqlite", tmp_path) as made:
        yield made


@pytest.fixture
async def shared(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty PostgreSQL database."""
    async with opened("postgres", tmp_path) as made:
        yield made


def accept(number: int, size: int = 10) -> Callable[[Connection], bool]:
    """Work that stores one event."""
    event_ = Event("web", "", f"chat {number % 7}", "bà Lan", str(number), b"x" * size)
    return lambda db: inbox.accept(db, 1, event_, NOW)


def stored(db: Connection) -> set[int]:
    """The events that are there."""
    return {int(each) for each in db.execute(select(inbox.inbox.c.event_id)).scalars()}


def wrong(db: Connection) -> bool:
    """Work that writes and then raises."""
    accept(999)(db)
    raise Mistake


class Gate:
    """Holds the writer, so that what is submitted meanwhile is taken together."""

    def __init__(self, database: Database, kind: Kind) -> None:
        self._open, self._reached = threading.Event(), threading.Event()
        self.done = database.submit(self._wait, kind)

    def _wait(self, db: Connection) -> None:
        self._reached.set()
        assert self._open.wait(10)

    async def reached(self) -> None:
        await asyncio.to_thread(self._reached.wait, 10)

    async def open(self) -> None:
        self._open.set()
        await self.done


class Statements:
    """What an engine says to its database: BEGIN, COMMIT, ROLLBACK and every statement."""

    def __init__(self, database: Database) -> None:
        self.said: list[str] = []
        engine = database.engine
        event.listen(engine, "begin", lambda db: self.said.append("BEGIN"))
        event.listen(engine, "commit", lambda db: self.said.append("COMMIT"))
        event.listen(engine, "rollback", lambda db: self.said.append("ROLLBACK"))
        event.listen(engine, "savepoint", lambda db, name: self.said.append("SAVEPOINT"))
        event.listen(engine, "before_cursor_execute", self._statement)

    def _statement(self, db: Connection, cursor: Any, statement: str, *more: Any) -> None:
        if not statement.startswith("BEGIN"):
            self.said.append(statement.split(maxsplit=1)[0])

    @property
    def transactions(self) -> list[str]:
        return [each for each in self.said if each in ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT")]


# --- a group ----------------------------------------------------------------------------------------------------------


async def test_work_that_waits_together_commits_together(database: Database) -> None:
    """Fifty accepts that arrive while the writer is busy share one transaction."""
    gate = Gate(database, Kind.ACCEPT)
    await gate.reached()
    statements = Statements(database)
    futures = [database.submit(accept(number), Kind.ACCEPT) for number in range(50)]
    await gate.open()
    assert await asyncio.gather(*futures) == [True] * 50
    assert statements.transactions == ["COMMIT", "BEGIN", "COMMIT"]
    assert await database.read(stored) == set(range(50))


async def test_one_that_raises_takes_nobody_with_it(database: Database) -> None:
    """When one of a group raises, the others have their effect, and its failure has a transaction to itself."""
    gate = Gate(database, Kind.ACCEPT)
    await gate.reached()
    statements = Statements(database)
    errors: list[Exception] = []

    def failed(db: Connection, error: Exception) -> bool:
        statements.said.append("FAILED")
        errors.append(error)
        return accept(1000)(db)

    good = [database.submit(accept(number), Kind.ACCEPT) for number in range(3)]
    bad = database.submit(wrong, Kind.ACCEPT, failed)
    after = database.submit(accept(3), Kind.ACCEPT)
    await gate.open()
    assert await asyncio.gather(*good, bad, after) == [True] * 5
    assert await database.read(stored) == {0, 1, 2, 3, 1000}
    assert [type(each) for each in errors] == [Mistake]
    at = statements.said.index("FAILED")
    assert statements.said[at - 2 : at] == ["ROLLBACK", "BEGIN"]
    assert "SAVEPOINT" not in statements.said
    assert statements.transactions.count("ROLLBACK") == 2


async def test_without_a_failed_callback_the_error_reaches_the_caller(
    database: Database,
) -> None:
    """What the work raised is what the caller gets; its half-done writes are gone."""
    with pytest.raises(Mistake):
        await database.write(wrong)
    assert await database.read(stored) == set()


async def test_a_failed_callback_that_raises_too_reaches_the_caller(database: Database) -> None:
    """When even the failure cannot be recorded the caller learns the second error, and the writer lives on."""

    def failed(db: Connection, error: Exception) -> bool:
        raise KeyError("no room to record it")

    with pytest.raises(KeyError):
        await database.submit(wrong, Kind.TURN, failed)
    assert await database.write(accept(1)) is True


async def test_a_result_is_told_only_after_commit(database: Database) -> None:
    """When a caller learns its result, everybody else can already read it."""
    order: list[str] = []
    event.listen(database.engine, "commit", lambda db: order.append("commit"))
    future = database.submit(accept(1), Kind.ACCEPT)
    future.add_done_callback(lambda done: order.append("told"))
    await future
    await asyncio.sleep(0)
    assert order == ["commit", "told"]
    assert await database.read(stored) == {1}


async def test_a_commit_that_fails_tells_nobody_that_it_worked(database: Database) -> None:
    """When COMMIT itself fails nobody is acknowledged and nothing is kept; the next work goes on."""

    def refuse(db: Connection) -> None:
        event.remove(database.engine, "commit", refuse)
        raise Mistake

    event.listen(database.engine, "commit", refuse)
    with pytest.raises(Mistake):
        await database.write(accept(1))
    assert await database.read(stored) == set()
    assert await database.write(accept(2)) is True
    assert await database.read(stored) == {2}


async def test_what_is_queued_when_the_database_closes_is_still_done(tmp_path: Path) -> None:
    """Closing finishes what was accepted; afterwards new work is refused as temporary."""
    for kind in stores.BOTH:
        with stores.fresh(kind, tmp_path) as url:
            database = Database(url, stores.KEYS, turns=1)
            futures = [database.submit(accept(number), Kind.ACCEPT) for number in range(20)]
            await database.close()
            assert await asyncio.gather(*futures) == [True] * 20
            with pytest.raises(Temporary):
                database.submit(accept(21), Kind.ACCEPT)


async def test_a_caller_who_gives_up_does_not_undo_the_work(database: Database) -> None:
    """A request that is cancelled while it waits for COMMIT changes nothing for the event."""
    gate = Gate(database, Kind.ACCEPT)
    await gate.reached()
    caller = asyncio.create_task(database.write(accept(1), kind=Kind.ACCEPT))
    await asyncio.sleep(0)
    caller.cancel()
    await gate.open()
    assert await database.write(accept(1), kind=Kind.ACCEPT) is False


# --- whose turn it is -------------------------------------------------------------------------------------------------


async def test_every_round_takes_a_group_of_each_kind_accepts_first_and_one_slice(embedded: Database) -> None:
    """A long import never starves turns: between two of its slices everything that waits has its group."""
    order: list[str] = []

    def say(word: str) -> Callable[[Connection], None]:
        return lambda db: order.append(word)

    gate = Gate(embedded, Kind.SLICE)
    await gate.reached()
    futures = [embedded.submit(say("slice"), Kind.SLICE) for _each in range(3)]
    futures += [embedded.submit(say("turn"), Kind.TURN) for _each in range(2)]
    futures += [embedded.submit(say("mark"), Kind.MARK)]
    futures += [embedded.submit(say("accept"), Kind.ACCEPT) for _each in range(2)]
    await gate.open()
    await asyncio.gather(*futures)
    assert order == ["accept", "accept", "mark", "turn", "turn", "slice", "slice", "slice"]


async def test_turns_go_between_two_slices(embedded: Database) -> None:
    """A turn that arrives during a slice is done before the next slice."""
    order: list[str] = []
    gate = Gate(embedded, Kind.SLICE)
    await gate.reached()
    slices = [embedded.submit(lambda db: order.append("slice"), Kind.SLICE) for _each in range(100)]
    turn = embedded.submit(lambda db: order.append("turn"), Kind.TURN)
    await gate.open()
    await turn
    await asyncio.gather(*slices)
    assert order.index("turn") <= 1


async def test_a_group_is_at_most_256(embedded: Database) -> None:
    """However much waits, a transaction stays short."""
    gate = Gate(embedded, Kind.ACCEPT)
    await gate.reached()
    statements = Statements(embedded)
    futures = [embedded.submit(accept(number), Kind.ACCEPT) for number in range(300)]
    await gate.open()
    await asyncio.gather(*futures)
    assert statements.transactions.count("COMMIT") == 3


async def test_a_queue_that_is_closed_is_worked_off_and_then_ends() -> None:
    """`take` gives an empty group once closed and drained, which ends the writer."""
    queue = Queues(asyncio.get_running_loop(), [Kind.TURN])
    queue.put(Kind.TURN, None)
    queue.close()
    assert queue.take(10) == [None]
    assert queue.take(10) == []


async def test_on_postgresql_a_long_slice_holds_up_nobody(shared: Database) -> None:
    """Accepts, marks and turns have connections of their own."""
    gate = Gate(shared, Kind.SLICE)
    await gate.reached()
    for kind in (Kind.ACCEPT, Kind.MARK, Kind.TURN):
        await shared.write(accept(int(kind)), kind=kind)
    assert await shared.read(stored) == {0, 1, 2}
    await gate.open()


# --- a full disk, a killed connection ---------------------------------------------------------------------------------


async def test_on_a_full_disk_nothing_acknowledged_is_missing_and_work_goes_on_once_there_is_space(
    tmp_path: Path,
) -> None:
    """Of events that come while the disk is full those that were acknowledged are there, the others can come again."""
    with stores.fresh("sqlite", tmp_path) as url:
        database = Database(url, stores.KEYS)
        limit = 0x7FFFFFFE

        def limited(raw: sqlite3.Connection, record: object) -> None:
            raw.execute(f"PRAGMA max_page_count={limit}")

        event.listen(database.engine, "connect", limited)
        try:
            pages = await database.write(lambda db: db.exec_driver_sql("PRAGMA page_count").scalar_one())
            limit = pages + 40
            with pytest.raises(Temporary):
                await database.write(fail_temporarily)  # the writer takes a new connection, with the limit
            offered = range(200)
            futures = [database.submit(accept(number, 4000), Kind.ACCEPT) for number in offered]
            answers = await asyncio.gather(*futures, return_exceptions=True)
            acknowledged = {number for number, answer in zip(offered, answers, strict=True) if answer is True}
            refused = [answer for answer in answers if answer is not True]
            assert acknowledged
            assert refused
            assert all(temporary(each) for each in refused)
            assert await database.read(stored) == acknowledged
            limit = 0x7FFFFFFE
            again = [database.submit(accept(number, 4000), Kind.ACCEPT) for number in offered]
            results = await asyncio.gather(*again)
            assert {number for number, new in zip(offered, results, strict=True) if new} == set(offered) - acknowledged
        finally:
            await database.close()
        with sqlite3.connect(url.removeprefix("sqlite:///")) as raw:
            assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert raw.execute("SELECT count(*) FROM inbox").fetchone() == (200,)
        raw.close()


def fail_temporarily(db: Connection) -> None:
    raise Temporary("pretended")


async def test_a_killed_backend_is_temporary_and_the_writer_connects_again(shared: Database) -> None:
    """Work alone on a connection that was cut fails as temporary; the same work succeeds the next time."""
    await shared.write(accept(0), kind=Kind.ACCEPT)
    terminate(shared)
    with pytest.raises(OperationalError) as raised:
        await shared.write(accept(1), kind=Kind.ACCEPT)
    assert temporary(raised.value)
    assert await shared.write(accept(1), kind=Kind.ACCEPT) is True
    assert await shared.read(stored) == {0, 1}


async def test_a_backend_killed_between_two_events_of_a_group_loses_none(shared: Database) -> None:
    """A group whose connection is cut half-way is done again, one by one, on a new connection."""
    gate = Gate(shared, Kind.ACCEPT)
    await gate.reached()
    cut = [True]

    def cut_then_accept(db: Connection) -> bool:
        if cut:
            cut.clear()
            terminate(shared)
        return accept(5)(db)

    futures = [shared.submit(accept(number), Kind.ACCEPT) for number in range(5)]
    futures += [shared.submit(cut_then_accept, Kind.ACCEPT), shared.submit(accept(6), Kind.ACCEPT)]
    await gate.open()
    assert await asyncio.gather(*futures) == [True] * 7
    assert await shared.read(stored) == set(range(7))


async def test_a_read_after_the_server_went_away_uses_a_new_connection(shared: Database) -> None:
    """Reading connections are tried before use, so a page never sees an old one's death."""
    assert await shared.read(stored) == set()
    terminate(shared)
    assert await shared.read(stored) == set()


async def test_a_reading_connection_cannot_write(embedded: Database) -> None:
    """Pages and figures read through connections that the file's single writer need not fear."""
    with pytest.raises(OperationalError, match="readonly"):
        await embedded.read(accept(1))


def terminate(database: Database) -> None:
    """Cut every connection to the database."""
    with psycopg.connect(database.url.replace("+psycopg", ""), autocommit=True) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


# --- which errors are the database's state ----------------------------------------------------------------------------


async def test_a_text_the_database_cannot_hold_is_a_mistake_and_not_a_database_that_is_away(shared: Database) -> None:
    """A NUL or a lone surrogate would fail for ever, so it must never be waited for."""
    for sender in ("bà\0Lan", "bà\ud800Lan"):
        broken = Event("web", "", "c1", sender, "1", b"x")
        with pytest.raises((psycopg.DataError, UnicodeEncodeError)) as raised:
            await shared.write(inbox.accept, 1, broken, NOW)
        assert not temporary(raised.value)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Temporary("closed"), True),
        (ValueError("no"), False),
        (OperationalError("s", {}, psycopg.OperationalError("server closed the connection")), True),
        (InterfaceError("s", {}, psycopg.InterfaceError("the connection is closed")), True),
        (OperationalError("s", {}, psycopg.errors.DeadlockDetected()), True),
        (OperationalError("s", {}, psycopg.errors.SerializationFailure()), True),
        (OperationalError("s", {}, psycopg.errors.LockNotAvailable()), True),
        (OperationalError("s", {}, psycopg.errors.DiskFull()), True),
        (OperationalError("s", {}, psycopg.errors.AdminShutdown()), True),
        (psycopg.errors.AdminShutdown(), True),
        (psycopg.InterfaceError("the connection is closed"), True),
        (psycopg.errors.UniqueViolation(), False),
        (psycopg.DataError("a NUL"), False),
        (DatabaseError("s", {}, psycopg.errors.UniqueViolation()), False),
        (DatabaseError("s", {}, psycopg.errors.StringDataRightTruncation()), False),
        (DatabaseError("s", {}, psycopg.DataError("cannot contain NUL")), False),
    ],
)
def test_what_may_succeed_later_is_told_from_a_mistake(error: Exception, expected: bool) -> None:
    """Lost connections, deadlocks, locks, full disks and shutdowns pass; broken rules and data do not."""
    assert temporary(error) is expected


def test_a_database_locked_by_somebody_else_is_temporary(tmp_path: Path) -> None:
    """SQLite's own busy and read-only errors are states, a syntax error is a mistake."""
    path = tmp_path / "locked.db"
    with sqlite3.connect(path, isolation_level=None) as one:
        one.execute("BEGIN EXCLUSIVE")
        two = sqlite3.connect(path, timeout=0)
        for statement, expected in (("CREATE TABLE t (a)", True), ("CREAT TABLE t (a)", False)):
            with pytest.raises(sqlite3.OperationalError) as raised:
                two.execute(statement)
            assert temporary(OperationalError("s", {}, raised.value)) is expected
            assert temporary(raised.value) is expected
        two.close()
        one.execute("ROLLBACK")
    one.close()


# --- instants ---------------------------------------------------------------------------------------------------------


async def test_an_instant_comes_back_as_it_went_in_to_the_millisecond(database: Database) -> None:
    """Whatever zone an instant was given in, both databases give back the same instant in UTC."""
    there = timezone(timedelta(hours=7))
    given = datetime(2026, 11, 26, 9, 0, 0, 123_456, tzinfo=there)

    def round_trip(db: Connection) -> datetime | None:
        inbox.accept(db, 1, Event("web", "", "c1", "c1", "1", b"x"), given)
        found: datetime = db.execute(select(inbox.inbox.c.received_at)).scalar_one()
        return found

    found = await database.write(round_trip)
    assert found == given.replace(microsecond=123_000)
    assert found.tzinfo is UTC


def test_an_instant_without_a_zone_is_refused() -> None:
    """A time without a zone would mean another instant on another machine."""
    with pytest.raises(ValueError, match="time zone"):
        UtcTime().process_bind_param(datetime(2026, 11, 26, 9, 0), None)
    assert UtcTime().process_bind_param(None, None) is None
    assert UtcTime().process_result_value(None, None) is None
    assert UtcTime().process_result_value(0, None) == EPOCH


async def test_sqlite_is_opened_with_the_pragmas_durability_rests_on(embedded: Database) -> None:
    """Write-ahead log, full synchronisation, erased pages and foreign keys are on for the writer."""

    def pragmas(db: Connection) -> list[Any]:
        names = ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        return [db.execute(text(f"PRAGMA {name}")).scalar_one() for name in names]

    assert await embedded.write(pragmas) == ["wal", 2, 1, 1]
