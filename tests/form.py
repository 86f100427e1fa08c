"""A form for the tests of talks: one of each kind of step, and a command that can be counted."""

from dataclasses import dataclass
from datetime import timedelta

from bot.conversation import Again, Ask, Find
from bot.questions import Checked, Choice, Confirm, Hint, Locked, Passed, Photos, Text
from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn
from messages.reply import Button, Msg, Reply

routes = Routes()
filed: list["File"] = []
taken: set[str] = set()
checked: list[str] = []


@dataclass(frozen=True)
class File:
    """The form, filled in."""

    kind: str
    detail: str
    photos: tuple[str, ...]


@dataclass(frozen=True)
class Code:
    text: str


@dataclass(frozen=True)
class Number:
    kind: str


def left(answers: dict[str, object]) -> File | None:
    """An unfinished form with a detail files itself."""
    return File(str(answers["kind"]), str(answers["detail"]), ()) if "detail" in answers else None


@routes.conversation("form", title="Mẫu đơn", words=("làm đơn", "/don"), idle=timedelta(hours=1))
def form(ask: Ask, find: Find) -> File | None:
    kind = ask(Choice("kind", "Về việc gì?", {"road": "Đường", "light": "Đèn", "water": "Nước"}))
    detail = ask(Text("detail", "Xin kể rõ.", at_most=1000))
    photos = ask(Photos("photos", "Có ảnh không?"))
    number = ask.once("number", Number(kind), needs=("kind",))
    if ask(Confirm("send", "Gửi chứ?", [kind, detail, str(number)])):
        return File(kind, detail, photos)
    return None


@routes.conversation("left", title="Đơn tự gửi", words=("đơn tự gửi",), idle=timedelta(minutes=30), left=left)
def left_alone(ask: Ask, find: Find) -> File:
    kind = ask(Choice("kind", "Về việc gì?", {"road": "Đường", "light": "Đèn"}))
    detail = ask(Text("detail", "Xin kể rõ."))
    ask(Text("more", "Còn gì nữa không?"))
    return File(kind, detail, ())


@routes.conversation("secret", title="Mã bí mật", words=("mã bí mật",))
def secret(ask: Ask, find: Find) -> File:
    word = ask(Checked("word", "Mã là gì?", Code))
    return File("secret", str(word), ())


@routes.does(File)
def file(command: File, turn: Turn) -> Reply:
    if command.detail in taken:
        taken.discard(command.detail)
        raise Again("detail", Msg("Chỗ đó vừa có người báo."))
    filed.append(command)
    return Reply(f"Đã ghi: {command.kind}, {command.detail}.")


@routes.does(Number)
def number(command: Number, turn: Turn) -> int:
    return len(command.kind)


@routes.does(Code)
def code(command: Code, turn: Turn) -> object:
    checked.append(command.text)
    if command.text == "sesame":
        return Passed("opened")
    return Locked(Msg("Đã khóa.")) if len(checked) > 2 else Hint(Msg("Chưa đúng."))


@routes.command("/bang", words=("xem bảng",))
def board(turn: Turn, rest: str) -> Reply:
    one, two = Button("Một", str(RouteToken("pick", ("a",)))), Button("Hai", str(RouteToken("pick", ("b",))))
    return Reply("Bảng:", buttons=(one, two), numbered=True)


@routes.tap("pick")
def pick(turn: Turn, value: str = "") -> Reply:
    return Reply(f"Đã chọn {value}.")


@routes.tap("hidden", role="chairman")
def hidden(turn: Turn) -> Reply:
    return Reply("chỉ chủ tịch thấy")


@routes.command("/hong")
def broken(turn: Turn, rest: str) -> Reply:
    raise KeyError("một lời bí mật")


@routes.event("notice")
def notice(turn: Turn) -> Reply:
    """A list nobody asked for."""
    yes, busy = Button("Có đi", str(RouteToken("pick", ("go",)))), Button("Bận", str(RouteToken("pick", ("busy",))))
    return Reply("Thông báo:", buttons=(yes, busy), numbered=True)
