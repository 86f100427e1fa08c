"""What holds for every table: it belongs to a commune, and whoever keeps something of a citizen can show and erase
it.
"""

import importlib
import pkgutil

import pytest
from sqlalchemy import Table, UniqueConstraint

import storage
from storage import migrate

TABLES = sorted(migrate.tables().tables.values(), key=lambda table: table.name)
CITIZEN_KEYS = {"citizen_id", "chat", "sender", "chat_key"}
NOT_HERS = {
    "inbox": "emptied by time, its event ids are needed for 7 days",
    "lane": "an address without words",
    "moved_chat": "ids of groups",
    "field_topic": "topics of the officials' group",
    "official_address": "officials, by duty",
    "preview": "an official's chat; what it says is sealed and deleted after its time",
}


def module_of(table: Table) -> object:
    for each in pkgutil.iter_modules(storage.__path__):
        if not each.ispkg and each.name not in ("migrate", "db"):
            module = importlib.import_module(f"storage.{each.name}")
            if any(value is table for value in vars(module).values()) and f'Table(\n    "{table.name}"' in source(
                module
            ):
                return module
    raise AssertionError(f"no module of its own: {table.name}")


def source(module: object) -> str:
    with open(module.__file__, encoding="utf-8") as file:
        return file.read()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_belongs_to_a_commune(table: Table) -> None:
    """Every table carries commune_id, and unique keys begin with it, so that one database can serve a province."""
    if table.name == "commune":
        return
    assert "commune_id" in table.c
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            assert next(iter(constraint.columns)).name == "commune_id"
    for index in table.indexes:
        if index.unique:
            assert next(iter(index.columns)).name == "commune_id"


@pytest.mark.parametrize("table", [t for t in TABLES if CITIZEN_KEYS & set(t.c.keys())], ids=lambda table: table.name)
def test_whoever_keeps_something_of_a_citizen_shows_and_erases_it(table: Table) -> None:
    """A table with a citizen's key lives in a module that has export and erase."""
    if table.name in NOT_HERS:
        return
    module = module_of(table)
    assert hasattr(module, "erase"), module
    assert hasattr(module, "export"), module
