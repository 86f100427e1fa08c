"""Forms a citizen has filled in, to be printed at the counter from a code (L33).

She holds the code; whoever types it may only print. Of a code only a keyed digest is kept and what the form says is
sealed, so that nobody finds a form without its code. They end after some weeks. Wrong codes are counted by official.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
)

from storage.db import Id, UtcTime, metadata
from storage.sealing import lookup_key, seal_json, unseal_json

print_code = Table(
    "print_code", metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("code_key", String(64), nullable=False),  # keyed digest
    Column("citizen_id", Id, ForeignKey("citizen.id"), nullable=False),
    Column("form", String(40), nullable=False),  # name of the letter
    Column("body", LargeBinary, nullable=False),  # sealed JSON: what it says
    Column("made_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "code_key"),
)  # fmt: skip
Index("ix_print_code_citizen", print_code.c.citizen_id)
Index("ix_print_code_expires", print_code.c.expires_at)
print_try = Table(
    "print_try", metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("official_id", Id, ForeignKey("official.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
)  # fmt: skip
Index("ix_print_try_official", print_try.c.commune_id, print_try.c.official_id, print_try.c.at)
Index("ix_print_try_at", print_try.c.at)

KEPT = timedelta(weeks=6)
TRIES = 5
LOCK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Form:
    """What a code prints."""

    form: str
    said: dict[str, Any]
    expires_at: datetime


def add(
    db: Connection, commune_id: int, code: str, citizen_id: int, form: str, said: dict[str, Any], now: datetime
) -> datetime:
    """Keep a form under its code; until when."""
    until = now + KEPT
    values = {
        "commune_id": commune_id, "code_key": _key(db, code), "citizen_id": citizen_id, "form": form,
        "body": seal_json(db, said), "made_at": now, "expires_at": until,
    }  # fmt: skip
    db.execute(insert(print_code).values(values))
    return until


def find(db: Connection, commune_id: int, code: str, now: datetime) -> Form | None:
    """The form of a code, while it lasts."""
    this = (print_code.c.commune_id == commune_id) & (print_code.c.code_key == _key(db, code))
    row = db.execute(
        select(print_code.c.form, print_code.c.body, print_code.c.expires_at).where(this, print_code.c.expires_at > now)
    ).first()
    return None if row is None else Form(row.form, unseal_json(db, row.body), row.expires_at)


def _key(db: Connection, code: str) -> str:
    return lookup_key(db, "print-code", code)


def note_wrong(db: Connection, commune_id: int, official_id: int, now: datetime) -> None:
    """An official has typed a code that there is not."""
    db.execute(insert(print_try).values(commune_id=commune_id, official_id=official_id, at=now))


def is_locked(db: Connection, commune_id: int, official_id: int, now: datetime) -> bool:
    """Whether he has been wrong too often within the hour."""
    lately = (print_try.c.official_id == official_id) & (print_try.c.at > now - LOCK)
    count = select(func.count()).select_from(print_try).where(print_try.c.commune_id == commune_id, lately)
    return int(db.execute(count).scalar_one()) >= TRIES


def export(db: Connection, commune_id: int, citizen_id: int) -> list[dict[str, Any]]:
    """Forms that wait to be printed for her."""
    hers = (print_code.c.commune_id == commune_id) & (print_code.c.citizen_id == citizen_id)
    wanted = select(print_code.c.form, print_code.c.made_at, print_code.c.expires_at).where(hers)
    return [dict(row) for row in db.execute(wanted.order_by(print_code.c.id)).mappings()]


def erase(db: Connection, commune_id: int, citizen_id: int) -> None:
    """Nothing of hers can be printed any more."""
    hers = (print_code.c.commune_id == commune_id) & (print_code.c.citizen_id == citizen_id)
    db.execute(delete(print_code).where(hers))


def delete_old(db: Connection, now: datetime, limit: int = 500) -> int:
    """Delete forms whose time is over, and wrong tries that no longer count."""
    over = select(print_code.c.id).where(print_code.c.expires_at <= now).limit(limit)
    tries = select(print_try.c.id).where(print_try.c.at <= now - LOCK).limit(limit)
    gone = db.execute(delete(print_code).where(print_code.c.id.in_(over))).rowcount
    return gone + db.execute(delete(print_try).where(print_try.c.id.in_(tries))).rowcount
