"""The officials' call list: whom no message reaches, one entry a person, about everything she has to be told (L20)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, text, update

from storage import audience
from storage.audience import Person
from storage.citizens import address, citizen
from storage.db import UtcTime
from storage.dossiers import dossier, dossier_watch
from storage.notices import delivery, notice
from storage.sealing import unseal_json
from storage.stops import call as wants_call

_call = text("state = 'call'")


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody to be called, and about what. `delivery_id`: any of hers, for the button; `rings`: nobody answered so
    often; `news`: (kind of notice, what it is about), each once; `stranger`: nothing but a number in a file is known.
    """

    delivery_id: int
    village: str | None
    phone: str | None
    about: tuple[str, ...]
    rings: int
    since: datetime
    news: tuple[tuple[str, str], ...] = ()
    stranger: bool = False


def to_call(db: Connection, commune_id: int, limit: int = 50) -> list[Call]:
    """Who is to be called, one entry a person: those who never answered last, else the longest waiting first."""
    first = func.min(delivery.c.id)
    people = db.execute(
        select(
            delivery.c.person, first.label("id"), func.max(delivery.c.rings).label("rings"),
            func.min(delivery.c.changed_at, type_=UtcTime).label("since"),
            func.max(delivery.c.citizen_id).label("citizen"),
        )
        .where(delivery.c.commune_id == commune_id, _call)
        .group_by(delivery.c.person)
        .order_by(func.max(delivery.c.rings), first)
        .limit(limit)
    ).all()  # fmt: skip
    return [_to_call(db, commune_id, row) for row in people]


def count(db: Connection, commune_id: int) -> int:
    """How many people are to be called."""
    people = select(func.count(delivery.c.person.distinct())).where(delivery.c.commune_id == commune_id, _call)
    return int(db.execute(people).scalar_one())


def _to_call(db: Connection, commune_id: int, row: Any) -> Call:
    hers = (delivery.c.commune_id == commune_id) & (delivery.c.person == row.person) & (delivery.c.state == "call")
    told = db.execute(
        select(notice.c.kind, notice.c.about, delivery.c.dossier_id)
        .join(notice, notice.c.id == delivery.c.notice_id)
        .where(hers)
        .order_by(delivery.c.id)
    ).all()
    village = db.execute(select(citizen.c.village).where(citizen.c.id == row.citizen)).scalar() if row.citizen else None
    dossiers = [each.dossier_id for each in told if each.dossier_id is not None]
    phone = _phone_to_call(db, commune_id, row.person, row.citizen, dossiers)
    about = tuple(dict.fromkeys(each.about for each in told if each.about))
    news = tuple(dict.fromkeys((each.kind, each.about) for each in told))
    return Call(row.id, village, phone, about, row.rings, row.since, news, row.citizen is None)


def _phone_to_call(
    db: Connection, commune_id: int, person: str, citizen_id: int | None, dossiers: list[int]
) -> str | None:
    """The number she left to be called on, else one she agreed to, else that of her watch or of the dossier."""
    if citizen_id is not None:
        hers = (wants_call.c.commune_id == commune_id) & (wants_call.c.citizen_id == citizen_id)
        left = db.execute(select(wants_call.c.phone).where(hers, wants_call.c.phone.is_not(None))).scalar()
        if left is not None:
            return str(unseal_json(db, left))
        agreed = audience.phones(db, commune_id, [Person(person, citizen_id, None)], [citizen_id])
        if agreed:
            return agreed[person]
    here = (dossier_watch.c.commune_id == commune_id) & dossier_watch.c.dossier_id.in_(dossiers)
    if citizen_id is not None:
        rung = db.execute(
            select(dossier_watch.c.phone)
            .join(
                address,
                (address.c.channel == dossier_watch.c.channel)
                & (address.c.account == dossier_watch.c.account)
                & (address.c.sender == dossier_watch.c.sender),
            )
            .where(here, address.c.citizen_id == citizen_id, dossier_watch.c.phone.is_not(None))
            .limit(1)
        ).scalar()
        return None if rung is None else str(unseal_json(db, rung))
    sealed = db.execute(
        select(dossier.c.details).where(dossier.c.commune_id == commune_id, dossier.c.id.in_(dossiers)).limit(1)
    ).scalar()
    phone = None if sealed is None else unseal_json(db, sealed)["phone"]
    return None if phone is None else str(phone)


def called(db: Connection, commune_id: int, delivery_id: int, official_id: int, now: datetime) -> bool:
    """An official has told her everything that waited for a call; False when somebody else already had."""
    values = {"state": "called", "official_id": official_id, "changed_at": now}
    return db.execute(update(delivery).where(_her_calls(commune_id, delivery_id)).values(values)).rowcount > 0


def rang(db: Connection, commune_id: int, delivery_id: int, official_id: int) -> bool:
    """Nobody answered; she stays on the list, behind the others."""
    values = {"rings": delivery.c.rings + 1, "official_id": official_id}
    return db.execute(update(delivery).where(_her_calls(commune_id, delivery_id)).values(values)).rowcount > 0


def _her_calls(commune_id: int, delivery_id: int) -> Any:
    this = (delivery.c.commune_id == commune_id) & (delivery.c.id == delivery_id)
    person = select(delivery.c.person).where(this).scalar_subquery()
    return (delivery.c.commune_id == commune_id) & (delivery.c.person == person) & (delivery.c.state == "call")
