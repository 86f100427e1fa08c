"""A cry for help: numbers first, a case, an alert at any hour, who has seen it."""

import re

import pytest

from tests import town as towns
from tests.town import Person, Town


@pytest.fixture
def town(steady_town: Town) -> Town:
    """Dialogues here run straight through; those that could lose something in a restart say so."""
    return steady_town


async def duty(town: Town) -> Person:
    return await towns.official(town, "Lường Quang Mộc")


async def test_L13_numbers_first_then_where_then_who_has_seen_it(town: Town, official: Person) -> None:
    """At night: the commune's numbers, the national ones, no rescue line; whoever is on duty reads it in his own chat,
    the shared chat learns thôn and kind; she says where and hears who has seen it.
    """
    town.clock.advance(towns.timedelta(hours=14))
    citizen, guard = await towns.villager(town), await duty(town)
    await citizen.says("Cháy nhà ở thôn Suối Trên, cứu với!")
    numbers = ("Trực ban Công an xã: 0951 000 113", "Trưởng thôn Suối Trên: 0951 000 203", "113: công an")
    places = [citizen.text.index(each) for each in (*numbers, "không phải đường dây cứu hộ", "đang ở đâu")]
    assert places == sorted(places)
    citizen.sees("Trạm y tế xã: 0951 000 115", "Cán bộ trực của xã cũng đã được nhắn")
    assert citizen.buttons()[-2:] == ["Bỏ qua", "Không có việc khẩn cấp"]
    await official.looks()
    shared = official.news[-1]
    assert shared["loud"]
    official.sees("Khẩn cấp: cháy, Thôn Suối Trên", "chưa được xác nhận")
    official.sees_not("cứu với")
    await guard.looks()
    guard.sees("cứu với", "mời gọi hỏi hoặc đến xem trước khi điều người đi")

    await citizen.says("sau nhà văn hóa, cạnh giếng")
    citizen.sees("Lời này đã tới cán bộ trực")
    await guard.looks()
    guard.sees("cạnh giếng")
    guard.sees_not("chưa được xác nhận")
    await official.looks()
    official.sees_not("cạnh giếng")

    await guard.taps("Tôi đã thấy")
    guard.sees("được báo là đã có người thấy")
    await citizen.looks()
    citizen.sees("Lường Quang Mộc, Trực ban Công an xã, đã thấy tin của ông/bà lúc 23 giờ, thứ Năm, 26/11/2026.")
    await guard.taps("Tôi đã thấy")
    guard.sees("đã được ghi từ trước")
    for token in ("#seen:99", "#called:99", "#seen:x"):
        await guard.does(kind="tap", text="…", token=token)
        guard.sees("không còn")
    await official.looks()
    official.sees("Lường Quang Mộc đã thấy, 23 giờ")
    await town.later(minutes=30)
    await citizen.looks()
    assert citizen.news == []
    await official.says("/hangdoi")
    official.sees("Khẩn cấp: cháy, Thôn Suối Trên")


@pytest.mark.web_only("it is about the office, not about her channel")
async def test_L13_the_case_leads_the_queue_and_can_be_called(town: Town, citizen: Person, official: Person) -> None:
    """Of three who wait the cry for help stands first, also for whoever has taken another; "called" reaches her."""
    for about in ("hỏi đất", "hỏi tiêm"):
        another = await towns.villager(town)
        await another.says("0")
        await another.says(about)
        await another.says("bỏ qua")
    await official.looks()
    await official.taps("Nhận")
    await citizen.says("bà tôi ngất xỉu")
    await official.says("/hangdoi")
    official.sees("Đang có 3 người chờ")
    assert official.text.index("Khẩn cấp: có người") < official.text.index("Lời nhắn số 1")
    await official.taps("Mở số 3")
    official.sees("bà tôi ngất xỉu")
    await official.taps("Đã gọi")
    official.sees("được báo là đã gọi")
    await citizen.looks()
    citizen.sees("Đặng Thị Thu Nhài", "đã gọi cho ông/bà lúc 9 giờ")
    await official.taps("Đóng")
    for button in ("Tôi đã thấy", "Đã gọi"):
        await official.taps(button)
        official.sees("đã kết thúc rồi")


async def test_L13_on_the_telephone_of_whoever_is_on_duty(town: Town, citizen: Person) -> None:
    """Who has connected his messenger is alerted there too, at night, and says there that he has seen it."""
    if town.telegram is None:
        return
    guard, telephone = await duty(town), await towns.villager(town)
    await guard.says("/ketnoi")
    await telephone.says(re.search(r"/start \S+", guard.text)[0])
    town.clock.advance(towns.timedelta(hours=15))
    await citizen.says("có trộm vào nhà")
    await telephone.looks()
    telephone.sees("Khẩn cấp: an ninh, trật tự", "có trộm vào nhà")
    await telephone.taps("Tôi đã thấy")
    await citizen.looks()
    citizen.sees("Lường Quang Mộc", "đã thấy tin")


@pytest.mark.web_only("it is about the office, not about her channel")
async def test_L13_nobody_has_seen_it(town: Town, citizen: Person) -> None:
    """After five minutes the chairman hears of it too, and she is told honestly, with the numbers once more."""
    guard, head = await duty(town), await towns.official(town, "Triệu Minh Khải")
    await citizen.says("có tai nạn ở ngã ba")
    await head.looks()
    head.sees_not("Chưa cán bộ nào thấy")
    await citizen.taps("Bỏ qua")
    citizen.sees("Xin ông/bà gọi ngay")
    await town.later(minutes=5)
    await citizen.looks()
    citizen.sees("Xin lỗi ông/bà, chưa cán bộ nào thấy tin", "0951 000 115", "115: cấp cứu")
    for each in (guard, head):
        await each.looks()
        each.sees("Chưa cán bộ nào thấy tin này", "có tai nạn ở ngã ba")
    for _each in range(4):
        await town.later(minutes=5)
    await head.looks()
    assert sum("Chưa cán bộ nào thấy tin này" in each["text"] for each in head.heard) == 3
    await head.taps("Tôi đã thấy")
    await citizen.looks()
    citizen.sees("Triệu Minh Khải, Chủ tịch UBND xã, đã thấy tin")


async def test_L13_an_open_question_is_set_aside_and_kept(town: Town, citizen: Person, official: Person) -> None:
    """In the middle of a question the numbers come; "tiếp tục" goes on with it afterwards, also after a restart."""
    await citizen.says("tra cứu")
    await citizen.says("Xin hỏi thì hàng xóm bị điện giật rồi")
    citizen.sees("115: cấp cứu", "gõ “tiếp tục”")
    await town.restart()
    await citizen.says("ở cuối thôn Khe Mận")
    citizen.sees("Lời này đã tới cán bộ trực", "Trưởng thôn Khe Mận: 0951 000 207")
    await official.looks()
    official.sees("Khẩn cấp: có người bị nạn, Thôn Khe Mận")
    await citizen.says("tiếp tục")
    citizen.sees("mã hồ sơ")


async def test_L13_no_emergency_after_all(town: Town, citizen: Person, official: Person) -> None:
    """One tap: the case ends, and her words are the answer they were meant to be, or go to an official."""
    await citizen.says("0")
    await citizen.says("nhà cháy năm ngoái, hỏi hỗ trợ")
    citizen.sees("114: chữa cháy")
    await citizen.taps("Không có việc khẩn cấp")
    citizen.sees("Xin lỗi ông/bà đã hỏi thêm")
    await official.looks()
    official.sees("Đã kết thúc")
    await citizen.taps("Tiếp tục")
    citizen.sees("thôn nào")
    await citizen.says("bỏ qua")
    citizen.sees("số 2")
    await citizen.does(kind="tap", text="…", token="#emergency-none:1")
    citizen.sees("đã kết thúc rồi")

    other = await towns.villager(town)
    await other.says("Năm ngoái nhà cháy, tôi muốn hỏi hỗ trợ")
    await other.says("không có việc khẩn cấp")
    other.sees("thôn nào")
    third = await towns.villager(town)
    await third.says("công an đánh tôi hôm nọ, cán bộ bao che")
    await third.taps("Không có việc khẩn cấp")
    third.sees("Xin phép hỏi ông/bà trước")


async def test_L13_with_a_person_and_back(town: Town, citizen: Person, official: Person) -> None:
    """A cry for help in a talk with an official makes a case of it; taken back, the talk goes on as before."""
    await citizen.says("0")
    await citizen.says("hỏi lịch tiêm")
    await citizen.says("bỏ qua")
    town.clock.advance(towns.timedelta(minutes=1))
    await citizen.says("bà tôi ngất xỉu")
    citizen.sees("115: cấp cứu")
    await official.looks()
    official.sees("Khẩn cấp: có người bị nạn", "(lời nhắn số 1)")
    await citizen.says("0")
    citizen.sees("Cán bộ trực đã có tin của ông/bà", "115: cấp cứu")
    await citizen.taps("Không có việc khẩn cấp")
    citizen.sees("vẫn đang nói chuyện với cán bộ")
    await official.looks()
    official.sees("Lời nhắn số 1", "hỏi lịch tiêm")


@pytest.mark.web_only("it is about the office, not about her channel")
async def test_L13_L03_what_accuses_somebody_stays_private(town: Town, citizen: Person, official: Person) -> None:
    """Words that also accuse reach the receivers alone; whoever is on duty learns kind and thôn, and where she is."""
    guard, receiver = await duty(town), await towns.official(town, "Bùi Thị Lụa")
    await citizen.says("Công an xã đánh tôi, cấp cứu với")
    citizen.sees("115: cấp cứu")
    await citizen.says("ở cổng chợ")
    for each in (guard, official, receiver):
        await each.looks()
        each.sees_not("đánh tôi")
    guard.sees("Lời nhắn chỉ người tiếp nhận được xem", "ở cổng chợ")
    official.sees("Khẩn cấp")
    official.sees_not("cổng chợ")
    receiver.sees("Có lời nhắn riêng")
    await receiver.taps("Mở")
    receiver.sees("Công an xã đánh tôi")


async def test_L13_a_caption_is_heard_too(town: Town, citizen: Person, official: Person) -> None:
    """A picture with a cry for help beneath it gets numbers first, and the picture is with the case."""
    guard = await duty(town)
    await citizen.sends("photo", text="cháy rừng trên đồi")
    citizen.sees("114: chữa cháy")
    await guard.looks()
    guard.sees("cháy rừng trên đồi")
    await citizen.sends("location", text="22.3900, 103.4500")
    citizen.sees("Lời này đã tới cán bộ trực")
    await guard.looks()
    guard.sees("22.3900, 103.4500")


@pytest.mark.web_only("it is about the office, not about her channel")
async def test_L13_what_sounds_alike_triggers_nothing(town: Town, citizen: Person) -> None:
    """A burnt bulb and goods that sell out bring no numbers and no case."""
    for text in ("cháy bóng đèn đường", "hàng cháy hết rồi", "chay bong den"):
        await citizen.says(text)
        citizen.sees_not("113: công an")
    guard = await duty(town)
    await guard.says("/hangdoi")
    guard.sees_not("Khẩn cấp")
