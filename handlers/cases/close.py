"""Ending a case with a result and a proof of it: a picture or a paper (B06, B10; iHanoi's lesson, domain 3.8).

The official writes plainly what was done, adds what proves it or says why nothing does, sees all of it with the name it
goes out under, and sends it. She is then asked whether it is so (handlers.cases.told). For words of praise and opinions
a thank-you is proposed. Rights are looked at when it is sent; of two officials the second is told it is closed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot import case_cards, outcome
from bot.conversation import Again, Ask, Find, NotUnderstood
from bot.questions import Choice, Confirm, Photos, Text, YesNo
from bot.routes import Routes, Start
from bot.state import Raw, digest
from bot.turn import Turn
from handlers.cases import actions
from handlers.requests.answer import CheckPin, Pin
from messages.cases import code
from messages.reply import Msg, Personal, Reply, _
from messages.reply import Text as Words
from storage import cases, files, sessions
from storage.cases import Case
from storage.officials import Official

routes = Routes()

THANKS: Mapping[str, Msg] = {
    "praise": _("Thank you for your kind words. They are an encouragement to all of us at the office."),
    "opinion": _("Thank you for your opinion. We have read it carefully and noted it."),
}
"""What is proposed where nothing has to be done: kinds that may close with words alone."""
TOLD: Mapping[str, Words] = {
    "phone": _("By telephone"), "in_person": _("In person"), "letter": _("By letter"),
    "not_yet": _("Not yet, I will call"),
}  # fmt: skip
"""How somebody without a chat has been told."""


@dataclass(frozen=True)
class CloseCase:
    """A result. thanks: the proposed thank-you instead of words; why: there is no proof; told: how she was told who has
    no chat; confirmed: a PIN was asked and right.
    """

    case: int
    text: str = ""
    files: tuple[str, ...] = ()
    why: str = ""
    thanks: bool = False
    public: bool = False
    told: str = ""
    confirmed: bool = False


@dataclass(frozen=True)
class Proof(Photos):
    """Pictures and papers; an official's paper is as good as a picture."""

    def take(self, earlier: Raw | None, raw: Raw) -> Raw:
        if raw.kind in ("voice", "sticker", "location", "contact"):
            raise NotUnderstood(_("Please send a picture or a paper here, or type “xong”."))
        return super().take(earlier, replace(raw, kind="photo") if raw.kind == "file" else raw)


@dataclass(frozen=True)
class Look(Confirm):
    """All of it; holds only for exactly the words and files shown."""

    files: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        return digest("\0".join((super().shown, *self.files)))


# --- asking -----------------------------------------------------------------------------------------------------------


@routes.tap("case-close", role="official")
def begin(turn: Turn, case: str = "") -> Reply | Start:
    """The button of the card."""
    found = ready(turn, case)
    return found if isinstance(found, Reply) else Start("case-close", case=found.id)


@routes.conversation("case-close", title=_("The result of a case"), role="official")
def close(ask: Ask, find: Find, case: int) -> CloseCase | None:
    """What was done, what proves it, whether everybody may read it, a look, and on a shared computer the PIN."""
    found, official = find(cases.get, case), find.official
    if found is None or official is None or not found.is_open:
        return CloseCase(case)
    thanks = found.kind in THANKS and _thanks(ask, found)
    text = "" if thanks else ask(Text("result", _RESULT, at_least=10, at_most=1500))
    proof = ask(Proof("proof", _PROOF)) if found.kind != "praise" else ()
    why = ask(Text("why", _WHY, at_least=10, at_most=300)) if not proof and found.kind not in THANKS else ""
    public = outcome.may_publish(found) and ask(_public(found))
    told = how_told(ask, found)
    words: Words = THANKS[found.kind] if thanks else Personal(text, "words")
    values = [words, *_with(proof, why), *_readers(found, public, told, len(find(cases.joined_to, case)))]
    if not ask(Look("send", in_the_name(found, official), values=values, files=proof)):
        return None
    return CloseCase(case, text, proof, why, thanks, public, told, confirmed=pin(ask, find))


_RESULT = _("What has been done? Please write it plainly, as you would tell it at her door.")
_PROOF = _("Please send a picture or a paper that shows it. Then type “xong”.")
_WHY = _("People find a result without a picture hard to believe. Why is there none?")


def _thanks(ask: Ask, found: Case) -> bool:
    proposed = _("These words are ready: “{words}”", words=THANKS[found.kind])
    ways: Mapping[str, Words] = {"ready": _("Use these words"), "own": _("Write my own words")}
    return ask(Choice("thanks", proposed, ways)) == "ready"


def _public(found: Case) -> YesNo:
    prompt = _(
        "May everybody read “{title}” and this result? Her words and pictures stay hidden.", title=found.title or ""
    )
    return YesNo("public", prompt, yes=_("Yes, everybody"), no=_("No, only she"))


def _with(proof: tuple[str, ...], why: str) -> list[Words]:
    if proof:
        return [_("With {count} pictures or papers.", count=len(proof))]
    return [_("Without a picture: {words}", words=Personal(why, "words"))] if why else []


def _readers(found: Case, public: bool, told: str, followers: int) -> list[Words]:
    everybody = _("Everybody may read it on the list of results.")
    others = [_("It also goes to {count} cases that follow this one.", count=followers)] if followers else []
    return [*([everybody] if public else []), *others, *([no_chat(told)] if told else [])]


def in_the_name(found: Case, official: Official) -> Msg:
    """Whose name and post it goes out under (G06)."""
    return _(
        "Send this for case {code} in the name of {name}, {post}?", code=code(found.number), name=official.name,
        post=official.post,
    )  # fmt: skip


def how_told(ask: Ask, found: Case) -> str:
    """Whoever came by another door has no chat: an official tells her, and says how."""
    if found.has_chat:
        return ""
    return ask(Choice("told", _("She has no chat with us. How has she been told?"), TOLD))


def no_chat(told: str) -> Msg:
    """What stands in the case of one who has no chat."""
    if told == "not_yet":
        return _("She has no chat with us. Please call her about it.")
    return _("She has no chat with us. She was told: {how}.", how=TOLD[told])


def pin(ask: Ask, find: Find) -> bool:
    """On a shared computer the PIN is asked, and right; elsewhere none is asked."""
    if not find(sessions.is_shared, find.address.sender):
        return False
    prompt = _("This computer is shared. Please type your PIN.")
    ask(Pin("pin", prompt, CheckPin, looks_right=str.isdecimal, secret=True))
    return True


# --- sending ----------------------------------------------------------------------------------------------------------


def ready(turn: Turn, number: str) -> Case | Reply:
    """An open case that this official may end; or what to tell him."""
    found = actions.case_of(turn, number)
    if refused := actions.unreadable(turn, found):
        return refused
    assert found is not None and turn.official is not None, "asked by `unreadable`"  # noqa: PT018
    if not found.is_open and found.state != "joined":
        return Reply(outcome.what_became(turn, found))
    if refused := actions.refused_for(turn, found):
        return refused
    held = found.taken_by not in (None, turn.official.id)
    return actions.held_by(turn, found, found.taken_by or 0) if held else found


def acting(turn: Turn, case_id: int, *, confirmed: bool) -> tuple[Case, Official] | Reply:
    """The case and who ends it, all rights looked at now; or why nothing was sent."""
    official = turn.official
    if official is None or not turn.allows("official"):
        return Reply(_("Nothing was sent: you are no longer among the invited officials."))
    found = ready(turn, str(case_id))
    if isinstance(found, Reply):
        return found.first(_("Nothing was sent."))
    if sessions.is_shared(turn.db, turn.commune_id, turn.address.sender) and not confirmed:
        return Reply(_("Nothing was sent: on a shared computer your PIN has to confirm it. Please answer once more."))
    holder = cases.take(turn.db, turn.commune_id, found.id, official.id)
    if holder != official.id:
        return actions.held_by(turn, found, holder).first(_("Nothing was sent."))
    return found, official


@routes.does(CloseCase)
def close_case(command: CloseCase, turn: Turn) -> Reply:
    """Told to everybody whose case it is; once."""
    both = acting(turn, command.case, confirmed=command.confirmed)
    if isinstance(both, Reply):
        return both
    found, official = both
    proof = _his(turn, command.files)
    if not proof and not command.why and found.kind not in THANKS:
        raise Again("proof", _("Your pictures did not reach us. Please send them once more."))
    text = command.text
    if command.thanks:
        text = turn.place.catalogs.text(THANKS[found.kind], turn.place.language)
    public = command.public and outcome.may_publish(found)
    data = {"public": public, "told": command.told, "why": command.why}
    if not outcome.end(turn, found, outcome.DONE, official.id, text, data, proof):
        return Reply(_("Nothing was sent."), outcome.what_became(turn, actions.fresh(turn, found)))
    if public:
        outcome.publish(turn, found, official.id)
    case_cards.show(turn, actions.fresh(turn, found))
    return Reply(*_sent(found, command.told), *to_be_called(turn, found))


def to_be_called(turn: Turn, found: Case) -> list[Words]:
    """People of cases that follow this one and have no chat."""
    codes = ", ".join(code(each.number) for each in outcome.without_chat(turn, found))
    return [_("Please call these too, they have no chat with us: {codes}.", codes=codes)] if codes else []


def _sent(found: Case, told: str) -> list[Words]:
    closed = _("Case {code} has its result.", code=code(found.number))
    if told:
        return [closed, no_chat(told)]
    return [closed, _("Whoever reported it reads it now and is asked whether it is so.")]


def _his(turn: Turn, names: tuple[str, ...]) -> tuple[str, ...]:
    at = turn.address
    chat = (at.channel, at.account, at.chat)
    return tuple(each for each in names if files.belongs(turn.db, turn.commune_id, *chat, each))


def proof_came(turn: Turn, file: str, state: str) -> Reply | None:
    """A picture of a result was fetched, or cannot be had or kept; None: no result waits for it."""
    case = outcome.proof_came(turn, file)
    if case is None or state == "fetched":
        return None if case is None else Reply()
    lost = _("A picture or paper of the result of {code} could not be had.", code=code(case.number))
    return Reply(lost, _("Your words reach her all the same. You can send it once more with an answer."))
