"""Figures: `python -m tests.bench NAME`."""
