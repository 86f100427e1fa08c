"""Two citizens become one: everything that names the one is the other's, and nothing is told twice."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from bot.turn import Address
from storage import citizens, erasures, inbox, join_codes, joins, notices, requests, stops
from storage.audience import Person
from storage.citizens import citizen
from storage.db import create_engine_for, metadata, temporary
from tests import stores
from tests.town import START

BEFORE = START - timedelta(days=3)


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as db:
        yield db


@pytest.fixture
def two(db: Connection) -> tuple[int, int]:
    """Her Zalo and her Telegram, which nobody has joined yet."""
    return citizens.meet(db, 1, "zalo", "oa", "246", START).id, citizens.meet(db, 1, "telegram", "bot", "7", START).id


def test_a_code_is_good_for_a_quarter_of_an_hour_and_the_newest_alone(db: Connection, two: tuple[int, int]) -> None:
    """Eight digits; an older code, a used one and one that is too old join nobody."""
    zalo, telegram = two
    old = join_codes.offer(db, 1, zalo, START)
    code = join_codes.offer(db, 1, zalo, START)
    assert code.isdecimal()
    assert len(code) == 8
    assert join_codes.offered(db, 1, code, START) == zalo
    assert join_codes.offered(db, 1, code, START + join_codes.VALID) is None
    assert old == code or join_codes.offered(db, 1, old, START) is None
    assert joins.join(db, 1, telegram, zalo)
    assert join_codes.offered(db, 1, code, START) is None


def test_what_was_hers_on_either_chat_is_hers_on_both(db: Connection, two: tuple[int, int]) -> None:
    """Requests, addresses, the thôn she named: all under one citizen, and the other is gone from every table."""
    zalo, telegram = two
    citizens.change(db, zalo, village="Thôn Suối Trên")
    stops.tell(db, 1, zalo, "not-me", START)
    assert joins.join(db, 1, telegram, zalo)
    assert {at.channel for at in citizens.addresses(db, 1, telegram)} == {"zalo", "telegram"}
    found = citizens.find(db, 1, "zalo", "oa", "246")
    assert found is not None
    assert (found.id, found.village) == (telegram, "Thôn Suối Trên")
    for table in metadata.sorted_tables:
        for column in table.c:
            if column.references(citizen.c.id):
                assert db.execute(select(func.count()).where(column == zalo)).scalar() == 0, table.name


def test_a_stop_in_force_wins(db: Connection, two: tuple[int, int]) -> None:
    """Stopped on one of two chats, or on both, it is stopped on the joined ones."""
    zalo, telegram = two
    stops.put(db, 1, telegram, ("notices", "surveys"), BEFORE)
    stops.start_again(db, 1, telegram, BEFORE)
    stops.put(db, 1, telegram, ("greetings",), BEFORE)
    stops.put(db, 1, zalo, ("notices", "greetings"), START)
    assert joins.join(db, 1, telegram, zalo)
    assert stops.stopped(db, 1, telegram) == {"notices", "greetings"}


def test_while_something_is_to_be_erased_nothing_is_joined(db: Connection, two: tuple[int, int]) -> None:
    """A wish to be forgotten on either chat comes first."""
    zalo, telegram = two
    erasures.ask(db, 1, zalo, "erase", "", START, due_at=START + timedelta(days=1))
    assert not joins.join(db, 1, telegram, zalo)
    assert not joins.join(db, 1, zalo, telegram)
    assert citizens.find(db, 1, "telegram", "bot", "7") is not None


def test_a_notice_that_waited_for_both_is_told_once(db: Connection, two: tuple[int, int]) -> None:
    """What each of her chats was to be told is hers, and what both were to be told comes once."""
    zalo, telegram = two
    values = {"kind": "result-ready", "topic": "dossiers", "about": "", "calls": True, "expires_at": None}
    for key, people in (("both", two), ("one", (zalo,))):
        made, _new = notices.make(db, 1, values | {"key": key}, {}, START)
        notices.add(db, 1, made, [Person(f"c{each}", each, None) for each in people], START)
    assert joins.join(db, 1, telegram, zalo)
    waiting = notices.waiting(db, 1)
    assert [each.person.key for each in waiting] == [f"c{telegram}"] * 2
    assert len({each.notice_id for each in waiting}) == 2


def test_while_her_other_chat_has_a_turn_the_join_waits(tmp_path: Path) -> None:
    """On PostgreSQL that turn knows a citizen who would be gone: the event is tried again, and nothing has changed."""
    with stores.fresh("postgres", tmp_path) as url:
        engine = create_engine_for(url, stores.KEYS)
        with engine.begin() as db:
            zalo = citizens.meet(db, 1, "zalo", "oa", "246", START).id
            telegram = citizens.meet(db, 1, "telegram", "bot", "7", START).id
            lane = inbox.open_lane(db, 1, "zalo", "oa", "246")
        with engine.begin() as turn, engine.connect() as db:
            turn.execute(select(inbox.lane.c.id).where(inbox.lane.c.id == lane).with_for_update())
            with pytest.raises(DBAPIError) as refused:
                joins.join(db, 1, telegram, zalo)
            assert temporary(refused.value)
            db.rollback()
        with engine.begin() as db:
            assert citizens.find(db, 1, "zalo", "oa", "246").id == zalo  # type: ignore[union-attr]
            assert joins.join(db, 1, telegram, zalo)
        engine.dispose()


def test_parted_a_chat_begins_anew(db: Connection, two: tuple[int, int]) -> None:
    """The address alone goes; what was kept stays with the other chat."""
    zalo, telegram = two
    at = Address("zalo", "oa", "246", "246")
    requests.open(db, 1, at, zalo, "question", None, START, promised_at=START, remind_at=None, closes_at=START)
    joins.join(db, 1, telegram, zalo)
    joins.part(db, 1, "zalo", "oa", "246", START)
    alone = citizens.find(db, 1, "zalo", "oa", "246")
    assert alone is not None
    assert alone.id not in (telegram, zalo)
    assert len(requests.export(db, 1, telegram)) == 1
    assert requests.export(db, 1, alone.id) == []
