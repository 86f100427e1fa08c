"""Letters in tests: waiting for those that are drawn outside the turn, and looking at what was drawn.

`python -m tests.letters` writes the pictures anew that a person has looked at; look again before they are committed.
"""

import io
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

from PIL import Image, ImageChops, ImageFilter, ImageStat
from pypdf import PdfReader

from messages.letters import LETTERS, Drawn, Letter, Signed, Templates
from messages.letters import drawing as letters_drawing
from tests.town import START, Person

GOLDEN = Path(__file__).parent / "messages" / "letters"
SMALLER = 5
"""How much smaller golden pictures are than what is drawn."""
BANDS = 12
"""A picture is compared in so many bands, so that a line that is missing weighs."""
TOLERANCE = 1.75
"""Steps of grey: a page moved by a pixel is below, a line that is missing above."""
PAPER_PIXELS = 108
"""Pixels per inch of a page that is looked at."""


async def arrived(person: Person) -> Person:
    """Once every letter that was ordered has been drawn or has failed, what that brought to this person."""
    before = list(person.news)
    await person.town.draw()
    await person.looks()
    person.news = person.news or before
    return person


# --- what was drawn ---------------------------------------------------------------------------------------------------


@cache
def drawn(made: Letter) -> Drawn:
    """A letter with our template."""
    return letters_drawing.draw(Templates().source(made.name), made.data(), getattr(made, made.qr, ""), START)


def picture(raw: bytes) -> Image.Image:
    return Image.open(io.BytesIO(raw)).convert("RGB")


@cache
def pages(made: Letter) -> tuple[Image.Image, ...]:
    """Its paper, as pictures."""
    qr = getattr(made, made.qr, "")
    told = json.dumps(made.data() | {"qr": letters_drawing._square(qr) if qr else ""})
    found = letters_drawing._compiler().compile(
        Templates().source(made.name), format="png", ppi=PAPER_PIXELS, sys_inputs={"form": "paper", "data": told}
    )
    return tuple(picture(raw) for raw in (found if isinstance(found, list) else [found]))


def text_of(pdf: bytes) -> str:
    """What a PDF says, without spaces and in small letters: where lines break does not matter."""
    said = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return squeezed(said)


def squeezed(words: str) -> str:
    return "".join(words.replace("\u200b", "").split()).casefold()


def golden() -> dict[str, Image.Image]:
    """Every picture that is compared: on the phone, on paper, on paper to be signed."""
    found = {}
    for name, kind in LETTERS.items():
        sample = kind.sample()
        found[name] = picture(drawn(sample).png)
        found[f"{name}-paper"] = _only(pages(sample))
        if isinstance(sample, Signed) and not sample.to_sign:
            found[f"{name}-sign"] = _only(pages(replace(sample, to_sign=True)))
    return found


def _only(found: tuple[Image.Image, ...]) -> Image.Image:
    (page,) = found
    return page


def small(page: Image.Image) -> Image.Image:
    """As it is kept: small, in few greys, and pale grounds exactly."""
    size = (page.width // SMALLER, page.height // SMALLER)
    smaller = page.convert("L").resize(size, Image.Resampling.BOX)
    return smaller.point([grey if grey > 230 else grey // 8 * 8 + 4 for grey in range(256)])


def difference(page: Image.Image, kept: Image.Image) -> float:
    """Steps of grey between two pictures in the band where they differ most, from some way off; 255: another size."""
    if abs(page.width - kept.width * SMALLER) > 0.02 * page.width:
        return 255
    if abs(page.height - kept.height * SMALLER) > 0.02 * page.height:
        return 255
    blur = ImageFilter.GaussianBlur(1.5)
    smaller = page.convert("L").resize(kept.size, Image.Resampling.BOX)
    apart = ImageChops.difference(smaller.filter(blur), kept.convert("L").filter(blur))
    height = kept.height / BANDS
    bands = (apart.crop((0, int(n * height), kept.width, int((n + 1) * height))) for n in range(BANDS))
    return max(float(ImageStat.Stat(band).mean[0]) for band in bands)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, page in golden().items():
        small(page).save(GOLDEN / f"{name}.png", optimize=True)
