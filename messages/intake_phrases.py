"""Phrases that weigh, and words spelt one way so that lists can be compared with what people write."""

import re
from functools import lru_cache

from messages.fold import fold, nfc
from messages.gates import Hit, Lexicon
from messages.understanding.keys import meant, shape, written

_WORD = re.compile(r"\w+")
SURE, HINT, WEAK = 3, 2, 1


class Said:
    """A text as its words: spelt one way, without accents, and where each stands in the text."""

    def __init__(self, text: str) -> None:
        found = list(_WORD.finditer(text))
        self.text = text
        self.spans = [hit.span() for hit in found]
        self.words = tuple(spelt(hit[0].casefold()) for hit in found)
        self.bare = tuple(map(fold, self.words))

    def hits(self, lexicon: Lexicon) -> list[Hit]:
        """Where phrases of a list stand."""
        return lexicon.hits(self.words, self.bare)

    @property
    def accented(self) -> bool:
        """Whether she sets accents at all."""
        return any(not word.isascii() for word in self.words)


class Phrases:
    """A list whose phrases weigh: several words most, one word less, one without its accent or marked ? least."""

    def __init__(self, listed: str) -> None:
        marked = re.split(r",\s*", listed.strip())
        self._lexicon = lexicon(", ".join(each.rstrip("!?") for each in marked))
        self._exact = {_spelt(each.rstrip("!")) for each in marked if each.endswith("!")}
        self._weak = {_spelt(each.rstrip("?")) for each in marked if each.endswith("?")}

    def hits(self, said: Said) -> list[tuple[Hit, int]]:
        """What stands in a text, and what it weighs."""
        found = said.hits(self._lexicon)
        return [(hit, self._weight(hit)) for hit in found if hit.exact or hit.phrase not in self._exact]

    def _weight(self, hit: Hit) -> int:
        if hit.phrase in self._weak:
            return WEAK
        if len(hit.phrase) > 1:
            return SURE
        return HINT if hit.exact else WEAK


def lexicon(phrases: str) -> Lexicon:
    """A list of phrases, spelt as texts are."""
    return Lexicon(re.sub(r"\w+", lambda hit: spelt(hit[0]), nfc(phrases)))


def _spelt(phrase: str) -> tuple[str, ...]:
    return tuple(spelt(word) for word in nfc(phrase).split())


@lru_cache(maxsize=4096)
def spelt(word: str) -> str:
    """A small-letter word without keys left in it, its tone where the school puts it: "hoà" is "hòa", "kỹ" is "kĩ"."""
    return written(shape(meant(word)))
