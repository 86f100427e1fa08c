"""Tables as offices send them: every encoding, separator and kind of workbook, or a refusal that says what to do."""

import subprocess
import sys
import unicodedata
from datetime import date, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import tables
from bot.tables import Unreadable, read

KNOWN = ("Mã hồ sơ", "Trạng thái", "Người nộp")
TEXT = "Mã hồ sơ;Người nộp;Trạng thái\nA1;Nguyễn Thị Thuý;Đang xử lý\nA2;Lường Đức Ấm;4\n"
ROWS = [
    (2, {"Mã hồ sơ": "A1", "Người nộp": "Nguyễn Thị Thuý", "Trạng thái": "Đang xử lý"}),
    (3, {"Mã hồ sơ": "A2", "Người nộp": "Lường Đức Ấm", "Trạng thái": "4"}),
]


@pytest.fixture
def rows(tmp_path):
    """Reads bytes as a file."""

    def read_bytes(content: bytes, name: str = "file.csv") -> list:
        path = tmp_path / name
        path.write_bytes(content)
        return list(read(path, KNOWN, KNOWN[:1]))

    return read_bytes


def cp1258(text: str) -> bytes:
    """Windows-1258 as Windows writes it: letters with their hat, tones as marks of their own."""
    out = []
    for letter in unicodedata.normalize("NFC", text):
        try:
            out.append(letter.encode("cp1258"))
        except UnicodeEncodeError:
            *_, tone = marks = unicodedata.normalize("NFD", letter)
            if len(marks) == 3 and unicodedata.combining(marks[1]) == 220:  # dot below comes first in NFD
                marks = marks[0] + marks[2] + marks[1]
                tone = marks[-1]
            out.append(unicodedata.normalize("NFC", marks[:-1]).encode("cp1258") + tone.encode("cp1258"))
    return b"".join(out)


@pytest.mark.parametrize("content", [
    TEXT.encode(), TEXT.encode("utf-8-sig"), TEXT.encode("utf-16"), b"\xfe\xff" + TEXT.encode("utf-16-be"),
    cp1258(TEXT), unicodedata.normalize("NFD", TEXT).encode(), TEXT.replace("\n", "\r\n").encode(),
    TEXT.replace("\n", "\r").encode(), TEXT.replace(";", ",").encode(), TEXT.replace(";", "\t").encode(),
    TEXT.upper().replace("A1;NGUYỄN THỊ THUÝ;ĐANG XỬ LÝ", "A1;Nguyễn Thị Thuý;Đang xử lý")
    .replace("LƯỜNG ĐỨC ẤM", "Lường Đức Ấm").encode(),
    TEXT.replace("Mã hồ sơ", '"ma ho so (*)"').replace("Đang xử lý", '"Đang xử lý"').encode(),
])
def test_csv_as_offices_export_it(rows, content):
    """Encodings, separators, line ends, marks and case make no difference to what is read."""
    assert rows(content) == ROWS


def test_titles_above_and_other_columns(rows):
    """Titles above the header, unknown columns, empty rows and a repeated header are passed over; numbers stay."""
    text = "sep=;\nUBND xã Suối Lành;;;\n;;;\nSTT;MÃ HỒ SƠ;Lạ;Trạng thái\n1;A1;x;4\n;;;\n"
    text += "STT;Mã hồ sơ (trang 2);Lạ;Trạng thái\n2;A2"
    assert rows(text.encode()) == [
        (5, {"Mã hồ sơ": "A1", "Trạng thái": "4"}), (8, {"Mã hồ sơ": "A2", "Trạng thái": ""})]


def test_quoted_cells(rows):
    """A quoted cell may hold separators, quotes and line breaks; a stray quote spoils its own line only."""
    long = "x" * 140_000
    text = f'Mã hồ sơ,Người nộp\nA1,"Nguyễn ""Ba"", thợ\nmộc"\nA2,Ống 5" nước\nA3,"{long}"\nA4,"hở\nA5,x\n'
    names = ['Nguyễn "Ba", thợ\nmộc', 'Ống 5" nước', long, "hở", "x"]
    assert rows(text.encode()) == [
        (line, {"Mã hồ sơ": f"A{line - 1}", "Người nộp": name}) for line, name in enumerate(names, start=2)]


def test_one_damaged_letter_leaves_the_others(rows):
    """A file of UTF-8 with one broken byte is still read as UTF-8."""
    content = TEXT.replace("A2", "A�").encode().replace("�".encode(), b"\xc3")
    assert [line for line, _ in rows(content)] == [2, 3]
    assert rows(content)[0] == ROWS[0]
    assert rows(content)[1][1]["Mã hồ sơ"] == "A\ufffd"


def workbook(path: Path, *sheets: list, hidden: int | None = None, **options) -> Path:
    with xlsxwriter.Workbook(path, options) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        for i, content in enumerate(sheets):
            sheet = book.add_worksheet()
            if i == hidden:
                sheet.hide()
            for r, line in enumerate(content):
                for c, value in enumerate(line):
                    if isinstance(value, date):
                        sheet.write_datetime(r, c, value, day)
                    else:
                        sheet.write(r, c, value)
            if i == 1:
                sheet.activate()
    return path


def test_xlsx_finds_its_sheet_and_header(tmp_path):
    """The sheet with the header is found behind others, below its titles; dates and numbers keep their kind."""
    path = workbook(
        tmp_path / "file.csv", [["Hướng dẫn"], ["Xin đọc"]],
        [[], ["UBND xã Suối Lành"], [], ["STT", "Mã hồ sơ", "TRẠNG THÁI", "Người nộp"],
         [1, "A1", 4, datetime(2026, 11, 27, 16, 30)], [], [2, "A2", True, unicodedata.normalize("NFD", "Ấm ")]],
    )  # fmt: skip
    assert list(read(path, KNOWN, KNOWN[:1])) == [
        (5, {"Mã hồ sơ": "A1", "Trạng thái": 4.0, "Người nộp": datetime(2026, 11, 27, 16, 30)}),
        (7, {"Mã hồ sơ": "A2", "Trạng thái": "True", "Người nộp": "Ấm"}),
    ]


def refused(tmp_path: Path, content: bytes, name: str = "file.xlsx") -> str:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Unreadable) as caught:
        list(read(path, KNOWN, KNOWN[:2]))
    return str(caught.value)


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.mark.parametrize(("content", "told"), [
    (b"", "Tệp trống."), (b"\n \r\n", "Tệp trống."), ("\ufeff".encode(), "Tệp trống."), (b";;\n;;\n", "Tệp trống."),
    (b"\x89PNG\r\n\x1a\n" + bytes(50), "Đây là tệp ảnh"), (b"\xff\xd8\xff\xe0" + bytes(50), "Đây là tệp ảnh"),
    (b"%PDF-1.7", "Đây là tệp PDF"), (OLE, "Tệp Excel đời cũ (.xls)"),
    (OLE + bytes(5000) + "EncryptedPackage".encode("utf-16-le"), "Tệp có mật khẩu"),
    (b"<html><table></table>", "Đây là trang web"), (bytes(range(256)) * 4 + bytes(100), "không phải bảng"),
    (b"PK\x03\x04" + bytes(100), "Tệp Excel bị hỏng"), ("Tên,Tuổi\nA,3\n".encode(), "Không thấy dòng tiêu đề"),
    ("Mã hồ sơ,Người nộp\nA,3\n".encode(), "Tệp thiếu cột: Trạng thái."),
])
def test_what_cannot_be_read_is_refused(tmp_path, content, told):
    """A picture, a locked or old workbook, a web page or an empty file is refused with a sentence that says why."""
    assert told in refused(tmp_path, content)


def test_other_refusals(tmp_path, monkeypatch):
    """No file, another Office document, a folder, an empty workbook and one that is too large are refused."""
    with pytest.raises(Unreadable, match="Không mở được tệp"):
        list(read(tmp_path / "none.csv", KNOWN))
    with ZipFile(tmp_path / "letter.docx", "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    assert "không phải bảng tính" in refused(tmp_path, (tmp_path / "letter.docx").read_bytes())
    assert refused(tmp_path, workbook(tmp_path / "empty.xlsx", [[]]).read_bytes()) == "Tệp trống."
    monkeypatch.setattr(tables, "BYTES", 10)
    assert "lớn hơn" in refused(tmp_path, TEXT.encode())


def test_a_stray_cell_does_not_take_all_memory(tmp_path):
    """A cell in the last row and column is refused before a rectangle of 17 thousand million cells is made."""
    with xlsxwriter.Workbook(tmp_path / "far.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "Mã hồ sơ")
        sheet.write(1_048_575, 16_383, "x")
    assert "Bảng tính quá lớn" in refused(tmp_path, (tmp_path / "far.xlsx").read_bytes())


cells = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters='"'), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(KNOWN), st.sampled_from(",;\t|"), st.lists(st.tuples(*[cells] * 3), max_size=6), st.data())
def test_any_order_of_columns(tmp_path, order, delimiter, records, data):
    """Columns in any order, headers in any case, quoted cells with anything in them come out under their header."""
    names = [data.draw(st.sampled_from([name, name.upper(), name.lower()])) for name in order]
    lines = [delimiter.join(f'"{cell}"' for cell in record) for record in (names, *records)]
    path = tmp_path / "file.csv"
    path.write_text("\n".join(lines), encoding="utf-8", newline="")
    expected = [dict(zip(order, (tables._mended(cell).strip() for cell in record), strict=True)) for record in records]
    expected = [row for row in expected if any(row.values())]
    assert [row for _, row in read(path, KNOWN, KNOWN[:1])] == expected


def test_memory_stays_small(tmp_path):
    """Reading 30,000 rows of CSV and of XLSX stays far under 300 MB in a process of its own."""
    lines = [["Mã hồ sơ", "Trạng thái", "Người nộp"], *([f"A{i}", 4, f"Nguyễn Văn {i}"] for i in range(30_000))]
    (tmp_path / "a.csv").write_text("\n".join(",".join(map(str, line)) for line in lines), encoding="utf-8")
    workbook(tmp_path / "a.xlsx", lines)
    script = (
        "import sys; from pathlib import Path; from bot.tables import read\n"
        "n = [sum(1 for _ in read(Path(p), ['Mã hồ sơ', 'Trạng thái'], ['Mã hồ sơ'])) for p in sys.argv[1:]]\n"
        "status = dict(line.split(':', 1) for line in Path('/proc/self/status').read_text().splitlines())\n"
        "print(n, status['VmHWM'].split()[0])"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "a.csv"), str(tmp_path / "a.xlsx")]
    counts, kilobytes = subprocess.run(command, capture_output=True, text=True, check=True).stdout.rsplit(" ", 1)
    assert counts == "[30000, 30000]"
    assert int(kilobytes) < 150_000
