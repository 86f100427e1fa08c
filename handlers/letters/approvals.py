"""Letters that somebody has to approve: what waits, the look before it, approve, change a sentence, drop (L21, L22).

Who may do what is asked when something is tapped, of the newest version; who comes second is told who was first.
"""

from dataclasses import dataclass
from datetime import timedelta

from bot import approval_cards as cards
from bot import approvals as mechanism
from bot import duty
from bot.conversation import Ask, Find
from bot.questions import Text as Words
from bot.routes import Routes, Start
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from messages.reply import Button, Reply, Text, _
from storage import approvals
from storage import letters as drawings
from storage.approvals import Approval

routes = Routes()

GONE = _("There is no such letter any more.")
NOT_YOURS = _("Only the clerk, whoever proposed it and whoever may approve can open this letter.")
IN_GROUP = _("Others read along here. Please open it in your own chat.")
LISTED = 8


# --- what waits -------------------------------------------------------------------------------------------------------


@routes.command("/duyet", words=("chờ duyệt", "thư chờ duyệt"), role="official")
def waiting(turn: Turn, rest: str = "") -> Reply:
    """The letters that wait for me, and those that wait for somebody else."""
    found = approvals.waiting(turn.db, turn.commune_id)
    mine = [each for each in found if is_mine(turn, each)]
    if not found:
        return Reply(_("No letter waits for approval."))
    others = len(found) - len(mine)
    told: list[Text] = [_("{count} letters wait for you.", count=len(mine))]
    told += [_line(each) for each in mine[:LISTED]]
    told += [_("{count} more wait for somebody else.", count=others)] if others else []
    see = (
        Button(_("See letter {number}", number=each.id), cards.token("approval", each)) for each in mine[:LISTED]
    )  # fmt: skip
    return Reply(*told, buttons=(*see,))


def _line(found: Approval) -> Text:
    title = cards.title(found)
    if found.decide_by is None:
        return _("Letter {number}: {title}.", number=found.id, title=title)
    return _("Letter {number}: {title}; before {when}.", number=found.id, title=title, when=found.decide_by)


def is_mine(turn: Turn, found: Approval) -> bool:
    """Whether I am the one who has to act."""
    if found.state == "proposed":
        return is_clerk(turn)
    return mechanism.may_approve(turn, turn.official, found)


def is_clerk(turn: Turn) -> bool:
    """The clerk, or whoever stands in for one."""
    if turn.official is None:
        return False
    return turn.allows("clerk") or turn.official.id in {each.id for each in duty.clerks(turn)}


def may_see(turn: Turn, found: Approval) -> bool:
    """Who works on a letter may read it: the clerk, whoever proposed it, may approve or stamps."""
    rights = turn.allows("stamp") or turn.allows("approve") or is_clerk(turn)
    by_office = rights or mechanism.may_approve(turn, turn.official, found)
    return by_office or (turn.official is not None and turn.official.id == found.asked_by)


def of(turn: Turn, number: str) -> Approval | Reply:
    """The letter of a token, or why it cannot be opened here."""
    known = number.isdecimal() and len(number) < 19
    found = approvals.get(turn.db, turn.commune_id, int(number)) if known else None
    if found is None:
        return Reply(GONE)
    if turn.in_group:
        return Reply(IN_GROUP)
    return found if may_see(turn, found) else Reply(NOT_YOURS)


def version_of(written: str) -> int:
    return int(written) if written.isdecimal() and len(written) < 9 else 0


@routes.tap("approval", role="official")
def see(turn: Turn, number: str = "", version: str = "") -> Reply | None:
    """One letter: for the clerk what is to be settled, for an approver the picture, for others its words."""
    found = of(turn, number)
    return found if isinstance(found, Reply) else shown(turn, found)


def shown(turn: Turn, found: Approval, *first: Text) -> Reply:
    """The newest version of a letter, for whoever this turn answers."""
    assert turn.official is not None
    if found.state == "proposed":
        return cards.for_clerk(turn, found).first(*first)
    if not found.is_open:
        return Reply(*first, *cards.words_of(turn, found), cards.decided(turn, found))
    if mechanism.may_approve(turn, turn.official, found):
        mechanism.look(turn, found, turn.official)
        return Reply(*first, _("The letter is being drawn with your signing line; it comes in a moment."))
    stamped = (cards.signed_button(found),) if found.state == "waiting" and turn.allows("stamp") else ()
    return Reply(*first, *cards.words_of(turn, found), cards.work_of(turn, found), buttons=stamped)


# --- deciding ---------------------------------------------------------------------------------------------------------


@routes.tap("approval-yes", role="official")
def approve(turn: Turn, number: str = "", version: str = "") -> Reply:
    """Approve exactly the version that was shown."""
    found = _to_decide(turn, number, version)
    if isinstance(found, Reply):
        return found
    assert turn.official is not None
    problem = mechanism.approve(turn, found, turn.official)
    if problem is not None:
        return Reply(problem)
    return Reply(_("Letter {number} is approved and goes out now. Thank you.", number=found.id))


def _to_decide(turn: Turn, number: str, version: str) -> Approval | Reply:
    """The letter, when this official may decide about just this version of it; else why not."""
    found = of(turn, number)
    if isinstance(found, Reply):
        return found
    refused = mechanism.refusal(turn, turn.official, found, version_of(version))
    return found if refused is None else _refused(turn, found, refused)


def _refused(turn: Turn, found: Approval, why: Text) -> Reply:
    """Why not; an approver whose version is old is shown the newest."""
    if found.state == "waiting" and mechanism.may_approve(turn, turn.official, found):
        return shown(turn, found, why)
    return Reply(why)


@routes.tap("approval-no", role="official")
def begin_refusal(turn: Turn, number: str = "", version: str = "") -> Reply | Start:
    """It is not to go out: why?"""
    found = _to_decide(turn, number, version)
    if isinstance(found, Reply):
        return found
    return Start("approval-refuse", approval=found.id, version=found.version)


@dataclass(frozen=True)
class Refuse:
    """Do not send a letter."""

    approval: int
    version: int
    why: str


@routes.conversation("approval-refuse", title=_("Not sending a letter"), role="official")
def refusal(ask: Ask, find: Find, approval: int, version: int) -> Refuse:
    """Why; that may be left out."""
    why = ask(Words("why", _("Why shall it not be sent? Whoever proposed it reads this."), skip=_("Without a reason")))
    return Refuse(approval, version, why)


@routes.does(Refuse)
def refuse(command: Refuse, turn: Turn) -> Reply:
    found = of(turn, str(command.approval))
    if isinstance(found, Reply):
        return found
    refused = mechanism.refusal(turn, turn.official, found, command.version)
    if refused is not None:
        return _refused(turn, found, refused)
    if not mechanism.decide(turn, found, "refused", turn.official, command.why):
        return Reply(cards.decided(turn, cards.newest(turn, found)))
    cards.refused(turn, found, command.why)
    return Reply(_("Letter {number} is not sent.", number=found.id))


@routes.tap("approval-drop", role="official")
def drop(turn: Turn, number: str = "", version: str = "") -> Reply:
    """The clerk, or whoever proposed it, drops what nobody has decided."""
    found = of(turn, number)
    if isinstance(found, Reply):
        return found
    if not found.is_open:
        return Reply(cards.decided(turn, found))
    if not may_change(turn, found):
        return Reply(NOT_YOURS)
    if not mechanism.decide(turn, found, "dropped", turn.official):
        return Reply(cards.decided(turn, cards.newest(turn, found)))
    return Reply(_("Letter {number} is dropped; nobody is written to.", number=found.id))


def may_change(turn: Turn, found: Approval) -> bool:
    """The clerk, whoever proposed it, and whoever may approve it."""
    mine = turn.official is not None and turn.official.id == found.asked_by
    return mine or is_clerk(turn) or mechanism.may_approve(turn, turn.official, found)


# --- drawn, and the clock ---------------------------------------------------------------------------------------------


@routes.event("approval-drawn")
def drawn(turn: Turn, letter: int, reference: str = "") -> None:
    """A letter of an approval is drawn, or cannot be."""
    row = drawings.get(turn.db, turn.commune_id, letter)
    for draft in approvals.drafts_of(turn.db, turn.commune_id, letter):
        if row is not None:
            mechanism.handed(turn, draft, row, reference)


@routes.tick("approvals", every=timedelta(minutes=5))
def remind(work: Work) -> None:
    """Nothing waits without a named person knowing (L21)."""
    for found in approvals.due(work.db, work.commune_id, work.now):
        mechanism.remind(work, found)


SEE_WAITING = Button(_("Letters that wait"), str(RouteToken("approvals")))
"""For summaries: the list of what waits."""


@routes.tap("approvals", role="official")
def waiting_tap(turn: Turn) -> Reply:
    """The list, from a button."""
    return waiting(turn)
