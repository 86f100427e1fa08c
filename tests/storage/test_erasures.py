"""Wishes to be forgotten: their states, and that every storage file that can erase is asked to."""

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

import storage
from messages.fold import fold
from storage import citizens, dossiers, erasures, files, guidance, imports, links, officials
from storage.erasures import erasure
from tests import stores
from tests.storage.test_dossiers import Row
from tests.town import START

DAY = timedelta(days=1)
CODE = "H55.242-261102-0012"


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as db:
        yield db


@pytest.fixture
def she(db: Connection) -> int:
    return citizens.meet(db, 1, "telegram", "bot", "lan", START).id


@pytest.fixture
def official(db: Connection) -> int:
    return officials.add(db, 1, "Bùi Thị Lụa", "Công chức", "official", (), None, START)


def test_every_file_that_can_erase_is_asked_to() -> None:
    """A new storage file with `erase` that nobody calls would keep something of her for ever."""
    text = Path(erasures.__file__).read_text(encoding="utf-8")
    able = [
        each.name
        for each in pkgutil.iter_modules(storage.__path__)
        if hasattr(importlib.import_module(f"storage.{each.name}"), "erase") and each.name != "erasures"
    ]
    assert len(able) > 10
    assert [name for name in able if f"    {name},\n" not in text] == []


def test_a_wish_waits_its_day(db: Connection, she: int) -> None:
    """It is due when its time has come, once; kept before, it never is; done, it knows nobody."""
    wish = erasures.ask(db, 1, she, "erase", "", START, due_at=START + DAY)
    assert erasures.pending(db, 1, she) == [wish]
    assert erasures.due(db, 1, START + DAY - timedelta(seconds=1)) == []
    assert erasures.due(db, 1, START + DAY) == [wish]
    assert erasures.keep(db, 1, wish.id, START)
    assert not erasures.keep(db, 1, wish.id, START)
    assert erasures.due(db, 1, START + DAY) == erasures.pending(db, 1, she) == []
    again = erasures.ask(db, 1, she, "erase", "", START, due_at=START + DAY)
    erasures.finish(db, 1, again.id, "rest", START)
    assert [each.id for each in erasures.left_over(db, 1)] == [again.id]
    assert erasures.export(db, 1, she)[-1]["state"] == "rest"
    erasures.finish(db, 1, again.id, "done", START)
    assert erasures.get(db, 1, again.id).citizen_id is None


def test_an_official_decides_once(db: Connection, she: int, official: int) -> None:
    """Who is second changes nothing; the first term passing is called to mind once."""
    wish = erasures.ask(db, 1, she, "erase", "", START, request_id=7, reply_by=START + DAY)
    assert erasures.unanswered(db, 1, START) == []
    assert [each.id for each in erasures.unanswered(db, 1, START + DAY)] == [wish.id]
    erasures.reminded(db, 1, wish.id, START + DAY)
    assert erasures.unanswered(db, 1, START + DAY) == []
    assert erasures.confirm(db, 1, wish.id, official, START + DAY)
    assert not erasures.refuse(db, 1, wish.id, official, START)
    assert not erasures.confirm(db, 1, wish.id, official, START)
    assert erasures.get(db, 1, wish.id).state == "waiting"
    other = erasures.ask(db, 1, she, "unlink", "H55", START, request_id=7, reply_by=START + DAY)
    assert erasures.refuse(db, 1, other.id, official, START)
    assert not erasures.get(db, 1, other.id).is_open


def test_forgetting_ends_her_other_wishes_and_leaves_others_alone(db: Connection, she: int) -> None:
    """Everything of hers in all files; the same of somebody else stays."""
    other = citizens.meet(db, 1, "telegram", "bot", "tu", START).id
    for citizen, chat in ((she, "lan"), (other, "tu")):
        files.expect(db, 1, chat * 8, ("telegram", "bot", chat, chat), "photo", "", 0, "", "id", START)
        guidance.record(db, 1, citizen, "lookup", CODE, "1", START)
        erasures.ask(db, 1, citizen, "unlink", "H55", START, due_at=START + DAY)
    gone = erasures.forget(db, 1, she, START)
    assert (gone.requests, gone.kept) == ([], [])
    assert citizens.find(db, 1, "telegram", "bot", "lan") is None
    assert erasures.pending(db, 1, she) == guidance.export(db, 1, she) == []
    assert files.erased(db) == ["lan" * 8]
    assert len(erasures.pending(db, 1, other)) == len(guidance.export(db, 1, other)) == 1
    assert [row.state for row in db.execute(select(erasure.c.state).order_by(erasure.c.id))] == ["done", "waiting"]


# --- whose dossiers stand on a chat -----------------------------------------------------------------------------------


@pytest.fixture
def dossier(db: Connection) -> dossiers.Dossier:
    rows = [Row(2, CODE), Row(3, "H55.242-261102-0013", phone=None), Row(4, "H55.242-261102-0014")]
    imports.load(db, 1, "list.csv", rows, fold, START, START)
    return dossiers.by_code(db, 1, "H552422611020012")


def test_a_dossier_is_linked_and_named(db: Connection, she: int, dossier: dossiers.Dossier) -> None:
    """Linked twice it keeps its name; a name can be taken back; off the chat it is nobody's."""
    links.put(db, 1, she, dossier.id, START)
    assert links.name(db, 1, she, dossier.id, "bà Lan")
    links.put(db, 1, she, dossier.id, START + DAY)
    (link,) = links.of(db, 1, she)
    assert (link.code, link.name, link.since) == (CODE, "bà Lan", START)
    assert links.export(db, 1, she) == [{"code": CODE, "name": "bà Lan", "since": START}]
    links.name(db, 1, she, dossier.id, "")
    assert links.one(db, 1, she, dossier.code_key).name == ""
    assert links.one(db, 1, she, "H99") is None
    assert links.drop(db, 1, she, dossier.id)
    assert not links.drop(db, 1, she, dossier.id)
    assert not links.name(db, 1, she, dossier.id, "ông Tư")


def test_only_what_was_known_before_today_proves_anything(db: Connection, she: int, dossier: dossiers.Dossier) -> None:
    """Linked or looked up since a day, with a phone on file, the newest first."""

    def proving(at: datetime) -> list[str]:
        return [code for _key, code in links.proving(db, 1, she, at - DAY, 5)]

    links.put(db, 1, she, dossier.id, START)
    for code, at in (
        ("H55.242-261102-0013", START), ("H55.242-261102-0014", START + DAY), ("H99.1-261102-0001", START),
    ):  # fmt: skip
        guidance.record(db, 1, she, "lookup", code, "1", at)
    assert proving(START + DAY) == []
    assert proving(START + DAY + timedelta(seconds=1)) == [CODE]
    assert proving(START + 3 * DAY) == ["H55.242-261102-0014", CODE]
    links.erase(db, 1, she)
    assert proving(START + 3 * DAY) == ["H55.242-261102-0014"]
