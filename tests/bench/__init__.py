"""Figures: `python -m tests.bench`. Each module measures some bars of performance.md; a bar is one `@bar(…)`."""

from tests.bench import dispatch, dossiers, due, letters, message, news, reports, sender, start

BENCHES = (message, dispatch, sender, news, dossiers, due, letters, reports, start)
"""Every module with bars: one word each."""
