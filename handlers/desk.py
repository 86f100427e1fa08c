"""What the office sees of dossiers: the whole trail of one (A03), and an alert when no new list comes in (L04).

The alert is a card for the clerk after two full working days without an import, and one working day later for the
substitute; each goes out once for the same data.
"""

from datetime import timedelta

from bot.calendar import Calendar
from bot.routes import Routes
from bot.turn import Turn, Work
from messages import codes
from messages import dossiers as words
from messages.reply import Personal, Reply, Text, _, lines
from messages.statuses import STATUSES
from storage import dossiers, imports

routes = Routes()
CLERK, SUBSTITUTE = 2, 3
"""Full working days without an import."""


@routes.command("/hoso", role="official")
def trail(turn: Turn, rest: str) -> Reply:
    """Everything on file about one dossier; the details go only to officials, in their own chat."""
    if turn.in_group:
        return Reply(_("Others read along here. Please ask for a dossier in your own chat."))
    code = codes.find(rest)
    if not code:
        return Reply(_("Please write the code after it, for example /hoso H55.242-260901-0012."))
    found = dossiers.by_code(turn.db, turn.commune_id, codes.key(code[0]))
    as_of = imports.data_age(turn.db, turn.commune_id)
    if found is None:
        return Reply(_("There is no dossier {code} in the imported lists.", code=code[0]), words.age(as_of, False))
    sealed = dossiers.details(turn.db, turn.commune_id, found.id)
    told: list[Text] = [_("Status: {status}.", status=STATUSES[found.status].label)]
    told += [_("Phone: {phone}.", phone=phone(sealed.phone))] if sealed.phone else [_("No phone on file.")]
    told += [_("Village: {village}.", village=found.village)] if found.village else []
    told += [_("Note: {note}.", note=Personal(sealed.note, "words"))] if sealed.note else []
    watching = dossiers.watchers(turn.db, turn.commune_id, found.id)
    told += [_("People who want to be told: {count}.", count=len(watching))] if watching else []
    told += [_("Please call when it changes: {phone}.", phone=phone(each.phone)) for each in watching if each.phone]
    steps = dossiers.steps(turn.db, turn.commune_id, found.id)
    done = [words.step(step.status, step.at, step.officer) for step in steps]
    slip = words.slip(found, sealed.applicant, found.place or _("the reception desk of the commune"))
    return Reply(slip, lines(*told), lines(_("Steps so far:"), *done), words.age(as_of, False))


def phone(number: str) -> Personal:
    """As it is dialled in Việt Nam."""
    return Personal(number.replace("+84", "0", 1), "phone")


@routes.tick("stale-data", every=timedelta(hours=1))
def stale_data(work: Work) -> None:
    """Tell the clerk once, then the substitute once, that the list is old."""
    as_of = imports.data_age(work.db, work.commune_id)
    if as_of is None:
        return
    days = Calendar(work.commune).full_working_days(as_of, work.now)
    if days < CLERK or not imports.alert_once(work.db, work.commune_id, as_of, min(days, SUBSTITUTE)):
        return
    said = _("To the clerk: no list of dossiers since {when}. Please send the newest one.", when=as_of)
    if days >= SUBSTITUTE:
        said = _("To the substitute: still no list of dossiers since {when}. Please send the newest one.", when=as_of)
    work.send_office(Reply(said, card="stale-data", loud=True))
