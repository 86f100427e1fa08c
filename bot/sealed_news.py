"""What is told about sealed items: how many wait, to whoever must act; never what they are about (L29, L30)."""

from collections.abc import Iterable

from bot import duty
from bot.commune import Commune
from bot.turn import Work
from messages.reply import Reply, Text, _
from storage import sealed
from storage.officials import Official

DUTY = "duty"


def province(commune: Commune) -> tuple[Text, ...]:
    """Where something about the Chairman or a Vice-Chairman goes; the address only when it has been written down."""
    address = commune.sealed.province
    where: tuple[Text, ...] = (_("Address: {address}", address=address),) if address else ()
    return (
        _("What concerns the Chairman or a Vice-Chairman of the commune is settled by the Chairman of the province."),
        *where,
        _("Please send it there on paper, or go there and speak. The commune keeps nothing of it."),
    )


def tell_duty(work: Work) -> None:
    """Whoever is on duty learns at once that something of this lane waits, and nothing of what it is."""
    people = duty.with_right(work, DUTY) or [each for each in duty.heads(work) if each.role == "chairman"]
    told = Reply(_("Something waits in the closed box for crime and violence. Please look at /office."), loud=True)
    duty.tell(work, people, told, otherwise_office=False)


def tell_readers(work: Work, items: Iterable[sealed.Item]) -> None:
    """Each reader learns how many of these he may read."""
    wanted = {each.id for each in items}
    people = {each.id: each for each in _named(work)}
    for official_id, person in people.items():
        mine = wanted & {each.id for each in sealed.readable(work.db, work.commune_id, official_id)}
        if mine:
            told = _("{count} closed messages wait to be read. Please open them at /office.", count=len(mine))
            duty.tell(work, [person], Reply(told, loud=True), otherwise_office=False)


def _named(work: Work) -> list[Official]:
    named = {each.official_id for each in sealed.readers(work.db, work.commune_id)}
    return [each for each in duty.with_right(work, sealed.READ) if each.id in named]
