"""Turns without network: one event, one call of the dispatcher on a SQLite connection, undone at the end."""

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, select

from bot.app import HANDLERS, fill_sample
from bot.channels.web import CAPABILITIES, Web
from bot.clock import FixedClock
from bot.dispatcher import Dispatcher, Outcome
from bot.metrics import Metrics
from bot.routes import Routes
from bot.sample import commune
from bot.talks import wake_due
from bot.turn import Place, Work
from messages.render import Catalogs
from storage import arrivals, communes, inbox, officials, outbox
from storage.db import create_engine_for
from storage.inbox import Event
from storage.sealing import unseal_json
from tests import stores
from tests.town import START

CHANNEL = "web"
BOX, OFFICE = "", "office"


@dataclass(frozen=True)
class Who:
    """Somebody's chat: a villager's box, or an official's own at /office."""

    account: str
    chat: str


VILLAGER = Who(BOX, "villager")


@dataclass
class Said:
    """What came of one event: the step that answered, what her chat was sent, what any chat was sent."""

    route: str
    bodies: list[dict[str, Any]]
    everything: list[dict[str, Any]]
    reference: str | None = None

    @property
    def text(self) -> str:
        return "\n".join(body["text"] for body in self.bodies)

    @property
    def buttons(self) -> list[dict[str, str]]:
        return [button for body in self.bodies for button in body.get("buttons", [])]


class Bench:
    """The sample commune in one SQLite file, and the dispatcher that answers in it."""

    def __init__(self, handlers: tuple[Any, ...] = HANDLERS) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._open = stores.fresh("sqlite", Path(self._folder.name))
        self.engine = create_engine_for(self._open.__enter__(), stores.KEYS)
        self.place = Place(1, commune(), Catalogs(), {CHANNEL: CAPABILITIES}, "vi")
        self.routes = Routes.merge([handler.routes for handler in handlers])
        with self.engine.begin() as db:
            communes.create(db, 1, True, START)
            fill_sample(db, START)

    @contextmanager
    def town(self, routes: Routes | None = None) -> Iterator["Chats"]:
        """Everybody's chats; nothing of what happens in them remains."""
        with self.engine.connect() as db, db.begin() as undone:
            yield Chats(self, db, routes or self.routes)
            undone.rollback()

    def close(self) -> None:
        self.engine.dispose()
        self._open.__exit__(None, None, None)
        self._folder.cleanup()


@dataclass
class Chats:
    """Say something as somebody and see which step answered."""

    bench: Bench
    db: Connection
    routes: Routes
    clock: FixedClock = field(default_factory=lambda: FixedClock(START))
    seen: int = 0

    def __post_init__(self) -> None:
        web = Web.__new__(Web)
        self.dispatcher = Dispatcher(
            None, self.bench.place, self.routes, {CHANNEL: web}, self.clock, Metrics(), lambda _: None, lambda: None
        )

    def does(self, who: Who = VILLAGER, *, event_id: str = "", **body: Any) -> Said:
        """One event as the page sends it, and every internal event it causes."""
        event_id = event_id or str(uuid.uuid4())
        raw = orjson.dumps({"id": event_id} | body)
        if not inbox.accept(self.db, 1, Event(CHANNEL, who.account, who.chat, who.chat, event_id, raw), self.now):
            return Said("", [], [])
        first = self._turns()[0]
        return self._said(who, first)

    def says(self, text: str, who: Who = VILLAGER, **body: Any) -> Said:
        """Typed words."""
        return self.does(who, kind="text", text=text, **body)

    def taps(self, token: str, who: Who = VILLAGER, text: str = "") -> Said:
        """A tapped button."""
        return self.does(who, kind="tap", text=text, token=token)

    def later(self, **time: float) -> None:
        """The clock moves and ticks for talks."""
        self.clock.advance(timedelta(**time))
        wake_due(Work(self.db, self.bench.place, self.now))
        self._turns()
        self._said(VILLAGER, None)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def official(self, role: str = "clerk", name: str = "") -> Who:
        """A sample official in his own chat at /office."""
        person = self._person(role, name)
        who = Who(OFFICE, f"official:{person.id}")
        officials.bind(self.db, 1, person.id, CHANNEL, who.account, who.chat)
        return who

    def village_head(self) -> Who:
        """The sample's village head at the chat box."""
        who = Who(BOX, "head")
        officials.bind(self.db, 1, self._person("village-head").id, CHANNEL, who.account, who.chat)
        return who

    def remove(self, who: Who) -> None:
        """Take somebody's rights away."""
        person = officials.of(self.db, 1, CHANNEL, who.account, who.chat)
        officials.remove(self.db, 1, person.id)

    def _person(self, role: str, name: str = "") -> officials.Official:
        return next(each for each in officials.active(self.db, 1) if each.role == role and name in each.name)

    def _turns(self) -> list[Outcome]:
        done = []
        while (taken := arrivals.take(self.db, self.now)) is not None:
            done.append(self.dispatcher.turn(self.db, taken))
        return done

    def _said(self, who: Who, outcome: Outcome | None) -> Said:
        table = outbox.outbox
        rows = self.db.execute(
            select(table.c.id, table.c.account, table.c.chat, table.c.body)
            .where(table.c.id > self.seen, table.c.state == "queued")
            .order_by(table.c.id)
        ).all()
        self.seen = max([self.seen, *(row.id for row in rows)])
        bodies = [(Who(row.account, row.chat), unseal_json(self.db, row.body)) for row in rows]
        return Said(
            outcome.route if outcome else "", [body for to, body in bodies if to == who], [body for _to, body in bodies]
        )
