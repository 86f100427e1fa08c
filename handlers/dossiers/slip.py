"""The appointment slip: drawn as a picture after the second factor (A02), and read from a picture she sends (L15).

Drawn: the words of the slip stay; the picture follows when it is ready, and the PDF when she asks for it. It shows what
the desk's file says, masked where the words are masked, of the phone never more than three digits. It is an
information letter and says so (L22).

Read: the codes of a picture were read when it arrived, so no turn opens one. One dossier code is looked up, of several
she chooses, without any she may send the picture to an official.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bot import letters
from bot.routes import Routes, Start
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.cases import loose
from handlers.requests import person
from handlers.requests import request_card as card
from messages.dossiers import OVER, until
from messages.letters import Refused, Slip
from messages.personal import masked
from messages.render import clock, day
from messages.reply import Button, Personal, Reply, Text, _
from messages.statuses import shown
from storage import conversations, files, requests
from storage import letters as drawn
from storage.dossiers import Details, Dossier

routes = Routes()

PICTURES = frozenset({"photo", "file"})
"""What a photographed slip may come as; a messenger sends a picture in full quality as a file."""
PERSON = Button(_("Talk to a person"), str(RouteToken("person")))
LOOK_UP = Button(_("Look up a dossier"), str(RouteToken("lookup")))
WAIT = _("What you sent has arrived. One moment please.")


# --- drawn ------------------------------------------------------------------------------------------------------------


def draw(turn: Turn, found: Dossier, told: Details, place: Text, as_of: datetime | None) -> None:
    """Order the picture of a dossier's slip. Where the file lacks what a slip must say, the words have to do."""
    if found.status in OVER:  # nothing will be handed over any more
        return
    try:
        letters.order(turn, _slip(turn, found, told, place, as_of))
    except Refused as refused:
        turn.after.append(partial(letters.note_refusal, refused))


def _slip(turn: Turn, found: Dossier, told: Details, place: Text, as_of: datetime | None) -> Slip:
    masks, commune = turn.place.capabilities[turn.address.channel].masks, turn.commune
    name = masked(Personal(told.applicant, "name")) if masks else told.applicant
    points = commune.reception_points
    return Slip(
        office=commune.name.replace("UBND ", "Ủy ban nhân dân ", 1),
        desk=points[0].name if points else "",
        code=found.code,
        applicant=name,
        address="" if masks or not found.village else f"{found.village}, {commune.short_name}",
        phone=masked(Personal(told.phone, "phone")) if told.phone else "",
        subject=found.procedure_name,
        received=", ".join(_moment(found.received_at)),
        due=_moment(until(found)),
        place=turn.place.catalogs.text(place, "vi"),
        officer=found.officer,
        as_of=", ".join(_moment(as_of)),
    )


def _moment(at: datetime | None) -> tuple[str, ...]:
    """("16 giờ 30", "thứ Sáu, 27/11/2026"); only the day when the file gave no hour."""
    if at is None:
        return ()
    when = shown(at)
    return (clock(when, "vi"), day(when.date(), "vi")) if isinstance(when, datetime) else (day(when, "vi"),)


@routes.event("letter")
def hand_over(turn: Turn, letter: int, reference: str = "") -> Reply | None:
    """A letter has been drawn, or cannot be."""
    found = _hers(turn, letter)
    if found is None:
        return None
    if found.state == "failed":
        return Reply(
            _("I am sorry, the picture of your slip could not be made. (Reference: {reference})", reference=reference),
            _("What is written above is complete; the paper slip holds."),
        )
    if found.state != "drawn":
        return None
    pdf = Button(_("Send the PDF to print"), str(RouteToken("letter-pdf", (str(found.id),))))
    here = _("Here is your slip as a picture, to keep in the phone. It does not replace the stamped paper slip.")
    return Reply(here, pictures=(found.png,), buttons=(pdf,))


@routes.tap("letter-pdf")
def send_pdf(turn: Turn, letter: str) -> Reply:
    """The same letter for paper; it shows no more than the picture above the button."""
    found = _hers(turn, int(letter)) if letter.isascii() and letter.isdecimal() and len(letter) < 19 else None
    if found is None or files.get(turn.db, turn.commune_id, found.pdf) is None:
        return Reply(_("That slip is no longer kept here. Please look up the dossier once more."), buttons=(LOOK_UP,))
    return Reply(_("Here is the slip as a PDF. It prints on A5 paper."), documents=(found.pdf,))


def _hers(turn: Turn, letter_id: int) -> drawn.Letter | None:
    """The letter, when it was drawn for whoever this turn answers."""
    found, at = drawn.get(turn.db, turn.commune_id, letter_id), turn.address
    if found is None or (found.channel, found.account, found.chat, found.sender) != (
        at.channel, at.account, at.chat, at.sender,
    ):  # fmt: skip
        return None
    return found


# --- read -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class InPicture:
    """She answered with a picture that tells none or several codes."""

    files: tuple[str, ...]
    codes: tuple[str, ...] = ()


@routes.does(InPicture)
def in_picture(command: InPicture, turn: Turn) -> Reply | Start:
    return _look_up(command.files, command.codes)


@routes.gate("picture")
def sent(turn: Turn) -> Reply | Start | None:
    """Outside a talk: a picture whose codes are known and name a dossier. Any other goes its usual way."""
    found = _codes(turn, turn.event.files) if turn.event.kind in PICTURES else None
    return _look_up(turn.event.files, found) if found else None


def unclear(turn: Turn) -> Reply:
    """Nobody else wants what she sent outside a talk: a word while it is fetched, else what could be done with it."""
    if loose.follows(turn, turn.event.files[0]):
        return Reply()  # one of an album: the offer under the first holds for all
    known = _codes(turn, turn.event.files) is not None
    return _thanks(turn, turn.event.files) if known else Reply(WAIT)


def came(turn: Turn, file: str) -> Reply | Start | None:
    """What she sent outside a talk has been fetched: now its codes are known."""
    if turn.in_group or turn.in_office or requests.open_of(turn.db, turn.commune_id, turn.address) is not None:
        return None
    found = _codes(turn, (file,))
    since = turn.now - conversations.KEPT
    late = conversations.latest(turn.db, turn.lane_id, turn.address.sender, ("expired",), since)
    if found:
        return _look_up((file,), found)
    if late is not None or loose.follows(turn, file):
        return None  # kept for the talk that was left unfinished, or one of an album
    return _thanks(turn, (file,))


def _codes(turn: Turn, names: Sequence[str]) -> list[str] | None:
    at = turn.address
    return files.codes(turn.db, turn.commune_id, at.channel, at.account, at.chat, names)


def _look_up(names: Sequence[str], codes: Sequence[str]) -> Reply | Start:
    if len(codes) == 1:
        return Start("dossier", code=codes[0])
    if codes:
        buttons = (Button(code, str(RouteToken("lookup", (code,)))) for code in codes)
        return Reply(_("I see several codes in the picture. Which one would you like to look up?"), buttons=(*buttons,))
    return Reply(
        _("I am sorry, I could not read a dossier code in this."),
        _("Please photograph the square code from nearby, or type the code."),
        _("An official can look for it, too."),
        buttons=(_offer(names), LOOK_UP),
    )


def _thanks(turn: Turn, names: Sequence[str]) -> Reply:
    return Reply(
        _("Thank you for sending this. What is it about? An official can look at it."),
        buttons=(*loose.offers(turn, names[0]), _offer(names), LOOK_UP, PERSON),
    )


def _offer(names: Sequence[str]) -> Button:
    return Button(_("Send it to an official"), str(RouteToken("picture", tuple(names[:1]))))


@routes.tap("picture")
def to_an_official(turn: Turn, name: str = "") -> Reply:
    """Her picture opens a request; an official looks for the dossier in it."""
    found = files.get(turn.db, turn.commune_id, name)
    if found is None or found.chat != turn.address.chat or turn.citizen is None:
        return Reply(_("What you sent is no longer kept here. Please send it once more."), buttons=(PERSON,))
    request = person.begin(turn, "question", turn.citizen.village)
    if all(name not in said.files for said in requests.messages(turn.db, turn.commune_id, request.id)):  # tapped twice
        ask = turn.place.catalogs.text(_("Please look at what I have sent."), turn.place.language)
        requests.add_message(turn.db, turn.commune_id, request.id, ask, turn.now, kind=found.kind, files=(name,))
        request = person.still_open(turn, request)
        card.show(turn, request, loud=True)
    return Reply(
        _("Your request has reached the office; its number is {number}.", number=request.number),
        card.promise(turn, request),
        buttons=(person.FINISH,),
    )
