"""`python -m tests.bench.stub [FASTER]`: Telegram's sendMessage, answered by as little as possible.

Without FASTER every request is taken. With it the limits of Telegram are enforced, so many times faster: 30 in any
second, one a second to a chat with a short burst, 20 in any minute to a group; what is too much gets its 429. GET tells
what was seen: how many were taken, how many refused, how many came out of order in their chat (texts are "ORDER TIME
…"), when the first and the last came, and how long those with a TIME were under way. Then it forgets.

The first line of output is the port.
"""

import asyncio
import contextlib
import math
import os
import re
import sys
import time
from typing import Any

import orjson
import uvloop

from tests.provider import Guard, Limits

TAKEN = orjson.dumps({"ok": True, "result": {"message_id": 7, "date": 1, "chat": {"id": 1, "type": "private"}}})
REFUSED = b'{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":1}}'
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


JITTER = 0.06
"""Seconds for which a virtual machine may stop in the middle of a request; 20 times faster that is like a second."""


def telegram(faster: float) -> Limits:
    """Telegram's limits, so many times as fast; in a burst so many more than we use as may catch up after a stop."""
    burst = 3 + math.ceil(JITTER * faster)
    return Limits(int(30 * faster), chat=faster, chat_burst=burst, group=20, group_seconds=60 / faster, jitter=JITTER)


def answer(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


PLAIN, TOO_MANY = answer("200 OK", TAKEN), answer("429 Too Many Requests", REFUSED)
WHO = answer("200 OK", b'{"ok":true,"result":{"id":1,"is_bot":true,"first_name":"b","username":"b"}}')


class Seen:
    """What came."""

    def __init__(self, limits: Limits | None) -> None:
        self._limits = limits
        self.forget()

    def forget(self) -> None:
        self.guard = Guard(self._limits or Limits())
        self.taken = self.disorder = 0
        self.first = self.last = 0.0
        self.orders: dict[int, int] = {}
        self.took: list[float] = []

    def take(self, raw: bytes) -> bytes:
        if self._limits is None:
            self.taken += 1
            return PLAIN
        now, said = time.monotonic(), orjson.loads(raw)
        chat, text = said["chat_id"], said["text"].split()
        if not self.guard.takes(str(chat), now):
            return TOO_MANY
        order, sent = int(text[0]), float(text[1])
        self.disorder += order <= self.orders.get(chat, -1)
        self.orders[chat] = order
        if sent:
            self.took.append(now - sent)
        self.taken += 1
        self.first, self.last = self.first or now, now
        return PLAIN

    def told(self) -> bytes:
        said = {
            "taken": self.taken, "refused": self.guard.refused, "disorder": self.disorder,
            "first": self.first, "last": self.last, "took": self.took,
        }  # fmt: skip
        self.forget()
        return answer("200 OK", orjson.dumps(said))


class Door(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, seen: Seen) -> None:
        self._seen, self._got = seen, b""

    def connection_made(self, transport: Any) -> None:
        self._wire = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        while (end := self._got.find(b"\r\n\r\n")) >= 0:
            length = LENGTH.search(self._got, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._got) < whole:
                return
            head, body, self._got = self._got[:end], self._got[end + 4 : whole], self._got[whole:]
            self._wire.write(self._answer(head.partition(b"\r\n")[0], body))

    def _answer(self, asked: bytes, body: bytes) -> bytes:
        if asked.startswith(b"GET "):
            return self._seen.told()
        return self._seen.take(body) if b"/sendMessage " in asked else WHO


async def main(faster: str = "") -> None:
    with contextlib.suppress(PermissionError):  # who judges what comes within a second must not be kept waiting himself
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    seen = Seen(telegram(float(faster)) if faster else None)
    server = await asyncio.get_running_loop().create_server(lambda: Door(seen), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as running:
        running.run(main(*sys.argv[1:]))
