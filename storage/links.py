"""Whose dossiers stand on a chat: each is linked to a person, by a short name that she gives herself (L18).

A chat is a phone, not a person: on one phone there may be the dossiers of bà Lan and of ông Tư. A dossier is linked
when its second factor was right here or she asked to be told about it. The name is sealed, and may be missing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    select,
    update,
)

from storage.db import Id, UtcTime, insert, metadata
from storage.dossiers import dossier
from storage.guidance import guidance
from storage.prepared import Prepared
from storage.sealing import seal_json, unseal_json

link = Table(
    "dossier_link",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("citizen_id", Id, ForeignKey("citizen.id"), nullable=False),
    Column("dossier_id", Id, ForeignKey("dossier.id"), nullable=False),
    Column("name", LargeBinary, nullable=True),  # sealed JSON: whose it is, in her words
    Column("since", UtcTime, nullable=False),
    Column("proven_at", UtcTime, nullable=True),  # its second factor was right here; empty: she knew the code
    UniqueConstraint("commune_id", "citizen_id", "dossier_id"),
)
Index("ix_dossier_link_dossier", link.c.dossier_id)
MOST = 50
"""Dossiers of one chat that are looked at; more belong to no family."""


@dataclass(frozen=True, slots=True)
class Link:
    """A dossier on a citizen's chat; `name` is "" while she has not said whose it is."""

    dossier_id: int
    code: str
    code_key: str
    name: str
    since: datetime


def put(db: Connection, commune_id: int, citizen_id: int, dossier_id: int, now: datetime, proven: bool = False) -> None:
    """From now on this dossier stands on her chat; one that does already keeps its name. `proven`: by the second
    factor, so that what the office wrote about it may be told here.
    """
    values = {"commune_id": commune_id, "citizen_id": citizen_id, "dossier_id": dossier_id, "since": now}
    if not proven:
        db.execute(insert(db, link).values(values).on_conflict_do_nothing())
        return
    made = insert(db, link).values(values | {"proven_at": now})
    keys = ["commune_id", "citizen_id", "dossier_id"]
    db.execute(made.on_conflict_do_update(index_elements=keys, set_={"proven_at": now}))


def name(db: Connection, commune_id: int, citizen_id: int, dossier_id: int, words: str) -> bool:
    """Whose dossier it is ("": nobody's in particular); False when it does not stand on her chat."""
    sealed = seal_json(db, words) if words else None
    return db.execute(update(link).where(_is(commune_id, citizen_id, dossier_id)).values(name=sealed)).rowcount > 0


def drop(db: Connection, commune_id: int, citizen_id: int, dossier_id: int) -> bool:
    """It does not stand on her chat any more; False when it did not."""
    return db.execute(delete(link).where(_is(commune_id, citizen_id, dossier_id))).rowcount > 0


def _is(commune_id: int, citizen_id: int, dossier_id: int) -> Any:
    return (link.c.commune_id == commune_id) & (link.c.citizen_id == citizen_id) & (link.c.dossier_id == dossier_id)


def of(db: Connection, commune_id: int, citizen_id: int) -> list[Link]:
    """The dossiers on her chat, in the order they came."""
    rows = db.execute(
        select(link.c.dossier_id, dossier.c.code, dossier.c.code_key, link.c.name, link.c.since)
        .join(dossier, dossier.c.id == link.c.dossier_id)
        .where(link.c.commune_id == commune_id, link.c.citizen_id == citizen_id)
        .order_by(link.c.id)
        .limit(MOST)
    )
    return [
        Link(row.dossier_id, row.code, row.code_key, unseal_json(db, row.name) if row.name else "", row.since)
        for row in rows
    ]


_NAME = Prepared(
    select(link.c.name).where(
        link.c.commune_id == bindparam("commune"), link.c.citizen_id == bindparam("citizen"),
        link.c.dossier_id == bindparam("dossier"),
    )
)  # fmt: skip


def name_of(db: Connection, commune_id: int, citizen_id: int, dossier_id: int) -> str:
    """Whose dossier it is on her chat; "" when she has not said, or it does not stand there."""
    sealed = _NAME.scalar(db, commune=commune_id, citizen=citizen_id, dossier=dossier_id)
    return "" if sealed is None else str(unseal_json(db, sealed))


def citizens(db: Connection, commune_id: int, dossier_id: int) -> list[int]:
    """On whose chats this dossier stands."""
    return list(db.execute(_chats(commune_id, dossier_id)).scalars())


def proven(db: Connection, commune_id: int, dossier_id: int) -> frozenset[int]:
    """On whose chats it stands because its second factor was right there."""
    return frozenset(db.execute(_chats(commune_id, dossier_id).where(link.c.proven_at.is_not(None))).scalars())


def _chats(commune_id: int, dossier_id: int) -> Any:
    here = (link.c.commune_id == commune_id) & (link.c.dossier_id == dossier_id)
    return select(link.c.citizen_id).where(here).order_by(link.c.id)


def one(db: Connection, commune_id: int, citizen_id: int, code_key: str) -> Link | None:
    """The dossier with this code, when it stands on her chat."""
    return next((each for each in of(db, commune_id, citizen_id) if each.code_key == code_key), None)


def proving(db: Connection, commune_id: int, citizen_id: int, before: datetime, limit: int) -> list[tuple[str, str]]:
    """(code_key, code) of dossiers with a phone whose digits may prove that it is she who asks, the newest first: those
    she knew here before `before`, linked or looked up. One she has just looked up proves nothing: it may be that of
    whoever holds her phone in his hands now.
    """
    linked = select(link.c.dossier_id).where(
        link.c.commune_id == commune_id, link.c.citizen_id == citizen_id, link.c.since < before
    )
    codes = select(guidance.c.reference).where(
        guidance.c.commune_id == commune_id, guidance.c.citizen_id == citizen_id, guidance.c.kind == "lookup",
        guidance.c.at < before,
    )  # fmt: skip
    told = list(db.execute(codes.distinct().limit(MOST)).scalars())
    keys = ["".join(sign for sign in code if sign.isalnum()) for code in told]
    here = (dossier.c.commune_id == commune_id) & dossier.c.tail_key.is_not(None)
    found: dict[str, tuple[int, str]] = {}
    for wanted in (dossier.c.id.in_(linked), dossier.c.code_key.in_(keys)):
        for row in db.execute(select(dossier.c.id, dossier.c.code_key, dossier.c.code).where(here, wanted)):
            found[row.code_key] = (row.id, row.code)
    newest = sorted(found.items(), key=lambda each: -each[1][0])
    return [(code_key, code) for code_key, (_id, code) in newest[:limit]]


def export(db: Connection, commune_id: int, citizen_id: int) -> list[dict[str, Any]]:
    """The dossiers on her chat and whose they are."""
    return [{"code": each.code, "name": each.name, "since": each.since} for each in of(db, commune_id, citizen_id)]


def erase(db: Connection, commune_id: int, citizen_id: int) -> None:
    """No dossier stands on her chat any more."""
    db.execute(delete(link).where(link.c.commune_id == commune_id, link.c.citizen_id == citizen_id))
