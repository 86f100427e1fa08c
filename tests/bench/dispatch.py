"""An update of Telegram's from its bytes to whoever answers it: B6.

The product sees where it belongs, parses it as a turn does, and looks the command up among all routes. The floor is
python-telegram-bot with a single handler. Neither has a database here: that is B1's and B2's matter.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from typing import Any

import orjson

from bot.app import HANDLERS
from bot.channels.telegram import Telegram
from bot.channels.telegram_receive import route
from bot.routes import Routes
from tests.bench.figures import Pair, Room, bar
from tests.bench.message import SAID
from tests.town import settings

UPDATES = 5000
BOT = "1"


def _updates() -> Iterable[bytes]:
    """The same command from many people."""
    for number in range(UPDATES):
        person = {"id": 1_000_000 + number % 500, "is_bot": False, "first_name": "Hoa", "language_code": "vi"}
        yield orjson.dumps({
            "update_id": number,
            "message": {
                "message_id": number, "date": 1_795_658_400, "text": SAID[0], "from": person,
                "chat": {"id": person["id"], "first_name": "Hoa", "type": "private"},
                "entities": [{"type": "bot_command", "offset": 0, "length": len(SAID[0])}],
            },
        })  # fmt: skip


def routed_a_second(room: Room, updates: list[bytes]) -> float:
    """The product."""
    channel = Telegram(settings(room.folder, TELEGRAM_BOT_TOKEN=f"{BOT}:x"), "secret")
    routes = Routes.merge([handler.routes for handler in HANDLERS])
    began = time.perf_counter()
    for raw in updates:
        assert route(orjson.loads(raw), BOT, "bot") is not None
        assert routes.by_command(channel.parse(raw).text) is not None
    return len(updates) / (time.perf_counter() - began)


async def handled_a_second(updates: list[bytes]) -> float:
    """The floor."""
    from telegram import Update, User
    from telegram.ext import Application, MessageHandler, filters

    application = Application.builder().token(f"{BOT}:x").updater(None).job_queue(None).build()
    application.bot._bot_user = User(1, "bot", is_bot=True)
    application._initialized = True  # asking Telegram who we are is not what is measured
    handled = 0

    async def handle(_update: Update, _context: Any) -> None:
        nonlocal handled
        handled += 1

    application.add_handler(MessageHandler(filters.TEXT, handle))
    began = time.perf_counter()
    for raw in updates:
        await application.process_update(Update.de_json(orjson.loads(raw), application.bot))
    took = time.perf_counter() - began
    assert handled == len(updates)
    return len(updates) / took


@bar(
    "B6", "an update of Telegram's parsed and routed", unit="/s", at_least=0.8,
    floor="python-telegram-bot's parsing and process_update",
)  # fmt: skip
async def dispatched(room: Room) -> AsyncGenerator[Pair, None]:
    updates = list(_updates())
    while True:
        ours = await asyncio.to_thread(routed_a_second, room, updates)
        yield Pair(ours, await handled_a_second(updates))
