"""Logs: one JSON object a line on stderr (plain lines on a terminal), with ids and reference codes and nothing else.

A log is read by people who have no right to a citizen's words, and copied into support requests. So what leaves here is
made safe in one place, whoever wrote it, our own loggers and those of the libraries alike:
- of an error only its kind and the places it passed are kept, never its message: messages quote values;
- keys that hold words or secrets are dropped, and tokens, phones, invitation codes, session headers and the addresses'
  passwords are struck out of every string, together with the very values of the secret settings;
- of a library's record only the first line is kept (asyncio adds the whole failed task), SQL statements never appear.
"""

import logging
import re
import secrets
import sys
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import orjson
import structlog
from sqlalchemy.exc import DBAPIError
from structlog.typing import EventDict, WrappedLogger

ROOT = Path(__file__).parents[1]
HIDDEN = "(hidden)"
REFERENCE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that is misread when dictated

FORBIDDEN_KEYS = frozenset(
    {
        "answer",
        "answers",
        "applicant",
        "authorization",
        "body",
        "code",
        "cookie",
        "file_name",
        "label",
        "message",
        "name",
        "parameters",
        "params",
        "password",
        "payload",
        "phone",
        "phones",
        "pin",
        "query",
        "raw",
        "reply",
        "secret",
        "sender",
        "session",
        "sql",
        "statement",
        "text",
        "token",
        "words",
    }
)
"""Keys whose value never reaches a log, whatever it is."""

_NAMES = r"x-session|x-telegram-bot-api-secret-token|x-zevent-signature|authorization|set-cookie|cookie"
_FIELDS = r"session|token|access_token|refresh_token|secret|secret_key|app_secret|password|code|pin"
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"/bot\d+:[^/\s]+"), "/bot" + HIDDEN),
    (re.compile(r"\b\d{5,}:[\w-]{20,}"), HIDDEN),
    (re.compile(r"(\w://)[^/\s@]*@"), r"\1" + HIDDEN + "@"),
    # Headers, alone or in a printed dictionary: the value reaches to the end of the line or the closing quote.
    (re.compile(rf"(?i)\b({_NAMES})(['\"]?\s*[:=,]\s*)(?:'[^']*'|\"[^\"]*\"|[^\r\n]*)"), r"\1\2" + HIDDEN),
    (re.compile(rf"(?i)\b({_FIELDS})(['\"]?\s*[:=]\s*)(?:'[^']*'|\"[^\"]*\"|[^\s&,;}}]+)"), r"\1\2" + HIDDEN),
    (re.compile(r"\b[A-HJ-NP-Z2-9]{4}(?:-[A-HJ-NP-Z2-9]{4}){2}\b"), HIDDEN),
    (re.compile(r"(?<![\d.\w])(?:\+?84|0)(?:[ .-]?\d){8,10}(?!\d)"), HIDDEN),
)
_QUIET = {"aiohttp.access": logging.WARNING, "sqlalchemy": logging.WARNING, "aiosqlite": logging.WARNING,
          "alembic.runtime": logging.WARNING, "apscheduler": logging.ERROR,  # a look is skipped while ticks go on
          "asyncio": logging.WARNING, "psycopg": logging.WARNING, "telegram": logging.WARNING}  # fmt: skip
SHORTEST_SECRET = 8
_FRAMES_KEPT = 12
_secrets: tuple[str, ...] = ()


def configure(stream: TextIO | None = None, secret_values: Iterable[str] = (), level: int = logging.INFO) -> None:
    """Send every log of the process through here. `secret_values`: strings to strike out, added to those known."""
    global _secrets  # noqa: PLW0603  # one process has one log
    known = {*_secrets, *(value for value in secret_values if len(value) >= SHORTEST_SECRET)}
    _secrets = tuple(sorted(known, key=len, reverse=True))
    stream = stream or sys.stderr
    handler = _Handler(stream)
    handler.setFormatter(_formatter(plain=stream.isatty()))
    root = logging.getLogger()
    root.handlers = [other for other in root.handlers if not isinstance(other, _Handler)] + [handler]
    root.setLevel(level)
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(max(level, quiet))
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )


class _Handler(logging.StreamHandler[TextIO]):
    """Ours among the root's handlers, so that configuring again replaces it."""


def _shared() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _formatter(plain: bool) -> structlog.stdlib.ProcessorFormatter:
    last: list[Any] = [structlog.dev.ConsoleRenderer(colors=False)] if plain else [_json]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_shared(), _first_line],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, make_safe, *last],
    )


def _json(_: WrappedLogger, __: str, event: EventDict) -> str:
    return orjson.dumps(event, default=lambda value: type(value).__name__, option=orjson.OPT_NON_STR_KEYS).decode()


def _first_line(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["event"] = str(event["event"]).split("\n", 1)[0]
    return event


def make_safe(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The same record without anything that must not be read: a structlog processor."""
    error = _error(event.pop("exc_info", None))
    event.pop("stack_info", None)
    safe = {key: HIDDEN if key.lower() in FORBIDDEN_KEYS else _clean(value) for key, value in event.items()}
    if error is not None:
        safe["error"], safe["where"] = kind(error), places(error.__traceback__)
    return safe


def _error(found: Any) -> BaseException | None:
    if isinstance(found, BaseException):
        return found
    if isinstance(found, tuple):
        return found[1] if isinstance(found[1], BaseException) else None
    return sys.exc_info()[1] if found else None


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, BaseException):
        return kind(value)
    if isinstance(value, Mapping):
        return {str(key): HIDDEN if str(key).lower() in FORBIDDEN_KEYS else _clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(each) for each in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return HIDDEN
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


def redact(text: str) -> str:
    """`text` with tokens, phones, codes and secrets struck out."""
    for secret in _secrets:
        text = text.replace(secret, HIDDEN)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def kind(error: BaseException) -> str:
    """The kind of an error without its words; of a database error also the code the database gave."""
    name = type(error).__name__
    if isinstance(error, DBAPIError):
        cause = error.orig
        code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
        return f"{name} ({type(cause).__name__}{f' {code}' if code else ''})"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{name} ({error.errno})"
    return name


def places(trace: TracebackType | None) -> list[str]:
    """Where an error passed, innermost last: `bot/dispatcher.py:120 run`; paths inside this project from its root."""
    frames = traceback.extract_tb(trace)[-_FRAMES_KEPT:]
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _short(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else "/".join(path.parts[-2:])


def describe(error: BaseException) -> str:
    """Kind and place of an error in one line, fit for a row: `KeyError, handlers/dossiers/dossier.py:57 find`."""
    where = places(error.__traceback__)
    return f"{kind(error)}, {where[-1]}" if where else kind(error)


def new_reference() -> str:
    """A code that is told to a person and stands in the log, so that the two can be brought together: `7K3M9Q`."""
    return "".join(secrets.choice(REFERENCE_LETTERS) for _ in range(6))
