"""Migrations: the schema they make is the schema the code declares, and many processes may start at once."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from storage import migrate
from storage.db import create_engine_for, is_postgres
from storage.sealing import Keys
from tests.town import Databases

ROOT = Path(__file__).parents[2]
KEYS = Keys.derive(b"migrations")


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Iterator[str]:
    """The address of a database with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.db'}"
        return
    url = databases.empty_postgres()
    yield url
    databases.drop(url)


def looks_at(url: str, work: Any) -> Any:
    engine = create_engine_for(url, KEYS)
    try:
        with engine.begin() as db:
            return work(db)
    finally:
        engine.dispose()


def indexes(db: Connection) -> set[str]:
    """Every index as the database would write it, with its condition."""
    if is_postgres(db):
        found = db.execute(text("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'")).scalars()
    else:
        found = db.execute(text("SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")).scalars()
    return {" ".join(each.replace('"', "").split()) for each in found if "alembic_version" not in each}


def test_migrations_make_the_declared_schema(empty: str):
    """A migrated database differs in nothing from the tables the storage modules declare."""
    migrate.upgrade(empty, KEYS)

    def differences(db: Connection) -> list[Any]:
        context = MigrationContext.configure(db, opts={"compare_type": True})
        return list(compare_metadata(context, migrate.tables()))

    assert looks_at(empty, differences) == []


def test_partial_indexes_are_kept(empty: str, databases: Databases, tmp_path: Path):
    """Indexes are the declared ones to the letter, the conditions of partial ones included."""
    migrate.upgrade(empty, KEYS)
    declared = databases.empty_postgres() if empty.startswith("postgresql") else f"sqlite:///{tmp_path / 'declared.db'}"
    looks_at(declared, lambda db: migrate.tables().create_all(db))
    migrated = looks_at(empty, indexes)
    assert migrated == looks_at(declared, indexes)
    assert any("WHERE" in each for each in migrated)
    if empty.startswith("postgresql"):
        databases.drop(declared)


def test_migrating_again_changes_nothing(empty: str):
    """A second start finds the newest revision."""
    assert migrate.upgrade(empty, KEYS) == migrate.upgrade(empty, KEYS) == migrate.head()
    assert looks_at(empty, migrate.current) == migrate.head()


def test_processes_that_start_together_migrate_once(empty: str):
    """Of several that begin at the same moment one migrates and the others find the work done."""
    code = (
        "import sys; from storage import migrate as m, sealing; print(m.upgrade(sys.argv[1], sealing.Keys.derive(b'')))"
    )
    several = [
        subprocess.Popen([sys.executable, "-c", code, empty], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _each in range(3)
    ]
    assert [each.communicate()[0].strip() for each in several] == [migrate.head()] * 3


def test_a_newer_schema_is_refused(empty: str):
    """A database that a newer program migrated is left alone."""
    migrate.upgrade(empty, KEYS)
    looks_at(empty, lambda db: db.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(migrate.NewerSchema):
        migrate.upgrade(empty, KEYS)
    assert looks_at(empty, migrate.current) == "9999"


def test_rows_that_point_nowhere_undo_the_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A migration that leaves broken references is rolled back as a whole."""
    url = f"sqlite:///{tmp_path / 'new.db'}"
    upgrade = migrate.command.upgrade

    def and_break(config: Any, revision: str) -> None:
        upgrade(config, revision)
        config.attributes["connection"].execute(
            text("INSERT INTO official_address VALUES (1, 1, 99, 'web', 'box', 'somebody')")
        )

    monkeypatch.setattr(migrate.command, "upgrade", and_break)
    with pytest.raises(migrate.BrokenReferences):
        migrate.upgrade(url, KEYS)
    assert looks_at(url, migrate.current) is None


def test_a_revision_is_written_from_the_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The next revision is numbered, holds what differs, and is plain to read."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for name in ("env.py", "script.py.mako"):
        (folder / name).write_bytes((ROOT / "storage" / "migrations" / name).read_bytes())
    monkeypatch.setattr(migrate, "FOLDER", folder)
    written = migrate.write_revision("All at once.")
    content = written.read_text()
    assert written.name.startswith("0001_")
    assert "op.create_table" in content
    assert "UtcTime" not in content
    assert "###" not in content


def test_migrations_are_in_the_package():
    """What setuptools would put into a wheel has the environment and every revision."""
    from setuptools import find_packages

    packages = find_packages(str(ROOT), include=["storage*"])
    assert {"storage.migrations", "storage.migrations.versions"} <= set(packages)


def test_the_command_says_how_it_is_used():
    """Called wrongly, `python -m storage.migrate` names the right call."""
    done = subprocess.run(
        [sys.executable, "-m", "storage.migrate"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert 'revision "What changes."' in done.stderr
