"""Forms that a citizen brings on paper (L33): khiếu nại, tố cáo, and the request for mediation about land.

Their fields are those of domain 3.2. What is not known stays a dotted line to be written by hand: on a channel abroad
name, address and phone are never asked, and a tố cáo is only ever an empty form (L28). No form says that anything has
been accepted; it holds once it is signed or bears a fingerprint.
"""

from dataclasses import dataclass
from typing import ClassVar

from messages.letters.letter import Letter, several, words


@dataclass(frozen=True, kw_only=True)
class Complaint(Letter):
    """A complaint about a decision or an act of an office."""

    name: ClassVar[str] = "complaint"
    title: ClassVar[str] = "Đơn khiếu nại"

    office: str = words("Tên cơ quan in mẫu đơn", "Ủy ban nhân dân xã Suối Lành", 90, needed=True)
    recipient: str = words("Kính gửi ai", "Chủ tịch Ủy ban nhân dân xã Suối Lành", 200, needed=True)
    writer: str = words("Họ và tên người khiếu nại", "Nguyễn Thị Thu Hường", 120)
    address: str = words("Địa chỉ", "Thôn Suối Trên, xã Suối Lành", 300)
    phone: str = words("Số điện thoại", "0912 345 678", 30)
    against: str = words("Người, cơ quan bị khiếu nại", "Chủ tịch Ủy ban nhân dân xã Suối Lành", 300)
    decision: str = words(
        "Quyết định (số, ngày) hoặc việc làm bị khiếu nại",
        "Quyết định số 45/QĐ-UBND ngày 02/11/2026", 600,
    )  # fmt: skip
    received: str = words("Ngày nhận hoặc biết", "thứ Năm, 05/11/2026", 60)
    content: str = words(
        "Nội dung, lý do",
        "Nhà tôi rào lại bờ rào cũ, trên đất đã có giấy chứng nhận.", 3000,
    )  # fmt: skip
    asks: str = words("Đề nghị giải quyết điều gì", "Xem xét lại quyết định nói trên.", 1500)
    papers: tuple[str, ...] = several(
        "Tài liệu kèm theo", ("Bản sao quyết định", "Bản sao giấy chứng nhận quyền sử dụng đất"), 300, count=15
    )
    place: str = words("Nơi viết; ngày ghi tay", "Suối Lành", 60)
    code: str = words("Mã in tại quầy", "K7MX-43PD", 20)


@dataclass(frozen=True, kw_only=True)
class Denunciation(Letter):
    """An empty form to accuse somebody lawfully: nothing of it is ever filled in by a chat."""

    name: ClassVar[str] = "denunciation"
    title: ClassVar[str] = "Mẫu đơn tố cáo"

    office: str = words("Tên cơ quan in mẫu đơn", "Ủy ban nhân dân xã Suối Lành", 90, needed=True)
    place: str = words("Nơi viết; ngày ghi tay", "Suối Lành", 60)


@dataclass(frozen=True, kw_only=True)
class Mediation(Letter):
    """An empty request that the commune mediates in a quarrel about land."""

    name: ClassVar[str] = "mediation"
    title: ClassVar[str] = "Mẫu đơn đề nghị hòa giải"

    office: str = words("Tên cơ quan in mẫu đơn", "Ủy ban nhân dân xã Suối Lành", 90, needed=True)
    place: str = words("Nơi viết; ngày ghi tay", "Suối Lành", 60)
