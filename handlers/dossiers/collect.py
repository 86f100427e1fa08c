"""How she gets her result: she comes, the post brings it, somebody else fetches it (A11).

The buttons stand under "the result is there", under a look-up, and the same can be typed. Coming brings the counter's
next hours and what to bring. By post, or by somebody else, needs to be hers: the last four digits, unless they were
right here within the hour. Who pays the post is said before she decides. No procedure is named here (L05), and nothing
of it is done where others read along. The office's side of the post is `handlers.one_stop.by_post`.
"""

from dataclasses import dataclass
from datetime import timedelta

from bot.conversation import Ask, Find
from bot.questions import Confirm, Phone, Text
from bot.routes import Routes, Start
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.dossiers import dossier, next_step, openings
from handlers.requests import request_card as card
from messages import dossier_notices as say
from messages.dossiers import RESULT_READY
from messages.reply import Button, Personal, Reply, _, lines
from messages.reply import Text as Words
from storage import collections, dossiers, links, ready, tails
from storage.citizens import Citizen
from storage.collections import Way
from storage.dossiers import Dossier

routes = Routes()

PROVEN = timedelta(hours=1)
LOOK_UP = Button(_("Look up a dossier"), str(RouteToken("lookup")))
IN_PRIVATE = _("Others read along here. Please write to me in a private chat.")
LIST = Button(_("See what goes by post"), str(RouteToken("posts")))


@dataclass(frozen=True)
class ByPost:
    """The post shall bring it: where to, to whom, and the recipient's phone."""

    code: str
    address: str
    name: str
    phone: str


@dataclass(frozen=True)
class ByOther:
    """Somebody else comes for it."""

    code: str
    name: str


# --- the choice -------------------------------------------------------------------------------------------------------


@routes.tap("collect")
def choose(turn: Turn, code: str = "", way: str = "") -> Reply | Start:
    """One of the three, for one dossier."""
    if turn.in_group:
        return Reply(IN_PRIVATE)
    found = dossiers.by_code(turn.db, turn.commune_id, code)
    if found is None or turn.citizen is None:
        return Reply(_("Please look up the dossier first."), buttons=(LOOK_UP,))
    if refused := _too_early_or_late(turn, found):
        return refused
    begin = {"post": _begin_post, "other": _begin_other}.get(way)
    return begin(turn, found) if begin else come(turn, found)


@routes.tap("collect-come", words=("tôi sẽ đến lấy", "tôi đến lấy", "sẽ đến lấy", "tôi sẽ đến nhận", "tôi sẽ ra lấy"))
def come_in_words(turn: Turn) -> Reply | Start:
    return _in_words(turn, "come")


@routes.tap("collect-post", words=("gửi bưu điện", "gửi qua bưu điện", "nhận qua bưu điện", "bưu chính công ích"))
def post_in_words(turn: Turn) -> Reply | Start:
    return _in_words(turn, "post")


@routes.tap("collect-other", words=("nhờ người khác lấy", "nhờ người lấy hộ", "nhờ người lấy thay", "người khác lấy"))
def other_in_words(turn: Turn) -> Reply | Start:
    return _in_words(turn, "other")


def _in_words(turn: Turn, way: Way) -> Reply | Start:
    """She has typed it: meant is the dossier of hers whose result waits; of several she chooses."""
    if turn.in_group:
        return Reply(IN_PRIVATE)
    hers = [] if turn.citizen is None else collections.waiting_for(turn.db, turn.commune_id, turn.citizen.id)
    if len(hers) == 1:
        return choose(turn, hers[0].code_key, way)
    if not hers:
        return Reply(_("I know of no result of yours that waits. Please look up the dossier."), buttons=(LOOK_UP,))
    buttons = tuple(Button(each.code, str(RouteToken("collect", (each.code_key, way)))) for each in hers)
    return Reply(_("Several results wait for you. Which one do you mean?"), buttons=buttons, numbered=True)


def _too_early_or_late(turn: Turn, found: Dossier) -> Reply | None:
    """Why there is nothing to choose: it is not there, was handed over, or is with the post."""
    if found.status == RESULT_READY:
        chosen = collections.of_dossier(turn.db, turn.commune_id, found.id)
        if chosen is None or chosen.sent_at is None:
            return None
        return Reply(
            _("The result of dossier {code} is with the post already.", code=found.code), *card.phone_line(turn)
        )
    look = Button(_("Look up {code}", code=found.code), str(RouteToken("lookup", (found.code_key,))))
    if found.status == 10:
        return Reply(_("The result of dossier {code} was handed over already.", code=found.code), buttons=(look,))
    return Reply(_("The result of dossier {code} is not there yet.", code=found.code), buttons=(look,))


# --- she comes --------------------------------------------------------------------------------------------------------


def come(turn: Turn, found: Dossier) -> Reply:
    """Thanks, where and when, what to bring; noted when it is hers."""
    if turn.citizen is not None and _may_say(turn, turn.citizen, found):
        collections.choose(turn.db, turn.commune_id, found.id, turn.citizen.id, "come", turn.now)
    thanks = _("Thank you. The result of dossier {code} is kept for you.", code=found.code)
    bring = _("Please bring the slip and your identity card.")
    if not next_step.at_counter(turn, found):
        wait = _("It is being brought to the counter; we write to you as soon as it lies there.")
        return Reply(thanks, wait, bring, *card.phone_line(turn))
    hours = openings.told(turn, found.place)
    told = [lines(_("Open on the next days:"), *hours)] if hours else []
    return Reply(thanks, _("Please come to: {place}.", place=dossier.counter(turn, found.place)), *told, bring)


def _may_say(turn: Turn, her: Citizen, found: Dossier) -> bool:
    """Whoever has proven it may always; whoever only has it on her chat does not undo what somebody else has chosen."""
    if her.id in links.proven(turn.db, turn.commune_id, found.id):
        return True
    chosen = collections.of_dossier(turn.db, turn.commune_id, found.id)
    mine = chosen is None or chosen.citizen_id == her.id
    return mine and collections.is_hers(turn.db, turn.commune_id, her.id, found.id, found.code)


# --- the post brings it -----------------------------------------------------------------------------------------------


def _proven(turn: Turn, found: Dossier) -> bool:
    at = dossier.chat_key(turn)
    return collections.proven(turn.db, turn.commune_id, at, found.code_key, turn.now - PROVEN)


def _locked(turn: Turn, found: Dossier) -> Reply | None:
    until = tails.locked_until(turn.db, turn.commune_id, dossier.chat_key(turn), found.code_key, turn.now)
    return Reply(dossier.locked(until, turn), buttons=(dossier.PERSON,)) if until else None


def _begin_post(turn: Turn, found: Dossier) -> Reply | Start:
    proven = _proven(turn, found)
    refused = None if proven else _locked(turn, found)
    return refused or Start("collect-post", code=found.code_key, proven=proven)


@routes.conversation("collect-post", title=_("The result by post"))
def post(ask: Ask, find: Find, code: str, proven: bool) -> ByPost | None:
    """Whose it is, where to, who receives it, a phone; what it costs is said before she agrees."""
    if not proven:
        ask(dossier.tail_question(code))
    told = _("The post brings the result to your house.")
    where = _("Please type the address: house or lane, thôn, xã, province.")
    address = ask(Text("address", lines(told, where), at_least=8, at_most=200))
    name = ask(Text("name", _("Who receives it? Please type the full name."), at_least=2, at_most=80))
    phone = ask(Phone("phone", _("Which phone number may the postman call?")))
    values = [
        _("Recipient: {name}.", name=Personal(name, "name")),
        _("Address: {address}", address=Personal(address, "words")),
        _("Phone: {phone}.", phone=Personal(phone.replace("+84", "0", 1), "phone")),
        _("The post collects its own fee; an official tells you how much. The commune takes nothing."),
    ]
    agreed = ask(Confirm("send", _("Shall the result go to this address?"), values=values, yes=_("Yes, by post"),
                         no=_("No, leave it")))  # fmt: skip
    return ByPost(code, address, name, phone) if agreed else None


@routes.does(ByPost)
def send_by_post(command: ByPost, turn: Turn) -> Reply:
    """Noted for the office, which hands it to the post."""
    details = {"address": command.address, "name": command.name, "phone": command.phone}
    found = dossiers.by_code(turn.db, turn.commune_id, command.code)
    if refused := _noted(turn, found, "post", details):
        return refused
    assert found is not None
    ready.remind(turn.db, turn.commune_id, found.id, None)
    turn.send_office(Reply(_("The result of dossier {code} is to go by post.", code=found.code), buttons=(LIST,)))
    return Reply(
        _("Noted: the post brings the result of dossier {code}.", code=found.code),
        _("When the office has handed it to the post, you are told its tracking number."),
    )


def _noted(turn: Turn, found: Dossier | None, way: Way, details: dict[str, str]) -> Reply | None:
    """Note the choice; what is said instead when nothing can be chosen any more."""
    if found is None or turn.citizen is None:
        return Reply(_("Please look up the dossier first."), buttons=(LOOK_UP,))
    if refused := _too_early_or_late(turn, found):
        return refused
    collections.choose(turn.db, turn.commune_id, found.id, turn.citizen.id, way, turn.now, details)
    links.put(turn.db, turn.commune_id, turn.citizen.id, found.id, turn.now, proven=True)
    return None


# --- somebody else comes ----------------------------------------------------------------------------------------------


def _begin_other(turn: Turn, found: Dossier) -> Reply | Start:
    assert turn.citizen is not None
    hers = turn.citizen.id in links.proven(turn.db, turn.commune_id, found.id) or _proven(turn, found)
    refused = None if hers else _locked(turn, found)
    return refused or Start("collect-other", code=found.code_key, proven=hers)


@routes.conversation("collect-other", title=_("Somebody else comes for the result"))
def other(ask: Ask, find: Find, code: str, proven: bool) -> ByOther:
    """Who it is; which paper is needed is said first."""
    if not proven:
        ask(dossier.tail_question(code))
    found = find(dossiers.by_code, code)
    papers = () if found is None else (_papers(find, found),)
    who = _("Who comes? Please type the full name.")
    return ByOther(code, ask(Text("name", lines(*papers, who), at_least=2, at_most=80)))


def _papers(find: Find, found: Dossier) -> Words:
    """Who may collect and with which paper; a private procedure has the usual rule, which betrays nothing (L05)."""
    named = not find.commune.is_private(found.procedure_code, found.procedure_name)
    commune: str = find.commune.name
    news = say.News(found.code, found.procedure_name, found.status, None, None, "", commune, named=named)
    return say.collects(news)


@routes.does(ByOther)
def let_other_come(command: ByOther, turn: Turn) -> Reply:
    """Noted; the counter sees the name and looks at the papers."""
    found = dossiers.by_code(turn.db, turn.commune_id, command.code)
    if refused := _noted(turn, found, "other", {"name": command.name}):
        return refused
    assert found is not None
    name = Personal(command.name, "name")
    noted = _("Noted: {name} comes for the result of dossier {code}.", name=name, code=found.code)
    place = _("Please come to: {place}.", place=dossier.counter(turn, found.place))
    return Reply(noted, place, _("The counter looks at the papers before it hands anything over."))
