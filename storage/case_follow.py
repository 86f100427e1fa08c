"""Cases looked for from her side: the one the office has asked her about, those she has not answered, those published.

All of it by an index, since the first is asked on every message that is nothing else.
"""

from datetime import datetime

from sqlalchemy import Connection, Index, and_, select, text, update

from storage.cases import COLUMNS, Case, case_entry, case_file

_asked = text("case_file.asked_at IS NOT NULL")
_told = text("case_file.closed_at IS NULL AND case_file.done_at IS NOT NULL")
_published = text("case_file.published")
Index(
    "ix_case_file_asked", case_file.c.commune_id, case_file.c.channel, case_file.c.account, case_file.c.chat,
    sqlite_where=text("asked_at IS NOT NULL"), postgresql_where=text("asked_at IS NOT NULL"),
)  # fmt: skip
Index("ix_case_file_done", case_file.c.commune_id, case_file.c.done_at)
Index(
    "ix_case_file_told", case_file.c.commune_id, case_file.c.done_at,
    sqlite_where=text("closed_at IS NULL AND done_at IS NOT NULL"),
    postgresql_where=text("closed_at IS NULL AND done_at IS NOT NULL"),
)  # fmt: skip
Index(
    "ix_case_file_published", case_file.c.commune_id, case_file.c.done_at,
    sqlite_where=text("published"), postgresql_where=text("published"),
)  # fmt: skip
Index("ix_case_entry_kind", case_entry.c.commune_id, case_entry.c.kind, case_entry.c.at)


def asked(db: Connection, commune_id: int, channel: str, account: str, chat: str, since: datetime) -> Case | None:
    """The case the office has asked somebody in this chat about since then, the latest question first."""
    here = (case_file.c.channel == channel) & (case_file.c.account == account) & (case_file.c.chat == chat)
    found = (
        select(*COLUMNS).where(case_file.c.commune_id == commune_id, here, _asked, case_file.c.asked_at >= since)
        .order_by(case_file.c.asked_at.desc(), case_file.c.id.desc()).limit(1)
    )  # fmt: skip
    row = db.execute(found).first()
    return None if row is None else Case(*row)


def just_told(db: Connection, commune_id: int, citizen_id: int, since: datetime) -> Case | None:
    """The case she has answered or added to since then: what follows at once belongs to it, like an album."""
    latest = (
        select(case_file.c.id)
        .join(case_entry, case_entry.c.case_id == case_file.c.id)
        .where(
            case_file.c.commune_id == commune_id, case_file.c.citizen_id == citizen_id, case_entry.c.at >= since,
            case_entry.c.kind.in_(("answered", "added")),
        )
        .order_by(case_entry.c.id.desc()).limit(1)
    )  # fmt: skip
    row = db.execute(select(*COLUMNS).where(case_file.c.id == latest.scalar_subquery())).first()
    return None if row is None else Case(*row)


def settle(db: Connection, commune_id: int, before: datetime, now: datetime, limit: int) -> list[Case]:
    """What was told before then and nobody has said anything about ends: "silent" where she was asked; refused cases
    stay so. Returns the cases whose cards have changed.
    """
    old = (
        select(case_file.c.id)
        .where(case_file.c.commune_id == commune_id, _told, case_file.c.done_at < before)
        .where(case_file.c.state.in_(("done", "refused"))).order_by(case_file.c.done_at).limit(limit)
    )  # fmt: skip
    ids = list(db.execute(old).scalars())
    here = and_(case_file.c.commune_id == commune_id, case_file.c.id.in_(ids))
    db.execute(update(case_file).where(here, case_file.c.state == "refused").values(closed_at=now))
    silent = {"state": "settled", "satisfied": "silent", "closed_at": now}
    db.execute(update(case_file).where(here, case_file.c.state == "done").values(silent))
    return [Case(*row) for row in db.execute(select(*COLUMNS).where(here).order_by(case_file.c.id))]


def published(db: Connection, commune_id: int, limit: int, offset: int = 0) -> list[Case]:
    """What everybody may read, the latest first."""
    found = select(*COLUMNS).where(case_file.c.commune_id == commune_id, _published, case_file.c.done_at.is_not(None))
    rows = db.execute(found.order_by(case_file.c.done_at.desc(), case_file.c.id.desc()).limit(limit).offset(offset))
    return [Case(*row) for row in rows]
