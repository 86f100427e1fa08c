"""The desk's list dropped into a chat: shown before anything changes, applied by one tap, or refused clearly."""

import csv
import io
import unicodedata
import uuid
import zipfile
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy import func, select

from bot import previews as reading
from bot.channels.telegram import Telegram
from bot.commands.import_dossiers import import_dossiers
from bot.dossier_file import HEADERS
from bot.rates import Rates
from bot.take_in import finish_interrupted
from bot.turn import Address
from messages import codes
from messages.fold import fold
from storage import dossiers, imports, officials, previews
from tests import town as towns
from tests.conftest import BOTH
from tests.storage.test_dossiers import Row
from tests.town import PHOTO, START, Databases, Person, Town

MODIFIED = START.astimezone(UTC).replace(tzinfo=None) - timedelta(hours=1)


def code(number: int) -> str:
    return f"H55.242-261125-{number:04}"


def row(number: int, status: object = "Đang xử lý", **more: object) -> dict[str, object]:
    usual = {"Mã hồ sơ": code(number), "Tên thủ tục": "Đăng ký khai sinh", "Người nộp": "Lê Văn Tám"}
    return usual | {"Số điện thoại": f"09123{number:05}", "Trạng thái": status, "Ngày tiếp nhận": "25/11/2026"} | more


def xlsx(
    *rows: dict[str, object],
    headers: Iterable[str] = HEADERS,
    above: Iterable[Iterable[str]] = (),
    saved: datetime = MODIFIED,
) -> bytes:
    """A workbook as an office exports it."""
    out, headers = io.BytesIO(), list(headers)
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.set_properties({"created": saved})
        sheet = book.add_worksheet()
        for line, cells in enumerate([*above, headers, *([each.get(name, "") for name in headers] for each in rows)]):
            sheet.write_row(line, 0, list(cells))
    return out.getvalue()


@dataclass
class Desk:
    """The town, and its clerk at /office."""

    town: Town
    clerk: Person

    async def drops(self, raw: bytes, name: str = "ho-so.xlsx", who: Person | None = None) -> Person:
        """Drop a file into the chat, as the page does, and read what comes until it has been read."""
        who = who or self.clerk
        headers = who.headers | {"Content-Type": "application/octet-stream", "X-File-Name": name}
        async with self.town.http.post(f"{who.base}/files", data=io.BytesIO(raw), headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            body = await answer.json()
        await who.does(kind=body["kind"], files=[body["file"]], text="")
        return await self.reads(who)

    async def reads(self, who: Person | None = None) -> Person:
        """Let lists be read and applied; the clerk sees what came of it, besides what he saw at once."""
        who = who or self.clerk
        at_once = list(who.news)
        await self.town.service.reader.work()
        await self.town.settle()
        await who.looks()
        who.news = at_once + who.news
        return who

    async def taps(self, label: str) -> Person:
        await self.clerk.taps(label)
        return await self.reads()

    async def statuses(self, *numbers: int) -> list[int | None]:
        found = [await self.town.read(dossiers.by_code, 1, codes.key(code(each))) for each in numbers]
        return [each and each.status for each in found]

    async def count(self) -> int:
        table = dossiers.dossier
        return int(await self.town.read(lambda db: db.execute(select(func.count()).select_from(table)).scalar_one()))


@pytest.fixture(params=BOTH)
async def desk(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[Desk]:
    """The sample's office on both databases."""
    async with towns.of_the_sample(databases, request.param, tmp_path) as town:
        yield Desk(town, await towns.official(town))


@pytest.fixture
async def small(databases: Databases, tmp_path: Path) -> AsyncIterator[Desk]:
    """The same on SQLite alone: for what has nothing to do with the database."""
    async with towns.of_the_sample(databases, "sqlite", tmp_path) as town:
        yield Desk(town, await towns.official(town))


# --- the way it goes --------------------------------------------------------------------------------------------------


async def test_A05_a_list_is_shown_first_and_one_tap_applies_it(desk: Desk) -> None:
    """New, changed, same and refused are counted, statuses told; nothing changes before the tap, all of it after."""
    before = await desk.count()
    (await desk.drops(xlsx(row(1), row(2), row(3, "?")))).sees(
        "đang đọc danh sách", "Danh sách “ho-so.xlsx”, số liệu đến 8 giờ", "2 hồ sơ mới, 0 thay đổi, 0 giữ nguyên",
        "1 dòng không nhận được", "hồ sơ mới → Đang xử lý: 2", "Dòng 4, cột Trạng thái", "Chưa có gì thay đổi",
    )  # fmt: skip
    assert [fold(each) for each in desk.clerk.buttons()][-2:] == ["ap dung", "bo"]
    (paper,) = await desk.clerk.documents()
    assert [line[:2] for line in csv.reader(io.StringIO(paper.decode("utf-8-sig")), delimiter=";")][1:] == [
        ["4", "Trạng thái"]
    ]
    assert await desk.count() == before
    (await desk.taps("Áp dụng")).sees("Đang nhập danh sách", "Đã nhập xong danh sách “ho-so.xlsx”", "2 hồ sơ mới")
    assert await desk.statuses(1, 2, 3) == [4, 4, None]
    (await desk.drops(xlsx(row(1, "Đã xử lý xong"), row(2)))).sees("0 hồ sơ mới, 1 thay đổi, 1 giữ nguyên")
    desk.clerk.sees("Đang xử lý → Đã xử lý xong: 1")
    await desk.taps("Áp dụng")
    assert await desk.statuses(1, 2) == [9, 4]


async def test_A05_the_second_tap_is_told_who_was_first(desk: Desk) -> None:
    """Two taps at once apply once; whoever comes later reads the name and the hour."""
    await desk.drops(xlsx(row(1)))
    button = desk.clerk.button("Áp dụng")
    drop = desk.clerk.button("Bỏ")
    await desk.clerk.presses(button)
    for again in (button, drop):
        await desk.clerk.presses(again)
        people = await desk.town.read(officials.active, 1)
        clerk = next(each for each in people if each.role == "clerk")
        desk.clerk.sees(f"{clerk.name} đã cho nhập danh sách này: 9 giờ")
    await desk.reads()
    runs = imports.import_run
    done = await desk.town.read(lambda db: db.scalars(select(runs.c.state).where(runs.c.file == "ho-so.xlsx")).all())
    assert done == ["done"]


async def test_A05_a_list_that_is_left_changes_nothing_and_is_not_kept(desk: Desk) -> None:
    """ "Bỏ" leaves everything as it was; the bytes with everybody's phone are deleted."""
    before = await desk.count()
    await desk.drops(xlsx(row(1)))
    (await desk.taps("Bỏ")).sees("Đã bỏ danh sách này")
    await desk.clerk.taps("Áp dụng")
    desk.clerk.sees("đã bỏ danh sách này")
    assert await desk.count() == before
    await desk.town.service.fetcher.sweep()
    assert list((desk.town.settings.data_dir / "files").iterdir()) == []


async def test_A05_the_same_file_again_changes_nothing(desk: Desk) -> None:
    """A file that was taken in is known again, with the hour; there is nothing to tap."""
    raw = xlsx(row(1))
    await desk.drops(raw)
    await desk.taps("Áp dụng")
    (await desk.drops(raw, "ten-khac.xlsx")).sees("Tệp này đã nhập lúc 9 giờ")
    assert desk.clerk.buttons() == []


async def test_A05_a_list_is_read_anew_when_other_data_have_come_meanwhile(desk: Desk, tmp_path: Path) -> None:
    """What was shown does not hold after another import: nothing is applied, and the list is shown once more."""
    await desk.drops(xlsx(row(1), row(2)))
    old = desk.clerk.button("Áp dụng")
    await other_import(desk, tmp_path, row(1, "Đã xử lý xong"))
    (await desk.taps("Áp dụng")).sees("Từ lúc đó đã có số liệu khác", "Đây là bản xem mới", "1 hồ sơ mới, 1 thay đổi")
    assert await desk.statuses(1, 2) == [9, None]
    await desk.clerk.presses(old)
    desk.clerk.sees("Bên dưới có bản xem mới hơn")
    await desk.taps("Áp dụng")
    assert await desk.statuses(1, 2) == [4, 4]


async def test_A05_data_that_come_between_the_tap_and_the_work_are_noticed_too(desk: Desk, tmp_path: Path) -> None:
    """The look is compared once more in the transaction that begins the import."""
    await desk.drops(xlsx(row(1)))
    await desk.town.service.reader.stop(5)  # the tap is taken, and nobody works yet
    await desk.clerk.taps("Áp dụng")
    await other_import(desk, tmp_path, row(2))
    desk.town.service.reader = reading.Reader(desk.town.app, desk.town.service._worked)
    (await desk.reads()).sees("Đây là bản xem mới")
    assert await desk.statuses(1, 2) == [None, 4]


async def other_import(desk: Desk, folder: Path, *rows: dict[str, object]) -> None:
    path = folder / f"{uuid.uuid4().hex}.xlsx"
    path.write_bytes(xlsx(*rows))
    assert await import_dossiers(desk.town.app, {"file": str(path)}, lambda _line: None) == 0


async def test_A05_a_list_expires_with_its_day(desk: Desk) -> None:
    """At midnight the buttons hold no more and the file is not kept."""
    await desk.drops(xlsx(row(1)))
    await desk.drops(xlsx(row(2)))
    await desk.town.later(hours=14, minutes=59)
    await desk.clerk.taps("Áp dụng")
    desk.clerk.sees("Đang nhập danh sách")
    await desk.reads()
    await desk.drops(xlsx(row(3)))
    await desk.town.later(hours=1)
    await desk.clerk.taps("Áp dụng")
    desk.clerk.sees("đã qua ngày")
    assert await desk.statuses(2, 3) == [4, None]


async def test_A05_an_import_that_the_power_cut_is_finished_and_told(desk: Desk) -> None:
    """A run that was being applied goes on at the next start, and the chat is told its end."""
    await desk.drops(xlsx(*(row(number) for number in range(5))))
    await desk.town.service.reader.stop(5)
    await desk.clerk.taps("Áp dụng")

    def begins(db: Any) -> None:
        run = imports.begin(db, 1, "ho-so.xlsx", "", False, START, START)
        rows = [Row(number + 2, code(number)) for number in range(5)]
        staged, counts = imports.sift(desk.town.app.keys, rows, {}, fold)
        imports.stage(db, 1, run, staged, START)
        imports.go_on(db, run, counts, START)
        previews.begun(db, 1, run)

    await desk.town.write(begins)
    await desk.town.restart()
    await desk.reads()
    desk.clerk.sees_not("Đã nhập xong")
    await finish_interrupted(desk.town.app, alone=True)
    desk.town.clock.advance(timedelta(minutes=2))
    (await desk.reads()).sees("Đã nhập xong", "5 hồ sơ mới")
    assert await desk.statuses(*range(5)) == [4] * 5


async def test_A05_a_run_that_died_while_it_read_is_begun_anew(desk: Desk) -> None:
    """Nothing of it was applied, so the same tap still holds."""
    await desk.drops(xlsx(row(1)))
    await desk.town.service.reader.stop(5)
    await desk.clerk.taps("Áp dụng")

    def begins(db: Any) -> None:
        previews.begun(db, 1, imports.begin(db, 1, "ho-so.xlsx", "", False, START, START))

    await desk.town.write(begins)
    await finish_interrupted(desk.town.app, alone=True)
    await desk.town.restart()
    (await desk.reads()).sees("Đã nhập xong")
    assert await desk.statuses(1) == [4]


async def test_A05_another_import_under_way_is_waited_for(small: Desk) -> None:
    """While another run is open the list waits, and goes on by itself."""
    await small.drops(xlsx(row(1)))
    run = await small.town.write(imports.begin, 1, "x", "", False, START, START)
    (await small.taps("Áp dụng")).sees_not("Đã nhập xong")
    await small.town.write(imports.drop, run, "failed", START)
    small.town.clock.advance(timedelta(seconds=6))
    (await small.reads()).sees("Đã nhập xong")


# --- who is told, and what is odd -------------------------------------------------------------------------------------


async def test_L21_officers_nobody_is_called_are_listed(small: Desk) -> None:
    """Names of the list that no invited official bears, with their dossiers."""
    clerk = next(each for each in await small.town.read(officials.active, 1) if each.role == "clerk")
    await small.drops(
        xlsx(row(1, **{"Cán bộ": "Trần Văn Lạ"}), row(2, **{"Cán bộ": "Trần Văn Lạ"}), row(3, **{"Cán bộ": clerk.name}))
    )
    small.clerk.sees("chưa khớp với ai ở đây: Trần Văn Lạ (2)")
    small.clerk.sees_not(f"{clerk.name} (")


async def test_E01_how_many_villagers_will_be_told_is_counted(desk: Desk, tmp_path: Path) -> None:
    """Each villager once, however many dossiers of hers move; who cannot be written to is counted apart, by the command
    too.
    """
    await other_import(desk, tmp_path, *(row(number, **{"Số điện thoại": "0912300001"}) for number in range(4)), row(9))
    villager = await towns.at_the_box(desk.town)
    await villager.says("xin chào")
    at = await villager.address()

    def watches(db: Any) -> None:
        for number in (0, 1):
            found = dossiers.by_code(db, 1, codes.key(code(number)))
            assert found is not None
            dossiers.watch(db, 1, found.id, (at.channel, at.account, at.chat, at.sender), START)

    await desk.town.write(watches)
    moved = [row(n, "Yêu cầu bổ sung giấy tờ", **{"Số điện thoại": "0912300001"}) for n in range(4)]
    await desk.drops(xlsx(*moved, row(9)))
    desk.clerk.sees("1 bà con sẽ được nhắn tin", "1 người nữa không nhắn được")
    said: list[str] = []
    (tmp_path / "x.xlsx").write_bytes(xlsx(*moved, row(9)))
    await import_dossiers(desk.town.app, {"file": str(tmp_path / "x.xlsx")}, said.append)
    assert "1 người dân sẽ được nhắn tin, 1 người cần gọi điện." in said


async def test_A05_what_is_odd_is_told_first(small: Desk, tmp_path: Path) -> None:
    """An old file again: dossiers that jump back, half of all changed, saved before the data we have."""
    whole = await small.count()
    await other_import(small, tmp_path, *(row(number, "Đã xử lý xong") for number in range(whole)))
    old = xlsx(*(row(number) for number in range(whole)), saved=MODIFIED - timedelta(days=3))
    (await small.drops(old)).sees("Mời ông/bà xem kỹ", "Có phải tệp cũ không ạ?", f"{whole} hồ sơ đã xong bị lùi")
    small.clerk.sees(f"{whole} trên 1.200 hồ sơ thay đổi cùng một lúc")
    assert small.clerk.text.index("xem kỹ") < small.clerk.text.index("hồ sơ mới,")


async def test_A05_a_list_that_ends_before_the_data_we_have_is_told(small: Desk) -> None:
    """A CSV has no time of its own: the newest day in it tells that it is an old one."""
    lines = "\n".join(["Mã hồ sơ;Trạng thái;Ngày tiếp nhận", f"{code(1)};Đang xử lý;01/10/2026"])
    (await small.drops(lines.encode(), "a.csv")).sees("Hồ sơ mới nhất trong tệp là", "01/10/2026", "số liệu đến 9 giờ")


async def test_A05_the_time_of_a_template_is_not_the_time_of_the_data(small: Desk) -> None:
    """A workbook saved years ago, or tomorrow, says nothing of how old the data are: then it is the hour it came."""
    for saved in (datetime(2006, 9, 16), MODIFIED + timedelta(days=2)):
        (await small.drops(xlsx(row(1), saved=saved))).sees("số liệu đến 9 giờ, thứ Năm, 26/11/2026")
        small.clerk.sees_not("tệp cũ")


async def test_A05_a_list_is_no_answer_to_what_is_asked_at_the_moment(small: Desk) -> None:
    """In the middle of a talk it is read all the same, and the question stays open."""
    await small.clerk.says("/moi")
    (await small.drops(xlsx(row(1)))).sees("đang đọc danh sách", "1 hồ sơ mới")
    await small.clerk.says("Trần Thị Bình")
    small.clerk.sees("Chức vụ gì ạ?")


async def test_A05_a_file_of_before_is_known_again_and_may_be_applied(small: Desk, tmp_path: Path) -> None:
    """After another import the older file is no duplicate: it is shown with a warning, and may mend what went wrong."""
    first = xlsx(row(1))
    await small.drops(first)
    await small.taps("Áp dụng")
    await other_import(small, tmp_path, row(1, "Dừng xử lý"))
    (await small.drops(first)).sees("Tệp này đã nhập một lần", "Dừng xử lý → Đang xử lý: 1")
    await small.taps("Áp dụng")
    assert await small.statuses(1) == [4]


# --- what is no list --------------------------------------------------------------------------------------------------

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000)


def formulas(value: str, attributes: str = "") -> bytes:
    """A workbook whose status is a formula with this stored result."""
    raw = io.BytesIO(xlsx(row(1), headers=["Mã hồ sơ", "Trạng thái"]))
    out = io.BytesIO()
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            text = old.read(entry)
            if entry == "xl/worksheets/sheet1.xml":
                was = text[text.index(b'<c r="B2"') :]
                was = was[: was.index(b"</c>") + 4]
                formula = f'<c r="B2"{attributes}><f>VLOOKUP(A2,X,2)</f>{value}</c>'
                text = text.replace(was, formula.encode())
            new.writestr(entry, text)
    return out.getvalue()


def merged() -> bytes:
    """Cells merged over two rows, as an office makes a list pretty: the second row has no code of its own."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.merge_range(0, 0, 0, 2, "DANH SÁCH HỒ SƠ")
        sheet.write_row(1, 0, ["Mã hồ sơ", "Trạng thái", "Người nộp"])
        sheet.merge_range(2, 0, 3, 0, code(1))
        sheet.write_row(2, 1, ["Đang xử lý", "Lê Văn Tám"])
        sheet.write_row(3, 1, ["Đang xử lý", "Hoàng Thị Lan"])
    return out.getvalue()


def bomb() -> bytes:
    """A workbook of some kilobytes that becomes 700 MB."""
    out = io.BytesIO(xlsx(row(1)))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/media/a.bin", "w") as entry:
        for _each in range(700):
            entry.write(bytes(1_000_000))
    return out.getvalue()


BAD = {
    "một bức ảnh": (PHOTO, "anh.jpg", ["Đây là ảnh", "Excel hoặc tệp .csv"]),
    "giấy PDF": (b"%PDF-1.7 x", "giay.pdf", ["không phải danh sách", "Excel hoặc tệp .csv"]),
    "có mật khẩu": (OLE + "EncryptedPackage".encode("utf-16-le"), "a.xlsx", ["Tệp có mật khẩu. Xin bỏ mật khẩu"]),
    "Excel cũ": (OLE, "a.xls", ["Tệp Excel đời cũ (.xls)", "lưu thành .xlsx"]),
    "trang trống": (xlsx(headers=[]), "a.xlsx", ["Tệp trống."]),
    "hỏng": (b"PK\x03\x04" + bytes(100), "a.xlsx", ["Tệp Excel bị hỏng"]),
    "trang web": (b"<html><table></table></html>", "a.xls", ["Đây là trang web"]),
    "sai cột": (
        xlsx({"Số": "1"}, headers=["Số", "Tên", "Ngày"]), "a.xlsx",
        ["Tệp cần có các cột: Mã hồ sơ, Trạng thái", "đang ghi: Số, Tên, Ngày"],
    ),
    "thiếu một cột": (
        xlsx(row(1), headers=["Mã hồ sơ", "Người nộp"]), "a.xlsx",
        ["Tệp thiếu cột: Trạng thái", "đang ghi: Mã hồ sơ, Người nộp"],
    ),
    "công thức chưa tính": (formulas("<v></v>"), "a.xlsx", ["Ô B2 có công thức chưa có kết quả", "bấm Lưu"]),
    "không dòng nào đúng": (xlsx(row(1, "?"), row(2, "?")), "a.xlsx", ["Không dòng nào", "Dòng 2, cột Trạng thái"]),
    "bom nén": (bomb(), "a.xlsx", ["Bảng tính quá lớn"]),
}  # fmt: skip


async def test_A05_what_is_no_list_gets_a_clear_answer_and_changes_nothing(small: Desk) -> None:
    """A picture, a paper, a locked, old, empty, broken or wrong workbook: told why, and nothing can be tapped."""
    before = await small.count()
    for what, (raw, name, told) in BAD.items():
        await small.drops(raw, name)
        for words in told:
            assert words in small.clerk.text, (what, small.clerk.text)
        assert "ap dung" not in [fold(each) for each in small.clerk.buttons()], what
    assert await small.count() == before
    assert await small.town.read(imports.open_run, 1) is None


GOOD = {
    "ngày bằng chữ": xlsx(row(1, **{"Ngày hẹn trả": "27/11/2026 16:30"})),
    "tên cột Unicode tổ hợp": xlsx(
        {unicodedata.normalize("NFD", name): value for name, value in row(1).items()},
        headers=[unicodedata.normalize("NFD", name) for name in HEADERS],
    ),
    "tiêu đề phía trên": xlsx(row(1), above=[["UBND xã Suối Lành"], [], ["Hồ sơ", "", "Người dân"]]),
    "tiêu đề hai dòng": xlsx(
        {"Trạng thái": "Đang xử lý", "": code(1)}, headers=["", "Trạng thái"], above=[["Mã hồ sơ", "Kết quả", ""]]
    ),
    "công thức có kết quả": formulas("<v>Đang xử lý</v>", ' t="str"'),
    "csv": "\n".join(["Mã hồ sơ;Trạng thái", f"{code(1)};Đang xử lý"]).encode("utf-8-sig"),
}


async def test_A05_what_can_be_read_is_read(small: Desk) -> None:
    """Dates as text, NFD headers, titles above, formulas with their results, CSV."""
    for what, raw in GOOD.items():
        await small.drops(raw, f"{what}.xlsx")
        assert "1 hồ sơ mới, 0 thay đổi, 0 giữ nguyên, 0 dòng" in small.clerk.text, (what, small.clerk.text)
        await small.taps("Bỏ")


async def test_A05_of_merged_cells_only_the_first_row_has_a_code(small: Desk) -> None:
    """The row below is refused by line and column, and nothing is guessed."""
    (await small.drops(merged())).sees("1 hồ sơ mới", "Dòng 4, cột Mã hồ sơ: Thiếu mã hồ sơ.")


async def test_A05_two_hundred_thousand_rows_name_the_command(small: Desk) -> None:
    """A list of more rows than a chat takes is told what takes it."""
    rows = "\n".join(f"H99.77-2611{1 + number // 9000:02}-{number % 9000:04};4" for number in range(200_000))
    (await small.drops(f"Mã hồ sơ;Trạng thái\n{rows}".encode(), "a.csv")).sees(
        "có hơn", "python -m bot import dossiers"
    )
    assert list((small.town.settings.data_dir / "files").glob("*.part")) == []


async def test_A05_more_than_20_mb_are_refused_at_the_door(small: Desk) -> None:
    """The page is answered while it sends; nothing is kept."""
    headers = small.clerk.headers | {"Content-Type": "application/octet-stream", "X-File-Name": "a.xlsx"}
    async with small.town.http.post("/office/api/files", data=io.BytesIO(bytes(30_000_000)), headers=headers) as answer:
        assert answer.status == 413
        assert "20 MB" in (await answer.json())["error"]


async def test_A05_work_that_takes_long_tells_how_far_it_is(small: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a long list is read, and while it is written, the chat hears of it; the newest word replaces older ones."""
    monkeypatch.setattr(reading, "LONG", timedelta(0))
    (await small.drops(xlsx(*(row(number) for number in range(1500))))).sees("Đã đọc được 1.000 dòng")
    small.clerk.sees("1.500 hồ sơ mới")
    monkeypatch.setattr(reading, "AGAIN", timedelta(0))
    (await small.taps("Áp dụng")).sees("Đã ghi được 1.500 hồ sơ", "Đã nhập xong")


async def test_A05_an_error_of_ours_is_told_with_a_reference(small: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong in our own code refuses the list, under a code that stands in the log."""

    async def fails(*_args: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(reading, "compare", fails)
    (await small.drops(xlsx(row(1)))).sees("Chưa nhập danh sách", "Mã tra cứu")


async def test_A05_no_phone_is_quoted_in_what_goes_into_a_chat(small: Desk) -> None:
    """A phone that cannot be read is told by line and column alone: the chat may be abroad."""
    (await small.drops(xlsx(row(1, **{"Số điện thoại": "gọi 0912 345 67 nhé"})))).sees("Dòng 2, cột Số điện thoại")
    (paper,) = await small.clerk.documents()
    assert "0912 345" not in small.clerk.text + paper.decode("utf-8-sig")


async def test_G01_a_villagers_spreadsheet_goes_its_usual_way(small: Desk) -> None:
    """Nobody but officials takes a list in: a villager's file is no list, a village head is told whose work it is."""
    villager = await towns.at_the_box(small.town)
    head = await towns.at_the_box(small.town, demo="village-head")
    await small.drops(xlsx(row(1)), who=villager)
    villager.sees_not("danh sách")
    await small.drops(xlsx(row(1)), who=head)
    head.sees("do văn thư của xã nhập")
    assert await small.statuses(1) == [None]


# --- on Telegram ------------------------------------------------------------------------------------------------------


@dataclass
class OnTelegram:
    """The clerk's telephone, his group, and the town."""

    town: Town
    user: Any
    group: Any

    async def reads(self) -> str:
        await self.town.settle()
        await self.town.service.reader.work()
        await self.town.settle()
        return "\n".join([*self.user.chat.texts, *self.group.texts])


@pytest.fixture(params=BOTH)
async def phone(
    request: pytest.FixtureRequest, databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[OnTelegram]:
    """The clerk has connected his telephone; how fast messages may leave is tested elsewhere."""
    monkeypatch.setattr(Telegram, "rates", Rates())
    async with towns.of_the_sample(databases, request.param, tmp_path, "telegram") as town:
        user, group = town.telegram.user(7100), town.telegram.group(-4012)

        def joins(db: Any) -> str:
            clerk = next(each for each in officials.active(db, 1) if each.role == "clerk")
            return officials.new_code(db, 1, clerk.id, town.clock.now())

        user.starts(await town.write(joins))
        await town.settle()
        yield OnTelegram(town, user, group)


async def test_A05_a_list_sent_in_a_private_chat_on_telegram(phone: OnTelegram) -> None:
    """The file is fetched, shown, and one press applies it."""
    phone.user.document(xlsx(row(1), row(2)), "ho-so.xlsx", "application/vnd.ms-excel")
    assert "2 hồ sơ mới" in await phone.reads()
    shown = next(each for each in phone.user.chat.sent if "2 hồ sơ mới" in each.text)
    phone.user.presses(shown, next(each.label for each in shown.buttons if "Áp dụng" in each.label))
    assert "Đã nhập xong danh sách “ho-so.xlsx”" in await phone.reads()
    found = await phone.town.read(dossiers.by_code, 1, codes.key(code(2)))
    assert found is not None


async def test_A05_a_list_for_us_in_the_group(phone: OnTelegram) -> None:
    """In the officials' group a file that calls us by name is a list; in any other group it is nobody's."""
    account = phone.town.telegram.token.partition(":")[0]
    phone.group.joins(phone.user)
    phone.group.takes_bot(phone.user)
    name = phone.town.telegram.bot.username
    phone.user.document(xlsx(row(1)), "a.xlsx", "application/vnd.ms-excel", f"@{name}", chat=phone.group)
    assert "hồ sơ mới" not in await phone.reads()
    place = phone.town.app.place
    office = (*place.office, Address("telegram", account, "-4012", ""))
    object.__setattr__(place, "office", office)
    phone.user.document(xlsx(row(1)), "a.xlsx", "application/vnd.ms-excel", f"@{name}", chat=phone.group)
    assert "1 hồ sơ mới" in await phone.reads()
