"""What summaries count (A04, A20): by an index on both databases, and the ledger of what was finished."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from handlers.office.dashboard import month_of
from messages.fold import fold
from storage import dossiers, figures, imports, officer_names, ready, trail
from storage.dossiers import Dossier
from tests import stores
from tests.storage.test_dossiers import KEY, NOW, Row

DAY = timedelta(days=1)
MONTH = month_of(NOW.date())
COUNTS: dict[str, tuple[str, Callable[[Connection], Any]]] = {
    "due_count": ("ix_dossier_deadline", lambda db: figures.due_count(db, 1, NOW, NOW + DAY)),
    "due": ("ix_dossier_deadline", lambda db: figures.due(db, 1, NOW, NOW + DAY, 8)),
    "late": ("ix_dossier_deadline", lambda db: figures.due_count(db, 1, None, NOW)),
    "late_by_officer": ("ix_dossier_deadline", lambda db: figures.late_by_officer(db, 1, NOW, 8)),
    "of_an_officer": ("ix_dossier_deadline", lambda db: figures.due_count(db, 1, None, NOW, ["Lê Văn An"])),
    "unticked_count": ("ix_dossier_ready", lambda db: ready.count(db, 1)),
    "unmoved_count": ("ix_dossier_unmoved", lambda db: figures.unmoved_count(db, 1, NOW - 220 * DAY)),
    "unmoved": ("ix_dossier_unmoved", lambda db: figures.unmoved(db, 1, NOW - 220 * DAY, 8)),
    "received_count": ("ix_dossier_received", lambda db: figures.received_count(db, 1, MONTH)),
    "received": ("ix_dossier_received", lambda db: figures.received(db, 1, MONTH, 8)),
    "lost_count": ("ix_delivery_lost", lambda db: figures.lost_count(db, 1, NOW)),
    "lost": ("ix_delivery_lost", lambda db: figures.lost(db, 1, NOW, 8)),
    "unsent_answers": ("ix_outbox_stuck", lambda db: figures.unsent_answers(db, 1)),
    "finished": ("ix_dossier_ledger_month", lambda db: figures.finished(db, 1, MONTH)),
    "noted": ("ix_dossier_ledger_month", lambda db: figures.noted(db, 1, "finished", MONTH, 8, 0, None, True)),
    "papers": ("ix_dossier_ledger_month", lambda db: figures.papers(db, 1, MONTH, "officer")),
    "notices_made": ("ix_notice_made", lambda db: figures.notices_made(db, 1, MONTH)),
    "notice_states": ("ix_notice_made", lambda db: figures.notice_states(db, 1, MONTH)),
    "messages": ("ix_notice_about", lambda db: trail.messages(db, 1, "H55", 8)),
    "openings": ("ix_dossier_access", lambda db: trail.openings(db, 1, 1)),
    "names": ("ix_dossier_", lambda db: officer_names.count(db, 1)),
}


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with stores.rolled_back(request.param, tmp_path) as made:
        yield made


@pytest.mark.parametrize("name", COUNTS)
def test_A20_every_figure_is_asked_by_its_index(db: Connection, name: str) -> None:
    """With a million dossiers a summary costs what it counts: every query goes by the index that was made for it."""
    index, ask = COUNTS[name]
    sqlite = db.dialect.name == "sqlite"
    asked: list[tuple[str, Any]] = []
    fill(db)
    note = lambda *said: asked.append((said[2], said[3]))  # noqa: E731
    event.listen(db, "before_cursor_execute", note)
    ask(db)
    event.remove(db, "before_cursor_execute", note)
    words, values = next(each for each in asked if each[0].startswith("SELECT"))
    explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
    plan = "\n".join(str(row[-1]) for row in db.exec_driver_sql(explain + words, values))
    assert index in plan
    assert ("SCAN" if sqlite else "Seq Scan") not in plan


def fill(db: Connection) -> None:
    """A commune's years: most dossiers are over, few of the others late, most notices arrived."""
    many = "WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < 4000) "
    old, new = int((NOW - 900 * DAY).timestamp() * 1000), int(NOW.timestamp() * 1000)
    at = f"{old} + i * {(new - old) // 4000}"
    one = "1" if db.dialect.name == "sqlite" else "true"
    for into in (
        "dossier (id, commune_id, code, code_key, procedure_code, procedure_name, status, village, officer, place, "
        "details, applicant_key, digest, changed_at, import_id, received_at, due_at, deadline) SELECT i, 1, 'H' || i, "
        "'H' || i, '', '', CASE WHEN i < 3000 THEN 10 WHEN i < 3950 THEN 4 ELSE 9 END, '', 'An', '', '', '', '', "
        f"CASE WHEN i < 3000 THEN {new} ELSE {at} END, 1, {at}, {at}, "
        f"CASE WHEN i < 3000 THEN NULL ELSE {new} + (i - 3020) * 3600000 END",
        f"dossier_ledger (id, commune_id, kind, dossier_id, once, month, at, status, on_time) SELECT i, 1, "
        f"'finished', i, '', 'm' || (i / 100), {at}, 9, {one}",
        "dossier_access (id, commune_id, dossier_id, official_id, at) SELECT i, 1, i, 1, 0",
        "notice (id, commune_id, kind, key, topic, about, calls, made_at) SELECT i, 1, 'result-ready', 'k' || i, "
        f"'dossiers', 'H' || i, {one}, {at}",
        "delivery (id, commune_id, notice_id, person, state, changed_at) SELECT i, 1, i, 'c' || i, "
        f"CASE WHEN i < 3950 THEN 'delivered' ELSE 'uncertain' END, {at}",
        "outbox (id, commune_id, channel, account, chat, kind, state, created_at, not_before) SELECT i, 1, 'web', '', "
        f"'c' || i, 'answer', CASE WHEN i < 3950 THEN 'sent' ELSE 'failed' END, {at}, {at}",
    ):
        table, rest = into.split(" (", 1)
        columns, words = rest.split(") SELECT ", 1)
        if table == "dossier_access":
            db.execute(text("INSERT INTO official (id, commune_id, name, post, role, created_at) VALUES (1, 1, 'An', "
                            "'', 'clerk', 0)"))  # fmt: skip
        db.execute(text(f"INSERT INTO {table} ({columns}) {many}SELECT {words} FROM n"))
    if db.dialect.name != "sqlite":
        db.execute(text("ANALYZE dossier, dossier_ledger, dossier_access, notice, delivery, outbox"))


def found(db: Connection) -> Dossier:
    known = dossiers.by_code(db, 1, KEY)
    assert known is not None
    return known


def load(db: Connection, as_of: datetime, *rows: Row) -> None:
    imports.load(db, 1, "x", rows or [Row()], fold, as_of, as_of)


def test_A20_only_the_finish_that_stood_counts(db: Connection) -> None:
    """The first state in which the office has done its part is judged; taken back, it counts no more."""
    load(db, NOW)
    known = found(db)
    deadline = known.deadline
    assert deadline is not None
    figures.finish(db, 1, known, 9, deadline, "2026-11")
    figures.finish(db, 1, known, 10, deadline + 9 * DAY, "2026-12")
    assert figures.finished(db, 1, MONTH) == figures.Finished(1, 0, 0)
    figures.reopen(db, 1, known.id)
    assert figures.finished(db, 1, MONTH).total == 0
    figures.finish(db, 1, known, 9, deadline + timedelta(seconds=1), "2026-11")
    assert figures.finished(db, 1, MONTH) == figures.Finished(0, 1, 0)
    assert [each.code for each in figures.noted(db, 1, "finished", MONTH, 8, on_time=False)] == [known.code]
    assert figures.noted(db, 1, "finished", MONTH, 8, on_time=True) == []
    assert figures.finished(db, 1, MONTH, ["Ai đó khác"]).total == 0


def test_A20_papers_are_counted_each_time(db: Connection) -> None:
    """Asked twice is two; the same happening seen twice is one; by procedure and by officer."""
    load(db, NOW)
    for once in ("i1", "i1", "h2"):
        figures.ask_papers(db, 1, found(db), once, NOW, "2026-11")
    assert figures.papers_count(db, 1, MONTH) == 2
    assert figures.papers(db, 1, MONTH, "procedure_name") == [("Đăng ký khai sinh", 2)]
    assert figures.papers(db, 1, MONTH, "officer", officers=["Lê Văn An"]) == [("Lê Văn An", 2)]
    assert figures.papers_count(db, 1, MONTH, ["Ai đó khác"]) == 0


def test_A20_a_summary_goes_out_once(db: Connection) -> None:
    """Asked twice for one day it is told once; another day, another summary."""
    days = ["2026-11-26", "2026-11-26", "2026-11-27"]
    assert [figures.told_once(db, 1, "morning", each, NOW) for each in days] == [True, False, True]


def test_A03_a_status_by_hand_outlasts_an_older_file_and_yields_to_a_newer(db: Connection) -> None:
    """A file drawn up before the hand changes nothing; the next newer one holds, even if it is word for word the same
    as the last.
    """
    load(db, NOW)
    step = trail.set_status(db, 1, found(db).id, 4, 9, (7, "Lê Văn An"), "", NOW + 2 * DAY)
    assert step is not None
    assert trail.set_status(db, 1, found(db).id, 4, 8, (7, "Lê Văn An"), "", NOW + 2 * DAY) is None
    load(db, NOW + DAY, Row(status=5))
    assert (found(db).status, found(db).deadline) == (9, NOW + 5 * DAY)
    load(db, NOW + 3 * DAY)
    assert found(db).status == 4
    assert trail.by_hand(db, 1, found(db).id) == trail.Hand(7, NOW + 2 * DAY)
    assert [each.status for each in dossiers.steps(db, 1, found(db).id)] == [4, 9, 4]
    trail.settled(db, 1, found(db).id)
    assert trail.by_hand(db, 1, found(db).id) is None


def test_A03_a_newer_file_that_agrees_settles_it(db: Connection) -> None:
    """When the file says the same, nobody has to be told later that it says something else."""
    load(db, NOW)
    for day, status in ((1, 5), (2, 9)):
        trail.set_status(db, 1, found(db).id, found(db).status, status, (7, "Lê Văn An"), "giấy cũ", NOW + day * DAY)
    assert dossiers.details(db, 1, found(db).id) == dossiers.Details("Nguyễn Thị Bích", "+84912345678", "giấy cũ")
    load(db, NOW + 3 * DAY, Row(status=9))
    assert trail.by_hand(db, 1, found(db).id) is None
    assert [each.status for each in dossiers.steps(db, 1, found(db).id)] == [4, 5, 9]
    assert dossiers.details(db, 1, found(db).id).note == "giấy tờ đủ"


def test_A03_who_has_read_a_name_is_noted(db: Connection) -> None:
    """The latest first."""
    load(db, NOW)
    db.execute(text("SELECT 1"))
    assert trail.openings(db, 1, found(db).id) == []
