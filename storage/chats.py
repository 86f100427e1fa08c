"""Groups that got another id: one that becomes a supergroup keeps its first id in all our tables.

So lanes, talks, lists and cards go on as if nothing had happened. The channel translates at its border, both ways.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, Integer, String, Table, UniqueConstraint, select

from storage.db import Id, UtcTime, insert, metadata
from storage.inbox import lane

moved_chat = Table(
    "moved_chat",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("chat", String(128), nullable=False),  # as the provider calls it now
    Column("first", String(128), nullable=False),  # as it is called in all our tables
    Column("moved_at", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "channel", "account", "chat"),
)


@dataclass(frozen=True, slots=True)
class Moved:
    """A group under its id of today, the first id it had, and since when."""

    chat: str
    first: str
    at: datetime


def moved(db: Connection, commune_id: int, channel: str, account: str) -> list[Moved]:
    """Every group of an account that has moved, in the order in which they did."""
    found = db.execute(
        select(moved_chat.c.chat, moved_chat.c.first, moved_chat.c.moved_at)
        .where(moved_chat.c.commune_id == commune_id, moved_chat.c.channel == channel, moved_chat.c.account == account)
        .order_by(moved_chat.c.id)
    )
    return [Moved(*row) for row in found]


def first(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> str:
    """The id under which a chat is known here: its own, or that of the group it once was."""
    found = db.execute(
        select(moved_chat.c.first).where(
            moved_chat.c.commune_id == commune_id,
            moved_chat.c.channel == channel,
            moved_chat.c.account == account,
            moved_chat.c.chat == chat,
        )
    ).scalar()
    return chat if found is None else str(found)


def move(db: Connection, commune_id: int, channel: str, account: str, old: str, new: str, now: datetime) -> bool:
    """The group `old` is called `new` from now on; False when that was known."""
    key = {"commune_id": commune_id, "channel": channel, "account": account}
    values = key | {"chat": new, "first": first(db, commune_id, channel, account, old), "moved_at": now}
    statement = insert(db, moved_chat).values(values).on_conflict_do_nothing().returning(moved_chat.c.id)
    return db.execute(statement).scalar() is not None


def groups(db: Connection, commune_id: int, channel: str, account: str, limit: int = 5) -> list[str]:
    """Groups of a messenger (their ids begin with "-") that we have heard of, the latest first."""
    found = db.execute(
        select(lane.c.chat)
        .where(
            lane.c.commune_id == commune_id,
            lane.c.channel == channel,
            lane.c.account == account,
            lane.c.chat.startswith("-"),
        )
        .order_by(lane.c.id.desc())
        .limit(limit)
    )
    return list(found.scalars())
