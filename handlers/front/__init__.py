"""The front door: what every message passes first, and where it leads."""
