"""Which officials are away, from when to when, and whom each has named to stand in (L21).

An absence is in force from `starts_at` until `ends_at`; ending it early moves `ends_at`. `begun_at`: its open tasks
have been handed over; `closed_at`: he has been told that it is over. Absences of one official do not overlap.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, Table, insert, select, text, update

from storage.db import Id, UtcTime, metadata

absence = Table(
    "absence",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("official_id", Id, ForeignKey("official.id"), nullable=False),
    Column("substitute_id", Id, ForeignKey("official.id"), nullable=True),  # empty: nobody was named
    Column("starts_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
    Column("noted_by", Id, ForeignKey("official.id"), nullable=False),
    Column("noted_at", UtcTime, nullable=False),
    Column("begun_at", UtcTime, nullable=True),
    Column("closed_at", UtcTime, nullable=True),
)
_unclosed = text("closed_at IS NULL")
Index(
    "ix_absence_unclosed", absence.c.commune_id, absence.c.ends_at, sqlite_where=_unclosed, postgresql_where=_unclosed
)


@dataclass(frozen=True, slots=True)
class Absence:
    """One official's absence; `ends_at` is the first moment at which he is back."""

    id: int
    official_id: int
    substitute_id: int | None
    starts_at: datetime
    ends_at: datetime
    noted_by: int
    begun_at: datetime | None


_COLUMNS = [absence.c[name] for name in Absence.__slots__]


def note(
    db: Connection,
    commune_id: int,
    official_id: int,
    substitute_id: int | None,
    starts_at: datetime,
    ends_at: datetime,
    noted_by: int,
    now: datetime,
) -> int:
    """Somebody is away in that time. Raises ValueError for an end before its beginning, or his own substitute."""
    if ends_at <= starts_at:
        raise ValueError("an absence ends after it begins")
    if substitute_id == official_id:
        raise ValueError("nobody stands in for himself")
    values = {
        "commune_id": commune_id, "official_id": official_id, "substitute_id": substitute_id, "starts_at": starts_at,
        "ends_at": ends_at, "noted_by": noted_by, "noted_at": now,
    }  # fmt: skip
    return int(db.execute(insert(absence).values(values).returning(absence.c.id)).scalar_one())


def get(db: Connection, commune_id: int, absence_id: int) -> Absence | None:
    """An absence by id."""
    row = db.execute(select(*_COLUMNS).where(_is(commune_id, absence_id))).first()
    return None if row is None else Absence(*row)


def current(db: Connection, commune_id: int, now: datetime) -> list[Absence]:
    """Who is away now."""
    return [each for each in coming(db, commune_id, now) if each.starts_at <= now]


def coming(db: Connection, commune_id: int, now: datetime) -> list[Absence]:
    """Who is away now or will be, the earliest first."""
    here = (absence.c.commune_id == commune_id) & _unclosed & (absence.c.ends_at > now)
    found = select(*_COLUMNS).where(here).order_by(absence.c.starts_at, absence.c.id)
    return [Absence(*row) for row in db.execute(found)]


def overlapping(
    db: Connection, commune_id: int, official_id: int, starts_at: datetime, ends_at: datetime
) -> Absence | None:
    """An absence of his that shares a moment with this time."""
    theirs = coming(db, commune_id, starts_at)
    return next((each for each in theirs if each.official_id == official_id and each.starts_at < ends_at), None)


def to_begin(db: Connection, commune_id: int, now: datetime) -> list[Absence]:
    """Absences that have begun and whose tasks nobody has handed over yet."""
    return [each for each in current(db, commune_id, now) if each.begun_at is None]


def begun(db: Connection, commune_id: int, absence_id: int, now: datetime) -> None:
    """Its open tasks have been handed over."""
    db.execute(update(absence).where(_is(commune_id, absence_id)).values(begun_at=now))


def over(db: Connection, commune_id: int, now: datetime) -> list[Absence]:
    """Absences that have ended by themselves, and nobody has said so yet."""
    here = (absence.c.commune_id == commune_id) & _unclosed & (absence.c.ends_at <= now)
    return [Absence(*row) for row in db.execute(select(*_COLUMNS).where(here).order_by(absence.c.id))]


def close(db: Connection, commune_id: int, absence_id: int, now: datetime) -> bool:
    """He is back: it ends now if it had not ended before; False when it was closed already."""
    open_ = _is(commune_id, absence_id) & _unclosed
    db.execute(update(absence).where(open_, absence.c.ends_at > now).values(ends_at=now))
    return db.execute(update(absence).where(open_).values(closed_at=now)).rowcount > 0


def _is(commune_id: int, absence_id: int) -> Any:
    return (absence.c.commune_id == commune_id) & (absence.c.id == absence_id)
