"""Dossiers that come due: who is warned when, over Tết, too; pauses; and the villager whose date has passed."""

from datetime import timedelta

import pytest

from bot.calendar import Calendar
from bot.sample import commune
from handlers.one_stop import deadlines, news
from handlers.one_stop.deadlines import longer, missed
from messages.render import Catalogs
from tests.bot.drawn import told
from tests.bot.due import CODE, OFFICER, Due, Row, at
from tests.bot.turns import Chats, Who


@pytest.fixture
def due(chats: Chats) -> Due:
    return Due(chats)


def officer(chats: Chats) -> Who:
    return chats.official("official", OFFICER)


def words(chats: Chats, who: Who) -> str:
    return "\n".join(body["text"] for body in told(chats, who))


# --- warnings ---------------------------------------------------------------------------------------------------------


def test_A04_the_officer_is_warned_three_days_and_one_day_before_and_the_head_with_the_last(
    chats: Chats, due: Due
) -> None:
    """Due on Friday the 4th: on Tuesday and Thursday, each once; the Chairman on Thursday, then Monday's list."""
    mine, chairman = officer(chats), chats.official("chairman")
    due.comes("2026-11-27T09:00")
    due.lists("2026-12-04T16:30")
    due.morning("2026-11-30T07:30")
    assert told(chats, mine) == []
    due.morning("2026-12-01T07:30")
    first = told(chats, mine)
    assert "còn 3 ngày làm việc" in first[-1]["text"]
    assert [each["label"] for each in first[-1]["buttons"]] == ["Sẽ kịp: 261102-9001", "Xin lùi ngày: 261102-9001"]
    due.morning("2026-12-02T07:30")
    assert told(chats, mine) == []
    due.morning("2026-12-03T07:30")
    assert "còn 1 ngày làm việc" in words(chats, mine)
    due.morning("2026-12-03T13:30")
    assert told(chats, mine) == []
    due.morning("2026-12-04T16:40")
    assert told(chats, mine) == []
    due.comes("2026-12-07T06:00")
    due.lists(note="vẫn đang làm")
    due.morning("2026-12-07T07:30")
    said = words(chats, chairman)
    assert "1 hồ sơ đã quá hạn" in said
    assert f"{CODE}: quá hạn 1 ngày làm việc" in said
    assert f"Cán bộ: {OFFICER}." in said


@pytest.mark.parametrize(
    ("deadline", "received", "warned", "passed"),
    [
        ("2026-02-23T16:30", "2026-02-02T09:00", ["2026-02-11", "2026-02-13"], "2026-02-24"),
        ("2027-02-12T23:59:59", "2027-01-25T09:00", ["2027-02-02", "2027-02-11"], "2027-02-15"),
        ("2027-02-06T16:30", "2027-01-25T09:00", ["2027-02-01", "2027-02-03"], "2027-02-12"),  # itself a day off
    ],
)
def test_A04_warnings_over_tet(
    chats: Chats, due: Due, deadline: str, received: str, warned: list[str], passed: str
) -> None:
    """Hand-computed: what falls into the days off counts as due on the first working day, and is late after it."""
    mine = officer(chats)
    due.comes(received)
    due.lists(deadline)
    days, told_on, sorry_on = at(received), [], []
    while days < at(passed) + timedelta(days=3):
        days += timedelta(days=1)
        due.morning(f"{days:%Y-%m-%d}T10:00")
        if "ngày làm việc, hạn" in words(chats, mine):
            told_on.append(f"{days:%Y-%m-%d}")
        if due.notices("dossier-missed") > len(sorry_on):
            sorry_on.append(f"{days:%Y-%m-%d}")
    assert (told_on, sorry_on) == (warned, [passed])


def test_A04_an_officer_gets_one_message_however_many_are_due(chats: Chats, due: Due) -> None:
    """Of thirty the eight most pressing are named, each with a button, and the rest counted."""
    mine = officer(chats)
    due.comes("2026-12-01T07:00")
    due.lists_all(*(Row(at("2026-12-04T16:30"), code=f"H99.33-261102-{n:04d}", line=n) for n in range(2, 32)))
    due.morning("2026-12-01T07:30")
    [message] = told(chats, mine)
    assert "Có 30 hồ sơ" in message["text"]
    assert "… và 22 hồ sơ nữa." in message["text"]
    assert len(message["buttons"]) == 8
    assert {each["token"][:10] for each in message["buttons"]} == {"#due-late:"}
    due.morning("2026-12-01T08:00")
    assert told(chats, mine) == []


def test_L21_a_name_nobody_bears_goes_to_the_clerks(chats: Chats, due: Due) -> None:
    """The clerk is told which names, how many dossiers wait under each, and which they are."""
    clerk = chats.official("clerk")
    due.comes("2026-12-01T07:00")
    due.lists("2026-12-04T16:30", officer="Trần Văn Lạ")
    due.morning("2026-12-01T07:30")
    said = words(chats, clerk)
    assert "Trần Văn Lạ: 1 hồ sơ" in said
    assert CODE in said


def test_L21_a_removed_officers_dossiers_go_to_the_clerks(chats: Chats, due: Due) -> None:
    """Whoever has left is nobody: what was his is told to the clerk from then on."""
    mine, clerk = officer(chats), chats.official("clerk")
    due.comes("2026-12-01T07:00")
    due.lists("2026-12-04T16:30")
    due.morning("2026-12-01T07:30")
    chats.remove(mine)
    told(chats, mine)
    due.morning("2026-12-03T07:30")
    assert CODE in words(chats, clerk)
    assert chats.taps(f"#due-ok:{due.row.code_key}", mine).route != "due-ok"


def test_A04_no_official_is_told_at_night_or_on_a_day_off(chats: Chats, due: Due) -> None:
    """A list that comes in on Saturday warns on Monday morning."""
    mine = officer(chats)
    due.comes("2026-11-28T09:00")
    due.lists("2026-12-01T16:30")
    for moment in ("2026-11-28T10:00", "2026-11-29T21:00", "2026-11-30T07:00", "2026-11-30T12:00"):
        due.morning(moment)
        assert told(chats, mine) == []
    due.morning("2026-11-30T13:30")
    assert CODE in words(chats, mine)


def test_A04_it_will_be_done_is_noted_and_shown_to_the_head(chats: Chats, due: Due) -> None:
    """One tap, twice the same; the Chairman reads it the day before."""
    mine, chairman = officer(chats), chats.official("chairman")
    due.comes("2026-12-01T07:00")
    due.lists("2026-12-04T16:30")
    due.morning("2026-12-01T07:30")
    token = next(each["token"] for each in told(chats, mine)[-1]["buttons"] if "kịp" in each["label"])
    assert "Đã ghi" in chats.taps(token, mine).text
    assert "Đã ghi" in chats.taps(token, mine).text
    due.morning("2026-12-03T07:30")
    assert "Cán bộ báo sẽ kịp." in words(chats, chairman)
    due.lists(status=9)
    assert "không trong lúc giải quyết" in chats.taps(token, mine).text


# --- the date has passed ----------------------------------------------------------------------------------------------


def test_A05_a_missed_date_is_owned_up_to_once_the_next_working_morning(chats: Chats, due: Due) -> None:
    """Not the evening before, not at the weekend; on Monday, once, however often the clock ticks."""
    due.comes("2026-12-01T07:00")
    due.lists("2026-12-04T16:30")
    for moment in ("2026-12-04T16:50", "2026-12-05T09:00", "2026-12-06T09:00"):
        due.morning(moment)
        assert due.notices("dossier-missed") == 0
    for moment in ("2026-12-07T10:00", "2026-12-07T14:00", "2026-12-08T10:00"):
        due.morning(moment)
        assert due.notices("dossier-missed") == 1


def test_A05_what_was_finished_on_the_last_day_is_not_apologised_for(chats: Chats, due: Due) -> None:
    """The morning waits for a list that knows how the last day ended: here it comes at eight, all is well."""
    due.comes("2026-12-04T08:00")
    due.lists("2026-12-04T16:30")
    due.morning("2026-12-07T07:30")
    due.comes("2026-12-07T08:00")
    due.lists(status=9)
    due.morning("2026-12-07T10:00")
    assert due.notices("dossier-missed") == 0


def test_A05_after_an_outage_of_days_she_is_still_told_once(chats: Chats, due: Due) -> None:
    """Nothing ran from the 3rd to the 16th: one apology, and the officer one message, not three."""
    mine = officer(chats)
    due.comes("2026-12-01T07:00")
    due.lists("2026-12-04T16:30")
    due.morning("2026-12-16T10:00")
    due.morning("2026-12-17T10:00")
    assert due.notices("dossier-missed") == 1
    assert words(chats, mine).count("quá hạn 8 ngày làm việc") == 1


@pytest.mark.parametrize("status", [3, 5, 6, 7, 8, 9, 10])
def test_A05_nothing_is_missed_that_does_not_run(chats: Chats, due: Due, status: int) -> None:
    """Finished, or waiting for the villager: no apology."""
    due.comes("2026-12-01T07:00")
    due.lists("2026-12-04T16:30")
    due.lists(status=status)
    due.morning("2026-12-16T10:00")
    assert due.notices("dossier-missed") == 0


@pytest.mark.parametrize("status", [3, 7, 8, 9, 10])
def test_A05_a_wrong_list_that_reopens_a_finished_dossier_apologises_to_nobody(
    chats: Chats, due: Due, status: int
) -> None:
    """Ready in time, and days later a list says for a day that it is still being worked on: no apology."""
    due.comes("2026-12-01T07:00")
    due.lists("2026-12-04T16:30")
    due.comes("2026-12-03T10:00")
    due.lists(status=status)
    due.comes("2026-12-09T10:10")
    due.lists(status=4)
    due.morning("2026-12-09T14:00")
    due.morning("2026-12-10T10:00")
    assert due.notices("dossier-missed") == 0
    due.lists("2026-12-15T16:30")
    due.morning("2026-12-16T10:00")
    assert due.notices("dossier-missed") == 1, "another date is judged again"


def test_A05_a_new_due_date_in_the_list_comes_before_a_warning_made_of_the_old_one(chats: Chats, due: Due) -> None:
    """The check has found it over, and before anybody acts a list moves the date: nobody is told of the old one."""
    due.comes("2026-12-01T07:00")
    due.lists("2026-12-04T16:30")
    due.comes("2026-12-07T10:00")
    deadlines.come_due(due.work())
    due.lists("2026-12-18T16:30")
    news.act(due.work())
    assert due.notices("dossier-missed") == 0


def test_L22_the_words_name_the_office_and_neither_reason_nor_date_nor_a_form(due: Due) -> None:
    """Honest and short: an apology, who holds it, who will tell."""
    said = " ".join(Catalogs().text(each, "vi") for each in missed(due.work(), at("2026-12-04T23:59:59")))
    assert said.startswith("UBND xã Suối Lành xin lỗi ông/bà.")
    assert "thứ Sáu, 04/12/2026" in said
    assert "Hồ sơ đang ở UBND xã Suối Lành." in said
    for never in ("Lý do", "Mẫu", "mẫu số", "ngày hẹn mới là", "!"):
        assert never not in said


# --- the clock stands still -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deadline", "since", "until", "expected"),
    [
        ("2026-12-04T16:30", "2026-11-30T07:30", "2026-12-02T07:30", "2026-12-08T16:30"),  # two days
        ("2026-12-04T17:00", "2026-11-30T07:30", "2026-11-30T11:30", "2026-12-07T11:30"),  # half a day
        ("2026-12-04T16:30", "2026-12-05T08:00", "2026-12-06T20:00", "2026-12-04T16:30"),  # a weekend costs nothing
        ("2026-12-04T23:59:59", "2026-11-30T07:30", "2026-12-02T07:30", "2026-12-08T23:59:59"),
        ("2026-12-04T23:59:59", "2026-11-30T07:30", "2026-11-30T09:30", "2026-12-04T23:59:59"),  # two hours of a day
        ("2027-02-12T16:30", "2027-02-02T07:30", "2027-02-11T07:30", "2027-02-16T16:30"),  # Tết is no working time
        ("2027-02-03T23:59:59", "2027-02-02T13:30", "2027-02-03T13:30", "2027-02-11T23:59:59"),  # over Tết
        ("2026-02-13T17:00", "2026-02-12T07:30", "2026-02-24T11:30", "2026-02-26T11:30"),  # three days and a half
    ],
)
def test_A04_a_deadline_moves_by_the_working_hours_that_were_lost(
    deadline: str, since: str, until: str, expected: str
) -> None:
    """Hand-computed, in weeks without and with Tết; a date without an hour stays a whole day."""
    assert longer(Calendar(commune()), at(deadline), at(since), at(until)) == at(expected)


def test_A04_papers_are_awaited_and_the_deadline_moves(chats: Chats, due: Due) -> None:
    """Paused on Monday morning, running again on Wednesday morning: due two working days later, and warned anew."""
    due.comes("2026-11-27T09:00")
    due.lists("2026-12-04T16:30")
    due.comes("2026-11-30T07:30")
    due.lists(status=5, note="Thiếu tờ khai")
    assert due.dossier().paused_at == at("2026-11-30T07:30")
    due.comes("2026-12-01T07:30")
    due.lists(status=6, note="Lệ phí 8.000 đồng")
    assert due.dossier().paused_at == at("2026-11-30T07:30")
    due.comes("2026-12-02T07:30")
    found = due.lists(status=4, note="")
    assert (found.paused_at, found.deadline, found.warned) == (None, at("2026-12-08T16:30"), 0)
    due.acts()
    assert due.dossier().deadline == at("2026-12-08T16:30")


def test_A04_the_files_own_new_date_comes_before_our_counting(chats: Chats, due: Due) -> None:
    """The list itself has moved the due date while papers were awaited: nothing is added to it."""
    due.comes("2026-11-27T09:00")
    due.lists("2026-12-04T16:30")
    due.comes("2026-11-30T07:30")
    due.lists(status=5, note="Thiếu tờ khai")
    due.comes("2026-12-02T07:30")
    found = due.lists("2026-12-10T16:30", status=4, note="")
    assert (found.paused_at, found.deadline) == (None, at("2026-12-10T16:30"))


@pytest.mark.parametrize("status", [3, 7, 8, 9, 10])
def test_a_pause_ends_with_the_dossier_and_moves_nothing(chats: Chats, due: Due, status: int) -> None:
    """Ended out of a pause, and running again because a list jumped back: the deadline is what it was."""
    due.comes("2026-11-27T09:00")
    due.lists("2026-12-04T16:30")
    due.comes("2026-11-30T07:30")
    due.lists(status=5, note="Thiếu tờ khai")
    due.comes("2026-12-02T07:30")
    found = due.lists(status=status)
    assert found.paused_at is None
    due.comes("2026-12-03T07:30")
    found = due.lists(status=4)
    assert (found.paused_at, found.deadline) == (None, at("2026-12-04T16:30"))


def test_a_list_older_than_the_pause_moves_nothing_backwards(chats: Chats, due: Due) -> None:
    """A stale list says it runs: the pause ends, and no time is taken away."""
    due.comes("2026-11-30T07:30")
    due.lists("2026-12-04T16:30")
    due.lists(status=5, note="Thiếu tờ khai")
    found = due.lists(status=4, as_of=at("2026-11-27T09:00"))
    assert (found.paused_at, found.deadline) == (None, at("2026-12-04T16:30"))
