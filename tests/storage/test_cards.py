"""Cards: one message a card and chat, the newest state in it, replies bound by stored ids; on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from storage import cards, outbox
from storage.cards import card as table
from storage.outbox import Result, Row, Sending
from storage.outbox import outbox as rows
from tests import stores

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HERE = (1, "test", "account")
GROUP = (*HERE, "-100")


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """A connection in an open transaction to an empty database of both kinds."""
    with stores.rolled_back(request.param, tmp_path) as connection:
        yield connection


def change(db: Connection, words: str, name: str = "request:1", now: datetime = NOW) -> int:
    """A card changes: its newest state is queued, as a turn does it."""
    card_id = cards.place(db, *GROUP, name)
    row = Row("test", "account", "-100", "card", {"text": words}, now, now, None, f"card:{card_id}", card_id=card_id)
    return outbox.put(db, 1, row)


def leaves(db: Connection, now: datetime = NOW) -> Sending | None:
    """The next request is marked, as the sender does it; None when nothing may leave."""
    found = outbox.next_to_send(db, *HERE, now, 1)
    outbox.mark_sending(db, [each.id for each in found], 1, now)
    cards.touch(db, [each.card_id for each in found if each.card_id], now)
    return found[0] if found else None


def ends(db: Connection, sent: Sending, state: str, message_id: str | None = None, **more: Any) -> None:
    """What the sender writes down about it."""
    shows = sent.card_id if state == "sent" and sent.edits is None else None
    outbox.record(db, [Result(sent.id, state, message_id, shows=shows, **more)], NOW)


def state(db: Connection, row_id: int) -> str:
    found = db.execute(select(rows.c.state, rows.c.dropped).where(rows.c.id == row_id)).one()
    return found.state if found.dropped is None else f"{found.state}: {found.dropped}"


def shown(db: Connection, words: str, message_id: str) -> None:
    """A card is shown in a message."""
    change(db, words)
    sent = leaves(db)
    assert sent is not None
    ends(db, sent, "sent", message_id)


def test_a_card_is_one_row_in_each_chat(db: Connection) -> None:
    """The same name in the same chat is the same card; another chat, account or commune has its own."""
    first = cards.place(db, *GROUP, "request:1")
    assert cards.place(db, *GROUP, "request:1") == first
    others = [
        cards.place(db, *GROUP, "request:2"),
        cards.place(db, *HERE, "-200", "request:1"),
        cards.place(db, 1, "test", "other", "-100", "request:1"),
        cards.place(db, 2, "test", "account", "-100", "request:1"),
    ]
    assert len({first, *others}) == 5
    assert sorted(cards.export(db, *GROUP)) == ["request:1", "request:2"]


def test_the_first_state_is_a_message_and_the_next_ones_edit_it(db: Connection) -> None:
    """A card is sent once; whatever changes later changes that message."""
    shown(db, "mới", "77")
    change(db, "đã nhận")
    sent = leaves(db, NOW + 5 * SECOND)
    assert (sent.kind, sent.edits, sent.body["text"]) == ("card", "77", "đã nhận")
    ends(db, sent, "sent", "77")
    change(db, "đã trả lời")
    assert leaves(db, NOW + 10 * SECOND).edits == "77"


def test_while_one_state_waits_the_newest_replaces_it(db: Connection) -> None:
    """Of several changes in a moment only the last is sent; cards do not replace each other."""
    old, other, new = change(db, "một"), change(db, "một", "request:2"), change(db, "hai")
    assert [state(db, each) for each in (old, other, new)] == ["dropped: superseded", "queued", "queued"]


def test_a_card_is_edited_at_most_once_in_five_seconds_and_holds_nobody_up(db: Connection) -> None:
    """A change soon after the last waits for its time, while other messages to that chat leave."""
    shown(db, "mới", "77")
    early = change(db, "đã nhận", now=NOW + SECOND)
    answer = outbox.put(db, 1, Row("test", "account", "-100", "reply", {"text": "…"}, NOW, NOW))
    sent = leaves(db, NOW + SECOND)
    assert sent.id == answer
    ends(db, sent, "sent", "78")
    assert leaves(db, NOW + 4 * SECOND) is None
    assert outbox.next_due(db, NOW + SECOND) == NOW + 5 * SECOND
    newest = change(db, "đã trả lời", now=NOW + 4 * SECOND)
    assert leaves(db, NOW + 4 * SECOND) is None
    assert leaves(db, NOW + 5 * SECOND).id == newest
    assert state(db, early) == "dropped: superseded"


def test_an_edit_waits_until_its_card_is_sent(db: Connection) -> None:
    """While the first message is in flight nobody knows its id, so the change waits; then it is an edit."""
    change(db, "mới")
    first = leaves(db)
    change(db, "đã nhận")
    assert leaves(db, NOW + 10 * SECOND) is None
    ends(db, first, "sent", "77")
    assert leaves(db, NOW + 10 * SECOND).edits == "77"


@pytest.mark.parametrize("end", ["failed", "uncertain"])
def test_after_a_send_that_failed_or_stays_uncertain_the_next_change_is_a_new_card(db: Connection, end: str) -> None:
    """Without an id there is nothing to edit: the next state is sent as a message of its own, and bound."""
    change(db, "mới")
    ends(db, leaves(db), end)
    change(db, "đã nhận")
    sent = leaves(db, NOW + SECOND)
    assert (sent.edits, sent.body["text"]) == (None, "đã nhận")
    ends(db, sent, "sent", "90")
    assert cards.name_of(db, *GROUP, "90") == "request:1"


def test_a_message_that_is_gone_is_sent_anew_at_once(db: Connection) -> None:
    """Somebody deleted the message: the card forgets it and is posted again, without waiting."""
    shown(db, "mới", "77")
    change(db, "đã nhận")
    edit = leaves(db, NOW + 5 * SECOND)
    outbox.record(db, [Result(edit.id, "queued", again=NOW + 5 * SECOND, lost=(edit.card_id, "77"))], NOW + 5 * SECOND)
    assert cards.name_of(db, *GROUP, "77") is None
    again = leaves(db, NOW + 5 * SECOND)
    assert (again.id, again.edits) == (edit.id, None)
    ends(db, again, "sent", "91")
    assert cards.name_of(db, *GROUP, "91") == "request:1"
    cards.gone(db, again.card_id, "77")
    assert cards.name_of(db, *GROUP, "91") == "request:1", "news about an older message says nothing about this one"


def test_an_older_state_never_comes_after_a_newer_one(db: Connection) -> None:
    """An edit that has to be tried again is given up when the card has changed meanwhile; a person cannot revive it."""
    shown(db, "mới", "77")
    change(db, "đã nhận")
    edit = leaves(db, NOW + 5 * SECOND)
    newer = change(db, "đã trả lời")
    outbox.record(db, [Result(edit.id, "queued", again=NOW, repeat=True)], NOW)
    assert [state(db, each) for each in (edit.id, newer)] == ["dropped: superseded", "queued"]
    ends(db, leaves(db, NOW + 10 * SECOND), "failed")
    change(db, "xong")
    assert not outbox.retry(db, 1, newer, NOW)
    assert outbox.settle(db, 1, newer, False, NOW)


def test_a_reply_finds_its_card_by_the_stored_message_only_in_its_chat(db: Connection) -> None:
    """The id of a message belongs to one chat; elsewhere the same number is another message."""
    shown(db, "mới", "77")
    assert cards.name_of(db, *GROUP, "77") == "request:1"
    elsewhere = [(*GROUP, "78"), (*HERE, "-200", "77"), (1, "test", "other", "-100", "77"), (2, *GROUP[1:], "77")]
    assert [cards.name_of(db, *each) for each in elsewhere] == [None] * 4


def test_after_the_group_has_moved_each_card_is_posted_again_at_its_next_change(db: Connection) -> None:
    """Messages of the old group cannot be edited: their ids are forgotten, those of other chats are not."""
    shown(db, "mới", "77")
    other = cards.place(db, *HERE, "-200", "request:1")
    db.execute(table.update().where(table.c.id == other).values(message_id="77"))
    cards.unbind(db, *GROUP)
    assert [cards.name_of(db, *HERE, chat, "77") for chat in ("-100", "-200")] == [None, "request:1"]
    change(db, "đã nhận")
    sent = leaves(db, NOW + SECOND)
    assert sent.edits is None
    ends(db, sent, "sent", "12")
    assert cards.name_of(db, *GROUP, "12") == "request:1"


def test_what_was_in_flight_counts_as_an_edit_only_when_the_card_had_a_message(db: Connection) -> None:
    """A new holder repeats an edit of a card, but leaves the first message of one to a person."""
    shown(db, "mới", "77")
    change(db, "đã nhận")
    edit = leaves(db, NOW + 5 * SECOND)
    assert [(each.id, each.kind) for each in outbox.left_sending(db, *HERE, 2)] == [(edit.id, "edit")]
    cards.unbind(db, *GROUP)
    assert [each.kind for each in outbox.left_sending(db, *HERE, 2)] == ["card"]


def test_a_result_that_is_void_binds_nothing(db: Connection) -> None:
    """When another holder has marked the card since, an older result says nothing about where it is shown."""
    change(db, "mới")
    sent = leaves(db)
    outbox.record(db, [Result(sent.id, "sent", "66", epoch=7, shows=sent.card_id)], NOW)
    assert cards.name_of(db, *GROUP, "66") is None


def test_a_forgotten_chat_has_no_cards(db: Connection) -> None:
    """What was queued for a card that has been erased is a message of its own."""
    shown(db, "mới", "77")
    change(db, "đã nhận")
    cards.erase(db, *GROUP)
    assert cards.export(db, *GROUP) == []
    sent = leaves(db, NOW + 5 * SECOND)
    assert sent.edits is None
    ends(db, sent, "sent", "78")
    assert cards.name_of(db, *GROUP, "78") is None
