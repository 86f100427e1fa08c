"""Kill the service at random points while a script goes on; the same for `pytest` (20 points) and the bench."""

import asyncio
import contextlib
import csv
import random
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bot import control, sample
from bot.app import database_url
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
    folder: Path, url: str, points: int, seed: int, *, villagers: int = 50, spread: int = 40, in_start: float = 0.15
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
    return audit(town_talks, database_url(town.settings(folder, url)))


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


class Importer:
    """A clerk who takes in one file after the other and, whatever happens to the service, ends with the newest."""

    def __init__(self, service: Process, folder: Path, rows: int) -> None:
        self.service, self.rows = service, rows
        self.files = [write_dossiers(folder / f"hồ sơ {status}.csv", rows, status) for status in (2, 4, 9)]
        self.lost = 0  # imports whose service went away
        self.ended = 0

    async def works(self) -> None:
        turn = 0
        while True:
            code = await self.take(self.files[turn % 3])
            if code == 0:
                turn += 1
            await asyncio.sleep(0.05)

    async def take(self, file: Path) -> int | None:
        """One import through the running service; None or another code when the service went away."""
        said: list[str] = []
        code = None
        with contextlib.suppress(OSError):
            code = await control.ask(self.service.folder, "import dossiers", {"file": str(file)}, said.append)
        self.lost += code == control.LOST
        self.ended += code == 0
        return code


def refusals(said: list[str]) -> int:
    """How many rows a report says were not taken."""
    found = re.search(r"([\d.]+) dòng không nhận được", " ".join(said))
    return int(found[1].replace(".", "")) if found else 0
