"""The clock: real by default, movable for trials, still in tests."""

import time
from datetime import UTC, datetime, timedelta

from structlog.testing import capture_logs

from bot.clock import AHEAD, Clock

START = datetime(2026, 11, 27, 8, tzinfo=UTC)


def test_without_settings_it_is_the_real_time():
    """The default clock shows the time of day, in UTC, and warns of nothing."""
    with capture_logs() as logs:
        clock = Clock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)
    assert clock.now().tzinfo is UTC
    assert clock.real
    assert logs == []


def test_a_test_clock_starts_where_it_is_told_and_warns_loudly():
    """CLOCK_START is the first instant, CLOCK_RATE its speed; the log says that this is no real time."""
    with capture_logs() as logs:
        clock = Clock(START, 3600)
    time.sleep(0.02)
    assert START + timedelta(seconds=60) < clock.now() < START + timedelta(hours=1)
    assert not clock.real
    assert [(each["log_level"], each["start"]) for each in logs] == [("warning", START.isoformat())]


def test_a_rate_alone_starts_now():
    """A fast clock without a start begins at the real time."""
    assert abs(Clock(None, 2).now() - datetime.now(UTC)) < timedelta(seconds=1)


def test_waiting_is_counted_in_real_seconds():
    """An hour of a clock that runs 3600 times as fast is a second; what has passed is not waited for."""
    clock = Clock(START, 3600)
    assert 0.5 < clock.seconds_until(clock.now() + timedelta(hours=1)) <= 1
    assert clock.seconds_until(START - timedelta(hours=1)) == 0


def test_a_fixed_clock_moves_only_by_hand():
    """Tests hold time still and move it, forwards and backwards."""
    clock = Clock.fixed(START)
    assert clock.now() == clock.now() == START
    assert clock.advance(timedelta(minutes=5)) == clock.now() == START + timedelta(minutes=5)
    assert clock.advance(-timedelta(minutes=10)) == START - timedelta(minutes=5)


def test_a_test_clock_waits_for_its_ticks():
    """Whatever its rate, it stands some hours after the last ticks until the next are done, and goes on from there."""
    clock = Clock(START, 1e9)
    clock.ticks()
    time.sleep(0.001)
    stood = clock.now()
    assert stood == clock.now()
    clock.ticks()
    time.sleep(0.001)
    assert clock.now() - stood == AHEAD


def test_the_real_clock_waits_for_nobody():
    """Ticks or not, it shows the time of day."""
    clock = Clock()
    clock.ticks()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)
