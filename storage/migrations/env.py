"""Alembic runs this file for every command. The connection, already in a transaction, comes from `storage.migrate`."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from storage.db import UtcTime
from storage.migrate import tables


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """A revision must not change its meaning when our code does: our time type is written plainly."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, UtcTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables(),
    render_as_batch=True,
    render_item=render_item,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
