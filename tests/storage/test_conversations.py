"""Talks and lists as they are stored: one live talk per chat and sender, and what a typed number may mean."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from storage import conversations, inbox
from storage.conversations import KEPT, REPEATS, Talk, talk
from tests import stores

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
SHE = "bà Lan"


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """A connection in an open transaction to an empty database of both kinds."""
    with stores.rolled_back(request.param, tmp_path) as connection:
        yield connection


@pytest.fixture
def lane(db: Connection) -> int:
    """A chat."""
    return inbox.open_lane(db, 1, "web", "", "c1")


def begin(db: Connection, lane: int, route: str = "report", sender: str = SHE, now: datetime = NOW) -> Talk:
    return conversations.open_talk(db, 1, lane, sender, route, now, now + HOUR)


def state(db: Connection, found: Talk) -> str:
    return db.execute(select(talk.c.state).where(talk.c.id == found.id)).scalar_one()


# --- talks ------------------------------------------------------------------------------------------------------------


def test_a_talk_comes_back_as_it_was_stored(db: Connection, lane: int) -> None:
    """What is saved is what is read, with its route, its token and its times."""
    begun = begin(db, lane)
    assert conversations.live(db, lane, SHE) == begun
    data = {"state": {"answers": {"what": "Đường hỏng ở ngõ 3"}}}
    conversations.save(db, begun.id, "live", data, NOW + SECOND, NOW + 2 * HOUR)
    found = conversations.live(db, lane, SHE)
    assert (found.token, found.route, found.data) == (begun.token, "report", data)
    assert (found.touched_at, found.expires_at) == (NOW + SECOND, NOW + 2 * HOUR)


def test_a_chat_has_one_live_talk_per_sender_and_a_second_parks_the_first(db: Connection, lane: int) -> None:
    """Beginning another talk parks the first with its answers; somebody else in the same group keeps hers."""
    first, other = begin(db, lane), begin(db, lane, sender="ông Tư")
    conversations.save(db, first.id, "live", {"state": {"n": 1}}, NOW, NOW + HOUR, wake_at=NOW + SECOND)
    second = begin(db, lane, "dossier")
    assert conversations.live(db, lane, SHE) == second
    assert conversations.live(db, lane, "ông Tư") == other
    parked = conversations.by_token(db, 1, lane, SHE, first.token)
    assert (parked.state, parked.data) == ("parked", {"state": {"n": 1}})
    assert conversations.due(db, 1, NOW + SECOND) == []


def test_the_database_itself_refuses_a_second_live_talk(db: Connection, lane: int) -> None:
    """Whatever a programme does, two live talks of one sender in one chat cannot be stored."""
    first = begin(db, lane)
    begin(db, lane)
    with pytest.raises(IntegrityError), db.begin_nested():
        db.execute(update(talk).where(talk.c.id == first.id).values(state="live"))


def test_nobody_finds_another_s_talk_by_its_token(db: Connection, lane: int) -> None:
    """A talk's token works only for its sender, in its chat, in its commune."""
    mine = begin(db, lane)
    elsewhere = inbox.open_lane(db, 1, "web", "", "c2")
    assert conversations.by_token(db, 1, lane, SHE, mine.token) == mine
    assert conversations.by_token(db, 1, lane, "ông Tư", mine.token) is None
    assert conversations.by_token(db, 1, elsewhere, SHE, mine.token) is None
    assert conversations.by_token(db, 2, lane, SHE, mine.token) is None


def test_a_revived_talk_takes_the_place_of_the_live_one(db: Connection, lane: int) -> None:
    """Going on with an old talk parks the one that was live; its answers are as they were."""
    first = begin(db, lane)
    conversations.save(db, first.id, "expired", {"state": {"n": 1}}, NOW, NOW)
    second = begin(db, lane)
    kept = conversations.by_token(db, 1, lane, SHE, first.token)
    conversations.revive(db, kept, NOW + HOUR, NOW + 2 * HOUR)
    found = conversations.live(db, lane, SHE)
    assert (found.id, found.data, found.expires_at) == (first.id, {"state": {"n": 1}}, NOW + 2 * HOUR)
    assert state(db, second) == "parked"


def test_the_latest_talk_in_a_state_is_found_while_its_answers_are_kept(db: Connection, lane: int) -> None:
    """Of several expired talks the one touched last counts, not one that is too old or has lost its answers."""
    old, new, live = (begin(db, lane, now=NOW + number * HOUR) for number in range(3))
    for each, at in ((old, NOW), (new, NOW + HOUR)):
        conversations.save(db, each.id, "expired", {"of": each.token}, at, at)
    assert conversations.latest(db, lane, SHE, ("expired",), NOW).id == new.id
    assert conversations.latest(db, lane, SHE, ("expired", "live"), NOW).id == live.id
    assert conversations.latest(db, lane, SHE, ("expired",), NOW + HOUR + SECOND) is None
    assert conversations.latest(db, lane, "ông Tư", ("expired",), NOW) is None
    db.execute(update(talk).where(talk.c.id == new.id).values(data=None))
    assert conversations.latest(db, lane, SHE, ("expired",), NOW).id == old.id


def test_talks_are_due_when_they_expire_or_want_to_be_woken(db: Connection, lane: int) -> None:
    """A live talk is due at its end and at its time to wake; one that is over or elsewhere is not."""
    waking, lasting, over = (begin(db, lane, sender=name) for name in ("a", "b", "c"))
    conversations.save(db, waking.id, "live", {}, NOW, NOW + HOUR, wake_at=NOW + SECOND)
    conversations.save(db, over.id, "closed", {}, NOW, NOW + SECOND)
    assert conversations.due(db, 1, NOW) == []
    assert {each.token for each in conversations.due(db, 1, NOW + SECOND)} == {waking.token}
    assert {each.token for each in conversations.due(db, 1, NOW + HOUR)} == {waking.token, lasting.token}
    assert conversations.due(db, 2, NOW + HOUR) == []


def test_the_answers_of_old_talks_are_forgotten_then_the_talks(db: Connection, lane: int) -> None:
    """Talks nobody touched lose their answers and later go; a live one stays, a result is repeated for 30 days."""
    names = ("expired", "ended", "live")
    talks = {name: begin(db, lane, sender=name) for name in names}
    for name, each in talks.items():
        conversations.save(db, each.id, name, {"n": 1}, NOW, NOW + HOUR)
    assert conversations.empty_old(db, NOW + SECOND) == 1
    assert conversations.by_token(db, 1, lane, "expired", talks["expired"].token).data == {}
    assert conversations.empty_old(db, NOW + (REPEATS - KEPT) + SECOND) == 1
    conversations.show_list(db, 1, lane, SHE, [("1. Một", "a")], NOW)
    assert conversations.delete_old(db, NOW + SECOND) == 3
    assert conversations.live(db, lane, "live").data == {"n": 1}
    assert conversations.lists(db, 1, lane, SHE) == []


def test_her_talks_can_be_shown_to_her_and_forgotten(db: Connection, lane: int) -> None:
    """Export shows her answers, erase leaves nothing; others keep theirs."""
    mine, other = begin(db, lane), begin(db, lane, sender="ông Tư")
    conversations.save(db, mine.id, "live", {"state": 1}, NOW, NOW + HOUR)
    conversations.show_list(db, 1, lane, SHE, [("1. Một", "a")], NOW)
    assert conversations.export(db, 1, lane, SHE) == [{"route": "report", "at": NOW, "data": {"state": 1}}]
    conversations.erase(db, 1, lane, SHE)
    assert conversations.export(db, 1, lane, SHE) == []
    assert conversations.lists(db, 1, lane, SHE) == []
    assert conversations.live(db, lane, "ông Tư") == other


# --- lists ------------------------------------------------------------------------------------------------------------


def test_L08_the_latest_list_is_what_a_number_means(db: Connection, lane: int) -> None:
    """A list in a new answer replaces the one before it."""
    conversations.show_list(db, 1, lane, SHE, [("1. Cũ", "old")], NOW)
    conversations.show_list(db, 1, lane, SHE, [("1. Mới", "new"), ("2. Hai", "two")], NOW + SECOND)
    (found,) = conversations.lists(db, 1, lane, SHE)
    assert (found.sent_at, found.items) == (NOW + SECOND, [("1. Mới", "new"), ("2. Hai", "two")])


def test_L08_a_list_that_came_unasked_stands_beside_the_one_she_asked_for(db: Connection, lane: int) -> None:
    """A notice's list does not hide the list of an answer: both are known, newest first, so she can be asked."""
    conversations.show_list(db, 1, lane, SHE, [("1. Thực đơn", "menu")], NOW)
    for number in range(2):
        conversations.show_list(db, 1, lane, SHE, [("1. Đi họp", f"rsvp:{number}")], NOW + SECOND, unasked=True)
    assert [each.items[0][1] for each in conversations.lists(db, 1, lane, SHE)] == ["rsvp:1", "menu"]


def test_a_list_belongs_to_one_sender_in_one_chat(db: Connection, lane: int) -> None:
    """A number typed by somebody else, or in another chat, answers nothing of hers."""
    conversations.show_list(db, 1, lane, SHE, [("1. Một", "a")], NOW)
    assert conversations.lists(db, 1, lane, "ông Tư") == []
    assert conversations.lists(db, 1, inbox.open_lane(db, 1, "web", "", "c2"), SHE) == []
