"""The phrase table: what people say for each intent, as rows a clerk can read and add to.

Columns: Việc (the intent), Cụm từ (the words), Mức (how sure), Trừ khi (not with these words), Nói về (the procedure).
In a phrase `a/b` are alternatives, `nhà_văn_hóa` is one alternative of several words, `…` stands for up to seven other
words, `<giấy>` for the words of a group, `cống!` for a word that only counts with just these accents. Two kinds of rows
are no intents: "nhóm từ" (`giấy = khai sinh/kết hôn`) and "viết tắt" (`hs = hồ sơ`). A commune's own rows come after
the built-in ones; a bad row is left out with a sentence that says why, the good ones count.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from io import StringIO
from itertools import chain

from messages.fold import fold, nfc
from messages.understanding.keys import Shape, several, shape, written

INTENTS: Mapping[str, str] = {
    "lookup": "tra cứu hồ sơ",
    "report": "phản ánh",
    "complaint": "khiếu nại",
    "accusation": "tố cáo",
    "procedure": "hỏi thủ tục",
    "booking": "đặt lịch hẹn",
    "hours": "giờ làm việc",
    "where": "địa chỉ",
    "parking": "chỗ để xe",
    "wifi": "wifi",
    "photocopier": "máy photo",
    "waiting-room": "chỗ ngồi chờ",
    "phones": "số điện thoại",
    "reception": "lịch tiếp công dân",
    "rules": "nội quy tiếp công dân",
    "payment": "cách nộp tiền",
    "person": "gặp cán bộ",
    "survey": "đánh giá",
    "notices": "thông báo thôn",
    "cancel": "thôi không làm",
    "back": "quay lại",
    "stop": "dừng nhận tin",
    "erase": "xóa thông tin",
    "my-data": "thông tin cá nhân",
    "not-me": "nhầm người",
    "genuine": "thật hay giả",
    "scam": "sợ lừa đảo",
    "language": "tiếng nói khác",
    "help": "trợ giúp",
    "greeting": "chào hỏi",
    "thanks": "cảm ơn",
    "playful": "lời đùa",
    "abusive": "lời nặng",
    "emergency": "khẩn cấp",
}
"""Every intent, and its name in the table."""

GROUP, SHORT = "nhóm từ", "viết tắt"
STRENGTHS: Mapping[str, int] = {"cả câu": 4, "chắc": 3, "thường": 2, "hỏi lại": 1}
"""How sure a phrase is: as a whole sentence only; leads; leads when nothing surer stands near; is only asked about."""
COLUMNS = ("Việc", "Cụm từ", "Mức", "Trừ khi", "Nói về")
GAP = "…"
MOST_WORDS = 12

COMMON = frozenset(
    several(
        "a ad anh ba bac ban bi cac cai can cau chau chi chinh cho chu chua co con cua cung da dang dau de den di "
        "do duoc em gi hay het hoi khi khong la lam may minh moi mot muon nao nay ngay nhe nhieu nhu noi nua o ong "
        "qua ra rat roi sao se tai the thi thoi toi tren tu va vay ve viec voi xa xin"
    )
)
"""Words that alone mean nothing in particular."""


@dataclass(frozen=True, slots=True)
class Meant:
    """A word of a phrase. `accented`: it only counts when it is written just so ("cống!")."""

    shape: Shape
    accented: bool = False

    @property
    def bare(self) -> str:
        return self.shape.bare


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """One place of a phrase: its alternatives of one or more words by the letters they begin with, the longest first.

    `gap`: whether other words may stand before it.
    """

    beginning: Mapping[str, tuple[tuple[Meant, ...], ...]]
    gap: bool

    @property
    def alternatives(self) -> Iterator[tuple[Meant, ...]]:
        return chain.from_iterable(self.beginning.values())


@dataclass(frozen=True, eq=False)
class Phrase:
    """One row. `intents`: several when the row only ever leads to a question. `unless`: phrases that make it void."""

    intents: tuple[str, ...]
    words: str
    strength: int
    elements: tuple[Element, ...]
    unless: tuple[tuple[Element, ...], ...] = ()
    about: str = ""
    line: int = 0
    own: bool = False

    @property
    def example(self) -> str:
        """The phrase with the first of its alternatives, as somebody may write it."""
        return " ".join(written(word.shape) for element in self.elements for word in next(element.alternatives))


@dataclass(frozen=True)
class Problem:
    """What is wrong with a line, in Vietnamese. `used`: whether the line counts all the same."""

    line: int
    sentence: str
    used: bool = False

    def __str__(self) -> str:
        return f"Dòng {self.line}: {self.sentence}"


@dataclass
class Table:
    """Phrases by the first word each can begin with, and short forms by their words."""

    phrases: list[Phrase] = field(default_factory=list)
    short: dict[tuple[str, ...], str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)

    @cached_property
    def by_first(self) -> dict[str, list[Phrase]]:
        found: dict[str, list[Phrase]] = {}
        for phrase in self.phrases:
            for first in phrase.elements[0].beginning:
                found.setdefault(first, []).append(phrase)
        return found

    @cached_property
    def vocabulary(self) -> dict[str, list[Shape]]:
        """Every word of every phrase, by its bare letters."""
        found: dict[str, list[Shape]] = {}
        words = (
            word
            for phrase in self.phrases
            for part in (phrase.elements, *phrase.unless)
            for element in part
            for words in element.alternatives
            for word in words
        )
        for word in dict.fromkeys(words):
            found.setdefault(word.bare, []).append(word.shape)
        return found

    @cached_property
    def letters(self) -> list[str]:
        """The words of the vocabulary without accents."""
        return list(self.vocabulary)

    @cached_property
    def spelt(self) -> frozenset[Shape]:
        """Every word as the table spells it: "tôi" is one of them, so it is no "tối" without its tone."""
        return frozenset(word for words in self.vocabulary.values() for word in words)

    @cached_property
    def longest_short(self) -> int:
        return max(map(len, self.short), default=0)

    def index(self) -> None:
        """Make what is made from the phrases now, instead of when the first message is read."""
        for name in _INDEXES:
            getattr(self, name)

    def copy(self) -> "Table":
        return Table(list(self.phrases), dict(self.short), dict(self.groups))


_INDEXES = ("by_first", "vocabulary", "letters", "spelt", "longest_short")


@cache
def built_in() -> Table:
    """The table that comes with the program."""
    text = files(__package__).joinpath("phrases.csv").read_text("utf-8")
    rows = [(number, dict(row)) for number, row in enumerate(csv.DictReader(StringIO(text)), 2)]
    table = Table()
    problems = extend(table, rows, own=False)
    if problems:
        raise ValueError("\n".join(map(str, problems)))
    return table


def extend(table: Table, rows: Iterable[tuple[int, Mapping[str, object]]], *, own: bool = True) -> list[Problem]:
    """Add rows (line number, cells by column) to a table; what could not be used, or looks wrong."""
    problems: list[Problem] = []
    seen = {_key(phrase.words): phrase for phrase in table.phrases}
    for line, cells in rows:
        given = {name: " ".join(nfc(str(cells.get(name) or "")).split()) for name in COLUMNS}
        try:
            phrase = _read(table, line, given, own)
            if phrase is not None:
                _check_new(phrase, seen)
        except _Bad as bad:
            problems.append(Problem(line, str(bad)))
            continue
        if phrase is not None:
            seen[_key(phrase.words)] = phrase
            table.phrases.append(phrase)
    for name in _INDEXES:
        table.__dict__.pop(name, None)
    return problems


class _Bad(Exception):
    """A row that cannot be used; the text says why."""


def _read(table: Table, line: int, given: Mapping[str, str], own: bool) -> Phrase | None:
    kind, words = fold(given["Việc"]), given["Cụm từ"].replace("...", GAP)
    if not kind:
        raise _Bad("chưa ghi việc ở cột “Việc”.")
    if not fold(words):
        raise _Bad("cột “Cụm từ” còn trống.")
    if kind in (fold(GROUP), fold(SHORT)):
        _define(table, kind, words)
        return None
    intents = tuple(dict.fromkeys(_intent(name) for name in given["Việc"].split("/")))
    strength = _strength(given["Mức"])
    if len(intents) > 1 and strength != STRENGTHS["hỏi lại"]:
        raise _Bad("ghi nhiều việc thì mức phải là “hỏi lại”.")
    elements = _elements(words, table.groups)
    if own:
        _check_long_enough(elements, words, strength)
    unless = tuple(_elements(each, table.groups) for each in given["Trừ khi"].split(";") if fold(each))
    return Phrase(intents, words, strength, elements, unless, given["Nói về"], line, own)


def _define(table: Table, kind: str, words: str) -> None:
    name, equals, meaning = (part.strip() for part in words.partition("="))
    if not equals or not fold(name) or not fold(meaning):
        raise _Bad("cần ghi dạng “hs = hồ sơ”.")
    if kind == fold(GROUP):
        table.groups[fold(name)] = "/".join(part.strip().replace(" ", "_") for part in meaning.split("/"))
    else:
        table.short[tuple(re.findall(r"[^\W_]+", name.casefold()))] = meaning


def _intent(name: str) -> str:
    bare = fold(name)
    for intent, title in INTENTS.items():
        if bare in (fold(intent), fold(title)):
            return intent
    raise _Bad(f"không có việc nào tên “{name.strip()}”. Các việc có: {', '.join(INTENTS.values())}.")


def _strength(name: str) -> int:
    for known, strength in STRENGTHS.items():
        if fold(name or "chắc") == fold(known):
            return strength
    raise _Bad(f"không có mức “{name}”. Các mức có: {', '.join(STRENGTHS)}.")


def _elements(words: str, groups: Mapping[str, str]) -> tuple[Element, ...]:
    elements: list[Element] = []
    gap = False
    for part in _ungrouped(words, groups).replace(GAP, f" {GAP} ").split():
        if part == GAP:
            gap = bool(elements)
            continue
        alternatives = {
            tuple(Meant(shape(word), "!" in each) for word in re.findall(r"[^\W_]+", each.casefold())): None
            for each in part.split("/")
            if fold(each)
        }
        if alternatives:
            beginning: dict[str, tuple[tuple[Meant, ...], ...]] = {}
            for each in sorted(alternatives, key=len, reverse=True):
                beginning[each[0].bare] = (*beginning.get(each[0].bare, ()), each)
            elements.append(Element(beginning, gap))
            gap = False
    if not elements:
        raise _Bad("cột “Cụm từ” không có chữ nào.")
    if len(elements) > MOST_WORDS:
        raise _Bad(f"cụm từ dài quá {MOST_WORDS} chữ; xin ghi phần chính.")
    return tuple(elements)


def _ungrouped(phrase: str, groups: Mapping[str, str]) -> str:
    def words(found: re.Match[str]) -> str:
        name = fold(found[1])
        if name not in groups:
            raise _Bad(f"không có nhóm từ “{found[1]}”.")
        return groups[name]

    return re.sub(r"<([^<>]+)>", words, phrase)


def _check_long_enough(elements: tuple[Element, ...], words: str, strength: int) -> None:
    if strength == STRENGTHS["cả câu"]:
        return
    bare = [word.bare for element in elements for word in next(element.alternatives)]
    if all(word in COMMON for word in bare):
        raise _Bad(f"“{words}” chỉ gồm chữ quá thông dụng; xin thêm chữ, hoặc ghi mức “cả câu”.")
    if len(bare) < 2 and (len(bare[0]) < 5 or bare[0].isascii()):
        raise _Bad(f"“{words}” quá ngắn; xin ghi ít nhất hai chữ, hoặc ghi mức “cả câu”.")


def _check_new(phrase: Phrase, seen: Mapping[str, Phrase]) -> None:
    before = seen.get(_key(phrase.words))
    if before is None:
        return
    where = "trong bảng có sẵn" if phrase.own and not before.own else f"ở dòng {before.line}"
    if before.intents != phrase.intents:
        title = " / ".join(INTENTS[each] for each in before.intents)
        raise _Bad(f"“{phrase.words}” đã có {where} cho việc khác: {title}.")
    if (before.strength, before.about) == (phrase.strength, phrase.about):
        raise _Bad(f"“{phrase.words}” đã có {where}.")


def _key(words: str) -> str:
    return " ".join(words.casefold().split())
