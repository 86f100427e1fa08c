"""Files that people send: what is kept of one, the same on every channel, and the fetcher of those a provider has.

A page hands over bytes, a messenger a reference. So the turn of such an event writes rows in state `new` under names
that follow from the event (a turn that runs again makes no second row), and the talk goes on with the names as if the
bytes were there: it may even end before they are. The fetcher brings them afterwards, outside any turn, and puts an
event `file` into her lane, where `handlers.front.files` says what has to be said.

Only the holder of the account's lease fetches. The bytes are on disk before the row says so; after a kill -9 the row is
still new and the file is fetched again under the same name. What cannot be had now is tried again, later each time, for
a day; then it is lost, and she is asked to send it once more. Whoever is forgotten loses her files here: rows in state
`erased` tell which bytes are to be deleted.
"""

import asyncio
import contextlib
import os
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import structlog
from sqlalchemy import Connection

from bot import logs, sounds
from bot.channels import pictures
from bot.channels.base import Channel, Lost
from bot.clock import Clock
from bot.errors import SendError, Throttled
from bot.turn import Address, Place, Turn, Work
from messages.reply import Msg, _
from storage import files
from storage.db import Database, temporary
from storage.files import Waiting
from storage.sealing import lookup_key

log = structlog.get_logger(__name__)

MOST_BYTES = 20_000_000
"""As much as Telegram lets a bot download (core.telegram.org/bots/api#getfile), and as much as the page takes."""
AT_ONCE = 4
FETCH_SECONDS = 120.0
POLL = 1.0
SWEEP = 10.0
"""Seconds between looks for files to fetch, and for bytes to delete."""
LONGEST_BACKOFF = timedelta(minutes=5)
GIVE_UP = timedelta(days=1)
ORPHAN = 86_400
"""Seconds after which a file on disk without a row (power was cut between the two) belongs to nobody."""
NAME = re.compile(r"[0-9a-f]{32}")

CARD, UNOPENABLE, EMPTY, LARGE, GONE, AWAY = files.WHYS
WORDS: Mapping[str, Msg] = {
    CARD: _(
        "This looks like an identity card. Please do not send it here; I have not kept it. We never need its picture."
    ),
    UNOPENABLE: _("I cannot open this kind of picture. Please send a screenshot of it instead."),
    EMPTY: _("That file is empty. Please choose it once more."),
    LARGE: _(
        "That file is larger than {most} MB. Please send a smaller one, or bring it to the office.",
        most=MOST_BYTES // 1_000_000,
    ),
}
"""Why a file is not kept, as she is told."""


# --- what is kept -----------------------------------------------------------------------------------------------------


class Refused(Exception):
    """It is not kept; `why` is a key of `WORDS`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as it may lie on disk. `kind`: photo, voice, file. `codes`: of dossiers, read in a picture."""

    raw: bytes
    kind: str
    media_type: str
    codes: tuple[str, ...] = ()


def receive(raw: bytes, media_type: str, kind: str = "file") -> Kept:
    """What is kept of received bytes; raises Refused. Opens pictures, so it runs in a thread of its own.

    Whatever a file calls itself, what is a picture is treated as one: no EXIF, no identity card.
    """
    if not raw:
        raise Refused(EMPTY)
    if len(raw) > MOST_BYTES:
        raise Refused(LARGE)
    try:
        picture = pictures.clean(raw)
    except pictures.IdentityCard:
        raise Refused(CARD) from None
    except pictures.Unopenable:
        raise Refused(UNOPENABLE) from None
    except pictures.NotAPicture:
        heard = sounds.media_type(raw)
        is_sound = heard is not None or kind == "voice" or media_type.startswith("audio/")
        return Kept(raw, "voice" if is_sound else "file", heard or media_type)
    return Kept(picture.jpeg, "photo", "image/jpeg", picture.codes)


def write(path: Path, raw: bytes) -> None:
    """On disk for certain, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    with partial.open("wb") as stream:
        stream.write(raw)
        stream.flush()
        os.fsync(stream.fileno())
    partial.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # or the new name itself could be lost
    finally:
        os.close(folder)


# --- in the turn ------------------------------------------------------------------------------------------------------


def expect(turn: Turn) -> None:
    """Rows for the files the provider still has, words for a place and a contact: handlers see what a page sends.

    In a group nobody is served but by words, so nothing is fetched from there but what an official of the office has
    recorded in reply to us: an answer (L12), or a file of his: the desk's list.
    """
    event = turn.event
    if event.place is not None and not event.text:
        turn.event = event = replace(event, text="{:.4f}, {:.4f}".format(*event.place))
    if event.kind == "contact":
        turn.event = event = replace(event, text=f"☎ {event.phone}")
    wanted = event.kind == "file" or (event.kind == "voice" and event.reply_to)
    if not event.media or (turn.in_group and not (wanted and turn.in_office and turn.allows("official"))):
        return
    at = turn.address
    names = []
    for number, media in enumerate(event.media):
        name = lookup_key(turn.db, "file", f"{turn.event_id}/{number}")
        why = LARGE if media.size > MOST_BYTES else None
        files.expect(
            turn.db, turn.commune_id, name, (at.channel, at.account, at.chat, at.sender), media.kind, media.media_type,
            media.size, media.title[:200], media.source, turn.now, why,
        )  # fmt: skip
        if why is not None:
            tell(turn, at, name, "lost", why)
        names.append(name)
    turn.event = replace(event, files=(*event.files, *names))


def tell(work: Work, to: Address, name: str, state: str, why: str = "") -> None:
    """Put what became of a file into its sender's lane."""
    work.wake(to, "file", name, file=name, state=state, why=why)


# --- afterwards -------------------------------------------------------------------------------------------------------


class Leader(Protocol):
    """What the fetcher needs to know of a channel's sender."""

    @property
    def leading(self) -> bool: ...


class Fetcher:
    """Brings files of the channels this process leads, and deletes those of whoever is forgotten.

    `worked(work)` is called after each commit.
    """

    def __init__(
        self,
        database: Database,
        place: Place,
        clock: Clock,
        folder: Path,
        channels: Iterable[tuple[Channel, Leader]],
        worked: Callable[[Work], None],
    ) -> None:
        self._database, self._place, self._clock, self._folder = database, place, clock, folder
        self._channels, self._worked = tuple(channels), worked
        self._flying: dict[str, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Fetch and delete until `stop`."""
        loops = [self._every(SWEEP, self.sweep), self._once(self.tidy)]
        if self._channels:
            loops.append(self._every(POLL, self.look, self._wake))
        self._tasks = [asyncio.create_task(each) for each in loops]

    def wake(self) -> None:
        """A turn has left something to fetch."""
        self._wake.set()

    async def stop(self, seconds: float) -> None:
        """Let what is being fetched arrive, at most so long; the rest stays new."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._flying:
            _done, late = await asyncio.wait(self._flying.values(), timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _every(
        self, seconds: float, act: Callable[[], Awaitable[None]], woken: asyncio.Event | None = None
    ) -> None:
        woken = woken or asyncio.Event()
        while True:
            woken.clear()
            await self._once(act)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):  # wait_for may swallow our being cancelled (python/cpython#86296)
                    await woken.wait()

    async def _once(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except Exception as error:
            log.log(30 if temporary(error) else 40, "files_wait", error=logs.describe(error))

    async def look(self) -> None:
        """Begin to fetch what is due, as far as there is room."""
        for channel, leader in self._channels:
            if not leader.leading or len(self._flying) >= AT_ONCE:
                continue
            found = await self._database.read(
                files.waiting, self._place.commune_id, channel.name, channel.account, self._clock.now(),
                AT_ONCE + len(self._flying),
            )  # fmt: skip
            for each in found:
                if each.name not in self._flying and len(self._flying) < AT_ONCE:
                    self._flying[each.name] = asyncio.create_task(self._bring(channel, each))

    async def _bring(self, channel: Channel, wanted: Waiting) -> None:
        try:
            await self._settle(wanted, await self._fetch(channel, wanted))
        except Exception as error:  # the database is away: the row is still new
            log.warning("file_not_recorded", error=logs.describe(error))
        finally:
            del self._flying[wanted.name]
            self._wake.set()

    async def _fetch(self, channel: Channel, wanted: Waiting) -> "Kept | Refused | Lost | timedelta":
        """What became of it; a time: how long to wait until it is tried again."""
        later = min(timedelta(seconds=2 ** min(wanted.attempts, 9)), LONGEST_BACKOFF)
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                raw = await channel.fetch(wanted.source, MOST_BYTES)
            kept = await asyncio.to_thread(receive, raw, wanted.media_type, wanted.kind)
            await asyncio.to_thread(write, self._folder / wanted.name, kept.raw)
        except (Refused, Lost) as final:
            return final
        except Throttled as error:
            return max(later, timedelta(seconds=error.after))
        except (SendError, TimeoutError, OSError) as error:
            log.info("file_waits", channel=channel.name, error=type(error).__name__)
            return later
        except Exception as error:
            log.error("file_failed", channel=channel.name, reference=logs.new_reference(), exc_info=error)
            return later
        return kept

    async def _settle(self, wanted: Waiting, result: "Kept | Refused | Lost | timedelta") -> None:
        now, commune_id = self._clock.now(), self._place.commune_id
        if isinstance(result, timedelta) and now - wanted.received_at < GIVE_UP:
            await self._database.write(files.again, commune_id, wanted.name, now + result)
            return

        def record(db: Connection) -> Work | None:
            work, name = Work(db, self._place, now), wanted.name
            state, why = "fetched", ""
            if isinstance(result, Kept):
                size = len(result.raw)
                done = files.fetched(db, work.commune_id, name, result.kind, result.media_type, size, result.codes)
            else:
                state, why = ("refused", result.why) if isinstance(result, Refused) else ("lost", GONE)
                why = AWAY if isinstance(result, timedelta) else why
                done = files.give_up(db, work.commune_id, name, state, why)
            if not done:
                return None
            tell(work, Address(wanted.channel, wanted.account, wanted.chat, wanted.sender), name, state, why)
            return work

        work = await self._database.write(record)
        if work is not None:
            self._worked(work)
        elif isinstance(result, Kept) and not await self._database.read(files.get, self._place.commune_id, wanted.name):
            # She has been forgotten meanwhile. (Else a look that began before the last commit had it brought twice.)
            await asyncio.to_thread((self._folder / wanted.name).unlink, missing_ok=True)

    # --- deleting -----------------------------------------------------------------------------------------------------

    async def sweep(self) -> None:
        """Delete the bytes of files whose sender has been forgotten."""
        while names := await self._database.read(files.erased):
            await asyncio.to_thread(self._delete, names)
            await self._database.write(files.delete, names)

    async def tidy(self) -> None:
        """Delete what lies on disk without a row, since power was cut between the two."""
        old = await asyncio.to_thread(self._old)
        for start in range(0, len(old), 500):
            some = old[start : start + 500]
            known = await self._database.read(files.known, some)
            await asyncio.to_thread(self._delete, [name for name in some if name not in known])

    def _old(self) -> list[str]:
        before = time.time() - ORPHAN
        found = self._folder.iterdir() if self._folder.is_dir() else ()
        return [each.name for each in found if NAME.fullmatch(each.stem) and each.stat().st_mtime < before]

    def _delete(self, names: Iterable[str]) -> None:
        for name in names:
            (self._folder / name).unlink(missing_ok=True)
