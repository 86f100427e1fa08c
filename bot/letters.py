"""Letters leave a turn as a row and come back as a picture: ordered inside, drawn outside, handed over by an event.

Why not in the turn: a picture takes a tenth of a second, and a turn has a transaction open. Why a process of its own,
begun with the first letter: drawing keeps a processor busy, and whatever goes wrong in it must not end the service. It
ends with its parent, also after a kill -9. A letter in hand then is still new in its table, and is drawn again.

`drawn` in the table is the only thing that decides who hands a letter over (storage.letters), so two processes never
both do. What cannot be drawn is logged under a reference code, never with what it says, and told kindly in her chat.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection

from bot import logs
from bot.drawing import draw, process
from bot.files import write
from bot.turn import Address, Turn, Work
from messages.letters import LETTERS, Drawn, Letter, Refused, Undrawable
from storage import files, letters
from storage.letters import Order

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger(__name__)

POLL = 5.0
"""Seconds between looks for letters that nobody announced: those of a process that was killed."""
MOST_ATTEMPTS = 3
"""How often the drawing process may die of one letter."""


def order(turn: Turn, letter: Letter) -> None:
    """Have a letter drawn for whoever this turn answers; it arrives by itself, as the event `letter`.

    One that was drawn for her before, with the same words and template, is handed over again at once.
    """
    at, templates = turn.address, turn.place.letters
    who = (at.channel, at.account, at.chat, at.sender)
    digest = templates.digest(letter.name)
    found, is_new = letters.order(turn.db, turn.commune_id, who, letter.name, digest, letter.data(), turn.now)
    if is_new:
        turn.after.append(templates.ordered)
    elif found.state == "drawn":
        turn.wake(at, "letter", f"{found.id}:{turn.event_id}", letter=found.id)


def order_for(work: Work, to: Address, letter: Letter, event: str) -> letters.Letter:
    """Have a letter drawn for a chat that asked for nothing; `event` hands it over there once it is drawn.

    What comes back may be drawn already (the same words, the same template): then no event follows.
    """
    templates = work.place.letters
    who = (to.channel, to.account, to.chat, to.sender)
    digest = templates.digest(letter.name)
    found, is_new = letters.order(
        work.db, work.commune_id, who, letter.name, digest, letter.data(), work.now, event
    )  # fmt: skip
    if is_new:
        work.after.append(templates.ordered)
    return found


def note_refusal(refused: Refused) -> None:
    """Log which fields kept a letter from being ordered; for `turn.after`."""
    log.info("letter_refused", letter=refused.letter, fields=refused.fields)


class Drawer:
    """Draws what was ordered and hands it over, one letter after the other. `worked(work)` is called after commits."""

    def __init__(self, app: "App", worked: Callable[[Work], None]) -> None:
        self._app, self._worked = app, worked
        self._folder = app.settings.data_dir / "files"
        self._wanted, self._stopping = asyncio.Event(), False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Draw until `stop`, those first that an earlier run has left."""
        self._app.place.letters.ordered = self._wanted.set
        self._task = asyncio.create_task(self._run())

    async def stop(self, seconds: float) -> None:
        """Finish the letter in hand, at most so long; the rest stays new."""
        self._stopping = True
        self._wanted.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=seconds)
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        alone = not self._app.database.postgres  # then whoever held a letter was an earlier run of ours
        while not self._stopping:
            self._wanted.clear()
            try:
                if alone:
                    await self._app.database.write(letters.let_go, self._app.place.commune_id)
                    alone = False
                while not self._stopping and await self._next():
                    pass
            except Exception as error:
                log.warning("letters_wait", error=logs.describe(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._wanted.wait()

    async def _next(self) -> bool:
        """Draw one letter; False when none is waiting. What raises is the database or the disk: it waits."""
        now = self._app.clock.now()
        taken = await self._app.database.write(letters.take, self._app.place.commune_id, now)
        if taken is None:
            return False
        try:
            drawn = await self._draw(taken)
        except BrokenProcessPool as error:
            process.cache_clear()
            if taken.attempts >= MOST_ATTEMPTS:
                await self._fail(taken, error)
            else:
                await self._app.database.write(letters.let_go, self._app.place.commune_id, taken.letter.id)
        except Exception as error:
            await self._fail(taken, error)
        else:
            await self._hand_over(taken, drawn)
        return True

    async def _draw(self, taken: Order) -> Drawn:
        name, templates = taken.letter.name, self._app.place.letters
        says = taken.data.get(LETTERS[name].qr, "")
        loop = asyncio.get_running_loop()
        for source in (templates.source(name), templates.ours[name]):
            try:
                return await loop.run_in_executor(process(), draw, source, taken.data, says, taken.letter.ordered_at)
            except Undrawable as error:
                if source == templates.ours[name]:
                    raise
                log.error("own_template_broken", letter=name, error=type(error).__name__)
        raise AssertionError("our own template comes last")

    async def _hand_over(self, taken: Order, drawn: Drawn) -> None:
        letter, title = taken.letter, LETTERS[taken.letter.name].file_name(taken.data)
        png, pdf = secrets.token_hex(16), secrets.token_hex(16)
        made = (
            (png, drawn.png, "photo", "image/png", f"{title}.png"),
            (pdf, drawn.pdf, "file", "application/pdf", f"{title}.pdf"),
        )
        for name, raw, *_rest in made:
            await asyncio.to_thread(write, self._folder / name, raw)

        def commit(db: Connection) -> Work | None:
            if not letters.drawn(db, letter.id, png, pdf):
                return None
            work = self._work(db)
            her = (letter.channel, letter.account, letter.chat)
            for name, raw, kind, media_type, called in made:
                files.add(db, work.commune_id, name, *her, kind, media_type, len(raw), called, work.now)
            _tell(work, taken, png)
            return work

        try:
            work = await self._app.database.write(commit)
        except Exception:
            await asyncio.to_thread(self._delete, png, pdf)
            raise
        if work is None:  # another process was faster, or she has been forgotten
            await asyncio.to_thread(self._delete, png, pdf)
        else:
            self._worked(work)

    async def _fail(self, taken: Order, error: Exception) -> None:
        reference = logs.new_reference()

        def commit(db: Connection) -> Work | None:
            if not letters.failed(db, taken.letter.id):
                return None
            work = self._work(db)
            _tell(work, taken, reference, reference=reference)
            return work

        work = await self._app.database.write(commit)
        if work is not None:
            # Typst's own message quotes what the letter says, so only its kind is told.
            log.error(
                "letter_failed", reference=reference, letter=taken.letter.id, name=taken.letter.name,
                error=type(error).__name__,
            )  # fmt: skip
            self._worked(work)

    def _work(self, db: Connection) -> Work:
        return Work(db, self._app.place, self._app.clock.now())

    def _delete(self, *names: str) -> None:
        for name in names:
            (self._folder / name).unlink(missing_ok=True)


def _tell(work: Work, taken: Order, once: str, **more: str) -> None:
    """Put what became of the letter into her lane."""
    letter = taken.letter
    to = Address(letter.channel, letter.account, letter.chat, letter.sender)
    work.wake(to, letter.event, once, letter=letter.id, **more)
