"""The inbox: stored once, taken in order per chat, nothing received thrown away; on both databases."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, select

from storage import arrivals, inbox
from storage.db import Database, Kind, create_engine_for
from storage.inbox import Event, Taken
from storage.inbox import inbox as rows
from storage.sealing import Keys
from tests import stores

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(params=stores.BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of both kinds."""
    with stores.fresh(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[str]:
    """The address of an empty PostgreSQL database."""
    with stores.fresh("postgres", tmp_path) as made:
        yield made


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """A connection in an open transaction to an empty database of both kinds."""
    with stores.rolled_back(request.param, tmp_path) as connection:
        yield connection


def says(chat: str, event_id: str, words: str = "Hồ sơ của tôi xong chưa?") -> Event:
    return Event("web", "", chat, chat, event_id, words.encode())


def put(db: Connection, *events: Event) -> None:
    for each in events:
        assert inbox.accept(db, 1, each, NOW)


def taken(db: Connection, now: datetime = NOW) -> Taken:
    found = arrivals.take(db, now)
    assert found is not None
    return found


def finish(db: Connection, now: datetime = NOW) -> str:
    """Take the next event and have it done; its event id."""
    found = taken(db, now)
    inbox.done(db, found.id, now)
    return found.event_id


# --- once -------------------------------------------------------------------------------------------------------------


async def test_the_same_event_five_times_in_parallel_and_after_reopening_is_stored_once(url: str) -> None:
    """However often a channel repeats an event, and whether or not we were restarted between, it is there once."""
    answers = []
    for _opened in range(2):
        database = Database(url, stores.KEYS)
        try:
            five = [database.write(inbox.accept, 1, says("c1", "7"), NOW, kind=Kind.ACCEPT) for _each in range(5)]
            answers.append(await asyncio.gather(*five))
            assert await database.read(inbox.waiting) == 1
        finally:
            await database.close()
    assert sorted(answers[0]) == [False] * 4 + [True]
    assert answers[1] == [False] * 5


async def test_the_same_event_at_two_processes_at_once_is_stored_once(postgres: str) -> None:
    """Two processes that are handed the same events store each of them once, also when the chats are new."""
    one, other = Database(postgres, stores.KEYS), Database(postgres, stores.KEYS)
    try:
        events = [says(f"c{number % 5}", str(number)) for number in range(40)]
        mine = [one.submit(lambda db, each=each: inbox.accept(db, 1, each, NOW), Kind.ACCEPT) for each in events]
        yours = [other.submit(lambda db, each=each: inbox.accept(db, 1, each, NOW), Kind.ACCEPT) for each in events]
        pairs = zip(await asyncio.gather(*mine), await asyncio.gather(*yours), strict=True)
        assert all(first != second for first, second in pairs)
        assert await one.read(inbox.waiting) == 40
    finally:
        await one.close()
        await other.close()


def test_one_event_id_may_come_from_two_accounts_and_two_communes(db: Connection) -> None:
    """An event id belongs to its commune, channel and account."""
    assert inbox.accept(db, 1, says("c1", "7"), NOW)
    assert inbox.accept(db, 2, says("c1", "7"), NOW)
    assert inbox.accept(db, 1, Event("web", "office", "c1", "c1", "7", b"x"), NOW)
    assert inbox.waiting(db) == 3


def test_what_is_taken_is_what_was_handed_over(db: Connection) -> None:
    """The raw bytes and the routing fields come back as the channel gave them."""
    given = Event("web", "office", "nhóm 1", "bà Lan", "7", b"\x00\xff{")
    inbox.accept(db, 3, given, NOW)
    found = taken(db)
    assert Event(found.channel, found.account, found.chat, found.sender, found.event_id, found.raw) == given
    assert (found.commune_id, found.attempts, found.received_at) == (3, 0, NOW)


# --- in order ---------------------------------------------------------------------------------------------------------


def test_events_of_a_chat_are_taken_in_the_order_they_came(db: Connection) -> None:
    """Events are taken oldest first, each once, until nothing waits."""
    put(db, says("c1", "1"), says("c2", "2"), says("c1", "3"))
    assert [finish(db) for _each in range(3)] == ["1", "2", "3"]
    assert arrivals.take(db, NOW) is None
    assert inbox.waiting(db) == 0


def test_a_lane_that_waits_keeps_its_order_and_holds_up_nobody(db: Connection) -> None:
    """A postponed event is followed by nobody of its own chat; other chats go on; then its chat goes on in order."""
    put(db, says("c1", "1"), says("c1", "2"), says("c2", "3"))
    first = taken(db)
    until = inbox.postpone(db, first, NOW)
    assert finish(db) == "3"
    assert until == NOW + SECOND == inbox.next_ready(db)
    assert arrivals.take(db, NOW) is None
    again = taken(db, until)
    assert (again.event_id, again.attempts) == ("1", 1)
    assert [finish(db, until), finish(db, until)] == ["1", "2"]
    assert inbox.next_ready(db) is None


def test_an_event_waits_longer_each_time_and_never_more_than_five_minutes(db: Connection) -> None:
    """The waits double from a second to five minutes, however often it fails."""
    put(db, says("c1", "1"))
    now, waits = NOW, []
    for _try in range(60):
        until = inbox.postpone(db, taken(db, now), now)
        waits.append((until - now).total_seconds())
        now = until
    assert waits[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert set(waits[10:]) == {300}


def test_a_lane_in_another_worker_s_hands_is_skipped_and_taken_after(postgres: str) -> None:
    """While one process answers a chat another takes the next chat; the first chat's later event waits its turn."""
    engine = create_engine_for(postgres, stores.KEYS)
    with engine.begin() as db:
        put(db, says("c1", "1"), says("c1", "2"), says("c2", "3"))
    with engine.connect() as one, engine.connect() as other:
        with one.begin():
            assert taken(one).event_id == "1"
            with other.begin():
                assert finish(other) == "3"
            with other.begin():
                assert arrivals.take(other, NOW) is None
            inbox.done(one, 1, NOW)
        with other.begin():
            assert finish(other) == "2"
    engine.dispose()


def test_when_a_worker_dies_in_its_turn_another_takes_the_event(postgres: str) -> None:
    """A turn that was never committed never happened: the lane is free and its event is still the oldest."""
    engine = create_engine_for(postgres, stores.KEYS)
    with engine.begin() as db:
        put(db, says("c1", "1"), says("c1", "2"))
    with engine.connect() as one:
        one.begin()
        inbox.done(one, taken(one).id, NOW)
        one.invalidate()
    with engine.begin() as other:
        assert [finish(other), finish(other)] == ["1", "2"]
    engine.dispose()


def test_eight_workers_take_every_event_once_and_each_chat_in_order(postgres: str) -> None:
    """Many threads of two processes share the lanes: nothing twice, nothing lost, order kept in each chat."""

    async def work() -> list[tuple[str, int]]:
        order: list[tuple[str, int]] = []
        processes = [Database(postgres, stores.KEYS, turns=4) for _each in range(2)]
        for number in range(60):
            await processes[0].write(inbox.accept, 1, says(f"c{number % 4}", str(number)), NOW, kind=Kind.ACCEPT)

        def turn(db: Connection) -> bool:
            found = arrivals.take(db, NOW)
            if found is None:
                return False
            inbox.done(db, found.id, NOW)
            event.listen(
                db, "commit", lambda _db, it=found: order.append((it.chat, int(it.event_id))), once=True
            )  # fmt: skip
            return True

        while await processes[0].read(inbox.waiting):
            await asyncio.gather(*[each.submit(turn, Kind.TURN) for each in processes for _try in range(8)])
        for each in processes:
            await each.close()
        return order

    order = asyncio.run(work())
    assert sorted(number for _chat, number in order) == list(range(60))
    for chat in {chat for chat, _number in order}:
        mine = [number for each, number in order if each == chat]
        assert mine == sorted(mine)


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_failed_event_is_set_aside_and_its_lane_goes_on(db: Connection) -> None:
    """A failed event is listed with its reference and error, and the next event of the chat has its turn."""
    put(db, says("c1", "1"), says("c1", "2"))
    first = taken(db)
    assert inbox.fail(db, first.id, "ABCD-1234", "KeyError handlers/dossiers/dossier.py:10" + "x" * 300, NOW)
    assert not inbox.fail(db, first.id, "OTHER", "again", NOW)
    assert finish(db) == "2"
    found = inbox.failed(db, 1)
    assert [(each.id, each.reference, each.attempts) for each in found] == [(first.id, "ABCD-1234", 1)]
    assert len(found[0].error) == 200
    assert inbox.failed(db, 2) == []


def test_an_event_another_worker_has_done_meanwhile_cannot_be_failed(db: Connection) -> None:
    """A failure that is recorded too late does not undo what was done."""
    put(db, says("c1", "1"))
    found = taken(db)
    inbox.done(db, found.id, NOW)
    assert not inbox.fail(db, found.id, "ABCD-1234", "late", NOW)
    assert inbox.failed(db, 1) == []


def test_broken_bytes_are_kept_once_and_never_taken(db: Connection) -> None:
    """What cannot be parsed is kept as failed bytes, once however often it comes, and holds up nobody."""
    for _again in range(5):
        inbox.keep_broken(db, 1, "web", "", "broken:1", b'{"id": \x00', "JSONDecodeError", NOW)
    put(db, says("c1", "1"))
    assert finish(db) == "1"
    assert [(each.error, each.lane_id) for each in inbox.failed(db, 1)] == [("JSONDecodeError", None)]
    kept = db.execute(select(rows.c.raw).where(rows.c.event_id == "broken:1")).scalar_one()
    assert stores.KEYS.unseal(kept) == b'{"id": \x00'
    assert not inbox.replay(db, 1, inbox.failed(db, 1)[0].id)


def test_an_event_that_cannot_be_unsealed_is_set_aside_and_the_rest_goes_on(db: Connection) -> None:
    """One row sealed with another key, or damaged, stops neither its chat nor the others."""
    put(db, says("c1", "1"), says("c2", "2"))
    other = Keys.derive(b"another secret").seal(b"words")
    db.execute(rows.update().where(rows.c.event_id == "1").values(raw=other))
    assert finish(db) == "2"
    assert [each.error for each in inbox.failed(db, 1)] == ["sealed with another key, or damaged"]


def test_a_replay_is_marked_and_stays_marked_although_it_has_to_wait(db: Connection) -> None:
    """An event an operator sends again is known as a replay in every later attempt."""
    put(db, says("c1", "1"))
    first = taken(db)
    assert not inbox.is_replay(first)
    assert not inbox.replay(db, 1, first.id)
    inbox.fail(db, first.id, "ABCD-1234", "KeyError", NOW)
    assert not inbox.replay(db, 2, first.id)
    assert inbox.replay(db, 1, first.id)
    again, now = taken(db), NOW
    for _try in range(4):
        assert inbox.is_replay(again)
        now = inbox.postpone(db, again, now)
        again = taken(db, now)
    assert inbox.is_replay(again)


# --- events of our own ------------------------------------------------------------------------------------------------


def test_an_event_of_our_own_comes_after_what_is_already_in_the_lane_and_once(db: Connection) -> None:
    """An internal event waits its turn in the chat it is for; the same one twice is there once."""
    put(db, says("c1", "1"))
    lane = inbox.open_lane(db, 1, "web", "", "c1")
    assert inbox.insert_internal(db, 1, lane, "c1", "tick:5", b"{}", NOW)
    assert not inbox.insert_internal(db, 1, lane, "c1", "tick:5", b"{}", NOW)
    assert [finish(db), finish(db)] == ["1", "internal:tick:5"]


def test_a_lane_is_opened_once(db: Connection) -> None:
    """A chat has one lane, however often it is asked for; another account's chat of that name has another."""
    assert inbox.open_lane(db, 1, "web", "", "c1") == inbox.open_lane(db, 1, "web", "", "c1")
    assert inbox.open_lane(db, 1, "web", "office", "c1") != inbox.open_lane(db, 1, "web", "", "c1")


# --- pruning ----------------------------------------------------------------------------------------------------------


def test_words_are_forgotten_and_a_late_repeat_is_still_known(db: Connection) -> None:
    """After some days the words are gone, the row stays, so the same event again has no second effect."""
    put(db, says("c1", "1"), says("c1", "2"))
    finish(db)
    assert inbox.empty_old(db, NOW) == 0
    assert inbox.empty_old(db, NOW + SECOND) == 1
    assert db.execute(select(rows.c.raw).where(rows.c.event_id == "1")).scalar_one() is None
    assert not inbox.accept(db, 1, says("c1", "1"), NOW)
    assert finish(db) == "2"


def test_rows_are_deleted_when_no_channel_repeats_them_any_more(db: Connection) -> None:
    """Old events that are done or set aside are deleted; what waits stays however old it is."""
    put(db, says("c1", "1"), says("c1", "2"), says("c1", "3"))
    inbox.keep_broken(db, 1, "web", "", "broken:1", b"{", "JSONDecodeError", NOW)
    finish(db)
    inbox.fail(db, taken(db).id, "ABCD-1234", "KeyError", NOW)
    assert inbox.delete_old(db, NOW) == 0
    assert inbox.delete_old(db, NOW + SECOND) == 3
    assert db.execute(select(rows.c.event_id)).scalars().all() == ["3"]


def test_an_event_whose_words_are_gone_cannot_be_replayed(db: Connection) -> None:
    """A replay needs the words."""
    put(db, says("c1", "1"))
    found = taken(db)
    inbox.fail(db, found.id, "ABCD-1234", "KeyError", NOW)
    db.execute(rows.update().values(raw=None))
    assert not inbox.replay(db, 1, found.id)
