"""A case that another report may be about: the same public work, under an official's title (L31).

Looked for by words and by the square on the map, both kept as digests only. Whoever is asked "cùng việc này?" reads the
official's title and the thôn, never what anybody else wrote.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.casework import words_of
from bot.commune import Commune
from messages.cases import PUBLIC_WORKS
from messages.fold import fold
from messages.understanding.table import COMMON
from storage import case_words, cases
from storage.cases import Case

ENOUGH = 2
"""Words that two reports of the same thôn share when they may be about the same work."""
_NAMED = re.compile(r"(?<!\w)(?:thon|ban|xom|khu|to|lang|ap|buon) (\w+(?: \w+)?)")
_NEAR = re.compile(
    r"(?<!\w)(?:truoc|gan|canh|sat|doi dien|dau|cuoi|nga ba|nga tu|cong|cho|truong|nha van hoa|ngo|ngach|hem|so nha|km|"
    r"cau|quoc lo|tinh lo|ql|tram|san bong|dinh|chua)(?: \w+)"
)


@dataclass(frozen=True, slots=True)
class Alike:
    """What another case is compared with."""

    text: str
    field: str
    village: str | None = None
    place: tuple[float, float] | None = None


def places_named(text: str) -> list[str]:
    """What her words name as a place: "thôn 3", "trước cổng trường"; folded."""
    said = fold(text)
    return [hit[0] for hit in (*_NAMED.finditer(said), *_NEAR.finditer(said))]


def alike(db: Connection, commune_id: int, commune: Commune, now: datetime, told: Alike) -> Case | None:
    """The open case she may mean, or None; the one that shares most words first."""
    if told.field not in PUBLIC_WORKS or (told.village is None and told.place is None):
        return None
    since = now - timedelta(days=commune.cases.similar_days)
    here = set(fold(told.village or "").split())
    words = [word for word in words_of(told.text) if word not in COMMON and word not in here]
    named = {each.id: each for each in cases.titled(db, commune_id, told.field, since)}
    if not named:
        return None
    squares = case_words.squares(told.place)[:1] if told.place else []
    near = {each for each, _many in case_words.found(db, commune_id, squares, since, among=named)}
    for each, shared in case_words.found(db, commune_id, words, since, among=named):
        if (shared >= ENOUGH or each in near) and _offered(named[each], told, each in near):
            return named[each]
    return None


def _offered(case: Case, told: Alike, near: bool) -> bool:
    """Only public works of every official's, named neutrally by one of them, at the same place."""
    shown = case.is_open and case.lane == "office" and bool(case.title) and not case.sensitive
    return shown and case.field == told.field and (near or (case.village is not None and case.village == told.village))
