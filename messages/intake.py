"""What a message from the village is about: which lane it belongs to, of what kind, in which field (domain 3.1, 3.7).

Sorted by content, never by the title somebody gave it: a pothole called "khiếu nại" is a report, a decision somebody
does not accept is a complaint whatever she calls it. Lists of words (`messages.intake_words`) and no model, so that a
person can read why a message went where it went. What is not sure is asked; nothing is an accusation or a complaint by
default, and without accents neither is ever sure (domain 9.2).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from messages import gates
from messages import intake_words as lists
from messages.cases import SENSITIVE
from messages.fold import nfc
from messages.intake_phrases import HINT, SURE, Phrases, Said

Lane = Literal["case", "complaint", "accusation", "crime", "quarrel", "emergency"]
GRAVITY: tuple[Lane, ...] = ("emergency", "crime", "accusation", "complaint", "quarrel", "case")
LONGEST = 6_000
"""Characters that are read; a message has at most 5,000."""
MOST_PARTS = 6


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
    text = nfc(text[:LONGEST])
    found = _one(text)
    matters = _matters(text)
    if len(matters) < 2:
        return found
    first, lanes = _one(matters[0]), {_one(each).lane for each in matters}
    found = replace(found, kind=first.kind, field=first.field, parts=tuple(matters))
    if len(lanes) == 1 or found.lane == "emergency":
        return found
    gravest = min(lanes | {found.lane}, key=GRAVITY.index)
    return replace(found, lane=gravest, sure=False, choices=tuple(sorted(lanes, key=GRAVITY.index, reverse=True)))


def apart(text: str) -> tuple[tuple[str, Sorted], ...]:
    """Each matter of a message with its own way, so that what accuses somebody never travels with a pothole; a message
    of one matter is that matter.
    """
    return tuple((part, replace(_one(part), parts=())) for part in sort(text).parts or (text,))


def served_badly(text: str) -> bool:
    """Whether somebody tells how she was treated at the counter: more papers, more money, coming again and again."""
    return bool(Said(text).hits(lists.COUNTER))


# --- one matter -------------------------------------------------------------------------------------------------------


def _one(text: str) -> Sorted:
    """A text taken as one matter."""
    said = Said(text)
    scores = _fields(said)
    field = _best(scores)
    kind = _kind(said, field)
    found = Sorted(
        kind=kind,
        field=field,
        sensitive=field in SENSITIVE,
        touches_head=_touches_head(said, field),
        angry=bool(said.hits(lists.ANGER)) or text.count("!") >= 3 or _shouted(text),
    )
    lane, choices = _lane(text, said, found)
    return replace(found, lane=lane, sure=not choices, choices=choices)


def _lane(text: str, said: Said, found: Sorted) -> tuple[Lane, tuple[Lane, ...]]:
    """The lane, and what to ask when it is not sure."""
    if gates.emergency(text):
        return "emergency", ()
    own, why = _complains(said, found)
    quarrel = _quarrels(said)
    harmless: tuple[Lane, ...] = ("quarrel",) if quarrel != "no" else ("case",)
    crime = gates.tells_of_crime(text)
    if crime != "no":
        return "crime", () if crime == "yes" else (*harmless, "crime")
    accuses = _accuses(text)
    if accuses == "yes":
        return "accusation", ()
    if accuses == "maybe":
        return "accusation", (*(("complaint",) if own else harmless), "accusation")
    if own:
        sure = why == "sure" and quarrel == "no"
        return "complaint", () if sure else (*harmless, "complaint")
    if quarrel != "no":
        return "quarrel", () if quarrel == "yes" else ("case", "quarrel")
    return "case", ()


def _accuses(text: str) -> gates.Verdict:
    """What the gate says, but for words that deny ("không hề vòi vĩnh") or only call the counter rude: those are
    asked about, since praise and bad manners accuse nobody.
    """
    verdict = gates.accuses(text)
    if verdict != "yes":
        return verdict
    return verdict if gates.accuses(_MILD.sub(" ", text)) == "yes" else "maybe"


_MILD = re.compile(
    r"(?:không|chẳng|chả|ko|chưa)(?: hề| bao giờ| bao giờ có| có| có chuyện)? (?:\w+ ){0,2}?(?:vòi vĩnh|nhũng nhiễu|"
    r"hạch sách|nhận tiền|nhận phong bì|đòi tiền|đòi quà|gây khó dễ|làm khó|phong bì|đòi phong bì|cửa quyền|lấy tiền|"
    r"tham ô|tham nhũng)|(?:quát|nạt|chửi|quát mắng|quát tháo)(?! tiền)",
    re.IGNORECASE,
)


def _complains(said: Said, found: Sorted) -> tuple[bool, str]:
    """Whether her own right is harmed by a decision or an act; "sure", or "ask"."""
    titled, decided = said.hits(lists.TITLED), said.hits(lists.DECISIONS)
    disagrees, own = said.hits(lists.DISAGREES), said.hits(lists.OWN)
    public = found.field in lists.PUBLIC
    if titled and not decided and not disagrees and public:
        return False, ""
    if not titled and not (decided and disagrees):
        harmed = decided and own and any(hit.phrase[0] in ("bị", "cắt", "thu", "gạch") for hit in decided)
        return bool(harmed and not public), "ask"
    if public and not decided:
        return bool(own and titled), "ask"
    exact = [hit for hit in (*titled, *disagrees, *decided) if hit.exact]
    firm = bool(titled and titled[0].exact and not public) or (
        any(hit.exact for hit in decided) and any(hit.exact for hit in disagrees) and bool(own or found.field == "land")
    )
    return True, "sure" if firm and exact and not public and said.accented else "ask"


def _quarrels(said: Said) -> gates.Verdict:
    """Whether two private people are at odds: about a border, a debt, a marriage."""
    if said.hits(lists.OF_ALL):
        return "no"
    named, borders = said.hits(lists.QUARRELS), said.hits(lists.BORDERS)
    if not named and not (borders and said.hits(lists.NEIGHBOURS)):
        return "no"
    return "maybe" if said.hits(lists.PAPERS) else "yes"


# --- what the card must know ------------------------------------------------------------------------------------------


def _fields(said: Said) -> Mapping[str, tuple[int, int]]:
    """By field what its words weigh and, negative, where the first stands; the longest phrase has its words alone."""
    hits = [(hit, weight, name) for name, words in _EVERY for hit, weight in words.hits(said)]
    hits.sort(key=lambda each: (each[0].at - each[0].end, each[0].at))
    taken: set[int] = set()
    scores: dict[str, tuple[int, int]] = {}
    for hit, weight, name in hits:
        places = set(range(hit.at, hit.end))
        if taken & places:
            continue
        taken |= places
        so_far, at = scores.get(name, (0, -hit.at))
        scores[name] = (so_far + weight, max(at, -hit.at))
    scores.pop("", None)
    return scores


_EVERY: tuple[tuple[str, Phrases], ...] = (("", lists.NOTHING), *lists.FIELDS.items())


def _best(scores: Mapping[str, tuple[int, int]]) -> str:
    found = max(scores, key=lambda name: scores[name], default="other")
    instead = lists.INSTEAD.get(found, "")
    return instead if instead in scores else found


def _kind(said: Said, field: str) -> str:
    """Facts of a defect make a report whatever is asked for besides; then praise, a wish, a view."""
    broken = bool(lists.BROKEN.hits(said))
    pleas = {place for hit in said.hits(lists.PLEAS) for place in range(hit.at, hit.end)}
    if not broken and any(hit.at not in pleas for hit in said.hits(lists.PRAISES)):
        return "praise"
    if not broken and said.hits(lists.WISHES):
        return "proposal"
    return "opinion" if not broken and said.hits(lists.VIEWS) else "report"


def _touches_head(said: Said, field: str) -> bool:
    if field == "money" or said.hits(lists.HEADS) or said.hits(lists.DUES):
        return True
    return any(
        not (lists.AT_A_HOUSE & set(said.words[max(0, hit.at - 2) : hit.at])) for hit in said.hits(lists.HOUSEHOLDS)
    )


def _shouted(text: str) -> bool:
    letters = [sign for sign in text if sign.isalpha()]
    return len(letters) > 20 and sum(map(str.isupper, letters)) > 0.7 * len(letters)


# --- several matters --------------------------------------------------------------------------------------------------

_ITEM = re.compile(r"(?:^|(?<=[\n.;:!?]))[ \t]*(?:\(?\d{1,2}[.)/](?!\d)|[-–•*+](?=\s))\s*", re.MULTILINE)
_NEXT = re.compile(rf"(?:(?<=^)|(?<=[\n.;,!?] )|(?<=[\n.;,!?]))(?={lists.NEXT})", re.IGNORECASE | re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")


def _matters(text: str) -> list[str]:
    """The matters of a message. Never one matter in two: a list or a word for "besides" parts only what speaks of
    different things, plain sentences only what has nothing to do with each other.
    """
    listed = [each for each in _ITEM.split(text) if each.strip()] if len(_ITEM.findall(text)) > 1 else []
    pieces = listed or [each for each in _NEXT.split(text) if each.strip()]
    if len(pieces) > 1 and len(found := _joined(pieces, plain=False)) > 1:
        return found
    sentences = [each for each in _SENTENCE.split(text) if each.strip()]
    return _joined(sentences, plain=True) if len(sentences) > 1 else []


def _joined(pieces: list[str], *, plain: bool) -> list[str]:
    """Pieces put together again until each is a matter of its own; [] when they are one, or too many to be told."""
    groups: list[tuple[str, Sorted]] = []
    for piece in pieces:
        piece = piece.strip(" \t\n,;-")
        found = _one(piece)
        told = _tells(piece, found, plain=plain)
        if groups and (not told or not _differs(groups[-1][1], found, plain=plain)):
            before, first = groups[-1]
            # What came first without saying anything ("Kính gửi xã") takes the matter that follows.
            groups[-1] = (f"{before} {piece}", first if _tells(before, first, plain=plain) or not told else found)
        else:
            groups.append((piece, found))
    if not 2 <= len(groups) <= MOST_PARTS:
        return []
    if plain and any(not _differs(one, other, plain=True) for one, other in _pairs(groups)):
        return []
    return [piece for piece, _found in groups]


def _pairs(groups: list[tuple[str, Sorted]]) -> Iterator[tuple[Sorted, Sorted]]:
    for at, (_piece, one) in enumerate(groups):
        for _other, two in groups[at + 1 :]:
            yield one, two


def _tells(piece: str, found: Sorted, *, plain: bool) -> bool:
    """Whether a piece is about something by itself."""
    if found.lane != "case":
        return not plain or found.lane in ("complaint", "quarrel")
    weight = _fields(Said(piece)).get(found.field, (0, 0))[0]
    return found.kind != "praise" and weight >= (SURE if plain else HINT)


def _differs(one: Sorted, other: Sorted, *, plain: bool) -> bool:
    if one.lane != other.lane:
        return not plain or "accusation" not in (one.lane, other.lane)
    if one.field == other.field or "other" in (one.field, other.field):
        return False
    return not plain or frozenset((one.field, other.field)) not in lists.AKIN
