"""A notice to a village over the stand-in for Zalo: what the plan said is what Zalo then did and charged."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from bot import reach
from bot.clock import FixedClock
from bot.commune_zalo import Template as Approved
from bot.outbox import Sender
from bot.rates import Rates
from bot.turn import Place, Work
from bot.zalo_templates import LIMITS
from messages.render import Catalogs
from storage import attempts, citizens, consents, notices, spending
from storage.audience import Recipient
from storage.outbox import outbox
from tests import stores
from tests.bot.channels.zalo_desk import Desk, desk
from tests.bot.test_reach import ready
from tests.zalo_oauth import APP_ID
from tests.zalo_world import Template, User

HOURS = {"now": 1, "days": 72, "month": 720, "phone": 720, "blocked": 720}
"""How long each kind of villager has been silent. phone: she agreed to be told on it, and left the account."""
TERMS: dict[str, Any] = {
    "monthly_budget": 1_000_000,
    "plan_messages": 150,
    "templates": {"result-ready": Approved(id="ready-1", parameters={"ma_ho_so": "code"})},
}


def lives(here: Desk, number: int) -> tuple[User, str]:
    """A villager as Zalo knows her."""
    kind = list(HOURS)[number % len(HOURS)]
    user = here.server.user(str(2468458835296190000 + number), f"Bà {number}")
    user.follower = True
    user.silent(HOURS[kind])
    if kind in ("phone", "blocked"):
        user.follower, user.left = False, True
    if kind == "blocked":
        user.blocks()
    return user, kind


def knows(db: Connection, here: Desk, villagers: list[tuple[User, str]]) -> list[Recipient]:
    """The same villagers as our database knows them."""
    found = []
    for user, kind in villagers:
        heard = here.clock.at - timedelta(hours=HOURS[kind])
        citizen = citizens.meet(db, 1, "zalo", APP_ID, user.id, heard).id
        if kind == "phone":
            consents.give(db, 1, f"+{user.phone}", "counter", heard, citizen)
        if not user.follower:
            citizens.left(db, 1, "zalo", APP_ID, user.id, heard)
        found.append(Recipient(citizen))
    return found


async def sends(here: Desk) -> None:
    """Send what is queued, and wait until Zalo has said what it delivered."""
    here.channel.rates = Rates()  # how fast is another matter
    sender = Sender(here.database, 1, here.channel, APP_ID, FixedClock(here.clock.at), here.alerts.append)
    sender.start()
    open_ = select(func.count()).select_from(outbox).where(outbox.c.state.in_(["queued", "sending"]))
    async with asyncio.timeout(60):
        while await here.database.read(lambda db: db.execute(open_).scalar_one()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await sender.stop(5)
    await here.server.settled()


def place(here: Desk) -> Place:
    return Place(1, here.commune, Catalogs(), {"zalo": here.channel.capabilities}, "vi", accounts={"zalo": APP_ID})


@pytest.mark.parametrize("kind", stores.BOTH)
async def test_1000_notices_cost_what_the_plan_said(kind: str, tmp_path: Path) -> None:
    """In the window, 3 days, 30 days, only a phone, blocked: free, paid and impossible as shown beforehand; Zalo's own
    books say the same, and everybody who could be reached has it once.
    """
    async with desk(tmp_path, kind, TERMS) as here:
        params = {"ma_ho_so": ("CODE", LIMITS["code"])}
        here.server.oa.templates["ready-1"] = Template("ready-1", "Kết quả đã có", params)
        here.server.oa.included = here.server.oa.most_included = 150
        villagers = [lives(here, number) for number in range(1000)]
        people = await here.database.write(knows, here, villagers)
        shown, asked = place(here), ready()

        def work(db: Connection) -> Work:
            return Work(db, shown, here.clock.at)

        plan = await here.database.read(lambda db: reach.plan(work(db), [(asked, people)]))
        made = await here.database.write(lambda db: reach.make(work(db), asked, people))
        for _round in range(2):
            while await here.database.write(lambda db: ticks(work(db))):
                pass
            await sends(here)
        assert (plan.people, plan.free, plan.paid, plan.impossible) == (1000, 350, 450, 200)
        assert plan.plan_messages == 150
        assert plan.cost == 50 * 55 + 200 * 140 + 200 * 200
        counts = await here.database.read(notices.counts, 1, made)
        assert counts == {"delivered": plan.free + plan.paid, "call": plan.impossible}
        ways = await here.database.read(attempts.ways, 1, made)
        assert {step: number for step, (number, _cost) in ways.items()} == plan.ways
        assert await here.database.read(spending.of, 1, "2026-11") == (plan.cost, plan.plan_messages)
        assert sum(cost for _message, cost in here.server.oa.spent) == plan.cost
        got = {user.id: len({*user.chat.sent, *user.notices}) for user, _kind in villagers}
        assert Counter(got.values()) == {1: 800, 0: 200}
        assert {kind for user, kind in villagers if not got[user.id]} == {"blocked"}
        assert here.alerts == []


def ticks(work: Work) -> bool:
    """One slice of the minute's tick; whether there is more."""
    reach.follow(work)
    return work.again


async def test_whoever_blocked_us_unseen_is_told_by_the_next_way(tmp_path: Path) -> None:
    """Zalo refuses her chat and then the template; her phone is refused too; an official calls, and nothing is paid."""
    async with desk(tmp_path, "sqlite", TERMS) as here:
        here.server.oa.templates["ready-1"] = Template("ready-1", "Kết quả đã có", {"ma_ho_so": ("CODE", 30)})
        user, _kind = lives(here, 0)
        user.blocks()
        (one,) = await here.database.write(knows, here, [(user, "now")])
        assert one.citizen_id is not None
        await here.database.write(consents.give, 1, f"+{user.phone}", "chat", here.clock.at, one.citizen_id)
        shown = place(here)
        made = await here.database.write(lambda db: reach.make(Work(db, shown, here.clock.at), ready(), [one]))
        for _way in range(4):
            await here.database.write(lambda db: reach.follow(Work(db, shown, here.clock.at)))
            await sends(here)
        trail = await here.database.read(attempts.trail, 1, made, f"c{one.citizen_id}")
        assert [each.step for each in trail][-1] == "call"
        assert [each.state for each in trail[:-1]] == ["failed"] * (len(trail) - 1)
        assert "phone" in [each.step for each in trail]
        assert await here.database.read(spending.of, 1, "2026-11") == (0, 0)
        assert here.server.oa.spent == []
