"""What lies at the counter (L19): a clerk ticks it, the villager is told, a wrong notice is taken back.

The file only says that a result is there; often it is still on its way from another office. So nobody is asked to come
before somebody at the counter has ticked it, by "/ketqua". A tick that was wrong is taken back with one tap: what has
not left stays here, and whoever had it gets an apology. A dossier whose status goes back after its people were told is
shown to the office, which decides: the file may be wrong as well as the notice.
"""

from datetime import timedelta

from bot import dossier_notices as notices
from bot import reach
from bot.ladder import CALL
from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from messages import codes
from messages import dossiers as words
from messages.reply import Button, Msg, Reply, Text, _, lines
from messages.statuses import STATUSES, shown
from storage import dossiers, ready
from storage.dossiers import Dossier

routes = Routes()

SHOWN = 8
"""Results listed at a time, the oldest first."""
AT_ONCE = 100
"""Results that "all" ticks at most in one go: each plans its notices before it is agreed to."""
HANDED_OVER = 10
READY_RULES = ("result-ready", "result-reminder")


# --- the list ---------------------------------------------------------------------------------------------------------


@routes.command("/ketqua", words=("có tại quầy", "kết quả tại quầy"), role="official")
def results(turn: Turn, rest: str = "") -> Reply:
    """What has come by the file and is not ticked yet; with a code, that one."""
    code = codes.find(rest)
    if not code:
        return _list(turn)
    found = dossiers.by_code(turn.db, turn.commune_id, codes.key(code[0]))
    return _whole(turn, found) if found else Reply(
        _("There is no dossier {code} in the imported lists.", code=code[0])
    )  # fmt: skip


@routes.tap("ready-list", role="official")
def more(turn: Turn, after: str = "0") -> Reply:
    """The results after that one: those before are not at the counter yet."""
    return _list(turn, after=_number(after))


def _list(turn: Turn, *first: Text, after: int = 0) -> Reply:
    ids = ready.came(turn.db, turn.commune_id, SHOWN + 1, after)
    if not ids and after:
        return _list(turn, *first)
    if not ids:
        return Reply(*first, _("Every result that has come is ticked already. Thank you."))
    listed = [found for each in ids[:SHOWN] if (found := dossiers.get(turn.db, turn.commune_id, each))]
    told = [_("{number}) {result}", number=number, result=_line(turn, each)) for number, each in enumerate(listed, 1)]
    count = ready.count(turn.db, turn.commune_id)
    head = _("Results that have come and are not ticked: {count}. Do they lie at the counter?", count=count)
    buttons = [
        Button(_("Number {number} is at the counter", number=number), _token("ready", each.id))
        for number, each in enumerate(listed, 1)
    ]
    buttons.append(Button(_("All are at the counter"), _token("ready-all")))
    if len(ids) > SHOWN:
        buttons.append(Button(_("Not yet, show the next"), _token("ready-list", listed[-1].id)))
    return Reply(*first, head, lines(told[0], *told[1:]), buttons=tuple(buttons))


def _line(turn: Turn, found: Dossier) -> Msg:
    """Which dossier; no name, since others may read along."""
    title = _("Dossier {code}.", code=found.code)
    if not turn.commune.is_private(found.procedure_code, found.procedure_name):
        title = words.title(found, True)
    if found.due_at is None:
        return title
    return _("{title} Promised for: {when}.", title=title, when=shown(found.due_at))


# --- ticking ----------------------------------------------------------------------------------------------------------


@routes.tap("ready", role="official")
def at_counter(turn: Turn, dossier: str = "") -> Reply:
    """This one lies at the counter; its people are told with the next minute."""
    number = _number(dossier)
    ticked = _tick(turn, [number])
    found = dossiers.get(turn.db, turn.commune_id, number)
    if not ticked or found is None:
        return _list(turn, _("Somebody has noted that already."))
    said = _("Noted: the result of {code} lies at the counter. Its people will be told.", code=found.code)
    told = _list(turn, said)
    return told.with_buttons(Button(_("Take that back"), _token("recall", found.id, found.recalls)), *told.buttons)


@routes.tap("ready-all", role="official")
def all_at_counter(turn: Turn, last: str = "", count: str = "") -> Reply:
    """All of them: first how many people will be told and how, then once agreed to."""
    if last:
        ids = [each for each in ready.came(turn.db, turn.commune_id, AT_ONCE) if each <= _number(last)]
        ticked = _tick(turn, ids)
        said = _("Noted: {count} results lie at the counter. Their people will be told.", count=len(ticked))
        return _list(turn, said)
    ids = ready.came(turn.db, turn.commune_id, AT_ONCE)
    if not ids:
        return _list(turn)
    plan = _plan(turn, ids)
    told = [_("{count} people will be told of {results} results.", count=plan.people, results=len(ids))]
    calls = plan.ways.get(CALL, 0)
    told += [_("Of these, {count} cannot be written to and come on the call list.", count=calls)] if calls else []
    told += [_("The messages cost {cost} đồng.", cost=plan.cost)] if plan.cost else []
    told += [_("The messages leave from {when} on.", when=plan.starts_at)] if plan.starts_at else []
    yes = Button(_("Yes, tell {count} people", count=plan.people), _token("ready-all", ids[-1], len(ids)))
    return Reply(lines(told[0], *told[1:]), buttons=(yes, Button(_("No, one by one"), _token("ready-list"))))


def _tick(turn: Turn, ids: list[int]) -> list[int]:
    return ready.tick(turn.db, turn.commune_id, ids, turn.official.id if turn.official else None, turn.now)


def _plan(work: Work, ids: list[int]) -> reach.Plan:
    """What telling of these results would do now."""
    asked = []
    for each in ids:
        found = dossiers.get(work.db, work.commune_id, each)
        if found is not None:
            people = notices.audience(work, each)
            made = notices.notice(work, "result-ready", notices.as_ticked(found, work.now), people)
            asked += [(made, people)] if made is not None else []
    return reach.plan(work, asked)


# --- one result, and taking it back -----------------------------------------------------------------------------------


def _whole(turn: Turn, found: Dossier, *first: Text) -> Reply:
    told: list[Text] = [*first, _line(turn, found), _("Status: {status}.", status=STATUSES[found.status].label)]
    if found.ready_at is None and found.status == ready.RESULT:
        button = Button(_("It is at the counter"), _token("ready", found.id))
        return Reply(*told, _("Nobody has ticked it yet, so nobody has been asked to come."), buttons=(button,))
    if found.ready_at is None:
        return Reply(*told)
    had = len(ready.had(turn.db, turn.commune_id, found.id, *READY_RULES))
    told.append(_("Ticked at {when}; {count} people have been told.", when=found.ready_at, count=had))
    button = Button(_("Take the message back and apologise"), _token("recall", found.id, found.recalls))
    return Reply(*told, buttons=(button,))


@routes.tap("recall", role="official")
def recall(turn: Turn, dossier: str = "", recalls: str = "") -> Reply:
    """It does not lie at the counter after all: what has not left stays here, who had it gets an apology."""
    found = dossiers.get(turn.db, turn.commune_id, _number(dossier))
    if found is None or str(found.recalls) != recalls or found.ready_at is None:
        return Reply(_("Somebody has noted that already."))
    stopped, apologies = take_back(turn, found)
    if apologies:
        told = _("Taken back. {count} people get an apology, so that nobody comes in vain.", count=apologies)
        return Reply(told, _("When the result really lies here, tick it again: /ketqua"))
    return Reply(_("Taken back before anybody was told ({count} messages stopped).", count=stopped))


def take_back(work: Work, found: Dossier) -> tuple[int, int]:
    """Take a tick back: how many people it could be kept from, and how many get an apology."""
    stopped = notices.withdraw(work, found.id, *READY_RULES)
    had = ready.had(work.db, work.commune_id, found.id, *READY_RULES)
    if not ready.untick(work.db, work.commune_id, found.id):
        return stopped, 0
    told = notices.tell(work, "result-recalled", found, to=had) if had else None
    return stopped, len(had) if told is not None else 0


def left_counter(work: Work, found: Dossier) -> None:
    """A ticked result is in another status now: handed over, or the file has gone back (wrong now, or wrong before)."""
    ready.remind(work.db, work.commune_id, found.id, None)
    if found.status == HANDED_OVER:
        return
    if not ready.had(work.db, work.commune_id, found.id, *READY_RULES):
        take_back(work, found)
        return
    told = _("The file says of dossier {code}: {status}.", code=found.code, status=STATUSES[found.status].label)
    ask = _("Its people have been told already that the result is ready. Was that a mistake?")
    button = Button(_("Take the message back and apologise"), _token("recall", found.id, found.recalls))
    work.send_office(Reply(told, ask, buttons=(button,), card=f"recall-{found.id}", loud=True))


@routes.tick("reminders", every=timedelta(hours=1))
def reminders(work: Work) -> None:
    """Whoever has not collected is reminded once (L19); set-based, `handlers.one_stop.news` tells."""
    ready.due_reminders(work.db, work.commune_id, work.now)


def _token(name: str, *args: int) -> str:
    return str(RouteToken(name, tuple(map(str, args))))


def _number(written: str) -> int:
    return int(written) if written.isdecimal() and len(written) < 19 else 0
