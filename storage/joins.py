"""One person on two channels: a one-time code joins her Zalo and her Telegram to one citizen, so that a notice comes
once, on the channel she used last (`storage.audience`).

All that names the one citizen is moved to the other, table by table as the foreign keys say, so that no table can be
forgotten. Where both have the same (a dossier on both chats, a message stopped on both), one row stays; a stop that is
in force always wins. On PostgreSQL the other chats' lanes are locked first: while a turn of hers is under way there,
this event waits and is tried again (55P03), because that turn knows a citizen who would be gone.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Table, UniqueConstraint, and_, delete, exists, func, insert, select, update

from storage import erasures, join_codes, notices, stops
from storage.citizens import address, citizen
from storage.db import is_postgres, metadata
from storage.inbox import lane


def join(db: Connection, commune_id: int, kept: int, gone: int) -> bool:
    """All that belonged to the citizen `gone` belongs to `kept`; False while one of them is to be forgotten."""
    if erasures.pending(db, commune_id, kept) or erasures.pending(db, commune_id, gone):
        return False
    _lock(db, commune_id, gone)
    join_codes.erase(db, commune_id, gone)
    erasures.join(db, commune_id, kept, gone)
    stops.join(db, commune_id, kept, gone)
    notices.join(db, commune_id, kept, gone)
    _fill(db, kept, gone)
    for table in metadata.sorted_tables:
        for column in table.c:
            if column.references(citizen.c.id):
                _move(db, table, column, kept, gone)
    db.execute(delete(citizen).where(citizen.c.commune_id == commune_id, citizen.c.id == gone))
    return True


def part(db: Connection, commune_id: int, channel: str, account: str, sender: str, now: datetime) -> None:
    """This address is a citizen of its own again, who has nothing yet."""
    made = db.execute(
        insert(citizen).values(commune_id=commune_id, created_at=now).returning(citizen.c.id)
    ).scalar_one()
    here = (address.c.commune_id == commune_id) & (address.c.channel == channel) & (address.c.account == account)
    db.execute(update(address).where(here, address.c.sender == sender).values(citizen_id=made))


def _lock(db: Connection, commune_id: int, citizen_id: int) -> None:
    if not is_postgres(db):
        return
    hers = select(lane.c.id).join(
        address,
        and_(*(lane.c[name] == address.c[name] for name in ("commune_id", "channel", "account")))
        & (lane.c.chat == address.c.sender),
    )
    db.execute(
        hers.where(address.c.commune_id == commune_id, address.c.citizen_id == citizen_id)
        .order_by(lane.c.id)
        .with_for_update(of=lane, nowait=True)
    ).all()


def _fill(db: Connection, kept: int, gone: int) -> None:
    """What is not known of the one is taken from the other."""
    other = citizen.alias()
    for name in ("language", "village", "spoken_language"):
        known = select(other.c[name]).where(other.c.id == gone).scalar_subquery()
        db.execute(update(citizen).where(citizen.c.id == kept).values({name: func.coalesce(citizen.c[name], known)}))


def _move(db: Connection, table: Table, column: Column[Any], kept: int, gone: int) -> None:
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint) and column in constraint.columns.values():
            twin = table.alias()
            same = [each == twin.c[each.name] for each in constraint.columns if each is not column]
            there = exists(select(twin.c.id).where(twin.c[column.name] == kept, *same))
            db.execute(delete(table).where(column == gone, there))
    db.execute(update(table).where(column == gone).values({column.name: kept}))
