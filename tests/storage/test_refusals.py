"""Refusals that wait, proofs on their way, joins under lock: on both databases, and by two at once on PostgreSQL."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select

from storage import case_joins, case_words, cases, citizens, files, officials, proofs, refusals
from storage.cases import Case
from storage.db import create_engine_for
from tests import stores
from tests.town import START


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as db:
        yield db


def someone(db: Connection, name: str = "Nông Thị Thắm") -> int:
    return officials.add(db, 1, name, "Phó Chủ tịch", "official", (), None, START)


def opened(db: Connection, citizen: int | None = None) -> Case:
    return cases.open(
        db, 1, None, citizen, START, kind="report", field="road", due_at=START + timedelta(days=9), remind_at=None
    )


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_B10_one_proposal_waits_for_a_case(db: Connection) -> None:
    """A second is refused while one waits; once it is sent back another may come."""
    case, by = opened(db), someone(db)
    first = refusals.ask(db, 1, case.id, "Điện lực", "Không phải của xã", {"told": ""}, by, START)
    assert first is not None
    assert refusals.ask(db, 1, case.id, "Cấp nước", "Khác", {}, by, START) is None
    found = refusals.waiting(db, 1, case.id)
    assert found is not None
    assert (found.owner, found.ground, found.data, found.asked_by) == (
        "Điện lực",
        "Không phải của xã",
        {"told": ""},
        by,
    )
    assert refusals.decide(db, 1, first, "back", by, START)
    assert not refusals.decide(db, 1, first, "agreed", by, START)
    assert refusals.waiting(db, 1, case.id) is None
    assert refusals.ask(db, 1, case.id, "Cấp nước", "Khác", {}, by, START) is not None


def test_B10_of_another_commune_nothing_is_seen_or_decided(db: Connection) -> None:
    """Keys begin with the commune."""
    case, by = opened(db), someone(db)
    found = refusals.ask(db, 1, case.id, "Điện lực", "Không", {}, by, START)
    assert found is not None
    assert refusals.get(db, 2, found) is None
    assert refusals.waiting(db, 2, case.id) is None
    assert not refusals.decide(db, 2, found, "agreed", by, START)
    assert not refusals.let_fall(db, 2, case.id, START)


def test_B10_what_a_refusal_says_is_sealed_and_forgotten_with_her(db: Connection) -> None:
    """Neither owner nor ground stands in the table; after she is forgotten they stand nowhere."""
    citizen = citizens.meet(db, 1, "web", "", "hoa", START).id
    case, by = opened(db, citizen), someone(db)
    found = refusals.ask(db, 1, case.id, "Bà Mẩy", "Vì bà Mẩy", {}, by, START)
    assert found is not None
    raw = db.execute(select(refusals.refusal.c.content)).scalar_one()
    assert "Mẩy".encode() not in raw
    refusals.erase(db, 1, citizen)
    left = refusals.get(db, 1, found)
    assert left is not None
    assert (left.owner, left.ground, left.asked_by) == ("", "", by)


def test_B10_a_case_that_goes_takes_its_refusals_and_proofs(db: Connection) -> None:
    """Nothing keeps an old case from being deleted."""
    case, by = opened(db), someone(db)
    refusals.ask(db, 1, case.id, "Điện lực", "Không", {}, by, START)
    entry = cases.add(db, 1, case.id, "done", START, text="Xong", official_id=by, state="held")
    proofs.wait_for(db, 1, entry, ["anh"])
    assert refusals.let_fall(db, 1, case.id, START)
    cases.move(db, 1, case.id, ["open"], "refused", closed_at=START)
    assert cases.delete_old(db, 1, START + timedelta(days=1)) == 1
    assert db.execute(select(refusals.refusal.c.id)).first() is None
    assert proofs.came(db, 1, "anh") is None


# --- proofs -----------------------------------------------------------------------------------------------------------


def test_B10_an_entry_waits_until_the_last_of_its_files(db: Connection) -> None:
    """Only those a messenger still has are waited for; each comes once."""
    case, by = opened(db), someone(db)
    entry = cases.add(db, 1, case.id, "done", START, text="Xong", official_id=by, state="held")
    who = ("telegram", "1", "5", "5")
    for name in ("one", "two"):
        files.expect(db, 1, name, who, "photo", "image/jpeg", 1, "", "source", START)
    files.add(db, 1, "here", *who[:3], "photo", "image/jpeg", 1, "", START)
    coming = proofs.on_their_way(db, 1, ["one", "two", "here", "none"])
    assert sorted(coming) == ["one", "two"]
    proofs.wait_for(db, 1, entry, coming)
    assert proofs.came(db, 1, "here") is None
    assert proofs.came(db, 2, "one") is None
    assert proofs.came(db, 1, "one") == (entry, True)
    assert proofs.came(db, 1, "two") == (entry, False)
    assert proofs.came(db, 1, "two") is None


# --- alike ------------------------------------------------------------------------------------------------------------


def test_L31_cases_are_alike_by_the_share_of_the_shorter_one(db: Connection) -> None:
    """Open ones of the office since then; the words themselves are in no table."""
    mine, near, far, done, old = (opened(db) for _ in range(5))
    for case, words in ((mine, "o ga to cong truong"), (near, "o ga cong"), (far, "den tat cong"), (done, "o ga cong")):
        case_words.add(db, 1, case.id, words.split())
    case_words.add(db, 1, old.id, ["o", "ga"])
    cases.move(db, 1, done.id, ["open"], "done")
    cases.change(db, 1, old.id, received_at=START - timedelta(days=60))
    found = case_joins.alike(db, 1, mine.id, START - timedelta(days=30))
    assert [(each, round(share, 2)) for each, share in found] == [(near.id, 1.0), (far.id, 0.33)]
    assert case_joins.alike(db, 2, mine.id, START - timedelta(days=30)) == []


def test_L31_only_open_cases_are_held_for_a_join(db: Connection) -> None:
    """A closed one, one of another commune and one that is none are not among them."""
    one, two = opened(db), opened(db)
    cases.move(db, 1, two.id, ["open"], "done")
    assert case_joins.held_open(db, 1, [one.id, two.id, 999]) == {one.id}
    assert case_joins.held_open(db, 2, [one.id]) == set()


# --- two at once ------------------------------------------------------------------------------------------------------


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """PostgreSQL, where two transactions run at the same time."""
    with stores.fresh("postgres", tmp_path) as url:
        engine = create_engine_for(url, stores.KEYS)
        yield engine
        engine.dispose()


def at_once(*works: object) -> list[object]:
    """Run functions in threads that begin together; what each returned."""
    begin, done = threading.Barrier(len(works)), list[object]([None] * len(works))

    def run(index: int, work: object) -> None:
        begin.wait(20)
        done[index] = work()  # type: ignore[operator]

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    return done


def test_B10_of_two_officials_who_close_at_once_one_wins(engine: Engine) -> None:
    """Two connections, one case: the second sees that it is not open any more."""
    for _ in range(5):
        with engine.begin() as db:
            case = opened(db)

        def closes(case_id: int = case.id) -> bool:
            with engine.begin() as db:
                return cases.move(db, 1, case_id, ["open"], "done", done_at=START)

        assert sorted(map(bool, at_once(closes, closes))) == [False, True]


def test_B10_of_two_who_decide_at_once_one_wins(engine: Engine) -> None:
    """Agreed in one chat, sent back in another."""
    with engine.begin() as db:
        case, by = opened(db), someone(db)
        found = refusals.ask(db, 1, case.id, "Điện lực", "Không", {}, by, START)
    assert found is not None

    def decides(state: str) -> bool:
        with engine.begin() as db:
            return refusals.decide(db, 1, found, state, by, START)

    assert sorted(map(bool, at_once(lambda: decides("agreed"), lambda: decides("back")))) == [False, True]


def test_L31_two_joins_in_opposite_directions_make_no_circle(engine: Engine) -> None:
    """The second waits for the first and then sees that its main case is not open."""
    for _ in range(5):
        with engine.begin() as db:
            one, two = opened(db), opened(db)

        def joins(case_id: int, main_id: int) -> bool:
            with engine.begin() as db:
                if case_joins.held_open(db, 1, [case_id, main_id]) != {case_id, main_id}:
                    return False
                return cases.move(db, 1, case_id, ["open"], "joined", main_id=main_id)

        pair = (one.id, two.id)
        done = at_once(lambda pair=pair: joins(*pair), lambda pair=pair: joins(*reversed(pair)))
        assert sorted(map(bool, done)) == [False, True]
