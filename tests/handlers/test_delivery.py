"""Approved letters go out (E01-E07): by the ladder as picture and PDF, or by hand; and the list of what went out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from bot import approvals as mechanism
from bot import reach
from bot.channels.web_door import NAME as WEB
from bot.turn import Work
from handlers.letters.delivery import deliver, not_reached
from storage import approvals, citizens, dossiers, links, stops
from storage.dossiers import Dossier
from storage.notices import delivery
from storage.outbox import outbox
from storage.sealing import unseal_json
from tests.bot.drawn import draw, token, told
from tests.bot.test_reach import MESSENGER
from tests.bot.turns import Bench, Chats
from tests.handlers.test_dossier import READY, bring, day
from tests.handlers.test_slip import fetch
from tests.letters import arrived
from tests.storage.test_dossiers import Row
from tests.town import Somebody, Town, official, villager

MARRIAGE = {
    "first": "Vũ Văn Nam", "first_title": "anh", "second": "Lý Thị Kim Oanh", "second_title": "chị",
}  # fmt: skip
THANKS = {"title_of_person": "ông", "recipient": "Hoàng Văn Páo", "deed": "đã hiến đất làm đường thôn"}

MISTAKE = {
    "title_of_person": "bà", "recipient": "Nguyễn Thị Bích", "mistake": "ghi nhầm ngày sinh", "remedy": "cấp lại ngay",
}  # fmt: skip


# --- through the real service -----------------------------------------------------------------------------------------


async def on_her_chat(town: Town, citizen: Somebody) -> Dossier:
    """Her dossier, which stands on her chat."""
    await bring(town, [Row(2, READY, received_at=day(2), due_at=day(27))])
    await citizen.says("xin chào")
    at = await citizen.address()

    def link(db: Connection) -> Dossier:
        found = dossiers.by_code(db, 1, Row(2, READY).code_key)
        her = citizens.find(db, 1, at.channel, at.account, at.sender)
        assert found is not None
        assert her is not None
        links.put(db, 1, her.id, found.id, town.clock.now(), proven=True)
        return found

    return await town.write(link)  # type: ignore[no-any-return]


async def asks(town: Town, kind: str, data: dict[str, Any], **more: Any) -> int:
    def ask(db: Connection) -> int:
        work = Work(db, town.app.place, town.clock.now())
        made = mechanism.ask(work, kind, data, key="one", **more)
        forwards = approvals.get(db, 1, made)
        assert forwards is not None
        if forwards.state == "proposed":
            clerk = next(each for each in mechanism._named(work, forwards))
            assert mechanism.forward(work, forwards, clerk)
        return made

    number: int = await town.write(ask)
    town.app.place.letters.ordered()
    return number


async def test_E01_approved_by_the_chairman_the_letter_reaches_her_as_picture_and_pdf(steady_town: Town) -> None:
    """He sees the picture and taps; she has both on her messenger. A page alone reaches nobody: then by hand."""
    town = steady_town
    citizen = await villager(town)
    found = await on_her_chat(town, citizen)
    chairman, clerk = await official(town, "Khải"), await official(town)
    number = await asks(town, "marriage", MARRIAGE, about=found.code, dossier_id=found.id)
    await arrived(chairman)
    chairman.sees("anh Vũ Văn Nam và chị Lý Thị Kim Oanh", "dòng ký của ông/bà")
    (seen,) = await chairman.pictures()
    assert seen.startswith(b"\x89PNG")
    await chairman.taps("Duyệt và gửi")
    chairman.sees("đã được duyệt")
    await arrived(clerk)
    approved = await town.read(approvals.get, 1, number)
    if town.on == WEB:
        assert approved.state == "approved"
        clerk.sees("trao tận tay")
        assert [raw[:5] for raw in await clerk.documents()] == [b"%PDF-"]
        return
    assert (approved.state, approved.way) == ("sent", "notice")
    await town.later(minutes=2)
    await citizen.looks()
    citizen.sees("Nhân dịp ngày vui nên duyên")
    assert len(await citizen.pictures()) == 1
    assert [raw[:5] for raw in await citizen.documents()] == [b"%PDF-"]


# --- dialogues --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """With a messenger abroad, where names are masked, beside the page."""
    made = Bench()
    channels = made.place.capabilities | {"telegram": replace(MESSENGER, masks=True)}
    made.place = replace(made.place, capabilities=channels, accounts={"telegram": "bot"})
    yield made
    made.close()


def work(chats: Chats) -> Work:
    return Work(chats.db, chats.bench.place, chats.now)


def her(chats: Chats) -> int:
    """A villager on the messenger."""
    return citizens.meet(chats.db, 1, "telegram", "bot", "she", chats.now).id


def approved(chats: Chats, citizen: int | None) -> approvals.Approval:
    """A letter of thanks that the Chairman has approved, and its drawings."""
    chairman = chats.official("chairman")
    number = mechanism.ask(work(chats), "thanks", THANKS, key="one", citizen_id=citizen)
    draw(chats)
    chats.taps(token(told(chats, chairman), "Duyệt"), chairman)
    chats.bench_said = draw(chats)  # type: ignore[attr-defined]
    found = approvals.get(chats.db, 1, number)
    assert found is not None
    return found


def sent_to(chats: Chats, chat: str) -> list[dict[str, Any]]:
    reach.carry_out(work(chats))
    rows = chats.db.execute(select(outbox.c.body).where(outbox.c.chat == chat, outbox.c.channel == "telegram"))
    return [unseal_json(chats.db, row.body) for row in rows]


def test_E04_thanks_reach_somebody_known_without_a_dossier(chats: Chats) -> None:
    """By the ladder, as for everything else; and what is sent is noted with its notice."""
    found = approved(chats, her(chats))
    assert (found.state, found.way) == ("sent", "notice")
    states = chats.db.execute(select(delivery.c.notice_id)).scalars().all()
    assert states == [found.notice_id]


def test_E04_on_a_channel_abroad_the_letter_bears_no_name(chats: Chats) -> None:
    """Another drawing goes there, with initials; the whole one stays here for paper."""
    found = approved(chats, her(chats))
    [masked] = [each for each in chats.bench_said if each["recipient"] != "Hoàng Văn Páo"]  # type: ignore[attr-defined]
    assert "Páo" not in str(masked["body"])
    assert masked["signer"] == "Triệu Minh Khải"
    bodies = sent_to(chats, "she")
    shown = [each[kind] for each in bodies for kind in ("photo", "document") if kind in each]
    assert len(shown) == 2
    assert not {found.png, found.pdf} & set(shown)


def test_L05_a_letter_goes_only_where_the_second_factor_was_right(chats: Chats) -> None:
    """Whoever knows no more than the code reads nobody's name; the letter is handed over."""
    row = chats.db.execute(dossiers.dossier.select().limit(1)).one()
    links.put(chats.db, 1, her(chats), row.id, chats.now)
    chairman = chats.official("chairman")
    number = mechanism.ask(work(chats), "apology-mistake", MISTAKE, key="one", dossier_id=row.id)
    draw(chats)
    chats.taps(token(told(chats, chairman), "Duyệt"), chairman)
    draw(chats)
    found = approvals.get(chats.db, 1, number)
    assert found is not None
    assert found.state == "approved"
    assert sent_to(chats, "she") == []


def test_L21_a_letter_whose_message_reached_nobody_is_handed_over(chats: Chats) -> None:
    """She has blocked us since: within the hour the clerk has the paper to print, once."""
    clerk = chats.official("clerk")
    found = approved(chats, her(chats))
    not_reached(work(chats))
    assert told(chats, clerk) == []
    chats.db.execute(update(delivery).where(delivery.c.notice_id == found.notice_id).values(state="unreachable"))
    chats.clock.advance(timedelta(hours=1))
    assert "mời trao tận tay" in chats.says("/thu", clerk).text
    not_reached(work(chats))
    not_reached(work(chats))
    assert len([each for each in told(chats, clerk) if "trao tận tay" in each["text"]]) == 1
    again = approvals.get(chats.db, 1, found.id)
    assert again is not None
    assert (again.state, again.way) == ("approved", "")


def test_L17_whoever_stopped_greetings_gets_no_letter_of_thanks_by_chat(chats: Chats) -> None:
    """It is printed and handed over."""
    citizen = her(chats)
    stops.put(chats.db, 1, citizen, ("greetings",), chats.now)
    assert approved(chats, citizen).state == "approved"
    assert sent_to(chats, "she") == []


def test_E04_a_letter_to_somebody_unknown_is_handed_over(chats: Chats) -> None:
    """The clerk gets the PDF; once handed over it counts as sent, and stands in the list."""
    clerk = chats.official("clerk")
    found = approved(chats, None)
    card = told(chats, clerk)
    assert card[-1]["documents"] == [found.pdf]
    assert found.state == "approved"
    assert "chưa trao" in chats.says("/thu", clerk).text
    chats.taps(token(card, "Đã trao"), clerk)
    chats.taps(token(card, "Đã trao"), clerk)
    again = approvals.get(chats.db, 1, found.id)
    assert again is not None
    assert (again.state, again.way) == ("sent", "hand")
    listed = chats.says("danh sách thư", clerk).text
    assert "thư cảm ơn" in listed
    assert "thư thông tin, không số" in listed
    assert "trao tận tay" in listed


def test_L23_the_leaflet_is_given_apart_where_the_commune_wants_it(chats: Chats) -> None:
    """A setting; the clerk is reminded, the family's letter says nothing of it."""
    terms = chats.bench.place.commune.letters.model_copy(update={"leaflet": True})
    commune = chats.bench.place.commune.model_copy(update={"letters": terms})
    there = replace(chats.bench.place, commune=commune)
    data = {"deceased": "Nguyễn Văn Bảy", "deceased_title": "cụ", "recipient": "Nguyễn Văn Hùng"}
    number = mechanism.ask(work(chats), "condolence", data, key="one")
    found = approvals.get(chats.db, 1, number)
    assert found is not None
    approvals.move(chats.db, found, 1, "approved", signer="Triệu Minh Khải", post="Chủ tịch", pdf="x")
    deliver(Work(chats.db, there, chats.now), number)
    said = [each["text"] for each in told(chats, chats.official("clerk"))]
    assert any("Tờ gấp" in each for each in said)
    assert any("trao tận tay" in each for each in said)


def test_E07_the_list_is_by_month(chats: Chats) -> None:
    """Another month is a tap or a word away; nonsense is this month."""
    clerk = chats.official("clerk")
    approved(chats, None)
    assert "11/2026" in chats.says("/thu", clerk).text
    assert "10/2026" in chats.taps(token(chats.says("/thu", clerk).bodies, "Tháng trước"), clerk).text
    assert "01/2026" in chats.says("/thu 1/2026", clerk).text
    assert "11/2026" in chats.says("/thu 13/99999", clerk).text


def test_E04_an_official_writes_a_letter_with_a_sentence_of_his_own(chats: Chats) -> None:
    """From /vietthu to the Chairman's look: the commune's words, his sentence before the last paragraph."""
    clerk, chairman = chats.official("clerk"), chats.official("chairman")
    said = chats.says("/vietthu", clerk)
    said = chats.taps(token(said.bodies, "1. thư cảm ơn"), clerk)
    chats.says("Hoàng Văn Páo", clerk)
    said = chats.says("ông", clerk)
    chats.says("đã hiến 120 mét vuông đất làm đường", clerk)
    chats.says("bỏ qua", clerk)
    said = chats.says("Bà con thôn Suối Trên luôn nhớ việc này.", clerk)
    chats.taps(token(said.bodies, "1."), clerk)
    [letter] = draw(chats)
    assert letter["body"][-2] == "Bà con thôn Suối Trên luôn nhớ việc này."
    assert "ông Hoàng Văn Páo" in letter["body"][0]
    assert token(told(chats, chairman), "Duyệt")


def test_E05_a_letter_about_a_dossier_goes_to_whoever_handed_it_in(chats: Chats) -> None:
    """The code stands for its applicant; the letter is tied to the dossier."""
    clerk = chats.official("clerk")
    row = chats.db.execute(dossiers.dossier.select().limit(1)).one()
    chats.says("/vietthu", clerk)
    chats.says("3", clerk)
    chats.says(row.code, clerk)
    chats.says("bà", clerk)
    chats.says("ghi nhầm ngày sinh", clerk)
    chats.says("cấp lại giấy đúng trong ngày mai", clerk)
    chats.says("bỏ qua", clerk)
    said = chats.says("bỏ qua", clerk)
    chats.taps(token(said.bodies, "1."), clerk)
    [found] = approvals.of_dossier(chats.db, 1, row.id)
    assert found.kind == "apology-mistake"
    assert found.data["recipient"] == dossiers.details(chats.db, 1, row.id).applicant


@pytest.mark.web_only("how a page fetches what it shows")
async def test_L22_a_page_fetches_a_letter_that_was_shown_to_it(steady_town: Town) -> None:
    """After the second factor she sees the letter about her dossier in her box; nobody else's page gets it."""
    town = steady_town
    citizen, other = await villager(town), await villager(town)
    found = await on_her_chat(town, citizen)
    chairman = await official(town, "Khải")
    number = await asks(town, "apology-mistake", MISTAKE, about=found.code, dossier_id=found.id)
    await arrived(chairman)
    await chairman.taps("Duyệt và gửi")
    await arrived(chairman)
    letter = await town.read(approvals.get, 1, number)
    await town.write(handed_over, town, number)
    await citizen.says(READY)
    await citizen.taps("Xem chi tiết")
    await citizen.says("5678")
    await citizen.looks()
    shown = [name for each in citizen.heard for name in each.get("pictures", ())]
    assert letter.png in shown
    assert (await fetch(citizen, letter.png))[0] == 200
    assert (await fetch(other, letter.png))[0] == 404


def handed_over(db: Connection, town: Town, number: int) -> None:
    mechanism.sent(Work(db, town.app.place, town.clock.now()), number, "hand")
