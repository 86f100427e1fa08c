"""What is asked while somebody reports something: words, pictures, a voice note and a place may come at every question.

An answer is what she told (`Told`), or the choice she made.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.conversation import CHANGED, NotUnderstood, Question
from bot.questions import CHOOSE, NO_WORDS, SAY_IN_WORDS, SKIP, YES_WORDS, Choice, displayed, wordings
from bot.state import Raw, digest
from messages.fold import fold, nfc
from messages.reply import Text as Words
from messages.reply import _

SENDS = frozenset({"gui", "gui di", "gui luon", "cu gui"})
"""She wants it sent as it is."""
SENT = frozenset({"photo", "file", "voice"})
_NUMBER = re.compile(r"\s*\d{1,2}\. ")
"""Before a label, when a messenger's keys send it as words."""
MOST_FILES = 20
MOST_CHARACTERS = 6000
EMPTY = frozenset(
    fold(
        "tôi mình em cháu con muốn xin cho được cần gửi báo phản ánh kiến nghị góp ý đề xuất khen ngợi chê một ít việc "
        "vấn với về đến ubnd xã phường ủy ban nhân dân cán bộ có là này nay ạ dạ chào ơi nhé nha y của"
    ).split()
)
"""Words that say that she wants to tell something, and not what."""


# --- what she has told ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """Words, files, a place; `voice`: there is a voice note among the files."""

    text: str = ""
    files: tuple[str, ...] = ()
    place: tuple[float, float] | None = None
    voice: bool = False

    def and_(self, more: "Told") -> "Told":
        """With what came after it."""
        return Told(
            "\n".join(filter(None, (self.text, more.text)))[:MOST_CHARACTERS],
            tuple(dict.fromkeys((*self.files, *more.files)))[:MOST_FILES],
            more.place or self.place,
            self.voice or more.voice,
        )

    @property
    def says(self) -> bool:
        """Whether it tells what it is about, in words or by voice."""
        return self.voice or bool(fold(self.text))


def content(text: str) -> str:
    """What somebody has written, unless it only says that she wants to tell something ("tôi muốn phản ánh")."""
    return nfc(text).strip() if sum(word not in EMPTY for word in fold(text).split()) > 1 else ""


def sent(raw: Raw) -> Told | None:
    """What came besides words: a picture with its caption, a voice note, a place; None for anything else."""
    if raw.kind in SENT and raw.files:
        return Told(nfc(raw.text).strip(), raw.files, voice=raw.kind == "voice")
    if raw.kind == "location" and (raw.place or raw.text):
        return Told(nfc(raw.text).strip(), place=raw.place)
    return None


# --- the questions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tell(Question[Told | str]):
    """What it is about: words, pictures, a voice note, a place; or one of the subjects of the counter."""

    subjects: Mapping[str, Words] = field(default_factory=dict)

    def choices(self) -> tuple[tuple[str, Words], ...]:
        return tuple(self.subjects.items())

    def take(self, earlier: Raw | None, raw: Raw) -> Raw:
        read = self.read(raw)
        return Raw("tap", raw.text, read) if isinstance(read, str) else raw

    def read(self, raw: Raw) -> Told | str:
        if (more := sent(raw)) is not None:
            return more
        if (chosen := _chosen(raw, self.choices())) is not None:
            return chosen
        if raw.kind != "text" or raw.value is not None:
            raise NotUnderstood(SAY_IN_WORDS.get(raw.kind, CHOOSE))
        if all(word in EMPTY for word in fold(raw.text).split()):
            raise NotUnderstood(_("Please tell it in a few words: what is it, and where?"))
        return Told(nfc(raw.text).strip())


@dataclass(frozen=True)
class Pick(Question[Told | str]):
    """One of several, tapped or typed; a picture, a voice note or a place is kept and the question stays."""

    options: Mapping[str, Words] = field(default_factory=dict)

    def choices(self) -> tuple[tuple[str, Words], ...]:
        return tuple(self.options.items())

    def take(self, earlier: Raw | None, raw: Raw) -> Raw:
        read = self.read(raw)
        return Raw("tap", raw.text, read) if isinstance(read, str) else raw

    def read(self, raw: Raw) -> Told | str:
        return sent(raw) or Choice(self.name, self.prompt, options=self.options).read(raw)


@dataclass(frozen=True)
class Where(Pick):
    """Where it is: a thôn, words such as "trước cổng trường", a place on the map; it may be left out.

    before: what is said to her first.
    """

    before: tuple[Words, ...] = ()

    def paragraphs(self) -> tuple[Words, ...]:
        return (*self.before, self.prompt)

    def read(self, raw: Raw) -> Told | str:
        if (more := sent(raw)) is not None:
            return more
        if raw.kind == "text" and fold(raw.text) in {"bo qua", "khong biet", "khong ro", "khong", *SENDS}:
            return SKIP
        if (chosen := _chosen(raw, self.choices())) is not None:
            return chosen
        if raw.kind != "text" or raw.value is not None or not fold(raw.text):
            raise NotUnderstood(SAY_IN_WORDS.get(raw.kind, CHOOSE))
        return Told(nfc(raw.text).strip())


@dataclass(frozen=True)
class Look(Question[Told | str]):
    """The last look: send it, send it without her name, or more to it. A yes holds only for exactly what is shown."""

    values: tuple[Words, ...] = ()
    options: Mapping[str, Words] = field(default_factory=dict)

    def paragraphs(self) -> tuple[Words, ...]:
        return (*self.values, self.prompt)

    @property
    def shown(self) -> str:
        return digest(json.dumps([*map(displayed, self.values), *self.options]))

    def choices(self) -> tuple[tuple[str, Words], ...]:
        return tuple((f"{value}.{self.shown[:8]}", label) for value, label in self.options.items())

    def take(self, earlier: Raw | None, raw: Raw) -> Raw:
        read = self.read(raw)
        return Raw("tap", raw.text, f"{read}.{self.shown[:8]}") if isinstance(read, str) else raw

    def read(self, raw: Raw) -> Told | str:
        if (more := sent(raw)) is not None:
            return more
        if raw.value is not None:
            value, _dot, seen = raw.value.partition(".")
            if value in (*self.options, "no") and seen == self.shown[:8]:
                return value
            raise NotUnderstood(CHANGED)
        if (chosen := _chosen(raw, self.choices())) is not None:
            return chosen.partition(".")[0]
        said = fold(raw.text) if raw.kind == "text" else ""
        if said in YES_WORDS | SENDS:
            return "send"
        if said in NO_WORDS | {"khong gui"}:
            return "no"
        if "giau ten" in said or "an danh" in said:
            return "hide"
        if len(said.split()) < 2:
            raise NotUnderstood(SAY_IN_WORDS.get(raw.kind, CHOOSE))
        return Told(nfc(raw.text).strip())


def _chosen(raw: Raw, choices: tuple[tuple[str, Words], ...]) -> str | None:
    """The choice that was tapped, or typed as its number or just its label: more words are a story."""
    if raw.value is not None:
        return next((value for value, _label in choices if value == raw.value), None)
    typed = raw.text.strip().rstrip(".)")
    if typed.isdecimal() and 1 <= int(typed) <= len(choices):
        return choices[int(typed) - 1][0]
    said = fold(_NUMBER.sub("", raw.text)) if raw.kind == "text" else ""
    return next((value for value, label in choices if said in {fold(each) for each in wordings(label)}), None)
