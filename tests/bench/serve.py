"""`python -m tests.bench.serve FOLDER [URL]`: the product as it is, with high limits and some villagers' sessions.

A request with the header X-Until-Answered gets its 200 not when its event is accepted but when the turn it led to is
committed and whoever watches that chat has been woken: so a whole step can be timed from outside. With --hold-turns
events are accepted and stay in the inbox.

The first line of output says where it is and who the villagers are: {"port": 1, "villagers": [[token, chat], …]}.
"""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

import uvloop
from aiohttp import web
from aiohttp.typedefs import Handler
from sqlalchemy import Connection

from bot import logs
from bot.app import App, open_app
from bot.channels.web_door import Limits
from bot.service import Service, keep_what_is_loaded
from storage import sessions
from tests.town import settings

VILLAGERS = 64
UNTIL = "X-Until-Answered"


class Bench(Service):
    """The service with one more thing: it can hold an answer back until the turn is done."""

    def _server(self) -> web.Application:
        server = super()._server()
        server.middlewares.append(self._until_answered)
        return server

    @web.middleware
    async def _until_answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        chat = request.headers.get(UNTIL)
        if chat is None:
            return await handler(request)
        with self.hub.watch([chat]) as woken:
            answer = await handler(request)
            await woken.wait()
            return answer


async def villagers(app: App) -> list[tuple[str, str]]:
    """Sessions at the chat box: token and chat."""

    def create(db: Connection) -> list[tuple[str, str]]:
        made = [sessions.create(db, app.place.commune_id, app.clock.now()) for _each in range(VILLAGERS)]
        return [(token, session.chat) for token, session in made]

    return await app.database.write(create)


async def serve(folder: Path, url: str, hold_turns: bool) -> None:
    """Serve until SIGTERM."""
    logs.configure()
    async with open_app(settings(folder, url), limits=Limits(10**9, 10**9)) as app:
        service = Bench(app)
        stopping = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
        await service.start()
        keep_what_is_loaded()
        if hold_turns:
            await service.dispatcher.stop(0)
        print(json.dumps({"port": service.port, "villagers": await villagers(app)}), flush=True)
        await stopping.wait()
        await service.stop(1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("url", nargs="?", default="")
    parser.add_argument("--hold-turns", action="store_true")
    given = parser.parse_args(sys.argv[1:])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(given.folder, given.url, given.hold_turns))
