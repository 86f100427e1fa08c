"""Groups that got another id: under the first one everything goes on."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from storage import chats, inbox
from tests import stores

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
HERE = (1, "telegram", "7100000001")
OLD, NEW, NEWEST = "-4012", "-1004012", "-1009999"


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """A connection in an open transaction to an empty database of both kinds."""
    with stores.rolled_back(request.param, tmp_path) as connection:
        yield connection


def test_a_group_keeps_its_first_id(db: Connection) -> None:
    """Whatever it is called later, here it is what it was; heard twice, it happened once."""
    assert chats.first(db, *HERE, NEW) == NEW
    assert chats.move(db, *HERE, OLD, NEW, NOW)
    assert not chats.move(db, *HERE, OLD, NEW, NOW)
    assert chats.move(db, *HERE, NEW, NEWEST, NOW)
    assert [chats.first(db, *HERE, each) for each in (OLD, NEW, NEWEST)] == [OLD, OLD, OLD]
    assert [(each.chat, each.first) for each in chats.moved(db, *HERE)] == [(NEW, OLD), (NEWEST, OLD)]


def test_a_move_concerns_one_bot_of_one_commune(db: Connection) -> None:
    """Another account, or another commune, knows nothing of it."""
    chats.move(db, *HERE, OLD, NEW, NOW)
    for other in ((2, *HERE[1:]), (1, "telegram", "7")):
        assert chats.first(db, *other, NEW) == NEW
        assert chats.moved(db, *other) == []


def test_the_groups_we_have_heard_of(db: Connection) -> None:
    """The latest first; people and other channels are none."""
    for channel, chat in (("telegram", OLD), ("telegram", "7001"), ("telegram", "-5"), ("web", "-6")):
        inbox.open_lane(db, 1, channel, HERE[2], chat)
    assert chats.groups(db, *HERE) == ["-5", OLD]
    assert chats.groups(db, *HERE, limit=1) == ["-5"]
