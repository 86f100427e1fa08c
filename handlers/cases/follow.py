"""Her cases: what has become of them, adding to one, answering the office, hiding her name, taking one back (B04, L31).

Only she sees hers; whoever else has the number learns in which state it is and since when, as with a dossier's code
(L05). While the office has asked her something, what she writes is her answer. Notes among officials are never shown.
Whether what was told is true, she says in `handlers.cases.verdict`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot import case_access, case_cards, duty
from bot.casework import words_of
from bot.conversation import Ask, Find, NotUnderstood, Question
from bot.questions import SKIP, Choice
from bot.questions import Text as Words
from bot.routes import Routes, Start
from bot.settings import ZONE
from bot.state import Raw
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from handlers.sealed import offer
from messages import cases as names
from messages import gates
from messages.cases import FIELDS, SENSITIVE, code
from messages.fold import fold
from messages.reply import Button, Msg, Personal, Reply, Text, _
from messages.understanding.keys import several
from messages.understanding.understand import FILLERS, understand
from storage import case_follow, case_words, cases, officials
from storage.cases import Case, Entry

routes = Routes()

ANSWER_WITHIN = timedelta(hours=48)
"""How long what she writes is taken for the answer to the office's question; later the button still leads there."""
BELONGS = timedelta(minutes=10)
"""How long pictures that follow her words belong to them."""
NOT_ANOTHER = frozenset({"report", "survey", "playful", "greeting", "thanks"})
"""What an answer may sound like: it tells something."""
REOPENS = ("done", "settled", "refused")
SHOWN = 8
NONE = _("There is no case of yours with this number. Please look at the number once more.")
CONTENT = ("text", "photo", "file", "voice", "location")
REPORT = Button(_("Report something new"), str(RouteToken("talk", ("begin", "report"))))
MINE = Button(_("My reports"), str(RouteToken("my-cases")))


def tap(route: str, case: Case, *more: str) -> str:
    """The token of one of her buttons."""
    return str(RouteToken(route, (str(case.id), *more)))


def is_hers(turn: Turn, case: Case) -> bool:
    """Whether she reported it; in a group nobody is shown anything of hers."""
    return turn.citizen is not None and case.citizen_id == turn.citizen.id and not turn.in_group


def hers(turn: Turn, number: str) -> Case | None:
    """Her case by what a button carries."""
    known = number.isascii() and number.isdecimal() and len(number) < 19
    found = cases.get(turn.db, turn.commune_id, int(number)) if known else None
    return found if found is not None and is_hers(turn, found) else None


# --- in words ---------------------------------------------------------------------------------------------------------


def state_of(work: Work, case: Case) -> Msg:
    """In which state it is, for anybody."""
    if case.state == "open" and case.due_at < work.now:
        return _("late, still being worked on")
    if case.state == "open":
        return _("an official is working on it") if case.taken_by else _("waiting for an official")
    return {
        "done": _("the office has told the result"), "settled": _("everything is done"),
        "refused": _("not settled by the commune"), "withdrawn": _("taken back"),
        "joined": _("worked on with others of the same kind"),
    }[case.state]  # fmt: skip


def day(at: datetime) -> Any:
    """The day of a moment here."""
    return at.astimezone(ZONE).date()


def who(work: Work, official_id: int | None) -> Msg | None:
    """An official's name and post (G06)."""
    found = officials.get(work.db, work.commune_id, official_id) if official_id else None
    return None if found is None else _("{name}, {post}", name=found.name, post=found.post)


# --- finding one ------------------------------------------------------------------------------------------------------


@routes.command(
    "/phananhcuatoi",
    words=(
        "phản ánh của tôi", "việc tôi báo", "việc tôi đã báo", "việc tôi báo đến đâu rồi", "kiến nghị của tôi",
        "phản ánh của tôi đến đâu rồi", "việc tôi phản ánh đến đâu rồi", "xem lại phản ánh",
    ),
)  # fmt: skip
def mine(turn: Turn, rest: str = "") -> Reply:
    """All of hers, newest first."""
    found = [] if turn.citizen is None else cases.of_citizen(turn.db, turn.commune_id, turn.citizen.id)
    if turn.in_group or not found:
        return Reply(_("You have not reported anything here yet."), buttons=() if turn.in_group else (REPORT,))
    if len(found) == 1:
        return told(turn, found[0])
    told_lines = [
        _("{code}, {day}: {field}, {state}.", code=code(each.number), day=day(each.received_at),
          field=FIELDS[each.field], state=state_of(turn, each))
        for each in found
    ]  # fmt: skip
    buttons = tuple(Button(code(each.number), tap("case", each)) for each in found)
    return Reply(_("These are your reports, the newest first:"), *told_lines, buttons=buttons, numbered=True)


@routes.tap("my-cases")
def mine_tap(turn: Turn) -> Reply:
    """From a button."""
    return mine(turn)


@routes.gate("case-number")
def numbered(turn: Turn) -> Reply | Start | None:
    """The number of a case stands in what was written: hers is shown whole, anybody else's by its state."""
    wanted = names.find(turn.event.text)
    found = cases.by_number(turn.db, turn.commune_id, wanted[0]) if wanted else None
    if turn.allows("official") and (found is None or not is_hers(turn, found)):
        return _for_official(turn, found)
    if found is None:
        return Reply(NONE, buttons=(MINE,))
    if is_hers(turn, found) and _tells_more(turn.event.text):
        return Start("case-add", case=found.id, said=turn.event.text)
    return told(turn, found) if is_hers(turn, found) else _for_stranger(turn, found)


def _for_official(turn: Turn, found: Case | None) -> Reply | None:
    """All of it in his own chat, if he may read it; where others read along only a way to it."""
    if found is None:
        return None
    if turn.official is not None and not turn.in_group and case_access.may_read(turn, turn.official, found):
        return case_cards.whole(turn, found, turn.official)
    return Reply(_("Case {code}.", code=code(found.number)), buttons=(Button(_("Open"), tap("case-open", found)),))


ASKS = several(
    "den dau nao chua xong the ra sao roi khi bao gio co ket qua tinh hinh tra cuu xem lai so ma pa phan anh kien nghi "
    "gop y vu viec giai quyet duoc khong ko k hoi muon biet cho"
)
MORE = 4
"""Words about something else from which on she tells more than that she asks."""


def _tells_more(text: str) -> bool:
    return sum(word.isalpha() and word not in ASKS and word not in FILLERS for word in fold(text).split()) >= MORE


def _for_stranger(turn: Turn, case: Case) -> Reply:
    """No thôn, no field, no word, no name."""
    said: list[Text] = [
        _("{code}: {state}.", code=code(case.number), state=state_of(turn, case)),
        _("Received on {day}.", day=day(case.received_at)),
    ]
    if case.is_open:
        said.append(_("To be answered by {day}.", day=day(case.due_at)))
    return Reply(*said, _("Only whoever reported it sees more here."))


@routes.tap("case")
def shown(turn: Turn, number: str = "") -> Reply:
    """One of hers."""
    found = hers(turn, number)
    return Reply(NONE, buttons=(MINE,)) if found is None else told(turn, found)


def told(turn: Turn, case: Case) -> Reply:
    """All she may know of it: state, who has it, by when, what was said, step by step; and what she can do."""
    said: list[Text] = [_("{code}: {state}.", code=code(case.number), state=state_of(turn, case))]
    entries = cases.entries(turn.db, turn.commune_id, case.id)
    main = cases.get(turn.db, turn.commune_id, case.main_id) if case.state == "joined" and case.main_id else None
    if main is not None:
        said.append(_("It is settled together with {code}.", code=code(main.number)))
    told_ = next((each.text for each in entries if each.kind == "told" and each.text), "")
    if told_:
        said.append(_("You reported: {words}", words=Personal(told_, "words")))
    if holder := who(turn, (main or case).taken_by):
        said.append(_("Who has it: {who}.", who=holder))
    if case.is_open:
        said.append(_("To be answered by {day}.", day=day(case.due_at)))
    said += [line for each in entries[-3 * SHOWN :] if (line := _step(turn, each)) is not None][-SHOWN:]
    if case.hides_name:
        said.append(_("Your name is shown only to the official who has it."))
    return Reply(*said, buttons=_buttons(case))


STEPS: Mapping[str, Msg] = {
    "told": _("received"), "added": _("you added something"), "answered": _("you answered"),
    "withdrawn": _("you took it back"), "reopened": _("you said that it is not done"),
    "agreed": _("you said that it is done"), "late": _("the date has passed"),
    "joined": _("joined with others about the same work"), "seen": _("somebody looked at it on the spot"),
    "opened": _("an official wrote it down for you"), "urgent": _("marked as pressing"),
}  # fmt: skip


def _step(work: Work, entry: Entry) -> Msg | None:
    when, by = day(entry.at), who(work, entry.official_id) or _("the office")
    if entry.kind == "taken":
        return _("{day}: {who} has taken it.", day=when, who=by)
    if entry.kind == "handed":
        to = who(work, entry.data.get("to"))
        return None if to is None else _("{day}: now with {who}.", day=when, who=to)
    if entry.kind == "asked":
        return _("{day}: {who} asks: {words}", day=when, who=by, words=entry.text)
    if entry.kind in ("reply", "done", "refused"):
        return _("{day}: {who} answers: {words}", day=when, who=by, words=entry.text)
    step = STEPS.get(entry.kind)
    return None if step is None else _("{day}: {step}.", day=when, step=step)


def _buttons(case: Case) -> tuple[Button, ...]:
    found: list[Button] = []
    if case.asked_at is not None and case.is_open:
        found.append(Button(_("Answer the office"), tap("case-answer", case)))
    if case.state == "done":
        found += verdict_buttons(case)
    if case.state in ("settled", "refused"):
        found.append(Button(_("Not done"), tap("case-no", case)))
    if case.state in ("open", "joined", "done"):
        found.append(Button(_("Add something"), tap("case-add", case)))
    if case.state in ("open", "joined"):
        found.append(_hide_button(case))
        found += _head_buttons(case)
        found.append(Button(_("Take it back"), tap("case-withdraw", case)))
    return (*found, MINE)


def verdict_buttons(case: Case) -> tuple[Button, ...]:
    """What she may say of a result."""
    return (
        Button(_("Done, thank you"), tap("case-yes", case)),
        Button(_("Done, but I am not content"), tap("case-partly", case)),
        Button(_("Not done"), tap("case-no", case)),
    )


# --- adding and answering ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tell:
    """What she says about one of her cases: "added" or "answered"."""

    case: int
    kind: str
    text: str = ""
    files: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True)
class Look:
    """She only wants to see it."""

    case: int


@dataclass(frozen=True)
class Again:
    """It has been settled, and she wants more: open it again."""

    case: int


@dataclass(frozen=True)
class New:
    """It has been settled, and this is something new."""

    said: str


@dataclass(frozen=True)
class Telling(Question[tuple[str, tuple[str, ...], str]]):
    """Words, a picture, a recording or a place: (words, files, place)."""

    skip: Text | None = None

    def choices(self) -> tuple[tuple[str, Text], ...]:
        return ((SKIP, self.skip),) if self.skip is not None else ()

    def read(self, raw: Raw) -> tuple[str, tuple[str, ...], str]:
        if raw.kind in ("photo", "file", "voice") and raw.files:
            return raw.text.strip(), raw.files, ""
        if raw.kind == "location" and raw.text:
            return "", (), raw.text
        if raw.kind not in ("text", "tap"):
            raise NotUnderstood(_("Please write it, or send a picture or a recording."))
        return Words(self.name, self.prompt, at_most=4000, skip=self.skip).read(raw), (), ""


@routes.tap("case-add")
def add_tap(turn: Turn, number: str = "") -> Reply | Start:
    """She wants to add something."""
    found = hers(turn, number)
    return Reply(NONE, buttons=(MINE,)) if found is None else Start("case-add", case=found.id)


@routes.tap("case-answer")
def answer_tap(turn: Turn, number: str = "") -> Reply | Start:
    """She wants to answer what the office has asked."""
    found = hers(turn, number)
    return Reply(NONE, buttons=(MINE,)) if found is None else Start("case-answer", case=found.id)


@routes.conversation("case-add", title=_("Adding to a report"))
def add(ask: Ask, find: Find, case: int, said: str = "", reopened: bool = False) -> object:
    """What is to be added; of a case that is over she says whether it goes on or this is something new."""
    found = find(cases.get, case)
    if found is None or find.citizen is None or found.citizen_id != find.citizen.id:
        return Look(case)
    if found.state not in ("open", "joined", "done"):
        options = {"again": _("It is not done, please go on"), "new": _("It is something new")}
        if found.state == "withdrawn":
            options.pop("again")
        over = _("{code} is already over. What would you like?", code=code(found.number))
        way = ask(Choice("over", over, options))
        return Again(case) if way == "again" else New(said)
    if said:
        options = {"add": _("Yes, add it"), "look": _("No, only show it")}
        prompt = _("Shall I add these words to {code}?", code=code(found.number))
        return Tell(case, "added", said) if ask(Choice("keep", prompt, options)) == "add" else Look(case)
    prompt = _("What would you like to add to {code}? You may also send a picture.", code=code(found.number))
    if reopened:
        prompt = _(
            "{code} is open again, and the leader of the commune has been told. What is still missing? You may skip "
            "this.",
            code=code(found.number),
        )
    text, files, place = ask(Telling("told", prompt, _("Skip this") if reopened else None))
    return Tell(case, "added", text, files, place) if text or files or place else None


@routes.conversation("case-answer", title=_("Answering the office"))
def answer(ask: Ask, find: Find, case: int) -> object:
    """The office's question once more, and her answer."""
    found = find(cases.get, case)
    if found is None or find.citizen is None or found.citizen_id != find.citizen.id or not found.is_open:
        return Look(case)
    asked = [each for each in find(_asked, case) if each]
    prompt = _("The office asks about {code}: {words}", code=code(found.number), words=asked[-1] if asked else "…")
    text, files, place = ask(Telling("told", prompt))
    return Tell(case, "answered", text, files, place)


def _asked(db: Any, commune_id: int, case: int) -> list[str]:
    return [each.text for each in cases.entries(db, commune_id, case, kinds=("asked",))]


@routes.does(Look)
def look(command: Look, turn: Turn) -> Reply:
    return shown(turn, str(command.case))


@routes.does(New)
def new(command: New, turn: Turn) -> Start:
    return Start("report", said=command.said) if command.said else Start("report")


@routes.does(Tell)
def tell(command: Tell, turn: Turn) -> Reply:
    """Keep it, and show the office that there is something new."""
    found = hers(turn, str(command.case))
    if found is None:
        return Reply(NONE, buttons=(MINE,))
    if command.files and (apart := _apart(turn, command.text)) is not None:
        return apart
    return Reply(*keep(turn, found, command), buttons=(Button(_("See the report"), tap("case", found)),))


def _apart(turn: Turn, caption: str) -> Reply | None:
    """Typed words have passed the gates, a caption has not: what accuses or tells of a crime is not taken here."""
    if gates.tells_of_crime(caption) != "no":
        return offer.offered(turn, "crime", said=caption)
    return offer.offered(turn, said=caption) if gates.accuses(caption) != "no" else None


def keep(turn: Turn, found: Case, command: Tell) -> tuple[Text, ...]:
    """Put it into her case; what she is told."""
    place = _place(command.place)
    cases.add(
        turn.db, turn.commune_id, found.id, command.kind, turn.now, text=command.text, files=command.files,
        data={"place": list(place)} if place else None,
    )  # fmt: skip
    case_words.add(turn.db, turn.commune_id, found.id, words_of(command.text, place=place))
    if found.asked_at is not None:
        cases.change(turn.db, turn.commune_id, found.id, asked_at=None)
    show(turn, found)
    if command.kind == "answered":
        return (_("Thank you. Your answer about {code} is with the office.", code=code(found.number)),)
    return (_("Thank you. I have added it to {code}.", code=code(found.number)),)


def show(work: Work, case: Case) -> None:
    """The newest state of its card, and of the one it follows."""
    for each in filter(None, (case.id, case.main_id if case.state == "joined" else None)):
        if (fresh := cases.get(work.db, work.commune_id, each)) is not None:
            case_cards.show(work, fresh, loud=True)


def _place(text: str) -> tuple[float, float] | None:
    north, comma, east = text.partition(",")
    try:
        return (float(north), float(east)) if comma else None
    except ValueError:
        return None


@routes.gate("case")
def answered(turn: Turn) -> Reply | None:
    """The office has asked her: what she writes or sends is her answer, unless it clearly is another matter."""
    if turn.in_group or turn.citizen is None or turn.event.kind not in CONTENT:
        return None
    at, event = turn.address, turn.event
    since = turn.now - ANSWER_WITHIN
    found, kind = case_follow.asked(turn.db, turn.commune_id, at.channel, at.account, at.chat, since), "answered"
    if found is None and event.kind != "text":
        found, kind = case_follow.just_told(turn.db, turn.commune_id, turn.citizen.id, turn.now - BELONGS), "added"
    if found is None or not is_hers(turn, found) or not found.is_open or _another(turn, found):
        return None
    if event.kind != "text" and (apart := _apart(turn, event.text)) is not None:
        return apart
    place = "{},{}".format(*event.place) if event.place else ""
    words = keep(turn, found, Tell(found.id, kind, event.text, event.files, place))
    # Of ten pictures one receipt is enough: a later one replaces what has not left yet.
    turn.send(
        turn.address, Reply(*words), kind="answer", expires_at=turn.now + timedelta(hours=24),
        supersedes=f"case-told:{found.id}", in_reply_to=turn.event_id, language=turn.language,
    )  # fmt: skip
    return Reply()


def said(turn: Turn, text: str) -> Reply | None:
    """Words that were asked about first, and accuse nobody: her answer to the office, if it has asked her something."""
    at, since = turn.address, turn.now - ANSWER_WITHIN
    found = case_follow.asked(turn.db, turn.commune_id, at.channel, at.account, at.chat, since)
    if found is None or not is_hers(turn, found) or not found.is_open:
        return None
    return Reply(*keep(turn, found, Tell(found.id, "answered", text)))


def _another(turn: Turn, case: Case) -> bool:
    """Whether her words clearly are about something else."""
    text = turn.event.text
    if turn.event.kind != "text":
        return False
    if gates.courtesy(text):
        return True
    numbers = names.find(text)
    if numbers and (numbers[0] != case.number or not _tells_more(text)):
        return True
    said = understand(text, turn.place.phrases.table, loosely=False)
    return said.act == "lead" and said.intent not in NOT_ANOTHER


# --- her name, her words ----------------------------------------------------------------------------------------------


def _hide_button(case: Case) -> Button:
    if case.hides_name:
        return Button(_("Show my name again"), tap("case-hide", case, "no"))
    return Button(_("Hide my name"), tap("case-hide", case, "yes"))


@routes.tap("case-hide")
def hide(turn: Turn, number: str = "", how: str = "yes") -> Reply:
    """Her name is for the official who has it, and nobody else; or for the office again."""
    found = hers(turn, number)
    if found is None:
        return Reply(NONE, buttons=(MINE,))
    cases.change(turn.db, turn.commune_id, found.id, hides_name=how == "yes")
    show(turn, found)
    if how == "yes":
        told_ = _("Your name in {code} is now shown only to the official who has it.", code=code(found.number))
    else:
        told_ = _("Officials see your name in {code} again.", code=code(found.number))
    return Reply(told_, buttons=(Button(_("See the report"), tap("case", found)),))


def _head_buttons(case: Case) -> tuple[Button, ...]:
    kept = case.kept_from_head or case.lane != "office" or case.field in SENSITIVE | {"money"}
    if kept or case.village is None:
        return ()
    if case.shown_to_head:
        return (Button(_("The village head shall not see it"), tap("case-head-no", case)),)
    return (Button(_("The village head may see it"), tap("case-head-yes", case)),)


@routes.tap("case-head-yes")
def head_yes(turn: Turn, number: str = "") -> Reply:
    """She agrees that the village head sees her words, pictures and name (L31)."""
    return _head(turn, number, True)


@routes.tap("case-head-no")
def head_no(turn: Turn, number: str = "") -> Reply:
    """He shall not, or not any more."""
    return _head(turn, number, False)


def _head(turn: Turn, number: str, agreed: bool) -> Reply:
    found = hers(turn, number)
    if found is None:
        return Reply(NONE, buttons=(MINE,))
    may = agreed and bool(_head_buttons(found))
    cases.change(turn.db, turn.commune_id, found.id, shown_to_head=may)
    told_ = _("The village head may now see what you wrote in {code}.", code=code(found.number))
    if not may:
        told_ = _("The village head does not see what you wrote in {code}.", code=code(found.number))
    return Reply(told_, buttons=(Button(_("See the report"), tap("case", found)),))


# --- taking it back ---------------------------------------------------------------------------------------------------


@routes.tap("case-withdraw")
def withdraw(turn: Turn, number: str = "", sure: str = "") -> Reply:
    """Asked first; officials are told. Others who follow it keep the work going."""
    found = hers(turn, number)
    if found is None:
        return Reply(NONE, buttons=(MINE,))
    if found.state not in ("open", "joined"):
        return told(turn, found)
    if sure != "yes":
        yes = Button(_("Yes, take it back"), tap("case-withdraw", found, "yes"))
        no = Button(_("No, leave it"), tap("case", found))
        return Reply(_("Shall I take back {code}? The office will then stop.", code=code(found.number)),
                     buttons=(yes, no))  # fmt: skip
    _hand_on(turn, found)
    gone = {"closed_at": turn.now, "asked_at": None, "main_id": None}
    if cases.move(turn.db, turn.commune_id, found.id, ("open", "joined"), "withdrawn", **gone):
        cases.add(turn.db, turn.commune_id, found.id, "withdrawn", turn.now)
        show(turn, found)
        holder = officials.get(turn.db, turn.commune_id, found.taken_by) if found.taken_by else None
        if holder is not None:
            words = _("{code} has been taken back by whoever reported it.", code=code(found.number))
            duty.tell(turn, [holder], Reply(words))
    return Reply(_("{code} has been taken back. Thank you for telling us.", code=code(found.number)))


def _hand_on(turn: Turn, found: Case) -> None:
    """The first of those that followed her case goes on in its place, and the others follow it."""
    followers = cases.joined_to(turn.db, turn.commune_id, found.id)
    if not followers:
        return
    first, *rest = followers
    kept = {"main_id": None, "due_at": found.due_at, "remind_at": found.remind_at, "taken_by": found.taken_by}
    cases.move(turn.db, turn.commune_id, first.id, ("joined",), "open", **kept)
    for each in rest:
        cases.change(turn.db, turn.commune_id, each.id, main_id=first.id)
    show(turn, first)
