"""What the office says about itself (A21, B01, B02, C04, L16): where, parking, wifi, phones, citizen reception.

Every answer comes from commune.toml and from what officials have changed in chat (`handlers.facts.facts_change`). What
nobody has written down is called unknown, with the phone. A day of the Chairman's that was cancelled is said so
wherever his days are shown. "Is this really the commune?" gets the fixed warning against impostors (domain 8.4).
"""

from collections.abc import Callable, Mapping
from datetime import timedelta

from bot.commune import ChairmanDay, CitizenReception
from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.facts import today
from handlers.front import emergency, greeting
from handlers.requests import request_card as card
from messages.render import ZONE
from messages.reply import Button, Msg, Reply, Text, _, lines

routes = Routes()

AHEAD = timedelta(days=45)
"""How far ahead the Chairman's days are shown."""
ROLES = ("office", "leader", "staff", "police", "militia", "health", "other")
"""The order of the phone list."""
PERSON = Button(_("Talk to a person"), str(RouteToken("person")))

TOLD: Mapping[str, Callable[[str], Msg]] = {
    "address": lambda words: _("The office: {words}", words=words),
    "map": lambda words: _("How to find it: {words}", words=words),
    "parking": lambda words: _("Parking: {words}", words=words),
    "waiting": lambda words: _("Waiting room: {words}", words=words),
    "wifi": lambda words: _("Free wifi: {words}", words=words),
    "photocopier": lambda words: _("Photocopies: {words}", words=words),
    "payment": lambda words: _("How to pay: {words}", words=words),
}
UNKNOWN: Mapping[str, Msg] = {
    "address": _("I am sorry, nobody has told me the address yet."),
    "parking": _("I am sorry, nobody has told me yet where one can park."),
    "waiting": _("I am sorry, nobody has told me about a waiting room yet."),
    "wifi": _("I am sorry, nobody has told me yet whether there is wifi."),
    "photocopier": _("I am sorry, nobody has told me yet whether there is a photocopier."),
    "payment": _("I am sorry, nobody has told me yet how one can pay."),
}


# --- the house --------------------------------------------------------------------------------------------------------


@routes.tap("fact-where", words=("trụ sở ở đâu", "ủy ban ở đâu", "xã ở đâu", "chỉ đường", "đường đến ủy ban"))
def where(turn: Turn) -> Reply:
    """Address, how to find it, each reception point with its days, the phone."""
    found, points = _known(turn, "address", "map"), greeting.points(turn)
    unknown = () if found or points else (UNKNOWN["address"],)
    return Reply(*today.line(turn), *found, *points, *unknown, *card.phone_line(turn))


@routes.tap("fact-parking", words=("gửi xe", "để xe", "đỗ xe", "đậu xe", "bãi xe"))
def parking(turn: Turn) -> Reply:
    return _about(turn, "parking")


@routes.tap("fact-waiting", words=("phòng chờ", "chỗ chờ", "chỗ ngồi chờ", "ngồi chờ ở đâu"))
def waiting(turn: Turn) -> Reply:
    return _about(turn, "waiting")


@routes.tap("fact-wifi", words=("wifi", "wi-fi", "mật khẩu mạng"))
def wifi(turn: Turn) -> Reply:
    return _about(turn, "wifi")


@routes.tap("fact-photocopier", words=("máy photo", "máy photocopy", "photocopy ở đâu", "chỗ photo", "phô tô ở đâu"))
def photocopier(turn: Turn) -> Reply:
    return _about(turn, "photocopier")


@routes.tap("fact-payment", words=("nộp tiền ở đâu", "trả tiền thế nào", "có chuyển khoản được không", "quét mã QR"))
def payment(turn: Turn) -> Reply:
    return _about(turn, "payment")


def _about(turn: Turn, name: str) -> Reply:
    known = _known(turn, name)
    return Reply(*known) if known else Reply(UNKNOWN[name], *card.phone_line(turn), buttons=(PERSON,))


def _known(turn: Turn, *names: str) -> list[Text]:
    facts = ((name, getattr(turn.commune.about, name)) for name in names)
    return [TOLD[name](fact.value) for name, fact in facts if fact is not None]


# --- phones -----------------------------------------------------------------------------------------------------------


@routes.tap("fact-phones", words=("danh bạ", "số điện thoại", "xin số", "số máy của xã", "gọi cho ai"))
def phones(turn: Turn) -> Reply:
    """Work numbers by post (C04), and the head of her own thôn when it is known."""
    listed = [
        _("{name}: {number}", name=phone.name, number=phone.number)
        for role in ROLES for phone in turn.commune.phones if phone.role == role
    ]  # fmt: skip
    listed += emergency.head_of(turn, turn.citizen.village if turn.citizen else None)
    if not listed:
        return Reply(_("I am sorry, nobody has given me any numbers yet."), *greeting.points(turn), buttons=(PERSON,))
    return Reply(lines(_("Work numbers:"), *listed), _("Please call in opening hours; in an emergency at any time."))


# --- citizen reception ------------------------------------------------------------------------------------------------


@routes.tap(
    "fact-reception",
    words=("tiếp dân", "tiếp công dân", "lịch tiếp dân", "bao giờ chủ tịch tiếp dân", "gặp chủ tịch", "lịch chủ tịch"),
)
def reception(turn: Turn) -> Reply:
    """The five facts (B01): place, hours, the Chairman's days, who attends, what about; the rules by a button."""
    facts = turn.commune.citizen_reception
    told = [
        *([_("Citizens are received at: {words}", words=facts.place.value)] if facts.place else []),
        *([_("Regular hours: {words}", words=facts.hours.value)] if facts.hours else []),
        lines(_("The Chairman himself receives citizens on:"), *days)
        if (days := chairman_days(turn))
        else _("I am sorry, the Chairman's next days have not been told to me yet."),
        *([_("Who attends: {words}", words=facts.attendees.value)] if facts.attendees else []),
        *([_("Expected topics: {words}", words=facts.topics.value)] if facts.topics else []),
    ]
    complete = days and facts.place and facts.hours and facts.attendees and facts.topics
    call = () if complete else card.phone_line(turn)
    rules = (Button(_("Read the rules"), str(RouteToken("fact-rules"))),) if facts.rules else ()
    return Reply(*today.line(turn), *told, *call, buttons=(*rules, PERSON))


@routes.tap("fact-rules", words=("nội quy", "nội quy tiếp công dân"))
def rules(turn: Turn) -> Reply:
    """The rules of citizen reception (B02)."""
    facts: CitizenReception = turn.commune.citizen_reception
    if facts.rules is None:
        sorry = _("I am sorry, the rules of citizen reception have not been given to me yet.")
        return Reply(sorry, *card.phone_line(turn), buttons=(PERSON,))
    return Reply(_("Rules of citizen reception:"), facts.rules.value)


def chairman_days(turn: Turn) -> list[Msg]:
    """The Chairman's coming days, those that were cancelled called so."""
    first = turn.now.astimezone(ZONE).date()
    return [chairman_day(turn, day) for day in turn.commune.citizen_reception.between(first, first + AHEAD)]


def chairman_day(turn: Turn, day: ChairmanDay) -> Msg:
    """One day: when and about what, or that it does not take place."""
    if day.cancelled:
        return _("{day}: cancelled ({reason}), we are sorry.", day=day.day, reason=day.cancelled)
    if day.cancelled is not None:
        return _("{day}: cancelled, we are sorry.", day=day.day)
    when = _("{day}.", day=day.day)
    if day.hours:
        when = _("{day}, {times}.", day=day.day, times=greeting.spoken(turn, day.hours))
    return _("{when} About: {topics}.", when=when, topics=day.topics) if day.topics else when


# --- is it really you? ------------------------------------------------------------------------------------------------


@routes.tap(
    "fact-genuine",
    words=("có phải của xã không", "có phải xã không", "có phải xã thật không", "có phải lừa đảo không",
           "lừa đảo không", "giả mạo không", "có thật không", "ai nhắn đấy"),
)  # fmt: skip
def genuine(turn: Turn) -> Reply:
    """The fixed warning against impostors, and whom to ask."""
    police = turn.commune.phone("police")
    ask = () if police is None else (_("If in doubt, call {name}: {number}.", name=police.name, number=police.number),)
    return Reply(
        _("Yes, this is the assistant of {commune}.", commune=turn.commune.name),
        greeting.SAFETY,
        _("The commune sends only links that end in .gov.vn, and never an app file (APK) to install."),
        _("Whoever asks for such things in the commune's name is an impostor; please do not follow."),
        *ask,
        *card.phone_line(turn),
    )
