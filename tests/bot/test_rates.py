"""When requests may leave: proved with a clock nobody waits for, the pace alone and with the real queue before it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, text

from bot.rates import Pace, Rates
from storage import outbox
from storage.db import is_postgres
from storage.outbox import Result, Row
from tests import stores

TELEGRAM = Rates(total=29.5, total_burst=3, chat=1.0, chat_burst=3, group=20)
MOMENT = 0.05
"""How far ahead requests are reserved, as the sender does it."""
EPSILON = 1e-6


@dataclass
class Log:
    """What left, in order: (seconds, chat)."""

    left: list[tuple[float, str]] = field(default_factory=list)

    def times(self, chat: str | None = None) -> list[float]:
        return [at for at, to in self.left if chat in (None, to)]

    def keeps(self, rates: Rates) -> None:
        """Assert that no window of any length held more than allowed."""
        keeps_window(self.times(), 30, 1.0)
        for chat in {to for _at, to in self.left}:
            keeps_spacing(self.times(chat), rates.chat, rates.chat_burst)
            if chat.startswith("-"):
                keeps_window(self.times(chat), int(rates.group), rates.group_seconds)


def keeps_spacing(times: list[float], rate: float, burst: int) -> None:
    """In any stretch of time T at most rate x T + burst requests."""
    due = float("-inf")  # when all before would have left, evenly spaced; nobody is earlier than burst - 1 spacings
    for at in times:
        assert at >= due - (burst - 1) / rate - EPSILON
        due = max(due, at) + 1 / rate


def keeps_window(times: list[float], most: int, seconds: float) -> None:
    """Never more than `most` in any `seconds`."""
    for first, after in zip(times, times[most:], strict=False):
        assert after - first >= seconds - EPSILON


# --- the pace alone ---------------------------------------------------------------------------------------------------

CHATS = st.sampled_from(["1", "2", "3", "-100"])
BURSTS = st.lists(st.tuples(st.floats(0, 3), CHATS), max_size=150)


@given(BURSTS)
def test_whatever_is_asked_never_more_leaves_than_allowed(asked: list[tuple[float, str]]) -> None:
    """Requests that come in any rhythm leave within the limits of the account, of each chat and of the group."""
    pace, log, now = Pace(TELEGRAM, 0.0), Log(), 0.0
    for wait, chat in asked:
        now = max(now + wait, pace.next(now + wait))
        while chat in pace.resting(now):
            now = pace.next(pace.wakes(now) or now)
        (at, *_later) = pace.slots(now, now, 1)
        pace.take(chat, at)
        log.left.append((leaves(pace, chat, at), chat))
    log.keeps(TELEGRAM)


def leaves(pace: Pace, chat: str, at: float, now: float = 0.0) -> float:
    """When a request with that slot really leaves, of a sender that comes to it at `now`."""
    now = max(at, now)
    while (wait := pace.leave(chat, at, now)) > 0:
        now += wait
    return now


@given(st.lists(st.tuples(st.floats(0, 0.4), st.integers(1, 32)), max_size=60))
def test_slots_of_several_rounds_are_those_of_one_line(rounds: list[tuple[float, int]]) -> None:
    """However the rounds fall and however much is asked, slots are in order, never in the past, within the limits."""
    pace, log, now = Pace(TELEGRAM, 0.0), Log(), 0.0
    for number, (wait, most) in enumerate(rounds):
        now += wait
        found = pace.slots(now, now + MOMENT, most)
        assert pace.slots(now, now + MOMENT, most) == found, "asking reserves nothing"
        assert len(found) <= most
        assert all(now <= at <= now + MOMENT for at in found)
        for at in found:
            pace.take(f"{number}:{len(log.left)}", at)
            log.left.append((at, "everybody"))
    assert all(before <= after for before, after in pairwise(log.times()))
    keeps_spacing(log.times(), 29.5, 3)


@given(st.lists(st.tuples(st.floats(0, 0.2), st.floats(0, 0.5)), max_size=120))
def test_what_leaves_late_does_not_crowd_the_second_it_leaves_in(delays: list[tuple[float, float]]) -> None:
    """When a busy disk delays requests past their moments, still no second holds more than 30; without limits none
    waits.
    """
    pace, now, left = Pace(TELEGRAM, 0.0), 0.0, list[float]()
    for between, stall in delays:
        now += between
        found = pace.slots(now, now + MOMENT, 32)
        for number, at in enumerate(found):
            pace.take(f"{number}", at)
        now += stall
        for number, at in enumerate(found):
            left.append(now := leaves(pace, f"{number}", at, now))
    keeps_window(left, 30, 30 / 29.5)
    free = Pace(Rates(), 0.0)
    assert [free.leave("1", 0.0, 0.0) for _each in range(100)] == [0.0] * 100


@given(st.sampled_from(["1", "-100"]), st.lists(st.tuples(st.floats(0, 2), st.floats(0, 9)), max_size=60))
def test_a_chat_s_limits_count_from_when_its_messages_really_left(chat: str, delays: list[tuple[float, float]]) -> None:
    """However late messages leave, one after the other, a chat gets no more than allowed."""
    pace, now, left = Pace(TELEGRAM, 0.0), 0.0, list[float]()
    for between, stall in delays:
        at = pace.next(now + between)
        while chat in pace.resting(at):
            at = pace.next(pace.wakes(at) or at)
        pace.take(chat, at)
        now = leaves(pace, chat, at, at + stall)
        left.append(now)
    keeps_spacing(left, 1.0, 3)
    if chat == "-100":
        keeps_window(left, 20, 60.0)


def test_a_new_holder_has_no_burst() -> None:
    """Whoever takes over does not know what left a moment ago, so it begins as if everything had been used up."""
    pace = Pace(TELEGRAM, 100.0)
    first, second, third = pace.slots(100.0, 100.11, 3)
    assert [first - 100, second - first, third - second] == pytest.approx([1 / 29.5] * 3)
    for chat, spacing in (("1", 1.0), ("-100", 3.0)):
        pace.take(chat, 100.0 + spacing)
        assert pace.resting(100.0 + spacing + 0.9 * spacing) == [chat]
        assert pace.resting(100.0 + 2 * spacing) == []


def test_after_a_rest_three_may_follow_at_once() -> None:
    """A short burst is allowed: to the account, and to one chat."""
    pace = Pace(TELEGRAM, 0.0)
    assert pace.slots(60.0, 60.0, 9) == [60.0] * 3
    for _each in range(3):
        assert pace.resting(60.0) == []
        pace.take("1", 60.0)
    assert pace.resting(60.0) == ["1"]
    assert pace.wakes(60.0) == pytest.approx(61.0)


def test_a_group_gets_twenty_a_minute_and_others_are_not_held_up() -> None:
    """After twenty messages a group rests until the first is a minute old; a private chat knows no such limit."""
    pace, at = Pace(TELEGRAM, -600.0), 0.0
    for _each in range(20):
        pace.take("-100", at)
        pace.take("1", at)
        at += 1.0
    assert pace.resting(at) == ["-100"]
    assert pace.resting(59.9) == ["-100"]
    assert pace.resting(60.0) == []


def test_429_pauses_one_chat_two_pause_the_bot() -> None:
    """One chat's 429 stops nobody else; when a second chat gets one meanwhile, or everybody is meant, all wait."""
    pace = Pace(TELEGRAM, 0.0)
    pace.throttled("1", 30, 100)
    assert (pace.resting(129.9), pace.next(101), pace.halted(101)) == (["1"], 101, 0)
    assert pace.resting(130) == []
    pace.throttled("1", 5, 140)
    assert pace.next(140) == 140, "the same chat again, and the first pause is over"
    pace.throttled("2", 7, 141)
    assert (pace.next(142), pace.halted(142)) == (148, 6)
    assert pace.slots(142, 147.9, 9) == []
    assert pace.slots(142, 148, 9) == [148] * 3
    pace.throttled("3", 20, 200, everybody=True)
    assert pace.next(200) == 220


def test_without_limits_everything_may_leave_at_once_and_nothing_is_remembered() -> None:
    """A provider without limits is asked for as much as there is; only pauses hold anybody up."""
    pace = Pace(Rates(), 0.0)
    assert pace.slots(5.0, 5.05, 32) == [5.0] * 32
    for number in range(1000):
        pace.take(str(number), 5.0)
    assert (len(pace), pace.resting(5.0), pace.wakes(5.0)) == (0, [], None)
    pace.throttled("1", 10, 5)
    assert (pace.resting(5), pace.wakes(5)) == (["1"], 15)


@pytest.mark.parametrize(("prefix", "chats", "lately"), [("", 100_000, 3), ("-", 10_000, 60)])
def test_memory_stays_flat_with_a_hundred_thousand_chats(prefix: str, chats: int, lately: float) -> None:
    """Chats that have rested are forgotten: what is remembered is what left lately, not everybody there is."""
    pace, most = Pace(TELEGRAM, 0.0), 0
    for number in range(chats):
        pace.take(f"{prefix}{number}", 1000 + number / 29.5)
        most = max(most, len(pace))
    assert most <= 2.5 * 29.5 * lately


def test_all_that_is_allowed_leaves_when_there_is_enough() -> None:
    """With a long queue at least 99 % of the allowed rate is used, whatever the rounds' rhythm."""
    for between in (0.001, 0.01, 0.034, 0.05, 0.1):
        pace, left, now = Pace(TELEGRAM, 0.0), 0, 10.0
        while now < 110.0:
            for at in pace.slots(now, now + MOMENT, 32):
                pace.take(str(left), at)
                left += leaves(pace, str(left), at) < 110.0
            now += between
        assert left >= 0.99 * 100 * 29.5


# --- the pace and the queue -------------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
HERE = (1, "test", "account")


@pytest.fixture(params=stores.BOTH, scope="module")
def db(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """An empty database of both kinds, in a transaction."""
    with stores.rolled_back(request.param, Path(tmp_path_factory.mktemp("rates"))) as connection:
        yield connection


@dataclass(frozen=True)
class Message:
    """Something queued: when, for whom, of what kind."""

    at: float
    chat: str
    kind: str


class Office:
    """The sender's rounds without sockets: real rows and the real pace, a clock that jumps, requests that take time."""

    def __init__(self, db: Connection, rates: Rates = TELEGRAM, latency: float = 0.2) -> None:
        self.db, self.pace, self.latency, self.now = db, Pace(rates, -3600.0), latency, 0.0
        self.throttles: dict[str, list[float]] = defaultdict(list)
        self.queued: dict[int, Message] = {}
        self.left: list[tuple[float, int]] = []
        self._open: list[tuple[float, int, str]] = []
        db.execute(text("TRUNCATE outbox") if is_postgres(db) else delete(outbox.outbox))

    def clock(self) -> datetime:
        return NOW + timedelta(seconds=self.now)

    def run(self, messages: list[Message]) -> None:
        """Queue each message at its time and send until nothing is left."""
        waiting = sorted(messages, key=lambda each: each.at)
        while waiting or len(self.left) < len(self.queued):
            while waiting and waiting[0].at <= self.now:
                self._put(waiting.pop(0))
            more = self._round()
            self.now = self._next_moment(waiting, more)

    def _put(self, message: Message) -> None:
        row = Row("test", "account", message.chat, message.kind, {"text": "x"}, self.clock(), self.clock())
        self.queued[outbox.put(self.db, 1, row)] = message

    def _round(self) -> bool:
        done = [each for each in self._open if each[0] <= self.now]
        self._open = [each for each in self._open if each[0] > self.now]
        outbox.record(self.db, [self._result(row_id, chat) for _at, row_id, chat in done], self.clock())
        slots = self.pace.slots(self.now, self.now + MOMENT, 32 - len(self._open))
        if not slots:
            return True
        chosen = outbox.next_to_send(self.db, *HERE, self.clock(), len(slots), self.pace.resting(slots[0]))
        outbox.mark_sending(self.db, [each.id for each in chosen], 1, self.clock())
        for message, at in zip(chosen, slots, strict=False):
            self.pace.take(message.chat, at)
            left = leaves(self.pace, message.chat, at)
            self._open.append((left + self.latency, message.id, message.chat))
            self.left.append((left, message.id))
        return len(chosen) == len(slots)

    def _result(self, row_id: int, chat: str) -> Result:
        if not self.throttles[chat]:
            return Result(row_id, "sent")
        seconds = self.throttles[chat].pop(0)
        self.left = [each for each in self.left if each[1] != row_id]
        self.pace.throttled(chat, seconds, self.now)
        return Result(row_id, "queued", again=self.clock() + timedelta(seconds=seconds))

    def _next_moment(self, waiting: list[Message], more: bool) -> float:
        times = [at for at, _row, _chat in self._open] + [each.at for each in waiting[:1]]
        times += [self.pace.wakes(self.now) or self.now + 1] + [self.pace.next(self.now) - MOMENT] * more
        return max(self.now + 0.001, min(times))

    def log(self) -> Log:
        return Log([(at, self.queued[row_id].chat) for at, row_id in self.left])

    def waited(self) -> dict[Message, float]:
        """How long each message waited."""
        return {self.queued[row_id]: at - self.queued[row_id].at for at, row_id in self.left}


KINDS = st.sampled_from(["answer", "reply", "notice", "edit"])
MESSAGES = st.lists(st.builds(Message, st.floats(0, 8), CHATS, KINDS), max_size=30)
SETTINGS = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SETTINGS
@given(messages=MESSAGES)
def test_every_message_leaves_once_in_its_chat_s_order_within_the_limits(
    db: Connection, messages: list[Message]
) -> None:
    """No chat starves, order holds within a class, and nobody gets more than allowed."""
    office = Office(db)
    office.run(messages)
    assert sorted(row_id for _at, row_id in office.left) == sorted(office.queued)
    office.log().keeps(TELEGRAM)
    by_class: dict[tuple[str, int], list[int]] = defaultdict(list)
    for _at, row_id in office.left:
        message = office.queued[row_id]
        by_class[message.chat, outbox.RANKS[message.kind]].append(row_id)
    assert all(ids == sorted(ids) for ids in by_class.values())


@SETTINGS
@given(answers=st.lists(st.tuples(st.floats(1, 6), st.integers(0, 20)), max_size=12), spread=st.integers(20, 120))
def test_an_answer_takes_the_next_slot_before_any_broadcast(
    db: Connection, answers: list[tuple[float, int]], spread: int
) -> None:
    """While a broadcast drains, an answer waits for no more than what is already on its way and other answers."""
    asked = [Message(at, f"asks {number}:{chat}", "answer") for number, (at, chat) in enumerate(answers)]
    broadcast = [Message(0.0, str(number), "notice") for number in range(spread)]
    office = Office(db)
    office.run(broadcast + asked)
    waited = office.waited()
    together = 1 + max((sum(abs(one.at - other.at) < 0.5 for other in asked) for one in asked), default=0)
    assert all(waited[each] <= MOMENT + (together + 1) / 29.5 + 0.01 for each in asked)


def test_a_paused_chat_holds_nobody_up_and_keeps_its_order(db: Connection) -> None:
    """With one chat throttled for 30 s everybody else is served as if it were not there; then it gets its own."""
    others = [Message(0.0, str(number % 20), "notice") for number in range(50)]
    mine = [Message(0.0, "paused", "notice") for _each in range(3)]
    office = Office(db)
    office.throttles["paused"] = [30.0]
    office.run(mine + others)
    waited = [at for at, row_id in office.left if office.queued[row_id].chat != "paused"]
    assert max(waited) <= 51 / 29.5 + 1
    late = [(at, row_id) for at, row_id in office.left if office.queued[row_id].chat == "paused"]
    assert [row_id for _at, row_id in late] == sorted(row_id for _at, row_id in late)
    assert 30 <= late[0][0] <= late[-1][0] <= 33


def test_a_chat_with_a_long_queue_starves_nobody_and_is_not_starved(db: Connection) -> None:
    """Twenty messages to one villager leave at her one a second, while fifty others lose nothing by them."""
    office = Office(db)
    office.run([Message(0.0, "long", "notice") for _each in range(20)] + [
        Message(0.0, str(number), "notice") for number in range(50)
    ])  # fmt: skip
    log = office.log()
    assert max(at for at, chat in log.left if chat != "long") <= 54 / 29.5
    assert log.times("long")[-1] <= 18.5


def test_the_whole_rate_is_used_while_answers_take_long(db: Connection) -> None:
    """A slow provider (an answer takes 0.6 s) costs nothing of the allowed rate."""
    office = Office(db, latency=0.6)
    office.run([Message(0.0, str(number), "notice") for number in range(100)])
    assert office.log().times()[-1] <= 100 / 29.5 / 0.99


def test_the_limits_hold_for_any_provider(db: Connection) -> None:
    """Other figures are kept as well: rates are data."""
    rates: Any = Rates(total=5, total_burst=1, chat=2, chat_burst=1)
    office = Office(db, rates)
    office.run([Message(0.0, str(number % 3), "notice") for number in range(20)])
    keeps_window(office.log().times(), 5, 1.0)
    assert office.log().times()[-1] <= 20 / 5 + 1
