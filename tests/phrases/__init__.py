"""The test sets of what people write: read, and judged (see README.md here)."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from messages.understanding.understand import Understood

FOLDER = Path(__file__).parent
Verdict = Literal["right", "slow", "wrong"]
"""Right at once; not at once but nothing wrong (asked, or not understood); led to something wrong without a word."""


@dataclass(frozen=True)
class Case:
    """One message and what is right for it."""

    want: str
    text: str

    def judge(self, got: Understood) -> Verdict:
        """The best verdict that any of the right answers allows."""
        verdicts = [_judge(each, got) for each in re.split(r"/(?![^\[]*\])", self.want)]
        return min(verdicts, key=("right", "slow", "wrong").index)

    @property
    def serious(self) -> bool:
        """Whether only a complaint or an accusation is right."""
        return all(each.startswith(("complaint", "accusation")) for each in re.split("[/+]", self.want))


def cases(name: str) -> Iterator[Case]:
    """The messages of a file of this folder."""
    for line in (FOLDER / f"{name}.txt").read_text("utf-8").splitlines():
        want, bar, text = line.partition(" | ")
        if bar and not line.startswith("#"):
            want, nfd, _rest = want.strip().partition(" @nfd")
            text = text.replace("\\n", "\n")
            yield Case(want, unicodedata.normalize("NFD", text) if nfd else text)


def _judge(want: str, got: Understood) -> Verdict:
    intents, _bracket, about = want.rstrip("]").partition("[")
    if want == "none":
        return {"none": "right", "ask": "slow", "lead": "wrong"}[got.act]
    if want == "ask":
        return {"none": "slow", "ask": "right", "lead": "wrong"}[got.act]
    if want.endswith("?"):
        if got.act == "lead" and got.intent != want[:-1]:
            return "wrong"
        return "right" if got.act == "ask" and want[:-1] in got.choices else "slow"
    wanted = set(intents.split("+"))
    if got.act != "lead":
        return "slow"
    if got.intent not in wanted or (about and got.about not in ("", about)):
        return "wrong"
    return "right" if wanted <= {got.intent, *got.others} and (not about or got.about == about) else "slow"
