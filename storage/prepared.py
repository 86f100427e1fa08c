"""The statements that every message runs: composed by SQLAlchemy, compiled once, then run by the driver itself.

Why: Connection.execute spends 50 to 70 us of Python on a statement that SQLite answers in 5, and a turn has a dozen of
them; it was four fifths of a turn's time. So the dozen are composed and compiled by SQLAlchemy like all others, but
only once for each engine; from then on a call converts its values as their types do (UtcTime, bytes, dates) and hands
them to a cursor of the driver.

Outside a transaction a statement goes through SQLAlchemy as usual, which begins one. Errors are the driver's own
(sqlite3.Error, psycopg.Error); `storage.db.temporary` judges both kinds.
"""

from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Executable
from sqlalchemy.engine import Dialect

Convert = Callable[[Any], Any]


class Prepared:
    """A statement whose values are named: by its `bindparam`s, in a bare INSERT by the columns of its first call.

    `statement` may be a function of the connection, where the two engines have different words.
    """

    def __init__(self, statement: Executable | Callable[[Connection], Executable]) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def all(self, db: Connection, /, **values: Any) -> list[Any]:
        """Every row, with its columns as attributes."""
        if not db.in_transaction():
            return list(db.execute(self._composed(db), values))
        compiled = self._of(db, values)
        return compiled.read(compiled.run(db, values).fetchall())

    def first(self, db: Connection, /, **values: Any) -> Any:
        """The first row, or None."""
        rows = self.all(db, **values)
        return rows[0] if rows else None

    def scalar(self, db: Connection, /, **values: Any) -> Any:
        """The first column of the first row, or None."""
        rows = self.all(db, **values)
        return rows[0][0] if rows else None

    def run(self, db: Connection, /, **values: Any) -> int:
        """How many rows it wrote."""
        if not db.in_transaction():
            return db.execute(self._composed(db), values, execution_options={"preserve_rowcount": True}).rowcount
        return int(self._of(db, values).run(db, values).rowcount)

    def many(self, db: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Once for each row of values, all handed over together."""
        if not rows:
            return
        if db.in_transaction():
            self._of(db, rows[0]).many(db, rows)
        else:
            db.execute(self._composed(db), rows)

    def _composed(self, db: Connection) -> Executable:
        return self._statement if isinstance(self._statement, Executable) else self._statement(db)

    def _of(self, db: Connection, values: dict[str, Any]) -> "_Compiled":
        found = self._compiled.get(db.dialect.name)
        if found is None:
            found = self._compiled[db.dialect.name] = _Compiled(self._composed(db), db.dialect, list(values))
        return found


class _Compiled:
    """The words of a statement for one engine, and how values go in and rows come out."""

    def __init__(self, statement: Any, dialect: Dialect, names: list[str]) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=names)
        self._words = str(compiled)
        self._names = None if compiled.positional else list(compiled.params)
        self._places = [_place(compiled.binds[name], name, dialect) for name in compiled.positiontup or compiled.params]
        columns = list(statement.exported_columns)
        self._row: Any = namedtuple("Row", [column.key for column in columns])  # type: ignore[misc]
        converts = [_implementation(column, dialect).result_processor(dialect, None) for column in columns]
        self._converts = [(place, each) for place, each in enumerate(converts) if each]

    def run(self, db: Connection, values: dict[str, Any]) -> Any:
        """A cursor that has executed it."""
        cursor = _cursor(db)
        cursor.execute(self._words, self._given(values))
        return cursor

    def _given(self, values: dict[str, Any]) -> Any:
        given = [
            fixed if name is None else convert(values[name]) if convert else values[name]
            for name, convert, fixed in self._places
        ]
        return given if self._names is None else dict(zip(self._names, given, strict=True))

    def many(self, db: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Execute it for every row."""
        _cursor(db).executemany(self._words, map(self._given, rows))

    def read(self, rows: list[Any]) -> list[Any]:
        """Rows as the driver gives them become named ones with our types."""
        made = self._row._make
        if not self._converts:
            return [made(row) for row in rows]
        found = []
        for row in map(list, rows):
            for place, convert in self._converts:
                row[place] = convert(row[place])
            found.append(made(row))
        return found


def _cursor(db: Connection) -> Any:
    """One for all statements of a connection, since each is read to its end at once; psycopg's cost as much as half a
    statement.
    """
    kept = db.info.get("cursor")
    if kept is None:
        kept = db.info["cursor"] = db.connection.cursor()
    return kept


def _place(bound: Any, name: str, dialect: Dialect) -> tuple[str | None, Convert | None, Any]:
    """One value of a statement: its name and conversion, or (None, None, the value the statement itself gives)."""
    convert = _implementation(bound, dialect).bind_processor(dialect)
    if bound.required:
        return name, convert, None
    return None, None, convert(bound.value) if convert else bound.value


def _implementation(typed: Any, dialect: Dialect) -> Any:
    """The type of a value or a column, as this engine implements it."""
    return typed.type.dialect_impl(dialect)
