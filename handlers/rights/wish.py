"""A wish to be forgotten, as she is told of it: on every address of hers, with the tap that keeps everything (L18)."""

from collections.abc import Iterable
from datetime import timedelta

from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Address, Turn, Work
from handlers.dossiers import dossier
from messages.reply import Button, Reply, Text, _
from storage import citizens, dossiers, erasures
from storage.erasures import Erasure

routes = Routes()

WAIT = timedelta(hours=24)
PERSON = Button(_("Talk to a person"), str(RouteToken("person")))
_KEEP = _("If it was not you, please tap “Keep it”.")


def keep_button(wish: Erasure) -> Button:
    return Button(_("Keep it"), str(RouteToken("keep", (str(wish.id),))))


def told(work: Work, wish: Erasure) -> tuple[Text, ...]:
    """A wish as it stands, for whoever reads it on one of her addresses."""
    if wish.kind == "erase":
        asked: Text = _("Somebody has just asked to erase all that is kept about you here.")
    else:
        found = dossiers.by_code(work.db, work.commune_id, wish.about)
        asked = _("Somebody has just asked to take dossier {code} off this chat.", code=found.code if found else "")
    if wish.state == "rest":
        return (_("All is erased but a request that an official is answering."),)
    if wish.due_at is None:
        return (asked, _("An official first makes sure that it is you who asks."), _KEEP)
    return (asked, _KEEP, _("Otherwise it happens at {when}.", when=wish.due_at))


def keeps(wishes: Iterable[Erasure]) -> tuple[Button, ...]:
    return tuple(keep_button(each) for each in wishes if each.state in ("checking", "waiting"))


def tell(work: Work, wish: Erasure, what: str, but: Address | None = None) -> None:
    """Every address of hers learns what has become of a wish."""
    for to in addresses(work, wish):
        if to != but:
            work.wake(to, f"erasure-{what}", f"{wish.id}:{wish.due_at or ''}", wish=wish.id)


def addresses(work: Work, wish: Erasure) -> list[Address]:
    if wish.citizen_id is None:
        return []
    found = citizens.addresses(work.db, work.commune_id, wish.citizen_id)
    there = work.place.capabilities
    return [Address(at.channel, at.account, at.sender, at.sender) for at in found if at.channel in there]


def found(work: Work, number: str) -> Erasure | None:
    """The wish that a button names."""
    known = number.isdecimal() and len(number) < 19
    return erasures.get(work.db, work.commune_id, int(number)) if known else None


@routes.event("erasure-asked")
def asked(turn: Turn, wish: int) -> Reply | None:
    """She reads on each of her addresses that it was asked for, and how to keep everything."""
    open_ = erasures.get(turn.db, turn.commune_id, wish)
    if open_ is None or open_.state != "waiting":
        return None
    return Reply(*told(turn, open_), buttons=keeps([open_]), loud=True)


@routes.event("erasure-kept")
def kept(turn: Turn, wish: int) -> Reply:
    return Reply(_("Nothing is erased: it was kept from another of your addresses."))


@routes.event("erasure-refused")
def refused(turn: Turn, wish: int) -> Reply:
    return Reply(
        _("I am sorry: the office could not make sure that it was you who asked. Nothing was erased."),
        _("Please bring your papers to: {place}.", place=dossier.counter(turn)),
        buttons=(PERSON,),
    )
