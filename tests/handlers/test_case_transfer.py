"""A case handed on with the "5 rõ": two taps are enough, each may be changed, the holder is told (G07)."""

from datetime import timedelta

from storage import absences, cases, officials
from tests.bot.desk_cases import HER, STREAM, card, filed, sent, stored, tap
from tests.bot.turns import Chats, Said, Who

WRITER, RECEIVER, POLICE = "Hoàng Đức Lâm", "Bùi Thị Lụa", "Lường Quang Mộc"


def number(who: Who) -> int:
    return int(who.chat.partition(":")[2])


def to_whom(chats: Chats, case: cases.Case, who: Who, name: str) -> Said:
    """To the look at the five points."""
    return tap(chats, who, chats.taps(f"#case-hand:{case.id}", who), name)


def test_G07_two_taps_hand_it_on_with_five_points(chats: Chats) -> None:
    """Who, what, answerable for what, by when, with what result; he is told in his own chat, she who has it."""
    case, clerk, writer = filed(chats), chats.official(), chats.official("official", WRITER)
    look = to_whom(chats, case, clerk, WRITER)
    for words in ("Người làm: Hoàng Đức Lâm", "Việc:", "Trách nhiệm:", "Hạn:", "Kết quả:"):
        assert words in look.text
    said = tap(chats, clerk, look, "Giao việc")
    assert "đã được báo" in said.text
    assert stored(chats, case).taken_by == number(writer)
    his = [body for body in said.everything if "chuyển PA-0001 cho ông/bà" in body["text"]]
    assert "Trách nhiệm: Trả lời người dân đúng hạn" in his[0]["text"]
    assert his[0]["buttons"][0]["token"] == f"#case-open:{case.id}"
    handed = cases.entries(chats.db, 1, case.id, kinds=["handed"])[0]
    assert set(handed.data) == {"to", "task", "responsible", "by", "result"}
    assert handed.data["by"] == stored(chats, case).due_at.date().isoformat()
    assert WRITER in card(chats)["text"]


def test_G07_each_point_may_be_changed_before_it_goes(chats: Chats) -> None:
    """Words and a day of his own; what was not changed keeps the usual words."""
    case, clerk, writer = filed(chats), chats.official(), chats.official("official", WRITER)
    look = to_whom(chats, case, clerk, WRITER)
    for label, words in (("Sửa việc", "Khơi cống ngõ 3"), ("Sửa hạn", "30/11/2026"), ("Sửa kết quả", "Ảnh đã khơi")):
        tap(chats, clerk, look, label)
        look = chats.says(words, clerk)
    assert "Khơi cống ngõ 3" in look.text
    said = tap(chats, clerk, look, "Giao việc")
    handed = cases.entries(chats.db, 1, case.id, kinds=["handed"])[0]
    assert (handed.data["task"], handed.data["by"]) == ("Khơi cống ngõ 3", "2026-11-30")
    assert handed.data["result"] == "Ảnh đã khơi"
    assert stored(chats, case).due_at == case.due_at
    assert any("Khơi cống ngõ 3" in body["text"] and "thứ Hai, 30/11/2026" in body["text"] for body in said.everything)
    assert stored(chats, case).taken_by == number(writer)


def test_whoever_is_away_is_stood_in_for(chats: Chats) -> None:
    """His substitute gets the case, and both names are told."""
    case, clerk = filed(chats), chats.official()
    writer, police = chats.official("official", WRITER), chats.official("official", POLICE)
    back = chats.now + timedelta(days=3)
    absences.note(chats.db, 1, number(writer), number(police), chats.now, back, number(writer), chats.now)
    said = tap(chats, clerk, to_whom(chats, case, clerk, WRITER), "Giao việc")
    assert "đang vắng" in said.text
    assert stored(chats, case).taken_by == number(police)


def test_whom_he_named_was_removed_meanwhile(chats: Chats) -> None:
    """The list no longer has him: who takes over is asked once more, and nothing has changed."""
    case, clerk, writer = filed(chats), chats.official(), chats.official("official", WRITER)
    look = to_whom(chats, case, clerk, WRITER)
    chats.remove(writer)
    said = tap(chats, clerk, look, "Giao việc")
    assert "không còn phù hợp" in said.text
    assert WRITER not in str(said.buttons)
    assert stored(chats, case).taken_by is None


def test_A19_nobody_at_the_counter_stands_in_for_what_is_past_it(chats: Chats) -> None:
    """Whom the head named is away and named nobody: a clerk would act for him, but not in this."""
    case = filed(chats, "Ở quầy thu thêm giấy tờ", field="service", lane="leader")
    head, writer = chats.official("chairman"), chats.official("official", WRITER)
    back = chats.now + timedelta(days=3)
    absences.note(chats.db, 1, number(writer), None, chats.now, back, number(writer), chats.now)
    tap(chats, head, to_whom(chats, case, head, WRITER), "Giao việc")
    assert stored(chats, case).taken_by == number(writer)


def test_what_changed_meanwhile_is_looked_at_when_it_is_handed_on(chats: Chats) -> None:
    """Another has taken it, or it is closed: nothing changes, and he is told why."""
    case, police, writer = filed(chats), chats.official("official", POLICE), chats.official("official", WRITER)
    look = to_whom(chats, case, police, "Bùi Thị Lụa")
    chats.taps(f"#case-take:{case.id}", writer)
    assert WRITER in tap(chats, police, look, "Giao việc").text
    assert stored(chats, case).taken_by == number(writer)
    look = to_whom(chats, case, writer, POLICE)
    cases.move(chats.db, 1, case.id, ["open"], "withdrawn", closed_at=chats.now)
    assert "đã đóng" in tap(chats, writer, look, "Giao việc").text
    assert stored(chats, case).taken_by == number(writer)


def test_only_its_holder_hands_it_on_and_those_who_lead(chats: Chats) -> None:
    """Another is told who has it; a clerk may."""
    case, writer, police = filed(chats), chats.official("official", WRITER), chats.official("official", POLICE)
    chats.taps(f"#case-take:{case.id}", writer)
    assert WRITER in chats.taps(f"#case-hand:{case.id}", police).text
    clerk = chats.official()
    tap(chats, clerk, to_whom(chats, case, clerk, POLICE), "Giao việc")
    assert stored(chats, case).taken_by == number(police)


def test_A19_what_is_past_the_counter_is_read_by_whom_the_head_gives_it(chats: Chats) -> None:
    """Before that he cannot open it; after it he can, at /office, and nobody else."""
    case = filed(chats, "Ở quầy thu thêm giấy tờ", field="service", lane="leader")
    head, writer, clerk = chats.official("chairman"), chats.official("official", WRITER), chats.official()
    assert "giấy tờ" not in chats.taps(f"#case-open:{case.id}", writer).text
    tap(chats, head, to_whom(chats, case, head, WRITER), "Giao việc")
    assert "thêm giấy tờ" in chats.taps(f"#case-open:{case.id}", writer).text
    assert "thêm giấy tờ" not in chats.taps(f"#case-open:{case.id}", clerk).text
    assert sent(chats, STREAM) == []


def test_L32_what_is_for_receivers_goes_to_receivers_alone(chats: Chats) -> None:
    """Nobody else is offered; with one receiver there is nobody to hand it to."""
    case = filed(chats, "Tranh chấp bờ rào", field="land", lane="receiver")
    receiver = chats.official("official", RECEIVER)
    assert "Chưa có ai khác" in chats.taps(f"#case-hand:{case.id}", receiver).text
    table = officials.official
    chats.db.execute(table.update().where(table.c.name == WRITER).values(rights="receive"))
    said = chats.taps(f"#case-hand:{case.id}", receiver)
    assert [WRITER in each["label"] for each in said.buttons if "Thôi" not in each["label"]] == [True]


def test_she_is_told_who_has_it_now(chats: Chats) -> None:
    """Under her number, without the words among officials."""
    case, clerk = filed(chats), chats.official()
    tap(chats, clerk, to_whom(chats, case, clerk, WRITER), "Giao việc")
    chats.later(hours=1)
    chats.seen = 0
    hers = "\n".join(body["text"] for body in chats._said(HER, None).bodies)
    assert WRITER in hers
    assert "Trách nhiệm" not in hers
