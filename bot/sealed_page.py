"""The closed page of whoever accuses somebody or tells of a crime (L28, L29), on the commune's own machine.

First it asks whom it concerns, by post and not name, so that the reader concerned is left out; what concerns the
Chairman or a Vice-Chairman is for the province and is not taken. Then her words and files are closed with a key of
their own before anything is written down. The link is spent by sending, not by opening, since messengers open links to
show a preview. What she gets is a number and a secret code; with them `/kin` tells what became of it.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from bot import files as received
from bot.channels.web_door import Door
from bot.sealed_html import TOO_MUCH, Fields, TooMuch, Upload, Words, fields
from bot.sealed_news import province, tell_duty, tell_readers
from bot.turn import Place, Work
from messages import gates
from messages.reply import Msg, Text, _
from storage import sealed
from storage.db import Database
from storage.sealed import Item

MOST_WORDS = 20_000
ASKED_A_MINUTE = 10
"""Tries with a receipt code, from one address."""
TITLE = _("The closed page")
HEAD, OFFICIAL, VILLAGE, OTHER = "head", "official", "village", "other"
POSTS: dict[str, Msg] = {
    HEAD: _("The Chairman or a Vice-Chairman of the commune"),
    OFFICIAL: _("Another official of the commune"),
    VILLAGE: _("The head of a thôn"),
    OTHER: _("Somebody else"),
}
LANES: dict[str, Msg] = {
    "accusation": _("Somebody has done wrong in an office or a public task"),
    "crime": _("Crime or violence: drugs, gambling, logging, loan sharks, beating, a child or a wife who is hurt"),
}


class Gone(Exception):
    """The link has been used meanwhile."""


@dataclass(frozen=True)
class SealedPage:
    """What the pages need of the process around them. `worked(work)` is called after each commit."""

    door: Door
    database: Database
    place: Place
    folder: Path  # DATA_DIR/sealed
    worked: Callable[[Work], None]

    def routes(self) -> list[web.RouteDef]:
        """Her pages."""
        return [
            web.get("/kin", self.ask_code), web.post("/kin", self.what_became),
            web.get("/kin/{name}", self.whom), web.post("/kin/{name}", self.take),
        ]  # fmt: skip

    @property
    def words(self) -> Words:
        return Words(lambda text: self.place.catalogs.text(text, self.place.language))

    def page(self, *parts: str, status: int = 200) -> web.Response:
        return self.words.page(TITLE, parts, status=status)

    # --- whom it concerns -------------------------------------------------------------------------------------------

    async def whom(self, request: web.Request) -> web.Response:
        """The first question; opening the page changes nothing."""
        if not await self._opens(request):
            return self._over()
        return self.page(*await self._first(request))

    async def _opens(self, request: web.Request) -> bool:
        self.door.count(f"kin:{self.door.address(request)}", self.door.desk.limits.address)
        token, now = request.match_info["name"], self.door.desk.now()
        found: bool = await self.door.read(sealed.token_opens, self.place.commune_id, token, now)
        return found

    def _over(self) -> web.Response:
        words = self.words
        over = _("This link is over: it can be used once and for a day. Please ask for another one in the chat.")
        return self.page(words.p(over), status=404)

    async def _first(self, request: web.Request, *wrong: Text) -> list[str]:
        words = self.words
        posts = await self._posts()
        return [
            words.p(*wrong, css="wrong"),
            words.p(
                _("What you write here is closed with a key at once. Only the two named readers can open it."),
                _("You need not give your name."),
            ),
            words.form(
                request.path,
                words.p(_("What is it?")),
                *(words.radio("lane", key, label) for key, label in LANES.items()),
                words.p(_("Whom does it concern? Please choose the post, without a name.")),
                *(words.radio("post", key, label) for key, label in posts.items()),
                send=_("Go on"),
            ),
        ]

    async def _posts(self) -> dict[str, Text]:
        """The posts to choose from; those of the readers stand among them, so that one concerned is left out. The
        Chairman and his deputies are the first choice already.
        """
        named = await self.door.read(sealed.readers, self.place.commune_id)
        mine: dict[str, Text] = {
            f"reader{each.place}": each.post for each in named if not gates.against_head(each.post)
        }
        return {HEAD: POSTS[HEAD], **mine, **{key: POSTS[key] for key in (OFFICIAL, VILLAGE, OTHER)}}

    # --- her words --------------------------------------------------------------------------------------------------

    async def take(self, request: web.Request) -> web.Response:
        """The answer to the first question, or the words themselves."""
        if not await self._opens(request):
            return self._over()
        try:
            given = await fields(request)
        except TooMuch:
            return self.page(*await self._first(request, TOO_MUCH), status=413)
        posts = await self._posts()
        if given.get("post") not in posts or given.get("lane") not in LANES:
            return self.page(*await self._first(request, _("Please choose one answer to each question.")))
        if given.get("post") == HEAD:
            return self.page(self.words.p(*province(self.place.commune), _("Nothing of this was kept.")))
        if not await self._somebody_reads(given.get("post")):
            nobody = _("Nobody who may read it is left. Please send it to the Chairman of the province.")
            return self.page(self.words.p(nobody, _("Nothing of this was kept.")))
        if "text" not in given.words:
            return self.page(*await self._second(request, given))
        return await self._send(request, given, posts)

    async def _somebody_reads(self, post: str) -> bool:
        named = await self.door.read(sealed.readers, self.place.commune_id)
        return any(f"reader{each.place}" != post for each in named)

    async def _second(self, request: web.Request, given: Fields, *wrong: Text) -> list[str]:
        words, token = self.words, request.match_info["name"]
        chat = await self.door.read(sealed.came_from_chat, self.place.commune_id, token, self.door.desk.now())
        tell = _("Tell me in my chat when there is news, without saying what about. Clear this on a shared phone.")
        ticked = "text" not in given.words or bool(given.get("chat"))
        return [
            words.p(*wrong, css="wrong"),
            words.form(
                request.path,
                f'<input type="hidden" name="post" value="{given.get("post")}">',
                f'<input type="hidden" name="lane" value="{given.get("lane")}">',
                words.area("text", _("What happened, where and when? Please write who did what, and how you know."),
                           value=given.get("text"), most=MOST_WORDS),
                words.files("files", _("Pictures or papers, if you have some: at most 5.")),
                words.line("reach", _("How can we reach you? You may leave this empty."), value=given.get("reach")),
                words.p(_(
                    "Without a name and address it is taken as information to be checked, not as a denunciation "
                    "(Luật Tố cáo, Điều 25)."
                )),
                words.check("chat", tell, checked=ticked) if chat else "",
                send=_("Send it closed"), files=True,
            ),
        ]  # fmt: skip

    async def _send(self, request: web.Request, given: Fields, posts: dict[str, Text]) -> web.Response:
        text = given.get("text")
        if not text or len(text) > MOST_WORDS:
            wrong = _("Please write what it is about, in at most 20,000 letters.")
            return self.page(*await self._second(request, given, wrong))
        key = sealed.fresh_key()
        try:
            kept = [await self._closed(each, key) for each in given.files]
        except received.Refused as refused:
            return self.page(*await self._second(request, given, received.WORDS[refused.why]))
        words = {"text": text, "reach": given.get("reach")[:500], "files": kept}
        token, names = request.match_info["name"], [each["name"] for each in kept]

        def store(db: Connection) -> tuple[Work, Item, str]:
            work = Work(db, self.place, self.door.desk.now())
            spent = sealed.spend(db, work.commune_id, token, work.now)
            if spent is None:
                raise Gone
            item, code = sealed.keep(
                db, work.commune_id, given.get("lane"), self._label(posts, given), self._excluded(db, given),
                words, names, key, spent.back if given.get("chat") else None, work.now,
            )  # fmt: skip
            tell_readers(work, [item])
            if item.lane == "crime":
                tell_duty(work)
            return work, item, code

        try:
            work, item, code = await self.database.write(store)
        except Gone:
            await asyncio.to_thread(self._delete, names)
            return self._over()
        self.worked(work)
        return self.page(*self._receipt(item, code))

    def _label(self, posts: dict[str, Text], given: Fields) -> str:
        return self.place.catalogs.text(posts[given.get("post")], self.place.language)[:120]

    def _excluded(self, db: Connection, given: Fields) -> int | None:
        named = sealed.readers(db, self.place.commune_id)
        return next((each.official_id for each in named if f"reader{each.place}" == given.get("post")), None)

    async def _closed(self, upload: Upload, key: bytes) -> dict[str, Any]:
        """One file, cleaned as every file is, closed, on disk under a random name."""
        kept = await asyncio.to_thread(received.receive, upload.raw, upload.media_type)
        name = secrets.token_hex(16)
        closed = sealed.close_with(key, kept.raw, name.encode())
        await asyncio.to_thread(received.write, self.folder / name, closed)
        return {"name": name, "title": upload.title, "kind": kept.kind, "type": kept.media_type}

    def _delete(self, names: list[str]) -> None:
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    def _receipt(self, item: Item, code: str) -> list[str]:
        words = self.words
        return [
            words.p(_("Thank you. It is closed now, and the link is used up.")),
            words.p(_("Your number:")), f"<code>{item.number}</code>",
            words.p(_("Your secret code:")), f"<code>{code}</code>",
            words.p(
                _("Please write both down; they are not shown again."),
                _("With them you can ask at {link} what became of it.", link=f"{self.place.public_url}/kin"),
                _("This is information received. It is not yet a denunciation taken up by the law."),
                _("Please clear this page from the phone's history if others use the phone."),
            ),
        ]  # fmt: skip

    # --- what became of it ------------------------------------------------------------------------------------------

    async def ask_code(self, request: web.Request) -> web.Response:
        """Number and code, please."""
        return self.page(*self._asked())

    def _asked(self, *wrong: Text) -> list[str]:
        words = self.words
        return [
            words.p(*wrong, css="wrong"),
            words.form(
                "/kin", words.line("number", _("Your number:")), words.line("code", _("Your secret code:")),
                send=_("What became of it?"),
            ),
        ]  # fmt: skip

    async def what_became(self, request: web.Request) -> web.Response:
        """Whether it was read, and what the readers answered."""
        self.door.count(f"kin-code:{self.door.address(request)}", ASKED_A_MINUTE)
        try:
            given = await fields(request)
        except TooMuch:
            given = Fields()
        digits = "".join(sign for sign in given.get("number") if sign in "0123456789")[:9]
        opened = await self.door.read(
            sealed.open_with_code, self.place.commune_id, int(digits or 0), given.get("code")
        )
        if opened is None:
            return self.page(*self._asked(_("That number and code do not belong together. Please look once more.")))
        return self.page(self.words.p(*self._became(opened)))

    def _became(self, opened: sealed.Opened) -> list[Text]:
        item = opened.item
        told: list[Text] = [_("{number}, received {when}.", number=item.number, when=item.received_at)]
        if item.state == "waiting":
            told.append(_("Nobody has read it yet."))
            if item.told_at is not None:
                told += [_("We are sorry. You may send it to the Chairman of the province, or to the inspectorate.")]
                address = self.place.commune.sealed.province
                told += [_("Address: {address}", address=address)] if address else []
        elif item.state == "read":
            told.append(_("It has been read; there is no answer yet."))
        elif item.state == "moved":
            told.append(_("It has been handed on to those who may settle it."))
        else:
            told.append(_("It has been answered:"))
        return [*told, *([opened.outcome] if opened.outcome else [])]
