"""Who has agreed to be told on a phone number, since when, and how that was said.

A consent belongs to the number: it may be given at the counter, with a dossier, before she has ever written to us. When
it is known whose chat the number is, the same person is not told twice. Withdrawn, it is kept with its dates, because
consent has a history.
"""

from datetime import datetime
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
    select,
    update,
)

from storage.db import Id, UtcTime, insert, metadata
from storage.sealing import lookup_key, seal_json, unseal_json

consent = Table(
    "phone_consent",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("phone_key", String(32), nullable=False),
    Column("phone", LargeBinary, nullable=False),  # sealed JSON: +84…
    Column("citizen_id", Id, ForeignKey("citizen.id"), nullable=True),  # whose chat the number is, when known
    Column("how", String(20), nullable=False),  # counter, chat, form
    Column("given_at", UtcTime, nullable=False),
    Column("withdrawn_at", UtcTime, nullable=True),
    Column("official_id", Id, ForeignKey("official.id"), nullable=True),  # who noted what she said at the counter
    UniqueConstraint("commune_id", "phone_key"),
)
Index("ix_phone_consent_citizen", consent.c.citizen_id)


def give(
    db: Connection,
    commune_id: int,
    phone: str,
    how: str,
    now: datetime,
    citizen_id: int | None = None,
    official_id: int | None = None,
) -> None:
    """She may be told on this number (+84…); whose chat it is stays known when it is not said again."""
    values = {
        "commune_id": commune_id, "phone_key": lookup_key(db, "phone", phone), "phone": seal_json(db, phone),
        "citizen_id": citizen_id, "how": how, "given_at": now, "official_id": official_id,
    }  # fmt: skip
    statement = insert(db, consent).values(values)
    again: dict[str, Any] = {"how": how, "given_at": now, "withdrawn_at": None, "official_id": official_id}
    again["citizen_id"] = func.coalesce(statement.excluded.citizen_id, consent.c.citizen_id)
    db.execute(statement.on_conflict_do_update(index_elements=["commune_id", "phone_key"], set_=again))


def withdraw(db: Connection, commune_id: int, phone: str, now: datetime) -> bool:
    """Nothing more is sent to this number; False when nothing was."""
    here = (consent.c.commune_id == commune_id) & (consent.c.phone_key == lookup_key(db, "phone", phone))
    given = update(consent).where(here, consent.c.withdrawn_at.is_(None))
    return db.execute(given.values(withdrawn_at=now)).rowcount > 0


def stands(db: Connection, commune_id: int, phone: str) -> bool:
    """Whether somebody has agreed to be told on this number, and has not taken it back."""
    here = (consent.c.commune_id == commune_id) & (consent.c.phone_key == lookup_key(db, "phone", phone))
    return db.execute(select(consent.c.id).where(here, consent.c.withdrawn_at.is_(None))).first() is not None


def withdraw_hers(db: Connection, commune_id: int, citizen_id: int, now: datetime) -> int:
    """Nothing more is sent to any of her numbers; how many they were."""
    given = update(consent).where(_hers(commune_id, citizen_id), consent.c.withdrawn_at.is_(None))
    return db.execute(given.values(withdrawn_at=now)).rowcount


def export(db: Connection, commune_id: int, citizen_id: int) -> list[dict[str, Any]]:
    """The numbers on which she agreed to be told."""
    wanted = select(consent.c.phone, consent.c.how, consent.c.given_at, consent.c.withdrawn_at)
    rows = db.execute(wanted.where(_hers(commune_id, citizen_id)).order_by(consent.c.id)).mappings()
    return [{**row, "phone": unseal_json(db, row["phone"])} for row in rows]


def erase(db: Connection, commune_id: int, citizen_id: int) -> None:
    """Forget her numbers; nothing is sent to them any more."""
    db.execute(delete(consent).where(_hers(commune_id, citizen_id)))


def _hers(commune_id: int, citizen_id: int) -> Any:
    return (consent.c.commune_id == commune_id) & (consent.c.citizen_id == citizen_id)
