"""The right to act for the Official Account, in real processes: two at once, and killed with kill -9 in the middle."""

import asyncio
import json
import os
import random
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from tests import stores
from tests.zalo_server import ZaloServer

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds after which a test gives up; nothing is measured by it."""
TOKEN = "access_token"


class FirstToken(ZaloServer):
    """Zalo; `first` is the refresh token that stands in the settings from the beginning."""

    first = ""

    async def start(self) -> Self:
        self.first = self.oauth.refresh
        return await super().start()


class Holder:
    """One process of `tests.night.grant`."""

    def __init__(self, url: str, folder: Path, server: FirstToken, **more: str) -> None:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")}
        ours = {"DATA_DIR": str(folder), "DATABASE_URL": url, "SECRET_KEY": "s" * 43, "PYTHONPATH": str(ROOT)}
        self._environ = kept | ours | server.environ | {"ZALO_REFRESH_TOKEN": server.first} | more
        self._folder = folder
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.night.grant", cwd=self._folder, env=self._environ, stderr=log,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
        assert await self.hears() == {"ready": True}

    def say(self, words: str) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(words.encode() + b"\n")

    async def hears(self) -> dict[str, Any]:
        """The next line of it; {} when it was killed before."""
        assert self.process is not None
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            line = await self.process.stdout.readline()
        found: dict[str, Any] = json.loads(line) if line else {}
        return found

    async def does(self, words: str) -> dict[str, Any]:
        self.say(words)
        return await self.hears()

    async def kill(self) -> None:
        """kill -9."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@pytest.fixture(params=stores.BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with stores.fresh(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[str]:
    with stores.fresh("postgres", tmp_path) as made:
        yield made


@pytest.fixture
async def server() -> AsyncIterator[FirstToken]:
    async with FirstToken() as made:
        yield made


@asynccontextmanager
async def holder(url: str, folder: Path, server: FirstToken, **more: str) -> AsyncIterator[Holder]:
    made = Holder(url, folder, server, **more)
    try:
        await made.start()
        yield made
    finally:
        await made.kill()


def expire(server: FirstToken) -> None:
    """Zalo ends the access token before its time."""
    server.oauth._good.clear()


async def test_two_processes_that_need_a_token_at_once_never_spend_one_twice(
    postgres: str, tmp_path: Path, server: FirstToken
) -> None:
    """Ten times in the same moment: one refresh each time, both can go on, nobody is told anything."""
    async with holder(postgres, tmp_path, server) as one, holder(postgres, tmp_path, server) as two:
        for time in range(1, 11):
            expire(server)
            one.say("open")
            two.say("open")
            for each in (one, two):
                assert await each.hears() == {"error": "", "told": [], "lost": "", "generation": time}
            assert len(server.called(TOKEN)) == time


async def test_killed_after_zalo_changed_the_key_the_operator_is_told_in_one_sentence(
    url: str, tmp_path: Path, server: FirstToken
) -> None:
    """The new pair died with the process. The next one finds out, says what happened, once; a new consent mends it."""
    seconds = {"GRANT_SECONDS": "1"}
    async with holder(url, tmp_path, server) as first:
        assert (await first.does("open"))["error"] == ""
    expire(server)
    async with holder(url, tmp_path, server, GRANT_STOPS="answered", **seconds) as second:
        assert await second.does("open") == {"stands": "answered"}
    told: list[str] = []
    for _start in range(2):
        async with holder(url, tmp_path, server, **seconds) as next_one:
            for word in ("open", "open", "look"):
                said = await next_one.does(word)
                told += said["told"]
                assert (said["error"], said["lost"]) == ("NeedsPerson", "unanswered")
    (sentence,) = told
    assert "the service was interrupted just when Zalo changed our key" in sentence
    assert "python -m bot zalo connect" in sentence
    assert sentence.count(". ") == 0
    async with holder(url, tmp_path, server) as last:
        assert (await last.does(f"adopt {server.oauth.pair()[1]}"))["lost"] == ""
        assert (await last.does("open"))["error"] == ""


async def test_killed_before_the_request_left_nothing_is_lost(url: str, tmp_path: Path, server: FirstToken) -> None:
    """The old refresh token is good; the next process waits until the dead one's time is over and goes on."""
    async with holder(url, tmp_path, server, GRANT_STOPS="asked", GRANT_SECONDS="1") as first:
        assert await first.does("open") == {"stands": "asked"}
    async with holder(url, tmp_path, server) as second:
        assert await second.does("open") == {"error": "", "told": [], "lost": "", "generation": 1}


async def test_while_one_is_dead_the_other_goes_on(postgres: str, tmp_path: Path, server: FirstToken) -> None:
    """Of two processes one is killed while it asks: the other neither spends the token at once nor waits for ever."""
    async with (
        holder(postgres, tmp_path, server, GRANT_STOPS="asked", GRANT_SECONDS="3") as one,
        holder(postgres, tmp_path, server) as two,
    ):
        assert await one.does("open") == {"stands": "asked"}
        two.say("open")
        await asyncio.sleep(0.5)
        assert not server.called(TOKEN)
        await one.kill()
        assert await two.hears() == {"error": "", "told": [], "lost": "", "generation": 1}


async def test_killed_at_any_moment_it_either_goes_on_or_says_so(url: str, tmp_path: Path, server: FirstToken) -> None:
    """Wherever the power fails: a good pair is never replaced, what is lost is told once and never in silence."""
    dice = random.Random(4)
    for _kill in range(5):
        async with holder(url, tmp_path, server, GRANT_SECONDS="1") as one:
            expire(server)
            one.say("open")
            await asyncio.sleep(dice.uniform(0, 0.08))
        async with holder(url, tmp_path, server, GRANT_SECONDS="1") as next_one:
            said = await next_one.does("open")
            if said["lost"]:
                assert (said["lost"], len(said["told"])) == ("unanswered", 1)
                said = await next_one.does(f"adopt {server.oauth.pair()[1]}")
            assert (said["error"], said["lost"]) == ("", "")
            assert (await next_one.does("open"))["error"] == ""
    assert server.oauth.refreshed >= 5
