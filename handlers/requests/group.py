"""A messenger's group: the officials' own, where cards stand and a reply to a card is an answer; any other.

Rights come from the sender, never from the chat (design: Trust). A card is known by its stored message id, never by
what the reply quotes. What receivers alone may read never stands here (L03), and nobody is served in a foreign group,
because others read along.
"""

import re

from bot.routes import Routes, Start
from bot.turn import Turn
from handlers.cases import loose, reply
from handlers.office import office
from handlers.requests import answer
from handlers.requests import request_card as card
from messages.reply import Reply, _
from storage import cards, citizens, outbox, requests

routes = Routes()
NOTE = re.compile(r"\s*(?:#|ghi chú\s*:)\s*", re.IGNORECASE)
"""How a reply begins that stays inside the office."""
NOT_INVITED = _("I am sorry, this is only for officials who have been invited.")
PRIVATELY = _("I can be reached privately: please tap my name and write to me there.")


@routes.gate("card")
def reply_to_card(turn: Turn) -> Reply | Start | None:
    """Words written under a card: a note, or an answer that is shown first."""
    at, quoted = turn.address, turn.event.reply_to
    name = cards.name_of(turn.db, turn.commune_id, at.channel, at.account, at.chat, quoted)
    kind, _colon, number = (name or "").partition(":")
    if kind not in ("request", "case"):
        return None
    if not turn.allows("official"):  # a village head in the group, or a citizen in her own chat
        return Reply(NOT_INVITED) if turn.in_group else None
    if kind == "case":
        return _about_case(turn, number)
    if turn.event.kind not in ("text", "voice"):
        return Reply(_("Only words or a recording can be sent to her from here."))
    if mark := NOTE.match(turn.event.text):
        return _note(turn, number, turn.event.text[mark.end() :].strip(), _recording(turn))
    return _answer(turn, number)


def _about_case(turn: Turn, number: str) -> Reply | Start:
    """A note on a case, or an answer that is shown first; pictures and papers may come with its words."""
    if mark := NOTE.match(turn.event.text):
        words = turn.event.text[mark.end() :].strip()
        return reply.keep_note(turn, int(number), words) if words else Reply(_("That note was empty."))
    if turn.event.kind not in ("text", "photo", "file") or not turn.event.text.strip():
        return Reply(_("Please answer in words; a picture may come with them."))
    begun = reply.begin(turn, number)
    if not isinstance(begun, Start):
        return begun
    sent = list(turn.event.files) if turn.event.kind != "text" else []
    return Start("case-reply", case=int(number), said=turn.event.text.strip(), sent=sent)


def _recording(turn: Turn) -> str:
    return turn.event.files[0] if turn.event.kind == "voice" and turn.event.files else ""


def _note(turn: Turn, number: str, words: str, recording: str) -> Reply:
    if not (words or recording):
        return Reply(_("That note was empty."))
    return answer.send_answer(answer.SendAnswer(int(number), words, True, False, recording), turn)


def _answer(turn: Turn, number: str) -> Reply | Start:
    """Whoever answers has the request, as with the button."""
    begun = office.reply(turn, number)
    if not isinstance(begun, Start):
        return begun
    return Start("answer", request=int(number), said=turn.event.text, recording=_recording(turn))


@routes.gate("elsewhere")
def elsewhere(turn: Turn) -> Reply:
    """Some group that is not the office's."""
    return Reply(_("Others read along here, so I answer only in a private chat."), PRIVATELY)


@routes.gate("joined")
def joined(turn: Turn) -> Reply:
    """We have been added to a group; of the office's own, all cards are posted anew at their next change."""
    if not turn.in_office:
        return elsewhere(turn)
    cards.unbind(turn.db, turn.commune_id, turn.address.channel, turn.address.account, turn.address.chat)
    return Reply(
        _("Hello! What people ask {commune} will appear here.", commune=turn.commune.name),
        _("Reply to a card to answer; it is shown to you before it goes."),
        _("Only invited officials can answer. Send /ketnoi at /office to connect your account."),
    )


@routes.gate("anonymous")
def anonymous(turn: Turn) -> Reply:
    """Whoever hides behind the group cannot be known, so he has no rights."""
    return Reply(
        _("I cannot see who writes, because you are an anonymous administrator here."),
        _("Please switch off “Remain Anonymous” in the group's administrator settings, then try again."),
    )


# --- a private chat that ends, and a message that was changed ---------------------------------------------------------


@routes.gate("left")
def left(turn: Turn) -> None:
    """She has blocked us: noted, and what still waits for her is not sent."""
    if turn.citizen is None:
        return
    leave(turn)


def leave(turn: Turn) -> None:
    at = turn.address
    citizens.left(turn.db, turn.commune_id, at.channel, at.account, at.sender, turn.now)
    outbox.stop(turn.db, turn.commune_id, at.channel, at.account, at.chat)
    if (request := requests.open_of(turn.db, turn.commune_id, at)) is not None:
        card.show(turn, request)


@routes.gate("back")
def back(turn: Turn) -> None:
    """She has let us in again; nothing is said until she writes."""
    citizens.returned(turn.db, turn.commune_id, turn.address.channel, turn.address.account, turn.address.sender)


@routes.gate("edited")
def edited(turn: Turn) -> Reply | Start:
    """A changed message is no new one: what it answered has been answered; to a fresh report it can be added."""
    again = _("I saw that you changed a message. Please send it as a new one, so that nothing is mixed up.")
    return loose.edited(turn) or Reply(again)
