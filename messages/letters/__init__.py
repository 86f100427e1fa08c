"""Letters: what each one says, declared and checked here, and how it looks, a typst template of the same name.

A letter is a frozen dataclass whose fields say, in Vietnamese, what they mean, with a sample and how long they may be.
It cannot exist with something missing or too long: all mistakes are told at once (`Refused`), nothing is drawn wrongly.
People's words reach the template only as data (JSON in `sys.inputs`), so nothing in them is ever read as markup.

Why typst: one template gives the picture for the chat and the PDF for paper, 30 times faster than HTML, and its bundled
Libertinus has all Vietnamese letters (measured). What that font cannot draw is refused; emoji are left out.

Paper is law (L22): a letter drawn here is an information letter and says so. It has no number, signature or seal.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from messages.letters import texts
from messages.letters.apologies import ApologyLate, ApologyMistake
from messages.letters.case_papers import CaseFile, Receipt
from messages.letters.letter import Drawn, Letter, Refused, Undrawable
from messages.letters.occasions import Birth, Condolence, Marriage, Support, Thanks
from messages.letters.petitions import Complaint, Denunciation, Mediation
from messages.letters.signed import Signed
from messages.letters.slip import Slip
from messages.letters.submission import Submission
from messages.letters.weekly import Weekly
from messages.letters.words import VARIANTS, WORDS, Paragraphs, fill

__all__ = ["LETTERS", "Drawn", "Letter", "Refused", "Signed", "Slip", "Templates", "Undrawable"]

FOLDER = Path(__file__).parent
SIGNED: dict[str, type[Signed]] = {
    letter.name: letter
    for letter in (ApologyLate, ApologyMistake, Marriage, Birth, Condolence, Thanks, Support, Submission)
}
PETITIONS: dict[str, type[Letter]] = {letter.name: letter for letter in (Complaint, Denunciation, Mediation)}
"""Forms that are signed by whoever brings them."""
LETTERS: dict[str, type[Letter]] = {
    Slip.name: Slip, Receipt.name: Receipt, CaseFile.name: CaseFile, Weekly.name: Weekly, **PETITIONS, **SIGNED,
}  # fmt: skip
"""Every letter by its name, which is also its template's."""


HEADING = "heading"
"""What stands before every template: data, colours, the commune's heading, paragraphs, the signing line."""


class Templates:
    """Templates and words in force: those of this folder, and the commune's own where `folder` has such files.

    NAME.typ is how a letter looks, heading.typ what all have in common, NAME.txt (or NAME.VARIANT.txt) what it says.
    They are read once, here, so that no turn reads a file. What is wrong with texts is in `problems`, by file, and ours
    are used. `ordered` is called when a committed turn has ordered a letter; the service puts its own there.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.ordered: Callable[[], None] = lambda: None
        found, own = _read(FOLDER), {} if folder is None else _read(folder)
        heading = found.pop(HEADING)
        self.heading = own.pop(HEADING, heading).rstrip() + b"\n"
        self.ours = {name: heading.rstrip() + b"\n" + raw for name, raw in found.items()}
        self.own = {name: raw for name, raw in own.items() if name in self.ours}
        self._looks = found
        self.texts, self.problems = texts.read(folder, SIGNED) if folder else ({}, {})
        self._digests = {name: sha256(self.source(name)).hexdigest() for name in self.ours}

    def source(self, name: str) -> bytes:
        """The template in force, after its heading. Raises KeyError for an unknown name."""
        return self.heading + self.own.get(name, self._looks[name])

    def words(self, name: str, facts: Mapping[str, Any], variant: str = "") -> Paragraphs:
        """The paragraphs that are offered for a letter with these fields; a variant nobody knows is the common one."""
        return fill(self.text(name, variant), SIGNED[name].told(facts))

    def text(self, name: str, variant: str = "") -> Paragraphs:
        """The paragraphs in force, with facts in braces."""
        known = {**WORDS[name], **self.texts.get(name, {})}
        return known.get(variant, known[""])

    def variants(self, name: str) -> dict[str, str]:
        """The wordings a clerk may choose from for a letter, with their labels; the common one is named ""."""
        return {variant: VARIANTS[variant] for variant in WORDS[name]}

    def digest(self, name: str) -> str:
        """A fingerprint of the template in force: a letter drawn with another one is drawn anew."""
        return self._digests[name]


def _read(folder: Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted(folder.glob("*.typ"))}
