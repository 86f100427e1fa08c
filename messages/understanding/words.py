"""A text as words: abbreviations written out, keys composed, slips of the finger mended, each with the reason why.

Nothing is guessed that can be read as it stands: a token that is a Vietnamese syllable or a word of the table is only
changed when a list of short forms says so.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from rapidfuzz import process
from rapidfuzz.distance import OSA

from messages.fold import fold, nfc
from messages.understanding.keys import AS_THEY_ARE, Shape, is_syllable, shape, undo, written
from messages.understanding.table import Table

MOST = 1500
"""Words of a message that are read; 5,000 characters have about 1,100, at most 1,400."""
ACCENTED = 0.35
"""Share of accented words from which on "ban" is no "bẩn", since the writer sets accents; in print it is 0.7."""
MOST_MENDED = 40
"""Slips that are looked up in the vocabulary; a flood of nonsense costs no more than that."""
_TOKEN = re.compile(r"(?P<word>[^\W_]+)|(?P<hard>[.?!;\n…]+)|(?P<soft>,|:|\+|&)")
_NUMBER_DOT = re.compile(r"(?<=\d)[.:,](?=\d)")
_STRETCHED = re.compile(r"([^\W\d])\1{2,}")
_LETTER_BY_LETTER = re.compile(r"(?<![^\W_])[^\W\d_](?:[.*\-][^\W\d_])+(?![^\W_])")
_SOFT_WORDS = frozenset({"va", "voi lai", "ngoai ra", "tien the", "nhan tien", "hoi luon", "hoi them", "dong thoi"})
"""Words between two matters; a part ends before them as at a comma."""
_ONSETS = (
    ("l", "n"),
    ("s", "x"),
    ("ch", "tr"),
    ("d", "gi"),
    ("d", "r"),
    ("gi", "r"),
    ("v", "d"),
    ("gi", "d"),
    ("qu", "u"),
)
"""First letters that regions say alike: "nàm" is làm, "sử lý" is xử lý, "chả" is trả."""


@dataclass(slots=True, eq=False)
class Word:
    """A word as understood. `sentence`, `part`: which sentence and which part between commas it stands in.

    `certain`: it stands in the table just so; it is no other word with an accent left out.
    """

    said: str
    shape: Shape
    sentence: int
    part: int
    how: str = ""
    certain: bool = False

    @property
    def bare(self) -> str:
        return self.shape.bare


def read(text: str, table: Table) -> list[Word]:
    """The words of a text in order, at most MOST of them."""
    words: list[Word] = []
    sentence = part = 0
    for found in _TOKEN.finditer(typed(text)):
        if found.lastgroup == "word":
            said = found[0] if (found[0],) in table.short else _STRETCHED.sub(r"\1", found[0])
            words.append(Word(said, shape(said), sentence, part))
            if len(words) >= MOST:
                break
        else:
            part += 1
            sentence += found.lastgroup == "hard"
    return _parted(_mended(_written_out(words, table), table), table.spelt)


def _parted(words: list[Word], spelt: Collection[Shape]) -> list[Word]:
    """The words in their parts, and which of them are certain."""
    more = 0
    hers = [word for word in words if not word.how]
    accents = sum(not word.shape.plain for word in hers) > len(hers) * ACCENTED
    for at, word in enumerate(words):
        pair = f"{word.bare} {words[at + 1].bare}" if at + 1 < len(words) else ""
        more += word.bare in _SOFT_WORDS or pair in _SOFT_WORDS
        word.part += more
        word.certain = not word.how and (accents or not word.shape.plain) and word.shape in spelt
    return words


def typed(text: str) -> str:
    """The text in small letters, in one encoding; "t.ố c.á.o", written so to slip through, as "tố cáo"."""
    text = _NUMBER_DOT.sub("", nfc(text).casefold())
    return _LETTER_BY_LETTER.sub(lambda found: re.sub(r"[.*\-]", "", found[0]), text)


def _written_out(words: list[Word], table: Table) -> list[Word]:
    """Short forms replaced by what they stand for, the longest first."""
    result: list[Word] = []
    at = 0
    while at < len(words):
        for length in range(min(table.longest_short, len(words) - at), 0, -1):
            said = tuple(word.said for word in words[at : at + length])
            if said in table.short and words[at].sentence == words[at + length - 1].sentence:
                how = f"viết tắt: {' '.join(said)} là {table.short[said]}"
                result += [
                    replace(words[at], said=" ".join(said), shape=shape(each), how=how)
                    for each in table.short[said].casefold().split()
                ]
                at += length
                break
        else:
            result += _hour(words[at])
            at += 1
    return result


def _hour(word: Word) -> Iterator[Word]:
    """8h30 is "8 giờ 30"; thon2 is "thon 2"."""
    if hour := re.fullmatch(r"(\d{1,2})(h|g)(\d{0,2})", word.said):
        for each in filter(None, (hour[1], "giờ", hour[3])):
            yield replace(word, shape=shape(each), how=f"viết tắt: {word.said}")
    elif place := re.fullmatch(r"(thon|thôn|xom|xóm|tổ|khu|bản|kp)(\d{1,2})", word.said):
        for each in place.groups():
            yield replace(word, shape=shape(each))
    else:
        yield word


def _mended(words: list[Word], table: Table) -> list[Word]:
    result: list[Word] = []
    left = MOST_MENDED
    for word in words:
        if word.how or word.bare in table.vocabulary or word.said in AS_THEY_ARE or word.bare.isdecimal():
            result.append(_regional(word, table) if not word.how else word)
            continue
        if undone := undo(word.said):
            # Whoever leaves keys behind leaves some out too: only the letters count.
            result.append(replace(word, shape=shape(fold(undone[0])), how=f"{undone[1]}: {word.said} là {undone[0]}"))
        elif is_syllable(word.bare):
            result.append(_regional(word, table))
        elif parts := _taken_apart(word.bare, table):
            how = f"viết liền: {word.said} là {' '.join(parts)}"
            result += [replace(word, shape=shape(each), how=how) for each in parts]
        elif left and (meant := _near(word.bare, table)):
            result.append(replace(word, shape=shape(meant), how=f"gõ sai: {word.said} là {meant}"))
        else:
            result.append(word)
            left -= left > 0
    return result


def _regional(word: Word, table: Table) -> Word:
    """A word whose first letter a region says otherwise, when only the other spelling is in the table."""
    known = table.vocabulary.get(word.bare, ())
    if word.shape.plain or word.shape in known:
        return word
    for one, other in (*_ONSETS, *((b, a) for a, b in _ONSETS)):
        if not word.bare.startswith(one):
            continue
        bare, marks = other + word.bare[len(one) :], " " * len(other) + word.shape.marks[len(one) :]
        for each in table.vocabulary.get(bare, ()):
            if each.tone == word.shape.tone and each.marks[len(other) :] == marks[len(other) :]:
                return replace(word, shape=each, how=f"tiếng địa phương: {word.said} là {written(each)}")
    return word


def _taken_apart(bare: str, table: Table) -> list[str]:
    """hosoxongchua is "ho so xong chua", when every part is a word of the table."""
    if not 4 <= len(bare) <= 30 or not bare.isalpha():
        return []
    best: list[list[str] | None] = [[], *[None] * len(bare)]
    for end in range(2, len(bare) + 1):
        for start in range(max(0, end - 7), end - 1):
            before = best[start]
            if before is not None and bare[start:end] in table.vocabulary:
                now = best[end]
                if now is None or len(before) + 1 < len(now):
                    best[end] = [*before, bare[start:end]]
    return best[-1] or []


def _near(bare: str, table: Table) -> str | None:
    """The one word of the table that is a slip away: a letter more, less, other, or two swapped."""
    if not 3 <= len(bare) <= 9 or not bare.isalpha():
        return None
    near = process.extract(bare, table.letters, scorer=OSA.distance, score_cutoff=1, limit=3)
    best = [each for each, _distance, _at in near if len(each) > 2 and each[0] == bare[0]]
    return best[0] if len(best) == 1 else None
