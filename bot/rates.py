"""What a provider allows, as data (Rates), and when the next request may leave (Pace).

Generic cell rate algorithm (ITU-T I.371): instead of counting tokens it keeps the time at which the next request would
be due if all were evenly spaced; a request may leave `burst - 1` spacings earlier than that. Where the provider counts
in a window as well, the last departures are remembered too. Own and small, because no library answers "when may the
next one leave, and which of 20,000 chats must wait" (aiolimiter takes the whole burst first; the limiter of
python-telegram-bot stops every chat for one 429).

Times are seconds of any clock that only runs forward, given by the caller: so it is proved with a clock that nobody has
to wait for. Kept in memory, since only the holder of the account's lease sends; a new holder begins with empty buckets.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

Seconds = float
GROUP = "-"
"""How the name of a group's chat begins (Telegram: negative ids)."""


@dataclass(frozen=True)
class Rates:
    """Requests a provider takes: `total` a second over everything, `chat` a second to one chat, `group` to one group in
    `group_seconds`; 0: no limit. `…_burst`: how many may follow each other at once after a rest. `ceiling`: how many it
    takes in any one second, if that is not `total` rounded up.
    """

    total: float = 0.0
    total_burst: int = 1
    ceiling: int = 0
    chat: float = 0.0
    chat_burst: int = 1
    group: float = 0.0
    group_seconds: Seconds = 60.0


class Pace:
    """When requests may leave under some Rates. `now`: since when this holder sends; earlier ones are unknown to it."""

    def __init__(self, rates: Rates, now: Seconds) -> None:
        self._rates, self._began = rates, now
        # Planned evenly spaced; what leaves later than planned, because the disk or the processor was busy, must not
        # crowd the second in which it leaves. Of Telegram's 30 in a second 30 are used in 30/29.5 seconds, so that
        # requests may also be some milliseconds longer under way than others.
        most = rates.ceiling or math.ceil(rates.total)
        self._window = most / rates.total if most else 0.0
        self._left = deque(_evenly(now, most, self._window), maxlen=most)
        self._all = _Line(rates.total, rates.total_burst, 0, 0.0, now) if most else None
        self._chats: dict[str, _Line] = {}
        self._paused: dict[str, Seconds] = {}
        self._halted = now
        self._sweep_at = 64

    def slots(self, now: Seconds, until: Seconds, most: int) -> list[Seconds]:
        """When the account's next requests may leave: at most `most` moments from `now` to `until`, none reserved."""
        start = max(now, self._halted)
        if start > until:
            return []
        if self._all is None:
            return [start] * most
        line, found = self._all.copy(), list[Seconds]()
        while len(found) < most and (at := line.next(start)) <= until:
            line.take(at)
            found.append(at)
        return found

    def next(self, now: Seconds) -> Seconds:
        """When the account's next request may leave."""
        start = max(now, self._halted)
        return start if self._all is None else self._all.next(start)

    def resting(self, at: Seconds) -> list[str]:
        """Chats that must not be written to at that moment."""
        waiting = [chat for chat, until in self._paused.items() if until > at]
        return waiting + [chat for chat, line in self._chats.items() if line.next(at) > at]

    def wakes(self, now: Seconds) -> Seconds | None:
        """When the first of the resting chats may be written to again; None when none rests."""
        times = [until for until in self._paused.values() if until > now]
        times += [at for line in self._chats.values() if (at := line.next(now)) > now]
        return min(times, default=None)

    def take(self, chat: str, at: Seconds) -> None:
        """A request to this chat leaves at `at`, one of the moments of `slots` at which the chat is not resting."""
        if self._all is not None:
            self._all.take(at)
        grouped = int(self._rates.group) if chat.startswith(GROUP) else 0
        if not (self._rates.chat or grouped):
            return
        if (line := self._chats.get(chat)) is None:
            if len(self._chats) >= self._sweep_at:
                self._sweep(at)
            rate, burst = self._rates.chat, self._rates.chat_burst
            line = self._chats[chat] = _Line(rate, burst, grouped, self._rates.group_seconds, self._began)
        line.take(at)

    def leave(self, chat: str, at: Seconds, now: Seconds) -> Seconds:
        """How much longer a request must wait whose moment was `at`; 0: it leaves now, and is counted as of now."""
        if now < at:
            return at - now
        if self._left and (wait := self._left[0] + self._window - now) > 0:
            return wait
        self._left.append(now)
        if (line := self._chats.get(chat)) is not None:
            line.slip(now - at)
        return 0.0

    def throttled(self, chat: str, seconds: Seconds, now: Seconds, everybody: bool = False) -> None:
        """The provider asks this chat to wait. Others go on, unless it means everybody: then it says so, or says the
        same of another chat before the first may go on.
        """
        if everybody or any(until > now for other, until in self._paused.items() if other != chat):
            self.halt(now + seconds)
        self._paused = {each: until for each, until in self._paused.items() if until > now} | {chat: now + seconds}

    def halt(self, until: Seconds) -> None:
        """Nothing leaves before `until`."""
        self._halted = max(self._halted, until)

    def halted(self, now: Seconds) -> Seconds:
        """How long nothing may leave at all; 0 when it may."""
        return max(0.0, self._halted - now)

    def __len__(self) -> int:
        """How many chats are remembered."""
        return len(self._chats)

    def _sweep(self, now: Seconds) -> None:
        """Forget chats that have rested enough; the next sweep comes when there are twice as many as stay."""
        self._chats = {chat: line for chat, line in self._chats.items() if not line.rested(now)}
        self._sweep_at = max(64, 2 * len(self._chats))


class _Line:
    """Requests in one line: `rate` a second evenly spaced, `burst` at once after a rest, `most` in any `seconds`. It
    begins as if they had left evenly spaced until `began`: with nothing to spare.
    """

    __slots__ = ("_due", "_every", "_left", "_seconds", "_slack")

    def __init__(self, rate: float, burst: int, most: int, seconds: Seconds, began: Seconds) -> None:
        self._every = 1 / rate if rate else 0.0
        self._slack = (burst - 1) * self._every
        self._due = began + self._every + self._slack
        self._seconds = seconds
        self._left: deque[Seconds] = deque(_evenly(began, most, seconds), maxlen=most)

    def copy(self) -> "_Line":
        """One to try things out with."""
        twin = _Line.__new__(_Line)
        twin._every, twin._slack, twin._due = self._every, self._slack, self._due
        twin._seconds, twin._left = self._seconds, self._left.copy()
        return twin

    def next(self, now: Seconds) -> Seconds:
        """When the next request may leave."""
        at = max(now, self._due - self._slack)
        return max(at, self._left[0] + self._seconds) if self._left else at

    def take(self, at: Seconds) -> None:
        """A request leaves."""
        self._due = max(self._due, at) + self._every
        self._left.append(at)

    def slip(self, late: Seconds) -> None:
        """The last request to this chat left later than planned, and nothing has been planned since."""
        self._due += late
        if self._left:
            self._left[-1] += late

    def rested(self, now: Seconds) -> bool:
        """Whether it allows as much as if nothing had ever left."""
        return self._due <= now and (not self._left or self._left[-1] + self._seconds <= now)


def _evenly(until: Seconds, most: int, seconds: Seconds) -> Iterator[Seconds]:
    return (until - seconds * step / most for step in range(most - 1, -1, -1))
