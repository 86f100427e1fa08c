"""What each letter says when nobody has written it otherwise, and how facts are filled in.

Words, not code: a commune puts its own into DATA_DIR/letters/NAME.txt in the same form (`messages.letters.texts`).
Facts stand in braces. A sentence with a fact that is not known is left out whole, so nothing half is said; nothing is
promised that the office has not decided. Each kind may have variants of wording; the one named "" is used unless a
clerk chooses another.
"""

import re
import string
from collections.abc import Iterable, Mapping

Paragraphs = tuple[str, ...]
_SENTENCE = re.compile(r"(?<=[.?!]) +")

_MOURNING = "Xin gửi tới gia đình lời chia buồn sâu sắc nhất."
_REST = "Mong gia đình nén đau thương và giữ gìn sức khỏe. Lúc này cần xã giúp việc gì, xin gia đình cứ báo."
_NEWS = "Được tin {deceased} từ trần, {office} vô cùng thương tiếc. {life}."
_LOSS = "Sự ra đi của {deceased} là mất mát lớn của gia đình và thôn xóm."

WORDS: Mapping[str, Mapping[str, Paragraphs]] = {
    "apology-late": {
        "": (
            "{office} thành thật xin lỗi {recipient} vì không kịp trả kết quả hồ sơ đúng ngày đã hẹn.",
            "Sự chậm trễ này làm {you} phải chờ thêm, mất thời gian và công sức.",
            "{office} đề nghị gia hạn thời gian giải quyết và hẹn trả kết quả vào {new_due}. Rất mong {you} thông cảm.",
        ),
        "second": (
            "Đây là lần thứ hai hồ sơ của {recipient} phải lùi ngày hẹn. "
            "{office} nhận lỗi và thành thật xin lỗi {you}.",
            "Hai lần chậm trễ làm {you} chờ đợi lâu, mất nhiều thời gian và công sức.",
            "{office} đề nghị gia hạn thời gian giải quyết và hẹn trả kết quả vào {new_due}. Rất mong {you} thông cảm.",
        ),
    },
    "apology-mistake": {
        "": (
            "{office} thành thật xin lỗi {recipient} vì đã để xảy ra sai sót: {mistake}.",
            "Việc này làm {you} mất thời gian, công sức và phiền lòng. Lỗi thuộc về cơ quan, không phải ở {you}.",
            "Cách khắc phục: {remedy}.",
            "{office} sẽ rút kinh nghiệm để sai sót này không lặp lại. Còn điều gì chưa ổn, mong {you} cứ nói. "
            "Người tiếp chuyện: {contact}.",
        ),
    },
    "marriage": {
        "": (
            "Nhân dịp {first} và {second} nên duyên vợ chồng, {office} gửi tới hai người lời chúc mừng nồng ấm.",
            "Chúc hai vợ chồng luôn thương yêu, tin cậy, chung tay vun đắp mái ấm bền lâu.",
            "Kính mời hai vợ chồng cùng gia đình dự lễ trao Giấy chứng nhận kết hôn: {ceremony}.",
            "Trên chặng đường mới, có việc gì cần, xã luôn sẵn lòng giúp đỡ.",
        ),
    },
    "birth": {
        "": (
            "Nhân dịp cháu {child} chào đời, {office} gửi tới gia đình lời chúc mừng ấm áp. "
            "Đây là niềm vui của {parents}, và của cả thôn xóm.",
            "Chúc cháu hay ăn chóng lớn, khỏe mạnh, ngoan ngoãn và luôn được yêu thương.",
            "Chúc gia đình đầm ấm, nhà luôn rộn tiếng cười. Cần giấy tờ hay chế độ gì cho cháu, gia đình cứ hỏi xã.",
        ),
    },
    "condolence": {
        "": (_NEWS, f"{_LOSS} {_MOURNING}", _REST),
        "young": (
            "Được tin {deceased} qua đời, {office} vô cùng thương tiếc. {life}.",
            f"Sự ra đi quá sớm này để lại nỗi đau không gì bù đắp được. {_MOURNING}",
            _REST,
        ),
        "merit": (
            _NEWS,
            f"Xã luôn ghi nhớ công lao và những đóng góp của {{deceased}} cho quê hương, đất nước. {_MOURNING}",
            _REST,
        ),
        "buddhist": (
            _NEWS,
            f"{_LOSS} {_MOURNING}",
            "Nguyện cầu hương linh {deceased} sớm về cõi an lành.",
            _REST,
        ),
        "catholic": (
            _NEWS,
            f"{_LOSS} {_MOURNING}",
            "Xin hiệp ý cùng gia đình, mong linh hồn {deceased} được an nghỉ trong Chúa.",
            _REST,
        ),
        "protestant": (
            _NEWS,
            f"{_LOSS} {_MOURNING}",
            "Xin chia sẻ cùng gia đình niềm hy vọng và sự bình an trong Chúa.",
            _REST,
        ),
    },
    "thanks": {
        "": (
            "{office} trân trọng cảm ơn {recipient} vì {deed}.",
            "{result}. Tấm lòng ấy là niềm tự hào của xã và là tấm gương cho mọi người.",
            "Kính chúc {you} cùng gia đình luôn mạnh khỏe, bình an và hạnh phúc.",
        ),
        "organisation": (
            "{office} trân trọng cảm ơn {recipient} vì {deed}.",
            "{result}. Tấm lòng ấy tiếp thêm sức cho bà con và chính quyền xã.",
            "Kính chúc {you} ngày càng phát triển và tiếp tục gắn bó với bà con.",
        ),
    },
    "support": {
        "": (
            "{office} xin chia sẻ với {recipient} cùng gia đình về việc không may: {event}.",
            "Xã và các đoàn thể xin gửi tới gia đình phần hỗ trợ ghi trong thư này.",
            "Mong gia đình sớm vượt qua khó khăn, ổn định cuộc sống. Còn thiếu gì, xin gia đình cứ nói để xã cùng lo.",
        ),
    },
    "submission": {
        "": ("Kính trình {recipient} xem xét, cho ý kiến về việc nêu dưới đây.", "Xin có ý kiến trước {decide_by}."),
    },
}  # fmt: skip
"""By letter and variant."""

VARIANTS: Mapping[str, str] = {
    "": "Lời chung",
    "second": "Xin lỗi lần thứ hai",
    "young": "Người mất còn trẻ",
    "merit": "Người có công",
    "buddhist": "Gia đình theo đạo Phật",
    "catholic": "Gia đình Công giáo",
    "protestant": "Gia đình Tin Lành",
    "organisation": "Cơ quan, tổ chức, doanh nghiệp",
}
"""What each variant is called on a clerk's button."""


def fill(patterns: Iterable[str], facts: Mapping[str, str]) -> Paragraphs:
    """The paragraphs with their facts; a sentence that lacks one is left out, and each begins with a capital."""
    paragraphs = (" ".join(_filled(_SENTENCE.split(each), facts)) for each in patterns)
    return tuple(filter(None, paragraphs))


def named(pattern: str) -> set[str]:
    """The facts a text names in braces. Raises ValueError for a brace that stands alone or holds more than a name."""
    found = [(name, spec, how) for _before, name, spec, how in string.Formatter().parse(pattern) if name is not None]
    if any(spec or how for _name, spec, how in found):
        raise ValueError("only names stand in braces")
    return {name for name, _spec, _how in found}


def _filled(sentences: Iterable[str], facts: Mapping[str, str]) -> Iterable[str]:
    for sentence in sentences:
        if all(facts.get(name) for name in named(sentence)):
            said = sentence.format_map(facts)
            yield said[0].upper() + said[1:]
