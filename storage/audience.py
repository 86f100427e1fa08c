"""Whom a notice is for: recipients become persons, each once, with what decides how they are reached.

Everything is asked for all recipients of a slice together, in a handful of statements.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select

from storage.citizens import address, citizen
from storage.consents import consent
from storage.dossiers import dossier
from storage.sealing import unseal_json
from storage.stops import stop


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to be told: a citizen who has written to us, or whoever handed in a dossier.

    `helper`: the dossier's number stands for several people, so it leads to nobody's chat or phone by itself (L06).
    """

    citizen_id: int | None = None
    dossier_id: int | None = None
    helper: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """A recipient as one person: the same one told twice in a list, or by phone and by chat, has the same key."""

    key: str
    citizen_id: int | None
    dossier_id: int | None


@dataclass(frozen=True, slots=True)
class At:
    """One of her addresses; `here`: she has not shut us out there."""

    id: int
    channel: str
    account: str
    sender: str
    last_at: datetime
    here: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides how somebody is reached. `stopped`: the reason ("asked", …), "" when she has not. `phone`: one on
    which she agreed to be told. `addresses`: the one she used last first.
    """

    language: str | None
    stopped: str
    addresses: tuple[At, ...]
    phone: str


def persons(db: Connection, commune_id: int, recipients: Sequence[Recipient]) -> list[Person]:
    """Who the recipients are, each person once, in their order."""
    owned = [each.dossier_id for each in recipients if each.citizen_id is None and each.dossier_id is not None]
    here = (dossier.c.commune_id == commune_id) & dossier.c.id.in_(owned)
    keys = {row.id: row.phone_key for row in db.execute(select(dossier.c.id, dossier.c.phone_key).where(here))}
    known = (consent.c.commune_id == commune_id) & consent.c.phone_key.in_([key for key in keys.values() if key])
    chats = select(consent.c.phone_key, consent.c.citizen_id).where(known, consent.c.citizen_id.is_not(None))
    whose = {row.phone_key: row.citizen_id for row in db.execute(chats)}
    found: dict[str, Person] = {}
    for each in recipients:
        phone_key = None if each.helper else keys.get(each.dossier_id)
        citizen_id = each.citizen_id if each.citizen_id is not None else whose.get(phone_key)
        key = f"c{citizen_id}" if citizen_id is not None else f"p{phone_key}" if phone_key else f"d{each.dossier_id}"
        found.setdefault(key, Person(key, citizen_id, each.dossier_id))
    return list(found.values())


def facts(db: Connection, commune_id: int, topic: str, people: Sequence[Person]) -> list[Facts]:
    """What decides how each of them is reached; a handful of queries for all."""
    ids = [each.citizen_id for each in people if each.citizen_id is not None]
    languages = {row.id: row.language for row in db.execute(select(citizen.c.id, citizen.c.language).where(
        citizen.c.commune_id == commune_id, citizen.c.id.in_(ids)))}  # fmt: skip
    over = select(stop.c.citizen_id, stop.c.reason).where(
        stop.c.commune_id == commune_id, stop.c.citizen_id.in_(ids), stop.c.kind == topic, stop.c.started_at.is_(None)
    )
    stopped = {row.citizen_id: row.reason for row in db.execute(over)}
    addresses, agreed = _addresses(db, commune_id, ids), phones(db, commune_id, people, ids)
    return [
        Facts(
            languages.get(each.citizen_id),
            stopped.get(each.citizen_id, ""),
            tuple(addresses.get(each.citizen_id, ())),
            agreed.get(each.key, ""),
        )
        for each in people
    ]


def _addresses(db: Connection, commune_id: int, ids: list[int]) -> dict[int | None, list[At]]:
    at = address.c
    found: dict[int | None, list[At]] = {}
    for row in db.execute(
        select(at.citizen_id, at.id, at.channel, at.account, at.sender, at.last_at, at.left_at)
        .where(at.commune_id == commune_id, at.citizen_id.in_(ids))
        .order_by(at.last_at.desc(), at.id.desc())
    ):
        one = At(row.id, row.channel, row.account, row.sender, row.last_at, row.left_at is None)
        found.setdefault(row.citizen_id, []).append(one)
    return found


def phones(db: Connection, commune_id: int, people: Sequence[Person], ids: list[int]) -> dict[str, str]:
    """By person: a number on which she agreed to be told, the one given last."""
    keys = [each.key[1:] for each in people if each.key.startswith("p")]
    rows = db.execute(
        select(consent.c.phone_key, consent.c.citizen_id, consent.c.phone)
        .where(consent.c.commune_id == commune_id, consent.c.withdrawn_at.is_(None))
        .where(or_(consent.c.citizen_id.in_(ids), consent.c.phone_key.in_(keys)))
        .order_by(consent.c.given_at, consent.c.id)
    ).all()
    found = {f"p{row.phone_key}": row.phone for row in rows}
    found |= {f"c{row.citizen_id}": row.phone for row in rows}
    return {each.key: str(unseal_json(db, found[each.key])) for each in people if each.key in found}
