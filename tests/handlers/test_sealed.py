"""What accuses somebody, and crime, in a chat: not kept, closed ways offered; readers, counts, the seventh day."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.turn import Address, Work
from handlers.sealed import readers, unread
from messages import gates
from storage import arrivals, conversations, files, inbox, officials, requests, sealed
from storage.outbox import outbox
from storage.sealing import unseal
from tests.bot.turns import VILLAGER, Chats, Said
from tests.town import START, Person, Somebody, Town

ACCUSES = "Ông Lò Văn Tèo trưởng thôn ăn chặn tiền hỗ trợ bão của nhà tôi"
BACK = ("web", "", VILLAGER.chat, VILLAGER.chat)


def labels(said: Said) -> list[str]:
    return [each["label"] for each in said.buttons]


def name_two(chats: Chats) -> list[int]:
    """The two readers of the sample: the Chairman and the receiver of citizens."""
    people = [each for each in officials.active(chats.db, 1) if sealed.READ in each.rights]
    for place, each in enumerate(people, 1):
        sealed.name_reader(chats.db, 1, each.id, place, "12/QĐ-UBND", date(2026, 11, 2), people[0].id, START)
    return [each.id for each in people]


def raws(chats: Chats) -> str:
    """Everything the inbox still holds, opened."""
    rows = chats.db.execute(select(inbox.inbox.c.raw).where(inbox.inbox.c.raw.is_not(None))).scalars()
    return "\n".join(unseal(chats.db, raw).decode() for raw in rows)


def item(chats: Chats, lane: str = "accusation", excluded: int | None = None, back: Any = BACK) -> sealed.Item:
    words = {"text": ACCUSES, "reach": "", "files": []}
    return sealed.keep(chats.db, 1, lane, "trưởng thôn", excluded, words, [], sealed.fresh_key(), back, chats.now)[0]


def work(chats: Chats) -> Work:
    return Work(chats.db, chats.bench.place, chats.now)


# --- in a chat --------------------------------------------------------------------------------------------------------


def test_L28_an_accusation_is_not_kept_and_not_echoed(chats: Chats) -> None:
    """Not in the inbox, not in a request, not in a card; she is told so, who can read here, and the ways."""
    name_two(chats)
    said = chats.says(ACCUSES)
    for told in ("không giữ lời", "đều đọc được", "không ai được trả thù", "bảo vệ", "hai người được giao", "ghi lại"):
        assert told in said.text
    assert labels(said) == ["1. Viết ở trang riêng", "2. Xin gọi lại cho tôi", "3. Viết giấy hoặc đến nói"]
    assert all("Tèo" not in body["text"] for body in said.everything)
    assert "Tèo" not in raws(chats)
    assert requests.open_of(chats.db, 1, Address(*BACK)) is None
    assert [body for body in said.everything if body not in said.bodies] == []


def test_L28_the_page_is_a_link_for_once_and_says_nothing(chats: Chats) -> None:
    """By number too; where nobody reads, or the page cannot be reached, it is not offered."""
    assert "1. Viết ở trang riêng" not in labels(chats.says(ACCUSES))
    assert "chưa mở" in chats.taps("#sealed-page:").text
    name_two(chats)
    chats.says(ACCUSES)
    said = chats.says("1")
    link = next(word for word in said.text.split() if word.startswith("/kin/"))
    assert sealed.token_opens(chats.db, 1, link.removeprefix("/kin/"), chats.now)
    assert "tố cáo" not in said.text
    assert "24 giờ" in said.text


def test_L28_unaccented_it_is_asked_first_and_kept_nowhere_but_in_the_question(chats: Chats) -> None:
    """Once she has said yes, or has not answered, nothing of it is left."""
    asked = chats.says("to cao can bo nhan tien cua ba Na")
    assert "ba Na" not in raws(chats)
    assert labels(asked)[0].startswith("1. Đúng")
    assert "không giữ lời" in chats.says("1").text
    talks = chats.db.execute(select(conversations.talk.c.data)).scalars().all()
    assert all(b"ba Na" not in unseal(chats.db, data) for data in talks if data)
    chats.says("to cao can bo nhan tien cua ba Na")
    chats.later(minutes=31)
    talks = chats.db.execute(select(conversations.talk.c.data)).scalars().all()
    assert all(b"ba Na" not in unseal(chats.db, data) for data in talks if data)
    chats.says("to cao can bo")
    assert "không giữ và không gửi" in chats.says("3").text


def test_L28_sure_words_while_she_is_asked_answer_the_question(chats: Chats) -> None:
    """She need not say it twice."""
    chats.says("to cao can bo")
    assert "không giữ lời" in chats.says(ACCUSES).text
    assert conversations.live(chats.db, 1, VILLAGER.chat) is None


def test_L28_what_is_sent_with_it_goes_too(chats: Chats) -> None:
    """A picture whose caption accuses, and one sent while she waits for the call."""
    def send(name: str, text: str = "") -> Said:
        files.add(chats.db, 1, name, "web", "", VILLAGER.chat, "photo", "image/jpeg", 9, "anh.jpg", chats.now, ())
        return chats.does(kind="photo", text=text, files=[name])

    assert "không giữ lời" in send("a" * 32, "Kế toán xã nhận tiền của bà con").text
    assert files.erased(chats.db) == ["a" * 32]
    chats.taps("#sealed-call:")
    chats.says("0912 345 678")
    assert "người gọi lại" in send("b" * 32).text
    assert files.erased(chats.db) == ["a" * 32, "b" * 32]


def test_L28_the_chairman_is_for_the_province(chats: Chats) -> None:
    """Neither page nor call; no address is invented; "gửi chủ tịch" accuses somebody else."""
    name_two(chats)
    said = chats.says("Phó chủ tịch xã nhận hối lộ của doanh nghiệp")
    assert "Chủ tịch UBND tỉnh" in said.text
    assert "Địa chỉ" not in said.text
    assert said.buttons == []
    assert labels(chats.says("Kính gửi chủ tịch xã, tôi tố cáo trưởng thôn ăn chặn tiền"))


@pytest.mark.parametrize(
    ("text", "whom"),
    [("Chủ tịch xã tham ô", True), ("chu tich xa tham o", True), ("Chủ tịch hội phụ nữ tham ô", False),
     ("Tôi muốn gặp chủ tịch để tố cáo", False), ("Trưởng thôn tham ô", False)],
)  # fmt: skip
def test_L28_who_is_accused(text: str, whom: bool) -> None:
    """Only the Chairman of the People's Committee and his deputies are for the province."""
    assert gates.against_head(text) is whom


def test_L28_nothing_is_kept_of_a_turn_that_fails(chats: Chats, monkeypatch: pytest.MonkeyPatch) -> None:
    """The failed record has no words, and she is not told that it is kept."""
    monkeypatch.setattr("handlers.sealed.offer.RECALL", None)
    raw = b'{"id":"6f0c2d9e-0000-4000-8000-000000000001","kind":"text","text":"' + ACCUSES.encode() + b'"}'
    event = inbox.Event("web", "", VILLAGER.chat, VILLAGER.chat, "6f0c2d9e-0000-4000-8000-000000000001", raw)
    inbox.accept(chats.db, 1, event, chats.now)
    taken = arrivals.take(chats.db, chats.now)
    assert taken is not None
    with pytest.raises(AttributeError) as error:
        chats.dispatcher.turn(chats.db, taken)
    chats.dispatcher.failed(chats.db, taken, error.value)
    (failed,) = chats.db.execute(select(inbox.inbox.c.raw).where(inbox.inbox.c.state == "failed")).scalars().all()
    assert failed is None
    assert "không được giữ lại" in chats._said(VILLAGER, None).text


# --- crime ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [("Nhà ông Bảy bán ma túy ở đầu thôn", "drugs"), ("Ở xóm tôi có sòng bạc", "gambling"),
     ("Có người chặt phá rừng phòng hộ", "logging"), ("Nhóm tín dụng đen đến siết nợ", "loans"),
     ("Nhà bên có bạo lực gia đình đã lâu", "home"), ("Có người dâm ô", "child")],
)  # fmt: skip
def test_L30_crime_has_a_lane_of_its_own(chats: Chats, text: str, kind: str) -> None:
    """Numbers first, then the closed ways; nothing is kept, nobody reads it, and the matter is not repeated."""
    name_two(chats)
    assert (gates.crime(text), gates.tells_of_crime(text)) == (kind, "yes")
    said = chats.says(text)
    assert said.text.startswith("Nếu việc đang xảy ra, xin ông/bà gọi ngay 113")
    assert ("111" in said.text) is (kind in ("home", "child"))
    assert ("Điều 19" in said.text) is (kind == "home")
    assert text not in raws(chats)
    assert said.everything == said.bodies
    for word in ("ma túy", "sòng bạc", "rừng", "tín dụng", "bạo lực", "dâm ô"):
        assert word not in said.text


@pytest.mark.parametrize("text", ["Xã tuyên truyền phòng chống ma túy", "thủ tục cai nghiện ma túy", "co song bac"])
def test_L30_who_speaks_of_it_in_general_is_asked(text: str) -> None:
    """Neither taken for a report nor passed by."""
    assert gates.tells_of_crime(text) == "maybe"


def test_L30_whoever_is_on_duty_is_told_that_something_waits_and_no_more(chats: Chats) -> None:
    """When she asks to be called about a crime: a count for the duty officer, nothing for the group or a head."""
    chats.says("Ở xóm tôi có sòng bạc lớn")
    chats.taps("#sealed-call:c")
    said = chats.says("0912 345 678")
    told = [body["text"] for body in said.everything if body not in said.bodies]
    assert any("hộp kín" in each for each in told)
    assert all("sòng bạc" not in each for each in told)
    group = chats.db.execute(select(outbox.c.chat)).scalars().all()
    assert "office" not in group
    assert "head" not in group


# --- readers ----------------------------------------------------------------------------------------------------------


def test_L29_the_chairman_names_readers_by_decision(chats: Chats) -> None:
    """Number and date are asked for; whoever stood there loses everything in the same turn."""
    mine = item(chats)
    chairman = chats.official("chairman")
    said = chats.says("/nguoidockin", chairman)
    assert "Có 1 tin kín" in said.text
    chats.says("1", chairman)
    chats.says("2", chairman)
    chats.says("15/QĐ-UBND", chairman)
    chats.says("25/11/2026", chairman)
    said = chats.says("1", chairman)
    assert "Từ nay" in said.text
    (now,) = sealed.readers(chats.db, 1)
    assert (now.place, now.decision, now.decided_on) == (1, "15/QĐ-UBND", date(2026, 11, 25))
    assert [each.id for each in sealed.readable(chats.db, 1, now.official_id)] == [mine.id]


def test_L29_whoever_is_removed_or_loses_the_right_loses_all(chats: Chats) -> None:
    """At once with the official, and by the clock with the right."""
    one, two = name_two(chats)
    item(chats)
    sealed.leave(chats.db, 1, one)
    assert sealed.readable(chats.db, 1, one) == []
    chats.db.execute(update(officials.official).where(officials.official.c.id == two).values(rights=""))
    readers.drop_gone(work(chats))
    assert sealed.readable(chats.db, 1, two) == []
    chairman = chats.official("clerk")
    assert "hai người được giao" in chats.says("/tinkin", chairman).text


def test_L28_a_reader_is_led_to_the_page_and_the_chairman_sees_a_count(chats: Chats) -> None:
    """In a chat nobody sees more than how many wait."""
    chairman = chats.official("chairman")
    item(chats)
    assert "Có 1 tin kín" in chats.says("/tinkin", chairman).text
    name_two(chats)
    said = chats.says("/tinkin", chairman)
    assert "/office/kin" in said.text
    assert "Tèo" not in said.text


# --- nobody has read it -----------------------------------------------------------------------------------------------


def counted(chats: Chats) -> list[str]:
    """What the clock tells, by chat."""
    unread.remind(work(chats))
    rows: list[str] = []
    for row in chats.db.execute(select(outbox.c.id, outbox.c.chat).where(outbox.c.id > chats.seen)):
        chats.seen, rows = max(chats.seen, row.id), [*rows, row.chat]
    return rows


def test_L29_counts_on_days_1_3_and_5_and_on_day_7_she_is_told(chats: Chats) -> None:
    """Working days; a reader it concerns is not told; in her chat the words are neutral, and come once."""
    one, two = name_two(chats)
    mine = item(chats, excluded=one)  # a Thursday
    reached = []
    for day in range(12):
        told = counted(chats)
        reached += [(day, each) for each in told]
        assert counted(chats) == []
        chats.clock.advance(timedelta(days=1))
    assert [day for day, chat in reached if chat == f"official:{two}"] == [1, 5, 7]
    assert [day for day, chat in reached if chat == VILLAGER.chat] == [11]
    assert [day for day, chat in reached if chat == f"official:{one}"] == [11]  # the Chairman: how many wait
    assert sealed.waiting(chats.db, 1)[0].told_at is not None
    assert mine.told_at is None


def test_L30_the_news_in_her_chat_names_nothing(chats: Chats) -> None:
    """The phone may be the offender's."""
    name_two(chats)
    item(chats, lane="crime")
    chats.clock.advance(timedelta(days=12))
    unread.remind(work(chats))
    said = chats._said(VILLAGER, None)
    assert "Xã có tin cho ông/bà" in said.text
    for word in ("tố cáo", "tin kín", "tội", "công an", "phạm"):
        assert word not in said.text.lower()


# --- on every channel -------------------------------------------------------------------------------------------------


async def test_L28_in_every_chat_she_is_told_who_can_read_it(town: Town, citizen: Somebody, official: Person) -> None:
    """Zalo's administrators, Telegram's servers, and how to take it back there."""
    await citizen.says(ACCUSES)
    where = {"zalo": ("Người quản trị tài khoản Zalo", "Thu hồi"), "telegram": ("máy chủ nước ngoài", "Xóa"),
             "web": ("Ai mở trang này", "đóng trang này")}  # fmt: skip
    citizen.sees(*where[town.on], "không giữ lời")
    citizen.sees_not("Tèo", "ăn chặn")
    await citizen.taps("Xin gọi lại cho tôi")
    await citizen.says("0912 345 678")
    citizen.sees("UBND xã sẽ gọi lại")
    await official.looks()
    assert official.heard == []
