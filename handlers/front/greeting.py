"""The front door: a greeting once a day, what this is, the menu of at most five lines, opening hours, help.

Everybody who begins here reads that nobody ever asks for an OTP or a password (domain 8.4). "0" is a person everywhere.
Whoever is not understood gets a kind sentence and the menu; the second time in a row, a person (L10). What is not built
yet is called so, with the hours and the phone.
"""

from collections.abc import Iterable
from datetime import datetime, time
from functools import reduce

from bot.calendar import Calendar
from bot.commune import WEEKDAYS, ReceptionPoint, Span, Weekday
from bot.routes import Routes, Start
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.cases import loose
from handlers.dossiers import slip
from handlers.facts import quick_days, today
from handlers.front import voice
from handlers.office import office
from handlers.requests import request_card as card
from handlers.rights import join
from messages import gates
from messages.render import ZONE, clock
from messages.reply import Button, Msg, Reply, Text, _
from storage import citizens, households

routes = Routes()

SAFETY = _("Nobody here ever asks you for an OTP code, a password or a bank account.")
ASK = _("What can I do for you? Please tap a line or type its number.")
MENU = (
    Button(_("1. Look up my dossier"), str(RouteToken("lookup"))),
    Button(_("2. Report or suggest something"), str(RouteToken("report"))),
    Button(_("3. Opening hours and address"), str(RouteToken("hours"))),
    Button(_("4. My personal data"), str(RouteToken("mine"))),
    Button(_("0. Talk to an official"), str(RouteToken("person"))),
)
"""At most five lines, numbered as they are typed."""
CAN = _("Here you can look up your dossier, report something and write to an official.")
DAYS = (
    _("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"),
)  # fmt: skip


@routes.command("/start", "/menu", words=("chào", "hello", "alo", "bắt đầu", "menu", "thực đơn"))
def start(turn: Turn, rest: str = "") -> Reply | Start:
    """The greeting, or what the code of a link is for."""
    return _by_code(turn, rest) or greet(turn)


def greet(turn: Turn) -> Reply:
    """The greeting, once a day; after that only the menu."""
    return _greeting(turn, _("Hello! This is the assistant of {commune}.", commune=turn.commune.name))


def _by_code(turn: Turn, code: str) -> Reply | Start | None:
    return office.connected(turn, code) or join.started(turn, code)


def _greeting(turn: Turn, hello: Text) -> Reply:
    citizen, today = turn.citizen, turn.now.astimezone(ZONE).date()
    if citizen is None or citizen.greeted_on == today:
        return Reply(ASK, SAFETY, buttons=MENU)
    citizens.change(turn.db, citizen.id, greeted_on=today)
    return Reply(hello, CAN, SAFETY, ASK, buttons=MENU)


@routes.gate("opened")
def opened(turn: Turn) -> Reply | None:
    """She has opened the chat without a word: greeted once a day, and never in the middle of something."""
    today = turn.now.astimezone(ZONE).date()
    if turn.citizen is None or turn.talk is not None or turn.citizen.greeted_on == today:
        return None
    return greet(turn)


@routes.command("/start", "/menu", role="official")
def start_official(turn: Turn, rest: str = "") -> Reply | Start:
    """An official opens the office: by name and post, so that everybody at one computer sees who is in."""
    if not turn.in_office or turn.official is None:
        return start(turn, rest)
    who = _("You are signed in as {name}, {post}.", name=turn.official.name, post=turn.official.post)
    return office.help_official(turn).first(who)


@routes.command("/start", "/menu", role="village-head")
def start_village_head(turn: Turn, rest: str = "") -> Reply | Start:
    """A village head is greeted by name and told which thôn he looks after here."""
    head = turn.official
    if head is None or not head.village:
        return start(turn, rest)
    homes = households.count(turn.db, turn.commune_id, head.village)
    hello = _(
        "{name}, {post}: your thôn has {homes} households on the list.", name=head.name, post=head.post, homes=homes
    )
    return _by_code(turn, rest) or _greeting(turn, hello)


@routes.gate("menu")
def menu(turn: Turn) -> Reply | Start:
    """Nothing fits what came: kindly said, with the menu; the second time in a row a person."""
    if turn.in_office:
        return office.help_official(turn).first(_("I did not understand that, and it was sent to nobody."))
    if turn.event.kind == "sticker" or (turn.event.kind == "text" and gates.courtesy(turn.event.text)):
        return Reply(_("Thank you. I am here whenever you need something."))
    if turn.event.kind == "voice":
        return voice.offer(turn)
    if turn.event.kind in slip.PICTURES and turn.event.files:
        return loose.captioned(turn) or slip.unclear(turn)
    if turn.event.kind == "location":
        return loose.about_place(turn)
    if turn.event.kind != "text":
        thanks = _("Thank you for sending this. What is it about? An official can look at it; please type 0.")
        return Reply(thanks, buttons=MENU)
    return _misunderstood(turn)


def _misunderstood(turn: Turn) -> Reply | Start:
    again = turn.citizen is not None and turn.citizen.misunderstood > 0
    if turn.citizen is not None:
        citizens.change(turn.db, turn.citizen.id, misunderstood=0 if again else 1)
    if again:
        return Start("person", said=turn.event.text, lost=True)
    return Reply(_("I am sorry, I did not understand that yet."), ASK, buttons=MENU)


@routes.command("/trogiup", words=("trợ giúp", "giúp đỡ", "hướng dẫn sử dụng"))
def help_citizen(turn: Turn, rest: str = "") -> Reply:
    """What she can do here, and how to stop, go back and reach a person."""
    return Reply(
        _("Write as you speak; for example: “Is my dossier ready?”"),
        _("/tracuu: look up a dossier. /phananh: report something. /phananhcuatoi: what became of it."),
        _("/canhan: your personal data. /nguoithat: a person."),
        _("At any question you can type “quay lai” to go back, “huy” to stop, 0 for a person."),
        _("To receive no more messages, type “dừng nhận tin”."),
        SAFETY,
        buttons=MENU,
    )


# --- hours ------------------------------------------------------------------------------------------------------------


@routes.command(
    "/giolamviec",
    words=("giờ làm việc", "mấy giờ mở cửa", "làm việc mấy giờ", "địa chỉ", "có làm không", "giờ hành chính"),
)
def hours(turn: Turn, rest: str = "") -> Reply:
    """When the office is open, whether it is now, where, and its phone."""
    week = (*opening_hours(turn), *quick_days.coming(turn))
    return Reply(*today.line(turn), _open_now(turn), *week, *points(turn), *card.phone_line(turn))


@routes.tap("hours")
def hours_tap(turn: Turn) -> Reply:
    return hours(turn)


def _open_now(turn: Turn) -> Text:
    calendar = Calendar(turn.commune)
    if calendar.open_at(turn.now):
        return _("The office is open now.")
    return _("The office is closed now. It opens again at {when}.", when=calendar.next_open(turn.now))


def opening_hours(turn: Turn) -> list[Text]:
    """The week, days with the same hours in one line."""
    week = [turn.commune.hours.on(day) for day in range(7)]
    lines: list[Text] = []
    first = 0
    for day in range(1, 8):
        if day < 7 and week[day] == week[first]:
            continue
        if week[first]:
            lines.append(_days(turn, first, day - 1, week[first]))
        first = day
    return lines


def _days(turn: Turn, first: int, last: int, spans: tuple[Span, ...]) -> Text:
    times = spoken(turn, spans)
    if first == last:
        return _("{day}: {times}.", day=DAYS[first], times=times)
    return _("{first} to {last}: {times}.", first=DAYS[first], last=DAYS[last], times=times)


def spoken(turn: Turn, spans: tuple[Span, ...]) -> str:
    """Stretches of a day as they are said: "8 giờ – 11 giờ"."""
    return ", ".join(f"{_spoken(turn, each.opens)} – {_spoken(turn, each.closes)}" for each in spans)


def _spoken(turn: Turn, hour: time) -> str:
    return clock(datetime.combine(turn.now, hour, ZONE), turn.language)


def points(turn: Turn) -> list[Text]:
    """Where people hand in and collect, with the days of a point that has its own."""
    return [_point(turn, point) for point in turn.commune.reception_points if point.address]


def listed(days: Iterable[Weekday]) -> Msg:
    """Days of the week by name: "thứ Ba, thứ Năm"."""
    return reduce(
        lambda some, one: _("{some}, {one}", some=some, one=one), (DAYS[WEEKDAYS.index(day)] for day in days)
    )


def _point(turn: Turn, point: ReceptionPoint) -> Msg:
    where = _("{name}: {address}.", name=point.name, address=point.address)
    if point.days == WEEKDAYS[:5] and not point.hours:
        return where
    days = listed(point.days)
    if not point.hours:
        return _("{where} Open on {days}.", where=where, days=days)
    return _("{where} Open on {days}: {times}.", where=where, days=days, times=spoken(turn, point.hours))


# --- later ------------------------------------------------------------------------------------------------------------


def not_yet(turn: Turn, rest: str = "") -> Reply:
    """Honest about what is not here, with what helps today."""
    return Reply(
        *today.line(turn),
        _("I am sorry, this is not here yet. An official can help you; please type 0."),
        *opening_hours(turn),
        *card.phone_line(turn),
        buttons=(MENU[-1],),
    )


for _name, _words in {
    "/khaosat": ("khảo sát", "đánh giá"),
    "/thutuc": ("thủ tục", "cần giấy tờ gì"),
    "/thongbao": ("thông báo", "lịch họp thôn"),
}.items():
    routes.command(_name, words=_words)(not_yet)
