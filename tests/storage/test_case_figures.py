"""The week's figures, each equal to what is counted by hand from the same rows (B08), on both databases."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from bot.turn import Address
from storage import case_figures, case_follow, cases, citizens
from storage.case_figures import NAMES, Week
from storage.cases import Case
from storage.db import is_postgres
from tests import stores

SINCE = datetime(2026, 11, 15, 17, tzinfo=UTC)  # Monday in Việt Nam
WEEK = Week(SINCE, SINCE + timedelta(days=7), SINCE + timedelta(days=8))
VILLAGES = (None, "Thôn Suối Trên", "Thôn Bản Lành", "Thôn Nà Pác")
FIELDS = ("road", "flood", "light")


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as db:
        yield db


def filed(db: Connection, at: datetime, citizen_id: int | None = None, commune: int = 1, **more: Any) -> Case:
    told = {"kind": "report", "field": "road", "due_at": at + timedelta(days=5), "remind_at": None} | more
    return cases.open(db, commune, None, citizen_id, at, **told)


def village_of_cases(db: Connection, many: int) -> list[Case]:
    """Cases of six weeks in all states, by people some of whom report often."""
    dice = random.Random(6)
    people = [citizens.meet(db, 1, "web", "", f"p{n}", SINCE).id for n in range(12)]
    made = list[Case]()
    for _number in range(many):
        at = SINCE + timedelta(hours=dice.randrange(-24 * 30, 24 * 8))
        one = filed(
            db, at, dice.choice([*people, None]), kind=dice.choice(cases.KINDS), field=dice.choice(FIELDS),
            village=dice.choice(VILLAGES), due_at=at + timedelta(days=dice.choice((1, 3, 20))),
        )  # fmt: skip
        _goes_on(db, dice, one, made)
        made.append(one)
    filed(db, SINCE, commune=2)  # another commune's counts nowhere
    return [found for each in made if (found := cases.get(db, 1, each.id)) is not None]


def _goes_on(db: Connection, dice: random.Random, one: Case, before: list[Case]) -> None:
    told = one.received_at + timedelta(hours=dice.randrange(1, 24 * 6))
    state = dice.choice(cases.STATES)
    if state == "joined" and before:
        cases.change(db, 1, one.id, state=state, main_id=dice.choice(before).id)
    elif state in ("done", "refused", "withdrawn"):
        cases.change(db, 1, one.id, state=state, done_at=told)
    elif state == "settled":
        main = dice.choice(before).id if before and dice.random() < 0.3 else None
        said = dice.choice(("yes", "partly", "silent"))
        cases.change(db, 1, one.id, state=state, done_at=told, satisfied=said, main_id=main)
    elif dice.random() < 0.4:
        for _time in range(dice.randrange(1, 3)):
            cases.add(db, 1, one.id, "reopened", told)


def by_hand(db: Connection, made: list[Case]) -> dict[str, set[int]]:
    """The cases of each figure, read one by one."""
    found: dict[str, set[int]] = {name: set() for name in NAMES}
    for each in made:
        for name in _names(each):
            found[name].add(each.id)
        again = cases.entries(db, 1, each.id, kinds=("reopened",))
        if any(WEEK.since <= entry.at < WEEK.until for entry in again):
            found["reopened"].add(each.id)
    return found


def _names(each: Case) -> Iterator[str]:
    if WEEK.since <= each.received_at < WEEK.until:
        yield "received"
    if each.state == "open":
        yield "open"
        if each.due_at < WEEK.now:
            yield "late"
    if each.done_at is None or not WEEK.since <= each.done_at < WEEK.until or each.state == "withdrawn":
        return
    if each.state == "settled":
        assert each.satisfied is not None
        yield each.satisfied
    if each.main_id is not None:
        return
    yield "answered"
    yield "on-time" if each.done_at <= each.due_at else "answered-late"
    if each.state != "settled":
        yield "unsaid" if each.state == "done" else "refused"


def test_B08_every_figure_is_what_a_hand_counts_and_unfolds_into_just_those(db: Connection) -> None:
    made = village_of_cases(db, 300)
    figures, hand = case_figures.of_week(db, 1, WEEK), by_hand(db, made)
    assert all(hand.values()), "each figure has something to count"
    assert dict(figures.counts) == {name: len(ids) for name, ids in hand.items()}
    for name, ids in hand.items():
        where = case_figures.named(1, name, WEEK)
        assert {each.id for each in case_figures.found(db, where, 1000)} == ids, name
        assert case_figures.count(db, where) == len(ids)


def test_B08_works_and_people_count_once(db: Connection) -> None:
    made = [each for each in village_of_cases(db, 300) if WEEK.since <= each.received_at < WEEK.until]
    figures = case_figures.of_week(db, 1, WEEK)
    assert figures.works == len({each.main_id or each.id for each in made}) < len(made)
    assert figures.people == len({each.citizen_id for each in made if each.citizen_id}) < len(made)
    assert figures.strangers == sum(each.citizen_id is None for each in made) > 0


@pytest.mark.parametrize("part", ["village", "field", "kind"])
def test_B08_parts_add_up_and_unfold(db: Connection, part: str) -> None:
    made = [each for each in village_of_cases(db, 200) if WEEK.since <= each.received_at < WEEK.until]
    rows = getattr(case_figures.of_week(db, 1, WEEK), f"{part}s")
    assert rows == Counter(getattr(each, part) for each in made)
    for value, many in rows.items():
        found = case_figures.found(db, case_figures.received(1, WEEK, **{part: value}), 1000)
        assert {each.id for each in found} == {each.id for each in made if getattr(each, part) == value}
        assert len(found) == many


def test_B08_hot_spots_are_repeated_reports_of_thirty_days(db: Connection) -> None:
    """Praise makes no hot spot, nor what lies further back; three make one."""
    at = WEEK.until - timedelta(days=29)
    for _number in range(3):
        filed(db, at, village="Thôn Nà Pác", field="flood")
        filed(db, at, village="Thôn Nà Pác", field="road", kind="praise")
        filed(db, WEEK.until - timedelta(days=31), village="Thôn Nà Pác", field="light")
        filed(db, at, village=None)
    spots = case_figures.of_week(db, 1, WEEK).spots
    assert [(each.village, each.field, each.count) for each in spots] == [("Thôn Nà Pác", "flood", 3)]
    assert len(case_figures.found(db, case_figures.repeated(1, WEEK, "Thôn Nà Pác", "flood"), 10)) == 3


def test_a_list_goes_on_where_it_ended(db: Connection) -> None:
    made = [filed(db, SINCE + timedelta(minutes=n)) for n in range(5)]
    where = case_figures.named(1, "received", WEEK)
    first, rest = case_figures.found(db, where, 3), case_figures.found(db, where, 3, 3)
    assert [each.id for each in (*first, *rest)] == [each.id for each in made]


def test_what_is_asked_on_every_message_uses_its_index(db: Connection) -> None:
    """On PostgreSQL a table this small is read whole, so only SQLite's plan says anything."""
    if is_postgres(db):
        made = filed(db, SINCE)
        assert case_follow.asked(db, 1, "web", "", "x", made.received_at) is None
        return
    plan = "EXPLAIN QUERY PLAN SELECT id FROM case_file WHERE commune_id = 1 AND channel = 'web' AND account = '' "
    rows = db.execute(text(f"{plan} AND chat = 'x' AND case_file.asked_at IS NOT NULL AND asked_at >= '2026'")).all()
    assert any("ix_case_file_asked" in str(row) for row in rows), rows


def test_the_latest_question_is_the_one_that_is_answered(db: Connection) -> None:
    """Newest first, not older than `since`, of that chat alone."""
    for chat, hours in (("a", 1), ("a", 3), ("a", 60), ("b", 0)):
        told = {"kind": "report", "field": "road", "due_at": SINCE, "remind_at": None}
        one = cases.open(db, 1, Address("web", "", chat, chat), None, SINCE, **told)
        cases.change(db, 1, one.id, asked_at=SINCE - timedelta(hours=hours))
    found = case_follow.asked(db, 1, "web", "", "a", SINCE - timedelta(hours=48))
    assert found is not None
    assert found.asked_at == SINCE - timedelta(hours=1)
    assert case_follow.asked(db, 1, "web", "", "a", SINCE - timedelta(minutes=30)) is None
    assert case_follow.asked(db, 1, "web", "", "c", SINCE - timedelta(hours=48)) is None


def test_what_nobody_answered_ends_and_the_rest_stays(db: Connection) -> None:
    old, new = SINCE - timedelta(days=9), SINCE
    silent, fresh, refused = (filed(db, old) for _each in range(3))
    for one, state, at in ((silent, "done", old), (fresh, "done", new), (refused, "refused", old)):
        cases.change(db, 1, one.id, state=state, done_at=at)
    ended = case_follow.settle(db, 1, SINCE - timedelta(days=1), SINCE, 10)
    assert [each.id for each in ended] == [silent.id, refused.id]
    states = {each.id: cases.get(db, 1, each.id) for each in (silent, fresh, refused)}
    assert [found.state for found in states.values() if found] == ["settled", "done", "refused"]
    assert case_follow.settle(db, 1, SINCE - timedelta(days=1), SINCE, 10) == []
