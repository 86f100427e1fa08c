"""What the office does about stops (L17): notes a wrong number or a death."""

from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn
from messages.reply import Button, Msg, Reply, Text, _
from storage import stops
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
