"""What an incoming text is: one test for each step of the precedence, in its order, and for what wins over what."""

from collections.abc import Iterator

import pytest

from bot.app import HANDLERS
from bot.router import Router
from storage import requests
from tests import form
from tests.bot.turns import VILLAGER, Bench, Chats, Who
from tests.handlers.test_case_follow import asked, filed

EMERGENCY = "Cháy nhà rồi, cứu với"
ACCUSES = "Cán bộ địa chính đòi tiền lót tay"
CODE = "H99.33-261125-0001"
STEPS = (
    "token", "whole_command", "emergency", "accusation", "live_question", "latest_list", "with_a_person",
    "about_case", "code_or_phrase", "late_answer", "menu",
)  # fmt: skip


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench((*HANDLERS, form))
    yield made
    made.close()


@pytest.fixture
def chats(bench: Bench) -> Iterator[Chats]:
    for kept in (form.filed, form.checked, form.taken):
        kept.clear()
    with bench.town() as town:
        yield town


def asks_for_a_person(chats: Chats, about: str = "Giấy khai sinh sai tên", who: Who = VILLAGER) -> None:
    chats.says("0", who)
    chats.says(about, who)
    assert "số" in chats.says("bỏ qua", who).text


def test_the_order_is_the_one_of_the_design() -> None:
    """The list in the code is the list in this file; a step that is moved or added needs a test here."""
    assert tuple(step.__name__ for step in Router.PRECEDENCE) == STEPS
    spoken = [step for step in Router.WORDLESS if step not in (Router.list_of_dossiers, Router.no_list)]
    assert [step for step in Router.PRECEDENCE if step in Router.WORDLESS] == spoken


# --- (1) one of our tokens --------------------------------------------------------------------------------------------


def test_1_a_token_is_a_tap_however_it_comes(chats: Chats) -> None:
    """As a tap, or typed as words (as one messenger returns it), in any state."""
    assert chats.taps("#hours:").route == "token"
    typed = chats.says(" #hours: ")
    assert typed.route == "token"
    assert "thứ Hai" in typed.text
    chats.says("làm đơn")
    assert chats.says("#hours:").route == "token"
    assert chats.says("1").route == "live_question"


@pytest.mark.parametrize(
    "text", ["#", "#x", "#hours", "# hours:", "#hours:đ", "#" + "a" * 70 + ":", "#1.=x", "xem #hours:"]
)
def test_1_what_only_looks_like_a_token_is_text(chats: Chats, text: str) -> None:
    """Hash signs in ordinary words mean nothing."""
    assert chats.says(text).route != "token"


@pytest.mark.parametrize(
    "text",
    [
        "#gone:1",
        "#zzz.q=1",
        "#talk:resume,zzz",
        "#talk:",
        "#talk:nonsense,1,2",
        "#lookup:a,b,c",
        "#pick:a",
        "#hours:x",
        "#pick:a,b",
        "#dossier-details:",
        "#talk:begin,dossier-details",
        "#talk:begin,accusation",
    ],
)
def test_1_a_token_nobody_knows_is_answered(chats: Chats, text: str) -> None:
    """A button of a route or a talk that is gone, or with strange arguments, gets a sentence."""
    said = chats.says(text)
    assert said.route == "token"
    assert said.text


# --- (2) a command as a whole -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shows"),
    [("/tracuu", "gõ mã hồ sơ"), ("/trogiup", "/tracuu"), ("0", "hỏi cán bộ"), ("/huy", ""), ("/quaylai", "")],
)
def test_2_a_command_as_a_whole_message(chats: Chats, text: str, shows: str) -> None:
    """Commands and "0", with no question open."""
    said = chats.says(text)
    assert said.route == "whole_command"
    assert said.text
    assert shows in said.text


@pytest.mark.parametrize(
    "text", ["quay lại", "Quay lai", "/quaylai", "/back", "hủy", "HUY", "/huy", "thôi", "0", "/tracuu", "/TRACUU"]
)
def test_2_a_command_inside_a_question(chats: Chats, text: str) -> None:
    """Back, cancel, "0" and commands are never taken for an answer."""
    chats.says("làm đơn")
    chats.says("Đường")
    assert chats.says(text).route == "whole_command"
    assert form.filed == []


def test_2_zero_inside_a_question_is_a_person(chats: Chats) -> None:
    """ "0" asks for a person; the form is kept, and "tiếp tục" goes on with it."""
    chats.says("làm đơn")
    chats.says("Đường")
    said = chats.says("0")
    assert "hỏi cán bộ" in said.text
    assert "Mẫu đơn" in said.text
    chats.says("thôi")
    said = chats.says("tiếp tục")
    assert said.route == "whole_command"
    assert "Xin kể rõ." in said.text


@pytest.mark.parametrize("text", ["00", "0 0", "số 0", "-0", "quay lại trường cũ", "hủy hồ sơ giúp tôi", "thôi để mai"])
def test_2_a_command_within_words_is_no_command(chats: Chats, text: str) -> None:
    """Only a message that is the command as a whole counts."""
    assert chats.says(text).route != "whole_command"


@pytest.mark.parametrize("text", ["quay lại", "hủy", "thôi", "tiếp tục"])
def test_2_without_a_form_there_is_nothing_to_stop(chats: Chats, text: str) -> None:
    """Outside a form these are ordinary words, and get an answer."""
    said = chats.says(text)
    assert said.route != "whole_command"
    assert said.text


def test_2_a_command_nobody_knows_is_text(chats: Chats) -> None:
    """ "/xyz" is neither hidden nor an error."""
    assert chats.says("/xyz").route == "menu"


# --- (3) the gates ----------------------------------------------------------------------------------------------------


def test_3_a_cry_for_help_wins_over_a_question(chats: Chats) -> None:
    """Inside a question the short numbers come first, the question is set aside, and the form has no such answer."""
    for _each in range(2):
        chats.taps("#talk:begin,form")
        chats.says("Đường")
        said = chats.says(EMERGENCY)
        assert said.route == "emergency"
        assert "114" in said.text
        assert chats.says("thôn Suối Trên").route == "with_a_person"
    assert "Xin kể rõ." in chats.says("tiếp tục").text
    assert chats.says("Đèn đường tắt").route == "live_question"


def test_3_what_was_no_cry_for_help_is_the_answer(chats: Chats) -> None:
    """ "Nothing urgent is happening" gives her words back to the question that was set aside."""
    chats.says("làm đơn")
    chats.says("Đường")
    said = chats.says(EMERGENCY)
    said = chats.taps(next(each["token"] for each in said.buttons if "emergency-none" in each["token"]))
    assert "Có ảnh không?" in chats.taps(said.buttons[0]["token"]).text


def test_3_an_accusation_wins_over_a_question(chats: Chats) -> None:
    """Inside a question she is asked first; nothing reaches the form or the shared chat before."""
    chats.says("làm đơn")
    chats.says("Đường")
    said = chats.says(ACCUSES)
    assert said.route == "accusation"
    assert not [body for body in said.everything if ACCUSES in body["text"]]
    assert form.filed == []


def test_3_a_cry_for_help_wins_over_an_accusation(chats: Chats) -> None:
    """Who is in danger gets numbers first, whoever is accused."""
    assert chats.says(f"{ACCUSES}, nó đang đánh tôi, {EMERGENCY}").route == "emergency"


def test_3_the_gates_stand_before_lists_and_persons(chats: Chats) -> None:
    """After a list, and with a person, an accusation is still caught."""
    chats.says("xem bảng")
    assert chats.says(EMERGENCY, Who("", "another")).route == "emergency"
    asks_for_a_person(chats)
    said = chats.says(ACCUSES)
    assert said.route == "accusation"
    assert not [body for body in said.everything if ACCUSES in body["text"]]


@pytest.mark.parametrize("text", [EMERGENCY, ACCUSES, "0", CODE])
def test_3_what_officials_type_is_not_gated(chats: Chats, text: str) -> None:
    """At /office nothing is a cry for help, an accusation or a wish for a person; it is sent to nobody."""
    said = chats.says(text, chats.official())
    assert said.route == "menu"
    assert [body["text"] for body in said.everything] == [body["text"] for body in said.bodies]


@pytest.mark.parametrize("text", ["#person:", "/nguoithat", "gặp người thật", "#talk:begin,person"])
def test_3_an_official_asks_for_no_person(chats: Chats, text: str) -> None:
    """Whoever is the person already gets the office's help, and nobody a request."""
    said = chats.says(text, chats.official())
    assert "/hangdoi" in said.text
    assert requests.queue(chats.db, 1) == []


def test_3_a_stopped_talk_that_was_about_something_is_not_begun_again(chats: Chats) -> None:
    """ "Start again" is offered only where it can be kept."""
    chats.says(CODE)
    shown = chats.taps("#dossier-details:h99332611250001")
    cancel = next(each["token"] for each in shown.buttons if "cancel" in each["token"])
    chats.says("thôi")
    said = chats.taps(cancel)
    assert "đã đóng" in said.text
    assert said.buttons == []


# --- (4) the open question --------------------------------------------------------------------------------------------


def test_4_a_code_inside_an_answer_is_an_answer(chats: Chats) -> None:
    """The words answer the question; one line offers the look-up."""
    chats.says("làm đơn")
    chats.says("Đường")
    said = chats.says(f"Hồ sơ {CODE} của tôi chậm")
    assert said.route == "live_question"
    assert "Có ảnh không?" in said.text
    assert any(button["token"].startswith("#lookup:") for button in said.buttons)


def test_4_known_words_inside_a_question_are_an_answer(chats: Chats) -> None:
    """Words that would start something else answer the question that is open."""
    chats.says("làm đơn")
    chats.says("Đường")
    assert chats.says("xem bảng").route == "live_question"


def test_4_a_question_wins_over_an_older_list(chats: Chats) -> None:
    """A number after list, then question, answers the question."""
    chats.says("xem bảng")
    chats.clock.advance(form.timedelta(minutes=1))
    chats.says("làm đơn")
    said = chats.says("2")
    assert said.route == "live_question"
    assert "Xin kể rõ." in said.text


@pytest.mark.parametrize("kind", ["sticker", "photo", "file", "voice", "location"])
def test_4_what_has_no_words_answers_too(chats: Chats, kind: str) -> None:
    """A picture or a sticker goes to the question that is open."""
    chats.says("làm đơn")
    assert chats.does(kind=kind).route == "live_question"


# --- (5) the latest list ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["2", "2.", " 2 ", "02", "Hai", "hai", "HAI"])
def test_5_a_number_or_label_of_the_list(chats: Chats, text: str) -> None:
    """As it is typed: with a dot, a zero, without accents."""
    chats.says("xem bảng")
    said = chats.says(text)
    assert said.route == "latest_list"
    assert "Đã chọn b." in said.text


@pytest.mark.parametrize("text", ["1", "3", "99999999999999999999", "hai", "-1", "1.5", "²", "٢"])
def test_5_without_a_list_a_number_is_nothing(chats: Chats, text: str) -> None:
    """A number nobody asked for reaches the menu and records nothing."""
    assert chats.says(text).route == "menu"


def test_5_a_number_beyond_the_list_is_not_of_the_list(chats: Chats) -> None:
    """Only what stands there can be chosen."""
    chats.says("xem bảng")
    assert chats.says("3").route == "menu"


def test_5_a_list_wins_over_a_person(chats: Chats) -> None:
    """While a person is with her, a number of the latest list is still that choice."""
    asks_for_a_person(chats)
    chats.taps("#hours:")
    assert chats.says("còn gì nữa không ạ").route == "with_a_person"
    chats.says("/bang")
    assert chats.says("1").route == "latest_list"


# --- (6) with a person ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [f"Mã của tôi là {CODE}", "Hồ sơ của tôi xong chưa?", "blah", "trợ giúp", "12345"])
def test_6_with_a_person_words_go_to_the_person(chats: Chats, text: str) -> None:
    """Before codes and phrases: what she writes to the official is not answered by a machine."""
    asks_for_a_person(chats)
    said = chats.says(text)
    assert said.route == "with_a_person"
    assert any(text in body["text"] for body in said.everything)


def test_6_a_person_goes_before_a_question_about_a_case_and_that_before_a_phrase(chats: Chats) -> None:
    """Whatever is clearly another matter is not the answer to the office."""
    made = filed(chats)
    for words, step in (("Phía bờ suối ạ", "about_case"), ("thủ tục", "code_or_phrase"), ("/trogiup", "whole_command")):
        asked(chats, made)
        assert chats.says(words).route == step
    assert chats.does(kind="photo").route == "about_case"
    asks_for_a_person(chats)
    asked(chats, made)
    assert chats.says("Phía bờ suối ạ").route == "with_a_person"


@pytest.mark.parametrize("kind", ["photo", "file", "voice", "location"])
def test_6_pictures_go_to_the_person(chats: Chats, kind: str) -> None:
    """And so does what has no words."""
    asks_for_a_person(chats)
    assert chats.does(kind=kind).route == "with_a_person"


def test_6_commands_still_work_with_a_person(chats: Chats) -> None:
    """A command as a whole is answered, and the person stays."""
    asks_for_a_person(chats)
    assert chats.says("/tracuu").route == "whole_command"
    chats.says("thôi")
    assert chats.says("còn đó không ạ").route == "with_a_person"


# --- (7) codes and phrases --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        CODE,
        f"xem giúp {CODE} với",
        "h99.33 261125 0001",
        "Hồ sơ của tôi xong chưa",
        "ho so cua toi xong chua?",
        "mấy giờ mở cửa",
    ],
)
def test_7_a_code_or_words_we_know(chats: Chats, text: str) -> None:
    """A dossier code anywhere in the message, and the people's own words."""
    assert chats.says(text).route == "code_or_phrase"


def test_7_a_code_wins_over_phrases(chats: Chats) -> None:
    """With a code in it, "mấy giờ mở cửa" is still about the dossier."""
    assert CODE in chats.says(f"mấy giờ mở cửa để lấy {CODE}").text


def test_7_somebody_elses_words_are_not_hers(chats: Chats) -> None:
    """Words that only officials have give a villager an answer and no right."""
    said = chats.says("hàng đợi")
    assert "người chờ" not in said.text
    assert said.text


# --- (8) late answers, the menu ---------------------------------------------------------------------------------------


def test_8_a_late_answer_is_kept(chats: Chats) -> None:
    """After a form expired, words that mean nothing else are kept with it; words we know are not."""
    chats.says("làm đơn")
    chats.says("Đường")
    chats.later(hours=3)
    assert chats.says("mấy giờ mở cửa").route == "code_or_phrase"
    said = chats.says("Ổ gà sâu nửa mét")
    assert said.route == "late_answer"
    assert chats.does(kind="photo").route == "late_answer"


@pytest.mark.parametrize("text", ["blah blah", "a" * 5000, "?"])
def test_8_nothing_fits(chats: Chats, text: str) -> None:
    """A kind sentence and the menu; the second time in a row a person."""
    said = chats.says(text)
    assert said.route == "menu"
    assert "chưa hiểu" in said.text
    assert "cán bộ" in chats.says(text).text.casefold()


@pytest.mark.parametrize("text", ["", " ", "😀", "cảm ơn", "dạ vâng"])
def test_8_manners_are_no_misunderstanding(chats: Chats, text: str) -> None:
    """Thanks, a smile, a slip of the finger: a short word back, however often, and no official."""
    for _twice in range(2):
        said = chats.says(text)
        assert said.route == "menu"
        assert said.text
        assert said.buttons == []


# --- rights, replays, internal events ---------------------------------------------------------------------------------


def test_a_request_of_somebody_else_is_not_hers(chats: Chats) -> None:
    """Being with a person is a state of one chat."""
    asks_for_a_person(chats)
    other = Who("", "other")
    assert chats.says("blah", other).route == "menu"
    assert len(requests.queue(chats.db, 1)) == 1
