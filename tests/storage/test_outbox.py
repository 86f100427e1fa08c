"""The outbox: every message ends in one state, in order per chat, and every query of a turn uses an index."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from storage import arrivals, cards, conversations, inbox, migrate, outbox
from storage.db import create_engine_for
from storage.outbox import Result, Row
from storage.outbox import outbox as rows
from tests import stores

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HERE = (1, "test", "account")


@pytest.fixture(params=stores.BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """A connection in an open transaction to an empty database of both kinds."""
    with stores.rolled_back(request.param, tmp_path) as connection:
        yield connection


def put(db: Connection, chat: str = "c1", words: str = "Xin chào.", kind: str = "answer", **more: Any) -> int:
    usual = {"channel": "test", "account": "account", "created_at": NOW, "not_before": NOW}
    return outbox.put(db, 1, Row(chat=chat, kind=kind, body={"text": words}, **(usual | more)))


def due(db: Connection, now: datetime = NOW, limit: int = 32, paused: tuple[str, ...] = ()) -> list[int]:
    """The ids that may leave now."""
    return [each.id for each in outbox.next_to_send(db, *HERE, now, limit, paused)]


def leaves(db: Connection, *ids: int, epoch: int = 1) -> None:
    outbox.mark_sending(db, list(ids), epoch, NOW)


def ends(db: Connection, row_id: int, state: str, **more: Any) -> None:
    """Let one message leave and end in a state."""
    leaves(db, row_id)
    outbox.record(db, [Result(row_id, state, **more)], NOW)


def state(db: Connection, row_id: int) -> str:
    found = db.execute(select(rows.c.state, rows.c.dropped).where(rows.c.id == row_id)).one()
    return found.state if found.dropped is None else f"{found.state}: {found.dropped}"


# --- what is queued ---------------------------------------------------------------------------------------------------


def test_ten_answers_with_one_key_leave_as_one(db: Connection) -> None:
    """Of several messages with the same key that still wait only the newest stays; one that has left is not touched."""
    left = put(db, supersedes_key="album:1")
    leaves(db, left)
    ten = [put(db, supersedes_key="album:1") for _each in range(10)]
    other = put(db, supersedes_key="album:2")
    assert [state(db, each) for each in ten] == ["dropped: superseded"] * 9 + ["queued"]
    assert (state(db, left), state(db, other)) == ("sending", "queued")


def test_what_has_not_left_can_be_taken_back(db: Connection) -> None:
    """Undo drops what is queued, says how many, and cannot call back what has left or is another commune's."""
    waiting, gone = put(db, not_before=NOW + MINUTE), put(db)
    leaves(db, gone)
    assert outbox.undo(db, 2, [waiting]) == 0
    assert outbox.undo(db, 1, [waiting, gone]) == 1
    assert (state(db, waiting), state(db, gone)) == ("dropped: undone", "sending")


def test_what_is_too_old_is_dropped_as_stale(db: Connection) -> None:
    """A message whose time has passed is never sent late; one without an end waits."""
    old, fresh, endless = put(db, "c1", expires_at=NOW + HOUR), put(db, "c2", expires_at=NOW + DAY), put(db, "c3")
    assert due(db, NOW + HOUR + MINUTE) == [fresh, endless]
    assert outbox.drop_stale(db, NOW + HOUR + MINUTE) == 1
    assert [state(db, each) for each in (old, fresh, endless)] == ["dropped: stale", "queued", "queued"]


# --- what leaves next -------------------------------------------------------------------------------------------------


def test_what_leaves_first_is_its_rank_then_its_age(db: Connection) -> None:
    """Answers go before what officials say and see, that before notices, and edits go last; in a chat as among all."""
    kinds = ["edit", "notice", "card", "reply", "answer"]
    in_one_chat = {kind: put(db, "c1", kind=kind) for kind in kinds}
    apart = {kind: put(db, kind, kind=kind) for kind in kinds}
    assert due(db) == [in_one_chat["answer"], *(apart[kind] for kind in ("answer", "card", "reply", "notice", "edit"))]
    for kind in ("answer", "card", "reply", "notice", "edit"):
        first = next(each for each in due(db) if each in in_one_chat.values())
        assert first == in_one_chat[kind]
        ends(db, first, "sent")


def test_what_a_turn_takes_back_at_the_last_moment_is_not_marked(db: Connection) -> None:
    """Between choosing and marking a turn of another process may have undone a message: it does not leave."""
    undone, other = put(db, "c1"), put(db, "c2")
    assert due(db) == [undone, other]
    outbox.undo(db, 1, [undone])
    assert outbox.mark_sending(db, [undone, other], 1, NOW) == {other}
    assert state(db, undone) == "dropped: undone"
    assert outbox.mark_sending(db, [], 1, NOW) == set()


def test_one_message_a_chat_answers_first_and_in_order(db: Connection) -> None:
    """Of each chat one message may leave: its oldest answer, else its oldest other; answers go before all others."""
    notice, first, _second = put(db, "c1", kind="notice"), put(db, "c1"), put(db, "c1")
    other, mine = put(db, "c2", kind="notice"), put(db, "c3")
    assert due(db) == [first, mine, other]
    assert due(db, limit=2) == [first, mine]
    assert due(db, limit=1) == [first]
    leaves(db, first)
    assert due(db) == [mine, other]
    outbox.record(db, [Result(first, "sent")], NOW)
    ends(db, _second, "sent")
    assert due(db) == [mine, notice, other]


def test_a_chat_with_a_long_queue_hides_nobody(db: Connection) -> None:
    """However many messages wait for one chat, the others have their place in the same round."""
    many = [put(db, "c1", kind="notice") for _each in range(50)]
    others = [put(db, f"d{number}", kind="notice") for number in range(5)]
    assert due(db, limit=6) == [many[0], *others]
    leaves(db, many[0])
    assert due(db, limit=6) == others


def test_what_is_held_back_to_be_undone_holds_nobody_up_but_what_is_tried_again_does(db: Connection) -> None:
    """A message in its minute to undo is passed by later ones; one that waits for its next try keeps its place."""
    held = put(db, "c1", kind="reply", not_before=NOW + MINUTE)
    later = put(db, "c1", kind="reply")
    assert due(db) == [later]
    assert due(db, NOW + MINUTE) == [held]
    ends(db, held, "queued", again=NOW + HOUR)
    assert due(db, NOW + MINUTE) == []
    assert due(db, NOW + HOUR) == [held]


def test_a_stale_message_that_was_tried_blocks_nobody(db: Connection) -> None:
    """A message that went stale between two tries does not stop its chat until it is swept away."""
    old, new = put(db, "c1", expires_at=NOW + HOUR), put(db, "c1")
    ends(db, old, "queued", again=NOW + 2 * HOUR)
    assert due(db, NOW + MINUTE) == []
    assert due(db, NOW + HOUR + MINUTE) == [new]


def test_a_paused_chat_another_account_and_another_channel_are_left_out(db: Connection) -> None:
    """A sender sees only its own account's messages, and none of a chat it was told to leave alone."""
    put(db, "c1")
    put(db, "c2", account="other")
    put(db, "c3", channel="web")
    mine = put(db, "c4")
    assert due(db, paused=("c1",)) == [mine]


def test_the_words_and_the_count_come_with_the_message(db: Connection) -> None:
    """What is to be sent carries its words, its kind and how often it was tried and repeated."""
    row = put(db, "c1", "Mã hồ sơ là gì ạ?")
    ends(db, row, "queued", again=NOW, repeat=True)
    (found,) = outbox.next_to_send(db, *HERE, NOW, 32)
    assert (found.chat, found.kind, found.body) == ("c1", "answer", {"text": "Mã hồ sơ là gì ạ?"})
    assert (found.attempts, found.repeats, found.created_at) == (1, 1, NOW)


def test_when_the_next_held_message_becomes_due_and_for_whom(db: Connection) -> None:
    """The next due time is the earliest in the future; a page is woken for what became due since it was last asked."""
    assert outbox.next_due(db, NOW) is None
    put(db, "c1", channel="web", not_before=NOW + HOUR)
    put(db, "c2", channel="web", not_before=NOW + MINUTE)
    put(db, "c3", not_before=NOW)
    assert outbox.next_due(db, NOW) == NOW + MINUTE
    assert outbox.due_chats(db, "web", NOW, NOW + MINUTE) == ["c2"]
    assert outbox.due_chats(db, "web", NOW + MINUTE, NOW + HOUR) == ["c1"]


# --- what became of it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["sent", "failed", "unreachable", "uncertain"])
def test_a_result_is_written_once_and_only_for_what_is_in_flight(db: Connection, end: str) -> None:
    """A message ends once; a second result, or one for what was never marked, changes nothing."""
    row, never = put(db, "c1"), put(db, "c2")
    ends(db, row, end, provider_id="77" if end == "sent" else None, error="x" * 300)
    outbox.record(db, [Result(row, "failed"), Result(never, "sent")], NOW + HOUR)
    found = db.execute(select(rows).where(rows.c.id == row)).one()
    assert (found.state, found.attempts, len(found.error)) == (end, 1, 200)
    assert (found.sent_at, found.provider_id) == ((NOW, "77") if end == "sent" else (None, None))
    assert state(db, never) == "queued"


def test_a_repeat_is_counted_and_a_plain_next_try_is_not(db: Connection) -> None:
    """Only what may have arrived already counts as repeated."""
    refused, uncertain = put(db, "c1"), put(db, "c2")
    ends(db, refused, "queued", again=NOW + MINUTE)
    ends(db, uncertain, "queued", again=NOW, repeat=True)
    found = db.execute(
        select(rows.c.state, rows.c.attempts, rows.c.repeats, rows.c.not_before).order_by(rows.c.id)
    ).all()
    assert [tuple(each) for each in found] == [("queued", 1, 0, NOW + MINUTE), ("queued", 1, 1, NOW)]


def test_a_result_of_an_older_lease_says_nothing_about_a_newer_request(db: Connection) -> None:
    """What an earlier holder knows of its request is void once another has marked the message."""
    row = put(db)
    leaves(db, row, epoch=2)
    outbox.record(db, [Result(row, "sent", epoch=1)], NOW)
    assert state(db, row) == "sending"
    outbox.record(db, [Result(row, "sent", epoch=2)], NOW)
    assert state(db, row) == "sent"


def test_a_new_holder_sees_what_earlier_ones_left_in_flight(db: Connection) -> None:
    """Messages marked under an older epoch are left over; one's own are not."""
    old, own = put(db, "c1", kind="notice"), put(db, "c2")
    leaves(db, old, epoch=1)
    leaves(db, own, epoch=2)
    assert [(each.id, each.kind, each.repeats) for each in outbox.left_sending(db, *HERE, 2)] == [(old, "notice", 0)]


def test_every_message_is_in_one_state_and_they_add_up(db: Connection) -> None:
    """The counts of all states add up to everything that was ever queued."""
    ends(db, put(db, "c1"), "sent")
    ends(db, put(db, "c2"), "failed")
    ends(db, put(db, "c3", kind="notice"), "uncertain")
    ends(db, put(db, "c4"), "unreachable")
    leaves(db, put(db, "c5"))
    outbox.undo(db, 1, [put(db, "c6")])
    put(db, "c7")
    found = outbox.counts(db, 1)
    assert found == dict.fromkeys(outbox.STATES, 1)
    assert sum(found.values()) == 7
    assert outbox.counts(db, 2) == {}


def test_parts_of_one_reply_do_not_replace_each_other_but_all_of_an_older_one(db: Connection) -> None:
    """A reply of several requests has one key; only its first part supersedes what waited before."""
    old = put(db, supersedes_key="talk:1")
    row = Row("test", "account", "c1", "answer", {"text": "một"}, NOW, NOW, supersedes_key="talk:1")
    parts = [outbox.put(db, 1, row, supersede=number == 0) for number in range(3)]
    assert [state(db, each) for each in (old, *parts)] == ["dropped: superseded"] + ["queued"] * 3
    put(db, supersedes_key="talk:1")
    assert [state(db, each) for each in parts] == ["dropped: superseded"] * 3


# --- a person decides -------------------------------------------------------------------------------------------------


def test_what_is_stuck_is_listed_and_can_be_sent_again_or_settled(db: Connection) -> None:
    """A person sees what failed or is uncertain, newest first, and sends it again or says what became of it."""
    failed, uncertain, lost, sent = (put(db, f"c{number}", kind="notice", expires_at=NOW + HOUR) for number in range(4))
    ends(db, failed, "failed", error="400 bad")
    ends(db, uncertain, "uncertain")
    ends(db, lost, "unreachable")
    ends(db, sent, "sent")
    assert [(each.id, each.error) for each in outbox.stuck(db, 1)] == [
        (lost, None),
        (uncertain, None),
        (failed, "400 bad"),
    ]
    assert outbox.stuck(db, 2) == []
    assert outbox.retry(db, 1, failed, NOW + DAY)
    assert due(db, NOW + DAY) == [failed]
    assert outbox.settle(db, 1, uncertain, True, NOW + DAY)
    assert outbox.settle(db, 1, lost, False, NOW + DAY)
    assert [state(db, each) for each in (failed, uncertain, lost)] == ["queued", "sent", "dropped: stopped"]
    assert outbox.stuck(db, 1) == []
    for decide in (
        outbox.retry(db, 1, sent, NOW),
        outbox.settle(db, 1, sent, True, NOW),
        outbox.retry(db, 2, lost, NOW),
    ):
        assert decide is False


def test_a_failed_edit_is_nobody_s_work(db: Connection) -> None:
    """Buttons that could not be taken away are not worth a person's time."""
    for end in ("failed", "unreachable"):
        ends(db, put(db, kind="edit"), end)
    assert outbox.stuck(db, 1) == []


def test_what_has_lost_its_words_cannot_be_sent_again(db: Connection) -> None:
    """A retry needs the words."""
    row = put(db)
    ends(db, row, "failed")
    db.execute(rows.update().values(body=None))
    assert not outbox.retry(db, 1, row, NOW)


# --- pages ------------------------------------------------------------------------------------------------------------


def shown(db: Connection, chat: str = "c1", after: int = 0, now: datetime = NOW, **more: Any) -> list[int]:
    found = outbox.shown(db, *HERE, [chat], more.pop("stream", ""), after, now, **more)
    return [each.id for each in found]


def test_a_page_sees_what_is_new_and_what_it_has_not_acknowledged(db: Connection) -> None:
    """After its cursor a page gets everything; below it only what still waits for its acknowledgement."""
    one, two, three = put(db), put(db), put(db)
    put(db, "c2")
    assert outbox.acknowledge(db, *HERE, ["c1"], [one, three], NOW) == 2
    assert shown(db) == [one, two, three]
    assert shown(db, after=two) == [two, three]
    assert shown(db, after=three) == [two]
    assert outbox.acknowledge(db, *HERE, ["c1"], [two], NOW) == 1
    assert shown(db, after=three) == []


def test_nobody_acknowledges_another_chat_s_message(db: Connection) -> None:
    """A page that names a foreign row changes nothing, nor does a second acknowledgement."""
    row = put(db, "c1")
    assert outbox.acknowledge(db, *HERE, ["c2"], [row], NOW) == 0
    assert outbox.acknowledge(db, *HERE, ["c1"], [row, row], NOW) == 1
    assert outbox.acknowledge(db, *HERE, ["c1"], [row], NOW) == 0


def test_a_page_sees_nothing_held_stale_dropped_or_emptied(db: Connection) -> None:
    """What is in its minute to undo, too old, taken back or without words is not shown."""
    put(db, not_before=NOW + MINUTE)
    put(db, expires_at=NOW - MINUTE)
    outbox.undo(db, 1, [put(db)])
    outbox.acknowledge(db, *HERE, ["c1"], [put(db)], NOW)
    db.execute(rows.update().where(rows.c.state == "sent").values(body=None))
    row = put(db)
    assert shown(db) == [row]


def test_a_shared_stream_is_shown_after_the_cursor_and_never_twice(db: Connection) -> None:
    """Cards of the office come to every page after its own cursor, among its own messages, in order."""
    card, own, newer = put(db, "office", kind="card"), put(db, "c1"), put(db, "office", kind="card")
    assert shown(db, stream="office") == [card, own, newer]
    assert shown(db, stream="office", after=card) == [own, newer]
    assert shown(db, stream="office", after=newer) == [own]
    assert shown(db, stream="office", after=newer + 100) == [own]


def test_without_a_cursor_the_latest_are_shown_and_with_one_the_next(db: Connection) -> None:
    """A page opened anew shows the newest messages; one that follows gets the next ones, none skipped."""
    ids = [put(db, "office" if number % 2 else "c1") for number in range(10)]
    outbox.acknowledge(db, *HERE, ["c1"], ids, NOW)
    assert shown(db, stream="office", limit=4) == ids[-4:]
    assert shown(db, stream="office", limit=4, after=ids[1]) == ids[2:6]


# --- pruning ----------------------------------------------------------------------------------------------------------


def test_words_then_rows_of_what_is_over_are_forgotten(db: Connection) -> None:
    """Old messages that have ended lose their words, then their rows; what is open or needs a person stays."""
    sent, dropped, waiting, failed = put(db, "c1"), put(db, "c2"), put(db, "c3"), put(db, "c4")
    ends(db, sent, "sent")
    outbox.undo(db, 1, [dropped])
    ends(db, failed, "failed")
    fresh = put(db, "c5", created_at=NOW + DAY)
    ends(db, fresh, "sent")
    assert outbox.empty_old(db, NOW + HOUR) >= 2
    emptied = set(db.execute(select(rows.c.id).where(rows.c.body.is_(None))).scalars())
    assert {sent, dropped} <= emptied
    assert not emptied & {waiting, fresh}
    outbox.delete_old(db, NOW + HOUR)
    left = set(db.execute(select(rows.c.id)).scalars())
    assert not left & {sent, dropped}
    assert {waiting, fresh} <= left


def test_erasing_a_chat_forgets_its_words_and_drops_what_waits(db: Connection) -> None:
    """Nothing is sent to somebody who asked to be forgotten, and her words are gone; others keep theirs."""
    sent, waiting, other = put(db, "c1"), put(db, "c1"), put(db, "c2")
    ends(db, sent, "sent")
    outbox.erase(db, *HERE, "c1")
    assert [state(db, each) for each in (sent, waiting, other)] == ["sent", "dropped: erased", "queued"]
    assert db.execute(select(rows.c.id).where(rows.c.body.is_not(None))).scalars().all() == [other]
    assert outbox.export(db, *HERE, "c1") == []
    assert outbox.export(db, *HERE, "c2") == [{"at": NOW, "kind": "answer", "text": "Xin chào."}]


def test_what_was_in_flight_when_she_was_forgotten_does_not_go_again(db: Connection) -> None:
    """A message without words is never queued again: it ends as erased, and the sender goes on."""
    row = put(db, "c1")
    leaves(db, row)
    outbox.erase(db, *HERE, "c1")
    outbox.record(db, [Result(row, "queued", again=NOW)], NOW)
    assert state(db, row) == "dropped: erased"
    assert due(db) == []


def test_a_message_that_cannot_be_unsealed_is_set_aside_and_the_rest_leaves(db: Connection) -> None:
    """One damaged row stops nobody else's messages; a person finds it in the list."""
    damaged, good = put(db, "c1"), put(db, "c2")
    db.execute(rows.update().where(rows.c.id == damaged).values(body=b"not sealed by us at all"))
    assert due(db) == [good]
    assert [each.id for each in outbox.stuck(db, 1)] == [damaged]


# --- indexes ----------------------------------------------------------------------------------------------------------


def test_every_query_of_a_turn_uses_an_index(tmp_path: Path) -> None:
    """Neither accepting, taking, answering, showing nor sending reads a table from end to end."""
    with stores.fresh("sqlite", tmp_path) as url:
        engine = create_engine_for(url, stores.KEYS)
        said: list[str] = []
        with engine.begin() as db:
            db.connection.driver_connection.set_trace_callback(said.append)
            inbox.accept(db, 1, inbox.Event("test", "account", "c1", "c1", "1", b"x"), NOW)
            taken = arrivals.take(db, NOW)
            inbox.postpone(db, taken, NOW)
            inbox.done(db, taken.id, NOW)
            talk = conversations.open_talk(db, 1, taken.lane_id, "c1", "dossier", NOW, NOW + HOUR)
            conversations.live(db, taken.lane_id, "c1")
            conversations.latest(db, taken.lane_id, "c1", ("expired",), NOW - DAY)
            conversations.by_token(db, 1, taken.lane_id, "c1", talk.token)
            conversations.save(db, talk.id, "live", {}, NOW, NOW + HOUR)
            conversations.show_list(db, 1, taken.lane_id, "c1", [("1. Một", "a")], NOW)
            conversations.lists(db, 1, taken.lane_id, "c1")
            card = cards.place(db, *HERE, "group", "request:1")
            row = put(db, supersedes_key="talk:1")
            shown = put(db, "group", kind="card", card_id=card, supersedes_key="card:1")
            outbox.next_to_send(db, *HERE, NOW, 32)
            outbox.mark_sending(db, [row, shown], 1, NOW)
            cards.touch(db, [card], NOW)
            outbox.left_sending(db, *HERE, 2)
            outbox.record(db, [Result(row, "queued", again=NOW), Result(shown, "sent", "77", shows=card)], NOW)
            cards.name_of(db, *HERE, "group", "77")
            outbox.shown(db, *HERE, ["c1"], "office", 5, NOW)
            outbox.acknowledge(db, *HERE, ["c1"], [row], NOW)
            outbox.next_due(db, NOW)
            outbox.due_chats(db, "test", NOW, NOW + HOUR)
            db.connection.driver_connection.set_trace_callback(None)
            plans = {statement: plan(db, statement) for statement in said}
        engine.dispose()
    scans = {step: statement for statement, steps in plans.items() for step in steps if is_scan(step)}
    assert scans == {}
    due_, before = (
        [steps for statement, steps in plans.items() if words in " ".join(statement.split())]
        for words in ("LEFT OUTER JOIN card ON card.id = outbox.card_id WHERE", "outbox.rank, outbox.state FROM")
    )
    assert any("SEARCH outbox USING INDEX ix_outbox_open" in steps[0] for steps in due_)
    assert not any("TEMP B-TREE FOR ORDER BY" in step for steps in due_ for step in steps)
    assert all("SEARCH outbox USING COVERING INDEX ix_outbox_ahead" in steps[0] for steps in before)
    assert len(said) > 30
    assert before


def plan(db: Connection, statement: str) -> list[str]:
    """SQLite's plan for a statement, as it was traced with its values."""
    raw = db.connection.driver_connection
    return [step[3] for step in raw.execute(f"EXPLAIN QUERY PLAN {statement}")]


def is_scan(step: str) -> bool:
    """Whether a whole table is read. The queue of new events is read from its start and ends with the first."""
    what, table = step.split()[:2]
    return what == "SCAN" and table in migrate.tables().tables and step != "SCAN inbox USING INDEX ix_inbox_new"
