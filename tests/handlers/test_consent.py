"""She agrees to be told on the phone of her dossier (A04), says so at the counter, and takes it back."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, select

from messages.fold import fold
from storage import consents, dossiers, imports
from storage.consents import consent
from tests.bot.turns import BOX, Bench, Chats, Who
from tests.handlers.test_dossier import NO_PHONE, PRIVATE, READY, ROWS, bring, dossier_key
from tests.town import Person, Somebody, Town

PHONE = "+84912345678"
KEY = dossier_key(READY)
AGREE = "Báo tôi qua số điện thoại này khi có tin"


@pytest.fixture
def chats(bench: Bench) -> Iterator[Chats]:
    with bench.town() as made:
        imports.load(made.db, 1, "list.csv", ROWS, fold, made.now, made.now)
        yield made


def rows(db: Connection) -> list[tuple[str, int | None, int | None, bool]]:
    found = db.execute(select(consent.c.how, consent.c.citizen_id, consent.c.official_id, consent.c.withdrawn_at))
    return [(row.how, row.citizen_id, row.official_id, row.withdrawn_at is None) for row in found]


async def test_A04_whoever_has_proven_her_dossier_may_be_told_by_phone(
    town: Town, citizen: Somebody, official: Person
) -> None:
    """Where the chat cannot ring one tap is enough; at the counter an official notes it under his name."""
    await bring(town)
    await citizen.says(READY)
    await citizen.taps("Xem chi tiết")
    await citizen.says("5678")
    if citizen.rings:
        assert AGREE not in citizen.buttons()
        await official.does(kind="tap", text="Đồng ý", token=f"#consent-counter:{KEY}")
        official.sees("Đã ghi nhận: người nộp đồng ý nhận tin qua số 0912345678.")
        assert [(how, by is not None) for how, _her, by, _stands in await town.read(rows)] == [("counter", True)]
        return
    await citizen.taps(AGREE)
    citizen.sees("khi có tin, UBND xã nhắn hoặc gọi số 0912345678.")
    assert await town.read(consents.stands, 1, PHONE)
    await citizen.taps("Thôi báo tin qua điện thoại")
    assert not await town.read(consents.stands, 1, PHONE)


def test_A06_nobody_takes_a_number_by_a_token(chats: Chats) -> None:
    """Without the second factor the digits are asked for; wrong ones give nothing, five lock."""
    assert "bốn số cuối" in chats.taps(f"#consent:{KEY}").text
    for _try in range(5):
        chats.says("0000")
    assert rows(chats.db) == []
    assert "tạm khóa" in chats.taps(f"#consent:{KEY}").text


def test_A04_it_is_shown_and_taken_back_at_her_data(chats: Chats) -> None:
    """/canhan lists the number and has the button; taken back twice it says so kindly."""
    chats.taps(f"#consent:{KEY}")
    chats.says("5678")
    assert [row[0] for row in rows(chats.db)] == ["chat"]
    shown = chats.taps("#see:")
    assert "Ông/bà đồng ý nhận tin qua số 0912345678" in shown.text
    off = next(each["token"] for each in shown.buttons if each["label"] == "Thôi báo tin qua điện thoại")
    assert "Đã thôi" in chats.taps(off).text
    assert "không có số điện thoại nào" in chats.taps(off).text
    assert rows(chats.db)[0][3] is False


def test_A04_once_agreed_it_is_not_asked_again(chats: Chats) -> None:
    """The button is gone while the number is agreed upon."""
    chats.taps(f"#dossier-details:{KEY}")
    assert AGREE in [each["label"] for each in chats.says("5678").buttons]
    chats.taps(f"#consent:{KEY}")
    chats.taps(f"#dossier-details:{KEY}")
    assert AGREE not in [each["label"] for each in chats.says("5678").buttons]


def test_L06_a_helper_s_number_and_none_are_nobody_s(chats: Chats) -> None:
    """At the counter, too: a number of many applicants is not agreed upon, nor is one that is missing."""
    clerk = chats.official()
    helped = list(sample_helpers(chats))[:1]
    for key in (dossier_key(NO_PHONE), "H55", *helped):
        assert "chưa có số điện thoại dùng được" in chats.taps(f"#consent-counter:{key}", clerk).text
    assert helped
    assert rows(chats.db) == []


def sample_helpers(chats: Chats) -> Iterator[str]:
    """Dossiers of the sample that bear the helper's number."""
    for row in chats.db.execute(select(dossiers.dossier.c.id, dossiers.dossier.c.code_key)):
        if dossiers.of_helper(chats.db, 1, row.id, chats.bench.place.commune.office.applicants_per_phone):
            yield row.code_key


def test_only_officials_note_it_at_the_counter(chats: Chats) -> None:
    """A villager's tap of that token is refused; the name of the official stands under what is noted."""
    chats.taps(f"#consent-counter:{KEY}", Who(BOX, "villager"))
    assert rows(chats.db) == []
    told = chats.taps(f"#consent-counter:{dossier_key(PRIVATE)}", chats.official()).text
    assert "0912345678" in told
    assert "hôn nhân" not in told
    assert rows(chats.db)[0][2] is not None


def test_A04_it_is_taken_back_at_the_counter(chats: Chats) -> None:
    """Whoever has no chat says so to an official; what nobody has given is not taken back."""
    clerk = chats.official()
    off = f"#consent-counter-off:{KEY}"
    assert "Chưa có ai đồng ý" in chats.taps(off, clerk).text
    given = chats.taps(f"#consent-counter:{KEY}", clerk)
    assert off in [each["token"] for each in given.buttons]
    chats.taps(off)
    assert rows(chats.db)[0][3]
    assert "không gửi gì đến số 0912345678 nữa" in chats.taps(off, clerk).text
    assert not rows(chats.db)[0][3]
