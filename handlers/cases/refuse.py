"""Refusing a case: always with who is responsible and on what ground, never without help (B10, G05).

The official names who is responsible, writes the ground, and says what helps her now: the office passes it on, or what
she can do herself. Words that command are shown back once. Where the Chairman has to agree (`bot.countersign`) nothing
goes to her before he has; he may send it back with a word, and of two who decide the second is told what was decided.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot import case_cards, countersign, duty, outcome
from bot.conversation import Ask, Find
from bot.questions import Choice, Confirm, Text
from bot.routes import Routes, Start
from bot.state import digest
from bot.turn import Turn
from handlers.cases import actions, close
from messages.cases import code
from messages.fold import fold, nfc
from messages.gates import Lexicon
from messages.reply import Msg, Personal, Reply, _
from messages.reply import Text as Words
from storage import cases, officials, refusals, sessions
from storage.cases import Case
from storage.officials import Official
from storage.refusals import Refusal

routes = Routes()

OTHER, OURSELVES = "other", "ourselves"
COMMANDS = Lexicon(
    "bắt buộc, nghiêm cấm, không được phép, phải tự, tự liên hệ, tự giải quyết, tự chịu, miễn giải quyết, miễn trả lời"
)
"""Phrases of an order without help (G05: from commanding to serving and guiding)."""


@dataclass(frozen=True)
class RefuseCase:
    """A refusal. passes_on: the office hands it to the owner with a note; told: how she was told who has no chat."""

    case: int
    owner: str = ""
    ground: str = ""
    help: str = ""
    passes_on: bool = False
    told: str = ""
    confirmed: bool = False


@dataclass(frozen=True)
class DecideRefusal:
    """The Chairman's agreement, or his word why not."""

    refusal: int
    agrees: bool
    word: str = ""
    confirmed: bool = field(default=False, kw_only=True)


# --- proposing --------------------------------------------------------------------------------------------------------


@routes.tap("case-refuse", role="official")
def begin(turn: Turn, case: str = "") -> Reply | Start:
    """The button of the card."""
    found = close.ready(turn, case)
    if isinstance(found, Reply):
        return found
    if refusals.waiting(turn.db, turn.commune_id, found.id):
        return Reply(_waits(found))
    return Start("case-refuse", case=found.id)


@routes.conversation("case-refuse", title=_("A refusal with its ground"), role="official")
def refuse(ask: Ask, find: Find, case: int) -> RefuseCase | None:
    """Who is responsible, the ground, what helps her now, a look, and on a shared computer the PIN."""
    found, official = find(cases.get, case), find.official
    if found is None or official is None or not found.is_open:
        return RefuseCase(case)
    owner, ours = _owner(ask, find)
    ground = _ground(ask)
    passes_on = not ours and ask(Choice("help", _("What helps her now?"), _ways(owner))) == "pass"
    way = "" if passes_on else ask(Text("way", _WAY, at_least=10, at_most=600))
    waits = countersign.needed(find.commune.cases, found, official)
    told = close.how_told(ask, found) if not waits else "" if found.has_chat else "not_yet"
    more = (*([close.no_chat(told)] if told else []), *([_BEFORE] if waits else []))
    values = (_responsible(owner), Personal(ground, "words"), _helps(owner, way, passes_on), *more)
    if not ask(Confirm("send", close.in_the_name(found, official), values=values)):
        return None
    return RefuseCase(case, owner, ground, way, passes_on, told, close.pin(ask, find))


_GROUND = _("Why can the commune not do it? Please write the ground plainly; she reads it as you write it.")
_BEFORE = _("She reads this only once the Chairman has agreed.")
_WAY = _("What can she do now, where and with whom? Please write it so that she can follow it.")


def _owner(ask: Ask, find: Find) -> tuple[str, bool]:
    """Who is responsible, and whether that is the office itself. A value stands for its words, not for its place."""
    ours = find.commune.name
    known = {digest(each): each for each in find.commune.cases.owners}
    options: Mapping[str, Words] = {**known, OURSELVES: ours, OTHER: _("Somebody else")}
    chosen = ask(Choice("owner", _("Who is responsible for this? A refusal always names it."), options))
    if chosen == OTHER:
        return ask(
            Text("owner-name", _("Which office or firm is it? With its phone, if you know it."), at_most=120)
        ), False
    return (ours, True) if chosen == OURSELVES else (known[chosen], False)


def _ground(ask: Ask) -> str:
    ground = ask(Text("ground", _GROUND, at_least=20, at_most=1000))
    phrase = command_in(ground)
    if phrase is None:
        return ground
    prompt = _("“{phrase}” reads like an order. Could you say it more gently, as to a neighbour?", phrase=phrase)
    ways: Mapping[str, Words] = {"anew": _("Write it anew"), "keep": _("Keep my words")}
    keeps = ask(Choice("gently", prompt, ways)) == "keep"
    return ground if keeps else ask(Text("softer", _GROUND, at_least=20, at_most=1000))


def command_in(text: str) -> str | None:
    """A phrase that orders and does not help, as it stands in the text."""
    words = [each.strip(' .,;:!?“”"()') for each in nfc(text).split()]
    hits = COMMANDS.hits([each.casefold() for each in words], [fold(each) for each in words])
    return " ".join(words[hits[0].at : hits[0].end]) if hits else None


def _ways(owner: str) -> Mapping[str, Words]:
    return {"pass": _("We pass it on to {owner}", owner=owner), "way": _("I write what she can do")}


def _responsible(owner: str) -> Msg:
    return _("Responsible: {owner}.", owner=owner)


def _helps(owner: str, way: str, passes_on: bool) -> Words:
    return _("The commune passes this on to {owner}.", owner=owner) if passes_on else Personal(way, "words")


def _waits(found: Case) -> Msg:
    return _("A refusal of {code} waits for agreement already.", code=code(found.number))


@routes.does(RefuseCase)
def propose(command: RefuseCase, turn: Turn) -> Reply:
    """Told at once, or shown to the Chairman first."""
    both = close.acting(turn, command.case, confirmed=command.confirmed)
    if isinstance(both, Reply):
        return both
    found, official = both
    helps = _helps(command.owner, command.help, command.passes_on)
    ground = f"{command.ground}\n{_said(turn, helps)}"
    data = {"owner": command.owner, "told": command.told, "passes_on": command.passes_on}
    if not countersign.needed(turn.commune.cases, found, official):
        return _refuse(turn, found, official.id, ground, data)
    asked = refusals.ask(turn.db, turn.commune_id, found.id, command.owner, ground, data, official.id, turn.now)
    proposal = refusals.get(turn.db, turn.commune_id, asked) if asked else None
    if proposal is None:
        return Reply(_waits(found))
    _note(turn, found, official, _("A refusal was proposed; it waits for agreement."))
    people = countersign.ask(turn, found, proposal)
    if not people:
        return Reply(_("Nobody is there who may agree. Please tell the Chairman; until then the case stays open."))
    names = ", ".join(each.name for each in people)
    return Reply(
        _("{names} is asked to agree. Until then the case stays open and nothing goes to her.", names=names),
        _("You are told what becomes of it."),
    )


def _said(turn: Turn, words: Words) -> str:
    return turn.place.catalogs.text(words, turn.place.language) if isinstance(words, Msg) else str(words)


def _note(turn: Turn, found: Case, official: Official, words: Words) -> None:
    text = _said(turn, words)
    cases.add(turn.db, turn.commune_id, found.id, "note", turn.now, text=text, official_id=official.id)
    case_cards.show(turn, actions.fresh(turn, found))


def _refuse(turn: Turn, found: Case, official_id: int, ground: str, data: Mapping[str, Any]) -> Reply:
    if not outcome.end(turn, found, outcome.REFUSED, official_id, ground, data):
        return Reply(_("Nothing was sent."), outcome.what_became(turn, actions.fresh(turn, found)))
    if data.get("passes_on"):
        left = _("To do: pass this on to {owner}.", owner=data["owner"])
        cases.add(
            turn.db, turn.commune_id, found.id, "note", turn.now, text=_said(turn, left), official_id=official_id
        )  # fmt: skip
    case_cards.show(turn, actions.fresh(turn, found))
    told = data.get("told")
    after = close.no_chat(told) if told else _("She is told who is responsible and why, and may open it again.")
    passes = [_("Please pass it on to {owner} now; she was promised that.", owner=data["owner"])]
    refused = _("Case {code} is refused, with its ground.", code=code(found.number))
    return Reply(refused, after, *(passes if data.get("passes_on") else []), *close.to_be_called(turn, found))


# --- agreeing ---------------------------------------------------------------------------------------------------------


def of(turn: Turn, number: str) -> tuple[Refusal, Case] | Reply:
    """A proposal that this official may decide, and its case; or what to tell him."""
    known = number.isdecimal() and len(number) < 19
    found = refusals.get(turn.db, turn.commune_id, int(number)) if known else None
    case = cases.get(turn.db, turn.commune_id, found.case_id) if found else None
    if found is None or case is None or turn.official is None:
        return Reply(actions.GONE)
    if not countersign.may_decide(turn, turn.official, case, found.asked_by):
        return Reply(_("Only the Chairman, or whoever acts for him, agrees to a refusal."))
    if refused := actions.unreadable(turn, case):
        return refused
    if not found.waits:
        return Reply(countersign.decided(turn, case, found))
    return found, case


@routes.tap("refusals", role="official")
def pending(turn: Turn) -> Reply:
    """Proposals that wait for this official, each with its own buttons in his own chat; how many wait for others."""
    if turn.official is None or turn.in_group:
        return Reply(_("Others read along here. Please open it in your own chat."))
    his, others = [], 0
    for found in refusals.pending(turn.db, turn.commune_id):
        case = cases.get(turn.db, turn.commune_id, found.case_id)
        if case is None or not countersign.may_decide(turn, turn.official, case, found.asked_by):
            others += 1
        else:
            his.append((case, found))
    for case, found in his:
        turn.send(turn.address, countersign.at(turn, turn.address, case, found))
    rest = [_("{count} refusals wait for somebody else.", count=others)] if others else []
    head = _("{count} refusals wait for you.", count=len(his)) if his else _("No refusal waits for you.")
    return Reply(head, *rest)


@routes.tap("refusal-agree", role="official")
def agree(turn: Turn, number: str = "") -> Reply | Start:
    """The Chairman agrees."""
    found = of(turn, number)
    return found if isinstance(found, Reply) else Start("refusal-agree", refusal=found[0].id)


@routes.conversation("refusal-agree", title=_("Agreeing to a refusal"), role="official", in_group=True)
def agreeing(ask: Ask, find: Find, refusal: int) -> DecideRefusal:
    """Only on a shared computer something is asked: the PIN."""
    return DecideRefusal(refusal, agrees=True, confirmed=close.pin(ask, find))


@routes.tap("refusal-back", role="official")
def back(turn: Turn, number: str = "") -> Reply | Start:
    """The Chairman does not agree, and says why."""
    found = of(turn, number)
    return found if isinstance(found, Reply) else Start("refusal-back", refusal=found[0].id)


@routes.conversation("refusal-back", title=_("A refusal sent back"), role="official", in_group=True)
def sending_back(ask: Ask, find: Find, refusal: int) -> DecideRefusal:
    """What should be done instead; read by officials only."""
    prompt = _("What should be done instead? A word for whoever proposed it; she does not read it.")
    word = ask(Text("word", prompt, at_least=3, at_most=600))
    return DecideRefusal(refusal, agrees=False, word=word, confirmed=close.pin(ask, find))


@routes.does(DecideRefusal)
def decide(command: DecideRefusal, turn: Turn) -> Reply:
    """Once: a second decision is told what was decided."""
    both = of(turn, str(command.refusal))
    if isinstance(both, Reply) or turn.official is None:
        return both if isinstance(both, Reply) else Reply(actions.GONE)
    found, case = both
    if sessions.is_shared(turn.db, turn.commune_id, turn.address.sender) and not command.confirmed:
        return Reply(_("Nothing was sent: on a shared computer your PIN has to confirm it. Please answer once more."))
    state = "agreed" if command.agrees else "back"
    if not refusals.decide(turn.db, turn.commune_id, found.id, state, turn.official.id, turn.now):
        newest = refusals.get(turn.db, turn.commune_id, found.id) or found
        return Reply(countersign.decided(turn, case, newest))
    return _agreed(turn, found, case) if command.agrees else _sent_back(turn, found, case, command.word)


def _agreed(turn: Turn, found: Refusal, case: Case) -> Reply:
    """It goes out in the name of whoever proposed it; of one who has left meanwhile in the name of whoever agreed."""
    assert turn.official is not None, "looked at by whoever calls"
    proposer = _still_there(turn, found.asked_by)
    name = proposer or turn.official
    said = _refuse(turn, case, name.id, found.ground, {**found.data, "agreed_by": turn.official.id})
    if proposer is not None and proposer != turn.official:
        told = _("{name} agreed: {code} is refused, and she is told.", name=turn.official.name, code=code(case.number))
        duty.tell(turn, [proposer], Reply(told), otherwise_office=False)
    return said


def _sent_back(turn: Turn, found: Refusal, case: Case, word: str) -> Reply:
    assert turn.official is not None, "looked at by whoever calls"
    _note(turn, case, turn.official, word)
    proposer = _still_there(turn, found.asked_by)
    told = Reply(
        _("{name} has sent back the refusal of {code}.", name=turn.official.name, code=code(case.number)),
        Personal(word, "words"), buttons=(case_cards.button("case-open", case),), loud=True,
    )  # fmt: skip
    duty.tell(turn, [proposer] if proposer else duty.clerks(turn), told, otherwise_office=False)
    return Reply(_("Sent back. {code} stays open; whoever proposed it reads your word.", code=code(case.number)))


def _still_there(turn: Turn, official_id: int) -> Official | None:
    return next((each for each in officials.active(turn.db, turn.commune_id) if each.id == official_id), None)
