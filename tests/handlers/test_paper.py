"""Letters signed on paper (L21, L22): printed, signed by hand, recorded by the văn thư; nothing is made up."""


import pytest

from bot import approvals as mechanism
from bot.turn import Work
from storage import approvals, files
from tests.bot.drawn import draw, token, told
from tests.bot.turns import Chats, Who
from tests.handlers.test_delivery import asks
from tests.letters import arrived
from tests.town import Town, official

THANKS = {"title_of_person": "ông", "recipient": "Hoàng Văn Páo", "deed": "đã hiến đất làm đường thôn"}
SCAN = "a" * 32


def asked(chats: Chats) -> int:
    return mechanism.ask(Work(chats.db, chats.bench.place, chats.now), "thanks", THANKS, key="one")


def of(chats: Chats, number: int) -> approvals.Approval:
    found = approvals.get(chats.db, 1, number)
    assert found is not None
    return found


def scan(chats: Chats, who: Who, media_type: str = "application/pdf", kind: str = "file") -> None:
    """The văn thư uploads a file."""
    files.add(chats.db, 1, SCAN, "web", who.account, who.chat, kind, media_type, 10, "thư.pdf", chats.now)


def begin(chats: Chats, stamp: Who, number: int) -> None:
    chats.taps(f"#approval-signed:{number},1", stamp)
    chats.says("15/TCƠ-UBND", stamp)
    chats.says("hôm nay", stamp)
    chats.says("Triệu Minh Khải", stamp)
    chats.says("Chủ tịch", stamp)


def test_L21_a_letter_is_printed_with_its_phieu_trinh(chats: Chats) -> None:
    """Both papers are drawn to be signed: the letter leaves room for number, date and signature."""
    clerk, stamp = chats.official("clerk"), chats.official("official", "Lâm")
    number = asked(chats)
    draw(chats)
    asked_stamp = chats.taps(f"#approval-paper:{number},1", clerk).everything
    assert token([each for each in asked_stamp if "in để trình ký" in each["text"]], "Đã ký")
    cover, letter = draw(chats)
    assert cover["recipient"] == "Chủ tịch Triệu Minh Khải"
    assert letter["to_sign"] is True
    assert letter["signing"] == ["CHỦ TỊCH"]
    printed = told(chats, clerk)
    assert [each["documents"] for each in printed if each.get("documents")]
    assert of(chats, number).state == "waiting"
    assert stamp


def test_L22_what_the_van_thu_has_recorded_goes_out_instead_of_our_drawing(chats: Chats) -> None:
    """Number, date, signer and scan are hers; the scan is the file of the letter, kept as evidence."""
    stamp = chats.official("official", "Lâm")
    number = asked(chats)
    draw(chats)
    begin(chats, stamp, number)
    scan(chats, stamp)
    chats.does(stamp, kind="file", text="", files=[SCAN])
    said = chats.says("Có", stamp)
    assert "15/TCƠ-UBND" in said.text
    found = of(chats, number)
    assert (found.state, found.number, found.signer, found.post) == (
        "approved", "15/TCƠ-UBND", "Triệu Minh Khải", "Chủ tịch",
    )  # fmt: skip
    assert (found.signed_pdf, found.pdf, found.png) == (SCAN, SCAN, "")
    assert found.signed_on is not None
    kept = files.names_before(chats.db, chats.now.replace(year=2100))
    assert SCAN not in kept


def test_L22_only_who_keeps_the_stamp_records(chats: Chats) -> None:
    """The clerk is told whose task it is."""
    clerk = chats.official("clerk")
    number = asked(chats)
    assert "văn thư" in chats.taps(f"#approval-signed:{number},1", clerk).text
    assert of(chats, number).state == "waiting"


def test_L22_a_paper_recorded_after_somebody_decided_changes_nothing(chats: Chats) -> None:
    """The Chairman has tapped in the meantime: she is told, and what went out stays."""
    stamp, chairman = chats.official("official", "Lâm"), chats.official("chairman")
    number = asked(chats)
    draw(chats)
    begin(chats, stamp, number)
    chats.taps(f"#approval-yes:{number},1", chairman)
    scan(chats, stamp)
    chats.does(stamp, kind="file", text="", files=[SCAN])
    said = chats.says("Có", stamp)
    assert "Triệu Minh Khải" in said.text
    assert of(chats, number).number == ""
    assert of(chats, number).signed_pdf == ""


def test_L22_somebody_elses_file_is_no_scan(chats: Chats) -> None:
    """Only what she has sent in this chat, and only a PDF or a picture, is taken."""
    stamp = chats.official("official", "Lâm")
    number = asked(chats)
    draw(chats)
    begin(chats, stamp, number)
    scan(chats, stamp, media_type="text/html")
    chats.does(stamp, kind="file", text="", files=[SCAN])
    said = chats.says("Có", stamp)
    assert "Chưa đọc được" in said.text
    assert of(chats, number).state == "waiting"


@pytest.mark.web_only("at /office, whoever the letter is for")
async def test_L22_a_scan_is_uploaded_at_the_office(steady_town: Town) -> None:
    """Through the real service: the papers are printed, the signed PDF is sent to the chat, and it goes out."""
    town = steady_town
    stamp, clerk = await official(town, "Lâm"), await official(town)
    number = await asks(town, "thanks", THANKS)
    await stamp.does(kind="tap", text="", token=f"#approval-paper:{number},1")
    stamp.sees("phiếu trình và thư")
    await arrived(stamp)
    papers = await stamp.documents()
    assert [raw[:5] for raw in papers] == [b"%PDF-", b"%PDF-"]
    await stamp.taps("Đã ký")
    for words in ("15/TCƠ-UBND", "hôm nay", "Triệu Minh Khải", "Chủ tịch"):
        await stamp.says(words)
    await stamp.sends("file", papers[0], "application/pdf")
    stamp.sees("Số 15/TCƠ-UBND")
    await stamp.says("Có")
    stamp.sees("Đã ghi số 15/TCƠ-UBND")
    found = await town.read(approvals.get, 1, number)
    assert (found.state, found.number) == ("approved", "15/TCƠ-UBND")
    await clerk.looks()
    assert papers[0] in await clerk.documents()
