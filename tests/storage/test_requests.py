"""Requests for a person and guidance given, on both databases."""

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text

from storage import citizens, guidance, officials, requests
from storage.db import create_engine_for, metadata
from storage.sealing import Keys

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=30)
KEYS = Keys.derive(b"a secret for tests")
POSTGRES = os.environ.get("TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1/")


@dataclass(frozen=True)
class Somewhere:
    """An address, as storage sees it."""

    channel: str = "web"
    account: str = ""
    chat: str = "c1"
    sender: str = "c1"


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A PostgreSQL database of this module's own."""
    name = f"people_{uuid.uuid4().hex[:12]}"
    admin = create_engine(f"{POSTGRES}postgres", isolation_level="AUTOCOMMIT")
    with admin.connect() as db:
        db.execute(text(f"CREATE DATABASE {name}"))
    yield f"{POSTGRES}{name}"
    with admin.connect() as db:
        db.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """A connection in an open transaction to an empty database with all tables."""
    url = f"sqlite:///{tmp_path}/test.db" if request.param == "sqlite" else request.getfixturevalue("postgres")
    engine = create_engine_for(url, KEYS)
    with engine.begin() as setup:
        metadata.create_all(setup)
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()
    engine.dispose()


def citizen(db: Connection, sender: str = "c1") -> int:
    return citizens.meet(db, 1, "web", "", sender, NOW).id


def official(db: Connection, name: str = "Nguyễn Văn An") -> int:
    officials.invite(db, 1, name, "công chức", "official", (), None, NOW)
    return officials.active(db, 1)[-1].id


def opened(db: Connection, chat: str = "c1", **rest: object) -> requests.Request:
    fields = {"promised_at": LATER, "remind_at": NOW + timedelta(minutes=10), "closes_at": NOW + timedelta(hours=24)}
    return requests.open(
        db, 1, Somewhere(chat=chat, sender=chat), citizen(db, chat), "question", "Thôn 2", NOW, **{**fields, **rest}
    )


def test_numbers_run_from_one(db: Connection) -> None:
    """Requests are numbered from 1 in each commune."""
    assert [opened(db).number, opened(db, "c2").number] == [1, 2]


def test_L01_one_request_is_open_for_an_address(db: Connection) -> None:
    """The open request of an address is found until it is closed, and closing twice does nothing."""
    made = opened(db)
    assert requests.open_of(db, 1, Somewhere()) == made
    assert requests.open_of(db, 1, Somewhere(chat="other", sender="other")) is None
    assert requests.close(db, 1, made.id, LATER)
    assert not requests.close(db, 1, made.id, LATER)
    assert requests.open_of(db, 1, Somewhere()) is None


def test_words_are_sealed(db: Connection) -> None:
    """What she wrote is not in the table in clear, and comes back whole."""
    made = opened(db)
    requests.add_message(db, 1, made.id, "Đường thôn tôi ngập", NOW, files=["f1"], kind="photo")
    stored = db.execute(requests.request_message.select()).mappings().one()
    assert "ngập".encode() not in stored["body"]
    said = requests.messages(db, 1, made.id)[0]
    assert (said.text, said.files, said.kind, said.from_citizen) == ("Đường thôn tôi ngập", ("f1",), "photo", True)


def test_L02_the_second_official_learns_who_has_it(db: Connection) -> None:
    """The first who takes a request has it; the second is told, and may take it instead on purpose."""
    first, second = official(db), official(db, "Trần Thị Bình")
    made = opened(db)
    assert requests.take_over(db, 1, made.id, first) == first
    assert requests.take_over(db, 1, made.id, second) == first
    assert requests.take_over(db, 1, made.id, second, instead=True) == second
    with pytest.raises(LookupError):
        requests.take_over(db, 1, 999, first)


def test_L02_an_undone_answer_leaves_it_waiting(db: Connection) -> None:
    """Undoing the only answer puts the request back to waiting, once and for all."""
    made = opened(db)
    requests.add_message(db, 1, made.id, "Xin hỏi", NOW)
    answer = requests.answer(db, 1, made.id, official(db), "Dạ", NOW, NOW + timedelta(seconds=60))
    requests.carried_by(db, 1, answer, [7, 8])
    kept = requests.message(db, 1, answer)
    assert kept is not None
    assert kept.outbox == (7, 8)
    assert requests.get(db, 1, made.id).state == "answered"  # type: ignore[union-attr]
    requests.undo(db, 1, answer)
    requests.undo(db, 1, answer)
    assert requests.get(db, 1, made.id).state == "waiting"  # type: ignore[union-attr]
    assert [each.text for each in requests.messages(db, 1, made.id)] == ["Xin hỏi"]


def test_undoing_one_of_two_answers_keeps_it_answered(db: Connection) -> None:
    """A request with another answer stays answered when one is undone."""
    made, who = opened(db), official(db)
    requests.add_message(db, 1, made.id, "Xin hỏi", NOW)
    requests.answer(db, 1, made.id, who, "Dạ", NOW, LATER)
    second = requests.answer(db, 1, made.id, who, "Dạ, thêm", NOW, LATER)
    requests.undo(db, 1, second)
    assert requests.get(db, 1, made.id).state == "answered"  # type: ignore[union-attr]
    requests.undo(db, 1, 12345)


def test_L01_she_writes_again_and_it_waits_again(db: Connection) -> None:
    """After an answer her next words make it wait under a new promise."""
    made = opened(db)
    requests.answer(db, 1, made.id, official(db), "Dạ", NOW, LATER)
    requests.wait_again(db, 1, made.id, LATER + timedelta(hours=1), None, LATER)
    again = requests.get(db, 1, made.id)
    assert again is not None
    assert (again.state, again.waits_since, again.reminded) == ("waiting", LATER, 0)


def test_L03_sealing_takes_it_out_of_other_hands(db: Connection) -> None:
    """A request that turns into an accusation is for receivers only, and nobody has it any more."""
    made = opened(db)
    requests.take_over(db, 1, made.id, official(db))
    requests.seal_for_receiver(db, 1, made.id)
    sealed = requests.get(db, 1, made.id)
    assert sealed is not None
    assert (sealed.sealed_for_receiver, sealed.topic, sealed.taken_by) == (True, "accusation", None)


def test_L01_the_clock_finds_what_is_due(db: Connection) -> None:
    """Reminders, passed promises and quiet requests are found when they are due and not before."""
    made = opened(db)
    assert requests.due_reminders(db, 1, NOW) == []
    assert [each.id for each in requests.due_reminders(db, 1, NOW + timedelta(minutes=10))] == [made.id]
    requests.reminded(db, 1, made.id, None)
    assert requests.due_reminders(db, 1, LATER) == []
    assert requests.overdue(db, 1, NOW) == []
    assert [each.id for each in requests.overdue(db, 1, LATER)] == [made.id]
    requests.apologised(db, 1, made.id, LATER)
    assert requests.overdue(db, 1, LATER) == []
    requests.keep_open(db, 1, made.id, NOW + timedelta(hours=30))
    requests.keep_open(db, 1, made.id, NOW)
    assert requests.expired(db, 1, NOW + timedelta(hours=25)) == []
    assert [each.id for each in requests.expired(db, 1, NOW + timedelta(hours=30))] == [made.id]


def test_the_queue_begins_with_the_latest_promise_broken(db: Connection) -> None:
    """The queue is ordered by promise, so what is late comes first; what is answered is not in it."""
    opened(db, "c1", promised_at=LATER)
    late = opened(db, "c2", promised_at=NOW)
    done = opened(db, "c3")
    requests.answer(db, 1, done.id, official(db), "Dạ", NOW, LATER)
    assert [each.number for each in requests.queue(db, 1)] == [late.number, 1]


def test_hers_is_exported_and_erased(db: Connection) -> None:
    """Export gives her requests with both sides' words but no notes among officials; erase leaves nothing."""
    made, who = opened(db), official(db)
    requests.add_message(db, 1, made.id, "Xin hỏi", NOW)
    requests.answer(db, 1, made.id, who, "Dạ, mời bà đến", NOW, LATER)
    requests.add_message(db, 1, made.id, "bà này hay hỏi", NOW, official_id=who, internal=True)
    guidance.record(db, 1, made.citizen_id, "reply", "1", "2026-11", NOW)
    hers = requests.export(db, 1, made.citizen_id)
    assert [said["text"] for said in hers[0]["messages"]] == ["Xin hỏi", "Dạ, mời bà đến"]
    requests.erase(db, 1, made.citizen_id)
    guidance.erase(db, 1, made.citizen_id)
    assert requests.export(db, 1, made.citizen_id) == []
    assert guidance.export(db, 1, made.citizen_id) == []


def test_old_requests_go_with_their_words(db: Connection) -> None:
    """Requests that ended long ago are deleted; open ones stay."""
    made, still = opened(db), opened(db, "c2")
    requests.add_message(db, 1, made.id, "Xin hỏi", NOW)
    requests.close(db, 1, made.id, NOW)
    assert requests.delete_old(db, 1, LATER) == 1
    assert requests.get(db, 1, made.id) is None
    assert requests.get(db, 1, still.id) is not None


def test_L11_guidance_is_kept_with_its_version_for_the_period(db: Connection) -> None:
    """What she was told is kept with its version, and deleted once the commune's period is over."""
    who = citizen(db)
    guidance.record(db, 1, who, "lookup", "000.00.12.H62", "2026-11", NOW)
    assert guidance.export(db, 1, who) == [
        {"kind": "lookup", "reference": "000.00.12.H62", "version": "2026-11", "at": NOW}
    ]
    assert guidance.delete_old(db, 1, NOW) == 0
    assert guidance.delete_old(db, 1, LATER) == 1
