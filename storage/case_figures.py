"""What the Chairman's week of cases counts, and the list behind each figure (B08).

A figure is a condition on `case_file` that an index serves; its number and its list are read by the same condition, so
they cannot disagree. Cases count as they stand when they are read: one reopened is not answered any more. Nothing here
reads a word anybody wrote, or a name.

A week is from Monday to Monday in Việt Nam. `works`: cases joined to the same work count once, and so does the answer
to all of them; what each of their reporters says of it counts by itself. `people`: citizens who can be told apart, each
once; `strangers`: cases of nobody we know (another door, or she has been forgotten).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, case, func, select, text

from storage.cases import COLUMNS, Case, case_entry, case_file

NAMES = (
    "received", "answered", "on-time", "answered-late", "open", "late", "reopened", "yes", "partly", "silent", "unsaid",
    "refused",
)  # fmt: skip
"""Figures by name; besides them village, field and kind of what was received, and hot spots."""
ANSWERED = ("done", "settled", "refused")
SPOT_DAYS = timedelta(days=30)
SPOT = 3
"""Reports of one thôn and field within those days that make a hot spot."""
SPOTS = 8
_open = text("case_file.state = 'open'")


@dataclass(frozen=True, slots=True)
class Week:
    """From Monday up to, not with, the next; `now`: when what is open or late is looked at."""

    since: datetime
    until: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Spot:
    """Repeated reports: thôn, field, how many in thirty days."""

    village: str
    field: str
    count: int


@dataclass(frozen=True)
class Figures:
    """One week. `counts` by NAMES; villages (None: not named), fields and kinds of what was received."""

    counts: Mapping[str, int]
    works: int
    people: int
    strangers: int
    villages: Mapping[str | None, int]
    fields: Mapping[str, int]
    kinds: Mapping[str, int]
    spots: tuple[Spot, ...]


# --- conditions -------------------------------------------------------------------------------------------------------


def named(commune_id: int, name: str, week: Week) -> Any:
    """The condition of a figure. Raises KeyError for a name that is none."""
    told = _within(commune_id, case_file.c.done_at, week)
    answered = told & case_file.c.state.in_(ANSWERED) & case_file.c.main_id.is_(None)
    settled = told & (case_file.c.state == "settled")
    opened = and_(case_file.c.commune_id == commune_id, _open)
    again = select(case_entry.c.case_id).where(
        _within(commune_id, case_entry.c.at, week, case_entry.c.commune_id), case_entry.c.kind == "reopened"
    )
    return {
        "received": _within(commune_id, case_file.c.received_at, week),
        "answered": answered,
        "on-time": answered & (case_file.c.done_at <= case_file.c.due_at),
        "answered-late": answered & (case_file.c.done_at > case_file.c.due_at),
        "open": opened,
        "late": opened & (case_file.c.due_at < week.now),
        "reopened": (case_file.c.commune_id == commune_id) & case_file.c.id.in_(again),
        "yes": settled & (case_file.c.satisfied == "yes"),
        "partly": settled & (case_file.c.satisfied == "partly"),
        "silent": settled & (case_file.c.satisfied == "silent"),
        "unsaid": answered & (case_file.c.state == "done"),
        "refused": answered & (case_file.c.state == "refused"),
    }[name]


def received(commune_id: int, week: Week, **columns: str | None) -> Any:
    """What was received in a week, of one village, field or kind."""
    return and_(
        _within(commune_id, case_file.c.received_at, week),
        *(case_file.c[name].is_not_distinct_from(value) for name, value in columns.items()),
    )


def repeated(commune_id: int, week: Week, village: str, field: str) -> Any:
    """What makes one hot spot."""
    here = (case_file.c.village == village) & (case_file.c.field == field)
    return _lately(commune_id, week) & here


def _within(commune_id: int, column: Any, week: Week, commune: Any = case_file.c.commune_id) -> Any:
    return (commune == commune_id) & (column >= week.since) & (column < week.until)


def _lately(commune_id: int, week: Week) -> Any:
    recent = (case_file.c.received_at >= week.until - SPOT_DAYS) & (case_file.c.received_at < week.until)
    return (case_file.c.commune_id == commune_id) & recent & (case_file.c.kind != "praise")


# --- numbers and lists ------------------------------------------------------------------------------------------------


def count(db: Connection, where: Any) -> int:
    """How many cases a figure has."""
    return int(db.execute(select(func.count()).select_from(case_file).where(where)).scalar_one())


def found(db: Connection, where: Any, limit: int, offset: int = 0) -> list[Case]:
    """The cases of a figure, oldest first."""
    asked = select(*COLUMNS).where(where).order_by(case_file.c.id).limit(limit).offset(offset)
    return [Case(*row) for row in db.execute(asked)]


def of_week(db: Connection, commune_id: int, week: Week) -> Figures:
    """All figures of a week, in six queries."""
    here = named(commune_id, "received", week)
    told = select(case_file.c.village, case_file.c.field, case_file.c.kind, func.count())
    rows = db.execute(told.where(here).group_by(case_file.c.village, case_file.c.field, case_file.c.kind)).all()
    villages, fields, kinds = Counter[str | None](), Counter[str](), Counter[str]()
    for village, field, kind, many in rows:
        villages[village] += many
        fields[field] += many
        kinds[kind] += many
    works, people, strangers = _who(db, here)
    counts = dict.fromkeys(NAMES, 0) | _answered(db, commune_id, week) | _running(db, commune_id, week)
    counts["received"] = kinds.total()
    counts["reopened"] = count(db, named(commune_id, "reopened", week))
    return Figures(counts, works, people, strangers, villages, fields, kinds, _spots(db, commune_id, week))


def _who(db: Connection, here: Any) -> tuple[int, int, int]:
    works = func.count(func.coalesce(case_file.c.main_id, case_file.c.id).distinct())
    people = func.count(case_file.c.citizen_id.distinct())
    unknown = func.coalesce(func.sum(case((case_file.c.citizen_id.is_(None), 1), else_=0)), 0)
    row = db.execute(select(works, people, unknown).where(here)).one()
    return int(row[0]), int(row[1]), int(row[2])


def _answered(db: Connection, commune_id: int, week: Week) -> dict[str, int]:
    in_time = case((case_file.c.done_at <= case_file.c.due_at, 1), else_=0)
    own = case((case_file.c.main_id.is_(None), 1), else_=0)
    by = (case_file.c.state, case_file.c.satisfied, in_time, own)
    here = _within(commune_id, case_file.c.done_at, week) & case_file.c.state.in_(ANSWERED)
    counts = Counter[str]()
    for state, satisfied, on_time, leads, many in db.execute(select(*by, func.count()).where(here).group_by(*by)):
        if state == "settled" and satisfied in ("yes", "partly", "silent"):
            counts[satisfied] += many
        if not leads:
            continue
        counts["answered"] += many
        counts["on-time" if on_time else "answered-late"] += many
        if state in ("done", "refused"):
            counts["unsaid" if state == "done" else "refused"] += many
    return dict(counts)


def _running(db: Connection, commune_id: int, week: Week) -> dict[str, int]:
    late = func.coalesce(func.sum(case((case_file.c.due_at < week.now, 1), else_=0)), 0)
    row = db.execute(select(func.count(), late).where(named(commune_id, "open", week))).one()
    return {"open": int(row[0]), "late": int(row[1])}


def _spots(db: Connection, commune_id: int, week: Week) -> tuple[Spot, ...]:
    many = func.count()
    asked = (
        select(case_file.c.village, case_file.c.field, many)
        .where(_lately(commune_id, week), case_file.c.village.is_not(None))
        .group_by(case_file.c.village, case_file.c.field).having(many >= SPOT)
        .order_by(many.desc(), case_file.c.village, case_file.c.field).limit(SPOTS)
    )  # fmt: skip
    return tuple(Spot(village, field, int(number)) for village, field, number in db.execute(asked))
