"""Letters ordered, taken, settled once, sent again while their files are there, forgotten."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, select

from storage import files, letters
from storage.letters import TAKEN, letter
from tests.stores import BOTH, KEYS, fresh, rolled_back
from tests.town import START

HER = ("web", "", "her", "her")
DATA = {"applicant": "Nguyễn Thị Bích", "due": ["16 giờ 30"]}


@pytest.fixture(params=BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with rolled_back(request.param, tmp_path) as connection:
        yield connection


def order(db: Connection, who: tuple[str, str, str, str] = HER, template: str = "t", **more: object):
    now = START + timedelta(seconds=more.pop("later", 0))
    return letters.order(db, 1, who, "slip", template, DATA | more, now)


def draw(db: Connection) -> letters.Letter:
    """Take the next letter and settle it as drawn, with its files."""
    taken = letters.take(db, 1, START)
    for name in (f"png{taken.letter.id}", f"pdf{taken.letter.id}"):
        files.add(db, 1, name, *HER[:3], "photo", "image/png", 1, "", START)
    assert letters.drawn(db, taken.letter.id, f"png{taken.letter.id}", f"pdf{taken.letter.id}")
    return letters.get(db, 1, taken.letter.id)


def test_a_letter_is_ordered_once_and_says_what_was_ordered(db: Connection) -> None:
    """The same words for the same chat are one row; other words, template or person are another; all of it sealed."""
    first, is_new = order(db)
    assert is_new
    assert order(db, later=1) == (first, False)
    for other in ({"applicant": "Trần Thị Lan"}, {"template": "u"}, {"who": ("web", "", "other", "other")}):
        assert order(db, **other)[0].id != first.id
    assert "Bích" not in repr(db.execute(letter.select()).all())
    taken = letters.take(db, 1, START)
    assert (taken.letter, taken.data, taken.attempts) == (first, DATA, 1)


def test_a_taken_letter_is_nobody_elses_until_its_time_is_over(db: Connection) -> None:
    """Taken by one process it is not taken by another, unless that one died; let go, it may be taken at once."""
    order(db)
    assert letters.take(db, 1, START) is not None
    assert letters.take(db, 1, START + TAKEN / 2) is None
    assert letters.take(db, 1, START + TAKEN).attempts == 2
    letters.let_go(db, 1)
    taken = letters.take(db, 1, START + TAKEN)
    letters.let_go(db, 1, taken.letter.id)
    assert letters.take(db, 1, START + TAKEN).attempts == 4
    assert letters.take(db, 2, START + 2 * TAKEN) is None


def test_a_letter_is_settled_once(db: Connection) -> None:
    """Whoever is late, with files or a failure, is told so; the words are gone once it is drawn."""
    order(db)
    found = draw(db)
    assert (found.state, found.png, found.pdf) == ("drawn", f"png{found.id}", f"pdf{found.id}")
    assert not letters.drawn(db, found.id, "x", "y")
    assert not letters.failed(db, found.id)
    assert letters.get(db, 1, found.id) == found
    assert db.scalar(select(letter.c.data)) is None


def test_a_letter_is_drawn_again_only_when_its_files_are_gone_or_it_failed(db: Connection) -> None:
    """Ordered again it is the drawn one, until its files have been pruned; one that failed has another chance."""
    order(db)
    found = draw(db)
    assert order(db, later=9) == (found, False)
    files.lose(db, [found.pdf])
    again, is_new = order(db, later=9)
    assert (is_new, again.id, again.state, again.png) == (True, found.id, "new", "")
    assert letters.failed(db, letters.take(db, 1, START + TAKEN).letter.id)
    assert order(db, later=99)[1]
    assert letters.take(db, 1, START + TAKEN).data == DATA


def test_a_letter_that_cannot_be_unsealed_does_not_hold_up_the_next(db: Connection) -> None:
    """It is set aside as failed; the one after it is taken."""
    broken, _new = order(db)
    db.execute(letter.update().values(data=b"damaged"))
    fine, _new = order(db, applicant="Trần Thị Lan")
    assert letters.take(db, 1, START).letter == fine
    assert letters.get(db, 1, broken.id).state == "failed"


def test_letters_are_shown_erased_and_forgotten(db: Connection) -> None:
    """She sees which were drawn for her; erasing takes hers and nobody else's; old ones go."""
    order(db)
    order(db, ("web", "", "other", "other"))
    assert letters.export(db, 1, *HER[:3]) == [{"name": "slip", "state": "new", "ordered_at": START}]
    letters.erase(db, 1, *HER[:3])
    assert letters.export(db, 1, *HER[:3]) == []
    assert letters.delete_old(db, START) == 0
    assert letters.delete_old(db, START + timedelta(seconds=1)) == 1
    assert letters.get(db, 1, 1) is None


def test_two_processes_never_have_the_same_letter(tmp_path: Path) -> None:
    """On PostgreSQL one that is being taken is passed over by the other."""
    with fresh("postgres", tmp_path) as url:
        engine = create_engine(url)
        with engine.connect() as one, engine.connect() as two:
            for each in (one, two):
                each.info["keys"] = KEYS
            order(one)
            order(one, applicant="Trần Thị Lan")
            one.commit()
            mine, theirs = letters.take(one, 1, START), letters.take(two, 1, START)
            assert mine.letter.id != theirs.letter.id
            assert letters.take(two, 1, START) is None
        engine.dispose()


def test_codes_read_in_a_picture_are_kept_for_its_sender(db: Connection) -> None:
    """The dossier codes of her picture, sealed; nobody else's picture tells any; None while it is still fetched."""
    code = "H55.242-261102-0012"
    files.add(db, 1, "a", *HER[:3], "photo", "image/jpeg", 1, "", START, (code,))
    files.add(db, 1, "b", *HER[:3], "photo", "image/jpeg", 1, "", START)
    assert files.codes(db, 1, *HER[:3], ["b", "a", "unknown"]) == [code]
    assert files.codes(db, 1, "web", "", "other", ["a"]) == []
    assert code.encode() not in db.scalar(select(files.file.c.codes).where(files.file.c.name == "a"))
    db.execute(files.file.update().where(files.file.c.name == "b").values(state="new"))
    assert files.codes(db, 1, *HER[:3], ["b", "a"]) is None
    files.lose(db, ["a"])
    assert files.codes(db, 1, *HER[:3], ["a"]) == []
