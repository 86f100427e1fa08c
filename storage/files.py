"""Files received: the row, and where the bytes lie under DATA_DIR/files. Nobody can guess a name; nothing is served by
path.

States: new (the provider still has it, `source` tells where) -> fetched | refused | lost (`why`: a word of `WHYS`). A
page hands its bytes over at once, so its files begin as fetched; those of a messenger begin as new, under a name that
follows from the event, so that a turn that runs again makes no second row. erased: she has been forgotten, and the
bytes are still to be deleted; the row goes after them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    select,
    text,
    update,
)

from storage.db import Id, UtcTime, insert, metadata
from storage.sealing import seal, seal_json, unseal, unseal_json

file = Table(
    "file",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("name", String(64), nullable=False),  # random; also the name on disk
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("chat", String(128), nullable=False),  # who sent it
    Column("state", String(8), nullable=False),  # new, fetched, refused, lost, erased
    Column("kind", String(8), nullable=False),  # photo, voice, file
    Column("media_type", String(80), nullable=False),
    Column("size", Integer, nullable=False),
    Column("title", LargeBinary, nullable=True),  # sealed: the name it had on her phone
    Column("received_at", UtcTime, nullable=False),
    Column("codes", LargeBinary, nullable=True),  # sealed JSON: dossier codes read in the picture (L15)
    Column("sender", String(128), nullable=False, server_default=""),  # who is told what became of it
    Column("source", LargeBinary, nullable=True),  # sealed: how the channel finds it; only of a new one
    Column("why", String(12), nullable=True),  # it was refused or lost; of WHYS
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", UtcTime, nullable=True),  # of the next attempt
    Column("abroad", String(64), nullable=True),  # shown instead where names are masked; "": nothing is
    Column("kept", Boolean, nullable=False, server_default=text("false")),  # evidence: not pruned by its age
    UniqueConstraint("commune_id", "name"),
)
_new, _erased = text("state = 'new'"), text("state = 'erased'")
Index(
    "ix_file_new", file.c.commune_id, file.c.channel, file.c.account, file.c.id,
    sqlite_where=_new, postgresql_where=_new,
)  # fmt: skip
Index("ix_file_erased", file.c.id, sqlite_where=_erased, postgresql_where=_erased)
Index("ix_file_received", file.c.received_at)
Index("ix_file_chat", file.c.commune_id, file.c.channel, file.c.account, file.c.chat)

share = Table(
    "file_share",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("name", String(64), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("chat", String(128), nullable=False),
    UniqueConstraint("commune_id", "channel", "account", "chat", "name", name="uq_file_share_chat"),
)
Index("ix_file_share_name", share.c.commune_id, share.c.name)

WHYS = ("card", "unopenable", "empty", "large", "gone", "away")
"""An identity card; a kind nobody can open; no bytes; too many; not to be had any more; not to be had for a day."""


@dataclass(frozen=True, slots=True)
class File:
    """A received file; `name` is its id for everybody."""

    name: str
    chat: str
    kind: str
    media_type: str
    size: int
    title: str
    received_at: datetime


def add(
    db: Connection,
    commune_id: int,
    name: str,
    channel: str,
    account: str,
    chat: str,
    kind: str,
    media_type: str,
    size: int,
    title: str,
    now: datetime,
    codes: Sequence[str] = (),
) -> None:
    """Record a file whose bytes are on disk; the same upload repeated changes nothing."""
    values = {
        "commune_id": commune_id,
        "name": name,
        "channel": channel,
        "account": account,
        "chat": chat,
        "state": "fetched",
        "kind": kind,
        "media_type": media_type[:80],
        "size": size,
        "title": seal(db, title.encode("utf-8", "replace")),
        "received_at": now,
        "codes": seal_json(db, list(codes)) if codes else None,
    }
    db.execute(insert(db, file).values(values).on_conflict_do_nothing())


def get(db: Connection, commune_id: int, name: str) -> File | None:
    """A fetched file by its name."""
    row = db.execute(
        select(file).where(file.c.commune_id == commune_id, file.c.name == name, file.c.state == "fetched")
    ).first()
    if row is None:
        return None
    title = unseal(db, row.title).decode() if row.title else ""
    return File(row.name, row.chat, row.kind, row.media_type, row.size, title, row.received_at)


def belongs(db: Connection, commune_id: int, channel: str, account: str, chat: str, name: str) -> bool:
    """Whether a file came from that chat and has not been refused or lost."""
    hers = (file.c.channel == channel) & (file.c.account == account) & (file.c.chat == chat)
    this = select(file.c.id).where(file.c.commune_id == commune_id, file.c.name == name, hers)
    return db.execute(this.where(file.c.state.in_(["new", "fetched"]))).first() is not None


def lately(
    db: Connection, commune_id: int, channel: str, account: str, chat: str, since: datetime
) -> list[tuple[str, str, datetime]]:
    """What came from that chat since then and has not been refused or lost, oldest first: (name, kind, when)."""
    hers = (file.c.channel == channel) & (file.c.account == account) & (file.c.chat == chat)
    asked = select(file.c.name, file.c.kind, file.c.received_at).where(
        file.c.commune_id == commune_id, hers, file.c.received_at >= since, file.c.state.in_(["new", "fetched"])
    )
    return [(name, kind, at) for name, kind, at in db.execute(asked.order_by(file.c.id))]


def hand_over(db: Connection, commune_id: int, name: str, channel: str, account: str, chat: str) -> None:
    """A recording now belongs to whoever it is for: it is shown there, told with her data and erased with them."""
    db.execute(
        update(file)
        .where(file.c.commune_id == commune_id, file.c.name == name, file.c.state == "fetched")
        .values(channel=channel, account=account, chat=chat, sender="")
    )


def instead_abroad(db: Connection, commune_id: int, name: str, other: str) -> None:
    """Where names are masked the file `other` is shown instead; "": none is."""
    db.execute(update(file).where(file.c.commune_id == commune_id, file.c.name == name).values(abroad=other))


def abroad(db: Connection, commune_id: int, names: Sequence[str]) -> tuple[str, ...]:
    """These files as they may be shown where names are masked."""
    if not names:
        return ()
    wanted = select(file.c.name, file.c.abroad).where(file.c.commune_id == commune_id, file.c.name.in_(names))
    other = {row.name: row.abroad for row in db.execute(wanted) if row.abroad is not None}
    return tuple(filter(None, (other.get(name, name) for name in names)))


def share_with(db: Connection, commune_id: int, names: Iterable[str], channel: str, account: str, chat: str) -> None:
    """A letter of the office's is for this chat, too: its page may fetch it."""
    here = {"commune_id": commune_id, "channel": channel, "account": account, "chat": chat}
    for name in names:
        db.execute(insert(db, share).values(here | {"name": name}).on_conflict_do_nothing())


def is_shared(db: Connection, commune_id: int, name: str, channel: str, account: str, chat: str) -> bool:
    """Whether a page may fetch a file that was not sent from it."""
    here = (share.c.channel == channel) & (share.c.account == account) & (share.c.chat == chat)
    this = select(share.c.id).where(share.c.commune_id == commune_id, here, share.c.name == name)
    return db.execute(this).first() is not None


def codes(
    db: Connection, commune_id: int, channel: str, account: str, chat: str, names: Sequence[str]
) -> list[str] | None:
    """The dossier codes read in these pictures of hers; None while one of them is still to be fetched."""
    rows = db.execute(
        select(file.c.state, file.c.codes).where(
            file.c.commune_id == commune_id,
            file.c.name.in_(names),
            file.c.channel == channel,
            file.c.account == account,
            file.c.chat == chat,
        )
    ).all()
    if any(row.state == "new" for row in rows):
        return None
    return list(dict.fromkeys(code for row in rows if row.codes for code in unseal_json(db, row.codes)))


# --- files a provider still has ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that is still to be fetched: `source` as its channel knows it, size 0 when unknown."""

    name: str
    channel: str
    account: str
    chat: str
    sender: str
    kind: str
    media_type: str
    size: int
    attempts: int
    received_at: datetime
    source: str


def expect(
    db: Connection,
    commune_id: int,
    name: str,
    who: tuple[str, str, str, str],
    kind: str,
    media_type: str,
    size: int,
    title: str,
    source: str,
    now: datetime,
    why: str | None = None,
) -> None:
    """Record a file of `who` (channel, account, chat, sender) that is to be fetched, or with `why` never will be; the
    same name again changes nothing.
    """
    channel, account, chat, sender = who
    values = {
        "commune_id": commune_id,
        "name": name,
        "channel": channel,
        "account": account,
        "chat": chat,
        "sender": sender,
        "state": "lost" if why else "new",
        "why": why,
        "kind": kind,
        "media_type": media_type[:80],
        "size": size,
        "title": seal(db, title.encode("utf-8", "replace")) if title else None,
        "source": None if why else seal(db, source.encode()),
        "received_at": now,
        "not_before": now,
    }
    db.execute(insert(db, file).values(values).on_conflict_do_nothing())


_WAITING = tuple(file.c[name] for name in Waiting.__slots__)


def waiting(db: Connection, commune_id: int, channel: str, account: str, now: datetime, limit: int) -> list[Waiting]:
    """The oldest files of a channel account that may be fetched now."""
    here = (file.c.commune_id == commune_id) & (file.c.channel == channel) & (file.c.account == account)
    found = db.execute(select(*_WAITING).where(here, _new, file.c.not_before <= now).order_by(file.c.id).limit(limit))
    return [Waiting(**{**row._mapping, "source": unseal(db, row.source).decode()}) for row in found]


def again(db: Connection, commune_id: int, name: str, not_before: datetime) -> None:
    """It could not be fetched now; it may be tried from then on."""
    db.execute(
        update(file).where(_is_new(commune_id, name)).values(not_before=not_before, attempts=file.c.attempts + 1)
    )


def fetched(
    db: Connection, commune_id: int, name: str, kind: str, media_type: str, size: int, codes: Sequence[str] = ()
) -> bool:
    """Its bytes are on disk; False when it is not awaited any more."""
    read = seal_json(db, list(codes)) if codes else None
    values = {"kind": kind, "media_type": media_type[:80], "size": size, "codes": read}
    return _settle(db, commune_id, name, state="fetched", **values)


def give_up(db: Connection, commune_id: int, name: str, state: str, why: str) -> bool:
    """It was refused or is lost, and why; False when it is not awaited any more."""
    return _settle(db, commune_id, name, state=state, why=why)


def _settle(db: Connection, commune_id: int, name: str, **values: Any) -> bool:
    return db.execute(update(file).where(_is_new(commune_id, name)).values(source=None, **values)).rowcount > 0


def _is_new(commune_id: int, name: str) -> Any:
    return (file.c.commune_id == commune_id) & (file.c.name == name) & (file.c.state == "new")


MISSING = "missing"


def shown(db: Connection, commune_id: int, names: Iterable[str]) -> dict[str, str]:
    """What can be shown of these files: the kind of one that is there, `MISSING` of one that did not reach us. One that
    is on its way, or whose time is over, is left out.
    """
    wanted = list(names)
    if not wanted:
        return {}
    found = db.execute(
        select(file.c.name, file.c.state, file.c.kind, file.c.why).where(
            file.c.commune_id == commune_id, file.c.name.in_(wanted)
        )
    )
    settled = [row for row in found if row.state == "fetched" or row.why is not None]
    return {row.name: row.kind if row.state == "fetched" else MISSING for row in settled}


# --- their end --------------------------------------------------------------------------------------------------------


def names_before(db: Connection, before: datetime, limit: int = 500, *where: Any) -> list[str]:
    """Files received before a time, for pruning; what is kept as evidence stays. where: what else must hold of `file`.
    """
    old = (file.c.received_at < before) & (file.c.state == "fetched") & file.c.kept.is_(False)
    for each in where:
        old &= each
    return list(db.execute(select(file.c.name).where(old).limit(limit)).scalars())


def lose(db: Connection, names: list[str]) -> None:
    """The bytes are gone (pruned)."""
    db.execute(share.delete().where(share.c.name.in_(names)))
    db.execute(update(file).where(file.c.name.in_(names)).values(state="lost", title=None, codes=None))


def export(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> list[dict[str, Any]]:
    """Files she sent."""
    here = (
        (file.c.commune_id == commune_id)
        & (file.c.channel == channel)
        & (file.c.account == account)
        & (file.c.chat == chat)
    )
    return [
        dict(row)
        for row in db.execute(select(file.c.kind, file.c.size, file.c.received_at, file.c.state).where(here)).mappings()
    ]


def delete_old(db: Connection, before: datetime, limit: int = 500) -> int:
    """Delete the rows of files received before `before` whose bytes are not kept; returns how many."""
    over = select(file.c.id).where(file.c.received_at < before, file.c.state.in_(["refused", "lost"])).limit(limit)
    return db.execute(file.delete().where(file.c.id.in_(over))).rowcount


def erase(
    db: Connection, commune_id: int, channel: str, account: str, chat: str, keep: Iterable[str] = ()
) -> list[str]:
    """Forget the files she sent, but not those of `keep`; returns their names. The bytes are deleted after COMMIT by
    whoever looks for `erased` ones, so that a power cut in between leaves nothing behind.
    """
    here = (
        (file.c.commune_id == commune_id)
        & (file.c.channel == channel)
        & (file.c.account == account)
        & (file.c.chat == chat)
        & file.c.name.not_in(list(keep))
    )
    gone = {"state": "erased", "chat": "", "sender": "", "title": None, "source": None, "codes": None}
    shared = (share.c.commune_id == commune_id) & (share.c.channel == channel) & (share.c.account == account)
    db.execute(share.delete().where(shared, share.c.chat == chat))
    return list(db.execute(update(file).where(here).values(gone).returning(file.c.name)).scalars())


def erased(db: Connection, limit: int = 500) -> list[str]:
    """Files whose bytes are still to be deleted."""
    return list(db.execute(select(file.c.name).where(_erased).order_by(file.c.id).limit(limit)).scalars())


def delete(db: Connection, names: Sequence[str]) -> None:
    """The bytes of erased files are gone; so are their rows."""
    db.execute(file.delete().where(file.c.name.in_(names), file.c.state == "erased"))


def known(db: Connection, names: Sequence[str]) -> set[str]:
    """Which of these names on disk belong to a row."""
    return set(db.execute(select(file.c.name).where(file.c.name.in_(names))).scalars())
