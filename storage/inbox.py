"""The inbox: every event a channel verified, stored raw before it is acknowledged, and what becomes of it.

A lane is one chat of one channel account. Its events are taken strictly in the order they came (`storage.arrivals`);
when one of them has to wait (database away, deadlock), the whole lane waits, never the others.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    func,
    select,
    text,
    update,
)

from storage.db import EPOCH, Id, UtcTime, insert, metadata
from storage.prepared import Prepared
from storage.sealing import seal

lane = Table(
    "lane",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("chat", String(128), nullable=False),
    Column("not_before", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "channel", "account", "chat"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("lane_id", Id, ForeignKey("lane.id"), nullable=True),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("event_id", String(128), nullable=False),
    Column("sender", String(128), nullable=False),
    Column("raw", LargeBinary, nullable=True),  # sealed; empty some days after the event is done
    Column("state", String(10), nullable=False),  # new, done, failed
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("received_at", UtcTime, nullable=False),
    Column("done_at", UtcTime, nullable=True),
    Column("reference", String(16), nullable=True),
    Column("error", String(200), nullable=True),  # the kind of error and where, never what a citizen wrote
    UniqueConstraint("commune_id", "channel", "account", "event_id"),
)
_new = text("state = 'new'")
Index("ix_inbox_new", inbox.c.id, sqlite_where=_new, postgresql_where=_new)
Index("ix_inbox_lane_new", inbox.c.lane_id, inbox.c.id, sqlite_where=_new, postgresql_where=_new)
Index("ix_inbox_failed", inbox.c.id, sqlite_where=text("state = 'failed'"), postgresql_where=text("state = 'failed'"))
Index("ix_inbox_done", inbox.c.done_at, sqlite_where=text("raw IS NOT NULL"), postgresql_where=text("raw IS NOT NULL"))


@dataclass(frozen=True, slots=True)
class Event:
    """What a channel hands over: the raw bytes and the fields that route them. `event_id` makes it once only."""

    channel: str
    account: str
    chat: str
    sender: str
    event_id: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """An event taken for a turn (`storage.arrivals`); its lane is locked until the transaction ends."""

    id: int
    commune_id: int
    lane_id: int
    channel: str
    account: str
    chat: str
    sender: str
    event_id: str
    raw: bytes
    attempts: int
    received_at: datetime


_COLUMNS = ("commune_id", "lane_id", "channel", "account", "event_id", "sender", "raw", "state", "received_at")
_FROM_LANE = select(
    lane.c.commune_id,
    lane.c.id,
    lane.c.channel,
    lane.c.account,
    bindparam("event_id", type_=String),
    bindparam("sender", type_=String),
    bindparam("raw", type_=LargeBinary),
    bindparam("state", type_=String),
    bindparam("received_at", type_=UtcTime),
).where(
    lane.c.commune_id == bindparam("commune"),
    lane.c.channel == bindparam("channel"),
    lane.c.account == bindparam("account"),
    lane.c.chat == bindparam("chat"),
)
# "WHERE true" of SQLite's grammar (parsing ambiguity of INSERT ... SELECT ... ON CONFLICT) is the lane's WHERE here.
_ACCEPT = Prepared(lambda db: insert(db, inbox).from_select(_COLUMNS, _FROM_LANE).on_conflict_do_nothing().inline())


def accept(db: Connection, commune_id: int, event: Event, now: datetime) -> bool:
    """Store one event; False when this event is already there (the same event five times has one effect)."""
    values: dict[str, Any] = {
        "commune": commune_id,
        "channel": event.channel,
        "account": event.account,
        "chat": event.chat,
        "event_id": event.event_id,
        "sender": event.sender,
        "raw": seal(db, event.raw),
        "state": "new",
        "received_at": now,
    }
    # A lane is never deleted, so for all but the first event of a chat this is one statement.
    if _ACCEPT.run(db, **values):
        return True
    open_lane(db, commune_id, event.channel, event.account, event.chat)
    return _ACCEPT.run(db, **values) > 0


def open_lane(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> int:
    """The lane's id, made if it is new."""
    values = {"commune_id": commune_id, "channel": channel, "account": account, "chat": chat, "not_before": EPOCH}
    db.execute(insert(db, lane).values(values).on_conflict_do_nothing())
    found = db.execute(
        select(lane.c.id).where(
            lane.c.commune_id == commune_id, lane.c.channel == channel, lane.c.account == account, lane.c.chat == chat
        )
    ).scalar_one()
    return int(found)


def keep_broken(
    db: Connection, commune_id: int, channel: str, account: str, event_id: str, raw: bytes, why: str, now: datetime
) -> None:
    """Keep an event that could not be parsed or inserted, as failed bytes, so that nothing received is thrown away."""
    values = {
        "commune_id": commune_id,
        "lane_id": None,
        "channel": channel,
        "account": account,
        "event_id": event_id,
        "sender": "",
        "raw": seal(db, raw),
        "state": "failed",
        "received_at": now,
        "done_at": now,
        "error": why[:200],
    }
    db.execute(insert(db, inbox).values(values).on_conflict_do_nothing())


_DONE = Prepared(
    update(inbox).where(inbox.c.id == bindparam("event")).values(state="done", done_at=bindparam("now", type_=UtcTime))
)


def done(db: Connection, event_id: int, now: datetime) -> None:
    """The event has had its effect, in this same transaction."""
    _DONE.run(db, event=event_id, now=now)


def fail(db: Connection, event_id: int, reference: str, error: str, now: datetime) -> bool:
    """Set an event aside under a reference code; False when another worker has meanwhile done it."""
    changed = db.execute(
        update(inbox)
        .where(inbox.c.id == event_id, inbox.c.state == "new")
        .values(state="failed", done_at=now, reference=reference, error=error[:200], attempts=inbox.c.attempts + 1)
    )
    return changed.rowcount > 0


def postpone(db: Connection, event: Taken, now: datetime) -> datetime:
    """Leave the event new and let its lane wait, longer each time (1 s to 5 min); returns when it is tried again."""
    until = now + min(timedelta(seconds=2 ** min(abs(event.attempts), 9)), timedelta(minutes=5))
    more = -1 if is_replay(event) else 1  # a replay stays one, however often it has to wait
    db.execute(update(inbox).where(inbox.c.id == event.id).values(attempts=inbox.c.attempts + more))
    db.execute(update(lane).where(lane.c.id == event.lane_id).values(not_before=until))
    return until


def internal(name: str, **args: Any) -> bytes:
    """The raw form of an event of our own."""
    return orjson.dumps({"internal": name, "args": args})


def insert_internal(
    db: Connection, commune_id: int, lane_id: int, sender: str, event_id: str, raw: bytes, now: datetime
) -> bool:
    """Put an event of our own into a lane (a tick, a file that arrived, an official's answer); once per `event_id`."""
    at = db.execute(select(lane.c.channel, lane.c.account, lane.c.chat).where(lane.c.id == lane_id)).one()
    return accept(db, commune_id, Event(at.channel, at.account, at.chat, sender, f"internal:{event_id}", raw), now)


def waiting(db: Connection) -> int:
    """How many events have not had their turn."""
    return int(db.execute(select(func.count()).select_from(inbox).where(inbox.c.state == text("'new'"))).scalar_one())


def next_ready(db: Connection) -> datetime | None:
    """When the earliest waiting lane may go on; None when nothing waits."""
    found: datetime | None = db.execute(
        select(func.min(lane.c.not_before, type_=UtcTime))
        .join(inbox, inbox.c.lane_id == lane.c.id)
        .where(inbox.c.state == text("'new'"))
    ).scalar()
    return found


def failed(db: Connection, commune_id: int, limit: int = 100) -> list[Row[Any]]:
    """Events set aside, newest first: id, channel, received_at, reference, error, attempts."""
    columns = (
        inbox.c.id,
        inbox.c.channel,
        inbox.c.received_at,
        inbox.c.reference,
        inbox.c.error,
        inbox.c.attempts,
        inbox.c.lane_id,
    )
    return list(
        db.execute(
            select(*columns)
            .where(inbox.c.commune_id == commune_id, inbox.c.state == text("'failed'"))
            .order_by(inbox.c.id.desc())
            .limit(limit)
        )
    )


def replay(db: Connection, commune_id: int, event_id: int) -> bool:
    """Let a failed event have its turn again; False when it is not failed, has lost its words or never had a lane.

    `attempts` becomes negative as the mark that it is a replay: it starts as a new message and never answers a Confirm
    (see `is_replay`).
    """
    changed = db.execute(
        update(inbox)
        .where(
            inbox.c.commune_id == commune_id,
            inbox.c.id == event_id,
            inbox.c.state == "failed",
            inbox.c.raw.is_not(None),
            inbox.c.lane_id.is_not(None),
        )
        .values(state="new", attempts=-1)
    )
    return changed.rowcount > 0


def is_replay(event: Taken) -> bool:
    """Whether an operator sent this event again."""
    return event.attempts < 0


def empty_old(db: Connection, before: datetime, limit: int = 500) -> int:
    """Forget the words of events done or set aside before `before`; the row stays, so a late repeat still finds its
    event id.
    """
    old = (
        select(inbox.c.id)
        .where(inbox.c.raw.is_not(None), inbox.c.done_at < before, inbox.c.state != "new")
        .limit(limit)
    )
    return db.execute(update(inbox).where(inbox.c.id.in_(old)).values(raw=None)).rowcount


def delete_old(db: Connection, before: datetime, limit: int = 500) -> int:
    """Delete events done or set aside before `before` (at least 7 days ago: no channel repeats an event later than
    that).
    """
    old = select(inbox.c.id).where(inbox.c.done_at < before, inbox.c.state != "new").limit(limit)
    return db.execute(inbox.delete().where(inbox.c.id.in_(old))).rowcount


def forget(db: Connection, event_id: int) -> None:
    """Forget the words of one event in this same transaction, done or not: what accuses somebody is not kept (L28)."""
    db.execute(update(inbox).where(inbox.c.id == event_id).values(raw=None))


def erase(db: Connection, commune_id: int, lane_id: int, now: datetime) -> None:
    """Forget the words that came from a chat; event ids stay for the days in which a channel may repeat them. Looks
    through all events whose words are still kept, which is why nobody waits for it.
    """
    hers = (inbox.c.commune_id == commune_id) & (inbox.c.lane_id == lane_id) & inbox.c.raw.is_not(None)
    db.execute(update(inbox).where(hers, inbox.c.done_at <= now, inbox.c.state != "new").values(raw=None))
