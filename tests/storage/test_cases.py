"""Cases in the database: numbers, races, words that find without being kept, forgetting, pruning; on both."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from storage import case_words, cases, citizens, officials
from storage.cases import Case, case_entry, case_file
from storage.db import create_engine_for
from tests import stores
from tests.town import START

DAY = timedelta(days=1)
WORDS = "Đường thôn Ba ngập sâu"


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as db:
        yield db


def new(db: Connection, *, citizen: int | None = None, days: float = 0, **more: Any) -> Case:
    """A report of some days ago."""
    values = {"kind": "report", "field": "flood", "due_at": START + 15 * DAY, "remind_at": START + 7 * DAY} | more
    found = cases.open(db, 1, None, citizen, START - timedelta(days=days), **values)
    cases.add(db, 1, found.id, "told", START, text=WORDS, files=["a" * 32])
    case_words.add(db, 1, found.id, ["duong", "ngap", "sau", *case_words.squares((21.0305, 105.8512))])
    return found


def test_B04_every_case_has_the_next_number(db: Connection) -> None:
    """From 1, in each commune its own."""
    assert [new(db).number for _each in range(3)] == [1, 2, 3]
    assert cases.by_number(db, 1, 2) is not None
    assert cases.by_number(db, 2, 2) is None


def test_B04_what_was_told_is_sealed_and_comes_back(db: Connection) -> None:
    """Words and files in order; not a word of them in any column."""
    found = new(db, reporter={"name": "Nguyễn Thị Bích", "phone": "0912345678"})
    cases.add(db, 1, found.id, "note", START, text="Đã gọi", official_id=None, data={"why": "mưa"})
    told, note = cases.entries(db, 1, found.id)
    assert (told.text, told.files, told.from_citizen) == (WORDS, ("a" * 32,), True)
    assert (note.text, note.data, note.from_citizen) == ("Đã gọi", {"why": "mưa"}, False)
    assert cases.reporter(db, 1, found.id)["name"] == "Nguyễn Thị Bích"
    rows = repr(db.execute(select(case_entry)).all()) + repr(db.execute(select(case_file)).all())
    assert not any(each in rows for each in ("ngập", "Bích", "0912", "Đã gọi", "mưa"))


def test_an_undone_entry_is_gone_and_a_move_happens_once(db: Connection) -> None:
    """What was taken back is not listed; the second who ends a case is told so."""
    found = new(db)
    reply = cases.add(db, 1, found.id, "reply", START, text="Nhầm", undo_until=START + DAY)
    assert cases.set_entry(db, 1, reply, "undone")
    assert not cases.set_entry(db, 1, reply, "queued")
    assert [each.kind for each in cases.entries(db, 1, found.id)] == ["told"]
    assert cases.move(db, 1, found.id, ["open"], "done", done_at=START)
    assert not cases.move(db, 1, found.id, ["open"], "refused")


def test_the_second_who_takes_a_case_learns_who_was_first(db: Connection) -> None:
    """And may take it on purpose."""
    an, binh = (officials.add(db, 1, name, "công chức", "official", (), None, START) for name in ("An", "Bình"))
    found = new(db)
    assert cases.take(db, 1, found.id, an) == an
    assert cases.take(db, 1, found.id, binh) == an
    assert cases.take(db, 1, found.id, binh, instead=True) == binh
    with pytest.raises(LookupError):
        cases.take(db, 1, 999, an)


def test_L31_words_and_places_find_a_case_and_are_not_kept(db: Connection) -> None:
    """More shared words first; a place eighty metres away shares a square, one of a kilometre does not."""
    old, recent = new(db, days=40), new(db)
    since = START - 30 * DAY
    assert case_words.found(db, 1, ["ngap", "sau", "den"], since) == [(recent.id, 2)]
    assert {each for each, _n in case_words.found(db, 1, ["ngap"], START - 50 * DAY)} == {old.id, recent.id}
    for there, near in (((21.0311, 105.8508), True), ((21.0405, 105.8512), False)):
        own = case_words.squares(there)[:1]
        assert bool(case_words.found(db, 1, own, since)) is near
    assert case_words.found(db, 1, [], since) == []
    assert case_words.found(db, 2, ["ngap"], since) == []
    kept = {row.word for row in db.execute(select(case_words.case_word))}
    assert all(len(each) == 16 and set(each) <= set("0123456789abcdef") for each in kept)


def test_L18_erasing_takes_her_words_and_leaves_that_there_was_a_case(db: Connection) -> None:
    """Others may wait for the same work; nothing leads back to her."""
    her = citizens.meet(db, 1, "web", "", "villager", START).id
    found = new(db, citizen=her, reporter={"name": "Bích"}, village="Thôn 3")
    assert cases.export(db, 1, her)[0]["entries"][0]["text"] == WORDS
    cases.erase(db, 1, her)
    left = cases.get(db, 1, found.id)
    assert left is not None
    assert (left.citizen_id, left.village, left.number) == (None, "Thôn 3", 1)
    assert cases.reporter(db, 1, found.id) == {}
    assert [each.text for each in cases.entries(db, 1, found.id)] == [""]
    assert cases.export(db, 1, her) == []


def test_old_cases_go_with_their_words_unless_another_follows_them(db: Connection) -> None:
    """Only what ended long ago."""
    gone, followed, fresh = (new(db) for _each in range(3))
    for each in (gone, followed):
        cases.move(db, 1, each.id, ["open"], "settled", closed_at=START - 10 * DAY)
    cases.move(db, 1, fresh.id, ["open"], "joined", main_id=followed.id)
    assert cases.delete_old(db, 1, START) == 1
    assert [each.id for each in cases.listed(db, 1)] == [followed.id, fresh.id]
    assert case_words.found(db, 1, ["ngap"], START - DAY) != []


def test_numbers_are_never_shared_by_two_processes(tmp_path: Path) -> None:
    """Twenty at once on PostgreSQL: each its own number, none left out."""
    numbers: list[int] = []
    with stores.fresh("postgres", tmp_path) as url:
        engine = create_engine_for(url, stores.KEYS)

        def files() -> None:
            with engine.begin() as db:
                numbers.append(new(db).number)

        threads = [threading.Thread(target=files) for _each in range(20)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        engine.dispose()
    assert sorted(numbers) == list(range(1, 21))
