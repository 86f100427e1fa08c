"""The socket and the lock: commands reach the service that runs, and one DATA_DIR has one service."""

import asyncio
import os
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from bot import control
from bot.control import BUSY, DONE, FAILED, LOST, WRONG, Busy, Control, Say, ask, hold
from storage.db import Temporary

ROOT = Path(__file__).parents[2]


async def greet(app: Any, arguments: dict[str, Any], say: Say) -> int:
    say(f"Chào {arguments['name']}")
    await asyncio.to_thread(say, "từ một luồng khác")
    await asyncio.sleep(0)
    say("xong")
    return 3


async def breaks(app: Any, arguments: dict[str, Any], say: Say) -> int:
    raise ValueError("what a citizen wrote")


async def waits(app: Any, arguments: dict[str, Any], say: Say) -> int:
    raise Temporary("away")


class Slow:
    """A command that goes on until it is let go."""

    def __init__(self) -> None:
        self.begun, self.go, self.ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def __call__(self, app: Any, arguments: dict[str, Any], say: Say) -> int:
        self.begun.set()
        say("đang làm")
        await self.go.wait()
        say("làm xong")
        self.ended.set()
        return DONE


@pytest.fixture
async def slow() -> Slow:
    return Slow()


@pytest.fixture
async def served(tmp_path: Path, slow: Slow) -> AsyncIterator[Control]:
    """A service's end of the socket, in a folder of its own."""
    control_ = service(tmp_path, slow)
    await control_.start()
    yield control_
    await control_.stop()


def service(folder: Path, slow: Slow, **more: Any) -> Control:
    app = SimpleNamespace(settings=SimpleNamespace(data_dir=folder))
    return Control(app, {"greet": greet, "breaks": breaks, "waits": waits, "slow": slow}, **more)


async def asked(folder: Path, command: str, /, **arguments: Any) -> tuple[int | None, list[str]]:
    said: list[str] = []
    return await ask(folder, command, arguments, said.append), said


async def test_a_command_is_done_by_the_service(served: Control, tmp_path: Path):
    """Sentences come as they are said, in order, from any thread, and the exit code last."""
    assert await asked(tmp_path, "greet", name="Lan") == (3, ["Chào Lan", "từ một luồng khác", "xong"])


async def test_only_our_user_reaches_the_socket(served: Control, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The socket has mode 0600, and another user who got hold of it is not heard."""
    assert stat.S_IMODE((tmp_path / "control.sock").stat().st_mode) == 0o600
    monkeypatch.setattr(control, "_is_ours", lambda writer: False)
    code, said = await asked(tmp_path, "greet", name="Lan")
    assert (code, len(said)) == (LOST, 1)


async def test_the_peer_is_known_by_its_user(monkeypatch: pytest.MonkeyPatch):
    """Our own user and root are heard; where the system cannot tell, the mode of the socket is the guard."""
    left, right = socket.socketpair()
    writer: Any = SimpleNamespace(get_extra_info=lambda name: left)
    assert control._is_ours(writer)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    right_user = os.geteuid()
    assert control._is_ours(writer) is (right_user == 0)
    monkeypatch.delattr(socket, "SO_PEERCRED")
    assert control._is_ours(writer)
    left.close()
    right.close()


async def test_without_a_service_nobody_answers(tmp_path: Path, served: Control):
    """No socket, or one that a killed service left, means that the caller does the work itself."""
    assert await asked(tmp_path / "elsewhere", "greet") == (None, [])
    await served.stop()
    assert not (tmp_path / "control.sock").exists()
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "control.sock"))
    dead.close()
    assert await asked(tmp_path, "greet") == (None, [])
    await served.start()
    assert (await asked(tmp_path, "greet", name="Lan"))[0] == 3


async def test_unknown_commands_and_noise_are_answered(served: Control, tmp_path: Path):
    """What the service does not know or cannot read gets a sentence, and the next client is served."""
    code, said = await asked(tmp_path, "dance")
    assert (code, "không biết lệnh" in said[0]) == (WRONG, True)
    for noise in (b"hello\n", b"[]\n", b"{}\n", b"\xff\xfe\n", b"x" * (control.LONGEST_LINE + 10) + b"\n", b""):
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "control.sock"))
        writer.write(noise)
        writer.write_eof()
        lines = [orjson.loads(line) for line in (await reader.read()).splitlines()]
        assert lines[-1] == {"exit": WRONG}
        writer.close()
    assert (await asked(tmp_path, "greet", name="Lan"))[0] == 3


async def test_a_client_that_says_nothing_is_let_go(served: Control, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A connection without a line ends after some seconds."""
    monkeypatch.setattr(control, "PATIENCE", 0.05)
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "control.sock"))
    assert b'"exit":2' in await reader.read()
    writer.close()


async def test_errors_become_sentences(served: Control, tmp_path: Path):
    """A failing command gives a reference that stands in the log; a busy database asks for patience; neither quotes."""
    with capture_logs() as logs:
        code, said = await asked(tmp_path, "breaks")
    (failed,) = [each for each in logs if each["event"] == "command_failed"]
    assert code == FAILED
    assert failed["reference"] in said[0]
    assert "citizen" not in said[0]
    code, said = await asked(tmp_path, "waits")
    assert (code, "thử lại" in said[0]) == (FAILED, True)


async def test_a_command_outlives_its_client(served: Control, slow: Slow, tmp_path: Path):
    """When the terminal is closed, what was begun is finished."""
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "control.sock"))
    writer.write(b'{"command": "slow"}\n')
    await reader.readline()
    writer.transport.abort()
    await asyncio.sleep(0.02)
    slow.go.set()
    await asyncio.wait_for(slow.ended.wait(), 2)
    assert (await asked(tmp_path, "greet", name="Lan"))[0] == 3


async def test_stopping_gives_commands_their_time(served: Control, slow: Slow, tmp_path: Path):
    """A command that ends in time is finished; one that does not says so to its client."""
    asking = asyncio.create_task(asked(tmp_path, "slow"))
    await slow.begun.wait()
    stopping = asyncio.create_task(served.stop(5))
    await asyncio.sleep(0.02)
    slow.go.set()
    assert await asking == (DONE, ["đang làm", "làm xong"])
    await stopping
    await served.start()
    slow.go.clear()
    slow.begun.clear()
    asking = asyncio.create_task(asked(tmp_path, "slow"))
    await slow.begun.wait()
    await served.stop(0.01)
    code, said = await asking
    assert (code, said[-1]) == (FAILED, "Dịch vụ đang dừng nên lệnh chưa xong. Xin chạy lại.")


async def test_a_service_that_dies_is_noticed(tmp_path: Path):
    """When the connection breaks in the middle, the caller is told that the result is not known."""

    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write('{"say": "bắt đầu"}\n{"say'.encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(dies, str(tmp_path / "control.sock"))
    code, said = await asked(tmp_path, "greet")
    server.close()
    assert (code, said[0], "Mất liên lạc" in said[1]) == (LOST, "bắt đầu", True)


async def test_a_foreign_service_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A socket of another user says that this user may not."""

    async def refused(*_: Any, **__: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(asyncio, "open_unix_connection", refused)
    code, said = await asked(tmp_path, "greet")
    assert (code, len(said)) == (BUSY, 1)


async def test_a_long_path_is_no_obstacle(tmp_path: Path, slow: Slow):
    """A DATA_DIR whose path no Unix socket can hold has its socket all the same."""
    folder = tmp_path / ("rất-dài-" * 12) / ("sâu-" * 12)
    folder.mkdir(parents=True)
    deep = service(folder, slow)
    await deep.start()
    assert (folder / "control.sock").is_socket()
    assert (await asked(folder, "greet", name="Lan"))[0] == 3
    await deep.stop()


async def test_of_several_processes_one_serves_and_another_takes_over(
    served: Control, tmp_path: Path, slow: Slow, monkeypatch: pytest.MonkeyPatch
):
    """The first keeps the socket; when it is gone the next one has it."""
    monkeypatch.setattr(control, "PATIENCE", 0.05)
    ended: list[int] = []
    second = service(tmp_path, slow, after=lambda: ended.append(1))
    await second.start()
    assert (await asked(tmp_path, "greet", name="Lan"))[0] == 3
    assert ended == []
    await served.stop()
    for _each in range(100):
        if (await asked(tmp_path, "greet", name="Lan"))[0] == 3:
            break
        await asyncio.sleep(0.02)
    assert ended == [1]
    await second.stop()
    third = service(tmp_path, slow)
    await served.start()
    await third.start()
    await third.stop()  # while it still waits
    assert (await asked(tmp_path, "greet", name="Lan"))[0] == 3


def test_a_second_service_is_refused_with_a_sentence(tmp_path: Path):
    """The sentence names the folder and the process; when the first ends, or is killed, the folder is free."""
    code = "import sys, time; from pathlib import Path; from bot.control import hold\n"
    code += "with hold(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    other = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    assert other.stdout is not None
    other.stdout.readline()
    with pytest.raises(Busy) as refused, hold(tmp_path):
        pass
    assert str(tmp_path) in str(refused.value)
    assert str(other.pid) in str(refused.value)
    other.kill()
    other.communicate()
    with hold(tmp_path):
        pass


def test_services_on_postgresql_share_the_folder(tmp_path: Path):
    """Sharers stand together; who wants to be alone waits for all of them, and they for him."""
    with hold(tmp_path, shared=True), hold(tmp_path, shared=True), pytest.raises(Busy), hold(tmp_path):
        pass
    with hold(tmp_path), pytest.raises(Busy), hold(tmp_path, shared=True):
        pass
