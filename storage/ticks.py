"""Ticks of the clock that had their effect: one row for each job and period, so a tick seen twice or late acts once.

The row is written in the transaction of the work itself: work that failed leaves none and is tried again.
"""

from datetime import datetime

from sqlalchemy import Column, Connection, Integer, String, Table, UniqueConstraint, func, select

from storage.db import Id, UtcTime, insert, metadata

tick = Table(
    "tick",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("job", String(60), nullable=False),
    Column("at", UtcTime, nullable=False),  # when the period began
    UniqueConstraint("commune_id", "job", "at"),
)


def once(db: Connection, commune_id: int, job: str, at: datetime) -> bool:
    """Claim the period of `job` that began at `at`; False when it is taken (another process waits for our commit)."""
    values = {"commune_id": commune_id, "job": job, "at": at}
    statement = (
        insert(db, tick).values(values).on_conflict_do_nothing().inline().execution_options(preserve_rowcount=True)
    )
    return bool(db.execute(statement).rowcount > 0)


def last(db: Connection, commune_id: int, job: str | None = None) -> datetime | None:
    """When the newest period that acted began: of one job, or of all; None when none ever did."""
    statement = select(func.max(tick.c.at, type_=UtcTime)).where(tick.c.commune_id == commune_id)
    found: datetime | None = db.execute(statement if job is None else statement.where(tick.c.job == job)).scalar()
    return found


def last_of_each(db: Connection, commune_id: int) -> dict[str, datetime]:
    """The newest period of every job that ever acted."""
    rows = db.execute(
        select(tick.c.job, func.max(tick.c.at, type_=UtcTime).label("at"))
        .where(tick.c.commune_id == commune_id)
        .group_by(tick.c.job)
    )
    return {row.job: row.at for row in rows}


def delete_old(db: Connection, before: datetime, limit: int = 500) -> int:
    """Delete rows of periods that began before `before`, never a job's newest: it says that the period is over."""
    newer = tick.alias()
    passed = (
        select(newer.c.id)
        .where(newer.c.commune_id == tick.c.commune_id, newer.c.job == tick.c.job, newer.c.at > tick.c.at)
        .exists()
    )
    old = select(tick.c.id).where(tick.c.at < before, passed).limit(limit)
    return db.execute(tick.delete().where(tick.c.id.in_(old))).rowcount
