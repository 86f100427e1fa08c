"""What she sends outside a talk: one offer for an album, a report with one tap, changed messages (L27, L03)."""

import uuid

from bot.turn import Address, Work
from storage import cases, files
from storage.cases import Case
from tests import town as towns
from tests.bot.turns import CHANNEL, VILLAGER, Chats, Said, Who
from tests.handlers.photos import photo, sends
from tests.handlers.test_case_report import FLOODED, NEIGHBOUR, filed, labels, tap, told
from tests.town import Person, Somebody, Town


def reported(chats: Chats, who: Who = VILLAGER) -> Case:
    tap(chats, chats.says(FLOODED, who), "Gửi đi", who)
    return filed(chats)[-1]


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_an_album_of_ten_gets_one_offer_and_one_report(chats: Chats) -> None:
    """Ten pictures: one answer; one tap takes all ten, one question, one number."""
    said = [sends(chats) for _each in range(10)]
    assert [bool(each.bodies) for each in said] == [True, *[False] * 9]
    asked = tap(chats, said[0], "Gửi thành phản ánh")
    assert "việc gì, ở đâu" in asked.text
    look = chats.says(FLOODED)
    assert "gửi kèm: 10" in look.text
    tap(chats, look, "Gửi đi")
    (case,) = filed(chats)
    assert len(told(chats, case).files) == 10


def test_pictures_of_another_hour_are_another_matter(chats: Chats) -> None:
    """Each album has an offer of its own, and its report has only its pictures."""
    first = sends(chats)
    chats.later(minutes=5)
    second = sends(chats)
    assert "Gửi thành phản ánh" in labels(second)
    tap(chats, first, "Gửi thành phản ánh")
    assert "gửi kèm: 1" in chats.says(FLOODED).text


def test_L27_a_picture_with_words_under_it_begins_at_once(chats: Chats) -> None:
    """One message: the look; the rest of the album is taken as it comes."""
    said = sends(chats, text=FLOODED)
    assert "Thôn Suối Trên" in said.text
    said = sends(chats)
    assert "gửi kèm: 2" in said.text
    tap(chats, said, "Gửi đi")
    assert len(told(chats, filed(chats)[0]).files) == 2


def test_a_picture_with_words_about_a_dossier_is_no_report(chats: Chats) -> None:
    assert "Cảm ơn ông/bà đã gửi" in sends(chats, text="giấy hẹn của tôi đây cháu").text


def test_what_follows_a_report_is_added_with_one_tap(chats: Chats) -> None:
    """Words first, the pictures after: to the same number, once; a stranger's number takes nothing."""
    case = reported(chats)
    chats.later(minutes=1)
    said = sends(chats)
    sends(chats)
    assert labels(said)[0] == "Ghi thêm vào PA-0001"
    for _again in range(2):
        assert "PA-0001" in tap(chats, said, "Ghi thêm").text
    (added,) = cases.entries(chats.db, 1, case.id, kinds=("added",))
    assert len(added.files) == 2
    other = photo(chats, NEIGHBOUR)
    assert "không còn lưu" in chats.taps(f"#report-more:{case.id},{other}", NEIGHBOUR).text
    assert "không còn lưu" in chats.taps("#report-more:x,y").text
    chats.later(hours=25)
    assert "Ghi thêm vào PA-0001" not in labels(sends(chats))


def test_L03_a_recording_is_never_added_to_what_others_read(chats: Chats) -> None:
    case = reported(chats)
    chats.later(minutes=1)
    name = photo(chats, kind="voice")
    assert "không còn lưu" in chats.taps(f"#report-more:{case.id},{name}").text


def test_a_button_of_a_picture_that_is_gone(chats: Chats) -> None:
    said = sends(chats)
    chats.later(hours=13)
    assert "không còn lưu" in tap(chats, said, "Gửi thành phản ánh").text


# --- voice and place --------------------------------------------------------------------------------------------------


def test_L03_a_voice_note_becomes_a_report_for_the_receivers(chats: Chats) -> None:
    """Two taps: make a report of it, send it; nobody but the receivers may hear it."""
    said = sends(chats, kind="voice")
    said = tap(chats, said, "Gửi thành phản ánh")
    assert "gửi đi nhé" in said.text
    said = tap(chats, said, "Gửi đi")
    assert "PA-0001" in said.text
    (case,) = filed(chats)
    assert (case.lane, len(told(chats, case).files)) == ("receiver", 1)


def test_a_place_alone_becomes_a_report_of_it(chats: Chats) -> None:
    """One tap, then what it is; no other question."""
    said = chats.does(kind="location", place=[21.0285, 105.8048])
    said = tap(chats, said, "Báo việc ở chỗ này")
    assert "ở đó có việc gì" in said.text
    said = chats.says("đèn đường hỏng")
    assert "kèm vị trí" in said.text
    tap(chats, said, "Gửi đi")
    assert told(chats, filed(chats)[0]).data["place"] == [21.0285, 105.8048]
    assert "muốn báo xã việc gì" in chats.taps("#report-place:north,east").text


def test_a_place_without_coordinates(chats: Chats) -> None:
    """A page that cannot tell where it is, or tells nonsense: the offer is there all the same."""
    for place in (None, [1000, 2], ["a", "b"], [1]):
        said = chats.does(kind="location", place=place)
        assert "muốn báo xã việc gì" in tap(chats, said, "Báo việc ở chỗ này").text
        chats.says("hủy")


# --- changed messages -------------------------------------------------------------------------------------------------


def test_an_edit_after_filing_is_added_with_one_tap(chats: Chats) -> None:
    """The new words are shown; yes adds them, no leaves it."""
    case = reported(chats)
    said = changed(chats, "đường thôn Suối Trên ngập sâu nửa mét")
    assert "Ghi thêm vào PA-0001" in " ".join(labels(said))
    assert "Đã ghi" not in said.text
    tap(chats, said, "Ghi thêm")
    (added,) = cases.entries(chats.db, 1, case.id, kinds=("added",))
    assert added.text == "đường thôn Suối Trên ngập sâu nửa mét"
    said = changed(chats, "đường thôn Suối Trên ngập sâu một mét")
    tap(chats, said, "cứ để như cũ")
    assert len(cases.entries(chats.db, 1, case.id, kinds=("added",))) == 1


def test_L03_an_edit_that_accuses_is_not_added(chats: Chats) -> None:
    case = reported(chats)
    said = changed(chats, "trưởng thôn ăn chặn tiền làm đường")
    assert "Ghi thêm" not in " ".join(labels(said))
    assert cases.entries(chats.db, 1, case.id, kinds=("added",)) == []


def test_an_edit_without_a_report_is_asked_for_anew(chats: Chats) -> None:
    """No case of today, one that is closed, or a talk that is open: as before."""
    assert "gửi lại" in changed(chats, "đường thôn Suối Trên ngập").text
    case = reported(chats)
    said = changed(chats, "đường thôn Suối Trên ngập sâu")
    cases.move(chats.db, 1, case.id, ["open"], "withdrawn")
    assert "khép lại" in tap(chats, said, "Ghi thêm").text
    assert "gửi lại" in changed(chats, "đường thôn Suối Trên ngập sâu").text


def changed(chats: Chats, text: str) -> Said:
    """She has changed a message on a messenger; a page cannot do that, so its event is made up."""
    parse = chats.dispatcher.channels[CHANNEL].parse

    def read(raw: bytes) -> object:
        found = parse(raw)
        return found.__class__("edited", text)

    chats.dispatcher.channels[CHANNEL].parse = read  # type: ignore[method-assign,assignment]
    try:
        return chats.does(kind="text", text=text)
    finally:
        del chats.dispatcher.channels[CHANNEL].parse

def test_the_card_shows_a_picture_once_it_has_come(chats: Chats) -> None:
    """On a messenger the talk ends while the picture is still fetched; then the card is shown anew, not before."""
    name = uuid.uuid4().hex
    who = Address(CHANNEL, VILLAGER.account, VILLAGER.chat, VILLAGER.chat)
    hers = (who.channel, who.account, who.chat, who.sender)
    files.expect(chats.db, 1, name, hers, "photo", "image/jpeg", 10, "", "far away", chats.now)
    chats.says("/phananh")
    chats.does(kind="photo", text=FLOODED, files=[name])
    said = chats.says("1")
    assert "PA-0001" in said.text
    assert told(chats, filed(chats)[0]).files == (name,)
    files.fetched(chats.db, 1, name, "photo", "image/jpeg", 10)
    work = Work(chats.db, chats.bench.place, chats.now)
    work.wake(who, "file", name, file=name, state="fetched")
    chats._turns()
    cards = [each["text"] for each in chats._said(VILLAGER, None).everything]
    assert any("PA-0001" in each for each in cards)


# --- on the messengers ------------------------------------------------------------------------------------------------


async def test_an_album_on_every_channel(steady_town: Town) -> None:
    """Ten pictures, one offer; the number after one tap, a sentence and one more tap."""
    citizen = await towns.villager(steady_town)
    offers = 0
    for _each in range(10):
        await citizen.sends("photo", towns.PHOTO, "image/jpeg")
        offers += "Gửi thành phản ánh" in citizen.buttons()
    assert offers == 1
    await citizen.taps("Gửi thành phản ánh")
    await citizen.says(FLOODED)
    citizen.sees("gửi kèm: 10")
    await citizen.taps("Gửi đi")
    citizen.sees("PA-0001")


async def test_a_voice_note_on_every_channel(citizen: Somebody, official: Person) -> None:
    """The clerk at /office sees neither a word nor the recording."""
    await citizen.sends("voice", b"OggS of a voice", "audio/ogg")
    await citizen.taps("Gửi thành phản ánh")
    await citizen.taps("Gửi đi")
    citizen.sees("PA-0001", "người tiếp nhận")
    await official.looks()
    assert all(not each.get("sounds") for each in official.news)
