"""The next way of one person, and what it may cost (the ladder itself is drawn in `bot.reach`).

Decided for the hour at which the message leaves: quiet hours, quiet days (L26), the window and the month's budget are
those of then. Emergencies and answers to her own questions do not come here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot import zalo_templates
from bot.calendar import Calendar
from bot.commune_zalo import Hours, Template
from bot.turn import Work
from bot.zalo_templates import Unfit
from messages.render import ZONE
from storage import spending
from storage.audience import At, Facts
from storage.notices import Kept

ZALO = "zalo"
UID, PHONE, CALL = "uid", "phone", "call"
TEMPLATES = (UID, PHONE)
MARGIN = timedelta(minutes=15)
"""A window that closes so soon counts as closed: many requests are sent at so many a minute."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to one person: `step` is the channel, or uid, phone, call; `at` is when it leaves."""

    step: str
    at: datetime
    address: At | None = None
    phone: str = ""
    cost: int = 0
    plan_messages: int = 0


class Purse:
    """What may still be spent, by month; every choice takes from it, so the next one knows."""

    def __init__(self, db: Connection, commune_id: int, budget: int, plan_messages: int) -> None:
        self._db, self._commune_id = db, commune_id
        self._budget, self._plan_messages = budget, plan_messages
        self._spent: dict[str, tuple[int, int]] = {}
        self._taken: dict[str, tuple[int, int]] = {}
        self.short: set[str] = set()
        """Months in which something could not be paid for."""

    def left(self, month: str) -> int:
        """Đồng of the month's budget."""
        return max(0, self._budget - self._of(month)[0])

    def plan_left(self, month: str) -> int:
        """Messages of the plan's monthly number."""
        return max(0, self._plan_messages - self._of(month)[1])

    def affords(self, month: str, cost: int) -> bool:
        """Whether so much is left; notes when a budget is used up."""
        if cost <= self.left(month):
            return True
        if self._budget:
            self.short.add(month)
        return False

    def take(self, month: str, cost: int, plan_messages: int) -> None:
        """It is spent."""
        taken, used = self._taken.get(month, (0, 0))
        self._taken[month] = (taken + cost, used + plan_messages)

    def store(self) -> None:
        """Write down what was taken."""
        for month, (cost, plan_messages) in self._taken.items():
            if cost or plan_messages:
                spending.add(self._db, self._commune_id, month, cost, plan_messages)

    def _of(self, month: str) -> tuple[int, int]:
        if month not in self._spent:
            self._spent[month] = spending.of(self._db, self._commune_id, month)
        spent, used = self._spent[month]
        taken, more = self._taken.get(month, (0, 0))
        return spent + taken, used + more


class Ladder:
    """Chooses the next way of one person after the other."""

    def __init__(self, work: Work) -> None:
        self._accounts, self._now = work.place.accounts, work.now
        self._terms = work.commune.zalo
        self.purse = Purse(work.db, work.commune_id, self._terms.monthly_budget, self._terms.plan_messages)
        self._words_leave, self._templates_leave = openings(work, work.now)

    def choose(self, notice: Kept, facts: Facts, tried: frozenset[tuple[str, int]]) -> Way | str:
        """The next way, already taken from the purse; or the state in which it ends without one."""
        if notice.expires_at is not None and notice.expires_at <= self._words_leave:
            return "dropped"
        by_telephone: Way | str = Way(CALL, self._now) if notice.calls else "unreachable"
        if facts.stopped:
            called = facts.stopped == "asked" and notice.topic == "dossiers" and notice.calls
            return by_telephone if called else "stopped"
        for way in self._ways(notice, facts, tried):
            if way.cost and not self.purse.affords(self.month(way.at), way.cost):
                continue
            self.purse.take(self.month(way.at), way.cost, way.plan_messages)
            return way
        return by_telephone

    def _ways(self, notice: Kept, facts: Facts, tried: frozenset[tuple[str, int]]) -> Iterator[Way]:
        here = [at for at in facts.addresses if at.here and self._accounts.get(at.channel) == at.account]
        chats = [way for at in here if (at.channel, at.id) not in tried for way in self._chat(notice, at)]
        yield from sorted(chats, key=lambda way: way.cost > 0)  # else in the order in which she used them
        template = self._terms.templates.get(notice.kind)
        if template is None or ZALO not in self._accounts or not fits(template, notice):
            return
        for at in here:
            if at.channel == ZALO and template.by_uid and (UID, at.id) not in tried:
                yield Way(UID, self._templates_leave, at, cost=self._price(template.price_uid))
        if facts.phone and template.by_phone and (PHONE, 0) not in tried:
            yield Way(PHONE, self._templates_leave, phone=facts.phone, cost=self._price(template.price_phone))

    def _chat(self, notice: Kept, at: At) -> Iterator[Way]:
        """Her chat, when it is open to us at the hour at which words may leave."""
        parts = len(next(iter(notice.words.get("bodies", {}).get(at.channel, {}).values()), ()))
        if not parts:
            return
        if at.channel != ZALO:
            yield Way(at.channel, self._words_leave, at)
            return
        silent = self._words_leave + MARGIN - at.last_at
        if silent <= timedelta(hours=self._terms.free_hours):
            yield Way(ZALO, self._words_leave, at)
        elif silent <= timedelta(days=self._terms.chat_days):
            if parts <= self.purse.plan_left(self.month(self._words_leave)):
                yield Way(ZALO, self._words_leave, at, plan_messages=parts)
            else:
                yield Way(ZALO, self._words_leave, at, cost=self._price(self._terms.chat_price * parts))

    def _price(self, cost: int) -> int:
        return 0 if self._terms.development else cost

    @staticmethod
    def month(at: datetime) -> str:
        """The month whose budget pays for what leaves then."""
        return f"{at.astimezone(ZONE):%Y-%m}"


def fits(template: Template, notice: Kept) -> bool:
    try:
        zalo_templates.data(template, notice.words.get("values", {}))
    except Unfit:
        return False
    return True


def openings(work: Work, moment: datetime) -> tuple[datetime, datetime]:
    """When words may leave that are ready then, and when templates."""
    terms, calendar = work.commune.zalo, Calendar(work.commune)
    return opening(terms.notice_hours, moment, calendar), opening(terms.template_hours, moment, calendar)


def opening(hours: Hours, now: datetime, calendar: Calendar) -> datetime:
    """`now` itself within these hours of a day that is not quiet, else when they begin next."""
    local = now.astimezone(ZONE)
    day = local.date() + timedelta(days=local.time() >= hours.closes)
    while calendar.is_quiet(day):
        day += timedelta(days=1)
    return max(now, datetime.combine(day, hours.opens, ZONE))
