"""A flood of reports: all numbered, one summary in the shared chats instead of cards (peers 0.9)."""

from collections import Counter
from datetime import timedelta

from sqlalchemy import func, select

from bot import case_cards, case_surge, casework
from bot.casework import Draft
from bot.turn import Work
from handlers.cases import surge
from storage import case_floods, cases, outbox
from storage.cases import Case
from storage.sealing import unseal_json
from tests.bot.turns import Chats

OFFICE = "office"
SUMMARY = "Nhiều phản ánh đến cùng lúc"


def work(chats: Chats) -> Work:
    return Work(chats.db, chats.bench.place, chats.now)


def filed(chats: Chats, **more: object) -> Case:
    village = chats.bench.place.commune.villages[0].label
    draft = Draft("đường ngập", **{"village": village, "field": "flood"} | more)  # type: ignore[arg-type]
    return casework.file(work(chats), draft)


def flood(chats: Chats, count: int = 40, seconds: float = 5, **more: object) -> list[Case]:
    found = []
    for _each in range(count):
        found.append(filed(chats, **more))
        chats.clock.advance(timedelta(seconds=seconds))
    return found


def office(chats: Chats) -> list[dict[str, str]]:
    """Everything the shared chat was sent, oldest first."""
    table = outbox.outbox
    rows = chats.db.execute(select(table.c.body).where(table.c.chat == OFFICE).order_by(table.c.id))
    return [unseal_json(chats.db, body) for body in rows.scalars()]


def cards(chats: Chats) -> Counter[str]:
    """How often each card was sent to the shared chat."""
    return Counter(each.get("card") or "" for each in office(chats))


def ticks(chats: Chats, minutes: int = 1) -> None:
    for _each in range(minutes):
        chats.clock.advance(timedelta(minutes=1))
        surge.refresh(work(chats))


def newest(chats: Chats) -> str:
    """The words of the newest state of the summary."""
    return [each["text"] for each in office(chats) if (each.get("card") or "").startswith("surge:")][-1]


def test_peers_0_9_in_quiet_times_every_case_has_its_card(chats: Chats) -> None:
    """Fifteen in fifteen minutes: fifteen cards and no summary."""
    found = flood(chats, 15, seconds=60)
    assert cards(chats) == {case_cards.name(each): 1 for each in found}


def test_peers_0_9_a_flood_is_one_summary(chats: Chats) -> None:
    """Every report has its number; the first have cards, all later ones stand in one summary."""
    found = flood(chats, 100, seconds=1)
    assert [each.number for each in found] == list(range(1, 101))
    sent = cards(chats)
    (summary,) = [each for each in sent if each.startswith("surge:")]
    assert sent[summary] == 1
    assert len(sent) - 1 == case_surge.CARDS_A_MINUTE
    assert SUMMARY in newest(chats)


def test_peers_0_9_slower_than_a_burst_the_count_of_ten_minutes_tells(chats: Chats) -> None:
    """More than twenty within ten minutes are a flood, too, although only four come in a minute."""
    flood(chats, 30, seconds=15)
    assert len([each for each in cards(chats) if each.startswith("case:")]) == 20
    assert SUMMARY in newest(chats)


def test_peers_0_9_the_commune_sets_what_a_flood_is(chats: Chats) -> None:
    """The number of commune.toml counts."""
    done = work(chats)
    assert done.commune.cases.surge == 20
    case = flood(chats, 21, seconds=15)[-1]
    assert case_surge._crowd(done, case) == (1, cases.by_number(chats.db, 1, 1).received_at)  # type: ignore[union-attr]
    assert case_surge._crowd(done, cases.by_number(chats.db, 1, 20)) is None  # type: ignore[arg-type]


def test_peers_0_9_the_summary_counts_by_thon_field_and_place(chats: Chats) -> None:
    """Edited once a minute: how many since when, where, about what; buttons to the lists and to the likely same."""
    villages = chats.bench.place.commune.villages
    flood(chats, 30)
    flood(chats, 10, village=villages[1].label, field="road")
    before = len(office(chats))
    ticks(chats)
    surge.refresh(work(chats))  # twice in a minute is once
    assert len(office(chats)) == before + 1
    said = newest(chats)
    total = 40 + 1 - (case_floods.latest(chats.db, 1).began)  # type: ignore[union-attr]
    assert f"{total} phản ánh từ" in said
    assert f"{villages[1].label}: 10" in said
    assert "đường, cầu: 10" in said
    assert f"{villages[1].label}, đường, cầu: 10" in said
    labels = [each["label"] for each in office(chats)[-1]["buttons"]]  # type: ignore[index]
    assert labels == ["Theo thôn", "Tất cả đang mở", "Có thể cùng một việc"]


def test_peers_0_9_the_office_gets_at_most_twenty_messages_in_any_minute(chats: Chats) -> None:
    """Five reports a second, every tenth of them sensitive, for five minutes, with a tick each minute."""
    at: list[float] = []
    began, seen = chats.now, 0
    for second in range(300):
        for each in range(2):
            filed(chats, sensitive=each == 0 and second % 5 == 0)
        if second % 60 == 59:
            surge.refresh(work(chats))
        now = len(office(chats)) if second % 10 == 9 else seen
        at += [(chats.now - began).total_seconds()] * (now - seen)
        seen = now
        chats.clock.advance(timedelta(seconds=1))
    assert at
    for start in at:
        assert sum(start <= each < start + 60 for each in at) <= 20
    assert cases.count(chats.db, 1) == 600


def test_peers_0_9_a_sensitive_case_keeps_its_card_a_few_times(chats: Chats) -> None:
    """Land and urgent matters are not lost among the others, nor do they flood the chat themselves."""
    flood(chats, 30)
    before = cards(chats)
    found = flood(chats, 20, sensitive=True)
    shown = [each for each in found if case_cards.name(each) in cards(chats) - before]
    assert shown == found[: case_surge.OWN_CARDS]


def test_peers_0_9_whoever_takes_one_sees_its_card(chats: Chats) -> None:
    """What is added to a left-out case posts nothing while the flood goes on; an official's hand does."""
    case = flood(chats)[-1]
    assert case_cards.name(case) not in cards(chats)
    case_cards.show(work(chats), case, loud=True)  # she has added a picture
    assert case_cards.name(case) not in cards(chats)
    clerk = chats.official()
    cases.take(chats.db, 1, case.id, int(clerk.chat.partition(":")[2]))
    case_cards.show(work(chats), cases.get(chats.db, 1, case.id))  # type: ignore[arg-type]
    assert cards(chats)[case_cards.name(case)] == 1


def test_peers_0_9_when_it_is_over_the_summary_says_who_is_left(chats: Chats) -> None:
    """After ten quiet minutes: how many came, how many nobody has, /hangdoi; then cards as ever."""
    found = flood(chats)
    cases.take(chats.db, 1, found[-1].id, 1)
    ticks(chats, 9)
    assert SUMMARY in newest(chats)
    ticks(chats, 3)
    came = len(found) + 1 - case_floods.latest(chats.db, 1).began  # type: ignore[union-attr]
    assert "đã qua" in newest(chats)
    assert f"{came - 1} phản ánh chưa ai nhận" in newest(chats)
    assert "/hangdoi" in newest(chats)
    sent = len(office(chats))
    ticks(chats, 5)
    assert len(office(chats)) == sent
    case_cards.show(work(chats), found[-2], loud=True)  # she adds something the day after
    assert cards(chats)[case_cards.name(found[-2])] == 1
    calm = filed(chats)
    assert cards(chats)[case_cards.name(calm)] == 1


def test_peers_0_9_a_second_flood_has_a_summary_of_its_own(chats: Chats) -> None:
    """It counts from its own beginning."""
    flood(chats)
    ticks(chats, 12)
    flood(chats)
    assert len([each for each in cards(chats) if each.startswith("surge:")]) == 2
    assert chats.db.execute(select(func.count()).select_from(case_floods.case_flood)).scalar() == 2


def test_L31_likely_the_same_leads_to_one_of_each_place(chats: Chats) -> None:
    """Only public works: from the summary to the first report of a place, to which the others can be joined."""
    clerk = chats.official()
    assert "Không còn phản ánh nào giống nhau" in chats.taps("#surge-same:", clerk).text
    flood(chats, 30)
    flood(chats, 10, field="noise")
    said = chats.taps("#surge-same:", clerk)
    assert "ngập" in said.text
    assert "tiếng ồn" not in said.text
    assert len(said.buttons) == 1
    assert said.buttons[0]["token"].startswith("#case-join:")


def test_A19_what_is_not_for_everybody_is_in_no_summary(chats: Chats) -> None:
    """Neither counted nor named."""
    flood(chats, 30)
    flood(chats, 10, lane="leader", field="service")
    ticks(chats)
    assert "một cửa" not in newest(chats)
    assert "phục vụ" not in newest(chats)
    assert f"{30 + 1 - case_floods.latest(chats.db, 1).began} phản ánh từ" in newest(chats)  # type: ignore[union-attr]
