"""Dossier codes are found however they were typed; phones, identity numbers and dates are not codes."""

import re
import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.codes import canonical, find, key, near

REAL = [
    "000.00.12.H62-201105-0004",
    "H55.242-260901-0012",
    "G22.99.08-260921-896048",
    "G22.99.09-240114-0001",
    "G22.99-251225-020175",
]  # fmt: skip
DAYS = st.dates(min_value=date(2018, 7, 1), max_value=date(2035, 12, 31))
DAY = DAYS.map(lambda day: day.strftime("%y%m%d"))
PROVINCE = st.integers(1, 63).map(lambda number: f"H{number:02d}")
OLD = st.builds(
    lambda a, b, p, d, n: f"000.{a:02d}.{b:02d}.{p}-{d}-{n:04d}",
    st.integers(0, 99), st.integers(0, 99), PROVINCE, DAY, st.integers(0, 9999),
)  # fmt: skip
NEW = st.builds(
    lambda p, units, d, n: f"{'.'.join([p, *map(str, units)])}-{d}-{n:04d}",
    PROVINCE, st.lists(st.integers(0, 9999), max_size=3), DAY, st.integers(0, 99999),
)  # fmt: skip
NATIONAL = st.builds(
    lambda unit, d, n: f"G22.99{unit}-{d}-{n:06d}",
    st.sampled_from(["", ".08", ".09", ".17"]), DAY, st.integers(0, 999999),
)  # fmt: skip
CODE = st.one_of(OLD, NEW, NATIONAL)
DASHES = ["-", "–", "—", "‑", "−", " - ", "– ", " —"]
BEFORE = st.sampled_from(["", "Tra mã ", "hs ", "hồ sơ:", "(", "Cháu gửi số 5, mã ", "09/11/2026 "])
AFTER = st.sampled_from(["", " ạ", ".", ")?", ", xong chưa", " ông ơi", "\nCảm ơn", " oi"])


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, str]:
    """A code, and the same code as a hurried or helpful person and their phone write it."""
    code = draw(CODE)
    ways = {"-": DASHES, ".": [".", "", " ", ". "]}
    written = "".join(draw(st.sampled_from(ways.get(sign, [sign]))) for sign in code)
    written = "".join(draw(st.sampled_from("0Oo")) if sign == "0" else sign for sign in written)
    written = draw(st.sampled_from([str.upper, str.lower, str.swapcase]))(written)
    if draw(st.booleans()):
        written = "".join(chr(ord(sign) + 0xFEE0) if sign.isdecimal() else sign for sign in written)
    form = draw(st.sampled_from(["NFC", "NFD"]))
    return code, unicodedata.normalize(form, draw(BEFORE) + written + draw(AFTER))


@given(damaged())
def test_any_damage_leaves_a_code_that_is_found(both: tuple[str, str]) -> None:
    """Case, spaces, dashes, O for 0, lost dots, fullwidth digits, NFD: the code in the sentence has the same key."""
    code, sentence = both
    assert key(code) in [key(each) for each in find(sentence)]


@given(CODE)
def test_a_code_written_right_is_left_as_it_is(code: str) -> None:
    """A code with all its dots and dashes is already canonical."""
    assert find(code) == [code]
    assert canonical(code.lower()) == canonical(f" {code} ") == code


@pytest.mark.parametrize("code", REAL)
def test_real_codes_of_all_three_generations(code: str) -> None:
    """The published examples are found in a sentence without accents."""
    assert find(f"tra cuu ho so {code.lower()} gium") == [code]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("0000012h62-201105-0004", "000.00.12.H62-201105-0004"),
        ("g229908 – 260921 – 896048", "G22.99.08-260921-896048"),
        ("H55 242 260901 0012", "H55.242-260901-0012"),
        ("h552422609010012", "H55.242-260901-0012"),
    ],
)
def test_missing_dots_are_put_back_where_their_place_is_known(written: str, code: str) -> None:
    """Old and national codes have fixed groups; a single unit id can only stand in one place."""
    assert canonical(written) == code


@given(
    st.one_of(
        st.from_regex(r"(?:\+?84|0)[35789]\d{8}", fullmatch=True),
        st.from_regex(r"0[35789]\d[ .]\d{3}[ .]\d{4}", fullmatch=True),
        st.from_regex(r"0(?:0[1-9]|[1-8]\d|9[0-6])[0-3]\d{8}", fullmatch=True).filter(str.isascii),
        st.from_regex(r"(?:0[1-9]|[12]\d|3[01])[/.\-](?:0[1-9]|1[0-2])[/.\-]20[1-3]\d", fullmatch=True),
        st.from_regex(r"01[268]\d{8}", fullmatch=True),
    ),
    st.sampled_from(["", "số ", "nhà H12 ", "gọi tôi lúc 8h30 ", "G22 "]),
)
def test_phones_identity_numbers_and_dates_are_not_codes(number: str, before: str) -> None:
    """Numbers of other kinds are never taken for a dossier, even after something like "H12"."""
    assert find(before + number) == []
    assert canonical(number) is None


def test_two_codes_are_both_found_and_one_written_twice_once() -> None:
    """Each dossier in a message is named once, in order."""
    text = "H55.242-260901-0012 và g22.99-251225-020175, tức là H55242-260901-OO12"
    assert find(text) == ["H55.242-260901-0012", "G22.99-251225-020175"]


def test_a_code_inside_other_letters_is_none() -> None:
    """Part of a longer word or number is not a code."""
    assert find("ABH55.242-260901-0012") == []
    assert find("H55.242-260901-00123456789") == []
    assert canonical("Mã H55.242-260901-0012") is None
    assert canonical("") is None


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_text_is_searched_without_an_error(text: str) -> None:
    """Lone surrogates, NUL and emoji are nothing special; what is found is canonical."""
    assert all(canonical(code) == code for code in find(text))
    assert re.fullmatch(r"[^\W_]*", key(text))


@given(CODE)
def test_the_key_does_not_depend_on_dots_and_dashes(code: str) -> None:
    """Storage compares by key: the same with and without separators, stable when keyed again."""
    assert key(code) == key(code.replace(".", "").replace("-", "")) == key(key(code))


# --- near misses ------------------------------------------------------------------------------------------------------

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("H55.242-261102-0012", None),
        ("G22.99.08-260921-896048", None),
        ("000.00.12.H62-201105-0004", None),
        ("H55.242-261102-001", "short"),
        ("H55.242-261102", "short"),
        ("H55.242", "short"),
        ("H55.242-261102-0012345", "long"),
        ("H55.242-261302-0012", "date"),
        ("H55.242-260231-0012", "date"),
        ("H55.242-271102-0012", "date"),
        ("mã h55 242 261102 001 ạ", "short"),
        ("H55242261102001", "short"),
        ("hôm qua tôi nộp", None),
        ("0912345678", None),
        ("", None),
    ],
)
def test_near_misses_judge_the_form_alone(code: str, wrong: str | None) -> None:
    """What is said about a code that was not found follows from its form, without looking at any dossier."""
    assert near(code, TODAY) == wrong


@given(st.text(max_size=60))
def test_near_misses_take_any_text(text: str) -> None:
    """No text breaks the hint."""
    assert near(text, TODAY) in {None, "short", "long", "date"}


@given(
    st.dates(date(2015, 1, 1), TODAY),
    st.integers(0, 999_999),
    st.integers(0, 9999),
    st.integers(4, 6),
    st.sampled_from("HG"),
)
def test_a_possible_code_is_no_near_miss(day: date, order: int, unit: int, width: int, letter: str) -> None:
    """A code whose day is possible and whose number has four to six digits is not criticised."""
    code = f"{letter}55.{unit}-{day:%y%m%d}-{order % 10**width:0{width}}"
    assert near(code, TODAY) is None
    assert near(key(code), TODAY) is None
