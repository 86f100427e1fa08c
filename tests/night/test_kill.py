"""The power fails: kill -9 at random points, and afterwards everything is counted."""

import asyncio
import random
from pathlib import Path

import aiohttp
import pytest

from bot import control, sample
from bot.app import open_app
from bot.clock import FixedClock
from storage import officials
from tests.conftest import BOTH
from tests.night import handler
from tests.night.kill import kill_often, take_in, write_dossiers
from tests.night.script import Process, process, query, until
from tests.town import START, Databases, settings


@pytest.mark.parametrize(
    ("kind", "telegram", "points", "seed"),
    [("sqlite", "poll", 7, 1), ("sqlite", "webhook", 6, 2), ("postgres", "poll", 4, 3), ("postgres", "webhook", 3, 4)],
)
async def test_killed_at_random_points_nothing_is_lost_and_nothing_happens_twice(
    databases: Databases, tmp_path: Path, kind: str, telegram: str, points: int, seed: int
) -> None:
    """Villagers talk at the chat box and on Telegram, the service is killed again and again: each message has its
    effect exactly once, in order, and each answer is shown, on Telegram twice only when nobody could know."""
    url = await databases.fresh(kind, tmp_path / "data")
    count = await kill_often(tmp_path / "data", url, points, seed, villagers=20, spread=15, telegram=telegram)
    print(count)
    assert not count.wrong, f"{count}\n" + "\n".join(count.wrong[:20])


async def test_killed_while_it_starts_a_new_database_ends_complete(tmp_path: Path) -> None:
    """Killed at ten points of its very first start, migration and sample commune included, it then starts whole."""
    dice = random.Random(3)
    service = Process(tmp_path / "data")
    for _point in range(10):
        await service.spawn()
        await asyncio.sleep(dice.uniform(0.02, 0.7))
        await service.kill()
    await service.start()
    try:
        counts = await query(service, "SELECT (SELECT count(*) FROM official), (SELECT count(*) FROM dossier)")
        assert counts == [(len(sample.officials()), sample.DOSSIERS)]
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{service.port}/healthz") as answer:
            assert answer.status == 200
        assert await service.stop() == 0
    finally:
        await service.kill()


async def test_killed_while_the_sample_commune_is_made_the_next_start_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database is marked as the sample in the same transaction that fills it."""
    monkeypatch.setattr("bot.app.fill_sample", _power_cut)
    with pytest.raises(_PowerCutError):
        async with open_app(settings(tmp_path), clock=FixedClock(START)):
            pass
    monkeypatch.undo()
    async with open_app(settings(tmp_path), clock=FixedClock(START)) as app:
        assert len(await app.database.read(officials.active, 1)) == len(sample.officials())


class _PowerCutError(Exception):
    pass


def _power_cut(*_arguments: object) -> None:
    raise _PowerCutError


ROWS = 6_000


@pytest.mark.parametrize("state", ["reading", "applying"])
async def test_an_import_is_wholly_in_or_wholly_out_after_a_kill(
    databases: Databases, tmp_path: Path, state: str
) -> None:
    """A run that was still reading is dropped with all its rows; one that was being applied is finished by itself."""
    await databases.fresh("sqlite", tmp_path / "data")
    file = write_dossiers(tmp_path / "hồ sơ.csv", ROWS, 4)
    async with process(tmp_path / "data") as service:
        importing = asyncio.create_task(take_in(service, file))
        await until(service, f"SELECT count(*) FROM import_run WHERE file <> 'sample' AND state = '{state}'")
        await until(service, "SELECT count(*) > 0 FROM import_row")
        await service.kill()
        assert await importing == control.LOST
        await service.start()
        runs = await query(service, "SELECT state FROM import_run WHERE file <> 'sample'")
        assert runs == [("failed",) if state == "reading" else ("done",)]
        assert await query(service, "SELECT count(*) FROM import_row") == [(0,)]
        taken = "SELECT count(*), count(DISTINCT code_key), min(status) FROM dossier WHERE code LIKE 'H98.%'"
        assert await query(service, taken) == [(0, 0, None) if state == "reading" else (ROWS, ROWS, 4)]
        assert await take_in(service, write_dossiers(file, ROWS, 9)) == 0
        assert await query(service, taken) == [(ROWS, ROWS, 9)]
        steps = "SELECT count(*) FROM dossier_step JOIN dossier ON dossier.id = dossier_id WHERE code LIKE 'H98.%'"
        assert await query(service, steps) == [(ROWS if state == "reading" else 2 * ROWS,)]
        changes = "SELECT count(*) FROM dossier_event JOIN dossier ON dossier.id = dossier_id WHERE code LIKE 'H98.%'"
        assert await query(service, changes) == [(0 if state == "reading" else ROWS,)]


@pytest.mark.parametrize("kind", BOTH)
async def test_the_same_event_five_times_in_parallel_and_after_a_restart_has_one_effect(
    databases: Databases, tmp_path: Path, kind: str
) -> None:
    """A message repeated five times at once, and again after kill -9, is accepted each time and done once."""
    url = await databases.fresh(kind, tmp_path / "data")
    handler.prepare(tmp_path / "data", url)
    async with process(tmp_path / "data", url) as service, aiohttp.ClientSession() as http:
        base = f"http://127.0.0.1:{service.port}/api"
        async with http.post(f"{base}/session", json={}) as answer:
            headers = {"X-Session": (await answer.json())["session"]}

        async def post(body: dict[str, str]) -> int:
            async with http.post(f"{base}/messages", json=body, headers=headers) as answer:
                return answer.status

        bodies = [{"id": f"{number:08d}-aaaa", "kind": "text", "text": f"/viec {number}"} for number in range(10)]
        for body in bodies:
            assert await asyncio.gather(*(post(body) for _time in range(5))) == [200] * 5
        await service.kill()
        await service.start()
        for body in bodies:
            assert await asyncio.gather(*(post(body) for _time in range(5))) == [200] * 5
        await until(service, "SELECT count(*) = 0 FROM inbox WHERE state = 'new'")
        done = await query(service, "SELECT what, count(*) FROM night_effect GROUP BY what ORDER BY what")
        assert done == [(str(number), 1) for number in range(10)]
        answers = "SELECT count(*), count(DISTINCT in_reply_to) FROM outbox WHERE in_reply_to IS NOT NULL"
        assert await query(service, answers) == [(10, 10)]
