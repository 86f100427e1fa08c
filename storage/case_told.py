"""Which messages on their way tell somebody of her case: once they have ended, whoever none reached is called.

A row lives from the turn that sent the message until it is known what became of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, ForeignKey, Integer, Table, insert, select

from storage.db import Id, UtcTime, metadata
from storage.outbox import outbox

case_told = Table(
    "case_told",
    metadata,
    Column("commune_id", Integer, primary_key=True, autoincrement=False),
    Column("outbox_id", Id, primary_key=True, autoincrement=False),
    Column("case_id", Id, ForeignKey("case_file.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False, index=True),
)
ENDED = ("sent", "failed", "unreachable", "dropped")


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of one message; reached: it was handed over."""

    outbox_id: int
    case_id: int
    reached: bool


def add(db: Connection, commune_id: int, case_id: int, outbox_ids: Iterable[int], now: datetime) -> None:
    """These messages tell her of her case."""
    rows = [{"commune_id": commune_id, "outbox_id": each, "case_id": case_id, "at": now} for each in outbox_ids]
    if rows:
        db.execute(insert(case_told), rows)


def ended(db: Connection, commune_id: int, limit: int = 200) -> list[Ended]:
    """Messages of which it is known what became of them; `forget` them when they have been acted upon."""
    rows = db.execute(
        select(case_told.c.outbox_id, case_told.c.case_id, outbox.c.state)
        .join(outbox, outbox.c.id == case_told.c.outbox_id)
        .where(case_told.c.commune_id == commune_id, outbox.c.state.in_(ENDED))
        .order_by(case_told.c.outbox_id).limit(limit)
    )  # fmt: skip
    return [Ended(row.outbox_id, row.case_id, row.state == "sent") for row in rows]


def forget(db: Connection, commune_id: int, outbox_ids: Iterable[int]) -> None:
    """It has been acted upon."""
    here = (case_told.c.commune_id == commune_id) & case_told.c.outbox_id.in_(list(outbox_ids))
    db.execute(case_told.delete().where(here))


def delete_old(db: Connection, before: datetime, limit: int = 500) -> int:
    """Forget messages nobody ever fetched: a page that was never opened again."""
    old = select(case_told.c.commune_id, case_told.c.outbox_id).where(case_told.c.at < before).limit(limit)
    ids = [row.outbox_id for row in db.execute(old)]
    return db.execute(case_told.delete().where(case_told.c.outbox_id.in_(ids), case_told.c.at < before)).rowcount
