"""`python -m bot understand`: without settings, commune or database; a commune's phrases and what is wrong in them."""

import csv
from pathlib import Path

import pytest
import xlsxwriter

from bot import __main__ as cli
from bot import phrases
from bot.control import DONE, FAILED
from messages.understanding.understand import understand

HEADER = ("Việc", "Cụm từ", "Mức", "Trừ khi", "Nói về")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DATA_DIR in which nothing stands."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def write(folder: Path, *rows: tuple[str, ...], delimiter: str = ";", encoding: str = "utf-8-sig") -> None:
    folder.mkdir(exist_ok=True)
    with (folder / "phrases.csv").open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([HEADER, *rows])


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("hs xong chua", ["lookup", "Trợ lý làm ngay: tra cứu hồ sơ.", "hs là hồ sơ"]),
        ("toi muon khieu nai", ["complaint", "hỏi lại cho chắc", "dòng"]),
        ("to cao", ["accusation", "hỏi lại cho chắc", "chỉ người được giao mới đọc"]),
        ("mất bao lâu thế", ["unclear", "hỏi lại, đưa nút bấm: hỏi thủ tục, tra cứu hồ sơ"]),
        ("qwrtz", ["unclear", "chưa hiểu"]),
        ("", ["unclear", "chưa hiểu"]),
        ("cháy nhà rồi", ["emergency", "kêu cứu"]),
        ("đăng ký lại khai sinh ở đâu, t7 làm k", ["procedure", "Việc khác", "Nói về: đăng ký lại khai sinh."]),
        ("hoof sow xong chuwa", ["lookup", "Telex: hoof là hồ"]),
    ],
)
def test_the_first_line_is_the_intent_and_then_why(
    folder: Path, capfd: pytest.CaptureFixture[str], text: str, lines: list[str]
) -> None:
    """The name alone, then in Vietnamese what is done, what matched, how words were read; nothing is made on disk."""
    assert cli.main(["understand", text]) == DONE
    said = capfd.readouterr().out.splitlines()
    assert said[0] == lines[0]
    for fragment in lines[1:]:
        assert any(fragment in line for line in said[1:]), (fragment, said)
    assert not folder.exists()


def test_words_need_no_quotes(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Several words of the command line are one message."""
    cli.main(["understand", "xin", "pass", "wifi"])
    assert capfd.readouterr().out.startswith("wifi\n")


def test_without_a_file_there_is_nothing_to_check(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """No file is no fault."""
    assert cli.main(["understand", "--check"]) == DONE
    assert "0 dòng dùng được, 0 điều nên xem" in capfd.readouterr().out


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8-sig"), (",", "utf-8"), ("\t", "utf-16")])
def test_the_file_is_read_as_excel_and_notepad_write_it(
    folder: Path, capfd: pytest.CaptureFixture[str], delimiter: str, encoding: str
) -> None:
    """Semicolons, commas or tabs; UTF-8 with or without mark, UTF-16; and the answer names the commune's table."""
    write(folder, ("giờ làm việc", "phiên chợ mở", "chắc", "", ""), delimiter=delimiter, encoding=encoding)
    assert cli.main(["understand", "--check"]) == DONE
    assert cli.main(["understand", "hom nao phien cho mo"]) == DONE
    said = capfd.readouterr().out
    assert "1 dòng dùng được, 0 điều nên xem" in said
    assert "hours\n" in said
    assert "bảng của xã, dòng 2" in said


def test_the_file_may_be_a_workbook(folder: Path) -> None:
    """phrases.xlsx as Excel writes it, with only the columns that are needed."""
    folder.mkdir()
    with xlsxwriter.Workbook(folder / "phrases.xlsx") as book:
        sheet = book.add_worksheet()
        for line, cells in enumerate([("Cụm từ", "Việc"), ("chợ phiên Suối Lành", "thông báo thôn")]):
            sheet.write_row(line, 0, cells)
    table, problems = phrases.load(folder)
    assert problems == []
    assert understand("cho phien suoi lanh bao gio", table).intent == "notices"


def test_what_is_wrong_is_told_and_the_good_lines_count(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Each bad line by its number in Vietnamese, exit code 1; the good line is understood all the same."""
    write(
        folder,
        ("bán hàng", "mua cây con", "", "", ""),
        ("giờ làm việc", "của tôi", "", "", ""),
        ("giờ làm việc", "phiên chợ mở", "chắc", "", ""),
        ("giờ làm việc", "phiên chợ mở", "chắc", "", ""),
        ("phản ánh", "tôi muốn khiếu nại", "chắc", "", ""),
        ("phản ánh", "can bo nhan tien", "chắc", "", ""),
        ("địa chỉ", "mấy giờ mở cửa", "chắc", "", ""),
    )
    assert cli.main(["understand", "--check"]) == FAILED
    said = capfd.readouterr().out
    for line in ("Dòng 2: không có việc", "Dòng 3: ", "Dòng 5: ", "Dòng 6: ", "Dòng 7: ", "Dòng 8: "):
        assert line in said
    assert "đang được hiểu là “khiếu nại”, nên không dùng dòng này" in said
    assert "đang được hiểu là “giờ làm việc”, nên trợ lý có thể hỏi lại" in said
    table, _problems = phrases.load(folder)
    assert understand("phiên chợ mở", table).intent == "hours"
    assert understand("tôi muốn khiếu nại", table).intent == "complaint"
    assert understand("mấy giờ mở cửa", table).act == "ask"
    cli.main(["check"])
    assert "Cụm từ của xã, dòng 2: không có việc" in capfd.readouterr().out


def test_a_file_that_cannot_be_read_leaves_the_built_in_table(folder: Path) -> None:
    """A picture under that name, or columns that are not there, are one problem and no harm."""
    folder.mkdir()
    (folder / "phrases.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\xff" * 100)
    table, problems = phrases.load(folder)
    assert len(problems) == 1
    assert understand("mấy giờ mở cửa", table).intent == "hours"
    (folder / "phrases.csv").write_text("a;b\n1;2\n", "utf-8")
    assert len(phrases.load(folder)[1]) == 1
