"""Lunar dates for UTC+7: the table of the coming years, written out, and the holidays library as a second reckoning."""

from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.lunar import LunarDay, lunar, solar

TABLE = [
    # (day, month), and on which days of 2026-2030 it falls
    ((1, 1), [date(2026, 2, 17), date(2027, 2, 6), date(2028, 1, 26), date(2029, 2, 13), date(2030, 2, 2)]),
    ((10, 3), [date(2026, 4, 26), date(2027, 4, 16), date(2028, 4, 4), date(2029, 4, 23), date(2030, 4, 12)]),
    ((15, 4), [date(2026, 5, 31), date(2027, 5, 20), date(2028, 5, 9), date(2029, 5, 27), date(2030, 5, 16)]),
    ((15, 7), [date(2026, 8, 27), date(2027, 8, 16), date(2028, 9, 3), date(2029, 8, 24), date(2030, 8, 13)]),
    ((15, 8), [date(2026, 9, 25), date(2027, 9, 15), date(2028, 10, 3), date(2029, 9, 22), date(2030, 9, 12)]),
    ((23, 12), [date(2027, 1, 30), date(2028, 1, 19), date(2029, 2, 6), date(2030, 1, 26), date(2031, 1, 16)]),
]
EVENTS = [
    (day, month, year, falls)
    for (day, month), days in TABLE
    for year, falls in zip(range(2026, 2031), days, strict=True)
]
SLOW = settings(deadline=None)
DAYS = st.dates(date(1901, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(("day", "month", "year", "falls"), EVENTS)
def test_the_table_of_lunar_days(day: int, month: int, year: int, falls: date) -> None:
    """Tết, Giỗ Tổ, Phật đản, Vu Lan, Trung thu and ông Táo fall on the days that are known, and the other way round."""
    assert solar(day, month, year) == falls
    assert lunar(falls) == LunarDay(day, month, year)


@pytest.mark.parametrize("year", range(2020, 2051))
def test_the_holidays_library_agrees(year: int) -> None:
    """The holidays library reckons by itself when Tết and Giỗ Tổ are: it comes to the same days."""
    names = holidays.country_holidays("VN", years=year, observed=False, language="en_US")
    known = {name: day for day, names_ in names.items() for name in names_.split("; ")}
    assert solar(1, 1, year) == known["Lunar New Year"]
    assert solar(10, 3, year) == known["Hung Kings' Commemoration Day"]


@pytest.mark.parametrize(("year", "month"), [(2023, 2), (2025, 6), (2028, 5)])
def test_leap_months_are_told_apart(year: int, month: int) -> None:
    """The month and its leap month have the same number: the mark tells which, and they follow each other."""
    common, leap = solar(1, month, year), solar(1, month, year, leap=True)
    assert leap - common in (timedelta(days=29), timedelta(days=30))
    assert lunar(leap) == LunarDay(1, month, year, leap=True)


@pytest.mark.parametrize(("day", "month", "year", "leap"), [
    (1, 5, 2026, True),  # no leap month that year
    (1, 6, 2028, True),  # the fifth is the leap month
    (30, 12, 2027, False),  # tháng Chạp of that year has 29 days
    (31, 1, 2026, False), (1, 13, 2026, False),
])  # fmt: skip
def test_what_is_no_lunar_day_is_refused(day: int, month: int, year: int, leap: bool) -> None:
    """A 30th of a short month would otherwise be the first of the next, and a wrong leap month another day."""
    with pytest.raises(ValueError):
        solar(day, month, year, leap)


@SLOW
@given(DAYS)
def test_every_day_has_one_lunar_date(day: date) -> None:
    """There and back is the same day, and the next day is the next of its month or the first of one."""
    here, after = lunar(day), lunar(day + timedelta(days=1))
    assert solar(*here) == day
    assert after.day in (here.day + 1, 1)
    assert (after.day == 1) == ((after.month, after.leap) != (here.month, here.leap))
    assert here.day <= 30
    assert after.day != 1 or here.day >= 29
