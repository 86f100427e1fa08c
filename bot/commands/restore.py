"""`python -m bot restore FILE`: makes an office from a backup, into an empty DATA_DIR and an empty database only.

Everything is unpacked and proved before anything is put in place: the SHA-256 of each member, the row counts, that this
program knows the schema, and that the secret key at hand opens what the backup's key sealed. A wrong key would give an
office that works and has forgotten every word, so that is refused.
"""

import base64
import hashlib
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import orjson
import psycopg
from psycopg import sql
from sqlalchemy import Connection, inspect, text

from bot.commands.backup import FOLDERS, FORMAT, KEY_CHECK
from bot.commands.check import known_secret
from bot.control import BUSY, DONE, FAILED, WRONG, Busy, Say, hold
from bot.settings import Settings
from storage import migrate
from storage.db import create_engine_for, sqlite_path
from storage.sealing import Keys, Unreadable

MAY_BE_THERE = frozenset({"secret.key", "service.lock", "control.lock", "control.sock", "lost+found", ".env"})
"""What an empty DATA_DIR may hold: the key of the office that comes back, and our own locks."""
BLOCK = 1 << 20


class Refused(Exception):
    """The backup is not put in place; its text says why, in a sentence for the operator."""


def restore(settings: Settings, arguments: Mapping[str, Any], say: Say) -> int:
    """Restore `arguments["file"]`; refuses unless there is nothing yet."""
    secret = known_secret(settings)
    if secret is None:
        say(f"Chưa có khóa bí mật. Xin đặt SECRET_KEY đã cất trên giấy, hoặc chép vào {settings.data_dir}/secret.key.")
        return WRONG
    keys = Keys.derive(secret)
    try:
        with hold(settings.data_dir):
            _must_be_empty(settings, keys)
            with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=".restore-") as folder:
                manifest = _unpack(Path(arguments["file"]), Path(folder))
                _prove(manifest, settings, keys)
                say("Bản sao lưu nguyên vẹn; khóa bí mật đúng.")
                _put_in_place(manifest, Path(folder), settings, keys)
    except Busy as busy:
        say(str(busy))
        return BUSY
    except Refused as why:
        say(str(why))
        return FAILED
    say(f"Đã khôi phục {sum(manifest['rows'].values())} dòng dữ liệu, sao lưu lúc {manifest['made_at']}.")
    say("Xin chạy: python -m bot check, rồi khởi động dịch vụ.")
    return DONE


def _must_be_empty(settings: Settings, keys: Keys) -> None:
    there = sorted(path.name for path in settings.data_dir.iterdir() if path.name not in MAY_BE_THERE)
    if there:
        raise Refused(
            f"{settings.data_dir} đã có dữ liệu ({', '.join(there[:5])}). Xin khôi phục vào một thư mục trống."
        )
    if not settings.on_postgresql:
        if sqlite_path(settings.database).exists():
            raise Refused(f"Đã có {sqlite_path(settings.database)}; không ghi đè.")
        return
    engine = create_engine_for(settings.database, keys, readonly=True)
    try:
        with engine.connect() as db:
            if any(db.execute(text(f'SELECT 1 FROM "{name}" LIMIT 1')).first() for name in _there(db)):
                raise Refused("Cơ sở dữ liệu đã có dữ liệu. Xin khôi phục vào một cơ sở dữ liệu trống.")
    finally:
        engine.dispose()


def _there(db: Connection) -> list[str]:
    ours = migrate.tables().tables
    return [name for name, _ in inspect(db).get_sorted_table_and_fkc_names() if name is not None and name in ours]


# The archive ----------------------------------------------------------------------------------------------------------


def _unpack(archive: Path, folder: Path) -> dict[str, Any]:
    """All members into `folder`, each proved against the manifest, which is returned."""
    try:
        sums = _unpack_all(archive, folder)
        manifest: dict[str, Any] = orjson.loads((folder / "manifest.json").read_bytes())
        said = dict(manifest["sha256"])
    except FileNotFoundError:
        raise Refused(f"Không có tệp {archive}, hoặc tệp không phải bản sao lưu.") from None
    except (tarfile.TarError, zlib.error, OSError, EOFError, ValueError, KeyError, TypeError):
        raise Refused("Bản sao lưu bị hỏng hoặc chưa đủ. Xin dùng một bản khác.") from None
    sums.pop("manifest.json")
    if sums != said:
        raise Refused("Bản sao lưu không khớp mã kiểm tra. Xin dùng một bản khác.")
    return manifest


def _unpack_all(archive: Path, folder: Path) -> dict[str, str]:
    sums = {}
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            source = tar.extractfile(member) if member.isreg() and _is_ours(member.name) else None
            if source is None:
                raise Refused("Trong bản sao lưu có mục lạ. Xin dùng một bản khác.")
            target = folder / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            digest = hashlib.sha256()
            with target.open("xb") as file:
                while block := source.read(BLOCK):
                    digest.update(block)
                    file.write(block)
            sums[member.name] = digest.hexdigest()
    return sums


def _is_ours(name: str) -> bool:
    parts = PurePosixPath(name).parts
    if ".." in parts or name.startswith("/") or not parts:
        return False
    return name in ("manifest.json", "commune.toml") or (len(parts) > 1 and parts[0] in ("database", *FOLDERS))


def _prove(manifest: Mapping[str, Any], settings: Settings, keys: Keys) -> None:
    if manifest.get("format") != FORMAT or not migrate.knows(str(manifest.get("revision"))):
        raise Refused("Bản sao lưu do bản mới hơn của chương trình ghi. Xin cài bản đó rồi khôi phục.")
    if (manifest["engine"] == "postgresql") != settings.on_postgresql:
        raise Refused(f"Bản sao lưu này là của {manifest['engine']}. Xin đặt DATABASE_URL cùng loại.")
    try:
        same = keys.unseal(base64.b64decode(manifest["key_check"])) == KEY_CHECK
    except Unreadable:
        same = False
    if not same:
        raise Refused("SECRET_KEY không phải khóa của bản sao lưu này. Xin đặt đúng khóa đã cất trên giấy.")


# Putting in place -----------------------------------------------------------------------------------------------------


def _put_in_place(manifest: Mapping[str, Any], folder: Path, settings: Settings, keys: Keys) -> None:
    (_postgresql if settings.on_postgresql else _sqlite)(manifest, folder / "database", settings.database, keys)
    for name in ("commune.toml", *FOLDERS):
        if (folder / name).exists():
            shutil.move(folder / name, settings.data_dir / name)


def _sqlite(manifest: Mapping[str, Any], folder: Path, url: str, keys: Keys) -> None:
    source = folder / "gandan.db"
    db = sqlite3.connect(source)
    try:
        sound = db.execute("PRAGMA quick_check").fetchone()[0] == "ok"
        counts = {name: db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in manifest["rows"]}
    finally:
        db.close()
    if not sound or counts != manifest["rows"]:
        raise Refused("Cơ sở dữ liệu trong bản sao lưu bị hỏng. Xin dùng một bản khác.")
    shutil.move(source, sqlite_path(url))
    migrate.upgrade(url, keys)


def _postgresql(manifest: Mapping[str, Any], folder: Path, url: str, keys: Keys) -> None:
    """Tables as they were at the backup's revision, filled in one transaction, then brought to today's."""
    engine = create_engine_for(url, keys)
    try:
        with engine.begin() as db:
            for name in reversed(_there(db)):  # empty ones, left by a restore that failed or a first start
                db.execute(text(f'DROP TABLE "{name}" CASCADE'))
            db.execute(text("DROP TABLE IF EXISTS alembic_version"))
        migrate.upgrade(url, keys, str(manifest["revision"]))
        with engine.begin() as db:
            _fill(db, manifest, folder)
    finally:
        engine.dispose()
    migrate.upgrade(url, keys)


def _fill(db: Connection, manifest: Mapping[str, Any], folder: Path) -> None:
    raw = db.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    for table, rows in manifest["rows"].items():
        if _copy_in(raw, table, manifest["columns"][table], folder / f"{table}.csv") != rows:
            raise Refused(f"Bảng {table} trong bản sao lưu không đủ dòng. Xin dùng một bản khác.")
    for table, (value, called) in manifest["sequences"].items():
        statement = text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :value, :called)")
        db.execute(statement, {"name": f'"{table}"', "value": value, "called": called})


def _copy_in(raw: "psycopg.Connection[Any]", table: str, columns: list[str], path: Path) -> int:
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with path.open("rb") as file, raw.cursor() as cursor:
        with cursor.copy(statement) as rows:
            while block := file.read(BLOCK):
                rows.write(block)
        return cursor.rowcount
