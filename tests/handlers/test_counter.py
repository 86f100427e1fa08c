"""What lies at the counter (L19): nobody is asked to come before the clerk's tick, and a wrong tick is taken back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot import reach
from bot.turn import Work
from handlers.one_stop import counter, news
from messages.fold import fold
from messages.statuses import ZONE
from storage import citizens, dossier_events, dossiers, imports, links, ready
from storage.dossiers import Dossier
from storage.notices import delivery, notice
from storage.outbox import outbox
from storage.sealing import unseal_json
from tests.bot.test_reach import MESSENGER
from tests.bot.turns import VILLAGER, Bench, Chats
from tests.storage.test_dossiers import Row
from tests.town import START

COPY = {"procedure_code": "2.000815", "procedure_name": "Chứng thực bản sao từ bản chính"}
CODE, OTHER = "H55.242-261102-0012", "H55.242-261102-0013"


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """With Telegram beside the page."""
    made = Bench()
    channels = made.place.capabilities | {"telegram": MESSENGER}
    made.place = replace(made.place, capabilities=channels, accounts={"telegram": "bot"})
    yield made
    made.close()


@pytest.fixture
def chats(bench: Bench) -> Iterator[Chats]:
    """The sample's own results are all handed over, so that the list begins empty."""
    with bench.town() as made:
        made.db.execute(update(dossiers.dossier).where(dossiers.dossier.c.status == 9).values(status=10))
        yield made


def brings(chats: Chats, status: int, code: str = CODE, **more: Any) -> Dossier:
    """Today's list with a dossier, and the dossier, which stands on a villager's chat on Telegram."""
    values: dict[str, Any] = {"received_at": START - timedelta(hours=1), "place": "", **COPY} | more
    imports.load(chats.db, 1, "list.csv", [Row(2, code, status=status, **values)], fold, chats.now, chats.now)
    found = dossiers.by_code(chats.db, 1, code.replace(".", "").replace("-", ""))
    assert found is not None
    citizen = citizens.meet(chats.db, 1, "telegram", "bot", f"she-{code}", chats.now)
    links.put(chats.db, 1, citizen.id, found.id, chats.now)
    return found


def ticks(chats: Chats, **terms: Any) -> None:
    """The minute's ticks."""
    here = chats.bench.place
    dossiers_ = here.commune.dossiers.model_copy(update=terms)
    work = Work(chats.db, replace(here, commune=here.commune.model_copy(update={"dossiers": dossiers_})), chats.now)
    counter.reminders(work)
    work.again = True
    while work.again:
        news.act(work)
    reach.follow(work)


def heard(chats: Chats, state: str = "queued") -> list[str]:
    """The words on their way to her."""
    hers = (outbox.c.channel == "telegram") & (outbox.c.state == state)
    return [unseal_json(chats.db, body)["text"] for body in
            chats.db.execute(select(outbox.c.body).where(hers).order_by(outbox.c.id)).scalars()]  # fmt: skip


def arrives(chats: Chats) -> None:
    values = {"state": "sent", "sent_at": chats.now, "delivered_at": chats.now}
    hers = (outbox.c.channel == "telegram") & (outbox.c.state == "queued")
    chats.db.execute(update(outbox).where(hers).values(values))
    reach.follow(Work(chats.db, chats.bench.place, chats.now))


def button(said: Any, label: str) -> str:
    return str(next(each["token"] for each in said.buttons if label in each["label"]))


def fresh(chats: Chats, found: Dossier) -> Dossier:
    again = dossiers.get(chats.db, 1, found.id)
    assert again is not None
    return again


# --- ticking ----------------------------------------------------------------------------------------------------------


def test_L19_nobody_is_asked_to_come_before_the_clerk_has_ticked_it(chats: Chats) -> None:
    """The file says that the result is there: not a word; the tick: where, when, with which paper, and three ways."""
    brings(chats, 9)
    ticks(chats)
    assert heard(chats) == []
    listed = chats.says("/ketqua", chats.official())
    assert "Có 1 kết quả chưa xác nhận" in listed.text
    assert f"1) Hồ sơ {CODE}: Chứng thực bản sao từ bản chính." in listed.text
    assert "Bích" not in listed.text
    noted = chats.taps(button(listed, "Số 1: có tại quầy"), chats.official())
    assert f"Đã ghi: kết quả {CODE} có tại quầy." in noted.text
    ticks(chats)
    (words,) = heard(chats)
    assert "mời ông/bà đến nhận tại: Trung tâm Phục vụ hành chính công xã Suối Lành, Thôn Ngã Ba Chợ" in words
    assert "Giờ mở cửa thứ Hai đến thứ Sáu: 7 giờ 30 – 11 giờ 30, 13 giờ 30 – 17 giờ." in words
    assert "Ai mang giấy hẹn đến cũng nhận được." in words
    assert "nhận qua bưu điện" in words
    ticks(chats)
    assert len(heard(chats)) == 1


def test_L19_the_same_tick_twice_is_one(chats: Chats) -> None:
    """Two officials tap the same button: one notice, and the second is told."""
    brings(chats, 9)
    token = button(chats.says("/ketqua", chats.official()), "Số 1")
    chats.taps(token, chats.official())
    assert "đã được ghi từ trước" in chats.taps(token, chats.official("chairman")).text
    ticks(chats)
    assert len(heard(chats)) == 1


def test_L19_all_at_once_after_a_look_at_how_many_are_told(chats: Chats) -> None:
    """The number is what then happens; without the yes nothing does; tapped twice it is done once."""
    for number in range(10):
        brings(chats, 9, f"H55.242-261102-{number:04}")
    clerk = chats.official()
    listed = chats.says("có tại quầy", clerk)
    assert len([each for each in listed.buttons if "có tại quầy" in each["label"]]) == counter.SHOWN + 1
    asked = chats.taps(button(listed, "Tất cả"), clerk)
    assert "Có 10 kết quả, sẽ báo cho 10 người." in asked.text
    assert ready.count(chats.db, 1) == 10
    brings(chats, 9, "H55.242-261102-0099")
    for _twice in range(2):
        chats.taps(button(asked, "Đúng, báo cho 10 người"), clerk)
    assert ready.count(chats.db, 1) == 1, "what has come since she looked waits for her next look"
    ticks(chats)
    assert len(heard(chats)) == 10


def test_L19_what_is_not_there_yet_is_passed_over(chats: Chats) -> None:
    """ "Not yet" shows the next ones, and begins again at the end."""
    for number in range(10):
        brings(chats, 9, f"H55.242-261102-{number:04}")
    clerk = chats.official()
    rest = chats.taps(button(chats.says("/ketqua", clerk), "Chưa có, xem tiếp"), clerk)
    assert "H55.242-261102-0008" in rest.text
    assert "H55.242-261102-0000" not in rest.text
    assert "H55.242-261102-0000" in chats.taps("#ready-list:999999999", clerk).text


def test_L19_a_commune_that_trusts_its_file_needs_no_tick(chats: Chats) -> None:
    """The move itself tells, once."""
    brings(chats, 9)
    ticks(chats, trust_ready=True)
    ticks(chats, trust_ready=True)
    assert len(heard(chats)) == 1
    assert ready.count(chats.db, 1) == 0


def test_L05_the_office_list_does_not_name_a_private_procedure(chats: Chats) -> None:
    """Others may read along: the code alone."""
    brings(chats, 9, procedure_code="1.004873", procedure_name="Cấp Giấy xác nhận tình trạng hôn nhân")
    text = chats.says("/ketqua", chats.official()).text
    assert f"1) Hồ sơ {CODE}." in text
    assert "hôn nhân" not in text


def test_a_villager_cannot_tick(chats: Chats) -> None:
    """Only officials; a token typed by somebody else does nothing."""
    found = brings(chats, 9)
    for words in ("/ketqua", f"#ready:{found.id}", "#ready-all:9999,1", f"#recall:{found.id},0"):
        chats.says(words, VILLAGER)
    assert ready.count(chats.db, 1) == 1


# --- taking it back ---------------------------------------------------------------------------------------------------


def test_L19_a_tick_taken_back_in_time_tells_nobody(chats: Chats) -> None:
    """Before the message has left: it stays here, no apology is needed; the next true tick tells her."""
    found = brings(chats, 9)
    clerk = chats.official()
    noted = chats.taps(button(chats.says("/ketqua", clerk), "Số 1"), clerk)
    ticks(chats)
    back = chats.taps(button(noted, "bỏ xác nhận"), clerk)
    assert "chưa ai được báo" in back.text
    ticks(chats)
    assert heard(chats) == []
    chats.taps(f"#ready:{found.id}", clerk)
    ticks(chats)
    assert len(heard(chats)) == 1


def test_L19_a_wrong_notice_is_recalled_with_one_tap_and_an_apology(chats: Chats) -> None:
    """Who had it reads that it was a mistake and not to come; when it really lies there, she is told again."""
    found = brings(chats, 9)
    clerk = chats.official()
    chats.taps(f"#ready:{found.id}", clerk)
    ticks(chats)
    arrives(chats)
    shown = chats.says(f"/ketqua {CODE}", clerk)
    assert "Số người đã được báo: 1." in shown.text
    token = button(shown, "Thu hồi tin và xin lỗi")
    assert "Có 1 người nhận tin xin lỗi" in chats.taps(token, clerk).text
    assert "đã được ghi từ trước" in chats.taps(token, clerk).text
    ticks(chats)
    (sorry,) = heard(chats)
    assert "thành thật xin lỗi ông/bà: tin báo đã có kết quả vừa qua là nhầm" in sorry
    assert "chưa đến nhận" in sorry
    assert (fresh(chats, found).ready_at, fresh(chats, found).recalls) == (None, 1)
    arrives(chats)
    chats.taps(f"#ready:{found.id}", clerk)
    ticks(chats)
    assert "mời ông/bà đến nhận" in heard(chats)[0]


def test_L19_an_old_recall_button_takes_nothing_back(chats: Chats) -> None:
    """Taken back, ticked again: the button of the first time is over, and so is the first tick."""
    found = brings(chats, 9)
    clerk = chats.official()
    for _tick in range(2):
        chats.taps(f"#ready:{found.id}", clerk)
        chats.taps(f"#recall:{found.id},{fresh(chats, found).recalls}", clerk)
    chats.taps(f"#ready:{found.id}", clerk)
    for recalls in (0, 1):
        assert "đã được ghi từ trước" in chats.taps(f"#recall:{found.id},{recalls}", clerk).text
    ticks(chats)
    assert len(heard(chats)) == 1, "of three ticks one holds"


def test_L19_a_recall_that_was_itself_a_mistake_costs_her_nothing(chats: Chats) -> None:
    """At night, before the apology has left, it is ticked again: she hears neither, what she was told is true."""
    found = brings(chats, 9)
    clerk = chats.official()
    chats.taps(f"#ready:{found.id}", clerk)
    ticks(chats)
    arrives(chats)
    chats.later(hours=13)
    chats.taps(f"#recall:{found.id},0", clerk)
    ticks(chats)
    assert len(heard(chats)) == 1
    chats.taps(f"#ready:{found.id}", clerk)
    ticks(chats)
    assert heard(chats) == []


def test_a_status_that_jumps_back_before_she_was_told_tells_nobody(chats: Chats) -> None:
    """Ticked at night, taken back by the list at six: nobody is misled in the morning."""
    chats.later(hours=13)
    found = brings(chats, 9)
    chats.taps(f"#ready:{found.id}", chats.official())
    ticks(chats)
    assert len(heard(chats)) == 1
    chats.later(hours=8)
    brings(chats, 4)
    ticks(chats)
    assert heard(chats) == []
    assert (fresh(chats, found).ready_at, fresh(chats, found).recalls) == (None, 1)


def test_a_status_that_jumps_back_after_she_was_told_is_shown_to_the_office(chats: Chats) -> None:
    """The office decides with one tap whether the notice or the list was wrong; back at 9 nothing is told twice."""
    found = brings(chats, 9)
    clerk = chats.official()
    chats.taps(f"#ready:{found.id}", clerk)
    ticks(chats)
    arrives(chats)
    brings(chats, 4)
    ticks(chats)
    assert heard(chats) == []
    asked = chats._said(clerk, None).everything
    (token,) = [each["token"] for body in asked for each in body.get("buttons", []) if "Thu hồi" in each["label"]]
    brings(chats, 9)
    ticks(chats)
    assert heard(chats) == []
    brings(chats, 4)
    ticks(chats)
    chats.taps(token, clerk)
    ticks(chats)
    assert "vừa qua là nhầm" in heard(chats)[0]


def test_a_status_that_goes_from_handed_over_to_ready_and_back_tells_nothing_twice(chats: Chats) -> None:
    """10, 9, 10: she was asked to come once and thanked once."""
    found = brings(chats, 9)
    chats.taps(f"#ready:{found.id}", chats.official())
    for status in (9, 10, 9, 10):
        brings(chats, status)
        ticks(chats)
        arrives(chats)
    told = select(notice.c.kind).join(delivery, delivery.c.notice_id == notice.c.id)
    kinds = list(chats.db.execute(told.where(delivery.c.dossier_id == found.id).order_by(delivery.c.id)).scalars())
    assert kinds == ["result-ready", "dossier-returned"]


# --- the reminder -----------------------------------------------------------------------------------------------------


def test_L19_who_has_not_collected_is_reminded_once(chats: Chats) -> None:
    """On the morning of the tenth working day, and never again."""
    found = brings(chats, 9)
    chats.taps(f"#ready:{found.id}", chats.official())
    ticks(chats)
    arrives(chats)
    for _day in range(30):
        chats.later(days=1)
        ticks(chats)
        if heard(chats):
            break
    (words,) = heard(chats)
    assert "Kết quả vẫn đang được giữ cho ông/bà tại" in words
    assert chats.now.astimezone(ZONE).date().isoformat() == "2026-12-10"
    arrives(chats)
    for _day in range(30):
        chats.later(days=1)
        ticks(chats)
    assert heard(chats) == []


@pytest.mark.parametrize("collected", [True, False])
def test_L19_who_has_collected_or_said_when_is_not_reminded(chats: Chats, collected: bool) -> None:
    """The day is forgotten when the status leaves 9, and when she has said how she collects."""
    found = brings(chats, 9)
    chats.taps(f"#ready:{found.id}", chats.official())
    ticks(chats)
    arrives(chats)
    if collected:
        brings(chats, 10)
    else:
        ready.remind(chats.db, 1, found.id, None)
    ticks(chats)
    arrives(chats)
    chats.later(days=40)
    ticks(chats)
    assert heard(chats) == []


def test_the_days_of_thousands_are_found_in_one_statement(chats: Chats) -> None:
    """Every reminder that is due becomes one happening, and none of the others."""
    table = dossiers.dossier
    first = table.c.id.in_(select(table.c.id).order_by(table.c.id).limit(50))
    values = {"status": 9, "ready_at": chats.now, "remind_at": chats.now}
    chats.db.execute(update(table).where(first).values(values))
    found = brings(chats, 9, OTHER)
    ready.remind(chats.db, 1, found.id, chats.now + timedelta(days=1))
    assert ready.due_reminders(chats.db, 1, chats.now) == 50
    assert ready.due_reminders(chats.db, 1, chats.now) == 0
    events = dossier_events.dossier_event
    kinds = chats.db.execute(select(events.c.kind).where(events.c.kind == "remind")).scalars()
    assert len(list(kinds)) == 50
