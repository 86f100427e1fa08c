"""One person on Zalo and on Telegram: joined by a code, told once, on the channel she used last."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from storage import audience
from storage.citizens import address
from tests import town as towns
from tests.conftest import BOTH
from tests.town import TELEGRAM, ZALO, Databases, Somebody, Town


@pytest.fixture(params=[f"{kind}-{mode}" for kind in BOTH for mode in ("straight", "rebuilt")])
async def town(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[Town]:
    """A commune on both messengers."""
    kind, mode = request.param.split("-")
    async with towns.of_the_sample(databases, kind, tmp_path, ZALO, TELEGRAM, rebuilt=mode == "rebuilt") as made:
        yield made


async def code_of(person: Somebody) -> str:
    """What she is told to send on the other channel."""
    await person.says("/noi")
    person.sees("nhắn cho trợ lý: nối", "15 phút", "đừng đưa mã cho ai")
    return next(line for line in person.text.splitlines() if "nối " in line).rpartition(": ")[2]


async def both(town: Town) -> tuple[Somebody, Somebody]:
    """She has written on both."""
    zalo, telegram = await towns.villager(town, ZALO), await towns.villager(town, TELEGRAM)
    await zalo.says("xin chào")
    await telegram.says("xin chào")
    return zalo, telegram


async def test_a_code_joins_her_two_chats_after_a_yes(town: Town) -> None:
    """The warning first; then both are one citizen, and the other chat is told."""
    zalo, telegram = await both(town)
    await telegram.says(await code_of(zalo))
    telegram.sees("Ai cầm máy kia sẽ đọc được", "đều là của ông/bà")
    await telegram.taps("Đúng, nối lại")
    telegram.sees("Đã nối hai kênh")
    (await zalo.looks()).sees("vừa được nối với Telegram")
    assert len(await town.read(citizens_of)) == 1
    await zalo.says("/noi")
    zalo.sees("đang nối với Telegram")


async def test_the_one_chat_or_the_other_parts_them_again(town: Town) -> None:
    """Whoever did not mean it taps once, on the chat that was told."""
    zalo, telegram = await both(town)
    await telegram.says(await code_of(zalo))
    await telegram.taps("Đúng, nối lại")
    await (await zalo.looks()).taps("Bỏ nối")
    zalo.sees("Đã bỏ nối")
    assert len(await town.read(citizens_of)) == 2
    await zalo.taps("Bỏ nối")
    zalo.sees("chưa nối với kênh nào")


async def test_no_is_no_and_a_code_works_once(town: Town) -> None:
    """Left alone when she declines; the same code joins only one; one of yesterday joins nobody."""
    zalo, telegram = await both(town)
    code = await code_of(zalo)
    await telegram.says(code)
    await telegram.taps("Thôi")
    assert len(await town.read(citizens_of)) == 2
    await zalo.says(code)
    zalo.sees("đã nối với nhau rồi")
    await telegram.says(code)
    await telegram.taps("Đúng, nối lại")
    other = await towns.villager(town, TELEGRAM)
    await other.says(code)
    other.sees("không còn dùng được")
    late = await code_of(other)
    town.clock.advance(timedelta(minutes=16))
    third = await towns.villager(town, ZALO)
    await third.says(late)
    third.sees("không còn dùng được")


async def test_a_yes_that_comes_too_late_joins_nobody(town: Town) -> None:
    """The code has run out, or another of her chats was quicker, between the question and the yes."""
    zalo, telegram = await both(town)
    other = await towns.villager(town, TELEGRAM)
    await other.says("xin chào")
    code = await code_of(zalo)
    await telegram.says(code)
    await other.says(code)
    await other.taps("Đúng, nối lại")
    other.sees("Đã nối hai kênh")
    await telegram.taps("Đúng, nối lại")
    telegram.sees("không còn dùng được")
    assert len(await town.read(citizens_of)) == 2


async def test_telegram_opens_with_the_code_in_its_link(town: Town) -> None:
    """One tap on the address does the same as typing."""
    zalo, telegram = await both(town)
    code = await code_of(zalo)
    await telegram.says("/start noi-" + "".join(filter(str.isdecimal, code)))
    telegram.sees("đều là của ông/bà")


async def test_a_notice_reaches_the_chat_she_used_last(town: Town) -> None:
    """Joined, she is one person for a notice, whichever chat it was meant for."""
    zalo, telegram = await both(town)
    await telegram.says(await code_of(zalo))
    await telegram.taps("Đúng, nối lại")
    for chat, channel in ((zalo, "zalo"), (telegram, "telegram")):
        town.clock.advance(timedelta(minutes=6))  # it is written down at most every five
        await chat.says("cảm ơn")
        (she,) = await town.read(citizens_of)
        assert await town.read(used_last, she) == channel


def citizens_of(db: Connection) -> set[int]:
    """The citizens behind all addresses of messengers."""
    hers = select(address.c.citizen_id).where(address.c.channel.in_([ZALO, TELEGRAM]))
    return set(db.execute(hers).scalars())


def used_last(db: Connection, citizen_id: int) -> str:
    """The channel by which a notice would reach her first."""
    people = audience.persons(db, 1, [audience.Recipient(citizen_id)])
    (facts,) = audience.facts(db, 1, "dossiers", people)
    return facts.addresses[0].channel
