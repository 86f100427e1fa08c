"""Pictures as they come from a phone: nothing of where or when they were taken is kept, and identity cards are refused.

EXIF can hold the place of her home. A picture whose QR code is that of an identity card (the card's own QR carries the
12-digit number and the holder's data, parted by "|") is sensitive data (NĐ 356/2025) and is not stored; one without a
readable QR cannot be recognised, and the privacy text says so.

All codes of a picture are read for that anyway, so the dossier codes among them are handed on (a photographed slip:
L15). What a code says is only searched for them: an address in it is never opened.
"""

import io
import re
from dataclasses import dataclass

import zxingcpp
from PIL import Image, ImageOps, UnidentifiedImageError

from messages import codes

LONGEST_SIDE = 2048
MOST_PIXELS = 60_000_000
LONGEST_CODE = 2000
"""Letters of a QR code that are searched."""
MOST_CODES = 5
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""What phones and scanners make. The other readers of the library, some of which start programs, stay closed."""
_IDENTITY_CARD = re.compile(r"^\d{12}\|(\d{9})?\|[^|]+\|\d{8}\|")
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""Brands of ISO/IEC 23008-12 files."""
_UNREADABLE = (
    UnidentifiedImageError,
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


class NotAPicture(Exception):
    """The bytes are not a picture that can be opened."""


class Unopenable(Exception):
    """A picture of a kind that cannot be opened, so nothing could be taken out of it (HEIC, an iPhone's own format)."""


class IdentityCard(Exception):
    """The picture shows the QR code of an identity card."""


@dataclass(frozen=True, slots=True)
class Clean:
    """A picture as it may be kept: JPEG without any metadata, and the dossier codes its QR and bar codes hold."""

    jpeg: bytes
    codes: tuple[str, ...] = ()


def clean(raw: bytes) -> Clean:
    """The picture upright, at most 2048 pixels a side. Raises NotAPicture, Unopenable, IdentityCard."""
    if raw[4:8] == b"ftyp" and raw[8:12] in _HEIC:
        raise Unopenable
    try:
        with Image.open(io.BytesIO(raw), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise NotAPicture("too many pixels")
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except _UNREADABLE as error:
        raise NotAPicture(type(error).__name__) from error
    said = [code.text for code in zxingcpp.read_barcodes(picture)]
    if any(map(_IDENTITY_CARD.match, said)):
        raise IdentityCard
    found = dict.fromkeys(code for each in said for code in codes.find(each[:LONGEST_CODE]))
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return Clean(out.getvalue(), tuple(found)[:MOST_CODES])
