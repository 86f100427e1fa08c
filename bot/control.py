"""One service on a DATA_DIR, and commands that reach it: a lock file and a Unix socket.

`service.lock` says who works here. With SQLite one process holds it alone, service or command; with PostgreSQL all
services share it, since the database keeps them apart, and only `restore` wants to be alone. The lock is the kernel's
(flock), so a killed process leaves none behind.

`control.sock` (mode 0600, and only our own user or root is heard) takes one line of JSON, {"command", "arguments"}, and
answers with lines: {"say": a sentence} as the work goes on, then {"exit": a code}. Whoever holds `control.lock` serves
it, so of several processes in one DATA_DIR the first does, and another takes over when it is gone. A path too long for
a Unix socket (107 bytes) is reached through /proc/self/fd, so the socket is always in DATA_DIR.

A client that goes away ends nothing: a command that was begun is finished, for the half of it would be worse.
"""

import asyncio
import contextlib
import fcntl
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from bot import logs
from storage.db import temporary

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger(__name__)

Say = Callable[[str], None]
Command = Callable[["App", dict[str, Any], Say], Awaitable[int]]

DONE, FAILED, WRONG, BUSY, LOST = 0, 1, 2, 5, 6
"""Exit codes: done; not done, or something found; wrong settings or call; DATA_DIR in use; the service went away.

3 and 4 belong to `import`: some rows refused, nothing taken."""

LONGEST_PATH = 100
LONGEST_LINE = 1 << 20
PATIENCE = 5.0
"""Seconds: for a client's first line, between looks for a free socket, for a service that is starting."""


class Busy(Exception):
    """Another process works in this DATA_DIR; its text is a sentence for the operator."""


@contextmanager
def hold(data_dir: Path, *, shared: bool = False) -> Iterator[None]:
    """Keep DATA_DIR for this process while the block runs, or for us and others who share; raises Busy."""
    data_dir.mkdir(parents=True, exist_ok=True)
    file = os.open(data_dir / "service.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(_busy(data_dir, os.pread(file, 20, 0))) from None
        if not shared:
            os.ftruncate(file, 0)
            os.pwrite(file, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(file)


def _busy(data_dir: Path, holder: bytes) -> str:
    who = f" (tiến trình {int(holder)})" if holder.isdigit() else ""
    return (
        f"Thư mục {data_dir} đang được dịch vụ hoặc lệnh khác dùng{who}. Xin dừng tiến trình đó trước, hoặc đợi xong."
    )


@contextmanager
def _address(data_dir: Path) -> Iterator[str]:
    path = os.path.abspath(data_dir / "control.sock")
    if len(os.fsencode(path)) <= LONGEST_PATH:
        yield path
        return
    folder = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/control.sock"
    finally:
        os.close(folder)


async def run(command: Command, app: "App", arguments: dict[str, Any], say: Say) -> int:
    """Run a command to its exit code; what it raises becomes a sentence, with a reference that stands in the log."""
    try:
        return await command(app, arguments, say)
    except Exception as error:
        if temporary(error):
            log.warning("command_waits", error=logs.describe(error))
            say("Cơ sở dữ liệu đang bận hoặc đĩa đã đầy. Xin thử lại sau ít phút.")
        else:
            reference = logs.new_reference()
            log.error("command_failed", reference=reference, exc_info=error)
            say(f"Xin lỗi, lệnh chưa xong vì một lỗi của chương trình. Mã để tra trong nhật ký: {reference}.")
        return FAILED


class Control:
    """The service's end of the socket. `after` is called when a command has ended: it may have made work."""

    def __init__(self, app: "App", commands: Mapping[str, Command], after: Callable[[], None] = lambda: None) -> None:
        self._app, self._commands, self._after = app, commands, after
        self._folder = app.settings.data_dir
        self._lock: int | None = None
        self._server: asyncio.Server | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Serve the socket, now or as soon as the process that serves it is gone."""
        if not await self._take():
            self._waiting = asyncio.create_task(self._wait())

    async def stop(self, seconds: float = 0) -> None:
        """Take no more commands, give those that run `seconds` to end, then end them."""
        if self._waiting is not None:
            self._waiting.cancel()
        if self._server is not None:
            self._server.close()
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._lock is not None:
            (self._folder / "control.sock").unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    async def _wait(self) -> None:
        while not await self._take():  # noqa: ASYNC110  # a lock of the kernel tells nobody that it is free
            await asyncio.sleep(PATIENCE)

    async def _take(self) -> bool:
        lock = os.open(self._folder / "control.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        (self._folder / "control.sock").unlink(missing_ok=True)  # left by a process that was killed
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        with _address(self._folder) as path:
            listener.bind(path)
            os.chmod(path, 0o600)  # nobody can connect before we listen
        self._server = await asyncio.start_unix_server(self._talk, sock=listener, limit=LONGEST_LINE)
        return True

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if not _is_ours(writer):
            writer.close()
            return
        self._running.add(task)
        answer = _Answer(writer)
        try:
            await answer.finish(await self._obey(reader, answer.say))
        except asyncio.CancelledError:
            answer.say("Dịch vụ đang dừng nên lệnh chưa xong. Xin chạy lại.")
            await answer.finish(FAILED)
        finally:
            self._running.discard(task)
            writer.close()

    async def _obey(self, reader: asyncio.StreamReader, say: Say) -> int:
        try:
            async with asyncio.timeout(PATIENCE):
                asked = orjson.loads(await reader.readline())
            name, arguments = str(asked["command"]), dict(asked.get("arguments") or {})
        except (TimeoutError, ValueError, TypeError, KeyError, OSError):
            say("Dịch vụ không đọc được lệnh này.")
            return WRONG
        command = self._commands.get(name)
        if command is None:
            say("Dịch vụ đang chạy không biết lệnh này. Có lẽ dịch vụ là bản cũ, xin khởi động lại.")
            return WRONG
        log.info("command", job=name)
        code = await run(command, self._app, arguments, say)
        self._after()
        return code


class _Answer:
    """Lines to a client, in order, from any thread; a client that is gone hears nothing and hinders nobody."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer, self._loop = writer, asyncio.get_running_loop()
        self._lines: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._pump = asyncio.create_task(self._write())

    def say(self, sentence: str) -> None:
        self._loop.call_soon_threadsafe(self._lines.put_nowait, {"say": sentence})

    async def finish(self, code: int) -> None:
        self._loop.call_soon_threadsafe(self._lines.put_nowait, {"exit": code})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._pump

    async def _write(self) -> None:
        gone = False
        while True:
            line = await self._lines.get()
            if not gone:
                try:
                    self._writer.write(orjson.dumps(line) + b"\n")
                    await self._writer.drain()
                except OSError:
                    gone = True
            if "exit" in line:
                return


def _is_ours(writer: asyncio.StreamWriter) -> bool:
    """Whether the other end is our own user or root (struct ucred: pid, uid, gid; unix(7))."""
    peer: socket.socket = writer.get_extra_info("socket")
    kind = getattr(socket, "SO_PEERCRED", None)
    if kind is None:  # not Linux: the socket's mode is the guard
        return True
    _, uid, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, kind, struct.calcsize("3i")))
    return uid in (os.getuid(), 0)


async def ask(data_dir: Path, name: str, arguments: dict[str, Any], say: Say) -> int | None:
    """Let the running service do a command; None when no service listens."""
    try:
        with _address(data_dir) as path:
            reader, writer = await asyncio.open_unix_connection(path, limit=LONGEST_LINE)
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except PermissionError:
        say(f"Dịch vụ trong {data_dir} do người dùng khác chạy. Xin chạy lệnh bằng người dùng đó.")
        return BUSY
    try:
        writer.write(orjson.dumps({"command": name, "arguments": arguments}) + b"\n")
        await writer.drain()
        while line := await reader.readline():
            answer = orjson.loads(line)
            if "exit" in answer:
                return int(answer["exit"])
            say(str(answer["say"]))
    except (OSError, ValueError):
        pass
    finally:
        writer.close()
    say("Mất liên lạc với dịch vụ giữa chừng. Xin kiểm tra kết quả rồi mới chạy lại.")
    return LOST
