"""Her cases after filing (B04, L31): found by number, answered, added to, hidden, taken back; strangers see a state."""

from typing import Any

import pytest
from sqlalchemy import Connection

from bot import case_news
from bot.casework import Draft, file
from bot.turn import Address, Work
from storage import cases, citizens, files, officials
from storage.cases import Case
from tests.bot.turns import VILLAGER, Chats, Who
from tests.town import PHOTO, Somebody, Town

OTHER = Who("", "somebody-else")
WORDS = "Cống trước nhà ông Páo ở đầu thôn tắc, nước tràn ra đường"


def work(chats: Chats) -> Work:
    return Work(chats.db, chats.bench.place, chats.now)


def filed(chats: Chats, who: Who = VILLAGER, text: str = WORDS, **more: Any) -> Case:
    """A case somebody has reported in her chat."""
    chats.says("xin chào", who)
    to = Address("web", who.account, who.chat, who.chat)
    citizen = citizens.find(chats.db, 1, "web", who.account, who.chat)
    made = file(work(chats), Draft(text, field="flood", village="Thôn Suối Trên", **more), to, citizen.id)
    chats._said(who, None)
    return made


def asked(chats: Chats, case: Case, words: str = "Cống tắc ở phía nào ạ?") -> int:
    """An official asks her something, as handlers.cases.reply does."""
    by = chats._person("clerk")
    cases.change(chats.db, 1, case.id, asked_at=chats.now)
    return cases.add(chats.db, 1, case.id, "asked", chats.now, text=words, official_id=by.id)


def now_of(chats: Chats, case: Case) -> Case:
    found = cases.get(chats.db, 1, case.id)
    assert found is not None
    return found


def kinds(chats: Chats, case: Case) -> list[str]:
    return [each.kind for each in cases.entries(chats.db, 1, case.id)]


# --- finding it -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["PA-0001", "pa 1", "phản ánh số 1 đến đâu rồi", "cho hỏi PA-0001 xong chưa ạ"])
def test_B04_her_number_leads_to_her_case(chats: Chats, words: str) -> None:
    """Read aloud or typed; she sees her own words, the day, and what she can do."""
    made = filed(chats)
    assert made.number == 1
    said = chats.says(words)
    assert said.route == "code_or_phrase"
    assert WORDS in said.text
    assert "Hạn trả lời" in said.text
    assert "đang chờ cán bộ nhận việc" in said.text
    assert {each["label"] for each in said.buttons} >= {"Bổ sung thêm", "Giấu tên tôi", "Rút lại phản ánh"}


def test_L31_a_stranger_with_the_number_sees_a_state_and_days(chats: Chats) -> None:
    """No thôn, no field, no word, no name, no button."""
    made = filed(chats)
    cases.take(chats.db, 1, made.id, chats._person("clerk").id)
    said = chats.says("PA-0001", OTHER)
    assert "PA-0001: cán bộ đang giải quyết" in said.text
    for hidden in ("Suối Trên", "Cống", "ngập", "Páo", chats._person("clerk").name):
        assert hidden not in said.text
    assert not said.buttons
    for token in ("case", "case-yes", "case-no", "case-partly", "case-hide", "case-withdraw", "case-add",
                  "case-answer", "case-head-yes"):  # fmt: skip
        refused = chats.taps(f"#{token}:{made.id}", OTHER)
        assert "chưa có phản ánh nào" in refused.text, token
    assert now_of(chats, made) == cases.by_number(chats.db, 1, 1)
    assert kinds(chats, made) == ["told"]


def test_B04_a_number_nobody_has_and_an_official_who_asks(chats: Chats) -> None:
    assert "chưa có phản ánh nào mang số này" in chats.says("PA-7777").text
    made = filed(chats)
    chats.official("clerk")
    officials.bind(chats.db, 1, chats._person("clerk").id, "web", "", "clerk-at-home")
    assert "Cống" in chats.says("PA-0001", Who("", "clerk-at-home")).text
    guarded = filed(chats, lane="leader")
    said = chats.says("PA-0002", Who("", "clerk-at-home"))
    assert [each["token"] for each in said.buttons] == [f"#case-open:{guarded.id}"]
    assert "Cống" not in said.text
    assert made.number == 1


def test_B04_her_reports_are_listed_newest_first(chats: Chats) -> None:
    assert "chưa báo việc gì" in chats.says("phản ánh của tôi").text
    filed(chats)
    second = filed(chats, text="Đèn đường hỏng")
    said = chats.says("việc tôi báo đến đâu rồi")
    assert said.text.index("PA-0002") < said.text.index("PA-0001")
    assert "PA-0002" in chats.says("1").text
    assert f"#case:{second.id}" in {each["token"] for each in said.buttons}


def test_B04_the_trail_has_names_and_posts_and_no_note(chats: Chats) -> None:
    made, by = filed(chats), chats._person("clerk")
    cases.take(chats.db, 1, made.id, by.id)
    cases.add(chats.db, 1, made.id, "taken", chats.now, official_id=by.id)
    cases.add(chats.db, 1, made.id, "note", chats.now, official_id=by.id, text="bí mật nội bộ")
    cases.add(chats.db, 1, made.id, "reply", chats.now, official_id=by.id, text="Mai tổ thủy lợi xuống ạ")
    said = chats.taps(f"#case:{made.id}")
    assert f"Người giải quyết: {by.name}, {by.post}" in said.text
    assert "nhận việc" in said.text
    assert "Mai tổ thủy lợi xuống ạ" in said.text
    assert "bí mật" not in said.text


# --- answering and adding ---------------------------------------------------------------------------------------------


def test_B04_what_she_writes_after_a_question_is_her_answer(chats: Chats) -> None:
    """Words and then ten pictures: one answer, all pictures kept, one receipt of them."""
    made = filed(chats)
    asked(chats, made)
    said = chats.says("Phía bờ suối, cạnh gốc mít")
    assert said.route == "about_case"
    assert "đã đến UBND xã" in said.text
    assert now_of(chats, made).asked_at is None
    assert kinds(chats, made)[-1] == "answered"
    for _number in range(10):
        assert chats.does(kind="location", lat=22.5, lon=104.1).route == "about_case"
    assert kinds(chats, made).count("added") == 10
    assert chats.says("giờ làm việc").route != "about_case"


@pytest.mark.parametrize(
    "words", ["thủ tục", "/trogiup", "hồ sơ của tôi đến đâu rồi", "cảm ơn", "PA-0001", "gặp cán bộ"]
)
def test_B04_another_matter_is_no_answer(chats: Chats, words: str) -> None:
    made = filed(chats)
    asked(chats, made)
    assert chats.says(words).route != "about_case"
    assert "answered" not in kinds(chats, made)
    assert now_of(chats, made).asked_at is not None


def test_L03_an_accusation_is_no_answer(chats: Chats) -> None:
    """The gates come first, for words and for a caption."""
    made = filed(chats)
    asked(chats, made)
    assert chats.says("Cán bộ địa chính nhận hối lộ").route == "accusation"
    assert "answered" not in kinds(chats, made)


@pytest.mark.parametrize("begin", ["", "case-add", "case-answer"])
@pytest.mark.parametrize("caption", ["Cán bộ địa chính nhận hối lộ", "Nhà bên bán ma túy"])
def test_L28_a_caption_that_accuses_is_not_taken(chats: Chats, begin: str, caption: str) -> None:
    """No gate of the router reads what stands under a picture; nothing of it comes to the case or to the office."""
    made = filed(chats)
    asked(chats, made)
    if begin:
        chats.taps(f"#{begin}:{made.id}")
    files.add(chats.db, 1, "proof", "web", "", VILLAGER.chat, "photo", "image/jpeg", 10, "", chats.now)
    said = chats.does(kind="photo", text=caption, files=["proof"])
    assert kinds(chats, made) == ["told", "asked"]
    assert not any(caption in body["text"] for body in said.everything)


def test_B04_words_that_accuse_nobody_after_all_are_the_answer(chats: Chats) -> None:
    """She was asked first whether they accuse somebody."""
    made = filed(chats)
    asked(chats, made)
    doubtful = chats.says("Ông hàng xóm lừa tiền xây cống")
    assert doubtful.route == "accusation"
    chats.taps(doubtful.buttons[1]["token"])
    assert kinds(chats, made)[-1] == "answered"


def test_L11_the_privacy_page_lists_her_reports(chats: Chats) -> None:
    filed(chats)
    assert "Phản ánh PA-0001" in chats.taps("#see:").text


def test_B04_an_answer_after_two_days_needs_the_button(chats: Chats) -> None:
    made = filed(chats)
    asked(chats, made)
    chats.later(hours=49)
    assert chats.says("Phía bờ suối").route != "about_case"
    said = chats.taps(f"#case-answer:{made.id}")
    assert "Cống tắc ở phía nào ạ?" in said.text
    assert "đã đến UBND xã" in chats.says("Phía bờ suối").text
    assert now_of(chats, made).asked_at is None


def test_B04_she_adds_and_the_card_is_shown(chats: Chats) -> None:
    made = filed(chats)
    assert "bổ sung gì cho PA-0001" in chats.taps(f"#case-add:{made.id}").text
    said = chats.says("Nay nước đã vào sân")
    assert "Đã ghi thêm vào PA-0001" in said.text
    assert any("PA-0001" in body["text"] for body in said.everything if body not in said.bodies)
    assert cases.entries(chats.db, 1, made.id)[-1].text == "Nay nước đã vào sân"


def test_B04_words_beside_the_number_are_offered_to_be_added(chats: Chats) -> None:
    made = filed(chats)
    assert "ghi thêm lời này" in chats.says("PA-0001 hôm nay nước tràn vào sân trường mầm non").text
    assert "Đã ghi thêm" in chats.says("có, ghi thêm").text
    assert kinds(chats, made) == ["told", "added"]


def test_B04_adding_to_what_is_over_asks_whether_it_goes_on(chats: Chats) -> None:
    made = filed(chats)
    cases.move(chats.db, 1, made.id, ("open",), "settled", done_at=chats.now, closed_at=chats.now)
    assert "đã kết thúc rồi" in chats.taps(f"#case-add:{made.id}").text
    assert "đã được mở lại" in chats.says("1").text
    assert now_of(chats, made).state == "open"


# --- her name, taking back --------------------------------------------------------------------------------------------


def test_L31_she_hides_her_name_and_lets_the_village_head_see_her_words(chats: Chats) -> None:
    made = filed(chats)
    assert not made.shown_to_head
    chats.taps(f"#case-hide:{made.id},yes")
    chats.taps(f"#case-head-yes:{made.id}")
    assert now_of(chats, made).hides_name
    assert now_of(chats, made).shown_to_head
    chats.taps(f"#case-hide:{made.id},no")
    chats.taps(f"#case-head-no:{made.id}")
    assert not now_of(chats, made).hides_name
    assert not now_of(chats, made).shown_to_head


def test_L31_what_touches_the_village_head_is_never_shown_to_him(chats: Chats) -> None:
    made = filed(chats, kept_from_head=True)
    said = chats.taps(f"#case-head-yes:{made.id}")
    assert "không xem được" in said.text
    assert not now_of(chats, made).shown_to_head
    assert "Cho trưởng thôn xem" not in {each["label"] for each in chats.taps(f"#case:{made.id}").buttons}


def test_B04_taking_back_asks_first_and_tells_whoever_has_it(chats: Chats) -> None:
    made, by = filed(chats), chats._person("clerk")
    cases.take(chats.db, 1, made.id, by.id)
    first = chats.taps(f"#case-withdraw:{made.id}")
    assert now_of(chats, made).state == "open"
    second = chats.taps(first.buttons[0]["token"])
    assert now_of(chats, made).state == "withdrawn"
    assert any("đã được người báo rút lại" in body["text"] for body in second.everything)
    third = chats.taps(first.buttons[0]["token"])
    assert "đã rút lại" in third.text
    assert kinds(chats, made).count("withdrawn") == 1


def test_L31_others_keep_the_work_going_when_the_first_takes_hers_back(chats: Chats) -> None:
    first = filed(chats)
    others = [filed(chats, Who("", f"neighbour-{n}")) for n in range(2)]
    for each in others:
        cases.move(chats.db, 1, each.id, ("open",), "joined", main_id=first.id)
    chats.taps(f"#case-withdraw:{first.id},yes")
    assert now_of(chats, others[0]).state == "open"
    assert now_of(chats, others[0]).main_id is None
    assert now_of(chats, others[1]).main_id == others[0].id


# --- on every channel -------------------------------------------------------------------------------------------------


async def test_B04_the_office_asks_she_answers_it_is_done_she_says_not(town: Town, citizen: Somebody) -> None:
    """From her number to "Chưa xong" and back, in her own words and taps."""
    await citizen.says("xin chào")
    made = await town.write(_filed, town, await citizen.address())
    await citizen.says("pa 1 đến đâu rồi")
    citizen.sees("PA-0001", "Hạn trả lời")
    await town.write(_asked, town, made)
    await town.settle()
    await citizen.looks()
    if citizen.rings:
        citizen.sees("Cống tắc ở phía nào")
    await citizen.says("Phía bờ suối, cạnh gốc mít")
    citizen.sees("đã đến UBND xã")
    await citizen.sends("photo", PHOTO, "image/jpeg")
    told = await town.read(lambda db: cases.entries(db, 1, made.id))
    assert [each.kind for each in told][-2:] == ["answered", "added"]
    await town.write(_done, town, made)
    await town.settle()
    await citizen.looks()
    await citizen.taps("Chưa xong")
    citizen.sees("đã được mở lại", "Còn thiếu gì")
    await citizen.says("Mới khơi được nửa cống")
    citizen.sees("Đã ghi thêm vào PA-0001")
    assert (await town.read(lambda db: cases.get(db, 1, made.id))).reopened == 1


def _work(db: Connection, town: Town) -> Work:
    return Work(db, town.app.place, town.clock.now())


def _filed(db: Connection, town: Town, to: Address) -> Case:
    citizen = citizens.find(db, 1, to.channel, to.account, to.sender)
    return file(_work(db, town), Draft(WORDS, field="flood", village="Thôn Suối Trên"), to, citizen.id)


def _tell(db: Connection, town: Town, made: Case, kind: str, words: str) -> None:
    by = next(each for each in officials.active(db, 1) if each.role == "clerk")
    entry = cases.add(db, 1, made.id, kind, town.clock.now(), text=words, official_id=by.id)
    case_news.tell(_work(db, town), cases.get(db, 1, made.id), entry)


def _asked(db: Connection, town: Town, made: Case) -> None:
    cases.change(db, 1, made.id, asked_at=town.clock.now())
    _tell(db, town, made, "asked", "Cống tắc ở phía nào ạ?")


def _done(db: Connection, town: Town, made: Case) -> None:
    cases.move(db, 1, made.id, ("open",), "done", done_at=town.clock.now())
    _tell(db, town, made, "done", "Đã khơi cống")
