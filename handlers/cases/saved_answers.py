"""Saved answers about cases, with fields such as {so}: ours from the catalog, and those an office has written itself.

An official chooses one while he answers; its fields are filled for the case, he may write it anew, and sees it before
it goes like any other answer. Clerks and the Chairman keep the office's own with /mautraloi. A field that nobody knows
is refused when it is written, not when it would reach somebody.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.conversation import Ask, Find, NotUnderstood, Question
from bot.questions import Choice, Text
from bot.routes import Routes, Start
from bot.state import Raw
from bot.turn import Turn
from messages import render
from messages.cases import FIELDS, code
from messages.fold import fold
from messages.reply import Personal, Reply, _
from messages.reply import Text as Words
from storage import cases, saved_answers
from storage.saved_answers import SavedAnswer

routes = Routes()
FIELD = re.compile(r"\{([^{}]*)\}")
KNOWN = ("so", "thon", "viec", "han", "can_bo", "chuc_vu")
OURS: Mapping[str, tuple[Words, Words]] = {
    "thanks": (_("Thanks"), _("Thank you for telling us ({so}). It helps the whole of {thon}.")),
    "passed": (
        _("It has been passed on"),
        _("Your matter {so} about {viec} has been passed on to who mends it. We will tell you the result by {han}."),
    ),
    "looks": (
        _("Somebody will look at the place"),
        _("Somebody of the commune will look at the place for {so}. {can_bo}, {chuc_vu}, will tell you afterwards."),
    ),
    "calm": (
        _("Calm words for somebody angry"),
        _("I am very sorry that you have this trouble. I have your matter {so} in hand, and you will hear by {han}."),
    ),
    "papers": (
        _("Which papers to bring"),
        _("About {so}: please bring your identity card and the papers you have about it. Copies are enough to begin."),
    ),
}  # fmt: skip
"""Name and words of each, in the order in which they are offered."""
GUIDES: Mapping[str, Words] = {
    "complaint": _(
        "Your matter {so} is about a decision or an act of an office. Such a complaint is written on paper, or told at "
        "the reception of citizens. Please tap the button below: it shows the form and what to bring."
    ),
    "denounce": _(
        "Your matter {so} says that somebody has done wrong. For your own safety please do not write about it here. "
        "Please tap the button below: it shows where to tell it and how you are protected."
    ),
}
"""Words that lead her to where her matter belongs, when it can be no case."""


# --- chosen while answering -------------------------------------------------------------------------------------------


def which(name: str, own: list[SavedAnswer]) -> Choice:
    """Which saved answer: ours first."""
    options: dict[str, Words] = {key: label for key, (label, _words) in OURS.items()}
    options |= {str(each.id): each.name for each in own}
    return Choice(name, _("Which saved answer?"), options)


@dataclass(frozen=True)
class Fill:
    """Fill the fields of a saved answer for a case."""

    case: int
    key: str


@dataclass(frozen=True)
class Edited(Question[str]):
    """The words as they are, or written anew."""

    filled: str = ""

    def paragraphs(self) -> tuple[Words, ...]:
        return (Personal(self.filled, "words"), self.prompt)

    def choices(self) -> tuple[tuple[str, Words], ...]:
        return (("as-is", _("As it is")),)

    def read(self, raw: Raw) -> str:
        if raw.value == "as-is" or (raw.kind == "text" and fold(raw.text) in ("1", "giu nguyen", "as it is")):
            return self.filled
        return Text(self.name, self.prompt).read(raw)


@routes.does(Fill)
def fill(command: Fill, turn: Turn) -> str:
    """The words for this case; "" when the answer has gone meanwhile."""
    case, official = cases.get(turn.db, turn.commune_id, command.case), turn.official
    words = _words(turn, command.key)
    if case is None or official is None:
        return ""
    about: Words = case.title or FIELDS[case.field]
    text, language = turn.place.catalogs.text, turn.place.language
    values = {
        "so": code(case.number), "thon": case.village or text(_("the commune"), language),
        "viec": text(about, language), "han": render.day(case.due_at.astimezone(render.ZONE).date(), language),
        "can_bo": official.name, "chuc_vu": official.post,
    }  # fmt: skip
    return FIELD.sub(lambda hit: values.get(hit[1], hit[0]), words)


def _words(turn: Turn, key: str) -> str:
    if key.isdecimal():
        found = saved_answers.get(turn.db, turn.commune_id, int(key))
        return found.text if found else ""
    ours = GUIDES.get(key) or OURS.get(key, ("", ""))[1]
    return turn.place.catalogs.text(ours, turn.place.language)


# --- kept by the office -----------------------------------------------------------------------------------------------

NEW = "new"


@dataclass(frozen=True)
class Save:
    """Keep an answer, or (without words) forget it."""

    name: str
    text: str
    forget: int = 0


class WithFields(Text):
    """Words whose fields are all known."""

    def read(self, raw: Raw) -> str:
        words = super().read(raw)
        if unknown := [each for each in FIELD.findall(words) if each not in KNOWN]:
            known = ", ".join(f"{{{each}}}" for each in KNOWN)
            wrong = ", ".join(f"{{{each}}}" for each in dict.fromkeys(unknown))
            raise NotUnderstood(_("There is no field {wrong}. These are known: {known}.", wrong=wrong, known=known))
        return words


@routes.command("/mautraloi", words=("mẫu trả lời",), role="clerk")
@routes.command("/mautraloi", words=("mẫu trả lời",), role="chairman")
def begin(turn: Turn, rest: str = "") -> Start:
    """Clerks and the Chairman keep the office's own."""
    return Start("saved-answers")


@routes.conversation("saved-answers", title=_("Saved answers"), role="official")
def keep(ask: Ask, find: Find) -> Save | None:
    """Choose one to change or delete, or write a new one."""
    own = {str(each.id): each for each in find(saved_answers.all_of)}
    options: dict[str, Words] = {NEW: _("A new one"), **{key: each.name for key, each in own.items()}}
    chosen = ask(Choice("which", _("Which saved answer would you like to change?"), options))
    if chosen == NEW:
        name = ask(Text("name", _("Under which name?"), at_least=2, at_most=60))
        return Save(name, ask(_text("text")))
    old = own[chosen]
    ways: dict[str, Words] = {"change": _("Write it anew"), "delete": _("Delete it")}
    way = ask(Choice(f"way:{chosen}", _("“{name}” says: {words}", name=old.name, words=old.text), ways))
    if way == "delete":
        return Save(old.name, "", old.id)
    return Save(old.name, ask(_text(f"text:{chosen}")))


def _text(name: str) -> WithFields:
    known = ", ".join(f"{{{each}}}" for each in KNOWN)
    return WithFields(name, _("Please write it. These fields are filled in: {known}.", known=known), at_most=1500)


@routes.does(Save)
def save(command: Save, turn: Turn) -> Reply:
    """Rights are looked at now."""
    if not (turn.allows("clerk") or turn.allows("chairman")):
        return Reply(_("Only a clerk or the Chairman keeps saved answers."))
    if command.forget:
        saved_answers.delete(turn.db, turn.commune_id, command.forget)
        return Reply(_("“{name}” is deleted.", name=command.name))
    saved_answers.save(turn.db, turn.commune_id, command.name, command.text, turn.now)
    return Reply(_("“{name}” is kept. Officials find it when they answer.", name=command.name))
