"""Buttons of a card that she is told of at once: "I have seen it" of an emergency (L13), "I have called" (L12).

Each counts once for each official, stands on the card with its time, and reaches her under name and post (G06).
"""

from datetime import datetime

from bot.routes import Routes
from bot.turn import Turn
from handlers.office import office
from handlers.requests import request_card as card
from messages.reply import Reply, _
from storage import officials, requests

routes = Routes()


@routes.tap("seen", role="official")
def seen(turn: Turn, request: str = "") -> Reply:
    """An official has seen an emergency: she learns who, and the case goes on under an ordinary promise."""
    found = office.request_of(turn, request)
    if found is None or turn.official is None:
        return Reply(office.GONE)
    if not found.is_open:
        return Reply(_("Request {number} is closed already.", number=found.number))
    earlier = requests.pressed(turn.db, turn.commune_id, found.id, "seen")
    if not requests.by_button(turn.db, turn.commune_id, found.id, turn.official.id, "seen", turn.now):
        return Reply(_("That has been noted already."))
    if not earlier:
        times = card.promise_times(turn)
        requests.promise(turn.db, turn.commune_id, found.id, times["promised_at"], times["remind_at"])
    card.show(turn, office.fresh(turn, found))
    _tell(turn, "seen", found)
    return Reply(_("Thank you. She is told that you have seen it."))


@routes.tap("called", role="official")
def called(turn: Turn, request: str = "") -> Reply:
    """An official has called her: recorded, and what she waited for is answered."""
    found = office.request_of(turn, request)
    refused = office.refused_for(turn, found)
    if found is None or refused is not None or turn.official is None:
        return refused or Reply(office.GONE)
    holder = requests.take_over(turn.db, turn.commune_id, found.id, turn.official.id)
    if holder != turn.official.id:
        return office.held_by(turn, found, holder)
    if not requests.by_button(turn.db, turn.commune_id, found.id, turn.official.id, "called", turn.now):
        return Reply(_("That has been noted already."))
    requests.answered_by_call(turn.db, turn.commune_id, found.id, turn.official.id, turn.now)
    card.show(turn, office.fresh(turn, found))
    _tell(turn, "called", found)
    return Reply(_("Thank you. She is told that you have called."))


def _tell(turn: Turn, what: str, found: requests.Request) -> None:
    assert turn.official is not None, "only officials press these"
    once = f"{found.id}:{turn.official.id}"
    turn.wake(card.address_of(found), what, once, official=turn.official.id, at=turn.now.isoformat())


@routes.event("seen")
def seen_by(turn: Turn, official: int, at: str) -> Reply | None:
    """She learns who has seen her message."""
    who = officials.get(turn.db, turn.commune_id, official)
    if who is None:
        return None
    when = datetime.fromisoformat(at)
    return Reply(_("{name}, {post}, has seen your message at {when}.", name=who.name, post=who.post, when=when))


@routes.event("called")
def called_by(turn: Turn, official: int, at: str) -> Reply | None:
    """She learns that somebody has called."""
    who = officials.get(turn.db, turn.commune_id, official)
    if who is None:
        return None
    when = datetime.fromisoformat(at)
    return Reply(
        _("{name}, {post}, has called you at {when}.", name=who.name, post=who.post, when=when),
        _("If you did not hear it, please write here and we will call again."),
    )
