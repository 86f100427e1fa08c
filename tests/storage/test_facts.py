"""What is changed in chat about the office, the line for today, and what people have stopped, on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot import sample
from bot.commune_changes import Current, changed
from storage import citizens, communes, facts, officials, stops, todays_line
from storage.facts import Change
from tests import stores

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=3)


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """An empty database; what happens in it is rolled back."""
    with stores.rolled_back(request.param, tmp_path) as connection:
        communes.create(connection, 1, True, NOW)
        yield connection


@pytest.fixture
def clerk(db: Connection) -> int:
    return officials.add(db, 1, "Đặng Thị Thu Nhài", "Công chức", "clerk", (), None, NOW)


def her(db: Connection, sender: str = "c1") -> int:
    return citizens.meet(db, 1, "web", "", sender, NOW).id


def test_L16_the_newest_change_of_a_fact_counts(db: Connection, clerk: int) -> None:
    """Each name has one value, the newest; another commune's are not seen; every change has a mark of its own."""
    assert (facts.mark(db, 1), facts.changes(db, 1)) == ("", [])
    facts.record(db, 1, "about.parking", "Sân trước", clerk, NOW)
    first = facts.mark(db, 1)
    facts.record(db, 1, "about.wifi", "Hỏi ở quầy", clerk, NOW)
    facts.record(db, 1, "about.parking", "Sân sau", clerk, LATER)
    assert facts.mark(db, 1) not in ("", first)
    assert facts.changes(db, 1) == [
        Change("about.wifi", "Hỏi ở quầy", "Đặng Thị Thu Nhài", NOW),
        Change("about.parking", "Sân sau", "Đặng Thị Thu Nhài", LATER),
    ]
    assert (facts.mark(db, 2), facts.changes(db, 2)) == ("", [])


def test_L16_changes_are_laid_over_the_file(db: Connection, clerk: int) -> None:
    """The commune of the next turn has them; setting one back brings the file's; what no longer fits is passed over."""
    base, current = sample.commune(), Current()
    assert current.of(db, 1, base) is base
    for name, value in {
        "about.parking": "Sân sau", "hours.monday": ["08:00-11:00"], "hours.someday": [], "nonsense": 1,
        "citizen_reception.topics": "Đất đai", "about.nothing": "x", "phone:Trạm y tế xã": "0951 000 999",
        "phone:Kế toán": "0951 000 030", "phone:Trực dân quân": "",
        "point:Điểm tiếp nhận Bến Mơ": {"days": ["friday"]}, "chairman:2026-12-08": {"cancelled": "họp"},
        "chairman:2026-12-15": {"hours": ["14:00-16:00"]}, "chairman:soon": {},
    }.items():  # fmt: skip
        facts.record(db, 1, name, value, clerk, NOW)
    now = current.of(db, 1, base)
    assert current.of(db, 1, base) is now
    assert now.about.parking.value == "Sân sau"
    assert not now.about.parking.needs_checking
    assert now.about.wifi == base.about.wifi
    assert [span.closes.hour for span in now.hours.on(0)] == [11]
    assert now.hours.on(1) == base.hours.on(1)
    assert now.citizen_reception.topics.value == "Đất đai"
    assert now.phone("health").number == "0951 000 999"
    assert now.phone("militia") is None
    assert [each.number for each in now.phones if each.name == "Kế toán"] == ["0951 000 030"]
    assert now.reception_points[1].days == ("friday",)
    days = now.citizen_reception.between(datetime(2026, 12, 1).date(), datetime(2026, 12, 20).date())
    assert [(each.day.day, each.cancelled) for each in days] == [(8, "họp"), (15, None)]
    facts.record(db, 1, "about.parking", None, clerk, LATER)
    assert current.of(db, 1, base).about.parking == base.about.parking
    assert changed(base, []) is base


def test_L14_a_line_stands_until_its_hour(db: Connection, clerk: int) -> None:
    """It ends by itself; a new one replaces it; it can be taken away once."""
    todays_line.put(db, 1, "Hệ thống lỗi", clerk, NOW, LATER)
    assert todays_line.current(db, 1, LATER - timedelta(seconds=1)).words == "Hệ thống lỗi"
    assert todays_line.current(db, 1, LATER) is None
    todays_line.put(db, 1, "Mời đến sau 14 giờ", clerk, NOW, LATER)
    assert todays_line.current(db, 1, NOW).words == "Mời đến sau 14 giờ"
    assert todays_line.current(db, 2, NOW) is None
    assert todays_line.remove(db, 1, NOW)
    assert not todays_line.remove(db, 1, NOW)
    assert todays_line.current(db, 1, NOW) is None


def test_L17_what_is_stopped_keeps_its_date(db: Connection) -> None:
    """Per kind and person, with the day; stopped again after starting again it has the new day."""
    she, other = her(db), her(db, "c2")
    assert stops.stopped(db, 1, she) == frozenset()
    stops.put(db, 1, she, stops.UNASKED, NOW)
    stops.put(db, 1, she, stops.ALL, LATER, "died")
    assert stops.stopped(db, 1, she) == frozenset(stops.ALL)
    assert stops.stopped(db, 1, other) == frozenset()
    kept = {each["kind"]: (each["reason"], each["stopped_at"]) for each in stops.export(db, 1, she)["stops"]}
    assert kept["notices"] == ("asked", NOW)
    assert kept["dossiers"] == ("died", LATER)
    assert stops.start_again(db, 1, she, LATER)
    assert not stops.start_again(db, 1, she, LATER)
    assert stops.stopped(db, 1, she) == frozenset()
    stops.put(db, 1, she, ("notices",), LATER)
    assert stops.stopped(db, 1, she) == {"notices"}


def test_L17_reports_and_the_call_list(db: Connection, clerk: int) -> None:
    """A report is made once while it is open and noted once; the call list keeps the last number; all of it is hers."""
    she = her(db)
    citizens.change(db, she, village="Thôn Suối Trên")
    made = stops.tell(db, 1, she, "not-me", NOW)
    assert stops.tell(db, 1, she, "not-me", NOW) is None
    assert [(each.id, each.village) for each in stops.open_reports(db, 1)] == [(made, "Thôn Suối Trên")]
    assert stops.note(db, 1, made, clerk, NOW)
    assert not stops.note(db, 1, made, clerk, NOW)
    assert stops.get_report(db, 1, made).noted_by == clerk
    assert (stops.open_reports(db, 1), stops.get_report(db, 1, made + 1)) == ([], None)
    for phone, kept in ((None, None), ("+84912345678", "+84912345678"), (None, "+84912345678")):
        stops.put_on_call_list(db, 1, she, phone, NOW)
        assert [each.phone for each in stops.call_list(db, 1)] == [kept]
    assert stops.export(db, 1, she)["phone"] == "+84912345678"
    stops.erase(db, 1, she)
    assert stops.export(db, 1, she) == {"stops": [], "reports": [], "phone": None}
    assert stops.call_list(db, 1) == []
