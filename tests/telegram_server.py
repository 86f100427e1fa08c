"""A stand-in for Telegram on loopback: the Bot API over HTTP, as strict as the real one, with limits and bad days.

    server = TelegramServer(); await server.start()          # or: async with TelegramServer() as server
    hoa = server.user(7001, "Bà Hoa"); hoa.says("phản ánh")   # what people do: tests.telegram_world
    server.next(hoa.id, DROP)                                 # what to do with the next requests of a chat or method
    await server.until(lambda: hoa.chat.texts)                # wait for what the bot does

A service is pointed at it by TELEGRAM_BOT_TOKEN=server.token and TELEGRAM_API_URL=server.url. A webhook may be https
(`server.reach` then says where that address really is) or http on loopback. Limits are off unless given. `now` is
Telegram's clock in Unix seconds: it dates messages and lets presses (150 s) and updates (24 h) grow too old.
"""

import asyncio
import io
import json
import random
import re
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from PIL import Image, UnidentifiedImageError

from tests.telegram_world import (
    KINDS,
    PRESS,
    Bot,
    Chat,
    File,
    Flood,
    Group,
    Limits,
    Message,
    Private,
    Refusal,
    Update,
    User,
    Webhook,
    bad,
    member,
)

TOKEN = "7100000001:AAE-of_the_tests_and_of_nobody_else"
HANG, LATER, DROP, CUT, GATEWAY = "hang", "later", "drop", "cut", "gateway"
"""Accept and never answer; accept and answer after `let_go`; accept and drop the connection; drop it before accepting;
502 with a page of HTML."""
BLOCKED = Refusal(403, "Forbidden: bot was blocked by the user")
DEACTIVATED = Refusal(403, "Forbidden: user is deactivated")
KICKED = Refusal(403, "Forbidden: bot was kicked from the group chat")
BROKEN = Refusal(500, "Internal Server Error")
REJECT = bad("chat not found")
Plan = str | Refusal
MOST_UPLOAD, MOST_PHOTO, MOST_DOWNLOAD = 50 << 20, 10 << 20, 20 << 20
_TOKEN = re.compile(r"\d+:[\w-]+", re.ASCII)


def throttle(seconds: int) -> Refusal:
    """429, to be tried again after so many seconds."""
    return Refusal(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


@dataclass(frozen=True)
class Request:
    """One call of the Bot API: who, what, and the parameters as they came (uploaded files apart)."""

    token: str
    method: str
    params: dict[str, Any]
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def text(self, name: str, most: int = 1 << 20) -> str:
        value = self.params.get(name, "")
        if not isinstance(value, str):
            raise bad(f'field "{name}" must be of type String')
        if len(value) > most:
            raise bad(f"{name} is too long")
        return value

    def number(self, name: str, default: int = 0) -> int:
        value = self.params.get(name, default)
        try:
            return int(value)
        except (TypeError, ValueError):
            raise bad(f'field "{name}" must be a Number') from None

    def json(self, name: str) -> Any:
        """An object or list, sent as such or as JSON in a string."""
        value = self.params.get(name)
        if not isinstance(value, str) or not value:
            return value or None
        try:
            return json.loads(value)
        except ValueError:
            raise bad(f"can't parse {name.replace('_', ' ')} JSON object") from None

    def flag(self, name: str) -> bool:
        return self.params.get(name) in (True, "true", "True", "1", 1)


@dataclass
class TelegramServer:
    """See above. `requests` is every call in order, refused ones too."""

    limits: Limits | None = None
    now: Callable[[], float] = time.time
    tokens: tuple[str, ...] = (TOKEN,)
    seed: int = 1
    requests: list[Request] = field(default_factory=list)
    reach: dict[str, str] = field(default_factory=dict)
    slow: float = 0.0  # seconds, at most, between accepting a message and answering

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.bots = {
            token: Bot(token, f"gan_dan_{at}_bot" if at else "gan_dan_bot", self.now, self.dice)
            for at, token in enumerate(self.tokens)
        }
        self.flood = {token: Flood(self.limits) for token in self.tokens}
        self.in_flight = self.most_in_flight = 0
        self._plans: dict[int | str, deque[Plan]] = defaultdict(deque)
        self._always: dict[int | str, Plan] = {}
        self._gate, self._closing, self._moved = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._pollers: dict[str, asyncio.Event] = {}
        self._bringers: dict[str, asyncio.Task[None]] = {}
        self._runner: web.AppRunner | None = None
        self._port = 0

    # --- for tests ---

    @property
    def url(self) -> str:
        """TELEGRAM_API_URL."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def token(self) -> str:
        return self.tokens[0]

    @property
    def bot(self) -> Bot:
        """That of the first token."""
        return self.bots[self.tokens[0]]

    @property
    def violations(self) -> dict[str, int]:
        """How often the first bot broke which limit."""
        return self.flood[self.token].violations

    def user(self, user_id: int, name: str = "Bà Hoa", language: str = "vi") -> User:
        """A person, known to the first bot once she has written."""
        return self.bot.user(user_id, name, language)

    def group(self, chat_id: int = -4012, title: str = "Văn phòng xã", members: Any = (), **more: Any) -> Group:
        """A group with the first bot in it."""
        return self.bot.group(chat_id, title, members, **more)

    def restart_ids(self, at: int = 0) -> None:
        """As after a week of silence: update ids go on from any number."""
        self.bot.restart_ids(at)

    def next(self, where: int | str, *plans: Plan) -> None:
        """What to do with the next requests to a chat (its id) or of a method (its name); then it accepts again."""
        self._plans[_place(where)].extend(plans)

    def always(self, where: int | str, plan: Plan | None) -> None:
        """What to do with every request to a chat or of a method; None: accept again."""
        if plan is None:
            self._always.pop(_place(where), None)
        else:
            self._always[_place(where)] = plan

    def let_go(self) -> None:
        """Answer what was kept for `LATER`, and all further ones at once."""
        self._gate.set()

    def called(self, method: str) -> list[Request]:
        """The calls of a method."""
        return [each for each in self.requests if each.method == method.lower()]

    async def until(self, true: Callable[[], Any], seconds: float = 20.0) -> Any:
        """Wait until this is true of what the bot has done; looks again after every request."""
        async with asyncio.timeout(seconds):
            while not (found := true()):
                self._moved.clear()
                await self._moved.wait()
            return found

    # --- life ---

    async def start(self) -> "TelegramServer":
        """Listen; after `refuse`, on the same port and with everything as it was."""
        self._closing.clear()
        server = web.Application(client_max_size=MOST_UPLOAD + (1 << 20))
        server.add_routes(
            [
                web.route("*", "/bot{token:[^/]+}/{method}", self._call),
                web.get("/file/bot{token:[^/]+}/{path:.+}", self._download),
            ]
        )
        self._runner = web.AppRunner(server, access_log=None, shutdown_timeout=0, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def refuse(self) -> None:
        """Close the door: connections are refused until `start`."""
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = None

    async def stop(self) -> None:
        for token in list(self._bringers):
            await self._bring_no_more(token)
        await self.refuse()

    async def __aenter__(self) -> "TelegramServer":
        return await self.start()

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    # --- a call ---

    async def _call(self, http: web.Request) -> web.StreamResponse:
        request = await _read(http)
        self.requests.append(request)
        self._moved.set()
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._planned(http, request)
        except Refusal as why:
            return _refused(why)
        finally:
            self.in_flight -= 1
            self._moved.set()

    async def _planned(self, http: web.Request, request: Request) -> web.StreamResponse:
        bot = self._bot(request.token)
        plan = self._plan(request)
        if isinstance(plan, Refusal):
            return _refused(plan)
        if plan == GATEWAY:
            page = "<html><title>502 Bad Gateway</title></html>"
            return web.Response(status=502, text=page, content_type="text/html")
        if plan == CUT:
            return _abort(http)
        result = await self._result(bot, request)
        self._moved.set()
        if self.slow and request.method in COUNTED:
            await asyncio.sleep(self.dice.uniform(0, self.slow))
        if plan == HANG:
            await self._closing.wait()
        if plan == LATER:
            await self._gate.wait()
        return _abort(http) if plan in (DROP, HANG) else web.json_response({"ok": True, "result": result})

    def _plan(self, request: Request) -> Plan | None:
        places: list[int | str] = [request.method]
        if re.fullmatch(r"-?\d+", str(request.params.get("chat_id", ""))):
            places.append(request.number("chat_id"))
        for place in places:
            if self._plans.get(place):
                return self._plans[place].popleft()
            if place in self._always:
                return self._always[place]
        return None

    def _bot(self, token: str) -> Bot:
        if not _TOKEN.fullmatch(token):
            raise Refusal(404, "Not Found")
        bot = self.bots.get(token)
        if bot is None or bot.revoked:
            raise Refusal(401, "Unauthorized")
        return bot

    async def _result(self, bot: Bot, request: Request) -> Any:
        if request.method in ("getupdates", "setwebhook", "deletewebhook"):
            do: Callable[[Bot, Request], Awaitable[Any]] = getattr(self, f"_{request.method}")
            return await do(bot, request)
        method = METHODS.get(request.method)
        if method is None:
            raise Refusal(404, "Not Found: method not found")
        if request.method in COUNTED:
            self.flood[bot.token].count(_chat(bot, request))
        return method(bot, request)

    async def _download(self, http: web.Request) -> web.Response:
        bot = self.bots.get(http.match_info["token"])
        files = {file.path: file for file in bot.files.values()} if bot else {}
        file = files.get(http.match_info["path"])
        plan = self._plan(Request("", "download", {}))
        if isinstance(plan, Refusal):
            return _refused(plan)
        if file is None:
            return _refused(Refusal(404, "Not Found"))
        return web.Response(body=file.raw, content_type="application/octet-stream")

    # --- updates: fetched ---

    async def _getupdates(self, bot: Bot, request: Request) -> list[dict[str, Any]]:
        if bot.webhook is not None:
            raise Refusal(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        _allow(bot, request)
        offset, limit = request.number("offset"), request.number("limit", 100)
        timeout = max(0, min(50, request.number("timeout")))
        if offset < 0:
            last = bot.waiting()[offset:]
            offset = last[0].id if last else 0
        bot.confirm(offset)
        found = await self._poll(bot, timeout)
        return [each.json() for each in found[: limit if 1 <= limit <= 100 else 100]]

    async def _poll(self, bot: Bot, seconds: float) -> list[Update]:
        """What waits; else the next that comes. A later poller ends this one."""
        ended = asyncio.Event()
        if bot.token in self._pollers:
            self._pollers[bot.token].set()
        self._pollers[bot.token] = ended
        try:
            end = asyncio.get_running_loop().time() + seconds
            while not (found := bot.waiting()) and not ended.is_set() and not self._closing.is_set():
                left = end - asyncio.get_running_loop().time()
                if left <= 0 or not await self._woken(bot, ended, left):
                    break
            if ended.is_set():
                raise Refusal(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                )
            return found
        finally:
            if self._pollers.get(bot.token) is ended:
                del self._pollers[bot.token]

    async def _woken(self, bot: Bot, ended: asyncio.Event, seconds: float) -> bool:
        bot.woken.clear()
        waits = [asyncio.ensure_future(each.wait()) for each in (bot.woken, ended, self._closing)]
        try:
            done, _rest = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
        return bool(done)

    # --- updates: brought ---

    async def _setwebhook(self, bot: Bot, request: Request) -> bool:
        url = request.text("url", 2048)
        if not url:
            return await self._deletewebhook(bot, request)
        _check_webhook(url)
        secret = request.text("secret_token")
        if secret and not re.fullmatch(r"[\w-]{1,256}", secret, re.ASCII):
            raise bad("secret token contains unallowed characters")
        parallel = request.number("max_connections", 40)
        if not 1 <= parallel <= 100:
            raise bad("max_connections must be between 1 and 100")
        _allow(bot, request)
        await self._bring_no_more(bot.token)
        if request.flag("drop_pending_updates"):
            bot.forget()
        bot.webhook = Webhook(url, secret, parallel)
        if bot.token in self._pollers:
            self._pollers[bot.token].set()
        self._bringers[bot.token] = asyncio.create_task(self._bring(bot, bot.webhook))
        return True

    async def _deletewebhook(self, bot: Bot, request: Request) -> bool:
        await self._bring_no_more(bot.token)
        bot.webhook = None
        if request.flag("drop_pending_updates"):
            bot.forget()
        return True

    async def _bring_no_more(self, token: str) -> None:
        task = self._bringers.pop(token, None)
        if task is not None:
            task.cancel()
            (error,) = await asyncio.gather(task, return_exceptions=True)
            if isinstance(error, Exception):
                raise error

    async def _bring(self, bot: Bot, webhook: Webhook) -> None:
        """Post each update until it is answered with 2xx; several at a time and in any order when the test says so."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(60)) as http, asyncio.TaskGroup() as tasks:
            busy = 0

            async def one(update: Update) -> None:
                nonlocal busy
                await self._bring_one(http, bot, webhook, update)
                busy -= 1
                bot.woken.set()

            while True:
                bot.woken.clear()
                free = min(bot.delivery.parallel, webhook.parallel) - busy
                for update in self._next_to_bring(bot)[: max(0, free)]:
                    update.busy = True
                    busy += 1
                    tasks.create_task(one(update))
                await bot.woken.wait()

    def _next_to_bring(self, bot: Bot) -> list[Update]:
        waiting = bot.waiting()
        if bot.delivery.shuffled:
            ready = [each for each in waiting if not each.busy]
            self.dice.shuffle(ready)
            return ready
        first: dict[tuple[str, int], Update] = {}
        for each in waiting:
            first.setdefault(each.queue, each)
        return [each for each in first.values() if not each.busy]

    async def _bring_one(self, http: aiohttp.ClientSession, bot: Bot, webhook: Webhook, update: Update) -> None:
        try:
            taken = await self._post(http, webhook, update)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            webhook.error = "Connection refused" if isinstance(error, aiohttp.ClientConnectorError) else "Read timeout"
            taken = False
        if taken and self.dice.random() >= bot.delivery.repeat:
            bot.took(update)
        elif not taken:
            webhook.error_at = int(self.now())
            await asyncio.sleep(bot.delivery.pause)
        update.busy = False
        self._moved.set()

    async def _post(self, http: aiohttp.ClientSession, webhook: Webhook, update: Update) -> bool:
        url = webhook.url
        for known, real in self.reach.items():
            if url.startswith(known):
                url = real + url.removeprefix(known)
        headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret} if webhook.secret else {}
        async with http.post(url, json=update.json(), headers=headers, allow_redirects=False) as answer:
            await answer.read()
            if 200 <= answer.status < 300:
                return True
            webhook.error = f"Wrong response from the webhook: {answer.status} {answer.reason}"
            return False


def _place(where: int | str) -> int | str:
    return where.lower() if isinstance(where, str) else where


async def _read(http: web.Request) -> Request:
    """Parameters from the query, a form, a multipart form or JSON."""
    params: dict[str, Any] = dict(http.query)
    files: dict[str, tuple[str, bytes]] = {}
    if http.content_type == "application/json":
        params |= await http.json() if http.can_read_body else {}
    elif http.can_read_body:
        for name, value in (await http.post()).items():
            if isinstance(value, web.FileField):
                files[name] = value.filename, value.file.read()
            else:
                params[name] = value if isinstance(value, str) else value.decode()
    params = {name: value for name, value in params.items() if value is not None}
    return Request(http.match_info["token"], http.match_info["method"].lower(), params, files)


def _refused(why: Refusal) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": why.status, "description": why.description}
    if why.parameters:
        body["parameters"] = why.parameters
    return web.json_response(body, status=why.status)


def _abort(http: web.Request) -> web.Response:
    if http.transport is not None:
        http.transport.abort()
    return web.Response()


def _allow(bot: Bot, request: Request) -> None:
    if "allowed_updates" not in request.params:
        return  # as the last time
    wanted = request.json("allowed_updates") or []
    if not isinstance(wanted, list) or not all(isinstance(each, str) for each in wanted):
        raise bad("can't parse allowed updates JSON object")
    bot.allowed = frozenset(wanted) or KINDS


def _check_webhook(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost"):
        return
    if parts.scheme != "https":
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if (parts.port or 443) not in (80, 88, 443, 8443):
        raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


# --- methods ----------------------------------------------------------------------------------------------------------


def _chat(bot: Bot, request: Request) -> Chat:
    """The chat a request is about; raises Refusal when it does not exist or the bot may not write there."""
    if "chat_id" not in request.params:
        raise bad("chat_id is empty")
    chat = bot.chats.get(request.number("chat_id"))
    if chat is None:
        raise bad("chat not found")
    chat.refuse()
    return chat


def _get_me(bot: Bot, request: Request) -> dict[str, Any]:
    more = {"can_join_groups": True, "can_read_all_group_messages": not bot.privacy, "supports_inline_queries": False}
    return bot.json() | more | {"can_connect_to_business": False, "has_main_web_app": False}


def _webhook_info(bot: Bot, request: Request) -> dict[str, Any]:
    hook = bot.webhook
    info = {"url": hook.url if hook else "", "has_custom_certificate": False}
    info["pending_update_count"] = len(bot.waiting())
    if hook:
        info |= {"max_connections": hook.parallel, "ip_address": "127.0.0.1"}
        if hook.error_at:
            info |= {"last_error_date": hook.error_at, "last_error_message": hook.error}
    return info | {"allowed_updates": sorted(bot.allowed)}


def _send_message(bot: Bot, request: Request) -> dict[str, Any]:
    return _sent(bot, request, _words(request, "text"))


def _send_photo(bot: Bot, request: Request) -> dict[str, Any]:
    file = _uploaded(bot, request, "photo", "photos", MOST_PHOTO)
    width, height = _measured(file.raw)
    content = {"photo": [file.json() | {"width": width, "height": height}]}
    return _sent(bot, request, content | _words(request, "caption"), file)


def _send_document(bot: Bot, request: Request) -> dict[str, Any]:
    file = _uploaded(bot, request, "document", "documents", MOST_UPLOAD)
    content = {"document": file.json() | {"file_name": file.name, "mime_type": file.media_type}}
    return _sent(bot, request, content | _words(request, "caption"), file)


def _send_voice(bot: Bot, request: Request) -> dict[str, Any]:
    """A voice message only of OGG with Opus, MP3 or M4A; other formats go as a document (core: #sendvoice)."""
    file = _uploaded(bot, request, "voice", "voice", MOST_UPLOAD)
    heard = _heard(file.raw)
    about = {"duration": 3, "mime_type": heard} if heard else {"file_name": file.name, "mime_type": file.media_type}
    content = {"voice" if heard else "document": file.json() | about}
    return _sent(bot, request, content | _words(request, "caption"), file)


def _send_audio(bot: Bot, request: Request) -> dict[str, Any]:
    """Music for the player only of MP3 or M4A (core: #sendaudio)."""
    file = _uploaded(bot, request, "audio", "music", MOST_UPLOAD)
    heard = _heard(file.raw) if _heard(file.raw) != "audio/ogg" else ""
    about = {"duration": 3} if heard else {}
    about |= {"file_name": file.name, "mime_type": heard or file.media_type}
    content = {"audio" if heard else "document": file.json() | about}
    return _sent(bot, request, content | _words(request, "caption"), file)


def _heard(raw: bytes) -> str:
    """What kind of recording it is: an Ogg page with Opus (RFC 7845), MPEG audio, MPEG-4 audio; or ""."""
    if raw[:4] == b"OggS" and raw[28:36] == b"OpusHead":
        return "audio/ogg"
    if raw[:3] == b"ID3" or raw[:2] in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"):
        return "audio/mpeg"
    return "audio/mp4" if raw[4:12] == b"ftypM4A " else ""


def _sent(bot: Bot, request: Request, content: dict[str, Any], file: File | None = None) -> dict[str, Any]:
    chat = _chat(bot, request)
    markup = request.json("reply_markup")
    _check_markup(markup, chat)
    thread = _thread(chat, request)
    reply_to = _replied(bot, chat, request)
    message = chat.keep(
        bot.json(), content, by_bot=True, markup=markup, file=file, thread=thread, reply_to=reply_to,
        request=request.params,
    )  # fmt: skip
    return message.json()


def _words(request: Request, name: str) -> dict[str, Any]:
    """Text or caption with its entities; the empty one of a caption is none."""
    if request.params.get("parse_mode"):
        raise bad("can't parse entities: the stand-in knows plain words and the entities parameter only")
    words = request.text(name).strip()
    if name == "text" and not words:
        raise bad("message text is empty")
    if len(words) > (4096 if name == "text" else 1024):
        raise bad("message is too long" if name == "text" else "message caption is too long")
    entities = request.json("entities" if name == "text" else "caption_entities")
    key = "entities" if name == "text" else "caption_entities"
    return ({name: words} if words else {}) | ({key: entities} if entities else {})


def _uploaded(bot: Bot, request: Request, name: str, folder: str, most: int) -> File:
    """A file by upload, by attach://, or by the id of one that Telegram has."""
    named = request.params.get(name, "")
    part = str(named).removeprefix("attach://") if str(named).startswith("attach://") else name
    if part in request.files:
        title, raw = request.files[part]
        if not raw:
            raise bad("file must be non-empty")
        if len(raw) > most:
            raise Refusal(413, "Request Entity Too Large") if most == MOST_UPLOAD else bad("file is too big")
        return bot.store(raw, folder, title.rpartition(".")[2] or "bin", title)
    if not named:
        raise bad(f"there is no {name} in the request")
    if named not in bot.files:
        raise bad("wrong file identifier/HTTP URL specified")
    return bot.files[named]


def _measured(raw: bytes) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(raw)) as image:
            width, height = image.size
    except (UnidentifiedImageError, OSError):
        raise bad("IMAGE_PROCESS_FAILED") from None
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return width, height


def _thread(chat: Chat, request: Request) -> int | None:
    thread = request.number("message_thread_id")
    if not thread:
        return None
    if not isinstance(chat, Group) or thread not in chat.topics:
        raise bad("message thread not found")
    if thread in chat.closed:
        raise bad("TOPIC_CLOSED")
    return thread


def _replied(bot: Bot, chat: Chat, request: Request) -> Message | None:
    wanted = request.json("reply_parameters") or {}
    if "reply_to_message_id" in request.params:
        wanted = {"message_id": request.number("reply_to_message_id")}
        wanted["allow_sending_without_reply"] = request.flag("allow_sending_without_reply")
    if not wanted:
        return None
    message = chat.messages.get(int(wanted["message_id"]))
    if message is None or message.deleted:
        if wanted.get("allow_sending_without_reply"):
            return None
        raise bad("message to be replied not found")
    return message


def _check_markup(markup: Any, chat: Chat) -> None:
    """One of the four kinds of keyboard, well-formed."""
    if markup is None:
        return
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    if "inline_keyboard" in markup:
        _check_inline(_rows(markup["inline_keyboard"]))
    elif "keyboard" in markup:
        _check_keys(_rows(markup["keyboard"]), chat)
    elif not (markup.get("remove_keyboard") or markup.get("force_reply")):
        raise bad("can't parse reply keyboard markup JSON object")
    if len(str(markup.get("input_field_placeholder", ""))) > 64:
        raise bad("INPUT_FIELD_PLACEHOLDER_TOO_LONG")


def _rows(rows: Any) -> list[Any]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad("field keyboard of the reply markup must be an Array of Arrays")
    return [button for row in rows for button in row]


def _check_inline(buttons: list[Any]) -> None:
    if len(buttons) > 100:
        raise bad("reply markup is too long")
    for button in buttons:
        if not isinstance(button, dict) or not str(button.get("text", "")).strip():
            raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
        ways = [name for name in ("callback_data", "url", "copy_text", "web_app", "login_url") if name in button]
        if len(ways) != 1:
            raise bad("can't parse inline keyboard button: exactly one optional field must be used")
        if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= 64:
            raise bad("BUTTON_DATA_INVALID")
        if "url" in button and not re.match(r"(https?|tg)://|tel:", button["url"]):
            raise bad(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")


def _check_keys(keys: list[Any], chat: Chat) -> None:
    if not keys or len(keys) > 300:
        raise bad("reply markup is too long" if keys else "reply keyboard must be non-empty")
    for key in keys:
        words = key.get("text", "") if isinstance(key, dict) else key
        if not isinstance(words, str) or not words.strip():
            raise bad("can't parse keyboard button: text must be non-empty")
        if isinstance(key, dict) and not isinstance(chat, Private):
            for what, called in (("contact", "phone number"), ("location", "location")):
                if key.get(f"request_{what}"):
                    raise bad(f"{called} can be requested in private chats only")


# --- edits, deletes ---


def _to_edit(bot: Bot, request: Request) -> Message:
    chat = _chat(bot, request)
    message = chat.messages.get(request.number("message_id"))
    if message is None or message.deleted:
        raise bad("message to edit not found")
    if not message.by_bot or (message.markup and "inline_keyboard" not in message.markup):
        raise bad("message can't be edited")
    return message


def _edit_text(bot: Bot, request: Request) -> dict[str, Any]:
    message, words = _to_edit(bot, request), _words(request, "text")
    if "text" not in message.content:
        raise bad("there is no text in the message to edit")
    return _edited(bot, request, message, words)


def _edit_caption(bot: Bot, request: Request) -> dict[str, Any]:
    message, words = _to_edit(bot, request), _words(request, "caption")
    if "text" in message.content:
        raise bad("there is no caption in the message to edit")
    media = ("photo", "document", "voice", "audio")
    kept = {name: value for name, value in message.content.items() if name in media}
    return _edited(bot, request, message, kept | words)


def _edit_markup(bot: Bot, request: Request) -> dict[str, Any]:
    message = _to_edit(bot, request)
    return _edited(bot, request, message, message.content)


def _edited(bot: Bot, request: Request, message: Message, content: dict[str, Any]) -> dict[str, Any]:
    markup = request.json("reply_markup")
    if markup is not None and "inline_keyboard" not in markup:
        raise bad("inline keyboard expected")
    _check_markup(markup, message.chat)
    if markup == {"inline_keyboard": []}:
        markup = None
    if content == message.content and markup == message.markup:
        raise bad(
            "message is not modified: specified new message content and reply markup are exactly the same "
            "as a current content and reply markup of the message"
        )
    message.edits.append(message.text)
    message.content, message.markup = content, markup
    message.edited_at, message.changed = int(bot.now()), bot.change()
    return message.json()


def _delete(bot: Bot, request: Request) -> bool:
    message = _chat(bot, request).messages.get(request.number("message_id"))
    if message is None or message.deleted:
        raise bad("message to delete not found")
    if bot.now() - message.date > 48 * 3600:
        raise bad("message can't be deleted for everyone")
    message.deleted, message.changed = True, bot.change()
    return True


# --- signs, files, words about the bot, chats ---


def _answer_callback(bot: Bot, request: Request) -> bool:
    query = bot.queries.get(request.text("callback_query_id"))
    words = request.text("text")
    if query is None or query.answer is not None or bot.now() - query.at > PRESS:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    if len(words) > 200:
        raise bad("MESSAGE_TOO_LONG")
    query.answer = words
    return True


def _chat_action(bot: Bot, request: Request) -> bool:
    known = ("typing", "upload_photo", "upload_document", "upload_voice", "record_voice", "find_location")
    if request.text("action") not in known:
        raise bad("wrong parameter action in request")
    chat = _chat(bot, request)
    chat.actions.append((request.text("action"), _thread(chat, request)))
    return True


def _get_file(bot: Bot, request: Request) -> dict[str, Any]:
    file = bot.files.get(request.text("file_id"))
    if file is None:
        raise bad("wrong file_id or the file is temporarily unavailable")
    if len(file.raw) > MOST_DOWNLOAD:
        raise bad("file is too big")
    return file.json() | {"file_path": file.path}


def _set_commands(bot: Bot, request: Request) -> bool:
    commands = request.json("commands") or []
    if len(commands) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for each in commands:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", each["command"]):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(each["description"]) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    bot.commands[_scope(request)] = commands
    return True


def _get_commands(bot: Bot, request: Request) -> list[dict[str, str]]:
    return bot.commands.get(_scope(request), [])


def _delete_commands(bot: Bot, request: Request) -> bool:
    bot.commands.pop(_scope(request), None)
    return True


def _scope(request: Request) -> tuple[str, str]:
    """Which people a list of commands is for, and their language."""
    scope = request.json("scope") or {"type": "default"}
    kinds = (
        "default",
        "all_private_chats",
        "all_group_chats",
        "all_chat_administrators",
        "chat",
        "chat_administrators",
    )
    if scope.get("type") not in kinds:
        raise bad("unsupported BotCommandScope type specified")
    return " ".join(str(scope[key]) for key in ("type", "chat_id") if key in scope), request.text("language_code")


def _set_words(name: str, most: int) -> Callable[[Bot, Request], bool]:
    def change(bot: Bot, request: Request) -> bool:
        bot.words[name, request.text("language_code")] = request.text(name, most)
        return True

    return change


def _get_words(name: str) -> Callable[[Bot, Request], dict[str, str]]:
    def show(bot: Bot, request: Request) -> dict[str, str]:
        asked = bot.words.get((name, request.text("language_code"))) or bot.words.get((name, ""), "")
        return {name: asked or (bot.name if name == "name" else "")}

    return show


def _get_chat(bot: Bot, request: Request) -> dict[str, Any]:
    chat = _chat(bot, request)
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    more = {"accent_color_id": 1, "max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(gifts, True)}
    return chat.json() | more


def _get_member(bot: Bot, request: Request) -> dict[str, Any]:
    chat, wanted = _chat(bot, request), request.number("user_id")
    if isinstance(chat, Group):
        if wanted == bot.id:
            return member(bot.json(), chat.status)
        person = bot.chats.get(wanted)
        if isinstance(person, Private):
            return member(person.user.json(), chat.members.get(wanted, "left"))
    raise bad("user not found")


METHODS: dict[str, Callable[[Bot, Request], Any]] = {
    "getme": _get_me, "getwebhookinfo": _webhook_info,
    "sendmessage": _send_message, "sendphoto": _send_photo, "senddocument": _send_document,
    "sendvoice": _send_voice, "sendaudio": _send_audio,
    "editmessagetext": _edit_text, "editmessagecaption": _edit_caption, "editmessagereplymarkup": _edit_markup,
    "deletemessage": _delete, "answercallbackquery": _answer_callback, "sendchataction": _chat_action,
    "getfile": _get_file, "getchat": _get_chat, "getchatmember": _get_member,
    "setmycommands": _set_commands, "getmycommands": _get_commands, "deletemycommands": _delete_commands,
    "setmydescription": _set_words("description", 512), "getmydescription": _get_words("description"),
    "setmyshortdescription": _set_words("short_description", 120),
    "getmyshortdescription": _get_words("short_description"),
    "setmyname": _set_words("name", 64), "getmyname": _get_words("name"),
}  # fmt: skip
COUNTED = frozenset({
    "sendmessage", "sendphoto", "senddocument", "sendvoice", "sendaudio", "editmessagetext", "editmessagecaption",
    "editmessagereplymarkup",
})  # fmt: skip
"""Requests that count against the limits."""
