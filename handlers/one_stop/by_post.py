"""Results that go by post, as the office sees them (A11): what waits, its number at the post, what has arrived.

The address stands in the official's own chat alone. Whoever chose the post is told the number, on the channel where
she is reached; she or an official says when it has come.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bot import reach
from bot.conversation import Ask, Find
from bot.questions import Text
from bot.reach import Notice
from bot.routes import Routes, Start
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.one_stop import desk
from messages.reply import Button, Msg, Personal, Reply, _
from messages.reply import Text as Words
from storage import collections, dossiers
from storage.audience import Recipient
from storage.collections import Collection

routes = Routes()
SHOWN = 8
HANDED_OVER = 10
NOTED = _("Somebody has noted that already.")


@dataclass(frozen=True)
class Posted:
    """The post has it, under this number."""

    collection: int
    tracking: str


@routes.command("/buudien", words=("danh sách bưu điện",), role="official")
def by_post(turn: Turn, rest: str = "") -> Reply:
    """What is to be handed to the post, then what is under way."""
    if turn.in_group:
        return Reply(_("Others read along here. Please open it in your own chat."))
    return _list(turn)


@routes.tap("posts", role="official")
def by_post_tap(turn: Turn) -> Reply:
    return by_post(turn)


def _list(turn: Turn, *first: Words) -> Reply:
    waiting = collections.by_post(turn.db, turn.commune_id, SHOWN)
    if not waiting:
        return Reply(*first, _("Nothing is to go by post."))
    told = [_entry(number, each) for number, each in enumerate(waiting, 1)]
    buttons = tuple(button for number, each in enumerate(waiting, 1) for button in _buttons(number, each))
    count = collections.to_send(turn.db, turn.commune_id)
    return Reply(*first, _("Results to be handed to the post: {count}.", count=count), *told, buttons=buttons)


def _entry(number: int, each: Collection) -> Msg:
    who = _(
        "{number}) {code}: {name}, {address}, {phone}.", number=number, code=each.code,
        name=Personal(each.name, "name"), address=Personal(each.address, "place"), phone=desk.phone(each.phone),
    )  # fmt: skip
    if each.sent_at is None:
        return who
    return _("{who} Sent {when}, number {tracking}.", who=who, when=each.sent_at, tracking=each.tracking)


def _buttons(number: int, each: Collection) -> Iterator[Button]:
    """It was sent; it has arrived, also when it was handed over in another way after all."""
    if each.sent_at is None:
        yield Button(_("Number {number} is sent", number=number), str(RouteToken("posted", (str(each.id),))))
    if each.sent_at is not None or each.status == HANDED_OVER:
        yield Button(_("Number {number} has arrived", number=number), str(RouteToken("post-came", (str(each.id),))))


@routes.tap("posted", role="official")
def sent(turn: Turn, collection: str = "") -> Reply | Start:
    """One question: its number at the post."""
    if turn.in_group:
        return Reply(_("Others read along here. Please open it in your own chat."))
    found = _of(turn, collection)
    if found is None or found.sent_at is not None:
        return _list(turn, NOTED)
    return Start("posted", collection=found.id, code=found.code)


@routes.conversation("posted", title=_("Handed to the post"), role="official")
def which_number(ask: Ask, find: Find, collection: int, code: str) -> Posted:
    prompt = _("Dossier {code}: please type the tracking number of the post.", code=code)
    return Posted(collection, ask(Text("tracking", prompt, at_least=5, at_most=40)))


@routes.does(Posted)
def note_sent(command: Posted, turn: Turn) -> Reply:
    """Noted under the official's name; whoever waits for it is told the number."""
    if turn.official is None:
        return Reply(_("I am sorry, this is only for officials who have been invited."))
    now, by = turn.now, turn.official.id
    found = collections.sent(turn.db, turn.commune_id, command.collection, command.tracking, by, now)
    if found is None:
        return _list(turn, NOTED)
    if found.citizen_id is not None:
        reach.make(turn, _notice(found), [Recipient(found.citizen_id, found.dossier_id)])
    return _list(turn, _("Noted. Whoever waits for it is told the number."))


def _notice(found: Collection) -> Notice:
    got = Button(_("I have received it"), str(RouteToken("got-post", (found.code_key,))))
    words = Reply(
        _("The result of dossier {code} is with the post.", code=found.code),
        _("Its tracking number: {tracking}.", tracking=found.tracking),
        _("When it has come, please tap the button. Thank you."),
        buttons=(got,),
    )
    return Notice("result-posted", f"result-posted:{found.id}:{found.chosen_at.timestamp():.0f}", words,
                  about=found.code)  # fmt: skip


@routes.tap("post-came", role="official")
def came(turn: Turn, collection: str = "") -> Reply:
    """An official has heard that it has arrived."""
    if turn.in_group:
        return Reply(_("Others read along here. Please open it in your own chat."))
    found = _of(turn, collection)
    noted = found is not None and collections.got(turn.db, turn.commune_id, found.id, turn.now)
    return _list(turn, _("Noted. Thank you.") if noted else NOTED)


def _of(turn: Turn, written: str) -> Collection | None:
    number = int(written) if written.isdecimal() and len(written) < 19 else 0
    return collections.get(turn.db, turn.commune_id, number)


@routes.tap("got-post")
def got(turn: Turn, code: str = "") -> Reply:
    """She has it."""
    found = dossiers.by_code(turn.db, turn.commune_id, code)
    chosen = None if found is None else collections.of_dossier(turn.db, turn.commune_id, found.id)
    if chosen is None or turn.citizen is None or chosen.citizen_id != turn.citizen.id or turn.in_group:
        return Reply(_("I know of nothing that the post brings you."))
    collections.got(turn.db, turn.commune_id, chosen.id, turn.now)
    return Reply(_("Thank you for telling us that it has come."))
