"""Lists of dossiers dropped into a chat of the office: read outside the turn, shown, and applied after one tap.

    new -> ready -> applying -> done      (ready: shown, with the buttons "apply" and "drop")
    new -> refused                        nothing in it can be taken, or it was taken before
    ready -> dropped | expired            nobody wanted it

Whoever takes a list to read or apply it has it until `taken_until`, so that two processes do not both work at it and
another goes on after a kill -9. `base` is the newest run that had changed something when the list was compared: once
another run has, what was shown is no longer true and the list is read anew. What was shown is sealed, for refusals
quote the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
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
    UniqueConstraint,
    and_,
    delete,
    func,
    select,
    text,
    update,
)

from storage.citizens import address
from storage.consents import consent
from storage.db import EPOCH, Id, UtcTime, insert, is_postgres, metadata
from storage.dossiers import dossier, dossier_watch
from storage.files import file
from storage.imports import import_run
from storage.links import link
from storage.sealing import seal_json, unseal_json
from storage.stops import stop

TAKEN = timedelta(seconds=60)
"""How long whoever has a list may need between two signs of life."""

preview = Table(
    "preview",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("file", String(64), nullable=False),  # storage.files
    Column("title", LargeBinary, nullable=False),  # sealed: what the clerk called it
    Column("state", String(10), nullable=False),
    Column("by", Id, ForeignKey("official.id"), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("chat", String(128), nullable=False),
    Column("sender", String(128), nullable=False),
    Column("sent_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("taken_until", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("rounds", Integer, nullable=False),  # how often it was shown
    Column("base", Id, nullable=False),
    Column("run_id", Id, nullable=True),  # storage.imports, once it is being applied
    Column("decided_by", Id, ForeignKey("official.id"), nullable=True),
    Column("decided_at", UtcTime, nullable=True),
    Column("shown", LargeBinary, nullable=True),  # sealed JSON: what was seen in it
    UniqueConstraint("commune_id", "file"),
)
_at_work = text("state IN ('new', 'applying')")
Index("ix_preview_at_work", preview.c.commune_id, preview.c.id, sqlite_where=_at_work, postgresql_where=_at_work)
Index("ix_preview_sent", preview.c.sent_at)


@dataclass(frozen=True, slots=True)
class Preview:
    """A list that was dropped into a chat."""

    id: int
    file: str
    state: str
    by: int
    channel: str
    account: str
    chat: str
    sender: str
    sent_at: datetime
    expires_at: datetime
    attempts: int
    rounds: int
    base: int
    run_id: int | None
    decided_by: int | None
    decided_at: datetime | None
    title: str
    shown: Mapping[str, Any]


_COLUMNS = [preview.c[name] for name in Preview.__slots__]


def put(
    db: Connection,
    commune_id: int,
    name: str,
    title: str,
    by: int,
    who: tuple[str, str, str, str],
    now: datetime,
    expires_at: datetime,
) -> int | None:
    """Note a list that `who` (channel, account, chat, sender) has sent; None when it is noted already."""
    values = dict(zip(("channel", "account", "chat", "sender"), who, strict=True))
    made = insert(db, preview).values(
        values | {
            "commune_id": commune_id, "file": name, "title": seal_json(db, title), "state": "new", "by": by,
            "sent_at": now, "expires_at": expires_at, "taken_until": EPOCH, "attempts": 0, "rounds": 0, "base": 0,
        }
    )  # fmt: skip
    return db.execute(made.on_conflict_do_nothing().returning(preview.c.id)).scalar()


def get(db: Connection, commune_id: int, preview_id: int) -> Preview | None:
    """A list by its id."""
    return _one(db, preview.c.id == preview_id, preview.c.commune_id == commune_id)


def of_file(db: Connection, commune_id: int, name: str) -> Preview | None:
    """The list a file is."""
    return _one(db, preview.c.file == name, preview.c.commune_id == commune_id)


def _one(db: Connection, *which: Any) -> Preview | None:
    row = db.execute(select(*_COLUMNS).where(*which)).first()
    if row is None:
        return None
    values: dict[str, Any] = dict(row._mapping)
    values["title"] = str(unseal_json(db, row.title))
    values["shown"] = unseal_json(db, row.shown) if row.shown else {}
    return Preview(**values)


def waits(db: Connection, commune_id: int, now: datetime) -> bool:
    """Whether there may be something to take."""
    return db.execute(_free(commune_id, now)).first() is not None


def _free(commune_id: int, now: datetime) -> Any:
    here = (file.c.commune_id == preview.c.commune_id) & (file.c.name == preview.c.file) & (file.c.state == "fetched")
    to_do = text("preview.state IN ('new', 'applying')")  # word for word the index's
    oldest = select(preview.c.id).join(file, here).where(preview.c.commune_id == commune_id, to_do)
    return oldest.where(preview.c.taken_until <= now).order_by(preview.c.id).limit(1)


def take(db: Connection, commune_id: int, now: datetime) -> Preview | None:
    """The oldest list to be read or applied that is in nobody's hands and whose bytes are here; ours for `TAKEN`."""
    oldest = _free(commune_id, now)
    locked = oldest.with_for_update(skip_locked=True, of=preview) if is_postgres(db) else oldest
    found: int | None = db.execute(locked).scalar()
    if found is None:
        return None
    mine = {"taken_until": now + TAKEN, "attempts": preview.c.attempts + 1}
    db.execute(update(preview).where(preview.c.id == found).values(mine))
    return get(db, commune_id, found)


def hold(db: Connection, preview_id: int, until: datetime) -> None:
    """Whoever has it is still at it; or let it lie until then."""
    db.execute(update(preview).where(preview.c.id == preview_id, _at_work).values(taken_until=until))


def let_go(db: Connection, commune_id: int) -> None:
    """Nobody has any list in hand: those who had one have died."""
    db.execute(update(preview).where(preview.c.commune_id == commune_id, _at_work).values(taken_until=EPOCH))


def read(
    db: Connection, preview_id: int, state: str, shown: Mapping[str, Any], base: int = 0, now: datetime | None = None
) -> bool:
    """It has been read: `state` is ready, or refused; False when somebody else was quicker."""
    values = {"state": state, "shown": seal_json(db, dict(shown)), "base": base, "attempts": 0, "taken_until": EPOCH}
    more = {"rounds": preview.c.rounds + 1} | ({"decided_at": now} if state == "refused" else {})
    return _move(db, preview_id, "new", values | more)


def decide(db: Connection, preview_id: int, state: str, by: int, now: datetime) -> bool:
    """An official has tapped: applying, or dropped; False when it was decided before."""
    return _move(db, preview_id, "ready", {"state": state, "decided_by": by, "decided_at": now, "taken_until": EPOCH})


def expire(db: Connection, preview_id: int) -> bool:
    """Its day is over."""
    return _move(db, preview_id, "ready", {"state": "expired"})


def again(db: Connection, preview_id: int, state: str) -> bool:
    """What was shown holds no more: it is to be read anew."""
    anew = {"state": "new", "run_id": None, "decided_by": None, "decided_at": None, "taken_until": EPOCH, "attempts": 0}
    return _move(db, preview_id, state, anew)


def begun(db: Connection, preview_id: int, run_id: int | None) -> None:
    """This run applies it."""
    db.execute(update(preview).where(preview.c.id == preview_id).values(run_id=run_id))


def finish(db: Connection, preview_id: int, state: str, shown: Mapping[str, Any]) -> bool:
    """It is applied (done) or was given up (failed), with what is to be told; False when that was told before."""
    return _move(db, preview_id, "applying", {"state": state, "shown": seal_json(db, dict(shown))})


def _move(db: Connection, preview_id: int, state: str, values: Mapping[str, Any]) -> bool:
    moved = update(preview).where(preview.c.id == preview_id, preview.c.state == state).values(dict(values))
    return db.execute(moved).rowcount > 0


def lose(db: Connection, commune_id: int, name: str) -> bool:
    """Its bytes will never be here."""
    gone = update(preview).where(preview.c.commune_id == commune_id, preview.c.file == name, preview.c.state == "new")
    return db.execute(gone.values(state="lost")).rowcount > 0


def newest_change(db: Connection, commune_id: int) -> int:
    """The newest run that has changed a dossier, or is at it; 0 when there is none."""
    ran = import_run.c.state.in_(["applying", "done"]) & (import_run.c.new + import_run.c.changed > 0)
    newest = select(import_run.c.id).where(import_run.c.commune_id == commune_id, ran)
    return int(db.execute(newest.order_by(import_run.c.id.desc()).limit(1)).scalar() or 0)


# --- whom a list concerns ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Concerned:
    """Who is told of dossiers: citizens by the key of a code, and phones on which somebody agreed to be told."""

    citizens: Mapping[str, frozenset[int]]
    phones: frozenset[str]


def concerned(db: Connection, commune_id: int, code_keys: list[str], phone_keys: list[str]) -> Concerned:
    """On whose chats these dossiers stand or who watches them, without those who want no news of dossiers; and which of
    these phones (keys) are agreed upon.
    """
    here = (dossier.c.commune_id == commune_id) & dossier.c.code_key.in_(code_keys)
    linked = select(dossier.c.code_key, link.c.citizen_id).join(link, link.c.dossier_id == dossier.c.id).where(here)
    same = ((getattr(dossier_watch.c, name) == getattr(address.c, name)) for name in _ADDRESS)
    watched = select(dossier.c.code_key, address.c.citizen_id)
    watched = watched.join(dossier_watch, dossier_watch.c.dossier_id == dossier.c.id).join(address, and_(*same))
    rows = [*db.execute(linked), *db.execute(watched.where(here, address.c.citizen_id.is_not(None)))]
    over = (stop.c.commune_id == commune_id) & (stop.c.kind == "dossiers") & stop.c.started_at.is_(None)
    them = {row.citizen_id for row in rows}
    silent = set(db.execute(select(stop.c.citizen_id).where(over, stop.c.citizen_id.in_(them))).scalars())
    found: dict[str, set[int]] = {}
    for row in rows:
        found.setdefault(row.code_key, set()).update({row.citizen_id} - silent)
    agreed = (consent.c.commune_id == commune_id) & consent.c.withdrawn_at.is_(None)
    phones = db.execute(select(consent.c.phone_key).where(agreed, consent.c.phone_key.in_(phone_keys))).scalars()
    return Concerned({key: frozenset(ids) for key, ids in found.items()}, frozenset(phones))


_ADDRESS = ("commune_id", "channel", "account", "sender")


def forget_file(db: Connection, commune_id: int, name: str) -> None:
    """A list that has served is not kept: its bytes are deleted after COMMIT by whoever looks for `erased` files."""
    gone = {"state": "erased", "chat": "", "sender": "", "title": None, "source": None, "codes": None}
    db.execute(update(file).where(file.c.commune_id == commune_id, file.c.name == name).values(gone))


def overdue(db: Connection, commune_id: int, now: datetime) -> list[Preview]:
    """Lists nobody has decided on until their day was over."""
    over = (preview.c.commune_id == commune_id) & (preview.c.state == "ready") & (preview.c.expires_at <= now)
    ids = list(db.execute(select(preview.c.id).where(over)).scalars())
    return [found for each in ids if (found := get(db, commune_id, each)) is not None]


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of earlier runs and dossiers: when these very bytes were taken in, whether anything has changed
    since, how many dossiers there are, the newest day one was received.
    """

    taken_at: datetime | None
    is_newest: bool
    dossiers: int
    newest: datetime | None


def before(db: Connection, commune_id: int, sha256: str) -> Before:
    """What a list is compared with, besides its rows."""
    done = (import_run.c.commune_id == commune_id) & (import_run.c.state == "done")
    same: Any = db.execute(
        select(import_run.c.id, import_run.c.finished_at)
        .where(done, import_run.c.sha256 == sha256)
        .order_by(import_run.c.id.desc())
        .limit(1)
    ).first()
    facts: Any = db.execute(
        select(func.count().label("many"), func.max(dossier.c.received_at).label("newest")).where(
            dossier.c.commune_id == commune_id
        )
    ).one()
    newest = newest_change(db, commune_id)
    return Before(same and same.finished_at, bool(same and same.id >= newest), int(facts.many), facts.newest)


def delete_old(db: Connection, before: datetime, limit: int = 500) -> int:
    """Delete lists sent before `before`."""
    old = select(preview.c.id).where(preview.c.sent_at < before).limit(limit)
    return db.execute(delete(preview).where(preview.c.id.in_(old))).rowcount
