"""What comes due: which dossiers have come to a stage, which of them officials are still to be told of, and pauses.

`check` is the same work for 1,000,000 dossiers as for 10,000 when as many are due: each of its few look-ups is a range
of ix_dossier_due (commune, warned, deadline), which holds running dossiers only. `dossier.warned` is the number of the
last stage a dossier has come to: 0 none, then one for each of the commune's `warn_days`, PASSED when its date is over.
What was late before we knew of it is 99 (storage.imports) and comes to no stage.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    cast,
    exists,
    func,
    literal,
    literal_column,
    select,
    text,
    type_coerce,
    update,
)

from storage.db import EPOCH, MILLISECOND, Id, UtcTime, among, insert, is_postgres, metadata
from storage.dossier_events import dossier_event
from storage.dossiers import dossier
from storage.prepared import Prepared

SLICE = 500
"""Dossiers one check takes at most, in one transaction."""
PASSED = 90
"""The stage at which the date is over."""
LATE_BEFORE = 99
"""Late before we knew of it, or before it ran again."""
MOST_STAGES = 10
"""Numbers of stages before the date are below this."""

due_warning = Table(
    "due_warning",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("dossier_id", Id, ForeignKey("dossier.id"), nullable=False),
    Column("stage", Integer, nullable=False),
    Column("deadline", UtcTime, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("told_at", UtcTime, nullable=True),  # when officials were told of it, or when it was over by itself
    Column("told_to", Id, ForeignKey("official.id"), nullable=True),
    Column("answer", String(8), nullable=True),  # on-time: he says it will be done
    UniqueConstraint("commune_id", "dossier_id", "stage", "deadline"),
)
_untold = text("told_at IS NULL")
Index(
    "ix_due_warning_untold", due_warning.c.commune_id, due_warning.c.dossier_id, sqlite_where=_untold,
    postgresql_where=_untold,
)  # fmt: skip
dossier_pause = Table(
    "dossier_pause",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("dossier_id", Id, ForeignKey("dossier.id"), nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=True),  # as the file said then: another one later goes before our counting
    Column("until", UtcTime, nullable=True),
    UniqueConstraint("commune_id", "dossier_id", "since"),
)

_RUNNING = text("dossier.status IN (1, 2, 4) AND dossier.deadline IS NOT NULL")
_running = dossier.c.status.in_((1, 2, 4)) & dossier.c.paused_at.is_(None)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of coming due: dossiers whose deadline is not after `until` have come to it. Numbers rise with time."""

    number: int
    until: datetime


# --- the check --------------------------------------------------------------------------------------------------------


def check(db: Connection, commune_id: int, stages: Sequence[Stage], now: datetime, limit: int = SLICE) -> int:
    """Note of at most `limit` dossiers the stage they have come to, each once for its deadline; how many they were.

    A dossier that has slept through several stages comes to the last of them alone.
    """
    left = limit
    for stage in sorted(stages, key=lambda each: each.number, reverse=True):
        if left <= 0:
            break
        come = _coming(min(stage.number, MOST_STAGES)).all(db, commune=commune_id, until=stage.until, most=left)
        if come:
            _note(db, stage.number, [row.id for row in come], now)
        left -= len(come)
    return limit - left


@cache
def _coming(number: int) -> Prepared:
    """Dossiers that have come to a stage of that number from any before it. Run every minute, mostly to find nothing:
    composed each time it took ten times as long as the look-up.
    """
    return Prepared(lambda db: _to_come(db, number))


def _to_come(db: Connection, number: int) -> Any:
    come = dossier.c.warned.in_([literal_column(str(before)) for before in range(number)])
    wanted = select(dossier.c.id).where(dossier.c.commune_id == bindparam("commune"), come, _RUNNING)
    wanted = wanted.where(dossier.c.deadline <= bindparam("until"), dossier.c.paused_at.is_(None))
    wanted = wanted.limit(bindparam("most", type_=Integer))
    return wanted.with_for_update(skip_locked=True) if is_postgres(db) else wanted


def _these(db: Connection) -> Any:
    # By their ids alone: with the commune beside them SQLite looked through all of its dossiers.
    return among(db, dossier.c.id, "ids", BigInteger)


def _happened(db: Connection) -> Any:
    stage = bindparam("stage", type_=Integer)
    deadline = cast(type_coerce(dossier.c.deadline, BigInteger), String)
    values: dict[str, Any] = {
        "commune_id": dossier.c.commune_id, "dossier_id": dossier.c.id, "kind": literal("due"),
        "once": cast(stage, String) + literal(":") + deadline, "old": dossier.c.warned, "new": stage,
        "at": bindparam("now", type_=UtcTime),
    }  # fmt: skip
    found = select(*values.values()).where(_these(db))
    return insert(db, dossier_event).from_select(list(values), found).on_conflict_do_nothing()


_HAPPENED = Prepared(_happened)
_WARNED = Prepared(lambda db: update(dossier).where(_these(db)).values(warned=bindparam("stage", type_=Integer)))


def _note(db: Connection, stage: int, ids: list[int], now: datetime) -> None:
    _HAPPENED.run(db, ids=ids, stage=stage, now=now)
    _WARNED.run(db, ids=ids, stage=stage)


def late_before(db: Connection, commune_id: int, dossier_id: int) -> None:
    """Its date was over when it began to run again: it comes to no stage for this deadline."""
    here = (dossier.c.commune_id == commune_id) & (dossier.c.id == dossier_id)
    db.execute(update(dossier).where(here).values(warned=LATE_BEFORE))


def once(stage: int, deadline: datetime) -> str:
    """What tells the happening "came to this stage of this deadline" apart."""
    return f"{stage}:{(deadline - EPOCH) // MILLISECOND}"


# --- what officials are to be told ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Warning:
    """A dossier that an official is to be told of; `answer`: what the officer has said at an earlier stage."""

    id: int
    code: str
    code_key: str
    officer: str
    deadline: datetime
    stage: int
    answer: str | None


def mark(db: Connection, commune_id: int, dossier_id: int, stage: int, deadline: datetime, now: datetime) -> None:
    """An official is to be told that it has come to this stage; once."""
    values = {
        "commune_id": commune_id, "dossier_id": dossier_id, "stage": stage, "deadline": deadline, "made_at": now,
    }  # fmt: skip
    db.execute(insert(db, due_warning).values(values).on_conflict_do_nothing())


_open = due_warning.c.told_at.is_(None)
_still = (dossier.c.id == due_warning.c.dossier_id) & _running & (dossier.c.deadline == due_warning.c.deadline)


def drop_over(db: Connection, commune_id: int, now: datetime) -> None:
    """Nobody is told of what was finished, paused or given another date before anybody was."""
    mine = (due_warning.c.commune_id == commune_id) & _open
    db.execute(update(due_warning).where(mine, ~exists().where(_still)).values(told_at=now))


def untold_officers(db: Connection, commune_id: int) -> list[tuple[str, int]]:
    """Names in the desk's file whose dossiers somebody has to be told of, and of how many."""
    wanted = select(dossier.c.officer, func.count()).join(dossier, dossier.c.id == due_warning.c.dossier_id)
    wanted = wanted.where(due_warning.c.commune_id == commune_id, _open)
    rows = db.execute(wanted.group_by(dossier.c.officer).order_by(dossier.c.officer))
    return [(name, count) for name, count in rows]


def untold(
    db: Connection,
    commune_id: int,
    limit: int,
    officers: Collection[str] | None = None,
    stages: Collection[int] | None = None,
) -> list[Warning]:
    """The most pressing of what is still to be told, of these officers and stages."""
    earlier = due_warning.alias("earlier")
    answer = (
        select(func.max(earlier.c.answer))
        .where(
            earlier.c.commune_id == due_warning.c.commune_id,
            earlier.c.dossier_id == due_warning.c.dossier_id,
            earlier.c.deadline == due_warning.c.deadline,
        )
        .scalar_subquery()
    )
    wanted = select(
        due_warning.c.id, dossier.c.code, dossier.c.code_key, dossier.c.officer, due_warning.c.deadline,
        due_warning.c.stage, answer,
    ).join(dossier, dossier.c.id == due_warning.c.dossier_id)  # fmt: skip
    wanted = wanted.where(due_warning.c.commune_id == commune_id, _open)
    if officers is not None:
        wanted = wanted.where(dossier.c.officer.in_(list(officers)))
    if stages is not None:
        wanted = wanted.where(due_warning.c.stage.in_(list(stages)))
    rows = db.execute(wanted.order_by(due_warning.c.deadline, due_warning.c.id).limit(limit))
    return [Warning(*row) for row in rows]


def count_untold(db: Connection, commune_id: int, stages: Collection[int]) -> dict[int, int]:
    """How many are still to be told of each of these stages."""
    wanted = select(due_warning.c.stage, func.count()).where(due_warning.c.commune_id == commune_id, _open)
    rows = db.execute(wanted.where(due_warning.c.stage.in_(list(stages))).group_by(due_warning.c.stage))
    return {row[0]: row[1] for row in rows}


def told(
    db: Connection, commune_id: int, now: datetime, officers: Collection[str], official_id: int | None = None
) -> int:
    """All that is open of these officers was told, to that official; the newest id of it, 0 when there was none."""
    theirs = select(dossier.c.id).where(dossier.c.officer.in_(list(officers)), dossier.c.id == due_warning.c.dossier_id)
    mine = (due_warning.c.commune_id == commune_id) & _open & exists(theirs)
    rows = update(due_warning).where(mine).values(told_at=now, told_to=official_id).returning(due_warning.c.id)
    return max(db.execute(rows).scalars(), default=0)


def will_be_done(db: Connection, commune_id: int, dossier_id: int) -> None:
    """An official has said that it will be done in time."""
    mine = (due_warning.c.commune_id == commune_id) & (due_warning.c.dossier_id == dossier_id)
    db.execute(update(due_warning).where(mine).values(answer="on-time"))


# --- the clock stands still -------------------------------------------------------------------------------------------


def pause(db: Connection, commune_id: int, dossier_id: int, due_at: datetime | None, since: datetime) -> None:
    """Papers or a fee are awaited since then; while it stands still already, nothing."""
    here = (dossier.c.commune_id == commune_id) & (dossier.c.id == dossier_id)
    stopped = update(dossier).where(here, dossier.c.paused_at.is_(None)).values(paused_at=since)
    if not db.execute(stopped).rowcount:
        return
    values = {"commune_id": commune_id, "dossier_id": dossier_id, "since": since, "due_at": due_at}
    db.execute(insert(db, dossier_pause).values(values).on_conflict_do_nothing())


def due_at_pause(db: Connection, commune_id: int, dossier_id: int, since: datetime) -> datetime | None:
    """Which due date the file told when the clock was stopped."""
    found: datetime | None = db.execute(
        select(dossier_pause.c.due_at).where(*_pause(commune_id, dossier_id), dossier_pause.c.since == since)
    ).scalar()
    return found


def go_on(db: Connection, commune_id: int, dossier_id: int, now: datetime) -> None:
    """Nothing is awaited any more."""
    here = (dossier.c.commune_id == commune_id) & (dossier.c.id == dossier_id)
    db.execute(update(dossier).where(here).values(paused_at=None))
    db.execute(
        update(dossier_pause)
        .where(*_pause(commune_id, dossier_id), dossier_pause.c.until.is_(None))
        .values(until=now)
    )  # fmt: skip


def _pause(commune_id: int, dossier_id: int) -> tuple[Any, ...]:
    return dossier_pause.c.commune_id == commune_id, dossier_pause.c.dossier_id == dossier_id


def move(db: Connection, commune_id: int, dossier_id: int, deadline: datetime, now: datetime) -> None:
    """It has to be done until then; whoever is warned is warned anew, unless that is over, too."""
    here = (dossier.c.commune_id == commune_id) & (dossier.c.id == dossier_id)
    anew = {"warned": 0} if deadline > now else {}
    db.execute(update(dossier).where(here).values(deadline=deadline, **anew))
