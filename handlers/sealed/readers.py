"""The two named readers: by written decision, changed with all keys, gone with all keys (L29).

The Chairman names them with /nguoidockin among the officials who were invited with the right "read-sealed". Naming one
in a place takes every key from whoever stood there and wraps them anew, in one transaction. Whoever is removed, or has
lost the right, loses all within the hour even when nobody has named another.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from bot.conversation import Ask, Find
from bot.questions import Choice, Confirm, Text
from bot.routes import Routes, Start
from bot.turn import Turn, Work
from handlers.office.absence_days import Day
from messages.dossiers import today
from messages.reply import Reply, _, lines
from messages.reply import Text as Words
from storage import officials, sealed
from storage.officials import Official

routes = Routes()
LONG_AGO = timedelta(days=3650)
PLACES: dict[str, Words] = {"1": _("The first reader"), "2": _("The second reader")}


@dataclass(frozen=True)
class NameReader:
    """This official reads in that place, by that decision."""

    official: int
    place: int
    decision: str
    decided_on: date


@routes.command("/nguoidockin", words=("người đọc tin kín",), role="chairman")
def who_reads(turn: Turn, rest: str = "") -> Start | Reply:
    """Who reads now and how many wait; then who shall read."""
    if turn.in_group:
        return Reply(_("Others read along here. Please do it at /office."))
    if not any(_may(each) for each in officials.active(turn.db, turn.commune_id)):
        return Reply(_("Nobody has the right to read them yet. Please invite somebody with it first: /moi"))
    return Start("sealed-readers")


@routes.conversation("sealed-readers", title=_("The readers of closed messages"), role="chairman")
def name(ask: Ask, find: Find) -> NameReader | None:
    """Which place, who, by which decision of which day."""
    people = {str(each.id): each for each in find(officials.active) if _may(each)}
    now = find(sealed.readers)
    told = [_("{place}: {name}, {post} (decision {decision})", place=PLACES[str(each.place)], name=each.name,
              post=each.post, decision=each.decision) for each in now]  # fmt: skip
    waits = _("{count} closed messages wait to be read.", count=find(sealed.count_waiting))
    place = ask(Choice("place", lines(waits, *told, _("Which reader do you name?")), PLACES))
    who = ask(Choice(f"who:{place}", _("Who is it?"), {key: f"{each.name}, {each.post}" for key, each in
                                                        people.items()}))  # fmt: skip
    decision = ask(Text("decision", _("What is the number of the written decision?"), at_least=2, at_most=120))
    day = today(find.now)
    decided = ask(Day("decided", _("Of which day is it?"), today=day, earliest=day - LONG_AGO, latest=day,
                      offered=((day, _("Today")),)))  # fmt: skip
    agreed = ask(Confirm(
        "ok", _("Shall this official read? Whoever stood there reads nothing more from now on."),
        values=(people[who].name, decision, _("{day}", day=decided)), yes=_("Yes, note it"), no=_("No"),
    ))  # fmt: skip
    return NameReader(int(who), int(place), decision, decided) if agreed else None


def _may(official: Official) -> bool:
    return sealed.READ in official.rights and official.role != "village-head"


@routes.does(NameReader)
def named(command: NameReader, turn: Turn) -> Reply:
    """Write it down, and wrap the keys anew."""
    person = officials.get(turn.db, turn.commune_id, command.official)
    if person is None or turn.official is None or not _may(person):
        return Reply(_("That official is not here any more."))
    sealed.name_reader(
        turn.db, turn.commune_id, person.id, command.place, command.decision, command.decided_on, turn.official.id,
        turn.now,
    )  # fmt: skip
    mine = len(sealed.readable(turn.db, turn.commune_id, person.id))
    return Reply(
        _("{name} reads closed messages from now on; {count} are open to him.", name=person.name, count=mine),
        _("At the first look he chooses a PIN of his own at {link}.", link="/office/kin"),
    )


@routes.tick("sealed-readers", every=timedelta(minutes=5))
def drop_gone(work: Work) -> None:
    """Whoever has lost the right loses the keys."""
    sealed.drop_gone(work.db, work.commune_id)
