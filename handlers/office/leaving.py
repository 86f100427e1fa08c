"""An official has left: his rights end at once, and with them every key to what is sealed (L29).

What he had goes to others: requests to a clerk (handlers.office.absence), cases to the office (handlers.cases.clock). A
clerk lets nobody go who is the Chairman or a clerk; nobody lets himself go.
"""

from dataclasses import dataclass

from bot import duty
from bot.conversation import Ask, Find
from bot.questions import Choice, Confirm
from bot.routes import Routes, Start
from bot.turn import Turn
from messages.reply import Reply, Text, _
from storage import officials, sealed
from storage.officials import Official

routes = Routes()
LEADS = frozenset({"chairman", "clerk"})


@dataclass(frozen=True)
class LetGo:
    """His rights end."""

    official: int


@routes.command("/thoiquyen", words=("thôi giao quyền", "cán bộ nghỉ việc"), role="clerk")
@routes.command("/thoiquyen", words=("thôi giao quyền", "cán bộ nghỉ việc"), role="chairman")
def begin(turn: Turn, rest: str = "") -> Start:
    """The chairman and the clerk, who invite."""
    return Start("let-go")


@routes.conversation("let-go", title=_("An official who has left"), role="official")
def let_go(ask: Ask, find: Find) -> LetGo | None:
    """Who, and a look at what ends."""
    people = {str(each.id): each for each in find(officials.active) if _may(find.official, each)}
    options: dict[str, Text] = {key: f"{each.name}, {each.post}" for key, each in people.items()}
    if not options:
        return LetGo(0)
    chosen = people[ask(Choice("who", _("Who works here no longer?"), options))]
    shown = (f"{chosen.name}, {chosen.post}",)
    prompt = _("All rights here end at once; what was written stays. Is that right?")
    agreed = ask(Confirm("sure", prompt, values=shown, yes=_("Yes, end the rights"), no=_("No")))
    return LetGo(chosen.id) if agreed else None


def _may(mine: Official | None, other: Official) -> bool:
    if mine is None or mine.role not in LEADS or mine.id == other.id:
        return False
    return mine.role == "chairman" or other.role not in LEADS


@routes.does(LetGo)
def end_rights(command: LetGo, turn: Turn) -> Reply:
    """Looked at again now; the Chairman hears of it."""
    person = officials.get(turn.db, turn.commune_id, command.official)
    if turn.official is None or person is None or not _may(turn.official, person):
        return Reply(_("Nothing was changed: that is not yours to decide, or nobody of that name is here."))
    sealed.leave(turn.db, turn.commune_id, person.id)
    duty.forget(turn)
    told = _("{name}, {post}, has no rights here any more.", name=person.name, post=person.post)
    others = [each for each in duty.heads(turn) if each.id != turn.official.id]
    duty.tell(turn, others, Reply(told), otherwise_office=False)
    return Reply(told, _("What was in hand goes to others within minutes of the office's hours."))
