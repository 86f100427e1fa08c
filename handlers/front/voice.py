"""A voice note is never a wrong answer (L12): it is offered to a listener, with a promised time.

Inside a talk the question stays open and nothing counts as misunderstood. Nobody has heard it yet, so it goes to the
receivers alone (L03), or to an official whom the commune has named as a listener of her language; the languages offered
are those that somebody here can hear. "Đã gọi" on the card tells her that she has been called
(`handlers.requests.pressed`).

The other way round she may hear the key messages in her language, once they have been recorded (`bot.clips`): "Nghe
tiếng Tày" is kept for her until "Tiếng Việt".
"""

from collections.abc import Mapping

from bot.calendar import Calendar
from bot.clips import named
from bot.routes import Routes
from bot.state import digest
from bot.tokens import RouteToken
from bot.turn import Turn, office_address
from handlers.requests import person
from handlers.requests import request_card as card
from messages.fold import fold
from messages.reply import Button, Reply, _
from storage import citizens, conversations, files, officials, requests
from storage.officials import Official
from storage.requests import Request

routes = Routes()

SORRY = _("I am sorry, I cannot hear voice messages. An official can hear it for you.")
LOOKED_AT = 50
"""Messages of an open request among which the note may be already."""


@routes.gate("voice")
def in_talk(turn: Turn) -> Reply | None:
    """Within a talk it is offered to a listener and the question stays; a report takes it as it is."""
    return None if turn.talk is not None and turn.talk.route == "report" else offer(turn)


def offer(turn: Turn) -> Reply:
    """Who can hear it, and until when she is answered."""
    promised = Calendar(turn.commune).promised(turn.now, turn.commune.office.promised_minutes)
    when = card.promised_words(turn, promised)
    if not turn.event.files:
        return Reply(SORRY, when, buttons=(Button(_("Talk to a person"), str(RouteToken("person"))), *_offered(turn)))
    file = turn.event.files[0]
    languages = sorted({language for each in _listeners(turn) for language in each[1]})
    usual = _("I speak Vietnamese") if languages else _("Yes, please have it heard")
    return Reply(
        SORRY, when,
        buttons=(
            Button(usual, str(RouteToken("listen", (file,)))),
            *(Button(_("I speak {language}", language=each), str(RouteToken("listen", (file, digest(each)))))
              for each in languages),
            *_reports(turn, file),
            *_offered(turn),
        ),
    )  # fmt: skip


def _reports(turn: Turn, file: str) -> tuple[Button, ...]:
    """Outside a talk it can be a report of its own, which only the receivers hear."""
    begin = Button(_("Report something with it"), str(RouteToken("report-files", (file,))))
    return (begin,) if turn.talk is None and turn.citizen is not None else ()


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


# --- hearing the key messages -----------------------------------------------------------------------------------------

VIETNAMESE = Button(_("Vietnamese"), str(RouteToken("hear")))
_WISH = "nghe tieng "


@routes.command("/nghe", words=("nghe tiếng dân tộc", "nghe bằng tiếng dân tộc"))
def choose(turn: Turn, rest: str = "") -> Reply:
    """In which languages the key messages can be heard."""
    if turn.in_group or turn.citizen is None:
        return Reply(_("Others read along here. Please choose it in a private chat."))
    if rest and (language := named(rest, _clips(turn))) is not None:
        return _hears(turn, language)
    if not _clips(turn):
        return Reply(_("There are no recordings in other languages here yet. An official can help you; please type 0."))
    mine = (VIETNAMESE,) if turn.citizen.spoken_language else ()
    return Reply(_("In which language would you like to hear the main messages?"), buttons=(*_offered(turn), *mine))


@routes.gate("hear")
def wished(turn: Turn) -> Reply | None:
    """“Nghe tiếng Tày” as a whole message, wherever she is; “Tiếng Việt” when she hears another one."""
    offered = _clips(turn)
    if turn.citizen is None or turn.in_group or not (offered or turn.citizen.spoken_language):
        return None
    words = fold(turn.event.text)
    if turn.citizen.spoken_language and words.removeprefix("nghe ") == "tieng viet":
        return hear(turn)
    language = named(words.removeprefix(_WISH), offered) if words.startswith(_WISH) else None
    return None if language is None else _hears(turn, language)


@routes.tap("hear")
def hear(turn: Turn, language: str = "") -> Reply:
    """From now on the key messages are heard in that language too; without one, no longer."""
    if turn.citizen is None or turn.in_group:
        return Reply(_("Others read along here. Please choose it in a private chat."))
    if not language:
        citizens.change(turn.db, turn.citizen.id, spoken_language=None)
        return Reply(_("From now on you get the messages in writing only."))
    chosen = next((key for key in _clips(turn) if digest(key) == language), None)
    if chosen is None:
        return Reply(_("These recordings are not here any more. The messages go on in writing."))
    return _hears(turn, chosen)


def _hears(turn: Turn, language: str) -> Reply:
    assert turn.citizen is not None, "looked at by whoever calls"
    citizens.change(turn.db, turn.citizen.id, spoken_language=language)
    name = turn.place.clips.offered[language]
    return Reply(
        _("From now on you also hear the main messages in {language}.", language=name),
        _("The written words stay. To stop it, type “Tiếng Việt”."),
        buttons=(VIETNAMESE,),
    )


def _clips(turn: Turn) -> Mapping[str, str]:
    """The languages that can be heard where she is."""
    plays = turn.place.capabilities[turn.address.channel].plays
    return turn.place.clips.offered if plays else {}


def _offered(turn: Turn) -> tuple[Button, ...]:
    """A button for each language she could hear and does not yet."""
    now = turn.citizen.spoken_language if turn.citizen else None
    return tuple(
        Button(_("Hear {language}", language=name), str(RouteToken("hear", (digest(key),))))
        for key, name in _clips(turn).items() if key != now
    )  # fmt: skip
