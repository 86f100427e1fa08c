"""Zalo: the commune's Official Account, by the OpenAPI and one webhook (developers.zalo.me; our notes: zalo.md).

How events reach us is `zalo_receive`, how words leave `zalo_send`, the wire of both `zalo_request`, the right to use it
`zalo_grant`, what Zalo says of the account `zalo_account`; what Zalo remembers of our chats is read back by
`zalo_history` when `zalo_watch` finds that something may be missing.

The Zalo Bot Platform is another product and not used now: a bot has 50 users at most and no buttons.
"""

import asyncio
import json
import mimetypes
import re
from typing import Any

import structlog
from aiohttp import web

from bot import tokens
from bot.channels.base import Capabilities, Channel, Inbound, Media, Post, Unparsable
from bot.channels.telegram_receive import Told
from bot.channels.zalo_account import OfficialAccount
from bot.channels.zalo_consent import Door
from bot.channels.zalo_grant import Grant
from bot.channels.zalo_history import History
from bot.channels.zalo_media import Downloads
from bot.channels.zalo_receive import NAME, WEBHOOK, Receiver
from bot.channels.zalo_request import Refused, Wire, ident, loads, number, send_error
from bot.channels.zalo_send import TEXT, Outgoing
from bot.channels.zalo_watch import Watch
from bot.commune_zalo import ZaloTerms
from bot.errors import NeedsPerson, Rejected
from bot.questions import phone_number
from bot.rates import Rates
from bot.settings import Settings, on_loopback
from messages.reply import Msg, _
from storage.outbox import Sending

log = structlog.get_logger(__name__)

SHARE = 0.7
"""Part of the plan's requests a minute that messages may take; bursts of a tenth more, and the rest is for uploads,
for reading back and for asking about ourselves.
"""
UNSIGNED = _(
    "ZALO_SIGNATURE=log: events are accepted from anybody. This is for a trial day only; please set it to enforce."
)


class Zalo(Channel):
    """The channel of one application and its one Official Account."""

    name = NAME

    def __init__(self, settings: Settings) -> None:
        self.settings, self.account = settings, settings.zalo_app_id
        hosts = (settings.zalo_api_url, settings.zalo_oauth_url, settings.zalo_business_url)
        self.on_trial = all(on_loopback(url) for url in hosts)
        self.capabilities = Capabilities(
            text_length=TEXT,
            buttons=5,
            attachments="alone",
            plays=False,
            takeovers=True,
            # The form that asks for a phone shows a picture that Zalo fetches from us.
            shares=frozenset({"phone"}) if settings.public_url else frozenset(),
        )
        self.rates = rates(ZaloTerms())
        self.wire = Wire(settings)
        self._downloads = Downloads(settings.zalo_media_hosts, self.on_trial)
        self._work: list[asyncio.Task[None]] = []

    # --- life -------------------------------------------------------------------------------------------------------

    async def open(self, post: Post) -> None:
        """Make ready to receive and send."""
        terms = post.commune.zalo if post.commune is not None else ZaloTerms()
        told = Told(lambda sentence: post.alert(post.catalogs.text(sentence, post.language)))
        self._post, self._told = post, told
        if terms.requests_per_minute != ZaloTerms().requests_per_minute:
            self.rates = rates(terms)
        self.grant = Grant(self.settings, self.wire, post, told)
        self.oa = OfficialAccount(self.grant, post, told, self.account, terms)
        self._receiver = Receiver(self.account, self.settings, post, self.grant.withdrawn)
        self._history = History(self.account, post, self._ask, self._receiver)
        self._watch = Watch(self.account, post, terms, self._history, self._receiver, told)
        self._outgoing = Outgoing(self.account, self.grant, self.oa, post, terms, told)
        self._door = Door(self.settings, self.grant, post, self._say, self._connected)
        await self.oa.remember()
        if self.settings.zalo_signature == "log":
            log.warning("zalo_signature_not_enforced")
            told(UNSIGNED)

    def routes(self) -> list[web.RouteDef]:
        """The webhook, and the doors of the consent."""
        return [web.post(WEBHOOK, self._webhook), *self._door.routes()]

    async def _webhook(self, request: web.Request) -> web.StreamResponse:
        return await self._receiver.receive(request)

    async def lead(self) -> None:
        """Keep the grant fresh, know the account, and see that events reach us, until `follow`."""
        if not self._work:
            kept = (self.grant.keep(), self.oa.keep(), self._watch.beat(), self._watch.look())
            self._work = [asyncio.create_task(each) for each in kept]

    async def follow(self) -> None:
        """Leave that to whoever leads now; the webhook stays, since every process takes what comes."""
        work, self._work = self._work, []
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)

    async def close(self) -> None:
        await self.follow()
        await self._receiver.close()
        await self.grant.close()
        await self._downloads.close()
        await self.wire.close()

    async def _connected(self) -> None:
        """An administrator has consented a moment ago."""
        await self.oa.look()

    def _say(self, sentence: Msg) -> str:
        return self._post.catalogs.text(sentence, self._post.language)

    async def _ask(self, path: str, data: dict[str, Any]) -> Any:
        return await self.grant.call("GET", path, data=data)

    # --- send -------------------------------------------------------------------------------------------------------

    async def send(self, message: Sending) -> str:
        """The one request of an outbox row; returns Zalo's message id; raises a SendError."""
        return await self._outgoing.send(message)

    async def arrived(self, message: Sending) -> bool | None:
        """Whether it stands in the conversation; None when Zalo does not let us look. Raises a SendError: ask again."""
        try:
            return await self._history.arrived(message)
        except Refused as refused:
            error = send_error(refused, self._post.now(), self._told)
        if isinstance(error, Rejected | NeedsPerson):
            return None
        raise error

    async def fetch(self, source: str, most: int) -> bytes:
        """The bytes of a received file; raises Lost when it is gone or not from Zalo, else a SendError: try again."""
        return await self._downloads.fetch(source, most)

    # --- receive ----------------------------------------------------------------------------------------------------

    # {"app_id": "360…", "event_name": "user_send_text", "timestamp": "1767600000000", "user_id_by_app": "552…",
    #  "sender": {"id": "2468458835296197922"}, "recipient": {"id": "388613280878808645"},
    #  "message": {"text": "Xin hỏi thủ tục khai sinh", "msg_id": "96d3cdf3af150460909"}}

    def parse(self, raw: bytes) -> Inbound:
        """What a stored event says; raises Unparsable."""
        try:
            body = loads(raw)
            return _read(body, body["event_name"])
        except Unparsable:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError) as error:
            raise Unparsable(type(error).__name__) from None


def rates(terms: ZaloTerms) -> Rates:
    """Messages evenly over the minute, with room for a burst of answers."""
    burst = max(1, terms.requests_per_minute // 10)
    return Rates(total=terms.requests_per_minute * SHARE / 60, total_burst=burst, ceiling=burst)


# --- parsing ----------------------------------------------------------------------------------------------------------


_STANDING = {"follow": "start", "unfollow": "left", "user_click_chatnow": "opened", "user_withdraw": "withdrawn"}
_CONTENT = "user_send_"


def _read(body: Any, name: str) -> Inbound:
    if name in _STANDING:
        return Inbound(_STANDING[name])
    if name == "user_submit_info":
        return _shared(body["info"])
    message = body["message"]
    about: dict[str, Any] = {"message": ident(message.get("msg_id")), "reply_to": ident(message.get("quote_msg_id"))}
    if name.startswith("oa_send_"):
        return Inbound("takeover", text=_clean(message.get("text")), **about)
    if name.startswith(_CONTENT):
        return Inbound(**(_content(name.removeprefix(_CONTENT), message) | about))
    raise Unparsable("none of the kinds we store")


def _content(kind: str, message: dict[str, Any]) -> dict[str, Any]:
    """The kind of a message and what is in it."""
    text = _clean(message.get("text"))
    if kind == "text":
        # A press of a button comes back as a text that is its payload (zalo.md 2.2), and so does one that is typed.
        return {"kind": "text", "text": text} if tokens.parse(text) is None else {"kind": "tap", "token": text.strip()}
    attachments = message.get("attachments")
    first = attachments[0] if isinstance(attachments, list) and attachments else {}
    payload = first.get("payload") if isinstance(first, dict) else None
    payload = payload if isinstance(payload, dict) else {}
    text = text or _clean(payload.get("description"))
    if kind in _MEDIA and payload.get("url"):
        media = _media(kind, payload)
        return {"kind": media.kind, "text": text, "media": (media,)}
    if kind == "location":
        return _place(payload.get("coordinates"), text)
    if kind == "sticker":
        return {"kind": "sticker"}
    if kind == "business_card":
        return _card(text)
    link = _clean(payload.get("url"))
    return {"kind": "text", "text": "\n".join(filter(None, (text, link)))}  # a link, and whatever Zalo invents next


_MEDIA: dict[str, tuple[str, str]] = {
    "image": ("photo", "image/jpeg"),
    "gif": ("photo", "image/gif"),
    "audio": ("voice", "audio/aac"),
    "video": ("file", "video/mp4"),
    "file": ("file", "application/octet-stream"),
}


def _media(kind: str, payload: dict[str, Any]) -> Media:
    """The file of a message, at an address that is good for a while. What is a picture or a sound counts as such."""
    shown, usual = _MEDIA[kind]
    title = _clean(payload.get("name"))
    media_type = (mimetypes.guess_type(title)[0] if kind == "file" else None) or usual
    shown = {"image": "photo", "audio": "voice"}.get(media_type.partition("/")[0], shown)
    size = max(0, number(payload.get("size")) or 0)
    return Media(_clean(payload["url"]), shown, media_type, size, title)  # type: ignore[arg-type]


def _place(coordinates: Any, text: str) -> dict[str, Any]:
    """Numbers that come as strings; in the history all of it is one string."""
    found = json.loads(coordinates) if isinstance(coordinates, str) else coordinates
    place = float(found["latitude"]), float(found["longitude"])
    if not (abs(place[0]) <= 90 and abs(place[1]) <= 180):
        raise Unparsable("no place on earth")
    return {"kind": "location", "place": place, "text": text}


def _card(description: str) -> dict[str, Any]:
    """Somebody else's card: JSON in the description."""
    try:
        said = json.loads(description)
    except ValueError:
        said = None
    phone = phone_number(ident(said.get("phone"))) if isinstance(said, dict) else None
    return {"kind": "contact", "phone": phone} if phone else {"kind": "text", "text": description}


def _shared(info: dict[str, Any]) -> Inbound:
    """She has filled in the form: her own phone, as 84…, as +84…, or as a number."""
    given = re.sub(r"[^\d+]", "", ident(info.get("phone")))
    return Inbound("contact", phone=phone_number(given) or given, own=True)


def _clean(text: object) -> str:
    """Words as they may be worked with: no NUL, no halves of letters."""
    if not isinstance(text, str):
        return ""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
