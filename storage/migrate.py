"""The schema: brought to the newest revision at every start, by Alembic, configured here and nowhere else.

A migration runs in one transaction on both engines. On PostgreSQL it holds an advisory lock, so of many processes that
start together one migrates and the others find the work done. On SQLite it has a connection of its own, before the
writer starts: foreign keys are off while Alembic rebuilds tables (they cannot be switched inside a transaction) and are
checked before COMMIT. There is no way down; the way back is the backup.

For who changes a table: `python -m storage.migrate revision "What changes."` writes the next revision from the
difference to the tables declared in `storage`. A test fails while revisions and declarations differ.
"""

import importlib
import pkgutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text

import storage
from storage.db import create_engine_for, is_postgres, metadata
from storage.sealing import Keys

FOLDER = Path(__file__).parent / "migrations"
_alone = threading.Lock()  # Alembic keeps its context in a module
LOCK = 0x67616E64616E  # any number, the same in every process: "gandan"


class NewerSchema(Exception):
    """The database was migrated by a newer version of this program."""


class BrokenReferences(Exception):
    """A migration left rows that point nowhere; it was rolled back."""


def tables() -> MetaData:
    """Every table that is declared anywhere in `storage`."""
    for module in pkgutil.iter_modules(storage.__path__):
        if not module.ispkg and module.name != "migrate":
            importlib.import_module(f"storage.{module.name}")
    return metadata


def head() -> str:
    """The newest revision this program knows."""
    return next(iter(_revisions(FOLDER)), "")


def current(db: Connection) -> str | None:
    """The revision of a database; None when it was never migrated."""
    return MigrationContext.configure(db).get_current_revision()


def knows(revision: str) -> bool:
    """Whether this program can read a database or backup of that revision."""
    return revision in _revisions(FOLDER)


@cache
def _revisions(folder: Path) -> tuple[str, ...]:
    """Every revision in that folder, newest first; read once, for Alembic compiles and runs each of its files."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def upgrade(url: str, keys: Keys, revision: str = "head") -> str:
    """Bring the database to `revision` and return it; raises NewerSchema, BrokenReferences."""
    with _alone, _connection(url, keys) as db:
        found = current(db)
        if found is not None and not knows(found):
            raise NewerSchema(found)
        if found == (head() if revision == "head" else revision):
            return found
        config = _config()
        config.attributes["connection"] = db
        command.upgrade(config, revision)
        if not is_postgres(db) and db.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
            raise BrokenReferences("foreign_key_check")
        return current(db) or ""


@contextmanager
def _connection(url: str, keys: Keys) -> Iterator[Connection]:
    engine = create_engine_for(url, keys)
    try:
        with engine.connect() as db:
            if not is_postgres(db):
                # Through the driver, because SQLAlchemy would begin a transaction, where this pragma does nothing.
                raw = db.connection.driver_connection
                assert raw is not None
                raw.execute("PRAGMA foreign_keys=OFF")
            with db.begin():
                if is_postgres(db):
                    db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
                yield db
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def write_revision(message: str) -> Path:
    """Write the next revision: what differs between the revisions so far, on a scratch database, and the tables."""
    keys = Keys.derive(b"scratch")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/scratch.db"
        upgrade(url, keys)
        with _connection(url, keys) as db:
            config = _config()
            config.attributes["connection"] = db
            number = f"{int(head() or 0) + 1:04}"
            script = command.revision(config, message, autogenerate=True, rev_id=number)
    assert script is not None
    assert not isinstance(script, list)
    path = Path(script.path)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.lstrip().startswith("# ###")), encoding="utf-8")
    return path


if __name__ == "__main__":
    if sys.argv[1:2] != ["revision"] or len(sys.argv) != 3:
        raise SystemExit('python -m storage.migrate revision "What changes."')
    print(write_revision(sys.argv[2]))
