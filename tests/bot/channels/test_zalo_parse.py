"""What Zalo's events say, played as they are recorded (fixtures/zalo), and files fetched from where Zalo keeps them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import Lost, Unparsable
from bot.channels.zalo import Zalo
from bot.channels.zalo_media import Downloads, _PublicOnly
from bot.channels.zalo_receive import route
from bot.errors import Unavailable
from bot.settings import Settings
from tests.bot.channels.zalo_desk import HOA, Desk, desk
from tests.zalo_server import GATEWAY

ZALO = Zalo(Settings.load({"ZALO_APP_ID": "36", "ZALO_APP_SECRET": "x", "ZALO_OA_SECRET_KEY": "y"}, env_file=None))
FIXTURES = sorted((Path(__file__).parent / "fixtures" / "zalo").glob("*.json"))


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as made:
        yield made


def parse(name: str, **message: Any) -> Any:
    body = {"event_name": name, "timestamp": "1", "sender": {"id": HOA}, "message": {"msg_id": "1"} | message}
    return ZALO.parse(json.dumps(body).encode())


@pytest.mark.parametrize("path", FIXTURES, ids=[path.stem for path in FIXTURES])
def test_every_recorded_event_that_can_be_parsed_is_also_stored(path: Path) -> None:
    """What `route` lets in is what `parse` can read, and the other way round."""
    raw = json.loads(path.read_text(encoding="utf-8"))["raw"]
    if not path.stem.startswith("unparsable"):
        assert route(raw) is not None


@pytest.mark.parametrize(
    ("text", "kind", "token"),
    [("#1a.kind=road", "tap", "#1a.kind=road"), (" #finish: ", "tap", "#finish:"), ("#1", "text", ""),
     ("#khaisinh", "text", ""), ("# 1a.kind=road", "text", "")],
)  # fmt: skip
def test_a_text_that_is_a_token_of_ours_is_a_press(text: str, kind: str, token: str) -> None:
    """Pressed or typed by hand, it is checked like any other; no other # is taken for one."""
    said = parse("user_send_text", text=text)
    assert (said.kind, said.token, said.text) == (kind, token, "" if token else text)


@pytest.mark.parametrize(
    ("name", "shown", "media_type"),
    [("a.pdf", "file", "application/pdf"), ("a.jpg", "photo", "image/jpeg"), ("a.mp3", "voice", "audio/mpeg"),
     ("", "file", "application/octet-stream")],
)  # fmt: skip
def test_a_file_is_what_its_name_says(name: str, shown: str, media_type: str) -> None:
    """A picture that was sent as a file is a picture; its size may be a string, or missing, or nonsense."""
    for size, wanted in (("12345", 12345), (12345, 12345), (None, 0), ("-1", 0), ("viel", 0)):
        payload = {"url": "https://f.zdn.vn/a", "name": name, "size": size}
        said = parse("user_send_file", attachments=[{"type": "file", "payload": payload}])
        (media,) = said.media
        assert (said.kind, media.media_type, media.size, media.title) == (shown, media_type, wanted, name)


@pytest.mark.parametrize("given", ["84987654321", "+84987654321", "0987654321", 84987654321, "84 987-654-321"])
def test_her_own_phone_is_the_same_however_it_is_written(given: Any) -> None:
    """As Zalo writes it, or as she has typed it into the form."""
    said = ZALO.parse(json.dumps({"event_name": "user_submit_info", "info": {"phone": given}}).encode())
    assert (said.kind, said.phone, said.own) == ("contact", "+84987654321", True)


def test_a_form_without_a_phone_is_no_phone() -> None:
    """She is asked again, not misunderstood."""
    for info in ({}, {"phone": ""}, {"phone": None}, {"phone": ["1"]}):
        said = ZALO.parse(json.dumps({"event_name": "user_submit_info", "info": info}).encode())
        assert (said.kind, said.phone) == ("contact", "")


def test_an_attachment_that_says_nothing_is_an_empty_message() -> None:
    """Nothing that Zalo leaves out makes a message fail; a place without a place does."""
    for attachments in (None, [], [None], [{}], [{"payload": None}], "x"):
        assert parse("user_send_image", attachments=attachments).kind == "text"
        with pytest.raises(Unparsable):
            parse("user_send_location", attachments=attachments)


NAMES = ["user_send_text", "user_send_image", "user_send_file", "user_send_location", "user_send_business_card"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
MESSAGE = st.fixed_dictionaries(
    {}, optional={
        "text": JSON, "msg_id": JSON, "quote_msg_id": JSON, "attachments": st.lists(
            st.fixed_dictionaries({"payload": JSON | st.fixed_dictionaries(
                {}, optional=dict.fromkeys(("url", "name", "size", "description", "coordinates"), JSON))}),
            max_size=2,
        ),
    },
)  # fmt: skip


@given(
    name=st.sampled_from([*NAMES, "user_submit_info", "oa_send_text"]) | st.text(), message=JSON | MESSAGE, info=JSON
)
def test_nonsense_in_the_right_places_raises_only_unparsable(name: str, message: object, info: object) -> None:
    """Whatever stands in an event, the words of it can be stored and sent."""
    body = {"event_name": name, "message": message, "info": info, "sender": {"id": HOA}, "recipient": {"id": HOA}}
    try:
        event = ZALO.parse(json.dumps(body).encode())
    except Unparsable:
        return
    for words in (event.text, event.token, event.message, event.phone):
        assert "\0" not in words
        words.encode()


# --- files ------------------------------------------------------------------------------------------------------------


async def test_a_picture_is_fetched_from_where_zalo_keeps_it(here: Desk) -> None:
    """Its bytes as they are; larger than allowed, moved or gone it is lost, a bad minute is only later."""
    hoa = here.user()
    sent = hoa.sends_photo(b"x" * 1000)
    await here.server.settled()
    (said,) = await here.parsed()
    source = said.media[0].source
    assert await here.channel.fetch(source, 1000) == b"x" * 1000
    with pytest.raises(Lost):
        await here.channel.fetch(source, 999)
    here.server.next("media", GATEWAY)
    with pytest.raises(Unavailable):
        await here.channel.fetch(source, 1000)
    sent.file.moved = "http://127.0.0.1:1/secret"
    with pytest.raises(Lost):
        await here.channel.fetch(source, 1000)
    here.server.oa.files.clear()
    with pytest.raises(Lost):
        await here.channel.fetch(source, 1000)


@pytest.mark.parametrize(
    "source",
    [
        "http://photo.zdn.vn/a", "https://evil.vn/a", "https://photo.zdn.vn.evil.vn/a", "https://evilzdn.vn/a",
        "https://127.0.0.1/a", "http://127.0.0.1/a", "https://[::1]/a", "https://photo.zdn.vn:8080/a", "file:///etc/passwd",
        "https://u:p@photo.zdn.vn/a", "https://photo.zdn.vn@evil.vn/a", "", "https://", "https://[", "ftp://photo.zdn.vn/a",
    ],
)  # fmt: skip
async def test_nothing_is_fetched_from_anywhere_else(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address in an event does not lead us into our own network, whoever wrote it."""

    def connect(*_any: Any, **_other: Any) -> None:
        raise AssertionError("a request was made")

    monkeypatch.setattr(aiohttp.ClientSession, "get", connect)
    with pytest.raises(Lost):
        await Downloads((".zdn.vn",), on_trial=False).fetch(source, 1000)


@pytest.mark.parametrize(
    "inner", ["127.0.0.1", "10.0.0.7", "192.168.1.1", "169.254.169.254", "::1", "fd00::1", "0.0.0.0"]
)
async def test_a_name_of_zalos_that_leads_into_our_network_is_not_followed(
    inner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judged where the connection is made: a name may mean something else the second time."""

    async def resolve(_self: Any, host: str, port: int = 0, family: Any = 0) -> list[dict[str, Any]]:
        return [{"hostname": host, "host": inner, "port": port, "family": family, "proto": 0, "flags": 0}]

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)
    downloads = Downloads((".zdn.vn",), on_trial=False)
    try:
        with pytest.raises(Lost):
            await downloads.fetch("https://photo.zdn.vn/a", 1000)
    finally:
        await downloads.close()


async def test_public_addresses_are_let_through_and_inner_ones_among_them_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of several only those that anybody may reach."""

    async def resolve(_self: Any, host: str, port: int = 0, family: Any = 0) -> list[dict[str, Any]]:
        return [{"hostname": host, "host": each, "port": port} for each in ("10.0.0.7", "118.102.1.1")]

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)
    found = await _PublicOnly().resolve("photo.zdn.vn", 443)
    assert [each["host"] for each in found] == ["118.102.1.1"]
