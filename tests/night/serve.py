"""`python -m tests.night.serve`: the real `python -m bot` with high limits and the routes of `tests.night.handler`.

With NIGHT_TRACE=FILE it also writes, at the end, how long each piece of work waited for its writer, and how long each
slice of a long write took.
"""

import functools
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import bot.service
from bot.__main__ import main
from bot.channels.web_door import Limits
from storage.db import Database, Kind, Writer
from tests.night.handler import HANDLERS

LIMITS = Limits(10**6, 10**6)


def trace() -> dict[str, list[float]]:
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


if __name__ == "__main__":
    bot.service.open_app = functools.partial(bot.service.open_app, limits=LIMITS, handlers=HANDLERS)
    file = os.environ.pop("NIGHT_TRACE", None)
    waits = trace() if file else {}
    code = main(sys.argv[1:])
    if file:
        Path(file).write_text(json.dumps(waits), encoding="utf-8")
    sys.exit(code)
