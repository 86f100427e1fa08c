"""The accusation gate (L03, L28, L30), before everything a citizen writes; emergencies are `handlers.front.emergency`.

Words that accuse somebody, or tell of a crime, are not taken here: `handlers.sealed.offer` says so and shows closed
ways. When it is not certain, or she was answering a question, she is asked first; the raw event is emptied even then,
so that her words stand only in the sealed question, and go with it. What accuses nobody goes where it was going.
"""

from dataclasses import dataclass
from datetime import timedelta

from bot.conversation import Ask, Find
from bot.questions import Choice
from bot.routes import Routes, Start
from bot.turn import Turn
from handlers.cases import follow
from handlers.front import emergency
from handlers.requests import person
from handlers.requests import request_card as card
from handlers.sealed import offer
from messages import gates
from messages.reply import Reply, _
from messages.reply import Text as Words
from storage import conversations, inbox, requests

routes = Routes()

# --- accusations ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SayPrivately:
    """Her words accuse somebody or tell of a crime: they are not taken here."""

    text: str


@dataclass(frozen=True)
class SayOrdinarily:
    """Her words accuse nobody. `answering`: they were the answer to a question that was open."""

    text: str
    answering: bool


@dataclass(frozen=True)
class LetGo:
    """She has not said what her words are: nothing is kept of them."""


@routes.gate("accusation")
def accusation(turn: Turn) -> Reply | Start | None:
    """Words that accuse a person, or tell of a crime, are not taken in a chat: at once when it is sure, else asked."""
    accuses, crime = gates.accuses(turn.event.text), gates.tells_of_crime(turn.event.text)
    live = conversations.live(turn.db, turn.lane_id, turn.address.sender)
    if accuses == crime == "no":
        return _silence(turn) if live is None else None
    if live is not None and live.route == "accusation":
        inbox.forget(turn.db, turn.event_id)
        if "yes" not in (accuses, crime):
            return None  # this is about the very question that is open
        conversations.save(turn.db, live.id, "closed", {}, turn.now, turn.now)
        live = None
    request = requests.open_of(turn.db, turn.commune_id, turn.address)
    if live is None and request is not None and request.topic == card.EMERGENCY:
        return None  # whoever is on duty must know what happens; nothing of it reaches a shared chat
    if live is None and (told := offer.sure(turn)) is not None:
        return told
    inbox.forget(turn.db, turn.event_id)
    return Start("accusation", text=turn.event.text, answering=live is not None)


def _silence(turn: Turn) -> Reply | None:
    """Whoever waits for a call about something not to be written here may go on writing; it is not taken."""
    text, sent = turn.event.text, turn.event.files or turn.event.kind == "voice"
    if not offer.waits_for_call(turn, turn.address) or (not sent and (gates.courtesy(text) or gates.finished(text))):
        return None
    offer.forget(turn)
    return Reply(_("Please say it to the person who calls you. What you have just written is not kept."))


@routes.conversation(
    "accusation", title=_("A private message"), left=lambda answers: LetGo(), idle=timedelta(minutes=30)
)
def ask_first(
    ask: Ask, find: Find, text: str, answering: bool
) -> SayPrivately | SayOrdinarily | LetGo:
    """Does it accuse somebody? Never by default (domain 3.7)."""
    options: dict[str, Words] = {
        "private": _("Yes, it accuses somebody or tells of a crime"),
        "ordinary": _("No, that was my answer") if answering else _("No, it accuses nobody"),
        "nothing": _("Do not send it"),
    }
    way = ask(Choice("way", _("May I ask first: does this accuse somebody, or tell of a crime?"), options))
    if way == "private":
        return SayPrivately(text)
    return SayOrdinarily(text, answering) if way == "ordinary" else LetGo()


@routes.does(SayPrivately)
def say_privately(command: SayPrivately, turn: Turn) -> Reply:
    """Nothing of it is kept; she is shown the closed ways."""
    crime = gates.tells_of_crime(command.text) != "no"
    return offer.offered(turn, "crime" if crime else "accusation", command.text)


@routes.does(LetGo)
def let_go(command: LetGo, turn: Turn) -> Reply:
    """Nothing is kept, nothing is sent."""
    return Reply(_("All right. Nothing of it was kept or sent."))


@routes.does(SayOrdinarily)
def say_ordinarily(command: SayOrdinarily, turn: Turn) -> Reply | Start:
    """Let her words go where they were going."""
    if command.answering and (go_on := emergency.hand_back(turn, command.text)) is not None:
        return Reply(_("I am sorry for asking. Let us go on."), buttons=(go_on,))
    request = requests.open_of(turn.db, turn.commune_id, turn.address)
    if request is None:
        return follow.said(turn, command.text) or Start("person", said=command.text)
    requests.add_message(turn.db, turn.commune_id, request.id, command.text, turn.now)
    card.show(turn, person.still_open(turn, request), loud=True)
    return Reply(_("I have passed that on to the official."))
