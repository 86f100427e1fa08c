"""How long each channel has been deaf: a pulse while its events reach us, and a row for each gap between two pulses.

Telegram drops the press of a button after 150 s of our absence, while text waits for 24 hours (design, path of a
message, 7); so whoever may have pressed one in vain is asked once more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, Index, Integer, String, Table, UniqueConstraint, insert, select, text, update

from storage.db import Id, UtcTime, metadata
from storage.db import insert as upsert

SHORTEST, LONGEST = timedelta(seconds=150), timedelta(hours=24)
"""A shorter gap loses nothing; after a longer one nobody waits at her telephone any more."""

pulse = Table(
    "pulse",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "channel", "account"),
)
outage = Table(
    "outage",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("began_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime, nullable=False),
    Column("settled_at", UtcTime, nullable=True),  # when people were asked again, or it was too late for that
)
_open = text("settled_at IS NULL")
Index("ix_outage_open", outage.c.commune_id, outage.c.id, sqlite_where=_open, postgresql_where=_open)


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which a channel's events did not reach us."""

    id: int
    channel: str
    account: str
    began_at: datetime
    ended_at: datetime


def last(db: Connection, commune_id: int, channel: str, account: str) -> datetime | None:
    """Until when events are known to have reached us."""
    here = (pulse.c.commune_id == commune_id) & (pulse.c.channel == channel) & (pulse.c.account == account)
    found: datetime | None = db.execute(select(pulse.c.at).where(here)).scalar()
    return found


def beat(db: Connection, commune_id: int, channel: str, account: str, now: datetime) -> None:
    """Events reach us until now; a gap since the last time of `SHORTEST` to `LONGEST` is noted as an outage."""
    here = (pulse.c.commune_id == commune_id) & (pulse.c.channel == channel) & (pulse.c.account == account)
    last = db.execute(select(pulse.c.at).where(here)).scalar()
    values = {"commune_id": commune_id, "channel": channel, "account": account, "at": now}
    statement = upsert(db, pulse).values(values)
    keys = ["commune_id", "channel", "account"]
    db.execute(statement.on_conflict_do_update(index_elements=keys, set_={"at": now}))
    if last is not None and SHORTEST <= now - last <= LONGEST:
        gap = {"commune_id": commune_id, "channel": channel, "account": account, "began_at": last, "ended_at": now}
        db.execute(insert(outage).values(gap))


def unsettled(db: Connection, commune_id: int) -> list[Outage]:
    """Outages after which nobody has been asked again yet."""
    columns = (outage.c.id, outage.c.channel, outage.c.account, outage.c.began_at, outage.c.ended_at)
    found = db.execute(select(*columns).where(outage.c.commune_id == commune_id, _open).order_by(outage.c.id))
    return [Outage(*row) for row in found]


def deaf(db: Connection, commune_id: int, now: datetime) -> set[tuple[str, str]]:
    """Channels (name, account) on which people cannot answer now, or have not been asked again yet."""
    silent = (pulse.c.commune_id == commune_id) & (pulse.c.at < now - SHORTEST)
    found = {(row.channel, row.account) for row in db.execute(select(pulse.c.channel, pulse.c.account).where(silent))}
    return found | {(each.channel, each.account) for each in unsettled(db, commune_id)}


def settle(db: Connection, outage_id: int, now: datetime) -> None:
    """Whoever had to be asked again has been."""
    db.execute(update(outage).where(outage.c.id == outage_id).values(settled_at=now))
