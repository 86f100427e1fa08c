"""What a handler gets: the work of one transaction (Work), and the turn of one event (Turn).

A turn is synchronous and owns its transaction; what it sends are outbox rows, and nothing outside the database happens
before COMMIT, so a turn may be run again. `after` collects what the process does once COMMIT has returned.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from bot.clips import Clips
from bot.commune_changes import Current
from bot.phrases import Phrases
from messages.letters import Templates
from messages.personal import hides
from messages.render import Catalogs, render
from messages.reply import Msg, Reply, _
from storage import cards, citizens, files, inbox, officials, outbox
from storage.citizens import Citizen
from storage.conversations import Talk
from storage.officials import Official

if TYPE_CHECKING:
    from bot.channels.base import Capabilities, Inbound
    from bot.commune import Commune


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody is reached: a chat of a channel account. In a private chat sender and chat are the same person."""

    channel: str
    account: str
    chat: str
    sender: str


OFFICE_ACCOUNT = "office"
OFFICE_CHAT = Address("web", OFFICE_ACCOUNT, "office", "")
"""The officials' shared stream of cards at /office. An official's own talk with the bot is chat `official:<id>`."""


CARDS_EXPIRE = timedelta(days=7)


def office_address(official_id: int) -> Address:
    """The private chat of one official at /office."""
    return Address("web", OFFICE_ACCOUNT, f"official:{official_id}", f"official:{official_id}")


@dataclass(frozen=True)
class Place:
    """What every turn of a process shares: the commune, the words, what each channel can show."""

    commune_id: int
    commune: "Commune"
    catalogs: Catalogs
    capabilities: "dict[str, Capabilities]"
    language: str = "vi"
    office: tuple[Address, ...] = (OFFICE_CHAT,)
    """The officials' shared chats: the stream at /office, and their group on a messenger when there is one."""
    letters: Templates = field(default_factory=Templates)
    phrases: Phrases = field(default_factory=Phrases)
    current: Current = field(default_factory=Current)
    clips: Clips = field(default_factory=Clips)
    accounts: "dict[str, str]" = field(default_factory=dict)
    """Which account we have on each messenger."""
    public_url: str = ""
    """Where our own pages are seen from outside; empty when they are not."""


def is_office(place: Place, address: Address) -> bool:
    """Whether an address is in a chat of the office."""
    group = (address.channel, address.account, address.chat)
    return address.account == OFFICE_ACCOUNT or any(group == (at.channel, at.account, at.chat) for at in place.office)


@dataclass
class Work:
    """One transaction: where it writes and what it may send. Ticks and commands get this; events get a Turn."""

    db: Connection
    place: Place
    now: datetime
    woken: set[str] = field(default_factory=set)  # chats with something new to show or send, told after COMMIT
    events: int = 0  # internal events put into lanes, which want turns after COMMIT
    after: list[Callable[[], None]] = field(default_factory=list)  # metrics and logs, run after COMMIT
    again: bool = False  # a tick has done a slice: the rest follows at once, after turns that wait
    kept: dict[str, object] = field(default_factory=dict, repr=False)  # read once for all of this work (bot.duty)
    _commune: "Commune | None" = field(default=None, repr=False)

    @property
    def commune_id(self) -> int:
        return self.place.commune_id

    @property
    def commune(self) -> "Commune":
        """The commune as its file says, with what officials have changed in chat over it."""
        if self._commune is None:
            self._commune = self.place.current.of(self.db, self.commune_id, self.place.commune)
        return self._commune

    def send(
        self,
        to: Address,
        reply: Reply,
        *,
        kind: str = "notice",
        not_before: datetime | None = None,
        expires_at: datetime | None = None,
        supersedes: str | None = None,
        in_reply_to: int | None = None,
        language: str | None = None,
        with_: dict[str, Any] | None = None,
    ) -> list[int]:
        """Queue a reply to any address; returns the outbox ids, one for each provider request.

        kind: "answer" (to her own event; goes stale after 24 h), "reply" (an official's words), "notice", "card",
        "edit". supersedes: a key; a row with the same key that still waits is dropped as superseded. with_: what only
        the channel understands, added to each body (the topic of a group, the message that is answered).
        """
        can = self.place.capabilities[to.channel]
        if self.place.clips.offered and kind != "edit":
            reply = self._aloud(to, reply)
        if can.masks:
            shown = self.abroad(reply)
            reply = shown.add(self._seen_whole(to)) if shown != reply or hides(reply) else reply
        bodies, card_id = render(reply, self.place.catalogs, language or self.place.language, can), None
        if reply.card:  # only the newest state of a card is worth showing
            kind, supersedes = "card", supersedes or f"{to.chat}:{reply.card}"
            expires_at = expires_at or self.now + CARDS_EXPIRE
            if can.sends and can.edits:
                card_id = cards.place(self.db, self.commune_id, to.channel, to.account, to.chat, reply.card)
                bodies = [_in_one(bodies, can.text_length)]
        ids: list[int] = []
        for body in bodies:
            row = outbox.Row(
                channel=to.channel,
                account=to.account,
                chat=to.chat,
                kind=kind,
                body=body if with_ is None else body | with_,
                created_at=self.now,
                not_before=not_before or self.now,
                expires_at=expires_at,
                supersedes_key=supersedes,
                in_reply_to=in_reply_to,
                card_id=card_id,
            )
            ids.append(outbox.put(self.db, self.commune_id, row, supersede=not ids))
        self.woken.add(to.chat)
        return ids

    def _aloud(self, to: Address, reply: Reply) -> Reply:
        """With its clips after it, for a citizen who has chosen to hear them (L12); never where others listen."""
        if reply.card or to.chat != to.sender or is_office(self.place, to):
            return reply
        language = self._spoken_language(to)
        return self.place.clips.aloud(reply, language) if language else reply

    def abroad(self, reply: Reply) -> Reply:
        """With the pictures and papers that may be shown where names are masked."""
        if not (reply.pictures or reply.documents):
            return reply
        given = (reply.pictures, reply.documents)
        return reply.with_files(*(files.abroad(self.db, self.commune_id, each) for each in given))

    def _spoken_language(self, to: Address) -> str | None:
        found = citizens.find(self.db, self.commune_id, to.channel, to.account, to.sender)
        return found.spoken_language if found else None

    def _seen_whole(self, to: Address) -> Msg:
        """Where whoever reads this sees what is masked here: officials at /office, a citizen at the counter."""
        if is_office(self.place, to) or officials.of(self.db, self.commune_id, to.channel, to.account, to.sender):
            return _("Shown in full at /office.")
        return _("You can see it in full at the counter.")

    def send_office(self, reply: Reply, *, kind: str = "notice", supersedes: str | None = None) -> None:
        """Queue a reply to every shared chat of the office."""
        for to in self.place.office:
            key = None if supersedes is None else f"{to.channel}:{to.chat}:{supersedes}"
            self.send(to, reply, kind=kind, supersedes=key)

    def wake(self, to: Address, name: str, once: str, **args: Any) -> None:
        """Put an event of our own into another chat's lane: `@routes.event(name)` will run there, once per `once`.

        A turn never writes another lane's talk; this is how one chat makes something happen in another.
        """
        lane = inbox.open_lane(self.db, self.commune_id, to.channel, to.account, to.chat)
        raw = inbox.internal(name, **args)
        self.events += inbox.insert_internal(self.db, self.commune_id, lane, to.sender, f"{name}:{once}", raw, self.now)


def _in_one(bodies: list[dict[str, Any]], length: int) -> dict[str, Any]:
    """A card is one message: of words too long for it the middle is left out, so that its number and promise stay."""
    first, last = bodies[0], bodies[-1]
    if len(bodies) == 1:
        return first
    half = length // 2 - 2
    return first | last | {"text": f"{first['text'][:half]}\n…\n{last['text'][-half:]}"}


@dataclass
class Turn(Work):
    """One event's turn: who wrote, from where, what."""

    address: Address = field(kw_only=True)
    event: "Inbound" = field(kw_only=True)
    event_id: int = field(kw_only=True)
    lane_id: int = field(kw_only=True)
    language: str = field(kw_only=True)
    citizen: Citizen | None = field(kw_only=True)  # None in the office's chats, where officials write
    official: Official | None = field(kw_only=True)
    talk: Talk | None = field(kw_only=True, default=None)  # the one that was open when the event was taken
    replayed: bool = field(kw_only=True, default=False)  # an operator sent this event again

    def _spoken_language(self, to: Address) -> str | None:
        if to == self.address:
            return self.citizen.spoken_language if self.citizen else None
        return super()._spoken_language(to)

    @property
    def in_office(self) -> bool:
        """Whether this was written in a chat of the office: at /office, or in the officials' group."""
        return is_office(self.place, self.address)

    @property
    def at_desk(self) -> bool:
        """Whether this was written at /office itself, on the commune's own machine."""
        return self.address.account == OFFICE_ACCOUNT

    @property
    def in_group(self) -> bool:
        """Whether others read along."""
        return self.address.chat != self.address.sender

    def allows(self, right: str) -> bool:
        """Whether the sender holds a right (approve, stamp, read-sealed, duty, receive) or a role of that name."""
        return right in self.roles

    @property
    def roles(self) -> frozenset[str]:
        """What the sender may be: her role and rights. Clerks and the chairman are officials too; village heads are
        not.
        """
        if self.official is None:
            return frozenset()
        office = set() if self.official.role == "village-head" else {"official"}
        return self.official.rights | {self.official.role} | office
