"""Half a year of a commune: 2,000 dossiers, lists that are late, wrong or double, power cuts, feast days, Tết.

Beside the service stands `Oracle`, which reads the same lists and says, in a few lines, what each villager should have
got. What she got is what came to her telephone, and what the ledger of notices says.
"""

from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import pytest
from sqlalchemy import select

from bot.calendar import Calendar
from bot.clock import FixedClock
from bot.commands.import_dossiers import import_dossiers
from bot.commune import Commune
from messages import codes
from messages.render import ZONE
from storage import citizens, dossiers, links, officials, ready, stops
from storage.dossiers import dossier
from storage.notices import delivery, notice
from tests.night.half_year import FIRST, LAST, Case, Move, cases, days, listed, write
from tests.telegram_server import BLOCKED, TelegramServer
from tests.telegram_world import User
from tests.town import PUBLIC, Databases, Town, settings
from tests.town import official as officially
from tests.town import running as running_town

SEED = 26
WHOLE, SMALL = 2000, 300
"""Dossiers: of .ci/run, and of a quick run; five for each villager."""
MINUTE = timedelta(minutes=1)
OPENS, CLOSES = time(7), time(21)
OUTAGES = ((datetime(2026, 10, 6, 16, 30), timedelta(days=2)), (datetime(2026, 12, 30, 9, 0), timedelta(days=6)))
"""When the power failed and for how long: the first time right after a list had come in."""
OLD_LIST = {date(2026, 9, 23), date(2027, 1, 12)}
"""On these days somebody hands in the list of the working day before once more."""
BACKWARDS = {date(2026, 10, 20), date(2026, 12, 8), date(2027, 1, 20)}
"""On these days ten results stand in the list as if they were still worked on."""
AT_NIGHT = {date(2026, 9, 9), date(2026, 11, 4), date(2027, 1, 6)}
"""On these days the list comes late in the evening."""
BROKEN = {date(2026, 11, 12)}
RUNNING, FINISHED, ANY = {1, 2, 4}, {3, 7, 8, 9, 10}, set(range(1, 11))
USEFUL = {
    "dossier-received": {2, 4}, "papers-needed": {5}, "fee-due": {6}, "result-ready": {9}, "result-reminder": {9},
    "result-recalled": ANY - {10}, "dossier-missed": RUNNING, "dossier-returned": {10}, "dossier-changed": {3, 7, 8},
}  # fmt: skip
"""In which statuses each notice is true."""


def moment(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), ZONE)


# --- what should come -------------------------------------------------------------------------------------------------


@dataclass
class Seen:
    """One dossier as the lists have told of it so far."""

    case: Case
    status: int = 0
    deadline: datetime | None = None
    paused: datetime | None = None
    ticked: bool = False
    remind_at: datetime | None = None
    missed: bool = False
    recalls: int = 0
    told: list[str] = field(default_factory=list)
    untrue: set[str] = field(default_factory=set)  # what was told and is not true any more: nobody calls about it
    pending: list[tuple[str, datetime, int, str]] = field(default_factory=list)  # rule, since, status, key

    def tell(self, rule: str, key: str = "") -> None:
        if f"{rule}:{key}" not in self.told:
            self.told.append(f"{rule}:{key}")


class Oracle:
    """What each villager should get, from the lists alone."""

    NEWS_FOR: ClassVar = {"dossier-received": 2, "dossier-returned": 3, "dossier-changed": 14}

    def __init__(self, commune: Commune) -> None:
        self.calendar, self.private = Calendar(commune), commune.is_private
        self.seen: dict[int, Seen] = {}
        self.finished: dict[int, tuple[str, bool]] = {}  # in which month, and whether in time

    def list(self, rows: list[tuple[Case, Move]], now: datetime) -> None:
        """A list was taken in."""
        for case, move in rows:
            one = self.seen.get(case.number)
            if one is None:
                one = self.seen[case.number] = Seen(case, deadline=case.due, missed=case.due < now)
                if case.received < now - timedelta(days=3):
                    one.status = move.status
                    continue
            if move.status != one.status:
                self._moved(one, move, now)

    def _moved(self, one: Seen, move: Move, now: datetime) -> None:
        old, one.status = one.status, move.status
        done = one.paused or now  # while papers or a fee were awaited, the clock stood still
        if old in (3, 7, 8, 9, 10) and move.status in RUNNING and one.deadline is not None and one.deadline < now:
            one.missed = True  # it was finished: mostly a wrong list, nobody is told that it is not done
        one.untrue |= {each for each in one.told if move.status not in USEFUL.get(each.partition(":")[0], ANY)}
        if move.status in (5, 6):
            one.paused = one.paused or now
        elif one.paused:
            if move.status in RUNNING and one.deadline:
                hours = self.calendar.working_hours_between(one.paused, now)
                one.deadline = self.calendar.add_working_hours(one.deadline, hours) if hours else one.deadline
                one.missed = one.missed and one.deadline <= now
            one.paused = None
        if move.status not in FINISHED:
            self.finished.pop(one.case.number, None)
        elif old not in FINISHED:  # what was finished when the lists first told of it is history
            self.finished.setdefault(one.case.number, (f"{now.astimezone(ZONE):%m/%Y}", done <= one.deadline))
        note = "" if self.private(*one.case.procedure[:2]) else move.note
        rule, key = {
            2: ("dossier-received", ""), 4: ("dossier-received", ""), 5: ("papers-needed", note), 6: ("fee-due", note),
            10: ("dossier-returned", ""),
        }.get(move.status, ("dossier-changed", str(move.status)))  # fmt: skip
        one.remind_at = None
        if move.status == 9 and one.ticked:
            self._remind_later(one, now)
        if move.status != 9 and not (rule == "dossier-received" and old not in (0, 1)):
            one.pending = [(rule, now, move.status, key)]

    def minute(self, now: datetime) -> None:
        """The service is up and its clock ticks: what waits is told if it is still news."""
        for one in self.seen.values():
            for rule, since, status, key in one.pending:
                days = self.NEWS_FOR.get(rule)
                leaves = self.leaves(now)
                if status == one.status and (days is None or leaves < since + timedelta(days=days)):
                    one.tell(rule, key)
            one.pending = []
            self._missed(one, now)
            self._remind(one, now)

    def leaves(self, now: datetime) -> datetime:
        """When a notice made now goes out: never at night, never on a quiet day."""
        local = now.astimezone(ZONE)
        day = local.date() + timedelta(days=local.time() >= CLOSES)
        while self.calendar.is_quiet(day):
            day += timedelta(days=1)
        return local if day == local.date() and local.time() >= OPENS else moment(day, OPENS.hour)

    def _missed(self, one: Seen, now: datetime) -> None:
        today = now.astimezone(ZONE).date()
        if not self.calendar.is_working_day(today) or not 10 <= now.astimezone(ZONE).hour < 17:
            return
        if one.deadline is None or one.paused or one.status not in RUNNING:
            return
        before = self.calendar.working_days_before(now, 1)
        if one.deadline.astimezone(ZONE).date() <= before and not one.missed:
            one.missed = True
            one.tell("dossier-missed", one.deadline.isoformat())

    def _remind(self, one: Seen, now: datetime) -> None:
        if one.status == 9 and one.ticked and one.remind_at and now >= one.remind_at:
            one.tell("result-reminder", str(one.recalls))

    def _remind_later(self, one: Seen, now: datetime) -> None:
        one.remind_at = self.calendar.after_working_days(now, 10).replace(hour=8, minute=0, second=0)

    def tick(self, number: int, now: datetime) -> None:
        """The clerk says that the result lies at the counter."""
        one = self.seen[number]
        one.ticked = True
        one.tell("result-ready", str(one.recalls))
        self._remind_later(one, now)

    def recall(self, number: int) -> None:
        """The clerk takes that back."""
        one = self.seen[number]
        one.ticked, one.remind_at, one.recalls = False, None, one.recalls + 1
        one.tell("result-recalled", str(one.recalls))


# --- the half year ----------------------------------------------------------------------------------------------------


class HalfYear:
    """Plays it: the desk hands in lists, the clerk ticks results, villagers have their telephones, power fails."""

    def __init__(self, town: Town, oracle: Oracle, made: list[Case], folder: Path) -> None:
        self.town, self.oracle, self.made, self.folder = town, oracle, made, folder
        self.by_code = {codes.key(case.code): case for case in made}
        self.citizens: dict[int, int] = {}
        self.clerk = 0
        self.until = datetime.min.replace(tzinfo=ZONE)  # the power comes back

    async def move_in(self) -> None:
        """Villagers with a messenger have written once; some have stopped messages, some have blocked the bot."""
        server = self.town.telegram
        with_chat = {case.villager: case.who for case in self.made if case.who != "nobody"}
        self.telephones = {villager: server.user(9000 + villager) for villager in with_chat}
        for user in self.telephones.values():
            user.starts()
        await self.town.settle()
        account = server.token.partition(":")[0]

        def know(db: Any) -> int:
            for villager, who in with_chat.items():
                found = citizens.find(db, 1, "telegram", account, str(9000 + villager))
                self.citizens[villager] = found.id
                if who == "stopped":
                    stops.put(db, 1, found.id, ("dossiers",), self.town.clock.now())
            return next(each.id for each in officials.active(db, 1) if each.role == "clerk")

        self.clerk = await self.town.write(know)
        for villager, who in with_chat.items():
            if who == "blocked":
                server.always(9000 + villager, BLOCKED)

    async def play(self) -> None:
        """Every day of it."""
        calendar = Calendar(self.town.app.place.commune)
        for day in days(FIRST, LAST):
            if not calendar.is_working_day(day):
                await self.wait(moment(day, 8))
                continue
            await self.wait(moment(day, 7, 1))
            await self.wait(moment(day, 7, 31))
            await self.wait(moment(day, 8, 15), self.tick_results)
            await self.wait(moment(day, 10, 5))
            if day in BACKWARDS:
                await self.wait(moment(day, 14, 45), self.take_backwards)
                await self.wait(moment(day, 15, 0), self.recall)
            late = moment(day, 21, 30) if day in AT_NIGHT else moment(day, 16, 30)
            await self.wait(late, self.take_in)

    async def wait(self, at: datetime, then: Any = None) -> None:
        """Let the clock come to `at`, do it, and let three minutes tick; nothing happens while the power is away."""
        self.town.clock.advance(at - self.town.clock.now())
        if at < self.until:
            return
        if self.town.service is None:
            await self.town.start()
        if then is not None:
            await then()
            if await self.fails():
                return
        for _minute in range(3):  # what has come due, its news, and the ways they take
            self.oracle.minute(self.town.clock.now() + MINUTE)
            await self.town.later(minutes=1)
        await self.fails()

    async def fails(self) -> bool:
        """The power fails now, if it does."""
        for begins, lasts in OUTAGES:
            began = begins.replace(tzinfo=ZONE)
            if began <= self.town.clock.now() < began + lasts and self.until < began + lasts:
                self.until = began + lasts
                await self.town.stop()
                self.town.service = None
                return True
        return False

    # --- the desk ---

    async def take_in(self) -> None:
        now = self.town.clock.now()
        day = now.astimezone(ZONE).date()
        rows = listed(self.made, now)
        if day in OLD_LIST:
            before = Calendar(self.town.app.place.commune).working_days_before(now, 1)
            rows = listed(self.made, moment(before, 16, 30))
        await self.hand_in(rows, twice=day.day % 5 == 0, broken=day in BROKEN)

    async def take_backwards(self) -> None:
        now = self.town.clock.now()
        rows = listed(self.made, now)
        ready_ = [case.number for case, move in rows if move.status == 9 and self.oracle.seen[case.number].ticked
                  and case.who == "chat"]  # fmt: skip
        self.wrong = set(Random(now.day).sample(sorted(ready_), min(10, len(ready_))))
        assert self.wrong
        await self.hand_in([(case, Move(now, 4) if case.number in self.wrong else move) for case, move in rows])

    async def hand_in(self, rows: list[tuple[Case, Move]], *, twice: bool = False, broken: bool = False) -> None:
        """By the command, as the desk does; whoever has a messenger looks her new dossier up at once."""
        file = write(self.folder / "hồ sơ.csv", rows, twice=twice)
        if broken:
            file.write_bytes(file.read_bytes()[: len(file.read_bytes()) // 3].replace("Mã hồ sơ".encode(), b"?"))
        said: list[str] = []
        code = await import_dossiers(self.town.app, {"file": str(file)}, said.append)
        assert code == (4 if broken else 3 if twice and rows else 0), said
        if broken:
            return
        self.oracle.list(rows, self.town.clock.now())
        await self.town.write(self.look_up)

    def look_up(self, db: Any) -> None:
        for row in db.execute(select(dossier.c.id, dossier.c.code_key).where(dossier.c.code.like("H99.77-%"))):
            case = self.by_code[row.code_key]
            if case.villager in self.citizens:
                links.put(db, 1, self.citizens[case.villager], row.id, self.town.clock.now(), proven=True)

    # --- the clerk ---

    async def tick_results(self) -> None:
        """Everything that has come lies at the counter."""
        now = self.town.clock.now()

        def tick(db: Any) -> list[str]:
            ids = ready.came(db, 1, 1000)
            known = [found for each in ids if (found := dossiers.get(db, 1, each)).code_key in self.by_code]
            ready.tick(db, 1, [each.id for each in known], self.clerk, now)
            return [each.code_key for each in known]

        for key in await self.town.write(tick):
            self.oracle.tick(self.by_code[key].number, now + MINUTE)

    async def recall(self) -> None:
        """Half of the results that seem to be worked on again were ticked by mistake; the others were not."""
        clerk = await officially(self.town)
        for number in sorted(self.wrong)[::2]:
            case = next(case for case in self.made if case.number == number)
            await clerk.says(f"/ketqua {case.code}")
            await clerk.taps("Thu hồi")
            self.oracle.recall(number)


# --- what came --------------------------------------------------------------------------------------------------------


REACHED, CALLED = {"sent", "delivered"}, "call"
NOBODY_CALLS = {"dossier-received", "dossier-returned"}
"""What whoever cannot be written to reads when she asks; nobody is called about it."""


def ledger(db: Any) -> dict[str, Counter[tuple[str, str]]]:
    """By dossier: each notice and how its delivery ended."""
    rows = db.execute(
        select(notice.c.kind, notice.c.about, delivery.c.state)
        .join(delivery, notice.c.id == delivery.c.notice_id)
        .where(notice.c.about.like("H99.77-%"))
    )
    found: dict[str, Counter[tuple[str, str]]] = {}
    for kind, about, state in rows:
        found.setdefault(about, Counter())[kind, "sent" if state in REACHED else state] += 1
    return found


def expected(one: Seen) -> Counter[tuple[str, str]]:
    """Each notice she should have got, and how: on her telephone, on the call list, or not at all."""
    ends: Counter[tuple[str, str]] = Counter()
    for told in one.told:
        rule = told.partition(":")[0]
        if one.case.who == "chat":
            ends[rule, "sent"] += 1
        elif rule in NOBODY_CALLS:
            ends[rule, "stopped" if one.case.who == "stopped" else "unreachable"] += 1
        else:
            ends[rule, "dropped" if told in one.untrue else CALLED] += 1
    return ends


def on_telephones(users: Iterable[User]) -> dict[str, list[datetime]]:
    """By dossier: when a telephone rang about it."""
    rang: dict[str, list[datetime]] = {}
    for user in users:
        for message in user.chat.sent:
            for code in codes.find(message.text):
                rang.setdefault(code, []).append(datetime.fromtimestamp(message.date, ZONE))
    return rang


async def chairmans_figures_agree(town: Town, oracle: Oracle) -> None:
    """What the Chairman reads of this month and the last is what the lists have told."""
    chairman = await officially(town, "Triệu Minh Khải")
    await chairman.says("/thongke")
    for month in ("02/2027", "01/2027"):
        judged = [on_time for when, on_time in oracle.finished.values() if when == month]
        chairman.sees(month, f"{sum(judged)}/{len(judged)}")
        await chairman.taps("01/2027")


async def test_half_a_year_every_villager_gets_exactly_what_she_should(
    request: pytest.FixtureRequest, databases: Databases, tmp_path: Path
) -> None:
    """2,000 dossiers: nothing is missing, nothing comes twice, at night or on a quiet day, and the ledger agrees."""
    clock = FixedClock(moment(FIRST, 6))
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(TelegramServer(now=lambda: clock.now().timestamp()))
        await databases.fresh("sqlite", tmp_path / "data")
        made_settings = settings(
            tmp_path / "data", "", TELEGRAM_BOT_TOKEN=server.token, TELEGRAM_API_URL=server.url, PUBLIC_URL=PUBLIC
        )
        town = await stack.enter_async_context(running_town(made_settings, clock, telegram=server))
        commune = town.app.place.commune
        count = WHOLE if request.config.getoption("all") else SMALL
        made = cases(commune, count, count // 5, SEED)
        oracle = Oracle(commune)
        year = HalfYear(town, oracle, made, tmp_path)
        await year.move_in()
        await year.play()
        found = await town.read(ledger)
        wrong = [
            f"{one.case.code} ({one.case.who}): {dict(expected(one))} but {dict(found.get(one.case.code, {}))}"
            for one in oracle.seen.values()
            if expected(one) != found.get(one.case.code, Counter())
        ]
        assert not wrong, f"{len(wrong)} of {len(oracle.seen)}\n" + "\n".join(wrong[:20])
        rang = on_telephones(year.telephones.values())
        for one in oracle.seen.values():
            told = sum(1 for _rule, end in expected(one).elements() if end == "sent")
            assert len(rang.get(one.case.code, [])) == told, one.case.code
        quiet = Calendar(commune).is_quiet
        assert [
            at for each in rang.values() for at in each if not OPENS <= at.time() < CLOSES or quiet(at.date())
        ] == []
        await chairmans_figures_agree(town, oracle)
        print(Counter(rule for one in oracle.seen.values() for rule, _end in expected(one).elements()))
