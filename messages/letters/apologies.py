"""Apologies, two distinct letters (E05): for a late result, form 04 of TT 03/2025/TT-VPCP, and for a mistake."""

from dataclasses import dataclass
from typing import ClassVar

from messages.letters.letter import words
from messages.letters.signed import Signed


@dataclass(frozen=True, kw_only=True)
class ApologyLate(Signed):
    """Form 04, "Văn bản xin lỗi và đề nghị gia hạn thời gian giải quyết": reason and new date are an official's (A05).

    What goes out by itself after a missed date is not this letter and is never called so (L22).
    """

    name: ClassVar[str] = "apology-late"
    title: ClassVar[str] = "Thư xin lỗi và hẹn lại ngày"
    qr: ClassVar[str] = "code"

    code: str = words("Mã hồ sơ, cũng nằm trong mã QR", "000.00.12.H99-261102-0012", 40, needed=True)
    subject: str = words(
        "Tên thủ tục", "Đăng ký đất đai, cấp Giấy chứng nhận lần đầu cho cá nhân, cộng đồng dân cư", 300, needed=True
    )
    received: str = words("Ngày nhận hồ sơ", "thứ Hai, 02/11/2026", 60, needed=True)
    due: str = words("Ngày đã hẹn trả", "thứ Sáu, 27/11/2026", 60, needed=True)
    state: str = words("Hồ sơ đang ở bước nào", "Đang chờ kết quả đo đạc ngoài thực địa", 240)
    reason: str = words(
        "Lý do chậm, do cán bộ ghi", "Mưa kéo dài nên tổ đo đạc chưa đo xong thửa đất", 500, needed=True
    )
    new_due: str = words("Ngày hẹn trả mới, do cán bộ chọn", "thứ Sáu, 11/12/2026", 60, needed=True)


@dataclass(frozen=True, kw_only=True)
class ApologyMistake(Signed):
    """For a fault of the office that harmed somebody."""

    name: ClassVar[str] = "apology-mistake"
    title: ClassVar[str] = "Thư xin lỗi"

    mistake: str = words(
        "Điều đã làm sai", "ghi nhầm ngày sinh của cháu trên Giấy khai sinh cấp ngày 16/11/2026", 500, needed=True
    )
    remedy: str = words(
        "Cách khắc phục", "cấp lại Giấy khai sinh đúng, không thu lệ phí, trả tận nhà trước ngày 04/12/2026", 500,
        needed=True,
    )  # fmt: skip
    contact: str = words("Người tiếp chuyện, số điện thoại", "chị Triệu Thị Mai, 0912 345 678", 120)
