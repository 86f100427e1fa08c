"""`python -m bot token [NAME] [--revoke]`: lets a one-stop system hand dossiers over by itself (`bot.api`).

The token is said once, here, and stands nowhere: it is derived from the secret key, the name and how many tokens the
system has had. Without a name: which systems there are.
"""

from typing import TYPE_CHECKING, Any

from bot.api_document import NAME
from bot.control import DONE, FAILED, WRONG, Say
from messages.render import ZONE
from storage import systems
from storage.systems import System

if TYPE_CHECKING:
    from bot.app import App


async def token(app: "App", arguments: dict[str, Any], say: Say) -> int:
    """Make a token for `name`, or with `revoke` end the one it has; without a name tell who has one."""
    name = str(arguments.get("name") or "")
    if not name:
        for each in await app.database.read(systems.known, app.place.commune_id):
            say(_line(each))
        return DONE
    if not NAME.fullmatch(name):
        say("Tên hệ thống gồm 2 đến 40 chữ thường không dấu, số và dấu -, ví dụ: mot-cua-tinh.")
        return WRONG
    now = app.clock.now()
    if arguments.get("revoke"):
        if not await app.database.write(systems.revoke, app.place.commune_id, name, now):
            say(f"Hệ thống {name} không có mã nào đang dùng.")
            return FAILED
        say(f"Đã thu hồi mã của {name}. Từ bây giờ hệ thống này không gọi được nữa.")
        return DONE
    made = await app.database.write(systems.grant, app.place.commune_id, name, now)
    if made is None:
        say(f"Hệ thống {name} đã có mã. Mất mã thì thu hồi rồi tạo lại: python -m bot token {name} --revoke")
        return FAILED
    say(f"Mã của {name}: {made}")
    say("Mã chỉ hiện một lần này. Xin giao tận tay người quản trị hệ thống đó, đừng gửi qua tin nhắn.")
    say(f"Cách gọi: {app.settings.public_url}/api/openapi.json")
    return DONE


def _line(each: System) -> str:
    made = f"{each.created_at.astimezone(ZONE):%d/%m/%Y}"
    last = (
        "chưa gọi lần nào" if each.last_at is None else f"gọi lần cuối {each.last_at.astimezone(ZONE):%H:%M %d/%m/%Y}"
    )
    ended = "" if each.revoked_at is None else f", thu hồi {each.revoked_at.astimezone(ZONE):%d/%m/%Y}"
    return f"{each.name}: mã thứ {each.serial}, tạo {made}{ended}; {last}"
