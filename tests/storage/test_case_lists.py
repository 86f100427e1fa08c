"""What the clock, the queue and a flood ask about cases, on both databases; none of it reads a whole table."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from storage import case_clock, case_floods, case_lists, cases
from storage.cases import Case
from tests import stores
from tests.town import START

DUE, REMIND = START + timedelta(days=21), START + timedelta(days=10)
SOON = timedelta(minutes=1)


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as db:
        yield db


def filed(db: Connection, after: timedelta = timedelta(0), **more: Any) -> Case:
    given = {"kind": "report", "field": "flood", "due_at": DUE, "remind_at": REMIND, "village": "Thôn Gốc Gạo"} | more
    return cases.open(db, 1, None, None, START + after, **given)


def test_B10_what_waits_for_a_reminder_is_counted_and_marked_together(db: Connection) -> None:
    """Cases of one deadline are one row; marking gives each an entry; others, ended or later, are left alone."""
    found = [filed(db) for _each in range(3)]
    later, ended = filed(db, remind_at=DUE), filed(db)
    cases.move(db, 1, ended.id, ["open"], "done")
    (group,) = case_clock.due(db, 1, REMIND)
    assert (group.count, group.taken_by, group.reminded) == (3, None, 0)
    assert case_clock.first(db, 1, REMIND, [group], 2) == found[:2]
    case_clock.reminded(db, 1, REMIND, group, 1, DUE, told=True)
    assert case_clock.due(db, 1, REMIND) == []
    for each in found:
        (entry,) = cases.entries(db, 1, each.id)
        assert (entry.kind, dict(entry.data), entry.at) == ("reminded", {"stage": 1}, REMIND)
    assert cases.entries(db, 1, later.id) == []


def test_B04_late_are_open_ones_nobody_was_told_of(db: Connection) -> None:
    """Told once; one with a later deadline waits."""
    case = filed(db)
    filed(db, due_at=DUE + timedelta(days=1))
    assert [each.id for each in case_clock.late(db, 1, DUE, 10)] == [case.id]
    cases.change(db, 1, case.id, apologised_at=DUE)
    assert case_clock.late(db, 1, DUE, 10) == []


def test_A19_what_an_official_may_know_of(db: Connection) -> None:
    """By lane and right; outside /office only what is for everybody."""
    for lane in cases.LANES:
        filed(db, lane=lane)

    def seen(**rights: bool) -> list[str]:
        known = case_lists.visible(7, **({"leads": False, "receives": False, "restricted": True} | rights))
        return [each.lane for each in case_lists.page(db, 1, known)]

    assert seen() == ["office"]
    assert seen(leads=True) == ["office", "leader"]
    assert seen(receives=True) == ["office", "receiver"]
    assert seen(leads=True, receives=True, restricted=False) == ["office"]


def test_peers_0_9_a_flood_is_counted_by_place(db: Connection) -> None:
    """By thôn and field, most first, with how many nobody has; what is not for everybody is not counted."""
    first = filed(db)
    filed(db)
    filed(db, field="road")
    filed(db, field="road", lane="leader")
    found = [(each.village, each.field, each.count, each.free) for each in case_lists.since(db, 1, first.number)]
    assert found == [("Thôn Gốc Gạo", "flood", 2, 2), ("Thôn Gốc Gạo", "road", 1, 1)]
    assert case_lists.villages(db, 1) == [("Thôn Gốc Gạo", 4)]


def test_peers_0_9_one_flood_runs_at_a_time(db: Connection) -> None:
    """The second process that sees it begin finds it begun; after its end another may begin; old ones are forgotten."""
    assert case_floods.begin(db, 1, 5, START, START)
    assert not case_floods.begin(db, 1, 6, START, START)
    flood = case_floods.running(db, 1)
    assert flood is not None
    case_floods.goes_on(db, 1, flood, START + SOON)
    case_floods.end(db, 1, flood, START + SOON)
    assert case_floods.running(db, 1) is None
    assert case_floods.latest(db, 1) == case_floods.Flood(5, START, START + SOON, START)
    assert case_floods.begin(db, 1, 9, START, START)
    assert case_floods.delete_old(db, START + timedelta(days=1)) == 1


def test_peers_0_9_only_a_few_special_ones_are_counted(db: Connection) -> None:
    """Urgent and sensitive cases before another, up to a number, within a time."""
    for number in range(6):
        filed(db, number * SOON, sensitive=number % 2 == 0, urgent=number == 5)
    assert case_floods.special_before(db, 1, 7, START - SOON, 9) == 4
    assert case_floods.special_before(db, 1, 7, START - SOON, 2) == 2
    assert case_floods.special_before(db, 1, 7, START + 3 * SOON, 9) == 2


ASKED: list[Callable[[Connection], object]] = [
    lambda db: case_clock.due(db, 1, REMIND),
    lambda db: case_clock.late(db, 1, DUE, 100),
    lambda db: cases.titled(db, 1, "flood", START),
    lambda db: case_floods.running(db, 1),
    lambda db: case_floods.received(db, 1, 7),
    lambda db: case_floods.special_before(db, 1, 7, START, 5),
    lambda db: case_lists.since(db, 1, 5),
    lambda db: case_lists.villages(db, 1),
    lambda db: case_lists.page(db, 1, case_lists.is_open),
]


@pytest.mark.parametrize("asked", ASKED, ids=range(len(ASKED)))
def test_peers_0_9_nothing_reads_a_whole_table(tmp_path: Path, asked: Callable[[Connection], object]) -> None:
    """Every question is answered from an index, however many cases were closed over the years."""
    said: list[tuple[str, Any]] = []
    with stores.rolled_back("sqlite", tmp_path) as db:

        def note(_db: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
            said.append((statement, values))

        event.listen(db, "before_cursor_execute", note)
        raw = db.connection.driver_connection
        assert raw is not None
        raw.set_trace_callback(lambda statement: said.append((statement, ())))
        asked(db)
        raw.set_trace_callback(None)
        event.remove(db, "before_cursor_execute", note)
        plans = [row[3] for words, values in said for row in raw.execute(f"EXPLAIN QUERY PLAN {words}", values)]
    assert any(" USING " in plan for plan in plans), plans
    assert not [plan for plan in plans if plan.startswith("SCAN case_")], plans
