"""Letters: what each one says, declared and checked here, and how it looks, a typst template of the same name.

A letter is a frozen dataclass whose fields say, in Vietnamese, what they mean, with a sample and how long they may be.
It cannot exist with something missing or too long: all mistakes are told at once (`Refused`), nothing is drawn wrongly.
People's words reach the template only as data (JSON in `sys.inputs`), so nothing in them is ever read as markup.

Why typst: one template gives the picture for the chat and the PDF for paper, 30 times faster than HTML, and its bundled
Libertinus has all Vietnamese letters (measured). What that font cannot draw is refused; emoji are left out.

Paper is law (L22): a letter drawn here is an information letter and says so. It has no number, signature or seal.
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from messages.letters.letter import Drawn, Letter, Refused, Undrawable
from messages.letters.slip import Slip

__all__ = ["LETTERS", "Drawn", "Letter", "Refused", "Slip", "Templates", "Undrawable"]

FOLDER = Path(__file__).parent
LETTERS: dict[str, type[Letter]] = {letter.name: letter for letter in (Slip,)}
"""Every letter: one line each."""


class Templates:
    """The templates in force: those of this folder, and the commune's own where `folder` has a file of that name.

    Read once, here, so that no turn reads a file. `ordered` is called when a committed turn has ordered a letter; the
    service puts its own there.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.ordered: Callable[[], None] = lambda: None
        self.ours = _read(FOLDER)
        self.own = {} if folder is None else {name: raw for name, raw in _read(folder).items() if name in self.ours}
        self._digests = {name: sha256(self.source(name)).hexdigest() for name in self.ours}

    def source(self, name: str) -> bytes:
        """The template in force. Raises KeyError for an unknown name."""
        return self.own.get(name, self.ours[name])

    def digest(self, name: str) -> str:
        """A fingerprint of the template in force: a letter drawn with another one is drawn anew."""
        return self._digests[name]


def _read(folder: Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted(folder.glob("*.typ"))}
