"""Lists dropped into a chat of the office are read and applied here, outside any turn: a workbook takes seconds.

A turn writes a row (`storage.previews`); whoever takes it reads the file, writes what it would change, and puts an
event `list` into that chat, where `handlers.one_stop.take_in` shows it. After the tap the same reader applies it, by
the path of the command (`bot.take_in`). A process that dies leaves the row as it was: it is read again, and a run that
was being applied is finished at the next start, after which the end is told.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection

from bot import duty, logs, tables
from bot.take_in import Outlook, Refusals, Source, Taken, TooMany, compare, look_at, number, take
from bot.turn import Address, Work
from messages.reply import Reply, _
from storage import files, imports, previews
from storage.db import temporary
from storage.previews import Before, Preview

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger(__name__)

MOST_ROWS = 100_000
"""Rows of a list that may come by chat; the command takes more."""
POLL = 1.0
MOST_ATTEMPTS = 3
"""How often a process may die of one list."""
BUSY = timedelta(seconds=5)
"""Until a list is tried again that another import holds up."""
LONG = timedelta(seconds=10)
AGAIN = timedelta(minutes=1)
"""After so long it is told how far the work is, and after so long again."""
BELIEVED = timedelta(days=31)
"""A workbook's own time of saving says how old the data are, unless it is older than that: then it is a template's."""
TOLD_REFUSALS, TOLD_MOVES, TOLD_NAMES = 5, 12, 10


class Stale(Exception):
    """Other data have come since the list was shown."""


class Reader:
    """Reads and applies lists, one after the other. `worked(work)` is called after each commit."""

    def __init__(self, app: "App", worked: Callable[[Work], None]) -> None:
        self._app, self._worked = app, worked
        self._folder = app.settings.data_dir / "files"
        self._one, self._stopping = asyncio.Lock(), False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Work until `stop`, first at what an earlier run has left."""
        self._task = asyncio.create_task(self._run())

    async def stop(self, seconds: float) -> None:
        """Finish the list in hand, at most so long; what is left goes on at the next start."""
        self._stopping = True
        if self._task is not None:
            async with contextlib.AsyncExitStack() as stack:
                stack.enter_context(contextlib.suppress(TimeoutError))
                await stack.enter_async_context(asyncio.timeout(seconds))
                await stack.enter_async_context(self._one)
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        alone = not self._app.database.postgres  # then whoever held a list was an earlier run of ours
        while not self._stopping:
            try:
                if alone:
                    await self._app.database.write(previews.let_go, self._app.place.commune_id)
                    alone = False
                await self.work()
            except Exception as error:
                log.warning("lists_wait", error=logs.describe(error))
            await asyncio.sleep(POLL)

    async def work(self) -> None:
        """Do all there is to do now."""
        async with self._one:
            while not self._stopping and await self._next():
                pass

    async def _next(self) -> bool:
        commune_id, now = self._app.place.commune_id, self._app.clock.now()
        if not await self._app.database.read(previews.waits, commune_id, now):
            return False
        found = await self._app.database.write(previews.take, commune_id, now)
        if found is None:
            return False
        beat = _Beat(self, found)
        try:
            await (self._show(found, beat) if found.state == "new" else self._apply(found, beat))
        except Exception as error:
            if temporary(error):
                raise
            await self._give_up(found, error)
        return True

    # --- what it would change ---

    async def _show(self, found: Preview, beat: "_Beat") -> None:
        if found.attempts > MOST_ATTEMPTS:  # whoever read it has died of it each time
            await self._refuse(found, {"why": "broken", "said": ""})
            return
        source = await self._source(found)
        before = await self._app.database.read(previews.before, self._app.place.commune_id, source.sha256)
        if before.taken_at is not None and before.is_newest:
            await self._refuse(found, {"why": "known", "at": before.taken_at.isoformat()})
            return
        base = await self._app.database.read(previews.newest_change, self._app.place.commune_id)
        name = secrets.token_hex(16)
        refusals = Refusals(self._folder / name, abroad=True)
        try:
            taken = await compare(self._app, source, refusals, MOST_ROWS, beat)
        except TooMany:
            await asyncio.to_thread((self._folder / name).unlink, missing_ok=True)
            await self._refuse(found, {"why": "many", "most": MOST_ROWS})
            return
        told = await self._told(found, source, before, taken)
        if refusals.whole:
            await asyncio.to_thread((self._folder / name).unlink, missing_ok=True)
            await self._refuse(found, {"why": "unreadable", "said": refusals.whole})
            return
        useless = taken.counts.refused and not (taken.counts.new or taken.counts.changed or taken.counts.same)
        state = "refused" if useless else "ready"
        await self._settle(found, state, told | ({"why": "useless"} if useless else {}), base, name, refusals)

    async def _source(self, found: Preview) -> Source:
        path = self._folder / found.file
        sha256, _written = await look_at(path)
        saved = await asyncio.to_thread(tables.modified, path)
        believed = saved is not None and found.sent_at - BELIEVED < saved < found.sent_at
        return Source(path, found.title[:200], sha256, saved if believed and saved else found.sent_at)

    async def _told(self, found: Preview, source: Source, before: Before, taken: Taken) -> dict[str, Any]:
        """What the chat shows, as JSON."""
        outlook, counts = taken.outlook, taken.counts
        unmatched = await self._app.database.read(self._unmatched, outlook)
        moves = outlook.moves.most_common(TOLD_MOVES)
        return {
            "counts": _counts(counts),
            "as_of": source.as_of.isoformat(),
            "moves": [[old, new, many] for (old, new), many in moves],
            "told": outlook.told,
            "called": outlook.called,
            "unmatched": unmatched,
            "refusals": [[each.line, each.column, each.reason] for each in taken.refusals.first if each.line]
            [:TOLD_REFUSALS],
            "remarks": taken.refusals.count,
            "again": found.rounds > 0,
            **await self._odd(source, before, taken),
        }  # fmt: skip

    def _unmatched(self, db: Connection, outlook: Outlook) -> list[list[Any]]:
        """Names of officers nobody invited bears (L21), those with most dossiers first."""
        work = self._work(db)
        names = [each for each in outlook.officers.most_common(500) if duty.in_charge(work, each[0]) is None]
        return [[name, many] for name, many in names[:TOLD_NAMES]]

    async def _odd(self, source: Source, before: Before, taken: Taken) -> dict[str, Any]:
        """What an official should look at twice before he taps."""
        odd: dict[str, Any] = {}
        outlook, counts = taken.outlook, taken.counts
        if outlook.backwards:
            odd["backwards"] = outlook.backwards
        age = await self._app.database.read(imports.data_age, self._app.place.commune_id)
        saved = await asyncio.to_thread(tables.modified, source.path)
        reaches = outlook.newest
        if age is not None and saved is not None and source.as_of - BELIEVED < saved < age:
            odd["older"] = saved.isoformat()
        elif reaches and before.newest and before.newest - reaches > timedelta(days=1):
            odd["ends"] = reaches.isoformat()
        if before.taken_at is not None:
            odd["known"] = before.taken_at.isoformat()
        if before.dossiers and counts.changed * 2 >= before.dossiers:
            odd["changed"] = [counts.changed, before.dossiers]
        return odd

    async def _refuse(self, found: Preview, told: Mapping[str, Any]) -> None:
        await self._settle(found, "refused", told)

    async def _settle(
        self, found: Preview, state: str, told: Mapping[str, Any], base: int = 0, name: str = "",
        refusals: Refusals | None = None,
    ) -> None:  # fmt: skip
        """The list has been read, and its chat is told; with the file of its refusals when there are any."""
        size = (self._folder / name).stat().st_size if refusals is not None and refusals.count else 0

        def commit(db: Connection) -> Work | None:
            work, paper = self._work(db), {"paper": name} if size else {}
            if not previews.read(db, found.id, state, {**told, **paper}, base, work.now):
                return None
            if size:
                title = work.place.catalogs.text(_("rows not taken.csv"), work.place.language)
                chat = (found.channel, found.account, found.chat)
                files.add(db, work.commune_id, name, *chat, "file", "text/csv", size, title, work.now)
            if state == "refused":
                previews.forget_file(db, work.commune_id, found.file)
            return tell(work, found, f"shown:{found.rounds}")

        await self._commit(commit)

    # --- after the tap ---

    async def _apply(self, found: Preview, beat: "_Beat") -> None:
        if found.run_id is not None and await self._ended(found):
            return
        try:
            taken = await take(self._app, await self._source(found), beat, opened=self._opened(found))
        except imports.Busy:
            until = self._app.clock.now() + BUSY * max(1.0, self._app.clock.rate)
            await self._app.database.write(previews.hold, found.id, until)
        except Stale:
            await self._app.database.write(previews.again, found.id, "applying")
        else:
            await self._finish(found, taken.applied, _counts(taken.counts))

    def _opened(self, found: Preview) -> Callable[[Connection, int], None]:
        def opened(db: Connection, run_id: int) -> None:
            if previews.newest_change(db, self._app.place.commune_id) != found.base:
                raise Stale
            previews.begun(db, found.id, run_id)

        return opened

    async def _ended(self, found: Preview) -> bool:
        """Whether the run of a process that died needs nothing more from us now."""
        assert found.run_id is not None, "asked only of a list that has been begun"
        became = await self._app.database.read(imports.became, self._app.place.commune_id, found.run_id)
        state, counts = became or ("failed", imports.Counts())
        if state == "done":
            await self._finish(found, True, _counts(counts))
            return True
        if state in ("reading", "applying"):  # finished or dropped by whoever looks after it
            until = self._app.clock.now() + BUSY * max(1.0, self._app.clock.rate)
            await self._app.database.write(previews.hold, found.id, until)
            return True
        return False

    async def _finish(self, found: Preview, applied: bool, counts: Mapping[str, int]) -> None:
        def commit(db: Connection) -> Work | None:
            work = self._work(db)
            if not previews.finish(db, found.id, "done" if applied else "failed", {**found.shown, "done": counts}):
                return None
            previews.forget_file(db, work.commune_id, found.file)
            return tell(work, found, f"done:{found.rounds}")

        await self._commit(commit)

    # --- shared ---

    async def _give_up(self, found: Preview, error: Exception) -> None:
        """An error of ours: told under a reference, nothing is changed."""
        reference = logs.new_reference()
        log.error("list_failed", reference=reference, exc_info=error)
        told = {"why": "error", "reference": reference}

        def commit(db: Connection) -> Work | None:
            work, state = self._work(db), found.state
            done = (
                previews.read(db, found.id, "refused", told, 0, work.now)
                if state == "new"
                else previews.finish(db, found.id, "failed", {**found.shown, **told})
            )
            if not done:
                return None
            previews.forget_file(db, work.commune_id, found.file)
            return tell(work, found, f"failed:{found.rounds}")

        await self._commit(commit)

    def _work(self, db: Connection) -> Work:
        return Work(db, self._app.place, self._app.clock.now())

    async def _commit(self, commit: Callable[[Connection], Work | None]) -> None:
        work = await self._app.database.write(commit)
        if work is not None:
            self._worked(work)


class _Beat:
    """Shows that a list is still worked at, and tells its chat how far when that takes long."""

    def __init__(self, reader: Reader, found: Preview) -> None:
        self._reader, self._found = reader, found
        self._held = self._began = reader._app.clock.now()
        self._tells_at = self._began + LONG

    async def __call__(self, stage: str, done: int, of: int | None) -> None:
        app, found = self._reader._app, self._found
        now, rate = app.clock.now(), max(1.0, app.clock.rate)
        if now - self._held >= previews.TAKEN * rate / 3:
            self._held = now
            await app.database.write(previews.hold, found.id, now + previews.TAKEN * rate)
        if now < self._tells_at:
            return
        self._tells_at = now + AGAIN
        words = _("{done} rows of the list are read so far …", done=number(done))
        if stage == "write":
            words = _("{done} dossiers are written so far …", done=number(done))

        def commit(db: Connection) -> Work:
            work = self._reader._work(db)
            work.send(address_of(found), Reply(words), supersedes=f"list:{found.id}")
            return work

        await self._reader._commit(commit)


def address_of(found: Preview) -> Address:
    """The chat a list was dropped into."""
    return Address(found.channel, found.account, found.chat, found.sender)


def tell(work: Work, found: Preview, once: str) -> Work:
    """Have `handlers.one_stop.take_in` say in its chat what has become of a list."""
    work.wake(address_of(found), "list", f"{found.id}:{once}", preview=found.id)
    return work


def _counts(counts: imports.Counts) -> dict[str, int]:
    return {"new": counts.new, "changed": counts.changed, "same": counts.same, "refused": counts.refused}


def when(written: str) -> datetime:
    """A moment as it stands in what was shown."""
    return datetime.fromisoformat(written)
