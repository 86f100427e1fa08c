"""An official's answer to a citizen (L02, G06): write, look, send, undo.

It is shown back with the name it carries and goes only after "Gửi"; it can be taken back for a minute. A note never
leaves the office. Whatever is typed outside an answer is sent to nobody. Rights are looked at when it is sent: whoever
was removed meanwhile sends nothing. On a shared computer a PIN confirms who it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.conversation import CHANGED, Ask, Checked, Find, Hint, NotUnderstood, Passed
from bot.questions import Choice, Text
from bot.routes import Routes
from bot.state import Raw, digest
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers import office
from handlers import request_card as card
from messages.reply import Button, Personal, Reply, Signature, _
from messages.reply import Text as Words
from storage import guidance, officials, outbox, requests, sessions
from storage.requests import Request

routes = Routes()


@dataclass(frozen=True)
class SendAnswer:
    """An official's words: to her, or (internal) to the card only. `confirmed`: a PIN was asked and right."""

    request: int
    text: str
    internal: bool
    confirmed: bool


@dataclass(frozen=True)
class CheckPin:
    """A PIN typed on a shared computer."""

    pin: str


@dataclass(frozen=True)
class Preview(Choice):
    """Send, or keep as a note: holds only for exactly the words shown, as a `Confirm` does."""

    said: str = ""

    def paragraphs(self) -> tuple[Words, ...]:
        return (Personal(self.said, "words"), self.prompt)

    @property
    def shown(self) -> str:
        return digest(f"{self.said}\0{self.prompt}")

    def choices(self) -> tuple[tuple[str, Words], ...]:
        """Each button carries what it was shown with, so that one under older words does not send newer ones."""
        return tuple((f"{value}.{self.shown[:6]}", label) for value, label in super().choices())

    def number(self, value: str) -> int | None:
        return super().number(value.partition(".")[0])

    def read(self, raw: Raw) -> str:
        value, dot, seen = (raw.value or "").partition(".")
        if dot and seen != self.shown[:6]:
            raise NotUnderstood(CHANGED)
        return super().read(replace(raw, value=value) if dot else raw)


WAYS: Mapping[str, Words] = {"send": _("Send"), "note": _("Only inside the office")}


@routes.conversation("answer", title=_("An answer to a citizen"), role="official", in_group=True)
def answer(ask: Ask, find: Find, request: int, said: str = "") -> SendAnswer | None:
    """The words, a look at them with the name they carry, and on a shared computer the PIN. `said`: they are written
    already, as a reply to the card.
    """
    found, official = find(requests.get, request), find.official
    if found is None or official is None or not card.may_read(official, found):
        return SendAnswer(request, "", internal=True, confirmed=False)
    village: Words = found.village or _("thôn not named")
    text = said or ask(Text("answer", _("Please write the answer to request {number}.", number=found.number)))
    prompt = _(
        "Send this to the citizen of request {number}, {village}, in the name of {name}, {post}?",
        number=found.number, village=village, name=official.name, post=official.post,
    )  # fmt: skip
    way = ask(Preview("way", prompt, WAYS, said=text))
    shared = way == "send" and find(sessions.is_shared, find.address.sender)
    if shared:
        prompt = _("This computer is shared. Please type your PIN.")
        ask(Pin("pin", prompt, CheckPin, looks_right=str.isdecimal, secret=True))
    return SendAnswer(request, text, internal=way == "note", confirmed=bool(shared))


class Pin(Checked[bool]):
    """The PIN of a shared computer."""


@routes.does(CheckPin)
def check_pin(command: CheckPin, turn: Turn) -> Passed | Hint:
    """Whether the PIN is right; five wrong ones end the session (storage.sessions)."""
    if sessions.check_pin(turn.db, turn.commune_id, turn.address.sender, command.pin):
        return Passed()
    return Hint(_("That PIN is not right. Please try once more."))


@routes.does(SendAnswer)
def send_answer(command: SendAnswer, turn: Turn) -> Reply:
    """Send it under the official's name, or keep it as a note. Rights are looked at now, not when it was begun."""
    found = requests.get(turn.db, turn.commune_id, command.request)
    official = turn.official
    if official is None or not turn.allows("official"):
        return Reply(_("Nothing was sent: you are no longer among the invited officials."))
    if found is None or not card.may_read(official, found):
        return Reply(_("Nothing was sent."), office.GONE if found is None else office.NOT_YOURS)
    if command.internal:
        requests.add_message(
            turn.db, turn.commune_id, found.id, command.text, turn.now, official_id=official.id, internal=True
        )
        card.show(turn, office.fresh(turn, found))
        return Reply(_("Kept as a note inside the office; nothing was sent."))
    if found.state == "closed":
        return Reply(_("Nothing was sent: request {number} is closed already.", number=found.number))
    if sessions.is_shared(turn.db, turn.commune_id, turn.address.sender) and not command.confirmed:
        return Reply(_("Nothing was sent: on a shared computer your PIN has to confirm it. Please answer once more."))
    holder = requests.take_over(turn.db, turn.commune_id, found.id, official.id)
    if holder != official.id:
        return office.held_by(turn, found, holder).first(_("Nothing was sent."))
    return _send(turn, found, official, command.text)


def _send(turn: Turn, found: Request, official: officials.Official, text: str) -> Reply:
    seconds = turn.commune.office.undo_seconds
    leaves = turn.now + timedelta(seconds=seconds)
    said = requests.answer(turn.db, turn.commune_id, found.id, official.id, text, turn.now, leaves)
    hers = Reply(
        text, _("You can answer here."), signature=Signature(official.name, official.post),
        buttons=(Button(_("I am done"), str(RouteToken("finish"))),),
    )  # fmt: skip
    ids = turn.send(card.address_of(found), hers, kind="reply", not_before=leaves)
    requests.carried_by(turn.db, turn.commune_id, said, ids)
    closes = turn.now + timedelta(hours=turn.commune.office.talk_close_hours)
    requests.keep_open(turn.db, turn.commune_id, found.id, closes)
    version = turn.commune.office.guidance_version
    guidance.record(turn.db, turn.commune_id, found.citizen_id, "reply", str(found.number), version, turn.now)
    card.show(turn, office.fresh(turn, found))
    if not seconds:
        return Reply(_("Your answer to request {number} is on its way.", number=found.number))
    undo_it = Button(_("Undo"), str(RouteToken("undo", (str(said),))))
    leaving = _("Your answer to request {number} leaves in {seconds} seconds.", number=found.number, seconds=seconds)
    return Reply(leaving, buttons=(undo_it,))


@routes.tap("undo", role="official")
def undo(turn: Turn, message: str = "") -> Reply:
    """Take an answer back before it leaves; its author only."""
    known = message.isdecimal() and len(message) < 19
    said = requests.message(turn.db, turn.commune_id, int(message)) if known else None
    if said is None or turn.official is None or said.official_id != turn.official.id:
        return Reply(_("That answer cannot be taken back."))
    if said.state == "undone":
        return Reply(_("That answer has been taken back already."))
    if said.undo_until is None or turn.now >= said.undo_until:
        return Reply(_("It is too late: the answer has left. You can write a correction."))
    if outbox.undo(turn.db, turn.commune_id, said.outbox) < len(said.outbox):
        return Reply(_("It is too late: the answer has left. You can write a correction."))
    requests.undo(turn.db, turn.commune_id, said.id)
    found = requests.get(turn.db, turn.commune_id, said.request_id)
    if found is not None:
        card.show(turn, found)
    return Reply(
        _("Taken back; nothing was sent."),
        buttons=(Button(_("Answer"), str(RouteToken("reply", (str(said.request_id),)))),),
    )
