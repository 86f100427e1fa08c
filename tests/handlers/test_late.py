"""A dossier that will be late, from the warning to the letter in her chat, through the running service (A04, A05)."""

from datetime import timedelta

from sqlalchemy import update

from messages.fold import fold
from storage import dossiers, imports
from tests import town as towns
from tests.letters import arrived
from tests.storage.test_dossiers import Row
from tests.town import START, Person, Somebody, Town

CODE = "H55.242-261124-0012"
DUE = START.replace(hour=16, minute=30) + timedelta(days=5)
"""Tuesday the 1st of December: three working days from today, a Thursday."""


async def lists(town: Town, status: int = 4, note: str = "") -> None:
    """The desk's list of today, and the minutes after it."""
    now = town.clock.now()
    row = Row(
        2, CODE, status=status, note=note, received_at=START - timedelta(days=2), due_at=DUE,
        officer="Đặng Thị Thu Nhài", place="", procedure_code="2.000815", procedure_name="Chứng thực bản sao",
    )  # fmt: skip
    await town.write(lambda db: db.execute(update(dossiers.dossier).values(warned=99)))  # only this one is asked about
    await town.write(lambda db: imports.load(db, 1, "list.csv", [row], fold, now, now))
    for _minute in range(3):
        await town.later(minutes=1)


async def asks_to_be_told(citizen: Somebody, proven: bool = True) -> None:
    """With the second factor, or by the code alone."""
    await citizen.says(CODE)
    if proven and citizen.rings:
        await citizen.taps("Xem chi tiết")
        await citizen.says("5678")
        await arrived(citizen)
        await citizen.says(CODE)
    await citizen.taps("Báo tôi khi xong")
    if not citizen.rings:
        await citizen.says("0912 345 678")


async def proves(citizen: Somebody) -> None:
    """By the second factor: the letter, which names her, goes to such chats alone (L06)."""
    await citizen.taps("Xem chi tiết")
    await citizen.says("5678")


async def asks_for_a_new_date(official: Person) -> None:
    """From the button of the warning to the letter sent for approval."""
    await official.taps("Xin lùi ngày")
    await official.taps("đo đạc")
    await official.says("11/12/2026")
    await official.taps("4. chị")
    official.sees("thành thật xin lỗi chị Nguyễn Thị Bích", "thứ Sáu, 11/12/2026")
    await official.presses(official.news[-1]["buttons"][0])
    official.sees("Đã trình duyệt")


async def test_A05_warned_asked_approved_and_the_letter_is_in_her_chat(
    town: Town, citizen: Somebody, official: Person
) -> None:
    """Three working days before, the officer is warned; the Chairman approves; she has words, picture and PDF, once.

    Whoever knows the code alone is told the new date, and gets no letter.
    """
    chairman = await towns.official(town, "Triệu Minh Khải")
    await lists(town)
    await asks_to_be_told(citizen)
    await proves(citizen)
    stranger = await towns.villager(town)
    await asks_to_be_told(stranger, proven=False)
    await town.later(minutes=15)
    await official.looks()
    official.sees(CODE, "còn 3 ngày làm việc")
    await asks_for_a_new_date(official)
    await arrived(chairman)
    await chairman.taps("Duyệt")
    await arrived(chairman)
    for _minute in range(3):
        await town.later(minutes=1)
    await citizen.looks()
    if not citizen.rings:
        await official.says("/danhsachgoi")
        official.sees(CODE)
        return
    citizen.sees("xin lỗi ông/bà", "Việc đo đạc, kiểm tra ngoài thực địa chưa xong", "thứ Sáu, 11/12/2026", CODE)
    assert len(await citizen.pictures()) == 1
    assert [raw[:5] for raw in await citizen.documents()] == [b"%PDF-"]
    await stranger.looks()
    stranger.sees("xin lỗi ông/bà", "thứ Sáu, 11/12/2026", CODE)
    assert (await stranger.pictures(), await stranger.documents()) == ([], [])
    await lists(town, note="vẫn đang đo")
    await town.later(days=6)
    await town.later(minutes=1)
    await citizen.looks()
    citizen.sees_not("xin lỗi")


async def test_A05_nobody_acts_and_the_next_working_morning_she_is_told_the_truth(
    steady_town: Town,
) -> None:
    """An apology without reason or date, once; the Chairman has the list the same morning."""
    town = steady_town
    citizen, chairman = await towns.villager(town), await towns.official(town, "Triệu Minh Khải")
    await lists(town)
    await asks_to_be_told(citizen)
    town.clock.advance(DUE + timedelta(hours=18, minutes=-30) - town.clock.now())
    for minutes in (1, 1, 1, 15, 1, 60):
        await town.later(minutes=minutes)
    await citizen.looks()
    await chairman.looks()
    chairman.sees("1 hồ sơ đã quá hạn", CODE, "Đặng Thị Thu Nhài")
    if not citizen.rings:
        await chairman.says("/danhsachgoi")
        chairman.sees(CODE)
        return
    citizen.sees("UBND xã Suối Lành xin lỗi ông/bà", "Hồ sơ đang ở UBND xã Suối Lành", CODE)
    citizen.sees_not("Lý do", "11/12/2026")
    assert sum("xin lỗi" in each["text"] for each in citizen.heard) == 1
