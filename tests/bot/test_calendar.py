"""Opening hours and working days, against dates worked out by hand."""

from datetime import UTC, date, datetime

import pytest

from bot.calendar import Calendar
from bot.commune import Commune
from bot.settings import ZONE


def calendar(**parts) -> Calendar:
    return Calendar(Commune(name="UBND xã Suối Lành", province="tỉnh mẫu", **parts))


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
    from datetime import timedelta

    closed = calendar(hours={"monday": ["08:00-11:00"]}, calendar={
        "days_off": [date(2026, 11, 23) + timedelta(days=7 * n) for n in range(70)]})
    with pytest.raises(ValueError, match="không có giờ mở cửa"):
        closed.next_open(at("2026-11-21T09:00"))


def test_so_many_working_days_after():
    """The day itself is not counted, nor are weekends; it ends with the last of them."""
    assert calendar().after_working_days(at("2026-11-26T16:00"), 2) == at("2026-11-30T23:59:59")
