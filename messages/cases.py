"""What cases are called: their number as people say it, kinds, fields, doors; in the words of a village.

The number is the same whatever kind an official finds it to be: PA-0042, read aloud "phản ánh số bốn mươi hai".
"""

import re
from collections.abc import Mapping

from messages.reply import Msg, _

KINDS: Mapping[str, Msg] = {
    "report": _("a report"), "proposal": _("a proposal"), "opinion": _("an opinion"), "praise": _("words of praise"),
}  # fmt: skip
FIELDS: Mapping[str, Msg] = {
    "road": _("roads and bridges"),
    "flood": _("flooding and drains"),
    "light": _("electricity and street lights"),
    "water": _("water supply"),
    "rubbish": _("rubbish and environment"),
    "noise": _("noise"),
    "safety": _("safety and order"),
    "animals": _("animals and crops"),
    "school": _("schools and health stations"),
    "land": _("land and compensation"),
    "policy": _("support and social policy"),
    "service": _("how people are served at the counter"),
    "money": _("contributions and funds of the thôn"),
    "other": _("another matter"),
}
SENSITIVE = frozenset({"land", "policy"})
"""B09: land, land recovery, compensation, social policy."""
PUBLIC_WORKS = frozenset({"road", "flood", "light", "water", "rubbish"})
"""Only such a case may be offered to others as the same work (L31)."""
SOURCES: Mapping[str, Msg] = {
    "chat": _("by chat"), "phone": _("by telephone"), "letterbox": _("from the letter box"),
    "in_person": _("in person"), "facebook": _("on Facebook"), "email": _("by e-mail"),
    "village_head": _("through the village head"),
}  # fmt: skip

_CODE = re.compile(r"(?<!\w)p\s?a\s?[-–—. ]{0,3}(?:số\s|so\s)?(\d{1,7})(?!\w)", re.IGNORECASE)
_SPOKEN = re.compile(r"(?:phản ánh|phan anh|kiến nghị|kien nghi|góp ý|gop y|vụ việc|vu viec) (?:số|so) (\d{1,7})(?!\w)")


def code(number: int) -> str:
    """PA-0042."""
    return f"PA-{number:04d}"


def find(text: str) -> list[int]:
    """The numbers of cases that stand in a text, in order: "PA-0042", "pa 42", "phản ánh số 42"."""
    hits = [*_CODE.finditer(text), *_SPOKEN.finditer(text.casefold())]
    return list(dict.fromkeys(int(hit[1]) for hit in sorted(hits, key=lambda hit: hit.start()) if int(hit[1])))
