"""How results are collected: one choice a dossier, the post's number, and what is hers, on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from messages.fold import fold
from storage import citizens, collections, dossiers, erasures, imports, links, officials, tails
from storage.collections import collection
from storage.dossiers import dossier
from tests import stores
from tests.storage.test_dossiers import Row
from tests.town import START

CODE, KEY = "H55.242-261102-0012", "H552422611020012"
DETAILS = {"name": "Lò Thị Bưởi", "address": "Số 5, thôn Suối Trên", "phone": "+84912345999"}


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as db:
        imports.load(
            db, 1, "list.csv", [Row(2, CODE, status=9), Row(3, CODE[:-2] + "13", status=9)], fold, START, START
        )
        yield db


@pytest.fixture
def she(db: Connection) -> int:
    return citizens.meet(db, 1, "telegram", "bot", "lan", START).id


@pytest.fixture
def official(db: Connection) -> int:
    return officials.add(db, 1, "Bùi Thị Lụa", "Công chức", "official", (), None, START)


def found(db: Connection) -> int:
    return dossiers.by_code(db, 1, KEY).id


def test_the_latest_choice_holds(db: Connection, she: int) -> None:
    """One row a dossier; what belonged to the choice before is gone with it."""
    assert collections.choose(db, 1, found(db), she, "post", START, DETAILS)
    one = collections.of_dossier(db, 1, found(db))
    assert (one.way, one.address, one.tracking, one.code) == ("post", DETAILS["address"], "", CODE)
    assert collections.choose(db, 1, found(db), she, "come", START + timedelta(hours=1))
    one = collections.of_dossier(db, 1, found(db))
    assert (one.way, one.address, one.name, one.phone) == ("come", "", "", "")
    assert db.execute(collection.select()).all()[0].dossier_id == found(db)
    assert collections.of_dossier(db, 2, found(db)) is None


def test_what_the_post_has_is_not_chosen_anew(db: Connection, she: int, official: int) -> None:
    """Sent once, under one number; then only its arrival is noted, once."""
    collections.choose(db, 1, found(db), she, "post", START, DETAILS)
    row = collections.of_dossier(db, 1, found(db))
    assert collections.to_send(db, 1) == 1
    assert not collections.got(db, 1, row.id, START)
    assert collections.sent(db, 1, row.id, "EB1", official, START).tracking == "EB1"
    assert collections.sent(db, 1, row.id, "EB2", official, START) is None
    assert not collections.choose(db, 1, found(db), she, "come", START)
    assert collections.to_send(db, 1) == 0
    assert [each.tracking for each in collections.by_post(db, 1)] == ["EB1"]
    assert collections.got(db, 1, row.id, START)
    assert not collections.got(db, 1, row.id, START)
    assert collections.by_post(db, 1) == []


def test_only_what_goes_by_post_is_sent(db: Connection, she: int, official: int) -> None:
    """A choice that became another meanwhile is not for the post any more."""
    collections.choose(db, 1, found(db), she, "post", START, DETAILS)
    row = collections.of_dossier(db, 1, found(db))
    collections.choose(db, 1, found(db), she, "other", START, {"name": "Sơn"})
    assert collections.sent(db, 1, row.id, "EB1", official, START) is None
    assert collections.of_dossier(db, 1, found(db)).name == "Sơn"


def test_what_was_handed_over_in_another_way_leaves_the_list(db: Connection, she: int) -> None:
    """She came after all: an official notes that she has it, though the post never had."""
    collections.choose(db, 1, found(db), she, "post", START, DETAILS)
    row = collections.of_dossier(db, 1, found(db))
    db.execute(update(dossier).values(status=10))
    assert collections.got(db, 1, row.id, START)
    assert collections.by_post(db, 1) == []


def test_A06_a_dossier_is_hers_when_it_stands_on_her_chat(db: Connection, she: int) -> None:
    """Linked, or asked to be told of; a stranger's is not, nor another commune's."""
    assert not collections.is_hers(db, 1, she, found(db), CODE)
    links.put(db, 1, she, found(db), START)
    assert collections.is_hers(db, 1, she, found(db), CODE)
    assert not collections.is_hers(db, 2, she, found(db), CODE)
    other = citizens.meet(db, 1, "telegram", "bot", "tu", START).id
    assert not collections.is_hers(db, 1, other, found(db), CODE)
    dossiers.watch(db, 1, found(db), ("telegram", "bot", "tu", "tu"), START)
    assert collections.is_hers(db, 1, other, found(db), CODE)


def test_what_waits_for_her(db: Connection, she: int, official: int) -> None:
    """Her results that are there and have not left, the newest first."""
    for each in db.execute(dossier.select()).all():
        links.put(db, 1, she, each.id, START)
    assert [each.code for each in collections.waiting_for(db, 1, she)] == [CODE[:-2] + "13", CODE]
    collections.choose(db, 1, found(db), she, "post", START, DETAILS)
    collections.sent(db, 1, collections.of_dossier(db, 1, found(db)).id, "EB1", official, START)
    assert [each.code for each in collections.waiting_for(db, 1, she)] == [CODE[:-2] + "13"]
    db.execute(update(dossier).values(status=4))
    assert collections.waiting_for(db, 1, she) == []


def test_proven_is_what_was_right_here_lately(db: Connection) -> None:
    """A wrong try proves nothing, nor one of another chat or of long ago."""
    tails.try_tail(db, 1, "telegram/bot/lan", KEY, "0000", START)
    assert not collections.proven(db, 1, "telegram/bot/lan", KEY, START)
    assert isinstance(tails.try_tail(db, 1, "telegram/bot/lan", KEY, "5678", START), tails.Right)
    assert collections.proven(db, 1, "telegram/bot/lan", KEY, START)
    assert not collections.proven(db, 1, "telegram/bot/tu", KEY, START)
    assert not collections.proven(db, 1, "telegram/bot/lan", KEY, START + timedelta(minutes=1))


def test_it_is_forgotten_with_her(db: Connection, she: int) -> None:
    """Shown to her whole, then gone."""
    collections.choose(db, 1, found(db), she, "post", START, DETAILS)
    assert collections.export(db, 1, she)[0] | DETAILS == collections.export(db, 1, she)[0]
    erasures.forget(db, 1, she, START)
    assert collections.of_dossier(db, 1, found(db)) is None
