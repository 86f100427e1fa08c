"""Cards: an official's view of a case or request, kept in one message of a chat that is edited while the case goes on.

One row a card and chat: its name, and the provider's id of the message that shows it now. Replies are bound by that
stored id, never by parsing text. Which state is sent, and whether as a new message or as an edit, is decided when the
sender marks the row of the outbox (`storage.outbox`): then it is known what became of the card's earlier messages.
Words stand only in the outbox.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, String, Table, UniqueConstraint, bindparam, select, text

from storage.db import Id, UtcTime, metadata
from storage.db import insert as upsert
from storage.prepared import Prepared

EDIT_EVERY = timedelta(seconds=5)
"""A card is edited at most this often; what changes meanwhile is shown together."""

card = Table(
    "card",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("chat", String(128), nullable=False),
    Column("name", String(80), nullable=False),  # messages.reply.Reply.card
    Column("message_id", String(64), nullable=True),  # the provider's, of the message that shows it; empty: none does
    Column("touched_at", UtcTime, nullable=True),  # when a request for it last left
    UniqueConstraint("commune_id", "channel", "account", "chat", "name"),
)
_bound = text("message_id IS NOT NULL")
Index(
    "ix_card_message", card.c.commune_id, card.c.channel, card.c.account, card.c.chat, card.c.message_id,
    sqlite_where=_bound, postgresql_where=_bound,
)  # fmt: skip


def _here(commune_id: Any, channel: Any, account: Any, chat: Any) -> Any:
    return (
        (card.c.commune_id == commune_id)
        & (card.c.channel == channel)
        & (card.c.account == account)
        & (card.c.chat == chat)
    )


_IN_CHAT = _here(*(bindparam(name) for name in ("commune_id", "channel", "account", "chat")))
_FIND = Prepared(select(card.c.id).where(_IN_CHAT, card.c.name == bindparam("name")))
_MAKE = Prepared(lambda db: upsert(db, card).on_conflict_do_nothing())
_NAME = Prepared(select(card.c.name).where(_IN_CHAT, card.c.message_id == bindparam("message_id"), _bound))
_TOUCH = Prepared(card.update().where(card.c.id == bindparam("card")).values(touched_at=bindparam("now")))


def place(db: Connection, commune_id: int, channel: str, account: str, chat: str, name: str) -> int:
    """The id of a card in a chat, made when it is shown there for the first time."""
    key = {"commune_id": commune_id, "channel": channel, "account": account, "chat": chat, "name": name}
    if (found := _FIND.scalar(db, **key)) is None:
        _MAKE.run(db, **key)
        found = _FIND.scalar(db, **key)
    return int(found)


def find(db: Connection, commune_id: int, channel: str, account: str, chat: str, name: str) -> int | None:
    """The id of a card in a chat; None when it was never shown there."""
    found = _FIND.scalar(db, commune_id=commune_id, channel=channel, account=account, chat=chat, name=name)
    return None if found is None else int(found)


def name_of(db: Connection, commune_id: int, channel: str, account: str, chat: str, message_id: str) -> str | None:
    """Which card a message of a chat shows; None when it shows none."""
    key = {"commune_id": commune_id, "channel": channel, "account": account, "chat": chat, "message_id": message_id}
    found: str | None = _NAME.scalar(db, **key)
    return found


def unbind(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> None:
    """Forget the messages of a chat's cards (its group has become a supergroup, or we have been away): each card is
    posted again at its next change.
    """
    forgotten = card.update().where(_here(commune_id, channel, account, chat), _bound)
    db.execute(forgotten.values(message_id=None, touched_at=None))


def touch(db: Connection, ids: Iterable[int], now: datetime) -> None:
    """Requests that show these cards are about to leave."""
    for card_id in ids:
        _TOUCH.run(db, card=card_id, now=now)


def gone(db: Connection, card_id: int, message_id: str) -> None:
    """The message that showed a card does not exist any more."""
    lost = card.update().where(card.c.id == card_id, card.c.message_id == message_id)
    db.execute(lost.values(message_id=None, touched_at=None))


def export(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> list[str]:
    """The names of the cards shown in a chat."""
    return list(db.execute(select(card.c.name).where(_here(commune_id, channel, account, chat))).scalars())


def erase(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> None:
    """Forget that cards were shown in a chat; what still waits for it goes out as a message of its own."""
    db.execute(card.delete().where(_here(commune_id, channel, account, chat)))
