"""A running commune for tests: the real service over real HTTP on loopback, and the people who use it.

Dialogue tests read as the talk they are, whoever talks: a villager at the chat box (Person) or on Telegram
(TelegramPerson). Each runs on both channels, straight through and with the service rebuilt from the database before
every message, on SQLite and on PostgreSQL (see `conftest.py`).
"""

import asyncio
import io
import shutil
import sqlite3
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import aiohttp
import psycopg
from PIL import Image
from sqlalchemy import Connection, update

from bot.app import open_app
from bot.channels.telegram_receive import NAME as TELEGRAM
from bot.channels.web_door import NAME as WEB
from bot.channels.web_door import Limits
from bot.clock import FixedClock
from bot.rates import Rates
from bot.service import Service
from bot.settings import Settings
from bot.turn import Address
from messages.fold import fold
from messages.personal import masked
from messages.render import ZONE
from messages.reply import Personal
from storage import officials
from storage.db import EPOCH, Kind
from storage.outages import pulse
from tests.telegram_server import TelegramServer
from tests.telegram_world import Message, User
from tests.zalo_server import ZaloServer

SECRET = "a-secret-of-the-tests-that-is-long-enough"
ZALO = "zalo"
START = datetime(2026, 11, 26, 9, 0, tzinfo=ZONE)
"""A Thursday morning, the office is open."""
POSTGRES = "postgresql://postgres@127.0.0.1:5432"
PUBLIC = "https://xa.example.vn"
"""Where a Telegram that brings its updates thinks it brings them."""
TURNS = 2
"""Threads that run turns on PostgreSQL: enough for two at once, and few connections to open at each restart."""
PATIENCE = 20.0
"""Seconds after which a test gives up; nothing is measured by it."""


def settings(folder: Path, url: str = "", **more: Any) -> Settings:
    """Settings of a test service: any free port, a fixed secret."""
    environ = {"DATA_DIR": str(folder), "HTTP_PORT": "0", "SECRET_KEY": SECRET, "DATABASE_URL": url}
    return Settings.load(environ | more, env_file=None)


def _copy(template: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(template, folder / "gandan.db")


# --- databases --------------------------------------------------------------------------------------------------------


class Databases:
    """Databases filled with the sample commune: copies of a template made once, on PostgreSQL swept and used again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: list[str] = []
        self._templates: dict[str, str] = {}
        self._sample: set[str] = set()  # made from the template
        self._used: list[str] = []  # given back, to be swept before they are used again
        self._broom: _Broom | None = None
        self._connections: dict[str, psycopg.Connection[Any]] = {}

    async def fresh(self, kind: str, folder: Path) -> str:
        """The address of a database of that kind with the sample commune as of START and nothing else."""
        if kind not in self._templates:
            self._templates[kind] = await self._template(kind)
        if kind == "sqlite":
            _copy(self._templates[kind], folder)
            return ""
        while self._used:
            name = self._used.pop()
            if self._broom is not None and self._broom.sweep(self.connection(name)):
                return _address(name)
            self._drop(name)
        name = self._create(self._templates[kind])
        self.connection(name).execute(f"ALTER DATABASE {name} SET synchronous_commit = off")  # nobody fells the server
        self._sample.add(name)
        return _address(name)

    def connection(self, url: str) -> psycopg.Connection[Any]:
        """A lasting connection to a PostgreSQL database of ours."""
        name = url.rsplit("/", 1)[-1]
        if name not in self._connections or self._connections[name].closed:
            self._connections[name] = psycopg.connect(f"{POSTGRES}/{name}", autocommit=True)
        return self._connections[name]

    def empty_postgres(self) -> str:
        """The address of a new, empty PostgreSQL database."""
        return _address(self._create("template0"))

    async def _template(self, kind: str) -> str:
        folder = self._folder / f"template-{kind}"
        url = self.empty_postgres() if kind == "postgres" else ""
        async with open_app(settings(folder, url), clock=FixedClock(START)):
            pass
        if not url:
            return str(folder / "gandan.db")
        name = url.rsplit("/", 1)[-1]
        self._broom = _Broom(name)
        return name

    def _create(self, template: str) -> str:
        name = f"gandan_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        self._made.append(name)
        return name

    def drop(self, url: str) -> None:
        """Give a PostgreSQL database back."""
        name = url.rsplit("/", 1)[-1]
        if name in self._sample:
            self._used.append(name)
        else:
            self._drop(name)

    def _drop(self, name: str) -> None:
        if name in self._connections:
            self._connections.pop(name).close()
        with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as db:
            db.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._made.remove(name)

    def close(self) -> None:
        for name in list(self._made):
            self._drop(name)


def _address(name: str) -> str:
    return f"{POSTGRES}/{name}".replace("postgresql://", "postgresql+psycopg://")


class _Broom:
    """Brings a used copy of the template back to what the template was, which costs a fifth of a new copy.

    The template keeps a second copy of its rows in the schema `pristine`; of tables with many rows it notes there, by
    triggers, whether anybody wrote to them.
    """

    MANY = 50

    def __init__(self, template: str) -> None:
        with psycopg.connect(f"{POSTGRES}/{template}", autocommit=True) as db:
            found = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
            self._tables = [str(name) for (name,) in found]
            db.execute("CREATE SCHEMA pristine")
            db.execute("CREATE TABLE pristine.written (name TEXT NOT NULL)")
            db.execute(
                "CREATE FUNCTION pristine.note() RETURNS trigger LANGUAGE plpgsql AS "
                "$$BEGIN INSERT INTO pristine.written VALUES (TG_TABLE_NAME); RETURN NULL; END$$"
            )
            parts = [self._prepare(db, table) for table in self._tables]
            sequences = db.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'")
            parts += [
                f"PERFORM setval('public.{name}', {last or 1}, {'true' if last else 'false'});"
                for name, last in sequences.fetchall()
            ]
        self._statement = "DO $$BEGIN " + " ".join(parts) + " DELETE FROM pristine.written; END$$"

    def _prepare(self, db: psycopg.Connection[Any], table: str) -> str:
        row = db.execute(f'SELECT count(*) FROM public."{table}"').fetchone()
        count = row[0] if row else 0
        anew = f'DELETE FROM public."{table}";'
        if count:
            db.execute(f'CREATE TABLE pristine."{table}" AS TABLE public."{table}"')
            anew += f' INSERT INTO public."{table}" SELECT * FROM pristine."{table}";'
        if count <= self.MANY:
            return anew
        db.execute(
            f'CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON public."{table}" '
            "FOR EACH STATEMENT EXECUTE FUNCTION pristine.note()"
        )
        return f"IF EXISTS (SELECT FROM pristine.written WHERE name = '{table}') THEN {anew} END IF;"

    def sweep(self, db: psycopg.Connection[Any]) -> bool:
        """Put a database back; False when its tables are others by now."""
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        found = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        if [each for (each,) in found] != self._tables:
            return False
        db.execute("SET session_replication_role = replica")  # neither foreign keys nor the notes above
        db.execute(self._statement)
        return True


_LEFT = """
SELECT CASE
    WHEN EXISTS (SELECT 1 FROM inbox WHERE state = 'new') THEN 'events'
    WHEN EXISTS (SELECT 1 FROM file WHERE state = 'new' AND not_before <= {now}) THEN 'files'
    WHEN EXISTS (
        SELECT 1 FROM outbox AS one WHERE channel <> 'web' AND (state = 'sending' OR (
            state = 'queued' AND not_before <= {now} AND (expires_at IS NULL OR expires_at > {now})
            AND NOT EXISTS (
                SELECT 1 FROM outbox AS ahead
                WHERE ahead.channel = one.channel AND ahead.chat = one.chat
                AND ahead.state = 'queued' AND ahead.attempts > 0 AND ahead.not_before > {now}
            )
        ))
    ) THEN 'messages' ELSE '' END
"""
"""What is due; a chat whose first message is to be tried again later waits with the rest."""

_FOR_PAGES = """
SELECT id, not_before FROM outbox WHERE channel = 'web' AND state IN ('queued', 'sent') AND body IS NOT NULL ORDER BY id
"""


class Looker:
    """Looks at a service's database from beside it, many times a test: the drivers alone are ten times as quick.

    `lasting` gives a connection that is somebody else's; without it one is opened, and closed with the service.
    """

    def __init__(self, settings: Settings, lasting: Callable[[], psycopg.Connection[Any]] | None = None) -> None:
        self._settings, self._lasting = settings, lasting
        self._db: Any = None

    def open(self) -> None:
        if self._lasting is not None:
            self._db = self._lasting()
        elif self._settings.on_postgresql:
            url = self._settings.database_url.replace("postgresql+psycopg", "postgresql")
            self._db = psycopg.connect(url, autocommit=True)
        else:
            path = self._settings.data_dir.absolute() / "gandan.db"
            self._db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=30)

    def close(self) -> None:
        if self._lasting is None and self._db is not None:
            self._db.close()

    def left(self, now: datetime) -> str:
        """What there still is to do: events, files, messages; or ""."""
        return str(self._rows(_LEFT.format(now=(now - EPOCH) // timedelta(milliseconds=1)))[0][0])

    def letters(self) -> int:
        """How many letters are still to be drawn."""
        return int(self._rows("SELECT count(*) FROM letter WHERE state = 'new'")[0][0])

    def for_pages(self) -> list[tuple[int, int]]:
        """Which messages pages may show, and from when: while neither this nor the clock moves, no page has news."""
        return [tuple(row) for row in self._rows(_FOR_PAGES)]

    def _rows(self, asked: str) -> list[Any]:
        try:
            found = self._db.execute(asked).fetchall()
        except psycopg.OperationalError:  # the database was away meanwhile
            self.close()
            self.open()
            found = self._db.execute(asked).fetchall()
        return list(found)


# --- the town ---------------------------------------------------------------------------------------------------------


class Town:
    """One commune's service; `restart` rebuilds it from its database. `telegram`: the stand-in its bot talks to."""

    def __init__(
        self,
        settings: Settings,
        clock: FixedClock,
        *,
        rebuilt: bool = False,
        telegram: TelegramServer | None = None,
        zalo: ZaloServer | None = None,
        on: str = "",
        looker: Looker | None = None,
        **overrides: Any,
    ) -> None:
        self.looker = looker or Looker(settings)
        self.settings, self.clock, self.rebuilt, self.telegram = settings, clock, rebuilt, telegram
        self.zalo, self.on = zalo, on or (TELEGRAM if telegram is not None else WEB)
        self._overrides = {"limits": Limits(100_000, 100_000), "turns": TURNS} | overrides
        self._open = AsyncExitStack()
        self.drawing = False
        self._people, self._pulse_at = 7000, clock.now()
        self.service: Service = None
        self.http: aiohttp.ClientSession = None

    async def start(self) -> None:
        self.app = await self._open.enter_async_context(open_app(self.settings, clock=self.clock, **self._overrides))
        for channel in self.app.channels:
            channel.rates = Rates()  # what Telegram allows is proved where time is a number (test_rates)
        self.service = Service(self.app)
        self._hold_letters()
        await self.service.start()
        url = f"http://127.0.0.1:{self.service.port}"
        if self.telegram is not None:
            self.telegram.reach[PUBLIC] = url
        if self.zalo is not None:
            self.zalo.hook.url = f"{url}/zalo/webhook"
        self.http = await self._open.enter_async_context(aiohttp.ClientSession(url))
        self.looker.open()

    def _hold_letters(self) -> None:
        """Letters are drawn when a test waits for them: how long drawing takes must not decide what she sees when."""
        drawn = self.service.drawer._next

        async def held() -> bool:
            return self.drawing and await drawn()

        self.service.drawer._next = held

    async def draw(self) -> None:
        """Have every letter drawn that was ordered, or have it fail; it stands in her chat then."""
        self.drawing = True
        try:
            async with asyncio.timeout(PATIENCE):
                while self.looker.letters():
                    self.service.drawer._wanted.set()
                    await asyncio.sleep(0.01)
        finally:
            self.drawing = False
        await self.settle()

    async def stop(self) -> None:
        self.looker.close()
        await self.service.stop(5)
        await self._open.aclose()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def before_message(self) -> None:
        """In rebuilt mode nothing survives from one message to the next but the database."""
        if self.rebuilt:
            await self.restart()

    def new_number(self) -> int:
        """The id of somebody new on a messenger."""
        self._people += 1
        return self._people

    # --- waiting ---

    async def settle(self) -> None:
        """Wait until every event that may have its turn has had it, and what is due has left."""
        await self._heard_all_along()
        async with asyncio.timeout(PATIENCE):
            while True:
                if self.telegram is not None:
                    await self.telegram.until(lambda: not self.telegram.bot.waiting(), PATIENCE)
                if self.zalo is not None:
                    await self.zalo.settled()
                left = await self._turned()
                if not left or not self.service.senders:
                    return
                for each in (*self.service.senders, *([self.service.fetcher] if left == "files" else [])):
                    each.wake()
                await asyncio.sleep(0.002)

    async def _turned(self) -> str:
        """Wait until every event that may have its turn has had it; what else there is to do."""
        dispatcher = self.service.dispatcher
        while True:
            while dispatcher._attempts:
                await asyncio.wait(dispatcher._attempts, return_when=asyncio.FIRST_COMPLETED)
            if (left := self.looker.left(self.clock.now())) != "events":
                return left
            if not dispatcher._attempts:
                dispatcher.look()
                await asyncio.sleep(0.001)

    async def later(self, **time: float) -> None:
        """Move the clock and let it tick."""
        self.clock.advance(timedelta(**time))
        await self._heard_all_along()
        await self.service.scheduler.minute()
        await self.settle()

    async def _heard_all_along(self) -> None:
        """A moved clock is no outage of a messenger: it has reached us all the time."""
        if (self.telegram or self.zalo) is not None and self._pulse_at != self.clock.now():
            self._pulse_at = self.clock.now()
            await self.write(lambda db: db.execute(update(pulse).values(at=self._pulse_at)))

    async def read(self, work: Any, *args: Any) -> Any:
        """`work(db, *args)` on a read-only connection."""
        return await self.app.database.read(work, *args)

    async def write(self, work: Any, *args: Any) -> Any:
        return await self.app.database.write(work, *args, kind=Kind.MARK)


# --- people -----------------------------------------------------------------------------------------------------------


@dataclass
class Somebody(ABC):
    """Somebody who talks with the office: says, taps, sends; then looks at what came. `rings`: a messenger does, a page
    cannot.
    """

    rings: ClassVar[bool] = False

    town: Town
    heard: list[dict[str, Any]] = field(default_factory=list, kw_only=True)  # everything ever shown, by id
    news: list[dict[str, Any]] = field(default_factory=list, kw_only=True)  # what the last action brought
    cursor: int = field(default=0, kw_only=True)

    async def says(self, text: str, **more: Any) -> Self:
        """Type a message and read what comes back."""
        return await self.does(kind="text", text=text, **more)

    async def taps(self, label: str) -> Self:
        """Tap the newest button whose label is or contains these words."""
        return await self.presses(self.button(label))

    async def presses(self, button: dict[str, str]) -> Self:
        """Tap a button seen earlier, whatever has become of it since."""
        return await self.does(kind="tap", text=button["label"], token=button["token"])

    async def opens(self) -> Self:
        """Open the page, or press START."""
        return await self.does(kind="start")

    async def does(self, **body: Any) -> Self:
        """Any event, and what comes back."""
        await self.town.before_message()
        await self.looks()
        status, said = await self.post(body)
        assert status == 200, said
        await self.town.settle()
        await self.looks()
        return self

    @abstractmethod
    async def post(self, body: dict[str, Any], event_id: str | None = None) -> tuple[int, dict[str, Any]]:
        """One event as it comes in; the status and what was answered at once."""

    @abstractmethod
    async def looks(self) -> Self:
        """Read what is new."""

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

    @abstractmethod
    def sees_signed(self, name: str, post: str) -> None:
        """The last message stands under that name and post (G06)."""

    @abstractmethod
    def shown(self, words: str, kind: Literal["name", "phone", "words", "place"] = "name") -> str:
        """Somebody's name, phone or words as this channel shows them."""

    @abstractmethod
    async def pictures(self) -> list[bytes]:
        """The pictures that the last action brought."""

    @abstractmethod
    async def documents(self) -> list[bytes]:
        """The papers that the last action brought."""

    @abstractmethod
    async def address(self) -> Address:
        """Where she is reached."""


@dataclass
class Person(Somebody):
    """Somebody at a page: the chat box, or /office."""

    base: str = "/api"
    headers: dict[str, str] = field(default_factory=dict)
    _looked: tuple[list[tuple[int, int]], datetime] | None = field(default=None, init=False)  # as it was then

    async def sends(
        self, kind: str, raw: bytes = b"", media_type: str = "application/octet-stream", text: str = ""
    ) -> Self:
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

    async def post(self, body: dict[str, Any], event_id: str | None = None) -> tuple[int, dict[str, Any]]:
        """One POST as the page makes it; the status and JSON body."""
        body = {"id": event_id or str(uuid.uuid4())} | body
        async with self.town.http.post(f"{self.base}/messages", json=body, headers=self.headers) as answer:
            return answer.status, await answer.json()

    async def looks(self) -> Self:
        """Fetch and acknowledge what is new."""
        self.news = []
        stands = (self.town.looker.for_pages(), self.town.clock.now())
        if stands == self._looked:
            return self
        self._looked = stands
        known, got = {each["id"] for each in self.heard}, list[int]()
        while True:
            query = {"after": self.cursor} | ({"ack": ",".join(map(str, got))} if got else {})
            async with self.town.http.get(f"{self.base}/updates", params=query, headers=self.headers) as answer:
                assert answer.status == 200, await answer.text()
                found = [each for each in (await answer.json())["messages"] if each["id"] not in known]
            if not found:
                return self
            self.news += found
            self.heard += found
            got = [each["id"] for each in found]
            known |= set(got)
            self.cursor = max(self.cursor, *got)

    def sees_signed(self, name: str, post: str) -> None:
        assert self.news[-1]["signature"] == {"name": name, "post": post}

    def shown(self, words: str, kind: Literal["name", "phone", "words", "place"] = "name") -> str:
        return words

    async def pictures(self) -> list[bytes]:
        return [await self._file(name) for each in self.news for name in each.get("pictures", ())]

    async def documents(self) -> list[bytes]:
        return [await self._file(name) for each in self.news for name in each.get("documents", ())]

    async def _file(self, name: str) -> bytes:
        async with self.town.http.get(f"{self.base}/files/{name}", headers=self.headers) as answer:
            assert answer.status == 200
            return await answer.read()

    async def address(self) -> Address:
        chat = (await self.town.service.web.door.find(self.headers["X-Session"])).chat
        return Address(WEB, "", chat, chat)


def _photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(out, "JPEG")
    return out.getvalue()


PHOTO = _photo()


@dataclass
class TelegramPerson(Somebody):
    """Somebody on Telegram: what she does goes to the stand-in, and what the bot does there is what she sees.

    News are messages sent, and what was added to messages by edits, since she last looked.
    """

    rings = True

    user: User = field(kw_only=True)

    async def sends(
        self, kind: str, raw: bytes = b"", media_type: str = "application/octet-stream", text: str = ""
    ) -> Self:
        """Send a sticker, place, photo, voice note or file."""
        return await self.does(kind=kind, raw=raw, media_type=media_type, text=text)

    async def post(self, body: dict[str, Any], event_id: str | None = None) -> tuple[int, dict[str, Any]]:
        """Do it on the telephone; nothing is answered at once."""
        user, text, raw = self.user, body.get("text", ""), body.get("raw", b"")
        match body["kind"]:
            case "start":
                user.starts()
            case "text":
                user.says(text)
            case "tap":
                await self._tap(text, body.get("token", ""))
            case "sticker":
                user.sticker()
            case "location":
                user.location()
            case "photo":
                user.photo(raw or PHOTO, text)
            case "voice":
                user.voice(raw or b"OggS of a voice")
            case "file" if body.get("media_type", "").startswith("image/"):
                user.photo(raw, text)
            case "file":
                user.document(raw or b"%PDF-1.7", "giay.pdf", body.get("media_type", "application/pdf"), text)
            case kind:
                raise AssertionError(f"nobody does {kind!r} on a telephone")
        return 200, {}

    async def _tap(self, label: str, token: str) -> None:
        """Press the newest button with that token; one that no message has is pressed under the newest message."""
        if not self.user.chat.sent:
            self.user.starts()
            await self.town.settle()
        shown = list(reversed(self.user.chat.sent))
        for message in shown:
            for each in message.buttons:
                if (each.data == token) if token else (each.label == label):
                    self.user.presses(message, each.label)
                    return
        self.user.calls_back(shown[0], token)

    async def looks(self) -> Self:
        """Read what has come, or has been changed, since the last look."""
        await self.town.settle()
        shown = sorted(self.user.chat.sent, key=lambda message: message.changed)
        self.news = [_seen(each, self.cursor) for each in shown if each.changed > self.cursor]
        self.heard = [_seen(each, each.changed) for each in shown]
        self.cursor = max([self.cursor, *(each.changed for each in shown)])
        return self

    def sees_signed(self, name: str, post: str) -> None:
        assert f"{name}, {post}" in self.news[-1]["text"]

    def shown(self, words: str, kind: Literal["name", "phone", "words", "place"] = "name") -> str:
        return masked(Personal(words, kind))

    async def pictures(self) -> list[bytes]:
        return [raw for each in self.news for raw in each["pictures"]]

    async def documents(self) -> list[bytes]:
        return [raw for each in self.news for raw in each["documents"]]

    async def address(self) -> Address:
        chat = str(self.user.id)
        return Address("telegram", self.town.telegram.token.partition(":")[0], chat, chat)


def _seen(message: Message, since: int) -> dict[str, Any]:
    """A message in the shape of the page's; of one that was edited and seen before, what the edit added. Keys that
    share a phone or a place, which a page has not, are left out.
    """
    text = message.text
    if message.edits and message.first <= since:
        text = text.removeprefix(message.edits[-1]).strip()
    buttons = [{"label": each.label, "token": each.data} for each in message.buttons if not each.wants]
    sent = [message.file.raw] if message.file else []
    files = {kind: sent if message.kind == kind else [] for kind in ("photo", "document")}
    shown = {"pictures": files["photo"], "documents": files["document"], "card": None}
    return {"id": message.id, "text": text, "buttons": buttons} | shown


async def at_the_box(town: Town, **wish: Any) -> Person:
    """A new villager at the chat box."""
    async with town.http.post("/api/session", json=wish) as answer:
        assert answer.status == 200, await answer.text()
        token = (await answer.json())["session"]
    return Person(town, base="/api", headers={"X-Session": token})


async def villager(town: Town, on: str = "", **wish: Any) -> Somebody:
    """A new villager, on the channel of this test; who wishes for a role of the demo is at the chat box."""
    on = on or town.on
    if on == WEB or wish:
        return await at_the_box(town, **wish)
    if on == ZALO:
        from tests.zalo_person import ZaloPerson

        return ZaloPerson(town, zalo=town.zalo, user=town.zalo.user(f"24684588352961{town.new_number():05}"))
    return TelegramPerson(town, user=town.telegram.user(town.new_number()))


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
    return Person(town, base="/office/api", headers={"X-Office": "1", "Cookie": f"gandan_office={cookie}"})


@asynccontextmanager
async def running(settings: Settings, clock: FixedClock | None = None, **overrides: Any) -> AsyncIterator[Town]:
    """A town that is stopped at the end."""
    town = Town(settings, clock or FixedClock(START), **overrides)
    await town.start()
    try:
        yield town
    finally:
        await town.stop()


@asynccontextmanager
async def of_the_sample(
    databases: Databases, kind: str, folder: Path, *channels: str, rebuilt: bool = False, **overrides: Any
) -> AsyncIterator[Town]:
    """The sample commune's town on a database of that kind; people are on the first of `channels`: web, telegram, zalo.

    A Telegram that is polled where the service is rebuilt, for then the offset is lost; else one that brings.
    """
    data, clock = folder / "data", FixedClock(START)
    url = await databases.fresh(kind, data)
    async with AsyncExitStack() as stack:
        if url:
            stack.callback(databases.drop, url)
        more: dict[str, Any] = {}
        if TELEGRAM in channels:
            server = TelegramServer(now=lambda: clock.now().timestamp())
            overrides["telegram"] = await stack.enter_async_context(server)
            more = {"TELEGRAM_BOT_TOKEN": server.token, "TELEGRAM_API_URL": server.url}
            more |= {"TELEGRAM_MODE": "poll"} if rebuilt else {"PUBLIC_URL": PUBLIC}
        if ZALO in channels:
            zalo = ZaloServer(now=lambda: clock.now().timestamp())
            overrides["zalo"] = await stack.enter_async_context(zalo)
            more |= zalo.environ
        made = settings(data, url, **more)
        overrides |= {"rebuilt": rebuilt, "on": channels[0] if channels else WEB}
        overrides["looker"] = Looker(made, partial(databases.connection, url) if url else None)
        yield await stack.enter_async_context(running(made, clock, **overrides))
