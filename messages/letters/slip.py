"""The appointment slip: form 01 of TT 03/2025/TT-VPCP, "Giấy tiếp nhận hồ sơ và hẹn trả kết quả" (requirement A02).

Its fields are those of the form. What the one-stop desk's file does not tell (the papers handed in, the time limit, who
received it) is left out, never made up.
"""

from dataclasses import dataclass
from typing import ClassVar

from messages.letters.letter import Letter, several, words


@dataclass(frozen=True, kw_only=True)
class Slip(Letter):
    """One dossier's slip. Times are words, as a villager reads them."""

    name: ClassVar[str] = "slip"
    title: ClassVar[str] = "Phiếu hẹn"
    qr: ClassVar[str] = "code"

    office: str = words("Tên cơ quan", "Ủy ban nhân dân xã Suối Lành", 90, needed=True)
    desk: str = words("Nơi tiếp nhận", "Trung tâm Phục vụ hành chính công xã Suối Lành", 120)
    code: str = words("Mã hồ sơ, cũng nằm trong mã QR", "000.00.12.H99-261102-0012", 40, needed=True)
    applicant: str = words("Người nộp hồ sơ", "Nguyễn Thị Thu Hường", 120, needed=True)
    address: str = words("Địa chỉ người nộp", "Ngõ 4, Thôn Suối Trên\nxã Suối Lành\ntỉnh mẫu", 240)
    phone: str = words("Số điện thoại, chỉ ba số cuối", "*** *** 678", 30)
    subject: str = words(
        "Nội dung: tên thủ tục",
        "Đăng ký đất đai, cấp Giấy chứng nhận lần đầu cho cá nhân, cộng đồng dân cư", 300, needed=True,
    )  # fmt: skip
    papers: tuple[str, ...] = several(
        "Thành phần hồ sơ", ("Đơn đăng ký đất đai", "Mảnh trích đo bản đồ địa chính"), 160, count=15
    )
    copies: str = words("Số lượng hồ sơ", "01 bộ", 40)
    time_limit: str = words("Thời hạn giải quyết", "20 ngày làm việc", 60)
    received: str = words("Giờ, ngày nhận hồ sơ", "8 giờ 15, thứ Hai, 02/11/2026", 60, needed=True)
    due: tuple[str, ...] = several(
        "Giờ, ngày hẹn trả", ("16 giờ 30", "thứ Sáu, 27/11/2026"), 40, count=2, needed=True
    )  # fmt: skip
    place: str = words(
        "Nơi trả kết quả", "Trung tâm Phục vụ hành chính công xã Suối Lành, Thôn Ngã Ba Chợ", 240, needed=True
    )
    way: str = words("Cách nhận kết quả", "Nhận trực tiếp", 80)
    receiver: str = words("Người tiếp nhận", "Triệu Thị Mai", 80)
    officer: str = words("Cán bộ thụ lý", "Nguyễn Thị Hoa", 80)
    as_of: str = words("Số liệu đến lúc nào", "9 giờ, thứ Năm, 26/11/2026", 60)
