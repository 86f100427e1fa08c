"""What the clock does for cases (B10): reminders, the head, the Chairman; an honest word when it is late.

Whoever has a case is reminded when half of its time is over, and with the clerks on its last day; on the next working
day the head is told, a working day later the Chairman personally. All that one person has to know stands in one
message. What was missed in an outage is not repeated: only where each case stands now is told.

In office hours alone, and never on quiet days (L26); of an urgent case also in the evening and on days off. Cases that
only some may read (A19, L32) are told to those, on a messenger as a number. The next working morning after its
deadline she who reported is told the truth, once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from bot import case_access, case_cards, case_news, duty
from bot.calendar import END_OF_DAY, Calendar
from bot.routes import Routes
from bot.settings import ZONE
from bot.tokens import RouteToken
from bot.turn import OFFICE_ACCOUNT, Work
from messages.cases import code
from messages.reply import Button, Reply, Text, _, lines
from storage import case_clock, cases, officials
from storage.case_clock import Due
from storage.cases import Case
from storage.officials import Official

routes = Routes()

HALF, LAST_DAY, LATE, LATER = range(4)
"""Where a case stands: half of its time is over, its last day, a working day late, more than one."""
LISTED = 8
"""Cases named one by one in a message, and their buttons."""
SLICE = 100
SHOWN_AGAIN = 10
"""Cards posted anew at once, when whoever had the cases has left; the shared chat is not flooded."""
WAKES, SLEEPS = 7, 21
"""Between these hours urgent cases are told of on any day."""


@routes.tick("cases", every=timedelta(minutes=15))
def watch(work: Work) -> None:
    """Reminders, honest words, and what somebody left behind who is not here any more."""
    if working(work):
        _give_back(work)
        work.again = _admit(work) >= SLICE
    _remind(work)


def working(work: Work) -> bool:
    """Whether people may be written to unasked: the office is open, and it is no quiet day."""
    calendar, today = Calendar(work.commune), _today(work)
    return calendar.is_working_day(today) and calendar.open_at(work.now) and not calendar.is_quiet(today)


def _today(work: Work) -> date:
    return work.now.astimezone(ZONE).date()


# --- where a case stands ----------------------------------------------------------------------------------------------


def stage_of(work: Work, due_at: datetime) -> int:
    """Where a case with this deadline stands today; a deadline on a day off counts as on the next working day."""
    over = days_over(work, due_at)
    if over < 0:
        return HALF
    return min(LAST_DAY + over, LATER)


def days_over(work: Work, due_at: datetime) -> int:
    """Working days since the last day of a case; less than 0: it has not come."""
    calendar, today = Calendar(work.commune), _today(work)
    last = calendar.working_days_before(due_at, 0)
    return -1 if today < last else calendar.working_days_between(last, today)


def _next(work: Work, due_at: datetime, stage: int) -> datetime | None:
    """When a case that stands at `stage` comes to the next one: a working morning."""
    calendar = Calendar(work.commune)
    if stage >= LATER:
        return None
    morning = datetime.combine(calendar.working_days_before(due_at, 0), time(), ZONE)
    for _day in range(stage):
        morning = calendar.after_working_days(morning, 1).replace(hour=0, minute=0, second=0)
    return calendar.next_working_morning(morning)


# --- reminders --------------------------------------------------------------------------------------------------------


@dataclass
class _Told:
    """What one person has to know."""

    person: Official
    groups: list[Due] = field(default_factory=list)


def _remind(work: Work) -> None:
    """One message to each person, one to the shared chats for what nobody has."""
    told, nobodys = dict[int, _Told](), list[Due]()
    for group in case_clock.due(work.db, work.commune_id, work.now):
        if not _may_tell(work, group):
            continue
        stage = stage_of(work, group.due_at)
        people = _people(work, group, stage)
        for person in people:
            told.setdefault(person.id, _Told(person)).groups.append(group)
        if not people and group.reminded <= stage:
            nobodys.append(group)
    for each in told.values():
        _tell(work, each.person, each.groups)
    if nobodys:
        _tell_office(work, nobodys)
    _mark(work)


def _may_tell(work: Work, group: Due) -> bool:
    return working(work) or (group.urgent and WAKES <= work.now.astimezone(ZONE).hour < SLEEPS)


def _mark(work: Work) -> None:
    """Where each group stands now; what stands where it did, its deadline having been moved, is told to nobody."""
    for group in case_clock.due(work.db, work.commune_id, work.now):
        if not _may_tell(work, group):
            continue
        stage = stage_of(work, group.due_at)
        end = stage == LATE and _chairmen_are_heads(work, group)
        next_at = None if end else _next(work, group.due_at, stage)
        reached = LATER + 1 if end else stage + 1
        told = group.reminded <= stage
        case_clock.reminded(work.db, work.commune_id, work.now, group, reached, next_at, told=told)


def _people(work: Work, group: Due, stage: int) -> list[Official]:
    """Who has to know of a group that has come to `stage`: everybody whose turn it was since the last reminder."""
    if group.reminded > stage:
        return []
    if group.lane == "receiver":
        return case_access.readers_of(work, "receiver") or case_access.readers_of(work, "leader")
    if group.lane == "leader":
        holder = _holder(work, group)
        heads = case_access.readers_of(work, "leader") if holder is None or stage > HALF else []
        return _once([*([holder] if holder else []), *heads])
    found: list[Official] = []
    if group.reminded <= LAST_DAY and (holder := _holder(work, group)) is not None:
        found.append(duty.standing_in(work, holder))
    if stage >= LAST_DAY >= group.reminded:
        found += duty.clerks(work)
    if stage >= LATE >= group.reminded:
        found += duty.heads(work)
    if stage >= LATER >= group.reminded:
        found += _chairmen(work)
    return _once(found)


def _once(people: Sequence[Official]) -> list[Official]:
    return list({each.id: each for each in people}.values())


def _holder(work: Work, group: Due) -> Official | None:
    return next((each for each in officials.active(work.db, work.commune_id) if each.id == group.taken_by), None)


def _chairmen(work: Work) -> list[Official]:
    return [each for each in officials.active(work.db, work.commune_id) if each.role == "chairman"]


def _chairmen_are_heads(work: Work, group: Due) -> bool:
    """The head who has been told is the Chairman himself: he is told once, with the days."""
    heads = {each.id for each in duty.heads(work)}
    return group.lane != "office" or {each.id for each in _chairmen(work)} <= heads


# --- what they are told -----------------------------------------------------------------------------------------------


def _tell(work: Work, person: Official, groups: list[Due]) -> None:
    """One message for all of it: at /office with what he may read, on a messenger without what is not for all."""
    found = case_clock.first(work.db, work.commune_id, work.now, groups, LISTED)
    count = sum(each.count for each in groups)
    for to in duty.chats(work, person):
        at_desk = to.account == OFFICE_ACCOUNT
        shown = [
            each for each in found if case_access.may_read(work, person, each) and (at_desk or each.lane == "office")
        ]
        work.send(to, _reminder(work, shown, count, person))


def _tell_office(work: Work, groups: list[Due]) -> None:
    found = case_clock.first(work.db, work.commune_id, work.now, groups, LISTED)
    work.send_office(_reminder(work, found, sum(each.count for each in groups), None))


def _reminder(work: Work, shown: list[Case], count: int, person: Official | None) -> Reply:
    head = (
        _("{count} reports are with nobody, and their time is running out.", count=count)
        if person is None
        else _("{count} reports from people wait, and their time is running out.", count=count)
    )
    told: list[Text] = [head]
    if shown:
        told.append(lines(*(_line(work, each, person) for each in shown)))
    if count > len(shown):
        rest = count - len(shown)
        more = (
            _("… and {count} more: /hangdoi", count=rest) if shown else _("Please open them at /office with /hangdoi.")
        )
        told.append(more)
    return Reply(*told, buttons=tuple(open_button(each) for each in shown))


def _line(work: Work, case: Case, person: Official | None) -> Text:
    line = when_due(work, case)
    if person is None or case.taken_by == person.id:
        return line
    holder = officials.get(work.db, work.commune_id, case.taken_by) if case.taken_by else None
    if holder is None:
        return _("{line} Nobody has it.", line=line)
    return _("{line} With {name}.", line=line, name=holder.name)


def when_due(work: Work, case: Case) -> Text:
    """One case as a line: what every official may see, and how its time stands."""
    line, over = named(case), days_over(work, case.due_at)
    if over < 0:
        return _("{line} Due {when}.", line=line, when=case.due_at.astimezone(ZONE).date())
    if over == 0:
        return _("{line} Due today.", line=line)
    return _("{line} {count} working days late.", line=line, count=over)


def named(case: Case) -> Text:
    """What every official may see of a case, and the neutral title somebody gave it."""
    header = case_cards.header(case)
    return _("{header} {title}.", header=header, title=case.title.rstrip(".")) if case.title else header


def open_button(case: Case) -> Button:
    """Opens one case."""
    return Button(_("Open {code}", code=code(case.number)), str(RouteToken("case-open", (str(case.id),))))


# --- an honest word ---------------------------------------------------------------------------------------------------


def _admit(work: Work) -> int:
    """The next working morning whoever reported, and whoever follows the same work, learns that it is late."""
    before = Calendar(work.commune).working_days_before(work.now, 1)
    found = case_clock.late(work.db, work.commune_id, datetime.combine(before, END_OF_DAY, ZONE), SLICE)
    for each in found:
        entry = cases.add(work.db, work.commune_id, each.id, "late", work.now)
        cases.change(work.db, work.commune_id, each.id, apologised_at=work.now)
        case_news.tell(work, each, entry)
    return len(found)


# --- whoever has left -------------------------------------------------------------------------------------------------


def _give_back(work: Work) -> None:
    """What a removed official had is the office's again; the clerks are told in one message."""
    left = cases.taken_by_removed(work.db, work.commune_id)
    for number, each in enumerate(left):
        cases.change(work.db, work.commune_id, each.id, taken_by=None)
        cases.add(work.db, work.commune_id, each.id, "released", work.now, official_id=each.taken_by)
        fresh = cases.get(work.db, work.commune_id, each.id)
        if number < SHOWN_AGAIN and fresh is not None:
            case_cards.show(work, fresh)
    if shared := [each for each in left if each.lane == "office"]:
        head = _("Whoever had {count} reports has left; nobody has them now.", count=len(shared))
        named = lines(*(when_due(work, each) for each in shared[:LISTED]))
        asks = _("Please take them, or hand them on.")
        buttons = tuple(open_button(each) for each in shared[:LISTED])
        duty.tell(work, duty.clerks(work) or duty.heads(work), Reply(head, named, asks, buttons=buttons))
