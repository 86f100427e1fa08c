"""`python -m tests.catalogs` writes the English catalog anew: every message of the code, as it stands there."""

from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

ROOT = Path(__file__).parent.parent
ROOMS = ("bot", "handlers", "messages")
ENGLISH = ROOT / "messages" / "locale" / "en" / "LC_MESSAGES" / "gandan.po"


@cache
def said() -> set[str]:
    """Every msgid in the code."""
    found: set[str] = set()
    for room in ROOMS:
        for _file, _line, message, _comments, _context in extract_from_dir(
            str(ROOT / room), [("**.py", "python")], keywords={"_": None}
        ):
            found.add(message if isinstance(message, str) else message[0])
    return found


def write_english() -> None:
    """The English catalog: msgid and msgstr alike, sorted, so that a translator finds all of them."""
    catalog = Catalog(locale="en", project="gandan")
    for message in said():
        catalog.add(message, message)
    ENGLISH.parent.mkdir(parents=True, exist_ok=True)
    with ENGLISH.open("wb") as stream:
        write_po(stream, catalog, sort_output=True, omit_header=True, width=120)


if __name__ == "__main__":
    write_english()
