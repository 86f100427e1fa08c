"""A flood of reports is one summary to officials, never a flood of cards: brought up to date each minute, and ended."""

from datetime import timedelta

from bot import case_surge
from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from handlers.cases.clock import when_due
from messages.cases import FIELDS, PUBLIC_WORKS, code
from messages.reply import Button, Reply, _, lines
from storage import case_floods, case_lists

routes = Routes()
ALMOST = timedelta(seconds=55)
"""A summary is edited at most once a minute; ticks are not exact."""
PLACES = 5


@routes.tick("case-surge", every=timedelta(minutes=1))
def refresh(work: Work) -> None:
    """The newest state of the summary; its last one when nothing more was left out for ten minutes."""
    flood = case_floods.running(work.db, work.commune_id)
    if flood is None or work.now - flood.shown_at < ALMOST:
        return
    if flood.last_at <= work.now - case_surge.WINDOW - case_floods.EXACT:
        case_floods.end(work.db, work.commune_id, flood, work.now)
        case_surge.show(work, flood, loud=True, over=True)
    else:
        case_floods.shown(work.db, work.commune_id, flood, work.now)
        case_surge.show(work, flood)


@routes.tap("surge-same", role="official")
def likely_the_same(turn: Turn) -> Reply:
    """Where many reports of one thôn are about one public work: the first of each place, to join the others to."""
    flood = case_floods.latest(turn.db, turn.commune_id)
    came = case_lists.since(turn.db, turn.commune_id, flood.began) if flood else []
    many = [
        (each.village, each.field) for each in came if each.village and each.field in PUBLIC_WORKS and each.free > 1
    ]
    first = case_lists.one_of_each(turn.db, turn.commune_id, flood.began, many[:PLACES]) if flood else []
    if not first:
        return Reply(_("Nothing is left that looks like the same work."))
    counts = {(each.village, each.field): each.free for each in came}
    told = [
        _("{village}, {field}: {count}", village=each.village or "", field=FIELDS[each.field],
          count=counts[each.village, each.field])
        for each in first
    ]  # fmt: skip
    buttons = tuple(
        Button(_("Join to {code}", code=code(each.number)), str(RouteToken("case-join", (str(each.id),))))
        for each in first
    )
    head = _("These may be about the same work. Please read one first, then join the others to it.")
    return Reply(head, lines(*told), lines(*(when_due(turn, each) for each in first)), buttons=buttons)
