"""Days of quick return (A15): set in chat, told with the opening hours, and first in answers on the day itself."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from bot.commune import Commune
from bot.commune_changes import changed
from bot.commune_setup import told_in_chat
from messages.render import ZONE
from storage import facts
from storage.facts import Change
from tests.bot.turns import VILLAGER, Bench, Chats
from tests.town import START, Person, Town

TODAY = "Hôm nay là ngày trả nhanh kết quả"
COMING = "Ngày trả nhanh kết quả sắp tới:"


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


@pytest.fixture
def chats(bench: Bench) -> Iterator[Chats]:
    with bench.town() as chats:
        yield chats


@pytest.mark.parametrize("role", ["clerk", "chairman"])
def test_A15_a_day_is_added_told_and_taken_away(chats: Chats, role: str) -> None:
    """The clerk or the chairman names a day; hours tell of it to everybody, until it is taken away by its button."""
    who = chats.official(role)
    assert "Chưa có ngày trả nhanh kết quả nào" in chats.says("/ngaytranhanh", who).text
    assert COMING not in chats.says("/giolamviec").text
    added = chats.says("/ngaytranhanh 10/12/2026", who)
    assert "từ nay trợ lý báo cho bà con" in added.text
    chats.says("/ngaytranhanh 1/12", who)
    hours = chats.says("mấy giờ mở cửa").text
    assert f"{COMING}\nthứ Ba, 01/12/2026.\nthứ Năm, 10/12/2026." in hours
    assert "thứ Năm, 10/12/2026" in chats.says("ngày trả nhanh kết quả").text
    button = next(each for each in chats.says("/ngaytranhanh", who).buttons if "01/12" in each["label"])
    assert "không báo ngày này nữa" in chats.taps(button["token"], who).text
    assert "01/12/2026" not in chats.says("mấy giờ mở cửa").text
    chats.says("/ngaytranhanh bỏ 10/12/2026", who)
    assert COMING not in chats.says("mấy giờ mở cửa").text
    assert "chưa có lịch ngày trả nhanh" in chats.says("ngày trả nhanh kết quả").text


def test_A15_on_the_day_it_stands_first(chats: Chats) -> None:
    """That day, answers on hours and dossiers begin with it; the next day it is gone, and never among the coming."""
    chats.says("/ngaytranhanh 27/11/2026", chats.official())
    assert TODAY not in chats.says("mấy giờ mở cửa").text
    chats.clock.advance(timedelta(days=1))
    assert chats.now.astimezone(ZONE).date() == date(2026, 11, 27)
    hours = chats.says("mấy giờ mở cửa").text
    assert hours.startswith(TODAY)
    assert COMING not in hours
    assert chats.says("H55.242-260901-0012").text.startswith(TODAY)
    assert chats.says("ngày trả nhanh kết quả").text.startswith(TODAY)
    chats.clock.advance(timedelta(days=1))
    assert TODAY not in chats.says("mấy giờ mở cửa").text


@pytest.mark.parametrize(("said", "told"), [
    ("/ngaytranhanh thứ mấy", "Thêm ngày: /ngaytranhanh"), ("/ngaytranhanh 25/11/2026", "từ thứ Năm, 26/11/2026"),
    ("/ngaytranhanh 29/11/2026", "Xã không làm việc Chủ Nhật, 29/11/2026"),
    ("/ngaytranhanh 26/12/2028", "Thêm ngày: /ngaytranhanh"), ("/ngaytranhanh bỏ", "Thêm ngày: /ngaytranhanh"),
])  # fmt: skip
def test_A15_a_mistake_is_told_and_changes_nothing(chats: Chats, said: str, told: str) -> None:
    """No day, a day that is over, a Sunday, a day years ahead: said kindly, and nobody is told of it."""
    assert told in chats.says(said, chats.official()).text
    assert facts.changes(chats.db, 1) == []


def test_A15_who_may_not(chats: Chats) -> None:
    """A villager and an official without that post change nothing, not even with a button of the clerk's."""
    villager, official = VILLAGER, chats.official("official")
    for who in (villager, official):
        chats.says("/ngaytranhanh 10/12/2026", who)
        chats.taps("#quick-day-remove:2026-12-10", who)
    assert facts.changes(chats.db, 1) == []


def test_A15_at_most_three_are_told(chats: Chats) -> None:
    """Six days are kept, people read the next three."""
    clerk = chats.official()
    for day in range(7, 12):
        chats.says(f"/ngaytranhanh {day}/12/2026", clerk)
    hours = chats.says("mấy giờ mở cửa").text
    assert "09/12/2026" in hours
    assert "10/12/2026" not in hours
    assert len(chats.says("/ngaytranhanh", clerk).buttons) == 5


def test_A15_chat_stands_over_the_file() -> None:
    """A day of commune.toml can be taken away in chat, set twice it is one, and `check` names both changes."""
    base = Commune(name="UBND xã A", province="tỉnh B", dossiers={"quick_days": ["2026-12-10"]})
    changes = [
        Change("quick-day:2026-12-10", False, "Bà A", START), Change("quick-day:2026-12-24", True, "Ông B", START),
        Change("quick-day:2026-12-24", True, "Ông B", START), Change("quick-day:soon", True, "Ông B", START),
    ]  # fmt: skip
    assert changed(base, changes).dossiers.quick_days == (date(2026, 12, 24),)
    told = [each.sentence for each in told_in_chat(changes[:2])]
    assert ["10/12/2026: bỏ" in told[0], "24/12/2026: thêm" in told[1]] == [True, True]


async def test_A15_on_every_channel(town: Town, citizen: Person, official: Person) -> None:
    """The clerk sets it at his place, she reads it at hers."""
    await official.says("/ngaytranhanh 10/12/2026")
    await citizen.says("mấy giờ mở cửa")
    citizen.sees(COMING, "thứ Năm, 10/12/2026")
