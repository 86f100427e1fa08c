"""Which topic of the officials' group takes the cards of which field: chosen inside the topic with /chude.

A topic that has been closed or deleted costs nothing: the card then stands in the group itself.
"""

from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn, is_office
from messages.cases import FIELDS
from messages.fold import match
from messages.reply import Button, Reply, _, lines
from storage import topics

routes = Routes()
MARK = "✓"


@routes.command("/chude", role="clerk")
@routes.command("/chude", role="chairman")
def choose(turn: Turn, rest: str = "") -> Reply:
    """The fields, to be switched on and off for the topic this was written in; or named after the command."""
    if refused := _not_in_a_topic(turn):
        return refused
    fields = list(FIELDS)
    words = [turn.place.catalogs.text(FIELDS[each], turn.place.language) for each in fields]
    for part in filter(None, (each.strip() for each in rest.split(","))):
        found = match(part, words)
        if len(found) != 1:
            return _offer(turn).first(_("I do not know the field “{words}”.", words=part))
        _put(turn, fields[found[0]])
    return _offer(turn)


@routes.tap("case-topic", role="official")
def switch(turn: Turn, field: str = "") -> Reply:
    """This field's cards come here, or no longer do."""
    if refused := _not_in_a_topic(turn):
        return refused
    if not (turn.allows("clerk") or turn.allows("chairman")):
        return Reply(_("Only a clerk or the Chairman chooses what stands in a topic."))
    if field not in FIELDS:
        return _offer(turn)
    if _chosen(turn).get(field) == turn.event.thread:
        at = turn.address
        topics.give_up(turn.db, turn.commune_id, at.channel, at.account, at.chat, field)
    else:
        _put(turn, field)
    return _offer(turn)


def _not_in_a_topic(turn: Turn) -> Reply | None:
    if turn.in_group and turn.event.thread and is_office(turn.place, turn.address):
        return None
    return Reply(_("Please send /chude inside a topic of the officials' group."))


def _put(turn: Turn, field: str) -> None:
    at = turn.address
    topics.choose(turn.db, turn.commune_id, at.channel, at.account, at.chat, field, turn.event.thread)


def _chosen(turn: Turn) -> dict[str, str]:
    at = turn.address
    return topics.chosen(turn.db, turn.commune_id, at.channel, at.account, at.chat)


def _offer(turn: Turn) -> Reply:
    chosen = _chosen(turn)
    here = [FIELDS[each] for each in FIELDS if chosen.get(each) == turn.event.thread]
    told = lines(_("Cards of these fields come to this topic:"), *here) if here else _("No field comes to this topic.")
    buttons = (
        Button(_("{mark} {field}", mark=MARK if words in here else "·", field=words), _token(each))
        for each, words in FIELDS.items()
    )
    return Reply(told, _("Tap a field to change it, or write: /chude field, field"), buttons=tuple(buttons))


def _token(field: str) -> str:
    return str(RouteToken("case-topic", (field,)))
