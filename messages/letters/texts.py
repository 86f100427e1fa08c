"""A commune's own words for its letters: NAME.txt, or NAME.VARIANT.txt for one way of putting it.

Paragraphs stand apart by an empty line, facts in braces; lines that begin with # are remarks. A file with a mistake is
not used at all, ours is, and every mistake is a Vietnamese sentence: nobody finds half a letter.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from messages.fold import nfc
from messages.letters.letter import Refused
from messages.letters.signed import Signed
from messages.letters.words import WORDS, Paragraphs, fill, named

Texts = dict[str, dict[str, Paragraphs]]


def read(folder: Path, letters: Mapping[str, type[Signed]]) -> tuple[Texts, dict[str, list[str]]]:
    """The texts that can be used, by letter and variant; and what is wrong with the other files, by their names."""
    texts: Texts = {}
    problems: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.txt")):
        name, _dot, variant = path.stem.partition(".")
        if name not in letters:
            problems[path.name] = [f"không có thư nào tên như vậy. Các thư: {', '.join(letters)}."]
        elif variant not in WORDS[name]:
            names = [f"{name}.{each}.txt" for each in WORDS[name] if each]
            problems[path.name] = [f"thư này chỉ có các tệp: {', '.join([f'{name}.txt', *names])}."]
        else:
            text = _paragraphs(path)
            if wrong := _problems(letters[name], text):
                problems[path.name] = wrong
            else:
                texts.setdefault(name, {})[variant] = text or ()
    return texts, problems


def written(text: Paragraphs) -> str:
    """A text as the file it may stand in."""
    return "\n\n".join(text) + "\n"


def _paragraphs(path: Path) -> Paragraphs | None:
    """None when it cannot be read."""
    try:
        lines = nfc(path.read_text(encoding="utf-8-sig")).splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    kept = "\n".join(line.strip() for line in lines if not line.startswith("#"))
    return tuple(" ".join(each.split()) for each in re.split(r"\n{2,}", kept) if each.strip())


def _problems(letter: type[Signed], text: Paragraphs | None) -> list[str]:
    if text is None:
        return ["không đọc được; xin lưu lại dạng UTF-8."]
    try:
        asked = {name for each in text for name in named(each)}
    except ValueError:
        return ["có dấu { hoặc } viết chưa đúng; chỗ điền viết như {recipient}."]
    allowed = letter.placeholders()
    if strange := sorted(asked - allowed.keys()):
        wrong = ", ".join(f"{{{each}}}" for each in strange)
        return [f"không có chỗ điền {wrong}. Được dùng: {', '.join(f'{{{each}}}' for each in allowed)}."]
    sample = letter.sample().data()
    try:
        letter(**sample | {"body": fill(text, letter.told(sample))})
    except Refused as refused:
        return refused.problems
    return []
