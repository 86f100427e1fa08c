"""Letters: complete or refused with a list, people's words never markup, every Vietnamese letter, one look."""

import io
import json
import re
import zlib
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typst
import zxingcpp
from PIL import Image, ImageChops, ImageStat

from messages.letters import LETTERS, Drawn, Letter, Refused, Slip, Templates, Undrawable
from messages.letters.drawing import draw
from tests.town import START

GOLDEN = Path(__file__).with_name("slip.png")
ALPHABET = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"
VIETNAMESE = [letter for letter in ALPHABET + ALPHABET.upper() if not letter.isascii()]


@cache
def drawn(letter: Letter) -> Drawn:
    """A letter with the template in force."""
    return draw(Templates().source(letter.name), letter.data(), getattr(letter, letter.qr), START)


def picture(raw: bytes) -> Image.Image:
    return Image.open(io.BytesIO(raw)).convert("RGB")


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
    assert difference(drawn(plain).png, drawn(slip(applicant="Lan")).png, below=0) != 0
    page = picture(drawn(plain).png)
    assert page.getpixel((3, 3)) == picture(drawn(Slip.sample()).png).getpixel((3, 3))
    assert text_of(plain) == plain.applicant


def text_of(letter: Slip) -> str:
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


def test_the_qr_code_says_the_dossier_code_and_nothing_else() -> None:
    """A clerk's scanner reads the code from the picture, on a bright phone or a small one."""
    letter = Slip.sample()
    page = picture(drawn(letter).png)
    for shown in (page, page.resize((page.size[0] // 3, page.size[1] // 3))):
        assert [each.text for each in zxingcpp.read_barcodes(shown)] == [letter.code]


def test_L22_a_drawn_letter_is_marked_as_information() -> None:
    """No number, signature or seal is in the template, and the mark is in both forms."""
    source = Templates().source("slip").decode()
    assert "Thư thông tin" in source
    assert "không thay giấy hẹn có dấu" in source
    for made_up in ("Số:", "Ký tên", "Đã ký", "KT.", "CHỦ TỊCH", "Người ký", "con dấu"):
        assert made_up not in source


def difference(one: bytes, other: bytes, below: float = 2.0) -> float:
    """The mean difference of two pictures in steps of grey, seen from a little further away."""
    left, right = (picture(each).convert("L").resize((270, 680), Image.Resampling.BOX) for each in (one, other))
    return float(ImageStat.Stat(ImageChops.difference(left, right)).mean[0])


def test_the_slip_looks_as_it_was_approved() -> None:
    """Compared with the picture a person looked at; `python -m tests.messages.test_letters` writes a new one."""
    made = drawn(Slip.sample()).png
    assert difference(made, GOLDEN.read_bytes()) < 2
    assert difference(drawn(Slip.sample(whole=False)).png, GOLDEN.read_bytes()) > 2  # the measure can fail


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


if __name__ == "__main__":
    picture(drawn(Slip.sample()).png).convert("L").resize((540, 1728), Image.Resampling.BOX).save(GOLDEN)
