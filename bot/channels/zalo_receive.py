"""How events of Zalo reach us: brought to the webhook, signed, stored before they are acknowledged (zalo.md 4).

The signature is a plain SHA-256 over app id, the body's very bytes, its timestamp and the account's secret key, and is
judged before anything of the body is believed. Which key and which first term are right is settled by nothing but a
real event, so of a refused one the log tells which known mistake would explain it, and never what it holds.

200 only after COMMIT. While the database is away the connection is closed without an answer: whether Zalo tries again
after any other answer is not known. An event that comes twice is one row, by its name and message id.

What the account itself sends is shown to us as well (oa_send_…), and is never taken for a citizen's words. Only one
that a person typed in OA Manager is stored: it means that he has taken the talk over (`handlers.front.takeover`).
"""

import asyncio
import hashlib
import hmac
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from aiohttp import web
from sqlalchemy import Connection

from bot import logs
from bot.channels.base import Post, Unparsable
from bot.channels.zalo_request import loads, number
from bot.settings import Settings
from storage import receipts
from storage.db import temporary
from storage.inbox import Event
from storage.sealing import lookup_key

log = structlog.get_logger(__name__)

NAME = "zalo"
WEBHOOK = "/zalo/webhook"
SIGNATURE, STAMP = "X-ZEvent-Signature", "X-ZEvent-Timestamp"
BY_PHONE = "phone:"
"""How the chat of a template message begins that was sent to a phone number; its look-up key follows."""
SAY_AGAIN = 60.0
"""Seconds in which refused events are logged once: whoever forges them shall not fill the disk."""
MOST_NAMES = 200
LONGEST_RETRY = timedelta(hours=3)
RECEIPT_AGAIN = (0.5, 2.0, 10.0, 30.0)
"""Seconds after which a receipt is looked up once more: it may be quicker than the record that the message left."""
MOST_RECEIPTS = 500
_ID = re.compile(r"\w{1,64}")
_LONGEST_KEY = 128


# --- the signature ----------------------------------------------------------------------------------------------------


class Signature:
    """Judges the signature of an event."""

    def __init__(self, settings: Settings) -> None:
        self._app, self._key = settings.zalo_app_id, settings.zalo_oa_secret_key
        self._app_secret = settings.zalo_app_secret

    def fits(self, raw: bytes, body: Any, given: str) -> bool:
        """Whether it is the account's own, over these bytes; in constant time."""
        return _same(_plain(self._app, raw, stamp(body), self._key), given)

    def variant(self, raw: bytes, body: Any, given: str, header: str = "") -> str:
        """Which known mistake explains a signature that does not fit: its name, or "none"."""
        return next((name for name, mac in self._variants(raw, body, header) if _same(mac, given)), "none")

    def _variants(self, raw: bytes, body: Any, header: str) -> Iterator[tuple[str, str]]:
        firsts = {"app id": self._app, "oa id": _oa(body), "nothing": ""}
        keys = {"oa secret": self._key, "app secret": self._app_secret}
        stamps = {"timestamp": stamp(body), "no timestamp": ""} | ({"header timestamp": header} if header else {})
        for key, secret in keys.items():
            for first, begins in firsts.items():
                for at, when in stamps.items():
                    yield f"sha256, {first}, {at}, {key}", _plain(begins, raw, when, secret)
                    signed = begins.encode() + raw + when.encode()
                    yield f"hmac, {first}, {at}, {key}", hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _plain(first: str, raw: bytes, when: str, key: str) -> str:
    return hashlib.sha256(first.encode() + raw + when.encode("utf-8", "replace") + key.encode()).hexdigest()


def _same(mac: str, given: str) -> bool:
    said = given.strip().removeprefix("mac=").lower()
    return hmac.compare_digest(mac.encode(), said.encode("utf-8", "surrogateescape"))


def stamp(body: Any) -> str:
    """The body's own timestamp, as the same string."""
    found = body.get("timestamp", "") if isinstance(body, dict) else ""
    return found if isinstance(found, str) else str(found) if _is_integer(found) else ""


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _oa(body: Any) -> str:
    """The account's id, wherever the event has it."""
    with suppress(Unparsable, AttributeError):
        if "oa_id" in body:
            return _id(body["oa_id"])
        ours = "sender" if str(body.get("event_name")).startswith("oa_") else "recipient"
        return _id(body[ours]["id"]) if ours in body else ""
    return ""


# --- what an event is, before anybody parses it -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event that is stored: whose chat it belongs to, and what makes it once only."""

    chat: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """Messages of ours that have reached her, or that she has seen. `who`: her id, or the phone they were sent to;
    `tracking`: of a template message by phone.
    """

    who: str
    ids: tuple[str, ...]
    seen: bool = False
    tracking: str = ""


@dataclass(frozen=True, slots=True)
class Revoked:
    """The account has withdrawn its consent from our application."""


_HERS = frozenset({
    "user_send_text", "user_send_image", "user_send_gif", "user_send_file", "user_send_audio", "user_send_video",
    "user_send_location", "user_send_sticker", "user_send_link", "user_send_business_card", "user_submit_info",
})  # fmt: skip
_ABOUT = {"follow": "follower", "unfollow": "follower", "user_click_chatnow": "", "user_withdraw": ""}
"""Events about how she stands to the account: where her id is, or "" for `user_id`."""


def route(body: Any) -> Envelope | Receipt | Revoked | None:
    """Where an event belongs; None when it is not for us. Raises Unparsable when that cannot be seen."""
    try:
        name = body["event_name"]
        if name in _HERS:
            return _envelope(body, name, body["sender"]["id"])
        if name in _ABOUT:
            return _envelope(body, name, body[_ABOUT[name]]["id"] if _ABOUT[name] else body["user_id"])
        if name == "permission_revoked":
            return Revoked()
        if name in ("user_received_message", "user_seen_message"):
            return _receipt(body, name)
        if name.startswith("oa_send_") and "_group_" not in name and body["sender"].get("admin_id"):
            return _envelope(body, name, body["recipient"]["id"])
    except (KeyError, TypeError, AttributeError) as error:
        raise Unparsable(type(error).__name__) from None
    return None


def _envelope(body: dict[str, Any], name: str, whose: object) -> Envelope:
    chat, message = _id(whose), body.get("message")
    if isinstance(message, dict) and "msg_id" in message:
        return Envelope(chat, event_id(name, _id(message["msg_id"])))
    return Envelope(chat, f"{name}:{stamp(body) or _digest(body)}:{chat}"[:_LONGEST_KEY])


def event_id(name: str, message: str) -> str:
    """What makes a message's event once only, whether the webhook brings it or we read it back ourselves."""
    return f"{name}:{message}"[:_LONGEST_KEY]


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(repr(sorted(body.items(), key=str)).encode("utf-8", "replace")).hexdigest()[:16]


def _receipt(body: dict[str, Any], name: str) -> Receipt:
    message = body["message"]
    ids = message["msg_ids"] if "msg_ids" in message else [message["msg_id"]]
    tracking, who = message.get("tracking_id"), _id(str(body["recipient"]["id"]).removeprefix("+"))
    seen = name == "user_seen_message"
    return Receipt(who, tuple(map(_id, ids)), seen, tracking if isinstance(tracking, str) else "")


def _id(value: object) -> str:
    """An id, however it came: a string, or a number, which may be larger than 2^53."""
    said = str(value) if isinstance(value, str) or _is_integer(value) else ""
    if not _ID.fullmatch(said):
        raise Unparsable("an id that is none")
    return said


# --- storing ----------------------------------------------------------------------------------------------------------


class Receiver:
    """Stores what Zalo brings. `revoked(at)`: the account has withdrawn its consent; returns once that is written
    down.
    """

    def __init__(
        self, account: str, settings: Settings, post: Post, revoked: Callable[[datetime], Awaitable[None]]
    ) -> None:
        self._account, self._post, self._revoked = account, post, revoked
        self._signature = Signature(settings)
        self._enforced = settings.zalo_signature == "enforce"
        self._names: set[str] = set()
        self._refused_at = -SAY_AGAIN
        self._late: set[asyncio.Task[None]] = set()
        self.heard_at: datetime | None = None  # when Zalo last brought anything

    async def close(self) -> None:
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)

    async def receive(self, request: web.Request) -> web.Response:
        """One event of Zalo's; 200 once it is durable, or kept as broken bytes."""
        raw, given = await request.read(), request.headers.get(SIGNATURE, "")
        if not given and raw.strip() == b"{}":
            return web.Response()  # Zalo tries whether somebody is there, when the address is saved (zalo.md 4.1)
        body = _read(raw)
        if not self._signature.fits(raw, body, given):
            self._doubt(raw, body, given, request.headers.get(STAMP, ""))
            if self._enforced:
                raise web.HTTPForbidden
        try:
            await self.take(raw, body)
        except Exception as error:
            log.log(30 if temporary(error) else 40, "zalo_event_not_stored", error=logs.describe(error))
            if request.transport is not None:
                request.transport.abort()
        return web.Response()

    def _doubt(self, raw: bytes, body: Any, given: str, header: str) -> None:
        now = time.monotonic()
        if now - self._refused_at < SAY_AGAIN:
            return
        self._refused_at = now
        fits = self._signature.variant(raw, body, given, header) if given else "unsigned"
        what = "zalo_event_refused" if self._enforced else "zalo_event_accepted_without_signature"
        log.warning(what, fits=fits)

    async def take(self, raw: bytes, body: Any) -> None:
        """Store an event whose signature is good, or write down what a receipt says; returns after COMMIT."""
        self.heard_at = self._post.now()
        try:
            found = route(body)
        except Unparsable as error:
            await self._post.keep_broken(self._account, raw, str(error))
            return
        if isinstance(found, Envelope):
            await self._post.accept([self.event(found, raw)])
        elif isinstance(found, Receipt):
            await self._told(found)
        elif isinstance(found, Revoked):
            await self._revoked(self._happened(body))
        else:
            self._ignore(body["event_name"])

    def _happened(self, body: Any) -> datetime:
        """When it happened, by Zalo's clock as far as that can be believed: it tries again for less than two hours."""
        now, said = self._post.now(), number(stamp(body))
        at = now if said is None or not 0 < said < 10**14 else datetime.fromtimestamp(said / 1000, UTC)
        return at if now - LONGEST_RETRY <= at <= now else now

    def event(self, envelope: Envelope, raw: bytes) -> Event:
        """As the inbox takes it; in a talk with the account, chat and sender are the same."""
        return Event(NAME, self._account, envelope.chat, envelope.chat, envelope.event_id, raw)

    def _ignore(self, name: str) -> None:
        """One line for each name: groups, echoes of our own, news of the account, and whatever Zalo invents next."""
        if name not in self._names and len(self._names) < MOST_NAMES:
            self._names.add(name)
            log.info("zalo_event_ignored", name=name[:60] if re.fullmatch(r"\w+", name) else "odd")

    # --- receipts ---

    async def _told(self, receipt: Receipt) -> None:
        """What is not known yet may be on its way to our own tables: looked up again, a few times."""
        missing = await self._post.database.write(self._note, receipt)
        if missing and len(self._late) < MOST_RECEIPTS:
            task = asyncio.create_task(self._later(receipt))
            self._late.add(task)
            task.add_done_callback(self._late.discard)

    async def _later(self, receipt: Receipt) -> None:
        for seconds in RECEIPT_AGAIN:
            await asyncio.sleep(seconds)
            with suppress(Exception):  # the database is away: the next look
                if not await self._post.database.write(self._note, receipt):
                    return

    def _note(self, db: Connection, receipt: Receipt) -> bool:
        """Whether one of these messages is not known."""
        here, now = (self._post.commune_id, NAME, self._account), self._post.now()
        if receipt.seen:
            return receipts.seen(db, *here, receipt.who, receipt.ids, now) != set(receipt.ids)
        found = receipts.delivered(db, *here, receipt.who, receipt.ids, now)
        if found or not receipt.tracking:
            return found != set(receipt.ids)
        chat = by_phone(db, receipt.who)
        if receipts.delivered(db, *here, chat, receipt.ids, now):
            return False
        return not receipts.tracked(db, *here, chat, receipt.tracking, receipt.ids[0], now)


def by_phone(db: Connection, phone: str) -> str:
    """The chat of template messages to a phone number, 84… or +84…."""
    return BY_PHONE + lookup_key(db, "phone", f"+{phone.removeprefix('+')}")


def _read(raw: bytes) -> Any:
    try:
        return loads(raw)
    except ValueError:
        return None
