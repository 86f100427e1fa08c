"""The one path by which lists of dossiers come in, whoever brings them: a command, a chat, another system.

A file is read, checked and sealed in a thread of its own, a slice of rows at a time; the database gets the same slices
(`storage.imports`), so no turn waits longer than one. A bad row never stops good ones unless `strict`; then any refused
row means that nothing is applied. A remark (a phone nobody can read) refuses nothing. The same file twice changes
nothing. `compare` reads in the same way and writes nothing: it tells what `take` would do.
"""

import asyncio
import csv
import hashlib
import os
import re
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import structlog
from sqlalchemy import Connection

from bot import dossier_notices
from bot.dossier_file import PHONE, Dossier, Refusal, read_dossiers
from messages.fold import fold
from messages.statuses import STATUSES
from storage import imports, previews
from storage.db import Kind
from storage.imports import Counts, Run

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger(__name__)

REFRESH = 20
"""Slices after which PostgreSQL counts again."""
SWITCH = 0.0005
"""Seconds the reading thread may keep the interpreter to itself: a turn waits for it at each of its steps."""
DEAD = timedelta(minutes=2)
"""A run that has not been touched for so long belongs to a process that died."""
RESULT = 9
FIRST = 50
"""Refusals that are kept in memory; the file has all of them."""

Told = Callable[[str, int, int | None], Awaitable[None]]
"""What is told as the work goes on: "read" or "write", how many rows, of how many."""


async def _quiet(stage: str, done: int, of: int | None) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be taken in: what it is called, its digest, and how old its data are (L04)."""

    path: Path
    name: str
    sha256: str
    as_of: datetime


@dataclass
class Outlook:
    """What a list changes: statuses (old 0: the dossier is new to us), which officers it names, how far it reaches.

    news: (code, phone, whether she is called otherwise) of what the rules of notices tell: of a dossier that is new in
    the list only one received lately is news, as in `storage.imports`. told, called: how many villagers get a message,
    and how many have to be called.
    """

    fresh_since: datetime
    trust_ready: bool = False
    moves: Counter[tuple[int, int]] = field(default_factory=Counter)
    news: list[tuple[str, str, bool]] = field(default_factory=list)
    officers: Counter[str] = field(default_factory=Counter)
    newest: datetime | None = None
    told: int = 0
    called: int = 0

    def note(self, row: Dossier, old: int | None) -> None:
        """A row that is new or changed; `old`: its status until now."""
        if old == row.status:
            return
        self.moves[old or 0, row.status] += 1
        is_news = old is not None or (row.received_at is not None and row.received_at >= self.fresh_since)
        rule = self._rule(row.status)
        if is_news and rule is not None:
            self.news.append((row.code_key, row.phone or "", rule.calls))

    def _rule(self, status: int) -> dossier_notices.Rule | None:
        if status == RESULT and self.trust_ready:
            return dossier_notices.RULES["result-ready"]
        return dossier_notices.by_status(status)

    def see(self, row: Dossier) -> None:
        """Any good row."""
        if row.officer and STATUSES[row.status].running:
            self.officers[row.officer] += 1
        if row.received_at is not None and (self.newest is None or row.received_at > self.newest):
            self.newest = row.received_at

    @property
    def backwards(self) -> int:
        """How many come back from an end to which dossiers come once (the result is there, handed over, withdrawn)."""
        ended = (9, 10, 3, 7)
        return sum(many for (old, new), many in self.moves.items() if old in ended and new not in ended) + sum(
            many for (old, new), many in self.moves.items() if (old, new) == (10, 9)
        )


@dataclass
class Taken:
    """What became of a list, or would: `applied` only when it has been written."""

    counts: Counts
    refusals: "Refusals"
    outlook: Outlook
    run_id: int = 0
    applied: bool = False


async def look_at(path: Path) -> tuple[str, datetime]:
    """A file's digest, and when it was written; raises OSError."""

    def look() -> tuple[str, datetime]:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return digest, datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)

    return await asyncio.to_thread(look)


async def compare(app: "App", source: Source, refusals: "Refusals", most: int, told: Told = _quiet) -> Taken:
    """What taking this list would change; nothing is written but its refusals. Raises TooMany."""

    async def keep(part: "_Part", known: "_Known", _thread: ThreadPoolExecutor, outlook: Outlook) -> Counts:
        return await asyncio.to_thread(_compared, app, part.rows, known, outlook)

    try:
        counts, outlook = await _read(app, source, refusals, keep, told, most)
    finally:
        refusals.close()
    return Taken(counts, refusals, outlook)


async def take(
    app: "App", source: Source, told: Told = _quiet, *, strict: bool = False,
    opened: Callable[[Connection, int], None] = lambda _db, _run: None,
) -> Taken:  # fmt: skip
    """Take a list in. `opened(db, run)` is called in the transaction that opens the run. Raises imports.Busy."""
    now, commune_id = app.clock.now(), app.place.commune_id

    def begin(db: Connection) -> int:
        run = imports.begin(db, commune_id, source.name, source.sha256, strict, source.as_of, now)
        opened(db, run)
        return run

    run_id = await _slice(app, begin)
    refusals = Refusals(app.settings.data_dir / "imports" / f"{run_id}-refused.csv")

    async def keep(part: "_Part", known: "_Known", thread: ThreadPoolExecutor, outlook: Outlook) -> Counts:
        loop = asyncio.get_running_loop()
        staged, counted = await loop.run_in_executor(thread, imports.sift, app.keys, part.rows, known, fold)
        await _slice(app, imports.stage, commune_id, run_id, staged, app.clock.now())
        changed = {row["line"]: row["old_status"] for row in staged}
        for row in part.rows:
            outlook.see(row)
            if row.line in changed:
                outlook.note(row, changed[row.line])
        return counted

    try:
        counts, outlook = await _read(app, source, refusals, keep, told)
    except Exception:
        await _drop(app, run_id, "failed", None)
        raise
    finally:
        refusals.close()
    if refusals.whole or (strict and counts.refused):
        await _drop(app, run_id, "refused", counts)
        return Taken(counts, refusals, outlook, run_id)
    await _slice(app, imports.go_on, run_id, counts, app.clock.now())
    run = Run(run_id, "applying", strict, now, now, source.as_of)
    await _apply(app, run, told, counts.new + counts.changed)
    app.metrics.imported(new=counts.new, changed=counts.changed, same=counts.same, refused=counts.refused)
    log.info("dossiers imported", run=run_id, new=counts.new, changed=counts.changed, refused=counts.refused)
    return Taken(counts, refusals, outlook, run_id, applied=True)


async def finish_interrupted(
    app: "App", say: Callable[[str], None] = lambda _line: None, told: Told = _quiet, *, alone: bool = False
) -> None:
    """Bring to its end what a process that died left: a run being applied is finished, one being read is dropped.

    `alone`: no other process can be importing (the start of an embedded service), so whatever is open is dead.
    """
    run = await app.database.read(imports.open_run, app.place.commune_id)
    if run is not None:
        if not alone and app.clock.now() - run.touched_at < DEAD * max(1.0, app.clock.rate):
            return
        if run.state == "reading":
            await _slice(app, imports.drop, run.id, "failed", app.clock.now())
        else:
            say("Đang ghi nốt lần nhập trước còn dở…")
            await _apply(app, run, told)
    await _clear(app)


async def _slice(app: "App", work: Callable[..., Any], *args: Any) -> Any:
    return await app.database.write(work, *args, kind=Kind.SLICE)


# Reading --------------------------------------------------------------------------------------------------------------

_Known = dict[str, tuple[str, int]]
_Keep = Callable[["_Part", _Known, ThreadPoolExecutor, Outlook], Awaitable[Counts]]


class TooMany(Exception):
    """The list has more rows than may come in this way."""


async def _read(
    app: "App", source: Source, refusals: "Refusals", keep: _Keep, told: Told, most: int | None = None
) -> tuple[Counts, Outlook]:
    """Hand every slice of good rows to `keep` and note every refusal. One thread reads: calamine's sheets do not
    change threads.
    """
    loop, commune = asyncio.get_running_loop(), app.place.commune
    counts, seen = Counts(), 0
    terms = commune.dossiers
    outlook = Outlook(source.as_of - timedelta(days=terms.fresh_days), terms.trust_ready)
    with _considerate(), ThreadPoolExecutor(1, thread_name_prefix="import") as thread:
        found = read_dossiers(source.path, commune.places if commune.villages else None)
        try:
            while part := await loop.run_in_executor(thread, _take, found, refusals):
                seen += len(part.rows) + part.refused
                if most is not None and seen > most:
                    raise TooMany
                keys = [row.code_key for row in part.rows]
                known = await app.database.read(imports.digests, app.place.commune_id, keys)
                counts += await keep(part, known, thread, outlook) + Counts(refused=part.refused)
                await told("read", seen, None)
        finally:
            if isinstance(found, Generator):
                await loop.run_in_executor(thread, found.close)
    await _count_people(app, outlook)
    return counts, outlook


async def _count_people(app: "App", outlook: Outlook) -> None:
    """Each villager once, however many dossiers of hers have moved."""
    told: set[str] = set()
    called: set[str] = set()
    for start in range(0, len(outlook.news), imports.SLICE):
        part = [
            (code, phone and app.keys.lookup_key("phone", phone), calls)
            for code, phone, calls in outlook.news[start : start + imports.SLICE]
        ]
        codes, phones = [code for code, _, _ in part], [phone for _, phone, _ in part if phone]
        found = await app.database.read(previews.concerned, app.place.commune_id, codes, phones)
        for code, phone, calls in part:
            hers = found.citizens.get(code)
            if hers is not None:
                told |= {f"c{each}" for each in hers}
            elif phone in found.phones:
                told.add(phone)
            elif calls:
                called.add(phone or code)
    outlook.told, outlook.called = len(told), len(called - told)


def _compared(app: "App", rows: Iterable[Dossier], known: _Known, outlook: Outlook) -> Counts:
    """As `imports.sift` counts, without sealing anything."""
    new = changed = same = 0
    for row in rows:
        outlook.see(row)
        before, status = known.get(row.code_key, (None, None))
        if before == imports.digest(app.keys, row):
            same += 1
            continue
        new, changed = new + (before is None), changed + (before is not None)
        outlook.note(row, status)
    return Counts(new, changed, same)


_usual = sys.getswitchinterval()
_readers: list[None] = []


@contextmanager
def _considerate() -> Iterator[None]:
    """Python's usual 5 ms at each step of a turn would add up to a fifth of a second (measured with psycopg)."""
    _readers.append(None)
    sys.setswitchinterval(min(_usual, SWITCH))
    try:
        yield
    finally:
        _readers.pop()
        if not _readers:  # a list may be looked at while another one is taken in
            sys.setswitchinterval(_usual)


@dataclass(frozen=True, slots=True)
class _Part:
    """A slice of the file: its good rows, and how many were refused."""

    rows: list[Dossier]
    refused: int


def _take(found: Iterator[Dossier | Refusal], refusals: "Refusals") -> _Part | None:
    """The next slice, refusals noted; None at the end of the file."""
    rows, refused, items = [], 0, 0
    for item in islice(found, imports.SLICE):
        items += 1
        if isinstance(item, Refusal):
            refusals.note(item)
            refused += not item.kept
        else:
            rows.append(item)
    return _Part(rows, refused) if items else None


def number(many: int) -> str:
    """As written in Việt Nam: 20.000."""
    return f"{many:,}".replace(",", ".")


_QUOTED = re.compile(r" “[^”]*”")


@dataclass
class Refusals:
    """Refusals and remarks: all into a file, which is made with the first of them, and the first ones to be told.

    `abroad`: the file goes into a chat, perhaps over a messenger's servers, so no phone is quoted in it.
    """

    path: Path
    abroad: bool = False
    first: list[Refusal] = field(default_factory=list)
    count: int = 0
    whole: str = ""  # why the file itself could not be read
    _file: TextIO | None = None

    def note(self, refusal: Refusal) -> None:
        self.count += 1
        if self.abroad and refusal.column == PHONE:
            refusal = Refusal(refusal.line, refusal.column, _QUOTED.sub("", refusal.reason), refusal.kept)
        if not refusal.line:
            self.whole = self.whole or refusal.reason
        if len(self.first) < FIRST:
            self.first.append(refusal)
        if self._file is None:
            self._file = self._open()
        what = "vẫn nhận" if refusal.kept else "không nhận"
        csv.writer(self._file, delimiter=";").writerow([refusal.line or "", refusal.column, refusal.reason, what])

    def _open(self) -> TextIO:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Reasons quote what stood in the cell, a phone perhaps: for the owner's eyes only.
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        file = os.fdopen(handle, "w", encoding="utf-8-sig", newline="")
        csv.writer(file, delimiter=";").writerow(["Dòng", "Cột", "Lý do", "Kết quả"])
        return file

    def close(self) -> None:
        """All refusals are on disk."""
        if self._file is not None:
            self._file.close()


# Applying -------------------------------------------------------------------------------------------------------------


async def _apply(app: "App", run: Run, told: Told, rows: int | None = None) -> None:
    """Apply what is staged, slice by slice, and close the run."""
    after, slices = 0, 0
    fresh_days = app.place.commune.dossiers.fresh_days
    while True:
        now = app.clock.now()
        last = await _slice(app, imports.apply_slice, app.place.commune_id, run, after, now, fresh_days)
        if last is None:
            break
        if slices % REFRESH == 0:
            await _slice(app, imports.refresh_plans)
        after, slices = last, slices + 1
        done = slices * imports.SLICE if rows is None else min(slices * imports.SLICE, rows)
        await told("write", done, rows)
    await _slice(app, imports.refresh_plans)
    await _slice(app, imports.finish, run.id, app.clock.now())


async def _drop(app: "App", run_id: int, state: str, counts: Counts | None) -> None:
    await _slice(app, imports.drop, run_id, state, app.clock.now(), counts)
    await _clear(app)


async def _clear(app: "App") -> None:
    while await _slice(app, imports.clear_slice, app.place.commune_id):
        pass
