"""What a recording is, told by its first bytes and not by what it calls itself: who plays it looks at these, too.

Ogg with Opus is what telephones record for a messenger (RFC 7845), MP3 and M4A are what it plays besides
(core.telegram.org/bots/api#sendvoice, #sendaudio).
"""

OGG, MP3, M4A = "audio/ogg", "audio/mpeg", "audio/mp4"
ENDINGS = {OGG: ".ogg", MP3: ".mp3", M4A: ".m4a"}
HEAD = 64
"""Bytes that are enough to tell."""
_BRANDS = (b"M4A ", b"M4B ")


def media_type(raw: bytes) -> str | None:
    """audio/ogg (with Opus), audio/mpeg or audio/mp4; None for whatever else it is."""
    if raw.startswith(b"OggS"):
        return OGG if b"OpusHead" in raw[:HEAD] else None
    if raw[4:8] == b"ftyp":
        return M4A if raw[8:12] in _BRANDS else None
    # An MPEG audio frame: eleven bits of sync, then no reserved version, layer III (ISO 11172-3).
    frame = len(raw) > 1 and raw[0] == 0xFF and raw[1] & 0xE6 == 0xE2 and raw[1] & 0x18 != 0x08
    return MP3 if raw.startswith(b"ID3") or frame else None
