"""Web sessions: only a digest is stored, they end, and a shared computer's PIN can be tried five times."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from storage import officials, sessions
from tests import stores

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """A connection in an open transaction to an empty database of both kinds."""
    with stores.rolled_back(request.param, tmp_path) as connection:
        yield connection


@pytest.fixture
def official(db: Connection) -> int:
    """A clerk."""
    return officials.add(db, 1, "Nguyễn Thị Hoa", "Công chức một cửa", "clerk", [], None, NOW)


def test_a_session_is_found_by_its_token_and_only_in_its_commune(db: Connection) -> None:
    """The token given once finds the session again; another token, or another commune, finds none."""
    token, made = sessions.create(db, 1, NOW)
    assert sessions.find(db, 1, token, NOW) == made
    assert sessions.find(db, 1, token + "x", NOW) is None
    assert sessions.find(db, 1, "lone \ud800 surrogate", NOW) is None
    assert sessions.find(db, 2, token, NOW) is None


def test_two_villagers_have_two_chats_and_an_official_one_from_every_browser(db: Connection, official: int) -> None:
    """A villager's session is a chat of its own; all sessions of an official lead to the same chat."""
    assert sessions.create(db, 1, NOW)[1].chat != sessions.create(db, 1, NOW)[1].chat
    chats = {sessions.create(db, 1, NOW, official)[1].chat for _browser in range(2)}
    assert chats == {f"official:{official}"}


def test_the_token_and_the_pin_are_not_in_the_database(db: Connection, official: int) -> None:
    """Whoever reads the table can neither sign in nor learn the PIN."""
    token, made = sessions.create(db, 1, NOW, official, pin="4711")
    row = db.execute(select(sessions.session).where(sessions.session.c.id == made.id)).one()
    assert not [each for each in row if isinstance(each, str) and (token in each or "4711" in each)]


def test_a_session_ends_by_age_and_by_signing_out(db: Connection, official: int) -> None:
    """An official's session lasts 30 days, a villager's a year; one that is closed is gone at once."""
    for days, who in ((sessions.OFFICE_DAYS, official), (sessions.VILLAGER_DAYS, None)):
        token, made = sessions.create(db, 1, NOW, who)
        end = NOW + timedelta(days=days)
        assert sessions.find(db, 1, token, end - SECOND) == made
        assert sessions.find(db, 1, token, end) is None
        sessions.close(db, 2, made.id)
        assert sessions.find(db, 1, token, NOW) == made
        sessions.close(db, 1, made.id)
        assert sessions.find(db, 1, token, NOW) is None


def test_only_a_shared_computer_asks_for_a_pin(db: Connection, official: int) -> None:
    """A session with a PIN makes its official confirm with it, until it is closed."""
    sessions.create(db, 1, NOW, official)
    assert not sessions.is_shared(db, 1, f"official:{official}")
    _token, made = sessions.create(db, 1, NOW, official, pin="4711")
    assert made.shared
    assert sessions.is_shared(db, 1, f"official:{official}")
    assert not sessions.is_shared(db, 1, "somebody else")
    sessions.close(db, 1, made.id)
    assert not sessions.is_shared(db, 1, f"official:{official}")


def test_five_wrong_pins_close_the_shared_sessions_and_nothing_else(db: Connection, official: int) -> None:
    """The fifth wrong PIN signs the official out of shared computers; her own computer stays signed in."""
    own, _session = sessions.create(db, 1, NOW, official)
    shared, _session = sessions.create(db, 1, NOW, official, pin="4711")
    who = f"official:{official}"
    for wrong in ("0000", "1111", "2222", "3333"):
        assert not sessions.check_pin(db, 1, who, wrong)
    assert sessions.find(db, 1, shared, NOW) is not None
    assert not sessions.check_pin(db, 1, who, "4444")
    assert sessions.find(db, 1, shared, NOW) is None
    assert sessions.find(db, 1, own, NOW) is not None
    assert not sessions.check_pin(db, 1, who, "4711")


def test_a_right_pin_begins_the_count_anew(db: Connection, official: int) -> None:
    """Four wrong tries are forgotten once the right PIN was given."""
    token, _session = sessions.create(db, 1, NOW, official, pin="4711")
    who = f"official:{official}"
    for _round in range(3):
        for wrong in ("0000", "1111", "2222", "3333"):
            assert not sessions.check_pin(db, 1, who, wrong)
        assert sessions.check_pin(db, 1, who, "4711")
    assert sessions.find(db, 1, token, NOW) is not None


def test_one_official_s_pin_is_not_another_s(db: Connection, official: int) -> None:
    """The same four digits of a colleague confirm nothing."""
    other = officials.add(db, 1, "Trần Văn Nam", "Công chức một cửa", "clerk", [], None, NOW)
    sessions.create(db, 1, NOW, official, pin="4711")
    sessions.create(db, 1, NOW, other, pin="0815")
    assert not sessions.check_pin(db, 1, f"official:{other}", "4711")
    assert sessions.check_pin(db, 1, f"official:{other}", "0815")


def test_sessions_that_ended_are_deleted_and_a_villager_s_can_be_erased(db: Connection) -> None:
    """Old sessions go by themselves; a villager who asks to be forgotten has none left."""
    _old, _session = sessions.create(db, 1, NOW - timedelta(days=400))
    token, made = sessions.create(db, 1, NOW)
    assert sessions.delete_old(db, NOW) == 1
    assert sessions.export(db, 1, made.chat) == [
        {"created_at": NOW, "expires_at": NOW + timedelta(days=sessions.VILLAGER_DAYS)}
    ]
    sessions.erase(db, 1, made.chat)
    assert sessions.find(db, 1, token, NOW) is None
    assert sessions.export(db, 1, made.chat) == []
