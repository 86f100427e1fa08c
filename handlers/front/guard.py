"""The accusation gate (L03), in front of everything a citizen writes; the emergency gate is `handlers.front.emergency`.

Words that accuse somebody reach only the officials with the right "receive"; the shared chat learns number, thôn and
"needs the receiver". When it is not certain, or she was answering a question, she is asked first, and an answer that
was taken for an accusation is handed back to its question.
"""

from dataclasses import dataclass

from bot.conversation import Ask, Find
from bot.questions import Choice
from bot.routes import Routes, Start
from bot.turn import Turn
from handlers.front import emergency
from handlers.requests import person
from handlers.requests import request_card as card
from messages import gates
from messages.reply import Msg, Reply, _
from messages.reply import Text as Words
from storage import conversations, requests

routes = Routes()


# --- accusations ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SayPrivately:
    """Her words are for the receivers only."""

    text: str


@dataclass(frozen=True)
class SayOrdinarily:
    """Her words accuse nobody. `answering`: they were the answer to a question that was open."""

    text: str
    answering: bool


@routes.gate("accusation")
def accusation(turn: Turn) -> Reply | Start | None:
    """Words that accuse a person never reach a shared chat: at once when they surely do, else she is asked first."""
    verdict = gates.accuses(turn.event.text)
    if verdict == "no":
        return None
    live = conversations.live(turn.db, turn.lane_id, turn.address.sender)
    if live is not None and live.route == "accusation":
        return None  # this is about the very question that is open
    request = requests.open_of(turn.db, turn.commune_id, turn.address)
    if live is None and request is not None and (request.sealed_for_receiver or request.topic == card.EMERGENCY):
        return None  # everything she writes now is for the receivers anyway, or nothing of it for a shared chat
    if live is None and verdict == "yes":
        return say_privately(SayPrivately(turn.event.text), turn)
    return Start("accusation", text=turn.event.text, answering=live is not None)


@routes.conversation("accusation", title=_("A private message"))
def ask_first(ask: Ask, find: Find, text: str, answering: bool) -> SayPrivately | SayOrdinarily | None:
    """Does it accuse somebody? Never by default (domain 3.7)."""
    options: dict[str, Words] = {
        "private": _("Yes, send it only to the receiver"),
        "ordinary": _("No, that was my answer") if answering else _("No, it accuses nobody"),
        "nothing": _("Do not send it"),
    }
    way = ask(Choice("way", _("May I ask first: does this accuse somebody of doing wrong?"), options))
    if way == "private":
        return SayPrivately(text)
    return SayOrdinarily(text, answering) if way == "ordinary" else None


@routes.does(SayPrivately)
def say_privately(command: SayPrivately, turn: Turn) -> Reply:
    """Keep her words for the receivers; the shared chat learns thôn and topic."""
    request = person.begin(turn, "accusation", person.citizen(turn).village, sealed=True)
    requests.seal_for_receiver(turn.db, turn.commune_id, request.id)
    requests.add_message(turn.db, turn.commune_id, request.id, command.text, turn.now)
    request = person.still_open(turn, request)
    card.show(turn, request, loud=True)
    return Reply(
        _("Thank you for telling us. Your words are kept apart."),
        _readers(turn),
        card.promise(turn, request),
        _("You may also come to the office and say it in person; it will be written down and read back to you."),
        buttons=(person.FINISH,),
    )


def _readers(turn: Turn) -> Msg:
    readers = ", ".join(f"{each.name} ({each.post})" for each in card.receivers(turn))
    if not readers:
        return _("Nobody has been named to receive such messages yet, so nobody can read it now.")
    return _("Only the receiver of citizens may read them: {readers}.", readers=readers)


@routes.does(SayOrdinarily)
def say_ordinarily(command: SayOrdinarily, turn: Turn) -> Reply | Start:
    """Let her words go where they were going."""
    if command.answering and (go_on := emergency.hand_back(turn, command.text)) is not None:
        return Reply(_("I am sorry for asking. Let us go on."), buttons=(go_on,))
    request = requests.open_of(turn.db, turn.commune_id, turn.address)
    if request is None:
        return Start("person", said=command.text)
    requests.add_message(turn.db, turn.commune_id, request.id, command.text, turn.now)
    card.show(turn, person.still_open(turn, request), loud=True)
    return Reply(_("I have passed that on to the official."))
