"""What villagers are told about their dossiers: two or three warm sentences for each kind of news.

Nothing here names a person. A procedure is named only where `News.named` says so: not when it is private (L05), not to
a chat that is known by nothing but a number in a file (L06). After a death everything is said plainly (L23); so nothing
here is festive in the first place, and nothing presumes who belongs to a family (L24).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import reduce
from typing import Protocol

from messages.fold import fold
from messages.reply import Msg, Text, _, lines
from messages.statuses import STATUSES, shown

ON_ITS_WAY = _("the result is there and is on its way to the counter")
"""The plain words for a result that the file knows and nobody has ticked yet (L19): nobody is asked to come."""


class Span(Protocol):
    """A stretch of opening hours (bot.commune.Span)."""

    @property
    def opens(self) -> time: ...
    @property
    def closes(self) -> time: ...


@dataclass(frozen=True)
class News:
    """What a notice can tell. `named`: the procedure may be named; `note`: the office's, "" where it may not be told.

    `hours`: when the counter is open; `known`: she is known by more than a number on file; `grief`: after a death.
    """

    code: str
    procedure: str
    status: int
    received: datetime | None
    due: datetime | None
    place: Text
    commune: str
    hours: tuple[Text, ...] = ()
    phone: Text | None = None
    note: str = ""
    named: bool = False
    known: bool = True
    grief: bool = False


def title(news: News) -> Msg:
    """Which dossier: with its procedure only where that may be named."""
    if news.named and news.procedure:
        return _("Dossier {code}: {procedure}.", code=news.code, procedure=news.procedure)
    return _("Your dossier {code}.", code=news.code)


# --- each kind of news ------------------------------------------------------------------------------------------------


def received(news: News) -> list[Text]:
    """The appointment: code, day received, day promised, where (A02)."""
    told = [_("Received: {when}.", when=shown(news.received))] if news.received else []
    told += [_("Promised for: {when}.", when=shown(news.due))] if news.due else []
    told.append(_("Collect the result at: {place}.", place=news.place))
    slip = _("The appointment slip is under “See the details”.")
    return [_("{commune} has accepted your dossier. Thank you.", commune=news.commune), lines(title(news), *told), slip]


def papers_needed(news: News) -> list[Text]:
    """Exactly which papers; when nobody has written them down, who will say."""
    bring = _("Please bring them to: {place}.", place=news.place)
    if news.note:
        needed = _("For the next step the office still needs: {papers}", papers=news.note)
        return [lines(title(news), needed), bring, *_ask(news)]
    needed = _("For the next step the office still needs some papers from you.")
    return [lines(title(news), needed), _("The reception desk will tell you exactly which ones."), *_ask(news)]


def fee_due(news: News) -> list[Text]:
    """Tax or a fee; never through a link."""
    due = _("It waits for tax or a fee to be paid.")
    if news.note:
        due = _("It waits for tax or a fee to be paid: {fee}", fee=news.note)
    return [lines(title(news), due), STATUSES[6].next_step, *_ask(news)]


def result_ready(news: News) -> list[Text]:
    """Where, when, who may collect and with what; what helps whoever cannot come."""
    told = [_("The result lies ready at: {place}.", place=news.place), *news.hours]
    kept = _("It is kept for you; you may come on any working day.")
    post = _("If you cannot come, it can go by post, or somebody can collect it for you.")
    return [lines(title(news), *told), lines(collects(news), kept), post]


def result_reminder(news: News) -> list[Text]:
    """Once, kindly, to whoever has not collected yet."""
    told = [_("The result still lies ready for you at: {place}.", place=news.place), *news.hours]
    post = _("If you cannot come, it can go by post, or somebody can collect it for you.")
    return [lines(title(news), *told), collects(news), post]


def result_recalled(news: News) -> list[Text]:
    """The notice was our mistake: said at once and plainly."""
    sorry = _("{commune} is sorry: our message that the result is ready was a mistake.", commune=news.commune)
    wait = _("Please do not come for it yet. You will be told as soon as it really lies at the counter.")
    return [title(news), sorry, wait, *_ask(news)]


def returned(news: News) -> list[Text]:
    """Thanks, and the question how it was; no question after a death (L23), nor to whoever may be a stranger."""
    if news.grief or not news.known:
        help_ = _("If you need more help with papers, please type 0 to reach an official.")
        return [title(news), _("The result has been handed over."), help_]
    thanks = _("The result has been handed over. Thank you for coming to {commune}.", commune=news.commune)
    ask = _("How content are you with the way it was done? Neither name nor code is kept with your answer.")
    return [title(news), thanks, ask]


def changed(news: News) -> list[Text]:
    """Not accepted, withdrawn or stopped: how it stands and what she can do."""
    status = STATUSES[news.status]
    return [lines(title(news), _("Status: {status}.", status=status.plain)), status.next_step, *_ask(news)]


def about(news: News) -> list[Text]:
    """Only which dossier: what is to be told stands before it (a letter, a new date)."""
    return [title(news)]


def _ask(news: News) -> list[Text]:
    return [] if news.phone is None else [_("If anything is unclear, please call {phone}.", phone=news.phone)]


# --- who may collect --------------------------------------------------------------------------------------------------

COLLECTS_SINCE = date(2025, 7, 1)
COLLECTS_SOURCE = "Luật Hộ tịch 2014; NĐ 23/2015; NĐ 118/2025; cần đối chiếu quy định của tỉnh"
"""Read in older texts: somebody has to check it with what the province has published."""
_RELATIVE = _("Whoever handed it in may collect it, or a relative, with the slip and an identity card.")
_OWNER = _("The owner collects it with the identity card; somebody else needs a certified authorisation.")
COLLECTS: Mapping[str, Msg] = {
    "dang ky ket hon": _("Both who marry come together with their identity cards, to sign and receive it."),
    "dang ky khai sinh": _RELATIVE,
    "dang ky khai tu": _RELATIVE,
    "mai tang": _RELATIVE,
    "chung thuc ban sao": _("Whoever brings the slip may collect it."),
    "dat dai": _OWNER,
    "quyen su dung dat": _OWNER,
}
"""By words in the procedure's name, without accents (L19): who may collect, and with which paper."""
ANYBODY = _("Whoever stands on the slip may collect it, with the slip and an identity card.")
AUTHORISED = _("Somebody else brings a written authorisation, too.")


def collects(news: News) -> Text:
    """Who may collect, with which paper; where the procedure may not be named, the usual rule betrays nothing."""
    bare = f" {fold(news.procedure)} " if news.named else ""
    own = next((told for words, told in COLLECTS.items() if f" {words} " in bare), None)
    return own if own is not None else lines(ANYBODY, AUTHORISED)


# --- opening hours ----------------------------------------------------------------------------------------------------

DAYS = (
    _("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"),
)  # fmt: skip


def hours(week: tuple[tuple[Span, ...], ...]) -> tuple[Text, ...]:
    """The days of a week, Monday first; days with the same hours are one line."""
    same: dict[tuple[tuple[time, time], ...], list[int]] = {}
    for day, spans in enumerate(week):
        if spans:
            same.setdefault(tuple((each.opens, each.closes) for each in spans), []).append(day)
    return tuple(_("Open {days}: {times}.", days=_days(days), times=_times(spans)) for spans, days in same.items())


def _days(days: list[int]) -> Msg:
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return _("{first} to {last}", first=DAYS[days[0]], last=DAYS[days[-1]])
    return _all([DAYS[day] for day in days])


def _times(spans: tuple[tuple[time, time], ...]) -> Msg:
    return _all([_("{opens} – {closes}", opens=_clock(opens), closes=_clock(closes)) for opens, closes in spans])


def _clock(hour: time) -> Msg:
    if hour.minute:
        return _("{hour}:{minutes}", hour=hour.hour, minutes=f"{hour.minute:02}")
    return _("{hour} o'clock", hour=hour.hour)


def _all(told: list[Msg]) -> Msg:
    return reduce(lambda some, one: _("{some}, {one}", some=some, one=one), told)


Words = Callable[[News], list[Text]]
