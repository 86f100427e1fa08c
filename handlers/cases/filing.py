"""Filing what somebody has reported: a number for each matter, what happens next, and by when (B04, L27).

How she was served at the counter goes past the counter to the head (A19), what only somebody's ears can check goes to
the receivers (L03). What is no report has an answer of its own lane and is never filed (domain 3.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot import case_access, casework
from bot.routes import Routes, Start
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.cases.report_questions import Told
from handlers.front.emergency import NATIONAL
from handlers.petitions import complaint
from handlers.requests.person import key_of
from handlers.sealed import offer
from messages import gates, intake
from messages.cases import code
from messages.intake import Sorted
from messages.render import ZONE
from messages.reply import Button, Msg, Reply, Text, _
from storage import cases, files
from storage.cases import Case

routes = Routes()

CASE = "case"
ABOUT: Mapping[str, Msg] = {
    "papers": _("I was asked for extra papers"),
    "money": _("I was asked for extra money"),
    "trouble": _("I was treated badly"),
}
"""What happens at counters (A08, A09, A19); nobody is asked for an official's name."""
NOWHERE = frozenset({"service", "policy", "money", "other"})
"""Fields whose matters stand at no particular place."""


@dataclass(frozen=True)
class FileReport:
    """File it. `split`: each matter by itself; `same`: the case it is about the same work as."""

    told: Told
    field: str = ""
    about: str = ""
    dossier: str = ""
    village: str | None = None
    split: bool = False
    same: int | None = None
    hides_name: bool = False
    left: bool = False


@dataclass(frozen=True)
class NoReport:
    """It is no report: its lane has an answer of its own."""

    lane: str
    said: str


# --- filing -----------------------------------------------------------------------------------------------------------


AT_DESK = _("This is for citizens. At the office, please open a case from the menu.")


@routes.does(NoReport)
def no_report(command: NoReport, turn: Turn) -> Reply | Start:
    """Never filed as a case (domain 3.3); nothing of it is kept here."""
    if command.lane == "desk":
        return Reply(AT_DESK)
    if command.lane == "no":
        return Reply(_("All right, nothing was sent."))
    if command.lane == "quarrel":
        return Start("quarrel", said=command.said)
    if command.lane == "complaint":
        return complaint.complaint(turn)
    return offer.offered(turn, command.lane, command.said)


@routes.does(FileReport)
def file_report(command: FileReport, turn: Turn) -> Reply:
    """Give it a number, or each of its matters one, and say what happens next and by when."""
    if turn.citizen is None:
        return Reply(AT_DESK)
    told = replace(command.told, files=_theirs(turn, command.told.files))
    command = replace(command, told=told)
    if not told.says and not told.files:
        return Reply(_("I have not kept what you sent. Please tell it in words."))
    parts = intake.apart(told.text) if command.split else ((told.text, intake.sort(told.text)),)
    ordinary = [(part, found) for part, found in parts if found.lane in (CASE, "emergency") or not command.split]
    filed = [_file(turn, command, part, found, first=place == 0) for place, (part, found) in enumerate(ordinary)]
    reply = _answer(turn, command, filed) if filed else Reply()
    if any(gates.emergency(part) or found.lane == "emergency" for part, found in ordinary):
        reply = reply.first(NATIONAL)
    for lane in dict.fromkeys(found.lane for _part, found in parts if (_part, found) not in ordinary):
        reply = _and(reply, _elsewhere(turn, lane, parts))
    return reply


def _file(turn: Turn, command: FileReport, part: str, found: Sorted, *, first: bool) -> Case:
    told, about = command.told, ABOUT.get(command.about)
    field = command.field if command.field and not command.split else found.field
    named = turn.commune.places.within(part)
    village = named.label if named is not None else _village(turn, command, found.kind, field)
    subject = turn.place.catalogs.text(about, turn.place.language) if about else ""
    code_of = f"({command.dossier})" if command.dossier else ""
    mine = told.files if first else ()
    draft = casework.Draft(
        text="\n".join(filter(None, (" ".join(filter(None, (subject, code_of))), part))), kind=found.kind, field=field,
        lane=lane_of(found.kind, field, unheard=told.voice and first), files=mine, village=village,
        place=told.place if first else None, hides_name=command.hides_name, kept_from_head=found.touches_head,
        sensitive=found.sensitive,
    )  # fmt: skip
    case = casework.file(turn, draft, turn.address, turn.citizen.id if turn.citizen else None)
    main = cases.get(turn.db, turn.commune_id, command.same) if command.same else None
    if main is not None and case.lane == "office" and casework.join(turn, case, main):
        return cases.get(turn.db, turn.commune_id, case.id) or case
    return case


def _village(turn: Turn, command: FileReport, kind: str, field: str) -> str | None:
    """As she said; of what was left unfinished, the thôn she lives in."""
    if command.village and not command.left:
        return command.village
    chosen = next((each.label for each in turn.commune.villages if key_of(each) == command.village), None)
    nowhere = kind in ("praise", "opinion") or field in NOWHERE
    known = turn.citizen.village if turn.citizen and not nowhere else None
    return chosen or (known if command.told.place is None else None)


def lane_of(kind: str, field: str, *, unheard: bool) -> str:
    """A voice note nobody has heard is for the receivers (L03); what was bad at the counter is for the head (A19)."""
    if unheard:
        return "receiver"
    return "leader" if field == "service" and kind != "praise" else "office"


def _theirs(turn: Turn, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those she has sent and that were not refused (an identity card) meanwhile."""
    at = turn.address
    return tuple(
        name for name in names if files.belongs(turn.db, turn.commune_id, at.channel, at.account, at.chat, name)
    )


def _answer(turn: Turn, command: FileReport, filed: list[Case]) -> Reply:
    first = filed[0]
    numbers = ", ".join(code(each.number) for each in filed)
    if len(filed) > 1:
        thanks = _("Thank you. Each matter has its number: {numbers}.", numbers=numbers)
    elif first.kind == "praise":
        thanks = _("Thank you for your kind words. Their number is {code}.", code=numbers)
    else:
        thanks = _("Thank you for telling us. The number is {code}.", code=numbers)
    left = [_("You had not finished, so I have sent what you told me.")] if command.left else []
    by = max(each.due_at for each in filed).astimezone(ZONE).date()
    due = _("The office reads it and answers you here, by {day} at the latest.", day=by)
    more = [_("An official will ask you what is still missing.")] if command.left else []
    follow = _("To see how it stands, type {code}.", code=code(first.number))
    return Reply(*left, thanks, *_readers(turn, first), *_joined_to(turn, first), due, *more, follow,
                 buttons=_buttons(first))  # fmt: skip


def _readers(turn: Turn, case: Case) -> list[Text]:
    if case.lane == "receiver":
        there = bool(case_access.readers(turn, case))
        heard = _("Only the receiver of citizens hears your recording, and then passes it on.")
        return [heard if there else _("Nobody has been named to receive such messages yet, so nobody can read it now.")]
    if case.lane == "leader":
        return [_("It goes straight to the head of the office, past the counter.")]
    return [_("Only the official who deals with it sees your name.")] if case.hides_name else []


def _joined_to(turn: Turn, case: Case) -> list[Text]:
    main = cases.get(turn.db, turn.commune_id, case.main_id) if case.main_id else None
    if main is None:
        return []
    return [_("It goes along with “{title}”; you hear whatever is done about that, too.", title=main.title or "")]


def _buttons(case: Case) -> tuple[Button, ...]:
    number = (str(case.id),)
    hide = () if case.hides_name else (Button(_("Hide my name"), str(RouteToken("case-hide", number))),)
    return (Button(_("Add a picture or words"), str(RouteToken("case-add", number))), *hide)


def _elsewhere(turn: Turn, lane: str, parts: tuple[tuple[str, Sorted], ...]) -> Reply:
    """What becomes of a matter in her message that is no report."""
    said = "\n".join(part for part, found in parts if found.lane == lane)
    if lane == "complaint":
        return complaint.complaint(turn)
    if lane == "quarrel":
        help_ = Button(_("A quarrel: who can help"), str(RouteToken("talk", ("begin", "quarrel"))))
        return Reply(_("One matter is a quarrel between people; there is another way for it."), buttons=(help_,))
    return offer.offered(turn, lane, said)


def _and(reply: Reply, more: Reply) -> Reply:
    return reply.add(*more.paragraphs).with_buttons(*reply.buttons, *more.buttons)
