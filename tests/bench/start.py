"""The process of an embedded service: how much memory it needs when idle (B17), how soon it answers (B18).

The product is `python -m bot` as an operator starts it, the floor a process that imports what the service imports. Its
database has been migrated and has no sample.
"""

import asyncio
import os
import socket
import sys
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.bench.dossiers import A_MILLION, filled
from tests.bench.figures import Pair, Room, bar
from tests.bench.message import ROOT, SAID
from tests.town import SECRET

IDLE_SECONDS = 3
IMPORTS = "import bot.__main__, bot.service, uvloop; print('imported', flush=True); input()"


@asynccontextmanager
async def service(folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, float]]:
    """A service that has answered its first message, and the seconds from its start until then."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ours = {"DATA_DIR": str(folder), "HTTP_PORT": str(port), "SECRET_KEY": SECRET, "PYTHONPATH": str(ROOT)}
    with (folder / "log").open("wb") as log:
        began = time.perf_counter()
        running = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", cwd=folder, env=os.environ | ours, stdout=log, stderr=log
        )
        try:
            async with asyncio.timeout(60):
                await _answered(port)
            yield running, time.perf_counter() - began
        finally:
            running.terminate()
            await running.wait()


async def _answered(port: int) -> None:
    """Say something as soon as the door is open, and wait for the answer."""
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        while True:
            try:
                async with http.post("/api/session", json={}) as opened:
                    headers = {"X-Session": (await opened.json())["session"]}
                    break
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.005)
        said = {"id": str(uuid.uuid4()), "kind": "text", "text": SAID[-1]}
        async with http.post("/api/messages", json=said, headers=headers) as taken:
            assert taken.status == 200, await taken.text()
        async with http.get("/api/updates", params={"after": 0, "wait": 20}, headers=headers) as answer:
            assert (await answer.json())["messages"]


async def _imported() -> tuple[float, int]:
    """The seconds a process took to import what the service imports, and the kB it has then."""
    began = time.perf_counter()
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-c", IMPORTS, cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert running.stdout is not None
    assert await running.stdout.readline() == b"imported\n"
    took, memory = time.perf_counter() - began, _memory(running.pid)
    await running.communicate(b"\n")
    return took, memory


def _memory(pid: int) -> int:
    """Resident memory of a process in kB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


@bar("B17", "memory of the idle embedded process", unit="MB", at_most=1.3, floor="the product's own imports")
async def idle(_room: Room) -> AsyncGenerator[Pair, None]:
    folder = await filled(0)
    while True:
        async with service(folder) as (running, _seconds):
            await asyncio.sleep(IDLE_SECONDS)
            ours = _memory(running.pid)
        _seconds, least = await _imported()
        yield Pair(ours / 1024, least / 1024)


async def _starting(number: int) -> AsyncGenerator[Pair, None]:
    folder = await filled(number)
    while True:
        async with service(folder) as (_running, seconds):
            pass
        yield Pair(seconds, (await _imported())[0])


@bar("B18", "start to first answer, no dossiers", unit="s", at_most=2.0, floor="the product's own imports")
async def starting(_room: Room) -> AsyncGenerator[Pair, None]:
    async for pair in _starting(0):
        yield pair


@bar("B18", "start to first answer, 1,000,000 dossiers", unit="s", at_most=2.0, floor="the product's own imports")
async def starting_with_many(_room: Room) -> AsyncGenerator[Pair, None]:
    async for pair in _starting(A_MILLION):
        yield pair
