"""A week without a word: then Telegram's update ids begin anew at random, and nothing is skipped."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests import town as towns
from tests.night import handler
from tests.night.test_outage import effects
from tests.telegram_world import WEEK
from tests.town import Databases


@pytest.mark.parametrize("mode", ["poll", "webhook"])
async def test_after_a_week_of_silence_no_update_is_skipped(databases: Databases, tmp_path: Path, mode: str) -> None:
    """Far above, far below, and at an id that was used before; what comes twice there acts once all the same."""
    made = towns.of_the_sample(
        databases, "sqlite", tmp_path, "telegram", rebuilt=mode == "poll", handlers=handler.HANDLERS
    )
    async with made as town:
        handler.prepare(tmp_path / "data")
        server, hoa, first = town.telegram, town.telegram.user(7001), town.telegram.bot.next_id
        hoa.says("/viec đầu")
        await town.settle()
        for number, begin in enumerate((first, 7, 2**31 - 1000, first + 1)):
            await town.later(seconds=WEEK)
            server.restart_ids(begin)
            town.clock.advance(timedelta(seconds=1))
            for part in "ab":
                hoa.says(f"/viec {number}{part}")
                await town.settle()
        assert await effects(town) == ["đầu", *(f"{number}{part}" for number in range(4) for part in "ab")]
        assert hoa.chat.texts == [f"Việc {what} đã ghi." for what in await effects(town)]
