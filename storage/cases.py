"""Cases: what people report, propose, think or praise; number, deadline, and everything done about it (B04-B06).

A case stays open until the office has told a result or refused with a reason; then she says whether it is so. Whatever
is about the same work as another case is `joined` to it, keeps its own number and follows the other. All that was
written is sealed; only an official's neutral title is not. `lane`: who may read it (bot.casework).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
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
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from storage import case_media
from storage.db import Id, UtcTime, metadata
from storage.db import insert as upsert
from storage.files import file
from storage.officials import official
from storage.requests import Address
from storage.sealing import seal_json, unseal_json

case_file = Table(
    "case_file", metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("number", Integer, nullable=False),  # as people say it: PA-0042
    Column("kind", String(10), nullable=False),  # KINDS
    Column("field", String(12), nullable=False),  # messages.cases.FIELDS
    Column("lane", String(10), nullable=False),  # LANES
    Column("source", String(12), nullable=False),  # SOURCES
    Column("channel", String(20), nullable=True),  # where she is reached; empty when she came by another door
    Column("account", String(64), nullable=True),
    Column("chat", String(128), nullable=True),
    Column("sender", String(128), nullable=True),
    Column("citizen_id", Id, ForeignKey("citizen.id"), nullable=True),
    Column("reporter", LargeBinary, nullable=True),  # sealed JSON: name, phone
    Column("village", String(120), nullable=True),  # where it is
    Column("title", String(200), nullable=True),  # an official's neutral words
    Column("hides_name", Boolean, nullable=False),  # her name is for the official who has it, nobody else
    Column("shown_to_head", Boolean, nullable=False),  # she agreed that the village head sees her words (L31)
    Column("kept_from_head", Boolean, nullable=False),  # it touches him, his kin, contributions or a household (L31)
    Column("sensitive", Boolean, nullable=False),  # land, land recovery, compensation, social policy (B09)
    Column("urgent", Boolean, nullable=False),
    Column("state", String(10), nullable=False),  # STATES
    Column("main_id", Id, ForeignKey("case_file.id"), nullable=True),  # the case it has been joined to
    Column("received_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("remind_at", UtcTime, nullable=True),  # of the next reminder; empty when none is left
    Column("reminded", Integer, nullable=False, server_default="0"),
    Column("apologised_at", UtcTime, nullable=True),  # she has been told that it is late
    Column("asked_at", UtcTime, nullable=True),  # the office waits for her answer since then
    Column("done_at", UtcTime, nullable=True),  # a result or a refusal was told
    Column("closed_at", UtcTime, nullable=True),  # settled, refused and left so, withdrawn
    Column("reopened", Integer, nullable=False, server_default="0"),
    Column("satisfied", String(8), nullable=True),  # yes, partly, no; silent: she never said
    Column("published", Boolean, nullable=False),  # title and result may be read by everybody (B06)
    Column("taken_by", Id, ForeignKey("official.id"), nullable=True),
    Column("filed_by", Id, ForeignKey("official.id"), nullable=True),  # who wrote it down for her (L34)
    UniqueConstraint("commune_id", "number"),
)  # fmt: skip
_open = text("state = 'open'")
_running = text("state IN ('open', 'done')")
Index("ix_case_file_open", case_file.c.commune_id, case_file.c.due_at, sqlite_where=_open, postgresql_where=_open)
Index(
    "ix_case_file_remind", case_file.c.commune_id, case_file.c.remind_at, sqlite_where=_running,
    postgresql_where=_running,
)  # fmt: skip
_titled = text("state = 'open' AND title IS NOT NULL")
Index(
    "ix_case_file_titled", case_file.c.commune_id, case_file.c.field, sqlite_where=_titled, postgresql_where=_titled,
)  # fmt: skip
Index("ix_case_file_received", case_file.c.commune_id, case_file.c.received_at)
Index("ix_case_file_village", case_file.c.commune_id, case_file.c.village, case_file.c.received_at)
Index("ix_case_file_citizen", case_file.c.citizen_id)
Index("ix_case_file_main", case_file.c.main_id)
case_entry = Table(
    "case_entry", metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("case_id", Id, ForeignKey("case_file.id"), nullable=False),
    Column("kind", String(12), nullable=False),  # ENTRIES
    Column("from_citizen", Boolean, nullable=False),
    Column("official_id", Id, ForeignKey("official.id"), nullable=True),
    Column("body", LargeBinary, nullable=False),  # sealed JSON: text, files, data
    Column("at", UtcTime, nullable=False),
    Column("state", String(8), nullable=False),  # queued (may be undone until undo_until, then out), held, undone
    Column("undo_until", UtcTime, nullable=True),
)  # fmt: skip
Index("ix_case_entry_case", case_entry.c.case_id, case_entry.c.id)
case_number = Table(
    "case_number", metadata,
    Column("commune_id", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)  # fmt: skip

KINDS = ("report", "proposal", "opinion", "praise")
"""Phản ánh, kiến nghị, góp ý, khen: sorted by content, never by title (domain 3.1)."""
LANES = ("office", "leader", "receiver")
"""Who may read it: every official; the head, past the counter (A19); the named receiver of citizens (L32)."""
SOURCES = ("chat", "phone", "letterbox", "in_person", "facebook", "email", "village_head")
STATES = ("open", "done", "settled", "refused", "withdrawn", "joined")
OPEN = "open"
HERS = ("told", "added", "answered", "agreed", "reopened", "withdrawn")
"""Entries that are a citizen's: her report, what she added, her answer to a question, "it is done", "it is not"."""
ENTRIES = (
    *HERS, "taken", "released", "handed", "asked", "reply", "note", "titled", "sorted", "urgent", "done", "refused",
    "joined", "parted", "seen", "published", "reminded", "late", "opened",
    "unreached",
)  # fmt: skip
"""Every kind of entry: hers first, then what officials and the clock did. reply: an official's words to her; seen: a
village head looked at the place; opened: an official wrote it down for her; unreached: something
did not arrive.
"""
KEPT = timedelta(days=730)
"""How long a case is kept once it has ended."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `taken_by`: the official who has it; `filed_by`: who wrote it down for her."""

    id: int
    number: int
    kind: str
    field: str
    lane: str
    source: str
    channel: str | None
    account: str | None
    chat: str | None
    sender: str | None
    citizen_id: int | None
    village: str | None
    title: str | None
    hides_name: bool
    shown_to_head: bool
    kept_from_head: bool
    sensitive: bool
    urgent: bool
    state: str
    main_id: int | None
    received_at: datetime
    due_at: datetime
    remind_at: datetime | None
    reminded: int
    apologised_at: datetime | None
    asked_at: datetime | None
    done_at: datetime | None
    closed_at: datetime | None
    reopened: int
    satisfied: str | None
    published: bool
    taken_by: int | None
    filed_by: int | None

    @property
    def is_open(self) -> bool:
        return self.state == OPEN

    @property
    def has_chat(self) -> bool:
        """Whether she can be written to."""
        return self.chat is not None


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing said or done. `data`: what its kind carries besides words (who it was handed to, by when)."""

    id: int
    case_id: int
    kind: str
    from_citizen: bool
    official_id: int | None
    text: str
    files: tuple[str, ...]
    data: Mapping[str, Any]
    at: datetime
    state: str
    undo_until: datetime | None


COLUMNS: tuple[Any, ...] = tuple(case_file.c[name] for name in Case.__slots__)
"""Of the table case_file: what a Case is made of."""
_SEALED = ("text", "files", "data")
_ENTRY: tuple[Any, ...] = tuple(case_entry.c[name] for name in Entry.__slots__ if name not in _SEALED)


# --- one case ---------------------------------------------------------------------------------------------------------


def open(
    db: Connection,
    commune_id: int,
    address: Address | None,
    citizen_id: int | None,
    now: datetime,
    *,
    kind: str,
    field: str,
    due_at: datetime,
    remind_at: datetime | None,
    lane: str = "office",
    source: str = "chat",
    village: str | None = None,
    title: str | None = None,
    reporter: Mapping[str, str] | None = None,
    hides_name: bool = False,
    shown_to_head: bool = False,
    kept_from_head: bool = False,
    sensitive: bool = False,
    urgent: bool = False,
    filed_by: int | None = None,
) -> Case:
    """A new case with the next number. What was told is added by `add`; reporter: name and phone she gave."""
    there = {name: getattr(address, name, None) for name in ("channel", "account", "chat", "sender")}
    values = {
        "commune_id": commune_id, "number": _next_number(db, commune_id), "kind": kind, "field": field, "lane": lane,
        "source": source, **there, "citizen_id": citizen_id, "village": village, "title": title,
        "reporter": seal_json(db, dict(reporter)) if reporter else None, "hides_name": hides_name,
        "shown_to_head": shown_to_head, "kept_from_head": kept_from_head, "sensitive": sensitive, "urgent": urgent,
        "state": OPEN, "received_at": now, "due_at": due_at, "remind_at": remind_at, "published": False,
        "filed_by": filed_by,
    }  # fmt: skip
    return Case(*db.execute(insert(case_file).values(values).returning(*COLUMNS)).one())


def _next_number(db: Connection, commune_id: int) -> int:
    # One row a commune, so that two cases at the same moment wait for each other instead of sharing a number.
    statement = upsert(db, case_number).values(commune_id=commune_id, last=1)
    again = statement.on_conflict_do_update(index_elements=["commune_id"], set_={"last": case_number.c.last + 1})
    return int(db.execute(again.returning(case_number.c.last)).scalar_one())


def get(db: Connection, commune_id: int, case_id: int) -> Case | None:
    """A case by id."""
    row = db.execute(select(*COLUMNS).where(_is(commune_id, case_id))).first()
    return None if row is None else Case(*row)


def by_number(db: Connection, commune_id: int, number: int) -> Case | None:
    """A case by the number people say."""
    asked = select(*COLUMNS).where(case_file.c.commune_id == commune_id, case_file.c.number == number)
    row = db.execute(asked).first()
    return None if row is None else Case(*row)


def reporter(db: Connection, commune_id: int, case_id: int) -> Mapping[str, str]:
    """The name and phone she gave, if any; who may see them is `bot.casework`'s to say."""
    sealed = db.execute(select(case_file.c.reporter).where(_is(commune_id, case_id))).scalar()
    return unseal_json(db, sealed) if sealed else {}


def _is(commune_id: int, case_id: int) -> Any:
    return (case_file.c.commune_id == commune_id) & (case_file.c.id == case_id)


def change(db: Connection, commune_id: int, case_id: int, **columns: Any) -> None:
    """Set columns that anybody may set at any time: title, field, village, urgent, due_at, hides_name …"""
    db.execute(update(case_file).where(_is(commune_id, case_id)).values(columns))


def move(
    db: Connection, commune_id: int, case_id: int, before: Iterable[str], after: str, **columns: Any
) -> bool:
    """From one of the states `before` to `after`, with what goes with it; False when it stands elsewhere by now."""
    moved = update(case_file).where(_is(commune_id, case_id), case_file.c.state.in_(list(before)))
    return db.execute(moved.values(state=after, **columns)).rowcount > 0


def take(db: Connection, commune_id: int, case_id: int, official_id: int, *, instead: bool = False) -> int:
    """The official takes the case; returns the id of whoever has it now (another, when that one was quicker).

    instead: take it from the other. Raises LookupError when there is no such case.
    """
    mine = _is(commune_id, case_id)
    free = or_(case_file.c.taken_by.is_(None), case_file.c.taken_by == official_id)
    db.execute(update(case_file).where(mine, *([] if instead else [free])).values(taken_by=official_id))
    holder = db.execute(select(case_file.c.taken_by).where(mine)).scalar()
    if holder is None:
        raise LookupError(f"no case {case_id}")
    return int(holder)


def joined_to(db: Connection, commune_id: int, case_id: int) -> list[Case]:
    """The cases that follow this one."""
    return listed(db, commune_id, case_file.c.main_id == case_id, case_file.c.state == "joined")


# --- what was said and done -------------------------------------------------------------------------------------------


def add(
    db: Connection,
    commune_id: int,
    case_id: int,
    kind: str,
    now: datetime,
    *,
    text: str = "",
    files: Iterable[str] = (),
    official_id: int | None = None,
    undo_until: datetime | None = None,
    state: str = "queued",
    data: Mapping[str, Any] | None = None,
) -> int:
    """Keep one entry; its id. data: whatever JSON its kind carries. Its files live as long as the case."""
    names = list(files)
    case_media.add(db, commune_id, case_id, names)
    body = {"text": text, "files": names, "data": dict(data or {})}
    values = {
        "commune_id": commune_id, "case_id": case_id, "kind": kind, "from_citizen": kind in HERS,
        "official_id": official_id, "body": seal_json(db, body), "at": now, "state": state, "undo_until": undo_until,
    }  # fmt: skip
    return int(db.execute(insert(case_entry).values(values).returning(case_entry.c.id)).scalar_one())


def entries(
    db: Connection, commune_id: int, case_id: int, *, kinds: Iterable[str] = (), limit: int = 200
) -> list[Entry]:
    """The latest entries of a case, oldest first, without those undone; kinds: only these."""
    here = (case_entry.c.commune_id == commune_id) & (case_entry.c.case_id == case_id)
    here &= case_entry.c.state != "undone"
    asked = select(*_ENTRY, case_entry.c.body).where(here)
    if wanted := list(kinds):
        asked = asked.where(case_entry.c.kind.in_(wanted))
    rows = db.execute(asked.order_by(case_entry.c.id.desc()).limit(limit)).all()
    return [_entry(db, row) for row in reversed(rows)]


def entry(db: Connection, commune_id: int, entry_id: int) -> Entry | None:
    """One entry, in any state."""
    here = (case_entry.c.commune_id == commune_id) & (case_entry.c.id == entry_id)
    row = db.execute(select(*_ENTRY, case_entry.c.body).where(here)).first()
    return None if row is None else _entry(db, row)


def _entry(db: Connection, row: Any) -> Entry:
    body = unseal_json(db, row.body)
    fields = {name: getattr(row, name) for name in Entry.__slots__ if name not in _SEALED}
    return Entry(text=body["text"], files=tuple(body["files"]), data=body["data"], **fields)


def set_entry(db: Connection, commune_id: int, entry_id: int, state: str, undo_until: datetime | None = None) -> bool:
    """An entry is undone, or a held one leaves; False when it was undone before."""
    here = (case_entry.c.commune_id == commune_id) & (case_entry.c.id == entry_id) & (case_entry.c.state != "undone")
    return db.execute(update(case_entry).where(here).values(state=state, undo_until=undo_until)).rowcount > 0


# --- several ----------------------------------------------------------------------------------------------------------


def listed(db: Connection, commune_id: int, *where: Any, limit: int = 200, newest: bool = False) -> list[Case]:
    """Cases by any condition on `case_file`, the earliest deadline first, or the newest."""
    order = (case_file.c.id.desc(),) if newest else (case_file.c.due_at, case_file.c.id)
    asked = select(*COLUMNS).where(case_file.c.commune_id == commune_id, *where).order_by(*order).limit(limit)
    return [Case(*row) for row in db.execute(asked)]


def count(db: Connection, commune_id: int, *where: Any) -> int:
    """How many cases meet a condition on `case_file`."""
    asked = select(func.count()).select_from(case_file).where(case_file.c.commune_id == commune_id, *where)
    return int(db.execute(asked).scalar_one())


def of_citizen(db: Connection, commune_id: int, citizen_id: int, limit: int = 20) -> list[Case]:
    """Her cases, newest first."""
    return listed(db, commune_id, case_file.c.citizen_id == citizen_id, limit=limit, newest=True)


def titled(db: Connection, commune_id: int, field: str, since: datetime, limit: int = 200) -> list[Case]:
    """Open cases of a field to which an official has given neutral words, newest first."""
    here = (_titled, case_file.c.field == field, case_file.c.received_at >= since)
    return listed(db, commune_id, *here, limit=limit, newest=True)


def taken_by_removed(db: Connection, commune_id: int, limit: int = 200) -> list[Case]:
    """Open cases of officials whose rights were taken away."""
    gone = select(official.c.id).where(official.c.commune_id == commune_id, official.c.active.is_(False))
    return listed(db, commune_id, _open, case_file.c.taken_by.in_(gone), limit=limit)


def export(db: Connection, commune_id: int, citizen_id: int) -> list[dict[str, Any]]:
    """Her cases, what she told and what she was told; notes among officials are left out."""
    told = (*HERS, "asked", "reply", "done", "refused")
    return [
        {
            "number": each.number, "kind": each.kind, "field": each.field, "village": each.village,
            "state": each.state, "at": each.received_at, "given": dict(reporter(db, commune_id, each.id)),
            "entries": [
                {"kind": one.kind, "from_her": one.from_citizen, "at": one.at, "text": one.text,
                 "files": list(one.files)}
                for one in entries(db, commune_id, each.id, kinds=told)
            ],
        }
        for each in reversed(of_citizen(db, commune_id, citizen_id, limit=10_000))
    ]  # fmt: skip


def erase(db: Connection, commune_id: int, citizen_id: int) -> None:
    """Forget her words, her name and where she is reached; that there was a case, where and about what, stays, for
    others may wait for the same work.
    """
    hers = (case_file.c.commune_id == commune_id) & (case_file.c.citizen_id == citizen_id)
    ids = list(db.execute(select(case_file.c.id).where(hers)).scalars())
    forget_words(db, commune_id, ids)
    none = dict.fromkeys(("channel", "account", "chat", "sender", "citizen_id", "reporter", "asked_at"))
    db.execute(update(case_file).where(hers).values(none))


def forget_words(db: Connection, commune_id: int, ids: Iterable[int]) -> None:
    """Empty what was said in these cases, by anybody, and let their files go; that something was said, by whom and
    when, stays.
    """
    cases = list(ids)
    case_media.let_go(db, commune_id, cases)
    here = (case_entry.c.commune_id == commune_id) & case_entry.c.case_id.in_(cases)
    db.execute(update(case_entry).where(here).values(body=seal_json(db, {"text": "", "files": [], "data": {}})))


def files_of_others(
    db: Connection, commune_id: int, citizen_id: int, channel: str, account: str, chat: str
) -> list[str]:
    """Files from her chat that belong to somebody else's case: what a village head saw on the spot stays with it."""
    hers = (file.c.channel == channel) & (file.c.account == account) & (file.c.chat == chat)
    media = case_media.case_media
    asked = (
        select(file.c.name)
        .join(media, (media.c.commune_id == file.c.commune_id) & (media.c.name == file.c.name))
        .join(case_file, case_file.c.id == media.c.case_id)
        .where(file.c.commune_id == commune_id, hers, case_file.c.citizen_id.is_distinct_from(citizen_id))
    )
    return list(db.execute(asked.distinct()).scalars())


def delete_old(db: Connection, commune_id: int, before: datetime, limit: int = 500) -> int:
    """Delete cases that ended before `before` and that no other follows; returns how many."""
    other = case_file.alias("other")
    followed = select(other.c.id).where(other.c.main_id == case_file.c.id)
    ended = (case_file.c.commune_id == commune_id) & (case_file.c.closed_at < before) & ~followed.exists()
    ids = list(db.execute(select(case_file.c.id).where(ended).limit(limit)).scalars())
    case_media.let_go(db, commune_id, ids)
    db.execute(case_entry.delete().where(case_entry.c.case_id.in_(ids)))
    return db.execute(case_file.delete().where(case_file.c.id.in_(ids))).rowcount
