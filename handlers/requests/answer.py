"""An official's answer to a citizen (L02, G06): write, look, send, undo.

It is shown back with the name it carries and goes only after "Gửi"; it can be taken back for a minute. A note never
leaves the office. Whatever is typed outside an answer is sent to nobody. Rights are looked at when it is sent: whoever
was removed meanwhile sends nothing. On a shared computer a PIN confirms who it is.

He may also say it (L12): a recording goes the same way, and nothing of it leaves before the messenger that has it has
handed it over. If that cannot be had he is told, and she waits as before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.conversation import CHANGED, Ask, Checked, Find, Hint, NotUnderstood, Passed, Question
from bot.questions import Choice, Text
from bot.routes import Routes
from bot.state import Raw, digest
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.office import office
from handlers.requests import request_card as card
from messages.reply import Button, Personal, Reply, Signature, _
from messages.reply import Text as Words
from storage import files, guidance, outbox, requests, sessions
from storage.officials import Official
from storage.requests import Message, Request

routes = Routes()


@dataclass(frozen=True)
class SendAnswer:
    """An official's words: to her, or (internal) to the card only. `confirmed`: a PIN was asked and right.

    recording: the file of his voice, to which the words are a line of his own, or none.
    """

    request: int
    text: str
    internal: bool
    confirmed: bool
    recording: str = ""


@dataclass(frozen=True)
class CheckPin:
    """A PIN typed on a shared computer."""

    pin: str


MUTE = _("Her application plays no recordings. Please write, or call her and tap “Called”.")


@dataclass(frozen=True)
class Said(Question[tuple[str, str]]):
    """Words, or where she can hear it a recording: (words, file); a recording may have words under it."""

    heard: bool = True

    def read(self, raw: Raw) -> tuple[str, str]:
        if raw.kind == "voice" and not self.heard:
            raise NotUnderstood(MUTE)
        if raw.kind == "voice" and raw.files:
            return raw.text.strip(), raw.files[0]
        return Text(self.name, self.prompt).read(raw), ""


@dataclass(frozen=True)
class Preview(Choice):
    """Send, or keep as a note: holds only for exactly the words shown, as a `Confirm` does."""

    said: str = ""
    recording: str = ""

    def paragraphs(self) -> tuple[Words, ...]:
        voice = (_("Your recording."),) if self.recording else ()
        words = (Personal(self.said, "words"),) if self.said else ()
        return (*voice, *words, self.prompt)

    @property
    def shown(self) -> str:
        return digest("\0".join((self.said, str(self.prompt), *filter(None, (self.recording,)))))

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
def answer(ask: Ask, find: Find, request: int, said: str = "", recording: str = "") -> SendAnswer | None:
    """The words, a look at them with the name they carry, and on a shared computer the PIN. `said`, `recording`: given
    already, as a reply to the card.
    """
    found, official = find(requests.get, request), find.official
    if found is None or official is None or not card.may_read(official, found):
        return SendAnswer(request, "", internal=True, confirmed=False)
    village: Words = found.village or _("thôn not named")
    text, heard = said, find.plays(found.channel)
    if recording and not heard:
        text = recording = ""
    if recording and find(files.shown, [recording]).get(recording) == files.MISSING:
        text = recording = ""
    if not (text or recording):
        record = _("Please write or record the answer to request {number}.", number=found.number)
        write = _(
            "Please write the answer to request {number}. A recording cannot be played there.", number=found.number
        )
        text, recording = ask(Said("answer", record if heard else write, heard))
    prompt = _(
        "Send this to the citizen of request {number}, {village}, in the name of {name}, {post}?",
        number=found.number, village=village, name=official.name, post=official.post,
    )  # fmt: skip
    way = ask(Preview("way", prompt, WAYS, said=text, recording=recording))
    shared = way == "send" and find(sessions.is_shared, find.address.sender)
    if shared:
        prompt = _("This computer is shared. Please type your PIN.")
        ask(Pin("pin", prompt, CheckPin, looks_right=str.isdecimal, secret=True))
    return SendAnswer(request, text, internal=way == "note", confirmed=bool(shared), recording=recording)


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
        kind, sent = ("voice", (command.recording,)) if command.recording else ("text", ())
        requests.add_message(
            turn.db, turn.commune_id, found.id, command.text, turn.now, kind=kind, files=sent, official_id=official.id,
            internal=True,
        )  # fmt: skip
        card.show(turn, office.fresh(turn, found))
        return Reply(_("Kept as a note inside the office; nothing was sent."))
    if found.state == "closed":
        return Reply(_("Nothing was sent: request {number} is closed already.", number=found.number))
    if sessions.is_shared(turn.db, turn.commune_id, turn.address.sender) and not command.confirmed:
        return Reply(_("Nothing was sent: on a shared computer your PIN has to confirm it. Please answer once more."))
    holder = requests.take_over(turn.db, turn.commune_id, found.id, official.id)
    if holder != official.id:
        return office.held_by(turn, found, holder).first(_("Nothing was sent."))
    if command.recording and not _is_his(turn, command.recording):
        return Reply(NOT_HERE, buttons=(_again(found.id),))
    return _send(turn, found, official, command.text, command.recording)


def _send(turn: Turn, found: Request, official: Official, text: str, recording: str) -> Reply:
    seconds = turn.commune.office.undo_seconds
    leaves = turn.now + timedelta(seconds=seconds)
    held = bool(recording) and files.get(turn.db, turn.commune_id, recording) is None
    said = requests.answer(
        turn.db, turn.commune_id, found.id, official.id, text, turn.now, leaves, recording=recording, held=held
    )  # fmt: skip
    if not held:
        _queue(turn, found, official, said, text, recording, leaves)
    closes = turn.now + timedelta(hours=turn.commune.office.talk_close_hours)
    requests.keep_open(turn.db, turn.commune_id, found.id, closes)
    version = turn.commune.office.guidance_version
    guidance.record(turn.db, turn.commune_id, found.citizen_id, "reply", str(found.number), version, turn.now)
    card.show(turn, office.fresh(turn, found))
    undo_it = Button(_("Undo"), str(RouteToken("undo", (str(said),))))
    if held:
        waits = _("Your recording is still being fetched. It goes to request {number} then.", number=found.number)
        return Reply(waits, buttons=(undo_it,))
    if not seconds:
        return Reply(_("Your answer to request {number} is on its way.", number=found.number))
    leaving = _("Your answer to request {number} leaves in {seconds} seconds.", number=found.number, seconds=seconds)
    return Reply(leaving, buttons=(undo_it,))


def _queue(
    turn: Turn, found: Request, official: Official, said: int, text: str, recording: str, leaves: datetime
) -> None:
    """What she gets, under his name; a recording is hers from now on."""
    at = card.address_of(found)
    if recording:
        files.hand_over(turn.db, turn.commune_id, recording, at.channel, at.account, at.chat)
    heard = (_("Here is an answer that an official has recorded for you. Please listen."),) if recording else ()
    hers = Reply(
        *heard, *([text] if text else []), _("You can answer here."),
        signature=Signature(official.name, official.post), sounds=(recording,) if recording else (),
        buttons=(Button(_("I am done"), str(RouteToken("finish"))),),
    )  # fmt: skip
    ids = turn.send(at, hers, kind="reply", not_before=leaves)
    requests.carried_by(turn.db, turn.commune_id, said, ids)


# --- a recording that a messenger still has ---------------------------------------------------------------------------

NOT_HERE = _("Nothing was sent: your recording did not reach us. Please record it once more.")


def _is_his(turn: Turn, recording: str) -> bool:
    at = turn.address
    return files.belongs(turn.db, turn.commune_id, at.channel, at.account, at.chat, recording)


def recording_came(turn: Turn, file: str, state: str) -> Reply | None:
    """An official's recording has been fetched, or cannot be: the answer that was held for it leaves, or is taken back
    and he is told. None: no answer waits for this file.
    """
    said = next((each for each in requests.held(turn.db, turn.commune_id) if file in each.files), None)
    if said is None:
        return None
    found = requests.get(turn.db, turn.commune_id, said.request_id)
    his = turn.official is not None and turn.official.id == said.official_id and turn.allows("official")
    if state == "fetched" and his and found is not None and found.state != "closed":
        return _let_go(turn, found, said)
    requests.undo(turn.db, turn.commune_id, said.id)
    if found is not None:
        card.show(turn, office.fresh(turn, found))
    return Reply(NOT_HERE, buttons=(_again(said.request_id),)) if his else Reply()


def _let_go(turn: Turn, found: Request, said: Message) -> Reply:
    assert turn.official is not None, "looked at by whoever calls"
    leaves = max(said.undo_until or turn.now, turn.now)
    requests.let_go(turn.db, turn.commune_id, said.id, leaves)
    _queue(turn, found, turn.official, said.id, said.text, said.files[0], leaves)
    return Reply()


def _again(request: int) -> Button:
    return Button(_("Answer"), str(RouteToken("reply", (str(request),))))


@routes.tap("undo", role="official")
def undo(turn: Turn, message: str = "") -> Reply:
    """Take an answer back before it leaves; its author only."""
    known = message.isdecimal() and len(message) < 19
    said = requests.message(turn.db, turn.commune_id, int(message)) if known else None
    if said is None or turn.official is None or said.official_id != turn.official.id:
        return Reply(_("That answer cannot be taken back."))
    if said.state == "undone":
        return Reply(_("That answer has been taken back already."))
    held = said.state == "held"
    if not held and (said.undo_until is None or turn.now >= said.undo_until):
        return Reply(_("It is too late: the answer has left. You can write a correction."))
    if outbox.undo(turn.db, turn.commune_id, said.outbox) < len(said.outbox):
        return Reply(_("It is too late: the answer has left. You can write a correction."))
    requests.undo(turn.db, turn.commune_id, said.id)
    for name in said.files:
        at = turn.address
        files.hand_over(turn.db, turn.commune_id, name, at.channel, at.account, at.chat)
    found = requests.get(turn.db, turn.commune_id, said.request_id)
    if found is not None:
        card.show(turn, found)
    return Reply(_("Taken back; nothing was sent."), buttons=(_again(said.request_id),))
