"""Dossiers by code, the second factor and its locks, who wants to be told; on both databases."""

import os
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, event, text

from messages import codes
from messages.fold import fold
from storage import citizens, dossiers, imports, tails
from storage.db import create_engine_for, metadata
from storage.sealing import Keys
from storage.tails import Locked, Right, Wrong, try_tail

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
KEYS = Keys.derive(b"a secret for tests")
POSTGRES = os.environ.get("TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1/")
CODE = "H55.242-261102-0012"
KEY = codes.key(CODE)
CHAT = tails.chat_key("web", "", "c1")


@dataclass(frozen=True)
class Row:
    """A row as the file reader hands it over."""

    line: int = 2
    code: str = CODE
    procedure_code: str = "1.001193"
    procedure_name: str = "Đăng ký khai sinh"
    status: int = 4
    received_at: datetime | None = NOW
    due_at: datetime | None = NOW + timedelta(days=5)
    village: str = "Thôn 2"
    officer: str = "Lê Văn An"
    place: str = "Quầy 3"
    applicant: str = "Nguyễn Thị Bích"
    phone: str | None = "+84912345678"
    note: str = "giấy tờ đủ"

    @property
    def code_key(self) -> str:
        return codes.key(self.code)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A PostgreSQL database of this module's own."""
    name = f"dossiers_{uuid.uuid4().hex[:12]}"
    admin = create_engine(f"{POSTGRES}postgres", isolation_level="AUTOCOMMIT")
    with admin.connect() as db:
        db.execute(text(f"CREATE DATABASE {name}"))
    yield f"{POSTGRES}{name}"
    with admin.connect() as db:
        db.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """A connection in an open transaction to an empty database with all tables."""
    url = f"sqlite:///{tmp_path}/test.db" if request.param == "sqlite" else request.getfixturevalue("postgres")
    engine = create_engine_for(url, KEYS)
    with engine.begin() as setup:
        metadata.create_all(setup)
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()
    engine.dispose()


def load(db: Connection, *rows: Row, now: datetime = NOW) -> imports.Counts:
    return imports.load(db, 1, "file.csv", list(rows), fold, now, now)


def statements(db: Connection) -> list[str]:
    """Collects the statements executed from now on."""
    seen: list[str] = []
    event.listen(db, "before_cursor_execute", lambda _db, _cursor, statement, *_rest: seen.append(statement))
    return seen


def test_a_dossier_is_found_by_its_code_however_written(db: Connection) -> None:
    """The key finds the dossier when dots and dashes are left out."""
    load(db, Row())
    found = dossiers.by_code(db, 1, codes.key("h55 242 261102 0012"))
    assert found is not None
    assert (found.code, found.status, found.due_at, found.place) == (CODE, 4, NOW + timedelta(days=5), "Quầy 3")
    assert dossiers.by_code(db, 1, "H55242261102OO13") is None
    assert dossiers.by_code(db, 2, KEY) is None


def test_details_are_sealed(db: Connection) -> None:
    """Name, phone and note come back, and stand nowhere in the tables in clear."""
    load(db, Row())
    found = dossiers.by_code(db, 1, KEY)
    assert found is not None
    assert dossiers.details(db, 1, found.id) == dossiers.Details("Nguyễn Thị Bích", "+84912345678", "giấy tờ đủ")
    dossiers.watch(db, 1, found.id, ("web", "", "c1", "c1"), NOW, "+84987654321")
    everything = repr([db.execute(table.select()).all() for table in metadata.sorted_tables])
    for secret in ("Bích", "912345678", "giấy tờ", "987654321"):
        assert secret not in everything


def test_a03_steps_are_kept_as_the_status_changes(db: Connection) -> None:
    """Each status the file brings is one step of the trail, with its officer; the same status is none."""
    load(db, Row())
    load(db, Row(officer="Trần Thị Bình"), now=NOW + timedelta(days=1))
    load(db, Row(status=9, officer="Trần Thị Bình"), now=NOW + timedelta(days=2))
    found = dossiers.by_code(db, 1, KEY)
    assert found is not None
    assert [(step.status, step.officer) for step in dossiers.steps(db, 1, found.id)] == [
        (4, "Lê Văn An"),
        (9, "Trần Thị Bình"),
    ]


# --- the second factor ------------------------------------------------------------------------------------------------


def test_the_last_four_digits_open(db: Connection) -> None:
    """The last four digits of the phone on file are right, any others wrong."""
    load(db, Row())
    assert try_tail(db, 1, CHAT, KEY, "1234", NOW) == Wrong()
    assert try_tail(db, 1, CHAT, KEY, "5678", NOW) == Right()
    assert try_tail(db, 1, CHAT, codes.key("H55.242-261102-0013"), "5678", NOW) == Wrong()


@pytest.mark.parametrize(
    "row", [Row(), Row(phone=None), Row(code="H55.242-261102-0099")], ids=["phone", "none", "unknown"]
)
def test_five_wrong_tails_lock_whatever_is_on_file(db: Connection, row: Row) -> None:
    """The fifth wrong try in an hour locks for an hour: with a phone, without one, and for a code nobody has."""
    load(db, row)
    at = [NOW + timedelta(minutes=10 * n) for n in range(5)]
    assert [try_tail(db, 1, CHAT, KEY, "0000", when) for when in at] == [Wrong()] * 4 + [
        Locked(at[4] + timedelta(hours=1))
    ]
    until = at[4] + timedelta(hours=1)
    assert try_tail(db, 1, CHAT, KEY, "5678", until - timedelta(seconds=1)) == Locked(until)
    assert tails.locked_until(db, 1, CHAT, KEY, until - timedelta(seconds=1)) == until
    assert tails.locked_until(db, 1, CHAT, KEY, until) is None
    assert try_tail(db, 1, CHAT, KEY, "0000", until) == Wrong()


def test_five_wrong_tails_lock_the_code_whoever_asks(db: Connection) -> None:
    """Five chats with one wrong try each lock the code for a sixth, even with the right digits."""
    load(db, Row())
    for number in range(5):
        try_tail(db, 1, tails.chat_key("web", "", f"c{number}"), KEY, "0000", NOW)
    assert try_tail(db, 1, tails.chat_key("zalo", "oa", "c9"), KEY, "5678", NOW) == Locked(NOW + timedelta(hours=1))


def test_five_wrong_tails_lock_the_chat_for_every_code(db: Connection) -> None:
    """A chat that tried five codes wrongly is locked for a sixth; another chat is not."""
    load(db, Row())
    for number in range(5):
        try_tail(db, 1, CHAT, f"H5524226110200{number}0", "0000", NOW)
    assert try_tail(db, 1, CHAT, KEY, "5678", NOW) == Locked(NOW + timedelta(hours=1))
    assert try_tail(db, 1, tails.chat_key("web", "", "c2"), KEY, "5678", NOW) == Right()


def test_wrong_tries_older_than_an_hour_do_not_lock(db: Connection) -> None:
    """Five wrong tries spread over more than an hour lock nothing, and right ones are not counted."""
    load(db, Row())
    for minutes in (0, 16, 32, 48, 64):
        when = NOW + timedelta(minutes=minutes)
        assert try_tail(db, 1, CHAT, KEY, "5678", when) == Right()
        assert try_tail(db, 1, CHAT, KEY, "0000", when) == Wrong()


def test_l06_a_helpers_number_proves_nothing(db: Connection) -> None:
    """A phone that stands on dossiers of more applicants than the commune allows is answered as a wrong one."""
    names = ("Lê Thị Hòa", "Lê Thị Hoà", "Trần Văn Tám", "Phạm Văn Chín")
    load(db, *(Row(n + 2, f"H55.242-261102-{n:04}", applicant=name) for n, name in enumerate(names)))
    key = codes.key("H55.242-261102-0000")
    assert try_tail(db, 1, CHAT, key, "5678", NOW, 3) == Right()
    load(db, Row(9, "H55.242-261102-0009", applicant="Vũ Thị Mười"))
    assert try_tail(db, 1, CHAT, key, "5678", NOW, 3) == Wrong()
    assert try_tail(db, 1, CHAT, key, "5678", NOW, 4) == Right()


def test_a_try_runs_the_same_statements_whatever_is_true(db: Connection) -> None:
    """Unknown code, no phone, helper's phone, wrong, right, locked: the same statements in the same order."""
    load(
        db,
        Row(),
        Row(3, "H55.242-261102-0001", phone=None),
        *(Row(n, f"H55.242-261103-{n:04}", phone="+84900000000", applicant=f"Người {n}") for n in range(4, 9)),
    )
    seen, runs = statements(db), []
    tries = [(KEY, "5678"), (KEY, "0000"), ("H55242261102" + "0001", "0000"), ("H55242261103" + "0004", "0000")]
    for code, tail in [*tries, ("H552422611029999", "0000"), ("H552422611029999", "0000"), (KEY, "5678")]:
        seen.clear()
        try_tail(db, 1, CHAT, code, tail, NOW)
        runs.append(list(seen))
    assert isinstance(try_tail(db, 1, CHAT, KEY, "5678", NOW), Locked)
    assert all(run == runs[0] for run in runs)
    assert len(runs[0]) == (6 if db.dialect.name == "postgresql" else 5)


def test_tries_side_by_side_are_judged_one_after_the_other(postgres: str) -> None:
    """Of ten chats that try one code at the same moment on PostgreSQL, exactly four hear that they were wrong."""
    engine = create_engine_for(postgres, KEYS)
    with engine.begin() as setup:
        metadata.create_all(setup)

    def one(number: int) -> str:
        with engine.begin() as db:
            result = try_tail(db, 1, tails.chat_key("web", "", f"p{number}"), "H55PARALLEL", "0000", NOW)
        return type(result).__name__

    with ThreadPoolExecutor(10) as threads:
        results = sorted(threads.map(one, range(10)))
    engine.dispose()
    assert results == ["Locked"] * 6 + ["Wrong"] * 4


def test_old_tries_are_forgotten(db: Connection) -> None:
    """Pruning deletes tries that no lock looks at."""
    tails.forget_tries(db, NOW + timedelta(days=1))  # what other tests of this module have left
    try_tail(db, 1, CHAT, KEY, "0000", NOW)
    try_tail(db, 1, CHAT, KEY, "0000", NOW + timedelta(hours=3))
    assert tails.forget_tries(db, NOW + timedelta(hours=1)) == 1
    assert tails.forget_tries(db, NOW + timedelta(hours=1)) == 0


# --- who wants to be told, and the rights of a citizen ---


def watched(db: Connection) -> int:
    found = dossiers.by_code(db, 1, KEY)
    assert found is not None
    return found.id


def test_watching_twice_is_watching_once(db: Connection) -> None:
    """The same wish again is one row; a phone given later is kept, and not lost by a third wish without one."""
    load(db, Row())
    who = ("web", "", "c1", "c1")
    dossiers.watch(db, 1, watched(db), who, NOW)
    dossiers.watch(db, 1, watched(db), who, NOW, "+84987654321")
    dossiers.watch(db, 1, watched(db), who, NOW)
    assert dossiers.watchers(db, 1, watched(db)) == [dossiers.Watch(watched(db), *who, "+84987654321")]


def test_a_citizen_gets_her_watches_and_tries_and_can_have_them_erased(db: Connection) -> None:
    """Export names her codes; erasing removes her watches and her name from tries, never a lock on a code."""
    load(db, Row())
    hers = citizens.meet(db, 1, "web", "", "c1", NOW).id
    other = citizens.meet(db, 1, "web", "", "c2", NOW).id
    dossiers.watch(db, 1, watched(db), ("web", "", "c1", "c1"), NOW, "+84987654321")
    dossiers.watch(db, 1, watched(db), ("web", "", "c2", "c2"), NOW)
    for _wrong in range(5):
        try_tail(db, 1, CHAT, KEY, "0000", NOW)
    told = dossiers.export(db, 1, hers)
    assert [(each["code"], each["phone"]) for each in told["watched"]] == [(CODE, "+84987654321")]
    assert [each["code_key"] for each in tails.export(db, 1, hers)] == [KEY] * 5
    dossiers.erase(db, 1, hers)
    tails.erase(db, 1, hers)
    assert dossiers.export(db, 1, hers) == {"watched": []}
    assert tails.export(db, 1, hers) == []
    assert len(dossiers.export(db, 1, other)["watched"]) == 1
    assert isinstance(try_tail(db, 1, tails.chat_key("web", "", "c3"), KEY, "5678", NOW), Locked)


def test_every_query_of_a_turn_uses_an_index(tmp_path: Path) -> None:
    """SQLite's plans of what a turn runs contain no scan of a table."""
    engine = create_engine_for(f"sqlite:///{tmp_path}/test.db", KEYS)
    with engine.begin() as db:
        metadata.create_all(db)
        load(db, Row())
        seen: list[tuple[str, object]] = []
        event.listen(db, "before_cursor_execute", lambda _db, _cursor, sql, values, *_rest: seen.append((sql, values)))
        found = dossiers.by_code(db, 1, KEY)
        assert found is not None
        dossiers.details(db, 1, found.id)
        dossiers.steps(db, 1, found.id)
        try_tail(db, 1, CHAT, KEY, "0000", NOW)
        tails.locked_until(db, 1, CHAT, KEY, NOW)
        dossiers.watch(db, 1, found.id, ("web", "", "c1", "c1"), NOW, "+84987654321")
        dossiers.watchers(db, 1, found.id)
        imports.data_age(db, 1)
        hers = citizens.meet(db, 1, "web", "", "c1", NOW).id
        for module in (dossiers, tails):
            module.export(db, 1, hers)
            module.erase(db, 1, hers)
        tails.forget_tries(db, NOW)
        for sql, values in list(seen):
            plan = [row[3] for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
            assert not [line for line in plan if line.startswith("SCAN") and "USING" not in line], (sql, plan)
    engine.dispose()
