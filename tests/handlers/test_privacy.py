"""Personal data: what is kept, for how long, seeing it, and asking to have it erased."""

import pytest

from tests import town as towns
from tests.town import Person, Somebody, Town


@pytest.fixture
def town(steady_town: Town) -> Town:
    """Dialogues here run straight through; those that could lose something in a restart say so."""
    return steady_town


async def test_L11_canhan_tells_what_is_kept_and_for_how_long(citizen: Somebody) -> None:
    """/canhan names the periods the office sets, and the version of guidance."""
    await citizen.says("/canhan")
    citizen.sees("niêm kín và giữ 30 ngày", "kèm số bản", "1825 ngày", "quyền xem, sửa, xóa")


async def test_she_sees_what_is_kept_about_her(town: Town, citizen: Somebody, official: Person) -> None:
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


async def test_a_person_corrects_within_the_terms_of_the_law(citizen: Person, official: Person) -> None:
    """Asking to correct opens a request with its promise and the law's terms; at /office there is nothing to see."""
    await citizen.says("/canhan")
    assert citizen.buttons() == [
        "Xem thông tin đang lưu", "Hồ sơ của từng người", "Đề nghị sửa", "Xóa thông tin", "Dừng nhận tin",
    ]  # fmt: skip
    await citizen.taps("Đề nghị sửa")
    citizen.sees("lời nhắn số 1", "Cán bộ sẽ hỏi lại")
    citizen.sees("trước hết thứ Hai, 30/11/2026", "xong trước Chủ Nhật, 06/12/2026")
    await official.looks()
    official.sees("thông tin cá nhân", "đề nghị sửa")
    await official.does(kind="tap", text="Xem", token="#see:")
    official.sees("không lưu thông tin của người dân")
