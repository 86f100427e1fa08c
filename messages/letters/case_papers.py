"""A case on paper (L34): the receipt she takes home, and the whole file of a case, "hồ sơ vụ việc".

The receipt bears no name and none of her words, so it may be shown and printed anywhere. It never says "đã thụ lý": a
message is information that has reached the office (domain 3.2). The file is complete: every entry with time and author.
"""

from dataclasses import dataclass
from typing import ClassVar

from messages.letters.letter import Letter, several, words


@dataclass(frozen=True, kw_only=True)
class Receipt(Letter):
    """The number of a case, by when an answer is due, and how to follow it."""

    name: ClassVar[str] = "case-receipt"
    title: ClassVar[str] = "Phiếu ghi nhận"
    qr: ClassVar[str] = "code"

    office: str = words("Tên cơ quan", "Ủy ban nhân dân xã Suối Lành", 90, needed=True)
    code: str = words("Số của vụ việc, cũng nằm trong mã QR", "PA-0042", 20, needed=True)
    kind: str = words("Loại", "Phản ánh", 60, needed=True)
    field: str = words("Lĩnh vực", "Đường, cầu", 120, needed=True)
    village: str = words("Thôn", "Thôn Suối Trên", 120)
    source: str = words("Đến bằng cách nào", "Qua điện thoại", 80, needed=True)
    received: str = words("Giờ, ngày nhận", "8 giờ 15, thứ Hai, 02/11/2026", 60, needed=True)
    due: str = words("Trả lời trước giờ, ngày nào", "16 giờ 30, thứ Hai, 23/11/2026", 60, needed=True)
    writer: str = words("Người ghi, chức danh", "Đặng Thị Thu Nhài, Công chức Trung tâm Phục vụ hành chính công", 160)
    follow: tuple[str, ...] = several(
        "Cách theo dõi",
        ("Gọi 0951 000 001 và đọc số PA-0042", "Đến Trung tâm Phục vụ hành chính công xã, đưa phiếu này"), 200, count=4,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class CaseFile(Letter):
    """All of a case. An entry is lines: when and who; what was done; words; names of its files."""

    name: ClassVar[str] = "case-file"
    title: ClassVar[str] = "Hồ sơ vụ việc"
    qr: ClassVar[str] = "code"

    office: str = words("Tên cơ quan", "Ủy ban nhân dân xã Suối Lành", 90, needed=True)
    code: str = words("Số của vụ việc, cũng nằm trong mã QR", "PA-0042", 20, needed=True)
    state: str = words("Đang ở bước nào", "Đã trả lời, chờ người phản ánh xác nhận", 200, needed=True)
    subject: str = words("Tiêu đề do cán bộ đặt", "Cầu qua suối ở thôn Suối Trên bị hỏng lan can", 240)
    facts: tuple[str, ...] = several(
        "Trang đầu: mỗi dòng “mục: nội dung”",
        (
            "Loại: phản ánh", "Lĩnh vực: đường, cầu", "Nguồn: qua điện thoại", "Thôn: Thôn Suối Trên",
            "Nhận lúc: 8 giờ 15, thứ Hai, 02/11/2026", "Trả lời trước: 16 giờ 30, thứ Hai, 23/11/2026",
            "Người phản ánh: Nguyễn Thị Thu Hường, 0912 345 678",
        ),
        400, count=24, needed=True,
    )  # fmt: skip
    points: tuple[str, ...] = several(
        "Giao việc theo “5 rõ”",
        (
            "Rõ người: Nguyễn Thị Hoa, Công chức Địa chính, xây dựng", "Rõ việc: Xem và sửa lan can cầu",
            "Rõ trách nhiệm: Trả lời người phản ánh", "Rõ tiến độ: trước thứ Sáu, 20/11/2026",
            "Rõ kết quả: Lan can mới, có ảnh",
        ),
        500, count=5,
    )  # fmt: skip
    entries: tuple[str, ...] = several(
        "Diễn biến",
        (
            "8 giờ 15, 02/11/2026 · Người phản ánh\nPhản ánh\nLan can cầu gãy hai thanh, trẻ con đi học rất nguy hiểm."
            "\nTệp: Ảnh 1, Ảnh 2",
            "9 giờ 05, 02/11/2026 · Đặng Thị Thu Nhài, Công chức một cửa\nGhi chú nội bộ\nĐã báo tổ quản lý đường.",
            "10 giờ, 16/11/2026 · Nguyễn Thị Hoa, Công chức Địa chính, xây dựng\nKết quả\nĐã hàn lại lan can, sơn cột."
            "\nTệp: Ảnh 3",
        ),
        9000, count=400, needed=True,
    )  # fmt: skip
    files: tuple[str, ...] = several(
        "Các tệp kèm theo",
        ("Ảnh 1: nhận 02/11/2026", "Ảnh 2: nhận 02/11/2026", "Ảnh 3: nhận 16/11/2026"), 200, count=200,
    )  # fmt: skip
    answer: str = words("Người phản ánh trả lời thế nào", "Đã xong, ngày 17/11/2026", 400)
    printed: str = words("In lúc nào, ai in", "In lúc 14 giờ, thứ Tư, 18/11/2026: Đặng Thị Thu Nhài", 240, needed=True)
