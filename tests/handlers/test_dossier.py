"""Where is my dossier: by the code alone, by the second factor, being told, and what the desk sees."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.channels.base import Inbound
from bot.conversation import NotUnderstood
from bot.state import Raw
from bot.turn import OFFICE_CHAT, Address, Turn, Work
from handlers.dossiers import dossier, watch
from handlers.dossiers.dossier import DossierCode, is_tail
from handlers.one_stop import desk, trail
from messages import dossiers as words
from messages.fold import fold
from messages.render import ZONE
from storage import (
    conversations,
    deadlines,
    dossiers,
    guidance,
    imports,
    officials,
    outbox,
    postponements,
    ready,
    tails,
)
from storage.sealing import unseal_json
from tests.storage.test_dossiers import Row
from tests.town import START, Person, Somebody, Town, villager

READY, LATE, PRIVATE, NO_PHONE = (f"H55.242-261102-{number:04}" for number in (12, 13, 14, 15))
UNKNOWN = "H55.242-261102-0099"
MARRIAGE = "Cấp Giấy xác nhận tình trạng hôn nhân"


def day(number: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 11, number, hour, minute, tzinfo=ZONE)


END = timedelta(hours=23, minutes=59, seconds=59)
ROWS = (
    Row(2, READY, status=9, received_at=day(2), due_at=day(27, 16, 30)),
    Row(3, LATE, status=4, received_at=day(2), due_at=day(24) + END, phone="+84987000111"),
    Row(4, PRIVATE, procedure_code="1.004873", procedure_name=MARRIAGE, received_at=day(2), due_at=day(26) + END),
    Row(5, NO_PHONE, status=5, phone=None),
)


async def bring(town: Town, rows: Sequence[Row] = ROWS) -> None:
    """The desk's list, as of the town's clock."""
    now = town.clock.now()
    await town.write(lambda db: imports.load(db, 1, "list.csv", rows, fold, now, now))


async def tick(town: Town, *codes: str) -> None:
    """The clerk has these results at the counter."""

    def put(db: Connection) -> None:
        for code in codes:
            ready.trust(db, 1, dossiers.by_code(db, 1, dossier_key(code)).id, town.clock.now())

    await town.write(put)


# --- by the code alone ---


async def test_a06_her_code_tells_how_it_stands(town: Town, citizen: Somebody) -> None:
    """Asked in her words, by the code on her slip: procedure, status, dates, place, what to do next; never a name."""
    await bring(town)
    await tick(town, READY)
    await citizen.says("Hồ sơ của tôi xong chưa?")
    citizen.sees("Xin ông/bà gõ mã hồ sơ")
    await citizen.says("dạ mã h55 242–261102 OO12 ạ")
    citizen.sees(
        f"Hồ sơ {READY}: Đăng ký khai sinh.",
        "Tình trạng: đã có kết quả.",
        "Ngày tiếp nhận: thứ Hai, 02/11/2026.",
        "Hẹn trả: 16 giờ 30, thứ Sáu, 27/11/2026.",
        "Kết quả có sớm hơn ngày hẹn.",
        "Nơi nhận kết quả: Quầy 3.",
        "Mời ông/bà đến nhận.",
    )
    citizen.sees_not("Bích", "5678", "Lê Văn An", "giấy tờ đủ")


async def test_L19_nobody_is_asked_to_come_before_it_lies_at_the_counter(town: Town, citizen: Somebody) -> None:
    """By the file alone the result is on its way; "come" is said when the clerk has ticked it, and how to get it."""
    await bring(town)
    await citizen.says(READY)
    citizen.sees("Kết quả đang được chuyển ra quầy. Xin ông/bà chờ tin báo rồi hãy đến.")
    citizen.sees_not("Mời ông/bà đến nhận.")
    assert "Báo tôi khi xong" in citizen.buttons()
    await tick(town, READY)
    await citizen.says(READY)
    citizen.sees("Mời ông/bà đến nhận.")
    assert citizen.buttons() == [
        "Xem chi tiết",
        "Tôi sẽ đến lấy",
        "Gửi bưu điện",
        "Nhờ người khác lấy",
        "Tra hồ sơ khác",
        "Phản ánh việc phục vụ",
    ]


async def test_A05_a_new_date_is_shown_with_an_apology(steady_town: Town) -> None:
    """Judged is the date that somebody has agreed to: it is shown with an apology, and is not late any more."""
    town, new = steady_town, day(30, 16)
    await bring(town)

    def move(db: Connection) -> None:
        found = dossiers.by_code(db, 1, dossier_key(LATE))
        deadlines.move(db, 1, found.id, new, town.clock.now())

    await town.write(move)
    citizen = await villager(town)
    await citizen.says(LATE)
    citizen.sees("Hẹn trả: 16 giờ, thứ Hai, 30/11/2026.", "Thời gian chờ giấy tờ hoặc lệ phí không tính vào hạn.")
    citizen.sees_not("xin lỗi")

    def agree(db: Connection) -> None:
        found, official = dossiers.by_code(db, 1, dossier_key(LATE)), officials.active(db, 1)[0]
        wish = postponements.ask(db, 1, found.id, official.id, found.due_at, new, "ốm", False, town.clock.now())
        postponements.decide(db, 1, wish, "agreed", town.clock.now())

    await town.write(agree)
    await citizen.says(LATE)
    assert citizen.text.startswith("UBND xã xin lỗi ông/bà: ngày hẹn trả đã phải dời lại.")
    citizen.sees("Ngày hẹn mới: 16 giờ, thứ Hai, 30/11/2026 (lúc đầu hẹn: thứ Ba, 24/11/2026).", "trong hạn")


async def test_while_papers_are_awaited_the_clock_stands_still(steady_town: Town) -> None:
    """A dossier that waits for papers is never late, and says that its time is not counted."""
    await bring(steady_town, [Row(2, READY, status=5, received_at=day(2), due_at=day(24) + END)])

    def pause(db: Connection) -> None:
        found = dossiers.by_code(db, 1, dossier_key(READY))
        deadlines.pause(db, 1, found.id, found.due_at, day(23))

    await steady_town.write(pause)
    citizen = await villager(steady_town)
    await citizen.says(READY)
    citizen.sees("Trong lúc chờ, thời hạn tạm dừng, không tính ngày.")
    citizen.sees_not("xin lỗi")


async def test_l04_every_answer_says_how_old_the_data_are(town: Town, citizen: Somebody) -> None:
    """The age stands under each answer; two working days without an import change it; Saturday and Sunday are none."""
    await bring(town)
    await citizen.says(f"/tracuu {READY}")
    citizen.sees("Số liệu đến 9 giờ, thứ Năm, 26/11/2026.")
    town.clock.advance(timedelta(days=3, hours=23))
    await citizen.says(READY)
    citizen.sees("Số liệu đến 9 giờ, thứ Năm, 26/11/2026.")
    town.clock.advance(timedelta(hours=1))
    await citizen.says(READY)
    citizen.sees("Số liệu mới nhất đến 9 giờ, thứ Năm, 26/11/2026, nay có thể đã khác.")


async def test_a05_a_late_dossier_gets_an_apology_first(town: Town, citizen: Somebody) -> None:
    """The apology comes before anything else, without a reason or a new date, and with a person to ask."""
    await bring(town)
    await citizen.says(f"tra giúp {LATE}")
    assert citizen.text.startswith("UBND xã thành thật xin lỗi ông/bà: hồ sơ này đã quá ngày hẹn trả.")
    citizen.sees_not("trong hạn", "Xin ông/bà chờ")
    more = ["Tra hồ sơ khác", "Gặp cán bộ", "Phản ánh việc phục vụ"]
    assert citizen.buttons() == ["Xem chi tiết", "Báo tôi khi xong", *more]


async def test_an_unknown_code_is_said_kindly(town: Town, citizen: Somebody) -> None:
    """No such code: it may come tomorrow, look at the slip, or ask a person; nothing about other codes."""
    await bring(town)
    await citizen.says(UNKNOWN)
    citizen.sees(
        f"Xin lỗi ông/bà, hiện chưa tìm thấy hồ sơ {UNKNOWN}.", "Hồ sơ nộp hôm nay có thể ngày mai mới tra được."
    )
    assert citizen.buttons() == ["Tra hồ sơ khác", "Gặp cán bộ"]
    await citizen.says("H55.242-261302-0012")
    citizen.sees("Sáu số chỉ ngày trong mã có vẻ chưa đúng.")
    await citizen.taps("Tra hồ sơ khác")
    await citizen.says("H55.242-261102-001")
    citizen.sees("Mã có vẻ còn thiếu số ở cuối.", "Xin ông/bà gõ mã hồ sơ")


async def test_silly_answers_get_a_sentence_and_the_question_again(steady_town: Town) -> None:
    """A sticker, 5,000 characters, two codes at once: one helpful sentence, and the question again."""
    citizen = await villager(steady_town)
    await citizen.says("tra cứu hồ sơ")
    for answer in ("x" * 4000, "không nhớ", f"{READY} và {LATE}"):
        await citizen.says(answer)
        citizen.sees("Xin ông/bà gõ mã hồ sơ in trên giấy hẹn ạ.")
    await citizen.sends("sticker")
    citizen.sees("trả lời bằng chữ", "Xin ông/bà gõ mã hồ sơ in trên giấy hẹn ạ.")


async def test_guidance_given_is_kept_with_its_version(steady_town: Town) -> None:
    """What she was told to do next is recorded for her (L11)."""
    await bring(steady_town)
    citizen = await villager(steady_town)
    await citizen.says(READY)
    rows = await steady_town.read(lambda db: db.execute(guidance.guidance.select()).all())
    assert [(row.kind, row.reference, row.version) for row in rows] == [("lookup", READY, "1")]


# --- the second factor ---


async def test_l05_a_private_procedure_is_named_only_after_the_second_factor(town: Town, citizen: Somebody) -> None:
    """The code alone says "hồ sơ của ông/bà"; the last four digits open name and procedure, each time anew."""
    await bring(town)
    await citizen.says(PRIVATE)
    citizen.sees(f"Hồ sơ {PRIVATE} của ông/bà.", "Hôm nay là ngày hẹn trả.")
    citizen.sees_not("hôn nhân")
    for _time in range(2):
        await citizen.taps("Xem chi tiết")
        citizen.sees("Xin ông/bà gõ bốn số cuối")
        citizen.sees_not("hôn nhân", "Bích")
        await citizen.says("5678")
        citizen.sees(
            MARRIAGE, f"Người nộp: {citizen.shown('Nguyễn Thị Bích')}.", "Cán bộ thụ lý: Lê Văn An.", "Các bước đã qua:"
        )
    await citizen.says(PRIVATE)
    citizen.sees_not("hôn nhân", "Bích")


async def test_l05_an_unnamed_procedure_is_treated_as_private(steady_town: Town) -> None:
    """A dossier whose procedure the file does not name is "hồ sơ của ông/bà"; private words are found in a name too."""
    words = Row(3, LATE, procedure_code="", procedure_name="Xác nhận mức độ KHUYẾT TẬT")
    await bring(steady_town, [Row(2, READY, procedure_code="", procedure_name=""), words])
    citizen = await villager(steady_town)
    await citizen.says(READY)
    citizen.sees(f"Hồ sơ {READY} của ông/bà.")
    await citizen.says(LATE)
    citizen.sees_not("KHUYẾT TẬT")


async def test_l05_an_old_button_does_not_bring_the_details_back(steady_town: Town) -> None:
    """What the second factor opened is not kept with the talk, so no button of the ended talk shows it again."""
    await bring(steady_town)
    citizen = await villager(steady_town)
    await citizen.says(PRIVATE)
    await citizen.taps("Xem chi tiết")
    await citizen.says("5678")
    await citizen.taps("Thôi, dừng lại")
    citizen.sees_not("hôn nhân", "Bích")


async def test_the_whole_number_will_do_and_nonsense_costs_no_try(steady_town: Town) -> None:
    """A whole phone number counts by its end; what is no four digits is not tried."""
    await bring(steady_town)
    citizen = await villager(steady_town)
    await citizen.says(READY)
    await citizen.taps("Xem chi tiết")
    for nonsense in ("12", "số của con tôi", "bốn năm sáu bảy", "12345") * 2:
        await citizen.says(nonsense)
        citizen.sees("Xin ông/bà chỉ gõ bốn số")
    await citizen.says("0912 345 678")
    citizen.sees(citizen.shown("Nguyễn Thị Bích"))


@pytest.mark.parametrize("code", [READY, NO_PHONE, UNKNOWN])
async def test_l06_wrong_digits_sound_the_same_whatever_is_on_file(steady_town: Town, code: str) -> None:
    """With a phone, without one, for an unknown code: the same words, the slip as a way, and a lock after five."""
    await bring(steady_town)
    citizen = await villager(steady_town)
    await citizen.does(kind="tap", text="Xem chi tiết", token=f"#dossier-details:{dossier_key(code)}")
    said = [citizen.text]
    for _try in range(5):
        await citizen.says("0000")
        said.append(citizen.text)
    assert "mang giấy hẹn đến bộ phận một cửa" in said[0]
    assert said[1].startswith("Bốn số này chưa khớp. Xin ông/bà thử lại, hoặc mang giấy hẹn đến: ")
    assert said[5].startswith("Để giữ an toàn cho hồ sơ, phần chi tiết tạm khóa đến 10 giờ, thứ Năm, 26/11/2026.")
    assert "gõ số 0 để gặp cán bộ" in said[5]
    assert said[1].split("\n")[0] == said[4].split("\n")[0]
    other = await villager(steady_town)
    await other.does(kind="tap", text="Xem chi tiết", token=f"#dossier-details:{dossier_key(code)}")
    other.sees("phần chi tiết tạm khóa đến 10 giờ")
    steady_town.clock.advance(timedelta(hours=1))
    await other.does(kind="tap", text="Xem chi tiết", token=f"#dossier-details:{dossier_key(code)}")
    other.sees("Xin ông/bà gõ bốn số cuối")


def dossier_key(code: str) -> str:
    return code.replace(".", "").replace("-", "")


async def test_what_she_typed_as_second_factor_is_stored_nowhere(steady_town: Town) -> None:
    """The talk keeps that she passed, not the digits."""
    await bring(steady_town)
    citizen = await villager(steady_town)
    await citizen.says(READY)
    await citizen.taps("Xem chi tiết")
    await citizen.says("0042")

    def kept(db: Connection) -> list[Any]:
        talks = db.scalars(select(conversations.talk.c.data).where(conversations.talk.c.data.is_not(None)))
        return [*(unseal_json(db, data) for data in talks), *db.execute(tails.tail_try.select())]

    assert "0042" not in repr(await steady_town.read(kept))
    await citizen.says("5678")
    assert "5678" not in repr(await steady_town.read(kept))


# --- tell me when it is done ---


@pytest.mark.web_only("a messenger rings by itself")
async def test_l04_a_page_cannot_ring_and_asks_for_a_phone(town: Town, citizen: Somebody) -> None:
    """In the web chat she is told that a page cannot ring; her number goes, sealed, on the call list."""
    await bring(town)
    await citizen.says(LATE)
    await citizen.taps("Báo tôi khi xong")
    citizen.sees("Khi ông/bà đóng trang này, máy không có cách nào báo tin.", "Xin ông/bà để lại số điện thoại.")
    await citizen.says("0912 345 999")
    citizen.sees(f"Khi hồ sơ {LATE} có thay đổi, cán bộ sẽ gọi cho ông/bà.")
    found = await town.read(dossiers.by_code, 1, dossier_key(LATE))
    assert [each.phone for each in await town.read(dossiers.watchers, 1, found.id)] == ["+84912345999"]


async def test_there_is_nothing_to_be_told_of_a_finished_dossier(steady_town: Town) -> None:
    """A dossier that was handed over offers no notice, and an old button says so kindly."""
    await bring(steady_town)
    citizen = await villager(steady_town)
    await citizen.says(LATE)
    button = citizen.button("Báo tôi khi xong")
    steady_town.clock.advance(timedelta(minutes=1))
    await bring(steady_town, [Row(2, LATE, status=10)])
    await citizen.says(LATE)
    assert citizen.buttons() == ["Xem chi tiết", "Tra hồ sơ khác", "Phản ánh việc phục vụ"]
    await citizen.presses(button)
    if not citizen.rings:
        await citizen.says("0912345999")
    citizen.sees("không còn bước nào phải chờ")


# --- the desk ---


async def test_a03_officials_see_the_whole_trail(town: Town, citizen: Somebody, official: Person) -> None:
    """/hoso shows an official everything on file; a villager is told that it is not for her."""
    await bring(town)
    town.clock.advance(timedelta(minutes=1))
    await bring(town, [Row(2, READY, status=10, received_at=day(2), due_at=day(27), officer="Trần Thị Bình")])
    await official.says(f"/hoso {READY}")
    official.sees(
        "Người nộp: Nguyễn Thị Bích.", "Điện thoại: 0912345678.", "Ghi chú: giấy tờ đủ.", "Tình trạng: Đã trả kết quả.",
        "đã có kết quả (Lê Văn An)", "đã trả kết quả (Trần Thị Bình)",
    )  # fmt: skip
    await citizen.says(LATE)
    await citizen.taps("Báo tôi khi xong")
    if not citizen.rings:
        await citizen.says("0912345999")
    await official.says(f"/hoso {LATE}")
    official.sees("Số người nhờ báo tin: 1.")
    assert ("Xin gọi báo khi có thay đổi: 0912345999." in official.text) is not citizen.rings
    await official.says(f"/hoso {UNKNOWN}")
    official.sees(f"Các danh sách đã nhập không có hồ sơ {UNKNOWN}.")
    await official.says("/hoso")
    official.sees("ví dụ /hoso H55")
    await official.says(f"/hoso {NO_PHONE}")
    official.sees("Hồ sơ không có số điện thoại.")
    await citizen.says(f"/hoso {READY}")
    citizen.sees_not("Bích", "0912345678")


async def test_l04_the_clerk_then_the_substitute_is_told_that_data_are_old(steady_town: Town) -> None:
    """After two full working days a card for the clerk, a day later one for the substitute, each once; then silence."""
    town = steady_town
    await bring(town)

    async def cards() -> list[str]:
        chat = (OFFICE_CHAT.channel, OFFICE_CHAT.account, [], OFFICE_CHAT.chat)
        shown = await town.read(outbox.shown, 1, *chat, 0, town.clock.now())
        return [each.body["text"].split(":")[0] for each in shown if each.body.get("card") == "stale-data"]

    await town.later(days=3, hours=23)
    assert await cards() == []
    for _hour in range(3):
        await town.later(hours=1)
    assert await cards() == ["Kính gửi cán bộ nhập liệu"]
    await town.later(days=1)
    assert (await cards())[-1] == "Kính gửi người thay cán bộ nhập liệu"
    count = len(await cards())
    await town.later(days=3)
    assert len(await cards()) == count
    await bring(town, [Row()])
    await town.later(hours=1)
    assert len(await cards()) == count


async def test_an_office_without_any_import_alerts_nobody(steady_town: Town) -> None:
    """Before the first list there is nothing that could be old; a look-up says that there are no data yet."""
    turn = await on_a_messenger(steady_town, lambda turn: turn)

    def asked(db: Connection) -> list[str]:
        db.execute(imports.import_run.delete())
        desk.stale_data(Work(db, turn.place, turn.now))
        return [turn.place.catalogs.text(words.age(imports.data_age(db, 1), False), "vi")]

    assert await steady_town.write(asked) == ["Hiện chưa có số liệu hồ sơ để tra cứu ở đây. Xin ông/bà thông cảm."]
    assert await steady_town.read(lambda db: outbox.shown(db, 1, "web", "office", [], "office", 0, turn.now)) == []


# --- on a messenger ---


async def on_a_messenger(town: Town, asks: Callable[[Turn], Any], chat: str = "me") -> Any:
    """What a handler says to somebody who writes from a messenger that has its own way to ring."""
    place = replace(town.app.place, capabilities=town.app.place.capabilities | {"telegram": None})

    def work(db: Connection) -> Any:
        at = Address("telegram", "bot", chat, "me")
        turn = Turn(
            db, place, town.clock.now(), address=at, event=Inbound("text"), event_id=1, lane_id=1, language="vi",
            citizen=None, official=None,
        )  # fmt: skip
        return asks(turn)

    return await town.write(work)


async def test_on_a_messenger_she_is_told_there(steady_town: Town) -> None:
    """Where a message can ring, one tap is enough and no phone is asked for."""
    await bring(steady_town)
    reply = await on_a_messenger(steady_town, lambda turn: watch.ask_to_be_told(turn, dossier_key(LATE)))
    assert reply.paragraphs[0].id == "Noted. I will write to you here when dossier {code} changes."
    found = await steady_town.read(dossiers.by_code, 1, dossier_key(LATE))
    watchers = await steady_town.read(dossiers.watchers, 1, found.id)
    assert [(each.channel, each.phone) for each in watchers] == [("telegram", None)]


async def test_l04_the_page_names_the_messengers_the_commune_has(steady_town: Town) -> None:
    """The page sends her to Telegram or Zalo when the commune is there."""

    def asks(turn: Turn) -> Any:
        return watch.ask_to_be_told(replace(turn, address=Address("web", "", "c", "c")), "H55")

    there = {"telegram": "Telegram", "zalo": "Zalo, Telegram"}.get(steady_town.on, "Telegram")
    assert (await on_a_messenger(steady_town, asks)).args == {"code": "H55", "messengers": there}
    asked: list[Any] = []
    with pytest.raises(RuntimeError):
        watch.leave_a_phone(lambda question: asked.append(question) or stop(), None, "H55", "Telegram")  # type: ignore
    assert "nhắn mã hồ sơ qua Telegram" in steady_town.app.place.catalogs.text(asked[0].prompt, "vi")


def stop() -> None:
    raise RuntimeError


async def test_details_are_never_shown_where_others_read_along(steady_town: Town) -> None:
    """In a group no villager's details are shown, and an official's trail names nobody."""
    await bring(steady_town)
    reply = await on_a_messenger(steady_town, lambda turn: dossier.ask_for_details(turn, dossier_key(READY)), "group")
    assert reply.paragraphs[0].id.startswith("Others read along here.")
    reply = await on_a_messenger(steady_town, lambda turn: trail.by_code(turn, READY), "group")
    said = "\n".join(steady_town.app.place.catalogs.text(each, "vi") for each in reply.paragraphs)
    assert READY in said
    assert "Bích" not in said
    assert "0912" not in said


# --- the questions themselves ---


def test_the_code_question_reads_a_code_anywhere() -> None:
    """A code is found in a sentence; none, or several, is not understood."""
    question = DossierCode("code", "?", START.date())
    assert question.read(Raw("text", "mã của tôi là h55.242-261102-0012 nhé")) == READY
    for said in (Raw("text", "không có"), Raw("text", f"{READY} {LATE}"), Raw("sticker"), Raw("photo")):
        with pytest.raises(NotUnderstood):
            question.read(said)


@pytest.mark.parametrize(
    ("text", "tail"), [("5678", True), ("56 78", True), ("0912.345.678", True), ("567", False), ("số 5678", False)]
)
def test_what_looks_like_the_last_four_digits(text: str, tail: bool) -> None:
    """Four digits, or a whole number; anything else is not tried."""
    assert is_tail(text) is tail
