"""Logs carry ids and reference codes, never a token, a phone, a session or what a citizen wrote."""

import asyncio
import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from bot import logs
from tests.logged import logged

TOKEN = "123456789:AAF-abcdefghijklmnopqrstuvwxyz12345"
WORDS = "Nhà tôi ở thôn 2, chồng tôi đánh tôi"
SECRET = "qwertyuiopasdfghjkl"


@pytest.fixture
def log() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What has been logged, record by record."""
    with logged(SECRET) as stream:
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_is_one_json_object_with_time_level_and_ids(log: Callable[[], list[dict[str, Any]]]):
    """Ids, numbers and reference codes pass as they are."""
    structlog.get_logger("bot.x").info("turn_failed", reference="7K3M9Q", lane=12, seconds=0.25, chat_ids=[1, 2])
    (record,) = log()
    assert record["reference"] == "7K3M9Q"
    assert (record["lane"], record["seconds"], record["chat_ids"]) == (12, 0.25, [1, 2])
    assert (record["level"], record["logger"]) == ("info", "bot.x")
    assert record["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "said",
    [
        f"POST https://api.telegram.org/bot{TOKEN}/sendMessage",
        f"token {TOKEN} was refused",
        "rang 0912 345 678",
        "rang +84912345678.",
        "rang 0912.345.678",
        "X-Session: abcdef0123",
        "{'X-Session': 'abcdef0123', 'Host': 'x'}",
        "Cookie: a=abcdef0123; b=abcdef0123",
        "('Authorization', 'Bearer abcdef0123')",
        "GET /office?code=ABCD-EFGH-JKMN&x=1",
        "invited with ABCD-EFGH-JKMN",
        "postgresql+psycopg://gandan:abcdef0123@db/gandan",
        '{"access_token": "abcdef0123", "expires": 3}',
        f"key {SECRET}",
    ],
)
def test_secrets_in_a_sentence_are_struck_out(log: Callable[[], list[dict[str, Any]]], said: str):
    """Our loggers and those of libraries lose tokens, phones, sessions, codes, passwords and secret settings."""
    structlog.get_logger().warning(said, detail=said, several=[said], inner={"detail": said})
    logging.getLogger("aiohttp.server").error("%s", said)
    # The time may hold any three digits.
    written = json.dumps([each | {"timestamp": ""} for each in log()], ensure_ascii=False)
    assert len(log()) == 2
    for secret in (TOKEN, "345", "912345678", "abcdef0123", "EFGH", SECRET):
        assert secret not in written


@pytest.mark.parametrize("said", ["000.00.15.H99-261101-0001", "2026-11-21T09:00:00.123456+07:00", "lane 123456789012"])
def test_ids_and_times_are_not_taken_for_phones(said: str):
    """Dossier codes, times and long numbers stay readable."""
    assert logs.redact(said) == said


def test_words_never_pass_whatever_their_key_holds(log: Callable[[], list[dict[str, Any]]]):
    """A value under the name of words, at any depth, and any bytes, are dropped."""
    structlog.get_logger().error("x", text=WORDS, inner={"answer": WORDS}, found=WORDS.encode(), why=ValueError(WORDS))
    assert "chồng" not in json.dumps(log(), ensure_ascii=False)
    assert log()[0]["why"] == "ValueError"


def test_an_error_is_told_by_kind_and_place(log: Callable[[], list[dict[str, Any]]]):
    """The message of an exception quotes values, so only its kind and its way stand in the log."""
    try:
        {}[WORDS]
    except KeyError as error:
        structlog.get_logger().error("turn_failed", exc_info=error)
        logging.getLogger("apscheduler.executors").exception("failed")
        structlog.get_logger().error("again", exc_info=True)
        described = logs.describe(error)
    assert described.startswith("KeyError, tests/bot/test_logs.py:")
    for record in log():
        assert record["error"] == "KeyError"
        assert record["where"][-1].startswith("tests/bot/test_logs.py:")
    assert "chồng" not in json.dumps(log(), ensure_ascii=False)
    assert logs.describe(ValueError(WORDS)) == "ValueError"


def test_sql_never_shows_its_parameters(log: Callable[[], list[dict[str, Any]]]):
    """A failing statement gives the database's code; an echoing engine gives nothing at all."""
    engine = create_engine("sqlite://", echo=None)
    logging.getLogger("sqlalchemy.engine").info("SELECT %s", WORDS)
    with engine.connect() as db:
        try:
            db.execute(text("SELECT * FROM nowhere WHERE words = :words"), {"words": WORDS})
        except Exception as error:
            structlog.get_logger().error("turn_failed", exc_info=error)
    engine.dispose()
    (record,) = log()
    assert record["error"] == "OperationalError (OperationalError SQLITE_ERROR)"
    assert "chồng" not in json.dumps(record, ensure_ascii=False)


async def test_a_forgotten_task_tells_no_words(log: Callable[[], list[dict[str, Any]]]):
    """asyncio adds the failed task, exception and all; only its first line is kept."""

    async def fails() -> None:
        raise ValueError(WORDS)

    context = {"message": "Task exception was never retrieved", "exception": ValueError(WORDS)}
    asyncio.get_running_loop().call_exception_handler(context | {"future": WORDS})
    assert log()[0]["event"] == "Task exception was never retrieved"
    assert "chồng" not in json.dumps(log(), ensure_ascii=False)


def test_python_warnings_come_here_too(log: Callable[[], list[dict[str, Any]]]):
    """A warning of a library is a record like any other."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        logging.getLogger("py.warnings").warning("rang 0912345678")
    assert "0912345678" not in json.dumps(log())


def test_a_terminal_gets_plain_lines():
    """Where a person looks on, lines are plain, and as safe."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    logs.configure(stream)
    structlog.get_logger().warning("low_disk", free=3, phone="0912345678")
    logs.configure(io.StringIO())
    logging.getLogger().handlers = [h for h in logging.getLogger().handlers if not isinstance(h, logs._Handler)]
    structlog.reset_defaults()
    assert "low_disk" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
    assert "0912345678" not in stream.getvalue()


def test_reference_codes_can_be_dictated():
    """A code has six letters or digits that are not mistaken for each other."""
    codes = {logs.new_reference() for _each in range(50)}
    assert len(codes) == 50
    assert all(len(code) == 6 and not set(code) & set("01OIL") for code in codes)


@given(st.text(), st.integers(100_000_000, 999_999_999))
def test_whatever_stands_around_it_a_phone_is_struck_out(around: str, number: int):
    """No text makes a phone readable again."""
    said = f"{around} 0{number} {around}"
    assert f"0{number}" not in logs.redact(said).replace(around, "")
