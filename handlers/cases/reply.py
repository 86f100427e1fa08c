"""An official's words about a case: an answer to her, a question, a note that stays inside (G05, G06).

An answer is shown back with the name and post it carries, goes after "Gửi", and can be taken back for a minute. It
reaches whoever reported the case and everybody whose case follows it; nobody reads another's words or name there. Who
has no chat with us is called. Rights are looked at when it is sent; on a shared computer a PIN confirms who it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import case_cards, case_news
from bot.case_access import address_of
from bot.conversation import Again, Ask, Find, NotUnderstood, Question
from bot.questions import Confirm, Photos, Text
from bot.routes import Routes, Start
from bot.state import Raw
from bot.tokens import RouteToken
from bot.turn import Address, Turn
from handlers.cases import actions, saved_answers
from handlers.requests.answer import WAYS, CheckPin, Pin, Preview
from messages.cases import code
from messages.fold import fold
from messages.reply import Button, Reply, Signature, _
from messages.reply import Text as Words
from storage import cases, files, guidance, outbox, sessions
from storage import saved_answers as saved_by_office
from storage.cases import Case, Entry
from storage.officials import Official

routes = Routes()
SAVED = "saved"
MOST_FILES = 5
WITH_FILES: Mapping[str, Words] = {**WAYS, "files": _("Add pictures or a file")}
LEADS: Mapping[str, Words] = {"complaint": _("How to complain"), "denounce": _("Where an accusation belongs")}
"""Taps offered to her under an answer that leads her to where her matter belongs."""


@dataclass(frozen=True)
class SendReply:
    """An official's words: to her and all whose cases follow, or (internal) to the card only."""

    case: int
    text: str
    files: tuple[str, ...]
    internal: bool
    confirmed: bool
    leads: str = ""
    look: str = "way"


@dataclass(frozen=True)
class Said(Question[tuple[str, tuple[str, ...]]]):
    """Words, or pictures and papers with words under them; or that a saved answer is wanted."""

    def choices(self) -> tuple[tuple[str, Words], ...]:
        return ((SAVED, _("Saved answers")),)

    def number(self, value: str) -> int | None:
        return None

    def read(self, raw: Raw) -> tuple[str, tuple[str, ...]]:
        if raw.value == SAVED or (raw.kind == "text" and fold(raw.text) == "mau co san"):
            return "", ()
        if raw.kind in ("photo", "file") and raw.files:
            if not raw.text.strip():
                raise NotUnderstood(_("Please send it with a few words under it, or write first and add it then."))
            return raw.text.strip(), raw.files[:MOST_FILES]
        return Text(self.name, self.prompt).read(raw), ()


class Papers(Photos):
    """Pictures and papers, until "xong"."""

    def take(self, earlier: Raw | None, raw: Raw) -> Raw:
        return super().take(earlier, Raw("photo", raw.text, raw.value, raw.files) if raw.kind == "file" else raw)


# --- an answer --------------------------------------------------------------------------------------------------------


@routes.tap("case-reply", role="official")
def begin(turn: Turn, number: str = "", saved: str = "") -> Reply | Start:
    """Begin an answer; it takes the case too. saved: the key of a saved answer to begin with."""
    case = actions.case_of(turn, number)
    if refused := actions.taken_for(turn, case):
        return refused
    assert case is not None, "asked by `taken_for`"
    if not _hers(turn, case):
        return _to_be_called(case)
    return Start("case-reply", case=case.id, saved=saved)


def _to_be_called(case: Case) -> Reply:
    taps = ("case-called", "case-note", "case-open")
    return Reply(
        _("{code} came without a chat, so nothing can be sent.", code=code(case.number)),
        _("Please call, then tap “I have called”."), buttons=tuple(case_cards.button(each, case) for each in taps),
    )  # fmt: skip


@routes.conversation("case-reply", title=_("An answer about a case"), role="official", in_group=True)
def reply(
    ask: Ask, find: Find, case: int, said: str = "", sent: tuple[str, ...] = (), saved: str = ""
) -> SendReply | None:
    """The words, a look at them with the name they carry, and on a shared computer the PIN. `said`, `sent`: given
    already, as a reply to the card.
    """
    found, official = find(cases.get, case), find.official
    if found is None or official is None:
        return SendReply(case, "", (), internal=True, confirmed=False)
    text, papers = said, tuple(sent)
    if not text and not saved:
        prompt = _("Please write the answer to {code}. A picture may come with it.", code=code(found.number))
        text, papers = ask(Said("answer", prompt))
    if not text:
        key = saved or ask(saved_answers.which("saved", find(saved_by_office.all_of)))
        filled = str(ask.once(f"filled:{key}", saved_answers.Fill(case, key)))
        text = ask(saved_answers.Edited(f"edited:{key}", _("As it is, or write it anew:"), filled=filled))
    look = "way"
    way = ask(_look(look, found, official, text, papers))
    if way == "files":
        wanted = _("Please send pictures or a file, then type “xong”.")
        papers = (*papers, *ask(Papers("papers", wanted, at_most=MOST_FILES)))[:MOST_FILES]
        look = "again"
        way = ask(_look(look, found, official, text, papers))
    shared = way == "send" and find(sessions.is_shared, find.address.sender)
    if shared:
        prompt = _("This computer is shared. Please type your PIN.")
        ask(Pin("pin", prompt, CheckPin, looks_right=str.isdecimal, secret=True))
    leads = saved if saved in LEADS else ""
    return SendReply(case, text, papers, internal=way == "note", confirmed=bool(shared), leads=leads, look=look)


def _look(name: str, case: Case, official: Official, text: str, papers: tuple[str, ...]) -> Preview:
    about = {"code": code(case.number), "name": official.name, "post": official.post}
    if papers:
        prompt = _(
            "Send this about {code} with {count} pictures or files, in the name of {name}, {post}?", **about,
            count=len(papers),
        )  # fmt: skip
        return Preview(name, prompt, WAYS, said=text)
    return Preview(name, _("Send this about {code}, in the name of {name}, {post}?", **about), WITH_FILES, said=text)


@routes.does(SendReply)
def send(command: SendReply, turn: Turn) -> Reply:
    """Send it under the official's name, or keep it as a note. Rights are looked at now, not when it was begun."""
    if turn.official is None or not turn.allows("official"):
        return Reply(_("Nothing was sent: you are no longer among the invited officials."))
    case = cases.get(turn.db, turn.commune_id, command.case)
    if command.internal:
        refused = actions.unreadable(turn, case)
        return refused.first(_("Nothing was sent.")) if refused else keep_note(turn, command.case, command.text)
    if sessions.is_shared(turn.db, turn.commune_id, turn.address.sender) and not command.confirmed:
        return Reply(_("Nothing was sent: on a shared computer your PIN has to confirm it. Please answer once more."))
    if refused := actions.taken_for(turn, case):
        return refused.first(_("Nothing was sent."))
    assert case is not None, "asked by `taken_for`"
    there = files.shown(turn.db, turn.commune_id, command.files)
    if any(not _is_his(turn, each) or there.get(each) == files.MISSING for each in command.files):
        return Reply(_("Nothing was sent: a picture did not reach us. Please answer once more."))
    if any(each not in there for each in command.files):
        raise Again(command.look, _("A picture is still on its way. Please tap once more in a moment."))
    if not _hers(turn, case):
        return _to_be_called(case)
    return _send(turn, actions.fresh(turn, case), turn.official, command, there)


def _is_his(turn: Turn, name: str) -> bool:
    at = turn.address
    return files.belongs(turn.db, turn.commune_id, at.channel, at.account, at.chat, name)


def _hers(turn: Turn, case: Case) -> dict[Address, Case]:
    """Where an answer goes: her chat and those of all whose cases follow, each under its own number."""
    chats = dict[Address, Case]()
    for each in (case, *cases.joined_to(turn.db, turn.commune_id, case.id)):
        if (to := address_of(each)) is not None:
            chats.setdefault(to, each)
    return chats


def _send(turn: Turn, case: Case, official: Official, command: SendReply, there: dict[str, str]) -> Reply:
    seconds = turn.commune.office.undo_seconds
    leaves = turn.now + timedelta(seconds=seconds)
    ids: list[int] = []
    for to, each in _hers(turn, case).items():
        ids += _queue(turn, to, each, official, command, there, leaves)
    entry = cases.add(
        turn.db, turn.commune_id, case.id, "reply", turn.now, text=command.text, files=command.files,
        official_id=official.id, undo_until=leaves, data={"outbox": ids},
    )  # fmt: skip
    case_cards.show(turn, case)
    undo_it = Button(_("Undo"), str(RouteToken("case-undo", (str(entry),))))
    if not seconds:
        return Reply(_("Your answer about {code} is on its way.", code=code(case.number)))
    leaving = _("Your answer about {code} leaves in {seconds} seconds.", code=code(case.number), seconds=seconds)
    return Reply(leaving, buttons=(undo_it,))


def _queue(
    turn: Turn, to: Address, case: Case, official: Official, command: SendReply, there: dict[str, str],
    leaves: datetime,
) -> list[int]:  # fmt: skip
    """What one of them gets, under the official's name and with her own number."""
    pictures = tuple(each for each in command.files if there.get(each) == "photo")
    papers = tuple(each for each in command.files if there.get(each) != "photo")
    files.share_with(turn.db, turn.commune_id, command.files, to.channel, to.account, to.chat)
    leads = [Button(LEADS[command.leads], str(RouteToken(command.leads)))] if command.leads else []
    about = _("About your matter {code}:", code=code(case.number))
    add = Button(_("Write back"), str(RouteToken("case-add", (str(case.id),))))
    hers = Reply(
        about, command.text, signature=Signature(official.name, official.post), pictures=pictures, documents=papers,
        buttons=(*leads, add),
    )  # fmt: skip
    if case.citizen_id is not None:
        version = turn.commune.office.guidance_version
        guidance.record(turn.db, turn.commune_id, case.citizen_id, "reply", code(case.number), version, turn.now)
    return turn.send(to, hers, kind="reply", not_before=leaves)


@routes.tap("case-undo", role="official")
def undo(turn: Turn, entry: str = "") -> Reply:
    """Take an answer back before it leaves, from everybody it goes to; its author only."""
    said = _entry(turn, entry)
    if said is None or turn.official is None or said.official_id != turn.official.id:
        return Reply(_("That answer cannot be taken back."))
    if said.state == "undone":
        return Reply(_("That answer has been taken back already."))
    ids = [int(each) for each in said.data.get("outbox", [])]
    gone = said.undo_until is None or turn.now >= said.undo_until
    if gone or outbox.undo(turn.db, turn.commune_id, ids) < len(ids):
        return Reply(_("It is too late: the answer has left. You can write a correction."))
    cases.set_entry(turn.db, turn.commune_id, said.id, "undone")
    case = cases.get(turn.db, turn.commune_id, said.case_id)
    if case is None:
        return Reply(actions.GONE)
    case_cards.show(turn, case)
    return Reply(_("Taken back; nothing was sent."), buttons=(case_cards.button("case-reply", case),))


def _entry(turn: Turn, entry: str) -> Entry | None:
    known = entry.isdecimal() and len(entry) < 19
    return cases.entry(turn.db, turn.commune_id, int(entry)) if known else None


# --- a call -----------------------------------------------------------------------------------------------------------


@routes.tap("case-called", role="official")
def called(turn: Turn, number: str = "") -> Reply:
    """She has no chat with us, or nothing reaches her there, so he has called: noted as told, also of a closed case."""
    case = actions.case_of(turn, number)
    is_over = case is not None and not case.is_open
    if refused := actions.unreadable(turn, case) if is_over else actions.taken_for(turn, case):
        return refused
    assert case is not None and turn.official is not None, "asked by `taken_for`"  # noqa: PT018
    cases.add(
        turn.db, turn.commune_id, case.id, "reply", turn.now, official_id=turn.official.id, data={"called": True}
    )  # fmt: skip
    case_cards.show(turn, actions.fresh(turn, case))
    return Reply(_("Noted: you have called about {code}. Thank you.", code=code(case.number)))


# --- a question -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AskHer:
    """A question of the office to her."""

    case: int
    text: str


@routes.tap("case-ask", role="official")
def begin_asking(turn: Turn, number: str = "") -> Reply | Start:
    """A question to her; whoever asks has the case."""
    case = actions.case_of(turn, number)
    if refused := actions.taken_for(turn, case):
        return refused
    assert case is not None, "asked by `taken_for`"
    return Start("case-ask", case=case.id) if case.has_chat else _to_be_called(case)


@routes.conversation("case-ask", title=_("A question to her"), role="official", in_group=True)
def asks(ask: Ask, find: Find, case: int) -> AskHer | None:
    """The words, and a look at them."""
    found, official = find(cases.get, case), find.official
    if found is None or official is None:
        return AskHer(case, "")
    text = ask(Text("question", _("What would you like to ask her about {code}?", code=code(found.number))))
    prompt = _("Ask this in the name of {name}, {post}?", name=official.name, post=official.post)
    return AskHer(case, text) if ask(Confirm("send", prompt, values=[text])) else None


@routes.does(AskHer)
def ask_her(command: AskHer, turn: Turn) -> Reply:
    """She is asked; the case waits for her from now on."""
    case = cases.get(turn.db, turn.commune_id, command.case)
    if refused := actions.taken_for(turn, case):
        return refused.first(_("Nothing was sent."))
    assert case is not None and turn.official is not None, "asked by `taken_for`"  # noqa: PT018
    entry = cases.add(
        turn.db, turn.commune_id, case.id, "asked", turn.now, text=command.text, official_id=turn.official.id
    )  # fmt: skip
    cases.change(turn.db, turn.commune_id, case.id, asked_at=turn.now)
    waiting = actions.fresh(turn, case)
    case_cards.show(turn, waiting)
    case_news.tell(turn, waiting, entry)
    return Reply(_("She is asked about {code}. You will see her answer on the card.", code=code(case.number)))


# --- a note -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KeepNote:
    """A note that stays inside the office."""

    case: int
    text: str


@routes.tap("case-note", role="official")
def begin_note(turn: Turn, number: str = "") -> Reply | Start:
    """A note; it takes the case from nobody."""
    return actions.unreadable(turn, actions.case_of(turn, number)) or Start("case-note", case=int(number))


@routes.conversation("case-note", title=_("A note on a case"), role="official", in_group=True)
def note(ask: Ask, find: Find, case: int) -> KeepNote:
    """The words."""
    return KeepNote(case, ask(Text("note", _("Please write the note. It stays inside the office."))))


@routes.does(KeepNote)
def keep(command: KeepNote, turn: Turn) -> Reply:
    """On the card, to nobody else."""
    return keep_note(turn, command.case, command.text)


def keep_note(turn: Turn, case_id: int, words: str) -> Reply:
    """Keep words on the card of a case; whoever may read it may note."""
    case = cases.get(turn.db, turn.commune_id, case_id)
    if refused := actions.unreadable(turn, case):
        return refused
    assert case is not None and turn.official is not None, "asked by `unreadable`"  # noqa: PT018
    cases.add(turn.db, turn.commune_id, case.id, "note", turn.now, text=words, official_id=turn.official.id)
    case_cards.show(turn, case)
    return Reply(_("Kept as a note inside the office; nothing was sent."))
