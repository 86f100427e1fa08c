"""Systems that hand dossiers over by themselves: who they are, what each call came to, answers kept for a repeat.

No token is kept: it is derived from the secret key, the system's name and its serial, which grows with every new one;
so a database that is stolen lets nobody in. A call that is repeated with the same key gets the same answer for a week,
and does nothing again. Answers are sealed, because refusals quote what was sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    select,
    update,
)

from storage.db import Id, UtcTime, among, insert, metadata
from storage.dossiers import dossier
from storage.imports import import_run
from storage.prepared import Prepared
from storage.sealing import Keys, keys, seal_json, unseal_json

KEPT = timedelta(days=7)
"""How long a repeated call gets the first one's answer."""

system = Table(
    "system",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("name", String(40), nullable=False),
    Column("serial", Integer, nullable=False),  # of its newest token
    Column("created_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime, nullable=True),
    UniqueConstraint("commune_id", "name"),
)
system_call = Table(
    "system_call",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("system", String(40), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("status", Integer, nullable=False),  # of HTTP
    Column("new", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("same", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("import_id", Id, nullable=True),  # storage.imports
    UniqueConstraint("commune_id", "id"),
)
Index("ix_system_call_at", system_call.c.at)
system_answer = Table(
    "system_answer",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("system", String(40), nullable=False),
    Column("key", String(200), nullable=False),
    Column("digest", String(64), nullable=False),  # of the body
    Column("answer", LargeBinary, nullable=False),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "system", "key"),
)
Index("ix_system_answer_at", system_answer.c.at)


@dataclass(frozen=True, slots=True)
class System:
    """A system that has, or had, a token; `last_at`: when it last called."""

    name: str
    serial: int
    created_at: datetime
    revoked_at: datetime | None
    last_at: datetime | None = None


def token(by: Keys, commune_id: int, name: str, serial: int) -> str:
    """The secret of a system, the same every time."""
    return by.token(f"system {commune_id} {name} {serial}")


def grant(db: Connection, commune_id: int, name: str, now: datetime) -> str | None:
    """A new token; None when it has one already: first that is revoked."""
    fresh = {"commune_id": commune_id, "name": name, "serial": 1, "created_at": now}
    made = insert(db, system).values(fresh).on_conflict_do_nothing().returning(system.c.serial)
    serial = db.execute(made).scalar()
    if serial is None:
        anew = {"serial": system.c.serial + 1, "created_at": now, "revoked_at": None}
        ended = _named(commune_id, name) & system.c.revoked_at.is_not(None)
        serial = db.execute(update(system).where(ended).values(anew).returning(system.c.serial)).scalar()
    return None if serial is None else token(keys(db), commune_id, name, serial)


def revoke(db: Connection, commune_id: int, name: str, now: datetime) -> bool:
    """Its token opens nothing any more; False when it has none."""
    mine = _named(commune_id, name) & system.c.revoked_at.is_(None)
    return db.execute(update(system).where(mine).values(revoked_at=now)).rowcount > 0


def _named(commune_id: int, name: str) -> Any:
    return (system.c.commune_id == commune_id) & (system.c.name == name)


def secret(db: Connection, commune_id: int, name: str) -> str | None:
    """The token a system signs with now; None for a stranger."""
    here = _named(commune_id, name) & system.c.revoked_at.is_(None)
    serial = db.execute(select(system.c.serial).where(here)).scalar()
    return None if serial is None else token(keys(db), commune_id, name, serial)


def known(db: Connection, commune_id: int) -> list[System]:
    """All systems, those without a token too."""
    last = select(system_call.c.at).where(
        system_call.c.commune_id == system.c.commune_id, system_call.c.system == system.c.name
    )
    last = last.order_by(system_call.c.id.desc()).limit(1)
    columns = [system.c.name, system.c.serial, system.c.created_at, system.c.revoked_at]
    found = select(*columns, last.scalar_subquery()).where(system.c.commune_id == commune_id).order_by(system.c.name)
    rows: list[Any] = list(db.execute(found))
    return [System(*row) for row in rows]


# --- calls ------------------------------------------------------------------------------------------------------------


def note(
    db: Connection,
    commune_id: int,
    name: str,
    now: datetime,
    status: int,
    counts: Mapping[str, int] | None = None,
    import_id: int | None = None,
) -> None:
    """Who called, when, and what came of it."""
    numbers = {"new": 0, "changed": 0, "same": 0, "refused": 0} | dict(counts or {})
    values = {"commune_id": commune_id, "system": name, "at": now, "status": status, "import_id": import_id}
    db.execute(insert(db, system_call).values(values | numbers))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call was answered; `digest`: of its body."""

    digest: str
    answer: Mapping[str, Any]


def answered(db: Connection, commune_id: int, name: str, key: str, now: datetime) -> Answer | None:
    """What the same call was answered before."""
    mine = (system_answer.c.commune_id == commune_id) & (system_answer.c.system == name) & (system_answer.c.key == key)
    row = db.execute(select(system_answer).where(mine, system_answer.c.at > now - KEPT)).first()
    return None if row is None else Answer(row.digest, unseal_json(db, row.answer))


def claim(db: Connection, commune_id: int, name: str, key: str, digest: str, now: datetime) -> bool:
    """This call is ours to answer; False when another has answered it. Of two at once, the second waits here."""
    mine = (system_answer.c.commune_id == commune_id) & (system_answer.c.system == name) & (system_answer.c.key == key)
    db.execute(delete(system_answer).where(mine, system_answer.c.at <= now - KEPT))
    values = {"commune_id": commune_id, "system": name, "key": key, "digest": digest, "at": now, "answer": b""}
    made = insert(db, system_answer).values(values).on_conflict_do_nothing().returning(system_answer.c.id)
    return db.execute(made).first() is not None


def answer(db: Connection, commune_id: int, name: str, key: str, said: Mapping[str, Any]) -> None:
    """Keep the answer of a claimed call."""
    mine = (system_answer.c.commune_id == commune_id) & (system_answer.c.system == name) & (system_answer.c.key == key)
    db.execute(update(system_answer).where(mine).values(answer=seal_json(db, dict(said))))


def delete_old(db: Connection, now: datetime, calls_before: datetime, limit: int = 500) -> int:
    """Delete answers nobody may ask for again, and calls of before `calls_before`."""
    over = select(system_answer.c.id).where(system_answer.c.at <= now - KEPT).limit(limit)
    old = select(system_call.c.id).where(system_call.c.at < calls_before).limit(limit)
    gone = db.execute(delete(system_answer).where(system_answer.c.id.in_(over))).rowcount
    return gone + db.execute(delete(system_call).where(system_call.c.id.in_(old))).rowcount


# --- what is known of the dossiers of a call --------------------------------------------------------------------------

_FIELDS = (
    "code_key", "procedure_code", "procedure_name", "received_at", "due_at", "village", "officer", "place", "details",
)  # fmt: skip
_STANDING = Prepared(
    lambda db: (
        select(*(dossier.c[name] for name in _FIELDS), dossier.c.set_at, import_run.c.data_as_of)
        .join(import_run, import_run.c.id == dossier.c.import_id, isouter=True)
        .where(dossier.c.commune_id == bindparam("commune"), among(db, dossier.c.code_key, "keys", String))
    )
)


def standing(db: Connection, commune_id: int, code_keys: list[str]) -> dict[str, dict[str, Any]]:
    """By key of the code: what stands of a dossier now, `details` opened, and of when (`data_as_of`, `set_at`)."""
    rows = _STANDING.all(db, commune=commune_id, keys=code_keys)
    return {row.code_key: dict(row._mapping) | {"details": unseal_json(db, row.details)} for row in rows}
