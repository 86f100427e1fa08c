"""How words leave for Zalo: what each message looks like, what is done about refusals, and what is not even tried.

The stand-in refuses whatever Zalo's papers forbid, so every message that arrives is within its limits.
"""

import io
import random
import unicodedata
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.channels import zalo_history
from bot.channels.zalo import rates
from bot.channels.zalo_send import MOST_PICTURE, shrunk
from bot.commune_zalo import ZaloTerms
from bot.errors import NeedsPerson, NotNow, Rejected, SendError, Silent, Throttled, Unavailable, Uncertain, Unreachable
from bot.rates import Pace
from bot.tokens import RouteToken, TalkToken
from messages.render import ZONE, render
from messages.reply import Button, Reply
from tests.bot.channels.zalo_desk import CATALOGS, HOA, LAN, PUBLIC, Desk, desk
from tests.zalo_server import CUT, DROP, GATEWAY, Although
from tests.zalo_world import STATE_AGENCY

CS, V2 = "/v3.0/oa/message/cs", "/v2.0/oa/message"
PDF = b"%PDF-1.7 giay hen"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A history that is up to date at once."""
    monkeypatch.setattr(zalo_history, "SETTLE", 0.0)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path, PUBLIC_URL=PUBLIC) as made:
        yield made


def picture(side: int = 40, noisy: bool = False) -> bytes:
    """A PNG."""
    raw = random.Random(1).randbytes(side * side * 3) if noisy else bytes([120, 40, 40]) * side * side
    out = io.BytesIO()
    Image.frombytes("RGB", (side, side), raw).save(out, "PNG")
    return out.getvalue()


async def refused(here: Desk, *plans: Any, **more: Any) -> SendError:
    """How a message fails whose requests are answered so."""
    here.server.next(CS, *plans)
    with pytest.raises(SendError) as caught:
        await here.channel.send(here.sending(**more))
    return caught.value


# --- what a message looks like ----------------------------------------------------------------------------------------


async def test_words_arrive_as_they_are(here: Desk) -> None:
    """Plain text, no markup; the id that comes back is the one the receipts will name."""
    hoa = await here.friend()
    message = await here.channel.send(here.sending(words="**Chào** bà #1 <b>"))
    assert (hoa.chat.texts, hoa.chat.sent[-1].id) == (["**Chào** bà #1 <b>"], message)


async def test_choices_are_buttons_whose_press_comes_back_as_the_same_token(here: Desk) -> None:
    """Up to five, pressed without a trace in the chat; the longest token fits, and a typed one is read the same way."""
    hoa = await here.friend()
    longest = str(TalkToken("a" * 13, "q" * 20, "v" * 28))
    tokens = [longest, str(TalkToken("1a", "loại", "đường")), *(str(RouteToken(f"r{at}")) for at in range(3))]
    buttons = [
        {"label": "Nút " + "x" * 120 if at == 0 else f"Nút {at}", "token": each} for at, each in enumerate(tokens)
    ]
    await here.channel.send(here.sending(buttons=buttons))
    labels = hoa.chat.buttons
    assert (len(longest), len(labels[0])) == (64, 100)
    for label in labels:
        hoa.presses(label)
    hoa.says(tokens[1])
    await here.server.settled()
    assert [(each.kind, each.token, each.text) for each in await here.parsed()] == [
        ("tap", each, "") for each in (*tokens, tokens[1])
    ]


async def test_more_choices_than_buttons_become_a_numbered_list(here: Desk) -> None:
    """Forty of them, in as many messages as 2,000 letters each allow, and all arrive in order."""
    hoa = await here.friend()
    buttons = tuple(Button(f"Thôn Nà Lìu số {at} " + "ơ" * 40, str(RouteToken("thon", (str(at),)))) for at in range(40))
    shown = render(
        Reply("Ông/bà ở thôn nào?", buttons=buttons, numbered=True), CATALOGS, "vi", here.channel.capabilities
    )
    for each in shown:
        await here.channel.send(here.sending(words=each["text"], **{key: each[key] for key in each if key != "text"}))
    said = "\n".join(hoa.chat.texts)
    assert all(f"{at}. Thôn Nà Lìu số {at - 1} " in said for at in range(1, 41))
    assert hoa.chat.buttons == []
    assert len(shown) > 1


async def test_long_words_in_decomposed_vietnamese_are_measured_as_they_are_sent(here: Desk) -> None:
    """Composed first, then cut at paragraphs: nothing is longer than Zalo takes, nothing is lost."""
    hoa = await here.friend()
    paragraph = "Người dân cần mang theo giấy tờ gốc để đối chiếu khi nộp hồ sơ tại bộ phận một cửa. " * 5
    words = "\n\n".join(f"{at}. {paragraph.strip()}" for at in range(12))
    for each in render(Reply(unicodedata.normalize("NFD", words)), CATALOGS, "vi", here.channel.capabilities):
        await here.channel.send(here.sending(words=each["text"]))
    assert "\n\n".join(hoa.chat.texts) == words
    assert len(hoa.chat.texts) > 2


async def test_the_phone_is_asked_for_by_the_form_and_choices_can_still_be_typed(here: Desk) -> None:
    """One tap sends her own number; what would have been buttons stands as lines."""
    hoa = await here.friend()
    assert "phone" in here.channel.capabilities.shares
    buttons = [{"label": "Bỏ qua", "token": "#talk:skip"}]
    await here.channel.send(here.sending(words="Số điện thoại của bà?", wants="phone", buttons=buttons))
    sent = hoa.chat.sent[-1]
    assert (sent.kind, sent.text) == ("template", "Số điện thoại của bà?\n\nBỏ qua")
    assert sent.attachment["payload"]["elements"][0]["image_url"].startswith(PUBLIC)
    hoa.submits_info(phone=84987654321)
    await here.server.settled()
    (said,) = await here.parsed()
    assert (said.kind, said.phone, said.own) == ("contact", "+84987654321", True)


async def test_without_an_address_of_our_own_the_phone_is_typed(tmp_path: Path) -> None:
    """The form shows a picture that Zalo fetches from us, so without PUBLIC_URL there is none."""
    async with desk(tmp_path) as here:
        hoa = await here.friend()
        assert here.channel.capabilities.shares == frozenset()
        await here.channel.send(here.sending(wants="phone"))
        assert hoa.chat.sent[-1].kind == "text"


async def test_a_quotation_that_zalo_no_longer_knows_is_left_out(here: Desk) -> None:
    """-201 for a stale id: the same words once more without it; an other -201 is our mistake and final."""
    hoa = await here.friend()
    said = hoa.says("Xin hỏi")
    await here.channel.send(here.sending(reply_to=said.id))
    await here.channel.send(here.sending(words="Hai", reply_to="from-last-year"))
    assert [(each.text, each.quotes) for each in hoa.chat.sent] == [("Xin chào.", said.id), ("Hai", "")]
    assert isinstance(await refused(here, -201), Rejected)
    assert len(here.server.called(CS)) == 4


# --- files ------------------------------------------------------------------------------------------------------------


async def test_pictures_and_documents_are_uploaded_once_for_everybody(here: Desk) -> None:
    """The id is kept while Zalo keeps the file; a week later it is uploaded anew."""
    (here.folder / "anh").write_bytes(picture())
    (here.folder / "giay").write_bytes(PDF)
    hoa, lan = await here.friend(), await here.friend(LAN, "Bà Lan")
    for chat in (HOA, LAN):
        await here.channel.send(here.sending(chat, "Ảnh đây ạ.", photo="anh"))
        await here.channel.send(here.sending(chat, "Giấy hẹn.", document="giay"))
    assert [each.kind for each in (*hoa.chat.sent, *lan.chat.sent)] == ["image", "file"] * 2
    assert (hoa.chat.sent[0].file.raw, lan.chat.sent[1].file.raw) == (picture(), PDF)
    assert (lan.chat.sent[1].file.name, hoa.chat.texts) == ("giay.pdf", ["Ảnh đây ạ.", "Giấy hẹn."])
    assert len(here.server.called("/v2.0/oa/upload/image")) == len(here.server.called("/v2.0/oa/upload/file")) == 1
    here.clock.later(days=6, hours=1)
    await here.channel.send(here.sending(words="", photo="anh"))
    assert len(here.server.called("/v2.0/oa/upload/image")) == 2


async def test_buttons_are_never_lost_beside_a_file(here: Desk) -> None:
    """A message has room for one thing besides words: the picture goes first, the words with the buttons after it."""
    (here.folder / "anh").write_bytes(picture())
    (here.folder / "giay").write_bytes(PDF)
    hoa, button = await here.friend(), Button("Gửi bản PDF", str(RouteToken("pdf")))
    for reply in (
        Reply("Phiếu hẹn", pictures=("anh",), buttons=(button,)),
        Reply("Phiếu hẹn", pictures=("anh",)),
        Reply("Bản in", documents=("giay",)),
        Reply("Câu trả lời", sounds=("0" * 32, "mong/greeting")),
    ):
        for each in render(reply, CATALOGS, "vi", here.channel.capabilities):
            await here.channel.send(
                here.sending(words=each["text"], **{key: each[key] for key in each if key != "text"})
            )
    assert [(each.kind, each.text, len(each.buttons)) for each in hoa.chat.sent[:6]] == [
        ("image", "", 0), ("text", "Phiếu hẹn", 1), ("image", "Phiếu hẹn", 0), ("text", "Bản in", 0), ("file", "", 0),
        ("text", "Câu trả lời", 0),
    ]  # fmt: skip
    (unheard,) = hoa.chat.texts[6:]
    assert "ghi âm" in unheard


async def test_an_upload_that_zalo_has_lost_is_uploaded_again_once(here: Desk) -> None:
    """-100 on sending: once more with a fresh id, then it is given up."""
    (here.folder / "anh").write_bytes(picture())
    hoa = await here.friend()
    await here.channel.send(here.sending(photo="anh"))
    here.server.oa.files.clear()
    await here.channel.send(here.sending(words="Lần hai", photo="anh"))
    assert hoa.chat.texts == ["Xin chào.", "Lần hai"]
    assert isinstance(await refused(here, -100, -100, photo="anh"), Rejected)
    assert len(here.server.called("/v2.0/oa/upload/image")) == 3


async def test_a_picture_that_is_too_large_is_made_smaller(here: Desk) -> None:
    """Of a megabyte at most, and still the whole picture; whatever else lies there is a document or refused."""
    large = picture(900, noisy=True)
    assert len(large) > MOST_PICTURE
    small = shrunk(large)
    assert len(small) <= MOST_PICTURE
    with Image.open(io.BytesIO(small)) as opened:
        assert opened.width == opened.height
    (here.folder / "anh").write_bytes(large)
    hoa = await here.friend()
    await here.channel.send(here.sending(photo="anh"))
    assert hoa.chat.sent[-1].kind == "image"


@pytest.mark.parametrize("body", [{"document": "bang"}, {"document": "lon"}, {"photo": "bang"}, {"photo": "../x"}])
async def test_what_zalo_does_not_take_is_refused_before_it_is_asked(here: Desk, body: dict[str, str]) -> None:
    """Spreadsheets, more than 5 MB, no picture, no file: failed with a reason, nothing is uploaded."""
    (here.folder / "bang").write_bytes(b"a,b\n1,2\n")
    (here.folder / "lon").write_bytes(PDF + b" " * 5_000_000)
    await here.friend()
    with pytest.raises(Rejected):
        await here.channel.send(here.sending(**body))
    assert here.server.requests == []


async def test_an_upload_without_an_answer_is_simply_tried_again(here: Desk) -> None:
    """Nobody has seen it, so nothing is uncertain."""
    (here.folder / "anh").write_bytes(picture())
    await here.friend()
    here.server.next("/v2.0/oa/upload/image", DROP)
    with pytest.raises(Unavailable):
        await here.channel.send(here.sending(photo="anh"))


# --- paths ------------------------------------------------------------------------------------------------------------


async def test_the_other_path_is_found_by_the_first_refusal_and_remembered(here: Desk) -> None:
    """A state agency's account: v3 once, then v2 for ever, also for the next process; the citizen gets each once."""
    here.server.oa.path = "v2"
    hoa = await here.friend()
    for words in ("một", "hai"):
        await here.channel.send(here.sending(words=words))
    assert hoa.chat.texts == ["một", "hai"]
    assert (len(here.server.called(CS)), len(here.server.called(V2))) == (1, 2)
    here.channel.oa._found = {}
    await here.channel.oa.remember()
    here.server.oa.path = "v3"  # -240 leads back
    await here.channel.send(here.sending(words="ba"))
    assert (hoa.chat.texts[-1], len(here.server.called(V2))) == ("ba", 3)


async def test_the_kind_of_the_account_says_the_path_before_the_first_message(here: Desk) -> None:
    """`oa_type` 4 is a state agency: nothing is tried in vain."""
    here.server.oa.type = STATE_AGENCY
    hoa = await here.friend()
    await here.channel.oa.look()
    await here.channel.send(here.sending())
    assert (hoa.chat.texts, here.server.called(CS)) == (["Xin chào."], [])


async def test_no_other_error_leads_to_the_other_path(here: Desk) -> None:
    """Zalo may call an error what was delivered: the same words by another path would be there twice."""
    hoa = await here.friend()
    for plan in (-200, -201, -213, Although(-200)):
        await refused(here, plan)
    assert (here.server.called(V2), hoa.chat.texts) == ([], ["Xin chào."])


async def test_a_path_fixed_in_commune_toml_is_never_left(tmp_path: Path) -> None:
    """The operator knows better."""
    async with desk(tmp_path, terms={"send_path": "v3_cs"}) as here:
        await here.friend()
        assert isinstance(await refused(here, -235, -235), Rejected)
        assert (len(here.server.called(CS)), here.server.called(V2)) == (1, [])


# --- refusals ---------------------------------------------------------------------------------------------------------


async def test_a_token_that_no_longer_opens_is_renewed_and_the_message_goes(here: Desk) -> None:
    """-216 and -220 are not seen by anybody."""
    hoa = await here.friend()
    for code in (-216, -220):
        here.server.next(CS, code)
        await here.channel.send(here.sending())
    assert (len(hoa.chat.texts), here.server.oauth.refreshed) == (2, 3)


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        (-32, Throttled), (-210, Rejected), (-211, NotNow), (-213, Unreachable), (-217, Unreachable), (-230, Silent),
        (-224, NeedsPerson), (-200, Uncertain), (-9999, Rejected), (CUT, Uncertain), (DROP, Uncertain),
        (GATEWAY, Uncertain),
    ],
)  # fmt: skip
async def test_each_refusal_is_what_the_table_says(here: Desk, plan: Any, error: type[SendError]) -> None:
    """The sender alone decides; a code that nobody knows is final and told."""
    await here.friend()
    assert type(await refused(here, plan)) is error
    assert len(here.server.called(CS)) == 1
    assert bool(here.alerts) == (plan in (-211, -224, -9999))


async def test_a_refused_connection_is_only_later(here: Desk) -> None:
    """It certainly did not leave."""
    await here.friend()
    await here.channel.grant.token()
    await here.channel.wire.close()  # a connection that was open might have brought it
    await here.server.refuse()
    with pytest.raises(Unavailable):
        await here.channel.send(here.sending())
    await here.server.start()
    await here.channel.send(here.sending())


# --- windows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["notice", "reply", "card"])
async def test_what_she_has_not_asked_for_stays_within_the_window(here: Desk, kind: str) -> None:
    """Seven days after her last word Zalo would refuse, so it is not asked; an answer to her own event always goes."""
    hoa = await here.friend()
    here.clock.later(days=6, hours=23)
    await here.channel.send(here.sending(kind=kind))
    here.clock.later(hours=2)
    with pytest.raises(Silent):
        await here.channel.send(here.sending(kind=kind))
    assert (len(hoa.chat.texts), len(here.server.called(CS))) == (1, 1)
    with pytest.raises(Silent):
        await here.channel.send(here.sending())
    assert len(here.server.called(CS)) == 2


# --- template messages ------------------------------------------------------------------------------------------------


def notice(here: Desk, by: str, **more: str) -> Any:
    template = {
        "by": by,
        "id": "7895417a7d3f9461cd2e",
        "data": {"ten": "Bà Hoa", "ma_ho_so": "HS-1"},
        "tracking": "hs-1",
    }
    chat = HOA if by == "uid" else "phone:0123"
    return here.sending(chat, "", "notice", template=template | more)


async def test_a_notice_reaches_somebody_silent_by_an_approved_template(here: Desk) -> None:
    """By her id, or by her phone with the tracking id; no window is asked for."""
    here.server.oa.template()
    hoa = here.user()
    by_id = await here.channel.send(notice(here, "uid"))
    by_phone = await here.channel.send(notice(here, "phone", phone=hoa.phone))
    assert [each.id for each in hoa.notices] == [by_id, by_phone]
    assert [each.tracking_id for each in hoa.notices] == ["", "hs-1"]


async def test_a_notice_at_night_waits_for_the_morning(here: Desk) -> None:
    """Between 22 and 6 nobody's telephone rings, and Zalo need not be asked for that."""
    here.server.oa.template()
    here.user()
    for hours in (10, 8):  # 22:00, then 6:00
        here.clock.later(hours=hours)
        if hours == 8:
            break
        with pytest.raises(NotNow) as caught:
            await here.channel.send(notice(here, "uid"))
    opens: datetime = caught.value.until.astimezone(ZONE)
    assert (opens.day, opens.hour) == (27, 6)
    await here.channel.send(notice(here, "uid"))


async def test_in_development_only_administrators_get_templates(tmp_path: Path) -> None:
    """Nothing is paid, and a citizen by mistake in the list gets nothing."""
    async with desk(tmp_path, terms={"development": True}) as here:
        here.server.oa.template()
        hoa, lan = here.user(), here.user(LAN, "Bà Lan")
        here.server.oa.admin_phones = {lan.phone}
        await here.channel.send(notice(here, "phone", phone=lan.phone))
        with pytest.raises(NeedsPerson):
            await here.channel.send(notice(here, "phone", phone=hoa.phone))
        assert (len(lan.notices), here.server.oa.spent) == (1, [])


# --- whether it arrived -----------------------------------------------------------------------------------------------


async def test_what_was_an_error_although_delivered_is_found_in_the_chat(here: Desk) -> None:
    """So it is not sent twice; what is really missing is known to be, the same words from before notwithstanding."""
    await here.friend()
    earlier = await here.channel.send(here.sending())
    await here.row("sent", earlier)
    message = here.sending()
    assert await here.channel.arrived(message) is False
    await refused(here, Although(-200))
    assert await here.channel.arrived(message) is True


async def test_the_same_is_known_of_pictures(here: Desk) -> None:
    """Two with the same words are told apart from words alone."""
    (here.folder / "anh").write_bytes(picture())
    await here.friend()
    here.server.next(CS, DROP)
    message = here.sending(words="", photo="anh")
    with pytest.raises(Uncertain):
        await here.channel.send(message)
    assert await here.channel.arrived(message) is True
    assert await here.channel.arrived(here.sending(words="")) is False


async def test_nobody_guesses_when_the_history_cannot_be_read(here: Desk) -> None:
    """Away: later. Not allowed: nobody can tell."""
    await here.friend()
    here.server.next("/v2.0/oa/conversation", GATEWAY, -233)
    with pytest.raises(Unavailable):
        await here.channel.arrived(here.sending())
    assert await here.channel.arrived(here.sending()) is None


# --- rates ------------------------------------------------------------------------------------------------------------


def test_messages_stay_within_the_plan_and_leave_room_for_the_rest() -> None:
    """100 a minute: never more than 80 of ours in any minute, a burst of ten answers at once."""
    pace, now, left = Pace(rates(ZaloTerms()), 0.0), 300.0, list[float]()
    while now < 600:
        for at in pace.slots(now, now + 1, 50):
            pace.take(HOA, at)
            left.append(at)
        now += 1
    assert left[9] - left[0] < 1
    assert max(sum(at <= each < at + 60 for each in left) for at in left) <= 80
