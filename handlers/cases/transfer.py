"""A case handed on with the "5 rõ": who, what, answerable for what, by when, with what result (G07).

Each of the five has a sensible default, so two taps are enough. Whoever is away is stood in for; the new holder is told
in his own chats. A case past the counter (A19) is read by whoever it is handed to, one for the receivers by receivers
alone; outside /office he is told of these that there is something, and no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from bot import case_cards, case_news, duty
from bot.case_access import RECEIVE
from bot.conversation import Ask, Find
from bot.questions import Choice, Date, Text
from bot.routes import Routes, Start
from bot.turn import Turn
from handlers.cases import actions
from handlers.requests.answer import Preview
from messages.cases import code
from messages.render import ZONE
from messages.reply import Personal, Reply, _, lines
from messages.reply import Text as Words
from storage import cases, officials
from storage.cases import Case
from storage.officials import Official

routes = Routes()
MOST_CHANGES = 12
CHANGES: Mapping[str, Words] = {
    "hand": _("Hand it on"), "task": _("Change what"), "responsible": _("Change answerable for what"),
    "by": _("Change by when"), "result": _("Change the result"),
}  # fmt: skip
ASKED: Mapping[str, Words] = {
    "task": _("What is to be done?"), "responsible": _("Answerable for what?"), "result": _("With what result?"),
}  # fmt: skip
TASK = _("Look at it and settle it")
RESPONSIBLE = _("Answering the citizen in time")
RESULT = _("The citizen has been told the result")


@dataclass(frozen=True)
class HandOn:
    """A case for somebody else; empty words stand for the usual ones."""

    case: int
    to: int
    task: str
    responsible: str
    by: str
    result: str


@routes.tap("case-hand", role="official")
def begin(turn: Turn, number: str = "") -> Reply | Start:
    """Whoever may act on a case may hand it on."""
    case = actions.case_of(turn, number)
    if refused := actions.refused_for(turn, case):
        return refused
    assert case is not None, "asked by `refused_for`"
    if not _may_hand(turn, case):
        return actions.held_by(turn, case, int(case.taken_by or 0))
    if not _others(officials.active(turn.db, turn.commune_id), case, turn.official):
        return Reply(_("There is nobody else to hand it to."))
    return Start("case-hand", case=case.id)


def _may_hand(turn: Turn, case: Case) -> bool:
    """Whoever has it, anybody while nobody does; a clerk or the Chairman always."""
    mine = turn.official is not None and case.taken_by == turn.official.id
    free = case.taken_by not in {each.id for each in officials.active(turn.db, turn.commune_id)}
    return mine or free or turn.allows("clerk") or turn.allows("chairman")


def _others(people: list[Official], case: Case, me: Official | None) -> dict[str, Words]:
    """Who may have it: never a village head; of what is for receivers only receivers."""
    return {
        str(each.id): _("{name}, {post}", name=each.name, post=each.post)
        for each in people
        if each.role != "village-head" and each != me and (case.lane != "receiver" or RECEIVE in each.rights)
    }


@routes.conversation("case-hand", title=_("To hand a case on"), role="official")
def hand(ask: Ask, find: Find, case: int) -> HandOn | None:
    """To whom, then the five points as they would be told; each may be changed before it goes."""
    found = find(cases.get, case)
    people = _others(find(officials.active), found, find.official) if found else {}
    if found is None or not people:
        return HandOn(case, 0, "", "", "", "")
    to = ask(Choice("to", _("Who takes over {code}?", code=code(found.number)), people))
    given = {"task": "", "responsible": "", "result": ""}
    today = find.now.astimezone(ZONE).date()
    by = max(found.due_at.astimezone(ZONE).date(), today)
    for time in range(MOST_CHANGES):
        points = five(people[to], given["task"], given["responsible"], by, given["result"])
        what = ask(Preview(f"look{time}", points, CHANGES))
        if what == "hand":
            break
        if what == "by":
            by = ask(Date(f"by{time}", _("By when?"), today=today, earliest=today))
        else:
            given[what] = ask(Text(f"{what}{time}", ASKED[what], at_most=300))
    return HandOn(case, int(to), given["task"], given["responsible"], by.isoformat(), given["result"])


def five(who: Words, task: str, responsible: str, by: date, result: str) -> Words:
    """The five points, one under the other."""
    return lines(
        _("Who: {name}", name=who),
        _("What: {words}", words=Personal(task, "words") if task else TASK),
        _("Answerable for: {words}", words=Personal(responsible, "words") if responsible else RESPONSIBLE),
        _("By when: {when}", when=by),
        _("Result: {words}", words=Personal(result, "words") if result else RESULT),
    )


@routes.does(HandOn)
def hand_on(command: HandOn, turn: Turn) -> Reply:
    """The case is his, or his who stands in for him; rights are looked at now."""
    case = cases.get(turn.db, turn.commune_id, command.case)
    if refused := actions.refused_for(turn, case):
        return refused.first(_("Nothing was changed."))
    assert case is not None and turn.official is not None, "asked by `refused_for`"  # noqa: PT018
    people = {each.id: each for each in officials.active(turn.db, turn.commune_id)}
    if str(command.to) not in _others(list(people.values()), case, turn.official):
        return Reply(_("Nothing was changed."), _("Whom you named cannot have it any more."))
    if not _may_hand(turn, case):
        return actions.held_by(turn, case, int(case.taken_by or 0)).first(_("Nothing was changed."))
    named = people[command.to]
    holder = duty.standing_in(turn, named)
    counter = case.lane == "leader" and holder.role == "clerk"  # never by itself (A19)
    if counter or str(holder.id) not in _others(list(people.values()), case, None):
        holder = named
    return _handed(turn, case, named, holder, command)


def _handed(turn: Turn, case: Case, named: Official, holder: Official, command: HandOn) -> Reply:
    assert turn.official is not None, "looked at by whoever calls"
    text = turn.place.catalogs.text
    points = {
        "task": command.task or text(TASK, turn.place.language), "by": command.by,
        "responsible": command.responsible or text(RESPONSIBLE, turn.place.language),
        "result": command.result or text(RESULT, turn.place.language),
    }  # fmt: skip
    cases.take(turn.db, turn.commune_id, case.id, holder.id, instead=True)
    entry = cases.add(
        turn.db, turn.commune_id, case.id, "handed", turn.now, official_id=turn.official.id,
        data={"to": holder.id, **points},
    )  # fmt: skip
    his = actions.fresh(turn, case)
    case_cards.show(turn, his)
    case_news.tell(turn, his, entry)
    who = _("{name}, {post}", name=holder.name, post=holder.post)
    _tell(turn, his, holder, five(who, points["task"], points["responsible"], _day(command.by), points["result"]))
    has = _("{name} has {code} now and has been told.", name=holder.name, code=code(case.number))
    away = _("{name} is away, so it went to {other}.", name=named.name, other=holder.name)
    return Reply(*([away] if holder.id != named.id else []), has)


def _day(written: str) -> date:
    return date.fromisoformat(written)


def _tell(turn: Turn, case: Case, holder: Official, points: Words) -> None:
    assert turn.official is not None, "looked at by whoever calls"
    whole = Reply(
        _("{name} has handed you {code}.", name=turn.official.name, code=code(case.number)), case_cards.header(case),
        points, buttons=(case_cards.button("case-open", case),), loud=True,
    )  # fmt: skip
    private = Reply(
        _("You have been handed {code}.", code=code(case.number)), _("Please open it at /office."), loud=True
    )
    for place, to in enumerate(duty.chats(turn, holder)):
        turn.send(to, whole if place == 0 or case.lane == "office" else private)
