"""The desk's file and the dossiers it made: B15, and that a million dossiers slow nobody down."""

import asyncio
import time
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from pathlib import Path

from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook

from bot.app import open_app
from bot.commands.import_dossiers import ALL_TAKEN, import_dossiers
from bot.dossier_file import HEADERS
from tests.bench.figures import Pair, Room, bar
from tests.town import settings

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
