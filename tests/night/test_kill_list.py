"""A list dropped into the office's chat while the power is cut: shown again, applied wholly, told once."""

import asyncio
import uuid
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.night.kill import write_dossiers
from tests.night.script import Process, process, query, until
from tests.town import Databases

ROWS = 6_000
TAKEN = "SELECT count(*), count(DISTINCT code_key), min(status) FROM dossier WHERE code LIKE 'H98.%'"


class Clerk:
    """The sample's clerk in his browser, whatever becomes of the service."""

    def __init__(self, http: aiohttp.ClientSession, service: Process) -> None:
        self._http, self._base = http, f"http://127.0.0.1:{service.port}/office/api"
        self._headers: dict[str, str] = {}

    async def enters(self) -> None:
        async with self._http.post(f"{self._base}/enter", json={"demo": True}) as answer:
            assert answer.status == 200, await answer.text()
            self._headers = {"X-Office": "1", "Cookie": f"gandan_office={answer.cookies['gandan_office'].value}"}
        self._http.cookie_jar.clear()

    async def drops(self, raw: bytes) -> None:
        headers = self._headers | {"Content-Type": "text/csv", "X-File-Name": "ho-so.csv"}
        async with self._http.post(f"{self._base}/files", data=raw, headers=headers) as answer:
            name = (await answer.json())["file"]
        await self.posts(kind="file", files=[name], text="")

    async def posts(self, **body: Any) -> None:
        body |= {"id": str(uuid.uuid4())}
        async with self._http.post(f"{self._base}/messages", json=body, headers=self._headers) as answer:
            assert answer.status == 200, await answer.text()

    async def reads(self) -> list[dict[str, Any]]:
        async with self._http.get(f"{self._base}/updates", params={"after": 0}, headers=self._headers) as answer:
            return list((await answer.json())["messages"])

    async def sees(self, words: str) -> dict[str, Any]:
        """Wait for a message with these words; there is one."""
        async with asyncio.timeout(40):
            while not (found := [each for each in await self.reads() if words in each["text"]]):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert len(found) == 1
        return found[0]


@pytest.mark.parametrize("state", ["shown", "reading", "applying"])
async def test_A05_a_list_in_hand_outlives_a_kill(databases: Databases, tmp_path: Path, state: str) -> None:
    """Killed while it is looked at, read or applied: it is shown, or taken in whole, and its end is told once."""
    await databases.fresh("sqlite", tmp_path / "data")
    raw = write_dossiers(tmp_path / "hồ sơ.csv", ROWS, 4).read_bytes()
    async with process(tmp_path / "data") as service, aiohttp.ClientSession() as http:
        clerk = Clerk(http, service)
        await clerk.enters()
        await clerk.drops(raw)
        if state == "shown":
            await until(service, "SELECT count(*) > 0 FROM preview WHERE attempts > 0")
            await service.kill()
            await service.start()
        shown = await clerk.sees("6.000 hồ sơ mới, 0 thay đổi")
        apply = next(each for each in shown["buttons"] if "Áp dụng" in each["label"])
        await clerk.posts(kind="tap", text=apply["label"], token=apply["token"])
        if state != "shown":
            await until(service, f"SELECT count(*) FROM import_run WHERE file <> 'sample' AND state = '{state}'")
            await until(service, "SELECT count(*) > 0 FROM import_row")
            await service.kill()
            await service.start()
        await clerk.sees("Đã nhập xong danh sách “ho-so.csv”")
        assert await query(service, TAKEN) == [(ROWS, ROWS, 4)]
        assert await query(service, "SELECT count(*) FROM import_row") == [(0,)]
        runs = await query(service, "SELECT state FROM import_run WHERE file <> 'sample' ORDER BY id")
        assert runs == ([("failed",)] if state == "reading" else []) + [("done",)]
        assert await service.stop() == 0
