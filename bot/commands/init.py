"""`python -m bot init`: the first commune.toml, and the secret key, said once so that it can be copied to paper."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from bot import settings as all_settings
from bot.commune_setup import write_new
from bot.control import DONE, FAILED, WRONG, Say
from bot.settings import Settings

QUESTIONS = {
    "name": "Tên cơ quan (ví dụ: UBND xã Suối Lành): ",
    "province": "Tỉnh, thành phố (ví dụ: tỉnh Lâm Đồng): ",
    "phone": "Số điện thoại bộ phận tiếp nhận (để trống nếu chưa có): ",
    "address": "Địa chỉ nơi tiếp nhận hồ sơ (để trống nếu chưa có): ",
}
NEEDED = ("name", "province")


def init(
    settings: Settings,
    arguments: Mapping[str, Any],
    say: Say,
    read: Callable[[str], str] = input,
    asks: bool | None = None,
) -> int:
    """Write DATA_DIR/commune.toml from the flags, or from answers when `asks` (default: a person sits there)."""
    path = settings.data_dir / "commune.toml"
    if path.exists():
        say(f"Đã có {path}; không ghi đè. Xin sửa tệp đó rồi chạy: python -m bot check")
        return FAILED
    asks = sys.stdin.isatty() if asks is None else asks
    answers = {name: _answer(name, question, arguments, read, asks) for name, question in QUESTIONS.items()}
    missing = [f"--{name}" for name in NEEDED if not answers[name]]
    if missing:
        say(f"Còn thiếu {', '.join(missing)}.")
        return WRONG
    try:
        write_new(path, **answers, villages=list(arguments.get("villages") or ()))
    except FileExistsError:
        say(f"Đã có {path}; không ghi đè.")
        return FAILED
    say(f"Đã ghi {path}. Xin mở tệp, điền nốt giờ làm việc, các thôn và văn bản cho phép.")
    _tell_secret(settings, say)
    _tell_of_sample(settings, say)
    say("Bước tiếp theo: python -m bot check")
    return DONE


def _answer(name: str, question: str, arguments: Mapping[str, Any], read: Callable[[str], str], asks: bool) -> str:
    given = arguments.get(name)
    if given is not None or not asks:
        return str(given or "").strip()
    answer = read(question).strip()
    while name in NEEDED and not answer:
        answer = read(question).strip()
    return answer


def _tell_secret(settings: Settings, say: Say) -> None:
    path = settings.data_dir / "secret.key"
    if settings.secret_key:
        say("SECRET_KEY do thiết lập đặt. Xin giữ một bản trên giấy, vì bản sao lưu không chứa khóa này.")
        return
    if path.exists():
        say(f"Khóa bí mật đã có trong {path}.")
        return
    key = all_settings.secret_key(settings).decode()
    say("Khóa bí mật, chỉ hiện một lần. Xin chép ra giấy, cất trong két; bản sao lưu không chứa khóa này:")
    say(f"    {key}")


def _tell_of_sample(settings: Settings, say: Say) -> None:
    database = settings.data_dir / "gandan.db"
    if not settings.database_url and database.exists():
        say(
            f"{database} đã có từ trước. Nếu là dữ liệu mẫu, xin dừng dịch vụ và chuyển tệp này đi trước khi chạy thật."
        )
