"""Web sessions: a token made by the server, of which only a digest is stored.

A villager's session is a chat of the web channel; an official's session leads to the chat of that official, whichever
browser it comes from. A session on a shared computer carries a PIN that confirms what is sent (L02).
"""

import hashlib
import hmac
import secrets
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
    String,
    Table,
    UniqueConstraint,
    bindparam,
    insert,
    or_,
    select,
    text,
    update,
)

from storage.db import Id, UtcTime, metadata
from storage.officials import official
from storage.sealing import lookup_key

session = Table(
    "session",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("chat", String(64), nullable=False),  # also the sender: web chats are private
    Column("official_id", Id, ForeignKey("official.id"), nullable=True),
    Column("pin_hash", String(64), nullable=True),  # set on a shared computer
    Column("pin_tries", Integer, nullable=False, server_default="0"),
    Column("closed", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "token_hash"),
)
Index("ix_session_expires", session.c.expires_at)
Index("ix_session_official", session.c.official_id)

VILLAGER_DAYS = 365
OFFICE_DAYS = 30
PIN_TRIES = 5


@dataclass(frozen=True, slots=True)
class Session:
    """Who is at the other end of a web connection."""

    id: int
    chat: str
    official_id: int | None
    shared: bool


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def create(
    db: Connection, commune_id: int, now: datetime, official_id: int | None = None, pin: str | None = None
) -> tuple[str, Session]:
    """A new session and its token, told once. An official's token is the cookie of /office."""
    token = secrets.token_urlsafe(32)
    chat = f"official:{official_id}" if official_id else secrets.token_hex(12)
    days = OFFICE_DAYS if official_id else VILLAGER_DAYS
    made = db.execute(
        insert(session)
        .values(
            commune_id=commune_id,
            token_hash=_digest(token),
            chat=chat,
            official_id=official_id,
            pin_hash=pin and lookup_key(db, "pin", f"{official_id}:{pin}"),
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        .returning(session.c.id)
    ).scalar_one()
    return token, Session(made, chat, official_id, pin is not None)


_FIND = (
    select(session.c.id, session.c.chat, session.c.official_id, session.c.pin_hash)
    .outerjoin(official, official.c.id == session.c.official_id)
    .where(
        session.c.commune_id == bindparam("commune"),
        session.c.token_hash == bindparam("digest"),
        ~session.c.closed,
        session.c.expires_at > bindparam("now", type_=UtcTime),
        or_(session.c.official_id.is_(None), official.c.active),
    )
)


def find(db: Connection, commune_id: int, token: str, now: datetime) -> Session | None:
    """The session of a token; None when it is unknown, closed or too old, or its official has been removed."""
    row = db.execute(_FIND, {"commune": commune_id, "digest": _digest(token), "now": now}).first()
    return None if row is None else Session(row.id, row.chat, row.official_id, row.pin_hash is not None)


def close(db: Connection, commune_id: int, session_id: int) -> None:
    """Sign out."""
    db.execute(
        update(session).where(session.c.commune_id == commune_id, session.c.id == session_id).values(closed=True)
    )


def is_shared(db: Connection, commune_id: int, sender: str) -> bool:
    """Whether this official has a session on a shared computer, so that a PIN confirms what is sent."""
    found = db.execute(
        select(session.c.id)
        .where(
            session.c.commune_id == commune_id,
            session.c.official_id == _official_id(sender),
            ~session.c.closed,
            session.c.pin_hash.is_not(None),
        )
        .limit(1)
    ).scalar()
    return found is not None


def check_pin(db: Connection, commune_id: int, sender: str, pin: str) -> bool:
    """Whether this is the PIN of one of the official's shared sessions; five wrong ones close those sessions."""
    wanted = lookup_key(db, "pin", f"{_official_id(sender)}:{pin}")
    mine = (
        (session.c.commune_id == commune_id)
        & (session.c.official_id == _official_id(sender))
        & ~session.c.closed
        & session.c.pin_hash.is_not(None)
    )
    pins = db.execute(select(session.c.pin_hash).where(mine)).scalars()
    matches = [hmac.compare_digest(pin_hash, wanted) for pin_hash in pins]
    if any(matches):
        db.execute(update(session).where(mine).values(pin_tries=0))
    else:
        db.execute(update(session).where(mine).values(pin_tries=session.c.pin_tries + 1))
        db.execute(update(session).where(mine, session.c.pin_tries >= PIN_TRIES).values(closed=True))
    return any(matches)


def _official_id(sender: str) -> int:
    number = sender.removeprefix("official:")
    return int(number) if number.isdecimal() else 0


def delete_old(db: Connection, now: datetime, limit: int = 500) -> int:
    """Delete sessions that ended."""
    old = select(session.c.id).where(session.c.expires_at < now).limit(limit)
    return db.execute(session.delete().where(session.c.id.in_(old))).rowcount


def export(db: Connection, commune_id: int, chat: str) -> list[dict[str, Any]]:
    """A villager's sessions: since when, until when."""
    found = select(session.c.created_at, session.c.expires_at).where(
        session.c.commune_id == commune_id, session.c.chat == chat
    )
    return [dict(row) for row in db.execute(found).mappings()]


def let_end(db: Connection, commune_id: int, chat: str, at: datetime) -> None:
    """A villager's page is hers until then at most, and is deleted afterwards."""
    here = (session.c.commune_id == commune_id) & (session.c.chat == chat) & (session.c.expires_at > at)
    db.execute(update(session).where(here).values(expires_at=at))


def erase(db: Connection, commune_id: int, chat: str) -> None:
    """Forget a villager's sessions."""
    db.execute(session.delete().where(session.c.commune_id == commune_id, session.c.chat == chat))
