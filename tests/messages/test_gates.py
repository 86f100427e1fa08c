"""The accusation gate and the emergency gate: what they hear, and what they must not hear."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.gates import accuses, courtesy, emergency, finished


@pytest.mark.parametrize(
    "text",
    [
        "Tôi muốn tố cáo cán bộ nhận tiền",
        "tôi TỐ CÁO ông trưởng thôn",
        "Cán bộ địa chính đòi tiền mới làm sổ đỏ",
        "trưởng thôn bao che cho người nhà",
        "Ông chủ tịch tham ô tiền làm đường",
        "Kế toán xã nhận tiền của bà con mà không có biên lai",
        "công an đánh tôi",
        "Phải lót tay mới xong",
    ],
)
def test_L03_an_accusation_is_heard(text: str) -> None:
    """Words that accuse a person are recognised when they carry their accents."""
    assert accuses(text) == "yes"


@pytest.mark.parametrize(
    "text",
    [
        "to cao",
        "toi muon to cao can bo",
        "can bo nhan tien",
        "truong thon bao che",
        "Thủ tục tố cáo thế nào?",
        "hàng xóm đòi tiền tôi",
    ],
)
def test_L03_a_doubtful_accusation_is_asked_about(text: str) -> None:
    """Without accents, in a question about the procedure or between neighbours nothing is decided: it is asked."""
    assert accuses(text) == "maybe"


@pytest.mark.parametrize(
    "text",
    [
        "Hồ sơ của tôi xong chưa?",
        "Tôi nhận tiền trợ cấp ở đâu",
        "Nhờ cán bộ hỏi giúp, tôi nhận tiền ở đâu",
        "Đường thôn tôi ngập",
        "Cảm ơn cán bộ nhiệt tình",
        "tổ cao tuổi họp khi nào",
        "tờ cao nhất là bao nhiêu",
        "",
    ],
)
def test_L03_ordinary_words_accuse_nobody(text: str) -> None:
    """Questions, thanks and words that only look alike pass."""
    assert accuses(text) == "no"


def test_L03_decomposed_letters_change_nothing() -> None:
    """A phone that sends decomposed Unicode is heard the same."""
    assert accuses("Tôi tố cáo cán bộ") == "yes"
    assert accuses("to\u0302\u0301 ca\u0301o") == "yes"


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Cháy nhà rồi, cứu với", "fire"),
        ("chay nha o thon 2", "fire"),
        ("có tai nạn ở ngã ba", "health"),
        ("bà tôi ngất xỉu", "health"),
        ("đánh nhau ngoài chợ", "violence"),
        ("có cháu bé đuối nước", "rescue"),
    ],
)
def test_L13_a_cry_for_help_has_a_topic(text: str, topic: str) -> None:
    """A cry for help is heard with and without accents, and its topic says whom to call."""
    assert emergency(text) == topic


@pytest.mark.parametrize(
    "text",
    [
        "cháy bóng đèn đường",
        "hàng cháy rồi",
        "bóng đèn bị cháy rồi",
        "bong den bi chay roi",
        "tập huấn phòng cháy chữa cháy",
        "chế độ tai nạn lao động",
        "bị ngắt điện",
        "đèn cháy",
    ],
)
def test_L13_what_sounds_alike_is_no_emergency(text: str) -> None:
    """A burnt bulb, goods that sell out and insurance against accidents trigger nothing."""
    assert emergency(text) is None


@pytest.mark.parametrize("text", ["dạ", "Vâng ạ", "cảm ơn", "Cảm ơn cán bộ!", "👍", "ok"])
def test_L01_manners_are_recognised(text: str) -> None:
    """Thanks and assent are manners, not messages."""
    assert courtesy(text)


def test_L01_a_message_is_more_than_manners() -> None:
    """Thanks followed by a question is a message; saying that it is done is its own thing."""
    assert not courtesy("cảm ơn, cho tôi hỏi thêm")
    assert finished("Xong rồi ạ")
    assert not finished("xong chưa")


@given(st.text())
def test_no_text_breaks_a_gate(text: str) -> None:
    """The gates answer for any text at all."""
    assert accuses(text) in {"yes", "maybe", "no"}
    emergency(text)
    courtesy(text)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("nhà bà Năm bên cạnh cháy", "fire"),
        ("Cháy! Cháy!", "fire"),
        ("cứu với bà con ơi", "violence"),
        ("chồng say rượu đánh tôi", "violence"),
        ("có trộm vào nhà", "violence"),
        ("người bị thương ở đầu cầu", "health"),
    ],
)
def test_L13_crime_injury_and_a_shout_are_heard(text: str, topic: str) -> None:
    """Something that burns further on in the sentence, blows, thieves, a bare shout."""
    assert emergency(text) == topic


@pytest.mark.parametrize(
    "text",
    ["cho xin danh ba xa", "xe chạy quá tốc độ", "chợ bán hàng cháy", "tường bong tróc", "tra cứu", "xã có đánh giá gì",
     "sổ đỏ bị cháy", "thủ tục tuyên bố mất tích", "đổ trộm rác", "mẹ tôi gãy chân không đi được", "nước chảy vào nhà"],
)  # fmt: skip
def test_L13_papers_roads_and_the_sick_at_home_are_no_emergency(text: str) -> None:
    """Words that share letters with a cry for help, and what happened long ago, trigger nothing."""
    assert emergency(text) is None
