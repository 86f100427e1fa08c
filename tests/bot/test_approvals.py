"""Where letters with approval are kept, on both databases: one decision, versions, audit, forgetting, files."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from bot.approval_letters import in_words, masked_letter, named, signing
from messages.letters import SIGNED
from storage import approvals, citizens, communes, files, letters, officials
from storage.approvals import Draft, approval
from tests.stores import BOTH, rolled_back
from tests.town import START

CONTENT = {"data": {"recipient": "Hoàng Văn Páo"}, "about": "", "note": "", "open": []}


@pytest.fixture(params=BOTH)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with rolled_back(request.param, tmp_path) as connection:
        communes.create(connection, 1, True, START)
        yield connection


def put(db: Connection, key: str = "one", **more: object) -> approvals.Approval:
    number, _new = approvals.put(db, 1, "thanks", key, "waiting", CONTENT, START, **more)
    found = approvals.get(db, 1, number)
    assert found is not None
    return found


def official(db: Connection) -> int:
    return officials.add(db, 1, "Triệu Minh Khải", "Chủ tịch", "chairman", (), None, START)


def test_E07_the_same_key_is_one_approval_and_its_words_are_sealed(db: Connection) -> None:
    """Made twice it is one, with the words of the first; nothing of them lies in clear."""
    found = put(db)
    assert put(db).id == found.id
    assert found.data == CONTENT["data"]
    assert "Páo" not in repr(db.execute(approval.select()).all())


def test_E07_of_two_decisions_on_the_same_version_one_counts(db: Connection) -> None:
    """The second finds another state, a third another version: neither changes anything."""
    found = put(db)
    assert approvals.move(db, found, 1, "approved")
    assert not approvals.move(db, found, 1, "refused")
    other = put(db, "two")
    assert approvals.change(db, other, 1, {"recipient": "Hoàng Văn Pao"})
    assert not approvals.move(db, other, 1, "approved")
    assert not approvals.change(db, other, 1, {"recipient": "Ai đó"})
    newest = approvals.get(db, 1, other.id)
    assert newest is not None
    assert (newest.state, newest.version, newest.data) == ("waiting", 2, {"recipient": "Hoàng Văn Pao"})


def test_E07_what_is_due_what_waits_and_what_was_decided_when(db: Connection) -> None:
    """Each list holds its own and nothing else."""
    late = put(db, "late", remind_at=START)
    put(db, "later", remind_at=START + timedelta(hours=1))
    assert [each.id for each in approvals.due(db, 1, START)] == [late.id]
    assert approvals.count(db, 1) == len(approvals.waiting(db, 1)) == 2
    assert approvals.move(db, late, 1, "approved", decided_at=START)
    assert approvals.due(db, 1, START) == []
    assert [each.id for each in approvals.decided(db, 1, START, START + timedelta(days=1))] == [late.id]
    assert approvals.decided(db, 1, START - timedelta(days=1), START) == []


def test_E07_what_was_done_is_written_down_sealed(db: Connection) -> None:
    """Who, when, what; the details are sealed."""
    found, who = put(db), official(db)
    approvals.note(db, 1, found.id, 1, "asked", None, START)
    approvals.note(db, 1, found.id, 1, "refused", who, START, "Hoàng Văn Páo đã được cảm ơn")
    told = approvals.events(db, 1, found.id)
    assert [(each.what, each.official_id) for each in told] == [("asked", None), ("refused", who)]
    assert told[1].details == "Hoàng Văn Páo đã được cảm ơn"
    assert "Páo" not in repr(db.execute(approvals.approval_event.select()).all())


def drawn(db: Connection, found: approvals.Approval, purpose: str, official_id: int) -> letters.Letter:
    """A letter drawn for an approval, with its files."""
    who = ("web", "office", "office", f"approval:{found.id}")
    row, _new = letters.order(db, 1, who, "thanks", "t", {"for": purpose}, START, "approval-drawn")
    for name in (f"{purpose}-png", f"{purpose}-pdf"):
        files.add(db, 1, name, *who[:3], "photo", "image/png", 1, "", START)
    approvals.drafted(db, 1, Draft(found.id, found.version, purpose, official_id, row.id))
    assert letters.drawn(db, row.id, f"{purpose}-png", f"{purpose}-pdf")
    return row


def test_E07_a_drawing_is_found_by_what_it_was_drawn_for(db: Connection) -> None:
    """Once it is drawn; drawn on another day it is the newer one."""
    found, who = put(db), official(db)
    row = drawn(db, found, "final", who)
    assert row.event == "approval-drawn"
    assert approvals.drawn_for(db, 1, found.id, 1, "final") == ("final-png", "final-pdf")
    assert approvals.drawn_for(db, 1, found.id, 1, "masked") is None
    assert [each.purpose for each in approvals.drafts_of(db, 1, row.id)] == ["final"]


def test_E07_letters_are_kept_when_other_files_are_pruned(db: Connection) -> None:
    """They are evidence; what people have sent is not."""
    drawn(db, put(db), "final", official(db))
    approvals.keep(db, 1, ["final-pdf"])
    assert files.names_before(db, START + timedelta(days=9)) == ["final-png"]


def test_a_forgotten_citizen_leaves_no_word_of_a_letter(db: Connection) -> None:
    """That there was a letter stays, with who decided; what it said and its files go, also the one shown abroad."""
    her = citizens.meet(db, 1, "web", "", "her", START)
    found, who = put(db, citizen_id=her.id), official(db)
    drawn(db, found, "final", who)
    files.add(db, 1, "other", "web", "office", "office", "photo", "image/png", 1, "", START)
    files.instead_abroad(db, 1, "final-png", "other")
    files.share_with(db, 1, ["final-png"], "web", "", "her")
    approvals.record(db, 1, found.id, png="final-png")
    approvals.note(db, 1, found.id, 1, "changed", who, START, {"recipient": "Hoàng Văn Páo"})
    assert approvals.export(db, 1, her.id)[0]["kind"] == "thanks"
    approvals.erase(db, 1, her.id)
    left = approvals.get(db, 1, found.id)
    assert left is not None
    assert (left.state, left.data, left.citizen_id, left.png) == ("dropped", {}, None, "")
    assert approvals.events(db, 1, found.id)[0].details is None
    assert sorted(files.erased(db)) == ["final-pdf", "final-png", "other"]
    assert not files.is_shared(db, 1, "final-png", "web", "", "her")
    assert db.execute(select(letters.letter.c.id)).all() == []


def test_L22_a_page_fetches_only_what_is_for_it(db: Connection) -> None:
    """Shared with one chat, it is nobody else's."""
    drawn(db, put(db), "final", official(db))
    files.share_with(db, 1, ["final-png", "final-png"], "web", "", "her")
    assert files.is_shared(db, 1, "final-png", "web", "", "her")
    assert not files.is_shared(db, 1, "final-png", "web", "", "other")
    assert not files.is_shared(db, 1, "final-pdf", "web", "", "her")


@pytest.mark.parametrize(
    ("role", "post", "lines"),
    [
        ("chairman", "Chủ tịch UBND xã", ("CHỦ TỊCH",)),
        ("official", "Phó Chủ tịch UBND xã", ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")),
        ("official", "Chánh Văn phòng", ("CHÁNH VĂN PHÒNG",)),
    ],
)
def test_L22_nobody_signs_as_what_he_is_not(role: str, post: str, lines: tuple[str, ...]) -> None:
    """The Chairman, his deputy in his place, anybody else as himself."""
    assert signing(officials.Official(1, "Ai", post, role, frozenset(), None)) == lines


def test_a_masked_letter_names_only_its_signer() -> None:
    """Every kind, with all its fields: no recipient's name is left anywhere in it."""
    for name, kind in SIGNED.items():
        if name == "submission":
            continue
        whole = kind.sample()
        hidden = masked_letter(whole).data()
        for field in ("recipient", "first", "second", "child", "deceased"):
            if given := whole.data().get(field):
                assert given not in str(hidden), (name, field)
        assert hidden["signer"] == whole.data()["signer"]


def test_days_are_written_as_in_letters() -> None:
    """With a nought below the tenth, and in January and February (NĐ 30/2020)."""
    assert in_words(START.date()) == "ngày 26 tháng 11 năm 2026"
    assert in_words(START.date().replace(month=2, day=5)) == "ngày 05 tháng 02 năm 2026"
    assert named({"first_title": "anh", "first": "Nam", "second": "Oanh"}) == "anh Nam và Oanh"
