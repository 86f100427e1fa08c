"""How a case ends: done with a result and its proof, or refused with who is responsible and why (B06, B10).

It ends once: whoever is second is told what has become of it. Everybody whose case it is, or whose case follows it, is
told; the files are officials' own, never a citizen's (L31). What still comes from an official's messenger is waited
for, so that she gets words and pictures together. Until she says otherwise or stays silent the case is not settled.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from bot import case_cards, case_news
from bot.turn import Work
from messages.cases import code
from messages.reply import Msg, Text, _
from storage import cases, officials, proofs, refusals
from storage.cases import Case

DONE, REFUSED = "done", "refused"


def end(
    work: Work, case: Case, state: str, official_id: int, text: str, data: Mapping[str, Any], proof: Iterable[str] = ()
) -> bool:
    """Done or refused in the name of that official, and told; False when the case had ended before."""
    ended = cases.move(
        work.db, work.commune_id, case.id, [cases.OPEN], state, done_at=work.now, remind_at=None, reminded=0,
        asked_at=None, satisfied=None, taken_by=official_id,
    )  # fmt: skip
    if not ended:
        return False
    for each in cases.joined_to(work.db, work.commune_id, case.id):
        cases.change(work.db, work.commune_id, each.id, done_at=work.now, closed_at=work.now)
    refusals.let_fall(work.db, work.commune_id, case.id, work.now)
    names = list(proof)
    coming = proofs.on_their_way(work.db, work.commune_id, names)
    entry = cases.add(
        work.db, work.commune_id, case.id, state, work.now, text=text, files=names, official_id=official_id, data=data,
        state="held" if coming else "queued",
    )  # fmt: skip
    proofs.wait_for(work.db, work.commune_id, entry, coming)
    if not coming:
        case_news.tell(work, case, entry)
    return True


def proof_came(work: Work, name: str) -> Case | None:
    """A file of a result has come, or never will: when it was the last, she is told, unless the case stands elsewhere
    by now. Whose result waited for it; None: none did.
    """
    found = proofs.came(work.db, work.commune_id, name)
    if found is None:
        return None
    entry_id, waits = found
    entry = cases.entry(work.db, work.commune_id, entry_id)
    case = cases.get(work.db, work.commune_id, entry.case_id) if entry else None
    if case is None or entry is None or waits or not cases.set_entry(work.db, work.commune_id, entry_id, "queued"):
        return case
    if case.state == entry.kind:
        case_news.tell(work, case, entry_id)
        case_cards.show(work, case)
    return case


def without_chat(work: Work, case: Case) -> list[Case]:
    """Cases that follow this one and whose reporters nobody can write to: somebody has to call them."""
    return [each for each in cases.joined_to(work.db, work.commune_id, case.id) if not each.has_chat]


def publish(work: Work, case: Case, official_id: int) -> None:
    """Title and result may be read by everybody from now on (B06)."""
    cases.change(work.db, work.commune_id, case.id, published=True)
    cases.add(work.db, work.commune_id, case.id, "published", work.now, official_id=official_id)


def may_publish(case: Case) -> bool:
    """Whether everybody may read its title and result: the title is an official's, and nothing points at anybody."""
    guarded = case.hides_name or case.sensitive or case.kept_from_head
    return bool(case.title) and case.lane == "office" and not guarded


def what_became(work: Work, case: Case) -> Msg:
    """What an official is told who comes too late to end a case."""
    named = code(case.number)
    if case.state == "withdrawn":
        return _("Case {code} has been taken back by whoever reported it.", code=named)
    last = cases.entries(work.db, work.commune_id, case.id, kinds=(DONE, REFUSED), limit=1)
    person = officials.get(work.db, work.commune_id, last[0].official_id) if last and last[0].official_id else None
    name: Text = person.name if person else _("a former official")
    if not last:
        return _("Case {code} is closed already.", code=named)
    if last[0].kind == REFUSED:
        return _("Case {code} has been refused already by {name}, {when}.", code=named, name=name, when=last[0].at)
    return _("Case {code} is closed already: {name} told the result, {when}.", code=named, name=name, when=last[0].at)
