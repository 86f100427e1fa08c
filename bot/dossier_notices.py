"""What villagers are told about their dossiers: the table of rules, and the one way a rule becomes a notice.

Whom it is for: on whose chats the dossier stands or who asked to be told, each once; else whoever handed it in, whom
only a number on file leads to. A number that stands for several people leads to no chat and no phone by itself: such a
dossier goes to the call list, where a person looks at it (L06).

Whoever knows a code may ask to be told, and is told what the code alone shows. What the office has written about a
dossier (its note, a letter, which name people) goes only to chats where the second factor was right.

A notice is made once by its key (rule, dossier, `once`). News that follow take back what has not left of those before.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot import reach, zalo_templates
from bot.commune import WEEKDAYS, Commune
from bot.reach import Notice
from bot.tokens import RouteToken
from bot.turn import Work
from messages import dossier_notices as say
from messages.dossier_notices import News
from messages.fold import fold, nfc
from messages.reply import Button, Reply, Text, _
from messages.statuses import STATUSES, shown
from storage import attempts, dossiers, links, spending
from storage.audience import Recipient
from storage.dossiers import Dossier
from storage.sealing import lookup_key

# --- the table --------------------------------------------------------------------------------------------------------

RUNNING = frozenset({1, 2, 4})
ANY = frozenset(STATUSES)


@dataclass(frozen=True)
class Rule:
    """One row. moved: told when a dossier comes to one of these statuses; without any, something else tells it. out_of:
    but only out of these (0: it is new).

    useful: the statuses in which it is still true: what has not left when the dossier is in another is taken back.
    days: how long it is news, counted from when it happened; after an outage it is dropped then. None: as long as the
    status lasts. calls: whoever cannot be written to is called; else she reads it when she asks. buttons: under the
    words. again: what may rightly make it come twice ("note": another list of papers; "recalls": the one before was
    taken back; "status": each of its statuses once). note: the office's own words are part of it. pictures: may have
    some after a death, too (L23).
    """

    name: str
    words: say.Words
    moved: Set[int] = frozenset()
    out_of: Set[int] = ANY | {0}
    useful: Set[int] = ANY
    days: int | None = None
    calls: bool = True
    buttons: tuple[str, ...] = ("details",)
    again: str = ""
    note: bool = False
    at_counter: bool = False
    pictures: bool = False


# fmt: off
RULES: Mapping[str, Rule] = {rule.name: rule for rule in (
    Rule("dossier-received", say.received, moved={2, 4}, out_of={0, 1, 3}, useful={2, 4}, days=2,
         calls=False),
    Rule("papers-needed", say.papers_needed, moved={5}, useful={5}, again="note", note=True),
    Rule("fee-due", say.fee_due, moved={6}, useful={6}, again="note", note=True),
    Rule("result-ready", say.result_ready, useful={9}, again="recalls", at_counter=True,
         buttons=("details", "collect")),
    Rule("result-reminder", say.result_reminder, useful={9}, days=10, again="recalls", at_counter=True,
         buttons=("details", "collect")),
    Rule("result-recalled", say.result_recalled, useful=ANY - {10}, days=10, again="recalls"),
    Rule("dossier-returned", say.returned, moved={10}, useful={10}, days=3, calls=False, buttons=("rate",)),
    Rule("dossier-changed", say.changed, moved={3, 7, 8}, useful={3, 7, 8}, days=14, again="status"),
    Rule("dossier-late", say.about, useful=RUNNING, buttons=("details", "person")),
    Rule("dossier-missed", say.about, useful=RUNNING, days=10, buttons=("details", "person")),
    Rule("letter", say.about, days=14, calls=False, buttons=(), pictures=True),
)}
"""Every kind of news. "result-ready" comes when a clerk ticks the result (L19), or at status 9 where the file is
trusted; the reminder once, some working days after it; the recall when a tick was wrong; a new date, a missed one and
letters are told by `handlers.one_stop.deadlines` and `handlers.letters.proposals`."""
# fmt: on

LEFT_OUT = ":code"
"""Ends the key of a notice to people who only know the code, where something is left out of it."""
SILENT: Mapping[int, str] = {
    1: "she has sent it herself on the portal, which tells her so; the desk has not looked at it yet",
    9: "the result is there by the file, but may not lie at the counter yet: the clerk's tick tells it (L19)",
}
"""Statuses that tell nothing by themselves, and why."""
GRIEF = ("khai tu", "mai tang", "tuat", "tu tuat")
"""Words in the name of a procedure that follows a death, without accents (L23)."""


def by_status(status: int) -> Rule | None:
    """The rule for a dossier that comes to this status."""
    return next((rule for rule in RULES.values() if status in rule.moved), None)


# --- whom and what ----------------------------------------------------------------------------------------------------


def audience(work: Work, dossier_id: int) -> list[Recipient]:
    """Whom news of a dossier are for: on whose chats it stands or who asked to be told; else whoever handed it in."""
    known = links.citizens(work.db, work.commune_id, dossier_id)
    known += dossiers.watching(work.db, work.commune_id, dossier_id)
    if known:
        return [Recipient(each, dossier_id) for each in dict.fromkeys(known)]
    most = work.commune.office.applicants_per_phone
    return [Recipient(None, dossier_id, helper=dossiers.of_helper(work.db, work.commune_id, dossier_id, most))]


def as_ticked(found: Dossier, now: datetime) -> Dossier:
    """A result as it will be once it is ticked: to plan its notice before."""
    return replace(found, ready_at=found.ready_at or now)


def in_grief(commune: Commune, found: Dossier) -> bool:
    """Whether a procedure follows a death: then everything is plain (L23)."""
    if commune.letters.occasions.get(found.procedure_code) == "death":
        return True
    bare = f" {fold(found.procedure_name)} "
    return any(f" {words} " in bare for words in GRIEF)


def notice(
    work: Work, name: str, found: Dossier, to: Sequence[Recipient], *, once: str = "", first: Sequence[Text] = (),
    values: Mapping[str, str] | None = None, pictures: Sequence[str] = (), documents: Sequence[str] = (),
    since: datetime | None = None, whole: bool = True,
) -> Notice | None:  # fmt: skip
    """The notice of a rule about a dossier, not made yet; None when it is not true or no news any more.

    `whole`: to people for whom the second factor was right; all others are told without the office's note and without
    a letter, which name whoever they concern.
    """
    rule = RULES[name]
    expires = None if rule.days is None else (since or work.now) + timedelta(days=rule.days)
    is_stale = expires is not None and expires <= work.now
    if found.status not in rule.useful or is_stale or (rule.at_counter and found.ready_at is None):
        return None
    note = _note(work, found) if rule.note else ""
    left_out = not whole and bool(note or pictures or documents)
    news = _news(work, found, note if whole else "", all(each.citizen_id is None for each in to))
    more = [_("What is written about it is under “See the details”.")] if left_out else []
    words = Reply(
        *first, *rule.words(news), *more, buttons=_buttons(rule, found, news),
        pictures=tuple(pictures) if whole and (rule.pictures or not news.grief) else (),
        documents=tuple(documents) if whole else (),
    )  # fmt: skip
    key = f"{name}:{found.id}:{once or _again(work, rule, found, note)}{LEFT_OUT if left_out else ''}"
    fields = _values(work, found, news) | dict(values or {})
    return Notice(name, key, words, values=fields, about=found.code, calls=rule.calls, expires_at=expires)


def _again(work: Work, rule: Rule, found: Dossier, note: str) -> str:
    """What tells apart news that may rightly come twice."""
    match rule.again:
        case "note":
            return lookup_key(work.db, "note", fold(note))[:16] if note else ""
        case "recalls":
            return str(found.recalls)
        case "status":
            return str(found.status)
    return ""


def tell(
    work: Work, rule: str, found: Dossier, *, once: str = "", first: Sequence[Text] = (),
    values: Mapping[str, str] | None = None, pictures: Sequence[str] = (), documents: Sequence[str] = (),
    since: datetime | None = None, to: Sequence[Recipient] | None = None,
) -> int | None:  # fmt: skip
    """Make the notice of a rule about a dossier; None when it is stale or was made before.

    `once` tells apart what may rightly come twice, where it is not what the rule says. `first`: sentences before the
    rule's own. `values`: more fields of its Zalo template. `pictures`, `documents`: names of files in DATA_DIR/files (a
    letter); they go to chats where the second factor was right, as does the office's note. `since`: when it happened.
    `to`: whom, when not everybody the dossier concerns.
    """
    people = audience(work, found.id) if to is None else list(to)
    more: dict[str, Any] = {
        "once": once, "first": first, "values": values, "pictures": pictures, "documents": documents, "since": since,
    }  # fmt: skip
    by_code = notice(work, rule, found, people, whole=False, **more) if people else None
    if by_code is None or not by_code.key.endswith(LEFT_OUT):
        return None if by_code is None else reach.tell(work, by_code, people)
    proven = links.proven(work.db, work.commune_id, found.id)
    hers = [each for each in people if each.citizen_id in proven]
    whole = notice(work, rule, found, hers, **more) if hers else None
    made = [_make(work, whole, hers)] if whole is not None else []
    made.append(_make(work, by_code, [each for each in people if each not in hers]))
    return next((number for number in made if number is not None), None)


def _make(work: Work, made: Notice, people: Sequence[Recipient]) -> int | None:
    """Once for each of them, whole or with something left out; its id when that was anybody."""
    twin = made.key.removesuffix(LEFT_OUT) if made.key.endswith(LEFT_OUT) else made.key + LEFT_OUT
    had = reach.had(work, twin)
    fresh = [each for each in people if f"c{each.citizen_id}" not in had]
    if not fresh:
        return None
    return reach.tell(work, made, fresh)


def withdraw(work: Work, dossier_id: int, *rules: str) -> int:
    """Take back what has not left yet of these rules (none named: of all); how many people that were."""
    over, back = attempts.withdraw(work.db, work.commune_id, dossier_id, rules or tuple(RULES), work.now)
    if back:
        spending.turns(work.db, work.commune_id)
    for each in back:
        spending.add(work.db, work.commune_id, each.month, -each.cost, -each.plan_messages)
    return over


def withdraw_untrue(work: Work, found: Dossier) -> int:
    """Take back what has not left yet and is not true any more in the status a dossier has come to."""
    untrue = [rule.name for rule in RULES.values() if found.status not in rule.useful]
    return withdraw(work, found.id, *untrue) if untrue else 0


# --- its parts --------------------------------------------------------------------------------------------------------


def _note(work: Work, found: Dossier) -> str:
    """The file's note; of a private procedure it is for the counter alone (L05)."""
    if work.commune.is_private(found.procedure_code, found.procedure_name):
        return ""
    return " ".join(nfc(dossiers.details(work.db, work.commune_id, found.id).note).split())


def _news(work: Work, found: Dossier, note: str, stranger: bool) -> News:
    commune = work.commune
    named = not stranger and not commune.is_private(found.procedure_code, found.procedure_name)
    phone, (place, hours) = commune.phone(), _counter(commune, found.place)
    call = _("{name}: {number}", name=phone.name, number=phone.number) if phone else None
    return News(
        found.code, found.procedure_name, found.status, found.received_at, found.due_at, place, commune.name,
        hours, call, note if named else "", named, not stranger,
        in_grief(commune, found),
    )  # fmt: skip


def _counter(commune: Commune, place: str) -> tuple[Text, tuple[Text, ...]]:
    """Where, as the dossier says or else the first reception point; and when that is open."""
    week = [commune.hours.on(day) for day in range(7)]
    points = [point for point in commune.reception_points if not place or fold(point.name) == fold(place)]
    if not points:
        return place or _("the reception desk of the commune"), say.hours(tuple(week))
    point = points[0]
    for day, name in enumerate(WEEKDAYS):
        week[day] = (point.hours or week[day]) if name in point.days else ()
    return ", ".join(filter(None, (point.name, point.address))), say.hours(tuple(week))


COLLECT = {"come": _("I shall come for it"), "post": _("Send it by post"), "other": _("Somebody collects it for me")}
STARS = {
    5: _("Very content"), 4: _("Content"), 3: _("Neither nor"), 2: _("Not content"), 1: _("Not content at all"),
}  # fmt: skip


def _buttons(rule: Rule, found: Dossier, news: News) -> tuple[Button, ...]:
    """Those of the rule; after a death nobody is asked to rate (L23). Whoever is known by a number on file alone is not
    asked either, and may say "this is not me" (L06).
    """
    kinds = ["details" if kind == "rate" and (news.grief or not news.known) else kind for kind in rule.buttons]
    made = [each for kind in kinds for each in BUTTONS[kind](found)]
    if not news.known:
        made.append(Button(_("This is not me"), str(RouteToken("not-me"))))
    return tuple(made)


BUTTONS: Mapping[str, Callable[[Dossier], list[Button]]] = {
    "details": lambda found: [Button(_("See the details"), str(RouteToken("dossier-details", (found.code_key,))))],
    "collect": lambda found: [
        Button(label, str(RouteToken("collect", (found.code_key, how)))) for how, label in COLLECT.items()
    ],
    "rate": lambda found: [
        Button(label, str(RouteToken("rate", (found.code_key, str(stars))))) for stars, label in STARS.items()
    ],
    "person": lambda found: [Button(_("Talk to a person"), str(RouteToken("person")))],
}


def _values(work: Work, found: Dossier, news: News) -> dict[str, str]:
    """The fields of approved templates. They name nobody and no procedure: they may reach a stranger (L05, L06)."""
    commune, phone = work.commune, work.commune.phone()

    def text(words: Text) -> str:
        return work.place.catalogs.text(words, work.place.language)

    by_desk, by_paper = _("The reception desk will tell you exactly which ones."), _("As the office's paper says")
    return {
        "name": text(_("Sir or Madam")), "code": found.code, "commune": commune.short_name,
        "status": text(STATUSES[found.status].plain), "place": text(news.place), "phone": phone.number if phone else "",
        "day": _day(found.due_at), "papers": news.note or text(by_desk),
        "fee": news.note if 0 < len(news.note) <= zalo_templates.LIMITS["label"] else text(by_paper),
    }  # fmt: skip


def _day(moment: datetime | None) -> str:
    """As a template shows it, with the hour when the file gave one."""
    if moment is None:
        return ""
    day = shown(moment)
    return f"{day:%H:%M %d/%m/%Y}" if isinstance(day, datetime) else f"{day:%d/%m/%Y}"
