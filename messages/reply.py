"""What a handler says, before anybody knows on which channel: Msg, Button, Reply.

Markup is safe by construction because there is none: a message is plain text on every channel, and what a citizen
wrote enters only as an argument. A Msg stays untranslated until `messages.render` turns it into the citizen's language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import reduce
from typing import Any, Literal, Union

Arg = Union[str, int, date, datetime, "Msg", "Personal"]


@dataclass(frozen=True, slots=True)
class Msg:
    """One translatable message: an English sentence with {named} places, and what fills them.

    A date renders as "thứ Sáu, 27/11/2026", a datetime as "16 giờ 30, thứ Sáu, 27/11/2026", a Msg in the same language.
    """

    id: str
    args: Mapping[str, Arg] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.id, tuple(sorted((key, str(value)) for key, value in self.args.items()))))


def _(msgid: str, **args: Arg) -> Msg:
    """Mark `msgid` for translation and bind its arguments; rendered late, in the reader's language."""
    return Msg(msgid, args)


@dataclass(frozen=True, slots=True)
class Personal:
    """Somebody's name, phone, place, or what somebody wrote: whole where the channel may show it, else masked."""

    words: str
    kind: Literal["name", "phone", "place", "words"]

    def __str__(self) -> str:
        return self.words


Text = Msg | Personal | str
"""A Msg, personal words, or words that are nobody's translation: a code, the name of an office."""


def lines(first: Text, *more: Text) -> Text:
    """Several sentences, one under the other, as one paragraph."""
    return reduce(lambda above, below: _("{above}\n{below}", above=above, below=below), more, first)


@dataclass(frozen=True, slots=True)
class Button:
    """A choice: its label, and the token that comes back when it is tapped (at most 64 bytes of ASCII)."""

    label: Text
    token: str


@dataclass(frozen=True, slots=True)
class Signature:
    """The official a message speaks for (requirement G06: name and post on every official reply)."""

    name: str
    post: str


@dataclass(frozen=True)
class Reply:
    """What goes back: paragraphs of text, buttons under the last one, pictures, who signs it.

    `numbered`: the choices are a list that a typed number answers; a channel shows the numbers.
    `clock`: (from, until) of a promise that is running; a page can draw it, other channels leave it out.
    `secret`: the answer should not be readable on the screen.
    `documents`: files to keep or print, after the pictures.
    `sounds`: recordings to be played, after everything else: ids of files, or clips (`messages.clips`).
    `wants`: "phone" or "place": where the channel can, one tap on a button of its own sends it.
    `card`: a name that stays the same for all states of one card; the newest state replaces the one shown.
    """

    paragraphs: tuple[Text, ...]
    buttons: tuple[Button, ...] = ()
    numbered: bool = False
    pictures: tuple[str, ...] = ()
    signature: Signature | None = None
    clock: tuple[datetime, datetime] | None = None
    card: str | None = None
    loud: bool = False
    secret: bool = False
    documents: tuple[str, ...] = ()
    sounds: tuple[str, ...] = ()
    wants: str = ""

    def __init__(self, *paragraphs: Text, **rest: Any) -> None:
        if unknown := rest.keys() - _DEFAULTS.keys():
            raise TypeError(f"Reply has no {', '.join(unknown)}")
        self.__dict__.update(_DEFAULTS, paragraphs=paragraphs, **rest)

    def with_buttons(self, *buttons: Button, numbered: bool = False) -> "Reply":
        """The same words with these buttons instead."""
        fields = {name: getattr(self, name) for name in _DEFAULTS} | {"buttons": buttons, "numbered": numbered}
        return Reply(*self.paragraphs, **fields)

    def with_buttons_added(self, *buttons: Button) -> "Reply":
        """The same reply with these buttons before its own."""
        return self.with_buttons(*buttons, *self.buttons, numbered=self.numbered)

    def first(self, *paragraphs: Text) -> "Reply":
        """The same reply with these paragraphs before its own."""
        return Reply(*paragraphs, *self.paragraphs, **{name: getattr(self, name) for name in _DEFAULTS})

    def heard(self, *sounds: str) -> "Reply":
        """The same reply with these recordings after its own."""
        fields = {name: getattr(self, name) for name in _DEFAULTS} | {"sounds": (*self.sounds, *sounds)}
        return Reply(*self.paragraphs, **fields)

    def with_files(self, pictures: tuple[str, ...], documents: tuple[str, ...]) -> "Reply":
        """The same reply with these pictures and documents instead."""
        fields = {name: getattr(self, name) for name in _DEFAULTS} | {"pictures": pictures, "documents": documents}
        return Reply(*self.paragraphs, **fields)

    def add(self, *paragraphs: Text) -> "Reply":
        """The same reply with these paragraphs after its own."""
        return Reply(*self.paragraphs, *paragraphs, **{name: getattr(self, name) for name in _DEFAULTS})


_DEFAULTS: dict[str, Any] = {
    "buttons": (),
    "numbered": False,
    "pictures": (),
    "signature": None,
    "clock": None,
    "card": None,
    "loud": False,
    "secret": False,
    "documents": (),
    "sounds": (),
    "wants": "",
}
