"""When the office is open and which days count as working days, in Vietnamese time.

The `holidays` library knows the statutory days and the swaps of past years; what a yearly notice decides (the split of
Tết, a Saturday worked for a Friday off) stands in commune.toml and goes before it. Opening hours and working days are
two things: a Saturday morning at the counter makes no Saturday a working day.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache

import holidays

from bot.commune import Commune, Span
from bot.settings import ZONE

END_OF_DAY = time(23, 59, 59)
FAR = 400
"""Days looked ahead for an opening; more than a year closed is a mistake in commune.toml."""


@lru_cache(maxsize=64)
def _statutory(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Days off and Saturdays worked, by law and notice as the library knows them."""
    days = holidays.country_holidays("VN", years=(year - 1, year, year + 1))
    worked = getattr(days, "weekend_workdays", ())
    return frozenset(day for day in days if day.year == year), frozenset(day for day in worked if day.year == year)


class Calendar:
    """Counts in the hours and days of one commune. Moments may come in any zone; results are in Vietnamese time."""

    def __init__(self, commune: Commune) -> None:
        self._hours = commune.hours
        self._own = commune.calendar
        self._off = frozenset(self._own.days_off)
        self._worked = frozenset(self._own.working_days)

    def is_working_day(self, day: date) -> bool:
        """Whether `day` counts in a deadline: Monday to Friday without holidays, and swap days that are worked."""
        return self._worked_instead(day) or (day.weekday() < 5 and not self._is_off(day))

    def spans(self, day: date) -> tuple[Span, ...]:
        """The opening hours of one day; a worked swap day has Monday's, a holiday none."""
        if self._worked_instead(day):
            return self._hours.on(day.weekday()) or self._hours.on(0)
        return () if self._is_off(day) else self._hours.on(day.weekday())

    def open_at(self, moment: datetime) -> bool:
        """Whether somebody sits in the office then."""
        local = moment.astimezone(ZONE)
        return any(span.opens <= local.time() < span.closes for span in self.spans(local.date()))

    def next_open(self, moment: datetime) -> datetime:
        """`moment` itself while the office is open, else the next opening. Raises ValueError when there is none."""
        return next(self._stretches(moment))[0]

    def promised(self, moment: datetime, minutes: int) -> datetime:
        """The moment after so many minutes of opening hours: asked at night, they begin with the next morning.

        Raises ValueError when the office never opens.
        """
        stretches, left = self._stretches(moment), timedelta(minutes=minutes)
        opens, closes = next(stretches)
        while left > closes - opens:
            left -= closes - opens
            opens, closes = next(stretches)
        return opens + left

    def after_working_days(self, moment: datetime, days: int) -> datetime:
        """The end of the day that is so many working days after that of `moment`, which is not counted."""
        day = moment.astimezone(ZONE).date()
        while days:
            day += timedelta(days=1)
            days -= self.is_working_day(day)
        return datetime.combine(day, END_OF_DAY, ZONE)

    def working_days_between(self, first: date, last: date) -> int:
        """Working days after `first` up to and with `last`; the first day is not counted (BLDS 2015, Điều 147)."""
        if last < first:
            return -self.working_days_between(last, first)
        return sum(self.is_working_day(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))

    def full_working_days(self, since: datetime, until: datetime) -> int:
        """Whole working days between two moments: from Thursday 16:00 to Monday 16:00 are two, a minute less is one."""
        first, last = since.astimezone(ZONE), until.astimezone(ZONE)
        days = self.working_days_between(first.date(), last.date())
        return days - (last.time() < first.time() and self.is_working_day(last.date()))

    def _worked_instead(self, day: date) -> bool:
        if day in self._worked:
            return True
        return day in _statutory(day.year)[1] and day not in self._off

    def _is_off(self, day: date) -> bool:
        if day in self._off:
            return True
        if (day.month, day.day) == (11, 24) and not self._own.culture_day_off:
            return False
        return day in _statutory(day.year)[0]

    def _stretches(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open stretches from `moment` on, the first cut at it. Raises ValueError after a year without any."""
        local = moment.astimezone(ZONE)
        day, empty = local.date(), 0
        while empty < FAR:
            empty += 1
            for span in self.spans(day):
                opens = max(datetime.combine(day, span.opens, ZONE), local)
                closes = datetime.combine(day, span.closes, ZONE)
                if opens < closes:
                    empty = 0
                    yield opens, closes
            day += timedelta(days=1)
        raise ValueError("commune.toml: lịch này không có giờ mở cửa nào trong hơn một năm")
