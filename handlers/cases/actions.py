"""Officials at a case: open it, take it, mark it, sort it anew; the second who takes it is told who was first (G05).

Every button of a card begins here with the same three questions: is there such a case, may he read it, can anything
still be done. What is past the counter (A19) or for the receivers (L32) is opened at /office alone, for a messenger's
servers are abroad (L28). An official who is removed in the middle does nothing more, and what he had is free again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot import case_cards, case_news, casework, duty
from bot.calendar import Calendar
from bot.case_access import RECEIVE, may_read
from bot.conversation import Ask, Find, NotUnderstood
from bot.questions import Choice, Text
from bot.routes import Routes, Start
from bot.state import Raw
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from messages import gates
from messages.cases import FIELDS, KINDS, SENSITIVE, code
from messages.fold import fold
from messages.reply import Button, Reply, _, lines
from messages.reply import Text as Words
from storage import cases, officials
from storage.cases import Case

routes = Routes()
GONE = _("There is no such case any more.")
NOT_YOURS = _("Only those it concerns may open this case.")
AT_DESK = _("This stays on the commune's own machine. Please open it at /office.")


# --- what others ask for ----------------------------------------------------------------------------------------------


def case_of(turn: Turn, number: str) -> Case | None:
    """The case of that id, as a button carries it."""
    return cases.get(turn.db, turn.commune_id, int(number)) if number.isdecimal() and len(number) < 19 else None


def fresh(work: Work, case: Case) -> Case:
    """The case as it stands now."""
    return cases.get(work.db, work.commune_id, case.id) or case


def refused_for(turn: Turn, case: Case | None) -> Reply | None:
    """Why nothing can be done with a case; None when something can."""
    if refused := unreadable(turn, case):
        return refused
    assert case is not None, "asked by `unreadable`"
    if case.state == "joined" and (main := cases.get(turn.db, turn.commune_id, case.main_id or 0)):
        follows = _("{code} follows {other}. Please go on there.", code=code(case.number), other=code(main.number))
        return Reply(follows, buttons=(case_cards.button("case-open", main),))
    if not case.is_open:
        return Reply(_("{code} is closed already.", code=code(case.number)))
    return None


def unreadable(turn: Turn, case: Case | None) -> Reply | None:
    """Why a case cannot be read here."""
    if case is None:
        return Reply(GONE)
    if not turn.allows("official") or not may_read(turn, turn.official, case):
        return Reply(NOT_YOURS)
    return Reply(AT_DESK) if case.lane != "office" and not turn.at_desk else None


def held_by(turn: Turn, case: Case, holder: int) -> Reply:
    """Somebody else has it: who, and a way to take it on purpose."""
    other = officials.get(turn.db, turn.commune_id, holder)
    instead = Button(_("Take it instead"), str(RouteToken("case-take", (str(case.id), "instead"))))
    if other is None or holder not in {each.id for each in officials.active(turn.db, turn.commune_id)}:
        return Reply(_("{code} is with somebody who has left.", code=code(case.number)), buttons=(instead,))
    has = _("{name} ({post}) already has {code}.", name=other.name, post=other.post, code=code(case.number))
    return Reply(has, buttons=(instead,))


def taken_for(turn: Turn, case: Case | None, *, instead: bool = False) -> Reply | None:
    """Have the case, for something that only its holder does; why not, when that cannot be."""
    if refused := refused_for(turn, case):
        return refused
    assert case is not None and turn.official is not None, "asked by `refused_for`"  # noqa: PT018
    holder = cases.take(turn.db, turn.commune_id, case.id, turn.official.id, instead=instead)
    if holder != turn.official.id:
        return held_by(turn, case, holder)
    if case.taken_by != holder:
        _took(turn, case, holder)
    return None


def _took(turn: Turn, case: Case, holder: int) -> None:
    """It is his now: on the card, to whoever had it, and to her the first time."""
    known = cases.entries(turn.db, turn.commune_id, case.id, kinds=("taken", "handed"), limit=1)
    entry = cases.add(turn.db, turn.commune_id, case.id, "taken", turn.now, official_id=holder)
    mine = fresh(turn, case)
    case_cards.show(turn, mine)
    if not known:
        case_news.tell(turn, mine, entry)
    before = officials.get(turn.db, turn.commune_id, case.taken_by) if case.taken_by else None
    if before is not None and turn.official is not None:
        told = _("{name} has taken {code} from you.", name=turn.official.name, code=code(case.number))
        duty.tell(turn, [before], Reply(told), otherwise_office=False)


# --- open, take, more -------------------------------------------------------------------------------------------------


@routes.tap("case-open", role="official")
def open_it(turn: Turn, number: str = "") -> Reply:
    """All of a case; in a group without her name."""
    case = case_of(turn, number)
    if refused := unreadable(turn, case):
        return refused
    assert case is not None and turn.official is not None, "asked by `unreadable`"  # noqa: PT018
    return case_cards.whole(turn, case, turn.official)


@routes.tap("case-take", role="official")
def take(turn: Turn, number: str = "", instead: str = "") -> Reply:
    """"I have it"; the second who says so is told who was first and may take it on purpose."""
    case = case_of(turn, number)
    if refused := taken_for(turn, case, instead=instead == "instead"):
        return refused
    assert case is not None, "asked by `taken_for`"
    mine = fresh(turn, case)
    yours = _("You have {code}. Thank you.", code=code(mine.number))
    due = _("By when: before {when}", when=mine.due_at)
    offered = [case_cards.button(each, mine) for each in ("case-reply", "case-ask", "case-close", "case-open")]
    return Reply(lines(yours, due), buttons=tuple(offered))


@routes.tap("case-more", role="official")
def more(turn: Turn, number: str = "") -> Reply:
    """What stands behind "more" on a card."""
    case = case_of(turn, number)
    if refused := refused_for(turn, case):
        return refused
    assert case is not None, "asked by `refused_for`"
    return Reply(case_cards.header(case), _("What would you like to do?"), buttons=case_cards.more_buttons(case))


# --- pressing ---------------------------------------------------------------------------------------------------------


@routes.tap("case-urgent", role="official")
def urgent(turn: Turn, number: str = "") -> Reply:
    """It presses: a new deadline, which is told to her, to whoever has it and on the card."""
    case = case_of(turn, number)
    if refused := refused_for(turn, case):
        return refused
    assert case is not None and turn.official is not None, "asked by `refused_for`"  # noqa: PT018
    if case.urgent:
        return Reply(_("{code} is marked as pressing already.", code=code(case.number)))
    due, remind = casework.times(turn, case.kind, urgent=True)
    due = min(due, case.due_at)
    cases.change(turn.db, turn.commune_id, case.id, urgent=True, due_at=due, remind_at=min(remind, due), reminded=0)
    entry = cases.add(turn.db, turn.commune_id, case.id, "urgent", turn.now, official_id=turn.official.id)
    pressing = fresh(turn, case)
    case_cards.show(turn, pressing, loud=True)
    case_news.tell(turn, pressing, entry)
    holder = officials.get(turn.db, turn.commune_id, case.taken_by) if case.taken_by else None
    said = _("{code} presses now: due before {when}.", code=code(case.number), when=due)
    if holder is not None and holder.id != turn.official.id:
        told = Reply(said, buttons=(case_cards.button("case-open", case),), loud=True)
        duty.tell(turn, [holder], told, otherwise_office=False)
    return Reply(said)


# --- sorted anew ------------------------------------------------------------------------------------------------------

ELSEWHERE: Mapping[str, Words] = {
    "complaint": _("A complaint against a decision or an act"), "denounce": _("It accuses somebody"),
}  # fmt: skip
LANES: Mapping[str, Words] = {
    "office": _("Every official may read it"), "leader": _("The head alone, past the counter"),
    "receiver": _("The receiver of citizens alone"),
}  # fmt: skip


@dataclass(frozen=True)
class Sort:
    """Sort a case anew; kind may be one of `ELSEWHERE`, which no case can be."""

    case: int
    kind: str
    field: str
    lane: str


@routes.tap("case-sort", role="official")
def begin_sorting(turn: Turn, number: str = "") -> Reply | Start:
    """Kind, field, who reads it."""
    return refused_for(turn, case_of(turn, number)) or Start("case-sort", case=int(number))


@routes.conversation("case-sort", title=_("To sort a case anew"), role="official")
def sort(ask: Ask, find: Find, case: int) -> Sort | None:
    """What it is now stands in each question."""
    found = find(cases.get, case)
    if found is None:
        return Sort(case, "", "", "")
    prompt = _("What is {code} by its content? Now: {kind}.", code=code(found.number), kind=KINDS[found.kind])
    kind = ask(Choice("kind", prompt, {**KINDS, **ELSEWHERE}))
    if kind in ELSEWHERE:
        return Sort(case, kind, found.field, found.lane)
    field = ask(Choice("field", _("In which field? Now: {field}.", field=FIELDS[found.field]), FIELDS))
    lane = ask(Choice("lane", _("Who may read it? Now: {lane}.", lane=LANES[found.lane]), LANES))
    return Sort(case, kind, field, lane)


@routes.does(Sort)
def sort_it(command: Sort, turn: Turn) -> Reply:
    """The case as it is from now on; a complaint or an accusation is none, so she is led to where it belongs."""
    case = cases.get(turn.db, turn.commune_id, command.case)
    if refused := refused_for(turn, case):
        return refused.first(_("Nothing was changed."))
    assert case is not None and turn.official is not None, "asked by `refused_for`"  # noqa: PT018
    if command.kind in ELSEWHERE:
        return _not_a_case(case, command.kind)
    changed = {"kind": command.kind, "field": command.field, "lane": command.lane}
    more: dict[str, object] = {} if case.kind == command.kind else {"due_at": _due(turn, case, command.kind)}
    if command.lane not in ("office", case.lane):  # whoever has it may not read it there
        more["taken_by"] = None
    sensitive = case.sensitive or command.field in SENSITIVE
    cases.change(turn.db, turn.commune_id, case.id, **changed, **more, sensitive=sensitive)
    heard = command.lane == "office" and RECEIVE in turn.official.rights
    cases.add(
        turn.db, turn.commune_id, case.id, "sorted", turn.now, official_id=turn.official.id,
        data={**changed, "heard": heard},
    )  # fmt: skip
    sorted_ = fresh(turn, case)
    if case.lane == "office" and command.lane != "office":
        case_cards.take_away(turn, case)
    case_cards.show(turn, sorted_, loud=case.lane != command.lane)
    return Reply(_("It is sorted anew now:"), case_cards.header(sorted_), LANES[command.lane])


def _due(turn: Turn, case: Case, kind: str) -> object:
    days = turn.commune.cases.days(kind, urgent=case.urgent)
    return Calendar(turn.commune).due(case.received_at, days)


def _not_a_case(case: Case, kind: str) -> Reply:
    guide = Button(_("Write her the way there"), str(RouteToken("case-reply", (str(case.id), kind))))
    why = {
        "complaint": _("A complaint is taken in on paper or at the reception of citizens, never in this chat."),
        "denounce": _("What accuses somebody is not taken in here: it would be read along."),
    }[kind]
    stays = _("{code} stays as it is until you close it.", code=code(case.number))
    return Reply(why, _("You can write to her where it belongs."), stays, buttons=(guide,))


# --- a title ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Title:
    """An official's neutral words for a case."""

    case: int
    words: str


class Neutral(Text):
    """Words that accuse nobody and hold no number of a phone or a card."""

    def read(self, raw: Raw) -> str:
        words = super().read(raw)
        if gates.accuses(words) != "no" or sum(sign.isdecimal() for sign in words) > 6:
            raise NotUnderstood(_("Please leave out names, numbers and whom it blames: others will read it."))
        return words


@routes.tap("case-title", role="official")
def begin_title(turn: Turn, number: str = "") -> Reply | Start:
    """The words under which others find the same work."""
    return refused_for(turn, case_of(turn, number)) or Start("case-title", case=int(number))


@routes.conversation("case-title", title=_("A title for a case"), role="official", in_group=True)
def title(ask: Ask, find: Find, case: int) -> Title:
    """One line, without anybody's name."""
    prompt = _("A short title in neutral words, for example: lamp out at the gate of the school.")
    return Title(case, ask(Neutral("title", prompt, at_least=4, at_most=120)))


@routes.does(Title)
def give_title(command: Title, turn: Turn) -> Reply:
    """On the card, and where others are asked whether theirs is the same work."""
    case = cases.get(turn.db, turn.commune_id, command.case)
    if refused := refused_for(turn, case):
        return refused.first(_("Nothing was changed."))
    assert case is not None and turn.official is not None, "asked by `refused_for`"  # noqa: PT018
    given = [fold(each) for each in cases.reporter(turn.db, turn.commune_id, case.id).values()]
    if any(each and each in fold(command.words) for each in given):
        return Reply(_("Nothing was changed."), _("Please leave out the name of whoever reported it."))
    cases.change(turn.db, turn.commune_id, case.id, title=command.words)
    cases.add(
        turn.db, turn.commune_id, case.id, "titled", turn.now, text=command.words, official_id=turn.official.id
    )  # fmt: skip
    case_cards.show(turn, fresh(turn, case))
    return Reply(_("{code} has a title now.", code=code(case.number)))


# --- somebody has left ------------------------------------------------------------------------------------------------


@routes.tick("cases-left", every=timedelta(minutes=15))
def look(work: Work) -> None:
    """What a removed official had is free again; clerks are told of the office's, readers of the rest."""
    left = cases.taken_by_removed(work.db, work.commune_id)
    for case in left:
        cases.change(work.db, work.commune_id, case.id, taken_by=None)
        cases.add(work.db, work.commune_id, case.id, "released", work.now, official_id=case.taken_by)
        case_cards.show(work, fresh(work, case), loud=case.lane != "office")
    ours = [case for case in left if case.lane == "office"]
    if ours:
        told = lines(_("Cases of somebody who has left are free again:"), *(case_cards.header(each) for each in ours))
        clerks = duty.clerks(work) or duty.heads(work)
        duty.tell(work, clerks, Reply(told, buttons=tuple(case_cards.button("case-open", each) for each in ours[:10])))
