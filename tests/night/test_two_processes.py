"""Two processes, one database: they share the work, one takes over what the other leaves, and a second SQLite service
is refused."""

import asyncio
import uuid
from pathlib import Path

import aiohttp

from tests.night import handler
from tests.night.kill import nothing_left, sample_codes
from tests.night.script import Process, audit, process, query, script, until
from tests.telegram_server import TelegramServer
from tests.town import Databases, settings


async def session(http: aiohttp.ClientSession, service: Process) -> dict[str, str]:
    async with http.post(f"http://127.0.0.1:{service.port}/api/session", json={}) as answer:
        return {"X-Session": (await answer.json())["session"]}


async def post(http: aiohttp.ClientSession, service: Process, headers: dict[str, str], words: str) -> None:
    body = {"id": str(uuid.uuid4()), "kind": "text", "text": words}
    async with http.post(f"http://127.0.0.1:{service.port}/api/messages", json=body, headers=headers) as answer:
        assert answer.status == 200


async def test_two_processes_share_the_work(databases: Databases, tmp_path: Path) -> None:
    """Messages that one process accepts are answered by both, each once and in the order of its lane."""
    url = await databases.fresh("postgres", tmp_path / "data")
    handler.prepare(tmp_path / "data", url)
    async with (
        process(tmp_path / "data", url) as first, process(tmp_path / "data", url) as second,
        aiohttp.ClientSession() as http,
    ):  # fmt: skip
        people = [await session(http, first) for _person in range(12)]
        for number in range(3):
            await asyncio.gather(*(post(http, first, one, f"/cham {at}.{number}") for at, one in enumerate(people)))
        await until(first, "SELECT count(*) = 0 FROM inbox WHERE state = 'new'")
        done = [what for (what,) in await query(first, "SELECT what FROM night_effect ORDER BY id")]
        assert sorted(done) == sorted(f"{at}.{number}" for at in range(12) for number in range(3))
        for at in range(12):
            assert [what for what in done if what.split(".")[0] == str(at)] == [f"{at}.{n}" for n in range(3)]
        assert await first.stop() == 0
        assert await second.stop() == 0
        slow = [sum(line["event"] == "slow_turn" for line in each.logged()) for each in (first, second)]
        assert min(slow) > 0, slow


async def test_one_of_two_is_killed_in_the_middle_of_its_lanes(databases: Databases, tmp_path: Path) -> None:
    """Its half-done turns are rolled back and done by the other, once and in order."""
    url = await databases.fresh("postgres", tmp_path / "data")
    handler.prepare(tmp_path / "data", url)
    async with (
        process(tmp_path / "data", url) as first, process(tmp_path / "data", url) as second,
        aiohttp.ClientSession() as http,
    ):  # fmt: skip
        people = [await session(http, first) for _person in range(10)]
        for number in range(3):
            for at, one in enumerate(people):
                await post(http, first, one, f"/cham {at}.{number}")
        await first.kill()
        assert (await query(second, "SELECT count(*) FROM inbox WHERE state = 'new'"))[0][0] > 0
        await until(second, "SELECT count(*) = 0 FROM inbox WHERE state = 'new'")
        done = [what for (what,) in await query(second, "SELECT what FROM night_effect ORDER BY id")]
        assert sorted(done) == sorted(f"{at}.{number}" for at in range(10) for number in range(3))
        for at in range(10):
            assert [what for what in done if what.split(".")[0] == str(at)] == [f"{at}.{n}" for n in range(3)]
        states = await query(second, "SELECT DISTINCT state FROM inbox")
        assert states == [("done",)]


async def test_one_polls_telegram_and_when_it_is_killed_the_other_goes_on(databases: Databases, tmp_path: Path) -> None:
    """Only the holder of the lease polls and sends; killed again and again, it is followed by the other, and nothing is
    lost or done twice."""
    url = await databases.fresh("postgres", tmp_path / "data")
    handler.prepare(tmp_path / "data", url)
    async with TelegramServer(slow=0.02) as server:
        environ = {"TELEGRAM_BOT_TOKEN": server.token, "TELEGRAM_API_URL": server.url, "TELEGRAM_MODE": "poll"}
        async with process(tmp_path / "data", url, **environ) as one, process(tmp_path / "data", url, **environ) as two:
            pair = [one, two]

            def base() -> str:  # pages stay with one that lives
                return f"http://127.0.0.1:{pair[1].port}"

            async with script(base, 7, 8, sample_codes(), server) as talk:
                for _time in range(3):
                    await talk.ledger.reach(talk.ledger.accepted + 12)
                    while not await leads(pair[0]):
                        pair.reverse()
                        await asyncio.sleep(0.05)
                    await pair[0].kill()
                    await pair[0].start()
                await talk.finish()
                await nothing_left(one)
            assert not server.called("setWebhook")
            count = audit(talk, settings(tmp_path / "data", url).database)
    assert not count.wrong, f"{count}\n" + "\n".join(count.wrong[:20])


async def leads(service: Process) -> bool:
    """Whether this process holds the lease of the Telegram bot."""
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{service.port}/healthz") as answer:
        return (await answer.json())["channels"]["telegram"] == "leading"


async def test_a_message_to_one_process_is_pushed_to_a_socket_on_the_other(
    databases: Databases, tmp_path: Path
) -> None:
    """The answer comes through NOTIFY: sooner than the socket would have looked by itself."""
    url = await databases.fresh("postgres", tmp_path / "data")
    handler.prepare(tmp_path / "data", url)
    async with (
        process(tmp_path / "data", url) as first, process(tmp_path / "data", url) as second,
        aiohttp.ClientSession() as http,
    ):  # fmt: skip
        headers = await session(http, first)
        async with http.ws_connect(f"http://127.0.0.1:{second.port}/api/socket") as socket:
            await socket.send_json({"session": headers["X-Session"], "after": 0})
            assert (await socket.receive_json())["ready"]
            for number in range(5):  # one may coincide with the socket's own look, five cannot
                await post(http, first, headers, f"/viec {number}")
                async with asyncio.timeout(10):  # its own look comes every 15 s
                    frame = await socket.receive_json()
                assert [each["text"] for each in frame["messages"]] == [f"Việc {number} đã ghi."]


async def test_a_second_service_on_the_same_folder_is_refused_with_a_sentence(
    databases: Databases, tmp_path: Path
) -> None:
    """It ends with exit code 5 and says whose folder it is; after kill -9 the folder is free again."""
    await databases.fresh("sqlite", tmp_path / "data")
    async with process(tmp_path / "data") as service:
        second = Process(tmp_path / "data")
        await second.spawn()
        assert await second.wait() == 5
        assert f"đang được dịch vụ hoặc lệnh khác dùng (tiến trình {service.pid})" in second.log.read_text("utf-8")
        await service.kill()
        await second.start()
        assert await second.stop() == 0


async def test_sigterm_finishes_the_turns_in_hand(databases: Databases, tmp_path: Path) -> None:
    """Turns that have begun are committed before the process ends; the rest is done at the next start."""
    await databases.fresh("sqlite", tmp_path / "data")
    handler.prepare(tmp_path / "data")
    async with process(tmp_path / "data") as service, aiohttp.ClientSession() as http:
        people = [await session(http, service) for _person in range(4)]
        for at, one in enumerate(people):
            await post(http, service, one, f"/cham {at}")
        assert await service.stop() == 0
        before = (await query(service, "SELECT count(*) FROM night_effect"))[0][0]
        assert before > 0
        assert await query(service, "SELECT count(*) FROM inbox WHERE state = 'done'") == [(before,)]
        assert "turn_failed" not in {line["event"] for line in service.logged()}
        await service.start()
        await until(service, "SELECT count(*) = 0 FROM inbox WHERE state = 'new'")
        assert await query(service, "SELECT count(*), count(DISTINCT what) FROM night_effect") == [(4, 4)]
