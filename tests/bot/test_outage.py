"""After an outage: whoever may have pressed a button in vain is asked once more, and nobody else, and not at night."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.app import HANDLERS
from bot.routes import Routes
from bot.talks import wake_due
from bot.turn import Work
from storage import outages
from tests import form, stores
from tests.bot.turns import BOX, CHANNEL, Bench, Chats, Who

SORRY = "Vừa rồi đường liên lạc bị ngắt"


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench((*HANDLERS, form))
    yield made
    made.close()


@pytest.fixture
def town(bench: Bench) -> Iterator[Chats]:
    with bench.town(Routes.merge([each.routes for each in (*HANDLERS, form)])) as chats:
        beat(chats)
        yield chats


def beat(town: Chats) -> None:
    outages.beat(town.db, 1, CHANNEL, BOX, town.now)


def hears(town: Chats, minutes: int) -> None:
    """Time passes while the channel's events reach us."""
    for _minute in range(minutes):
        town.clock.advance(timedelta(minutes=1))
        beat(town)


def away(town: Chats, **time: float) -> None:
    """The channel is deaf for so long, then the clock ticks twice."""
    town.clock.advance(timedelta(**time))
    beat(town)
    town.later(seconds=1)
    town.later(minutes=1)


def heard(town: Chats, before: int, who: Who) -> list[str]:
    """What that chat was sent after outbox row `before`."""
    town.seen = before
    return [body["text"] for body in town._said(who, None).bodies]


def test_an_unanswered_question_with_buttons_is_asked_once_more(town: Chats) -> None:
    """Asked five minutes before a gap of an hour; once, however often the clock ticks."""
    town.says("làm đơn")
    hears(town, 5)
    before = town.seen
    away(town, hours=1)
    (again,) = heard(town, before, Who(BOX, "villager"))
    assert SORRY in again
    assert "Về việc gì?" in again
    before = town.seen
    town.later(minutes=1)
    assert heard(town, before, Who(BOX, "villager")) == []
    assert "Xin kể rõ" in town.says("1").text


@pytest.mark.parametrize("gap", [{"seconds": 140}, {"hours": 25}])
def test_a_short_gap_loses_nothing_and_a_long_one_is_past(town: Chats, gap: dict[str, float]) -> None:
    """Under 150 s Telegram keeps the press; after a day nobody waits at her telephone."""
    town.says("làm đơn")
    before = town.seen
    away(town, **gap)
    assert not any(SORRY in text for text in heard(town, before, Who(BOX, "villager")))


def test_only_questions_with_buttons_from_around_the_gap(town: Chats) -> None:
    """A question long before it, an answer after it, and a question without buttons are left alone."""
    early, typed, answered = Who(BOX, "early"), Who(BOX, "typed"), Who(BOX, "answered")
    town.says("làm đơn", early)
    hears(town, 11)
    town.says("làm đơn", typed)
    town.says("Đường", typed)
    town.says("làm đơn", answered)
    town.clock.advance(timedelta(minutes=10))
    beat(town)
    town.clock.advance(timedelta(seconds=1))
    town.says("Đèn", answered)
    before = town.seen
    town.later(minutes=1)
    for who in (early, typed, answered):
        assert heard(town, before, who) == []


def test_not_at_night_but_in_the_morning_and_meanwhile_it_does_not_expire(town: Chats) -> None:
    """The line comes back at 23 o'clock: she is asked at 7, and the talk still waits, although two hours are over."""
    hears(town, 60 * 12 - 5)  # 20:55
    town.says("làm đơn")
    before = town.seen
    away(town, hours=2)
    hears(town, 60 * 7 + 30)
    town.later(seconds=1)
    assert heard(town, before, Who(BOX, "villager")) == []
    hears(town, 60)
    town.later(seconds=1)
    (again,) = heard(town, before, Who(BOX, "villager"))
    assert SORRY in again
    assert "Xin kể rõ" in town.says("1").text


def test_while_the_channel_is_deaf_no_talk_expires(town: Chats) -> None:
    """She cannot answer, so her time does not run out; she is asked again instead."""
    town.says("làm đơn")
    before = town.seen
    town.clock.advance(timedelta(hours=3))
    wake_due(Work(town.db, town.bench.place, town.now))
    town._turns()
    assert heard(town, before, Who(BOX, "villager")) == []
    beat(town)
    town.later(seconds=1)
    assert SORRY in heard(town, before, Who(BOX, "villager"))[0]


@pytest.mark.parametrize("kind", stores.BOTH)
def test_gaps_are_noted_once(kind: str, tmp_path: Path) -> None:
    """Two beats with a gap between make one outage, on both databases; it is settled once."""
    at = datetime.fromisoformat("2026-11-26T09:00:00+07:00")
    with stores.rolled_back(kind, tmp_path) as db:
        for minutes in (0, 1, 61, 62):
            outages.beat(db, 1, "telegram", "7", at + timedelta(minutes=minutes))
        (gap,) = outages.unsettled(db, 1)
        assert (gap.began_at, gap.ended_at) == (at + timedelta(minutes=1), at + timedelta(minutes=61))
        assert outages.deaf(db, 1, at + timedelta(minutes=63)) == {("telegram", "7")}
        outages.settle(db, gap.id, at)
        assert outages.unsettled(db, 1) == []
        assert outages.deaf(db, 1, at + timedelta(minutes=63)) == set()
        assert outages.deaf(db, 1, at + timedelta(minutes=65)) == {("telegram", "7")}
