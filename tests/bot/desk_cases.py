"""A case as tests of the officials' side begin with it, and what their chats were sent."""

from typing import Any

from bot import casework
from bot.casework import Draft
from bot.turn import Address, Work
from storage import cases
from storage.cases import Case
from tests.bot.turns import BOX, CHANNEL, Chats, Said, Who

HER, OTHER = Who(BOX, "hoa"), Who(BOX, "mai")
STREAM = Who("office", "office")


def work(chats: Chats) -> Work:
    return Work(chats.db, chats.bench.place, chats.now)


def filed(chats: Chats, text: str = "Đường thôn ngập nước", who: Who | None = HER, **draft: Any) -> Case:
    """A case of hers; who None: it came by telephone."""
    to = Address(CHANNEL, who.account, who.chat, who.chat) if who else None
    more = {} if who else {"source": "phone"}
    return casework.file(work(chats), Draft(text, **{"field": "flood", "village": "Thôn Trung", **more, **draft}), to)


def stored(chats: Chats, case: Case) -> Case:
    """The case as it stands now."""
    found = cases.get(chats.db, 1, case.id)
    assert found is not None
    return found


def card(chats: Chats) -> dict[str, Any]:
    """What stands in the shared stream at /office now."""
    chats.seen = 0
    return sent(chats, STREAM)[-1]


def sent(chats: Chats, who: Who) -> list[dict[str, Any]]:
    """What a chat has been sent since the last look at any chat."""
    return chats._said(who, None).bodies


def tap(chats: Chats, who: Who, said: Said, label: str) -> Said:
    """Press a button of what was just said."""
    found = [each["token"] for each in said.buttons if label in each["label"]]
    assert found, (label, said.text, said.buttons)
    return chats.taps(found[0], who)
