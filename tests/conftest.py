"""Fixtures: databases of both kinds, a running town, and people at their pages and telephones.

Every dialogue runs on both databases and all channels. What only makes sense at the chat box (sessions, HTTP status,
sockets, how a page shows things) is marked `web_only`, with the reason. By default `pytest` runs those that could lose
something in a restart in six of the twelve combinations, such that every two things meet; `--all` runs all.
"""

import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from bot.service import keep_what_is_loaded
from storage import db
from tests import town as towns
from tests.town import Databases, Person, Somebody, Town

BOTH = ("sqlite", "postgres")
CHANNELS = ("web", "telegram", "zalo")
_MESSENGER = re.compile(r"-(telegram|zalo)\b")
_COMBINED = re.compile(r"(sqlite|postgres)-(straight|rebuilt)-(web|telegram|zalo)\b")
LONGEST = ("tests/night/", "tests/test_browser.py", "tests/storage/test_imports.py", "tests/bot/test_cli.py")


PAIRS = ("sqlite-straight-web", "postgres-rebuilt-web", "sqlite-rebuilt-telegram", "postgres-straight-telegram",
         "sqlite-straight-zalo", "postgres-rebuilt-zalo")  # fmt: skip
"""Of database × straight or rebuilt × channel: every two of them together. All twelve run in .ci/run."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="dialogues in all twelve combinations, as .ci/run does")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "web_only(why): a dialogue that only makes sense at the chat box")
    config.addinivalue_line("markers", "heard(why): a dialogue about recordings, which Zalo does not take from us")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what does not make sense on a channel; what takes longest comes first, so that no worker ends alone."""
    left = [each for each in items if (mark := _unfit(each.name)) and any(map(each.get_closest_marker, mark))]
    if not config.getoption("all"):
        left += [each for each in items if (found := _COMBINED.search(each.name)) and found[0] not in PAIRS]
    if left:
        gone = set(left)
        config.hook.pytest_deselected(items=left)
        items[:] = [each for each in items if each not in gone]
    items.sort(key=lambda each: not each.nodeid.startswith(LONGEST))


def _unfit(name: str) -> tuple[str, ...]:
    """The marks of dialogues that are left out of a variant."""
    found = _MESSENGER.search(name)
    return ("web_only", "heard")[: 2 if found[1] == "zalo" else 1] if found else ()


def pytest_collection_finish() -> None:
    keep_what_is_loaded()


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """SQLAlchemy compiles a statement once in a worker, not once for each of its thousand engines: the engines of a
    driver share the dialect of the first one that has been connected, and with it what is compiled.
    """
    firsts: dict[tuple[str, bool], Engine] = {}

    def sharing(create: Callable[..., Any]) -> Callable[..., Any]:
        def created(*args: Any, **more: Any) -> Any:
            made = create(*args, **more)
            engine: Any = getattr(made, "sync_engine", made)
            first: Any = firsts.setdefault((engine.driver, engine.dialect.is_async), engine)
            if first is not engine and first.dialect.server_version_info is not None:
                engine.dialect = engine.pool._dialect = first.dialect
                engine._compiled_cache = first._compiled_cache
            return made

        return created

    with pytest.MonkeyPatch.context() as patch:
        for name in ("create_engine", "create_async_engine"):
            patch.setattr(db, name, sharing(getattr(db, name)))
        yield


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """Templates and copies of the sample database."""
    with tempfile.TemporaryDirectory() as folder:
        made = Databases(Path(folder))
        yield made
        made.close()


@pytest.fixture(params=[f"{kind}-{mode}-{on}" for kind in BOTH for mode in ("straight", "rebuilt") for on in CHANNELS])
async def town(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[Town]:
    """The service on both databases, straight and rebuilt before every message; villagers on all channels."""
    kind, mode, channel = request.param.split("-")
    async with towns.of_the_sample(databases, kind, tmp_path, channel, rebuilt=mode == "rebuilt") as made:
        yield made


@pytest.fixture(params=[f"{kind}-{on}" for kind in BOTH for on in CHANNELS])
async def steady_town(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[Town]:
    """The service on both databases, villagers on all channels, not rebuilt: for what has nothing to do with that."""
    kind, channel = request.param.split("-")
    async with towns.of_the_sample(databases, kind, tmp_path, channel) as made:
        yield made


@pytest.fixture
async def citizen(town: Town) -> Somebody:
    """A villager at the chat box, on Telegram or on Zalo."""
    return await towns.villager(town)


@pytest.fixture
async def official(town: Town) -> Person:
    """The clerk, at /office."""
    return await towns.official(town)
