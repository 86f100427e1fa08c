"""The catalogs: every message has its Vietnamese, written as one speaks to a neighbour."""

import re
import string

import pytest
from babel.messages.pofile import read_po

from messages.render import LOCALE, Catalogs
from tests.catalogs import said


def test_the_vietnamese_catalog_is_complete() -> None:
    """There is no message without its Vietnamese."""
    catalogs = Catalogs()
    assert sorted(each for each in said() if not catalogs.has(each, "vi")) == []


def test_the_english_catalog_lists_every_message() -> None:
    """The English catalog holds every message too, so that a translator finds them all."""
    catalogs = Catalogs()
    assert sorted(each for each in said() if not catalogs.has(each, "en")) == []


def test_no_catalog_keeps_what_nobody_says_any_more() -> None:
    """Words that no code uses have been taken out of the catalogs."""
    words = Catalogs()._words
    assert sorted((language, each) for language in words for each in words[language] if each not in said()) == []


def test_no_message_is_translated_twice() -> None:
    """Each message has its Vietnamese in one file only."""
    found: list[str] = []
    for file in (LOCALE / "vi" / "LC_MESSAGES").glob("*.po"):
        with file.open("rb") as stream:
            found += [str(message.id) for message in read_po(stream) if message.id]
    assert sorted({each for each in found if found.count(each) > 1}) == []


def places(pattern: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(pattern) if name}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_translations_have_the_same_places(language: str) -> None:
    """A translation fills only places its message has; leaving one out is allowed nowhere."""
    words = Catalogs()._words[language]
    assert {each: words[each] for each in words if places(words[each]) != places(each)} == {}


def test_g01_the_tone_is_soft() -> None:
    """No ALL CAPS words beyond abbreviations, no commands such as "yêu cầu", no "huyện" (L09)."""
    allowed = {"OTP", "UBND", "PIN", "QR", "MB", "PDF", "VNEID", "CCCD", "HĐND"}
    for message, words in Catalogs()._words["vi"].items():
        shouted = {each for each in re.findall(r"\b[^\W\d_]{2,}\b", words) if each.isupper()} - allowed
        assert not shouted, (message, words)
        assert "yêu cầu" not in words.lower(), words
        assert not re.search(r"\bhuyện\b", words.lower()), words


def test_sentences_are_short() -> None:
    """A villager's sentence has at most 20 words."""
    long = []
    for words in Catalogs()._words["vi"].values():
        for sentence in re.split(r"[.!?:;\n]+\s", re.sub(r"\{\w+\}", "x", words)):
            if len(sentence.split()) > 20:
                long.append(sentence)
    assert long == []


def test_every_language_is_a_folder_of_catalogs() -> None:
    """Languages are found by their folders."""
    assert Catalogs().languages == sorted(each.name for each in LOCALE.iterdir() if each.is_dir())
