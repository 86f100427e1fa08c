"""Her own phone by one tap: all dossiers with that number, and nothing of anybody else's."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.channels.base import Inbound
from bot.channels.web import CAPABILITIES, Web
from bot.questions import phone_number
from messages.fold import fold
from storage import conversations, guidance, imports
from storage.sealing import unseal_json
from tests import town as towns
from tests.bot.turns import CHANNEL, Bench, Chats, Said
from tests.handlers.test_dossier import END, LATE, MARRIAGE, PRIVATE, READY, day
from tests.storage.test_dossiers import Row
from tests.town import Databases, TelegramPerson

HERS, HELPER = "+84912345678", "+84987000222"


class Messenger(Web):
    """The page's events, and a phone shared by its own button."""

    def parse(self, raw: bytes) -> Inbound:
        body = json.loads(raw)
        if body["kind"] != "contact":
            return super().parse(raw)
        return Inbound("contact", phone=body["phone"], own=body["own"])


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    can = {CHANNEL: replace(CAPABILITIES, shares=frozenset({"phone"}), masks=True)}
    made.place = replace(made.place, capabilities=can)
    yield made
    made.close()


@pytest.fixture
def chats(bench: Bench) -> Iterator[Chats]:
    with bench.town() as chats:
        chats.dispatcher.channels = {CHANNEL: Messenger.__new__(Messenger)}
        rows = [
            Row(2, READY, status=9, received_at=day(3), due_at=day(27, 16, 30)),
            Row(3, LATE, status=4, received_at=day(2), due_at=day(24) + END),
            Row(4, PRIVATE, procedure_code="1.004873", procedure_name=MARRIAGE, received_at=day(4), due_at=day(27)),
            *(Row(5 + n, f"H55.242-261102-1{n:03}", applicant=f"Người {n}", phone=HELPER) for n in range(4)),
        ]
        imports.load(chats.db, 1, "list.csv", rows, fold, chats.now, chats.now)
        yield chats


def shares(chats: Chats, phone: str, own: bool = True) -> Said:
    return chats.does(kind="contact", phone=phone, own=own)


def test_L05_her_number_lists_her_dossiers_and_names_nothing_private(chats: Chats) -> None:
    """Newest first, status and date of each, one button each, no name; a private procedure is "hồ sơ của ông/bà"; the
    number itself is in no talk.
    """
    asked = chats.says("tra cứu hồ sơ")
    assert asked.bodies[-1]["wants"] == "phone"
    assert "chạm nút gửi số điện thoại của mình" in asked.text
    said = shares(chats, "84912345678")
    assert said.text.startswith("UBND xã thành thật xin lỗi ông/bà: có hồ sơ dưới đây đã quá ngày hẹn trả.")
    assert "có 3 hồ sơ khai số điện thoại của ông/bà" in said.text
    assert f"1. Hồ sơ {PRIVATE} của ông/bà.\nTình trạng:" in said.text
    assert f"2. Hồ sơ {READY}: Đăng ký khai sinh.\nTình trạng: đã có kết quả." in said.text
    assert said.text.index(PRIVATE) < said.text.index(READY) < said.text.index(LATE)
    assert "Số liệu đến 9 giờ" in said.text
    assert "Bích" not in said.text
    assert "hôn nhân" not in said.text
    assert [each["label"] for each in said.buttons] == [
        f"1. {PRIVATE}", f"2. {READY}", f"3. {LATE}", "4. Tra hồ sơ khác",
    ]  # fmt: skip
    assert f"Hồ sơ {READY}: Đăng ký khai sinh." in chats.says("2").text
    told = chats.db.execute(select(guidance.guidance.c.reference)).scalars().all()
    assert set(told) >= {PRIVATE, READY, LATE}
    talks = chats.db.scalars(select(conversations.talk.c.data).where(conversations.talk.c.data.is_not(None)))
    assert "912345678" not in repr([unseal_json(chats.db, data) for data in talks])
    assert "Số ấy không được lưu riêng" in chats.says("/canhan").text


def test_L06_a_helper_s_number_lists_nothing(chats: Chats) -> None:
    """A number on dossiers of more people than a family has; a code still works."""
    said = shares(chats, HELPER)
    assert "khai cho nhiều người nên không liệt kê hồ sơ được" in said.text
    assert "H55" not in said.text
    assert [each["label"] for each in said.buttons] == ["Tra hồ sơ khác", "Gặp cán bộ"]
    assert "Hồ sơ H55.242-261102-1000: Đăng ký khai sinh." in chats.says("H55.242-261102-1000").text


def test_somebody_else_s_number_is_politely_refused(chats: Chats) -> None:
    """It lists nothing and the question stays open: her own, or a code typed, goes on."""
    chats.says("tra cứu hồ sơ")
    said = shares(chats, HERS, own=False)
    assert "Đây là số của người khác nên chưa tra được." in said.text
    assert "H55.242-261102" not in said.text
    assert f"Hồ sơ {READY}" in chats.says(READY).text


def test_a_number_nobody_gave(chats: Chats) -> None:
    """Honest words with the age of the data; a number of another country is none."""
    for phone in ("+84912000999", "+4930123456"):
        said = shares(chats, phone)
        assert "chưa thấy hồ sơ nào khai số này" in said.text
        assert "Số liệu đến 9 giờ" in said.text
        assert "Gặp cán bộ" in [each["label"] for each in said.buttons]


def test_of_many_dossiers_the_newest_are_shown(chats: Chats) -> None:
    """Eight, and how to see the others."""
    rows = [Row(2 + n, f"H55.242-261101-{n:04}", received_at=day(5) + timedelta(hours=n)) for n in range(9)]
    imports.load(chats.db, 1, "more.csv", rows, fold, chats.now + timedelta(minutes=1), chats.now)
    said = shares(chats, HERS)
    assert "có 12 hồ sơ" in said.text
    assert "H55.242-261101-0008" in said.text
    assert "H55.242-261101-0000" not in said.text
    assert "Trên đây là 8 hồ sơ mới nhất." in said.text
    assert len(said.buttons) == 9


def test_a_number_answers_who_is_asked_to_be_called(chats: Chats) -> None:
    """At the question for a phone the same tap is an answer; at another question words are asked for; while an official
    talks with her it is handed on.
    """
    chats.says("0")
    assert chats.says("1").bodies[-1]["wants"] == "phone"
    assert "thôn nào" in shares(chats, HERS).text
    assert "Ở câu này xin ông/bà gõ câu trả lời bằng chữ" in shares(chats, HERS).text
    chats.says("bỏ qua")
    card = [body["text"] for body in shares(chats, HERS, own=False).everything if body.get("card")][-1]
    assert card.count("Người dân: ☎ *** *** 678") == 2


def test_on_the_page_nothing_changes() -> None:
    """Where no button shares it, the question does not speak of it."""
    bench = Bench()
    with bench.town() as chats:
        asked = chats.says("tra cứu hồ sơ")
        assert "wants" not in asked.bodies[-1]
        assert "chạm nút" not in asked.text
        assert "chạm nút" not in chats.says("/canhan").text
    bench.close()


async def test_L05_on_telegram_one_tap_is_enough(databases: Databases, tmp_path: Path) -> None:
    """The button below the question sends her number; a contact of somebody else's lists nothing of his."""
    async with towns.of_the_sample(databases, "sqlite", tmp_path, "telegram") as town:
        lan, tu = [await towns.villager(town) for _each in range(2)]
        rows = [
            Row(2, READY, status=9, received_at=day(3), due_at=day(27, 16, 30), phone=number(lan)),
            Row(3, LATE, status=9, received_at=day(2), due_at=day(27), phone=number(tu)),
        ]
        now = town.clock.now()
        await town.write(lambda db: imports.load(db, 1, "list.csv", rows, fold, now, now))
        await lan.says("tra cứu hồ sơ")
        lan.sees("chạm nút gửi số điện thoại của mình")
        lan.user.contact(tu.user.phone, of=tu.user)
        await lan.looks()
        lan.sees("Đây là số của người khác nên chưa tra được.")
        lan.sees_not(LATE)
        lan.user.contact()
        await lan.looks()
        lan.sees("có 1 hồ sơ khai số điện thoại của ông/bà", READY)
        await lan.taps(READY)
        lan.sees(f"Hồ sơ {READY}: Đăng ký khai sinh.")


def number(person: TelegramPerson) -> str:
    return phone_number(person.user.phone)
