"""What letters say: facts filled in, nothing half said, in the words of one neighbour to another; a commune's own."""

import re
from pathlib import Path
from typing import Any

import pytest

from messages.letters import SIGNED, Condolence, Refused, Templates
from messages.letters.texts import written
from messages.letters.words import VARIANTS, WORDS, fill, named

EVERY = [(name, variant) for name, variants in WORDS.items() for variant in variants]
every = pytest.mark.parametrize(("name", "variant"), EVERY, ids=lambda word: word or "common")


def said(name: str, variant: str, *, whole: bool = True) -> tuple[str, ...]:
    """The paragraphs for a letter with every field, or only with those it cannot be without."""
    letter = SIGNED[name]
    facts = letter.sample(whole=whole).data()
    return Templates().words(name, facts, variant)


def test_E07_every_letter_has_words_and_every_wording_a_name() -> None:
    """The common wording is there for each; a clerk's button names the others."""
    assert WORDS.keys() == SIGNED.keys()
    assert all("" in variants for variants in WORDS.values())
    assert {variant for _name, variant in EVERY} == VARIANTS.keys()
    assert Templates().variants("thanks") == {"": "Lời chung", "organisation": "Cơ quan, tổ chức, doanh nghiệp"}


@every
def test_E07_words_name_only_what_the_letter_has(name: str, variant: str) -> None:
    """No brace is left over, with all fields or with few; each paragraph is a sentence or several."""
    for pattern in WORDS[name][variant]:
        assert named(pattern) <= SIGNED[name].placeholders().keys()
    for whole in (True, False):
        paragraphs = said(name, variant, whole=whole)
        assert paragraphs
        for each in paragraphs:
            assert not re.search(r"[{}]|  |\.\.| [.,:]|: \.", each)
            assert (each[0].isupper(), each[-1]) == (True, ".")
    assert len(said(name, variant)) <= 6


@every
def test_G01_words_are_short_and_soft(name: str, variant: str) -> None:
    """At most 20 words a sentence, no ALL CAPS, no command, no bureau's "we", no district (L09)."""
    for pattern in WORDS[name][variant]:
        plain = re.sub(r"\{\w+\}", "x", pattern)
        for sentence in re.split(r"[.!?:;\n]+\s", plain):
            assert len(sentence.split()) <= 20, sentence
        assert not [word for word in re.findall(r"\b[^\W\d_]{2,}\b", plain) if word.isupper()]
        assert not re.search(r"yêu cầu|\bhuyện\b|chúng tôi|\btôi\b|tuyệt đối|\bphải nộp\b", plain.lower())
        assert all(ord(sign) < 0x2100 for sign in plain)


def test_E03_a_condolence_is_quiet_in_every_wording() -> None:
    """No exclamation, no wish as on a feast, nothing of joy."""
    for variant in WORDS["condolence"]:
        for each in said("condolence", variant):
            assert not re.search(r"!|chúc|mừng|vui|may mắn", each.lower())
    for variant in WORDS["support"]:
        assert not re.search(r"!|chúc|mừng", " ".join(said("support", variant)).lower())


@pytest.mark.parametrize("words", ["Xin chia buồn!", "Kính chúc gia đình", "Xin chia buồn. Chúc gia đình bình an."])
def test_E03_a_clerk_cannot_make_a_condolence_festive(words: str) -> None:
    """What a person writes into it is held to the same; somebody named Chúc is still named."""
    whole = Condolence.sample().data()
    with pytest.raises(Refused, match="Thư chia buồn không dùng"):
        Condolence(**whole | {"body": (words,)})
    assert Condolence(**whole | {"body": ("Được tin cụ Nguyễn Thị Chúc từ trần.",), "deceased": "Nguyễn Thị Chúc"})


def test_L23_faith_is_a_choice_of_words_and_no_field() -> None:
    """Neutral unless chosen; each faith has a sentence of its own; what was chosen is not kept in the letter."""
    neutral = " ".join(said("condolence", ""))
    assert not re.search("hương linh|linh hồn|Chúa|Phật|vong", neutral)
    own = {variant: set(said("condolence", variant)) for variant in ("buddhist", "catholic", "protestant")}
    assert all(words - set(said("condolence", "")) for words in own.values())
    assert not re.search("faith|variant|religion", " ".join(Condolence.meanings()))


def test_L23_the_young_are_not_called_old() -> None:
    """Nothing of a long life in the wording for somebody who died young."""
    assert not re.search("thọ|từ trần", " ".join(WORDS["condolence"]["young"]))


def test_L24_no_words_presume_two_parents() -> None:
    """Not the words of any letter, not a field; a letter with nobody named as parent is whole."""
    two = re.compile(r"\b(bố|cha|ba) ?(và|,)? ?(mẹ|má)\b|hai bố|song thân|phụ huynh|hai vợ chồng")
    for name, variant in EVERY:
        if name != "marriage":
            assert not two.search(" ".join(WORDS[name][variant]).lower())
    assert not two.search(" ".join(SIGNED["birth"].meanings().values()).lower())
    facts = SIGNED["birth"].sample(whole=False).data()
    assert "niềm vui của" not in " ".join(Templates().words("birth", facts))
    assert "niềm vui của chị Bích," in " ".join(Templates().words("birth", facts | {"parents": "chị Bích"}))


def test_L24_a_title_is_never_guessed() -> None:
    """Without a clerk's choice it is "ông/bà" and the bare name; with it, the title goes before the name."""
    facts: dict[str, Any] = SIGNED["apology-late"].sample().data() | {"title_of_person": ""}
    body = " ".join(Templates().words("apology-late", facts))
    assert "xin lỗi Nguyễn Thị Thu Hường vì" in body
    assert "mong ông/bà thông cảm" in body
    body = " ".join(Templates().words("apology-late", facts | {"title_of_person": "cô"}))
    assert "xin lỗi cô Nguyễn Thị Thu Hường vì" in body
    assert "mong cô thông cảm" in body


def test_A05_no_reason_and_no_date_is_invented() -> None:
    """Without them the sentence with the date is not said, and the letter cannot be made."""
    facts: dict[str, Any] = SIGNED["apology-late"].sample().data() | {"new_due": "", "reason": ""}
    assert not re.search(r"\d", " ".join(Templates().words("apology-late", facts)))
    with pytest.raises(Refused) as refused:
        SIGNED["apology-late"](**facts)
    assert set(refused.value.fields) == {"new_due", "reason"}


def test_E07_a_sentence_without_its_fact_is_left_out_whole() -> None:
    """And a paragraph of such sentences; the first letter of each is large, a full stop is never doubled."""
    patterns = ("{who} đến. Lúc {when}.", "Ở {where}.", "Xong.")
    assert fill(patterns, {"who": "chị Lan", "when": "", "where": ""}) == ("Chị Lan đến.", "Xong.")
    facts = SIGNED["thanks"].sample().data() | {"deed": "đã giúp dân. "}
    assert Templates().words("thanks", facts)[0].endswith("vì đã giúp dân.")


def test_a_name_in_braces_is_not_filled_again() -> None:
    """What people write is data, also when it looks like a place to fill."""
    facts = SIGNED["thanks"].sample().data() | {"recipient": "{signer} {0} {", "title_of_person": ""}
    assert "cảm ơn {signer} {0} { vì" in Templates().words("thanks", facts)[0]


# --- a commune's own words --------------------------------------------------------------------------------------------


def own(folder: Path, **files: str) -> Templates:
    """The templates of a commune that has these texts."""
    for name, text in files.items():
        (folder / f"{name.replace('__', '.').replace('_', '-')}.txt").write_text(text, encoding="utf-8")
    return Templates(folder)


def test_E07_a_commune_writes_its_own_words(tmp_path: Path) -> None:
    """Paragraphs apart by an empty line, facts in braces, remarks left out; only what it has written differs."""
    text = "\ufeff# Lời của xã\nXã cảm ơn {recipient}\nvì {deed}.\n\n\n  Quý mến {you}. {result}.\n"
    made = own(tmp_path, thanks=text)
    assert made.problems == {}
    facts = SIGNED["thanks"].sample(whole=False).data()
    assert made.words("thanks", facts) == (
        "Xã cảm ơn Hoàng Văn Páo vì đã hiến 120 mét vuông đất và góp 15 ngày công làm đường thôn.",
        "Quý mến ông/bà.",
    )
    assert made.words("thanks", facts, "organisation") == Templates().words("thanks", facts, "organisation")
    assert made.words("marriage", SIGNED["marriage"].sample().data()) == SIGNED["marriage"].sample().body


def test_E07_a_variant_has_a_file_of_its_own(tmp_path: Path) -> None:
    """condolence.buddhist.txt; a variant nobody knows is the common wording, the commune's own if there is one."""
    made = own(tmp_path, condolence__buddhist="Nam mô. Được tin {deceased} từ trần.", condolence="Xin chia buồn.")
    facts = Condolence.sample().data()
    assert made.words("condolence", facts, "buddhist") == ("Nam mô. Được tin cụ Nguyễn Văn Bảy từ trần.",)
    assert made.words("condolence", facts, "nothing") == ("Xin chia buồn.",)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("thanks", "Cảm ơn {ten}.", "không có chỗ điền {ten}. Được dùng: {office}, {place_date}, {recipient}"),
        ("thanks", "Cảm ơn {recipient.name} {0} {}.", "không có chỗ điền {}, {0}, {recipient.name}."),
        ("thanks", "Cảm ơn {recipient.", "có dấu { hoặc } viết chưa đúng"),
        ("thanks", "Cảm ơn {recipient!r:>999999}.", "có dấu { hoặc } viết chưa đúng"),
        ("thanks", "# chưa viết\n", "Thiếu “Các đoạn của thư”."),
        ("thanks", "Cảm ơn.\n\n" * 9, "“Các đoạn của thư” có 9 dòng, nhiều nhất là 8."),
        ("thanks", "Cảm ơn " * 200, "“Các đoạn của thư” dài 1399 chữ cái, nhiều nhất là 800."),
        ("thanks", "Cảm ơn 東京.", "có chữ không in được: U+4EAC U+6771."),
        ("condolence", "Vĩnh biệt cụ!", "Thư chia buồn không dùng dấu “!” và chữ “chúc”."),
        ("slip", "Phiếu.", "không có thư nào tên như vậy. Các thư: apology-late, "),
        ("thanks__second", "Cảm ơn.", "thư này chỉ có các tệp: thanks.txt, thanks.organisation.txt."),
    ],
)
def test_E07_what_is_wrong_in_a_text_is_told_and_ours_is_used(
    tmp_path: Path, name: str, text: str, problem: str
) -> None:
    """In a Vietnamese sentence, with what is allowed; nobody gets a letter with a hole in it."""
    made = own(tmp_path, **{name: text})
    ((file, problems),) = made.problems.items()
    assert file == f"{name.replace('__', '.')}.txt"
    assert len(problems) == 1
    assert problem in problems[0]
    for letter in ("thanks", "condolence"):
        facts = SIGNED[letter].sample().data()
        assert made.words(letter, facts) == Templates().words(letter, facts)


def test_E07_a_text_in_another_encoding_is_told(tmp_path: Path) -> None:
    """As an old Notepad saves it."""
    (tmp_path / "thanks.txt").write_text("Cảm ơn.", encoding="utf-16")
    assert Templates(tmp_path).problems == {"thanks.txt": ["không đọc được; xin lưu lại dạng UTF-8."]}


@every
def test_E07_our_words_are_a_file_a_commune_may_start_from(tmp_path: Path, name: str, variant: str) -> None:
    """Written out and read again they are the same."""
    file = f"{name}.{variant}.txt" if variant else f"{name}.txt"
    (tmp_path / file).write_text(written(WORDS[name][variant]), encoding="utf-8")
    made = Templates(tmp_path)
    assert (made.problems, made.text(name, variant)) == ({}, WORDS[name][variant])
