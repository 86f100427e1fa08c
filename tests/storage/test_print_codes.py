"""Forms under a code (L33), on both databases: found by the code alone, ended after weeks, wrong tries counted."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from storage import citizens, officials, print_codes
from tests import stores
from tests.town import START

SAID = {"office": "Ủy ban nhân dân xã Suối Lành", "content": "Nhà tôi bị phạt nhầm"}


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as db:
        yield db


def her(db: Connection, sender: str = "bich") -> int:
    return citizens.meet(db, 1, "web", "", sender, START).id


def test_L33_a_form_is_found_by_its_code_and_in_its_commune_alone(db: Connection) -> None:
    """Neither code nor words lie in clear; after six weeks it is gone."""
    until = print_codes.add(db, 1, "K7MX43PD", her(db), "complaint", SAID, START)
    assert until == START + timedelta(weeks=6)
    found = print_codes.find(db, 1, "K7MX43PD", START)
    assert found == print_codes.Form("complaint", SAID, until)
    assert print_codes.find(db, 2, "K7MX43PD", START) is None
    assert print_codes.find(db, 1, "K7MX43PE", START) is None
    assert print_codes.find(db, 1, "K7MX43PD", until) is None
    rows = repr(db.execute(select(print_codes.print_code)).all())
    assert "K7MX" not in rows
    assert "phạt nhầm" not in rows


def test_L33_two_forms_never_share_a_code(db: Connection) -> None:
    """The same code in another commune is another form."""
    print_codes.add(db, 1, "K7MX43PD", her(db), "complaint", SAID, START)
    print_codes.add(db, 2, "K7MX43PD", her(db), "complaint", SAID, START)
    with pytest.raises(IntegrityError), db.begin_nested():
        print_codes.add(db, 1, "K7MX43PD", her(db), "complaint", SAID, START)


def test_L33_wrong_codes_are_counted_by_official(db: Connection) -> None:
    """The fifth within an hour locks him, nobody else; an hour later he is free."""
    one, two = (officials.add(db, 1, name, "Công chức", "clerk", (), None, START) for name in ("An", "Mai"))
    for minute in range(5):
        assert not print_codes.is_locked(db, 1, one, START + timedelta(minutes=minute))
        print_codes.note_wrong(db, 1, one, START + timedelta(minutes=minute))
    assert print_codes.is_locked(db, 1, one, START + timedelta(minutes=5))
    assert not print_codes.is_locked(db, 1, two, START + timedelta(minutes=5))
    assert not print_codes.is_locked(db, 1, one, START + timedelta(minutes=61))


def test_L33_what_is_over_is_deleted_and_what_is_hers_is_forgotten(db: Connection) -> None:
    """Others' forms stay."""
    mine, other = her(db), her(db, "lan")
    print_codes.add(db, 1, "AAAACCCC", mine, "complaint", SAID, START)
    print_codes.add(db, 1, "DDDDEEEE", mine, "complaint", SAID, START - print_codes.KEPT)
    print_codes.add(db, 1, "FFFFGGGG", other, "complaint", SAID, START)
    assert print_codes.delete_old(db, START) == 1
    assert [each["form"] for each in print_codes.export(db, 1, mine)] == ["complaint"]
    print_codes.erase(db, 1, mine)
    assert print_codes.find(db, 1, "AAAACCCC", START) is None
    assert print_codes.find(db, 1, "FFFFGGGG", START) is not None
