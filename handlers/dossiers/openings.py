"""When somebody sits at a reception point next: said to whoever is about to come."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice

from bot.calendar import Calendar
from bot.commune import WEEKDAYS, ReceptionPoint, Span
from bot.turn import Turn
from handlers.front import greeting
from messages.fold import fold
from messages.render import ZONE
from messages.reply import Msg, _

DAYS_TOLD = 3
LOOKED_AHEAD = 21


def told(turn: Turn, place: str) -> list[Msg]:
    """The next open days of the point that a dossier names (else of the commune's first), with their hours."""
    spoken = [(day, greeting.spoken(turn, spans)) for day, spans in islice(_open(turn, _point(turn, place)), DAYS_TOLD)]
    return [_("– {day}: {times}.", day=day, times=times) for day, times in spoken]


def _point(turn: Turn, place: str) -> ReceptionPoint | None:
    points = turn.commune.reception_points
    named = [each for each in points if fold(each.name) in fold(place)]
    return next(iter(named or points), None)


def _open(turn: Turn, point: ReceptionPoint | None) -> Iterator[tuple[date, tuple[Span, ...]]]:
    """Days with the stretches that are not over yet."""
    calendar, now = Calendar(turn.commune), turn.now.astimezone(ZONE)
    for ahead in range(LOOKED_AHEAD):
        day = now.date() + timedelta(days=ahead)
        spans = calendar.spans(day)
        if spans and point is not None:
            spans = (point.hours or spans) if WEEKDAYS[day.weekday()] in point.days else ()
        left = tuple(each for each in spans if datetime.combine(day, each.closes, ZONE) > now)
        if left:
            yield day, left
