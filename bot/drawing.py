"""The process that draws letters: one, begun with the first of them and kept, so that its compiler stays warm.

It is begun with `spawn`: a fork would copy threads that hold locks. This file imports little, because that process
imports it; what draws is imported there only, since typst alone takes 9 MB. A stop is its parent's affair, and its
parent's end is its end, also after a kill -9.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from functools import cache
from multiprocessing.connection import wait
from typing import Any

from messages.letters import Drawn


@cache
def process() -> ProcessPoolExecutor:
    """The process; `process.cache_clear()` when it has died, and the next call begins another."""
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _begin)


def draw(source: bytes, data: Mapping[str, Any], qr: str, now: datetime) -> Drawn:
    """`messages.letters.drawing.draw`, in that process."""
    from messages.letters import drawing

    return drawing.draw(source, data, qr, now)


def _begin() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(0)
