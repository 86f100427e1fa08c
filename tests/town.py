"""A running commune for tests: the real service over real HTTP on loopback, and the people who use it.

Dialogue tests read as the talk they are; each runs straight through and with the service rebuilt from the database
before every message, on SQLite and on PostgreSQL (see `conftest.py`).
"""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
from sqlalchemy import Connection

from bot.app import open_app
from bot.channels.web_door import Limits
from bot.clock import FixedClock
from bot.service import Service
from bot.settings import Settings
from messages.fold import fold
from messages.render import ZONE
from storage import inbox, officials
from storage.db import Kind

SECRET = "a-secret-of-the-tests-that-is-long-enough"
START = datetime(2026, 11, 26, 9, 0, tzinfo=ZONE)
"""A Thursday morning, the office is open."""
POSTGRES = "postgresql://postgres@127.0.0.1:5432"


def settings(folder: Path, url: str = "", **more: Any) -> Settings:
    """Settings of a test service: any free port, a fixed secret."""
    environ = {"DATA_DIR": str(folder), "HTTP_PORT": "0", "SECRET_KEY": SECRET, "DATABASE_URL": url}
    return Settings.load(environ | more, env_file=None)


def _copy(template: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(template, folder / "gandan.db")


class Databases:
    """Fresh databases filled with the sample commune, copied from a template made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: list[str] = []
        self._templates: dict[str, str] = {}

    async def fresh(self, kind: str, folder: Path) -> str:
        """The address of a new database of that kind, with the sample commune as of START."""
        if kind not in self._templates:
            self._templates[kind] = await self._template(kind)
        if kind == "sqlite":
            _copy(self._templates[kind], folder)
            return ""
        name = self._create(self._templates[kind])
        return f"{POSTGRES}/{name}".replace("postgresql://", "postgresql+psycopg://")

    def empty_postgres(self) -> str:
        """The address of a new, empty PostgreSQL database."""
        return f"{POSTGRES}/{self._create('template0')}".replace("postgresql://", "postgresql+psycopg://")

    async def _template(self, kind: str) -> str:
        folder = self._folder / f"template-{kind}"
        url = self.empty_postgres() if kind == "postgres" else ""
        async with open_app(settings(folder, url), clock=FixedClock(START)):
            pass
        return url.rsplit("/", 1)[-1] if url else str(folder / "gandan.db")

    def _create(self, template: str) -> str:
        name = f"gandan_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        self._made.append(name)
        return name

    def drop(self, url: str) -> None:
        self._drop(url.rsplit("/", 1)[-1])

    def _drop(self, name: str) -> None:
        with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as db:
            db.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._made.remove(name)

    def close(self) -> None:
        for name in list(self._made):
            self._drop(name)


class Town:
    """One commune's service; `restart` rebuilds it from its database."""

    def __init__(self, settings: Settings, clock: FixedClock, *, rebuilt: bool = False, **overrides: Any) -> None:
        self.settings, self.clock, self.rebuilt = settings, clock, rebuilt
        self._overrides = {"limits": Limits(100_000, 100_000)} | overrides
        self._open = AsyncExitStack()
        self.service: Service = None
        self.http: aiohttp.ClientSession = None

    async def start(self) -> None:
        self.app = await self._open.enter_async_context(open_app(self.settings, clock=self.clock, **self._overrides))
        self.service = Service(self.app)
        await self.service.start()
        self.http = await self._open.enter_async_context(aiohttp.ClientSession(f"http://127.0.0.1:{self.service.port}"))

    async def stop(self) -> None:
        await self.service.stop(5)
        await self._open.aclose()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def before_message(self) -> None:
        """In rebuilt mode nothing survives from one message to the next but the database."""
        if self.rebuilt:
            await self.restart()

    async def settle(self) -> None:
        """Wait until every event that may have its turn has had it."""
        for _look in range(4000):
            if not self.service.dispatcher._attempts:
                if not await self.read(inbox.waiting):
                    return
                self.service.dispatcher.look()
            await asyncio.sleep(0.003)
        raise AssertionError("events are still waiting")

    async def later(self, **time: float) -> None:
        """Move the clock and let it tick."""
        self.clock.advance(timedelta(**time))
        await self.service.scheduler.minute()
        await self.settle()

    async def read(self, work: Any, *args: Any) -> Any:
        """`work(db, *args)` on a read-only connection."""
        return await self.app.database.read(work, *args)

    async def write(self, work: Any, *args: Any) -> Any:
        return await self.app.database.write(work, *args, kind=Kind.MARK)


@dataclass
class Person:
    """Somebody at a page: says, taps, sends; then looks at what came."""

    town: Town
    base: str = "/api"
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[dict[str, Any]] = field(default_factory=list)  # everything ever shown, by id
    news: list[dict[str, Any]] = field(default_factory=list)  # what the last action brought
    cursor: int = 0

    async def says(self, text: str, **more: Any) -> "Person":
        """Type a message and read what comes back."""
        return await self.does(kind="text", text=text, **more)

    async def taps(self, label: str) -> "Person":
        """Tap the newest button whose label is or contains these words."""
        button = self.button(label)
        return await self.does(kind="tap", text=button["label"], token=button["token"])

    async def sends(
        self, kind: str, raw: bytes = b"", media_type: str = "application/octet-stream", text: str = ""
    ) -> "Person":
        """Send a sticker, place, photo, voice note or file."""
        names = []
        if raw:
            await self.town.before_message()
            headers = self.headers | {
                "Content-Type": media_type,
                "X-File-Id": str(uuid.uuid4()),
                "X-File-Name": "anh.jpg",
            }
            async with self.town.http.post(f"{self.base}/files", data=raw, headers=headers) as answer:
                assert answer.status == 200, await answer.text()
                body = await answer.json()
                names, kind = [body["file"]], body["kind"]
        return await self.does(kind=kind, files=names, text=text)

    async def opens(self) -> "Person":
        """Open the page."""
        return await self.does(kind="start")

    async def does(self, **body: Any) -> "Person":
        await self.town.before_message()
        await self.looks()
        status, said = await self.post(body)
        assert status == 200, said
        await self.town.settle()
        await self.looks()
        return self

    async def post(self, body: dict[str, Any], event_id: str | None = None) -> tuple[int, dict[str, Any]]:
        """One POST as the page makes it; the status and JSON body."""
        body = {"id": event_id or str(uuid.uuid4())} | body
        async with self.town.http.post(f"{self.base}/messages", json=body, headers=self.headers) as answer:
            return answer.status, await answer.json()

    async def looks(self) -> "Person":
        """Fetch and acknowledge what is new."""
        self.news = []
        known = {each["id"] for each in self.heard}
        while True:
            async with self.town.http.get(
                f"{self.base}/updates", params={"after": self.cursor}, headers=self.headers
            ) as answer:
                assert answer.status == 200, await answer.text()
                found = [each for each in (await answer.json())["messages"] if each["id"] not in known]
            if not found:
                break
            self.news += found
            self.heard += found
            known |= {each["id"] for each in found}
            self.cursor = max(self.cursor, *known)
        await self._acknowledge([each["id"] for each in self.news])
        return self

    async def _acknowledge(self, ids: list[int]) -> None:
        if ids:
            query = {"after": self.cursor, "ack": ",".join(map(str, ids))}
            async with self.town.http.get(f"{self.base}/updates", params=query, headers=self.headers) as answer:
                assert answer.status == 200

    def button(self, label: str) -> dict[str, str]:
        """The newest button with that label; accents and case do not matter."""
        for exact in (True, False):
            for message in reversed(self.heard):
                for each in message["buttons"]:
                    have, want = fold(each["label"]), fold(label)
                    if have == want or (not exact and f" {want} " in f" {have} "):
                        return each
        raise AssertionError(f"no button {label!r} among {[b['label'] for m in self.heard for b in m['buttons']]}")

    def buttons(self) -> list[str]:
        """Labels under what the last action brought."""
        return [each["label"] for message in self.news for each in message["buttons"]]

    @property
    def text(self) -> str:
        """The words the last action brought."""
        return "\n".join(message["text"] for message in self.news)

    def sees(self, *fragments: str) -> None:
        """The last action brought words that contain each of these."""
        for fragment in fragments:
            assert fragment in self.text, f"{fragment!r} is not in:\n{self.text}"

    def sees_not(self, *fragments: str) -> None:
        """The last action brought nothing with these words."""
        for fragment in fragments:
            assert fragment not in self.text, f"{fragment!r} is in:\n{self.text}"


async def villager(town: Town, **wish: Any) -> Person:
    """A new villager at the chat box."""
    async with town.http.post("/api/session", json=wish) as answer:
        assert answer.status == 200, await answer.text()
        token = (await answer.json())["session"]
    return Person(town, "/api", {"X-Session": token})


async def official(town: Town, name: str = "", *, shared: bool = False, pin: str = "") -> Person:
    """A sample official (by name; else the clerk) who has come in at /office with a one-time code."""

    def invite(db: Connection) -> str:
        people = officials.active(db, 1)
        person = next(each for each in people if (name in each.name if name else each.role == "clerk"))
        return officials.new_code(db, 1, person.id, town.clock.now())

    code = await town.write(invite)
    body: dict[str, Any] = {"invitation": code} | ({"shared": True, "pin": pin} if shared else {})
    async with town.http.post("/office/api/enter", json=body) as answer:
        assert answer.status == 200, await answer.text()
        cookie = answer.cookies["gandan_office"].value
    town.http.cookie_jar.clear()
    return Person(town, "/office/api", {"X-Office": "1", "Cookie": f"gandan_office={cookie}"})


@asynccontextmanager
async def running(settings: Settings, clock: FixedClock | None = None, **overrides: Any) -> AsyncIterator[Town]:
    """A town that is stopped at the end."""
    town = Town(settings, clock or FixedClock(START), **overrides)
    await town.start()
    try:
        yield town
    finally:
        await town.stop()
