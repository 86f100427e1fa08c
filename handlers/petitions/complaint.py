"""Khiếu nại, explained (domain 3.3): what it is, how long there is, what the letter needs, where to go.

A chat message has no signature, so nothing is filed here: the answer says so, never that a complaint has been accepted
and never who is right. The form comes later. Days are what the law says; a commune can change them with their date.
"""

import re
from collections.abc import Mapping

from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.requests import request_card as card
from messages.reply import Button, Reply, _

routes = Routes()

LAW_DAYS: Mapping[str, int] = {
    "complaint_days": 90,
    "complaint_answer_days": 10,
    "complaint_settle_days": 30,
    "complaint_settle_days_complex": 45,
}
"""Days of the law on complaints, as of 11/2026 (domain 3.4); [facts.NAME] in commune.toml changes one of them."""
RECEPTION = Button(_("When citizens are received"), str(RouteToken("fact-reception")))
PERSON = Button(_("Talk to an official"), str(RouteToken("person")))


@routes.tap("complaint")
def complaint(turn: Turn) -> Reply:
    """What a complaint is and how to file one; never that it has been accepted, never who is right (domain 3.3)."""
    days = {name: _days(turn, name) for name in LAW_DAYS}
    return Reply(
        _("A complaint asks an office to look again at a decision or an act of its own that harms you."),
        _(
            "You have {days} days for the first one, from the day you received or learnt of the decision.",
            days=days["complaint_days"],
        ),
        _("Writing here does not file it and does not stop these days."),
        _(
            "The letter needs the date, your name and address, what it is about and why, and your signature or "
            "fingerprint."
        ),
        _(
            "Within {answer} days you are told whether it is taken up; it is settled within {settle} days of that, a "
            "difficult one within {complex}.",
            answer=days["complaint_answer_days"],
            settle=days["complaint_settle_days"],
            complex=days["complaint_settle_days_complex"],
        ),
        _("You may also come to the office and say it in person; it will be written down and read back to you."),
        _("I have no form to fill in here yet; please ask for one at the office."),
        *card.phone_line(turn),
        buttons=(RECEPTION, PERSON),
    )


def _days(turn: Turn, name: str) -> int:
    """What the commune has written ("60", "60 ngày"), else what the law said when this was written."""
    fact = turn.commune.facts.get(name)
    written = None if fact is None else re.fullmatch(r"\s*(\d{1,3})(\s*ngày)?\s*", fact.value)
    return int(written[1]) if written else LAW_DAYS[name]
