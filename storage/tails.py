"""The second factor of a dossier: the last four digits of the phone on file, and the tries that lock it.

Whatever is true of the code, a try takes the same statements and the same time, and nobody can tell from the answer
whether the digits, the phone or the dossier are missing.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    true,
    update,
)  # fmt: skip

from storage.citizens import address
from storage.db import Id, UtcTime, is_postgres, metadata
from storage.dossiers import dossier, few_applicants, tail_key_text
from storage.sealing import lookup_key

tail_try = Table(
    "tail_try",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("chat_key", String(300), nullable=False),  # "" once erased: the code's own count must stay
    Column("code_key", String(64), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("wrong", Boolean, nullable=False),
)
Index("ix_tail_try_chat", tail_try.c.commune_id, tail_try.c.chat_key, tail_try.c.wrong, tail_try.c.at)
Index("ix_tail_try_code", tail_try.c.commune_id, tail_try.c.code_key, tail_try.c.wrong, tail_try.c.at)
Index("ix_tail_try_at", tail_try.c.at)

TRIES = 5
LOCK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Right:
    """The last four digits are those on file."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """They are not; or there is no phone, or no such dossier, or the phone is a helper's: nobody can tell which."""


@dataclass(frozen=True, slots=True)
class Locked:
    """Five were wrong within an hour, for this chat or for this code; nothing is judged until then."""

    until: datetime


def _last_wrong(column: Any, name: str) -> Any:
    return (
        select(tail_try.c.at)
        .where(tail_try.c.commune_id == bindparam("commune"), column == bindparam(name), tail_try.c.wrong == true())
        .order_by(tail_try.c.at.desc())
        .limit(TRIES)
    )


_WRONG_BY_CHAT = _last_wrong(tail_try.c.chat_key, "chat_key")
_WRONG_BY_CODE = _last_wrong(tail_try.c.code_key, "code_key")
_TAIL = select(dossier.c.tail_key, dossier.c.phone_key).where(
    dossier.c.commune_id == bindparam("commune"), dossier.c.code_key == bindparam("code_key")
)
_TRIED = insert(tail_try)


def chat_key(channel: str, account: str, chat: str) -> str:
    """The name under which a chat's tries are counted."""
    return f"{channel}/{account}/{chat}"


def try_tail(
    db: Connection, commune_id: int, chat_key: str, code_key: str, tail: str, now: datetime, most_applicants: int = 3
) -> Right | Wrong | Locked:
    """Judge the last four digits and count the try; the fifth wrong one in an hour locks chat and code for an hour.

    Whatever is true of the code (unknown, no phone, a phone of more than `most_applicants` applicants which therefore
    proves nothing: L06, locked), the same statements run in the same order and one comparison takes its time.
    """
    if is_postgres(db):
        # Turns of different chats run side by side there: without this, several could be the fifth try at one code.
        db.execute(select(func.pg_advisory_xact_lock(_number(lookup_key(db, "tail-lock", f"{commune_id}/{code_key}")))))
    keys = {"commune": commune_id, "chat_key": chat_key, "code_key": code_key}
    before = _lock(db, keys, now)
    right = _is_right(db, commune_id, code_key, tail, most_applicants)
    wrong = before.until is None and not right
    values = {"commune_id": commune_id, "chat_key": chat_key, "code_key": code_key, "at": now, "wrong": wrong}
    db.execute(_TRIED, values)
    if before.until is not None:
        return Locked(before.until)
    if right:
        return Right()
    return Locked(now + LOCK) if before.fifth else Wrong()


@dataclass(frozen=True, slots=True)
class _Lock:
    """`until`: locked until then. `fifth`: one more wrong try locks."""

    until: datetime | None
    fifth: bool


def _lock(db: Connection, keys: dict[str, Any], now: datetime) -> _Lock:
    untils, fifth = [], False
    for statement, name in ((_WRONG_BY_CHAT, "chat_key"), (_WRONG_BY_CODE, "code_key")):
        wrong = list(db.scalars(statement, {"commune": keys["commune"], name: keys[name]}))
        if len(wrong) == TRIES and wrong[0] - wrong[-1] <= LOCK and now < wrong[0] + LOCK:
            untils.append(wrong[0] + LOCK)
        fifth = fifth or (len(wrong) >= TRIES - 1 and now - wrong[TRIES - 2] <= LOCK)
    return _Lock(max(untils, default=None), fifth)


def locked_until(db: Connection, commune_id: int, chat_key: str, code_key: str, now: datetime) -> datetime | None:
    """Until when no tail is judged for this chat or this code; None when one may be tried."""
    return _lock(db, {"commune": commune_id, "chat_key": chat_key, "code_key": code_key}, now).until


def _is_right(db: Connection, commune_id: int, code_key: str, tail: str, most_applicants: int) -> bool:
    row = db.execute(_TAIL, {"commune": commune_id, "code_key": code_key}).first()
    on_file, phone_key = (row.tail_key, row.phone_key) if row else (None, None)
    dummy = lookup_key(db, "tail", tail_key_text(code_key, "none"))
    given = lookup_key(db, "tail", tail_key_text(code_key, tail))
    same = hmac.compare_digest(given, on_file or dummy)
    few = few_applicants(db, commune_id, phone_key or dummy, most_applicants)
    return same and few


def _number(key: str) -> int:
    """A signed 64-bit number for PostgreSQL's advisory locks."""
    return int.from_bytes(bytes.fromhex(key[:16]), "big", signed=True)


def forget_tries(db: Connection, before: datetime) -> int:
    """Delete tries that no lock looks at any more; `before` at least an hour ago. Returns how many."""
    return db.execute(delete(tail_try).where(tail_try.c.at < before)).rowcount


# --- the citizen's rights ---------------------------------------------------------------------------------------------


def export(db: Connection, commune_id: int, citizen_id: int) -> list[dict[str, Any]]:
    """What is kept here about a citizen: her tries."""
    tried = select(tail_try.c.code_key, tail_try.c.at, tail_try.c.wrong).order_by(tail_try.c.id)
    hers = tail_try.c.chat_key.in_(_chats(db, commune_id, citizen_id))
    return [dict(row) for row in db.execute(tried.where(tail_try.c.commune_id == commune_id, hers)).mappings()]


def erase(db: Connection, commune_id: int, citizen_id: int) -> None:
    """A try keeps its code and loses its chat: erasing must not open a lock."""
    hers = tail_try.c.chat_key.in_(_chats(db, commune_id, citizen_id))
    db.execute(update(tail_try).where(tail_try.c.commune_id == commune_id, hers).values(chat_key=""))


def _chats(db: Connection, commune_id: int, citizen_id: int) -> Iterable[str]:
    """Her private chats, where chat and sender are the same person."""
    found = select(address.c.channel, address.c.account, address.c.sender)
    found = found.where(address.c.commune_id == commune_id, address.c.citizen_id == citizen_id)
    return [chat_key(*row) for row in db.execute(found)]
