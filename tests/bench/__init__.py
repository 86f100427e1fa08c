"""Figures: `python -m tests.bench`. Each module measures some bars of performance.md; a bar is one `@bar(…)`."""

from tests.bench import dossiers, message, sender

BENCHES = (message, sender, dossiers)
"""Every module with bars: one word each."""
