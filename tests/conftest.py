"""Fixtures: databases of both kinds, a running town, and people at their pages."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.clock import FixedClock
from tests import town as towns
from tests.town import Databases, Person, Town

BOTH = ("sqlite", "postgres")


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """Templates and copies of the sample database."""
    with tempfile.TemporaryDirectory() as folder:
        made = Databases(Path(folder))
        yield made
        made.close()


@pytest.fixture(params=[f"{kind}-{mode}" for kind in BOTH for mode in ("straight", "rebuilt")])
async def town(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[Town]:
    """The service on both databases, straight and rebuilt before every message."""
    kind, mode = request.param.split("-")
    async for each in _town(databases, kind, tmp_path, rebuilt=mode == "rebuilt"):
        yield each


@pytest.fixture(params=BOTH)
async def steady_town(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[Town]:
    """The service on both databases, not rebuilt: for what has nothing to do with restarts."""
    async for each in _town(databases, request.param, tmp_path):
        yield each


async def _town(databases: Databases, kind: str, folder: Path, *, rebuilt: bool = False) -> AsyncIterator[Town]:
    data = folder / "data"
    url = await databases.fresh(kind, data)
    made = Town(towns.settings(data, url), FixedClock(towns.START), rebuilt=rebuilt)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()
        if url:
            databases.drop(url)


@pytest.fixture
async def citizen(town: Town) -> Person:
    """A villager at the chat box."""
    return await towns.villager(town)


@pytest.fixture
async def official(town: Town) -> Person:
    """The clerk, at /office."""
    return await towns.official(town)
