"""The command line, as the operator types it: with a service running, and without one."""

import asyncio
import os
import re
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, text

from bot import __main__ as cli
from bot import disk, logs, phrases
from bot.app import open_app
from bot.clock import FixedClock
from bot.commands import check as checking
from bot.commands.check import check
from bot.commands.init import init
from bot.commands.invite import link
from bot.control import BUSY, DONE, FAILED, WRONG, hold
from bot.settings import BadSettings, Settings
from messages.render import ZONE
from messages.understanding.table import built_in
from storage import accounts, arrivals, facts, inbox, notices, officials, outbox, spending, ticks
from storage.audience import Person
from tests import town as towns
from tests.town import SECRET, START, Databases

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}")
Bot = Callable[..., tuple[int, str, str]]


@pytest.fixture(params=["sqlite", "postgres"])
async def place(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Any:
    """Settings of a sample office nobody runs."""
    url = await databases.fresh(request.param, tmp_path / "data")
    (tmp_path / "data").mkdir(exist_ok=True)
    yield towns.settings(tmp_path / "data", url)
    if url:
        databases.drop(url)


@pytest.fixture
def bot(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Bot:
    """`python -m bot …` in this process; gives the exit code, what was said and what was complained about."""

    def run(settings: Settings, *words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(cli, "Settings", SimpleNamespace(load=lambda: settings, model_fields=Settings.model_fields))
        capfd.readouterr()
        try:
            code = cli.main(words)
        except SystemExit as ended:
            code = int(str(ended.code))
        return code, *capfd.readouterr()

    monkeypatch.setattr(logs, "configure", lambda *_, **__: None)
    monkeypatch.chdir(tmp_path)
    return run


def do(settings: Settings, work: Callable[..., Any], *args: Any) -> Any:
    """One unit of work on the database of a place."""

    async def run() -> Any:
        async with open_app(settings, clock=FixedClock(START)) as app:
            return await app.database.write(work, *args)

    return asyncio.run(run())


# How it is called -----------------------------------------------------------------------------------------------------


def test_help_tells_commands_and_exit_codes(bot: Bot, tmp_path: Path):
    """--help names every command and what each exit code means."""
    code, said, _complaint = bot(towns.settings(tmp_path), "--help")
    assert code == DONE
    for word in ("init", "check", "import", "invite", "inbox", "outbox", "backup", "restore"):
        assert word in said
    for number in (0, 1, 2, 3, 4, 5, 6):
        assert f"\n  {number}  " in said


@pytest.mark.parametrize(
    "words", [["dance"], ["import"], ["outbox", "settle", "1"], ["invite", "--name", "x"], ["inbox", "replay"]]
)
def test_a_wrong_call_is_told(bot: Bot, tmp_path: Path, words: list[str]):
    """A command that is not one ends with 2 and the way to the help."""
    code, _said, complaint = bot(towns.settings(tmp_path), *words)
    assert code == WRONG
    assert "--help" in complaint


def test_all_bad_settings_are_told_at_once(tmp_path: Path):
    """Every problem on a line of its own, exit code 2, and no secret among them."""
    environ = {
        "PATH": os.environ["PATH"],
        "HTTP_PORT": "much",
        "TELEGRAM_BOT_TOKN": "12345678:abcdef",
        "SECRET_KEY": "short",
    }
    done = subprocess.run(
        [sys.executable, "-m", "bot", "check"], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == WRONG
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["TELEGRAM_BOT_TOKN", "SECRET_KEY", "HTTP_PORT"]
    assert "abcdef" not in done.stderr


def test_secret_settings_are_known_to_the_log(tmp_path: Path):
    """What the log strikes out are the values of the secret settings, not of the others."""
    values = cli.secret_values(towns.settings(tmp_path, "sqlite:////x"))
    assert SECRET in values
    assert str(tmp_path) not in values


# Commands without a service -------------------------------------------------------------------------------------------


def test_an_official_is_invited(bot: Bot, place: Settings):
    """A code and a link that lets exactly one person in, with the rights that were named."""
    code, said, _ = bot(
        place,
        "invite",
        "--name",
        "Lê Thị Mai",
        "--post",
        "Công chức Văn phòng",
        "--role",
        "clerk",
        "--right",
        "receive, duty",
    )
    assert code == DONE, said
    (one, two) = CODE.findall(said)
    assert one == two
    assert "/office?code=" in said
    now = datetime.now(UTC)
    found = do(place, officials.accept_invitation, 1, one, now)
    assert found is not None
    assert (found.name, found.post, found.role) == ("Lê Thị Mai", "Công chức Văn phòng", "clerk")
    assert found.rights == {"receive", "duty"}
    assert do(place, officials.accept_invitation, 1, one, now) is None


def test_an_invitation_can_be_opened_on_telegram(bot: Bot, place: Settings) -> None:
    """Once Telegram has said what our bot is called, one tap brings the code there; until then only the code."""
    # A stand-in on this machine, since the sample commune is none for Telegram itself.
    api = "http://127.0.0.1:1"
    on_telegram = place.model_copy(update={"telegram_bot_token": "7100000001:x", "telegram_api_url": api})
    invited = ("invite", "--name", "Lê Thị Mai", "--post", "Công chức")
    assert "t.me" not in bot(on_telegram, *invited)[1]
    for name in ("xa_cu_bot", "xa_suoi_lanh_bot"):
        do(place, accounts.call, 1, "telegram", "7100000001", name, START)
    said = bot(on_telegram, *invited)[1]
    assert f"https://t.me/xa_suoi_lanh_bot?start={CODE.findall(said)[0]}\n" in said
    assert "t.me" not in bot(place, *invited)[1]


def test_an_invitation_does_not_wait_for_the_phrases(
    bot: Bot, place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading the table takes longer than the invitation; a command that understands nobody does without."""
    read: list[Path] = []
    monkeypatch.setattr(phrases, "load", lambda folder: read.append(folder) or (built_in(), []))
    assert bot(place, "invite", "--name", "Lê Thị Mai", "--post", "Công chức")[0] == DONE
    assert read == []


def test_L09_a_village_head_is_invited_for_a_village_that_is_known(bot: Bot, place: Settings):
    """Without a thôn, with an unknown one or one of several of that name, nobody is invited and the reason is said."""
    who = ("invite", "--name", "Y Bhăm", "--post", "Trưởng thôn", "--role", "village-head")
    for more in ([], ["--village", "Thôn Không Có"]):
        code, said, _ = bot(place, *who, *more)
        assert code == WRONG
        assert "thôn" in said
    code, said, _ = bot(place, *who, "--village", "suoi tren")
    assert code == DONE, said
    assert "/chat?code=" in said


def test_a_right_that_does_not_exist_is_refused(bot: Bot, place: Settings):
    """A misspelt right gives nothing, and the known ones are named."""
    code, said, _ = bot(place, "invite", "--name", " ", "--post", "x", "--right", "aprove")
    assert code == WRONG
    assert "approve" in said
    assert "--name" in said


def test_the_link_is_one_that_can_be_opened(tmp_path: Path):
    """PUBLIC_URL when there is one, else the address the server listens on, as a browser writes it."""
    settings = towns.settings(tmp_path)
    for change, base in (
        ({"public_url": "https://chat.example"}, "https://chat.example/office?code=A-B"),
        ({"http_host": "0.0.0.0", "http_port": 8080}, "http://127.0.0.1:8080/office?code=A-B"),
        ({"http_host": "::", "http_port": 8080}, "http://[::1]:8080/office?code=A-B"),
        ({"http_host": "fe80::1", "http_port": 8080}, "http://[fe80::1]:8080/office?code=A-B"),
    ):
        assert link(settings.model_copy(update=change), "clerk", "A-B") == base


def failing(db: Connection) -> int:
    inbox.accept(db, 1, inbox.Event("web", "box", "c", "s", "1", b"what a citizen wrote"), START)
    taken = arrivals.take(db, START)
    assert taken is not None
    inbox.fail(db, taken.id, "7K3M9Q", "KeyError, handlers/x.py:1 f", START)
    return taken.id


def test_failed_events_are_listed_and_replayed(bot: Bot, place: Settings):
    """The list shows number, time, reference and place, never words; replay takes a failed event and no other."""
    assert "Bị lỗi: 0" in bot(place, "inbox")[1]
    number = do(place, failing)
    code, said, _ = bot(place, "inbox", "list")
    assert code == DONE
    assert f"{number}  26/11/2026 09:00  web  mã 7K3M9Q  KeyError, handlers/x.py:1 f" in said
    assert "citizen" not in said
    assert bot(place, "inbox", "replay", str(number))[0] == DONE
    assert bot(place, "inbox", "replay", str(number))[0] == FAILED
    assert "Đang chờ: 1. Bị lỗi: 0." in bot(place, "inbox")[1]


def uncertain(db: Connection) -> list[int]:
    ids = [
        outbox.put(db, 1, outbox.Row("test", "a", f"c{n}", "notice", {"text": "words"}, START, START)) for n in range(3)
    ]
    outbox.mark_sending(db, ids, 1, START)
    outbox.record(db, [outbox.Result(each, "uncertain", error="TimeoutError") for each in ids], START)
    return ids


def test_uncertain_messages_are_decided_by_a_person(bot: Bot, place: Settings):
    """Listed without their words; sent again, or settled as arrived or lost, once."""
    first, second, third = do(place, uncertain)
    code, said, _ = bot(place, "outbox")
    assert code == DONE
    assert "chưa rõ đã tới chưa: 3" in said
    assert f"{first}  26/11/2026 09:00  test  thông báo, chưa rõ đã tới chưa, gửi 1 lần  TimeoutError" in said
    assert "words" not in said
    assert bot(place, "outbox", "retry", str(first))[0] == DONE
    assert bot(place, "outbox", "settle", str(second), "--arrived")[0] == DONE
    assert bot(place, "outbox", "settle", str(third), "--lost")[0] == DONE
    assert bot(place, "outbox", "settle", str(third), "--lost")[0] == FAILED
    counts = do(place, outbox.counts, 1)
    assert (counts["queued"], counts["sent"], counts["dropped"], counts.get("uncertain", 0)) == (1, 1, 1, 0)


def test_the_operator_sees_what_notices_have_cost(bot: Bot, place: Settings):
    """This month's đồng and messages of the plan, once there are any; who has to be called."""
    assert "Tin báo qua Zalo" not in bot(place, "outbox")[1]
    do(place, spending.add, 1, f"{datetime.now(ZONE):%Y-%m}", 340, 2)
    do(place, to_be_called)
    said = bot(place, "outbox")[1]
    assert "đã dùng 340 trong 0 đồng, 2 trong 500 tin của gói" in said
    assert "Còn 1 người không tin nào tới được" in said


def to_be_called(db: Connection) -> None:
    values = {"kind": "result-ready", "key": "k", "topic": "dossiers", "about": "", "calls": True, "expires_at": None}
    made, _new = notices.make(db, 1, values, {}, START)
    notices.add(db, 1, made, [Person("d1", None, None)], START)
    (one,) = notices.waiting(db, 1)
    notices.choose(db, 1, [notices.Chosen(one.id, "call", "call")], START)


def test_dossiers_are_imported(bot: Bot, place: Settings, tmp_path: Path):
    """A path from where the operator stands; a file that is not there is a sentence and exit code 4."""
    lines = ["Mã hồ sơ;Tên thủ tục;Trạng thái;Người nộp", "000.00.01.H40-261121-0001;Chứng thực;2;Lê Thị Mai"]
    (tmp_path / "ho-so.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    code, said, _ = bot(place, "import", "dossiers", "ho-so.csv")
    assert (code, "1 hồ sơ mới" in said) == (DONE, True)
    assert bot(place, "import", "dossiers", "không-có.csv", "--strict")[0] == 4


def test_backup_and_restore_by_name(bot: Bot, place: Settings, databases: Databases, tmp_path: Path):
    """The two commands together move an office."""
    assert bot(place, "backup", "office.tar.gz")[0] == DONE
    url = databases.empty_postgres() if place.on_postgresql else ""
    code, said, _ = bot(towns.settings(tmp_path / "new", url), "restore", "office.tar.gz")
    assert (code, "Đã khôi phục" in said) == (DONE, True)
    if url:
        databases.drop(url)


# When something is in the way -----------------------------------------------------------------------------------------


def test_a_command_waits_for_a_starting_service_and_then_says_who_is_there(
    bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """While somebody holds DATA_DIR and no socket answers, the command ends with 5 and a sentence."""
    monkeypatch.setattr(cli, "PATIENCE", 0.1)
    with hold(tmp_path / "data"):
        code, _said, complaint = bot(towns.settings(tmp_path / "data"), "inbox")
    assert (code, "đang được" in complaint) == (BUSY, True)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadSettings(["Chưa có tệp commune.toml."]), WRONG),
        (cli.NewerSchema("9999"), FAILED),
        (KeyboardInterrupt(), FAILED),
        (sqlite3.OperationalError("x"), None),
    ],
)
def test_what_goes_wrong_is_told_in_a_sentence(
    bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int | None
):
    """Bad communes, newer databases and Ctrl+C end with their exit code; a bug of ours is not hidden."""

    def raises(*_: Any) -> int:
        raise error

    monkeypatch.setitem(cli.LOCAL, "check", raises)
    if code is None:
        with pytest.raises(type(error)):
            bot(towns.settings(tmp_path), "check")
    else:
        assert bot(towns.settings(tmp_path), "check")[0] == code


def test_a_database_that_is_away_is_told(bot: Bot, tmp_path: Path):
    """A server nobody reaches is a sentence and not a trace."""
    nowhere = towns.settings(tmp_path, "postgresql+psycopg://nobody@127.0.0.1:9/none")
    code, _said, complaint = bot(nowhere, "inbox")
    assert code == FAILED
    assert "Không mở được cơ sở dữ liệu" in complaint
    assert bot(nowhere, "check")[0] == FAILED


def test_without_uvloop_it_runs_all_the_same(bot: Bot, place: Settings, monkeypatch: pytest.MonkeyPatch):
    """Where uvloop does not exist the ordinary loop does the work."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert bot(place, "inbox")[0] == DONE


# init and check -------------------------------------------------------------------------------------------------------


def test_init_writes_the_commune_and_says_the_key_once(bot: Bot, tmp_path: Path):
    """commune.toml from the flags, a key for paper; a second init overwrites nothing and says no key."""
    settings = towns.settings(tmp_path / "data").model_copy(update={"secret_key": ""})
    words = [
        "init",
        "--name",
        "UBND xã Suối Lành",
        "--province",
        "tỉnh mẫu",
        "--village",
        "Thôn 1",
        "--village",
        "Thôn 2",
    ]
    code, said, _ = bot(settings, *words)
    key = (tmp_path / "data" / "secret.key").read_text().strip()
    assert (code, said.count(key)) == (DONE, 1)
    assert 'name = "UBND xã Suối Lành"' in (tmp_path / "data" / "commune.toml").read_text()
    code, said, _ = bot(settings, *words)
    assert code == FAILED
    assert key not in said
    (tmp_path / "data" / "commune.toml").unlink()
    (tmp_path / "data" / "gandan.db").touch()
    code, said, _ = bot(settings, *words)
    assert code == DONE
    assert key not in said
    assert "gandan.db đã có từ trước" in said


def test_init_asks_a_person_and_not_a_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What no flag told is asked, the name until it is given; without a person it is said which flag is missing."""
    settings, said = towns.settings(tmp_path / "data"), list[str]()
    assert init(settings, {"name": "UBND xã A"}, said.append, asks=False) == WRONG
    assert "--province" in said[-1]
    answers = iter(["", "UBND xã A", "tỉnh B", "0951", ""])
    assert init(settings, {}, said.append, read=lambda question: next(answers), asks=True) == DONE
    assert not (tmp_path / "data" / "secret.key").exists()
    monkeypatch.setattr(Path, "exists", lambda path: False)  # somebody else is quicker
    assert init(settings, {"name": "x", "province": "y"}, said.append, asks=False) == FAILED


def checked(settings: Settings, now: datetime = START) -> tuple[int, str]:
    said: list[str] = []
    return check(settings, said.append, now), "\n".join(said)


def test_L11_check_asks_for_the_permitting_document_of_each_channel(tmp_path: Path):
    """Only channels in use count; a commune without the document is an error and exit code 1."""
    settings = towns.settings(tmp_path / "data")
    init(settings, {"name": "UBND xã A", "province": "tỉnh B"}, lambda _line: None, asks=False)
    code, said = checked(settings)
    assert code == FAILED
    assert "Cần sửa: Chưa có số, ngày văn bản cho phép hướng dẫn qua trang web" in said
    assert "Telegram" not in said
    nobody = {"telegram_api_url": "http://127.0.0.1:9"}
    _code, said = checked(settings.model_copy(update={"telegram_bot_token": "1:a", "zalo_app_id": "1"} | nobody))
    assert "hướng dẫn qua Telegram" in said
    assert "hướng dẫn qua Zalo" in said


COMMUNE = """
name = "UBND xã A"
province = "tỉnh B"
[permits.web]
number = "12/UBND"
signed_on = 2026-06-01
needs_checking = false
[[reception_points]]
name = "Một cửa"
address = "Số 1"
[citizen_reception]
place = "Phòng tiếp công dân"
hours = "Giờ hành chính"
attendees = "Chủ tịch UBND xã"
topics = "Đất đai"
chairman = [{ day = 2026-11-03 }, { day = 2026-11-17 }]
""" + "".join(
    f'[[phones]]\nrole = "{role}"\nname = "{role}"\nnumber = "0951"\n'
    for role in ("office", "leader", "police", "militia", "health")
)


def test_check_of_a_prepared_office_ends_well(place: Settings, monkeypatch: pytest.MonkeyPatch):
    """With the papers in order, the database at hand and the right key only things to look at remain."""
    (place.data_dir / "commune.toml").write_text(COMMUNE)
    monkeypatch.setattr(disk, "free", lambda folder: 10**12)
    code, said = checked(place)
    assert code == DONE, said
    assert "0 việc cần sửa" in said


def test_L16_check_sees_what_was_changed_in_chat(place: Settings, monkeypatch: pytest.MonkeyPatch):
    """A cancelled day of the Chairman counts as one too few, and the change is listed with who made it."""
    do(place, lambda db: facts.record(db, 1, "chairman:2026-11-17", {"cancelled": "họp"}, 3, START))
    (place.data_dir / "commune.toml").write_text(COMMUNE)
    monkeypatch.setattr(disk, "free", lambda folder: 10**12)
    code, said = checked(place)
    assert code == FAILED
    assert "Cần sửa: Lịch Chủ tịch tiếp công dân tháng 11/2026 mới có 1 ngày" in said
    assert "Đặng Thị Thu Nhài đã đổi khi trò chuyện, 26/11/2026" in said
    assert "1 việc cần sửa" in said


def test_check_finds_what_is_wrong_with_the_machine(place: Settings, monkeypatch: pytest.MonkeyPatch):
    """Disk, key, clock, network and schema each have their sentence, and check changes nothing."""
    (place.data_dir / "secret.key").write_text("k" * 43)
    (place.data_dir / "secret.key").chmod(0o644)
    monkeypatch.setattr(disk, "free", lambda folder: 3_000_000)
    do(place, ticks.once, 1, "count", START + timedelta(days=3))
    do(place, failing)
    (place.data_dir / "commune.toml").write_text(COMMUNE)
    other = {"secret_key": "", "http_host": "0.0.0.0", "clock_rate": 2.0}
    if place.on_postgresql:
        other["secret_key"] = "another-secret-that-is-long-enough"
    code, said = checked(place.model_copy(update=other))
    assert code == FAILED
    for words in ("Đĩa chỉ còn 3 MB", "Khóa bí mật không mở được", "sớm hơn việc đã làm", "đồng hồ thử", "PUBLIC_URL"):
        assert words in said
    if not place.on_postgresql:
        assert "chmod 600" in said
    _code, said = checked(
        place.model_copy(update={"public_url": "https://a.example"}), datetime(2000, 1, 1, tzinfo=START.tzinfo)
    )
    assert "TRUSTED_PROXY" in said
    assert "Đồng hồ máy chỉ 01/01/2000" in said


@pytest.mark.parametrize(
    ("revision", "words"), [("'9999'", "của bản mới hơn"), (None, "còn trống"), ("'0000'", "của bản cũ")]
)
def test_check_knows_older_and_newer_databases(
    place: Settings, monkeypatch: pytest.MonkeyPatch, revision: str | None, words: str
):
    """A schema that is not this program's is named, with what to do."""
    change = f"UPDATE alembic_version SET version_num = {revision}" if revision else "DROP TABLE alembic_version"
    do(place, lambda db: db.execute(text(change)))
    monkeypatch.setattr(checking.migrate, "knows", lambda known: known != "9999")
    assert words in checked(place)[1]


def test_check_needs_nothing_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """On an empty machine it says what comes first, and makes nothing."""
    settings = towns.settings(tmp_path / "data").model_copy(update={"secret_key": ""})
    code, said = checked(settings)
    assert (code, "python -m bot init" in said, "Chưa có cơ sở dữ liệu" in said) == (FAILED, True, True)
    assert not (tmp_path / "data").exists()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "commune.toml").write_text("name = 1")
    assert "commune.toml: " in checked(settings)[1]
    monkeypatch.setattr(checking, "sqlite3", SimpleNamespace(sqlite_version_info=(3, 31, 0), sqlite_version="3.31.0"))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    _code, said = checked(settings)
    assert "SQLite 3.31.0 quá cũ" in said
    assert "Không ghi được vào" in said


def test_an_old_or_strange_server_is_told():
    """PostgreSQL must be 12 or later and speak UTF-8."""
    answers = iter(["110000", "SQL_ASCII"])
    db: Any = SimpleNamespace(
        dialect=SimpleNamespace(name="postgresql"),
        execute=lambda asked: SimpleNamespace(scalar_one=lambda: next(answers)),
    )
    sentences = [finding.sentence for finding in checking._server(db)]
    assert len(sentences) == 2
    assert "UTF8" in sentences[1]


# With a service -------------------------------------------------------------------------------------------------------


def test_a_newcomer_starts_it_and_reaches_it(tmp_path: Path):
    """With no settings it serves a sample commune; commands reach it; a second is refused; SIGTERM ends it with 0."""
    environ = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "HTTP_PORT": "0"}

    def bot(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bot", *words],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    with (tmp_path / "log").open("w") as log:
        service = subprocess.Popen(
            [sys.executable, "-m", "bot"], cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        assert service.stdout is not None
        found = re.search(r"http://\S+/", service.stdout.readline())
        assert found is not None, (tmp_path / "log").read_text()
        with urllib.request.urlopen(f"{found[0]}healthz") as answer:
            assert answer.status == 200
        with urllib.request.urlopen(f"{found[0]}metrics") as answer:
            assert b"gandan_inbox_waiting" in answer.read()
        done = bot("invite", "--name", "Lê Thị Mai", "--post", "Công chức")
        assert (done.returncode, bool(CODE.search(done.stdout))) == (DONE, True), done.stderr
        assert bot("inbox").stdout.startswith("Đang chờ: 0")
        second = bot()
        assert (second.returncode, "đang được dịch vụ" in second.stderr) == (BUSY, True)
        service.send_signal(signal.SIGTERM)
        assert service.wait(20) == DONE
    finally:
        service.kill()
        service.communicate()
    log_text = (tmp_path / "log").read_text()
    assert not CODE.search(log_text)
    assert "Lê Thị Mai" not in log_text
