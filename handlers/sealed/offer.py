"""What accuses a person is never taken in a messenger (L28): who can read here, and three ways that are closed.

Nothing of such words is kept: the raw event is emptied and what she sent with it erased, in the turn's transaction. She
is told who can read this chat and how to take back what she sent, that it was not kept, and where she can say it: on a
page of the commune's own machine, to somebody who calls her, or on paper and by speaking. What accuses the Chairman or
a Vice-Chairman is for the province (domain 3.3). Crime and violence at home have a lane of their own (L30): numbers
first, and no later message names the matter, because the phone may be the offender's.
"""

from dataclasses import dataclass
from datetime import timedelta

from bot.conversation import Ask, Find
from bot.questions import Phone
from bot.routes import Routes, Start
from bot.sealed_news import province, tell_duty
from bot.tokens import RouteToken
from bot.turn import Address, Turn, Work
from handlers.requests import person
from handlers.requests import request_card as card
from handlers.sealed.form import PAGE, has_page
from messages import gates
from messages.reply import Button, Reply, Text, _, lines
from storage import inbox, requests, sealed

routes = Routes()

CALLBACK = "callback"
RECALL = {
    "zalo": _("To take it back on Zalo: press and hold your message, then choose “Thu hồi” or “Xóa”."),
    "telegram": _("To delete it on Telegram: press and hold your message, choose “Xóa”, also for the other side."),
    "web": _("Please close this page when you are done, above all on a phone that others use too."),
}
READ_BY = {
    "zalo": _("Whoever runs the commune's Zalo account can read this chat, and so can whoever holds your phone."),
    "telegram": _("Telegram keeps this chat on servers abroad, and whoever holds your phone can read it."),
    "web": _("Whoever opens this page on this phone or computer can read this chat."),
}


# --- the answer -------------------------------------------------------------------------------------------------------


def offered(turn: Turn, kind: str = "accusation", said: str | None = None) -> Reply:
    """The answer to whatever accuses somebody (`accusation`) or tells of a crime (`crime`); her words are not kept.

    `said`: her words, when this turn's event is not what carried them.
    """
    forget(turn)
    words = turn.event.text if said is None else said
    if kind == "crime":
        return _crime(turn, gates.crime(words))
    if gates.against_head(words):
        return Reply(*_not_kept(turn), *province(turn.commune), RIGHTS)
    more = _("About the Chairman or a Vice-Chairman of the commune, please write to the Chairman of the province.")
    return Reply(*_not_kept(turn), RIGHTS, *_ways(turn), more, buttons=_buttons(turn), numbered=True)


def sure(turn: Turn) -> Reply | None:
    """The answer when this turn's words surely accuse somebody or tell of a crime; None when they do not."""
    if gates.tells_of_crime(turn.event.text) == "yes":
        return offered(turn, "crime")
    return offered(turn) if gates.accuses(turn.event.text) == "yes" else None


def forget(turn: Turn) -> None:
    """Keep nothing of this event: neither its raw bytes nor what was sent with it."""
    inbox.forget(turn.db, turn.event_id)
    sealed.drop_files(turn.db, turn.commune_id, turn.event.files)


RIGHTS = _(
    "The law keeps your name and address secret. You may ask to be protected, and nobody may take revenge on you."
)


def _not_kept(turn: Turn) -> tuple[Text, ...]:
    channel = turn.address.channel
    return (
        _("Thank you for trusting us. A matter like this should not be told in this chat."),
        READ_BY.get(channel, READ_BY["web"]),
        _("I have not kept what you have just sent, and I pass it on to nobody."),
        RECALL.get(channel, RECALL["web"]),
    )


def _ways(turn: Turn) -> tuple[Text, ...]:
    page = (_("A page of the commune's own: only two named readers can open it, and you need not give a name."),)
    called = _("A call: the receiver of citizens rings you, and you say what it is about only then.")
    paper = _("On paper or by speaking: you may come, and the official must write it down and read it back to you.")
    ways = (*(page if has_page(turn) else ()), *((called,) if card.receivers(turn) else ()), paper)
    listed = [_("{number}. {way}", number=at, way=each) for at, each in enumerate(ways, 1)]
    return (lines(_("You can tell it safely in these ways:"), *listed),)


def _buttons(turn: Turn, lane: str = "") -> tuple[Button, ...]:
    call = Button(_("Please call me back"), str(RouteToken("sealed-call", (lane,) if lane else ())))
    return (
        *((PAGE,) if has_page(turn) else ()),
        *((call,) if card.receivers(turn) else ()),
        Button(_("On paper or by speaking"), str(RouteToken("denounce"))),
    )


# --- crime and violence at home ---------------------------------------------------------------------------------------


def _crime(turn: Turn, kind: str | None) -> Reply:
    """Numbers first, then the same ways; what it is about is not repeated."""
    numbers: list[Text] = [_("If it is happening now, please call 113 at once.")]
    if kind in ("child", "home"):
        numbers.append(_("111 protects children, day and night, free of charge."))
    police = [each for each in turn.commune.phones if each.role == "police"]
    numbers += [_("{name}: {number}", name=each.name, number=each.number) for each in police]
    lawful: tuple[Text, ...] = ()
    if kind == "home":
        lawful = (_("The commune itself must receive and help ({source}).", source=turn.commune.sealed.home_source),)
    return Reply(
        lines(numbers[0], *numbers[1:]), *_not_kept(turn), *lawful, RIGHTS, *_ways(turn), buttons=_buttons(turn, "c"),
        numbered=True,
    )  # fmt: skip


# --- the call ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CallBack:
    """She wants to be called; what about is not asked."""

    phone: str
    lane: str = ""


@routes.tap("sealed-call")
def call(turn: Turn, lane: str = "") -> Reply | Start:
    """Begin asking for the number."""
    if waits_for_call(turn, turn.address):
        return _already()
    return Start("sealed-call-back", lane=lane)


def _already() -> Reply:
    return Reply(_("The office knows already that you wait. You can say it to the person who calls you."))


@routes.conversation("sealed-call-back", title=_("Please call me back"), idle=timedelta(minutes=30))
def which_phone(ask: Ask, find: Find, lane: str = "") -> CallBack:
    """One question: the number."""
    return CallBack(ask(Phone("phone", _("Which number may we call? Please do not write what it is about."))), lane)


@routes.does(CallBack)
def call_back(command: CallBack, turn: Turn) -> Reply:
    """A contact request for the receivers alone; neither matter nor place is named anywhere."""
    if waits_for_call(turn, turn.address):
        return _already()
    if not card.receivers(turn):
        return Reply(_("Nobody has been named to receive such calls yet. Please come to the office in person."))
    request = person.begin(turn, CALLBACK, None, sealed=True)
    requests.add_message(turn.db, turn.commune_id, request.id, f"☎ {command.phone}", turn.now, private=True)
    card.tell_receivers(turn, request)
    if command.lane:
        tell_duty(turn)
    who = ", ".join(each.post for each in card.receivers(turn))
    return Reply(
        _("The office will call you. Your number for it is {number}.", number=request.number),
        _("You will be called by: {posts}.", posts=who),
        card.promise(turn, request),
        _("Please do not write about it here; nothing you write here about it is kept."),
        buttons=(person.FINISH,),
    )


def waits_for_call(work: Work, address: Address) -> bool:
    """Whether this chat has asked to be called and nothing more: what is written meanwhile is not taken."""
    request = requests.open_of(work.db, work.commune_id, address)
    return request is not None and request.topic == CALLBACK and request.sealed_for_receiver
