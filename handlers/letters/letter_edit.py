"""Changing a letter before it is approved: a paragraph, or one of the facts it names.

Each change is a new version, shown again to whoever had the old one before him.
"""

from dataclasses import dataclass

from bot import approval_cards as cards
from bot import approvals as mechanism
from bot.approval_letters import body_of, fields_of
from bot.conversation import Ask, Find
from bot.questions import Text as Words
from bot.routes import Routes, Start
from bot.turn import Turn
from handlers.letters import approvals as letters
from messages.reply import Button, Personal, Reply, Text, _
from storage.approvals import Approval

routes = Routes()


@routes.tap("approval-edit", role="official")
def choose(turn: Turn, number: str = "", version: str = "", place: str = "") -> Reply | Start:
    """Which part? Then what it shall say."""
    found = letters.of(turn, number)
    if isinstance(found, Reply):
        return found
    if not found.is_open:
        return Reply(cards.decided(turn, found))
    if not letters.may_change(turn, found):
        return Reply(letters.NOT_YOURS)
    if letters.version_of(version) != found.version:
        return letters.shown(turn, found, _("The letter has been changed since. Please look at the newest version."))
    now = editable(turn, found)
    if place in now:
        return Start("approval-edit", approval=found.id, version=found.version, place=place, words=now[place][1])
    buttons = (
        Button(label, cards.token("approval-edit", found, each)) for each, (label, _words) in now.items()
    )  # fmt: skip
    return Reply(_("What shall be changed?"), *cards.paragraphs(body_of(turn, found)), buttons=(*buttons,))


def editable(turn: Turn, found: Approval) -> dict[str, tuple[Text, str]]:
    """What can be changed, with its label and what it says now: paragraphs by number, fields by name."""
    paragraphs: dict[str, tuple[Text, str]] = {
        str(at): (_("Paragraph {number}", number=at), words) for at, words in enumerate(body_of(turn, found), 1)
    }
    return paragraphs | {name: (label, words) for name, label, words in fields_of(found)}


@dataclass(frozen=True)
class Edit:
    """Put other words in the place of a paragraph (by number) or field (by name); without any it goes."""

    approval: int
    version: int
    place: str
    words: str


@routes.conversation("approval-edit", title=_("Changing a letter"), role="official")
def edit(ask: Ask, find: Find, approval: int, version: int, place: str, words: str) -> Edit:
    """Its words, written anew."""
    prompt = _("The letter says now:\n{words}\nPlease write what it shall say.", words=Personal(words, "words"))
    return Edit(approval, version, place, ask(Words("words", prompt, at_most=800, skip=_("Leave this part out"))))


@routes.does(Edit)
def change(command: Edit, turn: Turn) -> Reply:
    found = letters.of(turn, str(command.approval))
    if isinstance(found, Reply):
        return found
    if not found.is_open or not letters.may_change(turn, found) or turn.official is None:
        return Reply(cards.decided(turn, found) if not found.is_open else letters.NOT_YOURS)
    if command.version != found.version or command.place not in editable(turn, found):
        return letters.shown(turn, found, _("The letter has been changed since. Please look at the newest version."))
    if command.place.isdecimal():
        body = list(body_of(turn, found))
        body[int(command.place) - 1] = command.words
        data = {**found.data, "body": [each for each in body if each]}
    else:
        data = {**found.data, command.place: command.words}
    if not mechanism.change(turn, found, turn.official, "changed", data):
        return Reply(cards.decided(turn, cards.newest(turn, found)))
    return after_change(turn, cards.newest(turn, found))


def after_change(turn: Turn, found: Approval) -> Reply:
    """The newest version, to me and to the approvers who had the old one before them."""
    for each in mechanism.asked(turn, found):
        if turn.official is None or each.id != turn.official.id:
            mechanism.look(turn, found, each)
    return letters.shown(turn, found, _("The letter is changed. This is the newest version."))
