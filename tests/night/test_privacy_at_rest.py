"""After a run, killed in the end so that the write-ahead log is left: no token, phone, name or word stands in clear."""

import asyncio
import uuid
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
import pytest

from messages.codes import key
from messages.fold import fold
from tests.conftest import BOTH
from tests.night import handler
from tests.night.kill import take_in, write_dossiers
from tests.night.script import Process, process, until
from tests.telegram_server import BROKEN, CUT, DROP, GATEWAY, TelegramServer
from tests.telegram_world import bad
from tests.town import PHOTO, SECRET, Databases

APPLICANT = "Quàng Thị Sương Mờ"
PHONE = "0951777888"
CALL_BACK = "0951666555"
WATCH = "0951444333"
OWN = "0951222111"
NAME = "Lường Thị Hoàng Hôn"
WORDS = (
    "mái ngói rêu phong", "con trâu bạc lông", "cây khế sau hồi", "đống rơm cháy dở", "chiếc nón quai thao",
    "bờ tre xanh rì", "gốc đa xù xì", "bến nước mù sương", "vạt nương úa vàng", "cối giã gạo nứt",
)  # fmt: skip
"""The second half is said on Telegram."""


class Page:
    def __init__(self, http: aiohttp.ClientSession, service: Process, token: str) -> None:
        self.http, self.base, self.token = http, f"http://127.0.0.1:{service.port}", token

    async def says(self, words: str, **more: Any) -> None:
        await self.raw({"id": str(uuid.uuid4()), "kind": "text", "text": words} | more, 200)

    async def raw(self, body: Any, wanted: int) -> None:
        how = {"data": body} if isinstance(body, bytes) else {"json": body}
        headers = {"X-Session": self.token}
        async with self.http.post(f"{self.base}/api/messages", headers=headers, **how) as answer:
            assert answer.status == wanted


async def everything(service: Process, server: TelegramServer, tmp_path: Path) -> dict[str, str]:
    """Live a whole day with known words; returns what must not be found, by what it is."""
    assert await take_in(service, write_dossiers(tmp_path / "hồ sơ.csv", 50, 4, APPLICANT, PHONE)) == 0
    code = "H98.12-260803-0001"
    async with aiohttp.ClientSession() as http:
        base = f"http://127.0.0.1:{service.port}"
        async with http.post(f"{base}/api/session", json={}) as answer:
            token = (await answer.json())["session"]
        page = Page(http, service, token)
        await page.raw({"id": str(uuid.uuid4()), "kind": "start"}, 200)
        await page.says(code)
        await page.says("Xem chi tiết", kind="tap", token=f"#dossier-details:{key(code)}")
        await page.says(PHONE[:-4] + "0000")  # a wrong tail, then the right one
        await page.says(PHONE)
        await page.says("Báo cho tôi", kind="tap", token=f"#dossier-watch:{key(code)}")
        await page.says(WATCH)
        await page.says("0")
        await page.says("gọi lại cho tôi")
        await page.says(CALL_BACK)
        await page.says("bỏ qua")
        await page.says(WORDS[0])
        await page.says(f"tố cáo ông trưởng thôn lấy {WORDS[1]}")
        await page.says(f"/hong kẹt {WORDS[2]}")
        await page.says("/huy")
        await page.raw(f'{{"id":"x","text":"{WORDS[3]} {token}'.encode(), 400)
        await page.says("/don")
        await page.says(WORDS[4])  # an answer of a talk that stays open
        await asyncio.gather(*(_office(http, base, name) for name in ("demo", "code")))
        async with http.get(f"{base}/api/updates", headers={"X-Session": token}) as answer:
            shown = "\n".join(each["text"] for each in (await answer.json())["messages"])
    await until(service, "SELECT count(*) = 0 FROM inbox WHERE state = 'new'")
    assert shown
    await _on_telegram(service, server, code)
    found = {f"words {words}": words for words in WORDS} | {f"folded {words}": fold(words) for words in WORDS}
    phones = {f"phone {phone}": phone[1:] for phone in (PHONE, CALL_BACK, WATCH, OWN)}
    names = {
        "applicant": APPLICANT,
        "folded applicant": fold(APPLICANT),
        "casefolded": APPLICANT.casefold(),
        "hers": NAME,
    }
    tokens = {"token": token, "secret": SECRET, "bot's token": server.token.partition(":")[2]}
    return found | phones | names | tokens | {"place": "22.3917"}


async def _on_telegram(service: Process, server: TelegramServer, code: str) -> None:
    """The same on Telegram, on a day on which Telegram fails in every way."""
    hoa = server.user(7001, NAME)
    hoa.starts()
    await server.until(lambda: hoa.chat.sent)
    for method in ("getUpdates", "answerCallbackQuery", "sendChatAction"):
        server.next(method, BROKEN, GATEWAY, CUT)
    server.next(hoa.id, BROKEN, GATEWAY, CUT, DROP, bad("CHAT_RESTRICTED"))
    hoa.says(code)
    hoa.calls_back(hoa.chat.sent[-1], f"#dossier-details:{key(code)}")
    hoa.says(PHONE)
    hoa.contact(f"+84{OWN[1:]}")
    hoa.photo(PHOTO, WORDS[5])
    hoa.document(b"%PDF-1.7", f"{WORDS[6]}.pdf")
    hoa.voice(b"OggS")
    hoa.location(22.3917, 103.4517)
    hoa.edits(hoa.says("gặp cán bộ"), WORDS[7])
    hoa.says(f"/hong kẹt {WORDS[8]}")
    hoa.says(f"tố cáo ông trưởng thôn lấy {WORDS[9]}")
    await server.until(lambda: not server.bot.waiting())
    for table in ("inbox", "file"):
        await until(service, f"SELECT count(*) = 0 FROM {table} WHERE state = 'new'")
    await until(service, "SELECT count(*) > 1 FROM outbox WHERE channel = 'telegram' AND state = 'sent'")


async def _office(http: aiohttp.ClientSession, base: str, how: str) -> None:
    body = {"demo": True} if how == "demo" else {"invitation": "ABCD-EFGH-JKLM"}
    async with http.post(f"{base}/office/api/enter", json=body) as answer:
        assert answer.status == (200 if how == "demo" else 403)


def dump(url: str) -> bytes:
    """Every row of every table, as COPY writes it, and its bytea columns as bytes."""
    parts = []
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as db:
        tables = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            if table == "night_effect":
                continue
            with db.cursor().copy(f'COPY "{table}" TO STDOUT') as copy:
                parts += [bytes(row) for row in copy]
    return b"\n".join(parts)


@pytest.mark.parametrize("kind", BOTH)
async def test_nothing_personal_stands_in_clear_after_a_run(databases: Databases, tmp_path: Path, kind: str) -> None:
    """Neither in the logs nor in the database file, its write-ahead log and index, or a dump of PostgreSQL."""
    url = await databases.fresh(kind, tmp_path / "data")
    handler.prepare(tmp_path / "data", url)
    async with TelegramServer() as server:
        environ = {"TELEGRAM_BOT_TOKEN": server.token, "TELEGRAM_API_URL": server.url, "NIGHT_BROKEN": "kẹt"}
        async with process(tmp_path / "data", url, **environ) as service:
            secrets = await everything(service, server, tmp_path)
            await service.kill()
    places = {"log": service.log.read_bytes()}
    if kind == "postgres":
        places["dump"] = dump(url)
    else:
        places |= {path.name: path.read_bytes() for path in (tmp_path / "data").glob("gandan.db*")}
        assert set(places) >= {"gandan.db", "gandan.db-wal", "gandan.db-shm"}
    assert b"turn_failed" in places["log"]
    assert b"H98.12-260803-0001" in b"".join(places.values()), "the search would find what is there"
    for place, content in places.items():
        for what, secret in secrets.items():
            for form in (secret.encode(), secret.encode().hex().encode(), secret.encode("utf-16-le")):
                assert form not in content, f"{what} stands in {place}"
