"""Sealing: what people wrote is in no file of the database, and only this key opens it."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import arrivals, conversations, inbox, outbox
from storage.db import Database, create_engine_for
from storage.outbox import Row
from storage.sealing import NONCE, Keys, Unreadable
from tests import stores

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
WORDS = "Con trai tôi bị đánh ở sân kho, số của tôi là 0912 345 678"


async def test_words_are_neither_in_the_file_nor_in_the_write_ahead_log(tmp_path: Path) -> None:
    """An event, the talk it led to, the list and the answer leave no readable word on the disk."""
    with stores.fresh("sqlite", tmp_path) as url:
        database = Database(url, stores.KEYS)
        event = inbox.Event("web", "", "c1", "c1", "1", WORDS.encode())
        await database.write(inbox.accept, 1, event, NOW)
        lane = await database.write(inbox.open_lane, 1, "web", "", "c1")
        talk = await database.write(conversations.open_talk, 1, lane, "c1", "report", NOW, NOW + timedelta(hours=1))
        await database.write(conversations.save, talk.id, "live", {"what": WORDS}, NOW, NOW + timedelta(hours=1))
        await database.write(conversations.show_list, 1, lane, "c1", [(WORDS, "a:1")], NOW)
        await database.write(outbox.put, 1, Row("web", "", "c1", "answer", {"text": WORDS}, NOW, NOW))
        await database.write(inbox.keep_broken, 1, "web", "", "broken:1", WORDS.encode(), "ValueError", NOW)
        files = contents(tmp_path)
        assert any(name.endswith("-wal") and held for name, held in files.items())
        on_disk = b"".join(files.values())
        assert (await database.write(arrivals.take, NOW)).raw.decode() == WORDS
        assert (await database.read(conversations.live, lane, "c1")).data == {"what": WORDS}
        await database.close()
        on_disk += b"".join(contents(tmp_path).values())
    for piece in (WORDS, "sân kho", "đánh", "345 678", "0912"):
        for spelling in (piece.encode(), piece.encode("utf-16-le"), piece.encode("unicode_escape")):
            assert spelling not in on_disk


def contents(folder: Path) -> dict[str, bytes]:
    """What is on the disk, by file name."""
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_with_another_key_the_words_are_unreadable(tmp_path: Path) -> None:
    """A stolen database without its key, or a restored one with the wrong key, shows nothing and says so."""
    for kind in stores.BOTH:
        with stores.fresh(kind, tmp_path) as url:
            row = Row("web", "", "c1", "answer", {"text": WORDS}, NOW, NOW)
            right, wrong = create_engine_for(url, stores.KEYS), create_engine_for(url, Keys.derive(b"another secret"))
            with right.begin() as db:
                outbox.put(db, 1, row)
            with wrong.begin() as db, pytest.raises(Unreadable):
                outbox.shown(db, 1, "web", "", ["c1"], "", 0, NOW)
            right.dispose()
            wrong.dispose()


def test_what_was_changed_or_cut_off_is_unreadable() -> None:
    """A changed bit, a missing end, or no seal at all is noticed and never read as words."""
    sealed = stores.KEYS.seal(WORDS.encode())
    assert stores.KEYS.unseal(sealed).decode() == WORDS
    for damaged in (sealed[:-1], sealed[:5], b"", WORDS.encode(), bytes([sealed[0] ^ 1]) + sealed[1:]):
        with pytest.raises(Unreadable):
            stores.KEYS.unseal(damaged)


def test_the_same_words_are_never_sealed_to_the_same_bytes() -> None:
    """Nobody can see that two people wrote the same, nor guess short answers by comparing."""
    assert len({stores.KEYS.seal(b"co") for _each in range(100)}) == 100


def test_a_child_process_does_not_seal_with_its_parents_nonces() -> None:
    """A nonce used twice would open both messages; a process that forks hands none of its own on."""
    stores.KEYS.seal(b"co")
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writing, stores.KEYS.seal(b"co")[:NONCE])
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, NONCE)
    os.close(reading)
    os.close(writing)
    ours = {stores.KEYS.seal(b"co")[:NONCE] for _each in range(300)}
    assert len(ours) == 300
    assert theirs not in ours


def test_a_look_up_key_is_the_same_every_time_and_tells_purposes_and_secrets_apart() -> None:
    """A phone is found again by its key, but the key of a phone is not that of a PIN, nor another commune's."""
    key = stores.KEYS.lookup_key("phone", "0912345678")
    assert key == Keys.derive(b"a secret for tests").lookup_key("phone", "0912345678")
    assert (
        len({key, stores.KEYS.lookup_key("pin", "0912345678"), Keys.derive(b"x").lookup_key("phone", "0912345678")})
        == 3
    )
    assert "0912345678" not in key
    assert stores.KEYS.lookup_key("phone", "a lone \ud800 surrogate")


def test_sealing_look_ups_and_signing_have_keys_of_their_own() -> None:
    """Knowing the key of one purpose gives none of the others."""
    keys = Keys.derive(b"a secret")
    assert len({keys.lookup, keys.signing, b"a secret"}) == 3
    assert keys.signing not in repr(keys.sealer).encode()
