"""Talks over real HTTP: at every question back, cancel, change, a silly answer; yesterday's buttons; late answers."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from bot.app import HANDLERS
from bot.turn import Work
from tests import form
from tests import town as towns
from tests.conftest import BOTH, CHANNELS
from tests.town import Databases, Somebody, Town


@pytest.fixture(params=[f"{kind}-{mode}-{on}" for kind in BOTH for mode in ("straight", "rebuilt") for on in CHANNELS])
async def town(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[Town]:
    """A town whose bot also knows the test form; villagers on both channels."""
    kind, mode, channel = request.param.split("-")
    for kept in (form.filed, form.checked, form.taken):
        kept.clear()
    rebuilt, handlers = mode == "rebuilt", (*HANDLERS, form)
    async with towns.of_the_sample(databases, kind, tmp_path, channel, rebuilt=rebuilt, handlers=handlers) as made:
        yield made


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(out, "JPEG")
    return out.getvalue()


async def half(citizen: Somebody) -> None:
    await citizen.says("làm đơn")
    await citizen.taps("Đường")


async def test_a_form_is_filled_once(citizen: Somebody) -> None:
    """Choices can be tapped or typed, photos come until done, and the command runs once."""
    await citizen.says("làm đơn")
    citizen.sees("Về việc gì?")
    await citizen.says("1")
    citizen.sees("Xin kể rõ.")
    await citizen.says("Ổ gà trước chợ")
    await citizen.sends("photo", picture(), "image/jpeg")
    citizen.sees("1 ảnh")
    await citizen.says("xong")
    citizen.sees("Gửi chứ?", "Ổ gà trước chợ")
    await citizen.says("có")
    citizen.sees("Đã ghi: road, Ổ gà trước chợ.")
    assert [each.kind for each in form.filed] == ["road"]
    assert len(form.filed[0].photos) == 1


async def test_typed_labels_need_no_accents(citizen: Somebody) -> None:
    """A label typed without accents, or NFD, is the choice."""
    await citizen.says("lam don")
    await citizen.says("duong")
    citizen.sees("Xin kể rõ.")
    await citizen.says("quay lại")
    await citizen.says("đường")
    citizen.sees("Xin kể rõ.")


async def test_back_goes_one_question_back(citizen: Somebody) -> None:
    """Back, tapped or typed, asks the question before; at the first question it says so."""
    await half(citizen)
    await citizen.taps("Quay lại")
    citizen.sees("Về việc gì?")
    await citizen.says("/quaylai")
    citizen.sees("câu hỏi đầu tiên", "Về việc gì?")


async def test_cancel_stops_and_does_nothing(citizen: Somebody) -> None:
    """Cancel ends the form; what is typed after it is not an answer."""
    await half(citizen)
    await citizen.says("thôi")
    citizen.sees("đã dừng lại")
    await citizen.says("Ổ gà trước chợ")
    citizen.sees_not("Có ảnh không?")
    assert form.filed == []


async def test_an_earlier_answer_can_be_changed(citizen: Somebody) -> None:
    """At the summary one answer is changed; the others are kept."""
    await half(citizen)
    await citizen.says("Ổ gà trước chợ")
    await citizen.says("xong")
    await citizen.taps("Sửa câu trả lời")
    citizen.sees("sửa câu trả lời nào")
    await citizen.taps("Đường")
    citizen.sees("Về việc gì?")
    await citizen.says("Đèn")
    citizen.sees("Gửi chứ?", "light", "Ổ gà trước chợ")
    await citizen.taps("Có, gửi đi") if "Có, gửi đi" in citizen.buttons() else await citizen.says("có")
    assert form.filed[0].kind == "light"


async def test_a_tap_on_an_answered_question_offers_to_change_it(citizen: Somebody) -> None:
    """An old button of this form records nothing; it offers to change that answer."""
    await citizen.says("làm đơn")
    water = citizen.button("Nước")
    await citizen.taps("Đường")
    await citizen.presses(water)
    citizen.sees("đã trả lời rồi", "Xin kể rõ.")
    await citizen.taps("Sửa lại câu đó")
    citizen.sees("Về việc gì?")


@pytest.mark.parametrize("kind", ["sticker", "voice", "location"])
async def test_a_silly_answer_gets_a_helpful_sentence(citizen: Somebody, kind: str) -> None:
    """A sticker, a voice note, a place: one kind sentence, and the question again."""
    await half(citizen)
    await citizen.sends(kind)
    citizen.sees("Xin kể rõ.")
    assert len(citizen.text.splitlines()) > 1


async def test_four_thousand_characters_and_a_picture(citizen: Somebody) -> None:
    """An answer that is far too long, and a picture where words are needed, are explained."""
    await half(citizen)
    await citizen.says("a" * 4000)
    citizen.sees("4000", "Xin kể rõ.")
    await citizen.sends("photo", picture(), "image/jpeg")
    citizen.sees("Xin kể rõ.")


async def test_l10_two_misunderstandings_bring_a_person(citizen: Somebody) -> None:
    """After two answers in a row that were not understood, a person is offered."""
    await half(citizen)
    await citizen.sends("sticker")
    citizen.sees_not("gặp cán bộ")
    await citizen.sends("sticker")
    citizen.sees("gặp cán bộ")


async def test_l07_an_expired_form_is_resumed_by_one_tap(town: Town, citizen: Somebody) -> None:
    """After two hours of silence the form expires; its button continues it with the answers kept."""
    await half(citizen)
    await town.later(hours=2)
    await citizen.looks()
    citizen.sees("còn làm dở")
    await citizen.taps("Làm tiếp")
    citizen.sees("Xin kể rõ.")
    await citizen.says("Ổ gà")
    await citizen.says("xong")
    await citizen.says("có")
    assert form.filed[0].kind == "road"


async def test_l07_what_comes_late_is_attached(town: Town, citizen: Somebody) -> None:
    """Words that arrive after the form expired are kept with it and handed in when she continues."""
    await half(citizen)
    await town.later(hours=2)
    await citizen.says("Ổ gà sâu nửa mét trước chợ")
    citizen.sees("Mẫu đơn", "giữ lại")
    await citizen.taps("Làm tiếp")
    citizen.sees("Có ảnh không?")
    await citizen.says("xong")
    await citizen.says("có")
    assert form.filed[0].detail == "Ổ gà sâu nửa mét trước chợ"


async def test_after_seven_days_the_form_is_gone(town: Town, citizen: Somebody) -> None:
    """An expired form is kept 7 days; then its button says that it is closed and offers a new one."""
    await half(citizen)
    await town.later(hours=2)
    await citizen.looks()
    await town.later(days=8)
    await citizen.taps("Làm tiếp")
    citizen.sees("đã đóng")


async def test_yesterdays_button_says_the_form_is_closed(town: Town, citizen: Somebody) -> None:
    """A button of a form she stopped does nothing and offers to begin again."""
    await citizen.says("làm đơn")
    light = citizen.button("Đèn")
    await citizen.taps("Đường")
    await citizen.says("thôi")
    await town.later(days=1)
    await citizen.presses(light)
    citizen.sees("đã đóng")
    await citizen.taps("Làm lại từ đầu")
    citizen.sees("Về việc gì?")


async def test_the_last_button_repeats_its_result(citizen: Somebody) -> None:
    """Tapping the last button again repeats the result and does nothing twice."""
    await half(citizen)
    await citizen.says("Ổ gà")
    await citizen.says("xong")
    yes = citizen.button(citizen.buttons()[0])
    await citizen.presses(yes)
    await citizen.presses(yes)
    citizen.sees("đã làm xong", "Đã ghi: road, Ổ gà.")
    assert len(form.filed) == 1


async def test_another_talk_parks_the_first(citizen: Somebody) -> None:
    """A second talk parks the first, and "tiếp tục" goes on with it."""
    await half(citizen)
    await citizen.says("/tracuu")
    citizen.sees("Mẫu đơn")
    await citizen.says("thôi")
    citizen.sees("tiếp tục")
    await citizen.says("tiếp tục")
    citizen.sees("Xin kể rõ.")


async def test_a_thing_that_is_gone_is_asked_again(citizen: Somebody) -> None:
    """When the command finds its slot taken, that answer is asked again with the reason."""
    form.taken.add("Ổ gà")
    await half(citizen)
    await citizen.says("Ổ gà")
    await citizen.says("xong")
    await citizen.says("có")
    citizen.sees("vừa có người báo", "Xin kể rõ.")
    assert form.filed == []


async def test_an_unfinished_form_files_itself(town: Town, citizen: Somebody) -> None:
    """A conversation with `left=` makes its command from the answers so far when nobody goes on."""
    await citizen.says("đơn tự gửi")
    await citizen.says("Đèn")
    await citizen.says("Đèn ngõ 3 tắt")
    await town.later(minutes=31)
    await citizen.looks()
    citizen.sees("Đã ghi: light, Đèn ngõ 3 tắt.")
    assert len(form.filed) == 1


async def test_a_checked_answer_is_tried_once_and_not_kept(town: Town, citizen: Somebody) -> None:
    """Each event tries its code exactly once; a lock ends the talk."""
    await citizen.says("mã bí mật")
    await citizen.says("một")
    citizen.sees("Chưa đúng.", "Mã là gì?")
    await citizen.says("hai")
    await citizen.says("ba")
    citizen.sees("Đã khóa.")
    assert form.checked == ["một", "hai", "ba"]
    await citizen.says("sesame")
    assert form.checked == ["một", "hai", "ba"]


async def test_a_typed_number_answers_the_latest_list(town: Town, citizen: Somebody) -> None:
    """A number or a label answers the list sent last."""
    await citizen.says("xem bảng")
    await citizen.says("2")
    citizen.sees("Đã chọn b.")
    await citizen.says("xem bảng")
    await citizen.says("mot")
    citizen.sees("Đã chọn a.")


async def test_l08_an_old_list_is_asked_about_first(town: Town, citizen: Somebody) -> None:
    """A list older than 12 hours: the chosen words are repeated and nothing is recorded before she confirms."""
    await citizen.says("xem bảng")
    await town.later(hours=13)
    await citizen.says("2")
    citizen.sees("Hai", "có đúng không")
    citizen.sees_not("Đã chọn")
    await citizen.taps("Hai")
    citizen.sees("Đã chọn b.")


async def test_l08_two_open_lists_are_asked_about(town: Town, citizen: Somebody) -> None:
    """After a notice with a list of its own, a number asks which list is meant."""
    await citizen.says("xem bảng")
    await send_notice(town, citizen)
    await citizen.looks()
    citizen.sees("Thông báo:")
    await citizen.says("1")
    citizen.sees("danh sách nào")
    await citizen.taps("Có đi")
    citizen.sees("Đã chọn go.")


async def test_l08_a_list_that_came_after_a_question(town: Town, citizen: Somebody) -> None:
    """A number while a question and a later list are open asks which is meant."""
    await citizen.says("làm đơn")
    town.clock.advance(towns.timedelta(minutes=1))
    await send_notice(town, citizen)
    await citizen.says("1")
    citizen.sees("danh sách nào")
    await citizen.taps("Đường")
    citizen.sees("Xin kể rõ.")


async def send_notice(town: Town, citizen: Somebody) -> None:
    here = await citizen.address()
    await town.write(lambda db: Work(db, town.app.place, town.clock.now()).wake(here, "notice", "1"))
    town.service.dispatcher.look()
    await town.settle()


async def test_a_dossier_code_in_an_accepted_answer_offers_the_look_up(citizen: Somebody) -> None:
    """A code inside an answer is an answer, and one line offers to look it up."""
    await half(citizen)
    await citizen.says("Hồ sơ H99.33-261125-0001 của tôi chậm")
    citizen.sees("Có ảnh không?", "H99.33-261125-0001")


async def test_rights_are_checked_when_a_button_is_used(citizen: Somebody) -> None:
    """Knowing a button's token gives nobody its right."""
    await citizen.does(kind="tap", text="", token="#hidden:")
    citizen.sees("chỉ dành cho cán bộ")
    citizen.sees_not("chỉ chủ tịch thấy")


async def test_somebody_elses_button_does_nothing(town: Town, citizen: Somebody) -> None:
    """A token of another person's talk is a closed form for everybody else."""
    await citizen.says("làm đơn")
    light = citizen.button("Đèn")
    await citizen.taps("Đường")
    other = await towns.villager(town)
    await other.presses(light)
    other.sees("đã đóng")
    await citizen.says("Ổ gà")
    citizen.sees("Có ảnh không?")


@pytest.mark.web_only("a messenger shows each question before she can type on")
async def test_a_burst_gets_one_prompt(town: Town, citizen: Somebody) -> None:
    """Questions overtaken by a burst are not all repeated: what has not been shown is replaced (L07)."""
    await citizen.says("làm đơn")
    posts = [citizen.post({"kind": "text", "text": text}) for text in ("Đường", "Ổ gà", "xong")]
    for post in posts:
        assert (await post)[0] == 200
    await town.settle()
    await citizen.looks()
    assert citizen.text.count("?") == 1
    citizen.sees("Gửi chứ?")


async def test_an_error_gives_a_reference_and_the_lane_goes_on(town: Town, citizen: Somebody) -> None:
    """A failing handler is told politely under a code; the next message has its turn."""
    await citizen.says("/hong")
    citizen.sees("gặp trục trặc", "Mã tra cứu")
    await citizen.says("xem bảng")
    citizen.sees("Bảng:")


async def test_two_people_at_once(town: Town) -> None:
    """Many people at the same time each have their own talk."""
    people = [await towns.villager(town) for _each in range(5)]
    town.rebuilt = False
    await asyncio.gather(*(person.says("làm đơn") for person in people))
    await asyncio.gather(*(person.says("Đèn") for person in people))
    assert all("Xin kể rõ." in person.text for person in people)
