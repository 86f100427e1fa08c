"""A person, please (L01).

She says in a word or two what it is about and in which thôn she lives; all of it can be left out. The office gets a
card with a clock, she gets a promised time. From then on what she writes here goes to the office, until one of them
closes it or a day passes in silence (`handlers.requests.waiting`).
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from bot.commune import Ambiguous, Unknown, Village, Villages
from bot.conversation import Ask, Find, NotUnderstood, Question
from bot.questions import OneOfPlaces, Phone, Text
from bot.routes import Routes
from bot.state import Raw, digest
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.front import emergency
from handlers.requests import request_card as card
from messages import gates
from messages.fold import fold, nfc
from messages.reply import Button, Reply, _
from messages.reply import Text as Words
from storage import citizens, requests
from storage.requests import Request

routes = Routes()

SKIP, CALL = "skip", "call"
SILENT = Reply()
"""Taken, and nothing to say."""
FINISH = Button(_("I am done"), str(RouteToken("finish")))


# --- asking for a person ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OpenRequest:
    """She wants a person. `phone`: where to call her back."""

    about: str
    phone: str = ""
    village: str | None = None


@dataclass(frozen=True)
class Remind:
    """She asks for a person and already has one."""


@dataclass(frozen=True)
class About(Question[str]):
    """Free words, or one of two buttons: call me back (the answer is CALL), leave it out ("")."""

    def choices(self) -> tuple[tuple[str, Words], ...]:
        return ((CALL, _("Please call me back")), (SKIP, _("Skip this")))

    def read(self, raw: Raw) -> str:
        if raw.value is not None:
            return CALL if raw.value == CALL else ""
        said = fold(raw.text).rstrip(".")
        if said in {"1", "goi lai", "goi lai cho toi", "xin goi lai", "xin goi lai cho toi", "goi cho toi"}:
            return CALL
        if said in {"2", "bo qua", "skip"}:
            return ""
        return Text(self.name, self.prompt).read(raw)

    def take(self, earlier: Raw | None, raw: Raw) -> Raw:
        said = self.read(raw)
        return Raw("tap", raw.text, said or SKIP) if said in {CALL, ""} else raw


@dataclass(frozen=True)
class WhichVillage(OneOfPlaces):
    """Which thôn, by any of its names (L09). A typed number is part of a name here ("2" is Thôn 2), not a place."""

    places: Villages | None = None

    def choices(self) -> tuple[tuple[str, Words], ...]:
        return (*super().choices(), (SKIP, _("Skip this")))

    def number(self, value: str) -> int | None:
        return None

    def read(self, raw: Raw) -> str:
        typed = raw.kind == "text" and raw.value is None
        if raw.value == SKIP or (typed and fold(raw.text) in {"bo qua", "skip", "khong", "khong biet"}):
            return SKIP
        if not typed or self.places is None:
            return super().read(raw)
        found = self.places.resolve(nfc(raw.text))
        if isinstance(found, Village):
            return key_of(found)
        if isinstance(found, Ambiguous):
            raise self._which([key_of(each) for each in found.villages])
        part = self._meant(raw.text)  # "xã Bến Mơ", asked which of three she means
        if len(part) == 1:
            return part[0]
        raise self._which(part) if part else self._unknown(found)

    def _unknown(self, found: Unknown) -> NotUnderstood:
        hint = _("I do not know that thôn. Please choose from the list, or type “bỏ qua”.")
        values = list(self.options)
        near = ",".join(str(values.index(key_of(each)) + 1) for each in found.near)
        return NotUnderstood(hint, f"={near}" if near else None)


def key_of(village: Village) -> str:
    """A thôn in a button: its label's digest, since Vietnamese letters would not fit into 64 bytes."""
    return digest(village.label)


@routes.conversation(
    "person",
    title=_("Talk to a person"),
    words=(
        "/nguoithat", "gặp người thật", "người thật", "gặp cán bộ", "nói chuyện với cán bộ", "chuyển cán bộ",
        "nói chuyện với người thật", "gọi lại cho tôi", "xin gặp cán bộ",
    ),
)  # fmt: skip
def person(ask: Ask, find: Find, said: str = "", lost: bool = False) -> OpenRequest | Remind:
    """What it is about, then which thôn. `said`: words she has written already; `lost`: we did not understand her."""
    if find(requests.open_of, find.address) is not None:
        return Remind()
    lost_words = _("I am sorry, I did not understand. An official will help. What is it about? You may skip this.")
    usual = _("What would you like to ask an official? A few words are enough; you may skip this.")
    about = said if said and not lost else ask(About("about", lost_words if lost else usual))
    phone = ask(Phone("phone", _("Which number may we call?"))) if about == CALL else ""
    if lost and said:
        about = "\n".join(filter(None, (said, about if about != CALL else "")))
    return OpenRequest("" if about == CALL else about, phone, _village(ask, find))


def _village(ask: Ask, find: Find) -> str | None:
    known: str | None = find.citizen.village
    villages = {key_of(each): each for each in find.commune.villages}
    if known or not villages:
        return known
    prompt = _("In which thôn do you live? You may type its name, old or new.")
    options: dict[str, Words] = {key: each.label for key, each in villages.items()}
    chosen = ask(WhichVillage("village", prompt, options=options, places=find.commune.places))
    return villages[chosen].label if chosen in villages else None


@routes.does(OpenRequest)
def open_request(command: OpenRequest, turn: Turn) -> Reply:
    """Store the request, show it to the office, promise a time."""
    if command.village and command.village != citizen(turn).village:
        citizens.change(turn.db, citizen(turn).id, village=command.village)
    request = begin(turn, "callback" if command.phone else "question", command.village)
    if command.about:
        requests.add_message(turn.db, turn.commune_id, request.id, command.about, turn.now)
    if command.phone:
        requests.add_message(turn.db, turn.commune_id, request.id, f"☎ {command.phone}", turn.now)
    card.show(turn, request, loud=True)
    return Reply(
        _("Your request has reached the office; its number is {number}.", number=request.number),
        card.promise(turn, request),
        _("What you write here from now on goes to the official. Thank you."),
        buttons=(FINISH,),
    )


@routes.does(Remind)
def remind_her(command: Remind, turn: Turn) -> Reply:
    """She has a request already: its promise again."""
    request = requests.open_of(turn.db, turn.commune_id, turn.address)
    if request is not None and request.topic == card.EMERGENCY:
        told = _("Whoever is on duty has your message. Please call:")
        return Reply(told, *emergency.numbers(turn, request), buttons=(FINISH,))
    if request is None or request.state == "answered":
        return Reply(_("You are already talking with an official. Please write on here."), buttons=(FINISH,))
    return Reply(
        _("Your request {number} is already with the office.", number=request.number),
        _("The answer is promised before {when}. You can add to it here.", when=request.promised_at),
        buttons=(FINISH,),
    )  # fmt: skip


def begin(
    turn: Turn, topic: str, village: str | None, *, sealed: bool = False, detail: str | None = None
) -> Request:
    """Open a request for this turn's citizen, or the one already open."""
    found = requests.open_of(turn.db, turn.commune_id, turn.address)
    if found is not None:
        return found
    times = card.promise_times(turn)
    return requests.open(
        turn.db, turn.commune_id, turn.address, citizen(turn).id, topic, village, turn.now,
        promised_at=times["promised_at"], remind_at=times["remind_at"], closes_at=times["closes_at"],
        sealed_for_receiver=sealed, detail=detail,
    )  # fmt: skip


def citizen(turn: Turn) -> citizens.Citizen:
    assert turn.citizen is not None, "requests are made by citizens; /office never gets here"
    return turn.citizen


# --- being with a person ----------------------------------------------------------------------------------------------


PASSED_ON = ("text", "sticker", "photo", "file", "voice", "location", "contact", "edited")


@routes.gate("person")
def with_a_person(turn: Turn) -> Reply | None:
    """What she writes while a request is open goes to the office; manners ping nobody."""
    request = requests.open_of(turn.db, turn.commune_id, turn.address)
    if request is None or turn.event.kind not in PASSED_ON:
        return None
    if turn.event.kind == "sticker" or (turn.event.kind == "text" and gates.courtesy(turn.event.text)):
        return SILENT
    if turn.event.kind == "text" and gates.finished(turn.event.text):
        return _finish(turn, request)
    changed = turn.event.kind == "edited"
    text = _("(changed) {words}", words=turn.event.text) if changed else turn.event.text
    return _pass_on(turn, request, turn.place.catalogs.text(text, turn.place.language))


def _pass_on(turn: Turn, request: Request, text: str) -> Reply:
    """Add her words to her request, show them to the office, and tell her once that they have arrived."""
    # A voice note nobody has heard, and a caption the gate has not let through, are for the receivers only (L03).
    urgent = request.topic == card.EMERGENCY  # shown to whoever is on duty, never in a shared chat
    accusing = (urgent or turn.event.kind != "text") and gates.accuses(text) != "no"
    unheard = accusing or (turn.event.kind == "voice" and not urgent)
    requests.add_message(
        turn.db, turn.commune_id, request.id, text, turn.now, kind=turn.event.kind, files=turn.event.files,
        private=unheard,
    )  # fmt: skip
    again = request.state == "answered" and not urgent
    told = emergency.heard(turn, request) if urgent else ()
    request = still_open(turn, request)
    card.show(turn, request, loud=True)
    if unheard and not request.sealed_for_receiver:
        card.tell_receivers(turn, request)
    heard = turn.event.kind == "voice" and not urgent  # a voice note always has a promised time (L12)
    words = (card.promise(turn, request),) if again or heard else told
    # Of several quick messages one receipt is enough: a later one replaces what has not left yet.
    turn.send(
        turn.address, Reply(_("I have passed that on to the official."), *words), kind="answer",
        expires_at=turn.now + timedelta(hours=24), supersedes=f"passed-on:{request.id}", in_reply_to=turn.event_id,
        language=turn.language,
    )  # fmt: skip
    return SILENT


def still_open(turn: Turn, request: Request) -> Request:
    times = card.promise_times(turn)
    requests.keep_open(turn.db, turn.commune_id, request.id, times["closes_at"])
    if request.state == "answered":
        requests.wait_again(
            turn.db, turn.commune_id, request.id, times["promised_at"], times["remind_at"], turn.now
        )  # fmt: skip
    return requests.get(turn.db, turn.commune_id, request.id) or request


@routes.tap("finish")
def finish(turn: Turn) -> Reply:
    """Her button "I am done"."""
    request = requests.open_of(turn.db, turn.commune_id, turn.address)
    if request is None:
        return Reply(_("This conversation is already closed. Thank you."))
    return _finish(turn, request)


def _finish(turn: Turn, request: Request) -> Reply:
    requests.close(turn.db, turn.commune_id, request.id, turn.now)
    card.show(turn, replace(request, state="closed"))
    return Reply(_("I have closed request {number}. Thank you for writing to us.", number=request.number))
