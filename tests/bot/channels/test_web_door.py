"""Who comes in: sessions, invitations, cookies, origins, frames, loopback roles, and how much is too much."""

import asyncio
import io
import uuid
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.channels.web_door import Limits
from storage import officials, sessions
from storage.db import Temporary
from tests import town as towns
from tests.bot.channels.desk import ask, code_for, cookie_of, desk, real_desk, stored, vietnamese
from tests.town import Databases, Town

pytestmark = pytest.mark.web_only("the page's door")

OFFICE = {"X-Office": "1"}


def text(words: str = "chào", **more: object) -> dict[str, object]:
    return {"id": str(uuid.uuid4()), "kind": "text", "text": words} | more


async def closing(socket: aiohttp.ClientWebSocketResponse) -> int:
    """The code a socket is closed with; fails when it is shown anything before."""
    frame = await asyncio.wait_for(socket.receive(), 10)
    assert frame.type is aiohttp.WSMsgType.CLOSE, frame
    return frame.data


@pytest.fixture
async def town(databases: Databases, tmp_path: Path):
    """The sample commune, with the real limits of entries."""
    async with desk(databases, tmp_path) as town:
        yield town


# --- sessions ---------------------------------------------------------------------------------------------------------


async def test_a_session_is_a_header_and_never_a_cookie(town: Town) -> None:
    """A villager's token comes back in the body, sets no cookie and counts only in the header."""
    status, body, headers = await ask(town, "POST", "/api/session", json={})
    assert status == 200
    assert "Set-Cookie" not in headers
    token = body["session"]
    assert (await ask(town, "GET", "/api/updates", headers={"X-Session": token}))[0] == 200
    for wrong in ({}, {"Cookie": f"session={token}"}, {"X-Session": "unknown"}, {"Authorization": token}):
        assert (await ask(town, "GET", "/api/updates", headers=wrong))[0] == 401
    assert (await ask(town, "GET", f"/api/updates?session={token}"))[0] == 401


async def test_the_token_is_stored_only_as_a_digest(town: Town) -> None:
    """The sessions table holds no token that could be used."""
    token = (await ask(town, "POST", "/api/session", json={}))[1]["session"]
    rows = await town.read(lambda db: db.execute(sessions.session.select()).all())
    assert rows
    assert token not in str(rows)


async def test_the_first_frame_of_a_socket_says_who(town: Town) -> None:
    """A socket with the token is ready; one without, or with a wrong one, is closed with 4401."""
    token = (await ask(town, "POST", "/api/session", json={}))[1]["session"]
    async with town.http.ws_connect("/api/socket") as socket:
        await socket.send_json({"session": token, "after": 0})
        assert (await socket.receive_json())["ready"] is True
    for first in ({"session": "unknown"}, {}, {"session": "\ud800"}):
        async with town.http.ws_connect("/api/socket") as socket:
            await socket.send_json(first)
            assert await closing(socket) == 4401


@pytest.mark.parametrize("first", ["[]", "nonsense", '"x"', "17", '{"after": [1]}'])
async def test_a_nonsense_first_frame_closes_the_socket(town: Town, first: str) -> None:
    """A first frame that is not ours closes that socket and nothing else."""
    async with town.http.ws_connect("/api/socket") as socket:
        await socket.send_str(first)
        assert await closing(socket) in (1002, 4401)
    assert (await ask(town, "GET", "/api/alive"))[0] == 204


async def test_an_expired_session_is_gone(steady_town: Town) -> None:
    """After a year the villager's token is refused with a sentence."""
    citizen = await towns.villager(steady_town)
    steady_town.clock.advance(timedelta(days=sessions.VILLAGER_DAYS, seconds=1))
    await steady_town.restart()  # a session is remembered for a few seconds
    status, body, _headers = await ask(steady_town, "GET", "/api/updates", headers=citizen.headers)
    assert status == 401
    assert vietnamese(body["error"])


async def test_a_closed_session_is_gone(town: Town) -> None:
    """Signing out ends the session, whatever the browser still sends."""
    official = await towns.official(town)
    status, _body, headers = await ask(town, "POST", "/office/api/leave", headers=official.headers)
    assert status == 200
    assert 'gandan_office=""' in headers["Set-Cookie"]
    for path in ("session", "updates"):
        assert (await ask(town, "GET", f"/office/api/{path}", headers=official.headers))[0] == 401


async def test_a_removed_official_reads_nothing_more(steady_town: Town) -> None:
    """The cookie of somebody whose rights were taken away opens no page, no message, no file."""
    town = steady_town
    official = await towns.official(town)
    await official.looks()
    await town.write(officials.remove, 1, (await clerk(town)).id)
    await town.restart()
    for method, path in (("GET", "session"), ("GET", "updates"), ("POST", "messages"), ("GET", "files/" + "0" * 32)):
        assert (await ask(town, method, f"/office/api/{path}", headers=official.headers, json={}))[0] == 401, path


async def test_the_socket_of_a_removed_official_is_closed(town: Town) -> None:
    """A page that is open when the rights are taken away is shown nothing more."""
    official, citizen = await towns.official(town), await towns.villager(town)
    async with town.http.ws_connect("/office/api/socket", headers=official.headers) as socket:
        await socket.send_json({"after": 0})
        assert (await socket.receive_json())["ready"]
        await town.write(officials.remove, 1, (await clerk(town)).id)
        town.service.web.door._known.clear()  # a session is remembered for a few seconds
        await citizen.says("0")
        await citizen.says("Một việc riêng")
        await citizen.says("bỏ qua")
        assert await closing(socket) == 4401


async def clerk(town: Town) -> officials.Official:
    return next(each for each in await town.read(officials.active, 1) if each.role == "clerk")


# --- the office -------------------------------------------------------------------------------------------------------


async def test_an_invitation_works_once(steady_town: Town) -> None:
    """The code opens the office; the second use is refused with a sentence and no cookie."""
    code = await code_for(steady_town, "clerk")
    status, body, headers = await ask(steady_town, "POST", "/office/api/enter", json={"invitation": code.lower()})
    assert status == 200
    assert (body["name"], body["post"]) == ((await clerk(steady_town)).name, (await clerk(steady_town)).post)
    assert "gandan_office=" in headers["Set-Cookie"]
    status, body, headers = await ask(steady_town, "POST", "/office/api/enter", json={"invitation": code})
    assert status == 403
    assert vietnamese(body["error"])
    assert "Set-Cookie" not in headers


async def test_of_two_that_race_for_a_code_one_wins(steady_town: Town) -> None:
    """The same code from several browsers in the same moment lets exactly one in."""
    code = await code_for(steady_town, "clerk")
    tries = [ask(steady_town, "POST", "/office/api/enter", json={"invitation": code}) for _each in range(5)]
    assert sorted(status for status, _body, _headers in await asyncio.gather(*tries)) == [200, 403, 403, 403, 403]


async def test_a_code_is_good_for_three_days(town: Town) -> None:
    """Just before three days have passed it works, after them not."""
    early, late = await code_for(town, "clerk"), await code_for(town, "clerk")
    town.clock.advance(timedelta(days=3, seconds=-1))
    assert (await ask(town, "POST", "/office/api/enter", json={"invitation": early}))[0] == 200
    town.clock.advance(timedelta(seconds=1))
    assert (await ask(town, "POST", "/office/api/enter", json={"invitation": late}))[0] == 403


async def test_a_village_head_comes_in_by_the_box_and_not_by_the_office(steady_town: Town) -> None:
    """A village head's code is refused at /office without being spent, and gives his role in the chat box."""
    code = await code_for(steady_town, "village-head")
    assert (await ask(steady_town, "POST", "/office/api/enter", json={"invitation": code}))[0] == 403
    head = await towns.villager(steady_town, invitation=code)
    await head.says("/trogiup")
    head.sees("trưởng")
    assert (await ask(steady_town, "POST", "/api/session", json={"invitation": code}))[0] == 403


async def test_an_officials_code_opens_no_villagers_box(town: Town) -> None:
    """In the box an official's code is refused without being spent."""
    code = await code_for(town, "clerk")
    assert (await ask(town, "POST", "/api/session", json={"invitation": code}))[0] == 403
    assert (await ask(town, "POST", "/office/api/enter", json={"invitation": code}))[0] == 200


@pytest.mark.parametrize("invitation", ["", "AAAA-BBBB-CCCC", None, 17, ["x"], {"a": 1}, "\0", "đ" * 5000])
async def test_no_code_no_office(town: Town, invitation: object) -> None:
    """Whatever is not a known code opens nothing."""
    assert (await ask(town, "POST", "/office/api/enter", json={"invitation": invitation}))[0] == 403


async def test_a_shared_computer_needs_a_pin(town: Town) -> None:
    """On a shared computer a PIN of 4 to 6 digits is asked for, and a bad one does not spend the code."""
    code = await code_for(town, "clerk")
    for pin in ("", "12", "1234567", "abcd", None):
        status, body, _headers = await ask(
            town, "POST", "/office/api/enter", json={"invitation": code, "shared": True, "pin": pin}
        )
        assert status == 422
        assert vietnamese(body["error"])
    good = {"invitation": code, "shared": True, "pin": "2468"}
    assert (await ask(town, "POST", "/office/api/enter", json=good))[0] == 200


async def test_the_cookie_is_closed_to_scripts_and_other_sites(town: Town) -> None:
    """HttpOnly, SameSite=Strict, only for /office; without https not Secure, or no browser would keep it."""
    code = await code_for(town, "clerk")
    cookie = (await ask(town, "POST", "/office/api/enter", json={"invitation": code}))[2]["Set-Cookie"]
    for mark in ("HttpOnly", "SameSite=Strict", "Path=/office", "Max-Age="):
        assert mark in cookie
    assert "Secure" not in cookie


async def test_behind_https_the_cookie_is_secure(tmp_path: Path) -> None:
    """With an https PUBLIC_URL the cookie travels only encrypted."""
    async with real_desk(tmp_path, PUBLIC_URL="https://chat.xa.example") as town:
        code = await town.write(officials.invite, 1, "Nông Thị Bưởi", "Văn thư", "clerk", (), None, town.clock.now())
        cookie = (await ask(town, "POST", "/office/api/enter", json={"invitation": code}))[2]["Set-Cookie"]
        assert "Secure" in cookie


async def test_the_office_wants_its_header(town: Town) -> None:
    """A cookie alone, which another page might make a browser send, is refused everywhere in the office."""
    official = await towns.official(town)
    bare = {"Cookie": official.headers["Cookie"]}
    for method, path in (
        ("GET", "session"),
        ("GET", "updates"),
        ("POST", "messages"),
        ("POST", "files"),
        ("POST", "leave"),
        ("GET", "files/x"),
    ):
        status, body, _headers = await ask(town, method, f"/office/api/{path}", headers=bare, data=b"{}")
        assert status == 403, path
        assert vietnamese(body["error"])
    assert (await ask(town, "GET", "/office/api/session", headers=official.headers))[0] == 200


async def test_a_villagers_token_is_no_office_cookie(town: Town) -> None:
    """A villager's own token, put where the office's cookie belongs, opens nothing."""
    citizen = await towns.villager(town)
    forged = OFFICE | {"Cookie": f"gandan_office={citizen.headers['X-Session']}"}
    assert (await ask(town, "GET", "/office/api/updates", headers=forged))[0] == 401
    official = await towns.official(town)
    both = OFFICE | {"X-Session": cookie_of(official)}
    assert (await ask(town, "GET", "/office/api/updates", headers=both))[0] == 401


# --- other sites ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "file://", "evil", "http://"])
async def test_another_site_may_write_nothing(town: Town, origin: str) -> None:
    """The Origin of another site, also of a sandboxed frame ("null"), is refused on every POST and on the socket."""
    citizen, official = await towns.villager(town), await towns.official(town)
    before = await stored(town)
    foreign = {"Origin": origin}
    for path in ("/api/session", "/office/api/enter"):
        assert (await ask(town, "POST", path, json={"demo": "villager"}, headers=foreign))[0] == 403
    for person in (citizen, official):
        for path in ("messages", "files"):
            answer = await ask(town, "POST", f"{person.base}/{path}", json=text(), headers=person.headers | foreign)
            assert answer[0] == 403, path
            assert vietnamese(answer[1]["error"])
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await town.http.ws_connect(f"{person.base}/socket", headers=person.headers | foreign)
    assert await stored(town) == before


async def test_our_own_pages_may_write(tmp_path: Path) -> None:
    """Our own address, and PUBLIC_URL behind a proxy, are not another site."""
    async with real_desk(tmp_path, PUBLIC_URL="https://chat.xa.example") as town:
        for origin in (f"http://127.0.0.1:{town.service.port}", "https://chat.xa.example"):
            assert (await ask(town, "POST", "/api/session", json={}, headers={"Origin": origin}))[0] == 200


def ancestors(policy: str) -> str:
    return next(part.strip() for part in policy.split(";") if part.strip().startswith("frame-ancestors"))


async def test_who_may_show_the_pages_in_a_frame(tmp_path: Path) -> None:
    """The chat box: the commune's sites; the office: nobody at all."""
    async with real_desk(tmp_path, WEB_EMBED_ORIGINS="https://xa.example,https://huyen.example") as town:
        for path, wanted in (("/", "'self' https://xa.example https://huyen.example"), ("/office", "'none'")):
            policy = (await ask(town, "GET", path))[2]["Content-Security-Policy"]
            assert ancestors(policy) == f"frame-ancestors {wanted}"


async def test_the_demo_shows_its_office_in_its_own_frame(town: Town) -> None:
    """Only in the demo the office may stand in a frame, and only in our own page's."""
    for path in ("/", "/chat", "/office"):
        assert ancestors((await ask(town, "GET", path))[2]["Content-Security-Policy"]) == "frame-ancestors 'self'"


@pytest.mark.parametrize("path", ["/", "/chat", "/office"])
async def test_pages_run_no_script_but_ours(town: Town, path: str) -> None:
    """The policy allows nothing inline and no other host; the page has neither."""
    async with town.http.get(path) as answer:
        policy, page = answer.headers["Content-Security-Policy"], await answer.text()
    for part in (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    ):
        assert part in policy
    assert "unsafe" not in policy
    assert "<style" not in page
    assert " style=" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert page.count("<script") == page.count('<script src="/static/')


async def test_static_files_are_a_list_and_no_folder(town: Town) -> None:
    """Only the pages' own files are served: no path, no template, no source."""
    assert (await ask(town, "GET", "/static/chat.js"))[0] == 200
    for name in ("chat.html", "..%2fweb.py", "%2e%2e/web.py", "none.js", "%00.js", ".js"):
        assert (await ask(town, "GET", f"/static/{name}"))[0] == 404, name


# --- the demo's roles -------------------------------------------------------------------------------------------------


async def test_the_demo_gives_its_roles_on_this_machine(town: Town) -> None:
    """On the sample database and on loopback, the three phones need no invitation."""
    assert (await ask(town, "POST", "/office/api/enter", json={"demo": True}))[0] == 200
    head = await towns.villager(town, demo="village-head")
    await head.says("/trogiup")
    head.sees("trưởng")
    status, body, _headers = await ask(town, "GET", "/api/demo")
    assert status == 200
    assert len(body["codes"]) == 3


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Host": "[nonsense"},
        {"X-Forwarded-For": "203.0.113.5"},
    ],
)
async def test_from_elsewhere_the_demo_gives_no_role(town: Town, headers: dict[str, str]) -> None:
    """A name that was rebound to this machine, or a proxy in front of it, gets a villager's box and nothing more."""
    assert (await ask(town, "POST", "/office/api/enter", json={"demo": True}, headers=headers))[0] == 403
    assert (await ask(town, "GET", "/api/demo", headers=headers))[0] == 404
    async with town.http.get("/", headers=headers) as page:
        assert 'data-test="phone-office"' not in await page.text()
    token = (await ask(town, "POST", "/api/session", json={"demo": "village-head"}, headers=headers))[1]["session"]
    villager = towns.Person(town, "/api", {"X-Session": token})
    await villager.says("/trogiup")
    villager.sees_not("trưởng")


async def test_a_real_commune_has_no_demo(tmp_path: Path) -> None:
    """Without the sample database the page is the villager's box and no role is given away."""
    async with real_desk(tmp_path) as town:
        assert (await ask(town, "POST", "/office/api/enter", json={"demo": True}))[0] == 403
        assert (await ask(town, "GET", "/api/demo"))[0] == 404
        async with town.http.get("/") as page:
            words = await page.text()
        assert 'data-test="composer"' in words
        assert 'data-test="phone-office"' not in words


# --- how much is too much ---------------------------------------------------------------------------------------------


async def test_twenty_a_minute_then_wait(databases: Databases, tmp_path: Path) -> None:
    """The 21st message of a session in a minute gets 429 with Retry-After and a sentence, and is not stored."""
    async with desk(databases, tmp_path, limits=Limits()) as town:
        citizen = await towns.villager(town)
        for _each in range(20):
            assert (await citizen.post({"kind": "sticker"}))[0] == 200
        status, body, headers = await ask(town, "POST", "/api/messages", json=text(), headers=citizen.headers)
        assert status == 429
        assert 1 <= int(headers["Retry-After"]) <= 60
        assert vietnamese(body["error"])
        assert await stored(town) == 20
        other = await towns.villager(town)
        assert (await other.post({"kind": "sticker"}))[0] == 200


async def test_sixty_a_minute_from_one_address(databases: Databases, tmp_path: Path) -> None:
    """The 61st message of an address is refused, whoever it comes from, also nonsense and files."""
    async with desk(databases, tmp_path, limits=Limits()) as town:
        people = [await towns.villager(town) for _each in range(4)]
        for person in people[:3]:
            for _each in range(20):
                assert (await person.post({"kind": "sticker"}))[0] == 200
        last = people[3]
        assert (await last.post({"kind": "sticker"}))[0] == 429
        assert (await ask(town, "POST", "/api/messages", data=b"nonsense", headers=last.headers))[0] == 429
        assert (await ask(town, "POST", "/api/files", data=b"bytes", headers=last.headers))[0] == 429
        assert await stored(town) == 60


async def test_nonsense_counts_too(databases: Databases, tmp_path: Path) -> None:
    """Broken messages are kept, and for that very reason counted."""
    async with desk(databases, tmp_path, limits=Limits(session=3)) as town:
        citizen = await towns.villager(town)
        answers = [
            (await ask(town, "POST", "/api/messages", data=f"nonsense {n}".encode(), headers=citizen.headers))[0]
            for n in range(5)
        ]
        assert answers == [400, 400, 400, 429, 429]
        assert await stored(town, "failed") == 3


async def test_an_unknown_proxys_word_counts_for_nothing(databases: Databases, tmp_path: Path) -> None:
    """Without TRUSTED_PROXY, X-Forwarded-For cannot buy anybody more messages."""
    async with desk(databases, tmp_path, limits=Limits(session=100, address=2)) as town:
        citizen = await towns.villager(town)
        for at, wanted in enumerate((200, 200, 429)):
            forwarded = citizen.headers | {"X-Forwarded-For": f"198.51.100.{at}"}
            assert (await ask(town, "POST", "/api/messages", json=text(), headers=forwarded))[0] == wanted


async def test_a_trusted_proxys_word_is_the_address(databases: Databases, tmp_path: Path) -> None:
    """From TRUSTED_PROXY the last address it added counts; what the client wrote before it does not."""
    async with desk(
        databases, tmp_path, env={"TRUSTED_PROXY": "127.0.0.0/8"}, limits=Limits(session=100, address=1)
    ) as town:
        citizens = [await towns.villager(town)]
        headers = citizens[0].headers
        for forwarded, wanted in (
            ("198.51.100.1", 200),
            ("198.51.100.2", 200),
            ("198.51.100.9, 198.51.100.1", 429),
            ("nonsense", 200),
        ):
            answer = await ask(
                town, "POST", "/api/messages", json=text(), headers=headers | {"X-Forwarded-For": forwarded}
            )
            assert answer[0] == wanted, forwarded


async def test_tries_to_enter_are_limited(tmp_path: Path) -> None:
    """Ten tries a minute at the office's door; then even a right code has to wait."""
    async with real_desk(tmp_path) as town:
        code = await town.write(officials.invite, 1, "Nông Thị Bưởi", "Văn thư", "clerk", (), None, town.clock.now())
        for _each in range(10):
            assert (await ask(town, "POST", "/office/api/enter", json={"invitation": "AAAA-BBBB-CCCC"}))[0] == 403
        status, _body, headers = await ask(town, "POST", "/office/api/enter", json={"invitation": code})
        assert status == 429
        assert int(headers["Retry-After"]) >= 1


async def test_sessions_are_limited(databases: Databases, tmp_path: Path) -> None:
    """One address cannot make sessions without end."""
    async with desk(databases, tmp_path, limits=Limits(address=3)) as town:
        answers = [(await ask(town, "POST", "/api/session", json={}))[0] for _each in range(4)]
        assert answers == [200, 200, 200, 429]


async def chunked(size: int):
    for _each in range(size // 10_000):
        yield b"x" * 10_000


@pytest.mark.parametrize("size", [70_000, 3_000_000])
@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_too_large_is_refused(town: Town, size: int, announced: bool) -> None:
    """More than 64 kB is 413 with a sentence, announced or not, and nothing of it is kept; the next message passes."""
    citizen = await towns.villager(town)
    body = io.BytesIO(b"x" * size) if announced else chunked(size)
    status, said, _headers = await ask(town, "POST", "/api/messages", data=body, headers=citizen.headers)
    assert status == 413
    assert vietnamese(said["error"])
    assert await stored(town) == 0
    assert (await citizen.post({"kind": "sticker"}))[0] == 200


@pytest.mark.parametrize("body", [b"nonsense", b"[]", b"17", b"\xff\xfe", b"[" * 60_000])
async def test_a_door_that_cannot_read_says_so(town: Town, body: bytes) -> None:
    """Both entrances answer nonsense with 400 and a sentence."""
    for path in ("/api/session", "/office/api/enter"):
        status, said, _headers = await ask(town, "POST", path, data=body)
        assert status == 400
        assert vietnamese(said["error"])


async def test_while_the_database_is_away_the_page_is_asked_to_come_back(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After on every way in and out; the socket does not claim that the session is gone."""
    citizen = await towns.villager(town)
    await citizen.looks()

    async def away(*_args: object, **_kind: object) -> None:
        raise Temporary("away")

    town.service.web.door._known.clear()
    monkeypatch.setattr(town.app.database, "read", away)
    monkeypatch.setattr(town.app.database, "write", away)
    for method, path in (("GET", "updates"), ("POST", "messages"), ("POST", "session"), ("GET", "files/" + "0" * 32)):
        status, body, headers = await ask(town, method, f"/api/{path}", headers=citizen.headers, json={})
        assert status == 503, path
        assert int(headers["Retry-After"]) > 0
        assert vietnamese(body["error"])
    async with town.http.ws_connect("/api/socket") as socket:
        await socket.send_json({"session": citizen.headers["X-Session"], "after": 0})
        assert await closing(socket) == 1013
    monkeypatch.undo()
