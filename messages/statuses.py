"""The ten states of a dossier: the label of the exchange, plain words for the citizen, and what she does next.

The list is that of the provincial one-stop systems and the national exchange; "late" and "early" are no states, they
follow from the dates. A date that came without an hour is kept as 00:00 (received) or 23:59:59 (due); `shown` gives it
back as a date.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from messages.fold import fold
from messages.reply import Msg, _

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
START_OF_DAY = time(0, 0)
END_OF_DAY = time(23, 59, 59)


@dataclass(frozen=True, slots=True)
class Status:
    """One state. `running`: the office still works on it, so its due date can pass; `also`: other labels in files."""

    id: int
    label: str
    plain: Msg
    next_step: Msg
    running: bool = False
    also: tuple[str, ...] = ()


_WAIT = _("You need do nothing more now. Please wait for the date you were given.")
_ASK = _("Please ask at the reception desk; they will tell you why and what can be done.")

STATUSES: dict[int, Status] = {
    status.id: status
    for status in (
        Status(
            1, "Mới đăng ký", _("sent, waiting to be accepted"),
            _("You need do nothing more now. An official will look at it and tell you."),
            running=True, also=("Chờ tiếp nhận", "Đã gửi, chờ tiếp nhận"),
        ),
        Status(2, "Được tiếp nhận", _("accepted"), _WAIT, running=True, also=("Đã tiếp nhận",)),
        Status(
            3, "Không được tiếp nhận", _("not accepted yet"),
            _("We are sorry that it could not be accepted. The reception desk will help you complete it."),
            also=("Từ chối tiếp nhận", "Chưa tiếp nhận được"),
        ),
        Status(4, "Đang xử lý", _("being worked on"), _WAIT, running=True, also=("Đang giải quyết",)),
        Status(
            5, "Yêu cầu bổ sung giấy tờ", _("waiting for more papers"),
            _("Please bring the papers that are missing. The reception desk will tell you which."),
            also=("Yêu cầu bổ sung", "Chờ bổ sung", "Cần bổ sung giấy tờ"),
        ),
        Status(
            6, "Yêu cầu thực hiện nghĩa vụ tài chính", _("waiting for tax or a fee"),
            _("Please pay as the office's paper says. Please never pay through a link a stranger sends."),
            also=("Thực hiện nghĩa vụ tài chính", "Chờ nộp thuế/phí"),
        ),
        Status(
            7, "Công dân yêu cầu rút hồ sơ", _("withdrawn at your request"),
            _("If you need it after all, you may hand in a new dossier."), also=("Đã rút", "Đã xin rút", "Rút hồ sơ"),
        ),
        Status(8, "Dừng xử lý", _("stopped"), _ASK, also=("Đã dừng", "Tạm dừng xử lý")),
        Status(
            9, "Đã xử lý xong", _("the result is there"),
            _("You may come and collect it. Please bring the slip and your identity card."),
            also=("Chờ xác nhận", "Có kết quả", "Đã có kết quả", "Đã chuyển trả", "Chờ trả kết quả"),
        ),
        Status(10, "Đã trả kết quả", _("handed over"), _("The result was handed over. Thank you."), also=("Đã trả",)),
    )
}  # fmt: skip

_BY_LABEL = {fold(label): one.id for one in STATUSES.values() for label in (one.label, *one.also)}


def status_id(text: str) -> int | None:
    """The id 1-10 that a label, an id or "4 - Đang xử lý" means; None when it means none."""
    number, _space, label = fold(text).partition(" ")
    if not number.isascii() or not number.isdecimal():
        return _BY_LABEL.get(fold(text))
    found = int(number[:3])
    return found if found in STATUSES and (not label or _BY_LABEL.get(label) == found) else None


def late(status: int, due_at: datetime | None, now: datetime) -> bool:
    """Whether the promised date has passed while the office still works on it."""
    return STATUSES[status].running and due_at is not None and due_at < now


def shown(moment: datetime) -> datetime | date:
    """The moment, or only its date when the file gave no hour."""
    local = moment.astimezone(ZONE)
    return local.date() if local.time().replace(microsecond=0) in {START_OF_DAY, END_OF_DAY} else local
