"""Opening hours and working days, against dates worked out by hand."""

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.calendar import Calendar
from bot.commune import WEEKDAYS, Commune
from bot.settings import ZONE


def calendar(**parts) -> Calendar:
    return Calendar(Commune(name="UBND xã Suối Lành", province="tỉnh mẫu", **parts))


WEEK = {day: ["07:30-11:30", "13:30-17:00"] for day in WEEKDAYS[:5]}
HOURS_OF_A_MONTH = 170


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


# The days of Tết as the notices (2026) and the library's rule (2027) have them, with the weekends around.
@pytest.mark.parametrize(("day", "working"), [
    (date(2026, 2, 13), True),  # Friday before Tết 2026
    (date(2026, 2, 14), False), (date(2026, 2, 16), False), (date(2026, 2, 17), False), (date(2026, 2, 20), False),
    (date(2026, 2, 22), False),
    (date(2026, 2, 23), True),  # Monday after
    (date(2026, 4, 27), False),  # Giỗ Tổ fell on a Sunday, made up on Monday
    (date(2026, 8, 22), True), (date(2026, 8, 31), False), (date(2026, 9, 2), False), (date(2026, 9, 3), True),
    (date(2026, 11, 24), False),
    (date(2027, 2, 3), True),  # Wednesday before Tết 2027
    (date(2027, 2, 4), False), (date(2027, 2, 6), False), (date(2027, 2, 10), False),
    (date(2027, 2, 11), True),
    (date(2027, 4, 16), False), (date(2027, 5, 3), False),
])
def test_working_days_around_holidays(day, working):
    """Tết, swapped days and made-up days are counted as the notices say."""
    assert calendar().is_working_day(day) is working


def test_the_commune_goes_before_the_library():
    """A notice entered in commune.toml gives days off and worked Saturdays, and settles the 24th of November."""
    own = calendar(calendar={
        "days_off": [date(2026, 1, 2)], "working_days": [date(2026, 1, 10)], "culture_day_off": False,
    })
    assert calendar().is_working_day(date(2026, 1, 2))
    assert not own.is_working_day(date(2026, 1, 2))
    assert own.is_working_day(date(2026, 1, 10))
    assert own.is_working_day(date(2026, 11, 24))
    assert not calendar(calendar={"days_off": [date(2026, 8, 22)]}).is_working_day(date(2026, 8, 22))


@pytest.mark.parametrize(("moment", "is_open"), [
    ("2026-11-27T07:29", False), ("2026-11-27T07:30", True), ("2026-11-27T11:30", False), ("2026-11-27T12:00", False),
    ("2026-11-27T16:59", True), ("2026-11-27T17:00", False), ("2026-11-28T09:00", False), ("2026-11-24T09:00", False),
    ("2026-08-22T09:00", True),  # a worked Saturday keeps Monday's hours
])
def test_open_hours(moment, is_open):
    """The office is open from the first minute of a span to the last before its end."""
    assert calendar().open_at(at(moment)) is is_open


@pytest.mark.parametrize(("asked", "minutes", "promised"), [
    ("2026-11-27T09:00", 30, "2026-11-27T09:30"),
    ("2026-11-27T11:20", 30, "2026-11-27T13:50"),  # ten minutes before noon, twenty after
    ("2026-11-27T16:30", 30, "2026-11-27T17:00"),
    ("2026-11-27T16:50", 30, "2026-11-30T07:50"),  # Friday evening runs on into Monday
    ("2026-11-26T20:00", 30, "2026-11-27T08:00"),  # at night: tomorrow morning
    ("2026-02-13T16:45", 30, "2026-02-23T07:45"),  # over Tết 2026
    ("2027-02-03T17:00", 30, "2027-02-11T08:00"),  # over Tết 2027
    ("2026-11-23T16:50", 450, "2026-11-25T16:50"),  # a whole working day of 7 h 30, over the 24th of November
])
def test_L01_a_promise_counts_opening_hours(asked, minutes, promised):
    """A promise made before the noon break, at night or before Tết ends in opening hours."""
    assert calendar().promised(at(asked), minutes) == at(promised)


def test_next_opening_and_other_zones():
    """A moment in UTC is read in Vietnamese time, and the answer is in it."""
    night = datetime(2026, 11, 26, 13, 0, tzinfo=UTC)  # 20:00 in Việt Nam
    opening = calendar().next_open(night)
    assert opening == at("2026-11-27T07:30")
    assert opening.tzinfo is ZONE
    assert calendar().next_open(at("2026-11-27T09:00")) == at("2026-11-27T09:00")


def test_saturday_reception_is_no_working_day():
    """A counter open on Saturday morning takes people in, but no deadline counts that day."""
    own = calendar(hours={"friday": ["08:00-11:00"], "saturday": ["08:00-11:00"]})
    assert own.open_at(at("2026-11-28T09:00"))
    assert not own.is_working_day(date(2026, 11, 28))


@pytest.mark.parametrize(("first", "last", "days"), [
    (date(2026, 11, 27), date(2026, 11, 27), 0), (date(2026, 11, 27), date(2026, 11, 30), 1),
    (date(2026, 11, 23), date(2026, 11, 27), 3), (date(2026, 2, 13), date(2026, 2, 24), 2),
    (date(2026, 11, 30), date(2026, 11, 27), -1),
])
def test_working_days_between(first, last, days):
    """The first day is not counted, the last is, holidays never."""
    assert calendar().working_days_between(first, last) == days


def test_a_calendar_that_never_opens():
    """When commune.toml closes every day of a year the mistake is told, not searched for ever."""
    closed = calendar(hours={"monday": ["08:00-11:00"]}, calendar={
        "days_off": [date(2026, 11, 23) + timedelta(days=7 * n) for n in range(70)]})
    with pytest.raises(ValueError, match="không có giờ mở cửa"):
        closed.next_open(at("2026-11-21T09:00"))


def test_so_many_working_days_after():
    """The day itself is not counted, nor are weekends; it ends with the last of them."""
    assert calendar().after_working_days(at("2026-11-26T16:00"), 2) == at("2026-11-30T23:59:59")


# --- working hours and deadlines --------------------------------------------------------------------------------------

TET_2027 = {  # an official split, as it will stand in commune.toml: the library guesses 04/02-10/02
    "days_off": [date(2027, 2, 5), date(2027, 2, 11)], "working_days": [date(2027, 2, 4), date(2027, 2, 20)],
    "confirmed_until": date(2027, 12, 31),
}  # fmt: skip


@pytest.mark.parametrize(("received", "days", "due"), [
    ("2026-11-26T09:00", 0, "2026-11-26T23:59:59"),  # "trong ngày"
    ("2026-11-26T14:59", 0, "2026-11-26T23:59:59"),
    ("2026-11-26T15:00", 0, "2026-11-27T23:59:59"),  # at 15:00 it counts as received the next working day
    ("2026-11-27T15:00", 0, "2026-11-30T23:59:59"),  # Friday afternoon: Monday
    ("2026-11-28T09:00", 0, "2026-11-30T23:59:59"),  # Saturday, online
    ("2026-11-26T09:00", 1, "2026-11-27T23:59:59"),  # the first day is not counted
    ("2026-11-26T15:00", 1, "2026-11-30T23:59:59"),
    ("2026-11-26T09:00", 5, "2026-12-03T23:59:59"),
    ("2026-11-23T09:00", 1, "2026-11-25T23:59:59"),  # the 24th of November is a day off
    # half days are four hours
    ("2026-11-26T07:30", 0.5, "2026-11-26T11:30"),
    ("2026-11-26T09:30", 0.5, "2026-11-26T15:15"),  # two hours before noon, two of the four after it: half of 3 h 30
    ("2026-11-26T14:22:30", 0.5, "2026-11-27T08:30"),  # an hour of the afternoon was over, three are left, one follows
    ("2026-11-26T16:00", 0.5, "2026-11-27T11:30"),
    ("2026-11-26T09:00", 1.5, "2026-11-30T11:30"),  # Friday, and the morning of Monday
    ("2026-11-25T09:00", 2.5, "2026-11-30T11:30"),
    # over Tết 2026: off from Saturday 14/02 to Sunday 22/02
    ("2026-02-13T09:00", 0, "2026-02-13T23:59:59"),
    ("2026-02-13T15:30", 0, "2026-02-23T23:59:59"),
    ("2026-02-13T09:00", 1, "2026-02-23T23:59:59"),
    ("2026-02-12T16:00", 1, "2026-02-23T23:59:59"),  # as received on the 13th
    ("2026-02-10T09:00", 5, "2026-02-24T23:59:59"),  # 11, 12, 13, 23, 24
    ("2026-02-17T10:00", 3, "2026-02-26T23:59:59"),  # received on mùng 1: as on the 23rd
    ("2026-02-13T09:00", 0.5, "2026-02-13T14:48:45"),  # 2 h 30 before noon; 1 h 30 of four are 78 3/4 of 210 minutes
    ("2026-02-13T16:00", 0.5, "2026-02-23T11:30"),
    # 30/4 and 1/5/2026 are Thursday and Friday; Giỗ Tổ on Sunday 26/4 is made up on Monday
    ("2026-04-29T09:00", 1, "2026-05-04T23:59:59"),
    ("2026-04-24T09:00", 2, "2026-04-29T23:59:59"),
    # Saturday 22/8 is worked for Monday 31/8; 1/9 and 2/9 are off
    ("2026-08-21T09:00", 1, "2026-08-22T23:59:59"),
    ("2026-08-22T15:00", 0, "2026-08-24T23:59:59"),
    ("2026-08-28T09:00", 1, "2026-09-03T23:59:59"),
])  # fmt: skip
def test_A05_due_by_hand(received, days, due):
    """Deadlines worked out with a wall calendar: 15:00, weekends, half days, Tết 2026, 30/4, swapped days."""
    assert calendar().due(at(received), days) == at(due)


@pytest.mark.parametrize(("received", "days", "due"), [
    ("2027-02-03T09:00", 1, "2027-02-04T23:59:59"),  # the library's guess has the 4th off
    ("2027-02-04T15:00", 0, "2027-02-12T23:59:59"),
    ("2027-02-04T09:00", 1, "2027-02-12T23:59:59"),  # off 05/02-11/02; mùng 1 is Saturday the 6th
    ("2027-02-04T16:30", 0.5, "2027-02-12T11:30"),
    ("2027-02-03T09:00", 2.5, "2027-02-15T11:30"),  # 4, 12, and the morning of Monday the 15th
    ("2027-02-19T09:00", 1, "2027-02-20T23:59:59"),  # a Saturday worked for it
    ("2027-02-19T09:00", 2, "2027-02-22T23:59:59"),
])  # fmt: skip
def test_A05_due_over_tet_2027_as_a_notice_splits_it(received, days, due):
    """The official split entered in commune.toml goes before the library's estimate of 04/02-10/02."""
    assert calendar(calendar=TET_2027).due(at(received), days) == at(due)


def test_A05_the_late_hour_is_a_setting_and_utc_is_read_here():
    """A commune that closes reception at 16:00 says so; a moment in UTC is judged by the clock on the wall."""
    own = calendar(dossiers={"late_hour": "16:00"})
    assert own.due(at("2026-11-26T15:30"), 0) == at("2026-11-26T23:59:59")
    assert calendar().due(datetime(2026, 11, 26, 8, 0, tzinfo=UTC), 0) == at("2026-11-27T23:59:59")
    assert calendar().due(datetime(2026, 11, 26, 7, 59, tzinfo=UTC), 0) == at("2026-11-26T23:59:59")


def test_the_24th_of_november_counts_when_the_commune_says_so():
    """Whether the new holiday was in force is a flag, and every count follows it."""
    worked = calendar(calendar={"culture_day_off": False})
    assert calendar().due(at("2026-11-23T09:00"), 1) == at("2026-11-25T23:59:59")
    assert worked.due(at("2026-11-23T09:00"), 1) == at("2026-11-24T23:59:59")
    hours = at("2026-11-23T17:00"), at("2026-11-25T11:30")
    assert (calendar().working_hours_between(*hours), worked.working_hours_between(*hours)) == (4, 12)


@pytest.mark.parametrize(("first", "last", "hours"), [
    ("2026-11-26T07:30", "2026-11-26T11:30", 4), ("2026-11-26T07:30", "2026-11-26T17:00", 8),
    ("2026-11-26T11:30", "2026-11-26T13:30", 0), ("2026-11-26T17:00", "2026-11-27T07:30", 0),
    ("2026-11-26T13:30", "2026-11-26T14:22:30", 1),  # an eighth of a day is 52 1/2 minutes of that afternoon
    ("2026-11-27T09:30", "2026-11-30T09:30", 8),  # over a weekend
    ("2026-02-13T13:30", "2026-02-23T11:30", 8),  # over Tết 2026
    ("2026-08-21T17:00", "2026-08-24T07:30", 8),  # the Saturday that is worked
    ("2026-08-28T17:00", "2026-09-03T07:30", 0),
    ("2026-11-27T17:00", "2026-11-26T07:30", -16),
])  # fmt: skip
def test_working_hours_by_hand(first, last, hours):
    """Eight to a working day, four to each half, none at noon, at night, on days off."""
    assert calendar().working_hours_between(at(first), at(last)) == hours


def test_a_saturday_at_the_counter_is_no_working_time():
    """People hand in on Saturday morning; no deadline runs then."""
    own = calendar(hours={**WEEK, "saturday": ["07:30-11:30"]})
    assert own.open_at(at("2026-11-28T09:00"))
    assert own.working_hours_between(at("2026-11-28T00:00"), at("2026-11-30T07:30")) == 0
    assert own.add_working_hours(at("2026-11-27T16:07:30"), 2) == at("2026-11-30T08:30")
    assert own.next_working_morning(at("2026-11-27T18:00")) == at("2026-11-30T07:30")


def test_a_working_day_is_eight_hours_whatever_the_office_keeps():
    """Friday mornings only, one stretch over noon, or a closed Wednesday: each is one working day of a deadline."""
    own = calendar(hours={
        "monday": ["08:00-16:00"], "tuesday": ["08:00-16:00"], "thursday": ["08:00-16:00"], "friday": ["08:00-12:00"],
    })  # fmt: skip
    for day in range(23, 28):
        day = 30 if day == 24 else day  # that Tuesday is a day off
        assert own.working_hours_between(at(f"2026-11-{day}T00:00"), at(f"2026-11-{day}T23:00")) == 8
    assert own.add_working_hours(at("2026-11-27T08:00"), 4) == at("2026-11-27T10:00")
    assert own.add_working_hours(at("2026-11-30T08:00"), 4) == at("2026-11-30T12:00")


@pytest.mark.parametrize(("moment", "morning"), [
    ("2026-11-26T23:59:59", "2026-11-27T07:30"), ("2026-11-27T02:00", "2026-11-27T07:30"),
    ("2026-11-27T07:30", "2026-11-27T07:30"), ("2026-11-27T07:31", "2026-11-30T07:30"),
    ("2026-02-13T23:59:59", "2026-02-23T07:30"), ("2026-08-21T20:00", "2026-08-22T07:30"),
])  # fmt: skip
def test_A05_the_next_working_morning(moment, morning):
    """Whose date has passed is told when the office next opens on a working day."""
    assert calendar().next_working_morning(at(moment)) == at(morning)


@pytest.mark.parametrize(("moment", "days", "day"), [
    ("2026-11-30T23:59:59", 1, date(2026, 11, 27)), ("2026-11-30T23:59:59", 3, date(2026, 11, 25)),
    ("2026-11-26T23:59:59", 3, date(2026, 11, 20)),  # over the 24th and a weekend
    ("2026-11-29T12:00", 1, date(2026, 11, 27)),  # due on a Sunday is due on Monday
    ("2026-11-29T12:00", 0, date(2026, 11, 30)),
    ("2026-02-23T23:59:59", 3, date(2026, 2, 11)), ("2026-09-03T10:00", 1, date(2026, 8, 28)),
])  # fmt: skip
def test_A05_working_days_before(moment, days, day):
    """When somebody is warned: so many working days before, never on a day off."""
    assert calendar().working_days_before(at(moment), days) == day


# --- whatever the day -------------------------------------------------------------------------------------------------

HOURS = [
    {}, {"hours": WEEK | {"saturday": ["08:00-11:00"]}},
    {"hours": {"monday": ["08:00-12:00", "13:00-17:00"], "wednesday": ["07:15-16:45"], "friday": ["13:30-17:00"]}},
]  # fmt: skip
CALENDARS = st.builds(
    lambda hours, table: calendar(**hours, calendar=table), st.sampled_from(HOURS),
    st.sampled_from([{}, TET_2027, {"days_off": [date(2026, 1, 2)], "working_days": [date(2026, 1, 10)]}]),
)  # fmt: skip
MOMENTS = st.datetimes(datetime(2025, 12, 1), datetime(2027, 6, 1)).map(lambda moment: moment.replace(tzinfo=ZONE))
AMOUNTS = st.integers(0, 60 * HOURS_OF_A_MONTH).map(lambda minutes: Fraction(minutes, 60))
SLOW = settings(deadline=None)
"""The first look at a year reads its holidays."""
CLOSE = Fraction(1, 10**6)
"""Moments are whole microseconds, hours are exact."""


@SLOW
@given(CALENDARS, MOMENTS, AMOUNTS)
def test_adding_and_counting_are_inverse(here, moment, hours):
    """So many hours later it counts so many hours, and the moment lies within a working day."""
    later = here.add_working_hours(moment, hours)
    assert abs(here.working_hours_between(moment, later) - hours) < CLOSE
    assert here.is_working_day(later.date())
    assert later >= moment


@SLOW
@given(CALENDARS, MOMENTS, MOMENTS, AMOUNTS, AMOUNTS)
def test_later_begins_or_longer_takes_end_no_earlier(here, one, other, hours, more):
    """Counting is monotone, adds up, and two halves are a day."""
    early, late = sorted((one, other))
    assert here.add_working_hours(early, hours) <= here.add_working_hours(late, hours)
    assert here.add_working_hours(early, hours) <= here.add_working_hours(early, hours + more)
    middle = early + (late - early) / 2
    halves = here.working_hours_between(early, middle) + here.working_hours_between(middle, late)
    assert halves == here.working_hours_between(early, late) >= 0
    twice = here.add_working_hours(here.add_working_hours(early, 4), 4)
    assert abs(here.working_hours_between(early, twice) - 8) < CLOSE


@SLOW
@given(CALENDARS, MOMENTS, MOMENTS, st.integers(0, 40), st.integers(0, 80))
def test_A05_a_later_reception_is_due_no_earlier(here, one, other, days, halves):
    """Deadlines are monotone in when and in how long, end on a working day, and count the days they were given."""
    early, late = sorted((one, other))
    due = here.due(early, days)
    assert due <= here.due(late, days)
    assert due <= here.due(early, days + Fraction(1, 2)) or not days
    assert here.due(early, Fraction(halves, 2)) <= here.due(early, Fraction(halves + 2, 2))
    assert here.is_working_day(due.date())
    day = early.date()
    in_time = here.is_working_day(day) and early.time() < time(15)
    next_day = day + timedelta(days=here.is_working_day(day))
    received = day if in_time else here.next_working_morning(datetime.combine(next_day, time(), ZONE)).date()
    assert here.working_days_between(received, due.date()) == days
    assert here.working_days_before(due, days) == received


@SLOW
@given(CALENDARS, st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_a_working_day_counts_eight_hours_and_a_day_off_none(here, day):
    """Hours and days are one reckoning."""
    midnight = datetime.combine(day, time(), ZONE)
    hours = here.working_hours_between(midnight, midnight + timedelta(days=1))
    assert hours == (8 if here.is_working_day(day) else 0)
