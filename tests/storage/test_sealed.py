"""What is sealed to two readers, on both databases: keys, changes of readers, links, PIN, forgetting (L28, L29)."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update

from storage import officials, sealed
from storage.db import create_engine_for
from storage.sealing import Keys, Unreadable, unseal
from tests import stores
from tests.town import START

BACK = ("telegram", "bot", "77", "77")
WORDS = {"text": "Kho gạo cứu trợ bị bán", "reach": "", "files": []}


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as db:
        yield db


def person(db: Connection, name: str, *rights: str) -> int:
    return officials.add(db, 1, name, f"Chức vụ {name}", "official", rights, None, START)


def named(db: Connection, name: str, place: int) -> int:
    """A named reader."""
    who = person(db, name, sealed.READ)
    sealed.name_reader(db, 1, who, place, "12/QĐ-UBND", date(2026, 11, 2), who, START)
    return who


def kept(db: Connection, excluded: int | None = None, *files: str) -> tuple[sealed.Item, str]:
    return sealed.keep(db, 1, "accusation", "cán bộ", excluded, WORDS, files, sealed.fresh_key(), BACK, START)


def text(opened: sealed.Opened | None) -> str:
    return "" if opened is None else str(opened.words["text"])


def test_L28_both_readers_and_her_code_open_it_and_nobody_else(db: Connection) -> None:
    """Neither an official without a key nor a wrong code."""
    one, two = named(db, "Một", 1), named(db, "Hai", 2)
    item, code = kept(db)
    other = person(db, "Ba", sealed.READ)
    for who in (one, two):
        assert text(sealed.open_as_reader(db, 1, item.id, who)) == WORDS["text"]
    assert text(sealed.open_with_code(db, 1, item.id, code.lower().replace("-", " "))) == WORDS["text"]
    assert sealed.open_with_code(db, 1, item.id, "AAAA-BBBB-CCCC-DDDD") is None
    assert sealed.open_with_code(db, 1, item.id + 1, code) is None
    assert sealed.open_as_reader(db, 1, item.id, other) is None


def test_L28_the_key_of_the_database_opens_nothing_of_it(db: Connection) -> None:
    """What the database's own key closes elsewhere stays closed here: words, readers' keys, wraps."""
    named(db, "Một", 1)
    kept(db)
    closed = [*db.execute(select(sealed.sealed_item.c.words)).scalars(),
              *db.execute(select(sealed.sealed_reader.c.key)).scalars(),
              *db.execute(select(sealed.sealed_wrap.c.key)).scalars()]  # fmt: skip
    assert len(closed) == 5
    for each in closed:
        assert "cứu trợ".encode() not in each
        with pytest.raises(Unreadable):
            unseal(db, each)


def test_L29_the_reader_it_concerns_never_has_a_key(db: Connection) -> None:
    """Not when it comes, and not when he is named anew."""
    one, two = named(db, "Một", 1), named(db, "Hai", 2)
    item, _code = kept(db, excluded=one)
    sealed.name_reader(db, 1, one, 1, "13/QĐ-UBND", date(2026, 11, 3), two, START)
    assert sealed.open_as_reader(db, 1, item.id, one) is None
    assert sealed.readable(db, 1, one) == []
    assert [each.id for each in sealed.readable(db, 1, two)] == [item.id]


def test_L29_a_new_reader_reads_what_waits_and_the_old_one_nothing_more(db: Connection) -> None:
    """Changing a reader wraps the keys anew at once, also when both have left before."""
    one, two = named(db, "Một", 1), named(db, "Hai", 2)
    item, _code = kept(db)
    three = named(db, "Ba", 1)
    assert sealed.open_as_reader(db, 1, item.id, one) is None
    assert text(sealed.open_as_reader(db, 1, item.id, three)) == WORDS["text"]
    sealed.leave(db, 1, two)
    sealed.leave(db, 1, three)
    holders = db.execute(select(sealed.sealed_wrap.c.holder).order_by(sealed.sealed_wrap.c.holder)).scalars().all()
    assert holders == ["code", "spare"]
    assert not sealed.has_readers(db, 1)
    four = named(db, "Bốn", 1)
    assert text(sealed.open_as_reader(db, 1, item.id, four)) == WORDS["text"]


def test_L29_whoever_loses_the_right_loses_the_keys(db: Connection) -> None:
    """Even when nobody has named another: at once he reads nothing, and the next look of the clock takes the keys."""
    one = named(db, "Một", 1)
    item, _code = kept(db)
    db.execute(update(officials.official).where(officials.official.c.id == one).values(rights=""))
    assert sealed.open_as_reader(db, 1, item.id, one) is None
    assert sealed.drop_gone(db, 1) == 1
    assert sealed.drop_gone(db, 1) == 0


def test_L29_what_she_is_told_is_closed_too(db: Connection) -> None:
    """The outcome is read with her code, and stands nowhere in clear."""
    one = named(db, "Một", 1)
    item, code = kept(db)
    opened = sealed.open_as_reader(db, 1, item.id, one)
    assert opened is not None
    sealed.answer(db, 1, opened, one, "Đã chuyển thanh tra", True, START)
    hers = sealed.open_with_code(db, 1, item.id, code)
    assert hers is not None
    assert (hers.outcome, hers.item.state) == ("Đã chuyển thanh tra", "moved")
    closed = db.execute(select(sealed.sealed_item.c.outcome)).scalar_one()
    assert b"thanh tra" not in closed


def test_L28_the_chat_she_came_from_is_forgotten_once_it_is_read_or_told(db: Connection) -> None:
    """Nothing ties the item to her any longer than it is needed."""
    one = named(db, "Một", 1)
    first, second = kept(db)[0], kept(db)[0]
    sealed.was_read(db, 1, first.id, one, START)
    assert sealed.told(db, 1, first.id, START) is None
    assert sealed.told(db, 1, second.id, START) == BACK
    assert sealed.told(db, 1, second.id, START) is None
    third = kept(db)[0]
    sealed.new_token(db, 1, BACK, START)
    sealed.erase(db, 1, *BACK[:3])
    assert sealed.told(db, 1, third.id, START) is None
    assert db.execute(select(sealed.sealed_token.c.id)).all() == []
    assert sealed.count_waiting(db, 1) == 2


def test_L28_a_link_is_spent_once(db: Connection) -> None:
    """And only a digest of it is stored."""
    token = sealed.new_token(db, 1, BACK, START)
    assert sealed.came_from_chat(db, 1, token, START)
    assert db.execute(select(sealed.sealed_token.c.digest)).scalar_one() != token
    assert not sealed.token_opens(db, 2, token, START)
    assert sealed.spend(db, 1, token, START) == sealed.Spent(BACK)
    assert sealed.spend(db, 1, token, START) is None
    late = sealed.new_token(db, 1, None, START)
    assert sealed.spend(db, 1, late, START + sealed.TOKEN_HOURS) is None


def test_L28_a_pin_is_the_readers_own_and_five_wrong_ones_lock(db: Connection) -> None:
    """The first one typed stays; what it opens, it opens for minutes, for one browser."""
    one = named(db, "Một", 1)
    assert not sealed.has_pin(db, 1, one)
    secret = sealed.enter(db, 1, one, "123456", START)
    assert secret is not None
    assert sealed.is_fresh(db, 1, one, secret, START)
    assert not sealed.is_fresh(db, 1, one, "another", START)
    assert not sealed.is_fresh(db, 1, one, secret, START + sealed.FRESH)
    for _each in range(sealed.PIN_TRIES):
        assert sealed.enter(db, 1, one, "000000", START) is None
    assert sealed.is_locked(db, 1, one, START)
    assert sealed.enter(db, 1, one, "123456", START) is None
    assert not sealed.is_fresh(db, 1, one, secret, START)
    assert sealed.enter(db, 1, one, "123456", START + sealed.LOCKED) is not None
    assert sealed.enter(db, 1, person(db, "Khác"), "123456", START) is None


def test_what_was_settled_long_ago_goes_with_its_files(db: Connection) -> None:
    """What waits stays, however long."""
    one = named(db, "Một", 1)
    old, waits = kept(db, None, "f" * 32)[0], kept(db)[0]
    opened = sealed.open_as_reader(db, 1, old.id, one)
    assert opened is not None
    sealed.answer(db, 1, opened, one, "xong", False, START)
    later = START + timedelta(days=2000)
    assert sealed.delete_old(db, later, START) == []
    assert sealed.delete_old(db, later, later) == ["f" * 32]
    assert [each.id for each in sealed.waiting(db, 1)] == [waits.id]
    assert sealed.known(db, ["f" * 32]) == set()


def test_L28_with_another_secret_nothing_opens(tmp_path: Path) -> None:
    """A stolen database, or a backup, without SECRET_KEY."""
    with stores.fresh("sqlite", tmp_path) as url:
        mine = create_engine_for(url, stores.KEYS)
        with mine.begin() as db:
            one = named(db, "Một", 1)
            item, code = kept(db)
        mine.dispose()
        thief = create_engine_for(url, Keys.derive(b"another secret"))
        with thief.begin() as db:
            with pytest.raises(Unreadable):
                sealed.open_as_reader(db, 1, item.id, one)
            assert sealed.open_with_code(db, 1, item.id, code) is None
        thief.dispose()
