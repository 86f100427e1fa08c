"""Where is my dossier? By its code alone: status in plain words, dates, where to collect, what to do next (A06).

Names, steps and the officer, and the very name of a private procedure (L05), are shown only after the last four digits
of the phone on file, each time anew; five wrong ones lock, and the slip at the counter always helps (L06). Every answer
says how old the data are (L04). A late dossier gets an apology first, and no reason or date that nobody gave (A05); one
with a new date, too, and that date. "Come and collect it" is said only of what lies at the counter (L19).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.calendar import Calendar
from bot.conversation import Ask, Checked, Find, Hint, Locked, More, NotUnderstood, Outcome, Passed, Question
from bot.questions import SAY_IN_WORDS, phone_number
from bot.routes import Routes, Start
from bot.state import Raw
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.cases.report import service_button
from handlers.dossiers import next_step, people, slip, whole_news
from handlers.dossiers.slip import InPicture
from handlers.facts import today
from messages import codes
from messages import dossiers as words
from messages.reply import Button, Msg, Reply, Text, _, lines
from messages.statuses import late
from storage import dossiers, files, guidance, imports, links, tails
from storage.dossiers import Dossier

routes = Routes()
PHRASES = ("hồ sơ của tôi xong chưa", "hồ sơ xong chưa", "hs xong chưa", "tra cứu hồ sơ", "tra hồ sơ", "kiểm tra hồ sơ")
MORE = ("hồ sơ", "tra cứu", "có kết quả chưa", "có kq chưa", "bao giờ được lấy", "look up my dossier", "/tracuu")
STALE = 2  # working days without an import (L04)
STEPS = 5  # of the trail, the latest, for the citizen
ANOTHER = Button(_("Look up another dossier"), str(RouteToken("lookup")))
PERSON = Button(_("Talk to a person"), str(RouteToken("person")))
CODE_HINT = _("A code looks like H55.242-260901-0012. Without the slip, type 0 and an official will look for it.")


@dataclass(frozen=True)
class Show:
    """Show what the code alone may show."""

    code: str


@dataclass(frozen=True)
class OwnPhone:
    """She has shared her own phone by one tap: the number as +84…, or "" when it is none of Việt Nam."""

    number: str


@dataclass(frozen=True)
class TryTail:
    """Judge the last four digits."""

    code: str
    tail: str


@dataclass(frozen=True)
class ShowDetails:
    """Show what the second factor has opened, this once."""

    code: str


# --- By the code alone ---


@dataclass(frozen=True)
class DossierCode(Question[str | InPicture | OwnPhone]):
    """A code, alone or within a sentence, a picture of the slip (L15), or her own phone where one tap shares it.

    `today` tells a day that cannot be. `pictured(files)`: the codes read in pictures, None while they are fetched.
    """

    today: date
    pictured: Callable[[Sequence[str]], list[str] | None] = lambda names: []

    def take(self, earlier: Raw | None, raw: Raw) -> Raw:
        return raw if raw.kind in slip.PICTURES and raw.files else super().take(earlier, raw)

    def read(self, raw: Raw) -> str | InPicture | OwnPhone:
        if raw.kind == "contact" and self.wants:
            if not raw.text:
                raise NotUnderstood(_("That is somebody else's number. Please share your own, or type the code."))
            return OwnPhone(phone_number(raw.text) or "")
        if raw.kind in slip.PICTURES and raw.files:
            codes_in_it = self.pictured(raw.files)
            if codes_in_it is None:
                raise More(slip.WAIT, "")
            return codes_in_it[0] if len(codes_in_it) == 1 else InPicture(raw.files, tuple(codes_in_it))
        if raw.kind != "text":
            raise NotUnderstood(SAY_IN_WORDS.get(raw.kind, CODE_HINT))
        found = codes.find(raw.text)
        if len(found) > 1:
            raise NotUnderstood(_("I see {count} codes. Please send one at a time.", count=len(found)))
        if not found:
            near = codes.near(raw.text, self.today)
            again = _("{near} Please look at the slip again.", near=words.NEAR[near]) if near else CODE_HINT
            raise NotUnderstood(again)
        return found[0]


@routes.conversation("dossier", words=(*PHRASES, *MORE), title=_("Look up a dossier"))
def look_up(ask: Ask, find: Find, code: str = "") -> Show | InPicture | OwnPhone:
    """One question, and none when she has written the code already."""
    if known := codes.find(code):
        return Show(known[0])
    typed, photo = _("Please type the dossier code printed on the slip."), _("A picture of the slip will do, too.")
    at = find.address

    def pictured(names: Sequence[str]) -> list[str] | None:
        return find(files.codes, at.channel, at.account, at.chat, names)

    wants = "phone" if "phone" in find.shares else ""
    tap = [_("Or share your own phone number by the button, and I will list its dossiers.")] if wants else []
    question = lines(typed, photo, *tap)
    answer = ask(DossierCode("code", question, words.today(find.now), pictured, wants=wants))
    return Show(answer) if isinstance(answer, str) else answer


@routes.does(Show)
def show(command: Show, turn: Turn) -> Reply:
    found = dossiers.by_code(turn.db, turn.commune_id, codes.key(command.code))
    told = unknown(command.code, turn) if found is None else known(found, turn)
    return told.first(*today.line(turn))


def unknown(code: str, turn: Turn) -> Reply:
    near = codes.near(code, words.today(turn.now))
    not_found = _("I have not found the dossier {code} yet.", code=code)
    tomorrow = _("A dossier handed in today may be found tomorrow.")
    compare = _("Please compare the code with the slip, or ask a person.")
    hints = (words.NEAR[near], tomorrow, compare) if near else (tomorrow, compare)
    return Reply(not_found, lines(*hints), age(turn), buttons=(ANOTHER, PERSON))


def known(found: Dossier, turn: Turn) -> Reply:
    is_late, moved = late(found.status, words.until(found), turn.now), next_step.was_moved(turn, found)
    remember(turn, found)
    facts = words.short(found, may_be_named(turn, found), turn.now, counter(turn, found.place), moved)
    whose = people.whose_is(turn, found.id)
    said = (*next_step.sorry(is_late, moved), *whose, facts, next_step.told(turn, found, is_late), age(turn))
    details = Button(_("See the details"), str(RouteToken("dossier-details", (found.code_key,))))
    more = (ANOTHER, *((PERSON,) if is_late else ()), service_button(found.code_key))
    return Reply(*said, buttons=(details, *next_step.offers(turn, found), *more))


def remember(turn: Turn, found: Dossier) -> None:
    """Note that she has been told of it, and under which version of guidance (L11)."""
    if turn.citizen is not None:
        version = turn.commune.office.guidance_version
        guidance.record(turn.db, turn.commune_id, turn.citizen.id, "lookup", found.code, version, turn.now)


def may_be_named(turn: Turn, found: Dossier) -> bool:
    """Whether its procedure may be named before the second factor (L05)."""
    return not turn.commune.is_private(found.procedure_code, found.procedure_name)


def counter(turn: Turn, place: str = "") -> Text:
    """Where people hand in and collect: as the dossier says, or the commune's first reception point."""
    points = turn.commune.reception_points
    if place or not points:
        return place or _("the reception desk of the commune")
    return ", ".join(filter(None, (points[0].name, points[0].address)))


# --- After the last four digits ---


@routes.tap("dossier-details")
def ask_for_details(turn: Turn, code: str) -> Reply | Start:
    if turn.in_group:
        return Reply(_("Others read along here. Please write to me in a private chat for the details."))
    until = tails.locked_until(turn.db, turn.commune_id, chat_key(turn), code, turn.now)
    return Reply(locked(until, turn), buttons=(PERSON,)) if until else Start("dossier-details", code=code)


@routes.conversation("dossier-details", title=_("Details of a dossier"))
def see_details(ask: Ask, find: Find, code: str) -> ShowDetails:
    ask(tail_question(code))
    return ShowDetails(code)


def tail_question(code: str) -> Checked[bool]:
    """The second factor of a dossier: the last four digits of the phone on file."""
    prompt = _("Please type the last four digits of the phone number given when the dossier was handed in.")
    paper = _("If no number was given, please show the slip at the reception desk.")
    hint = _("Please type just the four digits, for example 5678.")
    question = lines(prompt, paper)
    return Checked[bool](f"tail:{code}", question, lambda said: TryTail(code, digits(said)[-4:]), is_tail, hint)


@routes.does(TryTail)
def try_tail(command: TryTail, turn: Turn) -> Outcome:
    """The same words whether the digits, the phone or the dossier are missing."""
    most = turn.commune.office.applicants_per_phone
    result = tails.try_tail(turn.db, turn.commune_id, chat_key(turn), command.code, command.tail, turn.now, most)
    if isinstance(result, tails.Right):
        return Passed()
    if isinstance(result, tails.Locked):
        return Locked(locked(result.until, turn))
    return Hint(_("These digits do not match. Please try again, or show the slip at: {place}.", place=counter(turn)))


@routes.does(ShowDetails)
def show_details(command: ShowDetails, turn: Turn) -> Reply:
    """Sent by itself: the end of a talk can be called up again by an old button, and the details must not be (L05)."""
    found = dossiers.by_code(turn.db, turn.commune_id, command.code)
    if found is None:
        return unknown(codes.canonical(command.code) or command.code, turn)
    sealed = dossiers.details(turn.db, turn.commune_id, found.id)
    steps = dossiers.steps(turn.db, turn.commune_id, found.id)
    trail = [words.step(step.status, step.at, "") for step in steps[-STEPS:]]
    said = words.slip(found, sealed.applicant, counter(turn, found.place), next_step.was_moved(turn, found))
    note = whole_news.note(found, sealed)
    reply = Reply(*today.line(turn), said, *note, lines(_("Steps so far:"), *trail), age(turn))
    turn.send(turn.address, reply, kind="answer", in_reply_to=turn.event_id, language=turn.language)
    as_of = imports.data_age(turn.db, turn.commune_id)
    slip.draw(turn, found, sealed, counter(turn, found.place), as_of)
    whole_news.send_letter(turn, found)
    if turn.citizen is None:
        return Reply(_("Is there anything else?"), buttons=(ANOTHER, PERSON))
    links.put(turn.db, turn.commune_id, turn.citizen.id, found.id, turn.now, proven=True)
    more = (*next_step.by_phone(turn, found, sealed), ANOTHER, people.name_button(found.code_key), PERSON)
    return Reply(_("Is there anything else?"), buttons=more)


def locked(until: datetime, turn: Turn) -> Msg:
    way = _("You may show the slip at: {place}. Or type 0 for a person.", place=counter(turn))
    return _("To keep dossiers safe, the details are closed until {until}. {way}", until=until, way=way)


def age(turn: Turn) -> Msg:
    """How old the data are; two working days without an import change the answer (L04)."""
    as_of = imports.data_age(turn.db, turn.commune_id)
    return words.age(as_of, as_of is not None and Calendar(turn.commune).full_working_days(as_of, turn.now) >= STALE)


def chat_key(turn: Turn) -> str:
    return tails.chat_key(turn.address.channel, turn.address.account, turn.address.chat)


def digits(text: str) -> str:
    return "".join(str(int(sign)) for sign in text if sign.isdecimal())


def is_tail(text: str) -> bool:
    """Four digits; a whole phone number does too, of which only the last four count."""
    return len(digits(text)) in {4, 9, 10, 11} and not any(sign.isalpha() for sign in text)
