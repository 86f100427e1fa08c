"""Telling the office what is wrong, missing or good (B04, L27): her words, at most one question, a number.

What says what and where needs one look and one tap. Whatever she leaves unfinished is filed by itself after half an
hour. Words are sorted by content, never by the title she gives them (domain 3.3): a complaint, an accusation, a crime
and a quarrel never become a case. How she was served at the counter goes past the counter to the head (A19), what only
somebody's ears can check goes to the receivers (L03). Pictures, a voice note and a place may come at every question.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot import conversation as engine
from bot.commune import Ambiguous, Village
from bot.conversation import Ask, Find
from bot.questions import SKIP
from bot.routes import Routes, Start
from bot.state import State
from bot.talks import View
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from handlers.cases.alike import Alike, alike, places_named
from handlers.cases.filing import ABOUT, CASE, NOWHERE, FileReport, NoReport, file_report, lane_of
from handlers.cases.report_questions import MOST_FILES, Look, Pick, Tell, Told, Where, content
from handlers.front.emergency import NATIONAL
from handlers.requests.person import key_of
from messages import intake
from messages.cases import FIELDS, KINDS
from messages.intake import Sorted
from messages.reply import Button, Msg, Personal, Reply, _, lines
from messages.reply import Text as Words
from storage import conversations, inbox
from storage.cases import Case

routes = Routes()

IDLE = timedelta(minutes=30)
"""How long a report waits for her before it files itself (L27)."""
SHOWN = 300
"""Characters of her own words that the last look repeats."""
GRAVE = frozenset({"accusation", "crime"})
LANES: Mapping[str, Msg] = {
    CASE: _("I only report it, so that it is dealt with"),
    "complaint": _("I complain about a decision"),
    "accusation": _("I accuse somebody of doing wrong"),
    "crime": _("I tell of a crime"),
    "quarrel": _("It is a quarrel between neighbours or in the family"),
}


# --- the talk ---------------------------------------------------------------------------------------------------------


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
    village, told, calmed = _where(ask, find, told, replace(found, field=field), asked or split)
    draft = FileReport(told, field, about, dossier, village, split)
    return _look(ask, find, draft, replace(found, angry=found.angry and not calmed), plain)


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


def _where(ask: Ask, find: Find, told: Told, found: Sorted, asked: bool) -> tuple[str | None, Told, bool]:
    """The thôn it is in, when it can be told; asked for when nothing at all says where it is. With it what she has told
    by then, and whether she was asked.
    """
    named = find.commune.places.within(told.text)
    if named is not None:
        return named.label, told, False
    several = _one_of(find, told.text)
    known = find.citizen.village if find.citizen else None
    nowhere = found.kind in ("praise", "opinion") or found.field in NOWHERE
    heard = told.voice and not told.text
    if not several and (asked or nowhere or heard or known or told.place or places_named(told.text)):
        return (None if nowhere else known), told, False
    if asked:
        return None, told, False
    options: dict[str, Words] = {key_of(each): each.label for each in several}
    prompt = _("Which one do you mean?") if several else _("Where is it? A thôn, something near by, or your place.")
    wants = "place" if "place" in find.shares else ""
    skip: dict[str, Words] = {SKIP: _("Skip this")}
    for turn in range(MOST_FILES * 2):
        calm = (CALM,) if found.angry and turn == 0 else ()
        answer = ask(Where(f"where{turn}", prompt, options=options | skip, wants=wants, before=calm))
        if isinstance(answer, str):
            return next((each.label for each in several if key_of(each) == answer), known), told, True
        told = told.and_(answer)
        if answer.text or answer.place:
            break
    within = find.commune.places.within(told.text)
    place = within or find.commune.places.resolve(told.text.splitlines()[-1] if told.text else "")
    return (place.label if isinstance(place, Village) else known), told, True


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
    to_head = lane_of(found.kind, draft.field, unheard=False) == "leader"
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
