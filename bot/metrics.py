"""Figures for Prometheus, and whether the service works. What tables know is read from them when somebody asks.

Labels are names of routes, channels and states, never a chat or a citizen. `/metrics` is for this machine only.
"""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy import Connection, text

from bot import disk
from storage import inbox, outbox
from storage.db import Kind

if TYPE_CHECKING:
    from bot.app import App

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
HEALTH_SECONDS = 5.0

REGISTRY = CollectorRegistry()
EVENTS = Counter("gandan_events", "Events by what became of them: accepted, done, failed", ["channel", "outcome"], registry=REGISTRY)
TURN_SECONDS = Histogram(
    "gandan_turn_seconds", "Duration of turns", ["route"], registry=REGISTRY,
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)  # fmt: skip
IMPORT_ROWS = Counter("gandan_import_rows", "Rows of imported files: new, changed, same, refused", ["outcome"], registry=REGISTRY)
TICKS_FAILED = Counter("gandan_ticks_failed", "Ticks of the clock that failed", ["job"], registry=REGISTRY)
OUTBOX = Gauge("gandan_outbox_messages", "Messages by state", ["state"], registry=REGISTRY)
WAITING = Gauge("gandan_inbox_waiting", "Events that have not had their turn", registry=REGISTRY)
DISK_FREE = Gauge("gandan_disk_free_bytes", "Free bytes where DATA_DIR is", registry=REGISTRY)


async def render(app: "App") -> bytes:
    """All figures in Prometheus' text format (CONTENT_TYPE)."""
    counts, waiting = await app.database.read(_read, app.place.commune_id)
    for state in outbox.STATES:
        OUTBOX.labels(state).set(counts.get(state, 0))
    WAITING.set(waiting)
    DISK_FREE.set(disk.free(app.settings.data_dir))
    return generate_latest(REGISTRY)


def _read(db: Connection, commune_id: int) -> tuple[dict[str, int], int]:
    return outbox.counts(db, commune_id), inbox.waiting(db)


async def health(app: "App", channels: Mapping[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
    """HTTP status and detail: 200 while the process runs and its writer reaches the database, else 503.

    `channels` is what each channel says of itself; a channel in trouble does not make the service unhealthy.
    """
    try:
        await asyncio.wait_for(app.database.write(_reach, kind=Kind.MARK), HEALTH_SECONDS)
        database = "ok"
    except Exception as error:
        database = type(error).__name__
    low = disk.is_low(app.settings.data_dir, app.place.commune.office.low_disk_megabytes)
    detail = {"database": database, "disk": "low" if low else "ok", "channels": dict(channels or {})}
    return 200 if database == "ok" else 503, detail


def _reach(db: Connection) -> None:
    db.execute(text("SELECT 1"))
