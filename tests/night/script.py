"""A script of villagers who talk over real HTTP while the service is killed, and the ledger that is counted afterwards.

A villager sends one message after the other, each under its own id, and repeats it until it is accepted (200), as the
page does. So at the end everything was accepted, and the ledger says what must therefore stand in the database: no
less, and nothing twice.
"""

import asyncio
import contextlib
import json
import os
import random
import re
import signal
import socket
import sys
import uuid
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
from tests.town import SECRET

PATIENCE = 60.0
"""Seconds after which a test gives up; nothing is measured by it."""
CODE = re.compile(r"H\d+\.\d+-\d{6}-\d{4}")


def free_port() -> int:
    """A port that a killed service and its successor can both have."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- the service, as a process ----------------------------------------------------------------------------------------


class Process:
    """`python -m tests.night.serve` on one DATA_DIR and port; killed and started again."""

    def __init__(self, folder: Path, url: str = "", port: int = 0, **environ: str) -> None:
        self.folder, self.url, self.port = folder, url, port or free_port()
        self.log = folder.parent / f"log-{self.port}"
        self._environ = environ
        self._running: asyncio.subprocess.Process | None = None

    @property
    def environ(self) -> dict[str, str]:
        ours = {
            "DATA_DIR": str(self.folder), "HTTP_PORT": str(self.port), "SECRET_KEY": SECRET, "DATABASE_URL": self.url,
        }  # fmt: skip
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")}
        return kept | ours | self._environ

    @property
    def pid(self) -> int:
        return self._running.pid

    async def spawn(self, *arguments: str) -> None:
        """Start it and do not wait."""
        with self.log.open("ab") as log:
            self._running = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.night.serve", *arguments,
                env=self.environ, cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE, stderr=log,
            )  # fmt: skip

    async def start(self) -> None:
        """Start it; returns once it says where it is."""
        await self.spawn()
        line = await asyncio.wait_for(self._running.stdout.readline(), PATIENCE)
        assert str(self.port).encode() in line, f"{line!r}\n{self.log.read_text(encoding='utf-8')[-3000:]}"

    async def kill(self) -> None:
        """kill -9."""
        with contextlib.suppress(ProcessLookupError):
            self._running.kill()
        await self._running.wait()

    async def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        with contextlib.suppress(ProcessLookupError):
            self._running.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self._running.wait(), PATIENCE)

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


class Villager:
    """Somebody at the chat box: a page that repeats what was not accepted and looks for what is new all the time."""

    def __init__(self, number: int, base: Callable[[], str], http: aiohttp.ClientSession, ledger: Ledger) -> None:
        self.number, self.base, self.http, self.ledger = number, base, http, ledger
        self.said: list[Said] = []
        self.shown: dict[int, str] = {}
        self.shown_again = 0
        self.cursor = 0
        self.session = ""
        self._round = self._looks = 0

    async def opens(self) -> None:
        self.session = (await self._until_done("/api/session", {}))["session"]

    async def says(self, body: dict[str, Any] | str, effect: tuple[str, str] | None = None) -> Said:
        """Send a message until it is accepted."""
        body = {"kind": "text", "text": body} if isinstance(body, str) else body
        said = Said(str(uuid.uuid4()), body, effect)
        self.said.append(said)
        await self._until_done("/api/messages", {"id": said.id} | body)
        await self.ledger.accept()
        return said

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

    async def talks(self, dice: random.Random, neighbour: "Villager", codes: list[str], enough: asyncio.Event) -> None:
        """One round of talk: work, a form with its Confirm, a person, a dossier, and a call to the neighbour."""
        self._round += 1
        mark = f"{self.number}.{self._round}"
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
        await self.says({"kind": "tap", "text": "Báo cho tôi", "token": f"#dossier-watch:{key(code)}"})
        await self.says(f"09510{self.number:05d}", ("watch", code))


# --- the town ---------------------------------------------------------------------------------------------------------


class Script:
    """Villagers who talk, round after round, until `enough` is set; then each says a last word and waits for it."""

    def __init__(self, base: Callable[[], str], seed: int, villagers: int, codes: list[str]) -> None:
        self.base, self.seed, self.count, self.codes = base, seed, villagers, codes
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
        self.villagers = [Villager(number, self.base, self._http, self.ledger) for number in range(self.count)]
        for villager in self.villagers:
            await villager.opens()
            await villager.says({"kind": "start"})
        self._watching = [asyncio.create_task(villager.watches()) for villager in self.villagers]
        self._talking = [asyncio.create_task(self._talk(villager)) for villager in self.villagers]

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
        for _look in range(int(PATIENCE / 0.05)):
            called = sum(words.startswith("Có người gọi") for words in villager.shown.values())
            caller = self.villagers[villager.number - 1]
            if "Việc cuối đã ghi." in villager.shown.values() and called >= caller._round:
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
async def script(base: Callable[[], str], seed: int, villagers: int, codes: list[str]) -> AsyncIterator[Script]:
    made = Script(base, seed, villagers, codes)
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
            f"{self.repeated} sent again, {self.shown_again} shown again"
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
            chat = self.chats.get(villager.number, "?")
            self.count.unseen += [
                f"message {each} of {villager.number}" for each in waiting[chat] - set(villager.shown)
            ]
