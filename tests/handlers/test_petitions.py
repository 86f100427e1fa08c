"""Khiếu nại, tố cáo, quarrels (L32, L33): explained, a letter to print, a code at the counter; nothing is filed."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.commune import Fact
from handlers.petitions.printing import LENGTH, SIGNS, typed
from storage import cases, print_codes, requests
from storage.letters import letter
from storage.print_codes import print_code
from storage.sealing import unseal_json
from tests.bot.turns import VILLAGER, Bench, Chats, Said, Who
from tests.letters import arrived, text_of
from tests.town import Person, Somebody, Town

DECISION = "Quyết định số 45/QĐ-UBND ngày 02/11/2026 phạt 3 triệu đồng"
STORY = "Nhà tôi rào lại bờ rào cũ, đất có sổ từ năm 2008, không lấn hành lang đường"
ASKED = "Xem xét lại và hủy quyết định phạt"


@pytest.fixture
def chats(bench: Bench) -> Iterator[Chats]:
    with bench.town() as made:
        yield made


def labels(said: Said) -> list[str]:
    return [each["label"] for each in said.buttons]


def token(said: Said, label: str) -> str:
    return next(each["token"] for each in said.buttons if each["label"] == label)


def ordered(chats: Chats) -> list[tuple[str, str, dict[str, Any]]]:
    """Letters ordered so far: name, chat, what they say."""
    rows = chats.db.execute(select(letter.c.name, letter.c.chat, letter.c.data).order_by(letter.c.id))
    return [(row.name, row.chat, unseal_json(chats.db, row.data)) for row in rows]


def fill(chats: Chats, received: str = "05/11/2026", whose: str = "1", who: Who = VILLAGER) -> Said:
    """The whole talk, as far as the last look."""
    chats.taps("#complaint-form:", who)
    for said in (DECISION, whose):
        chats.says(said, who)
    if whose == "2":
        chats.says("Chi cục Thuế khu vực", who)
    deadline = chats.says(received, who)
    for said in (STORY, ASKED, "Bản sao quyết định\nBản sao sổ đỏ", "Nguyễn Thị Hường", "Thôn Suối Trên"):
        chats.says(said, who)
    look = chats.says("0912 345 678", who)
    return replace(look, bodies=[*deadline.bodies, *look.bodies])


def printed(chats: Chats, **how: Any) -> tuple[str, Said]:
    """The letter is made; its code."""
    fill(chats, **how)
    said = chats.says("vâng", how.get("who", VILLAGER))
    found = re.search(rf"mã: ([{SIGNS}]{{4}}-[{SIGNS}]{{4}})", said.text)
    assert found, said.text
    return found[1], said


# --- explained --------------------------------------------------------------------------------------------------------


def test_L33_every_answer_about_a_complaint_says_what_must_be_said(chats: Chats) -> None:
    """She may speak and it is read back, today's chat stops nothing, court, another body, five people, withdrawing."""
    said = chats.taps("#complaint:").text
    for words in ("hạn 90 ngày", "chưa phải là nộp đơn", "Cán bộ phải ghi lại và đọc cho ông/bà nghe",
                  "khởi kiện ra tòa", "của cơ quan khác", "Từ năm người trở lên",
                  "toàn bộ hoặc một phần", "tháng 11/2026"):  # fmt: skip
        assert words in said, words
    assert "thụ lý" not in said
    assert labels(chats.taps("#complaint:")) == ["Làm đơn để in", "Lịch tiếp công dân", "Gặp cán bộ"]


def test_L33_the_commune_may_write_its_own_days(bench: Bench, chats: Chats) -> None:
    """In the explanation, and in the last day of the letter."""
    facts = {"complaint_days": Fact(value="60 ngày"), "denounce_accept_days": Fact(value="7")}
    chats.dispatcher.place = replace(bench.place, commune=bench.place.commune.model_copy(update={"facts": facts}))
    assert "hạn 60 ngày" in chats.taps("#complaint:").text
    assert "hạn 60 ngày là thứ Hai, 04/01/2027" in fill(chats).text
    assert "Trong 7 ngày làm việc" in chats.taps("#denounce:").text


def test_B04_to_denounce_is_explained_and_nothing_is_taken(chats: Chats) -> None:
    """Rights, ways, to whom, without a name; an empty form; days only where they are sure."""
    said = chats.taps("#denounce:")
    for words in ("đừng viết nội dung vào đây", "Pháp luật giữ", "điểm chỉ", "đọc cho ông/bà nghe",
                  "Chủ tịch UBND tỉnh", "Điều 25", "báo trong 5 ngày làm việc"):  # fmt: skip
        assert words in said.text, words
    assert "Trong 7 ngày" not in said.text
    assert "thụ lý" not in said.text
    chats.taps(token(said, "Mẫu đơn trống để in"))
    ((name, _chat, data),) = ordered(chats)
    assert (name, set(data)) == ("denunciation", {"office", "place"})


@pytest.mark.parametrize("text", ["toi muon khieu nai", "to cao can bo", "khieu nai"])
def test_B04_without_accents_she_is_asked_first(chats: Chats, text: str) -> None:
    """Never routed by a word that may be another; in the middle of a talk neither."""
    said = chats.says(text)
    assert "hạn 90 ngày" not in said.text
    assert "?" in said.text or "phải không" in said.text
    chats.taps("#complaint-form:", Who("", "another"))
    assert "hạn 90 ngày" not in chats.says(text, Who("", "another")).text


# --- the letter -------------------------------------------------------------------------------------------------------


def test_L33_a_letter_is_made_in_her_own_words(chats: Chats) -> None:
    """Each field of the form; the last of the 90 days is told; nothing is filed, no case and no request."""
    look = fill(chats)
    assert "hạn 90 ngày là thứ Tư, 03/02/2027" in look.text
    assert "Nguyễn Thị Hường, Thôn Suối Trên, 0912345678" in look.text
    said = chats.says("vâng")
    assert "chưa phải là đã nộp" in said.text
    assert "thụ lý" not in said.text
    ((name, chat, data),) = ordered(chats)
    assert (name, chat) == ("complaint", VILLAGER.chat)
    assert data["recipient"] == "Chủ tịch Ủy ban nhân dân xã Suối Lành"
    assert (data["decision"], data["content"], data["asks"]) == (DECISION, STORY, ASKED)
    assert data["papers"] == ["Bản sao quyết định", "Bản sao sổ đỏ"]
    assert data["received"] == "thứ Năm, 05/11/2026"
    assert (data["writer"], data["phone"]) == ("Nguyễn Thị Hường", "0912345678")
    assert chats.db.execute(select(cases.case_file)).all() == []
    assert chats.db.execute(select(requests.request)).all() == []
    assert DECISION not in repr(chats.db.execute(select(print_code)).all())


def test_L33_when_the_days_are_over_nothing_is_promised(chats: Chats) -> None:
    """Illness may not count; whether it does an official says."""
    said = fill(chats, received="01/06/2026").text
    assert "đã hết vào Chủ Nhật, 30/08/2026".casefold() in said.casefold()
    assert "có thể không bị tính" in said
    assert "Ngày cuối để nộp" not in chats.says("vâng").text


def test_L33_another_body_s_decision_goes_there(chats: Chats) -> None:
    """The letter is addressed to it, and she is told."""
    _code, said = printed(chats, whose="2")
    assert "của cơ quan khác" in said.text
    assert ordered(chats)[0][2]["recipient"] == "Chi cục Thuế khu vực"


def test_L33_what_cannot_be_printed_is_told_at_once(chats: Chats) -> None:
    """Another script: which field, and a way to begin again."""
    chats.taps("#complaint-form:")
    for said in (DECISION, "1", "05/11/2026", "東京 " * 5, ASKED, "bỏ qua", "bỏ qua", "bỏ qua", "0912345678"):
        chats.says(said)
    said = chats.says("vâng")
    assert "chữ không in được" in said.text
    assert labels(said) == ["Làm đơn để in"]
    assert chats.db.execute(select(print_code)).all() == []


# --- at the counter ---------------------------------------------------------------------------------------------------


def test_L33_the_counter_prints_from_the_code(chats: Chats) -> None:
    """In any spelling of the code, in the official's own chat; she learns nothing of it and the form is the same."""
    code, _said = printed(chats)
    clerk = chats.official("clerk")
    for spelt in (code, code.lower(), code.replace("-", " ")):
        assert "không giữ bản sao" in chats.says(f"/in {spelt}", clerk).text
    first, second = ordered(chats)
    assert (first[2], first[1], second[1]) == (second[2], VILLAGER.chat, clerk.chat)


def test_L33_a_wrong_code_prints_nothing_and_five_stop_him(chats: Chats) -> None:
    """Also one whose weeks are over; after an hour he may try again."""
    code, _said = printed(chats)
    clerk, other = chats.official("clerk"), chats.official("chairman")
    for _time in range(5):
        assert "Không có đơn nào" in chats.says("/in AAAA-CCCC", clerk).text
    assert "sau một giờ" in chats.says(f"/in {code}", clerk).text
    assert "không giữ bản sao" in chats.says(f"/in {code}", other).text
    chats.clock.advance(timedelta(hours=1, minutes=1))
    assert "không giữ bản sao" in chats.says(f"/in {code}", clerk).text
    chats.clock.advance(print_codes.KEPT)
    assert "Không có đơn nào" in chats.says(f"/in {code}", clerk).text
    assert print_codes.delete_old(chats.db, chats.now) == 1 + 5  # the last one still counts


@pytest.mark.parametrize("words", ["", "khiếu nại", "tố cáo", "hòa giải"])
def test_L33_empty_forms_are_printed_by_name(chats: Chats, words: str) -> None:
    """Typed, or chosen from the list."""
    clerk = chats.official("clerk")
    said = chats.says(f"/in {words}", clerk)
    if not words:
        assert labels(said) == ["Mẫu đơn khiếu nại", "Mẫu đơn tố cáo", "Mẫu đơn đề nghị hòa giải"]
        chats.taps(said.buttons[1]["token"], clerk)
    ((name, chat, data),) = ordered(chats)
    assert chat == clerk.chat
    assert name == {"khiếu nại": "complaint", "hòa giải": "mediation"}.get(words, "denunciation")
    assert not data.get("content")


def test_L33_codes_have_no_signs_that_look_alike() -> None:
    """And nothing else is taken for one."""
    assert not set("01258BILOSZ") & set(SIGNS)
    assert typed("k7mx-42pd") is None  # 2
    assert typed("K7MX 43PD") == "K7MX43PD"
    assert typed("K7MX43P") is None
    assert len(SIGNS) ** LENGTH > 10**11


def test_L33_what_she_has_filled_in_is_exported_and_forgotten(chats: Chats) -> None:
    """A code is hers as long as she wants."""
    printed(chats)
    row = chats.db.execute(select(print_code)).one()
    assert print_codes.export(chats.db, 1, row.citizen_id)[0]["form"] == "complaint"
    print_codes.erase(chats.db, 1, row.citizen_id)
    assert chats.db.execute(select(print_code)).all() == []


# --- quarrels ---------------------------------------------------------------------------------------------------------


def quarrel(chats: Chats, way: str) -> Said:
    return chats.taps(f"#quarrel-way:{way}")


def test_L32_a_quarrel_has_its_own_ways(chats: Chats) -> None:
    """The thôn's group, the commune for land with form and place, the court; nobody judges, nothing is filed."""
    village = quarrel(chats, "village")
    assert "Tổ hòa giải ở thôn nghe cả hai bên" in village.text
    land = chats.taps(token(village, "Xã hòa giải về đất đai"))
    for words in ("1.012812", "Điều 235", "tháng 11/2026", "không phân xử"):
        assert words in land.text
    chats.taps(token(land, "Mẫu đơn hòa giải"))
    assert [name for name, _chat, _data in ordered(chats)] == ["mediation"]
    assert "việc của tòa án" in chats.taps(token(land, "Tòa án")).text
    assert chats.db.execute(select(cases.case_file)).all() == []
    assert chats.db.execute(select(requests.request)).all() == []


def test_L32_only_the_receiver_reads_what_she_writes(chats: Chats) -> None:
    """The shared chat learns that there is something, and no word of it."""
    chats.says("xin chào")
    quarrel(chats, "tell")
    look = chats.says("Nhà ông Bảy xây lấn sang vườn nhà tôi nửa mét")
    assert "Nhà ông Bảy" in look.text
    said = chats.says("vâng")
    assert "Chỉ người tiếp công dân đọc được" in said.text or "chưa ai đọc được" in said.text
    assert not [body for body in said.everything if "ông Bảy" in body["text"]]
    ((found),) = chats.db.execute(select(requests.request)).all()
    assert (found.topic, found.sealed_for_receiver) == ("quarrel", True)
    assert "tranh chấp" not in "".join(body["text"] for body in said.everything).casefold()


@pytest.mark.parametrize("words", ["Nhà tôi có bạo lực gia đình", "nha toi bi bao luc gia dinh"])
def test_L30_violence_at_home_is_no_quarrel(chats: Chats, words: str) -> None:
    """Whether it is told at once or asked about first, it is not sent as a quarrel."""
    chats.says("xin chào")
    quarrel(chats, "tell")
    said = chats.says(words)
    assert "người tiếp công dân phải không" not in said.text
    assert "113" in said.text or "phạm pháp" in said.text
    assert chats.db.execute(select(requests.request.c.topic)).scalars().all() == []


@pytest.mark.parametrize(
    "words", ["Hàng xóm lấn đất nhà tôi", "Bà Sáu vay tiền của tôi hai năm không trả", "Hai anh em tôi tranh chấp đất"]
)
def test_L32_her_words_lead_to_it(chats: Chats, words: str) -> None:
    """No report is offered in its stead, and calling it one by a button makes no case of it at once."""
    assert "Ông/bà muốn nhờ ai giúp ạ?" in chats.says(words).text
    other = Who("", "another")
    chats.says("/phananh", other)
    asked = chats.says(words, other)
    assert "Trợ lý gửi đi nhé" not in asked.text
    assert "nhờ ai giúp" in asked.text or "xích mích" in " ".join(labels(asked))


def test_B04_a_complaint_that_sounds_like_a_procedure_is_asked_about(chats: Chats) -> None:
    """Not answered with "there is no such thing here", and not filed."""
    said = chats.says("Tại sao bị thu hồi giấy phép kinh doanh của tôi, tôi không nhất trí")
    assert "ông/bà muốn khiếu nại phải không" in said.text
    assert "hạn 90 ngày" in chats.taps(said.buttons[0]["token"]).text


# --- on every channel -------------------------------------------------------------------------------------------------


async def test_L33_a_letter_comes_as_a_picture_and_as_a_pdf(town: Town, citizen: Somebody, official: Person) -> None:
    """From the explanation to the paper at the counter; abroad no name is asked."""
    await citizen.says("Tôi muốn khiếu nại")
    await citizen.taps("Làm đơn để in")
    for said in (DECISION, "1", "05/11/2026", STORY, ASKED):
        await citizen.says(said)
    await citizen.says("Bản sao quyết định")
    if "Họ và tên của ông/bà" in citizen.news[-1]["text"]:
        for said in ("Nguyễn Thị Hường", "Thôn Suối Trên", "0912 345 678"):
            await citizen.says(said)
    else:
        citizen.sees("ông/bà ghi tay sau")
    await citizen.taps("Vâng, làm đơn")
    citizen.sees("chưa phải là đã nộp")
    code = re.search(rf"[{SIGNS}]{{4}}-[{SIGNS}]{{4}}", "\n".join(each["text"] for each in citizen.news))
    assert code
    await arrived(citizen)
    citizen.sees("ký tên hoặc điểm chỉ")
    (pdf,) = await citizen.documents()
    assert "45/qđ-ubnd" in text_of(pdf)
    await official.says(f"/in {code[0]}")
    await arrived(official)
    assert [text_of(raw) for raw in await official.documents()] == [text_of(pdf)]


async def test_L32_a_quarrel_is_told_to_the_receiver_alone(town: Town, citizen: Somebody, official: Person) -> None:
    """From her words to the receiver; the shared chat sees number and thôn, and none of them."""
    await citizen.says("Hàng xóm xây lấn sang vườn nhà tôi")
    citizen.sees("Ở đây không phân xử ai đúng, ai sai")
    await citizen.taps("Nhắn riêng người tiếp công dân")
    citizen.sees("Hàng xóm xây lấn sang vườn nhà tôi")
    await citizen.taps("Vâng, gửi đi")
    citizen.sees("Chỉ người tiếp công dân đọc được")
    await official.looks()
    shown = "\n".join(each["text"] for each in official.news)
    assert "cần người tiếp nhận" in shown
    assert "lấn" not in shown
    kept = await town.read(lambda db: db.execute(select(requests.request)).all())
    assert [(each.topic, each.sealed_for_receiver) for each in kept] == [("quarrel", True)]
