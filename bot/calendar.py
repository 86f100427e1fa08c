"""When the office is open and which days count as working days, in Vietnamese time.

The `holidays` library knows the statutory days and the swaps of past years; what a yearly notice decides (the split of
Tết, a Saturday worked for a Friday off) stands in commune.toml and goes before it. Opening hours and working days are
two things: a Saturday morning at the counter makes no Saturday a working day.

Deadlines are counted in working hours (domain 4.6): a working day is eight of them and half a day four, whatever hours
the office keeps. Four lie evenly over its opening before noon and four over that after noon; where it opens on one side
of noon only, all eight lie there.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from functools import lru_cache
from itertools import count

import holidays

from bot.commune import Commune, Span
from bot.lunar import lunar
from bot.settings import ZONE

END_OF_DAY = time(23, 59, 59)
NOON = time(12)
HOURS = 8
"""Working hours of a working day."""
MICROSECOND = timedelta(microseconds=1)
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
        self._late_hour = commune.dossiers.late_hour
        self._quiet = commune.quiet

    def is_working_day(self, day: date) -> bool:
        """Whether `day` counts in a deadline: Monday to Friday without holidays, and swap days that are worked."""
        return self._worked_instead(day) or (day.weekday() < 5 and not self._is_off(day))

    def spans(self, day: date) -> tuple[Span, ...]:
        """The opening hours of one day; a worked swap day has those of an ordinary one, a holiday none."""
        if self._worked_instead(day):
            return self._hours.on(day.weekday()) or self._usual()
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

    def working_days_before(self, moment: datetime, days: int) -> date:
        """The working day so many working days before that of `moment`; one on a day off counts as on the next (BLDS
        2015, Điều 148).
        """
        day = self._working_day_from(moment.astimezone(ZONE).date())
        while days:
            day -= timedelta(days=1)
            days -= self.is_working_day(day)
        return day

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

    def next_working_morning(self, moment: datetime) -> datetime:
        """When the office opens next on a working day, not before `moment`; a counter open on Saturday is not meant."""
        local = moment.astimezone(ZONE)
        day = self._working_day_from(local.date())
        opens = self._opens(day)
        return opens if opens >= local else self._opens(self._working_day_from(day + timedelta(days=1)))

    # --- deadlines ----------------------------------------------------------------------------------------------------

    def due(self, received_at: datetime, working_days: float | Fraction) -> datetime:
        """Until when what was received then has to be done.

        Whole days end with the day, and the first is not counted (BLDS 2015, Điều 147); 0 is "trong ngày". A part of a
        day is hours of the day after those; less than a day is hours from the moment itself. What comes at
        `dossiers.late_hour` or later, or on a day off, counts as received the next working morning.
        """
        received = self._received(received_at)
        whole = int(working_days)
        part = Fraction(working_days) - whole
        if not part:
            return self.after_working_days(received, whole)
        begins = self._working_day_from(self.after_working_days(received, whole).date() + timedelta(days=1))
        return self.add_working_hours(self._opens(begins) if whole else received, part * HOURS)

    def add_working_hours(self, moment: datetime, hours: float | Fraction) -> datetime:
        """The moment after so many working hours; with 0 the next working moment."""
        left = Fraction(hours)
        for opens, closes, worth in self._working_time(moment.astimezone(ZONE)):
            if left <= worth:
                return opens + round(left / worth * ((closes - opens) / MICROSECOND)) * MICROSECOND
            left -= worth
        raise AssertionError("working days do not end")

    def working_hours_between(self, first: datetime, last: datetime) -> Fraction:
        """Working hours from `first` to `last`; divided by eight they are working days."""
        if last < first:
            return -self.working_hours_between(last, first)
        hours = Fraction(0)
        for opens, closes, worth in self._working_time(first.astimezone(ZONE)):
            if opens >= last:
                break
            hours += worth * _share(min(closes, last) - opens, closes - opens)
        return hours

    def _received(self, moment: datetime) -> datetime:
        local = moment.astimezone(ZONE)
        if self.is_working_day(local.date()) and local.time() < self._late_hour:
            return local
        late = local.date() + timedelta(days=self.is_working_day(local.date()))
        return self._opens(self._working_day_from(late))

    def _working_time(self, since: datetime) -> Iterator[tuple[datetime, datetime, Fraction]]:
        """Stretches of working time from `since` on, the first cut at it, and how many working hours each is worth."""
        for n in count():
            day = since.date() + timedelta(days=n)
            for span, worth in self._worth(day):
                opens, closes = (datetime.combine(day, each, ZONE) for each in (span.opens, span.closes))
                begins = max(opens, since)
                if begins < closes:
                    yield begins, closes, worth * _share(closes - begins, closes - opens)

    def _worth(self, day: date) -> list[tuple[Span, Fraction]]:
        """The spans of a working day with their working hours; a span over noon is cut there."""
        if not self.is_working_day(day):
            return []
        spans = self.spans(day) or self._usual()
        sides = [
            [Span(opens=each.opens, closes=min(each.closes, NOON)) for each in spans if each.opens < NOON],
            [Span(opens=max(each.opens, NOON), closes=each.closes) for each in spans if each.closes > NOON],
        ]
        halves = [(half, sum(map(_minutes, half))) for half in sides if half]
        hours = Fraction(HOURS, len(halves))
        return [(span, hours * _minutes(span) / minutes) for half, minutes in halves for span in half]

    def _usual(self) -> tuple[Span, ...]:
        """The hours of an ordinary day, for a working day on which the office does not open."""
        return next(spans for spans in map(self._hours.on, range(7)) if spans)

    def _opens(self, day: date) -> datetime:
        return datetime.combine(day, (self.spans(day) or self._usual())[0].opens, ZONE)

    def _working_day_from(self, day: date) -> date:
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day

    # --- quiet days ---------------------------------------------------------------------------------------------------

    def is_quiet(self, day: date) -> bool:
        """Whether no notice may leave that day: around Tết, on feast days and in mourning (L26)."""
        named = f"{day:%d-%m}" in self._quiet.feast_days or day.isoformat() in self._quiet.feast_days
        return named or day in self._quiet.mourning or self._around_tet(day)

    def _around_tet(self, day: date) -> bool:
        at = lunar(day)
        place = at.month, at.leap, at.day
        (first, in_), (last, until) = self._quiet.from_lunar, self._quiet.to_lunar
        begin, end = (in_, False, first), (until, False, last)
        return begin <= place <= end if begin <= end else place >= begin or place <= end

    # --- days and stretches -------------------------------------------------------------------------------------------

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


def _share(part: timedelta, whole: timedelta) -> Fraction:
    return Fraction(part // MICROSECOND, whole // MICROSECOND)


def _minutes(span: Span) -> int:
    return (span.closes.hour - span.opens.hour) * 60 + span.closes.minute - span.opens.minute
