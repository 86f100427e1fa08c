"""Forms that people bring on paper (L33): what is known is printed, the rest are dotted lines; nothing overflows."""

import pytest
from PIL import ImageStat

from messages.letters import PETITIONS, Templates
from messages.letters.drawing import TALLEST
from messages.letters.petitions import Complaint
from tests.letters import drawn, pages, picture, squeezed, text_of

OFFICE = "Ủy ban nhân dân xã Suối Lành"
LONG = "Nguyễn Phúc Bảo Ngọc Hoàng Vũ Đình Trần Thị Thu Hường Lý Kim Oanh Sùng A Páo Triệu Thị Pham"
JOINED = "Nguyễn" * 8 + "W" * 44
STORY = "Nhà tôi đã ở trên mảnh đất này từ năm 1986, có giấy tờ và người làm chứng. " * 38


@pytest.mark.parametrize("name", PETITIONS)
def test_L33_an_empty_form_has_lines_to_write_on(name: str) -> None:
    """On one sheet, with the country's motto, room for a signature or a fingerprint, and no word of acceptance."""
    made = PETITIONS[name].sample(whole=False)
    said = text_of(drawn(made).pdf)
    for words in ("Cộng hòa xã hội chủ nghĩa Việt Nam", "Kính gửi:", "hoặc điểm chỉ", "ngày …… tháng …… năm ………"):
        assert squeezed(words) in said, words
    assert said.count("." * 40) >= 8
    assert "thụlý" not in said
    assert len(pages(made)) == 1


def test_L33_everything_she_told_stands_in_the_letter() -> None:
    """Long names, joined letters, a story of pages, fifteen papers: nothing is cut off, nothing runs off the page."""
    made = Complaint(
        office=OFFICE, recipient=JOINED, writer=JOINED, address=LONG, against=LONG, decision=JOINED * 3,
        received="thứ Năm, 05/11/2026", content=STORY[:3000], asks=STORY[:1500], papers=(LONG,) * 15,
        place="Suối Lành", code="K7MX-43PD",
    )  # fmt: skip
    said = text_of(drawn(made).pdf)
    for words in (JOINED, LONG, STORY[:3000], STORY[:1500], "K7MX-43PD"):
        assert squeezed(words) in said
    phone = picture(drawn(made).png)
    assert phone.height <= TALLEST
    assert len(drawn(made).png) < 1_000_000
    for page in pages(made):
        strip = page.convert("L").crop((page.width - 40, 0, page.width, page.height))
        assert ImageStat.Stat(strip).extrema[0][0] > 250


def test_L33_what_is_missing_is_a_dotted_line_and_not_made_up() -> None:
    """Abroad neither name nor address nor phone is known; the identity number never is."""
    made = Complaint(office=OFFICE, recipient=f"Chủ tịch {OFFICE}", decision="Quyết định 45", content="Phạt nhầm nhà")
    said = text_of(drawn(made).pdf)
    for label in ("Họ và tên người khiếu nại", "Địa chỉ", "Số định danh cá nhân (ghi tay)", "Số điện thoại"):
        assert squeezed(f"{label}: ....") in said, label
    assert "mãin" not in said


def test_L28_the_form_to_denounce_can_hold_no_words() -> None:
    """There is no field into which a chat could write what somebody is accused of."""
    assert set(PETITIONS["denunciation"].meanings()) == {"office", "place"}
    source = Templates().source("denunciation").decode()
    assert "data.content" not in source
