"""Databases with every table and no rows, of both kinds, for tests that need no town."""

import atexit
import functools
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import Connection

from storage import migrate
from storage.db import create_engine_for
from storage.sealing import Keys

KEYS = Keys.derive(b"a secret for tests")
BOTH = ("sqlite", "postgres")
POSTGRES = "postgresql://postgres@127.0.0.1:5432"


@contextmanager
def fresh(kind: str, folder: Path) -> Iterator[str]:
    """The address of a new, empty database; dropped at the end."""
    if kind == "sqlite":
        path = folder / f"{uuid.uuid4().hex[:8]}.db"
        shutil.copy(_sqlite_template(), path)
        yield f"sqlite:///{path}"
        return
    name = f"gandan_{uuid.uuid4().hex[:12]}"
    admin(f"CREATE DATABASE {name} TEMPLATE {_postgres_template()}")
    try:
        yield _address(name)
    finally:
        admin(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def rolled_back(kind: str, folder: Path) -> Iterator[Connection]:
    """A connection to an empty database, in a transaction that is rolled back at the end."""
    path = folder / "rolled-back.db"
    if kind == "sqlite":
        shutil.copy(_sqlite_template(), path)
    engine = create_engine_for(f"sqlite:///{path}" if kind == "sqlite" else _lasting_postgres(), KEYS)
    with engine.connect() as db, db.begin() as transaction:
        yield db
        transaction.rollback()
    engine.dispose()


def admin(statement: str) -> None:
    """A statement that is about databases."""
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as db:
        db.execute(statement)


def _address(name: str) -> str:
    return f"{POSTGRES}/{name}".replace("postgresql://", "postgresql+psycopg://")


def _create_tables(url: str) -> None:
    engine = create_engine_for(url, KEYS)
    with engine.begin() as db:
        migrate.tables().create_all(db)
    engine.dispose()


@functools.cache
def _sqlite_template() -> Path:
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    path = Path(folder) / "template.db"
    _create_tables(f"sqlite:///{path}")
    return path


@functools.cache
def _lasting_postgres() -> str:
    """A database that stays empty, because all that is done in it is rolled back."""
    open_ = fresh("postgres", Path())
    atexit.register(open_.__exit__, None, None, None)
    return open_.__enter__()


@functools.cache
def _postgres_template() -> str:
    name = f"gandan_template_{uuid.uuid4().hex[:8]}"
    admin(f"CREATE DATABASE {name} TEMPLATE template0")
    atexit.register(admin, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    _create_tables(_address(name))
    return name
