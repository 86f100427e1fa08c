"""Lists of cases for officials: a page of a queue, how many there are by thôn, what came in a flood.

`visible`: what one official may know of at all. Quarrels and what went past the counter are there for their readers
alone, and for everybody else they are not there (A19, L32).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, false, func, or_, select, text

from storage.cases import COLUMNS, Case, case_file

is_open = text("state = 'open'")


@dataclass(frozen=True, slots=True)
class Place:
    """So many cases of one thôn and field; `free`: open ones that nobody has."""

    village: str | None
    field: str
    count: int
    free: int


def visible(official_id: int, *, leads: bool, receives: bool, restricted: bool) -> ColumnElement[bool]:
    """Cases of which that official may know; `restricted`: also those that are not for everybody, being his to read."""
    office = case_file.c.lane == "office"
    if not restricted:
        return office
    held = _all_or(leads, case_file.c.taken_by == official_id)
    leader = (case_file.c.lane == "leader") & held
    receiver = (case_file.c.lane == "receiver") & _all_or(receives, false())
    return or_(office, leader, receiver)


def _all_or(always: bool, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return case_file.c.id > 0 if always else condition


def page(db: Connection, commune_id: int, *where: Any, offset: int = 0, limit: int = 10) -> list[Case]:
    """Some of the cases that meet a condition, the earliest deadline first."""
    here = select(*COLUMNS).where(case_file.c.commune_id == commune_id, *where)
    rows = db.execute(here.order_by(case_file.c.due_at, case_file.c.id).offset(offset).limit(limit))
    return [Case(*row) for row in rows]


def villages(db: Connection, commune_id: int, *where: Any) -> list[tuple[str | None, int]]:
    """How many open cases each thôn has, most first."""
    many = func.count()
    asked = select(case_file.c.village, many).where(case_file.c.commune_id == commune_id, is_open, *where)
    rows = db.execute(asked.group_by(case_file.c.village).order_by(many.desc(), case_file.c.village))
    return [(village, int(count)) for village, count in rows]


def since(db: Connection, commune_id: int, number: int) -> list[Place]:
    """What came with this number or a later one, by thôn and field, most first; only what is for every official."""
    many = func.count()
    free = func.sum(case((is_open & case_file.c.taken_by.is_(None), 1), else_=0))
    here = (case_file.c.commune_id == commune_id) & (case_file.c.number >= number) & (case_file.c.lane == "office")
    asked = select(case_file.c.village, case_file.c.field, many, free).where(here)
    rows = db.execute(asked.group_by(case_file.c.village, case_file.c.field).order_by(many.desc()))
    return [Place(village, field, int(count), int(left)) for village, field, count, left in rows]


def one_of_each(db: Connection, commune_id: int, number: int, groups: Sequence[tuple[str, str]]) -> list[Case]:
    """The first open case that came in a flood at each of these places: thôn and field."""
    found: list[Case] = []
    for village, field in groups:
        here = (case_file.c.number >= number) & (case_file.c.village == village) & (case_file.c.field == field)
        found += page(db, commune_id, is_open, case_file.c.lane == "office", here, limit=1)
    return found
