"""What a provider says of our account (a bot's username, the plan of an Official Account), as it said last: known to
every process and command without asking.
"""

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Integer, String, Table, Text, UniqueConstraint, select

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
account_fact = Table(
    "account_fact",
    metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("key", String(40), nullable=False),  # "oa": its kind and plan; "send_path": over which messages go …
    Column("value", Text, nullable=False),  # JSON
    Column("said_at", UtcTime, nullable=False),
    UniqueConstraint("commune_id", "channel", "account", "key"),
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


def say(db: Connection, commune_id: int, channel: str, account: str, key: str, value: Any, now: datetime) -> None:
    """The provider has said this of our account; `value` is plain JSON."""
    words = orjson.dumps(value).decode()
    values = {"commune_id": commune_id, "channel": channel, "account": account, "key": key}
    statement = insert(db, account_fact).values(values | {"value": words, "said_at": now})
    db.execute(statement.on_conflict_do_update(index_elements=list(values), set_={"value": words, "said_at": now}))


def said(db: Connection, commune_id: int, channel: str, account: str) -> dict[str, Any]:
    """All that the provider has said of our account, by key."""
    here = (account_fact.c.commune_id == commune_id) & (account_fact.c.channel == channel)
    found = select(account_fact.c.key, account_fact.c.value).where(here, account_fact.c.account == account)
    return {row.key: orjson.loads(row.value) for row in db.execute(found)}
