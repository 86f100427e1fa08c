"""The call list (L17, L20): whom no message reached and who has to be told, then who wants to be called at all.

One entry a person, about everything she has to be told. "Called" ends it for all of that; "no answer" keeps her on the
list, behind the others. Numbers are whole at /office and masked elsewhere, as everywhere.
"""

from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers import desk
from messages.reply import Button, Msg, Reply, Text, _
from storage import call_list, dossiers, stops

routes = Routes()

SHOWN = 8
"""People with buttons listed at a time; the rest follows when these are done."""


@routes.command("/danhsachgoi", words=("danh sách gọi",), role="official")
def to_call(turn: Turn, rest: str = "") -> Reply:
    """Who has to be called now, and who wants to be called instead of written to."""
    if turn.in_group:
        return Reply(_("Others read along here. Please open it in your own chat."))
    return _list(turn)


def _list(turn: Turn, *first: Text) -> Reply:
    waiting = call_list.to_call(turn.db, turn.commune_id, SHOWN)
    wish = stops.call_list(turn.db, turn.commune_id)
    told: list[Text] = list(first)
    if waiting:
        told.append(_("Please call these people; no message reached them:"))
        told += [_entry(number, each) for number, each in enumerate(waiting, 1)]
    if wish:
        told += [_("People to be called about their dossiers:"), *(_wish(turn, each) for each in wish)]
    if not waiting and not wish:
        return Reply(*told, _("Nobody is on the list of people to be called."))
    buttons = [button for number, each in enumerate(waiting, 1) for button in _buttons(number, each)]
    return Reply(*told, buttons=tuple(buttons))


def _entry(number: int, each: call_list.Call) -> Msg:
    phone: Text = desk.phone(each.phone) if each.phone else _("no number")
    village: Text = each.village or _("thôn not named")
    about = ", ".join(each.about)
    who = _("{number}) {phone}, {village}: {about}.", number=number, phone=phone, village=village, about=about)
    return _("{who} Nobody answered {times} times.", who=who, times=each.rings) if each.rings else who


def _buttons(number: int, each: call_list.Call) -> tuple[Button, Button]:
    token = (str(each.delivery_id),)
    return (
        Button(_("Called number {number}", number=number), str(RouteToken("call-done", token))),
        Button(_("Number {number} did not answer", number=number), str(RouteToken("call-missed", token))),
    )


def _wish(turn: Turn, each: stops.Call) -> Msg:
    village: Text = each.village or _("thôn not named")
    phone: Text = desk.phone(each.phone) if each.phone else _("no number")
    watched = dossiers.export(turn.db, turn.commune_id, each.citizen_id)["watched"]
    codes = ", ".join(row["code"] for row in watched)
    if not codes:
        return _("{phone}, {village}.", phone=phone, village=village)
    return _("{phone}, {village}: {codes}.", phone=phone, village=village, codes=codes)


@routes.tap("call-done", role="official")
def called(turn: Turn, delivery: str = "") -> Reply:
    """She has been told everything that waited."""
    if turn.official is None or not call_list.called(
        turn.db, turn.commune_id, _number(delivery), turn.official.id, turn.now
    ):
        return _list(turn, _("Somebody has noted that already."))
    return _list(turn, _("Noted. Thank you."))


@routes.tap("call-missed", role="official")
def not_answered(turn: Turn, delivery: str = "") -> Reply:
    """Nobody answered; once more later."""
    if turn.official is None or not call_list.rang(turn.db, turn.commune_id, _number(delivery), turn.official.id):
        return _list(turn, _("Somebody has noted that already."))
    return _list(turn, _("Noted. Please try again later."))


def _number(written: str) -> int:
    return int(written) if written.isdecimal() and len(written) < 19 else 0
