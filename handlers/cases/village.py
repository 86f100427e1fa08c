"""The cases of a thôn as its head may see them (L31); "I have looked at it on the spot"; somebody without a phone.

Neighbours read between lines: he sees the number, an official's neutral title, the thôn and the state. Her words,
photos and name only when she said yes, and a hidden name never. What touches him, his kin, contributions or a
household, what is past the counter, sealed or for the receivers is not on his list; rights are looked at at each tap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot import case_cards, casework, duty
from bot.case_files import shown_to, stands_on_list
from bot.conversation import Ask, Find
from bot.questions import Confirm
from bot.routes import Routes, Start
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from handlers.cases import doors
from handlers.front.emergency import NATIONAL
from handlers.requests import request_card as card
from messages import gates, intake
from messages.cases import FIELDS, KINDS, code
from messages.fold import fold
from messages.reply import Button, Msg, Personal, Reply, _, lines
from messages.reply import Text as Words
from storage import cases, files, officials
from storage.cases import Case, case_file
from storage.officials import Official

routes = Routes()

RUNNING = ("open", "done")
SHOWN = 8
HERS = ("told", "added", "answered", "reopened")
IN_PRIVATE = _("Others read along here. Please write to me in a private chat.")
NOT_YOURS = _("This is not on the list of your thôn.")
COME = (
    _("This is not for me to write down, and nothing of it was kept."),
    _("Please let her come to the office, or call it herself. An official writes it down and reads it back."),
)


# --- the list ---------------------------------------------------------------------------------------------------------


@routes.command("/hangdoi", words=("hàng đợi", "việc của thôn"), role="village-head")
def listed(turn: Turn, rest: str = "") -> Reply:
    """What is open in his thôn, and what he has written down for others."""
    return page(turn)


@routes.tap("village-cases", role="village-head")
def page(turn: Turn, offset: str = "0") -> Reply:
    """Some of them at a time, the earliest deadline first."""
    head = turn.official
    if turn.in_group or head is None or head.village is None:
        return Reply(IN_PRIVATE if turn.in_group else NOT_YOURS)
    found, mine = _of_village(turn, head), _written(turn, head)
    start = int(offset) if offset.isdecimal() and len(offset) < 6 else 0
    shown = found[start : start + SHOWN]
    more = Button(_("The next ones"), str(RouteToken("village-cases", (str(start + SHOWN),))))
    told: list[Words] = [_("{village}: {count} open matters.", village=head.village, count=len(found))]
    told += [line(turn, each) for each in shown]
    if mine and not start:
        told.append(lines(_("Written down by you for others:"), *(_bare(each) for each in mine)))
    return Reply(
        *told,
        buttons=(
            *(Button(_("Open {code}", code=code(each.number)), _token("village-case", each)) for each in shown),
            *([more] if start + SHOWN < len(found) else []),
            Button(_("Report for somebody else"), str(RouteToken("village-report"))),
        ),
    )


def _of_village(work: Work, head: Official) -> list[Case]:
    """The running cases of his thôn that he may know of."""
    here = (case_file.c.village == head.village, case_file.c.state.in_(RUNNING))
    found = cases.listed(work.db, work.commune_id, *here, case_file.c.lane == "office", limit=500)
    return [each for each in found if stands_on_list(head, each)]


def _written(work: Work, head: Official) -> list[Case]:
    """What he has written down for others, wherever it stands: number and state, nothing else."""
    mine = (case_file.c.village == head.village, case_file.c.filed_by == head.id, case_file.c.state.in_(RUNNING))
    return cases.listed(work.db, work.commune_id, *mine, newest=True, limit=10)


def title(case: Case) -> Words:
    """An official's neutral words; without any only kind and field."""
    return case.title or _("{kind}, {field}", kind=KINDS[case.kind], field=FIELDS[case.field])


def line(work: Work, case: Case) -> Msg:
    """One case on the list."""
    return _(
        "{code}: {title}\n{state}\nCame {day}, {days} days ago. Answer before {when}.",
        code=code(case.number), title=title(case), state=_state(case), day=case.received_at.date(),
        days=(work.now - case.received_at).days, when=case.due_at,
    )  # fmt: skip


def _bare(case: Case) -> Msg:
    return _("{code}: {state}", code=code(case.number), state=_state(case))


def _state(case: Case) -> Msg:
    if case.state == "done":
        return _("The office has told the result.")
    if case.state != "open":
        return _("It is closed.")
    return _("An official has it.") if case.taken_by else _("It waits for an official.")


def _token(tap: str, case: Case) -> str:
    return str(RouteToken(tap, (str(case.id),)))


# --- one case ---------------------------------------------------------------------------------------------------------


@routes.tap("village-case", role="village-head")
def one(turn: Turn, number: str = "") -> Reply:
    """One case of his thôn, as far as he may see it."""
    found = doors.case_of(turn, number)
    if turn.in_group:
        return Reply(IN_PRIVATE)
    if found is None or not stands_on_list(turn.official, found):
        return Reply(NOT_YOURS)
    said, pictures = _hers(turn, found) if shown_to(turn.official, found) else ([], ())
    hidden = [] if said else [_("Her words are shown to you only if she agrees.")]
    seen = [
        _("{name} looked at it, {when}.", name=_named(turn, each.official_id), when=each.at)
        for each in cases.entries(turn.db, turn.commune_id, found.id, kinds=("seen",))
    ]
    look = Button(_("I have looked at it on the spot"), _token("village-seen", found))
    buttons = (look,) if found.state in RUNNING else ()
    return Reply(line(turn, found), *said, *hidden, *seen, buttons=buttons, pictures=pictures)


def _hers(work: Work, case: Case) -> tuple[list[Words], tuple[str, ...]]:
    """Her words, photos and name, after her yes; neither a hidden name, nor words that hold it, nor what accuses."""
    given = cases.reporter(work.db, work.commune_id, case.id)
    secret = [fold(each) for each in given.values() if fold(each)] if case.hides_name else []
    told: list[Words] = []
    if given.get("name") and not case.hides_name:
        told.append(_("Reported by: {name}", name=Personal(given["name"], "name")))
    pictures = list[str]()
    for each in cases.entries(work.db, work.commune_id, case.id, kinds=HERS):
        if gates.accuses(each.text) != "no" or any(word in fold(each.text) for word in secret):
            continue
        told += [Personal(each.text, "words")] if each.text else []
        pictures += each.files
    there = files.shown(work.db, work.commune_id, pictures)
    return told, tuple(dict.fromkeys(name for name in pictures if there.get(name) == "photo"))


def _named(work: Work, official_id: int | None) -> Words:
    found = officials.get(work.db, work.commune_id, official_id) if official_id else None
    return _("a former official") if found is None else found.name


# --- on the spot ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """He was there: what he saw, with or without photos."""

    case: int
    text: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Elsewhere:
    """What he typed is not for him to write down; nothing of it is in this command."""

    lane: str


@routes.tap("village-seen", role="village-head")
def begin_seen(turn: Turn, number: str = "") -> Reply | Start:
    """Begin to tell what he saw."""
    found = doors.case_of(turn, number)
    if found is None or not stands_on_list(turn.official, found) or found.state not in RUNNING:
        return Reply(NOT_YOURS)
    return Reply(IN_PRIVATE) if turn.in_group else Start("village-look", case=found.id)


@routes.conversation("village-look", title=_("Looked at on the spot"), role="village-head")
def look(ask: Ask, find: Find, case: int) -> Seen | Elsewhere:
    """A few words, and a photo or none."""
    told = ask(doors.Matter("words", _("What did you see there? A few words are enough."), at_least=2, strict=True))
    if told["lane"] != "case":
        return Elsewhere(told["lane"])
    prompt = _("Please send a photo of the place, or type “không có ảnh”.")
    return Seen(case, told["text"], ask(doors.Pictures("files", prompt, at_most=5, done=_("That is all, or no photo"))))


@routes.does(Seen)
def saw(command: Seen, turn: Turn) -> Reply:
    """It stands on the card, and whoever has the case is told; whether she is told is the office's to say."""
    found = cases.get(turn.db, turn.commune_id, command.case)
    head = turn.official
    if found is None or head is None or not stands_on_list(head, found) or found.state not in RUNNING:
        return Reply(NOT_YOURS)
    cases.add(
        turn.db, turn.commune_id, found.id, "seen", turn.now, text=command.text, files=command.files,
        official_id=head.id,
    )  # fmt: skip
    case_cards.show(turn, found, loud=found.taken_by is None)
    holder = officials.get(turn.db, turn.commune_id, found.taken_by) if found.taken_by else None
    if holder is not None:
        told = Reply(
            _("{name} ({post}) has looked at {code}:", name=head.name, post=head.post, code=code(found.number)),
            Personal(command.text, "words"), _("Photos: {count}", count=len(command.files)),
            buttons=(doors.opens(found),), loud=True,
        )  # fmt: skip
        duty.tell(turn, [duty.standing_in(turn, holder)], told)
    return Reply(_("Thank you. The office sees it under {code}.", code=code(found.number)))


@routes.does(Elsewhere)
def elsewhere(command: Elsewhere, turn: Turn) -> Reply:
    """She says it herself; danger comes before everything."""
    if command.lane in ("emergency", "crime"):
        return Reply(_("Please call for help at once:"), NATIONAL, *COME, *card.phone_line(turn))
    return Reply(*COME, *card.phone_line(turn))


# --- for somebody without a phone -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReportFor:
    """He writes down what somebody has asked him to."""

    text: str
    reporter: Mapping[str, str]
    hides: bool
    files: tuple[str, ...]


@routes.tap("village-report", role="village-head")
def begin_report(turn: Turn) -> Start:
    """Begin to report for somebody, by a button."""
    return Start("village-for")


@routes.conversation(
    "village-for", title=_("A report for somebody else"), role="village-head", words=("/baoho", "báo hộ", "báo giúp")
)
def report_for(ask: Ask, find: Find) -> ReportFor | Elsewhere | None:
    """What and where, for whom, a photo; she must have agreed."""
    prompt = _("What has happened, and where? Please write it as she says it.")
    told = ask(doors.Matter("words", prompt, strict=True))
    if told["lane"] != "case":
        return Elsewhere(told["lane"])
    text: str = told["text"]
    about: dict[str, Any] = doors.who(ask)
    files_ = ask(doors.Pictures("files", _("Please send a photo, or type “không có ảnh”."), at_most=5))
    look_ = [
        Personal(text, "words"), *doors.shown_reporter(about["reporter"], about["hides"]),
        _("Pictures and papers: {count}", count=len(files_)),
    ]  # fmt: skip
    prompt = _("Has she heard this and agreed that you send it for her?")
    if ask(Confirm("agreed", prompt, values=look_, yes=_("Yes, she agrees"), no=_("No, do not send"))):
        return ReportFor(text, about["reporter"], about["hides"], files_)
    return None


@routes.does(ReportFor)
def file_for(command: ReportFor, turn: Turn) -> Reply:
    """File it without a chat; he gets the number to read to her, and a receipt to give her. He follows no more of it
    than of any other case of his thôn.
    """
    head = turn.official
    if head is None or not turn.allows("village-head"):
        return Reply(_("Nothing was filed: you are no longer among the invited officials."))
    found = intake.sort(command.text)
    draft = casework.Draft(
        command.text, found.kind, found.field, doors.lane_of(found.field), "village_head", command.files, head.village,
        reporter=command.reporter, hides_name=command.hides, sensitive=found.sensitive,
        kept_from_head=found.touches_head,
    )  # fmt: skip
    made = casework.file(turn, draft, by=head)
    doors.order_receipt(turn, made, head)
    return Reply(
        _("Filed: {code}. Please read this number to her.", code=code(made.number)),
        _("An answer is due before {when}. The office calls her, or tells her through the counter.", when=made.due_at),
        _("The receipt comes here as a picture; you may print it for her."),
        buttons=(doors.receipt_button(made),),
    )
