"""A voice note is never a wrong answer (L12): it is offered to a listener, with a promised time.

Inside a talk the question stays open and nothing counts as misunderstood. Nobody has heard it yet, so it goes to the
receivers alone (L03), or to an official whom the commune has named as a listener of her language; the languages offered
are those that somebody here can hear. "Đã gọi" on the card tells her that she has been called (`handlers.pressed`).
"""

from bot.calendar import Calendar
from bot.routes import Routes
from bot.state import digest
from bot.tokens import RouteToken
from bot.turn import Turn, office_address
from handlers import person
from handlers import request_card as card
from messages.reply import Button, Reply, _
from storage import conversations, files, officials, requests
from storage.officials import Official
from storage.requests import Request

routes = Routes()

SORRY = _("I am sorry, I cannot hear voice messages. An official can hear it for you.")
LOOKED_AT = 50
"""Messages of an open request among which the note may be already."""


@routes.gate("voice")
def offer(turn: Turn) -> Reply:
    """Who can hear it, and until when she is answered."""
    promised = Calendar(turn.commune).promised(turn.now, turn.commune.office.promised_minutes)
    when = card.promised_words(turn, promised)
    if not turn.event.files:
        return Reply(SORRY, when, buttons=(Button(_("Talk to a person"), str(RouteToken("person"))),))
    file = turn.event.files[0]
    languages = sorted({language for each in _listeners(turn) for language in each[1]})
    usual = _("I speak Vietnamese") if languages else _("Yes, please have it heard")
    return Reply(
        SORRY, when,
        buttons=(
            Button(usual, str(RouteToken("listen", (file,)))),
            *(Button(_("I speak {language}", language=each), str(RouteToken("listen", (file, digest(each)))))
              for each in languages),
        ),
    )  # fmt: skip


@routes.tap("listen")
def listen(turn: Turn, file: str = "", language: str = "") -> Reply:
    """She agrees: the note is put before whoever may hear it; a talk that is open stays so."""
    at = turn.address
    if turn.citizen is None or not files.belongs(turn.db, turn.commune_id, at.channel, at.account, at.chat, file):
        return Reply(_("I do not have that recording any more. Please send it again."))
    request, spoken = requests.open_of(turn.db, turn.commune_id, at), _language(turn, language)
    if request is not None and _there(turn, request, file):
        return Reply(_("The official has it already."), card.promise(turn, request))
    if request is None:
        request = person.begin(turn, "voice", turn.citizen.village, detail=spoken)
    elif spoken is not None:
        requests.in_language(turn.db, turn.commune_id, request.id, spoken)
    requests.add_message(turn.db, turn.commune_id, request.id, "", turn.now, kind="voice", files=(file,), private=True)
    request = person.still_open(turn, request)
    card.show(turn, request, loud=True)
    _tell(turn, request)
    live = conversations.live(turn.db, turn.lane_id, at.sender)
    more = (_("The question before still waits for your answer."),) if live is not None else ()
    sent = _("Your recording is with the office; its number is {number}.", number=request.number)
    return Reply(sent, card.promise(turn, request), *more, buttons=(person.FINISH,))


def _there(turn: Turn, request: Request, file: str) -> bool:
    said = requests.messages(turn.db, turn.commune_id, request.id, LOOKED_AT)
    return any(file in each.files for each in said)


def _tell(turn: Turn, request: Request) -> None:
    """The receivers, and the listeners of her language, each in his own chats."""
    if not request.sealed_for_receiver:
        card.tell_receivers(turn, request)
    told = Reply(_("Please hear a voice message."), card.header(request), loud=True)
    for official, languages in _listeners(turn):
        if request.detail not in languages or card.RECEIVE in official.rights or request.sealed_for_receiver:
            continue
        turn.send(office_address(official.id), told.with_buttons(card.open_button(request)))
        for to in card.messengers(turn, official):
            turn.send(to, told.add(_("Please open it at /office.")))


def _listeners(turn: Turn) -> list[tuple[Official, tuple[str, ...]]]:
    """Officials who can hear other languages than Vietnamese, with these."""
    people = officials.active(turn.db, turn.commune_id)
    return [(each, spoken) for each in people if (spoken := turn.commune.languages(each.name))]


def _language(turn: Turn, key: str) -> str | None:
    return next((each for _who, spoken in _listeners(turn) for each in spoken if digest(each) == key), None)
