"""The sample commune a newcomer sees: xã Suối Lành, tỉnh mẫu. Everything in it is made up, and always the same.

Names are drawn from lists of family, middle and given names; numbers begin with 0951, of a network that closed years
ago, so that nobody can be rung by a demonstration; dossier codes belong to H99, no province. A given day gives the same
dossiers each time, told apart by dates around it: early, due that day, late.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from random import Random

from bot.calendar import Calendar
from bot.commune import Commune
from bot.dossier_file import Dossier
from bot.settings import ZONE
from messages import codes
from messages.reply import Msg, _
from messages.statuses import END_OF_DAY

HOUSEHOLDS = 1200
DOSSIERS = 600
HELPER_PHONE = "+84951999999"
"""A helper's number: it stands on the dossiers of many applicants (L06)."""

_FORMER = ("xã Bến Mơ", "xã Đồi Sim", "xã Khe Ngọc")
_NAMES = (
    "Suối Trên", "Suối Dưới", "Đồi Chè", "Hoa Ban", "Khe Mận", "Bãi Trúc", "Gốc Gạo", "Cầu Mây", "Đồng Cỏ May",
    "Nà Bưởi", "Giếng Trong", "Đá Trắng", "Rừng Cọ", "Bến Lau", "Ao Sen", "Vườn Hồng", "Đèo Nắng", "Cây Đa Đôi",
    "Ruộng Bậc", "Thác Bạc Nhỏ", "Lũng Xanh", "Sân Đình", "Ngã Ba Chợ", "Lò Gốm", "Bờ Tre", "Đập Nước", "Gò Mít",
    "Hang Dơi", "Bản Mới", "Xóm Núi",
)  # fmt: skip
_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Nông", "Lường", "Triệu", "Ma", "Hà")
_MIDDLE = {
    "f": ("Thị", "Thị Thu", "Thị Kim", "Ngọc", "Thị Hồng"),
    "m": ("Văn", "Đức", "Quang", "Minh", "Văn Hữu"),
}
_GIVEN = {
    "f": ("Hoa", "Lan", "Mai", "Hạnh", "Thắm", "Nhài", "Yến", "Thủy", "Hòa", "Quý", "Bưởi", "Ngân", "Lụa"),
    "m": ("Sơn", "Lâm", "Thành", "Hùng", "Đạt", "Khải", "Tú", "Bình", "Lợi", "Kỳ", "Dũng", "Thắng", "Mộc"),
}

# Code, name, working days it takes here; codes and names as published, the days are for the sample only.
_PROCEDURES = (
    ("1.001193", "Đăng ký khai sinh", 1),
    ("2.000815", "Chứng thực bản sao từ bản chính", 1),
    ("1.000894", "Đăng ký kết hôn", 5),
    ("1.000656", "Đăng ký khai tử", 3),
    ("2.000635", "Cấp bản sao Trích lục hộ tịch, bản sao Giấy khai sinh", 1),
    ("1.004222", "Đăng ký thường trú", 7),
    ("1.001612", "Đăng ký thành lập hộ kinh doanh", 3),
    ("1.013225", "Cấp giấy phép xây dựng mới (công trình cấp III, IV; nhà ở riêng lẻ)", 15),
    ("1.013978", "Đăng ký đất đai, cấp Giấy chứng nhận lần đầu cho cá nhân, cộng đồng dân cư", 20),
    ("2.001035", "Chứng thực hợp đồng, giao dịch liên quan đến tài sản là động sản, quyền sử dụng đất, nhà ở", 2),
)
_PRIVATE = (
    ("1.004873", "Cấp Giấy xác nhận tình trạng hôn nhân", 3),
    ("1.001022", "Đăng ký nhận cha, mẹ, con", 8),
    ("2.001263", "Đăng ký việc nuôi con nuôi trong nước", 20),
    ("1.001699", "Xác định, xác định lại mức độ khuyết tật và cấp Giấy xác nhận khuyết tật", 20),
    ("1.001776", "Thực hiện, điều chỉnh, thôi hưởng trợ cấp xã hội hằng tháng", 15),
)

# Status, and due how many working days from today (from, to); the rest of the 600 are handed over long since.
_MIX = (
    (1, 2, 9, 24), (2, 1, 12, 40), (3, 1, 9, 12), (4, 1, 15, 150), (4, 0, 0, 24), (4, -9, -1, 36), (5, -3, 8, 24),
    (6, 1, 10, 18), (7, -10, 5, 8), (8, -10, 5, 8), (9, 1, 6, 36), (9, 0, 0, 12), (9, -8, -1, 24),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Household:
    """A household as in the households file; `phone` is +84… or None."""

    code: str
    village: str
    lane: str
    representative: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class Official:
    """Somebody who works with the bot; `role` and `rights` as `invite` takes them, `village` for a village head."""

    name: str
    post: str
    role: str
    rights: tuple[str, ...] = ()
    village: str | None = None


@dataclass(frozen=True, slots=True)
class DemoCode:
    """A dossier worth trying on the demo page: its code, the last four digits of its phone, and what it shows."""

    code: str
    tail: str
    about: Msg


@lru_cache(maxsize=1)
def commune() -> Commune:
    """The sample commune: 33 thôn, some merged, three of them called Thôn 2."""
    villages: list[dict[str, object]] = [{"name": "Thôn 2", "former_commune": former} for former in _FORMER]
    for i, name in enumerate(_NAMES):
        former = _FORMER[i % 3]
        merged = [f"Thôn {i + 3} {former}", f"Thôn {i + 4} {former}"] if i % 4 == 0 else []
        villages.append({"name": f"Thôn {name}", "former_names": merged, "former_commune": former})
    agreed = {"agreed_on": date(2026, 5, 12), "minutes": "Biên bản mẫu"}
    heads = [{"head_phone": f"0951 000 {200 + i}"} for i in range(len(villages))]
    return Commune.model_validate({
        "name": "UBND xã Suối Lành",
        "province": "tỉnh mẫu",
        "villages": [village | agreed | head for village, head in zip(villages, heads, strict=True)],
        "reception_points": [
            {"name": "Trung tâm Phục vụ hành chính công xã Suối Lành", "address": "Thôn Ngã Ba Chợ"},
            {
                "name": "Điểm tiếp nhận Bến Mơ", "address": "Thôn 2 (xã Bến Mơ cũ)", "days": ["tuesday", "thursday"],
                "hours": ["08:00-11:00"],
            },
        ],
        "phones": [
            {"role": "office", "name": "Trung tâm Phục vụ hành chính công", "number": "0951 000 001"},
            {"role": "leader", "name": "Bí thư Đảng ủy xã", "number": "0951 000 010"},
            {"role": "leader", "name": "Phó Chủ tịch HĐND xã", "number": "0951 000 011"},
            {"role": "leader", "name": "Chủ tịch UBND xã", "number": "0951 000 012"},
            {"role": "staff", "name": "Công chức tư pháp, hộ tịch", "number": "0951 000 020"},
            {"role": "staff", "name": "Công chức địa chính", "number": "0951 000 021"},
            {"role": "police", "name": "Trực ban Công an xã", "number": "0951 000 113"},
            {"role": "militia", "name": "Trực dân quân", "number": "0951 000 114"},
            {"role": "health", "name": "Trạm y tế xã", "number": "0951 000 115"},
        ],
        "receivers": [{"task": "citizens", "post": "Công chức tiếp công dân"}],
        "about": {
            "address": "Thôn Ngã Ba Chợ, xã Suối Lành, tỉnh mẫu",
            "map": "Cạnh chợ Suối Lành, đối diện trường tiểu học",
            "parking": "Để xe ở sân bên phải cổng, không mất tiền",
            "waiting": "Phòng chờ tầng 1, có ghế, quạt và nước uống",
            "wifi": "Mạng “UBND xã Suối Lành”; mời hỏi cán bộ ở quầy để vào",
            "photocopier": "Máy photocopy đặt cạnh quầy số 1",
            "payment": "Nộp tiền mặt, hoặc quét mã QR tại quầy; có biên lai",
        },
        "citizen_reception": {
            "place": "Phòng tiếp công dân, tầng 1 trụ sở UBND xã Suối Lành",
            "hours": "Giờ hành chính, từ thứ Hai đến thứ Sáu",
            "attendees": "Chủ tịch UBND xã, công chức tiếp công dân, công chức địa chính",
            "topics": "Đất đai, chính sách xã hội, việc bà con đề nghị",
            "rules": "Mời bà con mang giấy tờ tùy thân. Bà con trình bày lần lượt, cán bộ ghi lại và đọc lại cho nghe. "
            "Có nhiều người cùng một việc thì mời cử người đại diện.",
            "chairman": _chairman_days(),
            "least": {"needs_checking": False},
        },
        "listeners": [{"name": "Nông Thị Thắm", "languages": ["tiếng Tày", "tiếng Nùng"]}],
        "permits": {"web": {"number": "01/QĐ-MẪU", "signed_on": date(2026, 7, 1), "needs_checking": False}},
        "calendar": {"days_off": [date(2026, 1, 2)], "working_days": [date(2026, 1, 10)]},
    })  # fmt: skip


def _chairman_days() -> list[dict[str, object]]:
    """Two mornings a month for some years, on weekdays near the 8th and the 22nd."""
    days = [date(year, month, day) for year in range(2026, 2032) for month in range(1, 13) for day in (8, 22)]
    weekdays = [day - timedelta(days=max(0, day.weekday() - 4)) for day in days]
    return [{"day": day, "hours": ["08:00-11:00"]} for day in weekdays]


@lru_cache(maxsize=1)
def households() -> tuple[Household, ...]:
    """Some 1,200 households over the thôn; one in nine has no phone."""
    random, labels = Random(33), [village.label for village in commune().villages]
    return tuple(
        Household(
            f"SL-{i + 1:04d}", labels[i % len(labels)], f"Ngõ {random.randint(1, 12)}", _person(random),
            None if i % 9 == 8 else _phone(i),
        )
        for i in range(HOUSEHOLDS)
    )  # fmt: skip


def officials() -> tuple[Official, ...]:
    """The people of the office, one of each kind of right, and a village head."""
    head = commune().villages[3].label
    return (
        Official("Triệu Minh Khải", "Chủ tịch UBND xã", "chairman", ("approve", "read-sealed")),
        Official("Nông Thị Thắm", "Phó Chủ tịch UBND xã", "official", ("approve",)),
        Official("Đặng Thị Thu Nhài", "Công chức Trung tâm Phục vụ hành chính công", "clerk"),
        Official("Hoàng Đức Lâm", "Công chức Văn phòng, văn thư", "official", ("stamp",)),
        Official("Lường Quang Mộc", "Trực ban Công an xã", "official", ("duty",)),
        Official("Bùi Thị Lụa", "Công chức tiếp công dân", "official", ("receive", "read-sealed")),
        Official("Ma Văn Kỳ", f"Trưởng {head[0].lower()}{head[1:]}", "village-head", (), head),
    )


@lru_cache(maxsize=4)
def dossiers(today: date) -> tuple[Dossier, ...]:
    """Some 600 dossiers in every state, early, due today and late on `today`; the first three are `demo_codes`."""
    random, calendar, homes = Random(600), Calendar(commune()), households()
    made: list[Dossier] = []
    for i, (status, due_in, private) in enumerate(_plan(random)):
        procedure = random.choice(_PRIVATE if private else _PROCEDURES)
        due = _working_day(calendar, today, due_in)
        # However far its date lies ahead, nothing was handed in later than the working day before.
        received = min(_working_day(calendar, due, -procedure[2]), _working_day(calendar, today, -1))
        home = homes[i * 7 % len(homes)]
        made.append(_dossier(random, i, status, procedure, received, due, home))
    return tuple(made)


def demo_codes(today: date) -> tuple[DemoCode, ...]:
    """Three dossiers to try: a result that is there, one that is late, one whose procedure is private."""
    about = (
        _("The result is there and can be collected."),
        _("Its date has passed, so the answer begins with an apology."),
        _("A family matter: the code alone does not name the procedure."),
    )
    return tuple(
        DemoCode(dossier.code, (dossier.phone or "")[-4:], words)
        for dossier, words in zip(dossiers(today)[:3], about, strict=True)
    )


def _plan(random: Random) -> Iterator[tuple[int, int, bool]]:
    """Status, working days from today to the due date, and whether the procedure is private."""
    yield from ((9, 1, False), (4, -2, False), (4, 4, True))
    rest: list[tuple[int, int, bool]] = []
    for status, first, last, count in _MIX:
        rest += [(status, random.randint(first, last), n % 6 == 5) for n in range(count)]
    while len(rest) < DOSSIERS - 3:
        rest.append((10, -random.randint(3, 80), len(rest) % 6 == 5))
    random.shuffle(rest)
    yield from rest


def _dossier(
    random: Random, i: int, status: int, procedure: tuple[str, str, int], received: date, due: date, home: Household
) -> Dossier:
    code = f"H99.33-{received:%y%m%d}-{i + 1:04d}"
    hour = time(random.choice((8, 9, 10, 14, 15)), random.choice((0, 10, 25, 40, 55)))
    # Some systems print only the day of the appointment.
    due_hour = END_OF_DAY if i % 5 == 4 else time(16, 30)
    phone = HELPER_PHONE if i % 40 == 39 else None if i % 17 == 16 else home.phone or _phone(HOUSEHOLDS + i)
    return Dossier(
        line=i + 2, code=code, code_key=codes.key(code), procedure_code=procedure[0], procedure_name=procedure[1],
        applicant=home.representative, phone=phone, received_at=datetime.combine(received, hour, ZONE),
        due_at=None if status == 1 and i % 2 else datetime.combine(due, due_hour, ZONE), status=status,
        village=home.village, officer=officials()[2 + i % 2].name,
        place=commune().reception_points[0 if i % 8 else 1].name, note="",
    )  # fmt: skip


def _working_day(calendar: Calendar, day: date, distance: int) -> date:
    """The working day so many working days from `day`; distance 0 is `day` itself, working or not."""
    step = timedelta(days=1 if distance > 0 else -1)
    while distance:
        day += step
        if calendar.is_working_day(day):
            distance -= step.days
    return day


def _person(random: Random) -> str:
    sex = random.choice("fm")
    return f"{random.choice(_FAMILY)} {random.choice(_MIDDLE[sex])} {random.choice(_GIVEN[sex])}"


def _phone(i: int) -> str:
    """A number of its own for each `i`; 7919 spreads the last four digits, 0951 000 xxx is the office's."""
    return f"+84951{100_000 + (i * 7919 + 2468) % 800_000:06d}"
