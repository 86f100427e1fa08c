"""New dates for dossiers that will be late (A05): who asked for which, why, and what became of it.

States: asked -> agreed, refused, or void (the dossier was finished or had another date before anybody agreed). One is
open for a dossier at a time, so two officials at once ask for one letter. How often a date may be moved is a setting;
`count` tells how often it was. The reason is what an official wrote and may name people, so it is sealed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    func,
    select,
    text,
    update,
)

from storage.db import Id, UtcTime, insert, metadata
from storage.sealing import seal_json, unseal_json

postponement = Table(
    "postponement",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("dossier_id", Id, ForeignKey("dossier.id"), nullable=False),
    Column("number", Integer, nullable=False),  # of the dossier's, from 1, whatever became of those before
    Column("state", String(8), nullable=False),
    Column("official_id", Id, ForeignKey("official.id"), nullable=False),
    Column("approval_id", Id, nullable=True),  # storage.approvals
    Column("old", UtcTime, nullable=False),
    Column("new", UtcTime, nullable=False),
    Column("reason", LargeBinary, nullable=False),  # sealed
    Column("late", Boolean, nullable=False),  # asked for when the apology should have been out
    Column("asked_at", UtcTime, nullable=False),
    Column("decided_at", UtcTime, nullable=True),
    UniqueConstraint("commune_id", "dossier_id", "number"),
)
_open = text("state = 'asked'")
Index(
    "uq_postponement_open", postponement.c.commune_id, postponement.c.dossier_id, unique=True, sqlite_where=_open,
    postgresql_where=_open,
)  # fmt: skip
Index("ix_postponement_approval", postponement.c.commune_id, postponement.c.approval_id)


@dataclass(frozen=True, slots=True)
class Postponement:
    """One wish for a new date. old, new: until when it has and would have to be done."""

    id: int
    dossier_id: int
    number: int
    state: str
    official_id: int
    approval_id: int | None
    old: datetime
    new: datetime
    reason: str
    late: bool
    asked_at: datetime
    decided_at: datetime | None


def _made(db: Connection, row: Any) -> Postponement:
    values = {name: getattr(row, name) for name in Postponement.__slots__}
    return Postponement(**values | {"reason": str(unseal_json(db, row.reason))})


def ask(
    db: Connection,
    commune_id: int,
    dossier_id: int,
    official_id: int,
    old: datetime,
    new: datetime,
    reason: str,
    late: bool,
    now: datetime,
) -> Postponement | None:
    """Somebody asks for a new date; None while another wish for this dossier is open."""
    before = select(func.coalesce(func.max(postponement.c.number), 0)).where(*_of(commune_id, dossier_id))
    values = {
        "commune_id": commune_id, "dossier_id": dossier_id, "number": db.execute(before).scalar_one() + 1,
        "state": "asked", "official_id": official_id, "old": old, "new": new, "reason": seal_json(db, reason),
        "late": late, "asked_at": now,
    }  # fmt: skip
    made = insert(db, postponement).values(values).on_conflict_do_nothing().returning(*postponement.c)
    row = db.execute(made).first()
    return None if row is None else _made(db, row)


def asked_of(db: Connection, commune_id: int, found: Postponement, approval_id: int) -> None:
    """With which approval it is."""
    here = (postponement.c.commune_id == commune_id) & (postponement.c.id == found.id)
    db.execute(update(postponement).where(here).values(approval_id=approval_id))


def decide(db: Connection, commune_id: int, found: Postponement, state: str, now: datetime) -> bool:
    """It is agreed, refused or void; False when that was decided before."""
    here = (postponement.c.commune_id == commune_id) & (postponement.c.id == found.id)
    decided = update(postponement).where(here, _open).values(state=state, decided_at=now)
    return db.execute(decided).rowcount > 0


def by_approval(db: Connection, commune_id: int, approval_id: int) -> Postponement | None:
    """The wish that an approval was about."""
    here = (postponement.c.commune_id == commune_id) & (postponement.c.approval_id == approval_id)
    row = db.execute(select(postponement).where(here)).first()
    return None if row is None else _made(db, row)


def open_one(db: Connection, commune_id: int, dossier_id: int) -> Postponement | None:
    """The wish for this dossier that nobody has decided yet."""
    row = db.execute(select(postponement).where(*_of(commune_id, dossier_id), _open)).first()
    return None if row is None else _made(db, row)


def count(db: Connection, commune_id: int, dossier_id: int) -> int:
    """How often its date was moved."""
    agreed = select(func.count()).where(*_of(commune_id, dossier_id), postponement.c.state == "agreed")
    return int(db.execute(agreed).scalar_one())


def of_dossier(db: Connection, commune_id: int, dossier_id: int) -> list[Postponement]:
    """All of them, oldest first."""
    rows = db.execute(select(postponement).where(*_of(commune_id, dossier_id)).order_by(postponement.c.number))
    return [_made(db, row) for row in rows]


def _of(commune_id: int, dossier_id: int) -> tuple[Any, ...]:
    return postponement.c.commune_id == commune_id, postponement.c.dossier_id == dossier_id
