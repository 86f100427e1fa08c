"""Letters that somebody has to approve: what they say (sealed), who decided, on which version, and what was drawn.

States: proposed (with the clerk) -> waiting (with the approver) -> approved -> sent; or dropped, refused, expired.
Every change of state or words is one UPDATE that names the state and version it found, so of two officials one wins.
Each change of words is a new version, and only the newest can be approved. What was done stands in `approval_event`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

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
    delete,
    func,
    select,
    text,
    update,
)

from storage.db import Id, UtcTime, insert, metadata
from storage.dossiers import dossier
from storage.files import file, share
from storage.letters import letter
from storage.sealing import seal_json, unseal_json
from storage.stops import stop

approval = Table(
    "approval",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("key", String(120), nullable=False),  # made twice, it is one
    Column("state", String(8), nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", LargeBinary, nullable=True),  # sealed JSON: data, about, note, open; empty: forgotten
    Column("dossier_id", Id, ForeignKey("dossier.id"), nullable=True),
    Column("citizen_id", Id, ForeignKey("citizen.id"), nullable=True),
    Column("asked_by", Id, ForeignKey("official.id"), nullable=True),  # empty: a finished dossier proposed it
    Column("asked_at", UtcTime, nullable=False),
    Column("decide_by", UtcTime, nullable=True),
    Column("remind_at", UtcTime, nullable=True),  # when whoever has to act is told again
    Column("stage", Integer, nullable=False, server_default="0"),  # how often that was
    Column("expires_at", UtcTime, nullable=True),
    Column("decided_by", Id, ForeignKey("official.id"), nullable=True),
    Column("decided_at", UtcTime, nullable=True),
    Column("png", String(64), nullable=True),  # storage.files; of the letter that goes out
    Column("pdf", String(64), nullable=True),
    Column("signed_pdf", String(64), nullable=True),  # what the văn thư has uploaded, and goes out instead (L22)
    Column("number", String(60), nullable=True),  # hers, never made up
    Column("signed_on", Date, nullable=True),
    Column("signer", String(80), nullable=True),  # an official: name and post are public
    Column("post", String(120), nullable=True),
    Column("way", String(12), nullable=True),  # how it went out: notice, hand
    Column("notice_id", Id, nullable=True),
    Column("sent_at", UtcTime, nullable=True),
    UniqueConstraint("commune_id", "key"),
)
_open = text("state IN ('proposed', 'waiting')")
Index("ix_approval_open", approval.c.commune_id, approval.c.id, sqlite_where=_open, postgresql_where=_open)
Index("ix_approval_remind", approval.c.commune_id, approval.c.remind_at, sqlite_where=_open, postgresql_where=_open)
Index("ix_approval_decided", approval.c.commune_id, approval.c.decided_at)
Index("ix_approval_dossier", approval.c.commune_id, approval.c.dossier_id)
Index("ix_approval_citizen", approval.c.citizen_id)
approval_event = Table(
    "approval_event",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("approval_id", Id, ForeignKey("approval.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("what", String(12), nullable=False),
    Column("official_id", Id, ForeignKey("official.id"), nullable=True),  # empty: the clock
    Column("at", UtcTime, nullable=False),
    Column("details", LargeBinary, nullable=True),  # sealed JSON
)
Index("ix_approval_event_of", approval_event.c.commune_id, approval_event.c.approval_id)
approval_draft = Table(
    "approval_draft",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("approval_id", Id, ForeignKey("approval.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("purpose", String(8), nullable=False),  # look, final, paper, cover
    Column("official_id", Id, ForeignKey("official.id"), nullable=False),  # for whom it was drawn
    Column("letter_id", Id, nullable=False),  # storage.letters; that row goes before this one
    UniqueConstraint("commune_id", "approval_id", "version", "purpose", "official_id", name="uq_approval_draft_once"),
)
Index("ix_approval_draft_letter", approval_draft.c.commune_id, approval_draft.c.letter_id)

OPEN = ("proposed", "waiting")


@dataclass(frozen=True, slots=True)
class Approval:
    """One of them. `open`: what the clerk has still to settle before it can be approved."""

    id: int
    kind: str
    key: str
    state: str
    version: int
    data: Mapping[str, Any]
    about: str
    note: str
    open: tuple[str, ...]
    dossier_id: int | None
    citizen_id: int | None
    asked_by: int | None
    asked_at: datetime
    decide_by: datetime | None
    remind_at: datetime | None
    stage: int
    expires_at: datetime | None
    decided_by: int | None
    decided_at: datetime | None
    png: str
    pdf: str
    signed_pdf: str
    number: str
    signed_on: date | None
    signer: str
    post: str
    way: str
    notice_id: int | None
    sent_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was done to one of them, by whom (None: the clock)."""

    version: int
    what: str
    official_id: int | None
    at: datetime
    details: Any


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter drawn for an approval: to be looked at, printed, or sent."""

    approval_id: int
    version: int
    purpose: str
    official_id: int
    letter_id: int


_EMPTY: Mapping[str, Any] = {"data": {}, "about": "", "note": "", "open": []}


def _approval(db: Connection, row: Any) -> Approval:
    content = _EMPTY if row.content is None else unseal_json(db, row.content)
    names = [name for name in Approval.__slots__ if name not in _EMPTY]
    values: dict[str, Any] = {name: getattr(row, name) for name in names}
    for name in ("png", "pdf", "signed_pdf", "number", "signer", "post", "way"):
        values[name] = values[name] or ""
    return Approval(**values, **{**content, "open": tuple(content["open"])})


def put(
    db: Connection,
    commune_id: int,
    kind: str,
    key: str,
    state: str,
    content: Mapping[str, Any],
    now: datetime,
    **more: Any,
) -> tuple[int, bool]:
    """A new one, and True; with a key that is known its id, and False. content: data, about, note, open."""
    values = {
        "commune_id": commune_id, "kind": kind, "key": key, "state": state, "version": 1, "asked_at": now,
        "content": seal_json(db, {**_EMPTY, **content}), **more,
    }  # fmt: skip
    made = db.execute(insert(db, approval).values(values).on_conflict_do_nothing().returning(approval.c.id)).scalar()
    if made is not None:
        return int(made), True
    same = (approval.c.commune_id == commune_id) & (approval.c.key == key)
    return int(db.execute(select(approval.c.id).where(same)).scalar_one()), False


def get(db: Connection, commune_id: int, approval_id: int) -> Approval | None:
    """One of them by its id."""
    row = db.execute(select(approval).where(_is(commune_id, approval_id))).first()
    return None if row is None else _approval(db, row)


def by_key(db: Connection, commune_id: int, key: str) -> Approval | None:
    """The one made under that key."""
    row = db.execute(select(approval).where(approval.c.commune_id == commune_id, approval.c.key == key)).first()
    return None if row is None else _approval(db, row)


def waiting(db: Connection, commune_id: int, limit: int = 50) -> list[Approval]:
    """What nobody has decided yet, oldest first."""
    wanted = select(approval).where(approval.c.commune_id == commune_id, _open).order_by(approval.c.id).limit(limit)
    return [_approval(db, row) for row in db.execute(wanted)]


def count(db: Connection, commune_id: int) -> int:
    """How many nobody has decided yet."""
    return int(db.execute(select(func.count()).where(approval.c.commune_id == commune_id, _open)).scalar_one())


def of_dossier(db: Connection, commune_id: int, dossier_id: int) -> list[Approval]:
    """Those about one dossier, oldest first."""
    here = (approval.c.commune_id == commune_id) & (approval.c.dossier_id == dossier_id)
    return [_approval(db, row) for row in db.execute(select(approval).where(here).order_by(approval.c.id))]


def decided(db: Connection, commune_id: int, since: datetime, until: datetime, limit: int = 1000) -> list[Approval]:
    """Letters approved in a span of time, oldest first: the list for the evidence file."""
    then = (approval.c.decided_at >= since) & (approval.c.decided_at < until)
    done = select(approval).where(approval.c.commune_id == commune_id, then, approval.c.state.in_(["approved", "sent"]))
    return [_approval(db, row) for row in db.execute(done.order_by(approval.c.decided_at, approval.c.id).limit(limit))]


def death_told(db: Connection, commune_id: int, citizen_id: int) -> bool:
    """Whether somebody has told on one of her chats that its owner has died (L17)."""
    hers = (stop.c.commune_id == commune_id) & (stop.c.citizen_id == citizen_id) & stop.c.started_at.is_(None)
    return db.execute(select(stop.c.id).where(hers, stop.c.reason == "died").limit(1)).first() is not None


def death_beside(db: Connection, commune_id: int, dossier_id: int, procedures: Iterable[str], since: datetime) -> bool:
    """Whether a dossier about a death stands beside this one: the same number on file, not received before `since`."""
    other = dossier.alias()
    phone = select(dossier.c.phone_key).where(dossier.c.commune_id == commune_id, dossier.c.id == dossier_id)
    beside = (other.c.commune_id == commune_id) & (other.c.phone_key == phone.scalar_subquery())
    death = other.c.procedure_code.in_(list(procedures)) & (other.c.received_at >= since)
    if db.execute(select(other.c.id).where(beside, death).limit(1)).first() is not None:
        return True
    mourned = (approval.c.commune_id == commune_id) & (approval.c.kind == "condolence") & (approval.c.asked_at >= since)
    theirs = select(approval.c.id).join(other, other.c.id == approval.c.dossier_id).where(beside, mourned)
    return db.execute(theirs.limit(1)).first() is not None


# --- what is done to it -----------------------------------------------------------------------------------------------


def move(db: Connection, found: Approval, commune_id: int, state: str, **more: Any) -> bool:
    """It gets another state; False when it is not any more what was found (another official was quicker)."""
    same = (approval.c.state == found.state) & (approval.c.version == found.version)
    return db.execute(
        update(approval).where(_is(commune_id, found.id), same).values(state=state, **more)
    ).rowcount > 0  # fmt: skip


def change(
    db: Connection,
    found: Approval,
    commune_id: int,
    data: Mapping[str, Any] | None = None,
    open_: Iterable[str] | None = None,
) -> bool:
    """Its words are others now, a new version; False when it is not any more what was found."""
    content = {
        "data": dict(found.data if data is None else data), "about": found.about, "note": found.note,
        "open": list(found.open if open_ is None else open_),
    }  # fmt: skip
    more = {"content": seal_json(db, content), "version": found.version + 1}
    return move(db, found, commune_id, found.state, **more)


def record(db: Connection, commune_id: int, approval_id: int, **values: Any) -> None:
    """Note what concerns neither words nor state: when to remind, how it went out."""
    db.execute(update(approval).where(_is(commune_id, approval_id)).values(values))


def due(db: Connection, commune_id: int, now: datetime, limit: int = 50) -> list[Approval]:
    """Those of which somebody has to be reminded now."""
    wanted = select(approval).where(approval.c.commune_id == commune_id, _open, approval.c.remind_at <= now)
    return [_approval(db, row) for row in db.execute(wanted.order_by(approval.c.remind_at).limit(limit))]


def _is(commune_id: int, approval_id: int) -> Any:
    return (approval.c.commune_id == commune_id) & (approval.c.id == approval_id)


# --- what was done ----------------------------------------------------------------------------------------------------


def note(
    db: Connection,
    commune_id: int,
    approval_id: int,
    version: int,
    what: str,
    official_id: int | None,
    now: datetime,
    details: Any = None,
) -> None:
    """Write down who did what; details are sealed."""
    values = {
        "commune_id": commune_id, "approval_id": approval_id, "version": version, "what": what, "at": now,
        "official_id": official_id, "details": None if details is None else seal_json(db, details),
    }  # fmt: skip
    db.execute(insert(db, approval_event).values(values))


def events(db: Connection, commune_id: int, approval_id: int) -> list[Event]:
    """Everything that was done to one of them, in order."""
    here = (approval_event.c.commune_id == commune_id) & (approval_event.c.approval_id == approval_id)
    rows = db.execute(select(approval_event).where(here).order_by(approval_event.c.id))
    return [
        Event(row.version, row.what, row.official_id, row.at, unseal_json(db, row.details) if row.details else None)
        for row in rows
    ]


# --- what was drawn ---------------------------------------------------------------------------------------------------


def drafted(db: Connection, commune_id: int, draft: Draft) -> None:
    """This letter is drawn, or about to be, for one official and purpose; the one drawn on another day is forgotten."""
    values = {"commune_id": commune_id} | {name: getattr(draft, name) for name in Draft.__slots__}
    keys = ["commune_id", "approval_id", "version", "purpose", "official_id"]
    statement = insert(db, approval_draft).values(values)
    db.execute(statement.on_conflict_do_update(index_elements=keys, set_={"letter_id": draft.letter_id}))


def drafts_of(db: Connection, commune_id: int, letter_id: int) -> list[Draft]:
    """For what a letter was drawn."""
    here = (approval_draft.c.commune_id == commune_id) & (approval_draft.c.letter_id == letter_id)
    rows = db.execute(select(*(approval_draft.c[name] for name in Draft.__slots__)).where(here))
    return [Draft(*row) for row in rows]


def drawn_for(db: Connection, commune_id: int, approval_id: int, version: int, purpose: str) -> tuple[str, str] | None:
    """Picture and PDF drawn for that purpose last, by name; None while they are not."""
    here = (approval_draft.c.commune_id == commune_id) & (approval_draft.c.approval_id == approval_id)
    this = here & (approval_draft.c.version == version) & (approval_draft.c.purpose == purpose)
    wanted = select(letter.c.png, letter.c.pdf).join(approval_draft, approval_draft.c.letter_id == letter.c.id)
    newest = wanted.where(this, letter.c.state == "drawn").order_by(approval_draft.c.id.desc()).limit(1)
    row = db.execute(newest).first()
    return None if row is None else (row.png, row.pdf)


def keep(db: Connection, commune_id: int, names: Iterable[str]) -> None:
    """These files belong to the evidence: they are not pruned with what people have sent."""
    here = (file.c.commune_id == commune_id) & file.c.name.in_([name for name in names if name])
    db.execute(update(file).where(here).values(kept=True))


# --- the citizen's rights ---------------------------------------------------------------------------------------------


def export(db: Connection, commune_id: int, citizen_id: int) -> list[dict[str, Any]]:
    """Letters to her that were approved."""
    wanted = select(approval.c.kind, approval.c.state, approval.c.asked_at, approval.c.sent_at)
    hers = (approval.c.commune_id == commune_id) & (approval.c.citizen_id == citizen_id)
    return [dict(row) for row in db.execute(wanted.where(hers).order_by(approval.c.id)).mappings()]


def erase(db: Connection, commune_id: int, citizen_id: int) -> None:
    """Forget what letters to her said; that there was one, when, and who decided stays. Their files go."""
    hers = (approval.c.commune_id == commune_id) & (approval.c.citizen_id == citizen_id)
    rows = db.execute(select(approval.c.id, approval.c.png, approval.c.pdf, approval.c.signed_pdf).where(hers)).all()
    ids = [row.id for row in rows]
    if not ids:
        return
    drafts = select(approval_draft.c.letter_id).where(
        approval_draft.c.commune_id == commune_id, approval_draft.c.approval_id.in_(ids)
    )
    drawn = db.execute(delete(letter).where(letter.c.id.in_(drafts)).returning(letter.c.png, letter.c.pdf)).all()
    names = {name for row in (*drawn, *(row[1:] for row in rows)) for name in row if name}
    gone = {"state": "erased", "chat": "", "sender": "", "title": None, "source": None, "codes": None, "kept": False}
    twins = select(file.c.abroad).where(
        file.c.commune_id == commune_id, file.c.name.in_([each for each in names if each])
    )
    names |= set(db.execute(twins).scalars())
    of_these = (file.c.commune_id == commune_id) & file.c.name.in_([name for name in names if name])
    db.execute(update(file).where(of_these).values(gone))
    db.execute(
        delete(share).where(share.c.commune_id == commune_id, share.c.name.in_([each for each in names if each]))
    )
    db.execute(delete(approval_draft).where(approval_draft.c.approval_id.in_(ids)))
    db.execute(update(approval_event).where(approval_event.c.approval_id.in_(ids)).values(details=None))
    db.execute(update(approval).where(hers, _open).values(state="dropped"))
    blank = {"content": None, "citizen_id": None, "png": None, "pdf": None, "signed_pdf": None}
    db.execute(update(approval).where(hers).values(blank))
