"""The Chairman's week of cases on one page (B08): figures and bars, without anybody's words or name.

A line with a number is written "label: 12"; the template draws it as a tile or a bar.
"""

from dataclasses import dataclass
from typing import ClassVar

from messages.letters.letter import Letter, several, words


@dataclass(frozen=True, kw_only=True)
class Weekly(Letter):
    """One week. Figures are words, as people read them."""

    name: ClassVar[str] = "weekly"
    title: ClassVar[str] = "Bản tin tuần"

    office: str = words("Tên cơ quan", "Ủy ban nhân dân xã Suối Lành", 90, needed=True)
    period: str = words("Tuần nào", "Từ thứ Hai, 16/11/2026 đến Chủ Nhật, 22/11/2026", 90, needed=True)
    made: str = words("Số liệu lúc nào", "8 giờ, thứ Hai, 23/11/2026", 60, needed=True)
    people: str = words("Bao nhiêu người, bao nhiêu việc", "41 người dân báo 38 việc khác nhau", 120)
    figures: tuple[str, ...] = several(
        "Các con số chính",
        (
            "Đã nhận: 46", "Đã trả lời: 39", "Đúng hạn: 34", "Trễ hạn: 5", "Đang giải quyết: 21", "Quá hạn: 3",
            "Mở lại: 2", "Xã không giải quyết: 3",
        ),
        60, count=9, needed=True,
    )  # fmt: skip
    satisfied: tuple[str, ...] = several(
        "Bà con nói gì về kết quả",
        ("Xong, hài lòng: 19", "Xong nhưng chưa vừa ý: 4", "Chưa xong: 2", "Không trả lời: 8", "Đang chờ trả lời: 6"),
        60, count=5,
    )  # fmt: skip
    kinds: tuple[str, ...] = several(
        "Theo loại", ("Phản ánh: 35", "Kiến nghị: 6", "Góp ý: 3", "Khen: 2"), 60, count=4
    )  # fmt: skip
    villages: tuple[str, ...] = several(
        "Theo thôn",
        ("Thôn Suối Trên: 14", "Thôn Ngã Ba Chợ: 11", "Thôn Bản Lành: 9", "Thôn Nà Pác: 7", "Chưa rõ thôn: 5"),
        140, count=12,
    )  # fmt: skip
    fields: tuple[str, ...] = several(
        "Theo lĩnh vực",
        ("Đường và cầu: 15", "Ngập và cống rãnh: 12", "Điện và đèn đường: 8", "Rác và môi trường: 6", "Việc khác: 5"),
        80, count=14,
    )  # fmt: skip
    spots: tuple[str, ...] = several(
        "Điểm nóng trong 30 ngày",
        ("Thôn Suối Trên, ngập và cống rãnh: 9", "Thôn Ngã Ba Chợ, đường và cầu: 6"), 200, count=8,
    )  # fmt: skip
    sealed: str = words("Việc niêm phong đang chờ", "2 việc niêm phong đang chờ người được giao mở xem", 120)
