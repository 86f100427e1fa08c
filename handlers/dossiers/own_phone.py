"""Her own phone, shared by one tap, lists every dossier that bears it (L05, L06).

Only her own number counts, and the channel says whose it is. The list tells what a code alone would: no name, and
nothing of a private procedure. A number that stands on the dossiers of many people (a helper's, a shop's) lists nothing
and proves nothing. The number is used to look and not kept.
"""

from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.dossiers import dossier, people
from handlers.dossiers.dossier import ANOTHER, PERSON, OwnPhone
from handlers.facts import today
from messages import dossiers as words
from messages.reply import Button, Reply, Text, _, lines
from messages.statuses import late
from storage import dossiers
from storage.dossiers import Dossier

routes = Routes()
SHOWN = 8


@routes.does(OwnPhone)
def list_hers(command: OwnPhone, turn: Turn) -> Reply:
    most = turn.commune.office.applicants_per_phone
    found = dossiers.of_phone(turn.db, turn.commune_id, command.number, most, SHOWN)
    if found is None:
        return Reply(
            _("This number stands for several people, so I may not list their dossiers."),
            _("Please type the dossier code printed on the slip."),
            buttons=(ANOTHER, PERSON),
        )
    if not found.newest:
        return Reply(
            *today.line(turn),
            _("I have found no dossier with this number."),
            _("Another number may have been given. A dossier handed in today may be found tomorrow."),
            dossier.age(turn),
            buttons=(ANOTHER, PERSON),
        )
    return _listed(turn, found)


def _listed(turn: Turn, found: dossiers.OfPhone) -> Reply:
    for each in found.newest:
        dossier.remember(turn, each)
    is_late = any(late(each.status, words.until(each), turn.now) for each in found.newest)
    sorry = [_("The office apologises: a dossier here is past its promised date.")] if is_late else []
    older = [_("These are the {shown} newest. For an older one, please type its code.", shown=SHOWN)]
    told = [_line(turn, number, each) for number, each in enumerate(found.newest, 1)]
    buttons = tuple(Button(each.code, str(RouteToken("lookup", (each.code_key,)))) for each in found.newest)
    return Reply(
        *today.line(turn), *sorry, _("Dossiers with your number: {count}.", count=found.count), *told,
        *(older if found.count > SHOWN else []), dossier.age(turn), buttons=(*buttons, ANOTHER), numbered=True,
    )  # fmt: skip


def _line(turn: Turn, number: int, found: Dossier) -> Text:
    told = words.brief(found, dossier.may_be_named(turn, found), turn.now)
    return _("{number}. {label}", number=number, label=lines(told, *people.whose_is(turn, found.id)))
