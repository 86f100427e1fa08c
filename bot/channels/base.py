"""The contract of a channel: what it can show, what it makes of a raw event, and how it lives.

A channel is one file of this folder: limits with the vendor's page, verify, parse (a sample payload above it), send,
error mapping. It knows `messages` and `storage`, never a handler. Cost of one more: the file, its test and fixtures,
its settings in `.env.example`, one line in `bot/app.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from aiohttp import web

from bot.rates import Rates
from messages.render import Catalogs
from storage.db import Database
from storage.inbox import Event
from storage.outbox import Sending

if TYPE_CHECKING:
    from bot.commune import Commune


@dataclass(frozen=True)
class Capabilities:
    """What a channel can show, as data. `text_length` in code points after NFC; `buttons` 0: lists are numbered in
    the text.
    """

    text_length: int
    buttons: int
    edits: bool = False  # a message that was sent can be changed: cards live in one message
    # pictures stand in the message; are requests of their own; or those have no room for buttons besides them
    attachments: Literal["inline", "separate", "alone"] = "inline"
    plays: bool = True  # recordings
    shares: frozenset[str] = frozenset()  # what one tap can send from her phone: "phone", "place"
    masks: bool = False  # names and phones are shown masked here (the provider's servers are abroad)
    draws: frozenset[str] = frozenset()  # what it shows in its own way: "clock", "signature"
    starts_by: str = ""  # the address that opens our chat and sends "/start {code}" there; {name}: our account's
    takeovers: bool = False  # officials can write there by hand, past us, and we are shown that they did
    sends: bool = True  # False: the outbox row is the message, no sender and no lease (web)


@dataclass(frozen=True)
class Media:
    """A file the provider still has: `source` is how `Channel.fetch` finds it; `size` in bytes, 0 when unknown."""

    source: str
    kind: Literal["photo", "voice", "file"]
    media_type: str = "application/octet-stream"
    size: int = 0
    title: str = ""


@dataclass(frozen=True)
class Inbound:
    """One event, in words every channel shares.

    kind: start, text, tap, sticker, photo, file, voice, location, contact (a phone shared by its own button), edited
    (she changed a message), opened (she looked at the chat), left (she blocked us), back, withdrawn (nothing shall be
    kept about her), takeover (an official has written there by hand), joined and removed (we, in a group), anonymous (a
    group admin who hides who he is), moved (the group got another id), internal.
    text: what was typed, or the label of the button tapped. token: of a tap. files: ids in storage.files.
    message: the provider's id of this message, or of the one a tap stands under; reply_to: of the one it answers;
    quoted: the words of the message a tap stands under. thread: the topic of a group it was written in.
    phone: of a contact, `own` when it is the sender's. place: latitude, longitude. name, args: of an internal event.
    """

    kind: str
    text: str = ""
    token: str = ""
    files: tuple[str, ...] = ()
    name: str = ""
    args: dict[str, Any] = field(default_factory=dict)
    message: str = ""
    reply_to: str = ""
    quoted: str = ""
    thread: str = ""
    group: bool = False
    media: tuple[Media, ...] = ()
    phone: str = ""
    own: bool = False
    place: tuple[float, float] | None = None


class Unparsable(Exception):
    """The raw event is not what the channel's documentation promises; it is kept as failed bytes."""


class Lost(Exception):
    """A file that can no longer be fetched: too large for the provider, expired, or deleted."""


@dataclass(frozen=True)
class Post:
    """What a channel with a life of its own needs of the process around it.

    accept: stores events in one transaction, in their order, and returns after COMMIT; raises when the database is
    away. keep_broken: keeps bytes that cannot even be routed (account, raw, why). alert: tells the operator what a
    person must mend. beat: "events reach us until now"; a gap it finds is an outage (storage.outages).
    """

    database: Database
    commune_id: int
    catalogs: Catalogs
    language: str
    now: Callable[[], datetime]
    accept: Callable[[Iterable[Event]], Awaitable[int]]
    keep_broken: Callable[[str, bytes, str], Awaitable[None]]
    alert: Callable[[str], None]
    beat: Callable[[], Awaitable[None]]
    files: Path  # where received files and drawn letters lie
    public_url: str = ""
    commune_name: str = ""
    commune: "Commune | None" = None


class Channel(ABC):
    """A way to reach people. `name` is the channel column of every row, `account` which account of the provider.

    Each one parses and sends; what else there is has a default that fits a channel without a life of its own.
    """

    name: str
    account: str = ""
    capabilities: Capabilities
    rates: Rates = Rates()
    on_trial: bool = False  # pointed at a stand-in on this machine: the sample commune may be tried with it

    @abstractmethod
    def parse(self, raw: bytes) -> Inbound:
        """What a stored event says; raises Unparsable."""

    @abstractmethod
    async def send(self, message: Sending) -> str:
        """Make the one provider request of an outbox row; returns the provider's message id; raises a SendError."""

    async def arrived(self, message: Sending) -> bool | None:
        """Whether a message that may have left stands in her chat: False, it is missing and goes once more; None,
        nobody can tell and it does not. A channel that cannot look takes it as missing.
        """
        return False

    async def fetch(self, source: str, most: int) -> bytes:
        """The bytes of a received file, at most `most`; raises Lost, or a SendError to try again later."""
        raise Lost(source)

    def routes(self) -> list[web.RouteDef]:
        """The channel's doors on the one web server."""
        return []

    async def open(self, post: Post) -> None:
        """Called once, before the web server listens. Must not fail because the provider is away."""

    async def lead(self) -> None:
        """This process now holds the account's lease: poll, or register the webhook, until `follow`."""

    async def follow(self) -> None:
        """The lease is lost, or the process stops: stop polling."""

    async def sign(self, chat: str, what: str = "typing") -> None:
        """Show that an answer is on its way; best effort, never raises."""

    def canonical(self, chat: str) -> str:
        """The name by which a chat is known here; a group keeps its first one when the provider gives it another."""
        return chat

    async def close(self) -> None:
        """Let go of connections."""
