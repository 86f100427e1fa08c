"""A dossier's status set by hand in chat (A03): by its officer or whoever stands in, a clerk, whoever may approve.

It is a step of the trail with his name, and the villager is told as if the file had said it. A newer file wins; if it
says something else he is told once (`handlers.one_stop.ledger`). A wrong status is set back the same way: what was told
and is not true any more is taken back by the rules of the notices.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.conversation import Ask, Find
from bot.questions import Choice, Confirm, Text
from bot.routes import Routes, Start
from bot.turn import Turn
from handlers.one_stop.trail import may_set, opens
from messages.reply import Msg, Personal, Reply, _
from messages.reply import Text as Words
from messages.statuses import STATUSES
from storage import dossier_events, dossiers
from storage import trail as kept

routes = Routes()
NOT_HIS = _("Only the officer in charge, the clerk, or whoever approves may set it.")
NOTES: Mapping[int, Msg] = {
    5: _("Which papers are missing? Please write each of them; the villager reads it."),
    6: _("What has to be paid, and where? The villager reads it."),
    3: _("Why can it not be accepted, and what helps? The villager reads it."),
}


@dataclass(frozen=True)
class SetStatus:
    """Another status for a dossier that had `old` when he was asked."""

    code: str
    old: int
    new: int
    note: str


@routes.tap("set-status", role="official")
def begin(turn: Turn, code: str = "") -> Reply | Start:
    """Ask which, if he may."""
    found = dossiers.by_code(turn.db, turn.commune_id, code)
    if found is None:
        return Reply(_("There is no dossier {code} in the imported lists.", code=code))
    return Start("set-status", code=code) if may_set(turn, found) else Reply(NOT_HIS)


@routes.conversation("set-status", title=_("The status of a dossier"), role="official")
def which(ask: Ask, find: Find, code: str) -> SetStatus | None:
    """The new status in plain words, what the villager has to know, a last look."""
    found = find(dossiers.by_code, code)
    if found is None:
        return None
    plain = {str(each.id): each.plain for each in STATUSES.values() if each.id != found.status}
    prompt = _("Dossier {code} is “{status}” now. What is it?", code=found.code, status=STATUSES[found.status].plain)
    new = int(ask(Choice(f"status:{found.status}", prompt, dict(plain))))
    note = ask(Text(f"note:{new}", NOTES[new], at_least=4, at_most=500)) if new in NOTES else ""
    told: list[Words] = [_("{code}: from “{old}” to “{new}”.", code=found.code, old=STATUSES[found.status].plain,
                           new=STATUSES[new].plain)]  # fmt: skip
    told += [Personal(note, "words")] if note else []
    agreed = ask(Confirm("ok", _("Set it? Those who want to be told are told."), values=told,
                         yes=_("Yes, set it"), no=_("No")))  # fmt: skip
    return SetStatus(code, found.status, new, note) if agreed else None


@routes.does(SetStatus)
def set_it(command: SetStatus, turn: Turn) -> Reply:
    """Write status, step and what happened; of two officials at once one wins."""
    found = dossiers.by_code(turn.db, turn.commune_id, command.code)
    if found is None or turn.official is None or not may_set(turn, found):
        return Reply(NOT_HIS)
    by = (turn.official.id, turn.official.name)
    step = kept.set_status(turn.db, turn.commune_id, found.id, command.old, command.new, by, command.note, turn.now)
    if step is None:
        return Reply(_("It has changed meanwhile. Please look at it once more."), buttons=(opens(found),))
    dossier_events.put(turn.db, turn.commune_id, found.id, "moved", f"h{step}", turn.now, command.old, command.new)
    new = STATUSES[command.new].plain
    return Reply(
        _("Noted: dossier {code} is “{status}”.", code=found.code, status=new),
        _("The next list from the desk holds again, once it is newer than this."),
        buttons=(opens(found),),
    )
