"""The way of the two readers to what is sealed: a page at /office (`bot.sealed_office`), never a chat (L28, L29)."""

from bot.routes import Routes
from bot.turn import Turn
from messages.reply import Reply, _
from storage import sealed

routes = Routes()


@routes.command("/tinkin", words=("đọc tin kín", "tin kín"), role="official")
def waiting(turn: Turn, rest: str = "") -> Reply:
    """How many wait: for a reader with the page, for the Chairman the count alone, for nobody else."""
    official = turn.official
    if official is None or turn.in_group:
        return Reply(_("Others read along here. Please do it at /office."))
    named = {each.official_id for each in sealed.readers(turn.db, turn.commune_id)}
    if official.id in named:
        mine = sealed.readable(turn.db, turn.commune_id, official.id)
        count = sum(each.state == "waiting" for each in mine)
        told = _("{count} closed messages wait to be read.", count=count)
        page = _("Please open them with your PIN: {link}", link="/office/kin")
        return Reply(told, page if turn.at_desk else _("Please open it at /office."))
    if official.role == "chairman":
        count = sealed.count_waiting(turn.db, turn.commune_id)
        return Reply(_("{count} closed messages wait to be read.", count=count))
    return Reply(_("This is for the two named readers only."))
