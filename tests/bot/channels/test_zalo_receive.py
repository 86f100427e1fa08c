"""How Zalo's events reach us: signed or refused, stored before they are acknowledged, each once."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.channels import zalo_receive
from bot.channels.base import Unparsable
from bot.channels.zalo_receive import Envelope, Receipt, Revoked, by_phone, route
from tests.bot.channels.zalo_desk import HOA, LAN, Desk, desk, eventually
from tests.zalo_hook import signature
from tests.zalo_oauth import APP_ID, APP_SECRET
from tests.zalo_server import OA_SECRET

TYPE = {"Content-Type": "application/json"}


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as made:
        yield made


def body(name: str = "user_send_text", **more: Any) -> dict[str, Any]:
    """A text of hers as Zalo brings it."""
    return {
        "app_id": APP_ID, "event_name": name, "timestamp": "1767600000000", "sender": {"id": HOA},
        "recipient": {"id": "388613280878808645"}, "message": {"text": "Xin hỏi", "msg_id": "96d3"},
    } | more  # fmt: skip


async def brings(here: Desk, raw: bytes, mac: str | None) -> int:
    """The status that a delivery gets."""
    return await here.server.hook.post(raw, TYPE | ({} if mac is None else {"X-ZEvent-Signature": mac}))


# --- the signature ----------------------------------------------------------------------------------------------------


async def test_what_the_account_has_signed_is_stored_and_acknowledged(here: Desk) -> None:
    """A villager's words are in the inbox when Zalo is told that we have them, as the very bytes that came."""
    hoa = here.user()
    said = hoa.says("Hồ sơ của tôi xong chưa?")
    await here.server.settled()
    assert [each.answers for each in here.server.hook.events] == [[200]]
    (event,) = await here.events()
    assert (event.chat, event.sender, event.event_id) == (HOA, HOA, f"user_send_text:{said.id}")
    assert event.raw == said.event.raw


@pytest.mark.parametrize(
    "how", ["unsigned", "empty", "another key", "other bytes", "cut", "not even ASCII", "of before"]
)
async def test_what_is_forged_or_changed_is_refused_and_nothing_is_kept(here: Desk, how: str) -> None:
    """Without a signature, with that of other bytes, of another key: 403, and no trace of it."""
    raw = json.dumps(body(), ensure_ascii=False).encode()
    good = signature(APP_ID, raw, "1767600000000", OA_SECRET)
    macs = {
        "unsigned": None, "empty": "", "another key": signature(APP_ID, raw, "1767600000000", "x"), "cut": good[:-1],
        "other bytes": signature(APP_ID, raw + b" ", "1767600000000", OA_SECRET), "not even ASCII": "mac=ữ",
        "of before": signature(APP_ID, raw, "1767600000001", OA_SECRET),
    }  # fmt: skip
    assert await brings(here, raw, macs[how]) == 403
    assert (here.accepts, here.broken) == ([], [])
    assert await brings(here, raw, good.upper().replace("MAC=", "")) == 200


async def test_the_log_tells_which_known_mistake_was_made_and_never_what_was_said(here: Desk) -> None:
    """Which key and first term are right is settled by one real event; whoever forges many fills no disk."""
    raw = json.dumps(body(), ensure_ascii=False).encode()
    with_app = hashlib.sha256(APP_ID.encode() + raw + b"1767600000000" + APP_SECRET.encode()).hexdigest()
    with_oa = signature("388613280878808645", raw, "1767600000000", OA_SECRET)
    an_hmac = hmac.new(OA_SECRET.encode(), raw, hashlib.sha256).hexdigest()
    told = []
    for mac in (with_app, with_oa, an_hmac, "mac=00", None):
        here.channel._receiver._refused_at = -zalo_receive.SAY_AGAIN
        with capture_logs() as logs:
            for _each in range(3):
                assert await brings(here, raw, mac) == 403
        (line,) = logs
        told.append(line["fits"])
        assert not [each for each in (OA_SECRET, APP_SECRET, "Xin hỏi", HOA) if each in str(logs)]
    assert told == [
        "sha256, app id, timestamp, app secret", "sha256, oa id, timestamp, oa secret",
        "hmac, nothing, no timestamp, oa secret", "none", "unsigned",
    ]  # fmt: skip


async def test_on_a_trial_day_unsigned_events_are_taken_and_everybody_hears_of_it(tmp_path: Path) -> None:
    """ZALO_SIGNATURE=log: nothing is lost while the key is found out, and the operator knows how open that is."""
    raw = json.dumps(body()).encode()
    with capture_logs() as logs:
        async with desk(tmp_path, ZALO_SIGNATURE="log") as here:
            assert await brings(here, raw, "mac=00") == 200
            assert [each.text for each in await here.parsed()] == ["Xin hỏi"]
            assert "ZALO_SIGNATURE" in here.alerts[0]
    said = [each["event"] for each in logs]
    assert "zalo_signature_not_enforced" in said
    assert "zalo_event_accepted_without_signature" in said


async def test_the_probe_of_the_console_is_answered_and_does_nothing(here: Desk) -> None:
    """Saving the address in the console posts {} without a signature; anything else unsigned is refused."""
    assert await here.server.hook.save(here.server.hook.url)
    assert await brings(here, b" {}\n", None) == 200
    assert await brings(here, b"{}", "mac=00") == 403
    assert await brings(here, b'{"a":1}', None) == 403
    assert (here.accepts, here.broken) == ([], [])


# --- storing ----------------------------------------------------------------------------------------------------------


async def test_while_the_database_is_away_nobody_answers_and_zalo_brings_it_again(here: Desk) -> None:
    """Whether Zalo tries again after another answer is not known, so it gets none; afterwards nothing is missing."""
    here.away = True
    here.user().says("phản ánh")
    await here.server.settled()
    (event,) = here.server.hook.events
    assert (event.state, event.answers) == ("unanswered", [0])
    here.away = False
    here.clock.later(seconds=31)
    assert await here.server.retry() == 1
    assert (event.state, [each.text for each in await here.parsed()]) == ("taken", ["phản ánh"])


async def test_what_comes_again_is_one_event(here: Desk) -> None:
    """Repeats, and the same message id under another name, are told apart as Zalo's own key tells them."""
    here.server.hook.repeat = 1.0
    hoa = here.user()
    hoa.follows()
    hoa.says("một")
    hoa.sends_sticker()
    await here.server.settled()
    assert all(each.answers == [200, 200] for each in here.server.hook.events)
    assert [each.kind for each in await here.parsed()] == ["start", "text", "sticker"]


async def test_ids_as_numbers_beyond_2_53_are_exact(here: Desk) -> None:
    """Her id may come as a number; two that differ in the last digit are two citizens."""
    for sender in (int(LAN), int(LAN) + 1, str(int(LAN) + 2)):
        message = {"text": "Xin hỏi", "msg_id": int(sender) * 10}
        raw = json.dumps(body(sender={"id": sender}, timestamp=1767600000000, message=message)).encode()
        assert await brings(here, raw, signature(APP_ID, raw, "1767600000000", OA_SECRET)) == 200
    assert [each.chat for each in await here.events()] == [LAN, str(int(LAN) + 1), str(int(LAN) + 2)]


async def test_signed_nonsense_is_kept_as_bytes(here: Desk) -> None:
    """It neither comes for ever nor is thrown away."""
    for odd in (b"[]", b'{"timestamp":"1"}', b'{"timestamp":"1","event_name":"user_send_text","sender":{"id":"../x"}}'):
        stamp = "1" if odd.startswith(b"{") else ""
        assert await brings(here, odd, signature(APP_ID, odd, stamp, OA_SECRET)) == 200
    assert here.broken[0][0] == b"[]"
    assert (len(here.broken), here.accepts) == (3, [])


async def test_groups_echoes_and_names_nobody_knows_are_passed_over_with_a_line_each(here: Desk) -> None:
    """What is not a citizen's own word to us is not stored; the log names it once."""
    hoa = await here.friend()
    with capture_logs() as logs:
        for _each in range(3):
            hoa.says_in("777", "họp thôn")
            here.server.hook.tell("shop_has_order", {"oa_id": "1"})
        await here.channel.send(here.sending())
        await here.server.settled()
    assert await here.events() == []
    names = [each["name"] for each in logs if each["event"] == "zalo_event_ignored"]
    assert sorted(names) == ["oa_send_text", "shop_has_order", "user_send_group_text"]


async def test_what_an_official_types_himself_is_an_event_of_its_own(here: Desk) -> None:
    """The echo of our own words is nobody's; one that names an administrator means that he has taken over."""
    hoa = await here.friend()
    typed = here.server.oa.writes(hoa, "Chào bà, tôi là cán bộ xã.")
    await here.server.settled()
    (event,) = await here.events()
    assert (event.chat, event.event_id) == (HOA, f"oa_send_text:{typed.id}")
    (said,) = await here.parsed()
    assert (said.kind, said.text, said.message) == ("takeover", "Chào bà, tôi là cán bộ xã.", typed.id)


async def test_consent_that_is_withdrawn_is_told_once(here: Desk) -> None:
    """One clear sentence; what is to be sent waits."""
    await here.channel.grant.token()
    here.server.revokes()
    await here.server.settled()
    assert (len(here.alerts), await here.events()) == (1, [])
    assert "zalo connect" in here.alerts[0]


# --- receipts ---------------------------------------------------------------------------------------------------------


async def test_delivered_and_seen_are_written_beside_the_message(here: Desk) -> None:
    """Not as events of hers; the first word counts."""
    hoa = await here.friend()
    hoa.online = False
    message = await here.channel.send(here.sending())
    sent = await here.row("sent", message)
    here.server.hook.tell("user_received_message", _receipt(message))
    await here.server.settled()
    here.clock.later(seconds=5)
    hoa.goes_online()
    hoa.sees()
    await here.server.settled()
    row = await here.read(sent)
    assert row.delivered_at < row.seen_at == here.clock.at
    assert await here.events() == []


def _receipt(message: str, who: str = HOA, **more: str) -> dict[str, Any]:
    return {"sender": {"id": "388"}, "recipient": {"id": who}, "message": {"msg_id": message} | more}


async def test_a_receipt_that_is_quicker_than_our_own_record_counts_as_well(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked up again until the message is known."""
    monkeypatch.setattr(zalo_receive, "RECEIPT_AGAIN", (0.05, 0.2, 0.5))
    await here.friend()
    here.server.hook.tell("user_received_message", _receipt("abc1"))
    await here.server.settled()
    sent = await here.row("sent", "abc1")
    await eventually(lambda: not here.channel._receiver._late)
    assert (await here.read(sent)).delivered_at == here.clock.at


@pytest.mark.parametrize("state", ["sent", "uncertain"])
async def test_a_notice_by_phone_is_known_by_its_tracking_id(here: Desk, state: str) -> None:
    """Its receipt names the phone; what was uncertain has arrived then."""
    chat = await here.database.read(by_phone, "84987654321")
    template = {"by": "phone", "id": "1", "data": {}, "phone": "84987654321", "tracking": "hs-1"}
    row = await here.row(state, "m1" if state == "sent" else None, chat, template=template)
    other = await here.row(state, "m0" if state == "sent" else None, chat, template=template | {"tracking": "hs-0"})
    receipt = _receipt("m1", "84987654321", tracking_id="hs-1", delivery_time="1767600000000")
    here.server.hook.tell("user_received_message", receipt, zns=True)
    await here.server.settled()
    found = await here.read(row)
    assert (found.state, found.provider_id, found.delivered_at) == ("sent", "m1", here.clock.at)
    assert (await here.read(other)).delivered_at is None


# --- where an event belongs -------------------------------------------------------------------------------------------


def test_every_event_has_the_key_that_zalo_names() -> None:
    """The message id with the event's name, else name, time and person (zalo.md 4.7)."""
    follow = {"event_name": "follow", "timestamp": "17", "follower": {"id": 55}, "oa_id": "388"}
    cases = {
        json.dumps(body()): Envelope(HOA, "user_send_text:96d3"),
        json.dumps(follow): Envelope("55", "follow:17:55"),
        json.dumps(follow | {"event_name": "unfollow"}): Envelope("55", "unfollow:17:55"),
        json.dumps({"event_name": "user_withdraw", "timestamp": 18, "user_id": "55"}): Envelope(
            "55", "user_withdraw:18:55"
        ),
        json.dumps({"event_name": "user_click_chatnow", "timestamp": "19", "user_id": "55"}): Envelope(
            "55", "user_click_chatnow:19:55"
        ),
        json.dumps(body("user_submit_info", message=None)): Envelope(HOA, f"user_submit_info:1767600000000:{HOA}"),
        json.dumps({"event_name": "permission_revoked"}): Revoked(),
        json.dumps(body("user_seen_message", message={"msg_ids": ["a", 7]}, recipient={"id": HOA})): Receipt(
            HOA, ("a", "7"), seen=True
        ),
        json.dumps(body("oa_send_text")): None,
        json.dumps(body("oa_send_group_text", sender={"id": "1", "admin_id": "2"})): None,
        json.dumps(body("user_reacted_message")): None,
    }
    for said, wanted in cases.items():
        assert route(json.loads(said)) == wanted, said


@pytest.mark.parametrize(
    "odd",
    [
        None, 7, [], {}, {"event_name": None}, {"event_name": {}}, body(sender={}), body(sender={"id": ""}),
        body(sender={"id": True}), body(sender={"id": 1.5}), body(sender={"id": "-12"}), body(sender=None),
        body(message={"msg_id": "a b"}), body("user_received_message", message={}),
        body("user_seen_message", message={"msg_ids": 7}),
    ],
)  # fmt: skip
def test_what_cannot_be_routed_is_unparsable(odd: Any) -> None:
    """Whatever stands where an id should stand."""
    with pytest.raises(Unparsable):
        route(odd)
