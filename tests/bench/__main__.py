"""`python -m tests.bench NAME …`."""

import argparse
import sys

from tests.bench import kill


def main() -> int:
    """Run one bench; returns its exit code."""
    top = argparse.ArgumentParser(prog="python -m tests.bench")
    names = top.add_subparsers(metavar="BENCH", required=True)
    kill.add(names)
    chosen = top.parse_args()
    return int(chosen.run(chosen))


if __name__ == "__main__":
    sys.exit(main())
