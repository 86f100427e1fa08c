"""One dossier as officials see it (A03): the trail, who may read what, messages about it, its status set by hand."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select, update

from bot import reach, sample
from bot.channels.web import CAPABILITIES
from bot.dossier_file import Dossier as Row
from bot.reach import Notice
from bot.turn import Address, Turn, Work
from handlers.one_stop import ledger, trail
from messages.fold import fold
from messages.render import render
from messages.reply import Reply, _
from storage import citizens, dossier_events, dossiers, imports, officials
from storage import trail as kept
from storage.audience import Recipient
from storage.dossiers import dossier
from tests import town as towns
from tests.bot.turns import VILLAGER, Chats, Said, Who
from tests.town import START, Town

READY, LATE, PRIVATE = sample.demo_codes(START.date())
DAY = timedelta(days=1)


def work(chats: Chats) -> Work:
    return Work(chats.db, chats.bench.place, chats.now)


def key(code: str) -> str:
    return code.replace(".", "").replace("-", "")


def known(chats: Chats, code: str = LATE.code) -> dossiers.Dossier:
    found = dossiers.by_code(chats.db, 1, key(code))
    assert found is not None
    return found


def row(code: str = LATE.code) -> Row:
    """The dossier as the sample's file has it."""
    return next(each for each in sample.dossiers(START.date()) if each.code == code)


def official(chats: Chats, name: str) -> officials.Official:
    return next(each for each in officials.active(chats.db, 1) if name in each.name)


def tap(chats: Chats, said: Said, label: str, who: Who) -> Said:
    return chats.taps(next(each["token"] for each in said.buttons if label in each["label"]), who)


def told(chats: Chats, code: str = LATE.code, kind: str = "dossier-missed") -> None:
    """A villager without a messenger is told of it: she is to be called."""
    chats.says("xin chào")
    citizen = citizens.find(chats.db, 1, "web", "", VILLAGER.chat)
    here = Work(chats.db, replace(chats.bench.place, accounts={}), chats.now)
    reach.make(here, Notice(kind, f"{code}:{kind}", Reply(_("Reason: {reason}", reason="x")), about=code),
               [Recipient(citizen.id)])  # fmt: skip
    reach.follow(here)


def test_A03_the_whole_trail_at_office(chats: Chats) -> None:
    """Dates, how late, steps with officers, applicant and phone; that they were read is noted."""
    clerk, sealed = chats.official(), dossiers.details(chats.db, 1, known(chats).id)
    said = chats.says(f"/hoso {LATE.code}", clerk)
    for words in (LATE.code, sealed.applicant, known(chats).officer, "Hẹn trả theo tệp", "Đã quá hạn", "Chưa có tin"):
        assert words in said.text
    assert sealed.phone is not None
    assert sealed.phone.replace("+84", "0") in said.text
    assert kept.openings(chats.db, 1, known(chats).id) == [(official(chats, "Nhài").id, chats.now)]
    assert "Các bước đã qua" in tap(chats, said, "Mọi bước", clerk).text


def test_A03_on_a_messenger_and_in_a_group_nobody_is_named(chats: Chats) -> None:
    """Name and phone stay at /office; of a private procedure the group sees the code alone."""
    for chat in ("me", "group"):
        at = Address("web", "", chat, "me")
        turn = Turn(
            chats.db, chats.bench.place, chats.now, address=at, event=None, event_id=1, lane_id=1, language="vi",  # type: ignore[arg-type]
            citizen=None, official=official(chats, "Nhài"),
        )  # fmt: skip
        body = "\n".join(
            each["text"] for each in render(trail.by_code(turn, PRIVATE.code), turn.place.catalogs, "vi", CAPABILITIES)
        )
        found = known(chats, PRIVATE.code)
        sealed = dossiers.details(chats.db, 1, found.id)
        assert PRIVATE.code in body
        assert sealed.applicant not in body
        assert sealed.phone is None or sealed.phone[-9:] not in body
        assert (found.procedure_name in body) == (chat == "me")
        assert "xin xem ở /office" in body
    assert kept.openings(chats.db, 1, known(chats, PRIVATE.code).id) == []


def test_A03_every_message_about_it_is_there(chats: Chats) -> None:
    """What for, when, how far it has got in plain words; more than five are paged."""
    clerk = chats.official()
    told(chats)
    said = chats.says(f"/hoso {LATE.code}", clerk)
    assert "Tin đã báo về hồ sơ: 1." in said.text
    assert "xin lỗi vì đã quá hẹn: chờ gọi điện" in said.text
    for kind in ("papers-needed", "fee-due", "result-ready", "letter", "dossier-late", "dossier-changed"):
        told(chats, kind=kind)
    said = tap(chats, chats.says(f"/hoso {LATE.code}", clerk), "Mọi tin", clerk)
    assert "Tin đã báo về hồ sơ: 7." in said.text
    assert said.text.count("chờ gọi điện") == 5
    assert tap(chats, said, "Xem tiếp", clerk).text.count("chờ gọi điện") == 2
    for token in ("#trail:", "#trail:NOBODY", "#trail-steps:NOBODY", "#trail-messages:NOBODY,x", "#trail-slip:NOBODY"):
        assert chats.taps(token, clerk).text
        assert LATE.code not in chats.taps(token.replace("NOBODY", key(LATE.code))).text


def sets(chats: Chats, who: Who, status: str, note: str = "", code: str = LATE.code) -> Said:
    """Set a status by buttons and words."""
    said = tap(chats, chats.says(f"/hoso {code}", who), "Đặt trạng thái", who)
    said = tap(chats, said, status, who)
    if note:
        said = chats.says(note, who)
    return tap(chats, said, "Đúng", who)


def test_A03_a_status_is_set_in_chat(chats: Chats) -> None:
    """A step with his name, what happened for the rules of the notices, and the note where one is needed."""
    lam = known(chats).officer
    who = chats.official(official(chats, lam).role, lam)
    said = sets(chats, who, "bổ sung", "Bản sao căn cước và đơn có chữ ký")
    assert "Đã ghi" in said.text
    found = known(chats)
    assert (found.status, found.changed_at) == (5, chats.now)
    step = dossiers.steps(chats.db, 1, found.id)[-1]
    assert (step.status, step.officer, step.at) == (5, lam, chats.now)
    assert dossiers.details(chats.db, 1, found.id).note == "Bản sao căn cước và đơn có chữ ký"
    (happening,) = dossier_events.of_dossier(chats.db, 1, found.id)
    assert (happening.kind, happening.old, happening.new, happening.once[0]) == ("moved", 4, 5, "h")
    sets(chats, who, "đang giải quyết")
    assert [each.status for each in dossiers.steps(chats.db, 1, found.id)][-2:] == [5, 4]
    assert [each.new for each in dossier_events.of_dossier(chats.db, 1, found.id)] == [5, 4]


def test_A03_only_who_is_in_charge_sets_it(chats: Chats) -> None:
    """Neither an official it is none of whose business nor a village head nor a villager; two at once are one."""
    mine = known(chats).officer
    other = chats.official("official", "Mộc")
    assert "Mộc" not in mine
    said = chats.says(f"/hoso {LATE.code}", other)
    assert not [each for each in said.buttons if "Đặt trạng thái" in each["label"]]
    assert "dành cho cán bộ thụ lý" in chats.taps(f"#set-status:{key(LATE.code)}", other).text
    for who in (chats.village_head(), VILLAGER):
        chats.taps(f"#set-status:{key(LATE.code)}", who)
    clerk = chats.official()
    said = tap(chats, chats.says(f"/hoso {LATE.code}", clerk), "Đặt trạng thái", clerk)
    said = tap(chats, said, "có kết quả", clerk)
    chats.db.execute(update(dossier).where(dossier.c.code == LATE.code).values(status=8))
    tap(chats, said, "Đúng", clerk)
    assert known(chats).status == 8
    assert dossier_events.of_dossier(chats.db, 1, known(chats).id) == []


def test_A03_a_newer_file_that_says_something_else_is_told_once(chats: Chats) -> None:
    """He had set it; the file says it is still being worked on: it holds, and he learns of it once."""
    chats.db.execute(update(dossier).where(dossier.c.code == LATE.code).values(officer="Hoàng Đức Lâm"))
    who = chats.official("official", "Lâm")
    sets(chats, who, "có kết quả")
    later = chats.now + DAY
    chats.clock.advance(DAY)
    imports.load(chats.db, 1, "x", [row()], fold, later, later)
    assert known(chats).status == 4
    for happening in dossier_events.of_dossier(chats.db, 1, known(chats).id):
        ledger.moved(work(chats), known(chats), happening)
    said = chats._said(who, None).text
    assert said.count("Tệp mới hơn ghi là") == 1
    imports.load(chats.db, 1, "x", [row()._replace(status=5)], fold, later + DAY, later + DAY)
    for happening in dossier_events.of_dossier(chats.db, 1, known(chats).id)[2:]:
        ledger.moved(work(chats), known(chats), happening)
    assert "Tệp mới hơn" not in chats._said(who, None).text


def test_A03_a_file_that_goes_on_from_there_is_no_contradiction(chats: Chats) -> None:
    """ "Có kết quả" by hand, "đã trả" by the file: nobody is bothered."""
    clerk = chats.official()
    sets(chats, clerk, "có kết quả")
    later = chats.now + DAY
    imports.load(chats.db, 1, "x", [row()._replace(status=10)], fold, later, later)
    for happening in dossier_events.of_dossier(chats.db, 1, known(chats).id):
        ledger.moved(work(chats), known(chats), happening)
    assert "Tệp mới hơn" not in chats._said(clerk, None).text
    assert kept.by_hand(chats.db, 1, known(chats).id) is None


async def test_A03_the_trail_and_the_status_over_the_wire(steady_town: Town) -> None:
    """A clerk at /office opens a dossier, sets it to "có kết quả", and reads the new step with her name."""
    clerk = await towns.official(steady_town)
    await clerk.says(f"/hoso {LATE.code}")
    clerk.sees(LATE.code, "Các bước đã qua")
    await clerk.taps("Đặt trạng thái")
    await clerk.taps("có kết quả")
    await clerk.taps("Đúng, đặt giúp")
    clerk.sees("Đã ghi")
    await clerk.says(f"/hoso {LATE.code}")
    clerk.sees("Đặng Thị Thu Nhài")

    def status(db: object) -> int:
        return int(db.execute(select(dossier.c.status).where(dossier.c.code == LATE.code)).scalar_one())  # type: ignore[attr-defined]

    assert await steady_town.read(status) == 9
