"""What the office does about stops (L17): notes a wrong number or a death, calls those who are not written to."""

from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers import desk
from messages.reply import Button, Msg, Reply, Text, _
from storage import dossiers, stops
from storage.stops import Report

routes = Routes()

SHOWN = 8
"""Reports listed at a time."""


def card_of(found: Report, by: str = "") -> Reply:
    """A report as the office sees it; `by`: who has noted it."""
    name = f"stop-report:{found.id}"
    said = _said(found)
    if by:
        return Reply(said, _("Noted by {name}.", name=by), card=name)
    todo = _("Everything to it has been stopped. Please look at the lists, then note it here.")
    return Reply(said, todo, buttons=(_note_button(found),), card=name, loud=True)


def _said(found: Report) -> Msg:
    village: Text = found.village or _("thôn not named")
    if found.reason == "died":
        return _("An address says that its owner has died: {village}.", village=village)
    return _("An address says that it belongs to somebody else: {village}.", village=village)


def _note_button(found: Report) -> Button:
    return Button(_("I have noted it"), str(RouteToken("stop-noted", (str(found.id),))))


@routes.tap("stop-noted", role="official")
def noted(turn: Turn, report: str = "") -> Reply:
    """The clerk, or whoever stands in, has seen to it."""
    number = int(report) if report.isdecimal() and len(report) < 19 else 0
    found = stops.get_report(turn.db, turn.commune_id, number)
    if found is None or turn.official is None:
        return Reply(_("There is no such report any more."))
    if not stops.note(turn.db, turn.commune_id, found.id, turn.official.id, turn.now):
        return Reply(_("That has been noted already."))
    turn.send_office(card_of(found, turn.official.name))
    return Reply(_("Noted. Thank you."))


@routes.tap("stop-reports", role="official")
def reports(turn: Turn) -> Reply:
    """Reports that nobody has noted yet."""
    found = stops.open_reports(turn.db, turn.commune_id)[:SHOWN]
    if not found:
        return Reply(_("Nothing is left to be noted. Thank you."))
    return Reply(*(_said(each) for each in found), buttons=tuple(_note_button(each) for each in found), numbered=True)


@routes.command("/danhsachgoi", words=("danh sách gọi",), role="official")
def call_list(turn: Turn, rest: str = "") -> Reply:
    """Who wants to be called about dossiers instead of written to."""
    if turn.in_group:
        return Reply(_("Others read along here. Please open it in your own chat."))
    listed = stops.call_list(turn.db, turn.commune_id)
    if not listed:
        return Reply(_("Nobody is on the list of people to be called."))
    return Reply(_("People to be called about their dossiers:"), *(_entry(turn, each) for each in listed))


def _entry(turn: Turn, each: stops.Call) -> Msg:
    village: Text = each.village or _("thôn not named")
    phone: Text = desk.phone(each.phone) if each.phone else _("no number")
    watched = dossiers.export(turn.db, turn.commune_id, each.citizen_id)["watched"]
    codes = ", ".join(row["code"] for row in watched)
    if not codes:
        return _("{phone}, {village}.", phone=phone, village=village)
    return _("{phone}, {village}: {codes}.", phone=phone, village=village, codes=codes)
