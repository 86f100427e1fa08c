"""Days on which no notice leaves (L26): around Tết, on feast days, in mourning. Answers and emergencies always do."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from bot import reach, sample
from bot.calendar import Calendar
from bot.channels.base import Capabilities
from bot.commune import Commune
from bot.commune_dossiers import QuietDays
from bot.commune_zalo import Hours, Template, ZaloTerms
from bot.ladder import opening
from bot.reach import Notice
from bot.turn import Address, Place, Work
from messages.render import ZONE, Catalogs
from messages.reply import Reply, _
from storage import attempts, notices, spending
from storage.audience import Recipient
from storage.outbox import outbox
from tests import stores
from tests.bot.test_reach import NOW, she
from tests.bot.turns import VILLAGER, Bench

READY = Template(id="ready-1", parameters={"ma_ho_so": "code"})
TERMS = ZaloTerms(monthly_budget=1_000_000, templates={"result-ready": READY})
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MET = NOW
"""From when `she` counts her silence."""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def calendar(**quiet: Any) -> Calendar:
    return Calendar(Commune(name="UBND xã Suối Lành", province="tỉnh mẫu", quiet=QuietDays(**quiet)))


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as db:
        yield db


def work(db: Connection, now: datetime, **quiet: Any) -> Work:
    shown = dict.fromkeys(("web", "telegram", "zalo"), Capabilities(2000, 5, attachments="separate"))
    commune = sample.commune().model_copy(update={"zalo": TERMS, "quiet": QuietDays(**quiet)})
    return Work(db, Place(1, commune, Catalogs(), shown, "vi", accounts={"telegram": "bot", "zalo": "oa"}), now)


def told(work: Work, citizen: int, **more: Any) -> int:
    words = Reply(_("You can see it in full at the counter."))
    made = reach.make(work, Notice("result-ready", f"k{citizen}", words, values={"code": "H1"}, **more), [])
    reach.add(work, made, [Recipient(citizen)])
    reach.carry_out(work)
    return made


def leaves(db: Connection) -> list[datetime]:
    return list(db.execute(select(outbox.c.not_before).order_by(outbox.c.id)).scalars())


# --- which days -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "last"), [
    (date(2026, 2, 15), date(2026, 2, 21)),  # tháng Chạp had 29 days: 28 is a Sunday, mùng 1 the 17th
    (date(2027, 2, 4), date(2027, 2, 10)), (date(2028, 1, 24), date(2028, 1, 30)),
    (date(2030, 1, 31), date(2030, 2, 6)),  # by Vietnamese reckoning: China keeps it a day later
])  # fmt: skip
def test_L26_from_28_thang_chap_to_mung_5(first: date, last: date) -> None:
    """All days between are quiet, the day before and the day after are not."""
    days = [first + n * DAY for n in range((last - first).days + 1)]
    assert all(calendar().is_quiet(day) for day in days)
    assert not calendar().is_quiet(first - DAY)
    assert not calendar().is_quiet(last + DAY)


def test_L26_a_commune_may_begin_earlier_and_end_later() -> None:
    """Ông Công ông Táo to the Rằm: the span is a setting, in lunar days."""
    own = calendar(from_lunar=(23, 12), to_lunar=(15, 1))
    quiet = [day for n in range(60) if own.is_quiet(day := date(2027, 1, 15) + n * DAY)]
    assert (quiet[0], quiet[-1], len(quiet)) == (date(2027, 1, 30), date(2027, 2, 20), 22)


def test_L26_feast_days_and_mourning() -> None:
    """Days of every year, of one year, and days of mourning are quiet; the holiday on the first of May is one."""
    own = calendar(feast_days=["02-09", date(2026, 11, 18)], mourning=[date(2026, 11, 27)])
    quiet = [date(2026, 9, 2), date(2027, 9, 2), date(2026, 11, 18), date(2026, 11, 27)]
    assert all(own.is_quiet(day) for day in quiet)
    assert not any(own.is_quiet(day) for day in [date(2027, 11, 18), date(2026, 9, 1), date(2026, 5, 1)])
    assert all(calendar().is_quiet(date(2026, *each)) for each in [(1, 1), (4, 30), (5, 1), (9, 2)])


@pytest.mark.parametrize("wrong", ["31-02", "2026-13-01", "mùng 5", "2-9", ""])
def test_L26_a_feast_day_that_is_none_is_refused(wrong: str) -> None:
    """A mistyped day would silently be no quiet day."""
    with pytest.raises(ValueError, match="02-09"):
        QuietDays(feast_days=[wrong])


# --- when it leaves ---------------------------------------------------------------------------------------------------

SLOW = settings(deadline=None)
WINDOWS = st.tuples(st.integers(0, 22), st.integers(1, 23)).filter(lambda pair: pair[0] < pair[1])


@SLOW
@given(st.datetimes(datetime(2026, 1, 1), datetime(2028, 3, 1)), WINDOWS, st.sets(st.dates(date(2026, 1, 1))))
def test_L26_neither_at_night_nor_on_a_quiet_day_and_as_soon_as_may_be(
    moment: datetime, window: tuple[int, int], mourning: set[date]
) -> None:
    """It leaves in the hours of a day that is not quiet, and no allowed hour before it was passed over."""
    now, hours = moment.replace(tzinfo=ZONE), Hours(opens=time(window[0]), closes=time(window[1]))
    own = calendar(mourning=mourning)

    def allowed(when: datetime) -> bool:
        return hours.opens <= when.time() < hours.closes and not own.is_quiet(when.date())

    leaves = opening(hours, now, own).astimezone(ZONE)
    assert leaves >= now
    assert allowed(leaves)
    assert leaves == now or leaves.time() == hours.opens
    hourly = (now + n * HOUR for n in range((leaves - now) // HOUR))
    assert not any(allowed(each) for each in hourly)


@pytest.mark.parametrize(("now", "channel", "silent", "leaves_at"), [
    ("2027-02-03T10:00", "telegram", HOUR, "2027-02-03T10:00"),
    ("2027-02-03T21:30", "telegram", HOUR, "2027-02-11T07:00"),  # 27 tháng Chạp, in the evening: after mùng 5
    ("2027-02-03T21:30", "zalo", HOUR, "2027-02-03T21:30"),  # words would come too late for her window: a template
    ("2027-02-03T22:30", "zalo", HOUR, "2027-02-11T06:00"),  # and so it is after Tết
    ("2027-02-06T10:00", "zalo", HOUR, "2027-02-11T07:00"),  # mùng 1; on mùng 6 the window is still open
    ("2027-02-06T10:00", "zalo", 30 * DAY, "2027-02-11T06:00"),
    ("2027-02-11T05:00", "telegram", HOUR, "2027-02-11T07:00"),
    ("2026-04-29T22:30", "telegram", HOUR, "2026-05-02T07:00"),  # 30/4 and 1/5
    ("2026-09-02T09:00", "telegram", HOUR, "2026-09-03T07:00"),
])  # fmt: skip
def test_L26_a_notice_waits_until_the_quiet_days_are_over(
    db: Connection, now: str, channel: str, silent: timedelta, leaves_at: str
) -> None:
    """Words and templates leave when the next day that is not quiet begins for them; on other days at once."""
    moment = at(now)
    told(work(db, moment), she(db, **{channel: silent - (moment - MET)}))
    assert leaves(db) == [at(leaves_at)]


def test_L26_what_would_be_stale_after_tet_is_not_told(db: Connection) -> None:
    """A notice that is over by the sixth of the first month is dropped, not sent late."""
    moment = at("2027-02-05T09:00")
    citizen = she(db, telegram=HOUR - (moment - MET))
    made = told(work(db, moment), citizen, expires_at=at("2027-02-10T12:00"))
    assert (notices.counts(db, 1, made), leaves(db)) == ({"dropped": 1}, [])


def test_L26_the_month_after_tet_pays(db: Connection) -> None:
    """What is chosen on the last quiet day of January is January's or February's money, as it leaves."""
    moment = at("2028-01-30T09:00")  # mùng 5
    told(work(db, moment, to_lunar=(10, 1)), she(db, zalo=30 * DAY - (moment - MET)))
    assert (spending.of(db, 1, "2028-01"), spending.of(db, 1, "2028-02")) == ((0, 0), (140, 0))


# --- what could not leave in time -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ready", "ticks", "quiet", "until"), [
    ("2027-02-03T20:00", "2027-02-03T20:58", {}, "2027-02-03T20:00"),  # it may still leave
    ("2027-02-03T20:00", "2027-02-03T20:59", {}, "2027-02-11T07:00"),  # the last minute before night, and before Tết
    ("2026-11-26T20:00", "2026-11-27T02:00", {}, "2026-11-27T07:00"),
    ("2026-11-26T20:00", "2026-11-27T10:00", {"mourning": [date(2026, 11, 27)]}, "2026-11-28T07:00"),
])  # fmt: skip
def test_L26_what_an_outage_held_up_waits_again(
    db: Connection, ready: str, ticks: str, quiet: dict[str, Any], until: str
) -> None:
    """Messages that were due in the evening and have not left do not leave at night, at Tết, or in mourning."""
    told(work(db, at(ready)), she(db, telegram=HOUR - (at(ready) - MET)))
    reach.follow(work(db, at(ticks), **quiet))
    assert leaves(db) == [at(until)]


def test_L26_templates_have_their_own_evening_and_answers_none(db: Connection) -> None:
    """At 21 o'clock words wait for the morning, a template until 22, an answer and an official's card not at all."""
    evening = at("2026-11-26T20:00")
    told(work(db, evening), she(db, telegram=HOUR - (evening - MET)))
    told(work(db, evening), she(db, zalo=30 * DAY - (evening - MET)))
    answer = work(db, evening)
    for kind in ("answer", "reply", "notice"):
        words = Reply(_("You can see it in full at the counter."))
        answer.send(Address("telegram", "bot", "chat", "chat"), words, kind=kind)
    now = [evening] * 3
    reach.follow(work(db, at("2026-11-26T21:00")))
    assert leaves(db) == [at("2026-11-27T07:00"), evening, *now]
    reach.follow(work(db, at("2026-11-26T22:00")))
    assert leaves(db) == [at("2026-11-27T07:00"), at("2026-11-27T06:00"), *now]


def test_L26_thousands_are_put_off_in_slices(db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slice at a time, so that turns go between; the tick asks to go on until none is left."""
    evening = at("2026-11-26T20:00")
    for _each in range(5):
        told(work(db, evening), she(db, telegram=HOUR - (evening - MET)))
    monkeypatch.setattr(attempts.put_off, "__defaults__", (2,))
    monkeypatch.setattr(reach, "SLICE", 2)
    waiting = []
    for _tick in range(3):
        ticking = work(db, at("2026-11-26T21:30"))
        reach.follow(ticking)
        waiting.append((leaves(db).count(evening), ticking.again))
    assert waiting == [(3, True), (1, True), (0, False)]


# --- what is not held back --------------------------------------------------------------------------------------------


def test_L26_answers_and_emergencies_go_out_on_mung_1() -> None:
    """Who writes at Tết is answered at once, and an emergency reaches the police and the office at once."""
    bench = Bench()
    try:
        with bench.town() as chats:
            chats.clock.advance(at("2027-02-06T02:00") - chats.now)
            assert chats.says("/giolamviec", VILLAGER).text
            assert "113" in chats.says("cháy nhà rồi, cứu với", VILLAGER).text
            assert set(leaves(chats.db)) == {chats.now}
    finally:
        bench.close()
