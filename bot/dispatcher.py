"""One event = one turn = one transaction: take the oldest event of a free lane, answer it, commit, then tell the world.

Accepting: a channel hands over raw events; `accept` stores them and returns once they are durable, so that only then
the sender is answered. Turning: attempts are submitted to the writer threads, each takes whatever event is next. What
a turn wants done outside the database (waking pages and senders, metrics, logs) happens after COMMIT has returned.

A failing database leaves the event new and lets its lane wait. A real error sets the event aside under a reference code
that stands in the log, tells her politely, and the lane goes on.
"""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog
from sqlalchemy import Connection

from bot import files, logs
from bot.channels.base import Channel, Inbound, Unparsable
from bot.clock import Clock
from bot.metrics import Metrics
from bot.router import Router, belongs_to_talk
from bot.routes import Routes
from bot.turn import Address, Place, Turn, is_office
from messages import gates
from messages.reply import Reply, _
from storage import arrivals, citizens, conversations, inbox
from storage.arrivals import Arrival
from storage.db import Database, Kind, temporary
from storage.inbox import Event, Taken

log = structlog.get_logger(__name__)

ANSWERS_EXPIRE = timedelta(hours=24)
"""An answer to her own event that could not be sent for so long is stale."""
EDITS_EXPIRE = timedelta(minutes=10)
"""After that nobody looks at the old question any more."""
QUOTED = 3000
"""Code points of the old question that are shown again with the choice."""
HEARD_AGAIN = timedelta(minutes=5)
"""It is written down so seldom that she was heard from: no burst of messages writes it twice."""
NOT_HERS = ("internal", "takeover", "left", "withdrawn")
"""Events in her chat that are no word of hers: they open no window, and make nobody known who was forgotten."""
SLOW_POLL = 1.0
"""Seconds between looks for events that nobody announced: lanes that waited, a crashed neighbour's, a lost notify."""
SLOW_TURN = 0.05
MOST_ATTEMPTS = 256


@dataclass
class Outcome:
    """What a turn leaves to do once it is committed."""

    event: Taken
    route: str
    woken: set[str] = field(default_factory=set)
    events: int = 0
    after: list[Callable[[], None]] = field(default_factory=list)
    seconds: float = 0.0
    reference: str | None = None
    error: str | None = None
    postponed: datetime | None = None


class Dispatcher:
    """Accepts events and runs their turns. `woken(chats)` is told, after commit, which chats have something new."""

    def __init__(
        self,
        database: Database,
        place: Place,
        routes: Routes,
        channels: Mapping[str, Channel],
        clock: Clock,
        metrics: Metrics,
        woken: Callable[[set[str]], None],
        announced: Callable[[], None],
    ) -> None:
        self.database, self.place, self.routes, self.channels = database, place, routes, channels
        self.clock, self.metrics, self._woken, self._announced = clock, metrics, woken, announced
        self.on_files: Callable[[], None] = lambda: None  # a turn has left files to fetch
        self._attempts: set[asyncio.Future[Outcome | None]] = set()
        self._turned, self._hidden = 0, False
        self._stopping = False
        self._poll: asyncio.Task[None] | None = None

    # --- accepting --------------------------------------------------------------------------------------------------

    async def accept(self, event: Event) -> bool:
        """Store an event; returns after COMMIT: True if it is new. What the database refuses is kept as failed
        bytes.
        """

        def store(db: Connection) -> bool:
            return inbox.accept(db, self.place.commune_id, event, self.clock.now())

        def keep(db: Connection, error: Exception) -> bool:
            if temporary(error):
                raise error
            self._keep_broken(db, event.channel, event.account, event.raw, type(error).__name__)
            return False

        new = await self.database.submit(store, Kind.ACCEPT, keep)
        if new:
            self.metrics.accepted(event.channel)
            self._attempt()
            self._announced()
        return new

    async def accept_all(self, events: Iterable[Event]) -> int:
        """Store several events in one transaction, in their order; how many were new. One that the database refuses is
        kept as failed bytes, after the others have been tried one by one. Raises when the database is away.
        """
        several = list(events)

        def store(db: Connection) -> int:
            now = self.clock.now()
            return sum(inbox.accept(db, self.place.commune_id, event, now) for event in several)

        def refused(db: Connection, error: Exception) -> int:
            if temporary(error):
                raise error
            return -1

        new = await asyncio.shield(self.database.submit(store, Kind.ACCEPT, refused)) if several else 0
        if new < 0:
            return sum([await self.accept(event) for event in several])
        for event in several[:new]:
            self.metrics.accepted(event.channel)
            self._attempt()
        if new:
            self._announced()
        return new

    async def keep_broken(self, channel: str, account: str, raw: bytes, why: str) -> None:
        """Keep bytes that cannot even be routed."""
        await self.database.write(self._keep_broken, channel, account, raw, why, kind=Kind.ACCEPT)

    def _keep_broken(self, db: Connection, channel: str, account: str, raw: bytes, why: str) -> None:
        event_id = f"broken:{hashlib.sha256(raw).hexdigest()[:32]}"
        inbox.keep_broken(db, self.place.commune_id, channel, account, event_id, raw, why, self.clock.now())

    # --- turning ----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin taking events, those first that were left by an earlier run."""
        self._poll = asyncio.create_task(self._look())

    async def stop(self, seconds: float) -> None:
        """Finish the turns in hand, at most so long; what has not begun stays in the inbox."""
        self._stopping = True
        if self._poll is not None:
            self._poll.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._poll
        if self._attempts:
            await asyncio.wait(self._attempts, timeout=seconds)

    def look(self) -> None:
        """Somebody announced events (another process, a command): look for them."""
        for _each in range(2):
            self._attempt()

    async def _look(self) -> None:
        while True:
            self._attempt(chain=True)
            await asyncio.sleep(SLOW_POLL)

    def _attempt(self, chain: bool = False) -> None:
        if self._stopping or len(self._attempts) >= MOST_ATTEMPTS:
            return
        attempt, turned = _Attempt(self), self._turned
        future = self.database.submit(attempt.work, Kind.TURN, attempt.failed)
        self._attempts.add(future)
        future.add_done_callback(lambda done: self._finished(done, chain, turned))

    def _finished(self, future: "asyncio.Future[Outcome | None]", chain: bool, turned: int) -> None:
        self._attempts.discard(future)
        if future.cancelled():
            return
        if future.exception() is not None:
            # The database is away: even the failure could not be written. The slow poll tries again.
            log.warning("turn_not_recorded", error=type(future.exception()).__name__)
            return
        outcome = future.result()
        if outcome is None:
            self._nothing_there(turned)
            return
        self._turned += 1
        look_again, self._hidden = self._hidden, False
        for _each in range(outcome.events + (2 if chain else 1 if look_again else 0)):
            self._attempt(chain=chain)
        self._tell(outcome)

    def _nothing_there(self, turned: int) -> None:
        """On PostgreSQL a lane in a worker's hands hides its later events: look again when a turn that went on at the
        same time has ended (`turned`: how many had ended before). Another process says when it has accepted something.
        """
        if not self.database.postgres:
            return
        self._hidden = bool(self._attempts)
        if not self._attempts and turned != self._turned:
            self._attempt()

    def _tell(self, outcome: Outcome) -> None:
        if outcome.woken:
            self._woken(outcome.woken)
        if outcome.events:
            self._announced()
        for act in outcome.after:
            act()
        if outcome.postponed is None:
            self.metrics.turned(
                outcome.event.channel, outcome.route, outcome.seconds, failed=outcome.reference is not None
            )
        about = {
            "inbox": outcome.event.id,
            "lane": outcome.event.lane_id,
            "channel": outcome.event.channel,
            "route": outcome.route,
        }
        if outcome.reference is not None:
            log.error("turn_failed", reference=outcome.reference, error=outcome.error, **about)
        elif outcome.postponed is not None:
            log.warning("turn_postponed", until=outcome.postponed.isoformat(), error=outcome.error, **about)
        elif outcome.seconds > SLOW_TURN:
            log.warning("slow_turn", seconds=round(outcome.seconds, 3), **about)

    # --- inside the transaction -------------------------------------------------------------------------------------

    def turn(self, db: Connection, taken: Arrival) -> Outcome:
        """Answer one event inside the open transaction."""
        began = time.perf_counter()
        turn = self._turn(db, taken)
        files.expect(turn)
        if turn.event.media:
            turn.after.append(self.on_files)
        router = Router(turn, self.routes)
        reply = router.answer()
        self._send(turn, reply, router)
        self._show_choice(turn)
        if (
            turn.citizen is not None
            and turn.citizen.misunderstood
            and not router.misunderstood
            and turn.event.kind != "internal"
        ):
            citizens.change(db, turn.citizen.id, misunderstood=0)
        inbox.done(db, taken.id, turn.now)
        return Outcome(taken, router.route, turn.woken, turn.events, turn.after, time.perf_counter() - began)

    def _turn(self, db: Connection, taken: Arrival) -> Turn:
        now = self.clock.now()
        address = Address(taken.channel, taken.account, taken.chat, taken.sender)
        citizen = None if is_office(self.place, address) else taken.citizen
        event = self._parse(taken)
        if citizen is None and event.kind not in NOT_HERS and not is_office(self.place, address):
            citizen = citizens.meet(db, taken.commune_id, taken.channel, taken.account, taken.sender, now)
        if event.kind not in NOT_HERS and taken.last_at and taken.received_at - taken.last_at > HEARD_AGAIN:
            key = (taken.channel, taken.account, taken.sender)
            citizens.heard(db, taken.commune_id, *key, taken.received_at)
        language = (citizen.language if citizen else None) or self.place.language
        return Turn(
            db=db,
            place=self.place,
            now=now,
            address=address,
            event=event,
            event_id=taken.id,
            lane_id=taken.lane_id,
            language=language,
            citizen=citizen,
            official=taken.official,
            talk=conversations.opened(db, taken.talk),
            replayed=inbox.is_replay(taken),
        )

    def _parse(self, taken: Taken) -> Inbound:
        if taken.event_id.startswith("internal:"):
            body = orjson.loads(taken.raw)
            return Inbound("internal", name=body["internal"], args=body.get("args", {}))
        return self.channels[taken.channel].parse(taken.raw)

    def _send(self, turn: Turn, reply: Reply, router: Router) -> None:
        if not (reply.paragraphs or reply.pictures or reply.documents):
            return
        reply = router.fitted(reply)
        asked = turn.event.kind != "internal"
        # Questions overtaken by a burst are not all repeated: a later one replaces what nobody has seen yet (L07).
        talk = router.talks.asked
        turn.send(
            turn.address,
            reply,
            kind="answer" if asked else "notice",
            expires_at=turn.now + ANSWERS_EXPIRE if asked else None,
            supersedes=f"talk:{talk}" if talk else None,
            in_reply_to=turn.event_id,
            language=turn.language,
            with_=_place_in_group(turn, asks=talk is not None),
        )
        items = router.list_items(reply)
        if items:
            conversations.show_list(
                turn.db, turn.commune_id, turn.lane_id, turn.address.sender, items, turn.now, unasked=not asked
            )

    def _show_choice(self, turn: Turn) -> None:
        """In a messenger the buttons of an answered question go and her choice stays, so that no old one confuses."""
        event, can = turn.event, self.place.capabilities[turn.address.channel]
        asked = event.kind == "tap" and event.message and not turn.in_group and belongs_to_talk(event.token)
        if not (asked and can.sends and can.edits):
            return
        shown = _("{question}\n\n✓ {choice}", question=event.quoted[:QUOTED], choice=event.text)
        turn.send(
            turn.address,
            Reply(shown),
            kind="edit",
            expires_at=turn.now + EDITS_EXPIRE,
            with_={"edits": event.message},
        )

    def failed(self, db: Connection, taken: Taken, error: Exception) -> Outcome:
        """Record, in a transaction of its own, that a turn raised."""
        now = self.clock.now()
        if temporary(error):
            until = inbox.postpone(db, taken, now)
            return Outcome(taken, "postponed", postponed=until, error=type(error).__name__)
        reference = logs.new_reference()
        if not inbox.fail(db, taken.id, reference, logs.describe(error), now):
            return Outcome(taken, "done_elsewhere")
        kept = not self._accuses(taken)
        if not kept:
            inbox.forget(db, taken.id)  # what accuses somebody is not kept, not even as a failure (L28)
        outcome = Outcome(taken, "failed", reference=reference, error=logs.describe(error))
        if not taken.event_id.startswith("internal:") and not isinstance(error, Unparsable):
            self._apologise(db, taken, reference, now, outcome, kept)
        return outcome

    def _accuses(self, taken: Taken) -> bool:
        """Whether the words of an event accuse somebody or tell of a crime, or may."""
        try:
            text = self._parse(taken).text
        except Exception:  # that may be the very error
            return False
        return gates.accuses(text) != "no" or gates.tells_of_crime(text) != "no"

    def _apologise(
        self, db: Connection, taken: Taken, reference: str, now: datetime, outcome: Outcome, kept: bool
    ) -> None:
        turn = Turn(
            db=db,
            place=self.place,
            now=now,
            address=Address(taken.channel, taken.account, taken.chat, taken.sender),
            event=Inbound("text"),
            event_id=taken.id,
            lane_id=taken.lane_id,
            language=self.place.language,
            citizen=None,
            official=None,
        )
        words = _(
            "I am sorry, something went wrong on our side. Your message is kept. Please try again, "
            "or type 0 for a person. (Reference: {reference})",
            reference=reference,
        )
        if not kept:
            words = _(
                "I am sorry, something went wrong on our side. What you wrote is not kept. Please come to the office, "
                "or type 0 for a person. (Reference: {reference})",
                reference=reference,
            )
        turn.send(turn.address, Reply(words), kind="answer", expires_at=now + ANSWERS_EXPIRE, in_reply_to=taken.id)
        outcome.woken = turn.woken


def _place_in_group(turn: Turn, asks: bool) -> dict[str, Any] | None:
    """In a group an answer stands under the message it answers, in the same topic; a question is for its sender."""
    event = turn.event
    if not event.group:
        return None
    more = {"for": turn.address.sender if asks else "", "thread": event.thread}
    return {"reply_to": event.message} | {key: value for key, value in more.items() if value}


class _Attempt:
    """One try at whatever event is next; remembers which it was, for the record of a failure."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._taken: Arrival | None = None

    def work(self, db: Connection) -> Outcome | None:
        self._taken = arrivals.take(db, self._dispatcher.clock.now())
        return None if self._taken is None else self._dispatcher.turn(db, self._taken)

    def failed(self, db: Connection, error: Exception) -> Outcome | None:
        if self._taken is None:
            raise error
        return self._dispatcher.failed(db, self._taken, error)
