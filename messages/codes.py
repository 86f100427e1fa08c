"""Dossier codes as people really write them, found anywhere in a message.

Three generations are in use (TT 01/2018 Điều 19, QĐ 20/2020, the national portal):
000.00.12.H62-201105-0004, H55.242-260901-0012, G22.99.08-260921-896048, G22.99-251225-020175.
They arrive in lower case, with spaces, en-dashes, fullwidth digits, "O" for "0", without dots. Dots that were left out
cannot be put back with certainty, so two codes are the same when their `key` is the same; `canonical` is for reading.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import Literal

_DIGIT = "[0-9O]"
_GAP = r"[\s.\-]{0,3}"
_HEAD = rf"(?:[0O]{{3}}{_GAP}{_DIGIT}{{2}}{_GAP}{_DIGIT}{{2}}{_GAP})?[HG]\s?{_DIGIT}{{2}}"
_UNITS = rf"(?:{_GAP}{_DIGIT}{{1,4}}){{0,3}}"
# An O right before another letter begins a word ("0012 oi"), it is no zero.
_ORDER = r"(?:[0-9]|O(?![A-NP-Z])){4,6}(?![0-9])"
# Years 2015-2039: no phone (0…, 84…) and no date of another kind can stand here when the dashes are missing.
_DAY = r"(?:1[5-9]|[23][0-9O])(?:[0O][1-9]|1[0-2O])(?:[0O][1-9]|[12][0-9O]|3[01O])"
_DASHED = rf"{_HEAD}{_UNITS}\s{{0,2}}-\s{{0,2}}{_DIGIT}{{6}}\s{{0,2}}-\s{{0,2}}{_ORDER}"
_LOOSE = rf"{_HEAD}{_UNITS}{_GAP}{_DAY}{_GAP}{_ORDER}"
_CODE = re.compile(rf"(?<![^\W_])(?:{_DASHED}|{_LOOSE})")
_PARTS = re.compile(
    rf"(?:(000){_GAP}(\d\d){_GAP}(\d\d){_GAP})?([HG])\s?(\d\d)({_UNITS}?)"
    rf"(?:\s{{0,2}}-\s{{0,2}}(\d{{6}})\s{{0,2}}-\s{{0,2}}|{_GAP}({_DAY}){_GAP})(\d{{4,6}})"
)
_AS_PRINTED = re.compile(r"(?:000\.[0-9]{2}\.[0-9]{2}\.)?H[0-9]{2}(?:\.[0-9]{1,4}){0,3}-[0-9]{6}-[0-9]{4,6}")
_IN_KEYS = {sign: None for sign in range(128) if not chr(sign).isalnum()} | {ord("O"): "0"}
_PHONE_OR_ID = re.compile(r"\s(?:0\d{9}|84\d{9}|\d{12})(?!\d)")
_ALMOST = re.compile(r"(?<![^\W_])[HG]\s?\d{2}[\d\s.\-]*", re.IGNORECASE)
_SOME_DAY = re.compile(r"(?=(\d{6})(\d*)$)")
_HYPHENS = {ord(dash): "-" for dash in "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u02d7\u30fc\uff70_~"}
_HYPHENS |= {ord(dot): "." for dot in "\u00b7\u2024\u2027\u3002\uff61"}

Near = Literal["short", "long", "date"]


def find(text: str) -> list[str]:
    """Canonical codes in the order they stand in `text`, each once; phones, identity numbers and dates are none."""
    found: dict[str, str] = {}
    if not any(map(str.isdigit, text)):  # as most of what people write
        return []
    for hit in _CODE.finditer(_plain(text)):
        code = _put_together(hit[0])
        if code is not None:
            found.setdefault(key(code), code)
    return list(found.values())


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where codes stand in `text`: from, until."""
    signs = [(place, plain) for place, sign in enumerate(text) for plain in _plain(sign)]
    for hit in _CODE.finditer("".join(plain for _place, plain in signs)):
        if _put_together(hit[0]) is not None:
            yield signs[hit.start()][0], signs[hit.end() - 1][0] + 1


def canonical(code: str) -> str | None:
    """`code` in capitals with its dots and dashes, or None when the text as a whole is not a code.

    Dots that were left out are put where that generation has them; where several places are possible it is a guess.
    """
    if _AS_PRINTED.fullmatch(code):
        return code
    hit = _CODE.fullmatch(_plain(code).strip(" .-\t\r\n"))
    return _put_together(hit[0]) if hit else None


def key(code: str) -> str:
    """The form in which codes are compared and stored for look-up: capitals and digits only, O as 0."""
    if code.isascii():
        return code.upper().translate(_IN_KEYS)
    return "".join(sign for sign in _plain(code) if sign.isalnum()).replace("O", "0")


def near(written: str, today: date) -> Near | None:
    """What looks wrong with a code that was not found: digits missing at its end, too many, a day that cannot be.

    It takes no connection, and that is the point. "Did you mean …4 instead of …5?" would tell a stranger which codes
    exist, and whoever tries codes would learn one from each guess. So only the form of what she typed is judged; the
    answer is the same whatever the database holds. None: the form is fine, or it is no code at all.
    """
    found = _ALMOST.search(written)
    groups = re.findall(r"\d+", found[0]) if found else []
    if not groups:
        return None
    place = next((at for at, group in enumerate(groups) if len(group) == 6 and at), None)
    if place is not None:
        return _order("".join(groups[place + 1 :])) if _can_be(groups[place], today) else "date"
    # No group of six stands alone: the first possible day within the run of digits.
    digits = "".join(groups)[2:]
    orders = [hit[2] for hit in _SOME_DAY.finditer(digits) if _can_be(hit[1], today)]
    if any(_order(order) is None for order in orders):
        return None
    if orders:
        return _order(orders[0])
    return "date" if len(digits) >= 10 else "short"


def _plain(text: str) -> str:
    """Compatibility forms (fullwidth digits), all dashes as "-", capitals; invisible characters gone."""
    text = unicodedata.normalize("NFKC", text.translate(_HYPHENS)).translate(_HYPHENS).upper()
    if text.isprintable():
        return text
    return "".join(sign for sign in text if unicodedata.category(sign) not in {"Cf", "Cs"})


def _put_together(written: str) -> str | None:
    written = written.replace("O", "0")
    if written.count("-") < 2 and _PHONE_OR_ID.search(written):
        return None
    parts = _PARTS.fullmatch(written)
    if parts is None:
        return None
    ministry, office, unit, letter, province, units, dashed_day, day, order = parts.groups()
    head = f"{ministry}.{office}.{unit}." if ministry else ""
    groups = [f"{letter}{province}", *_groups(letter, units)]
    return f"{head}{'.'.join(groups)}-{dashed_day or day}-{order}"


def _groups(letter: str, units: str) -> list[str]:
    """Unit ids as written; G22.99.08 is the one shape whose missing dots are known."""
    groups = re.findall(r"\d{1,4}", units)
    if letter == "G" and len(groups) == 1 and len(groups[0]) == 4:
        return [groups[0][:2], groups[0][2:]]
    return groups


def _order(digits: str) -> Near | None:
    """What is wrong with the number within the day, which has four to six digits."""
    return "short" if len(digits) < 4 else "long" if len(digits) > 6 else None


def _can_be(yymmdd: str, today: date) -> bool:
    """Whether a code can bear this day: from the first codes (2015) until today."""
    try:
        return date(2015, 1, 1) <= date(2000 + int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:])) <= today
    except ValueError:
        return False
