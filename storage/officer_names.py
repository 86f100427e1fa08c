"""The officers' names as the desk's file writes them, and whom a clerk says they mean (L21).

A name is matched to an invited official without case and accents; "Ng. T. Hoa" is nobody's, until a clerk ties it to
somebody. How many running dossiers bear a name is counted once a day, since it reads all that run.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    delete,
    func,
    select,
    text,
    update,
)

from storage.db import Id, UtcTime, insert, metadata
from storage.dossiers import dossier

officer_name = Table(
    "officer_name",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("dossiers", Integer, nullable=False),  # running ones, at the last count
    Column("official_id", Id, ForeignKey("official.id"), nullable=True),  # tied by a clerk
    Column("tied_by", Id, ForeignKey("official.id"), nullable=True),
    Column("tied_at", UtcTime, nullable=True),
    UniqueConstraint("commune_id", "name"),
)


@dataclass(frozen=True, slots=True)
class OfficerName:
    """A name of the file: how many running dossiers bear it, and the official it is tied to."""

    id: int
    name: str
    dossiers: int
    official_id: int | None


_COLUMNS = [officer_name.c[name] for name in OfficerName.__slots__]


def count(db: Connection, commune_id: int) -> None:
    """Count anew how many running dossiers bear each name; names nobody bears and nobody tied are forgotten."""
    here = officer_name.c.commune_id == commune_id
    running = (dossier.c.commune_id == commune_id) & text("status IN (1, 2, 4) AND deadline IS NOT NULL")
    counted = db.execute(select(dossier.c.officer, func.count()).where(running).group_by(dossier.c.officer)).all()
    rows = [{"commune_id": commune_id, "name": name, "dossiers": many} for name, many in counted if name]
    db.execute(update(officer_name).where(here, officer_name.c.dossiers > 0).values(dossiers=0))
    if rows:
        made = insert(db, officer_name)
        again = {"dossiers": made.excluded.dossiers}
        db.execute(made.on_conflict_do_update(index_elements=["commune_id", "name"], set_=again), rows)
    db.execute(delete(officer_name).where(here, officer_name.c.dossiers == 0, officer_name.c.official_id.is_(None)))


def known(db: Connection, commune_id: int) -> list[OfficerName]:
    """Every name of the last count, most dossiers first."""
    found = select(*_COLUMNS).where(officer_name.c.commune_id == commune_id)
    ordered = found.order_by(officer_name.c.dossiers.desc(), officer_name.c.name)
    return [OfficerName(*row) for row in db.execute(ordered)]


def tie(db: Connection, commune_id: int, name_id: int, official_id: int, by: int, now: datetime) -> str | None:
    """This name means that official from now on; the name, or None when it is not known any more."""
    this = (officer_name.c.commune_id == commune_id) & (officer_name.c.id == name_id)
    values = {"official_id": official_id, "tied_by": by, "tied_at": now}
    name: str | None = db.execute(
        update(officer_name).where(this).values(values).returning(officer_name.c.name)
    ).scalar()
    return name
