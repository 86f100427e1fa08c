"""Citizens and the addresses they write from: an address is (channel, account, sender); a citizen may have several."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    insert,
    select,
    update,
)

from storage.db import Id, UtcTime, metadata
from storage.db import insert as upsert
from storage.prepared import Prepared

citizen = Table(
    "citizen",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("language", String(8), nullable=True),  # empty: the commune's
    Column("village", String(120), nullable=True),  # the thôn she named, once
    Column("greeted_on", Date, nullable=True),  # greeting words once a day (L10)
    Column("misunderstood", Integer, nullable=False, server_default="0"),  # in a row; two bring a person (L10)
    Column("spoken_language", String(40), nullable=True),  # in which she hears the key messages, too (L12)
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "id"),
)
address = Table(
    "address",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("citizen_id", Id, ForeignKey("citizen.id"), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("sender", String(128), nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Column("left_at", UtcTime, nullable=True),  # she has blocked us there; not fought, only known
    UniqueConstraint("commune_id", "channel", "account", "sender"),
)
Index("ix_address_citizen", address.c.citizen_id)


@dataclass(frozen=True, slots=True)
class Citizen:
    """Somebody who has written to the commune."""

    id: int
    language: str | None
    village: str | None
    greeted_on: date | None
    misunderstood: int
    created_at: datetime
    spoken_language: str | None


COLUMNS: tuple[Any, ...] = tuple(citizen.c[name] for name in Citizen.__slots__)
"""Of the table citizen: what a Citizen is made of."""
_FIND = Prepared(
    select(*COLUMNS)
    .join(address, address.c.citizen_id == citizen.c.id)
    .where(
        address.c.commune_id == bindparam("commune"),
        address.c.channel == bindparam("channel"),
        address.c.account == bindparam("account"),
        address.c.sender == bindparam("sender"),
    )
)


def find(db: Connection, commune_id: int, channel: str, account: str, sender: str) -> Citizen | None:
    """The citizen who writes from this address."""
    row = _FIND.first(db, commune=commune_id, channel=channel, account=account, sender=sender)
    return None if row is None else Citizen(*row)


def meet(db: Connection, commune_id: int, channel: str, account: str, sender: str, now: datetime) -> Citizen:
    """The citizen who writes from this address, made on the first message."""
    known = find(db, commune_id, channel, account, sender)
    if known is not None:
        return known
    made = db.execute(
        insert(citizen).values(commune_id=commune_id, created_at=now).returning(citizen.c.id)
    ).scalar_one()
    values: dict[str, Any] = {
        "commune_id": commune_id,
        "citizen_id": made,
        "channel": channel,
        "account": account,
        "sender": sender,
        "last_at": now,
    }
    db.execute(upsert(db, address).values(values).on_conflict_do_nothing())
    return find(db, commune_id, channel, account, sender) or Citizen(made, None, None, None, 0, now, None)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a citizen writes from; alone with us, the chat is called as the sender."""

    channel: str
    account: str
    sender: str


def addresses(db: Connection, commune_id: int, citizen_id: int) -> list[Address]:
    """Every address of a citizen, in the order in which they were met."""
    found = db.execute(
        select(address.c.channel, address.c.account, address.c.sender)
        .where(address.c.commune_id == commune_id, address.c.citizen_id == citizen_id)
        .order_by(address.c.id)
    )
    return [Address(*row) for row in found]


_HEARD = Prepared(
    update(address)
    .where(
        address.c.commune_id == bindparam("commune"),
        address.c.channel == bindparam("on"),
        address.c.account == bindparam("of"),
        address.c.sender == bindparam("who"),
    )
    .values(last_at=bindparam("at"), left_at=None)
)


def heard(db: Connection, commune_id: int, channel: str, account: str, sender: str, at: datetime) -> None:
    """She has written or tapped here: which of her chats she used last, and since when she is silent there. Whoever
    writes has not left.
    """
    _HEARD.run(db, commune=commune_id, on=channel, of=account, who=sender, at=at)


def last_heard(db: Connection, commune_id: int, channel: str, account: str, sender: str) -> datetime | None:
    """When she last wrote or tapped here; None when she never has."""
    here = _at(commune_id, channel, account, sender)
    found: datetime | None = db.execute(select(address.c.last_at).where(here)).scalar()
    return found


def left(db: Connection, commune_id: int, channel: str, account: str, sender: str, now: datetime) -> None:
    """She has blocked us at this address."""
    here = _at(commune_id, channel, account, sender)
    db.execute(update(address).where(here, address.c.left_at.is_(None)).values(left_at=now))


def returned(db: Connection, commune_id: int, channel: str, account: str, sender: str) -> None:
    """She has let us in again at this address."""
    db.execute(update(address).where(_at(commune_id, channel, account, sender)).values(left_at=None))


def has_left(db: Connection, commune_id: int, channel: str, account: str, sender: str) -> bool:
    """Whether she has blocked us at this address."""
    here = _at(commune_id, channel, account, sender)
    return db.execute(select(address.c.left_at).where(here)).scalar() is not None


def _at(commune_id: int, channel: str, account: str, sender: str) -> Any:
    return (
        (address.c.commune_id == commune_id)
        & (address.c.channel == channel)
        & (address.c.account == account)
        & (address.c.sender == sender)
    )


def change(db: Connection, citizen_id: int, **values: Any) -> None:
    """Set columns of a citizen: language, village, greeted_on, misunderstood, spoken_language."""
    db.execute(update(citizen).where(citizen.c.id == citizen_id).values(values))


def export(db: Connection, commune_id: int, citizen_id: int) -> dict[str, Any]:
    """What is kept about a citizen here."""
    row = (
        db.execute(select(citizen).where(citizen.c.commune_id == commune_id, citizen.c.id == citizen_id))
        .mappings()
        .one()
    )
    addresses = db.execute(
        select(address.c.channel, address.c.last_at).where(address.c.citizen_id == citizen_id)
    ).mappings()
    return {"citizen": dict(row), "addresses": [dict(each) for each in addresses]}


def erase(db: Connection, commune_id: int, citizen_id: int) -> None:
    """Forget the citizen and her addresses; other storage files erase theirs first."""
    db.execute(address.delete().where(address.c.commune_id == commune_id, address.c.citizen_id == citizen_id))
    db.execute(citizen.delete().where(citizen.c.commune_id == commune_id, citizen.c.id == citizen_id))
