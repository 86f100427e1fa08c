"""How much room is left for DATA_DIR: a full disk is the one fault a small office can see coming."""

import shutil
from pathlib import Path

MEGABYTE = 1_000_000


def free(folder: Path) -> int:
    """Free bytes where `folder` is, or will be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def is_low(folder: Path, megabytes: int) -> bool:
    """Whether less than `megabytes` (of a million bytes) are free."""
    return free(folder) < megabytes * MEGABYTE
