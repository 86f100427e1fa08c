"""Letters outside turns: taken over, handed over once, whatever dies; and the command that draws all samples."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot import letters as bot_letters
from bot.__main__ import parser
from bot.commands.letters import letters as letters_command
from bot.drawing import process
from bot.letters import MOST_ATTEMPTS, Drawer
from messages.letters import LETTERS, SIGNED, Drawn, Slip
from storage import letters, outbox
from storage.inbox import open_lane
from storage.letters import TAKEN, letter
from tests.bot import dying
from tests.letters import arrived
from tests.town import Person, Town, settings, villager

pytestmark = pytest.mark.web_only("how letters are drawn is the same everywhere")

ROOT = Path(__file__).parents[2]


async def order(person: Person, **more: str) -> None:
    """A letter as a turn of hers orders it, without anybody being told."""
    town = person.town

    def insert(db: Connection) -> None:
        chat = db.scalar(select(outbox.outbox.c.chat).order_by(outbox.outbox.c.id.desc()).limit(1))
        open_lane(db, 1, "web", "", chat)
        data = Slip.sample().data() | more
        letters.order(db, 1, ("web", "", chat, chat), "slip", "t", data, town.clock.now())

    await person.opens()
    await town.write(insert)


def on_disk(town: Town) -> int:
    folder = town.settings.data_dir / "files"
    return len(list(folder.iterdir())) if folder.exists() else 0


async def states(town: Town) -> list[tuple[str, int]]:
    rows = await town.read(lambda db: db.execute(select(letter.c.state, letter.c.attempts).order_by(letter.c.id)).all())
    return [(row.state, row.attempts) for row in rows]


async def taken(town: Town) -> None:
    """Until somebody has taken the letter."""
    for _look in range(2000):
        if await states(town) == [("new", 1)]:
            return
        await asyncio.sleep(0.002)
    raise AssertionError("nobody takes it")


async def test_a_letter_of_a_killed_process_is_taken_over(steady_town: Town) -> None:
    """Whoever held it is dead: on SQLite the next start has it at once, with many processes when its time is over."""
    town = steady_town
    citizen = await villager(town)
    await order(citizen)
    await town.write(letters.take, 1, town.clock.now())
    town.drawing = True
    assert await town.service.drawer._next() is False
    await town.restart()
    if town.app.database.postgres:
        assert await states(town) == [("new", 1)]
        town.clock.advance(TAKEN)
        town.app.place.letters.ordered()
    await arrived(citizen)
    assert (await states(town), on_disk(town)) == ([("drawn", 2)], 2)
    assert len([each for each in citizen.heard if each["pictures"]]) == 1


async def test_two_who_draw_the_same_letter_hand_it_over_once(steady_town: Town) -> None:
    """One was thought dead and is only slow: what it drew is thrown away, in her chat stands one picture."""
    town = steady_town
    citizen = await villager(town)
    slow, quick = Drawer(town.app, town.service._worked), Drawer(town.app, town.service._worked)
    go_on, inner = asyncio.Event(), slow._draw

    async def slowly(order: Any) -> Any:
        drawn = await inner(order)
        await go_on.wait()
        return drawn

    slow._draw = slowly
    await order(citizen)
    first = asyncio.create_task(slow._next())
    await taken(town)
    town.clock.advance(TAKEN)
    assert await quick._next()
    go_on.set()
    assert await first
    await arrived(citizen)
    assert (await states(town), on_disk(town)) == ([("drawn", 2)], 2)
    assert len([each for each in citizen.heard if each["pictures"]]) == 1


async def test_a_stop_finishes_the_letter_in_hand(steady_town: Town) -> None:
    """What is being drawn when the service stops is handed over; it is shown at the next start."""
    town = steady_town
    citizen = await villager(town)
    await order(citizen)
    town.drawing = True
    town.app.place.letters.ordered()
    await taken(town)
    await town.restart()
    assert await states(town) == [("drawn", 1)]
    await town.settle()
    await citizen.looks()
    assert citizen.news[-1]["pictures"]


async def test_a_drawing_process_that_dies_is_begun_again(steady_town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between two letters it costs nothing; one that dies of a letter each time lets that letter fail."""
    town = steady_town
    citizen = await villager(town)
    with pytest.raises(Exception, match="terminated abruptly"):
        await asyncio.wrap_future(process().submit(os._exit, 1))
    await order(citizen)
    town.app.place.letters.ordered()
    await arrived(citizen)
    assert await states(town) == [("drawn", 2)]
    monkeypatch.setattr(bot_letters, "draw", dying.draw)
    await order(citizen, applicant="Trần Thị Lan")
    town.app.place.letters.ordered()
    await arrived(citizen)
    assert await states(town) == [("drawn", 2), ("failed", MOST_ATTEMPTS)]
    citizen.sees("chưa làm được phiếu hẹn bằng ảnh. (Mã tra cứu: ")


async def test_a_broken_template_of_the_commune_costs_nobody_a_letter(
    steady_town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is drawn with ours, and the operator finds a line in the log."""
    town = steady_town
    town.app.place.letters.own["slip"] = b"#nothere"
    citizen = await villager(town)
    await order(citizen)
    town.app.place.letters.ordered()
    await arrived(citizen)
    assert citizen.news[-1]["pictures"]
    assert "own_template_broken" in capsys.readouterr().out


async def test_E07_broken_words_of_the_commune_are_logged_at_start(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    """The service starts with ours, and the operator finds the files in the log."""
    folder = town.settings.data_dir / "letters"
    folder.mkdir()
    (folder / "thanks.txt").write_text("Cảm ơn {ong}.", encoding="utf-8")
    await town.restart()
    assert town.app.place.letters.texts == {}
    logged = [line for line in capsys.readouterr().out.splitlines() if "own_letter_texts_broken" in line]
    assert len(logged) == 1
    assert "thanks.txt" in logged[0]


async def test_a_failing_disk_lets_the_letter_wait(
    steady_town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is said and nothing is lost: when there is room again, it is drawn."""
    town, said = steady_town, ""
    citizen = await villager(town)

    def full(*_file: object) -> None:
        raise OSError(28, "No space left on device")

    await order(citizen)
    with monkeypatch.context() as patched:
        patched.setattr(bot_letters, "write", full)
        town.drawing = True
        town.app.place.letters.ordered()
        for _look in range(3000):
            said += capsys.readouterr().out
            if "letters_wait" in said:
                break
            await asyncio.sleep(0.01)
    assert await states(town) == [("new", 1)]
    town.clock.advance(TAKEN)
    town.app.place.letters.ordered()
    await arrived(citizen)
    assert (await states(town), on_disk(town)) == ([("drawn", 2)], 2)


async def test_what_our_template_cannot_draw_fails_under_a_reference(
    steady_town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    """She gets an apology with the reference that stands in the log; what the letter says does not stand there."""
    town = steady_town
    citizen = await villager(town)
    await order(citizen, applicant="Hoa 🌸")  # no Slip can be made of this
    town.app.place.letters.ordered()
    await arrived(citizen)
    citizen.sees("chưa làm được phiếu hẹn bằng ảnh. (Mã tra cứu: ")
    reference = citizen.text.split("(Mã tra cứu: ")[1].split(")")[0]
    logged = [line for line in capsys.readouterr().out.splitlines() if "letter_failed" in line]
    assert len(logged) == 1
    assert reference in logged[0]
    assert "Undrawable" in logged[0]
    assert "Hoa" not in logged[0]
    assert (await states(town), on_disk(town)) == ([("failed", 1)], 0)


async def test_letters_go_with_the_files_of_their_age(steady_town: Town) -> None:
    """After the days the office keeps what was received, the row goes, and so do picture and PDF."""
    town = steady_town
    citizen = await villager(town)
    await order(citizen)
    town.app.place.letters.ordered()
    await arrived(citizen)
    await town.later(days=town.app.place.commune.office.inbox_days, hours=1)
    assert (await states(town), on_disk(town)) == ([], 0)


def test_the_drawing_process_ends_with_its_parent() -> None:
    """Also when that one is killed: no orphan stays behind."""
    code = (
        "import os; from bot.drawing import process; print(process().submit(os.getpid).result(), flush=True); input()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as parent:
        child = int(parent.stdout.readline())
        os.kill(child, signal.SIGTERM)  # systemd stops a whole group: only the parent decides
        os.kill(child, 0)
        parent.kill()
    for _look in range(500):
        if not _lives(child):
            return
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    raise AssertionError("it still lives")


def _lives(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked about does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


# --- the command ------------------------------------------------------------------------------------------------------


def run(folder: Path, *words: str) -> tuple[int, str]:
    """The command's exit code, and what it says."""
    said: list[str] = []
    arguments = vars(parser().parse_args(["letters", *words]))
    code = letters_command(settings(folder / "data"), arguments, said.append)
    return code, "\n".join(said)


def test_the_command_draws_every_letter_to_look_at(tmp_path: Path) -> None:
    """PNG and PDF of each sample, and the paper to be signed; the fields with their meaning; exit 0."""
    code, said = run(tmp_path, str(tmp_path / "look"))
    assert code == 0
    assert f"Đã vẽ {len(LETTERS)} trên {len(LETTERS)} mẫu vào {tmp_path / 'look'}" in said
    assert "applicant: Người nộp hồ sơ (bắt buộc, nhiều nhất 120 chữ cái)" in said
    assert "to_sign: Bản in để ký: chừa chỗ ghi số, ngày và chỗ ký (có hoặc không)" in said
    assert said.count("office: Tên cơ quan") == 1 + len(LETTERS) - len(SIGNED)  # once for all that are signed
    found = {path.name for path in (tmp_path / "look").iterdir()}
    for name in LETTERS:
        drawn = {f"{name}-{how}.{ending}" for how in ("day-du", "toi-thieu") for ending in ("png", "pdf")}
        assert drawn <= found
        assert (f"{name}-de-ky.pdf" in found) == (name in SIGNED and name != "submission")


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are another test's affair."""
    monkeypatch.setattr("messages.letters.drawing.draw", lambda *_letter: Drawn(b"", b""))


@pytest.mark.usefixtures("undrawn")
def test_E07_the_command_offers_words_and_says_what_may_stand_in_them(tmp_path: Path) -> None:
    """Each wording as a file that may be changed and copied; the places to fill, by letter."""
    _code, said = run(tmp_path, str(tmp_path / "look"))
    assert "thanks.organisation.txt: Cơ quan, tổ chức, doanh nghiệp (lời có sẵn)" in said
    assert "{office}, {place_date}, {recipient}, {address}, {signer}, {deed}, {result}, {you}" in said
    own = tmp_path / "data" / "letters"
    own.mkdir(parents=True)
    for path in (tmp_path / "look").glob("*.txt"):
        (own / path.name).write_bytes(path.read_bytes())
    code, said = run(tmp_path, str(tmp_path / "look"))
    assert code == 0
    assert "thanks.organisation.txt: Cơ quan, tổ chức, doanh nghiệp (lời của xã)" in said
    assert "lời có sẵn" not in said


@pytest.mark.usefixtures("undrawn")
def test_E07_the_command_tells_what_is_wrong_with_words(tmp_path: Path) -> None:
    """File, reason and what is allowed; the letter is drawn with ours meanwhile; exit 1."""
    own = tmp_path / "data" / "letters"
    own.mkdir(parents=True)
    (own / "thanks.txt").write_text("Cảm ơn {ong}.", encoding="utf-8")
    code, said = run(tmp_path)
    assert code == 1
    assert f"{own / 'thanks.txt'}: không có chỗ điền {{ong}}. Được dùng: {{office}}, " in said
    assert "thanks.txt: Lời chung (lời có sẵn)" in said
    assert f"Đã vẽ {len(LETTERS)} trên {len(LETTERS)} mẫu" in said


def test_the_command_tells_what_is_wrong_with_a_template(tmp_path: Path) -> None:
    """The line of a broken one, a file that belongs to no letter, a place that cannot be written: exit 1."""
    own = tmp_path / "data" / "letters"
    own.mkdir(parents=True)
    (own / "slip.typ").write_text("= Phiếu\n#nothere", encoding="utf-8")
    (own / "slup.typ").touch()
    code, said = run(tmp_path)
    assert code == 1
    assert "mẫu của xã" in said
    assert "unknown variable: nothere" in said
    assert "slip.typ:2:1" in said
    assert "\n2 │ #nothere" in said
    assert "slup.typ: không có mẫu nào tên như vậy. Các mẫu: heading, slip, " in said
    assert f"Đã vẽ {len(LETTERS) - 1} trên {len(LETTERS)} mẫu vào {tmp_path / 'data' / 'letter-samples'}" in said
    (own / "slip.typ").unlink()
    (own / "heading.typ").write_text("#let ink = black\n#nothere", encoding="utf-8")
    code, said = run(tmp_path)
    assert "heading.typ:2:1" in said
    assert f"Đã vẽ 0 trên {len(LETTERS)} mẫu" in said
    (tmp_path / "file").touch()
    code, said = run(tmp_path, str(tmp_path / "file"))
    assert code == 1
    assert "Không ghi được vào" in said
