"""What has happened to dossiers and is still to be acted upon: a queue of rows, written set-based, taken in slices.

An import and the clock write thousands of them in one statement; a tick takes them a slice at a time, so that turns go
between (`handlers.one_stop.news`). kinds: "moved" (a status became another; `old` 0: the dossier is new), "noted"
(papers or a fee are still awaited, and its row says something else), "due" (a stage before or after its deadline, in
`new`), "remind" (nobody has collected it), "ready" (it lies at the counter). `once` makes the same happening one row,
whoever writes it and how often.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    delete,
    func,
    select,
    text,
    update,
)

from storage.db import Id, UtcTime, insert, is_postgres, metadata

SLICE = 10
"""Happenings taken in one transaction: each may make a notice, some milliseconds, and answers wait for two slices."""

dossier_event = Table(
    "dossier_event",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("dossier_id", Id, ForeignKey("dossier.id"), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("once", String(64), nullable=False),
    Column("old", Integer, nullable=False, server_default="0"),
    Column("new", Integer, nullable=False, server_default="0"),
    Column("at", UtcTime, nullable=False),
    Column("done_at", UtcTime, nullable=True),
    Column("tries", Integer, nullable=False, server_default="0"),  # how often acting upon it has failed
    UniqueConstraint("commune_id", "dossier_id", "kind", "once"),
)
_undone = text("done_at IS NULL")
Index(
    "ix_dossier_event_undone", dossier_event.c.commune_id, dossier_event.c.id, sqlite_where=_undone,
    postgresql_where=_undone,
)  # fmt: skip
Index("ix_dossier_event_done", dossier_event.c.done_at)


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to a dossier; `at`: when, as far as is known."""

    id: int
    dossier_id: int
    kind: str
    once: str
    old: int
    new: int
    at: datetime
    tries: int = 0


_COLUMNS = [dossier_event.c[name] for name in Happening.__slots__]


def put(
    db: Connection, commune_id: int, dossier_id: int, kind: str, once: str, at: datetime, old: int = 0, new: int = 0
) -> bool:
    """Note that it happened; False when the same was noted before."""
    values = {
        "commune_id": commune_id, "dossier_id": dossier_id, "kind": kind, "once": once[:64], "at": at, "old": old,
        "new": new,
    }  # fmt: skip
    made = insert(db, dossier_event).values(values).on_conflict_do_nothing().returning(dossier_event.c.id)
    return db.execute(made).first() is not None


def waiting(db: Connection, commune_id: int, limit: int = SLICE) -> list[Happening]:
    """What nobody has acted upon yet, oldest first; on PostgreSQL it is ours until the transaction ends."""
    wanted = select(*_COLUMNS).where(dossier_event.c.commune_id == commune_id, _undone)
    wanted = wanted.order_by(dossier_event.c.id).limit(limit)
    rows = db.execute(wanted.with_for_update(skip_locked=True) if is_postgres(db) else wanted)
    return [Happening(*row) for row in rows]


def done(db: Connection, ids: Iterable[int], now: datetime) -> None:
    """These have been acted upon."""
    db.execute(update(dossier_event).where(dossier_event.c.id.in_(list(ids))).values(done_at=now))


def failed(db: Connection, happening_id: int) -> None:
    """Acting upon it has failed once more; it still waits."""
    this = update(dossier_event).where(dossier_event.c.id == happening_id)
    db.execute(this.values(tries=dossier_event.c.tries + 1))


def counts(db: Connection, commune_id: int) -> tuple[int, int]:
    """How many nobody has acted upon yet, and of how many of these it has failed before."""
    here = (dossier_event.c.commune_id == commune_id) & _undone
    tried = func.count().filter(dossier_event.c.tries > 0)
    row = db.execute(select(func.count(), tried).select_from(dossier_event).where(here)).one()
    return int(row[0]), int(row[1])


def of_dossier(db: Connection, commune_id: int, dossier_id: int) -> list[Happening]:
    """Everything that happened to one dossier, oldest first."""
    here = (dossier_event.c.commune_id == commune_id) & (dossier_event.c.dossier_id == dossier_id)
    return [Happening(*row) for row in db.execute(select(*_COLUMNS).where(here).order_by(dossier_event.c.id))]


def delete_old(db: Connection, before: datetime, limit: int = 500) -> int:
    """Delete what was acted upon before `before`."""
    old = select(dossier_event.c.id).where(dossier_event.c.done_at < before).limit(limit)
    return db.execute(delete(dossier_event).where(dossier_event.c.id.in_(old))).rowcount
