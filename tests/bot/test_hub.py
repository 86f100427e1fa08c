"""The hub: who waits is woken, in this process at once, in another through one coalesced notify."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import orjson
import psycopg
import pytest

from bot import hub as hubs
from bot.hub import LONGEST, Hub
from tests import stores


@pytest.fixture
async def conninfo(tmp_path: Path) -> AsyncIterator[str]:
    """libpq's address of an empty PostgreSQL database."""
    with stores.fresh("postgres", tmp_path) as url:
        yield url.replace("+psycopg", "")


@pytest.fixture
async def pair(conninfo: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Hub, Hub]]:
    """The hubs of two processes on one database, both listening."""
    monkeypatch.setattr(hubs, "RECONNECT", 0.05)
    one, other = Hub(conninfo), Hub(conninfo)
    await one.start()
    await other.start()
    await listeners(conninfo, 2)
    yield one, other
    await one.stop()
    await other.stop()


async def listeners(conninfo: str, number: int) -> None:
    """Wait until so many connections listen."""
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as db:
        for _look in range(1000):
            found = await db.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
            )
            if (await found.fetchone())[0] == number:
                return
            await asyncio.sleep(0.01)
    raise AssertionError("nobody listens")


async def woken(event: asyncio.Event) -> None:
    """Wait for the event, at most so long that a test does not hang."""
    await asyncio.wait_for(event.wait(), 10)


async def becomes(condition: Callable[[], object]) -> None:
    for _look in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


# --- one process ------------------------------------------------------------------------------------------------------


async def test_who_waits_for_a_chat_is_woken_and_nobody_else() -> None:
    """Waking a chat sets the events of those who watch it, and tells the senders."""
    hub = Hub(None)
    await hub.start()
    queued: list[bool] = []
    hub.on_queued.append(lambda: queued.append(True))
    with hub.watch(["c1", "office"]) as mine, hub.watch(["c1"]) as also, hub.watch(["c2"]) as other:
        hub.chats({"c1"})
        assert (mine.is_set(), also.is_set(), other.is_set(), queued) == (True, True, False, [True])
    await hub.stop()


async def test_who_has_left_is_forgotten() -> None:
    """After the watch is over nothing of it stays in memory."""
    hub = Hub(None)
    with hub.watch(["c1", "c2"]) as event, hub.watch(["c2"]):
        pass
    hub.chats(["c1", "c2"])
    assert not event.is_set()
    assert not hub._waiting


# --- two processes ----------------------------------------------------------------------------------------------------


async def test_two_processes_wake_each_other(pair: tuple[Hub, Hub]) -> None:
    """What is queued or accepted in one process wakes pages, senders and the dispatcher of the other, both ways."""
    for one, other in (pair, pair[::-1]):
        queued, events = asyncio.Event(), asyncio.Event()
        other.on_queued.append(queued.set)
        other.on_events.append(events.set)
        with other.watch(["c1"]) as mine, other.watch(["c2"]) as foreign:
            one.chats(["c1"])
            one.events()
            await woken(mine)
            await woken(queued)
            await woken(events)
            assert not foreign.is_set()


async def test_a_process_is_not_woken_by_its_own_notify(pair: tuple[Hub, Hub]) -> None:
    """What a process said itself it has heard already."""
    one, other = pair
    heard: list[str] = []
    one.on_queued.append(lambda: heard.append("queued"))
    with other.watch(["c1"]) as event:
        one.chats(["c1"])
        await woken(event)
    with one.watch(["c2"]) as event:
        other.chats(["c2"])
        await woken(event)
    assert heard == ["queued", "queued"]


async def test_many_wakes_become_one_notify(pair: tuple[Hub, Hub], monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand wakes in a moment cost a few notifies, and every chat of them is woken."""
    one, other = pair
    payloads: list[str] = []
    heard = other._heard
    monkeypatch.setattr(other, "_heard", lambda payload: (payloads.append(payload), heard(payload)))
    with other.watch(["c7"]) as early, other.watch(["c399"]) as late:
        for number in range(1000):
            one.chats([f"c{number % 400}"])
        await woken(early)
        await woken(late)
    assert len(payloads) <= 3


async def test_too_many_chats_for_one_payload_become_everything(pair: tuple[Hub, Hub]) -> None:
    """A payload PostgreSQL would refuse becomes the word for everybody: all are woken."""
    one, other = pair
    with other.watch(["somebody else"]) as event:
        one.chats([f"a rather long name of a chat {number}" for number in range(500)])
        await woken(event)


def test_a_payload_never_exceeds_the_limit() -> None:
    """However many chats wait, what is sent stays under PostgreSQL's limit and carries the events as well."""
    hub = Hub(None)
    hub.chats([f"chữ có dấu {number}" for number in range(2000)])
    hub.events()
    payload = hub._payload()
    assert len(payload.encode()) <= LONGEST
    assert (orjson.loads(payload)["chats"], orjson.loads(payload)["events"]) == (None, True)
    assert orjson.loads(hub._payload())["chats"] == []


async def test_a_cut_connection_is_made_again_and_who_waited_is_woken(pair: tuple[Hub, Hub], conninfo: str) -> None:
    """After the server cut all connections both hubs come back, look once for what they missed, and hear again."""
    one, other = pair
    with other.watch(["c1"]) as missed:
        stores.admin(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            f" AND datname = '{conninfo.rsplit('/', 1)[-1]}'"
        )
        await woken(missed)
    await listeners(conninfo, 2)
    with other.watch(["c2"]) as event:
        while not event.is_set():  # the sending connection may be the last to learn that it was cut
            one.chats(["c2"])
            await asyncio.sleep(0.05)


async def test_what_was_not_notified_because_the_connection_was_cut_is_said_after_it_is_made_again(
    pair: tuple[Hub, Hub], conninfo: str
) -> None:
    """A wake that met a dead connection reaches the other process all the same."""
    one, other = pair
    stores.admin(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        f" AND query NOT LIKE 'LISTEN%' AND datname = '{conninfo.rsplit('/', 1)[-1]}'"
    )
    with other.watch(["c1"]) as event:
        one.chats(["c1"])
        await woken(event)


async def test_a_hub_without_its_database_tries_until_it_is_there(
    monkeypatch: pytest.MonkeyPatch, conninfo: str
) -> None:
    """A process that starts while the database is away listens as soon as it is back."""
    monkeypatch.setattr(hubs, "RECONNECT", 0.02)
    hub = Hub("postgresql://postgres@127.0.0.1:1/nowhere")
    await hub.start()
    await asyncio.sleep(0.1)
    hub._conninfo = conninfo
    await listeners(conninfo, 1)
    await hub.stop()
