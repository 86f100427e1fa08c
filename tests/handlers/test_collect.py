"""How a villager gets her result (A11): she comes, the post brings it, somebody else fetches it; the office sees it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, update

from messages.fold import fold
from storage import citizens, collections, dossiers, imports, links, ready
from storage.dossiers import dossier
from tests.bot.turns import VILLAGER, Bench, Chats, Who
from tests.handlers.test_dossier import MARRIAGE, NO_PHONE, PRIVATE, READY, ROWS, bring, dossier_key, tick
from tests.town import Person, Somebody, Town

ADDRESS = "Số 5, thôn Suối Trên, xã Suối Lành"
KEY = dossier_key(READY)
OTHER = Who("", "somebody-else")


@pytest.fixture
def chats(bench: Bench) -> Iterator[Chats]:
    with bench.town() as made:
        imports.load(made.db, 1, "list.csv", ROWS, fold, made.now, made.now)
        ready.trust(made.db, 1, dossiers.by_code(made.db, 1, KEY).id, made.now)
        yield made


def hers(chats: Chats, code_key: str = KEY, who: Who = VILLAGER, proven: bool = True) -> None:
    """A dossier stands on somebody's chat: its second factor was right here, or she knew its code."""
    chats.says("xin chào", who)
    found = dossiers.by_code(chats.db, 1, code_key)
    citizen = citizens.find(chats.db, 1, "web", who.account, who.chat)
    links.put(chats.db, 1, citizen.id, found.id, chats.now, proven)


def chosen(db: Connection, code_key: str = KEY) -> collections.Collection | None:
    return collections.of_dossier(db, 1, dossiers.by_code(db, 1, code_key).id)


def by_post(chats: Chats, who: Who = VILLAGER) -> str:
    """The whole talk; what was said at its end."""
    chats.taps(f"#collect:{KEY},post", who)
    for said in ("5678", ADDRESS, "Lò Thị Bưởi", "0912 345 999"):
        last = chats.says(said, who)
    assert "Cước do bưu điện thu, cán bộ sẽ báo" in last.text
    return chats.says("vâng", who).text


# --- on every channel -------------------------------------------------------------------------------------------------


async def test_A11_she_is_told_and_says_that_she_comes(town: Town, citizen: Somebody) -> None:
    """The notice is answered in place, in her own words: thanks, the counter's next hours, what to bring."""
    await bring(town)
    await citizen.says(READY)
    await citizen.taps("Xem chi tiết")
    await citizen.says("5678")
    found = await town.read(dossiers.by_code, 1, KEY)
    await town.write(lambda db: ready.tick(db, 1, [found.id], None, town.clock.now()))
    await town.later(minutes=1)
    await town.later(minutes=1)
    if citizen.rings:
        await citizen.looks()
        assert "Tôi sẽ đến lấy" in [each["label"] for message in citizen.heard for each in message["buttons"]]
    await citizen.says("tôi sẽ đến lấy ạ")
    citizen.sees("Xin cảm ơn ông/bà.", "Mời ông/bà đến: Quầy 3.", "Giờ mở cửa những ngày tới:", "thứ Sáu, 27/11/2026",
                 "giấy hẹn và căn cước")  # fmt: skip
    assert (await town.read(chosen)).way == "come"


async def test_A11_the_post_brings_it_and_she_is_told_its_number(
    town: Town, citizen: Somebody, official: Person
) -> None:
    """Only after the second factor; the office sees the address, notes the number, and she gets it."""
    await bring(town)
    await tick(town, READY)
    await citizen.says(READY)
    await citizen.taps("Gửi bưu điện")
    citizen.sees("Xin ông/bà gõ bốn số cuối")
    await citizen.says("5678")
    await citizen.says(ADDRESS)
    await citizen.says("Lò Thị Bưởi")
    await citizen.says("0912 345 999")
    citizen.sees("Cước do bưu điện thu, cán bộ sẽ báo")
    await citizen.taps("Vâng, gửi bưu điện")
    citizen.sees(f"kết quả hồ sơ {READY} sẽ gửi qua bưu điện")
    await official.says("/buudien")
    official.sees("Kết quả cần giao cho bưu điện: 1.", f"1) {READY}: Lò Thị Bưởi, {ADDRESS}, 0912345999.")
    await official.taps("Số 1 đã gửi")
    await official.says("EB 123 456 789 VN")
    official.sees("Người chờ kết quả sẽ được báo mã vận đơn", "mã vận đơn EB 123 456 789 VN")
    await town.later(minutes=1)
    if citizen.rings:
        await citizen.looks()
        citizen.sees("đã giao cho bưu điện", "Mã vận đơn: EB 123 456 789 VN.")
        await citizen.taps("Tôi đã nhận được")
        citizen.sees("Xin cảm ơn ông/bà đã báo là nhận được.")
    else:
        await official.says("/danhsachgoi")
        official.sees(READY, "kết quả đã giao cho bưu điện")
        await citizen.says(READY)
        citizen.sees("Mã vận đơn: EB 123 456 789 VN.")
        await official.says("/buudien")
        await official.taps("Số 1 đã nhận")
    await official.says("/buudien")
    official.sees("Không có kết quả nào cần gửi bưu điện.")


# --- coming -----------------------------------------------------------------------------------------------------------


def test_A11_a_stranger_who_says_she_comes_changes_nothing(chats: Chats) -> None:
    """Hours and papers are told to anybody with the code; the choice of whose it is stays (A06)."""
    hers(chats)
    hers(chats, who=Who("", "knows-the-code"), proven=False)
    by_post(chats)
    for who in (OTHER, Who("", "knows-the-code")):
        assert "căn cước" in chats.taps(f"#collect:{KEY},come", who).text
        assert chosen(chats.db).way == "post"
    chats.taps(f"#collect:{KEY},come")
    assert chosen(chats.db).way == "come"
    chats.taps(f"#collect:{KEY},come", Who("", "knows-the-code"))
    assert chosen(chats.db).citizen_id == citizens.find(chats.db, 1, "web", "", VILLAGER.chat).id


def test_L19_she_is_not_asked_to_come_for_what_is_not_at_the_counter(chats: Chats) -> None:
    """Whoever wants to come early is thanked and asked to wait for the message."""
    hers(chats)
    ready.untick(chats.db, 1, dossiers.by_code(chats.db, 1, KEY).id)
    told = chats.taps(f"#collect:{KEY},come")
    assert "Khi có tại quầy, UBND xã báo ông/bà ngay." in told.text
    assert "Mời ông/bà đến" not in told.text


def test_A11_of_several_results_she_chooses(chats: Chats) -> None:
    """Typed words mean the only result that waits; of two she is asked, of none she is helped on."""
    assert "chưa thấy kết quả nào" in chats.says("tôi sẽ đến lấy").text
    hers(chats)
    hers(chats, dossier_key(PRIVATE))
    assert "được giữ sẵn" in chats.says("tôi sẽ đến lấy").text
    private = dossiers.by_code(chats.db, 1, dossier_key(PRIVATE))
    chats.db.execute(update(dossier).where(dossier.c.id == private.id).values(status=9, ready_at=chats.now))
    asked = chats.says("nhờ người khác lấy")
    assert [each["label"][-len(READY) :] for each in asked.buttons] == [PRIVATE, READY]
    assert MARRIAGE not in asked.text
    assert "Ai sẽ đến lấy thay" in chats.says("1").text


def test_A11_only_what_is_there_can_be_collected(chats: Chats) -> None:
    """A dossier that is worked on, was handed over or is unknown: said kindly, nothing is kept."""
    hers(chats, dossier_key(NO_PHONE))
    for code in (dossier_key(NO_PHONE), "H55", ""):
        for way in ("come", "post", "other", "nonsense"):
            said = chats.taps(f"#collect:{code},{way}").text
            assert "chưa có kết quả" in said or "tra hồ sơ trước" in said
    chats.db.execute(update(dossier).where(dossier.c.code_key == KEY).values(status=10))
    assert "đã được trả rồi" in chats.taps(f"#collect:{KEY},post").text
    assert chats.db.execute(collections.collection.select()).all() == []


# --- the post ---------------------------------------------------------------------------------------------------------


def test_A11_without_the_second_factor_nothing_goes_by_post(chats: Chats) -> None:
    """Wrong digits leave the address unasked; five lock, also for the next tap."""
    chats.taps(f"#collect:{KEY},post")
    for _try in range(5):
        said = chats.says("0000")
        assert "địa chỉ" not in said.text
    assert "tạm khóa" in chats.taps(f"#collect:{KEY},post").text
    assert chosen(chats.db) is None


def test_A11_what_was_proven_here_a_moment_ago_is_not_asked_again(chats: Chats) -> None:
    """Within the hour, in this chat, for this dossier; later the digits are asked for once more."""
    chats.taps(f"#dossier-details:{KEY}")
    chats.says("5678")
    assert "địa chỉ nhận" in chats.taps(f"#collect:{KEY},post").text
    chats.says("huỷ")
    assert "bốn số cuối" in chats.taps(f"#collect:{KEY},post", OTHER).text
    chats.later(hours=1, minutes=1)
    assert "bốn số cuối" in chats.taps(f"#collect:{KEY},post").text


def test_A11_the_latest_choice_holds_until_the_post_has_it(chats: Chats) -> None:
    """One row a dossier; what has been handed over cannot be called back by a tap."""
    hers(chats)
    chats.taps(f"#collect:{KEY},come")
    assert "sẽ gửi qua bưu điện" in by_post(chats)
    assert chosen(chats.db).address == ADDRESS
    chats.taps(f"#collect:{KEY},come")
    assert (chosen(chats.db).way, chosen(chats.db).address) == ("come", "")
    by_post(chats)
    clerk = chats.official()
    chats.taps(f"#posted:{chosen(chats.db).id}", clerk)
    chats.says("EB123456789VN", clerk)
    assert "đã giao cho bưu điện rồi" in chats.taps(f"#collect:{KEY},come").text
    assert chosen(chats.db).tracking == "EB123456789VN"
    assert "Mã vận đơn: EB123456789VN." in chats.says(READY).text
    assert "EB123456789VN" not in chats.says(READY, OTHER).text


def test_A11_the_office_is_told_without_the_address(chats: Chats) -> None:
    """The shared chat learns the code and where the list is; the address stands in an official's own chat."""
    chats.taps(f"#collect:{KEY},post")
    for said in ("5678", ADDRESS, "Lò Thị Bưởi", "0912 345 999"):
        chats.says(said)
    everything = chats.says("1").everything
    shared = "\n".join(body["text"] for body in everything if "người dân muốn nhận qua bưu điện" in body["text"])
    assert READY in shared
    assert "Suối Trên" not in shared
    assert ADDRESS in chats.says("/buudien", chats.official()).text
    assert ADDRESS not in chats.says("/buudien").text


def test_A11_a_number_of_the_post_is_noted_once(chats: Chats) -> None:
    """A second official, a token of nobody's and a tap of hers too early change nothing."""
    hers(chats)
    by_post(chats)
    clerk, row = chats.official(), chosen(chats.db)
    assert "không có kết quả nào gửi qua bưu điện" in chats.taps(f"#got-post:{KEY}", OTHER).text
    chats.taps(f"#got-post:{KEY}")
    assert chosen(chats.db).got_at is None
    chats.taps(f"#posted:{row.id}", clerk)
    chats.says("EB123456789VN", clerk)
    for token in (f"#posted:{row.id}", "#posted:x", "#posted:999", "#post-came:999"):
        assert "đã được ghi từ trước" in chats.taps(token, clerk).text
    chats.taps(f"#got-post:{KEY}")
    assert chosen(chats.db).got_at is not None
    assert "đã được ghi từ trước" in chats.taps(f"#post-came:{row.id}", clerk).text


# --- somebody else ----------------------------------------------------------------------------------------------------


def test_A11_somebody_else_comes_with_the_right_paper(chats: Chats) -> None:
    """Who may collect and with which paper is said first; the name is kept for the counter."""
    hers(chats)
    asked = chats.taps(f"#collect:{KEY},other")
    assert "giấy hẹn" in asked.text
    assert "Lường Văn Sơn sẽ đến lấy kết quả" in chats.says("Lường Văn Sơn").text
    assert (chosen(chats.db).way, chosen(chats.db).name) == ("other", "Lường Văn Sơn")
    assert "giữ cho người ông/bà nhờ" in chats.says(READY).text


def test_A11_whose_it_is_not_proves_it_first(chats: Chats) -> None:
    """A chat that only knows the code has to prove the dossier before it may send somebody."""
    hers(chats, who=OTHER, proven=False)
    assert "bốn số cuối" in chats.taps(f"#collect:{KEY},other", OTHER).text
    assert "Ai sẽ đến lấy thay" in chats.says("5678", OTHER).text


def test_L05_a_private_procedure_is_named_nowhere(chats: Chats) -> None:
    """Neither the talk nor what the office is told names it."""
    key = dossier_key(PRIVATE)
    chats.db.execute(update(dossier).where(dossier.c.code_key == key).values(status=9, ready_at=chats.now))
    hers(chats, key)
    for way in ("come", "other"):
        assert "hôn nhân" not in chats.taps(f"#collect:{key},{way}").text
    chats.says("Lường Văn Sơn")
    chats.taps(f"#collect:{key},post")
    for said in ("5678", ADDRESS, "Lò Thị Bưởi", "0912 345 999", "1"):
        assert "hôn nhân" not in repr(chats.says(said).everything)


# --- her rights -------------------------------------------------------------------------------------------------------


def test_what_she_chose_is_shown_to_her_and_stands_nowhere_in_clear(chats: Chats) -> None:
    """/canhan shows it; name, address, phone and tracking number are sealed."""
    by_post(chats)
    assert f"Kết quả hồ sơ {READY}: gửi bưu điện (Lò Thị Bưởi, {ADDRESS}, 0912345999)." in chats.taps("#see:").text
    kept = repr(chats.db.execute(collections.collection.select()).all())
    assert all(words not in kept for words in ("Bưởi", "Suối", "912345999"))
