"""An official has left: every right and every key end at once (L29)."""

from storage import officials, sealed
from tests.bot.turns import Chats
from tests.town import START


def names(chats: Chats) -> list[str]:
    return [each.name for each in officials.active(chats.db, 1)]


def test_L29_whoever_leaves_loses_everything_at_once(chats: Chats) -> None:
    """The Chairman ends it with a look; the reader's keys go, his next word is not an official's."""
    chairman, reader = chats.official("chairman"), chats.official("official", "Lụa")
    person = next(each for each in officials.active(chats.db, 1) if "Lụa" in each.name)
    sealed.name_reader(chats.db, 1, person.id, 1, "15/QĐ", START.date(), person.id, START)
    assert chats.says("/hangdoi", reader).bodies
    listed = chats.says("/thoiquyen", chairman)
    assert "Ai không còn làm ở đây nữa?" in listed.text
    chats.says(f"{person.name}, {person.post}", chairman)
    assert "không còn quyền ở đây" in chats.says("đúng", chairman).text
    assert person.name not in names(chats)
    assert not sealed.has_readers(chats.db, 1)
    assert "người chờ" not in chats.says("/hangdoi", reader).text


def test_L29_a_clerk_lets_neither_clerks_nor_the_chairman_go(chats: Chats) -> None:
    """Nobody lets himself go, and no official anybody."""
    clerk = chats.official("clerk")
    offered = [each["label"] for each in chats.says("/thoiquyen", clerk).buttons]
    assert any("Lâm" in each for each in offered)
    assert not any("Khải" in each or "Nhài" in each for each in offered)
    before = names(chats)
    chats.says("/thoiquyen", chats.official("official", "Lâm"))
    assert names(chats) == before


def test_L29_no_leaves_everything_as_it_is(chats: Chats) -> None:
    chairman, before = chats.official("chairman"), names(chats)
    chats.says("/thoiquyen", chairman)
    chats.says("1", chairman)
    chats.says("không", chairman)
    assert names(chats) == before
