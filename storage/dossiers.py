"""Dossiers as the one-stop desk's file tells of them, the trail of their steps, and who wants to be told.

The applicant's name, phone and note are sealed; the phone, the applicant and the last four digits can only be found by
keyed digests. A code alone may show status words and dates; whoever wants more proves it with the last four digits of
the phone on file (`storage.tails`).

The key of a code is capitals and digits only (`messages.codes.key`), since people leave dots and dashes out. Status is
the number 1-10 of the national exchange; early, due and late are derived from dates and are no status.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    func,
    select,
    text,
    update,
)

from storage.citizens import address
from storage.db import Id, UtcTime, metadata
from storage.db import insert as upsert
from storage.prepared import Prepared
from storage.sealing import lookup_key, seal_json, unseal_json

dossier = Table(
    "dossier",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("code", String(64), nullable=False),  # as printed on the slip
    Column("code_key", String(64), nullable=False),
    Column("procedure_code", Text, nullable=False),  # "" when the file has none
    Column("procedure_name", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("received_at", UtcTime, nullable=True),  # a day without an hour is 00:00 here, 23:59:59 in due_at
    Column("due_at", UtcTime, nullable=True),
    Column("village", Text, nullable=False),
    Column("officer", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("details", LargeBinary, nullable=False),  # sealed JSON: applicant, phone, note
    Column("phone_key", String(32), nullable=True),
    Column("applicant_key", String(32), nullable=False),
    Column("tail_key", String(32), nullable=True),
    Column("digest", String(32), nullable=False),  # keyed, of all imported fields
    Column("changed_at", UtcTime, nullable=False),
    Column("import_id", Id, nullable=False),  # storage.imports
    Column("deadline", UtcTime, nullable=True),  # due_at, moved by pauses and by an approved new date
    Column("paused_at", UtcTime, nullable=True),  # papers or a fee are awaited since: the clock stands still
    Column("warned", Integer, nullable=False, server_default="0"),  # stages of being due that somebody was told of
    Column("ready_at", UtcTime, nullable=True),  # a clerk has said that the result lies at the counter (L19)
    Column("ready_by", Id, ForeignKey("official.id"), nullable=True),
    Column("remind_at", UtcTime, nullable=True),  # when whoever has not collected is reminded
    Column("recalls", Integer, nullable=False, server_default="0"),  # how often "it is ready" was taken back
    Column("set_at", UtcTime, nullable=True),  # an official has set the status in chat, and no newer file confirms it
    Column("set_by", Id, nullable=True),  # an official; no reference, which would copy the table to add it
    UniqueConstraint("commune_id", "code_key"),
)
_running = text("status IN (1, 2, 4) AND deadline IS NOT NULL")
Index(
    "ix_dossier_due", dossier.c.commune_id, dossier.c.warned, dossier.c.deadline, sqlite_where=_running,
    postgresql_where=_running,
)  # fmt: skip
_to_remind = text("remind_at IS NOT NULL")
Index(
    "ix_dossier_remind", dossier.c.commune_id, dossier.c.remind_at, sqlite_where=_to_remind,
    postgresql_where=_to_remind,
)  # fmt: skip
_at_counter = text("status = 9")
Index(
    "ix_dossier_ready", dossier.c.commune_id, dossier.c.ready_at, sqlite_where=_at_counter,
    postgresql_where=_at_counter,
)  # fmt: skip
Index(
    "ix_dossier_deadline", dossier.c.commune_id, dossier.c.deadline, dossier.c.officer, sqlite_where=_running,
    postgresql_where=_running,
)  # fmt: skip
_not_over = text("status IN (1, 2, 4, 5, 6)")
Index(
    "ix_dossier_unmoved", dossier.c.commune_id, dossier.c.changed_at, sqlite_where=_not_over,
    postgresql_where=_not_over,
)  # fmt: skip
Index("ix_dossier_received", dossier.c.commune_id, dossier.c.received_at)
_by_hand = text("set_at IS NOT NULL")
Index(
    "ix_dossier_set", dossier.c.commune_id, dossier.c.set_at, sqlite_where=_by_hand, postgresql_where=_by_hand
)
Index("ix_dossier_phone", dossier.c.commune_id, dossier.c.phone_key, dossier.c.applicant_key)
dossier_step = Table(
    "dossier_step",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("dossier_id", Id, ForeignKey("dossier.id"), nullable=False),
    Column("status", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),  # when the data that told of it were drawn up
    Column("officer", Text, nullable=False),
    Column("import_id", Id, nullable=False),  # storage.imports; below 0: set by an official in chat (storage.trail)
    UniqueConstraint("commune_id", "dossier_id", "import_id"),
)
dossier_watch = Table(
    "dossier_watch",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("dossier_id", Id, ForeignKey("dossier.id"), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("chat", String(128), nullable=False),
    Column("sender", String(128), nullable=False),
    Column("phone", LargeBinary, nullable=True),  # sealed; for the call list, when she gave one
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "dossier_id", "channel", "account", "chat", "sender"),
)
Index(
    "ix_dossier_watch_sender",
    dossier_watch.c.commune_id,
    dossier_watch.c.channel,
    dossier_watch.c.account,
    dossier_watch.c.sender,
)


@dataclass(frozen=True, slots=True)
class Dossier:
    """What stands in clear about a dossier. `procedure_name` may be private all the same (L05): the handler decides.

    due_at: as the file says. deadline: until when it has to be done, which pauses and an approved new date have moved.
    """

    id: int
    code: str
    code_key: str
    procedure_code: str
    procedure_name: str
    status: int
    received_at: datetime | None
    due_at: datetime | None
    village: str
    officer: str
    place: str
    changed_at: datetime
    deadline: datetime | None = None
    paused_at: datetime | None = None
    warned: int = 0
    ready_at: datetime | None = None
    recalls: int = 0


@dataclass(frozen=True, slots=True)
class Details:
    """What is sealed: only for officials, and after the second factor."""

    applicant: str
    phone: str | None
    note: str


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the trail (requirement A03)."""

    status: int
    at: datetime
    officer: str


_DOSSIER = select(
    dossier.c.id,
    dossier.c.code,
    dossier.c.code_key,
    dossier.c.procedure_code,
    dossier.c.procedure_name,
    dossier.c.status,
    dossier.c.received_at,
    dossier.c.due_at,
    dossier.c.village,
    dossier.c.officer,
    dossier.c.place,
    dossier.c.changed_at,
    dossier.c.deadline,
    dossier.c.paused_at,
    dossier.c.warned,
    dossier.c.ready_at,
    dossier.c.recalls,
)
_BY_CODE = Prepared(
    _DOSSIER.where(dossier.c.commune_id == bindparam("commune"), dossier.c.code_key == bindparam("code_key"))
)
_DETAILS = select(dossier.c.details).where(
    dossier.c.commune_id == bindparam("commune"), dossier.c.id == bindparam("id")
)
_STEPS = (
    select(dossier_step.c.status, dossier_step.c.at, dossier_step.c.officer)
    .where(dossier_step.c.commune_id == bindparam("commune"), dossier_step.c.dossier_id == bindparam("id"))
    .order_by(dossier_step.c.id)
)
_APPLICANTS = (
    select(dossier.c.applicant_key)
    .where(dossier.c.commune_id == bindparam("commune"), dossier.c.phone_key == bindparam("phone_key"))
    .distinct()
    .limit(bindparam("most", type_=Integer))
)


def tail_key_text(code_key: str, tail: str) -> str:
    """What the look-up key "tail" is made of: the digits alone would be the same for every dossier of one phone."""
    return f"{code_key}/{tail}"


def by_code(db: Connection, commune_id: int, code_key: str) -> Dossier | None:
    """The dossier with this code."""
    row = _BY_CODE.first(db, commune=commune_id, code_key=code_key)
    return None if row is None else Dossier(*row)


def get(db: Connection, commune_id: int, dossier_id: int) -> Dossier | None:
    """The dossier with this id."""
    found = _DOSSIER.where(dossier.c.commune_id == commune_id, dossier.c.id == dossier_id)
    row: Any = db.execute(found).first()
    return None if row is None else Dossier(*row)


def details(db: Connection, commune_id: int, dossier_id: int) -> Details:
    """The sealed part. Raises NoResultFound for an unknown id."""
    return Details(**unseal_json(db, db.execute(_DETAILS, {"commune": commune_id, "id": dossier_id}).scalar_one()))


@dataclass(frozen=True, slots=True)
class OfPhone:
    """The dossiers that bear a number: the newest of them, and how many there are."""

    newest: list[Dossier]
    count: int


def of_phone(db: Connection, commune_id: int, phone: str, most_applicants: int, limit: int) -> OfPhone | None:
    """The dossiers with this number (+84…); None when it stands on those of more applicants, and proves nothing (L06).

    The number itself is not kept.
    """
    phone_key = lookup_key(db, "phone", phone)
    if not few_applicants(db, commune_id, phone_key, most_applicants):
        return None
    with_it = (dossier.c.commune_id == commune_id) & (dossier.c.phone_key == phone_key)
    newest = _DOSSIER.where(with_it).order_by(dossier.c.received_at.desc().nulls_last(), dossier.c.id.desc())
    count = db.execute(select(func.count()).select_from(dossier).where(with_it)).scalar_one()
    rows: list[Any] = list(db.execute(newest.limit(limit)))
    return OfPhone([Dossier(*row) for row in rows], int(count))


def few_applicants(db: Connection, commune_id: int, phone_key: str, most: int) -> bool:
    """Whether a number (its key) belongs to a family and not to a helper (L06)."""
    return len(db.execute(_APPLICANTS, {"commune": commune_id, "phone_key": phone_key, "most": most + 1}).all()) <= most


def of_helper(db: Connection, commune_id: int, dossier_id: int, most: int) -> bool:
    """Whether the number of a dossier stands for more people than a family has (L06)."""
    this = (dossier.c.commune_id == commune_id) & (dossier.c.id == dossier_id)
    phone_key = db.execute(select(dossier.c.phone_key).where(this)).scalar()
    return phone_key is not None and not few_applicants(db, commune_id, phone_key, most)


def steps(db: Connection, commune_id: int, dossier_id: int) -> list[Step]:
    """The trail, oldest first; a status that came back is there twice."""
    return [Step(*row) for row in db.execute(_STEPS, {"commune": commune_id, "id": dossier_id})]


# --- "tell me when it changes" ----------------------------------------------------------------------------------------


def watch(
    db: Connection,
    commune_id: int,
    dossier_id: int,
    who: tuple[str, str, str, str],
    now: datetime,
    phone: str | None = None,
) -> None:
    """Note that `who` (channel, account, chat, sender) wants to be told; again, only a phone given now is new."""
    channel, account, chat, sender = who
    sealed = None if phone is None else seal_json(db, phone)
    values = {
        "commune_id": commune_id,
        "dossier_id": dossier_id,
        "channel": channel,
        "account": account,
        "chat": chat,
        "sender": sender,
        "phone": sealed,
        "created_at": now,
    }
    statement = upsert(db, dossier_watch).values(values)
    if sealed is None:
        db.execute(statement.on_conflict_do_nothing())
        return
    names = ["commune_id", "dossier_id", "channel", "account", "chat", "sender"]
    db.execute(statement.on_conflict_do_update(index_elements=names, set_={"phone": sealed}))


def watching(db: Connection, commune_id: int, dossier_id: int) -> list[int]:
    """The citizens who want to be told of this dossier, each once, in the order they asked."""
    joined = and_(
        *(
            getattr(dossier_watch.c, name) == getattr(address.c, name)
            for name in ("commune_id", "channel", "account", "sender")
        ),
        address.c.citizen_id.is_not(None),
    )
    asked = (dossier_watch.c.commune_id == commune_id) & (dossier_watch.c.dossier_id == dossier_id)
    found = select(address.c.citizen_id).join(dossier_watch, joined).where(asked).order_by(dossier_watch.c.id)
    return list(dict.fromkeys(db.execute(found).scalars()))


def unwatch(db: Connection, commune_id: int, citizen_id: int, dossier_id: int) -> None:
    """On none of her addresses she is told of this dossier any more."""
    ids = select(dossier_watch.c.id).join(address, _hers(commune_id, citizen_id))
    ids = ids.where(dossier_watch.c.dossier_id == dossier_id)
    db.execute(delete(dossier_watch).where(dossier_watch.c.id.in_(ids)))


@dataclass(frozen=True, slots=True)
class Watch:
    """Somebody who wants to be told; `phone` when a person has to ring."""

    dossier_id: int
    channel: str
    account: str
    chat: str
    sender: str
    phone: str | None


def watchers(db: Connection, commune_id: int, dossier_id: int) -> list[Watch]:
    """Who wants to be told of this dossier, in the order they asked."""
    rows = db.execute(
        select(dossier_watch)
        .where(dossier_watch.c.commune_id == commune_id, dossier_watch.c.dossier_id == dossier_id)
        .order_by(dossier_watch.c.id)
    )
    return [
        Watch(row.dossier_id, row.channel, row.account, row.chat, row.sender, _phone(db, row.phone)) for row in rows
    ]


def call_instead(db: Connection, commune_id: int, citizen_id: int, phone: str) -> None:
    """She wants to be called about the dossiers she asked to be told of; none of them is written about any more."""
    ids = select(dossier_watch.c.id).join(address, _hers(commune_id, citizen_id))
    db.execute(update(dossier_watch).where(dossier_watch.c.id.in_(ids)).values(phone=seal_json(db, phone)))


def _phone(db: Connection, sealed: bytes | None) -> str | None:
    return None if sealed is None else str(unseal_json(db, sealed))


# --- the citizen's rights ---------------------------------------------------------------------------------------------


def export(db: Connection, commune_id: int, citizen_id: int) -> dict[str, Any]:
    """What is kept here about a citizen: the dossiers she wants to be told of."""
    watched = db.execute(
        select(dossier.c.code, dossier_watch.c.channel, dossier_watch.c.phone, dossier_watch.c.created_at)
        .join(dossier, dossier.c.id == dossier_watch.c.dossier_id)
        .join(address, _hers(commune_id, citizen_id))
        .order_by(dossier_watch.c.id)
    )
    return {"watched": [{**row._mapping, "phone": _phone(db, row.phone)} for row in watched]}


def erase(db: Connection, commune_id: int, citizen_id: int) -> None:
    """She is told of nothing any more."""
    ids = select(dossier_watch.c.id).join(address, _hers(commune_id, citizen_id))
    db.execute(delete(dossier_watch).where(dossier_watch.c.id.in_(ids)))


def _hers(commune_id: int, citizen_id: int) -> Any:
    """Joins a watch to an address of the citizen."""
    same = (
        getattr(dossier_watch.c, name) == getattr(address.c, name)
        for name in ("commune_id", "channel", "account", "sender")
    )
    return and_(*same, address.c.commune_id == commune_id, address.c.citizen_id == citizen_id)
