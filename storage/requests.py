"""Requests for a person: who asked, what was promised, who has it, and every word that went either way (L01-L03).

One request at most is open for an address: "she is with a person". What both sides write is sealed.
`sealed_for_receiver`: only officials with the right "receive" may read it; a single message may be private too (a voice
note nobody has heard). An address here is anything with channel, account, chat and sender.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    text,
    true,
    update,
)

from storage.db import Id, UtcTime, metadata
from storage.db import insert as upsert
from storage.officials import official
from storage.prepared import Prepared
from storage.sealing import seal_json, unseal_json

request = Table(
    "request", metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("number", Integer, nullable=False),  # as people say it, from 1 in each commune
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("chat", String(128), nullable=False),
    Column("sender", String(128), nullable=False),
    Column("citizen_id", Id, ForeignKey("citizen.id"), nullable=False),
    Column("village", String(120), nullable=True),
    Column("topic", String(20), nullable=False),  # TOPICS
    Column("state", String(10), nullable=False),  # waiting, answered; closed, expired
    Column("sealed_for_receiver", Boolean, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("waits_since", UtcTime, nullable=False),  # opened, or she wrote again after an answer
    Column("promised_at", UtcTime, nullable=False),
    Column("remind_at", UtcTime, nullable=True),  # of the next reminder; empty when none is left
    Column("reminded", Integer, nullable=False, server_default="0"),
    Column("apologised_at", UtcTime, nullable=True),
    Column("closes_at", UtcTime, nullable=False),
    Column("answered_at", UtcTime, nullable=True),
    Column("closed_at", UtcTime, nullable=True),
    Column("taken_by", Id, ForeignKey("official.id"), nullable=True),
    Column("detail", String(40), nullable=True),  # of an emergency its kind, of a voice note its language
    Column("confirmed_at", UtcTime, nullable=True),  # of an emergency: she has said more, such as where
    UniqueConstraint("commune_id", "number"),
)  # fmt: skip
_open = text("state IN ('waiting', 'answered')")
Index(
    "ix_request_open", request.c.commune_id, request.c.channel, request.c.account, request.c.chat, request.c.sender,
    unique=True, sqlite_where=_open, postgresql_where=_open,
)  # fmt: skip
_waiting = text("state = 'waiting'")
Index(
    "ix_request_waiting", request.c.commune_id, request.c.promised_at, sqlite_where=_waiting, postgresql_where=_waiting,
)  # fmt: skip
Index("ix_request_closes", request.c.commune_id, request.c.closes_at, sqlite_where=_open, postgresql_where=_open)
Index("ix_request_citizen", request.c.citizen_id)
request_message = Table(
    "request_message", metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("request_id", Id, ForeignKey("request.id"), nullable=False),
    Column("from_citizen", Boolean, nullable=False),
    Column("official_id", Id, ForeignKey("official.id"), nullable=True),
    Column("kind", String(10), nullable=False),
    Column("body", LargeBinary, nullable=False),  # sealed JSON: text, files
    Column("private", Boolean, nullable=False),  # for receivers only
    Column("internal", Boolean, nullable=False),  # a note among officials; never sent to her
    Column("at", UtcTime, nullable=False),
    Column("state", String(8), nullable=False),  # queued (may be undone until undo_until, then out), held, undone
    Column("undo_until", UtcTime, nullable=True),
    Column("outbox", String(200), nullable=False, server_default=""),  # ids of the messages that carry it
)  # fmt: skip
Index("ix_request_message_request", request_message.c.request_id, request_message.c.id)
_held = text("state = 'held'")
Index("ix_request_message_held", request_message.c.commune_id, sqlite_where=_held, postgresql_where=_held)
request_number = Table(
    "request_number", metadata,
    Column("commune_id", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)  # fmt: skip

TOPICS = ("question", "callback", "accusation", "data", "emergency", "voice", "quarrel")
OPEN = ("waiting", "answered")


class Address(Protocol):
    """What this file needs to know of bot.turn.Address."""

    @property
    def channel(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def chat(self) -> str: ...
    @property
    def sender(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a person. `taken_by`: the official who said "I have it"."""

    id: int
    number: int
    channel: str
    account: str
    chat: str
    sender: str
    citizen_id: int
    village: str | None
    topic: str
    state: str
    sealed_for_receiver: bool
    opened_at: datetime
    waits_since: datetime
    promised_at: datetime
    reminded: int
    apologised_at: datetime | None
    closes_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None
    taken_by: int | None
    detail: str | None
    confirmed_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class Message:
    """One thing said. `official_id` is empty for her own words; `files` are ids of storage.files.

    `kind` is that of the event: text, photo, voice, file, location; of a button of an official: seen, called.
    """

    id: int
    request_id: int
    from_citizen: bool
    official_id: int | None
    kind: str
    text: str
    files: tuple[str, ...]
    private: bool
    internal: bool
    at: datetime
    state: str
    undo_until: datetime | None
    outbox: tuple[int, ...]


_COLUMNS: tuple[Any, ...] = tuple(request.c[name] for name in Request.__slots__)
_SEALED = ("text", "files")
_MESSAGE: tuple[Any, ...] = tuple(request_message.c[name] for name in Message.__slots__ if name not in _SEALED)


def open(
    db: Connection,
    commune_id: int,
    address: Address,
    citizen_id: int,
    topic: str,
    village: str | None,
    now: datetime,
    *,
    promised_at: datetime,
    remind_at: datetime | None,
    closes_at: datetime,
    sealed_for_receiver: bool = False,
    detail: str | None = None,
) -> Request:
    """A new request that waits for an official. The caller has looked that none is open for this address."""
    values = {
        "commune_id": commune_id, "number": _next_number(db, commune_id), "channel": address.channel,
        "account": address.account, "chat": address.chat, "sender": address.sender, "citizen_id": citizen_id,
        "village": village, "topic": topic, "state": "waiting", "sealed_for_receiver": sealed_for_receiver,
        "opened_at": now, "waits_since": now, "promised_at": promised_at, "remind_at": remind_at,
        "closes_at": closes_at, "detail": detail,
    }  # fmt: skip
    return Request(*db.execute(insert(request).values(values).returning(*_COLUMNS)).one())


def _next_number(db: Connection, commune_id: int) -> int:
    # One row a commune, so that two requests at the same moment wait for each other instead of sharing a number.
    statement = upsert(db, request_number).values(commune_id=commune_id, last=1)
    again = statement.on_conflict_do_update(index_elements=["commune_id"], set_={"last": request_number.c.last + 1})
    return int(db.execute(again.returning(request_number.c.last)).scalar_one())


def get(db: Connection, commune_id: int, request_id: int) -> Request | None:
    """A request by id."""
    row = db.execute(select(*_COLUMNS).where(_is(commune_id, request_id))).first()
    return None if row is None else Request(*row)


def _is(commune_id: int, request_id: int) -> Any:
    return (request.c.commune_id == commune_id) & (request.c.id == request_id)


_OPEN_OF = Prepared(
    select(*_COLUMNS).where(
        request.c.commune_id == bindparam("commune"), request.c.channel == bindparam("channel"),
        request.c.account == bindparam("account"), request.c.chat == bindparam("chat"),
        request.c.sender == bindparam("sender"), _open,
    )
)  # fmt: skip


def open_of(db: Connection, commune_id: int, address: Address) -> Request | None:
    """The request that is open for this address: she is with a person."""
    row = _OPEN_OF.first(
        db, commune=commune_id, channel=address.channel, account=address.account, chat=address.chat,
        sender=address.sender,
    )  # fmt: skip
    return None if row is None else Request(*row)


def add_message(
    db: Connection,
    commune_id: int,
    request_id: int,
    text: str,
    now: datetime,
    *,
    kind: str = "text",
    files: Iterable[str] = (),
    official_id: int | None = None,
    private: bool = False,
    internal: bool = False,
    undo_until: datetime | None = None,
    state: str = "queued",
) -> int:
    """Keep what was said, hers when `official_id` is None; returns the message's id."""
    values = {
        "commune_id": commune_id, "request_id": request_id, "from_citizen": official_id is None,
        "official_id": official_id, "kind": kind, "body": seal_json(db, {"text": text, "files": list(files)}),
        "private": private, "internal": internal, "at": now, "state": state, "undo_until": undo_until,
    }  # fmt: skip
    return int(db.execute(insert(request_message).values(values).returning(request_message.c.id)).scalar_one())


def messages(db: Connection, commune_id: int, request_id: int, limit: int = 20) -> list[Message]:
    """The latest messages of a request, oldest first, without those undone."""
    rows = db.execute(
        select(*_MESSAGE, request_message.c.body)
        .where(
            request_message.c.commune_id == commune_id, request_message.c.request_id == request_id,
            request_message.c.state != "undone",
        )
        .order_by(request_message.c.id.desc()).limit(limit)
    ).all()  # fmt: skip
    return [_message(db, row) for row in reversed(rows)]


def message(db: Connection, commune_id: int, message_id: int) -> Message | None:
    """One message, in any state."""
    row = db.execute(
        select(*_MESSAGE, request_message.c.body)
        .where(request_message.c.commune_id == commune_id, request_message.c.id == message_id)
    ).first()  # fmt: skip
    return None if row is None else _message(db, row)


def _message(db: Connection, row: Any) -> Message:
    body = unseal_json(db, row.body)
    fields = {name: getattr(row, name) for name in Message.__slots__ if name not in (*_SEALED, "outbox")}
    ids = tuple(int(each) for each in row.outbox.split(",") if each)
    return Message(text=body["text"], files=tuple(body["files"]), outbox=ids, **fields)


def keep_open(db: Connection, commune_id: int, request_id: int, until: datetime) -> None:
    """Something was said: the request does not close before `until`."""
    late = request.c.closes_at < until
    db.execute(
        update(request).where(_is(commune_id, request_id), late).values(closes_at=until)
    )


def wait_again(
    db: Connection, commune_id: int, request_id: int, promised_at: datetime, remind_at: datetime | None, now: datetime
) -> None:
    """She wrote on after an answer: the request waits once more, under a new promise."""
    db.execute(
        update(request).where(_is(commune_id, request_id), request.c.state == "answered")
        .values(
            state="waiting", waits_since=now, promised_at=promised_at, remind_at=remind_at, reminded=0,
            apologised_at=None,
        )
    )  # fmt: skip


def seal_for_receiver(db: Connection, commune_id: int, request_id: int) -> None:
    """From now on only receivers may read it; whoever had it has to be a receiver to take it again."""
    db.execute(
        update(request).where(_is(commune_id, request_id))
        .values(sealed_for_receiver=True, topic="accusation", taken_by=None)
    )  # fmt: skip


# --- emergencies, and what is told by a button -----------------------------------------------------------------------


def escalate(
    db: Connection, commune_id: int, request_id: int, kind: str, village: str | None, until: datetime, now: datetime
) -> None:
    """What she writes has become a cry for help: the request waits anew, for somebody to see it by `until`."""
    db.execute(
        update(request).where(_is(commune_id, request_id))
        .values(
            topic="emergency", detail=kind, village=village, state="waiting", waits_since=now, promised_at=until,
            remind_at=until, reminded=0, apologised_at=None, confirmed_at=None,
        )
    )  # fmt: skip


def confirm(db: Connection, commune_id: int, request_id: int, village: str | None, now: datetime) -> bool:
    """She has answered after her cry for help; True the first time. `village`: the thôn she named, if any."""
    this = _is(commune_id, request_id)
    if village is not None:
        db.execute(update(request).where(this).values(village=village))
    first = update(request).where(this, request.c.confirmed_at.is_(None)).values(confirmed_at=now)
    return db.execute(first).rowcount > 0


def by_button(
    db: Connection, commune_id: int, request_id: int, official_id: int, what: str, now: datetime
) -> bool:
    """Note that an official has pressed a button of the card ("seen", "called"); True the first time he does."""
    same = select(request_message.c.id).where(
        request_message.c.request_id == request_id, request_message.c.official_id == official_id,
        request_message.c.kind == what,
    )  # fmt: skip
    if db.execute(same).first() is not None:
        return False
    add_message(db, commune_id, request_id, "", now, kind=what, official_id=official_id, internal=True)
    return True


def pressed(db: Connection, commune_id: int, request_id: int, what: str) -> list[tuple[int, datetime]]:
    """Who pressed that button of the card, and when: (official id, time), the first first."""
    rows = db.execute(
        select(request_message.c.official_id, request_message.c.at)
        .where(
            request_message.c.commune_id == commune_id, request_message.c.request_id == request_id,
            request_message.c.kind == what,
        )
        .order_by(request_message.c.id)
    )  # fmt: skip
    return [(row.official_id, row.at) for row in rows]


def in_language(db: Connection, commune_id: int, request_id: int, language: str) -> None:
    """A voice note in that language has come into a request: whoever hears the language may open it."""
    ordinary = request.c.topic.in_(["question", "callback", "voice"])
    db.execute(update(request).where(_is(commune_id, request_id), ordinary).values(topic="voice", detail=language))


def calm(db: Connection, commune_id: int, request_id: int) -> None:
    """Nothing urgent is happening: the request is an ordinary one again."""
    sealed = request.c.sealed_for_receiver
    db.execute(
        update(request).where(_is(commune_id, request_id))
        .values(topic=case((sealed, "accusation"), else_="question"), detail=None, confirmed_at=None)
    )  # fmt: skip


def promise(
    db: Connection, commune_id: int, request_id: int, promised_at: datetime, remind_at: datetime | None
) -> None:
    """A waiting request gets another promise, and its reminders begin anew."""
    db.execute(
        update(request).where(_is(commune_id, request_id), request.c.state == "waiting")
        .values(promised_at=promised_at, remind_at=remind_at, reminded=0, apologised_at=None)
    )  # fmt: skip


def answered_by_call(db: Connection, commune_id: int, request_id: int, official_id: int, now: datetime) -> None:
    """An official has called her: what waited is answered, and his."""
    db.execute(
        update(request).where(_is(commune_id, request_id), _open)
        .values(state="answered", answered_at=now, remind_at=None, taken_by=official_id)
    )  # fmt: skip


def answered_by_hand(db: Connection, commune_id: int, request_id: int, now: datetime) -> None:
    """Some official has written to her past us: what waited is answered, and nobody is reminded."""
    db.execute(
        update(request).where(_is(commune_id, request_id), request.c.state == "waiting")
        .values(state="answered", answered_at=now, remind_at=None)
    )  # fmt: skip


def take_over(db: Connection, commune_id: int, request_id: int, official_id: int, *, instead: bool = False) -> int:
    """The official takes the request; returns the id of whoever has it now (another, when that one was quicker).

    instead: take it from the other. Raises LookupError when there is no such request.
    """
    free = or_(request.c.taken_by.is_(None), request.c.taken_by == official_id)
    mine = _is(commune_id, request_id)
    db.execute(update(request).where(mine, true() if instead else free).values(taken_by=official_id))
    holder = db.execute(select(request.c.taken_by).where(mine)).scalar()
    if holder is None:
        raise LookupError(f"no request {request_id}")
    return int(holder)


def taken(db: Connection, commune_id: int, official_id: int, limit: int = 200) -> list[Request]:
    """Open requests an official has."""
    return _list(db, commune_id, _open, request.c.taken_by == official_id, limit=limit)


def taken_by_removed(db: Connection, commune_id: int, limit: int = 200) -> list[Request]:
    """Open requests of officials whose rights were taken away."""
    gone = select(official.c.id).where(official.c.commune_id == commune_id, official.c.active.is_(False))
    return _list(db, commune_id, _open, request.c.taken_by.in_(gone), limit=limit)


def release(db: Connection, commune_id: int, request_id: int) -> None:
    """Nobody has it any more."""
    db.execute(update(request).where(_is(commune_id, request_id)).values(taken_by=None))


def answer(
    db: Connection, commune_id: int, request_id: int, official_id: int, body: str, now: datetime, undo_until: datetime,
    *, recording: str = "", held: bool = False,
) -> int:
    """An official's answer, on its way to her; returns the message's id. `carried_by` tells which messages carry it.

    recording: the file of his voice; held: it is still being fetched, and the answer leaves when it is here.
    """
    kind, sent = ("voice", (recording,)) if recording else ("text", ())
    made = add_message(
        db, commune_id, request_id, body, now, kind=kind, files=sent, official_id=official_id, undo_until=undo_until,
        state="held" if held else "queued",
    )
    db.execute(
        update(request).where(_is(commune_id, request_id), request.c.state == "waiting")
        .values(state="answered", answered_at=now)
    )  # fmt: skip
    return made


def held(db: Connection, commune_id: int) -> list[Message]:
    """Answers that wait for their recording to be fetched."""
    rows = db.execute(
        select(*_MESSAGE, request_message.c.body)
        .where(request_message.c.commune_id == commune_id, _held).order_by(request_message.c.id)
    ).all()  # fmt: skip
    return [_message(db, row) for row in rows]


def let_go(db: Connection, commune_id: int, message_id: int, undo_until: datetime) -> None:
    """The recording of a held answer is here: it leaves, and may be undone until then."""
    db.execute(
        update(request_message)
        .where(request_message.c.commune_id == commune_id, request_message.c.id == message_id, _held)
        .values(state="queued", undo_until=undo_until)
    )  # fmt: skip


def carried_by(db: Connection, commune_id: int, message_id: int, outbox: Iterable[int]) -> None:
    """The outbox messages that carry an answer, so that it can be undone."""
    ids = ",".join(str(each) for each in outbox)
    db.execute(
        update(request_message)
        .where(request_message.c.commune_id == commune_id, request_message.c.id == message_id).values(outbox=ids)
    )  # fmt: skip


def undo(db: Connection, commune_id: int, message_id: int) -> None:
    """An answer was taken back before it left; without another answer the request waits as before."""
    mine = (request_message.c.commune_id == commune_id) & (request_message.c.id == message_id)
    changed = db.execute(
        update(request_message).where(mine, request_message.c.state != "undone").values(state="undone")
        .returning(request_message.c.request_id)
    ).scalar()  # fmt: skip
    if changed is None:
        return
    hers = select(func.max(request_message.c.id)).where(
        request_message.c.request_id == changed, request_message.c.from_citizen
    )
    answered = select(request_message.c.id).where(
        request_message.c.request_id == changed, ~request_message.c.from_citizen, ~request_message.c.internal,
        request_message.c.state != "undone", request_message.c.id > hers.scalar_subquery(),
    )  # fmt: skip
    db.execute(
        update(request).where(request.c.id == changed, request.c.state == "answered", ~answered.exists())
        .values(state="waiting", answered_at=None)
    )  # fmt: skip


def close(db: Connection, commune_id: int, request_id: int, now: datetime, state: str = "closed") -> bool:
    """End a request ("closed" by one of them, "expired" by the clock); False when it is not open."""
    changed = db.execute(
        update(request).where(_is(commune_id, request_id), _open)
        .values(state=state, closed_at=now, remind_at=None)
    )  # fmt: skip
    return changed.rowcount > 0


# --- what the clock asks ----------------------------------------------------------------------------------------------


def due_reminders(db: Connection, commune_id: int, now: datetime, limit: int = 500) -> list[Request]:
    """Requests that wait and whose next reminder is due; `reminded` tells which one."""
    return _list(db, commune_id, _waiting, request.c.remind_at <= now, limit=limit)


def reminded(db: Connection, commune_id: int, request_id: int, next_at: datetime | None) -> None:
    """One more reminder is out; the next one is due then, or never."""
    db.execute(
        update(request).where(_is(commune_id, request_id))
        .values(reminded=request.c.reminded + 1, remind_at=next_at)
    )  # fmt: skip


def overdue(db: Connection, commune_id: int, now: datetime, limit: int = 500) -> list[Request]:
    """Requests whose promise has passed without an answer or an apology."""
    return _list(db, commune_id, _waiting, request.c.promised_at <= now, request.c.apologised_at.is_(None), limit=limit)


def apologised(db: Connection, commune_id: int, request_id: int, now: datetime) -> None:
    """She has been told that it is late."""
    db.execute(
        update(request).where(_is(commune_id, request_id)).values(apologised_at=now)
    )


def expired(db: Connection, commune_id: int, now: datetime, limit: int = 500) -> list[Request]:
    """Open requests that nobody has written to for the time the office sets."""
    return _list(db, commune_id, _open, request.c.closes_at <= now, limit=limit)


def queue(db: Connection, commune_id: int, limit: int = 50) -> list[Request]:
    """All that wait: cries for help, then the earliest promise first, so the late ones lead."""
    return _list(db, commune_id, _waiting, limit=limit, first=request.c.topic != "emergency")


def _list(db: Connection, commune_id: int, *where: Any, limit: int, first: Any = None) -> list[Request]:
    found = db.execute(
        select(*_COLUMNS).where(request.c.commune_id == commune_id, *where)
        .order_by(*(() if first is None else (first,)), request.c.promised_at, request.c.id).limit(limit)
    )  # fmt: skip
    return [Request(*row) for row in found]


# --- hers -------------------------------------------------------------------------------------------------------------


def export(db: Connection, commune_id: int, citizen_id: int) -> list[dict[str, Any]]:
    """Her requests and what was said in them; notes among officials are left out."""
    hers = (request.c.commune_id == commune_id) & (request.c.citizen_id == citizen_id)
    rows = db.execute(select(*_COLUMNS).where(hers).order_by(request.c.id))
    return [
        {
            "number": each.number, "topic": each.topic, "village": each.village, "state": each.state,
            "at": each.opened_at,
            "messages": [
                {"from_her": said.from_citizen, "at": said.at, "text": said.text, "files": list(said.files)}
                for said in messages(db, commune_id, each.id, limit=500) if not said.internal
            ],
        }
        for each in [Request(*row) for row in rows]
    ]  # fmt: skip


def of_citizen(db: Connection, commune_id: int, citizen_id: int) -> tuple[list[Request], list[Request]]:
    """Her requests: those that have ended, and those an official is still answering."""
    hers = (request.c.commune_id == commune_id) & (request.c.citizen_id == citizen_id)
    found = [Request(*row) for row in db.execute(select(*_COLUMNS).where(hers).order_by(request.c.id))]
    return [each for each in found if not each.is_open], [each for each in found if each.is_open]


def erase(db: Connection, commune_id: int, citizen_id: int, ended_only: bool = False) -> None:
    """Forget her requests and everything said in them; with `ended_only` not those that are being answered."""
    hers = (request.c.commune_id == commune_id) & (request.c.citizen_id == citizen_id)
    if ended_only:
        hers &= request.c.state.not_in(OPEN)
    db.execute(request_message.delete().where(request_message.c.request_id.in_(select(request.c.id).where(hers))))
    db.execute(request.delete().where(hers))


def delete_old(db: Connection, commune_id: int, before: datetime, limit: int = 500) -> int:
    """Delete requests that ended before `before`, with their words; returns how many."""
    old = (
        select(request.c.id)
        .where(request.c.commune_id == commune_id, request.c.state.not_in(OPEN), request.c.closed_at < before)
        .limit(limit)
    )
    ids = list(db.execute(old).scalars())
    db.execute(request_message.delete().where(request_message.c.request_id.in_(ids)))
    return db.execute(request.delete().where(request.c.id.in_(ids))).rowcount


AFTER_CLOSING = timedelta(days=365)
"""How long a request is kept once it has ended."""
