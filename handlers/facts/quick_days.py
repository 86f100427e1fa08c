"""Days on which results are returned quickly (A15): told with the opening hours, and on the day itself.

The clerk and the chairman set them in chat: `/ngaytranhanh 10/12/2026`, `/ngaytranhanh bỏ 10/12/2026`; alone it lists
them. commune.toml may hold them, too ([dossiers] quick_days); what is changed in chat stands over it.
"""

from datetime import date, timedelta

from bot.calendar import Calendar
from bot.commune import Commune
from bot.commune_changes import changed
from bot.conversation import NotUnderstood
from bot.questions import Date
from bot.routes import Routes
from bot.state import Raw
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from handlers.requests import request_card as card
from messages.fold import fold
from messages.render import ZONE
from messages.reply import Button, Msg, Reply, Text, _, lines
from storage import facts
from storage.facts import Change

routes = Routes()

TOLD = 3
"""How many coming days people are told of."""
AHEAD = timedelta(days=366)
AWAY = ("bo", "xoa", "huy")


def coming(work: Work) -> tuple[Text, ...]:
    """What the answer on opening hours says of them; () when none is known."""
    days = [day for day in _known(work.commune, _today(work)) if day > _today(work)][:TOLD]
    return (_all(days),) if days else ()


def line(work: Work) -> tuple[Text, ...]:
    """What stands first in answers on the day itself."""
    if _today(work) not in work.commune.dossiers.quick_days:
        return ()
    return (_("Today results are returned quickly. Please bring your appointment slip."),)


@routes.tap("quick-days", words=("ngày trả nhanh kết quả", "hôm nào trả nhanh kết quả", "ngày trả nhanh"))
def told(turn: Turn) -> Reply:
    """When the next ones are, asked by anybody."""
    found = (*line(turn), *coming(turn))
    if found:
        return Reply(*found)
    return Reply(_("I am sorry, I do not know of a coming day of quick return."), *card.phone_line(turn))


@routes.command("/ngaytranhanh", words=("đặt ngày trả nhanh", "sửa ngày trả nhanh"), role="clerk")
@routes.command("/ngaytranhanh", words=("đặt ngày trả nhanh", "sửa ngày trả nhanh"), role="chairman")
def quick_days(turn: Turn, rest: str = "") -> Reply:
    """List them, add one, or take one away."""
    first, _space, more = rest.strip().partition(" ")
    if fold(first) in AWAY:
        return _set(turn, more, False)
    return _set(turn, rest, True) if rest.strip() else _listed(turn, turn.commune)


@routes.tap("quick-day-remove", role="official")
def remove(turn: Turn, day: str) -> Reply:
    """Take one away, from its button."""
    return _set(turn, day, False)


def _set(turn: Turn, said: str, kept: bool) -> Reply:
    if turn.official is None or not (turn.allows("clerk") or turn.allows("chairman")):
        return Reply(_("I am sorry, this is only for the chairman and the clerk."))
    today = _today(turn)
    try:
        day = Date("day", _how(), today=today, earliest=today, latest=today + AHEAD).read(Raw("text", said))
    except NotUnderstood as why:
        return Reply(why.hint, _how())
    if kept and not Calendar(turn.commune).spans(day):
        return Reply(_("The office is closed on {day}. Please choose another day.", day=day))
    change = Change(f"quick-day:{day.isoformat()}", kept, turn.official.name, turn.now)
    facts.record(turn.db, turn.commune_id, change.name, kept, turn.official.id, turn.now)
    done = _("{day}: people are told from now on.", day=day) if kept else _("{day}: nobody is told any more.", day=day)
    return _listed(turn, changed(turn.commune, [change])).first(done)


def _listed(turn: Turn, commune: Commune) -> Reply:
    days = _known(commune, _today(turn))
    if not days:
        return Reply(_("No day of quick return is coming."), _how())
    return Reply(_all(days), _how(), buttons=tuple(map(_away, days)))


def _all(days: list[date]) -> Text:
    return lines(_("The next days on which results are returned quickly:"), *(_("{day}.", day=day) for day in days))


def _away(day: date) -> Button:
    return Button(_("Take away {day}", day=day), str(RouteToken("quick-day-remove", (day.isoformat(),))))


def _known(commune: Commune, today: date) -> list[date]:
    return sorted(day for day in set(commune.dossiers.quick_days) if day >= today)


def _how() -> Msg:
    return _("To add a day: /ngaytranhanh 10/12/2026. To take it away: /ngaytranhanh bỏ 10/12/2026.")


def _today(work: Work) -> date:
    return work.now.astimezone(ZONE).date()
