"""Every door (L34): a case an official writes down, one made of a request, and the receipt with its number."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from bot.turn import Work
from handlers.cases import doors
from storage import cases, citizens, conversations, files, inbox, requests
from storage.cases import Case
from storage.sealing import unseal
from tests.bot.drawn import draw, told
from tests.bot.turns import VILLAGER, Chats, Said, Who
from tests.letters import arrived, text_of
from tests.town import Person, Somebody, Town

WORDS = "Cống trước nhà văn hóa tắc, nước ngập cả đường."


def tap(chats: Chats, said: Said, label: str, who: Who) -> Said:
    return chats.taps(next(each["token"] for each in said.buttons if label in each["label"]), who)


def newest(chats: Chats) -> Case:
    return cases.listed(chats.db, 1, newest=True)[0]


def writes(chats: Chats, who: Who, text: str = WORDS, *, door: str = "Qua điện thoại", press: str = "không") -> Said:
    """The whole talk, to the look at it."""
    said = chats.says("/vuviec", who)
    assert "bằng cách nào" in said.text
    said = tap(chats, said, door[1:], who)
    assert "Việc gì, ở đâu" in said.text
    assert "họ tên" in chats.says(text, who).text
    chats.says("Lò Văn Pâng", who)
    assert "giấu tên" in chats.says("0912 345 678", who).text
    assert "thôn nào" in chats.says("không", who).text
    said = chats.says("bỏ qua", who)
    assert "lĩnh vực nào" in said.text
    said = chats.says("1", who)
    assert "Hết rồi" in said.text
    assert "gấp" in chats.says("hết rồi", who).text
    return chats.says(press, who)


# --- by another door --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("door", "source"), [
    ("Qua điện thoại", "phone"), ("Qua hòm thư", "letterbox"), ("Trực tiếp", "in_person"), ("Qua Facebook", "facebook"),
    ("Qua thư điện tử", "email"),
])  # fmt: skip
def test_L34_a_case_by_every_door_keeps_how_it_came(chats: Chats, door: str, source: str) -> None:
    """Number, deadline, words, who reported it, who wrote it down; a receipt is drawn."""
    clerk = chats.official()
    said = writes(chats, clerk, door=door)
    assert "Lò Văn Pâng" in said.text
    assert WORDS in said.text
    said = tap(chats, said, "Có, ghi nhận", clerk)
    found = newest(chats)
    assert f"PA-{found.number:04d}" in said.text
    assert (found.source, found.field, found.has_chat, found.urgent) == (source, "flood", False, False)
    assert cases.reporter(chats.db, 1, found.id) == {"name": "Lò Văn Pâng", "phone": "+84912345678"}
    kinds = [each.kind for each in cases.entries(chats.db, 1, found.id)]
    assert kinds == ["told", "opened"]
    assert found.filed_by == cases.entries(chats.db, 1, found.id)[1].official_id
    paper = draw(chats)[0]
    assert (paper["code"], paper["source"][1:]) == (f"PA-{found.number:04d}", door_words(chats, source)[1:])
    assert "Pâng" not in str(paper)
    assert "Cống" not in str(paper)
    assert told(chats, clerk)[-1]["documents"]


def door_words(chats: Chats, source: str) -> str:
    return doors.spoken(Work(chats.db, chats.bench.place, chats.now), doors.SOURCES[source])


def test_B05_a_pressing_case_has_the_short_time(chats: Chats) -> None:
    """And the entry says so."""
    clerk = chats.official()
    tap(chats, writes(chats, clerk, press="có"), "Có, ghi nhận", clerk)
    pressing = newest(chats)
    tap(chats, writes(chats, clerk), "Có, ghi nhận", clerk)
    assert pressing.urgent
    assert pressing.due_at < newest(chats).due_at
    assert [each.kind for each in cases.entries(chats.db, 1, pressing.id)] == ["told", "opened", "urgent"]


def test_L34_nobodys_name_and_a_scan(chats: Chats) -> None:
    """A letter without a name from the box, with its scan; the scan lives with the case."""
    clerk, scan = chats.official(), "c" * 32
    tap(chats, chats.says("lập vụ việc", clerk), "hòm thư", clerk)
    for text in (WORDS, "bỏ qua", "bỏ qua", "bỏ qua", "1"):
        said = chats.says(text, clerk)
    files.add(chats.db, 1, scan, "web", "office", clerk.chat, "file", "application/pdf", 9, "thu.pdf", chats.now)
    chats.does(clerk, kind="file", files=[scan])
    chats.says("hết rồi", clerk)
    said = chats.says("không", clerk)
    assert "không nêu tên" in said.text
    tap(chats, said, "Có, ghi nhận", clerk)
    found = newest(chats)
    assert cases.reporter(chats.db, 1, found.id) == {}
    assert cases.entries(chats.db, 1, found.id)[0].files == (scan,)


def test_A19_what_is_about_the_counter_goes_past_whoever_wrote_it_down(chats: Chats) -> None:
    """Only the head reads it; the receipt still comes, and can be had again."""
    clerk = chats.official()
    said = chats.says("/vuviec", clerk)
    tap(chats, said, "điện thoại", clerk)
    for text in ("Một cửa bắt đi lại bốn lần mới nhận giấy tờ.", "bỏ qua", "bỏ qua", "bỏ qua"):
        said = chats.says(text, clerk)
    said = tap(chats, said, "phục vụ tại quầy", clerk)
    chats.says("hết rồi", clerk)
    chats.says("không", clerk)
    said = chats.says("có", clerk)
    found = newest(chats)
    assert found.lane == "leader"
    assert "chỉ người đứng đầu" in said.text
    draw(chats)
    assert told(chats, clerk)[-1]["documents"]
    assert chats.taps(f"#case-receipt:{found.id}", clerk).bodies[-1]["documents"]
    assert "không thuộc phần" in chats.says(f"/hoso PA-{found.number:04d}", clerk).text


@pytest.mark.parametrize("text", [
    "Bà Hoa tố cáo cán bộ địa chính nhận tiền lót tay", "Dân tố cáo ông trưởng thôn tham ô tiền quỹ của thôn",
])  # fmt: skip
def test_B04_what_accuses_somebody_is_no_case_whoever_types_it(chats: Chats, text: str) -> None:
    """He is told what to do instead; nothing is kept, neither in the talk nor in the raw event."""
    clerk = chats.official()
    tap(chats, chats.says("/vuviec", clerk), "điện thoại", clerk)
    said = chats.says(text, clerk)
    assert "trên giấy" in said.text
    assert cases.count(chats.db, 1) == 0
    talks = chats.db.execute(select(conversations.talk.c.data)).scalars()
    raws = chats.db.execute(select(inbox.inbox.c.raw)).scalars()
    assert not [each for each in (*talks, *raws) if each and text in unseal(chats.db, each).decode()]


def test_B04_what_may_accuse_is_asked_about(chats: Chats) -> None:
    """ "to cao" without accents: he says which it is."""
    clerk = chats.official()
    tap(chats, chats.says("/vuviec", clerk), "điện thoại", clerk)
    said = chats.says("nho xa xem giup cai to cao dan o nha van hoa bi rach", clerk)
    if "chưa chắc" in said.text:
        said = tap(chats, said, "Việc thường", clerk)
    assert "họ tên" in said.text


def test_L34_a_removed_official_files_nothing(chats: Chats) -> None:
    """His right is looked at when he says yes."""
    clerk = chats.official()
    said = writes(chats, clerk)
    chats.remove(clerk)
    tap(chats, said, "Có, ghi nhận", clerk)
    assert cases.count(chats.db, 1) == 0


def test_L34_a_phone_links_nobodys_chat(chats: Chats) -> None:
    """The number may be in other hands: the case has no chat, nobody is written to."""
    chats.says("xin chào")
    clerk = chats.official()
    before = chats.seen
    tap(chats, writes(chats, clerk), "Có, ghi nhận", clerk)
    chats.seen = before
    assert told(chats, VILLAGER) == []
    assert newest(chats).citizen_id is None


# --- made of a request ------------------------------------------------------------------------------------------------


def asks(chats: Chats, text: str = WORDS) -> requests.Request:
    """She has asked for a person about something."""
    chats.says("0")
    chats.says(text)
    chats.says("bỏ qua")
    at = doors.card.Address("web", "", VILLAGER.chat, VILLAGER.chat)
    found = requests.open_of(chats.db, 1, at)
    assert found is not None
    return found


def test_L34_a_request_becomes_a_case_of_hers(chats: Chats) -> None:
    """Her chat, words and files; the request keeps a note with the number, and she is told it, once."""
    request, clerk, photo = asks(chats), chats.official(), "d" * 32
    files.add(chats.db, 1, photo, "web", "", VILLAGER.chat, "photo", "image/jpeg", 3, "", chats.now)
    chats.does(VILLAGER, kind="photo", files=[photo], text="")
    said = chats.taps(f"#case-from-request:{request.id}", clerk)
    assert "lĩnh vực" in said.text
    chats.says("1", clerk)
    said = chats.says("bỏ qua", clerk)
    assert WORDS in said.text
    before = chats.seen
    chats.says("có", clerk)
    found = newest(chats)
    her = citizens.find(chats.db, 1, "web", "", VILLAGER.chat)
    assert her is not None
    assert (found.citizen_id, found.chat, found.field) == (her.id, VILLAGER.chat, "flood")
    first = cases.entries(chats.db, 1, found.id)[0]
    assert (first.text, first.files) == (WORDS, (photo,))
    code = f"PA-{found.number:04d}"
    assert any(each.internal and each.text == code for each in requests.messages(chats.db, 1, request.id))
    chats.seen = before
    assert code in str(told(chats, VILLAGER))
    assert "đã là vụ việc" in chats.taps(f"#case-from-request:{request.id}", clerk).text
    assert cases.count(chats.db, 1) == 1


def test_L34_a_request_without_words_or_for_the_receivers_becomes_none(chats: Chats) -> None:
    """Nothing to file, and nothing that others may not read."""
    clerk, request = chats.official(), asks(chats, "bỏ qua")
    assert "chưa viết" in chats.taps(f"#case-from-request:{request.id}", clerk).text
    requests.seal_for_receiver(chats.db, 1, request.id)
    requests.add_message(chats.db, 1, request.id, WORDS, chats.now)
    said = chats.taps(f"#case-from-request:{request.id}", clerk)
    assert WORDS not in said.text
    assert cases.count(chats.db, 1) == 0


def test_L34_the_button_stands_on_ordinary_requests_only(chats: Chats) -> None:
    """Not on what only receivers read, nor on an emergency."""
    request = asks(chats)
    assert any(each.token.startswith("#case-from-request") for each in doors.card.card_buttons(request))
    for changed in ({"sealed_for_receiver": True}, {"topic": "emergency"}, {"state": "closed"}):
        other = replace(request, **changed)
        assert not any(each.token.startswith("#case-from-request") for each in doors.card.card_buttons(other))


# --- on every channel -------------------------------------------------------------------------------------------------


async def test_L34_an_official_writes_a_call_down_and_prints_the_receipt(town: Town, official: Person) -> None:
    """At /office, both databases, rebuilt between messages; the paper says the number."""
    await official.says("/vuviec")
    await official.taps("điện thoại")
    for text in (WORDS, "Lò Văn Pâng", "bỏ qua", "không", "bỏ qua", "1", "hết rồi", "không"):
        await official.says(text)
    await official.taps("Có, ghi nhận")
    official.sees("PA-0001")
    await arrived(official)
    said = text_of((await official.documents())[0])
    assert "pa-0001" in said
    assert "pâng" not in said


async def test_L34_her_request_becomes_her_case_on_every_channel(
    town: Town, citizen: Somebody, official: Person
) -> None:
    """She is told the number in her own chat."""
    await citizen.says("0")
    await citizen.says(WORDS)
    await citizen.says("bỏ qua")
    await official.looks()
    await official.taps("Lập vụ việc")
    await official.says("1")
    await official.says("bỏ qua")
    await official.says("có")
    official.sees("PA-0001")
    await citizen.looks()
    citizen.sees("PA-0001")
