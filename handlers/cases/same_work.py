"""Cases about the same public work: joined, parted, answered together (L31).

An official joins a case to another: what looks alike is proposed, or its number typed. The other needs an official's
title, for that is all the people of joined cases ever read of it; answers to them carry officials' photos only. Both
are open and for every official to read; what is past the counter or for the receivers is joined to nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot import case_cards, case_news, casework, same_work
from bot.conversation import Ask, Find, NotUnderstood, Question
from bot.questions import Choice, Confirm
from bot.routes import Routes, Start
from bot.state import Raw
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.cases import actions
from messages import cases as named
from messages.cases import FIELDS, code
from messages.reply import Button, Msg, Personal, Reply, Text, _
from storage import cases
from storage.cases import Case

routes = Routes()

PROPOSED = 6
OTHER = "other"


@dataclass(frozen=True)
class Propose:
    """Which cases are proposed: performed once in the talk."""

    case: int


@dataclass(frozen=True)
class JoinCases:
    """`case` follows `main`; title: the main one's, when it had none."""

    case: int
    main: int
    title: str = ""


@dataclass(frozen=True)
class CaseNumber(Question[int]):
    """The number of a case, as people write it or as digits alone."""

    def read(self, raw: Raw) -> int:
        text = raw.text.strip()
        found = named.find(text) or ([int(text)] if text.isdecimal() and len(text) < 8 else [])
        if raw.kind != "text" or not found:
            raise NotUnderstood(_("Please type the number of the case, for example {code}.", code=code(7)))
        return found[0]


# --- joining ----------------------------------------------------------------------------------------------------------


@routes.tap("case-join", role="official")
def begin(turn: Turn, case: str = "", main: str = "") -> Reply | Start:
    """The button of the card; with `main` the one under "may be the same work"."""
    found = actions.case_of(turn, case)
    if refused := actions.refused_for(turn, found) or _not_for_all(found):
        return refused
    assert found is not None, "asked by `refused_for`"
    other = actions.case_of(turn, main) if main else None
    return Start("case-join", case=found.id, main=other.id if other else 0)


def _not_for_all(found: Case | None) -> Reply | None:
    if found is None or found.lane == "office":
        return None
    return Reply(_("{code} is not for every official to read, so it is joined to nothing.", code=code(found.number)))


@routes.conversation("case-join", title=_("Joining cases about the same work"), role="official")
def join(ask: Ask, find: Find, case: int, main: int = 0) -> JoinCases | None:
    """Which one it follows, a title for that one if it has none, and a look at both."""
    found = find(cases.get, case)
    if found is None:
        return JoinCases(case, 0)
    other = find(cases.get, main) if main else _chosen(ask, find, found)
    if other is None or cannot(found, other) is not None:
        return JoinCases(case, other.id if other else 0)
    title = "" if other.title else ask(actions.Neutral(f"title:{other.id}", _title(other), at_least=4, at_most=120))
    values = [*_both(found, other, title), *_differ(found, other)]
    prompt = _("Join {code} to {main}? One answer then reaches everybody.", code=code(found.number), main=_code(other))
    joins = Confirm("join", prompt, values=values, yes=_("Join them"), no=_("No, leave them apart"))
    return JoinCases(case, other.id, title) if ask(joins) else None


def _chosen(ask: Ask, find: Find, found: Case) -> Case | None:
    proposed: list[int] = ask.once("proposed", Propose(found.id))
    known = [each for each in (find(cases.get, one) for one in proposed) if each is not None and each.is_open]
    chosen = OTHER
    if known:
        options: Mapping[str, Text] = {str(each.id): _line(find, each) for each in known}
        prompt = _("Which case is {code} the same work as? These look alike.", code=code(found.number))
        chosen = ask(Choice("main", prompt, {**options, OTHER: _("Another one, I type its number")}))
    if chosen != OTHER:
        return find(cases.get, int(chosen))
    number = ask(CaseNumber("number", _("Which case is it the same work as? Please type its number.")))
    return find(cases.by_number, number)


def _line(find: Find, each: Case) -> Msg:
    """Number, title or field, thôn, age."""
    what: Text = each.title or FIELDS[each.field]
    village: Text = each.village or _("thôn not named")
    days = (find.now - each.received_at).days
    age = _("{days} days old", days=days) if days else _("from today")
    return _("{code}: {what}, {village}, {age}", code=code(each.number), what=what, village=village, age=age)


def _code(each: Case) -> str:
    return code(each.number)


def _title(other: Case) -> Msg:
    return _(
        "{main} needs a short neutral title first, without anybody's name. People of joined cases read it.",
        main=_code(other),
    )


def _both(found: Case, other: Case, title: str) -> list[Text]:
    given = other.title or title
    return [case_cards.header(found), case_cards.header(other), _("Title: {title}", title=Personal(given, "words"))]


def _differ(found: Case, other: Case) -> list[Text]:
    if found.field == other.field:
        return []
    return [_("Their fields differ: {one}, {two}.", one=FIELDS[found.field], two=FIELDS[other.field])]


def cannot(found: Case, other: Case | None) -> Msg | None:
    """Why a case cannot follow another."""
    if other is None:
        return _("There is no case of that number.")
    if found.id == other.id:
        return _("{code} cannot follow itself.", code=code(found.number))
    for each in (found, other):
        if each.lane != "office":
            return _("{code} is not for every official to read, so it is joined to nothing.", code=_code(each))
        if not each.is_open:
            return _("{code} is not open any more.", code=_code(each))
    return None


@routes.does(Propose)
def propose(command: Propose, turn: Turn) -> list[int]:
    """Ids of the open cases that look alike, the likeliest first."""
    found = cases.get(turn.db, turn.commune_id, command.case)
    return [each.case.id for each in same_work.alike(turn, found)[:PROPOSED]] if found else []


@routes.does(JoinCases)
def join_them(command: JoinCases, turn: Turn) -> Reply:
    """One follows the other from now on; rights and states are looked at now."""
    found = cases.get(turn.db, turn.commune_id, command.case)
    other = cases.get(turn.db, turn.commune_id, command.main)
    if refused := actions.refused_for(turn, found):
        return refused.first(_NOTHING)
    assert found is not None, "asked by `refused_for`"
    if why := cannot(found, other):
        return Reply(_NOTHING, why)
    assert other is not None, "asked by `cannot`"
    if command.title and not other.title:
        other = _give_title(turn, other, command.title)
    if not other.title or not casework.join(turn, found, other, turn.official):
        return Reply(_NOTHING)
    joined = cases.entries(turn.db, turn.commune_id, found.id, kinds=("joined",), limit=1)
    case_news.tell(turn, actions.fresh(turn, found), joined[-1].id)
    together = _("{code} follows {main} now. One answer reaches everybody.", code=code(found.number), main=_code(other))
    told = _("People who told of this work: {count}.", count=casework.people(turn, other))
    return Reply(together, told, buttons=(case_cards.button("case-open", other), _part(found)))


_NOTHING = _("Nothing was changed.")


def _give_title(turn: Turn, other: Case, title: str) -> Case:
    cases.change(turn.db, turn.commune_id, other.id, title=title)
    by = turn.official.id if turn.official else None
    cases.add(turn.db, turn.commune_id, other.id, "titled", turn.now, text=title, official_id=by)
    return actions.fresh(turn, other)


# --- parting ----------------------------------------------------------------------------------------------------------


def _part(found: Case) -> Button:
    return Button(_("Part them again"), str(RouteToken("case-part", (str(found.id),))))


@routes.tap("case-part", role="official")
def part(turn: Turn, case: str = "") -> Reply:
    """It was another work after all: it stands by itself again, with its own deadline."""
    found = actions.case_of(turn, case)
    if refused := actions.unreadable(turn, found):
        return refused
    assert found is not None, "asked by `unreadable`"
    if not casework.part(turn, found, turn.official):
        return Reply(_("{code} follows no other case.", code=code(found.number)))
    parted = cases.entries(turn.db, turn.commune_id, found.id, kinds=("parted",), limit=1)
    case_news.tell(turn, actions.fresh(turn, found), parted[-1].id)
    alone = _("{code} stands by itself again, due before {when}.", code=code(found.number), when=found.due_at)
    return Reply(alone, buttons=(case_cards.button("case-open", found),))
