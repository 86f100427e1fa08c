"""Figures: `python -m tests.bench`. Each module measures some bars of performance.md; a bar is one `@bar(…)`."""

from tests.bench import message, sender

BENCHES = (message, sender)
"""Every module with bars: one word each."""
