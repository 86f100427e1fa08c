"""A flood of reports (a storm, a burst dam): every one is numbered, and officials get one summary instead of cards.

A case came in a flood when more than `surge` cases came within the ten minutes before it, or a dozen within the minute:
its number tells, so that every process decides the same, with one look-up. Urgent and sensitive cases keep their own
cards, but only a few of them: the shared chats take twenty messages a minute, of which the summary needs one.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from bot.settings import ZONE
from bot.tokens import RouteToken
from bot.turn import Work
from messages.cases import FIELDS, PUBLIC_WORKS
from messages.reply import Button, Reply, Text, _, lines
from storage import case_floods, case_lists
from storage.case_floods import Flood
from storage.cases import Case

K = TypeVar("K")
WINDOW = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)
CARDS_A_MINUTE = 12
OWN_CARDS = 5
"""Urgent or sensitive cases that keep their own card in the ten minutes before another."""
NAMED = 5
"""Thôn, fields and places named in a summary."""


def swallows(work: Work, case: Case) -> bool:
    """Whether this case's card is left out of the shared chats, because so many have come that a summary stands there
    instead; once an official has done something about it, or the flood is over, its card is posted.
    """
    if case.taken_by is not None or not case.is_open or case.reopened or case.title:
        return False
    began = _crowd(work, case)
    if began is None or _keeps_its_card(work, case):
        return False
    flood = case_floods.running(work.db, work.commune_id)
    if flood is not None:
        case_floods.goes_on(work.db, work.commune_id, flood, work.now)
        return True
    if case.received_at <= work.now - WINDOW:
        return False
    if case_floods.begin(work.db, work.commune_id, *began, work.now):
        show(work, Flood(*began, work.now, work.now), loud=True)
    return True


def _crowd(work: Work, case: Case) -> tuple[int, datetime] | None:
    """The case with which the crowd began in which this one came: its number and time; None when there was none."""
    for count, within in ((work.commune.cases.surge, WINDOW), (CARDS_A_MINUTE, MINUTE)):
        at = case_floods.received(work.db, work.commune_id, case.number - count)
        if at is not None and at > case.received_at - within:
            return case.number - count, at
    return None


def _keeps_its_card(work: Work, case: Case) -> bool:
    if not (case.urgent or case.sensitive):
        return False
    since = case.received_at - WINDOW
    return case_floods.special_before(work.db, work.commune_id, case.number, since, OWN_CARDS) < OWN_CARDS


# --- the summary ------------------------------------------------------------------------------------------------------


def show(work: Work, flood: Flood, *, loud: bool = False, over: bool = False) -> None:
    """The summary in the shared chats, edited in place."""
    came = case_lists.since(work.db, work.commune_id, flood.began)
    total, free = sum(each.count for each in came), sum(each.free for each in came)
    said: list[Text] = [_heading(flood, total, over=over)]
    if over:
        said.append(_("{count} of them still have nobody. Please go through them: /hangdoi", count=free))
    else:
        said.append(_("Each has its number and has been answered. They get no cards of their own: /hangdoi"))
    said += _counted(came)
    work.send_office(Reply(*said, buttons=_buttons(came), card=name(flood), loud=loud))


def name(flood: Flood) -> str:
    """The card's name: one for each flood."""
    return f"surge:{flood.began_at.astimezone(ZONE).date().isoformat()}:{flood.began}"


def _heading(flood: Flood, total: int, *, over: bool) -> Text:
    if over:
        return _("The many reports are over: {count} came since {when}.", count=total, when=flood.began_at)
    return _("Many reports at once: {count} since {when}.", count=total, when=flood.began_at)


def _counted(came: list[case_lists.Place]) -> list[Text]:
    """By thôn, by field, and the places with most."""
    villages, fields = dict[str | None, int](), dict[str, int]()
    for each in came:
        villages[each.village] = villages.get(each.village, 0) + each.count
        fields[each.field] = fields.get(each.field, 0) + each.count
    by_village = [_counting(each or _("thôn not named"), count) for each, count in _most(villages)]
    by_field = [_counting(FIELDS[each], count) for each, count in _most(fields)]
    places = [
        _("{village}, {field}: {count}", village=each.village, field=FIELDS[each.field], count=each.count)
        for each in came if each.village
    ]  # fmt: skip
    headed = (
        (_("By thôn:"), by_village), (_("By field:"), by_field), (_("Where most of them are:"), places[:NAMED]),
    )  # fmt: skip
    return [lines(head, *listed) for head, listed in headed if listed]


def _counting(what: Text, count: int) -> Text:
    return _("{what}: {count}", what=what, count=count)


def _most(counts: Mapping[K, int]) -> list[tuple[K, int]]:
    return sorted(counts.items(), key=lambda each: -each[1])[:NAMED]


def _buttons(came: list[case_lists.Place]) -> tuple[Button, ...]:
    """To the lists, and to joining what is likely the same work (L31: public works alone)."""
    same = any(each.village and each.field in PUBLIC_WORKS and each.free > 1 for each in came)
    join = (Button(_("Likely the same"), str(RouteToken("surge-same"))),) if same else ()
    return (
        Button(_("By thôn"), str(RouteToken("queue-village"))),
        Button(_("All that are open"), str(RouteToken("queue-all"))),
        *join,
    )
