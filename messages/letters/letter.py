"""What a letter says: the declaration of fields, and their check. The reasons stand in `messages.letters`."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, ClassVar, Self

from messages.fold import nfc

_UNDRAWN = re.compile(
    "[^ -~\u00a0-\u0241\u0300-\u036f\u1e00-\u1e9b\u1e9e\u1ea0-\u1ef9\u2010-\u2027\u2030-\u2037\u20ab\u20ac\u2116\u2212]"
)
"""What Libertinus has no sign for, of what may come in a Vietnamese letter; a test draws all the rest."""
_DECORATION = ("So", "Sk", "Cf", "Cs", "Co", "Cn", "Me", "Mn")
"""Categories of emoji and of what belongs to them: joiners, skin colours, keycaps, selectors."""


class Refused(Exception):
    """What a letter should say is not complete or does not fit; `problems`: a Vietnamese sentence for each mistake."""

    def __init__(self, letter: str, problems: list[str], fields: list[str]) -> None:
        self.letter, self.problems, self.fields = letter, problems, fields
        super().__init__("\n".join(problems))


class Undrawable(Exception):
    """The template cannot be drawn with these data; the text is typst's own, with the line of the template."""


@dataclass(frozen=True)
class Drawn:
    """The same letter as a picture and as a paper."""

    png: bytes
    pdf: bytes


def words(meaning: str, sample: str, most: int, *, needed: bool = False) -> Any:
    """A field of one or a few lines, at most `most` letters; one that is not needed is left out when it is empty."""
    told = {"meaning": meaning, "sample": sample, "most": most, "needed": needed}
    return field(metadata=told) if needed else field(default="", metadata=told)


def several(meaning: str, sample: tuple[str, ...], most: int, *, count: int, needed: bool = False) -> Any:
    """A field that is a list of at most `count` lines, each at most `most` letters."""
    told = {"meaning": meaning, "sample": sample, "most": most, "count": count, "needed": needed}
    return field(metadata=told) if needed else field(default=(), metadata=told)


def flag(meaning: str) -> Any:
    """A field that is yes or no."""
    return field(default=False, metadata={"meaning": meaning, "sample": False, "flag": True})


@dataclass(frozen=True, kw_only=True)
class Letter:
    """The base of all letters. Raises Refused when it is made of what cannot be drawn."""

    name: ClassVar[str]
    title: ClassVar[str]  # what people call it; its files are named so
    qr: ClassVar[str] = ""  # the field whose words its QR code says

    def __post_init__(self) -> None:
        wrong: dict[str, list[str]] = {}
        for each in fields(self):
            given = getattr(self, each.name)
            if "flag" in each.metadata:
                object.__setattr__(self, each.name, bool(given))
                continue
            clean = _list(given) if "count" in each.metadata else _clean(given)
            object.__setattr__(self, each.name, clean)
            if problems := _problems(each.metadata, clean):
                wrong[each.name] = problems
        wrong |= self.unfit()
        if wrong:
            raise Refused(self.name, [problem for each in wrong.values() for problem in each], list(wrong))

    def unfit(self) -> dict[str, list[str]]:
        """What is wrong with this letter besides missing and long fields, by field."""
        return {}

    @classmethod
    def sample(cls, *, whole: bool = True) -> Self:
        """A letter to look at: every field, or only those it cannot be without."""
        return cls(**{
            each.name: each.metadata["sample"] for each in fields(cls) if whole or each.default is MISSING
        })  # fmt: skip

    @classmethod
    def meanings(cls) -> dict[str, str]:
        """What each field means, for whoever writes a template."""
        return {each.name: each.metadata["meaning"] for each in fields(cls)}

    @classmethod
    def file_name(cls, data: Mapping[str, Any]) -> str:
        """What its files are called on her phone, without the ending."""
        return re.sub(r"[^\w.\- ]", "", f"{cls.title} {data.get(cls.qr, '')}").strip()

    def data(self) -> dict[str, Any]:
        """What the template gets, as JSON values; `cls(**data)` makes the same letter again."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def _problems(told: Mapping[str, Any], clean: str | tuple[str, ...]) -> list[str]:
    name, found = told["meaning"], (clean,) if isinstance(clean, str) else clean
    if told["needed"] and not any(found):
        return [f"Thiếu “{name}”."]
    problems = []
    if len(found) > told.get("count", 1):
        problems.append(f"“{name}” có {len(found)} dòng, nhiều nhất là {told['count']}.")
    if longest := max((len(each) for each in found if len(each) > told["most"]), default=0):
        problems.append(f"“{name}” dài {longest} chữ cái, nhiều nhất là {told['most']}.")
    if odd := sorted({sign for each in found for sign in _UNDRAWN.findall(each.replace("\n", " "))}):
        problems.append(f"“{name}” có chữ không in được: {' '.join(f'U+{ord(sign):04X}' for sign in odd[:5])}.")
    return problems


def _list(given: object) -> tuple[str, ...]:
    return tuple(filter(None, map(_clean, given))) if isinstance(given, list | tuple) else ()


def drawable(given: str) -> str:
    """The same words with "(?)" for each sign that cannot be printed: what somebody wrote must not keep a file back."""
    return "".join("(?)" if _UNDRAWN.match(sign) and not sign.isspace() else sign for sign in _clean(given))


def _clean(given: object) -> str:
    """NFC, one space between words, emoji left out; the lines of an address stay lines."""
    if not isinstance(given, str):
        return ""
    kept = "".join(
        sign for sign in nfc(given) if not (_UNDRAWN.match(sign) and unicodedata.category(sign) in _DECORATION)
        or sign.isspace()
    )  # fmt: skip
    return "\n".join(filter(None, (" ".join(line.split()) for line in kept.splitlines())))
