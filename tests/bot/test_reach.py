"""How a notice reaches people: the ladder of ways, what it costs, and that nobody gets it twice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select, update

from bot import ladder, reach, sample
from bot.channels.base import Capabilities
from bot.commune_zalo import Template, ZaloTerms
from bot.reach import Notice, Plan
from bot.turn import OFFICE_CHAT, Place, Work
from messages.fold import fold
from messages.render import ZONE, Catalogs
from messages.reply import Reply, _
from storage import (
    attempts,
    call_list,
    citizens,
    consents,
    dossiers,
    imports,
    notices,
    officials,
    outbox,
    spending,
    stops,
)
from storage.audience import Recipient
from storage.db import create_engine_for
from storage.notices import attempt, delivery
from storage.outbox import outbox as rows
from storage.sealing import unseal_json
from tests import stores
from tests.storage.test_dossiers import Row

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=ZONE)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CODE = "H55.242-261102-0012"
READY = Template(id="ready-1", parameters={"ma_ho_so": "code"}, price_uid=140, price_phone=200)
TERMS = ZaloTerms(monthly_budget=1_000_000, templates={"result-ready": READY})
MESSENGER = Capabilities(text_length=2000, buttons=5, attachments="separate")
PHONE = "+84912345678"
_numbers = count(1)


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as db:
        yield db


def place(terms: ZaloTerms = TERMS, accounts: dict[str, str] | None = None) -> Place:
    channels = {"telegram": "bot", "zalo": "oa"} if accounts is None else accounts
    shown = {"web": Capabilities(2000, 8, sends=False)} | dict.fromkeys(("telegram", "zalo", "test"), MESSENGER)
    commune = sample.commune().model_copy(update={"zalo": terms})
    return Place(1, commune, Catalogs(), shown, "vi", accounts=channels)


def work(db: Connection, now: datetime = NOW, terms: ZaloTerms = TERMS, **more: Any) -> Work:
    return Work(db, place(terms, **more), now)


def ready(key: str = "", **more: Any) -> Notice:
    words = Reply(_("You can see it in full at the counter."))
    return Notice("result-ready", key or f"ready:{next(_numbers)}", words, values={"code": CODE}, about=CODE, **more)


def she(db: Connection, **silent: timedelta) -> int:
    """A citizen, by channel how long she has been silent there."""
    citizen = None
    for channel, since in silent.items():
        account = {"telegram": "bot", "zalo": "oa", "web": ""}[channel]
        sender = f"{channel}-{next(_numbers)}"
        met = citizens.meet(db, 1, channel, account, sender, NOW - since).id
        if citizen is not None:
            here = citizens.address.c.citizen_id == met
            db.execute(update(citizens.address).where(here).values(citizen_id=citizen))
        citizen = citizen or met
    assert citizen is not None
    return citizen


def agrees(db: Connection, citizen: int, phone: str = "") -> None:
    consents.give(db, 1, phone or f"+849{next(_numbers):08}", "counter", NOW, citizen)


def told(db: Connection, citizen: int, now: datetime = NOW, terms: ZaloTerms = TERMS, **more: Any) -> int:
    """A notice to one person, its first way chosen; the id of the notice."""
    one = work(db, now, terms)
    made = reach.make(one, ready(**more), [Recipient(citizen)])
    reach.carry_out(one)
    return made


def state(db: Connection, notice: int) -> str:
    (found,) = notices.counts(db, 1, notice)
    return found


def sent(db: Connection, notice: int) -> list[Any]:
    """The outbox rows of a notice, in order."""
    mine = select(attempt.c.outbox_id).join(delivery, delivery.c.id == attempt.c.delivery_id)
    mine = mine.where(delivery.c.notice_id == notice)
    return list(db.execute(select(rows).where(rows.c.id.in_(mine)).order_by(rows.c.id)))


def becomes(
    db: Connection, notice: int, outcome: str, now: datetime = NOW, terms: ZaloTerms = TERMS, **more: Any
) -> None:
    """What the provider makes of the way under way; then the tick."""
    last = sent(db, notice)[-1]
    values = {"state": outcome, "sent_at": now if outcome == "sent" else None} | more
    db.execute(update(rows).where(rows.c.id == last.id).values(values))
    reach.follow(work(db, now, terms))


def steps(db: Connection, notice: int) -> list[str]:
    found = select(attempt.c.step).join(delivery, delivery.c.id == attempt.c.delivery_id).order_by(attempt.c.id)
    return list(db.execute(found.where(delivery.c.notice_id == notice)).scalars())


# --- which way --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("silent", "step", "cost", "plan_messages"),
    [
        ({"zalo": HOUR}, "zalo", 0, 0),
        ({"zalo": 47 * HOUR}, "zalo", 0, 0),
        ({"zalo": 48 * HOUR}, "zalo", 0, 1),
        ({"zalo": 6 * DAY}, "zalo", 0, 1),
        ({"zalo": 7 * DAY}, "uid", 140, 0),
        ({"zalo": 30 * DAY}, "uid", 140, 0),
        ({"telegram": 300 * DAY}, "telegram", 0, 0),
        ({"zalo": 3 * HOUR, "telegram": 2 * HOUR}, "telegram", 0, 0),
        ({"zalo": 2 * HOUR, "telegram": 3 * HOUR}, "zalo", 0, 0),
        ({"zalo": 30 * DAY, "telegram": 60 * DAY}, "telegram", 0, 0),
        ({"web": HOUR, "telegram": 60 * DAY}, "telegram", 0, 0),
        ({"web": HOUR}, "call", 0, 0),
    ],
)
def test_by_the_chat_she_used_last_then_by_template_then_by_telephone(
    db: Connection, silent: dict[str, timedelta], step: str, cost: int, plan_messages: int
) -> None:
    """One way; what it costs is written down and taken from the month."""
    notice = told(db, she(db, **silent))
    (one,) = db.execute(select(attempt)).all()
    assert (one.step, one.cost, one.plan_messages) == (step, cost, plan_messages)
    assert spending.of(db, 1, "2026-11") == (cost, plan_messages)
    assert state(db, notice) == ("call" if step == "call" else "sending")
    assert len(sent(db, notice)) == (step != "call")


def test_one_person_on_two_channels_gets_one_notice(db: Connection) -> None:
    """However often she stands among the recipients, and by whichever of her dossiers and numbers."""
    citizen = she(db, telegram=HOUR, zalo=2 * HOUR)
    imports.load(db, 1, "list.csv", [Row(2, CODE, phone=PHONE)], fold, NOW, NOW)
    consents.give(db, 1, PHONE, "counter", NOW, citizen)
    owned = dossiers.by_code(db, 1, "H552422611020012").id
    one = work(db)
    notice = reach.make(one, ready(), [Recipient(citizen), Recipient(citizen, owned), Recipient(dossier_id=owned)])
    reach.carry_out(one)
    assert [(row.channel, row.kind) for row in sent(db, notice)] == [("telegram", "notice")]
    assert db.execute(select(func.count()).select_from(rows)).scalar() == 1


def test_the_same_key_acts_once(db: Connection) -> None:
    """Made twice, by a tick seen twice or a file imported twice, it tells each person once."""
    citizen, other = she(db, telegram=HOUR), she(db, telegram=HOUR)
    first = reach.make(work(db), ready("ready:7"), [Recipient(citizen)])
    reach.carry_out(work(db))
    assert reach.make(work(db), ready("ready:7"), [Recipient(citizen), Recipient(other)]) == first
    assert reach.plan(work(db), [(ready("ready:7"), [Recipient(citizen), Recipient(other)])]).people == 0
    reach.carry_out(work(db))
    assert notices.counts(db, 1, first) == {"sending": 2}
    assert len(sent(db, first)) == 2


def test_words_are_hers_and_a_template_has_its_parameters(db: Connection) -> None:
    """In her language, final; a template names its id, what fills it and the same tracking id whenever it is made."""
    citizen = she(db, telegram=HOUR)
    citizens.change(db, citizen, language="en")
    (row,) = sent(db, told(db, citizen))
    assert unseal_json(db, row.body) == {"text": "You can see it in full at the counter."}
    silent = she(db, zalo=30 * DAY)
    (row,) = sent(db, told(db, silent, key="ready:x"))
    body = unseal_json(db, row.body)["template"]
    assert (body["by"], body["id"], body["data"]) == ("uid", "ready-1", {"ma_ho_so": CODE})
    assert "phone" not in body
    assert len(body["tracking"]) <= 48
    assert row.chat == citizens.addresses(db, 1, silent)[0].sender


def test_whoever_handed_in_a_dossier_and_never_wrote_is_told_by_phone_only_when_she_agreed(db: Connection) -> None:
    """Without consent an official calls the number of the dossier."""
    imports.load(db, 1, "list.csv", [Row(2, CODE, phone=PHONE)], fold, NOW, NOW)
    recipient = Recipient(dossier_id=dossiers.by_code(db, 1, "H552422611020012").id)
    one = work(db)
    first = reach.make(one, ready(), [recipient])
    reach.carry_out(one)
    (call,) = call_list.to_call(db, 1)
    assert (state(db, first), call.phone, call.about) == ("call", PHONE, (CODE,))
    consents.give(db, 1, PHONE, "counter", NOW)
    second = reach.make(one, ready(), [recipient])
    reach.carry_out(one)
    (row,) = sent(db, second)
    assert row.chat.startswith("phone:")
    assert PHONE[1:] not in row.chat
    assert unseal_json(db, row.body)["template"]["phone"] == PHONE[1:]
    consents.withdraw(db, 1, PHONE, NOW)
    third = reach.make(one, ready(), [recipient])
    reach.carry_out(one)
    assert state(db, third) == "call"


@pytest.mark.parametrize(
    ("kinds", "reason", "ends"),
    [(stops.UNASKED, "asked", "sending"), (stops.ALL, "asked", "call"), (stops.ALL, "not-me", "stopped"),
     (stops.ALL, "died", "stopped")],
)  # fmt: skip
def test_who_stopped_messages_about_dossiers_is_called(
    db: Connection, kinds: tuple[Any, ...], reason: str, ends: str
) -> None:
    """Greetings stopped do not stop these; a wrong number or a death is left alone."""
    citizen = she(db, telegram=HOUR, zalo=HOUR)
    agrees(db, citizen)
    stops.put(db, 1, citizen, kinds, NOW, reason)
    assert state(db, told(db, citizen)) == ends


def test_a_notice_of_the_village_is_not_sent_after_a_stop_and_nobody_calls(db: Connection) -> None:
    """What is not about her dossier needs no telephone call."""
    citizen, unheard = she(db, telegram=HOUR), she(db, web=HOUR)
    stops.put(db, 1, citizen, stops.UNASKED, NOW)
    one = work(db)
    made = reach.make(one, ready(topic="notices", calls=False), [Recipient(citizen), Recipient(unheard)])
    reach.carry_out(one)
    assert notices.counts(db, 1, made) == {"stopped": 1, "unreachable": 1}


def test_a_chat_that_shut_us_out_is_no_way(db: Connection) -> None:
    """Unfollowed on Zalo she is left in peace there, by template too; her phone is asked."""
    citizen = she(db, zalo=HOUR)
    agrees(db, citizen)
    (at,) = citizens.addresses(db, 1, citizen)
    citizens.left(db, 1, at.channel, at.account, at.sender, NOW)
    assert steps(db, told(db, citizen)) == ["phone"]


def test_a_template_that_does_not_fit_is_no_way(db: Connection) -> None:
    """Nothing is paid for what Zalo would refuse."""
    words = Reply(_("You can see it in full at the counter."))
    one = work(db)
    made = reach.make(one, Notice("result-ready", "k", words, values={"code": ""}), [Recipient(she(db, zalo=30 * DAY))])
    reach.carry_out(one)
    assert steps(db, made) == ["call"]


# --- when -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hour", "silent", "step", "leaves"),
    [
        (23, HOUR, "zalo", NOW.replace(hour=7) + DAY),
        (3, 40 * HOUR, "zalo", NOW.replace(hour=7)),
        (23, 30 * DAY, "uid", NOW.replace(hour=6) + DAY),
        (21, 30 * DAY, "uid", NOW.replace(hour=21)),
        (5, 30 * DAY, "uid", NOW.replace(hour=6)),
    ],
)
def test_nothing_leaves_at_night(db: Connection, hour: int, silent: timedelta, step: str, leaves: datetime) -> None:
    """Words from 7 to 21 o'clock, templates from 6 to 22; what the window will be by then decides."""
    now = NOW.replace(hour=hour)
    citizen = she(db, zalo=silent - (now - NOW))
    (row,) = sent(db, told(db, citizen, now))
    assert (row.not_before, steps(db, delivery_of(db, citizen))) == (leaves, [step])


def delivery_of(db: Connection, citizen: int) -> int:
    return int(db.execute(select(delivery.c.notice_id).where(delivery.c.citizen_id == citizen)).scalar_one())


def test_a_window_that_closes_overnight_counts_as_closed(db: Connection) -> None:
    """At 22 o'clock she is silent for 40 hours; when words may leave it will be 49."""
    told(db, she(db, zalo=27 * HOUR), NOW.replace(hour=22))
    assert spending.of(db, 1, "2026-11") == (0, 1)


def test_the_month_that_pays_is_the_one_in_which_it_leaves(db: Connection) -> None:
    """On the last night of November it is December's money."""
    told(db, she(db, zalo=30 * DAY), datetime(2026, 11, 30, 23, 0, tzinfo=ZONE))
    assert (spending.of(db, 1, "2026-11"), spending.of(db, 1, "2026-12")) == ((0, 0), (140, 0))


def test_what_is_over_is_not_told(db: Connection) -> None:
    """A notice that ends before the morning is dropped, and one that went stale in the queue too."""
    citizen = she(db, telegram=HOUR)
    late = told(db, citizen, NOW.replace(hour=22), expires_at=NOW.replace(hour=23))
    assert state(db, late) == "dropped"
    stale = told(db, citizen, expires_at=NOW + HOUR)
    outbox.drop_stale(db, NOW + 2 * HOUR)
    reach.follow(work(db, NOW + 2 * HOUR))
    assert state(db, stale) == "dropped"


# --- money ------------------------------------------------------------------------------------------------------------


def test_when_the_plan_is_used_up_words_cost_and_then_nothing_is_left_but_the_telephone(db: Connection) -> None:
    """The plan's number first, then the price, then the budget stops it; the office is told once."""
    terms = TERMS.model_copy(update={"plan_messages": 1, "monthly_budget": 120, "templates": {}})
    one = work(db, terms=terms)
    people = [Recipient(she(db, zalo=3 * DAY)) for _each in range(6)]
    asked = ready()
    planned = reach.plan(one, [(asked, people)])
    made = reach.make(one, asked, people)
    reach.carry_out(one)
    assert (planned.free, planned.paid, planned.impossible, planned.cost, planned.left) == (1, 2, 3, 110, 10)
    assert spending.of(db, 1, "2026-11") == (110, 1)
    assert notices.counts(db, 1, made) == {"sending": 3, "call": 3}
    told(db, she(db, zalo=3 * DAY), terms=terms)
    cards = select(rows.c.body).where(rows.c.chat == OFFICE_CHAT.chat)
    (card,) = db.execute(cards).scalars()
    assert "110 trong 120 đồng" in unseal_json(db, card)["text"]


def test_without_a_budget_nothing_is_paid_and_nobody_is_alarmed(db: Connection) -> None:
    """A commune that has not decided to pay has its call list."""
    free = TERMS.model_copy(update={"monthly_budget": 0})
    assert state(db, told(db, she(db, zalo=30 * DAY), terms=free)) == "call"
    assert db.execute(select(func.count()).select_from(rows)).scalar() == 0


def test_a_free_chat_goes_before_a_paid_one(db: Connection) -> None:
    """Zalo would cost money today; Telegram, used before, does not."""
    terms = TERMS.model_copy(update={"plan_messages": 0})
    notice = told(db, she(db, zalo=3 * DAY, telegram=9 * DAY), terms=terms)
    assert steps(db, notice) == ["telegram"]


def test_development_costs_nothing(db: Connection) -> None:
    """Zalo does not charge for what goes to the account's administrators."""
    terms = TERMS.model_copy(update={"development": True, "monthly_budget": 0})
    assert steps(db, told(db, she(db, zalo=30 * DAY), terms=terms)) == ["uid"]
    assert spending.of(db, 1, "2026-11") == (0, 0)


# --- the next way -----------------------------------------------------------------------------------------------------


def test_each_failed_way_leads_to_the_next_and_costs_nothing(db: Connection) -> None:
    """Blocked on Telegram, silent on Zalo, the template refused, the number without Zalo: an official calls."""
    citizen = she(db, telegram=HOUR, zalo=2 * HOUR)
    agrees(db, citizen)
    notice = told(db, citizen)
    for outcome in ("unreachable", "unreachable", "failed"):
        becomes(db, notice, outcome, error="-230")
    assert steps(db, notice) == ["telegram", "zalo", "uid", "phone"]
    assert spending.of(db, 1, "2026-11") == (200, 0)
    becomes(db, notice, "failed", error="-118")
    assert (state(db, notice), spending.of(db, 1, "2026-11")) == ("call", (0, 0))
    trail = attempts.trail(db, 1, notice, f"c{citizen}")
    assert [(each.step, each.state, each.cost, each.why) for each in trail] == [
        ("telegram", "failed", 0, "-230"), ("zalo", "failed", 0, "-230"), ("uid", "failed", 0, "-230"),
        ("phone", "failed", 0, "-118"), ("call", "sent", 0, None),
    ]  # fmt: skip
    assert {row.state for row in sent(db, notice)} == {"dropped"}
    for row in sent(db, notice):
        assert not outbox.retry(db, 1, row.id, NOW)
    reach.follow(work(db))
    assert len(steps(db, notice)) == 5


def test_while_a_way_is_under_way_there_is_no_other(db: Connection) -> None:
    """Queued, on its way, or accepted: the tick changes nothing."""
    citizen = she(db, telegram=HOUR, zalo=HOUR)
    notice = told(db, citizen)
    for outcome in ("queued", "sending", "sent"):
        becomes(db, notice, outcome)
    reach.follow(work(db, NOW + 30 * DAY))
    assert (state(db, notice), len(sent(db, notice))) == ("sent", 1)


def test_what_may_have_arrived_waits_for_a_person(db: Connection) -> None:
    """Lost: the next way. Sent again: that way again. Arrived: done."""
    for decision, ends, ways in (("lost", "sending", 2), ("again", "sending", 1), ("arrived", "sent", 1)):
        notice = told(db, she(db, telegram=HOUR, zalo=HOUR))
        becomes(db, notice, "uncertain")
        reach.follow(work(db, NOW + 9 * DAY))
        assert (state(db, notice), len(sent(db, notice))) == ("uncertain", 1)
        row = sent(db, notice)[0].id
        if decision == "again":
            assert outbox.retry(db, 1, row, NOW)
        else:
            assert outbox.settle(db, 1, row, decision == "arrived", NOW)
        reach.follow(work(db))
        assert (state(db, notice), len(sent(db, notice))) == (ends, ways)


def test_an_error_of_our_own_counts_as_uncertain(db: Connection) -> None:
    """The request may have left before it; a person decides, with the usual command."""
    notice = told(db, she(db, telegram=HOUR, zalo=HOUR))
    becomes(db, notice, "failed", error="error of ours: KeyError")
    reach.follow(work(db))
    assert (state(db, notice), len(sent(db, notice))) == ("uncertain", 1)
    assert [row.state for row in outbox.stuck(db, 1)] == ["uncertain"]


def test_a_template_is_believed_when_zalo_says_delivered(db: Connection) -> None:
    """Accepted is not delivered: without word of it within the hours set, the next way follows."""
    citizen = she(db, zalo=30 * DAY)
    agrees(db, citizen)
    notice = told(db, citizen)
    becomes(db, notice, "sent")
    reach.follow(work(db, NOW + 23 * HOUR))
    assert (state(db, notice), steps(db, notice)) == ("sent", ["uid"])
    reach.follow(work(db, NOW + DAY))
    assert (state(db, notice), steps(db, notice)) == ("sending", ["uid", "phone"])
    assert spending.of(db, 1, "2026-11") == (340, 0)
    becomes(db, notice, "sent", NOW + DAY)
    arrives(db, notice, -1)
    reach.follow(work(db, NOW + 9 * DAY))
    assert (state(db, notice), steps(db, notice)) == ("delivered", ["uid", "phone"])


def arrives(db: Connection, notice: int, which: int) -> None:
    row = sent(db, notice)[which]
    db.execute(update(rows).where(rows.c.id == row.id).values(delivered_at=NOW))


def test_her_own_chat_keeps_what_she_has_not_opened_yet(db: Connection) -> None:
    """A telephone that is off gets it when it is on again: no second way, no price."""
    notice = told(db, she(db, zalo=HOUR))
    becomes(db, notice, "sent")
    reach.follow(work(db, NOW + 2 * DAY))
    assert (state(db, notice), steps(db, notice)) == ("sent", ["zalo"])


@pytest.mark.parametrize("agreed", [True, False])
def test_word_of_delivery_that_comes_late_stops_the_next_way(db: Connection, agreed: bool) -> None:
    """What has not left yet does not leave, is not paid, and nobody calls."""
    citizen = she(db, zalo=30 * DAY)
    if agreed:
        agrees(db, citizen)
    notice = told(db, citizen)
    becomes(db, notice, "sent")
    reach.follow(work(db, NOW + DAY))
    assert state(db, notice) == ("sending" if agreed else "call")
    arrives(db, notice, 0)
    reach.follow(work(db, NOW + DAY))
    assert (state(db, notice), call_list.to_call(db, 1)) == ("delivered", [])
    assert spending.of(db, 1, "2026-11") == (140, 0)
    assert [row.state for row in sent(db, notice)] == ["sent", "dropped"][: 1 + agreed]
    reach.follow(work(db, NOW + 2 * DAY))
    assert state(db, notice) == "delivered"


def test_a_stop_while_it_waits_is_respected(db: Connection) -> None:
    """She says "it is not me" before it leaves: nothing comes by any other way."""
    citizen = she(db, telegram=HOUR, zalo=HOUR)
    notice = told(db, citizen, NOW.replace(hour=22))
    (row,) = sent(db, notice)
    stops.put(db, 1, citizen, stops.ALL, NOW, "not-me")
    outbox.stop(db, 1, row.channel, row.account, row.chat)
    reach.follow(work(db))
    assert (state(db, notice), len(sent(db, notice))) == ("stopped", 1)


def test_a_long_notice_counts_each_of_its_messages_and_falls_as_a_whole(db: Connection) -> None:
    """Two requests cost twice; when the first is refused, the rest does not come as a torso."""
    long = Reply(*(f"Dòng {number} " + "x" * 1500 for number in range(2)))
    terms = TERMS.model_copy(update={"plan_messages": 1, "templates": {}})
    one = work(db, terms=terms)
    made = reach.make(one, replace(ready(), words=long), [Recipient(she(db, zalo=3 * DAY))])
    reach.carry_out(one)
    assert spending.of(db, 1, "2026-11") == (110, 0)
    assert db.execute(select(func.count()).select_from(rows)).scalar() == 2
    becomes(db, made, "failed", terms=terms, error="-210")
    assert list(db.execute(select(rows.c.state)).scalars()) == ["dropped", "dropped"]
    assert state(db, made) == "call"


# --- the call list ----------------------------------------------------------------------------------------------------


def test_one_entry_a_person_and_what_it_is_about(db: Connection) -> None:
    """Two notices are one call; nobody answering puts her behind the others; called, she is off the list."""
    clerk = sample_official(db)
    citizen, other = she(db, web=HOUR), she(db, web=HOUR)
    stops.put_on_call_list(db, 1, citizen, PHONE, NOW)
    first, second = told(db, citizen), told(db, citizen)
    told(db, other)
    mine, theirs = call_list.to_call(db, 1)
    assert (mine.phone, mine.about, theirs.phone) == (PHONE, (CODE,), None)
    assert call_list.rang(db, 1, mine.delivery_id, clerk)
    assert [each.delivery_id for each in call_list.to_call(db, 1)] == [theirs.delivery_id, mine.delivery_id]
    assert call_list.called(db, 1, mine.delivery_id, clerk, NOW)
    assert not call_list.called(db, 1, mine.delivery_id, clerk, NOW)
    assert (state(db, first), state(db, second)) == ("called", "called")
    assert [each.delivery_id for each in call_list.to_call(db, 1)] == [theirs.delivery_id]


def sample_official(db: Connection) -> int:
    return officials.add(db, 1, "Bùi Thị Lụa", "Công chức", "official", (), None, NOW)


# --- the plan is what happens -----------------------------------------------------------------------------------------


def village(db: Connection, number: int) -> list[Recipient]:
    """A mixed audience: in the window, 3 days, 30 days, with and without a number, shut out, stopped, on the page."""
    found = []
    for each in range(number):
        silent: dict[str, timedelta] = [
            {"zalo": HOUR}, {"zalo": 3 * DAY}, {"zalo": 30 * DAY}, {"telegram": 30 * DAY}, {"web": HOUR},
            {"zalo": 30 * DAY, "telegram": 40 * DAY}, {"zalo": HOUR},
        ][each % 7]  # fmt: skip
        citizen = she(db, **silent)
        if each % 3 == 0:
            agrees(db, citizen)
        if each % 5 == 0:
            for at in citizens.addresses(db, 1, citizen):
                citizens.left(db, 1, at.channel, at.account, at.sender, NOW)
        if each % 11 == 0:
            stops.put(db, 1, citizen, stops.ALL, NOW)
        found.append(Recipient(citizen))
    return found


def test_1000_notices_happen_as_planned(db: Connection) -> None:
    """Free, paid and impossible, and what it costs: the same figures beforehand and afterwards, slice by slice."""
    people = village(db, 1000)
    terms = TERMS.model_copy(update={"plan_messages": 50, "monthly_budget": 20_000})
    one = work(db, terms=terms)
    asked = ready()
    planned = reach.plan(one, [(asked, people)])
    assert reach.plan(one, [(asked, people)]) == planned
    made = reach.make(one, asked, people)
    slices = 0
    while reach.carry_out(one):
        slices += 1
    assert slices == 2
    assert happened(db, made, planned.left) == replace(planned, starts_at=None)
    assert min(planned.free, planned.paid, planned.impossible) > 50
    assert planned.cost + planned.left == 20_000
    assert 0 < planned.left < 200


def happened(db: Connection, notice: int, left: int) -> Plan:
    ways = attempts.ways(db, 1, notice)
    counts = notices.counts(db, 1, notice)
    people = sum(counts.values())
    paid = select(func.count()).select_from(attempt).where(attempt.c.cost > 0)
    done = {step: number for step, (number, _cost) in ways.items()}
    done |= {end: counts[end] for end in ("unreachable", "stopped", "dropped") if end in counts}
    cost, plan_messages = spending.of(db, 1, "2026-11")
    assert cost == sum(each for _number, each in ways.values())
    bought = int(db.execute(paid).scalar_one())
    free = sum(number for step, number in done.items() if step in ("telegram", "zalo", "uid", "phone")) - bought
    return Plan(people, done, free, bought, people - free - bought, plan_messages, cost, left, None)


# --- whatever happens -------------------------------------------------------------------------------------------------

SILENCES = st.sampled_from([HOUR, 3 * DAY, 30 * DAY])
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "silent": st.dictionaries(st.sampled_from(["zalo", "telegram", "web"]), SILENCES, min_size=1),
            "agrees": st.booleans(),
            "left": st.booleans(),
            "stopped": st.sampled_from(["", "", "asked", "died"]),
        }
    ),
    min_size=1,
    max_size=6,
)
OUTCOMES = st.sampled_from(["queued", "sent", "delivered", "failed", "unreachable", "uncertain", "lost", "stale"])
CERTAIN = ("failed", "unreachable", "lost", "stale")


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    audience=PEOPLE, results=st.lists(OUTCOMES, max_size=30), budget=st.sampled_from([0, 150, 10_000]),
    hour=st.integers(0, 23),
)  # fmt: skip
def test_everybody_ends_in_one_state_and_nobody_gets_two(
    tmp_path_factory: pytest.TempPathFactory, audience: list[dict[str, Any]], results: list[str], budget: int, hour: int
) -> None:
    """Whatever providers answer: the states add up to the audience, the month to what its ways cost, and a second
    message follows only when the first certainly failed or was a template without word of delivery.
    """
    terms = TERMS.model_copy(update={"monthly_budget": budget, "plan_messages": 1})
    with stores.rolled_back("sqlite", tmp_path_factory.mktemp("audience")) as db:
        people = [Recipient(invited(db, each)) for each in audience]
        now, outcomes = NOW.replace(hour=hour), iter(results)
        notice = reach.make(work(db, now, terms), ready(), people)
        for _round in range(12):
            reach.follow(work(db, now, terms))
            adds_up(db, notice, len(people))
            for row in [row for row in sent(db, notice) if row.state == "queued"]:
                happens(db, row, next(outcomes, "sent"), now)
            now += 9 * HOUR
        reach.follow(work(db, now, terms))
        adds_up(db, notice, len(people))
        assert not db.execute(select(delivery.c.id).where(delivery.c.state == "waiting")).first()
        for person in db.execute(select(delivery.c.id, delivery.c.state)).all():
            got_once(db, person.id)


def invited(db: Connection, each: dict[str, Any]) -> int:
    citizen = she(db, **each["silent"])
    if each["agrees"]:
        agrees(db, citizen)
    if each["left"]:
        at = citizens.addresses(db, 1, citizen)[0]
        citizens.left(db, 1, at.channel, at.account, at.sender, NOW)
    if each["stopped"]:
        stops.put(db, 1, citizen, stops.ALL, NOW, each["stopped"])
    return citizen


def happens(db: Connection, row: Any, outcome: str, now: datetime) -> None:
    values: dict[str, Any] = {"state": outcome, "provider_id": outcome}
    match outcome:
        case "queued":
            return
        case "sent":
            values |= {"sent_at": now}
        case "delivered":
            values |= {"state": "sent", "sent_at": now, "delivered_at": now}
        case "lost":
            values |= {"state": "dropped", "dropped": "stopped"}
        case "stale":
            values |= {"state": "dropped", "dropped": "stale"}
    db.execute(update(rows).where(rows.c.id == row.id).values(values))


def adds_up(db: Connection, notice: int, people: int) -> None:
    assert sum(notices.counts(db, 1, notice).values()) == people
    spent = db.execute(select(func.sum(attempt.c.cost), func.sum(attempt.c.plan_messages))).one()
    months = db.execute(select(func.sum(spending.spending.c.cost), func.sum(spending.spending.c.plan_messages))).one()
    assert [each or 0 for each in spent] == [each or 0 for each in months]


def got_once(db: Connection, delivery_id: int) -> None:
    """All but the last of her messages failed for certain, or were templates of which no word came."""
    mine = select(attempt.c.step, attempt.c.state, rows.c.provider_id).join(rows, rows.c.id == attempt.c.outbox_id)
    ways = db.execute(mine.where(attempt.c.delivery_id == delivery_id).order_by(attempt.c.id)).all()
    assert len({each.step for each in ways}) == len(ways)
    for each in ways[:-1]:
        assert each.provider_id in CERTAIN or (each.step in ladder.TEMPLATES and each.state == "late"), ways


def test_two_processes_neither_overspend_nor_tell_anybody_twice(tmp_path: Path) -> None:
    """Both choose at the same moment; the last đồng is taken once, and each person has one way."""
    terms = TERMS.model_copy(update={"monthly_budget": 140 * 20})
    with stores.fresh("postgres", tmp_path) as url:
        engine = create_engine_for(url, stores.KEYS)
        with engine.begin() as db:
            made = reach.make(work(db), ready(), [Recipient(she(db, zalo=30 * DAY)) for _each in range(60)])

        def process(_number: int) -> int:
            chosen = 0
            while True:
                with engine.begin() as db:
                    found = reach.carry_out(work(db, terms=terms), limit=5)
                if not found:
                    return chosen
                chosen += found

        with ThreadPoolExecutor(2) as threads:
            assert sum(threads.map(process, range(2))) == 60
        with engine.begin() as db:
            assert notices.counts(db, 1, made) == {"sending": 20, "call": 40}
            assert spending.of(db, 1, "2026-11") == (140 * 20, 0)
            assert len(sent(db, made)) == 20
        engine.dispose()
