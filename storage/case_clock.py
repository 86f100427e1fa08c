"""What the clock asks about cases: which are to be reminded of, counted by who has them and until when; which are late.

Set-based: five thousand reports of one night have one deadline and mostly no holder, so they are one row here, are
marked by one statement, and somebody is told of them in one message.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, LargeBinary, String, and_, func, insert, literal, or_, select, text, update
from sqlalchemy.sql.elements import ColumnElement

from storage import cases
from storage.cases import Case, case_entry, case_file
from storage.db import UtcTime
from storage.sealing import seal_json

_open = text("state = 'open'")
_running = text("state IN ('open', 'done')")
"""As in the index of reminders, so that it is used."""


@dataclass(frozen=True, slots=True)
class Due:
    """So many open cases that wait for a reminder; `taken_by`: who has them; `reminded`: how often already."""

    taken_by: int | None
    lane: str
    due_at: datetime
    reminded: int
    urgent: bool
    count: int


_KEY: tuple[Any, ...] = tuple(case_file.c[name] for name in Due.__slots__ if name != "count")


def due(db: Connection, commune_id: int, now: datetime) -> list[Due]:
    """All whose time for a reminder has come."""
    asked = select(*_KEY, func.count()).where(_waits(commune_id, now)).group_by(*_KEY).order_by(case_file.c.due_at)
    return [Due(*list(row)) for row in db.execute(asked)]


def first(db: Connection, commune_id: int, now: datetime, groups: Iterable[Due], limit: int) -> list[Case]:
    """The first cases of several groups, the earliest deadline leading."""
    return cases.listed(db, commune_id, _waits(commune_id, now), or_(*map(_of, groups)), limit=limit)


def _waits(commune_id: int, now: datetime) -> ColumnElement[bool]:
    here = (case_file.c.commune_id == commune_id) & (case_file.c.remind_at <= now)
    return and_(here, _running, _open)


def _of(group: Due) -> ColumnElement[bool]:
    holder = case_file.c.taken_by.is_(None) if group.taken_by is None else case_file.c.taken_by == group.taken_by
    return (
        holder & (case_file.c.lane == group.lane) & (case_file.c.due_at == group.due_at)
        & (case_file.c.reminded == group.reminded) & case_file.c.urgent.is_(group.urgent)
    )  # fmt: skip


def reminded(
    db: Connection, commune_id: int, now: datetime, group: Due, stage: int, next_at: datetime | None, *, told: bool
) -> None:
    """All of a group have come to `stage` (told: somebody has just been reminded) and are looked at again then."""
    here = _waits(commune_id, now) & _of(group)
    if told:
        db.execute(_entries(db, commune_id, now, here, stage))
    db.execute(update(case_file).where(here).values(reminded=stage, remind_at=next_at))


def _entries(db: Connection, commune_id: int, now: datetime, here: Any, stage: int) -> Any:
    body = seal_json(db, {"text": "", "files": [], "data": {"stage": stage}})
    values: dict[str, Any] = {
        "commune_id": literal(commune_id), "case_id": case_file.c.id, "kind": literal("reminded", String),
        "from_citizen": literal(False), "body": literal(body, LargeBinary), "at": literal(now, UtcTime),
        "state": literal("queued", String),
    }  # fmt: skip
    return insert(case_entry).from_select(list(values), select(*values.values()).where(here))


def late(db: Connection, commune_id: int, until: datetime, limit: int) -> list[Case]:
    """Open cases whose deadline was then or before, and whoever reported has not been told so; while the office waits
    for her answer she knows why.
    """
    untold = case_file.c.apologised_at.is_(None) & case_file.c.asked_at.is_(None)
    return cases.listed(db, commune_id, _open, case_file.c.due_at <= until, untold, limit=limit)
