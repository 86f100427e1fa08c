"""The office's morning (A04, L04) and a month in figures (A20), as officials read them."""

import re
from datetime import datetime, time, timedelta

from sqlalchemy import delete, func, select, update

from bot import duty
from bot.turn import Work
from handlers.office import dashboard, officers, summary
from handlers.office.dashboard import month_of
from handlers.one_stop import desk, ledger
from messages.render import ZONE
from storage import absences, dossier_events, dossiers, figures, officials, outbox
from storage.dossiers import dossier
from storage.figures import ledger as rows
from tests.bot.turns import OFFICE, Chats, Said, Who
from tests.town import START

STREAM = Who(OFFICE, "office")
DAY = timedelta(days=1)


def work(chats: Chats) -> Work:
    return Work(chats.db, chats.bench.place, chats.now)


def at(chats: Chats, moment: datetime) -> None:
    chats.clock.advance(moment - chats.now)


def official(chats: Chats, name: str) -> officials.Official:
    return next(each for each in officials.active(chats.db, 1) if name in each.name)


def tap(chats: Chats, said: Said, label: str, who: Who) -> Said:
    return chats.taps(next(each["token"] for each in said.buttons if label in each["label"]), who)


def running(chats: Chats) -> list[dossiers.Dossier]:
    ids = chats.db.execute(select(dossier.c.id).where(dossier.c.status.in_([1, 2, 4]))).scalars()
    return [each for one in ids if (each := dossiers.get(chats.db, 1, one)) is not None]


def number(said: str, words: str) -> int:
    """The figure in a line."""
    found = re.search(words.replace("#", r"(\d+)"), said)
    assert found, (words, said)
    return int(found[1])


def test_A04_the_summary_counts_what_there_is(chats: Chats) -> None:
    """Due today and soon, late by officer with the worst, results to tick; the same as counted by hand, no names."""
    clerk, all_ = chats.official(), running(chats)
    said = chats.says("/tomtat", clerk).text
    today = [each for each in all_ if each.deadline and each.deadline >= chats.now
             and each.deadline.astimezone(ZONE).date() == START.date()]  # fmt: skip
    late = [each for each in all_ if each.deadline and each.deadline < chats.now]
    assert number(said, "Hẹn trả hôm nay: # hồ sơ") == len(today) > 0
    assert number(said, "Quá hạn: # hồ sơ") == len(late) > 0
    for name in {each.officer for each in late}:
        assert number(said, f"– {name}: #, lâu nhất") == sum(each.officer == name for each in late)
    there = select(func.count()).where(dossier.c.status == 9, dossier.c.ready_at.is_(None))
    assert number(said, "chưa ai xác nhận có tại quầy: #") == chats.db.execute(there).scalar_one()
    assert "lâu nhất 9 ngày làm việc" in said
    assert "Số liệu đến" in said
    officers_ = {each.name for each in officials.active(chats.db, 1)}
    for each in (dossiers.details(chats.db, 1, each.id) for each in late):
        assert each.applicant in officers_ or each.applicant not in said
        assert not each.phone or each.phone[-9:] not in said


def test_A04_each_line_unfolds_some_at_a_time(chats: Chats) -> None:
    """Eight, then the next; every late dossier is there once, the longest late first, and opens by a tap."""
    clerk = chats.official()
    said = tap(chats, chats.says("tóm tắt", clerk), "Quá hạn", clerk)
    seen: list[str] = []
    while True:
        codes = re.findall(r"H99[\w.-]+", said.text)
        assert 0 < len(codes) <= 8
        seen += codes
        if not [each for each in said.buttons if "Xem tiếp" in each["label"]]:
            break
        said = tap(chats, said, "Xem tiếp", clerk)
    late = sorted((each.deadline, each.code) for each in running(chats) if each.deadline and each.deadline < chats.now)
    assert sorted(seen) == sorted(code for _deadline, code in late)
    assert seen[0] in {code for deadline, code in late if deadline == late[0][0]}
    assert f"{seen[-1]}" in tap(chats, said, seen[-1], clerk).text
    for token in ("#summary:soon,0", "#summary:today,0", "#summary:stuck,0", "#summary:lost,0", "#summary:none,x",
                  "#summary:late,99999", "#summary:names,0"):  # fmt: skip
        assert chats.taps(token, clerk).text


def test_A04_the_summary_comes_once_on_working_mornings(chats: Chats) -> None:
    """At its time, once; not before, not on a Sunday; after an outage until noon, then it is dropped."""

    def told() -> list[str]:
        summary.morning(work(chats))
        return [each["text"] for each in chats._said(STREAM, None).bodies if "Tóm tắt" in each["text"]]

    friday = datetime.combine(START.date() + DAY, time(7, 14), ZONE)
    at(chats, friday)
    assert told() == []
    chats.clock.advance(timedelta(minutes=1))
    (once,) = told()
    assert "thứ Sáu, 27/11/2026" in once
    chats.clock.advance(timedelta(minutes=30))
    assert told() == []
    at(chats, datetime.combine(START.date() + 3 * DAY, time(8), ZONE))  # Sunday
    assert told() == []
    at(chats, datetime.combine(START.date() + 4 * DAY, time(11, 59), ZONE))  # Monday, after an outage
    assert len(told()) == 1
    at(chats, datetime.combine(START.date() + 5 * DAY, time(12, 0), ZONE))
    assert told() == []


def test_A04_nothing_to_say_is_one_friendly_line(chats: Chats) -> None:
    """An office without dossiers is wished a good day; it is told that there is no list yet."""
    chats.db.execute(update(dossier).values(status=10, deadline=None))
    said = chats.says("/tomtat", chats.official())
    assert "Chúc một ngày làm việc tốt lành" in said.text
    assert not [each for each in said.buttons if "#summary" in each["token"]]


def test_L21_the_summary_names_who_is_away_and_whom_to_invite(chats: Chats) -> None:
    """Names of the file nobody bears come with the hint /moi; whoever is away stands there with his substitute."""
    clerk, lam, tham = chats.official(), official(chats, "Lâm"), official(chats, "Thắm")
    absences.note(chats.db, 1, lam.id, tham.id, START, START + DAY, lam.id, START)
    chats.db.execute(update(dossier).where(dossier.c.officer == lam.name).values(officer="H. Đ. Lâm"))
    officers.count_names(work(chats))
    said = chats.says("/tomtat", clerk)
    assert "Hoàng Đức Lâm (làm thay: Nông Thị Thắm)" in said.text
    assert "chưa khớp với ai: 1. Xin mời họ bằng /moi" in said.text
    names = tap(chats, said, "Tên chưa khớp", clerk)
    assert "“H. Đ. Lâm”: 128 hồ sơ" in names.text
    assert "trong tệp là ai" in tap(chats, names, "là ai", clerk).text
    assert duty.unmatched(work(chats)) == [("H. Đ. Lâm", 128)]


def test_L04_old_data_are_a_warning(chats: Chats) -> None:
    """After two working days without a list the summary says so."""
    clerk = chats.official()
    assert "Xin gửi danh sách hôm nay" not in chats.says("/tomtat", clerk).text
    at(chats, START + 5 * DAY)
    assert "Xin gửi danh sách hôm nay" in chats.says("/tomtat", clerk).text


# --- the month --------------------------------------------------------------------------------------------------------


def move(chats: Chats, found: dossiers.Dossier, new: int, moment: datetime, once: str) -> None:
    """A status comes as the tick brings it."""
    old = chats.db.execute(select(dossier.c.status).where(dossier.c.id == found.id)).scalar_one()
    chats.db.execute(update(dossier).where(dossier.c.id == found.id).values(status=new))
    dossier_events.put(chats.db, 1, found.id, "moved", once, moment, old, new)
    (happening,) = dossier_events.waiting(chats.db, 1)
    dossier_events.done(chats.db, [happening.id], moment)
    ledger.moved(work(chats), found, happening)


def test_A20_the_numbers_equal_the_ledger(chats: Chats) -> None:
    """Forty dossiers move, some late, some back; the Chairman's figures are those counted from what happened."""
    chairman, chosen = chats.official("chairman"), running(chats)[:40]
    finished: dict[int, bool] = {}
    asked = 0
    for place, each in enumerate(chosen):
        assert each.deadline is None or each.deadline.tzinfo
        if place % 5 == 0:
            move(chats, each, 5, START, f"i1{place}")
            asked += 1
            continue
        move(chats, each, 9, START, f"i2{place}")
        if each.deadline is not None:
            finished[each.id] = each.deadline >= START
        if place % 7 == 0:  # back, and done again a day later
            move(chats, each, 4, START, f"i3{place}")
            finished.pop(each.id, None)
            move(chats, each, 9, START + DAY, f"i4{place}")
            if each.deadline is not None:
                finished[each.id] = each.deadline >= START + DAY
        if place % 3 == 0:
            move(chats, each, 10, START + 2 * DAY, f"i5{place}")  # handed over later: no second finish
    said = chats.says("/thongke", chairman)
    on_time, all_ = sum(finished.values()), len(finished)
    assert 0 < on_time < all_
    percent = f"{100 * on_time / all_:.1f}".replace(".", ",")
    assert f"Đúng hạn: {on_time}/{all_}, đạt {percent}%. Trễ hạn: {all_ - on_time}." in said.text
    assert f"Số lần mời bổ sung giấy tờ: {asked}." in said.text
    month = month_of(START.date())
    received = chats.db.execute(select(dossier.c.received_at)).scalars()
    count = sum(each is not None and month.since <= each < month.until for each in received)
    assert f"Tiếp nhận: {count} hồ sơ." in said.text
    listed = figures.noted(chats.db, 1, "finished", month, 999, on_time=True)
    assert sorted(each.code for each in listed) == sorted(
        dossiers.get(chats.db, 1, one).code
        for one, good in finished.items()
        if good  # type: ignore[union-attr]
    )
    shown = tap(chats, said, "Đúng hạn", chairman)
    assert len(re.findall(r"H99[\w.-]+", shown.text)) == min(on_time, 8)
    kept = chats.db.execute(select(rows.c.dossier_id, rows.c.on_time).where(rows.c.kind == "finished")).all()
    assert {each.dossier_id: each.on_time for each in kept if each.on_time is not None} == finished


def test_A20_a_date_moved_afterwards_changes_no_figure(chats: Chats) -> None:
    """What was late when it was finished stays late."""
    late = next(each for each in running(chats) if each.deadline and each.deadline < START)
    move(chats, late, 9, START, "i1")
    chats.db.execute(update(dossier).where(dossier.c.id == late.id).values(deadline=START + 9 * DAY))
    assert figures.finished(chats.db, 1, month_of(START.date())) == figures.Finished(0, 1, 0)


def test_A20_while_papers_are_awaited_nothing_is_late(chats: Chats) -> None:
    """Asked for papers in time, and finished long after the date with no step between: the clock stood still."""
    found = next(each for each in running(chats) if each.deadline and each.deadline > START + DAY)
    move(chats, found, 5, START, "i1")
    chats.db.execute(update(dossier).where(dossier.c.id == found.id).values(paused_at=START))
    again = dossiers.get(chats.db, 1, found.id)
    assert again is not None
    move(chats, again, 9, START + 90 * DAY, "i2")
    assert figures.finished(chats.db, 1, month_of((START + 90 * DAY).date())) == figures.Finished(1, 0, 0)


def test_A20_of_nothing_no_rate_is_made(chats: Chats) -> None:
    """Without a dossier to judge it says so; last month is a tap away, other months are not offered."""
    chairman = chats.official("chairman")
    said = chats.says("thống kê", chairman)
    assert "chưa đủ hồ sơ để tính" in said.text
    assert "Số liệu tháng 10/2026" in tap(chats, said, "Tháng 10/2026", chairman).text
    assert "Số liệu tháng 11/2026" in chats.taps("#figures:1999-01", chairman).text
    for name in (*dashboard.FIGURES, *dashboard.NOTICES, "nonsense"):
        assert chats.taps(f"#figure:2026-11,{name},0", chairman).text


def test_A20_an_official_sees_his_own(chats: Chats) -> None:
    """The whole is the Chairman's, the clerks' and who approves; another official sees the dossiers in his name."""
    lam, all_ = chats.official("official", "Lâm"), running(chats)
    for place, each in enumerate(all_[:20]):
        move(chats, each, 9, START, f"i{place}")
    mine = sum(each.officer == "Hoàng Đức Lâm" for each in all_[:20])
    said = chats.says("/thongke", lam)
    assert "do ông/bà thụ lý" in said.text
    assert f"Giải quyết xong: {mine} hồ sơ." in said.text
    assert "Lượt người được báo tin" not in said.text
    assert "Lượt người được báo tin" in chats.says("/thongke", chats.official("official", "Thắm")).text
    assert "Số liệu tháng" in chats.taps("#figure:2026-11,letters,0", lam).text


def test_A20_the_head_gets_the_month_before_once(chats: Chats) -> None:
    """On the first working morning; after an outage within three days; then not any more."""
    chairman = Who(OFFICE, f"official:{official(chats, 'Khải').id}")

    def told() -> int:
        dashboard.first_of_the_month(work(chats))
        return sum("Số liệu tháng 11/2026" in each["text"] for each in chats._said(chairman, None).bodies)

    at(chats, datetime.combine(START.date().replace(day=30), time(9), ZONE))
    assert told() == 0
    first = datetime(2026, 12, 1, 7, 0, tzinfo=ZONE)
    at(chats, first)
    assert told() == 0
    at(chats, first.replace(hour=9))
    assert [told(), told()] == [1, 0]
    chats.db.execute(delete(figures.told))
    at(chats, first.replace(day=3, hour=16))
    assert told() == 1
    chats.db.execute(delete(figures.told))
    at(chats, first.replace(day=4, hour=9))
    assert told() == 0


def test_A20_the_substitute_of_the_chairman_gets_it(chats: Chats) -> None:
    """A Chairman who is away for months: whoever he named reads the figures in his place."""
    khai, tham = official(chats, "Khải"), official(chats, "Thắm")
    absences.note(chats.db, 1, khai.id, tham.id, START, START + 180 * DAY, khai.id, START)
    at(chats, datetime(2026, 12, 1, 9, 0, tzinfo=ZONE))
    dashboard.first_of_the_month(work(chats))
    said = chats._said(Who(OFFICE, f"official:{tham.id}"), None)
    assert "Số liệu tháng 11/2026" in said.text
    assert [each["text"] for each in said.everything if "Số liệu" in each["text"]] == [said.bodies[-1]["text"]]


def test_L04_the_clerk_is_told_of_old_data_then_the_head(chats: Chats) -> None:
    """After two working days the clerk, or whoever stands in, in his own chat; then the Chairman besides."""
    clerk, lam, khai = official(chats, "Nhài"), official(chats, "Lâm"), official(chats, "Khải")
    absences.note(chats.db, 1, clerk.id, lam.id, START, START + 30 * DAY, clerk.id, START)

    def told() -> list[str]:
        desk.stale_data(work(chats))
        table = outbox.outbox
        sent = set(chats.db.execute(select(table.c.chat).where(table.c.id > chats.seen)).scalars())
        chats._said(STREAM, None)
        return [each.name for each in (clerk, lam, khai) if f"official:{each.id}" in sent]

    at(chats, START + 4 * DAY)
    assert told() == ["Hoàng Đức Lâm"]
    assert told() == []
    at(chats, START + 5 * DAY)
    assert told() == ["Hoàng Đức Lâm", "Triệu Minh Khải"]
