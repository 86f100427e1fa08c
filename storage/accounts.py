"""What a provider calls our account (a bot's username), as it said last: known to every process and command without
asking.
"""

from datetime import datetime

from sqlalchemy import Column, Connection, Integer, String, Table, UniqueConstraint, select

from storage.db import Id, UtcTime, insert, metadata

account_name = Table(
    "account_name",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("said_at", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "channel", "account"),
)


def call(db: Connection, commune_id: int, channel: str, account: str, name: str, now: datetime) -> None:
    """The provider has said what our account is called."""
    values = {"commune_id": commune_id, "channel": channel, "account": account, "name": name, "said_at": now}
    statement = insert(db, account_name).values(values)
    keys = ["commune_id", "channel", "account"]
    db.execute(statement.on_conflict_do_update(index_elements=keys, set_={"name": name, "said_at": now}))


def name(db: Connection, commune_id: int, channel: str, account: str) -> str:
    """What our account was called last; "" when the provider was never reached."""
    here = (account_name.c.commune_id == commune_id) & (account_name.c.channel == channel)
    found = db.execute(select(account_name.c.name).where(here, account_name.c.account == account)).scalar()
    return str(found or "")
