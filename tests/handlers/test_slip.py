"""The slip: as a picture after the second factor, as a PDF when asked for, and read from a picture that she sends."""

import io
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import Connection, select

from bot.files import tell
from bot.turn import Address, Work
from messages.letters import Undrawable
from storage import citizens, files
from storage.letters import letter
from tests.bot.channels.test_pictures import photo, qr
from tests.handlers.test_dossier import LATE, MARRIAGE, PRIVATE, READY, bring, day
from tests.letters import arrived
from tests.storage.test_dossiers import Row
from tests.town import Person, Somebody, Town, official, villager


async def looks_up(citizen: Somebody, code: str, tail: str = "5678") -> None:
    """As far as the details: the words of the slip."""
    await citizen.says(code)
    await citizen.taps("Xem chi tiết")
    await citizen.says(tail)


async def fetch(person: Person, name: str) -> tuple[int, bytes, Any]:
    async with person.town.http.get(f"{person.base}/files/{name}", headers=person.headers) as answer:
        return answer.status, await answer.read(), answer.headers


# --- drawn ------------------------------------------------------------------------------------------------------------


async def test_A02_the_slip_follows_as_a_picture_and_as_a_pdf_when_asked(town: Town, citizen: Somebody) -> None:
    """The words come at once, then the picture, for her alone; the PDF on her tap; asked again, the same letter."""
    await bring(town)
    await looks_up(citizen, READY)
    citizen.sees(f"Người nộp: {citizen.shown('Nguyễn Thị Bích')}.", "Ông/bà có cần xem thêm gì nữa không ạ?")
    await arrived(citizen)
    citizen.sees("phiếu hẹn bằng ảnh", "không thay giấy hẹn có dấu")
    assert citizen.buttons() == ["Gửi bản PDF để in"]
    (picture,) = await citizen.pictures()
    assert [each.text for each in zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))] == [READY]
    await citizen.taps("Gửi bản PDF để in")
    assert [raw[:5] for raw in await citizen.documents()] == [b"%PDF-"]
    await looks_up(citizen, READY)
    await arrived(citizen)
    assert await citizen.pictures() == [picture]
    assert len(await town.read(lambda db: db.execute(letter.select()).all())) == 1


@pytest.mark.web_only("how a page fetches what it shows")
async def test_A02_a_slip_is_fetched_by_its_owner_only(steady_town: Town) -> None:
    """Picture and PDF have their types and a name that can be saved; nobody else gets them."""
    await bring(steady_town)
    citizen = await villager(steady_town)
    await looks_up(citizen, READY)
    await arrived(citizen)
    (name,) = citizen.news[-1]["pictures"]
    status, _raw, headers = await fetch(citizen, name)
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert (await fetch(await villager(steady_town), name))[0] == 404
    await citizen.taps("Gửi bản PDF để in")
    (pdf,) = citizen.news[-1]["documents"]
    _status, _raw, headers = await fetch(citizen, pdf)
    assert headers["Content-Disposition"] == f"attachment; filename*=UTF-8''Phi%E1%BA%BFu%20h%E1%BA%B9n%20{READY}.pdf"


@pytest.mark.web_only("Telegram masks, as the next test says")
async def test_A02_the_picture_says_what_the_file_says_and_no_more(steady_town: Town) -> None:
    """Name and procedure, of the phone three digits, what the file lacks left out; nothing of it lies in clear."""
    town = steady_town
    seen: list[dict[str, Any]] = []
    await bring(town)
    citizen = await villager(town)
    ordered(town, seen)
    await looks_up(citizen, PRIVATE)
    await arrived(citizen)
    (said,) = seen
    assert {name: value for name, value in said.items() if value} == {
        "office": "Ủy ban nhân dân xã Suối Lành",
        "desk": "Trung tâm Phục vụ hành chính công xã Suối Lành",
        "code": PRIVATE,
        "applicant": "Nguyễn Thị Bích",
        "address": said["address"],
        "phone": "*** *** 678",
        "subject": MARRIAGE,
        "received": "thứ Hai, 02/11/2026",
        "due": ["thứ Năm, 26/11/2026"],
        "place": "Quầy 3",
        "officer": "Lê Văn An",
        "as_of": "9 giờ, thứ Năm, 26/11/2026",
    }
    rows = await town.read(lambda db: db.execute(letter.select()).mappings().all())
    assert [(row["state"], row["data"]) for row in rows] == [("drawn", None)]
    kept = await town.read(lambda db: db.execute(files.file.select()).all())
    assert "Bích" not in repr(rows)
    assert PRIVATE not in repr(kept)


def ordered(town: Town, seen: list[dict[str, Any]]) -> None:
    """Let a test see what is drawn."""
    inner = town.service.drawer._draw

    async def draw(taken: Any) -> Any:
        seen.append(taken.data)
        return await inner(taken)

    town.service.drawer._draw = draw


async def test_A02_on_a_channel_abroad_the_name_is_masked_in_the_picture_too(steady_town: Town) -> None:
    """The same function masks words and picture; the reader knows her own initials."""
    town, seen = steady_town, []
    await bring(town)
    citizen = await villager(town)
    here = (await citizen.address()).channel
    town.app.place.capabilities[here] = replace(town.app.place.capabilities[here], masks=True)
    ordered(town, seen)
    await looks_up(citizen, READY)
    citizen.sees("Người nộp: N. T. B.")
    citizen.sees_not("Bích")
    await arrived(citizen)
    assert (seen[0]["applicant"], seen[0]["address"]) == ("N. T. B", "")


@pytest.mark.parametrize(
    "row",
    [
        Row(2, READY, status=10, received_at=day(2), due_at=day(27)),
        Row(2, READY, received_at=None, due_at=day(27)),
        Row(2, READY, received_at=day(2), due_at=None),
        Row(2, READY, received_at=day(2), due_at=day(27), applicant="Nguyễn " * 80),
    ],
    ids=["handed over", "no day received", "no day promised", "a name of 500 letters"],
)
async def test_without_what_a_slip_must_say_there_is_none(steady_town: Town, row: Row) -> None:
    """The words still come, without a promise of a picture."""
    await bring(steady_town, [row])
    citizen = await villager(steady_town)
    await looks_up(citizen, READY)
    citizen.sees("Người nộp: ", "Ông/bà có cần xem thêm gì nữa không ạ?")
    assert await steady_town.read(lambda db: db.execute(letter.select()).all()) == []


async def test_a_slip_that_cannot_be_drawn_is_told_kindly(steady_town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """An apology with a reference; the words above are complete; asked again, it has another chance."""
    town = steady_town
    await bring(town)
    citizen = await villager(town)
    inner = town.service.drawer._draw

    async def fails(taken: Any) -> Any:
        raise Undrawable("the text “Bích” could not be displayed")

    monkeypatch.setattr(town.service.drawer, "_draw", fails)
    await looks_up(citizen, READY)
    await arrived(citizen)
    citizen.sees("chưa làm được phiếu hẹn bằng ảnh. (Mã tra cứu: ", "Phần chữ ở trên đã đủ thông tin.")
    monkeypatch.setattr(town.service.drawer, "_draw", inner)
    await looks_up(citizen, READY)
    await arrived(citizen)
    assert await citizen.pictures()


async def test_an_old_pdf_button_is_answered_for_its_owner_only(steady_town: Town) -> None:
    """Somebody else's token, one of nothing, and one whose file was pruned: the same sentence."""
    town = steady_town
    await bring(town)
    citizen, other = await villager(town), await villager(town)
    await looks_up(citizen, READY)
    await arrived(citizen)
    token = citizen.button("Gửi bản PDF để in")["token"]
    for person, given in ((other, token), (citizen, "#letter-pdf:999"), (citizen, "#letter-pdf:x")):
        await person.does(kind="tap", text="Gửi bản PDF để in", token=given)
        person.sees("phiếu này không còn lưu ở đây")
        assert not person.news[-1]["documents"]
    await town.write(lambda db: files.lose(db, list(db.scalars(select(files.file.c.name)))))
    await citizen.does(kind="tap", text="Gửi bản PDF để in", token=token)
    citizen.sees("phiếu này không còn lưu ở đây")


# --- read -------------------------------------------------------------------------------------------------------------


async def test_L15_a_picture_at_the_lookup_is_read(town: Town, citizen: Somebody) -> None:
    """At the question, and outside any talk: the QR code of the slip is looked up, as if she had typed it."""
    await bring(town)
    await citizen.says("tra cứu hồ sơ")
    citizen.sees("gửi ảnh chụp rõ mã vuông")
    await citizen.sends("photo", qr(READY), "image/jpeg")
    citizen.sees(f"Hồ sơ {READY}: Đăng ký khai sinh.", "Tình trạng: đã có kết quả.")
    town.clock.advance(timedelta(minutes=1))
    await citizen.sends("photo", qr(f"https://dichvucong.example/tra-cuu?ma={LATE}"), "image/jpeg")
    citizen.sees(LATE, "thành thật xin lỗi")
    town.clock.advance(timedelta(minutes=1))
    await citizen.sends("photo", photo(), "image/jpeg", text=f"mã {READY} ạ")
    citizen.sees(f"Hồ sơ {READY}: Đăng ký khai sinh.")


async def test_L15_a_picture_without_a_code_is_offered_to_a_clerk(town: Town, citizen: Somebody) -> None:
    """She is told so, may photograph it again or type; one tap, or two, opens one request with the picture."""
    await bring(town)
    await citizen.says("tra cứu hồ sơ")
    await citizen.sends("photo", photo(), "image/jpeg")
    citizen.sees("chưa đọc được mã hồ sơ trong ảnh", "chụp gần và rõ mã vuông")
    assert citizen.buttons()[-2:] == ["Gửi cho cán bộ xem", "Tra cứu hồ sơ"]
    button = citizen.button("Gửi cho cán bộ xem")
    for _time in range(2):
        await citizen.does(kind="tap", text=button["label"], token=button["token"])
        citizen.sees("số 1", "trước 9 giờ 30")
    clerk = await official(town)
    await clerk.looks()
    card = [each for each in clerk.heard if each["card"] and each["card"].startswith("request:")][-1]
    assert len(card["pictures"]) == 1
    assert "Nhờ cán bộ xem giúp ảnh hoặc tệp gửi kèm." in card["text"]
    assert (await fetch(clerk, card["pictures"][0]))[0] == 200


async def test_L15_several_codes_are_asked_about_and_other_files_are_offered(steady_town: Town) -> None:
    """Two slips in one picture: she chooses; a PDF, or a picture outside any talk: thanks, and what could be done."""
    await bring(steady_town)
    citizen = await villager(steady_town)
    await citizen.sends("photo", qr(f"{READY} {LATE}"), "image/jpeg")
    citizen.sees("Trong ảnh có nhiều mã hồ sơ.")
    await citizen.taps(LATE)
    citizen.sees(LATE, "thành thật xin lỗi")
    await citizen.says("/tracuu")
    await citizen.sends("photo", qr(f"{READY} {LATE}"), "image/jpeg")
    assert citizen.buttons()[-2:] == [READY, LATE]
    await citizen.sends("photo", photo(), "image/jpeg")
    citizen.sees("Cảm ơn ông/bà đã gửi.")
    assert citizen.buttons()[-3:] == ["Gửi cho cán bộ xem", "Tra cứu hồ sơ", "Gặp cán bộ"]
    await citizen.says("/tracuu")
    await citizen.sends("file", b"%PDF-1.7 nothing", "application/pdf")
    citizen.sees("chưa đọc được mã hồ sơ")
    await citizen.taps("Gửi cho cán bộ xem")
    citizen.sees("trước")


@pytest.mark.web_only("only a page names files")
async def test_L15_somebody_elses_picture_tells_nothing(steady_town: Town) -> None:
    """Naming another's file in a message neither looks its code up nor sends it to an official."""
    await bring(steady_town)
    citizen, other = await villager(steady_town), await villager(steady_town)
    await citizen.sends("photo", qr(READY), "image/jpeg")
    (name,) = await steady_town.read(lambda db: list(db.scalars(select(files.file.c.name))))
    await other.does(kind="photo", files=[name])
    other.sees_not(READY)
    await other.does(kind="tap", text="Gửi cho cán bộ xem", token=f"#picture:{name}")
    other.sees("tệp này không còn lưu ở đây")


# --- a messenger's pictures come after the message --------------------------------------------------------------------


async def sends_later(citizen: Somebody) -> str:
    """A picture whose bytes the provider still has; its name."""
    town = citizen.town
    name = uuid.uuid4().hex

    def expect(db: Connection) -> None:
        (chat,) = set(db.scalars(select(citizens.address.c.sender)))
        who = ("web", "", chat, chat)
        files.expect(db, 1, name, who, "photo", "image/jpeg", 0, "", "source", town.clock.now())

    await town.write(expect)
    await citizen.does(kind="photo", files=[name])
    return name


async def comes(citizen: Somebody, name: str, *codes: str) -> None:
    """The fetcher has it now, and says so as it does (bot.files)."""
    town = citizen.town
    await town.before_message()

    def fetched(db: Connection) -> Work:
        assert files.fetched(db, 1, name, "photo", "image/jpeg", 1, codes)
        chat = db.scalar(select(files.file.c.chat).where(files.file.c.name == name))
        work = Work(db, town.app.place, town.clock.now())
        tell(work, Address("web", "", chat, chat), name, "fetched")
        return work

    town.service._worked(await town.write(fetched))
    await town.settle()
    await citizen.looks()


@pytest.mark.web_only("plays a messenger whose files come late")
async def test_L15_a_picture_that_is_still_fetched_is_waited_for(town: Town, citizen: Somebody) -> None:
    """At the question and outside a talk: a word first, then the look-up, or what could be done with the picture."""
    await bring(town)
    await citizen.says("tra cứu hồ sơ")
    name = await sends_later(citizen)
    citizen.sees("Xin ông/bà chờ một chút ạ.")
    await comes(citizen, name, READY)
    citizen.sees(f"Hồ sơ {READY}: Đăng ký khai sinh.")
    town.clock.advance(timedelta(minutes=1))
    name = await sends_later(citizen)
    citizen.sees("Xin ông/bà chờ một chút ạ.")
    await comes(citizen, name, LATE)
    citizen.sees(LATE, "thành thật xin lỗi")
    town.clock.advance(timedelta(minutes=1))
    await comes(citizen, await sends_later(citizen))
    citizen.sees("Cảm ơn ông/bà đã gửi.")
    assert citizen.buttons() == ["Gửi thành phản ánh", "Gửi cho cán bộ xem", "Tra cứu hồ sơ", "Gặp cán bộ"]


@pytest.mark.web_only("plays a messenger whose files come late")
async def test_L15_what_goes_to_a_person_is_not_asked_about(steady_town: Town) -> None:
    """While an official is there, a picture is for him; kept for an unfinished talk, it waits with that."""
    citizen = await villager(steady_town)
    await citizen.says("tra cứu hồ sơ")
    await steady_town.later(hours=3)
    await citizen.looks()
    name = await sends_later(citizen)
    citizen.sees("còn làm dở")
    await comes(citizen, name)
    assert citizen.news == []
    await citizen.says("0")
    await citizen.says("hỏi chút")
    await citizen.says("bỏ qua")
    name = await sends_later(citizen)
    await comes(citizen, name)
    citizen.sees_not("Cảm ơn ông/bà đã gửi.")
