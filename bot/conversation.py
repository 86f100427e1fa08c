"""Conversations as plain functions, read from top to bottom and run again on every message.

    def complaint(ask: Ask, find: Find) -> FileComplaint | None:
        kind = ask(Choice("kind", _("What is it about?"), KINDS))
        detail = ask(Text("detail", _("What happened, and where?"), at_least=10))
        if ask(Confirm("send", _("Send this?"), [KINDS[kind], detail])):
            return FileComplaint(kind, detail)
        return None

A stored answer is returned, the first missing one stops the run and is asked. Why names and not positions: a deploy
under a live talk then costs nothing; an added question is asked, an answer nobody asks for is ignored, an option that
has gone is asked again. Nothing here knows a network or a database: `State` (`bot.state`) is plain JSON, `find` reads,
`perform` runs the few commands that must act in mid-talk, and the caller stores what comes back, all in one
transaction.

Rules: names are unique within a run, a loop puts its key in (`f"q{item.id}"`); an answer that depends on another says
so (`f"slot:{day}"`, `f"tail:{code}"`), then changing the day asks for the slot again. New meaning, new name.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, Literal, NoReturn, Protocol, TypeVar

from bot.state import ConversationError, Given, Json, Raw, Result, State, digest_json, plain
from bot.tokens import TalkToken
from messages.fold import nfc
from messages.reply import Msg, _
from messages.reply import Text as Words

T = TypeVar("T")
R = TypeVar("R")
MOST_STEPS = 300

CHANGED = _("Something has changed since I asked. Please look at it once more.")
GONE = _("One of your answers no longer fits. Please answer it once more.")


# Questions


@dataclass(frozen=True)
class Question(ABC, Generic[T]):
    """One question: its name (stored data), its words, and how an answer is read. `bot.questions` has the kinds.

    `wake_at`: when the talk should be run again even if nobody answers (an aware datetime).
    `view`: which part of a long list is shown; set by the engine.
    `secret`: what is typed should not be readable on the screen (a PIN on a shared computer).
    `wants`: "phone" or "place" where one tap may answer it, on channels that have such a button.
    """

    name: str
    prompt: Words
    wake_at: datetime | None = field(default=None, kw_only=True)
    view: str = field(default="", kw_only=True)
    secret: bool = field(default=False, kw_only=True)
    wants: str = field(default="", kw_only=True)

    def choices(self) -> tuple[tuple[str, Words], ...]:
        """(value, label) of the buttons, for the part of a long list that is in view."""
        return ()

    def number(self, value: str) -> int | None:
        """The number by which a choice can be typed; None for a button that has none (next page, done)."""
        return next((place for place, (each, _label) in enumerate(self.choices(), 1) if each == value), None)

    def paragraphs(self) -> tuple[Words, ...]:
        """What is said to ask it."""
        return (self.prompt,)

    @property
    def shown(self) -> str:
        """A digest of what is displayed when an answer holds only for exactly that; else ""."""
        return ""

    @property
    def listing(self) -> str:
        """A digest of the list that a typed number points into; "" when there is none."""
        return ""

    @abstractmethod
    def read(self, raw: Raw) -> T:
        """The answer, or NotUnderstood. Runs on every turn, so an option that has gone is asked again."""

    def take(self, earlier: Raw | None, raw: Raw) -> Raw:
        """What to keep of a new answer: such that `read` gives the same tomorrow and after a deploy."""
        self.read(raw)
        return raw

    def turned(self, raw: Raw) -> str | None:
        """The view that `raw` asks for (another page); None when it is an answer."""
        return None

    def in_view(self, view: str) -> "Question[T]":
        """The same question showing that part of its list."""
        return replace(self, view=view)


class NotUnderstood(Exception):
    """`hint` tells kindly what would do; `view`, if set, is the part of a list worth showing again."""

    def __init__(self, hint: Msg, view: str | None = None) -> None:
        super().__init__(hint.id)
        self.hint = hint
        self.view = view


class More(NotUnderstood):
    """Kept, and the question stays open for more of the same; `so_far` is what it would be if nothing came."""

    def __init__(self, hint: Msg, so_far: object) -> None:
        super().__init__(hint)
        self.so_far = so_far


@dataclass(frozen=True, slots=True)
class Passed:
    """A checked answer was right; `value` (JSON) is all that is kept of it."""

    value: Json = True


@dataclass(frozen=True, slots=True)
class Hint:
    """A checked answer was wrong: say this and ask again."""

    msg: Msg


@dataclass(frozen=True, slots=True)
class Locked:
    """A checked answer was wrong once too often: the talk ends with this."""

    msg: Msg


Outcome = Passed | Hint | Locked


@dataclass(frozen=True)
class Checked(Question[T]):
    """A secret to be checked, such as a phone tail or a one-time code.

    `command(text)` is performed exactly once for each answer and gives Passed, Hint or Locked. Her words are not
    stored, only what passed. An answer that does not even look right (`looks_right`) is not tried and costs no attempt.
    What the check depends on belongs in the name: `f"tail:{code}"`.
    """

    command: Callable[[str], object]
    looks_right: Callable[[str], bool] | None = None
    hint: Msg | None = None

    def attempt(self, raw: Raw) -> object:
        """The command for this answer; NotUnderstood when there is nothing to try."""
        text = nfc(raw.text).strip()
        if raw.kind != "text" or not text or len(text) > 200 or (self.looks_right and not self.looks_right(text)):
            raise NotUnderstood(self.hint or _("Please type it as text, so that I can check it."))
        return self.command(text)

    def read(self, raw: Raw) -> T:
        if raw.kind != "passed":
            raise NotUnderstood(self.hint or GONE)
        value: T = json.loads(raw.text)
        return value


class Find(Protocol):
    """The read-only view a conversation gets: `find(storage_function, *args)`, and who is asking, where and when."""

    @property
    def now(self) -> datetime: ...

    @property
    def citizen(self) -> Any: ...

    @property
    def official(self) -> Any: ...

    @property
    def address(self) -> Any: ...

    @property
    def commune(self) -> Any: ...

    @property
    def shares(self) -> frozenset[str]: ...

    def plays(self, channel: str) -> bool: ...

    def __call__(self, function: Callable[..., R], /, *args: Any) -> R: ...


Conversation = Callable[..., object]
"""`def name(ask: Ask, find: Find, **args) -> command | None`."""
Perform = Callable[[Any], Any]


# What stops a run


class Unanswered(BaseException):
    """The run stops here to ask; a BaseException so that no `except Exception` in a conversation can eat it."""

    def __init__(self, question: Question[Any], hint: Msg | None = None, misunderstood: bool = False) -> None:
        super().__init__(question.name)
        self.question = question
        self.hint = hint
        self.misunderstood = misunderstood


class _Shut(BaseException):
    def __init__(self, msg: Msg) -> None:
        super().__init__(msg.id)
        self.msg = msg


class Again(Exception):
    """Raised by a `does`: the answer `name` no longer holds (the slot is gone); it and later ones are asked again."""

    def __init__(self, name: str, hint: Msg) -> None:
        super().__init__(name)
        self.name = name
        self.hint = hint


# What a step gives back


@dataclass(frozen=True, slots=True)
class Waiting:
    """Ask `question` (after saying `hint`, if any) and store `state`.

    `unchanged`: the clock ran the talk and nothing new is to be said; do not repeat the question.
    """

    question: Question[Any]
    hint: Msg | None
    state: State
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """The talk came to its end with a command to perform, or None. `state` is for `again`, should it raise Again."""

    command: object | None
    state: State


@dataclass(frozen=True, slots=True)
class Closed:
    """The talk is over with this message (locked out)."""

    msg: Msg
    state: State


Step = Waiting | Ended | Closed


class Ask:
    """Given to a conversation: `ask(question)` returns the answer, or stops the run to get it."""

    def __init__(self, state: State, perform: Perform, given: Raw | None) -> None:
        self._state = state
        self._perform = perform
        self._event = given if given is not None and given.kind != "wake" else None
        self._answers = {each.name: each for each in state.answers}
        self._results = {each.key: each for each in state.results}
        self._asked: set[str] = set()
        self._trail: list[str] = []
        self._stopped: BaseException | None = None
        self.values: dict[str, Any] = {}
        """Answers read on this run, by name: what `left=` gets."""

    def __call__(self, question: Question[T]) -> T:
        self._begin(question.name)
        if self._event is not None and question.name == self._state.pending:
            self._take(question, self._event)
        given = self._answers.get(question.name)
        if given is None:
            self._stop(self._as_seen(question))
        if given.shown != question.shown:
            self._drop(question, CHANGED)
        try:
            value = question.read(given.raw)
        except More as more:
            self.values[question.name] = more.so_far
            self._stop(question, more.hint if self._event is not None else None)
        except NotUnderstood:
            self._drop(question, GONE)
        self._trail.append(question.name)
        self.values[question.name] = value
        return value

    def once(self, name: str, command: object, needs: Collection[str] = ()) -> Any:
        """Perform `command` exactly once and return its result (JSON) on every later run.

        Not an answer: back skips it. It is performed anew only when an answer named in `needs` has changed.
        """
        self._begin(name)
        missing = [need for need in needs if need not in self._trail]
        if missing:
            raise ConversationError(f"{name!r} needs {', '.join(missing)}, which this run has not asked before it.")
        mark = digest_json([self._answers[need].raw.to_json() for need in needs])
        kept = self._results.get(name)
        if kept is None or kept.needs != mark:
            kept = Result(name, mark, plain(self._perform(command), f"The result of {name!r}"))
            self._results[name] = kept
        return plain(kept.value, name)

    def state(self) -> State:
        """The talk as it now stands: answers in the order they are asked, then those this run did not reach."""
        reached = [self._answers[name] for name in self._trail if name in self._answers]
        others = [given for name, given in self._answers.items() if name not in self._trail]
        changing = self._state.changing
        return replace(
            self._state,
            answers=(*reached, *others),
            results=tuple(self._results.values()),
            trail=tuple(self._trail),
            changing=None if changing and changing.name in self._trail else changing,
        )

    @property
    def stopped(self) -> BaseException | None:
        """What this run was stopped with; a function that returns all the same has swallowed it."""
        return self._stopped

    def _begin(self, name: str) -> None:
        if self._stopped is not None:
            raise self._stopped
        if name in self._asked:
            raise ConversationError(
                f"{self._state.route!r} asks {name!r} twice in one run; put what differs into the name."
            )
        self._asked.add(name)
        if len(self._asked) > MOST_STEPS:
            raise ConversationError(f"{self._state.route!r} took more than {MOST_STEPS} steps in one run; does it end?")

    def _take(self, question: Question[Any], raw: Raw) -> None:
        """The event of this turn answers `question`, the one that was open."""
        state = self._state
        same_list = state.listing == question.listing
        seen = self._as_seen(question)
        if state.shown != question.shown or (not same_list and _is_number(raw)):
            self._drop(question, CHANGED)
        view = seen.turned(raw)
        if view is not None:
            self._stop(question.in_view(view))
        earlier = self._answers.get(question.name)
        try:
            kept = self._checked(question, raw) if isinstance(question, Checked) else self._kept(seen, earlier, raw)
        except NotUnderstood as why:
            self._stop(seen if why.view is None else question.in_view(why.view), why.hint, misunderstood=True)
        self._answers[question.name] = Given(question.name, kept, question.shown)

    def _as_seen(self, question: Question[Any]) -> Question[Any]:
        """The open question on the page she has turned to, as long as its list is the same."""
        same = question.name == self._state.pending and question.listing == self._state.listing
        return question.in_view(self._state.view) if same and question.view != self._state.view else question

    def _kept(self, question: Question[Any], earlier: Given | None, raw: Raw) -> Raw:
        return question.take(earlier.raw if earlier else None, raw)

    def _checked(self, question: Checked[Any], raw: Raw) -> Raw:
        outcome = self._perform(question.attempt(raw))
        if isinstance(outcome, Passed):
            return Raw("passed", json.dumps(plain(outcome.value, f"What passed {question.name!r}")))
        if isinstance(outcome, Hint):
            raise NotUnderstood(outcome.msg)
        if isinstance(outcome, Locked):
            self._stopped = _Shut(outcome.msg)
            raise self._stopped
        raise ConversationError(f"The check of {question.name!r} must give Passed, Hint or Locked, not {outcome!r}.")

    def _drop(self, question: Question[Any], hint: Msg) -> NoReturn:
        self._answers.pop(question.name, None)
        self._stop(question, hint)

    def _stop(self, question: Question[Any], hint: Msg | None = None, misunderstood: bool = False) -> NoReturn:
        self._stopped = Unanswered(question, hint, misunderstood)
        raise self._stopped


# The steps


def advance(
    function: Conversation, state: State, find: Find, perform: Perform, given: Raw | None, hint: Msg | None = None
) -> Step:
    """Run the talk with what was sent (None: just run it) until it asks, ends or is closed.

    `perform(command)` acts in the turn's own transaction. `hint` is said before the question if nothing else is.
    """
    while True:  # each Again drops an answer, so this ends
        ask = Ask(state, perform, given)
        try:
            return _run(function, state, find, ask, given, hint)
        except Again as why:
            state, given, hint = _without(ask.state(), why), None, why.hint


def _run(function: Conversation, state: State, find: Find, ask: Ask, given: Raw | None, hint: Msg | None) -> Step:
    try:
        command = function(ask, find, **state.args)
    except Unanswered as stop:
        return _waiting(state, ask.state(), stop, find.now, given, hint)
    except _Shut as shut:
        return Closed(shut.msg, ask.state())
    if ask.stopped is not None:
        raise ConversationError(f"{state.route!r} went on after a question stopped it; let Unanswered pass.")
    return Ended(command, replace(ask.state(), pending="", shown="", view="", listing="", prompts=0, wake_at=None))


def _waiting(
    before: State, after: State, stop: Unanswered, now: datetime, given: Raw | None, hint: Msg | None
) -> Waiting:
    question, hint = stop.question, stop.hint or hint
    same = before.pending == question.name and before.shown == question.shown
    by_clock = given is None or given.kind == "wake"
    turned = same and before.view != question.view
    state = replace(
        after,
        pending=question.name,
        shown=question.shown,
        view=question.view,
        listing=question.listing,
        prompts=before.prompts + stop.misunderstood if same and (stop.misunderstood or by_clock or turned) else 1,
        wake_at=question.wake_at if question.wake_at and question.wake_at > now else None,
    )
    return Waiting(question, hint, state, unchanged=same and by_clock and hint is None and not turned)


def again(function: Conversation, state: State, find: Find, perform: Perform, why: Again) -> Step:
    """The `does` of an ended talk raised Again: drop that answer and later ones, and ask anew with the hint."""
    return advance(function, _without(state, why), find, perform, None, why.hint)


def _without(state: State, why: Again) -> State:
    names = [given.name for given in state.answers]
    if why.name not in names:
        raise ConversationError(f"Again({why.name!r}): {state.route!r} has no such answer.")
    return replace(state, answers=state.answers[: names.index(why.name)], pending="", prompts=0, changing=None)


def drop_last(state: State) -> State | None:
    """Back: without the last answer she gave on the way here; None when she stands at the first question.

    Whoever was changing an earlier answer gets that answer back instead. Run `advance` with it and None.
    """
    if state.changing is not None:
        return _undo_change(state)
    if not state.trail:
        return None
    last = state.trail[-1]
    return replace(
        state,
        answers=tuple(given for given in state.answers if given.name != last),
        trail=state.trail[:-1],
        pending="",
        prompts=0,
    )


def forget(state: State, name: str) -> State:
    """Change an earlier answer: without that one, with all others, of which those that still fit are kept."""
    dropped = next((given for given in state.answers if given.name == name), None)
    if dropped is None:
        return state
    state = _undo_change(state)
    kept = tuple(given for given in state.answers if given.name != name)
    return replace(state, answers=kept, changing=dropped, pending="", prompts=0)


def _undo_change(state: State) -> State:
    if state.changing is None:
        return state
    others = tuple(given for given in state.answers if given.name != state.changing.name)
    return replace(state, answers=(*others, state.changing), changing=None, pending="", prompts=0)


def changeable(state: State) -> tuple[str, ...]:
    """Names of the answers she has given on the way to the open question, in order."""
    return state.trail


def classify_tap(state: State, token: TalkToken) -> Literal["live", "answered", "other"]:
    """What a tap is to this talk: the answer to its open question, to one answered before, or none of its business."""
    if token.talk != state.talk:
        return "other"
    if token.question == state.pending:
        return "live"
    return "answered" if any(given.name == token.question for given in state.answers) else "other"


def unfinished(
    function: Conversation, left: Callable[[Mapping[str, Any]], object | None], state: State, find: Find
) -> object | None:
    """The command that `left` makes from the answers of a talk nobody went on with: name -> answer as it was read,
    after the arguments it began with.

    Photos that were still being sent count. Nothing is performed on the way.
    """
    ask = Ask(_undo_change(state), _refuse, None)
    with suppress(Unanswered, _Shut):
        function(ask, find, **state.args)
    return left({**state.args, **ask.values})


def _refuse(command: object) -> NoReturn:
    """Stops the run of `unfinished`: what has not been performed until now is not performed any more."""
    raise _Shut(GONE)


def _is_number(raw: Raw) -> bool:
    return raw.kind == "text" and raw.text.strip().rstrip(".").isdecimal()
