"""What is held about her, for how long, and her rights (domain 8; L11): /canhan.

She can see all of it with one tap, have it corrected by an official, and be forgotten (`handlers.rights.erase`); what
is asked for and still to come stands first. Each storage file brings its own export; they are listed here.
"""

from typing import Any

from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.dossiers.people import PEOPLE
from handlers.requests import person
from handlers.requests import request_card as card
from handlers.rights import identity, join, wish
from messages import cases as names
from messages.reply import Button, Msg, Personal, Reply, Text, _
from storage import (
    approvals,
    cases,
    citizens,
    collections,
    consents,
    conversations,
    dossiers,
    erasures,
    files,
    guidance,
    join_codes,
    letters,
    links,
    notices,
    print_codes,
    requests,
    stops,
    tails,
    takeovers,
)

routes = Routes()

SEE = Button(_("Show what is kept"), str(RouteToken("see")))
CORRECT = Button(_("Ask to correct something"), str(RouteToken("correct")))
ERASE = Button(_("Erase what is kept"), str(RouteToken("erase")))
STOP = Button(_("Stop messages"), str(RouteToken("stop")))
CONSENT_OFF = Button(_("No messages by phone any more"), str(RouteToken("consent-off")))
WAYS = {"come": _("you come"), "post": _("by post"), "other": _("somebody else comes")}
SHOWN = 10
"""Items of a kind that are listed; the rest is counted."""
NOT_KEPT = _("A phone number that you share by the button is only used to find your dossiers; it is not stored apart.")
KINDS = {"lookup": _("a dossier looked up"), "reply": _("an official's answer")}


@routes.command("/canhan", words=("thông tin cá nhân", "dữ liệu cá nhân", "thông tin của tôi", "xã giữ thông tin gì"))
def about(turn: Turn, rest: str = "") -> Reply:
    """What is kept, for how long, and what she may ask for."""
    office = turn.commune.office
    open_ = [] if turn.citizen is None else erasures.pending(turn.db, turn.commune_id, turn.citizen.id)
    return Reply(
        *(words for each in open_ for words in wish.told(turn, each)),
        _("{commune} keeps only what your requests need.", commune=turn.commune.name),
        _("What you write here is kept sealed for {days} days.", days=max(office.inbox_days, office.outbox_days)),
        *([NOT_KEPT] if "phone" in turn.place.capabilities[turn.address.channel].shares else []),
        _("Unfinished answers are kept for {days} days.", days=office.talk_days),
        _(
            "Guidance given to you is kept with its version ({version}) for {days} days.",
            version=office.guidance_version, days=office.guidance_days,
        ),
        _("Requests to officials are kept for {days} days after they are closed.", days=requests.AFTER_CLOSING.days),
        _("You may see it, have it corrected or erased, and stop messages at any time."),
        buttons=(*wish.keeps(open_), SEE, PEOPLE, *join.buttons(turn), CORRECT, ERASE, STOP),
    )  # fmt: skip


@routes.tap("mine")
def about_tap(turn: Turn) -> Reply:
    """From the menu."""
    return about(turn)


@routes.tap("see")
def see(turn: Turn) -> Reply:
    """Everything that is kept about her, from each storage file's export."""
    if turn.citizen is None:
        return Reply(_("Nothing is kept about citizens in this chat."))
    held = exports(turn)
    told = held["citizens"]["citizen"]
    lines: list[Text] = [_("First message: {when}.", when=told["created_at"])]
    if told["village"]:
        lines.append(_("Your thôn: {village}.", village=told["village"]))
    lines += [line for each in held["requests"][-SHOWN:] for line in _request(each)]
    lines += [_case(each) for each in held["cases"][-SHOWN:]]
    lines += [_guidance(each) for each in held["guidance"][-SHOWN:]]
    watched = [each["code"] for each in held["dossiers"]["watched"]]
    lines += [_("You asked to be told about dossier {code}.", code=code) for code in watched]
    if held["stops"]["stops"]:
        lines.append(_("You have stopped messages; type “nhận tin lại” to receive them again."))
    agreed = [_consent(each) for each in held["consents"] if each["withdrawn_at"] is None]
    lines += [*agreed, *(_collection(each) for each in held["collections"])]
    if held["notices"]:
        lines.append(_("Notices to you: {count}.", count=len(held["notices"])))
    lines.append(_("Conversations: {talks}. Files: {files}.", talks=len(held["talks"]), files=len(held["files"])))
    lines += [_link(each) for each in held["links"]]
    return Reply(_("This is kept about you:"), *lines, buttons=(*([CONSENT_OFF] if agreed else []), CORRECT, ERASE))


def exports(turn: Turn) -> dict[str, Any]:
    """Her data by storage file."""
    assert turn.citizen is not None
    here = (turn.address.channel, turn.address.account, turn.address.chat)
    return {
        "citizens": citizens.export(turn.db, turn.commune_id, turn.citizen.id),
        "requests": requests.export(turn.db, turn.commune_id, turn.citizen.id),
        "cases": cases.export(turn.db, turn.commune_id, turn.citizen.id),
        "guidance": guidance.export(turn.db, turn.commune_id, turn.citizen.id),
        "dossiers": dossiers.export(turn.db, turn.commune_id, turn.citizen.id),
        "tries": tails.export(turn.db, turn.commune_id, turn.citizen.id),
        "talks": conversations.export(turn.db, turn.commune_id, turn.lane_id, turn.address.sender),
        "files": files.export(turn.db, turn.commune_id, *here),
        "links": links.export(turn.db, turn.commune_id, turn.citizen.id),
        "erasures": erasures.export(turn.db, turn.commune_id, turn.citizen.id),
        "letters": letters.export(turn.db, turn.commune_id, *here),
        "takeovers": takeovers.export(turn.db, turn.commune_id, *here),
        "stops": stops.export(turn.db, turn.commune_id, turn.citizen.id),
        "notices": notices.export(turn.db, turn.commune_id, turn.citizen.id),
        "consents": consents.export(turn.db, turn.commune_id, turn.citizen.id),
        "collections": collections.export(turn.db, turn.commune_id, turn.citizen.id),
        "join codes": join_codes.export(turn.db, turn.commune_id, turn.citizen.id),
        "approvals": approvals.export(turn.db, turn.commune_id, turn.citizen.id),
        "forms": print_codes.export(turn.db, turn.commune_id, turn.citizen.id),
    }


def _request(each: dict[str, Any]) -> list[Text]:
    header = _("Request {number}, {when}.", number=each["number"], when=each["at"])
    told: list[Text] = [
        (_("You wrote: {words}", words=words) if said["from_her"] else _("Answered: {words}", words=words))
        for said in each["messages"][-SHOWN:] if (words := Personal(said["text"], "words")).words
    ]  # fmt: skip
    return [header, *told]


def _case(each: dict[str, Any]) -> Msg:
    code, told = names.code(each["number"]), sum(1 for one in each["entries"] if one["from_her"])
    return _("Report {code}, {when}: {count} messages of yours.", code=code, when=each["at"], count=told)


def _guidance(each: dict[str, Any]) -> Msg:
    kind: Text = KINDS.get(each["kind"], each["kind"])
    return _(
        "Guidance, {when}: {kind} {reference}, version {version}.",
        when=each["at"], kind=kind, reference=each["reference"], version=each["version"],
    )  # fmt: skip


def _consent(each: dict[str, Any]) -> Msg:
    phone = Personal(each["phone"].replace("+84", "0", 1), "phone")
    return _("You agreed to be told by phone {phone}, {when}.", phone=phone, when=each["given_at"])


def _collection(each: dict[str, Any]) -> Msg:
    told = ", ".join(filter(None, (each["name"], each["address"], each["phone"].replace("+84", "0", 1))))
    way = WAYS[each["way"]]
    if not told:
        return _("Result of dossier {code}: {way}.", code=each["code"], way=way)
    return _("Result of dossier {code}: {way} ({to}).", code=each["code"], way=way, to=Personal(told, "words"))


def _link(each: dict[str, Any]) -> Msg:
    if not each["name"]:
        return _("On this chat: dossier {code}.", code=each["code"])
    return _("On this chat: dossier {code} of {name}.", code=each["code"], name=Personal(each["name"], "words"))


@routes.tap("correct")
def correct(turn: Turn) -> Reply:
    """A person corrects, after making sure who asks, within the terms of the law."""
    if turn.citizen is None:
        return Reply(_("Nothing is kept about citizens in this chat."))
    request = person.begin(turn, "data", turn.citizen.village)
    words = turn.place.catalogs.text(_("I ask to have my personal data corrected."), turn.place.language)
    requests.add_message(turn.db, turn.commune_id, request.id, words, turn.now)
    card.show(turn, request, loud=True)
    reply_by, done_by = identity.terms(turn, turn.commune.data_rights.correct_days)
    return Reply(
        _("Your request {number} is with the office.", number=request.number),
        _("An official first makes sure that it is you who asks."),
        _("You are answered before {reply}, and it is done before {done}.", reply=reply_by.date(), done=done_by.date()),
        _("Please write here what should be corrected."),
        buttons=(person.FINISH,),
    )
