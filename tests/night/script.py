"""A script of villagers who talk over real HTTP while the service is killed, and the ledger that is counted afterwards.

A villager at the chat box sends one message after the other, each under its own id, and repeats it until it is accepted
(200), as the page does. One on Telegram says it once: then Telegram has it, and hands it over until it is confirmed. So
at the end everything was accepted, and the ledger says what must therefore stand in the database: no less, and nothing
twice.
"""

import asyncio
import atexit
import functools
import json
import os
import random
import re
import signal
import socket
import time
import uuid
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import text

from messages.codes import key
from storage.db import create_engine_for
from storage.sealing import Keys, unseal_json
from tests.night.serve import Mother
from tests.telegram_server import TelegramServer
from tests.telegram_world import Chat
from tests.town import SECRET

PATIENCE = 60.0
STANDSTILL = 10.0
"""Seconds without anything new after which nothing more is on its way."""
"""Seconds after which a test gives up; nothing is measured by it."""
CODE = re.compile(r"H\d+\.\d+-\d{6}-\d{4}")


def free_port() -> int:
    """A port that a killed service and its successor can both have."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- the service, as a process ----------------------------------------------------------------------------------------


@functools.cache
def mother() -> Mother:
    """Who bears all services of this run."""
    made = Mother()
    atexit.register(made.close)
    return made


class Process:
    """`python -m bot` on one DATA_DIR and port, as `tests.night.serve` has it; killed and started again."""

    def __init__(self, folder: Path, url: str = "", port: int = 0, **environ: str) -> None:
        self.folder, self.url, self.port = folder, url, port or free_port()
        self.log = folder.parent / f"log-{self.port}"
        self.pid = 0
        self._environ = environ
        self._out = self._end = -1
        self._code: int | None = None

    @property
    def environ(self) -> dict[str, str]:
        ours = {
            "DATA_DIR": str(self.folder), "HTTP_PORT": str(self.port), "SECRET_KEY": SECRET, "DATABASE_URL": self.url,
        }  # fmt: skip
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")}
        return kept | ours | self._environ

    async def spawn(self, *arguments: str) -> None:
        """Start it and do not wait."""
        self._out, out = os.pipe()
        self._end, end = os.pipe()
        with self.log.open("ab") as log:
            self.pid = await asyncio.to_thread(mother().fork, self.environ, arguments, out, log.fileno(), end)
        for each in (out, end):
            os.close(each)
        self._code = None

    async def start(self) -> None:
        """Start it; returns once it says where it is."""
        await self.spawn()
        line = await _first_line(self._out)
        assert str(self.port).encode() in line, f"{line!r}\n{self.log.read_text(encoding='utf-8')[-3000:]}"

    async def kill(self) -> None:
        """kill -9."""
        if self._end >= 0:
            os.kill(self.pid, signal.SIGKILL)
            await self.wait()

    async def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        if self._end >= 0:
            os.kill(self.pid, signal.SIGTERM)
        return await self.wait()

    async def wait(self) -> int:
        """Its exit code, once it has ended; of a signal, that with a minus."""
        if self._end >= 0:
            self._code = int(await _first_line(self._end))
            for each in (self._out, self._end):
                os.close(each)
            self._end = -1
        assert self._code is not None
        return self._code

    def logged(self) -> list[dict[str, Any]]:
        """Every line of its log."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines() if line[:1] == "{"]

    @property
    def most_memory(self) -> int:
        """The largest resident size it ever had, in bytes (VmHWM of /proc)."""
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM")


async def _first_line(pipe: int) -> bytes:
    """What is written to a pipe, up to the end of the line or of the pipe."""
    loop, line = asyncio.get_running_loop(), b""
    async with asyncio.timeout(PATIENCE):
        while not line.endswith(b"\n"):
            ready = asyncio.Event()
            loop.add_reader(pipe, ready.set)
            try:
                await ready.wait()
            finally:
                loop.remove_reader(pipe)
            if not (part := os.read(pipe, 4096)):
                break
            line += part
    return line


@asynccontextmanager
async def process(folder: Path, url: str = "", **more: Any) -> AsyncIterator[Process]:
    """A started process that is gone at the end."""
    service = Process(folder, url, **more)
    await service.start()
    try:
        yield service
    finally:
        await service.kill()


async def query(service: Process, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the service's database, read beside it."""
    address = service.url or f"sqlite:///{service.folder / 'gandan.db'}"

    def read() -> list[tuple[Any, ...]]:
        engine = create_engine_for(address, Keys.derive(SECRET.encode()), readonly=True)
        try:
            with engine.connect() as db:
                return [tuple(row) for row in db.execute(text(sql))]
        finally:
            engine.dispose()

    return await asyncio.to_thread(read)


async def until(service: Process, sql: str) -> None:
    """Wait until the first value is true."""
    async with asyncio.timeout(PATIENCE):
        while not (await query(service, sql))[0][0]:  # noqa: ASYNC110  # another process's database
            await asyncio.sleep(0.005)


# --- the villagers ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """A message, and what it must have done: `effect` is (table, words)."""

    id: str
    body: dict[str, Any]
    effect: tuple[str, str] | None = None


@dataclass
class Ledger:
    """What all villagers together have had accepted, and what it cost them."""

    accepted: int = 0
    repeated: int = 0  # messages sent again because no answer came
    refused: Counter[int] = field(default_factory=Counter)  # answers 429 and 503
    problems: list[str] = field(default_factory=list)
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def accept(self) -> None:
        async with self.moved:
            self.accepted += 1
            self.moved.notify_all()

    async def reach(self, count: int) -> None:
        """Until so many messages have been accepted."""
        async with self.moved:
            await self.moved.wait_for(lambda: self.accepted >= count)


class Villager(ABC):
    """Somebody who talks."""

    def __init__(self, number: int, ledger: Ledger) -> None:
        self.number, self.ledger = number, ledger
        self.said: list[Said] = []
        self.shown_again = 0
        self.rounds = 0

    @abstractmethod
    async def opens(self) -> None:
        """Open the page, or press START."""

    @abstractmethod
    async def says(self, body: dict[str, Any] | str, effect: tuple[str, str] | None = None) -> None:
        """Send a message and see that it is accepted."""

    async def watches(self) -> None:  # noqa: B027 (by default there is nothing to do)
        """Keep looking."""

    async def looks_until_quiet(self) -> None:  # noqa: B027 (by default there is nothing to do)
        """See the rest."""

    @property
    @abstractmethod
    def words(self) -> list[str]:
        """What she has been shown."""

    async def talks(self, dice: random.Random, neighbour: "Villager", codes: list[str], enough: asyncio.Event) -> None:
        """One round of talk: work, a form with its Confirm, a person, a dossier, and a call to the neighbour."""
        self.rounds += 1
        mark = f"{self.number}.{self.rounds}"
        parts = [self._works, self._files_a_form, self._asks_for_a_person, self._looks_up]
        dice.shuffle(parts)
        for part in parts:
            if not enough.is_set():
                await part(mark, dice, codes)
        start = neighbour.said[0].id
        await self.says(f"/goi {start} gọi {mark}", ("call", f"gọi {mark}"))

    async def _works(self, mark: str, dice: random.Random, codes: list[str]) -> None:
        for each in range(dice.randint(1, 3)):
            await self.says(f"/viec {mark}.{each}", ("own", f"{mark}.{each}"))

    async def _files_a_form(self, mark: str, dice: random.Random, codes: list[str]) -> None:
        await self.says("/don")
        await self.says(f"đơn {mark}")
        yes = dice.random() < 0.7
        await self.says("có" if yes else "không", ("own", f"đơn {mark}") if yes else None)

    async def _asks_for_a_person(self, mark: str, dice: random.Random, codes: list[str]) -> None:
        await self.says("0")
        await self.says(f"giấy khai sinh {mark}")
        await self.says("bỏ qua", ("request", f"giấy khai sinh {mark}"))
        for each in range(dice.randint(1, 3)):
            await self.says(f"nói thêm {mark}.{each}", ("message", f"nói thêm {mark}.{each}"))
        await self.says({"kind": "tap", "text": "Tôi xong rồi", "token": "#finish:"}, ("closed", ""))

    async def _looks_up(self, mark: str, dice: random.Random, codes: list[str]) -> None:
        code = dice.choice(codes)
        await self.says(f"hồ sơ {code} của tôi xong chưa")
        await self._is_told(code)

    @abstractmethod
    async def _is_told(self, code: str) -> None:
        """She waits for the answer about that dossier."""


class AtTheBox(Villager):
    """Somebody at the chat box: a page that repeats what was not accepted and looks for what is new all the time."""

    def __init__(self, number: int, base: Callable[[], str], http: aiohttp.ClientSession, ledger: Ledger) -> None:
        super().__init__(number, ledger)
        self.base, self.http = base, http
        self.shown: dict[int, str] = {}
        self.cursor = 0
        self.session = ""
        self._looks = 0

    async def opens(self) -> None:
        self.session = (await self._until_done("/api/session", {}))["session"]
        await self.says({"kind": "start"})

    async def says(self, body: dict[str, Any] | str, effect: tuple[str, str] | None = None) -> None:
        body = {"kind": "text", "text": body} if isinstance(body, str) else body
        said = Said(str(uuid.uuid4()), body, effect)
        self.said.append(said)
        await self._until_done("/api/messages", {"id": said.id} | body)
        await self.ledger.accept()

    @property
    def words(self) -> list[str]:
        return list(self.shown.values())

    async def _until_done(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        for attempt in range(10_000):
            self.ledger.repeated += attempt == 1
            if attempt:
                await asyncio.sleep(0.05)
            try:
                async with self.http.post(self.base() + path, json=body, headers={"X-Session": self.session}) as answer:
                    if answer.status == 200:
                        return await answer.json()
                    if answer.status not in (429, 503):
                        self.ledger.problems.append(f"{path}: {answer.status} {await answer.text()}")
                    self.ledger.refused[answer.status] += 1
                    assert answer.status != 503 or "Retry-After" in answer.headers
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
        raise AssertionError("never accepted")

    async def looks(self, wait: int = 0) -> int:
        """One look for what is new; every second one acknowledges. Returns how many messages were new."""
        self._looks += 1
        acknowledged = list(self.shown)[-20:] if self._looks % 2 else []
        query = {"after": self.cursor, "wait": wait, "ack": ",".join(map(str, acknowledged))}
        async with self.http.get(
            self.base() + "/api/updates", params=query, headers={"X-Session": self.session}
        ) as answer:
            if answer.status != 200:
                self.ledger.refused[answer.status] += 1
                if answer.status != 503:
                    self.ledger.problems.append(f"/updates: {answer.status} {await answer.text()}")
                raise aiohttp.ClientError
            messages = (await answer.json())["messages"]
        new = 0
        for each in messages:
            if each["id"] in self.shown:
                self.shown_again += 1
                assert self.shown[each["id"]] == each["text"], "one id, two messages"
            else:
                new += 1
                self.shown[each["id"]] = each["text"]
                self.cursor = max(self.cursor, each["id"])
        return new

    async def watches(self) -> None:
        """Keep looking, as an open page does."""
        while True:
            try:
                if not await self.looks(wait=5):
                    await asyncio.sleep(0.05)
            except (aiohttp.ClientError, TimeoutError, OSError):
                await asyncio.sleep(0.1)

    async def looks_until_quiet(self) -> None:
        while await self.looks():
            pass

    async def _is_told(self, code: str) -> None:
        await self.says({"kind": "tap", "text": "Báo cho tôi", "token": f"#dossier-watch:{key(code)}"})
        await self.says(f"09510{self.number:05d}", ("watch", code))


class OnTelegram(Villager):
    """Somebody on Telegram, who mostly waits until the bot has what she said, and sometimes does not."""

    def __init__(self, number: int, server: TelegramServer, ledger: Ledger) -> None:
        super().__init__(number, ledger)
        self._server, self.user = server, server.user(7001 + number)
        self._dice = random.Random(number)
        self._given: set[int] = set()  # updates of hers that Telegram may still have

    async def opens(self) -> None:
        await self.says("/start")
        await self._server.until(lambda: self.user.chat.sent, PATIENCE)  # something to press a button under

    async def says(self, body: dict[str, Any] | str, effect: tuple[str, str] | None = None) -> None:
        if isinstance(body, str):
            message = self.user.says(body)
            update, event = message.update, f"{message.update}:{message.id}"
            self.said.append(Said(event, {"text": body}, effect))
        else:
            await self._taken()  # Telegram keeps no order between words and presses
            query = self.user.calls_back(self.user.chat.sent[-1], body["token"])
            update = self._server.bot.queries[query].update
            self.said.append(Said(f"{update}:{query}", body, effect))
        self._given.add(update)
        if isinstance(body, dict) or self._dice.random() < 0.8:
            await self._taken()
        await self.ledger.accept()

    async def _taken(self) -> None:
        """Until the bot has everything she said."""
        bot = self._server.bot
        await self._server.until(lambda: not self._given & {each.id for each in bot.updates}, PATIENCE)
        self._given.clear()

    async def _is_told(self, code: str) -> None:
        tap = {"kind": "tap", "text": "Báo cho tôi", "token": f"#dossier-watch:{key(code)}"}
        await self.says(tap, ("watch", code))

    @property
    def words(self) -> list[str]:
        return self.user.chat.texts


# --- the town ---------------------------------------------------------------------------------------------------------


class Script:
    """Villagers who talk, round after round, until `enough` is set; then each says a last word and waits for it.

    With a Telegram every second one is there.
    """

    def __init__(
        self, base: Callable[[], str], seed: int, villagers: int, codes: list[str], telegram: TelegramServer | None
    ) -> None:
        self.base, self.seed, self.count, self.codes, self.telegram = base, seed, villagers, codes, telegram
        self.ledger = Ledger()
        self.enough = asyncio.Event()
        self.villagers: list[Villager] = []
        self._watching: list[asyncio.Task[None]] = []
        self._talking: list[asyncio.Task[None]] = []
        self._http: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """All pages open; from here on the service may die."""
        connector = aiohttp.TCPConnector(limit=0)
        self._http = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(PATIENCE))
        self.villagers = [self._villager(number, self._http) for number in range(self.count)]
        await asyncio.gather(*(villager.opens() for villager in self.villagers))
        self._watching = [asyncio.create_task(villager.watches()) for villager in self.villagers]
        self._talking = [asyncio.create_task(self._talk(villager)) for villager in self.villagers]

    def _villager(self, number: int, http: aiohttp.ClientSession) -> Villager:
        if self.telegram is not None and number % 2:
            return OnTelegram(number, self.telegram, self.ledger)
        return AtTheBox(number, self.base, http, self.ledger)

    async def _talk(self, villager: Villager) -> None:
        dice = random.Random(f"{self.seed}/{villager.number}")
        neighbour = self.villagers[(villager.number + 1) % self.count]
        while not self.enough.is_set():
            await villager.talks(dice, neighbour, self.codes, self.enough)
        await villager.says("/viec cuối", ("own", "cuối"))

    async def finish(self) -> None:
        """Let everybody say her last word, and see everything."""
        self.enough.set()
        await asyncio.gather(*self._talking)
        await asyncio.gather(*map(self._last_word, self.villagers))
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        for villager in self.villagers:
            await villager.looks_until_quiet()

    async def _last_word(self, villager: Villager) -> None:
        """Until she has seen it. What a messenger lets out once a second may take long, so only standstill counts; a
        neighbour's call, which nobody asked for, may be `uncertain` there for ever (the audit looks at that).
        """
        caller, seen, since = self.villagers[villager.number - 1], -1, time.monotonic()
        while time.monotonic() - since < PATIENCE:
            words = villager.words
            called = sum(each.startswith("Có người gọi") for each in words)
            if len(words) != seen:
                seen, since = len(words), time.monotonic()
            uncertain = isinstance(villager, OnTelegram) and time.monotonic() - since > STANDSTILL
            if "Việc cuối đã ghi." in words and (called >= caller.rounds or uncertain):
                return
            await asyncio.sleep(0.05)
        self.ledger.problems.append(f"villager {villager.number} never saw the answer to her last word")

    async def close(self) -> None:
        for task in (*self._watching, *self._talking):
            task.cancel()
        await asyncio.gather(*self._watching, *self._talking, return_exceptions=True)
        if self._http is not None:
            await self._http.close()


@asynccontextmanager
async def script(
    base: Callable[[], str], seed: int, villagers: int, codes: list[str], telegram: TelegramServer | None = None
) -> AsyncIterator[Script]:
    made = Script(base, seed, villagers, codes, telegram)
    try:
        await made.open()
        yield made
    finally:
        await made.close()


# --- the count --------------------------------------------------------------------------------------------------------


@dataclass
class Count:
    """What an audit found; `lost` and `twice` are empty when all is well."""

    accepted: int
    repeated: int
    shown_again: int
    sent_twice: int = 0  # answers that Telegram got once more because nobody knew whether they had arrived
    uncertain: int = 0  # what nobody asked for, and nobody knows whether it has arrived: a person decides
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    disorder: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        return [*self.lost, *self.twice, *self.disorder, *self.unseen, *self.problems]

    def __str__(self) -> str:
        return (
            f"{self.accepted} accepted, {len(self.lost)} lost, {len(self.twice)} twice, "
            f"{len(self.disorder)} out of order, {len(self.unseen)} unseen, "
            f"{self.repeated} sent again, {self.shown_again} shown again, "
            f"{self.sent_twice} repeated on Telegram, {self.uncertain} uncertain there"
        )


def audit(script: Script, database: str) -> Count:
    """Compare the ledger with the database, row by row. `database`: SQLAlchemy's address."""
    ledger = script.ledger
    again = sum(villager.shown_again for villager in script.villagers)
    count = Count(ledger.accepted, ledger.repeated, again, problems=list(ledger.problems))
    engine = create_engine_for(database, Keys.derive(SECRET.encode()), readonly=True)
    try:
        with engine.connect() as db:
            _Audit(script, db, count).run()
    finally:
        engine.dispose()
    return count


class _Audit:
    def __init__(self, script: Script, db: Any, count: Count) -> None:
        self.script, self.db, self.count = script, db, count

    def _rows(self, sql: str) -> list[Any]:
        return list(self.db.execute(text(sql)))

    def run(self) -> None:
        events = {
            row.event_id: row
            for row in self._rows(
                "SELECT inbox.id, inbox.event_id, inbox.state, lane.chat FROM inbox JOIN lane ON lane.id = lane_id"
            )
        }
        self.chats = {
            villager.number: events[villager.said[0].id].chat
            for villager in self.script.villagers
            if villager.said[0].id in events
        }
        self._inbox(events)
        self._effects(events)
        self._answers(events)
        self._pages()
        self._telegram()

    def _inbox(self, events: dict[str, Any]) -> None:
        for villager in self.script.villagers:
            mine = [events.get(said.id) for said in villager.said]
            self.count.lost += [
                f"event {said.id} of {villager.number}"
                for said, row in zip(villager.said, mine, strict=True)
                if row is None or row.state != "done"
            ]
            ids = [row.id for row in mine if row is not None]
            if ids != sorted(ids):
                self.count.disorder.append(f"inbox of {villager.number}")
        self.count.lost += [
            f"{row.event_id} is {row.state}" for name, row in events.items() if row.state != "done" and ":" in name
        ]

    def _effects(self, events: dict[str, Any]) -> None:
        self._own_effects(events)
        self._compare("call", self._found("SELECT chat, what FROM night_effect WHERE what LIKE 'gọi %'"))
        self._compare("request", self._found("SELECT chat, '' AS what FROM request"), "")
        self._compare("closed", self._found("SELECT chat, '' AS what FROM request WHERE state = 'closed'"))
        self._watches()
        self._messages()

    def _watches(self) -> None:
        rows = self._found("SELECT chat, code AS what FROM dossier_watch JOIN dossier ON dossier.id = dossier_id")
        self.count.lost += [f"watch {each}" for each in set(self._wanted("watch")) - set(rows)]
        self.count.twice += [f"watch {each}" for each in set(rows) - set(self._wanted("watch"))]

    def _found(self, sql: str) -> Counter[tuple[str, str]]:
        return Counter((row.chat, row.what) for row in self._rows(sql))

    def _own_effects(self, events: dict[str, Any]) -> None:
        rows = self._rows("SELECT id, event, chat, what FROM night_effect WHERE what NOT LIKE 'gọi %' ORDER BY id")
        found = Counter((row.event, row.what) for row in rows)
        wanted = Counter(
            (events[said.id].id, said.effect[1])
            for villager in self.script.villagers
            for said in villager.said
            if said.effect is not None and said.effect[0] == "own" and said.id in events
        )
        self.count.lost += [f"effect {each}" for each in (wanted - found).elements()]
        self.count.twice += [f"effect {each}" for each in (found - wanted).elements()]
        order = defaultdict(list)
        for row in rows:
            order[row.chat].append(row.event)
        self.count.disorder += [f"effects of {chat}" for chat, ids in order.items() if ids != sorted(ids)]

    def _wanted(self, kind: str, words: str | None = None) -> Counter[tuple[str, str]]:
        wanted: Counter[tuple[str, str]] = Counter()
        for villager in self.script.villagers:
            reached = (villager.number + 1) % self.script.count if kind == "call" else villager.number
            for said in villager.said:
                if said.effect is not None and said.effect[0] == kind:
                    wanted[self.chats.get(reached, "?"), said.effect[1] if words is None else words] += 1
        return wanted

    def _compare(self, kind: str, found: Counter[tuple[str, str]], words: str | None = None) -> None:
        wanted = self._wanted(kind, words)
        self.count.lost += [f"{kind} {each}" for each in (wanted - found).elements()]
        self.count.twice += [f"{kind} {each}" for each in (found - wanted).elements()]

    def _messages(self) -> None:
        rows = self._rows(
            "SELECT request.chat, body FROM request_message JOIN request ON request.id = request_id "
            "ORDER BY request_message.id"
        )
        said = [(row.chat, unseal_json(self.db, bytes(row.body))["text"]) for row in rows]
        wanted = self._wanted("message") + self._wanted("request")
        found = Counter(said)
        self.count.lost += [f"message {each}" for each in (wanted - found).elements()]
        self.count.twice += [f"message {each}" for each in (found - wanted).elements()]

    def _answers(self, events: dict[str, Any]) -> None:
        answers = defaultdict(list)
        for row in self._rows("SELECT id, in_reply_to FROM outbox WHERE in_reply_to IS NOT NULL ORDER BY id"):
            answers[row.in_reply_to].append(row.id)
        for name, row in events.items():
            if len(answers[row.id]) < 1:
                self.count.lost.append(f"answer to {name}")
            elif len(answers[row.id]) > 1:
                self.count.twice.append(f"answer to {name}")
        for villager in self.script.villagers:
            # Her own messages only: a call from another lane has its number before its commit, on PostgreSQL.
            mine = [events[said.id].id for said in villager.said if said.id in events]
            given = [answers[event][0] for event in mine if answers[event]]
            if given != sorted(given):
                self.count.disorder.append(f"answers to {villager.number}")

    def _pages(self) -> None:
        waiting = defaultdict(set)
        for row in self._rows("SELECT id, chat FROM outbox WHERE account = '' AND state <> 'dropped'"):
            waiting[row.chat].add(row.id)
        for villager in self.script.villagers:
            if isinstance(villager, AtTheBox):
                chat = self.chats.get(villager.number, "?")
                self.count.unseen += [
                    f"message {each} of {villager.number}" for each in waiting[chat] - set(villager.shown)
                ]

    def _telegram(self) -> None:
        """What Telegram got against what the outbox says: no less, and more only as the uncertain table allows."""
        rows = self._rows("SELECT chat, kind, state, repeats, body FROM outbox WHERE channel = 'telegram' ORDER BY id")
        by_chat = defaultdict(list)
        for row in rows:
            by_chat[row.chat].append(row)
        for villager in self.script.villagers:
            if isinstance(villager, OnTelegram):
                self._chat_on_telegram(villager, by_chat[str(villager.user.id)])

    def _chat_on_telegram(self, villager: OnTelegram, rows: list[Any]) -> None:
        who, chat = villager.number, villager.user.chat
        self.count.lost += [f"{row.kind} to {who} is {row.state}" for row in rows if row.state not in _ENDED]
        self.count.uncertain += sum(row.state == "uncertain" for row in rows)
        said = [row for row in rows if row.kind != "edit"]
        got = _sent(chat)
        due, maybe, again = Counter[str](), Counter[str](), Counter[str]()
        for row in said:
            words = unseal_json(self.db, bytes(row.body))["text"].strip()
            due[words] += row.state == "sent"
            maybe[words] += row.state == "uncertain"
            again[words] += row.repeats if row.kind == "answer" else 0
        self.count.lost += [f"{words!r} to {who}" for words in (due - got).elements()]
        more = got - due
        self.count.twice += [f"{words!r} to {who}" for words in (more - maybe - again).elements()]
        self.count.sent_twice += (more - maybe).total()


_ENDED = frozenset({"sent", "dropped", "uncertain"})


def _sent(chat: Chat) -> Counter[str]:
    """The words of every message the bot has sent to a chat, as they were when it sent them."""
    return Counter((each.edits[0] if each.edits else each.text) for each in chat.messages.values() if each.by_bot)
