"""Rows of the one-stop system become dossiers or refusals with line, column and reason."""

import random
from datetime import date, datetime

import pytest
import xlsxwriter
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot import sample
from bot.commune import Commune
from bot.dossier_file import HEADERS, REQUIRED, Dossier, Refusal, read_dossiers
from bot.settings import ZONE
from messages.statuses import END_OF_DAY, STATUSES, late, shown, status_id

GOOD = {
    "Mã hồ sơ": "H99.33-261120-0001", "Mã thủ tục": "1.001193", "Tên thủ tục": "Đăng ký khai sinh",
    "Người nộp": "Nguyễn Thị Hoa", "Số điện thoại": "0951 000 123", "Ngày tiếp nhận": "20/11/2026 08:15",
    "Ngày hẹn trả": "23/11/2026 16:30", "Trạng thái": "Đang xử lý", "Thôn": "Thôn Đồi Chè", "Cán bộ": "Đặng Thị Nhài",
    "Nơi trả": "Một cửa", "Ghi chú": "",
}  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.fixture
def imported(tmp_path):
    """Reads rows written as CSV, each the good row with changes."""

    def run(*changes: dict, villages=None) -> list:
        rows = [list(HEADERS), *[[(GOOD | change)[name] for name in HEADERS] for change in changes]]
        text = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
        (tmp_path / "d.csv").write_text(text, encoding="utf-8", newline="")
        return list(read_dossiers(tmp_path / "d.csv", villages))

    return run


def test_a_good_row(imported):
    """A complete row becomes a dossier with its times in Vietnamese time."""
    assert imported({}) == [Dossier(
        line=2, code="H99.33-261120-0001", code_key="H99332611200001", procedure_code="1.001193",
        procedure_name="Đăng ký khai sinh", applicant="Nguyễn Thị Hoa", phone="+84951000123",
        received_at=at("2026-11-20T08:15"), due_at=at("2026-11-23T16:30"), status=4, village="Thôn Đồi Chè",
        officer="Đặng Thị Nhài", place="Một cửa", note="",
    )]  # fmt: skip


@pytest.mark.parametrize(("change", "column", "reason"), [
    ({"Mã hồ sơ": ""}, "Mã hồ sơ", "Thiếu mã hồ sơ."),
    ({"Mã hồ sơ": "so 5"}, "Mã hồ sơ", "“so 5” không phải mã hồ sơ."),
    ({"Trạng thái": ""}, "Trạng thái", "Thiếu trạng thái."),
    ({"Trạng thái": "bay"}, "Trạng thái", "Trạng thái “bay” không có trong bảng từ 1 đến 10."),
    ({"Ngày hẹn trả": "31/11/2026"}, "Ngày hẹn trả",
     "Ngày “31/11/2026” không đọc được. Xin ghi như 27/11/2026 16:30."),
    ({"Ngày tiếp nhận": "11/27/2026"}, "Ngày tiếp nhận",
     "Ngày “11/27/2026” không đọc được. Xin ghi như 27/11/2026 16:30."),
    ({"Ngày hẹn trả": "19/11/2026"}, "Ngày hẹn trả",
     "Ngày hẹn trả 19/11/2026 trước ngày tiếp nhận 20/11/2026."),
    ({"Ghi chú": "x" * 2001}, "Ghi chú", "Ô dài hơn 2000 ký tự."),
    ({"Người nộp": "Ho\ufffd"}, "Người nộp", "Chữ trong ô bị hỏng. Xin gõ lại ô này."),
])
def test_what_cannot_be_trusted_is_refused(imported, change, column, reason):
    """A row whose code, status or dates are wrong is refused by line and column; the rows around it stay."""
    first, refusal, last = imported({"Mã hồ sơ": "H99.33-261120-0002"}, change, {"Mã hồ sơ": "H99.33-261120-0003"})
    assert refusal == Refusal(3, column, reason)
    assert str(refusal) == f"dòng 3, cột {column}: {reason}"
    assert (first.line, last.line) == (2, 4)


def test_the_same_code_twice(imported):
    """The later of two rows with one code is refused and names the first, however the code is written."""
    first, refusal = imported({}, {"Mã hồ sơ": "h99.33–261120–OOO1"})
    assert first.line == 2
    assert refusal == Refusal(3, "Mã hồ sơ", "Mã H99.33-261120-0001 đã có ở dòng 2.")


@pytest.mark.parametrize(("written", "phone"), [
    ("951000123", "+84951000123"), ("+84 951.000.123", "+84951000123"), ("0951000123 / 0951000124", "+84951000123"),
    ("không có; 0951000124", "+84951000124"), ("01682345678", "+84382345678"), ("'0951000123", "+84951000123"),
    ("02838222333", "+842838222333"), ("", None),
])
def test_phones_as_files_have_them(imported, written, phone):
    """Lost zeros, dots, two numbers in one cell and numbers of before 2018 are understood."""
    (dossier,) = imported({"Số điện thoại": written})
    assert dossier.phone == phone


def test_L06_an_unreadable_phone_drops_only_the_phone(imported):
    """A dossier whose phone cannot be read is kept without one, and the report says so."""
    refusal, dossier = imported({"Số điện thoại": "hỏi con gái"})
    assert refusal == Refusal(
        2, "Số điện thoại", "Số điện thoại “hỏi con gái” không đọc được; hồ sơ vẫn nhận.", kept=True)
    assert dossier.phone is None


@pytest.mark.parametrize(("written", "moment"), [
    ("27/11/2026", "2026-11-27T23:59:59"), ("27/11/2026 16:30", "2026-11-27T16:30"),
    ("27-11-2026 16:30:00", "2026-11-27T16:30"), ("2026-11-27", "2026-11-27T23:59:59"),
    ("2026-11-27T09:30:00Z", "2026-11-27T16:30"), ("16 giờ 30, ngày 27/11/2026", "2026-11-27T16:30"),
    ("16h30 27.11.2026", "2026-11-27T16:30"), ("27/11/2026 4:30 CH", "2026-11-27T16:30"),
    ("27/11/2026 00:00", "2026-11-27T23:59:59"), ("27/11/2026 16h", "2026-11-27T16:00"), ("", None),
])
def test_dates_as_files_have_them(imported, written, moment):
    """Dates with or without an hour, before or after it, and ISO are read; without an hour the day counts whole."""
    (dossier,) = imported({"Ngày hẹn trả": written})
    assert dossier.due_at == (moment and at(moment))


def test_received_without_an_hour(imported):
    """A received date without an hour is the start of its day, and is shown as a date."""
    (dossier,) = imported({"Ngày tiếp nhận": "23/11/2026", "Ngày hẹn trả": "23/11/2026"})
    assert dossier.received_at == at("2026-11-23T00:00")
    assert shown(dossier.received_at) == shown(dossier.due_at) == date(2026, 11, 23)
    assert shown(at("2026-11-23T16:30")) == at("2026-11-23T16:30")


@pytest.mark.parametrize(("written", "status"), [
    ("4", 4), ("04", 4), ("4 - Đang xử lý", 4), ("dang xu ly", 4), ("ĐÃ TRẢ KẾT QUẢ", 10), ("10", 10),
    ("Có kết quả", 9), ("Đã gửi, chờ tiếp nhận", 1), ("0", None), ("11", None), ("4 - Dừng xử lý", None), ("4 4", None),
    ("4444444444444444444444", None),
])
def test_statuses(written, status):
    """A status is an id, a label with or without accents, or both when they agree."""
    assert status_id(written) == status


def test_late_is_no_status():
    """Only what the office still works on can be late, and only after the promised moment."""
    due, now = at("2026-11-20T16:30"), at("2026-11-21T08:00")
    assert sorted(status for status in STATUSES if late(status, due, now)) == [1, 2, 4]
    assert not late(4, None, now)
    assert not late(4, at("2026-11-21T23:59:59"), now)


@pytest.mark.parametrize(("written", "code"), [
    ("2.00095", "2.000950"), ("1.001193", "1.001193"), ("1,001193", "1.001193"), ("", ""), ("TT-5", "TT-5")])
def test_procedure_codes_that_excel_cut(imported, written, code):
    """A procedure code that Excel took for a number gets its last zeros back."""
    (dossier,) = imported({"Mã thủ tục": written})
    assert dossier.procedure_code == code


PLACES = Commune(name="UBND xã Suối Lành", province="tỉnh mẫu", villages=[
    {"name": "Thôn 2", "former_commune": "xã Đông"}, {"name": "Thôn 2", "former_commune": "xã Tây"},
    {"name": "Thôn Đồi Chè"}]).places


def test_L09_an_ambiguous_thon_is_refused_with_its_candidates(imported):
    """A thôn that could be several is refused and the candidates are named; one with its former commune is taken."""
    refusal, second, other = imported(
        {"Thôn": "thôn 2"}, {"Thôn": "Thôn 02 xã Đông", "Mã hồ sơ": "H99.33-261120-0002"},
        {"Thôn": "doi che", "Mã hồ sơ": "H99.33-261120-0003"}, villages=PLACES)
    assert refusal == Refusal(
        2, "Thôn", "Có nhiều thôn tên “thôn 2”: Thôn 2 (xã Đông cũ), Thôn 2 (xã Tây cũ). Xin ghi rõ.")
    assert (second.village, other.village) == ("Thôn 2 (xã Đông cũ)", "Thôn Đồi Chè")


def test_L09_a_thon_of_elsewhere_is_kept_as_written(imported):
    """Dossiers come from the whole province: an unknown thôn is kept as written and reported."""
    warning, dossier = imported({"Thôn": "Phố Cổ"}, villages=PLACES)
    assert warning == Refusal(2, "Thôn", "Không có thôn “Phố Cổ” trong danh sách; hồ sơ vẫn nhận.", kept=True)
    assert dossier.village == "Phố Cổ"
    (as_written,) = imported({"Thôn": "Thôn 2"})
    assert as_written.village == "Thôn 2"


def test_an_excel_file(tmp_path):
    """Real dates, serial numbers, phones and ids as numbers come out right from a workbook under merged titles."""
    with xlsxwriter.Workbook(tmp_path / "d.xlsx") as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.merge_range(0, 0, 0, 5, "Danh sách hồ sơ")
        titles = ["Trạng thái", "Ngày hẹn trả", "Ngày tiếp nhận", "Số điện thoại", "Mã hồ sơ", "Mã thủ tục"]
        sheet.write_row(2, 0, titles)
        sheet.write_row(3, 0, [4, 46353.6875, "", 951000123, "H99.33-261120-0001", 2.000950])
        sheet.write_datetime(3, 2, datetime(2026, 11, 20, 8, 15), day)
        sheet.write_row(4, 0, [4, "", 20261120, "", "H99.33-261120-0002", ""])
        sheet.write_row(5, 0, ["", "", "", "", "Tổng cộng", 2])
        sheet.write_row(6, 0, [4, "", "", "", "H99.33-261120-0003", ""])
        sheet.write_datetime(6, 1, datetime(2026, 11, 27), day)
    dossier, serial, total, whole_day = read_dossiers(tmp_path / "d.xlsx")
    assert (dossier.line, dossier.status, dossier.phone) == (4, 4, "+84951000123")
    assert (dossier.received_at, dossier.due_at) == (at("2026-11-20T08:15"), at("2026-11-27T16:30"))
    assert dossier.procedure_code == "2.000950"
    assert (serial.line, serial.column) == (5, "Ngày tiếp nhận")
    assert (total.line, total.column) == (6, "Mã hồ sơ")
    assert (whole_day.line, whole_day.due_at) == (7, at("2026-11-27T23:59:59"))


def test_a_file_that_is_no_table(tmp_path):
    """A file that cannot be read gives one refusal of the whole file."""
    (tmp_path / "d.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (refusal,) = read_dossiers(tmp_path / "d.csv")
    assert (refusal.line, refusal.column) == (0, "")
    assert str(refusal) == "Đây là tệp ảnh, không phải bảng. Xin xuất lại bằng .xlsx hoặc CSV."


def test_the_sample_comes_back_from_a_file(tmp_path):
    """The sample's dossiers, written in any order of rows and columns, are read back as they were."""
    dossiers, mixer = list(sample.dossiers(date(2026, 11, 21))), random.Random(1)
    mixer.shuffle(dossiers)
    columns = mixer.sample(HEADERS, len(HEADERS))
    lines = [";".join(columns)]
    for one in dossiers:
        hour = "" if one.due_at is None or one.due_at.time() == END_OF_DAY else f" {one.due_at:%H:%M}"
        due = f"{one.due_at:%d/%m/%Y}{hour}" if one.due_at else ""
        values = (
            one.code, one.procedure_code, one.procedure_name.replace(";", ","), one.applicant, one.phone or "",
            one.received_at.isoformat(), due, str(one.status), one.village, one.officer, one.place, one.note,
        )
        lines.append(";".join(dict(zip(HEADERS, values, strict=True))[column] for column in columns))
    (tmp_path / "d.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    read = list(read_dossiers(tmp_path / "d.csv", sample.commune().places))
    assert [(one.code, one.phone, one.due_at, one.village) for one in read] == [
        (one.code, one.phone, one.due_at, one.village) for one in dossiers]


HEAD = (",".join((*REQUIRED, "Ngày hẹn trả", "Thôn")) + "\n").encode()
STARTS = [b"", b"PK\x03\x04", b"\xff\xfe", b"\xef\xbb\xbf", HEAD, HEAD + b"H99.1-261120-0001,4,"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(STARTS), st.binary())
@example(HEAD, b'H99.1-261120-0001,4,"27/11/2026')
@example(HEAD, b"H99.1-261120-0001,4,99/99/9999\n\0\xed\xa0\x80,\xc2\xb2,1/1/0001")
@example(HEAD, b"H99.1-261120-0001,4,0001-01-01T00:00+14:00")
def test_no_bytes_are_an_exception(tmp_path, start, rest):
    """Whatever a file holds, reading it gives dossiers and refusals and never fails."""
    (tmp_path / "any.csv").write_bytes(start + rest)
    assert all(isinstance(one, Dossier | Refusal) for one in read_dossiers(tmp_path / "any.csv", PLACES))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=12), min_size=len(HEADERS), max_size=len(HEADERS)), st.sampled_from(HEADERS))
def test_no_text_in_a_cell_is_an_exception(imported, cells, column):
    """Whatever stands in the cells, a row is a dossier or refused."""
    safe = [cell.encode("utf-8", "replace").decode() for cell in cells]
    found = imported(dict(zip(HEADERS, safe, strict=True)), {column: safe[0]}, villages=PLACES)
    assert all(isinstance(one, Dossier | Refusal) for one in found)
