"""Notices at rest: what is kept of them, for how long, what a citizen may see and have forgotten."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, select, update

from bot import reach
from storage import attempts, audience, call_list, citizens, consents, erasures, notices, spending
from storage.audience import Recipient
from storage.notices import Person, attempt, delivery, notice
from storage.outbox import outbox
from tests import stores
from tests.bot.test_reach import NOW, agrees, ready, sent, she, told, work

DAY = timedelta(days=1)
PHONE = "+84912345678"


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as db:
        yield db


def number(db: Connection, table: Any) -> int:
    return int(db.execute(select(func.count()).select_from(table)).scalar_one())


def arrived(db: Connection, made: int, now: datetime = NOW) -> None:
    for row in sent(db, made):
        db.execute(update(outbox).where(outbox.c.id == row.id).values(state="sent", sent_at=now, delivered_at=now))
    reach.follow(work(db, now))


def test_words_are_sealed_and_forgotten_when_everybody_has_them(db: Connection) -> None:
    """Neither words nor the fields of a template are readable in the database; then they go, and later the rows."""
    made = told(db, she(db, zalo=30 * DAY))
    sealed = db.execute(select(notice.c.words)).scalar_one()
    assert b"H55" not in bytes(sealed)
    assert notices.empty_old(db, NOW + DAY) == 0
    arrived(db, made)
    assert notices.empty_old(db, NOW) == 0
    assert notices.empty_old(db, NOW + DAY) == 1
    assert notices.delete_old(db, NOW) == 0
    assert notices.delete_old(db, NOW + DAY) == 1
    assert [number(db, table) for table in (notice, delivery, attempt)] == [0, 0, 0]
    assert spending.of(db, 1, "2026-11") == (140, 0)


def test_who_has_still_to_be_called_is_not_deleted(db: Connection) -> None:
    """However old; the words are not needed for a call."""
    told(db, she(db, web=DAY))
    assert notices.empty_old(db, NOW + DAY) == 1
    assert notices.delete_old(db, NOW + 900 * DAY) == 0
    assert number(db, delivery) == 1


def test_she_sees_what_she_was_told_and_where(db: Connection) -> None:
    """The notices and the numbers on which she agreed to be told."""
    citizen = she(db, zalo=30 * DAY)
    consents.give(db, 1, PHONE, "counter", NOW, citizen)
    told(db, citizen)
    (one,) = notices.export(db, 1, citizen)
    assert (one["kind"], one["state"], one["step"]) == ("result-ready", "sending", "uid")
    assert consents.export(db, 1, citizen) == [
        {"phone": PHONE, "how": "counter", "given_at": NOW.astimezone(UTC), "withdrawn_at": None}
    ]


def test_forgotten_she_is_on_no_list_and_her_number_nowhere(db: Connection) -> None:
    """What was sent to her phone goes too, what waits does not leave, and the figures still add up."""
    citizen, other = she(db, zalo=30 * DAY), she(db, zalo=30 * DAY)
    agrees(db, citizen)
    agrees(db, other)
    for at in citizens.addresses(db, 1, citizen):
        citizens.left(db, 1, at.channel, at.account, at.sender, NOW)
    made = told(db, citizen)
    (row,) = sent(db, made)
    told(db, other)
    on_list = told(db, she(db, web=DAY))
    erasures.forget(db, 1, citizen, NOW)
    reach.follow(work(db))
    assert notices.export(db, 1, citizen) == consents.export(db, 1, citizen) == []
    assert db.execute(select(outbox.c.state, outbox.c.body).where(outbox.c.id == row.id)).one() == ("dropped", None)
    assert notices.counts(db, 1, made) == {"erased": 1}
    assert notices.counts(db, 1, on_list) == {"call": 1}
    assert len(consents.export(db, 1, other)) == 1
    assert {each.person[0] for each in db.execute(select(delivery.c.person))} == {"c", "e"}


def test_forgotten_twice_two_people_stay_two(db: Connection) -> None:
    """Recipients of one notice who are forgotten do not become one."""
    people = [she(db, telegram=DAY) for _each in range(3)]
    made = reach.make(work(db), ready(), [Recipient(each) for each in people])
    reach.carry_out(work(db))
    for each in people[:2]:
        notices.erase(db, 1, each)
    assert notices.counts(db, 1, made) == {"erased": 2, "sending": 1}


def test_consent_is_given_withdrawn_and_given_again(db: Connection) -> None:
    """Only while it stands there is a number; whose it is stays known."""
    citizen = she(db, telegram=DAY)
    her = Person(f"c{citizen}", citizen, None)

    def phone() -> str:
        (facts,) = audience.facts(db, 1, "dossiers", [her])
        return facts.phone

    assert phone() == ""
    consents.give(db, 1, PHONE, "counter", NOW, citizen)
    assert phone() == PHONE
    assert consents.withdraw(db, 1, PHONE, NOW)
    assert not consents.withdraw(db, 1, PHONE, NOW)
    assert phone() == ""
    consents.give(db, 1, PHONE, "form", NOW + DAY)
    assert phone() == PHONE
    (kept,) = consents.export(db, 1, citizen)
    assert (kept["how"], kept["withdrawn_at"]) == ("form", None)
    consents.give(db, 1, "+84987654321", "chat", NOW + 2 * DAY, citizen)
    assert phone() == "+84987654321"


def test_a_month_is_told_of_once(db: Connection) -> None:
    """What is given back is not spent; the office hears of an empty budget once in a month."""
    spending.turns(db, 1)
    spending.add(db, 1, "2026-11", 300, 2)
    spending.add(db, 1, "2026-11", -100, -1)
    assert spending.of(db, 1, "2026-11") == (200, 1)
    assert spending.of(db, 1, "2026-12") == (0, 0)
    assert [spending.tell_once(db, 1, month, NOW) for month in ("2026-11", "2026-11", "2026-12")] == [True, False, True]


@pytest.mark.parametrize("statement", ["waiting", "moved", "watched", "late", "to_call"])
def test_the_tick_asks_by_an_index(tmp_path: Path, statement: str) -> None:
    """A hundred thousand deliveries that are over cost the minute's tick nothing."""
    with stores.rolled_back("sqlite", tmp_path) as db:
        asked: list[tuple[str, Any]] = []
        event.listen(db, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
        act = {
            "waiting": lambda: notices.waiting(db, 1), "moved": lambda: attempts.moved(db, 1),
            "watched": lambda: attempts.watched(db, 1, NOW), "late": lambda: attempts.late(db, 1),
            "to_call": lambda: call_list.to_call(db, 1),
        }  # fmt: skip
        act[statement]()
        plans = [list(db.connection.execute(f"EXPLAIN QUERY PLAN {words}", values)) for words, values in asked]
        scans = [row[3] for plan in plans for row in plan if row[3].startswith("SCAN ") and "USING" not in row[3]]
        assert (len(plans) > 0, scans) == (True, [])
