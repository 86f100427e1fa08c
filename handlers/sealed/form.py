"""The way to the closed page on the commune's own machine (`bot.sealed_page`): a link for once and for a day (L28)."""

from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn
from messages.reply import Button, Reply, _
from storage import sealed

routes = Routes()

PAGE = Button(_("Write on the closed page"), str(RouteToken("sealed-page")))


def has_page(turn: Turn) -> bool:
    """Whether she can reach the commune's own page, and somebody has been named to read what is written there."""
    reachable = bool(turn.place.public_url) or turn.address.channel == "web"
    return reachable and sealed.has_readers(turn.db, turn.commune_id)


@routes.tap("sealed-page")
def page(turn: Turn) -> Reply:
    """A link to the page, for once and for a day; it says nothing of what it is for."""
    if turn.citizen is None or not has_page(turn):
        return Reply(_("The closed page is not open now. Please come to the office, or ask for a call."))
    at = turn.address
    back = (at.channel, at.account, at.chat, at.sender)
    token = sealed.new_token(turn.db, turn.commune_id, back, turn.now)
    base = "" if at.channel == "web" else turn.place.public_url
    return Reply(
        _("Here is the page: {link}", link=f"{base}/kin/{token}"),
        _("It opens for 24 hours and can be sent once. Please do not pass it on."),
        _("After sending you get a number and a secret code; please write both down."),
    )
