"""Somebody on Zalo, for the dialogue tests: the same talk as at the chat box and on Telegram (tests.town).

    hoa = ZaloPerson(town, zalo=server, user=server.user("2468458835296197922"))

What does not fit under five buttons stands in the words as lines; she taps one of those by typing its number, or else
the line itself.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from bot.turn import Address
from tests.town import PHOTO, Somebody
from tests.zalo_oauth import APP_ID
from tests.zalo_server import ZaloServer
from tests.zalo_world import Message, User

BUTTONS = 5
_LINE = re.compile(r"(\d+)\. .+")


@dataclass
class ZaloPerson(Somebody):
    """Somebody on Zalo: what she does goes to the stand-in, and what the bot sends there is what she sees."""

    rings = True

    zalo: ZaloServer = field(kw_only=True)
    user: User = field(kw_only=True)

    async def sends(
        self, kind: str, raw: bytes = b"", media_type: str = "application/octet-stream", text: str = ""
    ) -> Self:
        """Send a sticker, place, photo, voice note or file."""
        return await self.does(kind=kind, raw=raw, media_type=media_type, text=text)

    async def post(self, body: dict[str, Any], event_id: str | None = None) -> tuple[int, dict[str, Any]]:
        """Do it on the telephone, and see the event brought; nothing is answered at once."""
        user, text, raw = self.user, body.get("text", ""), body.get("raw", b"")
        match body["kind"]:
            case "start":
                user.says("/start") if user.follower else user.follows()
            case "text":
                user.says(text)
            case "tap":
                self._tap(text, body.get("token", ""))
            case "sticker":
                user.sends_sticker()
            case "location":
                user.sends_location()
            case "photo":
                user.sends_photo(raw or PHOTO, text)
            case "voice":
                user.sends_voice(raw or b"a voice")
            case "file" if body.get("media_type", "").startswith("image/"):
                user.sends_photo(raw, text)
            case "file":
                user.sends_file(raw or b"%PDF-1.7", "giay.pdf")
            case kind:
                raise AssertionError(f"nobody does {kind!r} on a telephone")
        await self.zalo.settled()
        return 200, {}

    def buttons(self) -> list[str]:
        """Labels under what the last action brought; those of a list without its numbers."""
        lines = [(each["label"], each["token"]) for message in self.news for each in message["buttons"]]
        return [label if token or not _LINE.fullmatch(label) else label.partition(". ")[2] for label, token in lines]

    def button(self, label: str) -> dict[str, str]:
        """The newest button, or numbered line, with that label; else the line that is the label."""
        try:
            return super().button(label)
        except AssertionError:
            if any(label in each["text"].splitlines() for each in self.heard):
                return {"label": label, "token": ""}
            raise

    def _tap(self, label: str, token: str) -> None:
        """Press the newest button with that payload, or its end; type what is none."""
        if not token:
            found = _LINE.fullmatch(label)
            self.user.says(found.group(1) if found else label)
            return
        for message in reversed(self.user.chat.sent):
            for each in message.buttons:
                if each.data.endswith(token):
                    self.user.presses(each.label, message)
                    return
        self.user.presses_payload(token)

    async def looks(self) -> Self:
        """Read what has come since the last look; the bot hears that she has."""
        await self._settle()
        if self.user.sees():
            await self._settle()
        shown = self.user.chat.sent
        self.news = [_seen(each) for each in shown if each.at > self.cursor]
        self.heard = [_seen(each) for each in shown]
        self.cursor = max([self.cursor, *(each.at for each in shown)])
        return self

    async def _settle(self) -> None:
        """Wait for the bot, and for what the bot hears of what it did."""
        await self.town.settle()
        while not self.zalo.hook.quiet:
            await self.zalo.settled()
            await self.town.settle()

    def sees_signed(self, name: str, post: str) -> None:
        assert f"{name}, {post}" in self.news[-1]["text"]

    def shown(self, words: str, kind: Literal["name", "phone", "words", "place"] = "name") -> str:
        return words

    async def pictures(self) -> list[bytes]:
        return [raw for each in self.news for raw in each["pictures"]]

    async def documents(self) -> list[bytes]:
        return [raw for each in self.news for raw in each["documents"]]

    async def address(self) -> Address:
        return Address("zalo", APP_ID, self.user.id, self.user.id)


def _seen(message: Message) -> dict[str, Any]:
    """A message in the shape of the page's; the lines of a list are its buttons when it has no others."""
    buttons = [
        {"label": each.label, "token": each.data} for each in message.buttons if each.kind.startswith("oa.query")
    ]
    if not message.buttons:
        buttons = [{"label": line, "token": ""} for line in _listed(message.text)]
    sent = [message.file.raw] if message.file else []
    files = {kind: sent if message.kind == kind else [] for kind in ("image", "file")}
    shown = {"pictures": files["image"], "documents": files["file"], "card": None}
    return {"id": message.at, "text": message.text, "buttons": buttons} | shown


def _listed(text: str) -> list[str]:
    """The lines of a list: numbered ones, or more in the last paragraph than there can be buttons."""
    last = text.rsplit("\n\n", maxsplit=1)[-1].splitlines()
    return last if len(last) > BUTTONS else [line for line in text.splitlines() if _LINE.fullmatch(line)]
