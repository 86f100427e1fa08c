"""An official makes sure that it is she who wants something done to her data (L18), within the terms of the law.

The office gets a card with two buttons; "it is she" begins the day of waiting. The first term passing unanswered is
called to mind once (`handlers.rights.forget`).
"""

from datetime import datetime, timedelta

from bot.calendar import Calendar
from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from handlers.requests import person
from handlers.requests import request_card as card
from handlers.rights.wish import WAIT, found, keep_button, tell
from messages.reply import Button, Reply, Text, _
from storage import erasures, requests
from storage.erasures import Erasure
from storage.requests import Request

routes = Routes()


def ask_official(turn: Turn, kind: erasures.Kind, about: str) -> Reply:
    request = person.begin(turn, "data", person.citizen(turn).village)
    asks = _("I ask to have all my data erased.") if kind == "erase" else _("I ask to take a dossier off this chat.")
    words = turn.place.catalogs.text(asks, turn.place.language)
    requests.add_message(turn.db, turn.commune_id, request.id, words, turn.now)
    reply_by, done_by = terms(turn, turn.commune.data_rights.erase_days)
    wish = erasures.ask(
        turn.db, turn.commune_id, person.citizen(turn).id, kind, about, turn.now, request_id=request.id,
        reply_by=reply_by,
    )  # fmt: skip
    card.show(turn, person.still_open(turn, request), loud=True)
    _show_to_office(turn, wish, request.number, loud=True)
    return Reply(
        _("Your request {number} is with the office.", number=request.number),
        _("An official first makes sure that it is you who asks."),
        _("You are answered before {reply}, and it is done before {done}.", reply=reply_by.date(), done=done_by.date()),
        buttons=(keep_button(wish), person.FINISH),
    )


def terms(work: Work, days: int) -> tuple[datetime, datetime]:
    """Until when the law wants her answered, and it done (NĐ 356/2025, Điều 5; commune.toml, data_rights)."""
    rights = work.commune.data_rights
    reply_by = Calendar(work.commune).after_working_days(work.now, rights.reply_working_days)
    return reply_by, work.now + timedelta(days=days)


def _show_to_office(work: Work, wish: Erasure, number: int, said: Text | None = None, *, loud: bool = False) -> None:
    """The office's card: what she wants and the two buttons, or who has decided."""
    what = _("erase all her data") if wish.kind == "erase" else _("take a dossier off her chat")
    asked = _("Request {number} asks to {what}. Is it really she?", number=number, what=what)
    name = f"erasure:{wish.id}"
    if said is not None:
        work.send_office(Reply(asked, said, card=name))
        return
    by = wish.reply_by or wish.asked_at
    how = _("Please call her, or see her papers at the counter. Answer before {when}.", when=by)
    number_of = (str(wish.id),)
    buttons = (
        Button(_("It is she"), str(RouteToken("erase-right", number_of))),
        Button(_("It is not she"), str(RouteToken("erase-wrong", number_of))),
    )
    work.send_office(Reply(asked, how, buttons=buttons, card=name, loud=loud))


@routes.tap("erase-right", role="official")
def right(turn: Turn, number: str = "") -> Reply:
    """An official has made sure; the day of waiting begins."""
    wish, official = found(turn, number), turn.official
    if wish is None or official is None:
        return Reply(_("There is nothing to decide any more."))
    if not erasures.confirm(turn.db, turn.commune_id, wish.id, official.id, turn.now + WAIT):
        return Reply(_("That has been decided already."))
    request = decided(turn, wish, _("{name} has made sure that it is she.", name=official.name))
    if request is not None and request.topic == "data" and request.is_open:
        requests.close(turn.db, turn.commune_id, request.id, turn.now)
        card.show(turn, requests.get(turn.db, turn.commune_id, request.id) or request)
    tell(turn, wish, "asked")
    return Reply(_("Noted. It happens at {when}, unless she keeps it.", when=turn.now + WAIT))


@routes.tap("erase-wrong", role="official")
def wrong(turn: Turn, number: str = "") -> Reply:
    """An official did not find that it was she; nothing is erased, and she is told."""
    wish, official = found(turn, number), turn.official
    if wish is None or official is None:
        return Reply(_("There is nothing to decide any more."))
    if not erasures.refuse(turn.db, turn.commune_id, wish.id, official.id, turn.now):
        return Reply(_("That has been decided already."))
    decided(turn, wish, _("{name}: it is not she; nothing is erased.", name=official.name))
    tell(turn, wish, "refused")
    return Reply(_("Noted. Nothing is erased."))


def decided(work: Work, wish: Erasure, said: Text) -> Request | None:
    """Show the office what has been decided; gives the request in which it was asked."""
    request = requests.get(work.db, work.commune_id, wish.request_id) if wish.request_id else None
    _show_to_office(work, wish, request.number if request else 0, said)
    return request
