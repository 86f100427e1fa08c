"""`python -m bot outbox [list | retry ID | settle ID --arrived | --lost]`: messages a person has to decide about.

A message is `uncertain` when its request may have arrived; nobody gets it twice unasked, so a person decides.
"""

from typing import TYPE_CHECKING, Any

from bot.commands.inbox import local
from bot.control import DONE, FAILED, Say
from bot.ladder import Ladder
from storage import call_list, spending
from storage import outbox as messages

if TYPE_CHECKING:
    from bot.app import App

SHOWN = 100
STATES = {
    "queued": "đang chờ gửi", "sending": "đang gửi", "sent": "đã gửi", "failed": "lỗi", "unreachable": "không tới được",
    "uncertain": "chưa rõ đã tới chưa", "dropped": "không gửi nữa",
}  # fmt: skip
KINDS = {"answer": "trả lời", "reply": "cán bộ trả lời", "notice": "thông báo", "card": "thẻ việc", "edit": "sửa tin"}


async def outbox(app: "App", arguments: dict[str, Any], say: Say) -> int:
    """List what waits for a decision, send `arguments["id"]` again, or settle it as arrived or lost."""
    action = arguments.get("action", "list")
    if action == "list":
        return await _list(app, say)
    number, commune_id, now = int(arguments["id"]), app.place.commune_id, app.clock.now()
    if action == "retry":
        changed = await app.database.write(messages.retry, commune_id, number, now)
        done = f"Tin {number} đã vào hàng để gửi lại."
    else:
        changed = await app.database.write(messages.settle, commune_id, number, bool(arguments.get("arrived")), now)
        done = f"Đã ghi: tin {number} {'đã tới nơi' if arguments.get('arrived') else 'không tới và không gửi nữa'}."
    say(
        done
        if changed
        else f"Không làm được với tin {number}: tin không chờ quyết định, hoặc nội dung đã xóa theo hạn."
    )
    return DONE if changed else FAILED


async def _money(app: "App", say: Say) -> None:
    """What this month's notices have cost, and who is left to be called."""
    commune_id, terms = app.place.commune_id, app.place.commune.zalo
    month = Ladder.month(app.clock.now())
    cost, used = await app.database.read(spending.of, commune_id, month)
    calls = await app.database.read(call_list.count, commune_id)
    if cost or used:
        spent = f"đã dùng {cost} trong {terms.monthly_budget} đồng, {used} trong {terms.plan_messages} tin của gói"
        say(f"Tin báo qua Zalo tháng {month[5:]}/{month[:4]}: {spent}.")
    if calls:
        say(f"Còn {calls} người không tin nào tới được, phải gọi điện: /danhsachgoi")


async def _list(app: "App", say: Say) -> int:
    counts = await app.database.read(messages.counts, app.place.commune_id)
    stuck = await app.database.read(messages.stuck, app.place.commune_id, SHOWN)
    say("; ".join(f"{words}: {counts.get(state, 0)}" for state, words in STATES.items()).capitalize() + ".")
    for row in stuck:
        words = f"{KINDS.get(row.kind, row.kind)}, {STATES[row.state]}, gửi {row.attempts} lần"
        say(f"{row.id}  {local(row.created_at)}  {row.channel}  {words}  {row.error or ''}".rstrip())
    await _money(app, say)
    if stuck:
        say("Gửi lại: python -m bot outbox retry SỐ")
        say("Ghi kết quả: python -m bot outbox settle SỐ --arrived (đã tới) hoặc --lost (không tới)")
    return DONE
