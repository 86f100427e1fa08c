"""The desk's file and the dossiers it made: B15, and that a million dossiers slow nobody down."""

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook
from sqlalchemy import Connection, Text, cast, func, insert, literal, select, true
from xlsxwriter import Workbook

from bot.app import open_app
from bot.clock import FixedClock
from bot.commands.import_dossiers import ALL_TAKEN, import_dossiers
from bot.dossier_file import HEADERS, Dossier
from bot.service import keep_what_is_loaded
from messages import codes
from messages.fold import fold
from storage import imports
from storage.db import Kind, is_postgres
from storage.dossiers import dossier, dossier_step
from tests.bench.figures import Pair, Room, bar
from tests.bench.message import SAID, product
from tests.town import START, settings

ROWS = 50_000
PROCEDURES = (("1.001193", "Đăng ký khai sinh"), ("1.004873", "Cấp giấy xác nhận tình trạng hôn nhân"))
NAMES = ("Lò Văn Đức", "Nguyễn Thị Thưởng", "Nông Văn Bảo", "Đặng Thị Mỹ Hạnh", "Vừ A Páo")


def write_xlsx(path: Path, rows: int) -> Path:
    """A dossier file as the one-stop system exports it: dates as dates, phones as text, every column filled."""
    with Workbook(path, {"constant_memory": True, "default_date_format": "dd/mm/yyyy hh:mm"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADERS)
        first = datetime(2025, 1, 6, 7, 30)
        for number in range(rows):
            received = first + timedelta(minutes=10 * number % 500_000)
            code, name = PROCEDURES[number % len(PROCEDURES)]
            sheet.write_row(number + 1, 0, (
                f"H55.242-{received:%y%m%d}-{number % 900_000 + 1:06d}", code, name,
                f"{NAMES[number % len(NAMES)]} {number}", f"09{number % 100_000_000:08d}", received,
                received + timedelta(days=10), "Đang xử lý", "", f"Cán bộ {number % 40}", "Quầy số 3", f"Sổ {number}",
            ))  # fmt: skip
    return path


@bar(
    "B15", "50,000 dossiers imported from XLSX with all checks", unit="s", at_most=5.0, floor="calamine reading alone",
)  # fmt: skip
async def imported(room: Room) -> AsyncGenerator[Pair, None]:
    file = await asyncio.to_thread(write_xlsx, room.folder / "dossiers.xlsx", ROWS)
    keep_what_is_loaded()  # the service does it, and it is the service that takes a file in
    while True:
        folder = room.new_folder()
        await room.databases.fresh("sqlite", folder)
        async with open_app(settings(folder)) as app:
            began = time.perf_counter()
            code = await import_dossiers(app, {"file": str(file)}, lambda _line: None)
            took = time.perf_counter() - began
            assert code == ALL_TAKEN, code
        yield Pair(took, await asyncio.to_thread(_read_alone, file))


def _read_alone(file: Path) -> float:
    began = time.perf_counter()
    rows = CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()
    assert len(rows) == ROWS + 1
    return time.perf_counter() - began


# --- a million dossiers -----------------------------------------------------------------------------------------------

A_FEW, A_MILLION = 1000, 1_000_000
COMMUNE = """
name = "UBND xã A"
province = "tỉnh B"
[[reception_points]]
name = "Một cửa"
address = "Số 1"
"""


@cache
def _shelf() -> tempfile.TemporaryDirectory[str]:
    """Where filled databases stand until the process ends: filling one takes longer than measuring with it."""
    return tempfile.TemporaryDirectory()


_filled: set[int] = set()


async def filled(number: int) -> Path:
    """The DATA_DIR of a commune with so many dossiers (0, or whole thousands), made once; the last of SAID is one."""
    folder = Path(_shelf().name, str(number))
    if number not in _filled:
        _filled.add(number)
        await fill(folder, number)
    return folder


async def fill(folder: Path, number: int, url: str = "") -> None:
    """Make a commune with so many dossiers in a new DATA_DIR, its database there or, empty yet, at `url`."""
    _set_up(folder)
    async with open_app(settings(folder, url), clock=FixedClock(START)) as app:
        if number:
            few = [_dossier(line) for line in range(A_FEW)]
            await app.database.write(imports.load, 1, "bench", few, fold, START, START, kind=Kind.SLICE)
        for after in range(0, number // A_FEW - 1, 100):
            last = min(after + 100, number // A_FEW - 1)
            await app.database.write(_multiply, after + 1, last, kind=Kind.SLICE)
        assert await app.database.read(lambda db: db.execute(select(func.count(dossier.c.id))).scalar()) == number


def _set_up(folder: Path) -> None:
    folder.mkdir()
    (folder / "commune.toml").write_text(COMMUNE, encoding="utf-8")


def _dossier(line: int) -> Dossier:
    code = SAID[-1] if line == 0 else f"H55.242-260901-{line:06d}"
    name, phone = f"{NAMES[line % len(NAMES)]} {line}", f"+849{line:08d}"
    return Dossier(
        line + 1, code, codes.key(code), *PROCEDURES[0], name, phone, START - timedelta(days=9),
        START + timedelta(days=3), 4, "", "Cán bộ 1", "Quầy số 3", "",
    )  # fmt: skip


def _multiply(db: Connection, first: int, last: int) -> None:
    """The thousand dossiers once more for each of these numbers, with codes and phones of their own, and their steps.

    What is sealed repeats: nobody opens it.
    """
    numbers = select(literal(first).label("number")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.number + 1).where(numbers.c.number < last))
    id_ = numbers.c.number * A_FEW + dossier.c.id
    ending = _padded(db, id_ - 1, 6)
    new: dict[str, Any] = {column.name: column for column in dossier.c} | {
        "id": id_,
        "code": literal("H55.242-260901-").concat(ending),
        "code_key": literal("H55242260901").concat(ending),
        "phone_key": _padded(db, id_, 32),
        "tail_key": _padded(db, id_, 32),
    }
    few = select(*new.values()).select_from(dossier).join(numbers, true())
    db.execute(insert(dossier).from_select(list(new), few.where(dossier.c.id <= A_FEW)))
    step: dict[str, Any] = {column.name: column for column in dossier_step.c}
    step |= {"id": numbers.c.number * A_FEW + dossier_step.c.id, "dossier_id": id_}
    few = select(*step.values()).join_from(dossier, dossier_step).join(numbers, true())
    db.execute(insert(dossier_step).from_select(list(step), few.where(dossier.c.id <= A_FEW)))


def _padded(db: Connection, number: Any, width: int) -> Any:
    """A number with zeros before it."""
    if is_postgres(db):
        return func.lpad(cast(number, Text), width, "0", type_=Text)
    return func.printf(f"%0{width}d", number, type_=Text)


@bar(
    "B18", "a look-up among 1,000,000 dossiers, one connection, median", unit="ms", at_most=1.2,
    floor="the same among 1,000",
)  # fmt: skip
async def looked_up(room: Room) -> AsyncGenerator[Pair, None]:
    many, few = await filled(A_MILLION), await filled(A_FEW)
    async with product(room, folder=many, connections=1) as among_many, product(room, folder=few, connections=1) as us:
        while True:
            yield Pair(await among_many.middle(), await us.middle())
