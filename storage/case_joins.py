"""Cases about the same work: which share words and place with one, and what has to stand still while two are joined."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, func, select

from storage.case_words import case_word
from storage.cases import OPEN, case_file
from storage.db import is_postgres

RECENT, WORDS = 150, 60
"""Open cases that are compared, the latest, and by how many words: in a flood of reports, or of one report of four
thousand characters, a look at all of them would take too long.
"""


def alike(db: Connection, commune_id: int, case_id: int, since: datetime, limit: int = 50) -> list[tuple[int, float]]:
    """Open cases of the office received since then that share words or places with this one, most first: (case id,
    share of the words of whichever has fewer).
    """
    recent = (
        select(case_file.c.id)
        .where(
            case_file.c.commune_id == commune_id, case_file.c.received_at >= since, case_file.c.state == OPEN,
            case_file.c.lane == "office", case_file.c.id != case_id,
        )
        .order_by(case_file.c.received_at.desc(), case_file.c.id.desc()).limit(RECENT)
    )  # fmt: skip
    ids, words = db.execute(recent).scalars().all(), _words(db, commune_id, case_id)
    if not ids or not words:
        return []
    shared, word = func.count(), case_word.c
    here = (word.commune_id == commune_id) & word.word.in_(words) & word.case_id.in_(ids)
    found = select(word.case_id, shared).where(here).group_by(word.case_id)
    rows = db.execute(found.order_by(shared.desc(), word.case_id.desc()).limit(limit)).all()
    many = _how_many(db, [row.case_id for row in rows])
    return [(int(each), count / min(len(words), many[each])) for each, count in rows]


def _words(db: Connection, commune_id: int, case_id: int) -> list[str]:
    here = case_file.c.commune_id == commune_id
    of_case = select(case_word.c.word).join(case_file, case_file.c.id == case_word.c.case_id)
    return list(db.execute(of_case.where(here, case_word.c.case_id == case_id).limit(WORDS)).scalars())


def _how_many(db: Connection, case_ids: list[int]) -> dict[int, int]:
    """By case alone: with the commune beside it SQLite reads every word of the commune."""
    here = case_word.c.case_id.in_(case_ids)
    found = db.execute(select(case_word.c.case_id, func.count()).where(here).group_by(case_word.c.case_id))
    return {int(case_id): int(count) for case_id, count in found}


def held_open(db: Connection, commune_id: int, case_ids: Iterable[int]) -> set[int]:
    """Which of these cases are open; none of them changes until the transaction ends. Whoever joins two cases asks for
    both at once, so that two joins in opposite directions follow each other.
    """
    ids = sorted(case_ids)
    here = (case_file.c.commune_id == commune_id) & case_file.c.id.in_(ids)
    asked = select(case_file.c.id, case_file.c.state).where(here).order_by(case_file.c.id)
    rows = db.execute(asked.with_for_update() if is_postgres(db) else asked).all()
    return {int(row.id) for row in rows if row.state == OPEN}


def people(db: Connection, commune_id: int, case_id: int) -> int:
    """How many people told of this work: each citizen once; one whom nobody knows counts by her case."""
    here = case_file.c.commune_id == commune_id
    reports = [case_file.c.id == case_id, (case_file.c.main_id == case_id) & (case_file.c.state == "joined")]
    told = [db.execute(select(case_file.c.citizen_id).where(here, each)).scalars().all() for each in reports]
    known = [citizen for each in told for citizen in each]
    return len({each for each in known if each is not None}) + known.count(None)
