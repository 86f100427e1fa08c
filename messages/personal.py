"""Names, phones, places and what somebody wrote, made unrecognisable where servers are abroad (design: Trust).

A name keeps its initials, so that she knows her own dossier again; a phone its last three digits. In free words the
numbers of phones, identity cards and accounts are found in all spellings people use; dossier codes, dates, hours, sums
and short lines stay. Names in free words are found by their form (a family name with what follows it, a name after
"ông", "bà" …), which is never certain: a name in small letters without "thị" or "văn" remains. So nothing here makes
words fit to be published; the whole of them stands at /office.
"""

import re
import unicodedata
from collections.abc import Iterator

from messages import codes
from messages.fold import nfc
from messages.reply import Msg, Personal, Reply

HIDDEN = "***"


def masked(personal: Personal) -> str:
    """The words as they may be shown abroad."""
    if personal.kind == "name":
        return _initials(personal.words)
    if personal.kind == "place":
        return HIDDEN
    if personal.kind == "phone":
        return _tail(personal.words)
    return _without_names(_without_numbers(nfc(personal.words)))


def hides(reply: Reply) -> bool:
    """Whether something of a reply is not shown whole where names and phones are masked."""
    shown = (*reply.paragraphs, *(button.label for button in reply.buttons))
    return any(masked(each) != each.words for text in shown for each in _personal(text))


def _personal(text: object) -> Iterator[Personal]:
    if isinstance(text, Personal):
        yield text
    elif isinstance(text, Msg):
        for value in text.args.values():
            yield from _personal(value)


# --- numbers ----------------------------------------------------------------------------------------------------------

_ALONE = r"(?<!\d)(?<!\d[ .\-/])"
_DATE = r"(?:[0-2]?\d|3[01])([./\-])(?:0?\d|1[0-2])\1(?:(?:19|20)\d\d|\d\d)(?![./\-]?\d)"
_ISO_DATE = r"(?:19|20)\d\d([./\-])(?:0?\d|1[0-2])\2(?:[0-2]?\d|3[01])(?![./\-]?\d)"
_HOURS = r"(?:[01]?\d|2[0-3])[.:][0-5]\d ?- ?(?:[01]?\d|2[0-3])[.:][0-5]\d(?![.\d])"
_YEARS = r"(?:(?:19|20)\d\d[ \-])+(?:19|20)\d\d(?![ .\-]?\d)"
_MONEY = r"[1-9]\d*(?:[., ]\d{3})*(?:,\d+)? ?(?:đồng|đ|vnđ|vnd|₫|nghìn|ngàn|triệu|tỷ|tỉ)(?!\w)"
_LINE = r"1[89]00[ .]?(?:\d{4}|\d{6})(?!\d)"  # a service line, which is nobody's
_STAYS = re.compile(f"{_ALONE}(?:{_DATE}|{_ISO_DATE}|{_HOURS}|{_YEARS}|{_MONEY}|{_LINE})", re.IGNORECASE)
_PART_OF_CODE = re.compile(r"(?<!\w)[HG]\d\d(?:\.\d{1,4})*-\d{6}(?!\d)", re.IGNORECASE)

_GAP = r"[ .,\-()]{0,3}"
_CARD = r"0\d\d([ .\-])\d{3}\1\d{3}\1\d{3}(?!\d)"
_LEAD = rf"(?:(?:(?:\+|00) ?)?\(?\+?84\)?{_GAP}(?:\(?0\)?{_GAP})?|0{_GAP})"
_REST = rf"(?:[35-9](?:{_GAP}\d){{8}}|2(?:{_GAP}\d){{7,9}}|1(?:{_GAP}\d){{9}})"
_PHONE = rf"{_LEAD}{_REST}(?!\d)"
_LONG = r"\d{9,}"
_GROUPS = r"\d{2,}(?:[ .\-]\d{2,})+"
_SUM = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})*\.[05]00")
_NUMBER = re.compile(rf"(?<!\d)(?:{_CARD}|{_PHONE}|{_LONG}|{_GROUPS})")
_DIGIT = re.compile(r"\d")
LEAST = 9
"""Digits of the shortest number that is hidden: a phone without its 0, an identity card of the old kind."""


def _without_numbers(text: str) -> str:
    if len(_DIGIT.findall(text)) < LEAST:
        return text
    plain, at = _plain(text)
    for start, end in codes.spans(plain):
        plain = f"{plain[:start]}{'#' * (end - start)}{plain[end:]}"
    for stays in (_PART_OF_CODE, _STAYS):
        plain = stays.sub(lambda hit: "#" * len(hit[0]), plain)
    made, done = list[str](), 0
    for hit in _NUMBER.finditer(plain):
        if sum(map(str.isdecimal, hit[0])) >= LEAST and not _SUM.fullmatch(hit[0]):
            made += [text[done : at[hit.start()]], _tail(hit[0])]
            done = at[hit.end() - 1] + 1
    return "".join([*made, text[done:]])


def _plain(text: str) -> tuple[str, list[int]]:
    """ASCII digits, all dashes as "-", all spaces alike, nothing invisible; and where each sign stood."""
    plain, at = list[str](), list[int]()
    for place, sign in enumerate(text):
        kind = unicodedata.category(sign)
        if kind in ("Cf", "Mn", "Me"):
            continue
        plain.append(
            str(unicodedata.decimal(sign)) if kind == "Nd"
            else "-" if kind == "Pd" else " " if kind == "Zs" else "." if sign in "·․。｡" else sign
        )  # fmt: skip
        at.append(place)
    return "".join(plain), at


def _tail(number: str) -> str:
    digits = "".join(sign for sign in number if sign.isdecimal())
    return f"{HIDDEN} {HIDDEN} {digits[-3:]}" if len(digits) > 3 else HIDDEN


# --- names ------------------------------------------------------------------------------------------------------------

_FAMILIES = (
    "Nguyễn|Trần|Lê|Phạm|Hoàng|Huỳnh|Phan|Vũ|Võ|Đặng|Bùi|Đỗ|Hồ|Ngô|Dương|Lý|Nông|Lường|Triệu|Ma|Hà|Đinh|Mai|Trịnh|Đoàn|"
    "Lương|Lâm|Tô|Tạ|Chu|Cao|Vương|Quách|Thái|Lò|Quàng|Cầm|Vàng|Giàng|Sùng|Thào|Hầu|Lù|Mùa|Phùng|Hứa|Vi|La|Lưu|Kiều|Tống|"
    "Từ|Văn|Thân|Nghiêm|Lục|Bế|Lèng|Đàm|Đào|Bạch|Kim|Tăng|Châu|Quan|Sầm|Tẩn|Chảo|Phàn|Lầu|Vừ|Cứ|Hạng|Ksor|Siu|Thạch|"
    "Sơn|Danh|Lại|Mạc|Khuất|Doãn|Phí|Tòng|Điêu|Khà|Hờ|Cà|Bạc|Lô|Hán|Nhâm|Âu|Giáp|Thiều"
)
_UP = "A-Z" + "".join(sign for sign in map(chr, range(0xC0, 0x1EFA)) if sign.isupper() and sign.isalpha())
_CAPITAL = rf"[{_UP}][\w']*"
_PLACES = ("đường", "phố", "trường", "ngõ", "hẻm", "chợ", "cầu", "thôn", "bản", "xóm", "xã", "phường")
_NOT_A_PLACE = "".join(f"(?<!(?i:{word}) )" for word in _PLACES)
_FULL = re.compile(rf"{_NOT_A_PLACE}\b(?:{_FAMILIES}|{_FAMILIES.upper()})(?: {_CAPITAL}){{2,4}}")
_SMALL = re.compile(
    rf"\b(?:{_FAMILIES})\s(?:thị|văn)\s(?:thu |kim |hồng |ngọc |hữu |minh |thanh )?\w+"
    r"|\b(?:nguyen|tran|pham|hoang|huynh)\s(?:thi|van)\s(?:thu |kim |hong |ngoc |huu |minh |thanh )?\w+",
    re.IGNORECASE,
)
_CALLED = re.compile(
    r"(?i:\b(ông|bà|cụ|anh|chị|cô|chú|bác|cậu|mợ|dì|thím|em|cháu|tên|tên là|vợ|chồng)) "
    rf"([{_UP}][\w']+(?: {_CAPITAL}){{0,4}})"
)


def _without_names(text: str) -> str:
    text = _FULL.sub(lambda hit: _initials(hit[0]), text)
    text = _SMALL.sub(lambda hit: _initials(hit[0]), text)
    return _CALLED.sub(lambda hit: f"{hit[1]} {_initials(hit[2])}", text)


def _initials(name: str) -> str:
    return ". ".join(word[0].upper() for word in name.split())
