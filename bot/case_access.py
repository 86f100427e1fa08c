"""Who may read a case, whose name is shown, where she is reached.

lane "office": every official; "leader": the head, past the counter (A19), and whoever he hands it to; "receiver": the
named receivers of citizens (L32). A village head sees a title and a place, by his own rules (handlers.cases.village).
"""

from bot import duty
from bot.turn import Address, Work
from storage import officials
from storage.cases import Case
from storage.officials import Official

RECEIVE = "receive"


def may_read(work: Work, official: Official | None, case: Case) -> bool:
    """Whether an official may read what was said in a case; village heads see less, by handlers.cases.village."""
    if official is None or official.role == "village-head":
        return False
    if case.lane == "receiver":
        return RECEIVE in official.rights
    if case.lane == "leader":
        return official.id == case.taken_by or official.id in {each.id for each in readers(work, case)}
    return True


def readers(work: Work, case: Case) -> list[Official]:
    """Who has to know of a case that is not for everybody: the head past the counter (A19), or the receivers (L32)."""
    return readers_of(work, case.lane)


def readers_of(work: Work, lane: str) -> list[Official]:
    """The same for every case of a lane; those of the office have none in particular."""
    if lane == "receiver":
        return duty.with_right(work, RECEIVE)
    if lane != "leader":
        return []
    heads = [each for each in duty.heads(work) if each.role != "clerk"]  # clerks sit at the counter
    return heads or [each for each in officials.active(work.db, work.commune_id) if each.role == "chairman"]


def shows_name(official: Official | None, case: Case) -> bool:
    """Whether her name and phone are shown: hidden ones only to the official who has the case."""
    return official is not None and (not case.hides_name or official.id == case.taken_by)


def address_of(case: Case) -> Address | None:
    """Where she is reached; None when she came by another door, or has been forgotten."""
    if case.channel is None or case.account is None or case.chat is None or case.sender is None:
        return None
    return Address(case.channel, case.account, case.chat, case.sender)
