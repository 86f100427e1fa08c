"""Results that lie at the counter (L19): a clerk ticks them, then people are told; a wrong tick is taken back."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, String, cast, func, insert, literal, select, text, update

from storage.audience import Recipient
from storage.db import UtcTime
from storage.dossier_events import dossier_event
from storage.dossiers import dossier
from storage.notices import delivery, notice

RESULT = 9
_came = text("status = 9")
LEFT = ("sending", "uncertain", "sent", "delivered", "called")
"""States of a delivery that she has, or may have."""


def came(db: Connection, commune_id: int, limit: int, after: int = 0) -> list[int]:
    """Dossiers whose result is there by the file and which nobody has ticked, the oldest first."""
    rows = select(dossier.c.id).where(_unticked(commune_id), dossier.c.id > after)
    return list(db.execute(rows.order_by(dossier.c.id).limit(limit)).scalars())


def count(db: Connection, commune_id: int) -> int:
    """How many such dossiers there are."""
    return int(db.execute(select(func.count()).select_from(dossier).where(_unticked(commune_id))).scalar_one())


def tick(db: Connection, commune_id: int, ids: Iterable[int], official_id: int | None, now: datetime) -> list[int]:
    """These results lie at the counter: a "ready" happening each. Those that were not ticked yet, by id."""
    these = _unticked(commune_id) & dossier.c.id.in_(list(ids))
    changed = update(dossier).where(these).values(ready_at=now, ready_by=official_id)
    ticked = sorted(db.execute(changed.returning(dossier.c.id)).scalars())
    _happen(db, "ready", dossier.c.id.in_(ticked), now)
    return ticked


def trust(db: Connection, commune_id: int, dossier_id: int, now: datetime) -> None:
    """The file alone is trusted: it lies at the counter, and whoever notes this tells of it, too."""
    this = _unticked(commune_id) & (dossier.c.id == dossier_id)
    db.execute(update(dossier).where(this).values(ready_at=now))


def untick(db: Connection, commune_id: int, dossier_id: int) -> bool:
    """It does not lie at the counter after all; False when nobody had said so."""
    this = (dossier.c.commune_id == commune_id) & (dossier.c.id == dossier_id) & dossier.c.ready_at.is_not(None)
    values: dict[str, Any] = {"ready_at": None, "ready_by": None, "remind_at": None, "recalls": dossier.c.recalls + 1}
    return db.execute(update(dossier).where(this).values(values)).rowcount > 0


def remind(db: Connection, commune_id: int, dossier_id: int, at: datetime | None) -> None:
    """When whoever has not collected by then is reminded; None: never, for instance because she has said when."""
    this = (dossier.c.commune_id == commune_id) & (dossier.c.id == dossier_id)
    db.execute(update(dossier).where(this).values(remind_at=at))


def due_reminders(db: Connection, commune_id: int, now: datetime) -> int:
    """Put a "remind" happening for everything whose day has come, set-based; how many."""
    due = (dossier.c.commune_id == commune_id) & text("remind_at IS NOT NULL") & (dossier.c.remind_at <= now)
    waits = due & (dossier.c.status == RESULT) & dossier.c.ready_at.is_not(None)
    _happen(db, "remind", waits, now)
    return db.execute(update(dossier).where(due).values(remind_at=None)).rowcount


def had(db: Connection, commune_id: int, dossier_id: int, *rules: str) -> list[Recipient]:
    """Who has been told of a dossier by these rules, or may have been."""
    rows = db.execute(
        select(delivery.c.citizen_id, delivery.c.person)
        .join(notice, notice.c.id == delivery.c.notice_id)
        .where(delivery.c.commune_id == commune_id, delivery.c.dossier_id == dossier_id)
        .where(notice.c.kind.in_(rules), delivery.c.state.in_(LEFT))
        .order_by(delivery.c.id)
    ).all()
    return [
        Recipient(row.citizen_id, dossier_id, helper=row.citizen_id is None and row.person.startswith("d"))
        for row in {row.person: row for row in rows}.values()
    ]


def _unticked(commune_id: int) -> Any:
    return (dossier.c.commune_id == commune_id) & _came & dossier.c.ready_at.is_(None)


def _happen(db: Connection, kind: str, which: Any, now: datetime) -> None:
    """The same happening of a dossier is one row as long as it has not been recalled."""
    names = ["commune_id", "dossier_id", "kind", "once", "old", "new", "at"]
    happens = select(
        dossier.c.commune_id, dossier.c.id, literal(kind), cast(dossier.c.recalls, String), dossier.c.status,
        dossier.c.status, literal(now, UtcTime),
    ).where(which)  # fmt: skip
    same = select(dossier_event.c.id).where(
        dossier_event.c.commune_id == dossier.c.commune_id, dossier_event.c.dossier_id == dossier.c.id,
        dossier_event.c.kind == kind, dossier_event.c.once == cast(dossier.c.recalls, String),
    )  # fmt: skip
    db.execute(insert(dossier_event).from_select(names, happens.where(~same.exists())))
