"""`python -m bot backup FILE`: one .tar.gz from which `restore` makes the same office elsewhere; the service runs on.

In it: the database as it was at one instant, commune.toml, received files, letters and clips, and last a manifest with
the SHA-256 of every member. Not in it: the secret key, so a lost backup tells nobody anything that was sealed; a sealed
word in the manifest lets `restore` see whether it has the same key.

SQLite: the backup API over a read-only connection that holds one read transaction, since otherwise every write of the
service would start the copy again. PostgreSQL: COPY of each table within one REPEATABLE READ snapshot, so no pg_dump of
the right version is needed. Files are added after the database, so every file it knows is there unless deleted since.
"""

import base64
import hashlib
import os
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import orjson
import psycopg
from psycopg import sql
from sqlalchemy import Connection, inspect, text

from bot.commands.check import known_secret
from bot.control import DONE, FAILED, Say
from bot.settings import Settings
from storage import migrate
from storage.db import create_engine_for, sqlite_path
from storage.sealing import Keys

FORMAT = 1
FOLDERS = ("files", "letters", "clips", "sealed")
"""What of DATA_DIR goes into a backup besides the database and commune.toml."""
KEY_CHECK = b"gandan"
PAGES = 500
"""Pages copied at a stretch: 2 MB, then the service has its turn."""


def backup(settings: Settings, arguments: Mapping[str, Any], say: Say) -> int:
    """Write the backup to `arguments["file"]`, whole or not at all; an earlier backup of that name is replaced."""
    target = Path(arguments["file"])
    secret = known_secret(settings)
    if secret is None or (not settings.on_postgresql and not sqlite_path(settings.database).exists()):
        say("Chưa có gì để sao lưu: chưa có cơ sở dữ liệu hoặc khóa bí mật.")
        return FAILED
    if not target.parent.is_dir() or (target.exists() and not _is_gzip(target)):
        say(f"Không ghi vào {target}: không có thư mục đó, hoặc tệp đang có không phải bản sao lưu.")
        return FAILED
    keys = Keys.derive(secret)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        archive = _Archive(Path(folder) / "archive.tar.gz")
        with archive:
            dump = _postgresql if settings.on_postgresql else _sqlite
            manifest = _about(keys) | dump(settings.database, keys, Path(folder), archive, say)
            archive.add_tree(settings.data_dir)
            archive.close_with(manifest)
        os.replace(archive.path, target)
        _sync(target.parent)
    rows = sum(manifest["rows"].values())
    say(f"Đã sao lưu vào {target}: {rows} dòng dữ liệu, {archive.files} tệp.")
    say("Bản sao không chứa SECRET_KEY. Muốn khôi phục phải có khóa này; xin giữ bản giấy ở nơi khác.")
    return DONE


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _about(keys: Keys) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": version("gandan"),
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "key_check": base64.b64encode(keys.seal(KEY_CHECK)).decode(),
    }


class _Archive:
    """A tar.gz in the making: every member is hashed as it goes in."""

    def __init__(self, path: Path) -> None:
        self.path, self.files, self._sums = path, 0, dict[str, str]()
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w:gz", compresslevel=6)  # noqa: SIM115  # closed in __exit__

    def __enter__(self) -> "_Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def add(self, path: Path, name: str) -> None:
        with path.open("rb") as file:
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = os.fstat(file.fileno()).st_size, int(path.stat().st_mtime), 0o600
            hashed = _Hashed(file)
            self._tar.addfile(info, hashed)
            self._sums[name] = hashed.sum.hexdigest()

    def add_tree(self, data_dir: Path) -> None:
        """commune.toml and the folders of files; one that was pruned meanwhile is left out."""
        if (data_dir / "commune.toml").exists():
            self.add(data_dir / "commune.toml", "commune.toml")
        for folder in FOLDERS:
            for path in sorted((data_dir / folder).rglob("*")):
                if path.is_file() and not path.is_symlink():
                    try:
                        self.add(path, str(path.relative_to(data_dir)))
                    except FileNotFoundError:
                        continue
                    self.files += 1

    def close_with(self, manifest: Mapping[str, Any]) -> None:
        written = self.path.with_name("manifest.json")
        written.write_bytes(orjson.dumps({**manifest, "sha256": self._sums}, option=orjson.OPT_INDENT_2))
        self.add(written, "manifest.json")


class _Hashed:
    """A file whose bytes are hashed as they are read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.sum = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self.sum.update(block)
        return block


def _names() -> list[str]:
    return sorted(migrate.tables().tables)


# SQLite ---------------------------------------------------------------------------------------------------------------


def _sqlite(url: str, keys: Keys, folder: Path, archive: _Archive, say: Say) -> dict[str, Any]:
    copy = folder / "gandan.db"
    source = sqlite3.connect(f"{sqlite_path(url).absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # now the snapshot is taken
        target = sqlite3.connect(copy, isolation_level=None)
        try:
            source.backup(target, pages=PAGES, progress=_Progress(say))
            target.execute("PRAGMA journal_mode=DELETE")
            about = _about_sqlite(target)
        finally:
            target.close()
    finally:
        source.close()
    archive.add(copy, "database/gandan.db")
    return about


def _about_sqlite(db: sqlite3.Connection) -> dict[str, Any]:
    there = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    return {
        "engine": "sqlite",
        "revision": db.execute("SELECT version_num FROM alembic_version").fetchone()[0],
        "rows": {
            name: db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # our own names
            for name in _names()
            if name in there
        },
    }


class _Progress:
    """Says about once in two seconds how far the copy is, and lets the service's disk breathe in between."""

    def __init__(self, say: Say) -> None:
        self._say, self._last = say, time.monotonic()

    def __call__(self, status: int, remaining: int, total: int) -> None:
        time.sleep(0.001)
        if time.monotonic() - self._last >= 2:
            self._last = time.monotonic()
            self._say(f"Đã chép {100 * (total - remaining) // max(total, 1)}%…")


# PostgreSQL -----------------------------------------------------------------------------------------------------------


def _postgresql(url: str, keys: Keys, folder: Path, archive: _Archive, say: Say) -> dict[str, Any]:
    engine = create_engine_for(url, keys, readonly=True)
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as db:
            about = _about_postgresql(db)
            raw = db.connection.driver_connection
            assert isinstance(raw, psycopg.Connection)
            for name in about["rows"]:
                part = folder / f"{name}.csv"
                _copy_out(raw, name, about["columns"][name], part)
                archive.add(part, f"database/{name}.csv")
                part.unlink()
                say(f"Đã chép bảng {name}.")
            about["sequences"] = _sequences(db, about["columns"])
    finally:
        engine.dispose()
    return about


def _about_postgresql(db: Connection) -> dict[str, Any]:
    ours, found = set(_names()), inspect(db)
    order = [name for name, _ in found.get_sorted_table_and_fkc_names() if name is not None and name in ours]
    columns = {name: [column["name"] for column in found.get_columns(name)] for name in order}
    counts = {name: db.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in order}
    return {"engine": "postgresql", "revision": migrate.current(db), "rows": counts, "columns": columns}


def _copy_out(raw: "psycopg.Connection[Any]", table: str, columns: list[str], path: Path) -> None:
    statement = sql.SQL("COPY {} ({}) TO STDOUT (FORMAT csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with path.open("wb") as file, raw.cursor() as cursor, cursor.copy(statement) as rows:
        for block in rows:
            file.write(block)


def _sequences(db: Connection, columns: Mapping[str, list[str]]) -> dict[str, list[Any]]:
    """How far each id counter has come: an id that was given and deleted must not be given again. Read last, so it is
    at or beyond every id of the snapshot."""
    found = {}
    for table in (name for name, there in columns.items() if "id" in there):
        counter = db.execute(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": f'"{table}"'}).scalar()
        if counter is not None:
            found[table] = list(db.execute(text(f"SELECT last_value, is_called FROM {counter}")).one())
    return found
