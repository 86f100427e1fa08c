"""What a button carries: `#<talk>.<question>=<value>` for a question, `#<route>:<a>,<b>` for a stateless tap.

ASCII and at most 64 bytes (Telegram's callback_data limit), checked when the button is built and not when a provider
complains. On Zalo a tap comes back as an ordinary text message, so every incoming text is first given to `parse`.
Any text may be a question name, value or argument; what is not plain is percent-escaped.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

MOST_BYTES = 64
_PLAIN = ":/@!+*;~-._"
_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z0-9:/@!+*;~\-._]*")
_TALK = re.compile(r"[0-9a-z]{1,13}")
_ROUTE = re.compile(r"[a-z][a-z0-9_-]*")
_TALK_TEXT = re.compile(r"#([0-9a-z]{1,13})\.([^=]+)=(.*)")
_ROUTE_TEXT = re.compile(r"#([a-z][a-z0-9_-]*):(.*)")


@dataclass(frozen=True, slots=True)
class TalkToken:
    """An answer: `value` for `question` of the talk with that id (base 36)."""

    talk: str
    question: str
    value: str

    def __post_init__(self) -> None:
        if not _TALK.fullmatch(self.talk):
            raise ValueError(f"A talk id is 1-13 characters 0-9a-z, not {self.talk!r}.")
        if not self.question:
            raise ValueError("A token needs the name of its question.")
        _check(str(self))

    def __str__(self) -> str:
        return _talk_text(self.talk, self.question, self.value)


@dataclass(frozen=True, slots=True)
class RouteToken:
    """A tap that needs no talk: the route's name and all it has to know."""

    route: str
    args: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _ROUTE.fullmatch(self.route):
            raise ValueError(f"A route is named with a-z, 0-9, _ and -, not {self.route!r}.")
        if self.args == ("",):
            raise ValueError("A single empty argument cannot be told from none.")
        _check(str(self))

    def __str__(self) -> str:
        return _route_text(self.route, self.args)


Token = TalkToken | RouteToken


def parse(text: str) -> Token | None:
    """The token that `text` is, or None for anything else; never raises."""
    text = text.strip()
    if not text.startswith("#") or not text.isascii() or len(text) > MOST_BYTES:
        return None
    try:
        token = _read(text)
    except ValueError:
        return None
    return token if str(token) == text else None


def _read(text: str) -> Token | None:
    if talk := _TALK_TEXT.fullmatch(text):
        return TalkToken(talk[1], unquote(talk[2], errors="strict"), unquote(talk[3], errors="strict"))
    if route := _ROUTE_TEXT.fullmatch(text):
        args = route[2].split(",") if route[2] else []
        return RouteToken(route[1], tuple(unquote(arg, errors="strict") for arg in args))
    return None


# A token is made, checked and read several times in a turn.
@lru_cache(maxsize=2048)
def _talk_text(talk: str, question: str, value: str) -> str:
    return f"#{talk}.{_quoted(question)}={_quoted(value)}"


@lru_cache(maxsize=2048)
def _route_text(route: str, args: tuple[str, ...]) -> str:
    return f"#{route}:{','.join(_quoted(arg, '=') for arg in args)}"


def _quoted(text: str, also: str = "") -> str:
    return text if _NEEDS_NO_QUOTES.fullmatch(text) else quote(text, safe=_PLAIN + also)


def _check(text: str) -> None:
    if len(text) > MOST_BYTES:
        raise ValueError(f"A token has at most {MOST_BYTES} bytes, this one {len(text)}: {text}")
