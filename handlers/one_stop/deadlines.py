"""Dossiers that come due (A04, A05): who has to be warned is noted, and when a date has passed the villager is told so.

Its stages are the commune's `warn_days`, working days before the deadline (`handlers.one_stop.due_warnings` tells
officials), and the end of its working day; a deadline on a day off counts as the next working day (BLDS 2015, Điều
148).

If nobody has acted, the next working morning the villager is told: an apology and the office that holds her dossier,
and no reason or date that nobody gave (A05); it is not called form 04 (L22). She is told although a letter waits for
approval, since the date has passed all the same; the letter follows. Once for each deadline, also after an outage. The
list may not know yet what was finished on the last day, so a list older than that day is waited for, but not past ten.
What was finished and runs again, its date long over, is mostly a wrong list: officials see it among the late ones, and
nobody is told by a machine that her result is not done.

While papers or a fee are awaited (5, 6) the clock stands still; then the deadline moves by the working hours that were
lost, unless the file has brought another due date itself.
"""

from datetime import datetime, time, timedelta

from bot import dossier_notices
from bot.calendar import END_OF_DAY, Calendar
from bot.routes import Routes
from bot.settings import ZONE
from bot.turn import Work
from handlers.one_stop import postponed
from messages.reply import Msg, _
from messages.statuses import STATUSES, shown
from storage import deadlines as stored
from storage import imports
from storage.deadlines import PASSED, Stage
from storage.dossier_events import Happening
from storage.dossiers import Dossier

routes = Routes()

PAUSED = (5, 6)
ENDED = (3, 7, 8, 9, 10)
HOURS_A_DAY = 8
"""Working hours a day is worth in every count of deadlines (`bot.calendar`)."""
AT_THE_LATEST = time(10)
"""Until when the morning waits for a list that knows how the last day of a dossier ended."""


# --- what has come due ------------------------------------------------------------------------------------------------


@routes.tick("due", every=timedelta(minutes=1))
def come_due(work: Work) -> None:
    """A slice of the dossiers that have come to a stage; in office hours of working days."""
    if office_hours(work):
        work.again = stored.check(work.db, work.commune_id, stages(work), work.now) >= stored.SLICE


def stages(work: Work) -> list[Stage]:
    """Until which deadline a dossier has now come to each stage: the same instants all day."""
    calendar = Calendar(work.commune)
    found = [
        Stage(number, calendar.after_working_days(work.now, days))
        for number, days in enumerate(warn_days(work), start=1)
    ]
    over = datetime.combine(calendar.working_days_before(work.now, 1), END_OF_DAY, ZONE)
    return [*found, Stage(PASSED, over)] if _knows_how_it_ended(work, over) else found


def warn_days(work: Work) -> list[int]:
    return sorted(set(work.commune.dossiers.warn_days), reverse=True)[1 - stored.MOST_STAGES :]


def _knows_how_it_ended(work: Work, over: datetime) -> bool:
    as_of = imports.data_age(work.db, work.commune_id)
    return (as_of is not None and as_of > over) or work.now.astimezone(ZONE).time() >= AT_THE_LATEST


def office_hours(work: Work) -> bool:
    calendar = Calendar(work.commune)
    return calendar.is_working_day(work.now.astimezone(ZONE).date()) and calendar.open_at(work.now)


def due(work: Work, found: Dossier, happening: Happening) -> None:
    """It has come to a stage: officials are to be told, and when its date has passed the villager is."""
    deadline = found.deadline
    if deadline is None or found.paused_at is not None or not STATUSES[found.status].running:
        return
    if happening.once != stored.once(happening.new, deadline) or found.warned != happening.new:  # moved meanwhile
        return
    stored.mark(work.db, work.commune_id, found.id, happening.new, deadline, work.now)
    if happening.new == PASSED:
        day = f"{deadline.astimezone(ZONE):%d/%m/%Y}"
        dossier_notices.tell(
            work, "dossier-missed", found, once=happening.once, first=missed(work, deadline), values={"day": day}
        )


def missed(work: Work, deadline: datetime) -> tuple[Msg, ...]:
    """What she is told when nobody has acted: only what is known."""
    return (
        _("{office} is sorry: your dossier was promised for {when}, and it is not done yet as far as our list tells.",
          office=work.commune.name, when=shown(deadline)),
        _("{office} holds it. The official who works on it has been reminded and will tell you the new date.",
          office=work.commune.name),
    )  # fmt: skip


# --- the clock stands still -------------------------------------------------------------------------------------------


def moved(work: Work, found: Dossier, happening: Happening) -> None:
    """Its status became another: the clock of a dossier that waits for papers or a fee stands still."""
    if not STATUSES[happening.new].running:
        postponed.over(work, found)
    elif happening.old in ENDED and found.deadline is not None and found.deadline < work.now:
        stored.late_before(work.db, work.commune_id, found.id)
    if happening.new in PAUSED:
        stored.pause(work.db, work.commune_id, found.id, found.due_at, happening.at)
    elif found.paused_at is not None:
        if STATUSES[happening.new].running:
            _make_up(work, found, found.paused_at, happening.at)
        stored.go_on(work.db, work.commune_id, found.id, happening.at)


def _make_up(work: Work, found: Dossier, since: datetime, until: datetime) -> None:
    same_due = stored.due_at_pause(work.db, work.commune_id, found.id, since) == found.due_at
    if found.deadline is not None and same_due and since < until:
        deadline = longer(Calendar(work.commune), found.deadline, since, until)
        stored.move(work.db, work.commune_id, found.id, deadline, work.now)


def longer(calendar: Calendar, deadline: datetime, since: datetime, until: datetime) -> datetime:
    """The deadline after a pause; one that is a day stays a whole day, of the days nearest to the hours lost."""
    hours = calendar.working_hours_between(since, until)
    if deadline.astimezone(ZONE).time().replace(microsecond=0) == END_OF_DAY:
        return calendar.after_working_days(deadline, int(hours / HOURS_A_DAY + 0.5))
    return calendar.add_working_hours(deadline, hours) if hours else deadline
