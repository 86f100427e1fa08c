"""Ticks: once in each period over all processes, late or twice; a failing one stops nobody; a wrong clock stops all."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot import disk
from bot.app import App, open_app
from bot.clock import AHEAD, Clock, FixedClock
from bot.routes import Routes
from bot.scheduler import DAY, HOUR, MINUTE, Scheduler, period
from bot.turn import OFFICE_CHAT, Work
from messages.render import ZONE
from storage import arrivals, conversations, files, inbox, outbox, ticks
from storage.sealing import unseal_json
from tests import town as towns
from tests.town import START, Databases


@pytest.fixture(params=["sqlite", "postgres"])
async def office(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[App]:
    """A sample office with no ticks of its own."""
    url = await databases.fresh(request.param, tmp_path / "data")
    async with open_app(towns.settings(tmp_path / "data", url), clock=FixedClock(START)) as app:
        app.routes = Routes()
        commune = app.place.commune
        quiet = commune.model_copy(update={"office": commune.office.model_copy(update={"low_disk_megabytes": 10})})
        app.place = replace(app.place, commune=quiet)
        yield app
    if url:
        databases.drop(url)


def counting(office: App, name: str = "count", every: timedelta = MINUTE) -> list[datetime]:
    """Register a tick that notes when it acted."""
    acted: list[datetime] = []

    def act(work: Work) -> None:
        work.after.append(lambda: acted.append(work.now))

    office.routes.tick(name, every=every)(act)
    return acted


async def cards(office: App) -> list[str]:
    """Words of the cards at the office that have not been fetched."""

    def read(db: Connection) -> list[str]:
        mine = (
            outbox.outbox.c.chat == OFFICE_CHAT.chat,
            outbox.outbox.c.state == "queued",
            outbox.outbox.c.kind == "card",
        )
        return [
            unseal_json(db, each)["text"] for each in db.execute(select(outbox.outbox.c.body).where(*mine)).scalars()
        ]

    return await office.database.read(read)


def test_periods_begin_at_midnight_in_vietnam():
    """A day begins at midnight, six hours at 0, 6, 12 and 18 o'clock, as the office's clock shows them."""
    moment = datetime(2026, 11, 27, 0, 30, tzinfo=ZONE)
    assert period(moment, DAY) == datetime(2026, 11, 27, tzinfo=ZONE)
    assert period(moment - HOUR, DAY) == datetime(2026, 11, 26, tzinfo=ZONE)
    assert period(moment + 8 * HOUR, 6 * HOUR) == datetime(2026, 11, 27, 6, tzinfo=ZONE)
    assert period(moment, MINUTE) == moment


async def test_a_tick_acts_once_in_a_period(office: App):
    """Seen twice, by two processes at once, and again after a restart, it acts once; in the next period again."""
    acted = counting(office, every=HOUR)
    first, second = Scheduler(office), Scheduler(office)
    await asyncio.gather(first.minute(), second.minute(), first.minute())
    await Scheduler(office).minute()
    assert acted == [START]
    office.clock.advance(timedelta(minutes=59))
    await first.minute()
    assert len(acted) == 1
    office.clock.advance(MINUTE)
    await asyncio.gather(first.minute(), second.minute())
    assert len(acted) == 2


async def test_a_tick_that_has_done_a_slice_goes_on_in_further_transactions(office: App):
    """Until nothing is left, once a period: another process finds the period taken."""
    left, slices = [3], []

    def slice_(work: Work) -> None:
        work.again = left[0] > 1
        work.after.append(lambda: (slices.append(left[0]), left.__setitem__(0, left[0] - 1)))

    office.routes.tick("long", every=HOUR)(slice_)
    await asyncio.gather(Scheduler(office).minute(), Scheduler(office).minute())
    assert slices == [3, 2, 1]


async def test_what_was_missed_is_made_up_once(office: App):
    """After three days off, a daily tick acts once and not three times."""
    acted = counting(office, every=DAY)
    scheduler = Scheduler(office)
    await scheduler.minute()
    office.clock.advance(3 * DAY)
    await scheduler.minute()
    await scheduler.minute()
    assert len(acted) == 2


async def test_a_failing_tick_stops_nobody(office: App):
    """It is logged under a reference and counted; the others act; it is tried again, each time later."""
    tries: list[datetime] = []

    @office.routes.tick("broken", every=DAY)
    def broken(work: Work) -> None:
        tries.append(work.now)
        work.send(OFFICE_CHAT, towns_reply("never sent"), kind="card")
        raise ValueError("what a citizen wrote")

    acted = counting(office)
    scheduler = Scheduler(office)
    with capture_logs() as logs:
        await scheduler.minute()
    (failed,) = [each for each in logs if each["event"] == "tick_failed"]
    assert (failed["job"], len(failed["reference"])) == ("broken", 6)
    assert acted == [START]
    assert await cards(office) == []
    for _each in range(8):
        office.clock.advance(MINUTE)
        await scheduler.minute()
    assert len(acted) == 9
    assert [(each - START) // MINUTE for each in dict.fromkeys(tries)] == [0, 1, 3, 7]
    assert b'gandan_ticks_failed_total{job="broken"} 4.0' in await office.metrics.render(office)


def towns_reply(words: str) -> Any:
    from messages.reply import Reply

    return Reply(words)


async def test_a_database_that_is_away_is_waited_for(office: App, monkeypatch: pytest.MonkeyPatch):
    """A busy database is no error of the tick: it waits without a reference and acts when it can."""
    away = OperationalError("SELECT", {}, _busy())
    tries = []

    @office.routes.tick("patient", every=DAY)
    def patient(work: Work) -> None:
        if work.now == START:
            raise away
        tries.append(work.now)

    scheduler = Scheduler(office)
    with capture_logs() as logs:
        await scheduler.minute()
        office.clock.advance(MINUTE)
        await scheduler.minute()
        office.clock.advance(MINUTE)
        await scheduler.minute()
    assert [each["event"] for each in logs] == ["tick_waits"]
    assert len(tries) == 1

    async def gone(*_: object) -> None:
        raise away

    monkeypatch.setattr(office.database, "read", gone)
    with capture_logs() as logs:
        await scheduler.minute()
    assert [each["event"] for each in logs] == ["ticks_wait"]


def _busy() -> sqlite3.Error:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorname = "SQLITE_BUSY"
    return error


async def test_a_clock_that_went_back_stops_the_ticks(office: App):
    """Before the last recorded tick nothing acts; the office is told once; when the clock is right all goes on."""
    acted = counting(office)
    scheduler = Scheduler(office)
    await scheduler.minute()
    office.clock.advance(-timedelta(days=400))
    with capture_logs() as logs:
        await scheduler.minute()
        office.clock.advance(MINUTE)
        await scheduler.minute()
    assert [each["event"] for each in logs] == ["clock_behind"]
    assert len(acted) == 1
    (card,) = await cards(office)
    assert "Đồng hồ của máy" in card
    office.clock.advance(timedelta(days=400))
    with capture_logs() as logs:
        await scheduler.minute()
    assert [each["event"] for each in logs] == ["clock_right_again"]
    assert len(acted) == 2


async def test_machines_may_differ_by_a_minute(office: App):
    """Clocks of several machines that differ a little alarm nobody and repeat nothing."""
    acted = counting(office)
    await Scheduler(office).minute()
    office.clock.advance(-MINUTE)
    with capture_logs() as logs:
        await Scheduler(office).minute()
    assert logs == []
    assert len(acted) == 1


async def test_old_words_and_rows_are_forgotten_in_slices(office: App, monkeypatch: pytest.MonkeyPatch):
    """After their days words are emptied, later rows deleted, files and reports removed; what is young stays."""
    monkeypatch.setattr("bot.scheduler.SLICE_ROWS", 2)
    folder = office.settings.data_dir
    for name in ("files/old", "imports/1-refused.csv", "imports/2-refused.csv"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    os.utime(folder / "imports" / "1-refused.csv", (0, 0))
    os.utime(folder / "imports" / "2-refused.csv", ((START + 30 * DAY).timestamp(),) * 2)

    def fill(db: Connection) -> None:
        for number in range(5):
            inbox.accept(db, 1, inbox.Event("web", "box", "c", "s", str(number), b"{}"), START)
            taken = arrivals.take(db, START)
            assert taken is not None
            inbox.done(db, taken.id, START)
        ended = outbox.put(db, 1, outbox.Row("web", "box", "c", "answer", {"text": "x"}, START, START))
        outbox.acknowledge(db, 1, "web", "box", ["c"], [ended], START)
        outbox.put(db, 1, outbox.Row("web", "box", "c", "answer", {"text": "x"}, START, START, expires_at=START + DAY))
        files.add(db, 1, "old", "web", "box", "c", "photo", "image/jpeg", 1, "anh.jpg", START)

    def state(db: Connection) -> tuple[int, int, int, int]:
        def count(table: Any, *where: Any) -> int:
            return int(db.execute(select(func.count()).select_from(table).where(*where)).scalar_one())

        return (
            count(inbox.inbox), count(inbox.inbox, inbox.inbox.c.raw.is_not(None)),
            count(outbox.outbox, outbox.outbox.c.channel == "web", outbox.outbox.c.account == "box"),
            count(outbox.outbox, outbox.outbox.c.account == "box", outbox.outbox.c.body.is_not(None)),
        )  # fmt: skip

    await office.database.write(fill)
    scheduler = Scheduler(office)
    await scheduler.minute()
    assert await office.database.read(state) == (5, 5, 2, 2)
    office.clock.advance(31 * DAY)
    await scheduler.minute()
    assert await office.database.read(state) == (5, 0, 2, 0)
    assert not (folder / "files" / "old").exists()
    assert [each.name for each in (folder / "imports").iterdir()] == ["2-refused.csv"]
    assert await office.database.read(files.get, 1, "old") is None
    office.clock.advance(61 * DAY)
    await scheduler.minute()
    assert await office.database.read(state) == (0, 0, 0, 0)
    assert await office.database.read(conversations.due, 1, office.clock.now()) == []


async def test_rows_of_ticks_are_pruned_but_not_the_last(office: App):
    """Old ticks go, a job's newest stays: it says that its period is over."""

    def fill(db: Connection) -> None:
        for hour in range(100):
            assert ticks.once(db, 1, "hourly", START - hour * HOUR)
        assert ticks.once(db, 1, "yearly", START - 300 * DAY)
        assert not ticks.once(db, 1, "yearly", START - 300 * DAY)

    await office.database.write(fill)
    assert await office.database.write(ticks.delete_old, START - DAY, 50) == 50
    assert await office.database.write(ticks.delete_old, START - DAY, 50) == 25
    assert await office.database.read(ticks.last, 1, "yearly") == START - 300 * DAY
    assert await office.database.read(ticks.last, 1) == START
    assert await office.database.read(ticks.last, 2) is None


async def test_a_low_disk_is_told_once_a_day(office: App, monkeypatch: pytest.MonkeyPatch):
    """The office gets one card a day and the log a line, whatever number of processes look."""
    monkeypatch.setattr(disk, "free", lambda folder: 3_000_000)
    with capture_logs() as logs:
        for scheduler in (Scheduler(office), Scheduler(office)):
            await scheduler.minute()
            office.clock.advance(MINUTE)
    assert [(each["event"], each["free_megabytes"]) for each in logs] == [("low_disk", 3)]
    (card,) = await cards(office)
    assert "3 MB" in card
    office.clock.advance(DAY)
    with capture_logs() as logs:
        await Scheduler(office).minute()
    assert [each["event"] for each in logs] == ["low_disk"]


async def test_the_world_is_told_after_commit(office: App):
    """Chats with something new are named once the work is committed."""
    told: list[set[str]] = []

    @office.routes.tick("speak", every=DAY)
    def speak(work: Work) -> None:
        work.send(OFFICE_CHAT, towns_reply("x"), kind="card")

    await Scheduler(office, lambda work: told.append(work.woken)).minute()
    assert {OFFICE_CHAT.chat} in told


async def test_it_ticks_by_itself(office: App):
    """Started, it counts minutes of the app's clock; stopped, it counts no more."""
    office.clock = Clock(START, 600)  # a minute is a tenth of a second; it looks four times a second
    acted = counting(office)
    scheduler = Scheduler(office)
    scheduler.start()
    for _each in range(200):
        if len(acted) >= 2:
            break
        await asyncio.sleep(0.02)
    scheduler.stop()
    scheduler.stop()
    assert len(acted) >= 2


async def test_a_played_year_misses_no_day(office: App):
    """However fast the clock is and however slow the ticks are, each played day has its daily tick."""
    office.clock = Clock(START, 1e9)  # a tick of some milliseconds takes weeks
    played = counting(office, every=DAY)
    scheduler = Scheduler(office)
    for _each in range(20):
        await scheduler.minute()
    assert len(played) >= 4
    assert all(later - earlier <= DAY + 2 * AHEAD for earlier, later in pairwise(played))


def test_a_name_of_ours_is_refused():
    """A handler cannot take the name of a tick that every office has."""

    class Fake:
        routes = Routes()

    Fake.routes.tick("prune", every=HOUR)(lambda work: None)
    with pytest.raises(ValueError, match="prune"):
        Scheduler(Fake)
