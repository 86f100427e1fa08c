"""News of a death in one line of a village head (L23)."""



from storage import approvals, dossiers, links, stops
from storage.citizens import meet
from tests.bot.drawn import token, told
from tests.bot.turns import Chats

LINE = "ông Nguyễn Văn Bảy, thôn Suối Trên mất sáng nay"


def test_L23_one_line_proposes_visit_and_letter_to_clerk_and_chairman(chats: Chats) -> None:
    """Both have the card at once; nothing is sent to the family by itself."""
    clerk, chairman, head = chats.official("clerk"), chats.official("chairman"), chats.village_head()
    said = chats.says(f"/baotang {LINE}", head)
    assert "chia buồn" in said.text
    everything = said.everything
    cards = [each for each in everything if "Báo tang" in each["text"] and each.get("buttons")]
    assert len(cards) >= 2
    [found] = approvals.waiting(chats.db, 1)
    assert (found.kind, found.state, found.note) == ("condolence", "proposed", LINE)
    assert clerk
    assert chairman


def test_L23_without_a_line_it_is_asked_for(chats: Chats) -> None:
    """Plain words begin it, and one answer is enough."""
    head = chats.village_head()
    assert "một dòng" in chats.says("báo tang", head).text
    chats.says(LINE, head)
    assert approvals.waiting(chats.db, 1)[0].note == LINE


def test_L23_a_visit_is_told_once_to_whoever_brought_the_news(chats: Chats) -> None:
    """The head hears who comes; a second tap tells nobody again."""
    chairman, head = chats.official("chairman"), chats.village_head()
    chats.says(f"/baotang {LINE}", head)
    [found] = approvals.waiting(chats.db, 1)
    first = chats.taps(f"#mourning-visit:{found.id}", chairman)
    assert any("Triệu Minh Khải" in each["text"] and "viếng" in each["text"] for each in first.everything)
    again = chats.taps(f"#mourning-visit:{found.id}", chairman)
    assert len(again.everything) == 1


def test_L23_the_chats_of_the_dead_are_left_in_peace(chats: Chats) -> None:
    """Tied by a dossier's code, everything to those chats stops with the reason "died"."""
    clerk, head = chats.official("clerk"), chats.village_head()
    chats.says(f"/baotang {LINE}", head)
    [found] = approvals.waiting(chats.db, 1)
    citizen = meet(chats.db, 1, "web", "", "his", chats.now)
    code = chats.db.execute(dossiers.dossier.select().limit(1)).one()
    links.put(chats.db, 1, citizen.id, code.id, chats.now)
    chats.taps(f"#mourning-tie:{found.id}", clerk)
    chats.says(code.code, clerk)
    assert stops.stopped(chats.db, 1, citizen.id) == frozenset(stops.ALL)
    assert approvals.death_told(chats.db, 1, citizen.id)


def test_L23_the_words_are_plain(chats: Chats) -> None:
    """No emoji, no "!", no "chúc", to nobody."""
    clerk, head = chats.official("clerk"), chats.village_head()
    said = chats.says(f"/baotang {LINE}", head)
    [found] = approvals.waiting(chats.db, 1)
    more = chats.taps(f"#approval:{found.id},1", clerk)
    for each in (*said.everything, *more.bodies):
        assert "!" not in each["text"]
        assert "chúc" not in each["text"].casefold()
    assert token(more.bodies, "Đồng ý")
    assert told(chats, clerk) == []
