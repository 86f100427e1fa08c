"""Vietnamese text made comparable: repaired spelling for the record (`nfc`), bare words for matching (`fold`).

Phones send NFD, some keyboards put the circumflex after the tone, many people type without accents, and the same word
is written hòa or hoà. Tables instead of libraries: one `str.translate` is faster than Unidecode or anyascii, which the
tests compare with. Nothing here ever raises for odd text: lone surrogates, NUL, broken emoji.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

_TONES = "\u0300\u0301\u0303\u0309"
# Circumflex, breve and tones share combining class 230, so normalising does not mend "e + acute + circumflex".
_WRONG_ORDER = re.compile(f"(?<=[aAeEoO])(\u0323?)([{_TONES}])([\u0302\u0306])")
# Zero-width spaces, soft hyphen, direction marks and overrides, byte order mark; then what no database takes.
_UNSEEN = (
    "\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff"
)
_INVISIBLE = re.compile(f"[{_UNSEEN}]")
_TO_MEND = re.compile(f"[{_UNSEEN}\u0300-\u036f\u200dÐ]")  # without any of these, text in NFC is as it should be
_JOINER_IN_WORD = re.compile("(?:(?<=\\w)|^)\u200d+")  # between emoji the joiner makes one family of three people: kept
_POLITE = frozenset({"a", "da", "nhe", "nha", "oi", "voi", "vang", "thua"})
_TOO_COMMON = frozenset({"co", "khong", "khac", "dung", "xa", "thon"})  # alone in a sentence these choose nothing
_ALL_TONES = re.compile(f"[{_TONES}\u0323]")


def nfc(text: str) -> str:
    """The same words as she spelt them, in one encoding: marks in order, NFC, Ð (U+00D0) as Đ, nothing invisible."""
    if unicodedata.is_normalized("NFC", text) and not _TO_MEND.search(text):
        return text
    text = _JOINER_IN_WORD.sub("", _INVISIBLE.sub("", text))
    text = unicodedata.normalize("NFD", text).replace("Ð", "Đ")
    before = None
    while before != text:
        before, text = text, _WRONG_ORDER.sub(r"\1\3\2", text)
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Bare lower-case words, one space between: no accents, đ as d, punctuation and emoji as spaces."""
    return " ".join(text.translate(_TABLE).split())


def match(text: str, labels: Iterable[str]) -> list[int]:
    """Indexes of the labels that `text` may mean: the best kind of match that any label has; [] when none has one.

    Kinds, best first: the same with accents; without; without "dạ", "ạ"; a beginning; all words of one in the other.
    """
    words = [(label, fold(label)) for label in labels]
    bare = fold(text)
    if not bare:
        return []
    accented = _accented(text)
    asked = bare.split()
    blunt = " ".join(word for word in asked if word not in _POLITE)
    kinds: tuple[Callable[[str, str], bool], ...] = (
        lambda label, folded: folded == bare and _accented(label) == accented,
        lambda label, folded: folded == bare,
        lambda label, folded: folded != "" and folded == blunt,
        lambda label, folded: _begins(folded, bare),
        lambda label, folded: _within(asked, folded.split()) or _stands_in(folded, bare),
    )
    for kind in kinds:
        found = [index for index, (label, folded) in enumerate(words) if kind(label, folded)]
        if found:
            return found
    return []


def choose(text: str, labels: Sequence[str]) -> int | tuple[int, ...] | None:
    """The one label meant; or the several that could be, to ask which; or None."""
    found = match(text, labels)
    return found[0] if len(found) == 1 else tuple(found) or None


def _begins(folded: str, bare: str) -> bool:
    return folded.startswith(bare) and (len(bare) > 2 or folded[len(bare) : len(bare) + 1] in {"", " "})


def _within(some: list[str], all_: list[str]) -> bool:
    return all(word in all_ for word in some)


def _stands_in(folded: str, bare: str) -> bool:
    return folded != "" and folded not in _TOO_COMMON and f" {folded} " in f" {bare} "


def _accented(text: str) -> str:
    """Accents kept but the tone moved to the end of its word, so that hòa and hoà are one."""
    words = unicodedata.normalize("NFD", nfc(text).casefold()).split()
    return " ".join(_ALL_TONES.sub("", word) + "".join(_ALL_TONES.findall(word)) for word in words)


def _folded_character(character: str) -> str:
    if _INVISIBLE.match(character) or unicodedata.category(character) in {"Cf", "Mn", "Me"}:
        return ""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(_bare_letter(part) for part in plain)


def _bare_letter(part: str) -> str:
    if unicodedata.category(part) in {"Mn", "Me", "Cf"}:
        return ""
    if part in "đðø":
        return "o" if part == "ø" else "d"
    return part if part.isalnum() else " "


class _Table(dict[int, str]):
    """Rare characters are folded when met and not kept: a flood of odd text must not grow the table."""

    def __missing__(self, code: int) -> str:
        return _folded_character(chr(code))


_TABLE = _Table({code: _folded_character(chr(code)) for code in (*range(0x0370), *range(0x1E00, 0x2070))})
