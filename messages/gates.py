"""Two gates every text passes before anything else reads it: does it accuse somebody, does it cry for help.

Why lists of words and no model: a person must be able to read why a message went where it went, and add a word. A
phrase written with its accents is sure; the same phrase without them may be another ("to cao" is tố cáo or tờ cao), so
it is only asked about (domain 3.7, 9.2). An unaccented cry for help counts at once: phone numbers harm nobody.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from messages.fold import fold, nfc
from messages.understanding.keys import meant

Verdict = Literal["yes", "maybe", "no"]
Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase found in words `at` to `end` (exclusive); `exact` when it was written with its accents."""

    at: int
    end: int
    phrase: Phrase
    exact: bool


class Lexicon:
    """Phrases by their first bare word, so that a long text is read once and not once for each phrase."""

    def __init__(self, phrases: str) -> None:
        self._by_first: dict[str, list[tuple[Phrase, Phrase]]] = {}
        for phrase in re.split(r",\s*", phrases.strip()):
            words = tuple(phrase.split())
            bare = tuple(fold(word) for word in words)
            self._by_first.setdefault(bare[0], []).append((words, bare))

    def hits(self, written: Sequence[str], bare: Sequence[str]) -> list[Hit]:
        """Where phrases stand. A word written with other accents is another word: "tờ cáo" is not "tố cáo"."""
        found: list[Hit] = []
        if self._by_first.keys().isdisjoint(bare):
            return found
        for at, first in enumerate(bare):
            for phrase, plain in self._by_first.get(first, ()):
                end = at + len(plain)
                here = tuple(written[at:end])
                if tuple(bare[at:end]) != plain:
                    continue
                if all(word in pair for word, *pair in zip(here, phrase, plain, strict=True)):
                    found.append(Hit(at, end, phrase, here == phrase))
        return found


ACCUSES = Lexicon(
    "tố cáo, tố giác, tham ô, tham nhũng, hối lộ, đưa hối lộ, nhận hối lộ, đút lót, lót tay, ăn chặn, ăn bớt, ăn "
    "tiền, bao che, vòi tiền, vòi vĩnh, nhũng nhiễu, hạch sách, biển thủ, rút ruột, bòn rút, lạm quyền, lộng "
    "quyền, cửa quyền, bắt chẹt, chạy chọt, làm luật, phong bì cho cán bộ, phong bì cho ông, phong bì cho bà, ém "
    "tiền, khai khống, gian lận"
)
"""Words that accuse by themselves."""

ACTS = Lexicon(
    "nhận tiền, lấy tiền, đòi tiền, đòi quà, đòi phong bì, nhận phong bì, lấy phong bì, cầm tiền, giữ tiền, gây "
    "khó dễ, làm khó, đánh tôi, đánh dân, chửi, quát, dọa, đe dọa, ưu ái, thiên vị, làm sai, bán đất, lấn đất, "
    "chiếm đất, ăn quà"
)
"""Acts that accuse only when a holder of an office does them: "tôi nhận tiền trợ cấp" accuses nobody."""

HOLDERS = Lexicon(
    "cán bộ, công chức, chủ tịch, phó chủ tịch, bí thư, trưởng thôn, trưởng bản, trưởng xóm, tổ trưởng, công an, "
    "địa chính, tư pháp, kế toán, thủ quỹ, văn thư, một cửa, hiệu trưởng, trạm trưởng, lãnh đạo, xã đội, ủy ban, "
    "uỷ ban"
)
ASKS = Lexicon(
    "đòi tiền, lừa đảo, chiếm đoạt, lừa tiền, quỵt tiền, vu khống, cho vay nặng lãi, đánh bạc, ma túy, ma tuý"
)
"""Between neighbours as often as not: asked about, never decided."""

CRIMES: dict[str, Lexicon] = {
    "home": Lexicon(
        "bạo lực gia đình, bạo hành gia đình, bạo hành vợ, bạo hành chồng, chồng đánh, vợ đánh, bị chồng đánh, "
        "bị vợ đánh, chồng tôi đánh, chồng em đánh, bố đánh mẹ, con đánh mẹ, con đánh bố"
    ),
    "child": Lexicon(
        "xâm hại trẻ, xâm hại trẻ em, bạo hành trẻ, bạo hành trẻ em, đánh đập trẻ, dâm ô, ép tảo hôn, bóc lột trẻ em, "
        "đánh đập con, đánh đập cháu"
    ),
    "beating": Lexicon("đánh người, hành hung, đánh hội đồng, cố ý gây thương tích, đe dọa giết, côn đồ, bảo kê"),
    "drugs": Lexicon(
        "ma túy, ma tuý, buôn ma túy, bán ma túy, hút chích, tiêm chích, hàng trắng, hàng đá, chơi đá, cần sa, thuốc "
        "phiện, trồng cây thuốc phiện"
    ),
    "gambling": Lexicon(
        "đánh bạc, sòng bạc, cờ bạc, đánh đề, ghi đề, lô đề, ghi lô, cá độ, xóc đĩa, đá gà ăn tiền"
    ),
    "logging": Lexicon(
        "phá rừng, chặt phá rừng, lâm tặc, chặt trộm gỗ, khai thác gỗ lậu, gỗ lậu, chặt rừng, săn bắt trái phép, "
        "đốt rừng làm rẫy"
    ),
    "loans": Lexicon(
        "tín dụng đen, cho vay nặng lãi, vay nặng lãi, nặng lãi, cho vay lãi cắt cổ, lãi cắt cổ, siết nợ, xiết nợ, "
        "đòi nợ thuê"
    ),
}
"""Crime and violence at home (L30), by what is told first: a lane of its own, whoever the offender is."""

NO_CRIME = Lexicon(
    "cai nghiện, phòng chống ma túy, phòng chống ma tuý, chống ma túy, tuyên truyền, tệ nạn ma "
    "túy, phòng chống bạo lực, phòng chống bạo hành, phòng chống bạo lực gia đình, phòng chống xâm hại, bảo vệ rừng, "
    "trồng rừng, thủ tục, mẫu đơn, tập huấn, cuộc thi, ở đâu, thế nào, ra sao, là gì, có được không, có phải xin"
)
"""Who speaks of it in general, or asks how something works, tells of no crime yet: asked about."""

HEADS = Lexicon("chủ tịch, phó chủ tịch")
OTHER_HEADS = Lexicon(
    "chủ tịch hội, chủ tịch mặt trận, chủ tịch công đoàn, chủ tịch hđnd, chủ tịch hội đồng, chủ tịch tỉnh, chủ tịch "
    "ubnd tỉnh, chủ tịch ủy ban nhân dân tỉnh, chủ tịch nước, chủ tịch hợp tác xã, chủ tịch công ty, phó chủ tịch hội, "
    "phó chủ tịch hđnd, phó chủ tịch mặt trận"
)
ADDRESSED = frozenset(
    {"gửi", "gui", "gặp", "gap", "thưa", "thua", "với", "voi", "lên", "len", "cho", "kính", "kinh", "nhờ", "nho",
     "mong"}
)
"""Before "chủ tịch" these words say that he is written to, not accused."""

GENUINE = Lexicon(
    "phải lừa đảo, hay lừa đảo, hay là lừa đảo, lừa đảo không, lừa đảo ko, lừa đảo k, lừa đảo à, lừa đảo đấy, sợ lừa "
    "đảo, sợ bị lừa đảo, chống lừa đảo, phòng chống lừa đảo"
)
"""Somebody who asks whether this chat is a fraud accuses nobody."""

QUESTIONS = Lexicon(
    "thủ tục, mẫu đơn, làm đơn, quy trình, ở đâu, thế nào, ra sao, không tố cáo, giải quyết tố cáo"
)
"""Somebody who asks how accusing works does not accuse yet."""

OWN = frozenset({"tôi", "toi", "mình", "minh", "em", "con", "cháu", "chau", "tui", "tớ", "bác", "được", "duoc", "dân"})
"""Before an act these words say that she does it, or may: "tôi nhận tiền ở đâu"."""

REACH = 7
"""Words between an office and an act that still belong together."""

EMERGENCIES: dict[str, Lexicon] = {
    "fire": Lexicon(
        "cháy nhà, nhà cháy, nhà tôi cháy, nhà đang cháy, nhà bị cháy, cháy rừng, rừng cháy, cháy chợ, cháy xe, "
        "xe cháy, đang cháy, cháy to, cháy lớn, cháy dữ, cháy rồi, bốc cháy, đám cháy, hỏa hoạn, hoả hoạn, nổ ga, "
        "nổ gas, nổ bình ga, nổ bình gas, rò ga, có cháy, cháy kìa, cháy cháy, cháy lan, cháy kho, cháy nương, cháy đồi"
    ),
    "health": Lexicon(
        "tai nạn, tông xe, đâm xe, cấp cứu, ngất xỉu, bị ngất, ngất rồi, ngất đi, bất tỉnh, khó thở, đột quỵ, co "
        "giật, chảy máu, điện giật, rắn cắn, ngộ độc, uống thuốc sâu, uống thuốc trừ sâu, "
        "uống thuốc diệt cỏ, uống thuốc cỏ, uống thuốc chuột, uống thuốc ngủ, uống nhầm thuốc, tự tử, tự sát, "
        "sắp chết, trở dạ, chuyển dạ, vỡ ối, người bị thương, bị thương nặng, bị bỏng, hôn mê, ngừng thở, "
        "ngưng thở, tím tái, nhồi máu, ngã xe, té xe"
    ),
    "violence": Lexicon(
        "đánh nhau, đánh vợ, đánh chồng, đang đánh, chém, đâm nhau, cầm dao, dọa giết, đòi giết, cướp, bắt cóc, "
        "cứu tôi, cứu với, đột nhập, phá cửa, bị đánh, đánh tôi, đánh em, đánh mẹ, đánh đập, bạo hành, hành hung, "
        "bị đâm, dọa đánh, đòi đánh, ăn trộm, kẻ trộm, có trộm, bắt trộm, mất trộm, bị trộm"
    ),
    "child": Lexicon(
        "xâm hại trẻ, đánh trẻ, đánh con, bạo hành trẻ, bạo hành trẻ em, lạc mất con, mất tích, trẻ lạc, xâm hại "
        "con, hiếp dâm"
    ),
    "rescue": Lexicon(
        "đuối nước, chết đuối, nước cuốn, lũ cuốn, lũ quét, mắc kẹt, sập nhà, nhà sập, vùi lấp, lở đất, sạt lở "
        "vào nhà, rơi xuống giếng"
    ),
}
"""What is told first depends on the topic: 114, 115, 113, 111, 112."""

QUIET = Lexicon(
    "cháy bóng, bóng cháy, bóng bị cháy, bóng đèn cháy, bóng đèn bị cháy, đèn cháy, đèn bị cháy, bóng đang cháy, "
    "đèn đường cháy, đèn đường bị cháy, đèn ngõ cháy, bóng điện cháy, bóng điện bị cháy, "
    "cháy cầu chì, cháy công tơ, hàng cháy, hàng đang cháy, cháy hàng, cháy vé, cháy túi, cháy phố, chống cháy, "
    "phòng cháy, chữa cháy, bảo hiểm tai nạn, tai nạn lao động, trợ cấp tai nạn, chế độ tai nạn, hỗ trợ tai nạn, "
    "ngắt điện, bị ngắt, giấy chứng tử, cướp lời, đánh trẻ trâu, tra cứu, nghiên cứu, chém gió, đánh máy, đánh em nó, "
    "tuyên bố mất tích, bong tróc, phòng chống bạo lực, phòng chống bạo hành, chống bạo hành, phòng chống đuối nước, "
    "đổ trộm, đánh giá"
)
"""What sounds alike and hurts nobody (L13: "cháy bóng", "hàng cháy")."""

SHOUTED = frozenset({"cháy", "cứu"})
AROUND = frozenset({"với", "ơi", "mau", "nhanh", "lên", "ạ", "rồi", "quá", "có", "bà", "con", "làng", "nước"})
"""A message of nothing but these is a shout."""
BURNS = frozenset({"nha", "bep", "cho", "kho", "rung", "truong", "xuong", "quan"})
NEAR = 5

def _sayings(phrases: str) -> frozenset[str]:
    return frozenset(fold(phrase) for phrase in phrases.split(","))


COURTESIES = _sayings(
    "dạ, vâng, dạ vâng, vâng dạ, vâng ạ, dạ vâng ạ, dạ ạ, ừ, ừm, ờ, ok, oke, okay, okie, oki, cảm ơn, cám ơn, "
    "xin cảm ơn, xin cám ơn, cảm ơn ạ, cám ơn ạ, dạ cảm ơn, dạ cám ơn, dạ cảm ơn ạ, vâng cảm ơn, cảm ơn "
    "nhiều, cám ơn nhiều, cảm ơn cán bộ, cám ơn cán bộ, cảm ơn anh, cảm ơn chị, cảm ơn em, cảm ơn cháu, cảm "
    "ơn ông, cảm ơn bà, cảm ơn xã, thank you, thanks, tks, thank, được, được rồi, được ạ, tốt quá, hay quá, "
    "tốt, rồi, rồi ạ, biết rồi, hiểu rồi, đã hiểu, tôi hiểu rồi, tôi biết rồi, để tôi xem, tôi chờ, tôi đợi, "
    "vâng tôi chờ, vâng tôi đợi, dạ tôi chờ, uh, uhm, um, da vang a"
)
CALM = _sayings(
    "không có việc khẩn cấp, không khẩn cấp, không có gì khẩn cấp, không phải khẩn cấp, không khẩn cấp đâu, "
    "không có việc gì khẩn cấp, nothing urgent is happening"
)
FINISHED = _sayings(
    "xong rồi, xong rồi ạ, tôi xong rồi, dạ xong rồi, thế là xong, kết thúc, xong, hết rồi, không cần nữa, "
    "thôi không cần nữa, không hỏi nữa, xong việc rồi"
)


ASIDE = frozenset(
    {"da", "vang", "a", "nhe", "nha", "xin", "cho", "lam", "on", "vui", "long", "em", "oi", "voi", "giup"}
)
"""Manners around a word that stops."""
STOPS = re.compile(
    r"stop|stop all|unsubscribe|"
    r"(toi )?((dung|ngung|thoi|khong|khong muon|tu choi) (nhan|gui)( them)?|huy( dang ky)?( nhan)?|tat)"
    r"( tin| tin nhan| thong bao)( cua xa)?( toi)?( nua)?|"
    r"dung (nhan|gui|nhan tin)( cho)?( toi)?( nua)?"
)
STARTS = re.compile(r"(toi )?(muon )?(bat dau )?((nhan|gui)( lai)?( tin| thong bao)( lai)?( toi)?|bat tin)")
NOT_ME = re.compile(
    r"khong phai toi|toi khong phai (la )?nguoi (nay|do|ay)|(gui |nhan )?nham (so|nguoi)( roi)?|sai so( roi)?|"
    r"day khong phai so cua .{1,40}"
)
DIED = re.compile(
    r"(ong|ba|anh|chi|co|chu|bac|cu|nguoi) (ay|nay|do|ta|y|nha toi) "
    r"(da )?(mat|mat lau|mat hom qua|mat nam ngoai|qua doi|tu tran|chet)( roi)?( (dung|khong) .{0,60})?|"
    r"chu (so|may)( nay)? (da )?(mat|qua doi)( roi)?|.{1,40} (mat|qua doi) roi dung (gui|nhan).{0,40}"
)
LONGEST = 100
"""Characters: a longer message is no word that stops."""


def stops(text: str) -> Literal["stop", "again", "not-me", "died"] | None:
    """Whether a message as a whole stops what is sent unasked (L17), wants it again, says that it reaches the wrong
    person, or that the person has died. Within longer words none of it counts: "ba tôi mất hôm qua" asks for help.
    """
    if len(text) > LONGEST:
        return None
    plain = " ".join(word for word in fold(text).split() if word not in ASIDE)
    if nfc(text).casefold().strip(" .!") in {"dừng", "ngừng", "dừng tin", "ngừng tin"}:
        return "stop"
    if DIED.fullmatch(plain):
        return "died"
    if NOT_ME.fullmatch(plain):
        return "not-me"
    if STOPS.fullmatch(plain):
        return "stop"
    return "again" if STARTS.fullmatch(plain) and "lai" in plain.split() else None


def accuses(text: str) -> Verdict:
    """Whether a text accuses a person: "maybe" has to be asked before it goes anywhere."""
    written, bare = _words(text)
    # "bao che" has no accents to tell it by, so there the rest of the text has to be accented.
    accented = any(not word.isascii() for word in written)
    sure = [hit.exact and accented for hit in ACCUSES.hits(written, bare)]
    sure += [hit.exact for hit in _acts_of_office(written, bare)]
    if not sure:
        return "maybe" if ASKS.hits(written, bare) and not GENUINE.hits(written, bare) else "no"
    return "yes" if any(sure) and not QUESTIONS.hits(written, bare) else "maybe"


def crime(text: str) -> str | None:
    """Which crime a text tells of (a key of CRIMES), or None; `tells_of_crime` says how sure that is."""
    written, bare = _words(text)
    found = [(hit.at, kind) for kind, words in CRIMES.items() for hit in words.hits(written, bare)]
    return min(found)[1] if found else None


def tells_of_crime(text: str) -> Verdict:
    """Whether a text tells of a crime that happens (L30): "maybe" has to be asked, as with `accuses`."""
    written, bare = _words(text)
    hits = [hit for words in CRIMES.values() for hit in words.hits(written, bare)]
    if not hits:
        return "no"
    return "yes" if any(hit.exact for hit in hits) and not NO_CRIME.hits(written, bare) else "maybe"


def against_head(text: str) -> bool:
    """Whether a text that accuses names the Chairman or a Vice-Chairman of the commune as the one who is accused."""
    written, bare = _words(text)
    others = {at for hit in OTHER_HEADS.hits(written, bare) for at in range(hit.at, hit.end)}
    return any(
        hit.at not in others and not ADDRESSED & set(written[max(0, hit.at - 2) : hit.at])
        for hit in HEADS.hits(written, bare)
    )


def emergency(text: str) -> str | None:
    """The topic of a cry for help (a key of EMERGENCIES), or None."""
    written, spoken = _words(text)
    bare = list(spoken)
    for hit in QUIET.hits(written, spoken):
        bare[hit.at : hit.end] = [""] * (hit.end - hit.at)
    if SHOUTED & set(written) and set(written) <= SHOUTED | AROUND:
        return "fire" if "cháy" in written else "violence"
    found = [(hit.at, topic) for topic, words in EMERGENCIES.items() for hit in words.hits(written, bare)]
    found += [(at, "fire") for at in _burning(written, bare)]
    return min(found)[1] if found else None


def _burning(written: Sequence[str], bare: list[str]) -> list[int]:
    """Where something burns that was named a few words before: "nhà bà Năm cháy". Only with its accent: chay is also
    to run.
    """
    return [
        at for at, word in enumerate(written)
        if word == "cháy" and bare[at] and any(before in BURNS for before in bare[max(0, at - NEAR) : at])
    ]  # fmt: skip


def calm(text: str) -> bool:
    """Whether she says, in so many words, that nothing urgent is happening."""
    return fold(text) in CALM


def courtesy(text: str) -> bool:
    """Whether a text is only manners ("dạ", "cảm ơn", an emoji): it pings nobody and wants no answer (L01)."""
    bare = fold(text)
    return bare in COURTESIES if bare else "?" not in text


def finished(text: str) -> bool:
    """Whether she says that her matter is settled."""
    return fold(text) in FINISHED


@lru_cache(maxsize=8)
def _words(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words as written and without accents, side by side; both gates ask for those of the same text."""
    written = [meant(word) for word in re.findall(r"\w+", nfc(text).casefold())]
    return tuple(written), tuple(map(fold, written))


def _acts_of_office(written: Sequence[str], bare: Sequence[str]) -> list[Hit]:
    """Acts done by the holder of an office a few words before, unless her own word stands right before the act."""
    holders = [hit.end for hit in HOLDERS.hits(written, bare)]
    return [
        hit
        for hit in ACTS.hits(written, bare)
        if any(0 <= hit.at - end <= REACH for end in holders) and not (hit.at and written[hit.at - 1] in OWN)
    ]
