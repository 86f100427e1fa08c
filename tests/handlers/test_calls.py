"""The call list as officials use it: who has to be called now, by whom she was called, who did not answer."""

from dataclasses import replace
from urllib.parse import unquote

from sqlalchemy import Connection

from bot import reach, sample
from bot.dossier_notices import RULES
from bot.reach import Notice
from bot.turn import Work
from handlers.office import calls
from messages import codes
from messages.reply import Reply, _
from storage import citizens, dossiers, stops
from storage.audience import Recipient
from tests.bot.turns import VILLAGER, Chats, Who
from tests.town import START

_READY, LATE, _PRIVATE = sample.demo_codes(START.date())
PHONE = "+84912345678"


def told(chats: Chats, who: Who = VILLAGER, code: str = LATE.code) -> None:
    """A notice about a dossier to somebody at the chat box, where no message goes by itself."""
    db: Connection = chats.db
    chats.says("xin chào", who)
    citizen = citizens.find(db, 1, "web", who.account, who.chat)
    work = Work(db, replace(chats.bench.place, accounts={}), chats.now)
    reach.make(work, Notice("result-ready", f"{code}:{who.chat}", Reply(_("{phone}, {village}.")), about=code), [
        Recipient(citizen.id)])  # fmt: skip
    reach.follow(work)


def test_L20_the_clerk_calls_and_notes_it(chats: Chats) -> None:
    """The number is there to dial and what it is about; one tap and she is off the list, noted once."""
    clerk = chats.official()
    told(chats)
    citizen = citizens.find(chats.db, 1, "web", "", VILLAGER.chat)
    stops.put_on_call_list(chats.db, 1, citizen.id, PHONE, chats.now)
    listed = chats.says("/danhsachgoi", clerk)
    assert "không tới được họ" in listed.text
    assert f"1) 0912345678, chưa rõ thôn: {LATE.code}." in listed.text
    called = next(each for each in listed.buttons if "Đã gọi" in each["label"])
    assert "Đã ghi nhận" in chats.taps(called["token"], clerk).text
    assert "đã được ghi từ trước" in chats.taps(called["token"], clerk).text
    assert "không tới được họ" not in chats.says("danh sách gọi", clerk).text


def test_L20_the_queue_says_how_many_are_to_be_called(chats: Chats) -> None:
    """Each person once, until she has been called."""
    clerk = chats.official()
    assert "tin nhắn không tới được" not in chats.says("/hangdoi", clerk).text
    for number in range(2):
        told(chats, code=f"H99.33-26111{number}-0002")
    assert "Có 1 người tin nhắn không tới được" in chats.says("/hangdoi", clerk).text
    chats.taps(chats.says("/danhsachgoi", clerk).buttons[0]["token"], clerk)
    assert "tin nhắn không tới được" not in chats.says("/hangdoi", clerk).text


def test_L20_nobody_answers_and_she_stays_on_the_list(chats: Chats) -> None:
    """Behind the others, with how often it was tried."""
    clerk = chats.official()
    other = Who("", "neighbour")
    told(chats)
    told(chats, other, _READY.code)
    listed = chats.says("/danhsachgoi", clerk)
    assert listed.text.index(LATE.code) < listed.text.index(_READY.code)
    missed = next(each for each in listed.buttons if "không nghe máy" in each["label"])
    again = chats.taps(missed["token"], clerk)
    assert "gọi lại sau" in again.text
    assert again.text.index(_READY.code) < again.text.index(LATE.code)
    assert "Đã gọi 1 lần, không nghe máy" in again.text


def test_L20_each_entry_says_what_to_tell(chats: Chats) -> None:
    """The kind of news in plain words; of several, beside each code."""
    clerk = chats.official()
    told(chats)
    assert "Nội dung báo: đã có kết quả tại quầy." in chats.says("/danhsachgoi", clerk).text
    told(chats, code=_READY.code)
    listed = chats.says("/danhsachgoi", clerk).text
    assert f"Nội dung báo: {LATE.code}: đã có kết quả tại quầy." in listed
    assert f"Nội dung báo: {_READY.code}: đã có kết quả tại quầy." in listed


def test_L20_every_kind_of_notice_that_is_called_has_words() -> None:
    """Whoever adds a rule says here what the clerk tells by telephone."""
    assert {rule.name for rule in RULES.values()} - calls.TELL.keys() == set()


def test_L20_a_short_message_has_its_words_ready(chats: Chats) -> None:
    """At /office one tap opens it on the clerk's telephone; it names no person and no procedure (L05, L06)."""
    clerk = chats.official()
    for each in (_READY, _PRIVATE):
        found = dossiers.by_code(chats.db, 1, codes.key(each.code))
        work = Work(chats.db, replace(chats.bench.place, accounts={}), chats.now)
        notice = Notice("result-ready", each.code, Reply(_("{phone}, {village}.")), about=each.code)
        reach.make(work, notice, [Recipient(None, found.id)])
        reach.follow(work)
    listed = chats.says("/danhsachgoi", clerk).text
    links = [line for line in listed.splitlines() if line.startswith("sms:")]
    assert len(links) == 2
    for link, each in zip(links, (_READY, _PRIVATE), strict=True):
        found = dossiers.by_code(chats.db, 1, codes.key(each.code))
        sealed = dossiers.details(chats.db, 1, found.id)
        assert link.startswith(f"sms:{sealed.phone}?&body=")
        body = unquote(link.partition("body=")[2])
        assert body.startswith(f"UBND xã Suối Lành báo tin hồ sơ {each.code}: đã có kết quả tại quầy.")
        assert "Nếu không phải ông/bà, xin báo lại" in body
        assert found.procedure_name not in body
        assert sealed.applicant not in body


def test_L20_only_officials_see_it(chats: Chats) -> None:
    """Neither the list nor its taps are a villager's, and a token that names nobody changes nothing."""
    clerk = chats.official()
    told(chats)
    assert LATE.code not in chats.says("/danhsachgoi").text
    for token in ("#call-done:1", "#call-missed:1"):
        assert LATE.code not in chats.taps(token).text
    for token in ("#call-done:x", "#call-done:999", "#call-missed:", "#call-missed:99999999999999999999"):
        assert "đã được ghi từ trước" in chats.taps(token, clerk).text
    assert LATE.code in chats.says("/danhsachgoi", clerk).text
