"""A case by another door (L34): telephone, letter box, in person, Facebook, e-mail; and a request that is one.

An official writes it down with the channel it came by, looks at it once, and gets the number and a receipt to print.
What accuses somebody, a complaint, a quarrel and a crime are no cases whoever types them: nothing of it is kept, and he
is told what to do instead. A phone number is written down and joined to nobody's chat: numbers change hands.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from bot import case_access, casework, letters
from bot.case_cards import show
from bot.conversation import Ask, Checked, Find, Hint, Passed
from bot.questions import Choice, Confirm, Photos, Text, YesNo
from bot.routes import Routes, Start
from bot.state import Raw
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from handlers.front.emergency import NATIONAL
from handlers.office import office
from handlers.requests import request_card as card
from handlers.requests.person import WhichVillage, key_of
from handlers.rights.stop import MaybePhone
from handlers.sealed import offer
from messages import gates, intake
from messages.cases import FIELDS, KINDS, SOURCES, code, find
from messages.letters import Letter, Refused
from messages.letters.case_papers import Receipt
from messages.render import ZONE, clock, day
from messages.reply import Button, Msg, Personal, Reply, _
from messages.reply import Text as Words
from storage import cases, requests
from storage import letters as drawn
from storage.cases import Case
from storage.officials import Official
from storage.requests import Request

routes = Routes()

BY_DOOR: Mapping[str, Words] = {name: label for name, label in SOURCES.items() if name not in ("chat", "village_head")}
LONGEST = 4000
INSTEAD: Mapping[str, tuple[Msg, ...]] = {
    "accusation": (
        _("This accuses somebody, so it is not filed here, and nothing of it was kept."),
        _("Please have it written down with her on paper, read it back, and let her sign."),
        _("Or let her write on the closed page herself, which two named readers alone can open."),
    ),
    "crime": (
        _("This is for the police of the commune, so it is not filed here, and nothing of it was kept."),
        _("Please call whoever is on duty now. If it is happening, 113 comes first."),
    ),
    "complaint": (
        _("This is a complaint against a decision. It needs her signed paper, so it is not filed here."),
        _("Please help her with the form, tell her of the 90 days, and write it down if she cannot write."),
    ),
    "quarrel": (
        _("This is a quarrel between people, so it is not filed here, and nothing of it was kept."),
        _("Please lead them to the conciliation group of the thôn, or to the receiver of citizens."),
    ),
    "emergency": (_("This cannot wait. Please call first:"), NATIONAL, _("Nothing was filed.")),
}
"""What an official does with words that are no case (domain 3.1, 3.7; L28, L30, L32, L33)."""
LANES: Mapping[str, Words] = {
    "case": _("An ordinary matter: road, water, rubbish, a wish"),
    "accusation": _("It accuses somebody of doing wrong"),
    "complaint": _("She objects to a decision about herself"),
    "crime": _("A crime, or violence at home"),
    "quarrel": _("A quarrel between people"),
    "emergency": _("Somebody is in danger now"),
}


# --- what is asked ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hear:
    """Words that may be a case, or may not."""

    text: str


@dataclass(frozen=True)
class Matter(Checked[dict[str, Any]]):
    """What happened, and where: {"text", "lane", "sure"}. Words that are surely no case are not kept: text is "" then.

    strict: nor are words that may be none.
    """

    command: Any = Hear
    at_least: int = field(default=8, kw_only=True)
    strict: bool = field(default=False, kw_only=True)

    def attempt(self, raw: Raw) -> object:
        text = Text(self.name, self.prompt, at_least=self.at_least, at_most=LONGEST).read(raw)
        return HearStrictly(text) if self.strict else Hear(text)


@dataclass(frozen=True)
class HearStrictly(Hear):
    """The same from a village head: in doubt nothing is kept."""


@routes.does(Hear)
def hear(command: Hear, turn: Turn) -> Passed | Hint:
    """Which lane the words belong to; of what is no case nothing is kept, the raw event included."""
    return _heard(command.text, turn, strict=False)


@routes.does(HearStrictly)
def hear_strictly(command: HearStrictly, turn: Turn) -> Passed | Hint:
    return _heard(command.text, turn, strict=True)


def _heard(text: str, turn: Turn, *, strict: bool) -> Passed:
    found = intake.sort(text)
    doubtful = not found.sure and set(found.choices) - {"case"}
    lane = next(iter(doubtful)) if strict and doubtful and found.lane == "case" else found.lane
    if lane != "case" and (found.sure or strict):
        offer.forget(turn)
        return Passed({"text": "", "lane": lane, "sure": True})
    return Passed({"text": text, "lane": lane, "sure": found.sure})


@dataclass(frozen=True)
class Pictures(Photos):
    """Photos, or a scan of what she wrote; "không có ảnh" ends it as well."""

    done: Words = field(default_factory=lambda: _("That is all"))

    def take(self, earlier: Raw | None, raw: Raw) -> Raw:
        paper = raw.kind == "file" and raw.files
        return super().take(earlier, replace(raw, kind="photo") if paper else raw)

    def _labels(self) -> set[str]:
        return super()._labels() | {"khong co anh", "khong anh", "khong"}


def who(ask: Ask) -> dict[str, Any]:
    """Name and phone of whoever reported it, both may be left out, and whether they are hidden."""
    name = ask(Text("name", _("Whose matter is it? Full name, or skip it."), at_most=80, skip=_("No name")))
    phone = ask(MaybePhone("phone", _("On which number can she be called? You may skip this.")))
    given = {key: value for key, value in (("name", name), ("phone", phone)) if value}
    hides = bool(given) and ask(YesNo("hides", _("Shall the name be hidden from all but whoever handles it?")))
    return {"reporter": given, "hides": hides}


def shown_reporter(reporter: Mapping[str, str], hides: bool) -> list[Words]:
    """Who it is, as the last look shows it."""
    if not reporter:
        return [_("Reported by: no name")]
    name = Personal(reporter.get("name") or "–", "name")
    phone = Personal(reporter.get("phone") or "–", "phone")
    hidden = [_("The name is hidden.")] if hides else []
    return [_("Reported by: {name}, {phone}", name=name, phone=phone), *hidden]


def which_village(ask: Ask, find: Find) -> str | None:
    """In which thôn it is; None when nobody knows."""
    villages = {key_of(each): each for each in find.commune.villages}
    if not villages:
        return None
    options: dict[str, Words] = {key: each.label for key, each in villages.items()}
    prompt = _("In which thôn is it? You may type its name, old or new.")
    chosen = ask(WhichVillage("village", prompt, options=options, places=find.commune.places))
    return villages[chosen].label if chosen in villages else None


def which_field(ask: Ask, text: str) -> str:
    """Its field; the one that fits the words stands first."""
    fits = intake.sort(text).field
    options = {fits: FIELDS[fits]} | {name: label for name, label in FIELDS.items() if name != fits}
    return ask(Choice("field", _("Which field is it? The first one fits the words best."), options, page_size=15))


def lane_of(field: str) -> str:
    """Who may read it: what is about the counter goes past it to the head (A19)."""
    return "leader" if field == "service" else "office"


# --- a case by another door -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OpenCase:
    """An official has written down what came by another door."""

    source: str
    text: str
    kind: str
    field: str
    village: str | None
    reporter: Mapping[str, str]
    hides: bool
    files: tuple[str, ...]
    urgent: bool


@dataclass(frozen=True)
class NoCase:
    """What was typed belongs to another lane; nothing of it is in this command."""

    lane: str


@routes.conversation(
    "case-door", title=_("A matter that came by another way"), role="official",
    words=("/vuviec", "lập vụ việc", "ghi phản ánh"),
)  # fmt: skip
def door(ask: Ask, find: Find) -> OpenCase | NoCase | None:
    """The door, the words, who, where, which field, pictures; then one look."""
    source = ask(Choice("source", _("How did it reach the office?"), BY_DOOR))
    told = ask(Matter("words", _("What happened, and where? Please write it as it was said.")))
    lane = told["lane"] if told["sure"] else _ask_lane(ask, told["text"])
    if lane != "case":
        return NoCase(lane)
    text, about = told["text"], who(ask)
    village, field_ = which_village(ask, find), which_field(ask, told["text"])
    files = ask(Pictures("files", _("Please send photos or a scan, or tap “That is all”."), at_most=10))
    urgent = ask(YesNo("urgent", _("Does it press?"), no=_("No, the usual time")))
    kind = intake.sort(text).kind
    look = [
        _("{kind}, {field}, {source}", kind=KINDS[kind], field=FIELDS[field_], source=SOURCES[source]),
        _("Thôn: {village}", village=village or "–"), *shown_reporter(about["reporter"], about["hides"]),
        Personal(text, "words"), _("Pictures and papers: {count}", count=len(files)),
        *([_("Pressing.")] if urgent else []),
    ]  # fmt: skip
    if not ask(Confirm("file", _("Shall this be filed?"), values=look, yes=_("Yes, file it"), no=_("No, drop it"))):
        return None
    return OpenCase(source, text, kind, field_, village, about["reporter"], about["hides"], files, urgent)


def _ask_lane(ask: Ask, text: str) -> str:
    found = intake.sort(text)
    names = [name for name in LANES if name in {"case", found.lane, *found.choices}]
    return ask(Choice("lane", _("I am not sure what this is. Which one is it?"), {name: LANES[name] for name in names}))


@routes.does(NoCase)
def no_case(command: NoCase, turn: Turn) -> Reply:
    """What to do instead."""
    return Reply(*INSTEAD[command.lane])


@routes.does(OpenCase)
def open_case(command: OpenCase, turn: Turn) -> Reply:
    """File it in the name of whoever wrote it down; his right is looked at now."""
    if turn.official is None or not turn.allows("official"):
        return Reply(_("Nothing was filed: you are no longer among the invited officials."))
    sorted_ = intake.sort(command.text)
    draft = casework.Draft(
        command.text, command.kind, command.field, lane_of(command.field), command.source, command.files,
        command.village, reporter=command.reporter, hides_name=command.hides, sensitive=sorted_.sensitive,
        kept_from_head=sorted_.touches_head,
    )  # fmt: skip
    made = casework.file(turn, draft, by=turn.official)
    if command.urgent:
        made = press(turn, made, turn.official)
    order_receipt(turn, made, turn.official)
    mine = case_access.may_read(turn, turn.official, made)
    return Reply(
        _("Filed: {code}. An answer is due before {when}.", code=code(made.number), when=made.due_at),
        *([] if mine else [_("Only the head reads it from now on.")]),
        _("The receipt with the number comes here; please print it or read out the number."),
        buttons=(*((opens(made),) if mine else ()), receipt_button(made)),
    )


def press(turn: Turn, case: Case, official: Official) -> Case:
    """It presses: the short time, and the card says so."""
    due, remind = casework.times(turn, case.kind, urgent=True)
    cases.change(turn.db, turn.commune_id, case.id, urgent=True, due_at=due, remind_at=remind)
    cases.add(turn.db, turn.commune_id, case.id, "urgent", turn.now, official_id=official.id)
    now = cases.get(turn.db, turn.commune_id, case.id) or case
    show(turn, now)
    return now


def opens(case: Case) -> Button:
    return Button(_("Open {code}", code=code(case.number)), str(RouteToken("case-open", (str(case.id),))))


# --- the receipt ------------------------------------------------------------------------------------------------------


def receipt_button(case: Case) -> Button:
    return Button(_("The receipt again"), str(RouteToken("case-receipt", (str(case.id),))))


def receipt(work: Work, case: Case, by: Official) -> Letter:
    """What she takes home: the number, by when, how to follow it; neither her name nor her words. Raises Refused."""
    phone, points = work.commune.phone(), work.commune.reception_points
    follow = [f"Gọi {phone.number} và đọc số {code(case.number)}"] if phone else []
    follow += [f"Đến {points[0].name}, đưa phiếu này"] if points else []
    return Receipt(
        office=work.commune.name.replace("UBND ", "Ủy ban nhân dân ", 1), code=code(case.number),
        kind=spoken(work, KINDS[case.kind]), field=spoken(work, FIELDS[case.field]), village=case.village or "",
        source=spoken(work, SOURCES[case.source]), received=moment(case.received_at), due=moment(case.due_at),
        writer=f"{by.name}, {by.post}"[:160], follow=tuple(follow),
    )  # fmt: skip


def moment(at: datetime) -> str:
    """ "16 giờ 30, thứ Sáu, 27/11/2026"."""
    local = at.astimezone(ZONE)
    return f"{clock(local, 'vi')}, {day(local.date(), 'vi')}"


def spoken(work: Work, text: Words) -> str:
    """Words of ours on a paper, with a capital."""
    words = work.place.catalogs.text(text, "vi")
    return words[:1].upper() + words[1:]


def order_receipt(turn: Turn, case: Case, by: Official) -> None:
    """Have it drawn for whoever wrote the case down; it comes by itself, as the event `case-receipt`."""
    try:
        found = letters.order_for(turn, turn.address, receipt(turn, case, by), "case-receipt")
    except Refused as refused:
        turn.after.append(partial(letters.note_refusal, refused))
        return
    if found.state == "drawn":
        turn.wake(turn.address, "case-receipt", f"{found.id}:{turn.event_id}", letter=found.id)


@routes.event("case-receipt")
def hand_over(turn: Turn, letter: int, reference: str = "") -> Reply | None:
    """It has been drawn, or cannot be."""
    found = of_this_chat(turn, letter)
    if found is None or found.state == "new":
        return None
    if found.state == "failed":
        return Reply(_("The receipt could not be drawn. (Reference: {reference})", reference=reference))
    return Reply(_("Here is the receipt, as a picture and to print."), pictures=(found.png,), documents=(found.pdf,))


def of_this_chat(turn: Turn, letter_id: int) -> drawn.Letter | None:
    """A letter, when it was drawn for this very chat."""
    found, at = drawn.get(turn.db, turn.commune_id, letter_id), turn.address
    theirs = found and (found.channel, found.account, found.chat, found.sender)
    return found if theirs == (at.channel, at.account, at.chat, at.sender) else None


@routes.tap("case-receipt")
def receipt_again(turn: Turn, number: str = "") -> Reply:
    """The receipt once more, for whoever filed it or may read the case."""
    found = case_of(turn, number)
    if turn.official is None or turn.in_group or found is None:
        return Reply(_("That receipt cannot be drawn here."))
    if found.filed_by != turn.official.id and not case_access.may_read(turn, turn.official, found):
        return Reply(_("That receipt cannot be drawn here."))
    order_receipt(turn, found, turn.official)
    return Reply(_("The receipt is being drawn and comes here."))


def case_of(turn: Turn, number: str) -> Case | None:
    return cases.get(turn.db, turn.commune_id, int(number)) if number.isdecimal() and len(number) < 19 else None


# --- a request that is a case -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CaseOfRequest:
    """What she wrote in a request becomes a case of hers."""

    request: int
    field: str
    village: str | None


@routes.tap("case-from-request", role="official")
def from_request(turn: Turn, request: str = "") -> Reply | Start:
    """Begin it, unless it is one already or none."""
    found = office.request_of(turn, request)
    refused = office.refused_for(turn, found)
    if found is None or refused is not None:
        return refused or Reply(office.GONE)
    if turn.in_group:
        return Reply(_("Others read along here. Please open it in your own chat."))
    return _no_case_of(turn, found) or Start("case-of-request", request=found.id)


def _no_case_of(turn: Turn, request: Request) -> Reply | None:
    """Why no case can be made of a request."""
    known = _case_of_request(turn, request)
    if known is not None:
        return Reply(_("This request is {code} already.", code=code(known.number)), buttons=(opens(known),))
    text, files = _said(turn, request)
    if not text and not files:
        return Reply(_("She has not written what it is about yet. Please ask her first."))
    found = intake.sort(text)
    if request.sealed_for_receiver or request.topic == card.EMERGENCY or gates.accuses(text) == "yes":
        return Reply(*INSTEAD["accusation"][:1])
    return Reply(*INSTEAD[found.lane]) if found.sure and found.lane != "case" else None


def _case_of_request(turn: Turn, request: Request) -> Case | None:
    """The case that a note of the office's names."""
    notes = [each.text for each in _messages(turn, request) if each.internal]
    numbers = [number for each in notes for number in find(each)]
    made = [cases.by_number(turn.db, turn.commune_id, each) for each in numbers]
    return next((each for each in made if each is not None and each.citizen_id == request.citizen_id), None)


def _messages(turn: Turn, request: Request) -> list[requests.Message]:
    return requests.messages(turn.db, turn.commune_id, request.id, 200)


def _said(turn: Turn, request: Request) -> tuple[str, tuple[str, ...]]:
    """Her own words and files, without what only the receiver may see."""
    hers = [each for each in _messages(turn, request) if each.from_citizen and not each.private]
    text = "\n".join(each.text for each in hers if each.text and each.kind != "location")
    return text[:LONGEST], tuple(dict.fromkeys(name for each in hers for name in each.files))


@routes.conversation("case-of-request", title=_("A case of a request"), role="official")
def case_of_request(ask: Ask, find: Find, request: int) -> CaseOfRequest | None:
    """Field and thôn, then one look."""
    found = find(requests.get, request)
    if found is None or not card.may_read(find.official, found):
        return None
    hers = [each for each in find(requests.messages, request, 200) if each.from_citizen and not each.private]
    text = "\n".join(each.text for each in hers if each.text)
    field_ = which_field(ask, text)
    village = found.village or which_village(ask, find)
    look: list[Words] = [
        FIELDS[field_],
        _("Thôn: {village}", village=village or "–"),
        Personal(text[:LONGEST], "words"),
    ]
    prompt = _("Shall request {number} be filed as a case? She is told its number.", number=found.number)
    if ask(Confirm("file", prompt, values=look, yes=_("Yes, file it"), no=_("No, drop it"))):
        return CaseOfRequest(request, field_, village)
    return None


@routes.does(CaseOfRequest)
def file_request(command: CaseOfRequest, turn: Turn) -> Reply:
    """Hers in every way: her chat, her words and files copied; the request keeps a note with the number."""
    found = requests.get(turn.db, turn.commune_id, command.request)
    if turn.official is None or not turn.allows("official"):
        return Reply(_("Nothing was filed: you are no longer among the invited officials."))
    if (refused := office.refused_for(turn, found)) is not None or found is None:
        return refused or Reply(office.GONE)
    if (no_case_ := _no_case_of(turn, found)) is not None:
        return no_case_
    text, files = _said(turn, found)
    sorted_ = intake.sort(text)
    draft = casework.Draft(
        text, sorted_.kind, command.field, lane_of(command.field), "chat", files, command.village,
        sensitive=sorted_.sensitive, kept_from_head=sorted_.touches_head,
    )  # fmt: skip
    to = card.address_of(found)
    made = casework.file(turn, draft, to, found.citizen_id, by=turn.official)
    requests.add_message(
        turn.db, turn.commune_id, found.id, code(made.number), turn.now, official_id=turn.official.id, internal=True
    )
    card.show(turn, office.fresh(turn, found))
    see = Button(_("See {code}", code=code(made.number)), str(RouteToken("case", (str(made.id),))))
    turn.send(to, Reply(
        _("An official has filed what you wrote. Its number is {code}.", code=code(made.number)),
        _("An answer is due before {when}. You need not do anything.", when=made.due_at),
        buttons=(see,),
    ), kind="reply")  # fmt: skip
    mine = case_access.may_read(turn, turn.official, made)
    filed = _("Filed: {code}. She has been told the number.", code=code(made.number))
    return Reply(filed, buttons=(opens(made),) if mine else ())
