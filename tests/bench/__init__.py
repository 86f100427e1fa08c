"""Figures: `python -m tests.bench`. Each module measures some bars of performance.md; a bar is one `@bar(…)`."""

from tests.bench import dossiers, letters, message, sender, start

BENCHES = (message, sender, dossiers, letters, start)
"""Every module with bars: one word each."""
