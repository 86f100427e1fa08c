"""Letters in tests without network: what was ordered counts as drawn at once, and officials see it as they would."""

from typing import Any

from bot.letters import _tell
from bot.turn import Work
from storage import files, letters
from tests.bot.turns import Chats, Who


def draw(chats: Chats) -> list[dict[str, Any]]:
    """Every ordered letter is drawn; what each says, in order. Its pictures are empty files nobody opens."""
    said = []
    while (taken := letters.take(chats.db, 1, chats.now)) is not None:
        png, pdf = f"{taken.letter.id:032x}", f"f{taken.letter.id:031x}"
        assert letters.drawn(chats.db, taken.letter.id, png, pdf)
        at = (taken.letter.channel, taken.letter.account, taken.letter.chat)
        files.add(chats.db, 1, png, *at, "photo", "image/png", 1, "thu.png", chats.now)
        files.add(chats.db, 1, pdf, *at, "file", "application/pdf", 1, "thu.pdf", chats.now)
        _tell(Work(chats.db, chats.bench.place, chats.now), taken, png)
        said.append(taken.data)
        chats._turns()
    return said


def told(chats: Chats, who: Who) -> list[dict[str, Any]]:
    """What was sent to a chat since the last look."""
    return chats._said(who, None).bodies


def token(bodies: list[dict[str, Any]], label: str) -> str:
    """The newest button whose label begins so."""
    found = [each["token"] for body in bodies for each in body.get("buttons", []) if each["label"].startswith(label)]
    assert found, (label, bodies)
    return str(found[-1])
