"""On a channel whose servers are abroad no name and no phone of a citizen leaves, whichever handler speaks."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot import sample
from bot.channels.web import CAPABILITIES
from messages.personal import masked
from messages.reply import Personal
from tests.bot.turns import CHANNEL, VILLAGER, Bench, Chats, Who
from tests.town import START

HOME = sample.households()[0]
PHONE = HOME.phone.replace("+84", "0")
DOSSIERS = [each for each in sample.dossiers(START.date()) if each.phone != sample.HELPER_PHONE]
PUBLIC = {official.name for official in sample.officials()}
NAMES = {home.representative for home in sample.households()} - PUBLIC
PHONES = {each.phone[3:] for each in (*sample.households(), *DOSSIERS) if each.phone}
"""Nine digits each, without the 0 or +84."""


class Watched(Chats):
    """Everybody's chats on a channel abroad; keeps all that any chat was sent."""

    def _said(self, who: Who, outcome: Any) -> Any:
        said = super()._said(who, outcome)
        self.__dict__.setdefault("sent", []).extend(said.everything)
        return said

    @property
    def words(self) -> list[str]:
        labels = (button["label"] for body in self.sent for button in body.get("buttons", []))
        return [*(body["text"] for body in self.sent), *labels]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    made.place = replace(made.place, capabilities={CHANNEL: replace(CAPABILITIES, masks=True)})
    yield made
    made.close()


@pytest.fixture
def chats(bench: Bench) -> Iterator[Watched]:
    with bench.engine.connect() as db, db.begin() as undone:
        yield Watched(bench, db, bench.routes)
        undone.rollback()


def leaks(words: list[str]) -> list[str]:
    """Names and phones of the sample that can be read."""
    found = [name for name in NAMES for text in words if name in text]
    bare = [re.sub(r"[ .\-()]", "", text) for text in words]
    return found + [phone for phone in PHONES for text in bare if phone in text]


def test_no_name_and_no_phone_leaves(chats: Watched) -> None:
    """Look-ups with details, requests with names and numbers in them, cards, previews, answers, notes, call-backs,
    private messages, the whole trail, what is kept: all of it, and each time one line says where to see it whole.
    """
    clerk, receiver = chats.official(), chats.official("official", "Lụa")
    for dossier in DOSSIERS[:12]:
        if not dossier.phone:
            continue
        chats.says(dossier.code)
        chats.taps(f"#dossier-details:{dossier.code_key}")
        said = chats.says(dossier.phone[-4:])
        assert masked(Personal(dossier.applicant, "name")) in said.text
        assert "Xem đủ tại quầy." in said.text
        said = chats.says(f"/hoso {dossier.code}", clerk)
        assert f"*** *** {dossier.phone[-3:]}" in said.text
        assert "Xem đủ ở /office." in said.text
    waiting = next(each for each in DOSSIERS if each.status == 4)
    chats.taps(f"#dossier-watch:{waiting.code_key}")
    chats.says(PHONE)
    assert "*** ***" in chats.says(f"/hoso {waiting.code}", clerk).text
    chats.says("0")
    chats.says(f"Tôi là {HOME.representative}, số {PHONE}, xin hỏi hồ sơ {waiting.code}")
    chats.says("bỏ qua")
    chats.says(f"gọi cho con tôi {DOSSIERS[1].applicant} ({PHONE[:4]} {PHONE[4:7]} {PHONE[7:]})")
    card = chats.sent[-1] if "Người dân" in chats.sent[-1]["text"] else chats.sent[-2]
    assert "Xem đủ ở /office." in card["text"]
    assert waiting.code in card["text"]
    chats.taps("#reply:1", clerk)
    said = chats.says(f"Ghi nhớ: bà {HOME.representative} {PHONE}", clerk)
    chats.taps(next(each["token"] for each in said.buttons if "nội bộ" in each["label"]), clerk)
    chats.taps("#open:1", clerk)
    chats.says("/hangdoi", clerk)
    chats.says("/canhan")
    said = chats.taps("#see:")
    assert masked(Personal(HOME.representative, "name")) in said.text
    chats.taps("#finish:")
    other = Who(VILLAGER.account, "other")
    chats.says("0", other)
    chats.taps(next(each["token"] for each in chats.says("gọi lại", other).buttons), other)
    chats.says(PHONE, other)
    chats.says("bỏ qua", other)
    third = Who(VILLAGER.account, "third")
    chats.says(f"Tôi tố cáo ông {HOME.representative} nhận tiền, số {PHONE}", third)
    chats.taps("#open:3", receiver)
    fourth = Who(VILLAGER.account, "fourth")
    chats.says(f"Cháy nhà bà {HOME.representative} rồi, gọi {PHONE}", fourth)
    chats.says(f"Ở {HOME.village}, cạnh nhà ông {DOSSIERS[2].applicant}", fourth)
    fifth = Who(VILLAGER.account, "fifth")
    chats.says("dừng nhận tin", fifth)
    chats.taps("#stop-dossiers:yes", fifth)
    assert "*** ***" in chats.says(PHONE, fifth).text
    assert "*** ***" in chats.says("/danhsachgoi", clerk).text
    chats.taps("#died:", fifth)
    chats.taps(f"#whose:{waiting.code_key}")
    assert masked(Personal(HOME.representative, "words")) in chats.says(f"Bà {HOME.representative}").text
    chats.taps("#people:")
    chats.taps(f"#mine-is:{waiting.code_key}")
    chats.says(waiting.code)
    chats.taps("#see:")
    assert leaks(chats.words) == []


def test_the_test_would_find_a_leak() -> None:
    """A name or a phone in any spelling is found."""
    assert leaks([f"bà {HOME.representative}"]) == [HOME.representative]
    assert leaks([f"gọi +84 {PHONE[1:4]}.{PHONE[4:]}"]) == [PHONE[1:]]
