"""What comes next for a dossier: the sentence under its facts, and what she can do about it besides.

"Come and collect it" is said only of what lies at the counter (L19). A date that somebody has agreed to move brings an
apology (A05). How she gets her result is asked (A11), how it was is asked once it was handed over (A18).
"""

from collections.abc import Mapping

from bot.dossier_notices import COLLECT
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.dossiers import rating
from messages import dossiers as words
from messages.reply import Button, Msg, Text, _
from messages.statuses import STATUSES
from storage import collections, consents, postponements
from storage.collections import Collection, Way
from storage.dossiers import Details, Dossier

CHOSEN: Mapping[Way, Text] = {
    "post": _("The office hands it to the post, as you wished."),
    "other": _("It is kept for whom you have named."),
}


def sorry(is_late: bool, moved: bool) -> list[Msg]:
    if is_late:
        return [_("The office apologises: this dossier is past its promised date.")]
    return [_("The office apologises: the promised date had to be moved.")] if moved else []


def was_moved(turn: Turn, found: Dossier) -> bool:
    """Whether somebody has agreed to a new date, while that still matters to her."""
    if found.status in words.OVER or found.deadline in (None, found.due_at):
        return False
    return postponements.count(turn.db, turn.commune_id, found.id) > 0


def at_counter(turn: Turn, found: Dossier) -> bool:
    """Whether the result lies where she can collect it: a clerk has said so, or the file alone is trusted (L19)."""
    return found.status == words.RESULT_READY and (found.ready_at is not None or turn.commune.dossiers.trust_ready)


def told(turn: Turn, found: Dossier, is_late: bool) -> Text:
    """The sentence that says what she does next."""
    if is_late:
        return _("An official can tell you how it stands.")
    if found.status != words.RESULT_READY:
        return STATUSES[found.status].next_step
    chosen = _chosen(turn, found)
    if chosen is not None and chosen.sent_at is not None:
        return _("It is with the post. Its tracking number: {tracking}.", tracking=chosen.tracking)
    if chosen is not None and chosen.way in CHOSEN:
        return CHOSEN[chosen.way]
    return STATUSES[found.status].next_step if at_counter(turn, found) else words.AT_THE_COUNTER_SOON


def _chosen(turn: Turn, found: Dossier) -> Collection | None:
    """How she wants her result, when it is she who has said so (A11)."""
    chosen = collections.of_dossier(turn.db, turn.commune_id, found.id)
    hers = chosen is not None and turn.citizen is not None and chosen.citizen_id == turn.citizen.id
    return chosen if hers and not turn.in_group else None


def offers(turn: Turn, found: Dossier) -> tuple[Button, ...]:
    """What she can do about it besides: be told, say how she gets it, say how it was."""
    if at_counter(turn, found):
        tokens = ((label, RouteToken("collect", (found.code_key, way))) for way, label in COLLECT.items())
        return tuple(Button(label, str(token)) for label, token in tokens)
    if found.status not in words.OVER:
        return (Button(_("Tell me when it is done"), str(RouteToken("dossier-watch", (found.code_key,)))),)
    if turn.citizen is None or turn.in_group or not rating.may_be_rated(turn.commune, found):
        return ()
    if not collections.is_hers(turn.db, turn.commune_id, turn.citizen.id, found.id, found.code):
        return ()
    return (Button(_("Say how it was"), str(RouteToken("rate", (found.code_key,)))),)


def by_phone(turn: Turn, found: Dossier, sealed: Details) -> tuple[Button, ...]:
    """To be told on the number on file: where her chat cannot ring, or the commune has a template for it."""
    templates = turn.commune.zalo.templates.values()
    rings = turn.place.capabilities[turn.address.channel].sends and not any(each.by_phone for each in templates)
    if rings or not sealed.phone or found.status in words.OVER:
        return ()
    if consents.stands(turn.db, turn.commune_id, sealed.phone):
        return ()
    return (
        Button(_("Tell me on this phone number when there is news"), str(RouteToken("consent", (found.code_key,)))),
    )
