"""Turns without network for the talks: the sample commune in one file a module, undone after each test."""

from collections.abc import Iterator

import pytest

from tests.bot.turns import Bench, Chats


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


@pytest.fixture
def chats(bench: Bench) -> Iterator[Chats]:
    with bench.town() as made:
        yield made
