"""What the law says of petitions: days, dated; and the sentences that every answer about them has (L33).

A day here is what a public page was read to say (domain 3.4); what nobody has confirmed has no number until the commune
writes one ([facts.NAME] in commune.toml).
"""

import re
from collections.abc import Mapping

from bot.commune import Commune
from bot.tokens import RouteToken
from bot.turn import Turn
from messages.reply import Button, Msg, Text, _

LAW_DAYS: Mapping[str, int] = {
    "complaint_days": 90,
    "complaint_answer_days": 10,
    "complaint_settle_days": 30,
    "complaint_settle_days_complex": 45,
    "denounce_notice_days": 5,
}
"""Days of the laws on complaints and on denunciations."""
AS_OF = "11/2026"
"""When these were read; said with them."""
RECEPTION = Button(_("When citizens are received"), str(RouteToken("fact-reception")))
PERSON = Button(_("Talk to an official"), str(RouteToken("person")))
SPEAK = _("You may also come to the office and say it in person; it will be written down and read back to you.")
DATED = _("So the law stood in {month}; an official tells you whether it has changed.", month=AS_OF)


def days(commune: Commune, name: str) -> int | None:
    """What the commune has written ("60", "60 ngày"), else what the law said when this was written, if that is sure."""
    fact = commune.facts.get(name)
    written = None if fact is None else re.fullmatch(r"\s*(\d{1,3})(\s*ngày)?\s*", fact.value)
    return int(written[1]) if written else LAW_DAYS.get(name)


def day_lines(commune: Commune, sentences: Mapping[str, Msg]) -> tuple[Msg, ...]:
    """Those sentences whose days are known, filled in."""
    known = {name: days(commune, name) for name in sentences}
    return tuple(
        _(sentence.id, **{**sentence.args, "days": count})
        for name, sentence in sentences.items()
        if (count := known[name]) is not None
    )


def where(turn: Turn) -> tuple[Text, ...]:
    """Where and when citizens are received, as far as it is known."""
    facts = turn.commune.citizen_reception
    return (
        *([_("Citizens are received at: {words}", words=facts.place.value)] if facts.place else []),
        *([_("Regular hours: {words}", words=facts.hours.value)] if facts.hours else []),
    )
