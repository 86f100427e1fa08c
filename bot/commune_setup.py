"""Setting a commune up: `init` writes a commented commune.toml, `check` says what is missing or needs checking.

What could not be confirmed is written with `needs_checking = true` and told to the administrator until somebody has
looked; it never blocks a citizen.
"""

import json
import os
import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from bot.commune import Commune
from bot.settings import ZONE
from storage.facts import Change


def write_new(path: Path, **answers: str | Iterable[str]) -> None:
    """Write a first commune.toml from what `init` was told: name, province, phone, address, villages.

    The file is commented and marks what nobody confirmed. Raises FileExistsError instead of replacing one.
    """
    words = {name: value for name, value in answers.items() if isinstance(value, str)}
    villages = answers.get("villages", ())
    lines = [villages] if isinstance(villages, str) else villages
    text = _TEMPLATE.format(
        name=_quoted(words.get("name", "UBND xã …")),
        province=_quoted(words.get("province", "tỉnh …")),
        point=_quoted("Trung tâm Phục vụ hành chính công"),
        address=_quoted(words.get("address", "")),
        phones=_PHONE.format(number=_quoted(words["phone"])) if words.get("phone") else "",
        villages="".join(f"\n[[villages]]\nname = {_quoted(name)}\n" for name in lines),
    )
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with draft.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _quoted(text: str) -> str:
    return json.dumps(re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip(), ensure_ascii=False)


_PHONE = """
[[phones]]
role = "office"
name = "Trung tâm Phục vụ hành chính công"
number = {number}
needs_checking = true
"""

_TEMPLATE = """\
# Thông tin của xã. Sửa bằng tay được; sau khi sửa, chạy: python -m bot check
# needs_checking = true: chưa ai xác nhận. Xác nhận xong thì đổi thành false.

name = {name}
province = {province}

# Giờ làm việc; ngày không ghi là ngày nghỉ.
[hours]
monday = ["07:30-11:30", "13:30-17:00"]
tuesday = ["07:30-11:30", "13:30-17:00"]
wednesday = ["07:30-11:30", "13:30-17:00"]
thursday = ["07:30-11:30", "13:30-17:00"]
friday = ["07:30-11:30", "13:30-17:00"]

# Ngày nghỉ và ngày làm bù theo thông báo hằng năm. Ngày lễ thường đã có sẵn.
[calendar]
days_off = []
working_days = []
# Ngày Văn hóa Việt Nam 24/11: xin xác nhận theo văn bản mới nhất.
culture_day_off = true
# Lịch nghỉ đã đối chiếu với thông báo chính thức đến ngày nào:
# confirmed_until = 2026-12-31

# Lời hẹn và giới hạn của xã: phút, giờ, ngày theo tên.
[office]
promised_minutes = 30
# Tin khẩn cấp mà quá số phút này chưa cán bộ nào thấy thì báo Chủ tịch:
emergency_minutes = 5
reminder_minutes = [10, 20, 30]
undo_seconds = 60
talk_close_hours = 24
applicants_per_phone = 3
guidance_days = 1825

# Hạn trả lời đề nghị về dữ liệu cá nhân (Nghị định 356/2025, Điều 5): ngày làm việc, rồi ngày thường.
[data_rights]
reply_working_days = 2
correct_days = 10
erase_days = 20
needs_checking = true

[facts.guidance_days]
value = "Thời hạn lưu nội dung hướng dẫn: 5 năm"
needs_checking = true

# Văn bản cho phép hướng dẫn qua từng kênh (Nghị định 118/2025, Điều 16).
[permits.web]
number = ""
# signed_on = 2026-07-01
needs_checking = true

# Người được giao nhận: citizens (tiếp công dân), accusations (tố cáo), crime, data.
# [[receivers]]
# task = "citizens"
# post = "Công chức tiếp công dân"

# Nơi tiếp nhận hồ sơ: ngày làm việc; giờ riêng thì ghi thêm hours = ["08:00-11:00"].
[[reception_points]]
name = {point}
address = {address}
days = ["monday", "tuesday", "wednesday", "thursday", "friday"]
needs_checking = true

# Danh bạ: chỉ ghi số công vụ. name là chức vụ hoặc tên bộ phận, không ghi số riêng của cá nhân.
# role: office (bộ phận tiếp nhận), leader (lãnh đạo), staff (cán bộ Trung tâm), other;
# police (Công an xã), militia (dân quân), health (trạm y tế): số trực, được báo cho bà con khi khẩn cấp.
{phones}
# [[phones]]
# role = "leader"
# name = "Chủ tịch UBND xã"
# number = "0xxx xxx xxx"
# needs_checking = true

# Điều bà con hay hỏi. Mục nào chưa có thì trợ lý nói thật là chưa biết, kèm số điện thoại.
# Bỏ dấu # ở đầu dòng để dùng. Mục wifi: tên mạng và hỏi ai; không cần ghi mật khẩu ra đây.
# [about.address]
# value = "Thôn …, xã …"
# needs_checking = true
# [about.map]
# value = "Cạnh trường tiểu học, đối diện chợ"
# needs_checking = true
# [about.parking]
# value = "Để xe không mất tiền ở sân bên phải cổng"
# needs_checking = true
# [about.waiting]
# value = "Phòng chờ tầng 1, có nước uống"
# needs_checking = true
# [about.wifi]
# value = "Mạng …; mời hỏi cán bộ ở quầy để vào"
# needs_checking = true
# [about.photocopier]
# value = "Máy photocopy đặt cạnh quầy tiếp nhận"
# needs_checking = true
# [about.payment]
# value = "Tiền mặt, hoặc quét mã QR tại quầy"
# needs_checking = true

# Tiếp công dân: năm điều phải công khai, và nội quy.
# [citizen_reception.place]
# value = "Phòng tiếp công dân, trụ sở UBND xã"
# needs_checking = true
# [citizen_reception.hours]
# value = "Giờ hành chính các ngày làm việc"
# needs_checking = true
# [citizen_reception.attendees]
# value = "Chủ tịch UBND xã và công chức tiếp công dân"
# needs_checking = true
# [citizen_reception.topics]
# value = "Đất đai, chính sách, việc bà con đề nghị"
# needs_checking = true
# [citizen_reception.rules]
# value = "Mang giấy tờ tùy thân; trình bày lần lượt; …"
# needs_checking = true

# Chủ tịch trực tiếp tiếp công dân: ít nhất mấy ngày một tháng, từ bao giờ, theo văn bản nào.
[citizen_reception.least]
days_a_month = 2
since = 2026-07-01
source = "Luật 136/2025/QH15"
needs_checking = true
# Mỗi ngày Chủ tịch tiếp dân một mục; nghỉ ngày nào thì ghi thêm lý do vào cancelled, đừng xóa.
# [[citizen_reception.chairman]]
# day = 2026-12-08
# hours = ["08:00-11:00"]
# topics = "Đất đai, hỗ trợ sản xuất"
# cancelled = "họp tại tỉnh"

# Cán bộ nghe được tiếng dân tộc: tên như khi được mời. Lời nói của bà con được mời họ nghe.
# [[listeners]]
# name = "Nguyễn Văn A"
# languages = ["tiếng Tày", "tiếng Nùng"]

# Zalo: điều khoản và giá của OA, xin xác nhận với Zalo. Đơn vị: đồng, giờ, ngày, tin mỗi tháng.
# Khi monthly_budget = 0 thì không gửi tin nào phải trả tiền. Hết số tiền này thì chuyển sang danh sách gọi điện.
# [zalo]
# monthly_budget = 0
# plan_messages = 500
# chat_price = 55
# development = false
# since = 2026-06-01
# needs_checking = true
# Mẫu tin đã được Zalo duyệt: mã mẫu, và tham số nào của mẫu lấy mục nào của tin.
# [zalo.templates.result-ready]
# id = "…"
# parameters = {{ ten = "name", ma_ho_so = "code", noi_tra = "place" }}
# price_uid = 140
# price_phone = 200
# needs_checking = true
# Điều đã xác nhận trên OA thật, và ngày xác nhận; check kể những điều còn lại.
# [zalo.confirmed]
# signature = 2026-12-01

# Hồ sơ: cách tính hạn, nhắc cán bộ, báo bà con. Ngày ở đây là ngày làm việc.
# [dossiers]
# Trước hạn mấy ngày thì nhắc người thụ lý; lần nhắc cuối báo cả lãnh đạo:
# warn_days = [3, 1]
# Thư xin lỗi phải gửi trước hạn mấy ngày; được hẹn lại mấy lần:
# apology_before_days = 1
# postponements = 1
# Nhận từ giờ này thì tính như nhận vào ngày làm việc sau:
# late_hour = "15:00"
# false: cán bộ bấm “đã có tại quầy” rồi mới mời bà con đến nhận. true: tin theo tệp một cửa.
# trust_ready = false
# Mấy ngày chưa đến nhận thì nhắc, chỉ một lần:
# reminder_days = 10
# Hồ sơ mới trong tệp chỉ được báo tin nếu nhận chưa quá số ngày này; hồ sơ cũ hơn thì thôi:
# fresh_days = 3
# Mấy ngày không có bước nào mới thì coi là hồ sơ đứng yên:
# stuck_days = 10
# Giờ gửi bản tóm tắt buổi sáng cho cán bộ:
# summary_at = "07:15"
# Ngày trả nhanh kết quả, được báo cho bà con. Thêm, bớt bằng lệnh /ngaytranhanh cũng được:
# quick_days = [2026-12-10, 2026-12-24]
# since = 2025-07-01
# source = "NĐ 118/2025/NĐ-CP"
# needs_checking = true

# Thư của lãnh đạo: thủ tục nào xong thì gợi ý thư nào (marriage: kết hôn, birth: khai sinh, death: khai tử).
# Thủ tục không ghi ở đây thì không bao giờ gợi ý. Thư nào cũng chờ người có quyền duyệt.
# [letters]
# occasions = {{ "1.000894" = "marriage", "1.001193" = "birth", "1.000656" = "death" }}
# Quá mấy giờ làm việc chưa duyệt thì nhắc người thay thế:
# answer_hours = 8
# Kèm tờ vận động nếp sống văn minh với thư chia buồn:
# leaflet = false
# source = "quyết định công bố thủ tục của tỉnh, số …"
# needs_checking = true

# Tin kín (tố cáo, tội phạm, bạo lực): địa chỉ Chủ tịch UBND tỉnh, ngày làm việc nhắc người đọc, ngày báo bà con.
# [sealed]
# province = "…"
# remind_days = [1, 3, 5]
# told_day = 7
# keep_days = 1825
# needs_checking = true

# Phản ánh, kiến nghị của bà con: hạn trả lời (ngày làm việc), nhắc ai, khi nào.
# [cases]
# answer_days = {{ report = 15, proposal = 15, opinion = 15, praise = 15 }}
# Việc cán bộ đánh dấu gấp:
# urgent_days = 1
# Đã báo kết quả mà bà con không trả lời thì mấy ngày sau coi là xong:
# settle_days = 5
# Trong mấy ngày gần đây thì có thể là cùng một việc:
# similar_days = 30
# Quá số này trong 10 phút thì nhóm cán bộ chỉ nhận một bản tổng hợp:
# surge = 20
# Từ chối phải được Chủ tịch xem trước:
# countersign = false
# Nơi chịu trách nhiệm những việc xã không làm; ghi cả số điện thoại nếu có:
# owners = ["Điện lực khu vực", "Công an xã", "Hạt Kiểm lâm"]
# Chủ tịch nhận bản tổng hợp tuần vào thứ mấy (1 là thứ Hai):
# weekly_at = 1
# since = 2026-07-01
# source = "quy chế của xã, số …"
# needs_checking = true

# Ngày yên tĩnh: chỉ trả lời bà con, tin khẩn cấp và lời chúc mới được gửi. Tin khác chờ đến hết những ngày này.
# [quiet]
# Ngày và tháng âm lịch, từ 28 tháng Chạp đến mùng 5:
# from_lunar = [28, 12]
# to_lunar = [5, 1]
# Ngày lễ hằng năm ghi "ngày-tháng"; lễ hội riêng một năm ghi "2026-11-18":
# feast_days = ["01-01", "30-04", "01-05", "02-09"]
# Quốc tang, hoặc xã có thiên tai:
# mourning = [2026-10-20]

# Mỗi thôn một mục: tên nay, tên cũ, xã cũ, ngày họp đồng ý và số biên bản, số công vụ của trưởng thôn.
# [[villages]]
# name = "Thôn 2"
# former_names = ["Thôn Đồi"]
# former_commune = "xã Đông"
# agreed_on = 2026-05-12
# minutes = "Biên bản số 3"
# head_phone = "0xxx xxx xxx"
{villages}"""


# What is still missing ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `python -m bot check`: "error" has to be settled before villagers come, "warning" soon, "note" is
    only to be known.
    """

    level: Literal["error", "warning", "note"]
    sentence: str


_CHANNELS = {"web": "trang web", "telegram": "Telegram", "zalo": "Zalo"}
_DUTIES = {"police": "Công an xã", "militia": "dân quân", "health": "trạm y tế"}
_ABOUT = {
    "address": "địa chỉ trụ sở", "map": "chỉ đường", "parking": "chỗ để xe", "waiting": "phòng chờ", "wifi": "wifi",
    "photocopier": "máy photocopy", "payment": "cách nộp tiền",
}  # fmt: skip
_RECEPTION = {
    "place": "nơi tiếp công dân", "hours": "giờ tiếp công dân", "attendees": "người dự tiếp công dân",
    "topics": "nội dung dự kiến tiếp công dân", "rules": "nội quy tiếp công dân",
}  # fmt: skip
_LISTED = 3
"""Thôn named one by one in a finding; the rest is counted."""


def check(commune: Commune, today: date, channels: Collection[str] = tuple(_CHANNELS)) -> list[Finding]:
    """What a person still has to settle, for the channels in use; errors first."""
    findings = [*_permits(commune, channels), *_people(commune), *_reception(commune, today), *_about(commune)]
    findings += [*_villages(commune), *_unconfirmed(commune, today), *_dossiers(commune, today), *_letters(commune)]
    findings += _cases(commune)
    findings += _sealed(commune)
    findings += _zalo(commune) if "zalo" in channels else ()
    return sorted(findings, key=lambda finding: finding.level)


def _permits(commune: Commune, channels: Collection[str]) -> Iterable[Finding]:
    for channel, spoken in _CHANNELS.items():
        permit = commune.permits.get(channel)  # type: ignore[call-overload]
        if channel not in channels:
            continue
        if permit is None or not permit.number or permit.signed_on is None:
            yield Finding("error", f"Chưa có số, ngày văn bản cho phép hướng dẫn qua {spoken} (NĐ 118/2025, Điều 16).")
        elif permit.needs_checking:
            yield Finding("warning", f"Văn bản {permit.number} cho phép kênh {spoken} chưa được xác nhận.")


def _people(commune: Commune) -> Iterable[Finding]:
    if commune.phone("office") is None:
        yield Finding("error", "Chưa có số điện thoại của bộ phận tiếp nhận.")
    for role, spoken in _DUTIES.items():
        if commune.phone(role) is None:
            yield Finding("error", f"Chưa có số trực của {spoken}.")
    if not any(phone.role in ("leader", "staff") for phone in commune.phones):
        yield Finding("error", "Danh bạ chưa có số công vụ của lãnh đạo, cán bộ.")
    for phone in commune.phones:
        if phone.needs_checking:
            yield Finding("warning", f"Số điện thoại của {phone.name} chưa được xác nhận.")
    if not commune.reception_points:
        yield Finding("error", "Chưa có nơi tiếp nhận hồ sơ.")
    for point in commune.reception_points:
        if point.needs_checking or not point.address:
            yield Finding("warning", f"Địa chỉ và ngày làm việc của {point.name} chưa được xác nhận.")
    if commune.receiver("citizens") is None:
        yield Finding("warning", "Chưa có người được giao tiếp công dân.")


def _reception(commune: Commune, today: date) -> Iterable[Finding]:
    """The facts of citizen reception, and enough days of the Chairman's own in this month and the next (L16)."""
    reception = commune.citizen_reception
    for name, spoken in _RECEPTION.items():
        fact = getattr(reception, name)
        if fact is None:
            yield Finding("warning" if name == "rules" else "error", f"Chưa có {spoken}.")
        elif fact.needs_checking:
            yield Finding("warning", f"Cần kiểm tra {spoken}: {fact.value}.")
    least = reception.least
    if least.needs_checking:
        rule = f"ít nhất {least.days_a_month} ngày một tháng từ {least.since:%d/%m/%Y} ({least.source})"
        yield Finding("warning", f"Cần kiểm tra mức Chủ tịch tiếp công dân: {rule}.")
    this = today.replace(day=1)
    following = (this + timedelta(days=31)).replace(day=1)
    months: tuple[tuple[date, Literal["error", "warning"]], ...] = ((this, "error"), (following, "warning"))
    for month, level in months:
        after = (month + timedelta(days=31)).replace(day=1)
        days = reception.between(month, after - timedelta(days=1))
        held = sum(day.cancelled is None for day in days)
        if after > least.since and held < least.days_a_month:
            need = f"mới có {held} ngày, cần ít nhất {least.days_a_month} ngày ({least.source})"
            yield Finding(level, f"Lịch Chủ tịch tiếp công dân tháng {month:%m/%Y} {need}.")


def _about(commune: Commune) -> Iterable[Finding]:
    missing = [spoken for name, spoken in _ABOUT.items() if getattr(commune.about, name) is None]
    if missing:
        yield Finding("warning", f"Bà con hay hỏi mà chưa có: {', '.join(missing)}.")
    for name, spoken in _ABOUT.items():
        fact = getattr(commune.about, name)
        if fact is not None and fact.needs_checking:
            yield Finding("warning", f"Cần kiểm tra {spoken}: {fact.value}.")


def told_in_chat(changes: Iterable[Change]) -> list[Finding]:
    """What officials have changed in chat: it stands over the file until somebody writes it there."""
    return [
        Finding("warning", f"{change.set_by} đã đổi khi trò chuyện, {change.set_at.astimezone(ZONE):%d/%m/%Y}: "
                f"{_spoken(change)}. Tệp commune.toml chưa có thay đổi này.")
        for change in changes if change.value is not None
    ]  # fmt: skip


def _spoken(change: Change) -> str:
    if change.name.startswith("quick-day:"):
        day = date.fromisoformat(change.name.removeprefix("quick-day:"))
        return f"ngày trả nhanh kết quả {day:%d/%m/%Y}: {'thêm' if change.value else 'bỏ'}"
    kind, _, name = change.name.partition(".")
    label = {"about": _ABOUT, "citizen_reception": _RECEPTION}.get(kind, {}).get(name, change.name)
    value = change.value if isinstance(change.value, str) else json.dumps(change.value, ensure_ascii=False)
    return f"{label}: {value or 'bỏ'}"


def _villages(commune: Commune) -> Iterable[Finding]:
    if not commune.villages:
        yield Finding("warning", "Chưa có danh sách thôn.")
    silent = [village.label for village in commune.villages if not village.head_phone]
    if silent:
        more = f" và {len(silent) - _LISTED} thôn khác" if len(silent) > _LISTED else ""
        yield Finding("error", f"Chưa có số của trưởng thôn: {', '.join(silent[:_LISTED])}{more}.")
    for village in commune.villages:
        if village.agreed_on is None or not village.minutes:
            yield Finding("warning", f"{village.label}: chưa có ngày họp đồng ý và số biên bản.")


def _zalo(commune: Commune) -> Iterable[Finding]:
    """Terms and templates, and what is missing before somebody silent can be told (zalo.md 2.5, 3)."""
    terms = commune.zalo
    if terms.needs_checking:
        yield Finding(
            "warning",
            f"Cần kiểm tra điều khoản Zalo từ {terms.since:%d/%m/%Y} ({terms.source}): {terms.plan_messages} tin mỗi "
            f"tháng theo gói, sau đó {terms.chat_price} đồng một tin.",
        )
    for name, template in terms.templates.items():
        if template.needs_checking:
            yield Finding(
                "warning",
                f"Cần kiểm tra mẫu tin Zalo {name} ({template.id}): {template.price_uid} đồng theo tài khoản, "
                f"{template.price_phone} đồng theo số điện thoại.",
            )
    if not terms.templates:
        yield Finding("warning", "Chưa có mẫu tin Zalo: ai im lặng quá 7 ngày chỉ còn cách gọi điện.")
    elif not terms.monthly_budget and not terms.development:
        yield Finding("warning", "Có mẫu tin Zalo nhưng monthly_budget = 0: mẫu tin mất tiền nên không được gửi.")


def _dossiers(commune: Commune, today: date) -> Iterable[Finding]:
    """What of deadlines and of "your result is ready" rests on older texts or on a file (A05, A15, L19)."""
    terms = commune.dossiers
    if terms.needs_checking:
        yield Finding(
            "warning",
            f"Cần kiểm tra cách tính hạn hồ sơ từ {terms.since:%d/%m/%Y} ({terms.source}): nhận từ "
            f"{terms.late_hour:%H:%M} tính sang ngày làm việc sau; xin lỗi trước hạn {terms.apology_before_days} ngày "
            f"làm việc; được hẹn lại {terms.postponements} lần.",
        )
    if terms.trust_ready:
        yield Finding("note", "Tin mời nhận kết quả đi ngay theo tệp một cửa, cán bộ không bấm (trust_ready).")
    if terms.quick_days and max(terms.quick_days) < today:
        yield Finding("note", "Ngày trả nhanh kết quả đã qua hết. Thêm ngày bằng lệnh /ngaytranhanh.")


_OCCASIONS = {"marriage": "kết hôn", "birth": "khai sinh", "death": "khai tử"}


def _letters(commune: Commune) -> Iterable[Finding]:
    """Which procedures propose a letter: a code that means something else would congratulate the wrong people (L24)."""
    terms = commune.letters
    if terms.needs_checking:
        listed = ", ".join(f"{code} {_OCCASIONS[occasion]}" for code, occasion in terms.occasions.items())
        yield Finding("warning", f"Cần kiểm tra thủ tục nào gợi ý thư ({terms.source}): {listed or 'chưa có'}.")


def _cases(commune: Commune) -> Iterable[Finding]:
    """How long an answer to a report may take: no law that binds a commune was read (domain 3.4)."""
    terms = commune.cases
    if terms.needs_checking:
        yield Finding(
            "warning",
            f"Cần kiểm tra hạn trả lời phản ánh, kiến nghị từ {terms.since:%d/%m/%Y} ({terms.source}): "
            f"{terms.days('report')} ngày làm việc, việc gấp {terms.urgent_days} ngày.",
        )
    if not terms.owners:
        yield Finding("warning", "Chưa ghi nơi chịu trách nhiệm việc ngoài xã (owners trong [cases]).")


def _sealed(commune: Commune) -> Iterable[Finding]:
    """Where what concerns the Chairman goes, and by which texts (L28, L30)."""
    terms = commune.sealed
    if not terms.province:
        yield Finding("warning", "Chưa ghi địa chỉ nhận tố cáo Chủ tịch xã ở tỉnh (province trong [sealed]).")
    if terms.needs_checking:
        yield Finding(
            "warning", f"Cần kiểm tra căn cứ tin kín từ {terms.since:%d/%m/%Y} ({terms.source}; {terms.home_source})."
        )


def _unconfirmed(commune: Commune, today: date) -> Iterable[Finding]:
    for name, fact in commune.facts.items():
        if fact.needs_checking:
            asked = f" (lần trước {fact.checked_on:%d/%m/%Y})" if fact.checked_on else ""
            yield Finding("warning", f"Cần kiểm tra {name}: {fact.value}{asked}.")
    rights = commune.data_rights
    if rights.needs_checking:
        yield Finding(
            "warning",
            f"Cần kiểm tra hạn trả lời đề nghị về dữ liệu cá nhân: {rights.reply_working_days} ngày làm việc; sửa xong "
            f"{rights.correct_days} ngày, xóa xong {rights.erase_days} ngày, từ {rights.since:%d/%m/%Y} "
            f"({rights.source}).",
        )
    # The Prime Minister decides each autumn; until then the days of Tết are the library's estimate.
    known = commune.calendar.confirmed_until
    if known is None or (known - today).days < 60:
        until = f"mới đối chiếu đến {known:%d/%m/%Y}" if known else "chưa được đối chiếu"
        yield Finding("warning", f"Lịch nghỉ lễ {until} với thông báo chính thức.")
