"""Figures for Prometheus, and whether the service works. What tables know is read from them when somebody asks.

Labels are names of routes, channels and states, never a chat or a citizen. `/metrics` is for this machine only.
"""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy import Connection, text

from bot import disk
from storage import dossier_events, inbox, outbox
from storage.db import Kind

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.turn import Place
    from storage.db import Database

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
HEALTH_SECONDS = 5.0


class Watched(Protocol):
    """What is looked at: a bot.app.App."""

    settings: "Settings"
    database: "Database"
    place: "Place"


class Metrics:
    """The figures of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._events = self._counter(
            "gandan_events", "Events by what became of them: accepted, done, failed", "channel", "outcome"
        )
        self._turn_seconds = Histogram(
            "gandan_turn_seconds",
            "Duration of turns",
            ["route"],
            registry=self.registry,
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
        )
        self._rows = self._counter(
            "gandan_import_rows", "Rows of imported files: new, changed, same, refused", "outcome"
        )
        self._ticks_failed = self._counter("gandan_ticks_failed", "Ticks of the clock that failed", "job")
        self._requests = self._counter(
            "gandan_requests",
            "Requests to providers by where the message is then (queued: again)",
            "channel",
            "outcome",
        )
        self._queue_seconds = Histogram(
            "gandan_queue_seconds",
            "Time messages waited to be sent",
            ["kind"],
            registry=self.registry,
            buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15, 60, 300, 900, 3600, 14400),
        )
        self._outbox = Gauge("gandan_outbox_messages", "Messages by state", ["state"], registry=self.registry)
        self._waiting = Gauge("gandan_inbox_waiting", "Events that have not had their turn", registry=self.registry)
        self._news = Gauge(
            "gandan_news", "News of dossiers nobody has been told of yet: waiting, failing", ["state"],
            registry=self.registry,
        )  # fmt: skip
        self._disk_free = Gauge("gandan_disk_free_bytes", "Free bytes where DATA_DIR is", registry=self.registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)

    def accepted(self, channel: str) -> None:
        """An event is in the inbox."""
        self._events.labels(channel, "accepted").inc()

    def turned(self, channel: str, route: str, seconds: float, *, failed: bool = False) -> None:
        """An event had its turn."""
        self._events.labels(channel, "failed" if failed else "done").inc()
        self._turn_seconds.labels(route).observe(seconds)

    def requested(self, channel: str, outcome: str) -> None:
        """A provider has answered, or not."""
        self._requests.labels(channel, outcome).inc()

    def queued(self, kind: str, seconds: float) -> None:
        """A message has left the queue."""
        self._queue_seconds.labels(kind).observe(seconds)

    def imported(self, **rows: int) -> None:
        """Rows of a file: new=, changed=, same=, refused=."""
        for outcome, number in rows.items():
            self._rows.labels(outcome).inc(number)

    def tick_failed(self, job: str) -> None:
        """A tick of the clock raised."""
        self._ticks_failed.labels(job).inc()

    async def render(self, app: Watched) -> bytes:
        """All figures in Prometheus' text format (CONTENT_TYPE); what tables know is read now."""
        counts, waiting, news = await app.database.read(_read, app.place.commune_id)
        for state in outbox.STATES:
            self._outbox.labels(state).set(counts.get(state, 0))
        self._waiting.set(waiting)
        for state, number in zip(("waiting", "failing"), news, strict=True):
            self._news.labels(state).set(number)
        self._disk_free.set(disk.free(app.settings.data_dir))
        return generate_latest(self.registry)


def _read(db: Connection, commune_id: int) -> tuple[dict[str, int], int, tuple[int, int]]:
    return outbox.counts(db, commune_id), inbox.waiting(db), dossier_events.counts(db, commune_id)


async def health(app: Watched, channels: Mapping[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
    """HTTP status and detail: 200 while the process runs and its writer reaches the database, else 503.

    `channels` is what each channel says of itself; a channel in trouble does not make the service unhealthy.
    """
    try:
        async with asyncio.timeout(HEALTH_SECONDS):
            await app.database.write(_reach, kind=Kind.MARK)
        database = "ok"
    except Exception as error:
        database = type(error).__name__
    low = disk.is_low(app.settings.data_dir, app.place.commune.office.low_disk_megabytes)
    detail = {"database": database, "disk": "low" if low else "ok", "channels": dict(channels or {})}
    return 200 if database == "ok" else 503, detail


def _reach(db: Connection) -> None:
    db.execute(text("SELECT 1"))
