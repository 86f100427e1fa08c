"""Drawing a letter: one template and one letter's data become a picture for the chat and a PDF for paper.

It runs in a process of its own (`bot.drawing`), so the service need not import it. The compiler stays warm between
letters. The PDF is PDF/A-2b, with which typst refuses a sign the font has not got instead of printing an empty box. The
picture gets a palette, which makes it a quarter as large and changes nothing that can be seen.
"""

import io
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import segno
import typst
from PIL import Image

from messages.letters.letter import Drawn, Undrawable

PIXELS_PER_INCH = 216
"""A page of 360 pt becomes 1,080 pixels wide."""
COLOURS = 32
"""With 16 the edges of letters look torn and pale grounds turn white."""
TALLEST = 7200
"""A longer page gets smaller: Telegram takes 10,000 pixels of width and height together, Zalo a megabyte."""
COMPRESSION = 2
"""A third larger than with 6, in less than half the time (measured)."""


def draw(source: bytes, data: Mapping[str, Any], qr: str, now: datetime) -> Drawn:
    """Draw `source` with `data`; `qr` is what its QR code says ("" for none). Raises Undrawable."""
    told = json.dumps({**data, "qr": _square(qr) if qr else ""}, ensure_ascii=False)
    try:
        png = _compile(source, told, form="phone", format="png", ppi=PIXELS_PER_INCH)
        pdf = _compile(source, told, form="paper", format="pdf", pdf_standards="a-2b", timestamp=int(now.timestamp()))
    except typst.TypstError as error:
        raise Undrawable(f"{error.message}\n{error.diagnostic}".strip()) from None
    return Drawn(_smaller(png), pdf)


@cache
def _compiler() -> typst.Compiler:
    """Warm, and with no font but those in typst itself: every machine draws the same letter."""
    return typst.Compiler(ignore_system_fonts=True)


def _compile(source: bytes, told: str, *, form: str, **how: Any) -> bytes:
    drawn = _compiler().compile(input=source, sys_inputs={"form": form, "data": told}, **how)
    if not isinstance(drawn, bytes):
        raise Undrawable("more than one page")
    return drawn


def _square(says: str) -> str:
    """The QR code as SVG, without a border: the page around it is white."""
    out = io.BytesIO()
    segno.make(says, error="m", micro=False).save(out, kind="svg", border=0, xmldecl=False)
    return out.getvalue().decode()


def _smaller(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png)) as whole:
        page = whole.convert("RGB")
        page.thumbnail((page.width, TALLEST))
        few = page.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, "PNG", compress_level=COMPRESSION)
    return out.getvalue()
