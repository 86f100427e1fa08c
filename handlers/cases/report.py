"""Telling the office what is wrong, missing or good (B04, L27): her words, at most one question, a number.

What says what and where needs one look and one tap. Whatever she leaves unfinished is filed by itself after half an
hour. Words are sorted by content, never by the title she gives them (domain 3.3): a complaint, an accusation, a crime
and a quarrel never become a case. How she was served at the counter goes past the counter to the head (A19), what only
somebody's ears can check goes to the receivers (L03). Pictures, a voice note and a place may come at every question.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from bot import case_access, casework
from bot import conversation as engine
from bot.commune import Ambiguous, Village
from bot.conversation import CHANGED, Ask, Find, NotUnderstood, Question
from bot.questions import (
    CHOOSE,
    NO_WORDS,
    SAY_IN_WORDS,
    SKIP,
    YES_WORDS,
    Choice,
    displayed,
    wordings,
)
from bot.routes import Routes, Start
from bot.state import Raw, State, digest
from bot.talks import View
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from handlers.cases.alike import Alike, alike, places_named
from handlers.front.emergency import NATIONAL
from handlers.petitions import complaint
from handlers.requests.person import key_of
from handlers.sealed import offer
from messages import gates, intake
from messages.cases import FIELDS, KINDS, code
from messages.fold import fold, nfc
from messages.intake import Sorted
from messages.render import ZONE
from messages.reply import Button, Msg, Personal, Reply, Text, _, lines
from messages.reply import Text as Words
from storage import cases, conversations, files, inbox
from storage.cases import Case

routes = Routes()

IDLE = timedelta(minutes=30)
"""How long a report waits for her before it files itself (L27)."""
SENT = frozenset({"photo", "file", "voice"})
_NUMBER = re.compile(r"\s*\d{1,2}\. ")
"""Before a label, when a messenger's keys send it as words."""
MOST_FILES = 20
MOST_CHARACTERS = 6000
SHOWN = 300
"""Characters of her own words that the last look repeats."""
CASE = "case"
GRAVE = frozenset({"accusation", "crime"})
ABOUT: Mapping[str, Msg] = {
    "papers": _("I was asked for extra papers"),
    "money": _("I was asked for extra money"),
    "trouble": _("I was treated badly"),
}
"""What happens at counters (A08, A09, A19); nobody is asked for an official's name."""
NOWHERE = frozenset({"service", "policy", "money", "other"})
"""Fields whose matters stand at no particular place."""
EMPTY = frozenset(
    fold(
        "tôi mình em cháu con muốn xin cho được cần gửi báo phản ánh kiến nghị góp ý đề xuất khen ngợi chê một ít việc "
        "vấn với về đến ubnd xã phường ủy ban nhân dân cán bộ có là này nay ạ dạ chào ơi nhé nha y của"
    ).split()
)
"""Words that say that she wants to tell something, and not what."""
LANES: Mapping[str, Msg] = {
    CASE: _("I only report it, so that it is dealt with"),
    "complaint": _("I complain about a decision"),
    "accusation": _("I accuse somebody of doing wrong"),
    "crime": _("I tell of a crime"),
    "quarrel": _("It is a quarrel between neighbours or in the family"),
}


# --- what she has told ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """Words, files, a place; `voice`: there is a voice note among the files."""

    text: str = ""
    files: tuple[str, ...] = ()
    place: tuple[float, float] | None = None
    voice: bool = False

    def and_(self, more: "Told") -> "Told":
        """With what came after it."""
        return Told(
            "\n".join(filter(None, (self.text, more.text)))[:MOST_CHARACTERS],
            tuple(dict.fromkeys((*self.files, *more.files)))[:MOST_FILES],
            more.place or self.place,
            self.voice or more.voice,
        )

    @property
    def says(self) -> bool:
        """Whether it tells what it is about, in words or by voice."""
        return self.voice or bool(fold(self.text))


def content(text: str) -> str:
    """What somebody has written, unless it only says that she wants to tell something ("tôi muốn phản ánh")."""
    return nfc(text).strip() if sum(word not in EMPTY for word in fold(text).split()) > 1 else ""


def sent(raw: Raw) -> Told | None:
    """What came besides words: a picture with its caption, a voice note, a place; None for anything else."""
    if raw.kind in SENT and raw.files:
        return Told(nfc(raw.text).strip(), raw.files, voice=raw.kind == "voice")
    if raw.kind == "location" and (raw.place or raw.text):
        return Told(nfc(raw.text).strip(), place=raw.place)
    return None


# --- the questions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tell(Question[Told | str]):
    """What it is about: words, pictures, a voice note, a place; or one of the subjects of the counter."""

    subjects: Mapping[str, Words] = field(default_factory=dict)

    def choices(self) -> tuple[tuple[str, Words], ...]:
        return tuple(self.subjects.items())

    def take(self, earlier: Raw | None, raw: Raw) -> Raw:
        read = self.read(raw)
        return Raw("tap", raw.text, read) if isinstance(read, str) else raw

    def read(self, raw: Raw) -> Told | str:
        if (more := sent(raw)) is not None:
            return more
        if (chosen := _chosen(raw, self.choices())) is not None:
            return chosen
        if raw.kind != "text" or raw.value is not None:
            raise NotUnderstood(SAY_IN_WORDS.get(raw.kind, CHOOSE))
        if all(word in EMPTY for word in fold(raw.text).split()):
            raise NotUnderstood(_("Please tell it in a few words: what is it, and where?"))
        return Told(nfc(raw.text).strip())


@dataclass(frozen=True)
class Pick(Question[Told | str]):
    """One of several, tapped or typed; a picture, a voice note or a place is kept and the question stays."""

    options: Mapping[str, Words] = field(default_factory=dict)

    def choices(self) -> tuple[tuple[str, Words], ...]:
        return tuple(self.options.items())

    def take(self, earlier: Raw | None, raw: Raw) -> Raw:
        read = self.read(raw)
        return Raw("tap", raw.text, read) if isinstance(read, str) else raw

    def read(self, raw: Raw) -> Told | str:
        return sent(raw) or Choice(self.name, self.prompt, options=self.options).read(raw)


@dataclass(frozen=True)
class Where(Pick):
    """Where it is: a thôn, words such as "trước cổng trường", a place on the map; it may be left out."""

    def read(self, raw: Raw) -> Told | str:
        if (more := sent(raw)) is not None:
            return more
        if raw.kind == "text" and fold(raw.text) in {"bo qua", "khong biet", "khong ro", "khong"}:
            return SKIP
        if (chosen := _chosen(raw, self.choices())) is not None:
            return chosen
        if raw.kind != "text" or raw.value is not None or not fold(raw.text):
            raise NotUnderstood(SAY_IN_WORDS.get(raw.kind, CHOOSE))
        return Told(nfc(raw.text).strip())


@dataclass(frozen=True)
class Look(Question[Told | str]):
    """The last look: send it, send it without her name, or more to it. A yes holds only for exactly what is shown."""

    values: tuple[Words, ...] = ()
    options: Mapping[str, Words] = field(default_factory=dict)

    def paragraphs(self) -> tuple[Words, ...]:
        return (*self.values, self.prompt)

    @property
    def shown(self) -> str:
        return digest(json.dumps([*map(displayed, self.values), *self.options]))

    def choices(self) -> tuple[tuple[str, Words], ...]:
        return tuple((f"{value}.{self.shown[:8]}", label) for value, label in self.options.items())

    def take(self, earlier: Raw | None, raw: Raw) -> Raw:
        read = self.read(raw)
        return Raw("tap", raw.text, f"{read}.{self.shown[:8]}") if isinstance(read, str) else raw

    def read(self, raw: Raw) -> Told | str:
        if (more := sent(raw)) is not None:
            return more
        if raw.value is not None:
            value, _dot, seen = raw.value.partition(".")
            if value in (*self.options, "no") and seen == self.shown[:8]:
                return value
            raise NotUnderstood(CHANGED)
        if (chosen := _chosen(raw, self.choices())) is not None:
            return chosen.partition(".")[0]
        said = fold(raw.text) if raw.kind == "text" else ""
        if said in YES_WORDS | {"gui", "gui di", "gui luon"}:
            return "send"
        if said in NO_WORDS | {"khong gui"}:
            return "no"
        if "giau ten" in said or "an danh" in said:
            return "hide"
        if len(said.split()) < 2:
            raise NotUnderstood(SAY_IN_WORDS.get(raw.kind, CHOOSE))
        return Told(nfc(raw.text).strip())


def _chosen(raw: Raw, choices: tuple[tuple[str, Words], ...]) -> str | None:
    """The choice that was tapped, or typed as its number or just its label: more words are a story."""
    if raw.value is not None:
        return next((value for value, _label in choices if value == raw.value), None)
    typed = raw.text.strip().rstrip(".)")
    if typed.isdecimal() and 1 <= int(typed) <= len(choices):
        return choices[int(typed) - 1][0]
    said = fold(_NUMBER.sub("", raw.text)) if raw.kind == "text" else ""
    return next((value for value, label in choices if said in {fold(each) for each in wordings(label)}), None)


# --- the talk ---------------------------------------------------------------------------------------------------------


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


def unfinished(values: Mapping[str, Any]) -> FileReport | None:
    """A report nobody went on with is filed all the same, if it is an ordinary one and tells something (L27)."""
    place = values.get("place") or None
    told = Told(content(values.get("said") or ""), tuple(values.get("files") or ()), tuple(place) if place else None,
                bool(values.get("voice")))  # fmt: skip
    about = values.get("about") or ""
    village = None
    for name, value in values.items():
        if isinstance(value, Told):
            told = told.and_(value)
        elif name.startswith("told"):
            about = str(value)
        elif name.startswith("where") and value != SKIP:
            village = str(value)
    found = _as_told(intake.sort(told.text), about, bool(values.get("plain")))
    said_so = any(name.startswith("lane") and value == CASE for name, value in values.items())
    ordinary = found.lane in (CASE, "emergency") or (said_so and found.lane not in GRAVE)
    if not (told.says or told.files) or not ordinary:
        return None
    return FileReport(
        told, values.get("field") or "", about, values.get("dossier") or "", village, split=len(found.parts) > 1,
        left=True,
    )  # fmt: skip


@routes.conversation(
    "report",
    title=_("Report or suggest something"),
    words=(
        "/phananh", "phản ánh", "báo việc", "góp ý", "kiến nghị", "phản ánh kiến nghị", "khen", "khen ngợi",
        "gửi phản ánh", "gửi góp ý",
    ),
    left=unfinished,
    idle=IDLE,
)  # fmt: skip
def report(
    ask: Ask, find: Find, said: str = "", files: list[str] | None = None, field: str = "", about: str = "",
    dossier: str = "", place: list[float] | None = None, voice: bool = False, plain: bool = False,
) -> FileReport | NoReport:  # fmt: skip
    """What it is; one question if it is not clear enough; one look. `said`, `files`, `place`: what she sent already;
    `about`: a key of ABOUT; `dossier`: the code of the one that she was served about; `plain`: she has been asked
    whether it is only a report.
    """
    if find.citizen is None:
        return NoReport("desk", "")
    at = (place[0], place[1]) if place else None
    about, told = _what(ask, about, Told(content(said), tuple(files or ()), at, voice))
    found = _as_told(intake.sort(told.text), about, plain)
    lanes = {each.lane for _part, each in intake.apart(told.text)}
    if len(found.parts) > 1 and lanes & GRAVE:
        return FileReport(told, field, split=True)  # what accuses is not kept while she is asked
    if found.lane in (*GRAVE, "quarrel") and found.sure:
        return NoReport(found.lane, told.text)
    asked, split = False, False
    if len(found.parts) > 1:
        way, told = _chosen_of(ask, told, lambda name: _apart(name, found, lanes == {CASE}), "split")
        asked, split = True, way == "each"
    elif found.lane not in (CASE, "emergency"):
        lane, told = _chosen_of(ask, told, lambda name: _which_lane(name, found), "lane")
        if lane != CASE:
            return NoReport(lane, told.text)
        asked = True
    field = field or ("service" if about else found.field)
    village, told = _where(ask, find, told, replace(found, field=field), asked or split)
    draft = FileReport(told, field, about, dossier, village, split)
    return _look(ask, find, draft, found, plain)


def _what(ask: Ask, about: str, told: Told) -> tuple[str, Told]:
    """Until there are words or a voice note: pictures and a place alone do not say what they are about."""
    for turn in range(MOST_FILES * 2):
        if told.says:
            break
        answer = ask(Tell(f"told{turn}", _ask_what(about, told), subjects={} if about or told.files else ABOUT))
        if isinstance(answer, Told):
            told = told.and_(answer)
        else:
            about = answer
    return about, told


def _ask_what(about: str, told: Told) -> Msg:
    if about in ABOUT:
        return _("{subject}: please tell what happened. You need not name anybody.", subject=ABOUT[about])
    if told.files:
        return _("I have what you sent. Please tell in a few words: what is it, and where?")
    if told.place:
        return _("I have the place. Please tell in a few words: what is it?")
    return _("What would you like to tell the office, and where is it? Pictures, voice and your place will do, too.")


def _as_told(found: Sorted, about: str, plain: bool) -> Sorted:
    """What she called a report, or told about the counter by a button, is no more asked about, unless it surely is
    something else: no complaint and no quarrel becomes a case by the name of a button.
    """
    doubtful = found.lane not in (CASE, "emergency") and not (found.sure and found.lane in GRAVE)
    settled = (plain or about) and not found.sure
    return replace(found, lane="case", sure=True, choices=(), parts=()) if settled and doubtful else found


def _chosen_of(ask: Ask, told: Told, question: Callable[[str], Pick], name: str) -> tuple[str, Told]:
    """An answer of a question that also keeps pictures, voice notes and places."""
    for turn in range(MOST_FILES * 2):
        answer = ask(question(f"{name}{turn}"))
        if isinstance(answer, str):
            return answer, told
        told = told.and_(answer)
    return "", told


def _apart(name: str, found: Sorted, ordinary: bool) -> Pick:
    listed = [_("{number}. {words}", number=place, words=Personal(_short(part), "words"))
              for place, part in enumerate(found.parts, 1)]  # fmt: skip
    each = _("Send {count} reports, each with its number", count=len(found.parts)) if ordinary else REST
    options: dict[str, Words] = {"each": each}
    if ordinary:
        options["one"] = _("Send it as one report")
    prompt = _("I see {count} matters. Shall each be looked after by itself?", count=len(found.parts))
    return Pick(name, lines(listed[0], *listed[1:], prompt), options=options)


REST = _("Send what is a report; tell me what to do about the rest")


def _which_lane(name: str, found: Sorted) -> Pick:
    lanes = [lane for lane in (found.choices or (CASE, found.lane)) if lane in LANES]
    lanes = lanes if CASE in lanes else [CASE, *lanes]
    options: dict[str, Words] = {lane: LANES[lane] for lane in lanes}
    return Pick(name, _("May I ask, so that it reaches the right desk: which is it?"), options=options)


def _where(ask: Ask, find: Find, told: Told, found: Sorted, asked: bool) -> tuple[str | None, Told]:
    """The thôn it is in, when it can be told; asked for when nothing at all says where it is."""
    named = find.commune.places.within(told.text)
    if named is not None:
        return named.label, told
    several = _one_of(find, told.text)
    known = find.citizen.village if find.citizen else None
    nowhere = found.kind in ("praise", "opinion") or found.field in NOWHERE
    heard = told.voice and not told.text
    if not several and (asked or nowhere or heard or known or told.place or places_named(told.text)):
        return (None if nowhere else known), told
    if asked:
        return None, told
    options: dict[str, Words] = {key_of(each): each.label for each in several}
    prompt = _("Which one do you mean?") if several else _("Where is it? A thôn, something near by, or your place.")
    wants = "place" if "place" in find.shares else ""
    skip: dict[str, Words] = {SKIP: _("Skip this")}
    for turn in range(MOST_FILES * 2):
        answer = ask(Where(f"where{turn}", prompt, options=options | skip, wants=wants))
        if isinstance(answer, str):
            return next((each.label for each in several if key_of(each) == answer), known), told
        told = told.and_(answer)
        if answer.text or answer.place:
            break
    within = find.commune.places.within(told.text)
    place = within or find.commune.places.resolve(told.text.splitlines()[-1] if told.text else "")
    return (place.label if isinstance(place, Village) else known), told


def _one_of(find: Find, text: str) -> tuple[Village, ...]:
    """The thôn of the same name, when she has named one that there is several times (L09)."""
    for named in places_named(text):
        for words in (named, named.rsplit(" ", 1)[0]):
            found = find.commune.places.resolve(words)
            if isinstance(found, Ambiguous):
                return found.villages
    return ()


def _look(ask: Ask, find: Find, draft: FileReport, found: Sorted, plain: bool) -> FileReport | NoReport:
    """Everything as it will be sent; whatever she adds is shown again."""
    for turn in range(MOST_FILES * 2):
        near = find(alike, find.commune, find.now, _looked_for(draft, found)) if not draft.split else None
        answer = ask(Look(f"look{turn}", _("Shall I send it? You can still add words, pictures or your place."),
                          values=_shown(draft, found, near, turn), options=_ways(near)))  # fmt: skip
        if isinstance(answer, str):
            same = near.id if near is not None and answer == "same" else None
            return NoReport("no", "") if answer == "no" else replace(draft, same=same, hides_name=answer == "hide")
        draft = replace(draft, told=draft.told.and_(answer))
        named = find.commune.places.within(answer.text)
        draft = replace(draft, village=named.label) if named is not None else draft
        again = _as_told(intake.sort(draft.told.text), draft.about, plain)
        if again.lane in GRAVE and again.lane != found.lane:  # a caption, which the gate does not read
            return NoReport(again.lane, draft.told.text)
    return draft


def _looked_for(draft: FileReport, found: Sorted) -> Alike:
    return Alike(draft.told.text, draft.field, draft.village, draft.told.place)


def _ways(near: Case | None) -> dict[str, Words]:
    ways: dict[str, Words] = {"send": _("Send it"), "hide": _("Send it, hide my name")}
    return ways | ({"same": _("It is the same work: send it along")} if near is not None else {})


def _shown(draft: FileReport, found: Sorted, near: Case | None, turn: int) -> tuple[Words, ...]:
    told = draft.told
    what = _("I write down {kind}, {field}.", kind=KINDS[found.kind], field=FIELDS[draft.field])
    words: list[Words] = [ABOUT[draft.about]] if draft.about in ABOUT else []
    reports = [part for part, each in intake.apart(told.text) if each.lane in (CASE, "emergency")]
    sent_on = "\n".join(reports) if draft.split else told.text
    words += [Personal(f"“{_short(sent_on)}”", "words")] if sent_on else []
    where: list[Words] = [_("Place: {village}.", village=draft.village)] if draft.village else []
    where += [_("Your place on the map goes with it.")] if told.place else []
    count = [_("Pictures and recordings: {count}.", count=len(told.files))] if told.files else []
    to_head = _lane(found.kind, draft.field, unheard=False) == "leader"
    past = [_("This goes straight to the head of the office, past the counter.")] if to_head else []
    same = [_near(near)] if near is not None else []
    before = [CALM] if found.angry and turn == 0 else []
    numbers = [NATIONAL] if found.lane == "emergency" else []
    return (*numbers, *before, what, *words, *where, *count, *past, *same)


CALM = _("I am sorry that you have had to bear this. Thank you for saying it openly; it is taken seriously.")


def _near(near: Case) -> Msg:
    if near.village is None:
        return _("Is it the same work as this: “{title}”?", title=near.title or "")
    return _("Is it the same work as this: “{title}”, {village}?", title=near.title or "", village=near.village)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


# --- left unfinished, for something else ------------------------------------------------------------------------------

LOOKED_BACK = timedelta(hours=12)
"""How long after that a report set aside is still looked for."""


@routes.tick("reports-left", every=timedelta(minutes=5))
def set_aside(work: Work) -> None:
    """Reports that somebody set aside for another talk half an hour ago: their own chats file them."""
    found = conversations.parked(
        work.db, work.commune_id, "report", work.now - IDLE - LOOKED_BACK, work.now - IDLE
    )
    for token, lane_id, sender in found:
        raw = inbox.internal("report-left", token=token)
        once = f"report-left:{token}"
        work.events += inbox.insert_internal(work.db, work.commune_id, lane_id, sender, once, raw, work.now)


@routes.event("report-left")
def left_aside(turn: Turn, token: str) -> Reply | None:
    """Filed like one that nobody went on with, unless she has taken it up again meanwhile."""
    found = conversations.by_token(turn.db, turn.commune_id, turn.lane_id, turn.address.sender, token)
    if found is None or found.state != "parked" or "state" not in found.data:
        return None
    command = engine.unfinished(report, unfinished, State.from_json(found.data["state"]), View(turn))
    if not isinstance(command, FileReport):
        return None
    conversations.save(turn.db, found.id, "ended", {}, turn.now, turn.now)
    return file_report(command, turn)


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
        lane=_lane(found.kind, field, unheard=told.voice and first), files=mine, village=village,
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


def _lane(kind: str, field: str, *, unheard: bool) -> str:
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


# --- the counter ------------------------------------------------------------------------------------------------------


@routes.tap("report")
def begin(turn: Turn) -> Start:
    """The line of the menu."""
    return Start("report")


def kept(turn: Turn) -> str:
    """Keep her words while she is asked what she means, so that she need not write them again; what `report-kept`
    takes.
    """
    at = turn.address.sender
    talk = conversations.open_talk(
        turn.db, turn.commune_id, turn.lane_id, at, "report", turn.now, turn.now, park=False, state="kept"
    )
    conversations.save(turn.db, talk.id, "kept", {"said": turn.event.text}, turn.now, turn.now)
    return talk.token


@routes.tap("report-kept")
def go_on(turn: Turn, token: str = "") -> Start:
    """What she wrote before is a report, she says."""
    at = turn.address.sender
    found = conversations.by_token(turn.db, turn.commune_id, turn.lane_id, at, token)
    said = found.data.get("said", "") if found is not None and found.state == "kept" else ""
    return Start("report", said=said, plain=True)


@routes.tap("report-service")
def of_service(turn: Turn, about: str = "", dossier: str = "") -> Start:
    """What happened at the counter, past it to the head (A19): a key of ABOUT, or she chooses among them."""
    return Start("report", field="service", about=about if about in ABOUT else "", dossier=dossier)


def service_button(dossier: str) -> Button:
    """Beside a dossier: extra papers, extra money, being treated badly (A08, A09, A19)."""
    return Button(_("Report how I was served"), str(RouteToken("report-service", ("-", dossier))))
