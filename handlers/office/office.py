"""The officials' side of requests: who has one, closing it; help and invitations (who waits: handlers.cases.queue).

Whoever takes a request has it; the second is told who was first and may take it on purpose. What was sealed for the
receivers opens for them alone, and rights are looked at when something is used. Answers are `handlers.requests.answer`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot import door_links
from bot.conversation import Ask, Find
from bot.questions import Choice, Confirm, Text
from bot.routes import Routes, Start
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.requests import request_card as card
from handlers.requests.person import WhichVillage, key_of
from messages.reply import Button, Reply, _, lines
from messages.reply import Text as Words
from storage import households, officials, requests
from storage.requests import Request

routes = Routes()

NOT_YOURS = _("Only the receiver of citizens may open this.")
GONE = _("There is no such request any more.")
AT_DESK = _("This stays on the commune's own machine. Please open it at /office.")


# --- one request ------------------------------------------------------------------------------------------------------


@routes.tap("open", role="official")
def open_it(turn: Turn, request: str = "") -> Reply:
    """One request with its words, in the official's own chat; a sealed one for receivers only."""
    found = request_of(turn, request)
    if found is None:
        return Reply(GONE)
    if refused := kept_at_desk(turn, found):
        return refused
    if turn.in_group and found.topic == card.EMERGENCY:
        return Reply(_("Others read along here. Please open it in your own chat."))
    private = turn.at_desk and card.may_hear(turn, turn.official, found)
    return card.whole(turn, found, private=private)


@routes.tap("take", role="official")
def take(turn: Turn, request: str = "", instead: str = "") -> Reply:
    """"I have it"; the second who says so is told who was first."""
    found = request_of(turn, request)
    refused = refused_for(turn, found)
    if found is None or refused is not None or turn.official is None:
        return refused or Reply(GONE)
    holder = requests.take_over(turn.db, turn.commune_id, found.id, turn.official.id, instead=instead == "instead")
    if holder != turn.official.id:
        return held_by(turn, found, holder)
    mine = fresh(turn, found)
    card.show(turn, mine)
    taken = _("You have request {number}. Thank you.", number=found.number)
    return Reply(taken, lines(*card.five_points(turn, mine)), buttons=(_answer_button(found),))


@routes.tap("reply", role="official")
def reply(turn: Turn, request: str = "") -> Reply | Start:
    """Begin an answer; it takes the request too."""
    found = request_of(turn, request)
    refused = refused_for(turn, found)
    if found is None or refused is not None or turn.official is None:
        return refused or Reply(GONE)
    holder = requests.take_over(turn.db, turn.commune_id, found.id, turn.official.id)
    if holder != turn.official.id:
        return held_by(turn, found, holder)
    if found.taken_by is None:
        card.show(turn, fresh(turn, found))
    return Start("answer", request=found.id)


@routes.tap("close", role="official")
def close(turn: Turn, request: str = "") -> Reply:
    """End a request; she is told, and may write again."""
    found = request_of(turn, request)
    refused = refused_for(turn, found)
    if found is None or refused is not None:
        return refused or Reply(GONE)
    requests.close(turn.db, turn.commune_id, found.id, turn.now)
    card.show(turn, fresh(turn, found))
    turn.wake(card.address_of(found), "closed", str(found.id), request=found.id)
    return Reply(_("Request {number} is closed.", number=found.number))


@routes.event("closed")
def closed(turn: Turn, request: int) -> Reply | None:
    """She learns that the office has closed her request."""
    found = requests.get(turn.db, turn.commune_id, request)
    if found is None:
        return None
    return Reply(
        _("Request {number} is settled and closed.", number=found.number),
        _("Please write again whenever you need us. Thank you."),
    )


def request_of(turn: Turn, number: str) -> Request | None:
    return requests.get(turn.db, turn.commune_id, int(number)) if number.isdecimal() and len(number) < 19 else None


def fresh(turn: Turn, found: Request) -> Request:
    return requests.get(turn.db, turn.commune_id, found.id) or found


def refused_for(turn: Turn, found: Request | None) -> Reply | None:
    """Why nothing can be done with a request."""
    if found is None:
        return Reply(GONE)
    if refused := kept_at_desk(turn, found):
        return refused
    if not found.is_open:
        return Reply(_("Request {number} is closed already.", number=found.number))
    return None


def kept_at_desk(turn: Turn, found: Request) -> Reply | None:
    """What only receivers may read is read by them, and at /office alone (L28: a messenger's servers are abroad)."""
    if not card.may_read(turn.official, found):
        return Reply(NOT_YOURS)
    return Reply(AT_DESK) if found.sealed_for_receiver and not turn.at_desk else None


def held_by(turn: Turn, found: Request, holder: int) -> Reply:
    other = officials.get(turn.db, turn.commune_id, holder)
    instead = Button(_("Take it instead"), str(RouteToken("take", (str(found.id), "instead"))))
    if other is None:
        gone = _("Request {number} is with somebody who has left.", number=found.number)
        return Reply(gone, buttons=(instead,))
    told = _("{name} ({post}) already has request {number}.", name=other.name, post=other.post, number=found.number)
    return Reply(told, buttons=(instead,))


def _answer_button(found: Request) -> Button:
    return Button(_("Answer"), str(RouteToken("reply", (str(found.id),))))


# --- help and invitations ---------------------------------------------------------------------------------------------


@routes.command("/trogiup", words=("trợ giúp", "hướng dẫn"), role="official")
def help_official(turn: Turn, rest: str = "") -> Reply:
    """What an official can do here."""
    waiting = len(requests.queue(turn.db, turn.commune_id))
    leads = turn.allows("chairman") or turn.allows("clerk")
    for_leaders = (
        _("/thongtinxa: hours, phones, the Chairman's days and what else people ask."),
        _("/ngaytranhanh: days on which results are returned quickly."),
        _("/moi: invite an official or a village head."),
        _("/thoiquyen: an official has left; all rights end at once."),
        _("/mautraloi: saved answers. /chude, inside a topic of the group: which cards come there."),
    )
    return Reply(
        _("What you can do here:"),
        lines(
            _("People:"),
            _("/hangdoi: who is waiting ({count} now).", count=waiting),
            _("On a card: Take it, Answer, Close. An answer is shown to you before it goes."),
            _("What you type outside an answer is sent to nobody."),
            _("/homnay: a line for today. /danhsachgoi: who wants to be called."),
            _("/buudien: results that go by post. /danhgia: how people were served."),
            _("/vuviec: write down what came by telephone, letter or in person. /hoso and its number: all about it."),
        ),
        lines(
            _("Dossiers:"),
            _("Send me the list of the one-stop system (Excel, CSV): I show what it changes before you apply it."),
            _("/ketqua: results that have come; say which lie at the counter, and their people are told."),
            _("/luingay: ask for a new date for a dossier that will be late."),
            _("/tomtat: what is due, late, waiting. /thongke: a month in figures. /hoso CODE: all about one dossier."),
        ),
        lines(
            _("Letters:"),
            _("/duyet: letters that wait. /vietthu: write one. /thu: what went out. /baotang: news of a death."),
        ),
        lines(_("The office:"), _("/vang: you are away, and who stands in."), *(for_leaders if leads else ())),
        buttons=(
            Button(_("Who is waiting"), str(RouteToken("queue"))),
            Button(_("Summary of today"), str(RouteToken("summary"))),
            Button(_("Results that have come"), str(RouteToken("ready-list"))),
            Button(_("Letters that wait"), str(RouteToken("approvals"))),
        ),
    )


@routes.command("/trogiup", words=("trợ giúp", "hướng dẫn"), role="village-head")
def help_village_head(turn: Turn, rest: str = "") -> Reply:
    """What a village head can do now, and what comes later."""
    own = turn.official.village if turn.official else None
    homes = households.count(turn.db, turn.commune_id, own) if own else 0
    known = (_("{village} has {count} households on the list.", village=own, count=homes),) if own and homes else ()
    village: Words = own or _("your thôn")
    return Reply(
        _("Here the head of {village} can look up dossiers and reach an official.", village=village),
        *known,
        _("/hangdoi: what is open in the thôn. /baoho: report for somebody without a phone."),
        _("/baotang and one line tells the commune of a death in the thôn."),
        _("Notices to households, meetings and contributions are not here yet; we will tell you."),
        buttons=(
            Button(_("Matters of the thôn"), str(RouteToken("village-cases"))),
            Button(_("Look up a dossier"), str(RouteToken("lookup"))),
            Button(_("Talk to a person"), str(RouteToken("person"))),
        ),
    )


# --- invitations ------------------------------------------------------------------------------------------------------

CODE = re.compile(r"[A-HJ-NP-Z2-9]{4}(-?[A-HJ-NP-Z2-9]{4}){2}", re.IGNORECASE)
CONNECTS = 15
"""Minutes."""


@routes.command("/ketnoi", role="official")
@routes.command("/ketnoi", role="village-head")
def connect(turn: Turn, rest: str = "") -> Reply:
    """A one-time code with which he is known on a messenger, too."""
    if turn.in_group or turn.official is None:
        return Reply(_("Others read along here. Please ask for the code at /office."))
    code = officials.new_code(turn.db, turn.commune_id, turn.official.id, turn.now, timedelta(minutes=CONNECTS))
    links = _tap_to_start(turn, code)
    typed = (
        _("Or send it to our assistant there: /start {code}", code=code)
        if links
        else _("Open our assistant on your telephone and send it: /start {code}", code=code)
    )
    return Reply(
        *links,
        typed,
        _("The code works once, for {minutes} minutes. It is for you alone.", minutes=CONNECTS),
    )


def _tap_to_start(turn: Turn, code: str) -> list[Words]:
    """The addresses that bring a code to our chat with one tap."""
    return [
        _("Open this on the telephone and press Start: {address}", address=each)
        for each in door_links.with_code(turn.db, turn.place, code)
    ]


def connected(turn: Turn, written: str) -> Reply | None:
    """What "/start CODE" does in a private chat; None when that is no code."""
    if turn.in_group or turn.at_desk or not CODE.fullmatch(written.strip()):
        return None
    person = officials.accept_invitation(turn.db, turn.commune_id, written, turn.now)
    if person is None:
        return Reply(_("That code is not valid any more. Please ask for a new one."))
    at = turn.address
    officials.bind(turn.db, turn.commune_id, person.id, at.channel, at.account, at.sender)
    return Reply(
        _("You are known here now: {name}, {post}.", name=person.name, post=person.post),
        _("Send /trogiup to see what you can do."),
    )


ROLES: Mapping[str, Words] = {
    "official": _("An official"), "village-head": _("A village head"), "clerk": _("The clerk who imports and invites"),
}  # fmt: skip


@dataclass(frozen=True)
class Invite:
    """Let somebody in."""

    name: str
    post: str
    role: str
    village: str | None


@routes.command("/moi", words=("mời cán bộ",), role="clerk")
@routes.command("/moi", words=("mời cán bộ",), role="chairman")
def begin_invitation(turn: Turn, rest: str = "") -> Start:
    """The chairman and the clerk invite."""
    return Start("invite")


@routes.conversation("invite", title=_("An invitation"), role="official")
def invitation(ask: Ask, find: Find) -> Invite | None:
    """Name, post, role, and for a village head the thôn."""
    name = ask(Text("name", _("Whom do you invite? Please write the full name."), at_least=2, at_most=80))
    post = ask(Text("post", _("Which post? It stands under every answer."), at_least=2, at_most=120))
    chairman = find.official is not None and find.official.role == "chairman"
    roles = ROLES if chairman else {role: label for role, label in ROLES.items() if role != "clerk"}
    role = ask(Choice("role", _("What may {name} do?", name=name), roles))
    village: str | None = None
    if role == "village-head" and find.commune.villages:
        villages = {key_of(each): each.label for each in find.commune.villages}
        prompt = _("Head of which thôn?")
        chosen = ask(WhichVillage("village", prompt, options=dict(villages), places=find.commune.places))
        village = villages.get(chosen)
    summary = _("{name}, {post}: {role}.", name=name, post=post, role=ROLES[role])
    lines: list[Words] = [summary, *([village] if village else [])]
    agreed = ask(Confirm("send", _("Make the invitation?"), values=lines, yes=_("Yes, invite"), no=_("No")))
    return Invite(name, post, role, village) if agreed else None


@routes.does(Invite)
def invite(command: Invite, turn: Turn) -> Reply:
    """Make the one-time code; a clerk makes no clerks."""
    mine = turn.official.role if turn.official else ""
    if mine not in ("chairman", "clerk") or (mine == "clerk" and command.role == "clerk"):
        return Reply(_("I am sorry, this is only for the chairman and the clerk."))
    code = officials.invite(
        turn.db, turn.commune_id, command.name, command.post, command.role, (), command.village, turn.now
    )  # fmt: skip
    return Reply(
        _("The code for {name} is {code}.", name=command.name, code=code),
        *_tap_to_start(turn, code),
        _("It works once, for three days. Please hand it over in person."),
    )
