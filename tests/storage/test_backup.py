"""Backup and restore: taken while the service writes, restored elsewhere, equal."""

import asyncio
import base64
import gzip
import io
import json
import tarfile
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select

from bot.app import App, open_app
from bot.clock import FixedClock
from bot.commands.backup import backup
from bot.commands.restore import restore
from bot.control import BUSY, DONE, FAILED, WRONG, hold
from bot.settings import Settings
from storage import inbox, migrate, outbox
from storage.db import Kind, create_engine_for
from storage.sealing import Keys
from tests import town as towns
from tests.town import SECRET, START, Databases

KEYS = Keys.derive(SECRET.encode())


@pytest.fixture(params=["sqlite", "postgres"])
async def office(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[App]:
    """A sample office, open."""
    folder = tmp_path / "data"
    url = await databases.fresh(request.param, folder)
    async with open_app(towns.settings(folder, url), clock=FixedClock(START)) as app:
        (folder / "files").mkdir(exist_ok=True)
        (folder / "files" / "abc").write_bytes(b"\x89PNG")
        (folder / "clips" / "tay").mkdir(parents=True)
        (folder / "clips" / "tay" / "greeting.ogg").write_bytes(b"OggS")
        (folder / "commune.toml").write_text('name = "UBND xã Suối Lành"\nprovince = "tỉnh mẫu"\n')
        yield app
    if url:
        databases.drop(url)


@pytest.fixture
def elsewhere(office: App, databases: Databases, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a machine where there is nothing yet, but for the key on paper."""
    url = databases.empty_postgres() if office.database.postgres else ""
    yield towns.settings(tmp_path / "elsewhere", url)
    if url:
        databases.drop(url)


def rows(settings: Settings) -> dict[str, list[Any]]:
    """Everything that is in a database."""
    engine = create_engine_for(settings.database, KEYS, readonly=True)
    try:
        with engine.connect() as db:
            tables = migrate.tables().sorted_tables
            return {
                table.name: list(map(tuple, db.execute(select(table).order_by(*table.primary_key)))) for table in tables
            }
    finally:
        engine.dispose()


def take(settings: Settings, target: Path) -> list[str]:
    """A backup that succeeds; what it said."""
    said: list[str] = []
    assert backup(settings, {"file": str(target)}, said.append) == DONE, said
    return said


def bring_back(settings: Settings, source: Path) -> tuple[int, str]:
    said: list[str] = []
    return restore(settings, {"file": str(source)}, said.append), "\n".join(said)


async def test_restored_elsewhere_it_is_equal(office: App, elsewhere: Settings, tmp_path: Path):
    """Every row, received file and the commune file come back, and the office opens on them."""
    said = await asyncio.to_thread(take, office.settings, tmp_path / "backup.tar.gz")
    assert any("SECRET_KEY" in each for each in said)
    code, words = await asyncio.to_thread(bring_back, elsewhere, tmp_path / "backup.tar.gz")
    assert code == DONE, words
    assert "khóa bí mật đúng" in words
    assert rows(elsewhere) == rows(office.settings)
    assert (elsewhere.data_dir / "files" / "abc").read_bytes() == b"\x89PNG"
    assert (elsewhere.data_dir / "clips" / "tay" / "greeting.ogg").read_bytes() == b"OggS"
    assert (elsewhere.data_dir / "commune.toml").read_text().startswith("name")
    leftovers = [path.name for path in elsewhere.data_dir.iterdir() if path.name.startswith(".")]
    assert leftovers == []


async def test_ids_go_on_where_they_were(office: App, elsewhere: Settings, tmp_path: Path):
    """After a restore a new row gets a new id, not one that exists."""
    await asyncio.to_thread(take, office.settings, tmp_path / "backup.tar.gz")
    assert (await asyncio.to_thread(bring_back, elsewhere, tmp_path / "backup.tar.gz"))[0] == DONE
    (elsewhere.data_dir / "commune.toml").unlink()  # else the sample database would be refused

    async with open_app(elsewhere, clock=FixedClock(START)) as again:
        before = await again.database.read(lambda db: db.execute(select(func.max(outbox.outbox.c.id))).scalar() or 0)
        await again.database.write(lambda db: pair(db, START, 0))
        after = await again.database.read(lambda db: db.execute(select(func.max(outbox.outbox.c.id))).scalar())
    assert after > before


def pair(db: Connection, now: datetime, number: int) -> None:
    """Two rows that only ever exist together."""
    event = inbox.Event("web", "box", f"chat-{number % 7}", "s", f"event-{number}", b"{}" * 50)
    assert inbox.accept(db, 1, event, now)
    message = outbox.Row("web", "box", f"chat-{number % 7}", "answer", {"text": f"answer {number}"}, now, now)
    outbox.put(db, 1, message)


async def test_a_backup_under_load_is_one_instant(office: App, elsewhere: Settings, tmp_path: Path):
    """While turns are committed without a pause, the backup ends and holds all of each transaction up to one moment."""
    written, stop = 0, False
    padding = {"commune_id": 1, "job": "padding"}  # some megabytes, so that the copy takes several stretches

    def pad(db: Connection) -> None:
        from storage.ticks import tick

        db.execute(insert(tick), [padding | {"at": START + timedelta(milliseconds=i)} for i in range(60_000)])

    async def load() -> None:
        nonlocal written
        while not stop:
            await office.database.write(pair, START, written, kind=Kind.TURN)
            written += 1

    await office.database.write(pad)
    loading = asyncio.create_task(load())
    while written < 20:  # noqa: ASYNC110  # it counts, it has no event
        await asyncio.sleep(0.01)
    begun = written
    await asyncio.to_thread(take, office.settings, tmp_path / "backup.tar.gz")
    ended = written
    stop = True
    await loading
    assert (await asyncio.to_thread(bring_back, elsewhere, tmp_path / "backup.tar.gz"))[0] == DONE
    now, then = rows(office.settings), rows(elsewhere)
    events = sum(row[5].startswith("event-") for row in then["inbox"])
    assert begun <= events <= ended + 1
    assert events == len(then["outbox"]) - (len(now["outbox"]) - written)
    for name in ("inbox", "outbox"):
        assert then[name] == now[name][: len(then[name])]


async def test_a_backup_leaves_the_key_out(office: App, tmp_path: Path):
    """Neither the secret key nor a database in use is a member; every member stands in the manifest."""
    (office.settings.data_dir / "secret.key").write_text(SECRET)
    await asyncio.to_thread(take, office.settings, tmp_path / "backup.tar.gz")
    assert (tmp_path / "backup.tar.gz").stat().st_mode & 0o777 == 0o600
    with tarfile.open(tmp_path / "backup.tar.gz") as tar:
        names = tar.getnames()
        manifest = json.loads(tar.extractfile("manifest.json").read())
    assert sorted(manifest["sha256"]) == sorted(set(names) - {"manifest.json"})
    assert names[-1] == "manifest.json"
    assert not any("secret" in name or name.endswith(("-wal", "-shm")) for name in names)
    assert SECRET.encode() not in gzip.decompress((tmp_path / "backup.tar.gz").read_bytes())


async def test_an_earlier_backup_is_replaced_and_nothing_else(office: App, tmp_path: Path):
    """A second backup of the name replaces the first; a file that is no backup is not touched."""
    await asyncio.to_thread(take, office.settings, tmp_path / "backup.tar.gz")
    await asyncio.to_thread(take, office.settings, tmp_path / "backup.tar.gz")
    (tmp_path / "letter.txt").write_text("kept")
    for target in (tmp_path / "letter.txt", tmp_path / "no" / "folder.tar.gz"):
        assert backup(office.settings, {"file": str(target)}, lambda _line: None) == FAILED
    assert (tmp_path / "letter.txt").read_text() == "kept"
    assert list(tmp_path.glob(".*")) == []  # noqa: ASYNC240


async def test_restore_refuses_where_something_is(office: App, elsewhere: Settings, tmp_path: Path):
    """A DATA_DIR or database with anything in it is left as it is; so is one that somebody works in."""
    target = tmp_path / "backup.tar.gz"
    await asyncio.to_thread(take, office.settings, target)
    code, words = bring_back(office.settings, target)
    assert (code, "đã có dữ liệu" in words) == (FAILED, True)
    full = towns.settings(tmp_path / "third", office.settings.database)
    code, words = bring_back(full, target)
    assert code == FAILED
    assert "Đã có" in words or "đã có dữ liệu" in words
    with hold(elsewhere.data_dir):
        assert bring_back(elsewhere, target)[0] == BUSY
    assert bring_back(elsewhere, target)[0] == DONE


async def test_restore_wants_the_same_key(office: App, elsewhere: Settings, tmp_path: Path):
    """With another key, or none, nothing is put in place."""
    target = tmp_path / "backup.tar.gz"
    await asyncio.to_thread(take, office.settings, target)
    other = elsewhere.model_copy(update={"secret_key": "another-secret-that-is-long-enough-too"})
    code, words = bring_back(other, target)
    assert code == FAILED
    assert "SECRET_KEY không phải khóa" in words
    none = elsewhere.model_copy(update={"secret_key": ""})
    assert bring_back(none, target)[0] == WRONG
    assert not (elsewhere.data_dir / "secret.key").exists()
    assert bring_back(elsewhere, target)[0] == DONE


def rewritten(source: Path, target: Path, change: Any) -> Path:
    """The same archive with `change(name, bytes) -> (name, bytes) | None` applied to each member."""
    with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
        for member in old:
            changed = change(member.name, old.extractfile(member).read())
            if changed is not None:
                info = tarfile.TarInfo(changed[0])
                info.size = len(changed[1])
                new.addfile(info, io.BytesIO(changed[1]))
    return target


def with_manifest(**values: Any) -> Any:
    def change(name: str, content: bytes) -> tuple[str, bytes]:
        return (name, json.dumps(json.loads(content) | values).encode()) if name == "manifest.json" else (name, content)

    return change


DAMAGES = {
    "a file changed": lambda name, content: (name, content + b"x" if name == "files/abc" else content),
    "a file missing": lambda name, content: None if name == "files/abc" else (name, content),
    "no manifest": lambda name, content: None if name == "manifest.json" else (name, content),
    "a path outside": lambda name, content: ("files/../../abc" if name == "files/abc" else name, content),
    "a foreign member": lambda name, content: ("etc/passwd" if name == "files/abc" else name, content),
    "a newer format": with_manifest(format=99),
    "a newer schema": with_manifest(revision="9999"),
    "a broken manifest": with_manifest(sha256=None),
    "a broken key check": with_manifest(key_check=base64.b64encode(b"short").decode()),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("office", ["sqlite"], indirect=True)  # the same code on both
async def test_a_damaged_backup_is_refused(office: App, elsewhere: Settings, tmp_path: Path, damage: str):
    """What does not prove itself is not put in place, and the place stays empty for a good one."""
    good = tmp_path / "backup.tar.gz"
    await asyncio.to_thread(take, office.settings, good)
    bad = rewritten(good, tmp_path / "bad.tar.gz", DAMAGES[damage])
    code, words = bring_back(elsewhere, bad)
    assert code == FAILED, words
    assert not (tmp_path / "abc").exists()
    assert bring_back(elsewhere, good)[0] == DONE


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
async def test_a_cut_or_missing_archive_is_refused(office: App, elsewhere: Settings, tmp_path: Path):
    """Half a file, a file of something else and no file are told in a sentence."""
    good = tmp_path / "backup.tar.gz"
    await asyncio.to_thread(take, office.settings, good)
    (tmp_path / "half.tar.gz").write_bytes(good.read_bytes()[:5000])
    (tmp_path / "text.tar.gz").write_text("hello")
    for name in ("half", "text", "none"):
        code, words = bring_back(elsewhere, tmp_path / f"{name}.tar.gz")
        assert code == FAILED
        assert words.endswith(".")


async def test_a_restore_that_failed_can_be_repeated(office: App, elsewhere: Settings, tmp_path: Path):
    """A table that lacks rows is found; nothing of the try stands in the way of the next."""
    good = tmp_path / "backup.tar.gz"
    await asyncio.to_thread(take, office.settings, good)
    manifest: dict[str, Any] = {}

    def note(name: str, content: bytes) -> tuple[str, bytes]:
        if name == "manifest.json":
            manifest.update(json.loads(content))
            manifest["rows"]["citizen"] += 1
            return name, json.dumps(manifest).encode()
        return name, content

    code, words = bring_back(elsewhere, rewritten(good, tmp_path / "bad.tar.gz", note))
    assert code == FAILED, words
    assert bring_back(elsewhere, good)[0] == DONE


async def test_one_kind_of_database_is_not_the_other(office: App, databases: Databases, tmp_path: Path):
    """A backup of SQLite is refused where PostgreSQL is set, and the other way round."""
    good = tmp_path / "backup.tar.gz"
    await asyncio.to_thread(take, office.settings, good)
    url = "" if office.database.postgres else databases.empty_postgres()
    code, words = bring_back(towns.settings(tmp_path / "elsewhere", url), good)
    assert code == FAILED
    assert "DATABASE_URL" in words
    if url:
        databases.drop(url)


def test_nothing_to_back_up_is_said(tmp_path: Path):
    """Before the first start there is nothing to keep."""
    said: list[str] = []
    assert backup(towns.settings(tmp_path / "data"), {"file": str(tmp_path / "x.tar.gz")}, said.append) == FAILED
    assert "Chưa có gì" in said[0]
