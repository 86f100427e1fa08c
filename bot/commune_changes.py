"""The commune as it is now: commune.toml with what officials have changed in chat laid over it (storage.facts).

A name says what is changed: `about.parking`, `citizen_reception.topics`, `hours.monday`, `point:<name>`,
`phone:<name>`, `chairman:<ISO date>`, `listener:<name>` (the languages an official hears), `quick-day:<ISO date>`
(whether results are returned quickly then). A row that no longer fits the file (a point that was taken out of it, a
value an older version wrote) is passed over: an old change must never stop the office, and `check` still lists it.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection

from bot.commune import (
    WEEKDAYS,
    About,
    ChairmanDay,
    CitizenReception,
    Commune,
    Hours,
    Listener,
    Phone,
    ReceptionPoint,
)
from messages.fold import fold
from storage import facts
from storage.facts import Change


class Current:
    """The commune of a process, laid over anew whenever a change was made in any process."""

    def __init__(self) -> None:
        self._known: tuple[str, Commune] | None = None

    def of(self, db: Connection, commune_id: int, base: Commune) -> Commune:
        """`base` with the changes that stand in the database now."""
        mark = facts.mark(db, commune_id)
        if not mark:
            return base
        known = self._known
        if known is None or known[0] != mark:
            known = self._known = mark, changed(base, facts.changes(db, commune_id))
        return known[1]


def changed(commune: Commune, changes: Iterable[Change]) -> Commune:
    """`commune` with these changes over it."""
    for change in changes:
        kind, _, name = change.name.replace(".", ":", 1).partition(":")
        if change.value is None or kind not in _APPLY:
            continue
        with suppress(ValidationError, ValueError, TypeError, KeyError):
            commune = _APPLY[kind](commune, name, change)
    return commune


def _about(commune: Commune, name: str, change: Change) -> Commune:
    about = About.model_validate({**_fields(commune.about), name: _said(change)})
    return commune.model_copy(update={"about": about})


def _reception(commune: Commune, name: str, change: Change) -> Commune:
    return _with_reception(commune, **{name: _said(change)})


def _with_reception(commune: Commune, **values: Any) -> Commune:
    reception = CitizenReception.model_validate({**_fields(commune.citizen_reception), **values})
    return commune.model_copy(update={"citizen_reception": reception})


def _said(change: Change) -> dict[str, Any]:
    """An official has said it, so it is confirmed."""
    return {"value": str(change.value), "checked_on": change.set_at.date(), "needs_checking": False}


def _hours(commune: Commune, name: str, change: Change) -> Commune:
    if name not in WEEKDAYS:
        raise KeyError(name)
    hours = Hours.model_validate({**_fields(commune.hours), name: change.value})
    return commune.model_copy(update={"hours": hours})


def _point(commune: Commune, name: str, change: Change) -> Commune:
    points = [
        ReceptionPoint.model_validate(_fields(point) | change.value) if point.name == name else point
        for point in commune.reception_points
    ]
    return commune.model_copy(update={"reception_points": tuple(points)})


def _phone(commune: Commune, name: str, change: Change) -> Commune:
    """Another number; "" takes it off the list; a name the file does not have is added to the list."""
    known = next((phone for phone in commune.phones if phone.name == name), None)
    others = tuple(phone for phone in commune.phones if phone.name != name)
    if not change.value:
        return commune.model_copy(update={"phones": others})
    role = known.role if known else "staff"
    phone = Phone(role=role, name=name, number=str(change.value))
    listed = tuple(phone if each is known else each for each in commune.phones) if known else (*others, phone)
    return commune.model_copy(update={"phones": listed})


def _chairman(commune: Commune, name: str, change: Change) -> Commune:
    day = date.fromisoformat(name)
    known = next((each for each in commune.citizen_reception.chairman if each.day == day), ChairmanDay(day=day))
    days = [each for each in commune.citizen_reception.chairman if each.day != day]
    days.append(ChairmanDay.model_validate({**_fields(known), **change.value}))
    return _with_reception(commune, chairman=tuple(days))


def _listener(commune: Commune, name: str, change: Change) -> Commune:
    """What an official hears besides Vietnamese; nothing takes him off the list."""
    others = tuple(each for each in commune.listeners if fold(each.name) != fold(name))
    heard = (Listener.model_validate({"name": name, "languages": change.value}),) if change.value else ()
    return commune.model_copy(update={"listeners": (*others, *heard)})


def _quick_day(commune: Commune, name: str, change: Change) -> Commune:
    """One more day on which results are returned quickly, or one fewer (A15)."""
    others = {*commune.dossiers.quick_days} - {date.fromisoformat(name)}
    days = others | {date.fromisoformat(name)} if change.value else others
    terms = commune.dossiers.model_copy(update={"quick_days": tuple(sorted(days))})
    return commune.model_copy(update={"dossiers": terms})


def _fields(part: Any) -> dict[str, Any]:
    return {name: getattr(part, name) for name in type(part).model_fields}


_APPLY: dict[str, Callable[[Commune, str, Change], Commune]] = {
    "about": _about,
    "citizen_reception": _reception,
    "hours": _hours,
    "point": _point,
    "phone": _phone,
    "chairman": _chairman,
    "listener": _listener,
    "quick-day": _quick_day,
}
