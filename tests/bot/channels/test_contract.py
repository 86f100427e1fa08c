"""What every channel promises: sane capabilities, nonsense that raises only Unparsable, samples that say what they say.

A channel is added here in one line, with its samples in fixtures/<channel>/<what it is>.json.
"""

import dataclasses
import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import Capabilities, Channel, Inbound, Unparsable
from bot.channels.telegram import Telegram
from bot.channels.web import CAPABILITIES, Web
from bot.channels.zalo import Zalo
from bot.settings import Settings
from bot.state import Kind
from tests.provider import TestChannel

TELEGRAM = Settings.load({"TELEGRAM_BOT_TOKEN": "7100000001:of-the-tests"}, env_file=None)
ZALO = {"ZALO_APP_ID": "3608465248940903967", "ZALO_APP_SECRET": "of the app", "ZALO_OA_SECRET_KEY": "of the events"}
CHANNELS: dict[str, Channel] = {
    "web": Web.__new__(Web),
    "telegram": Telegram(TELEGRAM, "secret"),
    "zalo": Zalo(Settings.load(ZALO, env_file=None)),
    "test": TestChannel("http://127.0.0.1:1"),
}
FIXTURES = Path(__file__).parent / "fixtures"
SAMPLES = sorted(FIXTURES.glob("*/*.json"))
KINDS = {"start", "text", "tap", "sticker", "photo", "file", "voice", "location"}
OF_MESSENGERS = {"contact", "edited", "left", "back", "joined", "removed", "anonymous", "moved"}
OF_ZALO = {"contact", "left", "opened", "takeover", "withdrawn"}
channels = pytest.mark.parametrize("name", CHANNELS)


@channels
def test_capabilities_are_sane(name: str) -> None:
    """Room for a message, no negative number of buttons; a channel that cannot edit has no running clock."""
    can: Capabilities = CHANNELS[name].capabilities
    assert can.text_length >= 1000
    assert can.buttons >= 0
    assert can.draws <= {"clock", "signature"}
    assert CHANNELS[name].name == name


def test_the_web_has_no_sender() -> None:
    """The outbox row is the message: no lease, no request."""
    assert not CAPABILITIES.sends


@channels
@given(raw=st.binary() | st.text().map(lambda words: words.encode("utf-8", "surrogatepass")))
def test_nonsense_raises_only_unparsable(name: str, raw: bytes) -> None:
    """Whatever bytes were stored, parsing gives an event or Unparsable."""
    parses(CHANNELS[name], raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
BODY = st.fixed_dictionaries(
    {},
    optional={
        "id": JSON | st.just("0" * 8),
        "kind": JSON | st.sampled_from(sorted(KINDS)),
        "text": JSON,
        "token": JSON,
        "files": JSON,
    },
)


@given(body=BODY)
def test_nonsense_in_the_right_places_raises_only_unparsable(body: dict[str, object]) -> None:
    """JSON with our fields and anything in them is an event of known kinds and clean words, or Unparsable."""
    event = parses(CHANNELS["web"], json.dumps(body).encode())
    if event is not None:
        assert event.kind in KINDS
        for words in (event.text, event.token, *event.files):
            words.encode()
            assert "\0" not in words


def parses(channel: Channel, raw: bytes) -> Inbound | None:
    try:
        return channel.parse(raw)
    except Unparsable:
        return None


@pytest.mark.parametrize("path", SAMPLES, ids=[f"{path.parent.name}-{path.stem}" for path in SAMPLES])
def test_a_sample_is_what_its_name_says(path: Path) -> None:
    """Each sample of a channel's events parses to the kind it is named after, with the words beside it."""
    sample = json.loads(path.read_text(encoding="utf-8"))
    raw = sample["raw"].encode() if isinstance(sample["raw"], str) else json.dumps(sample["raw"]).encode()
    channel = CHANNELS[path.parent.name]
    if path.stem.startswith("unparsable"):
        with pytest.raises(Unparsable):
            channel.parse(raw)
        return
    event = dataclasses.asdict(channel.parse(raw))
    assert event["kind"] == path.stem.partition("_")[0]
    wanted = dataclasses.asdict(Inbound(event["kind"])) | sample["says"]
    assert json.loads(json.dumps(event)) == json.loads(json.dumps(wanted))


def test_a_channel_that_cannot_send_is_none() -> None:
    """What every channel must bring is missed when it is made, not when a villager waits."""

    class Deaf(Channel):
        name = "deaf"

    with pytest.raises(TypeError, match=r"parse.*send"):
        Deaf()  # type: ignore[abstract]


def test_every_kind_has_a_sample() -> None:
    """No kind of event that a channel knows is without a sample."""

    def kinds(name: str) -> set[str]:
        return {path.stem.partition("_")[0] for path in (FIXTURES / name).glob("*.json")} - {"unparsable"}

    assert kinds("web") == KINDS
    assert kinds("telegram") == KINDS - {"start"} | OF_MESSENGERS
    assert kinds("zalo") == KINDS | OF_ZALO
    assert KINDS - {"start", "tap"} <= set(get_args(Kind)) | KINDS
