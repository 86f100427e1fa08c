"""Finding cases by their words without keeping a word: keyed digests of each folded word, and of the place (L31, B08).

Whoever has the database and not the key learns which cases share a word, and no word. A place on the map is a word
too: a case is kept under its square of a hundred metres and the eight around it (`squares`), and looked for by its own
square alone, the first of them.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, String, Table, func, select

from storage.cases import case_file
from storage.db import Id, metadata
from storage.db import insert as upsert
from storage.sealing import lookup_key

case_word = Table(
    "case_word",
    metadata,
    Column("commune_id", Integer, primary_key=True, autoincrement=False),
    Column("word", String(16), primary_key=True),
    Column("case_id", Id, ForeignKey("case_file.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
)
Index("ix_case_word_case", case_word.c.case_id)
METRES = 0.001
"""Degrees of a square: about a hundred metres."""


def squares(place: tuple[float, float]) -> list[str]:
    """The square a place lies in and the eight around it, as words; two places nearby share some."""
    row, column = (round(each / METRES) for each in place)
    return [f"@{row + up},{column + aside}" for up in (0, -1, 1) for aside in (0, -1, 1)]


def _digests(db: Connection, words: Iterable[str]) -> list[str]:
    return sorted({lookup_key(db, "case-word", word)[:16] for word in words if word})


def add(db: Connection, commune_id: int, case_id: int, words: Iterable[str]) -> None:
    """A case is found by these words from now on."""
    rows = [{"commune_id": commune_id, "word": each, "case_id": case_id} for each in _digests(db, words)]
    if rows:
        db.execute(upsert(db, case_word).on_conflict_do_nothing(), rows)


def found(
    db: Connection, commune_id: int, words: Iterable[str], since: datetime, limit: int = 50,
    among: Iterable[int] | None = None,
) -> list[tuple[int, int]]:  # fmt: skip
    """Cases received since then that have any of these words: (case id, how many), most first, then newest; `among`:
    only of these cases.
    """
    digests = _digests(db, words)
    if not digests:
        return []
    many = func.count()
    these = [] if among is None else [case_word.c.case_id.in_(list(among))]
    asked = (
        select(case_word.c.case_id, many)
        .join(case_file, case_file.c.id == case_word.c.case_id)
        .where(
            case_word.c.commune_id == commune_id, case_word.c.word.in_(digests), case_file.c.received_at >= since,
            *these,
        )
        .group_by(case_word.c.case_id).order_by(many.desc(), case_word.c.case_id.desc()).limit(limit)
    )  # fmt: skip
    return [(int(case_id), int(shared)) for case_id, shared in db.execute(asked)]


def forget(db: Connection, commune_id: int, case_ids: Iterable[int]) -> None:
    """These cases are found by no word any more."""
    db.execute(case_word.delete().where(case_word.c.commune_id == commune_id, case_word.c.case_id.in_(list(case_ids))))
