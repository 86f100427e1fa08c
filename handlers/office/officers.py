"""Officers' names of the desk's file that nobody invited bears: a clerk says by a tap whom each means (L21)."""

from datetime import timedelta

from bot import duty
from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from messages.reply import Button, Reply, _
from storage import officer_names, officials

routes = Routes()


@routes.tick("officer-names", every=timedelta(days=1))
def count_names(work: Work) -> None:
    """How many running dossiers bear each name of the file."""
    officer_names.count(work.db, work.commune_id)


@routes.tap("officer", role="clerk")
def whose(turn: Turn, name: str = "") -> Reply:
    """Whom a name of the file means: everybody invited is offered."""
    found = next((each for each in duty.unmatched_names(turn) if str(each.id) == name), None)
    if found is None:
        return Reply(_("This name is matched already."))
    people = [each for each in officials.active(turn.db, turn.commune_id) if each.role != "village-head"]
    buttons = [
        Button(f"{each.name}, {each.post}", str(RouteToken("officer-is", (name, str(each.id))))) for each in people
    ]
    invite = _("Nobody of them? Please invite with /moi, with the name as the file has it.")
    return Reply(_("Who is “{name}” in the file?", name=found.name), invite, buttons=tuple(buttons))


@routes.tap("officer-is", role="clerk")
def tie(turn: Turn, name: str = "", official: str = "") -> Reply:
    """From now on that name means him."""
    wanted = int(official) if official.isdecimal() and len(official) < 19 else 0
    person = officials.get(turn.db, turn.commune_id, wanted)
    which = int(name) if name.isdecimal() and len(name) < 19 else 0
    if person is None or turn.official is None or person.role == "village-head":
        return Reply(_("That official is not here any more."))
    tied = officer_names.tie(turn.db, turn.commune_id, which, person.id, turn.official.id, turn.now)
    if tied is None:
        return Reply(_("This name is not in the file any more."))
    duty.forget(turn)
    return Reply(_("“{name}” in the file means {official} from now on.", name=tied, official=person.name))
