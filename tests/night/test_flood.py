"""A dam bursts: thousands of reports within ten minutes, over real HTTP (peers 0.9, B04).

Every villager opens the chat box, says what is wrong and where, taps "send", and reads her number. Officials have the
page at /office and a group on Telegram. `--all` plays 5,000 reports, a quick run 500;
on PostgreSQL 500 and 50.
"""

import asyncio
import re
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from bot import case_surge
from bot.clock import FixedClock
from storage import case_floods, cases, officials
from storage.outbox import outbox
from storage.sealing import unseal_json
from tests import town as towns
from tests.telegram_server import TelegramServer
from tests.telegram_world import Group, Message
from tests.town import PATIENCE, Databases, Town, settings

WHOLE, SMALL, FEW = 5000, 500, 50
"""Reports: of .ci/run, of a quick run, of PostgreSQL's quick run."""
TOGETHER = 25
"""Villagers who write at the same moment."""
FLOOD = timedelta(minutes=10)
GROUP = -4012
MOST = 20
"""Messages a shared chat may be sent in any minute."""
NUMBER = re.compile(r"PA-(\d{4,})")
WORDS = (
    "{where} ngập sâu quá, đường không đi được", "Nước tràn vào sân trường ở {where}",
    "Cột điện nghiêng ở {where}, dây sà xuống đường", "Cống ở {where} tắc, nước không thoát",
    "Cây đổ chắn ngang đường ở {where}", "Cầu ở {where} sập một nửa rồi ạ",
)  # fmt: skip


@dataclass
class Flood:
    """The town in the flood; `told`: the number each villager was told, by her session."""

    town: Town
    server: TelegramServer
    group: Group
    told: dict[str, list[int]] = field(default_factory=dict)

    async def comes(self, count: int) -> None:
        """So many reports, evenly over the ten minutes, some villagers at a time."""
        villages = cycle(each.label for each in self.town.app.place.commune.villages)
        pace = FLOOD / (count / TOGETHER)
        for batch in range(count // TOGETHER):
            said = [WORDS[each % len(WORDS)].format(where=next(villages)) for each in range(TOGETHER)]
            people = await asyncio.gather(*(self._opens() for _each in said))
            await asyncio.gather(*map(self._says, people, said))
            await self.town.settle()
            await asyncio.gather(*(self._says(each, "gửi") for each in people))
            await self.town.settle()
            for each, words in zip(people, await asyncio.gather(*map(self._reads, people)), strict=True):
                self.told[each] = [int(number) for number in dict.fromkeys(NUMBER.findall(words))]
            await self.town.later(seconds=pace.total_seconds())
            assert all(self.told[each] for each in people), f"batch {batch}"

    async def _opens(self) -> str:
        async with self.town.http.post("/api/session", json={}) as answer:
            assert answer.status == 200
            return str((await answer.json())["session"])

    async def _says(self, session: str, text: str) -> None:
        body = {"id": str(uuid.uuid4()), "kind": "text", "text": text}
        async with self.town.http.post("/api/messages", json=body, headers={"X-Session": session}) as answer:
            assert answer.status == 200, await answer.text()

    async def _reads(self, session: str) -> str:
        async with self.town.http.get("/api/updates?after=0", headers={"X-Session": session}) as answer:
            assert answer.status == 200
            return "\n".join(each["text"] for each in (await answer.json())["messages"])

    async def shared(self, channel: str) -> list[tuple[datetime, str]]:
        """What the officials' shared chat was sent on that channel: when, and which card."""

        def read(db: Connection) -> list[tuple[datetime, str]]:
            chat = str(GROUP) if channel == "telegram" else "office"
            rows = db.execute(
                select(outbox.c.created_at, outbox.c.body)
                .where(outbox.c.channel == channel, outbox.c.chat == chat).order_by(outbox.c.id)
            )  # fmt: skip
            return [(at, unseal_json(db, body).get("card") or unseal_json(db, body)["text"]) for at, body in rows]

        found: list[tuple[datetime, str]] = await self.town.read(read)
        return found


    def summary(self) -> Message | None:
        """The last state of the summary in the group."""
        over = [each for each in self.group.sent if "Đợt phản ánh dồn dập đã qua" in each.text]
        return over[-1] if over else None


@asynccontextmanager
async def flooded(kind: str, databases: Databases, folder: Path) -> AsyncIterator[Flood]:
    url = await databases.fresh(kind, folder / "data")
    clock = FixedClock(towns.START)
    async with TelegramServer() as server:
        more = {
            "TELEGRAM_BOT_TOKEN": server.token, "TELEGRAM_API_URL": server.url, "TELEGRAM_ADMIN_CHAT_ID": str(GROUP),
        }  # fmt: skip
        town = Town(settings(folder / "data", url, **more), clock)
        group, user = server.group(GROUP), server.user(7101, "Tám")
        await town.start()
        try:
            user.starts(await town.write(clerks_code, town.clock.now()))
            await server.until(lambda: user.chat.sent, PATIENCE)
            group.joins(user)
            group.status = "left"
            group.takes_bot(user)
            await server.until(lambda: group.sent, PATIENCE)
            yield Flood(town, server, group)
        finally:
            await town.stop()
            if url:
                databases.drop(url)


def clerks_code(db: Connection, now: datetime) -> str:
    """With it the clerk is known on Telegram."""
    clerk = next(each for each in officials.active(db, 1) if each.role == "clerk")
    return officials.new_code(db, 1, clerk.id, now)


def minutes(sent: list[tuple[datetime, str]]) -> Iterator[int]:
    """How many messages there were in the minute from each of them on."""
    for begins, _card in sent:
        yield sum(begins <= at < begins + timedelta(minutes=1) for at, _each in sent)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_peers_0_9_five_thousand_reports_in_ten_minutes(
    kind: str, databases: Databases, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """All are numbered without gap or double, every villager knows hers, and officials have one summary."""
    every = request.config.getoption("all")
    count = (WHOLE if every else SMALL) if kind == "sqlite" else (SMALL if every else FEW)
    async with flooded(kind, databases, tmp_path) as flood:
        began = flood.town.clock.now()
        await flood.comes(count)
        assert flood.town.clock.now() - began <= FLOOD + timedelta(seconds=1)

        def filed(db: Connection) -> list[tuple[int, str]]:
            asked = select(cases.case_file.c.number, cases.case_file.c.chat)
            return [(number, chat) for number, chat in db.execute(asked.order_by(cases.case_file.c.number))]

        stored = await flood.town.read(filed)
        assert [number for number, _chat in stored] == list(range(1, count + 1))
        assert len({chat for _number, chat in stored}) == count
        assert sorted(number for told in flood.told.values() for number in told) == list(range(1, count + 1))

        for _minute in range(13):  # until it is over
            await flood.town.later(minutes=1)
        for channel in ("web", "telegram"):
            sent = await flood.shared(channel)
            print(kind, channel, Counter(card.partition(":")[0] for _at, card in sent), max(minutes(sent)))
            assert max(minutes(sent)) <= MOST
            assert sum(card.startswith("case:") for _at, card in sent) <= 20 + 2 * case_surge.OWN_CARDS
            assert any(card.startswith("surge:") for _at, card in sent)
        summary = await flood.server.until(flood.summary, PATIENCE)
        flooded_ = await flood.town.read(case_floods.latest, 1)
        assert f"có {count + 1 - flooded_.began} phản ánh" in summary.text
        assert len(summary.edits) >= min(9, count // TOGETHER - 1)
