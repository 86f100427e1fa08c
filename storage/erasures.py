"""What a citizen wants forgotten: everything, or that one dossier stands on her chat; asked, proven, waited for, done.

A chat is a phone, not a person (L18): whoever holds it must prove himself, and 24 hours pass in which one tap on any of
her addresses keeps everything. States: checking (an official makes sure that it is she) -> waiting (until `due_at`) ->
done; or kept (she changed her mind), refused (the official did not find it to be her). rest: all is forgotten but a
request that an official is answering; done when that has ended.

`forget` calls the `erase` of every storage file; a test fails while one is missing here. What is done keeps no citizen:
the row only proves that and when it was done.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, String, Table, insert, select, text, update

from storage import (
    approvals,
    cards,
    case_words,
    cases,
    citizens,
    collections,
    consents,
    conversations,
    dossiers,
    files,
    guidance,
    inbox,
    join_codes,
    letters,
    links,
    notices,
    outbox,
    print_codes,
    refusals,
    requests,
    sealed,
    sessions,
    stops,
    tails,
    takeovers,
)
from storage.cases import Case
from storage.db import Id, UtcTime, metadata
from storage.requests import Request

Kind = Literal["erase", "unlink"]

erasure = Table(
    "erasure",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("citizen_id", Id, nullable=True),  # empty once it is done; no reference, because the citizen goes
    Column("kind", String(8), nullable=False),
    Column("about", String(64), nullable=False),  # of unlink: the key of the dossier's code
    Column("state", String(8), nullable=False),
    Column("proof", String(8), nullable=False),  # tail, official
    Column("official_id", Id, ForeignKey("official.id"), nullable=True),  # who made sure
    Column("request_id", Id, nullable=True),  # in which he was asked to
    Column("asked_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=True),
    Column("reply_by", UtcTime, nullable=True),  # the law's first term for whoever has to make sure
    Column("reminded_at", UtcTime, nullable=True),
    Column("ended_at", UtcTime, nullable=True),
)
_open = text("state IN ('checking', 'waiting', 'rest')")
Index("ix_erasure_open", erasure.c.commune_id, erasure.c.state, sqlite_where=_open, postgresql_where=_open)
Index("ix_erasure_citizen", erasure.c.citizen_id)
Index(
    "uq_erasure_open", erasure.c.commune_id, erasure.c.citizen_id, erasure.c.kind, erasure.c.about, unique=True,
    sqlite_where=_open, postgresql_where=_open,
)  # fmt: skip

OPEN = ("checking", "waiting", "rest")
LAST_LOOK = timedelta(days=1)
"""How long a page can still be read after everything is forgotten: it carries the word that it is."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One such wish. `citizen_id` is empty once it is done."""

    id: int
    citizen_id: int | None
    kind: Kind
    about: str
    state: str
    proof: str
    request_id: int | None
    asked_at: datetime
    due_at: datetime | None
    reply_by: datetime | None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


_COLUMNS: tuple[Any, ...] = tuple(erasure.c[name] for name in Erasure.__slots__)


def join(db: Connection, commune_id: int, kept: int, gone: int) -> None:
    """What is over of the citizen `gone` is `kept`'s (`storage.joins`)."""
    theirs = (erasure.c.commune_id == commune_id) & (erasure.c.citizen_id == gone)
    db.execute(update(erasure).where(theirs).values(citizen_id=kept))


def ask(
    db: Connection,
    commune_id: int,
    citizen_id: int,
    kind: Kind,
    about: str,
    now: datetime,
    *,
    due_at: datetime | None = None,
    request_id: int | None = None,
    reply_by: datetime | None = None,
) -> Erasure:
    """A new wish: with `due_at` it is proven and waits until then, else an official has to make sure first. The caller
    has looked that none of the kind is open.
    """
    values = {
        "commune_id": commune_id, "citizen_id": citizen_id, "kind": kind, "about": about,
        "state": "waiting" if due_at else "checking", "proof": "tail" if due_at else "official", "asked_at": now,
        "due_at": due_at, "request_id": request_id, "reply_by": reply_by,
    }  # fmt: skip
    return Erasure(*db.execute(insert(erasure).values(values).returning(*_COLUMNS)).one())


def get(db: Connection, commune_id: int, erasure_id: int) -> Erasure | None:
    """A wish in any state."""
    row = db.execute(select(*_COLUMNS).where(_is(commune_id, erasure_id))).first()
    return None if row is None else Erasure(*row)


def pending(db: Connection, commune_id: int, citizen_id: int) -> list[Erasure]:
    """Her wishes that are not done yet."""
    hers = (erasure.c.commune_id == commune_id) & (erasure.c.citizen_id == citizen_id)
    found = db.execute(select(*_COLUMNS).where(hers, _open).order_by(erasure.c.id))
    return [Erasure(*row) for row in found]


def confirm(db: Connection, commune_id: int, erasure_id: int, official_id: int, due_at: datetime) -> bool:
    """An official has made sure that it is she; False when it was decided already."""
    return _decide(db, commune_id, erasure_id, "checking", state="waiting", official_id=official_id, due_at=due_at)


def refuse(db: Connection, commune_id: int, erasure_id: int, official_id: int, now: datetime) -> bool:
    """An official did not find that it is she; False when it was decided already."""
    return _decide(db, commune_id, erasure_id, "checking", state="refused", official_id=official_id, ended_at=now)


def keep(db: Connection, commune_id: int, erasure_id: int, now: datetime) -> bool:
    """She wants nothing forgotten after all; False when it is too late."""
    return _decide(db, commune_id, erasure_id, "checking", "waiting", state="kept", ended_at=now)


def finish(db: Connection, commune_id: int, erasure_id: int, state: str, now: datetime) -> None:
    """It is done, or all but the rest; whose wish it was is forgotten with the last of it."""
    gone = {} if state == "rest" else {"citizen_id": None, "about": "", "ended_at": now, "request_id": None}
    _decide(db, commune_id, erasure_id, "waiting", "rest", state=state, **gone)


def _decide(db: Connection, commune_id: int, erasure_id: int, *states: str, **values: Any) -> bool:
    open_ = (_is(commune_id, erasure_id)) & erasure.c.state.in_(states)
    return db.execute(update(erasure).where(open_).values(values)).rowcount > 0


def _is(commune_id: int, erasure_id: int) -> Any:
    return (erasure.c.commune_id == commune_id) & (erasure.c.id == erasure_id)


# --- what the clock asks ----------------------------------------------------------------------------------------------


def due(db: Connection, commune_id: int, now: datetime, limit: int = 50) -> list[Erasure]:
    """Wishes whose waiting time is over."""
    return _list(db, commune_id, "waiting", erasure.c.due_at <= now, limit=limit)


def left_over(db: Connection, commune_id: int, limit: int = 50) -> list[Erasure]:
    """Wishes done but for a request that was being answered."""
    return _list(db, commune_id, "rest", limit=limit)


def unanswered(db: Connection, commune_id: int, now: datetime, limit: int = 50) -> list[Erasure]:
    """Wishes that no official has looked at within the law's first term, and nobody was reminded of."""
    return _list(db, commune_id, "checking", erasure.c.reply_by <= now, erasure.c.reminded_at.is_(None), limit=limit)


def reminded(db: Connection, commune_id: int, erasure_id: int, now: datetime) -> None:
    """The office has been reminded."""
    db.execute(update(erasure).where(_is(commune_id, erasure_id)).values(reminded_at=now))


def _list(db: Connection, commune_id: int, state: str, *where: Any, limit: int) -> list[Erasure]:
    # _open says nothing new, but SQLite needs the very words of the index to use it.
    wanted = select(*_COLUMNS).where(erasure.c.commune_id == commune_id, _open, erasure.c.state == state, *where)
    return [Erasure(*row) for row in db.execute(wanted.order_by(erasure.c.id).limit(limit))]


# --- forgetting -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was forgotten: `requests` and `cases` whose words are gone, and requests `kept` until they are answered."""

    requests: list[Request]
    kept: list[Request]
    cases: list[Case]


def forget(db: Connection, commune_id: int, citizen_id: int, now: datetime) -> Forgotten:
    """Forget a citizen everywhere, but for a request that an official is answering and what belongs to it: while there
    is one, she and her addresses stay too. Bytes of files are deleted after COMMIT (`bot.files`).
    """
    ended, kept = requests.of_citizen(db, commune_id, citizen_id)
    said = [each for one in kept for each in requests.messages(db, commune_id, one.id, 500)]
    their_files = [name for each in said for name in each.files]
    on_their_way = [number for each in said for number in each.outbox]
    for at in citizens.addresses(db, commune_id, citizen_id):
        private = (at.channel, at.account, at.sender)  # the chat of a private address is its sender
        lane = inbox.open_lane(db, commune_id, *private)
        conversations.erase(db, commune_id, lane, at.sender)
        inbox.erase(db, commune_id, lane, now)
        outbox.erase(db, commune_id, *private, keep=on_their_way)
        letters.erase(db, commune_id, *private)
        sealed.erase(db, commune_id, *private)
        cards.erase(db, commune_id, *private)
        takeovers.erase(db, commune_id, *private)
        of_others = cases.files_of_others(db, commune_id, citizen_id, *private)
        files.erase(db, commune_id, *private, keep=[*their_files, *of_others])
        sessions.let_end(db, commune_id, at.sender, now + LAST_LOOK)
    hers = (dossiers, tails, links, guidance, stops, notices, consents, join_codes, collections, approvals, print_codes)
    for one in hers:
        one.erase(db, commune_id, citizen_id)
    reported = cases.of_citizen(db, commune_id, citizen_id, limit=10_000)
    case_words.forget(db, commune_id, [each.id for each in reported])
    refusals.erase(db, commune_id, citizen_id)
    cases.erase(db, commune_id, citizen_id)
    requests.erase(db, commune_id, citizen_id, ended_only=True)
    if kept:
        blank = {"language": None, "village": None, "greeted_on": None, "misunderstood": 0, "spoken_language": None}
        citizens.change(db, citizen_id, **blank)
    else:
        erase(db, commune_id, citizen_id)
        citizens.erase(db, commune_id, citizen_id)
    return Forgotten(ended, kept, reported)


def export(db: Connection, commune_id: int, citizen_id: int) -> list[dict[str, Any]]:
    """What she wanted forgotten, and what became of it."""
    wanted = select(erasure.c.kind, erasure.c.state, erasure.c.asked_at, erasure.c.due_at, erasure.c.ended_at)
    hers = (erasure.c.commune_id == commune_id) & (erasure.c.citizen_id == citizen_id)
    return [dict(row) for row in db.execute(wanted.where(hers).order_by(erasure.c.id)).mappings()]


def erase(db: Connection, commune_id: int, citizen_id: int) -> None:
    """Whose wishes they were; what was still open of them is done with that."""
    hers = (erasure.c.commune_id == commune_id) & (erasure.c.citizen_id == citizen_id)
    db.execute(update(erasure).where(hers, _open).values(state="done"))
    db.execute(update(erasure).where(hers).values(citizen_id=None, about="", request_id=None))
