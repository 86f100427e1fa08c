"""How words leave for Zalo: bodies, uploads, the two paths of consultation messages, template messages, received files.

Limits (zalo.md 2.2, 2.3): 2,000 code points a message, five buttons with titles of 100; a picture of 1 MB, a document
of 5 MB (PDF, DOC, DOCX); an upload is good for 7 days. There is no markup, no edit, no recording.

A state agency's account takes messages on another path than a business's (-235, -240). Which one is told by Zalo's own
words about the account and by the first refusal, and is kept. Only those two codes lead to the other path: Zalo may
call an error what was delivered, and then the citizen would get it twice (zalo.md 0).

Beyond the window (7 days after her last word) Zalo would refuse; what nobody asked for is not even tried then.
"""

import asyncio
import io
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import FormData
from PIL import Image, ImageOps

from bot.channels.base import Post
from bot.channels.zalo_account import OfficialAccount
from bot.channels.zalo_account import Path as SendPath
from bot.channels.zalo_grant import Grant
from bot.channels.zalo_receive import NAME
from bot.channels.zalo_request import Kind, Refused, ident, meaning, send_error
from bot.commune_zalo import ZaloTerms
from bot.errors import NotNow, Rejected, Silent, Unavailable, Uncertain
from bot.settings import ZONE
from messages.reply import Msg, _
from storage import citizens, files, uploads
from storage.outbox import Sending

PATHS = {"v3_cs": "/v3.0/oa/message/cs", "v2_message": "/v2.0/oa/message"}
OTHER: Mapping[int, SendPath] = {-235: "v2_message", -240: "v3_cs"}
"""Refusals that mean the other path (zalo.md 2.8)."""
BY_UID, BY_PHONE = "/v3.0/oa/message/template", "/message/template"
UPLOAD = {"photo": "/v2.0/oa/upload/image", "document": "/v2.0/oa/upload/file"}
LABEL = 100
TEXT = 2000
MOST_PICTURE, MOST_DOCUMENT = 1_000_000, 5_000_000
SIDES = (2048, 1600, 1280, 1024, 800, 640)
QUALITIES = (85, 70, 55)
DOCUMENTS = {b"%PDF": ".pdf", b"PK\x03\x04": ".docx", b"\xd0\xcf\x11\xe0": ".doc"}
UPLOAD_KEEPS = timedelta(days=6)
"""A day less than Zalo keeps it, so that none expires between our look and Zalo's."""
FORM_PICTURE = "/static/zalo-form.png"
SHARE = _("Tap here to send your phone number.")
SPREAD = 600.0
"""Seconds over which what waited for the morning is spread."""


@dataclass(frozen=True)
class _Attached:
    """A file of a message: how it goes, and its name on our disk."""

    kind: str
    name: str

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.name}"


class Outgoing:
    """Sends rows of the outbox."""

    def __init__(
        self, account: str, grant: Grant, oa: OfficialAccount, post: Post, terms: ZaloTerms, tell: Callable[[Msg], None]
    ) -> None:
        self._grant, self._oa, self._post, self._terms, self._tell = grant, oa, post, terms, tell
        self._here = (post.commune_id, NAME, account)
        self._share = post.catalogs.text(SHARE, post.language)

    async def send(self, message: Sending) -> str:
        """The one request of an outbox row; returns Zalo's message id; raises a SendError."""
        template = message.body.get("template")
        try:
            if template:
                return await self._notify(message, template)
            await self._in_window(message)
            return await self._consult(message)
        except Refused as refused:
            raise send_error(refused, self._post.now(), self._tell, template=bool(template)) from None

    async def _in_window(self, message: Sending) -> None:
        """Raises Silent for what she has not asked for and Zalo would refuse, because she has been silent too long; of
        whom we know nothing (any more) Zalo is asked.
        """
        if message.kind == "answer":
            return
        last = await self._post.database.read(citizens.last_heard, *self._here, message.chat)
        if last is not None and self._post.now() - last > timedelta(days=self._terms.chat_days):
            raise Silent("she wrote too long ago")

    # --- consultation messages ----------------------------------------------------------------------------------------

    async def _consult(self, message: Sending) -> str:
        file = _attached(message.body)
        asked = self._words(message, file)
        if file is not None:
            asked["attachment"] = await self._attachment(file)
        body = {"recipient": {"user_id": message.chat}, "message": asked}
        tried: set[int] = set()
        while True:
            try:
                return _message_id(await self._call(body))
            except Refused as refused:
                if refused.code in tried or not await self._mended(refused, asked, file):
                    raise
                tried.add(refused.code)

    async def _mended(self, refused: Refused, asked: dict[str, Any], file: _Attached | None) -> bool:
        """Whether the request has been changed so that it may go once more (zalo.md 2.8)."""
        if refused.code in OTHER:
            return await self._switch(OTHER[refused.code])
        if refused.code == -201 and "quote_message_id" in asked:
            del asked["quote_message_id"]
            return True
        found = meaning(refused.code)
        if found is not None and found.kind is Kind.UPLOAD and file is not None:
            asked["attachment"] = await self._attachment(file, anew=True)
            return True
        return False

    async def _call(self, body: Mapping[str, Any]) -> Any:
        return await self._grant.call("POST", PATHS[self._oa.path], body=body)

    async def _switch(self, path: SendPath) -> bool:
        """Over the other path from now on, which somebody else may have learnt a moment ago; False when the operator
        has fixed it.
        """
        if self._oa.path != path:
            await self._oa.other_path()
        return self._oa.path == path

    def _words(self, message: Sending, file: _Attached | None) -> dict[str, Any]:
        """The message without its file. There is room for one thing besides the words: where that is a file, or the
        form that sends her phone, the buttons stand as lines, which can be typed as well.
        """
        body = message.body
        text, buttons = str(body.get("text") or ""), body.get("buttons") or []
        wanted = body.get("wants") == "phone" and bool(self._post.public_url)
        asked: dict[str, Any] = {}
        if buttons and (wanted or file is not None):
            text = "\n".join([text, "", *(button["label"] for button in buttons)])[:TEXT].strip()
        elif buttons:
            asked["attachment"] = {"type": "template", "payload": {"buttons": [_button(each) for each in buttons]}}
        if wanted:
            asked["attachment"] = _template("request_user_info", elements=[self._form()])
        if text:
            asked["text"] = text
        if body.get("reply_to"):
            asked["quote_message_id"] = str(body["reply_to"])
        return asked

    def _form(self) -> dict[str, str]:
        title = (self._post.commune_name or self._share)[:LABEL]
        return {"title": title, "subtitle": self._share[:LABEL], "image_url": self._post.public_url + FORM_PICTURE}

    # --- files --------------------------------------------------------------------------------------------------------

    async def _attachment(self, file: _Attached, anew: bool = False) -> dict[str, Any]:
        provider_id = None if anew else await self._uploaded(file)
        if provider_id is None:
            provider_id = await self._upload(file)
        if file.kind == "document":
            return {"type": "file", "payload": {"token": provider_id}}
        return _template("media", elements=[{"media_type": "image", "attachment_id": provider_id}])

    async def _uploaded(self, file: _Attached) -> str | None:
        return await self._post.database.read(uploads.get, *self._here, file.key, self._post.now())

    async def _upload(self, file: _Attached) -> str:
        """Bring a file to Zalo and keep the id it gets there."""
        raw, title = await self._content(file)
        form = FormData(quote_fields=False, charset="utf-8")
        form.add_field("file", io.BytesIO(raw), filename=title, content_type="application/octet-stream")
        try:
            data = await self._grant.call("POST", UPLOAD[file.kind], form=form)
        except Uncertain as error:
            raise Unavailable(str(error)) from None  # an upload that nobody uses harms nobody
        provider_id = ident(data.get("token" if file.kind == "document" else "attachment_id"))
        if not provider_id:
            raise Unavailable("an upload without an id")
        now = self._post.now()
        with suppress(Exception):  # it is uploaded again the next time
            await self._post.database.write(uploads.keep, *self._here, file.key, provider_id, now, now + UPLOAD_KEEPS)
        return provider_id

    async def _content(self, file: _Attached) -> tuple[bytes, str]:
        """Its bytes as Zalo takes them, and a name for people; raises Rejected."""
        path = self._post.files / Path(file.name).name
        try:
            raw = await asyncio.to_thread(path.read_bytes)
        except OSError:
            raise Rejected("file", "the file is not there any more") from None
        if file.kind == "photo":
            return await asyncio.to_thread(shrunk, raw), "anh.jpg"
        ending = next((each for begins, each in DOCUMENTS.items() if raw.startswith(begins)), "")
        if not ending or len(raw) > MOST_DOCUMENT:
            raise Rejected("file", "neither PDF nor Word, or more than 5 MB")
        found = None
        with suppress(Exception):  # without its row it goes under the name it has on disk
            found = await self._post.database.read(files.get, self._post.commune_id, file.name)
        return raw, Path(found.title if found and found.title else path.name).stem + ending

    # --- template messages --------------------------------------------------------------------------------------------

    async def _notify(self, message: Sending, template: Mapping[str, Any]) -> str:
        """A notice whose words Zalo has approved, by her id or by her phone (zalo.md 2.5, 3.1)."""
        self._by_day()
        body = {"template_id": template["id"], "template_data": template["data"]}
        body |= {"mode": "development"} if self._terms.development else {}
        if template["by"] == "uid":
            return _message_id(await self._grant.call("POST", BY_UID, body=body | {"user_id": message.chat}))
        body |= {"phone": template["phone"], "tracking_id": template["tracking"]}
        return _message_id(await self._grant.call("POST", BY_PHONE, body=body, business=True))

    def _by_day(self) -> None:
        """Raises NotNow at night (zalo.md 3.3)."""
        hours, here = self._terms.template_hours, self._post.now().astimezone(ZONE)
        if hours.opens <= here.time() < hours.closes:
            return
        day = here.date() if here.time() < hours.opens else here.date() + timedelta(days=1)
        opens = datetime.combine(day, hours.opens, ZONE)
        raise NotNow(opens + timedelta(seconds=random.uniform(0, SPREAD)))


def _message_id(data: Any) -> str:
    """The id stands in "data" (zalo.md 2.1); by phone it is called msg_id."""
    found = ident(data.get("message_id") or data.get("msg_id")) if isinstance(data, dict) else ""
    if not found:
        raise Uncertain("an answer without a message id")
    return found


def _template(kind: str, **payload: Any) -> dict[str, Any]:
    return {"type": "template", "payload": {"template_type": kind, **payload}}


def _attached(body: Mapping[str, Any]) -> _Attached | None:
    if body.get("sound"):
        raise Rejected("sound", "Zalo takes no recordings")
    return next((_Attached(kind, str(body[kind])) for kind in UPLOAD if body.get(kind)), None)


def _button(button: Mapping[str, str]) -> dict[str, str]:
    """A press comes back as a text that is the payload, without standing in the chat."""
    return {"title": button["label"][:LABEL], "type": "oa.query.hide", "payload": button["token"]}


def shrunk(raw: bytes) -> bytes:
    """A picture as Zalo takes it: JPEG or PNG of at most 1 MB; raises Rejected."""
    if len(raw) <= MOST_PICTURE and raw.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        return raw
    try:
        with Image.open(io.BytesIO(raw)) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Rejected("file", f"no picture: {type(error).__name__}") from None
    for side in SIDES:
        picture.thumbnail((side, side))
        for quality in QUALITIES:
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=quality)
            if out.tell() <= MOST_PICTURE:
                return out.getvalue()
    raise Rejected("file", "a picture that does not become small enough")
