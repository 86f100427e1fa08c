"""Rows of the requirement list that several handlers deliver together: tone (G01-G08), slip (A02), procedures (A16)."""

import re

from bot import sample
from messages.render import Catalogs
from tests import town as towns
from tests.town import START, Person, Somebody, Town

VIETNAMESE = Catalogs()._words["vi"]
CITIZENS = [words for words in VIETNAMESE.values() if "ông/bà" in words]
"""What is said to citizens; officials are spoken to without it."""
READY, LATE, _PRIVATE = sample.demo_codes(START.date())


async def test_g01_four_times_xin(citizen: Somebody) -> None:
    """Greet, apologise before explaining, thank, ask leave: xin chào, xin lỗi, xin cảm ơn, xin phép (mời, xin)."""
    await citizen.opens()
    citizen.sees("Xin chào ông/bà")
    await citizen.says(LATE.code)
    assert citizen.text.index("xin lỗi") < citizen.text.index("Tình trạng")
    await citizen.says("0")
    await citizen.says("cho tôi hỏi việc đất")
    await citizen.says("bỏ qua")
    citizen.sees("Xin cảm ơn ông/bà")


async def test_g02_whoever_is_not_understood_is_helped(citizen: Somebody) -> None:
    """Gentle and listening: nonsense brings an apology and a way on, never a blame."""
    await citizen.says("qwertz asdf")
    citizen.sees("Xin lỗi ông/bà", "Ông/bà cần việc gì ạ?")
    assert any("Gặp cán bộ" in label for label in citizen.buttons())


def test_g03_nobody_is_blamed() -> None:
    """No sentence tells a citizen that she did something wrong."""
    blame = re.compile(r"\b(ông/bà (đã )?(nhập|gõ|làm) sai|không hợp lệ|vi phạm|lỗi của ông/bà)\b", re.IGNORECASE)
    assert [words for words in CITIZENS if blame.search(words)] == []


def test_g04_the_bot_can_apologise_and_thank() -> None:
    """Among its words are apologies and thanks."""
    assert sum("xin lỗi" in words.lower() for words in CITIZENS) >= 10
    assert sum("cảm ơn" in words.lower() for words in CITIZENS) >= 10


def test_g05_nobody_is_commanded() -> None:
    """Service and guidance instead of orders: no "yêu cầu", "bắt buộc", "cấm", "nghiêm"."""
    order = re.compile(r"\b(yêu cầu ông/bà|bắt buộc|nghiêm cấm|nghiêm chỉnh|chấp hành)\b", re.IGNORECASE)
    assert [words for words in CITIZENS if order.search(words)] == []


async def test_g06_an_official_s_reply_carries_name_and_post(town: Town, citizen: Somebody, official: Person) -> None:
    """What an official writes reaches her with his name and post."""
    await ask(citizen)
    await official.looks()
    await official.taps("Trả lời")
    await official.says("Dạ, sáng thứ Hai có ạ.")
    await official.taps("Gửi")
    await town.later(seconds=61)
    await citizen.looks()
    citizen.sees("Dạ, sáng thứ Hai có ạ.")
    clerk = next(each for each in await town.read(towns.officials.active, 1) if each.name == "Đặng Thị Thu Nhài")
    assert "Công chức" in clerk.post
    citizen.sees_signed(clerk.name, clerk.post)


async def test_g07_a_task_has_its_five_clear_points(citizen: Somebody, official: Person) -> None:
    """Whoever takes a request reads who, what, answerable for what, by when, with what result."""
    await ask(citizen)
    await official.looks()
    await official.taps("Nhận")
    official.sees("Rõ người: Đặng Thị Thu Nhài", "Rõ việc: Lời nhắn số 1", "Rõ trách nhiệm:")
    official.sees("Rõ tiến độ: trả lời trước 9 giờ 30", "Rõ kết quả: chưa trả lời")


def test_g08_plain_words() -> None:
    """No jargon in what a citizen reads."""
    jargon = re.compile(
        r"\b(hệ thống|truy cập|thao tác|cú pháp|tham số|phiên làm việc|server|token|TTHC)\b", re.IGNORECASE
    )
    assert [words for words in CITIZENS if jargon.search(words)] == []


async def test_a02_the_appointment_in_the_chat(citizen: Somebody) -> None:
    """After the last four digits she reads what the slip says: code, received, due, place, officer."""
    await citizen.says(READY.code)
    await citizen.taps("Xem chi tiết")
    await citizen.says(READY.tail)
    citizen.sees(READY.code, "Ngày tiếp nhận:", "Hẹn trả:", "Nơi nhận kết quả:", "Cán bộ thụ lý:")


async def test_a16_a_dossier_names_its_procedure_and_what_comes_next(citizen: Somebody) -> None:
    """The part of the procedures that stands today: the dossier's procedure, its state and the next step."""
    await citizen.says(READY.code)
    citizen.sees("bản sao", "Tình trạng: đã có kết quả", "Mời ông/bà đến nhận")
    await citizen.says("/thutuc")
    citizen.sees("chưa")


async def ask(citizen: Somebody) -> None:
    await citizen.says("gặp cán bộ")
    await citizen.says("Giấy khai sinh của cháu xong chưa ạ?")
    await citizen.says("bỏ qua")
