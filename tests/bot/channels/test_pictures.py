"""Files people send: pictures without place or time, no identity cards, nothing too large, nobody else's."""

import io
from pathlib import Path

import aiohttp
import pytest
import segno
import zxingcpp
from PIL import Image
from sqlalchemy import func, select
from yarl import URL

from bot.channels import pictures
from bot.files import MOST_BYTES
from storage.files import file
from tests import town as towns
from tests.bot.channels.desk import ask, desk, vietnamese
from tests.town import Databases, Person, Town

pytestmark = pytest.mark.web_only("what a page uploads")

ORIENTATION, GPS, MADE_BY = 0x0112, 0x8825, 0x010F
CARD = "012345678901|123456789|Nguyễn Văn Mẫu|01011990|Nam|Thôn Mẫu|01012021"
"""The form of an identity card's QR code; the holder is made up."""


@pytest.fixture
async def town(databases: Databases, tmp_path: Path):
    async with desk(databases, tmp_path) as town:
        yield town


@pytest.fixture
async def citizen(town: Town) -> Person:
    return await towns.villager(town)


def photo(size: tuple[int, int] = (400, 200), kind: str = "JPEG", **more: object) -> bytes:
    """A picture, its left half red, its right half blue."""
    picture = Image.new("RGB", size, "blue")
    picture.paste("red", (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def from_a_phone(turned: int = 1) -> bytes:
    """A photo with the place of her home in it."""
    exif = Image.Exif()
    exif[ORIENTATION], exif[MADE_BY] = turned, "Phone of Hoa"
    exif.get_ifd(GPS).update({1: "N", 2: (21.0, 1.0, 40.0), 3: "E", 4: (105.0, 51.0, 14.0)})
    return photo(exif=exif)


def qr(words: str, kind: str = "PNG") -> bytes:
    """A picture with a QR code in it."""
    drawn = io.BytesIO()
    segno.make(words, micro=False).save(drawn, kind="png", scale=6)
    page = Image.new("RGB", (900, 700), "white")
    page.paste(Image.open(drawn).convert("RGB"), (120, 90))
    out = io.BytesIO()
    page.save(out, kind)
    return out.getvalue()


async def upload(person: Person, raw: object, media_type: str = "image/jpeg", name: str = "anh.jpg"):
    headers = person.headers | {"Content-Type": media_type, "X-File-Id": "x", "X-File-Name": name}
    return await ask(person.town, "POST", f"{person.base}/files", data=raw, headers=headers)


async def kept(town: Town) -> tuple[int, int]:
    """Rows of files, and files on disk."""
    rows = await town.read(lambda db: db.execute(select(func.count()).select_from(file)).scalar_one())
    folder = town.settings.data_dir / "files"
    return rows, len(list(folder.iterdir())) if folder.exists() else 0


# --- the picture itself -----------------------------------------------------------------------------------------------


def test_a_photo_loses_where_and_when() -> None:
    """No EXIF at all comes through, least of all the place."""
    raw = from_a_phone()
    assert Image.open(io.BytesIO(raw)).getexif().get_ifd(GPS)
    clean = pictures.clean(raw).jpeg
    made = Image.open(io.BytesIO(clean))
    assert made.format == "JPEG"
    assert not made.getexif()
    assert b"Phone of Hoa" not in clean


@pytest.mark.parametrize(
    ("turned", "size", "red"),
    [(1, (400, 200), (50, 100)), (3, (400, 200), (350, 100)), (6, (200, 400), (100, 50)), (8, (200, 400), (100, 350))],
)
def test_a_photo_stands_upright(turned: int, size: tuple[int, int], red: tuple[int, int]) -> None:
    """The turn that EXIF only noted is made before the note is thrown away."""
    made = Image.open(io.BytesIO(pictures.clean(from_a_phone(turned)).jpeg))
    assert made.size == size
    pixel = made.getpixel(red)
    assert pixel[0] > 200
    assert pixel[2] < 60


@pytest.mark.parametrize(
    ("size", "small"), [((4000, 1000), (2048, 512)), ((100, 5000), (41, 2048)), ((300, 200), (300, 200))]
)
def test_a_photo_is_made_smaller(size: tuple[int, int], small: tuple[int, int]) -> None:
    """At most 2048 pixels a side, its shape kept; a small one is not made larger."""
    assert Image.open(io.BytesIO(pictures.clean(photo(size)).jpeg)).size == small


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_other_kinds_become_jpeg(kind: str) -> None:
    """Whatever phones and scanners make is stored as one kind."""
    assert Image.open(io.BytesIO(pictures.clean(photo(kind=kind)).jpeg)).format == "JPEG"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"hello",
        photo()[:300],
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"<svg/>",
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_what_is_no_picture_is_said_so(raw: bytes) -> None:
    """Nothing, words, half a picture, and kinds whose readers would start programs."""
    with pytest.raises(pictures.NotAPicture):
        pictures.clean(raw)


def test_a_picture_that_would_fill_the_memory_is_not_opened() -> None:
    """A few bytes that claim to be a hundred million pixels are not unpacked."""
    for size in ((10_000, 6_001), (20_000, 20_000)):
        out = io.BytesIO()
        Image.new("1", size).save(out, "PNG")
        with pytest.raises(pictures.NotAPicture):
            pictures.clean(out.getvalue())


@pytest.mark.parametrize("words", [CARD, "012345678901||Trần Thị Mẫu|02021995|Nữ|Thôn Mẫu|01012022"])
def test_an_identity_card_is_known_by_its_code(words: str) -> None:
    """The QR code of an identity card, with or without the old number."""
    with pytest.raises(pictures.IdentityCard):
        pictures.clean(qr(words))


@pytest.mark.parametrize("words", ["https://xa.example/", "H99.33-261125-0001", "012345678901", "0123|456|x|01011990|"])
def test_another_code_is_no_identity_card(words: str) -> None:
    """The QR code of a slip or a page passes."""
    assert pictures.clean(qr(words)).jpeg


# --- over HTTP --------------------------------------------------------------------------------------------------------


async def test_a_photo_is_stored_without_its_place(town: Town, citizen: Person) -> None:
    """What lies on the disk and what the office gets is the cleaned picture."""
    status, body, _headers = await upload(citizen, from_a_phone(6))
    assert (status, body["kind"]) == (200, "photo")
    assert (await kept(town)) == (1, 1)
    on_disk = (town.settings.data_dir / "files" / body["file"]).read_bytes()
    assert not Image.open(io.BytesIO(on_disk)).getexif()
    assert Image.open(io.BytesIO(on_disk)).size == (200, 400)


@pytest.mark.parametrize(
    "media_type", ["image/png", "application/octet-stream", "application/pdf", "audio/mpeg", "nonsense"]
)
async def test_an_identity_card_is_refused(town: Town, citizen: Person, media_type: str) -> None:
    """422 with a sentence, whatever the file calls itself; nothing of it is kept."""
    status, body, _headers = await upload(citizen, qr(CARD), media_type)
    assert status == 422
    assert "căn cước" in body["error"]
    assert (await kept(town)) == (0, 0)


async def test_thirty_megabytes_are_refused_and_the_connection_lives(town: Town, citizen: Person) -> None:
    """413 with a sentence naming the limit; nothing is kept, and the next message passes."""
    status, body, _headers = await upload(citizen, io.BytesIO(b"x" * 30_000_000), "application/pdf")
    assert status == 413
    assert f"{MOST_BYTES // 1_000_000} MB" in body["error"]
    assert vietnamese(body["error"])
    assert (await kept(town)) == (0, 0)
    await citizen.says("Mấy giờ mở cửa?")
    citizen.sees("thứ Hai")


async def test_an_empty_file_is_refused(town: Town, citizen: Person) -> None:
    """422 with a sentence."""
    status, body, _headers = await upload(citizen, b"")
    assert status == 422
    assert vietnamese(body["error"])
    assert (await kept(town)) == (0, 0)


async def test_a_file_that_only_calls_itself_a_picture(town: Town, citizen: Person) -> None:
    """Words named .jpg are kept as a file, byte for byte, and never served as a picture or a page."""
    raw = b"<script>alert(1)</script>"
    status, body, _headers = await upload(citizen, raw, "image/jpeg", "anh.jpg")
    assert (status, body["kind"]) == (200, "file")
    async with town.http.get(f"/api/files/{body['file']}", headers=citizen.headers) as answer:
        assert await answer.read() == raw
        assert answer.content_type == "application/octet-stream"


async def test_a_voice_note_stays_one(citizen: Person) -> None:
    """Sound is kept as it is."""
    status, body, _headers = await upload(citizen, b"ID3 sound", "audio/mpeg", "ghi.mp3")
    assert (status, body["kind"]) == (200, "voice")


async def test_only_the_sender_and_officials_can_fetch_it(town: Town, citizen: Person) -> None:
    """Another villager who knows the id gets 404; nobody without a session gets anything."""
    name = (await upload(citizen, photo()))[1]["file"]
    other, official = await towns.villager(town), await towns.official(town)
    for person, wanted in ((citizen, 200), (official, 200), (other, 404)):
        status, _body, headers = await ask(town, "GET", f"{person.base}/files/{name}", headers=person.headers)
        assert status == wanted
        if wanted == 200:
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Content-Disposition"] == "attachment"
            assert "no-store" in headers["Cache-Control"]
            assert headers["Content-Type"] == "image/jpeg"
    assert (await ask(town, "GET", f"/api/files/{name}"))[0] == 401
    assert (await ask(town, "GET", f"/office/api/files/{name}", headers={"X-Office": "1"}))[0] == 401


@pytest.mark.parametrize(
    "name", ["0" * 32, "..%2f..%2fsecret.key", "%00", "%2e%2e", "x" * 3000, "gandan.db", "%ed%a0%80", "0" * 31 + "%2f"]
)
async def test_guessing_names_finds_nothing(town: Town, citizen: Person, name: str) -> None:
    """404 for a villager and for an official, whatever the name looks like."""
    (town.settings.data_dir / "files").mkdir(exist_ok=True)
    for person in (citizen, await towns.official(town)):
        exactly = URL(f"http://127.0.0.1:{town.service.port}{person.base}/files/{name}", encoded=True)
        async with aiohttp.request("GET", exactly, headers=person.headers) as answer:
            assert answer.status == 404


async def test_a_picture_sent_to_a_person_reaches_the_card(town: Town, citizen: Person) -> None:
    """The photo a villager sends to the office stands on the card and opens there."""
    await citizen.says("0")
    await citizen.says("Ổ gà trước chợ")
    await citizen.says("bỏ qua")
    await citizen.sends("photo", photo(), "image/jpeg")
    official = await towns.official(town)
    await official.looks()
    (name,) = next(each for each in official.news if each["card"])["pictures"]
    assert (await ask(town, "GET", f"/office/api/files/{name}", headers=official.headers))[0] == 200


async def test_a_picture_that_cannot_be_opened_is_refused(town: Town, citizen: Person) -> None:
    """A HEIC picture could keep the place of her home, so it is not stored and she is told what to send instead."""
    raw = b"\0\0\0\x18ftypheic" + b"\0" * 200
    async with town.http.post(
        "/api/files", data=raw, headers=citizen.headers | {"Content-Type": "image/heic"}
    ) as answer:
        assert answer.status == 422
        assert "chụp màn hình" in (await answer.json())["error"]
    assert await town.read(lambda db: db.execute(select(func.count()).select_from(file)).scalar_one()) == 0


# --- the slip in a picture (L15) --------------------------------------------------------------------------------------

SLIP = "H55.242-261102-0012"


def bar(words: str) -> bytes:
    """A picture with a bar code in it, as older slips have."""
    drawn = memoryview(zxingcpp.create_barcode(words, zxingcpp.BarcodeFormat.Code128).to_image(scale=3))
    height, width = drawn.shape[:2]
    page = Image.new("L", (1200, 400), 255)
    page.paste(Image.frombytes("L", (width, height), drawn.tobytes()), (60, 80))
    out = io.BytesIO()
    page.save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (qr(SLIP), (SLIP,)),
        (qr(f"https://dichvucong.example/tra-cuu?ma={SLIP}&x=1"), (SLIP,)),
        (bar(SLIP), (SLIP,)),
        (qr(f"{SLIP}|xã Phước Hữu|Đất đai"), (SLIP,)),
        (qr("h55 242 261102 0012"), (SLIP,)),
        (qr("https://xa.example/gioi-thieu"), ()),
        (qr("x" * 1900), ()),
        (photo(), ()),
    ],
)
def test_L15_a_picture_tells_the_dossier_codes_in_it(raw: bytes, found: tuple[str, ...]) -> None:
    """From a QR or bar code, alone, in an address or among other words; what is no dossier code is none."""
    assert pictures.clean(raw).codes == found
