"""Phiếu trình: one sheet on which the Chairman decides by hand, for whoever never logs in (L21)."""

from dataclasses import dataclass
from typing import ClassVar

from messages.letters.letter import flag, several, words
from messages.letters.signed import Signed


@dataclass(frozen=True, kw_only=True)
class Submission(Signed):
    """What is asked, what is known, what may be chosen. It is always paper to be signed: number and date are dots."""

    name: ClassVar[str] = "submission"
    title: ClassVar[str] = "Phiếu trình"

    place_date: str = words("Nơi viết; ngày để trống, ghi tay", "Suối Lành", 90)
    title_of_person: str = words("Cách gọi người nhận", "", 30)
    recipient: str = words("Trình ai", "Chủ tịch Ủy ban nhân dân xã Suối Lành", 120, needed=True)
    address: str = words("Địa chỉ, khi cần", "", 240)
    signing: tuple[str, ...] = several("Dòng chức danh của người quyết định", ("CHỦ TỊCH",), 60, count=3, needed=True)
    signer: str = words("Họ và tên người quyết định", "Triệu Văn Lâm", 80)
    to_sign: bool = flag("Luôn là bản in để ký")

    subject: str = words(
        "Về việc gì", "Lùi ngày trả kết quả hồ sơ 000.00.12.H99-261102-0012 lần thứ hai", 240, needed=True
    )
    asked: str = words(
        "Điều xin Chủ tịch quyết định", "Cho lùi ngày trả kết quả đến thứ Sáu, 18/12/2026 và ký thư xin lỗi", 500,
        needed=True,
    )  # fmt: skip
    facts: tuple[str, ...] = several(
        "Những điều đã biết",
        (
            "Người nộp: bà Nguyễn Thị Thu Hường, thôn Suối Trên",
            "Hẹn trả lần đầu: thứ Sáu, 27/11/2026; hẹn lại: thứ Sáu, 11/12/2026",
            "Lý do: mưa kéo dài nên tổ đo đạc chưa đo xong thửa đất",
        ),
        300, count=12,
    )  # fmt: skip
    options: tuple[str, ...] = several(
        "Các phương án để đánh dấu", ("Đồng ý", "Không đồng ý", "Ý kiến khác:"), 200, count=6
    )
    decide_by: str = words("Cần có ý kiến trước", "16 giờ, thứ Năm, 10/12/2026", 80)
    proposer: str = words("Người trình", "Nguyễn Thị Hoa", 80, needed=True)
    proposer_post: str = words("Chức danh người trình", "Công chức một cửa", 80)

    def __post_init__(self) -> None:
        object.__setattr__(self, "to_sign", True)
        super().__post_init__()
