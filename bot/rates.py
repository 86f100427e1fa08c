"""What a provider allows, as data, and when the next request may leave."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rates:
    """Requests a provider takes: a second over everything, a second to one chat, a minute to one group; 0: no limit."""

    total: float = 0.0
    total_burst: int = 1
    chat: float = 0.0
    chat_burst: int = 1
    group: float = 0.0
