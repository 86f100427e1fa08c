"""The Chairman's week (B08): by itself, once; every figure unfolds; what one may not read shows number and field."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot.settings import ZONE
from handlers.cases import weekly
from messages.letters import LETTERS
from storage import cases, letters
from storage.letters import letter
from storage.outbox import outbox
from storage.sealing import unseal_json
from tests.bot.turns import Chats, Said, Who
from tests.handlers.test_case_follow import WORDS, filed, work
from tests.letters import arrived
from tests.town import Town, official

MONDAY = datetime(2026, 11, 30, 7, 20, tzinfo=ZONE)


def busy(chats: Chats) -> None:
    """A week before: five reports of one thôn, one past the counter, one settled in time."""
    chats.clock.advance(MONDAY - timedelta(days=4) - chats.now)
    made = [filed(chats, Who("", f"villager-{n}")) for n in range(4)]
    filed(chats, Who("", "villager-0"), "Cán bộ bắt nộp thêm giấy", lane="leader")
    cases.move(chats.db, 1, made[0].id, ("open",), "settled", done_at=chats.now, satisfied="yes")
    cases.move(chats.db, 1, made[1].id, ("open",), "joined", main_id=made[0].id)
    chats.clock.advance(MONDAY - chats.now)


def sent_to(chats: Chats, who: Who) -> list[str]:
    rows = chats.db.execute(select(outbox.c.body).where(outbox.c.chat == who.chat).order_by(outbox.c.id)).scalars()
    return [unseal_json(chats.db, body)["text"] for body in rows]


def button(said: Said, label: str) -> str:
    return next(each["token"] for each in said.buttons if label in each["label"])


def test_B08_it_comes_to_the_chairman_on_monday_once(chats: Chats) -> None:
    """Not before its hour, not to others, not twice; the page is ordered for his chat."""
    busy(chats)
    chairman, clerk = chats.official("chairman"), chats.official("clerk")
    chats.clock.advance(timedelta(minutes=-10))
    weekly.weekly(work(chats))
    assert not [text for text in sent_to(chats, chairman) if "Bản tin tuần" in text]
    chats.clock.advance(timedelta(minutes=10))
    for _time in range(2):
        weekly.weekly(work(chats))
    (text,) = [text for text in sent_to(chats, chairman) if "Bản tin tuần" in text]
    assert "Tiếp nhận: 5" in text
    assert "Đúng hạn: 1" in text
    assert "4 người dân báo 4 việc khác nhau" in text
    assert "Thôn Suối Trên, ngập" in text
    assert "Cống" not in text
    assert not [text for text in sent_to(chats, clerk) if "Bản tin tuần" in text]
    ordered = chats.db.execute(select(letter.c.name, letter.c.event).where(letter.c.chat == chairman.chat)).all()
    assert [tuple(row) for row in ordered] == [("weekly", "week-drawn")]


def test_B08_a_quiet_monday_puts_it_off_to_the_next_working_day(chats: Chats, monkeypatch: pytest.MonkeyPatch) -> None:
    busy(chats)
    chairman = chats.official("chairman")
    monkeypatch.setattr(weekly.Calendar, "is_working_day", lambda self, day: day.isoweekday() == 2)
    weekly.weekly(work(chats))
    assert not [text for text in sent_to(chats, chairman) if "Bản tin tuần" in text]
    chats.clock.advance(timedelta(days=1))
    weekly.weekly(work(chats))
    assert len([text for text in sent_to(chats, chairman) if "Bản tin tuần" in text]) == 1


def test_B08_every_figure_unfolds_into_its_cases(chats: Chats) -> None:
    busy(chats)
    chairman = chats.official("chairman")
    said = chats.says("bản tin tuần", chairman)
    listed = chats.taps(button(said, "Tiếp nhận"), chairman)
    assert "Tiếp nhận: 5" in listed.text
    assert "PA-0004, Thôn Suối Trên" in listed.text
    assert "PA-0001" in chats.taps(button(said, "Đúng hạn"), chairman).text
    assert "PA-0001" in chats.taps(button(said, "Xong, hài lòng"), chairman).text
    for part in ("Theo thôn", "Theo lĩnh vực", "Theo loại", "Điểm nóng"):
        inner = chats.taps(button(said, part), chairman)
        assert "PA-0003" in chats.taps(inner.buttons[0]["token"], chairman).text, part
    assert WORDS not in listed.text


def test_A19_who_may_not_read_a_case_sees_its_number_and_field(chats: Chats) -> None:
    """It counts all the same, and opens for nobody else."""
    busy(chats)
    clerk, chairman = chats.official("clerk"), chats.official("chairman")
    for who, opens in ((clerk, False), (chairman, True)):
        said = chats.says("/tuan", who)
        listed = chats.taps(button(said, "Tiếp nhận"), who)
        assert "Tiếp nhận: 5" in listed.text
        assert ("PA-0005, Thôn Suối Trên" in listed.text) is opens
        assert ("PA-0005" in {each["label"] for each in listed.buttons}) is opens


def test_B08_other_weeks_and_nonsense(chats: Chats) -> None:
    busy(chats)
    chairman = chats.official("chairman")
    said = chats.says("/tuan", chairman)
    before = chats.taps(button(said, "Tuần trước đó"), chairman)
    assert "Tiếp nhận: 0" in before.text
    assert "16/11/2026" in before.text
    now = chats.taps(button(said, "Tuần sau đó"), chairman)
    assert "30/11/2026" in now.text
    assert not [each for each in now.buttons if "Tuần sau đó" in each["label"]]
    for odd in ("#week-list:nothing,2026-11-23,0", "#week-list:village.zz,2026-11-23,0", "#week-list:received,x,y",
                "#week:2026-99-99", "#week:2099-01-01"):  # fmt: skip
        assert chats.taps(odd, chairman).text, odd


def test_B08_a_villager_gets_no_figures(chats: Chats) -> None:
    assert "Bản tin tuần" not in chats.says("/tuan").text
    assert "Bản tin tuần" not in chats.taps("#week-list:received,2026-11-23,0").text
    assert chats.db.execute(select(letter.c.id)).first() is None


def test_B08_the_page_says_what_the_words_say(chats: Chats) -> None:
    """Its data hold figures, thôn and fields; nothing anybody wrote."""
    busy(chats)
    chairman = chats.official("chairman")
    chats.says("/tuan", chairman)
    ordered = letters.take(chats.db, 1, chats.now)
    assert ordered is not None
    page = LETTERS["weekly"](**ordered.data)
    assert "Tiếp nhận: 5" in page.figures
    assert "Thôn Suối Trên: 5" in page.villages
    assert page.spots
    assert page.satisfied
    assert "Cống" not in str(ordered.data)


def test_B08_the_button_under_it_leads_to_every_figure(chats: Chats) -> None:
    """And the page can be had again, in words of its own."""
    busy(chats)
    chairman = chats.official("chairman")
    weekly.weekly(work(chats))
    said = chats.taps("#week:2026-11-23", chairman)
    assert "PA-0001" in chats.taps(button(said, "Đúng hạn"), chairman).text
    assert "đang được vẽ" in chats.taps(button(said, "Ảnh và trang"), chairman).text


async def test_B08_picture_and_page_arrive_at_the_office(town: Town) -> None:
    person = await official(town, "Triệu")
    await person.says("/tuan")
    person.sees("Bản tin tuần", "Tiếp nhận: 0")
    await arrived(person)
    assert len(await person.pictures()) == 1
    assert (await person.documents())[0].startswith(b"%PDF")
    await person.says("/tuan")
    await arrived(person)
    assert len(await person.pictures()) == 1
