"""Letters that an official begins himself: thanks, support, an apology for a mistake (E04-E06).

The words are the commune's; what they are about, and one sentence of his own, are his. It then waits for approval like
any other letter.
"""

from dataclasses import dataclass, field
from typing import Any

from bot import approval_cards as cards
from bot import approvals as mechanism
from bot.conversation import Ask, Find
from bot.questions import Choice, Confirm
from bot.questions import Text as Words
from bot.routes import Routes, Start
from bot.turn import Turn
from handlers.letters import approvals as letters
from messages.codes import key as code_key
from messages.reply import Msg, Personal, Reply, _
from messages.reply import Text as Said
from storage import dossiers

routes = Routes()

KINDS: dict[str, Said] = {kind: cards.TITLES[kind] for kind in ("thanks", "support", "apology-mistake")}
QUY = "quy"
CALLED: dict[str, Said] = {**cards.CHECKS["title_of_person"].options, QUY: "quý cơ quan"}
FIELDS: dict[str, tuple[tuple[str, Msg, bool], ...]] = {
    "thanks": (
        ("deed", _("What is the thanks for? Go on after the word “vì”: “đã hiến đất làm đường thôn”."), False),
        ("result", _("What has it brought? One sentence, or leave it out."), True),
    ),
    "support": (
        ("event", _("What has happened? For example: “mái nhà bị tốc trong trận lốc đêm 24/11”."), False),
        ("help", _("What help comes? One line for each part, with who gives it."), False),
        ("receive", _("Where and when is it received? Or leave it out."), True),
        ("contact", _("Who helps on, with which number? Or leave it out."), True),
    ),
    "apology-mistake": (
        ("mistake", _("What was done wrong? For example: “ghi nhầm ngày sinh trên Giấy khai sinh”."), False),
        ("remedy", _("How is it put right, and by when?"), False),
        ("contact", _("Who helps on, with which number? Or leave it out."), True),
    ),
}
"""By kind: the fields of its letter, how they are asked for, and whether they can be left out."""
LISTS = frozenset({"help"})


@routes.command("/vietthu", words=("viết thư",), role="official")
def begin(turn: Turn, rest: str = "") -> Reply | Start:
    """Any official may propose a letter."""
    return Reply(letters.IN_GROUP) if turn.in_group else Start("write-letter")


@dataclass(frozen=True)
class Propose:
    """A letter in an official's words."""

    kind: str
    to: str
    title: str
    words: dict[str, str] = field(default_factory=dict)
    own: str = ""


@routes.conversation("write-letter", title=_("A letter"), role="official")
def write(ask: Ask, find: Find) -> Propose | None:
    """Which kind, to whom, what about; one sentence of his own."""
    kind = ask(Choice("kind", _("Which letter?"), KINDS))
    to = ask(Words("to", _("To whom? The full name, or the code of a dossier."), at_least=2, at_most=120))
    title = ask(Choice("title", _("How is the person addressed in the letter?"), CALLED))
    told = {}
    for name, prompt, may_lack in FIELDS[kind]:
        skip = _("Leave it out") if may_lack else None
        told[name] = ask(Words(f"{kind}:{name}", prompt, at_most=500, skip=skip))
    own = ask(Words("own", _("One sentence of your own for this letter? Or leave it out."), skip=_("Leave it out")))
    values: list[Said] = [_("To: {name}", name=Personal(to, "name"))]
    values += [Personal(each, "words") for each in (*told.values(), own) if each]
    if ask(Confirm("send", _("Shall this letter be laid before the Chairman?"), values=values)):
        return Propose(kind, to, title, told, own)
    return None


@routes.does(Propose)
def propose(command: Propose, turn: Turn) -> Reply:
    """To the approver; a dossier's code stands for whoever handed it in."""
    about = dossiers.by_code(turn.db, turn.commune_id, code_key(command.to))
    recipient = dossiers.details(turn.db, turn.commune_id, about.id).applicant if about else command.to
    title = str(CALLED.get(command.title, command.title))
    data: dict[str, Any] = {"recipient": recipient, "title_of_person": title}
    data |= {name: words.splitlines() if name in LISTS else words for name, words in command.words.items() if words}
    data |= {"variant": "organisation"} if command.title == QUY and command.kind == "thanks" else {}
    if command.own:
        data["body"] = _with(turn, command, data)
    number = mechanism.ask(
        turn, command.kind, data, key=f"letter:{turn.event_id}", by=turn.official,
        about=about.code if about else "", dossier_id=about.id if about else None,
    )  # fmt: skip
    return Reply(_("Letter {number} is laid before whoever approves. You will be told.", number=number))


def _with(turn: Turn, command: Propose, data: dict[str, Any]) -> list[str]:
    """The commune's words with the official's own sentence before the last paragraph."""
    facts = {"office": turn.commune.name.replace("UBND ", "Ủy ban nhân dân ", 1), **data}
    body = [*turn.place.letters.words(command.kind, facts, str(data.get("variant", "")))]
    return [*body[:-1], command.own, *body[-1:]]
