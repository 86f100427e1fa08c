"""A letter, warm: B16.

The product checks the words, makes the QR code, draws picture and PDF/A and gives the picture its palette. The floor is
typst alone: the same labels and words under each other, as a picture of the same width and as a PDF. Every letter says
something new on both sides, since typst remembers what it has drawn before.
"""

import itertools
import json
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

import typst

from messages.letters import Slip, Templates
from messages.letters.drawing import PIXELS_PER_INCH, draw
from tests.bench.figures import Pair, Room, bar
from tests.town import START

LETTERS = 10
"""Drawn for each figure, after one that is not counted."""
PLAIN = b"""
#set page(width: 360pt, height: auto, margin: 20pt)
#set text(font: "Libertinus Serif", size: 18pt, lang: "vi")
#let data = json(bytes(sys.inputs.data))
#for (label, words) in data {
  par(label)
  par(if type(words) == array { words.join(linebreak()) } else { words })
}
"""


@bar("B16", "a letter as picture and PDF, warm", floor="typst alone, the same words", unit="ms", at_most=3)
async def a_letter(room: Room) -> AsyncGenerator[Pair, None]:
    """One letter after the other in one process, as the service's drawing process does it."""
    source, compiler, words = Templates().source("slip"), typst.Compiler(ignore_system_fonts=True), _words()
    labels = Slip.meanings()

    def product() -> None:
        slip = Slip(**next(words))
        draw(source, slip.data(), slip.code, START)

    def floor() -> None:
        told = {"data": json.dumps({labels[name]: said for name, said in next(words).items()}, ensure_ascii=False)}
        compiler.compile(input=PLAIN, format="png", ppi=PIXELS_PER_INCH, sys_inputs=told)
        compiler.compile(input=PLAIN, format="pdf", sys_inputs=told)

    while True:
        yield Pair(_each(product), _each(floor))


def _words() -> Iterator[dict[str, Any]]:
    sample = Slip.sample().data()
    return (sample | {"applicant": f"Nguyễn Thị Thu Hường {number}"} for number in itertools.count())


def _each(act: Callable[[], None]) -> float:
    """Milliseconds for one, on the average of several."""
    act()
    began = time.perf_counter()
    for _letter in range(LETTERS):
        act()
    return 1000 * (time.perf_counter() - began) / LETTERS
