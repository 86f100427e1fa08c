"""The sender, on both databases, over real HTTP to a stand-in provider on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from prometheus_client import generate_latest
from sqlalchemy import Connection, func, select

from bot import outbox as senders
from bot.channels.base import Capabilities
from bot.clock import Clock, FixedClock
from bot.errors import NeedsPerson, NotNow, Silent, Unavailable
from bot.metrics import Metrics
from bot.outbox import IN_FLIGHT, Sender
from bot.rates import Rates
from bot.turn import Address, Place, Work
from messages.render import Catalogs
from messages.reply import Reply
from storage import cards, leases, outbox
from storage.db import Database, Temporary
from storage.outbox import Row, Sending
from storage.outbox import outbox as rows
from tests import stores
from tests.provider import (
    BLOCKED,
    BROKEN,
    DROP,
    HANG,
    LATER,
    REJECT,
    REVOKED,
    Guard,
    Limits,
    Provider,
    TestChannel,
    Throttle,
)

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
TIMEOUT = 0.5
"""Seconds until a request is given up; on PostgreSQL also how long a new lease holder waits."""


class Post:
    """A database, a provider and the senders between them."""

    def __init__(self, url: str, provider: Provider) -> None:
        self.url, self.provider = url, provider
        self.clock = FixedClock(NOW)
        self.alerts: list[str] = []
        self.left: list[str] = []
        self.metrics = Metrics()
        self.database = Database(url, stores.KEYS, turns=1)
        self.channel = TestChannel(provider.url)
        self.sender = self.another(self.database)
        self._opened = [self.database]

    def another(self, database: Database, timeout: float = TIMEOUT) -> Sender:
        """One more sender for the same account."""
        return Sender(
            database, 1, self.channel, TestChannel.account, self.clock, self.alerts.append, timeout,
            unreachable=lambda _db, chat: self.left.append(chat), metrics=self.metrics, seconds=self.seconds,
        )  # fmt: skip

    def seconds(self) -> float:
        """The rates follow the same clock."""
        return (self.clock.now() - NOW).total_seconds()

    def second_process(self) -> Database:
        """Another process's view of the same database."""
        self._opened.append(Database(self.url, stores.KEYS, turns=1))
        return self._opened[-1]

    async def close(self) -> None:
        self.provider.let_go()
        await self.sender.stop(0)
        for database in self._opened:
            await database.close()
        await self.channel.close()

    async def queue(self, chat: str, words: str, kind: str = "answer", **more: Any) -> int:
        """Queue one message, as a turn does."""
        body = {"text": words} | more.pop("body", {})
        values = {"created_at": self.clock.now(), "not_before": self.clock.now()} | more
        row = Row("test", TestChannel.account, chat, kind, body, **values)
        made: int = await self.database.write(outbox.put, 1, row)
        self.sender.wake()
        return made

    async def row(self, row_id: int) -> Any:
        """The outbox row as it is now."""
        return await self.database.write(lambda db: db.execute(select(rows).where(rows.c.id == row_id)).one())

    async def ends(self, row_id: int, state: str) -> Any:
        """Wait until the row is in that state; the row."""
        for _look in range(1000):
            row = await self.row(row_id)
            if row.state == state:
                return row
            await asyncio.sleep(0.01)
        raise AssertionError(f"it is {row.state}, not {state}")

    async def held(self, row_id: int, tries: int = 1) -> Any:
        """Wait until the row was tried so often and is back in the queue; the row."""
        for _look in range(1000):
            row = await self.row(row_id)
            if row.state == "queued" and row.attempts >= tries:
                return row
            await asyncio.sleep(0.01)
        raise AssertionError(f"it is {row.state} after {row.attempts} attempts")

    def later(self, seconds: float) -> None:
        """Move the clock and let the sender look."""
        self.clock.advance(timedelta(seconds=seconds))
        self.sender.wake()


async def becomes(condition: Callable[[], Any]) -> None:
    """Wait until the condition holds."""
    for _look in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


async def crash(sender: Sender) -> None:
    """End a sender as a power cut does: what is in flight is abandoned and nothing is recorded."""
    tasks = {sender._task, *sender._flying}
    while tasks:  # again and again: Python 3.11's wait_for may swallow a cancellation that meets its result
        for task in tasks:
            task.cancel()
        _done, tasks = await asyncio.wait(tasks, timeout=0.1)
    sender._results.clear()
    sender._epoch = None


@asynccontextmanager
async def an_office(kind: str, folder: Path) -> AsyncIterator[Post]:
    provider = Provider()
    await provider.start()
    with stores.fresh(kind, folder) as url:
        made = Post(url, provider)
        try:
            yield made
        finally:
            await made.close()
            await provider.refuse()


@pytest.fixture(params=stores.BOTH)
async def post(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Post]:
    """A post office on both databases, whose sender runs."""
    async with an_office(request.param, tmp_path) as made:
        made.sender.start()
        yield made


@pytest.fixture(params=stores.BOTH)
async def closed_post(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Post]:
    """A post office on both databases, whose sender is not started yet."""
    async with an_office(request.param, tmp_path) as made:
        yield made


@pytest.fixture
async def postgres_post(tmp_path: Path) -> AsyncIterator[Post]:
    """A post office on PostgreSQL, whose sender is not started yet."""
    async with an_office("postgres", tmp_path) as made:
        yield made


# --- what becomes of a request ----------------------------------------------------------------------------------------


async def test_a_message_arrives_once_and_is_recorded_with_the_provider_s_id(post: Post) -> None:
    """What was queued arrives once, and the row knows when it was sent and under which id."""
    row = await post.ends(await post.queue("bà Lan", "Xin chào bà."), "sent")
    assert post.provider.accepted == [("bà Lan", "Xin chào bà.")]
    assert (row.provider_id, row.attempts, row.repeats, row.sent_at) == ("1", 1, 0, NOW)


@pytest.mark.parametrize("fault", [HANG, DROP, BROKEN])
async def test_a_notice_that_may_have_arrived_stays_uncertain(post: Post, fault: str) -> None:
    """Nobody asked for a notice, so when no answer came after it had left a person decides; it never goes again."""
    post.provider.next("bà Lan", fault)
    notice = await post.queue("bà Lan", "Mời họp thôn.", kind="notice")
    await post.ends(notice, "uncertain")
    post.later(3600)
    await post.ends(await post.queue("bà Lan", "Tin sau.", kind="notice"), "sent")
    assert post.provider.requests == 2
    assert (await post.row(notice)).repeats == 0


@pytest.mark.parametrize("fault", [HANG, DROP, BROKEN])
async def test_an_answer_that_may_have_arrived_is_sent_once_more_and_counted(post: Post, fault: str) -> None:
    """A citizen who waits for a question gets it, at the price of seeing it twice."""
    post.provider.next("bà Lan", fault)
    row = await post.ends(await post.queue("bà Lan", "Mã hồ sơ là gì ạ?"), "sent")
    assert (row.repeats, row.attempts) == (1, 2)
    assert post.provider.requests == 2


async def test_an_answer_goes_no_more_than_once_more(post: Post) -> None:
    """An answer that is uncertain twice is left to a person."""
    post.provider.always("bà Lan", DROP)
    row = await post.ends(await post.queue("bà Lan", "Mã hồ sơ là gì ạ?"), "uncertain")
    assert (row.repeats, post.provider.got("bà Lan")) == (1, ["Mã hồ sơ là gì ạ?"] * 2)


@pytest.mark.parametrize(
    ("shown", "state", "requests"), [(True, "sent", 1), (None, "uncertain", 1), (False, "sent", 2)]
)
async def test_a_channel_that_can_look_is_asked_before_an_answer_goes_once_more(
    post: Post, monkeypatch: pytest.MonkeyPatch, shown: bool | None, state: str, requests: int
) -> None:
    """What stands in her chat is not sent twice, and neither is what nobody can know; what is missing goes again."""
    asked = []

    async def arrived(message: Sending) -> bool | None:
        asked.append(message.body["text"])
        if len(asked) == 1:
            raise Unavailable("the history is away, too")
        return shown

    monkeypatch.setattr(post.channel, "arrived", arrived)
    post.provider.next("bà Lan", DROP)
    row_id = await post.queue("bà Lan", "Mã hồ sơ là gì ạ?")
    await post.held(row_id, 2)
    post.later(5)
    row = await post.ends(row_id, state)
    assert (asked, row.repeats, post.provider.requests) == (["Mã hồ sơ là gì ạ?"] * 2, 1, requests)


async def test_an_edit_is_repeated_until_it_is_answered(post: Post) -> None:
    """An edit can be repeated as often as needed, later each time, because the same words twice change nothing."""
    await post.ends(await post.queue("bà Lan", "Ông/bà chọn gì ạ? [Có] [Không]"), "sent")
    post.provider.next("bà Lan", DROP, BROKEN, DROP)
    edit = await post.queue("bà Lan", "Ông/bà chọn gì ạ?", kind="edit", body={"edits": "1"})
    waits = []
    for tries in (2, 3):
        row = await post.held(edit, tries)
        waits.append((row.not_before - post.clock.now()).total_seconds())
        post.later(waits[-1])
    row = await post.ends(edit, "sent")
    assert (waits, row.repeats, row.attempts) == ([1, 2], 3, 4)
    assert post.provider.sees("bà Lan") == ["Ông/bà chọn gì ạ?"]
    assert post.provider.edited == [("bà Lan", "Ông/bà chọn gì ạ?")] * 3


async def test_an_edit_that_comes_too_late_is_nobody_s_work(post: Post) -> None:
    """Buttons of a deleted message cannot be taken away: the edit ends quietly and no message is sent instead."""
    edit = await post.queue("bà Lan", "Ông/bà chọn gì ạ?", kind="edit", body={"edits": "77"})
    await post.ends(edit, "failed")
    stale = await post.queue("bà Lan", "…", kind="edit", body={"edits": "1"}, expires_at=NOW - timedelta(seconds=1))
    await post.ends(await post.queue("bà Lan", "Tin sau."), "sent")
    assert (await post.row(stale)).attempts == 0
    assert post.provider.accepted == [("bà Lan", "Tin sau.")]
    assert await post.database.write(outbox.stuck, 1) == []


async def test_a_refused_connection_is_tried_again_with_back_off_and_arrives_once(post: Post) -> None:
    """While nobody listens the message waits longer each time; then it arrives once, notice or not."""
    await post.provider.refuse()
    notice = await post.queue("bà Lan", "Mời họp thôn.", kind="notice")
    waits = []
    for _try in range(3):
        row = await post.held(notice)
        waits.append((row.not_before - post.clock.now()).total_seconds())
        post.later(waits[-1])
        for _look in range(500):
            if (await post.row(notice)).attempts > row.attempts:
                break
            await asyncio.sleep(0.01)
    await post.held(notice)
    assert waits == [1, 2, 4]
    await post.provider.start()
    post.later(3600)
    row = await post.ends(notice, "sent")
    assert (post.provider.got("bà Lan"), row.repeats) == (["Mời họp thôn."], 0)


async def test_while_the_provider_is_away_one_request_at_a_time_asks_for_it(post: Post) -> None:
    """A long queue is not hurled at a shut door: one request asks, later each time, and all leave afterwards."""
    await post.provider.refuse()
    first = await post.queue("chat 0", "một")
    await post.held(first)
    rest = [await post.queue(f"chat {number}", "một") for number in range(1, 40)]
    post.later(1)
    await post.held(first, 2)
    assert sum([(await post.row(each)).attempts for each in rest]) == 0
    await post.provider.start()
    post.later(2)
    for each in [first, *rest]:
        await post.ends(each, "sent")
    assert len(post.provider.accepted) == 40


async def test_a_message_that_is_tried_again_is_not_overtaken(post: Post) -> None:
    """Order holds per chat although the first message has to wait for a refused connection."""
    await post.provider.refuse()
    first = await post.queue("bà Lan", "một", kind="notice")
    await post.held(first)
    await post.provider.start()
    post.provider.next("bà Lan", Throttle(60))
    second = await post.queue("bà Lan", "hai", kind="notice")
    elsewhere = await post.queue("ông Tư", "một", kind="notice")
    post.later(1)
    await post.ends(elsewhere, "sent")
    assert (await post.row(second)).attempts == 0
    post.later(3600)
    await post.ends(second, "sent")
    assert post.provider.got("bà Lan") == ["một", "hai"]


async def test_429_pauses_that_chat_and_nobody_else(post: Post) -> None:
    """A chat that is throttled waits as long as it was told, also with its later messages; other chats go on."""
    post.provider.next("bà Lan", Throttle(30))
    first = await post.queue("bà Lan", "một")
    held = await post.held(first)
    assert held.not_before == NOW + timedelta(seconds=30)
    notice = await post.queue("bà Lan", "hai", kind="notice")
    await post.ends(await post.queue("ông Tư", "một"), "sent")
    post.later(29)
    await post.ends(await post.queue("ông Tư", "hai"), "sent")
    assert [(await post.row(each)).state for each in (first, notice)] == ["queued", "queued"]
    post.later(1)
    await post.ends(notice, "sent")
    assert post.provider.got("bà Lan") == ["một", "hai"]


async def test_a_pause_that_is_over_does_not_keep_the_sender_busy(post: Post) -> None:
    """After a 429 the sender is as quiet as before it."""
    post.provider.next("bà Lan", Throttle(30))
    first = await post.queue("bà Lan", "một")
    await post.held(first)
    post.later(31)
    await post.ends(first, "sent")
    now = post.seconds()
    assert post.sender._pace.resting(now) == []
    assert await post.sender._until_due(now) == senders.IDLE_POLL


async def test_two_chats_with_429_pause_the_whole_account(post: Post) -> None:
    """When a second chat is throttled before the first may go on, nobody is written to until the provider allows it."""
    for chat in ("bà Lan", "ông Tư"):
        post.provider.next(chat, Throttle(30))
    first, second = await post.queue("bà Lan", "một"), await post.queue("ông Tư", "một")
    await post.held(first)
    await post.held(second)
    third = await post.queue("bà Ba", "một")
    post.later(29)
    await asyncio.sleep(0.1)
    assert (await post.row(third)).attempts == 0
    post.later(1)
    for each in (first, second, third):
        await post.ends(each, "sent")


async def test_429_for_everybody_holds_back_what_is_marked_but_has_not_left(
    closed_post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What had its slot a moment later goes back to the queue, and leaves once everybody may go on."""
    post = closed_post
    monkeypatch.setattr(post.channel, "rates", Rates(total=40, total_burst=1))
    post.provider.next("bà Lan", Throttle(0.3, everybody=True))
    first = await post.queue("bà Lan", "một")
    others = [await post.queue(f"chat {number}", "một") for number in range(4)]
    post.sender = Sender(post.database, 1, post.channel, "account", Clock(NOW), post.alerts.append, TIMEOUT)
    post.sender.start()
    for each in (first, *others):
        await post.ends(each, "sent")
    assert post.provider.requests == 6
    assert (await post.row(others[0])).attempts >= 1


async def test_somebody_who_has_blocked_us_is_unreachable(post: Post) -> None:
    """A message to somebody who has blocked us ends as unreachable, is not tried again, and her address is marked; of
    a group that shut us out no citizen's address is.
    """
    for chat in ("bà Lan", "-100"):
        post.provider.always(chat, BLOCKED)
        await post.ends(await post.queue(chat, "Xin chào."), "unreachable")
    post.later(3600)
    await post.ends(await post.queue("ông Tư", "Xin chào ông."), "sent")
    assert post.provider.requests == 3
    assert post.left == ["bà Lan"]


async def test_what_the_provider_refuses_is_failed_with_its_code(post: Post) -> None:
    """A request the provider finds wrong is our mistake: it ends as failed and says why."""
    post.provider.next("bà Lan", REJECT)
    row = await post.ends(await post.queue("bà Lan", "Xin chào bà."), "failed")
    assert row.error == "400 reject"
    assert post.alerts == []


async def test_a_missing_right_is_told_to_the_operator(post: Post) -> None:
    """When our token is refused the messages are failed and the operator is told, once in ten minutes: the alert may
    itself be a message of this account.
    """
    post.provider.always("bà Lan", REVOKED)
    for _each in range(3):
        await post.ends(await post.queue("bà Lan", "Xin chào bà."), "failed")
    assert post.alerts == ["the token of the test channel is not valid"]
    post.later(600)
    await post.ends(await post.queue("bà Lan", "Xin chào bà."), "failed")
    assert len(post.alerts) == 2


async def test_a_message_not_allowed_at_this_hour_waits_for_its_hour(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a channel allows only later goes then, once."""
    opening, send = NOW + timedelta(hours=4), post.channel.send

    async def in_the_window(message: Any) -> str:
        if post.clock.now() < opening:
            raise NotNow(opening)
        return await send(message)

    monkeypatch.setattr(post.channel, "send", in_the_window)
    notice = await post.queue("bà Lan", "Mời họp thôn.", kind="notice")
    assert (await post.held(notice)).not_before == opening
    post.later(4 * 3600)
    await post.ends(notice, "sent")
    assert post.provider.got("bà Lan") == ["Mời họp thôn."]


@pytest.mark.parametrize("told", [False, True])
async def test_while_the_whole_account_is_shut_everything_waits_and_goes_once_a_person_has_mended_it(
    post: Post, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    """Nothing is lost, one request at a time asks, and he is told once, unless the channel has told him already."""
    send, shut = post.channel.send, NeedsPerson("nobody has consented", after=60, told=told)

    async def refuse(_message: Any) -> str:
        raise shut

    monkeypatch.setattr(post.channel, "send", refuse)
    first = await post.queue("bà Lan", "Mời họp thôn.", kind="notice")
    assert (await post.held(first)).not_before == NOW + timedelta(seconds=60)
    second = await post.queue("ông Ba", "Hồ sơ đã xong.", kind="notice")
    monkeypatch.setattr(post.channel, "send", send)
    assert (await post.row(second)).state == "queued"
    post.later(61)
    for row in (first, second):
        await post.ends(row, "sent")
    assert post.alerts == ([] if told else ["nobody has consented"])


async def test_whoever_was_only_silent_has_not_left(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message does not reach her, but her address stays good for what comes after her next word."""

    async def refuse(_message: Any) -> str:
        raise Silent("-230")

    monkeypatch.setattr(post.channel, "send", refuse)
    await post.ends(await post.queue("bà Lan", "Mời họp thôn.", kind="notice"), "unreachable")
    assert post.left == []


async def test_an_error_of_ours_fails_one_message_and_the_next_goes(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake in the channel's code ends that message as failed; the sender goes on."""
    post.channel.send, send = None, post.channel.send
    row = await post.ends(await post.queue("bà Lan", "một"), "failed")
    post.channel.send = send
    await post.ends(await post.queue("bà Lan", "hai"), "sent")
    assert row.error == "error of ours: TypeError"


# --- how many, in which order -----------------------------------------------------------------------------------------


async def test_at_most_32_requests_are_in_flight_and_all_arrive(closed_post: Post) -> None:
    """A queue of 80 chats is worked off 32 at a time, never two in one chat, and every message arrives once."""
    chats = [f"chat {number}" for number in range(80)]

    def fill(db: Connection) -> None:
        for words in ("một", "hai"):
            for chat in chats:
                outbox.put(db, 1, Row("test", "account", chat, "answer", {"text": words}, NOW, NOW))

    for chat in chats[:IN_FLIGHT]:
        closed_post.provider.next(chat, LATER)
    await closed_post.database.write(fill)
    closed_post.sender = closed_post.another(closed_post.database, timeout=30)
    closed_post.sender.start()
    await becomes(lambda: closed_post.provider.in_flight == IN_FLIGHT)
    assert await closed_post.database.write(outbox.counts, 1) == {"queued": 160 - IN_FLIGHT, "sending": IN_FLIGHT}
    closed_post.provider.let_go()
    await becomes(lambda: len(closed_post.provider.accepted) == 160)
    assert closed_post.provider.most_in_flight == IN_FLIGHT
    assert closed_post.provider.most_in_a_chat == 1
    assert all(closed_post.provider.got(chat) == ["một", "hai"] for chat in chats)


async def test_a_chat_that_hangs_holds_up_nobody_else(post: Post) -> None:
    """While one chat's request is open the others are served, and its own next message waits."""
    post.provider.next("bà Lan", LATER)
    first = await post.queue("bà Lan", "một")
    second = await post.queue("bà Lan", "hai")
    await post.ends(await post.queue("ông Tư", "một"), "sent")
    assert [(await post.row(each)).state for each in (first, second)] == ["sending", "queued"]
    post.provider.let_go()
    await post.ends(second, "sent")
    assert post.provider.got("bà Lan") == ["một", "hai"]


async def test_what_is_superseded_or_stale_never_leaves(closed_post: Post) -> None:
    """Only the newest of several answers to one question leaves, and nothing whose time has passed."""
    old = await closed_post.queue("bà Lan", "câu cũ", supersedes_key="talk:1")
    stale = await closed_post.queue("bà Lan", "tin cũ", expires_at=NOW + timedelta(hours=1))
    new = await closed_post.queue("bà Lan", "câu mới", supersedes_key="talk:1")
    closed_post.later(3601)
    closed_post.sender.start()
    await closed_post.ends(new, "sent")
    await closed_post.database.write(outbox.drop_stale, closed_post.clock.now())
    assert closed_post.provider.got("bà Lan") == ["câu mới"]
    assert [(await closed_post.row(each)).dropped for each in (old, stale)] == ["superseded", "stale"]


async def test_a_burst_leaves_within_the_provider_s_limits_and_at_their_full_rate(closed_post: Post) -> None:
    """A queue for villagers and a group drains without one 429, in order, answers first, and as fast as allowed."""
    post = closed_post
    rates = Rates(total=295, total_burst=3, chat=10, chat_burst=3, group=20, group_seconds=2)
    post.provider.guard = Guard(Limits(total=300, chat=10, chat_burst=4, group=20, group_seconds=2))
    channel = TestChannel(post.provider.url, rates=rates)
    sent = [(f"chat {number % 30}", f"{number}", "notice") for number in range(120)]
    sent += [("-100", f"{number}", "card") for number in range(10)]
    sent += [(f"chat {number}", "a", "answer") for number in range(5)]

    def fill(db: Connection) -> None:
        for chat, words, kind in sent:
            outbox.put(db, 1, Row("test", "account", chat, kind, {"text": words}, NOW, NOW))

    await post.database.write(fill)
    sender = Sender(post.database, 1, channel, "account", post.clock, post.alerts.append)
    began = asyncio.get_running_loop().time()
    sender.start()
    await becomes(lambda: len(post.provider.accepted) == len(sent))
    seconds = asyncio.get_running_loop().time() - began
    await sender.stop(5)
    await channel.close()
    assert post.provider.guard.refused == 0
    assert seconds >= (len(sent) - 3) / 295
    assert channel.begun[:5] == ["a"] * 5
    for chat in {chat for chat, _words, _kind in sent}:
        mine = [words for each, words, kind in sent if each == chat and kind != "answer"]
        assert [words for words in post.provider.got(chat) if words != "a"] == mine


async def test_what_left_is_counted_by_what_became_of_it(post: Post) -> None:
    """The figures tell how many requests ended how, and how long messages waited."""
    post.provider.next("ông Tư", REJECT)
    await post.ends(await post.queue("bà Lan", "một"), "sent")
    await post.ends(await post.queue("ông Tư", "một", kind="notice"), "failed")
    figures = generate_latest(post.metrics.registry).decode()
    assert 'gandan_requests_total{channel="test",outcome="sent"} 1.0' in figures
    assert 'gandan_requests_total{channel="test",outcome="failed"} 1.0' in figures
    assert 'gandan_queue_seconds_count{kind="notice"} 1.0' in figures


# --- cards ------------------------------------------------------------------------------------------------------------


async def shows(post: Post, words: str) -> int:
    """A turn changes card "request:1" of the officials' group."""

    def change(db: Connection) -> int:
        shows_all = Place(1, None, Catalogs(), {"test": Capabilities(text_length=100, buttons=8, edits=True)})
        (row_id,) = Work(db, shows_all, post.clock.now()).send(
            Address("test", "account", "-100", ""), Reply(words, card="request:1")
        )
        return row_id

    row_id: int = await post.database.write(change)
    post.sender.wake()
    return row_id


async def test_a_card_is_one_message_that_shows_its_newest_state(post: Post) -> None:
    """The first state is sent, later ones edit it, several in a moment become one, and a reply finds the card."""
    await post.ends(await shows(post, "mới"), "sent")
    await shows(post, "Bà Hoa nhận")
    last = await shows(post, "đã trả lời")
    post.later(5)
    await post.ends(last, "sent")
    assert post.provider.sees("-100") == ["đã trả lời"]
    assert post.provider.edited == [("-100", "đã trả lời")]
    name = await post.database.write(cards.name_of, 1, "test", "account", "-100", "1")
    assert name == "request:1"


async def test_a_card_too_long_for_one_message_loses_its_middle(post: Post) -> None:
    """A card is one message: its beginning and its end are shown."""
    await post.ends(await shows(post, "Đề nghị 12. " + "dài " * 100 + "Hẹn trước 16 giờ."), "sent")
    (shown,) = post.provider.sees("-100")
    assert shown.startswith("Đề nghị 12.")
    assert shown.endswith("Hẹn trước 16 giờ.")
    assert len(shown) <= 100


async def test_the_edit_of_a_card_is_repeated_its_first_message_is_not(post: Post) -> None:
    """Whether an edit arrived does not matter, it goes again; a card that may have arrived stays for a person, and the
    next change is a card of its own.
    """
    post.provider.next("-100", DROP)
    first = await shows(post, "mới")
    await post.ends(first, "uncertain")
    await post.ends(await shows(post, "đã nhận"), "sent")
    post.provider.next("-100", DROP)
    edit = await shows(post, "xong")
    post.later(5)
    await post.held(edit)
    post.later(5)
    row = await post.ends(edit, "sent")
    assert row.repeats == 1
    assert post.provider.sees("-100") == ["mới", "xong"]
    assert (await post.row(first)).state == "uncertain"


async def test_a_card_somebody_deleted_is_posted_again(post: Post) -> None:
    """An edit without its message becomes a new one, to which replies are bound from then on."""
    await post.ends(await shows(post, "mới"), "sent")
    post.provider.delete("-100")
    again = await shows(post, "đã nhận")
    post.later(5)
    row = await post.ends(again, "sent")
    assert (row.provider_id, row.attempts, post.provider.sees("-100")) == ("2", 2, ["đã nhận"])
    assert await post.database.write(cards.name_of, 1, "test", "account", "-100", "2") == "request:1"


async def test_a_crash_in_the_middle_of_a_card_repeats_only_edits(post: Post) -> None:
    """What the next process finds in flight: the edit of a card goes again, its first message waits for a person."""
    await post.ends(await shows(post, "mới"), "sent")
    post.provider.always("-100", LATER)
    edit = await shows(post, "đã nhận")
    post.later(5)
    await becomes(lambda: post.provider.in_flight == 1)
    await crash(post.sender)
    post.provider.let_go()
    post.sender = post.another(post.database)
    post.sender.start()
    await post.held(edit)
    post.later(5)
    row = await post.ends(edit, "sent")
    assert (row.repeats, post.provider.sees("-100")) == (1, ["đã nhận"])


# --- crash, stop, a database that fails -------------------------------------------------------------------------------


async def test_after_a_crash_answers_go_once_more_and_notices_wait_for_a_person(post: Post) -> None:
    """What was marked when the process died is judged by the next one: an answer goes again, a notice is uncertain."""
    post.provider.always("bà Lan", LATER)
    post.provider.always("ông Tư", LATER)
    answer = await post.queue("bà Lan", "Mã hồ sơ là gì ạ?")
    notice = await post.queue("ông Tư", "Mời họp thôn.", kind="notice")
    waiting = await post.queue("ông Tư", "Tin sau.", kind="notice")
    await becomes(lambda: post.provider.in_flight == 2)
    await crash(post.sender)
    post.provider.let_go()
    post.sender = post.another(post.database)
    post.sender.start()
    await post.ends(waiting, "sent")
    row = await post.ends(answer, "sent")
    assert (row.repeats, post.provider.got("bà Lan")) == (1, ["Mã hồ sơ là gì ạ?"] * 2)
    assert (await post.row(notice)).state == "uncertain"
    assert post.provider.got("ông Tư") == ["Mời họp thôn.", "Tin sau."]


async def test_a_crash_between_the_mark_and_the_request_loses_nothing(closed_post: Post) -> None:
    """A message marked but never sent ends where a person or the sender looks, never as forgotten."""
    answer = await closed_post.queue("bà Lan", "một")
    notice = await closed_post.queue("ông Tư", "hai", kind="notice")

    def mark(db: Connection) -> None:
        epoch = leases.acquire(db, 1, "test", "account", NOW)
        outbox.mark_sending(db, [answer, notice], epoch, NOW)

    await closed_post.database.write(mark)
    closed_post.sender.start()
    row = await closed_post.ends(answer, "sent")
    assert (row.repeats, closed_post.provider.accepted) == (1, [("bà Lan", "một")])
    await closed_post.ends(notice, "uncertain")


async def test_stopping_lets_requests_in_flight_finish_and_records_them(post: Post) -> None:
    """A stop waits for the answers of what has left, writes them down and sends nothing new."""
    post.provider.next("bà Lan", LATER)
    first = await post.queue("bà Lan", "một", kind="notice")
    second = await post.queue("bà Lan", "hai", kind="notice")
    await becomes(lambda: post.provider.in_flight == 1)
    stopping = asyncio.create_task(post.sender.stop(5))
    await asyncio.sleep(0)
    post.provider.let_go()
    await stopping
    assert [(await post.row(each)).state for each in (first, second)] == ["sent", "queued"]


async def test_a_stop_while_marking_leaves_nothing_marked_and_unsent(closed_post: Post) -> None:
    """Whenever the stop comes, what is marked has been sent: nothing becomes uncertain by an ordinary restart."""
    for number in range(40):
        await closed_post.queue(f"chat {number}", "một", kind="notice")
    closed_post.sender.start()
    await becomes(lambda: closed_post.provider.requests)
    await closed_post.sender.stop(5)
    found = await closed_post.database.write(outbox.counts, 1)
    assert set(found) <= {"sent", "queued"}
    assert found["sent"] == len(closed_post.provider.accepted)


async def test_a_connection_that_breaks_loses_no_result(post: Post) -> None:
    """When the writing connection breaks while requests are open, their results are recorded by the same process."""
    post.provider.next("bà Lan", LATER)
    notice = await post.queue("bà Lan", "Mời họp thôn.", kind="notice")
    await becomes(lambda: post.provider.in_flight == 1)

    def break_down(db: Connection) -> None:
        raise Temporary("the disk is full")  # the writer then takes a new connection, which holds no lease

    with pytest.raises(Temporary):
        await post.database.write(break_down)
    post.sender.wake()
    post.provider.let_go()
    await post.ends(notice, "sent")
    await post.ends(await post.queue("bà Lan", "Tin sau.", kind="notice"), "sent")
    assert post.provider.got("bà Lan") == ["Mời họp thôn.", "Tin sau."]


# --- one sender per account -------------------------------------------------------------------------------------------


async def test_of_two_processes_only_the_holder_of_the_lease_sends(postgres_post: Post) -> None:
    """On PostgreSQL two processes share an account: one sends, the other waits."""
    post = postgres_post
    post.sender.start()
    await becomes(lambda: post.sender.leading)
    other = post.another(post.second_process())
    other.start()
    try:
        for number in range(10):
            await post.queue(f"chat {number}", "một")
            other.wake()
        await becomes(lambda: len(post.provider.accepted) == 10)
        assert not other.leading
        assert await epochs(post) == {1}
    finally:
        await other.stop(1)


async def test_when_the_holder_s_connection_dies_the_other_takes_over_and_the_lost_one_records_nothing(
    postgres_post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminated holder loses the lease; the other sends under a higher epoch; a late result of the first is void."""
    monkeypatch.setattr(senders, "IDLE_POLL", 0.2)
    monkeypatch.setattr(senders, "LEASE_POLL", 0.01)
    post = postgres_post
    first, second_database = post.sender, post.second_process()
    second = post.another(second_database)
    post.provider.next("bà Lan", LATER)
    first.start()
    notice = await post.queue("bà Lan", "Mời họp thôn.", kind="notice")
    await becomes(lambda: post.provider.in_flight == 1)
    second.start()
    try:
        assert await second_database.write(leases.acquire, 1, "test", "account", NOW) is None
        terminate_lock_holders(post.url)
        await becomes(lambda: second.leading)
        await becomes(lambda: not first.leading)
        await post.ends(notice, "uncertain")
        with pytest.raises(leases.Lost):
            await post.database.write(first._record, [outbox.Result(notice, "sent")])
        post.provider.let_go()
        await post.queue("ông Tư", "một")
        second.wake()
        await becomes(lambda: post.provider.got("ông Tư"))
        assert (await post.row(notice)).state == "uncertain"
        assert max(await epochs(post)) >= 2
        assert post.provider.got("bà Lan") == ["Mời họp thôn."]
    finally:
        await second.stop(1)


async def test_a_result_from_before_another_holder_marked_the_row_changes_nothing(postgres_post: Post) -> None:
    """What a process knows of an old request says nothing about the request another process has made since."""
    post = postgres_post
    notice = await post.queue("bà Lan", "Mời họp thôn.", kind="notice")
    late = outbox.Result(notice, "queued", again=NOW, epoch=1)
    await post.database.write(outbox.mark_sending, [notice], 2, NOW)
    await post.database.write(outbox.record, [late], NOW)
    assert (await post.row(notice)).state == "sending"


async def test_the_channel_is_told_when_it_leads_and_when_no_longer(post: Post) -> None:
    """Polling begins with the lease and ends at a stop; a channel that fails is asked again, and sending goes on."""
    await becomes(lambda: post.channel.told == ["lead"])
    await post.sender.stop(5)
    assert post.channel.told == ["lead", "follow"]


async def test_a_channel_that_cannot_lead_yet_is_asked_again_while_messages_leave(
    closed_post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A webhook that cannot be registered holds up no message; neither does one that cannot be taken back."""
    monkeypatch.setattr(senders, "TELL_AGAIN", 0.05)
    post = closed_post
    post.channel.stubborn = 2
    post.sender.start()
    await post.ends(await post.queue("bà Lan", "một"), "sent")
    await becomes(lambda: post.channel.told == ["lead"] * 3)
    post.channel.stubborn = 1
    await post.sender.stop(5)
    assert post.channel.told == [*["lead"] * 3, "follow", "follow"]


async def test_a_channel_follows_when_the_lease_is_lost_and_leads_again_with_it(
    postgres_post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever loses the connection stops polling before it takes the lease again."""
    monkeypatch.setattr(senders, "IDLE_POLL", 0.05)
    post = postgres_post
    post.sender.start()
    await becomes(lambda: post.channel.told == ["lead"])
    terminate_lock_holders(post.url)
    await becomes(lambda: post.channel.told == ["lead", "follow", "lead"])
    await post.ends(await post.queue("bà Lan", "một"), "sent")


async def test_a_new_holder_serves_everybody_at_once_but_those_it_must_judge_first(postgres_post: Post) -> None:
    """After a takeover only chats with a request of unknown outcome wait, until it cannot arrive any more."""
    post = postgres_post
    waiting = await post.queue("bà Lan", "một", kind="notice")

    def mark(db: Connection) -> None:
        outbox.mark_sending(db, [waiting], leases.acquire(db, 1, "test", "account", NOW), NOW)

    await post.database.write(mark)
    behind = await post.queue("bà Lan", "hai", kind="notice")
    elsewhere = await post.queue("ông Tư", "một", kind="notice")
    post.sender.start()
    await post.ends(elsewhere, "sent")
    assert (await post.row(waiting)).state == "sending"
    await post.ends(behind, "sent")
    assert (await post.row(waiting)).state == "uncertain"


async def epochs(post: Post) -> set[int]:
    """The epochs under which rows were marked."""
    return await post.database.write(
        lambda db: set(db.execute(select(func.distinct(rows.c.epoch)).where(rows.c.epoch.is_not(None))).scalars())
    )


def terminate_lock_holders(url: str) -> None:
    """Cut the connections that hold an advisory lock in this database."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as db:
        db.execute(
            "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE l.locktype = 'advisory' AND d.datname = current_database()"
        )
