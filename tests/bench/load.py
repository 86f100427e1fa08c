"""Load: so many connections, each sending its next request as soon as the last is answered, for so many seconds.

Bare asyncio protocols, because an HTTP client library would need more time for a request than the server does.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

WARM_UP = 1.0
SECONDS = 3.0


class _Caller(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, following: Callable[[], bytes]) -> None:
        self._following, self._took = following, list[float]()
        self._got, self._sent, self._running = b"", 0.0, False
        self._idle = asyncio.Event()
        self._idle.set()
        self.problem = ""

    def connection_made(self, transport: Any) -> None:
        self._wire = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        self._got = b""
        self._took.append(time.perf_counter() - self._sent)
        if not head.startswith(b"HTTP/1.1 200"):
            self.problem = f"{head.splitlines()[0]!r} {body[:200]!r}"
        if self._running and not self.problem:
            self._send()
        else:
            self._idle.set()

    def connection_lost(self, error: Exception | None) -> None:
        self.problem = self.problem or "the connection was closed"
        self._idle.set()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._wire.write(self._following())

    def begin(self) -> None:
        self._took.clear()
        if not self._running:
            self._running = True
            self._idle.clear()
            self._send()

    async def end(self) -> list[float]:
        """Stop after the answer that is awaited; the seconds each answer took."""
        self._running = False
        took = list(self._took)
        await asyncio.wait_for(self._idle.wait(), 30)
        return took

    def close(self) -> None:
        self._wire.close()


def _length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    return int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


class Load:
    """Open connections to one server."""

    def __init__(self, callers: list[_Caller]) -> None:
        self._callers = callers

    async def rate(self, seconds: float = SECONDS) -> float:
        """Answers a second."""
        return len(await self._answers(seconds)) / seconds

    async def middle(self, seconds: float = SECONDS) -> float:
        """The median time of an answer, in milliseconds."""
        return statistics.median(await self._answers(seconds)) * 1000

    async def slowest(self, seconds: float = SECONDS) -> float:
        """What ninety-nine of a hundred answers were quicker than (p99), in milliseconds."""
        took = sorted(await self._answers(seconds))
        return took[len(took) * 99 // 100] * 1000

    async def _answers(self, seconds: float) -> list[float]:
        for warming in (WARM_UP, seconds):
            for caller in self._callers:
                caller.begin()
            await asyncio.sleep(warming)
        took = [each for caller in self._callers for each in await caller.end()]
        problems = [caller.problem for caller in self._callers if caller.problem]
        if problems:
            raise RuntimeError(f"{len(problems)} connections failed: {problems[0]}")
        return took


@asynccontextmanager
async def load(port: int, following: list[Callable[[], bytes]]) -> AsyncIterator[Load]:
    """A connection for each of these functions, which give a connection's next request."""
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda each=each: _Caller(each), "127.0.0.1", port)  # type: ignore[misc]
        for each in following
    ]
    try:
        yield Load([caller for _wire, caller in opened])
    finally:
        for _wire, caller in opened:
            caller.close()
