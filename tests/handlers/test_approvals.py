"""Letters that somebody has to approve, as dialogues: seen, changed, approved once, and never left waiting (L21)."""

from datetime import timedelta

import pytest

from bot import approvals as mechanism
from bot.letters import _tell
from bot.turn import Work
from handlers.letters.approvals import remind
from storage import absences, approvals, letters, officials
from tests.bot.drawn import draw, token, told
from tests.bot.turns import Bench, Chats, Who
from tests.town import START

THANKS = {
    "title_of_person": "ông", "recipient": "Hoàng Văn Páo", "deed": "đã hiến 120 mét vuông đất làm đường thôn",
}  # fmt: skip


def work(chats: Chats) -> Work:
    return Work(chats.db, chats.bench.place, chats.now)


def asked(chats: Chats, kind: str = "thanks", key: str = "one", by: int | None = None) -> int:
    return mechanism.ask(work(chats), kind, THANKS, key=key, by=by)


def of(chats: Chats, number: int) -> approvals.Approval:
    found = approvals.get(chats.db, 1, number)
    assert found is not None
    return found


def person(chats: Chats, role: str, name: str = "") -> officials.Official:
    return chats._person(role, name)


def test_L22_the_signing_line_follows_whoever_is_about_to_sign(chats: Chats) -> None:
    """The Chairman sees CHỦ TỊCH above his name, his deputy KT. CHỦ TỊCH / PHÓ CHỦ TỊCH, each before approving."""
    chairman, deputy = chats.official("chairman"), chats.official("official", "Thắm")
    number = asked(chats)
    [shown] = draw(chats)
    assert shown["signing"] == ["CHỦ TỊCH"]
    assert shown["signer"] == "Triệu Minh Khải"
    card = told(chats, chairman)
    assert card[-1]["pictures"]
    chats.taps(f"#approval:{number},1", deputy)
    [shown] = draw(chats)
    assert shown["signing"] == ["KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"]
    assert shown["signer"] == "Nông Thị Thắm"
    card = told(chats, deputy)
    chats.taps(token(card, "Duyệt"), deputy)
    assert of(chats, number).state == "approved"
    assert of(chats, number).signer == "Nông Thị Thắm"


def test_E07_what_was_approved_is_what_was_seen(chats: Chats) -> None:
    """The picture under which the button stood is the one that goes out; nothing is drawn between."""
    chairman = chats.official("chairman")
    number = asked(chats)
    draw(chats)
    card = told(chats, chairman)
    chats.taps(token(card, "Duyệt"), chairman)
    assert draw(chats) == []
    assert of(chats, number).png == card[-1]["pictures"][0]


def test_E07_an_approval_of_an_older_version_is_refused_and_the_newest_shown(chats: Chats) -> None:
    """A sentence was changed after the card was shown: the old button approves nothing."""
    chairman, deputy = chats.official("chairman"), chats.official("official", "Thắm")
    number = asked(chats)
    draw(chats)
    old = token(told(chats, chairman), "Duyệt")
    chats.taps(f"#approval-edit:{number},1,1", deputy)
    chats.says("UBND xã Suối Lành trân trọng cảm ơn ông Páo.", deputy)
    assert of(chats, number).version == 2
    said = chats.taps(old, chairman)
    assert of(chats, number).state == "waiting"
    assert "đã được sửa" in said.text
    [shown, *_rest] = [each for each in draw(chats) if each["signing"] == ["CHỦ TỊCH"]]
    assert shown["body"][0] == "UBND xã Suối Lành trân trọng cảm ơn ông Páo."
    chats.taps(token(told(chats, chairman), "Duyệt"), chairman)
    assert of(chats, number).state == "approved"


def test_E07_of_two_officials_one_wins_and_the_other_is_told(chats: Chats) -> None:
    """Both have the button; the second learns who was first, and the letter goes out once."""
    chairman, deputy = chats.official("chairman"), chats.official("official", "Thắm")
    number = asked(chats)
    chats.taps(f"#approval:{number},1", deputy)
    draw(chats)
    yes = f"#approval-yes:{number},1"
    chats.taps(yes, deputy)
    said = chats.taps(yes, chairman)
    assert "Nông Thị Thắm" in said.text
    assert of(chats, number).decided_by == person(chats, "official", "Thắm").id
    assert [each.what for each in approvals.events(chats.db, 1, number)].count("approved") == 1


def test_E07_whoever_proposed_does_not_approve_unless_he_is_the_chairman(chats: Chats) -> None:
    """A deputy's own letter waits for the Chairman."""
    deputy, chairman = chats.official("official", "Thắm"), chats.official("chairman")
    mine = asked(chats, key="deputy", by=person(chats, "official", "Thắm").id)
    chats.taps(f"#approval-yes:{mine},1", deputy)
    assert of(chats, mine).state == "waiting"
    his = asked(chats, key="chairman", by=person(chats, "chairman").id)
    chats.taps(f"#approval-yes:{his},1", chairman)
    assert of(chats, his).state == "approved"


def test_E07_nobody_else_approves_or_reads_it(chats: Chats) -> None:
    """Neither the officer on duty nor the clerk may approve, and the officer on duty does not even read it."""
    number = asked(chats)
    for who in (chats.official("official", "Mộc"), chats.official("clerk")):
        chats.taps(f"#approval-yes:{number},1", who)
        assert of(chats, number).state == "waiting"
    assert "Páo" not in chats.taps(f"#approval:{number},1", chats.official("official", "Mộc")).text


def test_E07_the_shared_card_names_nobody(chats: Chats) -> None:
    """In the office's shared chats, one of which may be a group abroad, stand kind and state only."""
    asked(chats)
    shared = [each for each in chats._said(chats.official("clerk"), None).everything if each.get("card")]
    assert shared
    assert all("Páo" not in each["text"] and not each.get("pictures") for each in shared)


def test_E07_refused_with_a_reason(chats: Chats) -> None:
    """The reason reaches whoever proposed it, and what follows a refusal runs."""
    chairman, clerk = chats.official("chairman"), chats.official("clerk")
    number = asked(chats, by=person(chats, "clerk").id)
    chats.taps(f"#approval-no:{number},1", chairman)
    chats.says("Đã cảm ơn tại hội nghị", chairman)
    assert of(chats, number).state == "refused"
    assert approvals.events(chats.db, 1, number)[-1].details == "Đã cảm ơn tại hội nghị"
    assert clerk


def test_L21_a_chairman_absent_for_six_months_leaves_nothing_waiting_without_a_named_person(bench: Bench) -> None:
    """Played day by day: he is reminded, then all who may approve, then the clerk by name at least every eight days,
    until the letter has lost its sense; then the clerk is told that, too.
    """
    with bench.town() as chats:
        asked_ = [asked(chats), asked(chats, "apology-mistake", key="two")]
        first = chats.now
        while chats.now < first + timedelta(days=183):
            chats.clock.advance(timedelta(hours=4))
            remind(work(chats))
        clerk = person(chats, "clerk").name
        for number in asked_:
            found = of(chats, number)
            events = approvals.events(chats.db, 1, number)
            named = [each.at for each in events if each.what == "reminded" and clerk in each.details]
            until = found.decided_at or chats.now
            gaps = [later - earlier for earlier, later in zip([first, *named], [*named, until], strict=True)]
            assert max(gaps) < timedelta(days=12), (found.kind, gaps)
        assert of(chats, asked_[0]).state == "expired"
        assert of(chats, asked_[1]).state == "waiting"


def test_E07_a_fact_of_a_letter_is_changed_like_a_paragraph(chats: Chats) -> None:
    """A misspelt name: offered with its meaning and what it says now; the words follow."""
    deputy = chats.official("official", "Thắm")
    number = asked(chats)
    said = chats.taps(f"#approval-edit:{number},1", deputy)
    said = chats.taps(token(said.bodies, "Người hoặc đơn vị nhận"), deputy)
    assert "Hoàng Văn Páo" in said.text
    chats.says("Hoàng Văn Pao", deputy)
    found = of(chats, number)
    assert (found.version, found.data["recipient"]) == (2, "Hoàng Văn Pao")
    assert "ông Hoàng Văn Pao" in draw(chats)[-1]["body"][0]
    assert approvals.events(chats.db, 1, number)[-1].details == {"recipient": "Hoàng Văn Páo"}


def test_L21_a_chairman_who_is_away_has_his_substitute_asked(chats: Chats) -> None:
    """Whom he named sees the letter with a signing line of his own, and may approve."""
    chairman, deputy = person(chats, "chairman"), person(chats, "official", "Thắm")
    until = START + timedelta(days=5)
    absences.note(chats.db, 1, chairman.id, deputy.id, START, until, chairman.id, START)
    assert [each.id for each in mechanism.asked(work(chats), of(chats, asked(chats)))] == [deputy.id]
    [shown] = draw(chats)
    assert shown["signer"] == deputy.name


def test_a_letter_that_cannot_be_drawn_waits_again_and_somebody_is_told(chats: Chats) -> None:
    """Approved, but the drawing fails: nothing goes out, and whoever approved learns it with a reference."""
    chairman = chats.official("chairman")
    number = asked(chats)
    draw(chats)
    card = told(chats, chairman)
    chats.later(days=1)  # the date in the letter is another one: it is drawn anew
    chats.taps(token(card, "Duyệt"), chairman)
    taken = letters.take(chats.db, 1, chats.now)
    assert taken is not None
    assert letters.failed(chats.db, taken.letter.id)
    _tell(work(chats), taken, "ABC123", reference="ABC123")
    chats._turns()
    assert of(chats, number).state == "waiting"
    assert "ABC123" in told(chats, chairman)[-1]["text"]


def test_E07_what_lacks_something_is_told_with_a_list(chats: Chats) -> None:
    """A letter without what it thanks for is not drawn; the approver sees what is missing, and cannot approve it."""
    chairman = chats.official("chairman")
    number = mechanism.ask(work(chats), "thanks", {"recipient": "Hoàng Văn Páo"}, key="bare")
    assert draw(chats) == []
    assert "Cảm ơn vì việc gì" in told(chats, chairman)[-1]["text"]
    assert "Cảm ơn vì việc gì" in chats.taps(f"#approval-yes:{number},1", chairman).text
    assert of(chats, number).state == "waiting"


def test_E07_the_list_tells_what_waits_for_me(chats: Chats) -> None:
    """The Chairman sees the letter that waits for him, an officer that one waits for somebody else, then nobody."""
    chairman, other = chats.official("chairman"), chats.official("official", "Mộc")
    assert "Không có thư nào" in chats.says("chờ duyệt", chairman).text
    number = asked(chats)
    said = chats.says("/duyet", chairman)
    assert "Có 1 thư chờ ông/bà" in said.text
    assert "thư cảm ơn" in said.text
    assert "Còn 1 thư chờ người khác" in chats.says("/duyet", other).text
    chats.taps(token(said.bodies, f"Xem mục {number}"), chairman)
    assert draw(chats)
    assert token(told(chats, chairman), "Duyệt")
    chats.taps(f"#approval-drop:{number},1", chairman)
    assert of(chats, number).state == "dropped"
    assert "Thư đã bỏ" in chats.taps(f"#approval:{number},1", chairman).text
    assert "Thư đã bỏ" in chats.taps(f"#approval-edit:{number},1", chairman).text
    assert "Thư đã bỏ" in chats.taps(f"#approval-paper:{number},1", chairman).text
    assert "Không còn thư này" in chats.taps("#approval-yes:999,1", chairman).text


def test_E07_what_has_become_pointless_is_withdrawn_silently(chats: Chats) -> None:
    """Whoever asked takes it back: once, and no event follows."""
    number = asked(chats)
    assert mechanism.withdraw(work(chats), number, "Hồ sơ đã xong")
    assert not mechanism.withdraw(work(chats), number)
    assert of(chats, number).state == "dropped"
    assert approvals.events(chats.db, 1, number)[-1].details == "Hồ sơ đã xong"


def test_L21_what_the_clerk_leaves_lying_comes_again(chats: Chats) -> None:
    """A proposal nobody looks at is shown to the clerk by name again, and dropped when it has lost its sense."""
    number = mechanism.ask(work(chats), "birth", {"recipient": "Nguyễn Thị Bích"}, key="birth", checks=("birth",))
    for _day in range(60):
        chats.clock.advance(timedelta(days=1))
        remind(work(chats))
    named = [each for each in approvals.events(chats.db, 1, number) if each.what == "reminded"]
    assert len(named) >= 5
    assert all(person(chats, "clerk").name in each.details for each in named)
    assert of(chats, number).state == "expired"


TAPS = (
    "approval", "approval-yes", "approval-no", "approval-drop", "approval-edit", "approval-paper", "approval-signed",
    "approval-check", "approval-field", "approval-send", "letter-given", "mourning-visit", "mourning-tie",
)  # fmt: skip
MORE = {"approval-check": ",birth,none", "approval-field": ",birth"}


def tapped(chats: Chats, who: Who, tap: str, number: int, version: int = 1) -> str:
    version_ = "" if tap in ("letter-given", "mourning-visit", "mourning-tie") else f",{version}"
    return chats.taps(f"#{tap}:{number}{version_}{MORE.get(tap, '')}", who).text


@pytest.mark.parametrize("tap", TAPS)
def test_E07_no_tap_opens_what_is_not_mine_or_not_there(chats: Chats, tap: str) -> None:
    """The officer on duty reads nothing and changes nothing, whatever he taps; an unknown number is told kindly."""
    other = chats.official("official", "Mộc")
    number = mechanism.ask(work(chats), "birth", {"recipient": "Hoàng Văn Páo"}, key="birth", checks=("birth",))
    before = of(chats, number)
    said = tapped(chats, other, tap, number)
    assert "Páo" not in said
    assert of(chats, number) == before
    assert "Không còn thư này" in tapped(chats, other, tap, 4711)


@pytest.mark.parametrize("tap", [each for each in TAPS if not each.startswith("mourning")])
def test_E07_no_tap_changes_what_is_decided(chats: Chats, tap: str) -> None:
    """Everybody who may see it is told how it ended, and it stays so."""
    chairman, stamp, clerk = chats.official("chairman"), chats.official("official", "Lâm"), chats.official("clerk")
    number = asked(chats)
    chats.taps(f"#approval-drop:{number},1", clerk)
    before = of(chats, number)
    for who in (chairman, stamp, clerk):
        assert tapped(chats, who, tap, number)
        assert of(chats, number) == before


@pytest.mark.parametrize("tap", ["approval-yes", "approval-no", "approval-edit", "approval-check", "approval-send"])
def test_E07_no_tap_of_an_older_card_counts(chats: Chats, tap: str) -> None:
    """It shows the newest version instead."""
    chairman, clerk = chats.official("chairman"), chats.official("clerk")
    if tap in ("approval-check", "approval-send"):
        number = mechanism.ask(work(chats), "birth", {"recipient": "Hoàng Văn Páo"}, key="birth", checks=("birth",))
    else:
        number = asked(chats)
    found = of(chats, number)
    assert mechanism.change(
        work(chats), found, person(chats, "clerk"), "changed", {**found.data, "recipient": "Hoàng Pao"}
    )
    newest = of(chats, number)
    tapped(chats, clerk if newest.state == "proposed" else chairman, tap, number)
    assert of(chats, number) == newest


def test_E07_a_talk_that_ends_after_the_decision_changes_nothing(chats: Chats) -> None:
    """He was writing his reason, or other words, while somebody else decided."""
    chairman, deputy = chats.official("chairman"), chats.official("official", "Thắm")
    for first, words in (("approval-no", "Không cần"), ("approval-edit", "Câu khác")):
        number = asked(chats, key=first)
        chats.taps(f"#{first}:{number},1" + (",1" if first == "approval-edit" else ""), deputy)
        chats.taps(f"#approval-yes:{number},1", chairman)
        said = chats.says(words, deputy)
        assert "Triệu Minh Khải" in said.text
        assert (of(chats, number).state, of(chats, number).version) == ("approved", 1)


def test_E07_a_talk_that_ends_after_a_change_shows_the_newest(chats: Chats) -> None:
    """Two change the same letter at once: the second sees what the first has made of it."""
    deputy, clerk = chats.official("official", "Thắm"), chats.official("clerk")
    number = asked(chats)
    for who in (deputy, clerk):
        chats.taps(f"#approval-edit:{number},1,1", who)
    chats.says("Câu của phó chủ tịch, viết trước.", deputy)
    said = chats.says("Câu của một cửa, viết sau.", clerk)
    assert "đã được sửa" in said.text
    assert "viết trước" in said.text
    assert of(chats, number).version == 2
