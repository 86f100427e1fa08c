"""What messages of a month have cost: đồng paid, and how many of the plan's messages are used.

One row a month, so that the budget is asked for and taken in one transaction. What certainly did not leave is given
back. `turns` makes whoever spends wait for whoever is spending, or two processes could both take the last đồng.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Integer, String, Table, UniqueConstraint, func, select, update

from storage.db import Id, UtcTime, insert, is_postgres, metadata
from storage.sealing import lookup_key

spending = Table(
    "spending",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("month", String(7), nullable=False),  # 2026-11, in Vietnamese time, of the hour at which it leaves
    Column("cost", Integer, nullable=False),
    Column("plan_messages", Integer, nullable=False),
    Column("told_at", UtcTime, nullable=True),  # that the budget is used up
    UniqueConstraint("commune_id", "month"),
)


def turns(db: Connection, commune_id: int) -> None:
    """Until this transaction ends nobody else spends for the commune."""
    if is_postgres(db):  # SQLite has one writer
        number = bytes.fromhex(lookup_key(db, "spending", str(commune_id))[:16])
        db.execute(select(func.pg_advisory_xact_lock(int.from_bytes(number, "big", signed=True))))


def of(db: Connection, commune_id: int, month: str) -> tuple[int, int]:
    """What a month has cost, and how many messages of the plan it has used."""
    found = db.execute(select(spending.c.cost, spending.c.plan_messages).where(_is(commune_id, month))).first()
    return (0, 0) if found is None else (found.cost, found.plan_messages)


def add(db: Connection, commune_id: int, month: str, cost: int, plan_messages: int) -> None:
    """So much more (or, negative, less) in a month."""
    values = {"commune_id": commune_id, "month": month, "cost": cost, "plan_messages": plan_messages}
    more = {"cost": spending.c.cost + cost, "plan_messages": spending.c.plan_messages + plan_messages}
    statement = insert(db, spending).values(values)
    db.execute(statement.on_conflict_do_update(index_elements=["commune_id", "month"], set_=more))


def tell_once(db: Connection, commune_id: int, month: str, now: datetime) -> bool:
    """Whether the office has still to be told that the month's budget is used up."""
    add(db, commune_id, month, 0, 0)
    untold = (_is(commune_id, month)) & spending.c.told_at.is_(None)
    return db.execute(update(spending).where(untold).values(told_at=now)).rowcount > 0


def _is(commune_id: int, month: str) -> Any:
    return (spending.c.commune_id == commune_id) & (spending.c.month == month)
