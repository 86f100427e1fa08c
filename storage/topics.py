"""Which topic of a group takes the cards of which field of cases.

The group is kept by its first id, as everywhere (storage.chats), so what was chosen outlives its upgrade.
"""

from typing import Any

from sqlalchemy import Column, Connection, Integer, String, Table, UniqueConstraint, select

from storage.db import Id, insert, metadata

field_topic = Table(
    "field_topic", metadata,
    Column("id", Id, primary_key=True),
    Column("commune_id", Integer, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(64), nullable=False),
    Column("chat", String(128), nullable=False),
    Column("field", String(12), nullable=False),  # messages.cases.FIELDS
    Column("thread", String(64), nullable=False),  # the provider's id of the topic
    UniqueConstraint("commune_id", "channel", "account", "chat", "field"),
)  # fmt: skip


def thread_of(db: Connection, commune_id: int, channel: str, account: str, chat: str, field: str) -> str:
    """The topic that takes cards of this field; "" when there is none."""
    found = db.execute(
        select(field_topic.c.thread).where(*_here(commune_id, channel, account, chat), field_topic.c.field == field)
    ).scalar()
    return found or ""


def chosen(db: Connection, commune_id: int, channel: str, account: str, chat: str) -> dict[str, str]:
    """The topic of each field of a group that has one."""
    asked = select(field_topic.c.field, field_topic.c.thread).where(*_here(commune_id, channel, account, chat))
    return {row.field: row.thread for row in db.execute(asked)}


def choose(db: Connection, commune_id: int, channel: str, account: str, chat: str, field: str, thread: str) -> None:
    """Cards of this field go to that topic from now on."""
    values = {"commune_id": commune_id, "channel": channel, "account": account, "chat": chat, "field": field}
    statement = insert(db, field_topic).values(values | {"thread": thread})
    key = ["commune_id", "channel", "account", "chat", "field"]
    db.execute(statement.on_conflict_do_update(index_elements=key, set_={"thread": thread}))


def give_up(db: Connection, commune_id: int, channel: str, account: str, chat: str, field: str) -> None:
    """Cards of this field stand in the group itself again."""
    db.execute(field_topic.delete().where(*_here(commune_id, channel, account, chat), field_topic.c.field == field))


def _here(commune_id: int, channel: str, account: str, chat: str) -> tuple[Any, ...]:
    return (
        field_topic.c.commune_id == commune_id, field_topic.c.channel == channel, field_topic.c.account == account,
        field_topic.c.chat == chat,
    )  # fmt: skip
