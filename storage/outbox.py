"""The outbox: one row = one provider request with its final words, written in the turn that caused it.

States: queued -> sending -> sent | failed | unreachable | uncertain | dropped. `sending` is committed just before the
request and only for requests in flight. `uncertain`: the request may have arrived; no provider has an idempotency key,
so what happens next depends on the kind of message (`bot.outbox`). `dropped` carries why: stale, superseded, stopped,
erased, undone, other_channel. A channel without a sender (web) never marks `sending`: the row is the message, and
`sent` means the page has acknowledged it.

What leaves first is its rank, then its age. Two small indexes keep that cheap however long the queue is: open rows by
rank and id, where the next ones stand at the front behind a broadcast of 100,000 as in an empty queue; and the rows
that hold up their chat (in flight, or to be tried again).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    case,
    column,
    exists,
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

from storage import cards
from storage.cards import card
from storage.db import Id, UtcTime, among, is_postgres, metadata
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
    Column("rank", Integer, nullable=False, server_default="0"),  # RANKS: what leaves first
    Column("card_id", Id, nullable=True),  # the card whose state it shows, in one message that is edited
)
_open = text("state IN ('queued', 'sending')")
Index(
    "ix_outbox_open",
    outbox.c.commune_id,
    outbox.c.channel,
    outbox.c.account,
    outbox.c.rank,
    outbox.c.id,
    outbox.c.not_before,  # so that what is held back is passed over without being read
    sqlite_where=_open,
    postgresql_where=_open,
)
_ahead = text("(state = 'sending' OR (state = 'queued' AND attempts > 0))")
Index(
    "ix_outbox_ahead",
    outbox.c.commune_id,
    outbox.c.channel,
    outbox.c.account,
    outbox.c.chat,
    # The rest only so that the index answers alone: else SQLite may as well take ix_outbox_chat, with all the history.
    outbox.c.state,
    outbox.c.rank,
    outbox.c.attempts,
    outbox.c.expires_at,
    sqlite_where=_ahead,
    postgresql_where=_ahead,
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

RANKS = {"answer": 0, "reply": 1, "card": 1, "notice": 2, "edit": 3}
"""What leaves first: what she waits for, then what an official says or has to see, then everything else."""
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
    card_id: int | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """A queued message as the sender or a page sees it. `edits`: the provider's id of the message it changes; `due_at`:
    since when it might have left.
    """

    id: int
    chat: str
    kind: str
    body: dict[str, Any]
    attempts: int
    created_at: datetime
    repeats: int = 0
    edits: str | None = None
    card_id: int | None = None
    due_at: datetime | None = None


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


def put(db: Connection, commune_id: int, row: Row, supersede: bool = True) -> int:
    """Queue one message; a row with the same supersedes_key that still waits is dropped as superseded, unless it is
    an earlier part of the same words (`supersede` false).
    """
    if supersede and row.supersedes_key is not None:
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
        "rank": RANKS[row.kind],
        "card_id": row.card_id,
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


_HERE = (
    (outbox.c.commune_id == bindparam("commune_id"))
    & (outbox.c.channel == bindparam("channel"))
    & (outbox.c.account == bindparam("account"))
)
_IS_QUEUED = outbox.c.state == text("'queued'")
_LASTING = or_(outbox.c.expires_at.is_(None), outbox.c.expires_at >= bindparam("now"))
_DUE = Prepared(
    # _open says nothing new, but SQLite needs the very words of an index to use it.
    lambda db: select(
        outbox.c.id, outbox.c.chat, outbox.c.kind, outbox.c.body, outbox.c.attempts, outbox.c.created_at,
        outbox.c.not_before, outbox.c.repeats, outbox.c.rank, outbox.c.card_id, card.c.message_id, card.c.touched_at,
    )
    .select_from(outbox.outerjoin(card, card.c.id == outbox.c.card_id))
    .where(_HERE, _open, _IS_QUEUED, outbox.c.not_before <= bindparam("now"), _LASTING)
    .where(~among(db, outbox.c.chat, "passed", String))
    .order_by(outbox.c.rank, outbox.c.id)
    .limit(bindparam("most", type_=Integer))
)  # fmt: skip
_BEFORE = Prepared(
    # What is held back (a minute to undo) holds nobody up; what waits to be tried again does, until it is too old.
    lambda db: select(outbox.c.id, outbox.c.chat, outbox.c.rank, outbox.c.state).where(
        _HERE, _ahead, among(db, outbox.c.chat, "chats", String), or_(outbox.c.state == text("'sending'"), _LASTING)
    )
)
_POSTPONE = Prepared(update(outbox).where(outbox.c.id == bindparam("row")).values(not_before=bindparam("until")))
_SPARE = 8
"""Rows read beyond those wanted, because some of them will turn out to be held up."""


def next_to_send(
    db: Connection, commune_id: int, channel: str, account: str, now: datetime, limit: int, paused: Iterable[str] = ()
) -> list[Sending]:
    """The first due message of each chat that has none in flight, by rank and age; at most `limit`.

    Page by page along the index and not one query with NOT EXISTS: that took PostgreSQL 90 s on a broadcast of 20,000.
    A card that was touched a moment ago is put off until it may be edited again.
    """
    here = {"commune_id": commune_id, "channel": channel, "account": account, "now": now}
    passed, chosen = set(paused), list[Sending]()
    while len(chosen) < limit:
        page = _DUE.all(db, **here, passed=list(passed), most=limit - len(chosen) + _SPARE)
        if not page:
            break
        first = {row.chat: row for row in reversed(page)}
        before = _BEFORE.all(db, **here, chats=list(first))
        blocked = {each.chat for each in before if _is_ahead(each, first[each.chat])}
        held = {row.chat for row in first.values() if row.chat not in blocked and _put_off(db, row, now)}
        passed |= first.keys() - held
        for row in page:
            free = row is first[row.chat] and row.chat not in blocked | held and len(chosen) < limit
            if free and (message := _sending(db, row)) is not None:
                chosen.append(message)
    return chosen


def _is_ahead(one: Any, other: Any) -> bool:
    return bool(one.state == "sending" or (one.rank == other.rank and one.id < other.id))


def _put_off(db: Connection, row: Any, now: datetime) -> bool:
    """Hold back the edit of a card that was touched a moment ago; then it holds nobody up."""
    if row.message_id is None or row.touched_at is None or row.touched_at + cards.EDIT_EVERY <= now:
        return False
    _POSTPONE.run(db, row=row.id, until=row.touched_at + cards.EDIT_EVERY)
    return True


def _sending(db: Connection, row: Any) -> Sending | None:
    """The message of a row; one that cannot be unsealed is set aside, so that the rest goes on."""
    try:
        body = unseal_json(db, row.body)
    except Unreadable as error:
        db.execute(update(outbox).where(outbox.c.id == row.id).values(state="failed", error=str(error)))
        return None
    edits = row.message_id if row.card_id is not None else body.get("edits")
    return Sending(
        row.id, row.chat, row.kind, body, row.attempts, row.created_at, row.repeats, edits, row.card_id, row.not_before
    )


_MARK = Prepared(
    lambda db: (
        update(outbox)
        .where(among(db, outbox.c.id, "ids", BigInteger), _IS_QUEUED)
        .values(
            state="sending", epoch=bindparam("of"), marked_at=bindparam("now"), attempts=outbox.c.attempts + text("1")
        )
        .returning(outbox.c.id)
    )
)


def mark_sending(db: Connection, ids: list[int], epoch: int, now: datetime) -> set[int]:
    """Record that these requests are about to leave; committed before they do. Returns those that still may: a turn
    that ran meanwhile may have taken one back.
    """
    return {row.id for row in _MARK.all(db, ids=ids, of=epoch, now=now)} if ids else set()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a request. `again`: put back in the queue until then; otherwise `state` is where it ends.

    shows: the card whose message this has become. lost: (card, message id) of a card whose message is gone. gone: a
    private chat that has turned out to be unreachable.
    """

    id: int
    state: str
    provider_id: str | None = None
    again: datetime | None = None
    error: str | None = None
    repeat: bool = False  # it may have arrived and goes once more; counted
    epoch: int | None = None  # of the lease under which the request left; what another holder has marked since is his
    shows: int | None = None
    lost: tuple[int, str] | None = None
    gone: str = ""


def _given(db: Connection, **columns: Any) -> FromClause:
    """Rows given as one JSON parameter `given`, so that all results are one statement."""
    rows_ = bindparam("given", type_=JSON)
    if is_postgres(db):
        typed = (column(name, type_) for name, type_ in columns.items())
        return func.json_to_recordset(rows_).table_valued(*typed).render_derived("given", with_types=True)
    each = func.json_each(rows_).table_valued("value")
    read = (func.json_extract(each.c.value, f"$.{name}", type_=type_) for name, type_ in columns.items())
    return select(*(value.label(name) for name, value in zip(columns, read, strict=True))).subquery("given")


_IDS = {"row": BigInteger, "of": Integer}


def _in_flight(given: FromClause) -> Any:
    epoch = func.coalesce(given.c.of, outbox.c.epoch)
    return (outbox.c.id == given.c.row) & (outbox.c.state == text("'sending'")) & (outbox.c.epoch == epoch)


def _end(db: Connection) -> Any:
    given = _given(db, **_IDS, state=String, why=String, message=String)
    sent_at = case((given.c.state == text("'sent'"), bindparam("now", type_=UtcTime)))
    ended = {"state": given.c.state, "error": given.c.why, "provider_id": given.c.message, "sent_at": sent_at}
    return update(outbox).where(_in_flight(given)).values(ended)


def _again(db: Connection) -> Any:
    given = _given(db, **_IDS, why=String, until=BigInteger, more=Integer)
    erased = outbox.c.body.is_(None)  # meanwhile she asked to be forgotten
    waits = {
        "state": case((erased, text("'dropped'")), else_=text("'queued'")),
        "dropped": case((erased, text("'erased'"))),
        "error": given.c.why,
        "not_before": given.c.until,
        "repeats": outbox.c.repeats + given.c.more,
    }
    return update(outbox).where(_in_flight(given)).values(waits)


_END, _AGAIN = Prepared(_end), Prepared(_again)
_newer = outbox.alias("newer")
_OVERTAKEN = Prepared(
    update(outbox)
    .where(
        outbox.c.id == bindparam("row"),
        _IS_QUEUED,
        outbox.c.card_id.is_not(None),
        exists(
            select(_newer.c.id).where(
                _newer.c.commune_id == outbox.c.commune_id,
                _newer.c.supersedes_key == outbox.c.supersedes_key,
                _newer.c.state == text("'queued'"),
                _newer.c.id > outbox.c.id,
            )
        ),
    )
    .values(state="dropped", dropped="superseded")
)
_SHOW = Prepared(
    update(card)
    .where(
        card.c.id == bindparam("card"),
        exists(select(outbox.c.id).where(outbox.c.id == bindparam("row"), outbox.c.state == text("'sent'"))),
    )
    .values(message_id=bindparam("message"))
)


def record(db: Connection, results: Iterable[Result], now: datetime) -> None:
    """Write down what became of requests in flight."""
    ended = [each for each in results if each.again is None]
    again = [each for each in results if each.again is not None]
    if ended:
        _END.run(db, now=now, given=[_written(each, state=each.state, message=each.provider_id) for each in ended])
    if again:
        until = UtcTime().process_bind_param
        given = [_written(each, until=until(each.again, db.dialect), more=int(each.repeat)) for each in again]
        _AGAIN.run(db, given=given)
    for each in ended:
        if each.shows is not None:
            _SHOW.run(db, card=each.shows, row=each.id, message=each.provider_id)
    for each in again:
        if each.lost is not None:
            cards.gone(db, *each.lost)
        _OVERTAKEN.run(db, row=each.id)


def _written(result: Result, **more: Any) -> dict[str, Any]:
    return {"row": result.id, "of": result.epoch, "why": result.error and result.error[:200]} | more


def left_sending(db: Connection, commune_id: int, channel: str, account: str, epoch: int) -> list[SqlRow[Any]]:
    """Rows an earlier holder of the lease left in flight: id, kind, repeats. A card that had a message was an edit."""
    kind = case((card.c.message_id.is_not(None), text("'edit'")), else_=outbox.c.kind).label("kind")
    return list(
        db.execute(
            select(outbox.c.id, kind, outbox.c.repeats)
            .select_from(outbox.outerjoin(card, card.c.id == outbox.c.card_id))
            .where(
                outbox.c.commune_id == commune_id,
                outbox.c.channel == channel,
                outbox.c.account == account,
                outbox.c.state == text("'sending'"),
                _ahead,
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
    """Rows a person should look at: failed, unreachable, uncertain; newest first. A failed edit is nobody's work."""
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
            select(*columns)
            .where(outbox.c.commune_id == commune_id, _stuck, outbox.c.kind != "edit")
            .order_by(outbox.c.id.desc())
            .limit(limit)
        )
    )


def retry(db: Connection, commune_id: int, row_id: int, now: datetime) -> bool:
    """A person decided to send it (again); False when it is not stuck, its words are gone, or its card has a newer
    state.
    """
    newer = exists(select(_newer.c.id).where(_newer.c.card_id == outbox.c.card_id, _newer.c.id > outbox.c.id))
    mine = (outbox.c.commune_id == commune_id) & (outbox.c.id == row_id)
    changed = db.execute(
        update(outbox)
        .where(mine, _stuck, outbox.c.body.is_not(None), ~newer)
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


def erase(
    db: Connection, commune_id: int, channel: str, account: str, chat: str, keep: Iterable[int] = ()
) -> None:
    """Forget all words sent to a chat, but for rows of `keep`; what had not left is dropped as erased."""
    here = _to(commune_id, channel, account, chat) & outbox.c.id.not_in(list(keep))
    db.execute(update(outbox).where(here, outbox.c.state == "queued").values(state="dropped", dropped="erased"))
    db.execute(update(outbox).where(here).values(body=None))


def erase_cards(
    db: Connection, commune_id: int, channel: str, account: str, chat: str, keys: Iterable[str]
) -> None:
    """Forget what cards said in a chat of the office; `keys` are their supersedes_keys. A state that is still to be
    sent is dropped as erased.
    """
    here = _to(commune_id, channel, account, chat) & outbox.c.supersedes_key.in_(list(keys))
    db.execute(update(outbox).where(here, outbox.c.state == "queued").values(state="dropped", dropped="erased"))
    db.execute(update(outbox).where(here).values(body=None))


def _to(commune_id: int, channel: str, account: str, chat: str) -> Any:
    return (
        (outbox.c.commune_id == commune_id)
        & (outbox.c.channel == channel)
        & (outbox.c.account == account)
        & (outbox.c.chat == chat)
    )
