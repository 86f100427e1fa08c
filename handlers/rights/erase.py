"""To be forgotten (L18; domain 8.2): a chat is a phone, not a person, so it takes a second factor and a day.

The factor is the last four digits of a dossier that was known here before today, or an official who makes sure that it
is she (`handlers.rights.identity`). Then every address of hers is told that somebody has asked for it
(`handlers.rights.wish`), and for 24 hours one tap keeps everything; after that the clock erases
(`handlers.rights.forget`). Whoever asked may be somebody else, so nothing here is hurried.
"""

from dataclasses import dataclass
from datetime import timedelta

from bot.conversation import Ask, Find
from bot.questions import Choice, Confirm
from bot.routes import Routes, Start
from bot.turn import Turn
from handlers.dossiers import dossier
from handlers.requests import person
from handlers.rights import identity
from handlers.rights.wish import PERSON, WAIT, found, keeps, tell, told
from messages.reply import Reply, Text, _
from storage import erasures, links, requests

routes = Routes()

KNOWN_FOR = timedelta(days=1)
"""How long a dossier must have been known here to prove anything: one looked up just now may be a thief's own."""
SHOWN = 5
TAIL, OFFICIAL = "tail", "official"
NOTHING = _("Nothing is kept about citizens in this chat.")
PRIVATELY = _("Others read along here. Please write to me in a private chat.")


@dataclass(frozen=True)
class AskErase:
    """Forget her; `proof`: how it is known that it is she."""

    proof: str


@dataclass(frozen=True)
class AskUnlink:
    """A dossier shall not stand on her chat any more."""

    code: str
    proof: str


@routes.command("/xoathongtin", words=("xóa thông tin của tôi", "xóa dữ liệu của tôi", "xóa thông tin cá nhân"))
def begin(turn: Turn, rest: str = "") -> Reply | Start:
    """One wish at a time: one that is open is shown, with the tap that ends it."""
    if turn.citizen is None or turn.in_group:
        return Reply(NOTHING if turn.citizen is None else PRIVATELY)
    return _again(turn, "erase", "") or Start("erase")


@routes.tap("erase")
def begin_tap(turn: Turn) -> Reply | Start:
    """The button under what is kept."""
    return begin(turn)


@routes.conversation("erase", title=_("To erase my data"))
def erase(ask: Ask, find: Find) -> AskErase | None:
    """What goes and what stays, a yes, and the second factor."""
    goes = _("This goes: what you wrote, pictures and files, guidance given, which dossiers you asked about.")
    stays = _("This stays: the dossiers of the one-stop desk, which the law has kept.")
    seen = _("What officials have opened goes by itself after {days} days.", days=find.commune.office.outbox_days)
    open_ = [each.number for each in find(requests.of_citizen, find.citizen.id)[1]]
    values = [goes, stays, seen, *(_("Request {number} stays until it is answered.", number=each) for each in open_)]
    question = _("It happens after 24 hours; until then one tap keeps everything. Erase all that is kept about you?")
    if not ask(Confirm("sure", question, values, yes=_("Yes, erase everything"), no=_("No, keep it"))):
        return None
    known = find(links.proving, find.citizen.id, find.now - KNOWN_FOR, SHOWN)
    if not known:
        return AskErase(OFFICIAL)
    options: dict[str, Text] = {**dict(known), OFFICIAL: _("None; an official shall make sure")}
    which = _("So that nobody else can do this: of which dossier do you know the phone number?")
    chosen = ask(Choice("which", which, options))
    if chosen != OFFICIAL:
        ask(dossier.tail_question(chosen))
    return AskErase(OFFICIAL if chosen == OFFICIAL else TAIL)


@routes.tap("unlink")
def begin_unlink(turn: Turn, code: str = "") -> Reply | Start:
    """From the list of people on this chat."""
    if turn.citizen is None or turn.in_group:
        return Reply(NOTHING if turn.citizen is None else PRIVATELY)
    return _again(turn, "unlink", code) or Start("unlink", code=code)


@routes.conversation("unlink", title=_("To take a dossier off this chat"))
def unlink(ask: Ask, find: Find, code: str) -> AskUnlink | None:
    """The digits of that very dossier, or an official."""
    link = find(links.one, find.citizen.id, code)
    if link is None:
        return None
    question = _("It happens after 24 hours. Take dossier {code} off this chat?", code=link.code)
    if not ask(Confirm("sure", question, yes=_("Yes, take it off"), no=_("No, keep it"))):
        return None
    ways: dict[str, Text] = {
        TAIL: _("I know the last four digits of its phone"), OFFICIAL: _("An official shall make sure"),
    }  # fmt: skip
    way = ask(Choice("way", _("So that nobody else can do this: how can you prove it?"), ways))
    if way == TAIL:
        ask(dossier.tail_question(code))
    return AskUnlink(code, way)


@routes.does(AskErase)
def ask_to_erase(command: AskErase, turn: Turn) -> Reply:
    return _ask(turn, "erase", "", command.proof)


@routes.does(AskUnlink)
def ask_to_unlink(command: AskUnlink, turn: Turn) -> Reply:
    return _ask(turn, "unlink", command.code, command.proof)


def _again(turn: Turn, kind: erasures.Kind, about: str) -> Reply | None:
    """The same wish, when it is open already."""
    open_ = erasures.pending(turn.db, turn.commune_id, person.citizen(turn).id)
    same = [each for each in open_ if (each.kind, each.about) == (kind, about)]
    return Reply(*told(turn, same[0]), buttons=keeps(same)) if same else None


def _ask(turn: Turn, kind: erasures.Kind, about: str, proof: str) -> Reply:
    hers = person.citizen(turn).id
    if again := _again(turn, kind, about):
        return again
    if proof == OFFICIAL:
        return identity.ask_official(turn, kind, about)
    wish = erasures.ask(turn.db, turn.commune_id, hers, kind, about, turn.now, due_at=turn.now + WAIT)
    tell(turn, wish, "asked", but=turn.address)
    return Reply(_("Your wish is noted."), *told(turn, wish), buttons=keeps([wish]))


@routes.tap("keep")
def keep(turn: Turn, number: str = "") -> Reply:
    """One tap on any of her addresses, and nothing happens; it takes no second factor."""
    wish = found(turn, number)
    if wish is None or turn.citizen is None or wish.citizen_id != turn.citizen.id:
        return Reply(_("There is nothing to keep here any more."))
    if wish.state == "kept":
        return Reply(_("Nothing is erased; it has been kept already."))
    if not erasures.keep(turn.db, turn.commune_id, wish.id, turn.now):
        return Reply(_("There is nothing to keep here any more."))
    if wish.state == "checking":
        identity.decided(turn, wish, _("She keeps everything; there is nothing to do."))
    tell(turn, wish, "kept", but=turn.address)
    return Reply(
        _("All is kept; nothing is erased. Thank you."),
        _("If somebody else asked for it, please tell an official."),
        buttons=(PERSON,),
    )
