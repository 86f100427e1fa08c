"""Personal data: what is kept, for how long, seeing it, and asking to have it erased."""

import pytest

from tests import town as towns
from tests.town import Person, Town


@pytest.fixture
def town(steady_town: Town) -> Town:
    """Dialogues here run straight through; those that could lose something in a restart say so."""
    return steady_town


async def test_L11_canhan_tells_what_is_kept_and_for_how_long(citizen: Person) -> None:
    """/canhan names the periods the office sets, and the version of guidance."""
    await citizen.says("/canhan")
    citizen.sees("niêm kín và giữ 30 ngày", "kèm số bản", "1825 ngày", "quyền xem, sửa, xóa")


async def test_she_sees_what_is_kept_about_her(town: Town, citizen: Person, official: Person) -> None:
    """One tap lists it: her words, the answers, the guidance with its version; nobody else's."""
    await citizen.says("0")
    await citizen.says("Hỏi về sổ hộ khẩu")
    await citizen.says("Thôn Khe Mận")
    await official.looks()
    await official.taps("Trả lời")
    await official.says("Dạ, sổ hộ khẩu nay không cần nữa ạ.")
    await official.taps("Gửi")
    await citizen.says("/canhan")
    await citizen.taps("Xem thông tin đang lưu")
    citizen.sees("Thôn Khe Mận", "Ông/bà viết: Hỏi về sổ hộ khẩu", "Cán bộ trả lời: Dạ, sổ hộ khẩu", "bản hướng dẫn")
    other = await towns.villager(town)
    await other.says("/canhan")
    await other.taps("Xem thông tin đang lưu")
    other.sees_not("hộ khẩu", "Khe Mận")


async def test_erasing_is_done_by_a_person(citizen: Person, official: Person) -> None:
    """Asking to erase opens a request with its promise; nothing is erased without a second factor."""
    await citizen.says("xóa thông tin của tôi")
    citizen.sees("lời nhắn số 1", "Cán bộ sẽ hỏi lại", "Cán bộ sẽ trả lời ông/bà trước")
    await official.looks()
    official.sees("thông tin cá nhân", "đề nghị sửa hoặc xóa")
    await official.does(kind="tap", text="Xem", token="#see:")
    official.sees("không lưu thông tin của người dân")
    await official.does(kind="tap", text="Xóa", token="#erase:")
    official.sees("không lưu thông tin của người dân")
