"""Letters that a finished dossier proposes to the clerk (E01-E03, L24).

Only procedures listed in commune.toml propose one, and each dossier once. Joy must not hurt: nothing is proposed for
what was registered again or late, or where a death is recorded; what the file cannot tell the clerk settles, one tap
each, before the letter goes on. No title is guessed from a name, and no text presumes two parents.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot import approval_cards as cards
from bot import approvals as mechanism
from bot import dossier_notices
from bot.approval_cards import CHECKS, NONE
from bot.conversation import Ask, Find
from bot.questions import Text as Words
from bot.routes import Routes, Start
from bot.turn import Turn, Work
from handlers.letters import approvals as letters
from messages.fold import fold
from messages.reply import Reply, _
from storage import approvals, dossiers
from storage.approvals import Approval
from storage.dossier_events import Happening
from storage.dossiers import Dossier

routes = Routes()

FINISHED = frozenset({9, 10})
NEVER = ("dang ky lai", "qua han", "co yeu to", "nhan cha", "nhan me", "nhan con", "da co ho so")
"""In the name of a procedure, without accents: no letter, whatever its code says."""
MOURNING = timedelta(days=365)
"""For how long a death in the family keeps us from congratulating."""
KINDS = {"marriage": "marriage", "birth": "birth", "death": "condolence"}
CHECKLIST = {
    "marriage": ("marriage", "second", "first_title", "second_title", "ceremony"),
    "birth": ("birth", "child", "title_of_person"),
    "condolence": ("family", "deceased", "deceased_title", "title_of_person", "variant"),
}
"""What the clerk settles, in this order: first whether it goes out at all."""


def moved(work: Work, found: Dossier, happening: Happening) -> None:
    """Its status became another: a finished one of a listed procedure proposes its letter."""
    occasion = work.commune.letters.occasions.get(found.procedure_code)
    if happening.new not in FINISHED or occasion is None or is_excluded(found.procedure_name):
        return
    kind = KINDS[occasion]
    if kind != "condolence" and in_mourning(work, found):
        return
    applicant = dossiers.details(work.db, work.commune_id, found.id).applicant
    data = {"first" if kind == "marriage" else "recipient": applicant}
    mechanism.ask(
        work, kind, data, key=f"dossier:{found.id}:{kind}", about=found.code, dossier_id=found.id,
        checks=CHECKLIST[kind],
    )  # fmt: skip


def is_excluded(procedure: str) -> bool:
    """Whether the name says that it was registered again, late, or is somebody's private matter."""
    bare = f" {fold(procedure)} "
    return any(f" {words} " in bare for words in NEVER)


def in_mourning(work: Work, found: Dossier) -> bool:
    """Whether a death is recorded with the same people: on their chats, or as a dossier of the same number."""
    people = [each.citizen_id for each in dossier_notices.audience(work, found.id)]
    if any(approvals.death_told(work.db, work.commune_id, each) for each in people if each is not None):
        return True
    deaths = [code for code, occasion in work.commune.letters.occasions.items() if occasion == "death"]
    return approvals.death_beside(work.db, work.commune_id, found.id, deaths, work.now - MOURNING)


# --- the clerk's part -------------------------------------------------------------------------------------------------


@routes.tap("approval-check", role="official")
def settle(turn: Turn, number: str = "", version: str = "", name: str = "", answer: str = "") -> Reply:
    """One tap settles one thing; the next follows, or the letter is dropped."""
    found = letters.of(turn, number)
    if isinstance(found, Reply):
        return found
    stale = _not_open(turn, found, version, name)
    if stale is not None or turn.official is None:
        return stale or Reply(letters.GONE)
    options = cards.options_of(turn, found, name)
    if answer not in options:
        return cards.for_clerk(turn, found)
    if answer in CHECKS[name].ends:
        why = turn.place.catalogs.text(options[answer], turn.place.language)
        if not mechanism.decide(turn, found, "dropped", turn.official, why):
            return Reply(cards.decided(turn, cards.newest(turn, found)))
        return Reply(_("Letter {number} is dropped; nobody is written to.", number=found.id))
    value = "" if answer == NONE else options[answer]
    is_field = name not in cards.GATES
    data = {**found.data, name: answer if name == "variant" and answer != NONE else value} if is_field else found.data
    return _settled(turn, found, name, data)


def _not_open(turn: Turn, found: Approval, version: str, name: str) -> Reply | None:
    """Why this cannot be settled now: not by me, decided, an older card, settled already."""
    if not letters.is_clerk(turn):
        return Reply(letters.NOT_YOURS)
    if found.state != "proposed":
        return Reply(cards.decided(turn, found))
    if letters.version_of(version) != found.version or name not in found.open:
        return cards.for_clerk(turn, found)
    return None


def _settled(turn: Turn, found: Approval, name: str, data: Mapping[str, Any]) -> Reply:
    assert turn.official is not None
    left = [each for each in found.open if each != name]
    if not mechanism.change(turn, found, turn.official, "settled", data, left):
        return Reply(cards.decided(turn, cards.newest(turn, found)))
    return cards.for_clerk(turn, cards.newest(turn, found))


@routes.tap("approval-field", role="official")
def begin_field(turn: Turn, number: str = "", version: str = "", name: str = "") -> Reply | Start:
    """What the file does not tell, in the clerk's words."""
    found = letters.of(turn, number)
    if isinstance(found, Reply):
        return found
    stale = _not_open(turn, found, version, name)
    return stale or Start("approval-field", approval=found.id, version=found.version, name=name)


@dataclass(frozen=True)
class Fill:
    """Put words into a field of a letter."""

    approval: int
    version: int
    name: str
    words: str


@routes.conversation("approval-field", title=_("A letter"), role="official")
def write_field(ask: Ask, find: Find, approval: int, version: int, name: str) -> Fill:
    """One field."""
    check = CHECKS[name]
    skip = _("Leave it out") if check.may_lack else None
    return Fill(approval, version, name, ask(Words(f"field:{name}", check.prompt, at_most=120, skip=skip)))


@routes.does(Fill)
def fill(command: Fill, turn: Turn) -> Reply:
    found = letters.of(turn, str(command.approval))
    if isinstance(found, Reply):
        return found
    stale = _not_open(turn, found, str(command.version), command.name)
    if stale is not None:
        return stale
    return _settled(turn, found, command.name, {**found.data, command.name: command.words})


@routes.tap("approval-send", role="official")
def send(turn: Turn, number: str = "", version: str = "") -> Reply:
    """On to whoever approves."""
    found = letters.of(turn, number)
    if isinstance(found, Reply):
        return found
    if not letters.is_clerk(turn):
        return Reply(letters.NOT_YOURS)
    if found.state != "proposed":
        return Reply(cards.decided(turn, found))
    if found.open or letters.version_of(version) != found.version or turn.official is None:
        return cards.for_clerk(turn, found)
    if not mechanism.forward(turn, found, turn.official):
        return Reply(cards.decided(turn, cards.newest(turn, found)))
    names = ", ".join(each.name for each in mechanism.asked(turn, cards.newest(turn, found)))
    if not names:
        return Reply(_("Nobody here may approve letters. It can be printed and signed on paper."))
    return Reply(_("Letter {number} is with {names} now.", number=found.id, names=names))
