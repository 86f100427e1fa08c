"""How the result of a dossier gets to whom it belongs: she comes, the post brings it, somebody else fetches it (A11).

One row a dossier: the latest choice holds. Where to, to whom, and the number of the post are sealed. The office sends
what waits and notes the number; whoever has it says so, or an official does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    text,
    update,
)

from storage.citizens import address
from storage.db import Id, UtcTime, insert, metadata
from storage.dossiers import dossier, dossier_watch
from storage.links import link
from storage.notices import delivery, notice
from storage.prepared import Prepared
from storage.sealing import seal_json, unseal_json
from storage.tails import tail_try

Way = Literal["come", "post", "other"]

collection = Table(
    "collection",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("dossier_id", Id, ForeignKey("dossier.id"), nullable=False),
    Column("citizen_id", Id, ForeignKey("citizen.id"), nullable=True),  # who chose
    Column("way", String(8), nullable=False),
    Column("details", LargeBinary, nullable=False),  # sealed JSON: name, address, phone, tracking
    Column("chosen_at", UtcTime, nullable=False),
    Column("sent_at", UtcTime, nullable=True),  # handed to the post
    Column("got_at", UtcTime, nullable=True),  # she has it
    Column("official_id", Id, ForeignKey("official.id"), nullable=True),  # who noted that it was sent
    UniqueConstraint("commune_id", "dossier_id"),
)
_by_post = text("way = 'post' AND got_at IS NULL")
Index(
    "ix_collection_post", collection.c.commune_id, collection.c.chosen_at, sqlite_where=_by_post,
    postgresql_where=_by_post,
)  # fmt: skip
Index("ix_collection_citizen", collection.c.citizen_id)


@dataclass(frozen=True, slots=True)
class Collection:
    """What was chosen for a dossier, and how far it has got; words that are not known are ""."""

    id: int
    dossier_id: int
    code: str
    code_key: str
    citizen_id: int | None
    way: Way
    name: str
    address: str
    phone: str
    tracking: str
    chosen_at: datetime
    sent_at: datetime | None
    got_at: datetime | None
    official_id: int | None
    status: int  # of the dossier


_COLUMNS = select(collection, dossier.c.code, dossier.c.code_key, dossier.c.status).join(
    dossier, dossier.c.id == collection.c.dossier_id
)


_OF_DOSSIER = Prepared(
    _COLUMNS.where(collection.c.commune_id == bindparam("commune"), collection.c.dossier_id == bindparam("dossier"))
)  # asked each time somebody looks at a result


def _opened(db: Connection, row: Any) -> Collection:
    told = {"name": "", "address": "", "phone": "", "tracking": ""} | unseal_json(db, row.details)
    return Collection(
        row.id, row.dossier_id, row.code, row.code_key, row.citizen_id, row.way, told["name"], told["address"],
        told["phone"], told["tracking"], row.chosen_at, row.sent_at, row.got_at, row.official_id,
        row.status,
    )  # fmt: skip


def choose(
    db: Connection,
    commune_id: int,
    dossier_id: int,
    citizen_id: int,
    way: Way,
    now: datetime,
    details: Mapping[str, str] | None = None,
) -> bool:
    """The latest choice holds; False when the post has it already and nothing can be chosen any more."""
    new = {
        "citizen_id": citizen_id, "way": way, "details": seal_json(db, dict(details or {})), "chosen_at": now,
        "sent_at": None, "got_at": None, "official_id": None,
    }  # fmt: skip
    made = insert(db, collection).values(commune_id=commune_id, dossier_id=dossier_id, **new)
    made = made.on_conflict_do_update(
        index_elements=["commune_id", "dossier_id"], set_=new, where=collection.c.sent_at.is_(None)
    )
    return db.execute(made.returning(collection.c.id)).first() is not None


def of_dossier(db: Connection, commune_id: int, dossier_id: int) -> Collection | None:
    """What was chosen for this dossier."""
    row = _OF_DOSSIER.first(db, commune=commune_id, dossier=dossier_id)
    return None if row is None else _opened(db, row)


def get(db: Connection, commune_id: int, collection_id: int) -> Collection | None:
    """The choice with this id."""
    here = (collection.c.commune_id == commune_id) & (collection.c.id == collection_id)
    row = db.execute(_COLUMNS.where(here)).first()
    return None if row is None else _opened(db, row)


def by_post(db: Connection, commune_id: int, limit: int = 50) -> list[Collection]:
    """What the post shall bring or is bringing: what is still to be sent first, the oldest leading."""
    wanted = _COLUMNS.where(collection.c.commune_id == commune_id, _by_post)
    wanted = wanted.order_by(collection.c.sent_at.is_not(None), collection.c.chosen_at, collection.c.id).limit(limit)
    return [_opened(db, row) for row in db.execute(wanted)]


def to_send(db: Connection, commune_id: int) -> int:
    """How many results wait to be handed to the post."""
    wanted = select(func.count()).select_from(collection)
    waits = (collection.c.commune_id == commune_id) & collection.c.sent_at.is_(None)
    return int(db.execute(wanted.where(waits, _by_post)).scalar_one())


def sent(
    db: Connection, commune_id: int, collection_id: int, tracking: str, official_id: int, now: datetime
) -> Collection | None:
    """The post has it, under this number; None when it was noted before or is not for the post any more."""
    found = get(db, commune_id, collection_id)
    if found is None:
        return None
    told = {"name": found.name, "address": found.address, "phone": found.phone, "tracking": tracking}
    here = (collection.c.commune_id == commune_id) & (collection.c.id == collection_id) & collection.c.sent_at.is_(None)
    done = update(collection).where(here, _by_post)
    done = done.values(sent_at=now, official_id=official_id, details=seal_json(db, told))
    return get(db, commune_id, collection_id) if db.execute(done).rowcount else None


def got(db: Connection, commune_id: int, collection_id: int, now: datetime) -> bool:
    """She has it; False when that was noted before, or it has neither been sent nor handed over."""
    here = (collection.c.commune_id == commune_id) & (collection.c.id == collection_id)
    over = select(dossier.c.id).where(dossier.c.id == collection.c.dossier_id, dossier.c.status == 10).exists()
    left = collection.c.sent_at.is_not(None) | over
    done = update(collection).where(here, left, collection.c.got_at.is_(None))
    return db.execute(done.values(got_at=now)).rowcount > 0


# --- whose dossier it is ----------------------------------------------------------------------------------------------


def is_hers(db: Connection, commune_id: int, citizen_id: int, dossier_id: int, code: str) -> bool:
    """Whether a dossier stands on her chat, she asked to be told of it, or a notice about it was for her (A06)."""
    linked = select(link.c.id).where(
        link.c.commune_id == commune_id, link.c.citizen_id == citizen_id, link.c.dossier_id == dossier_id
    )
    told = (
        select(delivery.c.id)
        .join(notice, notice.c.id == delivery.c.notice_id)
        .where(delivery.c.commune_id == commune_id, delivery.c.citizen_id == citizen_id)
        .where(or_(delivery.c.dossier_id == dossier_id, notice.c.about == code))
    )
    same = [dossier_watch.c[name] == address.c[name] for name in ("commune_id", "channel", "account", "sender")]
    watched = (
        select(dossier_watch.c.id)
        .join(address, and_(*same))
        .where(dossier_watch.c.commune_id == commune_id, dossier_watch.c.dossier_id == dossier_id)
        .where(address.c.citizen_id == citizen_id)
    )
    return any(db.execute(each.limit(1)).first() is not None for each in (linked, told, watched))


@dataclass(frozen=True, slots=True)
class Waits:
    """A dossier of hers whose result waits for her."""

    code: str
    code_key: str


def waiting_for(db: Connection, commune_id: int, citizen_id: int, limit: int = 8) -> list[Waits]:
    """Her dossiers whose result is there and has not left, the newest first: linked, asked about, or told of."""
    told = (
        select(delivery.c.dossier_id, notice.c.about)
        .join(notice, notice.c.id == delivery.c.notice_id)
        .where(delivery.c.commune_id == commune_id, delivery.c.citizen_id == citizen_id)
        .order_by(delivery.c.id.desc())
        .limit(50)
    )
    known = db.execute(told).all()
    linked = select(link.c.dossier_id).where(link.c.commune_id == commune_id, link.c.citizen_id == citizen_id)
    ids = {*db.execute(linked).scalars(), *(row.dossier_id for row in known if row.dossier_id is not None)}
    keys = {"".join(sign for sign in row.about if sign.isalnum()) for row in known if row.dossier_id is None}
    found: dict[str, Waits] = {}
    for hers in (dossier.c.id.in_(ids), dossier.c.code_key.in_(keys)):
        left = select(collection.c.id).where(
            collection.c.commune_id == commune_id, collection.c.dossier_id == dossier.c.id,
            collection.c.sent_at.is_not(None),
        )  # fmt: skip
        wanted = select(dossier.c.code, dossier.c.code_key).where(dossier.c.commune_id == commune_id, hers)
        wanted = wanted.where(dossier.c.status == 9, ~left.exists()).order_by(dossier.c.id.desc()).limit(limit)
        found |= {row.code_key: Waits(row.code, row.code_key) for row in db.execute(wanted)}
    return list(found.values())[:limit]


def proven(db: Connection, commune_id: int, chat_key: str, code_key: str, since: datetime) -> bool:
    """Whether the second factor of this dossier was right in this chat since then."""
    right = select(tail_try.c.id).where(
        tail_try.c.commune_id == commune_id, tail_try.c.chat_key == chat_key, tail_try.c.wrong.is_(False),
        tail_try.c.at >= since, tail_try.c.code_key == code_key,
    )  # fmt: skip
    return db.execute(right.limit(1)).first() is not None


# --- the citizen's rights ---------------------------------------------------------------------------------------------


def export(db: Connection, commune_id: int, citizen_id: int) -> list[dict[str, Any]]:
    """How she wants her results."""
    hers = (collection.c.commune_id == commune_id) & (collection.c.citizen_id == citizen_id)
    found = [_opened(db, row) for row in db.execute(_COLUMNS.where(hers).order_by(collection.c.id))]
    return [
        {"code": each.code, "way": each.way, "name": each.name, "address": each.address, "phone": each.phone,
         "tracking": each.tracking, "chosen_at": each.chosen_at} for each in found
    ]  # fmt: skip


def erase(db: Connection, commune_id: int, citizen_id: int) -> None:
    """Nothing is kept of what she chose: the counter hands over as if she had said nothing."""
    db.execute(delete(collection).where(collection.c.commune_id == commune_id, collection.c.citizen_id == citizen_id))
