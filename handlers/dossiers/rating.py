"""How it was: two taps and one free line after a result was handed over (A18), such that it can hurt nobody (L25).

A token is worth nothing to whoever does not have that dossier on the chat (A06); a dossier is rated once; after a death
nobody is asked (L23). What is kept is told in `storage.ratings`: never a dossier, never a time of day. Figures are
shown for months that are over, so many together that nobody stands alone; free lines go to the head, in no order. They
pass the gates like every text.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from bot import duty
from bot.calendar import Calendar
from bot.commune import Commune
from bot.conversation import Ask, Checked, Find, NotUnderstood, Passed
from bot.dossier_notices import STARS, in_grief
from bot.questions import SKIP, SKIP_WORDS
from bot.routes import Routes, Start
from bot.state import Raw
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from messages.fold import fold, nfc
from messages.render import ZONE
from messages.reply import Button, Personal, Reply, _, lines
from messages.reply import Text as Words
from storage import collections, dossiers, ratings
from storage.dossiers import Dossier
from storage.ratings import Group

routes = Routes()

HANDED_OVER = 10
LONGEST = 500
TYPED: Mapping[str, int] = {
    "rất hài lòng": 5, "hài lòng": 4, "bình thường": 3, "chưa hài lòng": 2, "không hài lòng": 2,
    "rất không hài lòng": 1,
}  # fmt: skip
DAYS_TYPED = 14
"""How long after the news a typed word still means that dossier."""
MONTHS_TOLD = 12
LINES_TOLD = 40
LOOK_UP = Button(_("Look up a dossier"), str(RouteToken("lookup")))


def may_be_rated(commune: Commune, found: Dossier) -> bool:
    """Whether it was handed over, and not after a death (L23)."""
    return found.status == HANDED_OVER and not in_grief(commune, found)


@routes.tap("rate")
def rate(turn: Turn, code: str = "", stars: str = "") -> Reply | Start:
    """The first tap asks with five words, or is one of them already; then one free line."""
    if turn.in_group:
        return Reply(_("Others read along here. Please write to me in a private chat."))
    found = dossiers.by_code(turn.db, turn.commune_id, code)
    hers = turn.citizen is not None and found is not None and collections.is_hers(
        turn.db, turn.commune_id, turn.citizen.id, found.id, found.code
    )  # fmt: skip
    if found is None or turn.citizen is None or not hers:
        return Reply(_("Please look up the dossier and open its details first."), buttons=(LOOK_UP,))
    if found.status != HANDED_OVER:
        return Reply(_("The result of dossier {code} is not handed over yet.", code=found.code))
    if not may_be_rated(turn.commune, found):
        return Reply(_("You need not rate anything here. Thank you."))
    if stars not in {str(each) for each in STARS}:
        return _asked(found)
    ratings.forget_event(turn.db, turn.commune_id, turn.event_id)
    month = _month(turn)
    if not ratings.give(turn.db, turn.commune_id, found.id, turn.citizen.id, month, int(stars)):
        return Reply(_("You have rated this dossier already. Thank you."))
    return Start("rate-words", month=month.isoformat())


@routes.tap("rate-typed", words=tuple(TYPED))
def rate_in_words(turn: Turn) -> Reply | Start:
    """One of the five words, typed under the news that a result was handed over: she means that one."""
    if turn.in_group:
        return Reply(_("Others read along here. Please write to me in a private chat."))
    bare = f" {fold(turn.event.text)} "
    stars = next(TYPED[words] for words in sorted(TYPED, key=len, reverse=True) if f" {fold(words)} " in bare)
    since = turn.now - timedelta(days=DAYS_TYPED)
    code = turn.citizen and ratings.to_rate(turn.db, turn.commune_id, turn.citizen.id, since)
    if not code:
        return Reply(_("Thank you. I am here whenever you need something."))
    return rate(turn, code, str(stars))


def _asked(found: Dossier) -> Reply:
    buttons = tuple(Button(word, str(RouteToken("rate", (found.code_key, str(at))))) for at, word in STARS.items())
    asked = _("How satisfied are you with the way dossier {code} was handled?", code=found.code)
    return Reply(asked, _("Your name and the dossier are not kept with the answer."), buttons=buttons, numbered=True)


def _month(work: Work) -> date:
    return work.now.astimezone(ZONE).date().replace(day=1)


# --- one free line ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KeepLine:
    """Her line, "" for none; kept with its month and nothing else."""

    month: str
    words: str


@dataclass(frozen=True)
class Thank:
    """She is done."""

    said: bool


@dataclass(frozen=True)
class Line(Checked[bool]):
    """A line that the talk does not keep; it may be left out."""

    def choices(self) -> tuple[tuple[str, Words], ...]:
        return ((SKIP, _("Skip this")),)

    def attempt(self, raw: Raw) -> object:
        text = nfc(raw.text).strip()
        if raw.value == SKIP or (raw.kind == "text" and fold(text) in SKIP_WORDS):
            return self.command("")
        if raw.kind != "text" or not fold(text):
            raise NotUnderstood(_("Please type your answer in words."))
        if len(text) > LONGEST:
            said = _("That is {length} characters. Please keep it to {most} at most.", length=len(text), most=LONGEST)
            raise NotUnderstood(said)
        return self.command(text)


@routes.conversation("rate-words", title=_("A few words more"))
def add_words(ask: Ask, find: Find, month: str) -> Thank:
    thanks = _("Thank you. Your answer is counted.")
    asked = _("Would you like to add a sentence? The head of the commune reads it without your name.")
    return Thank(ask(Line("words", lines(thanks, asked), lambda said: KeepLine(month, said))))


@routes.does(KeepLine)
def keep_line(command: KeepLine, turn: Turn) -> Passed:
    if command.words:
        ratings.say(turn.db, turn.commune_id, date.fromisoformat(command.month), command.words)
        ratings.forget_event(turn.db, turn.commune_id, turn.event_id)
    return Passed(bool(command.words))


@routes.does(Thank)
def thank(command: Thank, turn: Turn) -> Reply:
    if command.said:
        return Reply(_("Thank you. What you wrote is passed on at the end of the month."))
    return Reply(_("Thank you for your time."))


# --- what the office sees ---------------------------------------------------------------------------------------------


@routes.command("/danhgia", words=("kết quả đánh giá", "mức độ hài lòng"), role="official")
def figures(turn: Turn, rest: str = "") -> Reply:
    """Months that are over, for every official; their free lines for the head alone, in his own chat."""
    shown = _groups(turn)
    told = [_figures(each) for each in shown] or [_("There are no ratings of a month that is over yet.")]
    now = _("This month is shown when it is over, so that nobody's answer can be guessed.")
    return Reply(*told, now, *(_lines_of(turn, shown) if _is_head(turn) else ()))


def _groups(work: Work) -> list[Group]:
    month = _month(work)
    since = (month - timedelta(days=31 * MONTHS_TOLD)).replace(day=1)
    return ratings.groups(work.db, work.commune_id, month, since)


def _is_head(turn: Turn) -> bool:
    heads = {each.id for each in duty.heads(turn)}
    return not turn.in_group and turn.official is not None and (turn.allows("chairman") or turn.official.id in heads)


def _figures(group: Group) -> Words:
    first, last = f"{group.first:%m/%Y}", f"{group.last:%m/%Y}"
    months: Words = last if first == last else _("{first} to {last}", first=first, last=last)
    if not group.shown:
        return _("Month {months}: not ten ratings yet, so none is shown.", months=months)
    title = _("Month {months}: {count} ratings.", months=months, count=group.total)
    counts = (_("{word}: {count}.", word=STARS[stars], count=number) for stars, number in group.counts.items())
    return lines(title, *counts)


def _lines_of(work: Work, groups: Iterable[Group]) -> list[Words]:
    said = ratings.words(work.db, work.commune_id, [each for each in groups if each.shown])[:LINES_TOLD]
    if not said:
        return []
    return [_("What people added, in no order:"), *(_("– {words}", words=Personal(each, "words")) for each in said)]


@routes.tick("ratings", every=timedelta(hours=1))
def report(work: Work) -> None:
    """The first working morning of a month brings the head what the last one has completed."""
    now, heads = work.now.astimezone(ZONE), duty.heads(work)
    if not heads or now.time() < work.commune.dossiers.summary_at:
        return
    if not Calendar(work.commune).is_working_day(now.date()):
        return
    month = _month(work)
    groups = _groups(work)
    new = [each for each in groups[-1:] if each.shown and each.last == (month - timedelta(days=1)).replace(day=1)]
    if not new or not ratings.tell_once(work.db, work.commune_id, month, work.now):
        return
    told = Reply(_("How people were served:"), _figures(new[0]), *_lines_of(work, new))
    duty.tell(work, heads, told, otherwise_office=False)
