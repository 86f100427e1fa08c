"""One lease per channel account: who may poll, send, register webhooks and refresh tokens.

On PostgreSQL it is a session-level advisory lock on the very connection that marks `sending`; losing the connection is
losing the lease, and nothing can be marked without it. The epoch counts the holders and is stored on marked rows, so
a new holder can tell what an earlier one left in flight. On SQLite the one process always gets it.
"""

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Integer, String, Table, UniqueConstraint, func, select

from storage.db import Id, UtcTime, insert, is_postgres, metadata

lease = Table(
    "lease",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("since", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "channel", "account"),
)


class Lost(Exception):
    """The connection that held the lease is gone; somebody else may be sending."""


def acquire(db: Connection, commune_id: int, channel: str, account: str, now: datetime) -> int | None:
    """Take the lease on this connection; the new epoch, or None while another process holds it."""
    key = (commune_id, channel, account)
    if (
        is_postgres(db)
        and key not in _held(db)
        and not db.execute(select(func.pg_try_advisory_lock(_lock_number(key)))).scalar()
    ):
        return None
    values = {"commune_id": commune_id, "channel": channel, "account": account, "epoch": 1, "since": now}
    statement = insert(db, lease).values(values)
    statement = statement.on_conflict_do_update(
        index_elements=["commune_id", "channel", "account"], set_={"epoch": lease.c.epoch + 1, "since": now}
    ).returning(lease.c.epoch)
    epoch = int(db.execute(statement).scalar_one())
    _held(db)[key] = epoch
    return epoch


def confirm(db: Connection, commune_id: int, channel: str, account: str, epoch: int) -> None:
    """Raise Lost unless this very connection still holds the lease of that epoch."""
    if _held(db).get((commune_id, channel, account)) != epoch:
        raise Lost(f"the lease of {channel} is lost")


def _held(db: Connection) -> dict[tuple[int, str, str], int]:
    held: dict[tuple[int, str, str], int] = db.info.setdefault("leases", {})
    return held


def _lock_number(key: tuple[Any, ...]) -> int:
    digest = hashlib.sha256(repr(key).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
