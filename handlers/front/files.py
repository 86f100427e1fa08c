"""What became of a file she sent on a messenger, once it has been fetched: the event `file` of `bot.files`.

One that came shows on the card of her open request, and the question that waits for it goes on. One that is not kept
(an identity card, nothing in it, too large) or cannot be had any more is told in the words the page uses, with a way
that helps, and is taken out of the answers of her talk, so that its question is asked again.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from bot import case_cards
from bot.files import AWAY, CARD, GONE, LARGE, WORDS
from bot.routes import Routes, Start
from bot.state import Given, State
from bot.turn import Turn
from handlers.cases import close
from handlers.dossiers import slip
from handlers.dossiers.dossier import counter
from handlers.one_stop import take_in
from handlers.requests import answer
from handlers.requests import request_card as card
from messages.reply import Reply, Text, _
from storage import cases, conversations, files, requests
from storage.conversations import Talk

routes = Routes()
LOOKED_AT = 50
"""Messages of an open request among which the file may be."""
CASES, SEEN = 5, timedelta(days=30)
"""Her latest cases among which the file may be, and how long."""


@routes.event("file")
def came(turn: Turn, file: str, state: str, why: str = "") -> Reply | Start | None:
    """A file was fetched, refused or lost."""
    _show_on_card(turn, file)
    if (told := answer.recording_came(turn, file, state)) is not None:
        return told
    if (told := take_in.came(turn, file, state, why)) is not None:
        return told
    if (told := close.proof_came(turn, file, state)) is not None:
        return told
    live = conversations.live(turn.db, turn.lane_id, turn.address.sender)
    if live is not None:
        if state != "fetched":
            _take_out(turn, live, file)
        turn.wake(turn.address, "talk", f"file:{file}", token=live.token)
    elif state == "fetched" and not _answered(turn, file):
        return slip.came(turn, file)
    if state == "fetched":
        return None
    return Reply(answer.NOT_HERE) if live is not None and live.route == "answer" else Reply(*_told(turn, why))


def _show_on_card(turn: Turn, file: str) -> None:
    """Where it is seen once it is there: the card of her request, or of a case it was reported with."""
    mine = cases.of_citizen(turn.db, turn.commune_id, turn.citizen.id, limit=CASES) if turn.citizen else []
    for each in mine:
        told = cases.entries(turn.db, turn.commune_id, each.id, kinds=cases.HERS)
        if turn.now - each.received_at < SEEN and any(file in one.files for one in told):
            case_cards.show(turn, each)
    request = requests.open_of(turn.db, turn.commune_id, turn.address)
    if request is None:
        return
    said = requests.messages(turn.db, turn.commune_id, request.id, LOOKED_AT)
    if any(file in each.files for each in said):
        card.show(turn, request)


def _answered(turn: Turn, file: str) -> bool:
    """Whether a talk has ended since it was sent: it was an answer there, and nobody asks what it is about."""
    found = files.get(turn.db, turn.commune_id, file)
    if found is None:
        return True
    over, since = ("ended", "closed"), found.received_at + timedelta(milliseconds=1)
    return conversations.latest(turn.db, turn.lane_id, turn.address.sender, over, since) is not None


def _take_out(turn: Turn, live: Talk, file: str) -> None:
    """Forget the file in the answers so far; a question left without any is asked again when the talk is woken."""
    before = State.from_json(live.data["state"])
    words = live.route == "report"  # there a caption tells as much as the picture
    after = replace(before, answers=tuple(kept for each in before.answers if (kept := _without(each, file, words))))
    if after != before:
        wake_at: datetime | None = before.wake_at
        data = live.data | {"state": after.to_json()}
        conversations.save(turn.db, live.id, live.state, data, live.touched_at, live.expires_at, wake_at)


def _without(given: Given, file: str, words: bool) -> Given | None:
    if file not in given.raw.files:
        return given
    rest = tuple(name for name in given.raw.files if name != file)
    if words and given.raw.text and not rest:
        return replace(given, raw=replace(given.raw, kind="text", files=()))
    # "done" was said of more pictures than there are now, so the question is open again
    return replace(given, raw=replace(given.raw, files=rest, value=None)) if rest else None


def _told(turn: Turn, why: str) -> tuple[Text, ...]:
    if why in (GONE, AWAY):
        return (
            _("I am sorry, what you sent did not reach us."),
            _("Please send it once more, or bring it to: {place}.", place=counter(turn)),
        )
    if why == CARD:
        return (WORDS[why], _("Please also delete that picture from this chat."))
    if why == LARGE:
        return (WORDS[why], _("Bring it to: {place}.", place=counter(turn)))
    return (WORDS[why],)
