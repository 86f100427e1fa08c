"""An alert when no new list of dossiers comes in (L04).

It is a card for the clerk after two full working days without an import, and one working day later for the
substitute; each goes out once for the same data. Each is told in his own chats, too: first the clerks or whoever stands
in for them, then besides them the head, who can name somebody.
"""

from datetime import timedelta

from bot import duty
from bot.calendar import Calendar
from bot.routes import Routes
from bot.turn import Work
from messages.reply import Personal, Reply, _
from storage import imports

routes = Routes()
CLERK, SUBSTITUTE = 2, 3
"""Full working days without an import."""


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
    people = {each.id: each for each in (*duty.clerks(work), *(duty.heads(work) if days >= SUBSTITUTE else ()))}
    duty.tell(work, people.values(), Reply(said, loud=True), otherwise_office=False)
