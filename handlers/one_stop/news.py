"""News of dossiers become messages: the minute's tick takes what happened and lets every rule act upon it.

Each happening is acted upon by itself. When one fails, the others go on; it is tried again with the next minutes, and
after the third time it is left and the office is told, so that one bad row never keeps good news from anybody.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from sqlalchemy import Connection

from bot import dossier_notices as notices
from bot import logs
from bot.calendar import Calendar
from bot.routes import Routes
from bot.turn import Work
from handlers.letters import proposals
from handlers.one_stop import counter, deadlines, ledger
from messages.reply import Reply, _
from storage import dossier_events, dossiers, ready
from storage.db import is_postgres, temporary
from storage.dossier_events import Happening
from storage.dossiers import Dossier

routes = Routes()
log = structlog.get_logger(__name__)

TRIES = 3
MORNING = 8
"""The hour at which a reminder is due."""


@routes.tick("news", every=timedelta(minutes=1))
def act(work: Work) -> None:
    """A slice of what nobody has acted upon yet."""
    found = dossier_events.waiting(work.db, work.commune_id)
    failed = [each for each in found if not _acted(work, each)]
    waits = {each.id for each in failed if each.tries + 1 < TRIES}
    dossier_events.done(work.db, [each.id for each in found if each.id not in waits], work.now)
    work.again = len(found) >= dossier_events.SLICE and not failed


def _acted(work: Work, happening: Happening) -> bool:
    """Whether it could be acted upon; the database's own trouble stops the whole slice, which is then tried again."""
    known = dossiers.get(work.db, work.commune_id, happening.dossier_id)
    if known is None:
        return True
    try:
        with _apart(work.db):
            _one(work, known, happening)
    except Exception as error:
        if temporary(error):
            raise
        _note_failure(work, known, happening, error)
        return False
    return True


@contextmanager
def _apart(db: Connection) -> Iterator[None]:
    """On PostgreSQL a statement that fails would spoil the transaction for all the others. On SQLite it undoes itself;
    what was done before it stays, which harms nobody: it is done once by its key.
    """
    if not is_postgres(db):
        yield
        return
    with db.begin_nested():
        yield


def _note_failure(work: Work, known: Dossier, happening: Happening, error: Exception) -> None:
    reference = logs.new_reference()
    log.error("news_failed", reference=reference, happening=happening.id, kind=happening.kind, exc_info=error)
    dossier_events.failed(work.db, happening.id)
    if happening.tries + 1 >= TRIES:
        told = _(
            "News of dossier {code} could not be told. Please look at it: /hoso {code} (Reference: {reference})",
            code=known.code, reference=reference,
        )  # fmt: skip
        work.send_office(Reply(told, card="news-failed", loud=True))


# --- what each happening means ----------------------------------------------------------------------------------------


def _one(work: Work, known: Dossier, happening: Happening) -> None:
    match happening.kind:
        case "moved":
            deadlines.moved(work, known, happening)
            ledger.moved(work, known, happening)
            _moved(work, known, happening)
            proposals.moved(work, known, happening)
        case "noted":
            _noted(work, known, happening)
        case "due":
            deadlines.due(work, known, happening)
        case "ready":
            _ready(work, known, happening)
        case "remind" if happening.once == str(known.recalls):
            notices.tell(work, "result-reminder", known, since=happening.at)


def _moved(work: Work, known: Dossier, happening: Happening) -> None:
    """What is not true any more is taken back, then what it came to is told, unless it has moved on since."""
    notices.withdraw_untrue(work, known)
    if known.status != ready.RESULT and known.ready_at is not None:
        counter.left_counter(work, known)
    elif known.status == ready.RESULT and known.ready_at is not None:
        _remind_later(work, known)
    elif known.status == ready.RESULT and work.commune.dossiers.trust_ready:
        ready.trust(work.db, work.commune_id, known.id, happening.at)
        _ready(work, dossiers.get(work.db, work.commune_id, known.id) or known, happening)
    _tell_of(work, known, happening)


def _noted(work: Work, known: Dossier, happening: Happening) -> None:
    """The list of papers, or the fee, may be another one: what has not left of the one before does not leave."""
    rule = notices.by_status(happening.new)
    if rule is not None:
        notices.withdraw(work, known.id, rule.name)
    _tell_of(work, known, happening)


def _tell_of(work: Work, known: Dossier, happening: Happening) -> None:
    """What its rule says; the same papers or fee are not told twice."""
    rule = notices.by_status(happening.new)
    if rule is not None and happening.old in rule.out_of:
        notices.tell(work, rule.name, known, since=happening.at)


def _ready(work: Work, known: Dossier, happening: Happening) -> None:
    """It lies at the counter, unless that was taken back meanwhile. Whom the apology for an earlier tick has not left
    for yet is spared both: what she was told first is true after all.
    """
    if happening.kind == "ready" and happening.once != str(known.recalls):
        return
    people = notices.audience(work, known.id)
    if notices.withdraw(work, known.id, "result-recalled"):
        had = {each.citizen_id for each in ready.had(work.db, work.commune_id, known.id, "result-ready")}
        people = [each for each in people if each.citizen_id not in had]
    notices.tell(work, "result-ready", known, to=people)
    _remind_later(work, known)


def _remind_later(work: Work, known: Dossier) -> None:
    """Whoever has not collected by then is reminded, once."""
    days = work.commune.dossiers.reminder_days
    at = Calendar(work.commune).after_working_days(work.now, days).replace(hour=MORNING, minute=0, second=0)
    ready.remind(work.db, work.commune_id, known.id, at)
