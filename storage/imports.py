"""Import runs: the desk's file is staged in slices, then applied in slices, so that no turn waits longer than a slice.

    reading -> applying -> done         every row that is new or changed goes through `import_row`
    reading -> refused | failed         nothing was applied, the staged rows are thrown away

One commit turns a run from `reading` to `applying`; that is the border between nothing and everything. A run found
`reading` after a crash is dropped, one found `applying` is finished from its staged rows: each slice is applied and
deleted from the staging table in one transaction, so what is still there is what is still to do.

Rows that change nothing are told by their digest and not staged at all. Only one run goes on at a time, so a digest
compared while reading still holds when its row is applied.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    null,
    or_,
    select,
    text,
    update,
)

from storage.db import Id, UtcTime, among, is_postgres, metadata
from storage.db import insert as upsert
from storage.dossier_events import dossier_event
from storage.dossiers import dossier, dossier_step, tail_key_text
from storage.prepared import Prepared
from storage.sealing import Keys, keys

SLICE = 1000
"""Rows a slice: some 20-60 ms on two cores, which is what a turn may have to wait."""

State = Literal["reading", "applying", "done", "refused", "failed"]

import_run = Table(
    "import_run",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("file", String(200), nullable=False),  # its name, without folders
    Column("sha256", String(64), nullable=False),
    Column("state", String(10), nullable=False),
    Column("strict", Boolean, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("touched_at", UtcTime, nullable=False),  # at every slice: a run nobody touches any more is dead
    Column("finished_at", UtcTime, nullable=True),
    Column("data_as_of", UtcTime, nullable=False),  # how old the file's data are (L04)
    Column("new", BigInteger, nullable=False, server_default="0"),
    Column("changed", BigInteger, nullable=False, server_default="0"),
    Column("same", BigInteger, nullable=False, server_default="0"),
    Column("refused", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("commune_id", "id"),
)
_open = text("state IN ('reading', 'applying')")
Index("uq_import_run_open", import_run.c.commune_id, unique=True, sqlite_where=_open, postgresql_where=_open)
_done = text("state = 'done'")
Index("ix_import_run_age", import_run.c.commune_id, import_run.c.data_as_of, sqlite_where=_done, postgresql_where=_done)

import_row = Table(
    "import_row",
    metadata,
    Column("commune_id", Integer, nullable=False),
    Column("import_id", Id, ForeignKey("import_run.id"), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("old_status", Integer, nullable=True),  # empty: a new dossier
    Column("code", String(64), nullable=False),
    Column("code_key", String(64), nullable=False),
    Column("procedure_code", Text, nullable=False),
    Column("procedure_name", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("received_at", UtcTime, nullable=True),
    Column("due_at", UtcTime, nullable=True),
    Column("village", Text, nullable=False),
    Column("officer", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("details", LargeBinary, nullable=False),
    Column("phone_key", String(32), nullable=True),
    Column("applicant_key", String(32), nullable=False),
    Column("tail_key", String(32), nullable=True),
    Column("digest", String(32), nullable=False),
    UniqueConstraint("commune_id", "import_id", "code_key"),
)
import_alert = Table(
    "import_alert",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("data_as_of", UtcTime, nullable=False),
    Column("level", Integer, nullable=False),  # working days without an import: 2 the clerk, 3 the substitute
    UniqueConstraint("commune_id", "data_as_of", "level"),
)

_FIELDS = (
    "code",
    "code_key",
    "procedure_code",
    "procedure_name",
    "status",
    "received_at",
    "due_at",
    "village",
    "officer",
    "place",
    "details",
    "phone_key",
    "applicant_key",
    "tail_key",
    "digest",
)


class Busy(Exception):
    """Another import goes on; `since` is when it began."""

    def __init__(self, since: datetime) -> None:
        super().__init__("another import goes on")
        self.since = since


class Incoming(Protocol):
    """One good row of a file (bot.dossier_file.Dossier): `phone` with its country, or None when there is none."""

    @property
    def line(self) -> int: ...
    @property
    def code(self) -> str: ...
    @property
    def code_key(self) -> str: ...
    @property
    def procedure_code(self) -> str: ...
    @property
    def procedure_name(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def received_at(self) -> datetime | None: ...
    @property
    def due_at(self) -> datetime | None: ...
    @property
    def village(self) -> str: ...
    @property
    def officer(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def applicant(self) -> str: ...
    @property
    def phone(self) -> str | None: ...
    @property
    def note(self) -> str: ...


Bare = Callable[[str], str]
"""How names are compared: without case and accents (messages.fold.fold; storage knows no language)."""


@dataclass(frozen=True, slots=True)
class Run:
    """An import run and what it has counted."""

    id: int
    state: State
    strict: bool
    started_at: datetime
    touched_at: datetime
    data_as_of: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows were new, changed, the same, refused."""

    new: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.new + other.new, self.changed + other.changed, self.same + other.same, self.refused + other.refused
        )


# --- reading ----------------------------------------------------------------------------------------------------------


def begin(
    db: Connection, commune_id: int, file: str, sha256: str, strict: bool, data_as_of: datetime, now: datetime
) -> int:
    """Open a run; raises Busy when another one is open (the partial unique index decides between two at once)."""
    values = {
        "commune_id": commune_id,
        "file": file[:200],
        "sha256": sha256,
        "state": "reading",
        "strict": strict,
        "started_at": now,
        "touched_at": now,
        "data_as_of": data_as_of,
    }
    made = db.execute(
        upsert(db, import_run).values(values).on_conflict_do_nothing().returning(import_run.c.id)
    ).scalar()
    if made is None:
        other = open_run(db, commune_id)
        raise Busy(other.started_at if other else now)
    return int(made)


_RUN = (
    import_run.c.id,
    import_run.c.state,
    import_run.c.strict,
    import_run.c.started_at,
    import_run.c.touched_at,
    import_run.c.data_as_of,
)


def open_run(db: Connection, commune_id: int) -> Run | None:
    """The run that goes on, or was left by a process that died."""
    row = db.execute(select(*_RUN).where(import_run.c.commune_id == commune_id, _open)).first()
    return None if row is None else Run(*row)


def became(db: Connection, commune_id: int, import_id: int) -> tuple[str, Counts] | None:
    """The state of a run, and what it has counted."""
    counted = (import_run.c.state, import_run.c.new, import_run.c.changed, import_run.c.same, import_run.c.refused)
    row: Any = db.execute(
        select(*counted).where(import_run.c.commune_id == commune_id, import_run.c.id == import_id)
    ).first()
    return None if row is None else (row.state, Counts(row.new, row.changed, row.same, row.refused))


def digests(db: Connection, commune_id: int, code_keys: Sequence[str]) -> dict[str, tuple[str, int]]:
    """(digest, status) of those of these dossiers that are known."""
    rows = _KNOWN.all(db, commune=commune_id, keys=list(code_keys))
    return {row.code_key: (row.digest, row.status) for row in rows}


_KNOWN = Prepared(
    lambda db: select(dossier.c.code_key, dossier.c.digest, dossier.c.status).where(
        dossier.c.commune_id == bindparam("commune"), among(db, dossier.c.code_key, "keys", String)
    )
)


def digest(by: Keys, row: Incoming) -> str:
    """Keyed digest of all that the file says of a dossier: the same digest, nothing has changed."""
    fields = (
        row.code,
        row.procedure_code,
        row.procedure_name,
        row.status,
        row.received_at,
        row.due_at,
        row.village,
        row.officer,
        row.place,
        row.applicant,
        row.phone,
        row.note,
    )
    return by.lookup_key("dossier", orjson.dumps(fields).decode())


def seal_row(by: Keys, row: Incoming, mark: str, old_status: int | None, bare: Bare) -> dict[str, Any]:
    """The row as it is staged: name, phone and note sealed, look-up keys beside them. Needs no connection."""
    phone = row.phone
    return {
        "line": row.line,
        "old_status": old_status,
        "code": row.code,
        "code_key": row.code_key,
        "procedure_code": row.procedure_code,
        "procedure_name": row.procedure_name,
        "status": row.status,
        "received_at": row.received_at,
        "due_at": row.due_at,
        "village": row.village,
        "officer": row.officer,
        "place": row.place,
        "details": by.seal(orjson.dumps({"applicant": row.applicant, "phone": row.phone, "note": row.note})),
        "phone_key": phone and by.lookup_key("phone", phone),
        "applicant_key": by.lookup_key("applicant", bare(row.applicant)),
        "tail_key": phone and by.lookup_key("tail", tail_key_text(row.code_key, phone[-4:])),
        "digest": mark,
    }


def sift(
    by: Keys, rows: Iterable[Incoming], known: dict[str, tuple[str, int]], bare: Bare
) -> tuple[list[dict[str, Any]], Counts]:
    """Rows to stage, sealed, and what was counted; rows that change nothing are only counted."""
    staged, new, same = [], 0, 0
    for row in rows:
        mark = digest(by, row)
        before, status = known.get(row.code_key, (None, None))
        if before == mark:
            same += 1
            continue
        new += before is None
        staged.append(seal_row(by, row, mark, status, bare))
    return staged, Counts(new, len(staged) - new, same)


_STAGE = Prepared(insert(import_row))


def stage(db: Connection, commune_id: int, import_id: int, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """Keep a slice of sealed rows for later, and show that the run is alive."""
    _touch(db, import_id, now)
    _STAGE.many(db, [row | {"commune_id": commune_id, "import_id": import_id} for row in rows])


def _touch(db: Connection, import_id: int, now: datetime, **values: Any) -> None:
    db.execute(update(import_run).where(import_run.c.id == import_id).values(touched_at=now, **values))


def go_on(db: Connection, import_id: int, counts: Counts, now: datetime) -> None:
    """All rows are staged and may be applied: from here on the run is finished whatever happens."""
    _touch(
        db,
        import_id,
        now,
        state="applying",
        new=counts.new,
        changed=counts.changed,
        same=counts.same,
        refused=counts.refused,
    )


# --- applying ---------------------------------------------------------------------------------------------------------

_staged = and_(
    import_row.c.commune_id == bindparam("commune"),
    import_row.c.import_id == bindparam("import_id"),
    import_row.c.line > bindparam("after"),
    import_row.c.line <= bindparam("last"),
)
_same_dossier = and_(dossier.c.commune_id == import_row.c.commune_id, dossier.c.code_key == import_row.c.code_key)
_moved = or_(import_row.c.old_status.is_(None), import_row.c.old_status != import_row.c.status)
_when = bindparam("now", type_=UtcTime)
_as_of = bindparam("as_of", type_=UtcTime)
_LAST = (
    select(import_row.c.line)
    .where(
        import_row.c.commune_id == bindparam("commune"),
        import_row.c.import_id == bindparam("import_id"),
        import_row.c.line > bindparam("after"),
    )
    .order_by(import_row.c.line)
    .limit(SLICE)
    .subquery()
)
_TO_APPLY = select(func.max(_LAST.c.line))
_WRITTEN = ("commune_id", "import_id", "changed_at")
_TIMED = ("deadline", "warned")
"""What follows from the due date, until it is moved here: a due date that stays the same in the file moves nothing."""
_OVERDUE_AT_FIRST = 99
"""What was late before we ever heard of it is nobody's news: it is listed, not apologised for by itself."""
_DOSSIERS = select(
    import_row.c.commune_id, import_row.c.import_id, _when.label("now"), *(import_row.c[name] for name in _FIELDS),
    import_row.c.due_at.label("deadline"), case((import_row.c.due_at < _as_of, _OVERDUE_AT_FIRST), else_=0),
).where(_staged)  # fmt: skip
_STEPS = (
    select(
        import_row.c.commune_id,
        dossier.c.id,
        import_row.c.status,
        _as_of.label("at"),
        import_row.c.officer,
        import_row.c.import_id,
    )
    .join(dossier, _same_dossier)
    .where(_staged, _moved)
)
_ASKED = (5, 6)
"""Papers or a fee are awaited: which stands in the sealed note, so any change of such a row may be another list."""
_MOVES = (
    select(
        import_row.c.commune_id,
        dossier.c.id,
        case((_moved, "moved"), else_="noted"),
        "i" + cast(import_row.c.import_id, String),
        func.coalesce(import_row.c.old_status, 0),
        import_row.c.status,
        _as_of.label("at"),
    )
    .join(dossier, _same_dossier)
    .where(_staged, or_(_moved, import_row.c.status.in_(_ASKED)))
    .where(or_(import_row.c.old_status.is_not(None), import_row.c.received_at >= bindparam("fresh", type_=UtcTime)))
)
_APPLIED = delete(import_row).where(_staged)
_SET_SINCE = select(dossier.c.code_key).where(dossier.c.commune_id == bindparam("commune"), dossier.c.set_at > _as_of)
_OLDER_THAN_THE_HAND = delete(import_row).where(_staged, import_row.c.code_key.in_(_SET_SINCE))
"""An official has set the status after these data were drawn up (storage.trail): his word is the newer one."""


def apply_slice(
    db: Connection, commune_id: int, run: Run, after: int, now: datetime, fresh_days: int = 3
) -> int | None:
    """Apply the next slice of staged rows, set-based, and drop it from staging.

    `after`: the last line applied so far (0 at first, and after a crash). A dossier that is new in the file is news
    only when it was received within `fresh_days`. Returns the last line of this slice, or None when nothing was left.
    """
    values: dict[str, Any] = {"commune": commune_id, "import_id": run.id, "after": after}
    last: int | None = db.execute(_TO_APPLY, values).scalar()
    if last is None:
        return None
    values |= {"last": last, "now": now, "as_of": run.data_as_of, "fresh": run.data_as_of - timedelta(days=fresh_days)}
    db.execute(_OLDER_THAN_THE_HAND, values)
    made = upsert(db, dossier).from_select([*_WRITTEN, *_FIELDS, *_TIMED], _DOSSIERS)
    fresh = {name: made.excluded[name] for name in (*_WRITTEN[1:], *_FIELDS)}
    same_due = dossier.c.due_at.is_not_distinct_from(made.excluded.due_at)
    fresh |= {name: case((same_due, dossier.c[name]), else_=made.excluded[name]) for name in _TIMED}
    fresh["set_at"] = case((dossier.c.status == made.excluded.status, null()), else_=dossier.c.set_at)
    db.execute(made.on_conflict_do_update(index_elements=["commune_id", "code_key"], set_=fresh), values)
    trail = ["commune_id", "dossier_id", "status", "at", "officer", "import_id"]
    db.execute(upsert(db, dossier_step).from_select(trail, _STEPS).on_conflict_do_nothing(), values)
    moved = ["commune_id", "dossier_id", "kind", "once", "old", "new", "at"]
    db.execute(upsert(db, dossier_event).from_select(moved, _MOVES).on_conflict_do_nothing(), values)
    db.execute(_APPLIED, values)
    _touch(db, run.id, now)
    return last


def refresh_plans(db: Connection) -> None:
    """Let PostgreSQL look at tables that have just grown: without it, a thousand codes cost a scan of the commune."""
    if is_postgres(db):
        db.execute(text("ANALYZE dossier, dossier_step, dossier_event, import_row"))


def finish(db: Connection, import_id: int, now: datetime) -> None:
    """Nothing is left to apply."""
    _touch(db, import_id, now, state="done", finished_at=now)


# --- dropping ---------------------------------------------------------------------------------------------------------


def drop(
    db: Connection, import_id: int, state: Literal["refused", "failed"], now: datetime, counts: Counts | None = None
) -> None:
    """Close a run that applied nothing; its staged rows go with `clear_slice`."""
    counted = {} if counts is None else {"same": counts.same, "refused": counts.refused}
    _touch(db, import_id, now, state=state, finished_at=now, **counted)


def clear_slice(db: Connection, commune_id: int) -> bool:
    """Delete a slice of rows that dropped runs have left in staging; False when there are none."""
    dead = select(import_run.c.id).where(
        import_run.c.commune_id == commune_id, import_run.c.state.in_(("refused", "failed"))
    )
    staged = (import_row.c.commune_id == commune_id, import_row.c.import_id.in_(dead))
    first = db.execute(select(import_row.c.import_id, import_row.c.line).where(*staged).limit(SLICE)).all()
    for import_id in {row.import_id for row in first}:
        lines = [row.line for row in first if row.import_id == import_id]
        db.execute(delete(import_row).where(import_row.c.import_id == import_id, import_row.c.line.in_(lines)))
    return bool(first)


# --- the age of the data (L04) ----------------------------------------------------------------------------------------

_AGE = Prepared(
    select(import_run.c.data_as_of)
    .where(import_run.c.commune_id == bindparam("commune"), _done)
    .order_by(import_run.c.data_as_of.desc())
    .limit(1)
)


def data_age(db: Connection, commune_id: int) -> datetime | None:
    """When the newest data were drawn up; None when nothing was ever imported."""
    found: datetime | None = _AGE.scalar(db, commune=commune_id)
    return found


def alert_once(db: Connection, commune_id: int, data_as_of: datetime, level: int) -> bool:
    """True the first time this is asked for these data and this level: so an alert goes out once."""
    values = {"commune_id": commune_id, "data_as_of": data_as_of, "level": level}
    made = upsert(db, import_alert).values(values).on_conflict_do_nothing().returning(import_alert.c.id)
    return db.execute(made).first() is not None


def load(
    db: Connection, commune_id: int, file: str, rows: Sequence[Incoming], bare: Bare, as_of: datetime, now: datetime,
    fresh_days: int = 3,
) -> Counts:
    """A whole small import in the transaction at hand: the sample commune, tests. Raises Busy."""
    run_id = begin(db, commune_id, file, "", False, as_of, now)
    counts = Counts()
    for at in range(0, len(rows), SLICE):
        part = rows[at : at + SLICE]
        staged, counted = sift(keys(db), part, digests(db, commune_id, [row.code_key for row in part]), bare)
        stage(db, commune_id, run_id, staged, now)
        counts += counted
    go_on(db, run_id, counts, now)
    run = Run(run_id, "applying", False, now, now, as_of)
    after: int | None = 0
    while after is not None:
        after = apply_slice(db, commune_id, run, after, now, fresh_days)
    finish(db, run_id, now)
    return counts
