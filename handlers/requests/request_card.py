"""How a request for a person looks to officials: the card at the office, or its outline when only receivers may read.

The shared chat sees her words only while nothing in them accuses anybody (L03). Of a sealed request it sees number,
thôn and topic; each receiver gets "Có lời nhắn riêng" in a chat of his own and opens it there, his right checked then.
"""

from datetime import datetime, timedelta

from bot.calendar import Calendar
from bot.tokens import RouteToken
from bot.turn import Address, Work, office_address
from messages.reply import Button, Msg, Personal, Reply, Text, _
from storage import citizens, files, officials, requests
from storage.officials import Official
from storage.requests import Message, Request

RECEIVE = "receive"
SHOWN = 6
"""Messages on a card; the page keeps earlier ones above it."""
TOPICS = {
    "question": _("a question"),
    "callback": _("please call back"),
    "accusation": _("needs the receiver"),
    "data": _("personal data"),
    "emergency": _("an emergency"),
    "quarrel": _("needs the receiver"),  # the shared chat learns no more (L32)
    "voice": _("a voice message to be heard"),
}
URGENT = {
    "fire": _("fire"), "health": _("somebody hurt or ill"), "violence": _("order and safety"),
    "child": _("order and safety"), "rescue": _("rescue"),
}  # fmt: skip
"""What the shared chat learns of an emergency; of one in a home no more than this (L13, L30)."""
EMERGENCY, DUTY = "emergency", "duty"


def address_of(request: Request) -> Address:
    """Where the citizen of a request is reached."""
    return Address(request.channel, request.account, request.chat, request.sender)


def receivers(work: Work) -> list[Official]:
    """Everybody who may read what accuses somebody."""
    return [each for each in officials.active(work.db, work.commune_id) if RECEIVE in each.rights]


def may_hear(work: Work, official: Official | None, request: Request) -> bool:
    """Whether an official may open what nobody has heard yet: a receiver, or a listener of its language (L12)."""
    if official is None:
        return False
    named = request.topic == "voice" and request.detail in work.commune.languages(official.name)
    return named or RECEIVE in official.rights


def may_read(official: Official | None, request: Request) -> bool:
    """Whether an official may read a request's words."""
    return official is not None and (not request.sealed_for_receiver or RECEIVE in official.rights)


def header(request: Request) -> Msg:
    """Number, thôn and topic: what the shared chat may always see."""
    village: Text = request.village or _("thôn not named")
    if request.topic == EMERGENCY:
        kind = URGENT.get(request.detail or "", TOPICS[EMERGENCY])
        return _("Urgent: {kind}, {village} (request {number}).", kind=kind, village=village, number=request.number)
    topic = TOPICS[request.topic]
    if request.topic == "voice" and request.detail:
        topic = _("a voice message in {language}", language=request.detail)
    return _("Request {number}, {village}: {topic}.", number=request.number, village=village, topic=topic)


def show(work: Work, request: Request, *, loud: bool = False) -> None:
    """Post the newest state of a request's card to those who may see it."""
    shared = request.sealed_for_receiver or request.topic == EMERGENCY
    card = outline(work, request) if shared else whole(work, request)
    rest = {"card": f"request:{request.id}", "clock": _clock(request), "loud": loud}
    work.send_office(Reply(*card.paragraphs, buttons=card.buttons, pictures=card.pictures, **rest))
    if request.sealed_for_receiver and loud:
        tell_receivers(work, request)
    if request.topic == EMERGENCY:
        alert(work, request, loud=loud)


def alert(work: Work, request: Request, *, loud: bool) -> None:
    """An emergency in the own chats of whoever is on duty, at any hour: her words, unless only receivers may read."""
    card = outline(work, request) if request.sealed_for_receiver else whole(work, request)
    told = Reply(*card.paragraphs, buttons=card.buttons, card=f"request:{request.id}", loud=loud)
    for official in on_duty(work, request):
        for to in (office_address(official.id), *messengers(work, official)):
            work.send(to, told)


def on_duty(work: Work, request: Request) -> list[Official]:
    """Everybody with the right "duty"; the chairman too when there is nobody, or nobody has seen it in time."""
    people = officials.active(work.db, work.commune_id)
    duty = [each for each in people if DUTY in each.rights]
    return duty + [
        each for each in people if each.role == "chairman" and each not in duty and (request.reminded or not duty)
    ]  # fmt: skip


def tell_receivers(work: Work, request: Request) -> None:
    """"Có lời nhắn riêng", to each receiver in his own chats; her words stay behind the tap, and at /office."""
    told = Reply(_("There is a private message."), header(request), loud=True)
    for receiver in receivers(work):
        once = f"private:{request.id}:{receiver.id}"
        at_desk = told.with_buttons(open_button(request))
        work.send(office_address(receiver.id), at_desk, supersedes=once)
        for to in messengers(work, receiver):
            work.send(to, told.add(_("Please open it at /office.")), supersedes=f"{once}:{to.channel}")


def messengers(work: Work, official: Official) -> list[Address]:
    """An official's private chats besides /office; reminders go there too, once each."""
    known = officials.addresses(work.db, work.commune_id, official.id)
    sends = work.place.capabilities
    return [Address(at, account, sender, sender) for at, account, sender in known if at in sends and sends[at].sends]


def open_button(request: Request) -> Button:
    return Button(_("Open"), str(RouteToken("open", (str(request.id),))))


def outline(work: Work, request: Request) -> Reply:
    """A sealed request, or an emergency, as the shared chat sees it."""
    if request.topic == EMERGENCY:
        buttons = (*card_buttons(request)[:1], open_button(request)) if request.is_open else ()
        return Reply(header(request), *_looked_at(work, request), _state(work, request), buttons=buttons)
    nobody = () if receivers(work) else (_("Nobody has been named to receive it yet. Please tell the chairman."),)
    return Reply(header(request), *nobody, _state(work, request))


def _looked_at(work: Work, request: Request) -> list[Text]:
    """Who has seen an emergency; while nobody has and she has said no more, that it is only a message so far."""
    names = {each.id: each for each in officials.active(work.db, work.commune_id)}
    seen = requests.pressed(work.db, work.commune_id, request.id, "seen")
    told: list[Text] = [
        _("{name} has seen it, {when}.", name=names[each].name, when=at) for each, at in seen if each in names
    ]
    if not seen and request.confirmed_at is None:
        told.append(_("Not confirmed yet: please call or look before anybody is sent."))
    return told


def whole(work: Work, request: Request, *, private: bool = False) -> Reply:
    """A request with its latest messages; those for receivers only stay out unless `private`."""
    names = {each.id: each.name for each in officials.active(work.db, work.commune_id)}
    said = [
        each for each in requests.messages(work.db, work.commune_id, request.id, SHOWN) if each.kind != "seen"
    ]
    there = files.shown(work.db, work.commune_id, [name for each in said for name in each.files])
    lines = [line(each, names, there, private=private) for each in said]
    pictures = tuple(name for each in said if not each.private for name in each.files if there.get(name) == "photo")
    buttons = card_buttons(request) if request.is_open else ()
    if request.topic == EMERGENCY:
        lines += _looked_at(work, request)
    sounds = tuple(name for each in said for name in each.files if private and there.get(name) == "voice")
    return Reply(
        header(request), *lines, _state(work, request), buttons=buttons, pictures=pictures, documents=sounds
    )


def line(said: Message, names: dict[int, str], there: dict[str, str], *, private: bool) -> Text:
    """One message as a line of the card; `there`: its files, as `storage.files.shown` tells them."""
    if said.private and not private:
        return _("(A private message that only the receiver may see.)")
    words = _words(said, there)
    if said.from_citizen:
        return _("Citizen: {words}", words=words)
    name: Text = names.get(said.official_id or 0) or _("a former official")
    if said.kind == "called":
        return _("{name} has called, {when}.", name=name, when=said.at)
    if said.internal:
        return _("Note by {name}: {words}", name=name, words=words)
    return _("{name} answered: {words}", name=name, words=words)


def _words(said: Message, there: dict[str, str]) -> Text:
    """What was said, or what was sent instead."""
    if said.kind == "location":
        return _place(said.text)
    sent: Text = {"photo": _("(a picture)"), "voice": _("(a voice message)")}.get(said.kind, _("(a file)"))
    if said.files and all(there.get(name) == files.MISSING for name in said.files):
        sent = _("(a file that did not reach us)")
    if said.text and said.files:
        return _("{words} {file}", words=Personal(said.text, "words"), file=sent)
    return Personal(said.text, "words") if said.text else sent


def _place(text: str) -> Text:
    """Where she is: for officials at /office, whose map opens the address; abroad it is masked."""
    if not text:
        return _("(a place on the map)")
    address = f"geo:{text.replace(' ', '')}"
    return _("(a place on the map: {place})", place=Personal(f"{text}, {address}", "place"))


def card_buttons(request: Request) -> tuple[Button, ...]:
    """Take, answer, close; first "I have seen it" of an emergency; "called" where she waits for a call."""
    number = (str(request.id),)
    seen = Button(_("I have seen it"), str(RouteToken("seen", number)))
    called = Button(_("I have called"), str(RouteToken("called", number)))
    case = Button(_("Make it a case"), str(RouteToken("case-from-request", number)))
    return (
        *([seen] if request.topic == EMERGENCY else []),
        Button(_("Take it"), str(RouteToken("take", number))),
        Button(_("Answer"), str(RouteToken("reply", number))),
        *([called] if request.topic in (EMERGENCY, "callback", "voice") else []),
        *([case] if may_be_case(request) else []),
        Button(_("Close"), str(RouteToken("close", number))),
    )


def may_be_case(request: Request) -> bool:
    """Whether an official may file what she wrote here as a case: an ordinary request, of which others may read."""
    return request.topic in ("question", "callback") and request.is_open and not request.sealed_for_receiver


def _state(work: Work, request: Request) -> Msg:
    holder = officials.get(work.db, work.commune_id, request.taken_by) if request.taken_by else None
    if request.state == "closed":
        return _("Closed.")
    if request.state == "expired":
        return _("Closed by the clock after a quiet day.")
    if has_left(work, request):
        return _("She has blocked the assistant; please call her.")
    if request.state == "answered":
        return _("Answered.")
    if request.topic == EMERGENCY and holder is None:
        return _("Nobody has it yet.")
    if holder is not None:
        return _("{name} has it. Promised before {when}.", name=holder.name, when=request.promised_at)
    return _("Nobody has it yet. Promised before {when}.", when=request.promised_at)


def has_left(work: Work, request: Request) -> bool:
    """Whether what is written to her would not arrive."""
    at = address_of(request)
    return citizens.has_left(work.db, work.commune_id, at.channel, at.account, at.sender)


def five_points(work: Work, request: Request) -> tuple[Text, ...]:
    """A task as officials hand it on, the "5 rõ": who, what, answerable for what, by when, with what result (G07)."""
    holder = officials.get(work.db, work.commune_id, request.taken_by) if request.taken_by else None
    who: Text = _("Who: nobody yet") if holder is None else _("Who: {name}, {post}", name=holder.name, post=holder.post)
    done = _("Result: answered") if request.state == "answered" else _("Result: not answered yet")
    return (
        who,
        _("What: {header}", header=header(request)),
        _("Answerable for: answering her, then closing the request"),
        _("By when: before {when}", when=request.promised_at),
        done if request.is_open else _("Result: closed"),
    )


def _clock(request: Request) -> tuple[datetime, datetime] | None:
    return (request.waits_since, request.promised_at) if request.state == "waiting" else None


# --- what is promised -------------------------------------------------------------------------------------------------


def promise_times(work: Work) -> dict[str, datetime]:
    """When an answer is promised, when the office is first reminded, and when a quiet request closes."""
    office, calendar = work.commune.office, Calendar(work.commune)
    promised = calendar.promised(work.now, office.promised_minutes)
    return {
        "promised_at": promised,
        "remind_at": calendar.promised(work.now, office.reminder_minutes[0]),
        "closes_at": max(promised, work.now) + timedelta(hours=office.talk_close_hours),
    }


def promise(work: Work, request: Request) -> Msg:
    """The promise as it is told to her."""
    return promised_words(work, request.promised_at)


def promised_words(work: Work, when: datetime) -> Msg:
    """By when an official answers (L01: out of hours "sáng mai")."""
    calendar = Calendar(work.commune)
    if calendar.open_at(work.now):
        return _("An official will answer you before {when}.", when=when)
    opens = calendar.next_open(work.now)
    today = work.now.astimezone(opens.tzinfo).date()
    if opens.hour < 12 and opens.date() == today + timedelta(days=1):
        return _("The office is closed now. An official will answer you tomorrow morning, before {when}.", when=when)
    return _("The office is closed now. An official will answer you before {when}.", when=when)


def phone_line(work: Work) -> tuple[Msg, ...]:
    """The office's phone, when the commune has given one."""
    phone = work.commune.phone()
    return () if phone is None else (_("You can also call {name}: {number}.", name=phone.name, number=phone.number),)
