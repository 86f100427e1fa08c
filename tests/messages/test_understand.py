"""What people write is understood: the bars on the test sets, and each step from the typed text to the intent."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.understanding.keys import meant, same, shape, undo, written
from messages.understanding.table import Problem, Table, built_in, extend
from messages.understanding.understand import SERIOUS, understand
from messages.understanding.words import MOST, read
from tests.phrases import Case, cases

SETS = ("table_9_5", "development", "held_out")


def verdicts(name: str) -> dict[str, list[Case]]:
    """The cases of a set by verdict."""
    found: dict[str, list[Case]] = {"right": [], "slow": [], "wrong": []}
    for case in cases(name):
        found[case.judge(understand(case.text))].append(case)
    return found


# --- the bars ---------------------------------------------------------------------------------------------------------


def test_the_table_of_real_life_phrasings_is_understood() -> None:
    """Every phrasing of the reference's table, with and without accents, is led right or asked about as it says."""
    found = verdicts("table_9_5")
    assert len(found["right"]) == 106
    assert found["wrong"] + found["slow"] == []


@pytest.mark.parametrize("name", ["held_out"])
def test_most_are_led_right_at_once_and_nobody_wrong(name: str) -> None:
    """At least 95 of 100 messages are led right at once, and none to a wrong talk without a question."""
    found = verdicts(name)
    total = sum(map(len, found.values()))
    assert total >= 200
    assert found["wrong"] == []
    assert len(found["right"]) >= 0.95 * total


def test_what_was_learnt_from_stays_learnt() -> None:
    """The set that was looked at, with all that the held-out set once got wrong, leads nobody wrong."""
    found = verdicts("development")
    assert found["wrong"] == []
    assert len(found["right"]) >= 0.9 * sum(map(len, found.values()))


@pytest.mark.parametrize("name", SETS)
def test_no_complaint_or_accusation_is_taken_for_anything_ordinary(name: str) -> None:
    """Whatever complains or accuses, in any spelling, leads there or to a question about it."""
    serious = [case for case in cases(name) if case.serious]
    assert len(serious) >= 10
    lost = [case for case in serious if understand(case.text).intent not in SERIOUS]
    assert lost == []


@pytest.mark.parametrize(
    "text", ["to cao", "khieu nai", "toi muon khieu nai", "to cao can bo", "khieeus naij", "ttoos caso", "khieunai"]
)
def test_without_accents_a_complaint_is_always_asked_about(text: str) -> None:
    """ "to cao" may be anything, so it never leads by itself."""
    assert understand(text).act == "ask"


@pytest.mark.parametrize(
    "text",
    [
        "Hồ sơ của tôi quá hạn, đường cũng hỏng, tôi khiếu nại",
        "cảm ơn xã. Đèn đường sáng rồi. Mấy giờ mở cửa? Tôi khiếu nại quyết định thu hồi đất",
        "không phục, khiếu nại",
        "cha tôi khiếu nại việc đền bù",
        "đường hỏng. " * 180 + "Tôi khiếu nại quyết định xử phạt",
    ],
)
def test_a_complaint_is_never_lost_behind_something_ordinary(text: str) -> None:
    """It leads whatever stands before it, and what else was asked is offered."""
    assert understand(text).intent == "complaint"


def test_a_denied_complaint_is_none() -> None:
    """ "không khiếu nại gì đâu" is no complaint, "không khiếu nại thì ai giải quyết" may be one."""
    assert understand("tôi không khiếu nại gì đâu").act == "none"
    assert understand("không khiếu nại thì ai giải quyết cho").intent == "complaint"


# --- one message ------------------------------------------------------------------------------------------------------


def test_several_matters_in_one_message_are_all_found() -> None:
    """The first leads, the others follow in their order."""
    said = understand("hs xong chua? t7 co lam k, cho xin so dien thoai")
    assert (said.act, said.intent, said.others) == ("lead", "lookup", ("hours", "phones"))


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("khai sinh", "khai sinh"),
        ("đăng ký lại khai sinh", "đăng ký lại khai sinh"),
        ("trích lục khai sinh", "bản sao khai sinh"),
        ("khai sinh có yếu tố nước ngoài", "khai sinh có yếu tố nước ngoài"),
        ("mất sổ đỏ xin cấp lại", "cấp lại sổ đỏ"),
        ("đăng ký thường trú", "thường trú"),
        ("đăng ký tạm trú", "tạm trú"),
        ("gia hạn tạm trú", "gia hạn tạm trú"),
        ("làm giấy khai sinh và đăng ký kết hôn", ""),
    ],
)
def test_words_that_separate_procedures_are_kept(text: str, about: str) -> None:
    """lại, cấp lại, trích lục, nước ngoài, thường trú and tạm trú decide; of two procedures none is picked."""
    said = understand(text)
    assert (said.intent, said.about) == ("procedure", about)


def test_two_that_are_near_are_asked_about() -> None:
    """A follow-up with nothing before it could be several things."""
    said = understand("mất bao lâu thế")
    assert said.act == "ask"
    assert set(said.choices) == {"procedure", "lookup"}


def test_it_says_what_matched() -> None:
    """The row of the table and how each word was read can be told."""
    said = understand("hs xong chua")
    assert said.why[0].phrase.line > 1
    assert "hồ sơ" in said.words[0].how


@given(st.text(st.characters(exclude_categories=()), max_size=80))
def test_any_text_at_all_is_answered(text: str) -> None:
    """Nothing raises: lone surrogates, control signs, any script."""
    assert understand(text).act in {"lead", "ask", "none"}


@given(st.lists(st.sampled_from(sorted(built_in().vocabulary)), max_size=12).map(" ".join))
def test_any_words_of_the_table_are_answered(text: str) -> None:
    """Its own words in any order break nothing."""
    assert understand(text).act in {"lead", "ask", "none"}


def test_a_letter_is_read_to_its_end() -> None:
    """5,000 characters of ordinary words are fewer than are read."""
    text = "hồ sơ của tôi nộp đã lâu mà chưa có " * 139
    assert len(text) > 5000
    assert len(read(text[:5000], built_in())) < MOST


# --- keys and words ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "word"),
    [
        ("hoof", "hồ"), ("sow", "sơ"), ("phanr", "phản"), ("anhs", "ánh"), ("ddawng", "đăng"), ("kys", "ký"),
        ("dduwowngf", "đường"), ("nguwowif", "người"), ("quawngs", "quắng"), ("khieeus", "khiếu"), ("caso", "cáo"),
        ("ho62", "hồ"), ("so7", "sơ"), ("d9u7o7ng2", "đường"), ("ca62n", "cần"), ("thoong", "thông"),
        ("ttoos", "tố"), ("muaw", "mưa"), ("quys", "quý"), ("giaays", "giấy"), ("hoafn", "hoàn"), ("hoaf", "hòa"),
    ],
)  # fmt: skip
def test_keys_that_were_not_composed_are(token: str, word: str) -> None:
    """Telex and VNI, tone key at the end or in the middle."""
    undone = undo(token)
    assert undone is not None
    assert undone[0] == word
    assert shape(meant(token)).plain


@pytest.mark.parametrize(
    "token",
    [
        "xoong", "test", "facebook", "max", "zalo", "google", "wifi", "xong", "toi", "h55", "ct01", "nguyễn", "krông",
        "h99.33", "0912345678", "a", "", "as", "gas", "vneid", "hihi", "qwertz", "w", "s",
    ],
)  # fmt: skip
def test_what_is_a_word_already_stays(token: str) -> None:
    """Ordinary, foreign and made-up words, codes and names are not touched."""
    assert undo(token) is None
    assert meant(token) == token


@pytest.mark.parametrize(
    ("said", "word", "is_it"),
    [
        ("ho", "hồ", True), ("hô", "hồ", True), ("hồ", "hồ", True), ("hổ", "hồ", False), ("sữa", "sửa", True),
        ("tờ", "tố", False), ("hoà", "hòa", True), ("kĩ", "kỹ", True), ("đường", "duong", False), ("họ", "hộ", True),
    ],
)  # fmt: skip
def test_missing_accents_are_forgiven_and_other_accents_are_another_word(said: str, word: str, is_it: bool) -> None:
    """Accents may be left out, and hỏi may be ngã; a different accent is a different word."""
    assert same(shape(said), shape(word)) is is_it
    assert same(shape(unicodedata.normalize("NFD", said)), shape(word)) is is_it


@given(st.sampled_from(["hồ", "đường", "quý", "giấy", "thuở", "khuya", "nghiêng", "ước", "gì", "ý", "quốc", "hòa"]))
def test_a_shape_is_written_as_it_was(word: str) -> None:
    """Taking a word apart and writing it gives the same word."""
    assert shape(written(shape(word))) == shape(word)


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("hs", "ho so"), ("t7 co lam k", "thu 7 co lam khong"), ("8h30", "8 gio 30"), ("thôn2", "thon 2"),
        ("hosocuatoi", "ho so cua toi"), ("lắmmmm", "lam"), ("t.ố c.á.o", "to cao"), ("khai sihn", "khai sinh"),
        ("nàm đơn", "lam don"), ("sử lý", "xu li"), ("gcn qsdđ", "so do"), ("hông", "khong"), ("facebook", "facebook"),
        ("ngày 30.4", "ngay 304"), ("🙏 hồ\u200b sơ", "ho so"),
    ],
)  # fmt: skip
def test_short_forms_slips_and_regional_spellings_are_written_out(text: str, letters: str) -> None:
    """Each step of reading; what changed a word is noted on it."""
    assert " ".join(word.bare for word in read(text, built_in())) == letters


# --- a commune's own phrases ------------------------------------------------------------------------------------------


def row(intent: str, words: str, strength: str = "", unless: str = "", about: str = "") -> dict[str, object]:
    return {"Việc": intent, "Cụm từ": words, "Mức": strength, "Trừ khi": unless, "Nói về": about}


def extended(*rows: dict[str, object]) -> tuple[Table, list[Problem]]:
    table = built_in().copy()
    return table, extend(table, list(enumerate(rows, 2)))


def test_a_commune_adds_its_own_words() -> None:
    """A phrase, an abbreviation and a group of its own; the built-in table is not touched."""
    table, problems = extended(
        row("nhóm từ", "đồi = đồi chè/nương chè"),
        row("viết tắt", "hcct = hỗ trợ cây con"),
        row("procedure", "<đồi> … trồng", "thường", "", "hỗ trợ trồng chè"),
        row("Hỏi thủ tục", "hỗ trợ cây con", "", "không cần", "hỗ trợ cây con"),
    )
    assert problems == []
    assert understand("nương chè nhà em muốn trồng lại", table).about == "hỗ trợ trồng chè"
    assert understand("xin hcct", table).about == "hỗ trợ cây con"
    assert understand("hỗ trợ cây con thì không cần", table).about == ""
    assert understand("xin hcct").act == "none"


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (row("", "xin cây con"), "chưa ghi việc"),
        (row("bán hàng", "mua cây con"), "không có việc nào tên “bán hàng”"),
        (row("hours", " ?!"), "còn trống"),
        (row("hours", "…"), "còn trống"),
        (row("hours", "của tôi"), "quá thông dụng"),
        (row("hours", "mo"), "quá ngắn"),
        (row("hours", "chợ phiên", "rất chắc"), "không có mức"),
        (row("hours / where", "chợ phiên"), "hỏi lại"),
        (row("hours", "<chợ> phiên"), "không có nhóm từ “chợ”"),
        (row("viết tắt", "hcct"), "hs = hồ sơ"),
        (row("hours", "một hai ba bốn năm sáu bảy tám chín mười chợ phiên nữa"), "dài quá"),
        (row("hours", "giờ hành chính nhé /"), ""),
    ],
)
def test_a_bad_row_says_what_is_wrong_and_the_others_count(bad: dict[str, object], says: str) -> None:
    """One sentence in Vietnamese with the line; the good rows are used."""
    table, problems = extended(bad, row("hours", "phiên chợ mở"))
    assert [str(each) for each in problems if says not in str(each)] == []
    assert bool(problems) is bool(says)
    assert all(str(each).startswith("Dòng 2: ") for each in problems)
    assert understand("phiên chợ mở", table).intent == "hours"


def test_the_same_phrase_twice_is_told() -> None:
    """A duplicate, one that the program has, and one that says something else already."""
    _table, problems = extended(
        row("hours", "phiên chợ mở"),
        row("hours", "Phiên chợ  mở"),
        row("where", "phiên chợ mở"),
        row("report", "kiến_nghị"),
        row("hours", "kiến_nghị"),
    )
    assert [problem.line for problem in problems] == [3, 4, 5, 6]
    assert "ở dòng 2" in str(problems[0])
    assert "việc khác: giờ làm việc" in str(problems[1])
    assert "trong bảng có sẵn" in str(problems[2])
