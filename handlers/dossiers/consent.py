"""She agrees to be told on a phone number: for whoever has no messenger that rings (domain 5.3, A04).

The number is that of her dossier's file, and only whoever has just proven the dossier may say so, because whose chat a
number is decides where its news goes. At the counter an official notes what she said, under his own name. Taken back
with one tap, here or at /canhan.
"""

from dataclasses import dataclass
from datetime import timedelta

from bot.conversation import Ask, Find
from bot.routes import Routes, Start
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.dossiers import dossier
from handlers.one_stop import desk
from messages.reply import Button, Reply, _
from storage import collections, consents, dossiers, tails

routes = Routes()
PROVEN = timedelta(hours=1)
OFF = Button(_("No messages by phone any more"), str(RouteToken("consent-off")))
NO_PHONE = _("There is no phone number in this dossier. The counter can add one.")


@dataclass(frozen=True)
class Agree:
    """Tell me on the number of this dossier."""

    code: str


@routes.tap("consent")
def begin(turn: Turn, code: str = "") -> Reply | Start:
    """One tap right after the second factor; later it is asked for again."""
    if turn.in_group or turn.citizen is None:
        return Reply(_("Others read along here. Please write to me in a private chat."))
    at = dossier.chat_key(turn)
    if collections.proven(turn.db, turn.commune_id, at, code, turn.now - PROVEN):
        return agree(Agree(code), turn)
    until = tails.locked_until(turn.db, turn.commune_id, at, code, turn.now)
    return Reply(dossier.locked(until, turn), buttons=(dossier.PERSON,)) if until else Start("consent", code=code)


@routes.conversation("consent", title=_("News by phone"))
def prove(ask: Ask, find: Find, code: str) -> Agree:
    ask(dossier.tail_question(code))
    return Agree(code)


@routes.does(Agree)
def agree(command: Agree, turn: Turn) -> Reply:
    """From now on her number is a way to her."""
    phone = _phone(turn, command.code)
    if phone is None or turn.citizen is None:
        return Reply(NO_PHONE)
    consents.give(turn.db, turn.commune_id, phone, "chat", turn.now, turn.citizen.id)
    said = _("Noted: when there is news, the office writes to or calls {phone}.", phone=desk.phone(phone))
    return Reply(said, _("You may take this back at any time."), buttons=(OFF,))


@routes.tap("consent-off")
def withdraw(turn: Turn) -> Reply:
    """None of her numbers is used any more."""
    if turn.citizen is None or not consents.withdraw_hers(turn.db, turn.commune_id, turn.citizen.id, turn.now):
        return Reply(_("No phone number of yours is used for news."))
    return Reply(_("Done: your phone number is not used for news any more."))


@routes.tap("consent-counter", role="official")
def at_the_counter(turn: Turn, code: str = "") -> Reply:
    """Whoever handed it in has said so at the counter; noted under the official's name."""
    if turn.official is None or turn.in_group:
        return Reply(_("Others read along here. Please open it in your own chat."))
    phone = _phone(turn, code)
    if phone is None:
        return Reply(NO_PHONE)
    consents.give(turn.db, turn.commune_id, phone, "counter", turn.now, official_id=turn.official.id)
    told = _("Noted: whoever handed it in agrees to be told on {phone}.", phone=desk.phone(phone))
    off = Button(_("Does not agree any more"), str(RouteToken("consent-counter-off", (code,))))
    return Reply(told, _("Noted by {name}.", name=turn.official.name), buttons=(off,))


@routes.tap("consent-counter-off", role="official")
def withdrawn_at_the_counter(turn: Turn, code: str = "") -> Reply:
    """Whoever has no chat takes it back at the counter or by telephone."""
    if turn.official is None or turn.in_group:
        return Reply(_("Others read along here. Please open it in your own chat."))
    phone = _phone(turn, code)
    if phone is None or not consents.withdraw(turn.db, turn.commune_id, phone, turn.now):
        return Reply(_("Nobody has agreed to be told on the number of this dossier."))
    return Reply(_("Noted: nothing more is sent to {phone}.", phone=desk.phone(phone)))


def _phone(turn: Turn, code: str) -> str | None:
    """The number on file, unless it stands for so many people that it is nobody's (L06)."""
    found = dossiers.by_code(turn.db, turn.commune_id, code)
    if found is None:
        return None
    if dossiers.of_helper(turn.db, turn.commune_id, found.id, turn.commune.office.applicants_per_phone):
        return None
    return dossiers.details(turn.db, turn.commune_id, found.id).phone
