"""Telegram: a bot of @BotFather's, by long polling or webhook (core.telegram.org/bots/api).

The only file that knows python-telegram-bot. Its types read updates, its `Bot` does the long tail of methods (uploads,
commands, webhook, signs) over a small transport of ours, because its own on httpx gets slower the more requests run at
once (python-telegram-bot#4560). Its Updater, Application, persistence and rate limiter acknowledge before anything is
stored, or halt every chat for one, so none of them is used.

How events reach us is `telegram_receive`, how words leave `telegram_send`, the wire of both `telegram_request`; what
the bot says of itself is `telegram_words`.
"""

import asyncio
import io
import re
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import structlog
from aiohttp import FormData, web
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    CallbackQuery,
    ChatMemberUpdated,
    InputFile,
    Message,
    Update,
)
from telegram.error import TelegramError
from telegram.request import BaseRequest, RequestData

from bot.channels import telegram_words
from bot.channels.base import Capabilities, Channel, Inbound, Media, Post, Unparsable
from bot.channels.telegram_receive import (
    ALLOWED,
    NAME,
    POLL_SECONDS,
    WEBHOOK,
    Envelope,
    Moves,
    Patience,
    Receiver,
    Told,
    by_webhook,
    is_in,
    known,
)
from bot.channels.telegram_request import SECONDS, Refused, Wire, dumps, loads, quietly, result
from bot.channels.telegram_send import File, Outgoing, is_group
from bot.errors import SendError, Uncertain
from bot.rates import Rates
from bot.settings import Settings, on_loopback
from messages.reply import Msg, _
from storage import accounts
from storage.outbox import Sending

log = structlog.get_logger(__name__)
T = TypeVar("T")

PARALLEL = 8
"""Connections at a time over which Telegram may bring updates."""
SLOW_ANSWER = 1.0
"""Seconds after which a villager is shown that somebody writes."""
MOST_SIGNS = 500
WEBHOOK_CHECK = 600.0
"""Seconds between looks whether our webhook is still the one that is set."""
PULSE = 30.0

NO_WEBHOOK = _("Telegram refuses the webhook address made from PUBLIC_URL. Please run: python -m bot check")
_COMMAND_TO = re.compile(r"(/\w+)@\w+", re.ASCII)


class Telegram(Channel):
    """The channel of one bot token. `secret` comes in the header of its webhook."""

    name = NAME
    rates = Rates(total=29.5, total_burst=3, chat=1.0, chat_burst=3, group=20)

    def __init__(self, settings: Settings, secret: str) -> None:
        self.settings, self.secret = settings, secret
        self.account = settings.telegram_bot_token.partition(":")[0]
        self.on_trial = on_loopback(settings.telegram_api_url)
        self.capabilities = Capabilities(
            text_length=4096,
            buttons=100,
            edits=True,
            attachments="separate",
            shares=frozenset({"phone", "place"}),
            masks=settings.telegram_personal_data == "masked",
            starts_by="https://t.me/{name}?start={code}",
        )
        self.wire = Wire(settings.telegram_api_url, settings.telegram_bot_token)
        over = _Request(self.wire)
        self._bot = Bot(settings.telegram_bot_token, self.wire.base, self.wire.base_files, over, over)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._leading: asyncio.Task[None] | None = None
        self.username = ""

    # --- life -------------------------------------------------------------------------------------------------------

    async def open(self, post: Post) -> None:
        """Make ready to receive and send; who we are is asked in the background."""
        self._post = post
        self._told = Told(lambda sentence: post.alert(self._say(sentence)))
        self._moves = Moves(self.account, post)
        self._outgoing = Outgoing(self.wire, post, self._moves, self._upload, self._told, self.on_trial)
        # A test clock that runs faster would see an outage in every long poll.
        wait = max(1.0, POLL_SECONDS / self.settings.clock_rate)
        self._receiver = Receiver(self.account, self.wire, post, self._moves, self.secret, self._stored, wait)
        self._meeting = self._background(Patience(self._told).until(self._meet))

    def routes(self) -> list[web.RouteDef]:
        """The webhook, when Telegram brings its updates."""
        return [web.post(WEBHOOK, self._webhook)] if by_webhook(self.settings) else []

    async def _webhook(self, request: web.Request) -> web.Response:
        return await self._receiver.receive(request)

    async def lead(self) -> None:
        """Poll, or see to the webhook, until `follow`."""
        if self._leading is None:
            self._leading = asyncio.create_task(self._lead())

    async def follow(self) -> None:
        """Stop polling; a webhook stays, since every process takes what comes."""
        task, self._leading = self._leading, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def close(self) -> None:
        await self.follow()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.wire.close()

    async def _lead(self) -> None:
        await asyncio.shield(self._meeting)
        introducing = self._background(self._introduce())
        patience = Patience(self._told)
        try:
            if by_webhook(self.settings):
                await self._keep_webhook(patience)
            else:
                await patience.until(self._drop_webhook)
                await self._receiver.poll(patience, self._drop_webhook)
        finally:
            introducing.cancel()

    async def _meet(self) -> None:
        """Learn our own name, by which we are called in groups and found by links."""
        self.username = self._receiver.username = (await self._ask(self._bot.get_me())).username or ""
        post = self._post
        await post.database.write(accounts.call, post.commune_id, NAME, self.account, self.username, post.now())

    async def _introduce(self) -> None:
        """Set the lists of commands and what the bot says of itself, where they differ; its name is the operator's."""
        scopes: list[tuple[Any, tuple[tuple[str, Msg], ...]]] = [
            (BotCommandScopeAllPrivateChats(), telegram_words.COMMANDS)
        ]
        if self.settings.telegram_admin_chat_id is not None:
            await quietly(self._moves.look())
            group = self._moves.now(self.canonical(str(self.settings.telegram_admin_chat_id)))[0]
            scopes.append((BotCommandScopeChat(int(group)), telegram_words.GROUP_COMMANDS))
        steps: list[Callable[[], Awaitable[None]]] = [
            self._describe,
            *(partial(self._list_commands, scope, commands) for scope, commands in scopes),
        ]
        for step in steps:
            await Patience(self._told).until(partial(self._try, step))

    async def _try(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except Refused as refused:
            if refused.status not in (400, 403):
                raise
            log.warning("introduction_refused", why=refused.words)  # nothing else depends on it

    async def _list_commands(self, scope: Any, commands: tuple[tuple[str, Msg], ...]) -> None:
        shown = tuple(BotCommand(name, self._say(meaning)) for name, meaning in commands)
        if await self._ask(self._bot.get_my_commands(scope)) != shown:
            await self._ask(self._bot.set_my_commands(shown, scope))

    async def _describe(self) -> None:
        about, short = map(self._say, telegram_words.about(self._post.commune_name))
        about, short = about[:512], short[:120]
        if (await self._ask(self._bot.get_my_description())).description != about:
            await self._ask(self._bot.set_my_description(about))
        if (await self._ask(self._bot.get_my_short_description())).short_description != short:
            await self._ask(self._bot.set_my_short_description(short))

    async def _keep_webhook(self, patience: Patience) -> None:
        while True:
            await patience.until(self._set_webhook)
            for _pulse in range(int(WEBHOOK_CHECK / PULSE)):
                await self._receiver.beat()
                await asyncio.sleep(PULSE)

    async def _set_webhook(self) -> None:
        """Register our address, unless it is; again when Telegram was turned away, for the secret may have changed."""
        url = self._post.public_url + WEBHOOK
        info = await self._ask(self._bot.get_webhook_info())
        same = (info.url, info.max_connections, set(info.allowed_updates)) == (url, PARALLEL, set(ALLOWED))
        if same and "403" not in (info.last_error_message or ""):
            return
        more = {"allowed_updates": ALLOWED, "drop_pending_updates": False, "secret_token": self.secret}
        try:
            await self._ask(self._bot.set_webhook(url, max_connections=PARALLEL, api_kwargs=more))
        except Refused as refused:
            if refused.status == 400:
                self._told(NO_WEBHOOK)
            raise
        log.info("webhook_set")

    async def _drop_webhook(self) -> None:
        """While a webhook is set, Telegram refuses polls."""
        if (await self._ask(self._bot.get_webhook_info())).url:
            await self._ask(self._bot.delete_webhook(drop_pending_updates=False))
            log.info("webhook_removed")

    def canonical(self, chat: str) -> str:
        """A group that has become a supergroup keeps its first id here."""
        return self._moves.first(chat)

    def _say(self, sentence: Msg) -> str:
        return self._post.catalogs.text(sentence, self._post.language)

    def _background(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _ask(self, work: Awaitable[T]) -> T:
        """What a method of the library brings; raises our errors, never its own."""
        try:
            return await work
        except _Failed as failed:
            raise failed.error from None
        except Exception as error:
            # Telegram has done it, but its answer is not what the library expects.
            raise Uncertain(f"an answer that cannot be read: {type(error).__name__}") from None

    # --- receive ----------------------------------------------------------------------------------------------------

    def _stored(self, envelope: Envelope) -> None:
        """After COMMIT: signs that the press was taken, and later that an answer is on its way."""
        if envelope.tap and len(self._tasks) < MOST_SIGNS:
            self._background(quietly(self._bot.answer_callback_query(envelope.tap)))
        # Only who sends knows whether an answer has left.
        waits = self._leading is not None and not envelope.group and not envelope.membership
        if waits and envelope.chat not in self._timers and len(self._timers) < MOST_SIGNS:
            loop = asyncio.get_running_loop()
            self._timers[envelope.chat] = loop.call_later(SLOW_ANSWER, self._is_slow, envelope.chat)

    def _is_slow(self, chat: str) -> None:
        self._timers.pop(chat, None)
        self._background(self.sign(chat))

    async def sign(self, chat: str, what: str = "typing") -> None:
        """Show that an answer is on its way; best effort."""
        await quietly(self._bot.send_chat_action(int(self._moves.now(chat)[0]), what))

    # {"update_id": 710230, "message": {"message_id": 12, "date": 1795658400, "text": "Hồ sơ của tôi xong chưa?",
    #  "from": {"id": 7001, "is_bot": false, "first_name": "Hoa"}, "chat": {"id": 7001, "type": "private"}}}

    def parse(self, raw: bytes) -> Inbound:
        """What a stored event says; raises Unparsable."""
        try:
            return self._read(Update.de_json(known(loads(raw)), None))
        except Unparsable:
            raise
        except Exception as error:  # at nonsense the library raises whatever it stumbles over
            raise Unparsable(type(error).__name__) from None

    def _read(self, update: Update) -> Inbound:
        if update.message is not None:
            return self._message(update.message)
        if update.edited_message is not None:
            return replace(self._message(update.edited_message), kind="edited", media=())
        if update.callback_query is not None:
            return self._tap(update.callback_query)
        if update.my_chat_member is not None:
            return _membership(update.my_chat_member)
        raise Unparsable("none of the kinds we ask for")

    def _message(self, message: Message) -> Inbound:
        if message.migrate_to_chat_id or message.migrate_from_chat_id:
            old, new = message.migrate_from_chat_id or message.chat.id, message.migrate_to_chat_id or message.chat.id
            return Inbound("moved", args={"from": str(old), "to": str(new)}, group=True)
        answered = message.reply_to_message
        place: dict[str, Any] = {
            "message": str(message.message_id),
            "reply_to": str(answered.message_id) if answered and not answered.forum_topic_created else "",
            "thread": _thread(message),
            "group": is_group(str(message.chat.id)),
        }
        if message.sender_chat is not None and message.sender_chat.id == message.chat.id:
            return Inbound("anonymous", **place)
        return Inbound(**(self._content(message) | place))

    def _content(self, message: Message) -> dict[str, Any]:
        """The kind of a message and what is in it."""
        if message.text is not None:
            return {"kind": "text", "text": self._words(message.text)}
        media = _media(message)
        if media is not None:
            return {"kind": media.kind, "text": self._words(message.caption), "media": (media,)}
        if message.contact is not None:
            own = message.from_user is not None and message.contact.user_id == message.from_user.id
            return {"kind": "contact", "phone": _clean(message.contact.phone_number), "own": own}
        if message.location is not None:
            venue = message.venue
            named = ", ".join(filter(None, (_clean(venue.title), _clean(venue.address)))) if venue else ""
            at = (float(message.location.latitude), float(message.location.longitude))
            return {"kind": "location", "place": at, "text": named}
        if message.sticker is not None or message.dice is not None:
            return {"kind": "sticker"}
        return {"kind": "text", "text": ""}  # a poll, a story, a gift: nothing that we can read

    def _tap(self, query: CallbackQuery) -> Inbound:
        message = query.message
        if query.data is None or message is None:
            raise Unparsable("a press without data")
        tap = Inbound(
            "tap", token=_clean(query.data), message=str(message.message_id), group=is_group(str(message.chat.id))
        )
        if not isinstance(message, Message):  # so old that Telegram does not say any more what it was
            return tap
        rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
        label = next((key.text for row in rows for key in row if key.callback_data == query.data), "")
        quoted = _clean(message.text or message.caption)
        return replace(tap, text=_clean(label), quoted=quoted, thread=_thread(message))

    def _words(self, text: str | None) -> str:
        """What was written, without our own name in it."""
        words = _COMMAND_TO.sub(r"\1", _clean(text), count=1) if text and text.startswith("/") else _clean(text)
        if self.username and f"@{self.username}".lower() in words.lower():
            words = re.sub(rf"\s*@{self.username}\b[,:]?\s*", " ", words, flags=re.IGNORECASE).strip()
        return words

    # --- send -------------------------------------------------------------------------------------------------------

    async def send(self, message: Sending) -> str:
        """The one request of an outbox row; returns Telegram's message id; raises a SendError."""
        if (timer := self._timers.pop(message.chat, None)) is not None:
            timer.cancel()
        return await self._outgoing.send(message)

    async def _upload(self, file: File, caption: str | None, asked: dict[str, Any]) -> str:
        chat, more = asked["chat_id"], {key: value for key, value in asked.items() if key != "chat_id"}
        content = InputFile(file.raw, file.title)
        match file.kind:
            case "photo":
                sending = self._bot.send_photo(chat, content, caption, api_kwargs=more)
            case "voice":
                sending = self._bot.send_voice(chat, content, caption=caption, api_kwargs=more)
            case "audio":
                sending = self._bot.send_audio(chat, content, caption=caption, api_kwargs=more)
            case _:
                sending = self._bot.send_document(chat, content, caption, api_kwargs=more)
        sent = await self._ask(sending)
        return str(sent.message_id)

    async def fetch(self, source: str, most: int) -> bytes:
        """The bytes of a received file; raises Lost when it is too large or gone, else a SendError: try again."""
        return await self._outgoing.fetch(source, most)


class _Failed(TelegramError):
    """Carries our own error through the library, which would else wrap it in one that quotes the address."""

    def __init__(self, error: Exception) -> None:
        super().__init__(type(error).__name__)
        self.error = error


class _Request(BaseRequest):
    """The library's transport, over our wire: JSON, or a form when there are files."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    @property
    def read_timeout(self) -> float:
        return SECONDS

    async def initialize(self) -> None:
        """The wire opens itself."""

    async def shutdown(self) -> None:
        """The channel closes the wire."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_timeouts: Any, **__timeouts: Any
    ) -> tuple[int, bytes]:
        """Status and body of a good answer; every other one is raised here as one of ours."""
        try:
            status, raw = await self._wire.post(url, _body(request_data))
            result(status, raw)
        except (Refused, SendError) as error:
            raise _Failed(error) from None
        return status, raw

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:
        """The library's own logs what it cannot read."""
        return loads(payload)


def _body(data: RequestData | None) -> bytes | FormData:
    if data is None or not data.contains_files:
        return dumps(data.parameters if data else {})
    form = FormData(quote_fields=False, charset="utf-8")  # Telegram takes a file's name as it stands
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (title, content, media_type) in data.multipart_data.items():
        assert isinstance(content, bytes)
        form.add_field(name, io.BytesIO(content), filename=title, content_type=media_type)  # written in pieces
    return form


def _thread(message: Message) -> str:
    """The topic; any reply in a supergroup names a thread, but only topics are places."""
    return str(message.message_thread_id) if message.is_topic_message and message.message_thread_id else ""


_FILES: tuple[tuple[str, str], ...] = (
    ("animation", "video/mp4"),  # first: it comes as a document, too
    ("document", "application/octet-stream"),
    ("voice", "audio/ogg"),
    ("audio", "audio/mpeg"),
    ("video", "video/mp4"),
    ("video_note", "video/mp4"),
)


def _media(message: Message) -> Media | None:
    """The file of a message; of a photo its largest size. What is a picture or a sound counts as such."""
    if message.photo:
        best = max(message.photo, key=lambda size: size.width * size.height)
        return Media(best.file_id, "photo", "image/jpeg", best.file_size or 0)
    for name, usual in _FILES:
        if (found := getattr(message, name)) is not None:
            media_type = _clean(getattr(found, "mime_type", None)) or usual
            kind = {"image": "photo", "audio": "voice"}.get(media_type.partition("/")[0], "file")
            title = _clean(getattr(found, "file_name", None))
            return Media(found.file_id, kind, media_type, found.file_size or 0, title)  # type: ignore[arg-type]
    return None


def _membership(change: ChatMemberUpdated) -> Inbound:
    """What became of us: in a private chat she has blocked us or let us in again, in a group we came or went."""
    inside, group = is_in(change.new_chat_member.to_dict()), is_group(str(change.chat.id))
    kind = ("joined" if inside else "removed") if group else ("back" if inside else "left")
    return Inbound(kind, group=group)


def _clean(text: object) -> str:
    """Words as they may be worked with: no NUL, no halves of letters."""
    if not isinstance(text, str):
        return ""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
