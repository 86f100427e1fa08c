"""The right to act for an account: a pair of tokens of which the second is good once and brings the next pair.

Whoever spends a refresh token first writes that he asks (`ask`), in a transaction of its own, and nobody else asks
meanwhile. What comes back is stored (`save`) before it is used. A pair is stored only over the very pair it came from,
or by a new consent; so a late answer, or an error, never takes the place of a good pair (zalo.md 1.3). Somebody who
died between asking and storing has left his question behind: the next one knows then why the old token is worth
nothing.

When the grant is lost the row says so until a new consent; the access token may be good for some hours more.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    delete,
    select,
    update,
)

from storage.db import Id, UtcTime, insert, is_postgres, metadata
from storage.sealing import lookup_key, seal_json, unseal_json

grant = Table(
    "grant_pair",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("generation", Integer, nullable=False),  # which pair it is, 0: none yet
    Column("pair", LargeBinary, nullable=True),  # sealed JSON: access, refresh
    Column("previous", LargeBinary, nullable=True),  # the pair before, to find out what has happened
    Column("obtained_at", UtcTime, nullable=True),
    Column("expires_at", UtcTime, nullable=True),  # the access token
    Column("asked_by", String(40), nullable=True),  # who has spent the refresh token and not yet stored the answer
    Column("asked_until", UtcTime, nullable=True),  # until when he may still be at it; real time
    Column("unanswered", Boolean, nullable=False),  # this refresh token may have been spent
    Column("first_key", String(32), nullable=True),  # look-up key of the first refresh token that was spent or refused
    Column("lost_at", UtcTime, nullable=True),
    Column("lost_why", String(20), nullable=True),  # refused, unanswered, withdrawn
    Column("told_at", UtcTime, nullable=True),
    UniqueConstraint("commune_id", "channel", "account"),
)
awaited = Table(
    "grant_awaited",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("state_key", String(32), nullable=False),  # look-up key of what the redirected address must bring back
    Column("until", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "channel", "account", "state_key"),
)


@dataclass(frozen=True, slots=True)
class Account:
    """Whose grant it is."""

    commune_id: int
    channel: str
    account: str

    def values(self) -> dict[str, Any]:
        return {"commune_id": self.commune_id, "channel": self.channel, "account": self.account}


@dataclass(frozen=True, slots=True)
class Pair:
    """A grant as it stands. `lost`: why there will be no further pair, "" while all is well."""

    generation: int
    access: str
    refresh: str
    obtained_at: datetime | None
    expires_at: datetime | None
    lost: str
    lost_at: datetime | None
    told: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """This process alone may now spend `refresh`. again: it may have been spent before, without an answer."""

    generation: int
    refresh: str
    again: bool
    first: bool  # it is the one of the settings


NOTHING = Pair(0, "", "", None, None, "", None, False)


def find(db: Connection, whose: Account) -> Pair:
    """The grant as it stands; NOTHING when nobody has consented yet."""
    row = db.execute(select(grant).where(_here(whose))).mappings().first()
    return NOTHING if row is None else _pair(db, row)


def ask(
    db: Connection, whose: Account, beyond: int, first: str, who: str, now: datetime, until: datetime
) -> Asked | Pair | None:
    """May `who` spend the refresh token? The pair that stands, when it is newer than `beyond` or nothing is left to
    spend; None while somebody else is at it. `first`: the token of the settings, for when there is no other.

    `now` and `until` are real time: a test clock must not end somebody's turn.
    """
    blank = whose.values() | {"generation": 0, "unanswered": False}
    db.execute(insert(db, grant).values(blank).on_conflict_do_nothing())
    row = db.execute(select(grant).where(_here(whose)).with_for_update()).mappings().one()
    pair = _pair(db, row)
    if pair.generation > beyond:
        return pair
    untried = bool(first) and _first_key(db, first) != row["first_key"]
    use_first = untried and (not pair.refresh or bool(pair.lost))
    if not use_first and (not pair.refresh or pair.lost):
        return pair
    other = row["asked_by"] is not None and row["asked_by"] != who
    if other and is_postgres(db) and row["asked_until"] > now:  # on SQLite there is one process: he must be dead
        return None
    again = row["unanswered"] or row["asked_by"] is not None
    values = {"asked_by": who, "asked_until": until, "unanswered": again}
    db.execute(update(grant).where(_here(whose)).values(values))
    return Asked(pair.generation, first if use_first else pair.refresh, again, use_first)


def save(
    db: Connection, whose: Account, asked: Asked, access: str, refresh: str, now: datetime, expires_at: datetime
) -> Pair:
    """The answer to what was asked; the pair that stands afterwards: another, if there was a new consent meanwhile."""
    row = db.execute(select(grant).where(_here(whose)).with_for_update()).mappings().one()
    if row["generation"] == asked.generation:
        _replace(db, whose, row, access, refresh, now, expires_at, _first_key(db, asked.refresh) if asked.first else "")
    return find(db, whose)


def refuse(db: Connection, whose: Account, asked: Asked, now: datetime) -> Pair:
    """The refresh token is worth nothing; the pair that stands afterwards: another one's, if he was faster."""
    row = db.execute(select(grant).where(_here(whose)).with_for_update()).mappings().one()
    if row["generation"] == asked.generation:
        why = "unanswered" if asked.again else "refused"
        lost = {} if row["lost_at"] is not None else {"lost_at": now, "lost_why": why, "told_at": None}
        tried = {"first_key": _first_key(db, asked.refresh)} if asked.first else {}
        free = {"asked_by": None, "asked_until": None, "unanswered": False}
        db.execute(update(grant).where(_here(whose)).values(free | lost | tried))
    return find(db, whose)


def let_go(db: Connection, whose: Account, asked: Asked, unanswered: bool) -> None:
    """No answer came that says anything; `unanswered`: the token may have been spent all the same."""
    free = {"asked_by": None, "asked_until": None, "unanswered": unanswered or asked.again}
    db.execute(update(grant).where(_here(whose), grant.c.generation == asked.generation).values(free))


def consented(db: Connection, whose: Account, access: str, refresh: str, now: datetime, expires_at: datetime) -> Pair:
    """A person has given a new pair; whatever was before is over."""
    blank = whose.values() | {"generation": 0, "unanswered": False}
    db.execute(insert(db, grant).values(blank).on_conflict_do_nothing())
    row = db.execute(select(grant).where(_here(whose)).with_for_update()).mappings().one()
    _replace(db, whose, row, access, refresh, now, expires_at, "")
    return find(db, whose)


def withdraw(db: Connection, whose: Account, at: datetime) -> Pair:
    """The account has taken its consent back: not even the access token is good any more."""
    gone = {"lost_at": at, "lost_why": "withdrawn", "told_at": None, "expires_at": at}
    mine = _here(whose) & (grant.c.obtained_at <= at) & grant.c.lost_at.is_(None)
    db.execute(update(grant).where(mine).values(gone))
    return find(db, whose)


def tell(db: Connection, whose: Account, now: datetime) -> bool:
    """Whether the operator has still to be told that the grant is lost; from now on he has been."""
    untold = _here(whose) & grant.c.lost_at.is_not(None) & grant.c.told_at.is_(None)
    return db.execute(update(grant).where(untold).values(told_at=now).returning(grant.c.id)).first() is not None


def _here(whose: Account) -> Any:
    mine = (grant.c.commune_id == whose.commune_id) & (grant.c.channel == whose.channel)
    return mine & (grant.c.account == whose.account)


def _first_key(db: Connection, token: str) -> str:
    return lookup_key(db, "first refresh token", token)


def _replace(
    db: Connection, whose: Account, row: Any, access: str, refresh: str, now: datetime, expires_at: datetime, first: str
) -> None:
    fresh = {
        "generation": row["generation"] + 1,
        "pair": seal_json(db, {"access": access, "refresh": refresh}),
        "previous": row["pair"],
        "obtained_at": now,
        "expires_at": expires_at,
        "asked_by": None,
        "asked_until": None,
        "unanswered": False,
        "lost_at": None,
        "lost_why": None,
        "told_at": None,
    }
    db.execute(update(grant).where(_here(whose)).values(fresh | ({"first_key": first} if first else {})))


def _pair(db: Connection, row: Any) -> Pair:
    said = unseal_json(db, row["pair"]) if row["pair"] is not None else {"access": "", "refresh": ""}
    told = row["told_at"] is not None
    where = (row["obtained_at"], row["expires_at"], row["lost_why"] or "", row["lost_at"], told)
    return Pair(row["generation"], said["access"], said["refresh"], *where)


# --- consent ----------------------------------------------------------------------------------------------------------


def expect(db: Connection, whose: Account, state: str, now: datetime, until: datetime) -> None:
    """A link to consent has been given out: until then the redirected address may come back with this `state`."""
    db.execute(delete(awaited).where(_asked_for(whose), awaited.c.until <= now))
    key = lookup_key(db, "consent", state)
    db.execute(insert(db, awaited).values(whose.values() | {"state_key": key, "until": until}))


def expected(db: Connection, whose: Account, state: str, now: datetime) -> bool:
    """Whether this `state` was given out, has not run out, and comes back for the first time."""
    key = lookup_key(db, "consent", state)
    mine = delete(awaited).where(_asked_for(whose), awaited.c.state_key == key).returning(awaited.c.until)
    until = db.execute(mine).scalar()
    return until is not None and until > now


def _asked_for(whose: Account) -> Any:
    mine = (awaited.c.commune_id == whose.commune_id) & (awaited.c.channel == whose.channel)
    return mine & (awaited.c.account == whose.account)
