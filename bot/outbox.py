"""The sender of one channel account: mark, send, classify, record; the only place that decides about a failed request.

One commit carries the last results and the next `sending` marks. Marked is only what leaves within a moment, in the
slots that `bot.rates` gives out, so an answer that comes in takes the next slot whatever else is queued. At most 32
requests are in flight, one per chat, so order holds per chat. Only the holder of the account's lease sends; it tells
the channel, which then polls or registers its webhook.

What happens when it is uncertain whether a message arrived (no provider has an idempotency key):
an answer to her own event is sent once more and counted, unless the channel finds that it has arrived; an edit (of a
card, or of any message) is always repeated, because "not modified" is success; what nobody asked for (notice, reply, a
card's first message) stays `uncertain` and a person decides with `python -m bot outbox`.

A provider that refuses connections is away for everybody: one request at a time asks whether it is back.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from bot.channels.base import Channel
from bot.clock import Clock
from bot.errors import (
    Gone,
    NeedsPerson,
    NotNow,
    Rejected,
    SendError,
    Silent,
    Throttled,
    Unavailable,
    Uncertain,
    Unreachable,
)
from bot.metrics import Metrics
from bot.rates import GROUP, Pace
from storage import cards, leases, outbox
from storage.db import Database, temporary
from storage.outbox import Result, Sending

log = structlog.get_logger()

IN_FLIGHT = 32
MOMENT = 0.05
"""Seconds ahead for which requests are marked: enough that a slow commit costs no slot, few for an answer to wait."""
LINGER = 0.002
"""Seconds in which results gather while many requests are in flight: a commit for one costs as much as for thirty."""
HTTP_TIMEOUT = 30.0
"""Seconds a request may take; a new lease holder waits as long before it judges what an earlier one left in flight."""
IDLE_POLL = 2.0
LEASE_POLL = 0.5
LONGEST_BACKOFF = 30.0
TELL_AGAIN = 2.0
ALERT_AGAIN = 600.0
"""Seconds in which a person is told the same thing once: the alert may itself go to a group of this very account."""

Unreached = Callable[[Connection, str], None]
"""Notes, in the transaction that records it, that whoever is in a private chat cannot be reached any more."""


class Sender:
    """Sends the outbox of one channel account while it holds the lease. `alert` is told what a person must mend.

    `seconds`: the clock of the rates, which are the provider's and do not follow a test clock.
    """

    def __init__(
        self,
        database: Database,
        commune_id: int,
        channel: Channel,
        account: str,
        clock: Clock,
        alert: Callable[[str], None],
        timeout: float = HTTP_TIMEOUT,
        *,
        unreachable: Unreached | None = None,
        metrics: Metrics | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._commune_id, self._channel, self._account = database, commune_id, channel, account
        self._clock, self._alert, self._timeout, self._seconds = clock, alert, timeout, seconds
        self._unreachable, self._metrics = unreachable, metrics or Metrics()
        self._results: list[Result] = []
        self._flying: set[asyncio.Task[None]] = set()
        self._open = 0  # requests marked and not yet answered
        self._away = 0  # refused connections in a row
        self._pace = Pace(channel.rates, seconds())
        self._alerted: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._epoch: int | None = None
        self._judge_at: float | None = None  # when it is known what became of an earlier holder's requests
        self._telling: asyncio.Task[None] | None = None
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
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        self._stopping.set()
        self._wake.set()
        await self._follow(seconds / 2)
        if self._task is not None:
            # Not cancelled in the middle of a round: what has just been marked has to leave, or it would be uncertain.
            _done, late = await asyncio.wait([self._task], timeout=max(0.0, end - loop.time()))
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._flying:
            await asyncio.wait(self._flying, timeout=max(0.0, end - loop.time()))
        if self._epoch is not None and self._results:
            with contextlib.suppress(Exception):
                await self._database.write(self._record, self._take_results())

    # --- the lease ----------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._epoch is not None or await self._lead():
                    await self._round()
                else:
                    await self._rest(LEASE_POLL)
            except leases.Lost:
                self._epoch = None
                log.warning("lease_lost", channel=self._channel.name)
                await self._follow(self._timeout)
            except Exception as error:
                # Whatever went wrong, the sender must go on; what is in flight is judged by its recorded state.
                log.log(30 if temporary(error) else 40, "sender_round_failed", error=type(error).__name__)
                await self._rest(IDLE_POLL)

    async def _rest(self, seconds: float) -> None:
        """Sleep, but not longer than until `stop`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _lead(self) -> bool:
        epoch = await self._database.write(
            leases.acquire, self._commune_id, self._channel.name, self._account, self._clock.now()
        )
        if epoch is None or self._stopping.is_set():
            return False
        # An earlier holder's requests may still be on their way, and so may this process's own, from before its
        # connection broke. Their chats wait; everybody else is served at once.
        wait = self._timeout if self._database.postgres or self._open else 0.0
        self._judge_at = asyncio.get_running_loop().time() + wait
        self._pace = Pace(self._channel.rates, self._seconds())
        self._epoch = epoch
        self._telling = asyncio.create_task(self._tell(self._channel.lead))
        return True

    async def _follow(self, seconds: float) -> None:
        """The channel stops what only the holder of the lease may do; it has `seconds` for that."""
        if self._telling is None:
            return
        telling, self._telling = self._telling, None
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._tell(self._channel.follow)

    async def _tell(self, what: Callable[[], Awaitable[None]]) -> None:
        """Call the channel until it succeeds; whatever goes wrong there does not stop the sending."""
        while True:
            try:
                return await what()
            except Exception as error:
                log.error("channel_not_told", channel=self._channel.name, error=type(error).__name__)
            await asyncio.sleep(TELL_AGAIN)

    # --- rounds -------------------------------------------------------------------------------------------------------

    async def _round(self) -> None:
        if self._open > IN_FLIGHT // 4:
            await asyncio.sleep(LINGER)
        self._wake.clear()
        now, results = self._seconds(), self._take_results()
        slots = self._pace.slots(now, now + MOMENT, self._room())
        resting = self._pace.resting(slots[0]) if slots else []
        judged, messages = self._may_judge(), list[Sending]()
        if slots or results or judged:
            try:
                messages = await self._database.write(self._mark, results, len(slots), resting, judged)
            except BaseException:
                self._results = [*results, *self._results]
                raise
        self._judge_at = None if judged else self._judge_at
        for message, at in zip(messages, slots, strict=False):
            self._pace.take(message.chat, at)
            self._leave(message, at)
        if not (self._results or self._stopping.is_set()):
            await self._wait(idle=len(messages) < len(slots))

    def _room(self) -> int:
        return max(0, (1 if self._away else IN_FLIGHT) - self._open)

    def _may_judge(self) -> bool:
        return self._judge_at is not None and asyncio.get_running_loop().time() >= self._judge_at

    async def _wait(self, idle: bool) -> None:
        """Until something is queued or answered, or the next request may leave. idle: nothing was left to send."""
        now = self._seconds()
        if idle:
            seconds = await self._until_due(now)
        else:
            seconds = self._pace.next(now) - MOMENT - now if self._room() else IDLE_POLL
        if self._judge_at is not None:
            seconds = min(seconds, self._judge_at - asyncio.get_running_loop().time())
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(seconds, IDLE_POLL)):
                    await self._wake.wait()

    async def _until_due(self, now: float) -> float:
        due = await self._database.read(outbox.next_due, self._clock.now())
        waits = [] if due is None else [self._clock.seconds_until(due)]
        waits += [] if (rested := self._pace.wakes(now)) is None else [rested - now]
        return max(0.01, min([IDLE_POLL, *waits]))

    def _take_results(self) -> list[Result]:
        results, self._results = self._results, []
        return results

    # --- transactions -------------------------------------------------------------------------------------------------

    def _hold(self, db: Connection) -> int:
        if self._epoch is None:
            raise leases.Lost("no lease")
        leases.confirm(db, self._commune_id, self._channel.name, self._account, self._epoch)
        return self._epoch

    def _record(self, db: Connection, results: list[Result]) -> None:
        self._hold(db)
        outbox.record(db, results, self._clock.now())
        for result in results:
            if result.gone and self._unreachable is not None:
                self._unreachable(db, result.gone)

    def _mark(
        self, db: Connection, results: list[Result], most: int, resting: Iterable[str], judged: bool
    ) -> list[Sending]:
        epoch, now = self._hold(db), self._clock.now()
        self._record(db, results)
        if judged:
            left = outbox.left_sending(db, self._commune_id, self._channel.name, self._account, epoch)
            outbox.record(db, [_uncertain(row.id, row.kind, row.repeats, now) for row in left], now)
        if not most:
            return []
        found = outbox.next_to_send(db, self._commune_id, self._channel.name, self._account, now, most, resting)
        marked = outbox.mark_sending(db, [message.id for message in found], epoch, now)
        messages = [message for message in found if message.id in marked]
        cards.touch(db, [message.card_id for message in messages if message.card_id is not None], now)
        return messages

    # --- requests -----------------------------------------------------------------------------------------------------

    def _leave(self, message: Sending, at: float) -> None:
        self._open += 1
        task = asyncio.create_task(self._send(message, at, self._epoch))
        self._flying.add(task)
        task.add_done_callback(self._flying.discard)

    async def _send(self, message: Sending, at: float, epoch: int | None) -> None:
        try:
            while (wait := self._pace.leave(message.chat, at, self._seconds())) > 0:  # noqa: ASYNC110 (a moment)
                await asyncio.sleep(wait)
            result = replace(await self._attempt(message, at), epoch=epoch)
            self._results.append(result)  # only now: _results was another list before the wait
            self._metrics.requested(self._channel.name, result.state)
        finally:
            self._open -= 1
            self._wake.set()

    async def _attempt(self, message: Sending, at: float) -> Result:
        if halted := self._pace.halted(at):  # everybody was told to wait after this had been marked
            return Result(message.id, "queued", again=self._clock.now() + timedelta(seconds=halted))
        self._metrics.queued(message.kind, (self._clock.now() - (message.due_at or message.created_at)).total_seconds())
        try:
            async with asyncio.timeout(self._timeout):
                if (known := await self._known(message)) is not None:
                    return known
                provider_id = await self._channel.send(message)
        except TimeoutError:
            return self._decide(message, Uncertain("no answer in time"))
        except SendError as error:
            return self._decide(message, error)
        except Exception as error:
            log.error("send_failed", outbox=message.id, error=type(error).__name__)
            return Result(message.id, "failed", error=f"error of ours: {type(error).__name__}")
        self._away = 0
        return Result(message.id, "sent", provider_id, shows=message.card_id if message.edits is None else None)

    async def _known(self, message: Sending) -> Result | None:
        """What the channel knows of a message that may have arrived before; None: it goes once more."""
        if not message.repeats or message.edits is not None:
            return None
        arrived = await self._channel.arrived(message)
        if arrived is None:
            return Result(message.id, "uncertain", error="no answer after the request had left, and nobody can tell")
        return Result(message.id, "sent") if arrived else None

    def _decide(self, message: Sending, error: SendError) -> Result:
        """What a failed request means; drawn in `bot.errors`."""
        now = self._clock.now()
        log.info("send_error", outbox=message.id, channel=self._channel.name, error=type(error).__name__)
        if isinstance(error, Unavailable):
            return Result(message.id, "queued", again=now + timedelta(seconds=self._back_off()))
        self._away = 0
        if isinstance(error, Throttled):
            self._pace.throttled(message.chat, error.after, self._seconds(), error.everybody)
            return Result(message.id, "queued", again=now + timedelta(seconds=error.after))
        if isinstance(error, NotNow):
            return Result(message.id, "queued", again=error.until)
        if isinstance(error, Gone) and message.card_id is not None and message.edits is not None:
            return Result(message.id, "queued", again=now, lost=(message.card_id, message.edits))
        if isinstance(error, Unreachable):
            private = "" if message.chat.startswith(GROUP) or isinstance(error, Silent) else message.chat
            return Result(message.id, "unreachable", error=str(error), gone=private)
        if isinstance(error, NeedsPerson) and not error.told:
            self._tell_person(str(error))
        if isinstance(error, NeedsPerson) and error.after:
            self._pace.halt(self._seconds() + error.after)
            return Result(message.id, "queued", again=now + timedelta(seconds=error.after))
        if isinstance(error, NeedsPerson | Rejected | Gone):
            return Result(message.id, "failed", error=str(error))
        return _uncertain(message.id, "edit" if message.edits is not None else message.kind, message.repeats, now)

    def _tell_person(self, why: str) -> None:
        now = self._seconds()
        if why not in self._alerted or self._alerted[why] + ALERT_AGAIN <= now:
            self._alerted[why] = now
            self._alert(why)

    def _back_off(self) -> float:
        """Seconds until the provider is asked again; requests that were refused together count as one."""
        now = self._seconds()
        if not self._pace.halted(now):
            self._away += 1
            self._pace.halt(now + min(2.0 ** (self._away - 1), LONGEST_BACKOFF))
        return self._pace.halted(now)


def _uncertain(row_id: int, kind: str, repeats: int, now: datetime) -> Result:
    """Once more for an answer, always for an edit (each time later), never for what nobody asked for."""
    if kind == "edit" or (kind in outbox.REPEATABLE and repeats == 0):
        wait = min(2.0 ** (repeats - 1), LONGEST_BACKOFF) if repeats else 0.0
        return Result(row_id, "queued", again=now + timedelta(seconds=wait), repeat=True)
    return Result(row_id, "uncertain", error="no answer after the request had left")
