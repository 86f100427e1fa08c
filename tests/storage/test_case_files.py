"""The files of a case live as long as it does, and no longer (L31, L34); rows and bytes, on both databases."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from bot.casework import Draft
from bot.casework import file as file_case
from bot.turn import Address, Work
from storage import case_media, cases, citizens, erasures, files, officials
from tests import stores
from tests import town as towns
from tests.town import START, Databases, Person, Town

DAY = timedelta(days=1)
HERS = Address("web", "", "her-chat", "her-chat")
PHOTO, OTHER, PROOF = (sign * 32 for sign in "abc")


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as db:
        yield db


def came(db: Connection, name: str, chat: str = HERS.chat) -> str:
    files.add(db, 1, name, "web", "", chat, "photo", "image/jpeg", 3, "anh.jpg", START)
    return name


def case(db: Connection, *names: str, citizen_id: int | None = None) -> cases.Case:
    """A case with these pictures."""
    made = cases.open(
        db, 1, HERS if citizen_id else None, citizen_id, START, kind="report", field="road", due_at=START + DAY,
        remind_at=None,
    )  # fmt: skip
    cases.add(db, 1, made.id, "told", START, text="Cầu hỏng.", files=names)
    return made


def old(db: Connection) -> list[str]:
    """What pruning would delete a month later."""
    return files.names_before(db, START + 30 * DAY, 500, ~case_media.is_kept())


def state(db: Connection, name: str) -> str:
    return str(db.execute(select(files.file.c.state).where(files.file.c.name == name)).scalar_one())


def test_L34_a_picture_of_a_case_is_not_pruned(db: Connection) -> None:
    """One of nobody's case goes after its days; one of a case stays, also when the same name is in another commune."""
    came(db, PHOTO)
    came(db, OTHER)
    case(db, PHOTO)
    assert old(db) == [OTHER]
    files.add(db, 2, OTHER[:31] + "d", "web", "", "x", "photo", "image/jpeg", 3, "", START)
    assert sorted(old(db)) == [OTHER, OTHER[:31] + "d"]


def test_L34_a_paper_drawn_of_a_case_is_pruned_as_any_other_but_goes_with_it(db: Connection) -> None:
    """Nobody keeps every print of a file for two years; none outlives what it says."""
    came(db, PROOF, "official:1")
    found = case(db)
    case_media.add(db, 1, found.id, [PROOF], kept=False)
    assert old(db) == [PROOF]
    cases.forget_words(db, 1, [found.id])
    assert state(db, PROOF) == "erased"


def test_L34_pictures_go_with_the_last_of_their_cases(db: Connection) -> None:
    """Several matters in one message share a picture: it goes when the second case has gone, too."""
    came(db, PHOTO)
    one, two = case(db, PHOTO), case(db, PHOTO)
    assert case_media.cases_of(db, 1, PHOTO) == [one.id, two.id]
    cases.change(db, 1, one.id, state="settled", closed_at=START)
    assert cases.delete_old(db, 1, START + cases.KEPT) == 1
    assert (state(db, PHOTO), old(db)) == ("fetched", [])
    cases.change(db, 1, two.id, state="settled", closed_at=START)
    assert cases.delete_old(db, 1, START + cases.KEPT) == 1
    assert state(db, PHOTO) == "erased"
    assert case_media.cases_of(db, 1, PHOTO) == []


def test_L34_what_is_forgotten_leaves_no_picture_and_what_is_somebody_elses_stays(db: Connection) -> None:
    """Her photo and the office's proof of her case go; what she saw on the spot as a village head is another's."""
    her = citizens.meet(db, 1, HERS.channel, HERS.account, HERS.sender, START)
    came(db, PHOTO)
    came(db, OTHER)
    came(db, PROOF, "official:1")
    mine, neighbours = case(db, PHOTO, citizen_id=her.id), case(db)
    cases.add(db, 1, mine.id, "done", START, files=[PROOF])
    cases.add(db, 1, neighbours.id, "seen", START, files=[OTHER])
    erasures.forget(db, 1, her.id, START)
    assert [state(db, each) for each in (PHOTO, PROOF, OTHER)] == ["erased", "erased", "fetched"]
    assert case_media.cases_of(db, 1, OTHER) == [neighbours.id]


# --- with the service -------------------------------------------------------------------------------------------------


@pytest.fixture(params=stores.BOTH)
async def town(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[Town]:
    async with towns.of_the_sample(databases, request.param, tmp_path) as made:
        yield made


def bytes_of(town: Town, name: str) -> Path:
    return town.settings.data_dir / "files" / name


async def put(town: Town, name: str, chat: str) -> None:
    """A picture received now, with its bytes."""
    bytes_of(town, name).parent.mkdir(parents=True, exist_ok=True)
    bytes_of(town, name).write_bytes(b"jpg")
    now = town.clock.now()
    await town.write(lambda db: files.add(db, 1, name, "web", "", chat, "photo", "image/jpeg", 3, "", now))


async def test_L34_bytes_stay_while_the_case_is_there_and_go_with_it(town: Town) -> None:
    """The hourly prune with the case open, closed, and over; what belongs to no case goes at once."""
    await put(town, PHOTO, "her")
    await put(town, OTHER, "her")
    found = await town.write(lambda db: case(db, PHOTO))
    await ticks(town, days=60)
    assert (bytes_of(town, PHOTO).exists(), bytes_of(town, OTHER).exists()) == (True, False)
    now = town.clock.now()
    await town.write(lambda db: cases.change(db, 1, found.id, state="settled", closed_at=now))
    await ticks(town, days=700)
    assert bytes_of(town, PHOTO).exists()
    await ticks(town, days=31)
    assert await town.read(cases.get, 1, found.id) is None
    assert not bytes_of(town, PHOTO).exists()


async def test_L34_bytes_of_a_case_go_when_she_is_forgotten(town: Town) -> None:
    """Her photo and the proof the office has sent her."""
    await put(town, PHOTO, HERS.chat)
    await put(town, PROOF, "official:1")

    def act(db: Connection) -> None:
        her = citizens.meet(db, 1, HERS.channel, HERS.account, HERS.sender, START)
        found = case(db, PHOTO, citizen_id=her.id)
        cases.add(db, 1, found.id, "done", START, files=[PROOF])
        erasures.forget(db, 1, her.id, START)

    await town.write(act)
    await town.service.fetcher.sweep()
    assert not bytes_of(town, PHOTO).exists()
    assert not bytes_of(town, PROOF).exists()


async def ticks(town: Town, **time: float) -> None:
    """So much later the clock does what is due."""
    town.clock.advance(timedelta(**time))
    await town.service.scheduler.minute()
    await town.service.fetcher.sweep()


# --- who may see them -------------------------------------------------------------------------------------------------


async def fetch(person: Person, name: str) -> int:
    async with person.town.http.get(f"{person.base}/files/{name}", headers=person.headers) as answer:
        return answer.status


@pytest.mark.parametrize(("lane", "reads", "not_"), [
    ("office", "Nhài", ""), ("leader", "Khải", "Nhài"), ("receiver", "Lụa", "Khải"),
])  # fmt: skip
async def test_B04_a_picture_is_for_whom_the_case_is_for(town: Town, lane: str, reads: str, not_: str) -> None:
    """Whoever may read the case and she herself; no other official, no villager, no village head, nobody by a link."""
    her, other = await towns.at_the_box(town), await towns.at_the_box(town)
    head = await towns.at_the_box(town, demo="village-head")
    await put(town, PHOTO, (await her.address()).chat)

    def act(db: Connection) -> None:
        work = Work(db, town.app.place, town.clock.now())
        person = next(each for each in officials.active(db, 1) if each.role == "village-head")
        draft = Draft("Cán bộ bắt đi lại ba lần.", lane=lane, files=(PHOTO,), village=person.village)
        file_case(work, draft)

    await town.write(act)
    assert await fetch(await towns.official(town, reads), PHOTO) == 200
    assert await fetch(her, PHOTO) == 200
    strangers = [other, head, *([await towns.official(town, not_)] if not_ else [])]
    assert [await fetch(each, PHOTO) for each in strangers] == [404] * len(strangers)
    async with town.http.get(f"{her.base}/files/{PHOTO}") as answer:
        assert answer.status in (401, 404)


async def test_L31_a_village_head_sees_a_picture_while_she_agrees_to_it(town: Town) -> None:
    """Her yes opens it to the head of that thôn; a case that touches him stays shut."""
    person = await town.read(lambda db: next(each for each in officials.active(db, 1) if each.role == "village-head"))
    head, name = await towns.at_the_box(town, demo="village-head"), PHOTO
    await put(town, name, "her")
    found = await town.write(lambda db: case(db, name))
    for columns, seen in (
        ({"village": person.village}, 404),
        ({"shown_to_head": True}, 200),
        ({"kept_from_head": True}, 404),
        ({"kept_from_head": False, "village": "Thôn khác"}, 404),
    ):
        await town.write(lambda db, columns=columns: cases.change(db, 1, found.id, **columns))
        assert await fetch(head, name) == seen, columns
