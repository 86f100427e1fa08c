"""The days of an absence: typed or tapped, and what moments they are (`handlers.office.absence`)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.calendar import Calendar
from bot.questions import Date
from messages.render import ZONE
from messages.reply import Text as Words
from messages.reply import _


@dataclass(frozen=True)
class Day(Date):
    """A day, typed or tapped: some are offered."""

    offered: tuple[tuple[date, Words], ...] = ()

    def choices(self) -> tuple[tuple[str, Words], ...]:
        return tuple((day.isoformat(), label) for day, label in self.offered)


def coming(calendar: Calendar, now: date) -> tuple[tuple[date, Words], ...]:
    """Today and the next working days, to begin with."""
    days = [now + timedelta(days=n) for n in range(1, 10)]
    working = [day for day in days if calendar.is_working_day(day)][:3]
    return ((now, _("Today")), *((day, _("{day}", day=day)) for day in working))


def ends(first: date) -> tuple[tuple[date, Words], ...]:
    """That day, the end of its week, the end of the next."""
    friday = first + timedelta(days=(4 - first.weekday()) % 7)
    days = dict.fromkeys((first, friday, friday + timedelta(days=7)))
    return tuple((day, _("Only that day") if day == first else _("{day}", day=day)) for day in days)


def start(day: date) -> datetime:
    """Its first moment."""
    return datetime.combine(day, time(), ZONE)


def end(day: date) -> datetime:
    """The first moment after it."""
    return start(day + timedelta(days=1))
