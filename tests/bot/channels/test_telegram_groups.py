"""Groups: only what is meant for us is kept, topics are places, and a group that moves stays itself. Then nonsense."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.app import open_app
from bot.channels.base import Unparsable
from bot.channels.telegram_receive import Patience, route
from bot.errors import Gone, Unreachable
from storage import cards, chats
from tests import stores
from tests.bot.channels.telegram_desk import NOW, Desk, desk, on, settings
from tests.bot.channels.test_contract import CHANNELS, parses
from tests.telegram_server import TelegramServer
from tests.telegram_world import Group, User

FIXTURES = Path(__file__).parent / "fixtures" / "telegram"
BOT, NAME = "7100000001", "gan_dan_bot"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses as short as a test wants them."""
    for name in ("first", "longest", "slow"):
        monkeypatch.setattr(Patience, name, 0.01)


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as made:
        yield made


@pytest.fixture
async def here(server: TelegramServer, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path, server) as made:
        yield made


@pytest.fixture
def hoa(server: TelegramServer) -> User:
    return server.user(7001, "Chị Hoa")


@pytest.fixture
def group(server: TelegramServer, hoa: User) -> Group:
    """A group in which we are and are shown everything that is said."""
    server.bot.privacy = False
    return server.group(members=[hoa])


async def heard(here: Desk) -> list[str]:
    """What was stored of all that was said until now."""
    await here.server.until(lambda: not here.server.bot.waiting())
    return [said.text or said.kind for said in await here.parsed()]


async def test_overheard_words_are_never_stored(here: Desk, hoa: User, group: Group) -> None:
    """Even with privacy mode off: only commands, answers to us, and what calls us by name."""
    others = await here.channel.send(here.sending(group.id, "Đề nghị số 1", kind="card"))
    ours = group.messages[int(others)]
    hers = hoa.says("Chồng bà Ba đánh bà ấy", chat=group)
    hoa.says("Ai trực hôm nay?", chat=group, reply_to=hers)
    hoa.photo(b"jpg", "Nhà bà Ba", chat=group)
    hoa.says("/hangdoi", chat=group)
    hoa.says("/hangdoi@Gan_Dan_Bot 2", chat=group)
    hoa.says("/hangdoi@another_bot", chat=group)
    hoa.says("/ ai", chat=group)
    hoa.says("Xem /hangdoi nhé", chat=group)
    hoa.says("Đã gọi bà con", chat=group, reply_to=ours)
    hoa.voice(b"oga", chat=group, reply_to=ours)
    hoa.says("@gan_dan_bot: ai trực?", chat=group)
    hoa.says("Hỏi @gan_dan_bot, nhé", chat=group)
    hoa.says("Hỏi @gan_dan_bot_2", chat=group)
    hoa.photo(b"jpg", "@gan_dan_bot đây", chat=group)
    hoa.location(chat=group)
    await here.channel.lead()
    assert await heard(here) == [
        "/hangdoi", "/hangdoi 2", "Đã gọi bà con", "voice", "ai trực?", "Hỏi nhé", "đây"
    ]  # fmt: skip
    assert {(each.chat, each.sender) for each in await here.events()} == {("-4012", "7001")}
    assert all(said.group for said in await here.parsed())


async def test_other_bots_and_channels_say_nothing_to_us(here: Desk, hoa: User, group: Group) -> None:
    """Nor does a service message, or a channel that is linked to the group."""
    robot = {"id": 99, "is_bot": True, "first_name": "Khác", "username": "another_bot"}
    for who, more in ((robot, {}), (hoa.json(), {"sender_chat": {"id": -100777, "type": "channel", "title": "Tin"}})):
        message = group.keep(who, {"text": "/hangdoi"}).json()
        here.server.bot.update("message", message | more)
    private = hoa.chat.keep(robot, {"text": "xin chào"}).json()
    here.server.bot.update("message", private)
    here.server.bot.update("message", hoa.chat.keep(hoa.json(), {"pinned_message": private}).json())
    here.server.bot.update("callback_query", {"id": "1", "from": hoa.json(), "inline_message_id": "x", "data": "#a:"})
    hoa.edits(hoa.location(), "")  # a place that is shared live
    hoa.says("xong")
    await here.channel.lead()
    assert await heard(here) == ["location", "xong"]


async def test_whoever_hides_as_an_administrator_is_asked_not_to(here: Desk, hoa: User, group: Group) -> None:
    """He cannot be known, so only that he hides is told; in a tap he is known."""
    group.hides(hoa)
    hoa.says("/hangdoi", chat=group)
    hoa.says("chuyện riêng", chat=group)
    await here.channel.send(here.sending(group.id, buttons=[{"label": "Nhận", "token": "#take:1"}]))
    hoa.presses(group.sent[-1], "Nhận")
    await here.channel.lead()
    assert await heard(here) == ["anonymous", "Nhận"]
    assert [each.sender for each in await here.events()] == ["1087968824", "7001"]
    assert (await here.parsed())[1].message == str(group.sent[-1].id)


async def test_we_come_and_go(here: Desk, hoa: User, group: Group) -> None:
    """Added, removed, blocked, let in again; a change of what we may do there is nobody's business."""
    group.drops_bot(hoa)
    group.takes_bot(hoa)
    group.takes_bot(hoa, "administrator")
    hoa.blocks()
    hoa.unblocks()
    await here.channel.lead()
    assert await heard(here) == ["removed", "joined", "left", "back"]


async def test_what_is_said_in_a_topic_stays_there(here: Desk, hoa: User) -> None:
    """The thread is told; what opened the topic, or we did, is no message that was answered."""
    forum = here.server.group(-1004012, members=[hoa], forum=True)
    topic = forum.topic("Đề nghị", hoa)
    forum.topics[topic].sender = here.server.bot.json()  # opened by us: all that is said there "answers" us
    here.server.bot.privacy = False
    await here.channel.lead()
    hoa.says("nói chuyện", chat=forum, thread=topic)
    hoa.says("/hangdoi", chat=forum, thread=topic)
    await here.channel.send(here.sending(forum.id, "Đề nghị số 1", thread=str(topic)))
    hoa.says("Đã gọi", chat=forum, reply_to=forum.sent[-1])
    assert await heard(here) == ["/hangdoi", "Đã gọi"]
    command, answer = await here.parsed()
    assert (command.thread, command.reply_to) == (str(topic), "")
    assert (answer.thread, answer.reply_to) == (str(topic), str(forum.sent[-1].id))


async def test_a_closed_topic_is_left_for_the_group(here: Desk, hoa: User) -> None:
    """Better in the general topic than nowhere."""
    forum = here.server.group(-1004012, members=[hoa], forum=True)
    topic = forum.topic("Đề nghị", hoa)
    forum.closed.add(topic)
    for thread in (topic, 4711):
        await here.channel.send(here.sending(forum.id, "Đề nghị số 1", thread=str(thread)))
        assert forum.sent[-1].thread is None
    assert len(forum.sent) == 2


# --- a group becomes a supergroup -------------------------------------------------------------------------------------


async def bind(here: Desk, message_id: str) -> None:
    """A card of the group is shown in that message."""

    def write(db: Connection) -> None:
        card = cards.place(db, 1, "telegram", BOT, "-4012", "request:1")
        db.execute(cards.card.update().where(cards.card.c.id == card).values(message_id=message_id))

    await here.database.write(write)


async def bound(here: Desk) -> str | None:
    """The message in which it is shown."""
    return await here.database.read(lambda db: db.execute(cards.card.select()).one().message_id)


async def test_a_group_that_is_upgraded_stays_the_same_chat(here: Desk, hoa: User, group: Group) -> None:
    """Told twice, it happened once: the first id stays, words go to the new one, cards are posted again."""
    card = await here.channel.send(here.sending(group.id, "Đề nghị số 1", kind="card"))
    await bind(here, card)
    new = group.upgrade(hoa)
    hoa.says("/hangdoi", chat=new)
    here.server.bot.membership(group, hoa, "member", "left")  # the empty shell tells that we left it
    await here.channel.lead()
    assert await heard(here) == ["moved", "/hangdoi"]
    assert {each.chat for each in await here.events()} == {"-4012"}
    assert (await here.parsed())[0].args == {"from": "-4012", "to": str(new.id)}
    assert await bound(here) is None
    assert here.channel.canonical(str(new.id)) == "-4012"
    old = {"reply_to": "3", "thread": "4"}  # ids of the earlier life, which may be somebody else's by now
    await here.channel.send(here.sending("-4012", "Đề nghị số 2", **old))
    assert (new.texts, new.sent[-1].reply_to) == (["Đề nghị số 2"], None)
    with pytest.raises(Gone):
        await here.channel.send(here.sending("-4012", "Đã xong", kind="card", edits=card))
    here.now = here.now.replace(hour=3)
    await here.channel.send(here.sending("-4012", "Đã xong", kind="card", edits=str(new.sent[-1].id), at=1))
    assert new.texts == ["Đã xong"]


async def test_a_move_that_nobody_told_is_learnt_when_sending(here: Desk, hoa: User, group: Group) -> None:
    """The refusal names the new id: the words go there at once, and the process that receives knows it, too."""
    await bind(here, await here.channel.send(here.sending(group.id, "Đề nghị số 1", kind="card")))
    new = group.upgrade(hoa)
    here.server.bot.forget()
    with pytest.raises(Gone):
        await here.channel.send(here.sending(group.id, "Đã xong", kind="card", edits="1"))
    await here.channel.send(here.sending(group.id, "Đề nghị số 2", at=1))
    assert new.texts == ["Đề nghị số 2"]
    assert await bound(here) is None
    async with on(here.database.url, here.folder, here.server) as other:
        hoa.says("/hangdoi", chat=new)
        await other.channel.lead()
        await other.until(1)
        assert (await other.events())[0].chat == "-4012"


async def test_a_group_that_is_gone_is_unreachable(here: Desk, hoa: User, group: Group) -> None:
    """We were removed; and a database that is away does not keep words back."""
    group.drops_bot(hoa)
    with pytest.raises(Unreachable):
        await here.channel.send(here.sending(group.id))
    group.takes_bot(hoa)
    here.channel._moves._post = None
    await here.channel.send(here.sending(group.id, "Đề nghị số 1"))
    assert group.texts == ["Đề nghị số 1"]


@pytest.mark.parametrize("given", ["-4012", "-1004012"])
async def test_either_id_names_the_officials_group(server: TelegramServer, tmp_path: Path, given: str) -> None:
    """TELEGRAM_ADMIN_CHAT_ID may be what it was or what it is."""
    more = settings(server, tmp_path / "data", TELEGRAM_ADMIN_CHAT_ID=given)
    for moved in (False, True):
        async with open_app(more) as app:
            office = app.place.office[-1]
            assert (office.account, office.chat) == (BOT, "-4012" if moved else given)
            await app.database.write(chats.move, 1, "telegram", BOT, "-4012", "-1004012", NOW)


# --- nonsense ---------------------------------------------------------------------------------------------------------


SAMPLES = [json.loads(path.read_text(encoding="utf-8"))["raw"] for path in sorted(FIXTURES.glob("*.json"))]
ODD: list[Any] = [None, True, 0, -1, 2**70, "", "x", "\ud800", [], {}, [None], {"id": 1}, 1.5]


def test_whatever_stands_in_its_place_only_unparsable_is_raised() -> None:
    """Every sample with some part of it replaced by something else is an event, ignored, or Unparsable."""
    dice, seen = random.Random(1), list[str]()
    for sample in (each for each in SAMPLES if isinstance(each, dict)):
        for place in dice.choices(places(sample), k=12):
            seen += outcomes(replaced(sample, place, dice.choice(ODD)))
    assert {"routed", "ignored", "parsed", "unparsable"} == set(seen)


def outcomes(update: Any) -> list[str]:
    """What becomes of an update at the door, and in its turn."""
    found = []
    try:
        found.append("routed" if route(update, BOT, NAME) else "ignored")
    except Unparsable:
        found.append("unparsable")
    event = parses(CHANNELS["telegram"], json.dumps(update).encode())
    return [*found, "unparsable" if event is None else "parsed"]


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([at] if at else []), *(each for key, part in inner for each in places(part, (*at, key)))]


def replaced(value: Any, at: tuple[Any, ...], by: Any) -> Any:
    """The same with something else there."""
    if not at:
        return by
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = replaced(copy[at[0]], at[1:], by)
    return copy


async def test_two_processes_know_of_one_move(server: TelegramServer, hoa: User, tmp_path: Path) -> None:
    """Both hear the same update at the webhook: one row, one move."""
    group = server.group(members=[hoa])
    with stores.fresh("sqlite", tmp_path) as url:
        async with on(url, tmp_path, server) as one, on(url, tmp_path, server) as two:
            group.upgrade(hoa)
            updates = [(json.dumps(each.json()).encode(), each.json()) for each in server.bot.waiting()]
            await asyncio.gather(*(each.channel._receiver.take(updates) for each in (one, two)))
            assert len(await one.events()) == 1
