"""Letters of joy, of mourning, of thanks and of help (E01-E04, E06). Each is approved by a person before it leaves."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from messages.letters.letter import several, words
from messages.letters.signed import Signed

_FESTIVE = re.compile(r"!|\bchúc\b|(?:^|[.:] )Chúc\b")
"""Chúc within a sentence is a name."""


@dataclass(frozen=True, kw_only=True)
class Marriage(Signed):
    """To the two who have married (E01); `recipient` is needed only where it goes to somebody else."""

    name: ClassVar[str] = "marriage"
    title: ClassVar[str] = "Thư chúc mừng kết hôn"
    titled: ClassVar[Mapping[str, str]] = {**Signed.titled, "first": "first_title", "second": "second_title"}

    recipient: str = words("Người nhận, khi không phải chính hai vợ chồng", "", 120)
    title_of_person: str = words("Cách gọi người nhận đó", "", 30)
    address: str = words("Địa chỉ của hai vợ chồng", "Ngõ 4, thôn Suối Trên\nxã Suối Lành\ntỉnh mẫu", 240)
    first_title: str = words("Cách gọi người thứ nhất", "anh", 30)
    first: str = words("Họ và tên người thứ nhất", "Vũ Văn Nam", 120, needed=True)
    second_title: str = words("Cách gọi người thứ hai", "chị", 30)
    second: str = words("Họ và tên người thứ hai", "Lý Thị Kim Oanh", 120, needed=True)
    ceremony: str = words(
        "Giờ, ngày, nơi trao Giấy chứng nhận kết hôn",
        "8 giờ 30, thứ Hai, 30/11/2026, tại hội trường Ủy ban nhân dân xã", 200,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Birth(Signed):
    """To a child's family (E02). Whose child it is stands in one free field: no text presumes two parents (L24)."""

    name: ClassVar[str] = "birth"
    title: ClassVar[str] = "Thư chúc mừng khai sinh"

    title_of_person: str = words("Cách gọi người nhận: ông, bà, anh, chị …", "chị", 30)
    recipient: str = words("Người nhận", "Nguyễn Thị Bích", 120, needed=True)
    child: str = words("Họ và tên cháu bé", "Nguyễn Bảo An", 120, needed=True)
    born: str = words("Ngày cháu chào đời", "12/11/2026", 40)
    parents: str = words("Niềm vui của ai trong nhà, ghi tự do", "chị Bích cùng ông bà ngoại", 240)


@dataclass(frozen=True, kw_only=True)
class Condolence(Signed):
    """To a family in mourning (E03, L23); `recipient` speaks for the family. Faith is a choice of words, never kept."""

    name: ClassVar[str] = "condolence"
    title: ClassVar[str] = "Thư chia buồn"
    titled: ClassVar[Mapping[str, str]] = {**Signed.titled, "deceased": "deceased_title"}

    title_of_person: str = words("Cách gọi người đại diện gia đình: ông, bà, anh, chị …", "ông", 30)
    recipient: str = words("Người đại diện gia đình", "Nguyễn Văn Hùng", 120, needed=True)
    deceased_title: str = words("Cách gọi người đã mất: cụ, ông, bà …", "cụ", 30, needed=True)
    deceased: str = words("Họ và tên người đã mất", "Nguyễn Văn Bảy", 120, needed=True)
    life: str = words("Một câu về ngày mất, tuổi", "Cụ mất ngày 25/11/2026, hưởng thọ 82 tuổi", 240)

    def unfit(self) -> dict[str, list[str]]:
        """Nothing festive, also not from a clerk's own hand."""
        festive = any(map(_FESTIVE.search, self.body))
        return {"body": ["Thư chia buồn không dùng dấu “!” và chữ “chúc”."]} if festive else {}


@dataclass(frozen=True, kw_only=True)
class Thanks(Signed):
    """To people, organisations and businesses for what they gave (E04)."""

    name: ClassVar[str] = "thanks"
    title: ClassVar[str] = "Thư cảm ơn"

    title_of_person: str = words("Cách gọi người nhận: ông, bà, anh, chị, quý công ty …", "ông", 30)
    recipient: str = words("Người hoặc đơn vị nhận", "Hoàng Văn Páo", 120, needed=True)
    deed: str = words(
        "Cảm ơn vì việc gì, viết tiếp sau chữ “vì”", "đã hiến 120 mét vuông đất và góp 15 ngày công làm đường thôn",
        500, needed=True,
    )  # fmt: skip
    result: str = words(
        "Một câu về điều việc ấy mang lại", "Nhờ vậy, 46 hộ trong thôn có đường bê tông đi lại cả mùa mưa", 300
    )


@dataclass(frozen=True, kw_only=True)
class Support(Signed):
    """To a home hit by disaster, fire, accident or grave illness: what help comes, where and from whom (E06)."""

    name: ClassVar[str] = "support"
    title: ClassVar[str] = "Thư thăm hỏi và hỗ trợ"

    title_of_person: str = words("Cách gọi người nhận: ông, bà, anh, chị …", "bà", 30)
    recipient: str = words("Người đại diện gia đình", "Triệu Thị Pham", 120, needed=True)
    event: str = words("Việc không may", "mái nhà bị tốc trong trận lốc đêm 24/11/2026", 300, needed=True)
    help: tuple[str, ...] = several(
        "Phần hỗ trợ", ("5.000.000 đồng từ Quỹ cứu trợ của xã", "40 tấm lợp và công thợ của thôn Suối Trên"), 200,
        count=8, needed=True,
    )  # fmt: skip
    receive: str = words("Nơi, giờ nhận", "tại nhà, 15 giờ, thứ Hai, 30/11/2026", 200)
    contact: str = words("Người giúp, số điện thoại", "anh Lê Văn An, 0912 345 679", 120)
