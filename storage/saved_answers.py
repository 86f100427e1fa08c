"""Answers that officials of a commune have saved for cases, with fields such as {so}; ours stand in the catalog.

They are words of the office about nobody, so they stand in clear.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Integer, String, Table, Text, UniqueConstraint, select

from storage.db import Id, UtcTime, insert, metadata

saved_answer = Table(
    "saved_answer", metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("name", String(60), nullable=False),
    Column("text", Text, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "name"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SavedAnswer:
    """One answer under its name."""

    id: int
    name: str
    text: str


_COLUMNS = (saved_answer.c.id, saved_answer.c.name, saved_answer.c.text)


def all_of(db: Connection, commune_id: int) -> list[SavedAnswer]:
    """Every answer of a commune, by name."""
    asked = select(*_COLUMNS).where(saved_answer.c.commune_id == commune_id).order_by(saved_answer.c.name)
    return [SavedAnswer(*row) for row in db.execute(asked)]


def get(db: Connection, commune_id: int, answer_id: int) -> SavedAnswer | None:
    """One answer."""
    row = db.execute(select(*_COLUMNS).where(*_is(commune_id, answer_id))).first()
    return None if row is None else SavedAnswer(*row)


def save(db: Connection, commune_id: int, name: str, text: str, now: datetime) -> None:
    """Keep an answer under a name; one that had the name is replaced."""
    values = {"commune_id": commune_id, "name": name, "text": text, "changed_at": now}
    statement = insert(db, saved_answer).values(values)
    changed = statement.on_conflict_do_update(
        index_elements=["commune_id", "name"], set_={"text": text, "changed_at": now}
    )
    db.execute(changed)


def delete(db: Connection, commune_id: int, answer_id: int) -> bool:
    """Forget an answer; False when it was gone."""
    return db.execute(saved_answer.delete().where(*_is(commune_id, answer_id))).rowcount > 0


def _is(commune_id: int, answer_id: int) -> tuple[Any, ...]:
    return (saved_answer.c.commune_id == commune_id, saved_answer.c.id == answer_id)
