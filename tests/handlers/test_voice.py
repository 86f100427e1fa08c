"""A voice note is never a wrong answer: it is offered to a listener, with a promised time (L12)."""

import pytest

from tests import town as towns
from tests.town import Person, Town

NOTE = b"OggS" + bytes(200)


@pytest.fixture
def town(steady_town: Town) -> Town:
    """Dialogues here run straight through."""
    return steady_town


async def speaks(citizen: Person) -> Person:
    return await citizen.sends("voice", NOTE, "audio/ogg")


async def test_L12_it_is_offered_to_a_listener_with_a_promised_time(
    town: Town, citizen: Person, official: Person
) -> None:
    """Outside a talk: who can hear it and until when; one tap, and only receivers can open it; "called" reaches her."""
    receiver = await towns.official(town, "Bùi Thị Lụa")
    await speaks(citizen)
    citizen.sees("trợ lý không nghe được lời nói. Cán bộ có thể nghe giúp", "trước 9 giờ 30")
    labels = ["Nhờ nghe, tôi nói tiếng Việt", "Nhờ nghe, tôi nói tiếng Nùng", "Nhờ nghe, tôi nói tiếng Tày"]
    assert citizen.buttons()[:3] == labels
    await citizen.taps("tiếng Việt")
    citizen.sees("lời nhắn số 1", "Cán bộ sẽ trả lời ông/bà trước 9 giờ 30")
    await citizen.taps("tiếng Việt")
    citizen.sees("cán bộ đã có lời nói này rồi")
    await official.looks()
    official.sees("lời nói cần người nghe", "Lời nhắn chỉ người tiếp nhận được xem")
    assert official.buttons() == ["Nhận", "Trả lời", "Đã gọi", "Đóng"]
    await official.does(kind="tap", text="Mở", token="#open:1")
    assert official.news[0]["documents"] == []
    await receiver.looks()
    receiver.sees("Có lời nhắn riêng")
    await receiver.taps("Mở")
    assert len(receiver.news[0]["documents"]) == 1

    await receiver.taps("Đã gọi")
    receiver.sees("được báo là đã gọi")
    await citizen.looks()
    citizen.sees("Bùi Thị Lụa, Công chức tiếp công dân, đã gọi cho ông/bà lúc 9 giờ", "xin nhắn lại ở đây")
    await receiver.taps("Đã gọi")
    receiver.sees("đã được ghi từ trước")
    await official.looks()
    official.sees("Bùi Thị Lụa đã gọi, 9 giờ")
    await official.does(kind="tap", text="Đã gọi", token="#called:1")
    official.sees("Bùi Thị Lụa")
    await town.later(minutes=45)
    await citizen.looks()
    assert citizen.news == []


@pytest.mark.web_only("it is about the office, not about her channel")
async def test_L12_by_languages_spoken(town: Town, citizen: Person) -> None:
    """A listener of her language is asked to hear it and may open it; another official may not."""
    listener, other = await towns.official(town, "Nông Thị Thắm"), await towns.official(town, "Hoàng Đức Lâm")
    await speaks(citizen)
    await citizen.taps("tiếng Tày")
    await listener.looks()
    listener.sees("Mời nghe giúp một lời nói", "lời nói bằng tiếng Tày")
    await listener.taps("Mở")
    assert len(listener.news[0]["documents"]) == 1
    await other.does(kind="tap", text="Mở", token="#open:1")
    assert other.news[0]["documents"] == []


async def test_L12_inside_a_talk_the_question_stays_open(town: Town, citizen: Person) -> None:
    """A note is offered to a listener each time, and the question asked again; it never counts as misunderstood."""
    await citizen.says("tra cứu")
    for _each in range(3):
        await speaks(citizen)
        citizen.sees("Cán bộ có thể nghe giúp", "trước 9 giờ 30", "mã hồ sơ")
        citizen.sees_not("số 0 để gặp")
        assert citizen.buttons()[-1] == "Thôi, dừng lại"
    await citizen.taps("tiếng Việt")
    citizen.sees("lời nhắn số 1", "Câu hỏi lúc nãy vẫn chờ")
    await speaks(citizen)
    await citizen.taps("tiếng Nùng")
    citizen.sees("lời nhắn số 1")
    listener = await towns.official(town, "Nông Thị Thắm")
    await listener.says("/hangdoi")
    listener.sees("lời nói bằng tiếng Nùng")
    await citizen.says("H55.242-260901-0012")
    citizen.sees("H55.242-260901-0012")


@pytest.mark.web_only("it is about the office, not about her channel")
async def test_L12_with_a_person_it_goes_on_with_the_promise(town: Town, citizen: Person) -> None:
    """In an open request a further note reaches the receivers, and the promise is told; another language is noted."""
    await citizen.says("0")
    await citizen.says("hỏi trợ cấp")
    await citizen.says("bỏ qua")
    await speaks(citizen)
    citizen.sees("đã chuyển thêm", "trước 9 giờ 30")


async def test_L12_a_recording_that_is_somebody_else_s_is_not_passed_on(town: Town, citizen: Person) -> None:
    """Whoever gets hold of the button cannot use it."""
    await speaks(citizen)
    token = citizen.button("tiếng Việt")["token"]
    other = await towns.villager(town)
    await other.does(kind="tap", text="…", token=token)
    other.sees("không còn ở đây")
