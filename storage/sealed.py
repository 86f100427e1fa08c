"""What accuses somebody, and crime: sealed to two named readers, with keys that are not the database's (L28, L29).

Every item has a data key of its own (AES-GCM). It is stored only wrapped: once for each reader under that reader's own
key, once under the secret code of whoever wrote it, so that she can ask what became of it, and once as a spare, from
which a new reader's wrap is made when both readers have left. Readers' keys and the spare are wrapped by a key derived
from SECRET_KEY, which never enters the database or a backup. A reader whom an item concerns has no wrap of it, so no
mistake of a page can show it to him. Files of an item lie in DATA_DIR/sealed under random names, closed with its key.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import (
    Column,
    Connection,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    func,
    insert,
    select,
    text,
    update,
)

from storage import officials
from storage.db import Id, UtcTime, metadata
from storage.db import insert as upsert
from storage.files import file
from storage.officials import official
from storage.sealing import NONCE, Unreadable, keys, lookup_key, seal_json, unseal_json

sealed_reader = Table(
    "sealed_reader", metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("official_id", Id, ForeignKey("official.id"), nullable=False),
    Column("place", Integer, nullable=False),  # 1 or 2: there are two readers
    Column("decision", String(120), nullable=False),  # number of the written decision that names him
    Column("decided_on", Date, nullable=False),
    Column("named_by", Id, ForeignKey("official.id"), nullable=False),
    Column("named_at", UtcTime, nullable=False),
    Column("key", LargeBinary, nullable=False),  # his key, wrapped by one that is not in the database
    Column("pin_hash", String(64), nullable=True),  # the second factor; his first look sets it
    Column("pin_tries", Integer, nullable=False, server_default="0"),
    Column("locked_until", UtcTime, nullable=True),
    Column("fresh_hash", String(64), nullable=True),  # of the browser that typed the PIN a few minutes ago
    Column("fresh_until", UtcTime, nullable=True),
    UniqueConstraint("commune_id", "place"),
    UniqueConstraint("commune_id", "official_id"),
)  # fmt: skip
sealed_item = Table(
    "sealed_item", metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("lane", String(10), nullable=False),  # LANES
    Column("post", String(120), nullable=False),  # whom it concerns, by post
    Column("excluded_id", Id, ForeignKey("official.id"), nullable=True),  # the reader whom it concerns
    Column("state", String(8), nullable=False),  # waiting, read, done, moved
    Column("words", LargeBinary, nullable=False),  # closed with its own key: text, how to reach her, what files are
    Column("outcome", LargeBinary, nullable=True),  # closed with its own key: what she is told by her code
    Column("received_at", UtcTime, nullable=False),
    Column("read_at", UtcTime, nullable=True),
    Column("done_at", UtcTime, nullable=True),
    Column("reminded", Integer, nullable=False, server_default="0"),  # the working day of the last reminder
    Column("told_at", UtcTime, nullable=True),  # that nobody has read it
    Column("back", LargeBinary, nullable=True),  # sealed: the chat to be told in neutral words; gone once read
    Column("back_key", String(32), nullable=True),
)  # fmt: skip
_waits = text("state = 'waiting'")
Index("ix_sealed_item_waiting", sealed_item.c.commune_id, sealed_item.c.received_at,
      sqlite_where=_waits, postgresql_where=_waits)  # fmt: skip
Index("ix_sealed_item_done", sealed_item.c.done_at)
Index("ix_sealed_item_back", sealed_item.c.commune_id, sealed_item.c.back_key)
sealed_wrap = Table(
    "sealed_wrap", metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("item_id", Id, ForeignKey("sealed_item.id"), nullable=False),
    Column("holder", String(24), nullable=False),  # reader:<official>, code, spare
    Column("key", LargeBinary, nullable=False),
    UniqueConstraint("commune_id", "item_id", "holder"),
)  # fmt: skip
Index("ix_sealed_wrap_holder", sealed_wrap.c.commune_id, sealed_wrap.c.holder, sealed_wrap.c.item_id)
sealed_file = Table(
    "sealed_file", metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("item_id", Id, ForeignKey("sealed_item.id"), nullable=False),
    Column("name", String(32), nullable=False),
    UniqueConstraint("commune_id", "name"),
)  # fmt: skip
Index("ix_sealed_file_item", sealed_file.c.item_id)
sealed_access = Table(
    "sealed_access", metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("item_id", Id, nullable=False),  # no reference: the log outlives what it is about
    Column("official_id", Id, ForeignKey("official.id"), nullable=False),
    Column("what", String(10), nullable=False),  # opened, file, answered, moved
    Column("at", UtcTime, nullable=False),
)  # fmt: skip
Index("ix_sealed_access_item", sealed_access.c.commune_id, sealed_access.c.item_id)
sealed_token = Table(
    "sealed_token", metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("back", LargeBinary, nullable=True),  # sealed: the chat it was asked for in
    Column("back_key", String(32), nullable=True),
    Column("expires_at", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "digest"),
)  # fmt: skip
Index("ix_sealed_token_expires", sealed_token.c.expires_at)
Index("ix_sealed_token_back", sealed_token.c.commune_id, sealed_token.c.back_key)

LANES = ("accusation", "crime")
READ = "read-sealed"
TOKEN_HOURS = timedelta(hours=24)
FRESH = timedelta(minutes=10)
"""How long a reader's PIN opens what waits."""
PIN_TRIES = 5
LOCKED = timedelta(hours=24)
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that is misread when dictated
SPARE, CODE = "spare", "code"

Back = tuple[str, str, str, str]
"""The chat she came from: channel, account, chat, sender."""


# --- closing and opening ----------------------------------------------------------------------------------------------


def fresh_key() -> bytes:
    """A data key for one item."""
    return AESGCM.generate_key(256)


def close_with(key: bytes, clear: bytes, about: bytes = b"") -> bytes:
    """nonce + AES-GCM ciphertext under a data key."""
    return _close(AESGCM(key), clear, about)


def open_with(key: bytes, closed: bytes, about: bytes = b"") -> bytes:
    """Open what `close_with` closed; raises Unreadable."""
    return _open(AESGCM(key), closed, about)


def _close(cipher: AESGCM, clear: bytes, about: bytes) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + cipher.encrypt(nonce, clear, about)


def _open(cipher: AESGCM, closed: bytes, about: bytes) -> bytes:
    try:
        return cipher.decrypt(closed[:NONCE], closed[NONCE:], about)
    except (InvalidTag, ValueError) as error:
        raise Unreadable("closed with another key, or damaged") from error


def _about(commune_id: int, item_id: int, holder: str) -> bytes:
    return f"{commune_id}:{item_id}:{holder}".encode()


def _of_code(db: Connection, code: str) -> AESGCM:
    plain = "".join(letter for letter in code.upper() if letter in ALPHABET)
    return AESGCM(hmac.new(keys(db).lookup, b"sealed-code\0" + plain.encode(), hashlib.sha256).digest())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _back_key(db: Connection, channel: str, account: str, chat: str) -> str:
    return lookup_key(db, "sealed-back", f"{channel}\0{account}\0{chat}")


# --- the one-time page ------------------------------------------------------------------------------------------------


def new_token(db: Connection, commune_id: int, back: Back | None, now: datetime) -> str:
    """A link for once and for a day, of which only a digest is stored."""
    token = secrets.token_urlsafe(24)
    db.execute(insert(sealed_token).values(
        commune_id=commune_id, digest=_digest(token), back=seal_json(db, back) if back else None,
        back_key=_back_key(db, *back[:3]) if back else None, expires_at=now + TOKEN_HOURS,
    ))  # fmt: skip
    return token


def token_opens(db: Connection, commune_id: int, token: str, now: datetime) -> bool:
    """Whether this link may still be used."""
    return db.execute(select(sealed_token.c.id).where(*_valid(commune_id, token, now))).first() is not None


def came_from_chat(db: Connection, commune_id: int, token: str, now: datetime) -> bool:
    """Whether the link was asked for in a chat, where she can be told later that there is news."""
    found = select(sealed_token.c.id).where(*_valid(commune_id, token, now), sealed_token.c.back.is_not(None))
    return db.execute(found).first() is not None


def _valid(commune_id: int, token: str, now: datetime) -> tuple[Any, ...]:
    here = sealed_token.c
    return here.commune_id == commune_id, here.digest == _digest(token), here.expires_at > now


@dataclass(frozen=True, slots=True)
class Spent:
    """A link that has just been used up; `back`: the chat it came from."""

    back: Back | None


def spend(db: Connection, commune_id: int, token: str, now: datetime) -> Spent | None:
    """Use a link up; None when it was used, is too old or unknown. Of two that send at once one wins."""
    gone = sealed_token.delete().where(*_valid(commune_id, token, now)).returning(sealed_token.c.back)
    row = db.execute(gone).first()
    if row is None:
        return None
    if row.back is None:
        return Spent(None)
    channel, account, chat, sender = unseal_json(db, row.back)
    return Spent((channel, account, chat, sender))


# --- items ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """What may be known of an item without opening it."""

    id: int
    lane: str
    post: str
    state: str
    received_at: datetime
    read_at: datetime | None
    done_at: datetime | None
    reminded: int
    told_at: datetime | None

    @property
    def number(self) -> str:
        """As it stands on the receipt."""
        return f"TN-{self.id:04d}"


_ITEM = tuple(sealed_item.c[name] for name in Item.__slots__)


def keep(
    db: Connection, commune_id: int, lane: str, post: str, excluded_id: int | None, words: dict[str, Any],
    files: Sequence[str], key: bytes, back: Back | None, now: datetime,
) -> tuple[Item, str]:  # fmt: skip
    """Keep an item under its data key, wrapped for every reader but the one it concerns; returns it and the secret
    code, told once. `files`: names in DATA_DIR/sealed, closed with the same key.
    """
    row = db.execute(
        insert(sealed_item).values(
            commune_id=commune_id, lane=lane, post=post, excluded_id=excluded_id, state="waiting",
            words=close_with(key, orjson.dumps(words)), received_at=now, reminded=0,
            back=seal_json(db, back) if back else None, back_key=_back_key(db, *back[:3]) if back else None,
        ).returning(*_ITEM)
    ).one()  # fmt: skip
    item = Item(*row)
    code = "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))
    holders: dict[str, AESGCM] = {CODE: _of_code(db, code), SPARE: keys(db).wrapper}
    holders |= {_holder(each): _own_key(db, commune_id, each) for each in _ids(db, commune_id) if each != excluded_id}
    db.execute(insert(sealed_wrap), [
        {"commune_id": commune_id, "item_id": item.id, "holder": holder,
         "key": _close(cipher, key, _about(commune_id, item.id, holder))}
        for holder, cipher in holders.items()
    ])  # fmt: skip
    if files:
        rows = [{"commune_id": commune_id, "item_id": item.id, "name": name} for name in files]
        db.execute(insert(sealed_file), rows)
    return item, code


def waiting(db: Connection, commune_id: int) -> list[Item]:
    """Items nobody has read, oldest first."""
    here = (sealed_item.c.commune_id == commune_id) & _waits
    return [Item(*row) for row in db.execute(select(*_ITEM).where(here).order_by(sealed_item.c.received_at))]


def count_waiting(db: Connection, commune_id: int) -> int:
    """How many items nobody has read: all that the Chairman and a reminder are told."""
    here = (sealed_item.c.commune_id == commune_id) & _waits
    return int(db.execute(select(func.count()).select_from(sealed_item).where(here)).scalar_one())


def readable(db: Connection, commune_id: int, official_id: int, limit: int = 200) -> list[Item]:
    """Items this reader can open, newest first: number, date, post; never words."""
    rows = db.execute(
        select(*_ITEM)
        .join(sealed_wrap, sealed_wrap.c.item_id == sealed_item.c.id)
        .where(sealed_wrap.c.commune_id == commune_id, sealed_wrap.c.holder == _holder(official_id))
        .order_by(sealed_wrap.c.item_id.desc())
        .limit(limit)
    )
    return [Item(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Opened:
    """An item with its words; `key` opens its files."""

    item: Item
    words: dict[str, Any]
    outcome: str
    key: bytes


def open_as_reader(db: Connection, commune_id: int, item_id: int, official_id: int) -> Opened | None:
    """An item as this reader sees it, or None: it is not there, or it concerns him, or he reads no longer."""
    cipher = _own_key_or_none(db, commune_id, official_id)
    return None if cipher is None else _opened(db, commune_id, item_id, _holder(official_id), cipher)


def open_with_code(db: Connection, commune_id: int, item_id: int, code: str) -> Opened | None:
    """An item as she sees it who has its secret code, or None."""
    try:
        return _opened(db, commune_id, item_id, CODE, _of_code(db, code))
    except Unreadable:
        return None


def _opened(db: Connection, commune_id: int, item_id: int, holder: str, cipher: AESGCM) -> Opened | None:
    row = db.execute(
        select(*_ITEM, sealed_item.c.words, sealed_item.c.outcome, sealed_wrap.c.key)
        .join(sealed_wrap, sealed_wrap.c.item_id == sealed_item.c.id)
        .where(
            sealed_wrap.c.commune_id == commune_id, sealed_wrap.c.item_id == item_id, sealed_wrap.c.holder == holder
        )
    ).first()  # fmt: skip
    if row is None:
        return None
    *about, words, outcome, wrapped = row
    key = _open(cipher, wrapped, _about(commune_id, item_id, holder))
    told = open_with(key, outcome).decode() if outcome else ""
    return Opened(Item(*about), orjson.loads(open_with(key, words)), told, key)


def was_read(db: Connection, commune_id: int, item_id: int, official_id: int, now: datetime) -> None:
    """A reader has opened it: logged, and the chat she came from is forgotten, because it is needed no more."""
    log(db, commune_id, item_id, official_id, "opened", now)
    db.execute(
        update(sealed_item)
        .where(sealed_item.c.commune_id == commune_id, sealed_item.c.id == item_id, _waits)
        .values(state="read", read_at=now, back=None, back_key=None)
    )


def answer(
    db: Connection, commune_id: int, opened: Opened, official_id: int, outcome: str, moved: bool, now: datetime
) -> None:
    """Write down what became of it; she reads it with her code."""
    log(db, commune_id, opened.item.id, official_id, "moved" if moved else "answered", now)
    db.execute(
        update(sealed_item)
        .where(sealed_item.c.commune_id == commune_id, sealed_item.c.id == opened.item.id)
        .values(
            state="moved" if moved else "done", done_at=now, outcome=close_with(opened.key, outcome.encode()),
            back=None, back_key=None,
        )
    )  # fmt: skip


def log(db: Connection, commune_id: int, item_id: int, official_id: int, what: str, now: datetime) -> None:
    """Write down who looked at what, when."""
    row = {"commune_id": commune_id, "item_id": item_id, "official_id": official_id, "what": what, "at": now}
    db.execute(insert(sealed_access).values(row))


def looked(db: Connection, commune_id: int, item_id: int) -> list[tuple[str, str, datetime]]:
    """Who has looked at an item: name, what, when; oldest first."""
    rows = db.execute(
        select(official.c.name, sealed_access.c.what, sealed_access.c.at)
        .join(official, official.c.id == sealed_access.c.official_id)
        .where(sealed_access.c.commune_id == commune_id, sealed_access.c.item_id == item_id)
        .order_by(sealed_access.c.id)
    )
    return [(row.name, row.what, row.at) for row in rows]


def item_of(db: Connection, commune_id: int, name: str) -> int:
    """The item to which a file of DATA_DIR/sealed belongs; 0 when there is none."""
    here = (sealed_file.c.commune_id == commune_id) & (sealed_file.c.name == name)
    return int(db.execute(select(sealed_file.c.item_id).where(here)).scalar() or 0)


# --- readers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reader:
    """One of the two who may read, and the decision that names him."""

    official_id: int
    name: str
    post: str
    place: int
    decision: str
    decided_on: date


def readers(db: Connection, commune_id: int) -> list[Reader]:
    """Who may read now: named, still here, and holding the right."""
    return [Reader(*row[:-1]) for row in _readers(db, commune_id) if READ in row.rights.split(",")]


def has_readers(db: Connection, commune_id: int) -> bool:
    """Whether somebody can read what is written."""
    return bool(readers(db, commune_id))


def _readers(db: Connection, commune_id: int) -> list[Any]:
    here = sealed_reader.c
    return list(db.execute(
        select(here.official_id, official.c.name, official.c.post, here.place, here.decision, here.decided_on,
               official.c.rights)
        .join(official, official.c.id == here.official_id)
        .where(here.commune_id == commune_id, official.c.active)
        .order_by(here.place)
    ))  # fmt: skip


def _ids(db: Connection, commune_id: int) -> list[int]:
    return [each.official_id for each in readers(db, commune_id)]


def _holder(official_id: int) -> str:
    return f"reader:{official_id}"


def _own_key_or_none(db: Connection, commune_id: int, official_id: int) -> AESGCM | None:
    if official_id not in _ids(db, commune_id):
        return None
    here = (sealed_reader.c.commune_id == commune_id) & (sealed_reader.c.official_id == official_id)
    wrapped = db.execute(select(sealed_reader.c.key).where(here)).scalar_one()
    return AESGCM(_open(keys(db).wrapper, wrapped, _about(commune_id, 0, _holder(official_id))))


def _own_key(db: Connection, commune_id: int, official_id: int) -> AESGCM:
    found = _own_key_or_none(db, commune_id, official_id)
    assert found is not None, "asked only of readers"
    return found


def name_reader(
    db: Connection, commune_id: int, official_id: int, place: int, decision: str, decided_on: date, by: int,
    now: datetime,
) -> None:  # fmt: skip
    """From now on this official reads in that place; whoever was there loses all wraps in the same transaction, and
    the new one gets them, but for the items that concern him.
    """
    here = (sealed_reader.c.commune_id == commune_id) & (sealed_reader.c.place == place)
    for before in db.execute(select(sealed_reader.c.official_id).where(here)).scalars().all():
        drop_reader(db, commune_id, before)
    drop_reader(db, commune_id, official_id)
    own = fresh_key()
    wrapped = _close(keys(db).wrapper, own, _about(commune_id, 0, _holder(official_id)))
    db.execute(insert(sealed_reader).values(
        commune_id=commune_id, official_id=official_id, place=place, decision=decision, decided_on=decided_on,
        named_by=by, named_at=now, key=wrapped, pin_tries=0,
    ))  # fmt: skip
    _wrap_all(db, commune_id, official_id, AESGCM(own))


def _wrap_all(db: Connection, commune_id: int, official_id: int, own: AESGCM) -> None:
    spares = db.execute(
        select(sealed_wrap.c.item_id, sealed_wrap.c.key)
        .join(sealed_item, sealed_item.c.id == sealed_wrap.c.item_id)
        .where(
            sealed_wrap.c.commune_id == commune_id,
            sealed_wrap.c.holder == SPARE,
            func.coalesce(sealed_item.c.excluded_id, 0) != official_id,
        )
    ).all()
    holder = _holder(official_id)
    rows = []
    for item_id, wrapped in spares:
        key = _open(keys(db).wrapper, wrapped, _about(commune_id, item_id, SPARE))
        closed = _close(own, key, _about(commune_id, item_id, holder))
        rows.append({"commune_id": commune_id, "item_id": item_id, "holder": holder, "key": closed})
    if rows:
        db.execute(upsert(db, sealed_wrap).on_conflict_do_nothing(), rows)


def drop_reader(db: Connection, commune_id: int, official_id: int) -> None:
    """He reads no more: his key and every wrap of his go at once."""
    db.execute(sealed_wrap.delete().where(
        sealed_wrap.c.commune_id == commune_id, sealed_wrap.c.holder == _holder(official_id)
    ))  # fmt: skip
    here = (sealed_reader.c.commune_id == commune_id) & (sealed_reader.c.official_id == official_id)
    db.execute(sealed_reader.delete().where(here))


def leave(db: Connection, commune_id: int, official_id: int) -> None:
    """An official has left: all rights, and with them every key, go at once."""
    drop_reader(db, commune_id, official_id)
    officials.remove(db, commune_id, official_id)


def drop_gone(db: Connection, commune_id: int) -> int:
    """Drop readers who are no longer here or have lost the right; how many."""
    named = db.execute(
        select(sealed_reader.c.official_id).where(sealed_reader.c.commune_id == commune_id)
    ).scalars().all()  # fmt: skip
    gone = set(named) - set(_ids(db, commune_id))
    for each in gone:
        drop_reader(db, commune_id, each)
    return len(gone)


# --- the second factor ------------------------------------------------------------------------------------------------


def has_pin(db: Connection, commune_id: int, official_id: int) -> bool:
    """Whether this reader has set his PIN."""
    return db.execute(select(sealed_reader.c.pin_hash).where(*_reader(commune_id, official_id))).scalar() is not None


def enter(db: Connection, commune_id: int, official_id: int, pin: str, now: datetime) -> str | None:
    """A secret for this browser, good for a few minutes, when the PIN is right; the first PIN typed is the one from
    then on. Five wrong ones lock it for a day, or until he is named anew.
    """
    row = db.execute(
        select(sealed_reader.c.pin_hash, sealed_reader.c.locked_until).where(*_reader(commune_id, official_id))
    ).first()
    if row is None or (row.locked_until is not None and row.locked_until > now):
        return None
    wanted = lookup_key(db, "sealed-pin", f"{official_id}:{pin}")
    if row.pin_hash is not None and not hmac.compare_digest(row.pin_hash, wanted):
        _wrong(db, commune_id, official_id, now)
        return None
    secret = secrets.token_urlsafe(32)
    db.execute(update(sealed_reader).where(*_reader(commune_id, official_id)).values(
        pin_hash=wanted, pin_tries=0, locked_until=None, fresh_hash=_digest(secret), fresh_until=now + FRESH,
    ))  # fmt: skip
    return secret


def _wrong(db: Connection, commune_id: int, official_id: int, now: datetime) -> None:
    here = _reader(commune_id, official_id)
    db.execute(update(sealed_reader).where(*here).values(pin_tries=sealed_reader.c.pin_tries + 1))
    too_often = sealed_reader.c.pin_tries >= PIN_TRIES
    locked = {"pin_tries": 0, "locked_until": now + LOCKED, "fresh_hash": None, "fresh_until": None}
    db.execute(update(sealed_reader).where(*here, too_often).values(locked))


def is_locked(db: Connection, commune_id: int, official_id: int, now: datetime) -> bool:
    """Whether too many wrong PINs were typed."""
    until = db.execute(select(sealed_reader.c.locked_until).where(*_reader(commune_id, official_id))).scalar()
    return until is not None and until > now


def is_fresh(db: Connection, commune_id: int, official_id: int, secret: str, now: datetime) -> bool:
    """Whether this browser typed the PIN within the last minutes."""
    row = db.execute(
        select(sealed_reader.c.fresh_hash, sealed_reader.c.fresh_until).where(*_reader(commune_id, official_id))
    ).first()
    if row is None or row.fresh_hash is None or row.fresh_until is None or row.fresh_until <= now:
        return False
    return hmac.compare_digest(row.fresh_hash, _digest(secret))


def _reader(commune_id: int, official_id: int) -> tuple[Any, ...]:
    return sealed_reader.c.commune_id == commune_id, sealed_reader.c.official_id == official_id


# --- nobody has read it -----------------------------------------------------------------------------------------------


def reminded(db: Connection, commune_id: int, ids: Iterable[int], day: int) -> None:
    """Readers have been reminded of these on that working day."""
    here = (sealed_item.c.commune_id == commune_id) & sealed_item.c.id.in_(list(ids))
    db.execute(update(sealed_item).where(here).values(reminded=day))


def told(db: Connection, commune_id: int, item_id: int, now: datetime) -> Back | None:
    """She is told that nobody has read it: returns the chat she came from, which is forgotten with that."""
    here = (sealed_item.c.commune_id == commune_id) & (sealed_item.c.id == item_id)
    back = db.execute(select(sealed_item.c.back).where(here)).scalar()
    db.execute(update(sealed_item).where(here).values(told_at=now, back=None, back_key=None))
    if back is None:
        return None
    channel, account, chat, sender = unseal_json(db, back)
    return channel, account, chat, sender


# --- what is not kept, and the end ------------------------------------------------------------------------------------


def drop_files(db: Connection, commune_id: int, names: Sequence[str]) -> None:
    """What was sent with words that are not kept goes too; the bytes are deleted after COMMIT (`storage.files.erased`),
    and one that is still to be fetched never is.
    """
    if not names:
        return
    gone = {"state": "erased", "chat": "", "sender": "", "title": None, "source": None, "codes": None}
    here = (file.c.commune_id == commune_id) & file.c.name.in_(list(names))
    db.execute(update(file).where(here).values(gone))


def delete_old(db: Connection, now: datetime, before: datetime, limit: int = 100) -> list[str]:
    """Delete links that are over, and items settled before `before`; returns the names of their files."""
    over = select(sealed_token.c.id).where(sealed_token.c.expires_at < now).limit(limit)
    db.execute(sealed_token.delete().where(sealed_token.c.id.in_(over)))
    old = list(db.execute(select(sealed_item.c.id).where(sealed_item.c.done_at < before).limit(limit)).scalars())
    if not old:
        return []
    names = list(db.execute(select(sealed_file.c.name).where(sealed_file.c.item_id.in_(old))).scalars())
    for table in (sealed_file, sealed_wrap):
        db.execute(table.delete().where(table.c.item_id.in_(old)))
    db.execute(sealed_item.delete().where(sealed_item.c.id.in_(old)))
    return names


def known(db: Connection, names: Sequence[str]) -> set[str]:
    """Which of these names in DATA_DIR/sealed belong to an item."""
    return set(db.execute(select(sealed_file.c.name).where(sealed_file.c.name.in_(names))).scalars())


def erase(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> None:
    """Forget which chat something came from. The item stays: nobody can tell any more whose it is."""
    key = _back_key(db, channel, account, chat)
    gone = sealed_item.c.commune_id == commune_id, sealed_item.c.back_key == key
    db.execute(update(sealed_item).where(*gone).values(back=None, back_key=None))
    here = sealed_token.c.commune_id == commune_id, sealed_token.c.back_key == key
    db.execute(sealed_token.delete().where(*here))
