"""How words leave for Telegram: the keyboard a message gets, edits, groups that have moved, and files both ways.

Messages and edits go over the wire directly: composing a request and reading its answer by python-telegram-bot costs
three times the request itself. Uploads are handed to `upload`, which is the library's.

Limits (core.telegram.org/bots/api): 4,096 code points a message, 1,024 a caption, 64 bytes the data of a button;
20 MB down, 50 MB up (a photo 10 MB). A recording in OGG with Opus is a voice message, MP3 and M4A are audio; of any
other kind it goes as a document (#sendvoice, #sendaudio).
"""

import asyncio
import mimetypes
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bot import clips, sounds
from bot.channels.base import Lost, Post
from bot.channels.telegram_receive import REVOKED, Moves
from bot.channels.telegram_request import Refused, TooLarge, Wire, quietly, send_error
from bot.errors import Gone, NeedsPerson, Rejected, Throttled, Unavailable, Uncertain
from messages.reply import Msg, _
from storage import files
from storage.outbox import Sending

SHORT_LABEL = 14
"""Letters of a label beside which another one fits on a small phone."""
SHARE_PHONE, SHARE_PLACE = _("Send my phone number"), _("Send my place")
ELSEWHERE = _(
    "The local Bot API server names files on its own disk. It has to run on this machine, or without --local."
)
_SHARES = {"phone": "request_contact", "place": "request_location"}
_BAD_THREAD = ("thread not found", "topic_closed", "topic_deleted")
_NOT_SO = {
    "photo": ("photo_", "image_process_failed", "file is too big"),
    "voice": ("voice_messages_forbidden",),
}
"""Refusals after which it goes as a document: a picture too long or too large, a voice message she does not want."""
_SOUNDS = {sounds.OGG: "voice", sounds.MP3: "audio", sounds.M4A: "audio"}
_UNFIT = re.compile(r'[\x00-\x1f"\\/]')


@dataclass(frozen=True)
class File:
    """A file to upload: how it is shown, its bytes, and the name it has for people."""

    kind: str
    raw: bytes
    title: str


class Outgoing:
    """Sends rows of the outbox, and brings files that people sent.

    `upload(file, caption, asked)` makes a request with a file and returns its message id. `local`: the server runs on
    this machine, so that paths it names are ours.
    """

    def __init__(
        self,
        wire: Wire,
        post: Post,
        moves: Moves,
        upload: Callable[[File, str | None, dict[str, Any]], Awaitable[str]],
        tell: Callable[[Msg], None],
        local: bool,
    ) -> None:
        self._wire, self._post, self._moves, self._upload = wire, post, moves, upload
        self._tell, self._is_local = tell, local
        self._revoked = post.catalogs.text(REVOKED, post.language)
        labels = {"phone": SHARE_PHONE, "place": SHARE_PLACE}
        self._labels = {what: post.catalogs.text(words, post.language) for what, words in labels.items()}

    async def send(self, message: Sending) -> str:
        """The one request of an outbox row; returns Telegram's message id; raises a SendError."""
        try:
            if not is_group(message.chat):
                return await self._deliver(message, message.chat)
            return await self._send_to_group(message)
        except Refused as refused:
            raise send_error(refused, self._revoked) from None

    async def _send_to_group(self, message: Sending) -> str:
        """A group may have become a supergroup, as we know or are told now; ids of before mean nothing there."""
        await quietly(self._moves.look())
        chat, since = self._moves.now(message.chat)
        try:
            return await self._deliver(_forgetful(message) if since and message.created_at < since else message, chat)
        except Refused as refused:
            if not refused.moved_to:
                raise
            new = refused.moved_to
        with suppress(Exception):  # the database is away: the next message is told again
            await self._moves.move(chat, new)
        return await self._deliver(_forgetful(message), new)

    async def _deliver(self, message: Sending, chat: str) -> str:
        if message.edits is not None:
            return await self._edit(message, chat)
        asked = fields(message, chat, self._labels)
        try:
            return await self._send_as(message, asked)
        except Refused as refused:
            if not (asked.pop("message_thread_id", None) and refused.says(*_BAD_THREAD)):
                raise
        return await self._send_as(message, asked)  # the topic is closed or gone, the group is still there

    async def _send_as(self, message: Sending, asked: dict[str, Any]) -> str:
        body = message.body
        for kind in ("photo", "document", "sound"):
            if name := body.get(kind):
                return await self._send_file(kind, name, body.get("text") or None, asked)
        sent = await self._wire.call("sendMessage", asked | _plain(body.get("text", "")))
        try:
            return str(int(sent["message_id"]))
        except (KeyError, TypeError, ValueError):
            raise Uncertain("an answer that cannot be read") from None

    async def _send_file(self, kind: str, name: str, caption: str | None, asked: dict[str, Any]) -> str:
        file = await self._file(kind, name)
        try:
            return await self._upload(file, caption, asked)
        except Refused as refused:
            if not (refused.status == 400 and refused.says(*_NOT_SO.get(file.kind, ()))):
                raise
        return await self._upload(replace(file, kind="document"), caption, asked)

    async def _file(self, kind: str, name: str) -> File:
        post, path = self._post, self._post.files / Path(name).name
        if "/" in name:  # a clip of the commune's own, which lies beside the files
            clip = await asyncio.to_thread(clips.find, post.files.parent, name)
            path = clip[0] if clip else path
        try:
            raw = await asyncio.to_thread(path.read_bytes)
        except OSError:
            raise Rejected("file", "the file is not there any more") from None
        found = None
        with suppress(Exception):  # without its row it is sent under the name it has on disk
            found = await post.database.read(files.get, post.commune_id, name)
        title = _UNFIT.sub("_", found.title if found and found.title else name)
        if kind == "sound":
            heard = sounds.media_type(raw) or ""
            kind = _SOUNDS.get(heard, "document")
            title = Path(title).stem + sounds.ENDINGS[heard] if heard else title
        if found and not Path(title).suffix:
            title += mimetypes.guess_extension(found.media_type) or ""
        return File(kind, raw, title)

    async def _edit(self, message: Sending, chat: str) -> str:
        body, words = message.body, message.body.get("text")
        asked: dict[str, Any] = {"chat_id": int(chat), "message_id": int(str(message.edits))}
        if body.get("buttons"):
            asked["reply_markup"] = inline_keyboard(body["buttons"])
        try:
            if words is None:
                await self._wire.call("editMessageReplyMarkup", asked)
            else:
                await self._edit_words(asked, words)
        except Refused as refused:
            if not refused.says("message is not modified"):
                raise
        return str(message.edits)

    async def _edit_words(self, asked: dict[str, Any], words: str) -> None:
        """The text of a message, or the caption when it is a picture: what is edited does not tell which it was."""
        try:
            await self._wire.call("editMessageText", asked | _plain(words))
        except Refused as refused:
            if not refused.says("there is no text in the message"):
                raise
            await self._wire.call("editMessageCaption", asked | {"caption": words})

    # --- files that people sent -------------------------------------------------------------------------------------

    async def fetch(self, source: str, most: int) -> bytes:
        """The bytes of a received file; raises Lost when it is too large or gone, else a SendError: try again."""
        try:
            found = await self._wire.call("getFile", {"file_id": source})
            path, size = str(found["file_path"]), int(found.get("file_size") or 0)
        except Refused as refused:
            raise self._not_fetched(refused) from None
        except Uncertain as error:
            raise Unavailable(str(error)) from None  # asking twice harms nobody
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Lost("no path") from None
        if size > most:
            raise Lost("too large")
        try:
            if path.startswith("/"):
                return await self._on_disk(Path(path), most)
            return await self._wire.get(quote(path), most)
        except TooLarge:
            raise Lost("too large") from None
        except Refused as refused:
            if refused.status in (404, 410):
                raise Lost("expired") from None
            raise self._not_fetched(refused) from None

    def _not_fetched(self, refused: Refused) -> Exception:
        # One sentence of Telegram's stands for "never" and for "not now".
        if refused.status >= 500 or (refused.status == 400 and refused.says("temporarily")):
            return Unavailable(str(refused))
        failure = send_error(refused, self._revoked)
        return failure if isinstance(failure, Throttled | NeedsPerson) else Lost(str(failure))

    async def _on_disk(self, path: Path, most: int) -> bytes:
        """A file of a local Bot API server (--local), which tells where on its own disk it put it."""
        if not self._is_local:
            self._tell(ELSEWHERE)
            raise Lost("on another machine's disk")

        def read() -> bytes:
            if path.stat().st_size > most:
                raise TooLarge
            return path.read_bytes()

        try:
            return await asyncio.to_thread(read)
        except OSError as error:
            raise Lost(f"not readable here: {type(error).__name__}") from None


def _forgetful(message: Sending) -> Sending:
    """The same message without ids of the group's earlier life."""
    if message.edits is not None:
        raise Gone("the group has become a supergroup")
    return replace(message, body={key: it for key, it in message.body.items() if key not in ("reply_to", "thread")})


# --- what a message looks like ----------------------------------------------------------------------------------------


def fields(message: Sending, chat: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """What every way of sending has in common. `labels`: the words on the keys that share a phone and a place."""
    body = message.body
    asked: dict[str, Any] = {"chat_id": int(chat)}
    if body.get("thread"):
        asked["message_thread_id"] = int(body["thread"])
    if body.get("reply_to"):
        asked["reply_parameters"] = {"message_id": int(body["reply_to"]), "allow_sending_without_reply": True}
    if message.kind == "card" and not body.get("loud"):
        asked["disable_notification"] = True
    if (markup := _keyboard(message, in_group=is_group(chat), labels=labels)) is not None:
        asked["reply_markup"] = markup
    return asked


def is_group(chat: str) -> bool:
    """Groups have negative ids."""
    return chat.startswith("-")


def inline_keyboard(buttons: list[dict[str, str]]) -> dict[str, Any]:
    """Buttons under a message; two short ones share a row."""
    rows: list[list[dict[str, str]]] = []
    for button in buttons:
        key = {"text": button["label"], "callback_data": button["token"]}
        if rows and len(rows[-1]) == 1 and _is_short(rows[-1][0]) and _is_short(key):
            rows[-1].append(key)
        else:
            rows.append([key])
    return {"inline_keyboard": rows}


def _is_short(key: Mapping[str, str]) -> bool:
    return len(key["text"]) <= SHORT_LABEL


def _keyboard(message: Sending, in_group: bool, labels: Mapping[str, str]) -> dict[str, Any] | None:
    """The one keyboard a message can have.

    Sharing a phone or a place needs keys below the input, so the choices stand there too and come back as typed labels.
    Such keys go when one is pressed; if she types instead, the next answer without buttons takes them away. That is
    simpler than remembering who has them, and harms nobody who has none. A message that carries "take them away" can
    never be edited, so only answers do. In a group a question is a forced reply that only its addressee sees.
    """
    body = message.body
    buttons, wanted = body.get("buttons") or [], labels.get(body.get("wants", ""))
    if wanted is not None and not in_group:
        share: dict[str, Any] = {"text": wanted, _SHARES[body["wants"]]: True}
        return {
            "keyboard": [[share], *([{"text": button["label"]}] for button in buttons)],
            "resize_keyboard": True,
            "one_time_keyboard": True,
        }
    if buttons:
        return inline_keyboard(buttons)
    if in_group:
        return {"force_reply": True, "selective": True} if body.get("for") and body.get("reply_to") else None
    return {"remove_keyboard": True} if message.kind == "answer" else None


def _plain(words: str) -> dict[str, Any]:
    """Words as they are: no markup that what a citizen wrote could break, no preview that loads a foreign page."""
    return {"text": words, "link_preview_options": {"is_disabled": True}}
