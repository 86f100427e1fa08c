"""Kill the service at random points while a script goes on; the same for `pytest` (20 points) and the bench."""

import asyncio
import csv
import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bot import control, sample
from tests import town
from tests.night import handler
from tests.night.script import Count, Process, audit, script

HEADERS = (
    "Mã hồ sơ", "Mã thủ tục", "Tên thủ tục", "Người nộp", "Số điện thoại", "Ngày tiếp nhận", "Ngày hẹn trả",
    "Trạng thái", "Thôn", "Cán bộ", "Nơi trả", "Ghi chú",
)  # fmt: skip


def write_dossiers(path: Path, rows: int, status: int, applicant: str = "Lò Văn Đêm", phone: str = "") -> Path:
    """A dossier file of so many rows, all in one status."""
    day = date(2026, 8, 3)
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(HEADERS)
        for number in range(rows):
            at = day + timedelta(days=number // 9000)
            lines.writerow([
                f"H98.12-{at:%y%m%d}-{number % 9000 + 1:04d}", "1.001193", "Đăng ký khai sinh", f"{applicant} {number}",
                phone or f"0951{number % 1_000_000:06d}", at.strftime("%d/%m/%Y"), "27/11/2026", status,
                "", "Nông Thị Thắm", "", "",
            ])  # fmt: skip
    return path


def sample_codes() -> list[str]:
    """Codes in the template database."""
    return [each.code for each in sample.demo_codes(town.START.date())]


async def kill_often(
    folder: Path, url: str, points: int, seed: int, *, villagers: int = 50, spread: int = 25, in_start: float = 0.15
) -> Count:
    """Kill the service `points` times, each time after some accepted messages or while it starts; then count.

    `spread`: messages between two kills, on average; `in_start`: how many of the kills meet a service that starts.
    """
    dice = random.Random(seed)
    handler.prepare(folder, url)
    service = Process(folder, url)
    await service.start()
    try:
        async with script(lambda: f"http://127.0.0.1:{service.port}", seed, villagers, sample_codes()) as town_talks:
            for _point in range(points):
                await _die(service, town_talks.ledger, dice, spread, dice.random() < in_start)
            await town_talks.finish()
            await service.stop()
    finally:
        await service.kill()
    return audit(town_talks, town.settings(folder, url).database)


async def _die(service: Process, ledger: Any, dice: random.Random, spread: int, starting: bool) -> None:
    if starting:
        await service.kill()
        await service.spawn()
        await asyncio.sleep(dice.uniform(0, 1.5))
    else:
        await ledger.reach(ledger.accepted + dice.randint(1, 2 * spread))
        await asyncio.sleep(dice.uniform(0, 0.02))
    await service.kill()
    await service.start()


async def take_in(service: Process, file: Path) -> int | None:
    """An import through the running service, as the command line asks for it; its exit code."""
    return await control.ask(
        service.folder, "import dossiers", {"file": str(file), "strict": False}, lambda _line: None
    )
