"""The office's morning: what is due, late, waiting or lost, in one message without anybody's personal words (A04, L04).

It comes to the shared chats at `summary_at` of each working day, and to whoever sends /tomtat. After an outage it still
comes until noon (or four hours after its time, if that is later); after that the day is half over, and it is dropped.
Each line unfolds by a tap. Figures: `storage.figures`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from bot import duty
from bot.calendar import Calendar
from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from messages import codes
from messages import dossiers as words
from messages.render import ZONE
from messages.reply import Button, Msg, Reply, Text, _, lines
from messages.statuses import STATUSES, shown
from storage import absences, approvals, call_list, cases, figures, imports, officials, ready, refusals
from storage.cases import case_file
from storage.figures import Line

routes = Routes()
SHOWN = 8
STALE = 2
"""Working days without an import after which the age of the data is a warning (L04)."""
LOST = timedelta(days=14)
"""For how long a notice that is uncertain or reached nobody is told of."""
FRIENDLY = _("Nothing is due, late or waiting this morning. Have a good day.")


@dataclass(frozen=True)
class Section:
    """One line of the summary. label: of its button, if it has one. unfold: (code of a dossier or "", words) from the
    offset on; token: what unfolds it instead.
    """

    name: str
    count: Callable[[Work], int]
    line: Callable[[Work, int], Text]
    label: Msg | None = None
    unfold: Callable[[Work, int], list[tuple[str, Text]]] = lambda work, offset: []
    token: str = ""


# --- moments ----------------------------------------------------------------------------------------------------------


def _midnight(work: Work) -> datetime:
    """The first moment of tomorrow."""
    return datetime.combine(words.today(work.now) + timedelta(days=1), time(), ZONE)


def _soon(work: Work) -> datetime:
    """The end of the last day that is due soon."""
    days = max(work.commune.dossiers.warn_days, default=1)
    return Calendar(work.commune).after_working_days(work.now, days) + timedelta(seconds=1)


def _unmoved_since(work: Work) -> datetime:
    day = Calendar(work.commune).working_days_before(work.now, work.commune.dossiers.stuck_days)
    return datetime.combine(day, time(), ZONE)


# --- what is counted, and how it unfolds ------------------------------------------------------------------------------


def dossier_line(each: Line) -> Msg:
    """A dossier in a list for officials: code, state, date, officer; nobody's name but the officer's."""
    plain, officer = STATUSES[each.status].plain, each.officer or _("no officer named")
    if each.deadline is None:
        return _("{code}: {status}. {officer}", code=each.code, status=plain, officer=officer)
    due = shown(each.deadline)
    return _("{code}: {status}, due {when}. {officer}", code=each.code, status=plain, when=due, officer=officer)


def _due(work: Work, since: datetime | None, until: datetime, offset: int) -> list[tuple[str, Text]]:
    found = figures.due(work.db, work.commune_id, since, until, SHOWN, offset)
    return [(each.code, dossier_line(each)) for each in found]


def _late_line(work: Work, count: int) -> Text:
    calendar, today = Calendar(work.commune), words.today(work.now)
    told: list[Text] = []
    for each in figures.late_by_officer(work.db, work.commune_id, work.now, SHOWN):
        days = max(calendar.working_days_between(words.today(each.worst), today), 0)
        officer = each.officer or _("no officer named")
        told.append(
            _("– {officer}: {count}, at most {days} working days", officer=officer, count=each.count, days=days)
        )
    return lines(_("Late: {count}.", count=count), *told)


def _lost(work: Work, offset: int) -> list[tuple[str, Text]]:
    states = {"uncertain": _("it is uncertain whether it arrived"), "unreachable": _("it reached nobody")}
    found = figures.lost(work.db, work.commune_id, work.now - LOST, SHOWN, offset)
    return [(each.about, _("{code}: {state}, {when}.", code=each.about, state=states[each.state], when=each.at))
            for each in found]  # fmt: skip


def _stuck(work: Work, offset: int) -> list[tuple[str, Text]]:
    found = figures.unmoved(work.db, work.commune_id, _unmoved_since(work), SHOWN, offset)
    return [
        (each.code, _("{line} Nothing new since {day}.", line=dossier_line(each), day=words.today(each.changed_at)))
        for each in found
    ]


def _names(work: Work, offset: int) -> list[tuple[str, Text]]:
    found = duty.unmatched_names(work)[offset : offset + SHOWN]
    return [("", _("“{name}”: {count} dossiers", name=each.name, count=each.dossiers)) for each in found]


_OPEN = (case_file.c.lane == "office", case_file.c.state == cases.OPEN)
"""Reports that every official may read; what is past the counter is told to its readers alone (A19)."""


def _late_cases(work: Work) -> int:
    return cases.count(work.db, work.commune_id, *_OPEN, case_file.c.due_at <= work.now)


SECTIONS: tuple[Section, ...] = (
    Section(
        "today", lambda work: figures.due_count(work.db, work.commune_id, work.now, _midnight(work)),
        lambda work, count: _("Due today: {count}.", count=count), _("Due today"),
        lambda work, offset: _due(work, work.now, _midnight(work), offset),
    ),
    Section(
        "soon", lambda work: figures.due_count(work.db, work.commune_id, _midnight(work), _soon(work)),
        lambda work, count: _("Due by {day}: {count}.", day=words.today(_soon(work) - timedelta(hours=1)), count=count),
        _("Due soon"), lambda work, offset: _due(work, _midnight(work), _soon(work), offset),
    ),
    Section(
        "late", lambda work: figures.due_count(work.db, work.commune_id, None, work.now), _late_line, _("Late"),
        lambda work, offset: _due(work, None, work.now, offset),
    ),
    Section(
        "ready", lambda work: ready.count(work.db, work.commune_id),
        lambda work, count: _("Results nobody has ticked as lying at the counter: {count}.", count=count),
        _("Results to tick"), token=str(RouteToken("ready-list")),
    ),
    Section(
        "approvals", lambda work: approvals.count(work.db, work.commune_id),
        lambda work, count: _("Letters waiting for approval: {count}.", count=count), _("Letters"),
        token=str(RouteToken("approvals")),
    ),
    Section(
        "cases", lambda work: cases.count(work.db, work.commune_id, *_OPEN),
        lambda work, count: _("Reports from people: {count} open, {late} late.", count=count, late=_late_cases(work)),
        _("Reports"), token=str(RouteToken("queue-all")),
    ),
    Section(
        "refusals", lambda work: len(refusals.pending(work.db, work.commune_id)),
        lambda work, count: _("Refusals waiting for the Chairman: {count}.", count=count), _("Refusals"),
        token=str(RouteToken("refusals")),
    ),
    Section(
        "lost", lambda work: figures.lost_count(work.db, work.commune_id, work.now - LOST),
        lambda work, count: _("Notices that are uncertain or reached nobody: {count}.", count=count),
        _("Lost notices"), _lost,
    ),
    Section(
        "answers", lambda work: figures.unsent_answers(work.db, work.commune_id),
        lambda work, count: _("Answers that did not leave: {count}. Please tell the operator.", count=count),
    ),
    Section(
        "calls", lambda work: call_list.count(work.db, work.commune_id),
        lambda work, count: _("People to be called: {count}, see /danhsachgoi.", count=count),
    ),
    Section(
        "stuck", lambda work: figures.unmoved_count(work.db, work.commune_id, _unmoved_since(work)),
        lambda work, count: _("Without any news for {days} working days: {count}.",
                              days=work.commune.dossiers.stuck_days, count=count),
        _("Without news"), _stuck,
    ),
    Section(
        "names", lambda work: len(duty.unmatched(work)),
        lambda work, count: _("Officers of the file who are not invited: {count}. Please invite them with /moi.",
                              count=count), _("Officers"), _names,
    ),
)  # fmt: skip
BY_NAME = {each.name: each for each in SECTIONS}


# --- the summary ------------------------------------------------------------------------------------------------------


def summary(work: Work) -> Reply:
    """What there is to say this morning; one friendly line when there is nothing."""
    counted = [(each, each.count(work)) for each in SECTIONS]
    told = [(each, count) for each, count in counted if count]
    said: list[Text] = [each.line(work, count) for each, count in told] or [FRIENDLY]
    taps = [(each.label, each.token or str(_token(each.name, 0))) for each, _count in told]
    buttons = tuple(Button(label, token) for label, token in taps if label is not None)
    return Reply(_("Summary of {day}", day=words.today(work.now)), *said, *_away(work), _age(work), buttons=buttons)


def _token(name: str, offset: int) -> RouteToken:
    return RouteToken("summary", (name, str(offset)))


def _away(work: Work) -> list[Text]:
    """Who is away, and who acts."""
    people = {each.id: each for each in officials.active(work.db, work.commune_id)}
    here = absences.current(work.db, work.commune_id, work.now)
    away = [people[each.official_id] for each in here if each.official_id in people]
    told = [
        _("{name} (in his place {acting})", name=each.name, acting=duty.standing_in(work, each).name) for each in away
    ]
    return [lines(_("Away today:"), *told)] if told else []


def _age(work: Work) -> Msg:
    as_of = imports.data_age(work.db, work.commune_id)
    stale = as_of is not None and Calendar(work.commune).full_working_days(as_of, work.now) >= STALE
    if as_of is None or not stale:
        return words.age(as_of, False)
    return _("The newest data are of {when}. Please send today's list.", when=as_of)


@routes.command("/tomtat", words=("tóm tắt", "tóm tắt buổi sáng"), role="official")
def on_demand(turn: Turn, rest: str = "") -> Reply:
    """The same, whenever an official asks."""
    return summary(turn)


@routes.tap("summary", role="official")
def unfold(turn: Turn, name: str = "", offset: str = "0") -> Reply:
    """What stands behind one line, some at a time; without a name the summary itself."""
    section = BY_NAME.get(name)
    if section is None:
        return summary(turn)
    start = int(offset) if offset.isdecimal() and len(offset) < 9 else 0
    found, count = section.unfold(turn, start), section.count(turn)
    if not found:
        return Reply(_("Nothing is left here. Thank you."))
    more = []
    if start + SHOWN < count:
        more = [Button(_("The next ones"), str(_token(name, start + SHOWN)))]
    ties = [
        Button(_("Who is “{name}”?", name=each.name), str(RouteToken("officer", (str(each.id),))))
        for each in (duty.unmatched_names(turn)[start : start + SHOWN] if name == "names" else ())
    ]
    head = section.line(turn, count) if name != "late" else _("Late: {count}.", count=count)
    opens = [Button(code, str(RouteToken("trail", (codes.key(code),)))) for code, _line in found if codes.find(code)]
    return Reply(lines(head, *(line for _code, line in found)), buttons=(*ties, *opens, *more))


@routes.tick("summary", every=timedelta(minutes=5))
def morning(work: Work) -> None:
    """Once on each working day."""
    local, at = work.now.astimezone(ZONE), work.commune.dossiers.summary_at
    begins = datetime.combine(local.date(), at, ZONE)
    ends = max(begins + timedelta(hours=4), datetime.combine(local.date(), time(12), ZONE))
    if not begins <= local < ends or not Calendar(work.commune).is_working_day(local.date()):
        return
    if figures.told_once(work.db, work.commune_id, "morning", local.date().isoformat(), work.now):
        work.send_office(summary(work), supersedes="summary")
