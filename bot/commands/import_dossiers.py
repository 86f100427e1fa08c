"""`python -m bot import dossiers FILE [--strict]`: takes the desk's list of dossiers in, while villagers are answered.

How a list is taken in stands in `bot.take_in`; here is what the operator is told.

Exit codes: 0 every row was taken, 3 some rows were refused and the others taken, 4 nothing was taken. All refusals
stand in `DATA_DIR/imports/<run>-refused.csv` (semicolons and a byte order mark, as Excel in Việt Nam wants it), the
first 50 are said too. How old the data are (L04) is the file's own time, never later than now.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.control import Say
from bot.take_in import FIRST, Refusals, Source, Taken, finish_interrupted, look_at, number, take
from messages.render import ZONE
from storage import imports

if TYPE_CHECKING:
    from bot.app import App

ALL_TAKEN, SOME_REFUSED, NOTHING_TAKEN = 0, 3, 4


async def import_dossiers(app: "App", arguments: dict[str, Any], say: Say) -> int:
    """Import `arguments["file"]`; with `arguments["strict"]` all or nothing. Returns the exit code."""
    path, strict = Path(arguments["file"]), bool(arguments.get("strict"))
    progress = _Progress(say)
    await finish_interrupted(app, say, progress)
    try:
        sha256, written_at = await look_at(path)
    except OSError:
        say(f"Không mở được tệp {path.name}.")
        return NOTHING_TAKEN
    now = app.clock.now()
    as_of = min(written_at, now) if app.clock.real else now
    try:
        taken = await take(app, Source(path, path.name, sha256, as_of), progress, strict=strict)
    except imports.Busy as busy:
        since = busy.since.astimezone(ZONE)
        say(f"Một lần nhập khác đang chạy từ {since:%H:%M ngày %d/%m/%Y}. Xin đợi lần đó xong.")
        return NOTHING_TAKEN
    return _report(taken, say) if taken.applied else _report_nothing(taken.refusals, say)


@dataclass
class _Progress:
    """Says how far it is, about once a second."""

    say: Say
    last: float = field(default_factory=time.monotonic)

    async def __call__(self, stage: str, done: int, of: int | None) -> None:
        if time.monotonic() - self.last < 1:
            return
        self.last = time.monotonic()
        if stage == "read":
            self.say(f"Đã đọc {number(done)} dòng…")
        else:
            self.say(f"Đã ghi {number(done)}{'' if of is None else f' trên {number(of)}'} hồ sơ…")


def _report(taken: Taken, say: Say) -> int:
    counts = taken.counts
    say(
        f"Đã nhập xong: {number(counts.new)} hồ sơ mới, {number(counts.changed)} thay đổi, "
        f"{number(counts.same)} giữ nguyên, {number(counts.refused)} dòng không nhận được."
    )
    if taken.outlook.told or taken.outlook.called:
        say(
            f"{number(taken.outlook.told)} người dân sẽ được nhắn tin, "
            f"{number(taken.outlook.called)} người cần gọi điện."
        )
    _say_refusals(taken.refusals, say)
    return SOME_REFUSED if counts.refused else ALL_TAKEN


def _report_nothing(refusals: Refusals, say: Say) -> int:
    say("Không nhập hồ sơ nào; số liệu cũ giữ nguyên.")
    _say_refusals(refusals, say)
    return NOTHING_TAKEN


def _say_refusals(refusals: Refusals, say: Say) -> None:
    for refusal in refusals.first:
        text = str(refusal)
        say(text[:1].upper() + text[1:])
    if refusals.count > FIRST:
        say(f"… và {number(refusals.count - FIRST)} dòng nữa.")
    if refusals.count:
        say(f"Danh sách đầy đủ: {refusals.path}")
