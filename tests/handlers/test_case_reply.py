"""An official's words about a case: looked at, sent under his name, taken back, kept inside (G05, G06)."""

from typing import Any

from bot import casework
from bot.casework import Draft
from bot.turn import Address, Work
from storage import cases, citizens, files, guidance
from tests import town as towns
from tests.bot.desk_cases import HER, OTHER, card, filed, stored, tap
from tests.bot.turns import BOX, CHANNEL, Chats, Said, Who
from tests.town import Town

ANSWER = "Chiều nay xã cho người đến khơi cống ạ."
WRITER = "Hoàng Đức Lâm"


def answers(chats: Chats, case: cases.Case, who: Who, words: str = ANSWER) -> Said:
    """To the look at the words."""
    chats.taps(f"#case-reply:{case.id}", who)
    return chats.says(words, who)


def told(said: Said, who: Who = HER) -> str:
    """What villagers were sent by that event."""
    return "\n".join(body["text"] for body in said.everything if "signature" in body or "Về việc" in body["text"])


def test_G06_an_answer_is_looked_at_and_carries_name_and_post(chats: Chats) -> None:
    """Write, look, send: it leaves after a minute; the card shows it and who has the case."""
    case, clerk = filed(chats), chats.official()
    look = answers(chats, case, clerk)
    assert ANSWER in look.text
    assert "Đặng Thị Thu Nhài" in look.text
    said = tap(chats, clerk, look, "Gửi")
    assert "60 giây" in said.text
    assert ANSWER in told(said)
    assert "PA-0001" in told(said)
    assert ANSWER in card(chats)["text"]
    assert stored(chats, case).taken_by is not None


def test_G06_an_answer_can_be_taken_back_for_a_minute_from_everybody(chats: Chats) -> None:
    """Undo: none of those whose cases follow gets it either; after a minute it is too late, and another cannot."""
    case, clerk = filed(chats), chats.official()
    filed_after(chats, case)
    said = tap(chats, clerk, answers(chats, case, clerk), "Gửi")
    undo = said.buttons[0]["token"]
    assert "không thu hồi được" in chats.taps(undo, chats.official("official", WRITER)).text.replace("thể ", "")
    assert "chưa gửi gì cả" in chats.taps(undo, clerk).text
    chats.seen = 0
    assert ANSWER not in str([chats._said(who, None).bodies for who in (HER,)])
    chats.seen = 0
    assert ANSWER not in str(chats._said(OTHER, None).bodies)
    assert ANSWER not in card(chats)["text"]
    assert "rồi" in chats.taps(undo, clerk).text
    said = tap(chats, clerk, answers(chats, case, clerk), "Gửi")
    chats.later(seconds=61)
    assert "Đã quá giờ thu hồi" in chats.taps(said.buttons[0]["token"], clerk).text


def filed_after(chats: Chats, main: cases.Case) -> cases.Case:
    """Another's case that follows this one."""
    follower = filed(chats, "Cũng ngập ạ", who=OTHER, reporter={"name": "Vi Thị Mai"})
    cases.move(chats.db, 1, follower.id, ["open"], "joined", main_id=main.id)
    return follower


def test_one_answer_reaches_everybody_whose_case_follows(chats: Chats) -> None:
    """Each under her own number, with the official's pictures and nothing of the other's."""
    case, clerk = filed(chats, "Cống nhà tôi tắc", reporter={"name": "Lò Thị Hoa"}), chats.official()
    filed_after(chats, case)
    for name in ("d" * 32, "e" * 32):
        files.add(chats.db, 1, name, CHANNEL, "office", clerk.chat, "photo", "image/jpeg", 1, "anh.jpg", chats.now)
    chats.taps(f"#case-reply:{case.id}", clerk)
    look = chats.does(clerk, kind="photo", files=["d" * 32], text=ANSWER)
    assert "kèm 1 ảnh" in look.text
    said = tap(chats, clerk, look, "Gửi")
    hers = [body for body in said.everything if ANSWER in body["text"] and "Về việc" in body["text"]]
    assert [("PA-0001" in body["text"], "PA-0002" in body["text"]) for body in hers] == [(True, False), (False, True)]
    for body in hers:
        assert "d" * 32 in str(body)
        assert "ngập" not in body["text"]
        assert "Cống" not in body["text"]
        assert "Thị Hoa" not in str(body)
        assert "Thị Mai" not in str(body)
    assert files.is_shared(chats.db, 1, "d" * 32, CHANNEL, OTHER.account, OTHER.chat)


def test_pictures_can_be_added_after_the_words(chats: Chats) -> None:
    """The look has a button for it; another's picture is refused, one on its way is waited for."""
    case, clerk = filed(chats), chats.official()
    files.add(chats.db, 1, "d" * 32, CHANNEL, "office", clerk.chat, "photo", "image/jpeg", 1, "anh.jpg", chats.now)
    tap(chats, clerk, answers(chats, case, clerk), "Thêm ảnh")
    chats.does(clerk, kind="photo", files=["d" * 32])
    said = tap(chats, clerk, chats.says("xong", clerk), "Gửi")
    assert "d" * 32 in str([body for body in said.everything if "Về việc" in body["text"]])
    files.add(chats.db, 1, "f" * 32, CHANNEL, BOX, HER.chat, "photo", "image/jpeg", 1, "anh.jpg", chats.now)
    chats.taps(f"#case-reply:{case.id}", clerk)
    said = tap(chats, clerk, chats.does(clerk, kind="photo", files=["f" * 32], text="Xem ảnh"), "Gửi")
    assert "Chưa gửi gì" in said.text


def test_an_official_removed_in_the_middle_sends_nothing(chats: Chats) -> None:
    """Rights are looked at when it is sent, not when it was begun."""
    case, clerk = filed(chats), chats.official()
    look = answers(chats, case, clerk)
    chats.remove(clerk)
    said = tap(chats, clerk, look, "Gửi")
    assert "được mời" in said.text
    assert ANSWER not in told(said)


def test_G05_another_has_taken_it_meanwhile(chats: Chats) -> None:
    """What he wrote is not sent; he is told who has it now."""
    case, clerk, writer = filed(chats), chats.official(), chats.official("official", WRITER)
    look = answers(chats, case, clerk)
    chats.taps(f"#case-take:{case.id},instead", writer)
    said = tap(chats, clerk, look, "Gửi")
    assert WRITER in said.text
    assert ANSWER not in told(said)


def test_a_note_stays_inside(chats: Chats) -> None:
    """By its button, and as "only inside the office" of an answer; it takes the case from nobody."""
    case, clerk = filed(chats), chats.official()
    chats.taps(f"#case-note:{case.id}", clerk)
    said = chats.says("Đã gọi đội thoát nước", clerk)
    assert "Đã gọi đội thoát nước" in card(chats)["text"]
    assert stored(chats, case).taken_by is None
    said = tap(chats, clerk, answers(chats, case, clerk, "Chờ máy bơm"), "Chỉ")
    assert "Chờ máy bơm" in card(chats)["text"]
    assert told(said) == ""


def test_a_question_to_her_waits_for_her_answer(chats: Chats) -> None:
    """Looked at first; the card says that the office waits."""
    case, clerk = filed(chats), chats.official()
    chats.taps(f"#case-ask:{case.id}", clerk)
    tap(chats, clerk, chats.says("Ngập ở đoạn nào ạ?", clerk), "Đồng ý gửi")
    assert stored(chats, case).asked_at is not None
    assert "Đang chờ người dân trả lời" in card(chats)["text"]
    assert [each.text for each in cases.entries(chats.db, 1, case.id, kinds=["asked"])] == ["Ngập ở đoạn nào ạ?"]


def test_who_has_no_chat_is_called(chats: Chats) -> None:
    """Nothing can be sent; the call is noted and stands on the card."""
    case, clerk = filed(chats, who=None, reporter={"phone": "0912345678"}), chats.official()
    assert "gọi điện" in card(chats)["text"]
    for name in ("reply", "ask"):
        assert "không có kênh chat" in chats.taps(f"#case-{name}:{case.id}", clerk).text
    assert "đã gọi" in chats.taps(f"#case-called:{case.id}", clerk).text
    assert "đã gọi" in card(chats)["text"]


def test_what_she_was_told_is_recorded(chats: Chats) -> None:
    """As with every official answer: who was told what, under which version (G06)."""
    chats.says("xin chào", HER)
    case, clerk = filed(chats), chats.official()
    her = citizens.find(chats.db, 1, CHANNEL, HER.account, HER.chat)
    assert her is not None
    cases.change(chats.db, 1, case.id, citizen_id=her.id)
    tap(chats, clerk, answers(chats, case, clerk), "Gửi")
    assert [each["reference"] for each in guidance.export(chats.db, 1, her.id)] == ["PA-0001"]


def test_a_changed_look_is_not_sent(chats: Chats) -> None:
    """A button under older words does not send newer ones."""
    case, clerk = filed(chats), chats.official()
    old = answers(chats, case, clerk)
    chats.says("/quaylai", clerk)
    chats.says("Mai mới có người đến ạ.", clerk)
    token = next(each["token"] for each in old.buttons if each["label"].endswith("Gửi"))
    assert ANSWER not in told(chats.taps(token, clerk))


def test_what_was_begun_before_the_case_closed_is_not_sent(chats: Chats) -> None:
    """An answer and a question; she has withdrawn it meanwhile."""
    case, clerk = filed(chats), chats.official()
    look = answers(chats, case, clerk)
    cases.move(chats.db, 1, case.id, ["open"], "withdrawn", closed_at=chats.now)
    said = tap(chats, clerk, look, "Gửi")
    assert "đã đóng" in said.text
    assert ANSWER not in told(said)
    case = filed(chats)
    chats.taps(f"#case-ask:{case.id}", clerk)
    look = chats.says("Ngập ở đoạn nào ạ?", clerk)
    cases.move(chats.db, 1, case.id, ["open"], "withdrawn", closed_at=chats.now)
    assert "đã đóng" in tap(chats, clerk, look, "Đồng ý gửi").text
    assert stored(chats, case).asked_at is None


def test_a_picture_that_is_on_its_way_is_waited_for(chats: Chats) -> None:
    """The look is asked once more; a picture without words is, too."""
    case, clerk = filed(chats), chats.official()
    at = Address(CHANNEL, "office", clerk.chat, clerk.chat)
    chats.taps(f"#case-reply:{case.id}", clerk)
    files.add(chats.db, 1, "d" * 32, at.channel, at.account, at.chat, "photo", "image/jpeg", 1, "anh.jpg", chats.now)
    chats.db.execute(files.file.update().where(files.file.c.name == "d" * 32).values(state="new"))
    assert "kèm vài lời" in chats.does(clerk, kind="photo", files=["d" * 32]).text
    look = chats.does(clerk, kind="photo", files=["d" * 32], text=ANSWER)
    said = tap(chats, clerk, look, "Gửi")
    assert "đang được tải" in said.text
    assert ANSWER not in told(said)
    chats.db.execute(files.file.update().where(files.file.c.name == "d" * 32).values(state="fetched"))
    assert ANSWER in told(tap(chats, clerk, said, "Gửi"))


# --- on every channel -------------------------------------------------------------------------------------------------


async def test_G05_from_a_report_to_its_answer(town: Town) -> None:
    """She reports, an official opens the card at /office, looks at his answer and sends it; she reads it, signed."""
    hoa, clerk = await towns.villager(town), await towns.official(town)
    await hoa.says("Xin chào")
    at = await hoa.address()

    def files_it(db: Any) -> int:
        return casework.file(place(town, db), Draft("Cống ngõ 3 tắc", field="flood", village="Thôn Trung"), at).id

    number = await town.write(files_it)
    await town.settle()
    await clerk.does(kind="tap", text="Trả lời", token=f"#case-reply:{number}")
    clerk.sees("PA-0001")
    await clerk.says(ANSWER)
    clerk.sees(ANSWER, "Đặng Thị Thu Nhài")
    await clerk.taps("Gửi")
    clerk.sees("60 giây")
    await town.later(seconds=61)
    await hoa.looks()
    hoa.sees(ANSWER, "PA-0001")
    hoa.sees_signed("Đặng Thị Thu Nhài", "Công chức Trung tâm Phục vụ hành chính công")


async def test_G06_on_a_shared_computer_a_pin_confirms_who_it_is(town: Town) -> None:
    """Asked before an answer goes; a wrong one sends nothing."""
    hoa, clerk = await towns.villager(town), await towns.official(town, shared=True, pin="2468")
    await hoa.says("Xin chào")
    at = await hoa.address()
    number = await town.write(lambda db: casework.file(place(town, db), Draft("Cống tắc", field="flood"), at).id)
    await clerk.does(kind="tap", text="Trả lời", token=f"#case-reply:{number}")
    await clerk.says(ANSWER)
    await clerk.taps("Gửi")
    clerk.sees("PIN")
    await clerk.says("1111")
    await town.later(seconds=61)
    (await hoa.looks()).sees_not(ANSWER)
    await clerk.says("2468")
    clerk.sees("60 giây")
    await town.later(seconds=61)
    (await hoa.looks()).sees(ANSWER)


def place(town: Town, db: Any) -> Work:
    return Work(db, town.service.app.place, town.clock.now())
