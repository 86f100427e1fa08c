"""The next event for a turn: taken from the inbox, its lane locked, with what every turn asks about it at once.

On PostgreSQL a worker locks the lane row with FOR UPDATE SKIP LOCKED and reads the oldest new event in a second
statement, because the first statement's snapshot may be older than the lock. On SQLite the one writer needs no lock and
the second statement is enough. Who wrote and which talk is open there come with the event, in one statement instead of
four: a third of what a turn reads.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, and_, bindparam, select, text

from storage import citizens, conversations, inbox, officials
from storage.citizens import Citizen, address, citizen
from storage.conversations import talk
from storage.db import UtcTime, is_postgres
from storage.inbox import Taken, lane
from storage.officials import Official, official, official_address
from storage.prepared import Prepared
from storage.sealing import Unreadable, unseal


@dataclass(frozen=True, slots=True)
class Arrival(Taken):
    """An event, who wrote it, and the talk that is open there, still sealed (`storage.conversations.opened`).

    last_at: when the citizen was last heard from at this address, as it is written down there.
    """

    citizen: Citizen | None
    official: Official | None
    talk: tuple[Any, ...] | None
    last_at: datetime | None


_event = inbox.inbox.c
_new = _event.state == text("'new'")
_may_go_on = lane.c.not_before <= bindparam("now", type_=UtcTime)
_TAKEN: tuple[Any, ...] = tuple(lane.c.chat if name == "chat" else _event[name] for name in Taken.__slots__)
_CITIZEN = len(_TAKEN)
_OFFICIAL = _CITIZEN + len(citizens.COLUMNS)
_TALK = _OFFICIAL + len(officials.COLUMNS)
_COLUMNS = (*_TAKEN, *citizens.COLUMNS, *officials.COLUMNS, *conversations.COLUMNS, address.c.last_at)
_RAW = Taken.__slots__.index("raw")


def _wrote(addresses: Table) -> Any:
    """The event came from this address, of a citizen or of an official."""
    return and_(*(addresses.c[name] == _event[name] for name in ("commune_id", "channel", "account", "sender")))


_ARRIVAL = (
    select(*(column.label(f"c{place}") for place, column in enumerate(_COLUMNS)))  # several tables have an "id"
    .select_from(inbox.inbox)
    .join(lane, lane.c.id == _event.lane_id)
    .outerjoin(address, _wrote(address))
    .outerjoin(citizen, citizen.c.id == address.c.citizen_id)
    .outerjoin(official_address, _wrote(official_address))
    .outerjoin(official, and_(official.c.id == official_address.c.official_id, official.c.active))
    .outerjoin(
        talk, and_(talk.c.lane_id == _event.lane_id, talk.c.sender == _event.sender, talk.c.state == text("'live'"))
    )
    .where(_new)
    .order_by(_event.id)
    .limit(1)
)
_READY = Prepared(_ARRIVAL.where(_may_go_on))
_OLDEST = Prepared(_ARRIVAL.where(_event.lane_id == bindparam("lane")))
_LOCK_LANE = Prepared(
    select(lane.c.id)
    .join(inbox.inbox, _event.lane_id == lane.c.id)
    .where(_new, _may_go_on)
    .order_by(_event.id)
    .limit(1)
    .with_for_update(of=lane, skip_locked=True)
)


def take(db: Connection, now: datetime) -> Arrival | None:
    """The oldest event whose lane may go on and is not in another worker's hands; None when there is none.

    One that cannot be unsealed is set aside, so that the rest goes on.
    """
    while (row := _next(db, now)) is not None:
        try:
            return _arrival(db, row)
        except Unreadable as error:
            inbox.fail(db, row[0], "", str(error), now)
    return None


def _next(db: Connection, now: datetime) -> Any:
    if not is_postgres(db):
        return _READY.first(db, now=now)
    locked = _LOCK_LANE.scalar(db, now=now)
    return None if locked is None else _OLDEST.first(db, lane=locked)


def _arrival(db: Connection, row: Any) -> Arrival:
    fields: list[Any] = list(row[:_CITIZEN])
    fields[_RAW] = unseal(db, fields[_RAW])
    fields.append(None if row[_CITIZEN] is None else Citizen(*row[_CITIZEN:_OFFICIAL]))
    fields.append(None if row[_OFFICIAL] is None else officials.made(row[_OFFICIAL:_TALK]))
    fields.append(None if row[_TALK] is None else row[_TALK:-1])
    fields.append(row[-1])
    return Arrival(*fields)
