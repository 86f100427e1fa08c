"""Letters ordered by turns and drawn outside them: what one says (sealed until it is drawn), and the files it became.

A turn only inserts a row. Whoever takes it has it until `taken_until`, so that two processes do not draw the same one
and another goes on after a kill -9; and `drawn` and `failed` change a letter that is still new, once, so that whoever
is late sends nothing. The same words for the same chat are the same letter: its files are sent again, not drawn again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    delete,
    select,
    text,
    update,
)

from storage.db import EPOCH, Id, UtcTime, insert, is_postgres, metadata
from storage.files import file
from storage.sealing import Unreadable, lookup_key, seal_json, unseal_json

letter = Table(
    "letter",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("name", String(40), nullable=False),  # of the letter: slip …
    Column("digest", String(32), nullable=False),  # keyed, of template and data
    Column("data", LargeBinary, nullable=True),  # sealed JSON; empty once it is drawn
    Column("state", String(8), nullable=False),  # new, drawn, failed
    Column("png", String(64), nullable=True),  # storage.files
    Column("pdf", String(64), nullable=True),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("chat", String(128), nullable=False),
    Column("sender", String(128), nullable=False),
    Column("ordered_at", UtcTime, nullable=False),
    Column("taken_until", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("event", String(24), nullable=False, server_default="letter"),  # that hands it over
    UniqueConstraint("commune_id", "channel", "account", "chat", "sender", "digest"),
)
_new = text("state = 'new'")
Index("ix_letter_new", letter.c.id, sqlite_where=_new, postgresql_where=_new)
Index("ix_letter_ordered", letter.c.ordered_at)
TAKEN = timedelta(seconds=30)
"""How long whoever takes a letter may need for it."""
_NEW = text("'new'")


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter of somebody's; `png` and `pdf` are names in storage.files, empty while it is not drawn."""

    id: int
    name: str
    state: str
    png: str
    pdf: str
    channel: str
    account: str
    chat: str
    sender: str
    ordered_at: datetime
    event: str = "letter"


@dataclass(frozen=True, slots=True)
class Order:
    """A letter taken to be drawn, and what it says."""

    letter: Letter
    data: dict[str, Any]
    attempts: int


_SHOWN = [letter.c[name] for name in Letter.__slots__]


def order(
    db: Connection,
    commune_id: int,
    who: tuple[str, str, str, str],
    name: str,
    template: str,
    data: dict[str, Any],
    now: datetime,
    event: str = "letter",
) -> tuple[Letter, bool]:
    """Order a letter for `who` (channel, account, chat, sender); `template` is the template's fingerprint, `event` what
    hands it over.

    True: it is to be drawn. False: it has been already, or is about to be.
    """
    told = orjson.dumps([name, template, data], option=orjson.OPT_SORT_KEYS).decode()
    key = dict(zip(("channel", "account", "chat", "sender"), who, strict=True))
    key |= {"digest": lookup_key(db, "letter", told)}
    waits = {
        "data": seal_json(db, data), "state": "new", "png": None, "pdf": None, "ordered_at": now, "taken_until": EPOCH,
        "attempts": 0,
    }  # fmt: skip
    values = {"commune_id": commune_id, "name": name, "event": event} | key | waits
    db.execute(insert(db, letter).values(values).on_conflict_do_nothing())
    same = [letter.c[column] == value for column, value in key.items()]
    found = _letter(db.execute(select(*_SHOWN).where(letter.c.commune_id == commune_id, *same)).one())
    if found.state == "failed" or (found.state == "drawn" and not _is_kept(db, commune_id, found)):
        db.execute(update(letter).where(letter.c.id == found.id).values(waits))
        return get(db, commune_id, found.id) or found, True
    return found, found.state == "new" and found.ordered_at == now


def _is_kept(db: Connection, commune_id: int, found: Letter) -> bool:
    """Whether both files are still there."""
    names = select(file.c.name).where(
        file.c.commune_id == commune_id, file.c.name.in_([found.png, found.pdf]), file.c.state == "fetched"
    )
    return len(db.execute(names).all()) == 2


def _letter(row: Any) -> Letter:
    values: dict[str, Any] = {name: getattr(row, name) for name in Letter.__slots__}
    return Letter(**values | {"png": row.png or "", "pdf": row.pdf or ""})


def get(db: Connection, commune_id: int, letter_id: int) -> Letter | None:
    """A letter by its id; whose it is stands in it, and whoever asks has to look."""
    row = db.execute(select(*_SHOWN).where(letter.c.commune_id == commune_id, letter.c.id == letter_id)).first()
    return None if row is None else _letter(row)


def take(db: Connection, commune_id: int, now: datetime) -> Order | None:
    """The oldest letter that is not drawn and in nobody's hands; it is ours for `TAKEN`. One that cannot be unsealed is
    set aside, so that the rest goes on.
    """
    while (row := _next(db, commune_id, now)) is not None:
        try:
            return Order(_letter(row), unseal_json(db, row.data), row.attempts)
        except Unreadable:
            failed(db, row.id)
    return None


def _next(db: Connection, commune_id: int, now: datetime) -> Any:
    oldest = (
        select(letter.c.id)
        .where(letter.c.state == _NEW, letter.c.commune_id == commune_id, letter.c.taken_until <= now)
        .order_by(letter.c.id)
        .limit(1)
    )
    found = db.execute(oldest.with_for_update(skip_locked=True) if is_postgres(db) else oldest).scalar()
    if found is None:
        return None
    db.execute(
        update(letter).where(letter.c.id == found).values(taken_until=now + TAKEN, attempts=letter.c.attempts + 1)
    )
    whole: Any = select(*_SHOWN, letter.c.data, letter.c.attempts).where(letter.c.id == found)
    return db.execute(whole).one()


def let_go(db: Connection, commune_id: int, letter_id: int | None = None) -> None:
    """Whoever holds this letter (None: any) holds it no more; it may be taken at once."""
    mine = [letter.c.state == _NEW, letter.c.commune_id == commune_id]
    mine += [letter.c.id == letter_id] if letter_id is not None else []
    db.execute(update(letter).where(*mine).values(taken_until=EPOCH))


def drawn(db: Connection, letter_id: int, png: str, pdf: str) -> bool:
    """It is drawn, and its files are these; False when somebody else was first: then nothing must be sent."""
    return _settle(db, letter_id, state="drawn", png=png, pdf=pdf)


def failed(db: Connection, letter_id: int) -> bool:
    """It cannot be drawn; False when somebody else has settled it."""
    return _settle(db, letter_id, state="failed")


def _settle(db: Connection, letter_id: int, **values: Any) -> bool:
    changed = db.execute(
        update(letter).where(letter.c.id == letter_id, letter.c.state == _NEW).values(data=None, **values)
    )
    return changed.rowcount > 0


def delete_old(db: Connection, before: datetime, limit: int = 500) -> int:
    """Delete letters ordered before `before`; their files go with the other files of that age."""
    old = select(letter.c.id).where(letter.c.ordered_at < before).limit(limit)
    return db.execute(delete(letter).where(letter.c.id.in_(old))).rowcount


def export(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> list[dict[str, Any]]:
    """Letters drawn for her; the files themselves are in storage.files."""
    rows = db.execute(
        select(letter.c.name, letter.c.state, letter.c.ordered_at)
        .where(*_hers(commune_id, channel, account, chat))
        .order_by(letter.c.id)
    )
    return [dict(row) for row in rows.mappings()]


def erase(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> None:
    """Forget her letters; `files.erase` tells which files to delete."""
    db.execute(delete(letter).where(*_hers(commune_id, channel, account, chat)))


def _hers(commune_id: int, channel: str, account: str, chat: str) -> list[Any]:
    return [
        letter.c.commune_id == commune_id, letter.c.channel == channel, letter.c.account == account,
        letter.c.chat == chat,
    ]  # fmt: skip
