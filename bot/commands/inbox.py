"""`python -m bot inbox [list | replay ID]`: events that failed, and another turn for one of them."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.control import DONE, FAILED, Say
from messages.render import ZONE
from storage import inbox as events

if TYPE_CHECKING:
    from bot.app import App

SHOWN = 100


async def inbox(app: "App", arguments: dict[str, Any], say: Say) -> int:
    """List failed events, or replay `arguments["id"]`: it starts as a new message and never answers a Confirm."""
    if arguments.get("action", "list") == "list":
        return await _list(app, say)
    number = int(arguments["id"])
    if not await app.database.write(events.replay, app.place.commune_id, number):
        say(f"Không chạy lại được việc {number}: không có, chưa từng lỗi, hoặc nội dung đã xóa theo hạn.")
        return FAILED
    say(f"Việc {number} đã vào hàng để chạy lại.")
    return DONE


async def _list(app: "App", say: Say) -> int:
    waiting = await app.database.read(events.waiting)
    failed = await app.database.read(events.failed, app.place.commune_id, SHOWN)
    say(f"Đang chờ: {waiting}. Bị lỗi: {len(failed)}{' trở lên' if len(failed) == SHOWN else ''}.")
    for row in failed:
        reference = f"mã {row.reference}" if row.reference else "không có mã"
        say(f"{row.id}  {local(row.received_at)}  {row.channel}  {reference}  {row.error or ''}".rstrip())
    if failed:
        say("Chạy lại một việc: python -m bot inbox replay SỐ")
    return DONE


def local(at: datetime) -> str:
    """`27/11/2026 08:30`, as the office's wall clock shows it."""
    return f"{at.astimezone(ZONE):%d/%m/%Y %H:%M}"
