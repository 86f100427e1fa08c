"""Reads the tables offices really send: CSV in four encodings and three separators, and Excel's XLSX.

Rows come one at a time as (row number as Excel shows it, {header: cell}), so that 100,000 rows never stand in memory
as Python values (measured in tests/bot/test_tables.py; python-calamine keeps a sheet in Rust, about 90 MB for 100,000
rows of 12 columns, and lets other threads run while it parses). The header row is searched, since offices put merged
titles above it. What cannot be read is refused with a Vietnamese sentence that says what to do instead.
"""

import codecs
import csv
import re
import unicodedata
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from messages.fold import fold, nfc

Cell = str | float | date | datetime
Row = tuple[int, dict[str, Cell]]

BYTES = 200_000_000
UNZIPPED_BYTES = 600_000_000
CELLS = 20_000_000
"""What one file may hold: a stray cell in the last row and column of a sheet would otherwise take all memory."""

SEARCHED = 40
"""Rows in which the header is looked for."""

QUOTED_LINES = 50
"""Lines one quoted cell may span; a quote that is still open then was never meant as one."""

HEADERS_SHOWN = 15
"""Headers of the file that are told when it has not those it needs."""

SAVE_AS = "Xin mở bằng Excel rồi lưu thành .xlsx hoặc CSV UTF-8."


class Unreadable(Exception):
    """The file as a whole cannot be read; the text is a Vietnamese sentence for the clerk."""


def read(path: Path, known: Collection[str], required: Collection[str] = ()) -> Iterator[Row]:
    """The rows below the header, with the cells of the `known` columns; empty rows and other columns are left out.

    `known` and `required` are headers as people write them; case, accents and what stands in brackets do not matter.
    Raises Unreadable before the first row, never later.
    """
    try:
        kind = _kind(path)
    except OSError as error:
        raise Unreadable(f"Không mở được tệp {path.name}.") from error
    tables = _sheets(path) if kind == "xlsx" else iter([_csv(path, {_plain(name) for name in known})])
    problem: Unreadable | None = None
    for table in tables:
        try:
            columns, below = _header(table, known, required)
        except Unreadable as error:
            problem = problem or error
            continue
        yield from _rows(below, columns)
        return
    raise problem or Unreadable(f"Tệp không có trang tính nào. {SAVE_AS}")


# What kind of file it is ----------------------------------------------------------------------------------------------

_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"RIFF")
_OLE = b"\xd0\xcf\x11\xe0"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _kind(path: Path) -> str:
    """"xlsx" or "csv", by content, since the name's ending is often wrong. Raises Unreadable for all else."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(4096)
        if start.startswith(_OLE):
            # An encrypted workbook is an OLE file too, and its directory may stand anywhere.
            locked = "EncryptedPackage".encode("utf-16-le") in start + file.read(BYTES)
            raise Unreadable(
                "Tệp có mật khẩu. Xin bỏ mật khẩu rồi gửi lại." if locked else f"Tệp Excel đời cũ (.xls). {SAVE_AS}"
            )
    if not start.strip(b"\0\t\r\n \xef\xbb\xbf\xff\xfe"):
        raise Unreadable("Tệp trống.")
    if size > BYTES:
        raise Unreadable(f"Tệp lớn hơn {BYTES // 1_000_000} MB. Xin chia thành nhiều tệp.")
    if start.startswith(b"PK\x03\x04"):
        return "xlsx"
    if start.startswith(b"%PDF"):
        raise Unreadable("Đây là tệp PDF, không phải bảng. Xin xuất lại bằng .xlsx hoặc CSV.")
    if start.startswith(_PICTURES) and not start.isascii():
        raise Unreadable("Đây là tệp ảnh, không phải bảng. Xin xuất lại bằng .xlsx hoặc CSV.")
    if re.match(rb"\s*(\xef\xbb\xbf)?\s*<(!doctype|html|\?xml|table|meta|style)", start, re.IGNORECASE):
        raise Unreadable(f"Đây là trang web được đặt tên như tệp Excel. {SAVE_AS}")
    if not start.startswith(_UTF16) and start.count(0) > len(start) // 50:
        raise Unreadable("Tệp này không phải bảng. Xin xuất lại bằng .xlsx hoặc CSV.")
    return "csv"


# The header -----------------------------------------------------------------------------------------------------------


def _plain(header: object) -> str:
    """A header as compared: folded, without remarks in brackets and stars."""
    return fold(re.sub(r"\([^)]*\)|\[[^]]*\]", " ", str(header)))


def _header(
    rows: Iterator[tuple[int, list[Cell]]], known: Collection[str], required: Collection[str]
) -> tuple[dict[str, int], Iterator[tuple[int, list[Cell]]]]:
    """Where each known column stands, and the rows below. Raises Unreadable when the required ones are missing."""
    names = {_plain(name): name for name in known}
    best: dict[str, int] = {}
    above: dict[str, int] = {}
    seen: tuple[int, list[str]] = (0, [])
    for line, cells in islice(rows, SEARCHED):
        words = [" ".join(str(cell).split()) for cell in cells if _plain(cell)]
        columns: dict[str, int] = {}
        for column, cell in enumerate(cells):
            name = names.get(_plain(cell)) if isinstance(cell, str) and cell else None
            if name is not None:
                columns.setdefault(name, column)
        for header in (columns, columns and above | columns):  # of two rows, when cells are merged over both
            if header and header.keys() >= set(required):
                return header, rows
        above = columns
        if (len(columns), len(words)) > (len(best), len(seen[1])):
            best, seen = columns, (line, words)
    if not seen[1]:
        raise Unreadable("Tệp trống.")
    missing = ", ".join(name for name in required if name not in best)
    if len(best) > 1:
        raise Unreadable(f"Tệp thiếu cột: {missing}. {_found(*seen)}")
    needed = ", ".join(required or known)
    raise Unreadable(f"Không thấy dòng tiêu đề. Tệp cần có các cột: {needed}. {_found(*seen)}")


def _found(line: int, words: list[str]) -> str:
    """What stands where the header should be, so that the clerk sees which export he has sent."""
    short = [word if len(word) <= 30 else word[:29] + "…" for word in words[:HEADERS_SHOWN]]
    more = ", …" if len(words) > HEADERS_SHOWN else ""
    return f"Dòng {line} của tệp đang ghi: {', '.join(short)}{more}."


def _rows(below: Iterator[tuple[int, list[Cell]]], columns: dict[str, int]) -> Iterator[Row]:
    titles = {name: _plain(name) for name in columns}
    for line, cells in below:
        row = {name: cells[column] if column < len(cells) else "" for name, column in columns.items()}
        if all(cell == "" for cell in row.values()):
            continue
        # A printed list repeats its header on each page.
        written = all(isinstance(cell, str) for cell in row.values())
        if written and all(_plain(cell) == titles[name] for name, cell in row.items()):
            continue
        yield line, row


# Text -----------------------------------------------------------------------------------------------------------------

# Without any of these a composed text is what `nfc` would make of it: the search is ten times faster.
_ODD = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u00d0\u0300-\u036f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)


def _mended(text: str) -> str:
    return nfc(text) if _ODD.search(text) or not unicodedata.is_normalized("NFC", text) else text


# CSV ------------------------------------------------------------------------------------------------------------------


def _csv(path: Path, known: Collection[str]) -> Iterator[tuple[int, list[Cell]]]:
    lines = _lines(path, _encoding(path))
    head = list(islice(lines, SEARCHED * 2))

    def headers(delimiter: str) -> int:
        rows = islice(_records(iter(head), delimiter), SEARCHED)
        return max((sum(_plain(cell) in known for cell in row) for row in rows), default=0)

    delimiter = max(",;\t|", key=headers)
    for line, record in enumerate(_records(chain(head, lines), delimiter), start=1):
        yield line, [*record]


def _encoding(path: Path) -> str:
    """UTF-16 by its mark; UTF-8 when that fits, up to a few damaged letters; else Windows-1258.

    In Windows-1258 text nearly no letter with marks is valid UTF-8, so counting tells the two apart even in a file
    whose one row was damaged by hand.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    good = bad = 0
    with path.open("rb") as file:
        if file.read(2) in _UTF16:
            return "utf-16"
        file.seek(0)
        while chunk := file.read(1 << 20):
            text = decoder.decode(chunk)
            bad += text.count("\ufffd")
            good += len(chunk) - len(text)  # a letter with marks takes two or three bytes
    return "cp1258" if bad * 10 > good else "utf-8-sig"


def _lines(path: Path, encoding: str) -> Iterator[str]:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        while line := file.readline(1_000_000):
            yield _mended(line)


def _records(lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    """The records of a CSV file; a quote that is opened and never closed spoils its own line only."""
    waiting: deque[str] = deque()
    while True:
        line = waiting.popleft() if waiting else next(lines, None)
        if line is None:
            return
        if '"' not in line:
            yield [cell.strip() for cell in line.rstrip("\r\n").split(delimiter)]
            continue
        waiting.extend(islice(lines, max(0, QUOTED_LINES - len(waiting))))
        record, used = _quoted(line, waiting, delimiter)
        for _ in range(used):
            waiting.popleft()
        yield [cell.strip() for cell in record]


_END = "\ue000end"


def _quoted(line: str, more: Iterable[str], delimiter: str) -> tuple[list[str], int]:
    """The record that begins with `line`, and how many further lines it took."""
    taken = -1

    def feed() -> Iterator[str]:
        nonlocal taken
        for part in chain([line], more):
            taken += 1
            yield part
        yield _END

    try:
        record = next(csv.reader(feed(), delimiter=delimiter))
    except csv.Error:
        record = [_END]
    if any(_END in cell for cell in record):
        return line.rstrip("\r\n").replace('"', "").split(delimiter), 0
    return record, taken


# XLSX -----------------------------------------------------------------------------------------------------------------


def _sheets(path: Path) -> Iterator[Iterator[tuple[int, list[Cell]]]]:
    """The tables of a workbook, visible sheets first. Raises Unreadable for anything that is no sound workbook."""
    try:
        _small_enough(path)
        with path.open("rb") as file:
            workbook = CalamineWorkbook.from_filelike(file)
        sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        sheets.sort(key=lambda sheet: sheet.visible != SheetVisibleEnum.Visible)
        for sheet in sheets[:50]:
            yield _cells(workbook.get_sheet_by_name(sheet.name))
    except (Unreadable, GeneratorExit, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic inside calamine is no Exception
        raise Unreadable(f"Tệp Excel bị hỏng. {SAVE_AS}") from error


def _cells(sheet: CalamineSheet) -> Iterator[tuple[int, list[Cell]]]:
    for line, cells in enumerate(sheet.iter_rows(), start=1):
        yield line, [_cell(cell) for cell in cells]


def _cell(value: object) -> Cell:
    if isinstance(value, str):
        return _mended(value).strip()
    return value if isinstance(value, (float, date)) else str(value)


# A pattern that begins with fixed letters is found several times as fast.
_ROW = re.compile(rb'<row [^>]*?\br="(\d+)"')
_FAR_COLUMN = re.compile(rb'r="(?<=\br=")([A-Z]{2,3})\d')
_FAR_ROW = re.compile(rb'r="(?<=\br=")[A-Z]{1,3}(\d{6,7})"')
_EMPTY_FORMULA = re.compile(rb"<f(?: [^>]*)?(?:/>|>[^<]*</f>)\s*(?:<v ?/>|<v></v>)?\s*</c>")
_MODIFIED = re.compile(rb"<dcterms:modified[^>]*>\s*(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\s*<")


def modified(path: Path) -> datetime | None:
    """When a workbook says it was saved last; None for any other file."""
    try:
        with ZipFile(path) as archive, archive.open("docProps/core.xml") as file:
            found = _MODIFIED.search(file.read(65_536))
        return datetime.fromisoformat(found[1].decode()) if found else None
    except (BadZipFile, KeyError, ValueError, OSError, NotImplementedError, RuntimeError):
        return None


def _small_enough(path: Path) -> None:
    """Look before calamine makes a rectangle of all cells: raises Unreadable when that would take too much memory."""
    with ZipFile(path) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            raise Unreadable(f"Tệp này không phải bảng tính Excel. {SAVE_AS}")
        too_big = sum(entry.file_size for entry in archive.infolist()) > UNZIPPED_BYTES
        sheets = [name for name in archive.namelist() if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name)]
        if too_big or any(_area(archive, name) > CELLS for name in sheets):
            raise Unreadable("Bảng tính quá lớn. Xin xóa dòng, cột trống ở cuối hoặc chia thành nhiều tệp.")


def _area(archive: ZipFile, name: str) -> int:
    rows, width, rest = 0, 26, b""
    with archive.open(name) as file:
        while chunk := file.read(1 << 20):
            text = rest + chunk
            _refuse_empty_formulas(text)
            found = chain(_ROW.findall(text), _FAR_ROW.findall(text))
            rows = max(rows, max(map(int, found), default=0))
            width = max(width, max(map(_column, set(_FAR_COLUMN.findall(text))), default=0))
            rest = text[-1000:]
    return rows * width


def _refuse_empty_formulas(text: bytes) -> None:
    """A formula whose result was never stored would read as an empty cell, and a date would be lost unseen."""
    for found in _EMPTY_FORMULA.finditer(text) if b"<f" in text else ():
        cell = text[text.rfind(b"<c ", 0, found.start()) : found.start()]
        name = re.search(rb'\br="([A-Z]{1,3}\d{1,7})"', cell)
        if name and b't="str"' not in cell:  # whose result is the empty text
            raise Unreadable(
                f"Ô {name[1].decode()} có công thức chưa có kết quả. Xin mở tệp bằng Excel, bấm Lưu, rồi gửi lại."
            )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
