"""What time it is: the one clock that decides what is due. Everything that asks for the time asks here.

With CLOCK_START it is a moving test clock: it starts at that instant and runs CLOCK_RATE times as fast as real time.
However fast, it waits for the ticks (`ticks`), so that a played year misses no day on a slow machine. Tests hold it
still with `Clock.fixed` and move it by hand.
"""

import time
from datetime import UTC, datetime, timedelta

import structlog

log = structlog.get_logger(__name__)

AHEAD = timedelta(hours=6)
"""How far a test clock runs on after its ticks before it waits for the next: each day has several."""


class Clock:
    """`now()` is an aware UTC instant; `rate` is a multiple of real time. Without `start` it begins now."""

    def __init__(self, start: datetime | None = None, rate: float = 1.0) -> None:
        self.rate = rate
        self.real = start is None and rate == 1.0
        self._start = (start or datetime.now(UTC)).astimezone(UTC)
        self._began = time.monotonic()
        self._waits_at: datetime | None = None
        if not self.real:
            warning = "TEST CLOCK: what is due follows CLOCK_START and CLOCK_RATE, not the time of day"
            log.warning(warning, start=self._start.isoformat(), rate=rate)

    @classmethod
    def fixed(cls, at: datetime) -> "FixedClock":
        """A clock that stands still until `advance` moves it."""
        return FixedClock(at)

    def now(self) -> datetime:
        """The instant, in UTC."""
        if self.real:
            return datetime.now(UTC)
        shown = self._start + timedelta(seconds=(time.monotonic() - self._began) * self.rate)
        return shown if self._waits_at is None else min(shown, self._waits_at)

    def ticks(self) -> None:
        """What is due is looked at now: a test clock may go on for a while. The real one waits for nobody."""
        if not self.real:
            now = self.now()
            self._start, self._began, self._waits_at = now, time.monotonic(), now + AHEAD

    def seconds_until(self, moment: datetime) -> float:
        """Real seconds until this clock shows `moment`; 0 when it has passed."""
        return max(0.0, (moment - self.now()).total_seconds() / self.rate)


class FixedClock(Clock):
    """A clock for tests: it shows what it was told."""

    def __init__(self, at: datetime) -> None:
        self.rate, self.real = 1.0, False
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The instant it was told."""
        return self._at

    def ticks(self) -> None:
        """It stands still anyway."""

    def advance(self, by: timedelta) -> datetime:
        """Move it (backwards with a negative `by`); returns the new instant."""
        self._at += by
        return self._at
