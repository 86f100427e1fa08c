"""Pictures and papers of a result that a messenger still has: what she is told waits until each has come or is lost."""

from collections.abc import Iterable

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, String, Table, select

from storage.db import Id, insert, metadata
from storage.files import file

proof = Table(
    "case_proof", metadata,
    Column("commune_id", Integer, primary_key=True, autoincrement=False),
    Column("name", String(64), primary_key=True),  # storage.files
    Column("entry_id", Id, ForeignKey("case_entry.id", ondelete="CASCADE"), nullable=False),
)  # fmt: skip
Index("ix_case_proof_entry", proof.c.entry_id)


def on_their_way(db: Connection, commune_id: int, names: Iterable[str]) -> list[str]:
    """Which of these files are still to be fetched."""
    new = (file.c.commune_id == commune_id) & file.c.name.in_(list(names)) & (file.c.state == "new")
    return list(db.execute(select(file.c.name).where(new)).scalars())


def wait_for(db: Connection, commune_id: int, entry_id: int, names: Iterable[str]) -> None:
    """An entry waits for these files."""
    for name in names:
        values = {"commune_id": commune_id, "name": name, "entry_id": entry_id}
        db.execute(insert(db, proof).values(values).on_conflict_do_nothing())


def came(db: Connection, commune_id: int, name: str) -> tuple[int, bool] | None:
    """A file has come, or never will: the entry that waited for it, and whether it waits for others; None: none did."""
    this = (proof.c.commune_id == commune_id) & (proof.c.name == name)
    entry_id = db.execute(proof.delete().where(this).returning(proof.c.entry_id)).scalar()
    if entry_id is None:
        return None
    others = select(proof.c.name).where(proof.c.commune_id == commune_id, proof.c.entry_id == entry_id)
    return int(entry_id), db.execute(others.limit(1)).first() is not None
