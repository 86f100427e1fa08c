"""Key messages read aloud in other languages: DATA_DIR/clips/<language>/<key>.ogg (Opus; also .mp3, .m4a), L12.

A language is offered only when all ten are there. A message that says one of these sentences carries its clip after the
words; the words always stay, and a clip that has gone since only means words alone. The folder is looked at now and
then, its files are opened when something has changed there; the bytes are read by whoever sends them, never in a turn.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bot import sounds
from messages.fold import fold
from messages.reply import Msg, Personal, Reply, Text, _

FOLDER = "clips"
MOST_BYTES = 1_000_000
LOOK_AGAIN = 30.0
"""Seconds between looks whether something has changed in the folder."""

KEYS: Mapping[str, tuple[Msg, ...]] = {
    "greeting": (_("Hello! This is the assistant of {commune}."),),
    "in-progress": (_("You need do nothing more now. Please wait for the date you were given."),),
    "ready": (_("You may come and collect it. Please bring the slip and your identity card."),),
    "late": (_("The office apologises: this dossier is past its promised date."),),
    "received": (
        _("Your request has reached the office; its number is {number}."),
        _("Your recording is with the office; its number is {number}."),
    ),
    "promise": (
        _("An official will answer you before {when}."),
        _("The office is closed now. An official will answer you before {when}."),
        _("The office is closed now. An official will answer you tomorrow morning, before {when}."),
    ),
    "person": (_("What would you like to ask an official? A few words are enough; you may skip this."),),
    "hours": (_("The office is open now."), _("The office is closed now. It opens again at {when}.")),
    "emergency": (
        _("Please call for help at once:"),
        _("I am sorry: no official has seen your message yet. Please call:"),
    ),
    "voice": (_("I am sorry, I cannot hear voice messages. An official can hear it for you."),),
}
"""The ten clips, and the sentences each goes with. A time or a number in them stands in the words only."""
_KEY_OF = {sentence.id: key for key, several in KEYS.items() for sentence in several}

SPELLED = {
    "bana": "Ba Na", "cham": "Chăm", "coho": "Cơ Ho", "dao": "Dao", "ede": "Ê Đê", "giarai": "Gia Rai", "giay": "Giáy",
    "hanhi": "Hà Nhì", "hmong": "Mông", "hre": "Hrê", "jrai": "Gia Rai", "khmer": "Khmer", "khomu": "Khơ Mú",
    "lahu": "La Hủ", "mnong": "Mnông", "mong": "Mông", "muong": "Mường", "nung": "Nùng", "sanchay": "Sán Chay",
    "sandiu": "Sán Dìu", "tay": "Tày", "thai": "Thái", "xodang": "Xơ Đăng",
}  # fmt: skip
"""How a language is written whose folder was named without accents."""


@dataclass(frozen=True)
class Language:
    """A folder of clips: `key` tells it in tables and tokens, `name` is for people. `missing`: keys without a clip;
    `odd`: (file, what is wrong with it).
    """

    key: str
    name: str
    missing: tuple[str, ...]
    odd: tuple[tuple[str, str], ...]


NOT_HEARD, LARGE, UNKNOWN = "not heard", "large", "unknown"
"""No recording; more than MOST_BYTES; none of the ten."""


class Clips:
    """The clips of a process. Without a folder there are none."""

    def __init__(self, data_dir: Path | None = None) -> None:
        self._folder = None if data_dir is None else data_dir / FOLDER
        self._stamp: object = None
        self._look_at = 0.0
        self._offered: dict[str, str] = {}

    @property
    def offered(self) -> Mapping[str, str]:
        """Languages that have all ten clips: key -> name."""
        if self._folder is not None and time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_AGAIN
            with suppress(OSError):  # somebody is changing it just now: it stays as it was until the next look
                self._look(self._folder)
        return self._offered

    def _look(self, folder: Path) -> None:
        if (stamp := _stamp(folder)) != self._stamp:
            self._offered = {each.key: each.name for each in languages(folder) if not each.missing}
            self._stamp = stamp

    def aloud(self, reply: Reply, language: str) -> Reply:
        """The reply with the clips of its sentences, if the language is offered."""
        if language not in self.offered:
            return reply
        keys = dict.fromkeys(key for each in _sentences(reply.paragraphs) if (key := _KEY_OF.get(each.id)))
        return reply.heard(*(f"{language}/{key}" for key in keys)) if keys else reply


def named(words: str, offered: Mapping[str, str]) -> str | None:
    """The key of an offered language that is called so."""
    key = _key(fold(words).removeprefix("tieng "))
    return next((each for each, name in offered.items() if key in (each, _key(name))), None)


def find(data_dir: Path, name: str) -> tuple[Path, str] | None:
    """The file of a clip and its media type; None when there is none (any more). Reads the disk."""
    language, _slash, key = name.partition("/")
    if key not in KEYS:
        return None
    for folder in _folders(data_dir / FOLDER):
        if _key(folder.name) == language:
            return _clip(folder, key)
    return None


def languages(folder: Path) -> list[Language]:
    """Every folder of clips, complete or not. Reads the beginning of each file."""
    return [_language(each) for each in _folders(folder)]


def _language(folder: Path) -> Language:
    odd = [(path.name, why) for path in _files(folder) if (why := _wrong(path))]
    missing = [key for key in KEYS if _clip(folder, key) is None]
    key = _key(folder.name)
    return Language(key, SPELLED.get(key, folder.name), tuple(missing), tuple(odd))


def _clip(folder: Path, key: str) -> tuple[Path, str] | None:
    for ending in sounds.ENDINGS.values():
        path = folder / f"{key}{ending}"
        if path.is_file() and path.stat().st_size <= MOST_BYTES and (heard := _heard(path)):
            return path, heard
    return None


def _wrong(path: Path) -> str:
    if path.stem not in KEYS or path.suffix not in sounds.ENDINGS.values():
        return UNKNOWN
    if path.stat().st_size > MOST_BYTES:
        return LARGE
    return "" if _heard(path) else NOT_HEARD


def _heard(path: Path) -> str | None:
    with path.open("rb") as stream:
        return sounds.media_type(stream.read(sounds.HEAD))


def _folders(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []


def _files(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_file() and not each.name.startswith("."))


def _stamp(folder: Path) -> object:
    """What tells one state of the folder from another, without opening a file."""
    return [
        (str(path), stat.st_mtime_ns, stat.st_size)
        for each in _folders(folder) for path in _files(each) if (stat := path.stat())
    ]  # fmt: skip


def _key(name: str) -> str:
    return fold(name).replace(" ", "")[:40]


def _sentences(texts: Iterable[Text]) -> Iterator[Msg]:
    """Every sentence of a reply, also those inside others."""
    for text in texts:
        if isinstance(text, Msg):
            yield text
            yield from _sentences(each for each in text.args.values() if isinstance(each, Msg | Personal))
