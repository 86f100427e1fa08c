"""What the bot can do, by name: conversations, taps, commands, and what performs each command of a conversation.

A handler file has one `routes = Routes()` and decorates its functions; `Routes.merge` joins all files at start and
refuses, with a sentence, any name, word or command that two of them claim. Who may use a route (`role=`) is only
written down here; the dispatcher checks it, in one place.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeVar

from messages.fold import fold
from messages.reply import Msg, Reply

if TYPE_CHECKING:
    from bot.turn import Turn, Work

F = TypeVar("F", bound=Callable[..., Any])
KEEPS = timedelta(days=7)
"""How long an unfinished talk can be taken up again (L07)."""
IDLE = timedelta(hours=2)
"""How long a talk waits for the next answer before it expires."""


class RouteError(Exception):
    """Two parts of the program claim the same name; found at start."""


@dataclass(frozen=True)
class Start:
    """Begins the conversation `route` with `args` (JSON): what a tap or command returns instead of a reply."""

    route: str
    args: dict[str, Any]

    def __init__(self, route: str, /, **args: Any) -> None:
        object.__setattr__(self, "route", route)
        object.__setattr__(self, "args", args)


@dataclass(frozen=True)
class Go:
    """Leads on to the first of the routes `names` that there is, as if she had asked for it; else to `otherwise`.

    `also` is said and offered under whatever comes of it.
    """

    names: tuple[str, ...] = ()
    otherwise: Reply | Start = Reply()  # noqa: RUF009 - frozen
    also: Reply | None = None


@dataclass(frozen=True)
class ConversationRoute:
    """A conversation: `function(ask, find, **args)`. `title` names it in menus and in "go on with …?".

    `idle`: after how long without an answer it expires; `keeps`: how long it can then be resumed.
    `left(answers)`: the command made of a talk left unfinished, or None.
    `in_group`: short enough for a group, where everybody reads along: one question and a look at it.
    """

    name: str
    function: Callable[..., object]
    title: Msg
    words: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    keeps: timedelta = KEEPS
    left: Callable[..., object | None] | None = None
    role: str | None = None
    idle: timedelta = IDLE
    in_group: bool = False

    @property
    def starts_alone(self) -> bool:
        """Whether it can begin without being told anything: a menu line, "start again"."""
        return _fits(self.function, None, None)


@dataclass(frozen=True)
class TickRoute:
    """Work of the clock: `function(work)` runs once in every period of `every`, over all processes."""

    name: str
    function: "Callable[[Work], None]"
    every: timedelta


@dataclass(frozen=True)
class TapRoute:
    """A stateless tap: `function(turn, *args)` gives a Reply, a Start or None; works on a message from last month."""

    name: str
    function: "Callable[..., Reply | Start | None]"
    role: str | None = None
    words: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    def takes(self, args: tuple[str, ...]) -> bool:
        """Whether a token with these arguments is one of today's, not one from before a deploy."""
        return _fits(self.function, None, *args)


@dataclass(frozen=True)
class CommandRoute:
    """A typed command: `function(turn, rest)` gives a Reply, a Start or None; `rest` is what stood after it."""

    name: str
    function: "Callable[[Turn, str], Reply | Start | None]"
    words: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    role: str | None = None


Route = ConversationRoute | TapRoute | CommandRoute
Does = Callable[[Any, Any], Any]


@dataclass
class Routes:
    """A register of routes; filled by decorators, read by the dispatcher."""

    conversations: dict[str, ConversationRoute] = field(default_factory=dict)
    taps: dict[str, TapRoute] = field(default_factory=dict)
    commands: list[CommandRoute] = field(default_factory=list)
    performers: dict[type, Does] = field(default_factory=dict)
    events: dict[str, Callable[..., Any]] = field(default_factory=dict)
    gates: dict[str, Callable[..., Any]] = field(default_factory=dict)
    ticks: dict[str, TickRoute] = field(default_factory=dict)
    _commands: dict[tuple[str, str | None], Route] = field(default_factory=dict)
    _words: dict[tuple[str, str | None], Route] = field(default_factory=dict)

    # Registration

    def conversation(
        self,
        name: str,
        *,
        title: Msg,
        words: Iterable[str] = (),
        keeps: timedelta = KEEPS,
        left: Callable[..., object | None] | None = None,
        role: str | None = None,
        idle: timedelta = IDLE,
        in_group: bool = False,
    ) -> Callable[[F], F]:
        """Register a conversation; a word that begins with "/" is a command that starts it, without arguments."""
        spoken, commands = _sorted(words)

        def register(function: F) -> F:
            self._add(ConversationRoute(name, function, title, spoken, commands, keeps, left, role, idle, in_group))
            return function

        return register

    def tap(self, name: str, *, words: Iterable[str] = (), role: str | None = None) -> Callable[[F], F]:
        """Register `function(turn, *args)` for tokens `#name:args`, and without arguments for words that mean it."""
        spoken, commands = _sorted(words)

        def register(function: F) -> F:
            self._add(TapRoute(name, function, role, spoken, commands))
            return function

        return register

    def command(self, *names: str, words: Iterable[str] = (), role: str | None = None) -> Callable[[F], F]:
        """Register `function(turn, rest)` for "/name rest" and for the plain words that mean the same."""
        spoken, more = _sorted(words)

        def register(function: F) -> F:
            self._add(CommandRoute(names[0], function, spoken, (*names, *more), role))
            return function

        return register

    def does(self, command: type) -> Callable[[F], F]:
        """Register `function(command, turn)`, which performs commands of that type inside the turn's transaction."""

        def register(function: F) -> F:
            self._perform(command, function)
            return function

        return register

    def event(self, name: str) -> Callable[[F], F]:
        """Register `function(turn, **args)` for the internal event that `work.wake(address, name, …)` inserts."""
        return self._into(self.events, name, f"The event {name!r} exists twice.")

    def gate(self, name: str) -> Callable[[F], F]:
        """Register what answers at one step of the precedence of an incoming text (`bot.router`)."""
        return self._into(self.gates, name, f"The gate {name!r} exists twice.")

    def tick(self, name: str, *, every: timedelta) -> Callable[[F], F]:
        """Register `function(work)` to run once in every period of `every` (whole minutes), over all processes."""

        def register(function: F) -> F:
            _claim(self.ticks, name, TickRoute(name, function, every), f"The tick {name!r} exists twice.")
            return function

        return register

    @staticmethod
    def _into(register: dict[str, Callable[..., Any]], name: str, sentence: str) -> Callable[[F], F]:
        def decorate(function: F) -> F:
            _claim(register, name, function, sentence)
            return function

        return decorate

    @staticmethod
    def merge(several: "Iterable[Routes]") -> "Routes":
        """All routes in one register."""
        merged = Routes()
        for routes in several:
            found: list[Route] = [*routes.conversations.values(), *routes.taps.values(), *routes.commands]
            for route in found:
                merged._add(route)
            for command, function in routes.performers.items():
                merged._perform(command, function)
            for name, function in routes.events.items():
                merged.event(name)(function)
            for name, function in routes.gates.items():
                merged.gate(name)(function)
            for tick in routes.ticks.values():
                merged.tick(tick.name, every=tick.every)(tick.function)
        return merged

    # Look-up

    def by_command(self, text: str, roles: Collection[str] = ()) -> tuple[Route, str] | None:
        """The route of "/tracuu xyz" and the rest "xyz"; of routes with the same command, the one her roles open.

        A command that none of her roles opens is found all the same: the dispatcher says that it is not for her.
        """
        text = text.strip()
        if not text.startswith("/"):
            return None
        first, *rest = text.split(maxsplit=1)
        route = _for(self._commands, _command(first.partition("@")[0]), roles)
        return (route, "".join(rest)) if route is not None else None

    def by_words(
        self, text: str, roles: Collection[str] = (), *, around: Collection[str] | None = None
    ) -> Route | None:
        """The route whose words are the message, or else stand in it: the longest of them.

        `around`: the only other words (folded) that may stand in the message; None: any.
        """
        bare = fold(text)
        if not bare:
            return None
        exactly = _for(self._words, bare, roles)
        if exactly is not None:
            return exactly
        within = [
            (words, role)
            for words, role in self._words
            if f" {words} " in f" {bare} "
            and (around is None or set(f" {bare} ".replace(f" {words} ", " ", 1).split()) <= set(around))
        ]
        hers = [words for words, role in within if role is None or role in roles]
        longest = max(hers or [words for words, _role in within], key=len, default=None)
        return _for(self._words, longest, roles) if longest is not None else None

    def named(self, name: str) -> Route | None:
        """The conversation, tap or command of that name that is for everybody, or None."""
        commands = (command for command in self.commands if command.name == name)
        found = (self.conversations.get(name), self.taps.get(name), *commands)
        return next((route for route in found if route is not None and route.role is None), None)

    def conversation_named(self, name: str) -> ConversationRoute | None:
        """The conversation a talk's row names, or None when a deploy has removed it."""
        return self.conversations.get(name)

    def tap_named(self, name: str) -> TapRoute | None:
        """The tap a token names, or None when a deploy has removed it."""
        return self.taps.get(name)

    def performer(self, command: object) -> Does:
        """What performs this command."""
        try:
            return self.performers[type(command)]
        except KeyError:
            raise RouteError(f"Nothing @does {type(command).__name__}.") from None

    def _add(self, route: Route) -> None:
        if isinstance(route, ConversationRoute):
            _claim(self.conversations, route.name, route, f"The conversation {route.name!r} exists twice.")
        elif isinstance(route, TapRoute):
            _claim(self.taps, route.name, route, f"The tap {route.name!r} exists twice.")
        else:
            self.commands.append(route)
        for command in {_command(each) for each in route.commands}:
            _claim(self._commands, (command, route.role), route, f"The command /{command} is claimed twice.")
        for words in {fold(each) for each in route.words}:
            if not words:
                raise RouteError(f"{route.name!r} has words without any letter.")
            _claim(self._words, (words, route.role), route, f"The words {words!r} are claimed twice.")

    def _perform(self, command: type, function: Does) -> None:
        _claim(self.performers, command, function, f"Two functions @does {command.__name__}.")


def _fits(function: Callable[..., Any], *args: object) -> bool:
    try:
        signature(function).bind(*args)
    except TypeError:
        return False
    return True


def _claim(register: dict[Any, Any], key: object, value: object, sentence: str) -> None:
    if key in register:
        raise RouteError(sentence)
    register[key] = value


def _sorted(words: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    words = tuple(words)
    return (
        tuple(each for each in words if not each.startswith("/")),
        tuple(each for each in words if each.startswith("/")),
    )


def _command(name: str) -> str:
    return fold(name).replace(" ", "")


def _for(register: dict[tuple[str, str | None], Route], key: str, roles: Collection[str]) -> Route | None:
    """Hers by role first, then everybody's, then somebody else's (to be refused with a sentence)."""
    for role in (*sorted(roles), None):
        if (key, role) in register:
            return register[key, role]
    return next((route for (known, _role), route in register.items() if known == key), None)
