"""The lives of dossiers over half a year, made by dice of a fixed seed, and the lists the desk exports of them.

What is true at the desk stands in `Case.moves`; the lists tell it a day late, sometimes wrongly: a row that jumps back
for a day, a row twice, yesterday's list once more.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random

from bot.calendar import Calendar
from bot.commune import Commune
from messages.render import ZONE
from messages.statuses import STATUSES

FIRST, LAST = date(2026, 9, 1), date(2027, 2, 26)
"""Half a year with the National Day, the day of culture, New Year and Tết 2027 in it."""
HEADERS = (
    "Mã hồ sơ", "Mã thủ tục", "Tên thủ tục", "Người nộp", "Số điện thoại", "Ngày tiếp nhận", "Ngày hẹn trả",
    "Trạng thái", "Thôn", "Cán bộ", "Nơi trả", "Ghi chú",
)  # fmt: skip
PROCEDURES = (
    ("2.000815", "Chứng thực bản sao từ bản chính", 1),
    ("1.000894", "Đăng ký kết hôn", 5),
    ("1.000656", "Đăng ký khai tử", 3),
    ("1.004873", "Cấp Giấy xác nhận tình trạng hôn nhân", 3),
    ("1.001612", "Đăng ký thành lập hộ kinh doanh", 3),
    ("1.013225", "Cấp giấy phép xây dựng mới (công trình cấp III, IV; nhà ở riêng lẻ)", 15),
    ("1.013978", "Đăng ký đất đai, cấp Giấy chứng nhận lần đầu cho cá nhân, cộng đồng dân cư", 20),
)
PAPERS = ("Thiếu bản sao giấy chứng nhận cũ", "Thiếu tờ khai có chữ ký của hai bên", "Thiếu giấy ủy quyền")
HELPED = 14
"""Working days a result waits at most until she comes."""
KEPT = timedelta(days=20)
"""How long a finished dossier stays in the desk's list."""


@dataclass(frozen=True)
class Move:
    """From `at` on the dossier has this status at the desk."""

    at: datetime
    status: int
    note: str = ""


@dataclass
class Case:
    """One dossier. who: "chat" (on Telegram), "nobody" (no messenger), "stopped" (wants no messages), "blocked"."""

    number: int
    villager: int
    who: str
    procedure: tuple[str, str, int]
    received: datetime
    due: datetime
    moves: list[Move] = field(default_factory=list)

    @property
    def code(self) -> str:
        return f"H99.77-{self.received:%y%m%d}-{self.number:04}"

    @property
    def phone(self) -> str:
        return f"0951{self.number:06}"

    def at(self, moment: datetime) -> Move:
        """What the desk knows of it at a moment after its reception."""
        return [move for move in self.moves if move.at <= moment][-1]

    def row(self, move: Move) -> list[str]:
        """Its line in the list."""
        code, name, _days = self.procedure
        status, officer = STATUSES[move.status].label, ("Nguyễn Thị Hoa", "Trần Văn Lạ")[self.number % 2]
        return [
            self.code, code, name, f"Người Thứ {self.number}", self.phone, f"{self.received:%d/%m/%Y %H:%M}",
            f"{self.due:%d/%m/%Y %H:%M}", status, "", officer, "", move.note,
        ]  # fmt: skip


def cases(commune: Commune, count: int, villagers: int, seed: int) -> list[Case]:
    """So many dossiers of so many villagers, received on the working days of the half year."""
    dice, calendar = Random(seed), Calendar(commune)
    who = dice.choices(("chat", "nobody", "stopped", "blocked"), (78, 14, 4, 4), k=villagers)
    working = [day for day in days(FIRST, LAST - timedelta(days=3)) if calendar.is_working_day(day)]
    made = [
        _case(dice, calendar, number, number % villagers, who[number % villagers], dice.choice(working))
        for number in range(count)
    ]
    return sorted(made, key=lambda case: case.received)


def days(first: date, last: date) -> Iterator[date]:
    """Every day from the first to the last."""
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _case(dice: Random, calendar: Calendar, number: int, villager: int, who: str, day: date) -> Case:
    received = datetime.combine(day, time(8 + dice.randrange(3), 10 * dice.randrange(6)), ZONE)
    procedure = dice.choice(PROCEDURES)
    due = calendar.after_working_days(received, procedure[2]).replace(hour=16, minute=30, second=0)
    case = Case(number, villager, who, procedure, received, due, [Move(received, 2)])

    def later(days: float) -> datetime:
        """So many working days after the last move, in the morning or the afternoon."""
        last = calendar.after_working_days(case.moves[-1].at, max(1, int(days))).date()
        return datetime.combine(last, time(dice.choice((9, 14)), dice.randrange(60)), ZONE)

    if dice.random() < 0.6:
        case.moves.append(Move(later(1), 4))
    fate = dice.random()
    if fate < 0.05:
        case.moves.append(Move(later(2), dice.choice((3, 7, 8)), "Không thuộc thẩm quyền"))
        return case
    for asked, chance in ((5, 0.15), (6, 0.1)):
        if dice.random() < chance:
            note = dice.choice(PAPERS) if asked == 5 else "Lệ phí 50.000 đồng"
            case.moves += [Move(later(1), asked, note)]
            case.moves += [Move(later(dice.randrange(1, 7)), 4)]
    late = dice.random() < 0.12
    left = calendar.working_days_between(case.moves[-1].at.date(), due.date())
    case.moves.append(Move(later(max(1, left) + dice.randrange(1, 9) if late else dice.randrange(1, max(2, left))), 9))
    if dice.random() < 0.85:
        case.moves.append(Move(later(dice.randrange(1, HELPED)), 10))
    return case


def write(path: Path, told: list[tuple[Case, Move]], *, twice: bool = False) -> Path:
    """A list of the desk; `twice`: its last line stands there once more."""
    rows = [case.row(move) for case, move in told]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows([HEADERS, *rows, *(rows[-1:] if twice else [])])
    return path


def listed(made: list[Case], moment: datetime) -> list[tuple[Case, Move]]:
    """What stands in the list drawn up at a moment."""
    known = [(case, case.at(moment)) for case in made if case.received <= moment]
    over = {3, 7, 8, 10}
    return [(case, move) for case, move in known if move.status not in over or moment - move.at < KEPT]
