"""The path of a message, from the raw event's POST to the committed turn: B1 to B5.

The product is `tests.bench.serve` behind the door of a channel, the floor one of `tests.bench.floors`. A villager's
steps are those of a look-up: the command, a code that is none, the code on her slip.
"""

import asyncio
import itertools
import json
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from bot import sample
from tests.bench.figures import NotRun, Pair, Room, bar, free_cores
from tests.bench.load import Load, load
from tests.bench.serve import UNTIL, VILLAGERS
from tests.town import START

ROOT = Path(__file__).parents[2]
SAID = ("/tracuu", "giấy mất rồi, chỉ nhớ H98", sample.demo_codes(START.date())[0].code)
"""What each villager says, over and over."""
HOOK = b'{"update_id":10000,"message":{"message_id":1365,"chat":{"id":1111111},"text":"Ho so cua toi den dau roi?"}}'


@asynccontextmanager
async def process(*words: str) -> AsyncIterator[Any]:
    """A server as a process of its own; gives the JSON of its first line."""
    with tempfile.TemporaryFile() as log:
        running = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=log
        )
        assert running.stdout is not None
        try:
            yield json.loads(await asyncio.wait_for(running.stdout.readline(), 30))
        except Exception as error:
            log.seek(max(0, log.tell() - 2000))
            error.add_note(f"{' '.join(words)} said: {log.read().decode(errors='replace')}")
            raise
        finally:
            running.kill()
            await running.wait()


@asynccontextmanager
async def product(
    room: Room,
    kind: str = "sqlite",
    *,
    folder: Path | None = None,
    connections: int = VILLAGERS,
    hold_turns: bool = False,
    processes: int = 1,
) -> AsyncIterator[Load]:
    """The product and its villagers, on a fresh database or that of `folder`.

    The 200 comes after the turn's commit; with `hold_turns` after the event's.
    """
    url = ""
    if folder is None:
        folder = room.new_folder()
        url = await room.databases.fresh(kind, folder)
    words = ["tests.bench.serve", str(folder), *([url] if url else []), *(["--hold-turns"] if hold_turns else [])]
    async with AsyncExitStack() as stack:
        served = [await stack.enter_async_context(process(*words)) for _each in range(processes)]
        loads = [
            await stack.enter_async_context(load(each["port"], _villagers(each["villagers"][:connections], hold_turns)))
            for each in served
        ]
        yield Load([caller for each in loads for caller in each._callers])


def _villagers(people: list[tuple[str, str]], hold_turns: bool) -> list[Callable[[], bytes]]:
    return [_web(token, "" if hold_turns else chat) for token, chat in people]


def _web(session: str, until: str) -> Callable[[], bytes]:
    """The chat box's door: her next message as the page sends it."""
    said, number = itertools.cycle(SAID), itertools.count()

    def following() -> bytes:
        event = f"{session.encode().hex()[:16]}{next(number):016x}"
        body = json.dumps({"id": event, "kind": "text", "text": next(said)}, ensure_ascii=False).encode()
        waits = f"{UNTIL}: {until}\r\n" if until else ""
        return _post("/api/messages", body, f"X-Session: {session}\r\n{waits}")

    return following


def _post(path: str, body: bytes, headers: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@asynccontextmanager
async def floor(room: Room, name: str, kind: str = "sqlite", connections: int = VILLAGERS) -> AsyncIterator[Load]:
    """A floor and its load."""
    folder = room.new_folder()
    url = await room.databases.fresh(kind, folder)
    address = url.replace("+psycopg", "") if url else str(folder / "gandan.db")
    post = _post("/hook", HOOK)
    async with process("tests.bench.floors", name, address) as port, load(port, [lambda: post] * connections) as calls:
        yield calls


@bar(
    "B1", "webhook accepted: raw event durable in the inbox, then 200; 64 connections", unit="/s", at_least=0.45,
    floor="one writer thread, plain sqlite3, group commit",
)  # fmt: skip
async def accepted(room: Room) -> AsyncGenerator[Pair, None]:
    async with product(room, hold_turns=True) as ours, floor(room, "accept") as least:
        while True:
            yield Pair(await ours.rate(), await least.rate())


@bar(
    "B2", "whole step on SQLite over HTTP, until the turn is committed; 64 connections", unit="/s", at_least=0.20,
    floor="the same statements and transactions by hand",
)  # fmt: skip
async def stepped(room: Room) -> AsyncGenerator[Pair, None]:
    async with product(room) as ours, floor(room, "step") as least:
        while True:
            yield Pair(await ours.rate(), await least.rate())


@bar(
    "B2", "the same against the usual way", unit="/s", at_least=3.0,
    floor="four statements through SQLAlchemy on aiosqlite",
)  # fmt: skip
async def stepped_usually(room: Room) -> AsyncGenerator[Pair, None]:
    async with product(room) as ours, floor(room, "async") as least:
        while True:
            yield Pair(await ours.rate(), await least.rate())


@bar("B3", "its time at one connection, median", unit="ms", at_most=2.5, floor="the same by hand")
async def alone(room: Room) -> AsyncGenerator[Pair, None]:
    async with product(room, connections=1) as ours, floor(room, "step", connections=1) as least:
        while True:
            yield Pair(await ours.middle(), await least.middle())


@bar(
    "B4", "whole step on PostgreSQL, 8 threads, 64 connections", unit="/s", at_least=0.45,
    floor="the same statements by hand with asyncpg",
)  # fmt: skip
async def stepped_on_postgres(room: Room) -> AsyncGenerator[Pair, None]:
    async with product(room, "postgres") as ours, floor(room, "postgres", "postgres") as least:
        while True:
            yield Pair(await ours.rate(), await least.rate())


@bar("B5", "two processes on PostgreSQL", unit="/s", at_least=1.6, floor="one process")
async def two_processes(room: Room) -> AsyncGenerator[Pair, None]:
    free = await free_cores()
    if free < 4:
        raise NotRun(f"it needs 4 free cores, here are {free:.1f}")
    async with product(room, "postgres", processes=2) as two, product(room, "postgres") as one:
        while True:
            yield Pair(await two.rate(), await one.rate())
