"""What a messenger tells of messages that have left, and chats in which an official writes himself."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from storage import outbox, receipts, takeovers, uploads
from storage.outbox import Row
from tests import stores

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
HERE = (1, "zalo", "36")


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as made:
        yield made


def put(db: Connection, state: str, provider_id: str | None = None, chat: str = "hoa", **body: Any) -> int:
    row_id = outbox.put(db, 1, Row("zalo", "36", chat, "notice", {"text": "Xin chào."} | body, NOW, NOW))
    table = outbox.outbox
    db.execute(table.update().where(table.c.id == row_id).values(state=state, provider_id=provider_id))
    return row_id


def row(db: Connection, row_id: int) -> Any:
    return db.execute(select(outbox.outbox).where(outbox.outbox.c.id == row_id)).one()


def test_the_first_word_of_delivery_counts_and_what_is_seen_was_delivered(db: Connection) -> None:
    """Later repeats change nothing; only messages of that very chat are meant."""
    one, other, elsewhere = put(db, "sent", "a"), put(db, "sent", "b"), put(db, "sent", "a", "lan")
    assert receipts.delivered(db, *HERE, "hoa", ["a", "x"], NOW) == {"a"}
    assert receipts.delivered(db, *HERE, "hoa", ["a"], LATER) == {"a"}
    assert receipts.seen(db, *HERE, "hoa", ["a", "b"], LATER) == {"a", "b"}
    assert (row(db, one).delivered_at, row(db, one).seen_at) == (NOW, LATER)
    assert (row(db, other).delivered_at, row(db, other).seen_at) == (LATER, LATER)
    assert row(db, elsewhere).delivered_at is None


@pytest.mark.parametrize(("state", "ends"), [("uncertain", "sent"), ("sending", "sending"), ("queued", "queued")])
def test_a_tracked_notice_has_arrived_whatever_its_answer_was(db: Connection, state: str, ends: str) -> None:
    """An uncertain one is sent; one whose answer is still to come is left to the sender."""
    put(db, state, template={"tracking": "hs-2"})
    wanted = put(db, state, template={"tracking": "hs-1"})
    put(db, state)
    assert receipts.tracked(db, *HERE, "hoa", "hs-1", "m1", NOW)
    assert not receipts.tracked(db, *HERE, "hoa", "hs-9", "m1", NOW)
    found = row(db, wanted)
    assert (found.state, found.delivered_at) == (ends, NOW)
    assert found.provider_id == ("m1" if ends == "sent" else None)


def test_our_own_words_are_known_even_while_they_are_in_flight(db: Connection) -> None:
    """By their id, or by what they say while nobody has told us the id; also when the answer was lost."""
    put(db, "sent", "a", text="Một")
    put(db, "sending", text="Hai")
    put(db, "uncertain", text="Bốn")
    put(db, "sent", "c", text="Ba", chat="lan")
    known = [
        receipts.is_ours(db, *HERE, "hoa", *each)
        for each in (("a", ""), ("z", "Hai"), ("z", "Bốn"), ("z", "Một"), ("c", "Ba"))
    ]
    assert known == [True, True, True, False, False]
    assert receipts.known(db, *HERE, "hoa") == {"a"}


def test_a_takeover_goes_on_with_each_word_and_ends_once(db: Connection) -> None:
    """New, prolonged, asked in, answered, over."""
    assert takeovers.begin(db, *HERE, "hoa", "hoa", NOW, NOW + timedelta(hours=1))
    found = takeovers.find(db, *HERE, "hoa")
    assert found is not None
    takeovers.asked(db, found.id, 7, NOW)
    assert not takeovers.begin(db, *HERE, "hoa", "hoa", LATER, LATER + timedelta(hours=1))
    again = takeovers.find(db, *HERE, "hoa")
    assert again is not None
    assert (again.began_at, again.wrote_at, again.request_id, again.asked_at) == (NOW, LATER, 7, None)
    assert takeovers.over(db, 1, NOW + timedelta(hours=1)) == []
    assert [each.id for each in takeovers.over(db, 1, LATER + timedelta(hours=1))] == [found.id]
    assert takeovers.export(db, *HERE, "hoa")
    assert not takeovers.end(db, found.id, NOW + timedelta(hours=1))  # he has written again meanwhile
    assert takeovers.end(db, found.id, LATER + timedelta(hours=1))
    assert not takeovers.asked(db, found.id, 7, LATER)
    assert takeovers.find(db, *HERE, "hoa") is None


def test_an_upload_is_good_until_its_time(db: Connection) -> None:
    """The newest id counts; what is over is asked for no more, and forgotten."""
    uploads.keep(db, *HERE, "photo:a", "id-1", NOW, LATER)
    uploads.keep(db, *HERE, "photo:a", "id-2", NOW, LATER)
    assert uploads.get(db, *HERE, "photo:a", NOW) == "id-2"
    assert uploads.get(db, *HERE, "document:a", NOW) is None
    assert uploads.get(db, *HERE, "photo:a", LATER) is None
    uploads.keep(db, *HERE, "photo:b", "id-3", LATER, LATER + timedelta(days=6))
    assert uploads.get(db, *HERE, "photo:a", NOW) is None
