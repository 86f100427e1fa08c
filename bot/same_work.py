"""Which open cases may be about the same work, by the words and places they share (L31); only officials see them."""

from dataclasses import dataclass
from datetime import timedelta

from bot.turn import Work
from messages.cases import PUBLIC_WORKS
from storage import case_joins, cases
from storage.cases import Case, case_file

LIKELY = 0.5
"""Share of words from which on two cases are thought to be one work."""
SOME = 0.3
"""From which on an official who looks for it is shown a case."""


@dataclass(frozen=True, slots=True)
class Alike:
    """An open case, and which share of its words it has in common with another."""

    case: Case
    share: float


def alike(work: Work, case: Case) -> list[Alike]:
    """Open cases of the office that share words with this one, public works and the same thôn first."""
    since = work.now - timedelta(days=work.commune.cases.similar_days)
    shares = dict(case_joins.alike(work.db, work.commune_id, case.id, since))
    if not shares:
        return []
    found = cases.listed(work.db, work.commune_id, case_file.c.id.in_(list(shares)))
    ordered = sorted(found, key=lambda each: _rank(case, each, shares[each.id]), reverse=True)
    return [Alike(each, shares[each.id]) for each in ordered if shares[each.id] >= SOME]


def _rank(case: Case, other: Case, share: float) -> tuple[bool, bool, bool, float, int]:
    return other.field in PUBLIC_WORKS, other.village == case.village, other.field == case.field, share, -other.id


def likely(work: Work, case: Case) -> Case | None:
    """The open case that a new one most probably repeats: public work of the same kind, in the same thôn."""
    if not case.is_open or case.lane != "office" or case.field not in PUBLIC_WORKS:
        return None
    same = [
        each for each in alike(work, case)
        if each.share >= LIKELY and (each.case.field, each.case.village) == (case.field, case.village)
        and each.case.id < case.id
    ]  # fmt: skip
    return max(same, key=lambda each: each.share).case if same else None
