"""What comes due, pauses, and new dates that were asked for; on both databases."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, text, update

from messages import codes
from messages.fold import fold
from storage import deadlines, dossier_events, dossiers, imports, officials, postponements
from storage.deadlines import PASSED, Stage
from storage.dossiers import Dossier, dossier
from tests import stores

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Row:
    """A row as the file reader hands it over."""

    line: int = 2
    status: int = 4
    due_at: datetime | None = NOW + 5 * DAY
    officer: str = "Lê Văn An"
    number: int = 12
    procedure_code: str = "1.001193"
    procedure_name: str = "Đăng ký khai sinh"
    received_at: datetime | None = NOW - 5 * DAY
    village: str = ""
    place: str = ""
    applicant: str = "Nguyễn Thị Bích"
    phone: str | None = None
    note: str = ""

    @property
    def code(self) -> str:
        return f"H55.242-261102-{self.number:04d}"

    @property
    def code_key(self) -> str:
        return codes.key(self.code)


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as db:
        yield db


def load(db: Connection, *rows: Row, as_of: datetime = NOW) -> None:
    imports.load(db, 1, "file.csv", list(rows), fold, as_of, as_of)


def of(db: Connection, number: int = 12) -> Dossier:
    found = dossiers.by_code(db, 1, Row(number=number).code_key)
    assert found is not None
    return found


def stages(now: datetime) -> list[Stage]:
    """Three days before, one day before, over."""
    return [Stage(1, now + 3 * DAY), Stage(2, now + DAY), Stage(PASSED, now)]


def due(db: Connection) -> list[tuple[int, int]]:
    found = dossier_events.waiting(db, 1, 100)
    return [(each.dossier_id, each.new) for each in found if each.kind == "due"]


def test_A04_each_stage_comes_once_and_in_order(db: Connection) -> None:
    """Nothing five days before; then the first stage, the second, and that the date is over; each once."""
    load(db, Row())
    found = of(db)
    assert deadlines.check(db, 1, stages(NOW), NOW) == 0
    for days, stage in ((2, 1), (4, 2), (6, PASSED)):
        then = NOW + days * DAY
        assert deadlines.check(db, 1, stages(then), then) == 1
        assert deadlines.check(db, 1, stages(then), then) == 0
        assert due(db)[-1] == (found.id, stage)
        assert of(db).warned == stage
    assert [new for _id, new in due(db)] == [1, 2, PASSED]


def test_A04_after_an_outage_only_the_last_stage_comes(db: Connection) -> None:
    """Who has slept through all warnings is over, and nothing else; a clock that jumps back changes nothing."""
    load(db, Row())
    later = NOW + 30 * DAY
    assert deadlines.check(db, 1, stages(later), later) == 1
    assert [new for _id, new in due(db)] == [PASSED]
    assert deadlines.check(db, 1, stages(NOW), NOW) == 0
    assert deadlines.check(db, 1, stages(later), later) == 0


@pytest.mark.parametrize(
    "row",
    [Row(status=5), Row(status=6), Row(status=9), Row(status=3), Row(due_at=None), Row(due_at=NOW - DAY)],
    ids=str,
)
def test_what_does_not_run_or_was_late_before_we_knew_comes_to_no_stage(db: Connection, row: Row) -> None:
    """Waiting for papers or a fee, finished, without a date, late before the first list: nobody's news."""
    load(db, row)
    later = NOW + 30 * DAY
    assert deadlines.check(db, 1, stages(later), later) == 0


def test_while_the_clock_stands_still_nothing_comes_due(db: Connection) -> None:
    """Running again in the list, but what was lost is not counted yet: its deadline is about to move."""
    load(db, Row())
    deadlines.pause(db, 1, of(db).id, of(db).due_at, NOW)
    later = NOW + 30 * DAY
    assert deadlines.check(db, 1, stages(later), later) == 0


def test_another_deadline_is_warned_of_anew_and_the_same_one_never_again(db: Connection) -> None:
    """A new date from the file is another one; the old one back again is known already."""
    load(db, Row())
    late = NOW + 6 * DAY
    assert deadlines.check(db, 1, stages(late), late) == 1
    load(db, Row(due_at=NOW + 7 * DAY), as_of=late)
    assert of(db).warned == 0
    assert deadlines.check(db, 1, stages(late), late) == 1
    load(db, Row(due_at=NOW + 5 * DAY + timedelta(hours=20)), as_of=late - DAY)
    deadlines.check(db, 1, stages(late), late)
    load(db, Row(), as_of=late - DAY)
    db.execute(update(dossier).values(warned=0))
    assert deadlines.check(db, 1, stages(late), late) == 1
    passed = [each.once for each in dossier_events.waiting(db, 1, 100) if each.new == PASSED and each.kind == "due"]
    assert len(passed) == len(set(passed)) == 2


def test_slices_take_everything_once(db: Connection) -> None:
    """Of 25 that are over, three slices of ten take all, and a stage is never taken twice."""
    load(db, *(Row(line=n, number=n) for n in range(1, 26)))
    later = NOW + 30 * DAY
    assert [deadlines.check(db, 1, stages(later), later, 10) for _ in range(4)] == [10, 10, 5, 0]
    assert len({number for number, _stage in due(db)}) == 25


def plans(db: Connection, seen: list[tuple[str, Any]]) -> list[str]:
    """How the database would go about these statements; PostgreSQL as if the table were large."""
    if db.dialect.name != "sqlite":
        db.execute(text("ANALYZE dossier"))
        db.execute(text("SET LOCAL enable_seqscan = off"))
    explain = "EXPLAIN QUERY PLAN " if db.dialect.name == "sqlite" else "EXPLAIN "
    return [" ".join(str(row) for row in db.exec_driver_sql(explain + said, values)) for said, values in seen]


def test_the_check_only_reads_ranges_of_its_index(db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look-up of a check goes by ranges of deadlines, so its cost follows what is due and not what there is."""
    load(db, *(Row(line=n, number=n, due_at=NOW + 300 * DAY) for n in range(1, 200)))
    seen: list[tuple[str, Any]] = []
    event.listen(db, "before_cursor_execute", lambda _db, _cursor, said, values, *_rest: seen.append((said, values)))
    for number in (1, 2, deadlines.MOST_STAGES):
        db.execute(deadlines._to_come(db, number), {"commune": 1, "until": NOW, "most": 500})
    assert len(seen) == 3
    for plan in plans(db, list(seen)):
        assert "ix_dossier_due" in plan or "ix_dossier_deadline" in plan, plan  # PostgreSQL may take either
        assert "TEMP B-TREE" not in plan, plan


def test_what_was_found_is_noted_by_its_ids_alone(db: Connection) -> None:
    """Noting what has come reads no other dossier of the commune: among a million that took most of a second."""
    load(db, *(Row(line=n, number=n) for n in range(1, 200)))
    seen: list[tuple[str, Any]] = []
    event.listen(db, "before_cursor_execute", lambda _db, _cursor, said, values, *_rest: seen.append((said, values)))
    values = {"ids": [1, 2, 3], "stage": 1, "now": NOW}
    db.execute(deadlines._happened(db), values)
    db.execute(update(dossier).where(deadlines._these(db)).values(warned=1), values)
    noted = plans(db, list(seen))
    assert len(noted) == 2
    for plan in noted:
        assert "USING INTEGER PRIMARY KEY" in plan or "pk_dossier" in plan, plan


# --- what officials are told ------------------------------------------------------------------------------------------


def test_A04_what_is_told_is_told_once_and_by_officer(db: Connection) -> None:
    """Warnings are counted by the name in the list, listed most pressing first, and gone when told."""
    load(db, Row(), Row(line=3, number=13, due_at=NOW + 2 * DAY), Row(line=4, number=14, officer="Trần B"))
    for number in (12, 13, 14, 12):
        deadlines.mark(db, 1, of(db, number).id, 1, of(db, number).deadline or NOW, NOW)
    assert deadlines.untold_officers(db, 1) == [("Lê Văn An", 2), ("Trần B", 1)]
    assert [each.code[-2:] for each in deadlines.untold(db, 1, 8, ["Lê Văn An"])] == ["13", "12"]
    deadlines.told(db, 1, NOW, ["Lê Văn An"])
    assert deadlines.untold_officers(db, 1) == [("Trần B", 1)]
    deadlines.mark(db, 1, of(db).id, 1, of(db).deadline or NOW, NOW)
    assert deadlines.untold_officers(db, 1) == [("Trần B", 1)]


def test_what_was_settled_before_anybody_was_told_is_dropped(db: Connection) -> None:
    """Finished, paused or with another date since: nobody is told of it."""
    load(db, *(Row(line=n, number=n) for n in (12, 13, 14, 15)))
    for number in (12, 13, 14, 15):
        deadlines.mark(db, 1, of(db, number).id, 1, of(db, number).deadline or NOW, NOW)
    load(db, Row(status=9), Row(line=3, number=13, due_at=NOW + 9 * DAY))
    deadlines.pause(db, 1, of(db, 14).id, None, NOW)
    deadlines.drop_over(db, 1, NOW)
    assert [each.code[-2:] for each in deadlines.untold(db, 1, 8)] == ["15"]


def test_the_head_sees_what_the_officer_has_answered(db: Connection) -> None:
    """ "It will be done", said at the first stage, stands beside the dossier at the second."""
    load(db, Row())
    found = of(db)
    deadlines.mark(db, 1, found.id, 1, found.deadline or NOW, NOW)
    deadlines.told(db, 1, NOW, ["Lê Văn An"])
    deadlines.will_be_done(db, 1, found.id)
    deadlines.mark(db, 1, found.id, 2, found.deadline or NOW, NOW)
    assert [(each.stage, each.answer) for each in deadlines.untold(db, 1, 8, stages=(2,))] == [(2, "on-time")]
    assert deadlines.count_untold(db, 1, (2, PASSED)) == {2: 1}


# --- pauses -----------------------------------------------------------------------------------------------------------


def test_a_pause_begins_once_and_remembers_the_files_date(db: Connection) -> None:
    """Papers, then a fee: still the same pause; ended, the next one is another."""
    load(db, Row())
    found = of(db)
    deadlines.pause(db, 1, found.id, found.due_at, NOW)
    deadlines.pause(db, 1, found.id, None, NOW + DAY)
    assert of(db).paused_at == NOW
    assert deadlines.due_at_pause(db, 1, found.id, NOW) == found.due_at
    deadlines.go_on(db, 1, found.id, NOW + DAY)
    assert of(db).paused_at is None
    deadlines.pause(db, 1, found.id, found.due_at, NOW + 2 * DAY)
    assert of(db).paused_at == NOW + 2 * DAY


def test_a_moved_deadline_is_warned_of_anew_unless_it_is_over_too(db: Connection) -> None:
    """Whoever was told that a date has passed is not told so again because of a pause that came too late."""
    load(db, Row())
    found, later = of(db), NOW + 10 * DAY
    deadlines.check(db, 1, stages(later), later)
    deadlines.move(db, 1, found.id, NOW + 7 * DAY, later)
    assert (of(db).warned, of(db).deadline) == (PASSED, NOW + 7 * DAY)
    deadlines.move(db, 1, found.id, NOW + 20 * DAY, later)
    assert of(db).warned == 0


# --- new dates --------------------------------------------------------------------------------------------------------


@pytest.fixture
def asker(db: Connection) -> int:
    officials.invite(db, 1, "Lê Văn An", "Công chức", "official", (), None, NOW)
    found = db.execute(text("SELECT id FROM official")).scalar_one()
    return int(found)


def test_A05_of_two_who_ask_at_once_one_does(db: Connection, asker: int) -> None:
    """One wish is open for a dossier; decided once; then another may follow, with the next number."""
    load(db, Row())
    found = of(db)
    first = postponements.ask(db, 1, found.id, asker, NOW, NOW + DAY, "mưa bão", False, NOW)
    assert first is not None
    assert postponements.ask(db, 1, found.id, asker, NOW, NOW + 2 * DAY, "khác", False, NOW) is None
    postponements.asked_of(db, 1, first, 7)
    assert postponements.by_approval(db, 1, 7) == postponements.open_one(db, 1, found.id)
    assert postponements.count(db, 1, found.id) == 0
    assert postponements.decide(db, 1, first, "agreed", NOW)
    assert not postponements.decide(db, 1, first, "refused", NOW)
    assert postponements.count(db, 1, found.id) == 1
    second = postponements.ask(db, 1, found.id, asker, NOW, NOW + 2 * DAY, "khác", True, NOW)
    assert second is not None
    assert [each.number for each in postponements.of_dossier(db, 1, found.id)] == [1, 2]


def test_the_reason_is_sealed(db: Connection, asker: int) -> None:
    """What an officer writes may name people: it stands nowhere in clear."""
    load(db, Row())
    postponements.ask(db, 1, of(db).id, asker, NOW, NOW + DAY, "ông Bảy chưa ký", False, NOW)
    assert "Bảy" not in repr(db.execute(postponements.postponement.select()).all())
    assert postponements.of_dossier(db, 1, of(db).id)[0].reason == "ông Bảy chưa ký"
