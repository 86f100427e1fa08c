"""Village heads (L31): what they see and never see, what they saw on the spot, and who has no phone of her own."""

from typing import Any

import pytest
from sqlalchemy import select

from bot.casework import Draft
from bot.casework import file as file_case
from bot.turn import Address, Work
from storage import case_media, cases, citizens, conversations, files, inbox, officials
from storage.cases import Case, case_file
from storage.sealing import unseal
from tests import town as towns
from tests.bot.drawn import draw, told
from tests.bot.turns import VILLAGER, Chats, Said, Who
from tests.town import PHOTO, Town

WORDS = "Lan can cầu gãy hai thanh, trẻ con đi học rất nguy hiểm."
NAME, PHONE, PICTURE = "Nguyễn Thị Thu Hường", "0912345678", "a" * 32
SECRETS = ("Lan can", "gãy hai thanh", "Hường", "345 678", "345678", PICTURE)


def work(chats: Chats) -> Work:
    return Work(chats.db, chats.bench.place, chats.now)


def village(chats: Chats) -> str:
    found = next(each for each in officials.active(chats.db, 1) if each.role == "village-head").village
    assert found is not None
    return found


def reported(chats: Chats, **more: Any) -> Case:
    """Her report in the head's thôn, with a photo, her name and phone."""
    files.add(chats.db, 1, PICTURE, "web", "", VILLAGER.chat, "photo", "image/jpeg", 3, "", chats.now)
    her = citizens.meet(chats.db, 1, "web", "", VILLAGER.chat, chats.now)
    given = {"village": village(chats), "field": "road", "files": (PICTURE,)} | more
    draft = Draft(WORDS, reporter={"name": NAME, "phone": PHONE}, **given)
    return file_case(work(chats), draft, Address("web", "", VILLAGER.chat, VILLAGER.chat), her.id)


def head(chats: Chats) -> Who:
    return chats.village_head()


def tap(chats: Chats, said: Said, label: str, who: Who) -> Said:
    return chats.taps(next(each["token"] for each in said.buttons if label in each["label"]), who)


def opened(chats: Chats, who: Who, found: Case) -> Said:
    return chats.taps(f"#village-case:{found.id}", who)


def all_sent(chats: Chats, who: Who) -> str:
    """Everything a chat was ever sent, pictures and buttons included."""
    chats.seen = 0
    return str(told(chats, who))


# --- what he sees -----------------------------------------------------------------------------------------------------


def test_L31_the_list_says_title_state_and_date_and_no_word_of_hers(chats: Chats) -> None:
    """Without a title kind and field; with one the official's words."""
    found, who = reported(chats), head(chats)
    said = chats.says("/hangdoi", who)
    assert "1 việc" in said.text
    assert f"PA-{found.number:04d}: phản ánh, đường, cầu" in said.text
    assert "Đang chờ cán bộ nhận" in said.text
    cases.change(chats.db, 1, found.id, title="Cầu suối Trên hỏng lan can")
    said = tap(chats, chats.says("việc của thôn", who), "PA-", who)
    assert "Cầu suối Trên hỏng lan can" in said.text
    assert "chỉ hiện khi họ đồng ý" in said.text
    sent = all_sent(chats, who)
    assert "Cầu suối Trên" in sent
    assert not [each for each in SECRETS if each in sent]


def test_L31_her_yes_shows_words_photo_and_name(chats: Chats) -> None:
    """And only to the head of her thôn."""
    found, who = reported(chats), head(chats)
    cases.change(chats.db, 1, found.id, shown_to_head=True)
    said = opened(chats, who, found)
    assert WORDS in said.text
    assert NAME in said.text
    assert PHONE not in said.text
    assert [each for body in said.bodies for each in body.get("pictures", [])] == [PICTURE]
    cases.change(chats.db, 1, found.id, village="Thôn khác")
    assert "không có trong danh sách" in opened(chats, who, found).text


def test_L31_a_hidden_name_is_never_shown_to_a_head(chats: Chats) -> None:
    """Nor the words in which she wrote it herself, nor those that accuse somebody."""
    found, who = reported(chats, hides_name=True), head(chats)
    cases.change(chats.db, 1, found.id, shown_to_head=True)
    cases.add(chats.db, 1, found.id, "added", chats.now, text=f"Tôi là {NAME}, nhà ngay đầu cầu.")
    cases.add(chats.db, 1, found.id, "added", chats.now, text="Ông trưởng thôn ăn chặn tiền sửa cầu.")
    said = opened(chats, who, found)
    assert WORDS in said.text
    for secret in ("Hường", "đầu cầu", "ăn chặn"):
        assert secret not in all_sent(chats, who)


@pytest.mark.parametrize("more", [
    {"lane": "leader", "field": "service"}, {"lane": "receiver"}, {"kept_from_head": True}, {"field": "money"},
    {"village": "Thôn khác"}, {"village": None},
])  # fmt: skip
def test_L31_what_is_not_for_him_does_not_exist_for_him(chats: Chats, more: dict[str, Any]) -> None:
    """Past the counter, for the receivers, about him or his kin, about contributions, of another thôn; by no button."""
    found, who = reported(chats, **more), head(chats)
    cases.change(chats.db, 1, found.id, shown_to_head=True)
    assert "0 việc" in chats.says("/hangdoi", who).text
    for said in (opened(chats, who, found), chats.taps(f"#village-seen:{found.id}", who)):
        assert "không có trong danh sách" in said.text
    sent = all_sent(chats, who)
    assert not [each for each in (*SECRETS, f"PA-{found.number:04d}") if each in sent]


def test_L31_an_officials_buttons_and_commands_are_not_his(chats: Chats) -> None:
    """Whatever he taps or types, her words stay away."""
    found, who = reported(chats), head(chats)
    for token in ("case-open", "case-trail", "case-print", "case-take"):
        chats.taps(f"#{token}:{found.id}", who)
    chats.taps(f"#case-receipt:{found.id}", who)
    chats.says(f"/hoso PA-{found.number:04d}", who)
    chats.says(f"PA-{found.number:04d}", who)
    draw(chats)
    sent = all_sent(chats, who)
    assert not [each for each in SECRETS if each in sent]


def test_L31_a_long_list_comes_in_pages(chats: Chats) -> None:
    """Eight at a time."""
    for _each in range(10):
        reported(chats)
    said = chats.says("/hangdoi", head(chats))
    assert len([each for each in said.buttons if "PA-" in each["label"]]) == 8
    assert len([each for each in tap(chats, said, "tiếp", head(chats)).buttons if "PA-" in each["label"]]) == 2


# --- on the spot ------------------------------------------------------------------------------------------------------


def test_L31_seen_on_the_spot_with_a_photo(chats: Chats) -> None:
    """It stands in the case, the photo with it; whoever has the case is told; she is not."""
    found, who, clerk = reported(chats), head(chats), chats.official()
    holder = next(each for each in officials.active(chats.db, 1) if each.role == "clerk")
    cases.take(chats.db, 1, found.id, holder.id)
    said = tap(chats, opened(chats, who, found), "Đã xem tại chỗ", who)
    assert "thấy gì" in said.text
    assert "gửi ảnh" in chats.says("Gãy thật, cháu đã chắn tạm.", who).text
    shot = "b" * 32
    files.add(chats.db, 1, shot, "web", "", who.chat, "photo", "image/jpeg", 3, "", chats.now)
    chats.does(who, kind="photo", files=[shot], text="")
    before = chats.seen
    said = chats.says("xong", who)
    assert "Cảm ơn" in said.text
    seen = cases.entries(chats.db, 1, found.id, kinds=("seen",))[0]
    assert (seen.text, seen.files) == ("Gãy thật, cháu đã chắn tạm.", (shot,))
    assert case_media.cases_of(chats.db, 1, shot) == [found.id]
    chats.seen = before
    assert "đã xem tại chỗ" in str(told(chats, clerk))
    chats.seen = before
    assert told(chats, VILLAGER) == []


def test_L31_seen_without_a_photo_and_only_while_it_runs(chats: Chats) -> None:
    """ "không có ảnh" is enough; a case that ended or was taken from him meanwhile takes nothing."""
    found, who = reported(chats), head(chats)
    for closes in ({"state": "settled"}, {"state": "open", "kept_from_head": True}, {"kept_from_head": False}):
        chats.taps(f"#village-seen:{found.id}", who)
        chats.says("Đã xem, gãy thật.", who)
        cases.change(chats.db, 1, found.id, **closes)
        said = chats.says("không có ảnh", who)
        cases.change(chats.db, 1, found.id, state="open", kept_from_head=False)
        assert ("Cảm ơn" in said.text) == (closes == {"kept_from_head": False}), said.text
    assert len(cases.entries(chats.db, 1, found.id, kinds=("seen",))) == 1


def test_L31_a_head_whose_right_was_taken_adds_nothing(chats: Chats) -> None:
    """In the middle of the talk."""
    found, who = reported(chats), head(chats)
    chats.taps(f"#village-seen:{found.id}", who)
    chats.says("Đã xem, gãy thật.", who)
    chats.remove(who)
    chats.says("không có ảnh", who)
    assert cases.entries(chats.db, 1, found.id, kinds=("seen",)) == []


# --- for somebody without a phone -------------------------------------------------------------------------------------


def asked_for(chats: Chats, who: Who, text: str = WORDS) -> Said:
    """The talk to the look at it."""
    assert "Việc gì, ở chỗ nào" in chats.says("/baoho", who).text
    assert "họ tên" in chats.says(text, who).text
    chats.says("Hoàng Thị Lả", who)
    assert "giấu tên" in chats.says("bỏ qua", who).text
    chats.says("có", who)
    return chats.says("không có ảnh", who)


def test_L34_a_head_reports_for_somebody_without_a_phone(chats: Chats) -> None:
    """She has agreed; he gets the number to read out and the receipt; she has no chat, the name is hidden."""
    who = head(chats)
    said = asked_for(chats, who)
    assert "Hoàng Thị Lả" in said.text
    assert "đồng ý" in said.text
    said = tap(chats, said, "Rồi", who)
    found = cases.listed(chats.db, 1, newest=True)[0]
    assert f"PA-{found.number:04d}" in said.text
    assert (found.source, found.has_chat, found.hides_name, found.village) == (
        "village_head", False, True, village(chats),
    )  # fmt: skip
    assert cases.reporter(chats.db, 1, found.id) == {"name": "Hoàng Thị Lả"}
    assert [each.kind for each in cases.entries(chats.db, 1, found.id)][:2] == ["told", "opened"]
    assert draw(chats)[0]["code"] == f"PA-{found.number:04d}"
    assert told(chats, who)[-1]["pictures"]
    said = opened(chats, who, found)
    assert "gãy" not in said.text
    assert "Lả" not in said.text
    assert "báo hộ" in chats.says("/hangdoi", who).text


def test_L34_without_her_yes_nothing_is_filed(chats: Chats) -> None:
    """ "Không" ends it."""
    who = head(chats)
    asked_for(chats, who)
    chats.says("không", who)
    assert cases.count(chats.db, 1) == 0


@pytest.mark.parametrize("text", [
    "Tôi tố cáo ông Nguyễn Văn Bính nhận tiền lót tay của dân", "Bà con bảo cán bộ thôn ăn chặn tiền hỗ trợ bão",
    "to cao ong Binh nhan tien cua dan",
])  # fmt: skip
@pytest.mark.parametrize("begins", ["/baoho", "seen"])
def test_L28_what_accuses_somebody_is_not_written_down_by_a_head(chats: Chats, text: str, begins: str) -> None:
    """She comes or calls herself; neither talk nor raw event nor case keeps a word."""
    who, found = head(chats), reported(chats)
    if begins == "seen":
        chats.taps(f"#village-seen:{found.id}", who)
    else:
        chats.says(begins, who)
    said = chats.says(text, who)
    assert "không giữ lại lời nào" in said.text, said.text
    assert cases.count(chats.db, 1, case_file.c.id != found.id) == 0
    assert cases.entries(chats.db, 1, found.id, kinds=("seen",)) == []
    talks = chats.db.execute(select(conversations.talk.c.data)).scalars()
    raws = chats.db.execute(select(inbox.inbox.c.raw)).scalars()
    kept = [unseal(chats.db, each).decode() for each in (*talks, *raws) if each]
    assert not [each for each in kept if text in each]


def test_L13_danger_comes_before_everything(chats: Chats) -> None:
    """Whoever reports a fire for a neighbour is told the numbers."""
    who = head(chats)
    chats.says("/baoho", who)
    assert "114" in chats.says("Cháy nhà bà Lả rồi, lửa to lắm", who).text
    assert cases.count(chats.db, 1) == 0


# --- on every channel -------------------------------------------------------------------------------------------------


async def test_L31_a_head_on_every_channel_never_sees_more_than_he_may(town: Town) -> None:
    """List, case, photo on the spot, with the service rebuilt between messages; then all he was sent is searched."""
    person = await town.read(lambda db: next(e for e in officials.active(db, 1) if e.role == "village-head"))
    who = await towns.villager(town)
    await who.does(kind="start")
    at = await who.address()
    await town.write(lambda db: officials.bind(db, 1, person.id, at.channel, at.account, at.sender))

    def report(db: Any) -> Case:
        here = Work(db, town.app.place, town.clock.now())
        return file_case(here, Draft(WORDS, village=person.village, field="road", reporter={"name": NAME}))

    found = await town.write(report)
    await who.says("/hangdoi")
    await who.taps(f"Xem PA-{found.number:04d}")
    await who.taps("Đã xem tại chỗ")
    await who.says("Gãy thật, đã chắn tạm")
    await who.sends("photo", PHOTO, "image/jpeg")
    await who.says("xong")
    seen = await town.read(lambda db: cases.entries(db, 1, found.id, kinds=("seen",)))
    assert [(each.text, len(each.files)) for each in seen] == [("Gãy thật, đã chắn tạm", 1)]
    assert not [each for each in SECRETS if each in str(who.heard)]
