"""The wire to Zalo: every code means something for a message, and no answer, however odd, is taken for another."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.channels import zalo_request
from bot.channels.zalo_request import (
    OA_ERRORS,
    TEMPLATE_ERRORS,
    Kind,
    Refused,
    Wire,
    ident,
    meaning,
    number,
    send_error,
)
from bot.errors import (
    NeedsPerson,
    NotNow,
    Rejected,
    SendError,
    Silent,
    Throttled,
    Unavailable,
    Uncertain,
    Unreachable,
)
from bot.settings import ZONE, Settings
from messages.reply import Msg
from tests.zalo_oauth import APP_ID, APP_SECRET
from tests.zalo_server import CUT, DROP, GATEWAY, HANG, OA_SECRET, ZaloServer

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=ZONE)

OA = {
    Throttled: (-32, -214),
    Uncertain: (-200,),
    Rejected: (-100, -201, -210, -233, -235, -240),
    NeedsPerson: (-204, -205, -209, -212, -219, -221, -223, -224, -237, -238, -241, -242, -248, -403),
    NotNow: (-211, -218, -234, -320, -321),
    Unreachable: (-213, -217),
    Silent: (-227, -230, -232, -244, -249),
    Unavailable: (-216, -220),
}
"""Section 2.8 of what is known about Zalo, code by code."""
TEMPLATE = {
    Throttled: (-100,),
    NeedsPerson: (
        -101, -102, -103, -104, -105, -109, -1091, -117, -120, -134, -135, -1351, -138, -1381, -1241, -125, -126, -127,
        -123, -128, -129, -142, -143, -131, -145, -146, -151, -152, -153, -158, -159, -160, -161, -162,
    ),
    Rejected: (
        -106, -107, -108, -111, -112, -1121, -1122, -1124, -113, -1131, -116, -121, -122, -130, -132, -148, -149, -150,
    ),
    Silent: (-110, -114, -118, -119, -139, -140),
    Unreachable: (-141,),
    NotNow: (-115, -133, -136, -137, -144, -1441, -147, -1471, -1472),
    Unavailable: (-124,),
}  # fmt: skip
"""Section 3.4."""
CODES = [(code, kind, False) for kind, codes in OA.items() for code in codes]
CODES += [(code, kind, True) for kind, codes in TEMPLATE.items() for code in codes]
TOLD = {-204, -205, -209, -211, -212, -219, -221, -223, -224, -237, -238, -241, -242, -248, -403, -320, -321}


@pytest.mark.parametrize(("code", "expected", "template"), CODES)
def test_every_code_becomes_what_the_sender_understands(code: int, expected: type[SendError], template: bool) -> None:
    """Each code of Zalo's two tables; whoever has to mend something is told, and nobody else."""
    told: list[Msg] = []
    error = send_error(Refused(code, "words"), NOON, told.append, template)
    assert type(error) is expected
    if isinstance(error, NeedsPerson) or (not template and code in TOLD):
        assert len(told) == 1
    if isinstance(error, NeedsPerson):
        assert error.told
    if expected in (Unreachable, Silent, Rejected, Uncertain, Unavailable, Throttled):
        assert told == []


def test_no_code_is_forgotten() -> None:
    """The tables hold the codes that are known, and no others."""
    assert set(OA_ERRORS) == {code for code, _kind, template in CODES if not template}
    assert set(TEMPLATE_ERRORS) == {code for code, _kind, template in CODES if template}


@pytest.mark.parametrize("template", [False, True])
def test_an_unknown_code_is_final_and_told(template: bool) -> None:
    """What nobody has written down is never tried again by itself; the code reaches a person."""
    told: list[Msg] = []
    error = send_error(Refused(-9999, "Liên hệ 0912345678"), NOON, told.append, template)
    assert isinstance(error, Rejected)
    assert (error.code, "0912345678" in str(error)) == ("-9999", False)
    assert [each.args for each in told] == [{"number": -9999}]


def test_a_number_that_only_the_other_table_has_is_known_there() -> None:
    """Templates by user id go over the first host: an error of templates is understood there too."""
    assert meaning(-112) == meaning(-112, True)
    assert meaning(-216, True) == meaning(-216)
    found = [meaning(-100, template) for template in (False, True)]
    assert [each.kind for each in found if each] == [Kind.UPLOAD, Kind.BACKOFF]


@pytest.mark.parametrize(("hour", "day"), [(23, 27), (3, 26), (12, 27)])
def test_what_may_not_go_at_night_goes_in_the_morning(hour: int, day: int) -> None:
    """At six in Vietnam or a little later, whatever the time of day."""
    error = send_error(Refused(-234), NOON.replace(hour=hour), lambda _msg: None)
    assert isinstance(error, NotNow)
    opens = datetime(2026, 11, day, 6, 0, tzinfo=ZONE)
    assert opens <= error.until <= opens + timedelta(minutes=15)


def test_an_account_that_is_shut_keeps_its_messages() -> None:
    """No plan, no consent: everything waits. One template that is barred: only that message fails."""
    shut, barred = (send_error(Refused(code), NOON, lambda _msg: None, True) for code in (-224, -131))
    assert isinstance(shut, NeedsPerson)
    assert isinstance(barred, NeedsPerson)
    assert (shut.after > 0, barred.after) == (True, 0)


# --- the wire ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def server() -> AsyncIterator[ZaloServer]:
    async with ZaloServer() as made:
        made.user("2468458835296197922").follows()
        yield made


@pytest.fixture
async def wire(server: ZaloServer, tmp_path: Path) -> AsyncIterator[Wire]:
    made = Wire(Settings.load({"DATA_DIR": str(tmp_path)} | server.environ, env_file=None))
    yield made
    await made.close()


def message(text: str = "Chào bà") -> dict[str, Any]:
    return {"recipient": {"user_id": "2468458835296197922"}, "message": {"text": text}}


async def test_a_call_is_signed_and_brings_its_data(server: ZaloServer, wire: Wire) -> None:
    """The stand-in refuses a call without the right proof; a GET carries one parameter of JSON."""
    token = server.oauth.access
    sent = await wire.call("POST", "/v3.0/oa/message/cs", token, body=message())
    assert sent["message_id"] == server.oa.sent[0].id
    asked = {"user_id": "2468458835296197922", "offset": 0, "count": 10}
    told = await wire.call("GET", "/v2.0/oa/conversation", token, data=asked)
    assert [each["message"] for each in told] == ["Chào bà"]
    assert await wire.call("GET", "/message/quota", token, business=True)


async def test_what_is_left_of_this_minute_is_known(server: ZaloServer, wire: Wire) -> None:
    """As Zalo says it in a header; without one the last word holds."""
    assert wire.remain is None
    server.oa.rate = 5
    for left in (4, 3):
        await wire.call("GET", "/v2.0/oa/getoa", server.oauth.access)
        assert wire.remain == left
    server.oa.rate = 0
    await wire.call("GET", "/v2.0/oa/getoa", server.oauth.access)
    assert wire.remain == 3


async def test_no_in_http_200_is_a_refusal(server: ZaloServer, wire: Wire) -> None:
    """The code and words of the body; a path that does not exist is one too."""
    for plan in (-216, -9999):
        server.next("cs", plan)
        with pytest.raises(Refused) as refused:
            await wire.call("POST", "/v3.0/oa/message/cs", server.oauth.access, body=message())
        assert refused.value.code == plan
    with pytest.raises(Refused) as refused:
        await wire.call("POST", "/v3.0/oa/message", server.oauth.access, body=message())
    assert refused.value.code == 404


@pytest.mark.parametrize("plan", [DROP, CUT, HANG, GATEWAY])
async def test_a_message_without_an_answer_may_have_arrived_and_a_question_has_not(
    server: ZaloServer, wire: Wire, plan: str
) -> None:
    """Whatever broke; asking again harms nobody, sending again might. No word of it holds the token."""
    server.next("cs", plan)
    server.always("getoa", plan)  # a question is asked again at once when a kept connection is dropped
    for method, path, expected in (("POST", "/v3.0/oa/message/cs", Uncertain), ("GET", "/v2.0/oa/getoa", Unavailable)):
        body = message() if method == "POST" else None
        with pytest.raises(expected) as error:
            await wire.call(method, path, server.oauth.access, body=body, seconds=0.3)
        assert server.oauth.access not in repr(error.value)
        assert error.value.__cause__ is None


async def test_a_closed_door_is_certain(server: ZaloServer, wire: Wire) -> None:
    """A connection that was refused brought nothing."""
    await server.refuse()
    with pytest.raises(Unavailable):
        await wire.call("POST", "/v3.0/oa/message/cs", "token", body=message())
    with pytest.raises(Unavailable):
        await wire.token(grant_type="refresh_token", refresh_token="x")
    await server.start()


ODD = [
    (b"", Uncertain),
    (b"null", Uncertain),
    (b"[]", Uncertain),
    (b'{"message":"Success"}', Uncertain),
    (b'{"error":true}', Uncertain),
    (b'{"error":"","data":{}}', Uncertain),
    (b"[" * 100_000, Uncertain),
    (b'{"error":"-216","message":7}', Refused),
    (b'{"error":-213}', Refused),
]


@pytest.mark.parametrize(("raw", "expected"), ODD, ids=[str(raw[:20]) for raw, _expected in ODD])
def test_an_odd_answer_is_never_taken_for_a_good_one(raw: bytes, expected: type[Exception]) -> None:
    """Numbers that are strings are read; what cannot be read is a message that may have arrived."""
    with pytest.raises(expected):
        zalo_request.result(200, raw)


def test_good_answers_may_be_odd_too() -> None:
    """A string for a number, no data at all, ids that only whole numbers hold."""
    assert zalo_request.result(200, b'{"error":"0","message":"Success"}') == {}
    assert zalo_request.result(200, b'{"error":0,"data":null}') == {}
    big = 2**70 + 1
    assert zalo_request.result(200, json.dumps({"error": 0, "data": {"id": big}}).encode())["id"] == big
    assert ident(big) == "1180591620717411303425"


def test_http_says_something_when_the_body_does_not() -> None:
    """Too many requests wait for the next minute; a server that fails may have done it."""
    with pytest.raises(Refused) as refused:
        zalo_request.result(429, b"slow down")
    assert refused.value.code == -32
    for read_only, expected in ((True, Unavailable), (False, Uncertain)):
        with pytest.raises(expected):
            zalo_request.result(502, b"<html>", read_only)


@pytest.mark.parametrize(
    ("value", "expected"), [(7, 7), ("7", 7), ("-216", -216), (True, None), (None, None), ("x", None), (7.0, None)]
)
def test_numbers_may_come_as_strings(value: object, expected: int | None) -> None:
    """And what is none is none."""
    assert number(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(12, "12"), ("12", "12"), (None, ""), (True, ""), ({}, ""), (1.5, "")])
def test_ids_become_strings(value: object, expected: str) -> None:
    """However they came."""
    assert ident(value) == expected


async def test_a_pair_is_known_by_its_access_token(server: ZaloServer, wire: Wire) -> None:
    """Its error has another shape, in HTTP 200 as well."""
    fields = {"app_id": APP_ID, "grant_type": "refresh_token"}
    old = server.oauth.refresh
    said = await wire.token(refresh_token=old, **fields)
    assert (said["access_token"], said["expires_in"]) == (server.oauth.access, "90000")
    with pytest.raises(Refused) as refused:
        await wire.token(refresh_token=old, **fields)
    assert refused.value.code == -14014


BAD_PAIRS = [b"", b"<html>", b"{}", b"[]", b'{"access_token":""}', b'{"access_token":null}', b'{"error":0}']


@pytest.mark.parametrize("raw", BAD_PAIRS)
@pytest.mark.parametrize("status", [200, 502])
async def test_what_is_no_pair_and_no_error_leaves_everything_open(raw: bytes, status: int, tmp_path: Path) -> None:
    """The token may have been spent: nobody may believe either."""
    app = web.Application()

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=raw, status=status)

    app.add_routes([web.post("/v4/oa/access_token", answer)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    keys = {"ZALO_APP_ID": APP_ID, "ZALO_APP_SECRET": APP_SECRET, "ZALO_OA_SECRET_KEY": OA_SECRET}
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    wire = Wire(Settings.load({"DATA_DIR": str(tmp_path), "ZALO_OAUTH_URL": url} | keys, env_file=None))
    with pytest.raises(Uncertain):
        await wire.token(grant_type="refresh_token", refresh_token="x")
    await wire.close()
    await runner.cleanup()
