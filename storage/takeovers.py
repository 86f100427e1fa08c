"""Chats in which an official writes by his own hand, past us: until when the assistant keeps silent there, and why.

Zalo shows us every message of the account; one that a person typed in OA Manager begins a takeover or goes on with it.
It is over at `until`; what she wrote after his last word waits for somebody then (`handlers.front.takeover`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, String, Table, UniqueConstraint, delete, select, update

from storage.db import Id, UtcTime, insert, metadata

takeover = Table(
    "takeover",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("chat", String(128), nullable=False),
    Column("sender", String(128), nullable=False),
    Column("began_at", UtcTime, nullable=False),
    Column("wrote_at", UtcTime, nullable=False),  # the official, last
    Column("until", UtcTime, nullable=False),
    Column("request_id", Id, nullable=True),  # where her words meanwhile are kept
    Column("asked_at", UtcTime, nullable=True),  # she wrote last, after his last word
    UniqueConstraint("commune_id", "channel", "account", "chat"),
)
Index("ix_takeover_until", takeover.c.commune_id, takeover.c.until)


@dataclass(frozen=True, slots=True)
class Takeover:
    """An official writes to her himself. `asked_at`: she has written since his last word."""

    id: int
    channel: str
    account: str
    chat: str
    sender: str
    began_at: datetime
    wrote_at: datetime
    until: datetime
    request_id: int | None
    asked_at: datetime | None


_COLUMNS: tuple[Any, ...] = tuple(takeover.c[name] for name in Takeover.__slots__)


def begin(
    db: Connection, commune_id: int, channel: str, account: str, chat: str, sender: str, now: datetime, until: datetime
) -> bool:
    """An official has written there himself; True when that is new, False when it goes on."""
    going_on = find(db, commune_id, channel, account, chat)
    values = {
        "commune_id": commune_id, "channel": channel, "account": account, "chat": chat, "sender": sender,
        "began_at": now, "wrote_at": now, "until": until,
    }  # fmt: skip
    again = {"wrote_at": now, "until": until, "asked_at": None}
    keys = ["commune_id", "channel", "account", "chat"]
    db.execute(insert(db, takeover).values(values).on_conflict_do_update(index_elements=keys, set_=again))
    return going_on is None


def find(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> Takeover | None:
    """The takeover of a chat that has not been ended yet (`end`), even when its time is over."""
    row = db.execute(select(*_COLUMNS).where(_to(commune_id, channel, account, chat))).first()
    return None if row is None else Takeover(*row)


def asked(db: Connection, takeover_id: int, request_id: int, now: datetime) -> bool:
    """She has written; her words are in that request. False when it has been ended meanwhile."""
    values = {"request_id": request_id, "asked_at": now}
    return db.execute(update(takeover).where(takeover.c.id == takeover_id).values(values)).rowcount > 0


def over(db: Connection, commune_id: int, now: datetime, limit: int = 100) -> list[Takeover]:
    """Those whose time is over."""
    due = (takeover.c.commune_id == commune_id) & (takeover.c.until <= now)
    return [Takeover(*row) for row in db.execute(select(*_COLUMNS).where(due).order_by(takeover.c.until).limit(limit))]


def end(db: Connection, takeover_id: int, now: datetime) -> bool:
    """It is over; False when the official has written again meanwhile."""
    ended = (takeover.c.id == takeover_id) & (takeover.c.until <= now)
    return db.execute(delete(takeover).where(ended)).rowcount > 0


def export(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> list[dict[str, Any]]:
    """That an official is writing to her himself."""
    wanted = select(takeover.c.began_at, takeover.c.until).where(_to(commune_id, channel, account, chat))
    return [dict(row) for row in db.execute(wanted).mappings()]


def erase(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> None:
    """Forget it; her words went with the request."""
    db.execute(delete(takeover).where(_to(commune_id, channel, account, chat)))


def _to(commune_id: int, channel: str, account: str, chat: str) -> Any:
    return (
        (takeover.c.commune_id == commune_id)
        & (takeover.c.channel == channel)
        & (takeover.c.account == account)
        & (takeover.c.chat == chat)
    )
