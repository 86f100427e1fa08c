"""The officials' card of a case: what stands on it, what never does, who is told (L03, B09, A19, G05)."""

import dataclasses
from typing import Any

import pytest

from bot import case_cards, casework
from bot.casework import Draft
from bot.turn import Address, Work
from storage import cases, officials
from storage.cases import Case
from tests.bot.turns import BOX, CHANNEL, Chats, Said, Who

HER = Who(BOX, "hoa")
STREAM = Who("office", "office")


def work(chats: Chats) -> Work:
    return Work(chats.db, chats.bench.place, chats.now)


def filed(chats: Chats, text: str = "Đường thôn ngập nước", **draft: Any) -> Case:
    """A case of hers."""
    to = Address(CHANNEL, HER.account, HER.chat, HER.chat)
    return casework.file(work(chats), Draft(text, **{"field": "flood", "village": "Thôn Trung", **draft}), to)


def shown(chats: Chats, who: Who = STREAM) -> dict[str, Any]:
    """What a chat was sent last."""
    bodies: list[dict[str, Any]] = chats._said(who, None).bodies
    return bodies[-1] if bodies else {}


def after(chats: Chats, said: Said) -> str:
    """Everything any chat was sent by that event."""
    return "\n".join(body["text"] for body in said.everything)


def test_G05_a_card_says_what_officials_need(chats: Chats) -> None:
    """Number, kind, thôn, field, when it is due, who has it, her words, and the buttons."""
    filed(chats)
    card = shown(chats)
    for words in ("PA-0001, Thôn Trung: phản ánh, ngập", "Đường thôn ngập nước", "Hạn trả lời", "Chưa ai nhận"):
        assert words in card["text"]
    labels = [each["label"] for each in card["buttons"]]
    assert labels == ["Nhận", "Trả lời", "Hỏi thêm", "Chuyển", "Đóng", "Mở", "Thêm việc"]


def test_B09_sensitive_hidden_and_pressing_stand_in_words(chats: Chats) -> None:
    """Land is flagged; a hidden name is said to be hidden, and stands nowhere."""
    case = filed(chats, "Thu hồi đất", field="land", hides_name=True, reporter={"name": "Lò Thị Hoa", "phone": "0912"})
    card = shown(chats)["text"]
    assert "nhạy cảm" in card
    assert "giấu tên" in card
    assert "Hoa" not in card
    chats.taps(f"#case-urgent:{case.id}", chats.official())
    assert cases.get(chats.db, 1, case.id).due_at < case.due_at


def test_L03_what_accuses_never_stands_on_a_card(chats: Chats) -> None:
    """Words that a later message or a caption brought past the gates are left out, with their pictures."""
    case = filed(chats)
    for kind in ("added", "answered", "reopened"):
        cases.add(chats.db, 1, case.id, kind, chats.now, text="Ông Kế toán tham ô tiền của dân")
    case_cards.show(work(chats), case)
    card = shown(chats)["text"]
    assert "tham ô" not in card
    assert "chỉ" in card
    said = chats.taps(f"#case-open:{case.id}", chats.official())
    assert "tham ô" not in said.text
