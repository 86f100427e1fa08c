"""What a figure is: the product and its floor, measured in turn on the same machine, and the ratio between them.

Absolute figures move by a third between two runs on a shared machine; ratios of neighbours in time do not. So every bar
is a ratio, measured as at least three pairs, and judged by the median of the pairs' ratios. No time is asserted by any
test; a person runs `python -m tests.bench` and reads.
"""

import asyncio
import contextlib
import os
import platform
import statistics
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.town import Databases

PAIRS = 3


@dataclass(frozen=True)
class Pair:
    """Product and floor, measured one right after the other, in the figure's unit."""

    product: float
    floor: float


class NotRun(Exception):
    """This figure cannot be had here; the words say why."""


@dataclass
class Room:
    """Where a bench works: a folder of its own, fresh databases."""

    folder: Path
    databases: Databases
    _made: int = 0

    def new_folder(self) -> Path:
        """An empty folder."""
        self._made += 1
        path = self.folder / str(self._made)
        path.mkdir()
        return path


Measure = Callable[[Room], AsyncGenerator[Pair, None]]


@dataclass(frozen=True)
class Bar:
    """One line of performance.md: `measure(room)` gives pair after pair; the ratio must be `at_least` or `at_most`."""

    name: str
    what: str
    floor: str
    unit: str
    measure: Measure
    at_least: float | None = None
    at_most: float | None = None

    def met(self, ratio: float) -> bool:
        """Whether a ratio clears the bar."""
        return (self.at_least is None or ratio >= self.at_least) and (self.at_most is None or ratio <= self.at_most)

    @property
    def wanted(self) -> str:
        """`≥ 45 %`, `≤ 2.50 ×`."""
        return f"≤ {self.at_most:.2f} ×" if self.at_most is not None else f"≥ {_percent(self.at_least or 0)}"


BARS: dict[str, list[Bar]] = {}
"""Every bar by its name; a name may have several (B2 has two floors)."""
LATER = {
    "B13": "it comes with the greetings",
}


def bar(name: str, what: str, *, floor: str, unit: str, **limits: float) -> Callable[[Measure], Measure]:
    """Register an async generator of pairs as the measure of a bar (`at_least=` or `at_most=`)."""

    def register(measure: Measure) -> Measure:
        BARS.setdefault(name, []).append(Bar(name, what, floor, unit, measure, **limits))
        return measure

    return register


@dataclass
class Figure:
    """What was measured; `ratio` is the median of the pairs' ratios, `missing` why there are none."""

    name: str
    what: str
    floor_is: str
    unit: str
    wanted: str
    pairs: list[Pair] = field(default_factory=list)
    missing: str = ""
    met: bool = True

    @property
    def ratio(self) -> float:
        return statistics.median(pair.product / pair.floor for pair in self.pairs)

    @property
    def product(self) -> float:
        return statistics.median(pair.product for pair in self.pairs)

    @property
    def floor(self) -> float:
        return statistics.median(pair.floor for pair in self.pairs)

    def __str__(self) -> str:
        if self.missing:
            return f"{self.name:4} {self.what}: {self.missing}"
        return (
            f"{self.name:4} {self.what}: {_number(self.product)} {self.unit}; {self.floor_is}: "
            f"{_number(self.floor)} {self.unit}; {_ratio(self)} (bar {self.wanted}: "
            f"{'met' if self.met else 'MISSED'})"
        )

    def to_json(self) -> dict[str, Any]:
        """Everything, for keeping."""
        medians = {"ratio": self.ratio, "product": self.product, "floor": self.floor} if self.pairs else {}
        return asdict(self) | medians


async def measured(one: Bar, pairs: int) -> Figure:
    """Measure a bar so many times."""
    figure = Figure(one.name, one.what, one.floor, one.unit, one.wanted)
    with _room() as room:
        try:
            async with contextlib.aclosing(one.measure(room)) as measuring:
                async for pair in measuring:
                    figure.pairs.append(pair)
                    if len(figure.pairs) >= pairs:
                        break
        except NotRun as why:
            figure.missing = f"not run: {why}"
            return figure
    figure.met = one.met(figure.ratio)
    return figure


@contextlib.contextmanager
def _room() -> Iterator[Room]:
    with tempfile.TemporaryDirectory() as name:
        databases = Databases(Path(name))
        try:
            yield Room(Path(name), databases)
        finally:
            databases.close()


def machine() -> str:
    """The machine, for the table: cores, processor, system, Python."""
    processor = "unknown processor"
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        processor = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), processor)
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} × {processor}, {system}"


async def free_cores(seconds: float = 1.0) -> float:
    """How many cores nobody else is using at the moment."""
    before = _idle()
    await asyncio.sleep(seconds)
    return (_idle() - before) / os.sysconf("SC_CLK_TCK") / seconds


def _idle() -> float:
    with contextlib.suppress(OSError):
        return float(Path("/proc/stat").read_text(encoding="ascii").split()[4])
    return 0.0


def _percent(value: float) -> str:
    return f"{value * 100:.1f} %" if value < 0.1 else f"{value * 100:.0f} %"


def _ratio(figure: Figure) -> str:
    return f"{figure.ratio:.2f} ×" if "×" in figure.wanted else _percent(figure.ratio)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
