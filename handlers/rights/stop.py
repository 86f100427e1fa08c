"""What people may stop (L17): greetings, notices and surveys at a word; messages about dossiers after one question.

Whoever stops messages about dossiers stands on the officials' call list and is told so. "It is not me" and "he has
died" stop everything for that address and tell the clerk. All of it can be wanted again: "nhận tin lại". Answers to
what she herself asks are never stopped. Every notice asks `storage.stops.stopped` first.
"""

from dataclasses import dataclass

from bot.conversation import Ask, Find
from bot.questions import SKIP, SKIP_WORDS, Phone
from bot.routes import Routes, Start
from bot.state import Raw
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.one_stop import desk
from handlers.requests import request_card as card
from handlers.rights import stop_reports
from messages import gates
from messages.fold import fold
from messages.reply import Button, Reply, _
from messages.reply import Text as Words
from storage import dossiers, officials, outbox, stops

routes = Routes()

AGAIN = _("To receive messages again, type “nhận tin lại”.")
STILL = _("Whatever you ask here is still answered.")


# --- for her ----------------------------------------------------------------------------------------------------------


@routes.gate("stop")
def asked(turn: Turn) -> Reply | Start | None:
    """A message that as a whole stops something, or wants it again."""
    said = gates.stops(turn.event.text)
    return None if said is None else {"stop": stop, "again": again, "not-me": not_me, "died": died}[said](turn)


@routes.tap("stop")
def stop(turn: Turn) -> Reply:
    """Greetings, notices and surveys end at once; about dossiers she is asked."""
    if turn.citizen is None:
        return Reply(_("Nothing is sent to this chat unasked."))
    stops.put(turn.db, turn.commune_id, turn.citizen.id, stops.UNASKED, turn.now)
    done = _("Done: no more greetings, notices or surveys will come to you.")
    if "dossiers" in stops.stopped(turn.db, turn.commune_id, turn.citizen.id):
        return Reply(done, STILL, AGAIN)
    return Reply(
        done, _("Shall messages about your dossiers stop, too?"),
        buttons=(
            Button(_("Yes, those too"), str(RouteToken("stop-dossiers", ("yes",)))),
            Button(_("No, keep those"), str(RouteToken("stop-dossiers", ("no",)))),
        ),
    )  # fmt: skip


@routes.tap("stop-dossiers")
def stop_dossiers(turn: Turn, answer: str = "") -> Reply | Start:
    """Her answer; who stops them is called instead."""
    if turn.citizen is None:
        return Reply(_("Nothing is sent to this chat unasked."))
    if answer != "yes":
        return Reply(_("All right: messages about your dossiers still come to you."), AGAIN)
    stops.put(turn.db, turn.commune_id, turn.citizen.id, ("dossiers",), turn.now)
    stops.put_on_call_list(turn.db, turn.commune_id, turn.citizen.id, None, turn.now)
    return Start("stop-call")


@dataclass(frozen=True)
class Call:
    """Call this number about her dossiers; "" when she gave none."""

    phone: str


@dataclass(frozen=True)
class MaybePhone(Phone):
    """A number, or none."""

    def choices(self) -> tuple[tuple[str, Words], ...]:
        return ((SKIP, _("Skip this")),)

    def read(self, raw: Raw) -> str:
        skipped = raw.value == SKIP or (raw.kind == "text" and fold(raw.text) in SKIP_WORDS)
        return "" if skipped else super().read(raw)


@routes.conversation("stop-call", title=_("Messages about dossiers"))
def which_number(ask: Ask, find: Find) -> Call:
    """One question, which may be skipped; she is on the list already."""
    prompt = _("Those have stopped, too. When there is news, an official will call instead. Which number?")
    return Call(ask(MaybePhone("phone", prompt)))


@routes.does(Call)
def put_on_list(command: Call, turn: Turn) -> Reply:
    """Her number on the call list, and with the dossiers she wanted to be told of."""
    if turn.citizen is None or not command.phone:
        told = _("You are on the list of people to be called, but without a number.")
        return Reply(told, *card.phone_line(turn), AGAIN)
    stops.put_on_call_list(turn.db, turn.commune_id, turn.citizen.id, command.phone, turn.now)
    dossiers.call_instead(turn.db, turn.commune_id, turn.citizen.id, command.phone)
    phone = desk.phone(command.phone)
    turn.send_office(Reply(_("Please call instead of writing about dossiers: {phone}. /danhsachgoi", phone=phone)))
    return Reply(_("You are on the list of people to be called: {phone}.", phone=phone), STILL, AGAIN)


@routes.tap("start-again")
def again(turn: Turn) -> Reply:
    """She wants messages again."""
    known = turn.citizen is not None and stops.start_again(turn.db, turn.commune_id, turn.citizen.id, turn.now)
    if not known:
        return Reply(_("Nothing has been stopped; messages come to you as before."))
    return Reply(_("Thank you. Messages come to you again from now on."))


# --- the wrong person, or a death -------------------------------------------------------------------------------------


@routes.tap("not-me")
def not_me(turn: Turn) -> Reply:
    """This address is somebody else's: everything stops, the clerk looks at the lists."""
    _end_all(turn, "not-me")
    return Reply(
        _("We are sorry to have disturbed you. Nothing more will be sent here."),
        _("The clerk has been told and will correct the lists."),
        STILL,
    )


@routes.tap("died")
def died(turn: Turn) -> Reply:
    """Everything stops; said with condolences, and with the way to a person for the family."""
    _end_all(turn, "died")
    return Reply(
        _("{commune} shares the grief of your family.", commune=turn.commune.name),
        _("Nothing more will be sent here."),
        _("If the family needs help with papers, please type 0; an official will help you."),
    )


def _end_all(turn: Turn, reason: str) -> None:
    if turn.citizen is None:
        return
    at = turn.address
    stops.put(turn.db, turn.commune_id, turn.citizen.id, stops.ALL, turn.now, reason)
    outbox.stop(turn.db, turn.commune_id, at.channel, at.account, at.chat)
    number = stops.tell(turn.db, turn.commune_id, turn.citizen.id, reason, turn.now)
    found = None if number is None else stops.get_report(turn.db, turn.commune_id, number)
    if found is None:
        return
    told = stop_reports.card_of(found)
    turn.send_office(told)
    for each in officials.active(turn.db, turn.commune_id):
        for to in card.messengers(turn, each) if each.role == "clerk" else ():
            turn.send(to, told)
