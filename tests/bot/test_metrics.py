"""Figures and health: what Prometheus and the operator's watchdog see."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot import disk, metrics
from bot.app import App, open_app
from bot.clock import FixedClock
from storage import dossier_events, inbox
from tests import town as towns
from tests.town import START, Databases


@pytest.fixture(params=["sqlite", "postgres"])
async def office(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[App]:
    """A sample office, open."""
    url = await databases.fresh(request.param, tmp_path / "data")
    async with open_app(towns.settings(tmp_path / "data", url), clock=FixedClock(START)) as app:
        yield app
    if url:
        databases.drop(url)


async def test_figures_come_from_the_process_and_its_tables(office: App):
    """Events, turns, rows and ticks are counted; messages, waiting events and the disk are read on demand."""
    office.metrics.accepted("web")
    office.metrics.turned("web", "lookup", 0.004)
    office.metrics.turned("web", "lookup", 0.004, failed=True)
    office.metrics.imported(new=3, refused=1)
    office.metrics.tick_failed("remind")
    await office.database.write(dossier_events.put, 1, 1, "ready", "0", START)
    await office.database.write(inbox.accept, 1, inbox.Event("web", "box", "c", "s", "1", b"{}"), START)
    lines = (await office.metrics.render(office)).decode().splitlines()
    for wanted in (
        'gandan_events_total{channel="web",outcome="accepted"} 1.0',
        'gandan_events_total{channel="web",outcome="done"} 1.0',
        'gandan_events_total{channel="web",outcome="failed"} 1.0',
        'gandan_turn_seconds_bucket{le="0.005",route="lookup"} 2.0',
        'gandan_import_rows_total{outcome="new"} 3.0',
        'gandan_ticks_failed_total{job="remind"} 1.0',
        'gandan_outbox_messages{state="uncertain"} 0.0',
        "gandan_inbox_waiting 1.0",
        'gandan_news{state="waiting"} 1.0',
        'gandan_news{state="failing"} 0.0',
    ):
        assert wanted in lines
    assert any(line.startswith("gandan_disk_free_bytes ") for line in lines)


async def test_a_working_office_is_healthy(office: App):
    """200 with the channels as detail; a channel in trouble changes nothing."""
    status, detail = await metrics.health(office, {"telegram": "waiting"})
    assert (status, detail["database"], detail["channels"]) == (200, "ok", {"telegram": "waiting"})
    assert detail["disk"] in ("ok", "low")


async def test_without_its_database_it_is_not(office: App):
    """503 as soon as the writer cannot reach the database, and the reason by its kind."""
    await office.database.close()
    status, detail = await metrics.health(office)
    assert (status, detail["database"]) == (503, "Temporary")


async def test_a_database_that_does_not_answer_is_not_waited_for(office: App, monkeypatch: pytest.MonkeyPatch):
    """A writer that hangs is reported after some seconds."""
    monkeypatch.setattr(metrics, "HEALTH_SECONDS", 0.02)
    hanging = SimpleNamespace(write=lambda work, kind: asyncio.sleep(10))
    slow = SimpleNamespace(database=hanging, settings=office.settings, place=office.place)
    assert (await metrics.health(slow))[0] == 503


def test_free_space_is_known_before_the_folder_is(tmp_path: Path):
    """Where DATA_DIR will be made counts."""
    assert disk.free(tmp_path / "not" / "yet") > 0
    assert disk.is_low(tmp_path, 10**12)
    assert not disk.is_low(tmp_path, 0)
