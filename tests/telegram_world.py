"""The people, groups, messages and pending updates behind `tests.telegram_server`: what Telegram itself would know.

Sources: core.telegram.org/bots/api and /bots/faq; where those are silent, the published server (tdlib): an update waits
24 hours, the press of a button 150 seconds; an offset more than ten beyond the newest id is answered from the oldest
update that waits; a message with a keyboard other than inline cannot be edited.
"""

import asyncio
import itertools
import random
import re
import time
import uuid
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

MOST_WORDS = 4096
DAY, PRESS, WEEK = 86_400.0, 150.0, 7 * 86_400.0
ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
KINDS = frozenset({"message", "edited_message", "callback_query", "my_chat_member", "inline_query", "poll"})
"""Updates a bot gets unless it asks for others (all but chat_member and the reactions; those we do not make)."""
_COMMAND = re.compile(r"(?:^|(?<=\s))/\w{1,64}(?:@(\w+))?", re.ASCII)
_MENTION = re.compile(r"(?:^|(?<=\s))@(\w{4,32})", re.ASCII)
_ADMIN_RIGHTS = (
    "can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats",
    "can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories",
    "can_edit_stories", "can_delete_stories", "can_pin_messages", "can_manage_topics",
)  # fmt: skip


class Refusal(Exception):
    """An answer that is not ok: HTTP status and error_code, description, parameters."""

    def __init__(self, status: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters


def bad(what: str, **parameters: Any) -> Refusal:
    return Refusal(400, f"Bad Request: {what}", **parameters)


@dataclass(frozen=True)
class Button:
    """What stands on a keyboard. data: of an inline one; wants: contact or location, of one below the input."""

    label: str
    data: str = ""
    url: str = ""
    wants: str = ""


@dataclass(frozen=True)
class File:
    """Bytes that Telegram keeps under an id."""

    id: str
    raw: bytes
    path: str
    name: str = ""
    media_type: str = "application/octet-stream"

    def json(self) -> dict[str, Any]:
        return {"file_id": self.id, "file_unique_id": self.id[-12:], "file_size": len(self.raw)}


@dataclass
class Message:
    """One message in a chat. `content` is its own part of the JSON: text and entities, photo and caption, location …"""

    id: int
    chat: "Chat"
    date: int
    sender: dict[str, Any]
    content: dict[str, Any]
    by_bot: bool = False
    anonymous: bool = False
    service: bool = False
    markup: dict[str, Any] | None = None
    file: File | None = None
    thread: int | None = None
    reply_to: "Message | None" = None
    edits: list[str] = field(default_factory=list)  # its earlier words, oldest first
    edited_at: int = 0
    deleted: bool = False
    changed: int = 0  # counts over the whole bot: when this was sent or last edited
    first: int = 0  # the same: when it was sent
    update: int = 0  # the id under which the bot was told of it; 0: it was not
    request: dict[str, Any] = field(default_factory=dict)  # what the bot asked for, as it came

    @property
    def text(self) -> str:
        """Its words, or those under its picture."""
        return str(self.content.get("text") or self.content.get("caption") or "")

    @property
    def kind(self) -> str:
        """text, photo, document, voice, …"""
        known = ("text", "photo", "document", "voice", "audio", "sticker", "location", "contact")
        return next((each for each in known if each in self.content), "service")

    @property
    def rows(self) -> list[list[Button]]:
        """The inline keyboard."""
        rows = (self.markup or {}).get("inline_keyboard", [])
        return [[Button(b["text"], b.get("callback_data", ""), b.get("url", "")) for b in row] for row in rows]

    @property
    def keys(self) -> list[list[Button]]:
        """The keyboard below the input."""
        return [[_key(each) for each in row] for row in (self.markup or {}).get("keyboard", [])]

    @property
    def buttons(self) -> list[Button]:
        """All buttons of either kind."""
        return [button for row in (*self.rows, *self.keys) for button in row]

    def button(self, label: str) -> Button:
        """The button of that very label."""
        return next(each for each in self.buttons if each.label == label)

    def json(self, nested: bool = False) -> dict[str, Any]:
        """As the Bot API shows it; a message that is replied to, without the one it replied to."""
        body = {"message_id": self.id, "date": self.date, "chat": self.chat.json(), "from": self.sender} | self.content
        if self.anonymous:
            body["sender_chat"] = self.chat.json()
        if self.thread is not None:
            body["message_thread_id"] = self.thread
            if self.chat.forum:
                body["is_topic_message"] = True
        if self.reply_to is not None and not nested:
            body["reply_to_message"] = self.reply_to.json(nested=True)
        if self.edited_at:
            body["edit_date"] = self.edited_at
        if self.rows:
            body["reply_markup"] = self.markup
        return body


def _key(key: str | dict[str, Any]) -> Button:
    if isinstance(key, str):
        return Button(key)
    wants = next((what for what in ("contact", "location") if key.get(f"request_{what}")), "")
    return Button(key["text"], wants=wants)


class Chat(ABC):
    """A conversation the bot may be in; with one person, or a `Group`. `status` is the bot's own."""

    type = "private"
    forum = False

    def __init__(self, bot: "Bot", chat_id: int) -> None:
        self.bot, self.id = bot, chat_id
        self.messages: dict[int, Message] = {}
        self.actions: list[tuple[str, int | None]] = []  # (what, topic) of each sendChatAction
        self._ids = itertools.count(1)

    @property
    def sent(self) -> list[Message]:
        """What the bot has sent here and not deleted, in order."""
        return [each for each in self.messages.values() if each.by_bot and not each.deleted]

    @property
    def texts(self) -> list[str]:
        """The words of what the bot has sent here, as they read now."""
        return [each.text for each in self.sent]

    @abstractmethod
    def json(self) -> dict[str, Any]:
        """As the Bot API shows it."""

    def refuse(self) -> None:  # noqa: B027 (by default there is nothing to do)
        """Raises Refusal when the bot cannot write here."""

    def keep(self, sender: dict[str, Any], content: dict[str, Any], **more: Any) -> Message:
        """One more message in this chat."""
        bot = self.bot
        at = bot.change()
        message = Message(next(self._ids), self, int(bot.now()), sender, content, changed=at, first=at, **more)
        self.messages[message.id] = message
        return message


class Private(Chat):
    """The chat of one person with the bot; its id is hers."""

    def __init__(self, bot: "Bot", user: "User") -> None:
        super().__init__(bot, user.id)
        self.user = user
        self.begun = self.blocked = False

    def json(self) -> dict[str, Any]:
        return {"id": self.id, "type": "private", "first_name": self.user.name}

    def refuse(self) -> None:
        if not self.begun:
            raise bad("chat not found")
        if self.user.gone:
            raise Refusal(403, "Forbidden: user is deactivated")
        if self.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")


class Group(Chat):
    """Several people and the bot. Privacy mode decides what the bot is shown."""

    def __init__(self, bot: "Bot", chat_id: int, title: str, forum: bool = False) -> None:
        super().__init__(bot, chat_id)
        self.title, self.forum, self.type = title, forum, "supergroup" if chat_id < -(10**12) else "group"
        self.status = "left"  # of the bot: member, administrator, left, kicked
        self.members: dict[int, str] = {}  # status of each person
        self.anonymous: set[int] = set()  # administrators who hide who they are
        self.topics: dict[int, Message] = {}
        self.closed: set[int] = set()
        self.moved_to: Group | None = None

    def json(self) -> dict[str, Any]:
        return {"id": self.id, "type": self.type, "title": self.title} | ({"is_forum": True} if self.forum else {})

    def refuse(self) -> None:
        if self.moved_to is not None:
            raise bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=self.moved_to.id)
        if self.status in ("left", "kicked"):
            how = "kicked from" if self.status == "kicked" else "not a member of"
            verb = "was" if self.status == "kicked" else "is"
            raise Refusal(403, f"Forbidden: bot {verb} {how} the {self.type} chat")

    # --- who is in it ---

    def joins(self, user: "User", status: str = "member") -> None:
        """Somebody comes in (a service message tells it), or becomes "administrator" or "creator"."""
        known = user.id in self.members
        self.members[user.id] = status
        if not known and self.status in ("member", "administrator"):
            self._service(user, {"new_chat_members": [user.json()]})

    def leaves(self, user: "User") -> None:
        self.members.pop(user.id, None)
        if self.status in ("member", "administrator"):
            self._service(user, {"left_chat_member": user.json()})

    def hides(self, user: "User", hidden: bool = True) -> None:
        """An administrator becomes, or stops being, anonymous."""
        self.members[user.id] = "administrator"
        (self.anonymous.add if hidden else self.anonymous.discard)(user.id)

    def takes_bot(self, by: "User", status: str = "member") -> None:
        """The bot is added, or made administrator, or an ordinary member again."""
        was, self.status = self.status, status
        self.bot.membership(self, by, was, status)
        if was in ("left", "kicked"):
            self._service(by, {"new_chat_members": [self.bot.json()]})

    def drops_bot(self, by: "User") -> None:
        """The bot is removed."""
        was, self.status = self.status, "kicked"
        self.bot.membership(self, by, was, "kicked")

    def upgrade(self, by: "User", chat_id: int = 0, forum: bool = False) -> "Group":
        """The group becomes a supergroup with another id and message ids of its own; returns it."""
        new = Group(self.bot, chat_id or -(10**12) + self.id, self.title, forum)
        new.members, new.anonymous, new.status = self.members, self.anonymous, self.status
        self.bot.chats[new.id] = new
        self._service(by, {"migrate_to_chat_id": new.id})
        new._service(by, {"migrate_from_chat_id": self.id})
        self.moved_to, self.status = new, "left"
        return new

    def topic(self, name: str, by: "User") -> int:
        """Open a topic; returns its thread id."""
        assert self.forum, "topics are for forums"
        made = self._service(by, {"forum_topic_created": {"name": name, "icon_color": 7322096}})
        made.thread = made.id
        self.topics[made.id] = made
        return made.id

    def _service(self, by: "User", content: dict[str, Any]) -> Message:
        message = self.keep(by.json(), content, service=True)
        self.bot.update("message", message.json())
        return message

    # --- what the bot is shown ---

    def shows(self, message: Message) -> bool:
        """Whether the bot gets it: everything as administrator or without privacy mode, else what is meant for it."""
        bot = self.bot
        if self.status not in ("member", "administrator"):
            return False
        if message.service or self.status == "administrator" or not bot.privacy:
            return True
        if message.reply_to is not None and message.reply_to.by_bot:
            return True
        commands = [found.group(1) for found in _COMMAND.finditer(message.text)]
        if any(to is None or to.lower() == bot.username.lower() for to in commands):
            return True
        return any(name.lower() == bot.username.lower() for name in _MENTION.findall(message.text))


class User:
    """A person: what she does reaches the bot as updates. `chat=` is a group; without it, her own chat with the bot."""

    def __init__(self, bot: "Bot", user_id: int, name: str, language: str) -> None:
        self.bot, self.id, self.name, self.language = bot, user_id, name, language
        self.gone = False
        self.chat = Private(bot, self)
        self.phone = f"849{user_id % 10**8:08d}"

    def json(self) -> dict[str, Any]:
        return {"id": self.id, "is_bot": False, "first_name": self.name, "language_code": self.language}

    # --- what she sends ---

    def starts(self, payload: str = "") -> Message:
        """Press START, also after having blocked the bot."""
        self.unblocks()
        return self.says(f"/start {payload}".strip())

    def says(self, text: str, **where: Any) -> Message:
        """Type it; more than one message can hold is sent as several. Returns the last."""
        text = text.strip()
        assert text, "Telegram sends no empty message"
        for start in range(0, len(text), MOST_WORDS):
            part = text[start : start + MOST_WORDS]
            entities = _entities(part)
            message = self.sends({"text": part} | ({"entities": entities} if entities else {}), **where)
        return message

    def photo(self, raw: bytes, caption: str = "", album: str = "", **where: Any) -> Message:
        file, small = self.bot.store(raw, "photos", "jpg"), self.bot.store(raw[:64], "photos", "jpg")
        sizes = [small.json() | {"width": 90, "height": 67}, file.json() | {"width": 1280, "height": 960}]
        return self.sends({"photo": sizes} | _captioned(caption) | _grouped(album), file=file, **where)

    def album(self, raws: Iterable[bytes], caption: str = "", **where: Any) -> list[Message]:
        """Several photos sent at once: a message each, the first with the words."""
        name = str(self.bot.dice.randrange(10**17))
        return [self.photo(raw, "" if at else caption, name, **where) for at, raw in enumerate(raws)]

    def document(
        self, raw: bytes, name: str = "giay.pdf", media_type: str = "application/pdf", caption: str = "", **where: Any
    ) -> Message:
        file = self.bot.store(raw, "documents", name.rpartition(".")[2] or "bin")
        content = {"document": file.json() | {"file_name": name, "mime_type": media_type}}
        return self.sends(content | _captioned(caption), file=file, **where)

    def voice(self, raw: bytes, seconds: int = 3, caption: str = "", **where: Any) -> Message:
        file = self.bot.store(raw, "voice", "oga")
        content = {"voice": file.json() | {"duration": seconds, "mime_type": "audio/ogg"}}
        return self.sends(content | _captioned(caption), file=file, **where)

    def sticker(self, **where: Any) -> Message:
        file = self.bot.store(b"webp", "stickers", "webp")
        kind = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False, "emoji": "👍"}
        return self.sends({"sticker": file.json() | kind}, file=file, **where)

    def location(self, latitude: float = 22.39, longitude: float = 103.45, **where: Any) -> Message:
        return self.sends({"location": {"latitude": latitude, "longitude": longitude}}, **where)

    def contact(self, phone: str = "", of: "User | None" = None, **where: Any) -> Message:
        """Share a phone: her own by the button for it, or one from her address book (`of` who is, or is not, here)."""
        card = {"phone_number": phone or self.phone, "first_name": (of or self).name, "user_id": (of or self).id}
        return self.sends({"contact": card}, **where)

    def address_card(self, phone: str, name: str = "Anh Ba", **where: Any) -> Message:
        """A contact from the address book of somebody who is not on Telegram."""
        return self.sends({"contact": {"phone_number": phone, "first_name": name}}, **where)

    def sends(
        self,
        content: dict[str, Any],
        *,
        chat: Chat | None = None,
        reply_to: Message | None = None,
        thread: int | None = None,
        file: File | None = None,
    ) -> Message:
        """Any content."""
        chat = chat or self.chat
        hidden = isinstance(chat, Group) and self.id in chat.anonymous
        if isinstance(chat, Private):
            assert not chat.blocked, "she has to press START first"
            chat.begun = True
        else:
            assert isinstance(chat, Group)
            assert self.id in chat.members, f"{self.name} is not in {chat.title}"
        message = chat.keep(
            ANONYMOUS if hidden else self.json(), content, anonymous=hidden, file=file,
            **_threaded(chat, reply_to, thread),
        )  # fmt: skip
        if not isinstance(chat, Group) or chat.shows(message):
            message.update = self.bot.update("message", message.json())
        return message

    def edits(self, message: Message, text: str) -> None:
        """Change what she wrote."""
        message.edits.append(message.text)
        message.content = message.content | {"text" if "text" in message.content else "caption": text}
        message.edited_at = int(self.bot.now())
        if not isinstance(message.chat, Group) or message.chat.shows(message):
            self.bot.update("edited_message", message.json())

    # --- what she presses ---

    def presses(self, message: Message, label: str) -> None:
        """Tap a button by its label: inline, or below the input (her words, her phone, her place)."""
        button = message.button(label)
        where: dict[str, Any] = {"chat": message.chat}
        if button.data:
            self.calls_back(message, button.data)
        elif button.wants == "contact":
            self.contact(**where)
        elif button.wants == "location":
            self.location(**where)
        else:
            assert not button.url, "that one opens a page"
            self.says(label, **where)

    def calls_back(self, message: Message, data: str) -> str:
        """The press of an inline button with that data; returns the id under which the bot answers it."""
        query = Query(str(self.bot.dice.randrange(10**17)), self.bot.now())
        self.bot.queries[query.id] = query
        shown = message.json()
        if message.deleted:
            shown = {"chat": message.chat.json(), "message_id": message.id, "date": 0}
        body = {"id": query.id, "from": self.json(), "message": shown, "chat_instance": "1", "data": data}
        query.update = self.bot.update("callback_query", body, PRESS)
        return query.id

    # --- how she stands to the bot ---

    def blocks(self) -> None:
        """Block the bot; it is told."""
        self.chat.blocked = True
        self.bot.membership(self.chat, self, "member", "kicked")

    def unblocks(self) -> None:
        if self.chat.blocked:
            self.chat.blocked = False
            self.bot.membership(self.chat, self, "kicked", "member")


def _threaded(chat: Chat, reply_to: Message | None, thread: int | None) -> dict[str, Any]:
    """Topic and reply as Telegram fills them in: a message of a topic replies to the topic's first message when it
    replies to nothing else, and a reply in any supergroup names a thread, topic or not.
    """
    if isinstance(chat, Group) and chat.forum:
        thread = thread if thread is not None or reply_to is None else reply_to.thread
        reply_to = reply_to or (chat.topics[thread] if thread is not None else None)
    elif isinstance(chat, Group) and chat.type == "supergroup" and reply_to is not None:
        thread = reply_to.thread or reply_to.id
    return {"reply_to": reply_to, "thread": thread}


def _captioned(caption: str) -> dict[str, str]:
    return {"caption": caption} if caption else {}


def _grouped(album: str) -> dict[str, str]:
    return {"media_group_id": album} if album else {}


def _entities(text: str) -> list[dict[str, Any]]:
    """Commands and mentions; offsets in UTF-16 units."""

    def units(words: str) -> int:
        return len(words.encode("utf-16-le")) // 2

    return [
        {"type": kind, "offset": units(text[: found.start()]), "length": units(found.group())}
        for kind, pattern in (("bot_command", _COMMAND), ("mention", _MENTION))
        for found in pattern.finditer(text)
    ]


@dataclass
class Query:
    """The press of an inline button. `answer` is what the bot showed for it; None: not answered yet."""

    id: str
    at: float
    answer: str | None = None
    update: int = 0


@dataclass
class Update:
    """Something that waits for the bot until `until`."""

    id: int
    body: dict[str, Any]
    until: float
    busy: bool = False  # on its way to the webhook

    @property
    def queue(self) -> tuple[str, int]:
        """A webhook gets the updates of one queue one after the other: those of a kind in a chat, or presses of one
        person.
        """
        ((kind, body),) = self.body.items()
        return kind, body["from" if kind == "callback_query" else "chat"]["id"]

    def json(self) -> dict[str, Any]:
        return {"update_id": self.id} | self.body


@dataclass
class Webhook:
    """Where updates are brought, and how it went. `parallel` is what the bot asked for."""

    url: str
    secret: str = ""
    parallel: int = 40
    error: str = ""
    error_at: int = 0


@dataclass
class Delivery:
    """How updates are brought to a webhook. parallel: those of several queues at a time. shuffled: in any order, even
    those of one queue. repeat: chance that one which was taken comes once more.
    """

    parallel: int = 1
    shuffled: bool = False
    repeat: float = 0.0
    pause: float = 0.02  # seconds before a failed one is tried again


class Bot:
    """One token: its chats, its files, and the updates that wait for it."""

    def __init__(self, token: str, username: str, now: Callable[[], float], dice: random.Random) -> None:
        self.token, self.username, self.now, self.dice = token, username, now, dice
        self.id = int(token.partition(":")[0])
        self.name = "Trợ lý xã"
        self.privacy = True
        self.revoked = False
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, File] = {}
        self.queries: dict[str, Query] = {}
        self.commands: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.words: dict[tuple[str, str], str] = {}  # (description or short_description or name, language)
        self.allowed = KINDS
        self.webhook: Webhook | None = None
        self.delivery = Delivery()
        self.updates: deque[Update] = deque()
        self.next_id = 100_001
        self.confirmed = 0  # updates the bot has taken
        self.woken = asyncio.Event()
        self._last_update = now()
        self._changes = itertools.count(1)
        self._files = itertools.count(1)

    def json(self) -> dict[str, Any]:
        return {"id": self.id, "is_bot": True, "first_name": self.name, "username": self.username}

    def change(self) -> int:
        """The number of the next change to any message."""
        return next(self._changes)

    # --- people and groups ---

    def user(self, user_id: int, name: str = "Bà Hoa", language: str = "vi") -> User:
        """A person; her chat exists for the bot once she has written."""
        user = User(self, user_id, name, language)
        self.chats[user_id] = user.chat
        return user

    def group(
        self,
        chat_id: int = -4012,
        title: str = "Văn phòng xã",
        members: Iterable[User] = (),
        *,
        forum: bool = False,
        status: str = "member",
    ) -> Group:
        """A group; a supergroup when its id begins with -100. The bot is in it unless `status` says "left"."""
        group = self.chats[chat_id] = Group(self, chat_id, title, forum)
        for user in members:
            group.joins(user)
        group.status = status
        return group

    def membership(self, chat: Chat, by: User, was: str, now: str) -> None:
        """Tell the bot what it is in a chat."""
        body = {"chat": chat.json(), "from": by.json(), "date": int(self.now())}
        me = self.json()
        self.update("my_chat_member", body | {"old_chat_member": member(me, was), "new_chat_member": member(me, now)})

    def store(self, raw: bytes, folder: str, ending: str, name: str = "") -> File:
        """Keep bytes under a new id."""
        number = next(self._files)
        file_id = f"AgAC{uuid.UUID(int=self.dice.getrandbits(128)).hex}{number:08d}"
        file = self.files[file_id] = File(file_id, raw, f"{folder}/file_{number}.{ending}", name)
        return file

    # --- updates ---

    def update(self, kind: str, body: dict[str, Any], seconds: float = DAY) -> int:
        """One more update for the bot; its id, or 0 when the bot does not want that kind."""
        if kind not in self.allowed:
            return 0
        now = self.now()
        if not self.updates and now - self._last_update >= WEEK:
            self.restart_ids()
        self._last_update = now
        self.updates.append(Update(self.next_id, {kind: body}, now + seconds))
        self.next_id += 1
        self.woken.set()
        return self.updates[-1].id

    def restart_ids(self, at: int = 0) -> None:
        """As after a week without updates: the next id is any number."""
        assert not self.waiting(), "ids never begin anew while something waits"
        self.next_id, self._last_update = at or self.dice.randrange(1, 2**31 - 10**6), self.now()

    def waiting(self) -> list[Update]:
        """What waits and is not too old."""
        now = self.now()
        self.updates = deque(each for each in self.updates if each.until > now)
        return list(self.updates)

    def confirm(self, offset: int) -> None:
        """The bot has what is before this offset. One far in the future confirms nothing (see above)."""
        if offset > self.next_id + 10:
            return
        before = len(self.updates)
        self.updates = deque(each for each in self.updates if each.id >= offset)
        self.confirmed += before - len(self.updates)

    def forget(self) -> None:
        """Drop everything that waits (drop_pending_updates)."""
        self.updates.clear()

    def took(self, update: Update) -> None:
        """The webhook has it."""
        if update in self.updates:
            self.updates.remove(update)
            self.confirmed += 1


def member(user: dict[str, Any], status: str) -> dict[str, Any]:
    """A ChatMember of that status."""
    body: dict[str, Any] = {"user": user, "status": status}
    if status == "kicked":
        body["until_date"] = 0
    if status == "creator":
        body["is_anonymous"] = False
    if status == "administrator":
        body |= dict.fromkeys(_ADMIN_RIGHTS, False)
    return body


# --- limits -----------------------------------------------------------------------------------------------------------


@dataclass
class Limits:
    """What Telegram allows (core.telegram.org/bots/faq); everything `factor` times as fast, by a clock of its own.

    total: messages a second over everything; chat: a second to one person, `burst` at once; group: a minute.
    """

    total: float = 30.0
    chat: float = 1.0
    burst: int = 4
    group: int = 20
    factor: float = 1.0
    seconds: Callable[[], float] = time.monotonic


class Flood:
    """Counts requests against `Limits`; `violations` by what was broken, `peak` the most in any second."""

    def __init__(self, limits: Limits | None) -> None:
        self.limits = limits
        self.violations: dict[str, int] = {"total": 0, "chat": 0, "group": 0}
        self.peak = 0
        self._total: deque[float] = deque()
        self._buckets: dict[int | str, tuple[float, float]] = {}
        self._minutes: dict[int, deque[float]] = {}
        self._until: dict[int | str, float] = {}  # after a 429 everything there is refused until then

    def count(self, chat: Chat) -> None:
        """One more request for this chat; raises Refusal 429."""
        if self.limits is None:
            return
        now = self.limits.seconds() * self.limits.factor
        for what, key, wait in self._waits(chat, now):
            wait = max(wait, self._until.get(key, 0.0) - now)
            if wait > 0:
                self.violations[what] += 1
                after = max(1, -int(-wait // 1))
                self._until[key] = now + wait
                raise Refusal(429, f"Too Many Requests: retry after {after}", retry_after=after)
        self._take(chat, now)

    def _waits(self, chat: Chat, now: float) -> Iterator[tuple[str, int | str, float]]:
        limits = self.limits
        assert limits is not None
        yield "total", "total", self._missing("total", now, limits.total, limits.total)
        if isinstance(chat, Private):
            yield "chat", chat.id, self._missing(chat.id, now, limits.chat, limits.burst)
        else:
            minute = self._minutes.setdefault(chat.id, deque())
            while minute and minute[0] <= now - 60:
                minute.popleft()
            yield "group", chat.id, minute[0] + 60 - now if len(minute) >= limits.group else 0.0

    def _missing(self, key: int | str, now: float, rate: float, size: float) -> float:
        """Seconds until the bucket has one more."""
        left, at = self._buckets.get(key, (size, now))
        left = min(size, left + (now - at) * rate)
        self._buckets[key] = left, now
        return 0.0 if left >= 1 - 1e-6 else (1 - left) / rate

    def _take(self, chat: Chat, now: float) -> None:
        for key in ("total", chat.id):
            if key in self._buckets:
                left, at = self._buckets[key]
                self._buckets[key] = left - 1, at
        if not isinstance(chat, Private):
            self._minutes[chat.id].append(now)
        self._total.append(now)
        while self._total[0] <= now - 1:
            self._total.popleft()
        self.peak = max(self.peak, len(self._total))
