"""The clock at work: each minute it looks which ticks are due. Tables say what is due; APScheduler counts minutes.

A tick belongs to periods (`every`), which begin at midnight in Việt Nam and multiples of `every` after it. In each of
them it acts once over all processes: its row in `storage.ticks` commits with its work. A tick seen late acts once for
the period at hand, not for those missed. If it fails, the others go on, and it is tried again, later each time.

Played fast (CLOCK_RATE), the clock waits for its ticks, so that every played day has some.

If the clock stands before the newest recorded tick (no clock battery, after a power cut), nothing is due until it is
right again, and the operator is told: a wrong clock would otherwise delete, remind and expire at will.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]
from apscheduler.triggers.interval import IntervalTrigger  # type: ignore[import-untyped]
from sqlalchemy import Connection

from bot import disk, logs
from bot.routes import TickRoute
from bot.turn import Work
from messages.reply import Reply, _
from storage import (
    case_floods,
    case_media,
    case_told,
    cases,
    conversations,
    dossier_events,
    files,
    guidance,
    inbox,
    letters,
    notices,
    outbox,
    previews,
    print_codes,
    ratings,
    requests,
    sealed,
    sessions,
    systems,
    tails,
    ticks,
)
from storage.db import EPOCH, Kind, temporary

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger(__name__)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MIDNIGHT = timedelta(hours=7)
"""Việt Nam is seven hours ahead of UTC all year: its days begin at 17:00 UTC."""
SKEW = timedelta(minutes=2)
"""Clocks of several machines may differ by so much without being wrong."""
LONGEST_WAIT = 60
"""Minutes at most until a tick that keeps failing is tried again."""
ROWS_KEPT = timedelta(days=60)
"""Rows outlive their words by so long: they are still counted, and a late repeat still finds its event id."""
TICKS_KEPT = timedelta(days=2)
SLICE_ROWS = 500


def period(now: datetime, every: timedelta) -> datetime:
    """When the period of length `every` that holds `now` began."""
    return now - (now - EPOCH + MIDNIGHT) % every


class Scheduler:
    """Runs the ticks of `app.routes` and those every office needs. `woken(work)` is called after each commit."""

    def __init__(self, app: "App", woken: Callable[[Work], None] = lambda work: None) -> None:
        self._app, self._woken = app, woken
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._failures: dict[str, tuple[int, datetime]] = {}  # how often in a row, and not before
        self._told: datetime | None = None
        self._ticks = [*app.routes.ticks.values(), TickRoute("drop-stale", _drop_stale, MINUTE)]
        names = {tick.name for tick in self._ticks} & {"prune", "low-disk", "clock"}
        if names or len({tick.name for tick in self._ticks}) != len(self._ticks):
            raise ValueError(f"ticks of one name: {sorted(names) or 'drop-stale'}")

    def start(self) -> None:
        """Count minutes of the app's clock from its next full minute on."""
        clock = self._app.clock
        seconds = max(MINUTE.total_seconds() / clock.rate, 0.25)
        first = datetime.now().astimezone() + timedelta(
            seconds=clock.seconds_until(period(clock.now(), MINUTE) + MINUTE)
        )
        self._scheduler.add_job(
            self.minute,
            IntervalTrigger(seconds=seconds, start_date=first, timezone="UTC"),
            misfire_grace_time=None,
            coalesce=True,
        )
        self._scheduler.start()

    def stop(self) -> None:
        """Count no more; a tick in hand finishes with the database."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def minute(self) -> None:
        """Run what is due now; what the scheduler calls, and tests after moving the clock."""
        self._app.clock.ticks()
        now = self._app.clock.now()
        try:
            last = await self._app.database.read(ticks.last_of_each, self._app.place.commune_id)
            if await self._is_behind(now, last):
                return
        except Exception as error:
            log.warning("ticks_wait", error=logs.describe(error))
            return
        await asyncio.gather(
            *(self._run(tick, now) for tick in self._ticks if self._is_due(tick.name, tick.every, now, last))
        )
        if self._is_due("prune", HOUR, now, last):
            await self._guarded("prune", self._prune, now)
        if self._is_due("low-disk", DAY, now, last):
            await self._guarded("low-disk", self._warn_of_low_disk, now)

    def _is_due(self, name: str, every: timedelta, now: datetime, last: dict[str, datetime]) -> bool:
        if name in last and last[name] >= period(now, every):
            return False
        return name not in self._failures or self._failures[name][1] <= now

    async def _is_behind(self, now: datetime, last: dict[str, datetime]) -> bool:
        newest = max(last.values(), default=EPOCH)
        if now >= newest - SKEW:
            if self._told is not None:
                log.warning("clock_right_again")
            self._told = None
            return False
        if self._told != newest:
            log.error("clock_behind", now=now.isoformat(), last_tick=newest.isoformat())
            card = Reply(
                _(
                    "The computer's clock is wrong: it shows {now}, but work was done at {last} already.",
                    now=now,
                    last=newest,
                ),
                _("Reminders and clean-up wait until the clock is right. Please tell the technician."),
                card="clock",
                loud=True,
            )
            await self._work(lambda work: _card(work, card, "clock"))
            self._told = newest
        return True

    async def _run(self, tick: TickRoute, now: datetime) -> None:
        async def act(at: datetime) -> None:
            done = await self._work(tick.function, tick.name, period(at, tick.every))
            while done is not None and done.again:
                done = await self._work(tick.function)

        await self._guarded(tick.name, act, now)

    async def _guarded(self, name: str, act: Callable[[datetime], Awaitable[None]], now: datetime) -> None:
        try:
            await act(now)
        except Exception as error:
            times = self._failures.get(name, (0, now))[0] + 1
            self._failures[name] = (times, now + min(2 ** (times - 1), LONGEST_WAIT) * MINUTE)
            if temporary(error):
                log.warning("tick_waits", job=name, error=logs.describe(error))
            else:
                self._app.metrics.tick_failed(name)
                log.error("tick_failed", job=name, reference=logs.new_reference(), exc_info=error)
        else:
            self._failures.pop(name, None)

    async def _work(
        self,
        function: Callable[[Work], None],
        job: str | None = None,
        at: datetime | None = None,
    ) -> Work | None:
        """One transaction; with `job` and `at` only if nobody has done that period. After COMMIT the world is told.

        A slice, never several ticks together: whoever has just written waits for one of them at most.
        """

        def run(db: Connection) -> Work | None:
            if job is not None and at is not None and not ticks.once(db, self._app.place.commune_id, job, at):
                return None
            work = Work(db, self._app.place, self._app.clock.now())
            function(work)
            return work

        done = await self._app.database.write(run, kind=Kind.SLICE)
        if done is None:
            return None
        for told in done.after:
            told()
        self._woken(done)
        return done

    # --- what every office needs --------------------------------------------------------------------------------------

    async def _prune(self, now: datetime) -> None:
        """Forget words and rows whose time is over, a slice at a time so that no turn waits long."""
        if await self._work(lambda work: None, "prune", period(now, HOUR)) is None:
            return
        for one in self._prunes(now):
            while await self._app.database.write(one, kind=Kind.SLICE) >= SLICE_ROWS:
                pass
        old, loose = self._before(now, "inbox_days"), ~case_media.is_kept()
        while names := await self._app.database.read(files.names_before, old, SLICE_ROWS, loose):
            await asyncio.to_thread(self._delete_files, names)
            await self._app.database.write(files.lose, names, kind=Kind.SLICE)

        await asyncio.to_thread(self._delete_reports, self._before(now, "inbox_days"))
        await self._prune_sealed(now)

    async def _prune_sealed(self, now: datetime) -> None:
        """What is sealed goes some years after it was settled, with its files; so does a file nobody has a key of."""
        database, folder = self._app.database, self._app.settings.data_dir / "sealed"
        before = now - timedelta(days=self._app.place.commune.sealed.keep_days)
        gone = await database.write(sealed.delete_old, now, before, kind=Kind.SLICE)
        lying = (await asyncio.to_thread(_lying, folder))[:SLICE_ROWS]
        known = await database.read(sealed.known, lying)
        for name in {*gone, *lying} - known:
            (folder / name).unlink(missing_ok=True)

    def _before(self, now: datetime, setting: str) -> datetime:
        return now - timedelta(days=getattr(self._app.place.commune.office, setting))

    def _prunes(self, now: datetime) -> list[Callable[[Connection], int]]:
        received, sent, talked = (self._before(now, f"{name}_days") for name in ("inbox", "outbox", "talk"))
        return [
            lambda db: inbox.empty_old(db, received, SLICE_ROWS),
            lambda db: inbox.delete_old(db, received - ROWS_KEPT, SLICE_ROWS),
            lambda db: outbox.empty_old(db, sent, SLICE_ROWS),
            lambda db: outbox.delete_old(db, sent - ROWS_KEPT, SLICE_ROWS),
            lambda db: conversations.empty_old(db, talked, SLICE_ROWS),
            lambda db: conversations.delete_old(db, talked - ROWS_KEPT, SLICE_ROWS),
            lambda db: notices.empty_old(db, sent, SLICE_ROWS),
            lambda db: notices.delete_old(db, self._before(now, "notice_days"), SLICE_ROWS),
            lambda db: ratings.forget_words(db, self._before(now, "notice_days"), SLICE_ROWS),
            lambda db: dossier_events.delete_old(db, sent - ROWS_KEPT, SLICE_ROWS),
            lambda db: letters.delete_old(db, received, SLICE_ROWS),
            lambda db: print_codes.delete_old(db, now, SLICE_ROWS),
            lambda db: previews.delete_old(db, received, SLICE_ROWS),
            lambda db: systems.delete_old(db, now, sent - ROWS_KEPT, SLICE_ROWS),
            lambda db: files.delete_old(db, received - ROWS_KEPT, SLICE_ROWS),
            lambda db: sessions.delete_old(db, now, SLICE_ROWS),
            lambda db: tails.forget_tries(db, now - DAY),
            lambda db: requests.delete_old(db, self._app.place.commune_id, now - requests.AFTER_CLOSING, SLICE_ROWS),
            lambda db: case_told.delete_old(db, sent - ROWS_KEPT, SLICE_ROWS),
            lambda db: cases.delete_old(db, self._app.place.commune_id, now - cases.KEPT, SLICE_ROWS),
            lambda db: case_floods.delete_old(db, now - cases.KEPT, SLICE_ROWS),
            lambda db: guidance.delete_old(
                db, self._app.place.commune_id, self._before(now, "guidance_days"), SLICE_ROWS
            ),
            lambda db: ticks.delete_old(db, now - TICKS_KEPT, SLICE_ROWS),
        ]

    def _delete_files(self, names: list[str]) -> None:
        for name in names:
            (self._app.settings.data_dir / "files" / name).unlink(missing_ok=True)

    def _delete_reports(self, before: datetime) -> None:
        """Lists of refused rows quote the rows, so they do not stay for ever."""
        for report in (self._app.settings.data_dir / "imports").glob("*-refused.csv"):
            if report.stat().st_mtime < before.timestamp():
                report.unlink(missing_ok=True)

    async def _warn_of_low_disk(self, now: datetime) -> None:
        """Once a day while little room is left: a full disk stops everything, a warning costs nothing."""
        folder, least = self._app.settings.data_dir, self._app.place.commune.office.low_disk_megabytes
        if not disk.is_low(folder, least):
            return
        left = disk.free(folder) // disk.MEGABYTE
        card = Reply(
            _("The disk is nearly full: {left} MB are left.", left=left),
            _("Please tell the technician today; the office falls silent when it is full."),
            card="low-disk",
            loud=True,
        )
        if await self._work(lambda work: _card(work, card, "low-disk"), "low-disk", period(now, DAY)) is not None:
            log.error("low_disk", free_megabytes=left, wanted_megabytes=least)


def _lying(folder: Path) -> list[str]:
    """Files on disk since a day or more."""
    before = time.time() - DAY.total_seconds()
    return [each.name for each in folder.iterdir() if each.stat().st_mtime < before] if folder.is_dir() else []


def _drop_stale(work: Work) -> None:
    outbox.drop_stale(work.db, work.now)


def _card(work: Work, card: Reply, name: str) -> None:
    work.send_office(card, supersedes=f"operator:{name}")
