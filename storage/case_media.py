"""Which files belong to which case: they live as long as it does, and whoever may read it may see them (L31, L34).

What people send is deleted some days after it came; a photograph of a broken bridge is needed until the case has ended
and for as long as it is kept. A file may belong to several cases (several matters in one message), and goes with the
last of them. `kept`: false for papers drawn of a case, which are drawn again when they are wanted, but go with it.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Boolean, Column, Connection, ForeignKey, Index, Integer, String, Table, select, update

from storage.db import Id, insert, metadata
from storage.files import file, share
from storage.letters import letter

case_media = Table(
    "case_media", metadata,
    Column("commune_id", Integer, primary_key=True, autoincrement=False),
    Column("name", String(64), primary_key=True),  # storage.files
    Column("case_id", Id, ForeignKey("case_file.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("kept", Boolean, nullable=False),
)  # fmt: skip
Index("ix_case_media_case", case_media.c.case_id)
case_paper = Table(
    "case_paper", metadata,
    Column("commune_id", Integer, primary_key=True, autoincrement=False),
    Column("letter_id", Id, primary_key=True, autoincrement=False),  # storage.letters; that row may go before this one
    Column("case_id", Id, ForeignKey("case_file.id", ondelete="CASCADE"), nullable=False),
)  # fmt: skip
Index("ix_case_paper_case", case_paper.c.case_id)


def add(db: Connection, commune_id: int, case_id: int, names: Iterable[str], *, kept: bool = True) -> None:
    """These files belong to a case from now on."""
    rows = [{"commune_id": commune_id, "name": each, "case_id": case_id, "kept": kept} for each in dict.fromkeys(names)]
    if rows:
        db.execute(insert(db, case_media).on_conflict_do_nothing(), rows)


def cases_of(db: Connection, commune_id: int, name: str) -> list[int]:
    """The cases a file belongs to."""
    here = (case_media.c.commune_id == commune_id) & (case_media.c.name == name)
    return list(db.execute(select(case_media.c.case_id).where(here).order_by(case_media.c.case_id)).scalars())


def names_of(db: Connection, commune_id: int, case_id: int) -> list[str]:
    """The files people have sent for a case; papers drawn of it are left out."""
    here = (case_media.c.commune_id == commune_id) & (case_media.c.case_id == case_id) & case_media.c.kept
    return list(db.execute(select(case_media.c.name).where(here).order_by(case_media.c.name)).scalars())


def ordered(db: Connection, commune_id: int, case_id: int, letter_id: int) -> None:
    """A paper of a case is to be drawn."""
    values = {"commune_id": commune_id, "letter_id": letter_id, "case_id": case_id}
    db.execute(insert(db, case_paper).values(values).on_conflict_do_nothing())


def of_letter(db: Connection, commune_id: int, letter_id: int) -> int | None:
    """The case a letter is a paper of; None when there is none, or nothing is left of it."""
    here = (case_paper.c.commune_id == commune_id) & (case_paper.c.letter_id == letter_id)
    return db.execute(select(case_paper.c.case_id).where(here)).scalar()


def is_kept() -> Any:
    """A condition on `storage.files.file`: it belongs to a case that is still there."""
    here = (case_media.c.commune_id == file.c.commune_id) & (case_media.c.name == file.c.name)
    return select(case_media.c.name).where(here, case_media.c.kept).exists()


def let_go(db: Connection, commune_id: int, case_ids: Iterable[int]) -> list[str]:
    """These cases have no files any more; those that no other case has are to be deleted (`bot.files`): their names."""
    ids = list(case_ids)
    papers = (case_paper.c.commune_id == commune_id) & case_paper.c.case_id.in_(ids)
    drawn = list(db.execute(case_paper.delete().where(papers).returning(case_paper.c.letter_id)).scalars())
    db.execute(letter.delete().where(letter.c.commune_id == commune_id, letter.c.id.in_(drawn)))
    theirs = (case_media.c.commune_id == commune_id) & case_media.c.case_id.in_(ids)
    names = set(db.execute(case_media.delete().where(theirs).returning(case_media.c.name)).scalars())
    if not names:
        return []
    others = (case_media.c.commune_id == commune_id) & case_media.c.name.in_(names)
    gone = sorted(names - set(db.execute(select(case_media.c.name).where(others)).scalars()))
    blank = {"state": "erased", "chat": "", "sender": "", "title": None, "source": None, "codes": None}
    here = (file.c.commune_id == commune_id) & file.c.name.in_(gone) & file.c.kept.is_(False)
    db.execute(update(file).where(here).values(blank))
    db.execute(share.delete().where(share.c.commune_id == commune_id, share.c.name.in_(gone)))
    return gone
