"""`python -m bot import dossiers FILE [--strict]`: takes the desk's list of dossiers in, while villagers are answered.

The file is read, checked and sealed in a thread of its own, a slice of rows at a time; the database gets the same
slices (`storage.imports`), so no turn waits longer than one. A bad row never stops good ones unless `strict`; then any
refused row means that nothing is applied. A remark (a phone nobody can read) refuses nothing. The same file twice
changes nothing.

Exit codes: 0 every row was taken, 3 some rows were refused and the others taken, 4 nothing was taken. All refusals
stand in `DATA_DIR/imports/<run>-refused.csv` (semicolons and a byte order mark, as Excel in Việt Nam wants it), the
first 50 are said too. How old the data are (L04) is the file's own time, never later than now.
"""

import asyncio
import csv
import hashlib
import os
import sys
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import structlog

from bot.dossier_file import Dossier, Refusal, read_dossiers
from messages.fold import fold
from messages.render import ZONE
from storage import imports
from storage.db import Kind
from storage.imports import Counts, Run

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger(__name__)

Say = Callable[[str], None]
ALL_TAKEN, SOME_REFUSED, NOTHING_TAKEN = 0, 3, 4
SAID = 50
"""Refusals that are said; the file has all of them."""
REFRESH = 20
"""Slices after which PostgreSQL counts again."""
SWITCH = 0.0005
"""Seconds the reading thread may keep the interpreter to itself: a turn waits for it at each of its steps."""
DEAD = timedelta(minutes=2)
"""A run that has not been touched for so long belongs to a process that died."""


async def import_dossiers(app: "App", arguments: dict[str, Any], say: Say) -> int:
    """Import `arguments["file"]`; with `arguments["strict"]` all or nothing. Returns the exit code."""
    path, strict = Path(arguments["file"]), bool(arguments.get("strict"))
    await finish_interrupted(app, say)
    try:
        sha256, written_at = await asyncio.to_thread(_look, path)
    except OSError:
        say(f"Không mở được tệp {path.name}.")
        return NOTHING_TAKEN
    now = app.clock.now()
    as_of = min(written_at, now) if app.clock.real else now
    try:
        run_id = await _slice(app, imports.begin, app.place.commune_id, path.name, sha256, strict, as_of, now)
    except imports.Busy as busy:
        since = busy.since.astimezone(ZONE)
        say(f"Một lần nhập khác đang chạy từ {since:%H:%M ngày %d/%m/%Y}. Xin đợi lần đó xong.")
        return NOTHING_TAKEN
    refusals = _Refusals(app.settings.data_dir / "imports" / f"{run_id}-refused.csv")
    try:
        counts = await _read(app, path, run_id, refusals, say)
    except Exception:
        await _drop(app, run_id, "failed", None)
        raise
    finally:
        refusals.close()
    if refusals.whole or (strict and counts.refused):
        await _drop(app, run_id, "refused", counts)
        return _report_nothing(refusals, say)
    await _slice(app, imports.go_on, run_id, counts, app.clock.now())
    await _apply(app, Run(run_id, "applying", strict, now, now, as_of), say, counts.new + counts.changed)
    app.metrics.imported(new=counts.new, changed=counts.changed, same=counts.same, refused=counts.refused)
    log.info("dossiers imported", run=run_id, new=counts.new, changed=counts.changed, refused=counts.refused)
    return _report(counts, refusals, say)


async def finish_interrupted(app: "App", say: Say = lambda _line: None, *, alone: bool = False) -> None:
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
            await _apply(app, run, say)
    await _clear(app)


async def _slice(app: "App", work: Callable[..., Any], *args: Any) -> Any:
    return await app.database.write(work, *args, kind=Kind.SLICE)


def _look(path: Path) -> tuple[str, datetime]:
    """The file's digest, and when it was written."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return digest, datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)


# Reading --------------------------------------------------------------------------------------------------------------


async def _read(app: "App", path: Path, run_id: int, refusals: "_Refusals", say: Say) -> Counts:
    """Stage every good row and note every refusal. One thread reads: calamine's sheets do not change threads."""
    loop, commune = asyncio.get_running_loop(), app.place.commune
    progress, counts, seen = _Progress(say), Counts(), 0
    with _considerate(), ThreadPoolExecutor(1, thread_name_prefix="import") as thread:
        found = read_dossiers(path, commune.places if commune.villages else None)
        try:
            while part := await loop.run_in_executor(thread, _take, found, refusals):
                known = await app.database.read(
                    imports.digests, app.place.commune_id, [row.code_key for row in part.rows]
                )
                staged, counted = await loop.run_in_executor(thread, imports.sift, app.keys, part.rows, known, fold)
                await _slice(app, imports.stage, app.place.commune_id, run_id, staged, app.clock.now())
                counts += counted + Counts(refused=part.refused)
                seen += len(part.rows) + part.refused
                progress.tell(f"Đã đọc {_number(seen)} dòng…")
        finally:
            if isinstance(found, Generator):
                await loop.run_in_executor(thread, found.close)
    return counts


@contextmanager
def _considerate() -> Iterator[None]:
    """Python's usual 5 ms at each step of a turn would add up to a fifth of a second (measured with psycopg)."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(min(usual, SWITCH))
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


@dataclass(frozen=True, slots=True)
class _Part:
    """A slice of the file: its good rows, and how many were refused."""

    rows: list[Dossier]
    refused: int


def _take(found: Iterator[Dossier | Refusal], refusals: "_Refusals") -> _Part | None:
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


@dataclass
class _Refusals:
    """Refusals and remarks: all into a file, which is made with the first of them, and the first 50 to be said."""

    path: Path
    first: list[str] = field(default_factory=list)
    count: int = 0
    whole: bool = False  # the file itself could not be read
    _file: TextIO | None = None

    def note(self, refusal: Refusal) -> None:
        self.count += 1
        self.whole = self.whole or not refusal.line
        if len(self.first) < SAID:
            text = str(refusal)
            self.first.append(text[:1].upper() + text[1:])
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
        if self._file is not None:
            self._file.close()


# Applying -------------------------------------------------------------------------------------------------------------


async def _apply(app: "App", run: Run, say: Say, rows: int | None = None) -> None:
    """Apply what is staged, slice by slice, and close the run."""
    progress, after, slices = _Progress(say), 0, 0
    of = f" trên {_number(rows)}" if rows else ""
    while True:
        now = app.clock.now()
        last = await _slice(app, imports.apply_slice, app.place.commune_id, run, after, now)
        if last is None:
            break
        if slices % REFRESH == 0:
            await _slice(app, imports.refresh_plans)
        after, slices = last, slices + 1
        done = slices * imports.SLICE if rows is None else min(slices * imports.SLICE, rows)
        progress.tell(f"Đã ghi {_number(done)}{of} hồ sơ…")
    await _slice(app, imports.refresh_plans)
    await _slice(app, imports.finish, run.id, app.clock.now())


async def _drop(app: "App", run_id: int, state: str, counts: Counts | None) -> None:
    await _slice(app, imports.drop, run_id, state, app.clock.now(), counts)
    await _clear(app)


async def _clear(app: "App") -> None:
    while await _slice(app, imports.clear_slice, app.place.commune_id):
        pass


# Telling --------------------------------------------------------------------------------------------------------------


@dataclass
class _Progress:
    """Says how far it is, about once a second."""

    say: Say
    last: float = field(default_factory=time.monotonic)

    def tell(self, line: str) -> None:
        if time.monotonic() - self.last >= 1:
            self.last = time.monotonic()
            self.say(line)


def _report(counts: Counts, refusals: _Refusals, say: Say) -> int:
    say(
        f"Đã nhập xong: {_number(counts.new)} hồ sơ mới, {_number(counts.changed)} thay đổi, "
        f"{_number(counts.same)} giữ nguyên, {_number(counts.refused)} dòng không nhận được."
    )
    _say_refusals(refusals, say)
    return SOME_REFUSED if counts.refused else ALL_TAKEN


def _report_nothing(refusals: _Refusals, say: Say) -> int:
    say("Không nhập hồ sơ nào; số liệu cũ giữ nguyên.")
    _say_refusals(refusals, say)
    return NOTHING_TAKEN


def _say_refusals(refusals: _Refusals, say: Say) -> None:
    for line in refusals.first:
        say(line)
    if refusals.count > SAID:
        say(f"… và {_number(refusals.count - SAID)} dòng nữa.")
    if refusals.count:
        say(f"Danh sách đầy đủ: {refusals.path}")


def _number(number: int) -> str:
    """As written in Việt Nam: 20.000."""
    return f"{number:,}".replace(",", ".")
