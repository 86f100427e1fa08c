"""What became of the ways by which notices went: attempts and their outbox rows, followed to the end.

The rows that are looked at stand in small indexes: what is under way, what waits for word of delivery, what was given
up and may still arrive.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select, text, update
from sqlalchemy import Row as SqlRow

from storage.db import UtcTime, is_postgres
from storage.notices import SLICE, attempt, delivery, notice
from storage.outbox import outbox


def moved(db: Connection, commune_id: int, limit: int = SLICE) -> list[SqlRow[Any]]:
    """Deliveries under way whose message is not any more: id, state, step; of the message outbox_id, became, dropped,
    error, sent_at, delivered_at; of the attempt month, cost, plan_messages.
    """
    left = (delivery.c.state == "sending") & outbox.c.state.not_in(["queued", "sending"])
    decided = (delivery.c.state == "uncertain") & (outbox.c.state != "uncertain")
    here = (delivery.c.commune_id == commune_id) & text("delivery.state IN ('sending', 'uncertain')")
    return list(db.execute(_messages().where(here, or_(left, decided)).order_by(delivery.c.outbox_id).limit(limit)))


def _messages() -> Any:
    return (
        select(
            delivery.c.id, delivery.c.state, delivery.c.step, delivery.c.until, outbox.c.id.label("outbox_id"),
            outbox.c.state.label("became"), outbox.c.dropped, outbox.c.error, outbox.c.sent_at, outbox.c.delivered_at,
            attempt.c.id.label("attempt_id"), attempt.c.month, attempt.c.cost, attempt.c.plan_messages,
        )
        .join(outbox, outbox.c.id == delivery.c.outbox_id)
        .join(
            attempt,
            (attempt.c.commune_id == delivery.c.commune_id)
            & (attempt.c.delivery_id == delivery.c.id)
            & (attempt.c.outbox_id == delivery.c.outbox_id),
        )
    )  # fmt: skip


def watched(db: Connection, commune_id: int, now: datetime, limit: int = SLICE) -> list[SqlRow[Any]]:
    """Accepted messages with word of delivery, or for which it has been waited long enough; columns as of `moved`."""
    told = or_(delivery.c.until <= now, outbox.c.delivered_at.is_not(None))
    here = (delivery.c.commune_id == commune_id) & delivery.c.until.is_not(None)
    return list(db.execute(_messages().where(here, told).order_by(delivery.c.until).limit(limit)))


def put_off(
    db: Connection, commune_id: int, templates: Iterable[str], these: bool, now: datetime, until: datetime,
    limit: int = SLICE,
) -> int:  # fmt: skip
    """Messages of notices that are due and have not left wait until then: those that go by one of these templates
    (`these`), or all others. How many, at most a slice.
    """
    key = outbox.c.supersedes_key
    by_template = or_(*(key.like(f"notice:%:{step}") for step in templates))
    due = select(outbox.c.id).where(
        outbox.c.commune_id == commune_id, outbox.c.state == text("'queued'"), outbox.c.not_before <= now,
        outbox.c.kind == "notice", key.like("notice:%"), by_template if these else ~by_template,
    )  # fmt: skip
    late = due.order_by(outbox.c.id).limit(limit)
    waiting = outbox.c.id.in_(late), outbox.c.state == text("'queued'")
    return db.execute(update(outbox).where(*waiting).values(not_before=until)).rowcount


def late(db: Connection, commune_id: int, limit: int = SLICE) -> list[SqlRow[Any]]:
    """People who have it after all, by a way that had been given up, while the next is not over: id, attempt_id, and
    the state and step of now.
    """
    open_ = delivery.c.state.in_(["waiting", "sending", "call"])
    return list(
        db.execute(
            select(
                delivery.c.id, delivery.c.state, delivery.c.step, attempt.c.id.label("attempt_id")
            )
            .join(delivery, delivery.c.id == attempt.c.delivery_id)
            .join(outbox, outbox.c.id == attempt.c.outbox_id)
            .where(attempt.c.commune_id == commune_id, text("delivery_attempt.state = 'late'"), open_)
            .where(outbox.c.delivered_at.is_not(None))
            .limit(limit)
        )
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of an attempt: the new state of its delivery, and of itself. `back`: its cost is given back."""

    delivery_id: int
    attempt_id: int
    was: str
    state: str
    attempt: str
    until: datetime | None = None
    why: str | None = None
    back: bool = False


_END = (
    update(delivery)
    .where(delivery.c.id == bindparam("this"), delivery.c.state == bindparam("was"))
    .values(
        state=bindparam("new"), until=bindparam("until_", type_=UtcTime), changed_at=bindparam("at_", type_=UtcTime),
    )
)  # fmt: skip
_END_ATTEMPT = (
    update(attempt)
    .where(attempt.c.id == bindparam("this"))
    .values(state=bindparam("new"), why=bindparam("because"))
)
_GIVE_BACK = update(attempt).where(attempt.c.id == bindparam("this")).values(cost=0, plan_messages=0)


def end(db: Connection, ended: Sequence[Ended], now: datetime) -> None:
    """Write down what became of attempts."""
    if not ended:
        return
    db.execute(
        _END,
        [
            {"this": each.delivery_id, "was": each.was, "new": each.state, "until_": each.until, "at_": now}
            for each in ended
        ],
    )
    db.execute(
        _END_ATTEMPT, [{"this": each.attempt_id, "new": each.attempt, "because": each.why} for each in ended]
    )
    if back := [{"this": each.attempt_id} for each in ended if each.back]:
        db.execute(_GIVE_BACK, back)


def give_up(db: Connection, commune_id: int, parts: Iterable[str], ids: Iterable[int]) -> None:
    """Messages that another way replaces: nobody may send one of them again, or she would get it twice. `parts`: the
    keys of what still waits; `ids`: what has failed.
    """
    other = {"state": "dropped", "dropped": "other_channel"}
    keyed = (outbox.c.commune_id == commune_id) & outbox.c.supersedes_key.in_(list(parts))
    db.execute(update(outbox).where(keyed, outbox.c.state == text("'queued'")).values(other))
    db.execute(
        update(outbox).where(outbox.c.id.in_(list(ids)), outbox.c.state.in_(["failed", "unreachable"])).values(other)
    )


def take_back(db: Connection, commune_id: int, delivery_id: int, key: str) -> Any:
    """Stop an attempt that has not left (id, month, cost, plan_messages); None when it has, or there is none."""
    going = (attempt.c.commune_id == commune_id) & (attempt.c.delivery_id == delivery_id)
    found = db.execute(
        select(attempt.c.id, attempt.c.month, attempt.c.cost, attempt.c.plan_messages)
        .join(outbox, outbox.c.id == attempt.c.outbox_id)
        .where(going, attempt.c.state == "going", outbox.c.state == "queued", outbox.c.attempts == 0)
    ).first()
    if found is not None:
        give_up(db, commune_id, [key], ())
    return found


def withdraw(
    db: Connection, commune_id: int, dossier_id: int, kinds: Iterable[str], now: datetime
) -> tuple[int, list[SqlRow[Any]]]:
    """Take back what has not left yet of notices of these kinds about a dossier: people for whom no way was chosen or
    who are to be called, and messages that still wait in the queue. How many people that were; and of each message
    taken back its month, cost and plan_messages, which are to be given back.
    """
    open_ = delivery.c.state.in_(["waiting", "call", "sending"])
    here = (delivery.c.commune_id == commune_id) & (delivery.c.dossier_id == dossier_id) & open_
    found = db.execute(
        select(delivery.c.id, delivery.c.state, delivery.c.step, delivery.c.outbox_id)
        .join(notice, notice.c.id == delivery.c.notice_id)
        .where(here, notice.c.kind.in_(list(kinds)))
    ).all()
    if not found:
        return 0, []
    under_way = {row.outbox_id: row for row in found if row.state == "sending"}
    unsent = select(outbox.c.id).where(outbox.c.id.in_(list(under_way)), outbox.c.state == text("'queued'"))
    locked = unsent.with_for_update() if is_postgres(db) else unsent
    waiting = [under_way[each] for each in db.execute(locked).scalars()]
    stopped = [row.id for row in waiting]
    keyed = outbox.c.supersedes_key.in_([f"notice:{row.id}:{row.step}" for row in waiting])
    queued = (outbox.c.commune_id == commune_id) & keyed & (outbox.c.state == text("'queued'"))
    db.execute(update(outbox).where(queued).values(state="dropped", dropped="superseded"))
    ids = [row.id for row in found if row.state != "sending"] + stopped
    left = delivery.c.id.in_(ids) & open_
    over = db.execute(update(delivery).where(left).values(state="dropped", changed_at=now)).rowcount
    mine = (attempt.c.commune_id == commune_id) & attempt.c.delivery_id.in_(stopped) & (attempt.c.state == "going")
    taken = select(attempt.c.id, attempt.c.month, attempt.c.cost, attempt.c.plan_messages).where(mine)
    back: list[SqlRow[Any]] = list(db.execute(taken))
    ended = update(attempt).where(attempt.c.id.in_([row.id for row in back]))
    db.execute(ended.values(state="failed", why="withdrawn", cost=0, plan_messages=0))
    return over, back


def doubt(db: Connection, ids: Iterable[int]) -> None:
    """Whether these failed before or after the request had left nobody knows: a person decides."""
    failed = outbox.c.id.in_(list(ids)) & (outbox.c.state == "failed")
    db.execute(update(outbox).where(failed).values(state="uncertain"))


def forget_late(db: Connection, commune_id: int, before: datetime) -> None:
    """No word of delivery is expected any more for what was given up before `before`."""
    old = (attempt.c.commune_id == commune_id) & text("state = 'late'") & (attempt.c.at < before)
    db.execute(update(attempt).where(old).values(state="failed"))


# --- figures ----------------------------------------------------------------------------------------------------------


def ways(db: Connection, commune_id: int, notice_id: int) -> dict[str, tuple[int, int]]:
    """By step: how many attempts, and what they cost."""
    here = (delivery.c.commune_id == commune_id) & (delivery.c.notice_id == notice_id)
    found = db.execute(
        select(attempt.c.step, func.count(), func.sum(attempt.c.cost))
        .join(delivery, delivery.c.id == attempt.c.delivery_id)
        .where(here)
        .group_by(attempt.c.step)
    )
    return {step: (int(number), int(cost)) for step, number, cost in found}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way that was tried, as the trail of a notice shows it."""

    step: str
    state: str
    cost: int
    at: datetime
    why: str | None


def trail(db: Connection, commune_id: int, notice_id: int, person: str) -> list[Attempt]:
    """Every way that was tried for one person, in order."""
    here = (delivery.c.commune_id == commune_id) & (delivery.c.notice_id == notice_id) & (delivery.c.person == person)
    rows = db.execute(
        select(attempt.c.step, attempt.c.state, attempt.c.cost, attempt.c.at, attempt.c.why)
        .join(delivery, delivery.c.id == attempt.c.delivery_id)
        .where(here)
        .order_by(attempt.c.id)
    )
    return [Attempt(*row) for row in rows]
