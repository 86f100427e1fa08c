"""Floods of reports: since which case officials have been shown a summary instead of cards, and until when.

Whether a case came in a flood is read from the numbers before it: they have no gap, so the case twenty numbers earlier
tells, with one look-up, whether more than twenty came since. One flood at most runs in a commune.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, Table, bindparam, func, or_, select, text, update

from storage.cases import case_file
from storage.db import UtcTime, metadata
from storage.db import insert as upsert
from storage.prepared import Prepared

case_flood = Table(
    "case_flood",
    metadata,
    Column("commune_id", Integer, primary_key=True, autoincrement=False),
    Column("began", Integer, primary_key=True, autoincrement=False),  # number of its first case
    Column("began_at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),  # a card was left out
    Column("shown_at", UtcTime, nullable=False),  # the summary, last
    Column("ended_at", UtcTime, nullable=True),
)
_running = text("ended_at IS NULL")
Index(
    "ix_case_flood_running", case_flood.c.commune_id, unique=True, sqlite_where=_running, postgresql_where=_running,
)  # fmt: skip
EXACT = timedelta(seconds=30)
"""How exactly it is kept when the last card was left out: not every report writes it."""


@dataclass(frozen=True, slots=True)
class Flood:
    """A flood that goes on, or the one that has just ended."""

    began: int
    began_at: datetime
    last_at: datetime
    shown_at: datetime


_COLUMNS = tuple(case_flood.c[name] for name in Flood.__slots__)


_RUNNING = Prepared(select(*_COLUMNS).where(case_flood.c.commune_id == bindparam("commune_id"), _running))


def running(db: Connection, commune_id: int) -> Flood | None:
    """The flood that goes on."""
    row = _RUNNING.first(db, commune_id=commune_id)
    return None if row is None else Flood(*row)


def latest(db: Connection, commune_id: int) -> Flood | None:
    """The flood that goes on, or else the last one."""
    here = select(*_COLUMNS).where(case_flood.c.commune_id == commune_id)
    row = db.execute(here.order_by(case_flood.c.began.desc()).limit(1)).first()
    return None if row is None else Flood(*row)


def begin(db: Connection, commune_id: int, began: int, began_at: datetime, now: datetime) -> bool:
    """A flood has begun with that case; False when another process was quicker."""
    values = {
        "commune_id": commune_id, "began": began, "began_at": began_at, "last_at": now, "shown_at": now,
        "ended_at": None,
    }  # fmt: skip
    made = upsert(db, case_flood).values(values).on_conflict_do_nothing().returning(case_flood.c.began)
    return db.execute(made).first() is not None


def goes_on(db: Connection, commune_id: int, flood: Flood, now: datetime) -> None:
    """One more card is left out."""
    if now - flood.last_at > EXACT:
        _set(db, commune_id, flood, last_at=now)


def shown(db: Connection, commune_id: int, flood: Flood, now: datetime) -> None:
    """The summary has been brought up to date."""
    _set(db, commune_id, flood, shown_at=now)


def end(db: Connection, commune_id: int, flood: Flood, now: datetime) -> None:
    """It is over."""
    _set(db, commune_id, flood, ended_at=now)


def _set(db: Connection, commune_id: int, flood: Flood, **values: Any) -> None:
    here = (case_flood.c.commune_id == commune_id) & (case_flood.c.began == flood.began)
    db.execute(update(case_flood).where(here).values(values))


def delete_old(db: Connection, before: datetime, limit: int = 500) -> int:
    """Forget floods that ended before `before`."""
    old = select(case_flood.c.commune_id, case_flood.c.began).where(case_flood.c.ended_at < before).limit(limit)
    rows = db.execute(old).all()
    for row in rows:
        db.execute(case_flood.delete().where(case_flood.c.commune_id == row[0], case_flood.c.began == row[1]))
    return len(rows)


# --- what came --------------------------------------------------------------------------------------------------------


_RECEIVED = Prepared(
    select(case_file.c.received_at)
    .where(case_file.c.commune_id == bindparam("commune_id"), case_file.c.number == bindparam("number"))
)  # fmt: skip


def received(db: Connection, commune_id: int, number: int) -> datetime | None:
    """When the case with this number came; None when there is none."""
    found: datetime | None = _RECEIVED.scalar(db, commune_id=commune_id, number=number) if number > 0 else None
    return found


def special_before(db: Connection, commune_id: int, number: int, since: datetime, most: int) -> int:
    """How many urgent or sensitive cases came since then before this one; counted up to `most`."""
    here = (case_file.c.commune_id == commune_id) & (case_file.c.received_at > since) & (case_file.c.number < number)
    special = or_(case_file.c.urgent.is_(True), case_file.c.sensitive.is_(True))
    first = select(case_file.c.id).where(here, special, case_file.c.lane == "office").limit(most)
    return int(db.execute(select(func.count()).select_from(first.subquery())).scalar_one())
