"""Names, phones and what somebody wrote, made unrecognisable for channels whose servers are abroad (design: Trust).

A name keeps its initials, so that she knows her own dossier again; a phone its last three digits. In free words only
what is written in digits can be found: phone, identity and account numbers. That is why the rest of what she wrote is
shown to officials at /office first.
"""

import re

from messages.reply import Personal

_NUMBER = re.compile(r"(?<![\w.\-/])\+?\d(?:[ .\-]?\d){7,14}(?![\w\-/])")
"""Eight to fifteen digits, grouped as people group phones; dates, dossier codes and sums with dots do not look so."""
_SUM = re.compile(r"\d{1,3}(?:\.\d{3})+(?!\d)")
HIDDEN = "***"


def masked(personal: Personal) -> str:
    """The words as they may be shown abroad."""
    if personal.kind == "name":
        return " ".join(f"{word[0].upper()}." for word in personal.words.split())
    if personal.kind == "place":
        return HIDDEN
    if personal.kind == "phone":
        return _tail(personal.words)
    return _NUMBER.sub(lambda found: found[0] if _SUM.fullmatch(found[0]) else _tail(found[0]), personal.words)


def _tail(number: str) -> str:
    digits = "".join(sign for sign in number if sign.isdecimal())
    return f"{HIDDEN} {HIDDEN} {digits[-3:]}" if len(digits) > 3 else HIDDEN
