"""Two processes share the office's work: two officials tap the same card at the same moment (B04)."""

import asyncio
from pathlib import Path

from storage import cases
from tests import town as towns
from tests.town import Databases, settings

ROUNDS = 5


async def test_B04_two_officials_at_two_processes_take_one_case_once(databases: Databases, tmp_path: Path) -> None:
    """Each time one has it, the other is told who was first; her chat hears of one."""
    url = await databases.fresh("postgres", tmp_path / "data")
    shared = settings(tmp_path / "data", url)
    try:
        async with towns.running(shared) as here, towns.running(shared) as there:
            first = await towns.official(here)
            second = await towns.official(there, "Lâm")
            for number in range(1, ROUNDS + 1):
                citizen = await towns.villager(here)
                await citizen.says("Đường thôn Suối Trên ngập sâu quá")
                await citizen.says("gửi đi")
                citizen.sees(f"PA-{number:04d}")
                token = f"#case-take:{number}"
                takes = [each.does(kind="tap", text="Nhận", token=token) for each in (first, second)]
                await asyncio.gather(*takes)
                said = [each.text for each in (first, second)]
                assert sum("Ông/bà đã nhận PA-" in each for each in said) == 1, said
                assert sum(f"đã nhận PA-{number:04d} trước" in each for each in said) == 1, said
                taken = await here.read(cases.entries, 1, number)
                assert [each.kind for each in taken].count("taken") == 1
    finally:
        databases.drop(url)
