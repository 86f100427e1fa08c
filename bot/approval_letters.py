"""The letter of an approval: which one, in whose words, and whose signing line it bears (L22)."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any

from bot.settings import ZONE
from bot.turn import Work
from messages.fold import fold
from messages.letters import LETTERS, Letter
from messages.personal import masked
from messages.render import clock, day
from messages.reply import Personal
from storage.approvals import Approval
from storage.officials import Official

NAMES = ("recipient", "first", "second", "child", "deceased")
"""Fields that are somebody's name."""
PUBLIC = frozenset({"office", "place_date", "signing", "signer", "code", "title_of_person"})
"""Fields that name nobody, or an official."""
OURS = frozenset({"office", "place_date", "signer", "code", "subject", "received", "due", "new_due"})
"""Fields nobody rewrites: they follow the signer, or the dossier."""
LETTER_OF: Mapping[str, str] = {"second-postponement": "apology-late"}
"""Kinds of approval whose letter has another name than the kind."""
ABOUT: Mapping[str, str] = {
    "apology-late": "Thư xin lỗi và hẹn lại ngày trả kết quả",
    "second-postponement": "Lùi ngày trả kết quả lần thứ hai, kèm thư xin lỗi",
    "apology-mistake": "Thư xin lỗi vì sai sót",
    "marriage": "Thư chúc mừng kết hôn",
    "birth": "Thư chúc mừng khai sinh",
    "condolence": "Thư chia buồn",
    "thanks": "Thư cảm ơn",
    "support": "Thư thăm hỏi và hỗ trợ",
}
"""What the phiếu trình is about: paper of a Vietnamese office, like all letters."""


def letter_name(kind: str) -> str:
    """Which letter a kind of approval is about."""
    return LETTER_OF.get(kind, kind)


def signing(official: Official) -> tuple[str, ...]:
    """The lines above a name. Whoever is neither Chairman nor deputy signs as what he is."""
    if official.role == "chairman":
        return ("CHỦ TỊCH",)
    if fold(official.post).startswith("pho chu tich"):
        return ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")
    return (official.post.upper(),)


def body_of(work: Work, found: Approval) -> tuple[str, ...]:
    """Its paragraphs: as somebody has written them, else the commune's words for what is known."""
    written = found.data.get("body")
    if written:
        return tuple(written)
    facts = {"office": office(work), **found.data}
    return work.place.letters.words(letter_name(found.kind), facts, str(found.data.get("variant") or ""))


def letter_of(work: Work, found: Approval, signer: Official, *, to_sign: bool = False) -> Letter:
    """The letter as this official would sign it today. Raises Refused with every mistake."""
    kind = LETTERS[letter_name(found.kind)]
    said: dict[str, Any] = {"office": office(work), **found.data, "place_date": place_date(work)}
    said |= {"body": body_of(work, found), "signing": signing(signer), "signer": signer.name, "to_sign": to_sign}
    needed = {each.name: "" for each in fields(kind) if each.metadata.get("needed")}
    return kind(**needed | {each.name: said[each.name] for each in fields(kind) if each.name in said})


def fields_of(found: Approval) -> list[tuple[str, str, str]]:
    """The fields of a letter that somebody may write otherwise: name, meaning, what it says now."""
    kind = LETTERS[letter_name(found.kind)]
    return [
        (each.name, str(each.metadata["meaning"]), str(found.data[each.name]))
        for each in fields(kind)
        if each.name not in OURS and not {"count", "flag"} & each.metadata.keys() and found.data.get(each.name)
    ]


def masked_letter(letter: Letter) -> Letter:
    """The same letter for channels whose servers are abroad: initials for names, free words without names and phones.

    Who signed it stays: an official's name is public.
    """
    said = letter.data()
    names = {said[each]: masked(Personal(said[each], "name")) for each in NAMES if said.get(each)}

    def hide(words: str) -> str:
        for whole, initials in names.items():
            words = words.replace(whole, initials)
        return masked(Personal(words, "words"))

    for name, value in said.items():
        if name in NAMES and value:
            said[name] = names[value]
        elif name not in PUBLIC and isinstance(value, str):
            said[name] = hide(value)
        elif name not in PUBLIC and isinstance(value, list):
            said[name] = [hide(each) for each in value]
    return type(letter)(**said)


def submission(work: Work, found: Approval, proposer: Official, signer: Official) -> Letter:
    """The phiếu trình: one sheet to decide on by hand (L21). Raises Refused."""
    subject = f"{ABOUT[found.kind]}, {found.about}" if found.about else ABOUT[found.kind]
    head = "Chủ tịch" if signer.role == "chairman" else signer.post
    facts = [f"Kính gửi: {named(found.data)}"] if named(found.data) else []
    said: dict[str, Any] = {
        "office": office(work), "place_date": place(work), "subject": subject[:240], "signing": signing(signer),
        "recipient": f"{head} {signer.name}", "signer": signer.name, "proposer": proposer.name,
        "proposer_post": proposer.post[:80], "asked": "Xem xét, cho ý kiến và ký thư kèm theo phiếu này",
        "facts": [*facts, *([found.note[:300]] if found.note else [])], "decide_by": _moment(found),
        "options": ["Đồng ý, ký thư kèm theo", "Đồng ý, có sửa thư", "Không đồng ý", "Ý kiến khác:"],
    }  # fmt: skip
    said["body"] = work.place.letters.words("submission", said)
    return LETTERS["submission"](**said)


def named(data: Mapping[str, Any]) -> str:
    """To whom a letter goes: "bà Nguyễn Thị A"; of a wedding the two."""
    titled = (("title_of_person", "recipient"), ("first_title", "first"), ("second_title", "second"))
    found = [f"{data.get(title) or ''} {data[name]}".strip() for title, name in titled if data.get(name)]
    return " và ".join(found)


def office(work: Work) -> str:
    """Its whole name, as a letter bears it."""
    return work.commune.name.replace("UBND ", "Ủy ban nhân dân ", 1)


def place(work: Work) -> str:
    """ "Suối Lành"."""
    name = work.commune.short_name
    for kind in ("xã ", "phường ", "đặc khu "):
        name = name[len(kind) :] if name.casefold().startswith(kind) else name
    return name


def place_date(work: Work) -> str:
    """ "Suối Lành, ngày 27 tháng 11 năm 2026"."""
    return f"{place(work)}, {in_words(work.now.astimezone(ZONE).date())}"


def in_words(when: date) -> str:
    """A day as letters write it: days below the tenth, and January and February, with a nought (NĐ 30/2020)."""
    month = f"{when.month:02}" if when.month < 3 else str(when.month)
    return f"ngày {when.day:02} tháng {month} năm {when.year}"


def _moment(found: Approval) -> str:
    if found.decide_by is None:
        return ""
    local = found.decide_by.astimezone(ZONE)
    return f"{clock(local, 'vi')}, {day(local.date(), 'vi')}"
