"""A dossier that will be late: reason and new date by buttons, the apology for approval (A05, E05; form 04).

The officer picks or writes the reason, picks a working day, sees the letter's words and sends it for approval. Nothing
is invented: without an approved letter the date stays. An apology has to be out `apology_before_days` before the date
(NĐ 61/2018, Điều 19); later it still goes, and says so to whoever approves. A date is moved `postponements` times; once
more is refused unless the officer insists, and is then the Chairman's: by his own tap or on signed paper (L22).

What becomes of it is `handlers.one_stop.postponed`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot import apologies, approvals
from bot.apologies import CALLED, OWN, REASONS, Draft
from bot.calendar import END_OF_DAY, Calendar
from bot.conversation import Again, Ask, Find, NotUnderstood
from bot.questions import Choice, Confirm, Date, Text
from bot.routes import Routes, Start
from bot.settings import ZONE
from bot.state import Raw
from bot.turn import Turn, Work
from handlers.dossiers.dossier import DossierCode
from messages import codes
from messages.reply import Personal, Reply, _, lines
from messages.reply import Text as Words
from messages.statuses import STATUSES
from storage import dossiers, postponements
from storage.dossiers import Dossier

routes = Routes()

OFFERED = 6
"""Working days on buttons."""
FIRST, SECOND = "apology-late", "second-postponement"
"""Kinds of approvals (`bot.approvals`)."""
FURTHEST = timedelta(days=365)
CLOSING = time(17)


@dataclass(frozen=True)
class Cannot:
    """There is nothing to ask for, and why."""

    why: Words


@dataclass(frozen=True)
class AskForDate:
    """Ask for a new date."""

    draft: Draft


@dataclass(frozen=True)
class WorkingDay(Date):
    """A working day, the next ones on buttons."""

    days: tuple[date, ...] = ()
    works: Callable[[date], bool] = lambda day: True

    def choices(self) -> tuple[tuple[str, Words], ...]:
        return tuple((day.isoformat(), _("{day}", day=day)) for day in self.days)

    def read(self, raw: Raw) -> date:
        number = raw.text.strip().rstrip(".")
        if raw.kind == "text" and number.isdecimal() and 1 <= int(number) <= len(self.days):
            return self.days[int(number) - 1]
        day = super().read(raw)
        if not self.works(day):
            raise NotUnderstood(_("{day} is a day off. Please choose a working day.", day=day))
        return day

    @property
    def listing(self) -> str:
        return ",".join(day.isoformat() for day in self.days)


# --- the conversation -------------------------------------------------------------------------------------------------


@routes.command("/luingay", role="official")
def begin(turn: Turn, rest: str = "") -> Start:
    """By its code, or asked for it."""
    found = codes.find(rest)
    return Start("postpone", code=codes.key(found[0])) if found else Start("postpone")


@routes.conversation("postpone", title=_("A new date for a dossier"), role="official")
def postpone(ask: Ask, find: Find, code: str = "") -> AskForDate | Cannot | None:
    """Which dossier, why, until when, how she is called, and a look at the letter."""
    today = find.now.astimezone(ZONE).date()
    key = code or codes.key(
        str(ask(DossierCode("dossier", _("Which dossier will be late? Please type its code."), today)))
    )
    found = find(dossiers.by_code, key)
    why = cannot(found)
    if found is None or why is not None:
        return Cannot(why or WAITS)
    if find(postponements.open_one, found.id):
        return Cannot(WAITS)
    again = find(postponements.count, found.id) >= find.commune.dossiers.postponements
    if (
        again
        and ask(Choice("again", _AGAIN, {"no": _("No, keep the date"), "yes": _("Yes, ask the Chairman")})) == "no"
    ):
        return None
    reasons = {**REASONS, OWN: _("Another reason")}
    reason = ask(Choice("reason", _("Why will dossier {code} be late?", code=found.code), reasons))
    own = ask(Text("own", _OWN, at_least=10, at_most=300)) if reason == OWN else ""
    day = ask(new_day(find, found, today))
    applicant = find(dossiers.details, found.id).applicant
    how = _("How does the letter address {name}?", name=Personal(applicant, "name")) if applicant else _HOW
    title = ask(Choice("title", how, CALLED))
    draft = Draft(key, title, reason, own, day.isoformat(), again)
    needs = ("reason", "day", "title", *(("own",) if own else ()))
    letter = [Personal(each, "words") for each in ask.once("letter", draft, needs=needs)]
    late = [LATE] if is_late(found, find.commune.dossiers.apology_before_days, today) else []
    prompt = _("Send this letter for approval? Until it is approved, the date stays as it is.")
    return (
        AskForDate(draft) if ask(Confirm("send", prompt, values=[_("The letter will say:"), *letter, *late])) else None
    )


WAITS = _("A new date for this dossier has been asked for already and waits for approval.")
LATE = _("The apology should have been out before now. It still goes, and whoever approves it is told that it is late.")
_AGAIN = _("The date of this dossier was moved before, and may not be moved again. Only the Chairman can allow it.")
_OWN = _("Please write the reason in a sentence. The villager reads it as you write it.")
_HOW = _("How does the letter address whoever handed it in?")


def cannot(found: Dossier | None) -> Words | None:
    """Why no new date can be asked for."""
    if found is None:
        return _("That dossier is not in the list any more.")
    status = STATUSES[found.status]
    if not status.running or found.paused_at is not None:
        return _("Dossier {code} is not being worked on now: {status}.", code=found.code, status=status.label)
    if found.deadline is None:
        return _("Dossier {code} has no date that could be moved.", code=found.code)
    return None


def is_late(found: Dossier, days: int, today: date) -> bool:
    """Whether the apology should have been out by now."""
    assert found.deadline is not None
    return today > found.deadline.astimezone(ZONE).date() - timedelta(days=days)


def new_day(find: Find, found: Dossier, today: date) -> WorkingDay:
    """A working day after today and after the old date."""
    assert found.deadline is not None
    calendar, last = Calendar(find.commune), max(today, found.deadline.astimezone(ZONE).date())
    offered = [calendar.after_working_days(datetime.combine(last, time(), ZONE), n + 1).date() for n in range(OFFERED)]
    prompt = _("Until when will it certainly be done? Tap a day, or type one.")
    return WorkingDay(
        "day", prompt, today=today, earliest=last + timedelta(days=1), latest=today + FURTHEST, days=tuple(offered),
        works=calendar.is_working_day,
    )  # fmt: skip


@routes.does(Cannot)
def refuse(command: Cannot, turn: Turn) -> Reply:
    return Reply(command.why)


@routes.does(Draft)
def words_of(command: Draft, turn: Turn) -> list[str]:
    """The paragraphs as whoever approves will see them."""
    found = dossiers.by_code(turn.db, turn.commune_id, command.code)
    return [] if found is None else list(apologies.body(turn, command, found))


@routes.does(AskForDate)
def ask_for_date(command: AskForDate, turn: Turn) -> Reply:
    """One letter for a dossier at a time, whoever asks."""
    draft, terms, official = command.draft, turn.commune.dossiers, turn.official
    found = dossiers.by_code(turn.db, turn.commune_id, draft.code)
    why = cannot(found)
    if why is not None or found is None or found.deadline is None or official is None:
        return Reply(why or WAITS)
    until = datetime.combine(date.fromisoformat(draft.day), END_OF_DAY, ZONE)
    if until.date() <= turn.now.astimezone(ZONE).date():
        raise Again("day", _("That day is over. Please choose another one."))
    late = is_late(found, terms.apology_before_days, turn.now.astimezone(ZONE).date())
    data = apologies.fields(turn, draft, found)
    wish = postponements.ask(
        turn.db, turn.commune_id, found.id, official.id, found.deadline, until, str(data["reason"]), late, turn.now
    )
    if wish is None:
        return Reply(WAITS)
    again = postponements.count(turn.db, turn.commune_id, found.id) >= terms.postponements
    again = postponements.count(turn.db, turn.commune_id, found.id) >= terms.postponements
    notes = [*([_LATE_NOTE] if late else []), *([_SECOND_NOTE] if again else [])]
    approval = approvals.ask(
        turn, SECOND if again else FIRST, data, key=f"apology-late:{found.id}:{wish.number}", about=found.code,
        dossier_id=found.id, by=official, decide_by=_decide_by(turn, found.deadline),
        note=lines(notes[0], *notes[1:]) if notes else None,
    )  # fmt: skip
    postponements.asked_of(turn.db, turn.commune_id, wish, approval)
    return Reply(
        _("Sent for approval: dossier {code}, new date {day}.", code=found.code, day=until.date()),
        _("Until it is approved, the date stays as it is. You will be told."),
    )


_LATE_NOTE = _("It is late: this apology should have been out before now.")
_SECOND_NOTE = _("The date was moved before. Only the Chairman allows it again, by his own tap or on signed paper.")


def _decide_by(work: Work, deadline: datetime) -> datetime | None:
    """When the apology has to be out, where that is sooner than an approval is expected anyway."""
    last = deadline.astimezone(ZONE).date() - timedelta(days=work.commune.dossiers.apology_before_days)
    out = datetime.combine(last, CLOSING, ZONE)
    usual = Calendar(work.commune).promised(work.now, 60 * work.commune.letters.answer_hours)
    return out if work.now < out < usual else None
