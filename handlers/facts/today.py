"""The line for today (L14): one command of an official sets it, and it stands first in answers until it ends by itself.

`/homnay hệ thống lỗi, mời đến sau 14 giờ` holds until midnight, `/homnay đến 14 giờ: …` until that hour; `/homnay`
shows it, `/homnay bỏ` takes it away. `line` is what answers on hours, dossiers and appointments begin with. A day of
the Chairman's that was cancelled is said there too, on that day, and so is a day of quick returns (A15).
"""

import re
from datetime import datetime, time, timedelta

from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from handlers.facts import quick_days
from messages.fold import fold, nfc
from messages.render import ZONE
from messages.reply import Button, Msg, Reply, Text, _
from storage import todays_line

routes = Routes()

MOST = 200
SPOKEN = re.compile(r"\s*d[òo]ng h[ôo]m nay\b[\s:,-]*", re.IGNORECASE)
UNTIL = re.compile(
    r"(?:đến|tới|den|toi)\s+(?P<hour>\d{1,2})\s*(?:giờ|gio|h|g|:)\s*(?P<minute>[0-5]\d)?\b[\s:,;.-]*(?P<words>.*)",
    re.IGNORECASE,
)
AWAY = frozenset({"bo", "xoa", "het", "thoi", "huy", "dung"})
REMOVE = Button(_("Take this line away"), str(RouteToken("today-remove")))


def line(work: Work) -> tuple[Text, ...]:
    """What answers on hours, dossiers and appointments begin with; () on an ordinary day."""
    found = todays_line.current(work.db, work.commune_id, work.now)
    said = () if found is None else (_("Today: {words}", words=found.words),)
    today = work.now.astimezone(ZONE).date()
    days = work.commune.citizen_reception.between(today, today)
    cancelled = (_not_today(day.cancelled) for day in days if day.cancelled is not None)
    return (*said, *cancelled, *quick_days.line(work))


def _not_today(reason: str) -> Msg:
    if not reason:
        return _("We are sorry: the Chairman cannot receive citizens today.")
    return _("We are sorry: the Chairman cannot receive citizens today ({reason}).", reason=reason)


@routes.command("/homnay", words=("dòng hôm nay",), role="official")
def todays(turn: Turn, rest: str = "") -> Reply:
    """Show, set or take away the line for today."""
    spoken = SPOKEN.match(turn.event.text)
    said = " ".join(nfc(rest or (turn.event.text[spoken.end() :] if spoken else "")).split())
    if not said:
        return _shown(turn)
    if fold(said) in AWAY:
        return remove(turn)
    until = UNTIL.fullmatch(said)
    words = until["words"] if until else said
    ends = _at(turn, until) if until else _midnight(turn)
    if ends is None or ends <= turn.now:
        return Reply(_("That hour has passed already. Please write it like this: /homnay đến 14 giờ: …"))
    if not words or len(words) > MOST:
        return Reply(_("Please write the line after it, at most {most} characters.", most=MOST), _how())
    return _put(turn, words, ends)


def _put(turn: Turn, words: str, ends: datetime) -> Reply:
    if turn.official is None:
        return Reply(_("I am sorry, this is only for officials who have been invited."))
    todays_line.put(turn.db, turn.commune_id, words, turn.official.id, turn.now, ends)
    first = _("From now on this stands first in answers on hours and dossiers.")
    return Reply(_("Today: {words}", words=words), first, _until(turn, ends), buttons=(REMOVE,))


def _shown(turn: Turn) -> Reply:
    found = todays_line.current(turn.db, turn.commune_id, turn.now)
    if found is None:
        return Reply(_("There is no line for today."), _how())
    said = _("Today: {words}", words=found.words)
    return Reply(said, _until(turn, found.expires_at), _how(), buttons=(REMOVE,))


def _until(turn: Turn, ends: datetime) -> Msg:
    if ends == _midnight(turn):
        return _("It ends by itself at the end of today.")
    return _("It ends by itself at {when}.", when=ends)


def _how() -> Msg:
    return _("To set it: /homnay and the words; with an hour: /homnay đến 14 giờ: … To take it away: /homnay bỏ")


@routes.tap("today-remove", role="official")
def remove(turn: Turn) -> Reply:
    """Take the line away before its time."""
    if not todays_line.remove(turn.db, turn.commune_id, turn.now):
        return Reply(_("There is no line for today."))
    return Reply(_("The line for today has been taken away."))


def _midnight(turn: Turn) -> datetime:
    tomorrow = turn.now.astimezone(ZONE).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), ZONE)


def _at(turn: Turn, until: re.Match[str]) -> datetime | None:
    """That hour of today; None when there is no such hour."""
    if int(until["hour"]) > 23:
        return None
    return datetime.combine(turn.now.astimezone(ZONE).date(), time(int(until["hour"]), int(until["minute"] or 0)), ZONE)
