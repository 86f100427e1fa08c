"""The closed page over real HTTP: by post and not name, once, closed at once, read after a PIN, asked by a code."""

import io
import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image
from sqlalchemy import Connection, select

from storage import officials, sealed
from tests import town as towns
from tests.bot.channels.desk import desk
from tests.town import Databases, Person, Town

WORDS = "Kế toán lấy mười bảy triệu quỹ khuyến học ở cây đa"
PIN = "246802"


@pytest.fixture
async def town(databases: Databases, tmp_path: Path) -> AsyncIterator[Town]:
    async with desk(databases, tmp_path) as made:
        yield made


async def reader(town: Town, place: int = 1, name: str = "Đọc Một", post: str = "Chánh thanh tra xã") -> Person:
    """A named reader, signed in at /office."""

    def invite(db: Connection) -> str:
        code = officials.invite(db, 1, name, post, "official", ("read-sealed",), None, town.clock.now())
        person = next(each for each in officials.active(db, 1) if each.name == name)
        sealed.name_reader(db, 1, person.id, place, "12/QĐ-UBND", date(2026, 11, 2), person.id, town.clock.now())
        return code

    code = await town.write(invite)
    async with town.http.post("/office/api/enter", json={"invitation": code}) as answer:
        assert answer.status == 200, await answer.text()
        cookie = answer.cookies["gandan_office"].value
    town.http.cookie_jar.clear()
    return Person(town, base="/office/api", headers={"X-Office": "1", "Cookie": f"gandan_office={cookie}"})


async def link(town: Town) -> str:
    """A fresh link, as it is told on the page."""
    back = ("web", "", "chat-of-hers", "chat-of-hers")
    return f"/kin/{await town.write(sealed.new_token, 1, back, town.clock.now())}"


async def ask(town: Town, method: str, path: str, **more: Any) -> tuple[int, str, Any]:
    async with town.http.request(method, path, allow_redirects=False, **more) as answer:
        return answer.status, await answer.text(), answer.headers


def form(post: str = "official", lane: str = "accusation", text: str = WORDS, **more: Any) -> aiohttp.FormData:
    """What her phone sends: plain fields and files, no script."""
    made = aiohttp.FormData(default_to_multipart=True)
    for name, value in ({"post": post, "lane": lane, "text": text} | more).items():
        if isinstance(value, bytes):
            made.add_field("files", value, filename=name, content_type="image/jpeg")
        else:
            made.add_field(name, value)
    return made


async def send(town: Town, path: str, **fields: Any) -> tuple[str, str]:
    """Number and secret code of what was sent."""
    status, page, _headers = await ask(town, "POST", path, data=form(**fields))
    assert status == 200
    number, code = re.findall(r"<code>(.*?)</code>", page)
    return number, code


async def opens(town: Town, who: Person, pin: str = PIN) -> dict[str, str]:
    """The reader's cookies after his PIN."""
    status, page, headers = await ask(town, "POST", "/office/kin", data={"pin": pin}, headers=who.headers)
    assert status == 303, page
    fresh = re.search(r"gandan_kin=([^;]+)", headers["Set-Cookie"])
    assert fresh is not None
    return who.headers | {"Cookie": f"{who.headers['Cookie']}; gandan_kin={fresh[1]}"}


async def test_L29_she_is_asked_by_post_and_what_she_writes_is_read_after_a_pin(town: Town) -> None:
    """The whole way: post, words, receipt, reading, outcome, her code."""
    who, path = await reader(town), await link(town)
    status, page, headers = await ask(town, "GET", path)
    assert status == 200
    for post in ("Chủ tịch hoặc Phó Chủ tịch UBND xã", "Chánh thanh tra xã", "Trưởng thôn"):
        assert post in page
    assert "<script" not in page
    assert "Đọc Một" not in page
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    status, page, _headers = await ask(town, "POST", path, data={"post": "official", "lane": "accusation"})
    assert "textarea" in page
    assert "nguồn tin" in page
    number, code = await send(town, path, reach="Bà Hai, 0912 345 678")
    status, page, _headers = await ask(town, "POST", "/kin", data={"number": number, "code": code})
    assert "chưa có ai đọc" in page
    assert "mười bảy" not in page
    status, page, _headers = await ask(town, "GET", "/office/kin", headers=who.headers)
    assert "PIN" in page
    assert number not in page
    fresh = await opens(town, who)
    status, page, _headers = await ask(town, "GET", "/office/kin", headers=fresh)
    assert number in page
    assert "Cán bộ, công chức khác" in page
    assert "mười bảy" not in page
    item = int(number.removeprefix("TN-"))
    status, page, headers = await ask(town, "GET", f"/office/kin/{item}", headers=fresh)
    assert WORDS in page
    assert "Bà Hai" in page
    assert headers["Cache-Control"] == "no-store"
    done = {"outcome": "Đã lập tổ xác minh", "moved": ""}
    status, page, _headers = await ask(town, "POST", f"/office/kin/{item}", data=done, headers=fresh)
    assert status == 200
    status, page, _headers = await ask(town, "POST", "/kin", data={"number": number, "code": code})
    assert "Đã lập tổ xác minh" in page
    looked = await town.read(sealed.looked, 1, item)
    assert [(name, what) for name, what, _at in looked] == [("Đọc Một", "opened"), ("Đọc Một", "answered")]


async def test_L28_a_link_is_for_once_and_opening_it_uses_nothing_up(town: Town) -> None:
    """A messenger that fetches a preview costs her nothing; whoever sends twice is told that it is over."""
    await reader(town)
    path = await link(town)
    for _each in range(3):
        assert (await ask(town, "GET", path))[0] == 200
    await send(town, path)
    status, page, _headers = await ask(town, "POST", path, data=form(text="lần hai"))
    assert status == 404
    assert "đã dùng" in page
    old = await link(town)
    town.clock.advance(sealed.TOKEN_HOURS)
    assert (await ask(town, "GET", old))[0] == 404


async def test_L28_about_the_chairman_nothing_is_kept(town: Town) -> None:
    """The provincial address, and neither words nor a token used up."""
    await reader(town)
    path = await link(town)
    status, page, _headers = await ask(town, "POST", path, data=form(post="head"))
    assert status == 200
    assert "Chủ tịch UBND tỉnh" in page
    assert await town.read(sealed.waiting, 1) == []


async def test_L29_the_reader_it_concerns_sees_nothing_of_it(town: Town) -> None:
    """Not in his list, not by its number, not its file; the other one reads it."""
    first, second = await reader(town), await reader(town, 2, "Đọc Hai", "Trưởng ban tư pháp")
    number, _code = await send(town, await link(town), post="reader1")
    item = number.removeprefix("TN-").lstrip("0")
    one, two = await opens(town, first), await opens(town, second, "135791")
    assert number not in (await ask(town, "GET", "/office/kin", headers=one))[1]
    assert (await ask(town, "GET", f"/office/kin/{item}", headers=one))[0] == 404
    assert WORDS in (await ask(town, "GET", f"/office/kin/{item}", headers=two))[1]


async def test_L29_when_the_only_reader_is_concerned_nothing_is_taken(town: Town) -> None:
    """She is told so before she writes in vain."""
    await reader(town)
    status, page, _headers = await ask(town, "POST", await link(town), data=form(post="reader1"))
    assert status == 200
    assert "không còn người nào" in page
    assert await town.read(sealed.waiting, 1) == []


async def test_L28_files_lie_closed_on_disk_without_the_place_they_were_taken(town: Town, tmp_path: Path) -> None:
    """Bytes on disk are unreadable, names are random, EXIF is gone; a reader gets the picture back."""
    who, raw = await reader(town), io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "nhà bà Hai thôn Suối"
    Image.new("RGB", (40, 30), "red").save(raw, "JPEG", exif=exif)
    await send(town, await link(town), **{"anh-nha-toi.jpg": raw.getvalue()})
    folder = tmp_path / "data" / "sealed"
    (name,) = [each.name for each in folder.iterdir()]
    on_disk = (folder / name).read_bytes()
    assert b"JFIF" not in on_disk
    assert not on_disk.startswith(b"\xff\xd8")
    fresh = await opens(town, who)
    async with town.http.get(f"/office/kin/file/{name}", headers=fresh) as answer:
        shown = await answer.read()
        assert "no-store" in answer.headers["Cache-Control"]
    assert shown.startswith(b"\xff\xd8")
    assert "Suối".encode() not in shown
    assert (await ask(town, "GET", f"/api/files/{name}"))[0] == 401
    assert (await ask(town, "GET", f"/office/api/files/{name}", headers=who.headers))[0] == 404


async def test_L28_five_wrong_pins_lock_it_and_a_pin_opens_for_minutes_only(town: Town) -> None:
    """The office's cookie alone opens nothing."""
    who = await reader(town)
    fresh = await opens(town, who)
    town.clock.advance(sealed.FRESH)
    assert "type=\"password\"" in (await ask(town, "GET", "/office/kin", headers=fresh))[1]
    for _each in range(5):
        status, page, _headers = await ask(town, "POST", "/office/kin", data={"pin": "000000"}, headers=who.headers)
        assert status == 200
    assert "tạm khóa" in page
    assert (await ask(town, "POST", "/office/kin", data={"pin": PIN}, headers=who.headers))[0] == 200


async def test_L29_whoever_is_removed_loses_the_open_page_too(town: Town) -> None:
    """In the middle of his minutes."""
    who = await reader(town)
    await send(town, await link(town))
    fresh = await opens(town, who)
    person = next(each for each in await town.read(officials.active, 1) if each.name == "Đọc Một")
    await town.write(sealed.leave, 1, person.id)
    town.service.web.door._known.clear()
    assert (await ask(town, "GET", "/office/kin", headers=fresh))[0] == 401
    wraps = await town.read(lambda db: db.execute(select(sealed.sealed_wrap.c.holder)).scalars().all())
    assert sorted(wraps) == ["code", "spare"]


async def test_L29_nobody_else_reads_not_even_the_clerk(town: Town) -> None:
    """A clerk's office session opens nothing; a foreign page can send nothing in a reader's name."""
    who, clerk = await reader(town), await towns.official(town)
    await send(town, await link(town))
    for path in ("/office/kin", "/office/kin/1"):
        assert (await ask(town, "GET", path, headers=clerk.headers))[0] == 404
    foreign = who.headers | {"Origin": "https://xau.example"}
    assert (await ask(town, "POST", "/office/kin", data={"pin": PIN}, headers=foreign))[0] == 403


async def test_the_page_says_kindly_what_is_missing_or_too_much(town: Town) -> None:
    """Nothing chosen, nothing written, too many files, a wrong code: a sentence, and her words are still there."""
    await reader(town)
    path = await link(town)
    assert "chọn một câu trả lời" in (await ask(town, "POST", path, data={"lane": "crime"}))[1]
    assert "viết nội dung" in (await ask(town, "POST", path, data=form(text="  ")))[1]
    many = {f"{n}.jpg": b"x" for n in range(6)}
    assert (await ask(town, "POST", path, data=form(**many)))[0] == 413
    assert WORDS in (await ask(town, "POST", path, data=form(**{"a.heic": b"\x00\x00\x00\x18ftypheic"})))[1]
    wrong = {"number": "TN-9999", "code": "AAAA"}
    assert "chưa khớp" in (await ask(town, "POST", "/kin", data=wrong))[1]
    assert "chưa khớp" in (await ask(town, "POST", "/kin", data=b"x", headers={"Content-Type": "image/png"}))[1]
    assert (await ask(town, "GET", "/kin"))[0] == 200
