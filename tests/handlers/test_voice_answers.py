"""An official answers by a recording: at /office, in his own chat on Telegram, in the officials' group (L12)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.channels.telegram import Telegram
from bot.rates import Rates
from storage import officials, requests
from tests import town as towns
from tests.conftest import BOTH, CHANNELS
from tests.handlers.test_group import Office, opened
from tests.sounds import M4A, MP3, OPUS, WAV, heard, played
from tests.telegram_server import throttle
from tests.telegram_world import Message, User, bad
from tests.town import PHOTO, ZALO, Databases, Person, Somebody, Town

HERE = "Cán bộ đã ghi âm câu trả lời gửi ông/bà"


async def asks(citizen: Somebody) -> None:
    await citizen.says("0")
    await citizen.says("Bao giờ có nước ạ?")
    await citizen.says("bỏ qua")


async def begins(official: Person) -> Person:
    await official.looks()
    return await official.taps("Trả lời")


def state(db: Connection) -> tuple[str, list[str]]:
    """How the first request stands, and its messages."""
    found = requests.get(db, 1, 1)
    assert found is not None
    return found.state, [f"{each.kind} {each.state}" for each in requests.messages(db, 1, 1) if not each.from_citizen]


# --- at /office -------------------------------------------------------------------------------------------------------


@pytest.mark.heard("recordings that somebody plays")
async def test_L12_an_official_answers_by_a_recording(town: Town, citizen: Somebody, official: Person) -> None:
    """Shown before it goes, a minute to take it back; then she can play it, under his name and post."""
    await asks(citizen)
    await begins(official)
    official.sees("hoặc gửi lời ghi âm")
    await official.sends("voice", OPUS, "audio/ogg")
    official.sees("Lời ghi âm vừa gửi", "Gửi tới ông/bà có lời nhắn số 1")
    await official.taps("Gửi")
    official.sees("60 giây")
    await citizen.looks()
    citizen.sees_not(HERE)
    await town.later(seconds=61)
    await citizen.looks()
    citizen.sees(HERE)
    assert await heard(citizen) == [played(citizen, OPUS)]
    clerk = await town.read(lambda db: next(each for each in officials.active(db, 1) if each.role == "clerk"))
    said = citizen.news[0]
    assert f"{clerk.name}, {clerk.post}" in said["text"] or said["signature"]["name"] == clerk.name
    assert len(said["buttons"]) == 1
    assert await town.read(state) == ("answered", ["voice queued"])
    assert any("trả lời: (một đoạn lời nói)" in each["text"] for each in official.heard)


@pytest.mark.heard("recordings that somebody plays")
@pytest.mark.parametrize("recording", [MP3, M4A, WAV], ids=["mp3", "m4a", "wav"])
async def test_L12_whatever_he_recorded_with_she_can_play_or_save(steady_town: Town, recording: bytes) -> None:
    """A voice message where it is OGG with Opus, a track where it is MP3 or M4A, else a file; at the box a player."""
    citizen, official = await towns.villager(steady_town), await towns.official(steady_town)
    await asks(citizen)
    await (await begins(official)).sends("file", recording, "audio/x-wav")
    await official.taps("Gửi")
    await steady_town.later(seconds=61)
    await citizen.looks()
    assert await heard(citizen) == [played(citizen, recording)]


@pytest.mark.heard("recordings that somebody plays")
async def test_L02_a_recording_can_be_taken_back(steady_town: Town) -> None:
    """Within the minute nothing of it reaches her, and her request waits again."""
    citizen, official = await towns.villager(steady_town), await towns.official(steady_town)
    await asks(citizen)
    await (await begins(official)).sends("voice", OPUS, "audio/ogg")
    await official.taps("Gửi")
    await official.taps("Thu hồi")
    official.sees("Đã thu hồi")
    await steady_town.later(seconds=61)
    await citizen.looks()
    citizen.sees_not(HERE)
    assert await heard(citizen) == []
    assert await steady_town.read(state) == ("waiting", [])


@pytest.mark.heard("recordings that somebody plays")
async def test_a_recording_may_stay_inside_the_office(steady_town: Town) -> None:
    """“Chỉ nội bộ” keeps it as a note."""
    citizen, official = await towns.villager(steady_town), await towns.official(steady_town)
    await asks(citizen)
    await (await begins(official)).sends("voice", OPUS, "audio/ogg")
    await official.taps("Chỉ nội bộ")
    await official.looks()
    await steady_town.later(seconds=61)
    await citizen.looks()
    assert await heard(citizen) == []
    assert await steady_town.read(state) == ("waiting", ["voice queued"])


async def test_L12_whom_a_recording_cannot_reach_is_written_to(databases: Databases, tmp_path: Path) -> None:
    """Zalo takes no recordings from an Official Account: the official is told before he speaks in vain."""
    async with towns.of_the_sample(databases, "sqlite", tmp_path, ZALO) as town:
        citizen, official = await towns.villager(town), await towns.official(town)
        await asks(citizen)
        await begins(official)
        official.sees("không nghe được lời ghi âm")
        await official.sends("voice", OPUS, "audio/ogg")
        official.sees("Xin viết, hoặc gọi điện")
        await official.says("Chiều nay có nước ạ.")
        await official.taps("Gửi")
        await town.later(seconds=61)
        (await citizen.looks()).sees("Chiều nay có nước ạ.")


async def test_a_picture_is_no_answer_as_before(steady_town: Town) -> None:
    """What is not a recording is asked for in words; the question stays."""
    citizen, official = await towns.villager(steady_town), await towns.official(steady_town)
    await asks(citizen)
    await (await begins(official)).sends("photo", PHOTO, "image/jpeg")
    official.sees("Xin viết câu trả lời cho lời nhắn số 1")
    await official.sends("file", b"%PDF-1.7", "application/pdf")
    official.sees("Xin viết câu trả lời cho lời nhắn số 1")
    await official.says("Chiều nay ạ.")
    official.sees("Gửi tới ông/bà")


async def test_whoever_it_is_not_for_cannot_hear_it(steady_town: Town) -> None:
    """A recording is hers, as what she sent is: no other box gets it."""
    citizen, official = await towns.at_the_box(steady_town), await towns.official(steady_town)
    other = await towns.at_the_box(steady_town)
    await asks(citizen)
    await (await begins(official)).sends("voice", OPUS, "audio/ogg")
    await official.taps("Gửi")
    await steady_town.later(seconds=61)
    await citizen.looks()
    name = citizen.news[0]["sounds"][0]
    for person, status in ((citizen, 200), (official, 200), (other, 404)):
        async with steady_town.http.get(f"{person.base}/files/{name}", headers=person.headers) as answer:
            assert answer.status == status


# --- on Telegram ------------------------------------------------------------------------------------------------------


@pytest.fixture(params=[f"{kind}-{on}" for kind in BOTH for on in CHANNELS])
async def office(
    request: pytest.FixtureRequest, databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    """The office, its group and two officials' telephones; the villager at the box or on Telegram."""
    monkeypatch.setattr(Telegram, "rates", Rates())
    kind, channel = request.param.split("-")
    async with opened(kind, databases, tmp_path) as made:
        if channel == "telegram":
            made.town.telegram = made.server
        yield made


async def speaks(office: Office, to: Message, raw: bytes = OPUS, caption: str = "") -> Message:
    """He answers a message of the group by his voice; what comes of it there."""
    last = max(m.id for m in office.group.sent)
    office.tam.voice(raw, caption=caption, chat=office.group, reply_to=to)
    shown = await office.hears(office.group, after=last)
    await office.quiet()
    return shown


async def test_L12_in_the_group_a_voice_note_in_reply_to_a_card_is_an_answer(office: Office) -> None:
    """Reply by voice, look, send; she plays it; the card says so."""
    card = await office.asks()
    shown = await speaks(office, card)
    assert "Lời ghi âm vừa gửi" in shown.text
    assert "60 giây" in (await office.presses(office.tam, shown, "Gửi")).text
    await office.quiet()
    await office.town.later(seconds=61)
    await office.citizen.looks()
    office.citizen.sees(HERE)
    assert await heard(office.citizen) == [played(office.citizen, OPUS)]
    await office.shows(card, "trả lời: (một đoạn lời nói)")


async def test_in_the_group_a_voice_note_with_a_note_mark_stays_inside(office: Office) -> None:
    """“#” under it: kept, sent to nobody; a picture is still refused with a sentence."""
    card = await office.asks()
    assert "nội bộ" in (await speaks(office, card, caption="# đã gọi")).text
    last = max(m.id for m in office.group.sent)
    office.tam.photo(PHOTO, chat=office.group, reply_to=card)
    assert "chữ hoặc lời ghi âm" in (await office.hears(office.group, after=last)).text
    assert await office.town.read(state) == ("waiting", ["voice queued"])


async def test_in_the_group_nobody_else_s_voice_is_fetched(office: Office) -> None:
    """What a stranger says, and what is not in reply to us, stays at Telegram."""
    card = await office.asks()
    await office.quiet()
    before = len(office.server.called("getFile"))
    stranger = office.server.user(7300, "Khách")
    office.group.joins(stranger)
    last = max(m.id for m in office.group.sent)
    stranger.voice(OPUS, chat=office.group, reply_to=card)
    assert "được mời" in (await office.hears(office.group, after=last)).text
    office.tam.voice(OPUS, chat=office.group)
    await office.quiet()
    assert len(office.server.called("getFile")) == before


def press(user: User, message: Message, label: str) -> None:
    """Press the button under a message whose label has these words."""
    user.calls_back(message, next(each.data for each in message.buttons if label in each.label))


async def in_private(office: Office, raw: bytes = OPUS) -> Message:
    """In his own chat he opens the request and answers by his voice; what he is shown."""
    chat = office.tam.chat
    office.tam.says("/hangdoi")
    listed = await office.hears(chat, "1 người")
    press(office.tam, listed, "Mở số 1")
    opened = await office.hears(chat, "Bao giờ có nước", after=listed.id)
    press(office.tam, opened, "Trả lời")
    asked = await office.hears(chat, "hoặc gửi lời ghi âm", after=opened.id)
    office.tam.voice(raw, reply_to=asked)
    return await office.hears(chat, "Lời ghi âm vừa gửi", after=asked.id)


async def test_L12_in_his_own_chat_an_official_answers_by_his_voice(office: Office) -> None:
    """The same in private, also to somebody who takes no voice messages: then it comes as a file."""
    await office.asks()
    await office.quiet()
    shown = await in_private(office)
    await office.quiet()
    press(office.tam, shown, "Gửi")
    await office.hears(office.tam.chat, "60 giây")
    office.server.next("sendVoice", bad("VOICE_MESSAGES_FORBIDDEN"))
    await office.quiet()
    await office.town.later(seconds=61)
    await office.citizen.looks()
    how, raw = (await heard(office.citizen))[0]
    assert (how, raw) == ("document" if office.citizen.rings else "audio/ogg", OPUS)


async def test_L12_nothing_leaves_before_the_recording_is_here(office: Office) -> None:
    """Telegram hands it over only later: he is told, she hears nothing yet, then all of it at once."""
    await office.asks()
    await office.quiet()
    office.server.next("getFile", throttle(120))
    press(office.tam, await in_private(office), "Gửi")
    await office.hears(office.tam.chat, "còn đang tải về")
    await office.quiet()
    await office.town.later(seconds=61)
    await office.citizen.looks()
    office.citizen.sees_not(HERE)
    assert (await office.town.read(state))[1] == ["voice held"]
    await office.town.later(seconds=120)
    await office.town.settle()
    await office.citizen.looks()
    office.citizen.sees(HERE)
    assert await heard(office.citizen) == [played(office.citizen, OPUS)]


async def test_L12_a_recording_that_cannot_be_had_is_told_to_the_official(office: Office) -> None:
    """Telegram has lost it: he is asked to record it again, and she waits as before."""
    await office.asks()
    await office.quiet()
    office.server.next("getFile", throttle(120), bad("wrong file_id or the file is expired"))
    press(office.tam, await in_private(office), "Gửi")
    await office.hears(office.tam.chat, "còn đang tải về")
    await office.quiet()
    await office.town.later(seconds=121)
    await office.hears(office.tam.chat, "lời ghi âm chưa đến được đây")
    await office.quiet()
    await office.citizen.looks()
    office.citizen.sees_not(HERE)
    assert await office.town.read(state) == ("waiting", [])


async def test_L12_one_that_is_lost_before_he_sends_it_is_asked_for_again(office: Office) -> None:
    """In the group and in private: the look at it goes, the question comes back."""
    card = await office.asks()
    await office.quiet()
    office.server.next("getFile", bad("wrong file_id or the file is expired"))
    last = max(m.id for m in office.group.sent)
    office.tam.voice(OPUS, chat=office.group, reply_to=card)
    await office.hears(office.group, "lời ghi âm chưa đến được đây", after=last)
    await office.hears(office.group, "hoặc gửi lời ghi âm", after=last)


async def test_L12_nothing_is_sent_to_a_request_that_was_closed_meanwhile(office: Office) -> None:
    """She has ended it before the recording came: he is told, and she is left in peace."""
    await office.asks()
    await office.quiet()
    office.server.next("getFile", throttle(120))
    press(office.tam, await in_private(office), "Gửi")
    await office.hears(office.tam.chat, "còn đang tải về")
    await office.citizen.says("tôi xong rồi")
    await office.town.later(seconds=121)
    await office.hears(office.tam.chat, "Chưa gửi gì")
    await office.quiet()
    await office.citizen.looks()
    assert await heard(office.citizen) == []


async def test_in_the_group_nobody_chooses_a_language(office: Office) -> None:
    """What is read aloud is for one person alone."""
    office.tam.says("/nghe", chat=office.group)
    await office.hears(office.group, "có người khác cùng đọc")


async def test_L12_a_held_recording_can_be_taken_back(office: Office) -> None:
    """While it is still being fetched, too; when it comes, nothing is sent."""
    await office.asks()
    await office.quiet()
    office.server.next("getFile", throttle(120))
    press(office.tam, await in_private(office), "Gửi")
    press(office.tam, await office.hears(office.tam.chat, "còn đang tải về"), "Thu hồi")
    await office.hears(office.tam.chat, "Đã thu hồi")
    await office.quiet()
    await office.town.later(seconds=200)
    await office.citizen.looks()
    office.citizen.sees_not(HERE)
    assert await office.town.read(state) == ("waiting", [])


async def test_L13_an_emergency_s_card_is_answered_by_voice_where_he_is_on_duty(office: Office) -> None:
    """The card stands in his own chat: a reply to it, spoken or written, is an answer."""
    guard = office.server.user(7103, "Mộc")
    await office.connects(guard, "Lường Quang Mộc")
    citizen = await towns.villager(office.town)
    await citizen.says("bà tôi ngất xỉu, cứu với")
    card = await office.hears(guard.chat, "cứu với")
    guard.voice(OPUS, reply_to=card)
    shown = await office.hears(guard.chat, "Lời ghi âm vừa gửi", after=card.id)
    guard.says("Xe đang đến, cháy nhà cũng gọi 114 nhé", reply_to=card)
    shown = await office.hears(guard.chat, "Xe đang đến", "Gửi tới ông/bà", after=shown.id)
    press(guard, shown, "Gửi")
    await office.hears(guard.chat, "60 giây", after=shown.id)
    await office.town.later(seconds=61)
    await citizen.looks()
    citizen.sees("Xe đang đến")
    citizen.sees_signed("Lường Quang Mộc", "Trực ban Công an xã")
