"""What people stop: at a word, about dossiers after one question, everything for a wrong number or a death."""

import pytest

from bot import sample
from messages.gates import stops as said
from storage import citizens, stops
from tests.town import START, Person, Town

_READY, LATE, _PRIVATE = sample.demo_codes(START.date())


@pytest.fixture
def town(steady_town: Town) -> Town:
    """Dialogues here run straight through."""
    return steady_town


async def stopped(town: Town) -> set[str]:
    """What the newest villager has stopped."""

    def newest(db: object) -> frozenset[str]:
        table = citizens.citizen
        row = db.execute(table.select().order_by(table.c.id.desc())).first()
        return stops.stopped(db, 1, row.id)

    return set(await town.read(newest))


async def test_L17_outside_a_talk_it_stops_at_once(town: Town, citizen: Person, official: Person) -> None:
    """Greetings, notices and surveys stop at the word; dossiers are asked about; who stops those is called instead."""
    await citizen.says(LATE.code)
    await citizen.taps("Báo tôi khi xong")
    if not citizen.rings:
        await citizen.says("0912 000 111")
    await citizen.says("Dừng nhận tin")
    citizen.sees("không gửi lời chúc, thông báo hay khảo sát", "Tin về hồ sơ của ông/bà có dừng luôn không")
    assert await stopped(town) == {"greetings", "notices", "surveys"}
    await citizen.taps("Không, vẫn nhận tin hồ sơ")
    citizen.sees("vẫn được gửi")
    assert "dossiers" not in await stopped(town)

    await citizen.says("stop")
    await citizen.taps("Dừng luôn")
    citizen.sees("cán bộ sẽ gọi", "gọi số nào")
    assert await stopped(town) == {"greetings", "notices", "surveys", "dossiers"}
    await citizen.says("0912 345 678")
    citizen.sees(f"danh sách cần gọi: {citizen.shown('0912345678', 'phone')}", "trợ lý vẫn trả lời", "nhận tin lại")
    await official.looks()
    official.sees("xin gọi thay: 0912345678")
    await official.says("/danhsachgoi")
    official.sees("Những người cần gọi", "0912345678", LATE.code)
    await official.says(f"/hoso {LATE.code}")
    official.sees("0912345678")
    await citizen.says("dừng")
    citizen.sees("trợ lý vẫn trả lời")
    citizen.sees_not("dừng luôn không")
    await citizen.says("mấy giờ mở cửa")
    citizen.sees("đang mở cửa")
    await citizen.says("/canhan")
    await citizen.taps("Xem")
    citizen.sees("Ông/bà đã dừng nhận tin")

    await citizen.says("Cho tôi nhận tin lại nhé")
    citizen.sees("xã lại gửi tin tới ông/bà")
    assert await stopped(town) == set()
    await citizen.says("nhận tin lại")
    citizen.sees("chưa dừng tin nào")
    await official.says("danh sách gọi")
    official.sees("đang trống")


@pytest.mark.web_only("it is about the office, not about her channel")
async def test_L17_without_a_number_she_is_told_so(citizen: Person, official: Person) -> None:
    """Skipping the number keeps her on the list, and she is told that nobody can call."""
    await citizen.does(kind="tap", text="…", token="#stop:")
    await citizen.taps("Dừng luôn")
    await citizen.says("bỏ qua")
    citizen.sees("chưa có số điện thoại", "0951 000 001")
    await official.says("/danhsachgoi")
    official.sees("chưa có số")


async def test_L17_inside_a_talk_the_word_cancels_the_talk(town: Town, citizen: Person) -> None:
    """Nothing else stops."""
    for word in ("dừng nhận tin", "stop", "hủy"):
        await citizen.says("tra cứu")
        await citizen.says(word)
        citizen.sees("đã dừng")
        citizen.sees_not("khảo sát")
    assert await stopped(town) == set()


@pytest.mark.web_only("it is about the office, not about her channel")
async def test_L17_with_a_person_it_still_stops(town: Town, citizen: Person) -> None:
    """Somebody who is talking with an official is heard as well."""
    await citizen.says("0")
    await citizen.says("hỏi đất")
    await citizen.says("bỏ qua")
    await citizen.says("Đừng gửi tin cho tôi nữa")
    citizen.sees("dừng luôn không")
    assert "notices" in await stopped(town)


@pytest.mark.web_only("it is about the office, not about her channel")
async def test_L17_it_is_not_me(town: Town, citizen: Person, official: Person) -> None:
    """Everything stops, an apology, and the clerk has it until somebody has noted it."""
    await citizen.says("Nhầm số rồi")
    citizen.sees("Xin lỗi đã làm phiền ông/bà", "không gửi tin nào đến đây nữa", "sửa lại danh sách")
    assert await stopped(town) == {"greetings", "notices", "surveys", "dossiers"}
    await citizen.says("không phải tôi")
    await official.looks()
    official.sees("gửi nhầm người", "Mời xem lại danh sách")
    assert official.news[0]["loud"]
    await official.says("/hangdoi")
    official.sees("Có 1 tin báo")
    await official.taps("Xem tin báo")
    await official.taps("Đã ghi nhận")
    official.sees("Đã ghi nhận")
    await official.taps("Đã ghi nhận")
    official.sees("đã được ghi từ trước")
    await official.does(kind="tap", text="…", token="#stop-reports:")
    official.sees("Không còn tin báo nào")
    await official.does(kind="tap", text="…", token="#stop-noted:99")
    official.sees("không còn nữa")
    await official.says("/hangdoi")
    official.sees_not("tin báo")


async def test_L17_he_has_died(town: Town, citizen: Person, official: Person) -> None:
    """Condolences without any ornament, everything stops, the clerk is told, and the family has a way to a person."""
    await citizen.says("ông ấy mất rồi")
    citizen.sees("UBND xã Suối Lành xin chia buồn cùng gia đình.", "không gửi tin nào đến đây nữa", "gõ số 0")
    assert citizen.buttons() == []
    assert all(ord(sign) < 0x2000 or sign in "–—“”…" or sign.isalpha() for sign in citizen.text)
    assert await stopped(town) == {"greetings", "notices", "surveys", "dossiers"}
    await official.looks()
    official.sees("chủ nhân nơi nhận tin đã mất")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Dừng", "stop"), ("STOP", "stop"), ("dung nhan tin nua", "stop"), ("tắt thông báo", "stop"),
        ("tôi không muốn nhận tin nhắn của xã nữa", "stop"), ("đây không phải số của bà Hoa", "not-me"),
        ("gửi tin lại cho tôi", "again"), ("Bà ấy mất rồi ạ", "died"), ("người này mất rồi, đừng nhắn nữa", "died"),
        ("ông nhà tôi mất rồi đừng gửi tin nữa", "died"), ("Chủ số này đã mất", "died"),
        ("ba tôi mất hôm qua, báo tử ở đâu", None), ("bà nội tôi mất rồi", None), ("ông ấy mất sổ đỏ", None),
        ("không tin", None), ("đúng", None), ("không nhận được tin nhắn", None), ("xem thông báo tuần này", None),
        ("dừng nhận tin " * 20, None),
    ],
)  # fmt: skip
def test_L17_only_a_message_as_a_whole_counts(text: str, meant: str | None) -> None:
    """In a longer message the words ask for something else."""
    assert said(text) == meant
