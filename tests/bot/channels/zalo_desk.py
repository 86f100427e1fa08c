"""A Zalo channel with a real database behind it and the stand-in before it, for tests of the channel alone."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy import Connection, select

from bot import sample
from bot.channels.base import Inbound, Post
from bot.channels.zalo import Zalo
from bot.channels.zalo_receive import WEBHOOK
from bot.commune import Commune
from bot.settings import Settings
from messages.render import Catalogs
from storage import citizens, inbox, outages, outbox
from storage.db import Database, Kind, Temporary
from storage.inbox import Event
from storage.outbox import Row, Sending
from storage.sealing import unseal
from tests import stores
from tests.zalo_oauth import APP_ID
from tests.zalo_server import ZaloServer
from tests.zalo_world import User

NOON = datetime(2026, 11, 26, 5, 0, tzinfo=UTC)  # 12:00 in Vietnam, a Thursday
HOA = "2468458835296197922"
LAN = "9007199254740993001"
CATALOGS = Catalogs()
PUBLIC = "https://chat.xa.vn"


@dataclass
class Clock:
    """The time on both sides."""

    at: datetime = NOON

    def __call__(self) -> float:
        return self.at.timestamp()

    def later(self, **time: float) -> None:
        self.at += timedelta(**time)


@dataclass
class Desk:
    """The channel, the stand-in, and what the process around the channel would have seen."""

    server: ZaloServer
    channel: Zalo
    database: Database
    folder: Path
    clock: Clock
    commune: Commune
    away: bool = False
    accepts: list[list[str]] = field(default_factory=list)  # the event ids of each commit
    broken: list[tuple[bytes, str]] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    url: str = ""  # of our own doors
    rows: int = 0

    def post(self) -> Post:
        async def accept(events: Iterable[Event]) -> int:
            several = list(events)
            if self.away:
                raise Temporary("away")
            new = await self.database.write(self._accept, several, kind=Kind.ACCEPT)
            self.accepts.append([each.event_id for each in several])
            return new

        async def keep_broken(account: str, raw: bytes, why: str) -> None:
            if self.away:
                raise Temporary("away")
            self.broken.append((raw, why))

        async def beat() -> None:
            await self.database.write(outages.beat, 1, "zalo", APP_ID, self.clock.at)

        return Post(
            self.database, 1, CATALOGS, "vi", lambda: self.clock.at, accept, keep_broken, self.alerts.append, beat,
            self.folder, self.channel.settings.public_url, self.commune.name, self.commune,
        )  # fmt: skip

    def _accept(self, db: Connection, events: list[Event]) -> int:
        return sum(inbox.accept(db, 1, event, self.clock.at) for event in events)

    def user(self, user_id: str = HOA, name: str = "Bà Hoa") -> User:
        """A citizen who has not been in touch."""
        return self.server.user(user_id, name)

    async def friend(self, user_id: str = HOA, name: str = "Bà Hoa") -> User:
        """A citizen who has just written, on both sides."""
        user = self.user(user_id, name)
        user.last = self.clock()
        await self.database.write(citizens.meet, 1, "zalo", APP_ID, user_id, self.clock.at)
        return user

    async def events(self) -> list[Event]:
        """Everything stored, in order."""

        def read(db: Connection) -> list[Event]:
            rows = db.execute(
                select(inbox.lane.c.chat, inbox.inbox.c.sender, inbox.inbox.c.event_id, inbox.inbox.c.raw)
                .join(inbox.lane, inbox.lane.c.id == inbox.inbox.c.lane_id)
                .order_by(inbox.inbox.c.id)
            )
            return [Event("zalo", APP_ID, row.chat, row.sender, row.event_id, unseal(db, row.raw)) for row in rows]

        return await self.database.read(read)

    async def parsed(self) -> list[Inbound]:
        """Everything stored, parsed."""
        return [self.channel.parse(event.raw) for event in await self.events()]

    def sending(self, chat: str = HOA, words: str | None = "Xin chào.", kind: str = "answer", **more: Any) -> Sending:
        """A row of the outbox as the sender hands it over."""
        body = more if words is None else {"text": words} | more
        return Sending(1, chat, kind, body, 0, self.clock.at)

    async def row(self, state: str, provider_id: str | None = None, chat: str = HOA, **body: Any) -> int:
        """A message in the outbox that has come so far; its id."""
        made = Row("zalo", APP_ID, chat, "notice", {"text": "Xin chào."} | body, self.clock.at, self.clock.at)

        def put(db: Connection) -> int:
            row_id = outbox.put(db, 1, made)
            table = outbox.outbox
            db.execute(table.update().where(table.c.id == row_id).values(state=state, provider_id=provider_id))
            return row_id

        return await self.database.write(put)

    async def read(self, row_id: int) -> Any:
        """The row as it is now."""
        table = outbox.outbox
        return await self.database.read(lambda db: db.execute(select(table).where(table.c.id == row_id)).one())


async def eventually(true: Callable[[], Any]) -> None:
    """Wait for what no request of ours tells."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def settings(server: ZaloServer, folder: Path, **more: str) -> Settings:
    """Those of a service that is pointed at the stand-in."""
    return Settings.load({"DATA_DIR": str(folder)} | server.environ | more, env_file=None)


@asynccontextmanager
async def desk(
    folder: Path, kind: str = "sqlite", terms: dict[str, Any] | None = None, **more: str
) -> AsyncIterator[Desk]:
    """A stand-in, and an open channel before an empty database. `terms`: of commune.toml; `more`: settings."""
    clock = Clock()
    async with ZaloServer(now=clock) as server:
        with stores.fresh(kind, folder) as url:
            async with on(url, folder, server, clock, terms, **more) as made:
                yield made


@asynccontextmanager
async def on(
    url: str, folder: Path, server: ZaloServer, clock: Clock, terms: dict[str, Any] | None = None, **more: str
) -> AsyncIterator[Desk]:
    """An open channel before a database that others may use, too; its doors are open."""
    commune = sample.commune()
    commune = commune.model_copy(update={"zalo": commune.zalo.model_copy(update=terms or {})})
    database, channel = Database(url, stores.KEYS), Zalo(settings(server, folder, **more))
    made = Desk(server, channel, database, folder, clock, commune)
    await channel.open(made.post())
    app = web.Application()
    app.add_routes(channel.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    server.hook.url = made.url + WEBHOOK
    try:
        yield made
    finally:
        await channel.close()
        await runner.cleanup()
        await database.close()
