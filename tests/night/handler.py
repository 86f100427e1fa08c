"""Routes for the night tests: their effect is one row an event, so that "exactly once" can be counted.

`night_effect` has no unique key on purpose: an effect that happened twice stands there twice.
"""

import contextlib
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import psycopg
from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, insert, select

from bot import app
from bot.conversation import Ask, Find
from bot.questions import Confirm, Text
from bot.routes import Routes
from bot.turn import Address, Turn
from messages.reply import Msg, Reply
from storage.inbox import inbox, lane

routes = Routes()
HANDLERS = (*app.HANDLERS, SimpleNamespace(routes=routes))
"""Those of the product, and these."""
broken: set[str] = set()
"""First words after /hong whose turn raises for now."""
SLOW_SECONDS = 0.15

effect = Table(
    "night_effect",
    MetaData(),
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("event", BigInteger, nullable=False),
    Column("chat", String(128), nullable=False),
    Column("what", String(200), nullable=False),
)


def prepare(folder: Path, url: str = "") -> None:
    """Make the table of effects, before the service starts."""
    columns = "event BIGINT NOT NULL, chat TEXT NOT NULL, what TEXT NOT NULL)"
    if url:
        with psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True) as db:
            db.execute(f"CREATE TABLE IF NOT EXISTS night_effect (id BIGSERIAL PRIMARY KEY, {columns}")
        return
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(folder / "gandan.db", isolation_level=None)) as db:
        db.execute(f"CREATE TABLE IF NOT EXISTS night_effect (id INTEGER PRIMARY KEY, {columns}")


def note(turn: Turn, what: str) -> None:
    turn.db.execute(insert(effect).values(event=turn.event_id, chat=turn.address.chat, what=what))


@routes.command("/viec")
def work(turn: Turn, rest: str) -> Reply:
    """One row."""
    note(turn, rest)
    return Reply(f"Việc {rest} đã ghi.")


@routes.command("/cham")
def slow_work(turn: Turn, rest: str) -> Reply:
    """One row, and a while until the end of the transaction."""
    note(turn, rest)
    time.sleep(SLOW_SECONDS)
    return Reply(f"Việc {rest} đã ghi.")


@routes.command("/hong")
def broken_work(turn: Turn, rest: str) -> Reply:
    """A row, and an error after it while that is switched on."""
    note(turn, rest)
    if rest.split(" ", maxsplit=1)[0] in broken:
        raise ValueError(f"not to be logged: {rest}")
    return Reply(f"Việc {rest} đã ghi.")


@routes.command("/goi")
def call(turn: Turn, rest: str) -> Reply:
    """Make something happen in another lane: `/goi EVENT WHAT`, to the chat that event came from."""
    event_id, _space, what = rest.partition(" ")
    columns = (lane.c.channel, lane.c.account, lane.c.chat)
    found = select(*columns).join(inbox, inbox.c.lane_id == lane.c.id).where(inbox.c.event_id == event_id)
    at = turn.db.execute(found).one()
    turn.wake(Address(at.channel, at.account, at.chat, at.chat), "night-call", str(turn.event_id), what=what)
    return Reply(f"Đã gọi {what}.")


@routes.event("night-call")
def called(turn: Turn, what: str) -> Reply:
    note(turn, what)
    return Reply(f"Có người gọi {what}.")


@dataclass(frozen=True)
class File:
    """What the form files."""

    what: str


@routes.conversation("night-form", words=("/don",), title=Msg("Đơn ban đêm"))
def form(ask: Ask, find: Find) -> File | None:
    """Two questions, the last a Confirm."""
    what = ask(Text("what", "Đơn về việc gì?"))
    return File(what) if ask(Confirm("sure", "Gửi đơn này?", values=(what,))) else None


@routes.does(File)
def file(command: File, turn: Turn) -> Reply:
    note(turn, command.what)
    return Reply(f"Đơn {command.what} đã gửi.")
