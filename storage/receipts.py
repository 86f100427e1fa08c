"""What a messenger tells of messages that have left: delivered, seen, and whether it has been told of one already.

Found by the chat and the provider's id, so by the index of a chat's rows; its last ones are enough, because a provider
tells of a message soon or never.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, literal, select, update

from storage.db import UtcTime
from storage.outbox import outbox
from storage.sealing import Unreadable, unseal_json

LATEST = 200
"""Rows of a chat that are looked through."""


def delivered(
    db: Connection, commune_id: int, channel: str, account: str, chat: str, ids: Collection[str], now: datetime
) -> set[str]:
    """These messages have reached her phone; which of them are ours and known. The first word counts."""
    here = _to(commune_id, channel, account, chat)
    return _told(db, here, ids, delivered_at=_first(outbox.c.delivered_at, now))


def seen(
    db: Connection, commune_id: int, channel: str, account: str, chat: str, ids: Collection[str], now: datetime
) -> set[str]:
    """She has seen these messages, so they have been delivered, too."""
    here = _to(commune_id, channel, account, chat)
    values = {"delivered_at": _first(outbox.c.delivered_at, now), "seen_at": _first(outbox.c.seen_at, now)}
    return _told(db, here, ids, **values)


def _first(column: Any, now: datetime) -> Any:
    return func.coalesce(column, literal(now, UtcTime))


def _told(db: Connection, here: Any, ids: Collection[str], **values: Any) -> set[str]:
    ours = here & outbox.c.provider_id.in_(list(ids))
    return set(db.execute(update(outbox).where(ours).values(values).returning(outbox.c.provider_id)).scalars())


def tracked(
    db: Connection, commune_id: int, channel: str, account: str, chat: str, tracking: str, message: str, now: datetime
) -> bool:
    """A template that carried `tracking` has been delivered as `message`, whether its own answer reached us or not:
    what was uncertain is sent. False when there is none.
    """
    here = _to(commune_id, channel, account, chat)
    open_ = here & outbox.c.state.in_(("sending", "uncertain", "queued")) & outbox.c.body.is_not(None)
    rows = db.execute(select(outbox.c.id, outbox.c.state, outbox.c.body).where(open_).order_by(outbox.c.id.desc()))
    for row in rows.fetchmany(LATEST):
        if _tracking(db, row.body) != tracking:
            continue
        values: dict[str, Any] = {"delivered_at": now}
        if row.state == "uncertain":
            values |= {"state": "sent", "sent_at": now, "provider_id": message, "error": None}
        db.execute(update(outbox).where(outbox.c.id == row.id, outbox.c.state == row.state).values(values))
        return True
    return False


def _tracking(db: Connection, body: bytes) -> str | None:
    try:
        found = unseal_json(db, body).get("template", {}).get("tracking")
    except Unreadable:
        return None
    return found if isinstance(found, str) else None


def is_ours(db: Connection, commune_id: int, channel: str, account: str, chat: str, message: str, words: str) -> bool:
    """Whether a message that the provider shows in a chat left from here; one whose id is not known (yet), because it
    is in flight or its answer was lost, is known by its words.
    """
    rows = _latest(db, commune_id, channel, account, chat)
    return any(row.provider_id == message or (row.state in _MAYBE and _words(db, row.body) == words) for row in rows)


_MAYBE = ("sending", "queued", "uncertain")


def known(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> set[str]:
    """The provider's ids of what was sent to a chat lately."""
    return {row.provider_id for row in _latest(db, commune_id, channel, account, chat) if row.provider_id}


def _latest(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> Any:
    wanted = select(outbox.c.id, outbox.c.state, outbox.c.provider_id, outbox.c.body)
    here = _to(commune_id, channel, account, chat)
    return db.execute(wanted.where(here).order_by(outbox.c.id.desc()).limit(LATEST)).all()


def _words(db: Connection, body: bytes | None) -> str | None:
    try:
        return None if body is None else str(unseal_json(db, body).get("text", ""))
    except Unreadable:
        return None


def _to(commune_id: int, channel: str, account: str, chat: str) -> Any:
    return (
        (outbox.c.commune_id == commune_id)
        & (outbox.c.channel == channel)
        & (outbox.c.account == account)
        & (outbox.c.chat == chat)
    )
