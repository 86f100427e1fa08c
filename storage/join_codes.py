"""One-time codes that join another chat to a citizen's (`storage.joins`): eight digits, for a quarter of an hour."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

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
    insert,
    select,
)

from storage.db import Id, UtcTime, metadata

VALID = timedelta(minutes=15)
DIGITS = 8

join_code = Table(
    "join_code",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("citizen_id", Id, ForeignKey("citizen.id"), nullable=False),
    Column("code_hash", String(64), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "code_hash"),
)
Index("ix_join_code_citizen", join_code.c.citizen_id)


def offer(db: Connection, commune_id: int, citizen_id: int, now: datetime) -> str:
    """A new code of eight digits that joins another chat to hers; the one before is no good any more. Only a digest of
    it is stored.
    """
    erase(db, commune_id, citizen_id)
    db.execute(delete(join_code).where(join_code.c.commune_id == commune_id, join_code.c.expires_at <= now))
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    values = {"commune_id": commune_id, "citizen_id": citizen_id, "code_hash": _digest(code)}
    db.execute(insert(join_code).values(values | {"expires_at": now + VALID}))
    return code


def offered(db: Connection, commune_id: int, code: str, now: datetime) -> int | None:
    """The citizen who was given this code, while it is good."""
    here = (join_code.c.commune_id == commune_id) & (join_code.c.code_hash == _digest(code))
    return db.execute(select(join_code.c.citizen_id).where(here, join_code.c.expires_at > now)).scalar()


def export(db: Connection, commune_id: int, citizen_id: int) -> list[dict[str, Any]]:
    """Codes that wait to be used: until when."""
    here = (join_code.c.commune_id == commune_id) & (join_code.c.citizen_id == citizen_id)
    return [{"expires_at": at} for at in db.execute(select(join_code.c.expires_at).where(here)).scalars()]


def erase(db: Connection, commune_id: int, citizen_id: int) -> None:
    """Her codes are no good any more."""
    db.execute(delete(join_code).where(join_code.c.commune_id == commune_id, join_code.c.citizen_id == citizen_id))


def _digest(code: str) -> str:
    return hashlib.sha256(f"join:{code}".encode()).hexdigest()
