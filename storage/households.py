"""Households of the commune, by thôn. Names and phones are sealed; a phone can be found by its look-up key."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, LargeBinary, String, Table, UniqueConstraint, func, select

from storage.db import Id, insert, metadata
from storage.sealing import lookup_key, seal_json

household = Table(
    "household",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("code", String(40), nullable=False),
    Column("village", String(120), nullable=False),
    Column("lane", String(120), nullable=True),  # ngõ, xóm
    Column("details", LargeBinary, nullable=False),  # sealed: representative, phone
    Column("phone_key", String(32), nullable=True),
    UniqueConstraint("commune_id", "code"),
)
Index("ix_household_village", household.c.commune_id, household.c.village)
Index("ix_household_phone", household.c.commune_id, household.c.phone_key)


def add(db: Connection, commune_id: int, homes: Iterable[tuple[str, str, str | None, str, str | None]]) -> None:
    """Add households: (code, village, lane, representative, phone as +84… or None); known codes are left as they
    are.
    """
    values: list[dict[str, Any]] = [
        {
            "commune_id": commune_id,
            "code": code,
            "village": village,
            "lane": lane,
            "details": seal_json(db, {"representative": representative, "phone": phone}),
            "phone_key": phone and lookup_key(db, "phone", phone),
        }
        for code, village, lane, representative, phone in homes
    ]
    if values:
        db.execute(insert(db, household).on_conflict_do_nothing(), values)


def count(db: Connection, commune_id: int, village: str) -> int:
    """How many households a thôn has."""
    here = (household.c.commune_id == commune_id) & (household.c.village == village)
    return int(db.execute(select(func.count()).select_from(household).where(here)).scalar_one())
