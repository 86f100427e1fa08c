"""What waits (G05): requests for a person, and cases: mine, the thôn's, the late ones; looking for a case by number,
words, thôn.

An official sees what he may read; quarrels and what went past the counter do not exist for anybody else (A19, L32), and
even for their readers at /office alone. Her own words never stand in a list: what is searched for is found by digests.
"""

from collections.abc import Sequence

from bot import case_access, casework
from bot.routes import Routes
from bot.state import digest
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.cases.clock import named, open_button, when_due
from handlers.requests import request_card as card
from messages import cases as words
from messages.fold import fold
from messages.reply import Button, Reply, Text, _, lines
from storage import approvals, call_list, case_lists, case_words, cases, requests, stops
from storage.case_lists import is_open
from storage.cases import Case, case_file
from storage.requests import Request

routes = Routes()

LISTED = 10
EXAMPLE = words.code(42)
NOWHERE = "-"
"""In a button: cases without a thôn."""
ENDED = {
    "done": _("an answer was given"), "settled": _("it was settled"), "refused": _("it was refused"),
    "withdrawn": _("it was taken back"), "joined": _("it follows another"),
}  # fmt: skip


@routes.command("/hangdoi", words=("hàng đợi", "đang chờ"), role="official")
def queue(turn: Turn, rest: str = "") -> Reply:
    """What waits: requests, the late ones leading, and cases by their lists; with words it looks for cases."""
    if rest.strip():
        return look_for(turn, rest.strip())
    waiting = requests.queue(turn.db, turn.commune_id)
    reports = len(stops.open_reports(turn.db, turn.commune_id))
    see = (Button(_("See the reports"), str(RouteToken("stop-reports"))),) if reports else ()
    told: list[Text] = []
    if reports:
        told.append(_("{count} reports of a wrong number or a death are not noted yet.", count=reports))
    if calls := call_list.count(turn.db, turn.commune_id):
        told.append(_("No message reached {count} people, please call them: /danhsachgoi", count=calls))
    counts, lists = _cases(turn)
    if not waiting:
        empty = [] if counts else [_("Nobody is waiting. Thank you.")]
        return Reply(*empty, *counts, *told, buttons=(*lists, *see))
    mine = turn.official.id if turn.official else None
    ordered = sorted(waiting, key=lambda each: (each.topic != card.EMERGENCY, each.taken_by != mine))
    shown = [_request(turn, each) for each in ordered[:LISTED]]
    buttons = tuple(
        Button(_("Open {number}", number=each.number), str(RouteToken("open", (str(each.id),))))
        for each in ordered[:LISTED] if card.may_read(turn.official, each)
    )  # fmt: skip
    head = _("{count} people are waiting.", count=len(waiting))
    return Reply(head, *shown, *counts, *told, buttons=(*buttons, *lists, *see))


@routes.tap("queue", role="official")
def queue_tap(turn: Turn) -> Reply:
    """The queue, from a button."""
    return queue(turn)


def _request(turn: Turn, request: Request) -> Text:
    header = card.header(request)
    if request.topic == card.EMERGENCY:
        return header
    if request.promised_at <= turn.now:
        return _("{header} Late: promised before {when}.", header=header, when=request.promised_at)
    return _("{header} Promised before {when}.", header=header, when=request.promised_at)


# --- cases ------------------------------------------------------------------------------------------------------------


def _cases(turn: Turn) -> tuple[list[Text], tuple[Button, ...]]:
    """How many cases there are in each list, and the buttons to them; nothing while none is open."""
    whole = _count(turn)
    if not whole:
        return [], ()
    mine, late = _count(turn, _mine(turn)), _count(turn, _late(turn))
    told: list[Text] = [_("Reports from people: {count} are open, {mine} with you.", count=whole, mine=mine)]
    if late:
        told.append(_("{count} of them are late.", count=late))
    if turn.allows("approve") or turn.allows("chairman"):
        letters = approvals.count(turn.db, turn.commune_id)
        told += [_("{count} papers wait for approval: /duyet", count=letters)] if letters else []
    shown = (("queue-mine", _("Mine ({count})", count=mine)), ("queue-late", _("Late ({count})", count=late)))
    counted = ((tap, label) for (tap, label), count in zip(shown, (mine, late), strict=True) if count)
    always = (("queue-village", _("By thôn")), ("queue-all", _("All that are open")))
    return [lines(*told)], tuple(Button(label, str(RouteToken(tap))) for tap, label in (*counted, *always))


@routes.tap("queue-mine", role="official")
def mine(turn: Turn, page: str = "0") -> Reply:
    """What I have."""
    return _list(turn, _("Reports that you have:"), "queue-mine", page, _mine(turn))


@routes.tap("queue-late", role="official")
def late(turn: Turn, page: str = "0") -> Reply:
    """Open ones whose deadline has passed."""
    return _list(turn, _("Reports that are late:"), "queue-late", page, _late(turn))


@routes.tap("queue-all", role="official")
def everything(turn: Turn, page: str = "0") -> Reply:
    """All open ones, the earliest deadline leading."""
    return _list(turn, _("Reports that are open:"), "queue-all", page)


@routes.tap("queue-village", role="official")
def by_village(turn: Turn, village: str = "", page: str = "0") -> Reply:
    """Which thôn has how many, or those of one."""
    counts = case_lists.villages(turn.db, turn.commune_id, _visible(turn))
    if not village:
        return _villages(counts)
    for name, _number in counts:
        if _key(name) == village:
            head = _("Reports of {village}:", village=name or _("thôn not named"))
            return _list(turn, head, "queue-village", page, case_file.c.village == name, also=(village,))
    return Reply(_("Nothing is open there. Thank you."))


def _villages(counts: list[tuple[str | None, int]]) -> Reply:
    if not counts:
        return Reply(_("No report is open. Thank you."))
    buttons = tuple(
        Button(
            _("{what}: {count}", what=name or _("thôn not named"), count=count),
            str(RouteToken("queue-village", (_key(name),))),
        )
        for name, count in counts
    )
    return Reply(_("Which thôn?"), buttons=buttons, numbered=True)


def _key(village: str | None) -> str:
    return NOWHERE if village is None else digest(village)


def _list(turn: Turn, head: Text, tap: str, page: str, *where: object, also: tuple[str, ...] = ()) -> Reply:
    """One page of a list, each with a button that opens it."""
    total, at = _count(turn, *where), int(page) if page.isdecimal() and len(page) < 5 else 0
    found = case_lists.page(
        turn.db, turn.commune_id, is_open, _visible(turn), *where, offset=at * LISTED, limit=LISTED
    )  # fmt: skip
    if not found:
        return Reply(_("Nothing is open there. Thank you."))
    left = total - at * LISTED - len(found)
    more = (Button(_("{count} more", count=left), str(RouteToken(tap, (*also, str(at + 1))))),) if left > 0 else ()
    listed = lines(*(when_due(turn, each) for each in found))
    return Reply(head, listed, buttons=(*map(open_button, found), *more))


def _count(turn: Turn, *where: object) -> int:
    return cases.count(turn.db, turn.commune_id, is_open, _visible(turn), *where)


def _mine(turn: Turn) -> object:
    return case_file.c.taken_by == (turn.official.id if turn.official else 0)


def _late(turn: Turn) -> object:
    return case_file.c.due_at < turn.now


def _visible(turn: Turn) -> object:
    """What he may know of; what is not for everybody only at /office."""
    me = turn.official.id if turn.official else 0
    leads = me in {each.id for each in case_access.readers_of(turn, "leader")}
    receives = turn.allows(case_access.RECEIVE)
    return case_lists.visible(me, leads=leads, receives=receives, restricted=turn.at_desk)


# --- looking for one --------------------------------------------------------------------------------------------------


def look_for(turn: Turn, asked: str) -> Reply:
    """By number, else by thôn and words; what has ended is found, too."""
    numbers = [int(asked)] if asked.isdecimal() and len(asked) < 8 else words.find(asked)
    if numbers:
        found = [each for number in numbers if (each := _numbered(turn, number)) is not None]
        return _found(turn, found, 0) if found else Reply(_("There is no report with this number."))
    village = turn.commune.places.within(asked)
    if village is not None and not _besides(asked, village.label, *village.former_names):
        here = (case_file.c.village == village.label, _visible(turn))
        there = cases.listed(turn.db, turn.commune_id, *here, limit=LISTED + 1, newest=True)
        return _found(turn, there[:LISTED], len(there) - LISTED)
    return _by_words(turn, asked)


def _numbered(turn: Turn, number: int) -> Case | None:
    found = cases.by_number(turn.db, turn.commune_id, number)
    known = found is not None and case_access.may_read(turn, turn.official, found)
    return found if known and found is not None and (turn.at_desk or found.lane == "office") else None


def _besides(asked: str, *names: str) -> set[str]:
    """The words beside those of the thôn."""
    named = set(fold(" ".join(names)).split()) | {"thon", "xom", "ban", "khu", "to", "lang"}
    return set(fold(asked).split()) - named


def _by_words(turn: Turn, asked: str) -> Reply:
    """Those that have all the words, else those that share some, most first."""
    wanted = casework.words_of(asked)
    hits = case_words.found(turn.db, turn.commune_id, wanted, turn.now - cases.KEPT)
    whole = [case_id for case_id, shared in hits if shared == len(wanted)]
    ids = whole or [case_id for case_id, _shared in hits]
    known = {
        each.id: each for each in cases.listed(turn.db, turn.commune_id, case_file.c.id.in_(ids), _visible(turn))
    }
    ordered = [known[each] for each in ids if each in known]
    return _found(turn, ordered[:LISTED], len(ordered) - LISTED)


def _found(turn: Turn, found: Sequence[Case], more: int) -> Reply:
    if not found:
        other = _("Please try other words, a number like {code}, or a thôn.", code=EXAMPLE)
        return Reply(_("No report is found by that."), other)
    told: list[Text] = [lines(*(_hit(turn, each) for each in found))]
    if more > 0:
        told.append(_("There are more. Please add a word."))
    return Reply(*told, buttons=tuple(map(open_button, found)))


def _hit(turn: Turn, case: Case) -> Text:
    if case.is_open:
        return when_due(turn, case)
    return _("{line} Over: {how}.", line=named(case), how=ENDED[case.state])
