"""Tell me when it is done: she hears of a change where she writes from, or by phone where that cannot ring (L04).

A page cannot ring, so in the web chat she is asked for a phone for the call list, or sent to the messengers the commune
has. Whoever knows a code may ask; what she will be told is what the code alone shows.
"""

from dataclasses import dataclass

from bot.conversation import Ask, Find
from bot.questions import Phone
from bot.routes import Routes, Start
from bot.tokens import RouteToken
from bot.turn import Turn
from messages.dossiers import OVER
from messages.reply import Button, Reply, _, lines
from storage import dossiers, links

routes = Routes()
ANOTHER = Button(_("Look up another dossier"), str(RouteToken("lookup")))
MESSENGERS = {"zalo": "Zalo", "telegram": "Telegram"}


@dataclass(frozen=True)
class Watch:
    """Tell her when the dossier changes; by phone, when one is given."""

    code: str
    phone: str | None = None


@routes.tap("dossier-watch")
def ask_to_be_told(turn: Turn, code: str) -> Reply | Start:
    if turn.address.channel != "web":
        return watch(Watch(code), turn)
    others = [name for channel, name in MESSENGERS.items() if channel in turn.place.capabilities]
    return Start("dossier-watch", code=code, messengers=", ".join(others))


@routes.conversation("dossier-watch", title=_("Tell me when it is done"))
def leave_a_phone(ask: Ask, find: Find, code: str, messengers: str = "") -> Watch:
    cannot = _("This page cannot ring when you have closed it.")
    prompt = _("Please type a phone number. The office will call it only about this dossier.")
    elsewhere = [_("Or ask the same on {messengers}; there I can write to you.", messengers=messengers)]
    return Watch(code, ask(Phone("phone", lines(cannot, prompt, *(elsewhere if messengers else [])))))


@routes.does(Watch)
def watch(command: Watch, turn: Turn) -> Reply:
    """Note it; asked twice, it is noted once."""
    found = dossiers.by_code(turn.db, turn.commune_id, command.code)
    if found is None or found.status in OVER:
        return Reply(_("Nothing more will change with this dossier, as far as I know."), buttons=(ANOTHER,))
    at = turn.address
    who = (at.channel, at.account, at.chat, at.sender)
    dossiers.watch(turn.db, turn.commune_id, found.id, who, turn.now, command.phone)
    if turn.citizen is not None:
        links.put(turn.db, turn.commune_id, turn.citizen.id, found.id, turn.now)
    said = _("Noted. I will write to you here when dossier {code} changes.", code=found.code)
    if command.phone is not None:
        said = _("Noted. The office will call you when dossier {code} changes.", code=found.code)
    return Reply(said, _("Thank you."), buttons=(ANOTHER,))
