"""Questions: tapped, typed, numbered, paged; and a kind sentence for whatever is not an answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Question, Waiting, advance
from bot.questions import (
    Checked,
    Choice,
    Confirm,
    Date,
    More,
    NotUnderstood,
    Number,
    OneOfPlaces,
    Phone,
    Photos,
    Text,
    YesNo,
    phone_number,
)
from bot.state import Raw, State, start
from messages.render import LOCALE
from messages.reply import _

TODAY = date(2026, 11, 21)
NAMES = ["Cam", "Chanh", "Chuối", "Dừa", "Khế", "Mít", "Nhãn", "Ổi", "Táo", "Xoài"]
FRUIT = dict(zip("abcdefghij", NAMES, strict=True))
QUESTIONS: list[Question[Any]] = [
    Text("q", _("?")),
    Text("q", _("?"), skip=_("Skip")),
    Choice("q", _("?"), FRUIT, page_size=4),
    OneOfPlaces("q", _("?"), {"t2": "Thôn 2"}, aliases={"t2": ("Thôn Hạ",)}),
    YesNo("q", _("?")),
    Confirm("q", _("?"), ["x"]),
    Number("q", _("?")),
    Date("q", _("?"), TODAY),
    Phone("q", _("?")),
    Photos("q", _("?")),
    Checked("q", _("?"), lambda text: text, str.isdecimal),
]


@dataclass
class View:
    now: datetime = datetime(2026, 11, 21, 9, tzinfo=UTC)
    citizen: Any = None
    commune: Any = None

    def __call__(self, function: Callable[..., Any], /, *args: Any) -> Any:
        return function(*args)


class One:
    """A talk of one question."""

    def __init__(self, question: Question[Any]) -> None:
        self.question = question
        self.state = start("one", "a1")
        self.gets(None)

    def gets(self, raw: Raw | None) -> "One":
        self.state = State.from_json(self.state.to_json())
        self.step: Any = advance(lambda ask, find: [ask(self.question)], self.state, View(), lambda word: word, raw)
        self.state = self.step.state
        return self

    def says(self, text: str) -> "One":
        return self.gets(Raw("text", text))

    def taps(self, value: str) -> "One":
        return self.gets(Raw("tap", value, value))

    @property
    def hint(self) -> str | None:
        return self.step.hint and self.step.hint.id

    @property
    def shown(self) -> list[str]:
        return [str(getattr(label, "id", label)) for _value, label in self.step.question.choices()]

    @property
    def answer(self) -> Any:
        return self.step.command[0]


# All kinds


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: type(question).__name__)
@pytest.mark.parametrize(
    "raw",
    [
        Raw("sticker"), Raw("voice"), Raw("location"), Raw("file", files=("f",)), Raw("text", "🙂"), Raw("text", ""),
        Raw("text", "x" * 5000), Raw("text", "\x00"), Raw("text", "\u200b"), Raw("tap", "?", "gone"), Raw("tap"),
    ],
    ids=lambda raw: f"{raw.kind}-{raw.text[:2]!a}",
)  # fmt: skip
def test_a_silly_answer_gets_a_sentence_and_the_question_again(question: Question[Any], raw: Raw) -> None:
    """Stickers, voice, 5,000 characters, foreign taps: never kept, never an error, always a hint."""
    one = One(question).gets(raw)
    assert isinstance(one.step, Waiting)
    assert one.hint
    assert one.state.answers == ()


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: type(question).__name__)
@given(text=st.text(st.characters(exclude_categories=()), max_size=30))
def test_no_text_is_an_error(question: Question[Any], text: str) -> None:
    """Any text is an answer, another page or a hint; lone surrogates and NUL too."""
    if not isinstance(question, Checked):
        One(question).says(text)


def test_a_question_says_its_prompt_and_must_know_how_to_read() -> None:
    """A new kind of question brings at least its way of reading; the rest has defaults."""

    class Echo(Question[str]):
        def read(self, raw: Raw) -> str:
            return raw.value or ""

    bare = Echo("q", _("What?"))
    assert (bare.paragraphs(), bare.choices(), bare.number("x")) == ((_("What?"),), (), None)
    with pytest.raises(TypeError, match="read"):
        Question("q", _("What?"))  # type: ignore[abstract]


def test_every_sentence_here_is_written_in_vietnamese() -> None:
    """The engine's words stand in its catalog, at most twenty words a sentence, nothing shouted."""
    with (LOCALE / "vi" / "LC_MESSAGES" / "engine.po").open("rb") as stream:
        words = {str(message.id): str(message.string) for message in read_po(stream) if message.id}
    hints: set[str] = set()
    for question in QUESTIONS:
        for kind in ("sticker", "voice", "photo", "file", "location", "text", "tap"):
            hint = One(question).gets(Raw(kind, "?", "gone" if kind == "tap" else None)).hint  # type: ignore[arg-type]
            hints |= {hint} if hint else set()
        hints |= {label.id for _value, label in question.choices() if not isinstance(label, str)}
    assert hints - set(words) == {"Skip"}
    for vietnamese in words.values():
        assert all(len(sentence.split()) <= 20 for sentence in vietnamese.split(". "))
        assert vietnamese != vietnamese.upper()


# Words


def test_text_is_repaired_and_measured() -> None:
    """Her words are kept as she spelt them, in one encoding; too short and too long are said with the number."""
    assert One(Text("q", _("?"))).says(" Đèn he\u0301\u0302t sáng ").answer == "Đèn hết sáng"
    short = One(Text("q", _("?"), at_least=10)).says("ngắn")
    assert short.hint == "Please write a little more, at least {count} characters."
    long = One(Text("q", _("?"), at_most=20)).says("x" * 21)
    assert long.hint == "That is {length} characters. Please keep it to {most} at most."
    assert long.step.hint.args == {"length": 21, "most": 20}


def test_an_optional_text_can_be_left_out() -> None:
    """Tapped or typed, leaving it out is the empty answer; without that button "không có" is an answer."""
    question = Text("q", _("?"), skip=_("Skip"))
    assert One(question).taps("skip").answer == One(question).says("bỏ qua").answer == ""
    assert One(Text("q", _("?"))).says("không có").answer == "không có"
    assert question.choices() == (("skip", _("Skip")),)


def test_a_picture_or_voice_for_words_is_answered_to_the_point() -> None:
    """Each kind of message gets its own sentence."""
    kinds: list[Any] = ["sticker", "voice", "photo", "file", "location"]
    assert len({One(Text("q", _("?"))).gets(Raw(kind)).hint for kind in kinds}) == len(kinds)


# Choices


@pytest.mark.parametrize("typed", ["3", "3.", "chuoi", "CHUỐI", "Chuối!", "tôi chọn chuối"])
def test_a_choice_is_typed_by_number_or_label(typed: str) -> None:
    """Number, label, with or without accents, within a sentence."""
    assert One(Choice("q", _("?"), FRUIT)).says(typed).answer == "c"


def test_a_label_is_understood_in_every_language() -> None:
    """A translated label can be typed in Vietnamese and in English."""
    question = Choice("q", _("?"), {"y": _("Yes"), "n": _("No")})
    assert One(question).says("khong").answer == One(question).says("no").answer == "n"


def test_a_long_list_is_shown_in_pages() -> None:
    """Next and previous are not answers; numbers run on, and a typed number or label counts on every page."""
    one = One(Choice("q", _("?"), FRUIT, page_size=4))
    assert one.shown == ["Cam", "Chanh", "Chuối", "Dừa", "Next page"]
    assert one.taps("~1").shown == ["Khế", "Mít", "Nhãn", "Ổi", "Previous page", "Next page"]
    assert (one.hint, one.state.prompts, one.state.answers) == (None, 1, ())
    assert [one.step.question.number(value) for value in ("e", "~2", "zz")] == [5, None, None]
    assert one.says("trang sau").shown == ["Táo", "Xoài", "Previous page"]
    assert one.says("xem tiếp").shown[0] == "Cam"
    assert one.says("trước").shown[0] == "Cam"
    assert one.gets(None).says("tiếp").shown[0] == "Khế"
    assert one.gets(None).shown[0] == "Khế"
    assert one.says("bánh").shown[0] == "Khế"
    assert one.taps("~99").shown[0] == "Táo"
    assert one.says("11").hint == "Please choose a number from {first} to {last}."
    assert one.says("2").answer == "b"


def test_next_is_a_label_when_there_is_such_a_label() -> None:
    """An option called "Tiếp" wins over turning the page."""
    labels = {**FRUIT, "t": "Tiếp", "u": "Trước"}
    assert One(Choice("q", _("?"), labels)).says("tiếp").answer == "t"
    assert One(Choice("q", _("?"), labels)).says("trước").answer == "u"


def test_an_ambiguous_label_asks_which() -> None:
    """Only those that fit are shown, under their own numbers; the whole list is one tap away."""
    one = One(Choice("q", _("?"), {"1": "Đường làng", "2": "Rác", "3": "Đường xã"})).says("duong")
    assert (one.hint, one.shown) == (
        "More than one fits. Which one do you mean?", ["Đường làng", "Đường xã", "Show the whole list"],
    )  # fmt: skip
    assert [one.step.question.number(value) for value, _label in one.step.question.choices()] == [1, 3, None]
    assert one.taps("~0").shown == ["Đường làng", "Rác", "Đường xã"]
    assert one.says("duong").says("3").answer == "3"


def test_numbers_that_are_labels_are_found_beyond_the_list() -> None:
    """"2026" is the label of an option where no list has so many."""
    assert One(Choice("q", _("?"), {"y5": "2025", "y6": "2026"})).says("2026").answer == "y6"


def test_a_list_that_has_shrunk_shows_its_last_page() -> None:
    """A page that is no longer there is the last one that is."""
    assert Choice("q", _("?"), FRUIT, page_size=4, view="9").page == 2
    assert Choice("q", _("?"), FRUIT, page_size=4, view="x").page == 0


def test_a_choice_without_options_or_with_a_taken_value_is_refused() -> None:
    """A programming error is found when the question is made."""
    with pytest.raises(ValueError, match="no options"):
        Choice("q", _("?"), {})
    with pytest.raises(ValueError, match="taken"):
        Choice("q", _("?"), {"~1": "x"})


VILLAGES = {"t1": "Thôn Tân Lập", "t2": "Thôn 2 Hợp Thành", "t3": "Thôn Đồng Tâm"}
FORMER = {"t1": ("Thôn 2 (xã Sơn Lộc cũ)", "Thôn 2"), "t3": ("Thôn 2", "Thôn Đồng")}


def test_L09_a_former_name_is_understood_and_an_ambiguous_one_asks_which() -> None:
    """Three places were once "Thôn 2": she is asked which one; a former name of one place is enough."""
    places = OneOfPlaces("thôn", _("Which village?"), VILLAGES, aliases=FORMER)
    assert One(places).says("thon dong").answer == "t3"
    assert One(places).says("sơn lộc").answer == "t1"
    asked = One(places).says("Thôn 2")
    assert asked.hint == "Several places have had that name. Which one do you mean?"
    assert asked.shown == ["Thôn Tân Lập", "Thôn Đồng Tâm", "Show the whole list"]
    assert asked.says("Tân Lập").answer == "t1"


# Yes and no


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("có", True), ("Dạ có ạ", True), ("vâng", True), ("dạ", True), ("ok", True), ("đồng ý", True), ("1", True),
        ("đúng ạ", True), ("Yes", True), ("không", False), ("dạ không ạ", False), ("ko", False), ("k", False),
        ("2", False), ("thôi", False), ("No", False), ("không đồng ý", False),
    ],
)  # fmt: skip
def test_yes_and_no_as_people_say_them(typed: str, answer: bool) -> None:
    """Polite, short, in dialect, by number."""
    assert One(YesNo("q", _("?"))).says(typed).answer is answer


@pytest.mark.parametrize("typed", ["dừng", "dung", "có lẽ", "3", "không biết", "tùy"])
def test_what_is_neither_yes_nor_no_is_asked_again(typed: str) -> None:
    """"dừng" (stop) is not "đúng" (right); a doubtful answer is no answer."""
    assert One(YesNo("q", _("?"))).says(typed).hint == "Please answer yes or no; you can also type 1 or 2."


def test_confirm_knows_what_it_shows() -> None:
    """Other words, other values or another button give another digest; the order of arguments does not."""
    base = Confirm("send", _("Send {a} {b}?", a=1, b=_("x")), ["Đường"])
    assert base.shown == Confirm("send", _("Send {a} {b}?", b=_("x"), a=1), ["Đường"]).shown
    others = [
        Confirm("send", _("Send {a} {b}?", a=1, b=_("y")), ["Đường"]),
        Confirm("send", _("Send {a} {b}?", a=1, b=_("x")), ["Đèn"]),
        Confirm("send", _("Send {a} {b}?", a=1, b=_("x")), ["Đường"], yes=_("Delete")),
    ]
    assert base.shown not in {other.shown for other in others}
    assert base.paragraphs() == ("Đường", base.prompt)
    assert [base.number(value) for value, _label in base.choices()] == [1, 2]
    assert One(base).taps("no").answer is False
    assert One(base).says("yes, send").answer is True


# Numbers, days, phones


@pytest.mark.parametrize(
    ("typed", "number"), [("3", 3), (" 12 ", 12), ("1.200", 1200), ("８", 8), ("ba", 3), ("Mười", 10), ("không", 0)]
)
def test_numbers_in_digits_and_words(typed: str, number: int) -> None:
    """Dots between thousands, fullwidth digits, a word up to ten."""
    assert One(Number("q", _("?"))).says(typed).answer == number


@pytest.mark.parametrize("typed", ["", "nhiều", "-3", "3 con 2 cháu", "1000001", "9" * 40])
def test_what_is_no_number_is_asked_again(typed: str) -> None:
    """Words, negative and absurd numbers get the limits."""
    assert One(Number("q", _("?"))).says(typed).hint


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("27/11/2026", "2026-11-27"), ("27-11-26", "2026-11-27"), ("27.11.2026", "2026-11-27"), ("27/11", "2026-11-27"),
        ("ngày 27 tháng 11 năm 2026", "2026-11-27"), ("2026-11-27", "2026-11-27"), ("5/1", "2027-01-05"),
        ("29/2", "2028-02-29"),
        ("hôm nay", "2026-11-21"), ("Ngày mai", "2026-11-22"), ("mai", "2026-11-22"), ("ngay kia", "2026-11-23"),
    ],
)  # fmt: skip
def test_days_as_people_type_them(typed: str, day: str) -> None:
    """Day before month, with or without year, or a word; without a year the next such day."""
    assert One(Date("q", _("?"), TODAY)).says(typed).answer.isoformat() == day


@pytest.mark.parametrize("typed", ["31/2/2026", "13/13/2026", "hôm qua", "2026", "99999-1-1"])
def test_days_that_do_not_exist_are_asked_again(typed: str) -> None:
    """With an example of how to type one."""
    assert One(Date("q", _("?"), TODAY)).says(typed).step.hint.args == {"example": "21/11/2026"}


def test_a_day_keeps_its_limits() -> None:
    """Too early and too late are said with the limit; a birthday without a year lies in the past."""
    soon = Date("q", _("?"), TODAY, earliest=TODAY, latest=date(2026, 12, 1))
    assert One(soon).says("20/11/2026").step.hint.args == {"first": TODAY}
    assert One(soon).says("2/12").step.hint.args == {"last": date(2026, 12, 1)}
    assert One(Date("q", _("?"), TODAY, latest=TODAY)).says("22/11").answer == date(2025, 11, 22)


def test_tomorrow_is_kept_as_the_day_it_was() -> None:
    """Read again a day later, "ngày mai" is still the same day."""
    kept = Date("q", _("?"), TODAY).take(None, Raw("text", "ngày mai"))
    assert Date("q", _("?"), date(2026, 11, 22)).read(kept) == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("0912345678", "+84912345678"), ("0912 345 678", "+84912345678"), ("+84 912.345.678", "+84912345678"),
        ("84912345678", "+84912345678"), ("+84 (0)912 345 678", "+84912345678"), ("0084912345678", "+84912345678"),
        ("01682345678", "+84382345678"), ("+841202345678", "+84702345678"), ("01992345678", "+84592345678"),
        ("912345678", "+84912345678"), ("０９１２３４５６７８", "+84912345678"), ("024 3825 1234", "+842438251234"),
    ],
)  # fmt: skip
def test_phones_as_people_write_them(typed: str, number: str) -> None:
    """Mobile and landline, +84, fullwidth, and the eleven-digit numbers that ended in 2018."""
    assert One(Phone("q", _("?"))).says(typed).answer == number


@pytest.mark.parametrize(
    "typed", ["", "123", "0012345678", "019012345678", "gọi 0912345678", "09123456789", "113", "+1 650 253 0000"]
)
def test_what_is_no_phone_is_asked_again(typed: str) -> None:
    """Short numbers, identity numbers and sentences are not phones."""
    assert phone_number(typed) is None
    assert One(Phone("q", _("?"))).says(typed).hint


@given(st.text(st.characters(exclude_categories=()), max_size=20))
def test_any_text_is_a_phone_or_none(text: str) -> None:
    """Never an error; what comes out is +84 and nine or ten digits."""
    number = phone_number(text)
    assert number is None or number.startswith("+84")


# Pictures


def test_photos_are_kept_until_done() -> None:
    """Every message of pictures is kept; the same picture counts once; the hint counts along."""
    one = One(Photos("q", _("?"))).gets(Raw("photo", "chú thích", files=("a", "b")))
    one.gets(Raw("photo", files=("b", "c")))
    assert one.step.hint.args == {"count": 3}
    assert one.says("ổ gà").hint == "Please send a picture here, or type “xong” when there are no more."
    assert one.taps("done").answer == ("a", "b", "c")


def test_photos_beyond_the_most_are_declined_kindly() -> None:
    """The first five stay; the sixth of an album gets a sentence."""
    one = One(Photos("q", _("?"))).gets(Raw("photo", files=tuple("abcdefg")))
    one.gets(Raw("photo", files=("h",)))
    assert one.hint == "I can keep {most} pictures, and I have them. Please type “xong”."
    assert one.says("Xong rồi").answer == tuple("abcde")


def test_one_photo_is_enough_when_only_one_is_asked() -> None:
    """With a limit of one there is nothing to wait for."""
    assert One(Photos("q", _("?"), at_most=1)).gets(Raw("photo", files=("a",))).answer == ("a",)


def test_photos_may_be_none_or_have_to_be_some() -> None:
    """"Xong" at once is no picture, unless one is needed; the button's own label can be typed."""
    assert One(Photos("q", _("?"))).says("xong").answer == ()
    assert One(Photos("q", _("?"), at_least=1)).says("xong").hint == "Please send at least {count} pictures."
    assert One(Photos("q", _("?"), done="Đủ ảnh")).says("du anh").answer == ()
    assert Photos("q", _("?")).number("done") is None


def test_what_is_read_of_half_an_album() -> None:
    """More carries what there is so far."""
    with pytest.raises(More) as more:
        Photos("q", _("?")).read(Raw("photo", files=("a",)))
    assert more.value.so_far == ("a",)
    with pytest.raises(NotUnderstood):
        Photos("q", _("?")).read(Raw("text", "x"))
