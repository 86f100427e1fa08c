"""Vietnamese lunar dates, for UTC+7: in 2030 Tết is the second of February here and the third in China.

A leap month bears the number of the month before it and is marked, since a reminder "on the 15th of the fifth month"
comes once a year. The reckoning itself is the library's (lunar-vn, after Hồ Ngọc Đức); it knows 1900 to 2100.
"""

from datetime import date
from functools import lru_cache
from typing import NamedTuple

import lunar_vn


class LunarDay(NamedTuple):
    """`year` is the lunar year: tháng Chạp of 2026 ends in February 2027."""

    day: int
    month: int
    year: int
    leap: bool = False


@lru_cache(maxsize=1024)
def lunar(day: date) -> LunarDay:
    """The lunar date of a day."""
    found = lunar_vn.convert_solar_to_lunar(day.day, day.month, day.year)
    return LunarDay(found.day, found.month, found.year, found.leap)


def solar(day: int, month: int, year: int, leap: bool = False) -> date:
    """The day of a lunar date. Raises ValueError when that month has no 30th day or that year no such leap month."""
    found = lunar_vn.convert_lunar_to_solar(day, month, year, leap)
    if lunar(found) != (day, month, year, leap):
        raise ValueError(f"no lunar day {day}/{month}/{year}{' leap' if leap else ''}")
    return found
