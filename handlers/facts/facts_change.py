"""Changing in chat what the office says about itself (L16): /thongtinxa, for the clerk and the chairman.

A short talk: what, the new words, a look at old and new, yes. The change holds at once in every process and stands over
commune.toml (why: `storage.facts`). A day of the Chairman's is never deleted: it is cancelled, and called so wherever
his days are shown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.commune import WEEKDAYS, Phone, Span
from bot.commune_changes import changed
from bot.conversation import Ask, Find
from bot.questions import Choice, Confirm, Date, Text
from bot.routes import Routes, Start
from bot.state import digest
from bot.turn import Turn
from handlers.facts.facts import AHEAD
from handlers.facts.facts_questions import Times, WeekDays, WorkNumber
from handlers.front.greeting import DAYS, listed
from messages.fold import fold
from messages.render import ZONE
from messages.reply import Reply, _
from messages.reply import Text as Words
from storage import facts, officials
from storage.facts import Change

routes = Routes()


@dataclass(frozen=True)
class ChangeFacts:
    """New values by name (`bot.commune_changes` has the names)."""

    values: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Draft:
    """What would be changed, and the words with which it is shown before."""

    values: tuple[tuple[str, Any], ...]
    new: Words
    old: Words = ""


# --- the talk ---------------------------------------------------------------------------------------------------------

GROUPS: Mapping[str, Words] = {
    "about": _("The house: address, parking, wifi"), "hours": _("Opening hours"),
    "point": _("Days of a reception point"), "phone": _("Phone numbers"),
    "citizen_reception": _("Citizen reception: place, hours, topics"), "chairman": _("The Chairman's days"),
    "listener": _("Who hears which language"),
}  # fmt: skip
FACTS: Mapping[str, Mapping[str, Words]] = {
    "about": {
        "address": _("Address"), "map": _("How to find us"), "parking": _("Where to park"),
        "waiting": _("Waiting room"), "wifi": _("Wifi (no password)"), "photocopier": _("Photocopier"),
        "payment": _("Ways to pay"),
    },
    "citizen_reception": {
        "place": _("Place"), "hours": _("Regular hours"), "attendees": _("Who attends"),
        "topics": _("Expected topics"), "rules": _("Rules"),
    },
}  # fmt: skip


@routes.command("/thongtinxa", words=("sửa thông tin xã", "đổi thông tin xã"), role="clerk")
@routes.command("/thongtinxa", words=("sửa thông tin xã", "đổi thông tin xã"), role="chairman")
def begin(turn: Turn, rest: str = "") -> Start:
    """The chairman and the clerk change it."""
    return Start("facts-change")


@routes.conversation("facts-change", title=_("What the office says about itself"), role="official")
def change(ask: Ask, find: Find) -> ChangeFacts | None:
    """What, the new words, a look at old and new."""
    groups = {group: label for group, label in GROUPS.items() if group != "point" or find.commune.reception_points}
    group = ask(Choice("group", _("What would you like to change?"), groups))
    draft = DRAFTS.get(group, _fact)(ask, find, group)
    old = (_("Until now: {words}", words=draft.old),) if draft.old else ()
    agreed = ask(
        Confirm(
            "ok", _("Shall people be told this from now on?"), values=(*old, _("New: {words}", words=draft.new)),
            yes=_("Yes, change it"), no=_("No"),
        )
    )  # fmt: skip
    return ChangeFacts(draft.values) if agreed else None


def _fact(ask: Ask, find: Find, group: str) -> Draft:
    name = ask(Choice(f"which:{group}", _("Which one?"), FACTS[group]))
    known = getattr(getattr(find.commune, group), name)
    prompt = _("Please write what people should be told.")
    words = ask(Text(f"words:{name}", prompt, at_most=600, skip=_("Not known any more")))
    return Draft(((f"{group}.{name}", words),), words or _("not known"), known.value if known else "")


def _hours(ask: Ask, find: Find, group: str) -> Draft:
    days: dict[str, Words] = {"week": _("Monday to Friday"), **dict(zip(WEEKDAYS, DAYS, strict=True))}
    day = ask(Choice("day", _("Which days?"), days))
    spans = ask(Times(f"times:{day}", _("From when to when? For example 7:30-11:30, 13:30-17:00; or “nghỉ”.")))
    names = WEEKDAYS[:5] if day == "week" else (day,)
    new = _("{day}: {times}", day=days[day], times=", ".join(spans) or _("closed"))
    return Draft(tuple((f"hours.{name}", spans) for name in names), new)


def _point(ask: Ask, find: Find, group: str) -> Draft:
    points = {digest(point.name): point.name for point in find.commune.reception_points}
    name = points[ask(Choice("point", _("Which reception point?"), dict(points)))]
    days = ask(WeekDays(f"days:{digest(name)}", _("On which days is it open? For example: thứ Ba, thứ Năm.")))
    prompt = _("From when to when? For example 8:00-11:00. “Không” means: as the office.")
    spans = ask(Times(f"times:{digest(name)}", prompt))
    times: Words = ", ".join(spans) or _("the office's hours")
    new = _("{point}, {days}: {times}", point=name, days=listed(days), times=times)
    return Draft(((f"point:{name}", {"days": days, "hours": spans}),), new)


def _phone(ask: Ask, find: Find, group: str) -> Draft:
    known: dict[str, Phone] = {digest(phone.name): phone for phone in find.commune.phones}
    listed: dict[str, Words] = {key: f"{phone.name}: {phone.number}" for key, phone in known.items()}
    chosen = ask(Choice("phone", _("Which number?"), {**listed, "new": _("One more number")}))
    if chosen == "new":
        name = ask(Text("post", _("Whose number is it? Please write the post, not a private person."), at_most=80))
        number = ask(WorkNumber(f"number:{digest(name)}", _("Which work number?")))
        return Draft(((f"phone:{name}", number),), f"{name}: {number}")
    name, old = known[chosen].name, known[chosen].number
    number = ask(WorkNumber(f"number:{chosen}", _("Which work number?")))
    return Draft(((f"phone:{name}", number),), f"{name}: {number}", old)


def _chairman(ask: Ask, find: Find, group: str) -> Draft:
    today = find.now.astimezone(ZONE).date()
    coming = find.commune.citizen_reception.between(today, today + AHEAD)
    standing: dict[str, Words] = {
        each.day.isoformat(): _("{day}", day=each.day) for each in coming if each.cancelled is None
    }
    ways: dict[str, Words] = {"add": _("One more day"), **({"cancel": _("A day is cancelled")} if standing else {})}
    if ask(Choice("way", _("What changes in the Chairman's days?"), ways)) == "cancel":
        day = ask(Choice("off", _("Which day is cancelled?"), standing))
        reason = ask(Text(f"reason:{day}", _("Why? People will read it."), at_most=120, skip=_("Say no reason")))
        kept = next(each for each in coming if each.day.isoformat() == day)
        value = {"hours": _written(kept.hours), "topics": kept.topics, "cancelled": reason}
        return Draft(((f"chairman:{day}", value),), _("{day}: cancelled. {reason}", day=kept.day, reason=reason))
    on = ask(Date("on", _("Which day? For example 08/12/2026."), today=today, earliest=today))
    spans = ask(Times(f"times:{on}", _("From when to when? For example 8:00-11:00.")))
    topics = ask(Text(f"topics:{on}", _("About what?"), at_most=200, skip=_("Leave it open")))
    value = {"hours": spans, "topics": topics, "cancelled": None}
    new = _("{day}, {times}. {topics}", day=on, times=", ".join(spans), topics=topics)
    return Draft(((f"chairman:{on.isoformat()}", value),), new)


def _listener(ask: Ask, find: Find, group: str) -> Draft:
    people = {str(each.id): each.name for each in find(officials.active)}
    name = people[ask(Choice("listener", _("Who hears voice messages in another language?"), dict(people)))]
    prompt = _("Which languages besides Vietnamese? For example: Tày, Nùng.")
    said = ask(Text(f"languages:{digest(name)}", prompt, at_most=120, skip=_("Only Vietnamese")))
    languages = [_spoken(each) for each in said.split(",") if each.strip()]
    new = _("{name} hears: {words}", name=name, words=", ".join(languages) or _("Only Vietnamese"))
    return Draft(((f"listener:{name}", languages),), new, ", ".join(find.commune.languages(name)))


def _spoken(language: str) -> str:
    """As commune.toml has it, and as it is read in a sentence: "tiếng Tày"."""
    bare = " ".join(language.split())
    return bare if fold(bare).startswith("tieng ") else f"tiếng {bare}"


DRAFTS: Mapping[str, Callable[[Ask, Find, str], Draft]] = {
    "hours": _hours, "point": _point, "phone": _phone, "chairman": _chairman, "listener": _listener,
}  # fmt: skip


def _written(spans: tuple[Span, ...]) -> list[str]:
    return [f"{span.opens:%H:%M}-{span.closes:%H:%M}" for span in spans]


@routes.does(ChangeFacts)
def record(command: ChangeFacts, turn: Turn) -> Reply:
    """Keep the change with who made it, if it fits; rights are looked at now."""
    official = turn.official
    if official is None or official.role not in ("chairman", "clerk"):
        return Reply(_("I am sorry, this is only for the chairman and the clerk."))
    changes = [Change(name, value, official.name, turn.now) for name, value in command.values]
    commune = turn.commune
    for each in changes:
        before, commune = commune, changed(commune, [each])
        if commune is before:
            return Reply(_("This cannot be changed so: at least one day of the week must stay open."))
    for each in changes:
        facts.record(turn.db, turn.commune_id, each.name, each.value, official.id, turn.now)
    return Reply(
        _("Changed. Whoever asks from now on is told so."),
        _("It stands over commune.toml; `check` lists it with your name."),
    )
