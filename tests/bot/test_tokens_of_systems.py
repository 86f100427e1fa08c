"""`python -m bot token`: said once, kept nowhere, revoked; with and without a running service."""

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Connection, text

from bot import __main__ as cli
from bot import logs
from bot.control import DONE, FAILED, WRONG, ask
from bot.settings import Settings
from storage import systems
from storage.sealing import Keys
from tests import town as towns
from tests.stores import KEYS, fresh
from tests.town import START, Databases

TOKEN = re.compile(r"\b[0-9a-f]{64}\b")
Bot = Callable[..., tuple[int, str]]


@pytest.fixture
def bot(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Bot:
    """`python -m bot token …` in this process, on an office of its own."""
    office = towns.settings(tmp_path / "data")
    loads = SimpleNamespace(load=lambda: office, model_fields=Settings.model_fields)
    monkeypatch.setattr(cli, "Settings", loads)
    monkeypatch.setattr(logs, "configure", lambda *_, **__: None)

    def run(*words: str) -> tuple[int, str]:
        capfd.readouterr()
        return cli.main(["token", *words]), capfd.readouterr().out

    return run


def test_a_token_is_said_once(bot: Bot) -> None:
    """Made, not made again, listed without it, revoked, and then another one."""
    assert bot() == (DONE, "")
    code, said = bot("mot-cua")
    (first,) = TOKEN.findall(said)
    assert code == DONE
    code, said = bot("mot-cua")
    assert code == FAILED
    assert "--revoke" in said
    code, said = bot()
    assert "mot-cua: mã thứ 1, tạo " in said
    assert "chưa gọi lần nào" in said
    assert TOKEN.search(said) is None
    assert bot("mot-cua", "--revoke")[0] == DONE
    assert bot("mot-cua", "--revoke")[0] == FAILED
    assert "thu hồi" in bot()[1]
    (second,) = TOKEN.findall(bot("mot-cua")[1])
    assert second != first


@pytest.mark.parametrize("name", ["Mot Cua", "một-cửa", "a", "x" * 41, "-a"])
def test_a_name_others_cannot_type_is_refused(bot: Bot, name: str) -> None:
    """Names stand in a header, so they are plain."""
    code, said = bot("--", name)
    assert code == WRONG
    assert "mot-cua-tinh" in said


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_no_token_is_in_the_database(kind: str, tmp_path: Path) -> None:
    """It follows from the secret key, the name and the serial; another office or key has another one."""
    from storage.db import create_engine_for

    with fresh(kind, tmp_path) as url:
        engine = create_engine_for(url, KEYS)
        with engine.begin() as db:
            made = systems.grant(db, 1, "mot-cua", START)
            assert made is not None
            assert systems.grant(db, 1, "mot-cua", START) is None
            assert systems.secret(db, 1, "mot-cua") == made
            assert systems.secret(db, 2, "mot-cua") is None
            assert made not in str(db.execute(text("SELECT * FROM system")).all())
        engine.dispose()
    assert systems.token(KEYS, 1, "mot-cua", 1) == made
    others = {systems.token(KEYS, 1, "mot-cua", 2), systems.token(KEYS, 2, "mot-cua", 1)}
    others |= {systems.token(Keys.derive(b"another"), 1, "mot-cua", 1), systems.token(KEYS, 1, "mot-cua-1", 1)}
    assert made not in others
    assert len(others) == 4


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_answers_and_calls_are_kept_for_their_time(kind: str, tmp_path: Path) -> None:
    """An answer is given again for a week, then both it and old calls are deleted."""
    from storage.db import create_engine_for

    def kept(db: Connection) -> int:
        return sum(
            db.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in ("system_answer", "system_call")
        )

    with fresh(kind, tmp_path) as url:
        engine = create_engine_for(url, KEYS)
        with engine.begin() as db:
            assert systems.claim(db, 1, "a", "k", "digest", START)
            assert not systems.claim(db, 1, "a", "k", "digest", START)
            systems.answer(db, 1, "a", "k", {"new": 1})
            systems.note(db, 1, "a", START, 200, {"new": 1})
            week = START + timedelta(days=7)
            assert systems.answered(db, 1, "a", "k", week - timedelta(seconds=1)) == systems.Answer(
                "digest", {"new": 1}
            )
            assert systems.answered(db, 1, "a", "k", week) is None
            assert systems.delete_old(db, week - timedelta(seconds=1), START) == 0
            assert systems.delete_old(db, week, START + timedelta(seconds=1)) == 2
            assert kept(db) == 0
        engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_the_running_service_makes_a_token(kind: str, databases: Databases, tmp_path: Path) -> None:
    """Over the control socket, and it works at once."""
    async with towns.of_the_sample(databases, kind, tmp_path) as town:
        said: list[str] = []
        code = await asyncio.wait_for(ask(town.settings.data_dir, "token", {"name": "mot-cua"}, said.append), 20)
        assert code == DONE, said
        (made,) = TOKEN.findall(" ".join(said))
        assert await town.read(systems.secret, 1, "mot-cua") == made
