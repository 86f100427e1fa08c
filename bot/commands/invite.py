"""`python -m bot invite`: gives somebody rights, by a code that works once. Rights are rows; only this makes them."""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import Connection

from bot import door_links
from bot.commune import Ambiguous, Unknown
from bot.control import DONE, WRONG, Say
from storage import officials

if TYPE_CHECKING:
    from bot.app import App
    from bot.commune import Commune
    from bot.settings import Settings
    from bot.turn import Place

ROLES = {"official": "cán bộ", "village-head": "trưởng thôn", "chairman": "Chủ tịch", "clerk": "văn thư"}


async def invite(app: "App", arguments: dict[str, Any], say: Say) -> int:
    """Invite `name` with `post`, `role`, `rights` and, for a village head, `village`; says the code and the link."""
    name, post = (" ".join(str(arguments.get(key) or "").split()) for key in ("name", "post"))
    role, rights = arguments.get("role") or "official", tuple(arguments.get("rights") or ())
    village, problems = _village(app.place.commune, arguments.get("village") or "", role)
    problems += [f"Không có vai {role}; các vai: {', '.join(ROLES)}."] if role not in ROLES else []
    unknown = [right for right in rights if right not in officials.RIGHTS]
    problems += [f"Không có quyền {', '.join(unknown)}; các quyền: {', '.join(officials.RIGHTS)}."] if unknown else []
    if not name or not post:
        problems.append(
            "Cần cả --name (họ tên) và --post (chức vụ): câu trả lời cho bà con ký bằng tên và chức vụ này."
        )
    if problems:
        for problem in problems:
            say(problem)
        return WRONG
    code = await app.database.write(
        officials.invite, app.place.commune_id, name[:80], post[:120], role, rights, village, app.clock.now()
    )
    say(f"Mã mời {name} ({ROLES[role]}): {code}")
    say(f"Mở liên kết này: {link(app.settings, role, code)}")
    for address in await app.database.read(_elsewhere, app.place, code):
        say(f"Hoặc mở trên điện thoại: {address}")
    say(f"Mã dùng được một lần, trong {officials.VALID.days} ngày. Xin chỉ đưa cho đúng người.")
    return DONE


def _elsewhere(db: Connection, place: "Place", code: str) -> list[str]:
    return list(door_links.with_code(db, place, code))


def _village(commune: "Commune", written: str, role: str) -> tuple[str | None, list[str]]:
    """The thôn's label as the commune knows it; without a list of thôn it is taken as written."""
    if not written:
        return None, ["Trưởng thôn cần --village (tên thôn)."] if role == "village-head" else []
    if not commune.villages:
        return written, []
    found = commune.places.resolve(written)
    if isinstance(found, Ambiguous):
        return None, [f"Có nhiều thôn tên {written}: {', '.join(village.label for village in found.villages)}."]
    if isinstance(found, Unknown):
        near = ", ".join(village.label for village in found.near)
        return None, [f"Không có thôn {written}." + (f" Có phải: {near}?" if near else "")]
    return found.label, []


def link(settings: "Settings", role: str, code: str) -> str:
    """Where the code is spent: /office, for a village head her own chat."""
    base = settings.public_url
    if not base:
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.http_host, settings.http_host)
        base = f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{settings.http_port}"
    return f"{base}/{'chat' if role == 'village-head' else 'office'}?code={quote(code)}"
