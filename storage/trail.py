"""One dossier as officials see it: what was sent about it, who has opened it, its status set by hand (A03).

A status set in chat is a step like those of the file, with the official's name. The next newer file wins: the digest of
the dossier is emptied, so that its row is read even if the file has not changed, while a file older than the hand
leaves it alone (`storage.imports`). If the newer file says something else, the official is told once.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, Table, func, insert, select, update

from storage.db import Id, UtcTime, metadata
from storage.dossiers import details, dossier, dossier_step
from storage.notices import delivery, notice
from storage.sealing import seal_json

access = Table(
    "dossier_access",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("dossier_id", Id, ForeignKey("dossier.id"), nullable=False),
    Column("official_id", Id, ForeignKey("official.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
)
Index("ix_dossier_access", access.c.commune_id, access.c.dossier_id, access.c.at)


@dataclass(frozen=True, slots=True)
class Told:
    """One notice about a dossier to one person: what for, how far it has got, by which way."""

    notice_id: int
    person: str
    kind: str
    state: str
    step: str | None
    made_at: datetime
    changed_at: datetime


def _about(commune_id: int, code: str) -> Any:
    """Deliveries of the notices about it; as a subquery, or SQLite would begin with all deliveries of the commune."""
    ids = select(notice.c.id).where(notice.c.commune_id == commune_id, notice.c.about == code)
    return (delivery.c.commune_id == commune_id) & delivery.c.notice_id.in_(ids)


def messages(db: Connection, commune_id: int, code: str, limit: int, offset: int = 0) -> list[Told]:
    """Every notice about a dossier, the newest first."""
    rows = db.execute(
        select(
            notice.c.id, delivery.c.person, notice.c.kind, delivery.c.state, delivery.c.step, notice.c.made_at,
            delivery.c.changed_at,
        )
        .join(notice, notice.c.id == delivery.c.notice_id)
        .where(_about(commune_id, code))
        .order_by(delivery.c.notice_id.desc(), delivery.c.id.desc())
        .limit(limit)
        .offset(offset)
    )  # fmt: skip
    return [Told(*row) for row in rows]


def message_count(db: Connection, commune_id: int, code: str) -> int:
    """How many there are."""
    return int(db.execute(select(func.count()).where(_about(commune_id, code))).scalar_one())


def opened(db: Connection, commune_id: int, dossier_id: int, official_id: int, now: datetime) -> None:
    """An official has read the name and phone of this dossier."""
    values = {"commune_id": commune_id, "dossier_id": dossier_id, "official_id": official_id, "at": now}
    db.execute(insert(access).values(values))


def openings(db: Connection, commune_id: int, dossier_id: int, limit: int = 5) -> list[tuple[int, datetime]]:
    """Who has, and when: (official id, time), the latest first."""
    here = (access.c.commune_id == commune_id) & (access.c.dossier_id == dossier_id)
    rows = select(access.c.official_id, access.c.at).where(here).order_by(access.c.at.desc(), access.c.id.desc())
    return [(official, at) for official, at in db.execute(rows.limit(limit))]


# --- the status by hand -----------------------------------------------------------------------------------------------


def set_status(
    db: Connection, commune_id: int, dossier_id: int, old: int, new: int, by: tuple[int, str], note: str, now: datetime
) -> int | None:
    """Write a status set by an official (`by`: id and name) and its step; the step's id, or None when it is not `old`
    any more. `note`: what is missing or to be paid, or ""; it replaces the file's.
    """
    here = (dossier.c.commune_id == commune_id) & (dossier.c.id == dossier_id)
    values: dict[str, Any] = {"status": new, "digest": "", "changed_at": now, "set_at": now, "set_by": by[0]}
    if note:
        known = details(db, commune_id, dossier_id)
        values["details"] = seal_json(db, {"applicant": known.applicant, "phone": known.phone, "note": note})
    if not db.execute(update(dossier).where(here, dossier.c.status == old).values(values)).rowcount:
        return None
    mine = (dossier_step.c.commune_id == commune_id) & (dossier_step.c.dossier_id == dossier_id)
    lowest = db.execute(select(func.min(dossier_step.c.import_id)).where(mine)).scalar() or 0
    step = {
        "commune_id": commune_id, "dossier_id": dossier_id, "status": new, "at": now, "officer": by[1],
        "import_id": min(lowest, 0) - 1,
    }  # fmt: skip
    return int(db.execute(insert(dossier_step).values(step).returning(dossier_step.c.id)).scalar_one())


@dataclass(frozen=True, slots=True)
class Hand:
    """Who has set the status in chat, and when."""

    official_id: int
    at: datetime


def by_hand(db: Connection, commune_id: int, dossier_id: int) -> Hand | None:
    """Whose status in chat no newer file has confirmed yet."""
    here = (dossier.c.commune_id == commune_id) & (dossier.c.id == dossier_id) & dossier.c.set_at.is_not(None)
    row = db.execute(select(dossier.c.set_by, dossier.c.set_at).where(here)).first()
    return None if row is None else Hand(*row)


def settled(db: Connection, commune_id: int, dossier_id: int) -> None:
    """The file has the word again."""
    here = (dossier.c.commune_id == commune_id) & (dossier.c.id == dossier_id)
    db.execute(update(dossier).where(here).values(set_at=None, set_by=None))
