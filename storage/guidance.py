"""Guidance given: what a citizen was told, under which version, kept for the period the office sets (L11)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, String, Table, insert, select

from storage.db import Id, UtcTime, metadata
from storage.prepared import Prepared

guidance = Table(
    "guidance", metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("citizen_id", Id, ForeignKey("citizen.id"), nullable=False),
    Column("kind", String(20), nullable=False),  # lookup, procedure, reply, …
    Column("reference", String(80), nullable=False),  # a dossier's code, a request's number; never what she wrote
    Column("version", String(40), nullable=False),
    Column("at", UtcTime, nullable=False),
)  # fmt: skip
Index("ix_guidance_citizen", guidance.c.citizen_id, guidance.c.at)
Index("ix_guidance_at", guidance.c.commune_id, guidance.c.at)
_RECORD = Prepared(insert(guidance).inline())


def record(
    db: Connection, commune_id: int, citizen_id: int, kind: str, reference: str, version: str, now: datetime
) -> None:
    """Remember that she was told something, under which version."""
    values = {
        "commune_id": commune_id, "citizen_id": citizen_id, "kind": kind, "reference": reference[:80],
        "version": version[:40], "at": now,
    }  # fmt: skip
    _RECORD.run(db, **values)


def export(db: Connection, commune_id: int, citizen_id: int) -> list[dict[str, Any]]:
    """What she was told, oldest first."""
    rows = db.execute(
        select(guidance.c.kind, guidance.c.reference, guidance.c.version, guidance.c.at)
        .where(guidance.c.commune_id == commune_id, guidance.c.citizen_id == citizen_id).order_by(guidance.c.id)
    ).mappings()  # fmt: skip
    return [dict(row) for row in rows]


def erase(db: Connection, commune_id: int, citizen_id: int) -> None:
    """Forget what she was told."""
    db.execute(guidance.delete().where(guidance.c.commune_id == commune_id, guidance.c.citizen_id == citizen_id))


def delete_old(db: Connection, commune_id: int, before: datetime, limit: int = 500) -> int:
    """Delete what was told before `before` (the commune's period); returns how many rows went."""
    old = select(guidance.c.id).where(guidance.c.commune_id == commune_id, guidance.c.at < before).limit(limit)
    return db.execute(guidance.delete().where(guidance.c.id.in_(old))).rowcount
