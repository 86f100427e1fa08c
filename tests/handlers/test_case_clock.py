"""The clock of cases: half time, last day, the head, the Chairman, an honest word, whoever has left (B10)."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot import casework, duty
from bot.casework import Draft
from bot.turn import Address, Work
from handlers.cases import clock
from messages.render import ZONE
from storage import absences, case_clock, cases, officials, outbox
from storage.cases import Case
from storage.officials import Official
from storage.sealing import unseal_json
from tests.bot.turns import CHANNEL, VILLAGER, Chats

HALF = datetime(2026, 12, 8, 11, 30, tzinfo=ZONE)
"""Of fifteen working days from Thursday, 26/11; on Thursday, 17/12 they end."""
LAST_DAY = datetime(2026, 12, 17, 7, 45, tzinfo=ZONE)
NEXT_DAY, DAY_AFTER = LAST_DAY + timedelta(days=1), LAST_DAY + timedelta(days=4)
HERS = Address(CHANNEL, "", VILLAGER.chat, VILLAGER.chat)
AT_OFFICE = "office"


def work(chats: Chats) -> Work:
    return Work(chats.db, chats.bench.place, chats.now)


def filed(chats: Chats, words: str = "đường ngập", to: Address | None = None, **more: Any) -> Case:
    return casework.file(work(chats), Draft(words, field="flood", village="Thôn Nà Pản", **more), to)


def person(chats: Chats, role: str, number: int = 0) -> Official:
    return [each for each in officials.active(chats.db, 1) if each.role == role][number]


def held(chats: Chats, case: Case, by: Official) -> None:
    cases.take(chats.db, 1, case.id, by.id)


def ticks(chats: Chats, at: datetime) -> dict[str, list[str]]:
    """What each chat is sent when the clock comes to that time."""
    chats.clock.advance(at - chats.now)
    table = outbox.outbox
    before = chats.db.execute(select(table.c.id).order_by(table.c.id.desc()).limit(1)).scalar() or 0
    done = work(chats)
    clock.watch(done)
    while done.again:
        done = work(chats)
        clock.watch(done)
    sent: dict[str, list[str]] = {}
    rows = chats.db.execute(select(table.c.chat, table.c.body).where(table.c.id > before).order_by(table.c.id))
    for chat, body in rows.all():
        sent.setdefault(chat, []).append(unseal_json(chats.db, body)["text"])
    return sent


def chat(official: Official) -> str:
    return f"official:{official.id}"


def fresh(chats: Chats, case: Case) -> Case:
    found = cases.get(chats.db, 1, case.id)
    assert found is not None
    return found


def stages(chats: Chats, case: Case) -> list[int]:
    return [each.data["stage"] for each in cases.entries(chats.db, 1, case.id, kinds=["reminded"])]


def test_B10_at_half_time_whoever_has_it_is_reminded(chats: Chats) -> None:
    """One message, with its number, its deadline and a button; not a minute before, and once."""
    case, officer = filed(chats), person(chats, "official")
    held(chats, case, officer)
    assert ticks(chats, HALF - timedelta(minutes=5)) == {}
    sent = ticks(chats, HALF + timedelta(hours=2))
    assert list(sent) == [chat(officer)]
    assert "PA-0001" in sent[chat(officer)][0]
    assert "Hạn: thứ Năm, 17/12/2026" in sent[chat(officer)][0]
    assert ticks(chats, HALF + timedelta(hours=3)) == {}
    assert stages(chats, case) == [1]


def test_B10_what_nobody_has_is_reminded_of_in_the_shared_chats(chats: Chats) -> None:
    """Three reports, one message to the office."""
    for _each in range(3):
        filed(chats)
    sent = ticks(chats, HALF + timedelta(hours=2))
    assert list(sent) == [AT_OFFICE]
    assert len(sent[AT_OFFICE]) == 1
    assert "Có 3 phản ánh chưa ai nhận" in sent[AT_OFFICE][0]


def test_B10_never_at_night_nor_on_a_quiet_day(chats: Chats) -> None:
    """What comes due at night waits for the morning; an urgent one may be told of on a day off, but not at night."""
    case, officer = filed(chats), person(chats, "official")
    held(chats, case, officer)
    cases.change(chats.db, 1, case.id, remind_at=HALF)
    night = HALF.replace(hour=22)
    assert ticks(chats, night) == {}
    cases.change(chats.db, 1, case.id, urgent=True)
    assert ticks(chats, night + timedelta(hours=1)) == {}
    saturday = datetime(2026, 12, 12, 9, 0, tzinfo=ZONE)
    assert list(ticks(chats, saturday)) == [chat(officer)]


def test_B10_the_last_day_the_head_then_the_chairman(chats: Chats) -> None:
    """Holder and clerks on its last day; the head, being the Chairman, a working day later, and once."""
    case = filed(chats)
    officer, clerk, chairman = (person(chats, role) for role in ("official", "clerk", "chairman"))
    held(chats, case, officer)
    ticks(chats, HALF + timedelta(hours=2))
    sent = ticks(chats, LAST_DAY)
    assert set(sent) == {chat(officer), chat(clerk)}
    assert "Hạn là hôm nay" in sent[chat(officer)][0]
    assert f"{officer.name} đang nhận" in sent[chat(clerk)][0]
    sent = ticks(chats, NEXT_DAY)
    assert list(sent) == [chat(chairman)]
    assert "Quá hạn 1 ngày làm việc" in sent[chat(chairman)][0]
    assert ticks(chats, DAY_AFTER) == {}
    assert stages(chats, case) == [1, 2, 4]
    assert fresh(chats, case).remind_at is None


def test_B10_while_the_chairman_is_away_his_deputy_is_the_head_and_he_hears_a_day_later(chats: Chats) -> None:
    """The head is whoever stands in; the Chairman himself is told a working day after, wherever he is."""
    case, chairman, officer = filed(chats), person(chats, "chairman"), person(chats, "official")
    since, until = HALF, DAY_AFTER + timedelta(days=5)
    absences.note(chats.db, 1, chairman.id, officer.id, since, until, chairman.id, chats.now)
    ticks(chats, LAST_DAY)
    assert list(ticks(chats, NEXT_DAY)) == [chat(officer)]
    sent = ticks(chats, DAY_AFTER)
    assert list(sent) == [chat(chairman)]
    assert "Quá hạn 2 ngày làm việc" in sent[chat(chairman)][0]
    assert stages(chats, case) == [2, 3, 4]


def test_B10_whoever_is_away_is_reminded_through_his_substitute(chats: Chats) -> None:
    """The reminder goes to whoever stands in for the holder."""
    case, officer, clerk = filed(chats), person(chats, "official"), person(chats, "clerk")
    held(chats, case, officer)
    absences.note(chats.db, 1, officer.id, clerk.id, HALF, DAY_AFTER, clerk.id, chats.now)
    assert list(ticks(chats, HALF + timedelta(hours=2))) == [chat(clerk)]


def test_B10_after_an_outage_everybody_hears_once(chats: Chats) -> None:
    """The service was away from before half time until after the end: one reminder each, of what stands now."""
    first, second = filed(chats), filed(chats)
    officer, clerk, chairman = (person(chats, role) for role in ("official", "clerk", "chairman"))
    held(chats, first, officer)
    held(chats, second, officer)
    sent = ticks(chats, DAY_AFTER)
    assert set(sent) == {chat(officer), chat(clerk), chat(chairman)}
    for words in sent.values():
        assert len(words) == 1
        assert words[0].count("Quá hạn 2 ngày làm việc") == 2
    assert stages(chats, first) == [4]
    assert ticks(chats, DAY_AFTER + timedelta(days=3)) == {}


def test_B10_a_later_deadline_is_told_to_nobody_and_reminded_of_anew(chats: Chats) -> None:
    """An official moves the deadline: the last day comes again, then."""
    case, officer = filed(chats), person(chats, "official")
    held(chats, case, officer)
    ticks(chats, LAST_DAY)
    later = fresh(chats, case).due_at + timedelta(days=7)
    cases.change(chats.db, 1, case.id, due_at=later)
    assert ticks(chats, NEXT_DAY) == {}
    assert "Hạn là hôm nay" in ticks(chats, LAST_DAY + timedelta(days=7))[chat(officer)][0]


def test_B04_the_next_working_morning_she_hears_the_truth_once(chats: Chats) -> None:
    """On Friday morning, not on the last evening: she, and who followed the same work, each in her own chat."""
    other = Address(CHANNEL, "", "other", "other")
    case, same = filed(chats, to=HERS), filed(chats, to=other)
    cases.move(chats.db, 1, same.id, ["open"], "joined", main_id=case.id, remind_at=None)
    ticks(chats, LAST_DAY)
    assert fresh(chats, case).apologised_at is None
    chats.clock.advance(NEXT_DAY - chats.now)
    done = work(chats)
    clock.watch(done)
    assert done.events == 2
    assert [each.kind for each in cases.entries(chats.db, 1, case.id, kinds=["late"])] == ["late"]
    ticks(chats, DAY_AFTER)
    assert len(cases.entries(chats.db, 1, case.id, kinds=["late"])) == 1
    assert fresh(chats, case).apologised_at == NEXT_DAY


def test_B10_what_has_been_answered_is_not_reminded_of(chats: Chats) -> None:
    """A case whose result was told, or that was refused, is nobody's burden; opened again it is."""
    case = filed(chats)
    cases.move(chats.db, 1, case.id, ["open"], "done", remind_at=HALF)
    assert ticks(chats, DAY_AFTER) == {}
    cases.move(chats.db, 1, case.id, ["done"], "open", reopened=1, remind_at=DAY_AFTER, reminded=0)
    assert list(ticks(chats, DAY_AFTER)) != []


def test_A19_past_the_counter_only_its_readers_hear(chats: Chats) -> None:
    """Neither the clerks nor the shared chat: the head alone, in his own chat."""
    filed(chats, "cán bộ một cửa bắt nộp thêm giấy", lane="leader")
    chairman = person(chats, "chairman")
    for at in (HALF + timedelta(hours=2), LAST_DAY, NEXT_DAY):
        assert list(ticks(chats, at)) == [chat(chairman)]


def test_L32_a_quarrel_is_reminded_of_to_its_receiver_alone(chats: Chats) -> None:
    """Whoever receives citizens; while nobody does, the head learns that something waits and no word of it."""
    filed(chats, "tranh chấp đất với nhà bên", lane="receiver")
    receivers = duty.with_right(work(chats), "receive")
    sent = ticks(chats, HALF + timedelta(hours=2))
    assert set(sent) == {chat(each) for each in receivers}
    assert receivers


def test_A19_on_a_messenger_it_is_a_number(chats: Chats) -> None:
    """Outside /office a reader sees how many there are and nothing else."""
    filed(chats, lane="leader")
    chairman = person(chats, "chairman")
    groups = case_clock.due(chats.db, 1, HALF + timedelta(days=1))
    chats.clock.advance(HALF + timedelta(days=1) - chats.now)
    shown = clock._reminder(work(chats), [], sum(each.count for each in groups), chairman)
    assert "PA-" not in str(shown.paragraphs)
    assert not shown.buttons


def test_B10_five_thousand_of_one_night_are_one_message(chats: Chats) -> None:
    """A flood comes due as one row, is told in one message and marked by one statement."""
    first = filed(chats)
    row = {name: getattr(first, name) for name in Case.__slots__ if name != "id"}
    rows = [row | {"number": number, "commune_id": 1} for number in range(2, 1002)]
    chats.db.execute(cases.case_file.insert(), rows)
    (group,) = case_clock.due(chats.db, 1, HALF + timedelta(hours=1))
    assert group.count == 1001
    sent = ticks(chats, HALF + timedelta(hours=2))
    assert [len(words) for words in sent.values()] == [1]
    assert "Có 1001 phản ánh" in sent[AT_OFFICE][0]
    assert case_clock.due(chats.db, 1, HALF + timedelta(hours=3)) == []


def test_B10_what_a_removed_official_had_is_the_offices_again(chats: Chats) -> None:
    """Nobody has it, the card says so, and the clerks are told in one message."""
    case, officer, clerk = filed(chats), person(chats, "official"), person(chats, "clerk")
    held(chats, case, officer)
    officials.remove(chats.db, 1, officer.id)
    sent = ticks(chats, HALF.replace(hour=9))
    assert fresh(chats, case).taken_by is None
    assert "nay các phản ánh này chưa ai nhận" in sent[chat(clerk)][0].casefold()
    assert [each.official_id for each in cases.entries(chats.db, 1, case.id, kinds=["released"])] == [officer.id]
    assert ticks(chats, HALF.replace(hour=10)) == {}


def test_A19_no_clerk_hears_of_it_while_the_chairman_is_away(chats: Chats) -> None:
    """Nobody was named to stand in: whoever may approve is told, and no clerk, for clerks sit at the counter."""
    filed(chats, "bắt nộp thêm giấy", lane="leader")
    chairman = person(chats, "chairman")
    absences.note(chats.db, 1, chairman.id, None, HALF, DAY_AFTER, chairman.id, chats.now)
    sent = ticks(chats, HALF + timedelta(hours=2))
    assert sent
    assert chat(person(chats, "clerk")) not in sent


def test_L32_while_nobody_receives_citizens_the_head_learns_that_something_waits(chats: Chats) -> None:
    """A number, and neither its words nor which it is."""
    filed(chats, "tranh chấp đất", lane="receiver")
    for each in duty.with_right(work(chats), "receive"):
        officials.remove(chats.db, 1, each.id)
    sent = ticks(chats, HALF + timedelta(hours=2))
    for words in sent.values():
        assert "PA-" not in words[0]
    assert sent


def test_B04_while_the_office_waits_for_her_answer_nobody_apologises(chats: Chats) -> None:
    """She knows why; once she has answered, the honest word comes the next working morning."""
    case = filed(chats, to=HERS)
    cases.change(chats.db, 1, case.id, asked_at=chats.now)
    ticks(chats, NEXT_DAY)
    assert fresh(chats, case).apologised_at is None
    cases.change(chats.db, 1, case.id, asked_at=None)
    ticks(chats, DAY_AFTER)
    assert fresh(chats, case).apologised_at is not None
