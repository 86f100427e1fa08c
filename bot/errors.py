"""What can become of a request to a provider. A channel maps every answer to one of these; only `bot.outbox` decides.

SendError
├── Throttled(after)      this chat has to wait; nobody else does                       again later
├── Unavailable           refused before it left: the provider is away                  again, with back-off
├── NotNow(until)         not at this hour, not in this window                          again then
├── Unreachable           she has blocked us or left this channel                       final: unreachable
├── Rejected(code, why)   the provider refuses what we sent: our mistake                final: failed
├── Gone                  the message to be edited exists no more                       a card: sent anew
├── NeedsPerson(why)      a token, a plan or a right is missing                         failed, an operator is told
└── Uncertain             timed out after the request left: it may have arrived         see `bot.outbox`
"""

from datetime import datetime


class SendError(Exception):
    """A request to a provider that did not end in "sent"."""


class Throttled(SendError):
    """The provider asks this chat to wait `after` seconds."""

    def __init__(self, after: float) -> None:
        super().__init__(f"wait {after:g} s")
        self.after = after


class Unavailable(SendError):
    """The connection was refused or never made; the request certainly did not leave."""


class NotNow(SendError):
    """Allowed again at `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"not before {until.isoformat()}")
        self.until = until


class Unreachable(SendError):
    """This citizen cannot be reached on this channel."""


class Rejected(SendError):
    """The provider refuses the request for good, with its code."""

    def __init__(self, code: str, why: str = "") -> None:
        super().__init__(f"{code} {why}".strip())
        self.code, self.why = code, why


class Gone(SendError):
    """The message that should be edited has been deleted, or cannot be edited any more."""


class NeedsPerson(SendError):
    """Somebody has to mend a token, a plan or a right."""


class Uncertain(SendError):
    """No answer came after the request had left."""
