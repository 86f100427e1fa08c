"""The wire to Zalo: one HTTP request, what its answer means, and what each of its error codes asks of us.

Zalo says no in HTTP 200, with {"error": -213, …}; its token host does so in another shape and is judged by whether an
access token is there (zalo.md 1.2, 2.1). So every body is read before anything is believed. What failed leaves as one
of `bot.errors` or as `Refused`; neither holds a token.

The two tables are those of zalo.md 2.8 and 3.4. The numbers of the one mean other things in the other (-100), but a
number that only one of them has is taken from there, because template messages by user id go over the first host.
"""

import hashlib
import hmac
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import Enum
from typing import Any

import aiohttp
import structlog

from bot import logs
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
from messages.reply import Msg, _

log = structlog.get_logger(__name__)

SECONDS = 20.0
"""How long a request may take; shorter than the sender's patience (bot.outbox.HTTP_TIMEOUT)."""
CONNECT_SECONDS = 8.0
CONNECTIONS = 48
TOKEN_PATH = "/v4/oa/access_token"
MORNING = time(6)
"""From when on Zalo takes again what it refuses at night (zalo.md 3.3)."""
NEXT_MINUTE, LATER, SHUT = 60.0, 300.0, 600.0
"""Seconds: after the limit of a minute, after an error that passes, while a person has to mend something."""
HOLD = timedelta(hours=1)
_WORDS_KEPT = 150


class Refused(Exception):
    """Zalo answered, and the answer is no: its code (or the HTTP status, when it gave none) and its words."""

    def __init__(self, code: int, words: str = "") -> None:
        self.code, self.words = code, logs.redact(words)[:_WORDS_KEPT]
        super().__init__(f"{code} {self.words}".strip())


class Wire:
    """Requests of one app over connections that are kept. `remain`: requests left in this minute, as Zalo said last."""

    def __init__(self, settings: Settings) -> None:
        self._api, self._business = settings.zalo_api_url, settings.zalo_business_url
        self._oauth, self._secret = settings.zalo_oauth_url, settings.zalo_app_secret
        self._http: aiohttp.ClientSession | None = None
        self.remain: int | None = None

    async def call(
        self,
        method: str,
        path: str,
        token: str,
        *,
        data: Mapping[str, Any] | None = None,
        body: Any = None,
        form: aiohttp.FormData | None = None,
        business: bool = False,
        seconds: float = SECONDS,
    ) -> Any:
        """What stands under "data" in a good answer; raises Refused, Unavailable, Uncertain.

        data: of a GET; body: JSON; form: an upload. business: the host of template messages by phone.
        """
        query = None
        if data is not None:
            query = {name: str(value) for name, value in data.items()} if business else {"data": _dumps(data)}
        headers = {"access_token": token, "appsecret_proof": self._proof(token)}
        raw_body: Any = form
        if body is not None:
            raw_body, headers["Content-Type"] = _dumps(body).encode(), "application/json"
        url = f"{self._business if business else self._api}{path}"
        read_only = method == "GET"
        status, raw = await self._ask(method, url, seconds, read_only, headers=headers, params=query, data=raw_body)
        return result(status, raw, read_only)

    async def token(self, **form: str) -> dict[str, Any]:
        """The new pair that the token host gives for a code or a refresh token; raises Refused, Unavailable, Uncertain.

        Only what has an access token is a pair, whatever the status; anything else has no word of one in it.
        """
        headers = {"secret_key": self._secret}
        status, raw = await self._ask("POST", self._oauth + TOKEN_PATH, SECONDS, False, headers=headers, data=form)
        said = _read(raw)
        if isinstance(said, dict) and isinstance(said.get("access_token"), str) and said["access_token"]:
            return said
        code = number(said.get("error")) if isinstance(said, dict) else None
        if code:
            raise Refused(code, str(said.get("error_name") or said.get("message") or ""))
        raise Uncertain(f"an answer that cannot be read (HTTP {status})")

    async def close(self) -> None:
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    def _proof(self, token: str) -> str:
        return hmac.new(self._secret.encode(), token.encode(), hashlib.sha256).hexdigest()

    async def _ask(self, method: str, url: str, seconds: float, read_only: bool, **more: Any) -> tuple[int, bytes]:
        limit = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)
        try:
            async with self._session.request(method, url, timeout=limit, allow_redirects=False, **more) as answer:
                left = number(answer.headers.get("X-RateLimit-Remain"))
                self.remain = left if left is not None else self.remain
                return answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _broken(error, read_only) from None

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._http


def _broken(error: Exception, read_only: bool) -> SendError:
    """Whether a request without an answer can have had an effect. Only the kind is told: the words may hold a token."""
    certain = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
    never = read_only or isinstance(error, certain)
    return Unavailable(type(error).__name__) if never else Uncertain(type(error).__name__)


def result(status: int, raw: bytes, read_only: bool = False) -> Any:
    """What an answer of the OpenAPI or of the template host brings."""
    said = _read(raw)
    code = number(said.get("error")) if isinstance(said, dict) else None
    if code == 0:
        found = said.get("data")
        return {} if found is None else found
    if code is not None:
        raise Refused(code, str(said.get("message") or said.get("error_name") or ""))
    if status == 429:
        raise Refused(-32, "HTTP 429")
    if 400 <= status < 500:
        raise Refused(status)
    raise (Unavailable if read_only else Uncertain)(f"an answer that cannot be read (HTTP {status})")


def loads(raw: bytes) -> Any:
    """JSON as Zalo writes it; ids above 2^53 stay exact, halves of letters pass. Raises ValueError."""
    try:
        return json.loads(raw)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _read(raw: bytes) -> Any:
    try:
        return loads(raw)
    except ValueError:
        return None


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def number(value: object) -> int | None:
    """An integer that may have come as a string; None when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def ident(value: object) -> str:
    """An id as a string, however it came; "" when there is none."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


# --- what the codes mean ----------------------------------------------------------------------------------------------


class Kind(Enum):
    """What a code asks of us. The first four are for whoever made the request to try once; then they are refusals."""

    REFRESH = "with a new access token, once more"
    UPLOAD = "with the file uploaded again, once more"
    PATH = "over the other path of consultation messages, once more"
    PLAIN = "without the journey token, once more"
    BACKOFF = "a little later"
    MINUTE = "in the next minute, everything"
    RESCHEDULE = "in the morning"
    DOUBT = "it may have been delivered although it is an error"
    UNREACHABLE = "she has left or blocked us: another channel"
    SILENT = "not to her in this way: another way"
    SHUT = "nothing goes until a person has mended it"
    HELD = "this one waits until a person has mended it, everything else goes on"
    HUMAN = "this one does not go, a person has to see why"
    FINAL = "our mistake: never again"


@dataclass(frozen=True)
class Meaning:
    """What a code asks of us, and what the operator is told."""

    kind: Kind
    sentence: Msg | None = None


NO_ACCOUNT = _("Zalo says that the Official Account is locked or gone. Please look at oa.zalo.me.")
NO_APP = _(
    "Zalo says that our application is switched off or not linked to the Official Account. "
    "Please look at developers.zalo.me."
)
NO_CONSENT = _("The Official Account no longer lets the assistant in. Please run: python -m bot zalo connect")
NOT_VERIFIED = _("The Official Account is not verified yet. Please finish that at oa.zalo.me.")
NO_PLAN = _("The plan of the Official Account has ended or does not include OpenAPI. Please renew it at oa.zalo.me.")
NO_PROOF = _("Zalo does not accept our signature. Please check ZALO_APP_SECRET.")
BARRED = _("Zalo has barred one of our messages for its rules. Please look at oa.zalo.me.")
NO_MONEY = _("The Zalo Cloud Account is missing or empty. Please top it up at zalo.cloud.")
NO_TEMPLATE = _("Zalo does not let us send one of the notice templates. Please run: python -m bot check")
ON_TRIAL = _("Template messages are still on trial: only administrators get them. Please check [zalo] in commune.toml.")
NO_QUOTA = _("The Official Account has used up its messages for now. What is left goes later.")


def unknown(code: int) -> Msg:
    """Told of a code that needs a technician."""
    return _(
        "Zalo refuses with the code {number}, which the assistant does not know. Please tell the technician.",
        number=code,
    )


def _table(*rows: tuple[Kind, Msg | None, tuple[int, ...]]) -> Mapping[int, Meaning]:
    return {code: Meaning(kind, sentence) for kind, sentence, codes in rows for code in codes}


OA_ERRORS = _table(
    (Kind.MINUTE, None, (-32,)),
    (Kind.UPLOAD, None, (-100,)),
    (Kind.DOUBT, None, (-200,)),
    (Kind.FINAL, None, (-201, -210, -233)),
    (Kind.SHUT, NO_ACCOUNT, (-204, -205)),
    (Kind.SHUT, NO_APP, (-209, -212, -219)),
    (Kind.RESCHEDULE, NO_QUOTA, (-211,)),
    (Kind.UNREACHABLE, None, (-213, -217)),
    (Kind.BACKOFF, None, (-214,)),
    (Kind.REFRESH, None, (-216, -220)),
    (Kind.RESCHEDULE, None, (-218, -234)),
    (Kind.SHUT, NOT_VERIFIED, (-221,)),
    (Kind.SHUT, NO_CONSENT, (-223,)),
    (Kind.SHUT, NO_PLAN, (-224,)),
    (Kind.SILENT, None, (-227, -230, -232, -244, -249)),
    (Kind.PATH, None, (-235, -240)),
    (Kind.HUMAN, BARRED, (-237, -238, -241, -248, -403)),
    (Kind.SHUT, NO_PROOF, (-242,)),
    (Kind.HELD, NO_MONEY, (-320, -321)),
)
"""zalo.md 2.8. -227 to -244 say nothing of her having left, so her address stays good. Without money (-320) the free
messages go on."""

TEMPLATE_ERRORS = _table(
    (Kind.BACKOFF, None, (-100,)),
    (Kind.SHUT, NO_APP, (-101, -102, -103, -104, -105)),
    (Kind.FINAL, None, (-106, -107, -108, -111, -112, -113, -116, -121, -122, -130, -132)),
    (Kind.FINAL, None, (-1121, -1122, -1124, -1131)),
    (Kind.HUMAN, NO_TEMPLATE, (-109, -1091, -117, -131, -146)),
    (Kind.SILENT, None, (-110, -114, -118, -119, -139, -140)),
    (Kind.UNREACHABLE, None, (-141,)),
    (Kind.HELD, NO_MONEY, (-115, -136, -137)),
    (Kind.HUMAN, BARRED, (-120, -134, -135, -1351, -138, -1381, -145)),
    (Kind.REFRESH, None, (-124,)),
    (Kind.SHUT, NO_PROOF, (-1241,)),
    (Kind.SHUT, NO_ACCOUNT, (-125,)),
    (Kind.HUMAN, ON_TRIAL, (-126, -127)),
    (Kind.RESCHEDULE, None, (-133, -1471, -1472)),
    (Kind.RESCHEDULE, NO_QUOTA, (-144, -1441, -147)),
    (Kind.PLAIN, None, (-148, -149, -150)),
    *((Kind.HUMAN, unknown(code), (code,)) for code in (-123, -128, -129, -142, -143)),  # encryption, unused here
    *((Kind.HUMAN, unknown(code), (code,)) for code in (-151, -152, -153, -158, -159, -160, -161, -162)),
)
"""zalo.md 3.4."""


def meaning(code: int, template: bool = False) -> Meaning | None:
    """What a code means; None when nobody has written it down. template: it came for a template message."""
    first, second = (TEMPLATE_ERRORS, OA_ERRORS) if template else (OA_ERRORS, TEMPLATE_ERRORS)
    return first.get(code) or second.get(code)


def send_error(refused: Refused, now: datetime, told: Callable[[Msg], None], template: bool = False) -> SendError:
    """What a refusal means for a message (the table of `bot.errors`); the operator is told through `told`."""
    found = meaning(refused.code, template)
    if found is None:
        log.error("zalo_unknown_error", number=refused.code, why=refused.words)
        told(unknown(refused.code))
        return Rejected(str(refused.code), refused.words)
    if found.sentence is not None:
        told(found.sentence)
    return _ERRORS[found.kind](refused, now)


def _morning(now: datetime) -> datetime:
    """The next morning in Vietnam, spread a little so that not everything leaves in its first second."""
    here = now.astimezone(ZONE)
    day = here.date() if here.time() < MORNING else here.date() + timedelta(days=1)
    return datetime.combine(day, MORNING, ZONE) + timedelta(seconds=random.uniform(0, 900))


def _rejected(refused: Refused, _now: datetime) -> SendError:
    return Rejected(str(refused.code), refused.words)


_ERRORS: Mapping[Kind, Callable[[Refused, datetime], SendError]] = {
    Kind.REFRESH: lambda refused, _now: Unavailable(str(refused)),
    Kind.UPLOAD: _rejected,
    Kind.PATH: _rejected,
    Kind.PLAIN: _rejected,
    Kind.BACKOFF: lambda _refused, _now: Throttled(LATER),
    Kind.MINUTE: lambda _refused, _now: Throttled(NEXT_MINUTE, everybody=True),
    Kind.RESCHEDULE: lambda _refused, now: NotNow(_morning(now)),
    Kind.DOUBT: lambda refused, _now: Uncertain(str(refused)),
    Kind.UNREACHABLE: lambda refused, _now: Unreachable(str(refused)),
    Kind.SILENT: lambda refused, _now: Silent(str(refused)),
    Kind.SHUT: lambda refused, _now: NeedsPerson(str(refused), after=SHUT, told=True),
    Kind.HELD: lambda _refused, now: NotNow(now + HOLD),
    Kind.HUMAN: lambda refused, _now: NeedsPerson(str(refused), told=True),
    Kind.FINAL: _rejected,
}
