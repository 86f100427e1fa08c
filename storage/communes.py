"""The commune a database belongs to, and whether it holds the sample data."""

from datetime import datetime

from sqlalchemy import Boolean, Column, Connection, Integer, Table, insert, select

from storage.db import UtcTime, metadata

commune = Table(
    "commune",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sample", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)


def is_sample(db: Connection, commune_id: int) -> bool | None:
    """Whether the database holds the sample commune; None when it is new."""
    found: bool | None = db.execute(select(commune.c.sample).where(commune.c.id == commune_id)).scalar()
    return found


def create(db: Connection, commune_id: int, sample: bool, now: datetime) -> None:
    """Say, once, whose database this is."""
    db.execute(insert(commune).values(id=commune_id, sample=sample, created_at=now))
