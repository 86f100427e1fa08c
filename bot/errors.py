"""What can become of a request to a provider. A channel maps every answer to one of these; only `bot.outbox` decides.

SendError
├── Throttled(after)      this chat has to wait; nobody else does                 again later
├── Unavailable           refused before it left: the provider is away            all wait, with back-off
├── NotNow(until)         not at this hour, not in this window                    again then
├── Gone                  the message to be edited does not exist any more        a card is sent anew; else over
├── Unreachable           she has blocked us or left this channel                 final: unreachable
│   └── Silent            she wrote too long ago for this; she has not left       final: unreachable
├── Rejected(code, why)   the provider refuses what we sent: our mistake          final: failed
├── NeedsPerson(why)      a token, a plan or a right is missing                   final: failed, the operator is told
│                         the whole account is shut: `after`                      all wait, the operator is told
└── Uncertain             timed out after the request left: it may have arrived   see `bot.outbox`

An edit that changes nothing ("message is not modified") has succeeded: a channel returns the message's id.
"""

from datetime import datetime


class SendError(Exception):
    """A request to a provider that did not end in "sent"."""


class Throttled(SendError):
    """The provider asks this chat to wait `after` seconds; `everybody`: it says so of the whole account."""

    def __init__(self, after: float, everybody: bool = False) -> None:
        super().__init__(f"wait {after:g} s")
        self.after, self.everybody = after, everybody


class Unavailable(SendError):
    """The connection was refused or never made; the request certainly did not leave."""


class NotNow(SendError):
    """Allowed again at `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"not before {until.isoformat()}")
        self.until = until


class Gone(SendError):
    """The message that was to be edited was deleted, or is too old to be changed."""


class Unreachable(SendError):
    """This citizen cannot be reached on this channel."""


class Silent(Unreachable):
    """She has been silent too long for this kind of message. Another way may reach her, and her next word ends it."""


class Rejected(SendError):
    """The provider refuses the request for good, with its code."""

    def __init__(self, code: str, why: str = "") -> None:
        super().__init__(f"{code} {why}".strip())
        self.code, self.why = code, why


class NeedsPerson(SendError):
    """Somebody has to mend a token, a plan or a right. `after`: the whole account is shut, so everything waits and is
    tried again after so many seconds; 0: only this message fails. `told`: he knows already.
    """

    def __init__(self, why: str, after: float = 0.0, told: bool = False) -> None:
        super().__init__(why)
        self.after, self.told = after, told


class Uncertain(SendError):
    """No answer came after the request had left."""
