"""A cry for help (L13): phone numbers before anything else, the commune's own duty phones first of all.

Whoever is on duty is alerted at any hour in his own chats, the shared chats learn thôn and kind; a case is filed, and
she is told who has seen it. She is asked one thing, where. Her open question is set aside and kept; "nothing urgent"
hands her words back to it. This is no rescue line and says so: nobody is sent before she has answered or a person has
looked, and the card says that too.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.routes import Routes, Start
from bot.state import Raw
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.requests import request_card as card
from messages import gates
from messages.reply import Button, Msg, Reply, Text, _, lines
from storage import conversations, requests
from storage.conversations import Talk
from storage.requests import Request

routes = Routes()

ROLES = ("police", "militia", "health")
FIRST = {"fire": ("police", "militia"), "health": ("health",), "violence": ("police", "militia"), "child": ("police",)}
"""Which of the commune's own phones stand first."""
NATIONAL = _("113: police\n114: fire\n115: ambulance\n112: rescue\n111: protection of children")
NO_RESCUE = _("This chat is not a rescue line. Nobody comes unless you call.")
SAME_CASE = timedelta(minutes=30)
"""How long further words belong to the same case, and need no numbers once more."""


@routes.gate("emergency")
def emergency(turn: Turn) -> Reply | Start | None:
    """Numbers first; then a case, an alert, and the one question: where."""
    kind, calm = gates.emergency(turn.event.text), gates.calm(turn.event.text)
    if kind is None and not calm:
        return None
    open_ = requests.open_of(turn.db, turn.commune_id, turn.address)
    if kind is None:  # the button's words, typed or sent by a keyboard
        return nothing(turn, str(open_.id)) if open_ is not None and open_.topic == card.EMERGENCY else None
    live = conversations.live(turn.db, turn.lane_id, turn.address.sender)
    same = open_ is not None and open_.topic == card.EMERGENCY and turn.now - open_.waits_since < SAME_CASE
    if same and live is None:
        return None  # more about the case that is open: it goes to whoever is on duty
    kept = () if live is None else _set_aside(turn, live)
    request = _file(turn, kind, open_)
    told = (_("I have also told the people on duty in the commune."),) if card.on_duty(turn, request) else ()
    number = (str(request.id),)
    return Reply(
        _("Please call for help at once:"),
        *numbers(turn, request),
        NO_RESCUE,
        *told,
        _("Where are you? Please write the thôn or something near by, or send your place."),
        *kept,
        buttons=(
            Button(_("Skip this"), str(RouteToken("emergency-skip", number))),
            Button(_("Nothing urgent is happening"), str(RouteToken("emergency-none", number))),
        ),
        wants="place",
    )


def numbers(turn: Turn, request: Request) -> tuple[Text, ...]:
    """The commune's own duty phones, a line each, those for this kind first; her thôn's head; then the short ones."""
    wanted = FIRST.get(request.detail or "", ROLES)
    own = sorted((each for each in turn.commune.phones if each.role in ROLES), key=lambda each: each.role not in wanted)
    listed: list[Text] = [f"{each.name}: {each.number}" for each in own]
    listed += head_of(turn, request.village)
    return (*([lines(listed[0], *listed[1:])] if listed else []), NATIONAL)


def head_of(turn: Turn, village: str | None) -> list[Msg]:
    """The number of the head of a thôn, when there is one."""
    return [
        _("The head of {village}: {number}", village=f"{each.label[0].lower()}{each.label[1:]}", number=each.head_phone)
        for each in turn.commune.villages if each.label == village and each.head_phone
    ]  # fmt: skip


def _file(turn: Turn, kind: str, open_: Request | None) -> Request:
    """A case of its own, or the request that is open, which becomes one."""
    assert turn.citizen is not None, "the gate is for citizens; /office never gets here"
    named = turn.commune.places.within(turn.event.text)
    village = named.label if named else open_.village if open_ and open_.village else turn.citizen.village
    until = turn.now + timedelta(minutes=turn.commune.office.emergency_minutes)
    if open_ is None:
        request = requests.open(
            turn.db, turn.commune_id, turn.address, turn.citizen.id, card.EMERGENCY, village, turn.now, detail=kind,
            promised_at=until, remind_at=until,
            closes_at=turn.now + timedelta(hours=turn.commune.office.talk_close_hours),
        )  # fmt: skip
    else:
        requests.escalate(turn.db, turn.commune_id, open_.id, kind, village, until, turn.now)
        request = requests.get(turn.db, turn.commune_id, open_.id) or open_
    accusing = gates.accuses(turn.event.text) != "no"
    sent = "text" if turn.event.kind == "tap" else turn.event.kind
    requests.add_message(
        turn.db, turn.commune_id, request.id, turn.event.text, turn.now, kind=sent, files=turn.event.files,
        private=accusing,
    )  # fmt: skip
    card.show(turn, request, loud=True)
    if accusing and not request.sealed_for_receiver:
        card.tell_receivers(turn, request)
    return request


def _set_aside(turn: Turn, live: Talk) -> tuple[Msg, ...]:
    """Her open question waits until this is over."""
    conversations.save(turn.db, live.id, "parked", live.data, live.touched_at, live.expires_at)
    return (_("I keep what we were doing; afterwards type “tiếp tục” to go on with it."),)


# --- what she says next -----------------------------------------------------------------------------------------------


def heard(turn: Turn, request: Request) -> tuple[Text, ...]:
    """Her first words after the cry answer "where": confirmed, with the number of the head of a thôn she has named."""
    named = turn.commune.places.within(turn.event.text) or _alone(turn)
    village = named.label if named is not None else None
    if not requests.confirm(turn.db, turn.commune_id, request.id, village, turn.now):
        return ()
    head = head_of(turn, village) if village != request.village else []
    return (_("Whoever is on duty can read it now. Please call all the same."), *head)


def _alone(turn: Turn) -> Any:
    found = turn.commune.places.resolve(turn.event.text)
    return found if hasattr(found, "label") else None


@routes.tap("emergency-skip")
def skip(turn: Turn, request: str = "") -> Reply:
    """She does not say where; the case stays as it is."""
    return Reply(_("All right. Please call; whatever you write here is read by whoever is on duty."))


@routes.tap("emergency-none")
def nothing(turn: Turn, request: str = "") -> Reply | Start:
    """No emergency after all: the case ends, and her words go where they were going."""
    found = requests.open_of(turn.db, turn.commune_id, turn.address)
    if found is None or str(found.id) != request or found.topic != card.EMERGENCY:
        return Reply(_("This conversation is already closed. Thank you."))
    said = [each for each in requests.messages(turn.db, turn.commune_id, found.id, 50) if each.from_citizen]
    words = next((each.text for each in said if gates.emergency(each.text)), "")
    told = turn.place.catalogs.text(_("Nothing urgent is happening"), turn.place.language)
    requests.add_message(turn.db, turn.commune_id, found.id, told, turn.now)
    if found.opened_at < found.waits_since:  # she was with a person before, and still is
        _calm(turn, found)
        return Reply(_("Thank you for telling me. You are still talking with the official here."))
    requests.close(turn.db, turn.commune_id, found.id, turn.now)
    card.show(turn, replace(found, state="closed"))
    if (go_on := hand_back(turn, words)) is not None:
        return Reply(_("I am sorry for asking. Let us go on."), buttons=(go_on,))
    if gates.accuses(words) != "no":
        return Start("accusation", text=words, answering=False)
    return Start("person", said=words)


def _calm(turn: Turn, found: Request) -> None:
    requests.calm(turn.db, turn.commune_id, found.id)
    times = card.promise_times(turn)
    requests.promise(turn.db, turn.commune_id, found.id, times["promised_at"], times["remind_at"])
    card.show(turn, requests.get(turn.db, turn.commune_id, found.id) or found)


def hand_back(turn: Turn, text: str) -> Button | None:
    """Give the words to the talk that was set aside, as the answer that came late for it (L07)."""
    since = turn.now - conversations.KEPT
    parked = conversations.latest(turn.db, turn.lane_id, turn.address.sender, ("parked",), since)
    if parked is None:
        return None
    data: dict[str, Any] = parked.data | {"late": [*parked.data.get("late", []), Raw("text", text).to_json()]}
    conversations.save(turn.db, parked.id, parked.state, data, parked.touched_at, parked.expires_at)
    return Button(_("Go on"), str(RouteToken("talk", ("resume", parked.token))))


def nobody_yet(turn: Turn, request: Request) -> Reply:
    """Nobody has seen it in time: said honestly, with the numbers once more."""
    sorry = _("I am sorry: no official has seen your message yet. Please call:")
    return Reply(sorry, *numbers(turn, request), NO_RESCUE)
