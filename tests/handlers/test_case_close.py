"""A case ends with a result and a proof of it, looked at before it is sent, once (B06, B10, G06)."""

from pathlib import Path

import pytest

from bot.turn import Address
from storage import cases, files, officials, refusals, sessions
from storage.cases import Case
from tests import town as towns
from tests.bot.filed import HOA, LAN, MAI, choose, hears, last, now, picture, report, shows, work
from tests.bot.turns import CHANNEL, Chats, Said, Who
from tests.handlers.test_group import opened
from tests.town import PHOTO, Databases, Person, Somebody, Town

RESULT = "Xã đã khơi rãnh, nước đã rút, xe đi lại được."


def closes(chats: Chats, who: Who, case: Case, *, result: str = RESULT, proof: bool = True) -> Said:
    """The whole talk up to the look."""
    said = chats.taps(f"#case-close:{case.id}", who)
    assert "Đã làm được những gì" in said.text, said.text
    said = chats.says(result, who)
    assert "ảnh hoặc giấy tờ" in said.text, said.text
    if proof:
        shows(chats, who, picture(chats, who))
    return chats.says("xong", who)


def clerk(chats: Chats) -> Who:
    return chats.official()


def other(chats: Chats) -> Who:
    return chats.official("official", "Hoàng Đức Lâm")


def test_B10_a_result_with_a_picture_in_the_name_and_post_of_the_official(chats: Chats) -> None:
    """He sees all of it first; then she is told and asked, and no reminder runs any more."""
    case, mine = report(chats), clerk(chats)
    look = closes(chats, mine, case)
    for words in (RESULT, "Kèm 1 ảnh", "Đặng Thị Thu Nhài, Công chức Trung tâm"):
        assert words in look.text
    assert now(chats, case).is_open
    said = choose(chats, mine, look, "Đồng ý gửi")
    assert "đã có kết quả" in said.text
    ended, entry = now(chats, case), last(chats, case, "done")
    assert (ended.state, ended.done_at, ended.remind_at, ended.closed_at) == ("done", chats.now, None, None)
    assert (entry.text, len(entry.files), entry.data["public"]) == (RESULT, 1, False)
    assert RESULT in hears(said)


def test_B10_nothing_leaves_when_he_says_no(chats: Chats) -> None:
    """The case stays open and nobody is told."""
    case, mine = report(chats), clerk(chats)
    look = closes(chats, mine, case)
    said = choose(chats, mine, look, "Không")
    assert now(chats, case).is_open
    assert not cases.entries(chats.db, 1, case.id, kinds=("done",))
    assert RESULT not in hears(said)


def test_B10_without_any_proof_he_says_why(chats: Chats) -> None:
    """A result without picture and paper is closed only with a reason, which stays inside the office."""
    case, mine = report(chats), clerk(chats)
    said = closes(chats, mine, case, proof=False)
    assert "vì sao không có ảnh" in said.text
    assert "vì sao không có ảnh" in chats.says("thôi ạ", mine).text
    look = chats.says("Việc làm ban đêm, máy hỏng", mine)
    assert "Không có ảnh: Việc làm ban đêm" in look.text
    said = choose(chats, mine, look, "Đồng ý gửi")
    assert last(chats, case, "done").data["why"] == "Việc làm ban đêm, máy hỏng"
    hers = [body["text"] for body in chats._said(HOA, None).bodies]
    assert not any("máy hỏng" in text for text in hers)


def test_B10_a_paper_is_a_proof_and_a_voice_note_is_not(chats: Chats) -> None:
    """A document counts like a picture; what proves nothing is kindly turned away."""
    case, mine = report(chats), clerk(chats)
    chats.taps(f"#case-close:{case.id}", mine)
    chats.says(RESULT, mine)
    assert "ảnh hoặc giấy tờ" in chats.does(mine, kind="sticker").text
    shows(chats, mine, picture(chats, mine, kind="file"), kind="file")
    look = chats.says("xong", mine)
    assert "Kèm 1 ảnh hoặc giấy tờ" in look.text
    choose(chats, mine, look, "Đồng ý gửi")
    assert now(chats, case).state == "done"


def test_B10_a_look_at_older_pictures_does_not_send_newer_ones(chats: Chats) -> None:
    """What he confirms is what he was shown: a button under other words or files is refused."""
    case, mine = report(chats), clerk(chats)
    look = closes(chats, mine, case)
    yes = next(each["token"] for each in look.buttons if "Đồng ý gửi" in each["label"])
    chats.says("/quaylai", mine)
    shows(chats, mine, picture(chats, mine))
    chats.says("xong", mine)
    said = chats.taps(yes, mine)
    assert now(chats, case).is_open, said.text


def test_B06_everybody_may_read_title_and_result_only_where_nothing_points_at_anybody(chats: Chats) -> None:
    """Asked only with an official's title, in the office's lane, not hidden and not sensitive."""
    mine = clerk(chats)
    case = report(chats, title="Ngập trước trường tiểu học")
    said = closes(chats, mine, case)
    assert "Có cho mọi người cùng đọc “Ngập trước trường tiểu học”" in said.text
    look = choose(chats, mine, said, "Có, mọi người")
    assert "Mọi người đọc được" in look.text
    choose(chats, mine, look, "Đồng ý gửi")
    assert now(chats, case).published
    assert last(chats, case, "published").official_id == last(chats, case, "done").official_id


@pytest.mark.parametrize(
    "guarded", [{"title": None}, {"hides_name": True}, {"field": "land"}, {"kept_from_head": True}]
)
def test_B06_what_may_point_at_somebody_is_never_offered_to_everybody(chats: Chats, guarded: dict[str, object]) -> None:
    """No title, a hidden name, a sensitive field, something of a household: the question is not asked."""
    mine = clerk(chats)
    case = report(chats, **({"title": "Việc ở thôn"} | guarded))
    look = closes(chats, mine, case)
    assert "mọi người" not in look.text
    choose(chats, mine, look, "Đồng ý gửi")
    assert (now(chats, case).state, now(chats, case).published) == ("done", False)


def test_B06_what_is_hidden_while_he_writes_is_not_published(chats: Chats) -> None:
    """She hides her name after he was asked: he is shown that nobody else reads it, and sends that."""
    mine = clerk(chats)
    case = report(chats, title="Ngập trước trường")
    look = choose(chats, mine, closes(chats, mine, case), "Có, mọi người")
    cases.change(chats.db, 1, case.id, hides_name=True)
    said = choose(chats, mine, look, "Đồng ý gửi")
    assert "Mọi người" not in said.text
    assert now(chats, case).is_open
    choose(chats, mine, said, "Đồng ý gửi")
    assert (now(chats, case).state, now(chats, case).published) == ("done", False)


def test_B05_praise_is_answered_with_thanks_and_needs_no_proof(chats: Chats) -> None:
    """A thank-you is proposed; he may write his own instead."""
    mine, case = clerk(chats), report(chats, "Cán bộ rất nhiệt tình", kind="praise", field="service")
    said = chats.taps(f"#case-close:{case.id}", mine)
    assert "Cảm ơn ông/bà đã gửi lời khen" in said.text
    look = choose(chats, mine, said, "Dùng lời này")
    choose(chats, mine, look, "Đồng ý gửi")
    assert last(chats, case, "done").text.startswith("Cảm ơn ông/bà đã gửi lời khen")


def test_B05_an_opinion_may_be_answered_in_words_of_ones_own(chats: Chats) -> None:
    """A picture may come with it and need not."""
    mine, case = clerk(chats), report(chats, "Nên có thêm ghế chờ", kind="opinion")
    said = choose(chats, mine, chats.taps(f"#case-close:{case.id}", mine), "Tự viết")
    assert "Đã làm được những gì" in said.text
    chats.says("Xã đã kê thêm bốn ghế chờ.", mine)
    look = chats.says("xong", mine)
    choose(chats, mine, look, "Đồng ý gửi")
    assert last(chats, case, "done").text == "Xã đã kê thêm bốn ghế chờ."


def test_B10_the_second_who_closes_is_told_it_is_closed(chats: Chats) -> None:
    """Both have it before them; the first sends, the second hears who was quicker, and nothing goes twice."""
    case, mine, his = report(chats), clerk(chats), other(chats)
    first, second = closes(chats, mine, case), closes(chats, his, case, result="Đã làm xong hết rồi bà nhé.")
    choose(chats, mine, first, "Đồng ý gửi")
    said = choose(chats, his, second, "Đồng ý gửi")
    assert "Đặng Thị Thu Nhài đã trả lời kết quả" in said.text
    assert len(cases.entries(chats.db, 1, case.id, kinds=("done",))) == 1
    assert "đã trả lời kết quả" in chats.taps(f"#case-close:{case.id}", his).text


def test_B10_who_does_not_have_it_is_told_who_has(chats: Chats) -> None:
    """Closing is its holder's; taken over meanwhile, nothing is sent."""
    case, mine, his = report(chats), clerk(chats), other(chats)
    look = closes(chats, mine, case)
    chats.taps(f"#case-take:{case.id}", his)
    said = choose(chats, mine, look, "Đồng ý gửi")
    assert "Hoàng Đức Lâm" in said.text
    assert now(chats, case).is_open
    assert "Hoàng Đức Lâm" in chats.taps(f"#case-close:{case.id}", mine).text


def test_B10_an_official_removed_in_the_middle_sends_nothing(chats: Chats) -> None:
    """Rights are looked at when it is sent."""
    case, mine = report(chats), clerk(chats)
    look = closes(chats, mine, case)
    chats.remove(mine)
    choose(chats, mine, look, "Đồng ý gửi")
    assert now(chats, case).is_open


def test_B10_on_a_shared_computer_the_pin_confirms_it(chats: Chats, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the PIN nothing is sent."""
    case, mine = report(chats), clerk(chats)
    monkeypatch.setattr(sessions, "is_shared", lambda *_: True)
    monkeypatch.setattr(sessions, "check_pin", lambda _db, _commune, _sender, pin: pin == "4711")
    said = choose(chats, mine, closes(chats, mine, case), "Đồng ý gửi")
    assert "PIN" in said.text
    chats.says("1111", mine)
    assert now(chats, case).is_open
    chats.says("4711", mine)
    assert now(chats, case).state == "done"


def test_L34_whoever_has_no_chat_is_told_otherwise(chats: Chats) -> None:
    """He says how she was told; without it she is to be called."""
    case, mine = report(chats, who=None, source="phone"), clerk(chats)
    said = closes(chats, mine, case)
    assert "không nhắn tin với xã" in said.text
    look = choose(chats, mine, said, "Qua điện thoại")
    said = choose(chats, mine, look, "Đồng ý gửi")
    assert "Cách đã báo: Qua điện thoại" in said.text
    assert last(chats, case, "done").data["told"] == "phone"


def test_L31_one_answer_reaches_everybody_whose_case_follows(chats: Chats) -> None:
    """Three people, one result; each may answer for herself."""
    mine = clerk(chats)
    main = report(chats, title="Ngập trước trường")
    for who in (MAI, LAN):
        each = report(chats, "Nước ngập trước trường", who)
        assert cases.move(chats.db, 1, each.id, ["open"], "joined", main_id=main.id)
    called = report(chats, who=None, source="phone")
    assert cases.move(chats.db, 1, called.id, ["open"], "joined", main_id=main.id)
    look = choose(chats, mine, closes(chats, mine, main), "Không, chỉ")
    assert "3 phản ánh cùng việc" in look.text
    said = choose(chats, mine, look, "Đồng ý gửi")
    assert sum(RESULT in body["text"] for body in said.everything) >= 3
    assert "Xin gọi điện báo thêm cho: PA-0004" in said.text
    assert [each.done_at for each in cases.joined_to(chats.db, 1, main.id)] == [chats.now] * 3


def test_B10_what_was_withdrawn_or_became_shared_meanwhile_is_not_closed(
    chats: Chats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """She took it back while he wrote; or the PIN was not asked when it had to be."""
    case, mine = report(chats), clerk(chats)
    answers = iter((False, True))
    look = closes(chats, mine, case)
    with monkeypatch.context() as patch:
        patch.setattr(sessions, "is_shared", lambda *_: next(answers, True))
        assert "PIN" in choose(chats, mine, look, "Đồng ý gửi").text
    assert now(chats, case).is_open
    look = closes(chats, mine, case)
    cases.move(chats.db, 1, case.id, ["open"], "withdrawn", closed_at=chats.now)
    assert "rút lại" in choose(chats, mine, look, "Đồng ý gửi").text
    assert not cases.entries(chats.db, 1, case.id, kinds=("done",))


# --- on every channel -------------------------------------------------------------------------------------------------


async def test_B10_she_reports_it_is_done_she_sees_both_pictures_and_says_not_yet(
    town: Town, citizen: Somebody, official: Person
) -> None:
    """A flooded road with a photo; the official takes it and closes it with one; she opens it again with a tap."""
    await citizen.says("Đường trước trường thôn Gốc Gạo ngập sâu, xe máy không qua được")
    await citizen.sends("photo", PHOTO, "image/jpeg")
    await citizen.says("gửi")
    citizen.sees("PA-0001")
    await official.looks()
    await official.taps("Nhận")
    official.sees("PA-0001")
    await citizen.looks()
    citizen.sees("Đặng Thị Thu Nhài")
    await official.taps("Đóng")
    official.sees("Đã làm được những gì")
    await official.says(RESULT)
    await official.sends("photo", PHOTO, "image/jpeg")
    await official.says("xong")
    official.sees(RESULT, "Kèm 1 ảnh", "Đặng Thị Thu Nhài, Công chức Trung tâm")
    await official.says("1")
    official.sees("PA-0001 đã có kết quả")
    await citizen.looks()
    citizen.sees(RESULT, "Đã xong chưa ạ?")
    assert len(await citizen.pictures()) == 2
    await citizen.taps("Chưa xong")
    citizen.sees("PA-0001 đã được mở lại")
    await official.taps("Mở")
    official.sees("PA-0001", RESULT)
    found = await town.read(cases.by_number, 1, 1)
    assert (found.state, found.reopened, found.taken_by is not None) == ("open", 1, True)


# --- pictures that a messenger still has ------------------------------------------------------------------------------


def comes(chats: Chats, who: Who, name: str, state: str = "fetched") -> Said:
    """The file is fetched, or given up, and the official's chat learns of it."""
    if state == "fetched":
        assert files.fetched(chats.db, 1, name, "photo", "image/jpeg", 5)
    else:
        assert files.give_up(chats.db, 1, name, "lost", "gone")
    work(chats).wake(
        Address(CHANNEL, who.account, who.chat, who.chat), "file", name, file=name, state=state, why="gone"
    )
    chats._turns()
    return chats._said(who, None)


def sends_two(chats: Chats, who: Who, case: Case) -> tuple[str, str]:
    names = picture(chats, who, coming=True), picture(chats, who, coming=True)
    chats.taps(f"#case-close:{case.id}", who)
    chats.says(RESULT, who)
    shows(chats, who, *names)
    choose(chats, who, chats.says("xong", who), "Đồng ý gửi")
    return names


def test_B10_she_hears_of_it_when_its_pictures_have_come(chats: Chats) -> None:
    """The talk ends at once; her message waits for both pictures, so that words and proof come together."""
    case, mine = report(chats), clerk(chats)
    first, second = sends_two(chats, mine, case)
    assert (now(chats, case).state, last(chats, case, "done").state) == ("done", "held")
    assert RESULT not in [body["text"] for body in comes(chats, mine, first).everything if not body.get("card")]
    assert last(chats, case, "done").state == "held"
    said = comes(chats, mine, second)
    assert last(chats, case, "done").state == "queued"
    assert any(set(body.get("pictures", ())) >= {first, second} for body in said.everything)


def test_B10_a_picture_that_is_lost_does_not_keep_the_result_from_her(chats: Chats) -> None:
    """He is told that it did not come; she gets the words and what there is."""
    case, mine = report(chats), clerk(chats)
    first, second = sends_two(chats, mine, case)
    comes(chats, mine, first)
    said = comes(chats, mine, second, "lost")
    assert "không nhận được" in said.text
    assert RESULT in hears(said)
    assert last(chats, case, "done").state == "queued"


def test_B10_a_picture_for_a_case_that_stands_elsewhere_by_now_tells_nothing(chats: Chats) -> None:
    """She has taken it back meanwhile."""
    case, mine = report(chats), clerk(chats)
    first, second = sends_two(chats, mine, case)
    cases.move(chats.db, 1, case.id, ["done"], "withdrawn", closed_at=chats.now)
    comes(chats, mine, first)
    said = comes(chats, mine, second)
    assert RESULT not in hears(said)


def test_B10_somebody_elses_picture_proves_nothing(chats: Chats) -> None:
    """A name that is not his is left out, and asked for anew."""
    case, mine = report(chats), clerk(chats)
    chats.taps(f"#case-close:{case.id}", mine)
    chats.says(RESULT, mine)
    shows(chats, mine, picture(chats, HOA))
    look = chats.says("xong", mine)
    said = choose(chats, mine, look, "Đồng ý gửi")
    assert "gửi lại" in said.text
    assert now(chats, case).is_open


def test_B10_a_closed_case_needs_no_agreement_any_more(chats: Chats) -> None:
    """A refusal that waits falls when the case ends with a result."""
    case, mine = report(chats), clerk(chats)
    him = officials.of(chats.db, 1, CHANNEL, mine.account, mine.chat)
    asked = refusals.ask(chats.db, 1, case.id, "Điện lực", "Không thuộc xã", {}, him.id, chats.now)
    choose(chats, mine, closes(chats, mine, case), "Đồng ý gửi")
    assert refusals.get(chats.db, 1, asked).state == "void"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_B10_an_official_closes_it_from_his_telephone(kind: str, databases: Databases, tmp_path: Path) -> None:
    """His picture comes through the messenger; in the group he is led to a private talk, which holds the same."""
    async with opened(kind, databases, tmp_path) as office:
        citizen, tam = await towns.villager(office.town, "web"), office.tam
        await citizen.says("Đường trước trường thôn Gốc Gạo ngập sâu, xe máy không qua được")
        await citizen.says("gửi")
        card = await office.hears(office.group, "PA-0001")
        assert "nhắn riêng" in (await office.presses(tam, card, "Đóng")).text
        tam.calls_back(tam.chat.sent[-1], "#case-close:1")
        await office.hears(tam.chat, "Đã làm được những gì")
        tam.says(RESULT)
        await office.hears(tam.chat, "Mời gửi ảnh hoặc giấy tờ")
        tam.photo(PHOTO)
        await office.hears(tam.chat, "Đã nhận 1 ảnh")
        tam.says("xong")
        await office.hears(tam.chat, "Kèm 1 ảnh")
        tam.says("1")
        await office.hears(tam.chat, "PA-0001 đã có kết quả")
        await office.quiet()
        await citizen.looks()
        citizen.sees(RESULT, "Đã xong chưa")
        assert len(await citizen.pictures()) == 1
