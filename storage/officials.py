"""Officials and village heads, their rights, and the one-time invitations that give them.

Rights are rows; knowing a command or sitting in the admin chat gives none (design: Trust). Names and posts of officials
are public by duty (requirement G06), so they stand in clear.
"""

import hashlib
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
    String,
    Table,
    UniqueConstraint,
    bindparam,
    insert,
    select,
    text,
    update,
)

from storage.db import Id, UtcTime, metadata
from storage.db import insert as upsert
from storage.prepared import Prepared

ROLES = ("official", "village-head", "chairman", "clerk")
RIGHTS = ("approve", "stamp", "read-sealed", "duty", "receive")

official = Table(
    "official",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("name", String(80), nullable=False),
    Column("post", String(120), nullable=False),
    Column("role", String(20), nullable=False),
    Column("rights", String(200), nullable=False, server_default=""),  # comma-separated, of RIGHTS
    Column("village", String(120), nullable=True),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", UtcTime, nullable=False),
)
Index("ix_official_commune", official.c.commune_id, official.c.active)
official_address = Table(
    "official_address",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("official_id", Id, ForeignKey("official.id"), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("sender", String(128), nullable=False),
    UniqueConstraint("commune_id", "channel", "account", "sender"),
)
invitation = Table(
    "invitation",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("code_hash", String(64), nullable=False),
    Column("official_id", Id, ForeignKey("official.id"), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime, nullable=True),
    UniqueConstraint("commune_id", "code_hash"),
)
Index("ix_official_address_official", official_address.c.official_id)

VALID = timedelta(days=3)
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that is misread when dictated


@dataclass(frozen=True, slots=True)
class Official:
    """Somebody with rights: an official, a clerk, the chairman, a village head."""

    id: int
    name: str
    post: str
    role: str
    rights: frozenset[str]
    village: str | None


COLUMNS: tuple[Any, ...] = (
    official.c.id,
    official.c.name,
    official.c.post,
    official.c.role,
    official.c.rights,
    official.c.village,
)
"""Of the table official: what `made` takes."""
_OF = Prepared(
    select(*COLUMNS)
    .join(official_address, official_address.c.official_id == official.c.id)
    .where(
        official_address.c.commune_id == bindparam("commune"),
        official_address.c.channel == bindparam("channel"),
        official_address.c.account == bindparam("account"),
        official_address.c.sender == bindparam("sender"),
        official.c.active,
    )
)


def made(row: Sequence[Any]) -> Official:
    """An official of the values of COLUMNS."""
    number, name, post, role, rights, village = row
    return Official(number, name, post, role, frozenset(filter(None, rights.split(","))), village)


def of(db: Connection, commune_id: int, channel: str, account: str, sender: str) -> Official | None:
    """The active official who writes from this address."""
    row = _OF.first(db, commune=commune_id, channel=channel, account=account, sender=sender)
    return None if row is None else made(row)


def get(db: Connection, commune_id: int, official_id: int) -> Official | None:
    """An active official by id."""
    row = db.execute(
        select(*COLUMNS).where(official.c.commune_id == commune_id, official.c.id == official_id, official.c.active)
    ).first()
    return None if row is None else made(row)


def names(db: Connection, commune_id: int, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Name and post of these people by id, also of those whose rights were taken away: what they did stays theirs."""
    if not ids:
        return {}
    asked = select(official.c.id, official.c.name, official.c.post)
    rows = db.execute(asked.where(official.c.commune_id == commune_id, official.c.id.in_(list(ids))))
    return {row.id: (row.name, row.post) for row in rows}


def active(db: Connection, commune_id: int) -> list[Official]:
    """Everybody with rights, in the order they were invited."""
    return [
        made(row)
        for row in db.execute(
            select(*COLUMNS).where(official.c.commune_id == commune_id, official.c.active).order_by(official.c.id)
        )
    ]


def add(
    db: Connection,
    commune_id: int,
    name: str,
    post: str,
    role: str,
    rights: tuple[str, ...],
    village: str | None,
    now: datetime,
) -> int:
    """Record somebody with these rights; returns the id. Raises ValueError for an unknown role or right."""
    unknown = [right for right in rights if right not in RIGHTS] + ([role] if role not in ROLES else [])
    if unknown:
        raise ValueError(f"unknown role or right: {', '.join(unknown)}")
    values = {
        "commune_id": commune_id,
        "name": name,
        "post": post,
        "role": role,
        "rights": ",".join(rights),
        "village": village,
        "created_at": now,
    }
    return int(db.execute(insert(official).returning(official.c.id), values).scalar_one())


def invite(
    db: Connection,
    commune_id: int,
    name: str,
    post: str,
    role: str,
    rights: tuple[str, ...],
    village: str | None,
    now: datetime,
) -> str:
    """Add somebody with a one-time code, valid 3 days, that lets her in; returns the code, of which only a digest is
    stored.
    """
    return new_code(db, commune_id, add(db, commune_id, name, post, role, rights, village, now), now)


def new_code(db: Connection, commune_id: int, official_id: int, now: datetime, valid: timedelta = VALID) -> str:
    """Another one-time code for somebody already invited (a second browser, a messenger, a lost session)."""
    code = "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(3))
    db.execute(
        insert(invitation).values(
            commune_id=commune_id, code_hash=_digest(code), official_id=official_id, expires_at=now + valid
        )
    )
    return code


def accept_invitation(db: Connection, commune_id: int, code: str, now: datetime) -> Official | None:
    """Spend a code; None when it is unknown, spent or too old. Two browsers racing for one code: one wins."""
    spent = db.execute(
        update(invitation)
        .where(
            invitation.c.commune_id == commune_id,
            invitation.c.code_hash == _digest(code),
            invitation.c.used_at.is_(None),
            invitation.c.expires_at > now,
        )
        .values(used_at=now)
        .returning(invitation.c.official_id)
    ).scalar()
    return None if spent is None else get(db, commune_id, spent)


def bind(db: Connection, commune_id: int, official_id: int, channel: str, account: str, sender: str) -> None:
    """From now on what comes from this address comes from this official."""
    values = {
        "commune_id": commune_id,
        "official_id": official_id,
        "channel": channel,
        "account": account,
        "sender": sender,
    }
    statement = upsert(db, official_address).values(values)
    keys = ["commune_id", "channel", "account", "sender"]
    db.execute(statement.on_conflict_do_update(index_elements=keys, set_={"official_id": official_id}))


def addresses(db: Connection, commune_id: int, official_id: int) -> list[tuple[str, str, str]]:
    """Where an official is known: (channel, account, sender)."""
    wanted = (official_address.c.channel, official_address.c.account, official_address.c.sender)
    here = (official_address.c.commune_id == commune_id) & (official_address.c.official_id == official_id)
    return [(row.channel, row.account, row.sender) for row in db.execute(select(*wanted).where(here))]


def remove(db: Connection, commune_id: int, official_id: int) -> None:
    """Take all rights away; what she wrote stays. Whoever may be a reader leaves by `storage.sealed.leave`."""
    db.execute(
        update(official).where(official.c.commune_id == commune_id, official.c.id == official_id).values(active=False)
    )


def _digest(code: str) -> str:
    plain = "".join(letter for letter in code.upper() if letter in ALPHABET)
    return hashlib.sha256(plain.encode()).hexdigest()
