"""A web desk for the tests of the doors: the service on SQLite with the settings a test wants, and plain requests."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from bot.clock import FixedClock
from bot.commune_setup import write_new
from storage import officials
from storage.inbox import inbox
from tests import town as towns
from tests.town import Databases, Person, Town


@asynccontextmanager
async def desk(
    databases: Databases, folder: Path, *, env: dict[str, str] | None = None, **overrides: Any
) -> AsyncIterator[Town]:
    """The sample commune's service, with these environment variables and overrides of the App."""
    url = await databases.fresh("sqlite", folder / "data")
    made = towns.settings(folder / "data", url, **env or {})
    async with towns.running(made, FixedClock(towns.START), **overrides) as town:
        yield town


@asynccontextmanager
async def real_desk(folder: Path, **env: str) -> AsyncIterator[Town]:
    """The service of a real commune: no sample, no demo."""
    (folder / "data").mkdir()
    write_new(folder / "data" / "commune.toml", name="UBND xã Thật")
    async with towns.running(towns.settings(folder / "data", **env), FixedClock(towns.START)) as town:
        yield town


async def ask(town: Town, method: str, path: str, **request: Any) -> tuple[int, dict[str, Any], Any]:
    """One request: the status, the JSON body (or {}), the headers."""
    async with town.http.request(method, path, **request) as answer:
        raw = await answer.read()
        return answer.status, json.loads(raw) if answer.content_type == "application/json" else {}, answer.headers


async def code_for(town: Town, role: str) -> str:
    """A one-time code for the first sample official with that role."""

    def make(db: Connection) -> str:
        person = next(each for each in officials.active(db, 1) if each.role == role)
        return officials.new_code(db, 1, person.id, town.clock.now())

    return await town.write(make)


async def stored(town: Town, state: str | None = None) -> int:
    """How many events the inbox holds."""
    where = () if state is None else (inbox.c.state == state,)
    return await town.read(lambda db: db.execute(select(func.count()).select_from(inbox).where(*where)).scalar_one())


def vietnamese(sentence: str) -> bool:
    """Whether this reads as a Vietnamese sentence."""
    return sentence.endswith((".", "?", "!")) and any(
        letter in "àáảãạăâêôơưđíìóòúùếềệọờớứự" for letter in sentence.casefold()
    )


def cookie_of(person: Person) -> str:
    return person.headers["Cookie"].partition("=")[2]
