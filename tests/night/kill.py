"""Kill the service at random points while a script goes on; the same for `pytest` (20 points) and the bench."""

import asyncio
import csv
import random
from contextlib import AsyncExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bot import control, sample
from tests import town
from tests.night import handler
from tests.night.script import Count, Process, audit, script, until
from tests.telegram_server import TelegramServer
from tests.telegram_world import Delivery

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
    folder: Path,
    url: str,
    points: int,
    seed: int,
    *,
    villagers: int = 50,
    spread: int = 25,
    in_start: float = 0.15,
    telegram: str = "",
) -> Count:
    """Kill the service `points` times, each time after some accepted messages or while it starts; then count.

    `spread`: messages between two kills, on average; `in_start`: how many of the kills meet a service that starts.
    `telegram`: "poll" or "webhook": every second villager is there.
    """
    dice = random.Random(seed)
    handler.prepare(folder, url)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(TelegramServer(seed=seed, slow=0.03)) if telegram else None
        service = Process(folder, url, **_on_telegram(server, telegram))
        if server is not None:
            server.bot.delivery = Delivery(parallel=4, shuffled=False, repeat=0.1)
            server.reach[town.PUBLIC] = f"http://127.0.0.1:{service.port}"
        await service.start()
        stack.push_async_callback(service.kill)
        base = f"http://127.0.0.1:{service.port}"
        talks = await stack.enter_async_context(script(lambda: base, seed, villagers, sample_codes(), server))
        for _point in range(points):
            await _die(service, talks.ledger, dice, spread, dice.random() < in_start)
        await talks.finish()
        await nothing_left(service)
        await service.stop()
        return audit(talks, town.settings(folder, url).database)


def _on_telegram(server: TelegramServer | None, mode: str) -> dict[str, str]:
    if server is None:
        return {}
    reached = {"PUBLIC_URL": town.PUBLIC} if mode == "webhook" else {}
    return {"TELEGRAM_BOT_TOKEN": server.token, "TELEGRAM_API_URL": server.url, "TELEGRAM_MODE": mode} | reached


async def nothing_left(service: Process) -> None:
    """Until what a killed process left in flight has been judged, and everything has left."""
    await until(service, "SELECT count(*) = 0 FROM inbox WHERE state = 'new'")
    left = "SELECT count(*) = 0 FROM outbox WHERE channel = 'telegram' AND state IN ('queued', 'sending')"
    await until(service, left)


async def _die(service: Process, ledger: Any, dice: random.Random, spread: int, starting: bool) -> None:
    if starting:
        await service.kill()
        await service.spawn()
        await asyncio.sleep(dice.uniform(0, 0.5))
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
