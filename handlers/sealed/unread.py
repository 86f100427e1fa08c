"""Nobody has read it: counts alone on working days 1, 3 and 5; on the seventh she is told where to file (L29).

In her chat the words are neutral, because the phone may be somebody else's (L30); the page of her receipt says it all.
"""

from datetime import timedelta

from bot.calendar import Calendar
from bot.duty import heads, tell
from bot.routes import Routes
from bot.sealed_news import tell_readers
from bot.turn import Address, Work
from messages.dossiers import today
from messages.render import ZONE
from messages.reply import Reply, _
from storage import sealed
from storage.sealed import Item

routes = Routes()


@routes.tick("sealed-unread", every=timedelta(hours=1))
def remind(work: Work) -> None:
    """What is due today, while the office is open."""
    calendar, terms = Calendar(work.commune), work.commune.sealed
    if not calendar.open_at(work.now):
        return
    late: dict[int, list[Item]] = {}
    for item in sealed.waiting(work.db, work.commune_id):
        days = calendar.working_days_between(item.received_at.astimezone(ZONE).date(), today(work.now))
        if days >= terms.told_day and item.told_at is None:
            _tell_her(work, item)
        due = max((day for day in terms.remind_days if day <= days), default=0)
        if due > item.reminded:
            late.setdefault(due, []).append(item)
    for day, items in late.items():
        sealed.reminded(work.db, work.commune_id, [each.id for each in items], day)
    tell_readers(work, [item for items in late.values() for item in items])


def _tell_her(work: Work, item: Item) -> None:
    back = sealed.told(work.db, work.commune_id, item.id, work.now)
    if back is not None:
        work.send(Address(*back), Reply(NEWS, _("Please look at the page of your receipt, or come to the office.")))
    count = sealed.count_waiting(work.db, work.commune_id)
    told = _("{count} closed messages wait to be read.", count=count)
    chairmen = [each for each in heads(work) if each.role == "chairman"]
    tell(work, chairmen, Reply(told, _("Nobody has read one of them for too long.")), otherwise_office=False)


NEWS = _("The commune has news for you.")
