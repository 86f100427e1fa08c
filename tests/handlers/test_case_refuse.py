"""A refusal names who is responsible and why, helps on, and waits for the Chairman where it must (B10, G05)."""

from collections.abc import Iterator

import pytest

from bot.casework import part
from bot.commune_cases import CaseTerms
from handlers.cases.refuse import command_in
from storage import cases, refusals, sessions
from storage.cases import Case
from tests.bot.drawn import token
from tests.bot.filed import MAI, choose, hears, last, now, report, work
from tests.bot.turns import Chats, Said, Who

POWER = "Điện lực Suối Lành: 0951 000 777"
GROUND = "Cột điện này là tài sản của ngành điện, xã không được sửa."
YES = "Đồng ý gửi"


@pytest.fixture
def terms(chats: Chats) -> Iterator[None]:
    """The commune knows one owner."""
    yield from _with(chats, CaseTerms(owners=(POWER,)))


@pytest.fixture
def strict(chats: Chats) -> Iterator[None]:
    """And the Chairman looks at every refusal."""
    yield from _with(chats, CaseTerms(owners=(POWER,), countersign=True))


def _with(chats: Chats, cases: CaseTerms) -> Iterator[None]:
    place, before = chats.bench.place, chats.bench.place.commune
    object.__setattr__(place, "commune", before.model_copy(update={"cases": cases}))
    yield
    object.__setattr__(place, "commune", before)


def refuses(chats: Chats, who: Who, case: Case) -> Said:
    """The whole talk up to the look: the power firm, the ground, the commune passes it on."""
    said = choose(chats, who, chats.taps(f"#case-refuse:{case.id}", who), "Điện lực")
    assert "Vì sao xã không làm được" in said.text, said.text
    said = chats.says(GROUND, who)
    assert "bước tiếp theo" in said.text
    return choose(chats, who, said, "Xã chuyển tới")


def proposes(chats: Chats, who: Who, case: Case) -> Said:
    return choose(chats, who, refuses(chats, who, case), YES)


def waiting(chats: Chats, case: Case) -> refusals.Refusal:
    found = refusals.waiting(chats.db, 1, case.id)
    assert found is not None
    return found


@pytest.mark.usefixtures("terms")
def test_B10_she_reads_who_is_responsible_why_and_what_helps_her(chats: Chats) -> None:
    """One look, one tap; the office is reminded of what it promised to pass on."""
    case, mine = report(chats, field="light"), chats.official()
    look = refuses(chats, mine, case)
    for words in (POWER, GROUND, "UBND xã chuyển việc này tới", "Đặng Thị Thu Nhài"):
        assert words in look.text
    said = choose(chats, mine, look, YES)
    assert "Đã từ chối PA-0001" in said.text
    assert "Xin chuyển ngay tới" in said.text
    ended, entry = now(chats, case), last(chats, case, "refused")
    assert (ended.state, ended.done_at, ended.closed_at) == ("refused", chats.now, None)
    assert (entry.data["owner"], entry.text.startswith(GROUND)) == (POWER, True)
    assert "chuyển việc này tới" in entry.text
    assert any(GROUND in body["text"] and POWER in body["text"] for body in said.everything)


def test_B10_the_commune_itself_needs_a_ground_and_a_way(chats: Chats) -> None:
    """No owner but the office: then what she can do is asked for, and too short words are turned away."""
    case, mine = report(chats), chats.official()
    said = choose(chats, mine, chats.taps(f"#case-refuse:{case.id}", mine), "UBND xã Suối Lành")
    said = chats.says("Không được", mine)
    assert "Vì sao xã không làm được" in said.text
    said = chats.says("Đường này chưa có trong kế hoạch sửa chữa năm nay.", mine)
    assert "Bà con có thể làm gì tiếp" in said.text
    look = chats.says("Mời bà gặp địa chính xã sáng thứ Hai để xem kế hoạch năm sau.", mine)
    choose(chats, mine, look, YES)
    entry = last(chats, case, "refused")
    assert entry.data["owner"] == "UBND xã Suối Lành"
    assert "sáng thứ Hai" in entry.text


def test_B10_an_owner_can_be_typed(chats: Chats) -> None:
    """Whoever is not on the list is named in words."""
    case, mine = report(chats), chats.official()
    choose(chats, mine, chats.taps(f"#case-refuse:{case.id}", mine), "Nơi khác")
    chats.says("Công ty cấp nước tỉnh", mine)
    said = chats.says(GROUND, mine)
    look = choose(chats, mine, said, "Viết cách")
    look = chats.says("Xin bà gọi công ty cấp nước, xã sẽ gọi cùng bà.", mine)
    choose(chats, mine, look, YES)
    assert last(chats, case, "refused").data["owner"] == "Công ty cấp nước tỉnh"


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Việc này ông bà phải tự làm lấy.", "phải tự"), ("Đề nghị TỰ LIÊN HỆ bên điện", "TỰ LIÊN HỆ"),
        ("phai tu di tim", "phai tu"), ("Xã đã hỏi và sẽ hỏi lại.", None), ("Phái từ thiện đã giúp.", None),
    ],
)  # fmt: skip
def test_G05_words_that_command_are_found(text: str, phrase: str | None) -> None:
    """As they stand in the text, with and without accents."""
    assert command_in(text) == phrase


def test_G05_words_that_command_are_shown_back_once(chats: Chats) -> None:
    """He may say it more gently, or keep his words."""
    for answer, kept in (("Xin bà gọi điện lực, xã sẽ gọi cùng bà.", False), ("Giữ lời đã viết", True)):
        case, mine = report(chats), chats.official()
        choose(chats, mine, chats.taps(f"#case-refuse:{case.id}", mine), "UBND xã")
        said = chats.says("Việc này gia đình phải tự liên hệ bên điện.", mine)
        assert "nghe như mệnh lệnh" in said.text
        if not kept:
            assert "Vì sao xã không làm được" in chats.says("viết lại", mine).text
        said = chats.says(answer, mine)
        assert "Bà con có thể làm gì tiếp" in said.text
        choose(chats, mine, chats.says("Gọi tổng đài điện lực, xã giúp gọi.", mine), YES)
        assert ("phải tự" in last(chats, case, "refused").text) is kept


# --- the Chairman -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("strict")
def test_B10_until_the_chairman_agrees_nothing_goes_to_her(chats: Chats) -> None:
    """He gets case, owner and ground with two buttons; his tap sends it in the proposer's name."""
    case, mine, chairman = report(chats), chats.official(), chats.official("chairman")
    said = proposes(chats, mine, case)
    assert "Đã xin ý kiến Triệu Minh Khải" in said.text
    assert now(chats, case).is_open
    his = [body for body in said.everything if "Xin ông/bà cho ý kiến" in body["text"]]
    assert len(his) == 1
    for words in ("PA-0001", POWER, GROUND, "Đặng Thị Thu Nhài"):
        assert words in his[0]["text"]
    others = [body["text"] for body in said.everything if body is not his[0]]
    assert not any(POWER in text and "Gửi trả lời" not in text for text in others)
    assert "đang chờ ý kiến" in chats.taps(f"#case-refuse:{case.id}", mine).text
    said = chats.taps(token(his, "Đồng ý"), chairman)
    assert "Đã từ chối" in said.text
    assert (now(chats, case).state, last(chats, case, "refused").official_id) == ("refused", _id(chats, mine))
    assert "Triệu Minh Khải đã đồng ý" in hears(said)


@pytest.mark.usefixtures("strict")
def test_B10_the_chairman_sends_it_back_with_a_word(chats: Chats) -> None:
    """The case stays open, the proposer reads the word, she reads nothing; then he may propose again."""
    case, mine, chairman = report(chats), chats.official(), chats.official("chairman")
    proposes(chats, mine, case)
    found = waiting(chats, case)
    said = chats.taps(f"#refusal-back:{found.id}", chairman)
    assert "Nên làm thế nào" in said.text
    said = chats.says("Xã tự làm được, giao thôn.", chairman)
    assert "vẫn mở" in said.text
    assert "đã gửi trả lại đề xuất từ chối PA-0001" in hears(said)
    assert now(chats, case).is_open
    assert not cases.entries(chats.db, 1, case.id, kinds=("refused",))
    assert refusals.get(chats.db, 1, found.id).state == "back"
    proposes(chats, mine, case)
    assert waiting(chats, case).id != found.id


@pytest.mark.usefixtures("strict")
def test_B10_a_second_or_late_decision_hears_what_was_decided(chats: Chats) -> None:
    """Sent back in one chat, agreed to in another: the first counts."""
    case, mine, chairman = report(chats), chats.official(), chats.official("chairman")
    proposes(chats, mine, case)
    found = waiting(chats, case)
    chats.taps(f"#refusal-back:{found.id}", chairman)
    assert refusals.decide(chats.db, 1, found.id, "agreed", found.asked_by, chats.now)
    said = chats.says("Xã tự làm được.", chairman)
    assert "đã đồng ý rồi" in said.text
    assert "đã đồng ý rồi" in chats.taps(f"#refusal-agree:{found.id}", chairman).text


@pytest.mark.usefixtures("strict")
def test_B10_only_who_acts_for_the_chairman_decides_and_not_who_proposed(chats: Chats) -> None:
    """Neither the proposer nor any other official; while the Chairman is there his deputy does not either."""
    case, mine = report(chats), chats.official()
    proposes(chats, mine, case)
    found = waiting(chats, case)
    for who in (mine, chats.official("official", "Hoàng Đức Lâm"), chats.official("official", "Nông Thị Thắm")):
        assert "Chỉ Chủ tịch" in chats.taps(f"#refusal-agree:{found.id}", who).text
    assert now(chats, case).is_open


@pytest.mark.usefixtures("strict")
def test_B10_the_chairman_agrees_to_his_own(chats: Chats) -> None:
    """What he refuses himself goes out at once."""
    case, chairman = report(chats), chats.official("chairman")
    proposes(chats, chairman, case)
    assert now(chats, case).state == "refused"


@pytest.mark.usefixtures("terms")
@pytest.mark.parametrize("guarded", [{"field": "land"}, {"sensitive": True}, {"lane": "leader", "field": "service"}])
def test_B09_sensitive_cases_and_those_past_the_counter_always_wait(chats: Chats, guarded: dict[str, object]) -> None:
    """Whatever the commune's setting says; the deputy who is asked by no one may not send it alone."""
    deputy = chats.official("official", "Nông Thị Thắm")
    case = report(chats, **guarded)
    if case.lane == "leader":
        cases.change(chats.db, 1, case.id, taken_by=_id(chats, deputy))
    proposes(chats, deputy, now(chats, case))
    assert now(chats, case).is_open
    chats.taps(f"#refusal-agree:{waiting(chats, case).id}", chats.official("chairman"))
    assert now(chats, case).state == "refused"


def _id(chats: Chats, who: Who) -> int:
    return int(who.chat.partition(":")[2])


@pytest.mark.usefixtures("strict")
def test_B10_whoever_has_no_chat_is_called_once_it_is_agreed(chats: Chats) -> None:
    """How she was told is not asked before there is anything to tell."""
    case, mine, chairman = report(chats, who=None, source="phone"), chats.official(), chats.official("chairman")
    look = refuses(chats, mine, case)
    assert "Chủ tịch đồng ý rồi" in look.text
    choose(chats, mine, look, YES)
    said = chats.taps(f"#refusal-agree:{waiting(chats, case).id}", chairman)
    assert "Xin gọi điện báo giúp" in said.text
    assert last(chats, case, "refused").data["told"] == "not_yet"


@pytest.mark.usefixtures("strict")
def test_B10_who_proposed_and_left_signs_nothing(chats: Chats) -> None:
    """It goes out in the name of whoever agreed."""
    case, mine, chairman = report(chats), chats.official(), chats.official("chairman")
    proposes(chats, mine, case)
    chats.remove(mine)
    chats.taps(f"#refusal-agree:{waiting(chats, case).id}", chairman)
    assert last(chats, case, "refused").official_id == _id(chats, chairman)


@pytest.mark.usefixtures("strict")
def test_B10_a_case_that_ended_meanwhile_is_not_refused(chats: Chats) -> None:
    """She took it back while the Chairman was away."""
    case, mine, chairman = report(chats), chats.official(), chats.official("chairman")
    proposes(chats, mine, case)
    found = waiting(chats, case)
    cases.move(chats.db, 1, case.id, ["open"], "withdrawn", closed_at=chats.now)
    said = chats.taps(f"#refusal-agree:{found.id}", chairman)
    assert "rút lại" in said.text
    assert now(chats, case).state == "withdrawn"


@pytest.mark.usefixtures("strict")
def test_B10_on_a_shared_computer_the_chairman_types_his_pin(chats: Chats, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tap alone does not agree there."""
    case, mine, chairman = report(chats), chats.official(), chats.official("chairman")
    proposes(chats, mine, case)
    monkeypatch.setattr(sessions, "is_shared", lambda *_: True)
    monkeypatch.setattr(sessions, "check_pin", lambda _db, _commune, _sender, pin: pin == "4711")
    assert "PIN" in chats.taps(f"#refusal-agree:{waiting(chats, case).id}", chairman).text
    assert now(chats, case).is_open
    chats.says("4711", chairman)
    assert now(chats, case).state == "refused"


@pytest.mark.usefixtures("terms")
def test_L31_a_refusal_reaches_everybody_whose_case_follows(chats: Chats) -> None:
    """Parted cases are left out."""
    mine = chats.official()
    main, follows, apart = report(chats, title="Cột điện nghiêng"), report(chats, who=MAI), report(chats, who=None)
    for each in (follows, apart):
        cases.move(chats.db, 1, each.id, ["open"], "joined", main_id=main.id)
    assert part(work(chats), now(chats, apart))
    said = proposes(chats, mine, main)
    hers = [body["text"] for body in said.everything if POWER in body["text"] and "PA-" in body["text"]]
    assert any("PA-0001" in text for text in hers)
    assert any("PA-0002" in text for text in hers)
    assert not any("PA-0003" in text for text in hers)
    assert now(chats, apart).is_open


@pytest.mark.usefixtures("strict")
def test_B10_two_who_propose_at_once_make_one_proposal(chats: Chats) -> None:
    """Taken over by another meanwhile, who proposes too: the first waits, the second hears of it."""
    case, mine, his = report(chats), chats.official(), chats.official("official", "Hoàng Đức Lâm")
    look = refuses(chats, mine, case)
    chats.taps(f"#case-take:{case.id},instead", his)
    proposes(chats, his, case)
    chats.taps(f"#case-take:{case.id},instead", mine)
    assert "đang chờ ý kiến" in choose(chats, mine, look, YES).text
    assert waiting(chats, case).asked_by == _id(chats, his)


@pytest.mark.usefixtures("strict")
def test_B10_where_nobody_may_agree_the_case_stays_open(chats: Chats, monkeypatch: pytest.MonkeyPatch) -> None:
    """He is told to find the Chairman; the proposal waits."""
    case, mine = report(chats), chats.official()
    monkeypatch.setattr("bot.countersign.deciders", lambda *_: [])
    assert "Chưa có ai được quyền" in proposes(chats, mine, case).text
    assert now(chats, case).is_open


@pytest.mark.usefixtures("strict")
def test_B10_without_the_pin_a_shared_computer_decides_nothing(chats: Chats, monkeypatch: pytest.MonkeyPatch) -> None:
    """It became a shared one after the question was put."""
    case, mine, chairman = report(chats), chats.official(), chats.official("chairman")
    proposes(chats, mine, case)
    answers = iter((False, True))
    monkeypatch.setattr(sessions, "is_shared", lambda *_: next(answers, True))
    assert "PIN" in chats.taps(f"#refusal-agree:{waiting(chats, case).id}", chairman).text
    assert now(chats, case).is_open


def test_B10_a_case_that_is_over_is_not_refused_and_no_proposal_is_none(chats: Chats) -> None:
    """Every way in says so in a sentence."""
    case, mine = report(chats), chats.official()
    said = chats.taps(f"#case-refuse:{case.id}", mine)
    cases.move(chats.db, 1, case.id, ["open"], "withdrawn", closed_at=chats.now)
    assert "rút lại" in choose(chats, mine, said, "UBND xã").text
    assert "rút lại" in chats.taps(f"#case-refuse:{case.id}", mine).text
    for token_ in ("#refusal-agree:999", "#refusal-back:999"):
        assert "không còn nữa" in chats.taps(token_, chats.official("chairman")).text


@pytest.mark.usefixtures("strict")
def test_B10_what_waits_for_the_chairman_stands_in_the_summary_and_can_be_had_again(chats: Chats) -> None:
    """The morning's summary counts it; its button shows him each proposal again; a clerk hears that he decides."""
    case, clerk, chairman = report(chats), chats.official("clerk"), chats.official("chairman")
    proposes(chats, clerk, case)
    summary = chats.says("/tomtat", chairman)
    assert "Đề xuất từ chối chờ Chủ tịch: 1." in summary.text
    assert "Phản ánh của bà con: 1 đang mở, 0 trễ hạn." in summary.text
    again = chats.taps("#refusals:", chairman)
    assert "Có 1 đề xuất từ chối chờ ông/bà" in again.text
    assert GROUND in again.text
    assert "Còn 1 đề xuất từ chối chờ người khác" in chats.taps("#refusals:", clerk).text
    choose(chats, chairman, again, "Đồng ý từ chối")
    assert "Không có đề xuất từ chối nào" in chats.taps("#refusals:", chairman).text
