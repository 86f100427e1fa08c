"""A Telegram channel with a real database behind it and the stand-in before it, for tests of the channel alone."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy import Connection, select

from bot.channels.base import Inbound, Post
from bot.channels.telegram import Telegram
from bot.settings import Settings
from messages.render import Catalogs
from storage import inbox
from storage.db import Database, Kind, Temporary
from storage.inbox import Event
from storage.outbox import Sending
from storage.sealing import unseal
from tests import stores
from tests.telegram_server import TelegramServer

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
SECRET = "the-secret-of-the-webhook"
CATALOGS = Catalogs()
COMMUNE = "UBND xã Suối Lành, nơi có cái tên dài đến mức phải rút ngắn ở chỗ hẹp, tỉnh mẫu"


@dataclass
class Desk:
    """The channel, the stand-in, and what the process around the channel would have seen."""

    server: TelegramServer
    channel: Telegram
    database: Database
    folder: Path
    now: datetime = NOW
    away: bool = False
    accepts: list[list[str]] = field(default_factory=list)  # the event ids of each commit
    broken: list[tuple[bytes, str]] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    beats: int = 0
    url: str = ""  # of our own doors

    def post(self, public_url: str = "") -> Post:
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
            self.beats += 1

        return Post(
            self.database, 1, CATALOGS, "vi", lambda: self.now, accept, keep_broken, self.alerts.append, beat,
            self.folder, public_url, COMMUNE,
        )  # fmt: skip

    def _accept(self, db: Connection, events: list[Event]) -> int:
        return sum(inbox.accept(db, 1, event, self.now) for event in events)

    async def events(self) -> list[Event]:
        """Everything stored, in order."""

        def read(db: Connection) -> list[Event]:
            rows = db.execute(
                select(inbox.lane.c.chat, inbox.inbox.c.sender, inbox.inbox.c.event_id, inbox.inbox.c.raw)
                .join(inbox.lane, inbox.lane.c.id == inbox.inbox.c.lane_id)
                .order_by(inbox.inbox.c.id)
            )
            return [Event("telegram", "", row.chat, row.sender, row.event_id, unseal(db, row.raw)) for row in rows]

        return await self.database.read(read)

    async def parsed(self) -> list[Inbound]:
        """Everything stored, parsed."""
        return [self.channel.parse(event.raw) for event in await self.events()]

    async def until(self, count: int) -> list[Event]:
        """Wait for so many stored events."""
        async with asyncio.timeout(10):
            while len(found := await self.events()) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        return found

    def sending(self, chat: int | str, words: str | None = "Xin chào.", kind: str = "answer", **more: Any) -> Sending:
        """A row of the outbox as the sender hands it over; `edits` and `at` (seconds later) are its own."""
        edits, at = more.pop("edits", None), more.pop("at", 0)
        body = more if words is None else {"text": words} | more
        return Sending(1, str(chat), kind, body, 0, NOW + timedelta(seconds=at), edits=edits)


async def eventually(true: Callable[[], Any]) -> None:
    """Wait for what no request of ours tells."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def settings(server: TelegramServer, folder: Path, **more: str) -> Settings:
    """Those of a service that is pointed at the stand-in."""
    environ = {"DATA_DIR": str(folder), "TELEGRAM_BOT_TOKEN": server.token, "TELEGRAM_API_URL": server.url}
    return Settings.load(environ | more, env_file=None)


@asynccontextmanager
async def desk(folder: Path, server: TelegramServer, **more: str) -> AsyncIterator[Desk]:
    """An open channel before an empty database. `more`: settings."""
    with stores.fresh("sqlite", folder) as url:
        async with on(url, folder, server, **more) as made:
            yield made


@asynccontextmanager
async def on(url: str, folder: Path, server: TelegramServer, **more: str) -> AsyncIterator[Desk]:
    """An open channel before a database that others may use, too; its doors are open when it has any."""
    database, channel = Database(url, stores.KEYS), Telegram(settings(server, folder, **more), SECRET)
    made = Desk(server, channel, database, folder)
    await channel.open(made.post(more.get("PUBLIC_URL", "")))
    app = web.Application()
    app.add_routes(channel.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    server.reach["https://chat.xa.vn"] = made.url
    try:
        yield made
    finally:
        await channel.close()
        await runner.cleanup()
        await database.close()
