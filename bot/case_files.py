"""Who may see the files of a case: whoever may read the case, looked at each time one is fetched, and nobody by a link.

Whatever a page knows of a name, the case decides at /office; a village head sees what she agreed to show him (L31).
Whoever sent a file from a chat box sees it there as before.
"""

from bot.case_access import may_read
from bot.turn import OFFICE_ACCOUNT, Work
from storage import case_media, cases, officials
from storage.cases import Case
from storage.officials import Official


def shown_to(official: Official | None, case: Case) -> bool:
    """Whether a village head sees her words, photos and, unless it is hidden, her name: only if she said yes."""
    return stands_on_list(official, case) and case.shown_to_head


def stands_on_list(official: Official | None, case: Case) -> bool:
    """Whether a case stands on a village head's list: of his own thôn, for everybody at the office, and neither about
    him, his kin, contributions or a household, nor about money of the thôn.
    """
    if official is None or official.role != "village-head" or official.village is None:
        return False
    kept = case.kept_from_head or case.field == "money" or case.lane != "office"
    return case.village == official.village and not kept


def may_see(work: Work, name: str, account: str, chat: str) -> bool | None:
    """Whether a page may fetch a file; None when no case decides it."""
    found = [cases.get(work.db, work.commune_id, each) for each in case_media.cases_of(work.db, work.commune_id, name)]
    if not found:
        return None
    person = officials.of(work.db, work.commune_id, "web", account, chat)
    if account == OFFICE_ACCOUNT:
        return any(case is not None and may_read(work, person, case) for case in found)
    return True if any(case is not None and shown_to(person, case) for case in found) else None
