"""Somebody is away (L21): the talk, what moves at once, how it ends, and names of the file nobody bears."""

from datetime import timedelta

from sqlalchemy import select, update

from bot import casework, duty
from bot.casework import Draft
from bot.turn import Address, Work
from handlers.office import absence, officers
from storage import absences, approvals, cases, citizens, officer_names, officials, outbox, requests
from storage.dossiers import dossier
from storage.requests import Request
from storage.sealing import unseal_json
from tests import town as towns
from tests.bot.turns import VILLAGER, Chats, Said, Who
from tests.town import START, Town


def work(chats: Chats) -> Work:
    return Work(chats.db, chats.bench.place, chats.now)


def official(chats: Chats, name: str) -> officials.Official:
    return next(each for each in officials.active(chats.db, 1) if name in each.name)


def tap(chats: Chats, said: Said, label: str, who: Who) -> Said:
    """Tap the button with these words."""
    return chats.taps(next(each["token"] for each in said.buttons if label in each["label"]), who)


def asked(chats: Chats, taken_by: str, who: Who = VILLAGER) -> Request:
    """A villager's request that an official has taken."""
    chats.says("xin chào", who)
    citizen, at = citizens.find(chats.db, 1, "web", who.account, who.chat), chats.now + timedelta(hours=1)
    made = requests.open(
        chats.db, 1, Address("web", who.account, who.chat, who.chat), citizen.id, "question", None, chats.now,
        promised_at=at, remind_at=at, closes_at=at + timedelta(days=9),
    )  # fmt: skip
    requests.take_over(chats.db, 1, made.id, official(chats, taken_by).id)
    return made


def goes(
    chats: Chats, who: Who, substitute: str, first: str = "Hôm nay", last: str = "Chỉ ngày đó", who_first: str = ""
) -> Said:
    """Somebody notes his own absence, all by buttons; who notes it for others, too, says first that it is his."""
    said = chats.says("/vang", who)
    said = tap(chats, said, who_first, who) if who_first else said
    said = tap(chats, said, first, who)
    said = tap(chats, said, last, who)
    said = tap(chats, said, substitute, who)
    return tap(chats, said, "Đúng", who)


def test_L21_what_he_has_moves_at_once(chats: Chats) -> None:
    """His open requests go to the substitute, who is told with the list; the card names the new one."""
    who = chats.official("official", "Lâm")
    request = asked(chats, "Lâm")
    said = goes(chats, who, "Thắm")
    substitute = official(chats, "Thắm")
    assert requests.get(chats.db, 1, request.id).taken_by == substitute.id
    everything = "\n".join(body["text"] for body in said.everything)
    assert "Từ nay Nông Thị Thắm làm thay" in everything
    assert f"Lời nhắn số {request.number}" in everything.partition("Những việc nay chuyển sang")[2]
    assert "Nông Thị Thắm đã nhận" in everything
    assert "1 việc đang mở" in said.text


def test_L21_the_cases_he_has_move_too_and_she_hears_who_has_hers(chats: Chats) -> None:
    """What is for everybody goes to the substitute; what he may not read stays where it is."""
    who, lam = chats.official("official", "Lâm"), official(chats, "Lâm")
    to = Address("web", VILLAGER.account, VILLAGER.chat, VILLAGER.chat)
    open_, private = (
        casework.file(work(chats), Draft("đường ngập", field="road", lane=lane), to) for lane in ("office", "leader")
    )
    for each in (open_, private):
        cases.take(chats.db, 1, each.id, lam.id)
    said = goes(chats, who, "Thắm")
    assert "Đã chuyển 1 phản ánh cho" in said.text
    holders = [cases.get(chats.db, 1, each.id).taken_by for each in (open_, private)]
    assert holders == [official(chats, "Thắm").id, lam.id]
    assert any("nay do Nông Thị Thắm" in each["text"] for each in said.everything)


def test_L21_he_comes_back_and_by_itself(chats: Chats) -> None:
    """ "Tôi đã về" ends it at once; else it ends after its last day, and both are told in the morning."""
    who = chats.official("official", "Lâm")
    goes(chats, who, "Thắm")
    assert duty.standing_in(work(chats), official(chats, "Lâm")).name == "Nông Thị Thắm"
    assert "Hoàng Đức Lâm đã làm việc lại" in chats.says("tôi đã về", who).text
    assert duty.standing_in(work(chats), official(chats, "Lâm")).name == "Hoàng Đức Lâm"
    assert "không có" in chats.says("tôi đã về", who).text.lower()
    goes(chats, who, "Thắm")
    chats.clock.advance(timedelta(hours=15, minutes=30))
    absence.look(work(chats))
    assert len(absences.over(chats.db, 1, chats.now)) == 1  # half past midnight: nobody is told at night
    assert duty.standing_in(work(chats), official(chats, "Lâm")).name == "Hoàng Đức Lâm"
    chats.clock.advance(timedelta(hours=7))
    absence.look(work(chats))
    assert absences.over(chats.db, 1, chats.now) == []


def test_L21_a_later_absence_begins_by_itself(chats: Chats) -> None:
    """Until then he acts; on the morning it begins his tasks move."""
    who = chats.official("official", "Lâm")
    said = chats.says("báo vắng", who)
    said = chats.says("30/11/2026", who)
    said = chats.says("4/12", who)
    said = tap(chats, said, "Thắm", who)
    tap(chats, said, "Đúng", who)
    request = asked(chats, "Lâm")
    absence.look(work(chats))
    assert requests.get(chats.db, 1, request.id).taken_by == official(chats, "Lâm").id
    chats.clock.advance(timedelta(days=3, hours=22))
    absence.look(work(chats))
    assert requests.get(chats.db, 1, request.id).taken_by == official(chats, "Thắm").id


def test_L21_days_that_cannot_be_get_a_clear_answer(chats: Chats) -> None:
    """A past day, an end before the beginning, a time that is noted already; nobody stands in for himself."""
    who = chats.official("official", "Lâm")
    chats.says("/vang", who)
    assert "26/11/2026 trở đi" in chats.says("25/11/2026", who).text
    chats.says("30/11/2026", who)
    assert "30/11/2026 trở đi" in chats.says("29/11/2026", who).text
    said = chats.says("2/12/2026", who)
    assert not [each for each in said.buttons if "Lâm" in each["label"]]
    assert not [each for each in said.buttons if "Kỳ" in each["label"]]  # a village head stands in for no official
    tap(chats, tap(chats, said, "Thắm", who), "Đúng", who)
    said = chats.says("/vang", who)
    assert "Hoàng Đức Lâm vắng" in said.text
    said = tap(chats, said, "khác", who)
    chats.says("1/12/2026", who)
    said = chats.says("5/12/2026", who)
    said = tap(chats, tap(chats, said, "Thắm", who), "Đúng", who)
    assert "kết thúc đợt vắng đó trước" in said.text
    assert len(absences.coming(chats.db, 1, chats.now)) == 1


def test_L21_the_clerk_notes_it_for_others(chats: Chats) -> None:
    """ "Ai vắng?": the Chairman who never logs in; an official may end his own absence only."""
    clerk, other = chats.official("clerk"), chats.official("official", "Lâm")
    said = chats.says("/vang", clerk)
    said = tap(chats, said, "Khải", clerk)
    said = chats.says("hôm nay", clerk)
    said = chats.says("26/5/2027", clerk)
    said = tap(chats, said, "Thắm", clerk)
    said = tap(chats, said, "Đúng", clerk)
    assert "Triệu Minh Khải vắng" in "\n".join(body["text"] for body in said.everything)
    (noted,) = absences.coming(chats.db, 1, chats.now)
    assert "chưa có đợt vắng" in chats.taps(f"#absence-back:{noted.id}", other).text
    assert [each.name for each in duty.heads(work(chats))] == ["Nông Thị Thắm"]
    assert "đã làm việc lại" in chats.taps(f"#absence-back:{noted.id}", clerk).text
    assert [each.name for each in duty.heads(work(chats))] == ["Triệu Minh Khải"]


def test_L21_what_only_receivers_may_read_does_not_go_to_others(chats: Chats) -> None:
    """A sealed request of a receiver who goes waits for the receivers again, not with a substitute who may not."""
    who = chats.official("official", "Lụa")
    request = asked(chats, "Lụa")
    requests.seal_for_receiver(chats.db, 1, request.id)
    requests.take_over(chats.db, 1, request.id, official(chats, "Lụa").id)
    goes(chats, who, "Thắm")
    assert requests.get(chats.db, 1, request.id).taken_by is None


def test_L21_who_was_removed_is_away_for_ever(chats: Chats) -> None:
    """His open requests go to the clerk, who is told once."""
    request = asked(chats, "Lâm")
    officials.remove(chats.db, 1, official(chats, "Lâm").id)
    absence.look(work(chats))
    clerk = official(chats, "Nhài")
    assert requests.get(chats.db, 1, request.id).taken_by == clerk.id
    first = chats._said(Who("office", f"official:{clerk.id}"), None)
    assert "cán bộ đã thôi việc" in first.text
    absence.look(work(chats))
    assert "cán bộ đã thôi việc" not in chats._said(Who("office", f"official:{clerk.id}"), None).text


def test_L21_the_clerk_ties_a_name_of_the_file(chats: Chats) -> None:
    """A name nobody bears is listed with its count; two taps, and it is that official's; only a clerk may."""
    officers.count_names(work(chats))
    assert duty.unmatched(work(chats)) == []
    chats.db.execute(update(dossier).where(dossier.c.officer == "Hoàng Đức Lâm").values(officer="H. Đ. Lâm"))
    officers.count_names(work(chats))
    names = duty.unmatched_names(work(chats))
    assert names
    assert sum(each.dossiers for each in names) > 0
    clerk, other = chats.official("clerk"), chats.official("official", "Lâm")
    assert names[0].name not in chats.taps(f"#officer:{names[0].id}", other).text
    asks = chats.taps(f"#officer:{names[0].id}", clerk)
    assert f"“{names[0].name}” trong tệp là ai" in asks.text
    assert "/moi" in asks.text
    tap(chats, asks, "Mộc", clerk)
    assert duty.in_charge(work(chats), names[0].name.upper()).name == "Lường Quang Mộc"
    assert names[0].name not in dict(duty.unmatched(work(chats)))
    assert "đã có người" in chats.taps(f"#officer:{names[0].id}", clerk).text
    officers.count_names(work(chats))
    assert duty.in_charge(work(chats), names[0].name).name == "Lường Quang Mộc"
    kept = next(each for each in officer_names.known(chats.db, 1) if each.id == names[0].id)
    assert kept.official_id is not None
    for token in ("#officer-is:x,y", "#officer-is:999999,1", "#officer:999"):
        assert chats.taps(token, clerk).text


def test_L21_villagers_are_not_asked(chats: Chats) -> None:
    """Only officials report absences."""
    assert "vắng từ" not in chats.says("/vang").text
    assert absences.coming(chats.db, 1, START) == []


def test_L21_A04_warnings_go_to_the_substitute(chats: Chats) -> None:
    """Of an officer who is away, what comes due is told to whoever stands in, and not to him."""
    who = chats.official("official", "Lâm")
    goes(chats, who, "Mộc")
    chats.db.execute(update(dossier).where(dossier.c.officer == "Hoàng Đức Lâm").values(warned=0))

    def warned() -> set[str]:
        for tick in ("due", "news", "due-warnings"):
            chats.routes.ticks[tick].function(work(chats))
        chats._turns()
        tables = outbox.outbox
        rows = chats.db.execute(select(tables.c.chat, tables.c.body).where(tables.c.id > chats.seen)).all()
        chats._said(VILLAGER, None)
        told = {row.chat for row in rows if "phụ trách sắp đến hạn" in unseal_json(chats.db, row.body)["text"]}
        return {each.name for each in officials.active(chats.db, 1) if f"official:{each.id}" in told}

    told = warned()
    assert "Lường Quang Mộc" in told
    assert "Hoàng Đức Lâm" not in told


def test_L21_letters_that_wait_are_named_to_the_substitute(chats: Chats) -> None:
    """The Chairman goes: whoever stands in reads how many letters wait for approval, and opens them by a tap."""
    approvals.put(chats.db, 1, "apology-late", "k", "waiting", {"data": {}}, chats.now)
    approvals.put(chats.db, 1, "birth", "b", "proposed", {"data": {}}, chats.now)
    said = goes(chats, chats.official("chairman"), "Mộc", first="Hôm nay", who_first="Bản thân")
    (told,) = [each for each in said.everything if "Từ nay Lường Quang Mộc làm thay" in each["text"]]
    assert "Thư đang chờ duyệt: 1." in told["text"]
    assert told["buttons"][0]["token"] == "#approvals:"


async def test_L21_over_the_wire(town: Town) -> None:
    """An official reports his absence at /office by tapping; his substitute reads it in his own chat; he is back."""
    lam, tham = await towns.official(town, "Hoàng Đức Lâm"), await towns.official(town, "Nông Thị Thắm")
    await lam.says("/vang")
    await lam.taps("Hôm nay")
    await lam.taps("Chỉ ngày đó")
    await lam.taps("Nông Thị Thắm")
    await lam.taps("Đúng, ghi giúp")
    lam.sees("Hoàng Đức Lâm vắng từ thứ Năm, 26/11/2026")
    await tham.looks()
    tham.sees("Từ nay Nông Thị Thắm làm thay")
    await lam.taps("Hoàng Đức Lâm đã về")
    lam.sees("đã làm việc lại")
    await tham.looks()
    tham.sees("đã làm việc lại từ hôm nay")
