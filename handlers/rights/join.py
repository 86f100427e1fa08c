"""One person, two messengers: she joins her Zalo and her Telegram, and a notice comes once, where she wrote last.

The one chat gives a code for a quarter of an hour, the other takes it after one question, because whoever sends
somebody a code of his own would read along. Both learn of it, and one tap on either parts them again. Only messengers
are joined: a chat box on a page may stand on anybody's computer.
"""

import re
from dataclasses import dataclass

from bot import door_links
from bot.conversation import Ask, Find
from bot.questions import Confirm
from bot.routes import Routes, Start
from bot.tokens import RouteToken
from bot.turn import Address, Turn
from messages.fold import fold
from messages.reply import Button, Reply, _
from storage import citizens, join_codes, joins

routes = Routes()

OFFER = Button(_("Join my other messenger"), str(RouteToken("join-offer")))
PART = Button(_("Part the chats"), str(RouteToken("part")))
PRIVATELY = _("Please do this in your own chat on Zalo or Telegram.")
STALE = _("That code is not valid any more. Please ask for a new one in the other chat.")
NAMES = {"telegram": "Telegram", "zalo": "Zalo"}
_TYPED = re.compile(r"/?noi (\d{4})[ .-]?(\d{4})")
_STARTED = re.compile(r"noi-(\d{8})")


@dataclass(frozen=True)
class Join:
    """All that belongs to whoever gave this code belongs to her from now on."""

    code: str


@routes.command("/noi", words=("nối kênh", "nối Zalo với Telegram", "nối Telegram với Zalo"))
def about(turn: Turn, rest: str = "") -> Reply | Start:
    """Which chats are joined, and how to join another."""
    if begun := typed(turn):
        return begun
    if not _may(turn):
        return Reply(PRIVATELY)
    others = _others(turn)
    if not others:
        return offer(turn)
    names = ", ".join(NAMES.get(each.channel, each.channel) for each in others)
    return Reply(_("This chat is joined with your {names}.", names=names), buttons=(PART,))


@routes.tap("join-offer")
def offer(turn: Turn) -> Reply:
    """A code for the other chat."""
    if turn.citizen is None or not _may(turn):
        return Reply(PRIVATELY)
    code = join_codes.offer(turn.db, turn.commune_id, turn.citizen.id, turn.now)
    taps = [
        _("Open this on that telephone and press Start: {address}", address=each)
        for each in door_links.with_code(turn.db, turn.place, f"noi-{code}", but=turn.address.channel)
    ]
    return Reply(
        *taps,
        _("In your other chat with us, please send: nối {first} {second}", first=code[:4], second=code[4:]),
        _("The code works once, for {minutes} minutes.", minutes=int(join_codes.VALID.total_seconds() // 60)),
        _("Please show it to nobody: whoever has it could read your messages."),
    )


@routes.gate("join")
def typed(turn: Turn) -> Reply | Start | None:
    """“nối 4821 7730” as a whole message, wherever she is."""
    found = _TYPED.fullmatch(fold(turn.event.text))
    return None if found is None else with_code(turn, "".join(found.groups()))


def started(turn: Turn, written: str) -> Reply | Start | None:
    """What "/start noi-CODE" does; None when that is no code."""
    found = _STARTED.fullmatch(written.strip())
    return None if found is None else with_code(turn, found[1])


def with_code(turn: Turn, code: str) -> Reply | Start:
    """The other chat's code has come; she is asked first."""
    if turn.citizen is None or not _may(turn):
        return Reply(PRIVATELY)
    giver = join_codes.offered(turn.db, turn.commune_id, code, turn.now)
    if giver is None:
        return Reply(STALE)
    if giver == turn.citizen.id:
        return Reply(_("These chats are joined already."))
    return Start("join", code=code)


@routes.conversation("join", title=_("To join two chats"))
def join(ask: Ask, find: Find, code: str) -> Join | None:
    """Who would read along is said before the yes."""
    shares = _("Both chats will show the same dossiers, and notices come once.")
    warns = _("Whoever holds the other telephone will be able to read what is yours here.")
    question = _("Are both telephones your own?")
    yes, no = _("Yes, join them"), _("No, leave it")
    return Join(code) if ask(Confirm("sure", question, [shares, warns], yes=yes, no=no)) else None


@routes.does(Join)
def joined(command: Join, turn: Turn) -> Reply:
    """Done, or why not; the other chats are told."""
    giver = join_codes.offered(turn.db, turn.commune_id, command.code, turn.now)
    if turn.citizen is None or giver is None or giver == turn.citizen.id:
        return Reply(STALE)
    if not joins.join(turn.db, turn.commune_id, turn.citizen.id, giver):
        return Reply(_("One of the chats is about to be erased, so they cannot be joined now."))
    here = NAMES.get(turn.address.channel, turn.address.channel)
    for to in _others(turn):
        turn.wake(to, "joined-with", f"{turn.citizen.id}:{turn.now.isoformat()}", other=here)
    return Reply(_("The chats are joined. Notices will come to the one you used last."), buttons=(PART,))


@routes.event("joined-with")
def told(turn: Turn, other: str) -> Reply:
    """The chat that gave the code learns that it was used."""
    return Reply(
        _("This chat is now joined with your {names}.", names=other),
        _("If that was not you, please tap “Part the chats”."),
        buttons=(PART,),
        loud=True,
    )


@routes.tap("part")
def part(turn: Turn) -> Reply:
    """This chat stands alone again; what belongs to her stays with the other."""
    if not _may(turn) or not _others(turn):
        return Reply(_("This chat is joined with no other."))
    at = turn.address
    joins.part(turn.db, turn.commune_id, at.channel, at.account, at.sender, turn.now)
    return Reply(_("This chat stands alone again. Your dossiers stay with the other one."))


def buttons(turn: Turn) -> tuple[Button, ...]:
    """Under what is kept about her: to join her other messenger, where there is one, or to part."""
    if not _may(turn):
        return ()
    if _others(turn):
        return (PART,)
    return (OFFER,) if set(turn.place.accounts) - {turn.address.channel} else ()


def _may(turn: Turn) -> bool:
    return turn.citizen is not None and not turn.in_group and turn.address.channel in turn.place.accounts


def _others(turn: Turn) -> list[Address]:
    """Her other chats on messengers."""
    if turn.citizen is None:
        return []
    at = turn.address
    found = citizens.addresses(turn.db, turn.commune_id, turn.citizen.id)
    return [
        Address(each.channel, each.account, each.sender, each.sender)
        for each in found
        if each.channel in turn.place.accounts and (each.channel, each.sender) != (at.channel, at.sender)
    ]
