"""Cases about the same work: found, joined, answered together, parted again (L31)."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import casework, same_work
from storage import cases
from storage.cases import Case
from tests import town as towns
from tests.bot.filed import HOA, LAN, MAI, choose, hears, last, now, report, work
from tests.bot.turns import Bench, Chats, Said, Who
from tests.town import PHOTO, Person, Somebody, Town

JOIN = "Gộp lại"
HOLE = "Ổ gà to giữa đường trước cổng trường Hoa Ban"


def titled(chats: Chats, text: str = HOLE, **draft: object) -> Case:
    """A case that others may follow."""
    return report(chats, text, **({"field": "road", "title": "Ổ gà trước cổng trường"} | draft))


def joins(chats: Chats, who: Who, case: Case, main: Case) -> Said:
    """The whole talk; the number is typed where nothing looks alike."""
    said = chats.taps(f"#case-join:{case.id},{main.id}", who)
    return choose(chats, who, said, JOIN)


def test_L31_what_looks_alike_is_proposed_and_joined_with_a_tap(chats: Chats) -> None:
    """Number, title, thôn and age; then one look; both cards show it and she is told."""
    mine = chats.official()
    main = titled(chats, who=MAI)
    chats.later(days=2)
    case = report(chats, "Trước cổng trường Hoa Ban có ổ gà to lắm", field="road")
    said = chats.taps(f"#case-join:{case.id}", mine)
    line = next(each["label"] for each in said.buttons if "PA-0001" in each["label"])
    for words in ("Ổ gà trước cổng trường", "Thôn Gốc Gạo", "2 ngày trước"):
        assert words in line
    look = choose(chats, mine, said, "PA-0001")
    assert "Gộp PA-0002 vào PA-0001" in look.text
    said = choose(chats, mine, look, JOIN)
    assert "Số người báo việc này: 2" in said.text
    assert (now(chats, case).state, now(chats, case).main_id) == ("joined", main.id)
    assert last(chats, case, "joined").data == {"main": main.id}
    assert casework.main_of(work(chats), now(chats, case)).id == main.id
    hers = [body["text"] for body in said.everything if "card" not in body and "PA-0002" in body["text"]]
    assert hers


def test_L31_a_number_can_be_typed_where_nothing_looks_alike(chats: Chats) -> None:
    """As people write it, as digits alone; a number nobody has, itself, and nonsense are turned away kindly."""
    mine = chats.official()
    main, case = titled(chats, who=MAI), report(chats, "Đèn tắt", field="light", village="Thôn Bờ Tre")
    said = chats.taps(f"#case-join:{case.id}", mine)
    assert "số mấy" in said.text
    assert "ví dụ PA-0007" in chats.says("cái kia kìa", mine).text
    assert "Không có phản ánh nào" in chats.says("99", mine).text
    chats.taps(f"#case-join:{case.id}", mine)
    assert "chính nó" in chats.says("PA-0002", mine).text
    chats.taps(f"#case-join:{case.id}", mine)
    look = chats.says("pa 1", mine)
    assert "khác lĩnh vực" in look.text
    choose(chats, mine, look, JOIN)
    assert now(chats, case).main_id == main.id


def test_L31_the_main_case_needs_an_officials_neutral_title_first(chats: Chats) -> None:
    """It is all that others ever read of it: a title that blames somebody is turned away."""
    mine = chats.official()
    main, case = report(chats, HOLE, MAI, field="road"), report(chats, HOLE, field="road")
    said = chats.taps(f"#case-join:{case.id},{main.id}", mine)
    assert "tên việc ngắn" in said.text
    assert "Tên việc:" not in chats.says("Ông Tám nhận hối lộ nên đường hỏng", mine).text
    look = chats.says("Ổ gà trước cổng trường", mine)
    choose(chats, mine, look, JOIN)
    assert now(chats, main).title == "Ổ gà trước cổng trường"
    assert last(chats, main, "titled").text == "Ổ gà trước cổng trường"
    assert now(chats, case).state == "joined"


def test_L31_only_open_cases_that_every_official_reads_are_joined(chats: Chats) -> None:
    """Past the counter, for the receivers, closed: each is refused in a sentence."""
    mine = chats.official()
    case = report(chats, HOLE, field="road")
    for lane in ("leader", "receiver"):
        main = titled(chats, who=MAI, lane=lane)
        assert "không dành cho mọi cán bộ" in chats.taps(f"#case-join:{case.id},{main.id}", mine).text
    closed = titled(chats, who=MAI)
    cases.move(chats.db, 1, closed.id, ["open"], "done")
    assert "không còn mở" in chats.taps(f"#case-join:{case.id},{closed.id}", mine).text
    assert now(chats, case).is_open
    bare = report(chats, "Cán bộ quầy chậm", field="service", lane="leader")
    said = chats.taps(f"#case-join:{bare.id}", chats.official("chairman"))
    assert "không dành cho mọi cán bộ" in said.text


def test_L31_a_case_that_closed_while_he_looked_is_not_joined(chats: Chats) -> None:
    """States are looked at when it is done."""
    mine = chats.official()
    main, case = titled(chats, who=MAI), report(chats, HOLE, field="road")
    look = chats.taps(f"#case-join:{case.id},{main.id}", mine)
    cases.move(chats.db, 1, main.id, ["open"], "done")
    choose(chats, mine, look, JOIN)
    assert now(chats, case).is_open


def test_L31_whoever_followed_follows_on(chats: Chats) -> None:
    """A chain is never made: the followers of a case that is joined go with it."""
    mine = chats.official()
    one, two, three = (titled(chats, who=who) for who in (HOA, MAI, LAN))
    joins(chats, mine, one, two)
    joins(chats, mine, two, three)
    assert {now(chats, one).main_id, now(chats, two).main_id} == {three.id}
    assert len(cases.joined_to(chats.db, 1, three.id)) == 2
    assert casework.people(work(chats), now(chats, three)) == 3


def test_L31_people_are_counted_once(chats: Chats) -> None:
    """Three reports of one person and one by telephone are two people."""
    main = titled(chats, who=HOA)
    for who in (HOA, HOA, None):
        assert casework.join(work(chats), report(chats, HOLE, who, field="road"), main)
    assert casework.people(work(chats), main) == 2


def test_L31_parted_it_stands_by_itself_with_its_own_deadline(chats: Chats) -> None:
    """Open again, found in the queue again; the other keeps the rest."""
    mine = chats.official()
    main, case = titled(chats, who=MAI), report(chats, HOLE, field="road")
    said = joins(chats, mine, case, main)
    chats.later(days=1)
    said = choose(chats, mine, said, "Tách ra")
    assert "việc riêng" in said.text
    parted = now(chats, case)
    assert (parted.state, parted.main_id, parted.due_at) == ("open", None, case.due_at)
    assert parted.remind_at is not None
    assert chats.now < parted.remind_at < parted.due_at
    assert "không gộp vào" in chats.taps(f"#case-part:{case.id}", mine).text
    assert cases.joined_to(chats.db, 1, main.id) == []
    assert last(chats, case, "parted").data == {"main": main.id}


def test_L31_a_joined_case_is_worked_on_in_the_other(chats: Chats) -> None:
    """Closing it leads to the case it follows."""
    mine = chats.official()
    main, case = titled(chats, who=MAI), report(chats, HOLE, field="road")
    joins(chats, mine, case, main)
    said = chats.taps(f"#case-close:{case.id}", mine)
    assert "PA-0001" in said.text
    assert now(chats, case).state == "joined"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans()), max_size=12))
def test_L31_no_order_of_joining_and_parting_makes_a_circle(bench: Bench, steps: list[tuple[int, int, bool]]) -> None:
    """Whatever is joined and parted: whoever is followed stands open and follows nobody."""
    with bench.town() as chats:
        five = [report(chats, f"{HOLE} {number}", field="road") for number in range(5)]
        for one, two, joins_ in steps:
            first, second = now(chats, five[one]), now(chats, five[two])
            if joins_:
                casework.join(work(chats), first, second)
            else:
                casework.part(work(chats), first)
        for each in (now(chats, case) for case in five):
            assert (each.state == "joined") is (each.main_id is not None)
            if each.main_id is not None:
                main = cases.get(chats.db, 1, each.main_id)
                assert main is not None
                assert main.is_open
                assert main.main_id is None


# --- what looks alike -------------------------------------------------------------------------------------------------


def test_L31_a_new_report_of_the_same_public_work_is_recognised(chats: Chats) -> None:
    """Same words in another order, same thôn, same field; the older one is named."""
    main = report(chats, HOLE, MAI, field="road")
    again = report(chats, "Cổng trường Hoa Ban: ổ gà to trước cổng, giữa đường", field="road")
    found = same_work.likely(work(chats), again)
    assert found is not None
    assert found.id == main.id
    assert same_work.likely(work(chats), main) is None


def test_L31_the_card_of_a_new_report_names_the_one_it_may_repeat(chats: Chats) -> None:
    """With a button that leads to the look; once somebody has it, the line is gone."""
    main = titled(chats, who=MAI)
    chats._said(HOA, None)
    again = report(chats, "Cổng trường Hoa Ban: ổ gà to trước cổng, giữa đường", field="road")
    card = chats._said(Who("office", "office"), None)
    assert "Có thể cùng việc với PA-0001" in card.text
    mine = chats.official()
    look = chats.taps(next(each["token"] for each in card.buttons if "Gộp vào PA-0001" in each["label"]), mine)
    chats.taps(f"#case-take:{again.id}", mine)
    card = chats._said(Who("office", "office"), None)
    assert "Có thể cùng việc" not in card.text
    choose(chats, mine, look, JOIN)
    assert now(chats, again).main_id == main.id
    assert "Tách ra lại" in [each["label"] for each in chats.taps(f"#case-open:{again.id}", mine).buttons]


@pytest.mark.parametrize(
    "other",
    [
        {"village": "Thôn Bờ Tre"}, {"field": "light"}, {"lane": "leader"}, {"text": "Xe tải chạy nhanh quá"},
        {"field": "service", "same": True},
    ],
)  # fmt: skip
def test_L31_what_only_resembles_it_is_not_named(chats: Chats, other: dict[str, object]) -> None:
    """Another thôn, another field, past the counter, other words, no public work."""
    given_ = {key: value for key, value in other.items() if key not in ("text", "same")}
    report(chats, str(other.get("text", HOLE)), MAI, **({"field": "road"} | given_))
    field = str(other["field"]) if "same" in other else "road"
    again = report(chats, HOLE, field=field)
    assert same_work.likely(work(chats), again) is None


def test_L31_the_same_place_on_the_map_counts(chats: Chats) -> None:
    """Few words in common, but a hundred metres apart; a kilometre off it is another place."""
    here, near, far = (21.02851, 105.80482), (21.02862, 105.80491), (21.05, 105.83)
    main = report(chats, "Nước tràn vào nhà", MAI, place=here)
    close, away = report(chats, "Ngập nhà tôi", place=near), report(chats, "Cống tắc từ hôm qua", LAN, place=far)
    found = same_work.likely(work(chats), close)
    assert found is not None
    assert found.id == main.id
    assert same_work.likely(work(chats), away) is None


def test_L31_closed_and_old_cases_are_not_proposed(chats: Chats) -> None:
    """Only open ones of the last `similar_days`."""
    old = titled(chats, who=MAI)
    chats.clock.advance(timedelta(days=chats.bench.place.commune.cases.similar_days + 1))
    main, again = titled(chats, who=MAI), report(chats, HOLE, field="road")
    assert now(chats, old).is_open
    assert [each.case.id for each in same_work.alike(work(chats), again)] == [main.id]
    cases.move(chats.db, 1, main.id, ["open"], "done")
    assert same_work.alike(work(chats), again) == []


def test_L31_hears_nothing_of_the_other_reporters_words(chats: Chats) -> None:
    """What she is told names number and title; the other's words, name and pictures stay away."""
    mine = chats.official()
    main = titled(chats, "Ổ gà trước nhà bà Lò Thị Mẩy, cổng trường", who=MAI)
    case = report(chats, "Ổ gà cổng trường", field="road")
    said = joins(chats, mine, case, main)
    hers = chats._said(HOA, None).text + "".join(b["text"] for b in said.everything if "ông/bà" in b["text"])
    assert "Mẩy" not in hers
    assert "Mẩy" in hears(said)


# --- on every channel -------------------------------------------------------------------------------------------------


async def test_L31_two_tell_of_one_hole_and_one_answer_reaches_both(
    town: Town, citizen: Somebody, official: Person
) -> None:
    """The card names the likely repeat; joined with a tap, each reads the result and the office's photo alone."""
    neighbour = await towns.villager(town)
    for who, words in ((citizen, "Ổ gà to giữa đường trước cổng trường thôn Gốc Gạo"),
                       (neighbour, "Trước cổng trường thôn Gốc Gạo có ổ gà to giữa đường")):  # fmt: skip
        await who.says(words)
        if "cùng việc" in who.text.lower():
            await who.says("2")
        await who.says("gửi")
    await official.looks()
    one, two = [await town.read(cases.by_number, 1, number) for number in (1, 2)]
    assert one is not None
    assert two is not None
    await official.presses({"label": "Gộp", "token": f"#case-join:{two.id},{one.id}"})
    await official.says("Ổ gà trước cổng trường")
    official.sees("Gộp PA-0002 vào PA-0001")
    await official.says("1")
    official.sees("Số người báo việc này: 2")
    await official.presses({"label": "Đóng", "token": f"#case-close:{one.id}"})
    await official.says("Xã đã vá ổ gà bằng bê tông.")
    await official.sends("photo", PHOTO, "image/jpeg")
    await official.says("xong")
    await official.says("2")
    await official.says("1")
    for who, number in ((citizen, "PA-0001"), (neighbour, "PA-0002")):
        await who.looks()
        who.sees(number, "Xã đã vá ổ gà bằng bê tông.", "Đã xong chưa")
        assert len(await who.pictures()) == 1
