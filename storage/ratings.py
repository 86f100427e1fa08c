"""How satisfied people were (A18), kept so that it can hurt nobody (L25).

A rating is a number that grows: so many of so many stars in a month. There is no row a rating, so no order and no time
of day tells whose it was. Words stand by themselves, under a number drawn by lot and with the month alone. That a
dossier was rated is known only by a keyed digest of dossier and citizen, in a table without order and without the
answer.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Date,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    delete,
    select,
    update,
)

from storage.db import Id, UtcTime, insert, metadata
from storage.dossiers import dossier
from storage.inbox import inbox
from storage.notices import delivery, notice
from storage.sealing import lookup_key, seal_json, unseal_json

rating = Table(
    "rating",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("month", Date, nullable=False),  # its first day
    Column("stars", Integer, nullable=False),
    Column("count", Integer, nullable=False),
    UniqueConstraint("commune_id", "month", "stars"),
)
rating_words = Table(
    "rating_words",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),  # drawn by lot: their order says nothing
    Column("commune_id", Integer, nullable=False),
    Column("month", Date, nullable=False),
    Column("words", LargeBinary, nullable=False),  # sealed JSON
)
Index("ix_rating_words_month", rating_words.c.commune_id, rating_words.c.month)
rating_seal = Table(
    "rating_seal",
    metadata,
    Column("commune_id", Integer, primary_key=True, autoincrement=False),
    Column("key", String(32), primary_key=True),  # keyed: dossier and citizen
    sqlite_with_rowid=False,  # the table itself has no order of coming
)
rating_report = Table(
    "rating_report",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("month", Date, nullable=False),
    Column("told_at", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "month"),
)

STARS = (5, 4, 3, 2, 1)
LEAST = 10
"""Ratings that must stand together before anybody sees them."""


def forget_words(db: Connection, before: datetime, limit: int = 500) -> int:
    """Delete what people wrote in months before that of `before`; the figures stay."""
    old = select(rating_words.c.id).where(rating_words.c.month < before.date().replace(day=1)).limit(limit)
    return db.execute(delete(rating_words).where(rating_words.c.id.in_(old))).rowcount


@dataclass(frozen=True, slots=True)
class Group:
    """Months taken together so that there are ratings enough; `counts`: by stars."""

    first: date
    last: date
    counts: Mapping[int, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def shown(self) -> bool:
        """Whether there are so many that nobody stands alone."""
        return self.total >= LEAST


def to_rate(db: Connection, commune_id: int, citizen_id: int, since: datetime) -> str | None:
    """The key of the code of the newest dossier she was told is handed over since then and has not rated."""
    told = (
        select(delivery.c.dossier_id, dossier.c.code_key)
        .join(notice, notice.c.id == delivery.c.notice_id)
        .join(dossier, dossier.c.id == delivery.c.dossier_id)
        .where(delivery.c.commune_id == commune_id, delivery.c.citizen_id == citizen_id)
        .where(notice.c.kind == "dossier-returned", notice.c.made_at >= since)
        .order_by(delivery.c.id.desc())
        .limit(10)
    )
    for row in db.execute(told).all():
        here = (rating_seal.c.commune_id == commune_id) & (
            rating_seal.c.key == _seal(db, commune_id, row[0], citizen_id)
        )
        if db.execute(select(rating_seal.c.key).where(here)).first() is None:
            return str(row.code_key)
    return None


def _seal(db: Connection, commune_id: int, dossier_id: int, citizen_id: int) -> str:
    return lookup_key(db, "rating", f"{commune_id}/{dossier_id}/{citizen_id}")


def give(db: Connection, commune_id: int, dossier_id: int, citizen_id: int, month: date, stars: int) -> bool:
    """Count one rating of this month; False when she has rated this dossier before."""
    key = _seal(db, commune_id, dossier_id, citizen_id)
    sealed = insert(db, rating_seal).values(commune_id=commune_id, key=key).on_conflict_do_nothing()
    if db.execute(sealed.returning(rating_seal.c.key)).first() is None:
        return False
    one = insert(db, rating).values(commune_id=commune_id, month=month, stars=stars, count=1)
    more = {"count": rating.c.count + 1}
    db.execute(one.on_conflict_do_update(index_elements=["commune_id", "month", "stars"], set_=more))
    return True


def say(db: Connection, commune_id: int, month: date, words: str) -> None:
    """Keep a line that somebody added, without a trace of who."""
    values = {"id": secrets.randbits(62) + 1, "commune_id": commune_id, "month": month, "words": seal_json(db, words)}
    db.execute(insert(db, rating_words).values(values))


def forget_event(db: Connection, commune_id: int, event_id: int) -> None:
    """The event that brought a rating says whose it is, so its words go at once."""
    db.execute(update(inbox).where(inbox.c.commune_id == commune_id, inbox.c.id == event_id).values(raw=None))


def groups(db: Connection, commune_id: int, before: date, since: date) -> list[Group]:
    """The months from `since` to before `before`, each with those before it that had too few; the last may be few."""
    months: dict[date, dict[int, int]] = {}
    here = (rating.c.commune_id == commune_id) & (rating.c.month < before) & (rating.c.month >= since)
    for row in db.execute(select(rating.c.month, rating.c.stars, rating.c.count).where(here).order_by(rating.c.month)):
        months.setdefault(row.month, {})[row.stars] = row[2]
    return _grouped(months)


def _grouped(months: Mapping[date, Mapping[int, int]]) -> list[Group]:
    found: list[Group] = []
    for month, counts in sorted(months.items()):
        before = found.pop() if found and not found[-1].shown else Group(month, month, {})
        both = {stars: before.counts.get(stars, 0) + counts.get(stars, 0) for stars in STARS}
        found.append(Group(before.first, month, both))
    return found


def words(db: Connection, commune_id: int, shown: Sequence[Group]) -> list[str]:
    """The free lines of these groups, in an order drawn by lot."""
    said: list[str] = []
    for group in shown:
        here = (rating_words.c.commune_id == commune_id) & rating_words.c.month.between(group.first, group.last)
        said += [unseal_json(db, sealed) for sealed in db.execute(select(rating_words.c.words).where(here)).scalars()]
    secrets.SystemRandom().shuffle(said)
    return said


def tell_once(db: Connection, commune_id: int, month: date, now: datetime) -> bool:
    """Whether the report of this month is still to be told; it is with this."""
    values: dict[str, Any] = {"commune_id": commune_id, "month": month, "told_at": now}
    made = insert(db, rating_report).values(values).on_conflict_do_nothing().returning(rating_report.c.id)
    return db.execute(made).first() is not None
