"""What the morning summary and the Chairman's figures count, each by an index, and the ledger of what was finished.

A dossier is finished when it first reaches a state in which the office has done its part (`FINISHED`). Whether that was
in time is written down then, against the deadline it had then: a date moved afterwards changes no figure (A20). A
status taken back takes its row back too, so that the finish that stood is the one that counts. `papers` rows count how
often somebody was asked for more papers.

officers: only dossiers under these names of the file; None: all.
"""

from collections.abc import Collection
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
    String,
    Table,
    UniqueConstraint,
    and_,
    delete,
    func,
    select,
    text,
)

from storage.db import Id, UtcTime, insert, metadata
from storage.dossiers import Dossier, dossier
from storage.notices import delivery, notice
from storage.outbox import outbox

FINISHED = frozenset({3, 7, 8, 9, 10})
PAPERS = 5

ledger = Table(
    "dossier_ledger",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("kind", String(8), nullable=False),  # finished, papers
    Column("dossier_id", Id, ForeignKey("dossier.id"), nullable=False),
    Column("once", String(64), nullable=False),
    Column("month", String(7), nullable=False),  # 2026-11, in Việt Nam
    Column("at", UtcTime, nullable=False),
    Column("status", Integer, nullable=False),
    Column("deadline", UtcTime, nullable=True),
    Column("on_time", Boolean, nullable=True),  # empty: it had no deadline
    UniqueConstraint("commune_id", "dossier_id", "kind", "once"),
)
Index("ix_dossier_ledger_month", ledger.c.commune_id, ledger.c.month, ledger.c.kind, ledger.c.on_time)
told = Table(
    "summary_told",
    metadata,
    Column("commune_id", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(8), primary_key=True),  # morning, month
    Column("day", String(10), primary_key=True),
    Column("at", UtcTime, nullable=False),
)

_running = text("dossier.status IN (1, 2, 4) AND dossier.deadline IS NOT NULL")
_open = text("dossier.status IN (1, 2, 4, 5, 6)")
_lost = text("delivery.state IN ('uncertain', 'unreachable')")
_stuck = text("state IN ('failed', 'unreachable', 'uncertain')")


@dataclass(frozen=True, slots=True)
class Line:
    """A dossier in a list: its code, officer, status, deadline, and when anything last changed."""

    code: str
    officer: str
    status: int
    deadline: datetime | None
    changed_at: datetime


_LINE = select(dossier.c.code, dossier.c.officer, dossier.c.status, dossier.c.deadline, dossier.c.changed_at)


def told_once(db: Connection, commune_id: int, kind: str, day: str, now: datetime) -> bool:
    """True the first time this is asked for that day or month: so a summary goes out once."""
    values = {"commune_id": commune_id, "kind": kind, "day": day, "at": now}
    made = insert(db, told).values(values).on_conflict_do_nothing().returning(told.c.day)
    return db.execute(made).first() is not None


# --- the ledger -------------------------------------------------------------------------------------------------------


def finish(
    db: Connection,
    commune_id: int,
    found: Dossier,
    status: int,
    at: datetime,
    month: str,
    until: datetime | None = None,
) -> None:
    """It has reached a state in which the office has done its part; only the first such state counts.

    until: when its clock stood still, if it was waiting for papers or a fee right before: that is what is judged.
    """
    values = {
        "commune_id": commune_id, "kind": "finished", "dossier_id": found.id, "once": "", "month": month, "at": at,
        "status": status, "deadline": found.deadline,
        "on_time": None if found.deadline is None else (until or at) <= found.deadline,
    }  # fmt: skip
    db.execute(insert(db, ledger).values(values).on_conflict_do_nothing())


def reopen(db: Connection, commune_id: int, dossier_id: int) -> None:
    """It was taken back: it is not finished after all."""
    mine = (ledger.c.commune_id == commune_id) & (ledger.c.dossier_id == dossier_id) & (ledger.c.kind == "finished")
    db.execute(delete(ledger).where(mine))


def ask_papers(db: Connection, commune_id: int, found: Dossier, once: str, at: datetime, month: str) -> None:
    """More papers were asked for."""
    values = {
        "commune_id": commune_id, "kind": "papers", "dossier_id": found.id, "once": once, "month": month, "at": at,
        "status": PAPERS, "deadline": found.deadline,
    }  # fmt: skip
    db.execute(insert(db, ledger).values(values).on_conflict_do_nothing())


# --- what runs now ----------------------------------------------------------------------------------------------------


def _due(commune_id: int, since: datetime | None, until: datetime, officers: Collection[str] | None) -> Any:
    here: list[Any] = [dossier.c.commune_id == commune_id, _running, dossier.c.deadline < until]
    if since is not None:
        here.append(dossier.c.deadline >= since)
    if officers is not None:
        here.append(dossier.c.officer.in_(officers))
    return and_(*here)


def due_count(
    db: Connection, commune_id: int, since: datetime | None, until: datetime, officers: Collection[str] | None = None
) -> int:
    """How many running dossiers have their deadline in that time; since None: all that is before `until`."""
    where = _due(commune_id, since, until, officers)
    return int(db.execute(select(func.count()).select_from(dossier).where(where)).scalar_one())


def due(
    db: Connection,
    commune_id: int,
    since: datetime | None,
    until: datetime,
    limit: int,
    offset: int = 0,
    officers: Collection[str] | None = None,
) -> list[Line]:
    """Those dossiers, the earliest deadline first."""
    wanted = _LINE.where(_due(commune_id, since, until, officers)).order_by(dossier.c.deadline, dossier.c.officer)
    return _lines(db, wanted, limit, offset)


@dataclass(frozen=True, slots=True)
class Late:
    """How many dossiers of one officer are late, and the deadline of the latest of them."""

    officer: str
    count: int
    worst: datetime


def late_by_officer(db: Connection, commune_id: int, now: datetime, limit: int, offset: int = 0) -> list[Late]:
    """Officers with late dossiers, most first; "" is an officer nobody has named."""
    number = func.count()
    rows = db.execute(
        select(dossier.c.officer, number, func.min(dossier.c.deadline, type_=UtcTime))
        .where(_due(commune_id, None, now, None))
        .group_by(dossier.c.officer)
        .order_by(number.desc(), dossier.c.officer)
        .limit(limit)
        .offset(offset)
    )
    return [Late(officer, int(count), worst) for officer, count, worst in rows]


def _unmoved(commune_id: int, before: datetime) -> Any:
    return and_(dossier.c.commune_id == commune_id, _open, dossier.c.changed_at < before)


def unmoved_count(db: Connection, commune_id: int, before: datetime) -> int:
    """How many open dossiers of which the file has told nothing new since then."""
    return int(db.execute(select(func.count()).select_from(dossier).where(_unmoved(commune_id, before))).scalar_one())


def unmoved(db: Connection, commune_id: int, before: datetime, limit: int, offset: int = 0) -> list[Line]:
    """Those dossiers, the longest untouched first."""
    wanted = _LINE.where(_unmoved(commune_id, before)).order_by(dossier.c.changed_at, dossier.c.id)
    return _lines(db, wanted, limit, offset)


def _lines(db: Connection, wanted: Any, limit: int, offset: int) -> list[Line]:
    return [Line(*row) for row in db.execute(wanted.limit(limit).offset(offset))]


# --- messages that did not arrive -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lost:
    """A notice of which it is uncertain whether she has it, or which reached nobody."""

    kind: str
    about: str
    state: str
    at: datetime


def _of_lost(commune_id: int, since: datetime) -> Any:
    return and_(delivery.c.commune_id == commune_id, _lost, delivery.c.changed_at >= since)


def lost_count(db: Connection, commune_id: int, since: datetime) -> int:
    """How many notices have become uncertain, or turned out to reach nobody, since then."""
    where = _of_lost(commune_id, since)
    return int(db.execute(select(func.count()).select_from(delivery).where(where)).scalar_one())


def lost(db: Connection, commune_id: int, since: datetime, limit: int, offset: int = 0) -> list[Lost]:
    """Those notices, the newest first."""
    rows = db.execute(
        select(notice.c.kind, notice.c.about, delivery.c.state, delivery.c.changed_at)
        .join(notice, notice.c.id == delivery.c.notice_id)
        .where(_of_lost(commune_id, since))
        .order_by(delivery.c.changed_at.desc())
        .limit(limit)
        .offset(offset)
    )
    return [Lost(*row) for row in rows]


def unsent_answers(db: Connection, commune_id: int) -> int:
    """How many answers to people did not leave, or may not have arrived."""
    here = (outbox.c.commune_id == commune_id) & _stuck & outbox.c.kind.in_(["answer", "reply"])
    return int(db.execute(select(func.count()).select_from(outbox).where(here)).scalar_one())


# --- a month ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Month:
    """A month in Việt Nam: its name (2026-11), its first moment, and the first after it."""

    name: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Finished:
    """What was finished in a month. `undated` had no deadline and counts neither way."""

    on_time: int
    late: int
    undated: int

    @property
    def total(self) -> int:
        return self.on_time + self.late + self.undated


def _received(commune_id: int, month: Month, officers: Collection[str] | None) -> Any:
    at = dossier.c.received_at
    here = [dossier.c.commune_id == commune_id, at >= month.since, at < month.until]
    return and_(*here, *([] if officers is None else [dossier.c.officer.in_(officers)]))


def received_count(db: Connection, commune_id: int, month: Month, officers: Collection[str] | None = None) -> int:
    """How many dossiers the office received in a month."""
    where = _received(commune_id, month, officers)
    return int(db.execute(select(func.count()).select_from(dossier).where(where)).scalar_one())


def received(
    db: Connection, commune_id: int, month: Month, limit: int, offset: int = 0, officers: Collection[str] | None = None
) -> list[Line]:
    """Those dossiers, in the order they came."""
    wanted = _LINE.where(_received(commune_id, month, officers)).order_by(dossier.c.received_at, dossier.c.id)
    return _lines(db, wanted, limit, offset)


def _noted(commune_id: int, kind: str, month: Month, officers: Collection[str] | None, *more: Any) -> Any:
    here = [ledger.c.commune_id == commune_id, ledger.c.month == month.name, ledger.c.kind == kind, *more]
    if officers is not None:
        here.append(dossier.c.officer.in_(officers))
    return and_(*here)


def finished(db: Connection, commune_id: int, month: Month, officers: Collection[str] | None = None) -> Finished:
    """How much was finished in a month, and how much of it in time."""
    rows = select(ledger.c.on_time, func.count()).select_from(ledger)
    if officers is not None:
        rows = rows.join(dossier, dossier.c.id == ledger.c.dossier_id)
    found = db.execute(rows.where(_noted(commune_id, "finished", month, officers)).group_by(ledger.c.on_time))
    counts = {on_time: int(number) for on_time, number in found}
    return Finished(counts.get(True, 0), counts.get(False, 0), counts.get(None, 0))


def noted(
    db: Connection,
    commune_id: int,
    kind: str,
    month: Month,
    limit: int,
    offset: int = 0,
    officers: Collection[str] | None = None,
    on_time: bool | None = None,
) -> list[Line]:
    """The dossiers of a kind of ledger row, in order; with `on_time` only those of that judgement."""
    more = [] if on_time is None else [ledger.c.on_time.is_(on_time)]
    wanted = _LINE.join(ledger, ledger.c.dossier_id == dossier.c.id)
    wanted = wanted.where(_noted(commune_id, kind, month, officers, *more)).order_by(ledger.c.at, ledger.c.id)
    return _lines(db, wanted, limit, offset)


def papers(
    db: Connection, commune_id: int, month: Month, by: str, limit: int = 5, officers: Collection[str] | None = None
) -> list[tuple[str, int]]:
    """How often more papers were asked for, by "procedure_name" or "officer", most first."""
    number, what = func.count(), dossier.c[by]
    rows = select(what, number).join(ledger, ledger.c.dossier_id == dossier.c.id)
    rows = rows.where(_noted(commune_id, "papers", month, officers)).group_by(what).order_by(number.desc(), what)
    return [(name, int(count)) for name, count in db.execute(rows.limit(limit))]


def papers_count(db: Connection, commune_id: int, month: Month, officers: Collection[str] | None = None) -> int:
    """How often more papers were asked for in a month."""
    rows = select(func.count()).select_from(ledger)
    if officers is not None:
        rows = rows.join(dossier, dossier.c.id == ledger.c.dossier_id)
    return int(db.execute(rows.where(_noted(commune_id, "papers", month, officers))).scalar_one())


def notices_made(db: Connection, commune_id: int, month: Month) -> dict[str, int]:
    """By kind: how many notices were made in a month."""
    rows = select(notice.c.kind, func.count()).where(_made(commune_id, month)).group_by(notice.c.kind)
    return {kind: int(number) for kind, number in db.execute(rows)}


def notice_states(db: Connection, commune_id: int, month: Month) -> dict[str, int]:
    """By state: the recipients of a month's notices; they add up to all of them."""
    rows = select(delivery.c.state, func.count()).join(
        notice, and_(notice.c.commune_id == delivery.c.commune_id, notice.c.id == delivery.c.notice_id)
    )
    found = db.execute(rows.where(_made(commune_id, month)).group_by(delivery.c.state))
    return {state: int(number) for state, number in found}


def notice_codes(
    db: Connection, commune_id: int, month: Month, kinds: Collection[str], limit: int, offset: int = 0
) -> list[tuple[str, datetime]]:
    """What the notices of these kinds were about (a dossier's code), and when they were made, in order."""
    wanted = select(notice.c.about, notice.c.made_at).where(_made(commune_id, month), notice.c.kind.in_(kinds))
    rows = db.execute(wanted.order_by(notice.c.made_at, notice.c.id).limit(limit).offset(offset))
    return [(about, at) for about, at in rows]


def _made(commune_id: int, month: Month) -> Any:
    at = notice.c.made_at
    return and_(notice.c.commune_id == commune_id, at >= month.since, at < month.until)
