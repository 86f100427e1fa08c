"""Letters that a finished dossier proposes (E01-E03, L24): never where joy could hurt, never past the clerk."""

from datetime import timedelta

import pytest

from bot.dossier_file import Dossier
from bot.turn import Work
from handlers.letters import proposals
from messages.codes import key
from messages.fold import fold
from storage import approvals, dossiers, imports, links, stops
from storage.citizens import meet
from storage.dossier_events import Happening
from tests.bot.drawn import draw, token, told
from tests.bot.turns import Chats

MARRIAGE, BIRTH, DEATH = "1.000894", "1.001193", "1.000656"


def dossier(
    chats: Chats, procedure: str, name: str, *, code: str = "H99.33-261101-9001", status: int = 9,
    phone: str = "+84912345678",
) -> dossiers.Dossier:  # fmt: skip
    """A dossier as the file tells of it."""
    row = Dossier(
        line=2, code=code, code_key=key(code), procedure_code=procedure, procedure_name=name, applicant="Vũ Văn Nam",
        phone=phone, received_at=chats.now - timedelta(days=1), due_at=chats.now, status=status, village="",
        officer="", place="", note="",
    )  # fmt: skip
    imports.load(chats.db, 1, f"file {code}", [row], fold, chats.now, chats.now, fresh_days=0)
    found = dossiers.by_code(chats.db, 1, key(code))
    assert found is not None
    return found


def finished(chats: Chats, found: dossiers.Dossier) -> approvals.Approval | None:
    """It has come to its last status; what it proposed."""
    work = Work(chats.db, chats.bench.place, chats.now)
    proposals.moved(work, found, Happening(1, found.id, "moved", "1", 4, found.status, chats.now))
    return next(iter(approvals.of_dossier(chats.db, 1, found.id)), None)


def test_E01_a_marriage_proposes_its_letter_and_the_clerk_settles_what_the_file_does_not_tell(chats: Chats) -> None:
    """No tap is skipped: reasons against it, the second name, both titles; then it goes to the Chairman."""
    clerk, chairman = chats.official("clerk"), chats.official("chairman")
    made = finished(chats, dossier(chats, MARRIAGE, "Đăng ký kết hôn"))
    assert made is not None
    assert made.data["first"] == "Vũ Văn Nam"
    card = told(chats, clerk)
    said = chats.taps(token(card, "Không có điều nào"), clerk)
    said = chats.taps(token(said.bodies, "Ghi vào thư"), clerk)
    said = chats.says("Lý Thị Kim Oanh", clerk)
    said = chats.taps(token(said.bodies, "anh"), clerk)
    said = chats.taps(token(said.bodies, "chị"), clerk)
    chats.taps(token(said.bodies, "Ghi vào thư"), clerk)
    said = chats.says("bỏ qua", clerk)
    assert approvals.get(chats.db, 1, made.id).state == "proposed"  # type: ignore[union-attr]
    chats.taps(token(said.bodies, "Trình duyệt"), clerk)
    [letter] = draw(chats)
    assert "anh Vũ Văn Nam và chị Lý Thị Kim Oanh" in letter["body"][0]
    chats.taps(token(told(chats, chairman), "Duyệt"), chairman)
    assert approvals.get(chats.db, 1, made.id).signer == "Triệu Minh Khải"  # type: ignore[union-attr]


def test_E01_once_for_each_dossier(chats: Chats) -> None:
    """Signed today and handed over tomorrow is one letter."""
    found = dossier(chats, MARRIAGE, "Đăng ký kết hôn")
    finished(chats, found)
    finished(chats, found)
    assert len(approvals.of_dossier(chats.db, 1, found.id)) == 1


@pytest.mark.parametrize(
    ("procedure", "name"),
    [
        (MARRIAGE, "Đăng ký lại kết hôn"), (BIRTH, "Đăng ký khai sinh quá hạn"),
        (MARRIAGE, "Kết hôn có yếu tố nước ngoài"),
        (BIRTH, "Đăng ký khai sinh kết hợp đăng ký nhận cha, mẹ, con"), ("1.012345", "Chứng thực bản sao"),
    ],
)  # fmt: skip
def test_L24_nothing_is_proposed_for_what_is_not_plain_joy(chats: Chats, procedure: str, name: str) -> None:
    """Neither for what was registered again or late, nor for a procedure that is not listed."""
    assert finished(chats, dossier(chats, procedure, name)) is None


@pytest.mark.parametrize("answer", ["minor", "blank", "again", "mourning"])
def test_L24_one_tap_of_the_clerk_ends_it(chats: Chats, answer: str) -> None:
    """A minor mother, a blank father, a late registration, a death: no letter, and the reason is kept."""
    clerk = chats.official("clerk")
    made = finished(chats, dossier(chats, BIRTH, "Đăng ký khai sinh"))
    assert made is not None
    chats.taps(f"#approval-check:{made.id},1,birth,{answer}", clerk)
    assert approvals.get(chats.db, 1, made.id).state == "dropped"  # type: ignore[union-attr]
    assert approvals.events(chats.db, 1, made.id)[-1].details


def test_L24_it_cannot_go_on_before_everything_is_settled(chats: Chats) -> None:
    """A token from elsewhere skips no check."""
    clerk = chats.official("clerk")
    made = finished(chats, dossier(chats, BIRTH, "Đăng ký khai sinh"))
    assert made is not None
    chats.taps(f"#approval-send:{made.id},1", clerk)
    assert approvals.get(chats.db, 1, made.id).state == "proposed"  # type: ignore[union-attr]


def test_L24_a_death_with_the_same_number_keeps_us_from_congratulating(chats: Chats) -> None:
    """Whose father was reported dead this year gets no letter about his child by itself."""
    dossier(chats, DEATH, "Đăng ký khai tử", code="H99.33-261101-9002")
    assert finished(chats, dossier(chats, BIRTH, "Đăng ký khai sinh")) is None
    other = dossier(chats, BIRTH, "Đăng ký khai sinh", code="H99.33-261101-9003", phone="+84987654321")
    assert finished(chats, other) is not None


def test_L24_a_death_told_on_the_chat_keeps_us_from_congratulating(chats: Chats) -> None:
    """ "Ông ấy mất rồi" was said on a chat on which the dossier stands."""
    found = dossier(chats, MARRIAGE, "Đăng ký kết hôn")
    citizen = meet(chats.db, 1, "web", "", "her", chats.now)
    links.put(chats.db, 1, citizen.id, found.id, chats.now)
    stops.put(chats.db, 1, citizen.id, stops.ALL, chats.now, "died")
    assert finished(chats, found) is None


def test_E03_condolence_is_a_human_decision_without_a_joyful_word(chats: Chats) -> None:
    """The family is asked first; the wording is chosen by the clerk; no "chúc" and no "!" anywhere in it."""
    clerk, chairman = chats.official("clerk"), chats.official("chairman")
    made = finished(chats, dossier(chats, DEATH, "Đăng ký khai tử"))
    assert made is not None
    assert made.state == "proposed"
    said = chats.taps(token(told(chats, clerk), "Đồng ý, soạn thư"), clerk)
    chats.taps(token(said.bodies, "Ghi vào thư"), clerk)
    said = chats.says("Vũ Văn Bảy", clerk)
    said = chats.taps(token(said.bodies, "cụ"), clerk)
    said = chats.taps(token(said.bodies, "ông"), clerk)
    said = chats.taps(token(said.bodies, "Gia đình theo đạo Phật"), clerk)
    chats.taps(token(said.bodies, "Trình duyệt"), clerk)
    [letter] = draw(chats)
    words = " ".join(letter["body"])
    assert "cụ Vũ Văn Bảy" in words
    assert "hương linh" in words
    assert "chúc" not in words.casefold()
    assert "!" not in words
    assert all("chúc" not in each["text"].casefold() for each in told(chats, chairman))
