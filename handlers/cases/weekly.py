"""The Chairman's picture of the week (B08): received, on time, late, reopened, satisfied; every figure unfolds.

It comes to him by itself on `[cases] weekly_at`, or the next working day, at the hour of the morning summary: words
first, then the page as a picture and as a PDF. Any official may ask for it with /tuan. A case he may not read counts,
and shows its number and field. Figures: `storage.case_figures`; no citizen's word or name is in any of them.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial

from bot import case_access, duty, letters
from bot.calendar import Calendar
from bot.routes import Routes
from bot.settings import ZONE
from bot.state import digest
from bot.tokens import RouteToken
from bot.turn import Address, Turn, Work
from handlers.cases.follow import state_of, tap
from messages.cases import FIELDS, KINDS, code
from messages.letters import Refused
from messages.letters.weekly import Weekly
from messages.render import clock
from messages.render import day as day_in_words
from messages.reply import Button, Msg, Reply, Text, _, lines
from storage import case_figures, figures, sealed
from storage import letters as drawn
from storage.case_figures import Figures, Spot, Week
from storage.cases import Case

routes = Routes()
SHOWN = 8
MOST_BARS = 11
"""Thôn that have a bar of their own; the others share one."""
WINDOW = timedelta(hours=4)
"""How long after its hour it still comes."""
NOT_NAMED = _("thôn not named")
LABELS: Mapping[str, Msg] = {
    "received": _("Received"), "answered": _("Answered"), "on-time": _("In time"),
    "answered-late": _("Answered too late"), "open": _("Being worked on"), "late": _("Past the date"),
    "reopened": _("Reopened"), "refused": _("Not settled by us"), "yes": _("Done, content"),
    "partly": _("Done, not content"), "silent": _("Said nothing"), "unsaid": _("Not yet asked long enough"),
}  # fmt: skip
"""What each figure is called."""
TILES = ("received", "answered", "on-time", "answered-late", "open", "late", "reopened", "refused")
SAID = ("yes", "partly", "silent", "unsaid")
NOT_DONE = _("Said: not done")
PARTS: Mapping[str, Msg] = {
    "villages": _("By thôn"), "fields": _("By field"), "kinds": _("By kind"), "spots": _("Hot spots"),
}  # fmt: skip


# --- which week -------------------------------------------------------------------------------------------------------


def _this_monday(work: Work) -> date:
    today = work.now.astimezone(ZONE).date()
    return today - timedelta(days=today.weekday())


def _monday(work: Work, written: str) -> date:
    """The Monday of a week somebody named; else of the last whole week."""
    last = _this_monday(work) - timedelta(weeks=1)
    if not re.fullmatch(r"20\d\d-\d\d-\d\d", written):
        return last
    try:
        named = date.fromisoformat(written)
    except ValueError:
        return last
    return min(named - timedelta(days=named.weekday()), _this_monday(work))


def week_of(work: Work, monday: date) -> Week:
    """From that Monday to the next."""
    since, until = (datetime.combine(each, time(), ZONE) for each in (monday, monday + timedelta(weeks=1)))
    return Week(since, until, work.now)


# --- in words ---------------------------------------------------------------------------------------------------------


@routes.command("/tuan", words=("bản tin tuần", "số liệu tuần"), role="official")
def on_demand(turn: Turn, rest: str = "") -> Reply:
    """The last whole week, whenever an official asks; in his own chat with the picture."""
    monday = _monday(turn, rest.strip())
    if not turn.in_group:
        draw(turn, turn.address, monday)
    return told(turn, monday)


@routes.tap("week", role="official")
def another(turn: Turn, monday: str = "", page: str = "") -> Reply:
    """A week in words; or its picture and page, which come when they are drawn."""
    first = _monday(turn, monday)
    if not page or turn.in_group:
        return told(turn, first)
    draw(turn, turn.address, first)
    return Reply(_("One moment please, the page is being drawn."))


def told(work: Work, monday: date) -> Reply:
    """The figures of a week; each is a button to its list."""
    week = week_of(work, monday)
    found = case_figures.of_week(work.db, work.commune_id, week)
    said: list[Text] = [
        lines(*(_("{label}: {count}", label=LABELS[name], count=found.counts[name]) for name in TILES)),
        lines(
            _("What people say of the results:"),
            *(_("{label}: {count}", label=LABELS[name], count=found.counts[name]) for name in SAID),
            _("{label}: {count}", label=NOT_DONE, count=found.counts["reopened"]),
        ),
        _people(found),
    ]
    if found.spots:
        said.append(lines(_("Hot spots of 30 days:"), *(_spot_line(each) for each in found.spots)))
    if waiting := sealed.count_waiting(work.db, work.commune_id):
        said.append(_sealed_line(waiting))
    last = monday + timedelta(days=6)
    return Reply(_("Cases of the week from {first} to {last}", first=monday, last=last), *said,
                 buttons=_buttons(work, found, monday))  # fmt: skip


def _people(found: Figures) -> Msg:
    if found.strangers:
        return _(
            "{people} people reported {works} different matters; of {strangers} reports nobody knows who made them.",
            people=found.people, works=found.works, strangers=found.strangers,
        )  # fmt: skip
    return _("{people} people reported {works} different matters.", people=found.people, works=found.works)


def _sealed_line(waiting: int) -> Msg:
    return _("{count} sealed messages wait for those who are named to read them.", count=waiting)


def _spot_line(each: Spot) -> Msg:
    return _("{village}, {field}: {count}", village=each.village, field=FIELDS[each.field], count=each.count)


def _buttons(work: Work, found: Figures, monday: date) -> tuple[Button, ...]:
    counted = [(name, LABELS[name]) for name in LABELS if found.counts[name]]
    parts = [(name, PARTS[name]) for name in PARTS if getattr(found, name)]
    before, after = monday - timedelta(weeks=1), monday + timedelta(weeks=1)
    weeks = [
        Button(_("Picture and page"), str(RouteToken("week", (monday.isoformat(), "page")))),
        Button(_("The week before"), str(RouteToken("week", (before.isoformat(),)))),
    ]
    if after <= _this_monday(work):
        weeks.append(Button(_("The week after"), str(RouteToken("week", (after.isoformat(),)))))
    return (*(Button(label, _list(name, monday)) for name, label in (*counted, *parts)), *weeks)


def _list(name: str, monday: date, offset: int = 0) -> str:
    return str(RouteToken("week-list", (name, monday.isoformat(), str(offset))))


# --- what stands behind a figure --------------------------------------------------------------------------------------


@routes.tap("week-list", role="official")
def unfold(turn: Turn, name: str = "", monday: str = "", offset: str = "0") -> Reply:
    """The cases of one figure, or the parts it has."""
    first = _monday(turn, monday)
    week = week_of(turn, first)
    if name in PARTS:
        return _part(turn, name, first)
    where, label = _meant(turn, name, week)
    if where is None:
        return told(turn, first)
    start = int(offset) if offset.isascii() and offset.isdecimal() and len(offset) < 7 else 0
    count = case_figures.count(turn.db, where)
    found = case_figures.found(turn.db, where, SHOWN, start)
    more = [Button(_("The next ones"), _list(name, first, start + SHOWN))] if start + SHOWN < count else []
    readable = [each for each in found if case_access.may_read(turn, turn.official, each)]
    opens = [Button(code(each.number), tap("case-open", each)) for each in readable]
    head = _("{label}: {count}", label=label, count=count)
    return Reply(lines(head, *(_line(turn, each, each in readable) for each in found)), buttons=(*opens, *more))


def _line(work: Work, case: Case, readable: bool) -> Msg:
    if not readable:
        return _("{code}: {field}", code=code(case.number), field=FIELDS[case.field])
    village: Text = case.village or NOT_NAMED
    return _("{code}, {village}: {field}, {state}.", code=code(case.number), village=village,
             field=FIELDS[case.field], state=state_of(work, case))  # fmt: skip


def _part(work: Work, name: str, monday: date) -> Reply:
    """Thôn, fields, kinds or hot spots, each a button to its cases."""
    found = case_figures.of_week(work.db, work.commune_id, week_of(work, monday))
    rows = _rows(found, name)
    told_lines = (_("{label}: {count}", label=label, count=count) for _name, label, count in rows)
    buttons = tuple(Button(label, _list(each, monday)) for each, label, _count in rows)
    return Reply(lines(PARTS[name], *told_lines), buttons=buttons, numbered=True)


def _rows(found: Figures, part: str) -> list[tuple[str, Text, int]]:
    """(name of the list, label, how many), most first."""
    if part == "spots":
        return [
            (f"spot.{digest(each.village)}.{each.field}",
             _("{village}, {field}", village=each.village, field=FIELDS[each.field]), each.count)
            for each in found.spots
        ]  # fmt: skip
    rows: dict[str, list[tuple[str, Text, int]]] = {
        "villages": [(f"village.{digest(each or '')}", each or NOT_NAMED, many)
                     for each, many in found.villages.items()],
        "fields": [(f"field.{each}", FIELDS[each], many) for each, many in found.fields.items()],
        "kinds": [(f"kind.{each}", KINDS[each], many) for each, many in found.kinds.items()],
    }  # fmt: skip
    return sorted(rows[part], key=lambda row: (-row[2], row[0]))


def _meant(work: Work, name: str, week: Week) -> tuple[object | None, Text]:
    """The condition behind a list's name, and what it is called; None: nothing of that name any more."""
    if name in LABELS:
        return case_figures.named(work.commune_id, name, week), LABELS[name]
    what, _dot, rest = name.partition(".")
    if what in ("field", "kind") and rest in {"field": FIELDS, "kind": KINDS}[what]:
        label = FIELDS[rest] if what == "field" else KINDS[rest]
        return case_figures.received(work.commune_id, week, **{what: rest}), label
    found = case_figures.of_week(work.db, work.commune_id, week)
    if what == "village":
        for village in found.villages:
            if digest(village or "") == rest:
                return case_figures.received(work.commune_id, week, village=village), village or NOT_NAMED
    for spot in found.spots if what == "spot" else ():
        if f"{digest(spot.village)}.{spot.field}" == rest:
            label = _("{village}, {field}", village=spot.village, field=FIELDS[spot.field])
            return case_figures.repeated(work.commune_id, week, spot.village, spot.field), label
    return None, ""


# --- the page ---------------------------------------------------------------------------------------------------------


def draw(work: Work, to: Address, monday: date) -> None:
    """Have the page drawn for a chat; the event hands it over."""
    try:
        made = letters.order_for(work, to, _page(work, monday), "week-drawn")
    except Refused as refused:
        work.after.append(partial(letters.note_refusal, refused))
        return
    if made.state == "drawn":  # the same page was drawn for this chat before
        work.wake(to, "week-drawn", f"{made.id}:{work.now.timestamp():.0f}", letter=made.id)


def _page(work: Work, monday: date) -> Weekly:
    found = case_figures.of_week(work.db, work.commune_id, week_of(work, monday))
    last, at = monday + timedelta(days=6), work.now.astimezone(ZONE)
    waiting = sealed.count_waiting(work.db, work.commune_id)

    said = [*((LABELS[name], found.counts[name]) for name in SAID[:2]), (NOT_DONE, found.counts["reopened"]),
            *((LABELS[name], found.counts[name]) for name in SAID[2:])]  # fmt: skip
    return Weekly(
        office=work.commune.name.replace("UBND ", "Ủy ban nhân dân ", 1),
        period=_words(work, _("From {first} to {last}", first=monday, last=last)),
        made=f"{clock(at, 'vi')}, {day_in_words(at.date(), 'vi')}",
        people=_words(work, _people(found)).rstrip("."),
        figures=_bars(work, [(LABELS[name], found.counts[name]) for name in TILES]),
        satisfied=_bars(work, said) if any(count for _label, count in said) else (),
        kinds=_bars(work, _most(found, "kinds")),
        villages=_bars(work, _most(found, "villages")),
        fields=_bars(work, _most(found, "fields")),
        spots=_bars(work, _most(found, "spots")),
        sealed=_words(work, _sealed_line(waiting)) if waiting else "",
    )


def _words(work: Work, text: Text) -> str:
    said = work.place.catalogs.text(text, "vi")
    return said[:1].upper() + said[1:]


def _bars(work: Work, some: Sequence[tuple[Text, int]]) -> tuple[str, ...]:
    return tuple(f"{_words(work, label)}: {count}" for label, count in some)


def _most(found: Figures, part: str) -> list[tuple[Text, int]]:
    """The rows of a part; of very many thôn the last share one."""
    some = [(label, count) for _name, label, count in _rows(found, part)]
    if part != "villages" or len(some) <= MOST_BARS + 1:
        return some
    return [*some[:MOST_BARS], (_("other thôn"), sum(count for _label, count in some[MOST_BARS:]))]


@routes.event("week-drawn")
def hand_over(turn: Turn, letter: int, reference: str = "") -> Reply | None:
    """The page has been drawn, or cannot be: the words hold then."""
    found, at = drawn.get(turn.db, turn.commune_id, letter), turn.address
    if found is None or not turn.allows("official") or found.state != "drawn":
        return None
    if (found.channel, found.account, found.chat, found.sender) != (at.channel, at.account, at.chat, at.sender):
        return None
    return Reply(_("The week as a picture, and as a page to print."), pictures=(found.png,), documents=(found.pdf,))


# --- by itself --------------------------------------------------------------------------------------------------------


@routes.tick("week", every=timedelta(minutes=5))
def weekly(work: Work) -> None:
    """To the head, once a week."""
    local, at = work.now.astimezone(ZONE), work.commune.dossiers.summary_at
    begins = datetime.combine(local.date(), at, ZONE)
    if local.isoweekday() < work.commune.cases.weekly_at or not begins <= local < begins + WINDOW:
        return
    if not Calendar(work.commune).is_working_day(local.date()):
        return
    monday = _monday(work, "")
    if not figures.told_once(work.db, work.commune_id, "week", monday.isoformat(), work.now):
        return
    # One button only: nobody has asked, so a long list could not be answered by its numbers.
    look = Button(_("Look at each figure"), str(RouteToken("week", (monday.isoformat(),))))
    reply = told(work, monday).with_buttons(look)
    for head in duty.heads(work):
        for to in duty.chats(work, head):
            work.send(to, reply)
            draw(work, to, monday)
