"""Talks (the state of a conversation, one live per chat and sender) and the lists a typed number may answer.

A talk's answers are sealed and emptied some days after it is done. States: live; parked (another was started
meanwhile); expired (kept 7 days, one tap continues: L07); ended (its result repeats for 30 days); closed;
kept (words that wait for a tap).
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    insert,
    or_,
    select,
    text,
    true,
    tuple_,
    update,
)

from storage.db import Id, UtcTime, metadata
from storage.db import insert as upsert
from storage.inbox import lane
from storage.prepared import Prepared
from storage.sealing import seal_json, unseal_json

talk = Table(
    "talk",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("token", String(13), nullable=False),  # the talk's name in buttons
    Column("lane_id", Id, ForeignKey("lane.id"), nullable=False),
    Column("sender", String(128), nullable=False),
    Column("route", String(40), nullable=False),
    Column("state", String(8), nullable=False),
    Column("data", LargeBinary, nullable=True),  # sealed: bot.conversation.State, what came late, the result
    Column("opened_at", UtcTime, nullable=False),
    Column("touched_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("wake_at", UtcTime, nullable=True),
    UniqueConstraint("commune_id", "token"),
)
_live = text("state = 'live'")
Index(
    "uq_talk_live",
    talk.c.commune_id,
    talk.c.lane_id,
    talk.c.sender,
    unique=True,
    sqlite_where=_live,
    postgresql_where=_live,
)
Index("ix_talk_sender", talk.c.lane_id, talk.c.sender, talk.c.state, talk.c.touched_at)
Index("ix_talk_expires", talk.c.expires_at, sqlite_where=_live, postgresql_where=_live)
_waking = text("wake_at IS NOT NULL")
Index("ix_talk_wake", talk.c.wake_at, sqlite_where=_waking, postgresql_where=_waking)
_words = text("data IS NOT NULL")
Index("ix_talk_words", talk.c.touched_at, sqlite_where=_words, postgresql_where=_words)

shown_list = Table(
    "shown_list",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("lane_id", Id, ForeignKey("lane.id"), nullable=False),
    Column("sender", String(128), nullable=False),
    Column("unasked", Boolean, nullable=False),  # came with a notice, not with an answer of ours
    Column("sent_at", UtcTime, nullable=False),
    Column("items", LargeBinary, nullable=False),  # sealed: [[label, token], …]
)
Index(
    "uq_shown_list",
    shown_list.c.commune_id,
    shown_list.c.lane_id,
    shown_list.c.sender,
    shown_list.c.unasked,
    unique=True,
)

KEPT = timedelta(days=7)
"""How long an expired talk can be continued (L07)."""
REPEATS = timedelta(days=30)
"""How long the last button of a talk that ended well repeats its result."""

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Talk:
    """A stored talk. `data` is what `bot.talks` put there."""

    id: int
    token: str
    lane_id: int
    sender: str
    route: str
    state: str
    data: dict[str, Any]
    touched_at: datetime
    expires_at: datetime


COLUMNS: tuple[Any, ...] = (
    talk.c.id,
    talk.c.token,
    talk.c.lane_id,
    talk.c.sender,
    talk.c.route,
    talk.c.state,
    talk.c.data,
    talk.c.touched_at,
    talk.c.expires_at,
)
"""What `opened` takes."""
_LIVE = Prepared(
    select(*COLUMNS).where(
        talk.c.lane_id == bindparam("lane"), talk.c.sender == bindparam("sender"), talk.c.state == text("'live'")
    )
)


def opened(db: Connection, row: Sequence[Any] | None) -> Talk | None:
    """The talk of the values of COLUMNS; raises Unreadable when it was sealed with another key."""
    if row is None:
        return None
    number, token, lane_id, sender, route, state, data, touched_at, expires_at = row
    words = {} if data is None else unseal_json(db, data)
    return Talk(number, token, lane_id, sender, route, state, words, touched_at, expires_at)


def live(db: Connection, lane_id: int, sender: str) -> Talk | None:
    """The talk going on in this chat with this sender."""
    return opened(db, _LIVE.first(db, lane=lane_id, sender=sender))


def by_token(db: Connection, commune_id: int, lane_id: int, sender: str, token: str) -> Talk | None:
    """The sender's own talk of that name, in any state; somebody else's is never found."""
    return opened(
        db,
        db.execute(
            select(*COLUMNS).where(
                talk.c.commune_id == commune_id,
                talk.c.token == token,
                talk.c.lane_id == lane_id,
                talk.c.sender == sender,
            )
        ).first(),
    )


_LATEST = Prepared(
    select(*COLUMNS)
    .where(
        talk.c.lane_id == bindparam("lane"),
        talk.c.sender == bindparam("sender"),
        talk.c.state.in_([bindparam("one"), bindparam("other")]),
        talk.c.touched_at >= bindparam("since", type_=UtcTime),
        talk.c.data.is_not(None),
    )
    .order_by(talk.c.touched_at.desc())
    .limit(1)
)


def latest(db: Connection, lane_id: int, sender: str, states: tuple[str, ...], since: datetime) -> Talk | None:
    """The sender's most recently touched talk in one of these states (one or two)."""
    one, other = states[0], states[-1]
    return opened(db, _LATEST.first(db, lane=lane_id, sender=sender, one=one, other=other, since=since))


_PARK = Prepared(
    update(talk)
    .where(talk.c.lane_id == bindparam("lane"), talk.c.sender == bindparam("of"), talk.c.state == text("'live'"))
    .values(state="parked", wake_at=None)
)
_OPEN = Prepared(insert(talk).returning(talk.c.id))


def _token() -> str:
    """Eight letters and digits that no other talk of hers is likely to have."""
    number, signs = secrets.randbelow(len(ALPHABET) ** 8), ""
    for _each in range(8):
        number, place = divmod(number, len(ALPHABET))
        signs += ALPHABET[place]
    return signs


def open_talk(
    db: Connection,
    commune_id: int,
    lane_id: int,
    sender: str,
    route: str,
    now: datetime,
    expires_at: datetime,
    park: bool = True,
    state: str = "live",
) -> Talk:
    """A new live talk; one that was live is parked and can be resumed until it expires (`park` false: none is). state
    "kept": nobody is asked anything, and what `save` puts there waits for a tap.
    """
    if park:
        _PARK.run(db, lane=lane_id, of=sender)
    token = _token()
    values = {
        "commune_id": commune_id,
        "token": token,
        "lane_id": lane_id,
        "sender": sender,
        "route": route,
        "state": state,
        "data": seal_json(db, {}),
        "opened_at": now,
        "touched_at": now,
        "expires_at": expires_at,
    }
    return Talk(_OPEN.scalar(db, **values), token, lane_id, sender, route, state, {}, now, expires_at)


_SAVE = Prepared(
    update(talk)
    .where(talk.c.id == bindparam("talk"))
    .values(
        state=bindparam("to"),
        data=bindparam("sealed", type_=LargeBinary),
        touched_at=bindparam("now", type_=UtcTime),
        expires_at=bindparam("until", type_=UtcTime),
        wake_at=bindparam("wake", type_=UtcTime),
    )
)


def save(
    db: Connection,
    talk_id: int,
    state: str,
    data: dict[str, Any],
    now: datetime,
    expires_at: datetime,
    wake_at: datetime | None = None,
) -> None:
    """Store a talk's new state."""
    _SAVE.run(db, talk=talk_id, to=state, sealed=seal_json(db, data), now=now, until=expires_at, wake=wake_at)


def revive(db: Connection, found: Talk, now: datetime, expires_at: datetime) -> None:
    """Make an expired or parked talk the live one; the one that was live is parked."""
    _PARK.run(db, lane=found.lane_id, of=found.sender)
    db.execute(update(talk).where(talk.c.id == found.id).values(state="live", touched_at=now, expires_at=expires_at))


def due(
    db: Connection, commune_id: int, now: datetime, deaf: Collection[tuple[str, str]] = (), limit: int = 500
) -> list[Any]:
    """Live talks whose time has come: (token, lane_id, sender, wake_at, expires_at). Their own lanes do the rest.

    deaf: channels (name, account) on which nobody can answer now; there no talk expires.
    """
    heard = true() if not deaf else tuple_(lane.c.channel, lane.c.account).not_in(deaf)
    wanted: tuple[Any, ...] = (talk.c.token, talk.c.lane_id, talk.c.sender, talk.c.wake_at, talk.c.expires_at)
    expired = (
        select(*wanted)
        .join(lane, lane.c.id == talk.c.lane_id)
        .where(talk.c.commune_id == commune_id, talk.c.state == text("'live'"), talk.c.expires_at <= now, heard)
        .limit(limit)
    )
    waking = (
        select(*wanted)
        .where(talk.c.commune_id == commune_id, talk.c.state == text("'live'"), talk.c.wake_at <= now)
        .limit(limit)
    )
    return [*db.execute(expired), *db.execute(waking)]


def parked(
    db: Connection, commune_id: int, route: str, since: datetime, until: datetime, limit: int = 500
) -> list[Any]:
    """Talks of a conversation that were set aside between two moments: (token, lane_id, sender)."""
    wanted = select(talk.c.token, talk.c.lane_id, talk.c.sender).where(
        talk.c.commune_id == commune_id, talk.c.route == route, talk.c.state == "parked",
        talk.c.touched_at.between(since, until), _words,  # the index of words is by this
    )  # fmt: skip
    return list(db.execute(wanted.limit(limit)))


def untouched(
    db: Connection, commune_id: int, channel: str, account: str, since: datetime, until: datetime
) -> list[Any]:
    """Live talks of a channel whose open question was asked between two moments: (token, lane_id, sender)."""
    wanted = (
        select(talk.c.token, talk.c.lane_id, talk.c.sender)
        .join(lane, lane.c.id == talk.c.lane_id)
        .where(lane.c.commune_id == commune_id, lane.c.channel == channel, lane.c.account == account)
        .where(talk.c.state == text("'live'"), talk.c.touched_at.between(since, until))
        .where(talk.c.expires_at >= since)  # says nothing new, but the index is by this
    )
    return list(db.execute(wanted))


def empty_old(db: Connection, before: datetime, limit: int = 500) -> int:
    """Forget the answers of talks nobody touched since `before`; the result of one that ended well is repeated
    longer.
    """
    done = (talk.c.state == "ended") & (talk.c.touched_at < before - (REPEATS - KEPT))
    old = (
        select(talk.c.id)
        .where(_words, or_(done, talk.c.state.not_in(["live", "ended"]) & (talk.c.touched_at < before)))
        .limit(limit)
    )
    return db.execute(update(talk).where(talk.c.id.in_(old)).values(data=None)).rowcount


def delete_old(db: Connection, before: datetime, limit: int = 500) -> int:
    """Delete talks nobody touched since `before`."""
    old = select(talk.c.id).where(talk.c.touched_at < before, talk.c.state != "live").limit(limit)
    gone = db.execute(talk.delete().where(talk.c.id.in_(old))).rowcount
    lists = select(shown_list.c.id).where(shown_list.c.sent_at < before).limit(limit)
    return gone + db.execute(shown_list.delete().where(shown_list.c.id.in_(lists))).rowcount


# --- lists
# -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """A list of choices she was sent, outside a talk: (label, token) in order."""

    sent_at: datetime
    items: list[tuple[str, str]]


def _show_list(db: Connection) -> Any:
    statement = upsert(db, shown_list)
    latest = {"sent_at": statement.excluded.sent_at, "items": statement.excluded["items"]}
    keys = ["commune_id", "lane_id", "sender", "unasked"]
    return statement.on_conflict_do_update(index_elements=keys, set_=latest).inline()


_SHOW_LIST = Prepared(_show_list)


def show_list(
    db: Connection,
    commune_id: int,
    lane_id: int,
    sender: str,
    items: list[tuple[str, str]],
    now: datetime,
    unasked: bool = False,
) -> None:
    """Remember what a typed number will mean. A list in an answer replaces the one before; so does one in a notice."""
    values = {
        "commune_id": commune_id,
        "lane_id": lane_id,
        "sender": sender,
        "unasked": unasked,
        "sent_at": now,
        "items": seal_json(db, items),
    }
    _SHOW_LIST.run(db, **values)


_LISTS = Prepared(
    select(shown_list.c.sent_at, shown_list.c["items"])
    .where(
        shown_list.c.commune_id == bindparam("commune"),
        shown_list.c.lane_id == bindparam("lane"),
        shown_list.c.sender == bindparam("sender"),
    )
    .order_by(shown_list.c.sent_at.desc())
)


def lists(db: Connection, commune_id: int, lane_id: int, sender: str) -> list[Shown]:
    """The latest lists sent to her, newest first."""
    found = _LISTS.all(db, commune=commune_id, lane=lane_id, sender=sender)
    return [Shown(row.sent_at, [(label, token) for label, token in unseal_json(db, row.items)]) for row in found]


# --- hers
# ---------------------------------------------------------------------------------------------------------------


def export(db: Connection, commune_id: int, lane_id: int, sender: str) -> list[dict[str, Any]]:
    """Her talks and the answers still kept."""
    rows = db.execute(
        select(*COLUMNS).where(talk.c.commune_id == commune_id, talk.c.lane_id == lane_id, talk.c.sender == sender)
    ).all()
    found = [opened(db, row) for row in rows]
    return [{"route": each.route, "at": each.touched_at, "data": each.data} for each in found if each is not None]


def erase(db: Connection, commune_id: int, lane_id: int, sender: str) -> None:
    """Forget her talks and lists."""
    db.execute(talk.delete().where(talk.c.commune_id == commune_id, talk.c.lane_id == lane_id, talk.c.sender == sender))
    db.execute(
        shown_list.delete().where(
            shown_list.c.commune_id == commune_id, shown_list.c.lane_id == lane_id, shown_list.c.sender == sender
        )
    )
