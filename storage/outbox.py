"""The outbox: one row = one provider request with its final words, written in the turn that caused it.

States: queued -> sending -> sent | failed | unreachable | uncertain | dropped. `sending` is committed just before the
request and only for requests in flight. `uncertain`: the request may have arrived; no provider has an idempotency key,
so what happens next depends on the kind of message (`bot.outbox`). `dropped` carries why: stale, superseded, stopped,
erased, undone, other_channel. A channel without a sender (web) never marks `sending`: the row is the message, and
`sent` means the page has acknowledged it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy import (
    Row as SqlRow,
)

from storage.db import Id, UtcTime, metadata
from storage.prepared import Prepared
from storage.sealing import Unreadable, seal_json, unseal_json

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("chat", String(128), nullable=False),
    Column("kind", String(10), nullable=False),  # answer, reply, notice, card, edit
    Column("body", LargeBinary, nullable=True),  # sealed JSON; empty some days after it is done
    Column("state", String(12), nullable=False),
    Column("dropped", String(16), nullable=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("repeats", Integer, nullable=False, server_default="0"),  # sent once more because it was uncertain
    Column("created_at", UtcTime, nullable=False),
    Column("not_before", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=True),
    Column("supersedes_key", String(80), nullable=True),
    Column("in_reply_to", Id, nullable=True),  # the inbox event it answers
    Column("epoch", Integer, nullable=True),  # of the lease under which it was marked
    Column("marked_at", UtcTime, nullable=True),
    Column("sent_at", UtcTime, nullable=True),
    Column("delivered_at", UtcTime, nullable=True),
    Column("seen_at", UtcTime, nullable=True),
    Column("provider_id", String(64), nullable=True),
    Column("error", String(200), nullable=True),
)
_open = text("state IN ('queued', 'sending')")
Index(
    "ix_outbox_open",
    outbox.c.commune_id,
    outbox.c.channel,
    outbox.c.account,
    outbox.c.id,
    sqlite_where=_open,
    postgresql_where=_open,
)
Index("ix_outbox_chat", outbox.c.commune_id, outbox.c.channel, outbox.c.account, outbox.c.chat, outbox.c.id)
_keyed = text("state = 'queued' AND supersedes_key IS NOT NULL")
Index(
    "ix_outbox_supersedes", outbox.c.commune_id, outbox.c.supersedes_key, sqlite_where=_keyed, postgresql_where=_keyed
)
_stuck = text("state IN ('failed', 'unreachable', 'uncertain')")
Index("ix_outbox_stuck", outbox.c.commune_id, outbox.c.id, sqlite_where=_stuck, postgresql_where=_stuck)
_queued = text("state = 'queued'")
Index("ix_outbox_due", outbox.c.not_before, sqlite_where=_queued, postgresql_where=_queued)
Index("ix_outbox_expires", outbox.c.expires_at, sqlite_where=_queued, postgresql_where=_queued)
_words = text("body IS NOT NULL")
Index("ix_outbox_words", outbox.c.created_at, sqlite_where=_words, postgresql_where=_words)

STATES = ("queued", "sending", "sent", "failed", "unreachable", "uncertain", "dropped")
REPEATABLE = ("answer", "edit")
"""Kinds that go once more when it is uncertain whether they arrived; anything unasked stays for a person to decide."""


@dataclass(frozen=True, slots=True)
class Row:
    """A message to queue. `body` is the rendered request: text, buttons, … (messages.render)."""

    channel: str
    account: str
    chat: str
    kind: str
    body: dict[str, Any]
    created_at: datetime
    not_before: datetime
    expires_at: datetime | None = None
    supersedes_key: str | None = None
    in_reply_to: int | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """A queued message as the sender or a page sees it."""

    id: int
    chat: str
    kind: str
    body: dict[str, Any]
    attempts: int
    created_at: datetime
    repeats: int = 0


_PUT = Prepared(insert(outbox).returning(outbox.c.id))
_SUPERSEDE = Prepared(
    update(outbox)
    .where(
        outbox.c.commune_id == bindparam("commune"),
        outbox.c.supersedes_key == bindparam("key"),
        outbox.c.state == text("'queued'"),
    )
    .values(state="dropped", dropped="superseded")
)


def put(db: Connection, commune_id: int, row: Row) -> int:
    """Queue one message; a row with the same supersedes_key that still waits is dropped as superseded."""
    if row.supersedes_key is not None:
        _SUPERSEDE.run(db, commune=commune_id, key=row.supersedes_key)
    values = {
        "commune_id": commune_id,
        "channel": row.channel,
        "account": row.account,
        "chat": row.chat,
        "kind": row.kind,
        "body": seal_json(db, row.body),
        "state": "queued",
        "created_at": row.created_at,
        "not_before": row.not_before,
        "expires_at": row.expires_at,
        "supersedes_key": row.supersedes_key,
        "in_reply_to": row.in_reply_to,
    }
    made: int = _PUT.scalar(db, **values)
    return made


def undo(db: Connection, commune_id: int, ids: Iterable[int]) -> int:
    """Take back messages that have not left; returns how many could be taken back."""
    return db.execute(
        update(outbox)
        .where(outbox.c.commune_id == commune_id, outbox.c.id.in_(list(ids)), outbox.c.state == "queued")
        .values(state="dropped", dropped="undone")
    ).rowcount


def stop(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> None:
    """Drop what still waits for a chat: whoever is there wants nothing more from us."""
    waiting = outbox.c.state == "queued"
    here = _to(commune_id, channel, account, chat)
    db.execute(update(outbox).where(here, waiting).values(state="dropped", dropped="stopped"))


def drop_stale(db: Connection, now: datetime) -> int:
    """Drop queued messages whose time has passed."""
    return db.execute(
        update(outbox)
        .where(outbox.c.state == text("'queued'"), outbox.c.expires_at < now)
        .values(state="dropped", dropped="stale")
    ).rowcount


# --- the sender's side ------------------------------------------------------------------------------------------------


def next_to_send(
    db: Connection, commune_id: int, channel: str, account: str, now: datetime, limit: int, paused: Iterable[str] = ()
) -> list[Sending]:
    """The oldest due message of each chat that has none in flight, answers before the rest; at most `limit`.

    Page by page along the index and not one query with NOT EXISTS: that took PostgreSQL 90 s on a broadcast of 20,000.
    """
    here = (outbox.c.commune_id == commune_id) & (outbox.c.channel == channel) & (outbox.c.account == account)
    lasting = or_(outbox.c.expires_at.is_(None), outbox.c.expires_at >= now)
    # _open says nothing new, but SQLite needs the very words of the index to use it.
    due = select(*_SENDING).where(here, _open, outbox.c.state == text("'queued'"), outbox.c.not_before <= now, lasting)
    # What is held back (a minute to undo) holds nobody up; what waits to be tried again does.
    again = (outbox.c.state == text("'queued'")) & (outbox.c.attempts > 0) & (outbox.c.not_before > now) & lasting
    before = select(outbox.c.id, outbox.c.chat, outbox.c.kind, outbox.c.state).where(
        here, or_(outbox.c.state == text("'sending'"), again)
    )
    passed, chosen = set(paused), list[Sending]()
    for mine in (outbox.c.kind == text("'answer'"), outbox.c.kind != text("'answer'")):
        while len(chosen) < limit:
            page = db.execute(due.where(mine, outbox.c.chat.not_in(passed)).order_by(outbox.c.id).limit(limit)).all()
            if not page:
                break
            first = {row.chat: row for row in reversed(page)}
            ahead = db.execute(before.where(outbox.c.chat.in_(first))).all()
            blocked = {each.chat for each in ahead if _is_ahead(each, first[each.chat])}
            free = [row for row in page if row is first[row.chat] and row.chat not in blocked]
            chosen += [message for row in free if (message := _sending(db, row)) is not None]
            passed |= first.keys()
    return chosen[:limit]


_SENDING: tuple[Any, ...] = (
    outbox.c.id, outbox.c.chat, outbox.c.kind, outbox.c.body, outbox.c.attempts, outbox.c.created_at, outbox.c.repeats,
)  # fmt: skip


def _is_ahead(one: Any, other: Any) -> bool:
    same_class = (one.kind == "answer") == (other.kind == "answer")
    return bool(one.state == "sending" or (same_class and one.id < other.id))


def _sending(db: Connection, row: Any) -> Sending | None:
    """The message of a row; one that cannot be unsealed is set aside, so that the rest goes on."""
    try:
        body = unseal_json(db, row.body)
    except Unreadable as error:
        db.execute(update(outbox).where(outbox.c.id == row.id).values(state="failed", error=str(error)))
        return None
    return Sending(row.id, row.chat, row.kind, body, row.attempts, row.created_at, row.repeats)


def mark_sending(db: Connection, ids: list[int], epoch: int, now: datetime) -> None:
    """Record that these requests are about to leave; committed before they do."""
    if ids:
        db.execute(
            update(outbox)
            .where(outbox.c.id.in_(ids))
            .values(state="sending", epoch=epoch, marked_at=now, attempts=outbox.c.attempts + 1)
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a request. `again`: put back in the queue until then; otherwise `state` is where it ends."""

    id: int
    state: str
    provider_id: str | None = None
    again: datetime | None = None
    error: str | None = None
    repeat: bool = False  # it may have arrived and goes once more; counted
    epoch: int | None = None  # of the lease under which the request left; what another holder has marked since is his


def record(db: Connection, results: Iterable[Result], now: datetime) -> None:
    """Write down what became of requests in flight."""
    for result in results:
        values: dict[str, Any] = {"state": result.state, "error": result.error and result.error[:200]}
        if result.again is not None:
            erased = outbox.c.body.is_(None)  # meanwhile she asked to be forgotten
            dropped = {"state": case((erased, "dropped"), else_="queued"), "dropped": case((erased, "erased"))}
            values |= dropped | {"not_before": result.again}
        if result.repeat:
            values["repeats"] = outbox.c.repeats + 1
        if result.state == "sent" and result.again is None:
            values |= {"sent_at": now, "provider_id": result.provider_id}
        same = () if result.epoch is None else (outbox.c.epoch == result.epoch,)
        db.execute(update(outbox).where(outbox.c.id == result.id, outbox.c.state == "sending", *same).values(values))


def left_sending(db: Connection, commune_id: int, channel: str, account: str, epoch: int) -> list[SqlRow[Any]]:
    """Rows an earlier holder of the lease left in flight: id, kind, repeats."""
    return list(
        db.execute(
            select(outbox.c.id, outbox.c.kind, outbox.c.repeats).where(
                outbox.c.commune_id == commune_id,
                outbox.c.channel == channel,
                outbox.c.account == account,
                outbox.c.state == text("'sending'"),
                _open,
                outbox.c.epoch < epoch,
            )
        )
    )


# --- the page's side --------------------------------------------------------------------------------------------------


def shown(
    db: Connection,
    commune_id: int,
    channel: str,
    account: str,
    chats: list[str],
    stream: str,
    after: int,
    now: datetime,
    limit: int = 200,
) -> list[Sending]:
    """What a page should show: of its own `chats` what is after its cursor and what it has not acknowledged, and of a
    shared `stream` (nobody acknowledges that) what is after its cursor.

    Ids may commit out of order on PostgreSQL, so of its own chats a row below the cursor that is still `queued` is
    handed out too. Without a cursor the latest rows are shown.
    """
    waiting = (outbox.c.state == "queued") & or_(outbox.c.expires_at.is_(None), outbox.c.expires_at >= now)
    wanted = (
        select(
            outbox.c.id,
            outbox.c.chat,
            outbox.c.kind,
            outbox.c.body,
            outbox.c.attempts,
            outbox.c.created_at,
            outbox.c.not_before,
        )
        .where(outbox.c.commune_id == commune_id, outbox.c.channel == channel, outbox.c.account == account)
        .where(outbox.c.not_before <= now, outbox.c.body.is_not(None))
        .order_by(outbox.c.id if after else outbox.c.id.desc())
        .limit(limit)
    )
    own = or_(waiting, (outbox.c.state == "sent") & (outbox.c.id > after))
    found = db.execute(wanted.where(outbox.c.chat.in_(chats), own)).all()
    if stream:  # a query of its own: with OR the index of chats would not be used
        found = [*found, *db.execute(wanted.where(outbox.c.chat == stream, outbox.c.id > after, waiting))]
    rows = sorted(found, key=lambda row: row.id)
    return [
        Sending(
            row.id, row.chat, row.kind, unseal_json(db, row.body), row.attempts, max(row.created_at, row.not_before)
        )
        for row in (rows[:limit] if after else rows[-limit:])
    ]


def acknowledge(
    db: Connection, commune_id: int, channel: str, account: str, chats: list[str], ids: list[int], now: datetime
) -> int:
    """The page has these rows; only its own chats' rows count."""
    return db.execute(
        update(outbox)
        .where(
            outbox.c.commune_id == commune_id,
            outbox.c.channel == channel,
            outbox.c.account == account,
            outbox.c.chat.in_(chats),
            outbox.c.id.in_(ids),
            outbox.c.state == "queued",
        )
        .values(state="sent", sent_at=now, attempts=outbox.c.attempts + 1)
    ).rowcount


def next_due(db: Connection, now: datetime) -> datetime | None:
    """When the next held message (undo time, back-off) becomes due; None when none is held."""
    found: datetime | None = db.execute(
        select(func.min(outbox.c.not_before, type_=UtcTime)).where(
            outbox.c.state == text("'queued'"), outbox.c.not_before > now
        )
    ).scalar()
    return found


def due_chats(db: Connection, channel: str, since: datetime, until: datetime) -> list[str]:
    """Chats of a channel with a message that became due in (since, until]."""
    return list(
        db.execute(
            select(outbox.c.chat)
            .distinct()
            .where(
                outbox.c.state == text("'queued'"),
                outbox.c.channel == channel,
                outbox.c.not_before > since,
                outbox.c.not_before <= until,
            )
        ).scalars()
    )


# --- the operator's side ----------------------------------------------------------------------------------------------


def counts(db: Connection, commune_id: int) -> dict[str, int]:
    """How many rows are in each state; they add up to everything ever queued and not yet pruned."""
    found = db.execute(
        select(outbox.c.state, func.count()).where(outbox.c.commune_id == commune_id).group_by(outbox.c.state)
    )
    return {state: int(number) for state, number in found}


def stuck(db: Connection, commune_id: int, limit: int = 100) -> list[SqlRow[Any]]:
    """Rows a person should look at: failed, unreachable, uncertain; newest first."""
    columns: tuple[Any, ...] = (
        outbox.c.id,
        outbox.c.channel,
        outbox.c.kind,
        outbox.c.state,
        outbox.c.attempts,
        outbox.c.created_at,
        outbox.c.error,
    )
    return list(
        db.execute(
            select(*columns).where(outbox.c.commune_id == commune_id, _stuck).order_by(outbox.c.id.desc()).limit(limit)
        )
    )


def retry(db: Connection, commune_id: int, row_id: int, now: datetime) -> bool:
    """A person decided to send it (again); False when it is not stuck or its words are gone."""
    changed = db.execute(
        update(outbox)
        .where(outbox.c.commune_id == commune_id, outbox.c.id == row_id, _stuck, outbox.c.body.is_not(None))
        .values(state="queued", not_before=now, expires_at=None, error=None)
    )
    return changed.rowcount > 0


def settle(db: Connection, commune_id: int, row_id: int, arrived: bool, now: datetime) -> bool:
    """A person knows what became of it: it arrived, or it never will."""
    values = {"state": "sent", "sent_at": now} if arrived else {"state": "dropped", "dropped": "stopped"}
    return (
        db.execute(
            update(outbox).where(outbox.c.commune_id == commune_id, outbox.c.id == row_id, _stuck).values(values)
        ).rowcount
        > 0
    )


def empty_old(db: Connection, before: datetime, limit: int = 500) -> int:
    """Forget the words of messages that ended before `before`."""
    old = (
        select(outbox.c.id)
        .where(_words, outbox.c.created_at < before, outbox.c.state.not_in(["queued", "sending"]))
        .limit(limit)
    )
    return db.execute(update(outbox).where(outbox.c.id.in_(old)).values(body=None)).rowcount


def delete_old(db: Connection, before: datetime, limit: int = 500) -> int:
    """Delete rows that ended before `before`."""
    ended = outbox.c.state.not_in(["queued", "sending"])
    old = select(outbox.c.id).where(outbox.c.created_at < before, ended).limit(limit)
    return db.execute(outbox.delete().where(outbox.c.id.in_(old))).rowcount


def export(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> list[dict[str, Any]]:
    """What was sent to a chat and is still kept: when, of what kind, the words."""
    found = db.execute(
        select(outbox.c.created_at, outbox.c.kind, outbox.c.body)
        .where(_to(commune_id, channel, account, chat), outbox.c.body.is_not(None))
        .order_by(outbox.c.id)
    )
    return [
        {"at": row.created_at, "kind": row.kind, "text": unseal_json(db, row.body).get("text", "")} for row in found
    ]


def erase(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> None:
    """Forget all words sent to a chat; what had not left is dropped as erased."""
    here = _to(commune_id, channel, account, chat)
    db.execute(update(outbox).where(here, outbox.c.state == "queued").values(state="dropped", dropped="erased"))
    db.execute(update(outbox).where(here).values(body=None))


def _to(commune_id: int, channel: str, account: str, chat: str) -> Any:
    return (
        (outbox.c.commune_id == commune_id)
        & (outbox.c.channel == channel)
        & (outbox.c.account == account)
        & (outbox.c.chat == chat)
    )
