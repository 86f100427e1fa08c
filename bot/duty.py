"""Who has to act: the officer a dossier names, whoever stands in for somebody away, the head, who may approve.

Names in the desk's file are matched to invited officials without case and accents, or by what a clerk has tied to them
(`storage.officer_names`); a name nobody bears is nobody's, so the clerks are told (L21). Whoever is away is replaced by
the substitute he named, and that one, if he is away himself, by his own. Where nobody was named the clerks act, then
the Chairman; but nobody approves who was not given the right, or named by one who has it.

All of this is read once in a piece of work, for these functions are called in loops.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.turn import Address, Work, office_address
from messages.fold import fold
from messages.reply import Reply
from storage import absences, officer_names, officials
from storage.absences import Absence
from storage.officer_names import OfficerName
from storage.officials import Official

_KEPT = "duty"


@dataclass(frozen=True, slots=True)
class _Roster:
    """Everybody with rights, who of them is away, and the names of the file."""

    people: dict[int, Official]
    away: dict[int, Absence]
    names: list[OfficerName]
    named: dict[str, Official | None]  # by folded name; None: several bear it


def _roster(work: Work) -> _Roster:
    kept = work.kept.get(_KEPT)
    if not isinstance(kept, _Roster):
        kept = work.kept[_KEPT] = _read(work)
    return kept


def _read(work: Work) -> _Roster:
    db, commune = work.db, work.commune_id
    people = {each.id: each for each in officials.active(db, commune)}
    names = officer_names.known(db, commune)
    named: dict[str, Official | None] = {}
    for each in people.values():
        key = fold(each.name)
        named[key] = None if key in named else each
    for tied in names:
        if tied.official_id in people:
            named[fold(tied.name)] = people[tied.official_id]
    return _Roster(people, {each.official_id: each for each in absences.current(db, commune, work.now)}, names, named)


def forget(work: Work) -> None:
    """Read anew who is there: this piece of work has just changed it."""
    work.kept.pop(_KEPT, None)


def in_charge(work: Work, officer: str) -> Official | None:
    """The invited official of that name, or his substitute today; None when nobody or several bear it."""
    found = bearer(work, officer)
    return None if found is None else standing_in(work, found)


def bearer(work: Work, officer: str) -> Official | None:
    """The invited official of that name himself, away or not."""
    return _roster(work).named.get(fold(officer)) if officer else None


def names_of(work: Work, official: Official) -> list[str]:
    """The names of the file that mean an official; his own is among them."""
    named = [each.name for each in _roster(work).names if bearer(work, each.name) == official]
    return list(dict.fromkeys((official.name, *named)))


def unmatched(work: Work) -> list[tuple[str, int]]:
    """Names of the file nobody bears, with how many running dossiers wait under each, most first."""
    return [(each.name, each.dossiers) for each in unmatched_names(work)]


def unmatched_names(work: Work) -> list[OfficerName]:
    """The same with what a tap needs to tie a name to somebody."""
    return [each for each in _roster(work).names if each.dossiers and bearer(work, each.name) is None]


def is_away(work: Work, official: Official) -> bool:
    """Whether he is away today."""
    return official.id in _roster(work).away


def standing_in(work: Work, official: Official) -> Official:
    """Whoever acts for an official today: himself, unless he is away; when nobody is left to, himself all the same."""
    return named_for(work, official) or _somebody(work) or official


def named_for(work: Work, official: Official) -> Official | None:
    """Himself, or the first in the row of substitutes who is there; None when the row ends with nobody."""
    roster, seen = _roster(work), set[int]()
    each: Official | None = official
    while each is not None and each.id in roster.away:
        seen.add(each.id)
        following = roster.people.get(roster.away[each.id].substitute_id or 0)
        each = None if following is None or following.id in seen else following
    return each


def _somebody(work: Work) -> Official | None:
    """A clerk who is there, else the Chairman, if he is."""
    roster = _roster(work)
    there = [each for each in roster.people.values() if each.id not in roster.away]
    for role in ("clerk", "chairman"):
        found = next((each for each in there if each.role == role), None)
        if found is not None:
            return found
    return None


def clerks(work: Work) -> list[Official]:
    """The clerks of the desk, each as whoever stands in for him."""
    return _acting(work, lambda each: each.role == "clerk", standing_in)


def heads(work: Work) -> list[Official]:
    """The Chairman, or whoever he named; if he named nobody, those who may approve in his place, else the clerks."""
    chairmen = _acting(work, lambda each: each.role == "chairman", named_for)
    deputies = chairmen or _acting(work, lambda each: "approve" in each.rights, named_for)
    return deputies or _acting(work, lambda each: each.role == "chairman", standing_in)


def approvers(work: Work) -> list[Official]:
    """Who may approve letters: the Chairman, and whom he has given the right to (his deputy); substitutes included.

    When all of them are away and nobody was named, they themselves: the right goes to nobody by itself.
    """
    return _acting(work, _may_approve, named_for) or _acting(work, _may_approve, lambda work, each: each)


def with_right(work: Work, right: str) -> list[Official]:
    """Everybody who holds a right himself, away or not."""
    return [each for each in _roster(work).people.values() if right in each.rights]


def _may_approve(official: Official) -> bool:
    return official.role == "chairman" or "approve" in official.rights


def _acting(
    work: Work, chosen: Callable[[Official], bool], for_: Callable[[Work, Official], Official | None]
) -> list[Official]:
    people = [for_(work, each) for each in _roster(work).people.values() if chosen(each)]
    return list({each.id: each for each in people if each is not None}.values())


def chats(work: Work, official: Official) -> list[Address]:
    """An official's own chats: at /office, and on each messenger where he has said who he is."""
    known = officials.addresses(work.db, work.commune_id, official.id)
    sends = work.place.capabilities
    messengers = [Address(at, account, who, who) for at, account, who in known if at in sends and sends[at].sends]
    return [office_address(official.id), *messengers]


def tell(work: Work, people: Iterable[Official], reply: Reply, *, otherwise_office: bool = True) -> None:
    """Send a reply to officials in all their own chats; to the office's shared chats when there is nobody to tell."""
    found = list(people)
    for each in found:
        for to in chats(work, each):
            work.send(to, reply)
    if not found and otherwise_office:
        work.send_office(reply)
