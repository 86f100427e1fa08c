"""What a citizen has asked us to stop, and since when (L17); what an address reported about its owner; the call list.

`stopped` is what every notice asks first. A stop is kept with its date after she has started again, because consent has
a history. Whoever stops messages about dossiers stands on the officials' call list, with the number she left.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    delete,
    select,
    text,
    update,
)

from storage.citizens import citizen
from storage.db import Id, UtcTime, insert, metadata
from storage.sealing import seal_json, unseal_json

Kind = Literal["greetings", "notices", "surveys", "dossiers"]
UNASKED: tuple[Kind, ...] = ("greetings", "notices", "surveys")
"""What stops at her first word; messages about her own dossiers are asked about apart."""
ALL: tuple[Kind, ...] = (*UNASKED, "dossiers")

stop = Table(
    "stop",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("citizen_id", Id, ForeignKey("citizen.id"), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("reason", String(8), nullable=False),  # asked, not-me, died
    Column("stopped_at", UtcTime, nullable=False),
    Column("started_at", UtcTime, nullable=True),  # she wants them again since then
    UniqueConstraint("commune_id", "citizen_id", "kind"),
)
report = Table(
    "stop_report",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("citizen_id", Id, ForeignKey("citizen.id"), nullable=False),
    Column("reason", String(8), nullable=False),  # not-me, died
    Column("at", UtcTime, nullable=False),
    Column("noted_by", Id, ForeignKey("official.id"), nullable=True),
    Column("noted_at", UtcTime, nullable=True),
)
_open = text("noted_at IS NULL")
Index("ix_stop_report_open", report.c.commune_id, report.c.id, sqlite_where=_open, postgresql_where=_open)
Index("ix_stop_report_citizen", report.c.citizen_id)
call = Table(
    "stop_call",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("citizen_id", Id, ForeignKey("citizen.id"), nullable=False),
    Column("phone", LargeBinary, nullable=True),  # sealed JSON; empty: she left none
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "citizen_id"),
)


@dataclass(frozen=True, slots=True)
class Report:
    """An address said that its owner is somebody else, or has died; the clerk has to look at the lists."""

    id: int
    reason: str
    at: datetime
    village: str | None
    noted_by: int | None


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody who wants to be called instead of written to about her dossiers; `phone` when she left one."""

    citizen_id: int
    village: str | None
    phone: str | None
    at: datetime


def put(
    db: Connection, commune_id: int, citizen_id: int, kinds: tuple[Kind, ...], now: datetime, reason: str = "asked"
) -> None:
    """Stop these kinds at once; one that is stopped already keeps its date."""
    for kind in kinds:
        values = {
            "commune_id": commune_id, "citizen_id": citizen_id, "kind": kind, "reason": reason, "stopped_at": now,
        }  # fmt: skip
        again = {"reason": reason, "stopped_at": now, "started_at": None}
        statement = insert(db, stop).values(values)
        db.execute(
            statement.on_conflict_do_update(
                index_elements=["commune_id", "citizen_id", "kind"], set_=again, where=stop.c.started_at.is_not(None)
            )
        )


def start_again(db: Connection, commune_id: int, citizen_id: int, now: datetime) -> bool:
    """She wants messages again, of every kind; False when nothing was stopped. She leaves the call list."""
    hers = (stop.c.commune_id == commune_id) & (stop.c.citizen_id == citizen_id)
    started = db.execute(update(stop).where(hers, stop.c.started_at.is_(None)).values(started_at=now)).rowcount > 0
    db.execute(delete(call).where(call.c.commune_id == commune_id, call.c.citizen_id == citizen_id))
    return started


def stopped(db: Connection, commune_id: int, citizen_id: int) -> frozenset[Kind]:
    """What must not be sent to her unasked. Answers to her own messages are never stopped."""
    hers = (stop.c.commune_id == commune_id) & (stop.c.citizen_id == citizen_id)
    return frozenset(db.execute(select(stop.c.kind).where(hers, stop.c.started_at.is_(None))).scalars())


def join(db: Connection, commune_id: int, kept: int, gone: int) -> None:
    """Before two citizens become one (`storage.joins`): a stop in force wins, and so does a telephone number left."""
    twin, theirs = stop.alias(), call.alias()
    in_force = select(twin.c.id).where(
        twin.c.citizen_id == gone, twin.c.kind == stop.c.kind, twin.c.started_at.is_(None)
    )
    hers = (stop.c.commune_id == commune_id) & (stop.c.citizen_id == kept)
    db.execute(delete(stop).where(hers, stop.c.started_at.is_not(None), in_force.exists()))
    number = select(theirs.c.id).where(theirs.c.citizen_id == gone, theirs.c.phone.is_not(None))
    hers = (call.c.commune_id == commune_id) & (call.c.citizen_id == kept)
    db.execute(delete(call).where(hers, call.c.phone.is_(None), number.exists()))


# --- the clerk's part -------------------------------------------------------------------------------------------------


def tell(db: Connection, commune_id: int, citizen_id: int, reason: str, now: datetime) -> int | None:
    """Report once that the address belongs to somebody else ("not-me"), or that its owner has died ("died").

    Returns the report's id, or None when the same report is still open.
    """
    same = (report.c.commune_id == commune_id) & (report.c.citizen_id == citizen_id) & (report.c.reason == reason)
    if db.execute(select(report.c.id).where(same, _open)).first() is not None:
        return None
    values = {"commune_id": commune_id, "citizen_id": citizen_id, "reason": reason, "at": now}
    return int(db.execute(insert(db, report).values(values).returning(report.c.id)).scalar_one())


_REPORT: tuple[Any, ...] = (report.c.id, report.c.reason, report.c.at, citizen.c.village, report.c.noted_by)


def get_report(db: Connection, commune_id: int, report_id: int) -> Report | None:
    """A report, noted or not."""
    row = db.execute(
        select(*_REPORT)
        .join(citizen, citizen.c.id == report.c.citizen_id)
        .where(report.c.commune_id == commune_id, report.c.id == report_id)
    ).first()
    return None if row is None else Report(*row)


def open_reports(db: Connection, commune_id: int) -> list[Report]:
    """Reports nobody has noted yet, oldest first."""
    rows = db.execute(
        select(*_REPORT)
        .join(citizen, citizen.c.id == report.c.citizen_id)
        .where(report.c.commune_id == commune_id, _open)
        .order_by(report.c.id)
    )
    return [Report(*row) for row in rows]


def note(db: Connection, commune_id: int, report_id: int, official_id: int, now: datetime) -> bool:
    """An official has seen to a report; False when somebody was quicker."""
    this = (report.c.commune_id == commune_id) & (report.c.id == report_id)
    return db.execute(update(report).where(this, _open).values(noted_by=official_id, noted_at=now)).rowcount > 0


def put_on_call_list(db: Connection, commune_id: int, citizen_id: int, phone: str | None, now: datetime) -> None:
    """She wants to be called about her dossiers; a number given now replaces the one before."""
    sealed = None if phone is None else seal_json(db, phone)
    values = {"commune_id": commune_id, "citizen_id": citizen_id, "phone": sealed, "at": now}
    statement = insert(db, call).values(values)
    keys = ["commune_id", "citizen_id"]
    if sealed is None:
        db.execute(statement.on_conflict_do_nothing(index_elements=keys))
    else:
        db.execute(statement.on_conflict_do_update(index_elements=keys, set_={"phone": sealed, "at": now}))


def call_list(db: Connection, commune_id: int, limit: int = 50) -> list[Call]:
    """Who wants to be called, oldest first."""
    rows = db.execute(
        select(call.c.citizen_id, citizen.c.village, call.c.phone, call.c.at)
        .join(citizen, citizen.c.id == call.c.citizen_id)
        .where(call.c.commune_id == commune_id)
        .order_by(call.c.id)
        .limit(limit)
    )
    return [Call(row.citizen_id, row.village, _phone(db, row.phone), row.at) for row in rows]


def _phone(db: Connection, sealed: bytes | None) -> str | None:
    return None if sealed is None else str(unseal_json(db, sealed))


# --- hers -------------------------------------------------------------------------------------------------------------


def export(db: Connection, commune_id: int, citizen_id: int) -> dict[str, Any]:
    """What she has stopped and when, what was reported from her address, and the number she left."""
    stops = select(stop.c.kind, stop.c.reason, stop.c.stopped_at, stop.c.started_at).order_by(stop.c.id)
    reports = select(report.c.reason, report.c.at).order_by(report.c.id)
    calls = select(call.c.phone).where(call.c.commune_id == commune_id, call.c.citizen_id == citizen_id)
    return {
        "stops": _of(db, stops.where(stop.c.commune_id == commune_id, stop.c.citizen_id == citizen_id)),
        "reports": _of(db, reports.where(report.c.commune_id == commune_id, report.c.citizen_id == citizen_id)),
        "phone": next((_phone(db, row.phone) for row in db.execute(calls)), None),
    }


def _of(db: Connection, wanted: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in db.execute(wanted).mappings()]


def erase(db: Connection, commune_id: int, citizen_id: int) -> None:
    """Forget what she stopped: whoever is erased is not written to at all."""
    for table in (stop, report, call):
        db.execute(delete(table).where(table.c.commune_id == commune_id, table.c.citizen_id == citizen_id))
