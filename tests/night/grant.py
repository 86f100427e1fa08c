"""A process that holds the grant of an Official Account and nothing else: `python -m tests.night.grant`.

It reads a word a line and answers with a line of JSON: "open" asks Zalo something with its token, "look" does what the
holder of the lease does from time to time, "adopt TOKEN" takes a pasted refresh token. GRANT_STOPS says where it stands
still for ever, so that it can be killed there: "asked" (before the request leaves), "answered" (before the pair is
stored).
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot import logs
from bot.channels import zalo_grant
from bot.channels.zalo_grant import Grant
from bot.channels.zalo_request import Wire
from bot.errors import SendError
from bot.settings import Settings
from messages.reply import Msg
from storage import grants
from storage.db import Database
from tests.stores import KEYS


@dataclass
class Process:
    """This one."""

    database: Database
    commune_id: int = 1
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    told: list[str] = field(default_factory=list)

    def tell(self, sentence: Msg) -> None:
        self.told.append(sentence.id)


def say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


async def stand_still(*_any: Any, **__any: Any) -> Any:
    """Until somebody kills us."""
    say(stands=os.environ["GRANT_STOPS"])
    await asyncio.Event().wait()


async def main() -> None:
    settings = Settings.load()
    process = Process(Database(settings.database_url, KEYS, turns=1))
    wire = Wire(settings)
    grant = Grant(settings, wire, process, process.tell)
    zalo_grant.ASK_SECONDS = float(os.environ.get("GRANT_SECONDS", zalo_grant.ASK_SECONDS))
    match os.environ.get("GRANT_STOPS"):
        case "asked":
            wire.token = stand_still  # type: ignore[method-assign]
        case "answered":
            zalo_grant._at_last = stand_still
    say(ready=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        word, _space, argument = line.strip().partition(" ")
        try:
            match word:
                case "open":
                    await grant.call("GET", "/v2.0/oa/getoa")
                case "look":
                    await grant.look_after()
                case "adopt":
                    await grant.adopt(argument)
            error = ""
        except SendError as why:
            error = type(why).__name__
        pair = await process.database.read(grants.find, grants.Account(1, "zalo", settings.zalo_app_id))
        say(error=error, told=process.told, lost=pair.lost, generation=pair.generation)
        process.told.clear()
    await grant.close()
    await wire.close()
    await process.database.close()


if __name__ == "__main__":
    logs.configure()
    asyncio.run(main())
