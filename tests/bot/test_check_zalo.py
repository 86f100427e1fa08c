"""`check` says in Vietnamese what is wrong with Zalo and what nobody has confirmed; `zalo connect` connects."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot import commune as communes
from bot.__main__ import parser
from bot.app import App, open_app
from bot.channels import zalo_consent
from bot.channels.zalo_consent import Door
from bot.channels.zalo_grant import Grant
from bot.channels.zalo_request import Wire
from bot.commands import COMMANDS
from bot.commands import zalo as command
from bot.commands.check import check
from bot.commands.check_zalo import Known, check_zalo, known
from bot.commune_zalo import ZaloTerms
from bot.control import DONE, FAILED, WRONG
from bot.settings import Settings
from bot.zalo_assumptions import ASSUMED
from storage import grants
from storage.db import create_engine_for
from storage.grants import Account, Pair
from storage.sealing import Keys
from tests import stores
from tests.zalo_oauth import APP_ID
from tests.zalo_server import GATEWAY, ZaloServer

NOW = datetime.now(UTC)
PUBLIC = "https://chat.xa.vn"
ALL: dict[Any, date] = dict.fromkeys(ASSUMED, date(2026, 12, 1))
SURE = ZaloTerms(confirmed=ALL)


@pytest.fixture
async def server() -> AsyncIterator[ZaloServer]:
    async with ZaloServer() as made:
        yield made


def settings(server: ZaloServer, folder: Path, **more: str) -> Settings:
    environ = {"DATA_DIR": str(folder), "PUBLIC_URL": PUBLIC} | server.environ | more
    return Settings.load(environ, env_file=None)


@pytest.fixture
def pair(server: ZaloServer) -> Pair:
    """A grant in order."""
    ends = NOW + timedelta(hours=20)
    return replace(grants.NOTHING, generation=3, access=server.oauth.access, obtained_at=NOW, expires_at=ends)


Checked = Callable[..., Any]


@pytest.fixture
def checked(server: ZaloServer, pair: Pair, tmp_path: Path) -> Checked:
    """What is found: level and sentence."""

    async def run(
        pair: Pair | None = pair, terms: ZaloTerms = SURE, heard: bool = True, **more: str
    ) -> list[tuple[str, str]]:
        asked = settings(server, tmp_path, **more)
        found = await asyncio.to_thread(check_zalo, asked, terms, Known(pair, heard), NOW)
        return [(each.level, each.sentence) for each in found]

    return run


async def test_an_account_in_order_is_only_described(server: ZaloServer, checked: Checked) -> None:
    """Its kind, plan, end and path; nothing was renewed, and with Zalo off there is nothing to say."""
    ((level, sentence),) = await checked()
    assert level == "note"
    assert "“UBND xã Suối Lành”: doanh nghiệp, gói Tăng trưởng, đến 31/12/2027; gửi tin theo đường v3" in sentence
    server.oa.type = 4
    ((level, sentence),) = await checked()
    assert "cơ quan nhà nước" in sentence
    assert "đường v2" in sentence
    assert not server.called("access_token")
    off = {name: "" for name in server.environ if not name.endswith("URL")}
    assert await checked(**off) == []


async def test_what_is_wrong_with_the_account_is_told(server: ZaloServer, checked: Checked) -> None:
    """Not verified, a plan without OpenAPI, its end near or past or unknown, no money account."""
    server.oa.verified, server.oa.linked_zca = False, ""
    for plan, until, level, words in (
        ("Tăng trưởng", (NOW + timedelta(days=20)).strftime("%d/%m/%Y"), "warning", "Xin gia hạn trước"),
        ("Tăng trưởng", "", "warning", "không cho biết hạn"),
        ("Toàn diện", "01/01/2026", "error", "đã hết hạn 01/01/2026"),
    ):
        server.oa.plan, server.oa.valid_until = plan, until
        (_note, verified, end, money) = await checked()
        assert (verified[0], "xác thực" in verified[1]) == ("error", True)
        assert (end[0], words in end[1]) == (level, True)
        assert (money[0], "Zalo Cloud Account" in money[1]) == ("warning", True)


async def test_a_plan_without_openapi_is_doubted() -> None:
    """By the price list of June 2026."""
    from bot.channels.zalo_account import About
    from bot.commands.check_zalo import _about

    about = About("1", "OA", 2, True, "Tiêu chuẩn", date(2027, 12, 31), "ZCA")
    (_note, (finding)) = list(_about(about, date(2026, 12, 1)))
    assert (finding.level, "Tiêu chuẩn" in finding.sentence) == ("warning", True)


@pytest.mark.parametrize(
    ("plan", "level", "words"),
    [
        (-216, "warning", "tự đổi"),
        (-224, "error", "Gói của Official Account"),
        (-9999, "error", "-9999"),
        (GATEWAY, "error", "Không liên lạc được"),
    ],
)
async def test_what_zalo_answers_is_explained(
    server: ZaloServer, checked: Checked, plan: Any, level: str, words: str
) -> None:
    """A worn token, no plan, an unknown code, no answer."""
    server.always("getoa", plan)
    ((found, sentence),) = await checked()
    assert (found, words in sentence) == (level, True)
    assert server.oauth.access not in sentence


async def test_the_state_of_the_grant_is_told(server: ZaloServer, checked: Checked, pair: Pair) -> None:
    """Nobody yet, a first token waiting, lost, worn, about to end; unreadable is told elsewhere."""
    lost = replace(pair, lost="refused", lost_at=NOW, expires_at=NOW - timedelta(hours=1))
    worn = replace(pair, expires_at=NOW - timedelta(hours=1))
    old = replace(worn, obtained_at=NOW - timedelta(days=70))
    for state, more, told in (
        (grants.NOTHING, {"ZALO_REFRESH_TOKEN": ""}, [("error", "python -m bot zalo connect")]),
        (grants.NOTHING, {}, [("warning", "ZALO_REFRESH_TOKEN")]),
        (lost, {}, [("error", "xin chạy: python -m bot zalo connect")]),
        (worn, {}, [("warning", "khởi động dịch vụ")]),
        (old, {}, [("warning", "khởi động dịch vụ"), ("warning", "chỉ cho trợ lý dùng OA đến")]),
        (None, {}, []),
    ):
        found = await checked(state, **more)
        assert [level for level, _sentence in found] == [level for level, _words in told]
        assert all(words in sentence for (_l, sentence), (_level, words) in zip(found, told, strict=True))
    assert not server.requests


async def test_how_zalo_reaches_us_is_checked(server: ZaloServer, checked: Checked, tmp_path: Path) -> None:
    """A domain over https without a port, the file of the domain, the signature, and what to tick at the webhook."""
    real, none = {"ZALO_API_URL": "https://openapi.zalo.me"}, None
    for public, words in (
        ("", "Xin đặt PUBLIC_URL"),
        ("https://xa.vn:8443", "không kèm số cổng"),
        ("https://10.1.2.3", "có tên miền"),
        ("http://127.0.0.1:8080", "có tên miền"),
    ):
        ((level, sentence),) = await checked(none, PUBLIC_URL=public, **real)
        assert (level, words in sentence) == ("error", True)
    ((level, sentence),) = await checked(none, **real)
    assert (level, "zalo_verifier" in sentence) == ("warning", True)
    (tmp_path / "zalo_verifierAbc12.html").write_text("x", encoding="ascii")
    assert await checked(none, **real) == []
    ((level, sentence),) = await checked(none, ZALO_SIGNATURE="log")
    assert (level, "ZALO_SIGNATURE=log" in sentence) == ("warning", True)
    ((level, sentence),) = await checked(none, heard=False)
    assert level == "warning"
    for words in (f"{PUBLIC}/zalo/webhook", "dấu #", "Webhook Retry", "permission_revoked", "oa_send_"):
        assert words in sentence


async def test_what_nobody_has_confirmed_is_listed_until_somebody_has(checked: Checked) -> None:
    """Each with today's assumption and its date; commune.toml says what is confirmed."""
    found = await checked(None, ZaloTerms())
    assert len(found) == len(ASSUMED) == 14
    assert all("Cần xác nhận trên OA thật" in sentence and "21/11/2026" in sentence for _level, sentence in found)
    some = ZaloTerms.model_validate({"confirmed": {"signature": "2026-12-01"}})
    assert not any("(signature," in sentence for _level, sentence in await checked(None, some))
    with pytest.raises(ValueError):
        ZaloTerms.model_validate({"confirmed": {"nonsense": "2026-12-01"}})


@pytest.mark.parametrize("kind", stores.BOTH)
def test_check_reads_the_grant_where_it_lies(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole command, with a commune and a database: the lost grant is told; with another key nothing breaks."""
    with stores.fresh(kind, tmp_path) as url:
        (tmp_path / "commune.toml").write_text('name = "UBND xã Suối Lành"\nprovince = "tỉnh Mẫu"\n', encoding="utf-8")
        secret = "a-secret-of-the-tests-that-is-long-enough"
        environ = {"DATA_DIR": str(tmp_path), "DATABASE_URL": url, "SECRET_KEY": secret, "ZALO_APP_ID": APP_ID}
        environ |= {"ZALO_APP_SECRET": "s" * 20, "ZALO_OA_SECRET_KEY": "k" * 20, "ZALO_API_URL": "http://127.0.0.1:1"}
        whose = Account(1, "zalo", APP_ID)
        engine = create_engine_for(url, Keys.derive(secret.encode()))
        with engine.begin() as db:
            grants.consented(db, whose, "access", "refresh", NOW, NOW + timedelta(hours=25))
            grants.withdraw(db, whose, NOW + timedelta(minutes=1))
            assert known(db, 1, APP_ID).pair == grants.find(db, whose)
        engine.dispose()
        for key, told in ((secret, True), ("another-secret-that-is-just-as-long-as-it", False)):
            said: list[str] = []
            check(Settings.load(environ | {"SECRET_KEY": key}, env_file=None), said.append, NOW)
            assert any("đã rút quyền" in line for line in said) == told
            assert any("Cần xác nhận trên OA thật" in line for line in said)


def test_a_database_without_grants_is_no_trouble(tmp_path: Path) -> None:
    """An empty one, before the first start."""
    engine = create_engine_for(f"sqlite:///{tmp_path / 'new.db'}", stores.KEYS)
    with engine.begin() as db:
        assert known(db, 1, APP_ID) == Known()
    engine.dispose()


def test_commune_toml_as_init_writes_it_can_confirm(tmp_path: Path) -> None:
    """The example in the file is taken as it stands."""
    from bot.commune_setup import write_new

    file = tmp_path / "commune.toml"
    write_new(file)
    text = file.read_text(encoding="utf-8").replace("# [zalo.confirmed]\n# ", "[zalo.confirmed]\n")
    file.write_text(text, encoding="utf-8")
    assert communes.load(file).zalo.confirmed == {"signature": date(2026, 12, 1)}


# --- zalo connect -----------------------------------------------------------------------------------------------------


Connect = Callable[..., Any]


@pytest.fixture
async def app(server: ZaloServer, tmp_path: Path) -> AsyncIterator[App]:
    """A commune without anything but its settings."""
    (tmp_path / "commune.toml").write_text('name = "UBND xã Suối Lành"\nprovince = "tỉnh Mẫu"\n', encoding="utf-8")
    asked = settings(server, tmp_path, ZALO_REFRESH_TOKEN="", PUBLIC_URL="", HTTP_PORT="0")
    async with open_app(asked) as made:
        yield made


@pytest.fixture
def connect(app: App) -> Connect:
    """Run the command; its exit code and what it said."""

    async def run(pasted: str = "", redirect: str = "", **change: Any) -> tuple[int, str]:
        said: list[str] = []
        asked = replace(app, settings=app.settings.model_copy(update=change))
        arguments = {"pasted": pasted, "redirect": redirect}
        code = await COMMANDS["zalo connect"](asked, arguments, said.append)
        return code, "\n".join(said)

    return run


async def stored(app: App) -> Pair:
    return await app.database.read(grants.find, Account(1, "zalo", APP_ID))


def link_in(said: str) -> str:
    return next(line.strip() for line in said.splitlines() if "/permission?" in line)


async def test_a_refresh_token_of_the_api_explorer_is_enough(server: ZaloServer, app: App, connect: Connect) -> None:
    """Pasted, it becomes a pair of ours; the account is named; the token is not repeated."""
    token = server.oauth.refresh
    code, said = await connect(token)
    assert (code, "“UBND xã Suối Lành”" in said, token in said) == (DONE, True, False)
    assert (await stored(app)).access == server.oauth.access
    code, said = await connect(token)
    assert (code, "đã dùng rồi" in said) == (FAILED, True)
    assert (await stored(app)).access == server.oauth.access


async def test_the_redirected_address_can_be_pasted(server: ZaloServer, app: App, connect: Connect) -> None:
    """Without a public address: the link with the commune's own, his yes, and the address of the page that failed."""
    code, said = await connect()
    assert (code, "API Explorer" in said, "--redirect" in said) == (WRONG, True, True)
    code, said = await connect(redirect="https://xa.vn/trang")
    assert code == DONE
    assert "Callback URL: https://xa.vn/trang" in said
    server.oauth.challenge = next(line.split()[-1] for line in said.splitlines() if "Code challenge" in line)
    back = server.oauth.consent(link_in(said))
    code, said = await connect(back)
    assert (code, "Đã kết nối" in said) == (DONE, True)
    code, said = await connect(back)
    assert (code, "đã dùng rồi" in said) == (FAILED, True)


async def test_with_a_service_the_browser_comes_back_by_itself(
    server: ZaloServer, app: App, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command waits until the administrator has agreed, and then names the account."""
    monkeypatch.setattr(command, "LOOK", 0.02)
    async with served(app) as port:
        asked = {"public_url": f"http://127.0.0.1:{port}", "http_port": port}
        said: list[str] = []
        here = replace(app, settings=app.settings.model_copy(update=asked))
        waiting = asyncio.create_task(COMMANDS["zalo connect"](here, {}, said.append))
        while not any("Đang đợi" in line for line in said):  # noqa: ASYNC110  (it tells nobody else)
            await asyncio.sleep(0.01)
        async with aiohttp.ClientSession() as http, http.get(server.oauth.consent(link_in("\n".join(said)))) as page:
            assert page.status == 200
        assert await waiting == DONE
    assert "“UBND xã Suối Lành”" in said[-1]


@asynccontextmanager
async def served(app: App) -> AsyncIterator[int]:
    """The callback of a running service; its port."""
    home = command.Home(app.database, 1, app.clock.now)
    async with AsyncExitStack() as stack:
        wire = Wire(app.settings)
        stack.push_async_callback(wire.close)
        grant = Grant(app.settings, wire, home, lambda _msg: None)
        site = web.Application()
        site.add_routes(Door(app.settings, grant, home, lambda sentence: sentence.id).routes())
        runner = web.AppRunner(site)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]


async def test_nobody_who_agrees_is_waited_for_ten_minutes(
    server: ZaloServer, app: App, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the command says so and ends."""
    monkeypatch.setattr(command, "LOOK", 0.01)
    monkeypatch.setattr(zalo_consent, "VALID", timedelta(seconds=0.05))
    async with served(app) as port:
        code, said = await connect(public_url=f"http://127.0.0.1:{port}", http_port=port)
    assert (code, "quá 10 phút" in said) == (FAILED, True)


async def test_without_a_service_the_command_says_how_to_go_on(app: App, connect: Connect) -> None:
    """Nothing listens: he brings the address himself. Zalo off: what to set."""
    code, said = await connect(public_url=PUBLIC, http_port=1)
    assert (code, f"Callback URL: {PUBLIC}/zalo/callback" in said, "zalo connect - " in said) == (DONE, True, True)
    code, said = await connect(zalo_app_id="")
    assert (code, "ZALO_APP_ID" in said) == (WRONG, True)


async def test_a_pair_without_a_word_of_the_account_is_still_a_pair(
    server: ZaloServer, app: App, connect: Connect
) -> None:
    """Zalo answers the one and not the other."""
    server.always("getoa", -224)
    code, said = await connect(server.oauth.refresh)
    assert (code, "Đã kết nối, nhưng" in said) == (DONE, True)
    assert (await stored(app)).access == server.oauth.access


def test_what_is_pasted_when_asked_stays_out_of_the_shells_history(monkeypatch: pytest.MonkeyPatch) -> None:
    """ "-" reads a line; anything else is taken as it stands."""
    monkeypatch.setattr("sys.stdin", StringIO("the-token\n"))
    assert command.pasted("-") == "the-token"
    assert command.pasted("other") == "other"
    terminal = StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdin", terminal)
    monkeypatch.setattr("getpass.getpass", lambda _asked: " hidden ")
    assert command.pasted("-") == "hidden"
    words = vars(parser().parse_args(["zalo", "connect", "-"]))
    assert (words["command"], words["what"], words["pasted"]) == ("zalo", "connect", "-")
