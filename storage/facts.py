"""What officials have changed in chat about the office: hours, phones, the Chairman's days, where to park.

The file commune.toml is the base, written and checked by whoever sets the commune up. A change in chat is a dated row
over it, with who made it: nothing rewrites a file that somebody may be editing, every process sees the change in its
next turn, `check` can list what differs from the file, and setting a fact back is one more row. The newest row of a
name counts. `bot.commune_changes` knows the names and lays the rows over the file.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, String, Table, Text, bindparam, func, select

from storage.communes import commune
from storage.db import Id, UtcTime, insert, metadata
from storage.officials import official
from storage.prepared import Prepared

fact_change = Table(
    "fact_change",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("name", String(200), nullable=False),
    Column("value", Text, nullable=False),  # JSON; public by nature, so it stands in clear
    Column("mark", String(16), nullable=False),  # random: ids come again after a rollback, marks do not
    Column("set_by", Id, ForeignKey("official.id"), nullable=False),
    Column("set_at", UtcTime, nullable=False),
)
Index("ix_fact_change_name", fact_change.c.commune_id, fact_change.c.name, fact_change.c.id)
Index("ix_fact_change_newest", fact_change.c.commune_id, fact_change.c.id)


@dataclass(frozen=True, slots=True)
class Change:
    """The newest change of one fact; `value` is JSON, None means "as the file says"."""

    name: str
    value: Any
    set_by: str
    set_at: datetime


_MARK = Prepared(
    select(fact_change.c.mark)
    .where(fact_change.c.commune_id == bindparam("commune"))
    .order_by(fact_change.c.id.desc())
    .limit(1)
)


def record(db: Connection, commune_id: int, name: str, value: Any, official_id: int, now: datetime) -> None:
    """From now on this is the fact; value None sets it back to what the file says."""
    # One change at a time: committed in the order of their ids, so that the newest mark stands for all before it.
    db.execute(select(commune.c.id).where(commune.c.id == commune_id).with_for_update())
    values = {
        "commune_id": commune_id,
        "name": name,
        "value": json.dumps(value, ensure_ascii=False),
        "mark": secrets.token_hex(8),
        "set_by": official_id,
        "set_at": now,
    }
    db.execute(insert(db, fact_change).values(values))


def mark(db: Connection, commune_id: int) -> str:
    """What tells one state of the changes from every other; "" when nothing was ever changed. Read in every turn."""
    return _MARK.scalar(db, commune=commune_id) or ""


def changes(db: Connection, commune_id: int) -> list[Change]:
    """The newest change of each fact, in the order they were made."""
    newest = select(func.max(fact_change.c.id)).where(fact_change.c.commune_id == commune_id)
    rows = db.execute(
        select(fact_change.c.name, fact_change.c.value, official.c.name.label("who"), fact_change.c.set_at)
        .join(official, official.c.id == fact_change.c.set_by)
        .where(fact_change.c.id.in_(newest.group_by(fact_change.c.name)))
        .order_by(fact_change.c.id)
    )
    return [Change(row.name, json.loads(row.value), row.who, row.set_at) for row in rows]
