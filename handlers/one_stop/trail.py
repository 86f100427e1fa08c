"""One dossier as officials see it (A03): its dates, every step and who set it, every message about it, its letters.

`/hoso CODE`; with the number of a case, that case (handlers.cases.case_paper). The applicant's name and phone stand at
/office alone, and who has read them there is noted; where others read along nobody is named, and of a private procedure
not even the procedure (L05).
"""

from collections.abc import Mapping

from bot import approval_cards, duty
from bot.calendar import Calendar
from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.cases import case_paper
from handlers.dossiers import slip
from handlers.dossiers.dossier import counter
from handlers.office.dashboard import STATES
from handlers.one_stop.desk import phone
from messages import cases as case_numbers
from messages import codes
from messages import dossiers as words
from messages.reply import Button, Msg, Personal, Reply, Text, _, lines
from messages.statuses import STATUSES, shown
from storage import approvals, attempts, collections, dossiers, imports, postponements
from storage import trail as kept
from storage.dossiers import Dossier
from storage.trail import Told

routes = Routes()
STEPS, MESSAGES = 10, 5
"""Shown at a time."""
KINDS: Mapping[str, Msg] = {
    "dossier-received": _("received"), "papers-needed": _("papers needed"), "fee-due": _("a fee is due"),
    "result-ready": _("the result is ready"), "result-reminder": _("a reminder to collect"),
    "result-recalled": _("the result is not there after all"), "dossier-returned": _("handed over, please rate"),
    "dossier-changed": _("not accepted, withdrawn or stopped"), "dossier-late": _("a new date, with an apology"),
    "dossier-missed": _("an apology: the date has passed"), "letter": _("a letter"),
}  # fmt: skip
WAYS: Mapping[str, Text] = {
    "telegram": "Telegram", "zalo": "Zalo", "uid": _("Zalo, a paid notice"), "phone": _("Zalo, by the phone number"),
    "call": _("the telephone"),
}  # fmt: skip
TRIED: Mapping[str, Msg] = {
    "going": _("under way"), "sent": _("sent"), "late": _("given up, no word of delivery"), "failed": _("failed"),
}  # fmt: skip
COLLECTS: Mapping[str, Msg] = {
    "come": _("She comes for it herself."), "post": _("The post shall bring it."),
    "other": _("Somebody else comes for it."),
}  # fmt: skip


# --- the whole dossier ------------------------------------------------------------------------------------------------


@routes.command("/hoso", role="official")
def by_code(turn: Turn, rest: str) -> Reply:
    """Everything on file about one dossier, or about one case: "/hoso PA-0042"."""
    code = codes.find(rest)
    if not code and (numbers := case_numbers.find(rest)):
        return case_paper.by_number(turn, numbers[0])
    if not code:
        return Reply(_("Please write the code after it, for example /hoso H55.242-260901-0012."))
    return whole(turn, codes.key(code[0]), code[0])


@routes.tap("trail", role="official")
def whole(turn: Turn, code: str = "", written: str = "") -> Reply:
    """The same by a button."""
    found = dossiers.by_code(turn.db, turn.commune_id, code)
    as_of = imports.data_age(turn.db, turn.commune_id)
    if found is None:
        return Reply(
            _("There is no dossier {code} in the imported lists.", code=written or code), words.age(as_of, False)
        )
    personal = turn.at_desk and turn.official is not None
    private = turn.commune.is_private(found.procedure_code, found.procedure_name)
    head: list[Text] = [_slip(found), *_sealed(turn, found)] if personal else [_plain(found, turn.in_group and private)]
    after = [] if personal else [_("Name and phone: please look at /office.")]
    told = [*head, lines(*_dates(turn, found)), *_letters(turn, found), _steps(turn, found, STEPS)]
    count = kept.message_count(turn.db, turn.commune_id, found.code)
    newest = kept.messages(turn.db, turn.commune_id, found.code, MESSAGES)
    told += [_list(turn, count, newest)] if newest else [_("No message was sent about it yet.")]
    return Reply(*told, *after, words.age(as_of, False), buttons=_buttons(turn, found, count))


def _plain(found: Dossier, hidden: bool) -> Text:
    return words.title(found, named=not hidden)


def _slip(found: Dossier) -> Text:
    named = [_("Officer: {name}.", name=found.officer)] if found.officer else []
    return lines(words.title(found, named=True), *named)


def _sealed(turn: Turn, found: Dossier) -> list[Text]:
    """What only officials at /office read; that this one did is noted."""
    assert turn.official is not None
    kept.opened(turn.db, turn.commune_id, found.id, turn.official.id, turn.now)
    sealed = dossiers.details(turn.db, turn.commune_id, found.id)
    told: list[Text] = [_("Applicant: {name}.", name=Personal(sealed.applicant, "name"))] if sealed.applicant else []
    told += [_("Phone: {phone}.", phone=phone(sealed.phone))] if sealed.phone else [_("No phone on file.")]
    told += [_("Village: {village}.", village=found.village)] if found.village else []
    told += [_("Note: {note}.", note=Personal(sealed.note, "words"))] if sealed.note else []
    watching = dossiers.watchers(turn.db, turn.commune_id, found.id)
    told += [_("People who want to be told: {count}.", count=len(watching))] if watching else []
    told += [_("Please call when it changes: {phone}.", phone=phone(each.phone)) for each in watching if each.phone]
    chosen = collections.of_dossier(turn.db, turn.commune_id, found.id)
    if chosen is not None:
        who = [Personal(", ".join(filter(None, (chosen.name, chosen.address))), "words")] if chosen.name else []
        told.append(lines(COLLECTS[chosen.way], *who))
    return [lines(*told)]


def _dates(turn: Turn, found: Dossier) -> list[Text]:
    """Received, due by the file, until when it has to be done now, and why that is another day."""
    told: list[Text] = [_("Status: {status}.", status=STATUSES[found.status].label)] if turn.at_desk else []
    told += [] if told else [_("Status: {status}.", status=STATUSES[found.status].plain)]
    told += [_("Received: {when}.", when=shown(found.received_at))] if found.received_at else []
    told += [_("Due by the file: {when}.", when=shown(found.due_at))] if found.due_at else []
    if found.deadline is not None and found.deadline != found.due_at:
        told.append(_("To be done by now: {when}.", when=shown(found.deadline)))
    told += [_("The clock stands still since {when}.", when=found.paused_at)] if found.paused_at else []
    for each in postponements.of_dossier(turn.db, turn.commune_id, found.id):
        if each.state == "agreed":
            why = Personal(each.reason, "words") if turn.at_desk else "–"
            told.append(_("Moved to {day}: {reason}", day=words.today(each.new), reason=why))
    told += [_("It lies at the counter since {when}.", when=found.ready_at)] if found.ready_at else []
    if STATUSES[found.status].running and found.deadline is not None and found.deadline < turn.now:
        days = Calendar(turn.commune).working_days_between(words.today(found.deadline), words.today(turn.now))
        told.append(_("Late by {days} working days.", days=max(days, 0)))
    return told


def _letters(turn: Turn, found: Dossier) -> list[Text]:
    """Letters about it, as far as they have got."""
    all_ = approvals.of_dossier(turn.db, turn.commune_id, found.id)
    if not all_:
        return []
    told = [_("– {title}: {state}", title=approval_cards.title(each), state=approval_cards.STATES[each.state])
            for each in all_]  # fmt: skip
    return [lines(_("Letters about it:"), *told)]


def _steps(turn: Turn, found: Dossier, most: int) -> Text:
    steps = dossiers.steps(turn.db, turn.commune_id, found.id)
    done = [words.step(step.status, step.at, step.officer) for step in steps[-most:]]
    earlier = [_("({count} earlier steps)", count=len(steps) - len(done))] if len(steps) > len(done) else []
    return lines(_("Steps so far:"), *earlier, *done)


def _list(turn: Turn, count: int, told: list[Told]) -> Text:
    return lines(_("Messages about it: {count}.", count=count), *(_message(turn, each) for each in told))


def _message(turn: Turn, each: Told) -> Text:
    """One message to one person: what for, when, how far it has got; the ways it was tried, when there were several."""
    kind: Text = KINDS.get(each.kind) or each.kind
    said: Text = _("– {when}: {kind}: {state}", when=each.made_at, kind=kind, state=STATES[each.state])
    tries = attempts.trail(turn.db, turn.commune_id, each.notice_id, each.person)
    told: list[Text] = []
    for one in tries:
        way, became = WAYS.get(one.step, one.step), TRIED.get(one.state, STATES["sent"])
        tried = _("by {way}: {state}", way=way, state=became)
        told.append(_("{tried} ({why})", tried=tried, why=one.why[:80]) if one.why else tried)
    return lines(said, *told)


# --- what can be done with it -----------------------------------------------------------------------------------------


def _buttons(turn: Turn, found: Dossier, count: int) -> tuple[Button, ...]:
    key = (found.code_key,)
    wanted = [
        (may_set(turn, found), _("Set the status"), RouteToken("set-status", key)),
        (
            found.status == 9 and found.ready_at is None,
            _("It lies at the counter"),
            RouteToken("ready", (str(found.id),)),
        ),
        (STATUSES[found.status].running, _("Ask for a new date"), RouteToken("due-late", key)),
        (turn.at_desk, _("She agrees to messages"), RouteToken("consent-counter", key)),
        (turn.at_desk and found.status not in words.OVER, _("The slip again"), RouteToken("trail-slip", key)),
        (count > MESSAGES, _("All messages"), RouteToken("trail-messages", (*key, "0"))),
        (True, _("All steps"), RouteToken("trail-steps", key)),
    ]
    return tuple(Button(label, str(token)) for wants, label, token in wanted if wants)


def opens(found: Dossier) -> Button:
    """Shows the whole dossier."""
    return Button(_("Open {code}", code=found.code), str(RouteToken("trail", (found.code_key,))))


def may_set(turn: Turn, found: Dossier) -> bool:
    """Who sets a status by hand: the officer in charge or who stands in for him, a clerk, whoever may approve."""
    if turn.official is None or not turn.allows("official"):
        return False
    if any(turn.allows(each) for each in ("clerk", "chairman", "approve")):
        return True
    return turn.official in (duty.in_charge(turn, found.officer), duty.bearer(turn, found.officer))


@routes.tap("trail-slip", role="official")
def slip_again(turn: Turn, code: str = "") -> Reply:
    """The appointment slip as a picture, to be printed or shown (A02)."""
    found = dossiers.by_code(turn.db, turn.commune_id, code)
    if found is None or not turn.at_desk:
        return Reply(_("Name and phone: please look at /office."))
    sealed = dossiers.details(turn.db, turn.commune_id, found.id)
    slip.draw(turn, found, sealed, counter(turn, found.place), imports.data_age(turn.db, turn.commune_id))
    return Reply(_("The slip is being drawn and comes here."))


@routes.tap("trail-steps", role="official")
def all_steps(turn: Turn, code: str = "") -> Reply:
    """Every step, from the first."""
    found = dossiers.by_code(turn.db, turn.commune_id, code)
    return whole(turn, code) if found is None else Reply(_steps(turn, found, 200), buttons=(opens(found),))


@routes.tap("trail-messages", role="official")
def all_messages(turn: Turn, code: str = "", offset: str = "0") -> Reply:
    """Every message about it, some at a time."""
    found = dossiers.by_code(turn.db, turn.commune_id, code)
    if found is None:
        return whole(turn, code)
    start = int(offset) if offset.isdecimal() and len(offset) < 9 else 0
    count = kept.message_count(turn.db, turn.commune_id, found.code)
    told = kept.messages(turn.db, turn.commune_id, found.code, MESSAGES, start)
    next_ = RouteToken("trail-messages", (code, str(start + MESSAGES)))
    more = [Button(_("The next ones"), str(next_))] if start + MESSAGES < count else []
    return Reply(_list(turn, count, told), buttons=(*more, opens(found)))
