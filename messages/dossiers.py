"""The words about one dossier, without anybody's name: what stands in front of her, in the order she needs it.

Early and due are judged here by the dates, late in `messages.statuses`. Nothing is invented: where the file says
nothing, nothing is said.
"""

from datetime import date, datetime
from typing import Protocol

from messages.reply import Msg, Personal, Text, _, lines
from messages.statuses import STATUSES, ZONE, shown

RESULT_READY = 9
OVER = frozenset({3, 7, 8, 10})
"""States after which nothing will change and there is nothing to collect."""
PAUSED = frozenset({5, 6})
"""States in which papers or a fee are awaited, so that the office's clock stands still."""
AT_THE_COUNTER_SOON = _("The result is being brought to the counter. Please wait for our message before you come.")

NEAR = {
    "short": _("A digit seems to be missing at the end of the code."),
    "long": _("The code seems to have a digit too many."),
    "date": _("The six digits of the day in the code do not seem right."),
}


class Told(Protocol):
    """The part of storage.dossiers.Dossier that is told."""

    @property
    def code(self) -> str: ...
    @property
    def procedure_name(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def received_at(self) -> datetime | None: ...
    @property
    def due_at(self) -> datetime | None: ...
    @property
    def deadline(self) -> datetime | None: ...
    @property
    def paused_at(self) -> datetime | None: ...
    @property
    def officer(self) -> str: ...


def today(moment: datetime) -> date:
    """The day in Việt Nam."""
    return moment.astimezone(ZONE).date()


def until(dossier: Told) -> datetime | None:
    """Until when it has to be done: what the file says, moved by pauses and by an agreed new date."""
    return dossier.deadline or dossier.due_at


def title(dossier: Told, named: bool) -> Msg:
    """Its procedure and code; only the code when the procedure may not be named (L05) or nobody knows it."""
    if named and dossier.procedure_name:
        return _("Dossier {code}: {procedure}.", code=dossier.code, procedure=dossier.procedure_name)
    return _("Your dossier {code}.", code=dossier.code)


def promised(dossier: Told, moved: bool = False) -> list[Msg]:
    """The promised date as it stands now; `moved`: somebody has agreed to a new one."""
    due = until(dossier)
    if due is None:
        return []
    if moved and dossier.due_at is not None:
        return [_("New promised date: {when} (first: {before}).", when=shown(due), before=shown(dossier.due_at))]
    told = [_("Promised for: {when}.", when=shown(due))]
    if dossier.due_at is not None and due > dossier.due_at:
        told.append(_("The time of waiting for papers or a fee is not counted."))
    return told


def dates(dossier: Told, now: datetime, moved: bool = False) -> list[Msg]:
    """Received, promised, and how it stands to the promise as long as it is not late; or that its clock stands."""
    told = [_("Received: {when}.", when=shown(dossier.received_at))] if dossier.received_at else []
    told += promised(dossier, moved)
    if dossier.paused_at is not None and dossier.status in PAUSED:
        told.append(_("While this is awaited, the clock stands still."))
    due = until(dossier)
    if due is None:
        return told
    if dossier.status == RESULT_READY and now < due:
        told.append(_("The result is there before the promised date."))
    elif STATUSES[dossier.status].running and now <= due:
        due_today = today(due) == today(now)
        told.append(_("Today is the promised date.") if due_today else _("It is within its time."))
    return told


def short(dossier: Told, named: bool, now: datetime, place: Text, moved: bool = False) -> Text:
    """What a code alone may show: procedure, status in plain words, dates, where to collect."""
    status = _("Status: {status}.", status=STATUSES[dossier.status].plain)
    return lines(title(dossier, named), status, *dates(dossier, now, moved), *collect(dossier, place))


def brief(dossier: Told, named: bool, now: datetime) -> Text:
    """The same in a list of several: which one, its status, and the promised date while that is to come."""
    status = _("Status: {status}.", status=STATUSES[dossier.status].plain)
    due = until(dossier)
    date_ = [_("Promised for: {when}.", when=shown(due))] if due else []
    return lines(title(dossier, named), status, *([] if dossier.status in OVER else date_))


def collect(dossier: Told, place: Text) -> list[Msg]:
    """Where to collect, while there is or will be something to collect."""
    return [] if dossier.status in OVER else [_("Collect the result at: {place}.", place=place)]


def slip(dossier: Told, applicant: str, place: Text, moved: bool = False) -> Text:
    """The appointment slip (requirement A02), with names: only after the second factor."""
    told: list[Text] = [title(dossier, True)]
    told += [_("Applicant: {name}.", name=Personal(applicant, "name"))] if applicant else []
    told += [_("Officer: {name}.", name=dossier.officer)] if dossier.officer else []
    told += [_("Received: {when}.", when=shown(dossier.received_at))] if dossier.received_at else []
    told += promised(dossier, moved)
    return lines(told[0], *told[1:], *collect(dossier, place))


def step(status: int, at: datetime, officer: str) -> Msg:
    """One line of the trail."""
    plain = STATUSES[status].plain
    if officer:
        return _("{day}: {status} ({officer})", day=today(at), status=plain, officer=officer)
    return _("{day}: {status}", day=today(at), status=plain)


def age(as_of: datetime | None, stale: bool) -> Msg:
    """How old the data are (L04)."""
    if as_of is None:
        return _("The office has not sent any list of dossiers yet.")
    if not stale:
        return _("Data as of {when}.", when=as_of)
    return _("The newest data are of {when}. Things may have changed since; please ask before you come.", when=as_of)
