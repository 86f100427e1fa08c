"""A villager writes as people write and reaches the right thing; what is near is asked, what is missing called so."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.app import HANDLERS
from bot.commune import Fact
from tests import town as towns
from tests.bot.turns import Bench, Chats, Said
from tests.town import Person, Somebody, Town


@pytest.fixture
def town(steady_town: Town) -> Town:
    """Dialogues here run straight through: understanding keeps nothing from one message to the next."""
    return steady_town


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench(HANDLERS)
    yield made
    made.close()


def labels(said: Said) -> list[str]:
    return [button["label"] for button in said.buttons]


def taps(chats: Chats, said: Said, label: str) -> Said:
    """Tap the button with that label."""
    return chats.taps(next(button["token"] for button in said.buttons if button["label"] == label))


@pytest.mark.parametrize(
    ("text", "shows"),
    [
        ("hoof sow cuar tooi ddaxx xong chuwa", "gõ mã hồ sơ"),
        ("hs e nop tuan truoc xong chua a", "gõ mã hồ sơ"),
        ("t7 co lam k", "Từ thứ Hai"),
        ("Ủy ban mình nằm ở chỗ nào hả cháu", "Trụ sở"),
        ("chỗ gửi xe máy ở đâu zậy", "xe"),
        ("cho xin pass wifi vs", "Wifi"),
        ("sdt can bo dia chinh", "Danh bạ"),
        ("ct xa tiep dan ngay nao", "tiếp công dân"),
        ("noi chuyen voi nhan vien", "muốn hỏi cán bộ việc gì"),
        ("Đèn đường chết cả tuần r", "Việc này ở đâu"),
        ("thon minh hop may gio v", "ở đây chưa có"),
        ("cho bác đặt lịch sáng mai", "ở đây chưa có"),
        ("có người gọi bảo đọc mã otp", "không ai hỏi mã OTP"),
        ("zalo này của xã thật hay giả", "đây là Trợ lý của UBND"),
        ("xoa tt cua toi", ""),
        ("bạn biết nói tiếng Mông không", "tiếng phổ thông"),
        ("hát cho nghe một bài", "máy trả lời"),
        ("chào em", "mã OTP"),
        ("huy giup toi", "không có việc gì đang làm dở"),
        ("lùi lại", "không có câu hỏi nào"),
        ("cam on nha", "cảm ơn ông/bà"),
    ],
)
def test_whatever_way_it_is_written_it_reaches_the_right_thing(chats: Chats, text: str, shows: str) -> None:
    """Telex left over, no accents, short forms, the South, several ways of asking the same."""
    said = chats.says(text)
    assert said.route in ("code_or_phrase", "menu")
    assert "chưa hiểu" not in said.text
    assert shows in said.text


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        *((text, "đây chỉ là máy trả lời", "có thể hỏi") for text in (
            "em có người yêu chưa", "kể chuyện cười đi", "hihi", "test", "ăn cơm chưa", "em yêu anh",
        )),
        *((text, "Chắc có việc làm ông/bà chưa vừa lòng", "cứ kể việc của mình") for text in (
            "mày ngu thế", "do ngu", "địt mẹ", "dit me", "đm", "VCL", "óc chó", "ddijt mej",
        )),
    ],
)  # fmt: skip
def test_L18_jokes_and_abuse_are_passed_over_kindly(chats: Chats, text: str, first: str, second: str) -> None:
    """However often: a kind word and the way to a person; nobody is called, and no sentence comes twice in a row."""
    for _again in range(2):
        for words in (first, second):
            said = chats.says(text)
            assert words in said.text
            assert "chưa hiểu" not in said.text
            assert said.buttons[-1]["token"] == "#person:"


def test_L18_after_a_joke_the_first_word_not_understood_is_the_first(chats: Chats) -> None:
    """Jokes do not bring a person any sooner, nor later: it takes two in a row that are not understood (L10)."""
    for text in ("hihi", "test"):
        chats.says(text)
    chats.says("hihi")
    assert "Cán bộ sẽ giúp" not in chats.says("qwrtz plm").text
    assert "Cán bộ sẽ giúp" in chats.says("qwrtz plm").text


@pytest.mark.parametrize(
    ("text", "shows"),
    [
        ("địt mẹ hồ sơ của tao đâu", "mã hồ sơ"),
        ("đm mấy giờ mở cửa", "Từ thứ Hai"),
        ("dm cho tao gap can bo", "cán bộ"),
        ("thằng cán bộ Bình ăn tiền", "không giữ lời"),
    ],
)
def test_L18_what_is_wanted_besides_abuse_wins(chats: Chats, text: str, shows: str) -> None:
    """Whoever swears and asks gets the answer to what was asked; an accusation stays one."""
    said = chats.says(text).text
    assert shows in said
    assert "chưa vừa lòng" not in said


def test_several_matters_in_one_message_lose_none(chats: Chats) -> None:
    """The first is answered at once, the others wait under it as buttons."""
    said = chats.says("Mấy giờ xã mở cửa ạ? Với lại có wifi không, đăng ký tạm trú cần gì")
    assert "Từ thứ Hai" in said.text
    assert "còn hỏi việc khác" in said.text
    assert labels(said)[-2:] == ["Wifi", "Hỏi về thủ tục, giấy tờ"]
    assert "Wifi miễn phí" in taps(chats, said, "Wifi").text
    assert "ở đây chưa có" in taps(chats, said, "Hỏi về thủ tục, giấy tờ").text


def test_two_codes_and_a_question_lose_none(chats: Chats) -> None:
    """A code is looked up; a second one and the opening hours are offered."""
    said = chats.says("xem H99.33-261125-0001 với H99.33-261125-0002 giúp, mai xã có làm không")
    assert "H99.33-261125-0001" in said.text
    assert labels(said)[-2:] == ["Tra hồ sơ H99.33-261125-0002", "Giờ làm việc"]
    assert "H99.33-261125-0002" in taps(chats, said, "Tra hồ sơ H99.33-261125-0002").text


async def test_a_complaint_without_accents_is_confirmed_and_then_explained(citizen: Person, official: Person) -> None:
    """It is asked about; the explanation says what it is and how long, and never that it has been accepted."""
    await citizen.says("toi muon khieu nai")
    citizen.sees("ông/bà muốn khiếu nại phải không")
    assert citizen.buttons() == ["Đúng, tôi muốn khiếu nại", "Phản ánh, kiến nghị", "Gặp cán bộ"]
    await citizen.taps("Đúng, tôi muốn khiếu nại")
    citizen.sees("hạn 90 ngày", "chưa phải là nộp đơn", "ký tên hoặc điểm chỉ", "đọc cho ông/bà nghe")
    citizen.sees_not("đã thụ lý", "đã tiếp nhận")
    await citizen.says("Tôi khiếu nại việc thu hồi đất, hồ sơ của tôi cũng chưa xong")
    citizen.sees("hạn 90 ngày", "còn hỏi việc khác")
    await official.looks()
    assert official.news == []


async def test_an_accusation_in_telex_is_asked_about_by_the_guard(citizen: Person, official: Person) -> None:
    """Keys left over hide nothing from the question, and nothing reaches the shared chat before it is answered."""
    await citizen.says("toos caos can bo nhan tien")
    citizen.sees("tố cáo")
    await official.looks()
    official.sees_not("nhan tien", "toos caos")
    await citizen.says("1")
    citizen.sees("không giữ lời")


def test_a_follow_up_with_nothing_before_it_is_asked_about(chats: Chats) -> None:
    """ "còn phí?" could be several things: one question, numbered, a person among the choices."""
    said = chats.says("còn phí?")
    assert "ông/bà muốn hỏi việc nào" in said.text
    assert labels(said) == ["1. Hỏi về thủ tục, giấy tờ", "2. Tra cứu hồ sơ", "3. Gặp cán bộ"]
    assert "gõ mã hồ sơ" in chats.says("2").text


def test_A16_a_question_about_a_procedure_is_named_and_honestly_answered(chats: Chats) -> None:
    """The procedure is called by the words that separate it; what is not here yet is said so, with hours and phone."""
    said = chats.says("giấy khai sinh mất rồi giờ đăng ký lại thế nào")
    for told in ("Ông/bà hỏi về: đăng ký lại khai sinh", "ở đây chưa có", "gõ số 0", "Từ thứ Hai", "gọi"):
        assert told in said.text
    assert "Ông/bà hỏi về: bản sao khai sinh" in chats.says("xin trich luc khai sinh can gi").text


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("tru so moi cua xa o cho nao", "Trụ sở"),
        ("trưa có nghỉ không", "Từ thứ Hai"),
        ("xe hơi đậu chỗ nào", "xe"),
        ("có ghế ngồi chờ không cháu", "chờ"),
        ("có mạng miễn phí không", "Wifi"),
        ("photo giấy tờ ở đâu", "Photo"),
    ],
)
def test_A21_facts_of_the_house_are_found_in_her_own_words(chats: Chats, asked: str, told: str) -> None:
    """Where, when, parking, waiting room, wifi and photocopier, asked as people ask."""
    assert told.casefold() in chats.says(asked).text.casefold()


def test_whoever_is_not_meant_says_so_by_a_button(chats: Chats) -> None:
    """What stops everything is never done for words that may mean something else."""
    said = chats.says("hình như nhầm máy rồi cháu ơi")
    assert "ông/bà muốn hỏi việc nào" in said.text
    assert "xin lỗi" in taps(chats, said, "1. Không phải tôi").text.casefold()


async def test_who_she_wants_to_talk_to_is_passed_on(citizen: Person, official: Person) -> None:
    """Words that already say whom or what are not asked again and reach the office."""
    await citizen.says("cho tôi gặp cán bộ tư pháp hỏi việc khai sinh của cháu")
    citizen.sees("thôn nào")
    await citizen.says("bỏ qua")
    await official.looks()
    official.sees("cán bộ tư pháp")


async def test_L07_words_that_only_tell_something_stay_with_the_talk_that_expired(town: Town, citizen: Person) -> None:
    """After a talk has expired a report is kept for it, a clear question is answered."""
    await citizen.says("0")
    await town.later(hours=3)
    await citizen.says("đường thôn tôi ngập")
    citizen.sees("còn làm dở")
    await citizen.says("mấy giờ mở cửa vậy cháu")
    citizen.sees("Từ thứ Hai")


def test_a_button_of_before_a_change_is_answered(chats: Chats) -> None:
    """An intent that is gone leads to help and not to silence."""
    assert "/tracuu" in chats.taps("#intent:gone").text


def test_the_days_of_the_law_are_the_commune_s_when_it_writes_them(bench: Bench, chats: Chats) -> None:
    """[facts.complaint_days] in commune.toml changes the days; what is no number changes nothing."""
    facts = {"complaint_days": Fact(value="60 ngày"), "complaint_settle_days": Fact(value="chưa rõ")}
    commune = bench.place.commune.model_copy(update={"facts": facts})
    chats.dispatcher.place = replace(bench.place, commune=commune)
    said = chats.says("Tôi muốn khiếu nại")
    assert "hạn 60 ngày" in said.text
    assert "30 ngày" in said.text


def test_an_official_s_words_in_the_office_are_not_understood(chats: Chats) -> None:
    """At /office only commands and their words count."""
    assert chats.says("đèn đường hỏng", chats.official()).route == "menu"


async def test_the_commune_s_own_words_count_in_the_chat(town: Town) -> None:
    """A phrase of DATA_DIR/phrases.csv is understood from the next start on."""
    file = town.settings.data_dir / "phrases.csv"
    file.write_text("Việc;Cụm từ;Mức\ngiờ làm việc;phiên chợ Suối Lành;chắc\nbán hàng;gì đó;\n", "utf-8")
    await town.restart()
    citizen = await towns.villager(town)
    await citizen.says("hom nao co phien cho suoi lanh")
    citizen.sees("Từ thứ Hai")


async def test_nobody_waits_for_the_table_to_be_read(steady_town: Town) -> None:
    """It is read and indexed at start: the first message finds it, even if the file has gone since."""
    file = steady_town.settings.data_dir / "phrases.csv"
    file.write_text("Việc;Cụm từ;Mức\ngiờ làm việc;phiên chợ Suối Lành;chắc\n", "utf-8")
    await steady_town.restart()
    file.unlink()
    assert {"by_first", "vocabulary", "letters", "spelt"} <= vars(steady_town.app.place.phrases.table).keys()
    citizen = await towns.villager(steady_town)
    await citizen.says("hom nao co phien cho suoi lanh")
    citizen.sees("Từ thứ Hai")


async def test_another_matter_in_the_middle_of_a_question_is_one_tap_away(citizen: Somebody) -> None:
    """She asks when the office is open while her code is asked for: offered as a button, which can be typed; then the
    question goes on."""
    await citizen.says("tra cứu hồ sơ")
    citizen.sees("gõ mã hồ sơ")
    await citizen.says("ủy ban làm việc mấy giờ")
    citizen.sees("gõ mã hồ sơ", "muốn hỏi việc khác")
    assert "Giờ làm việc" in citizen.buttons()
    await citizen.says("gio lam viec")
    citizen.sees("Từ thứ Hai đến thứ Sáu")
    await citizen.says("H99.33")
    citizen.sees("gõ mã hồ sơ")
    citizen.sees_not("việc khác")


async def test_nonsense_in_the_middle_of_a_question_offers_nothing_else(citizen: Somebody) -> None:
    """What means nothing gets the hint alone."""
    await citizen.says("tra cứu hồ sơ")
    await citizen.says("asdkjh qwe")
    citizen.sees("gõ mã hồ sơ")
    citizen.sees_not("việc khác")
