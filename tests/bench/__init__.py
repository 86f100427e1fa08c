"""Figures: `python -m tests.bench`. Each module measures some bars of performance.md; a bar is one `@bar(…)`."""

from tests.bench import dispatch, dossiers, letters, message, sender, start

BENCHES = (message, dispatch, sender, dossiers, letters, start)
"""Every module with bars: one word each."""
