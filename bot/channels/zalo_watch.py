"""Whether Zalo's events reach us: a pulse, what is read back after a gap, and a word when nothing comes at all.

Zalo switches a webhook off after five deliveries that nobody took, and says so nowhere (zalo.md 4.1). So what was
missed is read back after any gap between two pulses and once a day; and when no event has come in some working days, a
person is asked to look, once.
"""

import asyncio
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, select

from bot.calendar import Calendar
from bot.channels.base import Post
from bot.channels.telegram_receive import Told
from bot.channels.zalo_history import History
from bot.channels.zalo_receive import NAME, Receiver
from bot.channels.zalo_request import Refused
from bot.commune_zalo import ZaloTerms
from bot.errors import SendError
from messages.reply import Msg, _
from storage import accounts, outages
from storage.db import temporary
from storage.inbox import inbox

log = structlog.get_logger(__name__)

PULSE = 30.0
GAP = timedelta(seconds=60)
DAILY = timedelta(days=1)
LATER = 300.0
"""Seconds until reading back is tried again."""
MISSING, COMPLETE, WATCHED, SILENT = "missing_since", "complete_until", "watched_since", "silence_told"
"""What is written down: since when something may be missing, until when nothing is, since when we look, and of which
silence a person knows."""


class Watch:
    """Looks after the receiving, in the process that leads."""

    def __init__(
        self, account: str, post: Post, terms: ZaloTerms, history: History, receiver: Receiver, told: Told
    ) -> None:
        self._post, self._terms, self._history, self._receiver, self._told = post, terms, history, receiver, told
        self._here = (post.commune_id, NAME, account)
        self._not_before = 0.0

    async def beat(self) -> None:
        """Notes gaps and that events reach us, for ever."""
        while True:
            try:
                await self.pulse()
            except Exception as error:  # the database is away; the gap will be seen at the next pulse
                log.log(30 if temporary(error) else 40, "zalo_pulse_missed", error=type(error).__name__)
            await asyncio.sleep(PULSE)

    async def look(self) -> None:
        """Reads back what may be missing and tells of a long silence, for ever."""
        while True:
            try:
                await self.read_back()
                await self.listen()
            except (Refused, SendError) as error:
                log.warning("zalo_not_read_back", error=type(error).__name__)
                await asyncio.sleep(LATER)
            except Exception as error:
                log.log(30 if temporary(error) else 40, "zalo_not_read_back", error=type(error).__name__)
            await asyncio.sleep(PULSE)

    async def pulse(self) -> None:
        """Events reach us until now; whatever came in a gap before is to be read back."""
        now = self._post.now()
        await self._post.database.write(self._note_gap, now)
        await self._post.beat()

    def _note_gap(self, db: Connection, now: datetime) -> None:
        last = outages.last(db, *self._here)
        if last is None or now - last <= GAP:
            return
        said = accounts.said(db, *self._here)
        if not said.get(MISSING):
            accounts.say(db, *self._here, MISSING, last.isoformat(), now)

    async def read_back(self) -> None:
        """What has been missed since the last gap or the last day is stored; raises Refused or a SendError."""
        now, said = self._post.now(), await self._post.database.read(accounts.said, *self._here)
        since = _moment(said.get(MISSING))
        complete = _moment(said.get(COMPLETE))
        if since is None and complete is not None and now - complete >= DAILY:
            since = complete
        if since is not None:
            await self._history.catch_up(since)
        if since is not None or complete is None:
            await self._post.database.write(self._done, said.get(MISSING), now)

    def _done(self, db: Connection, missing: str | None, now: datetime) -> None:
        accounts.say(db, *self._here, COMPLETE, now.isoformat(), now)
        if missing and accounts.said(db, *self._here).get(MISSING) == missing:  # no new gap meanwhile
            accounts.say(db, *self._here, MISSING, "", now)

    async def listen(self) -> None:
        """Tell a person, once, when no event has come in some working days."""
        if self._post.commune is None:
            return
        now = self._post.now()
        last = await self._post.database.write(self._last_event, now)
        if self._receiver.heard_at is not None:
            last = max(last, self._receiver.heard_at)
        days = Calendar(self._post.commune).full_working_days(last, now)
        if days >= self._terms.silent_days and await self._post.database.write(self._claim, last, now):
            self._told(nothing_comes(days))

    def _last_event(self, db: Connection, now: datetime) -> datetime:
        """When the newest event came, or since when we look."""
        rows, (commune_id, channel, account) = inbox.c, self._here
        here = (rows.commune_id == commune_id) & (rows.channel == channel) & (rows.account == account)
        newest = db.execute(select(rows.received_at).where(here).order_by(rows.id.desc()).limit(1)).scalar()
        since = _moment(accounts.said(db, *self._here).get(WATCHED))
        if since is None:
            accounts.say(db, *self._here, WATCHED, now.isoformat(), now)
            since = now
        return max(since, newest) if newest is not None else since

    def _claim(self, db: Connection, last: datetime, now: datetime) -> bool:
        known = accounts.said(db, *self._here).get(SILENT)
        accounts.say(db, *self._here, SILENT, last.isoformat(), now)
        return bool(known != last.isoformat())


def nothing_comes(days: int) -> Msg:
    """Told of a long silence."""
    return _(
        "Nothing has come from Zalo for {days} working days. Please look at developers.zalo.me whether Webhook is on.",
        days=days,
    )


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None
