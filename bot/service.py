"""The running process: web server, dispatcher, senders, clock and control socket around one App."""

import asyncio
import contextlib
import gc
import signal
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

import structlog
from aiohttp import web
from sqlalchemy import Connection

from bot import case_files, commands, control, logs, metrics, sample
from bot.api import Api
from bot.app import App, open_app
from bot.channels.base import Channel, Post
from bot.channels.web import Web
from bot.channels.web_door import NAME as WEB
from bot.channels.web_door import Demo, Desk
from bot.dispatcher import Dispatcher
from bot.files import Fetcher
from bot.hub import Hub
from bot.letters import Drawer
from bot.outbox import Sender
from bot.previews import Reader
from bot.scheduler import Scheduler
from bot.sealed_office import SealedOffice
from bot.sealed_page import SealedPage
from bot.settings import Settings
from bot.take_in import finish_interrupted
from bot.turn import Work
from messages.render import ZONE
from messages.reply import Reply, _
from storage import citizens, officials, outages, outbox

log = structlog.get_logger(__name__)

FINISH_SECONDS = 10.0
"""How long turns and requests in hand may take after SIGTERM."""
ALERT_AGAIN = timedelta(hours=1)
DUE_POLL = 1.0
"""Seconds between looks for held messages that have become due."""


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
            Sender(
                app.database,
                app.place.commune_id,
                channel,
                channel.account,
                app.clock,
                self._alert,
                unreachable=self._unreachable(channel),
                metrics=app.metrics,
            )
            for channel in app.channels
        ]
        leaders = zip(app.channels, self.senders, strict=True)
        folder = app.settings.data_dir / "files"
        self.fetcher = Fetcher(app.database, app.place, app.clock, folder, leaders, self._worked)
        self.dispatcher.on_files = self.fetcher.wake
        self.drawer = Drawer(app, self._worked)
        self.reader = Reader(app, self._worked)
        self.hub.on_queued = [sender.wake for sender in self.senders]
        self.hub.on_events = [self.dispatcher.look]
        self.scheduler = Scheduler(app, self._worked)
        self.control = control.Control(app, commands.COMMANDS, after=self._commanded)
        self._runner: web.AppRunner | None = None
        self._due: asyncio.Task[None] | None = None
        self._alerted: dict[str, datetime] = {}
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
            may_see=lambda db, *page: case_files.may_see(Work(db, app.place, app.clock.now()), *page),
        )

    def _unreachable(self, channel: Channel) -> Callable[[Connection, str], None]:
        """Notes that whoever is in a private chat has shut us out."""
        app, key = self.app, (self.app.place.commune_id, channel.name, channel.account)
        return lambda db, chat: citizens.left(db, *key, chat, app.clock.now())

    def _post(self, channel: Channel) -> Post:
        app = self.app

        async def beat() -> None:
            now = app.clock.now()
            await app.database.write(outages.beat, app.place.commune_id, channel.name, channel.account, now)

        async def keep_broken(account: str, raw: bytes, why: str) -> None:
            await self.dispatcher.keep_broken(channel.name, account, raw, why)

        return Post(
            database=app.database,
            commune_id=app.place.commune_id,
            commune_name=app.place.commune.name,
            commune=app.place.commune,
            catalogs=app.place.catalogs,
            language=app.place.language,
            now=app.clock.now,
            accept=self.dispatcher.accept_all,
            keep_broken=keep_broken,
            alert=self._alert,
            beat=beat,
            files=app.settings.data_dir / "files",
            public_url=app.settings.public_url,
        )

    async def start(self) -> None:
        """Open the doors; returns once requests are answered."""
        settings = self.app.settings
        self.web.desk.demo = await self._demo()
        await asyncio.to_thread(self.app.place.phrases.prepare)
        await self.hub.start()
        await self.dispatcher.start()
        for channel in self.app.channels:
            await channel.open(self._post(channel))
        for sender in self.senders:
            sender.start()
        self.fetcher.start()
        self.drawer.start()
        self.reader.start()
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
        """Close the doors, finish what is in hand (all of it within `seconds`), close the rest."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        if self._due is not None:
            self._due.cancel()
        self.scheduler.stop()
        await self.web.close()
        if self._runner is not None:
            await self._runner.cleanup()
        await self.dispatcher.stop(max(0.0, end - loop.time()))
        await self.drawer.stop(max(0.0, end - loop.time()))
        await self.reader.stop(max(0.0, end - loop.time()))
        for sender in self.senders:
            await sender.stop(max(0.0, end - loop.time()))
        await self.fetcher.stop(max(0.0, end - loop.time()))
        for channel in self.app.channels:
            await channel.close()
        await self.control.stop(max(0.0, end - loop.time()))
        await self.hub.stop()
        log.info("stopped")

    def _server(self) -> web.Application:
        server = web.Application(client_max_size=1 << 20)
        server.add_routes(self.web.routes())
        for channel in self.app.channels:
            server.add_routes(channel.routes())
        server.add_routes(Api(self.app, self.web.door.address).routes())
        sealed = SealedPage(
            self.web.door, self.app.database, self.app.place, self.app.settings.data_dir / "sealed", self._worked
        )
        server.add_routes([*sealed.routes(), *SealedOffice(sealed).routes()])
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
        """Tell the office, the same at most once an hour: this very card may fail for the same reason."""
        now = self.app.clock.now()
        if now - self._alerted.get(why, now - ALERT_AGAIN) < ALERT_AGAIN:
            return
        self._alerted[why] = now

        def card(db: Connection) -> Work:
            work = Work(db, self.app.place, now)
            work.send_office(Reply(_("A channel needs the technician: {why}", why=why), card="channel", loud=True))
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
            keep_what_is_loaded()
            _say_where(app, service.port)
            await stopping.wait()
            await service.stop()
    return 0


def keep_what_is_loaded() -> None:
    """Let collections of garbage pass over what was loaded at start, and come less often: walking all those classes
    again and again took a tenth of the time of a turn and a fifth of that of a message that is sent.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


async def _finish_import(app: App, alone: bool = False) -> None:
    """An import that was being applied when the power failed is finished before anybody asks."""
    await finish_interrupted(app, lambda sentence: log.info("import", said=sentence), alone=alone)


def _say_where(app: App, port: int) -> None:
    host = app.settings.http_host
    print(f"Gần Dân: http://{host}:{port}/  (Ctrl+C: dừng)", flush=True)
