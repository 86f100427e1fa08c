"""What is hidden abroad: phones and identity numbers in every spelling, names; what is nobody's stays."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import sample
from messages.personal import HIDDEN, hides, masked
from messages.reply import Button, Personal, Reply, _, lines
from tests.town import START

# --- strategies -------------------------------------------------------------------------------------------------------

DIGITS = st.text("0123456789", min_size=8, max_size=8)
PHONES = st.builds(lambda kind, rest: f"{kind}{rest}", st.sampled_from("35789"), DIGITS)
"""Nine digits, without the 0 or the 84 before them."""
LEADS = st.sampled_from(["0", "+84", "84", "0084", "(+84) ", "+84 ", "+84(0)", "(0)", "84 0", "+84-"])
GAPS = st.sampled_from(["", " ", ".", "-", "·", " - ", ". ", "\u00a0", "–"])
BEFORE = st.sampled_from(["", "gọi số ", "sđt:", "ĐT", "số em là(", "0987654321, ", "Thửa 5, ", "21/11/2026 "])
AFTER = st.sampled_from(["", " nhé", ".", "ạ", ") ", ", gặp bà Lan", " 21/11/2026", "!!!", "\n113"])


@st.composite
def written_phones(draw: st.DrawFn) -> tuple[str, str]:
    """A phone as somebody may write it, and its nine digits."""
    digits, gap = draw(PHONES), draw(GAPS)
    sizes = draw(st.sampled_from([(9,), (2, 3, 4), (3, 3, 3), (2, 2, 2, 3), (1, 2, 2, 2, 2), (2, 7), (3, 6)]))
    groups, rest = [], digits
    for size in sizes:
        groups.append(rest[:size])
        rest = rest[size:]
    written = draw(LEADS) + gap.join(groups)
    if draw(st.booleans()):
        written = written.translate({ord(digit): chr(0xFF10 + int(digit)) for digit in string.digits})
    return f"{draw(BEFORE)}{written}{draw(AFTER)}", digits


CARDS = st.text("0123456789", min_size=9, max_size=9).map(lambda rest: f"0{rest}12")
CARD_GROUPS = st.sampled_from([(12,), (3, 3, 3, 3), (4, 4, 4), (3, 9)])


def words(text: str) -> str:
    return masked(Personal(text, "words"))


def digits_of(text: str) -> str:
    return "".join(str(int(sign)) for sign in text if sign.isdecimal())


# --- numbers ----------------------------------------------------------------------------------------------------------


@given(written=written_phones())
def test_a_phone_is_hidden_however_it_is_written(written: tuple[str, str]) -> None:
    """Of its digits only the last three can be read, whatever stands around it."""
    text, phone = written
    shown = words(text)
    assert HIDDEN in shown
    assert phone not in digits_of(shown)
    assert phone[:6] not in digits_of(shown)


@given(card=CARDS, sizes=CARD_GROUPS, gap=st.sampled_from([" ", ".", "-"]), before=BEFORE, after=AFTER)
def test_an_identity_number_is_hidden(card: str, sizes: tuple[int, ...], gap: str, before: str, after: str) -> None:
    """Twelve digits, whole or in groups."""
    groups, rest = [], card
    for size in sizes:
        groups.append(rest[:size])
        rest = rest[size:]
    shown = words(f"{before}{gap.join(groups)}{after}")
    assert card[:9] not in digits_of(shown)
    assert card not in digits_of(shown)


@given(card=st.integers(10_000_000, 399_999_999).map(lambda number: f"{number:09}"), before=BEFORE, after=AFTER)
def test_an_old_identity_number_is_hidden(card: str, before: str, after: str) -> None:
    """Nine digits."""
    assert card not in digits_of(words(f"{before}{card}{after}"))


@given(
    day=st.dates(),
    form=st.sampled_from(["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d", "%d/%m/%y", "ngày %d tháng %m năm %Y"]),
    code=st.sampled_from(sample.dossiers(START.date())).map(lambda dossier: dossier.code),
    money=st.integers(1, 99_999_999).map(lambda sum_: f"{sum_ * 1000:,}".replace(",", ".")),
    currency=st.sampled_from([" đồng", "đ", " đ", " VNĐ"]),
    short=st.sampled_from(["113", "114", "115", "112", "111", "1022", "1900 1234", "18001096"]),
)
def test_what_is_nobodys_stays(day: object, form: str, code: str, money: str, currency: str, short: str) -> None:
    """Dossier codes, dates, sums, duty numbers, in any order and beside each other."""
    written = day.replace(year=2000 + day.year % 40).strftime(form)  # type: ignore[attr-defined]
    text = f"Hồ sơ {code} hẹn {written}, phí {money}{currency}; gọi {short} lúc 07:30-11:30, thửa 123 tờ 45, 24 m2."
    assert words(text) == text
    assert words(f"{written} {code}") == f"{written} {code}"


@pytest.mark.parametrize(
    "text",
    [
        "h55 242–261102 OO12", "000.00.12.H62-201105-0004", "G22.99.08-260921-896048", "H55.242-260901", "7.30-11.30",
        "07.30-11.30 13.30-17.00", "năm 2024 2025 2026", "150.000.000", "120000000 đồng", "1.200.000,50 đồng", "50 k",
        "13 giờ 30, 21.11.2026", "Nghị định 356/2025/NĐ-CP", "Thôn 2", "QĐ 766/QĐ-TTg",
    ],
)  # fmt: skip
def test_other_numbers_stay(text: str) -> None:
    """Codes without dots, hours, years, sums of millions, laws."""
    assert words(text) == text


def test_a_code_does_not_hide_a_phone_beside_it() -> None:
    """What stands after the code is judged by itself."""
    assert words("H55.242-260901-0012 0912345678") == "H55.242-260901-0012 *** *** 678"
    assert words("hẹn 21/11/2026 0912.345.678") == "hẹn 21/11/2026 *** *** 678"


@given(text=st.text())
def test_any_words_can_be_masked(text: str) -> None:
    """Whatever somebody wrote, nothing raises, and masking twice changes nothing more that is a number."""
    for kind in ("name", "phone", "place", "words"):
        masked(Personal(text, kind))  # type: ignore[arg-type]
    assert not re.search(r"\d{9}", words(text))


# --- names ------------------------------------------------------------------------------------------------------------


def test_every_name_of_the_sample_is_hidden() -> None:
    """In a sentence, at its end, in capitals; the initials stay."""
    for home in sample.households():
        for name in (home.representative, home.representative.upper()):
            shown = words(f"Tôi là {name}, xin hỏi hồ sơ của {name}")
            assert name not in shown
            assert masked(Personal(name, "name")) in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("bà Lan ở thôn Hoa Ban", "bà L ở thôn Hoa Ban"),
        ("bà Trần Thị Thu Lan.", "bà T. T. T. L."),
        ("ông Tư nhà bên", "ông T nhà bên"),
        ("nguyễn thị hoa mất giấy", "N. T. H mất giấy"),
        ("nguyen thi lan xin hoi", "N. T. L xin hoi"),
        ("Thôn Mai Hoa Đào", "Thôn Mai Hoa Đào"),
        ("gần trường Lê Quý Đôn", "gần trường Lê Quý Đôn"),
        ("mà vẫn chưa xong", "mà vẫn chưa xong"),
        ("Hồ sơ của tôi xong chưa?", "Hồ sơ của tôi xong chưa?"),
    ],
)
def test_names_in_words(text: str, shown: str) -> None:
    """Names by their form; places, streets and ordinary words stay."""
    assert words(text) == shown


# --- replies ----------------------------------------------------------------------------------------------------------


def test_a_reply_knows_whether_it_hides_something() -> None:
    """Deep within a message, or on a button; what masking leaves as it is hides nothing."""
    inside = _("{above}\n{below}", above="a", below=_("Citizen: {words}", words=Personal("gọi 0912345678", "words")))
    assert hides(Reply("a", lines("b", inside)))
    assert hides(Reply("a", buttons=(Button(Personal("bà Lan", "name"), "#x:"),)))
    assert not hides(Reply("a 0912345678", _("Citizen: {words}", words=Personal("xin chào", "words"))))
