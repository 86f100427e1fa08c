"""Saved answers with fields: chosen while answering, kept by clerks and the Chairman (B13)."""

import pytest

from storage import saved_answers
from tests.bot.desk_cases import filed, tap
from tests.bot.turns import Chats, Said

WRITER = "Hoàng Đức Lâm"


def chosen(chats: Chats, name: str) -> Said:
    """To the words, filled for a case."""
    case, clerk = filed(chats), chats.official()
    said = tap(chats, clerk, chats.taps(f"#case-reply:{case.id}", clerk), "Mẫu có sẵn")
    return tap(chats, clerk, said, name)


@pytest.mark.parametrize("name", ["Cảm ơn", "Đã chuyển nơi", "Sẽ có người đến", "Lời dịu", "Giấy tờ"])
def test_B13_ours_are_filled_for_the_case(chats: Chats, name: str) -> None:
    """Every field has its words; none is left in braces, and it is seen before it goes."""
    said = chosen(chats, name)
    assert "PA-0001" in said.text
    assert "{" not in said.text
    clerk = chats.official()
    look = tap(chats, clerk, said, "Giữ nguyên")
    assert "ký tên Đặng Thị Thu Nhài" in look.text
    assert any("Về việc PA-0001" in body["text"] for body in tap(chats, clerk, look, "Gửi").everything)


def test_a_saved_answer_may_be_written_anew(chats: Chats) -> None:
    """What he writes is what goes."""
    chosen(chats, "Cảm ơn")
    clerk = chats.official()
    look = chats.says("Xin cảm ơn bà đã báo.", clerk)
    assert "Xin cảm ơn bà đã báo." in look.text
    assert "cho cả" not in look.text


def test_an_office_keeps_its_own(chats: Chats) -> None:
    """Written with fields, used, changed, deleted; an unknown field is refused with a list of those there are."""
    clerk = chats.official()
    tap(chats, clerk, chats.says("/mautraloi", clerk), "Thêm mẫu mới")
    chats.says("Hẹn xem cống", clerk)
    refused = chats.says("Về {so}, {ten_ba} ơi", clerk)
    assert "{ten_ba}" in refused.text
    assert "{chuc_vu}" in refused.text
    assert "Đã lưu mẫu" in chats.says("Về {so} ở {thon}: {viec}. {can_bo}, {chuc_vu}.", clerk).text
    said = chosen(chats, "Hẹn xem cống")
    assert "Về PA-0001 ở Thôn Trung: ngập, thoát nước. Đặng Thị Thu Nhài" in said.text
    chats.says("/huy", clerk)
    tap(chats, clerk, tap(chats, clerk, chats.says("/mautraloi", clerk), "Hẹn xem cống"), "Viết lại")
    chats.says("Về {so}: mai ạ.", clerk)
    assert [each.text for each in saved_answers.all_of(chats.db, 1)] == ["Về {so}: mai ạ."]
    tap(chats, clerk, tap(chats, clerk, chats.says("/mautraloi", clerk), "Hẹn xem cống"), "Xóa")
    assert saved_answers.all_of(chats.db, 1) == []


def test_only_a_clerk_or_the_chairman_changes_them(chats: Chats) -> None:
    """Others use them; whoever lost the right in the middle changes nothing."""
    assert "được mời" in chats.says("/mautraloi", chats.official("official", WRITER)).text
    clerk = chats.official()
    tap(chats, clerk, chats.says("/mautraloi", clerk), "Thêm mẫu mới")
    chats.says("Hẹn xem cống", clerk)
    chats.remove(clerk)
    chats.says("Về {so}", clerk)
    assert saved_answers.all_of(chats.db, 1) == []
