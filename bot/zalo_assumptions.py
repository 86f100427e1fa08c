"""What nobody has confirmed about Zalo, and what we take for true until somebody has seen it on the real account.

From zalo.md, section 10 (what concerns the Zalo Bot Platform and group chats of an account is left out: neither is
used). `check` lists each until commune.toml says since when it is confirmed:

    [zalo.confirmed]
    signature = 2026-12-01
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

Question = Literal[
    "state_agency",
    "signature",
    "webhook_retry",
    "token_errors",
    "grant_days",
    "free_messages",
    "list_template",
    "rare_events",
    "template_night",
    "template_quota",
    "rates",
    "tunnels",
    "admin_id",
    "file_types",
]


@dataclass(frozen=True)
class Assumption:
    """What is to be seen on the real account, what we assume today, and since when."""

    sentence: str
    since: date = date(2026, 11, 21)


ASSUMED: Mapping[Question, Assumption] = {
    "state_agency": Assumption(
        "OA cơ quan nhà nước gửi tin bằng đường v2, được dùng tin mẫu với giá thường. Đổi đường: [zalo] send_path."
    ),
    "signature": Assumption(
        "Chữ ký sự kiện dùng mã ứng dụng và khóa bí mật của OA (ZALO_OA_SECRET_KEY). Thử một ngày: ZALO_SIGNATURE=log."
    ),
    "webhook_retry": Assumption(
        "Zalo chỉ gửi lại sự kiện khi không có trả lời, tới khoảng 1 giờ 50 phút; thứ tự có thể đảo."
    ),
    "token_errors": Assumption("Mã lỗi -14014 nghĩa là mã làm mới đã hỏng; -14005 nghĩa là lượt cấp quyền đã dùng."),
    "grant_days": Assumption("Quyền của trợ lý còn 90 ngày sau lần đổi khóa cuối. Đổi số: [zalo] grant_days."),
    "free_messages": Assumption(
        "Trong 48 giờ sau tin cuối của bà con, trợ lý trả lời không giới hạn số tin. Đổi số: [zalo] free_hours."
    ),
    "list_template": Assumption("Tin có nút gửi được trên đường v3 mà không cần ghi loại mẫu; danh sách viết bằng số."),
    "rare_events": Assumption("Sự kiện thả cảm xúc, gửi danh thiếp, trích tin có dạng như tài liệu cộng đồng ghi."),
    "template_night": Assumption("Tin mẫu chỉ gửi từ 06:00 đến 22:00 giờ Việt Nam. Đổi giờ: [zalo] template_hours."),
    "template_quota": Assumption("Hạn mức tin mẫu mỗi ngày tính lại trước 06:00 sáng."),
    "rates": Assumption(
        "Chỉ giới hạn số lần gọi mỗi phút, không giới hạn mỗi giây. Đổi số: [zalo] requests_per_minute."
    ),
    "tunnels": Assumption("Zalo không nhận tên miền tạm; PUBLIC_URL cần tên miền thật của xã."),
    "admin_id": Assumption(
        "Tin cán bộ viết trong OA Manager luôn kèm mã người viết (admin_id), nhờ đó trợ lý im lặng."
    ),
    "file_types": Assumption("OA chỉ gửi được tệp PDF, DOC, DOCX và CSV."),
}
