"""What is said of a list of dossiers: what it would change, why it is not taken, what it came to."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.previews import when
from bot.take_in import number
from messages.reply import Msg, _, lines
from messages.reply import Text as Words
from messages.statuses import STATUSES
from storage.previews import Preview

Told = Mapping[str, Any]
GONE = _("This list is no longer kept here. Please send the file once more.")
EXPIRED = _("The day of this list is over, so nothing was changed. Please send today's file.")
COMMAND = _("The technician can take it in with: {command}", command="python -m bot import dossiers")


def changes(found: Preview) -> tuple[Words, ...]:
    """What a list would change, the unusual first."""
    told = found.shown
    about = _("The list “{name}”, data of {when}:", name=found.title, when=when(told["as_of"]))
    again = (_("Other data have come in meanwhile; this is the new look."),) if told.get("again") else ()
    odd = tuple(_odd(found))
    warned = (lines(_("Please look twice:"), *odd),) if odd else ()
    moved = (lines(_("Statuses that change:"), *_moves(told)),) if told["moves"] else ()
    return (
        *again, about, *warned, _counted(told["counts"]), *moved, *_people(told), *_unmatched(told), *_refusals(told),
        _("Nothing is changed yet. Apply the list?"),
    )  # fmt: skip


def _counted(counts: Mapping[str, int]) -> Msg:
    return _(
        "{new} new dossiers, {changed} changed, {same} the same, {refused} rows not taken.",
        new=number(counts["new"]), changed=number(counts["changed"]), same=number(counts["same"]),
        refused=number(counts["refused"]),
    )  # fmt: skip


def _odd(found: Preview) -> Iterator[Words]:
    told = found.shown
    if "older" in told:
        yield _("⚠ The file was saved at {when}, before the data we have: an old file?", when=when(told["older"]))
    if "ends" in told:
        yield _("⚠ The newest dossier in it is of {when}; we have newer ones.", when=when(told["ends"]))
    if "known" in told:
        yield _("⚠ This file was taken in before: {when}.", when=when(told["known"]))
    if "backwards" in told:
        yield _("⚠ {count} dossiers that were finished go back to an earlier status.", count=number(told["backwards"]))
    if "changed" in told:
        changed, of = told["changed"]
        yield _("⚠ {count} of {all} dossiers change at once.", count=number(changed), all=number(of))


def _moves(told: Told) -> Iterator[Words]:
    for old, new, count in told["moves"]:
        before: Words = STATUSES[old].label if old else _("new dossier")
        yield _("{old} → {new}: {count}", old=before, new=STATUSES[new].label, count=number(count))


def _people(told: Told) -> Iterator[Words]:
    yield _("{count} villagers will be told by a message.", count=number(told["told"]))
    if told["called"]:
        yield _("{count} more cannot be written to and come onto the call list.", count=number(told["called"]))


def _unmatched(told: Told) -> Iterator[Words]:
    if told["unmatched"]:
        listed = ", ".join(f"{name} ({number(count)})" for name, count in told["unmatched"])
        yield _("Officers nobody here is called: {names}", names=listed)


def _refusals(told: Told) -> Iterator[Words]:
    rows = told["refusals"]
    if not rows:
        return
    said = [_("Row {line}, column {column}: {reason}", line=each[0], column=each[1], reason=each[2]) for each in rows]
    more = told["remarks"] - len(rows)
    rest = [_("… and {count} more; all of them are in the file below.", count=number(more))] if more > 0 else []
    yield lines(_("Rows with mistakes:"), *said, *rest)


def refused(found: Preview, most: int) -> tuple[Words, ...]:
    """Why a list is not taken; nothing has changed."""
    name = _("The list “{name}” was not taken in; nothing was changed.", name=found.title)
    return (name, *_why(found.shown, most))


def _why(told: Told, most: int) -> tuple[Words, ...]:
    match told["why"]:
        case "known":
            return (_("This file was taken in already: {when}.", when=when(told["at"])),)
        case "many":
            return (_("The list has more than {most} rows.", most=number(most)), COMMAND)
        case "unreadable":
            return (str(told["said"]),)
        case "useless":
            return (_("No row of this list can be taken."), *_refusals(told))
        case "error":
            at = told["reference"]
            return (_("I am sorry, the list could not be read. (Reference: {reference})", reference=at),)
    return (_("The list cannot be read. Please export it once more."),)


def ended(found: Preview) -> tuple[Words, ...]:
    """What came of the tap."""
    told = found.shown
    if found.state == "done":
        return (_("The list “{name}” has been taken in.", name=found.title), _counted(told["done"]), *_people(told))
    if "reference" in told:
        return (
            _("I am sorry, the list could not be taken in. (Reference: {reference})", reference=told["reference"]),
            _("What was begun is finished by itself; please look at it in some minutes."),
        )
    return (_("The list “{name}” could not be taken in; nothing was changed.", name=found.title),)
