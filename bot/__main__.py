"""The command line: `python -m bot` is the service, `python -m bot NAME …` a command.

A command goes to the service that runs on this DATA_DIR, or is done here when none does. `init`, `check`, `letters`,
`backup` and `restore` are always done here: they are needed most when the service does not start.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from bot import logs
from bot.commands import COMMANDS
from bot.commands.backup import backup
from bot.commands.check import check
from bot.commands.init import init
from bot.commands.letters import letters
from bot.commands.restore import restore
from bot.commands.understand import understand
from bot.commands.zalo import pasted
from bot.commune import BadCommune
from bot.control import BUSY, FAILED, PATIENCE, WRONG, Busy, ask, hold, run
from bot.settings import BadSettings, Settings
from storage.db import temporary
from storage.migrate import NewerSchema
from storage.officials import RIGHTS, ROLES

EXIT_CODES = """Mã thoát:
  0  xong
  1  chưa xong, hoặc check tìm thấy việc cần sửa
  2  thiết lập sai hoặc gọi lệnh sai
  3  import: đã nhập, nhưng có dòng không nhận được
  4  import: không nhập dòng nào
  5  DATA_DIR đang có dịch vụ hoặc lệnh khác dùng
  6  mất liên lạc với dịch vụ giữa chừng, chưa rõ kết quả

Thiết lập đặt bằng biến môi trường hoặc tệp .env; xem .env.example."""

LOCAL: dict[str, Callable[[Settings, dict[str, Any], Callable[[str], None]], int]] = {
    "init": init,
    "check": lambda settings, arguments, say: check(settings, say),
    "letters": letters,
    "backup": backup,
    "restore": restore,
    "understand": understand,
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(WRONG, f"Lệnh chưa đúng: {message}\nXin xem: {self.prog} --help\n")


def _listed(value: str) -> tuple[str, ...]:
    return tuple(part for part in (each.strip() for each in value.split(",")) if part)


def parser() -> argparse.ArgumentParser:
    """The whole command line; each command leaves its name in `command`."""
    top = _Parser(
        prog="python -m bot",
        description="Gần Dân: văn phòng trò chuyện của xã. Không ghi lệnh nào: chạy dịch vụ.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = top.add_subparsers(dest="command", metavar="LỆNH")
    _add_setting_up(names)
    _add_imports(names)
    _add_token(names)
    _add_events(names)
    one = names.add_parser("letters", help="vẽ mọi mẫu thư với dữ liệu mẫu để xem")
    one.add_argument("folder", nargs="?", metavar="THƯ_MỤC", type=lambda given: str(Path(given).expanduser()))
    one = names.add_parser("understand", help="xem trợ lý hiểu một câu thế nào; kiểm tra cụm từ của xã")
    one.add_argument("text", nargs="*", metavar="CÂU", help="câu của bà con")
    one.add_argument("--check", action="store_true", help="xem tệp cụm từ của xã có gì sai")
    for name, meaning in (("backup", "sao lưu tất cả vào một tệp"), ("restore", "khôi phục vào nơi còn trống")):
        names.add_parser(name, help=meaning).add_argument("file", metavar="TỆP", type=Path)
    return top


def _add_setting_up(names: Any) -> None:
    one = names.add_parser("init", help="tạo commune.toml và khóa bí mật")
    for name, meaning in (
        ("name", "tên cơ quan"),
        ("province", "tỉnh"),
        ("phone", "số điện thoại"),
        ("address", "địa chỉ"),
    ):
        one.add_argument(f"--{name}", help=meaning)
    one.add_argument(
        "--village", action="append", dest="villages", metavar="THÔN", help="tên một thôn; ghi nhiều lần được"
    )
    names.add_parser("check", help="xem còn việc gì phải chuẩn bị hoặc sửa")
    one = names.add_parser("invite", help="mời cán bộ, trưởng thôn: mã dùng một lần và liên kết")
    one.add_argument("--name", required=True, help="họ tên")
    one.add_argument("--post", required=True, help="chức vụ, ghi dưới mỗi câu trả lời")
    one.add_argument("--role", choices=ROLES, default="official")
    one.add_argument("--right", type=_listed, default=(), dest="rights", metavar="QUYỀN,…", help=", ".join(RIGHTS))
    one.add_argument("--village", metavar="THÔN", help="thôn của trưởng thôn")
    what = names.add_parser("zalo", help="kết nối Official Account với trợ lý").add_subparsers(
        dest="what", metavar="connect", required=True
    )
    one = what.add_parser("connect", help="quản trị viên OA đồng ý một lần")
    one.add_argument("pasted", nargs="?", metavar="DÁN", help="địa chỉ đã quay về, hoặc refresh token; - để dán sau")
    one.add_argument("--redirect", metavar="ĐỊA_CHỈ", help="Callback URL đã khai, khi không có PUBLIC_URL")


def _add_imports(names: Any) -> None:
    what = names.add_parser("import", help="nhập hồ sơ từ tệp CSV hoặc XLSX").add_subparsers(
        dest="what", metavar="dossiers", required=True
    )
    one = what.add_parser("dossiers", help="hồ sơ một cửa")
    one.add_argument("file", metavar="TỆP", type=Path)
    one.add_argument("--strict", action="store_true", help="có một dòng sai thì không nhập dòng nào")


def _add_token(names: Any) -> None:
    one = names.add_parser("token", help="mã để hệ thống một cửa tự gửi hồ sơ sang; không ghi tên: xem đã cấp cho ai")
    one.add_argument("name", nargs="?", metavar="TÊN", help="tên hệ thống, ví dụ mot-cua-tinh")
    one.add_argument("--revoke", action="store_true", help="thu hồi mã")


def _add_events(names: Any) -> None:
    actions = names.add_parser("inbox", help="xem việc bị lỗi; chạy lại").add_subparsers(dest="action", metavar="VIỆC")
    actions.add_parser("list", help="việc bị lỗi (mặc định)")
    actions.add_parser("replay", help="chạy lại một việc").add_argument("id", type=int, metavar="SỐ")
    actions = names.add_parser("outbox", help="xem tin chưa rõ kết quả; quyết định").add_subparsers(
        dest="action", metavar="VIỆC"
    )
    actions.add_parser("list", help="tin chờ quyết định (mặc định)")
    actions.add_parser("retry", help="gửi lại một tin").add_argument("id", type=int, metavar="SỐ")
    one = actions.add_parser("settle", help="ghi kết quả của một tin")
    one.add_argument("id", type=int, metavar="SỐ")
    result = one.add_mutually_exclusive_group(required=True)
    result.add_argument("--arrived", action="store_true", help="tin đã tới nơi")
    result.add_argument("--lost", action="store_true", help="tin không tới và không gửi nữa")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    arguments = {name: value for name, value in vars(parser().parse_args(words)).items() if value is not None}
    try:
        settings = Settings.load()
        logs.configure(secret_values=secret_values(settings))
        return _run(settings, arguments)
    except (BadSettings, BadCommune) as bad:
        for problem in bad.problems:
            _complain(problem)
        return WRONG
    except Busy as busy:
        _complain(str(busy))
        return BUSY
    except NewerSchema:
        _complain("Cơ sở dữ liệu là của bản mới hơn. Xin cài lại bản mới của chương trình, hoặc khôi phục bản sao lưu.")
        return FAILED
    except KeyboardInterrupt:
        return FAILED
    except Exception as error:
        if not temporary(error):
            raise
        _complain(f"Không mở được cơ sở dữ liệu ({logs.kind(error)}). Xin chạy: python -m bot check")
        return FAILED


def secret_values(settings: Settings) -> list[str]:
    """The values that must never stand in a log."""
    secret = (name for name, field in Settings.model_fields.items() if not field.repr)
    return [str(getattr(settings, name)) for name in secret]


def _run(settings: Settings, arguments: dict[str, Any]) -> int:
    name = arguments.pop("command", None)
    if name is None:
        from bot.service import serve  # not at the top: check and restore must work where the service cannot

        return _with_loop(serve(settings))
    if "pasted" in arguments:
        arguments["pasted"] = pasted(arguments["pasted"])
    if "file" in arguments:  # the service may stand in another folder
        arguments["file"] = str(arguments["file"].expanduser().absolute())
    if name in LOCAL:
        return LOCAL[name](settings, arguments, _say)
    what = arguments.pop("what", None)
    return _with_loop(_command(settings, f"{name} {what}" if what else name, arguments))


def _with_loop(work: Any) -> int:
    try:
        import uvloop
    except ImportError:  # not on this system
        return int(asyncio.run(work))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return int(runner.run(work))


async def _command(settings: Settings, name: str, arguments: dict[str, Any]) -> int:
    """Let the service do it, or do it here; a service that is just starting is given time to open its socket."""
    from bot.app import open_app

    waited = 0.0
    while True:
        code = await ask(settings.data_dir, name, arguments, _say)
        if code is not None:
            return code
        try:
            with hold(settings.data_dir, shared=settings.on_postgresql):
                async with open_app(settings) as app:
                    return await run(COMMANDS[name], app, arguments, _say)
        except Busy:
            if waited >= PATIENCE:
                raise
        await asyncio.sleep(0.2)
        waited += 0.2


def _say(sentence: str) -> None:
    print(sentence, flush=True)


def _complain(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
