"""Notices, and how each of their recipients is reached: one delivery a person, one attempt at a time.

A notice is made once by its key. A delivery is always in exactly one state, so that the states of a notice add up to
its audience:

waiting      the next way is still to be chosen (`bot.reach`)
sending      an outbox row is under way
uncertain    that row may have arrived; a person decides first, or she would get it twice
sent         accepted by the provider; `until`: how long word of delivery is waited for
delivered    the provider says that she has it
call         on the officials' call list
called       an official has told her by telephone
unreachable  there is no way left        stopped  she wants no such messages, and nobody calls either
dropped      its time has passed, or it was taken back        erased  she asked to be forgotten

Each attempt is a row that stays: which way, what it cost, what became of it. The same way twice is refused by a key.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
    delete,
    func,
    select,
    text,
    update,
)

from storage import outbox as messages
from storage.audience import Person
from storage.db import Id, UtcTime, insert, is_postgres, metadata
from storage.outbox import outbox
from storage.sealing import seal_json, unseal_json

notice = Table(
    "notice",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("kind", String(40), nullable=False),  # result-ready …
    Column("key", String(120), nullable=False),  # made twice, it acts once
    Column("topic", String(12), nullable=False),  # storage.stops.Kind: what she may have stopped
    Column("about", String(80), nullable=False),  # for the call list: a dossier's code; never words
    Column("words", LargeBinary, nullable=True),  # sealed JSON; empty some days after it is done
    Column("calls", Boolean, nullable=False),  # who cannot be written to is called
    Column("made_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=True),
    UniqueConstraint("commune_id", "key"),
)
_words = text("words IS NOT NULL")
Index("ix_notice_words", notice.c.made_at, sqlite_where=_words, postgresql_where=_words)
Index("ix_notice_made", notice.c.commune_id, notice.c.made_at, notice.c.kind)
Index("ix_notice_about", notice.c.commune_id, notice.c.about)
delivery = Table(
    "delivery",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("notice_id", Id, ForeignKey("notice.id"), nullable=False),
    Column("person", String(48), nullable=False),  # c12: a citizen; p…: the key of a phone; d7: a dossier without one
    Column("citizen_id", Id, ForeignKey("citizen.id"), nullable=True),
    Column("dossier_id", Id, ForeignKey("dossier.id"), nullable=True),
    Column("state", String(12), nullable=False),
    Column("step", String(8), nullable=True),  # telegram, zalo, uid, phone, call
    Column("outbox_id", Id, nullable=True),  # of the attempt under way; its first part, which has the words
    Column("until", UtcTime, nullable=True),
    Column("rings", Integer, nullable=False, server_default="0"),  # how often nobody answered the telephone
    Column("official_id", Id, ForeignKey("official.id"), nullable=True),  # who called
    Column("changed_at", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "notice_id", "person"),
)
_waiting = text("state = 'waiting'")
Index(
    "ix_delivery_waiting", delivery.c.commune_id, delivery.c.id, sqlite_where=_waiting, postgresql_where=_waiting
)
_going = text("state IN ('sending', 'uncertain')")
Index(
    "ix_delivery_going", delivery.c.commune_id, delivery.c.outbox_id, sqlite_where=_going, postgresql_where=_going
)
_watched = text("until IS NOT NULL")
Index(
    "ix_delivery_watched", delivery.c.commune_id, delivery.c.until, sqlite_where=_watched, postgresql_where=_watched
)
_call = text("state = 'call'")
Index("ix_delivery_call", delivery.c.commune_id, delivery.c.person, sqlite_where=_call, postgresql_where=_call)
_lost = text("state IN ('uncertain', 'unreachable')")
Index("ix_delivery_lost", delivery.c.commune_id, delivery.c.changed_at, sqlite_where=_lost, postgresql_where=_lost)
Index("ix_delivery_citizen", delivery.c.citizen_id)
Index("ix_delivery_dossier", delivery.c.commune_id, delivery.c.dossier_id)
attempt = Table(
    "delivery_attempt",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("delivery_id", Id, ForeignKey("delivery.id"), nullable=False),
    Column("step", String(8), nullable=False),
    Column("address_id", Id, nullable=False),  # 0: none. No reference, because addresses go when she is forgotten
    Column("state", String(8), nullable=False),  # going, sent, late, failed
    Column("outbox_id", Id, nullable=True),
    Column("month", String(7), nullable=False),
    Column("cost", Integer, nullable=False),  # đồng; 0 when it turned out not to have left
    Column("plan_messages", Integer, nullable=False),  # of the plan's monthly number
    Column("at", UtcTime, nullable=False),
    Column("why", String(200), nullable=True),
    UniqueConstraint("commune_id", "delivery_id", "step", "address_id"),
)
_late = text("state = 'late'")
Index("ix_delivery_attempt_late", attempt.c.commune_id, attempt.c.at, sqlite_where=_late, postgresql_where=_late)

STATES = (
    "waiting", "sending", "uncertain", "sent", "delivered", "call", "called", "unreachable", "stopped", "dropped",
    "erased",
)  # fmt: skip
SLICE = 500
"""Recipients taken in one transaction, so that turns go between."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery whose next way is to be chosen; `tried`: (step, address) of the ways that are over."""

    id: int
    notice_id: int
    person: Person
    tried: frozenset[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Kept:
    """A notice as it was made. `words`: {"bodies": {channel: {language: [body]}}, "values": {field: text}}."""

    id: int
    kind: str
    key: str
    topic: str
    calls: bool
    expires_at: datetime | None
    words: dict[str, Any]


# --- making -----------------------------------------------------------------------------------------------------------


def make(
    db: Connection, commune_id: int, values: dict[str, Any], words: dict[str, Any], now: datetime
) -> tuple[int, bool]:
    """The notice of this key: its id, and whether it is new. `values`: kind, key, topic, about, calls, expires_at."""
    row = {"commune_id": commune_id, "words": seal_json(db, words), "made_at": now} | values
    made = db.execute(insert(db, notice).values(row).on_conflict_do_nothing().returning(notice.c.id)).scalar()
    if made is not None:
        return int(made), True
    same = (notice.c.commune_id == commune_id) & (notice.c.key == values["key"])
    return int(db.execute(select(notice.c.id).where(same)).scalar_one()), False


def again(
    db: Connection, commune_id: int, notice_id: int, people: Iterable[str], words: dict[str, Any],
    expires_at: datetime | None, now: datetime,
) -> int:  # fmt: skip
    """Those of these people for whom a notice was dropped before it left wait for it again, with the words of now; how
    many they are. The ways that were begun for them are free again.
    """
    theirs = (delivery.c.commune_id == commune_id) & (delivery.c.notice_id == notice_id)
    dropped = theirs & delivery.c.person.in_(list(people)) & (delivery.c.state == "dropped")
    values = {"state": "waiting", "step": None, "outbox_id": None, "until": None, "changed_at": now}
    ids = list(db.execute(update(delivery).where(dropped).values(values).returning(delivery.c.id)).scalars())
    if ids:
        db.execute(update(attempt).where(_of(commune_id, ids)).values(address_id=-attempt.c.id))
        fresh = {"words": seal_json(db, words), "expires_at": expires_at, "made_at": now}
        db.execute(update(notice).where(notice.c.id == notice_id).values(fresh))
    return len(ids)


def had(db: Connection, commune_id: int, key: str) -> frozenset[str]:
    """Who has been told by the notice of this key, or is going to be."""
    same = (notice.c.commune_id == commune_id) & (notice.c.key == key) & (delivery.c.state != "dropped")
    found = select(delivery.c.person).join(notice, notice.c.id == delivery.c.notice_id)
    return frozenset(db.execute(found.where(same)).scalars())


def add(db: Connection, commune_id: int, notice_id: int, people: Iterable[Person], now: datetime) -> None:
    """These people are to be told; who is already, is not told twice."""
    rows = [
        {
            "commune_id": commune_id, "notice_id": notice_id, "person": each.key, "citizen_id": each.citizen_id,
            "dossier_id": each.dossier_id, "state": "waiting", "changed_at": now,
        }
        for each in people
    ]  # fmt: skip
    if rows:
        db.execute(insert(db, delivery).on_conflict_do_nothing(), rows)


def known(db: Connection, commune_id: int, key: str) -> list[str]:
    """The people who are told by the notice of this key; none while it is not made."""
    same = (notice.c.commune_id == commune_id) & (notice.c.key == key)
    found = select(delivery.c.person).join(notice, notice.c.id == delivery.c.notice_id)
    return list(db.execute(found.where(same)).scalars())


# --- choosing ---------------------------------------------------------------------------------------------------------


def waiting(db: Connection, commune_id: int, limit: int = SLICE) -> list[Waiting]:
    """Deliveries whose next way is to be chosen, in the order they were asked for."""
    wanted = select(delivery).where(delivery.c.commune_id == commune_id, _waiting).order_by(delivery.c.id).limit(limit)
    rows = db.execute(wanted.with_for_update(skip_locked=True) if is_postgres(db) else wanted).all()
    if not rows:
        return []
    tried: dict[int, set[tuple[str, int]]] = {}
    over = select(attempt.c.delivery_id, attempt.c.step, attempt.c.address_id)
    for each in db.execute(over.where(_of(commune_id, [row.id for row in rows]))):
        tried.setdefault(each.delivery_id, set()).add((each.step, each.address_id))
    return [
        Waiting(
            row.id, row.notice_id, Person(row.person, row.citizen_id, row.dossier_id), frozenset(tried.get(row.id, ()))
        )
        for row in rows
    ]


def kept(db: Connection, commune_id: int, ids: Iterable[int]) -> dict[int, Kept]:
    """Notices with their words."""
    here = (notice.c.commune_id == commune_id) & notice.c.id.in_(set(ids))
    return {
        row.id: Kept(
            row.id, row.kind, row.key, row.topic, row.calls, row.expires_at,
            unseal_json(db, row.words) if row.words is not None else {},
        )
        for row in db.execute(select(notice).where(here))
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen for a delivery: an end state, or "sending" with its attempt."""

    delivery_id: int
    state: str
    step: str | None = None
    address_id: int = 0
    outbox_id: int | None = None
    cost: int = 0
    plan_messages: int = 0
    month: str = ""


_CHOOSE = (
    update(delivery)
    .where(delivery.c.id == bindparam("this"), delivery.c.state == bindparam("was"))
    .values(
        state=bindparam("new"), step=bindparam("by"), outbox_id=bindparam("row"), until=None,
        changed_at=bindparam("at_", type_=UtcTime),
    )
)  # fmt: skip


def choose(db: Connection, commune_id: int, chosen: Sequence[Chosen], now: datetime) -> None:
    """Write down what was chosen for waiting deliveries."""
    if not chosen:
        return
    db.execute(
        _CHOOSE,
        [
            {"this": each.delivery_id, "was": "waiting", "new": each.state, "by": each.step, "row": each.outbox_id,
             "at_": now} for each in chosen
        ],
    )  # fmt: skip
    begun = [
        {
            "commune_id": commune_id, "delivery_id": each.delivery_id, "step": each.step, "address_id": each.address_id,
            "state": "going" if each.state == "sending" else "sent", "outbox_id": each.outbox_id, "month": each.month,
            "cost": each.cost, "plan_messages": each.plan_messages, "at": now,
        }
        for each in chosen if each.step is not None
    ]  # fmt: skip
    if begun:
        db.execute(insert(db, attempt), begun)


def _of(commune_id: int, ids: Iterable[int]) -> Any:
    return (attempt.c.commune_id == commune_id) & attempt.c.delivery_id.in_(list(ids))


# --- figures ----------------------------------------------------------------------------------------------------------


def counts(db: Connection, commune_id: int, notice_id: int) -> dict[str, int]:
    """How many recipients of a notice are in each state; they add up to its audience."""
    here = (delivery.c.commune_id == commune_id) & (delivery.c.notice_id == notice_id)
    found = db.execute(select(delivery.c.state, func.count()).where(here).group_by(delivery.c.state))
    return {state: int(number) for state, number in found}


# --- time and the citizen's rights ------------------------------------------------------------------------------------


def empty_old(db: Connection, before: datetime, limit: int = SLICE) -> int:
    """Forget the words of notices made before `before` of which nothing is under way."""
    busy = select(delivery.c.id).where(
        delivery.c.commune_id == notice.c.commune_id, delivery.c.notice_id == notice.c.id,
        delivery.c.state.in_(["waiting", "sending", "uncertain"]),
    )  # fmt: skip
    old = select(notice.c.id).where(_words, notice.c.made_at < before, ~busy.exists()).limit(limit)
    return db.execute(update(notice).where(notice.c.id.in_(old)).values(words=None)).rowcount


def export(db: Connection, commune_id: int, citizen_id: int) -> list[dict[str, Any]]:
    """What she was told, and how: kind, about, state, step, when."""
    rows = db.execute(
        select(notice.c.kind, notice.c.about, delivery.c.state, delivery.c.step, delivery.c.changed_at)
        .join(notice, notice.c.id == delivery.c.notice_id)
        .where(delivery.c.commune_id == commune_id, delivery.c.citizen_id == citizen_id)
        .order_by(delivery.c.id)
    )
    return [dict(row) for row in rows.mappings()]


def erase(db: Connection, commune_id: int, citizen_id: int) -> None:
    """Whose deliveries they were, and what was sent to her phone; what is not over ends here. Figures stay."""
    hers = (delivery.c.commune_id == commune_id) & (delivery.c.citizen_id == citizen_id)
    ids = list(db.execute(select(delivery.c.id).where(hers)).scalars())
    for at in db.execute(
        select(outbox.c.channel, outbox.c.account, outbox.c.chat)
        .join(attempt, attempt.c.outbox_id == outbox.c.id)
        .where(_of(commune_id, ids), attempt.c.step == "phone")
        .distinct()
    ).all():
        messages.erase(db, commune_id, *at)
    over = [state for state in STATES if state not in ("waiting", "sending", "uncertain", "call")]
    db.execute(update(delivery).where(hers, delivery.c.state.not_in(over)).values(state="erased"))
    person = func.concat("e", delivery.c.id) if is_postgres(db) else text("'e' || delivery.id")
    db.execute(update(delivery).where(hers).values(citizen_id=None, dossier_id=None, person=person, until=None))
    db.execute(update(attempt).where(_of(commune_id, ids)).values(address_id=-attempt.c.id))


def join(db: Connection, commune_id: int, kept: int, gone: int) -> None:
    """Before two citizens become one (`storage.joins`): what still waits for both is told once."""
    theirs = (delivery.c.commune_id == commune_id) & (delivery.c.citizen_id == gone)
    twin = delivery.alias()
    both = select(twin.c.id).where(twin.c.citizen_id == kept, twin.c.notice_id == delivery.c.notice_id).exists()
    db.execute(update(delivery).where(theirs, both, delivery.c.state.in_(["waiting", "call"])).values(state="dropped"))
    db.execute(update(delivery).where(theirs, ~both, delivery.c.person == f"c{gone}").values(person=f"c{kept}"))


def delete_old(db: Connection, before: datetime, limit: int = SLICE) -> int:
    """Delete deliveries that ended before `before`, with their attempts, and notices that have none left."""
    over = delivery.c.state.not_in(["waiting", "sending", "uncertain", "call"])
    ids = list(db.execute(select(delivery.c.id).where(delivery.c.changed_at < before, over).limit(limit)).scalars())
    db.execute(delete(attempt).where(attempt.c.delivery_id.in_(ids)))
    db.execute(delete(delivery).where(delivery.c.id.in_(ids)))
    empty = ~select(delivery.c.id).where(delivery.c.notice_id == notice.c.id).exists()
    db.execute(delete(notice).where(notice.c.made_at < before, notice.c.words.is_(None), empty))
    return len(ids)
