"""Prepared statements: the same words, values and rows as through SQLAlchemy, on both databases."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    insert,
    select,
    update,
)

from storage.db import Id, UtcTime, create_engine_for
from storage.db import insert as upsert
from storage.prepared import Prepared
from tests import stores

thing = Table(
    "prepared_thing", MetaData(),
    Column("id", Id, primary_key=True),
    Column("name", String(20), unique=True),
    Column("items", LargeBinary),
    Column("open", Boolean),
    Column("day", Date),
    Column("at", UtcTime),
    Column("number", Integer, server_default="7"),
)  # fmt: skip
AT = datetime(2026, 11, 26, 9, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=7)))
ROW: dict[str, Any] = {"name": "mưa", "items": b"\0\xff", "open": True, "day": date(2026, 11, 26), "at": AT}
ADD = Prepared(insert(thing).returning(thing.c.id, thing.c.at))
ADD_QUIETLY = Prepared(lambda db: upsert(db, thing).on_conflict_do_nothing().inline())
ALL = Prepared(select(thing).where(thing.c.open == bindparam("open")).order_by(thing.c.id))
CLOSE = Prepared(
    update(thing).where(thing.c.name == bindparam("called")).values(open=False, at=bindparam("now", type_=UtcTime))
)


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """A connection outside a transaction, with an empty table of its own."""
    with stores.fresh(request.param, tmp_path) as url:
        engine = create_engine_for(url, stores.KEYS)
        with engine.connect() as made:
            with made.begin():
                thing.create(made)
            yield made
        engine.dispose()


def test_values_and_rows_are_the_same_as_through_sqlalchemy(db: Connection) -> None:
    """Every type goes in and comes out as its column says, whichever way it went and whichever way it is read."""
    with db.begin():
        made = ADD.first(db, **ROW)
        assert made.at == AT.replace(microsecond=123_000)
        db.execute(insert(thing), ROW | {"name": "nắng"})
        prepared = ALL.all(db, open=True)
        composed = db.execute(select(thing).order_by(thing.c.id)).all()
        assert [tuple(row) for row in prepared] == [tuple(row) for row in composed]
        first = prepared[0]
        assert (first.id, first.name, first.items, first.day, first.number) == (
            made.id, "mưa", b"\0\xff", ROW["day"], 7,
        )  # fmt: skip
        assert first.open is True
        assert first.at.tzinfo is UTC


def test_it_says_how_many_rows_it_wrote(db: Connection) -> None:
    """Words the statement gives itself, words of one engine, and the count of rows."""
    with db.begin():
        assert [ADD_QUIETLY.run(db, **ROW) for _each in range(2)] == [1, 0]
        assert CLOSE.run(db, called="mưa", now=None) == 1
        assert CLOSE.run(db, called="gió", now=AT) == 0
        found = ALL.first(db, open=False)
        assert (found.open, found.at) == (False, None)
        assert ALL.first(db, open=True) is None
        assert ALL.scalar(db, open=True) is None
        assert ALL.scalar(db, open=False) == found.id


def test_many_rows_go_in_together(db: Connection) -> None:
    """As one by one, in a transaction and outside of one; no rows are no work."""
    with db.begin():
        ADD_QUIETLY.many(db, [ROW | {"name": f"{number}"} for number in range(3)])
        ADD_QUIETLY.many(db, [])
    ADD_QUIETLY.many(db, [])
    ADD_QUIETLY.many(db, [ROW | {"name": f"{number}", "at": None} for number in (3, 4)])
    found = ALL.all(db, open=True)
    assert [row.name for row in found] == ["0", "1", "2", "3", "4"]
    assert [row.at for row in found] == [AT.replace(microsecond=123_000)] * 3 + [None] * 2
    db.rollback()


def test_outside_a_transaction_sqlalchemy_begins_one(db: Connection) -> None:
    """What is read or written by itself stands in a transaction that can be rolled back."""
    assert ADD_QUIETLY.run(db, **ROW) == 1
    assert db.in_transaction()
    db.rollback()
    assert ALL.all(db, open=True) == []
    db.rollback()
    assert ALL.first(db, open=True) is None
    db.rollback()


def test_a_value_that_is_not_given_is_a_mistake(db: Connection) -> None:
    """Nothing is filled in silently."""
    with db.begin(), pytest.raises(KeyError):
        CLOSE.run(db, called="mưa")
    with db.begin():
        ADD.first(db, **ROW)
        with pytest.raises(KeyError):
            ADD.first(db, name="gió")
        with pytest.raises(ValueError, match="time zone"):
            CLOSE.run(db, called="mưa", now=datetime(2026, 1, 1))
