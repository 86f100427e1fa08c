"""Who is away, from when to when, and who stands in (L21).

`/vang` notes it: his open requests and cases go to the substitute at once, warnings and approvals follow because
`bot.duty` asks who is there. It ends by itself, or with "tôi đã về". Who was removed is away for ever: his open
requests go to a clerk. The clerk and the Chairman may note it for others.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from bot import approvals as mechanism
from bot import case_cards, casework, duty
from bot.calendar import Calendar
from bot.conversation import Ask, Find
from bot.questions import Choice, Confirm
from bot.routes import Routes, Start
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from handlers.office import absence_days as days
from handlers.requests import request_card as card
from messages.dossiers import today
from messages.fold import fold
from messages.render import ZONE
from messages.reply import Button, Msg, Reply, _, lines
from messages.reply import Text as Words
from storage import absences, approvals, figures, officials, requests
from storage.absences import Absence
from storage.cases import Case
from storage.officials import Official
from storage.requests import Request

routes = Routes()
BACK = frozenset({"da ve", "ve", "ve roi", "da ve roi", "toi da ve"})
LONGEST = timedelta(days=731)
ME, NOBODY = "me", "nobody"
WAKES = 6
"""The hour from which on officials are told that an absence has begun or ended."""
FAR = timedelta(days=3650)


@dataclass(frozen=True)
class NoteAbsence:
    """Somebody is away from the first to the last of these days."""

    official: int
    first: date
    last: date
    substitute: int | None


# --- the talk ---------------------------------------------------------------------------------------------------------


@routes.command("/vang", words=("báo vắng", "nghỉ phép"), role="official")
def away(turn: Turn, rest: str = "") -> Reply | Start:
    """What is noted that he may end; else the questions."""
    if fold(rest) in BACK:
        return back(turn)
    noted = [each for each in absences.coming(turn.db, turn.commune_id, turn.now) if _may_end(turn, each)]
    if not noted:
        return Start("absence")
    told = [_noted(turn, each) for each in noted[:8]]
    ends = [_back_button(turn, each) for each in noted[:8]]
    more = Button(_("Note another absence"), str(RouteToken("talk", ("begin", "absence"))))
    return Reply(_("Noted as away:"), lines(*told), buttons=(*ends, more))


@routes.conversation("absence", title=_("An absence"), role="official")
def absence(ask: Ask, find: Find) -> NoteAbsence | None:
    """Who, from, to, who stands in."""
    people = {str(each.id): each for each in find(officials.active) if each.role != "village-head"}
    mine = str(find.official.id)
    who = mine
    if find.official.role in ("clerk", "chairman"):
        others = {key: _person(each) for key, each in people.items() if key != mine}
        who = ask(Choice("who", _("Who is away?"), {ME: _("Myself"), **others}))
        who = mine if who == ME else who
    now = today(find.now)
    first = ask(days.Day("from", _("From which day on? Please tap, or type a day."), today=now, earliest=now,
                    offered=days.coming(Calendar(find.commune), now)))  # fmt: skip
    last = ask(days.Day(f"to:{first}", _("Until which day, that day included?"), today=first, earliest=first,
                   latest=first + LONGEST, offered=days.ends(first)))  # fmt: skip
    busy = {str(each.official_id) for each in find(absences.coming, find.now)
            if each.starts_at < days.end(last) and each.ends_at > days.start(first)}  # fmt: skip
    there: dict[str, Words] = {key: _person(each) for key, each in people.items() if key != who and key not in busy}
    nobody = _("Nobody: the clerks, then the Chairman")
    chosen = ask(Choice(f"for:{who}", _("Who stands in?"), {**there, NOBODY: nobody}))
    person = people[who].name
    acting = nobody if chosen == NOBODY else _("{name} stands in.", name=people[chosen].name)
    told = _("{name} is away from {first} to {last}.", name=person, first=first, last=last)
    agreed = ask(Confirm("ok", _("Shall I note it?"), values=(told, acting), yes=_("Yes, note it"), no=_("No")))
    return NoteAbsence(int(who), first, last, None if chosen == NOBODY else int(chosen)) if agreed else None


def _person(each: Official) -> Words:
    return f"{each.name}, {each.post}"


@routes.does(NoteAbsence)
def note(command: NoteAbsence, turn: Turn) -> Reply:
    """Write it down; what begins today moves its tasks at once."""
    person = officials.get(turn.db, turn.commune_id, command.official)
    if person is None or turn.official is None:
        return Reply(_("That official is not here any more."))
    if person.id != turn.official.id and not _keeps(turn):
        return Reply(_("I am sorry, this is only for the chairman and the clerk."))
    starts, ends = max(days.start(command.first), turn.now), days.end(command.last)
    if ends <= turn.now:
        return Reply(_("That time is over already. Please send /vang again."))
    other = absences.overlapping(turn.db, turn.commune_id, person.id, starts, ends)
    if other is not None:
        again = _("Please end that first, then send /vang again.")
        return Reply(_noted(turn, other), again, buttons=(_back_button(turn, other),))
    made = absences.note(
        turn.db, turn.commune_id, person.id, command.substitute, starts, ends, turn.official.id, turn.now
    )
    duty.forget(turn)
    found = absences.get(turn.db, turn.commune_id, made)
    assert found is not None
    if person.id != turn.official.id:
        duty.tell(turn, [person], Reply(_noted(turn, found), buttons=(_back_button(turn, found),)))
    said: list[Words] = [_("Noted. Thank you."), _noted(turn, found)]
    if starts <= turn.now:
        said += begin(turn, found)
    elif command.substitute is not None:
        substitute = officials.get(turn.db, turn.commune_id, command.substitute)
        duty.tell(turn, [substitute] if substitute else [], Reply(_noted(turn, found)))
    return Reply(*said, buttons=(_back_button(turn, found),))


def _keeps(turn: Turn) -> bool:
    """Whether he notes it for others: a clerk, the Chairman."""
    return turn.allows("clerk") or turn.allows("chairman")


def _may_end(turn: Turn, found: Absence) -> bool:
    return turn.official is not None and (found.official_id == turn.official.id or _keeps(turn))


def _noted(work: Work, found: Absence) -> Msg:
    name, last = _name(work, found.official_id), today(found.ends_at - timedelta(seconds=1))
    said = _("{name} is away from {first} to {last}.", name=name, first=today(found.starts_at), last=last)
    if found.substitute_id is None:
        return said
    return _("{absence} {name} stands in.", absence=said, name=_name(work, found.substitute_id))


def _name(work: Work, official_id: int) -> Words:
    found = officials.get(work.db, work.commune_id, official_id)
    return found.name if found else _("a former official")


def _back_button(work: Work, found: Absence) -> Button:
    label = _("{name} is back", name=_name(work, found.official_id))
    return Button(label, str(RouteToken("absence-back", (str(found.id),))))


# --- what moves -------------------------------------------------------------------------------------------------------


def begin(work: Work, found: Absence) -> list[Words]:
    """His open requests go to whoever stands in, who is told with the list; what whoever noted it may be told."""
    absences.begun(work.db, work.commune_id, found.id, work.now)
    person = officials.get(work.db, work.commune_id, found.official_id)
    if person is None:
        return []
    acting = duty.standing_in(work, person)
    if acting.id == person.id:
        work.send_office(Reply(_noted(work, found), _("Nobody is there to stand in. Please name somebody: /vang")))
        return [_("Nobody is there to stand in. Please name somebody: /vang")]
    moved = hand_on(work, requests.taken(work.db, work.commune_id, person.id), acting)
    running = figures.due_count(work.db, work.commune_id, None, work.now + FAR, duty.names_of(work, person))
    dossiers = [_("Running dossiers in his name: {count}.", count=running)] if running else []
    waiting = _letters(work, acting)
    letters = [_("Letters waiting for approval: {count}.", count=waiting)] if waiting else []
    see = (Button(_("Letters"), str(RouteToken("approvals"))),) if waiting else ()
    told = [_noted(work, found), _("From now on you act in his place, {name}.", name=acting.name), *dossiers, *letters]
    reports = casework.stand_in(work, person, acting)
    duty.tell(work, [acting], Reply(*told, *_listed(moved), *_reports(reports), buttons=see))
    went = [_("{count} open requests went to {name}.", count=len(moved), name=acting.name)] if moved else []
    also = [_("{count} reports went to {name}.", count=len(reports), name=acting.name)] if reports else []
    return [*went, *also]


def _reports(moved: list[Case]) -> list[Words]:
    return [_("Reports you have now:"), lines(*(case_cards.header(each) for each in moved))] if moved else []


def _letters(work: Work, acting: Official) -> int:
    """How many letters wait for him now: as the clerk's, or to be approved."""
    clerks = {each.id for each in duty.clerks(work)}
    waiting = approvals.waiting(work.db, work.commune_id)
    asked = [
        clerks if each.state == "proposed" else {one.id for one in mechanism.asked(work, each)} for each in waiting
    ]
    return sum(acting.id in each for each in asked)


def hand_on(work: Work, open_requests: list[Request], to: Official) -> list[Request]:
    """Requests go to somebody else; what he may not read waits for the receivers again. Those he has now."""
    moved = []
    for each in open_requests:
        if card.may_read(to, each):
            requests.take_over(work.db, work.commune_id, each.id, to.id, instead=True)
            moved.append(each)
        else:
            requests.release(work.db, work.commune_id, each.id)
        card.show(work, requests.get(work.db, work.commune_id, each.id) or each)
    return moved


def _listed(moved: list[Request]) -> list[Words]:
    return [_("Requests you have now:"), lines(*(card.header(each) for each in moved))] if moved else []


@routes.tap("absence-back", words=("tôi đã về", "đã đi làm lại"), role="official")
def back(turn: Turn, absence: str = "") -> Reply:
    """It ends now; what was handed on stays with whoever has it."""
    coming = [each for each in absences.coming(turn.db, turn.commune_id, turn.now) if _may_end(turn, each)]
    mine = turn.official.id if turn.official else 0
    wanted = [each for each in coming if (str(each.id) == absence if absence else each.official_id == mine)]
    if not wanted or not absences.close(turn.db, turn.commune_id, wanted[0].id, turn.now):
        return Reply(_("Nothing is noted that could be ended."))
    _over(turn, wanted[0], besides=mine)
    return Reply(_("Noted: {name} is back. What was handed on stays there.", name=_name(turn, wanted[0].official_id)))


def _over(work: Work, found: Absence, besides: int) -> None:
    duty.forget(work)
    both = {found.official_id, found.substitute_id} - {None, besides}
    people = [each for each in officials.active(work.db, work.commune_id) if each.id in both]
    said = _("{name} is back from today on.", name=_name(work, found.official_id))
    duty.tell(work, people, Reply(said), otherwise_office=False)


@routes.tick("absences", every=timedelta(minutes=15))
def look(work: Work) -> None:
    """Absences begin and end by themselves; what a removed official had goes to a clerk, who is told once."""
    if work.now.astimezone(ZONE).hour < WAKES:
        return
    for each in absences.over(work.db, work.commune_id, work.now):
        absences.close(work.db, work.commune_id, each.id, work.now)
        _over(work, each, besides=0)
    for each in absences.to_begin(work.db, work.commune_id, work.now):
        begin(work, each)
    left = requests.taken_by_removed(work.db, work.commune_id)
    if left and (clerks := duty.clerks(work) or duty.heads(work)):
        moved = hand_on(work, left, clerks[0])
        duty.tell(work, clerks[:1], Reply(_("Requests of somebody who has left are yours now."), *_listed(moved)))
