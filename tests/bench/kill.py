"""`python -m tests.bench kill [--points 200] [--postgres] [--telegram poll]` (B14): kill -9 at random, then count.

The harness of `tests/night`, with more points. Exit code 1 when anything was lost, happened twice, came out of order or
was never shown.
"""

import argparse
import tempfile
from pathlib import Path

from tests.night.kill import kill_often
from tests.town import Databases

NAME = "kill"


def add_options(top: argparse.ArgumentParser) -> None:
    """Put this bench's options on the command line."""
    one = top.add_argument_group("kill", "kill -9 at random points while villagers talk, then count")
    one.add_argument("--points", type=int, default=200, help="how many kills")
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--villagers", type=int, default=50)
    one.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    one.add_argument("--telegram", choices=("", "poll", "webhook"), default="", help="every second villager is there")


async def run(chosen: argparse.Namespace) -> int:
    """Kill, count, say; returns the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        databases = Databases(Path(folder))
        try:
            data = Path(folder) / "data"
            url = await databases.fresh("postgres" if chosen.postgres else "sqlite", data)
            count = await kill_often(
                data, url, chosen.points, chosen.seed, villagers=chosen.villagers, telegram=chosen.telegram
            )
        finally:
            databases.close()
    print(f"{chosen.points} kills: {count}")
    for line in count.wrong[:50]:
        print(f"  {line}")
    return 1 if count.wrong else 0
