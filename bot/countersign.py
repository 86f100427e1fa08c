"""Refusals that need the Chairman's agreement before she is told (B10).

Always those of a sensitive case (B09) and of one that is past the counter (A19), and all when the commune says so. What
is for the receivers of citizens (L32) is nobody else's to read, so they refuse it themselves. Whoever proposed it does
not agree to it himself, unless he is the Chairman.
"""

from bot import case_cards, duty
from bot.case_access import may_read
from bot.commune_cases import CaseTerms
from bot.tokens import RouteToken
from bot.turn import OFFICE_ACCOUNT, Address, Work
from messages.cases import code
from messages.reply import Button, Msg, Personal, Reply, _
from storage import officials
from storage.cases import Case
from storage.officials import Official
from storage.refusals import Refusal


def needed(terms: CaseTerms, case: Case, official: Official) -> bool:
    """Whether somebody has to agree before this official's refusal is told."""
    if official.role == "chairman" or case.lane == "receiver":
        return False
    return case.lane == "leader" or case.sensitive or terms.countersign


def deciders(work: Work, case: Case, proposer: int) -> list[Official]:
    """Who may agree: the Chairman, or whoever acts for him; he himself when only the proposer would be left."""
    acting = [each for each in duty.heads(work) if each.id != proposer and may_read(work, each, case)]
    chairmen = [each for each in officials.active(work.db, work.commune_id) if each.role == "chairman"]
    return acting or [each for each in chairmen if each.id != proposer]


def may_decide(work: Work, official: Official, case: Case, proposer: int) -> bool:
    """Whether this official may agree to it now."""
    if official.role == "chairman":
        return True
    return official.id in {each.id for each in deciders(work, case, proposer)}


def ask(work: Work, case: Case, found: Refusal) -> list[Official]:
    """Whoever may agree is asked in all his own chats; what is not for every official is read at /office alone."""
    people = deciders(work, case, found.asked_by)
    for each in people:
        for to in duty.chats(work, each):
            work.send(to, at(work, to, case, found))
    return people


def at(work: Work, to: Address, case: Case, found: Refusal) -> Reply:
    """The proposal as it may stand in that chat."""
    at_desk = to.account == OFFICE_ACCOUNT or case.lane == "office"
    return shown(work, case, found) if at_desk else _outline(case)


def shown(work: Work, case: Case, found: Refusal) -> Reply:
    """A proposal for whoever decides: the case, who is responsible, the ground, and who proposes it."""
    by = officials.get(work.db, work.commune_id, found.asked_by)
    proposes = (
        _("{name}, {post}, proposes to refuse it.", name=by.name, post=by.post) if by else case_cards.header(case)
    )
    return Reply(
        _("Your agreement is asked: {code} is to be refused.", code=code(case.number)), case_cards.header(case),
        proposes, _("Responsible: {owner}.", owner=found.owner),
        _("She would read: {words}", words=Personal(found.ground, "words")),
        buttons=(*_buttons(found), case_cards.button("case-open", case)), loud=True,
    )  # fmt: skip


def _outline(case: Case) -> Reply:
    told = _("Your agreement is asked: {code} is to be refused.", code=code(case.number))
    return Reply(told, _("Please open it at /office."), loud=True)


def _buttons(found: Refusal) -> tuple[Button, ...]:
    number = (str(found.id),)
    return (
        Button(_("Agree"), str(RouteToken("refusal-agree", number))),
        Button(_("Send back"), str(RouteToken("refusal-back", number))),
    )


def decided(work: Work, case: Case, found: Refusal) -> Msg:
    """What is told to whoever decides too late."""
    person = officials.get(work.db, work.commune_id, found.decided_by) if found.decided_by else None
    if person is None or found.decided_at is None:
        return _("Nothing has to be decided any more: {code} has ended otherwise.", code=code(case.number))
    if found.state == "agreed":
        return _("{name} has agreed already, {when}.", name=person.name, when=found.decided_at)
    return _("{name} has sent it back already, {when}.", name=person.name, when=found.decided_at)
