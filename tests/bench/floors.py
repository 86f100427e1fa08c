"""`python -m tests.bench.floors NAME ADDRESS`: the floors of a message's path, each a web server that does the least.

accept  one transaction of four statements for a request, plain sqlite3 in one writer thread, a group a commit
step    the product's statements in its two transactions, by hand, in the same threads, on the product's tables
async   four statements through SQLAlchemy Core on aiosqlite, as they are usually written
postgres the same statements in two transactions, by hand, through asyncpg

ADDRESS: the SQLite file or asyncpg's address of a database with the product's tables and the chats of VILLAGERS.
The first line of output is the port.
"""

import asyncio
import functools
import itertools
import queue
import sqlite3
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import uvloop
from aiohttp import web

from tests.bench.serve import VILLAGERS

Step = Callable[[int, bytes], Awaitable[Any]]
BODY = ("Kính gửi ông/bà, hồ sơ H55.242-260901-0012 đang được xử lý tại bộ phận Một cửa. " * 3).encode()
TALK = b'{"menu":"dossier","step":3}' * 10
KEY = "H98"
GROUP = 256
TURNS = 8
workers: list[asyncio.Task[None]] = []
_number = itertools.count(int(time.time() * 1000) * 1000)


class Writer:
    """One thread owns the connection; takes what has queued, at most GROUP, and commits it once."""

    def __init__(self, path: str, work: Callable[[sqlite3.Connection, Any], Any]) -> None:
        self._path, self._work = path, work
        self._queue: queue.SimpleQueue[tuple[asyncio.Future[Any], Any]] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._run, daemon=True).start()

    def __call__(self, what: Any) -> "asyncio.Future[Any]":
        future = self._loop.create_future()
        self._queue.put((future, what))
        return future

    def _run(self) -> None:
        db = connect(self._path)
        while True:
            taken = [self._queue.get()]
            while len(taken) < GROUP and not self._queue.empty():
                taken.append(self._queue.get())
            db.execute("BEGIN IMMEDIATE")
            done = [(future, self._work(db, what)) for future, what in taken]
            db.execute("COMMIT")
            self._loop.call_soon_threadsafe(self._told, done)

    @staticmethod
    def _told(done: "list[tuple[asyncio.Future[Any], Any]]") -> None:
        for future, result in done:
            future.set_result(result)


def connect(path: str) -> sqlite3.Connection:
    """As the product opens it."""
    db = sqlite3.connect(path, isolation_level=None, cached_statements=256)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON", "cache_size=-32768"):
        db.execute(f"PRAGMA {pragma}")
    return db


def make_chats(run: Callable[[str], Any]) -> None:
    """A lane and a citizen for each villager, in the product's tables."""
    for number in range(1, VILLAGERS + 1):
        run(
            f"INSERT INTO lane (id, commune_id, channel, account, chat, not_before) "
            f"VALUES ({number + 1000}, 1, 'floor', '', 'c{number}', 0)"
        )
        run(f"INSERT INTO citizen (id, commune_id, created_at) VALUES ({number + 1000}, 1, 0)")
        run(
            f"INSERT INTO address (commune_id, citizen_id, channel, account, sender, last_at) "
            f"VALUES (1, {number + 1000}, 'floor', '', 'c{number}', 0)"
        )


# --- accept: one transaction ------------------------------------------------------------------------------------------

SMALL = """
CREATE TABLE inbox (src TEXT NOT NULL, uid INTEGER NOT NULL, PRIMARY KEY (src, uid)) WITHOUT ROWID;
CREATE TABLE state (chat INTEGER PRIMARY KEY, ver INTEGER NOT NULL, data TEXT NOT NULL);
CREATE TABLE outbox (id INTEGER PRIMARY KEY, chat INTEGER NOT NULL, st INTEGER NOT NULL, body TEXT NOT NULL);
"""
SMALL_SAVE = "INSERT INTO state VALUES (?, ?, ?) ON CONFLICT (chat) DO UPDATE SET ver=excluded.ver, data=excluded.data"


async def accept(path: str) -> Step:
    db = connect(path + ".small")
    db.executescript(SMALL)
    db.close()

    def work(db: sqlite3.Connection, number: int) -> None:
        db.execute("INSERT INTO inbox VALUES ('tg', ?) ON CONFLICT DO NOTHING", (number,))
        row = db.execute("SELECT ver, data FROM state WHERE chat = ?", (number % 5000,)).fetchone()
        db.execute(SMALL_SAVE, (number % 5000, row[0] + 1 if row else 1, TALK))
        db.execute("INSERT INTO outbox (chat, st, body) VALUES (?, 0, ?)", (number % 5000, BODY))

    writer = Writer(path + ".small", work)
    return lambda number, raw: writer(number)


# --- step: the product's statements by hand ---------------------------------------------------------------------------
#
# Three turns, over and over, as the product's villagers have them: a look-up begins, a code that is none, the answer.

ACCEPT = """INSERT INTO inbox (commune_id, lane_id, channel, account, event_id, sender, raw, state, received_at)
SELECT commune_id, id, channel, account, ?, chat, ?, 'new', ? FROM lane
WHERE commune_id = 1 AND channel = 'floor' AND account = '' AND chat = ? ON CONFLICT DO NOTHING"""
TAKE = """SELECT inbox.id, inbox.lane_id, lane.chat, inbox.event_id, inbox.raw, citizen.id, talk.id, talk.data
FROM inbox JOIN lane ON lane.id = inbox.lane_id
LEFT JOIN address ON address.commune_id = 1 AND address.channel = 'floor' AND address.account = ''
AND address.sender = inbox.sender LEFT JOIN citizen ON citizen.id = address.citizen_id
LEFT JOIN talk ON talk.lane_id = lane.id AND talk.sender = inbox.sender AND talk.state = 'live'
WHERE inbox.state = 'new' AND {which} ORDER BY inbox.id LIMIT 1"""
READY = TAKE.format(which="lane.not_before <= ?")
OPEN = """INSERT INTO talk (commune_id, token, lane_id, sender, route, state, data, opened_at, touched_at, expires_at)
VALUES (1, ?, ?, ?, 'dossier', 'live', ?, ?, ?, ?)"""
SAVE = "UPDATE talk SET state = ?, data = ?, touched_at = ?, expires_at = ? WHERE id = ?"
SUPERSEDE = """UPDATE outbox SET state = 'dropped', dropped = 'superseded'
WHERE commune_id = 1 AND supersedes_key = ? AND state = 'queued'"""
PUT = """INSERT INTO outbox (commune_id, channel, account, chat, kind, body, state, created_at, not_before, expires_at,
supersedes_key, in_reply_to) VALUES (1, 'floor', '', ?, 'answer', ?, 'queued', ?, ?, ?, ?, ?)"""
DONE = "UPDATE inbox SET state = 'done', done_at = ? WHERE id = ?"
DOSSIER = "SELECT id, code, status, procedure_name, due_at, place FROM dossier WHERE commune_id = 1 AND code_key = ?"
GUIDE = "INSERT INTO guidance (commune_id, citizen_id, kind, reference, version, at) VALUES (1, ?, 'lookup', ?, '1', ?)"
LINK = "SELECT name FROM dossier_link WHERE commune_id = 1 AND citizen_id = ? AND dossier_id = ?"
AGE = "SELECT data_as_of FROM import_run WHERE commune_id = 1 AND state = 'done' ORDER BY data_as_of DESC LIMIT 1"
MARK = "SELECT mark FROM fact_change WHERE commune_id = 1 ORDER BY id DESC LIMIT 1"
LINE = "SELECT words FROM todays_line WHERE commune_id = 1 AND expires_at > ? AND removed_at IS NULL"
PARKED = """SELECT id, route FROM talk WHERE lane_id = ? AND sender = ? AND state = 'parked' AND touched_at >= ?
ORDER BY touched_at DESC LIMIT 1"""
LIST = """INSERT INTO shown_list (commune_id, lane_id, sender, unasked, sent_at, items) VALUES (1, ?, ?, false, ?, ?)
ON CONFLICT (commune_id, lane_id, sender, unasked) DO UPDATE SET sent_at = excluded.sent_at, items = excluded.items"""
Statement = tuple[str, tuple[Any, ...]]


def turn(row: Any, now: int) -> list[Statement]:
    """What a turn does after its event was taken, in order; what it reads it does not need."""
    event, lane, chat, name, raw, who, talk, _data = row
    orjson.loads(raw)["message"]["text"]
    answer = (PUT, (chat, BODY, now, now, now + 1, f"talk:{talk}", event))
    done = (DONE, (now, event))
    match int(name) // VILLAGERS % 3:
        case 0 if talk is None:
            return [(OPEN, (f"f{event}", lane, chat, TALK, now, now, now)), answer, done]
        case 2 if talk is not None:
            facts: list[Statement] = [
                (DOSSIER, (KEY,)), (MARK, ()), (GUIDE, (who, KEY, now)), (LINK, (who, 1)), (AGE, ()), (LINE, (now,)),
            ]  # fmt: skip
            ended: list[Statement] = [
                (SAVE, ("ended", TALK, now, now, talk)), (PARKED, (lane, chat, now)),
                (PUT, (chat, BODY, now, now, now + 1, None, event)), (LIST, (lane, chat, now, TALK)),
            ]  # fmt: skip
            return [*facts, *ended, done]
        case _ if talk is not None:
            return [(SAVE, ("live", TALK, now, now, talk)), (SUPERSEDE, (f"talk:{talk}",)), answer, done]
        case _:
            return [answer, done]


async def step(path: str) -> Step:
    db = connect(path)
    make_chats(db.execute)
    db.close()

    def work(db: sqlite3.Connection, what: tuple[int, bytes] | None) -> int:
        now = int(time.time() * 1000)
        if what is not None:
            number, raw = what
            db.execute(ACCEPT, (str(number), raw, now, _chat(number)))
            return number
        row = db.execute(READY, (now,)).fetchone()
        for sql, values in turn(row, now):
            db.execute(sql, values).fetchall()
        return int(row[3])

    writer = Writer(path, work)

    async def both(number: int, raw: bytes) -> None:
        await writer((number, raw))
        await writer(None)

    return both


def _chat(number: int) -> str:
    return f"c{number % VILLAGERS + 1}"


# --- async: as it is usually written ----------------------------------------------------------------------------------


async def usual(path: str) -> Step:
    from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text, bindparam, event, insert, select
    from sqlalchemy.dialects import sqlite
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(f"sqlite+aiosqlite:///{path}.usual", pool_size=1, max_overflow=0)

    @event.listens_for(engine.sync_engine, "connect")
    def connected(db: Any, _record: Any) -> None:
        db.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            db.execute(f"PRAGMA {pragma}")

    meta = MetaData()
    inbox = Table("inbox", meta, Column("src", Text, primary_key=True), Column("uid", Integer, primary_key=True))
    state = Table(
        "state", meta, Column("chat", Integer, primary_key=True), Column("ver", Integer), Column("data", LargeBinary)
    )
    outbox = Table(
        "outbox", meta, Column("id", Integer, primary_key=True), Column("chat", Integer), Column("body", LargeBinary)
    )
    async with engine.begin() as db:
        await db.run_sync(meta.create_all)
    add = sqlite.insert(inbox).on_conflict_do_nothing()
    read = select(state.c.ver, state.c.data).where(state.c.chat == bindparam("key"))
    save = sqlite.insert(state)
    save = save.on_conflict_do_update(
        index_elements=["chat"], set_={"ver": save.excluded.ver, "data": save.excluded.data}
    )
    lock = asyncio.Lock()

    async def work(number: int, raw: bytes) -> None:
        async with lock, engine.begin() as db:
            await db.exec_driver_sql("BEGIN IMMEDIATE")
            await db.execute(add, {"src": "tg", "uid": number})
            row = (await db.execute(read, {"key": number % 5000})).first()
            await db.execute(save, {"chat": number % 5000, "ver": row[0] + 1 if row else 1, "data": TALK})
            await db.execute(insert(outbox), {"chat": number % 5000, "body": BODY})

    return work


# --- postgres ---------------------------------------------------------------------------------------------------------


LOCK = """SELECT lane.id FROM lane JOIN inbox ON inbox.lane_id = lane.id WHERE inbox.state = 'new' AND
lane.not_before <= $1 ORDER BY inbox.id LIMIT 1 FOR UPDATE OF lane SKIP LOCKED"""
OLDEST = TAKE.format(which="lane.id = $1")


@functools.cache
def _dollars(sql: str) -> str:
    """asyncpg's places."""
    first, *others = sql.split("?")
    return first + "".join(f"${number}{other}" for number, other in enumerate(others, 1))


ACCEPT_ON_POSTGRES = (  # it cannot tell the types of values that go through a SELECT
    ACCEPT.replace("?", "$1::text", 1).replace("?", "$2::bytea", 1).replace("?", "$3::bigint", 1).replace("?", "$4", 1)
)


async def postgres(address: str) -> Step:
    import asyncpg

    pool = await asyncpg.create_pool(address, min_size=32, max_size=32)
    async with pool.acquire() as db:
        statements: list[str] = []
        make_chats(statements.append)
        await db.execute(";".join(statements))
    waiting: dict[int, asyncio.Future[None]] = {}
    arrived = asyncio.Semaphore(0)

    async def both(number: int, raw: bytes) -> None:
        waiting[number] = asyncio.get_running_loop().create_future()
        async with pool.acquire() as db:
            await db.execute(ACCEPT_ON_POSTGRES, str(number), raw, int(time.time() * 1000), _chat(number))
        arrived.release()
        await waiting[number]
        del waiting[number]

    async def one() -> bool:
        now = int(time.time() * 1000)
        async with pool.acquire() as db, db.transaction():
            lane = await db.fetchval(LOCK, now)
            row = None if lane is None else await db.fetchrow(OLDEST, lane)
            if row is None:
                return False
            for sql, values in turn(row, now):
                await db.fetch(_dollars(sql), *values)
        waiting[int(row[3])].set_result(None)
        return True

    async def worker() -> None:
        while await arrived.acquire():
            while await one():
                pass

    workers.extend(asyncio.create_task(worker()) for _each in range(TURNS))
    return both


# --- the server -------------------------------------------------------------------------------------------------------


async def main(name: str, address: str) -> None:
    work = await {"accept": accept, "step": step, "async": usual, "postgres": postgres}[name](address)

    async def hook(request: web.Request) -> web.Response:
        raw = await request.read()
        orjson.loads(raw)["message"]["text"]
        await work(next(_number), raw)
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as running:
        running.run(main(*sys.argv[1:]))
