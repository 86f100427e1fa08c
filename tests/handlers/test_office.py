"""The office: taking, answering, undoing, the queue, help, invitations."""

import asyncio
import re
import uuid

import orjson
import pytest

from storage import inbox, requests
from tests import town as towns
from tests.town import Person, Somebody, Town


@pytest.fixture
def town(steady_town: Town) -> Town:
    """Dialogues here run straight through; those that could lose something in a restart say so."""
    return steady_town


async def asks(citizen: Somebody, about: str = "Hỏi về giấy khai sinh") -> Person:
    await citizen.says("0")
    await citizen.says(about)
    return await citizen.says("bỏ qua")


async def answers(official: Person, words: str = "Dạ, mời bà mang giấy đến một cửa ạ.") -> Person:
    await official.looks()
    await official.taps("Trả lời")
    return await official.says(words)


async def named(town: Town, role: str) -> towns.officials.Official:
    people = await town.read(towns.officials.active, 1)
    return next(each for each in people if each.role == role)


async def test_L02_an_answer_is_shown_first_and_goes_only_after_send(
    town: Town, citizen: Somebody, official: Person
) -> None:
    """The official sees to whom and under which name it goes; she gets it with name and post, after a minute (G06)."""
    town.rebuilt = True
    await asks(citizen)
    await answers(official)
    clerk = await named(town, "clerk")
    official.sees("Dạ, mời bà mang giấy", f"dưới tên {clerk.name}, {clerk.post}?")
    assert official.buttons()[:3] == ["1. Gửi", "2. Chỉ nội bộ", "Sửa câu trả lời"]
    await citizen.looks()
    assert citizen.news == []
    await official.taps("Gửi")
    official.sees("sẽ đi sau 60 giây")
    await citizen.looks()
    assert citizen.news == []
    town.clock.advance(towns.timedelta(seconds=61))
    await citizen.looks()
    citizen.sees("mời bà mang giấy đến một cửa")
    citizen.sees_signed(clerk.name, clerk.post)


async def test_L02_an_answer_can_be_undone_for_a_minute(town: Town, citizen: Somebody, official: Person) -> None:
    """ "Thu hồi" within the minute stops it, twice makes no difference, and the request waits again."""
    await asks(citizen)
    await answers(official)
    await official.taps("Gửi")
    await official.taps("Thu hồi")
    official.sees("Đã thu hồi, chưa gửi gì cả")
    await official.taps("Thu hồi")
    official.sees("đã thu hồi rồi")
    town.clock.advance(towns.timedelta(minutes=2))
    await citizen.looks()
    assert citizen.news == []
    await official.says("/hangdoi")
    official.sees("Đang có 1 người chờ")


async def test_L02_after_a_minute_it_is_too_late(town: Town, citizen: Somebody, official: Person) -> None:
    """After the minute the undo button says so and changes nothing."""
    await asks(citizen)
    await answers(official)
    await official.taps("Gửi")
    town.clock.advance(towns.timedelta(seconds=61))
    await official.taps("Thu hồi")
    official.sees("Đã quá giờ thu hồi")
    await citizen.looks()
    citizen.sees("mời bà mang giấy")


async def test_L02_a_note_never_leaves(town: Town, citizen: Somebody, official: Person) -> None:
    """ "Chỉ nội bộ" keeps the words on the card and sends nothing."""
    await asks(citizen)
    await answers(official, "Bà này hỏi lần thứ ba rồi")
    await official.taps("Chỉ nội bộ")
    official.sees("không gửi ra ngoài", "Ghi chú của", "lần thứ ba")
    town.clock.advance(towns.timedelta(minutes=2))
    await citizen.looks()
    assert citizen.news == []


async def test_L02_rewriting_shows_the_new_words(town: Town, citizen: Somebody, official: Person) -> None:
    """ "Sửa" asks again; a button under the old words does not send the new ones."""
    town.rebuilt = True
    await asks(citizen)
    await answers(official, "Câu thứ nhất")
    old = official.button("Gửi")
    await official.taps("Sửa câu trả lời")
    official.sees("Xin viết câu trả lời")
    await official.says("Câu thứ hai")
    official.sees("Câu thứ hai")
    await official.does(kind="tap", text=old["label"], token=old["token"])
    official.sees_not("sẽ đi sau")
    await official.taps("Gửi")
    official.sees("sẽ đi sau 60 giây")
    town.clock.advance(towns.timedelta(seconds=61))
    await citizen.looks()
    citizen.sees("Câu thứ hai")


async def test_L02_what_is_typed_outside_an_answer_goes_to_nobody(citizen: Somebody, official: Person) -> None:
    """Plain words at the office reach nobody, and are said to reach nobody."""
    await asks(citizen)
    await official.says("mời bà đến nhé")
    official.sees("không gửi cho ai")
    await citizen.looks()
    assert citizen.news == []


async def test_L02_of_two_officials_who_press_at_once_one_has_it(
    town: Town, citizen: Somebody, official: Person
) -> None:
    """Both tap "Nhận" at the same moment: one has the request, the other is told who."""
    await asks(citizen)
    second = await towns.official(town, (await named(town, "chairman")).name)
    pair = (official, second)
    for each in pair:
        await each.looks()
    posts = [each.post({"kind": "tap", "text": "Nhận", "token": each.button("Nhận")["token"]}) for each in pair]
    assert [status for status, _body in await asyncio.gather(*posts)] == [200, 200]
    await town.settle()
    told = [(await each.looks()).text for each in pair]
    assert sum("Đã nhận lời nhắn số 1" in words for words in told) == 1
    assert sum("đang nhận lời nhắn số 1" in words for words in told) == 1


async def test_L02_the_second_official_is_told_who_has_it(town: Town, citizen: Somebody, official: Person) -> None:
    """Taking what another has tells who has it; "Nhận thay" takes it on purpose."""
    await asks(citizen)
    await official.looks()
    await official.taps("Nhận")
    official.sees("Đã nhận lời nhắn số 1")
    clerk, chairman = await named(town, "clerk"), await named(town, "chairman")
    second = await towns.official(town, chairman.name)
    await second.looks()
    await second.taps("Trả lời")
    second.sees(f"{clerk.name} ({clerk.post}) đang nhận lời nhắn số 1")
    await second.taps("Nhận thay")
    second.sees("Đã nhận lời nhắn số 1", f"{chairman.name} đã nhận")
    await official.taps("Nhận")
    official.sees("đang nhận lời nhắn số 1")


async def test_L02_whoever_was_removed_sends_nothing(town: Town, citizen: Somebody, official: Person) -> None:
    """Rights are looked at when it is sent: what an official tapped just before being removed sends nothing."""
    await asks(citizen)
    await answers(official)
    button, clerk = official.button("Gửi"), await named(town, "clerk")
    await town.write(towns.officials.remove, 1, clerk.id)
    name = str(uuid.uuid4())
    tapped = {"id": name, "kind": "tap", "text": button["label"], "token": button["token"]}
    chat = f"official:{clerk.id}"
    event = inbox.Event("web", "office", chat, chat, name, orjson.dumps(tapped))
    assert await town.service.dispatcher.accept(event)
    await town.settle()
    assert await town.read(inbox.failed, 1) == []
    town.clock.advance(towns.timedelta(minutes=2))
    await citizen.looks()
    assert citizen.news == []


async def test_L02_on_a_shared_computer_a_pin_confirms(town: Town) -> None:
    """With a PIN on the session an answer goes only after it; a wrong one is asked again."""
    citizen = await towns.villager(town)
    shared = await towns.official(town, shared=True, pin="2468")
    await asks(citizen)
    await answers(shared)
    await shared.taps("Gửi")
    shared.sees("mã PIN")
    await shared.says("1111")
    shared.sees("chưa đúng")
    await shared.says("2468")
    shared.sees("sẽ đi sau 60 giây")


async def test_L01_she_answers_on_and_it_waits_again(town: Town, citizen: Somebody, official: Person) -> None:
    """After an answer she simply writes on; she gets a new promise and the office a loud card."""
    await asks(citizen)
    await answers(official)
    await official.taps("Gửi")
    town.clock.advance(towns.timedelta(seconds=61))
    await citizen.looks()
    await citizen.says("Mang bản sao được không?")
    citizen.sees("đã chuyển thêm", "Cán bộ sẽ trả lời ông/bà trước")
    await official.looks()
    official.sees("Mang bản sao được không?")
    assert official.news[-1]["loud"]


async def test_the_office_closes_a_request(citizen: Somebody, official: Person) -> None:
    """Closing tells her; closing or answering a closed one is refused kindly."""
    await asks(citizen)
    await official.looks()
    closing = official.button("Đóng")
    await official.taps("Đóng")
    official.sees("Đã kết thúc lời nhắn số 1")
    await citizen.looks()
    citizen.sees("đã giải quyết xong")
    await official.does(kind="tap", text="Đóng", token=closing["token"])
    official.sees("đã kết thúc rồi")
    await official.does(kind="tap", text="Mở", token="#open:999")
    official.sees("không còn nữa")


async def test_the_queue_shows_late_ones_first(town: Town) -> None:
    """/hangdoi names who waits, with what is late; an empty queue says so."""
    clerk = await towns.official(town)
    await clerk.says("/hangdoi")
    clerk.sees("không có ai chờ")
    citizen, other = await towns.villager(town), await towns.villager(town)
    await asks(citizen)
    town.clock.advance(towns.timedelta(minutes=40))
    await asks(other)
    await clerk.says("/hangdoi")
    clerk.sees("Đang có 2 người chờ", "Đã quá hẹn")
    assert clerk.text.index("số 1") < clerk.text.index("số 2")
    await clerk.taps("Mở số 2")
    clerk.sees("Hỏi về giấy khai sinh")


async def test_help_names_what_each_role_can_do(town: Town) -> None:
    """/trogiup at the office tells officials their commands, and a village head what comes later."""
    clerk = await towns.official(town)
    await clerk.says("/trogiup")
    clerk.sees("/hangdoi", "/moi")
    await clerk.opens()
    clerk.sees("Đang làm việc dưới tên")
    await clerk.taps("Xem ai đang chờ")
    clerk.sees("không có ai chờ")
    await clerk.taps("Tóm tắt hôm nay")
    clerk.sees("Tóm tắt")
    await clerk.taps("Kết quả mới về")
    clerk.sees("kết quả chưa xác nhận")
    await clerk.taps("Thư chờ duyệt")
    clerk.sees("duyệt")
    head = await towns.villager(town, demo="village-head")
    await head.says("/trogiup")
    head.sees("hộ trong danh sách", "hiện chưa có")


async def test_L11_the_chairman_and_the_clerk_invite(town: Town) -> None:
    """/moi makes a one-time code that lets somebody in; other officials are refused; a clerk makes no clerks."""
    clerk = await towns.official(town)
    await clerk.says("/moi")
    await clerk.says("Nguyễn Thị Mới")
    await clerk.says("Công chức tư pháp")
    assert not any("danh sách" in label for label in clerk.buttons())
    await clerk.taps("Trưởng thôn")
    await clerk.says("Thôn Khe Mận")
    clerk.sees("Nguyễn Thị Mới", "Thôn Khe Mận")
    await clerk.taps("Có, tạo mã")
    clerk.sees("Mã mời của Nguyễn Thị Mới là")
    plain = next(each for each in await town.read(towns.officials.active, 1) if each.role == "official")
    other = await towns.official(town, plain.name)
    await other.says("/moi")
    other.sees_not("Mời ai")


async def test_one_tap_on_the_telephone_connects_an_official(town: Town) -> None:
    """Where we are on Telegram, /ketnoi and /moi give an address that brings the code there; else the code alone."""
    clerk, telephone = await towns.official(town), await towns.villager(town)
    await telephone.opens()
    await clerk.says("/ketnoi")
    if town.telegram is None:
        clerk.sees("/start ")
        clerk.sees_not("t.me")
        return
    bot, code = town.telegram.bot.username, r"[A-Za-z0-9_-]{1,64}"
    found = re.search(rf"https://t\.me/{bot}\?start=({code})(?!\S)", clerk.text)
    assert found, clerk.text
    await telephone.says(f"/start {found[1]}")  # what Telegram sends when she presses Start
    telephone.sees("nhận ra ông/bà", "Đặng Thị Thu Nhài")
    for words in ("/moi", "Nguyễn Thị Mới", "Công chức tư pháp"):
        await clerk.says(words)
    await clerk.taps("Cán bộ, công chức")
    await clerk.taps("Có, tạo mã")
    assert re.search(rf"https://t\.me/{bot}\?start={code}(?!\S)", clerk.text), clerk.text


async def test_L02_villagers_cannot_use_the_office(citizen: Somebody, official: Person) -> None:
    """A villager who knows a button or a command of the office gets nowhere with it."""
    await asks(citizen)
    for token in ("#take:1", "#reply:1", "#close:1", "#open:1", "#undo:1", "#queue:"):
        await citizen.does(kind="tap", text="Nhận", token=token)
        citizen.sees_not("giấy khai sinh", "Đã nhận", "Đã kết thúc")
    await citizen.says("/hangdoi")
    citizen.sees_not("người chờ")


async def test_L02_answers_that_come_too_late_for_their_request(
    town: Town, citizen: Somebody, official: Person
) -> None:
    """An answer begun before she ended the talk, or before another took the request, is not sent and says why."""
    await asks(citizen)
    await answers(official)
    await citizen.says("xong rồi")
    await official.taps("Gửi")
    official.sees("Chưa gửi: lời nhắn số 1 đã kết thúc")
    await asks(citizen)
    await answers(official)
    chairman = await named(town, "chairman")
    second = await towns.official(town, chairman.name)
    await second.does(kind="tap", text="Nhận thay", token="#take:2,instead")
    await official.taps("Gửi")
    official.sees("Chưa gửi gì cả", f"{chairman.name} ({chairman.post}) đang nhận")
    await town.write(towns.officials.remove, 1, chairman.id)
    await official.does(kind="tap", text="Nhận", token="#take:2")
    official.sees("không còn phụ trách")


async def test_L02_only_the_author_takes_an_answer_back(town: Town, citizen: Somebody, official: Person) -> None:
    """Somebody else's answer, or none at all, cannot be taken back."""
    await asks(citizen)
    await answers(official)
    await official.taps("Gửi")
    undo = official.button("Thu hồi")
    second = await towns.official(town, (await named(town, "chairman")).name)
    for token in (undo["token"], "#undo:999", "#undo:x"):
        await second.does(kind="tap", text="Thu hồi", token=token)
        second.sees("không thu hồi được")


async def test_L03_a_request_sealed_meanwhile_is_not_answered_by_others(town: Town, citizen: Somebody) -> None:
    """When it has become one for receivers alone while somebody answers it, that answer is not sent."""
    people = await town.read(towns.officials.active, 1)
    plain = next(each for each in people if each.role != "village-head" and "receive" not in each.rights)
    other = await towns.official(town, plain.name)
    await asks(citizen)
    await answers(other)
    await town.write(requests.seal_for_receiver, 1, 1)
    await other.taps("Gửi")
    other.sees("Chưa gửi gì cả", "chỉ người được giao tiếp nhận")
    for token in ("#take:1", "#reply:1", "#close:1"):
        await other.does(kind="tap", text="Nhận", token=token)
        other.sees("chỉ người được giao tiếp nhận")
    await other.says("/hangdoi")
    assert not any("Mở số" in label for label in other.buttons())


async def test_an_invitation_can_be_left(official: Person) -> None:
    """Saying no makes no invitation."""
    for words in ("/moi", "Nguyễn Thị Mới", "Công chức tư pháp"):
        await official.says(words)
    await official.taps("Cán bộ, công chức")
    await official.taps("Không")
    official.sees_not("Mã mời")
