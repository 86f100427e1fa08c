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
from datetime import date
from pathlib import Path
from typing import Literal

from bot.commune import Commune


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
role = "office"  # office, police (Công an xã), militia (dân quân), health (trạm y tế), other
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
reminder_minutes = [10, 20, 30]
undo_seconds = 60
talk_close_hours = 24
applicants_per_phone = 3
guidance_days = 1825

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

[[reception_points]]
name = {point}
address = {address}
days = ["monday", "tuesday", "wednesday", "thursday", "friday"]
needs_checking = true
{phones}
# Mỗi thôn một mục: tên nay, tên cũ, xã cũ, ngày họp đồng ý và số biên bản.
# [[villages]]
# name = "Thôn 2"
# former_names = ["Thôn Đồi"]
# former_commune = "xã Đông"
# agreed_on = 2026-05-12
# minutes = "Biên bản số 3"
{villages}"""


# What is still missing ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `python -m bot check`: "error" has to be settled before villagers come, "warning" soon."""

    level: Literal["error", "warning"]
    sentence: str


_CHANNELS = {"web": "trang web", "telegram": "Telegram", "zalo": "Zalo"}
_DUTIES = {"police": "Công an xã", "militia": "dân quân", "health": "trạm y tế"}


def check(commune: Commune, today: date, channels: Collection[str] = tuple(_CHANNELS)) -> list[Finding]:
    """What a person still has to settle, for the channels in use; errors first."""
    findings = [*_permits(commune, channels), *_people(commune), *_villages(commune), *_unconfirmed(commune, today)]
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
            yield Finding("warning", f"Chưa có số trực của {spoken}.")
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


def _villages(commune: Commune) -> Iterable[Finding]:
    if not commune.villages:
        yield Finding("warning", "Chưa có danh sách thôn.")
    for village in commune.villages:
        if village.agreed_on is None or not village.minutes:
            yield Finding("warning", f"{village.label}: chưa có ngày họp đồng ý và số biên bản.")


def _unconfirmed(commune: Commune, today: date) -> Iterable[Finding]:
    for name, fact in commune.facts.items():
        if fact.needs_checking:
            asked = f" (lần trước {fact.checked_on:%d/%m/%Y})" if fact.checked_on else ""
            yield Finding("warning", f"Cần kiểm tra {name}: {fact.value}{asked}.")
    # The Prime Minister decides each autumn; until then the days of Tết are the library's estimate.
    known = commune.calendar.confirmed_until
    if known is None or (known - today).days < 60:
        until = f"mới đối chiếu đến {known:%d/%m/%Y}" if known else "chưa được đối chiếu"
        yield Finding("warning", f"Lịch nghỉ lễ {until} với thông báo chính thức.")
