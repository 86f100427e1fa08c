"""Pictures and voice notes that somebody sends to the page, without bytes: rows of files that are there."""

import uuid

from storage import files
from tests.bot.turns import CHANNEL, VILLAGER, Chats, Said, Who


def photo(chats: Chats, who: Who = VILLAGER, kind: str = "photo") -> str:
    """A file of hers that has arrived."""
    name = uuid.uuid4().hex
    media = {"photo": "image/jpeg", "voice": "audio/ogg"}.get(kind, "application/pdf")
    files.add(chats.db, 1, name, CHANNEL, who.account, who.chat, kind, media, 10, "a", chats.now)
    return name


def sends(chats: Chats, who: Who = VILLAGER, kind: str = "photo", text: str = "") -> Said:
    """She sends one."""
    return chats.does(who, kind=kind, text=text, files=[photo(chats, who, kind)])
