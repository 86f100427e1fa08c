"""Officials are told of dossiers that come due (A04): one message each morning to each officer, the head, the clerks.

Whatever comes due later in the day, from a new list, is told within a quarter of an hour, again in one message. With
the last of the warnings, and when a date has passed, the head is told, too, with the officers' names and what they have
answered. A name in the list that nobody bears goes to the clerks (L21).
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from bot import duty
from bot.calendar import Calendar
from bot.routes import Routes, Start
from bot.settings import ZONE
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from handlers.one_stop.deadlines import office_hours, warn_days
from messages.reply import Button, Reply, Text, _, lines
from messages.statuses import STATUSES, shown
from storage import deadlines as stored
from storage import dossiers
from storage.deadlines import PASSED, Warning
from storage.officials import Official

routes = Routes()

LISTED = 8
"""Dossiers named one by one, and buttons, in one message to an officer."""
LISTED_TO_HEADS = 20


@routes.tick("due-warnings", every=timedelta(minutes=15))
def warn(work: Work) -> None:
    """One message to each officer for all that has come due of his, one to the head, one to the clerks."""
    if not office_hours(work):
        return
    stored.drop_over(work.db, work.commune_id, work.now)
    counts = dict(stored.untold_officers(work.db, work.commune_id))
    if not counts:
        return
    _tell_heads(work)
    theirs: dict[int, tuple[Official, list[str]]] = {}
    nobodys: list[str] = []
    for name in counts:
        official = duty.in_charge(work, name)
        if official is None:
            nobodys.append(name)
        else:
            theirs.setdefault(official.id, (official, []))[1].append(name)
    for official, names in theirs.values():
        _tell_officer(work, official, names, sum(counts[name] for name in names))
    if nobodys:
        _tell_clerks(work, nobodys, counts)


def _tell_officer(work: Work, official: Official, names: list[str], count: int) -> None:
    found = stored.untold(work.db, work.commune_id, LISTED, names)
    stored.told(work.db, work.commune_id, work.now, names, official.id)
    head = _("{count} dossiers with you are coming due or are late.", count=count)
    named = _numbered([_line(work, each) for each in found], count)
    ask = _("Will they be done in time? If not, please ask for a new date before the date has passed: /luingay")
    duty.tell(work, [official], Reply(head, named, ask, buttons=_buttons(found)))


def _tell_clerks(work: Work, names: list[str], counts: dict[str, int]) -> None:
    found = stored.untold(work.db, work.commune_id, LISTED, names)
    stored.told(work.db, work.commune_id, work.now, names)
    unknown = [_("{name}: {count} dossiers", name=each or "—", count=counts[each]) for each in names[:LISTED_TO_HEADS]]
    head = _("These dossiers are coming due or are late, and nobody invited here bears the name of their officer.")
    listed = _numbered([_line(work, each) for each in found], sum(counts[each] for each in names))
    ask = _("Please tell whoever has them, and invite him here or tie his name to somebody.")
    duty.tell(work, duty.clerks(work), Reply(head, lines(*unknown), listed, ask, buttons=_buttons(found)))


def _tell_heads(work: Work) -> None:
    last = len(warn_days(work))
    told: list[Text] = []
    counts = stored.count_untold(work.db, work.commune_id, (last, PASSED))
    over, next_ = counts.get(PASSED, 0), counts.get(last, 0)
    heads = {
        PASSED: _("The date of {count} dossiers has passed. Who handed them in is told today.", count=over),
        last: _("{count} dossiers come due next.", count=next_),
    }
    for stage, head in heads.items():
        if counts.get(stage):
            found = stored.untold(work.db, work.commune_id, LISTED_TO_HEADS, stages=(stage,))
            told.append(lines(head, *_listed([_for_head(work, each) for each in found], counts[stage])))
    if told:
        duty.tell(work, duty.heads(work), Reply(*told))


def _numbered(found: Sequence[Text], count: int) -> Text:
    first, *rest = _listed(found, count)
    return lines(first, *rest)


def _listed(found: Sequence[Text], count: int) -> list[Text]:
    more = [_("… and {count} more.", count=count - len(found))] if count > len(found) else []
    return [*found, *more]


def _for_head(work: Work, each: Warning) -> Text:
    line = _("{line} Officer: {officer}.", line=_line(work, each), officer=each.officer or "—")
    return _("{line} He says it will be done.", line=line) if each.answer else line


def _line(work: Work, each: Warning) -> Text:
    """One dossier: its code, its date, and how many working days that is from today."""
    calendar, today = Calendar(work.commune), work.now.astimezone(ZONE).date()
    left = calendar.working_days_between(today, calendar.working_days_before(each.deadline, 0))
    when = shown(each.deadline)
    if left < 0:
        return _("{code}: {count} working days late; it was due {when}.", code=each.code, count=-left, when=when)
    if left == 0:
        return _("{code}: due today, {when}.", code=each.code, when=when)
    return _("{code}: {count} working days left, due {when}.", code=each.code, count=left, when=when)


def _buttons(found: Iterable[Warning]) -> tuple[Button, ...]:
    """Both answers for a few dossiers; of more than fit only the one that has to be given early."""
    found = list(found)
    few = len(found) * 2 <= LISTED
    made = []
    for each in found:
        short = each.code.partition("-")[2] or each.code
        if few:
            made.append(Button(_("In time: {code}", code=short), str(RouteToken("due-ok", (each.code_key,)))))
        made.append(Button(_("New date: {code}", code=short), str(RouteToken("due-late", (each.code_key,)))))
    return tuple(made)


@routes.tap("due-ok", role="official")
def in_time(turn: Turn, code_key: str = "") -> Reply:
    """ "It will be done": the head sees that at the next stage."""
    found = dossiers.by_code(turn.db, turn.commune_id, code_key)
    if found is None:
        return Reply(_("That dossier is not in the list any more."))
    if not STATUSES[found.status].running or found.deadline is None:
        return Reply(
            _(
                "Dossier {code} is not being worked on now: {status}.",
                code=found.code,
                status=STATUSES[found.status].label,
            )
        )
    stored.will_be_done(turn.db, turn.commune_id, found.id)
    return Reply(
        _("Noted: dossier {code} will be done by {when}. Thank you.", code=found.code, when=shown(found.deadline))
    )


@routes.tap("due-late", role="official")
def will_be_late(turn: Turn, code_key: str = "") -> Start:
    """It will be late: reason and new date."""
    return Start("postpone", code=code_key)
