"""/hangdoi: mine, the late ones, the thôn's, all; looking for a case; what is not for everybody is not there."""

from datetime import timedelta

from bot import casework
from bot.casework import Draft
from bot.turn import Work
from storage import cases, officials
from storage.cases import Case
from tests import town as towns
from tests.bot.turns import Chats, Said, Who
from tests.town import Person, Town

RECEIVER = "receive"


def work(chats: Chats) -> Work:
    return Work(chats.db, chats.bench.place, chats.now)


def filed(chats: Chats, words: str = "đường ngập", village: int | None = 0, **more: object) -> Case:
    there = chats.bench.place.commune.villages[village].label if village is not None else None
    return casework.file(work(chats), Draft(words, village=there, **{"field": "flood"} | more))  # type: ignore[arg-type]


def label(chats: Chats, number: int) -> str:
    return chats.bench.place.commune.villages[number].label


def taken(chats: Chats, case: Case, who: Who) -> None:
    cases.take(chats.db, 1, case.id, int(who.chat.partition(":")[2]))


def opens(said: Said, words: str) -> str:
    return next(each["token"] for each in said.buttons if words in each["label"])


def test_B10_the_queue_counts_and_leads_to_its_lists(chats: Chats) -> None:
    """Nothing of reports while there are none; then how many, mine and the late ones, with a button to each list."""
    clerk = chats.official()
    assert "Phản ánh của bà con" not in chats.says("/hangdoi", clerk).text
    first = filed(chats)
    filed(chats)
    taken(chats, first, clerk)
    said = chats.says("/hangdoi", clerk)
    assert "đang mở 2, ông/bà đang nhận 1" in said.text
    assert "không có ai chờ" not in said.text
    assert [each["label"] for each in said.buttons] == ["Đang nhận (1)", "Theo thôn", "Tất cả đang mở"]
    chats.clock.advance(timedelta(days=40))
    assert "Trong đó 2 phản ánh đã quá hạn" in chats.says("/hangdoi", clerk).text


def test_B10_mine_are_mine(chats: Chats) -> None:
    """What I have and nothing else; a line names number, thôn, field and deadline, a button opens it."""
    clerk, officer = chats.official(), chats.official("official")
    one, two = filed(chats), filed(chats)
    taken(chats, one, clerk)
    taken(chats, two, officer)
    said = chats.taps("#queue-mine:", clerk)
    assert "PA-0001" in said.text
    assert "PA-0002" not in said.text
    assert "Hạn: thứ Năm, 17/12/2026" in said.text
    assert opens(said, "PA-0001") == f"#case-open:{one.id}"


def test_B10_the_late_ones(chats: Chats) -> None:
    """Only those whose deadline has passed, with the working days since."""
    clerk = chats.official()
    filed(chats)
    assert "không còn phản ánh nào" in chats.taps("#queue-late:", clerk).text
    chats.clock.advance(timedelta(days=22))
    filed(chats)
    said = chats.taps("#queue-late:", clerk)
    assert "PA-0001" in said.text
    assert "Quá hạn 1 ngày làm việc" in said.text
    assert "PA-0002" not in said.text


def test_B10_by_thon(chats: Chats) -> None:
    """First which thôn has how many, then those of one; a report without a thôn is found, too."""
    clerk = chats.official()
    filed(chats, village=1)
    filed(chats, village=1)
    filed(chats, village=None)
    said = chats.taps("#queue-village:", clerk)
    assert [each["label"] for each in said.buttons] == [f"1. {label(chats, 1)}: 2", "2. chưa rõ thôn: 1"]
    there = chats.taps(opens(said, label(chats, 1)), clerk)
    assert "PA-0001" in there.text
    assert "PA-0003" not in there.text
    assert "PA-0003" in chats.taps(opens(said, "chưa rõ thôn"), clerk).text
    assert "không còn phản ánh nào" in chats.taps("#queue-village:elsewhere", clerk).text


def test_B10_long_lists_have_pages(chats: Chats) -> None:
    """Ten at a time, and a button to the rest; a page beyond the end, or made up, says so or begins anew."""
    clerk = chats.official()
    for _each in range(11):
        filed(chats)
    said = chats.taps("#queue-all:", clerk)
    assert said.text.count("PA-") == 10
    rest = chats.taps(opens(said, "1 phản ánh nữa"), clerk)
    assert rest.text.count("PA-") == 1
    assert "PA-0011" in rest.text
    assert "không còn phản ánh nào" in chats.taps("#queue-all:9", clerk).text
    assert chats.taps("#queue-all:abc", clerk).text.count("PA-") == 10


def test_B10_looked_for_by_number(chats: Chats) -> None:
    """PA-0002, pa 2, 2: the same case; also one that has ended, with how."""
    clerk = chats.official()
    filed(chats)
    ended = filed(chats)
    cases.move(chats.db, 1, ended.id, ["open"], "refused")
    for asked in ("PA-0002", "pa 2", "2"):
        said = chats.says(f"/hangdoi {asked}", clerk)
        assert "PA-0002" in said.text
        assert "đã từ chối" in said.text
        assert "PA-0001" not in said.text
    assert "Không có phản ánh nào mang số này" in chats.says("/hangdoi 77", clerk).text


def test_B10_looked_for_by_words_and_thon(chats: Chats) -> None:
    """All words first, with accents or without; her words never stand in the list."""
    clerk = chats.official()
    filed(chats, "cột điện nghiêng cạnh trường mầm non, chị Hoa kể", 0, field="light")
    filed(chats, "cột mốc bị mất", 1, field="road")
    said = chats.says("/hangdoi cot dien", clerk)
    assert "PA-0001" in said.text
    assert "PA-0002" not in said.text
    assert "Hoa" not in said.text
    assert "nghiêng" not in said.text
    some = chats.says("/hangdoi cột xanh", clerk).text
    assert "PA-0001" in some
    assert "PA-0002" in some
    assert "Không tìm thấy" in chats.says("/hangdoi máy cày", clerk).text
    there = chats.says(f"/hangdoi {label(chats, 1)}", clerk)
    assert "PA-0002" in there.text
    assert "PA-0001" not in there.text


def test_B10_a_search_that_finds_many_asks_for_a_word_more(chats: Chats) -> None:
    """Ten, and that there are more."""
    clerk = chats.official()
    for _each in range(12):
        filed(chats)
    said = chats.says("/hangdoi ngập", clerk)
    assert said.text.count("PA-") == 10
    assert "Còn nữa" in said.text


def test_A19_past_the_counter_is_there_for_the_head_alone(chats: Chats) -> None:
    """For the clerk there is no such case: no number, no count, no thôn; the Chairman has it in his queue."""
    clerk, chairman = chats.official(), chats.official("chairman")
    case = filed(chats, "bắt nộp thêm giấy", lane="leader", field="service")
    for asked in ("/hangdoi", "/hangdoi 1", "/hangdoi giấy", f"/hangdoi {label(chats, 0)}"):
        assert "PA-0001" not in chats.says(asked, clerk).text
        assert "đang mở 1" not in chats.says(asked, clerk).text
    for tap in ("#queue-all:", "#queue-village:", "#queue-late:"):
        assert "PA-0001" not in chats.taps(tap, clerk).text
        assert label(chats, 0) not in str(chats.taps(tap, clerk).buttons)
    assert "đang mở 1" in chats.says("/hangdoi", chairman).text
    assert "PA-0001" in chats.says("/hangdoi 1", chairman).text
    assert "PA-0001" in chats.taps("#queue-all:", chairman).text
    cases.take(chats.db, 1, case.id, int(clerk.chat.partition(":")[2]))  # the head hands it to him
    assert "PA-0001" in chats.taps("#queue-mine:", clerk).text


def test_L32_a_quarrel_is_there_for_its_receiver_alone(chats: Chats) -> None:
    """Not even the Chairman sees that there is one, unless he receives citizens."""
    filed(chats, "tranh chấp bờ ruộng", lane="receiver", field="land")
    for each in officials.active(chats.db, 1):
        if each.role == "village-head":
            continue
        who = chats.official(each.role, each.name)
        sees = RECEIVER in each.rights
        assert ("PA-0001" in chats.taps("#queue-all:", who).text) is sees
        assert ("PA-0001" in chats.says("/hangdoi ruộng", who).text) is sees


async def test_G05_the_queue_on_every_channel(town: Town) -> None:
    """Reports stand beside the requests for a person; a tap leads to the list, a typed number, too."""
    def file(db: object) -> None:
        done = Work(db, town.app.place, town.clock.now())  # type: ignore[arg-type]
        casework.file(done, Draft("đèn đường hỏng", field="light", village="Thôn Nà Pản"))

    await town.write(file)
    clerk: Person = await towns.official(town)
    citizen = await towns.villager(town)
    await citizen.says("0")
    await citizen.says("Hỏi về giấy khai sinh")
    await citizen.says("bỏ qua")
    await clerk.says("/hangdoi")
    clerk.sees("Đang có 1 người chờ", "Phản ánh của bà con: đang mở 1")
    await clerk.taps("Tất cả đang mở")
    clerk.sees("PA-0001", "Thôn Nà Pản")
    await clerk.says("/hangdoi đèn")
    clerk.sees("PA-0001")
