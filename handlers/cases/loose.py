"""What she sends outside any talk: one tap makes a report of it, an album gets one offer and not ten.

A picture with words under it that tell a problem begins the report at once (L27). What follows a report within a day
can be added to it. A changed message is added with one tap, too. A voice note nobody has heard is for the receivers
alone, so it begins a report of its own (L03).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import case_cards, casework
from bot.conversation import Ask, Find
from bot.questions import YesNo
from bot.routes import Routes, Start
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.cases.report_questions import content
from messages import intake
from messages.cases import code
from messages.reply import Button, Personal, Reply, _
from messages.understanding.understand import understand
from storage import case_words, cases, conversations, files
from storage.cases import Case

routes = Routes()

TOGETHER = timedelta(seconds=30)
"""Between two pictures of one album."""
LATELY = timedelta(hours=12)
"""How long the offer under a picture holds."""
ADDED = timedelta(days=1)
"""How long after a report what she sends may belong to it."""
SHOWN = 200
GONE = _("What you sent is no longer kept here. Please send it once more.")


# --- pictures, recordings, places -------------------------------------------------------------------------------------


def captioned(turn: Turn) -> Start | None:
    """A picture whose words tell a problem: the report begins with both."""
    words = content(turn.event.text)
    if not words or not turn.event.files or turn.citizen is None:
        return None
    said = understand(words, turn.place.phrases.table)
    tells = said.intent == "report" or (said.act == "none" and intake.sort(words).field != "other")
    return Start("report", said=words, files=list(turn.event.files)) if tells else None


def follows(turn: Turn, name: str) -> bool:
    """Whether a file came right after another that has been answered already: the offer under that one holds for it."""
    came = _lately(turn)
    place = next((each for each, (one, _kind, _at) in enumerate(came) if one == name), 0)
    if not place:
        return False
    before, at = came[place - 1][2], came[place][2]
    over = conversations.latest(turn.db, turn.lane_id, turn.address.sender, ("ended", "closed"), before)
    return at - before <= TOGETHER and over is None


def offers(turn: Turn, name: str) -> tuple[Button, ...]:
    """Under a picture or recording: make a report of it, or add it to the one she has just sent."""
    if turn.citizen is None:
        return ()
    begin = Button(_("Report something with it"), str(RouteToken("report-files", (name,))))
    case = latest(turn)
    return (begin,) if case is None else (_more(case, name), begin)


def _more(case: Case, name: str) -> Button:
    return Button(_("Add it to {code}", code=code(case.number)), str(RouteToken("report-more", (str(case.id), name))))


def latest(turn: Turn) -> Case | None:
    """The case she has reported within a day and that still runs."""
    mine = cases.of_citizen(turn.db, turn.commune_id, turn.citizen.id, limit=1) if turn.citizen else []
    running = [each for each in mine if each.state in ("open", "joined") and turn.now - each.received_at < ADDED]
    return running[0] if running else None


@routes.tap("report-files")
def of_files(turn: Turn, name: str = "") -> Reply | Start:
    """A report of what she sent: the whole album, or her recording."""
    came = _album(turn, name)
    if not came:
        return Reply(GONE)
    heard = any(kind == "voice" for _name, kind in came)
    return Start("report", files=[each for each, _kind in came], voice=heard)


@routes.tap("report-more")
def more(turn: Turn, case_id: str = "", name: str = "") -> Reply:
    """What she sent goes to the case she reported; never a recording, which only receivers may hear (L03)."""
    case = hers(turn, case_id)
    names = tuple(each for each, kind in _album(turn, name) if kind != "voice")
    if case is None or not names:
        return Reply(GONE)
    told = cases.entries(turn.db, turn.commune_id, case.id, kinds=("told", "added"))
    new = tuple(each for each in names if all(each not in one.files for one in told))
    if new:
        cases.add(turn.db, turn.commune_id, case.id, "added", turn.now, files=new)
        case_cards.show(turn, case, loud=True)
    return Reply(_("I have added it to {code}. Thank you.", code=code(case.number)))


@routes.tap("report-place")
def of_place(turn: Turn, latitude: str = "", longitude: str = "") -> Start:
    """A report about the place she sent."""
    try:
        place = [float(latitude), float(longitude)]
    except ValueError:
        return Start("report")
    return Start("report", place=place)


def about_place(turn: Turn) -> Reply:
    """She has sent a place and nothing else."""
    at = turn.event.place
    args = tuple(f"{each:.5f}" for each in at) if at else ()
    begin = Button(_("Report something there"), str(RouteToken("report-place" if args else "report", args)))
    person = Button(_("Talk to an official"), str(RouteToken("person")))
    return Reply(_("Thank you for the place. Is there something to report?"), buttons=(begin, person))


def hers(turn: Turn, case_id: str) -> Case | None:
    """Her own case that still runs."""
    number = int(case_id) if case_id.isascii() and case_id.isdecimal() and len(case_id) < 19 else 0
    case = cases.get(turn.db, turn.commune_id, number)
    mine = case is not None and turn.citizen is not None and case.citizen_id == turn.citizen.id
    return case if mine and case is not None and case.state in ("open", "joined") else None


def _lately(turn: Turn) -> list[tuple[str, str, datetime]]:
    at = turn.address
    return files.lately(turn.db, turn.commune_id, at.channel, at.account, at.chat, turn.now - LATELY)


def _album(turn: Turn, name: str) -> list[tuple[str, str]]:
    """A file and those that came right after it."""
    came = _lately(turn)
    start = next((place for place, each in enumerate(came) if each[0] == name), None)
    if start is None:
        return []
    album, before = [came[start][:2]], came[start][2]
    for one, kind, at in came[start + 1 :]:
        if at - before > TOGETHER:
            break
        album.append((one, kind))
        before = at
    return album


# --- a changed message ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AddWords:
    """Her words go to a case of hers."""

    case_id: int
    said: str


def edited(turn: Turn) -> Start | None:
    """She has changed a message and reported something within a day: her new words may belong to it."""
    case, words = latest(turn), content(turn.event.text)
    live = conversations.live(turn.db, turn.lane_id, turn.address.sender)
    if case is None or live is not None or not words or intake.sort(words).lane not in ("case", "emergency"):
        return None
    return Start("case-edit", case_id=case.id, number=case.number, said=words)


@routes.conversation("case-edit", title=_("Add to my report"))
def edit(ask: Ask, find: Find, case_id: int, number: int, said: str) -> AddWords | None:
    """One tap adds what she has changed."""
    short = said if len(said) <= SHOWN else f"{said[: SHOWN - 1]}…"
    prompt = _("You changed a message: “{words}”", words=Personal(short, "words"))
    yes, no = _("Add it to {code}", code=code(number)), _("No, leave it as it was")
    return AddWords(case_id, said) if ask(YesNo("add", prompt, yes=yes, no=no)) else None


@routes.does(AddWords)
def add_words(command: AddWords, turn: Turn) -> Reply:
    """Kept with the case, which is found by these words from now on."""
    case = hers(turn, str(command.case_id))
    if case is None:
        return Reply(_("That report is closed by now. Please send it as a new one."))
    cases.add(turn.db, turn.commune_id, case.id, "added", turn.now, text=command.said)
    case_words.add(turn.db, turn.commune_id, case.id, casework.words_of(command.said))
    case_cards.show(turn, case, loud=True)
    return Reply(_("I have added it to {code}. Thank you.", code=code(case.number)))
