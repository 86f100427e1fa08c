"""The stand-in for Zalo judged by a plain HTTP client: every strict rule, by the codes of Zalo's papers."""

import base64
import hashlib
import hmac
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web

from bot.settings import Settings
from tests.zalo_hook import RETRIES
from tests.zalo_methods import MEGABYTE
from tests.zalo_oauth import ACCESS_LIFE, APP_ID, APP_SECRET, REFRESH_LIFE
from tests.zalo_server import CUT, DROP, GATEWAY, HANG, LATER, OA_SECRET, Although, ZaloServer
from tests.zalo_world import FREE, HOUR, PAID, PAID_MESSAGE, STATE_AGENCY, UPLOAD_LIFE, User

HOA = "2468458835296197922"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
CS, V2, UID = "/v3.0/oa/message/cs", "/v2.0/oa/message", "/v3.0/oa/message/template"
NOON = 1_795_669_200.0  # 26.11.2026, 12:00 in Vietnam


@dataclass
class Hands:
    """A clock that is moved by hand."""

    at: float = NOON

    def __call__(self) -> float:
        return self.at


@dataclass
class Client:
    """One who calls the stand-in as the bot would."""

    server: ZaloServer
    http: aiohttp.ClientSession
    hands: Hands
    answers: list[aiohttp.ClientResponse] = field(default_factory=list)

    async def call(self, path: str, body: Any = None, host: str = "openapi", **more: Any) -> Any:
        """POST a body, or GET without one; what was answered, by JSON."""
        token = self.server.oauth.access
        proof = hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
        headers = {"access_token": token, "appsecret_proof": proof} | more.pop("headers", {})
        url = f"{self.server.url}/{host}{path}"
        verb = "GET" if body is None and "data" not in more else "POST"
        async with self.http.request(verb, url, json=body, headers=headers, **more) as answer:
            self.answers.append(answer)
            return await answer.json()

    async def send(self, text: str = "Chào bà", user: str = HOA, path: str = CS, **message: Any) -> Any:
        return await self.call(path, {"recipient": {"user_id": user}, "message": {"text": text} | message})

    async def upload(self, kind: str, raw: bytes, name: str = "file") -> Any:
        form = aiohttp.FormData()
        form.add_field(name, io.BytesIO(raw), filename="x")
        return await self.call(f"/v2.0/oa/upload/{kind}", data=form)

    async def get(self, path: str, **data: Any) -> Any:
        return await self.call(path, params={"data": json.dumps(data)})

    async def token(self, secret: str = APP_SECRET, **form: str) -> Any:
        url = f"{self.server.url}/oauth/v4/oa/access_token"
        async with self.http.post(url, data={"app_id": APP_ID} | form, headers={"secret_key": secret}) as answer:
            assert answer.status == 200
            return await answer.json()

    async def refresh(self, token: str) -> Any:
        return await self.token(grant_type="refresh_token", refresh_token=token)

    async def notify(self, **more: Any) -> Any:
        body = {"phone": "84912345678", "template_id": "t1", "tracking_id": "hs-1", "template_data": {"ten": "Hoa"}}
        return await self.call("/message/template", body | more, host="business")


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    hands = Hands()
    async with ZaloServer(now=hands) as server, aiohttp.ClientSession() as http:
        yield Client(server, http, hands)


@pytest.fixture
def hoa(client: Client) -> User:
    """She has just written."""
    made = client.server.user(HOA, "Bà Hoa", "84912345678")
    made.follows()
    made.says("Chào xã")
    return made


@dataclass
class Door:
    """A webhook. `answers`: what it says to the next events; 0: cut the connection."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        status = self.answers.pop(0) if self.answers else 200
        if not status and request.transport is not None:
            request.transport.abort()
        return web.Response(status=status or 200)

    @property
    def names(self) -> list[str]:
        return [json.loads(raw).get("event_name", "") for _headers, raw in self.got]


@pytest.fixture
async def door(client: Client) -> AsyncIterator[Door]:
    made, app = Door(), web.Application()
    app.add_routes([web.post("/zalo/webhook", made.take)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/zalo/webhook"
    client.server.hook.url = made.url
    yield made
    await runner.cleanup()


def buttons(*several: dict[str, Any]) -> dict[str, Any]:
    return {"type": "template", "payload": {"buttons": list(several)}}


def button(title: str = "Có", kind: str = "oa.query.hide", payload: Any = "#co") -> dict[str, Any]:
    return {"title": title, "type": kind, "payload": payload}


def template(kind: str, *elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "template", "payload": {"template_type": kind, "elements": list(elements)}}


# --- consent and tokens -----------------------------------------------------------------------------------------------


async def test_an_admin_consents_and_the_code_is_good_once(client: Client) -> None:
    link = f"{client.server.url}/oauth/v4/oa/permission"
    asked = {"app_id": APP_ID, "redirect_uri": "https://xa.vn/zalo/callback", "code_challenge": CHALLENGE, "state": "s"}
    async with client.http.get(link, params=asked, allow_redirects=False) as answer:
        given = {key: values[0] for key, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
    assert (given["oa_id"], given["state"]) == (client.server.oa.id, "s")
    consent = {"grant_type": "authorization_code", "code": given["code"], "code_verifier": VERIFIER}
    pair = await client.token(**consent)
    assert pair == {
        "access_token": client.server.oauth.access, "refresh_token": client.server.oauth.refresh, "expires_in": "90000",
    }  # fmt: skip
    assert (await client.token(**consent))["error"] == -14005
    for verifier, seconds, code in (("w" * 43, 0, -14005), (VERIFIER, 600, None), (VERIFIER, 601, -14005)):
        callback = client.server.oauth.consent(f"{link}?app_id={APP_ID}&redirect_uri=x&code_challenge={CHALLENGE}")
        client.hands.at += seconds
        consent |= {"code": parse_qs(urlsplit(callback).query)["code"][0], "code_verifier": verifier}
        assert (await client.token(**consent)).get("error") == code


async def test_what_the_console_does_not_know_is_refused(client: Client) -> None:
    client.server.oauth.redirect_uri = "https://xa.vn/zalo/callback"
    right = {"app_id": APP_ID, "redirect_uri": "https://xa.vn/zalo/callback"}
    for wrong, code in (({"app_id": "1"}, -14002), ({"redirect_uri": "https://xa.vn/"}, -14003)):
        async with client.http.get(f"{client.server.url}/oauth/v4/oa/permission", params=right | wrong) as answer:
            assert (answer.status, (await answer.json())["error"]) == (200, code)
    assert (await client.token("wrong"))["error"] == -14004
    assert (await client.token(app_id="1"))["error"] == -14002
    assert (await client.token(grant_type="password"))["error"] == -14018
    url = f"{client.server.url}/oauth/v4/oa/access_token"
    async with client.http.post(url, json={"app_id": APP_ID}, headers={"secret_key": APP_SECRET}) as answer:
        assert (await answer.json())["error"] == -14002


@pytest.mark.parametrize("old_dies", [True, False])
async def test_a_refresh_token_is_good_once(client: Client, hoa: User, old_dies: bool) -> None:
    oauth = client.server.oauth
    oauth.old_dies, old_access, old_refresh = old_dies, oauth.access, oauth.refresh
    assert "access_token" in await client.refresh(old_refresh)
    lost = await client.refresh(old_refresh)
    assert set(lost) == {"error", "error_name", "error_description", "error_reason", "ref_doc"}
    assert (lost["error"], lost["error_name"]) == (-14014, "Invalid refresh token.")
    oauth.access, new = old_access, oauth.access
    assert (await client.send())["error"] == (-216 if old_dies else 0)
    oauth.access = new
    assert (await client.send())["error"] == 0
    client.hands.at += REFRESH_LIFE
    assert "access_token" in await client.refresh(oauth.refresh)
    client.hands.at += REFRESH_LIFE + 1
    assert (await client.refresh(oauth.refresh))["error"] == -14014


async def test_only_the_right_header_opens(client: Client, hoa: User) -> None:
    server, bearer = client.server, {"access_token": "", "Authorization": f"Bearer {client.server.oauth.access}"}
    assert (await client.call("/v2.0/oa/getoa", headers=bearer))["error"] == -216
    assert (await client.call("/message/quota", host="business", headers=bearer))["error"] == -124
    assert (await client.call("/v2.0/oa/getoa", headers={"appsecret_proof": "00"}))["error"] == -242
    assert (await client.call("/message/quota", host="business", headers={"appsecret_proof": "00"}))["error"] == -1241
    server.proof = False
    assert (await client.call("/v2.0/oa/getoa", headers={"appsecret_proof": ""}))["error"] == 0
    client.hands.at += ACCESS_LIFE
    assert (await client.send())["error"] == -220
    server.revokes()
    assert (await client.send())["error"] == -223
    assert (await client.refresh(server.oauth.refresh))["error"] == -14014
    assert server.hook.events[-1].name == "permission_revoked"
    assert {answer.status for answer in client.answers} == {200}


async def test_paths_and_plans(client: Client, hoa: User) -> None:
    """Business accounts send by v3, state agencies by v2; the bare path is none; the plan must include the API."""
    oa = client.server.oa
    assert (await client.send(path="/v3.0/oa/message"))["message"] == "empty or invalid API"
    assert client.answers[-1].status == 404
    assert (await client.send(path=V2))["error"] == -240
    oa.type = STATE_AGENCY
    assert (await client.send())["error"] == -235
    assert (await client.send(path=V2))["error"] == 0
    oa.path = "v3"
    assert (await client.send())["error"] == 0
    about = (await client.call("/v2.0/oa/getoa"))["data"]
    assert (about["oaid"], about["oa_type"], about["num_follower"]) == (oa.id, STATE_AGENCY, 1)
    oa.plan = "Tiêu chuẩn"
    assert (await client.send())["error"] == -224


# --- messages ---------------------------------------------------------------------------------------------------------

WRONG: dict[str, tuple[int, dict[str, Any]]] = {
    "too long": (-210, {"text": "x" * 2001}),
    "too long by combining marks": (-210, {"text": "e\u0302" * 1001}),
    "empty": (-201, {"text": " "}),
    "a number": (-201, {"text": 17}),
    "quotes nothing": (-201, {"quote_message_id": "gone"}),
    "quotes as Java does": (-201, {"react_message_id": "x"}),
    "six buttons": (-210, {"attachment": buttons(*[button()] * 6)}),
    "no button": (-201, {"attachment": buttons()}),
    "long title": (-210, {"attachment": buttons(button("x" * 101))}),
    "long payload": (-210, {"attachment": buttons(button(payload="x" * 1001))}),
    "unknown button": (-201, {"attachment": buttons(button(kind="oa.query"))}),
    "payload of another kind": (-201, {"attachment": buttons(button(payload={"url": "https://a.vn"}))}),
    "page without address": (-201, {"attachment": buttons(button(kind="oa.open.url", payload="https://a.vn"))}),
    "phone with 0": (-201, {"attachment": buttons(button(kind="oa.open.phone", payload={"phone_code": "0912345678"}))}),
    "long SMS": (
        -210,
        {"attachment": buttons(button("S", "oa.open.sms", {"content": "x" * 161, "phone_code": "84912345678"}))},
    ),
    "buttons without words": (-201, {"text": "", "attachment": buttons(button())}),
    "both url and id": (
        -201,
        {"attachment": template("media", {"media_type": "image", "url": "https://a.vn/a.jpg", "attachment_id": "a"})},
    ),
    "neither url nor id": (-201, {"attachment": template("media", {"media_type": "image"})}),
    "two pictures": (-210, {"attachment": template("media", *[{"media_type": "image", "url": "https://a.vn"}] * 2)}),
    "moving without size": (-201, {"attachment": template("media", {"media_type": "gif", "url": "https://a.vn/a.gif"})}),
    "unknown picture": (-100, {"attachment": template("media", {"media_type": "image", "attachment_id": "a"})}),
    "unknown file": (-100, {"attachment": {"type": "file", "payload": {"token": "a"}}}),
    "unknown attachment": (-233, {"attachment": {"type": "image", "payload": {}}}),
    "unknown template": (-233, {"attachment": template("carousel", {"title": "x"})}),
    "list without subtitle": (-201, {"attachment": template("list", {"title": "x"})}),
    "long list": (-210, {"attachment": template("list", *[{"title": "x", "subtitle": "y"}] * 6)}),
    "long list title": (-210, {"attachment": template("list", {"title": "x" * 101, "subtitle": "y"})}),
    "form without picture": (-201, {"attachment": template("request_user_info", {"title": "x", "subtitle": "y"})}),
    "two forms": (-210, {"attachment": template("request_user_info", *[{"title": "x", "subtitle": "y"}] * 2)}),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
async def test_a_malformed_message_is_refused(client: Client, hoa: User, what: str) -> None:
    code, message = WRONG[what]
    assert (await client.send(**message))["error"] == code
    assert client.answers[-1].status == 200
    assert hoa.chat.sent == []


async def test_what_she_sees(client: Client, hoa: User) -> None:
    """Words, buttons, pictures, papers, quotes and forms; ids are strings, and only hers is known."""
    opens = {"phone_code": "84912345678"}
    several = buttons(
        button("Có", payload="#co"), button("Không", "oa.query.show", "#khong"), button("Gọi", "oa.open.phone", opens),
        button("Cổng", "oa.open.url", {"url": "https://dichvucong.gov.vn"}),
        button("SMS", "oa.open.sms", opens | {"content": "x" * 160}),
    )  # fmt: skip
    answer = await client.send("x" * 2000, attachment=several)
    assert answer["data"]["user_id"] == HOA
    assert answer["data"]["quota"]["quota_type"] == "reply"
    assert hoa.chat.buttons == ["Có", "Không", "Gọi", "Cổng", "SMS"]
    assert (await client.send("Đáp", quote_message_id=answer["data"]["message_id"]))["error"] == 0
    picture = (await client.upload("image", b"\xff\xd8\xff picture"))["data"]["attachment_id"]
    paper = (await client.upload("file", b"%PDF-1.7"))["data"]["token"]
    await client.send("", attachment=template("media", {"media_type": "image", "attachment_id": picture}))
    await client.send("", attachment={"type": "file", "payload": {"token": paper}})
    form = {"title": "UBND xã", "subtitle": "Xin số", "image_url": "https://xa.vn/a.png"}
    opens_page = {"type": "oa.open.url", "url": "https://xa.vn"}
    for attachment in (
        template("request_user_info", form), template("media", {"media_type": "sticker", "attachment_id": "s1"}),
        template("media", {"media_type": "gif", "url": "https://xa.vn/a.gif", "width": 9, "height": 9}),
        template("list", {"title": "a", "subtitle": "b", "default_action": opens_page}, {"title": "c"}),
    ):  # fmt: skip
        assert (await client.send("", attachment=attachment))["error"] == 0
    kinds = ["text", "text", "image", "file", "template", "sticker", "gif", "list"]
    assert [each.kind for each in hoa.chat.sent] == kinds
    assert [each.file.raw for each in hoa.chat.sent if each.file] == [b"\xff\xd8\xff picture", b"%PDF-1.7"]
    react = {"react_icon": "/-strong", "react_message_id": hoa.chat.messages[0].id}
    assert (await client.call(V2, {"recipient": {"user_id": HOA}, "sender_action": react}))["error"] == 0
    assert hoa.chat.reactions == [(hoa.chat.messages[0].id, "/-strong")]
    react["react_icon"] = "👍"
    assert (await client.call(V2, {"recipient": {"user_id": HOA}, "sender_action": react}))["error"] == -201
    for stranger in ("999", int(HOA)):
        assert (await client.send(user=stranger))["error"] == -201  # type: ignore[arg-type]


async def test_uploads(client: Client, hoa: User) -> None:
    """By kind and size, in the field `file`, for seven days."""
    jpeg, gif, pdf = b"\xff\xd8\xff", b"GIF89a", b"%PDF-"
    for kind, raw, code in (
        ("image", jpeg.ljust(MEGABYTE, b"."), 0), ("image", jpeg.ljust(MEGABYTE + 1, b"."), -210), ("image", gif, -201),
        ("gif", gif.ljust(5 * MEGABYTE, b"."), 0), ("gif", gif.ljust(5 * MEGABYTE + 1, b"."), -210),
        ("file", pdf.ljust(5 * MEGABYTE, b"."), 0), ("file", pdf.ljust(5 * MEGABYTE + 1, b"."), -210),
        ("file", b"PK\x03\x04", 0), ("file", b"plain words", -201),
    ):  # fmt: skip
        assert (await client.upload(kind, raw))["error"] == code
    assert (await client.upload("image", jpeg, "image"))["error"] == -201
    picture = (await client.upload("image", jpeg))["data"]["attachment_id"]
    attachment = template("media", {"media_type": "image", "attachment_id": picture})
    client.hands.at += UPLOAD_LIFE
    hoa.says("còn đây")
    client.server.oauth.pair()
    assert (await client.send("", attachment=attachment))["error"] == 0
    client.hands.at += 1
    assert (await client.send("", attachment=attachment))["error"] == -100
    client.server.oa.uploads_left = 0
    assert (await client.upload("image", jpeg))["error"] == -211


async def test_windows(client: Client) -> None:
    """Free for 48 hours, from the plan or paid for until the seventh day, then closed; to some never."""
    oa = client.server.oa
    hoa = client.server.user(HOA)
    assert (await client.send())["error"] == -232

    async def after(seconds: float) -> Any:
        hoa.silent(seconds / HOUR)
        answer = await client.send()
        return answer["data"]["quota"]["quota_type"] if answer["error"] == 0 else answer["error"]

    oa.included, oa.balance = 1, PAID_MESSAGE
    assert [await after(FREE), await after(FREE + 1), await after(PAID)] == ["reply", "sub_quota", "purchase_quota"]
    assert [price for _message, price in oa.spent] == [PAID_MESSAGE]
    assert [await after(PAID + 1), await after(PAID)] == [-230, -211]
    for opens in (hoa.follows, hoa.opens_chat, lambda: hoa.says("a"), lambda: hoa.presses_payload("#a")):
        hoa.silent(200)
        opens()
        assert (await client.send())["error"] == 0
    hoa.unfollows()
    assert (await client.send())["error"] == -213
    hoa.says("Cho hỏi")
    assert (await client.send())["error"] == 0
    hoa.blocks()
    assert (await client.send())["error"] == -217
    hoa.gone = True
    assert (await client.send())["error"] == -227


async def test_requests_a_minute_are_counted(client: Client, hoa: User) -> None:
    client.server.oa.rate = 3
    assert [(await client.send())["error"] for _ in range(4)] == [0, 0, 0, -32]
    left = [(each.headers["X-RateLimit-Limit"], each.headers["X-RateLimit-Remain"]) for each in client.answers]
    assert left == [("3", "2"), ("3", "1"), ("3", "0"), ("3", "0")]
    client.hands.at += 60
    assert (await client.send())["error"] == 0
    assert client.server.over_rate == 1


async def test_the_history(client: Client, hoa: User) -> None:
    """Newest first, ten at most, a bare array; what a hidden button said is not in it."""
    await client.send("Chọn", attachment=buttons(button(), button("Khác", "oa.query.show", "#khac")))
    hoa.presses("Có")
    hoa.presses("Khác")
    client.server.oa.writes(hoa, "Cán bộ đây")
    lan = client.server.user("2468458835296190001", "Lan")
    lan.sends_location(22.5, 103.5)
    found = (await client.get("/v2.0/oa/conversation", user_id=HOA, offset=0, count=10))["data"]
    assert [(each["src"], each["message"]) for each in found] == [
        (0, "Cán bộ đây"), (1, "#khac"), (0, "Chọn"), (1, "Chào xã"),
    ]  # fmt: skip
    assert (found[1]["from_id"], found[1]["to_id"]) == (HOA, client.server.oa.id)
    assert [each["time"] for each in found] == sorted((each["time"] for each in found), reverse=True)
    page = await client.get("/v2.0/oa/conversation", user_id=HOA, offset=3, count=10)
    assert [each["message"] for each in page["data"]] == ["Chào xã"]
    recent = (await client.get("/v2.0/oa/listrecentchat", offset=0, count=10))["data"]
    assert [(each["type"], each["message"]) for each in recent] == [("location", ""), ("text", "Cán bộ đây")]
    assert (await client.get("/v2.0/oa/listrecentchat", offset=0, count=11))["error"] == -210
    assert (await client.get("/v2.0/oa/listrecentchat", offset=0))["error"] == -201
    assert (await client.call("/v2.0/oa/listrecentchat", params={"offset": 0}))["error"] == -201


async def test_what_she_gave_of_herself(client: Client, hoa: User) -> None:
    hoa.submits_info(name="Nguyễn Thị Hoa")
    detail = (await client.get("/v3.0/oa/user/detail", user_id=HOA))["data"]
    assert (detail["user_is_follower"], detail["shared_info"]["name"]) == (True, "Nguyễn Thị Hoa")
    await client.call("/v2.0/oa/deletefollowerinfo", {"user_id": HOA})
    assert (await client.get("/v3.0/oa/user/detail", user_id=HOA))["data"]["shared_info"] == {}


async def test_what_is_left_of_the_plan(client: Client, hoa: User) -> None:
    """One path, two shapes; all numbers are strings."""
    hoa.silent(60)
    await client.send()
    body = {"quota_owner": "OA", "product_type": "cs", "quota_type": "sub_quota"}
    (left,) = (await client.call("/v3.0/oa/quota/message", body))["data"]
    assert (left["remain"], left["total"]) == ("499", "500")
    hers = (await client.call("/v3.0/oa/quota/message", {"user_id": HOA}))["data"]
    assert hers["last_interaction"] == str(int((NOON - 60 * HOUR) * 1000))


async def test_a_service_is_pointed_at_it_by_settings(client: Client, tmp_path: Path) -> None:
    server = client.server
    made = Settings.load(server.environ | {"DATA_DIR": str(tmp_path), "SECRET_KEY": "x" * 40}, env_file=None)
    assert (made.zalo_app_id, made.zalo_refresh_token) == (APP_ID, server.oauth.refresh)
    assert [made.zalo_api_url, made.zalo_oauth_url, made.zalo_business_url] == [
        f"{server.url}/{path}" for path in ("openapi", "oauth", "business")
    ]


# --- template messages ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by_phone", "by_uid", "data"),
    [
        (-111, -201, {}), (-112, -201, {"ten": "Hoa", "la": "x"}), (-1121, -210, {"ten": "x" * 11}),
        (-1122, -201, {"ngay": "01/12/2026"}), (-1124, -201, {"ten": 17}), (-1124, -201, {"ten": "H", "ngay": "mai"}),
    ],
)  # fmt: skip
async def test_parameters_of_a_template(
    client: Client, hoa: User, by_phone: int, by_uid: int, data: dict[str, Any]
) -> None:
    template = client.server.oa.template("t1", ten=10, ngay=20)
    template.params["ngay"], template.optional = ("DATE", 20), frozenset({"ngay"})
    assert (await client.notify(template_data=data))["error"] == by_phone
    body = {"user_id": HOA, "template_id": "t1", "template_data": data}
    assert (await client.call(UID, body))["error"] == by_uid
    assert hoa.notices == []


async def test_a_notice_by_phone(client: Client, hoa: User) -> None:
    """What is refused, what it costs, and when it is delivered."""
    server, oa = client.server, client.server.oa
    oa.template("t1", ten=10)
    for code, more in (
        (-109, {"template_id": "t2"}), (-108, {"phone": "0912345678"}), (-118, {"phone": "84999999999"}),
        (-132, {"tracking_id": ""}), (-132, {"tracking_id": 17}), (-130, {"tracking_id": "x" * 49}),
        (-122, {"sending_mode": "3"}), (-127, {"mode": "development"}),
    ):  # fmt: skip
        assert (await client.notify(**more))["error"] == code
    states: tuple[tuple[int, Any, str, Any], ...] = (
        (-115, oa, "balance", 199), (-144, oa, "daily_left", 0), (-136, oa, "linked_zca", ""),
        (-114, hoa, "gone", True), (-141, hoa, "refuses_notices", True),
        (-141, hoa, "blocked", True), (-131, oa.templates["t1"], "status", "PENDING_REVIEW"),
    )  # fmt: skip
    for code, what, name, value in states:
        before = getattr(what, name)
        setattr(what, name, value)
        assert (await client.notify())["error"] == code
        setattr(what, name, before)
    oa.night, client.hands.at = True, NOON + 10 * HOUR
    server.oauth.pair()
    assert (await client.notify())["error"] == -133
    client.hands.at += 8 * HOUR
    hoa.online = False
    answer = (await client.notify(phone="+84912345678"))["data"]
    assert (answer["quota"], oa.spent) == ({"dailyQuota": "500", "remainingQuota": "499"}, [(answer["msg_id"], 200)])
    assert (hoa.notices[-1].text, hoa.notices[-1].tracking_id) == ("Hồ sơ đã có kết quả\nHoa", "hs-1")

    async def status(message_id: str) -> Any:
        found = await client.call("/message/status", host="business", params={"message_id": message_id})
        return found["data"]["status"]

    assert (await status(answer["msg_id"]), await status("none")) == (0, -1)
    hoa.goes_online()
    assert await status(answer["msg_id"]) == 1
    event = server.hook.events[-1]
    assert (event.name, event.headers["X-ZEvent-Server"]) == ("user_received_message", "ZNS")
    assert (event.body["recipient"]["id"], event.body["message"]["tracking_id"]) == ("84912345678", "hs-1")
    oa.admin_phones.add("84912345678")
    assert (await client.notify(mode="development", tracking_id="x" * 48))["error"] == 0
    assert len(oa.spent) == 1


async def test_a_notice_by_user_id(client: Client) -> None:
    """To somebody silent for long; paid for, echoed, and delivered as a message of the account."""
    server, oa = client.server, client.server.oa
    hoa, template = server.user(HOA), oa.template("t1", ten=10)
    hoa.silent(1000)
    body = {"user_id": HOA, "template_id": "t1", "template_data": {"ten": "Hoa".ljust(10, "!")}}
    states: tuple[tuple[int, Any, str, Any], ...] = (
        (-249, template, "by_uid", False), (-321, oa, "balance", 0), (-320, oa, "linked_zca", ""),
        (-217, hoa, "blocked", True), (-244, hoa, "refuses_notices", True), (-227, hoa, "gone", True),
        (-201, template, "status", "DISABLE"),
    )  # fmt: skip
    for code, what, name, value in states:
        before = getattr(what, name)
        setattr(what, name, value)
        assert (await client.call(UID, body))["error"] == code
        setattr(what, name, before)
    assert (await client.call(UID, body | {"tracking_id": "x"}))["error"] == -201
    oa.night, client.hands.at = True, NOON - 7 * HOUR
    assert (await client.call(UID, body))["error"] == -234
    client.hands.at = NOON
    sent = (await client.call(UID, body))["data"]["message_id"]
    assert oa.spent == [(sent, template.price_uid)]
    assert [each.name for each in server.hook.events] == ["oa_send_template", "user_received_message"]
    assert "X-ZEvent-Server" not in server.hook.events[-1].headers
    about = await client.call("/template/info/v2", host="business", params={"template_id": "t1"})
    assert about["data"]["listParams"] == [{"name": "ten", "require": True, "type": "STRING", "maxLength": 10}]
    assert (await client.call("/template/info/v2", host="business", params={"template_id": "t2"}))["error"] == -109
    for limit, code in ((0, -132), (1, 0), (100, 0), (101, -132)):
        params = {"offset": 0, "limit": limit}
        assert (await client.call("/template/all", host="business", params=params))["error"] == code


# --- events -----------------------------------------------------------------------------------------------------------


async def test_events_are_signed_over_the_raw_bytes(client: Client, door: Door, hoa: User) -> None:
    """No HMAC: SHA-256 of app id, bytes, timestamp and the key of the account. Ids and times are strings."""
    hoa.says("Xin hỏi thủ tục khai sinh")
    await client.server.settled()
    for headers, raw in door.got:
        event = json.loads(raw)
        signed = APP_ID.encode() + raw + event["timestamp"].encode() + OA_SECRET.encode()
        assert headers["X-ZEvent-Signature"] == f"mac={hashlib.sha256(signed).hexdigest()}"
        assert isinstance(event["timestamp"], str)
    follow, _first, said = (json.loads(raw) for _headers, raw in door.got)
    assert (follow["event_name"], follow["follower"]["id"], follow["source"]) == ("follow", HOA, "qr_code")
    assert (said["sender"]["id"], said["recipient"]["id"]) == (HOA, client.server.oa.id)
    assert said["message"]["msg_id"] == hoa.chat.messages[-1].id
    assert {each.state for each in client.server.hook.events} == {"taken"}


async def test_the_probe_comes_unsigned(client: Client, door: Door) -> None:
    hook = client.server.hook
    hook.url, door.answers = "", [401, 200]
    assert not await hook.save(door.url)
    assert hook.url == ""
    assert await hook.save(door.url)
    assert [(raw, "X-ZEvent-Signature" in headers) for headers, raw in door.got] == [(b"{}", False)] * 2


async def test_unanswered_events_come_again_and_then_never(client: Client, door: Door, hoa: User) -> None:
    server = client.server
    await server.settled()
    door.answers = [0]
    said = hoa.says("Có ai không").event
    hoa.says("Alô")
    await server.settled()
    assert said is not None
    assert (said.state, door.names[-1], await server.retry()) == ("unanswered", "user_send_text", 0)
    client.hands.at += RETRIES[0]
    assert (await server.retry(), said.state, door.got[-1][0]["num_retry"]) == (1, "taken", "1")
    door.answers = [0] * 10
    lost = hoa.says("Lần nữa").event
    await server.settled()
    for wait in RETRIES:
        assert not server.hook.disabled
        client.hands.at += wait
        assert await server.retry() == 1
    assert lost is not None
    assert (server.hook.disabled, lost.state, len(lost.answers)) == (True, "lost", 6)
    late = hoa.says("Không ai nghe").event
    door.answers = []
    assert await server.hook.save(door.url)
    hoa.says("Nghe rồi")
    await server.settled()
    assert late is not None
    assert (late.state, server.hook.events[-1].state) == ("lost", "taken")


async def test_an_answer_other_than_200_may_be_the_end(client: Client, door: Door, hoa: User) -> None:
    await client.server.settled()
    for retries, state in ((False, "refused"), (True, "unanswered")):
        client.server.hook.retries_answers, door.answers = retries, [500]
        event = hoa.says("Alô").event
        await client.server.settled()
        assert event is not None
        assert event.state == state


async def test_events_out_of_order_twice_or_not_at_all(client: Client, door: Door, hoa: User) -> None:
    hook = client.server.hook
    hook.held, hook.shuffled, hook.repeat, hook.off = True, True, 0.5, {"user_send_sticker"}
    hoa.sends_sticker()
    said = [hoa.says(str(number)).text for number in range(20)]
    hook.release()
    await client.server.settled()
    got = [json.loads(raw)["message"]["text"] for _headers, raw in door.got if b"user_send_text" in raw]
    assert set(got) >= set(said)
    assert len(got) > 21
    assert [each for each in got if each in said] != said
    assert "user_send_sticker" not in door.names


async def test_everything_she_can_send(client: Client, door: Door, hoa: User) -> None:
    """Each kind has its event; files lie on a host of Zalo's until they are gone, or are said to lie elsewhere."""
    client.server.oa.template("t1", ten=10)
    await client.server.settled()
    door.got.clear()
    sent = [
        hoa.sends_photo(b"photo", "ổ gà"), hoa.sends_gif(b"gif"), hoa.sends_file(b"%PDF", "đơn.pdf"),
        hoa.sends_voice(b"voice"), hoa.sends_video(b"video"), hoa.sends_location(), hoa.sends_sticker(),
        hoa.sends_link(), hoa.sends_card(),
    ]  # fmt: skip
    hoa.opens_chat()
    hoa.says_in("g1", "Chào cả thôn")
    hoa.submits_info()
    notice = (await client.notify())["data"]["msg_id"]
    hoa.rates(hoa.notices[0], 5, "tốt")
    hoa.unfollows()
    hoa.withdraws()
    await client.server.settled()
    kinds = ["image", "gif", "file", "audio", "video", "location", "sticker", "link", "business_card"]
    rest = ["user_click_chatnow", "user_send_group_text", "user_submit_info", "user_received_message"]
    rest += ["user_feedback", "unfollow", "user_withdraw"]
    assert door.names == [f"user_send_{kind}" for kind in kinds] + rest
    bodies = [json.loads(raw) for _headers, raw in door.got]
    rated = bodies[-3]["message"]
    assert (rated["msg_id"], rated["tracking_id"], rated["rate"]) == (notice, "hs-1", 5)
    payloads = [each["message"]["attachments"][0]["payload"] for each in bodies[:9]]
    assert (bodies[0]["message"]["text"], payloads[2]["size"], payloads[5]["coordinates"]["latitude"]) == (
        "ổ gà", "4", "22.39",
    )  # fmt: skip
    for message, payload in zip(sent[:5], payloads[:5], strict=True):
        async with client.http.get(payload["url"]) as answer:
            assert message.file is not None
            assert await answer.read() == message.file.raw
    first, second = sent[0].file, sent[1].file
    assert first is not None
    assert second is not None
    first.moved = "http://127.0.0.1:1/secret"
    del client.server.oa.files[second.id]
    client.server.next("media", GATEWAY)
    answers = []
    for url in (payloads[2]["url"], payloads[0]["url"], payloads[1]["url"]):
        async with client.http.get(url, allow_redirects=False) as answer:
            answers.append(answer.status)
    assert answers == [502, 302, 404]


async def test_echoes_and_receipts(client: Client, door: Door, hoa: User) -> None:
    """What the account sends is echoed, with admin_id when a person wrote it; then it is received, and seen."""
    await client.server.settled()
    door.got.clear()
    hoa.online = False
    sent = (await client.send("Chào bà", attachment=buttons(button())))["data"]["message_id"]
    client.server.oa.writes(hoa, "Cán bộ đây", "601")
    hoa.goes_online()
    hoa.sees()
    assert hoa.sees() is None
    hoa.presses("Có")
    await client.server.settled()
    assert door.names == [
        "oa_send_text", "oa_send_text", "user_received_message", "user_received_message", "user_seen_message",
        "user_send_text",
    ]  # fmt: skip
    ours, theirs, received, _second, seen, pressed = (json.loads(raw) for _headers, raw in door.got)
    assert (ours["message"]["msg_id"], received["message"], "admin_id" in ours["sender"]) == (
        sent, {"msg_id": sent}, False,
    )  # fmt: skip
    assert (theirs["sender"]["admin_id"], theirs["recipient"]["id"]) == ("601", HOA)
    assert seen["message"]["msg_ids"][0] == sent
    assert (pressed["message"]["text"], hoa.chat.messages[-1].text) == ("#co", "Cán bộ đây")


# --- bad days ---------------------------------------------------------------------------------------------------------


async def test_bad_days(client: Client, hoa: User) -> None:
    """What is planned for a person or a path happens once each, in that order, and is done or not as it says."""
    server = client.server
    server.next(HOA, -32, GATEWAY, CUT, DROP, Although(-200))
    server.next("access_token", -14018)
    seen: list[Any] = []
    for number in range(6):
        try:
            seen.append((await client.send(f"lần {number}"))["error"])
        except aiohttp.ContentTypeError:
            seen.append(client.answers[-1].status)
        except aiohttp.ClientError:
            seen.append("cut")
    assert seen == [-32, 502, "cut", "cut", -200, 0]
    assert hoa.chat.texts == ["lần 3", "lần 4", "lần 5"]
    assert (await client.refresh(server.oauth.refresh))["error"] == -14018
    server.always(CS, -204)
    assert (await client.send())["error"] == -204
    server.always(CS, None)
    await server.refuse()
    with pytest.raises(aiohttp.ClientError):
        await client.send("không ai nghe")
    await server.start()
    server.next("message/cs", HANG, LATER)
    with pytest.raises(TimeoutError):
        await client.call(CS, {"recipient": {"user_id": HOA}, "message": {"text": "treo"}},
                          timeout=aiohttp.ClientTimeout(0.2))  # fmt: skip
    server.let_go()
    assert (await client.send("muộn"))["error"] == 0
    assert hoa.chat.texts[-2:] == ["treo", "muộn"]
    assert len(server.called(CS)) == len(server.called("message/cs")) == 9
