"""How it was (A18): two taps and one free line, kept such that it can hurt nobody (L25)."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, LargeBinary, func, select, update

from bot.turn import Work
from handlers.dossiers import rating
from messages.fold import fold
from messages.render import ZONE
from storage import citizens, dossiers, imports, links, migrate, ratings
from storage.dossiers import dossier
from storage.sealing import unseal
from tests.bot.turns import VILLAGER, Bench, Chats, Who
from tests.handlers.test_dossier import READY, bring, dossier_key
from tests.storage.test_dossiers import Row
from tests.town import Person, Somebody, Town

KEY = dossier_key(READY)
DEATH = "H55.242-261102-0044"
LINE = "Cán bộ quầy số 3 hướng dẫn rất tận tình"
NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def chats(bench: Bench) -> Iterator[Chats]:
    with bench.town() as made:
        rows = [Row(2, READY, status=10), Row(3, DEATH, status=10, procedure_name="Hỗ trợ chi phí mai táng")]
        imports.load(made.db, 1, "list.csv", rows, fold, made.now, made.now)
        yield made


def hers(chats: Chats, code: str = READY, who: Who = VILLAGER) -> None:
    """A dossier stands on somebody's chat."""
    chats.says("xin chào", who)
    found = dossiers.by_code(chats.db, 1, dossier_key(code))
    links.put(chats.db, 1, citizens.find(chats.db, 1, "web", "", who.chat).id, found.id, chats.now)


def counted(db: Connection) -> dict[int, int]:
    return {row.stars: row[1] for row in db.execute(select(ratings.rating.c.stars, ratings.rating.c.count))}


def everything(db: Connection) -> list[tuple[str, str]]:
    """Every row of every table, what is sealed opened: (table, words)."""
    found = []
    for table in migrate.tables().sorted_tables:
        sealed = [column.name for column in table.c if isinstance(column.type, LargeBinary)]
        for row in db.execute(table.select()).mappings():
            words = {**row, **{name: _open(db, row[name]) for name in sealed if row[name] is not None}}
            found.append((table.name, repr(words)))
    return found


def _open(db: Connection, raw: bytes) -> str:
    try:
        return unseal(db, raw).decode("utf-8", "replace")
    except Exception:
        return repr(raw)


def many(chats: Chats, month: date, *stars: int) -> None:
    """Ratings of that month by so many people."""
    for number, each in enumerate(stars):
        assert ratings.give(chats.db, 1, month.month * 1000 + number, number, month, each)


# --- on every channel -------------------------------------------------------------------------------------------------


async def test_A18_two_taps_and_one_free_line(town: Town, citizen: Somebody, official: Person) -> None:
    """She finds it at her dossier, taps one of five words, adds a sentence; the second time she is only thanked."""
    await bring(town, [Row(2, READY, status=10)])
    await citizen.says(READY)
    await citizen.taps("Xem chi tiết")
    await citizen.says("5678")
    await citizen.says(READY)
    await citizen.taps("Đánh giá cách phục vụ")
    citizen.sees("có hài lòng với cách phục vụ", "không lưu kèm tên và mã hồ sơ")
    assert [re.sub(r"^\d\. ", "", each) for each in citizen.buttons()] == [
        "Rất hài lòng", "Hài lòng", "Bình thường", "Chưa hài lòng", "Rất không hài lòng",
    ]  # fmt: skip
    button = citizen.button("Chưa hài lòng")
    await citizen.presses(button)
    citizen.sees("Ông/bà muốn nói thêm một câu không?")
    await citizen.says(LINE)
    citizen.sees("Xin cảm ơn ông/bà. Lời ông/bà được chuyển đến lãnh đạo xã khi hết tháng.")
    await citizen.presses(button)
    citizen.sees("đã đánh giá rồi")
    assert await town.read(counted) == {2: 1}
    kept = await town.read(everything)
    assert [table for table, words in kept if LINE in words] == ["rating_words"]
    assert [table for table, words in kept if f"{KEY},2" in words and table not in ("outbox", "shown_list")] == []
    await official.says("/danhgia")
    official.sees("Tháng này chỉ hiện khi đã hết tháng")
    official.sees_not(LINE, READY)


async def test_A18_the_word_typed_under_the_news_is_the_rating(town: Town, citizen: Somebody) -> None:
    """After the news of the hand-over (a page is not told, but knows it) one of the five words rates it, once."""
    await bring(town, [Row(2, READY, status=4)])
    await citizen.says(READY)
    await citizen.taps("Xem chi tiết")
    await citizen.says("5678")
    town.clock.advance(timedelta(minutes=1))
    await bring(town, [Row(2, READY, status=10)])
    await town.later(minutes=1)
    await town.later(minutes=1)
    await citizen.says("dạ rất không hài lòng ạ")
    citizen.sees("Ông/bà muốn nói thêm một câu không?")
    assert await town.read(counted) == {1: 1}
    await citizen.says("không")
    citizen.sees("đã dành thời gian")
    await citizen.says("hài lòng")
    assert await town.read(counted) == {1: 1}


# --- whose it is ------------------------------------------------------------------------------------------------------


def test_A06_a_token_is_worth_nothing_to_a_stranger(chats: Chats) -> None:
    """Only where the dossier stands on the chat; an unknown one sounds the same."""
    said = {chats.taps(f"#rate:{code},5").text for code in (KEY, dossier_key("H55.242-261102-0099"), "x")}
    assert said == {"Xin ông/bà tra hồ sơ và mở phần chi tiết trước ạ."}
    assert counted(chats.db) == {}


def test_A18_only_what_was_handed_over_is_rated(chats: Chats) -> None:
    """Before that she is told so; a number of stars that is none asks."""
    hers(chats)
    for odd in ("0", "6", "x", "5x", ""):
        assert "có hài lòng" in chats.taps(f"#rate:{KEY},{odd}").text
    chats.db.execute(update(dossier).where(dossier.c.code_key == KEY).values(status=9))
    assert "chưa được trả" in chats.taps(f"#rate:{KEY},5").text
    assert counted(chats.db) == {}


def test_A18_a_dossier_is_rated_once(chats: Chats) -> None:
    """The second tap changes nothing, whatever it says; somebody else's rating of it is another."""
    hers(chats)
    hers(chats, who=Who("", "her-daughter"))
    chats.taps(f"#rate:{KEY},5")
    chats.says("bỏ qua")
    assert "đã đánh giá rồi" in chats.taps(f"#rate:{KEY},1").text
    assert counted(chats.db) == {5: 1}
    chats.taps(f"#rate:{KEY},1", Who("", "her-daughter"))
    assert counted(chats.db) == {5: 1, 1: 1}


def test_L23_after_a_death_nobody_is_asked(chats: Chats) -> None:
    """No button, and an old token is refused kindly."""
    hers(chats, DEATH)
    assert "Đánh giá" not in repr(chats.says(DEATH).buttons)
    assert "không hỏi ý kiến đánh giá" in chats.taps(f"#rate:{dossier_key(DEATH)},5").text
    assert counted(chats.db) == {}


# --- it can hurt nobody -----------------------------------------------------------------------------------------------


def test_L25_no_row_ties_a_rating_to_a_dossier(chats: Chats) -> None:
    """In the whole database, opened: no row has the answer and anything of the dossier, her, or the time."""
    hers(chats)
    chats.taps(f"#rate:{KEY},2")
    chats.says(LINE)
    citizen = citizens.find(chats.db, 1, "web", "", VILLAGER.chat)
    kept = everything(chats.db)
    assert [table for table, words in kept if LINE in words] == ["rating_words"]
    assert [words for _table, words in kept if f"{KEY},2" in words] == []
    for table in (ratings.rating, ratings.rating_words, ratings.rating_seal):
        assert not {"dossier_id", "citizen_id", "created_at", "at"} & set(table.c.keys())
    seal = next(words for table, words in kept if table == "rating_seal")
    assert READY not in seal
    assert KEY not in seal
    assert f"{citizen.id}" != seal
    assert [row.month for row in chats.db.execute(select(ratings.rating_words.c.month))] == [NOVEMBER]


def test_L25_fewer_than_ten_are_not_shown(chats: Chats) -> None:
    """Nine of a month wait for those of the next; the running month is never shown, so nobody can be guessed."""
    clerk = chats.official()
    many(chats, date(2026, 9, 1), *([5] * 8 + [1]))
    assert "Tháng 09/2026: chưa đủ mười lượt nên chưa hiện." in chats.says("/danhgia", clerk).text
    many(chats, date(2026, 10, 1), 3)
    many(chats, NOVEMBER, *([4] * 30))
    told = chats.says("/danhgia", clerk).text
    assert "Tháng 09/2026 đến 10/2026: 10 lượt đánh giá." in told
    assert "Rất hài lòng: 8." in told
    assert "Bình thường: 1." in told
    assert "Hài lòng: 30" not in told
    assert "lượt" not in chats.says("/danhgia").text


def test_L25_free_lines_are_for_the_head_alone(chats: Chats) -> None:
    """And only with ten ratings beside them; a clerk sees figures."""
    october = date(2026, 10, 1)
    many(chats, october, *([5] * 9))
    ratings.say(chats.db, 1, october, LINE)
    head = chats.official("chairman")
    assert LINE not in chats.says("/danhgia", head).text
    ratings.give(chats.db, 1, 5, 5, october, 4)
    assert LINE in chats.says("/danhgia", head).text
    assert LINE not in chats.says("/danhgia", chats.official()).text


def test_L25_once_a_month_the_head_gets_them_in_no_order(chats: Chats) -> None:
    """On the first working morning, once; not in the night, not on a Sunday, not for a month with too few."""
    head = chats.official("chairman")
    many(chats, NOVEMBER, *([5] * 12))
    for number in range(12):
        ratings.say(chats.db, 1, NOVEMBER, f"lời thứ {number}")

    def at(*when: int) -> str:
        work = Work(chats.db, chats.bench.place, datetime(*when, tzinfo=ZONE))
        rating.report(work)
        return chats._said(head, None).text

    assert at(2026, 12, 1, 3) == ""
    told = at(2026, 12, 1, 8)
    assert "12 lượt đánh giá" in told
    order = re.findall(r"lời thứ (\d+)", told)
    assert sorted(map(int, order)) == list(range(12))
    assert at(2026, 12, 1, 9) == at(2026, 12, 2, 8) == ""
    many(chats, date(2026, 12, 1), 1)
    assert at(2027, 1, 3, 9) == at(2027, 1, 4, 9) == ""


def test_L25_the_order_of_lines_says_nothing(chats: Chats) -> None:
    """Their numbers are drawn by lot."""
    for number in range(30):
        ratings.say(chats.db, 1, NOVEMBER, str(number))
    by_number = select(ratings.rating_words.c.words).order_by(ratings.rating_words.c.id)
    found = [int(unseal(chats.db, raw).strip(b'"')) for raw in chats.db.execute(by_number).scalars()]
    assert sorted(found) == list(range(30))
    assert found != sorted(found)


# --- the free line ----------------------------------------------------------------------------------------------------


def test_A18_the_line_may_be_left_out(chats: Chats) -> None:
    """By the button or in words; a sticker or a novel is asked again."""
    hers(chats)
    asked = chats.taps(f"#rate:{KEY},4")
    assert "chữ" in chats.does(kind="sticker").text
    assert "ký tự" in chats.says("x" * 501).text
    skip = next(each["token"] for each in asked.buttons if "ỏ qua" in each["label"])
    assert "đã dành thời gian" in chats.taps(skip).text
    assert chats.db.execute(select(func.count()).select_from(ratings.rating_words)).scalar() == 0


def test_L03_a_line_that_accuses_passes_the_gate(chats: Chats) -> None:
    """She is asked first, and what accuses goes to the receivers and not to the ratings."""
    hers(chats)
    chats.taps(f"#rate:{KEY},1")
    asked = chats.says("Cán bộ Nam nhận hối lộ của tôi hai triệu")
    assert asked.route == "accusation"
    private = next(each["token"] for each in asked.buttons if "có tố cáo" in each["label"].lower())
    chats.taps(private)
    assert chats.db.execute(select(func.count()).select_from(ratings.rating_words)).scalar() == 0


def test_nobody_starts_the_free_line_without_a_rating(chats: Chats) -> None:
    """A forged token begins nothing."""
    said: Any = chats.taps("#talk:begin,rate-words")
    assert "muốn nói thêm" not in said.text
