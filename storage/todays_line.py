"""The line for today ("hệ thống lỗi, mời đến sau 14 giờ") that stands first in answers, and expires by itself (L14)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    bindparam,
    insert,
    select,
    text,
    update,
)

from storage.db import Id, UtcTime, metadata
from storage.prepared import Prepared

todays_line = Table(
    "todays_line",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("words", String(300), nullable=False),
    Column("set_by", Id, ForeignKey("official.id"), nullable=False),
    Column("set_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("removed_at", UtcTime, nullable=True),  # taken away, or replaced, before its time
)
_standing = text("removed_at IS NULL")
Index(
    "ix_todays_line_standing",
    todays_line.c.commune_id,
    todays_line.c.expires_at,
    sqlite_where=_standing,
    postgresql_where=_standing,
)


@dataclass(frozen=True, slots=True)
class Line:
    """The words that stand first until `expires_at`."""

    words: str
    set_by: int
    expires_at: datetime


def put(db: Connection, commune_id: int, words: str, official_id: int, now: datetime, expires_at: datetime) -> None:
    """Set the line, in the place of the one that stands."""
    remove(db, commune_id, now)
    values = {"commune_id": commune_id, "words": words, "set_by": official_id, "set_at": now, "expires_at": expires_at}
    db.execute(insert(todays_line).values(values))


def remove(db: Connection, commune_id: int, now: datetime) -> bool:
    """Take the line away; False when none stands."""
    done = update(todays_line).where(*_stands(commune_id, now)).values(removed_at=now)
    return db.execute(done).rowcount > 0


def current(db: Connection, commune_id: int, now: datetime) -> Line | None:
    """The line that stands now."""
    row = _CURRENT.first(db, commune=commune_id, now=now)
    return None if row is None else Line(*row)


def _stands(commune_id: Any, now: Any) -> tuple[Any, ...]:
    return (todays_line.c.commune_id == commune_id, todays_line.c.expires_at > now, _standing)


_CURRENT = Prepared(
    select(todays_line.c.words, todays_line.c.set_by, todays_line.c.expires_at).where(
        *_stands(bindparam("commune"), bindparam("now", type_=UtcTime))
    )
)
