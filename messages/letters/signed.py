"""What all letters have that somebody signs: whose heading, to whom, its paragraphs, whose name stands under it.

Drawn for a chat it is an information letter and says so. Drawn `to_sign` it is the paper that an official signs: dots
where the văn thư writes number and date, room for the signature. Neither ever has a number, a signature or a seal of
ours (L22), which is why there are no fields for them.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, Self

from messages.letters.letter import Letter, flag, several, words
from messages.letters.words import WORDS, fill


@dataclass(frozen=True, kw_only=True)
class Signed(Letter):
    """The base of letters that are signed. The paragraphs come from `Templates.words`, and a clerk may edit them."""

    titled: ClassVar[Mapping[str, str]] = {"recipient": "title_of_person"}
    """Which field holds how a person is called; no title is ever guessed from a name (L24)."""

    office: str = words("Tên cơ quan", "Ủy ban nhân dân xã Suối Lành", 90, needed=True)
    place_date: str = words("Nơi và ngày viết thư", "Suối Lành, ngày 27 tháng 11 năm 2026", 90, needed=True)
    title_of_person: str = words("Cách gọi người nhận: ông, bà, anh, chị, quý công ty …", "bà", 30)
    recipient: str = words("Người nhận", "Nguyễn Thị Thu Hường", 120, needed=True)
    address: str = words("Địa chỉ người nhận", "Ngõ 4, thôn Suối Trên\nxã Suối Lành\ntỉnh mẫu", 240)
    body: tuple[str, ...] = several("Các đoạn của thư", (), 800, count=8, needed=True)
    signing: tuple[str, ...] = several("Dòng chức danh trên chữ ký", ("CHỦ TỊCH",), 60, count=3, needed=True)
    signer: str = words("Họ và tên người ký", "Triệu Văn Lâm", 80, needed=True)
    to_sign: bool = flag("Bản in để ký: chừa chỗ ghi số, ngày và chỗ ký")

    @classmethod
    def sample(cls, *, whole: bool = True) -> Self:
        """A letter to look at, with the paragraphs that we offer."""
        told = {each.name: each.metadata["sample"] for each in fields(cls) if whole or each.default is MISSING}
        return cls(**told | {"body": fill(WORDS[cls.name][""], cls.told(told))})

    @classmethod
    def placeholders(cls) -> dict[str, str]:
        """What the paragraphs may name in braces, with its meaning; a name comes with its title."""
        skipped = {"signing", *cls.titled.values()}
        named = {
            each.name: each.metadata["meaning"]
            for each in fields(cls) if each.name not in skipped and not {"count", "flag"} & each.metadata.keys()
        }  # fmt: skip
        return named | {"you": "Cách gọi người nhận trong câu; chưa chọn thì là “ông/bà”"}

    @classmethod
    def told(cls, facts: Mapping[str, Any]) -> dict[str, str]:
        """What each placeholder says, of the letter's fields."""
        said = {name: str(facts.get(name) or "").strip(" .") for name in cls.placeholders()}
        titles = {name: str(facts.get(title) or "") for name, title in cls.titled.items()}
        for name, title in titles.items():
            if said[name] and not title.startswith("quý "):
                said[name] = f"{title} {said[name]}".strip()
        return said | {"you": titles.get("recipient") or "ông/bà"}
