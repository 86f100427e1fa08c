"""How one notice reaches one person: a ladder of ways, the next only when the one before has certainly failed.

1. a chat where she lets us in, the one she used last: Telegram at any time, Zalo within its window (48 hours free, then
   to 7 days from the plan's monthly number, then for a price); a free one goes before a paid one. The web page never by
   itself: nobody looks at it;
2. the approved template by her Zalo user id;
3. the approved template by a phone on which she agreed to be told;
4. the officials' call list.

A failed way (failed, unreachable, taken back) leads on by itself with the minute's tick; so does a template without
word of delivery within `delivered_hours`. What is `uncertain` waits for a person. Whoever stopped messages about
dossiers is called instead; whoever said "it is not me", or has died, is left alone.

`plan` and `carry_out` take their decisions in the same function from the same rows, so what an official is shown is
what happens. It is decided for the hour at which the message leaves: quiet hours, the window and the month's budget are
those of that hour. What could not leave then (a long queue, an outage, mourning declared meanwhile) is put off again.
Nothing here touches the network: a way is an outbox row.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot import zalo_templates
from bot.ladder import CALL, TEMPLATES, ZALO, Ladder, Way, openings
from bot.turn import Work
from messages.personal import hides
from messages.render import render
from messages.reply import Reply, _
from storage import attempts, audience, notices, outbox, spending
from storage.attempts import Ended
from storage.audience import Facts, Recipient
from storage.notices import SLICE, Chosen, Kept, Waiting
from storage.sealing import lookup_key
from storage.stops import Kind

LATE_WORD = timedelta(days=7)
"""How long word of delivery may still come for a way that was given up."""
WAYS = 100
"""Ways chosen in one transaction of the tick: each takes a third of a millisecond, and turns wait so long."""
TICK = timedelta(minutes=1)
"""How often `follow` is called."""
OF_OURS = "error of ours"
"""How `bot.outbox` records an error of our own: the request may have left before it."""


@dataclass(frozen=True)
class Notice:
    """What is to be told. `key`: made twice, it acts once. `values`: the fields of its template (`bot.zalo_templates`).

    `about`: for the call list, a dossier's code and never words. `calls`: who cannot be written to is called.
    """

    kind: str
    key: str
    words: Reply
    topic: Kind = "dossiers"
    values: Mapping[str, str] = field(default_factory=dict)
    about: str = ""
    calls: bool = True
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Plan:
    """What would happen: `ways` counts people by step, or by the end state of those with no way (unreachable, stopped,
    dropped). free + paid + impossible are all `people`; `cost` in đồng, `left` of the month's budget after it.
    """

    people: int
    ways: Mapping[str, int]
    free: int
    paid: int
    impossible: int
    plan_messages: int
    cost: int
    left: int
    starts_at: datetime | None


# --- making and planning ----------------------------------------------------------------------------------------------


def make(work: Work, notice: Notice, recipients: Sequence[Recipient] = ()) -> int:
    """The notice's id; its recipients wait for their first way. More can be added with `add`, slice by slice."""
    made, _new = _made(work, notice)
    for part in _slices(recipients):
        add(work, made, part)
    return made


def _made(work: Work, notice: Notice) -> tuple[int, bool]:
    values = {
        "kind": notice.kind, "key": notice.key, "topic": notice.topic, "about": notice.about[:80],
        "calls": notice.calls, "expires_at": notice.expires_at,
    }  # fmt: skip
    return notices.make(work.db, work.commune_id, values, _words(work, notice), work.now)


def tell(work: Work, notice: Notice, recipients: Sequence[Recipient]) -> int | None:
    """Make a notice, or, when it was made before, tell it to those of its recipients whom it was taken back from
    before it left, for it is news again. Its id when there is anybody to be told who has not been.
    """
    made, is_new = _made(work, notice)
    if is_new:
        for part in _slices(recipients):
            add(work, made, part)
        return made
    people = [each.key for each in audience.persons(work.db, work.commune_id, recipients)]
    woken = notices.again(work.db, work.commune_id, made, people, _words(work, notice), notice.expires_at, work.now)
    return made if woken else None


def had(work: Work, key: str) -> frozenset[str]:
    """Who has been told by the notice of this key, or is going to be."""
    return notices.had(work.db, work.commune_id, key)


def add(work: Work, notice_id: int, recipients: Sequence[Recipient]) -> None:
    """More recipients of a notice, at most a slice; whoever has it already is not told twice."""
    people = audience.persons(work.db, work.commune_id, recipients)
    notices.add(work.db, work.commune_id, notice_id, people, work.now)


def plan(work: Work, asked: Iterable[tuple[Notice, Sequence[Recipient]]]) -> Plan:
    """What making these notices now would do; a pure read."""
    ladder, tally = Ladder(work), _Tally()
    for notice, recipients in asked:
        kept = _unmade(work, notice)
        seen = set(notices.known(work.db, work.commune_id, notice.key))
        for part in _slices(recipients):
            people = [each for each in audience.persons(work.db, work.commune_id, part) if each.key not in seen]
            seen |= {each.key for each in people}
            for facts in audience.facts(work.db, work.commune_id, notice.topic, people):
                tally.count(ladder.choose(kept, facts, frozenset()))
    return tally.plan(ladder.purse.left(ladder.month(work.now)))


def _slices(recipients: Sequence[Recipient]) -> Iterator[Sequence[Recipient]]:
    return (recipients[at : at + SLICE] for at in range(0, len(recipients), SLICE))


def _unmade(work: Work, notice: Notice) -> Kept:
    words = _words(work, notice)
    return Kept(0, notice.kind, notice.key, notice.topic, notice.calls, notice.expires_at, words)


def _words(work: Work, notice: Notice) -> dict[str, Any]:
    """The final words for every messenger and language, and the template's fields: later steps need them, too."""
    place = work.place
    bodies = {}
    for channel in place.accounts:
        can, reply = place.capabilities[channel], notice.words
        if can.masks:
            shown = work.abroad(reply)
            reply = shown.add(_("You can see it in full at the counter.")) if shown != reply or hides(reply) else reply
        bodies[channel] = {each: render(reply, place.catalogs, each, can) for each in place.catalogs.languages}
    return {"bodies": bodies, "values": dict(notice.values)}


@dataclass
class _Tally:
    """Adds up what was chosen."""

    ways: Counter[str] = field(default_factory=Counter)
    free: int = 0
    paid: int = 0
    plan_messages: int = 0
    cost: int = 0
    starts_at: datetime | None = None

    def count(self, chosen: Way | str) -> None:
        step = chosen if isinstance(chosen, str) else chosen.step
        self.ways[step] += 1
        if isinstance(chosen, str) or step == CALL:
            return
        self.free += not chosen.cost
        self.paid += bool(chosen.cost)
        self.cost += chosen.cost
        self.plan_messages += chosen.plan_messages
        self.starts_at = min(self.starts_at or chosen.at, chosen.at)

    def plan(self, left: int) -> Plan:
        people = self.ways.total()
        return Plan(
            people, dict(self.ways), self.free, self.paid, people - self.free - self.paid, self.plan_messages,
            self.cost, left, self.starts_at,
        )  # fmt: skip


# --- carrying out -----------------------------------------------------------------------------------------------------


def carry_out(work: Work, limit: int = SLICE) -> int:
    """Choose and queue the next way of those who wait, at most a slice; how many they were."""
    spending.turns(work.db, work.commune_id)
    found = notices.waiting(work.db, work.commune_id, limit)
    if not found:
        return 0
    kept = notices.kept(work.db, work.commune_id, [each.notice_id for each in found])
    known = _facts(work, found, kept)
    ladder = Ladder(work)
    chosen = [
        _begin(work, each, kept[each.notice_id], facts, ladder.choose(kept[each.notice_id], facts, each.tried))
        for each, facts in zip(found, known, strict=True)
    ]
    notices.choose(work.db, work.commune_id, chosen, work.now)
    ladder.purse.store()
    for month in sorted(ladder.purse.short):
        _tell_of_budget(work, month)
    return len(found)


def _facts(work: Work, found: Sequence[Waiting], kept: Mapping[int, Kept]) -> list[Facts]:
    """Of each, for the topic of its notice."""
    known: dict[int, Facts] = {}
    for topic in sorted({one.topic for one in kept.values()}):
        these = [each for each in found if kept[each.notice_id].topic == topic]
        facts = audience.facts(work.db, work.commune_id, topic, [each.person for each in these])
        known |= {each.id: one for each, one in zip(these, facts, strict=True)}
    return [known[each.id] for each in found]


def _begin(work: Work, one: Waiting, notice: Kept, facts: Facts, way: Way | str) -> Chosen:
    if isinstance(way, str):
        return Chosen(one.id, way)
    month = Ladder.month(way.at)
    if way.step == CALL:
        return Chosen(one.id, "call", CALL, month=month)
    chat, bodies = _request(work, one, notice, facts, way)
    channel = way.address.channel if way.address else ZALO
    ids = [
        outbox.put(
            work.db,
            work.commune_id,
            outbox.Row(
                channel, work.place.accounts[channel], chat, "notice", body, work.now, way.at, notice.expires_at,
                supersedes_key=_part_key(one.id, way.step),
            ),
            supersede=False,
        )
        for body in bodies
    ]  # fmt: skip
    work.woken.add(chat)
    address_id = way.address.id if way.address else 0
    return Chosen(one.id, "sending", way.step, address_id, ids[0], way.cost, way.plan_messages, month)


def _request(
    work: Work, one: Waiting, notice: Kept, facts: Facts, way: Way
) -> tuple[str, list[dict[str, Any]]]:
    """To which chat, and what: her words in her language, or the approved template."""
    if way.step not in TEMPLATES:
        assert way.address is not None
        words = notice.words["bodies"][way.address.channel]
        return way.address.sender, words.get(facts.language) or words[work.place.language]
    template = work.commune.zalo.templates[notice.kind]
    tracking = "gd-" + lookup_key(work.db, "tracking", f"{work.commune_id}/{notice.key}/{one.person.key}/{way.step}")
    chat = way.address.sender if way.address else "phone:" + lookup_key(work.db, "phone", way.phone)
    return chat, [zalo_templates.body(template, way.step, notice.words["values"], tracking, way.phone)]


def _part_key(delivery_id: int, step: str) -> str:
    return f"notice:{delivery_id}:{step}"


def _tell_of_budget(work: Work, month: str) -> None:
    """Once a month, to the office."""
    if not spending.tell_once(work.db, work.commune_id, month, work.now):
        return
    spent, _used = spending.of(work.db, work.commune_id, month)
    told = Reply(
        _(
            "This month's money for messages on Zalo is used up: {spent} of {budget} đồng.",
            spent=spent, budget=work.commune.zalo.monthly_budget,
        ),
        _("Until next month, whoever cannot be written to for free is on the call list: /danhsachgoi"),
        card="zalo-budget", loud=True,
    )  # fmt: skip
    work.send_office(told)


# --- what became of it ------------------------------------------------------------------------------------------------


def follow(work: Work) -> None:
    """The minute's tick: note what became of each way, and choose the next where one has failed."""
    db, commune_id = work.db, work.commune_id
    spending.turns(db, commune_id)
    waits = timedelta(hours=work.commune.zalo.delivered_hours)
    moved = attempts.moved(db, commune_id)
    watched = attempts.watched(db, commune_id, work.now)
    ended = [(row, _became(row, waits)) for row in moved] + [(row, _word(row)) for row in watched]
    _end(work, ended)
    late = attempts.late(db, commune_id)
    for row in late:
        _after_all(work, row)
    attempts.forget_late(db, commune_id, work.now - LATE_WORD)
    chosen = carry_out(work, WAYS)
    held = _put_off(work)
    work.again = max(len(moved), len(watched), held) >= SLICE or chosen >= WAYS


def _put_off(work: Work) -> int:
    """What may leave no more before the next tick leaves when it may again (L26); how many messages that concerns.

    On most ticks of the day this is no query at all.
    """
    soon, held = work.now + TICK, 0
    for leaves, by_template in zip(openings(work, soon), (False, True), strict=True):
        if leaves > soon:
            held += attempts.put_off(work.db, work.commune_id, TEMPLATES, by_template, soon, leaves)
    return held


def _became(row: Any, waits: timedelta) -> Ended:
    """What a message that is not under way any more means."""

    def end(state: str, attempt: str, **more: Any) -> Ended:
        return Ended(row.id, row.attempt_id, row.state, state, attempt, why=row.error, **more)

    match row.became:
        case "sent" if row.delivered_at is not None:
            return end("delivered", "sent")
        case "sent":
            is_watched = row.step in (ZALO, *TEMPLATES)
            return end("sent", "sent", until=row.sent_at + waits if is_watched and row.sent_at else None)
        case "queued" | "sending":  # a person sends again what was uncertain
            return end("sending", "going")
        case "uncertain":
            return end("uncertain", "going")
        case "failed" if (row.error or "").startswith(OF_OURS):
            return end("uncertain", "going")
        case "dropped" if row.dropped == "erased":
            return end("erased", "failed", back=True)
        case "dropped" if row.dropped != "stopped":
            return end("dropped", "failed", back=True)
        case _:  # failed, unreachable; she stopped it; a person knows that it was lost
            return end("waiting", "failed", back=True)


def _word(row: Any) -> Ended:
    """Word of delivery has come, or has not come in time: a template is then given up, her own chat keeps it."""
    if row.delivered_at is not None:
        return Ended(row.id, row.attempt_id, row.state, "delivered", "sent")
    if row.step in TEMPLATES:
        return Ended(row.id, row.attempt_id, row.state, "waiting", "late", why="no word of delivery")
    return Ended(row.id, row.attempt_id, row.state, "sent", "sent")


def _end(work: Work, ended: Sequence[tuple[Any, Ended]]) -> None:
    db, commune_id = work.db, work.commune_id
    attempts.end(db, [each for _row, each in ended], work.now)
    back: Counter[str] = Counter()
    messages_back: Counter[str] = Counter()
    for row, each in ended:
        if each.back:
            back[row.month] += row.cost
            messages_back[row.month] += row.plan_messages
    for month in sorted(back):
        spending.add(db, commune_id, month, -back[month], -messages_back[month])
    over = [row for row, each in ended if each.back]
    attempts.give_up(db, commune_id, [_part_key(row.id, row.step) for row in over], [row.outbox_id for row in over])
    attempts.doubt(db, [row.outbox_id for row, each in ended if each.state == "uncertain"])


def _after_all(work: Work, row: Any) -> None:
    """She has it by a way that had been given up; the next one is stopped while it can be."""
    state = row.state
    if state == "sending":
        stopped = attempts.take_back(work.db, work.commune_id, row.id, _part_key(row.id, row.step))
        if stopped is None:
            return
        attempts.end(work.db, [Ended(row.id, stopped.id, state, "waiting", "failed", back=True)], work.now)
        spending.add(work.db, work.commune_id, stopped.month, -stopped.cost, -stopped.plan_messages)
        state = "waiting"
    attempts.end(work.db, [Ended(row.id, row.attempt_id, state, "delivered", "sent")], work.now)
