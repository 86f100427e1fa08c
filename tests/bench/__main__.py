"""`python -m tests.bench [NAME …] [--pairs 3] [--json FILE]`: each figure beside its floor; exit code 1 below a bar.

Without names everything but `kill` runs, whose figure is a count and which takes long. It is no test: run it on a
machine that has nothing else to do.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path

import uvloop

from tests.bench import BENCHES, kill
from tests.bench.figures import BARS, LATER, PAIRS, Figure, machine, measured

assert BENCHES  # importing them fills BARS


def main() -> int:
    """Run what is asked for; returns the exit code."""
    chosen = _arguments()
    known = {*BARS, *LATER, kill.NAME}
    unknown = [name for name in chosen.names if name not in known]
    if unknown:
        print(f"no bench is called {', '.join(unknown)}; there are {', '.join(sorted(known, key=_order))}")
        return 2
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(chosen))


def _arguments() -> argparse.Namespace:
    top = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    top.add_argument("names", nargs="*", metavar="NAME", help="B1, B2, …, kill; none: all but kill")
    top.add_argument("--pairs", type=int, default=PAIRS, help="how often product and floor are measured in turn")
    top.add_argument("--json", type=Path, metavar="FILE", help="write everything here, too")
    kill.add_options(top)
    return top.parse_args()


async def _run(chosen: argparse.Namespace) -> int:
    names = chosen.names or sorted({*BARS, *LATER}, key=_order)
    print(machine(), flush=True)
    figures: list[Figure] = []
    code = 0
    for name in names:
        if name in LATER:
            print(f"{name:4} later: {LATER[name]}", flush=True)
        elif name == kill.NAME:
            code = max(code, await kill.run(chosen))
        for bar in BARS.get(name, []):
            figures.append(await measured(bar, chosen.pairs))
            print(figures[-1], flush=True)
    if chosen.json is not None:
        said = {"machine": machine(), "figures": [figure.to_json() for figure in figures]}
        chosen.json.write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
    return max(code, *(0 if figure.met else 1 for figure in figures), 0)


def _order(name: str) -> tuple[int, str]:
    digits = "".join(filter(str.isdecimal, name))
    return int(digits or 999), name


if __name__ == "__main__":
    sys.exit(main())
