"""The front door: greeting, menu, hours, help, and what is not here yet."""

import pytest

from tests import town as towns
from tests.town import Person, Somebody, Town


@pytest.fixture
def town(steady_town: Town) -> Town:
    """Dialogues here run straight through; those that could lose something in a restart say so."""
    return steady_town


async def test_L10_greeting_words_come_once_a_day(town: Town, citizen: Somebody) -> None:
    """She is greeted in the commune's name once a day, always told that nobody asks for OTP, and sees a small menu."""
    await citizen.opens()
    citizen.sees("Xin chào ông/bà! Đây là Trợ lý của UBND", "không ai hỏi mã OTP, mật khẩu")
    assert len(citizen.buttons()) <= 5
    assert citizen.buttons()[-1] == "0. Gặp cán bộ"
    await citizen.opens()
    citizen.sees_not("Xin chào")
    citizen.sees("mã OTP")
    town.clock.advance(towns.timedelta(days=1))
    await citizen.says("xin chào")
    citizen.sees("Xin chào ông/bà!")


async def test_L10_a_line_of_the_menu_can_be_typed(citizen: Somebody) -> None:
    """The menu's numbers can be typed."""
    await citizen.opens()
    await citizen.says("3")
    citizen.sees("Từ thứ Hai đến thứ Sáu", "giờ")
    await citizen.opens()
    await citizen.says("4")
    citizen.sees("niêm kín")
    await citizen.opens()
    await citizen.says("2")
    citizen.sees("muốn báo xã việc gì")


async def test_L10_two_misunderstandings_in_a_row_bring_a_person(citizen: Somebody, official: Person) -> None:
    """The first time a kind sentence and the menu, the second time a person, who sees what she had written."""
    await citizen.says("qwrt zxcv")
    citizen.sees("Xin lỗi ông/bà, trợ lý chưa hiểu câu này")
    assert citizen.buttons()[-1] == "0. Gặp cán bộ"
    await citizen.says("asdf ghjk")
    citizen.sees("Cán bộ sẽ giúp ông/bà")
    await citizen.taps("Bỏ qua")
    await citizen.says("bỏ qua")
    citizen.sees("số 1")
    await official.looks()
    official.sees("asdf ghjk")


async def test_L10_being_understood_in_between_counts(citizen: Somebody) -> None:
    """A message that is understood starts the count anew."""
    await citizen.says("qwrt zxcv")
    await citizen.says("/trogiup")
    await citizen.says("asdf ghjk")
    citizen.sees("trợ lý chưa hiểu câu này")


async def test_L10_zero_is_a_person_everywhere(citizen: Somebody) -> None:
    """ "0" leads to a person, from the menu as from the middle of a question."""
    await citizen.opens()
    await citizen.says("0")
    citizen.sees("hỏi cán bộ việc gì")


@pytest.mark.parametrize("kind", ["sticker", "photo", "voice", "location"])
async def test_whatever_she_sends_gets_a_kind_sentence(town: Town, kind: str) -> None:
    """A sticker, a picture, a voice note or a place out of the blue is answered kindly."""
    citizen = await towns.villager(town)
    await citizen.sends(kind)
    citizen.sees("ông/bà")


async def test_manners_are_no_misunderstanding(citizen: Somebody) -> None:
    """Thanks are answered and not misunderstood."""
    await citizen.says("cảm ơn")
    citizen.sees("Dạ, xin cảm ơn ông/bà")


@pytest.mark.parametrize("text", ["/khaosat", "/thutuc", "/thongbao", "đăng ký tạm trú cần gì"])
async def test_what_is_not_here_yet_is_called_so(town: Town, text: str) -> None:
    """What comes later is said to be missing, with hours, phone and a person."""
    citizen = await towns.villager(town)
    await citizen.says(text)
    citizen.sees("ở đây chưa có", "gõ số 0", "gọi", "Từ thứ Hai")


async def test_hours_tell_whether_the_office_is_open(town: Town, citizen: Somebody) -> None:
    """Hours say whether it is open now and when it opens again, where it is and its phone."""
    await citizen.says("Xã làm việc mấy giờ?")
    citizen.sees("đang mở cửa", "7 giờ 30", "số")
    town.clock.advance(towns.timedelta(hours=12))
    await citizen.says("may gio mo cua")
    citizen.sees("ngoài giờ làm việc", "mở cửa lại lúc 7 giờ 30, thứ Sáu, 27/11/2026")


async def test_L10_a_village_head_is_greeted_by_name_and_only_once(town: Town) -> None:
    """One greeting with name and thôn, not a villager's after it."""
    head = await towns.villager(town, demo="village-head")
    await head.opens()
    head.sees("Kính chào ông/bà", "hộ trong danh sách", "mã OTP")
    head.sees_not("Xin chào")
