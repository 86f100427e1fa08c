"""The service of the night tests: the real `python -m bot` with high limits and the routes of `tests.night.handler`.

A Mother is a process that has imported everything and forks a service whenever one is asked for: each is a process of
its own, killed with kill -9 like any other, but it begins in a tenth of the time. The rates of Telegram are not kept
here, and what a killed process left in flight is judged after two seconds instead of thirty.

With NIGHT_TRACE=FILE it also writes, at the end, how long each piece of work waited for its writer, and how long each
slice of a long write took.
"""

import functools
import gc
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bot.service
from bot.__main__ import main
from bot.channels.telegram import Telegram
from bot.channels.web_door import Limits
from bot.outbox import Sender
from bot.rates import Rates
from messages.render import Catalogs
from storage.db import Database, Kind, Writer
from tests.night import handler

LIMITS = Limits(10**6, 10**6)
JUDGE = 2.0
"""Seconds a request may take, and thus until a new holder of the lease judges what an earlier one left in flight."""
ROOT = Path(__file__).parents[2]


def serve(arguments: Sequence[str]) -> int:
    """Run the command line as it is, apart from what is said above."""
    handler.broken.update(os.environ.get("NIGHT_BROKEN", "").split())
    bot.service.open_app = functools.partial(bot.service.open_app, limits=LIMITS, handlers=handler.HANDLERS)
    bot.service.Sender = functools.partial(Sender, timeout=JUDGE)
    Telegram.rates = Rates()
    file = os.environ.pop("NIGHT_TRACE", None)
    waits = _trace() if file else {}
    code = main(arguments)
    if file:
        Path(file).write_text(json.dumps(waits), encoding="utf-8")
    return code


def _trace() -> dict[str, list[float]]:
    """Measure every writer from now on: seconds by kind, and `slice_took`."""
    found: dict[str, list[float]] = {kind.name: [] for kind in Kind} | {"slice_took": []}
    submit, run_group = Database.submit, Writer._run_group

    def marked(self: Database, work: Any, kind: Kind, failed: Any = None) -> Any:
        timed = functools.partial(work)
        timed.kind, timed.submitted = kind, time.perf_counter()
        return submit(self, timed, kind, failed)

    def measured(self: Writer, jobs: list[Any]) -> bool:
        began = time.perf_counter()
        begun = run_group(self, jobs)
        for job in jobs:
            found[job.work.kind.name].append(began - job.work.submitted)
            if job.work.kind is Kind.SLICE:
                found["slice_took"].append(time.perf_counter() - began)
        return begun

    Database.submit, Writer._run_group = marked, measured
    return found


# --- the mother -------------------------------------------------------------------------------------------------------


class Mother:
    """The test's side of it."""

    def __init__(self) -> None:
        self._door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __spec__.name, str(theirs.fileno())], pass_fds=[theirs.fileno()], cwd=ROOT
            )
        self._one_at_a_time = threading.Lock()

    def fork(self, environ: dict[str, str], arguments: Sequence[str], out: int, log: int, end: int) -> int:
        """A new service with that environment, stdout and stderr; its pid. When it ends, `end` gets its exit code."""
        with self._one_at_a_time:
            asked = json.dumps({"environ": environ, "arguments": list(arguments)}).encode()
            socket.send_fds(self._door, [asked], [out, log, end])
            return int(self._door.recv(100))

    def close(self) -> None:
        """She ends with her children."""
        self._door.close()
        self._process.wait()


def _wait_for_orders(door: socket.socket) -> None:
    ends: dict[int, int] = {}  # of each child: where to tell that it has ended

    def reap(_number: int, _frame: Any) -> None:
        for pid in list(ends):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                os.write(ends[pid], str(os.waitstatus_to_exitcode(status)).encode())
                os.close(ends.pop(pid))

    signal.signal(signal.SIGCHLD, reap)
    Catalogs()  # are read once
    gc.freeze()  # the children share what is there
    while True:
        asked, (*given,), _flags, _address = socket.recv_fds(door, 1 << 16, 3)
        if not asked:
            break
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        pid = os.fork()
        if not pid:
            _be_born(json.loads(asked), door, given, list(ends.values()))
        ends[pid] = given[2]
        for each in given[:2]:
            os.close(each)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        door.send(str(pid).encode())
    for pid in list(ends):
        os.kill(pid, signal.SIGKILL)


def _be_born(asked: dict[str, Any], door: socket.socket, given: list[int], others: list[int]) -> None:
    """A child of hers becomes a service; never returns."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        door.close()
        out, log, end = given
        os.dup2(out, 1)
        os.dup2(log, 2)
        for each in (out, log, end, *others):
            os.close(each)
        os.environ.clear()
        os.environ.update(asked["environ"])
        random.seed()
        code = serve(asked["arguments"])
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    _wait_for_orders(socket.socket(fileno=int(sys.argv[1])))
