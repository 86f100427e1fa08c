"""The contract of a channel: what it can show, and what it makes of a raw event.

A channel is one file of this folder: limits with the vendor's page, verify, parse (a sample payload above it), send,
error mapping. It knows `messages` and `storage`, never a handler. Cost of one more: the file, its test and fixtures,
its settings in `.env.example`, one line in `bot/app.py`.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

from storage.outbox import Sending


@dataclass(frozen=True)
class Capabilities:
    """What a channel can show, as data. `text_length` in code points after NFC; `buttons` 0: lists are numbered in
    the text.
    """

    text_length: int
    buttons: int
    edits: bool = False
    pictures: bool = True
    clocks: bool = False  # draws a running clock itself
    sends: bool = True  # False: the outbox row is the message, no sender and no lease (web)


@dataclass(frozen=True)
class Inbound:
    """One event, in words every channel shares.

    kind: start, text, tap, sticker, photo, file, voice, location, internal.
    text: what was typed, or the label of the button tapped. token: of a tap. files: ids in storage.files.
    name, args: of an internal event.
    """

    kind: str
    text: str = ""
    token: str = ""
    files: tuple[str, ...] = ()
    name: str = ""
    args: dict[str, Any] = field(default_factory=dict)


class Unparsable(Exception):
    """The raw event is not what the channel's documentation promises; it is kept as failed bytes."""


class Channel(Protocol):
    """A way to reach people. `name` is the channel column of every row."""

    name: str
    capabilities: Capabilities

    def parse(self, raw: bytes) -> Inbound:
        """What a stored event says; raises Unparsable."""
        ...

    async def send(self, message: Sending) -> str:
        """Make the one provider request of an outbox row; returns the provider's message id; raises a SendError."""
        ...
