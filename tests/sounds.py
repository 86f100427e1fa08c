"""Recordings as telephones make them, and what somebody hears: in the chat box's player, or as a Telegram message."""

from tests.town import Person, Somebody, TelegramPerson

OPUS = b"OggS\x00\x02" + bytes(20) + b"\x01\x13" + b"OpusHead\x01\x01" + bytes(40)
"""The first page of an Ogg file with Opus (RFC 7845, 5.1)."""
MP3 = b"ID3\x04" + bytes(60)
M4A = b"\x00\x00\x00\x20ftypM4A " + bytes(60)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(60)


async def heard(person: Somebody) -> list[tuple[str, bytes]]:
    """What the last action brought to be heard: (how it is played, its bytes)."""
    if isinstance(person, TelegramPerson):
        new = {each["id"] for each in person.news}
        sent = [each for each in person.user.chat.sent if each.id in new and each.file is not None]
        return [(each.kind, each.file.raw) for each in sent if each.file is not None and each.kind != "photo"]
    assert isinstance(person, Person)
    names = [name for each in person.news for name in each["sounds"]]
    return [await _played(person, name) for name in names]


async def _played(person: Person, name: str) -> tuple[str, bytes]:
    where = f"clips/{name}" if "/" in name else f"files/{name}"
    async with person.town.http.get(f"{person.base}/{where}", headers=person.headers) as answer:
        assert answer.status == 200, name
        return answer.content_type, await answer.read()


def played(person: Somebody, raw: bytes) -> tuple[str, bytes]:
    """How a recording of that kind is played on her channel."""
    on_telegram = {OPUS[:4]: "voice", MP3[:4]: "audio", M4A[:4]: "audio"}
    at_the_box = {OPUS[:4]: "audio/ogg", MP3[:4]: "audio/mpeg", M4A[:4]: "audio/mp4"}
    ways, usual = (on_telegram, "document") if person.rings else (at_the_box, "audio/x-wav")
    return ways.get(raw[:4], usual), raw
