"""Key messages heard in her own language, once all ten have been recorded (L12)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import clips, sample
from bot.commands.check import check
from storage import citizens, erasures
from tests import town as towns
from tests.catalogs import ROOT
from tests.conftest import BOTH, CHANNELS
from tests.sounds import M4A, MP3, OPUS, heard, played
from tests.town import START, ZALO, Databases, Somebody, Town

READY, LATE, _PRIVATE = sample.demo_codes(START.date())


def record(folder: Path, language: str, keys: object = clips.KEYS, raw: bytes = OPUS, ending: str = ".ogg") -> None:
    """Clips of a language, each with bytes of its own."""
    into = folder / "data" / "clips" / language
    into.mkdir(parents=True, exist_ok=True)
    for key in keys:  # type: ignore[attr-defined]
        (into / f"{key}{ending}").write_bytes(raw + key.encode())


@pytest.fixture(params=[f"{kind}-{on}" for kind in BOTH for on in CHANNELS])
async def town(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[Town]:
    """A commune with all clips in Tày, and nine in Nùng; villagers on both channels, both databases."""
    kind, channel = request.param.split("-")
    record(tmp_path, "tay")
    record(tmp_path, "Nùng", list(clips.KEYS)[:-1])
    async with towns.of_the_sample(databases, kind, tmp_path, channel) as made:
        yield made


async def hears(citizen: Somebody, *keys: str) -> None:
    """The last action brought these clips, after words."""
    assert citizen.text.strip()
    assert await heard(citizen) == [played(citizen, OPUS + key.encode()) for key in keys]


@pytest.mark.heard("recordings that somebody plays")
async def test_L12_a_language_is_offered_only_when_all_its_clips_exist(town: Town, citizen: Somebody) -> None:
    """Tày has all ten, Nùng lacks one: only Tày stands on the voice offer and on the list."""
    await citizen.sends("voice", OPUS, "audio/ogg")
    labels = citizen.buttons()
    assert [each for each in labels if "Nghe" in each] == ["Nghe tiếng Tày"]
    await hears(citizen)
    await citizen.says("/nghe")
    assert citizen.buttons() == ["Nghe tiếng Tày"]
    await citizen.says("nghe tiếng nùng")
    citizen.sees_not("có thêm lời đọc")
    await citizen.says("/nghe tiếng Tày")
    citizen.sees("có thêm lời đọc tiếng Tày")


@pytest.mark.heard("recordings that somebody plays")
async def test_L12_what_she_has_chosen_is_heard_after_the_words(town: Town, citizen: Somebody) -> None:
    """One tap; then greeting, look-up, promise, hours carry their clip, the words stay; “Tiếng Việt” ends it."""
    await citizen.sends("voice", OPUS, "audio/ogg")
    await citizen.taps("Nghe tiếng Tày")
    citizen.sees("có thêm lời đọc tiếng Tày", "Muốn thôi nghe")
    assert citizen.buttons() == ["Tiếng Việt"]
    await citizen.says("xin chào")
    citizen.sees("Xin chào ông/bà")
    await hears(citizen, "greeting")
    await citizen.says("giờ làm việc")
    citizen.sees("đang mở cửa")
    await hears(citizen, "hours")
    await citizen.says(READY.code)
    await hears(citizen, "ready")
    await citizen.says(LATE.code)
    citizen.sees("xin lỗi")
    await hears(citizen, "late")
    await citizen.says("0")
    await hears(citizen, "person")
    await citizen.says("hỏi đất")
    await citizen.says("bỏ qua")
    citizen.sees("đã đến cán bộ")
    await hears(citizen, "received", "promise")
    await citizen.sends("voice", OPUS, "audio/ogg")
    await hears(citizen, "promise")
    await town.restart()
    await citizen.says("cháy nhà")
    await hears(citizen, "emergency")
    await citizen.says("tiếng việt")
    citizen.sees("chỉ gửi tin bằng chữ")
    await citizen.says("giờ làm việc")
    await hears(citizen)


@pytest.mark.heard("recordings that somebody plays")
async def test_L12_it_can_be_typed_in_the_middle_of_a_talk(town: Town, citizen: Somebody) -> None:
    """“Nghe tiếng Tày” as a whole message is no answer to the question, which goes on; other words are."""
    await citizen.says("0")
    await citizen.says("nghe tieng tay")
    citizen.sees("có thêm lời đọc tiếng Tày")
    await citizen.says("nghe tiếng súng nổ trong rừng")
    citizen.sees("thôn nào")
    other = await towns.villager(town)
    await other.says("giờ làm việc")
    await hears(other)


@pytest.mark.heard("recordings that somebody plays")
async def test_L12_a_notice_nobody_asked_for_is_heard_too(town: Town, citizen: Somebody) -> None:
    """When an official is late with an emergency, what she is told by the clock carries its clip."""
    await citizen.says("nghe tiếng Tày")
    await citizen.says("có tai nạn ở ngã ba")
    await hears(citizen, "emergency")
    await town.later(minutes=5)
    await citizen.looks()
    citizen.sees("chưa cán bộ nào thấy tin")
    await hears(citizen, "emergency")


@pytest.mark.heard("recordings that somebody plays")
async def test_L12_a_clip_that_has_gone_means_words_alone(town: Town, citizen: Somebody, tmp_path: Path) -> None:
    """The words come whatever has become of the recordings; the next time nothing is offered."""
    await citizen.says("nghe tiếng Tày")
    for each in (tmp_path / "data" / "clips" / "tay").iterdir():
        each.unlink()
    await citizen.says("giờ làm việc")
    citizen.sees("đang mở cửa")
    await town.restart()
    await citizen.says("giờ làm việc")
    citizen.sees("đang mở cửa")
    await hears(citizen)
    token = citizen.button("Tiếng Việt")["token"]
    await citizen.does(kind="tap", text="Tiếng Việt", token=token)
    citizen.sees("chỉ gửi tin bằng chữ")
    await citizen.says("/nghe")
    citizen.sees("chưa có lời đọc bằng tiếng dân tộc")
    await citizen.does(kind="tap", text="Nghe tiếng Tày", token="#hear:0123456789ab")
    citizen.sees("Lời đọc này hiện không còn ở đây")


@pytest.mark.heard("recordings that somebody plays")
async def test_whoever_is_forgotten_is_asked_again_for_her_language(town: Town, citizen: Somebody) -> None:
    """The choice is part of what is kept about her, is told as such and goes with it."""
    await citizen.says("nghe tiếng Tày")
    at = await citizen.address()
    her = await town.read(citizens.find, 1, at.channel, at.account, at.sender)
    assert her.spoken_language == "tay"
    assert (await town.read(citizens.export, 1, her.id))["citizen"]["spoken_language"] == "tay"
    await citizen.says("0")
    await citizen.says("hỏi đất")
    await citizen.says("bỏ qua")
    kept = await town.write(erasures.forget, 1, her.id, town.clock.now())
    assert kept.kept  # her request is still being answered, and she stays for that alone
    await citizen.says("giờ làm việc")
    await hears(citizen)


# --- the folder -------------------------------------------------------------------------------------------------------


def test_each_sentence_with_a_clip_is_one_that_is_said() -> None:
    """A sentence that was changed where it is said is changed here, too."""
    said = [
        path.read_text("utf-8") for room in ("handlers", "messages") for path in (ROOT / room).rglob("*.py")
    ]  # fmt: skip
    sentences = [each.id for several in clips.KEYS.values() for each in several]
    assert [each for each in sentences if not any(each in text for text in said)] == []
    assert len(clips.KEYS) == 10


def test_mp3_and_m4a_are_clips_too(tmp_path: Path) -> None:
    """Whatever a telephone records; found by their key, with what they are."""
    first, *rest = clips.KEYS
    record(tmp_path, "dao", [first], MP3, ".mp3")
    record(tmp_path, "dao", rest, M4A, ".m4a")
    found = clips.find(tmp_path / "data", f"dao/{first}")
    assert found is not None
    assert found[1] == "audio/mpeg"
    assert clips.Clips(tmp_path / "data").offered == {"dao": "Dao"}


def test_nothing_outside_the_folder_is_a_clip(tmp_path: Path) -> None:
    """A name leads to one of the ten keys of a language, or nowhere."""
    record(tmp_path, "tay")
    for name in ("tay/../../secret", "../tay/greeting", "tay/other", "nung/greeting", "greeting", "tay/", ""):
        assert clips.find(tmp_path / "data", name) is None
    assert clips.find(tmp_path / "nowhere", "tay/greeting") is None


def test_a_folder_that_changes_is_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clip that is added or taken away counts from the next look on, without a restart."""
    monkeypatch.setattr(clips, "LOOK_AGAIN", 0.0)
    mine = clips.Clips(tmp_path / "data")
    assert mine.offered == {}
    record(tmp_path, "tay")
    assert mine.offered == {"tay": "Tày"}
    (tmp_path / "data" / "clips" / "tay" / "late.ogg").write_bytes(b"no recording")
    assert mine.offered == {}


def test_L12_check_names_languages_whose_clips_are_incomplete(tmp_path: Path) -> None:
    """Which clips are missing, which files are no recordings, too large, or none of the ten; a whole set is silent."""
    settings, said = towns.settings(tmp_path / "data"), list[str]()
    folder = settings.data_dir / "clips"
    for language, keys in (("tay", list(clips.KEYS)), ("nung", list(clips.KEYS)[2:])):
        (folder / language).mkdir(parents=True)
        for key in keys:
            (folder / language / f"{key}.ogg").write_bytes(OPUS)
    (folder / "nung" / "late.ogg").write_bytes(b"OggS, but Vorbis")
    (folder / "nung" / "hours.mp3").write_bytes(MP3 + bytes(clips.MOST_BYTES))
    (folder / "nung" / "gio-lam-viec.ogg").write_bytes(OPUS)
    check(settings, said.append)
    text = "\n".join(said)
    assert "tiếng Tày" not in text
    assert "Chưa mời nghe tiếng Nùng: còn thiếu greeting.ogg, in-progress.ogg, late.ogg." in text
    assert "tệp late.ogg không phải lời ghi âm" in text
    assert "tệp hours.mp3 nặng hơn 1 MB" in text
    assert "tệp gio-lam-viec.ogg không phải tên" in text


# --- who hears hers ---------------------------------------------------------------------------------------------------


async def test_L12_where_no_recording_can_be_played_none_is_offered(databases: Databases, tmp_path: Path) -> None:
    """On Zalo the clips are not spoken of; her own voice note is passed on as everywhere."""
    record(tmp_path, "tay")
    async with towns.of_the_sample(databases, "sqlite", tmp_path, ZALO) as town:
        citizen = await towns.villager(town)
        await citizen.sends("voice", OPUS, "audio/ogg")
        assert citizen.buttons()[0].startswith("Nhờ nghe")
        assert "Nghe tiếng Tày" not in citizen.buttons()
        await citizen.says("/nghe")
        citizen.sees("chưa có")


@pytest.mark.web_only("it is about the office, not about her channel")
async def test_L12_who_hears_which_language_is_said_in_chat(town: Town, citizen: Somebody) -> None:
    """The clerk names a listener, with or without the word "tiếng"; her language is offered at once, then no more."""
    official, listener = await towns.official(town), await towns.official(town, "Hoàng Đức Lâm")

    async def change(languages: str) -> None:
        await official.says("/thongtinxa")
        await official.taps("Cán bộ nghe được tiếng nào")
        await official.taps("Hoàng Đức Lâm")
        await official.says(languages)
        await official.taps("Đúng, sửa đi")

    await change("Dao, tiếng Mông")
    await citizen.sends("voice", OPUS, "audio/ogg")
    assert "Nhờ nghe, tôi nói tiếng Mông" in citizen.buttons()
    await citizen.taps("tiếng Dao")
    await listener.looks()
    listener.sees("lời nói bằng tiếng Dao")
    await listener.taps("Mở")
    assert len(listener.news[0]["documents"]) == 1
    await change("bỏ qua")
    other = await towns.villager(town)
    await other.sends("voice", OPUS, "audio/ogg")
    assert "Nhờ nghe, tôi nói tiếng Dao" not in other.buttons()
    assert "Nhờ nghe, tôi nói tiếng Tày" in other.buttons()
