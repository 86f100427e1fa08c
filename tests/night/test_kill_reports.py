"""Villagers report while the power is cut: every report has one number, every villager reads hers once (B04, L27)."""

import asyncio
import re
import uuid
from pathlib import Path
from typing import Any

import aiohttp

from tests.night.script import Process, process, query
from tests.town import Databases

KILLS, VILLAGERS, TOGETHER = 3, 18, 6
PAUSE = 0.4
"""Seconds of reporting between two kills; nothing is measured by it."""
PATIENCE = 60
NUMBER = re.compile(r"Số của việc này là PA-(\d+)")


class Villager:
    """A chat box that repeats what was not acknowledged, under the same name, as the page does."""

    def __init__(self, http: aiohttp.ClientSession, base: str) -> None:
        self._http, self._base, self._headers = http, base, dict[str, str]()

    async def opens(self) -> None:
        made = await self._until_answered("post", "/session", json={})
        self._headers = {"X-Session": made["session"]}

    async def says(self, text: str) -> None:
        """Twice under the same name: what comes twice counts once."""
        body = {"id": str(uuid.uuid4()), "kind": "text", "text": text}
        for _time in range(2):
            await self._until_answered("post", "/messages", json=body)

    async def reads(self) -> list[str]:
        told = await self._until_answered("get", "/updates", params={"after": 0})
        return [each["text"] for each in told["messages"]]

    async def _until_answered(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    async with self._http.request(
                        method, f"{self._base}{path}", headers=self._headers, **more
                    ) as answer:
                        if answer.status == 200:
                            return dict(await answer.json())
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)


async def reports(service: Process, http: aiohttp.ClientSession) -> Villager:
    her = Villager(http, f"http://127.0.0.1:{service.port}/api")
    await her.opens()
    await her.says("Đường thôn Suối Trên ngập sâu quá")
    await her.says("gửi đi")
    return her


async def numbers(her: Villager) -> list[str]:
    """What she was told, once it is there."""
    async with asyncio.timeout(PATIENCE):
        while not (found := [number for text in await her.reads() for number in NUMBER.findall(text)]):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return found


async def test_B04_a_report_told_while_the_power_goes_has_one_number(databases: Databases, tmp_path: Path) -> None:
    """Killed again and again in the middle: as many cases as villagers, numbered without gap, each told once."""
    await databases.fresh("sqlite", tmp_path / "data")
    async with process(tmp_path / "data") as service, aiohttp.ClientSession() as http:
        people: list[Villager] = []

        async def come() -> None:
            for _batch in range(VILLAGERS // TOGETHER):
                people.extend(await asyncio.gather(*(reports(service, http) for _each in range(TOGETHER))))

        coming = asyncio.create_task(come())
        for _kill in range(KILLS):
            await asyncio.sleep(PAUSE)
            await service.kill()
            await service.start()
        await coming
        told = [await numbers(each) for each in people]
        assert all(len(each) == 1 for each in told), told
        assert sorted(int(number) for (number,) in told) == list(range(1, VILLAGERS + 1))
        assert await query(service, "SELECT count(*), max(number) FROM case_file") == [(VILLAGERS, VILLAGERS)]
        assert await query(service, "SELECT count(*) FROM case_entry WHERE kind = 'told'") == [(VILLAGERS,)]
        assert await service.stop() == 0
