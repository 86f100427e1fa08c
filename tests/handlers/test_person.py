"""A person, please; the accusation gate; cries for help; what the clock does with a request that waits."""

import pytest

from tests import town as towns
from tests.town import Person, Somebody, Town


@pytest.fixture
def town(steady_town: Town) -> Town:
    """Dialogues here run straight through; those that could lose something in a restart say so."""
    return steady_town


async def asks(citizen: Somebody, about: str = "Giấy khai sinh của cháu tôi ghi sai tên đệm") -> Somebody:
    """Ask for a person about something, without naming a thôn."""
    await citizen.says("0")
    await citizen.says(about)
    return await citizen.says("bỏ qua")


async def test_L01_a_person_is_promised_a_time(town: Town, citizen: Somebody, official: Person) -> None:
    """A request reaches the office as a card with a clock, and she is told until when she is answered."""
    town.rebuilt = True
    await citizen.says("gặp người thật")
    citizen.sees("muốn hỏi cán bộ việc gì")
    await citizen.says("Giấy khai sinh của cháu tôi ghi sai tên đệm")
    citizen.sees("thôn nào")
    await citizen.says("bỏ qua")
    citizen.sees("số 1", "Cán bộ sẽ trả lời ông/bà trước 9 giờ 30, thứ Năm, 26/11/2026")
    await official.looks()
    card = official.news[-1]
    assert card["card"] == "request:1"
    assert card["loud"]
    assert card["clock"]["from"].startswith("2026-11-26T")
    official.sees("ghi sai tên đệm", "Chưa ai nhận")
    assert official.buttons() == ["Nhận", "Trả lời", "Lập vụ việc", "Đóng"]


async def test_L10_zero_on_the_way_to_a_person_goes_on(citizen: Somebody, official: Person) -> None:
    """Whoever types 0 again and again reaches the office, whatever is asked on the way."""
    await citizen.says("0")
    await citizen.says("hỏi đất đai")
    await citizen.says("dat lich sang mai")
    await citizen.says("sao lau the")
    citizen.sees("Xin nhắn số 0")
    await citizen.says("0")
    citizen.sees("số 1", "Cán bộ sẽ trả lời")
    await official.looks()
    official.sees("hỏi đất đai")


async def test_L01_out_of_hours_the_promise_is_for_tomorrow_morning(town: Town, citizen: Somebody) -> None:
    """At night she is told "sáng mai", with the hour."""
    town.clock.advance(towns.timedelta(hours=12))
    await asks(citizen)
    citizen.sees("Bây giờ ngoài giờ làm việc. Sáng mai, cán bộ sẽ trả lời ông/bà trước 8 giờ, thứ Sáu, 27/11/2026")


async def test_L01_her_further_words_reach_the_office_and_manners_do_not(citizen: Somebody, official: Person) -> None:
    """What she writes on is added to the card; "dạ", "cảm ơn" and a sticker ping nobody and get no answer."""
    await asks(citizen)
    await official.looks()
    await citizen.says("Cháu tên đệm là Thị, không phải Thi")
    citizen.sees("đã chuyển thêm lời này")
    await official.looks()
    official.sees("tên đệm là Thị")
    for manners in ("dạ", "cảm ơn", "Vâng ạ!"):
        await citizen.says(manners)
        assert citizen.news == []
    await citizen.sends("sticker")
    assert citizen.news == []
    await official.looks()
    assert official.news == []


async def test_L01_asking_twice_shows_the_same_promise(citizen: Somebody, official: Person) -> None:
    """A second "0" opens no second request."""
    await asks(citizen)
    await citizen.says("0")
    citizen.sees("lời nhắn số 1", "trước 9 giờ 30")
    await official.says("/hangdoi")
    official.sees("Đang có 1 người chờ")


async def test_L01_she_ends_it_herself(citizen: Somebody, official: Person) -> None:
    """ "Xong rồi" or the button ends the talk; the card says so, and the next words are the menu's again."""
    await asks(citizen)
    await citizen.says("xong rồi")
    citizen.sees("đã kết thúc", "Xin cảm ơn")
    await official.looks()
    official.sees("Đã kết thúc.")
    await citizen.taps("Kết thúc")
    citizen.sees("đã kết thúc rồi")
    await citizen.says("blah blah")
    citizen.sees("trợ lý chưa hiểu")


async def test_L01_a_call_back_needs_a_number_and_the_village(citizen: Somebody, official: Person) -> None:
    """ "Xin gọi lại cho tôi" asks for the number; the card carries it."""
    await citizen.says("0")
    await citizen.taps("Xin gọi lại cho tôi")
    citizen.sees("gọi lại số nào")
    await citizen.says("0912345678")
    await citizen.says("bỏ qua")
    citizen.sees("số 1")
    await official.looks()
    official.sees("xin gọi lại", "+84912345678")


async def test_L01_reminders_go_to_the_office_the_substitute_and_the_head(town: Town) -> None:
    """After 10, 20 and 30 minutes of opening hours the office, those on duty and the chairman are reminded."""
    citizen, clerk = await towns.villager(town), await towns.official(town)
    head = await towns.official(town, await _name(town, "chairman"))
    await asks(citizen)
    await clerk.looks()
    await head.looks()
    await town.later(minutes=10)
    await clerk.looks()
    clerk.sees("Xin nhắc: lời nhắn số 1 vẫn đang chờ")
    await town.later(minutes=10)
    await town.later(minutes=10)
    await head.looks()
    head.sees("Xin nhắc: lời nhắn số 1 vẫn đang chờ")
    before = len(head.heard)
    await town.later(minutes=10)
    await head.looks()
    assert len(head.heard) == before


async def _name(town: Town, role: str) -> str:
    people = await town.read(towns.officials.active, 1)
    return next(each.name for each in people if each.role == role)


async def test_L01_a_broken_promise_is_apologised_for_once(town: Town) -> None:
    """When the promise passes she gets an apology and the phone number, once."""
    citizen = await towns.villager(town)
    await asks(citizen)
    await town.later(minutes=31)
    await citizen.looks()
    citizen.sees("Xin lỗi ông/bà, đã quá giờ hẹn", "gọi")
    await town.later(minutes=5)
    await citizen.looks()
    assert citizen.news == []


async def test_L01_a_quiet_request_is_closed_after_a_day(town: Town) -> None:
    """A day without a word closes the request with a sentence; unanswered ones with an apology."""
    citizen = await towns.villager(town)
    await asks(citizen)
    await town.later(hours=25)
    await citizen.looks()
    citizen.sees("Xin lỗi ông/bà, lời nhắn số 1 đã hết hạn")


async def test_L03_an_accusation_stays_out_of_the_shared_chat(citizen: Somebody, town: Town) -> None:
    """It is not taken (L28); on her wish the receiver calls her, and only he learns so, in a chat of his own."""
    receiver = await towns.official(town, await _with_right(town, "receive"))
    other = await towns.official(town, await _with_right(town, ""))
    await citizen.says("Tôi tố cáo cán bộ địa chính nhận tiền")
    citizen.sees("không giữ lời ông/bà vừa gửi", "không ai được trả thù", "Nhờ gọi lại")
    citizen.sees_not("địa chính")
    await citizen.taps("Xin gọi lại cho tôi")
    await citizen.says("0912 345 678")
    citizen.sees("UBND xã sẽ gọi lại", "Công chức tiếp công dân")
    await receiver.looks()
    receiver.sees("Có lời nhắn riêng", "Lời nhắn số 1")
    await receiver.taps("Mở")
    receiver.sees("☎")
    await citizen.says("Ông ấy lấy năm triệu")
    citizen.sees("nói với người gọi lại")
    for each in (other, receiver):
        await each.looks()
        each.sees_not("năm triệu", "địa chính")
    assert other.heard == []
    await other.does(kind="tap", text="Mở", token="#open:1")
    other.sees("chỉ người được giao tiếp nhận mới mở được")


async def _with_right(town: Town, right: str) -> str:
    people = await town.read(towns.officials.active, 1)
    office = [each for each in people if each.role != "village-head"]
    return next(each.name for each in office if (right in each.rights if right else "receive" not in each.rights))


async def test_L03_later_messages_are_checked_too(citizen: Somebody, official: Person, town: Town) -> None:
    """An accusation in the middle of an ordinary request is not added to it."""
    other = await towns.official(town, await _with_right(town, ""))
    await asks(citizen, "Hỏi về sổ đỏ")
    await citizen.says("Trưởng thôn bao che cho người nhà")
    citizen.sees("không giữ lời ông/bà vừa gửi")
    await other.looks()
    other.sees("Hỏi về sổ đỏ")
    other.sees_not("bao che")


async def test_L03_without_accents_she_is_asked_first(citizen: Somebody, official: Person) -> None:
    """ "to cao" may be another word: nothing is routed before she has said so, and "no" goes the ordinary way."""
    await citizen.says("to cao")
    citizen.sees("Xin phép hỏi ông/bà trước")
    await official.looks()
    assert official.news == []
    await citizen.taps("Không, việc bình thường")
    citizen.sees("thôn nào")
    await citizen.says("bỏ qua")
    await official.looks()
    official.sees("to cao")


async def test_L03_in_the_middle_of_an_answer_the_gate_asks_first(
    town: Town, citizen: Somebody, official: Person
) -> None:
    """An answer that sounds like an accusation is asked about, and handed back to its question when it is none."""
    town.rebuilt = True
    await citizen.says("0")
    await citizen.says("Cán bộ nhận tiền lệ phí ở đâu, có tố cáo gì đâu")
    citizen.sees("Xin phép hỏi ông/bà trước")
    await citizen.taps("Không, đó là câu trả lời của tôi")
    citizen.sees("Xin mời ông/bà tiếp tục")
    await citizen.taps("Tiếp tục")
    citizen.sees("thôn nào")
    await citizen.says("bỏ qua")
    await official.looks()
    official.sees("nhận tiền lệ phí")


async def test_L03_said_yes_it_is_not_taken(citizen: Somebody, town: Town) -> None:
    """Asked and said yes: nothing of it is kept, and nobody is told."""
    other = await towns.official(town, await _with_right(town, ""))
    await citizen.says("toi muon to cao can bo")
    await citizen.says("1")
    citizen.sees("không giữ lời ông/bà vừa gửi")
    await other.looks()
    assert other.heard == []


async def test_L03_a_voice_note_nobody_has_heard_is_for_the_receiver(town: Town) -> None:
    """A voice note in an ordinary request is named on the shared card but not given out there."""
    citizen, other = await towns.villager(town), await towns.official(town)
    await asks(citizen)
    await citizen.sends("voice")
    await other.looks()
    other.sees("Lời nhắn chỉ người tiếp nhận được xem")


async def test_L09_a_name_that_several_thon_have_is_asked_about(town: Town) -> None:
    """A former name is understood; a name several thôn share is asked about; an unknown one is asked again kindly."""
    citizen = await towns.villager(town)
    await citizen.says("0")
    await citizen.says("Hỏi lịch tiêm")
    await citizen.says("Thôn Không Có Thật Ở Đây")
    citizen.sees("chưa tìm thấy thôn này")
    await citizen.says("thôn 2")
    citizen.sees("Có mấy nơi")
    assert [label for label in citizen.buttons() if label.startswith("Thôn 2")] == [
        "Thôn 2 (xã Bến Mơ cũ)", "Thôn 2 (xã Đồi Sim cũ)", "Thôn 2 (xã Khe Ngọc cũ)",
    ]  # fmt: skip
    await citizen.says("xa ben mo")
    citizen.sees("số 1")
    clerk = await towns.official(town)
    await clerk.looks()
    clerk.sees("Thôn 2 (xã Bến Mơ cũ)")


async def test_L09_a_former_name_is_understood_and_kept(town: Town) -> None:
    """A thôn named as it was before the merger is understood, and she is not asked again next time."""
    citizen, clerk = await towns.villager(town), await towns.official(town)
    await citizen.says("0")
    await citizen.says("Hỏi lịch tiêm")
    await citizen.says("thon 7 xa doi sim")
    citizen.sees("số 1")
    await clerk.looks()
    clerk.sees("Thôn Khe Mận")
    await citizen.says("xong rồi")
    await citizen.says("0")
    await citizen.says("Hỏi thêm lịch tiêm")
    citizen.sees("số 2")


async def test_L03_without_a_receiver_no_call_is_promised(town: Town, citizen: Somebody) -> None:
    """When nobody has been named, only paper and speaking are offered."""
    for each in await town.read(towns.officials.active, 1):
        if "receive" in each.rights:
            await town.write(towns.officials.remove, 1, each.id)
    await citizen.says("Tôi tố cáo trưởng thôn")
    citizen.sees("cán bộ phải ghi lại")
    citizen.sees_not("Nhờ gọi lại")
    assert not [each for each in citizen.buttons() if "gọi lại" in each]


async def test_L03_said_no_in_an_open_request_it_goes_on(citizen: Somebody, official: Person) -> None:
    """In an open request, words that accuse nobody after all are added to it."""
    await asks(citizen)
    await citizen.says("to cao")
    await citizen.says("toi to cao tuoi thoi")
    await citizen.taps("Không, việc bình thường")
    citizen.sees("đã chuyển thêm")
    await official.looks()
    official.sees("to cao")


async def test_L03_do_not_send_it(citizen: Somebody, official: Person) -> None:
    """She may also decide to send nothing."""
    await citizen.says("to cao")
    await citizen.taps("Thôi, không gửi")
    await official.looks()
    assert official.news == []


async def test_L01_sealed_requests_remind_the_receivers(town: Town, citizen: Somebody) -> None:
    """Reminders of a sealed request go to the receivers, at last to the chairman, who learns only its number."""
    receiver = await towns.official(town, await _with_right(town, "receive"))
    head = await towns.official(town, await _name(town, "chairman"))
    await citizen.says("Tôi tố cáo trưởng thôn")
    await citizen.taps("Xin gọi lại cho tôi")
    await citizen.says("0912 345 678")
    for _stage in range(3):
        await town.later(minutes=10)
    await receiver.looks()
    receiver.sees("Xin nhắc: lời nhắn số 1")
    await head.looks()
    head.sees("Xin nhắc: lời nhắn số 1")
    head.sees_not("tố cáo")


async def test_L01_an_answered_request_falls_quiet(town: Town, citizen: Somebody, official: Person) -> None:
    """An answered request that falls quiet is closed without an apology; asking again meanwhile says to write on."""
    await asks(citizen)
    await official.looks()
    await official.taps("Trả lời")
    await official.says("Dạ, xong rồi ạ")
    await official.taps("Gửi")
    await citizen.says("0")
    citizen.sees("đang nói chuyện với cán bộ")
    await town.later(hours=25)
    await citizen.looks()
    citizen.sees("Đã lâu không có lời nào thêm")
    await citizen.says("0")
    citizen.sees("hỏi cán bộ việc gì")


async def test_L01_skipping_and_calling_back_can_be_typed(citizen: Somebody) -> None:
    """The two buttons of the first question can be typed, by number or in words."""
    await citizen.says("0")
    await citizen.says("2")
    citizen.sees("thôn nào")
    await citizen.says("hủy")
    await citizen.says("0")
    await citizen.says("goi lai cho toi")
    citizen.sees("gọi lại số nào")


async def test_pictures_reach_the_office(citizen: Somebody, official: Person) -> None:
    """A file in an open request is named on the card."""
    await asks(citizen)
    await citizen.sends("location")
    await official.looks()
    official.sees("một vị trí trên bản đồ")
