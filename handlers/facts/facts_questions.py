"""What is asked when the office's facts are changed: hours of a day, days of the week, a work number."""

import re
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from bot.commune import WEEKDAYS, Span, Spans, Weekday
from bot.conversation import NotUnderstood, Question
from bot.state import Raw
from messages.fold import fold, nfc
from messages.reply import _

SPANS: TypeAdapter[tuple[Span, ...]] = TypeAdapter(Spans)
HOUR = re.compile(r"(\d{1,2})\s*(?::|h|g(?:iờ|io)?)\s*(\d{2})?", re.IGNORECASE)
SHUT = frozenset({"nghi", "khong lam viec", "dong cua", "khong"})
NUMBER = re.compile(r"\+?[\d .()-]{3,24}")
DAY_NAMES = {
    name: place for place, names in enumerate((
        ("thu hai", "thu 2", "t2"), ("thu ba", "thu 3", "t3"), ("thu tu", "thu 4", "t4"), ("thu nam", "thu 5", "t5"),
        ("thu sau", "thu 6", "t6"), ("thu bay", "thu 7", "t7"), ("chu nhat", "cn"),
    )) for name in names
}  # fmt: skip


@dataclass(frozen=True)
class Times(Question[list[str]]):
    """Stretches of a day, "7:30-11:30, 13:30-17:00", or "nghỉ"; the answer is as in commune.toml."""

    def read(self, raw: Raw) -> list[str]:
        text = nfc(raw.text)
        if fold(text) in SHUT:
            return []
        hours = [f"{int(hour):02}:{minute or '00'}" for hour, minute in HOUR.findall(text)]
        spans = [f"{opens}-{closes}" for opens, closes in zip(hours[::2], hours[1::2], strict=False)]
        try:
            if not spans or len(hours) % 2:
                raise ValueError(text)
            SPANS.validate_python(spans)
        except (ValidationError, ValueError):
            raise NotUnderstood(_("Please write it like this: 7:30-11:30, 13:30-17:00; or “nghỉ”.")) from None
        return spans


@dataclass(frozen=True)
class WeekDays(Question[list[Weekday]]):
    """Days of the week, "thứ Ba, thứ Năm" or "thứ Hai đến thứ Sáu"; the answer is as in commune.toml."""

    def read(self, raw: Raw) -> list[Weekday]:
        said = re.sub(r"\b(?:toi|den)\b", " - ", fold(re.sub("[-–]", " đến ", nfc(raw.text))))
        names = "|".join(sorted(DAY_NAMES, key=len, reverse=True))
        found: set[int] = set()
        for first, last in re.findall(rf"\b({names})\b(?:\s*-\s*({names})\b)?", said):
            found |= set(range(DAY_NAMES[first], DAY_NAMES[last or first] + 1))
        if not found:
            raise NotUnderstood(_("Please write the days like this: thứ Ba, thứ Năm."))
        return [WEEKDAYS[place] for place in sorted(found)]


@dataclass(frozen=True)
class WorkNumber(Question[str]):
    """A number as it is printed on the door: long, short or with an extension."""

    def read(self, raw: Raw) -> str:
        text = " ".join(nfc(raw.text).split())
        if not NUMBER.fullmatch(text):
            raise NotUnderstood(_("Please type the number in digits."))
        return text
