"""A chat is a phone, not a person (L18): to be forgotten takes a second factor and a day, and then nothing is left."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, or_, select, update

from bot.turn import Work
from storage import citizens, erasures, files, links, migrate, officials, outbox
from storage.sealing import unseal_json
from tests import town as towns
from tests.bot.channels.test_pictures import photo
from tests.handlers.test_dossier import LATE, READY, bring, dossier_key
from tests.storage.test_tables import CITIZEN_KEYS
from tests.town import Somebody, Town

FAREWELL = "Dạ, thông tin của ông/bà ở đây đã được xóa."


@pytest.fixture
def town(steady_town: Town) -> Town:
    """Dialogues here run straight through; those that could lose something in a restart say so."""
    return steady_town


async def knows_a_dossier(town: Town) -> Somebody:
    """A villager whose dossier has been known here since yesterday."""
    await bring(town)
    citizen = await towns.villager(town)
    await citizen.says(READY)
    await citizen.taps("Xem chi tiết")
    await citizen.says("5678")
    town.clock.advance(timedelta(days=1, minutes=1))
    return citizen


async def asks_to_be_forgotten(citizen: Somebody) -> None:
    await citizen.says("xóa thông tin của tôi")
    await citizen.taps("Có, xóa hết")
    await citizen.taps(READY)
    await citizen.says("5678")


async def chat_of(town: Town, person: Somebody) -> Any:
    """The row of the address from which somebody writes."""
    at, table = await person.address(), citizens.address
    wanted = select(table).where(table.c.channel == at.channel, table.c.sender == at.sender)
    return await town.read(lambda db: db.execute(wanted).one())


async def another_address(town: Town, citizen_id: int) -> Somebody:
    """The same citizen at another page."""
    other = await towns.villager(town)
    await other.says("xin chào")
    at = await chat_of(town, other)
    table = citizens.address
    await town.write(lambda db: db.execute(update(table).where(table.c.id == at.id).values(citizen_id=citizen_id)))
    return other


def left_of(db: Connection, citizen_id: int, chats: set[str]) -> list[str]:
    """What any table still holds of her: rows by a citizen's key, besides addresses without words."""
    found = []
    for table in migrate.tables().sorted_tables:
        keys = CITIZEN_KEYS & set(table.c.keys())
        if not keys or table.name == "lane":
            continue
        hers = [table.c[key] == citizen_id if key == "citizen_id" else table.c[key].in_(chats) for key in keys]
        if "chat_key" in keys:
            hers = [or_(*(table.c.chat_key.contains(chat) for chat in chats))]
        for row in db.execute(select(table).where(or_(*hers))).mappings():
            if table.name == "inbox" and row["raw"] is None:
                continue
            if table.name == "outbox" and (row["body"] is None or FAREWELL in unseal_json(db, row["body"])["text"]):
                continue
            found.append(table.name)
    return found


async def test_L18_erasing_takes_a_second_factor_and_a_day_and_one_tap_keeps_everything(town: Town) -> None:
    """Every address is told that somebody asked and can keep all; /canhan shows it; nothing happens before."""
    citizen = await knows_a_dossier(town)
    hers = (await chat_of(town, citizen)).citizen_id
    other = await another_address(town, hers)
    await citizen.says("xóa thông tin của tôi")
    citizen.sees("Sẽ xóa: lời ông/bà viết", "Giữ lại theo luật: hồ sơ", "Sau 24 giờ mới xóa")
    await citizen.taps("Có, xóa hết")
    citizen.sees("ông/bà nhớ số điện thoại của hồ sơ nào")
    await citizen.taps(READY)
    await citizen.says("0000")
    citizen.sees("Bốn số này chưa khớp.")
    await citizen.says("5678")
    told = ("Vừa có người đề nghị xóa hết thông tin", "Nếu không phải ông/bà, xin chạm “Giữ lại”.", "sẽ làm lúc 9 giờ")
    citizen.sees("đã ghi lại đề nghị", *told)
    await other.looks()
    other.sees(*told)
    await citizen.says("/canhan")
    citizen.sees(told[0])
    assert citizen.buttons()[0] == "Giữ lại"
    await citizen.says("xóa thông tin của tôi")
    citizen.sees(told[0])
    stranger = await towns.villager(town)
    await stranger.does(kind="tap", text="Giữ lại", token=other.button("Giữ lại")["token"])
    stranger.sees("Không còn gì phải giữ lại ở đây")
    await other.says("Giữ lại")
    other.sees("đã giữ lại tất cả, không xóa gì")
    await citizen.looks()
    citizen.sees("ông/bà đã chạm “Giữ lại” ở một nơi khác")
    await citizen.taps("Giữ lại")
    citizen.sees("đã giữ lại từ trước")
    await town.later(days=2)
    assert await town.read(citizens.addresses, 1, hers)


async def test_L18_after_a_day_nothing_of_her_is_left_anywhere(town: Town) -> None:
    """Words, pictures, requests, cards, watches, talks, messages: all tables and the disk; she is told, and others
    keep theirs.
    """
    citizen = await knows_a_dossier(town)
    at = await chat_of(town, citizen)
    bystander, official = await towns.villager(town), await towns.official(town)
    for person in (citizen, bystander):
        await person.says(LATE)
        await person.taps("Báo tôi khi xong")
        await person.says("0912 345 999")
        await person.says("0")
        await person.says("Cho tôi hỏi việc đất của nhà tôi")
        await person.says("Thôn Khe Mận")
        await person.sends("photo", photo(), "image/jpeg", "Ảnh sổ đỏ")
        await person.taps("Kết thúc")
    theirs = await chat_of(town, bystander)
    await official.looks()
    official.sees("việc đất của nhà tôi")
    await asks_to_be_forgotten(citizen)
    before = await town.read(left_of, theirs.citizen_id, {theirs.sender})
    assert len(set(await town.read(left_of, at.citizen_id, {at.sender}))) > 8
    await town.later(hours=23, minutes=59)
    assert (await town.read(citizens.addresses, 1, at.citizen_id)) != []
    await town.later(minutes=1)
    await citizen.looks()
    citizen.sees(FAREWELL, "Hồ sơ nộp ở một cửa vẫn giữ theo luật.")
    await official.looks()
    official.sees("Lời nhắn số 1 đã xóa theo đề nghị của người dân.")
    await town.service.fetcher.sweep()
    kept = await town.read(lambda db: db.execute(select(files.file.c.name)).scalars().all())
    assert sorted(kept) == sorted(each.name for each in (town.settings.data_dir / "files").iterdir())
    assert len(kept) == 1
    await town.later(days=1, hours=2)
    assert await town.read(left_of, at.citizen_id, {at.sender}) == []
    after = await town.read(left_of, theirs.citizen_id, {theirs.sender})
    assert set(after) >= set(before)
    texts = await town.read(office_words)
    assert sum("việc đất của nhà tôi" in text for text in texts) > 0
    assert not any("Lời nhắn số 1" in text and "việc đất" in text for text in texts)
    done = await town.read(lambda db: db.execute(select(erasures.erasure)).one())
    assert (done.state, done.citizen_id, done.about) == ("done", None, "")


def office_words(db: Connection) -> list[str]:
    table = outbox.outbox
    rows = db.scalars(select(table.c.body).where(table.c.account == "office", table.c.body.is_not(None)))
    return [unseal_json(db, body)["text"] for body in rows]


async def test_L18_what_an_official_is_answering_stays_until_it_is_answered(town: Town) -> None:
    """She is told before and after; when the request ends the rest goes, too."""
    citizen = await knows_a_dossier(town)
    at = await chat_of(town, citizen)
    official = await towns.official(town)
    await citizen.says("0")
    await citizen.says("Giấy tờ của tôi đâu ạ?")
    await citizen.says("bỏ qua")
    await citizen.sends("photo", photo(), "image/jpeg")
    await citizen.does(kind="tap", text="Xóa", token="#erase:")
    citizen.sees("Lời nhắn số 1 còn giữ đến khi cán bộ trả lời xong.")
    await citizen.taps("Có, xóa hết")
    await citizen.taps(READY)
    await citizen.says("5678")
    await town.later(hours=23, minutes=59, seconds=30)
    await citizen.says("Tôi chờ ạ")  # to the official: it keeps the request open
    await official.looks()
    await official.taps("Trả lời")
    await official.says("Dạ, giấy tờ ở quầy 3 ạ.")
    await official.taps("Gửi")
    await town.later(seconds=30)
    await citizen.looks()
    citizen.sees(FAREWELL, "Riêng lời nhắn số 1 còn giữ")
    await town.service.fetcher.sweep()
    assert len(list((town.settings.data_dir / "files").iterdir())) == 1
    await town.later(seconds=31)
    await citizen.looks()
    citizen.sees("Dạ, giấy tờ ở quầy 3 ạ.")
    await citizen.taps("Kết thúc")
    await town.later(minutes=1)
    await citizen.looks()
    citizen.sees(FAREWELL)
    await town.service.fetcher.sweep()
    assert list((town.settings.data_dir / "files").iterdir()) == []
    await town.later(days=1, hours=2)
    assert await town.read(left_of, at.citizen_id, {at.sender}) == []


@pytest.mark.web_only("what officials decide, whatever villagers use")
async def test_L18_without_a_dossier_an_official_makes_sure(town: Town) -> None:
    """Terms of the law, a card with two buttons, a reminder when the first term passes; one who is not she keeps all;
    the second official is told that it was decided; she may keep it herself.
    """
    await bring(town)
    citizen, official = await towns.villager(town), await towns.official(town)
    await citizen.says(READY)  # known since just now: it may be anybody's, and proves nothing
    await citizen.says("xóa thông tin của tôi")
    await citizen.taps("Có, xóa hết")
    citizen.sees("lời nhắn số 1", "Cán bộ sẽ hỏi lại", "trước hết thứ Hai, 30/11/2026", "xong trước thứ Tư, 16/12/2026")
    at = await chat_of(town, citizen)
    await official.looks()
    official.sees("Lời nhắn số 1 đề nghị xóa hết thông tin cá nhân. Có đúng là người đó không?")
    await town.later(days=4, hours=15)
    await official.looks()
    official.sees("Lời nhắn số 1 đã quá hạn trả lời theo luật.")
    await official.taps("Không đúng người")
    official.sees("Không xóa gì cả.", "không đúng người, không xóa gì")
    second = await towns.official(town, "Thắm")
    await second.does(kind="tap", text="Đúng người", token="#erase-right:1")
    second.sees("đã được quyết rồi")
    await citizen.looks()
    citizen.sees("cán bộ chưa xác nhận được đúng là ông/bà")
    await citizen.does(kind="tap", text="Giữ", token="#keep:1")
    citizen.sees("Không còn gì phải giữ lại")
    await citizen.does(kind="tap", text="Xóa", token="#erase:")
    await citizen.taps("Có, xóa hết")
    await citizen.taps("Không nhớ, nhờ cán bộ")
    await citizen.taps("Giữ lại")
    await official.looks()
    official.sees("Người dân đã chọn giữ lại")
    await citizen.does(kind="tap", text="Xóa", token="#erase:")
    await citizen.taps("Có, xóa hết")
    await citizen.taps("Không nhớ, nhờ cán bộ")
    await official.does(kind="tap", text="Đúng người", token="#erase-right:3")
    official.sees("Sẽ làm lúc", "đã xác nhận đúng người")
    await citizen.looks()
    citizen.sees("Vừa có người đề nghị xóa hết thông tin")
    await town.later(hours=24, minutes=1)
    await citizen.looks()
    citizen.sees(FAREWELL)
    await town.later(days=1, hours=2)
    assert await town.read(left_of, at.citizen_id, {at.sender}) == []
    for token in ("#erase-right:99", "#erase-wrong:x"):
        await official.does(kind="tap", text="Đúng người", token=token)
        official.sees("không còn phải quyết")


async def test_L18_dossiers_are_linked_to_people_and_one_can_be_taken_off(town: Town) -> None:
    """She gives each a name; one is taken off with its own digits and a day, and nothing more is told about it."""
    citizen = await knows_a_dossier(town)
    at = await chat_of(town, citizen)
    await citizen.says(LATE)
    await citizen.taps("Báo tôi khi xong")
    await citizen.says("0912 345 999")
    await citizen.does(kind="tap", text="Ghi", token=f"#whose:{dossier_key(READY)}")
    citizen.sees("Hồ sơ này của ai ạ?")
    await citizen.says("bà Lan")
    lan = citizen.shown("bà Lan", "words")
    citizen.sees(f"đã ghi hồ sơ {READY} là của {lan}")
    await citizen.says(READY)
    citizen.sees(f"Đây là hồ sơ của {lan}.")
    await citizen.does(kind="tap", text="Hồ sơ", token="#people:")
    citizen.sees(f"Hồ sơ của {lan}: {READY}", f"Chưa ghi của ai: {LATE}")
    await citizen.taps(LATE)
    citizen.sees("Chưa ghi là của ai.")
    await citizen.taps("Ghi hồ sơ của ai")
    await citizen.says("bỏ qua")
    await citizen.does(kind="tap", text="Xem", token="#see:")
    citizen.sees(f"Ở khung này có hồ sơ {READY} của {lan}.", f"Ở khung này có hồ sơ {LATE}.")
    await citizen.does(kind="tap", text="Bỏ", token=f"#unlink:{dossier_key(LATE)}")
    citizen.sees(f"bỏ hồ sơ {LATE} khỏi khung trò chuyện này")
    await citizen.taps("Có, bỏ ra")
    await citizen.taps("Gõ bốn số cuối")
    await citizen.says("0111")
    citizen.sees(f"Vừa có người đề nghị bỏ hồ sơ {LATE} khỏi khung trò chuyện này.")
    await citizen.does(kind="tap", text="Bỏ", token=f"#unlink:{dossier_key(LATE)}")
    citizen.sees("Vừa có người đề nghị bỏ hồ sơ")
    await town.later(hours=24)
    await citizen.looks()
    citizen.sees(f"đã bỏ hồ sơ {LATE} khỏi khung này")
    assert [each.code for each in await town.read(links.of, 1, at.citizen_id)] == [READY]
    for token in (f"#whose:{dossier_key(LATE)}", f"#mine-is:{dossier_key(LATE)}"):
        await citizen.does(kind="tap", text="Ghi", token=token)
        citizen.sees("không còn ở khung trò chuyện này")
    await citizen.does(kind="tap", text="Bỏ", token=f"#unlink:{dossier_key(READY)}")
    await citizen.taps("Có, bỏ ra")
    await citizen.taps("Nhờ cán bộ xác nhận")
    citizen.sees("Cán bộ sẽ hỏi lại")
    stranger = await towns.villager(town)
    await stranger.does(kind="tap", text="Hồ sơ", token="#people:")
    stranger.sees("chưa có hồ sơ nào")


@pytest.mark.web_only("what an official does at /office, whatever villagers use")
async def test_at_the_office_there_is_nothing_to_erase(town: Town) -> None:
    """An official's chat is no citizen's."""
    official = await towns.official(town)
    for token in ("#erase:", "#unlink:H55", "#keep:1", "#people:", "#correct:"):
        await official.does(kind="tap", text="Xóa", token=token)
        assert any(
            words in official.text for words in ("không lưu thông tin của người dân", "Không còn gì", "chưa có hồ sơ")
        )
    people = await town.read(officials.active, 1)
    assert people


async def test_what_comes_from_ourselves_makes_nobody_known_again(town: Town) -> None:
    """A late event of our own in the chat of somebody forgotten leaves no new citizen behind."""
    citizen = await towns.villager(town)
    await citizen.says("xin chào")
    at = await chat_of(town, citizen)
    await town.write(erasures.forget, 1, at.citizen_id, town.clock.now())
    to = await citizen.address()

    def late(db: Connection) -> None:
        Work(db, town.app.place, town.clock.now()).wake(to, "late", "1", request=1)

    await town.write(late)
    await town.settle()
    assert await town.read(citizens.find, 1, to.channel, to.account, to.sender) is None
