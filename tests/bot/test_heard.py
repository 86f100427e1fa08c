"""When she was last heard from at an address: what a notice's way depends on."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot.channels.base import Inbound
from storage import citizens, inbox
from tests.bot.turns import VILLAGER, Bench, Chats
from tests.town import START


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def heard_at(chats: Chats) -> datetime:
    at = citizens.address.c
    found: datetime = chats.db.execute(select(at.last_at).where(at.sender == VILLAGER.chat)).scalar_one()
    return found


def test_each_message_of_hers_counts_and_a_burst_is_written_once(bench: Bench) -> None:
    """Her chat is as old as her last words, to five minutes; what we ourselves set going there is not hers."""
    with bench.town() as chats:
        chats.says("xin chào")
        assert heard_at(chats) == START
        chats.clock.advance(timedelta(minutes=5))
        chats.says("mấy giờ mở cửa")
        assert heard_at(chats) == START
        chats.clock.advance(timedelta(days=3))
        chats.taps("#menu:")
        assert heard_at(chats) == chats.now
        before = chats.now
        chats.clock.advance(timedelta(hours=1))
        lane = inbox.open_lane(chats.db, 1, "web", "", VILLAGER.chat)
        raw = inbox.internal("quiet", request=0, answered=True)
        inbox.insert_internal(chats.db, 1, lane, VILLAGER.chat, "quiet:0", raw, chats.now)
        chats._turns()
        assert heard_at(chats) == before


def test_leaving_is_no_word_of_hers(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """She shuts us out: that opens no window."""
    with bench.town() as chats:
        chats.says("xin chào")
        chats.clock.advance(timedelta(days=1))
        monkeypatch.setattr(chats.dispatcher.channels["web"], "parse", lambda raw: Inbound("left"))
        chats.says("…")
        assert heard_at(chats) == START
