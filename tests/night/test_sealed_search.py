"""Sealed means sealed (L28, L30): the words of forty sealed reports are searched for in everything there is.

Twenty are written on the closed page, twenty in the chat of each channel, where they are recognised: sure, asked about
first, as a caption, as crime, about the Chairman. Then readers are reminded and one of them reads. Nothing of their
words may stand anywhere: in no column of any table, opened with the database's key where it is closed, in no file, no
log, no figure, no message that anybody was ever sent.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Connection, select

from bot import casework
from bot.casework import Draft
from bot.turn import Work
from messages.fold import fold
from storage import migrate, officials, outbox, sealed
from storage.sealing import Unreadable, unseal
from tests import town as towns
from tests.bot.test_sealed_page import form, opens, reader
from tests.town import Person, Somebody, Town

NAMES = [f"Xuynh Quắng Dưỡm{letter}" for letter in "abcdefghijklmnopqrst"]
"""Of people who are accused; nobody else is called that."""
MARKS = [f"vịtquỷnhzờ{letter}" for letter in "abcdefghijklmnopqrst"]
ON_PAGE = [f"trâuxoắmgụng{letter}" for letter in "abcdefghijklmnopqrst"]
REACH = "0399 777 313"


@pytest.fixture
def town(steady_town: Town) -> Town:
    return steady_town


def everything(db: Connection) -> Iterator[tuple[str, str]]:
    """Every value of every column of every table, and what the database's key opens of it."""
    for table in migrate.tables().sorted_tables:
        for row in db.execute(select(table)):
            for column, value in zip(table.columns.keys(), row, strict=True):
                yield f"{table.name}.{column}", str(value)
                if isinstance(value, bytes):
                    yield f"{table.name}.{column}", value.decode("utf-8", "replace")
                    try:
                        yield f"{table.name}.{column} (opened)", unseal(db, value).decode("utf-8", "replace")
                    except Unreadable:
                        continue


def on_disk(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file of DATA_DIR, the database's own too."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_socket():
            yield str(path.relative_to(folder)), path.read_bytes().decode("utf-8", "replace")


def found(where: Iterator[tuple[str, str]], words: list[str]) -> list[str]:
    """Where one of the words stands: in its letters, without accents, or spelled as JSON may spell them."""
    spelled = re.compile(r"\\u([0-9a-fA-F]{4})")
    wanted = re.compile("|".join(re.escape(each) for each in {*words, *map(fold, words)}), re.IGNORECASE)
    plain = ((place, spelled.sub(lambda hit: chr(int(hit[1], 16)), text)) for place, text in where)
    return sorted({place for place, text in plain if wanted.search(text)})


def told(n: int) -> str:
    """What she writes in the chat: every kind in turn, each with its own words."""
    name, mark = NAMES[n], MARKS[n]
    return (
        f"Ông {name} trưởng thôn ăn chặn tiền {mark}",
        f"toi muon to cao can bo {fold(name)} nhan tien {fold(mark)}",
        f"Nhà {name} bán ma túy ở {mark}",
        f"Phó chủ tịch {name} nhận hối lộ vụ {mark}",
        f"Cán bộ địa chính {name} đòi tiền {mark}",
    )[n % 5]


async def test_L28_nothing_of_forty_sealed_reports_stands_anywhere(
    town: Town, citizen: Somebody, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On this channel and this database."""
    who, heads = await reader(town), await _officials(town)
    for n in range(20):
        await citizen.says(told(n))
        if "Xin phép hỏi" in citizen.text:
            await citizen.taps("Đúng, có tố cáo")
        citizen.sees("không giữ lời")
    with monkeypatch.context() as broken:
        broken.setattr("handlers.sealed.offer.RECALL", None)
        await citizen.says(told(4))
        citizen.sees("Lời vừa rồi không được giữ lại")
    if town.on == "web":
        await citizen.sends("photo", _picture(), "image/jpeg", text=told(0))
        citizen.sees("không giữ lời")
    at = await citizen.address()
    back = (at.channel, at.account, at.chat, at.sender)
    for n, words in enumerate(ON_PAGE):
        token = await town.write(sealed.new_token, 1, back, town.clock.now())
        fields = form(lane="crime" if n % 2 else "accusation", text=f"Việc {words}", reach=REACH, chat="1")
        async with town.http.post(f"/kin/{token}", data=fields) as answer:
            assert answer.status == 200
            assert "<code>" in await answer.text()
    fresh = await opens(town, who)
    async with town.http.get("/office/kin/1", headers=fresh) as answer:
        assert ON_PAGE[0] in await answer.text()
    for days in (1, 10):
        await town.later(days=days)
    async with town.http.get("/metrics") as answer:
        metrics = await answer.text()
    logged = "".join(capfd.readouterr())
    assert "turn_failed" in logged
    words = [*NAMES, *MARKS, *ON_PAGE, REACH, "Dưỡm"]
    assert found(iter([("/metrics", metrics), ("log", logged)]), words) == []
    assert await town.read(lambda db: found(everything(db), words)) == []
    assert found(on_disk(town.settings.data_dir), words) == []
    for each in heads:
        await each.looks()
        assert found(iter([("chat", body["text"]) for body in each.heard]), words) == []
    assert await town.read(sealed.count_waiting, 1) == 19


@pytest.mark.web_only("it is about the search")
async def test_the_search_finds_what_is_there(town: Town, citizen: Somebody) -> None:
    """So that the search above can fail: ordinary words are found, closed with the database's key."""
    await citizen.says("0")
    await citizen.says(f"Hỏi về {MARKS[0]}")
    places = await town.read(lambda db: found(everything(db), MARKS))
    assert any(each.startswith("inbox.raw (opened)") for each in places)
    assert all("(opened)" in each for each in places)


async def _officials(town: Town) -> list[Person]:
    people: list[officials.Official] = await town.read(officials.active, 1)
    return [await towns.official(town, each.name) for each in people if each.role != "village-head"]


def _picture() -> bytes:
    raw = io.BytesIO()
    Image.new("RGB", (20, 20), "blue").save(raw, "JPEG")
    return raw.getvalue()


@pytest.mark.web_only("it is about the office's chats, not about hers")
async def test_L31_a_hidden_name_reaches_no_shared_chat(town: Town) -> None:
    """Of twenty cases whose reporter hides her name: not on a card, not to a village head, nowhere in clear."""
    heads = await _officials(town)

    def file(db: Connection, names: list[str]) -> Work:
        work = Work(db, town.app.place, town.clock.now())
        for name in names:
            reporter = {"name": name, "phone": REACH}
            draft = Draft("Đường ngập", field="flood", village="Suối Trên", reporter=reporter, hides_name=True)
            casework.file(work, draft)
        return work

    for few in (NAMES[:10], NAMES[10:]):  # so many at once would be one summary, without any card
        town.service._worked(await town.write(file, few))
        await town.later(minutes=20)

    def sent(db: Connection) -> list[tuple[str, str]]:
        rows = db.execute(select(outbox.outbox.c.chat, outbox.outbox.c.body)).all()
        return [(row.chat, unseal(db, row.body).decode()) for row in rows if row.body]

    bodies = await town.read(sent)
    assert any("PA-0020" in body for _chat, body in bodies)
    assert found(iter(bodies), [*NAMES, REACH]) == []
    for each in heads:
        await each.looks()
        assert found(iter([("chat", body["text"]) for body in each.heard]), [*NAMES, REACH]) == []
    clear = await town.read(lambda db: [each for each in found(everything(db), NAMES) if "(opened)" not in each])
    assert clear == []
