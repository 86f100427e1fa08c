"""The only place that wires: settings become an App: database, commune, words, routes. `bot.service` makes it serve.

HANDLERS is a list, without import magic. Tests call the same function with overrides: another clock, other limits, a
test-only channel.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection

from bot import reach, sample
from bot.channels.base import Channel
from bot.channels.telegram import Telegram
from bot.channels.telegram_receive import NAME as TELEGRAM
from bot.channels.web import CAPABILITIES as WEB_CAPABILITIES
from bot.channels.web_door import NAME as WEB
from bot.channels.web_door import Limits
from bot.channels.zalo import Zalo
from bot.clips import Clips
from bot.clock import Clock
from bot.commune import Commune, load
from bot.metrics import Metrics
from bot.phrases import Phrases
from bot.routes import Routes
from bot.settings import BadSettings, Settings, secret_key
from bot.talks import wake_due
from bot.turn import OFFICE_CHAT, Address, Place
from handlers.cases import (
    actions,
    case_paper,
    clock,
    close,
    doors,
    filing,
    follow,
    loose,
    public,
    queue,
    refuse,
    reply,
    report,
    same_work,
    saved_answers,
    surge,
    told,
    topics,
    transfer,
    verdict,
    village,
    weekly,
)
from handlers.dossiers import collect, consent, dossier, own_phone, people, rating, slip, watch
from handlers.facts import facts, facts_change, quick_days, today
from handlers.front import emergency, files, greeting, guard, takeover, understanding, voice
from handlers.letters import approvals, delivery, letter_edit, mourning, paper, proposals, write_letter
from handlers.office import absence, calls, dashboard, leaving, office, officers, summary
from handlers.one_stop import (
    by_post,
    counter,
    deadlines,
    desk,
    due_warnings,
    news,
    postpone,
    postponed,
    set_status,
    take_in,
    trail,
)
from handlers.petitions import complaint, denounce, printing, quarrel
from handlers.requests import answer, group, person, pressed, waiting
from handlers.rights import erase, forget, identity, join, privacy, stop, stop_reports, wish, withdrawn
from handlers.sealed import form, offer, readers, reading, unread
from messages.fold import fold
from messages.letters import Templates
from messages.render import ZONE, Catalogs
from storage import chats, communes, households, imports, migrate, officials, ready
from storage.db import TURNS, Database
from storage.sealing import Keys

log = structlog.get_logger(__name__)

HANDLERS = (
    greeting, understanding, guard, emergency, files, voice, takeover,
    person, waiting, answer, group, pressed,
    report, filing, loose, follow, verdict, told, public, weekly, actions, reply, transfer, saved_answers, topics,
    close, refuse, same_work, clock, queue, surge, village, doors, case_paper,
    offer, form, reading, readers, unread,
    complaint, denounce, quarrel, printing,
    dossier, own_phone, slip, watch, people, collect, rating, consent,
    news, counter, by_post, deadlines, due_warnings, postpone, postponed, trail, set_status, take_in, desk,
    approvals, letter_edit, paper, delivery, proposals, write_letter, mourning,
    facts, facts_change, today, quick_days,
    privacy, erase, forget, wish, identity, stop, stop_reports, join, withdrawn,
    office, officers, leaving, absence, summary, dashboard, calls,
)  # fmt: skip
"""Every file of `handlers/`: one line each."""
COMMUNE_ID = 1
LEFT_TO_TICK = 6
"""Results of the sample that its clerk may still tick as lying at the counter."""


@dataclass
class App:
    """What commands, ticks and the service share. `channels` are those besides the web page (none yet but in tests)."""

    settings: Settings
    keys: Keys
    database: Database
    place: Place
    clock: Clock
    routes: Routes
    sample: bool
    limits: Limits = field(default_factory=Limits)
    channels: tuple[Channel, ...] = ()
    metrics: Metrics = field(default_factory=Metrics)


@asynccontextmanager
async def open_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    limits: Limits | None = None,
    channels: Iterable[Channel] = (),
    handlers: Iterable[Any] = HANDLERS,
    turns: int = TURNS,
) -> AsyncIterator[App]:
    """Migrate, read the commune (or make the sample one), and give an App; raises BadSettings."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    clock = clock or Clock(settings.clock_start, settings.clock_rate)
    keys, url = Keys.derive(secret_key(settings)), settings.database
    others = (*_channels(settings, keys), *channels)
    await asyncio.to_thread(migrate.upgrade, url, keys)
    database = Database(url, keys, turns)
    try:
        commune, is_sample = await _commune(settings, database, clock, others)
        capabilities = {WEB: WEB_CAPABILITIES} | {channel.name: channel.capabilities for channel in others}
        office = await database.read(_office, settings, others)
        letters = Templates(settings.data_dir / "letters")
        if letters.problems:  # `letters` tells what is wrong
            log.error("own_letter_texts_broken", files=sorted(letters.problems))
        place = Place(
            COMMUNE_ID,
            commune,
            Catalogs(),
            capabilities,
            settings.language,
            office,
            letters=letters,
            phrases=Phrases(settings.data_dir),
            clips=Clips(settings.data_dir),
            accounts={channel.name: channel.account for channel in others},
            public_url=settings.public_url,
        )
        routes = Routes.merge([handler.routes for handler in handlers])
        routes.tick("talks", every=timedelta(minutes=1))(wake_due)
        routes.tick("notices", every=timedelta(minutes=1))(reach.follow)
        yield App(settings, keys, database, place, clock, routes, is_sample, limits or Limits(), others)
    finally:
        await database.close()


def _channels(settings: Settings, keys: Keys) -> Iterable[Channel]:
    """The channels that have been configured, besides the web page."""
    if settings.telegram_bot_token:
        yield Telegram(settings, settings.telegram_webhook_secret or keys.token("telegram webhook"))
    if settings.zalo_app_id:
        yield Zalo(settings)


def _office(db: Connection, settings: Settings, channels: Iterable[Channel]) -> tuple[Address, ...]:
    """The office's shared chats: the stream at /office, and the group on Telegram, whichever of its ids was given."""
    groups = {TELEGRAM: str(settings.telegram_admin_chat_id or "")}
    return (OFFICE_CHAT, *(
        Address(at.name, at.account, chats.first(db, COMMUNE_ID, at.name, at.account, chat), "")
        for at in channels if (chat := groups.get(at.name, ""))
    ))  # fmt: skip


async def _commune(
    settings: Settings, database: Database, clock: Clock, channels: tuple[Channel, ...]
) -> tuple[Commune, bool]:
    """The commune of DATA_DIR/commune.toml; the sample commune when there is none, no channel, and a new database."""
    file = settings.data_dir / "commune.toml"
    is_sample = await database.read(communes.is_sample, COMMUNE_ID)
    real_channel = any(not channel.on_trial for channel in channels)
    if is_sample is None:
        is_sample = not real_channel and not file.exists()
        await database.write(_create, is_sample, clock.now())
    if not is_sample:
        return load(file) if file.exists() else _nameless(), False
    if real_channel or file.exists():
        raise BadSettings(
            ["Thư mục dữ liệu này chứa dữ liệu mẫu. Xin chọn DATA_DIR mới cho xã thật, rồi chạy: python -m bot init."]
        )
    return sample.commune(), True


def _nameless() -> Commune:
    raise BadSettings(["Chưa có tệp commune.toml trong DATA_DIR. Xin chạy: python -m bot init."])


def _create(db: Connection, is_sample: bool, now: datetime) -> None:
    """In one transaction: a database that is marked as the sample has all of it, even when the power failed here."""
    communes.create(db, COMMUNE_ID, is_sample, now)
    if is_sample:
        fill_sample(db, now)


def fill_sample(db: Connection, now: datetime) -> None:
    """The fictional commune: officials, households, dossiers in every state as of today."""
    for person_ in sample.officials():
        officials.add(db, COMMUNE_ID, person_.name, person_.post, person_.role, person_.rights, person_.village, now)
    households.add(
        db,
        COMMUNE_ID,
        [(home.code, home.village, home.lane, home.representative, home.phone) for home in sample.households()],
    )
    today = now.astimezone(ZONE).date()
    imports.load(db, COMMUNE_ID, "sample", sample.dossiers(today), fold, now - timedelta(hours=1), now, fresh_days=0)
    for result in ready.came(db, COMMUNE_ID, 1000)[:-LEFT_TO_TICK]:
        ready.trust(db, COMMUNE_ID, result, now)
