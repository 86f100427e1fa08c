"""What happens to a case is told to whoever reported it, and to all whose cases have been joined to it.

A turn never writes into another chat: each is woken by the event `case-news`, which `handlers.cases.told` puts into
words. Where she has no chat with us (another door), an official calls her; the card says so.
"""

from bot.case_access import address_of
from bot.turn import Address, Work
from storage import cases
from storage.cases import Case


def tell(work: Work, case: Case, entry_id: int) -> int:
    """One entry of a case concerns her: wake her chat, and those of joined cases; how many were woken."""
    everybody = (case, *cases.joined_to(work.db, work.commune_id, case.id))
    chats = dict[Address, Case]()
    for each in everybody:
        if (to := address_of(each)) is not None:
            chats.setdefault(to, each)
    for to, each in chats.items():
        work.wake(to, "case-news", f"{each.id}:{entry_id}", case=each.id, entry=entry_id)
    return len(chats)
