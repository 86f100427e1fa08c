"""The call list (L17, L20): whom no message reached and who has to be told, then who wants to be called at all.

One entry a person, about everything she has to be told, and what to tell. "Called" ends it for all of that; "no
answer" keeps her on the list, behind the others. Numbers are whole at /office, where a telephone dials them at a tap,
and masked elsewhere, as everywhere. At /office there is also a short message with its words ready: it names no person
and no procedure, because the telephone may be somebody else's (L05, L06).
"""

from collections.abc import Mapping
from urllib.parse import quote

from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.one_stop import desk
from messages.reply import Button, Msg, Reply, Text, _, lines
from storage import call_list, dossiers, stops

routes = Routes()

TELL: Mapping[str, Msg] = {
    "dossier-received": _("the dossier has been accepted"),
    "papers-needed": _("papers are still needed; the counter tells which"),
    "fee-due": _("tax or a fee is to be paid"),
    "result-ready": _("the result lies at the counter"),
    "result-reminder": _("the result still lies at the counter"),
    "result-recalled": _("the result is not ready yet after all, we are sorry"),
    "result-posted": _("the result is with the post"),
    "dossier-returned": _("the result was handed over"),
    "dossier-changed": _("something has changed with the dossier"),
    "dossier-late": _("there is a new promised date, we are sorry"),
    "dossier-missed": _("the promised date has passed, we are sorry"),
    "letter": _("there is a letter from the commune"),
}
"""What to tell, by kind of notice, in words that betray nothing (L05)."""
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
        told += [_entry(turn, number, each) for number, each in enumerate(waiting, 1)]
    if wish:
        told += [_("People to be called about their dossiers:"), *(_wish(turn, each) for each in wish)]
    if not waiting and not wish:
        return Reply(*told, _("Nobody is on the list of people to be called."))
    buttons = [button for number, each in enumerate(waiting, 1) for button in _buttons(number, each)]
    return Reply(*told, buttons=tuple(buttons))


def _entry(turn: Turn, number: int, each: call_list.Call) -> Text:
    phone: Text = desk.phone(each.phone) if each.phone else _("no number")
    village: Text = each.village or _("thôn not named")
    about = ", ".join(each.about)
    who = _("{number}) {phone}, {village}: {about}.", number=number, phone=phone, village=village, about=about)
    if each.rings:
        who = _("{who} Nobody answered {times} times.", who=who, times=each.rings)
    tell = [_("To tell: {news}.", news=_news(kind, code, len(each.news))) for kind, code in each.news if kind in TELL]
    write = [sms(turn, each)] if turn.at_desk and each.phone and each.news else []
    return lines(who, *tell, *write)


def _news(kind: str, code: str, several: int) -> Text:
    return _("{code}: {news}", code=code, news=TELL[kind]) if several > 1 and code else TELL[kind]


def sms(turn: Turn, each: call_list.Call) -> str:
    """A link that opens a short message with its words ready; the page at /office shows it as "Nhắn tin"."""
    language, words = turn.place.language, turn.place.catalogs
    said = words.text(sms_words(turn, each), language)
    return f"sms:{each.phone}?&body={quote(said, safe='')}"


def sms_words(turn: Turn, each: call_list.Call) -> Text:
    """What a short message says: which dossier, what is new, whom to ask; no person and no procedure (L05, L06)."""
    kind, code = next((one for one in each.news if one[0] in TELL), ("", ""))
    news: Text = TELL.get(kind) or _("there is news for you")
    said = _("{commune}: dossier {code}: {news}.", commune=turn.commune.name, code=code, news=news)
    if not code:
        said = _("{commune}: {news}.", commune=turn.commune.name, news=news)
    office = turn.commune.phone()
    ask = [_("To ask: {number}.", number=office.number)] if office else []
    wrong = [_("If this is not for you, please tell us.")] if each.stranger else []
    return lines(said, *ask, *wrong)


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
