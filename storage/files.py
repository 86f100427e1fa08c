"""Files received: the row, and where the bytes lie under DATA_DIR/files. Names are random; nothing is served by
path.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, LargeBinary, String, Table, UniqueConstraint, select, update

from storage.db import Id, UtcTime, insert, metadata
from storage.sealing import seal, seal_json, unseal, unseal_json

file = Table(
    "file",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("name", String(64), nullable=False),  # random; also the name on disk
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("chat", String(128), nullable=False),  # who sent it
    Column("state", String(8), nullable=False),  # new, fetched, refused, lost
    Column("kind", String(8), nullable=False),  # photo, voice, file
    Column("media_type", String(80), nullable=False),
    Column("size", Integer, nullable=False),
    Column("title", LargeBinary, nullable=True),  # sealed: the name it had on her phone
    Column("received_at", UtcTime, nullable=False),
    Column("codes", LargeBinary, nullable=True),  # sealed JSON: dossier codes read in the picture (L15)
    UniqueConstraint("commune_id", "name"),
)
Index("ix_file_received", file.c.received_at)
Index("ix_file_chat", file.c.commune_id, file.c.channel, file.c.account, file.c.chat)


@dataclass(frozen=True, slots=True)
class File:
    """A received file; `name` is its id for everybody."""

    name: str
    chat: str
    kind: str
    media_type: str
    size: int
    title: str


def add(
    db: Connection,
    commune_id: int,
    name: str,
    channel: str,
    account: str,
    chat: str,
    kind: str,
    media_type: str,
    size: int,
    title: str,
    now: datetime,
    codes: Sequence[str] = (),
) -> None:
    """Record a file whose bytes are on disk; the same upload repeated changes nothing."""
    values = {
        "commune_id": commune_id,
        "name": name,
        "channel": channel,
        "account": account,
        "chat": chat,
        "state": "fetched",
        "kind": kind,
        "media_type": media_type[:80],
        "size": size,
        "title": seal(db, title.encode("utf-8", "replace")),
        "received_at": now,
        "codes": seal_json(db, list(codes)) if codes else None,
    }
    db.execute(insert(db, file).values(values).on_conflict_do_nothing())


def get(db: Connection, commune_id: int, name: str) -> File | None:
    """A fetched file by its name."""
    row = db.execute(
        select(file).where(file.c.commune_id == commune_id, file.c.name == name, file.c.state == "fetched")
    ).first()
    if row is None:
        return None
    return File(
        row.name, row.chat, row.kind, row.media_type, row.size, unseal(db, row.title).decode() if row.title else ""
    )


def codes(
    db: Connection, commune_id: int, channel: str, account: str, chat: str, names: Sequence[str]
) -> list[str] | None:
    """The dossier codes read in these pictures of hers; None while one of them is still to be fetched."""
    rows = db.execute(
        select(file.c.state, file.c.codes).where(
            file.c.commune_id == commune_id,
            file.c.name.in_(names),
            file.c.channel == channel,
            file.c.account == account,
            file.c.chat == chat,
        )
    ).all()
    if any(row.state == "new" for row in rows):
        return None
    return list(dict.fromkeys(code for row in rows if row.codes for code in unseal_json(db, row.codes)))


def names_before(db: Connection, before: datetime, limit: int = 500) -> list[str]:
    """Files received before a time, for pruning."""
    return list(
        db.execute(
            select(file.c.name).where(file.c.received_at < before, file.c.state == "fetched").limit(limit)
        ).scalars()
    )


def lose(db: Connection, names: list[str]) -> None:
    """The bytes are gone (pruned)."""
    db.execute(update(file).where(file.c.name.in_(names)).values(state="lost", title=None, codes=None))


def export(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> list[dict[str, Any]]:
    """Files she sent."""
    here = (
        (file.c.commune_id == commune_id)
        & (file.c.channel == channel)
        & (file.c.account == account)
        & (file.c.chat == chat)
    )
    return [
        dict(row)
        for row in db.execute(select(file.c.kind, file.c.size, file.c.received_at, file.c.state).where(here)).mappings()
    ]


def erase(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> list[str]:
    """Forget files she sent; returns the names to delete on disk."""
    here = (
        (file.c.commune_id == commune_id)
        & (file.c.channel == channel)
        & (file.c.account == account)
        & (file.c.chat == chat)
    )
    names = list(db.execute(select(file.c.name).where(here)).scalars())
    db.execute(file.delete().where(here))
    return names
