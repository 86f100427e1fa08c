"""Imports: counted, staged and applied in slices, whole or not at all, on both databases."""

import asyncio
import csv
import itertools
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from bot import take_in
from bot.clock import FixedClock
from bot.commands.import_dossiers import import_dossiers
from bot.commune_dossiers import DossierTerms
from bot.dossier_file import HEADERS
from bot.metrics import Metrics
from bot.take_in import finish_interrupted
from messages import codes
from messages.fold import fold
from storage import dossier_events, dossiers, imports
from storage.db import Database, Kind, create_engine_for, metadata
from storage.sealing import Keys
from tests.storage.test_dossiers import KEYS, Row
from tests.town import Databases

command = sys.modules["bot.commands.import_dossiers"]
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


@dataclass
class Office:
    """As much of an App as an import needs, an empty database, and a clerk's folder."""

    database: Database
    folder: Path
    keys: Keys = KEYS
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    metrics: Metrics = field(default_factory=Metrics)
    heard: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Any:
        return SimpleNamespace(data_dir=self.folder)

    @property
    def place(self) -> Any:
        return SimpleNamespace(commune_id=1, commune=SimpleNamespace(villages=(), places=None, dossiers=DossierTerms()))

    def file(self, *rows: dict[str, str], name: str = "ho-so.csv") -> str:
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, HEADERS, restval="")
            writer.writeheader()
            writer.writerows(rows)
        return str(path)

    async def imports(self, file: str, strict: bool = False) -> int:
        self.heard.clear()
        return await import_dossiers(self, {"file": file, "strict": strict}, self.heard.append)  # type: ignore[arg-type]

    async def count(self, table: Any) -> int:
        return await self.database.read(lambda db: db.execute(select(func.count()).select_from(table)).scalar_one())

    async def states(self) -> list[str]:
        runs = imports.import_run
        return await self.database.read(lambda db: list(db.scalars(select(runs.c.state).order_by(runs.c.id))))


def row(number: int, status: str = "Đang xử lý", **more: str) -> dict[str, str]:
    """A good row, with what `more` says of the headers."""
    usual = {"Mã hồ sơ": f"H55.242-261102-{number:04}", "Tên thủ tục": "Đăng ký khai sinh", "Người nộp": "Lê Văn Tám"}
    return usual | {"Số điện thoại": f"09123{number:05}", "Trạng thái": status, "Ngày hẹn trả": "27/11/2026"} | more


@pytest.fixture(params=["sqlite", "postgres"])
async def office(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[Office]:
    """An office with an empty database."""
    url = f"sqlite:///{tmp_path}/test.db" if request.param == "sqlite" else databases.empty_postgres()
    database = Database(url, KEYS)
    with database.engine.begin() as db:
        metadata.create_all(db)
    yield Office(database, tmp_path)
    await database.close()
    if request.param == "postgres":
        databases.drop(url)


async def test_the_same_file_twice_changes_nothing(office: Office) -> None:
    """New rows are new once; again they are the same, and no step, change or staged row is added."""
    file = office.file(*(row(number) for number in range(30)))
    assert await office.imports(file) == 0
    assert "30 hồ sơ mới, 0 thay đổi, 0 giữ nguyên" in office.heard[-1]
    assert await office.imports(file) == 0
    assert "0 hồ sơ mới, 0 thay đổi, 30 giữ nguyên" in office.heard[-1]
    tables = (dossiers.dossier, dossiers.dossier_step, dossier_events.dossier_event)
    assert [await office.count(table) for table in tables] == [30, 30, 0]
    assert await office.count(imports.import_row) == 0
    assert await office.states() == ["done", "done"]


async def test_a_changed_status_is_a_step_and_a_change(office: Office) -> None:
    """A changed status adds a step and a change to tell of; any other changed column adds neither."""
    await office.imports(office.file(row(1), row(2), row(3)))
    await office.imports(office.file(row(1, "Đã xử lý xong"), row(2, **{"Cán bộ": "Trần Thị Bình"}), row(3)))
    assert "0 hồ sơ mới, 2 thay đổi, 1 giữ nguyên" in office.heard[-1]
    assert await office.count(dossiers.dossier_step) == 4
    change = dossier_events.dossier_event
    changes = await office.database.read(lambda db: db.execute(select(change.c.old, change.c.new)).all())
    assert changes == [(4, 9)]


async def test_a_bad_row_never_stops_good_ones(office: Office) -> None:
    """Refused rows are told with line, column and reason, and stand in a file for Excel; the others are taken."""
    file = office.file(row(1), row(2, "Đang bay"), row(3, **{"Mã hồ sơ": "abc"}), row(1), row(4))
    assert await office.imports(file) == 3
    assert "2 hồ sơ mới, 0 thay đổi, 0 giữ nguyên, 3 dòng không nhận được" in office.heard[0]
    assert [line.split(":")[0] for line in office.heard[1:4]] == [
        "Dòng 3, cột Trạng thái",
        "Dòng 4, cột Mã hồ sơ",
        "Dòng 5, cột Mã hồ sơ",
    ]
    refused = office.folder / "imports" / "1-refused.csv"
    assert str(refused) in office.heard[-1]
    assert refused.read_bytes().startswith(b"\xef\xbb\xbf")
    assert refused.stat().st_mode & 0o077 == 0
    with refused.open(encoding="utf-8-sig", newline="") as opened:
        assert [(line[0], line[1]) for line in csv.reader(opened, delimiter=";")][1:] == [
            ("3", "Trạng thái"),
            ("4", "Mã hồ sơ"),
            ("5", "Mã hồ sơ"),
        ]


async def test_strict_takes_all_or_nothing(office: Office) -> None:
    """With strict one refused row leaves everything as it was; a mere remark does not refuse."""
    await office.imports(office.file(row(1)))
    assert await office.imports(office.file(row(1, "Đã xử lý xong"), row(2), row(3, "?")), strict=True) == 4
    assert "Không nhập hồ sơ nào" in office.heard[0]
    tables = (dossiers.dossier, dossier_events.dossier_event, imports.import_row)
    assert [await office.count(table) for table in tables] == [1, 0, 0]
    assert await office.states() == ["done", "refused"]
    assert await office.imports(office.file(row(2), row(3, **{"Số điện thoại": "không nhớ"})), strict=True) == 0
    assert await office.count(dossiers.dossier) == 3


async def test_a_file_that_cannot_be_read_takes_nothing(office: Office) -> None:
    """No such file, no table in it, or no column of codes: exit code 4 and a sentence."""
    assert await office.imports(str(office.folder / "không có.csv")) == 4
    assert office.heard == ["Không mở được tệp không có.csv."]
    (office.folder / "thư.csv").write_text("Kính gửi ông bà\n", encoding="utf-8")
    assert await office.imports(str(office.folder / "thư.csv")) == 4
    assert await office.states() == ["refused"]
    assert await office.count(dossiers.dossier) == 0


async def test_at_most_fifty_refusals_are_said(office: Office) -> None:
    """Of many refusals fifty are said, and where all of them stand."""
    assert await office.imports(office.file(*(row(number, "?") for number in range(80)))) == 3
    assert len([line for line in office.heard if line.startswith("Dòng")]) == 50
    assert "… và 30 dòng nữa." in office.heard
    lines = (office.folder / "imports" / "1-refused.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 81


async def test_progress_is_said_while_it_goes_on(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long work shows how far it is, in numbers as they are written in Việt Nam."""
    seconds = itertools.count(time.monotonic() + 10, 10)
    monkeypatch.setattr(command, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    await office.imports(office.file(*(row(number) for number in range(2500))))
    assert office.heard[:3] == ["Đã đọc 1.000 dòng…", "Đã đọc 2.000 dòng…", "Đã đọc 2.500 dòng…"]
    assert "Đã ghi 2.500 trên 2.500 hồ sơ…" in office.heard


async def test_one_import_at_a_time(office: Office) -> None:
    """A second import is told to wait while another one is alive, and takes its place once that is dead."""
    await begin(office)
    assert await office.imports(office.file(row(1))) == 4
    assert "Một lần nhập khác đang chạy từ 10:00 ngày 20/11/2026" in office.heard[0]
    office.clock.advance(timedelta(minutes=3))
    assert await office.imports(office.file(row(1))) == 0
    assert await office.states() == ["failed", "done"]


async def begin(office: Office, *numbers: int, go_on: bool = False) -> None:
    """What a process leaves that died while it read a file, or (`go_on`) while it applied one."""

    def work(db: Connection) -> None:
        run = imports.begin(db, 1, "a.csv", "", False, NOW, NOW)
        rows = [Row(number + 2, f"H55.242-261102-{number:04}") for number in numbers]
        staged, counts = imports.sift(KEYS, rows, imports.digests(db, 1, [each.code_key for each in rows]), fold)
        imports.stage(db, 1, run, staged, NOW)
        if go_on:
            imports.go_on(db, run, counts, NOW)

    await office.database.write(work, kind=Kind.SLICE)


async def test_a_run_that_was_being_read_is_dropped_at_start(office: Office) -> None:
    """Nothing of a file that was not read to its end is ever applied."""
    await begin(office, *range(5))
    await finish_interrupted(office, alone=True)  # type: ignore[arg-type]
    assert await office.states() == ["failed"]
    assert [await office.count(table) for table in (imports.import_row, dossiers.dossier)] == [0, 0]


async def test_a_run_that_was_being_applied_is_finished_at_start(office: Office) -> None:
    """A run stopped between two slices is finished, each step once."""
    await office.imports(office.file(*(row(number) for number in range(3))))
    await begin(office, *range(2500), go_on=True)
    run = await office.database.read(imports.open_run, 1)
    await office.database.write(imports.apply_slice, 1, run, 0, NOW, kind=Kind.SLICE)
    assert await office.count(imports.import_row) == 1500
    await finish_interrupted(office, office.heard.append, alone=True)  # type: ignore[arg-type]
    assert await office.states() == ["done", "done"]
    assert await office.count(imports.import_row) == 0
    assert [await office.count(table) for table in (dossiers.dossier, dossiers.dossier_step)] == [2500, 2500]
    assert "Đang ghi nốt lần nhập trước còn dở…" in office.heard


async def test_a_living_neighbours_run_is_left_alone(office: Office) -> None:
    """Another process' run that was touched a moment ago is neither dropped nor finished."""
    await begin(office, 1)
    await finish_interrupted(office)  # type: ignore[arg-type]
    assert await office.states() == ["reading"]


async def test_a_failing_read_leaves_nothing_half_written(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error while reading drops the run and its staged rows."""
    taken = take_in._take

    def fails(found: Any, refusals: Any) -> Any:
        if office.heard:
            raise RuntimeError("broken")
        office.heard.append("once")
        return taken(found, refusals)

    monkeypatch.setattr(take_in, "_take", fails)
    with pytest.raises(RuntimeError, match="broken"):
        await office.imports(office.file(*(row(number) for number in range(1500))))
    assert await office.states() == ["failed"]
    assert [await office.count(table) for table in (imports.import_row, dossiers.dossier)] == [0, 0]


async def test_l04_the_data_are_as_old_as_the_file(office: Office) -> None:
    """The age is the newest finished run's; a refused run does not make data younger."""
    assert await office.database.read(imports.data_age, 1) is None
    await office.imports(office.file(row(1)))
    assert await office.database.read(imports.data_age, 1) == NOW
    office.clock.advance(timedelta(days=1))
    await office.imports(office.file(row(1, "?")), strict=True)
    assert await office.database.read(imports.data_age, 1) == NOW
    await office.imports(office.file(row(1)))
    assert await office.database.read(imports.data_age, 1) == NOW + timedelta(days=1)


async def test_l04_an_alert_is_due_once(office: Office) -> None:
    """For the same data each level asks once."""
    asked = [await office.database.write(imports.alert_once, 1, NOW, level) for level in (2, 2, 3, 3)]
    assert asked == [True, False, True, False]


async def test_turns_go_on_between_slices(office: Office) -> None:
    """While 5,000 rows are imported, other work of the database is done in between, not only afterwards."""
    task = asyncio.create_task(office.imports(office.file(*(row(number) for number in range(5000)))))
    between = 0
    while not task.done():
        await office.database.write(lambda db: dossiers.by_code(db, 1, "H55"), kind=Kind.TURN)
        between += 1
        await asyncio.sleep(0.001)
    assert await task == 0
    assert between > 10


# --- properties -------------------------------------------------------------------------------------------------------

WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)
ROWS = st.lists(
    st.builds(
        Row,
        code=st.integers(0, 30).map(lambda number: f"H55.242-261102-{number:04}"),
        status=st.integers(1, 10),
        procedure_name=WORDS,
        officer=WORDS,
        applicant=WORDS,
        phone=st.sampled_from([None, "+84912345678", "+842083123456"]),
        due_at=st.none() | st.just(NOW),
        note=WORDS,
    ),
    max_size=30,
    unique_by=lambda each: each.code,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(ROWS, min_size=1, max_size=4))
def test_after_any_imports_the_newest_row_of_each_code_stands(files: list[list[Row]], tmp_path: Path) -> None:
    """Whatever files come, each dossier is as its last row says, its trail ends with its status, again is the same."""
    engine = create_engine_for(f"sqlite:///{tmp_path}/property.db", KEYS)
    expected: dict[str, Row] = {}
    with engine.connect() as db:
        transaction = db.begin()
        metadata.create_all(db)
        for each in files:
            rows = [replace(row, line=line) for line, row in enumerate(each, 2)]
            counts = imports.load(db, 1, "f", rows, fold, NOW, NOW)
            assert counts.new == len({row.code for row in rows} - expected.keys())
            assert counts.new + counts.changed + counts.same == len(rows)
            expected |= {row.code: row for row in rows}
            assert imports.load(db, 1, "f", rows, fold, NOW, NOW) == imports.Counts(same=len(rows))
        for code, row in expected.items():
            found = dossiers.by_code(db, 1, codes.key(code))
            assert found is not None
            assert (found.status, found.procedure_name, found.due_at) == (row.status, row.procedure_name, row.due_at)
            assert dossiers.details(db, 1, found.id) == dossiers.Details(row.applicant, row.phone, row.note)
            assert dossiers.steps(db, 1, found.id)[-1].status == row.status
        transaction.rollback()
    engine.dispose()


# --- a hundred thousand rows ---

HUNDRED_THOUSAND = """
import asyncio, sys
from pathlib import Path
from sqlalchemy import func, select
from bot.app import open_app
from bot.commands.import_dossiers import import_dossiers
from storage import dossiers
from tests.town import settings

async def main(folder):
    path = Path(folder, "big.csv")
    with path.open("w", encoding="utf-8") as file:
        file.write("Mã hồ sơ,Tên thủ tục,Người nộp,Số điện thoại,Ngày hẹn trả,Trạng thái,Ghi chú\\n")
        for n in range(100_000):
            code = f"H55.242-2611{1 + n % 28:02}-{n:06}"
            file.write(f"{code},Đăng ký khai sinh,Lê Văn {n},09{n:08},27/11/2026,4,giấy tờ\\n")
    async with open_app(settings(Path(folder, "data"))) as app:
        code = await import_dossiers(app, {"file": str(path)}, lambda line: None)
        query = select(func.count()).select_from(dossiers.dossier).where(dossiers.dossier.c.code.like("%-2611%-0%"))
        print(code, await app.database.read(lambda db: db.execute(query).scalar_one()))
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(int(peak.split()[1]) // 1024)

asyncio.run(main(sys.argv[1]))
"""


def test_a_hundred_thousand_rows_stay_under_300_megabytes(tmp_path: Path) -> None:
    """100,000 rows are all taken by a process that never needs 300 MB."""
    done = subprocess.run(
        [sys.executable, "-c", HUNDRED_THOUSAND, str(tmp_path)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    *_logs, taken, megabytes = done.stdout.split("\n")[:-1]
    code, count = taken.split()
    assert code == "0"
    assert int(count) >= 100_000
    assert int(megabytes) < 300
