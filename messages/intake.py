"""What a message from the village is about: which lane it belongs to, of what kind, in which field (domain 3.1, 3.7).

Sorted by content, never by the title somebody gave it. Lists of words and no model, so that a person can read why a
message went where it went. What is not sure is asked; nothing is an accusation or a complaint by default.
"""

from dataclasses import dataclass
from typing import Literal

from messages import gates
from messages.fold import fold

Lane = Literal["case", "complaint", "accusation", "crime", "quarrel", "emergency"]
_FIELDS = {
    "flood": ("ngap", "cong", "thoat nuoc"), "road": ("duong", "cau", "o ga"), "light": ("den", "dien"),
    "water": ("nuoc sach",), "rubbish": ("rac", "o nhiem"), "noise": ("on", "karaoke"), "land": ("dat", "thu hoi"),
    "policy": ("tro cap", "ho ngheo"), "service": ("mot cua", "can bo"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sorted:
    """What a message is. sure: else one question is asked, with the lanes in `choices`. kind, field: of a case.

    sensitive: land, compensation, social policy (B09). touches_head: the village head, his kin, contributions, or a
    household (L31). angry: she is beside herself (B13). parts: the matters it has, one by one, when there are several.
    """

    lane: Lane = "case"
    kind: str = "report"
    field: str = "other"
    sure: bool = True
    choices: tuple[Lane, ...] = ()
    sensitive: bool = False
    touches_head: bool = False
    angry: bool = False
    parts: tuple[str, ...] = ()


def sort(text: str) -> Sorted:
    """What a text is about."""
    if gates.emergency(text):
        return Sorted("emergency")
    accuses = gates.accuses(text)
    if accuses != "no":
        return Sorted("accusation", sure=accuses == "yes", choices=("case", "accusation"))
    bare = f" {fold(text)} "
    field = next((name for name, words in _FIELDS.items() if any(f" {word} " in bare for word in words)), "other")
    return Sorted(field=field, sensitive=field in ("land", "policy"))
