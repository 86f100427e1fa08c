"""Refusals of cases that wait for the Chairman's agreement: who proposed it, on what ground, who decided, when (B10).

States: asked -> agreed, back (sent back with a word), or void (the case has ended otherwise meanwhile). A case has one
that waits at a time; of two who decide at once one wins. What it says may tell of people, so it is sealed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, LargeBinary, String, Table, select, text, update

from storage.cases import case_file
from storage.db import Id, UtcTime, insert, metadata
from storage.sealing import seal_json, unseal_json

refusal = Table(
    "case_refusal", metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("case_id", Id, ForeignKey("case_file.id", ondelete="CASCADE"), nullable=False),
    Column("state", String(8), nullable=False),
    Column("content", LargeBinary, nullable=False),  # sealed JSON: owner, ground, and what else the entry carries
    Column("asked_by", Id, ForeignKey("official.id"), nullable=False),
    Column("asked_at", UtcTime, nullable=False),
    Column("decided_by", Id, ForeignKey("official.id"), nullable=True),  # empty of a void one
    Column("decided_at", UtcTime, nullable=True),
)  # fmt: skip
_waits = text("state = 'asked'")
Index(
    "uq_case_refusal_waits", refusal.c.commune_id, refusal.c.case_id, unique=True, sqlite_where=_waits,
    postgresql_where=_waits,
)  # fmt: skip
Index("ix_case_refusal_case", refusal.c.case_id)
FORGOTTEN: Mapping[str, Any] = {"owner": "", "ground": "", "data": {}}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One proposal. `owner`: who is responsible; `data`: what the entry of the refusal will carry besides."""

    id: int
    case_id: int
    state: str
    owner: str
    ground: str
    data: Mapping[str, Any]
    asked_by: int
    asked_at: datetime
    decided_by: int | None
    decided_at: datetime | None

    @property
    def waits(self) -> bool:
        return self.state == "asked"


def ask(
    db: Connection, commune_id: int, case_id: int, owner: str, ground: str, data: Mapping[str, Any], by: int,
    now: datetime,
) -> int | None:  # fmt: skip
    """Propose to refuse a case; None when a proposal for it waits already."""
    content = seal_json(db, {"owner": owner, "ground": ground, "data": dict(data)})
    values = {
        "commune_id": commune_id, "case_id": case_id, "state": "asked", "content": content, "asked_by": by,
        "asked_at": now,
    }  # fmt: skip
    return db.execute(insert(db, refusal).values(values).on_conflict_do_nothing().returning(refusal.c.id)).scalar()


def get(db: Connection, commune_id: int, refusal_id: int) -> Refusal | None:
    """A proposal by id."""
    row = db.execute(select(refusal).where(refusal.c.commune_id == commune_id, refusal.c.id == refusal_id)).first()
    return None if row is None else _refusal(db, row)


def waiting(db: Connection, commune_id: int, case_id: int) -> Refusal | None:
    """What is proposed for a case and not decided."""
    here = (refusal.c.commune_id == commune_id) & (refusal.c.case_id == case_id)
    row = db.execute(select(refusal).where(here, _waits)).first()
    return None if row is None else _refusal(db, row)


def pending(db: Connection, commune_id: int, limit: int = 20) -> list[Refusal]:
    """Proposals that wait to be agreed to, the oldest first."""
    asked = select(refusal).where(refusal.c.commune_id == commune_id, _waits).order_by(refusal.c.id).limit(limit)
    return [_refusal(db, row) for row in db.execute(asked)]


def decide(db: Connection, commune_id: int, refusal_id: int, state: str, by: int, now: datetime) -> bool:
    """It is agreed to or sent back; False when somebody was quicker."""
    this = (refusal.c.commune_id == commune_id) & (refusal.c.id == refusal_id)
    decided = update(refusal).where(this, _waits).values(state=state, decided_by=by, decided_at=now)
    return db.execute(decided).rowcount > 0


def let_fall(db: Connection, commune_id: int, case_id: int, now: datetime) -> bool:
    """The case has ended otherwise: nobody has to decide any more."""
    this = (refusal.c.commune_id == commune_id) & (refusal.c.case_id == case_id)
    return db.execute(update(refusal).where(this, _waits).values(state="void", decided_at=now)).rowcount > 0


def erase(db: Connection, commune_id: int, citizen_id: int) -> None:
    """Forget what was proposed in her cases, before these forget her; who decided and when stays."""
    hers = select(case_file.c.id).where(case_file.c.commune_id == commune_id, case_file.c.citizen_id == citizen_id)
    here = (refusal.c.commune_id == commune_id) & refusal.c.case_id.in_(hers)
    db.execute(update(refusal).where(here).values(content=seal_json(db, dict(FORGOTTEN))))


def _refusal(db: Connection, row: Any) -> Refusal:
    fields = {name: getattr(row, name) for name in Refusal.__slots__ if name not in FORGOTTEN}
    return Refusal(**fields, **unseal_json(db, row.content))
