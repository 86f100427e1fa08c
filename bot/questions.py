"""The kinds of questions: what buttons they show, how an answer is read, what is kept of it.

Each is kind to a silly answer: a sticker, a voice note, five thousand characters get one helpful sentence and the
question again. Whatever can be tapped can be typed: its number, or its label with or without accents, in any language
there is a catalog for. What is kept means the same tomorrow: the option, not its number; the date, not "ngày mai".
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache

import phonenumbers

from bot.conversation import CHANGED, Checked, Hint, Locked, More, NotUnderstood, Passed, Question
from bot.state import Raw, digest
from messages.fold import fold, match, nfc
from messages.render import Catalogs
from messages.reply import Msg, _
from messages.reply import Text as Words

__all__ = [
    "Checked", "Choice", "Confirm", "Date", "Hint", "Locked", "More", "NotUnderstood", "Number", "OneOfPlaces",
    "Passed", "Phone", "Photos", "Question", "Text", "YesNo", "phone_number",
]  # fmt: skip

PAGE = "~"
SKIP = "skip"
DONE = "done"
YES = "yes"
NO = "no"

YES_WORDS = frozenset(
    {"co", "vang", "u", "uh", "um", "ok", "oke", "okay", "yes", "dong y", "duoc", "dung roi", "dung vay", "xac nhan"}
)
NO_WORDS = frozenset(
    {"khong", "ko", "k", "kg", "kh", "khum", "hong", "no", "thoi", "khong dong y", "khong gui", "khong can", "chua"}
)
POLITE = frozenset({"a", "da", "vang", "nhe", "nha", "oi", "voi", "em", "ad", "thua"})
NEXT_WORDS = frozenset({"tiep", "xem tiep", "xem them", "trang sau", "sau", "them", "next", "more"})
EARLIER_WORDS = frozenset({"truoc", "trang truoc", "previous"})
DONE_WORDS = frozenset({"xong", "xong roi", "du roi", "het", "het roi", "done", "bo qua", "khong co", "gui"})
SKIP_WORDS = frozenset({"bo qua", "khong co", "khong", "skip"})

SAY_IN_WORDS: Mapping[str, Msg] = {
    "sticker": _("Thank you for the sticker. Please answer in words, so that I note it correctly."),
    "voice": _("I am sorry, I cannot listen to voice messages here. Please type it, or type 0 to reach a person."),
    "photo": _("Thank you for the picture. At this question I need words; please type your answer."),
    "file": _("Thank you for the file. At this question I need words; please type your answer."),
    "contact": _("Thank you for the number. At this question I need words; please type your answer."),
    "location": _("Thank you for the location. At this question I need words; please type your answer."),
}
CHOOSE = _("Please tap one of the choices, or type its number.")


@cache
def _catalogs() -> Catalogs:
    return Catalogs()


def wordings(label: Words) -> set[str]:
    """A label as it reads in every language: she may type it in another one than she is shown."""
    if isinstance(label, str):
        return {label}
    catalogs = _catalogs()
    return {catalogs.text(label, language) for language in (*catalogs.languages, "en")}


def _typed(raw: Raw) -> str:
    """What she wrote, repaired and trimmed; NotUnderstood for anything without words."""
    text = nfc(raw.text).strip()
    if raw.kind not in {"text", "tap"}:
        raise NotUnderstood(SAY_IN_WORDS.get(raw.kind, CHOOSE))
    return text


# Words


@dataclass(frozen=True)
class Text(Question[str]):
    """Free words, `at_least` to `at_most` characters; with `skip` a button to leave it out (the answer is then "")."""

    at_least: int = 1
    at_most: int = 2000
    skip: Words | None = None

    def choices(self) -> tuple[tuple[str, Words], ...]:
        return ((SKIP, self.skip),) if self.skip is not None else ()

    def read(self, raw: Raw) -> str:
        if self.skip is not None and (raw.value == SKIP or (raw.kind == "text" and fold(raw.text) in SKIP_WORDS)):
            return ""
        text = _typed(raw)
        if raw.kind == "tap" and raw.value is not None:
            raise NotUnderstood(_("Please type your answer in words."))
        if len(text) > self.at_most:
            raise NotUnderstood(
                _("That is {length} characters. Please keep it to {most} at most.", length=len(text), most=self.at_most)
            )
        if len(text) < self.at_least or not fold(text):
            raise NotUnderstood(
                _("Please write a little more, at least {count} characters.", count=self.at_least)
                if self.at_least > 1
                else _("Please type your answer in words.")
            )
        return text


# One of several


@dataclass(frozen=True)
class Choice(Question[str]):
    """One of `options` (value -> label); lists longer than `page_size` are shown in pages.

    Numbers run through all pages, so a typed number means the same on each. `aliases` are other words for a value.
    """

    options: Mapping[str, Words]
    page_size: int = 8
    aliases: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.options:
            raise ValueError(f"The choice {self.name!r} has no options.")
        if wrong := [value for value in self.options if not value or value.startswith(PAGE)]:
            raise ValueError(f"The choice {self.name!r} has values that are taken: {wrong}.")

    @property
    def listing(self) -> str:
        return digest(json.dumps(list(self.options)))

    @property
    def pages(self) -> int:
        return -(-len(self.options) // self.page_size)

    @property
    def page(self) -> int:
        """The page in view, from 0."""
        return min(int(self.view), self.pages - 1) if self.view.isdecimal() else 0

    def choices(self) -> tuple[tuple[str, Words], ...]:
        if self.view.startswith("="):
            values = list(self.options)
            places = [int(place) for place in self.view[1:].split(",")]
            narrowed = tuple((values[place - 1], self.options[values[place - 1]]) for place in places)
            return (*narrowed, (f"{PAGE}0", _("Show the whole list")))
        first = self.page * self.page_size
        shown = tuple(self.options.items())[first : first + self.page_size]
        return (*shown, *self._turns())

    def _turns(self) -> list[tuple[str, Words]]:
        turns: list[tuple[str, Words]] = []
        if self.page > 0:
            turns.append((f"{PAGE}{self.page - 1}", _("Previous page")))
        if self.page < self.pages - 1:
            turns.append((f"{PAGE}{self.page + 1}", _("Next page")))
        return turns

    def number(self, value: str) -> int | None:
        values = list(self.options)
        return values.index(value) + 1 if value in self.options else None

    def turned(self, raw: Raw) -> str | None:
        if raw.value is not None:
            return raw.value[1:] if re.fullmatch(f"{PAGE}[0-9]{{1,4}}", raw.value) else None
        if raw.kind != "text" or self.pages == 1:
            return None
        words = fold(raw.text)
        if words in NEXT_WORDS and not self._meant(raw.text):
            return str((self.page + 1) % self.pages)
        if words in EARLIER_WORDS and not self._meant(raw.text):
            return str(max(self.page - 1, 0))
        return None

    def take(self, earlier: Raw | None, raw: Raw) -> Raw:
        """The option itself, not the number she typed: tomorrow the list may be another."""
        return Raw("tap", raw.text, self.read(raw))

    def read(self, raw: Raw) -> str:
        if raw.value is not None:
            if raw.value in self.options:
                return raw.value
            raise NotUnderstood(_("That choice is no longer there. Please choose again."))
        text = _typed(raw)
        number = text.rstrip(".) ")
        if number.isdecimal():
            return self._numbered(int(number), text)
        found = self._meant(text)
        if len(found) == 1:
            return found[0]
        raise self._which(found) if found else NotUnderstood(CHOOSE)

    def _numbered(self, number: int, text: str) -> str:
        values = list(self.options)
        if 1 <= number <= len(values):
            return values[number - 1]
        found = self._meant(text)
        if len(found) == 1:
            return found[0]
        raise NotUnderstood(_("Please choose a number from {first} to {last}.", first=1, last=len(values)))

    def _meant(self, text: str) -> list[str]:
        """Values whose label or alias the text may mean."""
        said = [
            (value, words)
            for value, label in self.options.items()
            for words in (*sorted(wordings(label)), *self.aliases.get(value, ()))
        ]
        return list(dict.fromkeys(said[index][0] for index in match(text, [words for _value, words in said])))

    def _which(self, found: list[str]) -> NotUnderstood:
        """Several could be meant: ask which, showing only those (a screenful of them)."""
        values = list(self.options)
        places = [str(values.index(value) + 1) for value in found][: self.page_size]
        return NotUnderstood(_("More than one fits. Which one do you mean?"), "=" + ",".join(places))


@dataclass(frozen=True)
class OneOfPlaces(Choice):
    """One of the villages; former names and former communes are `aliases` (three "Thôn 2" after a merger: L09)."""

    def _which(self, found: list[str]) -> NotUnderstood:
        several = super()._which(found)
        return NotUnderstood(_("Several places have had that name. Which one do you mean?"), several.view)


class _Agreement(Question[bool]):
    """Yes or no, tapped or in the words people use ("dạ có", "ko", "ok")."""

    yes: Words
    no: Words

    def choices(self) -> tuple[tuple[str, Words], ...]:
        return ((self._value(True), self.yes), (self._value(False), self.no))

    def take(self, earlier: Raw | None, raw: Raw) -> Raw:
        return Raw("tap", raw.text, self._value(self.read(raw)))

    def read(self, raw: Raw) -> bool:
        if raw.value is not None:
            for answer in (True, False):
                if raw.value == self._value(answer):
                    return answer
            raise NotUnderstood(self._odd_tap())
        said = self._said(_typed(raw))
        if said is None:
            raise NotUnderstood(_("Please answer yes or no; you can also type 1 or 2."))
        return said

    def _value(self, answer: bool) -> str:
        return YES if answer else NO

    def _odd_tap(self) -> Msg:
        return CHOOSE

    def _said(self, text: str) -> bool | None:
        bare = fold(text)
        for answer, label, number in ((True, self.yes, "1"), (False, self.no, "2")):
            if bare == number or bare in {fold(words) for words in wordings(label)}:
                return answer
        plain = " ".join(word for word in bare.split() if word not in POLITE)
        if plain in NO_WORDS:
            return False
        agreed = plain in YES_WORDS or bare in {"vang", "da vang", "vang a", "da", "da vang a"}
        # "dung" is both đúng (right) and dừng (stop): only with its accent does it agree.
        return True if agreed or nfc(text).casefold().strip(" .!") in {"đúng", "dạ đúng", "đúng ạ"} else None


@dataclass(frozen=True)
class YesNo(_Agreement):
    """A yes-or-no question; `yes` and `no` are the words on its buttons."""

    yes: Words = field(default_factory=lambda: _("Yes"))
    no: Words = field(default_factory=lambda: _("No"))


@dataclass(frozen=True)
class Confirm(_Agreement):
    """The last look before something is done: the answer holds only for exactly the words and values displayed.

    After a deploy or a changed answer an old yes is asked again: `shown` is stored with the answer, and each button
    carries it, so that a tap under an older summary does not confirm a newer one.
    """

    values: Sequence[Words] = ()
    yes: Words = field(default_factory=lambda: _("Yes, send"))
    no: Words = field(default_factory=lambda: _("No, do not send"))

    def paragraphs(self) -> tuple[Words, ...]:
        return (*self.values, self.prompt)

    @property
    def shown(self) -> str:
        return digest(json.dumps([displayed(words) for words in (*self.values, self.prompt, self.yes)]))

    def _value(self, answer: bool) -> str:
        return f"{YES}.{self.shown[:8]}" if answer else NO

    def _odd_tap(self) -> Msg:
        return CHANGED


def displayed(words: object) -> object:
    """What a message shows, as JSON: its sentence and what fills it, in any order of arguments."""
    if isinstance(words, Msg):
        return [words.id, {name: displayed(value) for name, value in sorted(words.args.items())}]
    return str(words)


# Numbers, days, phones


@dataclass(frozen=True)
class Number(Question[int]):
    """A whole number from `least` to `most`, in digits ("1.200" is 1200) or a word up to ten."""

    least: int = 0
    most: int = 1_000_000

    def read(self, raw: Raw) -> int:
        text = fold(_typed(raw))
        digits = text.replace(" ", "")
        if text in NUMBER_WORDS:
            number = NUMBER_WORDS.index(text)
        elif digits.isascii() and digits.isdigit() and len(digits) <= 12:
            number = int(digits)
        else:
            raise NotUnderstood(_("Please type a number, for example {example}.", example=max(self.least, 1)))
        if not self.least <= number <= self.most or "-" in raw.text:
            raise NotUnderstood(_("Please type a number from {first} to {last}.", first=self.least, last=self.most))
        return number


NUMBER_WORDS = ("khong", "mot", "hai", "ba", "bon", "nam", "sau", "bay", "tam", "chin", "muoi")
_DAY = re.compile(r"(?:ngay )?(\d{1,2})(?: thang)? (\d{1,2})(?: (?:nam )?(\d{4}|\d{2}))?")
_ISO_DAY = re.compile(r"(\d{4}) (\d{1,2}) (\d{1,2})")
DAY_WORDS: Mapping[str, int] = {
    "hom nay": 0, "nay": 0, "today": 0, "mai": 1, "ngay mai": 1, "tomorrow": 1, "ngay kia": 2, "mot": 2, "ngay mot": 2,
}  # fmt: skip


@dataclass(frozen=True)
class Date(Question[date]):
    """A day, typed 21/11/2026, 21/11, "ngày mai"; `today` is the day in Việt Nam, the limits are inclusive.

    Without a year it is the next such day, unless only the past is allowed (`latest` is not after today).
    """

    today: date
    earliest: date | None = None
    latest: date | None = None

    def take(self, earlier: Raw | None, raw: Raw) -> Raw:
        """The day itself: "ngày mai" is another one tomorrow."""
        return Raw("tap", raw.text, self.read(raw).isoformat())

    def read(self, raw: Raw) -> date:
        day = self._kept(raw.value) if raw.value is not None else self._typed_day(fold(_typed(raw)))
        if day is None:
            example = (self.earliest or self.latest or self.today).strftime("%d/%m/%Y")
            raise NotUnderstood(_("Please type a day as day/month/year, for example {example}.", example=example))
        if self.earliest is not None and day < self.earliest:
            raise NotUnderstood(_("Please choose a day from {first} on.", first=self.earliest))
        if self.latest is not None and day > self.latest:
            raise NotUnderstood(_("Please choose a day up to {last}.", last=self.latest))
        return day

    def _kept(self, value: str) -> date | None:
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None

    def _typed_day(self, text: str) -> date | None:
        if text in DAY_WORDS:
            return self.today + timedelta(days=DAY_WORDS[text])
        if iso := _ISO_DAY.fullmatch(text):
            return _day(int(iso[1]), int(iso[2]), int(iso[3]))
        parts = _DAY.fullmatch(text)
        if parts is None:
            return None
        number, month, year = int(parts[1]), int(parts[2]), parts[3]
        if year is not None:
            return _day(int(year) if len(year) == 4 else 2000 + int(year), month, number)
        return self._nearest(month, number)

    def _nearest(self, month: int, number: int) -> date | None:
        if self.latest is not None and self.latest <= self.today:
            past = (_day(self.today.year - back, month, number) for back in range(9))
            return next((day for day in past if day is not None and day <= self.today), None)
        ahead = (_day(self.today.year + years, month, number) for years in range(9))
        return next((day for day in ahead if day is not None and day >= self.today), None)


def _day(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number)
    except ValueError:
        return None


# The eleven-digit numbers ended in 2018; phonenumbers rightly calls them invalid, people still have them on paper.
OLD_PREFIXES: Mapping[str, str] = {
    "0162": "032", "0163": "033", "0164": "034", "0165": "035", "0166": "036", "0167": "037", "0168": "038",
    "0169": "039", "0120": "070", "0121": "079", "0122": "077", "0126": "076", "0128": "078", "0123": "083",
    "0124": "084", "0125": "085", "0127": "081", "0129": "082", "0186": "056", "0188": "058", "0199": "059",
}  # fmt: skip


def phone_number(text: str) -> str | None:
    """The Vietnamese number in `text` as +84…, or None; old 01xx numbers get the prefix they have had since 2018."""
    digits = "".join(str(int(sign)) for sign in text if sign.isdecimal())
    if re.search(r"[^\W\d_]", text) or not 9 <= len(digits) <= 14:
        return None
    digits = "0" + re.sub(r"^(?:00)?84(?=0?\d{9,10}$)", "", digits).lstrip("0")
    if len(digits) == 11 and digits[:4] in OLD_PREFIXES:
        digits = OLD_PREFIXES[digits[:4]] + digits[4:]
    try:
        number = phonenumbers.parse(digits, "VN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number_for_region(number, "VN"):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@dataclass(frozen=True)
class Phone(Question[str]):
    """A Vietnamese phone number, mobile or landline, typed or shared by one tap; the answer is +84…"""

    wants: str = field(default="phone", kw_only=True)

    def read(self, raw: Raw) -> str:
        number = phone_number(raw.text if raw.kind == "contact" else _typed(raw))
        if number is None:
            raise NotUnderstood(_("Please type a phone number of ten digits, for example 0912 345 678."))
        return number


# Pictures


@dataclass(frozen=True)
class Photos(Question[tuple[str, ...]]):
    """Pictures, one or several messages of them, until "xong"; the answer is their file ids, at most `at_most`."""

    at_least: int = 0
    at_most: int = 5
    done: Words = field(default_factory=lambda: _("Done"))

    def choices(self) -> tuple[tuple[str, Words], ...]:
        return ((DONE, self.done),)

    def number(self, value: str) -> int | None:
        return None

    def take(self, earlier: Raw | None, raw: Raw) -> Raw:
        files = earlier.files if earlier is not None else ()
        if raw.kind == "photo" and raw.files:
            return self._more(files, raw.files)
        if raw.value == DONE or (raw.kind == "text" and fold(raw.text) in DONE_WORDS | self._labels()):
            if len(files) < self.at_least:
                raise NotUnderstood(_("Please send at least {count} pictures.", count=self.at_least))
            return Raw("photo", "", DONE, files)
        raise NotUnderstood(_("Please send a picture here, or type “xong” when there are no more."))

    def _labels(self) -> set[str]:
        return {fold(words) for words in wordings(self.done)}

    def _more(self, files: tuple[str, ...], new: tuple[str, ...]) -> Raw:
        kept = tuple(dict.fromkeys((*files, *new)))
        if len(kept) > self.at_most and len(files) >= self.at_most:
            full = _("I can keep {most} pictures, and I have them. Please type “xong”.", most=self.at_most)
            raise NotUnderstood(full)
        only = DONE if self.at_most == 1 else None
        return Raw("photo", "", only, kept[: self.at_most])

    def read(self, raw: Raw) -> tuple[str, ...]:
        if raw.kind != "photo":
            raise NotUnderstood(_("Please send a picture here, or type “xong” when there are no more."))
        if raw.value != DONE:
            count = len(raw.files)
            hint = _("I have {count} pictures. Send more, or type “xong” when that is all.", count=count)
            raise More(hint, raw.files)
        return raw.files
