"""News on their whole way: the desk's list, the clerk's tick, the villager's own chat, the buttons under the words."""

from datetime import datetime, timedelta

from messages.fold import fold
from storage import imports
from tests.storage.test_dossiers import Row
from tests.town import START, Person, Somebody, Town, villager

CODE = "H55.242-261126-0012"
COPY = {"procedure_code": "2.000815", "procedure_name": "Chứng thực bản sao từ bản chính"}
READY, WAYS = "mời ông/bà đến nhận tại", ["Xem chi tiết", "Tôi sẽ đến lấy", "Gửi bưu điện", "Nhờ người khác lấy"]
PHONE = "0912 345 678"


async def brings(town: Town, status: int, note: str = "", **more: datetime) -> None:
    """Today's list, and the minute after it."""
    now = town.clock.now()
    row = Row(2, CODE, status=status, note=note, received_at=START, due_at=START + timedelta(days=1), place="", **COPY)
    await town.write(lambda db: imports.load(db, 1, "list.csv", [row], fold, now, now))
    await town.later(minutes=1)
    await town.later(minutes=1)


async def asks_to_be_told(citizen: Somebody) -> None:
    """By her code; on the page, which cannot ring, with a number to be called."""
    await citizen.says(CODE)
    await citizen.taps("Báo tôi khi xong")
    if not citizen.rings:
        await citizen.says(PHONE)
    citizen.sees("Đã ghi lại.")


async def proves(citizen: Somebody) -> None:
    """By the last four digits of the phone on file: what the office wrote may be told here."""
    await citizen.says(CODE)
    await citizen.taps("Xem chi tiết")
    await citizen.says("5678")
    citizen.sees("Ông/bà có cần xem thêm gì nữa không ạ?")


async def called_of(official: Person) -> str:
    await official.says("/danhsachgoi")
    return official.text


async def test_A01_a_result_is_told_in_her_own_chat_and_she_answers_there(
    town: Town, citizen: Somebody, official: Person
) -> None:
    """The list brings a result, the clerk ticks it, she is asked to come and taps how; a page's visitor is called."""
    await brings(town, 2)
    await asks_to_be_told(citizen)
    await brings(town, 9)
    await citizen.looks()
    citizen.sees_not(READY)
    await official.says("/ketqua")
    number = next(line.split(")")[0] for line in official.text.splitlines() if CODE in line)
    await official.taps(f"Số {number}: có tại quầy")
    await town.later(minutes=1)
    await town.later(minutes=1)
    await citizen.looks()
    if not citizen.rings:
        assert CODE in await called_of(official)
        return
    citizen.sees(READY, "Trung tâm Phục vụ hành chính công xã Suối Lành", CODE)
    citizen.sees_not("Bích")
    assert citizen.buttons() == WAYS
    await town.later(minutes=5)
    await citizen.looks()
    assert citizen.news == [], "once"
    await citizen.taps("Tôi sẽ đến lấy")
    assert citizen.news
    citizen.sees_not("không còn dùng được")


async def test_A18_handed_over_she_is_thanked_and_may_rate(town: Town, citizen: Somebody) -> None:
    """The list says that it was handed over: thanks and five answers, once."""
    await brings(town, 4)
    await asks_to_be_told(citizen)
    await brings(town, 10)
    await citizen.looks()
    if not citizen.rings:
        assert citizen.news == []
        return
    citizen.sees("Kết quả đã được trao đến ông/bà.")
    assert citizen.buttons() == ["Rất hài lòng", "Hài lòng", "Bình thường", "Chưa hài lòng", "Rất không hài lòng"]
    await brings(town, 10, "ghi chú mới")
    await citizen.looks()
    assert citizen.news == []


async def test_papers_are_asked_for_by_name(steady_town: Town) -> None:
    """Exactly which ones; after "stop" nothing more is written, and the office calls."""
    town = steady_town
    citizen = await villager(town)
    await brings(town, 2)
    await asks_to_be_told(citizen)
    await proves(citizen)
    await brings(town, 5, "Bản chính học bạ")
    await citizen.looks()
    if citizen.rings:
        citizen.sees("còn cần thêm: Bản chính học bạ")
    await proves(citizen)
    citizen.sees("còn cần thêm: Bản chính học bạ")
    await citizen.says("dừng nhận tin")
    await citizen.taps("Dừng luôn")
    await citizen.looks()
    await brings(town, 6, "Lệ phí 8.000 đồng")
    await citizen.looks()
    citizen.sees_not("phí")


async def test_nothing_is_written_at_night(steady_town: Town) -> None:
    """A list of eleven in the evening reaches her at seven."""
    town = steady_town
    citizen = await villager(town)
    await brings(town, 2)
    await asks_to_be_told(citizen)
    await town.later(hours=14)
    await brings(town, 5, "Bản chính học bạ")
    await citizen.looks()
    assert citizen.news == []
    await town.later(hours=8)
    await citizen.looks()
    if citizen.rings:
        citizen.sees("còn cần thêm giấy tờ của ông/bà", "có ở mục “Xem chi tiết”")
        citizen.sees_not("học bạ")
