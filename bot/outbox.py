"""The sender of one channel account: mark, send, classify, record; the only place that decides about a failed request.

One commit carries the last results and the next `sending` marks; at most 32 requests are in flight, one per chat, so
order holds per chat. Only the holder of the account's lease sends.

What happens when it is uncertain whether a message arrived (no provider has an idempotency key):
an answer to her own event is sent once more and counted; an edit is always repeated, because "not modified" is success;
what nobody asked for (notice, reply, card) stays `uncertain` and a person decides with `python -m bot outbox`.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from bot.channels.base import Channel
from bot.clock import Clock
from bot.errors import NeedsPerson, NotNow, Rejected, SendError, Throttled, Unavailable, Uncertain, Unreachable
from storage import leases, outbox
from storage.db import Database, temporary
from storage.outbox import Result, Sending

log = structlog.get_logger()

IN_FLIGHT = 32
HTTP_TIMEOUT = 30.0
"""Seconds a request may take; a new lease holder waits as long before it judges what an earlier one left in flight."""
IDLE_POLL = 2.0
LONGEST_BACKOFF = timedelta(minutes=5)


class Sender:
    """Sends the outbox of one channel account while it holds the lease. `alert` is told what a person must mend."""

    def __init__(
        self,
        database: Database,
        commune_id: int,
        channel: Channel,
        account: str,
        clock: Clock,
        alert: Callable[[str], None],
        timeout: float = HTTP_TIMEOUT,
    ) -> None:
        self._database, self._commune_id, self._channel, self._account = database, commune_id, channel, account
        self._clock, self._alert, self._timeout = clock, alert, timeout
        self._results: list[Result] = []
        self._flying: set[asyncio.Task[None]] = set()
        self._paused: dict[str, datetime] = {}
        self._wake = asyncio.Event()
        self._epoch: int | None = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def leading(self) -> bool:
        """Whether this process holds the lease."""
        return self._epoch is not None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    def wake(self) -> None:
        """Something was queued."""
        self._wake.set()

    async def stop(self, seconds: float) -> None:
        """Let requests in flight finish and record them; queue nothing new."""
        self._stopping.set()
        self._wake.set()
        if self._task is not None:
            # Not cancelled in the middle of a round: what has just been marked has to leave, or it would be uncertain.
            _done, late = await asyncio.wait([self._task], timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._flying:
            await asyncio.wait(self._flying, timeout=seconds)
        if self._epoch is not None and self._results:
            with contextlib.suppress(Exception):
                await self._database.write(self._record, self._take_results())

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._epoch is not None or await self._lead():
                    await self._round()
                else:
                    await self._rest(IDLE_POLL)
            except leases.Lost:
                self._epoch = None
                self._paused.clear()
                log.warning("lease_lost", channel=self._channel.name)
            except Exception as error:
                # Whatever went wrong, the sender must go on; what is in flight is judged by its recorded state.
                log.log(30 if temporary(error) else 40, "sender_round_failed", error=type(error).__name__)
                await self._rest(IDLE_POLL)

    async def _rest(self, seconds: float) -> None:
        """Sleep, but not longer than until `stop`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _lead(self) -> bool:
        epoch = await self._database.write(
            leases.acquire, self._commune_id, self._channel.name, self._account, self._clock.now()
        )
        if epoch is None:
            return False
        if self._database.postgres:
            await self._rest(self._timeout)  # an earlier holder's requests may still be on their way
        if self._flying:
            await asyncio.wait(self._flying)  # so may this process's own, from before its connection broke
        if self._stopping.is_set():
            return False
        results = self._take_results()
        try:
            await self._database.write(self._judge_left, epoch, results)
        except BaseException:
            self._results = [*results, *self._results]
            raise
        self._epoch = epoch  # only now: what was left must have been judged before anything else is sent
        return True

    def _judge_left(self, db: Connection, epoch: int, results: list[Result]) -> None:
        leases.confirm(db, self._commune_id, self._channel.name, self._account, epoch)
        now = self._clock.now()
        outbox.record(db, results, now)  # what this process still knows from before it lost the lease
        left = outbox.left_sending(db, self._commune_id, self._channel.name, self._account, epoch)
        outbox.record(db, [_uncertain(row.id, row.kind, row.repeats, now) for row in left], now)

    async def _round(self) -> None:
        self._wake.clear()
        results = self._take_results()
        try:
            messages = await self._database.write(self._mark, results, self._still_paused())
        except BaseException:
            self._results = [*results, *self._results]
            raise
        for message in messages:
            task = asyncio.create_task(self._send(message, self._epoch))
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)
        if len(messages) < IN_FLIGHT and not self._results and not self._stopping.is_set():
            seconds = await self._pause_length()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), seconds)

    async def _pause_length(self) -> float:
        now = self._clock.now()
        due = await self._database.read(outbox.next_due, now)
        waits = [self._clock.seconds_until(at) for at in [due, *self._still_paused().values()] if at is not None]
        return max(0.01, min([IDLE_POLL, *waits]))

    def _still_paused(self) -> dict[str, datetime]:
        now = self._clock.now()
        self._paused = {chat: until for chat, until in self._paused.items() if until > now}
        return self._paused.copy()

    def _take_results(self) -> list[Result]:
        results, self._results = self._results, []
        return results

    def _hold(self, db: Connection) -> int:
        if self._epoch is None:
            raise leases.Lost("no lease")
        leases.confirm(db, self._commune_id, self._channel.name, self._account, self._epoch)
        return self._epoch

    def _record(self, db: Connection, results: list[Result]) -> None:
        self._hold(db)
        outbox.record(db, results, self._clock.now())

    def _mark(self, db: Connection, results: list[Result], paused: Iterable[str]) -> list[Sending]:
        epoch, now = self._hold(db), self._clock.now()
        outbox.record(db, results, now)
        free = IN_FLIGHT - len(self._flying)
        messages = (
            []
            if free <= 0
            else outbox.next_to_send(db, self._commune_id, self._channel.name, self._account, now, free, paused)
        )
        outbox.mark_sending(db, [message.id for message in messages], epoch, now)
        return messages

    async def _send(self, message: Sending, epoch: int | None) -> None:
        result = replace(await self._attempt(message), epoch=epoch)  # first: _results is another list after the wait
        self._results.append(result)
        self._wake.set()

    async def _attempt(self, message: Sending) -> Result:
        try:
            async with asyncio.timeout(self._timeout):
                return Result(message.id, "sent", provider_id=await self._channel.send(message))
        except TimeoutError:
            return self._decide(message, Uncertain("no answer in time"))
        except SendError as error:
            return self._decide(message, error)
        except Exception as error:
            log.error("send_failed", outbox=message.id, error=type(error).__name__)
            return Result(message.id, "failed", error=f"error of ours: {type(error).__name__}")

    def _decide(self, message: Sending, error: SendError) -> Result:
        """What a failed request means; drawn in `bot.errors`."""
        now = self._clock.now()
        log.info("send_error", outbox=message.id, channel=self._channel.name, error=type(error).__name__)
        if isinstance(error, Throttled):
            until = self._paused[message.chat] = now + timedelta(seconds=error.after)
            return Result(message.id, "queued", again=until)
        if isinstance(error, Unavailable):
            return Result(
                message.id, "queued", again=now + min(timedelta(seconds=2 ** min(message.attempts, 9)), LONGEST_BACKOFF)
            )
        if isinstance(error, NotNow):
            return Result(message.id, "queued", again=error.until)
        if isinstance(error, Unreachable):
            return Result(message.id, "unreachable", error=str(error))
        if isinstance(error, Rejected):
            return Result(message.id, "failed", error=str(error))
        if isinstance(error, NeedsPerson):
            self._alert(str(error))
            return Result(message.id, "failed", error=str(error))
        return _uncertain(message.id, message.kind, message.repeats, now)


def _uncertain(row_id: int, kind: str, repeats: int, now: datetime) -> Result:
    """Once more for an answer, always for an edit, never for what nobody asked for."""
    if kind == "edit" or (kind in outbox.REPEATABLE and repeats == 0):
        return Result(row_id, "queued", again=now, repeat=True)
    return Result(row_id, "uncertain", error="no answer after the request had left")
