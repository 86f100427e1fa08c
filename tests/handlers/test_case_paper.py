"""The whole file of a case (L34), in words and on paper: complete, over pages, and hidden names stay hidden (G07)."""

from dataclasses import replace
from typing import Any

import pytest

from bot.casework import Draft
from bot.casework import file as file_case
from bot.turn import Work
from handlers.cases import case_paper
from messages.letters import LETTERS
from storage import case_media, cases, files, officials
from storage.cases import Case
from tests import town as towns
from tests.bot.drawn import draw, told
from tests.bot.turns import OFFICE, VILLAGER, Chats, Said, Who
from tests.letters import arrived, drawn, pages, text_of
from tests.town import Town

WORDS, NOTE = "Lan can cầu gãy hai thanh.", "Đã hỏi tổ quản lý đường."
NAME, PHONE, HERS, PROOF = "Nguyễn Thị Thu Hường", "0912345678", "a" * 32, "b" * 32


def official(chats: Chats, name: str) -> officials.Official:
    return next(each for each in officials.active(chats.db, 1) if name in each.name)


def at_office(chats: Chats, name: str) -> Who:
    person = official(chats, name)
    who = Who(OFFICE, f"official:{person.id}")
    officials.bind(chats.db, 1, person.id, "web", who.account, who.chat)
    return who


def case(chats: Chats, **more: Any) -> Case:
    """Taken by the clerk, handed on in five points, a note, a result with a photo, and her yes."""
    for name, chat in ((HERS, VILLAGER.chat), (PROOF, "official:1")):
        files.add(chats.db, 1, name, "web", "", chat, "photo", "image/jpeg", 3, "", chats.now)
    work = Work(chats.db, chats.bench.place, chats.now)
    found = file_case(work, Draft(WORDS, field="road", village="Thôn Suối Trên", files=(HERS,),
                                  reporter={"name": NAME, "phone": PHONE}, **more))  # fmt: skip
    clerk, head = official(chats, "Nhài").id, official(chats, "Lâm").id
    cases.take(chats.db, 1, found.id, clerk)
    task = {"to": head, "task": "Hàn lại lan can", "responsible": "Trả lời bà con", "by": "2026-12-04",
            "result": "Lan can mới, có ảnh"}  # fmt: skip
    for kind, by, text, names, data in (
        ("taken", clerk, "", (), None), ("handed", clerk, "", (), task), ("note", head, NOTE, (), None),
        ("done", head, "Đã hàn lại, sơn cột.", (PROOF,), None), ("agreed", None, "Tốt lắm.", (), {"how": "yes"}),
    ):  # fmt: skip
        cases.add(chats.db, 1, found.id, kind, chats.now, official_id=by, text=text, files=names, data=data)
    cases.change(chats.db, 1, found.id, state="settled", satisfied="yes", title="Lan can cầu Suối Trên")
    return cases.get(chats.db, 1, found.id) or found


def code(found: Case) -> str:
    return f"PA-{found.number:04d}"


def printed(chats: Chats, who: Who, found: Case) -> dict[str, Any]:
    """What the paper says."""
    assert "đang được vẽ" in chats.taps(f"#case-print:{found.id}", who).text
    (said,) = draw(chats)
    return said


# --- in words ---------------------------------------------------------------------------------------------------------


def test_L34_the_whole_trail_in_words(chats: Chats) -> None:
    """By /hoso and the number however it is written; every entry with its author, and the button to print."""
    found, clerk = case(chats), chats.official()
    for typed in (f"/hoso {code(found)}", f"/hoso pa {found.number}", f"/hoso phản ánh số {found.number}"):
        said = chats.says(typed, clerk)
        for words in (
            WORDS, NOTE, "Ghi chú nội bộ", "Đã hàn lại", "Rõ việc: Hàn lại lan can", "Rõ tiến độ: trước thứ Sáu, 04/12",
            "Đặng Thị Thu Nhài", "Tốt lắm", NAME, "Lan can cầu Suối Trên",
        ):  # fmt: skip
            assert words in said.text, words
        assert "In cả hồ sơ" in [each["label"] for each in said.buttons]
    assert "Không có vụ việc" in chats.says("/hoso PA-9999", clerk).text


def test_L34_a_case_that_has_ended_still_opens_its_file(chats: Chats) -> None:
    """From the case itself, open or closed."""
    found, clerk = case(chats), chats.official()
    for state in ("settled", "open"):
        cases.change(chats.db, 1, found.id, state=state)
        opened = chats.taps(f"#case-open:{found.id}", clerk)
        token = next(each["token"] for each in opened.buttons if each["label"] == "Toàn bộ hồ sơ")
        assert NOTE in chats.taps(token, clerk).text


def test_L34_a_long_trail_is_turned_over(chats: Chats) -> None:
    """The newest first, earlier ones by a button, each once."""
    found, clerk = case(chats), chats.official()
    for number in range(40):
        cases.add(chats.db, 1, found.id, "note", chats.now, text=f"Mục thứ {number}.", official_id=1)
    said, seen = chats.says(f"/hoso {code(found)}", clerk), ""
    for _each in range(4):
        seen += said.text
        older = [each["token"] for each in said.buttons if "trước đó" in each["label"]]
        said = chats.taps(older[0], clerk) if older else Said("", [], [])
    assert [seen.count(f"Mục thứ {number}.") for number in range(40)] == [1] * 40
    assert seen.count(WORDS) == 1


@pytest.mark.parametrize(("lane", "reads", "not_"), [("leader", "Khải", "Lâm"), ("receiver", "Lụa", "Khải")])
def test_B04_the_file_is_for_whoever_may_read_the_case(chats: Chats, lane: str, reads: str, not_: str) -> None:
    """Neither in words nor on paper for others; no villager by any way."""
    found = case(chats, lane=lane)
    cases.change(chats.db, 1, found.id, taken_by=None)
    other = at_office(chats, not_)
    for said in (chats.says(f"/hoso {code(found)}", other), chats.taps(f"#case-trail:{found.id}", other),
                 chats.taps(f"#case-print:{found.id}", other)):  # fmt: skip
        assert "không thuộc phần" in said.text or "Không có vụ việc" in said.text
        assert WORDS not in said.text
    chats.taps(f"#case-print:{found.id}", VILLAGER)
    assert draw(chats) == []
    assert WORDS in str(printed(chats, at_office(chats, reads), found))


# --- on paper ---------------------------------------------------------------------------------------------------------


def test_L34_the_paper_is_complete(chats: Chats) -> None:
    """Cover, five points, every entry, files, her answer; the pictures come beside it to be printed."""
    found, clerk = case(chats), chats.official()
    paper = printed(chats, clerk, found)
    assert (paper["code"], paper["subject"]) == (code(found), "Lan can cầu Suối Trên")
    assert paper["points"] == [
        "Rõ người: Hoàng Đức Lâm, Công chức Văn phòng, văn thư", "Rõ việc: Hàn lại lan can",
        "Rõ trách nhiệm: Trả lời bà con", "Rõ tiến độ: trước thứ Sáu, 04/12/2026", "Rõ kết quả: Lan can mới, có ảnh",
    ]  # fmt: skip
    entries = paper["entries"]
    assert len(entries) == len(cases.entries(chats.db, 1, found.id))
    assert entries[0].endswith(f"Người báo\nBáo việc\n{WORDS}\nTệp: Ảnh 1")
    assert "Ghi chú nội bộ" in entries[3]
    assert entries[4].endswith("Báo kết quả\nĐã hàn lại, sơn cột.\nTệp: Ảnh 2")
    assert [each.split(":")[0] for each in paper["files"]] == ["Ảnh 1", "Ảnh 2"]
    assert paper["answer"].startswith("Đã xong")
    facts = "\n".join(paper["facts"])
    assert f"Người báo: {NAME}, {PHONE}" in facts
    assert "Người giữ việc: Đặng Thị Thu Nhài" in facts
    body = told(chats, clerk)[-1]
    assert len(body["documents"]) == 1
    assert body["pictures"] == [HERS, PROOF]


def test_L34_a_refusal_is_printed_with_ground_and_owner(chats: Chats) -> None:
    """Who is responsible stands beside the reason."""
    found, clerk = case(chats), chats.official()
    cases.add(chats.db, 1, found.id, "refused", chats.now, text="Đường do tỉnh quản lý.", official_id=1,
              data={"owner": "Sở Xây dựng"})  # fmt: skip
    assert "Nơi có trách nhiệm: Sở Xây dựng" in chats.says(f"/hoso {code(found)}", clerk).text
    last = printed(chats, clerk, found)["entries"][-1]
    assert last.endswith("Đường do tỉnh quản lý.\nNơi có trách nhiệm: Sở Xây dựng")


def test_L31_a_hidden_name_stays_hidden_unless_the_holder_prints(chats: Chats) -> None:
    """Nor are the words printed in which she named herself."""
    found, clerk, other = case(chats, hides_name=True), chats.official(), at_office(chats, "Thắm")
    cases.add(chats.db, 1, found.id, "added", chats.now, text="Nguyễn Thị Thu Hường nhà đầu cầu")
    for seen in (str(printed(chats, other, found)), chats.says(f"/hoso {code(found)}", other).text):
        assert "Hường" not in seen
        assert PHONE not in seen
        assert "đầu cầu" not in seen
    mine = str(printed(chats, clerk, found))
    assert NAME in mine
    assert "đầu cầu" in mine


def test_L34_a_former_official_keeps_what_he_did(chats: Chats) -> None:
    """His name stands there when his rights are gone."""
    found, clerk = case(chats), chats.official()
    officials.remove(chats.db, 1, official(chats, "Lâm").id)
    assert "Hoàng Đức Lâm" in str(printed(chats, clerk, found)["entries"])


def test_L34_whoever_may_not_read_it_any_more_gets_no_paper(chats: Chats) -> None:
    """His right is looked at again when it has been drawn."""
    found, clerk = case(chats), chats.official()
    chats.taps(f"#case-print:{found.id}", clerk)
    cases.change(chats.db, 1, found.id, lane="receiver")
    draw(chats)
    assert [body for body in told(chats, clerk) if body.get("documents")] == []


def test_L34_a_paper_goes_with_the_words_it_holds(chats: Chats) -> None:
    """Drawn or still to be drawn when she is forgotten."""
    found, clerk = case(chats), chats.official()
    printed(chats, clerk, found)
    pdf = told(chats, clerk)[-1]["documents"][0]
    assert case_media.cases_of(chats.db, 1, pdf) == [found.id]
    chats.taps(f"#case-print:{found.id}", at_office(chats, "Thắm"))
    cases.forget_words(chats.db, 1, [found.id])
    assert files.get(chats.db, 1, pdf) is None
    assert draw(chats) == []


def test_L34_signs_that_cannot_be_printed_keep_no_file_back(chats: Chats) -> None:
    """Emoji go, other scripts become marks, and a novel is cut."""
    found, clerk = case(chats), chats.official()
    cases.add(chats.db, 1, found.id, "added", chats.now, text="Cầu 橋 hỏng 🌉 " + "rất dài " * 2000)
    last = printed(chats, clerk, found)["entries"][-1]
    assert "Cầu (?) hỏng rất dài" in last
    assert last.endswith("…")
    assert len(last) <= case_paper.LONGEST


def test_L34_a_long_file_goes_over_pages() -> None:
    """A hundred entries: many pages, each with its number; the picture for the chat stays small."""
    sample = LETTERS["case-file"].sample()
    long = replace(sample, entries=sample.entries * 30)  # type: ignore[attr-defined]
    made = drawn(long)
    assert 3 < len(pages(long)) < 20
    assert len(made.png) < 400_000
    said = text_of(made.pdf)
    assert said.count("ghichúnộibộ") == 30
    assert f"trang{len(pages(long))}trên{len(pages(long))}" in said


# --- with the service -------------------------------------------------------------------------------------------------


async def test_L34_an_official_prints_a_case_at_office(steady_town: Town) -> None:
    """The PDF comes by itself and says what was told; on a messenger nothing of it is printed."""
    official_ = await towns.official(steady_town)
    found = await steady_town.write(_filed, steady_town)
    await official_.says(f"/hoso PA-{found.number:04d}")
    official_.sees(WORDS)
    await official_.taps("In cả hồ sơ")
    await arrived(official_)
    said = text_of((await official_.documents())[0])
    assert "lancancầugãyhaithanh" in said
    assert f"pa-{found.number:04d}" in said
    person = await _on_messenger(steady_town)
    await person.says(f"/hoso PA-{found.number:04d}")
    assert "In cả hồ sơ" not in str(person.news)
    person.sees("/office")


def _filed(db: Any, town: Town) -> Case:
    return file_case(Work(db, town.app.place, town.clock.now()), Draft(WORDS, field="road"))


async def _on_messenger(town: Town) -> Any:
    """The clerk in his own chat on the channel of this test."""
    who = await towns.villager(town)
    await who.does(kind="start")
    at = await who.address()
    clerk = await town.read(lambda db: next(each for each in officials.active(db, 1) if each.role == "clerk"))
    await town.write(lambda db: officials.bind(db, 1, clerk.id, at.channel, at.account, at.sender))
    return who
