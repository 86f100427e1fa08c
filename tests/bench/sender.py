"""The way out: from rows of the outbox to the provider, B7 to B11.

The product is the sender itself with the channel for Telegram, in this process; the provider is `tests.bench.stub` in
another. A broadcast is planned as the notices will be: rows of the outbox from the addresses, set-based, slice by
slice, so that turns go between.
"""

import asyncio
import contextlib
import resource
import sqlite3
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

import aiohttp
import orjson
import psycopg
from sqlalchemy import Connection, func, insert, literal, select, text

from bot.channels.base import Post
from bot.channels.telegram import Telegram
from bot.clock import Clock
from bot.outbox import IN_FLIGHT, Sender
from bot.rates import Rates
from bot.service import keep_what_is_loaded
from messages.render import Catalogs
from storage import outbox
from storage.citizens import address, citizen
from storage.db import Database, Kind, UtcTime, create_engine_for
from storage.outbox import Result
from storage.outbox import outbox as rows
from storage.sealing import seal_json
from tests import stores
from tests.bench.figures import Pair, Room, bar
from tests.bench.message import process
from tests.town import settings

WORDS = "Kính gửi ông/bà, hồ sơ H55.242-260901-0012 đã có kết quả. Mời ông/bà đến bộ phận Một cửa nhận. " * 2
ACCOUNT = "1"
HERE = (1, "telegram", ACCOUNT)
SLICE = 5000
FASTER = 20
BROADCAST = 100_000
BOTH = ("sqlite", "postgres")


@asynccontextmanager
async def office(kind: str, folder: Path, port: int, rates: Rates) -> AsyncIterator[tuple[Database, Sender]]:
    """A sender of Telegram messages and its database."""
    configured = settings(folder, TELEGRAM_BOT_TOKEN=f"{ACCOUNT}:x", TELEGRAM_API_URL=f"http://127.0.0.1:{port}")
    with stores.fresh(kind, folder) as url:
        database, channel, clock = Database(url, stores.KEYS), Telegram(configured, "secret"), Clock()
        channel.rates = rates
        channel.lead = channel.follow = _nothing  # it only sends here
        post = Post(
            database=database, commune_id=1, catalogs=Catalogs(), language="vi", now=clock.now, accept=_nothing,
            keep_broken=_nothing, alert=print, beat=_nothing, files=folder,
        )  # fmt: skip
        await channel.open(post)
        sender = Sender(database, 1, channel, ACCOUNT, clock, print)
        keep_what_is_loaded()
        try:
            yield database, sender
        finally:
            await sender.stop(10)
            await channel.close()
            await database.close()


async def _nothing(*_args: Any) -> Any:
    return None


def queue(db: Connection, messages: list[tuple[str, str, str]]) -> None:
    """Queue messages (chat, kind, text) of no turn."""
    now = datetime.now(UTC)
    for chat, kind, words in messages:
        outbox.put(db, 1, outbox.Row("telegram", ACCOUNT, chat, kind, {"text": words}, now, now))


async def until_sent(database: Database, number: int) -> None:
    """Wait until the queue is empty; every row must have been sent."""
    some: Any = select(rows.c.id).where(text("state IN ('queued', 'sending')")).limit(1)
    waiting = True
    while waiting:
        await asyncio.sleep(0.05)
        waiting = await database.read(lambda db: db.execute(some).scalar() is not None)
    assert await database.read(outbox.counts, 1) == {"sent": number}


async def said(port: int) -> dict[str, Any]:
    """What the stub has seen since it was last asked."""
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/") as answer:
        return dict(orjson.loads(await answer.read()))


# --- B7: the whole path, without limits -------------------------------------------------------------------------------


async def sent_a_second(room: Room, port: int, number: int = 12_000) -> float:
    """The product: marks, requests, results, figures; until the last result is committed."""
    async with office("sqlite", room.new_folder(), port, Rates()) as (database, sender):
        chats = [(str(chat % 4000 + 1), "notice", WORDS) for chat in range(number)]
        for start in range(0, number, SLICE):
            await database.write(queue, chats[start : start + SLICE])
        began = time.perf_counter()
        sender.start()
        await until_sent(database, number)
        return number / (time.perf_counter() - began)


async def posted_a_second(port: int, number: int = 20_000) -> float:
    """The floor: raw POSTs, 32 at a time."""
    url = f"http://127.0.0.1:{port}/bot1:x/sendMessage"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as http:

        async def post(chat: int) -> None:
            async with http.post(url, json={"chat_id": chat, "text": WORDS}) as answer:
                orjson.loads(await answer.read())

        return await _by_32(post, number)


async def sent_by_the_library(port: int, number: int = 3000) -> float:
    """python-telegram-bot as it comes: Bot.send_message over httpx, 32 at a time."""
    from telegram import Bot
    from telegram.request import HTTPXRequest

    over = HTTPXRequest(connection_pool_size=IN_FLIGHT, pool_timeout=60)
    bot = Bot("1:x", base_url=f"http://127.0.0.1:{port}/bot", request=over)
    await over.initialize()
    try:
        return await _by_32(lambda chat: bot.send_message(chat, WORDS), number)
    finally:
        await over.shutdown()


async def _by_32(send: Callable[[int], Any], number: int) -> float:
    numbers = iter(range(1, number + 1))

    async def work() -> None:
        for each in numbers:
            await send(each)

    began = time.perf_counter()
    await asyncio.gather(*(work() for _each in range(IN_FLIGHT)))
    return number / (time.perf_counter() - began)


@bar(
    "B7", "messages sent with marks and figures, no limits, 32 at a time", unit="/s", at_least=0.25,
    floor="raw aiohttp POST",
)  # fmt: skip
async def sending(room: Room) -> AsyncGenerator[Pair, None]:
    async with process("tests.bench.stub") as port:
        while True:
            yield Pair(await sent_a_second(room, port), await posted_a_second(port))


@bar("B7", "the same against the usual way", unit="/s", at_least=5.0, floor="python-telegram-bot as it comes")
async def sending_usually(room: Room) -> AsyncGenerator[Pair, None]:
    async with process("tests.bench.stub") as port:
        while True:
            yield Pair(await sent_a_second(room, port), await sent_by_the_library(port))


# --- B8: with limits --------------------------------------------------------------------------------------------------


async def kept_the_limits(room: Room, port: int, number: int = 20_000) -> float:
    """Messages a second that the provider took; raises when it had to refuse one, or one came out of order."""
    telegram = Telegram.rates
    rates = Rates(
        total=telegram.total * FASTER,
        total_burst=telegram.total_burst,
        ceiling=30 * FASTER,
        chat=telegram.chat * FASTER,
        chat_burst=telegram.chat_burst,
        group=telegram.group,
        group_seconds=telegram.group_seconds / FASTER,
    )
    async with office("sqlite", room.new_folder(), port, rates) as (database, sender):
        chats = [str(order % 1000 + 1) if order % 10 else str(-100 - order // 10 % 10) for order in range(number)]
        messages = [(chat, "notice", f"{order} 0 {WORDS}") for order, chat in enumerate(chats)]
        for start in range(0, number, SLICE):
            await database.write(queue, messages[start : start + SLICE])
        sender.start()
        await until_sent(database, number)
    seen = await said(port)
    if seen["refused"] or seen["disorder"] or seen["taken"] != number:
        raise RuntimeError(f"{seen['taken']} taken, {seen['refused']} refused, {seen['disorder']} out of order")
    return (number - 1) / (seen["last"] - seen["first"])


@bar(
    "B8", f"20,000 messages, limits enforced and kept, all {FASTER} times faster; no 429, in order", unit="/s",
    at_least=0.99, floor="29.5 a second allowed",
)  # fmt: skip
async def within_limits(room: Room) -> AsyncGenerator[Pair, None]:
    async with process("tests.bench.stub", str(FASTER)) as port:
        while True:
            yield Pair(await kept_the_limits(room, port), Telegram.rates.total * FASTER)


# --- B9: answers while a broadcast drains -----------------------------------------------------------------------------


@asynccontextmanager
async def draining(room: Room, kind: str, port: int) -> AsyncIterator[Callable[[float], Any]]:
    """A broadcast to 100,000 drains; gives a function that asks for some seconds and returns how long answers took."""
    async with office(kind, room.new_folder(), port, Telegram.rates) as (database, sender):
        await database.write(make_addresses, BROADCAST, kind=Kind.SLICE)
        await plan(database, {"text": f"0 0 {WORDS}"})
        sender.start()
        await asyncio.sleep(3)
        asked = 0

        async def ask(seconds: float) -> list[float]:
            nonlocal asked
            await said(port)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                asked += 1
                text = f"{asked} {time.monotonic()} Hồ sơ đang được xử lý."
                await database.write(queue, [(str(10_000_000 + asked), "answer", text)], kind=Kind.TURN)
                sender.wake()
                await asyncio.sleep(0.1)
            await asyncio.sleep(1)
            seen = await said(port)
            if seen["taken"] < 0.97 * seconds * Telegram.rates.total:
                raise RuntimeError(f"only {seen['taken']} taken: the broadcast did not drain")
            return list(seen["took"])

        yield ask


async def _answers(room: Room, kind: str) -> AsyncGenerator[Pair, None]:
    # A provider with wide limits: whether ours are kept is B8's question.
    async with process("tests.bench.stub", "10") as port, draining(room, kind, port) as ask:
        while True:
            yield Pair(1000 * quantiles(await ask(20), n=100)[98], 300)


@bar(
    "B9", "an answer's time in the queue (99 of 100) while a broadcast to 100,000 drains; SQLite", unit="ms",
    at_most=1.0, floor="allowed",
)  # fmt: skip
async def answering(room: Room) -> AsyncGenerator[Pair, None]:
    async with contextlib.aclosing(_answers(room, "sqlite")) as pairs:
        async for pair in pairs:
            yield pair


@bar("B9", "the same on PostgreSQL", unit="ms", at_most=1.0, floor="allowed")
async def answering_on_postgres(room: Room) -> AsyncGenerator[Pair, None]:
    async with contextlib.aclosing(_answers(room, "postgres")) as pairs:
        async for pair in pairs:
            yield pair


# --- B10: marks -------------------------------------------------------------------------------------------------------


def marks_a_second(url: str, number: int) -> float:
    """The product: last results and next marks, 32 a commit."""
    engine = create_engine_for(url, stores.KEYS)
    results: list[Result] = []
    began, done = time.perf_counter(), 0
    with engine.connect() as db:
        while done < number:
            now = datetime.now(UTC)
            with db.begin():
                outbox.record(db, results, now)
                found = outbox.next_to_send(db, *HERE, now, IN_FLIGHT)
                marked = outbox.mark_sending(db, [each.id for each in found], 1, now)
            results = [Result(each, "sent", "7", epoch=1) for each in marked]
            done += len(marked)
    took = time.perf_counter() - began
    engine.dispose()
    return done / took


async def filled(url: str) -> None:
    """A fresh queue of a broadcast: whoever comes second must not find the other's dead rows."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as db:
        db.execute("TRUNCATE outbox")
        database = Database(url, stores.KEYS)
        await plan(database, {"text": WORDS})
        await database.close()
        db.execute("VACUUM ANALYZE outbox")


BY_HAND = {
    "record": """UPDATE outbox SET state = 'sent', sent_at = %s, provider_id = result.message FROM
        (SELECT unnest(%s::bigint[]) AS id, unnest(%s::text[]) AS message) AS result
        WHERE outbox.id = result.id AND outbox.state = 'sending' AND outbox.epoch = 1""",
    "next": """SELECT id, chat, kind, body, attempts, created_at, repeats FROM outbox
        WHERE commune_id = 1 AND channel = 'telegram' AND account = '1' AND state IN ('queued', 'sending')
        AND state = 'queued' AND not_before <= %s AND (expires_at IS NULL OR expires_at >= %s)
        ORDER BY rank, id LIMIT 40""",
    "before": """SELECT id, chat FROM outbox WHERE commune_id = 1 AND channel = 'telegram' AND account = '1'
        AND (state = 'sending' OR (state = 'queued' AND attempts > 0)) AND chat = ANY(%s)""",
    "mark": """UPDATE outbox SET state = 'sending', epoch = 1, marked_at = %s, attempts = attempts + 1
        WHERE id = ANY(%s) AND state = 'queued' RETURNING id""",
}  # fmt: skip


def marks_by_hand(url: str, number: int) -> float:
    """The floor: the same marks through psycopg, for a queue with one message a chat."""
    done, marked = 0, list[int]()
    with psycopg.connect(url.replace("+psycopg", "")) as db:
        began = time.perf_counter()
        while done < number:
            now = int(time.time() * 1000)
            if marked:
                db.execute(BY_HAND["record"], (now, marked, ["7"] * len(marked)))
            first: dict[str, Any] = {}
            for row in db.execute(BY_HAND["next"], (now, now)).fetchall():
                first.setdefault(row[1], row)
            held = {row[1] for row in db.execute(BY_HAND["before"], (list(first),)).fetchall()}
            ids = [row[0] for chat, row in first.items() if chat not in held][:IN_FLIGHT]
            marked = [row[0] for row in db.execute(BY_HAND["mark"], (now, ids)).fetchall()]
            db.commit()
            done += len(marked)
        return done / (time.perf_counter() - began)


@bar(
    "B10", "outbox marks on PostgreSQL: last results and next requests, 32 a commit", unit="/s", at_least=0.60,
    floor="the same by hand",
)  # fmt: skip
async def marking(room: Room) -> AsyncGenerator[Pair, None]:
    number = 20_000
    with stores.fresh("postgres", room.new_folder()) as url:
        database = Database(url, stores.KEYS)
        await database.write(make_addresses, BROADCAST, kind=Kind.SLICE)
        await database.close()
        while True:
            await filled(url)
            ours = await asyncio.to_thread(marks_a_second, url, number)
            await filled(url)
            yield Pair(ours, await asyncio.to_thread(marks_by_hand, url, number))


# --- B11: a broadcast is planned --------------------------------------------------------------------------------------


def make_addresses(db: Connection, number: int) -> None:
    """So many citizens on Telegram."""
    values = {"commune_id": 1, "created_at": datetime.now(UTC)}
    owner = db.execute(insert(citizen).values(values).returning(citizen.c.id)).scalar_one()
    series = select(func.generate_series(1, number).label("chat"))
    if db.dialect.name == "sqlite":
        first = select(literal(1).label("chat")).cte("numbers", recursive=True)
        series = select(first.union_all(select(first.c.chat + 1).where(first.c.chat < number)).c.chat)
    made = series.subquery()
    new = select(1, owner, literal("telegram"), literal(ACCOUNT), func.concat("", made.c.chat), 0)
    if db.dialect.name == "sqlite":
        new = select(1, owner, literal("telegram"), literal(ACCOUNT), made.c.chat.op("||")(""), 0)
    columns = ["commune_id", "citizen_id", "channel", "account", "sender", "last_at"]
    db.execute(insert(address).from_select(columns, new))


def plan_slice(db: Connection, sealed: bytes, after: str, now: datetime) -> str:
    """One slice of a broadcast: a row of the outbox for each of the next addresses, along their unique index; the last
    of them, "" at the end.
    """
    mine = (address.c.commune_id == 1) & (address.c.channel == "telegram") & (address.c.account == ACCOUNT)
    here = select(address.c.sender).where(mine, address.c.sender > after, address.c.left_at.is_(None))
    part = here.order_by(address.c.sender).limit(SLICE).cte("part")
    last: str | None = db.execute(select(func.max(part.c.sender))).scalar()
    same = {
        "commune_id": 1, "channel": "telegram", "account": ACCOUNT, "kind": "notice", "body": sealed, "state": "queued",
        "rank": outbox.RANKS["notice"],
    }  # fmt: skip
    row = {name: literal(value) for name, value in same.items()}
    row |= {name: literal(now, UtcTime) for name in ("created_at", "not_before")} | {"chat": part.c.sender}
    db.execute(insert(rows).from_select(list(row), select(*row.values())))
    return last or ""


async def plan(database: Database, body: dict[str, Any]) -> None:
    """A broadcast to everybody, slice by slice."""
    sealed = await database.write(lambda db: seal_json(db, body))
    now, after = datetime.now(UTC), ""
    while after := await database.write(plan_slice, sealed, after, now, kind=Kind.SLICE):
        pass


async def planned_a_second(kind: str, folder: Path) -> float:
    """The product; raises when memory grew with the broadcast."""
    with stores.fresh(kind, folder) as url:
        database = Database(url, stores.KEYS)
        await database.write(make_addresses, BROADCAST, kind=Kind.SLICE)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        await plan(database, {"text": WORDS})
        took = time.perf_counter() - began
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        assert (await database.read(outbox.counts, 1))["queued"] == BROADCAST
        await database.close()
    if grown > 40:
        raise RuntimeError(f"memory grew by {grown:.0f} MB")
    return BROADCAST / took


SMALL = "CREATE TABLE t (id INTEGER PRIMARY KEY, chat INTEGER NOT NULL, body TEXT NOT NULL)"


def inserted_a_second(folder: Path) -> float:
    """The floor on SQLite: a row of three columns, 100 a commit."""
    db = sqlite3.connect(folder / "floor.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        db.execute(f"PRAGMA {pragma}")
    db.execute(SMALL)
    began = time.perf_counter()
    for start in range(0, BROADCAST, 100):
        db.execute("BEGIN IMMEDIATE")
        hundred = [(chat, WORDS) for chat in range(start, start + 100)]
        db.executemany("INSERT INTO t (chat, body) VALUES (?, ?)", hundred)
        db.execute("COMMIT")
    took = time.perf_counter() - began
    db.close()
    return BROADCAST / took


def inserted_a_second_on_postgres(folder: Path) -> float:
    """The floor on PostgreSQL."""
    with stores.fresh("postgres", folder) as url, psycopg.connect(url.replace("+psycopg", "")) as db:
        db.execute(SMALL.replace("INTEGER PRIMARY KEY", "BIGSERIAL PRIMARY KEY"))
        db.commit()
        began = time.perf_counter()
        for start in range(0, BROADCAST, 100):
            statement = "INSERT INTO t (chat, body) SELECT unnest(%s::int[]), unnest(%s::text[])"
            db.execute(statement, (list(range(start, start + 100)), [WORDS] * 100))
            db.commit()
        return BROADCAST / (time.perf_counter() - began)


@bar(
    "B11", "a broadcast to 100,000 planned on SQLite, memory flat", unit="rows/s", at_least=0.30,
    floor="rows of three columns inserted, 100 a commit",
)  # fmt: skip
async def planning(room: Room) -> AsyncGenerator[Pair, None]:
    while True:
        ours = await planned_a_second("sqlite", room.new_folder())
        yield Pair(ours, await asyncio.to_thread(inserted_a_second, room.new_folder()))


@bar("B11", "the same on PostgreSQL", unit="rows/s", at_least=0.30, floor="the same there")
async def planning_on_postgres(room: Room) -> AsyncGenerator[Pair, None]:
    while True:
        ours = await planned_a_second("postgres", room.new_folder())
        yield Pair(ours, await asyncio.to_thread(inserted_a_second_on_postgres, room.new_folder()))
