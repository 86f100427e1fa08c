"""Ratings that nobody can trace (L25), on both databases."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from storage import ratings
from tests import stores
from tests.town import START

SEPTEMBER, OCTOBER, NOVEMBER = (date(2026, month, 1) for month in (9, 10, 11))


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as db:
        yield db


def test_L25_a_rating_is_a_number_that_grows(db: Connection) -> None:
    """A hundred of the same month and stars are one row; rated twice counts once."""
    for number in range(100):
        assert ratings.give(db, 1, number, 7, NOVEMBER, 5)
        assert not ratings.give(db, 1, number, 7, NOVEMBER, 1)
    rows = db.execute(select(ratings.rating.c.stars, ratings.rating.c.count)).all()
    assert [tuple(row) for row in rows] == [(5, 100)]
    assert db.execute(select(func.count()).select_from(ratings.rating_seal)).scalar() == 100


def test_L25_the_seal_names_neither_dossier_nor_citizen(db: Connection) -> None:
    """A keyed digest, another in each commune, in a table without order of coming."""
    ratings.give(db, 1, 5, 7, NOVEMBER, 5)
    ratings.give(db, 2, 5, 7, NOVEMBER, 5)
    keys = list(db.execute(select(ratings.rating_seal.c.key)).scalars())
    assert len(set(keys)) == 2
    assert ratings.rating_seal.dialect_options["sqlite"]["with_rowid"] is False


def test_L25_months_with_too_few_wait_for_the_next(db: Connection) -> None:
    """Groups of ten or more; the month at hand and those before `since` are left out."""
    for month, number in ((SEPTEMBER, 9), (OCTOBER, 4), (NOVEMBER, 50)):
        for each in range(number):
            ratings.give(db, 1, month.month * 100 + each, 1, month, 1 + each % 2)
    assert [(each.first, each.shown) for each in ratings.groups(db, 1, OCTOBER, date(2026, 1, 1))] == [
        (SEPTEMBER, False)
    ]
    both = ratings.groups(db, 1, NOVEMBER, date(2026, 1, 1))
    assert [(each.first, each.last, each.total, each.shown) for each in both] == [(SEPTEMBER, OCTOBER, 13, True)]
    assert both[0].counts[1] == 7
    assert ratings.groups(db, 1, NOVEMBER, OCTOBER)[0].total == 4
    assert ratings.groups(db, 2, NOVEMBER, OCTOBER) == []


def test_lines_are_kept_by_month(db: Connection) -> None:
    """Those of the groups that are asked for, sealed in the table."""
    for month, words in ((SEPTEMBER, "một"), (OCTOBER, "hai"), (NOVEMBER, "ba")):
        ratings.say(db, 1, month, words)
    group = ratings.Group(SEPTEMBER, OCTOBER, {5: 10})
    assert sorted(ratings.words(db, 1, [group])) == ["hai", "một"]
    assert b"hai" not in b"".join(db.execute(select(ratings.rating_words.c.words)).scalars())


def test_a_report_is_told_once(db: Connection) -> None:
    """Whoever asks second, for the same month, gets nothing."""
    assert ratings.tell_once(db, 1, NOVEMBER, START)
    assert not ratings.tell_once(db, 1, NOVEMBER, START)
    assert ratings.tell_once(db, 1, OCTOBER, START)


def test_what_people_wrote_is_forgotten_after_its_time(db: Connection) -> None:
    """Words of months before are deleted; the figures stay."""
    ratings.give(db, 1, 5, 7, SEPTEMBER, 5)
    for month in (SEPTEMBER, OCTOBER):
        ratings.say(db, 1, month, "một")
    assert ratings.forget_words(db, START - timedelta(days=50)) == 1  # a day of October
    assert list(db.execute(select(ratings.rating_words.c.month)).scalars()) == [OCTOBER]
    assert db.execute(select(func.count()).select_from(ratings.rating)).scalar() == 1
