"""An official writes to somebody by hand, in Zalo's OA Manager: the assistant keeps silent there for a while.

Two who answer at once confuse her. So from his word on, for the time that commune.toml says ([zalo] takeover_minutes),
what she writes is kept in a request, in view of the office, and not answered; only a cry for help still is. The office
is told once. When the time is over and she wrote last, the request waits like any other; else it is closed.
"""

from datetime import timedelta

from bot.routes import Routes
from bot.turn import Address, Turn, Work
from handlers.requests import person
from handlers.requests import request_card as card
from handlers.sealed import offer
from messages import gates
from messages.reply import Reply, _
from storage import receipts, requests, takeovers
from storage.requests import Request
from storage.takeovers import Takeover

routes = Routes()


@routes.gate("takeover")
def begun(turn: Turn) -> None:
    """A message of the account that a person typed. One of ours is none, even if Zalo names an administrator."""
    at, typed = turn.address, turn.event
    here = (turn.commune_id, at.channel, at.account, at.chat)
    if receipts.is_ours(turn.db, *here, typed.message, typed.text):
        return
    until = turn.now + timedelta(minutes=turn.commune.zalo.takeover_minutes)
    is_new = takeovers.begin(turn.db, *here, at.sender, turn.now, until)
    request = requests.open_of(turn.db, turn.commune_id, at)
    if request is not None and request.topic != card.EMERGENCY:
        _answered(turn, request)
    if is_new:
        about = [_("It is about request {number}.", number=request.number)] if request is not None else []
        silent = _("The assistant keeps silent in that chat until {when}.", when=until)
        turn.send_office(Reply(_("An official is writing to a citizen in Zalo himself."), silent, *about))


def _answered(work: Work, request: Request) -> None:
    """He has answered her there, so nobody is reminded of it."""
    if request.state == "waiting":
        requests.answered_by_hand(work.db, work.commune_id, request.id, work.now)
        card.show(work, requests.get(work.db, work.commune_id, request.id) or request)


@routes.gate("taken-over")
def kept(turn: Turn) -> Reply:
    """What she writes meanwhile: kept where officials see it, and not answered."""
    found = _going_on(turn, turn.address)
    if found is not None and (told := offer.sure(turn)) is not None:
        return told
    if found is not None and turn.event.kind in person.PASSED_ON and (turn.event.text or turn.event.files):
        request = person.begin(turn, "question", person.citizen(turn).village)
        _keep(turn, request)
        if request.topic != card.EMERGENCY:
            requests.answered_by_hand(turn.db, turn.commune_id, request.id, turn.now)
        requests.keep_open(turn.db, turn.commune_id, request.id, card.promise_times(turn)["closes_at"])
        if not takeovers.asked(turn.db, found.id, request.id, turn.now):
            _wait(turn, request)
        card.show(turn, requests.get(turn.db, turn.commune_id, request.id) or request)
    return person.SILENT


def _going_on(work: Work, at: Address) -> Takeover | None:
    return takeovers.find(work.db, work.commune_id, at.channel, at.account, at.chat)


def _keep(turn: Turn, request: Request) -> None:
    """What accuses somebody, and what nobody has heard yet, is for the receivers only (L03)."""
    event = turn.event
    private = event.kind == "voice" or gates.accuses(event.text) != "no"
    requests.add_message(
        turn.db, turn.commune_id, request.id, event.text, turn.now, kind=event.kind, files=event.files, private=private
    )
    if private and not request.sealed_for_receiver:
        card.tell_receivers(turn, request)


@routes.tick("takeovers", every=timedelta(minutes=1))
def over(work: Work) -> None:
    """The time is over: what she wrote last waits for somebody, and the assistant answers again."""
    for found in takeovers.over(work.db, work.commune_id, work.now):
        if not takeovers.end(work.db, found.id, work.now):
            continue
        request = requests.get(work.db, work.commune_id, found.request_id) if found.request_id else None
        if request is None or not request.is_open or request.topic == card.EMERGENCY:
            continue
        if found.asked_at is not None:
            _wait(work, request)
        elif request.opened_at >= found.began_at:
            requests.close(work.db, work.commune_id, request.id, work.now)
            card.show(work, requests.get(work.db, work.commune_id, request.id) or request)


def _wait(work: Work, request: Request) -> None:
    """The official has not answered her last words: a request like any other, with its promise and reminders."""
    times = card.promise_times(work)
    requests.wait_again(
        work.db, work.commune_id, request.id, times["promised_at"], times["remind_at"], work.now
    )  # fmt: skip
    requests.keep_open(work.db, work.commune_id, request.id, times["closes_at"])
    card.show(work, requests.get(work.db, work.commune_id, request.id) or request, loud=True)
