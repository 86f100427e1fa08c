"""Cases for tests without network: filed as every door files them, and pictures that have come."""

import uuid
from typing import Any

from bot import casework
from bot.casework import Draft
from bot.turn import Address, Work
from storage import cases, citizens, files
from storage.cases import Case, Entry
from tests.bot.turns import BOX, CHANNEL, Chats, Said, Who

HOA, MAI, LAN = Who(BOX, "hoa"), Who(BOX, "mai"), Who(BOX, "lan")


def work(chats: Chats) -> Work:
    return Work(chats.db, chats.bench.place, chats.now)


def report(chats: Chats, text: str = "Đường trước trường ngập sâu", who: Who | None = HOA, **draft: Any) -> Case:
    """What somebody told; without `who` by another door, so that nobody can be written to."""
    to = citizen = None
    if who is not None:
        to = Address(CHANNEL, who.account, who.chat, who.chat)
        citizen = citizens.meet(chats.db, 1, CHANNEL, who.account, who.chat, chats.now).id
    given = {"field": "flood", "village": "Thôn Gốc Gạo"} | draft
    return casework.file(work(chats), Draft(text, **given), to, citizen)


def now(chats: Chats, case: Case) -> Case:
    """The case as it stands."""
    found = cases.get(chats.db, 1, case.id)
    assert found is not None
    return found


def last(chats: Chats, case: Case, kind: str) -> Entry:
    """The newest entry of that kind."""
    return cases.entries(chats.db, 1, case.id, kinds=(kind,))[-1]


def picture(chats: Chats, who: Who, *, kind: str = "photo", coming: bool = False) -> str:
    """A file of somebody's that is here, or that a messenger still has."""
    name = uuid.uuid4().hex
    if coming:
        whose = (CHANNEL, who.account, who.chat, who.chat)
        files.expect(chats.db, 1, name, whose, kind, "image/jpeg", 5, "", "source", chats.now)
    else:
        files.add(chats.db, 1, name, CHANNEL, who.account, who.chat, kind, "image/jpeg", 5, "anh.jpg", chats.now)
    return name


def shows(chats: Chats, who: Who, *names: str, kind: str = "photo") -> Said:
    """Send files that are known."""
    return chats.does(who, kind=kind, files=list(names), text="")


def hears(said: Said) -> str:
    """Every word that any chat was sent by an event."""
    return "\n".join(body["text"] for body in said.everything)


def choose(chats: Chats, who: Who, said: Said, label: str) -> Said:
    """Tap the choice whose label holds these words."""
    found = [each["token"] for each in said.buttons if label in each["label"]]
    assert found, (label, said.buttons, said.text)
    return chats.taps(found[0], who)
