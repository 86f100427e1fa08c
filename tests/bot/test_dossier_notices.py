"""What villagers are told about their dossiers: the table of rules, once, in time, true, and naming nothing private."""

import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select, update

from bot import dossier_notices as rules
from bot import reach
from bot.commune_zalo import Template
from bot.dossier_notices import RULES, SILENT
from bot.turn import OFFICE_CHAT, Work
from bot.zalo_templates import NOTICES
from handlers.one_stop import news
from messages.dossier_notices import News, collects
from messages.fold import fold
from messages.reply import Msg
from messages.statuses import STATUSES
from storage import call_list, citizens, consents, dossier_events, dossiers, imports, links, ready, spending, stops
from storage.audience import Recipient
from storage.db import create_engine_for
from storage.dossier_events import dossier_event
from storage.dossiers import Dossier
from storage.notices import delivery, notice
from storage.outbox import outbox
from storage.sealing import unseal_json
from tests import stores
from tests.bot.test_reach import DAY, HOUR, NOW, PHONE, TERMS, place, she
from tests.storage.test_dossiers import CODE, Row

BIRTH, DEATH = "Đăng ký khai sinh", "Đăng ký khai tử"
PRIVATE = "Cấp Giấy xác nhận tình trạng hôn nhân"
NEW = NOW - HOUR
"""When a dossier of these tests was handed in: its first list is news."""


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as db:
        yield db


def work(db: Connection, now: datetime = NOW, **dossier_terms: Any) -> Work:
    here = place()
    terms = here.commune.dossiers.model_copy(update=dossier_terms)
    return Work(db, replace(here, commune=here.commune.model_copy(update={"dossiers": terms})), now)


def brings(db: Connection, status: int, now: datetime = NOW, **row: Any) -> Dossier:
    """Today's list with one dossier, and the dossier."""
    values: dict[str, Any] = {"note": "", "received_at": NEW, "place": ""} | row
    made = Row(2, status=status, **values)
    imports.load(db, 1, "list.csv", [made], fold, now, now)
    found = dossiers.by_code(db, 1, made.code_key)
    assert found is not None
    return found


def ticks(db: Connection, now: datetime = NOW, **terms: Any) -> None:
    """The minute's ticks: news become notices, and these messages."""
    one = work(db, now, **terms)
    news.act(one)
    reach.follow(one)


def hers(db: Connection, found: Dossier, **silent: timedelta) -> int:
    """A citizen on whose chat the dossier stands since its second factor was right there."""
    citizen = she(db, **(silent or {"telegram": HOUR}))
    links.put(db, 1, citizen, found.id, NOW, proven=True)
    return citizen


def messages(db: Connection, state: str = "queued") -> list[dict[str, Any]]:
    """What is on its way to villagers."""
    here = (outbox.c.kind == "notice") & (outbox.c.state == state) & (outbox.c.chat != OFFICE_CHAT.chat)
    return [unseal_json(db, row.body) for row in db.execute(select(outbox).where(here).order_by(outbox.c.id))]


def sent(db: Connection) -> None:
    """Everything on its way arrives."""
    queued = outbox.c.state == "queued"
    db.execute(update(outbox).where(queued).values(state="sent", sent_at=NOW, delivered_at=NOW))
    reach.follow(work(db))


def states(db: Connection) -> list[tuple[str, str]]:
    """Of each delivery the kind of its notice and how it stands."""
    joined = select(notice.c.kind, delivery.c.state).join(notice, notice.c.id == delivery.c.notice_id)
    return [(row.kind, row.state) for row in db.execute(joined.order_by(delivery.c.id))]


def labels(body: dict[str, Any]) -> list[str]:
    return [each["label"] for each in body.get("buttons", [])]


# --- the table --------------------------------------------------------------------------------------------------------


def test_every_status_tells_something_or_says_why_not() -> None:
    """No status is forgotten, and none is told by two rules."""
    for status in STATUSES:
        telling = [rule.name for rule in RULES.values() if status in rule.moved]
        assert len(telling) == (status not in SILENT), status
    assert all(SILENT.values())


def test_every_rule_is_true_where_it_is_told_and_has_a_template_or_words_of_its_own() -> None:
    """What is told at a status is useful there; every approved template belongs to a rule."""
    assert set(NOTICES) <= set(RULES)
    for name, rule in RULES.items():
        assert rule.name == name
        assert rule.moved <= rule.useful <= set(STATUSES)
        assert set(rule.buttons) <= set(rules.BUTTONS)


def test_every_field_of_our_templates_is_filled(tmp_path: Path) -> None:
    """What Zalo's templates may ask for is there for each rule; the page and the new date come with the letter."""
    with stores.rolled_back("sqlite", tmp_path) as db:
        found = brings(db, 2, due_at=NOW + DAY)
        for name, fields in NOTICES.items():
            status = min(RULES[name].moved or RULES[name].useful)
            moved = rules.as_ticked(replace(found, status=status), NOW)
            made = rules.notice(work(db), name, moved, [Recipient(None, found.id)])
            assert made is not None
            assert {field for field in fields if not made.values.get(field)} <= {"page", "new_day"}
            assert "Bích" not in str(made.values)
            assert BIRTH not in str(made.values)


# --- words ------------------------------------------------------------------------------------------------------------

SAID = [
    (2, "", ("đã tiếp nhận hồ sơ", f"Hồ sơ {CODE}: {BIRTH}.", "Hẹn trả:", "Nơi nhận kết quả: Trung tâm"), 1),
    (3, "", ("chưa tiếp nhận được", "0951 000 001"), 1),
    (5, "Giấy chứng sinh; căn cước", ("còn cần thêm: Giấy chứng sinh; căn cước", "mang giúp đến: Trung tâm"), 1),
    (5, "", ("Bộ phận một cửa sẽ nói rõ cần giấy tờ nào.", "0951 000 001"), 1),
    (6, "Lệ phí 8.000 đồng", ("nộp thuế hoặc phí: Lệ phí 8.000 đồng", "đừng chuyển tiền qua đường dẫn"), 1),
    (8, "", ("Tình trạng: đã dừng", "0951 000 001"), 1),
    (10, "", ("Kết quả đã được trao", "không ghi tên và mã hồ sơ"), 5),
]


@pytest.mark.parametrize(("status", "note", "fragments", "buttons"), SAID)
def test_A01_she_is_told_in_her_chat_what_a_status_means_for_her(
    db: Connection, status: int, note: str, fragments: tuple[str, ...], buttons: int
) -> None:
    """The dossier, what it means, where to turn; the details by a button, or how content she is."""
    found = brings(db, 1, due_at=NOW + DAY)
    hers(db, found)
    ticks(db)
    assert messages(db) == []
    brings(db, status, due_at=NOW + DAY, note=note)
    ticks(db)
    (body,) = messages(db)
    for fragment in fragments:
        assert fragment in body["text"], body["text"]
    assert "Bích" not in body["text"]
    assert len(body["buttons"]) == buttons
    assert ("Xem chi tiết" in labels(body)) == (buttons == 1)


def test_A02_received_is_told_though_it_moved_on_within_the_minute(db: Connection) -> None:
    """Two steps before the tick: the appointment is told once, and nothing twice."""
    found = brings(db, 2)
    hers(db, found)
    brings(db, 4)
    ticks(db)
    assert states(db) == [("dossier-received", "sending")]


def test_A02_an_old_dossier_that_goes_on_is_no_reception(db: Connection) -> None:
    """Papers that were brought let it go on: that is not told as if it had just come."""
    found = brings(db, 5)
    hers(db, found)
    ticks(db)
    brings(db, 4)
    ticks(db)
    assert "dossier-received" not in dict(states(db))


def test_L19_who_may_collect_follows_the_procedure() -> None:
    """Those who marry come both; a private procedure has the usual rule, which betrays nothing (L05)."""
    told = [
        News(CODE, name, 9, None, None, "", "UBND xã", named=named)
        for name, named in (("Đăng ký kết hôn", True), ("Đăng ký kết hôn", False), (BIRTH, True))
    ]
    words = [each.id for each in map(collects, told) if isinstance(each, Msg)]
    assert "Both who marry" in words[0]
    assert "Both who marry" not in words[1]
    assert "relative" in words[2]


# --- once, and in time ------------------------------------------------------------------------------------------------


def test_the_same_news_are_told_once(db: Connection) -> None:
    """The list imported twice, a status that came back, the tick seen twice: one message."""
    found = brings(db, 5, note="Giấy chứng sinh")
    hers(db, found)
    ticks(db)
    sent(db)
    for status in (5, 4, 5):
        brings(db, status, note="Giấy chứng sinh")
        ticks(db)
        ticks(db)
    assert states(db) == [("papers-needed", "delivered")]


def test_another_list_of_papers_is_told_and_the_same_one_in_other_letters_is_not(db: Connection) -> None:
    """Decomposed letters and spaces are the same list (NFD); another paper is another."""
    found = brings(db, 5, note="Giấy chứng sinh")
    hers(db, found)
    ticks(db)
    sent(db)
    for note, count in ((unicodedata.normalize("NFD", "Giấy  chứng sinh"), 1), ("Căn cước", 2)):
        brings(db, 4)
        ticks(db)
        brings(db, 5, note=note)
        ticks(db)
        assert len(states(db)) == count


def test_another_list_of_papers_is_told_though_the_status_stays(db: Connection) -> None:
    """What was asked for by mistake and has not left does not leave; a change of anything else tells nothing again."""
    found = brings(db, 5, note="Giấy chứng sinh")
    hers(db, found)
    ticks(db)
    brings(db, 5, note="Căn cước")
    ticks(db)
    assert [state for _kind, state in states(db)] == ["dropped", "sending"]
    sent(db)
    brings(db, 5, note="Căn cước", village="Thôn Hoa Ban")
    ticks(db)
    assert len(states(db)) == 2


def test_she_is_told_once_on_the_chat_she_used_last(db: Connection) -> None:
    """It stands on her chat, she asked to be told on two channels, and her phone is on file: one message."""
    found = brings(db, 5)
    citizen = hers(db, found, telegram=HOUR, zalo=2 * HOUR)
    consents.give(db, 1, PHONE, "counter", NOW, citizen)
    for at in citizens.addresses(db, 1, citizen):
        dossiers.watch(db, 1, found.id, (at.channel, at.account, at.sender, at.sender), NOW)
    assert rules.audience(work(db), found.id) == [Recipient(citizen, found.id)]
    ticks(db)
    assert len(messages(db)) == 1


def test_nothing_leaves_at_night(db: Connection) -> None:
    """What a list of ten in the evening brings leaves at seven."""
    late = NOW.replace(hour=22)
    found = brings(db, 5, late)
    hers(db, found)
    ticks(db, late)
    (left,) = db.execute(select(outbox.c.not_before).where(outbox.c.kind == "notice")).scalars()
    assert left == NOW.replace(hour=7) + DAY


@pytest.mark.parametrize(("status", "days", "told"), [(2, 1, True), (2, 3, False), (10, 4, False), (5, 20, True)])
def test_after_an_outage_only_what_is_still_useful_is_told(db: Connection, status: int, days: int, told: bool) -> None:
    """Papers are needed as long as they are; that it was received or handed over is news for some days."""
    found = brings(db, status)
    hers(db, found)
    ticks(db, NOW + days * DAY)
    assert bool(states(db)) == told


def test_what_waits_too_long_for_a_messenger_is_dropped(db: Connection) -> None:
    """A notice has an end of its own, counted from when it happened."""
    found = brings(db, 2)
    hers(db, found)
    ticks(db)
    (ends,) = db.execute(select(outbox.c.expires_at).where(outbox.c.kind == "notice")).scalars()
    assert ends == NOW + 2 * DAY


# --- true -------------------------------------------------------------------------------------------------------------


def test_news_withdraw_what_has_not_left_of_those_before(db: Connection) -> None:
    """Papers asked for at night and brought at six: nobody is sent for papers in the morning."""
    late = NOW.replace(hour=22)
    found = brings(db, 5, late)
    hers(db, found)
    ticks(db, late)
    assert len(messages(db)) == 1
    brings(db, 4, late + HOUR)
    ticks(db, late + HOUR)
    assert messages(db) == []
    assert states(db) == [("papers-needed", "dropped")]
    brings(db, 5, late + 2 * HOUR)
    ticks(db, late + 2 * HOUR)
    assert states(db) == [("papers-needed", "sending")], "she never had it, so she is told after all"
    assert len(messages(db)) == 1


def test_withdrawing_gives_the_money_back_and_leaves_what_has_left(db: Connection) -> None:
    """A paid message that still waits costs nothing; who has it keeps it; who was to be called is not."""
    template = Template(id="papers-1", parameters={"ma": "code"})
    terms = TERMS.model_copy(update={"templates": {"papers-needed": template}})
    found = brings(db, 5)
    first = hers(db, found)
    one = Work(db, place(terms), NOW)
    news.act(one)
    reach.follow(one)
    sent(db)
    for silent in ({"zalo": 30 * DAY}, {"web": HOUR}):
        hers(db, found, **silent)
    rules.tell(one, "papers-needed", found, once="more", to=rules.audience(one, found.id)[1:])
    reach.follow(one)
    assert spending.of(db, 1, "2026-11") == (140, 0)
    assert call_list.count(db, 1) == 1
    assert rules.withdraw(one, found.id, "papers-needed") == 2
    assert spending.of(db, 1, "2026-11") == (0, 0)
    assert call_list.count(db, 1) == 0
    assert [state for _kind, state in states(db)] == ["delivered", "dropped", "dropped"]
    assert first == db.execute(select(delivery.c.citizen_id).where(delivery.c.state == "delivered")).scalar_one()
    reach.follow(one)
    assert messages(db) == []


def test_what_has_left_in_part_is_not_withdrawn(db: Connection) -> None:
    """The words have gone and the letter follows: it is not held back in the middle."""
    found = brings(db, 4)
    hers(db, found)
    rules.tell(work(db), "dossier-late", found, pictures=("letter.png",), documents=("letter.pdf",))
    reach.follow(work(db))
    parts = list(db.execute(select(outbox.c.id).where(outbox.c.kind == "notice").order_by(outbox.c.id)).scalars())
    assert len(parts) > 1
    db.execute(update(outbox).where(outbox.c.id == parts[0]).values(state="sent", sent_at=NOW))
    assert rules.withdraw(work(db), found.id) == 0
    assert ("dossier-late", "sending") in states(db)
    assert len(messages(db)) == len(parts) - 1


STEPS = st.lists(
    st.one_of(st.sampled_from(sorted(STATUSES)), st.sampled_from(["news", "sent", "tick", "night"])), max_size=14
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_whatever_way_a_dossier_goes_nothing_untrue_waits_and_nothing_is_told_twice(steps: Sequence[int | str]) -> None:
    """Statuses in any order, ticks of the clerk and of the clock between them, messages that leave in time or not."""
    with tempfile.TemporaryDirectory() as folder, stores.rolled_back("sqlite", Path(folder)) as db:
        found, now = brings(db, 1), NOW
        hers(db, found)
        for step in [*steps, "news"]:
            now += HOUR
            if isinstance(step, int):
                brings(db, step, now)
            elif step == "news":
                ticks(db, now)
            elif step == "sent":
                sent(db)
            elif step == "tick":
                ready.tick(db, 1, [found.id], None, now)
            elif step == "night":
                now = (now + DAY).replace(hour=22)
        known = dossiers.get(db, 1, found.id)
        assert known is not None
        waiting = [kind for kind, state in states(db) if state in ("waiting", "sending")]
        assert [kind for kind in waiting if known.status not in RULES[kind].useful] == []
        assert waiting.count("result-ready") == 0 or known.ready_at is not None
        keys = list(db.execute(select(notice.c.key)).scalars())
        assert len(keys) == len(set(keys)) == len(states(db))


# --- who must not be hurt ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reason", "ends"), [("asked", "call"), ("not-me", "stopped"), ("died", "stopped")])
def test_L17_after_stop_nothing_is_written(db: Connection, reason: str, ends: str) -> None:
    """Who asked for it is called; a wrong number and a death are left alone."""
    found = brings(db, 5)
    stops.put(db, 1, hers(db, found), stops.ALL, NOW, reason)
    ticks(db)
    assert messages(db) == []
    assert states(db) == [("papers-needed", ends)]


@pytest.mark.parametrize("status", [2, 3, 5, 6, 9, 10])
def test_L05_a_private_procedure_is_never_named(db: Connection, status: int) -> None:
    """Neither its name nor what the note betrays: only "your dossier"."""
    found = brings(db, 1, procedure_code="1.004873", procedure_name=PRIVATE)
    hers(db, found)
    brings(db, status, procedure_code="1.004873", procedure_name=PRIVATE, note="Thiếu giấy ly hôn")
    ready.tick(db, 1, [found.id], None, NOW)
    ticks(db)
    (body,) = messages(db)
    assert "hôn nhân" not in str(body)
    assert "ly hôn" not in str(body)
    assert f"Hồ sơ {CODE} của ông/bà." in body["text"]


@pytest.mark.parametrize("name", [DEATH, "Hỗ trợ chi phí mai táng", "Giải quyết chế độ tuất hằng tháng"])
def test_L23_after_a_death_everything_is_plain(db: Connection, name: str) -> None:
    """No rating, no picture, no thanks for coming; help is offered."""
    found = brings(db, 1, procedure_code="", procedure_name=name)
    hers(db, found)
    brings(db, 10, procedure_code="", procedure_name=name)
    ticks(db)
    (body,) = messages(db)
    assert labels(body) == ["Xem chi tiết"]
    for word in ("hài lòng", "chúc", "!", "vui", "cảm ơn"):
        assert word not in body["text"].lower()
    moved = dossiers.get(db, 1, found.id)
    assert moved is not None
    made = rules.notice(work(db), "dossier-returned", moved, [Recipient(1, found.id)], pictures=("x.png",))
    assert made is not None
    assert made.words.pictures == ()


def test_L23_the_list_of_the_commune_decides_too(db: Connection) -> None:
    """A code the commune lists as a death is one, whatever its name."""
    found = brings(db, 4, procedure_code="1.000656", procedure_name="Thủ tục số 7")
    assert rules.in_grief(work(db).commune, found)
    assert not rules.in_grief(work(db).commune, replace(found, procedure_code="1.001193"))


def test_L06_who_is_known_by_a_number_on_file_alone_may_say_that_it_is_not_her(db: Connection) -> None:
    """No procedure, no note, no person; and a button that stops it."""
    citizen = she(db, telegram=HOUR)
    consents.give(db, 1, PHONE, "counter", NOW, citizen)
    brings(db, 5, phone=PHONE, note="Giấy chứng sinh của cháu Bích")
    ticks(db)
    (body,) = messages(db)
    for word in (BIRTH, "Giấy chứng sinh", "Bích"):
        assert word not in body["text"]
    assert labels(body) == ["Xem chi tiết", "Không phải tôi"]
    brings(db, 10, phone=PHONE)
    ticks(db)
    assert labels(messages(db)[-1]) == ["Xem chi tiết", "Không phải tôi"]


def test_L06_who_only_knows_the_code_reads_neither_the_note_nor_the_letter(db: Connection) -> None:
    """Codes follow each other, so a neighbour can ask to be told; names are for whom the second factor was right."""
    found = brings(db, 5, note="Giấy ra viện của bà Bích")
    neighbour, owner = she(db, telegram=HOUR), hers(db, found)
    links.put(db, 1, neighbour, found.id, NOW)
    ticks(db)
    first, second = messages(db)
    assert "Giấy ra viện của bà Bích" in first["text"]
    assert "Bích" not in second["text"]
    assert "còn cần thêm giấy tờ của ông/bà" in second["text"]
    assert "có ở mục “Xem chi tiết”" in second["text"]
    links.put(db, 1, neighbour, found.id, NOW, proven=True)
    ticks(db)
    assert rules.tell(work(db), "papers-needed", found) is None, "she has been told, if not of all"
    brings(db, 4, note="Giấy ra viện của bà Bích")
    links.drop(db, 1, neighbour, found.id)
    links.put(db, 1, neighbour, found.id, NOW)
    moved = dossiers.get(db, 1, found.id)
    assert moved is not None
    rules.tell(work(db), "dossier-late", moved, pictures=("letter.png",), documents=("letter.pdf",))
    ticks(db)
    late = [body for body in messages(db) if body not in (first, second)]
    assert owner != neighbour
    assert sum("letter.pdf" in str(body) for body in late) == 1
    assert sum("letter.png" in str(body) for body in late) == 1


def test_L06_a_helpers_number_leads_nowhere_by_itself(db: Connection) -> None:
    """It stands on the dossiers of four people: each is a line of the call list, though the helper once agreed."""
    citizen = she(db, telegram=HOUR)
    consents.give(db, 1, PHONE, "counter", NOW, citizen)
    rows = [
        Row(2 + i, f"H55.242-261102-{i:04}", status=5, phone=PHONE, applicant=f"Người {'ABCD'[i]}", received_at=NEW)
        for i in range(4)
    ]
    imports.load(db, 1, "list.csv", rows, fold, NOW, NOW)
    ticks(db)
    assert messages(db) == []
    assert states(db) == [("papers-needed", "call")] * 4
    assert call_list.count(db, 1) == 4


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_one_bad_dossier_keeps_nothing_from_the_others(db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried three times; then the office is told, and it waits no more."""
    rows = [Row(2 + i, f"H55.242-261102-{i:04}", status=5, received_at=NEW) for i in range(3)]
    imports.load(db, 1, "list.csv", rows, fold, NOW, NOW)
    for row in rows:
        found = dossiers.by_code(db, 1, row.code_key)
        assert found is not None
        hers(db, found)
    tell = rules.tell

    def fails(work: Work, rule: str, found: Dossier, **more: Any) -> int | None:
        if found.code.endswith("0001"):
            db.execute(select(1 / outbox.c.id).where(outbox.c.nothing == 1))
        return tell(work, rule, found, **more)

    monkeypatch.setattr(rules, "tell", fails)
    ticks(db)
    assert len(messages(db)) == 2
    for _more in range(2):
        assert len(dossier_events.waiting(db, 1)) == 1
        ticks(db)
    assert dossier_events.waiting(db, 1) == []
    told = db.execute(select(outbox.c.body).where(outbox.c.chat == OFFICE_CHAT.chat)).scalars()
    assert any("H55.242-261102-0001" in str(unseal_json(db, body)) for body in told)
    assert len(messages(db)) == 2


def test_what_happened_is_forgotten_after_its_time(db: Connection) -> None:
    """Only what was acted upon, and only after it."""
    brings(db, 5)
    assert dossier_events.delete_old(db, NOW + DAY) == 0
    ticks(db)
    assert dossier_events.delete_old(db, NOW) == 0
    assert dossier_events.delete_old(db, NOW + DAY) == 1
    assert db.execute(select(dossier_event)).first() is None


def test_L19_two_officials_and_two_processes_at_once_tell_each_result_once(tmp_path: Path) -> None:
    """Both tick the same results at the same moment, two processes act upon them, and one is felled in between."""
    with stores.fresh("postgres", tmp_path) as url:
        engine = create_engine_for(url, stores.KEYS)
        with engine.begin() as db:
            results = [
                brings(db, 9, code=f"H55.242-261102-{each:04}", phone=f"+8491234{each:04}") for each in range(30)
            ]
            for each in results:
                links.put(db, 1, she(db, telegram=HOUR), each.id, NOW, proven=True)

        def official(_number: int) -> int:
            with engine.begin() as db:
                return len(ready.tick(db, 1, [each.id for each in results], None, NOW))

        def process(_number: int) -> None:
            for power_fails in (True, *[False] * len(results)):
                with engine.connect() as db:
                    one = work(db)
                    news.act(one)
                    if not power_fails:
                        db.commit()

        with ThreadPoolExecutor(2) as threads:
            assert sum(threads.map(official, range(2))) == len(results)
            list(threads.map(process, range(2)))
        with engine.connect() as db:
            assert dossier_events.waiting(db, 1) == []
            made = db.execute(select(delivery.c.dossier_id).join(notice, notice.c.id == delivery.c.notice_id)).scalars()
            assert sorted(made) == [each.id for each in results]
        engine.dispose()
