"""Vietnamese text: repaired without being changed, and folded until spellings that mean the same are the same."""

import unicodedata

import pytest
from anyascii import anyascii
from hypothesis import given
from hypothesis import strategies as st

from messages.fold import choose, fold, match, nfc

LETTERS = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
TONED = [unicodedata.normalize("NFC", letter + tone) for letter in LETTERS for tone in TONES]
VIETNAMESE = st.text(st.sampled_from([*TONED, *"bcdđghklmnpqrstvxBCDĐGHKLMNPQRSTVX 0123456789"]), max_size=60)
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=60)


@given(VIETNAMESE)
def test_nfd_comes_back_as_it_was(text: str) -> None:
    """What a phone sends in NFD is the same text as in NFC."""
    assert nfc(unicodedata.normalize("NFD", text)) == text


def test_marks_in_the_wrong_order_are_repaired() -> None:
    """A tone typed before its circumflex, breve or horn still gives one Vietnamese letter."""
    assert nfc("e\u0301\u0302") == nfc("\u00e9\u0302") == "ế"
    assert nfc("a\u0309\u0306 o\u0300\u031b a\u0323\u0302 O\u0303\u0302") == "ẳ ờ ậ Ỗ"


def test_every_toned_vowel_survives_every_order_of_its_marks() -> None:
    """All 144 toned vowels come out the same whichever mark was typed first."""
    for letter in TONED:
        base, *marks = unicodedata.normalize("NFD", letter)
        assert nfc(base + "".join(reversed(marks))) == letter


def test_the_icelandic_eth_is_a_vietnamese_d() -> None:
    """Ð (U+00D0) looks like Đ and is taken for it."""
    assert nfc("Ðường") == "Đường"


def test_invisible_characters_go_and_a_family_of_emoji_stays() -> None:
    """Zero-width characters and NUL are dropped, except the joiner that holds an emoji together."""
    assert nfc("hồ\u200b sơ\ufeff\x00\u202e") == "hồ sơ"
    assert nfc("👨\u200d👩\u200d👧") == "👨\u200d👩\u200d👧"
    assert nfc("a\u200d\u200db") == "ab"
    assert nfc("hai\ndòng\t") == "hai\ndòng\t"


@given(ANYTHING)
def test_odd_text_never_raises_and_stays_put(text: str) -> None:
    """Lone surrogates, NUL and all of Unicode pass; a second time changes nothing."""
    assert nfc(nfc(text)) == nfc(text)
    assert fold(fold(text)) == fold(text)
    nfc(text).encode("utf-8")


@given(VIETNAMESE)
def test_folding_agrees_with_anyascii(text: str) -> None:
    """For Vietnamese letters our table says what anyascii says."""
    assert fold(text) == " ".join(anyascii(text).lower().split())
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hoà bình", "Hòa bình"), ("thuỷ", "THỦY"), ("Đăng ký!!!", "dang ky"), ("  hồ–sơ 👍 ", "Ho so"),
        ("Ｈ５５", "h55"), ("ð", "Đ"), ("", "…🙂"), ("𝐇𝐨̂̀ 𝐬𝐨̛", "hồ sơ"), ("h\u200bồ", "hồ"),
    ],
)  # fmt: skip
def test_spellings_that_mean_the_same_fold_to_the_same(one: str, other: str) -> None:
    """Tone placement, case, accents, punctuation, emoji and decorated letters do not matter."""
    assert fold(one) == fold(other)


def test_a_label_is_chosen_by_its_words_with_and_without_accents() -> None:
    """Typed text means the label that is it, begins with it, or has all its words."""
    labels = ["Đường sá, cầu cống", "Đèn đường", "Rác thải"]
    assert choose("rac thai", labels) == 2
    assert choose("RÁC", labels) == 2
    assert choose("cau cong", labels) == 0
    assert choose("tôi muốn nói về rác thải ạ", labels) == 2
    assert choose("đường sá", labels) == 0
    assert choose("bò", labels) is None
    assert choose("👍", labels) is None


def test_the_same_with_accents_beats_the_same_without() -> None:
    """"Hạ" is thôn Hạ although Hà folds to the same letters; "ha" could be both."""
    assert choose("hạ", ["Hà", "Hạ"]) == 1
    assert choose("ha", ["Hà", "Hạ"]) == (0, 1)
    assert choose("hoà", ["Hòa", "Hoa"]) == 0


def test_a_polite_word_changes_nothing_and_a_doubtful_one_chooses_nothing() -> None:
    """"dạ không ạ" is "Không"; "không biết" is not."""
    assert choose("dạ không ạ", ["Có", "Không"]) == 1
    assert choose("không biết", ["Có", "Không"]) is None


def test_several_beginnings_are_all_named() -> None:
    """An ambiguous beginning gives every label it could be."""
    assert match("thon 2", ["Thôn 2 (Hợp Thành)", "Thôn 20", "Thôn 2 (Sơn Lộc)"]) == [0, 1, 2]
    assert choose("thon 2 son loc", ["Thôn 2 (Hợp Thành)", "Thôn 2 (Sơn Lộc)"]) == 1


@given(st.lists(VIETNAMESE, max_size=6), ANYTHING)
def test_matching_never_raises_and_points_into_the_list(labels: list[str], text: str) -> None:
    """Whatever is typed, indexes are indexes."""
    assert all(0 <= index < len(labels) for index in match(text, labels))


@given(st.lists(VIETNAMESE.filter(fold), min_size=1, max_size=6, unique_by=fold), st.data())
def test_a_label_typed_without_accents_is_found(labels: list[str], data: st.DataObject) -> None:
    """Each label with letters of its own is reached by typing it bare."""
    index = data.draw(st.integers(0, len(labels) - 1))
    assert choose(fold(labels[index]), labels) == index
