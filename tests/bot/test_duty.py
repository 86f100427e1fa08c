"""Who has to act (L21): substitutes, chains, loops, nobody; names of the file; on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from bot import duty
from bot.app import fill_sample
from bot.channels.web import CAPABILITIES
from bot.sample import commune
from bot.turn import Place, Work
from messages.render import Catalogs
from storage import absences, communes, officer_names, officials
from storage.officials import Official
from tests import stores
from tests.town import START

DAY = timedelta(days=1)


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as made:
        communes.create(made, 1, True, START)
        fill_sample(made, START)
        yield made


def work(db: Connection) -> Work:
    return Work(db, Place(1, commune(), Catalogs(), {"web": CAPABILITIES}), START)


def one(db: Connection, name: str) -> Official:
    return next(each for each in officials.active(db, 1) if name in each.name)


def goes(db: Connection, name: str, substitute: str = "") -> int:
    """He is away today, and names somebody or nobody."""
    person = one(db, name)
    to = one(db, substitute).id if substitute else None
    return absences.note(db, 1, person.id, to, START - DAY, START + DAY, person.id, START)


def acts(db: Connection, name: str) -> str:
    """Who acts for him today."""
    return duty.standing_in(work(db), one(db, name)).name


def names(people: list[Official]) -> list[str]:
    return [each.name for each in people]


def test_L21_a_substitute_and_his_own_substitute(db: Connection) -> None:
    """Whoever is away is replaced by whom he named, along the row; tomorrow he is back."""
    assert acts(db, "Lâm") == "Hoàng Đức Lâm"
    goes(db, "Lâm", "Thắm")
    assert acts(db, "Lâm") == "Nông Thị Thắm"
    goes(db, "Thắm", "Mộc")
    assert acts(db, "Lâm") == "Lường Quang Mộc"
    assert duty.in_charge(work(db), "hoang duc LAM").name == "Lường Quang Mộc"
    tomorrow = Work(db, work(db).place, START + DAY)
    assert duty.standing_in(tomorrow, one(db, "Lâm")).name == "Hoàng Đức Lâm"


def test_L21_a_row_that_ends_in_itself_goes_to_the_clerk(db: Connection) -> None:
    """Two who stand in for each other and are both away are nobody: the clerk acts, if she is there, else the Chairman,
    and when nobody is there, he himself.
    """
    goes(db, "Lâm", "Thắm")
    goes(db, "Thắm", "Lâm")
    assert acts(db, "Lâm") == "Đặng Thị Thu Nhài"
    goes(db, "Nhài")
    assert acts(db, "Lâm") == "Triệu Minh Khải"
    assert names(duty.clerks(work(db))) == ["Triệu Minh Khải"]
    goes(db, "Khải")
    assert acts(db, "Lâm") == "Hoàng Đức Lâm"


def test_L21_a_substitute_who_was_removed_is_nobody(db: Connection) -> None:
    """Somebody without rights stands in for nobody, and bears no name of the file."""
    goes(db, "Lâm", "Thắm")
    officials.remove(db, 1, one(db, "Thắm").id)
    assert acts(db, "Lâm") == "Đặng Thị Thu Nhài"
    officials.remove(db, 1, one(db, "Lâm").id)
    assert duty.in_charge(work(db), "Hoàng Đức Lâm") is None


def test_L21_nobody_approves_without_the_right(db: Connection) -> None:
    """The Chairman away: his deputy approves, and whom he named; with nobody left the right stays with them."""
    assert names(duty.approvers(work(db))) == ["Triệu Minh Khải", "Nông Thị Thắm"]
    away = goes(db, "Khải")
    assert names(duty.approvers(work(db))) == names(duty.heads(work(db))) == ["Nông Thị Thắm"]
    absences.close(db, 1, away, START)
    goes(db, "Khải", "Mộc")
    assert names(duty.approvers(work(db))) == ["Lường Quang Mộc", "Nông Thị Thắm"]
    absences.close(db, 1, next(each.id for each in absences.coming(db, 1, START)), START)
    goes(db, "Khải")
    goes(db, "Thắm")
    assert names(duty.approvers(work(db))) == ["Triệu Minh Khải", "Nông Thị Thắm"]
    assert names(duty.heads(work(db))) == ["Đặng Thị Thu Nhài"]


def test_L21_names_of_the_file(db: Connection) -> None:
    """Two of one name are nobody until a clerk says who is meant; a name without running dossiers is not listed."""
    officials.add(db, 1, "Hoàng Đức Lâm", "Công chức", "official", (), None, START)
    officer_names.count(db, 1)
    assert duty.in_charge(work(db), "Hoàng Đức Lâm") is None
    ((name, many),) = duty.unmatched(work(db))
    assert (name, many) == ("Hoàng Đức Lâm", 128)
    (row,) = duty.unmatched_names(work(db))
    clerk = one(db, "Nhài")
    assert officer_names.tie(db, 1, row.id, clerk.id, clerk.id, START) == name
    assert duty.in_charge(work(db), name) == clerk
    assert set(duty.names_of(work(db), clerk)) == {"Hoàng Đức Lâm", "Đặng Thị Thu Nhài"}
    assert duty.unmatched(work(db)) == []
    assert duty.in_charge(work(db), "") is None


def test_L21_a_loop_over_dossiers_asks_once(db: Connection) -> None:
    """A thousand look-ups in one piece of work cost three statements."""
    seen: list[str] = []
    event.listen(db, "before_cursor_execute", lambda *said: seen.append(said[2]))
    here = work(db)
    for _each in range(1000):
        assert duty.in_charge(here, "Hoàng Đức Lâm") is not None
        duty.approvers(here)
    assert len(seen) == 3


def test_L21_an_absence_that_cannot_be(db: Connection) -> None:
    """Its end before its beginning, and his own substitute, are refused where it is written, too."""
    lam = one(db, "Lâm").id
    with pytest.raises(ValueError, match="ends after"):
        absences.note(db, 1, lam, None, START, START, lam, START)
    with pytest.raises(ValueError, match="for himself"):
        absences.note(db, 1, lam, lam, START, START + DAY, lam, START)
    made = absences.note(db, 1, lam, None, START, START + DAY, lam, START)
    assert absences.overlapping(db, 1, lam, START + DAY, START + 2 * DAY) is None
    assert absences.overlapping(db, 1, lam, START - DAY, START + timedelta(hours=1)) is not None
    assert absences.close(db, 1, made, START)
    assert not absences.close(db, 1, made, START)
