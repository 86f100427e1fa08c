"""A dossier that will be late: asked for by buttons, approved, and the villager told; and all that can come between."""


import pytest

from storage import approvals, files, postponements
from storage.approvals import Approval
from storage.postponements import Postponement
from tests.bot.drawn import draw, token, told
from tests.bot.due import CODE, OFFICER, Due, at
from tests.bot.turns import Chats, Said, Who

REASON = "Đo đạc"


@pytest.fixture
def due(chats: Chats) -> Due:
    """Monday the 30th of November; the dossier is due on Friday."""
    made = Due(chats)
    made.comes("2026-11-30T09:00")
    made.lists("2026-12-04T16:30", received_at=at("2026-11-02T08:00"))
    return made


def officer(chats: Chats) -> Who:
    return chats.official("official", OFFICER)


def tap(chats: Chats, who: Who, said: Said, label: str) -> Said:
    found = next(each["token"] for each in said.buttons if each["label"].endswith(label) or label in each["label"])
    return chats.taps(found, who)


def asks(chats: Chats, who: Who, day: str = "11/12/2026", called: str = "bà", code: str = CODE) -> Said:
    """The whole talk, to the look at the letter."""
    said = chats.says(f"/luingay {code}", who)
    assert "Vì sao" in said.text, said.text
    said = tap(chats, who, said, "Việc đo đạc")
    assert "ngày nào xong" in said.text
    said = chats.says(day, who)
    assert "gọi Nguyễn Thị Thu Hường thế nào" in said.text, said.text
    return tap(chats, who, said, called)


def sends(chats: Chats, who: Who, **how: str) -> Said:
    said = asks(chats, who, **how)
    return chats.taps(said.buttons[0]["token"], who)


def wish(chats: Chats, due: Due) -> Postponement:
    return postponements.of_dossier(chats.db, 1, due.dossier().id)[-1]


def letter(chats: Chats, due: Due) -> Approval:
    return approvals.of_dossier(chats.db, 1, due.dossier().id)[-1]


def approves(chats: Chats, role: str = "chairman", name: str = "") -> Said:
    """The letter is drawn and approved by whoever it waits for."""
    who = chats.official(role, name)
    draw(chats)
    card = told(chats, who)
    said = chats.taps(token(card, "Duyệt"), who)
    draw(chats)
    return said


def words(chats: Chats, who: Who) -> str:
    """Everything a chat was sent."""
    chats.seen = 0
    return "\n".join(body["text"] for body in told(chats, who))


# --- asking -----------------------------------------------------------------------------------------------------------


def test_A05_reason_and_date_by_buttons_then_a_look_then_approval(chats: Chats, due: Due) -> None:
    """The officer sees the letter's own words; until it is approved nothing changes."""
    mine = officer(chats)
    said = asks(chats, mine)
    assert "thành thật xin lỗi bà Nguyễn Thị Thu Hường" in said.text
    assert "hẹn trả kết quả vào thứ Sáu, 11/12/2026" in said.text
    said = chats.taps(said.buttons[0]["token"], mine)
    assert "Đã trình duyệt" in said.text
    found = letter(chats, due)
    assert (found.kind, found.state, found.asked_by) == ("apology-late", "waiting", wish(chats, due).official_id)
    assert found.data["reason"] == "Việc đo đạc, kiểm tra ngoài thực địa chưa xong"
    assert found.data["new_due"] == "thứ Sáu, 11/12/2026"
    assert found.data["received"] == "8 giờ, thứ Hai, 02/11/2026"
    assert due.dossier().deadline == at("2026-12-04T16:30")
    assert due.notices("dossier-late") == 0


def test_A05_from_the_warning_with_a_reason_of_ones_own_and_a_day_by_button(chats: Chats, due: Due) -> None:
    """The button of the warning leads into the talk; his own words are the letter's reason."""
    mine = officer(chats)
    due.morning("2026-12-01T07:30")
    said = chats.taps(token(told(chats, mine), "Xin lùi ngày"), mine)
    said = tap(chats, mine, said, "Lý do khác")
    assert "một câu" in said.text
    assert "ngày nào xong" not in chats.says("mưa", mine).text
    said = chats.says("Chủ đất liền kề đi xa, chưa ký biên bản ranh giới", mine)
    assert [each["label"] for each in said.buttons][:2] == ["1. thứ Hai, 07/12/2026", "2. thứ Ba, 08/12/2026"]
    said = tap(chats, mine, said, "thứ Ba, 08/12/2026")
    said = tap(chats, mine, said, "ông/bà")
    chats.taps(said.buttons[0]["token"], mine)
    assert letter(chats, due).data["reason"] == "Chủ đất liền kề đi xa, chưa ký biên bản ranh giới"
    assert wish(chats, due).new == at("2026-12-08T23:59:59")


@pytest.mark.parametrize(
    ("day", "hint"),
    [
        ("12/12/2026", "ngày nghỉ"), ("04/12/2026", "từ"), ("30/11/2026", "từ"), ("32/12", "ngày"),
        ("24/11/2027", "ngày nghỉ"), ("01/01/2040", "muộn nhất"),
    ],
)  # fmt: skip
def test_A05_the_new_day_is_a_working_day_after_the_old_one(chats: Chats, due: Due, day: str, hint: str) -> None:
    """A Saturday, the old day, a day before it, no day at all, a holiday, a day too far: told kindly, asked again."""
    mine = officer(chats)
    said = tap(chats, mine, chats.says(f"/luingay {CODE}", mine), "Việc đo đạc")
    said = chats.says(day, mine)
    assert hint in said.text
    assert "ngày nào xong" in said.text


def test_A05_an_unknown_dossier_or_one_that_does_not_run_is_refused_kindly(chats: Chats, due: Due) -> None:
    """A code nobody knows, a finished one, one that waits for papers, one without a date."""
    mine = officer(chats)
    assert "không còn trong danh sách" in chats.says("/luingay H99.33-261102-9999", mine).text
    assert "mã hồ sơ" in chats.says("/luingay", mine).text
    chats.says("thôi", mine)
    due.lists(status=9)
    assert "không trong lúc giải quyết" in chats.says(f"/luingay {CODE}", mine).text
    due.lists(status=5, note="Thiếu tờ khai")
    assert "không trong lúc giải quyết" in chats.says(f"/luingay {CODE}", mine).text


def test_A05_two_officials_at_once_and_double_taps_make_one_letter(chats: Chats, due: Due) -> None:
    """Both see the letter; the first sends it; the second is told so, and so is whoever taps twice."""
    mine, clerk = officer(chats), chats.official("clerk")
    first, second = asks(chats, mine), asks(chats, clerk, day="14/12/2026")
    send = first.buttons[0]["token"]
    assert "Đã trình duyệt" in chats.taps(send, mine).text
    chats.taps(send, mine)
    assert "đã có người xin lùi ngày" in chats.taps(second.buttons[0]["token"], clerk).text
    assert "đã có người xin lùi ngày" in chats.says(f"/luingay {CODE}", clerk).text
    assert len(approvals.of_dossier(chats.db, 1, due.dossier().id)) == 1


def test_A05_later_than_a_day_before_it_goes_on_marked_late(chats: Chats, due: Due) -> None:
    """On the due date itself: the officer is told, and so is whoever approves."""
    mine = officer(chats)
    due.comes("2026-12-04T08:00")
    said = asks(chats, mine)
    assert "Lẽ ra thư xin lỗi phải gửi trước hôm nay" in said.text
    chats.taps(said.buttons[0]["token"], mine)
    assert wish(chats, due).late
    assert "Thư chậm" in letter(chats, due).note
    due.comes("2026-12-04T08:30")


def test_L05_a_private_procedure_is_not_named_in_the_letter(chats: Chats, due: Due) -> None:
    """Its letter says "as on the slip"."""
    due.lists(procedure_code="1.004873", procedure_name="Cấp Giấy xác nhận tình trạng hôn nhân")
    sends(chats, officer(chats))
    assert letter(chats, due).data["subject"] == "như ghi trên giấy hẹn"


# --- approved ---------------------------------------------------------------------------------------------------------


def test_A05_approved_the_date_moves_and_she_is_told_once(chats: Chats, due: Due) -> None:
    """The deadline is the new day's end, warnings begin anew, the letter goes out, the officer knows."""
    mine = officer(chats)
    due.morning("2026-12-01T07:30")
    told(chats, mine)
    sends(chats, mine)
    approves(chats)
    assert "Đã duyệt: hồ sơ" in words(chats, mine)
    found = due.dossier()
    assert (found.deadline, found.due_at, found.warned) == (at("2026-12-11T23:59:59"), at("2026-12-04T16:30"), 0)
    assert due.notices("dossier-late") == 1
    assert (letter(chats, due).state, wish(chats, due).state) == ("sent", "agreed")
    due.morning("2026-12-07T10:00")
    assert due.notices("dossier-missed") == 0
    due.morning("2026-12-08T07:30")
    assert "còn 3 ngày làm việc" in words(chats, mine)


def test_A05_approved_after_the_date_she_has_both_the_apology_and_the_letter(chats: Chats, due: Due) -> None:
    """The date passes while the letter waits: she is told the truth that morning, and the letter follows."""
    sends(chats, officer(chats))
    due.morning("2026-12-07T10:00")
    assert due.notices("dossier-missed") == 1
    chats.official("chairman")
    number = letter(chats, due).id
    chats.taps(f"#approval:{number},1", chats.official("chairman"))
    approves(chats)
    assert due.notices("dossier-late") == 1
    assert due.dossier().deadline == at("2026-12-11T23:59:59")


def test_A05_a_list_that_says_the_same_old_date_keeps_the_new_one(chats: Chats, due: Due) -> None:
    """The desk's own system knows nothing of our letter: its unchanged due date moves nothing back."""
    sends(chats, officer(chats))
    approves(chats)
    assert due.lists(note="vẫn đang làm").deadline == at("2026-12-11T23:59:59")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"due": "2026-12-09T16:30"}, "Ngày hẹn đã đổi"),
        ({"due": None, "status": 9}, "không cần lùi ngày"),
        ({"due": None, "status": 5, "note": "Thiếu tờ khai"}, "không cần lùi ngày"),
    ],
)
def test_A05_what_has_become_of_the_dossier_meanwhile_goes_first(
    chats: Chats, due: Due, changed: dict[str, object], why: str
) -> None:
    """Another date from the list, finished, or waiting for her: no letter goes out, and the officer is told why."""
    mine, chairman = officer(chats), chats.official("chairman")
    sends(chats, mine)
    draw(chats)
    yes = token(told(chats, chairman), "Duyệt")
    due.lists(**changed)  # type: ignore[arg-type]
    deadline = due.dossier().deadline
    said = chats.taps(yes, chairman).text
    draw(chats)
    assert due.notices("dossier-late") == 0
    assert due.dossier().deadline == deadline
    assert wish(chats, due).state == "void"
    assert why in words(chats, mine), said


def test_A05_a_letter_approved_after_its_own_new_date_is_not_sent(chats: Chats, due: Due) -> None:
    """Nobody is promised a day that has passed."""
    mine = officer(chats)
    sends(chats, mine, day="07/12/2026")
    due.comes("2026-12-08T09:00")
    chats.taps(f"#approval:{letter(chats, due).id},1", chats.official("chairman"))
    approves(chats)
    assert due.notices("dossier-late") == 0
    assert wish(chats, due).state == "void"


def test_A05_refused_the_officer_is_told_why_and_may_ask_again(chats: Chats, due: Due) -> None:
    """The date stays; the reason reaches him; another wish is another letter."""
    mine, chairman = officer(chats), chats.official("chairman")
    sends(chats, mine)
    draw(chats)
    said = chats.taps(token(told(chats, chairman), "Thôi, không gửi"), chairman)
    assert "Vì sao" in said.text
    chats.says("Đề nghị làm kịp trong tuần này", chairman)
    assert wish(chats, due).state == "refused"
    got = words(chats, mine)
    assert "chưa được duyệt" in got
    assert "Đề nghị làm kịp trong tuần này" in got
    assert due.dossier().deadline == at("2026-12-04T16:30")
    assert "Đã trình duyệt" in sends(chats, mine).text
    assert wish(chats, due).number == 2
    assert letter(chats, due).kind == "apology-late"


def test_L21_the_officer_who_asked_has_left_and_the_clerk_is_told(chats: Chats, due: Due) -> None:
    """Approved all the same; what he would have been told the clerk is."""
    mine, clerk = officer(chats), chats.official("clerk")
    sends(chats, mine)
    chats.remove(mine)
    told(chats, clerk)
    approves(chats)
    assert due.notices("dossier-late") == 1
    assert "Đã duyệt: hồ sơ" in words(chats, clerk)


# --- once more --------------------------------------------------------------------------------------------------------


def moved_once(chats: Chats, due: Due) -> Who:
    mine = officer(chats)
    sends(chats, mine)
    approves(chats)
    told(chats, mine)
    return mine


def second(chats: Chats, mine: Who) -> Said:
    said = chats.says(f"/luingay {CODE}", mine)
    assert "đã lùi ngày một lần" in said.text
    said = tap(chats, mine, said, "Có, trình Chủ tịch")
    said = tap(chats, mine, said, "Việc đo đạc")
    said = chats.says("18/12/2026", mine)
    said = tap(chats, mine, said, "bà")
    assert "lần thứ hai" in said.text
    return chats.taps(said.buttons[0]["token"], mine)


def test_A05_a_second_new_date_is_refused_unless_the_officer_insists(chats: Chats, due: Due) -> None:
    """By default it ends there."""
    mine = moved_once(chats, due)
    said = chats.says(f"/luingay {CODE}", mine)
    tap(chats, mine, said, "Không, giữ ngày cũ")
    assert len(postponements.of_dossier(chats.db, 1, due.dossier().id)) == 1


def test_A05_a_second_new_date_is_the_chairmans_own(chats: Chats, due: Due) -> None:
    """Laid before him as a kind of its own; by his own tap it goes out."""
    mine = moved_once(chats, due)
    second(chats, mine)
    assert letter(chats, due).kind == "second-postponement"
    approves(chats)
    assert due.dossier().deadline == at("2026-12-18T23:59:59")
    assert due.notices("dossier-late") == 2


def test_A05_the_deputys_tap_is_not_enough_for_a_second_new_date(chats: Chats, due: Due) -> None:
    """Nothing goes out without the Chairman or a hand on paper; the officer is told so."""
    mine, deputy = moved_once(chats, due), chats.official("official", "Thắm")
    second(chats, mine)
    draw(chats)
    chats.taps(f"#approval:{letter(chats, due).id},1", deputy)
    draw(chats)
    chats.taps(f"#approval-yes:{letter(chats, due).id},1", deputy)
    draw(chats)
    assert due.notices("dossier-late") == 1
    assert due.dossier().deadline == at("2026-12-11T23:59:59")


def test_L22_a_second_new_date_signed_on_paper_goes_out_as_her_scan(chats: Chats, due: Due) -> None:
    """The Chairman never logs in: the văn thư records the signed letter, and her scan is what the villager gets."""
    mine = moved_once(chats, due)
    second(chats, mine)
    draw(chats)
    number, scan = letter(chats, due).id, "a" * 32
    chats.taps(f"#approval-signed:{number},1", mine)  # he keeps the stamp
    for answer in ("15/TXL-UBND", "hôm nay", "Triệu Minh Khải", "Chủ tịch"):
        chats.says(answer, mine)
    files.add(chats.db, 1, scan, "web", mine.account, mine.chat, "file", "application/pdf", 10, "thư.pdf", chats.now)
    chats.does(mine, kind="file", text="", files=[scan])
    chats.says("Có", mine)
    assert (letter(chats, due).state, letter(chats, due).signed_pdf) == ("sent", scan)
    assert due.dossier().deadline == at("2026-12-18T23:59:59")
    assert due.notices("dossier-late") == 2
