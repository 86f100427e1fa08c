"""The power fails: kill -9 at random points, and afterwards everything is counted."""

from pathlib import Path

import pytest

from tests.night.kill import kill_often
from tests.town import Databases


@pytest.mark.parametrize(("kind", "points", "seed"), [("sqlite", 14, 1), ("postgres", 6, 2)])
async def test_killed_at_random_points_nothing_is_lost_and_nothing_happens_twice(
    databases: Databases, tmp_path: Path, kind: str, points: int, seed: int
) -> None:
    """Fifty villagers talk, the service is killed again and again: each accepted message has its effect exactly once,
    in order, and each answer is shown."""
    url = await databases.fresh(kind, tmp_path / "data")
    count = await kill_often(tmp_path / "data", url, points, seed)
    print(count)
    assert not count.wrong, f"{count}\n" + "\n".join(count.wrong[:20])
