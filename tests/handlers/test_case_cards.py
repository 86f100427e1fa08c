"""The officials' card of a case: what stands on it, what never does, who is told (G05, L03, L32, B09, A19)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import case_cards
from storage import absences, cases, citizens, erasures, files, officials, outbox
from storage.db import create_engine_for
from storage.sealing import unseal_json
from tests import stores
from tests.bot.desk_cases import HER, OTHER, STREAM, card, filed, sent, stored, tap, work
from tests.bot.turns import CHANNEL, Chats
from tests.town import START

RECEIVER, DEPUTY, CLERK, WRITER = "Bùi Thị Lụa", "Nông Thị Thắm", "Đặng Thị Thu Nhài", "Hoàng Đức Lâm"


def labels(body: dict[str, Any]) -> list[str]:
    return [each["label"] for each in body.get("buttons", [])]


def test_G05_a_card_says_what_officials_need(chats: Chats) -> None:
    """Number, kind, thôn, field, when it is due, who has it, her words, and the buttons done most often."""
    filed(chats)
    seen = card(chats)
    for words in ("PA-0001, Thôn Trung: phản ánh, ngập", "Đường thôn ngập nước", "Hạn trả lời", "Chưa ai nhận"):
        assert words in seen["text"]
    assert labels(seen) == ["Nhận", "Trả lời", "Hỏi thêm", "Chuyển", "Đóng", "Mở", "Thêm việc"]


def test_G05_the_rest_stands_behind_more(chats: Chats) -> None:
    """Note, refuse, join, pressing, sort, title, the whole file."""
    case = filed(chats)
    said = chats.taps(f"#case-more:{case.id}", chats.official())
    assert [each["label"] for each in said.buttons] == [
        "Ghi chú nội bộ", "Từ chối", "Gộp", "Việc gấp", "Phân loại lại", "Đặt tên việc",
        "Toàn bộ hồ sơ",
    ]  # fmt: skip


def test_G05_the_second_who_takes_it_is_told_who_was_first(chats: Chats) -> None:
    """And may take it on purpose; the first is told."""
    case = filed(chats)
    first, second = chats.official(), chats.official("official", WRITER)
    assert "đã nhận PA-0001" in chats.taps(f"#case-take:{case.id}", first).text
    assert CLERK in card(chats)["text"]
    said = chats.taps(f"#case-take:{case.id}", second)
    assert CLERK in said.text
    said = chats.taps(f"#case-take:{case.id},instead", second)
    assert "đã nhận PA-0001" in said.text
    assert any(WRITER in body["text"] and "nhận thay" in body["text"] for body in said.everything)


def test_B09_land_is_flagged_and_a_hidden_name_stands_nowhere_but_with_the_holder(chats: Chats) -> None:
    """Not on the card, not for another official, not in words she wrote; for the holder in his own chat."""
    given = {"name": "Lò Thị Hoa", "phone": "0912345678"}
    case = filed(chats, "Tôi là Lò Thị Hoa, bị thu hồi đất", field="land", hides_name=True, reporter=given)
    seen = card(chats)["text"]
    assert "nhạy cảm" in seen
    assert "giấu tên" in seen
    other, holder = chats.official("official", WRITER), chats.official()
    for words in (seen, chats.taps(f"#case-open:{case.id}", other).text):
        assert "Lò Thị Hoa" not in words
        assert "0912345678" not in words
    chats.taps(f"#case-take:{case.id}", holder)
    mine = chats.taps(f"#case-open:{case.id}", holder).text
    assert "Tôi là Lò Thị Hoa" in mine
    assert "0912345678" in mine
    assert "Hoa" not in chats.taps(f"#case-open:{case.id}", other).text
    cases.add(chats.db, 1, case.id, "added", chats.now, text="Gọi tôi số 0912 345 678")
    case_cards.show(work(chats), stored(chats, case))
    assert "345 678" not in card(chats)["text"]
    assert "345 678" in chats.taps(f"#case-open:{case.id}", holder).text


def test_L03_what_accuses_never_stands_on_a_card(chats: Chats) -> None:
    """What a later message or a caption brought past the gates is left out, with its pictures; receivers read it."""
    case = filed(chats)
    at = (CHANNEL, HER.account, HER.chat)
    files.add(chats.db, 1, "a" * 32, *at, "photo", "image/jpeg", 1, "anh.jpg", chats.now)
    for kind in ("added", "answered", "reopened"):
        words = "Ông Kế toán tham ô tiền của dân"
        cases.add(chats.db, 1, case.id, kind, chats.now, text=words, files=["a" * 32])
    case_cards.show(work(chats), case)
    seen = card(chats)
    assert "tham ô" not in seen["text"]
    assert "a" * 32 not in str(seen)
    assert "tham ô" not in chats.taps(f"#case-open:{case.id}", chats.official()).text
    assert "tham ô" in chats.taps(f"#case-open:{case.id}", chats.official("official", RECEIVER)).text


def test_L03_a_recording_nobody_has_heard_is_played_to_receivers_alone(chats: Chats) -> None:
    """The card says that there is one; once a receiver has given the case to the office, officials may hear it."""
    case = filed(chats, "", lane="receiver")
    files.add(chats.db, 1, "b" * 32, CHANNEL, "", HER.chat, "voice", "audio/ogg", 1, "noi.ogg", chats.now)
    cases.add(chats.db, 1, case.id, "added", chats.now, files=["b" * 32])
    receiver, clerk = chats.official("official", RECEIVER), chats.official()
    assert "Chỉ người" in chats.taps(f"#case-open:{case.id}", clerk).text
    assert "b" * 32 in str(chats.taps(f"#case-open:{case.id}", receiver).bodies)
    said = chats.taps(f"#case-sort:{case.id}", receiver)
    for label in ("phản ánh", "ngập, thoát nước", "Mọi cán bộ"):
        said = tap(chats, receiver, said, label)
    assert stored(chats, case).lane == "office"
    assert "b" * 32 not in str(card(chats))
    assert "b" * 32 in str(chats.taps(f"#case-open:{case.id}", clerk).bodies)
    files.add(chats.db, 1, "c" * 32, CHANNEL, "", HER.chat, "voice", "audio/ogg", 1, "noi.ogg", chats.now)
    cases.add(chats.db, 1, case.id, "added", chats.now, files=["c" * 32])
    said = chats.taps(f"#case-sort:{case.id}", clerk)
    for label in ("phản ánh", "ngập, thoát nước", "Mọi cán bộ"):
        said = tap(chats, clerk, said, label)
    assert "c" * 32 not in str(chats.taps(f"#case-open:{case.id}", clerk).bodies)
    assert "người tiếp công dân nghe" in card(chats)["text"]


@pytest.mark.parametrize(("lane", "reader"), [("leader", "chairman"), ("receiver", RECEIVER)])
def test_A19_L32_what_is_not_for_all_stands_in_no_shared_chat(chats: Chats, lane: str, reader: str) -> None:
    """Its readers have a card without words in their own chats, and read it there; nobody else can."""
    case = filed(chats, "Ở quầy thu thêm giấy tờ", field="service", lane=lane)
    who = chats.official("chairman") if reader == "chairman" else chats.official("official", reader)
    everything = chats._said(who, None)
    assert [body for body in everything.bodies if "PA-0001" in body["text"]]
    assert all("giấy tờ" not in body["text"] for body in everything.everything)
    assert sent(chats, STREAM) == []
    clerk = chats.official()
    for name in ("open", "take", "reply", "note", "sort", "title", "urgent", "hand", "ask", "more"):
        said = chats.taps(f"#case-{name}:{case.id}", clerk)
        assert "Chỉ người có trách nhiệm" in said.text, name
        assert "giấy tờ" not in said.text
    assert "giấy tờ" in chats.taps(f"#case-open:{case.id}", who).text


def test_a_flood_leaves_the_first_card_out_and_later_changes_post_it(
    chats: Chats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Swallowed when it is filed; taken, it stands there."""
    monkeypatch.setattr("bot.case_surge.swallows", lambda _work, case: case.taken_by is None)
    case = filed(chats)
    assert sent(chats, STREAM) == []
    chats.taps(f"#case-take:{case.id}", chats.official())
    assert "PA-0001" in card(chats)["text"]


def test_a_pressing_case_is_due_sooner_and_its_holder_hears_of_it(chats: Chats) -> None:
    """The deadline never moves back; a second press changes nothing."""
    case = filed(chats)
    clerk, other = chats.official(), chats.official("official", WRITER)
    chats.taps(f"#case-take:{case.id}", clerk)
    said = chats.taps(f"#case-urgent:{case.id}", other)
    assert stored(chats, case).due_at < case.due_at
    assert sum("PA-0001 nay là việc gấp, hạn trước" in body["text"] for body in said.everything) == 2
    assert "đã được đánh dấu" in chats.taps(f"#case-urgent:{case.id}", other).text


def test_a_case_never_becomes_a_complaint(chats: Chats) -> None:
    """It is explained, and an answer is offered that leads her there, with a button of its own."""
    case = filed(chats)
    clerk = chats.official()
    said = tap(chats, clerk, chats.taps(f"#case-sort:{case.id}", clerk), "Khiếu nại")
    assert "không nhận qua chat" in said.text
    assert stored(chats, case) == case
    said = tap(chats, clerk, said, "Viết lời hướng dẫn")
    assert "PA-0001" in said.text
    said = tap(chats, clerk, tap(chats, clerk, said, "Giữ nguyên"), "Gửi")
    chats.later(seconds=61)
    hers = [body for body in said.everything if "nơi tiếp công dân" in body["text"]]
    assert "#complaint" in str(hers)


def test_a_title_is_neutral(chats: Chats) -> None:
    """No accusation, no number, no name of hers."""
    case = filed(chats, reporter={"name": "Lò Thị Hoa"})
    clerk = chats.official()
    chats.taps(f"#case-title:{case.id}", clerk)
    assert "Xin bỏ tên" in chats.says("Ông Tư tham ô tiền làm đường", clerk).text
    assert "Xin bỏ tên" in chats.says("Đường ngập, gọi 0912345678", clerk).text
    assert "Xin bỏ tên" in chats.says("Đường nhà bà Lò Thị Hoa ngập", clerk).text
    chats.taps(f"#case-title:{case.id}", clerk)
    assert "đã có tên" in chats.says("Ngập ở cổng chợ", clerk).text
    assert stored(chats, case).title == "Ngập ở cổng chợ"


def test_what_a_removed_official_had_is_free_again(chats: Chats) -> None:
    """He does nothing more; the clerks are told."""
    case = filed(chats)
    writer, clerk = chats.official("official", WRITER), chats.official()
    chats.taps(f"#case-take:{case.id}", writer)
    chats.remove(writer)
    assert "được mời" in chats.taps(f"#case-close:{case.id}", writer).text
    chats._said(clerk, None)
    chats.bench.routes.ticks["cases-left"].function(work(chats))
    assert stored(chats, case).taken_by is None
    assert "PA-0001" in "".join(body["text"] for body in sent(chats, clerk))


def test_a_joined_case_sends_whoever_opens_it_to_the_other(chats: Chats) -> None:
    """Its card has one button; the other tells how many follow."""
    main, follower = filed(chats), filed(chats, "Vẫn ngập", who=OTHER)
    cases.move(chats.db, 1, follower.id, ["open"], "joined", main_id=main.id)
    case_cards.show(work(chats), stored(chats, follower))
    assert labels(card(chats)) == ["Mở"]
    assert "PA-0001" in chats.taps(f"#case-reply:{follower.id}", chats.official()).text
    case_cards.show(work(chats), main)
    assert "Thêm 1 báo cùng việc này" in card(chats)["text"]


@pytest.mark.parametrize("kind", stores.BOTH)
def test_two_officials_race_for_one_card(kind: str, tmp_path: Path) -> None:
    """On two connections at once, as two processes have them: one has it, both hear the same name."""
    with stores.fresh(kind, tmp_path) as url:
        engine = create_engine_for(url, stores.KEYS)
        with engine.begin() as db:
            people = [officials.add(db, 1, name, "Công chức", "official", (), None, START) for name in ("A B", "C D")]
            times = {"due_at": START, "remind_at": None}
            case = cases.open(db, 1, None, None, START, kind="report", field="road", **times)

        def takes(official: int) -> int:
            with engine.begin() as db:
                return cases.take(db, 1, case.id, official)

        with ThreadPoolExecutor(2) as both:
            holders = set(both.map(takes, people))
        engine.dispose()
    assert len(holders) == 1
    assert holders <= set(people)


def test_a_forgotten_citizen_leaves_no_word_on_a_card(chats: Chats) -> None:
    """The case stays, for others may wait for the same work; what the office's chats were sent is emptied."""
    chats.says("xin chào", HER)
    case = filed(chats, reporter={"name": "Lò Thị Hoa"})
    her = citizens.find(chats.db, 1, CHANNEL, HER.account, HER.chat)
    assert her is not None
    cases.change(chats.db, 1, case.id, citizen_id=her.id)
    case_cards.show(work(chats), stored(chats, case))
    erasures.ask(chats.db, 1, her.id, "erase", "", chats.now, due_at=chats.now)
    chats.bench.routes.ticks["erasures"].function(work(chats))
    assert "PA-0001" in card(chats)["text"]
    assert "Đường thôn ngập nước" not in card(chats)["text"]
    table = outbox.outbox
    kept = chats.db.execute(table.select().where(table.c.chat == STREAM.chat, table.c.body.is_not(None))).all()
    assert all("ngập nước" not in unseal_json(chats.db, row.body)["text"] for row in kept)


def test_A19_while_the_chairman_is_away_clerks_read_nothing_of_the_counter(chats: Chats) -> None:
    """With nobody who may approve in his place it waits for him, however long."""
    table = officials.official
    chats.db.execute(table.update().where(table.c.role != "chairman").values(rights=""))
    head = int(chats.official("chairman").chat.partition(":")[2])
    absences.note(chats.db, 1, head, None, chats.now, chats.now + timedelta(days=3), head, chats.now)
    case = filed(chats, "Ở quầy thu thêm giấy tờ", field="service", lane="leader")
    assert "giấy tờ" not in chats.taps(f"#case-open:{case.id}", chats.official()).text
    assert "giấy tờ" in chats.taps(f"#case-open:{case.id}", chats.official("chairman")).text


def test_L32_a_case_that_was_for_all_can_be_taken_out_of_their_sight(chats: Chats) -> None:
    """Its card says no more than its number, whoever had it has it no longer, and he cannot open it."""
    case, clerk = filed(chats, "Nhà bên lấn bờ rào"), chats.official()
    chats.taps(f"#case-take:{case.id}", clerk)
    tap(chats, clerk, chats.taps(f"#case-sort:{case.id}", clerk), "kiến nghị")
    tap(chats, clerk, chats.says("đất đai", clerk), "Chỉ người tiếp công dân")
    assert "bờ rào" not in card(chats)["text"]
    assert "PA-0001" in card(chats)["text"]
    now = stored(chats, case)
    assert (now.kind, now.field, now.lane, now.taken_by, now.sensitive) == ("proposal", "land", "receiver", None, True)
    assert "bờ rào" not in chats.taps(f"#case-open:{case.id}", clerk).text
    assert "bờ rào" in chats.taps(f"#case-open:{case.id}", chats.official("official", RECEIVER)).text


def test_L32_without_a_receiver_the_head_hears_that_something_waits(chats: Chats) -> None:
    """Its number, and that nobody has been named; no shared chat hears of it."""
    table = officials.official
    chats.db.execute(table.update().values(rights=""))
    filed(chats, "Nhà bên lấn bờ rào", lane="receiver")
    assert "chưa có ai được giao" in "".join(body["text"] for body in sent(chats, chats.official("chairman")))
    chats.seen = 0
    assert sent(chats, STREAM) == []


def test_how_a_case_ended_stands_on_its_card(chats: Chats) -> None:
    """And what she said of it; nothing more can be done with it from there."""
    case, clerk = filed(chats), chats.official()
    chats.taps(f"#case-take:{case.id}", clerk)
    number = int(clerk.chat.partition(":")[2])
    add = {"official_id": number}
    cases.add(chats.db, 1, case.id, "refused", chats.now, text="Cột điện", data={"owner": "Điện lực"}, **add)
    cases.add(chats.db, 1, case.id, "reopened", chats.now, text="Vẫn ngập")
    cases.add(chats.db, 1, case.id, "done", chats.now, text="Đã khơi cống", **add)
    cases.add(chats.db, 1, case.id, "agreed", chats.now, data={"how": "partly"})
    cases.add(chats.db, 1, case.id, "told", chats.now, data={"place": [21.5, 105.25]})
    cases.move(chats.db, 1, case.id, ["open"], "settled", closed_at=chats.now)
    case_cards.show(work(chats), stored(chats, case))
    seen = card(chats)
    for words in ("Điện lực", "chưa xong", "Vẫn ngập", "Đã khơi cống", "xong một phần", "21.5,105.25", "Đã xong."):
        assert words in seen["text"]
    assert labels(seen) == ["Mở"]
    for name in ("take", "reply", "ask", "hand", "urgent", "sort", "title", "more"):
        assert "đã đóng" in chats.taps(f"#case-{name}:{case.id}", clerk).text, name


def test_nothing_happens_to_a_case_that_is_not_there(chats: Chats) -> None:
    """A number that nobody gave, one that is none; a talk about a case that closed meanwhile changes nothing."""
    clerk = chats.official()
    for number in ("99", "x", "9" * 30):
        for name in ("open", "take", "reply", "note", "hand"):
            assert "không còn nữa" in chats.taps(f"#case-{name}:{number}", clerk).text
    case = filed(chats)
    chats.taps(f"#case-title:{case.id}", clerk)
    cases.move(chats.db, 1, case.id, ["open"], "withdrawn", closed_at=chats.now)
    assert "Chưa có gì thay đổi" in chats.says("Ngập ở cổng chợ", clerk).text


def test_whose_case_is_with_somebody_who_left_can_be_taken(chats: Chats) -> None:
    """Before the clock has freed it, too."""
    case, writer, clerk = filed(chats), chats.official("official", WRITER), chats.official()
    chats.taps(f"#case-take:{case.id}", writer)
    chats.remove(writer)
    said = chats.taps(f"#case-take:{case.id}", clerk)
    assert "đã thôi việc" in said.text
    assert "đã nhận PA-0001" in tap(chats, clerk, said, "").text


def test_who_has_blocked_us_is_to_be_called(chats: Chats) -> None:
    """The card says so."""
    chats.says("xin chào", HER)
    case = filed(chats)
    citizens.left(chats.db, 1, CHANNEL, HER.account, HER.chat, chats.now)
    case_cards.show(work(chats), case)
    assert "chặn" in card(chats)["text"]


def test_topics_are_chosen_inside_a_topic(chats: Chats) -> None:
    """Anywhere else there is nothing to choose; and only those who lead may."""
    assert "trong một chủ đề" in chats.says("/chude đường", chats.official()).text
    assert "trong một chủ đề" in chats.taps("#case-topic:road", chats.official()).text
    assert "được mời" in chats.says("/chude", chats.official("official", WRITER)).text
