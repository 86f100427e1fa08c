"""Tố cáo, explained (domain 3.1, 3.3): rights, ways to file, to whom, deadlines, an empty form; no word of it is taken
in a chat (L28). What is told safely goes to the closed page, to a call, or on paper (`handlers.sealed.offer`).
"""

from collections.abc import Mapping

from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.petitions import law, printing
from handlers.requests import request_card as card
from handlers.sealed import form, offer
from messages.reply import Button, Msg, Reply, _, lines

routes = Routes()

FORM = Button(_("An empty form to print"), str(RouteToken("denounce-form")))
TERMS: Mapping[str, Msg] = {
    "denounce_accept_days": _("Whether it is taken up is decided within {days} working days."),
    "denounce_notice_days": _("You are told within {days} working days after it is taken up."),
    "denounce_settle_days": _("It is settled within {days} days after it is taken up."),
}
"""Only the second is sure; the others are said once the commune has written their days (domain 3.4)."""
MOST_BUTTONS = 5


@routes.tap("denounce")
def denounce(turn: Turn) -> Reply:
    """How to accuse somebody lawfully."""
    province = turn.commune.sealed.province
    above = _("About the Chairman or a Vice-Chairman it goes to the Chairman of the province.")
    address = (_("Address: {address}", address=province),) if province else ()
    return Reply(
        _("To denounce is to tell an office of somebody's wrong. Please do not write what it is about in this chat."),
        offer.RIGHTS,
        lines(
            _("On paper: with the date, your name and address, what happened, and your signature or fingerprint."),
            law.SPEAK,
        ),
        lines(_("About staff of the commune it goes to the Chairman of the commune."), above, *address),
        lines(
            _("Without your name it is not settled as a denunciation."),
            _("It must still be looked at when it names who did it and brings papers or proof (Article 25)."),
        ),
        lines(*law.day_lines(turn.commune, TERMS), law.DATED),
        *law.where(turn),
        *card.phone_line(turn),
        buttons=_buttons(turn),
    )


def _buttons(turn: Turn) -> tuple[Button, ...]:
    page = (form.PAGE,) if form.has_page(turn) else ()
    call = Button(_("Please call me back"), str(RouteToken("sealed-call")))
    return (FORM, *page, call, law.RECEPTION)


@routes.tap("denounce-form")
def empty(turn: Turn) -> Reply:
    """The form, with nothing in it."""
    if turn.in_group:
        return Reply(_("Others read along here. Please write to me in a private chat."))
    printing.order(turn, printing.blank(turn, "denunciation"))
    return Reply(
        printing.COMING, _("It is empty. Please write it by hand; the office also has it on paper."), law.SPEAK
    )
