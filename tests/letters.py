"""Waiting for letters in tests: they are drawn outside the turn, in a process of their own."""

import asyncio

from sqlalchemy import Connection, func, select

from storage.letters import letter
from tests.town import Person


async def arrived(person: Person) -> Person:
    """Once every letter that was ordered has been drawn or has failed, what that brought to this person."""
    town = person.town
    for _look in range(3000):
        if not await town.read(_waiting):
            break
        await asyncio.sleep(0.01)
    else:
        raise AssertionError("letters are still waiting")
    await town.settle()
    before = list(person.news)
    await person.looks()
    person.news = person.news or before
    return person


def _waiting(db: Connection) -> int:
    return int(db.execute(select(func.count()).select_from(letter).where(letter.c.state == "new")).scalar_one())
