"""The officials' group on Telegram: cards, answers by reply, rights by person, topics, an upgrade, a removed bot.

The villager writes at the chat box, or on Telegram where that matters; Telegram is the stand-in on loopback.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels.telegram import Telegram
from bot.clock import FixedClock
from bot.rates import Rates
from bot.turn import Address
from messages.fold import fold
from storage import citizens, officials, requests
from tests import town as towns
from tests.conftest import BOTH
from tests.telegram_server import BLOCKED, TelegramServer
from tests.telegram_world import Chat, Group, Message, User
from tests.town import Databases, Town

GROUP = -4012


@dataclass
class Office:
    """The town, its Telegram, the officials' group, and two officials who have connected their telephones."""

    town: Town
    server: TelegramServer
    group: Group
    tam: User
    lan: User

    async def connects(self, user: User, name: str) -> None:
        """An official sends his one-time code in a private chat."""

        def code(db: Any) -> str:
            person = next(each for each in officials.active(db, 1) if name in each.name)
            return officials.new_code(db, 1, person.id, self.town.clock.now())

        user.starts(await self.town.write(code))
        await self.hears(user.chat, name)

    async def hears(self, chat: Chat, *words: str, after: int = 0) -> Message:
        """Wait for a message that holds all of these; the newest."""

        def found() -> Message | None:
            fitting = [m for m in chat.sent if m.id > after and all(each in m.text for each in words)]
            return fitting[-1] if fitting else None

        try:
            return await self.server.until(found, 5)
        except TimeoutError:
            raise AssertionError(f"{words} is not in {chat.texts}") from None

    async def later(self, seconds: float = 6) -> None:
        """The clock moves on; a card is edited at most once in five seconds."""
        await self.quiet()
        self.town.clock.advance(timedelta(seconds=seconds))
        for sender in self.town.service.senders:
            sender.wake()
        await self.quiet()

    async def shows(self, card: Message, words: str) -> None:
        """The card says so, in the same message, once its time has come."""
        await self.later()
        await self.server.until(lambda: words in card.text, 5)

    async def quiet(self) -> None:
        """Until all that has been said has been answered and has left."""
        await self.server.until(lambda: not self.server.bot.updates, 5)
        await self.town.settle()

    async def asks(self, words: str = "Bao giờ có nước ạ?") -> Message:
        """A villager asks for a person; her card in the group."""
        self.citizen = await towns.villager(self.town)
        await self.citizen.says("0")
        await self.citizen.says(words)
        await self.citizen.says("bỏ qua")
        return await self.hears(self.group, words)

    async def says(self, user: User, text: str, to: Message | None = None, **more: Any) -> Message:
        """Say something in the group, and what comes of it there."""
        last = max([0, *(m.id for m in self.group.sent)])
        user.says(text, chat=self.group, reply_to=to, **more)
        return await self.hears(self.group, after=last)

    async def presses(self, user: User, message: Message, label: str) -> Message:
        """Press a button; the newest message of the group."""
        last = max([0, *(m.id for m in self.group.sent)])
        button = next(each for each in message.buttons if fold(label) in fold(each.label))
        user.calls_back(message, button.data)
        return await self.hears(self.group, after=last)


@asynccontextmanager
async def opened(kind: str, databases: Databases, folder: Path) -> AsyncIterator[Office]:
    url = await databases.fresh(kind, folder / "data")
    async with TelegramServer() as server:
        more = {
            "TELEGRAM_BOT_TOKEN": server.token,
            "TELEGRAM_API_URL": server.url,
            "TELEGRAM_ADMIN_CHAT_ID": str(GROUP),
        }
        town = Town(towns.settings(folder / "data", url, **more), FixedClock(towns.START))
        await town.start()
        office = Office(town, server, server.group(GROUP), server.user(7101, "Tám"), server.user(7102, "Lan"))
        clerk, other = await town.read(_two)
        try:
            for user, name in ((office.tam, clerk), (office.lan, other)):
                office.group.joins(user)
                await office.connects(user, name)
            office.group.status = "left"
            office.group.takes_bot(office.tam)
            await office.hears(office.group, "Xin chào!")
            yield office
        finally:
            await town.stop()
            if url:
                databases.drop(url)


def _two(db: Any) -> tuple[str, str]:
    people = [each for each in officials.active(db, 1) if each.role in ("clerk", "official")]
    return people[0].name, people[1].name


@pytest.fixture(params=BOTH)
async def office(
    request: pytest.FixtureRequest, databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    """The office and its group, on both databases; how fast messages may leave is tested elsewhere."""
    monkeypatch.setattr(Telegram, "rates", Rates())
    async with opened(request.param, databases, tmp_path) as made:
        yield made


async def test_L02_a_reply_to_a_card_is_shown_before_it_goes(office: Office) -> None:
    """Reply, look, send; the villager reads it under his name; the card shows who has it, in the same message."""
    card = await office.asks()
    shown = await office.says(office.tam, "Chiều nay có nước ạ.", to=card)
    assert "Chiều nay có nước ạ." in shown.text
    assert shown.reply_to is not None
    assert (await office.citizen.looks()).news == []
    left = await office.presses(office.tam, shown, "Gửi")
    assert "60 giây" in left.text
    office.town.clock.advance(timedelta(seconds=61))
    (await office.citizen.looks()).sees("Chiều nay có nước ạ.")
    await office.shows(card, "Chiều nay có nước ạ.")
    assert card.edits


async def test_a_reply_that_begins_with_a_note_mark_stays_inside(office: Office) -> None:
    """“#” or “ghi chú:” before it: kept on the card, sent to nobody."""
    card = await office.asks()
    for words in ("# đã gọi đội nước", "Ghi chú: đã gọi đội nước"):
        assert "không gửi" in fold_less(await office.says(office.tam, words, to=card))
    await office.shows(card, "đã gọi đội nước")
    assert (await office.citizen.looks()).news == []


def fold_less(message: Message) -> str:
    return message.text.lower().replace("chưa gửi", "không gửi")


async def test_L02_whoever_is_not_invited_answers_nobody(office: Office) -> None:
    """A stranger in the group, a removed official, an anonymous administrator: nothing is sent, each is told why."""
    card = await office.asks()
    stranger = server_member(office, 7200, "Khách")
    for act in (
        office.says(stranger, "Tôi trả lời thay", to=card),
        office.says(stranger, "/hangdoi"),
        office.presses(stranger, card, "Nhận"),
    ):
        said = await act
        assert "được mời" in said.text
        assert "1 người" not in said.text
    office.group.hides(office.lan)
    assert "ẩn danh" in (await office.says(office.lan, "/hangdoi")).text
    shown = await office.says(office.tam, "Chiều nay có ạ.", to=card)
    await office.town.write(remove_tam)
    assert "được mời" in (await office.presses(office.tam, shown, "Gửi")).text
    office.town.clock.advance(timedelta(minutes=2))
    assert (await office.citizen.looks()).news == []


async def test_L02_a_village_head_in_the_group_answers_nobody(office: Office) -> None:
    """He is invited, but not to answer for the office: his reply takes the request from nobody."""
    card = await office.asks()
    head = await office.town.read(lambda db: next(each for each in officials.active(db, 1) if each.village))
    user = server_member(office, 7300, "Trưởng thôn")
    await office.connects(user, head.name)
    assert "được mời" in (await office.says(user, "Chiều nay có nước.", to=card)).text
    await office.later()
    assert "Chưa ai nhận" in card.text
    assert (await office.citizen.looks()).news == []


def server_member(office: Office, user_id: int, name: str) -> User:
    user = office.server.user(user_id, name)
    office.group.joins(user)
    return user


def remove_tam(db: Any) -> None:
    person = officials.of(db, 1, "telegram", "7100000001", "7101")
    officials.remove(db, 1, person.id)


async def test_two_officials_in_one_chat_each_have_their_own_talk(office: Office) -> None:
    """Both answer different villagers at once; a press on the other's question does nothing."""
    first = await office.asks("Bao giờ có nước ạ?")
    one = office.citizen
    second = await office.asks("Đèn đường hỏng")
    shown_tam = await office.says(office.tam, "Chiều nay có nước.", to=first)
    shown_lan = await office.says(office.lan, "Mai sửa đèn.", to=second)
    assert "Chiều nay có nước." in shown_tam.text
    await office.presses(office.lan, shown_tam, "Gửi")
    await office.presses(office.lan, shown_lan, "Gửi")
    await office.presses(office.tam, shown_tam, "Gửi")
    office.town.clock.advance(timedelta(minutes=2))
    (await one.looks()).sees("Chiều nay có nước.")
    one.sees_not("Mai sửa đèn.")
    (await office.citizen.looks()).sees("Mai sửa đèn.")


async def test_one_question_in_the_group_is_a_forced_reply_and_more_move_elsewhere(office: Office) -> None:
    """“Trả lời” asks for the words, of the one who pressed; an invitation is made elsewhere."""
    card = await office.asks()
    asked = await office.presses(office.tam, card, "Trả lời")
    assert asked.markup == {"force_reply": True, "selective": True}
    assert "Chiều nay" in (await office.says(office.tam, "Chiều nay có ạ.", to=asked)).text
    await office.town.write(make_chairman)
    assert "/office" in (await office.says(office.lan, "/moi")).text


def make_chairman(db: Any) -> None:
    person = next(each for each in officials.active(db, 1) if each.role == "chairman")
    officials.bind(db, 1, person.id, "telegram", "7100000001", "7102")


async def test_L03_nothing_only_receivers_may_read_stands_in_the_group(office: Office) -> None:
    """An accusation and a voice note nobody has heard: the group sees number and thôn, the receiver opens it at
    /office.
    """
    citizen = await towns.villager(office.town)
    await citizen.says("Tôi tố cáo ông Kế toán nhận tiền của dân")
    if "Đúng" in " ".join(citizen.buttons()):
        await citizen.taps("Đúng")
    await office.quiet()
    await office.asks("Cho tôi hỏi lịch")
    await office.citizen.sends("voice", b"OggS" + b"\0" * 40, "audio/ogg")
    await office.quiet()
    everything = "\n".join([*office.group.texts, *office.tam.chat.texts, *office.lan.chat.texts])
    assert "Kế toán" not in everything
    assert "nhận tiền" not in everything
    assert not [m for m in office.group.sent if m.kind != "text"]


async def test_an_upgrade_to_a_supergroup_keeps_the_thread(office: Office) -> None:
    """The group gets another id: the card is posted anew at its next change, replies to it still answer."""
    card = await office.asks()
    new = office.group.upgrade(office.tam)
    await office.quiet()
    await office.citizen.says("Vẫn chưa có nước ạ")
    await office.later()
    again = await office.hears(new, "Vẫn chưa có nước ạ")
    assert again.chat is new
    assert card.chat is office.group
    office.group = new
    shown = await office.says(office.tam, "Chiều nay có ạ.", to=again)
    await office.presses(office.tam, shown, "Gửi")
    office.town.clock.advance(timedelta(minutes=2))
    (await office.citizen.looks()).sees("Chiều nay có ạ.")


async def test_topics_an_answer_stays_in_its_topic(office: Office) -> None:
    """In a group with topics the bot answers where it was asked."""
    office.group = office.group.upgrade(office.tam, forum=True)
    topic = office.group.topic("Hỏi đáp", office.tam)
    await office.quiet()
    said = await office.says(office.tam, "/hangdoi", thread=topic)
    assert said.thread == topic


async def test_a_bot_removed_and_added_again_posts_its_cards_anew(office: Office) -> None:
    """While it is out nothing can be posted; back again the next change brings the card."""
    card = await office.asks()
    office.group.drops_bot(office.tam)
    await office.quiet()
    office.group.takes_bot(office.tam)
    await office.hears(office.group, "Xin chào!", after=card.id)
    await office.citizen.says("Nhà tôi vẫn chưa có nước")
    await office.later()
    assert (await office.hears(office.group, "Nhà tôi vẫn chưa có nước")).id > card.id


async def test_a_foreign_group_gets_one_sentence_and_nothing_else(office: Office) -> None:
    """Others read along there; even an official gets nothing of the office."""
    other = office.server.group(-5555, "Hội làng")
    other.joins(office.tam)
    other.status = "left"
    other.takes_bot(office.tam)
    await office.hears(other, "nhắn riêng")
    last = other.sent[-1].id
    office.tam.says("/hangdoi", chat=other)
    assert "nhắn riêng" in (await office.hears(other, after=last)).text


async def test_blocking_is_noted_and_never_fought(office: Office) -> None:
    """She blocks the bot: nothing more is tried, and the office is told to call her; unblocking is quiet."""
    hoa = office.server.user(7300, "Bà Hoa")
    for words in ("/start", "0", "Bao giờ có sổ?", "bỏ qua"):
        hoa.says(words)
        await office.quiet()
    card = await office.hears(office.group, "Bao giờ có sổ?")
    hoa.blocks()
    await office.shows(card, "đã chặn")
    at = Address("telegram", "7100000001", "7300", "7300")
    assert await office.town.read(citizens.has_left, 1, at.channel, at.account, at.sender)
    assert await office.town.read(requests.open_of, 1, at)
    before = len(hoa.chat.sent)
    hoa.unblocks()
    await office.quiet()
    assert len(hoa.chat.sent) == before
    assert not await office.town.read(citizens.has_left, 1, at.channel, at.account, at.sender)
    # A 403 that nobody announced is noted just the same.
    office.server.always(7300, BLOCKED)
    hoa.says("còn đó không?")
    for _look in range(200):
        if await office.town.read(citizens.has_left, 1, at.channel, at.account, at.sender):
            break
        await asyncio.sleep(0.02)
    else:
        raise AssertionError("nobody noted that she has shut us out")


async def test_a_changed_message_answers_nothing(office: Office) -> None:
    """With a person it is passed on as changed; otherwise she is asked to send a new one, and the question stays."""
    hoa = office.server.user(7300, "Bà Hoa")
    said = hoa.says("0")
    await office.hears(hoa.chat, "muốn hỏi cán bộ")
    hoa.edits(said, "Bao giờ có sổ?")
    await office.hears(hoa.chat, "vừa sửa một lời nhắn")
    question = hoa.says("Sổ hộ nghèo")
    await office.quiet()
    hoa.says("bỏ qua")
    await office.hears(office.group, "Sổ hộ nghèo")
    hoa.edits(question, "Sổ cận nghèo")
    await office.later()
    await office.hears(office.group, "(đã sửa) Sổ cận nghèo")
