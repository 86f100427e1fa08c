"""Reading what is sealed: pages of /office for the two named readers, after a PIN typed for this (L28, L29).

Why pages and no chat: what a chat shows stands in the outbox, and what is typed there in the inbox, both closed with
the database's key and kept for weeks. Here words are opened in memory for one answer that no browser keeps, and an
outcome goes straight under the item's own key. Every look is written down before anything is shown.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from bot.channels.web_door import COOKIE
from bot.sealed_html import Fields, TooMuch, Words, fields, headers
from bot.sealed_page import LANES, SealedPage
from messages.reply import Msg, Text, _
from storage import sealed
from storage.sealing import Unreadable

FRESH = "gandan_kin"
PIN_A_MINUTE = 10
MOST_OUTCOME = 5_000
TITLE = _("Closed messages")
LOOKS: dict[str, Msg] = {
    "opened": _("opened"), "file": _("opened a file"), "answered": _("answered"), "moved": _("handed on"),
}  # fmt: skip
STATES: dict[str, Msg] = {
    "waiting": _("not read yet"), "read": _("read"), "done": _("answered"), "moved": _("handed on"),
}  # fmt: skip


@dataclass(frozen=True)
class SealedOffice:
    """The readers' pages."""

    hers: SealedPage

    def routes(self) -> list[web.RouteDef]:
        """Their paths."""
        return [
            web.get("/office/kin", self.listed), web.post("/office/kin", self.enter),
            web.get("/office/kin/{name}", self.opened), web.post("/office/kin/{name}", self.answered),
            web.get("/office/kin/file/{name}", self.file),
        ]  # fmt: skip

    @property
    def words(self) -> Words:
        return self.hers.words

    def page(self, *parts: str, status: int = 200) -> web.Response:
        # A form of a page without a referrer would bring no origin to look at.
        return self.words.page(TITLE, parts, status=status, referrer="same-origin")

    # --- who asks -----------------------------------------------------------------------------------------------------

    async def _reader(self, request: web.Request) -> int | web.Response:
        """The reader whose office session this is; else the page that says why not."""
        door, words = self.hers.door, self.words
        if request.method != "GET":
            door.check_origin(request)
        session = await door.find(request.cookies.get(COOKIE) or "")
        if session is None or session.official_id is None:
            return self.page(words.p(_("Please sign in at /office first.")), status=401)
        named = await door.read(sealed.readers, self.hers.place.commune_id)
        if session.official_id not in {each.official_id for each in named}:
            return self.page(words.p(_("This page is for the two named readers only.")), status=404)
        return session.official_id

    async def _fresh(self, request: web.Request) -> int | web.Response:
        """The reader, when he has typed his PIN within the last minutes."""
        found = await self._reader(request)
        if isinstance(found, web.Response):
            return found
        secret, now = request.cookies.get(FRESH) or "", self.hers.door.desk.now()
        fresh = await self.hers.door.read(sealed.is_fresh, self.hers.place.commune_id, found, secret, now)
        return found if fresh else await self._ask_pin(found)

    async def _ask_pin(self, official_id: int, *wrong: Text) -> web.Response:
        words, commune_id = self.words, self.hers.place.commune_id
        has_pin = await self.hers.door.read(sealed.has_pin, commune_id, official_id)
        first = _("Please choose a PIN of 6 digits. It opens closed messages from now on; nobody else may know it.")
        prompt = _("Your PIN for closed messages") if has_pin else first
        form = words.form("/office/kin", words.line("pin", prompt, secret=True), send=_("Open"))
        return self.page(words.p(*wrong, css="wrong"), form)

    async def enter(self, request: web.Request) -> web.Response:
        """The PIN; the first one typed is the one from then on."""
        found = await self._reader(request)
        if isinstance(found, web.Response):
            return found
        door, commune_id = self.hers.door, self.hers.place.commune_id
        door.count(f"kin-pin:{found}", PIN_A_MINUTE)
        pin = (await self._fields(request)).get("pin")
        if len(pin) != 6 or not pin.isdecimal():
            return await self._ask_pin(found, _("The PIN has 6 digits."))

        def check(db: Connection) -> tuple[str | None, bool]:
            now = door.desk.now()
            secret = sealed.enter(db, commune_id, found, pin, now)
            return secret, sealed.is_locked(db, commune_id, found, now)

        secret, locked = await self.hers.database.write(check)
        if secret is None:
            why = _("Too many wrong PINs: closed for 24 hours.") if locked else _("That is not the PIN.")
            return await self._ask_pin(found, why)
        response = web.Response(status=303, headers={"Location": "/office/kin"} | headers("same-origin"))
        response.set_cookie(
            FRESH, secret, httponly=True, samesite="Strict", path="/office/kin",
            secure=request.secure or door.desk.public_url.startswith("https"),
            max_age=int(sealed.FRESH.total_seconds()),
        )  # fmt: skip
        return response

    async def _fields(self, request: web.Request) -> Fields:
        try:
            return await fields(request)
        except TooMuch:
            return Fields()

    # --- reading ------------------------------------------------------------------------------------------------------

    async def listed(self, request: web.Request) -> web.Response:
        """Number, date, post; never words."""
        found = await self._fresh(request)
        if isinstance(found, web.Response):
            return found
        words = self.words
        items = await self.hers.door.read(sealed.readable, self.hers.place.commune_id, found)
        rows = [
            f'<p><a href="/office/kin/{each.id}">{each.number}</a> '
            + words.of(_("{when}, {post}: {state}", when=each.received_at, post=each.post, state=STATES[each.state]))
            + "</p>"
            for each in items
        ]
        return self.page(*(rows or [words.p(_("Nothing is here."))]))

    async def opened(self, request: web.Request) -> web.Response:
        """One of them; the look is written down first."""
        found = await self._open(request, "opened", _number(request.match_info["name"]))
        return found if isinstance(found, web.Response) else self._shown(*found)

    async def _open(
        self, request: web.Request, what: str, number: int
    ) -> web.Response | tuple[sealed.Opened, list[Any]]:
        reader = await self._fresh(request)
        if isinstance(reader, web.Response):
            return reader
        commune_id = self.hers.place.commune_id

        def look(db: Connection) -> tuple[sealed.Opened, list[Any]] | None:
            opened = sealed.open_as_reader(db, commune_id, number, reader)
            if opened is None:
                return None
            now = self.hers.door.desk.now()
            if what == "opened":
                sealed.was_read(db, commune_id, number, reader, now)
            else:
                sealed.log(db, commune_id, number, reader, what, now)
            return opened, sealed.looked(db, commune_id, number)

        try:
            done = await self.hers.database.write(look)
        except Unreadable:
            done = None
        return self._nothing() if done is None else done

    def _nothing(self) -> web.Response:
        return self.page(self.words.p(_("There is no such message for you.")), status=404)

    def _shown(self, opened: sealed.Opened, looked: list[Any]) -> web.Response:
        words, item = self.words, opened.item
        path = f"/office/kin/{item.id}"
        links = [
            f'<p><a href="/office/kin/file/{each["name"]}">{words.of(each["title"] or each["name"])}</a></p>'
            for each in opened.words["files"]
        ]
        reach = opened.words.get("reach") or _("no name, no address: information to be checked")
        log = [
            _("{name}: {what}, {when}", name=name, what=LOOKS.get(what, what), when=when) for name, what, when in looked
        ]
        return self.page(
            words.p(_("{number}, received {when}.", number=item.number, when=item.received_at)),
            words.p(LANES[item.lane], _("Concerns: {post}", post=item.post)),
            f"<pre>{words.of(opened.words['text'])}</pre>", *links,
            words.p(_("How to reach her: {reach}", reach=reach)),
            words.p(_("Answered: {words}", words=opened.outcome)) if opened.outcome else "",
            words.form(
                path,
                words.area("outcome", _("What she is told by her code: what was done, by whom."), most=MOST_OUTCOME),
                words.check("moved", _("Handed on to the inspectorate or the police")),
                send=_("Write it down"),
            ),
            words.p(_("Who has looked:"), *log),
            f'<p><a href="/office/kin">{words.of(_("All closed messages"))}</a></p>',
        )  # fmt: skip

    async def answered(self, request: web.Request) -> web.Response:
        """What was done; she reads it with her code."""
        reader = await self._fresh(request)
        if isinstance(reader, web.Response):
            return reader
        given = await self._fields(request)
        outcome, moved = given.get("outcome")[:MOST_OUTCOME], bool(given.get("moved"))
        number, commune_id = _number(request.match_info["name"]), self.hers.place.commune_id
        if not outcome:
            return self.page(self.words.p(_("Please write what was done."), css="wrong"))

        def record(db: Connection) -> bool:
            opened = sealed.open_as_reader(db, commune_id, number, reader)
            if opened is not None:
                sealed.answer(db, commune_id, opened, reader, outcome, moved, self.hers.door.desk.now())
            return opened is not None

        if not await self.hers.database.write(record):
            return self._nothing()
        words = self.words
        told = words.p(_("It is written down; she can read it with her code."))
        return self.page(told, f'<p><a href="/office/kin">{words.of(_("All closed messages"))}</a></p>')

    async def file(self, request: web.Request) -> web.StreamResponse:
        """One of its files, opened in memory."""
        wanted = request.match_info["name"]
        number = await self.hers.door.read(sealed.item_of, self.hers.place.commune_id, wanted)
        found = await self._open(request, "file", number)
        if isinstance(found, web.Response):
            return found
        opened = found[0]
        about = next((each for each in opened.words["files"] if each["name"] == wanted), None)
        path = self.hers.folder / wanted
        if about is None or not path.is_file():
            return self._nothing()
        raw = sealed.open_with(opened.key, await asyncio.to_thread(path.read_bytes), wanted.encode())
        photo = about["kind"] == "photo"
        ending = "jpg" if photo else "bin"
        return web.Response(
            body=raw, content_type="image/jpeg" if photo else "application/octet-stream",
            headers=headers() | {"Content-Disposition": f'attachment; filename="TN-{opened.item.id:04d}.{ending}"'},
        )  # fmt: skip


def _number(name: str) -> int:
    return int(name) if name.isdecimal() and len(name) < 19 else 0
