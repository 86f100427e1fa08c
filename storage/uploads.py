"""Files of ours that a provider keeps for a while, under ids of its own: one upload serves everybody who gets them."""

from datetime import datetime

from sqlalchemy import Column, Connection, Integer, String, Table, UniqueConstraint, delete, select

from storage.db import Id, UtcTime, insert, metadata

upload = Table(
    "upload",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("file", String(80), nullable=False),  # how it was uploaded, and its name on our disk
    Column("provider_id", String(500), nullable=False),
    Column("until", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "channel", "account", "file"),
)


def get(db: Connection, commune_id: int, channel: str, account: str, file: str, now: datetime) -> str | None:
    """The provider's id of a file that is still good at `now`."""
    here = (upload.c.commune_id == commune_id) & (upload.c.channel == channel) & (upload.c.account == account)
    wanted = select(upload.c.provider_id).where(here, upload.c.file == file, upload.c.until > now)
    found: str | None = db.execute(wanted).scalar()
    return found


def keep(
    db: Connection,
    commune_id: int,
    channel: str,
    account: str,
    file: str,
    provider_id: str,
    now: datetime,
    until: datetime,
) -> None:
    """The provider has taken a file; ids that are of no use any more are forgotten."""
    db.execute(delete(upload).where(upload.c.commune_id == commune_id, upload.c.until <= now))
    values = {
        "commune_id": commune_id, "channel": channel, "account": account, "file": file, "provider_id": provider_id,
        "until": until,
    }  # fmt: skip
    again = {"provider_id": provider_id, "until": until}
    keys = ["commune_id", "channel", "account", "file"]
    db.execute(insert(db, upload).values(values).on_conflict_do_update(index_elements=keys, set_=again))
