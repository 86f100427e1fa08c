"""Whose dossiers stand on this chat: "hồ sơ của bà Lan, của ông Tư" (L18).

A dossier comes here when its second factor was right or she asked to be told about it. She may say whose it is, in a
word or two, and take it off again, which needs the second factor and a day (`handlers.rights.erase`).
"""

from dataclasses import dataclass

from bot.conversation import Ask, Find
from bot.questions import Text
from bot.routes import Routes, Start
from bot.tokens import RouteToken
from bot.turn import Turn
from messages.reply import Button, Personal, Reply, _, lines
from messages.reply import Text as Words
from storage import links

routes = Routes()
SHOWN = 8
PEOPLE = Button(_("Whose dossiers are here"), str(RouteToken("people")))


@dataclass(frozen=True)
class NameIt:
    """Whose dossier it is; "": nobody's in particular."""

    code: str
    name: str


def name_button(code_key: str) -> Button:
    return Button(_("Say whose dossier it is"), str(RouteToken("whose", (code_key,))))


def whose_is(turn: Turn, dossier_id: int) -> tuple[Words, ...]:
    """Whose dossier it is, when she has said so."""
    if turn.citizen is None or turn.in_group:
        return ()
    name = links.name_of(turn.db, turn.commune_id, turn.citizen.id, dossier_id)
    return (_("It is the dossier of {name}.", name=Personal(name, "words")),) if name else ()


@routes.tap("people")
def people(turn: Turn) -> Reply:
    """The dossiers by person, each with a button."""
    found = [] if turn.citizen is None or turn.in_group else links.of(turn.db, turn.commune_id, turn.citizen.id)
    if not found:
        return Reply(_("No dossier stands on this chat."))
    told: list[Words] = []
    for name in dict.fromkeys(each.name for each in found):
        codes = ", ".join(each.code for each in found if each.name == name)
        whose = _("Dossiers of {name}: {codes}", name=Personal(name, "words"), codes=codes)
        told.append(whose if name else _("Not said whose: {codes}", codes=codes))
    buttons = tuple(Button(each.code, str(RouteToken("mine-is", (each.code_key,)))) for each in found[-SHOWN:])
    here = _("A phone may serve several people. On this chat stand:")
    return Reply(here, lines(*told), buttons=buttons, numbered=True)


@routes.tap("mine-is")
def one(turn: Turn, code: str = "") -> Reply:
    """One of them: look it up, say whose it is, take it off."""
    found = None if turn.citizen is None else links.one(turn.db, turn.commune_id, turn.citizen.id, code)
    if found is None:
        return Reply(_("That dossier does not stand on this chat any more."))
    name = Personal(found.name, "words")
    whose = _("It is the dossier of {name}.", name=name) if found.name else _("Not said whose.")
    off = Button(_("Take it off this chat"), str(RouteToken("unlink", (found.code_key,))))
    look = Button(_("Look it up"), str(RouteToken("lookup", (found.code_key,))))
    return Reply(_("Dossier {code}.", code=found.code), whose, buttons=(look, name_button(found.code_key), off))


@routes.tap("whose")
def begin(turn: Turn, code: str = "") -> Reply | Start:
    if turn.citizen is None or turn.in_group or links.one(turn.db, turn.commune_id, turn.citizen.id, code) is None:
        return Reply(_("That dossier does not stand on this chat any more."))
    return Start("whose", code=code)


@routes.conversation("whose", title=_("Whose dossier it is"))
def whose(ask: Ask, find: Find, code: str) -> NameIt:
    prompt = _("Whose dossier is it? A short name is enough, for example bà Lan.")
    return NameIt(code, ask(Text("name", prompt, at_most=40, skip=_("Leave it without a name"))))


@routes.does(NameIt)
def name_it(command: NameIt, turn: Turn) -> Reply:
    hers = None if turn.citizen is None else links.one(turn.db, turn.commune_id, turn.citizen.id, command.code)
    if hers is None or turn.citizen is None:
        return Reply(_("That dossier does not stand on this chat any more."))
    links.name(turn.db, turn.commune_id, turn.citizen.id, hers.dossier_id, command.name)
    if not command.name:
        return Reply(_("All right. Thank you."), buttons=(PEOPLE,))
    name = Personal(command.name, "words")
    return Reply(_("Noted: dossier {code} is that of {name}.", code=hers.code, name=name), buttons=(PEOPLE,))
