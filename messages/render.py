"""A Reply becomes the final words of provider requests: a pure function of reply, language and what the channel can
show.
"""

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.messages.pofile import read_po

from messages.fold import nfc
from messages.personal import masked
from messages.reply import Arg, Button, Msg, Personal, Reply, Text, _

LOCALE = Path(__file__).parent / "locale"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
UNHEARD = _("The recording cannot be played here. Please call the office, or ask for the answer in writing.")
AT_OFFICE = _("Pictures: please look at /office.")
CAPTION = 1000
"""Code points that may stand under a picture (Telegram: 1,024)."""


class Shows(Protocol):
    """What this module needs to know of a channel (bot.channels.base.Capabilities)."""

    @property
    def text_length(self) -> int: ...
    @property
    def buttons(self) -> int: ...
    @property
    def attachments(self) -> str: ...
    @property
    def plays(self) -> bool: ...
    @property
    def draws(self) -> frozenset[str]: ...
    @property
    def shares(self) -> frozenset[str]: ...
    @property
    def masks(self) -> bool: ...


class Catalogs:
    """All translations, read once. A language without its own words falls back to Vietnamese; English is the msgid."""

    def __init__(self, folder: Path = LOCALE) -> None:
        self._words: dict[str, dict[str, str]] = {
            language.name: _read(sorted((language / "LC_MESSAGES").glob("*.po")))
            for language in folder.iterdir()
            if language.is_dir()
        }

    @property
    def languages(self) -> list[str]:
        return sorted(self._words)

    def text(self, message: Text, language: str, masks: bool = False) -> str:
        """The words of a message in a language; with `masks` without anybody's name or phone."""
        if isinstance(message, str):
            return message
        if isinstance(message, Personal):
            return masked(message) if masks else message.words
        pattern = self._words.get(language, {}).get(message.id)
        if not pattern and language != "en":
            pattern = self._words.get("vi", {}).get(message.id)
        if not message.args:
            return pattern or message.id
        return (pattern or message.id).format_map(
            {name: self._argument(value, language, masks) for name, value in message.args.items()}
        )

    def has(self, msgid: str, language: str) -> bool:
        """Whether a catalog has words of its own for a message."""
        return bool(self._words.get(language, {}).get(msgid))

    def _argument(self, value: Arg, language: str, masks: bool) -> str:
        if isinstance(value, Msg | Personal):
            return self.text(value, language, masks)
        if isinstance(value, datetime):
            local = value.astimezone(ZONE)
            return f"{clock(local, language)}, {day(local.date(), language)}"
        if isinstance(value, date):
            return day(value, language)
        return str(value)


def _read(files: Iterable[Path]) -> dict[str, str]:
    words: dict[str, str] = {}
    for file in files:
        words.update(_read_one(file, file.stat().st_mtime_ns))
    return words


@lru_cache(maxsize=100)
def _read_one(file: Path, _changed: int) -> dict[str, str]:
    """The words of a catalog, read again only when the file has changed."""
    with file.open("rb") as stream:
        return {
            str(message.id): message.string
            for message in read_po(stream)
            if message.id and isinstance(message.string, str)
        }


@lru_cache(maxsize=1000)
def day(value: date, language: str) -> str:
    """`thứ Sáu, 27/11/2026`."""
    if language == "en":
        return format_date(value, "EEEE, dd/MM/yyyy", locale="en")
    return format_date(value, "EEEE, dd/MM/yyyy", locale="vi").replace("Thứ", "thứ", 1).replace("Chủ", "Chủ", 1)


def clock(value: datetime, language: str) -> str:
    """`8 giờ 30`; whole hours without minutes."""
    if language == "en":
        return f"{value.hour}:{value.minute:02}"
    return f"{value.hour} giờ {value.minute:02}" if value.minute else f"{value.hour} giờ"


def render(reply: Reply, catalogs: Catalogs, language: str, shows: Shows) -> list[dict[str, Any]]:
    """The bodies of the provider requests that make up a reply: long text is split, buttons go under the last part;
    pictures and documents are requests of their own where a message cannot hold them.
    """
    text = nfc("\n\n".join(filter(None, (catalogs.text(part, language, shows.masks) for part in reply.paragraphs))))
    if reply.signature and "signature" not in shows.draws:
        text = f"{text}\n\n{reply.signature.name}, {reply.signature.post}"
    buttons = [
        _button(number, button, reply.numbered, catalogs, language, shows.masks)
        for number, button in enumerate(reply.buttons, 1)
    ]
    if reply.card and reply.pictures and shows.attachments != "inline":
        text = f"{text}\n\n{catalogs.text(AT_OFFICE, language)}"
    if len(buttons) > shows.buttons:
        text = "\n".join([text, "", *(button["label"] for button in buttons)]).strip()
        buttons = []
    bodies: list[dict[str, Any]] = [{"text": part} for part in split(text, shows.text_length)]
    last = bodies[-1]
    if buttons:
        last["buttons"] = buttons
    if reply.wants in shows.shares:
        last["wants"] = reply.wants
    if reply.signature and "signature" in shows.draws:
        bodies[0]["signature"] = {"name": reply.signature.name, "post": reply.signature.post}
    if reply.clock and "clock" in shows.draws:
        last["clock"] = {"from": reply.clock[0].isoformat(), "until": reply.clock[1].isoformat()}
    last.update({name: True for name in ("loud", "secret") if getattr(reply, name)})
    if reply.card:
        last["card"] = reply.card
    return _attach(reply, bodies, shows, catalogs.text(UNHEARD, language))


def _attach(reply: Reply, bodies: list[dict[str, Any]], shows: Shows, unheard: str) -> list[dict[str, Any]]:
    """Pictures and documents: in the last message, or after it, a short text as the caption of the only one; those of
    a card stay where it can be drawn whole. A recording is never put together with the words: they stay, whatever
    becomes of it; where none is played she is told so, but for a clip, whose words she has read.
    """
    if shows.attachments == "inline":
        more = {"pictures": list(reply.pictures), "documents": list(reply.documents), "sounds": list(reply.sounds)}
        bodies[-1].update({name: files for name, files in more.items() if files})
        return bodies
    attached = [{"photo": name} for name in reply.pictures] + [{"document": name} for name in reply.documents]
    if reply.card:
        return bodies
    together = _alone(bodies, attached) if shows.attachments == "alone" else _captioned(bodies, attached)
    if not shows.plays:
        return [*together, *({"text": unheard} for name in reply.sounds if "/" not in name)]
    return [*together, *({"text": "", "sound": name} for name in reply.sounds)]


def _captioned(bodies: list[dict[str, Any]], attached: list[dict[str, str]]) -> list[dict[str, Any]]:
    if not attached:
        return bodies
    if len(bodies) == 1 and (len(attached) == 1 or not bodies[0]["text"]) and len(bodies[0]["text"]) <= CAPTION:
        return [*({"text": "", **each} for each in attached[:-1]), bodies[0] | attached[-1]]
    return [*bodies, *({"text": "", **each} for each in attached)]


def _alone(bodies: list[dict[str, Any]], attached: list[dict[str, str]]) -> list[dict[str, Any]]:
    """A message has room for one thing besides words: buttons stay under the last one, and no words with a document."""
    if attached and bodies[-1].keys() & {"buttons", "wants"}:
        return [*({"text": "", **each} for each in attached), *bodies]
    if attached and "document" in attached[-1] and bodies[-1]["text"]:
        return [*bodies, *({"text": "", **each} for each in attached)]
    return _captioned(bodies, attached)


def _button(
    number: int, button: Button, numbered: bool, catalogs: Catalogs, language: str, masks: bool
) -> dict[str, str]:
    label = nfc(catalogs.text(button.label, language, masks))
    return {"label": f"{number}. {label}" if numbered else label, "token": button.token}


def split(text: str, length: int) -> list[str]:
    """Cut on paragraph borders, else on lines, else on spaces; every part at most `length` code points."""
    parts = []
    while len(text) > length:
        window = text[:length]
        at = max(window.rfind("\n\n"), 0) or max(window.rfind("\n"), 0) or max(window.rfind(" "), 0) or length
        parts.append(text[:at].rstrip())
        text = text[at:].lstrip()
    return [*parts, text]
