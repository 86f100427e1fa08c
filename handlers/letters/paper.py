"""Letters signed on paper (L21, L22): printed with a phiếu trình, signed by hand, recorded by the văn thư.

Number, date, signer and the scan come from her; nothing of it is ever made up here. Recording it approves the letter,
and her scan is what goes out.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from bot import approval_cards as cards
from bot import approvals as mechanism
from bot.conversation import Ask, Find, NotUnderstood, Question
from bot.questions import Confirm, Date
from bot.questions import Text as Words
from bot.routes import Routes, Start
from bot.settings import ZONE
from bot.state import Raw
from bot.turn import Turn
from handlers.letters import approvals as letters
from messages.reply import Reply, _
from storage import files

routes = Routes()

SCANS = frozenset({"application/pdf", "image/jpeg", "image/png"})


@routes.tap("approval-paper", role="official")
def print_it(turn: Turn, number: str = "", version: str = "") -> Reply:
    """The phiếu trình and the letter, to be printed."""
    found = letters.of(turn, number)
    if isinstance(found, Reply):
        return found
    if not found.is_open or turn.official is None:
        return Reply(cards.decided(turn, found))
    if found.open:
        return cards.for_clerk(turn, found)
    problems = mechanism.paper(turn, found, turn.official)
    if problems:
        return Reply(cards.list_of(problems))
    return Reply(
        _("Two papers for printing come to /office in a moment: the sheet and the letter."),
        _("Once it is signed, the văn thư records number, date and signer, and uploads the scan."),
    )


@routes.tap("approval-signed", role="official")
def begin(turn: Turn, number: str = "", version: str = "") -> Reply | Start:
    """The paper is signed: only who keeps the stamp records it."""
    found = letters.of(turn, number)
    if isinstance(found, Reply):
        return found
    if not turn.allows("stamp"):
        return Reply(_("Only the văn thư, who keeps the stamp, records signed papers."))
    if not found.is_open:
        return Reply(cards.decided(turn, found))
    return Start("approval-signed", approval=found.id, version=found.version)


@dataclass(frozen=True)
class Scan(Question[str]):
    """One file: the signed paper as a PDF, or photographed."""

    def read(self, raw: Raw) -> str:
        if raw.kind not in ("photo", "file") or len(raw.files) != 1:
            raise NotUnderstood(_("Please send the signed paper here as one PDF or one picture."))
        return raw.files[0]


@dataclass(frozen=True)
class RecordSigned:
    """A signed paper is in the văn thư's hands."""

    approval: int
    version: int
    number: str
    signed_on: date
    signer: str
    post: str
    file: str


@routes.conversation("approval-signed", title=_("A letter signed on paper"), role="official")
def signed(ask: Ask, find: Find, approval: int, version: int) -> RecordSigned | None:
    """Number, date, signer, scan: as they stand on the paper."""
    number = ask(Words("number", _("Which number does the paper bear? As in the register."), at_most=60))
    today = find.now.astimezone(ZONE).date()
    when = _("On which day was it signed?")
    day = ask(Date("day", when, today=today, earliest=today - timedelta(days=366), latest=today))
    signer = ask(Words("signer", _("Who signed it? The name as it stands on the paper."), at_least=2, at_most=80))
    post = ask(Words("post", _("As what? For example: Chủ tịch, or Phó Chủ tịch for the Chairman."), at_most=120))
    file = ask(Scan("file", _("Please send the scan of the signed paper: a PDF or a picture.")))
    values = [_("Number {number}, signed {day} by {name}, {post}.", number=number, day=day, name=signer, post=post)]
    if ask(Confirm("send", _("Is this right? Then this paper goes out."), values=values)):
        return RecordSigned(approval, version, number, day, signer, post, file)
    return None


@routes.does(RecordSigned)
def record(command: RecordSigned, turn: Turn) -> Reply:
    """It approves the letter, once; whoever was quicker has decided."""
    found = letters.of(turn, str(command.approval))
    if isinstance(found, Reply):
        return found
    if turn.official is None or not turn.allows("stamp"):
        return Reply(_("Only the văn thư, who keeps the stamp, records signed papers."))
    scan = files.get(turn.db, turn.commune_id, command.file)
    if scan is None or scan.chat != turn.address.chat or scan.media_type not in SCANS:
        return Reply(_("The scan could not be read. Please send it as a PDF or a picture, and record it once more."))
    if command.version != found.version:
        return letters.shown(turn, found, _("The letter has been changed since it was printed. Please compare them."))
    if not found.is_open or not mechanism.signed_on_paper(
        turn, found, turn.official, command.file, command.number, command.signed_on, command.signer, command.post
    ):
        return Reply(cards.decided(turn, cards.newest(turn, found)))
    return Reply(_("Recorded: number {number}. The signed paper goes out now. Thank you.", number=command.number))
