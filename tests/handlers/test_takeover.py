"""On Zalo officials can write by hand, past the assistant; and she can withdraw or open the chat without a word."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from storage import citizens, inbox, outbox
from tests import stores
from tests import town as towns
from tests.town import START, Databases, FixedClock, Person, Town
from tests.zalo_person import ZaloPerson
from tests.zalo_server import ZaloServer

HOA = "2468458835296197922"


@pytest.fixture(params=stores.BOTH)
async def town(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[Town]:
    """The sample commune's service with an Official Account."""
    data, clock = tmp_path / "data", FixedClock(START)
    url = await databases.fresh(request.param, data)
    try:
        async with ZaloServer(now=lambda: clock.now().timestamp()) as zalo:
            made = towns.settings(data, url, **zalo.environ)
            async with towns.running(made, clock) as town:
                zalo.hook.url = f"http://127.0.0.1:{town.service.port}/zalo/webhook"
                town.zalo = zalo
                yield town
    finally:
        if url:
            databases.drop(url)


@pytest.fixture
def hoa(town: Town) -> ZaloPerson:
    return ZaloPerson(town, zalo=town.zalo, user=town.zalo.user(HOA))


async def types(hoa: ZaloPerson, words: str) -> None:
    """An official writes to her in OA Manager."""
    hoa.zalo.oa.writes(hoa.user, words)
    await hoa.looks()


async def later(town: Town, hoa: ZaloPerson, **time: float) -> None:
    """The clock moves and ticks, and what comes of it reaches her telephone."""
    await town.later(**time)
    await hoa.looks()


def card(official: Person) -> dict[str, Any]:
    """The newest state of the request's card."""
    return next(each for each in reversed(official.heard) if each["card"] == "request:1")


def sent(hoa: ZaloPerson) -> list[str]:
    return hoa.user.chat.texts


async def test_while_an_official_writes_himself_the_assistant_is_silent_and_the_office_reads(
    town: Town, hoa: ZaloPerson, official: Person
) -> None:
    """Told once; what she writes is on a card, not answered; afterwards she is answered again."""
    await hoa.opens()
    before = len(sent(hoa))
    await types(hoa, "Chào bà, tôi là cán bộ tư pháp.")
    await hoa.says("Giấy khai sinh của cháu tôi ghi sai tên")
    await hoa.taps("1. Xem hồ sơ đến đâu rồi")
    await hoa.says("0")
    await types(hoa, "Bà mang giấy cũ tới nhé.")
    assert len(sent(hoa)) == before
    await official.looks()
    told = [each["text"] for each in official.heard if "tự nhắn tin" in each["text"]]
    assert len(told) == 1
    assert "11 giờ" in told[0] or "10 giờ" in told[0] or "9 giờ" in told[0]
    shown = card(official)
    assert "ghi sai tên" in shown["text"]
    assert "Đã trả lời" in shown["text"]
    await later(town, hoa, hours=1, minutes=1)
    await official.looks()
    assert "Đã kết thúc" in card(official)["text"]
    await hoa.says("menu")
    assert len(sent(hoa)) == before + 1


async def test_her_last_words_wait_for_somebody_when_the_official_has_gone(
    town: Town, hoa: ZaloPerson, official: Person
) -> None:
    """Nobody promised her anything by hand, so the office is reminded as for any request."""
    await hoa.opens()
    await types(hoa, "Chào bà.")
    await hoa.says("Bao giờ thì có giấy?")
    await later(town, hoa, hours=1, minutes=1)
    await official.looks()
    shown = card(official)
    assert "Bao giờ thì có giấy?" in shown["text"]
    assert "Chưa ai nhận" in shown["text"]
    assert shown["loud"]


async def test_a_request_that_waited_is_answered_by_his_hand(town: Town, hoa: ZaloPerson, official: Person) -> None:
    """Nobody is reminded of it, and no apology reaches her in the middle of his words."""
    await hoa.opens()
    await hoa.says("0")
    await hoa.says("Hỏi về đất")
    await hoa.says("bỏ qua")
    await types(hoa, "Chào bà, về đất thì bà mang sổ đỏ tới.")
    before = len(sent(hoa))
    await official.looks()
    assert "Đã trả lời" in card(official)["text"]
    await later(town, hoa, hours=3)
    assert len(sent(hoa)) == before


async def test_a_cry_for_help_is_answered_at_any_time(town: Town, hoa: ZaloPerson) -> None:
    """An official who types is perhaps not looking."""
    await hoa.opens()
    await types(hoa, "Chào bà.")
    await hoa.says("cháy nhà rồi cứu với")
    assert "114" in sent(hoa)[-1]


async def test_L28_what_accuses_somebody_is_not_taken(town: Town, hoa: ZaloPerson, official: Person) -> None:
    """Whoever is typing: she is told who can read there."""
    await hoa.opens()
    await types(hoa, "Chào bà.")
    await hoa.says("Tôi tố cáo ông trưởng thôn ăn chặn tiền hỗ trợ")
    await official.looks()
    assert not [each for each in official.heard if "ăn chặn" in each["text"]]
    assert "Người quản trị tài khoản Zalo" in sent(hoa)[-1]


async def test_our_own_words_are_no_takeover_even_if_zalo_names_an_administrator(
    town: Town, hoa: ZaloPerson, official: Person
) -> None:
    """Whether it does so is not confirmed; the assistant must not silence itself."""
    await hoa.opens()
    ours = hoa.user.chat.sent[-1]
    hoa.zalo.oa.echo(ours, admin_id="6011234567890123456")
    await hoa.looks()
    before = len(sent(hoa))
    await hoa.says("menu")
    assert len(sent(hoa)) == before + 1
    await official.looks()
    assert not [each for each in official.heard if "tự nhắn tin" in each["text"]]


async def test_who_has_never_written_is_not_made_known_by_his_hand(town: Town, hoa: ZaloPerson) -> None:
    """No citizen and no open window come of it."""
    await types(hoa, "Chào bà.")
    assert await town.read(citizens.find, 1, "zalo", (await hoa.address()).account, HOA) is None


async def test_opening_the_chat_greets_once_a_day_and_never_disturbs(town: Town, hoa: ZaloPerson) -> None:
    """ "Nhắn tin" opens the window; a question that waits for her answer is left alone."""
    hoa.user.opens_chat()
    await hoa.looks()
    assert len(sent(hoa)) == 1
    assert "Xin chào" in sent(hoa)[0]
    hoa.user.opens_chat()
    await hoa.looks()
    await hoa.says("tra cứu hồ sơ")
    town.clock.advance(timedelta(hours=1))
    hoa.user.opens_chat()
    await hoa.looks()
    assert len(sent(hoa)) == 2


async def test_who_withdraws_is_forgotten_within_a_minute(town: Town, hoa: ZaloPerson) -> None:
    """Her words, what was sent to her, and she herself."""
    await hoa.opens()
    await hoa.says("Tôi là Hoa ở thôn Nà Lìu")
    at = await hoa.address()
    hoa.user.withdraws()
    await hoa.looks()
    await later(town, hoa, minutes=2)
    assert await town.read(citizens.find, 1, "zalo", at.account, HOA) is None
    said = select(outbox.outbox.c.body).where(outbox.outbox.c.chat == HOA)
    words = await town.read(lambda db: db.execute(said).scalars().all())
    assert len(list(filter(None, words))) <= 1  # that all is erased
    heard = select(inbox.inbox.c.raw).where(inbox.inbox.c.channel == "zalo")
    kept = await town.read(lambda db: db.execute(heard).scalars().all())
    assert not any(kept)


async def test_who_leaves_is_left_in_peace_and_welcome_back(town: Town, hoa: ZaloPerson) -> None:
    """Unfollowing is noted; following again opens her address anew."""
    await hoa.opens()
    at = await hoa.address()
    hoa.user.unfollows()
    await hoa.looks()
    assert await town.read(citizens.has_left, 1, "zalo", at.account, HOA)
    town.clock.advance(timedelta(hours=1))
    hoa.user.follows()
    await hoa.looks()
    assert not await town.read(citizens.has_left, 1, "zalo", at.account, HOA)
