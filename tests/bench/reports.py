"""A flood of reports, over HTTP until the number is told: B19.

Two steps make a report: what and where, then "send". The second files it, with its number, its words to be found by and
the summary officials see; so the figure is what a commune can take in on the night a dam bursts. 64 villagers never
stop, so every case comes in a flood. The floor is that of a whole step: the statements of a message by hand.
"""

import itertools
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.bench.figures import Pair, Room, bar
from tests.bench.load import Load, load
from tests.bench.message import _post, floor, process
from tests.bench.serve import UNTIL

SAID = (
    "thôn Gốc Gạo ngập sâu quá, đường không đi được", "gửi", "Cây đổ chắn ngang đường ở thôn Suối Trên", "gửi",
    "Cống ở thôn Bãi Trúc tắc, nước không thoát", "gửi",
)  # fmt: skip


@asynccontextmanager
async def flooded(room: Room, connections: int) -> AsyncIterator[Load]:
    """The product on a fresh database, and villagers who report one thing after the other."""
    folder = room.new_folder()
    await room.databases.fresh("sqlite", folder)
    async with process("tests.bench.serve", str(folder)) as served:
        people = [_reports(token, chat) for token, chat in served["villagers"][:connections]]
        async with load(served["port"], people) as made:
            yield made


def _reports(session: str, chat: str) -> Callable[[], bytes]:
    said, number = itertools.cycle(SAID), itertools.count()

    def following() -> bytes:
        event = f"{session.encode().hex()[:16]}{next(number):016x}"
        body = json.dumps({"id": event, "kind": "text", "text": next(said)}, ensure_ascii=False).encode()
        return _post("/api/messages", body, f"X-Session: {session}\r\n{UNTIL}: {chat}\r\n")

    return following


@bar(
    "B19", "steps of reports in a flood on SQLite over HTTP, two a report; 64 connections", unit="/s", at_least=0.03,
    floor="the statements of a step by hand",
)  # fmt: skip
async def taken_in(room: Room) -> AsyncGenerator[Pair, None]:
    async with flooded(room, 64) as ours, floor(room, "step") as least:
        while True:
            yield Pair(await ours.rate(), await least.rate())


@bar(
    "B19", "the slowest hundredth of them, eight at a time", unit="ms", at_most=30.0,
    floor="the same of a step by hand",
)  # fmt: skip
async def slowest(room: Room) -> AsyncGenerator[Pair, None]:
    async with flooded(room, 8) as ours, floor(room, "step", connections=8) as least:
        while True:
            yield Pair(await ours.slowest(), await least.slowest())
