"""How events of Telegram reach us: by long polling or at the webhook, stored before they are acknowledged.

Long polling: a batch is stored in one commit, and only then the next getUpdates confirms it. The offset lives in the
loop and is sent once: after a week of silence update ids restart at random, and an offset kept from before would skip
what comes then. A poll that failed confirms nothing; what it would have confirmed comes again and is known by its
event id (update id and message id, so that a restart of the ids meets no old row).

Webhook: 200 once the event is stored, 503 while the database is away, 403 without the secret.

Of a group only what is meant for us is stored: commands, replies to us, our name, taps, and what happens to the group
or to us in it. Overheard words never are, even when privacy mode is off.
"""

import asyncio
import hmac
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from aiohttp import web
from sqlalchemy import Connection

from bot.channels.base import Post, Unparsable
from bot.channels.telegram_request import Refused, Wire, dumps, loads
from bot.errors import SendError
from bot.settings import Settings
from messages.reply import Msg, _
from storage import cards, chats
from storage.db import temporary
from storage.inbox import Event

log = structlog.get_logger(__name__)
T = TypeVar("T")

NAME = "telegram"
ALLOWED = ["message", "edited_message", "callback_query", "my_chat_member"]
WEBHOOK = "/telegram/webhook"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
POLL_SECONDS = 25
BEAT = timedelta(seconds=30)
TOLD_AGAIN = 6 * 3600.0
"""Seconds after which an operator is told once more of what nobody has mended."""
_SERVICE = frozenset({
    "pinned_message", "message_auto_delete_timer_changed", "write_access_allowed", "chat_background_set",
    "users_shared", "chat_shared", "boost_added", "successful_payment", "refunded_payment", "gift", "unique_gift",
    "proximity_alert_triggered", "forum_topic_created", "forum_topic_edited", "forum_topic_closed",
    "forum_topic_reopened", "connected_website", "new_chat_title", "new_chat_photo",
})  # fmt: skip
"""Messages that nobody wrote."""

REVOKED = _(
    "Telegram does not accept the bot's token. Please get a new one from @BotFather and set it as TELEGRAM_BOT_TOKEN."
)
TWICE = _("Another program uses the same Telegram bot. Please stop it, or give it a bot of its own.")


def by_webhook(settings: Settings) -> bool:
    """Whether Telegram brings its updates, or we fetch them."""
    return settings.telegram_mode == "webhook" or (settings.telegram_mode == "auto" and bool(settings.public_url))


# --- what an update is, before anybody parses it ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where an update belongs. `tap`: the id of a pressed button, to be answered; `membership`: we came into a chat or
    left it; `moved`: a group's old and new id.
    """

    chat: str
    sender: str
    event_id: str
    group: bool = False
    tap: str = ""
    membership: bool = False
    moved: tuple[str, str] | None = None


def route(update: Any, bot: str, username: str) -> Envelope | None:
    """Where an update belongs; None when it is not for us. Raises Unparsable when that cannot be seen."""
    try:
        number = int(update["update_id"])
        if (message := update.get("message")) is not None:
            return _message(f"{number}:{message['message_id']}", message, bot, username)
        if (message := update.get("edited_message")) is not None:
            return _edited(f"{number}:edited:{message['message_id']}", message, bot, username)
        if (query := update.get("callback_query")) is not None:
            return _tap(number, query)
        if (change := update.get("my_chat_member")) is not None:
            return _membership(number, change)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise Unparsable(type(error).__name__) from None
    return None


def _message(event_id: str, message: dict[str, Any], bot: str, username: str) -> Envelope | None:
    chat, sender = message["chat"], message["from"]
    here = str(int(chat["id"]))
    for name, pair in (("migrate_to_chat_id", 1), ("migrate_from_chat_id", -1)):
        if name in message:
            old, new = (here, str(int(message[name])))[::pair]
            # Both groups tell it; whichever is heard first, it happened once.
            return Envelope(here, str(sender["id"]), f"moved:{old}:{new}", group=True, moved=(old, new))
    if chat["type"] == "private":
        wanted = not sender.get("is_bot") and not _SERVICE & message.keys()
        return Envelope(here, str(sender["id"]), event_id) if wanted else None
    behind = message.get("sender_chat")  # an administrator who hides behind the group itself, or some channel
    spoken = not sender.get("is_bot") if behind is None else behind["id"] == chat["id"]
    if chat["type"] not in ("group", "supergroup") or not spoken:
        return None
    return Envelope(here, str(sender["id"]), event_id, group=True) if _for_us(message, bot, username) else None


def _edited(event_id: str, message: dict[str, Any], bot: str, username: str) -> Envelope | None:
    """A place that is shared live is "edited" every few seconds, which is no change of words."""
    return None if "location" in message else _message(f"{event_id}:{message['edit_date']}", message, bot, username)


def _for_us(message: dict[str, Any], bot: str, username: str) -> bool:
    """Whether words in a group are meant for us; while our name is not known, whatever calls a bot by name is."""
    words = message.get("text") or message.get("caption") or ""
    if words.startswith("/"):
        command, _at, name = words.split(maxsplit=1)[0].partition("@")
        return len(command) > 1 and (not name or not username or name.lower() == username.lower())
    answered = message.get("reply_to_message") or {}
    # In a topic everything "replies" to the message that opened it.
    if str((answered.get("from") or {}).get("id")) == bot and "forum_topic_created" not in answered:
        return True
    for entity in message.get("entities") or message.get("caption_entities") or ():
        if entity["type"] == "text_mention" and str(entity["user"]["id"]) == bot:
            return True
    return bool(username) and f"@{username.lower()}" in (word.strip(".,:;!?()") for word in words.lower().split())


def _tap(number: int, query: dict[str, Any]) -> Envelope | None:
    message = query.get("message")
    if message is None:
        return None
    chat, tap = message["chat"], str(query["id"])
    group = chat["type"] != "private"
    return Envelope(str(int(chat["id"])), str(query["from"]["id"]), f"{number}:{tap}"[:128], group, tap)


def _membership(number: int, change: dict[str, Any]) -> Envelope | None:
    """We have come into a chat or left it; other changes of what we are there concern nobody."""
    chat = change["chat"]
    known = chat["type"] in ("private", "group", "supergroup")
    if not known or is_in(change["old_chat_member"]) == is_in(change["new_chat_member"]):
        return None
    here, group = str(int(chat["id"])), chat["type"] != "private"
    return Envelope(here, str(change["from"]["id"]), f"{number}:member:{int(change['date'])}", group, membership=True)


def is_in(member: dict[str, Any]) -> bool:
    """Whether a ChatMember is one."""
    status = member["status"]
    return status in ("creator", "administrator", "member") or bool(status == "restricted" and member.get("is_member"))


_OF_A_MESSAGE = frozenset({
    "message_id", "date", "chat", "from", "sender_chat", "text", "caption", "photo", "animation", "document", "voice",
    "audio", "video", "video_note", "sticker", "dice", "contact", "location", "venue", "migrate_to_chat_id",
    "migrate_from_chat_id", "message_thread_id", "is_topic_message", "reply_markup", "reply_to_message", "edit_date",
})  # fmt: skip
_OF_AN_ANSWERED_ONE = frozenset({"message_id", "date", "chat", "forum_topic_created"})


def known(update: dict[str, Any]) -> dict[str, Any]:
    """An update without what nobody here reads: a part that Telegram has changed since the library was written, of a
    poll or of what was quoted, must not cost us the message around it.
    """
    for name in ("message", "edited_message"):
        if name in update:
            return {"update_id": update["update_id"], name: _kept(update[name])}
    query = update.get("callback_query")
    if query is not None and query.get("message"):
        return {"update_id": update["update_id"], "callback_query": query | {"message": _kept(query["message"])}}
    return update


def _kept(message: dict[str, Any]) -> dict[str, Any]:
    kept = {key: message[key] for key in _OF_A_MESSAGE & message.keys()}
    if answered := message.get("reply_to_message"):
        kept["reply_to_message"] = {key: answered[key] for key in _OF_AN_ANSWERED_ONE & answered.keys()}
    return kept


# --- groups that got another id ---------------------------------------------------------------------------------------


class Moves:
    """Groups under the id they have there now, and the first one, which they keep here.

    The tables are asked whenever a group is concerned, because another process may have heard of the move; that is one
    small read for what happens a few times a minute at most.
    """

    def __init__(self, account: str, post: Post) -> None:
        self._account, self._post = account, post
        self._known: list[chats.Moved] = []

    async def look(self) -> None:
        """Read the tables again."""
        post = self._post
        self._known = await post.database.read(chats.moved, post.commune_id, NAME, self._account)

    def first(self, chat: str) -> str:
        """The id a group has in our tables."""
        return next((each.first for each in self._known if each.chat == chat), chat)

    def now(self, chat: str) -> tuple[str, datetime | None]:
        """The id a group of our tables has at Telegram, and since when, if it has moved."""
        return next(((each.chat, each.at) for each in reversed(self._known) if each.first == chat), (chat, None))

    def is_left(self, chat: str) -> bool:
        """Whether a group is an empty shell: it goes on under another id, so what becomes of us there is nothing."""
        return any(each.first == chat for each in self._known)

    async def move(self, old: str, new: str) -> None:
        """`old` is called `new` from now on; messages of before cannot be edited, so its cards are posted again."""
        post, account, now = self._post, self._account, self._post.now()

        def write(db: Connection) -> None:
            if chats.move(db, post.commune_id, NAME, account, old, new, now):
                kept = chats.first(db, post.commune_id, NAME, account, new)
                cards.unbind(db, post.commune_id, NAME, account, kept)
                log.info("group_moved", old=old, new=new)

        await post.database.write(write)
        await self.look()


# --- trying until it works --------------------------------------------------------------------------------------------


class Patience:
    """Tries again until it works: longer pauses each time, no storm of logs; tells a person what only he can mend."""

    first, longest, slow = 0.5, 30.0, 60.0
    """Seconds: the first pause, the longest, and that after a refusal which will not pass by itself."""

    def __init__(self, alert: Callable[[Msg], None]) -> None:
        self._alert, self._failures = alert, 0

    async def until(self, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`, however often it has to be tried."""
        while True:
            try:
                done = await work()
            except Exception as error:
                await asyncio.sleep(self._pause(error))
            else:
                if self._failures:
                    log.info("telegram_works_again", failures=self._failures)
                self._failures = 0
                return done

    def _pause(self, error: Exception) -> float:
        self._failures += 1
        refusal = error if isinstance(error, Refused) else None
        if self._failures == 1:
            ours = not (isinstance(error, Refused | SendError) or temporary(error))
            status, trace = refusal and refusal.status, error if ours else None
            log.log(40 if ours else 30, "telegram_waits", error=error, status=status, exc_info=trace)
        if refusal is not None and refusal.status == 429:
            return refusal.retry_after
        if refusal is not None and refusal.status in (401, 404, 409):
            self._alert(TWICE if refusal.status == 409 else REVOKED)
            if refusal.status != 409:
                return self.slow
        return min(self.longest, self.first * 2.0 ** min(self._failures - 1, 10)) * random.uniform(0.5, 1.0)


# --- storing ----------------------------------------------------------------------------------------------------------


class Receiver:
    """Stores what Telegram hands over. `stored(envelope)` is told of each update after COMMIT."""

    def __init__(
        self,
        account: str,
        wire: Wire,
        post: Post,
        moves: Moves,
        secret: str,
        stored: Callable[[Envelope], None],
        wait: float = POLL_SECONDS,
    ) -> None:
        self._account, self._wire, self._post, self._moves = account, wire, post, moves
        self._secret, self._stored, self._wait = secret.encode(), stored, wait
        self._offset: int | None = None
        self._beaten: datetime | None = None
        self.username = ""

    async def take(self, updates: list[tuple[bytes, Any]]) -> int:
        """Store updates, each as it came and as it reads, in one transaction; how many were new. Raises when the
        database is away; then none of them may be acknowledged.
        """
        envelopes, raws = [], []
        for raw, update in updates:
            try:
                envelope = route(update, self._account, self.username)
            except Unparsable as error:
                await self._post.keep_broken(self._account, raw, str(error))
                continue
            if envelope is not None:
                envelopes.append(envelope)
                raws.append(raw)
        if any(envelope.group for envelope in envelopes):
            await self._moves.look()
        for envelope in envelopes:
            if envelope.moved is not None:
                await self._moves.move(*envelope.moved)
        events = [
            Event(NAME, self._account, self._moves.first(each.chat), each.sender, each.event_id, raw)
            for each, raw in zip(envelopes, raws, strict=True)
            if not (each.membership and self._moves.is_left(each.chat))
        ]
        new = await self._post.accept(events) if events else 0
        for envelope in envelopes:
            self._stored(envelope)
        return new

    async def beat(self) -> None:
        """Events reach us until now; at most twice a minute."""
        now = self._post.now()
        if self._beaten is None or now - self._beaten >= BEAT:
            with suppress(Exception):  # the database is away; the gap will be seen at the next one
                await self._post.beat()
                self._beaten = now

    # --- long polling ---

    async def poll(self, patience: Patience, drop_webhook: Callable[[], Awaitable[Any]]) -> None:
        """Fetch and store, for ever. `drop_webhook` takes away a webhook that somebody has set meanwhile."""

        async def round_() -> None:
            try:
                await self._round()
            except Refused as refused:
                if refused.status == 409 and refused.says("webhook"):
                    await drop_webhook()
                raise

        while True:
            await patience.until(round_)

    async def _round(self) -> None:
        asked: dict[str, Any] = {"timeout": int(self._wait), "allowed_updates": ALLOWED}
        if self._offset is not None:
            asked["offset"], self._offset = self._offset, None
        began = asyncio.get_running_loop().time()
        updates = await self._wire.call("getUpdates", asked, self._wait + 10)
        new = await self.take([(dumps(update), update) for update in updates]) if updates else 0
        if updates:
            self._offset = int(updates[-1]["update_id"]) + 1
        await self.beat()
        if not new and asyncio.get_running_loop().time() - began < 1.0:
            await asyncio.sleep(0.1)  # a server that does not wait for us, or brings the same again, is not run after

    # --- webhook ---

    async def receive(self, request: web.Request) -> web.Response:
        """One update of Telegram's; 200 once it is durable, or kept as broken bytes."""
        given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._secret):
            raise web.HTTPForbidden
        raw = await request.read()
        try:
            update = loads(raw)
        except (ValueError, RecursionError):
            update = None  # which `route` cannot read either
        try:
            await self.take([(raw, update)])
        except Exception as error:
            if temporary(error):
                raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from None
            raise
        return web.Response()


class Told:
    """Sentences for the operator, each said once and, while nobody mends it, again after some hours."""

    def __init__(self, say: Callable[[Msg], None]) -> None:
        self._say = say
        self._at: dict[Msg, float] = {}

    def __call__(self, sentence: Msg) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._at.get(sentence, -TOLD_AGAIN) >= TOLD_AGAIN:
            self._at[sentence] = now
            self._say(sentence)
