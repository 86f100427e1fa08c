"""The list of dossiers as the one-stop system exports it: each row becomes a Dossier or a Refusal in Vietnamese.

A row is refused when the code, the status or a date cannot be trusted, since a wrong answer to a villager is worse than
none. A phone that cannot be read drops only the phone: the dossier stays findable by its code, and the report says so
(`Refusal.kept`). The same holds for a thôn nobody knows, since dossiers are taken from the whole province (NĐ 118/2025,
Điều 14); an ambiguous thôn is refused with the candidates (L09).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

from bot.commune import Ambiguous, Village, Villages
from bot.questions import phone_number
from bot.settings import ZONE
from bot.tables import Cell, Row, Unreadable, read
from messages import codes
from messages.statuses import END_OF_DAY, START_OF_DAY, status_id

CODE, STATUS = "Mã hồ sơ", "Trạng thái"
PROCEDURE_CODE, PROCEDURE = "Mã thủ tục", "Tên thủ tục"
APPLICANT, PHONE = "Người nộp", "Số điện thoại"
RECEIVED, DUE = "Ngày tiếp nhận", "Ngày hẹn trả"
VILLAGE, OFFICER, PLACE, NOTE = "Thôn", "Cán bộ", "Nơi trả", "Ghi chú"
HEADERS = (CODE, PROCEDURE_CODE, PROCEDURE, APPLICANT, PHONE, RECEIVED, DUE, STATUS, VILLAGE, OFFICER, PLACE, NOTE)
REQUIRED = (CODE, STATUS)
DATES = frozenset({RECEIVED, DUE})

LONGEST = 2000
"""Characters in one cell; more is a paste gone wrong."""


class Dossier(NamedTuple):
    """One row. `phone` is +84…; a date without an hour is 00:00 (received) or 23:59:59 (due) in Vietnamese time."""

    line: int
    code: str
    code_key: str
    procedure_code: str
    procedure_name: str
    applicant: str
    phone: str | None
    received_at: datetime | None
    due_at: datetime | None
    status: int
    village: str
    officer: str
    place: str
    note: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """What could not be taken, and why. Line 0 is the file as a whole; `kept`: the row counts all the same."""

    line: int
    column: str
    reason: str
    kept: bool = False

    def __str__(self) -> str:
        where = f"dòng {self.line}, cột {self.column}: " if self.line else ""
        return where + self.reason


class _Refused(Exception):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason


def read_dossiers(path: Path, villages: Villages | None = None) -> Iterator[Dossier | Refusal]:
    """The rows of a dossier file in its order, one at a time. Without `villages` a thôn is taken as written.

    A file that cannot be read at all gives one Refusal with line 0; nothing in a file raises an exception.
    """
    try:
        yield from read_rows(read(path, HEADERS, REQUIRED), villages)
    except Unreadable as why:
        yield Refusal(0, "", str(why))


def read_rows(rows: Iterable[Row], villages: Villages | None = None) -> Iterator[Dossier | Refusal]:
    """The same for rows that are no file: (number, {header: cell})."""
    first_line: dict[str, int] = {}
    village_of = lru_cache(partial(_village, villages))
    for line, cells in rows:
        yield from _row(line, cells, village_of, first_line)


def _row(
    line: int,
    cells: dict[str, Cell],
    village_of: Callable[[str], tuple[str, bool]],
    first_line: dict[str, int],
) -> Iterator[Dossier | Refusal]:
    try:
        words = {
            name: _words(name, cell)
            for name in HEADERS
            if isinstance(cell := cells.get(name, ""), str) or name not in DATES
        }
        code = _code(words[CODE])
        key = codes.key(code)
        if key in first_line:
            raise _Refused(CODE, f"Mã {code} đã có ở dòng {first_line[key]}.")
        status = _status(words[STATUS])
        received, due = _dates(cells)
        village, unknown = village_of(words[VILLAGE])
        phone = _phone(words[PHONE])
    except _Refused as why:
        yield Refusal(line, why.column, why.reason)
        return
    first_line[key] = line
    if words[PHONE] and phone is None:
        yield Refusal(line, PHONE, f"Số điện thoại {_quoted(words[PHONE])} không đọc được; hồ sơ vẫn nhận.", kept=True)
    if unknown:
        yield Refusal(line, VILLAGE, f"Không có thôn {_quoted(village)} trong danh sách; hồ sơ vẫn nhận.", kept=True)
    yield Dossier(
        line, code, key, _procedure_code(words[PROCEDURE_CODE]), words[PROCEDURE], words[APPLICANT], phone,
        received, due, status, village, words[OFFICER], words[PLACE], words[NOTE],
    )  # fmt: skip


def _words(column: str, cell: Cell) -> str:
    """The cell as one line of text; Excel's whole numbers without ".0"."""
    if isinstance(cell, str):
        if len(cell) > LONGEST:
            raise _Refused(column, f"Ô dài hơn {LONGEST} ký tự.")
        if "\ufffd" in cell:
            raise _Refused(column, "Chữ trong ô bị hỏng. Xin gõ lại ô này.")
        return " ".join(cell.split())
    if isinstance(cell, datetime):
        return f"{cell:%d/%m/%Y %H:%M}"
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    return str(int(cell)) if cell.is_integer() else str(cell)


def _quoted(text: str) -> str:
    return f"“{text if len(text) <= 40 else text[:39] + '…'}”"


def _code(text: str) -> str:
    if not text:
        raise _Refused(CODE, "Thiếu mã hồ sơ.")
    code = codes.canonical(text)
    if code is None:
        raise _Refused(CODE, f"{_quoted(text)} không phải mã hồ sơ.")
    return code


@lru_cache
def _status(text: str) -> int:
    if not text:
        raise _Refused(STATUS, "Thiếu trạng thái.")
    status = status_id(text)
    if status is None:
        raise _Refused(STATUS, f"Trạng thái {_quoted(text)} không có trong bảng từ 1 đến 10.")
    return status


@lru_cache
def _procedure_code(text: str) -> str:
    """Excel takes 2.000950 for a number and drops its last zeros; a procedure code has six digits after the dot."""
    number = re.fullmatch(r"(\d)[.,](\d{1,6})", text)
    return f"{number[1]}.{number[2]:0<6}" if number else text


_PHONES = re.compile(r"[/;,]| - |hoặc")
_GAPS = re.compile(r"[\s.]")
_USUAL = re.compile(r"'?(?:\+?84|0)?([35789]\d{8})")


def _phone(text: str) -> str | None:
    """The first number that can be read; nine digits lost their zero when Excel took them for a number."""
    # Asking phonenumbers takes as long as all else in a row; the usual shape needs no asking.
    if usual := _USUAL.fullmatch(text):
        return "+84" + usual[1]
    for part in (text, *_PHONES.split(text)) if text else ():
        usual = _USUAL.fullmatch(_GAPS.sub("", part))
        number = "+84" + usual[1] if usual else phone_number(part) if part else None
        if number:
            return number
    return None


def _village(villages: Villages | None, text: str) -> tuple[str, bool]:
    """The thôn's own label and False; or the words as written, and whether they name no thôn of the list."""
    if villages is None or not text:
        return text, False
    found = villages.resolve(text)
    if isinstance(found, Ambiguous):
        labels = ", ".join(village.label for village in found.villages)
        raise _Refused(VILLAGE, f"Có nhiều thôn tên {_quoted(text)}: {labels}. Xin ghi rõ.")
    return (found.label, False) if isinstance(found, Village) else (text, True)


# Dates ----------------------------------------------------------------------------------------------------------------

_DAY = r"(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})[/.-](?P<year>\d{4})"
_HOUR = r"(?P<hour>\d{1,2})\s*(?::|h|g|giờ)\s*(?P<minute>\d{1,2})?(?::\d{1,2}(?:\.\d+)?)?\s*(?P<half>[AaPp][Mm]|SA|CH)?"
_WRITTEN = (
    re.compile(rf"{_DAY}(?:[\s,T]+{_HOUR})?"),
    re.compile(rf"{_HOUR}[\s,]*(?:ngày\s*)?{_DAY}"),
)
_EXCEL_DAY_0 = datetime(1899, 12, 30, tzinfo=ZONE)


def _dates(cells: dict[str, Cell]) -> tuple[datetime | None, datetime | None]:
    received = _moment(RECEIVED, cells.get(RECEIVED, ""), START_OF_DAY)
    due = _moment(DUE, cells.get(DUE, ""), END_OF_DAY)
    if received and due and due < received:
        raise _Refused(DUE, f"Ngày hẹn trả {due:%d/%m/%Y} trước ngày tiếp nhận {received:%d/%m/%Y}.")
    return received, due


def _moment(column: str, cell: Cell, without_hour: time) -> datetime | None:
    if cell == "":
        return None
    try:
        moment = _read_moment(cell)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or not 2000 <= moment.year < 2100:
        raise _Refused(column, f"Ngày {_quoted(_words(column, cell))} không đọc được. Xin ghi như 27/11/2026 16:30.")
    if moment.time() == START_OF_DAY:
        return datetime.combine(moment.date(), without_hour, ZONE)
    return moment


def _read_moment(cell: Cell) -> datetime | None:
    """A date of Excel's, its serial number, dd/mm/yyyy with or without an hour on either side, or ISO."""
    if isinstance(cell, datetime):
        return cell.astimezone(ZONE) if cell.tzinfo else cell.replace(tzinfo=ZONE)
    if isinstance(cell, date):
        return datetime.combine(cell, START_OF_DAY, ZONE)
    if isinstance(cell, float):
        # Only plausible serials: a bare 20261127 is somebody's number, no date.
        return _EXCEL_DAY_0 + timedelta(seconds=round(cell * 86400)) if 36526 <= cell < 73051 else None
    text = cell.strip()
    if re.match(r"\d{4}-\d{2}-\d{2}", text):
        return _read_moment(datetime.fromisoformat(text))
    found = next((match for pattern in _WRITTEN if (match := pattern.fullmatch(text))), None)
    if found is None:
        return None
    day = date(int(found["year"]), int(found["month"]), int(found["day"]))
    return datetime.combine(day, _hour(found), ZONE)


def _hour(found: re.Match[str]) -> time:
    if found["hour"] is None:
        return START_OF_DAY
    hour, half = int(found["hour"]), (found["half"] or "").upper()
    if half:
        hour = hour % 12 + (12 if half in {"PM", "CH"} else 0)
    return time(hour, int(found["minute"] or 0))
