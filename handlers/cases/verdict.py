""""Đã xong chưa?": she says whether it is, and one tap opens it again and alerts the leader (B06, B10).

Every tap works on a message from last month and does the same when it is tapped twice. Whoever says nothing within some
working days is counted apart, as silent: no answer is never taken for satisfied.
"""

from dataclasses import replace
from datetime import datetime, time, timedelta

from bot import case_access, case_cards, duty
from bot.calendar import Calendar
from bot.casework import times
from bot.routes import Routes, Start
from bot.settings import ZONE
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from handlers.cases import follow
from messages.cases import code
from messages.reply import Button, Reply, _
from storage import case_follow, cases, officials
from storage.cases import Case, case_file

routes = Routes()
SLICE = 50
"""Cases that end in one transaction of the tick: the card of each changes."""


# --- done -------------------------------------------------------------------------------------------------------------


@routes.tap("case-yes", words=("xong rồi cảm ơn",))
def yes(turn: Turn, number: str = "") -> Reply:
    """It is done."""
    return _agree(turn, number, "yes")


@routes.tap("case-partly", words=("xong nhưng chưa vừa ý",))
def partly(turn: Turn, number: str = "") -> Reply:
    """It is done, but not as she had hoped."""
    return _agree(turn, number, "partly")


def _agree(turn: Turn, number: str, how: str) -> Reply:
    found = _meant(turn, number, ("done", "joined"))
    if found is None:
        return Reply(follow.NONE, buttons=(follow.MINE,))
    before = _told(turn, found)
    if found.satisfied == how and found.state == "settled":
        return _thanks(found, how)
    settled = {"satisfied": how, "closed_at": turn.now, "asked_at": None}
    if not cases.move(turn.db, turn.commune_id, found.id, before, "settled", **settled):
        return follow.told(turn, found)
    cases.add(turn.db, turn.commune_id, found.id, "agreed", turn.now, data={"how": how})
    follow.show(turn, found)
    return _thanks(found, how)


def _thanks(found: Case, how: str) -> Reply:
    again = Button(_("Not done"), follow.tap("case-no", found))
    if how == "yes":
        return Reply(_("Thank you. {code} is closed as done.", code=code(found.number)), buttons=(again,))
    more = Button(_("Say what is missing"), follow.tap("case-add", found))
    sorry = _("Thank you for saying so. The office has noted that you are not content with {code}.",
              code=code(found.number))  # fmt: skip
    return Reply(sorry, buttons=(more,))


def _told(turn: Turn, found: Case) -> tuple[str, ...]:
    """The states from which she may agree. One that follows another is done when that one is."""
    if found.state != "joined":
        return ("done", "settled")
    main = cases.get(turn.db, turn.commune_id, found.main_id) if found.main_id else None
    return ("joined",) if main is not None and main.state in ("done", "settled") else ()


def _meant(turn: Turn, number: str, states: tuple[str, ...]) -> Case | None:
    """The case a button names; typed words mean the latest of hers she was asked about."""
    if number or turn.citizen is None:
        return follow.hers(turn, number)
    mine = cases.of_citizen(turn.db, turn.commune_id, turn.citizen.id)
    return next((each for each in mine if each.state in states and follow.is_hers(turn, each)), None)


# --- not done ---------------------------------------------------------------------------------------------------------


@routes.tap("case-no", words=("chưa xong", "vẫn chưa xong", "việc chưa xong"))
def no(turn: Turn, number: str = "") -> Reply | Start:
    """It is not done: it is open again at once; then she may say what is missing."""
    found = _meant(turn, number, ("done", "joined", "settled"))
    if found is None:
        return Reply(follow.NONE, buttons=(follow.MINE,))
    return reopened(turn, found)


@routes.does(follow.Again)
def again(command: follow.Again, turn: Turn) -> Reply | Start:
    """She wanted to add to one that was over."""
    found = follow.hers(turn, str(command.case))
    return Reply(follow.NONE, buttons=(follow.MINE,)) if found is None else reopened(turn, found)


def reopened(turn: Turn, found: Case) -> Reply | Start:
    """Open again, with a new and short deadline; whoever has it and the leader are told in their own chats."""
    before = (*follow.REOPENS, *(each for each in _told(turn, found) if each == "joined"))
    due, remind = times(turn, found.kind, urgent=True)
    opened = {
        "reopened": case_file.c.reopened + 1, "due_at": due, "remind_at": remind, "reminded": 0, "main_id": None,
        "apologised_at": None, "asked_at": None, "done_at": None, "closed_at": None, "satisfied": "no",
        "published": False,
    }  # fmt: skip
    if not cases.move(turn.db, turn.commune_id, found.id, before, "open", **opened):
        return follow.told(turn, cases.get(turn.db, turn.commune_id, found.id) or found)
    cases.add(turn.db, turn.commune_id, found.id, "reopened", turn.now)
    fresh = cases.get(turn.db, turn.commune_id, found.id) or replace(found, state="open")
    case_cards.show(turn, fresh, loud=True)
    _alert(turn, fresh)
    return Start("case-add", case=found.id, reopened=True)


def _alert(turn: Turn, case: Case) -> None:
    """The leader, and whoever has it; of a case that is not for everybody those who may read it."""
    people = list(case_access.readers(turn, case)) or duty.heads(turn)
    holder = officials.get(turn.db, turn.commune_id, case.taken_by) if case.taken_by else None
    if holder is not None and case_access.may_read(turn, holder, case):
        people.append(duty.standing_in(turn, holder))
    told = Reply(
        _("{code} has been reopened: whoever reported it says that it is not done.", code=code(case.number)),
        _("A new answer is due by {when}.", when=case.due_at), loud=True,
        buttons=(Button(_("Open"), str(RouteToken("case-open", (str(case.id),)))),),
    )  # fmt: skip
    duty.tell(turn, {each.id: each for each in people}.values(), told, otherwise_office=case.lane == "office")


# --- no word ----------------------------------------------------------------------------------------------------------


@routes.tick("case-settle", every=timedelta(minutes=30))
def settle(work: Work) -> None:
    """Results nobody has said anything about end; nobody is written to."""
    before = settles_before(work)
    found = case_follow.settle(work.db, work.commune_id, before, work.now, SLICE)
    for each in found:
        case_cards.show(work, each)
    work.again = len(found) >= SLICE


def settles_before(work: Work) -> datetime:
    """Results told before then have had their working days."""
    last = Calendar(work.commune).working_days_before(work.now, work.commune.cases.settle_days)
    return datetime.combine(last, time(), ZONE)
