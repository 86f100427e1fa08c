"""Telling the office: her words, at most one question, a number (B04, B13, L27, L31, A08, A09, A19)."""

import unicodedata
import uuid

import pytest

from bot import casework
from bot.turn import Work
from handlers.cases import report
from storage import cases
from storage.cases import Case, Entry
from tests import town as towns
from tests.bot.turns import BOX, VILLAGER, Chats, Said, Who
from tests.handlers.photos import sends
from tests.town import Person, Somebody, Town

FLOODED = "đường thôn Suối Trên ngập quá"
NEIGHBOUR = Who(BOX, "neighbour")


def labels(said: Said) -> list[str]:
    return [button["label"] for button in said.buttons]


def tap(chats: Chats, said: Said, label: str, who: Who = VILLAGER) -> Said:
    return chats.taps(next(each["token"] for each in said.buttons if label in each["label"]), who)


def filed(chats: Chats) -> list[Case]:
    """All cases, the oldest first."""
    return cases.listed(chats.db, 1, newest=True)[::-1]


def told(chats: Chats, case: Case) -> Entry:
    return cases.entries(chats.db, 1, case.id, kinds=("told",))[0]


# --- one message is enough --------------------------------------------------------------------------------------------


async def test_L27_one_message_gets_a_number_within_two_taps(citizen: Somebody, official: Person) -> None:
    """What and where in one message, one look, one tap; she is told the number, by when, and how to follow it."""
    await citizen.says(FLOODED)
    citizen.sees("Nơi có việc: Thôn Suối Trên", "gửi đi nhé")
    await citizen.taps("Gửi đi")
    citizen.sees("PA-0001", "chậm nhất thứ Năm, 17/12/2026", "nhắn PA-0001")
    assert "Thêm ảnh hoặc lời" in citizen.buttons()
    await official.looks()
    official.sees("PA-0001", "Thôn Suối Trên")


@pytest.mark.parametrize(
    "text",
    [
        "duong thon Suoi Tren ngap qua",
        unicodedata.normalize("NFD", FLOODED),
        "đường thôn Suối Trên ngập quá 😡😡🌊",
        "Tôi muốn phản ánh " + FLOODED,
    ],
)
def test_L27_however_it_is_written(chats: Chats, text: str) -> None:
    """Without accents, as a Mac sends it, with emoji, with the formal words: the same case."""
    said = chats.says(text)
    assert "Thôn Suối Trên" in said.text
    assert "PA-0001" in tap(chats, said, "Gửi đi").text
    (case,) = filed(chats)
    assert (case.kind, case.village, case.lane, case.state) == ("report", "Thôn Suối Trên", "office", "open")
    assert case.field in ("flood", "road")
    assert told(chats, case).text == unicodedata.normalize("NFC", text)


def test_L27_four_thousand_characters_are_kept_whole(chats: Chats) -> None:
    """The look repeats their beginning; the case has every one."""
    long = ("Đèn đường thôn Bãi Trúc hỏng đã lâu. " * 120)[:4000].strip()
    said = chats.says(long)
    assert "…" in said.text
    assert len(said.text) < 1500
    tap(chats, said, "Gửi đi")
    assert told(chats, filed(chats)[0]).text == long


def test_L27_what_and_no_place_is_asked_one_thing(chats: Chats) -> None:
    """Only where; it can be left out, told in words, or be a place on the map."""
    said = chats.says("đèn đường hỏng")
    assert "Việc này ở đâu" in said.text
    said = chats.says("trước cổng trường, thôn Bãi Trúc")
    assert "Nơi có việc: Thôn Bãi Trúc" in said.text
    tap(chats, said, "Gửi đi")
    assert told(chats, filed(chats)[0]).text == "đèn đường hỏng\ntrước cổng trường, thôn Bãi Trúc"
    chats.says("đèn đường hỏng")
    said = chats.does(kind="location", place=[21.0285, 105.8048])
    assert "kèm vị trí" in said.text
    tap(chats, said, "Gửi đi")
    assert told(chats, filed(chats)[1]).data["place"] == [21.0285, 105.8048]
    chats.says("đèn đường hỏng")
    assert "gửi đi nhé" in chats.says("bỏ qua").text


def test_L09_of_three_thon_of_one_name_she_chooses(chats: Chats) -> None:
    """ "Thôn 2" is three: the one question is which."""
    said = chats.says("đường thôn 2 ngập")
    assert "nơi nào" in said.text
    assert len(said.buttons) == 5
    said = tap(chats, said, "2. ")
    tap(chats, said, "Gửi đi")
    assert "Thôn 2" in (filed(chats)[0].village or "")


def test_L27_unfinished_for_thirty_minutes_it_files_itself(chats: Chats) -> None:
    """With content it is filed, she is told the number; nothing is hidden, for she had not chosen to."""
    chats.says(FLOODED)
    chats.later(minutes=29)
    assert filed(chats) == []
    chats.later(minutes=2)
    (case,) = filed(chats)
    assert (case.village, case.hides_name, case.lane) == ("Thôn Suối Trên", False, "office")
    chats.seen = 0
    assert "Ông/bà chưa bấm gửi" in chats._said(VILLAGER, None).text


def test_L27_without_content_or_of_another_lane_nothing_files_itself(chats: Chats) -> None:
    """The bare command, what she stopped, and a complaint she was asked about."""
    chats.says("/phananh")
    chats.later(minutes=31)
    chats.says(FLOODED)
    chats.says("hủy")
    chats.later(minutes=31)
    chats.says("/phananh")
    chats.says("Tôi khiếu nại quyết định thu hồi đất số 12 của UBND xã")
    chats.later(minutes=31)
    assert filed(chats) == []


def test_L27_a_report_that_was_set_aside_files_itself_too(chats: Chats) -> None:
    """She went on to something else; what she told is not lost, and is filed once."""
    chats.says(FLOODED)
    chats.says("/tracuu")
    chats.later(minutes=31)
    for _again in range(2):
        report.set_aside(Work(chats.db, chats.bench.place, chats.now))
        chats._turns()
    assert [case.village for case in filed(chats)] == ["Thôn Suối Trên"]


def test_L27_the_bare_words_ask_what_it_is(chats: Chats) -> None:
    """ "phản ánh", the menu, the command: one open question; what follows is her report."""
    for text in ("phản ánh", "/phananh", "góp ý", "tôi muốn phản ánh kiến nghị với xã"):
        assert "muốn báo xã việc gì" in chats.says(text).text
    said = chats.says(FLOODED)
    assert "gửi đi nhé" in said.text


def test_words_she_was_asked_about_need_not_be_written_again(chats: Chats) -> None:
    """Asked whether she complains, she says it is only a report: it goes on with her words, and is not asked twice."""
    said = chats.says("toi khieu nai duong thon Suoi Tren ngap")
    said = tap(chats, said, "Phản ánh, kiến nghị") if "Phản ánh" in " ".join(labels(said)) else said
    assert "duong thon Suoi Tren ngap" in said.text
    tap(chats, said, "Gửi đi")
    assert filed(chats)[0].village == "Thôn Suối Trên"


def test_more_words_at_the_look_belong_to_it(chats: Chats) -> None:
    """People write in several messages: each is added and shown, an old button sends nothing else."""
    first = chats.says(FLOODED)
    said = chats.says("ngay cạnh nhà văn hóa, hai hôm nay rồi")
    assert "ngay cạnh nhà văn hóa" in said.text
    old = tap(chats, first, "Gửi đi")
    assert filed(chats) == []
    assert old.buttons
    tap(chats, said, "Gửi đi")
    assert told(chats, filed(chats)[0]).text == f"{FLOODED}\nngay cạnh nhà văn hóa, hai hôm nay rồi"


@pytest.mark.parametrize(("typed", "count"), [("1", 1), ("gui di", 1), ("vâng", 1), ("không", 0), ("thôi", 0)])
def test_the_look_can_be_answered_by_typing(chats: Chats, typed: str, count: int) -> None:
    chats.says(FLOODED)
    chats.says(typed)
    assert len(filed(chats)) == count


def test_B04_she_may_hide_her_name(chats: Chats) -> None:
    """Tapped or typed; she is told who still sees it."""
    chats.says(FLOODED)
    said = chats.says("gửi nhưng giấu tên tôi")
    assert "Chỉ cán bộ trực tiếp giải quyết" in said.text
    assert filed(chats)[0].hides_name
    assert "Giấu tên tôi" not in labels(said)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Khen đội vệ sinh thôn Bãi Trúc quét đường rất sạch, cảm ơn các anh chị", "praise"),
        ("Góp ý: trang của xã chữ nhỏ quá, người già khó đọc", "opinion"),
        ("Kiến nghị xã lắp thêm đèn đường ở thôn Bãi Trúc", "proposal"),
        ("Rác ở chợ thôn Ngã Ba Chợ không ai dọn", "report"),
    ],
)
def test_B04_kinds_are_kept_apart(chats: Chats, text: str, kind: str) -> None:
    """Praise and an opinion are asked for no place."""
    said = chats.says(text)
    assert "ở đâu ạ" not in said.text
    tap(chats, said, "Gửi đi")
    assert filed(chats)[0].kind == kind


def test_B13_angry_words_are_met_calmly(chats: Chats) -> None:
    """One respectful sentence first, no reproach, once; then the same as for everybody."""
    said = chats.says("BỰC MÌNH QUÁ!!! đường thôn Suối Trên ngập cả tháng, xã làm ăn thế à!!!")
    assert said.text.startswith("Xin lỗi ông/bà vì đã phải chịu việc này")
    assert said.text.count("Xin lỗi") == 1
    assert "PA-0001" in tap(chats, said, "Gửi đi").text


def test_B13_calm_words_come_before_the_question_and_not_again(chats: Chats) -> None:
    """Nothing says where it is: the sentence stands above that question; "gửi đi" answers it as well as "bỏ qua"."""
    asked = chats.says("rác ngập đường bao nhiêu lần rồi không ai dọn, vô trách nhiệm!!!")
    assert asked.text.startswith("Xin lỗi ông/bà vì đã phải chịu việc này")
    assert "Việc này ở đâu ạ?" in asked.text
    look = chats.says("gửi đi")
    assert "về rác, môi trường" in look.text
    assert "Xin lỗi" not in look.text
    assert "gửi đi" not in look.text.partition("Trợ lý gửi đi nhé?")[0]


# --- what is no report ------------------------------------------------------------------------------------------------


def test_a_complaint_is_explained_and_never_filed(chats: Chats) -> None:
    """Asked first; the explanation comes, no case; nobody says that it has been accepted."""
    chats.says("/phananh")
    said = chats.says("Tôi khiếu nại quyết định thu hồi đất số 12 của UBND xã")
    assert labels(said)[:2] == ["1. Chỉ phản ánh để xã xử lý", "2. Khiếu nại một quyết định"]
    said = tap(chats, said, "Khiếu nại")
    assert "90 ngày" in said.text
    assert "thụ lý" not in said.text
    assert filed(chats) == []


def test_L03_an_accusing_caption_is_never_filed(chats: Chats) -> None:
    """Whatever reads it first: at the first question and at the look, no case has it, and no shared chat."""
    for before in ("/phananh", FLOODED):
        chats.says(before)
        said = sends(chats, text="trưởng thôn ăn chặn tiền cứu trợ của dân thôn Suối Trên")
        assert "tố cáo" in said.text or "không giữ" in said.text
        assert all("ăn chặn" not in each["text"] for each in said.everything)
    chats.later(minutes=31)
    assert all("ăn chặn" not in told(chats, case).text for case in filed(chats))


def test_an_emergency_told_as_a_report_brings_the_numbers_first(chats: Chats) -> None:
    """Whatever way it came to be filed, the short numbers stand above the number of the case."""
    said = chats.says("có người chết đuối ở đập thôn Đập Nước")
    assert "114" in said.text
    chats.says("/phananh")
    said = sends(chats, text="cháy nhà ở thôn Bãi Trúc")
    assert "114" in said.text


# --- the counter ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["Bị hỏi thêm giấy tờ", "Bị thu thêm tiền", "Bị gây phiền hà"])
def test_A19_what_happened_at_the_counter_goes_past_it(chats: Chats, label: str) -> None:
    """A08, A09, A19: no name is asked, the shared chat sees no word of it, the head has it."""
    clerk = chats.official("clerk")
    said = tap(chats, chats.says("/phananh"), label)
    assert "Không cần nêu tên ai" in said.text
    said = chats.says("lúc nộp giấy khai sinh hôm qua ở quầy")
    assert "gửi thẳng lãnh đạo" in said.text
    said = tap(chats, said, "Gửi đi")
    assert "đến thẳng lãnh đạo" in said.text
    assert all("khai sinh hôm qua" not in each["text"] for each in said.everything if each not in said.bodies)
    (case,) = filed(chats)
    assert (case.lane, case.field, case.village) == ("leader", "service", None)
    assert told(chats, case).text == f"{label}\nlúc nộp giấy khai sinh hôm qua ở quầy"
    assert clerk


def test_A08_from_a_dossier_its_code_goes_with_it(chats: Chats) -> None:
    """The button beside a dossier leads to the same three subjects."""
    said = chats.says("H99.33-261125-0001")
    said = tap(chats, said, "Phản ánh việc phục vụ")
    said = tap(chats, said, "Bị hỏi thêm giấy tờ")
    tap(chats, chats.says("quầy đòi thêm bản sao hộ khẩu"), "Gửi đi")
    (case,) = filed(chats)
    assert case.lane == "leader"
    assert "H99" in told(chats, case).text


def test_A09_extra_money_told_in_plain_words_is_asked_about_and_goes_past_the_counter(chats: Chats) -> None:
    """Whatever paper it was about; the fee is not argued with, no name is asked."""
    said = tap(chats, chats.says("tôi bị thu thêm tiền khi làm giấy khai sinh"), "Phản ánh, kiến nghị")
    assert "gửi thẳng lãnh đạo" in said.text
    tap(chats, said, "Gửi đi")
    (case,) = filed(chats)
    assert (case.lane, case.field) == ("leader", "service")


def test_praise_of_the_counter_is_for_everybody(chats: Chats) -> None:
    tap(chats, chats.says("Khen chị ở bộ phận một cửa hướng dẫn rất nhiệt tình"), "Gửi đi")
    (case,) = filed(chats)
    assert (case.kind, case.lane) == ("praise", "office")


# --- several matters --------------------------------------------------------------------------------------------------

SEVERAL = "1. Đường thôn Suối Trên ngập. 2. Đèn đường thôn Bãi Trúc hỏng. 3. Rác ở chợ không ai dọn."


def test_several_matters_are_offered_to_be_split(chats: Chats) -> None:
    """She sees them, says yes, and sees every number."""
    said = chats.says(SEVERAL)
    assert "có 3 việc" in said.text
    said = tap(chats, said, "mỗi việc một số")
    said = tap(chats, said, "Gửi đi")
    assert "PA-0001, PA-0002, PA-0003" in said.text
    assert [case.village for case in filed(chats)][:2] == ["Thôn Suối Trên", "Thôn Bãi Trúc"]
    assert len({case.field for case in filed(chats)}) == 3


def test_several_matters_can_stay_one(chats: Chats) -> None:
    said = tap(chats, chats.says(SEVERAL), "Gửi chung")
    assert "PA-0001." in tap(chats, said, "Gửi đi").text
    assert len(filed(chats)) == 1


def test_a_report_beside_a_complaint_is_filed_alone(chats: Chats) -> None:
    """The flooded road gets its number; the decision is explained and becomes no case."""
    chats.says("/phananh")
    said = chats.says("Đường thôn Suối Trên ngập. Ngoài ra tôi khiếu nại quyết định thu hồi đất số 12 của xã")
    assert "Gửi chung" not in " ".join(labels(said))
    said = tap(chats, said, "Gửi việc phản ánh")
    assert "thu hồi đất" not in said.text
    said = tap(chats, said, "Gửi đi")
    assert "PA-0001" in said.text
    assert "90 ngày" in said.text
    assert [told(chats, case).text for case in filed(chats)] == ["Đường thôn Suối Trên ngập."]


def test_L32_a_quarrel_has_its_own_way(chats: Chats) -> None:
    """Between neighbours: led there at once, by whatever door she comes; never a case by itself."""
    for before in ("hủy", "/phananh"):
        chats.says(before)
        said = chats.says("nhà bên lấn sang đất nhà tôi một mét, hai nhà cãi nhau suốt")
        assert "không phân xử ai đúng" in said.text
    chats.later(minutes=31)
    assert filed(chats) == []


def test_at_the_desk_nobody_reports_as_a_villager(chats: Chats) -> None:
    assert "dành cho người dân" in chats.says("/phananh", chats.official()).text


# --- the same work ----------------------------------------------------------------------------------------------------


def titled(chats: Chats, title: str | None = "Đường liên thôn ngập") -> Case:
    """The neighbour's report, with an official's neutral title."""
    tap(chats, chats.says("đường thôn Suối Trên ngập, xe nhà bà Năm không đi được", NEIGHBOUR), "Gửi đi", NEIGHBOUR)
    (case,) = filed(chats)
    cases.change(chats.db, 1, case.id, title=title)
    return case


def test_L31_cung_viec_nay_shows_the_official_s_title_alone(chats: Chats) -> None:
    """Within two taps: her own number, joined to the other's case, and not one of the other's words."""
    main = titled(chats)
    said = chats.says("đường thôn Suối Trên lại ngập, xe máy không đi được")
    assert "Có phải cùng việc này: “Đường liên thôn ngập”, Thôn Suối Trên" in said.text
    assert "bà Năm" not in said.text
    said = tap(chats, said, "cùng việc này")
    assert "PA-0002" in said.text
    assert "đi chung" in said.text
    joined = filed(chats)[1]
    assert (joined.state, joined.main_id) == ("joined", main.id)
    assert cases.entries(chats.db, 1, joined.id, kinds=("joined",))[0].data["main"] == main.id


def test_L31_it_may_be_another_work(chats: Chats) -> None:
    titled(chats)
    tap(chats, chats.says("đường thôn Suối Trên lại ngập, xe máy không đi được"), "1. Gửi đi")
    assert [case.state for case in filed(chats)] == ["open", "open"]


@pytest.mark.parametrize(
    "change",
    [
        {"title": None}, {"lane": "leader"}, {"state": "done"}, {"field": "noise"}, {"village": "Thôn Bãi Trúc"},
        {"sensitive": True},
    ],
)  # fmt: skip
def test_L31_what_may_not_be_offered_is_not(chats: Chats, change: dict[str, object]) -> None:
    """Only public works under an official's title, for everybody, open, at the same place."""
    case = titled(chats)
    cases.change(chats.db, 1, case.id, **change)
    assert "cùng việc này" not in chats.says("đường thôn Suối Trên lại ngập, xe máy không đi được").text


def test_L31_a_place_on_the_map_is_a_place(chats: Chats) -> None:
    """Without a thôn, the square of a hundred metres."""
    chats.says("đèn đường hỏng tối om", NEIGHBOUR)
    tap(chats, chats.does(NEIGHBOUR, kind="location", place=[21.0285, 105.8048]), "Gửi đi", NEIGHBOUR)
    cases.change(chats.db, 1, filed(chats)[0].id, title="Đèn đường tắt")
    chats.says("đèn đường hỏng tối om")
    assert "Đèn đường tắt" in chats.does(kind="location", place=[21.0286, 105.8049]).text
    chats.says("hủy")
    chats.says("đèn đường hỏng tối om")
    assert "Đèn đường tắt" not in chats.does(kind="location", place=[21.2, 105.9]).text


def test_a_case_joined_once_follows_the_first_and_takes_its_followers_along(chats: Chats) -> None:
    """Joining the main one moves all; a closed or the same one joins nothing."""
    for _each in range(3):
        tap(chats, chats.says(FLOODED), "1. Gửi đi")
    one, two, three = filed(chats)
    work = Work(chats.db, chats.bench.place, chats.now)
    assert casework.join(work, two, one)
    assert not casework.join(work, two, one)
    assert casework.join(work, one, three)
    assert [each.main_id for each in filed(chats)] == [three.id, three.id, None]
    assert not casework.join(work, three, three)
    tap(chats, chats.says(FLOODED), "1. Gửi đi")
    four = filed(chats)[3]
    cases.move(chats.db, 1, three.id, ["open"], "done")
    assert not casework.join(work, four, cases.get(chats.db, 1, three.id) or three)


# --- pictures, voices, places -----------------------------------------------------------------------------------------


def test_pictures_voice_and_place_are_taken_at_every_question(chats: Chats) -> None:
    """Pictures first, then words, then a place, then one more picture at the look."""
    chats.says("/phananh")
    said = sends(chats)
    assert "đã nhận được" in said.text
    said = chats.says("đèn đường hỏng")
    assert "ở đâu" in said.text
    said = sends(chats)
    assert "ở đâu" in said.text
    said = chats.does(kind="location", place=[21.0285, 105.8048])
    said = sends(chats)
    assert "gửi kèm: 3" in said.text
    tap(chats, said, "Gửi đi")
    assert len(told(chats, filed(chats)[0]).files) == 3


def test_L03_a_voice_note_nobody_has_heard_is_for_the_receivers(chats: Chats) -> None:
    """Told by voice alone: no question, a number, and no other official sees it."""
    chats.says("/phananh")
    said = sends(chats, kind="voice")
    assert "gửi đi nhé" in said.text
    said = tap(chats, said, "Gửi đi")
    assert "người tiếp nhận" in said.text
    assert filed(chats)[0].lane == "receiver"


def test_an_identity_card_among_the_pictures_is_left_out(chats: Chats) -> None:
    """A file that was refused meanwhile, or is somebody else's, does not go with it."""
    chats.says("/phananh")
    chats.does(kind="photo", text="đèn đường thôn Bãi Trúc hỏng", files=[uuid.uuid4().hex])
    tap(chats, chats.says("ngay ngã ba"), "Gửi đi")
    assert told(chats, filed(chats)[0]).files == ()


async def test_the_question_where_can_be_left_out_on_every_channel(steady_town: Town) -> None:
    """Where a key of the phone shares the place, the choices beside it come back as words."""
    citizen = await towns.villager(steady_town)
    await citizen.says("đèn đường hỏng")
    citizen.sees("Việc này ở đâu")
    await citizen.taps("Bỏ qua")
    citizen.sees("gửi đi nhé")
    await citizen.taps("Gửi đi")
    citizen.sees("PA-0001")


async def test_L27_half_an_hour_on_every_channel(town: Town, citizen: Somebody) -> None:
    """She wrote it and went away: the number comes by itself."""
    await citizen.says(FLOODED)
    await town.later(minutes=31)
    await citizen.looks()
    citizen.sees("chưa bấm gửi", "PA-0001", "cán bộ sẽ hỏi thêm")


async def test_L03_a_picture_that_is_refused_takes_no_words_with_it(steady_town: Town) -> None:
    """Her caption stays when the picture cannot be kept."""
    citizen = await towns.villager(steady_town)
    await citizen.says("/phananh")
    await citizen.sends("photo", towns.PHOTO, "image/jpeg", "đèn đường thôn Bãi Trúc hỏng")
    citizen.sees("đèn đường thôn Bãi Trúc hỏng", "gửi đi nhé")
    await citizen.taps("Gửi đi")
    citizen.sees("PA-0001")


@pytest.mark.parametrize("words", ["toi muon bao viec", "tôi muốn báo việc cho xã"])
def test_L27_wanting_to_tell_something_begins_it(chats: Chats, words: str) -> None:
    """Without accents, too: she is asked what it is."""
    assert "Ông/bà muốn báo xã việc gì" in chats.says(words).text


def test_B04_a_right_cut_off_told_without_accents_is_asked_about(chats: Chats) -> None:
    """It names a procedure, and may be a complaint: one question, with both among the answers."""
    said = chats.says("nha toi bi cat ho ngheo khong ro ly do")
    labels = [each["label"] for each in said.buttons]
    assert "Đúng, tôi muốn khiếu nại" in labels
    assert any("thủ tục" in each for each in labels)
