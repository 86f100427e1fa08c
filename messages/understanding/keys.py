"""Words as they were meant: the shape of a word, and what Telex and VNI keys leave behind when nothing composes them.

"hoof sow" and "ho62 so7" are "hồ sơ". A token is undone only when it is no Vietnamese syllable as it stands and one
afterwards, so that "xoong", "facebook", names and codes stay as they are; English words that would become syllables
("test", "max") are listed. Keys: unikey.org's Telex and VNI tables.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import product


def several(words: str) -> tuple[str, ...]:
    """The words of a line, for lists that are easier to read without quotes."""
    return tuple(words.split())


_ONSETS = several("b c ch d g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x")
_RIMES = several(
    "a ac ach ai am an ang anh ao ap at au ay e ec ech em en eng enh eo ep et eu i ia ich iec iem ien ieng iep iet ieu "
    "im in inh ip it iu o oa oac oach oai oam oan oang oanh oao oap oat oay oc oe oem oen oeo oet oi om on ong "
    "op ot u ua uan uang uat uay uc ue uech uenh ui um un ung uo uoc uoi uom uon uong uop uot uou up ut uu uy uya uych "
    "uyen uyet uynh uyp uyt uyu y yem yen yeng yet yeu"
)
_SYLLABLES = frozenset(onset + rime for onset, rime in product(("", *_ONSETS), _RIMES) if onset or len(rime) < 5)

AS_THEY_ARE = frozenset(
    several(
        "test as is us was his has this bus gas box tax max fix mix six pos ox now new how low show wow or for her "
        "sos car bar ear sir war fur law saw raw paw jaw dow cow row tow vow boss less plus yes list host most post "
        "cost fast last best rest next text first app ios mes mas das los las ass dos nas pas bos tor mar nor dr mr "
        "ms mrs hihi haha hehe hoho huhu hjhj kaka kkk xoong boong goong coong toong mooc sooc"
    )
)
"""Neither Telex, slips nor words run together, although they look like it ("oong" is Telex for "ông" but in these)."""

_TONES = {"\u0301": "s", "\u0300": "f", "\u0309": "r", "\u0303": "x", "\u0323": "j"}
_TONE_MARKS = {key: mark for mark, key in _TONES.items()}
_QUALITIES = {"\u0302": "^", "\u0306": "(", "\u031b": "+"}
_QUALITY_MARKS = {sign: mark for mark, sign in _QUALITIES.items()}
_VNI_TONES = dict(zip("12345", "sfrxj", strict=True))
_VOWELS = frozenset("aeiouy")
_DOUBLED = re.compile(r"^([bcghklmnpqrstvx])\1(?=[a-z])")
"""A first letter pressed twice by mistake."""
_SMALL_Y = re.compile(r"(?<=[hklmnstv])y$")


@dataclass(frozen=True, slots=True)
class Shape:
    """A word taken apart: bare letters, for each letter its mark ("^", "(", "+", "-" for đ, " " for none), its tone.

    "kỹ" and "kĩ", "hòa" and "hoà" have one shape. `tone` is a Telex key or "".
    """

    bare: str
    marks: str
    tone: str

    @property
    def plain(self) -> bool:
        """Whether it was written without any accent."""
        return not self.tone and not self.marks.strip()


def shape(word: str) -> Shape:
    """The shape of a lower-case word in any encoding."""
    if word.isascii():
        return Shape(_SMALL_Y.sub("i", word), " " * len(word), "")
    letters: list[str] = []
    marks: list[str] = []
    tone = ""
    for sign in unicodedata.normalize("NFD", word):
        if sign in _TONES:
            tone = _TONES[sign]
        elif sign in _QUALITIES and marks:
            marks[-1] = _QUALITIES[sign]
        elif sign == "đ":
            letters.append("d")
            marks.append("-")
        elif unicodedata.category(sign) != "Mn":
            letters.append(sign)
            marks.append(" ")
    return Shape(_SMALL_Y.sub("i", "".join(letters)), "".join(marks), tone)


def same(said: Shape, meant: Shape) -> bool:
    """Whether it may be that word: accents may be missing, and hỏi may stand for ngã, but none may differ."""
    if said.bare != meant.bare:
        return False
    if said.plain:
        return True
    tones = {said.tone, meant.tone}
    if said.tone and len(tones) > 1 and tones != {"r", "x"}:
        return False
    return all(mine in (" ", theirs) for mine, theirs in zip(said.marks, meant.marks, strict=True))


def is_syllable(bare: str) -> bool:
    """Whether bare letters are one Vietnamese syllable."""
    return bare in _SYLLABLES


def meant(token: str) -> str:
    """A small-letter word without the keys left in it, and then without accents; any other word as it is."""
    if not token.isascii() or token in _SYLLABLES:
        return token
    undone = undo(token)
    return shape(undone[0]).bare if undone else token


def undo(token: str) -> tuple[str, str] | None:
    """(the word, "Telex" or "VNI") when a token holds keys that were not composed; None when it is a word as it is."""
    token = _DOUBLED.sub(r"\1", token)
    if len(token) < 2 or len(token) > 11 or token in AS_THEY_ARE or is_syllable(shape(token).bare):
        return None
    if token.isalpha():
        return _undo(token, "Telex")
    if token[0].isalpha() and re.fullmatch(r"[^\W\d_]+\d[^\W_]*", token) and sum(map(str.isdecimal, token)) <= 4:
        return _undo(token, "VNI")
    return None


def _undo(token: str, method: str) -> tuple[str, str] | None:
    before = shape(token)
    letters: list[str] = []
    marks: list[str] = []
    tone = before.tone
    press = _telex if method == "Telex" else _vni
    for letter, mark in zip(before.bare, before.marks, strict=True):
        new_tone = press(letter, letters, marks)
        if new_tone is None:
            letters.append(letter)
            marks.append(mark)
        elif new_tone:
            tone = new_tone
    after = Shape("".join(letters), "".join(marks), tone)
    if len(after.bare) < 2 or len(after.bare) == len(token) or not is_syllable(_SMALL_Y.sub("i", after.bare)):
        return None
    return written(after), method


def _telex(key: str, letters: list[str], marks: list[str]) -> str | None:
    """Press a key: the tone it sets, "" when it only marked a letter, None when it is a letter of its own."""
    vowel = any(letter in _VOWELS for letter in letters)
    if key in "sfrxj" and vowel:
        return key
    if key == "d" and letters[:1] == ["d"] and marks[0] == " ":
        marks[0] = "-"
        return ""
    if key in "aeo" and _mark(key, "^", letters, marks):
        return ""
    if key == "w":
        breve = "".join(letters[-2:]) != "ua" or letters[0] == "q"
        order = (("a", "("), ("o", "+"), ("u", "+")) if breve else (("u", "+"), ("a", "("))
        if any(_mark(letter, sign, letters, marks) for letter, sign in order):
            return ""
        if letters[-1:] == ["q"]:
            return None
        letters.append("u")
        marks.append("+")
        return ""
    return None


def _vni(key: str, letters: list[str], marks: list[str]) -> str | None:
    if key in _VNI_TONES and any(letter in _VOWELS for letter in letters):
        return _VNI_TONES[key]
    done = {
        "6": lambda: any(_mark(letter, "^", letters, marks) for letter in "aeo"),
        "7": lambda: _mark("o", "+", letters, marks) or _mark("u", "+", letters, marks),
        "8": lambda: _mark("a", "(", letters, marks),
        "9": lambda: _mark("d", "-", letters, marks),
    }
    return "" if key in done and done[key]() else None


def _mark(letter: str, sign: str, letters: list[str], marks: list[str]) -> bool:
    """Mark the last such letter that has none yet; "uo" becomes "ươ" with one key."""
    for at in range(len(letters) - 1, -1, -1):
        if letters[at] == letter and marks[at] == " ":
            marks[at] = sign
            if letter == "o" and sign == "+" and at and letters[at - 1] == "u" and letters[:1] != ["q"]:
                marks[at - 1] = "+"
            return True
    return False


def written(word: Shape) -> str:
    """A shape as one writes it; the tone stands where the school puts it."""
    signs = [
        "đ" if mark == "-" else letter + _QUALITY_MARKS.get(mark, "")
        for letter, mark in zip(word.bare, word.marks, strict=True)
    ]
    if word.tone and not _VOWELS.isdisjoint(word.bare):
        signs[_bearer(word)] += _TONE_MARKS[word.tone]
    return unicodedata.normalize("NFC", "".join(signs))


def _bearer(word: Shape) -> int:
    """The letter under the tone: the last with a mark, else the last vowel before a consonant, else the one before."""
    skip = 2 if word.bare[:2] in ("qu", "gi") and len(word.bare) > 2 and word.bare[2] in _VOWELS else 0
    vowels = [at for at, letter in enumerate(word.bare) if letter in _VOWELS and at >= skip]
    marked = [at for at in vowels if word.marks[at] != " "]
    if marked:
        return marked[-1]
    if len(vowels) > 1 and word.bare[-1] in _VOWELS:
        return vowels[-2]
    return vowels[-1]
