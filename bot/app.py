"""The only place that wires: settings become an App (database, commune, words, routes), and an App becomes a Service.

HANDLERS and CHANNELS are lists, without import magic. Tests call the same functions with overrides: another clock,
other limits, a test-only channel.
"""

import asyncio
import contextlib
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

import structlog
from aiohttp import web
from sqlalchemy import Connection

from bot import commands, control, logs, metrics, sample
from bot.channels.base import Channel
from bot.channels.web import CAPABILITIES as WEB_CAPABILITIES
from bot.channels.web import Web
from bot.channels.web_door import NAME as WEB
from bot.channels.web_door import Demo, Desk, Limits
from bot.clock import Clock
from bot.commands.import_dossiers import finish_interrupted
from bot.commune import Commune, load
from bot.dispatcher import Dispatcher
from bot.hub import Hub
from bot.metrics import Metrics
from bot.outbox import Sender
from bot.routes import Routes
from bot.scheduler import Scheduler
from bot.settings import BadSettings, Settings, secret_key
from bot.talks import wake_due
from bot.turn import OFFICE_CHAT, Place, Work
from handlers import answer, desk, dossier, greeting, guard, office, person, privacy, waiting, watch
from messages.fold import fold
from messages.render import ZONE, Catalogs
from messages.reply import Reply, _
from storage import communes, households, imports, migrate, officials, outbox
from storage.db import Database
from storage.sealing import Keys

log = structlog.get_logger(__name__)

HANDLERS = (greeting, dossier, watch, desk, person, guard, waiting, office, answer, privacy)
"""Every file of `handlers/`: one line each."""
COMMUNE_ID = 1
FINISH_SECONDS = 10.0
"""How long turns and requests in hand may take after SIGTERM."""
DUE_POLL = 1.0


@dataclass
class App:
    """What commands, ticks and the service share. `channels` are those besides the web page (none yet but in tests)."""

    settings: Settings
    keys: Keys
    database: Database
    place: Place
    clock: Clock
    routes: Routes
    sample: bool
    limits: Limits = field(default_factory=Limits)
    channels: tuple[Channel, ...] = ()
    metrics: Metrics = field(default_factory=Metrics)


@asynccontextmanager
async def open_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    limits: Limits | None = None,
    channels: Iterable[Channel] = (),
    handlers: Iterable[Any] = HANDLERS,
) -> AsyncIterator[App]:
    """Migrate, read the commune (or make the sample one), and give an App; raises BadSettings."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    clock = clock or Clock(settings.clock_start, settings.clock_rate)
    keys, url, others = Keys.derive(secret_key(settings)), settings.database, tuple(channels)
    await asyncio.to_thread(migrate.upgrade, url, keys)
    database = Database(url, keys)
    try:
        commune, is_sample = await _commune(settings, database, clock, others)
        capabilities = {WEB: WEB_CAPABILITIES} | {channel.name: channel.capabilities for channel in others}
        place = Place(COMMUNE_ID, commune, Catalogs(), capabilities, settings.language)
        routes = Routes.merge([handler.routes for handler in handlers])
        routes.tick("talks", every=timedelta(minutes=1))(wake_due)
        yield App(settings, keys, database, place, clock, routes, is_sample, limits or Limits(), others)
    finally:
        await database.close()


async def _commune(
    settings: Settings, database: Database, clock: Clock, channels: tuple[Channel, ...]
) -> tuple[Commune, bool]:
    """The commune of DATA_DIR/commune.toml; the sample commune when there is none, no channel, and a new database."""
    file = settings.data_dir / "commune.toml"
    is_sample = await database.read(communes.is_sample, COMMUNE_ID)
    real_channel = bool(settings.telegram_bot_token or settings.zalo_app_id or channels)
    if is_sample is None:
        is_sample = not real_channel and not file.exists()
        await database.write(_create, is_sample, clock.now())
    if not is_sample:
        return load(file) if file.exists() else _nameless(), False
    if real_channel or file.exists():
        raise BadSettings(
            ["Thư mục dữ liệu này chứa dữ liệu mẫu. Xin chọn DATA_DIR mới cho xã thật, rồi chạy: python -m bot init."]
        )
    return sample.commune(), True


def _nameless() -> Commune:
    raise BadSettings(["Chưa có tệp commune.toml trong DATA_DIR. Xin chạy: python -m bot init."])


def _create(db: Connection, is_sample: bool, now: datetime) -> None:
    """In one transaction: a database that is marked as the sample has all of it, even when the power failed here."""
    communes.create(db, COMMUNE_ID, is_sample, now)
    if is_sample:
        fill_sample(db, now)


def fill_sample(db: Connection, now: datetime) -> None:
    """The fictional commune: officials, households, dossiers in every state as of today."""
    for person_ in sample.officials():
        officials.add(db, COMMUNE_ID, person_.name, person_.post, person_.role, person_.rights, person_.village, now)
    households.add(
        db,
        COMMUNE_ID,
        [(home.code, home.village, home.lane, home.representative, home.phone) for home in sample.households()],
    )
    today = now.astimezone(ZONE).date()
    imports.load(db, COMMUNE_ID, "sample", sample.dossiers(today), fold, now - timedelta(hours=1), now)


class Service:
    """The running process: web server, dispatcher, senders, clock, control socket."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.hub = Hub(_conninfo(app) if app.database.postgres else None)
        everything: dict[str, Channel] = {channel.name: channel for channel in app.channels}
        self.dispatcher = Dispatcher(
            app.database,
            app.place,
            app.routes,
            everything,
            app.clock,
            app.metrics,
            woken=self.hub.chats,
            announced=self.hub.events,
        )
        self.web = Web(self._desk())
        everything[WEB] = self.web
        self.senders = [
            Sender(app.database, app.place.commune_id, channel, getattr(channel, "account", ""), app.clock, self._alert)
            for channel in app.channels
        ]
        self.hub.on_queued = [sender.wake for sender in self.senders]
        self.hub.on_events = [self.dispatcher.look]
        self.scheduler = Scheduler(app, self._worked)
        self.control = control.Control(app, commands.COMMANDS, after=self._commanded)
        self._runner: web.AppRunner | None = None
        self._due: asyncio.Task[None] | None = None
        self.port = 0

    def _desk(self) -> Desk:
        app, settings = self.app, self.app.settings
        return Desk(
            database=app.database,
            commune_id=app.place.commune_id,
            commune_name=app.place.commune.name,
            catalogs=app.place.catalogs,
            now=app.clock.now,
            accept=self.dispatcher.accept,
            keep_broken=self.dispatcher.keep_broken,
            watch=self.hub.watch,
            folder=settings.data_dir / "files",
            public_url=settings.public_url,
            embed_origins=settings.web_embed_origins,
            trusted_proxies=tuple(ip_network(str(network)) for network in settings.trusted_proxy),
            limits=app.limits,
            language=settings.language,
        )

    async def start(self) -> None:
        """Open the doors; returns once requests are answered."""
        settings = self.app.settings
        self.web.desk.demo = await self._demo()
        await self.hub.start()
        await self.dispatcher.start()
        for sender in self.senders:
            sender.start()
        self.scheduler.start()
        await self.control.start()
        self._due = asyncio.create_task(self._watch_due())
        self._runner = web.AppRunner(self._server(), access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(
            self._runner, settings.http_host, settings.http_port, reuse_port=self.app.database.postgres or None
        )
        await site.start()
        self.port = self._runner.addresses[0][1]
        log.info(
            "started", host=settings.http_host, port=self.port, sqlite=sqlite3.sqlite_version, sample=self.app.sample
        )

    async def stop(self, seconds: float = FINISH_SECONDS) -> None:
        """Close the doors, finish the turns in hand, close the rest."""
        if self._due is not None:
            self._due.cancel()
        self.scheduler.stop()
        await self.control.stop(seconds)
        await self.web.close()
        if self._runner is not None:
            await self._runner.cleanup()
        await self.dispatcher.stop(seconds)
        for sender in self.senders:
            await sender.stop(seconds)
        await self.hub.stop()
        log.info("stopped")

    def _server(self) -> web.Application:
        server = web.Application(client_max_size=1 << 20)
        server.add_routes(self.web.routes())
        server.add_routes([web.get("/healthz", self._healthz), web.get("/metrics", self._metrics)])
        return server

    async def _healthz(self, request: web.Request) -> web.Response:
        channels = {
            channel.name: "leading" if sender.leading else "waiting"
            for channel, sender in zip(self.app.channels, self.senders, strict=True)
        }
        status, detail = await metrics.health(self.app, {WEB: "ok"} | channels)
        return web.json_response(detail, status=status)

    async def _metrics(self, request: web.Request) -> web.Response:
        if request.remote not in ("127.0.0.1", "::1") or "X-Forwarded-For" in request.headers:
            raise web.HTTPNotFound
        return web.Response(
            body=await self.app.metrics.render(self.app), headers={"Content-Type": metrics.CONTENT_TYPE}
        )

    def _worked(self, work: Work) -> None:
        if work.woken:
            self.hub.chats(work.woken)
        if work.events:
            self.dispatcher.look()
            self.hub.events()

    def _commanded(self) -> None:
        self.dispatcher.look()
        self.hub.everything()

    def _alert(self, why: str) -> None:
        def card(db: Connection) -> Work:
            work = Work(db, self.app.place, self.app.clock.now())
            work.send(
                OFFICE_CHAT, Reply(_("A channel needs the technician: {why}", why=why), card="channel", loud=True)
            )
            return work

        task = asyncio.ensure_future(self.app.database.write(card))
        task.add_done_callback(
            lambda done: None if done.cancelled() or done.exception() else self._worked(done.result())
        )

    async def _watch_due(self) -> None:
        """Wake pages whose held messages have become due (an official's reply after the minute to take it back)."""
        since = finished = self.app.clock.now()
        while True:
            await asyncio.sleep(DUE_POLL)
            until = self.app.clock.now()
            with contextlib.suppress(Exception):  # the database is away; the next look covers the same time
                if until - finished >= timedelta(minutes=1):
                    finished = until
                    await _finish_import(self.app)  # of another process that died meanwhile
                chats = await self.app.database.read(outbox.due_chats, WEB, since, until)
                since = until
                if chats:
                    self.hub.chats(chats)

    async def _demo(self) -> Demo | None:
        if not self.app.sample:
            return None
        people = await self.app.database.read(officials.active, self.app.place.commune_id)
        clerk = next((person_.id for person_ in people if person_.role == "clerk"), None)
        head = next((person_.id for person_ in people if person_.role == "village-head"), None)
        if clerk is None or head is None:  # somebody has tried removing them
            return None
        today = self.app.clock.now().astimezone(ZONE).date()
        text: Callable[[Any], str] = lambda words: self.app.place.catalogs.text(words, self.app.place.language)  # noqa: E731
        codes = [{"code": each.code, "tail": each.tail, "about": text(each.about)} for each in sample.demo_codes(today)]
        return Demo(clerk, head, codes)


def _conninfo(app: App) -> str:
    """libpq's form of DATABASE_URL."""
    return app.settings.database_url.replace("postgresql+psycopg://", "postgresql://", 1)


async def serve(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code. Raises BadSettings and control.Busy."""
    logs.configure()
    with control.hold(settings.data_dir, shared=settings.on_postgresql):
        async with open_app(settings) as app:
            service = Service(app)
            stopping = asyncio.Event()
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, stopping.set)
            await _finish_import(app, alone=not app.database.postgres)
            await service.start()
            _say_where(app, service.port)
            await stopping.wait()
            await service.stop()
    return 0


async def _finish_import(app: App, alone: bool = False) -> None:
    """An import that was being applied when the power failed is finished before anybody asks."""
    await finish_interrupted(app, lambda sentence: log.info("import", said=sentence), alone=alone)


def _say_where(app: App, port: int) -> None:
    host = app.settings.http_host
    print(f"Gần Dân: http://{host}:{port}/  (Ctrl+C: dừng)", flush=True)
