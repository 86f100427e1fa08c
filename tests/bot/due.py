"""A town in which one dossier comes due: its list, the ticks that act upon it, and the calendar put to a moment."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from bot.settings import ZONE
from bot.turn import Work
from handlers.one_stop import deadlines, due_warnings, news
from messages import codes
from messages.fold import fold
from storage import dossiers, imports
from storage.dossiers import Dossier
from storage.notices import notice
from tests.bot.turns import Chats

CODE = "H99.33-261102-9001"
OFFICER = "Hoàng Đức Lâm"


@dataclass(frozen=True)
class Row:
    """A row of the desk's list."""

    due_at: datetime | None
    status: int = 4
    code: str = CODE
    officer: str = OFFICER
    procedure_code: str = "1.013978"
    procedure_name: str = "Đăng ký đất đai, cấp Giấy chứng nhận lần đầu"
    received_at: datetime | None = None
    village: str = ""
    place: str = ""
    applicant: str = "Nguyễn Thị Thu Hường"
    phone: str | None = "+84951000777"
    note: str = ""
    line: int = 2

    @property
    def code_key(self) -> str:
        return codes.key(self.code)


def at(text: str) -> datetime:
    """A moment in Việt Nam."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@dataclass
class Due:
    """What the tests of coming due do to a town."""

    chats: Chats
    row: Row = field(default_factory=lambda: Row(None))

    def __post_init__(self) -> None:
        self.chats.db.execute(update(dossiers.dossier).values(warned=99))  # the sample's own are not asked about here

    def work(self) -> Work:
        return Work(self.chats.db, self.chats.bench.place, self.chats.now)

    def comes(self, moment: str) -> None:
        """The clock shows that moment."""
        self.chats.clock.advance(at(moment) - self.chats.now)

    def lists(self, due: str | None = None, as_of: datetime | None = None, **changed: Any) -> Dossier:
        """A new list says so of the dossier, drawn up now or at `as_of`."""
        if due is not None:
            changed["due_at"] = at(due)
        self.row = replace(self.row, **changed)
        now = as_of or self.chats.now
        imports.load(self.chats.db, 1, "ds.xlsx", [self.row], fold, now, now)
        self.acts()
        return self.dossier()

    def lists_all(self, *rows: Row) -> None:
        """A list of several dossiers."""
        imports.load(self.chats.db, 1, "ds.xlsx", list(rows), fold, self.chats.now, self.chats.now)
        self.acts()

    def dossier(self) -> Dossier:
        found = dossiers.by_code(self.chats.db, 1, self.row.code_key)
        assert found is not None
        return found

    def acts(self) -> None:
        """The minute's ticks: what is due, and what has happened; all slices of it."""
        again = True
        while again:
            work = self.work()
            deadlines.come_due(work)
            again = work.again
        again = True
        while again:
            work = self.work()
            news.act(work)
            again = work.again
        self.chats._turns()

    def morning(self, moment: str) -> None:
        """That moment comes, with every tick until officials are told."""
        self.comes(moment)
        self.acts()
        self.chats.clock.advance(timedelta(minutes=15))
        due_warnings.warn(self.work())

    def notices(self, kind: str) -> int:
        """How many notices of a kind were made about dossiers."""
        return int(self.chats.db.execute(select(func.count()).where(notice.c.kind == kind)).scalar_one())
