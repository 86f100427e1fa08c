"""News of a death, in one line of a village head (L23): the visit and the letter are proposed the same day.

"/baotang ông Nguyễn Văn A, thôn B mất sáng nay" goes to clerk and Chairman as a card with the visit and the letter of
condolence; the letter itself is a human decision all the way (handlers.letters.proposals). Where the clerk can tie the
dead to a dossier, those chats are written to no more until the family chooses. Plain words, nothing else.
"""

from dataclasses import dataclass

from bot import approval_cards as cards
from bot import approvals as mechanism
from bot import duty
from bot.calendar import Calendar
from bot.conversation import Ask, Find
from bot.questions import Text as Words
from bot.routes import Routes, Start
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.letters import approvals as letters
from messages.codes import key as code_key
from messages.reply import Button, Personal, Reply, _
from storage import approvals, dossiers, links, officials, stops
from storage.approvals import Approval

routes = Routes()

CHECKS = ("family", "deceased", "deceased_title", "recipient", "title_of_person", "variant")
SAME_DAY = 120
"""Minutes of opening hours within which the clerk and the Chairman are expected to have looked."""
AT_MOST = 300


@routes.command("/baotang", words=("báo tang",), role="village-head")
@routes.command("/baotang", words=("báo tang",), role="official")
def told(turn: Turn, rest: str = "") -> Reply | Start:
    """One line is enough; without any it is asked for."""
    if turn.in_group:
        return Reply(letters.IN_GROUP)
    written = " ".join(rest.split())
    if written:
        return propose(turn, written[:AT_MOST])
    return Start("mourning", begun=True)


@dataclass(frozen=True)
class Tell:
    """Somebody has died."""

    line: str


@routes.conversation("mourning", title=_("News of a death"))
def line(ask: Ask, find: Find, begun: bool) -> Tell:
    """Who, where, when, in one line. Only the command begins it; `tell` looks at who it is."""
    prompt = _("Who has died, in which thôn, and when? One line is enough.")
    return Tell(ask(Words("line", prompt, at_least=5, at_most=AT_MOST)))


@routes.does(Tell)
def tell(command: Tell, turn: Turn) -> Reply:
    """Village heads and officials; whoever was one when it began is not enough."""
    if not (turn.allows("village-head") or turn.allows("official")):
        return Reply(_("I am sorry, this is only for village heads and officials."))
    return propose(turn, command.line)


def propose(turn: Turn, written: str) -> Reply:
    """The card for clerk and Chairman, and the letter as a proposal."""
    assert turn.official is not None
    until = Calendar(turn.commune).promised(turn.now, SAME_DAY)
    number = mechanism.ask(
        turn, "condolence", {}, key=f"mourning:{turn.event_id}", note=written, by=turn.official, decide_by=until,
        checks=CHECKS,
    )  # fmt: skip
    found = approvals.get(turn.db, turn.commune_id, number)
    assert found is not None
    duty.tell(turn, {each.id: each for each in (*duty.heads(turn), *duty.clerks(turn))}.values(), _card(turn, found))
    return Reply(
        _("The news has reached {office}. Thank you for telling us at once.", office=turn.commune.name),
        _("The clerk and the Chairman decide today about the visit and the letter."),
    )


def _card(turn: Turn, found: Approval) -> Reply:
    assert turn.official is not None
    who = _("Told by: {name}, {post}.", name=turn.official.name, post=turn.official.post)
    number = (str(found.id),)
    buttons = (
        Button(_("I shall visit the family"), str(RouteToken("mourning-visit", number))),
        Button(_("Letter of condolence"), cards.token("approval", found)),
        Button(_("The dead had a dossier here"), str(RouteToken("mourning-tie", number))),
    )
    return Reply(_("News of a death: {line}", line=Personal(found.note, "words")), who, buttons=buttons)


# --- the visit --------------------------------------------------------------------------------------------------------


@routes.tap("mourning-visit", role="official")
def visit(turn: Turn, number: str = "") -> Reply:
    """Somebody goes; the others and whoever brought the news are told, once each."""
    found = _of(turn, number)
    if isinstance(found, Reply) or turn.official is None:
        return found if isinstance(found, Reply) else Reply(letters.GONE)
    events = approvals.events(turn.db, turn.commune_id, found.id)
    if any(each.what == "visit" and each.official_id == turn.official.id for each in events):
        return Reply(_("Your visit is noted."))
    approvals.note(turn.db, turn.commune_id, found.id, found.version, "visit", turn.official.id, turn.now)
    teller = officials.get(turn.db, turn.commune_id, found.asked_by) if found.asked_by else None
    people = {each.id: each for each in (*duty.clerks(turn), *([teller] if teller else []))}
    people.pop(turn.official.id, None)
    words = _("{name}, {post}, will visit the family.", name=turn.official.name, post=turn.official.post)
    news = _("News of a death: {line}", line=Personal(found.note, "words"))
    duty.tell(turn, people.values(), Reply(news, words), otherwise_office=False)
    return Reply(_("Your visit is noted."))


def _of(turn: Turn, number: str) -> Approval | Reply:
    """The news of a death; for the clerk and whoever may approve."""
    found = letters.of(turn, number)
    if isinstance(found, Reply) or found.kind == "condolence":
        return found
    return Reply(letters.GONE)


# --- the chats of the dead --------------------------------------------------------------------------------------------


@routes.tap("mourning-tie", role="official")
def begin_tie(turn: Turn, number: str = "") -> Reply | Start:
    """Whose chats are to be silent?"""
    found = _of(turn, number)
    return found if isinstance(found, Reply) else Start("mourning-tie", approval=found.id)


@dataclass(frozen=True)
class Tie:
    """The dead stood behind this dossier."""

    approval: int
    code: str


@routes.conversation("mourning-tie", title=_("News of a death"), role="official")
def tie(ask: Ask, find: Find, approval: int) -> Tie:
    """By the code of a dossier."""
    return Tie(approval, ask(Words("code", _("The code of a dossier of the person who has died?"), at_most=64)))


@routes.does(Tie)
def silence(command: Tie, turn: Turn) -> Reply:
    """Nothing more goes to those chats until the family chooses."""
    found = _of(turn, str(command.approval))
    if isinstance(found, Reply) or turn.official is None:
        return found if isinstance(found, Reply) else Reply(letters.GONE)
    dossier = dossiers.by_code(turn.db, turn.commune_id, code_key(command.code))
    if dossier is None:
        return Reply(_("There is no dossier with that code."))
    people = {*links.citizens(turn.db, turn.commune_id, dossier.id)}
    people |= {*dossiers.watching(turn.db, turn.commune_id, dossier.id)}
    for each in people:
        stops.put(turn.db, turn.commune_id, each, stops.ALL, turn.now, "died")
    approvals.note(turn.db, turn.commune_id, found.id, found.version, "silenced", turn.official.id, turn.now)
    return Reply(_("{count} chats are written to no more until the family chooses.", count=len(people)))
