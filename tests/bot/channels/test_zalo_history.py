"""What was missed is read back, and a person is asked to look when nothing comes at all."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.channels import zalo_history, zalo_watch
from bot.channels.zalo_request import Refused
from bot.errors import Unavailable
from storage import accounts
from tests.bot.channels.zalo_desk import HOA, LAN, Desk, desk, eventually
from tests.zalo_oauth import APP_ID
from tests.zalo_server import GATEWAY

RECENT, CONVERSATION = "/v2.0/oa/listrecentchat", "/v2.0/oa/conversation"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses between calls."""
    monkeypatch.setattr(zalo_history, "PAUSE", 0.0)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as made:
        yield made


async def away(here: Desk, minutes: float = 5) -> None:
    """A gap between two pulses, in which nobody could bring anything."""
    watch = here.channel._watch
    await watch.pulse()
    await watch.read_back()
    here.clock.later(minutes=minutes)


async def back(here: Desk) -> None:
    await here.channel._watch.pulse()
    await here.channel._watch.read_back()


async def test_after_a_gap_what_people_said_meanwhile_is_there_in_their_order(here: Desk) -> None:
    """Of two citizens, more than a page of each, with the key the webhook would have used."""
    hoa, lan = await here.friend(), await here.friend(LAN, "Bà Lan")
    await away(here)
    here.server.hook.held = True
    said = [who.says(f"{who.name} {at}") for at in range(12) for who in (hoa, lan)]
    await back(here)
    events = await here.events()
    assert [each.event_id for each in events] == [f"user_send_text:{each.id}" for each in said]
    assert [each.text for each in await here.parsed()] == [each.text for each in said]
    here.server.hook.release()  # Zalo brings it after all
    await here.server.settled()
    assert len(await here.events()) == 24
    assert {each.state for each in here.server.hook.events} == {"taken"}


async def test_only_what_is_missing_is_added(here: Desk) -> None:
    """What was stored before the gap and what the account itself said is not there twice, or at all."""
    hoa = await here.friend()
    hoa.says("một")
    await here.server.settled()
    await away(here)
    await here.channel.send(here.sending(words="Trả lời"))
    here.server.oa.writes(hoa, "Cán bộ đây")
    here.server.hook.off = {"user_send_text"}
    hoa.says("hai")
    await here.server.settled()
    await back(here)
    assert [each.text for each in await here.parsed() if each.kind == "text"] == ["một", "hai"]


async def test_pictures_places_and_the_rest_are_read_back_as_they_would_have_come(here: Desk) -> None:
    """With their files and coordinates."""
    hoa = await here.friend()
    await away(here)
    here.server.hook.held = True
    hoa.sends_photo(b"\xff\xd8\xff", "ổ gà")
    hoa.sends_voice(b"voice")
    hoa.sends_location(22.39, 103.45)
    hoa.sends_sticker()
    hoa.sends_file(b"%PDF-1.7", "don.pdf")
    await back(here)
    read_back = await here.parsed()
    assert [each.kind for each in read_back] == ["photo", "voice", "location", "sticker", "file"]
    assert (read_back[0].text, read_back[2].place) == ("ổ gà", (22.39, 103.45))
    assert read_back[0].media[0].source.startswith("http://127.0.0.1")
    here.server.hook.release()
    await here.server.settled()
    assert len(await here.events()) == 5


async def test_a_short_stop_asks_for_nothing_and_a_day_does(here: Desk) -> None:
    """A pulse a minute old is no gap; once a day all is read back anyway."""
    await away(here, minutes=1)
    await back(here)
    assert here.server.requests == []
    hoa = await here.friend()
    here.server.hook.off = {"user_send_text"}
    hoa.says("lạc mất")
    here.clock.later(days=1)
    await here.channel._watch.read_back()
    assert [each.text for each in await here.parsed()] == ["lạc mất"]


async def test_what_could_not_be_read_back_is_still_known_to_be_missing(here: Desk) -> None:
    """Zalo away, or a crash in between: the next try reads from the same moment on."""
    hoa = await here.friend()
    await away(here)
    here.server.hook.off = {"user_send_text"}
    hoa.says("phản ánh")
    here.server.next(CONVERSATION, GATEWAY, -32)
    for error in (Unavailable, Refused):
        with pytest.raises(error):
            await back(here)
    here.clock.later(minutes=30)
    await here.channel._watch.read_back()
    assert [each.text for each in await here.parsed()] == ["phản ánh"]
    calls = len(here.server.requests)
    await here.channel._watch.read_back()
    assert len(here.server.requests) == calls


async def test_a_history_full_of_nonsense_harms_nobody(here: Desk) -> None:
    """Entries that cannot be read are left out, the others are not."""
    hoa = await here.friend()
    await away(here)
    here.server.hook.off = {"user_send_text", "user_send_location"}
    hoa.says("phản ánh")
    odd = hoa.sends_location()
    odd.attachment = {"payload": {"coordinates": "nowhere"}}
    for at, broken in enumerate(("from_id", "message_id", "time")):
        entry = hoa.says(f"odd {at}")
        entry.history = lambda shown=entry.history, gone=broken: shown() | {gone: None}  # type: ignore[method-assign]
    await back(here)
    assert [each.event_id.partition(":")[0] for each in await here.events()] == ["user_send_text", "user_send_location"]


async def test_three_working_days_without_any_event_are_told_once(here: Desk) -> None:
    """Zalo switches a webhook off without a word; whoever looks at the console sees it."""
    watch = here.channel._watch
    await watch.listen()
    here.clock.later(days=4)  # Thursday noon to Monday noon: two working days
    await watch.listen()
    assert here.alerts == []
    here.clock.later(days=1)
    for _look in range(3):
        await watch.listen()
        here.clock.later(hours=7)
    assert [("3 ngày làm việc" in each, "Webhook" in each) for each in here.alerts] == [(True, True)]
    (await here.friend()).says("có ai không")
    await here.server.settled()
    here.clock.later(days=7)
    await watch.listen()
    assert len(here.alerts) == 2


async def test_leading_begins_all_of_it_and_following_ends_it(here: Desk) -> None:
    """Twice is once; the account is known, and the pulse beats."""
    await here.channel.lead()
    await here.channel.lead()
    assert len(here.channel._work) == 4
    await eventually(lambda: here.server.called("/v2.0/oa/getoa"))
    await eventually(lambda: here.channel.oa.id)
    said = await here.database.read(accounts.said, 1, "zalo", APP_ID)
    assert said["oa"]["name"] == "UBND xã Suối Lành"
    await here.channel.follow()
    assert here.channel._work == []


async def test_a_chat_of_nobody_in_particular_is_read_by_its_own_id(here: Desk) -> None:
    """Whoever wrote last in a chat, the account or she, it is hers."""
    hoa = await here.friend()
    await away(here)
    here.server.hook.off = {"user_send_text"}
    hoa.says("phản ánh")
    await here.channel.send(here.sending(words="Dạ vâng"))
    await back(here)
    assert [each.chat for each in await here.events()] == [HOA]


async def test_whatever_goes_wrong_it_is_tried_again_and_said(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zalo away, the database away: a line in the log, and the loops go on."""
    monkeypatch.setattr(zalo_watch, "LATER", 0.0)
    monkeypatch.setattr(zalo_watch, "PULSE", 0.01)
    hoa = await here.friend()
    await away(here)
    here.server.hook.off = {"user_send_text"}
    hoa.says("phản ánh")
    here.server.next(RECENT, GATEWAY)
    here.away = True
    with capture_logs() as logs:
        await here.channel.lead()
        await eventually(lambda: len([each for each in logs if each["event"] == "zalo_not_read_back"]) >= 2)
        here.away = False
        await eventually(lambda: here.accepts)
    said = {each["error"] for each in logs if each["event"] == "zalo_not_read_back"}
    assert {"Unavailable", "Temporary"} <= said
    assert not [each for each in logs if each["log_level"] == "error"]


async def test_the_plan_decides_how_many_messages_a_minute(tmp_path: Path) -> None:
    """A larger plan, as commune.toml says, lets more leave."""
    async with desk(tmp_path, terms={"requests_per_minute": 2000}) as large, desk(tmp_path) as small:
        assert large.channel.rates.total == pytest.approx(20 * small.channel.rates.total)
