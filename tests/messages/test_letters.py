"""Letters: complete or refused with a list, people's words never markup, every Vietnamese letter, one look."""

import json
import re
import zlib
from dataclasses import MISSING, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typst
import zxingcpp
from PIL import Image, ImageStat

from messages.letters import FOLDER, LETTERS, SIGNED, Letter, Refused, Signed, Slip, Templates, Undrawable
from messages.letters.drawing import TALLEST, draw
from tests.letters import (
    GOLDEN,
    PAPER_PIXELS,
    TOLERANCE,
    difference,
    drawn,
    golden,
    pages,
    picture,
    squeezed,
    text_of,
)  # fmt: skip
from tests.town import START

ALPHABET = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"
VIETNAMESE = [letter for letter in ALPHABET + ALPHABET.upper() if not letter.isascii()]


def slip(**given: Any) -> Slip:
    """The sample slip with some fields of a test's own."""
    return replace(Slip.sample(), **given)


def fonts(pdf: bytes) -> set[str]:
    """The families of all fonts in a PDF, also those in its compressed parts."""
    text = pdf
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            text += zlib.decompress(stream)
        except zlib.error:
            continue
    return {name.split(b"-")[0].decode() for name in re.findall(rb"/FontName\s*/(?:[A-Z]{6}\+)?([\w\-]+)", text)}


# --- what a letter says -----------------------------------------------------------------------------------------------


def test_what_is_missing_is_refused_with_a_list() -> None:
    """All that is missing is told at once, by its meaning; nothing half is ever made."""
    with pytest.raises(Refused) as refused:
        Slip(
            office=" ", code="", applicant="\u200b", subject="Đăng ký khai sinh", received="", due=("",), place="Quầy 3"
        )
    assert refused.value.problems == [
        "Thiếu “Tên cơ quan”.",
        "Thiếu “Mã hồ sơ, cũng nằm trong mã QR”.",
        "Thiếu “Người nộp hồ sơ”.",
        "Thiếu “Giờ, ngày nhận hồ sơ”.",
        "Thiếu “Giờ, ngày hẹn trả”.",
    ]


@pytest.mark.parametrize("letter", LETTERS.values(), ids=lambda letter: letter.name)
def test_E07_each_letter_lists_everything_it_lacks(letter: type[Letter]) -> None:
    """Made of nothing, every field it cannot be without is named at once; with only those it is a letter."""
    needed = [each for each in fields(letter) if each.default is MISSING]
    with pytest.raises(Refused) as refused:
        letter(**{each.name: "" for each in needed})
    assert refused.value.problems == [f"Thiếu “{each.metadata['meaning']}”." for each in needed]
    assert refused.value.fields == [each.name for each in needed]
    assert letter.sample(whole=False)


@pytest.mark.parametrize("letter", SIGNED.values(), ids=lambda letter: letter.name)
def test_E07_what_all_letters_need_is_always_asked_for(letter: type[Signed]) -> None:
    """Commune, paragraphs and whoever signs; the sheet for the Chairman may leave his name to him."""
    needed = {each.name for each in fields(letter) if each.default is MISSING}
    assert needed >= {"office", "body", "signing"}
    assert "signer" in needed or letter.name == "submission"
    again = letter.sample()
    assert letter(**json.loads(json.dumps(again.data()))) == again


def test_what_is_too_long_or_cannot_be_printed_is_refused_with_a_list() -> None:
    """A name of 500 letters, sixteen papers, another script: each named, none drawn wrongly."""
    with pytest.raises(Refused) as refused:
        slip(applicant="Nguyễn " * 72, papers=["Đơn"] * 16, officer="عبد الله", address="東京\nThôn 2")
    assert refused.value.problems == [
        "“Người nộp hồ sơ” dài 503 chữ cái, nhiều nhất là 120.",
        "“Địa chỉ người nộp” có chữ không in được: U+4EAC U+6771.",
        "“Thành phần hồ sơ” có 16 dòng, nhiều nhất là 15.",
        "“Cán bộ thụ lý” có chữ không in được: U+0627 U+0628 U+062F U+0639 U+0644.",
    ]
    assert "Nguyễn" not in str(refused.value)


def test_words_are_cleaned_before_they_are_measured() -> None:
    """NFD, emoji, direction marks and spaces do not change what is said; lines of an address stay lines."""
    made = slip(
        applicant="  Nguye\u0302\u0303n\u202e Thị   Bích 🌸👨\u200d👩\u200d👧 ",
        address="Ngõ 4\r\n\n Thôn 2\t\nxã Suối Lành 🏠",
    )
    assert made.applicant == "Nguyễn Thị Bích"
    assert made.address == "Ngõ 4\nThôn 2\nxã Suối Lành"
    assert Slip(**made.data()) == made


@pytest.mark.parametrize("letter", LETTERS.values(), ids=lambda letter: letter.name)
def test_every_field_says_what_it_means_and_has_a_sample(letter: type[Letter]) -> None:
    """Whoever writes a template or fills a letter is told in Vietnamese; the template is there."""
    assert set(letter.meanings()) == {each.name for each in fields(letter)}
    assert all(letter.meanings().values())
    assert letter.sample() != letter.sample(whole=False)
    assert Templates().source(letter.name)


# --- how it looks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("letter", LETTERS.values(), ids=lambda letter: letter.name)
@pytest.mark.parametrize("whole", [True, False])
def test_a_letter_is_a_small_portrait_and_a_pdf_of_one_family(letter: type[Letter], whole: bool) -> None:
    """For a cheap phone: 1,080 pixels wide, under 300 kB; for paper: PDF/A with one family of fonts, all embedded."""
    made = drawn(letter.sample(whole=whole))
    width, height = picture(made.png).size
    assert (width, height > width, len(made.png) < 300_000) == (1080, True, True)
    assert fonts(made.pdf) == {"LibertinusSerif"}
    assert made.pdf.startswith(b"%PDF-")
    assert len(made.pdf) < 300_000


PLAIN = """
#set page(height: auto)
#set text(font: "Libertinus Serif", fallback: false)
#let words = json(bytes(sys.inputs.data)).words
#words #text(weight: "bold", words) #text(style: "italic", words)
"""


def test_every_vietnamese_letter_is_in_the_font() -> None:
    """All 134 letters beyond ASCII, and all else that a field may hold; what is not would be refused by PDF/A."""
    assert len(set(VIETNAMESE)) == 134
    assert all(map(_takes, VIETNAMESE))
    drawn(slip(subject="".join(VIETNAMESE), applicant="".join(VIETNAMESE[:90])))
    ranges = (range(0x20, 0x250), range(0x300, 0x370), range(0x1E00, 0x1F00), range(0x2000, 0x2200))
    taken = [chr(number) for each in ranges for number in each if chr(number).isprintable() and _takes(chr(number))]
    assert len(taken) > 850
    draw(PLAIN.encode(), {"words": " ".join(f"x{sign}" for sign in taken)}, "", START)
    with pytest.raises(Undrawable, match="could not be displayed"):
        draw(PLAIN.encode(), {"words": "Hoa 🌸"}, "", START)


def _takes(sign: str) -> bool:
    try:
        return slip(officer=f"x{sign}").officer == f"x{sign}"
    except Refused:
        return False


HOSTILE = (
    '#set page(fill: red); *bold* _x_ $x^2$ = Title <a> @b `c` // no /* no */ \\ ~ --- "q" \'r\' #read("/etc/passwd")',
    '"); #panic("x") #("',
    '\\u{41} \\n #{1+1} #eval("1") ]]] ((( [[[',
    "Ph{o}ng & {{c}} %s %(x)s $HOME `id` <script>alert(1)</script>",
)


@pytest.mark.parametrize("words", HOSTILE)
def test_peoples_words_are_never_markup(words: str) -> None:
    """What looks like typst, quotes and backslashes stand there as written: as wide as the same signs as plain text."""
    plain = slip(applicant=words)
    assert plain.applicant == " ".join(words.split())
    assert drawn(plain).png != drawn(slip(applicant="Lan")).png
    page = picture(drawn(plain).png)
    assert page.getpixel((3, 3)) == picture(drawn(Slip.sample()).png).getpixel((3, 3))
    assert shown_by(plain) == plain.applicant


def shown_by(letter: Slip) -> str:
    """The applicant as the template shows it, asked of typst."""
    source = Templates().source("slip") + b"\n#metadata(shown(data.applicant)) <said>"
    told = {"form": "phone", "data": json.dumps(letter.data() | {"qr": "<svg xmlns='http://www.w3.org/2000/svg'/>"})}
    found = typst.Compiler(source, ignore_system_fonts=True, sys_inputs=told).query("<said>", field="value", one=True)
    return str(json.loads(found)).replace("\u200b", "")


def test_long_names_and_addresses_stay_on_the_page() -> None:
    """The longest allowed words, without a space or with, never reach the white margin."""
    long = slip(
        applicant="W" * 120, address="\n".join(["Ngõ 4, Thôn Ngã Ba Chợ Mới " * 2] * 3), office="UBND " + "MW" * 42
    )
    page = picture(drawn(long).png)
    assert page.size[0] == 1080
    margin = page.crop((1032, 0, 1080, page.size[1])).convert("L")
    assert ImageStat.Stat(margin).extrema[0][0] > 250
    assert page.size[1] > picture(drawn(Slip.sample()).png).size[1]


LONG = "Nguyễn Phúc Bảo Ngọc Hoàng Vũ Đình Trần Thị Thu Hường Lý Kim Oanh Sùng A Páo Triệu Thị Pham"
JOINED = "Nguyễn" * 6 + "W" * 44
ADDRESS = "Số nhà 128, ngõ 45, đường liên thôn Suối Trên, Suối Dưới\nXã Suối Lành, gần trường tiểu học\nTỉnh mẫu"
PARAGRAPH = "Đây là một đoạn dài do cán bộ sửa lại để xem thư có tràn trang hay đè chữ lên nhau không. "
FREE = {"child", "deceased", "first", "second", "proposer", "signer"}


def full(letter: type[Signed], **more: Any) -> Signed:
    """A letter with long names everywhere, an address of three lines and six paragraphs."""
    names = {each.name: JOINED[: each.metadata["most"]] for each in fields(letter) if each.name in FREE}
    given = names | {"recipient": LONG, "address": ADDRESS, "office": f"Ủy ban nhân dân xã {LONG}"[:90]} | more
    made = replace(letter.sample(), signing=("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"), **given)
    ours = Templates().words(letter.name, made.data())
    further = (f"{number}. {PARAGRAPH * 4}" for number in range(6 - len(ours)))
    return replace(made, body=more.get("body", (*ours, *further)))


@pytest.mark.parametrize("letter", SIGNED.values(), ids=lambda letter: letter.name)
def test_E07_long_names_three_line_addresses_and_six_paragraphs_fit(letter: type[Signed]) -> None:
    """The page is wide enough for a name of eighty letters without a space, and the PDF says all there is to say."""
    assert min(len(LONG), len(JOINED)) >= 60
    made = full(letter)
    phone = picture(drawn(made).png)
    scale = phone.width / 360  # a point in pixels
    _plain(phone, 14 * scale, 24 * scale)
    for page in pages(made):
        _plain(page, 9 / 25.4 * PAPER_PIXELS, 16 / 25.4 * PAPER_PIXELS)
    said = text_of(drawn(made).pdf)
    for each, words in made.data().items():
        for one in [words] if isinstance(words, str) else words if isinstance(words, list) else []:
            if each != "place_date":
                assert squeezed(one) in said, each


def _plain(page: Image.Image, start: float, end: float) -> None:
    """Nothing is drawn in the strips that far from the left and the right edge, but a frame along the edges."""
    for left, right in ((start, end), (page.width - end, page.width - start)):
        strip = page.convert("L").crop((int(left), int(end), int(right), int(page.height - end)))
        darkest, lightest = ImageStat.Stat(strip).extrema[0]
        assert lightest - darkest < 12


@pytest.mark.parametrize("letter", SIGNED.values(), ids=lambda letter: letter.name)
@pytest.mark.parametrize("to_sign", [False, True])
def test_E07_what_is_not_known_leaves_no_trace(letter: type[Signed], to_sign: bool) -> None:
    """Without the optional fields a letter is whole: no label without words, no brace, no doubled sign."""
    said = text_of(drawn(replace(letter.sample(whole=False), to_sign=to_sign)).pdf)
    for label in ("tìnhtrạng", "nơi,giờnhận", "ngườigiúp", "chàođời12", "nhữngđiềuđãbiết"):
        assert label not in said
    assert not re.search(r"[{}]|,,|::|none|,\.", said)


def test_E07_a_very_tall_picture_gets_smaller() -> None:
    """Messengers take neither 10,000 pixels nor a megabyte; the paper is as large as ever."""
    made = full(SIGNED["support"], body=(PARAGRAPH * 8,) * 8, help=(LONG,) * 8)
    phone = picture(drawn(made).png)
    assert (phone.height <= TALLEST, phone.width > 400, len(drawn(made).png) < 1_000_000) == (True, True, True)


def test_E04_an_organisation_is_named_once() -> None:
    """Called "quý công ty", it has its own name on the envelope; a person has the title before the name."""
    facts = {"recipient": "Công ty TNHH Sương Mai", "title_of_person": "quý công ty"}
    made = replace(SIGNED["thanks"].sample(), **facts)
    assert "kínhgửi:côngtytnhhsươngmai" in text_of(drawn(made).pdf)
    body = Templates().words("thanks", made.data(), "organisation")
    assert "cảm ơn Công ty TNHH Sương Mai vì" in body[0]
    assert "Kính chúc quý công ty ngày càng phát triển" in body[-1]
    assert "kínhgửi:ônghoàngvănpáo" in text_of(drawn(SIGNED["thanks"].sample()).pdf)


def test_the_qr_code_says_the_dossier_code_and_nothing_else() -> None:
    """A clerk's scanner reads the code from the picture, on a bright phone or a small one."""
    letter = Slip.sample()
    page = picture(drawn(letter).png)
    for shown in (page, page.resize((page.size[0] // 3, page.size[1] // 3))):
        assert [each.text for each in zxingcpp.read_barcodes(shown)] == [letter.code]


def test_L22_a_drawn_letter_is_marked_as_information() -> None:
    """No number, signature or seal is in the slip's template, and the mark is in both forms."""
    source = (FOLDER / "slip.typ").read_text(encoding="utf-8")
    assert "Thư thông tin" in source
    assert "không thay giấy hẹn có dấu" in source
    for made_up in ("Số:", "Ký tên", "Đã ký", "KT.", "CHỦ TỊCH", "Người ký", "con dấu"):
        assert made_up not in source


NUMBER = re.compile(r"số:\W*\d")
FORM_04 = squeezed("Văn bản xin lỗi và đề nghị gia hạn thời gian giải quyết")


@pytest.mark.parametrize("letter", SIGNED.values(), ids=lambda letter: letter.name)
def test_L22_a_letter_is_information_or_waits_for_a_hand(letter: type[Signed]) -> None:
    """For the chat: the mark and no number. To be signed: dots for number and date, no mark. Never anything made up."""
    made = letter.sample()
    shown, to_sign = (text_of(drawn(replace(made, to_sign=each)).pdf) for each in (False, True))
    if letter.name != "submission":
        assert "thưthôngtin" in shown
        assert "số:" not in shown.split("kínhgửi")[0]
        assert squeezed(made.place_date) in shown
    assert "thưthôngtin" not in to_sign
    assert "số:……/……" in to_sign
    assert "ngày……tháng……năm………" in to_sign
    assert "27tháng11" not in to_sign
    for said in (shown, to_sign):
        assert not NUMBER.search(said)
        assert not re.search("đãký|đóngdấu|condấu|kýtên", said)
        assert squeezed(made.signer) in said
    assert not {"number", "seal", "signature"} & {each.name for each in fields(letter)}


def test_L22_only_the_late_apology_is_form_04() -> None:
    """Its title stands on that letter and on no other, and in no paragraph."""
    titled = [name for name, letter in SIGNED.items() if FORM_04 in text_of(drawn(letter.sample()).pdf)]
    assert titled == ["apology-late"]


def test_L22_the_signing_line_follows_the_real_signer() -> None:
    """A deputy signs for the Chairman, under his own name."""
    made = replace(SIGNED["thanks"].sample(), signing=("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"), signer="Lò Thị Mai")
    said = text_of(drawn(made).pdf)
    assert "kt.chủtịchphóchủtịchlòthịmai" in said
    assert "triệuvănlâm" not in said


def test_A05_the_late_apology_says_what_form_04_says() -> None:
    """Who, which dossier, when received and promised, why late, the new date; its QR code says the dossier's code."""
    made = SIGNED["apology-late"].sample()
    said = text_of(drawn(made).pdf)
    for name in ("recipient", "code", "subject", "received", "due", "state", "reason", "new_due"):
        assert squeezed(getattr(made, name)) in said
    assert [each.text for each in zxingcpp.read_barcodes(picture(drawn(made).png))] == [made.code]


def test_L21_the_chairman_decides_on_one_sheet() -> None:
    """What is asked, what is known, boxes to tick, room for two hands; and it is always paper to be signed."""
    made = SIGNED["submission"].sample()
    assert made.to_sign
    assert len(pages(made)) == 1
    said = text_of(drawn(made).pdf)
    for words in (made.asked, *made.facts, *made.options, made.proposer, made.decide_by):
        assert squeezed(words) in said


def test_E03_a_condolence_has_no_colour() -> None:
    """Black, white and what is between."""
    for page in (picture(drawn(SIGNED["condolence"].sample()).png), *pages(SIGNED["condolence"].sample())):
        apart = max(max(pixel) - min(pixel) for _count, pixel in page.getcolors(1 << 24))
        assert apart < 20


@pytest.fixture(scope="module")
def approved() -> dict[str, Image.Image]:
    """What is drawn now, by the name of the picture a person has looked at."""
    return golden()


def test_E07_letters_look_as_they_were_approved(approved: dict[str, Image.Image]) -> None:
    """Compared with pictures a person looked at; `python -m tests.letters` writes new ones."""
    kept = {path.stem: picture(path.read_bytes()) for path in GOLDEN.glob("*.png")}
    assert kept.keys() == approved.keys()
    apart = {name: difference(page, kept[name]) for name, page in approved.items()}
    assert {name: step for name, step in apart.items() if step > TOLERANCE} == {}
    assert all(path.stat().st_size < 30_000 for path in GOLDEN.glob("*.png"))


def test_E07_the_comparison_sees_what_is_missing(approved: dict[str, Image.Image]) -> None:
    """A line less, another ornament, another letter: each is more than the tolerance."""
    kept = {path.stem: picture(path.read_bytes()) for path in GOLDEN.glob("*.png")}
    made = SIGNED["thanks"].sample()
    unsigned = pages(replace(made, signer="."))[0]
    assert difference(unsigned, kept["thanks-paper"]) > TOLERANCE
    assert difference(pages(replace(made, address=""))[0], kept["thanks-paper"]) > TOLERANCE
    assert difference(picture(drawn(Slip.sample(whole=False)).png), kept["slip"]) == 255
    names = [name for name in kept if name.endswith("-sign")]
    for one, other in pairwise(names):
        assert difference(approved[one], kept[other]) > TOLERANCE


# --- the commune's own template ---------------------------------------------------------------------------------------


def test_a_commune_may_bring_its_own_template(tmp_path: Path) -> None:
    """A file of the letter's name is used instead of ours, and letters drawn with another template are drawn anew."""
    (tmp_path / "slip.typ").write_text("#let data = json(bytes(sys.inputs.data))\n#data.code", encoding="utf-8")
    own = Templates(tmp_path)
    assert own.digest("slip") != Templates().digest("slip")
    assert draw(own.source("slip"), Slip.sample().data(), "x", START).pdf != drawn(Slip.sample()).pdf
    assert Templates(tmp_path / "none").source("slip") == Templates().source("slip")


def test_a_broken_template_says_where() -> None:
    """Typst's own message, with the line."""
    with pytest.raises(Undrawable, match="nothere"):
        draw(b"= Title\n#nothere", {}, "", START)


def test_E07_a_commune_may_bring_its_own_heading(tmp_path: Path) -> None:
    """It stands before every template; a template of its own may use what ours defines."""
    ours = (FOLDER / "heading.typ").read_text(encoding="utf-8")
    (tmp_path / "heading.typ").write_text(ours.replace("#0b6b4a", "#0b6b4b"), encoding="utf-8")
    (tmp_path / "thanks.typ").write_text('#show: sheet.with("a5", "Cảm ơn")\n#letterhead()\n#to()', encoding="utf-8")
    own, sample = Templates(tmp_path), SIGNED["thanks"].sample()
    assert all(own.digest(name) != Templates().digest(name) for name in LETTERS)
    made = draw(own.source("thanks"), sample.data(), "", START)
    assert squeezed(sample.recipient) in text_of(made.pdf)
    assert squeezed(sample.signer) not in text_of(made.pdf)
    assert own.ours["thanks"] == Templates().source("thanks")
