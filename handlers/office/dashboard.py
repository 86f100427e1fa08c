"""A month in figures (A20): what came, what was finished and how much of it in time, what people were told.

/thongke shows this month or the last. The Chairman, the clerks and whoever approves see the whole commune; another
official sees the dossiers in his own name. "In time" was written down when a dossier was finished, against the deadline
it had then (`storage.figures`). Each figure unfolds into the codes behind it. On the first working morning of a month
the head gets the month before; after three days that is stale and is not sent any more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot import duty
from bot.calendar import Calendar
from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from handlers.office.summary import dossier_line
from messages import dossiers as words
from messages.render import ZONE
from messages.reply import Button, Msg, Reply, Text, _, lines
from storage import figures
from storage.figures import Line, Month

routes = Routes()
SHOWN = 8
STALE = timedelta(days=3)
APOLOGIES = ("dossier-late", "dossier-missed")
POSTPONED = ("dossier-late",)
LETTERS = ("letter",)
STATES: Mapping[str, Msg] = {
    "delivered": _("has it"), "sent": _("sent"), "called": _("called by telephone"), "sending": _("under way"),
    "waiting": _("still to be sent"), "call": _("on the call list"), "uncertain": _("uncertain"),
    "unreachable": _("no way left"), "stopped": _("wants no such messages"), "dropped": _("taken back or too late"),
    "erased": _("asked to be forgotten"),
}  # fmt: skip
"""Of a delivery (`storage.notices`), as officials read it."""


# --- months -----------------------------------------------------------------------------------------------------------


def month_of(day: date) -> Month:
    """The month of a day in Việt Nam."""
    first = day.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return Month(f"{first:%Y-%m}", datetime.combine(first, time(), ZONE), datetime.combine(after, time(), ZONE))


def _before(month: Month) -> Month:
    return month_of((month.since - timedelta(days=1)).date())


def _named(name: str, now: datetime) -> Month:
    """This month, or the one before it; nothing else is offered."""
    current = month_of(words.today(now))
    return _before(current) if name == _before(current).name else current


# --- the report -------------------------------------------------------------------------------------------------------


def report(work: Work, month: Month, officers: list[str] | None) -> Reply:
    """A month; officers: the names of the file it is about, None for the whole commune."""
    db, commune = work.db, work.commune_id
    done = figures.finished(db, commune, month, officers)
    told: list[Text] = [
        _("Received: {count}.", count=figures.received_count(db, commune, month, officers)),
        lines(_("Finished: {count}.", count=done.total), _rate(done.on_time, done.late)),
    ]
    if done.undated:
        told.append(_("Finished without a date: {count}; they count neither way.", count=done.undated))
    if month.since <= work.now < month.until:
        told.append(_("Late now: {count}.", count=figures.due_count(db, commune, None, work.now, officers)))
    told.append(_papers(work, month, officers))
    told += _messages(work, month) if officers is None else []
    title = _("Figures of month {month}", month=f"{month.since:%m/%Y}")
    whose = [] if officers is None else [_("Of the dossiers in your name.")]
    return Reply(title, *whose, *told, buttons=(*_unfolding(month, officers), _other(work, month)))


def _rate(on_time: int, late: int) -> Msg:
    """Numerator, denominator and percent; of nothing no rate is made."""
    all_ = on_time + late
    if not all_:
        return _("In time: not enough dossiers to judge.")
    percent = f"{100 * on_time / all_:.1f}".replace(".", ",")
    return _(
        "In time: {on_time}/{all}, {percent}%. Late: {late}.", on_time=on_time, all=all_, percent=percent, late=late
    )


def _papers(work: Work, month: Month, officers: list[str] | None) -> Text:
    """How often people were asked for more papers, and where that was most."""
    db, commune = work.db, work.commune_id
    count = figures.papers_count(db, commune, month, officers)
    told: list[Text] = []
    if count:
        for name, many in figures.papers(db, commune, month, "procedure_name", officers=officers):
            private = work.commune.is_private("", name)
            what: Text = _("a private procedure") if private else name or _("no procedure named")
            told.append(_("– {what}: {count}", what=what, count=many))
        for name, many in figures.papers(db, commune, month, "officer", officers=officers):
            told.append(_("– {what}: {count}", what=name or _("no officer named"), count=many))
    return lines(_("More papers were asked for: {count}.", count=count), *told)


def _messages(work: Work, month: Month) -> list[Text]:
    made = figures.notices_made(work.db, work.commune_id, month)
    states = figures.notice_states(work.db, work.commune_id, month)
    shown = [_("– {what}: {count}", what=STATES[each], count=states[each]) for each in STATES if states.get(each)]
    return [
        _("New dates told: {count}. Apologies: {apologies}. Letters: {letters}.",
          count=_of(made, POSTPONED), apologies=_of(made, APOLOGIES), letters=_of(made, LETTERS)),
        lines(_("People told of something: {count}.", count=sum(states.values())), *shown),
        _("How satisfied people were: /danhgia"),
    ]  # fmt: skip


def _of(made: Mapping[str, int], kinds: tuple[str, ...]) -> int:
    return sum(made.get(kind, 0) for kind in kinds)


# --- what stands behind a figure --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figure:
    """A figure that unfolds: the label of its button, and a page of the dossiers behind it."""

    label: Msg
    page: Callable[[Work, Month, int, list[str] | None], list[Line]]


def _of_ledger(kind: str, on_time: bool | None) -> Callable[[Work, Month, int, list[str] | None], list[Line]]:
    return lambda work, month, at, officers: figures.noted(
        work.db, work.commune_id, kind, month, SHOWN + 1, at, officers, on_time
    )


FIGURES: Mapping[str, Figure] = {
    "received": Figure(_("Received"), lambda work, month, at, officers: figures.received(
        work.db, work.commune_id, month, SHOWN + 1, at, officers)),
    "ontime": Figure(_("In time"), _of_ledger("finished", True)),
    "late": Figure(_("Finished late"), _of_ledger("finished", False)),
    "now": Figure(_("Late now"), lambda work, month, at, officers: figures.due(
        work.db, work.commune_id, None, work.now, SHOWN + 1, at, officers)),
    "papers": Figure(_("More papers"), _of_ledger("papers", None)),
}  # fmt: skip
NOTICES: Mapping[str, tuple[Msg, tuple[str, ...]]] = {
    "dates": (_("New dates"), POSTPONED), "sorry": (_("Apologies"), APOLOGIES), "letters": (_("Letters"), LETTERS),
}  # fmt: skip


def _unfolding(month: Month, officers: list[str] | None) -> list[Button]:
    labels = {name: each.label for name, each in FIGURES.items()}
    if officers is None:
        labels |= {name: label for name, (label, _kinds) in NOTICES.items()}
    return [Button(label, str(RouteToken("figure", (month.name, name, "0")))) for name, label in labels.items()]


def _other(work: Work, month: Month) -> Button:
    current = month_of(words.today(work.now))
    other = _before(current) if month == current else current
    label = _("Month {month}", month=f"{other.since:%m/%Y}")
    return Button(label, str(RouteToken("figures", (other.name,))))


@routes.tap("figure", role="official")
def unfold(turn: Turn, month: str = "", name: str = "", offset: str = "0") -> Reply:
    """The dossiers behind one figure, some at a time; codes, never names."""
    start, officers = int(offset) if offset.isdecimal() and len(offset) < 9 else 0, _officers(turn)
    named = _named(month, turn.now)
    found: list[Text]
    if name in FIGURES:
        label = FIGURES[name].label
        found = [dossier_line(each) for each in FIGURES[name].page(turn, named, start, officers)]
    elif name in NOTICES and officers is None:
        label, kinds = NOTICES[name]
        told = figures.notice_codes(turn.db, turn.commune_id, named, kinds, SHOWN + 1, start)
        found = [_("{code}, {when}", code=code or "–", when=at) for code, at in told]
    else:
        return figures_of(turn, month)
    back = Button(_("Back to the figures"), str(RouteToken("figures", (named.name,))))
    if not found:
        return Reply(_("Nothing is left here. Thank you."), buttons=(back,))
    next_ = RouteToken("figure", (named.name, name, str(start + SHOWN)))
    more = [Button(_("The next ones"), str(next_))] if len(found) > SHOWN else []
    return Reply(lines(label, *found[:SHOWN]), buttons=(*more, back))


# --- who sees it ------------------------------------------------------------------------------------------------------


@routes.command("/thongke", words=("thống kê", "báo cáo tháng"), role="official")
def this_month(turn: Turn, rest: str = "") -> Reply:
    """This month so far."""
    return report(turn, month_of(words.today(turn.now)), _officers(turn))


@routes.tap("figures", role="official")
def figures_of(turn: Turn, month: str = "") -> Reply:
    """One of the two months that are offered."""
    return report(turn, _named(month, turn.now), _officers(turn))


def _officers(turn: Turn) -> list[str] | None:
    """None for who sees the whole; the names of the file that mean him for everybody else."""
    whole = any(turn.allows(each) for each in ("chairman", "clerk", "approve"))
    heads = {each.id for each in duty.heads(turn)}
    if turn.official is None or whole or turn.official.id in heads:
        return None
    return duty.names_of(turn, turn.official)


@routes.tick("figures", every=timedelta(minutes=15))
def first_of_the_month(work: Work) -> None:
    """The head gets the month before, on its first working morning."""
    local = work.now.astimezone(ZONE)
    month, calendar = month_of(local.date()), Calendar(work.commune)
    first = month.since.date()
    while not calendar.is_working_day(first):
        first += timedelta(days=1)
    begins = datetime.combine(first, work.commune.dossiers.summary_at, ZONE)
    if not begins <= local < begins + STALE or not calendar.open_at(local):
        return
    if figures.told_once(work.db, work.commune_id, "month", month.name, work.now):
        duty.tell(work, duty.heads(work), report(work, _before(month), None))
