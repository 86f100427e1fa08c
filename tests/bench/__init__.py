"""Figures: `python -m tests.bench`. Each module measures some bars of performance.md; a bar is one `@bar(…)`."""

from tests.bench import dossiers, letters, message, sender

BENCHES = (message, sender, dossiers, letters)
"""Every module with bars: one word each."""
