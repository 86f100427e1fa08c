"""What the clock does for requests that wait (L01): reminders, an apology for a passed promise, the end of quiet ones.

The office is reminded first, then whoever is on duty, then the chairman; of a sealed request only its number is told to
people who may not read it.
"""

from dataclasses import replace
from datetime import timedelta

from bot.calendar import Calendar
from bot.routes import Routes
from bot.turn import Address, Turn, Work, office_address
from handlers.front import emergency
from handlers.requests import request_card as card
from messages.reply import Reply, _
from storage import officials, requests
from storage.requests import Request

routes = Routes()
ALARMS = 3
"""How often whoever is on duty hears that nobody has seen an emergency."""


@routes.tick("requests", every=timedelta(minutes=1))
def watch(work: Work) -> None:
    """Reminders, apologies for a passed promise, and the end of quiet requests."""
    for request in requests.due_reminders(work.db, work.commune_id, work.now):
        (_alarm if _unseen(work, request) else _remind)(work, request)
    for request in requests.overdue(work.db, work.commune_id, work.now):
        requests.apologised(work.db, work.commune_id, request.id, work.now)
        once = f"{request.id}:{request.promised_at.timestamp():.0f}"
        work.wake(card.address_of(request), "late", once, request=request.id)
    for request in requests.expired(work.db, work.commune_id, work.now):
        requests.close(work.db, work.commune_id, request.id, work.now, "expired")
        card.show(work, replace(request, state="expired"))
        answered = request.state == "answered"
        work.wake(card.address_of(request), "quiet", str(request.id), request=request.id, answered=answered)


def _remind(work: Work, request: Request) -> None:
    """The office first, then whoever stands in, then the head (L01)."""
    minutes = work.commune.office.reminder_minutes
    stage = request.reminded
    next_at = None
    if stage + 1 < len(minutes):
        next_at = Calendar(work.commune).promised(request.waits_since, minutes[stage + 1])
    requests.reminded(work.db, work.commune_id, request.id, next_at)
    words = _("Reminder: request {number} is still waiting.", number=request.number)
    told = Reply(words, _("An answer was promised before {when}.", when=request.promised_at), loud=True)
    sealed = request.sealed_for_receiver
    for to in _reminded(work, request, stage):
        at_desk = to in {office_address(each.id) for each in card.receivers(work)}
        readable = not sealed or at_desk
        buttons = (card.open_button(request),) if readable else ()
        work.send(to, told.with_buttons(*buttons))


def _unseen(work: Work, request: Request) -> bool:
    return request.topic == card.EMERGENCY and not requests.pressed(work.db, work.commune_id, request.id, "seen")


def _alarm(work: Work, request: Request) -> None:
    """Nobody has seen a cry for help: whoever is on duty and the chairman, at any hour, three times."""
    again = work.now + timedelta(minutes=work.commune.office.emergency_minutes)
    requests.reminded(work.db, work.commune_id, request.id, again if request.reminded < ALARMS - 1 else None)
    late = replace(request, reminded=request.reminded + 1)
    card.show(work, late)
    told = Reply(
        card.header(request), _("Nobody has seen this yet."), buttons=card.card_buttons(request)[:1], loud=True
    )
    for each in card.on_duty(work, late):
        for to in (office_address(each.id), *card.messengers(work, each)):
            work.send(to, told)


def _reminded(work: Work, request: Request, stage: int) -> list[Address]:
    people = officials.active(work.db, work.commune_id)
    if request.sealed_for_receiver and stage < 2:
        chosen = [each for each in people if card.RECEIVE in each.rights]
    elif stage == 0:
        return list(work.place.office)
    elif stage == 1:
        others = [each for each in people if each.role in ("official", "clerk") and each.id != request.taken_by]
        chosen = [each for each in others if "duty" in each.rights] or others
    else:
        chosen = [each for each in people if each.role == "chairman"]
    theirs = [to for each in chosen for to in (office_address(each.id), *card.messengers(work, each))]
    return theirs or list(work.place.office)


@routes.event("late")
def late(turn: Turn, request: int) -> Reply | None:
    """The promise has passed: an apology and the phone number."""
    found = requests.get(turn.db, turn.commune_id, request)
    if found is None or found.state != "waiting":
        return None
    if _unseen(turn, found):
        return emergency.nobody_yet(turn, found)
    return Reply(
        _("I am sorry: nobody has answered you in the time we promised."),
        _("Your request {number} is still open, and the office has been reminded.", number=found.number),
        *card.phone_line(turn),
    )


@routes.event("quiet")
def quiet(turn: Turn, request: int, answered: bool) -> Reply | None:
    """A request has been closed by the clock."""
    found = requests.get(turn.db, turn.commune_id, request)
    if found is None:
        return None
    if answered:
        return Reply(
            _("It has been quiet for a while, so I have closed request {number}.", number=found.number),
            _("Please write again whenever you need us. Thank you."),
        )
    return Reply(
        _("I am sorry: request {number} has been closed without an answer.", number=found.number),
        _("Please type 0 to ask again."),
        *card.phone_line(turn),
    )
