"""What Zalo itself remembers of our chats: read back after a gap, and asked whether a message has arrived (zalo.md 7).

The webhook is tried again for less than two hours and may be switched off by Zalo, so after any gap, and once a day,
the recent chats are read back to the last moment at which all was known. What is missing is stored under the key the
webhook would have used: if it comes after all, it is a repeat. A press of a hidden button leaves nothing to be read.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, select

from bot.channels.base import Post, Unparsable
from bot.channels.zalo_receive import NAME, Envelope, Receiver, event_id, route
from bot.channels.zalo_request import ident, number
from messages.fold import nfc
from storage import receipts
from storage.inbox import inbox
from storage.outbox import Sending

log = structlog.get_logger(__name__)

RECENT, CONVERSATION = "/v2.0/oa/listrecentchat", "/v2.0/oa/conversation"
PAGE = 10
"""As many as one call brings (zalo.md 7)."""
MOST_PAGES = 100
PAUSE = 3.0
"""Seconds between calls: reading back takes a fifth of the smallest plan's hundred a minute, answers have the rest."""
OVERLAP = timedelta(minutes=10)
"""The clocks of both sides may differ, and what came just before a gap may not have been stored."""
SETTLE = 3.0
"""Seconds after which a message that has arrived is shown in the conversation."""
_KINDS = {
    "text": "text", "photo": "image", "image": "image", "gif": "gif", "voice": "audio", "audio": "audio",
    "video": "video", "link": "link", "sticker": "sticker", "location": "location", "file": "file",
}  # fmt: skip
"""Types of the history, in the words of the events."""

Ask = Callable[[str, dict[str, Any]], Awaitable[Any]]
"""Makes a GET with our token; raises Refused or a SendError."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a chat as the history has it."""

    chat: str
    id: str
    at: datetime
    ours: bool
    text: str
    entry: dict[str, Any]


class History:
    """Reads the account's chats back."""

    def __init__(self, account: str, post: Post, ask: Ask, receiver: Receiver) -> None:
        self._account, self._post, self._ask, self._receiver = account, post, ask, receiver

    async def catch_up(self, since: datetime) -> int:
        """Store what citizens have said since then and we have never been told of; how many messages that was."""
        since -= OVERLAP
        missing: list[Said] = []
        for chat in await self._chats(since):
            missing += await self._missing(chat, since)
        events = []
        for said in sorted(missing, key=lambda each: each.at):
            if (made := _as_event(said, self._account)) is not None:
                events.append(self._receiver.event(*made))
        new = await self._post.accept(events) if events else 0
        log.info("zalo_caught_up", messages=new, since=since.isoformat())
        return new

    async def _chats(self, since: datetime) -> list[str]:
        """Everybody with a message since then, in the order in which they wrote last, the newest first."""
        found: dict[str, None] = {}
        for page in range(MOST_PAGES):
            entries = await self._entries(RECENT, page)
            recent = [each for each in entries if (at := _time(each)) is None or at >= since]
            found.update(dict.fromkeys(filter(None, map(_chat, recent))))
            if len(entries) < PAGE or not recent:
                break
            await asyncio.sleep(PAUSE)
        return list(found)

    async def _missing(self, chat: str, since: datetime) -> list[Said]:
        """Her messages since then that are not in the inbox."""
        found: list[Said] = []
        for page in range(MOST_PAGES):
            await asyncio.sleep(PAUSE)
            entries = await self._entries(CONVERSATION, page, user_id=chat)
            recent = [said for said in _readable(entries) if said.at >= since]
            found += [said for said in recent if not said.ours]
            if len(entries) < PAGE or not recent:
                break
        keys = {_key(said): said for said in found}
        known = await self._post.database.read(self._known, list(keys)) if keys else set()
        return [said for key, said in keys.items() if key not in known]

    def _known(self, db: Connection, keys: list[str]) -> set[str]:
        rows = inbox.c
        here = (rows.commune_id == self._post.commune_id) & (rows.channel == NAME) & (rows.account == self._account)
        return set(db.execute(select(rows.event_id).where(here, rows.event_id.in_(keys))).scalars())

    async def _entries(self, path: str, page: int, **about: str) -> list[Any]:
        """Ten messages, the newest first."""
        found = await self._ask(path, {**about, "offset": page * PAGE, "count": PAGE})
        return found if isinstance(found, list) else []

    async def arrived(self, message: Sending) -> bool:
        """Whether a message that may have left stands in her chat. Raises when nobody can tell.

        The same words may stand there from before: what is known to be another message of ours does not count.
        """
        await asyncio.sleep(SETTLE)
        entries = _readable(await self._entries(CONVERSATION, 0, user_id=message.chat))
        known = await self._post.database.read(receipts.known, self._post.commune_id, NAME, self._account, message.chat)
        same, since = _looks(message.body), message.created_at - OVERLAP
        return any(
            said.ours and said.at >= since and said.id not in known and (_kind(said), _plain(said.text)) == same
            for said in entries
        )


def _looks(body: Mapping[str, Any]) -> tuple[str, str]:
    """Kind and words of a message of ours in the history."""
    kind = "image" if body.get("photo") else "file" if body.get("document") else "text"
    return kind, _plain(str(body.get("text") or ""))


def _plain(words: str) -> str:
    return " ".join(nfc(words).split())


def _readable(entries: list[Any]) -> list[Said]:
    """What cannot be read among them is left out."""
    return [said for each in entries if (said := _said(each)) is not None]


def _said(entry: Any) -> Said | None:
    """{"src": 1, "time": 1767600000000, "type": "text", "message": "…", "message_id": "…", "from_id": "…", …}"""
    chat, at = _chat(entry), _time(entry)
    if at is None or not chat or not ident(entry.get("message_id")):
        return None
    text = entry.get("message")
    return Said(chat, ident(entry["message_id"]), at, _is_ours(entry), text if isinstance(text, str) else "", entry)


def _is_ours(entry: dict[str, Any]) -> bool:
    return number(entry.get("src")) == 0


def _chat(entry: Any) -> str:
    """Whose chat it is."""
    return ident(entry.get("to_id" if _is_ours(entry) else "from_id")) if isinstance(entry, dict) else ""


def _time(entry: Any) -> datetime | None:
    at = number(entry.get("time")) if isinstance(entry, dict) else None
    try:
        return None if at is None else datetime.fromtimestamp(at / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _kind(said: Said) -> str:
    return _KINDS.get(str(said.entry.get("type")).lower(), "text")


def _name(said: Said) -> str:
    return f"user_send_{_kind(said)}"


def _key(said: Said) -> str:
    return event_id(_name(said), said.id)


def _as_event(said: Said, app: str) -> tuple[Envelope, bytes] | None:
    """As the webhook would have brought it."""
    kind, entry = _kind(said), said.entry
    message: dict[str, Any] = {"msg_id": said.id} | ({"text": said.text} if said.text else {})
    payload = {name: entry[name] for name in ("url", "thumbnail", "description") if isinstance(entry.get(name), str)}
    if "location" in entry:
        payload["coordinates"] = entry["location"]
    if kind != "text":
        message["attachments"] = [{"type": kind, "payload": payload}]
    body = {
        "app_id": app, "event_name": _name(said), "timestamp": str(number(entry.get("time"))),
        "sender": {"id": said.chat}, "recipient": {"id": ident(entry.get("to_id"))}, "message": message,
    }  # fmt: skip
    try:
        found = route(body)
    except Unparsable:
        return None
    return (found, json.dumps(body).encode()) if isinstance(found, Envelope) else None
