"""A stand-in for Zalo on loopback: OAuth, OpenAPI and business API over HTTP, as strict as their papers, and bad days.

    server = ZaloServer(); await server.start()                # or: async with ZaloServer() as server
    hoa = server.user("2468458835296197922", "Bà Hoa"); hoa.follows(); hoa.says("phản ánh")   # tests.zalo_world
    server.next(hoa.id, DROP)                                  # what to do with the next requests for a person or path
    await server.until(lambda: hoa.chat.texts)                 # wait for what the bot does

A service is pointed at it by `server.environ`; the three hosts are three paths on one port; errors come in HTTP 200.
Events go to `server.hook.url` (tests.zalo_hook); `await server.settled()` waits until all have been brought.
`now` is Zalo's clock in Unix seconds; with it windows close, uploads and tokens expire, events are tried again.
"""

import asyncio
import hashlib
import hmac
import random
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from tests.zalo_hook import Hook
from tests.zalo_methods import METHODS, Request, open_to, read_data
from tests.zalo_oauth import APP_ID, APP_SECRET, OAuth
from tests.zalo_world import OfficialAccount, Refusal, User

OA_SECRET = "the-key-that-signs-events"
HANG, LATER, DROP, CUT, GATEWAY = "hang", "later", "drop", "cut", "gateway"
"""Accept and never answer; accept and answer after `let_go`; accept and drop the connection; drop it before accepting;
502 with a page of HTML."""


@dataclass(frozen=True)
class Although:
    """An answer with this error, although it was done: Zalo does that sometimes."""

    code: int = -200


Plan = str | int | Although
"""One of the words above, the code of an error, or an error although it was done."""


@dataclass
class ZaloServer:
    """See above. `requests` is every call in order, refused ones too. proof: appsecret_proof is switched on.

    media_host: under which name files that citizens sent are to be fetched; the port is ours.
    """

    now: Callable[[], float] = time.time
    seed: int = 1
    proof: bool = True
    media_host: str = "127.0.0.1"
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        dice = random.Random(self.seed)
        self.hook = Hook(APP_ID, OA_SECRET, self.now, dice)
        self.oa = OfficialAccount(self.hook, self.now, dice)
        self.oauth = OAuth(self.oa.id, self.now, dice)
        self.over_rate = self.in_flight = self.most_in_flight = 0
        self._minute: deque[float] = deque()
        self._plans: dict[str, deque[Plan]] = defaultdict(deque)
        self._always: dict[str, Plan] = {}
        self._gate, self._closing, self._moved = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.hook.moved = self._moved.set
        self._runner: web.AppRunner | None = None
        self._port = 0

    # --- for tests ---

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def environ(self) -> dict[str, str]:
        """The settings of a service that talks to this, with the newest refresh token."""
        keys = {"ZALO_APP_ID": APP_ID, "ZALO_APP_SECRET": APP_SECRET, "ZALO_OA_SECRET_KEY": self.hook.key}
        names = {"ZALO_API_URL": "openapi", "ZALO_OAUTH_URL": "oauth", "ZALO_BUSINESS_URL": "business"}
        urls = {name: f"{self.url}/{path}" for name, path in names.items()}
        return keys | urls | {"ZALO_REFRESH_TOKEN": self.oauth.refresh}

    def user(self, user_id: str, name: str = "Bà Hoa", phone: str | None = None) -> User:
        """A citizen who has never been in touch; on Zalo by a phone of her own unless that is ""."""
        phone = f"849{int(user_id) % 10**8:08d}" if phone is None else phone
        user = self.oa.users[user_id] = User(self.oa, user_id, name, phone)
        return user

    def revokes(self) -> None:
        """The account takes its consent back."""
        self.oauth.kill()
        self.hook.tell("permission_revoked", {"oa_id": self.oa.id})

    def next(self, where: str, *plans: Plan) -> None:
        """What to do with the next requests for a person (id, phone) or of a path (its end); then it accepts again."""
        self._plans[where].extend(plans)

    def always(self, where: str, plan: Plan | None) -> None:
        """What to do with every request for a person or of a path; None: accept again."""
        if plan is None:
            self._always.pop(where, None)
        else:
            self._always[where] = plan

    def let_go(self) -> None:
        """Answer what was kept for `LATER`, and all further ones at once."""
        self._gate.set()

    def called(self, path: str) -> list[Request]:
        """The calls of a path, or of all that end so."""
        return [each for each in self.requests if _is(path, each)]

    async def until(self, true: Callable[[], Any], seconds: float = 20.0) -> Any:
        """Wait until this is true of what the bot has done; looks again after every request and every event."""
        async with asyncio.timeout(seconds):
            while not (found := true()):
                self._moved.clear()
                await self._moved.wait()
            return found

    async def settled(self) -> None:
        """Wait until every event has been brought, or tried."""
        await self.until(lambda: self.hook.quiet)

    async def retry(self) -> int:
        """Bring the unanswered events again whose time has come; how many."""
        return await self.hook.retry()

    # --- life ---

    async def start(self) -> Self:
        """Listen; after `refuse`, on the same port and with everything as it was."""
        self._closing.clear()
        server = web.Application(client_max_size=32 << 20)
        server.add_routes(
            [
                web.route("*", "/{host:oauth|openapi|business}{path:/.*}", self._call),
                web.get("/media/{file}", self._download),
            ]
        )
        self._runner = web.AppRunner(server, access_log=None, shutdown_timeout=0, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()
        self._port = self._runner.addresses[0][1]
        self.oa.media_url = f"http://{self.media_host}:{self._port}/media"
        self.hook.start()
        return self

    async def refuse(self) -> None:
        """Close the door: connections are refused until `start`, and no events come."""
        self._closing.set()
        await self.hook.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = None

    stop = refuse

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    # --- a call ---

    async def _call(self, http: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        host = http.match_info["host"]
        try:
            request = await _read(http)
            self.requests.append(request)
            self._moved.set()
            return self._counted(await self._planned(http, request))
        except Refusal as why:
            return self._counted(_refused(host, why))
        finally:
            self.in_flight -= 1
            self._moved.set()

    async def _planned(self, http: web.Request, request: Request) -> web.StreamResponse:
        plan = self._plan(request)
        if plan == GATEWAY:
            page = "<html><title>502 Bad Gateway</title></html>"
            return web.Response(status=502, text=page, content_type="text/html")
        if plan == CUT:
            return _abort(http)
        if isinstance(plan, int):
            raise Refusal(plan)
        answer = self._answer(request)
        self._moved.set()
        if plan == HANG:
            await self._closing.wait()
        if plan == LATER:
            await self._gate.wait()
        if isinstance(plan, Although):
            raise Refusal(plan.code)
        return _abort(http) if plan in (DROP, HANG) else answer

    def _plan(self, request: Request) -> Plan | None:
        for place in dict.fromkeys((*self._plans, *self._always)):
            if place in request.about or _is(place, request):
                if self._plans[place]:
                    return self._plans[place].popleft()
                if place in self._always:
                    return self._always[place]
        return None

    def _answer(self, request: Request) -> web.Response:
        asked = request.host, request.verb, request.path
        if asked == ("oauth", "GET", "/v4/oa/permission"):
            link = f"{request.path}?{request.headers['query']}"
            return web.Response(status=302, headers={"Location": self.oauth.consent(link)})
        if asked == ("oauth", "POST", "/v4/oa/access_token"):
            return web.json_response(self.oauth.token(request.headers, request.body))
        if asked not in METHODS:
            raise Refusal(404, "empty or invalid API", status=404)
        self._authorise(request)
        data = METHODS[asked](self.oa, request)
        return web.json_response({"error": 0, "message": "Success", "data": data})

    def _authorise(self, request: Request) -> None:
        token = request.headers.get("access_token", "")
        business = request.host == "business"
        try:
            self.oauth.check(token)
        except Refusal as why:
            raise Refusal(-124, why.words) if business and why.code in (-216, -220) else why from None
        proof = hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
        if self.proof and request.headers.get("appsecret_proof") != proof:
            raise Refusal(-1241 if business else -242, "appsecret_proof is invalid")
        self._count()
        open_to(self.oa)

    def _count(self) -> None:
        """One more in this minute."""
        now = self.now()
        while self._minute and self._minute[0] <= now - 60:
            self._minute.popleft()
        if self.oa.rate and len(self._minute) >= self.oa.rate:
            self.over_rate += 1
            raise Refusal(-32, "Rate limit exceeded")
        self._minute.append(now)

    def _counted(self, answer: web.StreamResponse) -> web.StreamResponse:
        if self.oa.rate and not answer.prepared:
            answer.headers["X-RateLimit-Limit"] = str(self.oa.rate)
            answer.headers["X-RateLimit-Remain"] = str(max(0, self.oa.rate - len(self._minute)))
        return answer

    async def _download(self, http: web.Request) -> web.StreamResponse:
        """What a citizen sent; "media" is its path for plans."""
        file = self.oa.files.get(http.match_info["file"])
        plan = self._plan(Request("media", "GET", "/media", {}, {}))
        if plan == HANG:
            await self._closing.wait()
        if plan in (HANG, CUT, DROP):
            return _abort(http)
        if file is None or plan is not None:
            return web.Response(status=404 if file is None else 502)
        if file.moved:
            return web.Response(status=302, headers={"Location": file.moved})
        return web.Response(body=file.raw, content_type="application/octet-stream")


def _is(place: str, request: Request) -> bool:
    return request.path == place or request.path.endswith("/" + place)


async def _read(http: web.Request) -> Request:
    """JSON, form or multipart; of a GET the query, on the OpenAPI its one parameter `data`."""
    host, path = http.match_info["host"], http.match_info["path"]
    headers = {name.lower(): value for name, value in http.headers.items()} | {"query": http.query_string}
    body: dict[str, Any] = {}
    files: dict[str, tuple[str, bytes]] = {}
    if host == "oauth":
        body = dict(await http.post())  # a form, not JSON
    elif http.method == "GET":
        body = dict(http.query)
        if host == "openapi" and body:
            body = read_data(body.get("data", ""))
    elif http.content_type == "application/json":
        body = read_data(await http.text())
    elif http.content_type == "multipart/form-data":
        for name, value in (await http.post()).items():
            if isinstance(value, web.FileField):
                files[name] = value.filename, value.file.read()
            else:
                body[name] = value
    return Request(host, http.method, path, headers, body, files)


def _refused(host: str, why: Refusal) -> web.Response:
    body: dict[str, Any] = {"error": why.code, "message": why.words}
    if host == "oauth":
        described = {"error_description": why.words, "error_reason": why.words, "ref_doc": "https://developers.zalo.me"}
        body = {"error": why.code, "error_name": why.words} | described
    return web.json_response(body, status=why.status)


def _abort(http: web.Request) -> web.Response:
    if http.transport is not None:
        http.transport.abort()
    return web.Response()
