"""Cases in the officials' group on Telegram: the card, replies, topics (G05, G06, L03)."""

from typing import Any

from bot import casework
from bot.casework import Draft
from bot.turn import Address, Work
from storage import officials
from tests import town as towns
from tests.handlers.test_group import Office, fold_less, office, remove_tam
from tests.telegram_world import Message

__all__ = ["office"]
ANSWER = "Chiều nay xã cho người đến khơi cống ạ."


async def filed(office: Office, text: str = "Cống ngõ 3 tắc", **draft: Any) -> Message:
    """Her case; its card in the group."""
    office.citizen = await towns.villager(office.town)
    await office.citizen.says("Xin chào")
    await file(office, text, await office.citizen.address(), **draft)
    return await office.hears(office.group, "PA-0001")


async def file(office: Office, text: str, at: Address | None = None, **draft: Any) -> None:
    """A case, and time for its card to be posted."""

    def files_it(db: Any) -> None:
        work = Work(db, office.town.service.app.place, office.town.clock.now())
        casework.file(work, Draft(text, **{"field": "flood", "village": "Thôn Trung", **draft}), at)

    await office.town.write(files_it)
    await office.later()


async def test_G06_a_reply_to_the_card_is_shown_before_it_goes(office: Office) -> None:
    """Reply, look, send: she reads it signed; the card shows it in the same message."""
    card = await filed(office)
    assert "Cống ngõ 3 tắc" in card.text
    shown = await office.says(office.tam, ANSWER, to=card)
    assert ANSWER in shown.text
    (await office.citizen.looks()).sees_not(ANSWER)
    left = await office.presses(office.tam, shown, "Gửi")
    assert "60 giây" in left.text
    await office.town.later(seconds=61)
    (await office.citizen.looks()).sees(ANSWER, "PA-0001")
    await office.shows(card, ANSWER)
    assert card.edits


async def test_G05_two_officials_on_one_card(office: Office) -> None:
    """The second who answers is told who has it; a note mark keeps words inside, whoever writes them."""
    card = await filed(office)
    shown = await office.says(office.tam, ANSWER, to=card)
    other = await office.says(office.lan, "Mai có người đến ạ.", to=card)
    assert "đã nhận PA-0001 trước" in other.text
    note = await office.says(office.lan, "# máy bơm đang hỏng", to=card)
    assert "gửi" in fold_less(note)
    await office.shows(card, "máy bơm đang hỏng")
    await office.town.write(remove_tam)
    assert "được mời" in (await office.presses(office.tam, shown, "Gửi")).text
    await office.town.later(seconds=120)
    office.citizen.sees_not(ANSWER, "máy bơm")


async def test_L03_names_and_private_cases_stay_out_of_the_group(office: Office) -> None:
    """A hidden name is not even opened there, by its holder neither; a case for receivers has no card at all."""
    given = {"name": "Lò Thị Hoa", "phone": "0912345678"}
    card = await filed(office, "Tôi là Lò Thị Hoa, cống tắc", hides_name=True, reporter=given)
    await office.presses(office.tam, card, "Nhận")
    opened = await office.presses(office.tam, card, "Mở")
    assert "PA-0001" in opened.text

    def private(db: Any) -> None:
        table = officials.official
        person = officials.of(db, 1, "telegram", "7100000001", str(office.lan.id))
        assert person is not None
        db.execute(table.update().values(rights=""))
        db.execute(table.update().where(table.c.id == person.id).values(rights="receive"))
        work = Work(db, office.town.service.app.place, office.town.clock.now())
        casework.file(work, Draft("Nhà bên lấn đất nhà tôi", field="land", lane="receiver"))
        casework.file(work, Draft("Ở quầy quát tôi", field="service", lane="leader"))

    await office.town.write(private)
    await office.later()
    everything = "\n".join([*office.group.texts, *office.tam.chat.texts, *office.lan.chat.texts])
    for words in ("Lò Thị Hoa", "0912345678", "lấn đất", "quát", "PA-0003"):
        assert words not in everything
    assert "PA-0002" not in "".join(office.group.texts)
    told = await office.hears(office.lan.chat, "Có việc riêng: PA-0002")
    assert "/office" in told.text
    assert not told.buttons


async def test_cards_of_a_field_go_to_its_topic(office: Office) -> None:
    """Chosen with /chude inside the topic; other fields stay in the group; a closed topic costs no card."""
    await office.town.write(make_clerk)
    office.group = office.group.upgrade(office.tam, forum=True)
    topic = office.group.topic("Đường, ngập", office.tam)
    await office.quiet()
    said = await office.says(office.tam, "/chude bay lượn", thread=topic)
    assert "chưa biết" in said.text
    said = await office.presses(office.tam, said, "ngập")
    assert said.thread == topic
    await office.says(office.tam, "/chude đường, cầu", thread=topic)
    said = await office.presses(office.tam, said, "đường")
    assert "đường, cầu" not in said.text.partition("\n\n")[0]
    card = await filed(office)
    assert card.thread == topic
    office.group.closed.add(topic)
    await file(office, "Nước vào sân trường")
    assert (await office.hears(office.group, "PA-0002")).thread != topic
    await file(office, "Ổ gà trước chợ", field="road")
    assert (await office.hears(office.group, "PA-0003")).thread != topic


def make_clerk(db: Any) -> None:
    person = next(each for each in officials.active(db, 1) if each.role == "clerk")
    officials.bind(db, 1, person.id, "telegram", "7100000001", "7101")
